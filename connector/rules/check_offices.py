"""What must hold between the parts of ``requests.toml`` and ``routing.toml``, and between them and ``person.toml``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays

from connector.core.document import Document, did_you_mean
from connector.core.positions import Path
from connector.core.requests import ClearanceRule, Direction, plain
from connector.core.rulebook import Fact
from connector.errors import Problem
from connector.rules.countries import country_code
from connector.rules.findings import Findings
from connector.rules.schema import DAYS, CalendarTable, PersonFile, RequestsFile, RoutingFile, RuleTable, TypeTable


def check_requests(
    file: RequestsFile, document: Document, *, owners: Collection[str] | None, purposes: Collection[str] | None
) -> list[Problem]:
    """Every problem of ``requests.toml``. ``owners`` and ``purposes`` are None where their file could not be read."""
    found = Findings(document)
    words: dict[str, str] = {}
    for code, table in file.type.items():
        path: Path = ("type", code)
        if owners is not None:
            found.known((*path, "owner"), table.owner, owners, "owner", where="routing.toml")
        if table.purpose is not None and purposes is not None:
            found.known((*path, "purpose"), table.purpose, purposes, "purpose", where="person.toml")
        _type(code, table, found)
        for key, word in (("label", table.label), *(("aliases", alias) for alias in table.aliases), ("", code)):
            taken = words.setdefault(plain(word), code)
            if taken != code:
                found.add(
                    "M215",
                    (*path, key) if key else path,
                    f'"{word}" already means {taken}',
                    "one word means one type",
                    key=not key,
                )
    return found.problems


def check_purposes(file: PersonFile, document: Document, *, types: Mapping[str, TypeTable]) -> list[Problem]:
    """What a mapping of one career system lacks: without a purpose nobody's refusal of it would be heard there."""
    found = Findings(document)
    for purpose in sorted({table.purpose for table in types.values() if table.purpose is not None} - file.purposes.keys()):
        message = f'requests.toml asks for "{purpose}", but which consent is that here?'
        found.add("M201", ("purposes",), message, f'add {purpose} = "..." with the field that holds this consent', key=True)
    return found.problems


def _type(code: str, table: TypeTable, found: Findings) -> None:
    path: Path = ("type", code)
    asks_alumni = table.direction is Direction.CAREERS_TO_ALUMNI
    if asks_alumni and table.purpose is None:
        found.add(
            "M216",
            path,
            f"{code} asks alumni: which consent does it need?",
            'add purpose = "..." as in [purposes] of person.toml',
            key=True,
        )
    if not asks_alumni and table.purpose is not None:
        found.add("M216", (*path, "purpose"), "what an alumnus asks of us needs no consent of theirs", "drop the purpose")
    if not asks_alumni and table.named_needs_clearance is not ClearanceRule.NO:
        found.add("M216", (*path, "named_needs_clearance"), "what an alumnus asks of us needs no clearance", "drop it")
    if table.confidential and not table.pointer:
        found.add("M216", path, f"{code} is confidential: where shall careers turn instead?", 'add pointer = "..."', key=True)
    if table.pointer and not table.confidential:
        found.add(
            "M216",
            (*path, "pointer"),
            "a pointer is shown for confidential types only",
            "add confidential = true, or use instructions",
        )
    if table.end_days is not None and table.end_days < table.first_action_days:
        found.add(
            "M216", (*path, "end_days"), "it would be due before its first action", "end_days is at least first_action_days"
        )


def check_routing(
    file: RoutingFile, document: Document, *, types: Collection[str] | None, facts: Collection[Fact] | None
) -> list[Problem]:
    """Every problem of ``routing.toml``. ``types`` and ``facts`` are None where the file that has them could not be read."""
    found = Findings(document)
    for key in ("fallback", "triage", "stewards"):
        found.known((key,), getattr(file, key), file.owner, "owner")
    for key in ("fallback", "triage"):
        owner = file.owner.get(getattr(file, key))
        if owner is not None and owner.queue is None:
            found.add("M217", (key,), f"{key} must be a queue: a person can be away", "name an owner with queue = ...")
    for name, owner in file.owner.items():
        path: Path = ("owner", name)
        if (owner.user is None) == (owner.queue is None):
            found.add(
                "M217", path, f'"{name}" must be either a user or a queue', "give one of user = ... and queue = ...", key=True
            )
        found.known((*path, "calendar"), owner.calendar, file.calendar, "calendar")
    for name, calendar in file.calendar.items():
        _calendar(name, calendar, found)
    earlier: dict[str, int] = {}
    for position, rule in enumerate(file.rule):
        _rule(position, rule, file, found, types)
        if facts is not None:
            _can_be_known(position, rule, found, facts)
        taken = earlier.setdefault(_conditions(rule), position)
        if taken != position:
            found.add(
                "M219",
                ("rule", position, "name"),
                f'this rule can never apply: "{file.rule[taken].name}" has the same conditions',
                "drop one of the two",
            )
    return found.problems


def _conditions(rule: RuleTable) -> str:
    """What a rule asks for, the same text for the same conditions in whatever order and case."""
    asked = rule.model_dump(exclude={"name", "owner"})
    return repr([sorted({word.casefold() for word in value}) if isinstance(value, tuple) else value for value in asked.values()])


_ASKS_FOR = {
    "class_year_from": Fact.CLASS_YEAR,
    "class_year_to": Fact.CLASS_YEAR,
    "countries": Fact.COUNTRY,
    "states": Fact.STATE,
    "schools": Fact.SCHOOL,
    "degrees": Fact.DEGREE,
}


def _can_be_known(position: int, rule: RuleTable, found: Findings, facts: Collection[Fact]) -> None:
    for key, fact in _ASKS_FOR.items():
        if getattr(rule, key) and fact not in facts:
            message = f"this rule can never apply: nobody's {fact.value} is known"
            found.add("M219", ("rule", position, key), message, f'add {fact.value} = "..." to [facts] of person.toml', key=True)


def _calendar(name: str, table: CalendarTable, found: Findings) -> None:
    path: Path = ("calendar", name)
    try:
        ZoneInfo(table.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        found.add(
            "M218",
            (*path, "time_zone"),
            f'there is no time zone "{table.time_zone}"',
            "for example America/New_York or Europe/London",
        )
    supported = holidays.list_supported_countries()
    if table.country not in supported:
        found.add(
            "M218",
            (*path, "country"),
            f'no holidays are known for "{table.country}"',
            "two capital letters (ISO 3166), such as US",
        )
    elif table.subdivision is not None and table.subdivision not in supported[table.country]:
        known = sorted(supported[table.country])
        cure = did_you_mean(table.subdivision, known) if known else "drop subdivision: this country has none"
        found.add("M218", (*path, "subdivision"), f'{table.country} has no subdivision "{table.subdivision}" with holidays', cure)
    if set(table.weekend) == set(DAYS):
        found.add("M218", (*path, "weekend"), "no working day is left", "list the days on which the office is closed every week")


def _rule(position: int, rule: RuleTable, file: RoutingFile, found: Findings, types: Collection[str] | None) -> None:
    path: Path = ("rule", position)
    found.known((*path, "owner"), rule.owner, file.owner, "owner")
    for number, code in enumerate(rule.types):
        if types is not None:
            found.known((*path, "types", number), code, types, "type", where="requests.toml")
    for number, country in enumerate(rule.countries):
        if country_code(country) != country:
            meant = country_code(country)
            cure = f'write "{meant}"' if meant else "two capital letters (ISO 3166), such as US"
            found.add("M219", (*path, "countries", number), f'"{country}" is not a country code', cure)
    first, last = rule.class_year_from, rule.class_year_to
    if first is not None and last is not None and first > last:
        found.add(
            "M219", (*path, "class_year_to"), "the class years end before they begin", "class_year_to is at least class_year_from"
        )
    if not rule.model_dump(exclude={"name", "owner"}, exclude_defaults=True):
        found.add(
            "M219", path, f'"{rule.name}" applies to everything, so that no later rule is ever tried', "add a condition", key=True
        )
