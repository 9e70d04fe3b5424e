"""From checked mapping files to the values of the core."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import holidays

from connector.core.calendar import OfficeCalendar
from connector.core.document import Document, parse
from connector.core.model import FieldRule, Owner, Side, Transform, Unit
from connector.core.related import Choice, Related, lookup_of
from connector.core.requests import RequestRules, RequestType, TextRules
from connector.core.routing import ContactLimit, Routing, RoutingRule, TaskOwner
from connector.core.rulebook import PROFILE, Brakes, Eligibility, Fact, MatchFields, NewPerson, Persons, Rulebook, Rules, Source
from connector.core.violations import Table, validated
from connector.errors import Problem, UserError
from connector.reading import names_in, read_bytes
from connector.rules.check import check_person
from connector.rules.check_offices import check_purposes, check_requests, check_routing
from connector.rules.schema import (
    DAYS,
    BrakesTable,
    CalendarTable,
    ChildTable,
    FieldTable,
    OwnerTable,
    ParentTable,
    PersonFile,
    ReadTable,
    RequestsFile,
    RoutingFile,
    RuleTable,
    TypeTable,
)
from connector.rules.settle import crm_paths, settled, transform_on, units_of
from connector.rules.transforms import Words, build

File = TypeVar("File", bound=Table)
_UNIT_SETTINGS = (
    "share",
    "purpose",
    "other_office_edit",
    "until_decided",
    "null",
    "to_career",
    "to_crm",
    "on_withdrawn",
    "urgent",
)


def load_rules(folder: Path) -> Rulebook:
    """Read, check and compile ``person.toml``, ``requests.toml``, ``routing.toml``, and every ``person-SYSTEM.toml``.

    Raises:
        UserError: with every problem of every file, each with line, column and cure. Nothing is loaded in part.
    """
    problems: list[Problem] = []
    texts = [_text(folder / name, problems) for name in ("person.toml", "requests.toml", "routing.toml")]
    own = tuple((name, _text(folder / name, problems)) for name in _own(folder, problems))
    try:
        rulebook = _compiled(*texts, own)
    except UserError as error:
        problems += error.problems
    if problems:
        raise UserError(sorted(problems, key=lambda p: (p.file, p.line, p.column, p.code)))
    return rulebook


def _own(folder: Path, problems: list[Problem]) -> list[str]:
    try:
        names = [name for name in names_in(folder, codes="M") if re.fullmatch(r"person.*\.toml", name, re.IGNORECASE | re.DOTALL)]
    except UserError as error:
        problems += error.problems
        return []
    own = [name for name in names if name.startswith("person-") and name.endswith(".toml")]
    problems += [_unread(name) for name in names if name != "person.toml" and name not in own]
    return own


def _unread(name: str) -> Problem:
    """Of a file that looks like a mapping of persons and is none: whoever wrote it takes it to be in force."""
    cure = "call it person-SYSTEM.toml after its career system, all in small letters; move it away if it is no mapping"
    return Problem(code="M201", message="this file is not read", cure=cure, file=name)


def _text(path: Path, problems: list[Problem]) -> bytes | None:
    try:
        return read_bytes(path, codes="M")
    except UserError as error:
        problems += error.problems
        return None


# A daemon looks at its files before each job: the same texts are the same rules.
@lru_cache(maxsize=32)
def _compiled(
    person_text: bytes | None,
    requests_text: bytes | None,
    routing_text: bytes | None,
    own_texts: tuple[tuple[str, bytes | None], ...],
) -> Rulebook:
    """The rules of these texts. Raises ``UserError`` with their problems; also if a text is missing, then perhaps with none."""
    problems: list[Problem] = []
    person = _load("person.toml", person_text, PersonFile, problems)
    requests = _load("requests.toml", requests_text, RequestsFile, problems)
    routing = _load("routing.toml", routing_text, RoutingFile, problems)
    if person is not None:
        problems += check_person(*person)
    own = [(name, _load(name, text, PersonFile, problems)) for name, text in own_texts]
    for _, file in own:
        problems += check_person(*file) if file is not None else []
    if requests is not None:
        owners = routing[0].owner if routing else None
        purposes = person[0].purposes if person else None
        problems += check_requests(*requests, owners=owners, purposes=purposes)
        for _, file in own:
            problems += check_purposes(*file, types=requests[0].type) if file is not None else []
    if routing is not None:
        files = [person, *(file for _, file in own)]
        facts = None if None in files else {fact for file in files if file is not None for fact in file[0].facts}
        problems += check_routing(*routing, types=requests[0].type if requests else None, facts=facts)
    if problems or person is None or requests is None or routing is None or any(file is None for _, file in own):
        raise UserError(problems)
    known = {name.removeprefix("person-").removesuffix(".toml"): file[0] for name, file in own if file is not None}
    persons = Persons(usual=compile_person(person[0]), own={name: compile_person(file) for name, file in known.items()})
    disagreements = list(_disagreements(persons))
    if disagreements:
        raise UserError(disagreements)
    hashes = [_hash(one) for one in (person[0], requests[0], routing[0])]
    hashes += [f"{name}{_hash(file)}" for name, file in known.items()]
    return Rulebook(
        persons=persons,
        requests=compile_requests(requests[0]),
        routing=compile_routing(routing[0]),
        hash=hashlib.sha256("".join(hashes).encode()).hexdigest(),
    )


def _disagreements(persons: Persons) -> Iterator[Problem]:
    """One contact is read once: mappings cannot mean different records by the same way."""
    ways = {one.path: (one.object, one.link, one.choice) for one in persons.usual.related}
    for system, rules in persons.own.items():
        for one in rules.related:
            if ways.setdefault(one.path, (one.object, one.link, one.choice)) != (one.object, one.link, one.choice):
                message = f"{one.path} means other records here than in another mapping"
                cure = "say the same about it in every person file, or give the way another name"
                yield Problem(code="M221", message=message, cure=cure, file=f"person-{system}.toml")


def _load(name: str, text: bytes | None, model: type[File], problems: list[Problem]) -> tuple[File, Document] | None:
    if text is None:
        return None
    try:
        document = parse(name, text, codes="M")
        return validated(model, document, codes="M"), document
    except UserError as error:
        problems += error.problems
        return None


def _hash(file: Table) -> str:
    """Of the meaning, not of the text: comments, spaces and spelled-out defaults do not count; the order of entries does."""
    meaning = json.dumps(file.model_dump(mode="json", by_alias=True), ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(meaning.encode()).hexdigest()


def compile_person(file: PersonFile) -> Rules:
    """The rules of a file that ``check_person`` has found to be right."""
    sources = {name: _source(file, name) for name in (*file.field, *file.read)}
    eligible = file.eligibility
    units = tuple(_unit(file, name, members) for name, members in units_of(file).items())
    kept = {rule.name: unit for unit in units for rule in unit.fields}
    return Rules(
        units=units,
        match=MatchFields(slots={slot: tuple(sources[name] for name in names) for slot, names in file.match.items()}),
        eligibility=Eligibility(
            class_year=sources[eligible.class_year] if eligible.class_year else None,
            class_year_from=eligible.class_year_from,
            require=tuple(sources[name] for name in eligible.require),
            exclude=tuple(sources[name] for name in eligible.exclude),
        ),
        purposes={purpose: kept.get(name) or _consent(file, name) for purpose, name in file.purposes.items()},
        new_person=NewPerson(units=file.new_contact.units, required=file.new_contact.required),
        brakes={Side.CAREER: _brakes(file.brakes.to_career), Side.CRM: _brakes(file.brakes.to_crm)},
        facts={fact: _coded(sources[name]) if fact is Fact.COUNTRY else sources[name] for fact, name in file.facts.items()},
        reads=tuple(sources[name] for name in file.read),
        related=_related(file),
    )


def _related(file: PersonFile) -> tuple[Related, ...]:
    """What is read of records beside the contact; children come before their parents, and only what is read is there."""
    fields: dict[str, set[str]] = {}
    for _, value in crm_paths(file):
        path, _, name = value.rpartition(".")
        child, step, _ = path.partition(".")
        if path:
            fields.setdefault(path, set()).add(name)
        if step:
            fields.setdefault(child, set())
    made: dict[str, Related] = {}
    for path in sorted(fields):
        below, _, name = path.rpartition(".")
        children, table = file.child.get(path), _table_of(file, path)
        made[path] = Related(
            path=path,
            object=table.object,
            label=table.label,
            link=children.contact if children else lookup_of(name),
            fields=tuple(sorted(fields[path])),
            choice=_child_choice(children) if children else None,
            below=made.get(below),
            followed=path in file.watch,
        )
    return tuple(made.values())


def _child_choice(table: ChildTable) -> Choice:
    by = table.latest_by or table.earliest_by or ""
    return Choice(by=by, latest=table.latest_by is not None, only=table.only)


def _table_of(file: PersonFile, path: str) -> ChildTable | ParentTable:
    """The table of a relationship, by its path from the contact."""
    child, _, parent = path.partition(".")
    if parent:
        return file.child[child].parent[parent]
    return file.child.get(path) or file.parent[path]


def _place_of(file: PersonFile, field: str) -> str:
    """What people call the record beside the contact on which a field stands; empty for the contact itself."""
    path = field.rpartition(".")[0]
    return _table_of(file, path).label if path else ""


def _brakes(table: BrakesTable) -> Brakes:
    return Brakes(**table.model_dump())


def _unit(file: PersonFile, name: str, members: list[str]) -> Unit:
    first = file.field[members[0]]
    settings = settled(file, first)
    return Unit(
        name=name,
        label=file.group[name].label if first.group else first.label,
        fields=tuple(_rule(file, member) for member in members),
        owner=settings["owner"],
        restrictive=first.restrictive,
        opt_out_to=first.opt_out_to,
        opt_out_global=bool(first.opt_out_global),
        **{key: settings[key] for key in _UNIT_SETTINGS if key in settings},
    )


def _consent(file: PersonFile, name: str) -> Unit:
    """A consent that the CRM alone knows of: only read, so that careers can neither see nor withdraw it."""
    rule = _rule(file, name)
    return Unit(name=name, label=rule.label, fields=(rule,), owner=Owner.ALUMNI_RELATIONS, restrictive=False)


def _rule(file: PersonFile, name: str) -> FieldRule:
    source = _source(file, name)
    table = file.field.get(name)
    on_profile = table is not None and table.profile is not None
    suggest_to = table.suggest_to if table is not None else None
    return FieldRule(
        name=name,
        label=source.label,
        crm=(source.crm or "").removeprefix(PROFILE),
        career=source.career or "",
        on_profile=on_profile,
        crm_transform=source.crm_transform,
        career_transform=source.career_transform,
        suggest_to=suggest_to,
        place=_place_of(file, suggest_to or source.crm or "") if not on_profile else "",
        crm_words=_crm_words(file, name),
    )


def _crm_words(file: PersonFile, name: str) -> frozenset[str]:
    picklist = (file.field.get(name) or file.read[name]).picklist
    return frozenset(choice.crm for choice in file.picklist[picklist].values()) if picklist else frozenset()


def _coded(country: Source) -> Source:
    """A country that is kept as it stands, read as the code by which ``routing.toml`` names it."""
    if country.crm_transform.name != "text":
        return country
    return replace(country, crm_transform=build("country", {}, side=Side.CRM))


def _source(file: PersonFile, name: str) -> Source:
    table = file.field.get(name) or file.read[name]
    profile = table.profile if isinstance(table, FieldTable) else None
    return Source(
        name=name,
        label=table.label,
        crm=f"{PROFILE}{profile}" if profile else table.crm,
        career=table.career,
        crm_transform=_transform(file, table, Side.CRM),
        career_transform=_transform(file, table, Side.CAREER),
    )


def _transform(file: PersonFile, table: FieldTable | ReadTable, side: Side) -> Transform:
    spec = transform_on(table, side)
    words: Words | None = None
    if table.picklist is not None:
        choices = file.picklist[table.picklist]
        words = {word: {Side.CRM: choice.crm, Side.CAREER: choice.career or word} for word, choice in choices.items()}
    return build(spec.name, spec.options(), side=side, words=words)


def compile_requests(file: RequestsFile) -> RequestRules:
    """The request types of a file that ``check_requests`` has found to be right."""
    texts = TextRules(link_hosts=frozenset(file.texts.link_hosts), redact_secrets=file.texts.redact_secrets)
    return RequestRules(types=tuple(_type(code, table) for code, table in file.type.items()), texts=texts)


def _type(code: str, table: TypeTable) -> RequestType:
    fields: dict[str, Any] = {name: getattr(table, name) for name in TypeTable.model_fields}
    return RequestType(code=code, clearance=fields.pop("named_needs_clearance"), **fields)


def compile_routing(file: RoutingFile) -> Routing:
    """The routing of a file that ``check_routing`` has found to be right."""
    return Routing(
        owners=_each(file.owner, _owner),
        rules=tuple(_routing_rule(rule) for rule in file.rule),
        fallback=file.fallback,
        triage=file.triage,
        stewards=file.stewards,
        calendars=_each(file.calendar, _calendar),
        limit=ContactLimit(**file.limit.model_dump()),
        attach_within=timedelta(days=file.attach_within_days),
    )


Entry = TypeVar("Entry")
Made = TypeVar("Made")


def _each(entries: Mapping[str, Entry], make: Callable[[str, Entry], Made]) -> dict[str, Made]:
    return {key: make(key, entry) for key, entry in entries.items()}


def _owner(key: str, table: OwnerTable) -> TaskOwner:
    name = table.queue or table.user or ""
    return TaskOwner(key=key, label=table.label, kind="queue" if table.queue else "user", name=name, calendar=table.calendar)


def _routing_rule(rule: RuleTable) -> RoutingRule:
    years = (rule.class_year_from, rule.class_year_to)
    return RoutingRule(
        name=rule.name,
        owner=rule.owner,
        types=frozenset(rule.types),
        class_years=None if years == (None, None) else years,
        countries=frozenset(rule.countries),
        states=frozenset(text.casefold() for text in rule.states),
        schools=frozenset(text.casefold() for text in rule.schools),
        degrees=frozenset(text.casefold() for text in rule.degrees),
    )


def _calendar(name: str, table: CalendarTable) -> OfficeCalendar:
    public = holidays.country_holidays(table.country, subdiv=table.subdivision)
    public.update(dict.fromkeys(table.closed_on, "closed"))
    return OfficeCalendar(
        name=name,
        time_zone=ZoneInfo(table.time_zone),
        holidays=public,
        closes=table.closes,
        weekend=frozenset(DAYS.index(day) for day in table.weekend),
    )
