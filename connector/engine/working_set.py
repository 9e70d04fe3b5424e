"""What a batch of acknowledged writes reads and changes locally: read at once before it, written at once after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from connector.core.model import Side
from connector.ports import Feed
from connector.store import links, observations
from connector.store.links import UnitState
from connector.store.store import Row

_Place = tuple[str, str, str, str]


class WorkingSet:
    """Observations and unit states inside one transaction.

    Whoever reads or writes them past this object calls ``flush`` first; nothing is written without one.
    """

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._seen: dict[_Place, Row | None] = {}
        self._states: dict[tuple[str, str], dict[str, UnitState]] = {}
        self._moved: set[_Place] = set()
        self._changed: set[tuple[str, str]] = set()

    def prepare(self, system: str, accounts: Iterable[str], *, people: Iterable[str], profiles: Iterable[str]) -> None:
        """Read together what these accounts' writes are going to need."""
        wanted = list(accounts)
        known = links.states_of(self._db, system, wanted)
        self._states.update({(system, account): known.get(account, {}) for account in wanted})
        self._look(Side.CAREER, system, "person", list(people))
        self._look(Side.CRM, "", Feed.PROFILE, list(profiles))

    def _look(self, side: Side, system: str, kind: str, ids: list[str]) -> None:
        found = observations.load(self._db, side, kind, ids, system=system)
        self._seen.update({(side, system, kind, id): found.get(id) for id in ids})

    def observation(self, side: Side, system: str, kind: str, id: str) -> Row | None:
        """The record as last read, or as an earlier write of this batch left it."""
        place = (side, system, kind, id)
        if place not in self._seen:
            self._look(side, system, kind, [id])
        return self._seen[place]

    def keep(self, row: Row) -> None:
        """This is the record now; the row names every column."""
        place = (row["side"], row["system"], row["kind"], row["id"])
        self._seen[place] = row
        self._moved.add(place)

    def states(self, system: str, account: str) -> Mapping[str, UnitState]:
        """Base and memory of an account's units."""
        place = (system, account)
        if place not in self._states:
            self._states[place] = links.states_of(self._db, system, [account]).get(account, {})
        return self._states[place]

    def put_states(self, system: str, account: str, changed: Mapping[str, UnitState]) -> None:
        """These units have a new base or memory; the account's others stay."""
        self._states[system, account] = {**self.states(system, account), **changed}
        self._changed.add((system, account))

    def flush(self) -> None:
        """Write what has changed, and forget everything."""
        observations.put(self._db, [row for place in self._moved if (row := self._seen[place]) is not None])
        for system in {system for system, _ in self._changed}:
            accounts = [account for name, account in self._changed if name == system]
            links.put_states(self._db, system, {account: self._states[system, account] for account in accounts})
        for held in (self._seen, self._states, self._moved, self._changed):
            held.clear()
