"""Fields that a changed mapping finds in another place: what was agreed about the one says nothing about the other.

Such a unit begins anew: where both sides agree, that is remembered; where they differ, a person chooses (`adopt`). Without this,
a field that goes from careers to Alumni Relations, and is empty on the contact, would be emptied at careers.
"""

from __future__ import annotations

from sqlalchemy import Connection

from connector.engine.context import Context, log
from connector.engine.readings import places_of
from connector.store import links, suggestions
from connector.store.store import get_meta, pack, set_meta, unpack

_PLACES = "places"
"""The remembered fact of where each mapped field was last, by system and name; also of those that are not mapped any more."""


def forget_moved(ctx: Context, db: Connection) -> None:
    """Forget what was agreed and asked about units with a field that is elsewhere now, and remember where all fields are."""
    packed = get_meta(db, _PLACES)
    known = unpack(packed) if packed else {}
    for system in ctx.careers:
        before, moved = known.setdefault(system, {}), set()
        for unit in ctx.rules(system).units:
            for rule, place in zip(unit.fields, places_of(unit), strict=True):
                if before.get(rule.name, place) != place:
                    moved.add(unit.name)
                before[rule.name] = place
        if moved:
            log.info("mapping.moved", system=system, units=sorted(moved))
            links.forget_units(db, system, moved)
            suggestions.withdraw_units(db, system, moved, ctx.clock.now())
    if packed != pack(known):
        set_meta(db, _PLACES, pack(known))
