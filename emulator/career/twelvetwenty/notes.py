"""12twenty's notes about contacts and students, as the tenant keeps them."""

from collections.abc import Mapping
from typing import Any

from emulator.career import errors
from emulator.career.models import CareerSystem
from emulator.career.records import Actor, Kind
from emulator.career.twelvetwenty.shapes import PREFIX, stamp

FIELDS = ("PrimaryEntityTypeId", "PrimaryEntityId", "Text", "Date", "VisibilityId", "StudentNoteTypeId", "CompanyNoteTypeId")
STAFF_ONLY = 3
"""The number of the visibility that hides a note from students and alumni, on this site."""


def all_notes(system: CareerSystem) -> dict[str, dict[str, Any]]:
    """Every note by its number."""
    kept: dict[str, dict[str, Any]] = system.extra.setdefault("notes", {})
    return kept


def note_of(system: CareerSystem, number: str) -> dict[str, Any]:
    """One note.

    Raises:
        ApiError: there is none.
    """
    found = all_notes(system).get(number)
    if found is None:
        raise errors.not_found("note")
    return found


def add_note(system: CareerSystem, by: Actor, fields: Mapping[str, Any]) -> dict[str, Any]:
    """A new note.

    Raises:
        ApiError: it says nothing, or is about nobody.
    """
    kind, number = fields.get("PrimaryEntityTypeId"), fields.get("PrimaryEntityId")
    if kind not in PREFIX or not isinstance(number, int) or not isinstance(fields.get("Text"), str):
        raise errors.invalid("PrimaryEntityTypeId", "A note needs Text and what it is about.")
    system.people.live(f"{PREFIX[kind]}-{number}")
    now, found = stamp(system.clock.now()), all_notes(system)
    made = {"Id": 70_000 + len(found), **{name: fields.get(name) for name in FIELDS}}
    made |= {"CreatorName": by.name, "OwnerName": by.name, "Date": fields.get("Date") or now, "ModifyDate": now}
    found[str(made["Id"])] = made
    system.extra.setdefault("note authors", {})[made["Id"]] = by.kind
    return made


def change_note(system: CareerSystem, number: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """A note with other values."""
    found = note_of(system, number)
    found |= {name: value for name, value in fields.items() if name in FIELDS}
    found["ModifyDate"] = stamp(system.clock.now())
    return found


def by_programs(system: CareerSystem) -> list[dict[str, Any]]:
    """The notes that programs left, oldest first."""
    authors = system.extra.get("note authors", {})
    return [note for note in all_notes(system).values() if authors.get(note["Id"]) is Kind.API]
