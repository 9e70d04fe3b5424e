"""Requests as tagged staff notes, for systems that have notes and nothing like a request.

A counsellor writes a note about an alumnus whose first line begins with *Alumni request:* and names the type; further lines
name what else is known, and *Text:* begins what Alumni Relations should know or pass on::

    Alumni request: Panel speaker
    Title: Panel on energy
    Need by: 2026-12-01
    Text: We would like ...

A note with *Wanted: school = Law* or *Person: A. Nobody* is not about the person at whom it stands. What we answer begins with
*Alumni Relations on note N:*. To withdraw, staff add *Withdrawn: yes*, wherever it comes to stand.

A value that cannot be understood is passed on as it is: the request is then answered with the cure, and nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from connector.career.notebook import NoteBook, StaffNote, as_kept
from connector.career.payload import record_of
from connector.career.writes import Chunk
from connector.ports import Acknowledgement, Outcome, Page, Record, Status

_TAG = re.compile(r"\s*alumni request\s*:\s*(?P<type>.*)", re.IGNORECASE)
_LINE = re.compile(r"\s*(?P<name>[A-Za-z][A-Za-z -]{0,30}?)\s*:\s*(?P<value>.*)")
_NAMES = {
    "title": "title",
    "need by": "need_by",
    "direction": "direction",
    "named": "named",
    "count": "count",
    "effort": "effort_minutes",
    "urgent": "urgent",
    "details": "details",
    "unit": "unit",
    "e-mail": "email",
    "wanted": "wanted",
    "person": "person",
    "withdrawn": "withdrawn",
}
_YES = frozenset({"yes", "y", "true", "1"})
_NO = frozenset({"no", "n", "false", "0", ""})
_PEOPLE, _MINUTES = ("people", "persons", "alumni"), ("minutes", "minute", "mins", "min")
"""What may stand behind a number, as it says nothing else than the number alone."""


def understand_note(note: StaffNote) -> dict[str, Any] | None:
    """The request in a note, in the words of the contract; None if it is none."""
    first, *rest = note.text.strip().splitlines() or [""]
    tag = _TAG.fullmatch(first)
    if tag is None:
        return None
    told, text = _lines(rest)
    criteria, hint = _criteria(told.get("wanted", "")), _hint(told.get("person", ""))
    withdrawn = _truth(told.get("withdrawn", ""))
    return {
        "id": _request_id(note),
        "type": tag["type"].strip(),
        "direction": told.get("direction"),
        "title": told.get("title", ""),
        "text": text,
        "details": told.get("details"),
        "need_by": told.get("need_by"),
        "requested_by": {"name": note.author, "email": told.get("email"), "unit": told.get("unit", "Career Services")},
        "person_id": None if criteria or hint else note.person_id,
        "named": _truth(told.get("named", "")),
        "person_hint": hint,
        "criteria": criteria,
        "count": _whole(told.get("count", ""), _PEOPLE),
        "effort_minutes": _whole(told.get("effort_minutes", ""), _MINUTES),
        "urgent": _truth(told.get("urgent", "")),
        "state": "withdrawn" if withdrawn is True else withdrawn or "open",
        "created_at": note.at,
    }


def _lines(lines: Sequence[str]) -> tuple[dict[str, str], str]:
    """What named lines say, and the text: what follows *Text:*, and every line before it that names nothing."""
    told: dict[str, list[str]] = {}
    text: list[str] = []
    below = False
    for line in lines:
        found = _LINE.fullmatch(line)
        name, value = (found["name"].lower(), found["value"].strip()) if found else ("", "")
        if name == "withdrawn" and _truth(value) is True:
            # Who withdraws writes at the end of what is there, which then is below the text.
            told["withdrawn"] = [value]
        elif name in _NAMES and not below:
            told.setdefault(_NAMES[name], []).append(value)
        elif name == "text" and not below:
            below = True
            text.append(value)
        else:
            text.append(line)
    return {name: "\n".join(dict.fromkeys(values)) for name, values in told.items()}, "\n".join(text).strip()


def _criteria(text: str) -> dict[str, str | list[str]] | None:
    """*Wanted: school = Law*, as often as needed, for whoever fits; what is wanted in other words stands below *wanted*."""
    found: dict[str, list[str]] = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        name, equals, value = line.partition("=")
        found.setdefault(name.strip() if equals else "wanted", []).append(value.strip() if equals else line)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()} or None


def _hint(text: str) -> dict[str, Any] | None:
    """*Person: a name, an e-mail address or a class year*, for somebody who has no account there."""
    hint: dict[str, Any] = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        key = "email" if "@" in line else "class_year" if re.fullmatch(r"\d{4}", line) else "name"
        hint[key] = int(line) if key == "class_year" else line
    return hint or None


def _truth(text: str) -> bool | str:
    """Yes or no, no where nothing is said; any other word as it stands."""
    word = text.strip().lower()
    return True if word in _YES else False if word in _NO else text


def _whole(text: str, units: Sequence[str]) -> int | str | None:
    """A whole number, also with what it counts behind it; anything else as it stands."""
    digits, _, unit = text.strip().lower().partition(" ")
    if re.fullmatch(r"[0-9]{1,6}", digits) and (not unit or unit.strip() in units):
        return int(digits)
    return text or None


def _request_id(note: StaffNote) -> str:
    return f"{note.id}:{note.person_id}"


class NoteRequests:
    """Requests in the notes of one system."""

    acknowledge_size = 1
    elsewhere = False

    def __init__(self, notebook: NoteBook) -> None:
        self._notes = notebook

    @property
    def calls(self) -> int:
        """The notes' calls are the system's own, which counts them."""
        return 0

    def read(self, cursor: str) -> Page:
        """See ``RequestCarrier.read``."""
        page = self._notes.read(cursor)
        return Page(records=tuple(_records(page.notes)), cursor=page.cursor, more=page.more)

    def fetch_requests(self, ids: Sequence[str]) -> Sequence[Record]:
        """See ``RequestCarrier.fetch_requests``."""
        found = [self._notes.fetch(person, note) for note, _, person in (id.partition(":") for id in ids)]
        return _records([note for note in found if note is not None])

    def acknowledge(self, rows: Sequence[Acknowledgement]) -> Chunk:
        """See ``RequestCarrier.acknowledge``: a note of ours for each step, once."""
        return Chunk(outcomes=[self._acknowledge(row) for row in rows])

    def _acknowledge(self, row: Acknowledgement) -> Outcome:
        note, _, person = row.request_id.partition(":")
        about = f"Alumni Relations on note {note.removeprefix('n-')}: "
        offered = f" ({row.offered} of {row.asked or 1})" if row.offered else ""
        lines = [f"{about}{row.number} {row.understood_type}: {row.state}{offered}", row.message]
        text = as_kept("\n".join(line for line in lines if line))
        before = [said for said in self._notes.ours(person) if said.startswith(about)]
        if before and before[-1] == text:
            return Outcome(status=Status.APPLIED, already_there=True)
        # The same words may be true again after others were: each step is a note of its own. Their number alone would come again
        # once old ones are not looked for any more.
        key = sha256("|".join((row.request_id, *before, text)).encode()).hexdigest()[:16]
        return self._notes.write(person, text, key)


def _records(notes: Sequence[StaffNote]) -> list[Record]:
    found = [(note, understand_note(note)) for note in notes]
    return [
        record_of("request", fields, record_id=_request_id(note), version=note.at or "0", odd=True)
        for note, fields in found
        if fields is not None
    ]
