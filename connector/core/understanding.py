"""How one request of the generic career contract is understood: as an ask, or as a misunderstanding with its cure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from rapidfuzz import fuzz, process

from connector.core.foreign import fitted, length, visible
from connector.core.moments import moment_or_none
from connector.core.requests import Ask, Direction, Misunderstood, PersonHint, RequestRules, RequestType, TextRules, plain

TITLE_LENGTH = 255
"""``Career_Request__c.Title__c``; a longer title is cut."""
TEXT_LENGTH = 32_000
"""Below the 32,768 characters of ``Text_For_Alumni__c`` and ``Details__c``; a longer text is not understood, never cut."""
CRITERIA_LENGTH = 4_000
"""Below the 4,096 characters of ``Criteria__c``; the same holds."""
_NEAR = 65


@dataclass(slots=True)
class _Reading:
    """One request while it is read: what was wrong so far, and what to do about it."""

    fields: Mapping[str, object]
    texts: TextRules
    problems: list[str] = field(default_factory=list)
    cures: list[str] = field(default_factory=list)

    def wrong(self, problem: str, cure: str) -> None:
        self.problems.append(problem)
        self.cures.append(cure)

    def raw(self, name: str, *, of: Mapping[str, object] | None = None) -> str:
        """A text as it was given; for a reference, which is compared and not read."""
        value = (self.fields if of is None else of).get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.wrong(f"The field {name} is not a text.", f"Write {name} as text.")
            return ""
        return value if self._short(name, value, TEXT_LENGTH) else ""

    def text(self, name: str, *, of: Mapping[str, object] | None = None) -> str:
        """A text that people will read; making it fit for that can lengthen it."""
        text = self.texts.clean(self.raw(name, of=of))
        return text if self._short(name, text, TEXT_LENGTH) else ""

    def criteria(self) -> tuple[tuple[str, str], ...]:
        found: list[tuple[str, str]] = []
        for key, value in sorted(self.table("criteria").items(), key=lambda entry: str(entry[0])):
            parts = value if isinstance(value, list) else [value]
            text = self.texts.clean(", ".join(str(part) for part in parts if part is not None and part != ""))
            if text:
                found.append((fitted(visible(str(key)), 80), text))
        whole = "\n".join(f"{key}: {text}" for key, text in found)
        return tuple(found) if self._short("criteria", whole, CRITERIA_LENGTH) else ()

    def _short(self, name: str, text: str, limit: int) -> bool:
        if length(text) <= limit:
            return True
        problem = f"The field {name} is longer than {limit} characters."
        if problem not in self.problems:
            self.wrong(problem, f"Shorten {name}.")
        return False

    def number(self, name: str, *, least: int, most: int) -> int | None:
        value = self.fields.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.wrong(f"The field {name} is not a whole number from {least} to {most}.", f"Correct {name}.")
            return None
        return value

    def truth(self, name: str) -> bool | None:
        value = self.fields.get(name)
        if value is not None and not isinstance(value, bool):
            self.wrong(f"The field {name} is neither true nor false.", f"Correct {name}.")
            return None
        return value

    def table(self, name: str) -> Mapping[str, object]:
        value = self.fields.get(name)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self.wrong(f"The field {name} is not filled in as it should be.", f"Correct {name}.")
            return {}
        return value


def understand(fields: Mapping[str, object], *, request_id: str, rules: RequestRules) -> Ask | Misunderstood:
    """Read one request. Total: whatever careers sent, one of the two comes back, and nothing of a confidential ask is kept."""
    reading = _Reading(fields, rules.texts)
    withdrawn = fields.get("state") == "withdrawn"
    kind = _type(reading, rules)
    created_at = _moment(reading)
    if kind is not None and kind.confidential and created_at is not None:
        return Ask(id=request_id, type=kind, title="", text="", details="", created_at=created_at, withdrawn=withdrawn)
    ask = _ask(reading, request_id, kind, created_at, withdrawn=withdrawn)
    if ask is None or reading.problems:
        cure = " ".join(dict.fromkeys(reading.cures))
        return Misunderstood(id=request_id, type=kind, problems=tuple(reading.problems), cure=cure, withdrawn=withdrawn)
    return ask


def title_of(fields: Mapping[str, object], texts: TextRules) -> str:
    """The title of a request as an ``Ask`` has it; "" for what has none."""
    return fitted(_Reading(fields, texts).text("title"), TITLE_LENGTH)


def _ask(
    reading: _Reading, request_id: str, kind: RequestType | None, created_at: datetime | None, *, withdrawn: bool
) -> Ask | None:
    title = reading.text("title")
    if not title:
        reading.wrong("The title is missing.", "Write in one line what is asked.")
    person_id = visible(reading.raw("person_id")) or None
    hint, criteria, named = _hint(reading), reading.criteria(), reading.truth("named")
    _judge_target(reading, kind, known=person_id is not None or hint is not None, criteria=bool(criteria), named=named)
    by = reading.table("requested_by")
    need_by = _day(reading)
    text, details = reading.text("text"), reading.text("details")
    requested_by = ", ".join(part for part in (reading.text("name", of=by), reading.text("email", of=by)) if part)
    unit = reading.text("unit", of=by)
    count, effort = reading.number("count", least=1, most=10_000), reading.number("effort_minutes", least=0, most=100_000)
    urgent = bool(reading.truth("urgent"))
    if _state(reading.fields) is None:
        reading.wrong("The state is neither open nor withdrawn.", "Set it to open or withdrawn.")
    if kind is None or created_at is None:
        return None
    return Ask(
        id=request_id,
        type=kind,
        title=fitted(title, TITLE_LENGTH),
        text=text,
        details=details,
        created_at=created_at,
        need_by=need_by,
        requested_by=fitted(requested_by, TITLE_LENGTH),
        unit=fitted(unit, 80),
        person_id=person_id,
        # Who names a person and does not say otherwise means that person.
        named=(person_id is not None or hint is not None) if named is None else named,
        hint=hint,
        criteria=criteria,
        count=count,
        effort_minutes=effort,
        urgent=urgent,
        withdrawn=withdrawn,
    )


def _state(fields: Mapping[str, object]) -> str | None:
    """``open`` or ``withdrawn``; a request that does not say is open; None for anything else."""
    state = fields.get("state", "open")
    return state if isinstance(state, str) and state in {"open", "withdrawn"} else None


def _type(reading: _Reading, rules: RequestRules) -> RequestType | None:
    word = reading.fields.get("type")
    if not isinstance(word, str) or not plain(word):
        reading.wrong("The type of the request is missing.", f"Choose one of: {', '.join(kind.code for kind in rules.types)}.")
        return None
    kind = rules.by_word(word)
    if kind is None:
        # The word itself is not repeated: it is free text, and may name a person.
        near = process.extractOne(plain(word)[:100], list(rules.words), scorer=fuzz.ratio, score_cutoff=_NEAR)
        cure = (
            f"Did you mean {rules.words[near[0]].code} ({rules.words[near[0]].label})?" if near else "Choose a type of the list."
        )
        reading.wrong("The type of the request is not known.", cure)
        return None
    given = reading.fields.get("direction")
    if given is not None and given != kind.direction.value:
        wanted = "careers ask alumni" if kind.direction is Direction.CAREERS_TO_ALUMNI else "alumni ask the institution"
        reading.wrong(f"With {kind.code}, {wanted}; the request says otherwise.", "Correct the direction or choose another type.")
    return kind


def _moment(reading: _Reading) -> datetime | None:
    moment = moment_or_none(reading.fields.get("created_at"))
    try:
        if moment is not None:
            return moment.astimezone(UTC)
    except OverflowError:
        pass
    reading.wrong("It is not known when the request was made.", "File it anew.")
    return None


def _day(reading: _Reading) -> date | None:
    value = reading.fields.get("need_by")
    if value is None or value == "":
        return None
    try:
        # Only the plain form: a date with a time of day is another day in another time zone.
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    reading.wrong("The date by which it is needed is not a date.", "Write it as YYYY-MM-DD, for example 2026-09-30.")
    return None


def _hint(reading: _Reading) -> PersonHint | None:
    table = reading.table("person_hint")
    year = table.get("class_year")
    known_year = year if isinstance(year, int) and not isinstance(year, bool) and 1000 <= year <= 2999 else None
    hint = PersonHint(name=reading.text("name", of=table), email=reading.text("email", of=table), class_year=known_year)
    return hint if hint.name or hint.email else None


def _judge_target(reading: _Reading, kind: RequestType | None, *, known: bool, criteria: bool, named: bool | None) -> None:
    if named and not known:
        reading.wrong("A certain person is asked for, but not named.", "Choose the person, or ask by criteria.")
    elif kind is not None and kind.direction is Direction.ALUMNI_TO_INSTITUTION and not known:
        reading.wrong("It is not said which alumnus asks.", "Choose the person who asks, or give a name and e-mail address.")
    elif not known and not criteria:
        reading.wrong("It is not said who is asked for.", "Choose a person, or give criteria such as school and class years.")
