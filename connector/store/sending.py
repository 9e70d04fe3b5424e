"""What is due of the planned writes, and what becomes of each once it is sent. Transitions are guarded updates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Update, and_, case, exists, func, select, update

from connector.store.intents import OPEN_STATES, held_by
from connector.store.observations import batches
from connector.store.store import Place, Row, prepared, rows_of, stamp
from connector.store.tables import intent, link


def _is_due(now: Place, unjudged: Place) -> ColumnElement[bool]:
    held = held_by(*OPEN_STATES, "refused")
    marked = exists().where(link.c.system == intent.c.system, link.c.account_id == intent.c.target, link.c.marked)
    waits = intent.c.kind.in_(unjudged) & (intent.c.state == "ready") & (intent.c.weight > 0) & marked
    return intent.c.state.in_(("ready", "unknown")) & (intent.c.due_at <= now) & ~held & ~waits & ~_goes_after()


def _goes_after() -> ColumnElement[bool]:
    """What puts something back goes after the other changes of that record, and builds on the version that they make."""
    other = intent.alias()
    same = and_(*(other.c[name] == intent.c[name] for name in ("system", "target", "kind")))
    return intent.c.puts_back & exists().where(same, ~other.c.puts_back, other.c.state.in_(("ready", "sent")))


@prepared
def _kinds_due(now: Place, unjudged: Place) -> Select[Any]:
    return select(intent.c.kind, intent.c.system).distinct().where(_is_due(now, unjudged))


def due(db: Connection, now: datetime, *, unjudged: Sequence[str] = ()) -> set[tuple[str, str]]:
    """The kinds of writes that are due, each with the systems that they are about.

    ``unjudged``: kinds that, but for restrictions, are not due where the planner has yet to look at whom they are about.
    """
    return {(kind, system) for kind, system in _kinds_due(db, now=stamp(now), unjudged=list(unjudged))}


@prepared
def _due(kinds: Place, system: Place, now: Place, unjudged: Place, limit: Place) -> Select[Any]:
    wanted = intent.c.kind.in_(kinds) & ((system == ANY) | (intent.c.system == system))
    return select(intent).where(wanted, _is_due(now, unjudged)).order_by(intent.c.weight, intent.c.id).limit(limit)


@prepared
def _sending(ids: Place, now: Place) -> Update:
    # An unknown one is looked at before it goes on the wire again: the moment stays that of its last sending.
    sent_at = case((intent.c.state == "ready", now), else_=intent.c.sent_at)
    waiting = intent.c.id.in_(ids) & intent.c.state.in_(("ready", "unknown"))
    return update(intent).where(waiting).values(state="sent", attempts=intent.c.attempts + 1, sent_at=sent_at)


ANY = "*"
"""No system is called so."""


def take(
    db: Connection, kinds: Sequence[str], system: str | None, now: datetime, *, limit: int, unjudged: Sequence[str] = ()
) -> list[Row]:
    """Writes that are due, most urgent first; they are ``sent`` from here on, before the wire is touched.

    ``system`` None: of every system, as all of them meet in one CRM. ``unjudged``: as for ``due``.
    """
    where = {"kinds": kinds, "system": ANY if system is None else system, "unjudged": list(unjudged)}
    rows = rows_of(_due(db, **where, now=stamp(now), limit=limit))
    take_these(db, [row["id"] for row in rows], now)
    return rows


def take_these(db: Connection, intent_ids: Sequence[int], now: datetime) -> None:
    """Those of these writes that wait are ``sent`` from here on, so that they can be settled."""
    for some in batches(intent_ids):
        _sending(db, ids=some, now=stamp(now))


def settle(db: Connection, intent_id: int, *, state: str, now: datetime, **columns: object) -> None:
    """Record the outcome of one write."""
    db.execute(
        update(intent)
        .where(intent.c.id == intent_id, intent.c.state == "sent")
        .values(state=state, settled_at=stamp(now), **columns)
    )


@prepared
def _still_sent(ids: Place) -> Select[Any]:
    return select(intent.c.id).where(intent.c.id.in_(ids), intent.c.state == "sent")


def still_sent(db: Connection, intent_ids: Iterable[int]) -> set[int]:
    """Those of these writes that wait to be settled; of a person who is forgotten none does."""
    return {id for some in batches(intent_ids) for id in _still_sent(db, ids=some).scalars()}


@prepared
def _applied(ids: Place, now: Place, code: Place) -> Update:
    sent = intent.c.id.in_(ids) & (intent.c.state == "sent")
    return update(intent).where(sent).values(state="applied", settled_at=now, code=code)


def settle_applied(db: Connection, intent_ids: Sequence[int], *, code: str, now: datetime) -> None:
    """These writes were all applied, with the same code."""
    for some in batches(intent_ids):
        _applied(db, ids=some, now=stamp(now), code=code)


def postpone(db: Connection, intent_id: int, *, state: str, due: datetime, code: str, detail: str) -> None:
    """Not now: ``ready`` if it certainly was not done, ``unknown`` if nobody knows."""
    db.execute(
        update(intent)
        .where(intent.c.id == intent_id, intent.c.state == "sent")
        .values(state=state, due_at=stamp(due), code=code, detail=detail)
    )


@prepared
def _recover() -> Update:
    return update(intent).where(intent.c.state == "sent").values(state="unknown")


def recover(db: Connection) -> int:
    """What a dead process left in ``sent`` is ``unknown``."""
    return int(_recover(db).rowcount)


@prepared
def _hasten(now: Place, latest: Place, patient: Place) -> Update:
    late = intent.c.state.in_(OPEN_STATES) & (intent.c.due_at > latest)
    return update(intent).where(late, func.coalesce(intent.c.code, "").not_in(patient)).values(due_at=now)


def hasten(db: Connection, now: datetime, *, latest: datetime, patient: Sequence[str]) -> int:
    """What is due later than any pause lasts was planned by a clock that was ahead: it is due now, but for ``patient`` codes."""
    return int(_hasten(db, now=stamp(now), latest=stamp(latest), patient=list(patient)).rowcount)
