"""Observations and cursors: each record as last read, and where we stopped. They move in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import Connection, Delete, Select, Update, delete, func, select, update

from connector.store.store import Place, Row, fetch, prepared, rows_of, stamp, upsert
from connector.store.tables import cursor, match_key, observation, parked

_Id = TypeVar("_Id", str, int)
_BATCH = 500
"""How many values one IN list takes: well under SQLite's limit on bound variables."""


def batches(ids: Iterable[_Id], size: int = _BATCH) -> Iterable[list[_Id]]:
    """The ids without repeats, in lists short enough for one statement."""
    every = list(dict.fromkeys(ids))
    return [every[start : start + size] for start in range(0, len(every), size)]


@prepared
def _cursors(side: Place, system: Place) -> Select[Any]:
    return select(cursor.c.feed, cursor.c.value).where(cursor.c.side == side, cursor.c.system == system)


def cursors(db: Connection, side: str, system: str = "") -> dict[str, str]:
    """The cursor of each feed of a side that has ever been read."""
    return dict(_cursors(db, side=side, system=system).all())


def move_cursors(db: Connection, side: str, system: str, values: Mapping[str, str], *, now: datetime, whole: bool) -> None:
    """Remember where we stopped in these feeds. ``whole``: with this, everything in them has been read once."""
    head = {"side": side, "system": system, "moved_at": stamp(now)} | ({"whole_at": stamp(now)} if whole else {})
    upsert(db, cursor, [head | {"feed": feed, "value": value} for feed, value in values.items()])


@prepared
def _whole_at(side: Place, system: Place, feed: Place) -> Select[Any]:
    return select(cursor.c.whole_at).where(cursor.c.side == side, cursor.c.system == system, cursor.c.feed == feed)


def read_whole(db: Connection, side: str, system: str, feed: str) -> bool:
    """Whether this feed has been read from beginning to end at least once."""
    return _whole_at(db, side=side, system=system, feed=feed).scalar() is not None


@prepared
def _by_id(side: Place, system: Place, kind: Place, ids: Place) -> Select[Any]:
    return select(observation).where(
        observation.c.side == side,
        observation.c.system == system,
        observation.c.kind == kind,
        observation.c.id.in_(ids),
    )


def load(db: Connection, side: str, kind: str, ids: Iterable[str], *, system: str = "") -> dict[str, Row]:
    """The observations of these records, by id."""
    found: dict[str, Row] = {}
    for some in batches(ids):
        rows = rows_of(_by_id(db, side=side, system=system, kind=kind, ids=some))
        found.update({row["id"]: row for row in rows})
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


@prepared
def _pending(side: Place, system: Place, kind: Place, limit: Place) -> Select[Any]:
    here = (observation.c.side == side) & (observation.c.system == system) & (observation.c.kind == kind)
    return select(observation).where(here, observation.c.pending.is_(True)).order_by(observation.c.id).limit(limit)


def pending(db: Connection, side: str, kind: str, *, system: str = "", limit: int = _BATCH) -> list[Row]:
    """Observations that a station has yet to look at, oldest id first."""
    return rows_of(_pending(db, side=side, system=system, kind=kind, limit=limit))


def pending_ids(db: Connection, side: str, kind: str, *, system: str = "") -> list[str]:
    """The ids of all of these, in their order."""
    here = (observation.c.side == side) & (observation.c.system == system) & (observation.c.kind == kind)
    return list(
        db.execute(select(observation.c.id).where(here, observation.c.pending.is_(True)).order_by(observation.c.id)).scalars()
    )


@prepared
def _looked_at(side: Place, system: Place, kind: Place, ids: Place) -> Update:
    here = (observation.c.side == side) & (observation.c.system == system) & (observation.c.kind == kind)
    return update(observation).where(here, observation.c.id.in_(ids)).values(pending=False)


def looked_at(db: Connection, side: str, kind: str, ids: Iterable[str], *, system: str = "") -> None:
    """The station has looked at these."""
    for some in batches(ids):
        _looked_at(db, side=side, system=system, kind=kind, ids=some)


@prepared
def _live(side: Place, system: Place, kind: Place) -> Select[Any]:
    here = (observation.c.side == side) & (observation.c.system == system) & (observation.c.kind == kind)
    return select(func.count()).where(here, observation.c.deleted.is_(False))


def count(db: Connection, side: str, kind: str, *, system: str = "") -> int:
    """How many live records of a kind are known."""
    return int(_live(db, side=side, system=system, kind=kind).scalar_one())


def unseen(db: Connection, side: str, kind: str, *, system: str, sweep: str) -> list[str]:
    """Ids of live records that the sweep of this name did not meet, and that nothing else has met since it began.

    Its name is the ``stamp`` of its beginning.
    """
    query = select(observation.c.id).where(
        observation.c.side == side,
        observation.c.system == system,
        observation.c.kind == kind,
        observation.c.deleted.is_(False),
        observation.c.seen_at < sweep,
        (observation.c.sweep != sweep) | observation.c.sweep.is_(None),
    )
    return list(db.execute(query).scalars())


def forget_evidence(db: Connection, side: str, feed: str) -> None:
    """What was made of contacts is made anew as each is read again, from the beginning; nobody is linked until all are."""
    db.execute(update(cursor).where(cursor.c.side == side, cursor.c.feed == feed).values(value="", whole_at=None))
    db.execute(update(observation).where(observation.c.evidence.is_not(None)).values(evidence=None))


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


def merged_into(db: Connection, side: str, kind: str, id: str) -> list[str]:
    """The records that were merged into this one, at once or by way of others."""
    found, latest = list[str](), [id]
    while latest:
        query = select(observation.c.id).where(
            observation.c.side == side, observation.c.kind == kind, observation.c.merged_into.in_(latest)
        )
        latest = sorted({*db.execute(query).scalars()} - {*found, id})
        found += latest
    return found


def empty(db: Connection, side: str, kind: str, ids: Sequence[str]) -> int:
    """Forget what these records held; that they are gone, and what they were merged into, is still known."""
    where = (observation.c.side == side) & (observation.c.kind == kind) & observation.c.id.in_(ids)
    return int(db.execute(update(observation).where(where).values(fields="{}", edits=None, evidence=None)).rowcount)


def park(db: Connection, rows: Sequence[Row]) -> None:
    """Set records aside with reason and remedy (side, system, kind, id, reason, remedy, since)."""
    upsert(db, parked, rows)


@prepared
def _unpark(side: Place, system: Place, kind: Place, ids: Place) -> Delete:
    here = (parked.c.side == side) & (parked.c.system == system) & (parked.c.kind == kind)
    return delete(parked).where(here, parked.c.id.in_(ids))


def unpark(db: Connection, side: str, kind: str, ids: Iterable[str], *, system: str = "") -> None:
    """These records are well again."""
    for some in batches(ids):
        _unpark(db, side=side, system=system, kind=kind, ids=some)


def unpark_since(db: Connection, side: str, system: str, *, begins: str, before: str) -> None:
    """What was set aside under such an id before this moment, and was not met again, is over."""
    db.execute(
        delete(parked).where(
            parked.c.side == side, parked.c.system == system, parked.c.id.startswith(begins), parked.c.since < before
        )
    )
