"""Links, and for each link the base and memory of every unit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Delete, Select, Update, delete, exists, func, select, update

from connector.core.model import Base, Memory, OpenSuggestion, Reading, Rejection, Side, Unit, Value
from connector.store.observations import batches
from connector.store.store import Place, Row, fetch, moment, pack, prepared, rows_of, stamp, unpack, upsert
from connector.store.tables import base, first_difference, link, observation

DECIDED = "decided by staff"
"""The basis of a link that a person chose."""

CONTACT_DELETED = "contact deleted"
"""The basis of a link that ended because its contact did."""

ACCOUNT_DELETED = "account deleted"
"""The basis of a link that ended because its account did."""

ACCOUNT_MOVED = "account moved"
"""The basis of a link that ended because its account seems to be somebody else's now; a person is asked whose."""

_PAGE = 500
"""How many links are looked at together where all of them are."""

LinkKey = tuple[str, str]
"""A link's name: (system, account id)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitState:
    """What is kept about one unit of one link. ``fields`` names those of a group, in the order that its values have."""

    base: Base | None = None
    memory: Memory = field(default_factory=Memory)
    fields: tuple[str, ...] = ()

    def about(self, unit: Unit) -> UnitState:
        """This state, for the unit as the mapping has it now: a base of other fields, or in another order, is no base of it.

        When a mapping is taken into force such bases are forgotten (``remapped``); a state of yesterday may still have them.
        """
        fields = tuple(rule.name for rule in unit.fields) if len(unit.fields) > 1 else ()
        return replace(self, base=self.base if fields == self.fields else None, fields=fields)


BLANK = UnitState()


@prepared
def _by_account(system: Place, accounts: Place) -> Select[Any]:
    return select(link).where(link.c.system == system, link.c.account_id.in_(accounts))


def by_account(db: Connection, system: str, account_ids: Iterable[str]) -> dict[str, Row]:
    """The links of these accounts, by account id."""
    found: dict[str, Row] = {}
    for some in batches(account_ids):
        found.update({row["account_id"]: row for row in rows_of(_by_account(db, system=system, accounts=some))})
    return found


@prepared
def _by_contact(contacts: Place) -> Select[Any]:
    return select(link).where(link.c.contact_id.in_(contacts))


def by_contact(db: Connection, contact_ids: Iterable[str]) -> list[Row]:
    """All links of these contacts."""
    found: list[Row] = []
    for some in batches(contact_ids):
        found.extend(rows_of(_by_contact(db, contacts=some)))
    return found


def by_profile(db: Connection, profile_id: str) -> Row | None:
    """The link of a career profile."""
    return next(iter(fetch(db, select(link).where(link.c.profile_id == profile_id))), None)


def _behind(system: Place, account: Place) -> ColumnElement[bool]:
    return (link.c.system > system) | ((link.c.system == system) & (link.c.account_id > account))


@prepared
def _with_state(states: Place, system: Place, account: Place, limit: Place) -> Select[Any]:
    query = select(link).where(link.c.state.in_(states), _behind(system, account))
    return query.order_by(link.c.system, link.c.account_id).limit(limit)


def with_state(db: Connection, states: Sequence[str], *, after: LinkKey = ("", ""), limit: int = 500) -> list[Row]:
    """Links in one of these states, paged by key."""
    return rows_of(_with_state(db, states=states, system=after[0], account=after[1], limit=limit))


@prepared
def _marked(system: Place, account: Place, limit: Place) -> Select[Any]:
    query = select(link).where(link.c.marked.is_(True), _behind(system, account))
    return query.order_by(link.c.system, link.c.account_id).limit(limit)


def marked(db: Connection, *, after: LinkKey = ("", ""), limit: int = 500) -> list[Row]:
    """Links whose planner has work to do, paged by key."""
    return rows_of(_marked(db, system=after[0], account=after[1], limit=limit))


def put(db: Connection, rows: Sequence[Row]) -> None:
    """Write whole link rows."""
    upsert(db, link, rows)


def change(db: Connection, system: str, account_id: str, **columns: object) -> None:
    """Change columns of one link."""
    db.execute(update(link).where(link.c.system == system, link.c.account_id == account_id).values(**columns))


@prepared
def _mark(system: Place, accounts: Place, marked: Place) -> Update:
    return update(link).where(link.c.system == system, link.c.account_id.in_(accounts)).values(marked=marked)


def mark(db: Connection, system: str, account_ids: Iterable[str]) -> None:
    """The planner is to look at these accounts."""
    for some in batches(account_ids):
        _mark(db, system=system, accounts=some, marked=True)


@prepared
def _mark_contacts(contacts: Place) -> Update:
    return update(link).where(link.c.contact_id.in_(contacts)).values(marked=True)


def mark_contacts(db: Connection, contact_ids: Iterable[str]) -> None:
    """The planner is to look at every link of these contacts."""
    for some in batches(contact_ids):
        _mark_contacts(db, contacts=some)


def with_account_in(db: Connection, system: str, contact_ids: Iterable[str]) -> frozenset[str]:
    """Those of these contacts that have an account in one system, linked and leading there."""
    found: set[str] = set()
    for some in batches(contact_ids):
        query = select(link.c.contact_id).where(
            link.c.contact_id.in_(some), link.c.system == system, link.c.state == "linked", link.c.leading
        )
        found.update(db.execute(query).scalars())
    return frozenset(found)


def mark_all(db: Connection, *states: str) -> None:
    """The planner is to look at every link in one of these states: after a mapping change, going live, a new pilot."""
    db.execute(update(link).where(link.c.state.in_(states)).values(marked=True))


def unmark(db: Connection, system: str, account_ids: Iterable[str]) -> None:
    """The planner has looked at these accounts."""
    for some in batches(account_ids):
        _mark(db, system=system, accounts=some, marked=False)


def unread(db: Connection, system: str) -> list[str]:
    """Linked accounts of a system that were never read: their career profiles alone tell of them."""
    read = select(observation.c.id).where(
        observation.c.side == Side.CAREER.value,
        observation.c.system == link.c.system,
        observation.c.kind == "person",
        observation.c.id == link.c.account_id,
    )
    query = select(link.c.account_id).where(link.c.system == system, link.c.state == "linked", ~exists(read))
    return list(db.execute(query).scalars())


def unread_contacts(db: Connection) -> list[str]:
    """Contacts that links lead to and that were never read: others were merged into them while our state was lost."""
    read = select(observation.c.id).where(
        observation.c.side == Side.CRM.value, observation.c.kind == "Contact", observation.c.id == link.c.contact_id
    )
    query = select(link.c.contact_id).distinct().where(link.c.state == "linked", ~exists(read))
    return list(db.execute(query.order_by(link.c.contact_id)).scalars())


@prepared
def _count_states() -> Select[Any]:
    return select(link.c.state, func.count()).group_by(link.c.state)


def count_states(db: Connection) -> dict[str, int]:
    """How many links there are in each state."""
    return dict(_count_states(db).all())


@prepared
def _units(system: Place, accounts: Place) -> Select[Any]:
    return select(base.c.account_id, base.c.units).where(base.c.system == system, base.c.account_id.in_(accounts))


def states_of(db: Connection, system: str, account_ids: Iterable[str]) -> dict[str, dict[str, UnitState]]:
    """Base and memory of these accounts' units, by account id and unit."""
    found: dict[str, dict[str, UnitState]] = {}
    for some in batches(account_ids):
        for account_id, units in _units(db, system=system, accounts=some):
            found[account_id] = {name: _decode(row) for name, row in unpack(units).items()}
    return found


def put_states(db: Connection, system: str, states: Mapping[str, Mapping[str, UnitState]]) -> None:
    """Write base and memory of whole links."""
    rows = [
        {
            "system": system,
            "account_id": account_id,
            "units": pack({name: _encode(state) for name, state in units.items() if state != BLANK}),
        }
        for account_id, units in states.items()
    ]
    upsert(db, base, rows)


def forget_states(db: Connection, system: str, account_id: str, *, profile: Iterable[str] = ()) -> None:
    """Forget base and memory of a link, as when it now points to somebody else.

    ``profile`` are units that the career profile holds: it goes with the account, and what it says of the former person goes.
    """
    db.execute(delete(base).where(base.c.system == system, base.c.account_id == account_id))
    db.execute(delete(first_difference).where(first_difference.c.system == system, first_difference.c.account_id == account_id))
    anew = {name: UnitState(memory=Memory(adopt="replace")) for name in profile}
    if anew:
        put_states(db, system, {account_id: anew})


def every_state(db: Connection, system: str) -> Iterator[dict[str, dict[str, UnitState]]]:
    """Base and memory of all links of a system, as ``states_of`` has them, some at a time; they may be written meanwhile."""
    after = ""
    query = select(base.c.account_id, base.c.units).where(base.c.system == system).order_by(base.c.account_id).limit(_PAGE)
    while rows := db.execute(query.where(base.c.account_id > after)).all():
        after = rows[-1].account_id
        yield {account: {name: _decode(row) for name, row in unpack(units).items()} for account, units in rows}


@prepared
def _forget_differences(system: Place, accounts: Place) -> Delete:
    return delete(first_difference).where(first_difference.c.system == system, first_difference.c.account_id.in_(accounts))


def set_first_differences(db: Connection, system: str, found: Mapping[str, Iterable[str]], now: datetime) -> None:
    """These are all the first differences of these accounts (by account id), and no others."""
    for some in batches(found):
        _forget_differences(db, system=system, accounts=some)
    add_first_differences(db, system, found, now)


def add_first_differences(db: Connection, system: str, found: Mapping[str, Iterable[str]], now: datetime) -> None:
    """These are first differences of these accounts, too."""
    at = stamp(now)
    rows = [
        {"system": system, "account_id": account_id, "unit": unit, "since": at}
        for account_id, units in found.items()
        for unit in units
    ]
    upsert(db, first_difference, rows)


@prepared
def _differences_of(system: Place, accounts: Place) -> Select[Any]:
    mine = (first_difference.c.system == system) & first_difference.c.account_id.in_(accounts)
    return select(first_difference.c.account_id, first_difference.c.unit).where(mine)


def differences_of(db: Connection, system: str, account_ids: Iterable[str]) -> dict[str, set[str]]:
    """The units whose first difference waits, by account id; accounts without any are left out."""
    found: dict[str, set[str]] = {}
    for some in batches(account_ids):
        for id, unit in _differences_of(db, system=system, accounts=some):
            found.setdefault(id, set()).add(unit)
    return found


def _of_linked() -> ColumnElement[bool]:
    """A link that has ended keeps its first differences for the case that it comes back; nobody has to choose meanwhile."""
    same = (link.c.system == first_difference.c.system) & (link.c.account_id == first_difference.c.account_id)
    return exists().where(same, link.c.state == "linked")


def count_first_differences(db: Connection) -> dict[str, int]:
    """How many first differences wait, by unit."""
    query = select(first_difference.c.unit, func.count()).where(_of_linked()).group_by(first_difference.c.unit)
    return dict(sorted((unit, n) for unit, n in db.execute(query)))


def first_differences(db: Connection, unit: str, *, limit: int | None = None) -> list[LinkKey]:
    """The links whose first difference in this unit waits for a person's choice."""
    query = (
        select(first_difference.c.system, first_difference.c.account_id)
        .where(first_difference.c.unit == unit, _of_linked())
        .order_by(first_difference.c.system, first_difference.c.account_id)
        .limit(limit)
    )
    return [(system, account_id) for system, account_id in db.execute(query)]


def _encode(state: UnitState) -> dict[str, Any]:
    row: dict[str, Any] = {}
    memory = state.memory
    if state.base is not None:
        row["b"] = [*_reading(state.base.crm), *_reading(state.base.career), state.base.supplied]
    for name, asked in (("o", memory.open), ("p", memory.suspended)):
        if asked is not None:
            row[name] = [asked.values, asked.episode, asked.restored, asked.decision, asked.against]
    if memory.chosen_over is not None:
        row["w"] = memory.chosen_over
    if memory.rejected is not None:
        row["r"] = [memory.rejected.values, memory.rejected.against, stamp(memory.rejected.at)]
    rest = {"a": memory.adopt, "e": memory.episodes, "n": memory.noted, "s": memory.supplied, "f": state.fields}
    return row | {name: value for name, value in rest.items() if value}


def _reading(reading: Reading) -> list[Any]:
    same = reading.natives == reading.values
    return [reading.values, None if same else reading.natives]


def _decode(row: Mapping[str, Any]) -> UnitState:
    known: Base | None = None
    if "b" in row:
        crm, crm_native, career, career_native, supplied = row["b"]
        known = Base(crm=reading_of(crm, crm_native), career=reading_of(career, career_native), supplied=supplied)
    rejected: Rejection | None = None
    if "r" in row:
        values, against, at = row["r"]
        rejected = Rejection(values=values_of(values), against=values_of(against), at=moment(at))
    memory = Memory(
        open=_asked(row.get("o")),
        suspended=_asked(row.get("p")),
        rejected=rejected,
        adopt=row.get("a"),
        chosen_over=values_of(row["w"]) if "w" in row else None,
        supplied=values_of(row["s"]) if "s" in row else None,
        episodes=row.get("e", 0),
        noted=row.get("n"),
    )
    return UnitState(base=known, memory=memory, fields=tuple(row.get("f", ())))


def _asked(packed: Sequence[Any] | None) -> OpenSuggestion | None:
    if packed is None:
        return None
    values, episode, restored, decision, against = packed
    return OpenSuggestion(
        values=values_of(values),
        episode=episode,
        restored=restored,
        decision=decision,
        against=None if against is None else values_of(against),
    )


def values_of(packed: Sequence[Any]) -> tuple[Value, ...]:
    """Canonical values from their JSON, which knows no tuples."""
    return tuple([tuple(value) if isinstance(value, list) else value for value in packed])


def reading_of(values: Sequence[Any], natives: Sequence[Any] | None) -> Reading:
    """A reading from its JSON; natives of None are the same as the values."""
    canonical = values_of(values)
    return Reading(values=canonical, natives=canonical if natives is None else tuple(natives))
