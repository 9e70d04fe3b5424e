"""Observations and cursors: each record as last read, and where we stopped. They move in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import itemgetter
from typing import TypeVar

from sqlalchemy import Connection, delete, func, select, update

from connector.store.store import Row, fetch, stamp, upsert
from connector.store.tables import cursor, match_key, observation, parked

_Id = TypeVar("_Id", str, int)
_BATCH = 500
"""How many values one IN list takes: well under SQLite's limit on bound variables."""


def batches(ids: Iterable[_Id]) -> Iterable[list[_Id]]:
    """The ids without repeats, in lists short enough for one statement."""
    every = list(dict.fromkeys(ids))
    return [every[start : start + _BATCH] for start in range(0, len(every), _BATCH)]


def cursors(db: Connection, side: str, system: str = "") -> dict[str, str]:
    """The cursor of each feed of a side that has ever been read."""
    query = select(cursor.c.feed, cursor.c.value).where(cursor.c.side == side, cursor.c.system == system)
    return {row.feed: row.value for row in db.execute(query)}


def move_cursor(db: Connection, side: str, system: str, feed: str, *, value: str, now: datetime, whole: bool) -> None:
    """Remember where we stopped. ``whole``: with this, everything has been read once."""
    at = stamp(now)
    row = {"side": side, "system": system, "feed": feed, "value": value, "moved_at": at}
    upsert(db, cursor, [row | {"whole_at": at} if whole else row])


def read_whole(db: Connection, side: str, system: str, feed: str) -> bool:
    """Whether this feed has been read from beginning to end at least once."""
    query = select(cursor.c.whole_at).where(cursor.c.side == side, cursor.c.system == system, cursor.c.feed == feed)
    return db.execute(query).scalar() is not None


def load(db: Connection, side: str, kind: str, ids: Iterable[str], *, system: str = "") -> dict[str, Row]:
    """The observations of these records, by id."""
    found: dict[str, Row] = {}
    for some in batches(ids):
        query = select(observation).where(
            observation.c.side == side,
            observation.c.system == system,
            observation.c.kind == kind,
            observation.c.id.in_(some),
        )
        found.update({row["id"]: row for row in fetch(db, query)})
    return found


def children(db: Connection, kind: str, parents: Iterable[str]) -> list[Row]:
    """CRM observations of a kind by their parent's id, in the order of their ids."""
    found: list[Row] = []
    for some in batches(parents):
        query = select(observation).where(observation.c.kind == kind, observation.c.parent.in_(some))
        found.extend(fetch(db, query.order_by(observation.c.id)))
    return found


def put(db: Connection, rows: Sequence[Row]) -> None:
    """Keep these readings; every row names the same columns."""
    upsert(db, observation, rows)


def pending(db: Connection, side: str, kind: str, *, system: str = "", limit: int = _BATCH) -> list[Row]:
    """Observations that a station has yet to look at, oldest id first."""
    query = (
        select(observation)
        .where(
            observation.c.side == side,
            observation.c.system == system,
            observation.c.kind == kind,
            observation.c.pending.is_(True),
        )
        .order_by(observation.c.id)
        .limit(limit)
    )
    return fetch(db, query)


def looked_at(db: Connection, side: str, kind: str, ids: Iterable[str], *, system: str = "") -> None:
    """The station has looked at these."""
    for some in batches(ids):
        db.execute(
            update(observation)
            .where(
                observation.c.side == side,
                observation.c.system == system,
                observation.c.kind == kind,
                observation.c.id.in_(some),
            )
            .values(pending=False)
        )


def count(db: Connection, side: str, kind: str, *, system: str = "") -> int:
    """How many live records of a kind are known."""
    query = select(func.count()).where(
        observation.c.side == side,
        observation.c.system == system,
        observation.c.kind == kind,
        observation.c.deleted.is_(False),
    )
    return int(db.execute(query).scalar_one())


def unseen(db: Connection, side: str, kind: str, *, system: str, sweep: str) -> list[str]:
    """Ids of live records that the sweep of this name did not meet."""
    query = select(observation.c.id).where(
        observation.c.side == side,
        observation.c.system == system,
        observation.c.kind == kind,
        observation.c.deleted.is_(False),
        (observation.c.sweep != sweep) | observation.c.sweep.is_(None),
    )
    return list(db.execute(query).scalars())


def index_contact(db: Connection, contact_ids: Sequence[str], keys: Sequence[Row]) -> None:
    """Replace the blocking keys of these contacts; ``keys`` are rows of key and contact_id."""
    for some in batches(contact_ids):
        db.execute(delete(match_key).where(match_key.c.contact_id.in_(some)))
    # Keys are hashes: in their own order, each leaf of the index is visited once instead of at random.
    upsert(db, match_key, sorted(keys, key=itemgetter("key")))


def contacts_by_key(db: Connection, keys: Iterable[str]) -> dict[str, list[str]]:
    """Which contacts stand under each blocking key."""
    found: dict[str, list[str]] = {}
    for some in batches(keys):
        query = select(match_key.c.key, match_key.c.contact_id).where(match_key.c.key.in_(some))
        for key, contact_id in db.execute(query):
            found.setdefault(key, []).append(contact_id)
    return found


def keys_of(db: Connection, contact_ids: Iterable[str]) -> set[str]:
    """The blocking keys of these contacts."""
    found: set[str] = set()
    for some in batches(contact_ids):
        found.update(db.execute(select(match_key.c.key).where(match_key.c.contact_id.in_(some))).scalars())
    return found


def reopen(db: Connection, side: str, kind: str, id: str) -> None:
    """A station is to look at this record once more."""
    db.execute(
        update(observation)
        .where(observation.c.side == side, observation.c.kind == kind, observation.c.id == id)
        .values(pending=True)
    )


def erase(db: Connection, side: str, system: str, kind: str, id: str) -> int:
    """Forget what was read of one record; it is read again only if its side still has it and it changes."""
    where = (observation.c.side == side) & (observation.c.system == system) & (observation.c.kind == kind)
    return int(db.execute(delete(observation).where(where & (observation.c.id == id))).rowcount)


def park(db: Connection, rows: Sequence[Row]) -> None:
    """Set records aside with reason and remedy (side, system, kind, id, reason, remedy, since)."""
    upsert(db, parked, rows)


def unpark(db: Connection, side: str, kind: str, ids: Iterable[str], *, system: str = "") -> None:
    """These records are well again."""
    for some in batches(ids):
        db.execute(
            delete(parked).where(parked.c.side == side, parked.c.system == system, parked.c.kind == kind, parked.c.id.in_(some))
        )
