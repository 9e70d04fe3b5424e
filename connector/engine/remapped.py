"""Units that a changed mapping makes of other fields, or finds elsewhere: what was agreed says nothing about them any more.

Such a unit begins anew: where both sides agree, that is remembered; where they differ, a person chooses (`adopt`). Without this,
a field that goes from careers to Alumni Relations, and is empty on the contact, would be emptied at careers.

Where only the form changes in which values are read, everything goes on; what is asked, and was turned down, takes the new one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from connector.core.model import Memory, Owner, Side, Unit, Value
from connector.engine.context import Context, log
from connector.engine.drafts import FIELD_WRITES
from connector.engine.merged import ask_on
from connector.engine.readings import names_in, places_of
from connector.store import intents, links, suggestions
from connector.store.links import BLANK, UnitState
from connector.store.store import get_meta, pack, set_meta, unpack

_PLACES = "places"
"""The remembered fact of which fields each unit had, where each field was and how it was read, by system; also of what is not
mapped any more."""


def forget_moved(ctx: Context, db: Connection) -> None:
    """Forget what was agreed and asked about units that are not what they were, and remember what all of them are."""
    packed = get_meta(db, _PLACES)
    known = unpack(packed) if packed else {}
    if packed is None:
        _note_places(ctx, db)
    for system in ctx.careers:
        before = known.setdefault(system, {"units": {}, "fields": {}})
        moved = {unit.name: unit for unit in ctx.rules(system).units if _has_moved(unit, before)}
        if moved:
            log.info("mapping.moved", system=system, unit=", ".join(sorted(moved)))
            _begin_anew(ctx, db, system, moved, before)
            suggestions.withdraw_units(db, system, moved, ctx.clock.now())
        forms = before.setdefault("forms", {})
        reformed = {unit.name: unit for unit in ctx.rules(system).units if unit.name not in moved and _is_reformed(unit, forms)}
        if reformed:
            _take_form(ctx, db, system, reformed)
        for unit in ctx.rules(system).units:
            before["units"][unit.name] = _names(unit)
            before["fields"] |= _fields(unit)
            forms |= _forms(unit)
    if packed != pack(known):
        set_meta(db, _PLACES, pack(known))


def _note_places(ctx: Context, db: Connection) -> None:
    """What a bridge of yesterday has left open does not tell where its fields are: they are where the mapping has them now."""
    for row in intents.open_writes(db, FIELD_WRITES):
        settle = unpack(row["settle"])
        for name, settling in settle.get("units", {}).items():
            unit = ctx.rules(row["system"]).known(name)
            if unit is not None and settling["sent"].keys() == set(names_in(unit, Side(settling["side"]))):
                settling["places"] = places_of(unit)
        intents.resettle(db, row["id"], settle)


def _names(unit: Unit) -> list[str]:
    return [rule.name for rule in unit.fields]


def _fields(unit: Unit) -> dict[str, list[str]]:
    """Of each field, its unit and its place on both sides."""
    return {name: [unit.name, *place] for name, place in zip(_names(unit), places_of(unit), strict=True)}


def _has_moved(unit: Unit, before: Mapping[str, Any]) -> bool:
    """Whether a unit has other fields than it had, or one that was elsewhere, or in another unit meanwhile."""
    names = before["units"].get(unit.name, _names(unit))
    return names != _names(unit) or any(before["fields"].get(name, now) != now for name, now in _fields(unit).items())


def _forms(unit: Unit) -> dict[str, list[list[str]]]:
    """How each field is read on both sides."""
    return {rule.name: [[way.name, *way.options] for way in (rule.crm_transform, rule.career_transform)] for rule in unit.fields}


def _is_reformed(unit: Unit, forms: Mapping[str, Any]) -> bool:
    return any(forms.get(name, now) != now for name, now in _forms(unit).items())


def _take_form(ctx: Context, db: Connection, system: str, reformed: Mapping[str, Unit]) -> None:
    """That the contact's value is read in another form is nobody's answer, nor another value than was turned down."""
    for page in links.every_state(db, system):
        changed: dict[str, Mapping[str, UnitState]] = {}
        for account, states in page.items():
            known = {name: states[name] for name in reformed.keys() & states.keys()}
            if any(_remembers_values(state.memory) for state in known.values()):
                changed[account] = states | {name: _formed(reformed[name], state) for name, state in known.items()}
        links.put_states(db, system, changed)
        for link in links.by_account(db, system, changed).values():
            ask_on(ctx, db, link, link["contact_id"], units=reformed)


def _remembers_values(memory: Memory) -> bool:
    return bool(memory.open or memory.suspended or memory.rejected or memory.chosen_over)


def _formed(unit: Unit, state: UnitState) -> UnitState:
    opened, suspended, rejected = state.memory.open, state.memory.suspended, state.memory.rejected
    if opened is not None:
        opened = replace(opened, values=_in_form(unit, opened.values))
    if suspended is not None:
        against = None if suspended.against is None else _in_form(unit, suspended.against)
        suspended = replace(suspended, values=_in_form(unit, suspended.values), against=against)
    if rejected is not None:
        rejected = replace(rejected, values=_in_form(unit, rejected.values), against=_in_form(unit, rejected.against))
    chosen = state.memory.chosen_over
    chosen = _in_form(unit, chosen) if chosen else chosen
    memory = replace(state.memory, open=opened, suspended=suspended, rejected=rejected, chosen_over=chosen)
    return replace(state, memory=memory)


def _in_form(unit: Unit, values: tuple[Value, ...]) -> tuple[Value, ...]:
    """Remembered values as they are read once they are entered; what has no form any more stays as it was."""
    try:
        pairs = zip(unit.fields, values, strict=True)
        return tuple(rule.crm_transform.read(rule.crm_transform.write(value)) for rule, value in pairs)
    except (KeyError, TypeError, ValueError):
        return values


@dataclass(frozen=True, slots=True, kw_only=True)
class _Was:
    """A field in the unit that it was in so far: what careers held of it when that was agreed last, and what is known of both.

    ``supplied``: we had brought it. ``differed``: a first difference of that unit waits for a choice.
    """

    value: Value = None
    supplied: bool = False
    differed: bool = False
    adopt: str | None = None


def _begin_anew(ctx: Context, db: Connection, system: str, moved: Mapping[str, Unit], before: Mapping[str, Any]) -> None:
    for page in links.every_state(db, system):
        changed: dict[str, Mapping[str, UnitState]] = {}
        held: dict[str, list[str]] = {}
        differences = links.differences_of(db, system, page)
        for account, states in page.items():
            was = {name: _was(unit, states, differences.get(account, set()), before) for name, unit in moved.items()}
            anew = {name: _anew(unit, states.get(name, BLANK), was[name], before) for name, unit in moved.items()}
            changed[account] = states | {name: state for name, state in anew.items() if name in states or state != BLANK}
            held[account] = [name for name, unit in moved.items() if _held(unit, was[name], before)]
        links.put_states(db, system, changed)
        links.add_first_differences(db, system, held, ctx.clock.now())


def _was(unit: Unit, states: Mapping[str, UnitState], differed: AbstractSet[str], before: Mapping[str, Any]) -> list[_Was]:
    """Each field of a unit, in the unit that it was in so far: perhaps another, which need not be there any more."""
    found = []
    for name in _names(unit):
        former = before["fields"].get(name, [unit.name])[0]
        state, names = states.get(former, BLANK), before["units"].get(former, _names(unit))
        one = _Was(differed=former in differed, adopt=state.memory.adopt)
        # Nobody may have been judged since it began anew before.
        held, ours = (state.base.career.values, state.base.supplied) if state.base else (state.memory.supplied or (), True)
        if name in names and len(names) == len(held):
            one = replace(one, value=held[names.index(name)], supplied=ours)
        found.append(one)
    return found


def _stays_at_careers(unit: Unit, before: Mapping[str, Any]) -> bool:
    """Whether every field of a unit is where it was at careers."""
    now = _fields(unit)
    return all(before["fields"].get(name, place)[2] == place[2] for name, place in now.items())


def _anew(unit: Unit, state: UnitState, was: Sequence[_Was], before: Mapping[str, Any]) -> UnitState:
    """How often it was asked about stays, as keys are made of that; what careers have from us, as it may have to be cleared."""
    known = all(one.supplied for one in was) and _stays_at_careers(unit, before)
    # What another person left on a profile is replaced wherever it is.
    adopt = "replace" if any(one.adopt == "replace" for one in was) else None
    supplied = tuple(one.value for one in was) if known else None
    return UnitState(memory=Memory(episodes=state.memory.episodes, supplied=supplied, adopt=adopt))


def _held(unit: Unit, was: Sequence[_Was], before: Mapping[str, Any]) -> bool:
    """Whether careers held a value of Alumni Relations: what they have cleared since is no gap that is filled by itself."""
    known = any(one.value is not None or one.differed for one in was)
    return known and unit.owner is Owner.ALUMNI_RELATIONS and _stays_at_careers(unit, before)
