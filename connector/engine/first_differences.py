"""The command ``adopt``: what an administrator chooses for the first differences of one field or group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from connector.core.model import Side, Unit, Value
from connector.engine.context import Context
from connector.engine.readings import Person
from connector.store import links, observations
from connector.store.links import BLANK, UnitState
from connector.store.store import unpack


def adopt(ctx: Context, unit_name: str, choice: str, *, limit: int | None = None) -> int:
    """Take up a person's choice for the first differences of one unit; how many links it concerns."""
    unit, taken = ctx.persons.unit(unit_name), 0
    with ctx.store.begin() as db:
        by_system: dict[str, list[str]] = {}
        for system, account in links.first_differences(db, unit.name):
            by_system.setdefault(system, []).append(account)
        for system, accounts in by_system.items():
            known = links.states_of(db, system, accounts)
            # A choice that was made and not carried out yet stands.
            open_ones = [id for id in accounts if known.get(id, {}).get(unit.name, BLANK).memory.adopt is None]
            open_ones = open_ones[: None if limit is None else limit - taken]
            held = _held_by_careers(ctx, db, system, open_ones, unit.name) if choice == "crm_wins" else {}
            links.put_states(db, system, {id: _chosen(known.get(id, {}), unit, choice, held.get(id)) for id in open_ones})
            links.mark(db, system, open_ones)
            taken += len(open_ones)
    return taken


def _held_by_careers(
    ctx: Context, db: Connection, system: str, accounts: Sequence[str], name: str
) -> dict[str, tuple[Value, ...]]:
    """What is chosen about; nothing of what cannot be read."""
    held: dict[str, tuple[Value, ...]] = dict.fromkeys(accounts, ())
    unit = ctx.rules(system).known(name)
    if unit is None:
        return held
    for id, seen in observations.load(db, Side.CAREER, "person", accounts, system=system).items():
        reading = Person(crm={}, career=unpack(seen["fields"]), has_profile=False).reading(unit, Side.CAREER)
        held[id] = reading.values if reading is not None else ()
    return held


def _chosen(states: Mapping[str, UnitState], unit: Unit, choice: str, over: tuple[Value, ...] | None) -> dict[str, UnitState]:
    state = states.get(unit.name, BLANK)
    return dict(states) | {unit.name: replace(state, memory=replace(state.memory, adopt=choice, chosen_over=over))}
