"""Intents and plans: each planned write, from the decision to its settled outcome. Transitions are guarded updates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, case, func, select, true, update

from connector.store.observations import batches
from connector.store.store import Row, add, fetch, pack, stamp
from connector.store.tables import intent, plan

OPEN_STATES = ("planned", "ready", "sent", "unknown")
"""The states of an intent whose outcome is not settled."""


def plan_writes(db: Connection, rows: Sequence[Row]) -> None:
    """Put planned writes on the shelf."""
    add(db, intent, rows)


def supersede(db: Connection, system: str, targets: Iterable[str], kinds: Sequence[str]) -> None:
    """What was planned for these targets and has not been sent, or was refused, is decided anew."""
    for some in batches(targets):
        db.execute(
            update(intent)
            .where(
                intent.c.system == system,
                intent.c.target.in_(some),
                intent.c.kind.in_(kinds),
                intent.c.state.in_(("planned", "ready", "refused")),
            )
            .values(state="superseded")
        )


def in_flight(db: Connection, system: str, targets: Iterable[str], kinds: Sequence[str]) -> set[str]:
    """Targets with a write whose outcome is open; nothing new may be decided about them."""
    found: set[str] = set()
    for some in batches(targets):
        query = select(intent.c.target).where(
            intent.c.system == system,
            intent.c.target.in_(some),
            intent.c.kind.in_(kinds),
            intent.c.state.in_(("sent", "unknown")),
        )
        found.update(db.execute(query).scalars())
    return found


def refused_first(db: Connection, system: str, targets: Iterable[str], kinds: Sequence[str]) -> set[str]:
    """Targets whose most urgent write (an opt-out) a side has refused."""
    found: set[str] = set()
    for some in batches(targets):
        where = (intent.c.system == system) & intent.c.target.in_(some) & intent.c.kind.in_(kinds)
        query = select(intent.c.target).where(where, intent.c.state == "refused", intent.c.weight == 0)
        found.update(db.execute(query).scalars())
    return found


LOOKED = "LOOKED"
"""The code of a write whose answer was lost and that was not found when we looked: it may still arrive."""


def doubtful(db: Connection, system: str, targets: Iterable[str], kinds: Sequence[str], since: datetime) -> dict[str, list[Row]]:
    """Writes by target, settled after a moment, that may still take effect although we have decided anew."""
    found: dict[str, list[Row]] = {}
    for some in batches(targets):
        query = select(intent).where(
            intent.c.system == system,
            intent.c.target.in_(some),
            intent.c.kind.in_(kinds),
            intent.c.code == LOOKED,
            intent.c.settled_at > stamp(since),
        )
        for row in fetch(db, query.order_by(intent.c.id)):
            found.setdefault(row["target"], []).append(row)
    return found


def add_plan(db: Connection, row: Row) -> None:
    """Store a plan's totals."""
    add(db, plan, [row])


def carry_over(db: Connection, plan_id: str) -> None:
    """What an unfinished plan of the same kind left behind belongs to this one."""
    alike = plan.c.id.startswith(f"{plan_id.rpartition('-')[0]}-")
    unfinished = select(plan.c.id).where(plan.c.state == "open", plan.c.id != plan_id, alike)
    db.execute(update(intent).where(intent.c.plan_id.in_(unfinished), intent.c.state == "planned").values(plan_id=plan_id))
    db.execute(update(plan).where(plan.c.state == "open", plan.c.id != plan_id, alike).values(state="dropped"))


def finish(db: Connection, plan_id: str, *, digest: str, facts: str) -> None:
    """Store a complete plan's digest and totals."""
    db.execute(update(plan).where(plan.c.id == plan_id).values(digest=digest, facts=facts))


def totals(db: Connection, plan_id: str) -> dict[str, tuple[int, int, int]]:
    """For each kind of write in a plan: records, values changed, values that become empty."""
    query = (
        select(intent.c.kind, func.count(), func.sum(intent.c.changes), func.sum(intent.c.blanks))
        .where(intent.c.plan_id == plan_id, intent.c.state == "planned")
        .group_by(intent.c.kind)
    )
    return {kind: (int(n), int(changes), int(blanks)) for kind, n, changes, blanks in db.execute(query)}


def digest(db: Connection, plan_id: str) -> str:
    """A hash of everything that a plan would write."""
    found = sha256()
    query = select(intent.c.kind, intent.c.target, intent.c.payload).where(
        intent.c.plan_id == plan_id, intent.c.state == "planned"
    )
    for kind, target, payload in db.execute(query.order_by(intent.c.id)):
        found.update(f"{kind}|{target}|{payload}\n".encode())
    return found.hexdigest()


def release(db: Connection, plan_id: str, *, state: str) -> int:
    """Make a plan's writes ready, once: who comes second releases nothing."""
    changed = db.execute(update(plan).where(plan.c.id == plan_id, plan.c.state.in_(("open", "braked"))).values(state=state))
    if not changed.rowcount:
        return 0
    released = db.execute(update(intent).where(intent.c.plan_id == plan_id, intent.c.state == "planned").values(state="ready"))
    return int(released.rowcount)


def drop(db: Connection, plan_id: str, kinds: Sequence[str]) -> list[Row]:
    """Give up a held plan's writes of these kinds, and let the others go; the writes that were given up."""
    held = (intent.c.plan_id == plan_id) & (intent.c.state == "planned")
    rows = fetch(db, select(intent).where(held, intent.c.kind.in_(kinds)))
    db.execute(update(intent).where(held, intent.c.kind.in_(kinds)).values(state="superseded"))
    db.execute(update(intent).where(held).values(state="ready"))
    db.execute(update(plan).where(plan.c.id == plan_id, plan.c.state == "braked").values(state="dropped"))
    return rows


def erase(db: Connection, system: str, target: str) -> int:
    """Forget what writes about one account carried, sent or not; which writes there were stays."""
    blank = {"payload": "{}", "settle": "{}", "detail": None}
    where = (intent.c.system == system) & (intent.c.target == target)
    db.execute(update(intent).where(where, intent.c.state.in_((*OPEN_STATES, "refused"))).values(state="superseded"))
    return int(db.execute(update(intent).where(where).values(**blank)).rowcount)


def retry(db: Connection, now: datetime, ids: Sequence[int] | None) -> int:
    """Make refused writes ready again, all or these."""
    chosen = intent.c.state == "refused" if ids is None else (intent.c.state == "refused") & intent.c.id.in_(ids)
    return int(db.execute(update(intent).where(chosen).values(state="ready", due_at=stamp(now), settled_at=None)).rowcount)


def brake(db: Connection, plan_id: str) -> None:
    """Keep a plan from being released until a person approves it."""
    db.execute(update(plan).where(plan.c.id == plan_id, plan.c.state == "open").values(state="braked"))


def get_plan(db: Connection, plan_id: str) -> Row | None:
    """A plan by id."""
    return next(iter(fetch(db, select(plan).where(plan.c.id == plan_id))), None)


def take(db: Connection, kinds: Sequence[str], system: str | None, now: datetime, *, limit: int) -> list[Row]:
    """Writes that are due, most urgent first; they are ``sent`` from here on, before the wire is touched.

    ``system`` None: of every system, as all of them meet in one CRM.
    """
    query = (
        select(intent)
        .where(
            intent.c.kind.in_(kinds),
            intent.c.system == system if system is not None else true(),
            intent.c.state.in_(("ready", "unknown")),
            intent.c.due_at <= stamp(now),
        )
        .order_by(intent.c.weight, intent.c.id)
        .limit(limit)
    )
    rows = fetch(db, query)
    ids = [row["id"] for row in rows]
    if ids:
        # An unknown one is looked at before it goes on the wire again: the moment stays that of its last sending.
        sent_at = case((intent.c.state == "ready", stamp(now)), else_=intent.c.sent_at)
        taken = {"state": "sent", "attempts": intent.c.attempts + 1, "sent_at": sent_at}
        db.execute(update(intent).where(intent.c.id.in_(ids)).values(**taken))
    return rows


def settle(db: Connection, intent_id: int, *, state: str, now: datetime, **columns: object) -> None:
    """Record the outcome of one write."""
    db.execute(
        update(intent)
        .where(intent.c.id == intent_id, intent.c.state == "sent")
        .values(state=state, settled_at=stamp(now), **columns)
    )


def settle_applied(db: Connection, intent_ids: Sequence[int], *, code: str, now: datetime) -> None:
    """These writes were all applied, with the same code."""
    for some in batches(intent_ids):
        db.execute(
            update(intent)
            .where(intent.c.id.in_(some), intent.c.state == "sent")
            .values(state="applied", settled_at=stamp(now), code=code)
        )


def postpone(db: Connection, intent_id: int, *, state: str, due: datetime, code: str, detail: str) -> None:
    """Not now: ``ready`` if it certainly was not done, ``unknown`` if nobody knows."""
    db.execute(
        update(intent)
        .where(intent.c.id == intent_id, intent.c.state == "sent")
        .values(state=state, due_at=stamp(due), code=code, detail=detail)
    )


def recover(db: Connection) -> int:
    """What a dead process left in ``sent`` is ``unknown``."""
    return int(db.execute(update(intent).where(intent.c.state == "sent").values(state="unknown")).rowcount)


def last_with_key(db: Connection, kind: str, key: str) -> Row | None:
    """The latest write of this kind and key."""
    query = select(intent).where(intent.c.key == key, intent.c.kind == kind).order_by(intent.c.id.desc()).limit(1)
    return next(iter(fetch(db, query)), None)


def count(db: Connection) -> dict[str, dict[str, int]]:
    """How many writes there are, by kind and state."""
    found: dict[str, dict[str, int]] = {}
    query = select(intent.c.kind, intent.c.state, func.count()).group_by(intent.c.kind, intent.c.state)
    for kind, state, n in db.execute(query):
        found.setdefault(kind, {})[state] = n
    return found


def count_waiting(db: Connection) -> int:
    """How many writes are not settled."""
    return int(db.execute(select(func.count()).where(intent.c.state.in_(OPEN_STATES))).scalar_one())


def applied_last_day(db: Connection, kinds: Sequence[str], now: datetime) -> int:
    """How many writes of these kinds were settled as applied within 24 hours, approved plans not counted."""
    approved = select(plan.c.id).where(plan.c.state == "approved")
    query = select(func.count()).where(
        intent.c.kind.in_(kinds),
        intent.c.state == "applied",
        intent.c.settled_at > stamp(now - timedelta(days=1)),
        intent.c.plan_id.not_in(approved),
    )
    return int(db.execute(query).scalar_one())


def refused(db: Connection, *, limit: int = 50) -> list[Row]:
    """Writes that a side will never accept as they are, newest first."""
    query = select(intent).where(intent.c.state == "refused").order_by(intent.c.id.desc()).limit(limit)
    return fetch(db, query)


def row(  # noqa: PLR0913 - the columns of a table, each by name
    *,
    plan_id: str,
    kind: str,
    system: str,
    target: str,
    payload: Mapping[str, Any],
    now: datetime,
    rules_hash: str,
    key: str | None = None,
    settle_with: Mapping[str, Any] | None = None,
    weight: int = 3,
    changes: int = 0,
    blanks: int = 0,
) -> dict[str, Any]:
    """One planned write. ``weight``: 0 opt-outs, 1 decisions, 2 requests, 3 changes, 4 backfill; smaller goes first.

    ``changes`` and ``blanks`` are what the brakes count: values that change, and those of them that become empty.
    """
    return {
        "plan_id": plan_id,
        "kind": kind,
        "system": system,
        "target": target,
        "key": key,
        "payload": pack(payload),
        "settle": pack(settle_with or {}),
        "state": "planned",
        "attempts": 0,
        "due_at": stamp(now),
        "weight": weight,
        "changes": changes,
        "blanks": blanks,
        "code": None,
        "detail": None,
        "remedy": None,
        "rules_hash": rules_hash,
        "created_at": stamp(now),
        "settled_at": None,
        "sent_at": None,
    }
