"""What a record says about who it is about, ready to be compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.core.evidence import Evidence, Prepared, prepare
from connector.core.model import Side, Value
from connector.core.rulebook import Slot
from connector.engine.context import Context


def evidence_of(record_id: str, slots: Mapping[Slot, Value]) -> Evidence:
    """The evidence of one record from what the mapping assigns to each slot."""

    def texts(*names: Slot) -> tuple[str, ...]:
        found: list[str] = []
        for name in names:
            value = slots.get(name)
            found.extend(value if isinstance(value, tuple) else [] if value is None else [str(value)])
        return tuple(dict.fromkeys(found))

    def one(name: Slot) -> str | None:
        value = slots.get(name)
        return next(iter(texts(name)), None) if isinstance(value, tuple) else None if value is None else str(value)

    year = one(Slot.CLASS_YEAR)
    return Evidence(
        record_id=record_id,
        institution_id=one(Slot.INSTITUTION_ID),
        first=texts(Slot.FIRST, Slot.PREFERRED),
        middle=texts(Slot.MIDDLE),
        last=texts(Slot.LAST),
        former_last=texts(Slot.FORMER_LAST),
        emails=texts(Slot.EMAILS),
        phones=texts(Slot.PHONES),
        birth_date=one(Slot.BIRTH_DATE),
        city=one(Slot.CITY),
        postcode=one(Slot.POSTCODE),
        class_year=int(year) if year and year.isdecimal() else None,
        major=one(Slot.MAJOR),
        occupation=one(Slot.OCCUPATION),
        employer=one(Slot.EMPLOYER),
    )


def contact_evidence(ctx: Context, id: str, fields: Mapping[str, Any]) -> Prepared:
    """What a contact with these fields says, ready to be compared. All systems' accounts are compared with the same."""
    return prepare(evidence_of(id, ctx.person.match.evidence(Side.CRM, fields)))
