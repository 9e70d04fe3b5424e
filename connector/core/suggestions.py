"""What a suggestion looks like to staff: the columns of ``Suggested_Change__c``, as text and as values to enter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from connector.core.foreign import fitted, visible
from connector.core.merge import Move
from connector.core.model import Edit, FieldRule, Native, Reading, Unit, Value, at

UNREADABLE = "(not readable)"
EMPTY = "(empty)"

SETTLED = {
    Move.WITHDRAW: "withdrawn",
    Move.ACCEPTED: "accepted",
    Move.ADJUSTED: "accepted_with_changes",
    Move.REJECTED: "rejected",
}
"""A suggestion's state after each settling move."""

CRM_STATES = {
    "open": "Open",
    "withdrawn": "Withdrawn",
    "accepted": "Accepted",
    "accepted_with_changes": "Accepted with changes",
    "rejected": "Rejected",
    "waiting": "Waiting for the contact",
}
"""``State__c`` for each state."""

WAITING = (CRM_STATES["open"], CRM_STATES["waiting"])
"""``State__c`` of what staff have yet to answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who made an outside edit, as far as the platform tells: a name and moment, or the span in which it happened."""

    name: str = ""
    at: str | None = None
    between: str = ""
    by_the_person: bool = False


def author_of(unit: Unit, edits: Sequence[Edit], *, seen_before: str | None, seen: str) -> Author:
    """The last known edit of any of the unit's fields; else "unknown", with the span between our two readings."""
    paths = {rule.career for rule in unit.fields} | {rule.career.split(".")[0] for rule in unit.fields}
    for edit in reversed(edits):
        if edit.kind != "api" and paths.intersection(edit.fields):
            return Author(name=edit.by, at=edit.at, by_the_person=edit.kind == "person")
    span = f"between {seen_before or 'the beginning'} and {seen}"
    return Author(name="unknown", between=span)


def show(rules: Sequence[FieldRule], values: Sequence[Value]) -> str:
    """Values as staff read them: one alone, a group as lines of label and value."""
    texts = [_text(_as_written(rule, value)) for rule, value in zip(rules, values, strict=True)]
    if len(rules) == 1:
        return texts[0]
    one_place = len({rule.place for rule in rules}) == 1
    labels = [rule.label if one_place else rule.for_staff for rule in rules]
    return "\n".join(f"{label}: {text}" for label, text in zip(labels, texts, strict=True))


def _as_written(rule: FieldRule, value: Value) -> Native:
    """A remembered value may have a word that the picklist has lost since, or be of another kind: it is shown as it was kept."""
    try:
        return rule.crm_transform.write(value)
    except (KeyError, TypeError, ValueError):
        return str(value)


def staff_label(unit: Unit) -> str:
    """What staff read of a unit: its label, and where its fields stand if they stand together and not on the contact."""
    places = {rule.place for rule in unit.fields}
    return at(unit.label, places.pop()) if len(places) == 1 else unit.label


def _text(native: Native) -> str:
    if native is None or native == "":
        return EMPTY
    if isinstance(native, bool):
        return "yes" if native else "no"
    return str(native)


def to_enter(unit: Unit, values: Sequence[Value]) -> dict[str, Native]:
    """Which fields, of the Contact or (by their path) of records beside it, hold which values once it is accepted."""
    return {rule.suggest_to or rule.crm: rule.crm_transform.write(value) for rule, value in zip(unit.fields, values, strict=True)}


def change_fields(
    unit: Unit, *, before: Reading | None, now: Reading | None, suggested: Sequence[Value], author: Author, opt_out: bool
) -> dict[str, Native]:
    """The columns that say what is suggested; refreshed when careers change their minds."""
    entered = to_enter(unit, suggested)
    clears = all(value is None for value in suggested)
    return {
        "Kind__c": "Opt-out" if opt_out else "Clear" if clears else "Change",
        "Group__c": unit.name,
        "Field__c": fitted(", ".join(entered), 255),
        "Field_Label__c": fitted(staff_label(unit), 255),
        "Before__c": show(unit.fields, before.values) if before else UNREADABLE,
        "Now__c": show(unit.fields, now.values) if now else UNREADABLE,
        "Suggested__c": show(unit.fields, suggested),
        "Suggested_Values__c": orjson.dumps(entered).decode(),
        "Who__c": fitted(visible(author.name), 255),
        "Changed_At__c": author.at,
        "Changed_Between__c": author.between[:80],
        "By_The_Person__c": author.by_the_person,
        "Urgent__c": unit.urgent or author.by_the_person or opt_out,
    }


def new_contact_fields(values: Mapping[str, Native], labels: Mapping[str, str]) -> dict[str, Native]:
    """The columns of a proposal to create a contact. ``values`` and ``labels`` by Contact field."""
    lines = [f"{labels[name]}: {_text(value)}" for name, value in values.items() if value not in (None, "")]
    return {
        "Kind__c": "New contact",
        "Group__c": "new_contact",
        "Field__c": fitted(", ".join(values), 255),
        "Field_Label__c": "New contact",
        "Before__c": EMPTY,
        "Now__c": EMPTY,
        "Suggested__c": "\n".join(lines),
        "Suggested_Values__c": orjson.dumps(dict(values)).decode(),
        "Who__c": "unknown",
        "Changed_At__c": None,
        "Changed_Between__c": "",
        "By_The_Person__c": False,
        "Urgent__c": False,
    }


NONE_OF_THEM = ("New contact", "Nobody")
"""Answers to the question whose an account is that name no candidate."""


def answer_of(fields: Mapping[str, Any]) -> str | None:
    """What an identity review answers, by its record: the contact's id, or a word of ``NONE_OF_THEM``; None: nothing yet."""
    decision = str(fields.get("Decision__c") or "")
    if decision in NONE_OF_THEM:
        return decision
    contact = fields.get("Chosen_Contact__c" if decision == "Chosen contact" else f"{decision.replace(' ', '_')}__c")
    return str(contact) if decision and contact else None
