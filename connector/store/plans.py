"""Plans: the writes of one decision together, counted and hashed, from being made to being released, held or dropped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Select, Update, and_, exists, func, select, update

from connector.store.intents import LOOKED, records
from connector.store.store import Place, Row, add, fetch, pack, prepared
from connector.store.tables import intent, plan


def put(db: Connection, row: Row) -> None:
    """Store a plan's totals."""
    add(db, plan, [row])


def get(db: Connection, plan_id: str) -> Row | None:
    """A plan by id."""
    return next(iter(fetch(db, select(plan).where(plan.c.id == plan_id))), None)


@prepared
def _unfinished(alike: Place) -> Select[Any]:
    left = select(plan.c.id).where(plan.c.state == "open", plan.c.id.like(alike))
    return select(exists().where(intent.c.plan_id.in_(left), intent.c.state == "planned"))


def unfinished(db: Connection, kind: str) -> bool:
    """Whether a process died between planning writes and releasing their plan; ``kind`` begins the names of such plans."""
    return bool(_unfinished(db, alike=f"{kind}-%").scalar_one())


def carry_over(db: Connection, plan_id: str) -> None:
    """What an unfinished plan of the same kind left behind belongs to this one."""
    alike = plan.c.id.startswith(f"{plan_id.rpartition('-')[0]}-")
    unfinished = select(plan.c.id).where(plan.c.state == "open", alike)
    db.execute(update(intent).where(intent.c.plan_id.in_(unfinished), intent.c.state == "planned").values(plan_id=plan_id))
    db.execute(update(plan).where(plan.c.state == "open", plan.c.id != plan_id, alike).values(state="dropped"))


_COUNTS = (records(), func.sum(intent.c.changes), func.sum(intent.c.blanks))
Totals = dict[str, tuple[int, int, int]]
"""For each kind of write: records, values changed, values that become empty."""


def _by_kind(rows: Iterable[Sequence[Any]]) -> Totals:
    return {kind: (int(n), int(changes), int(blanks)) for kind, n, changes, blanks in rows}


@prepared
def _totals(plan_id: Place) -> Select[Any]:
    held = (intent.c.plan_id == plan_id) & (intent.c.state == "planned")
    return select(intent.c.kind, *_COUNTS).where(held).group_by(intent.c.kind)


def totals(db: Connection, plan_id: str) -> Totals:
    """What a plan would write."""
    return _by_kind(_totals(db, plan_id=plan_id))


@prepared
def _approved_before(plan_id: Place) -> Select[Any]:
    held = (intent.c.plan_id == plan_id) & (intent.c.state == "planned")
    before, approved = intent.alias(), select(plan.c.id).where(plan.c.state == "approved")
    same = and_(*(before.c[name] == intent.c[name] for name in ("system", "target", "kind", "payload")))
    undone = exists().where(same, before.c.state == "superseded", before.c.code == LOOKED, before.c.plan_id.in_(approved))
    return select(intent.c.kind, *_COUNTS).where(held, undone).group_by(intent.c.kind)


def approved_before(db: Connection, plan_id: str) -> Totals:
    """Of these, the very writes that a person has approved before, and whose answer was lost: looked for, they were not done."""
    return _by_kind(_approved_before(db, plan_id=plan_id))


@prepared
def _planned(plan_id: Place) -> Select[Any]:
    held = (intent.c.plan_id == plan_id) & (intent.c.state == "planned")
    return select(intent.c.kind, intent.c.target, intent.c.payload).where(held).order_by(intent.c.id)


def digest(db: Connection, plan_id: str) -> str:
    """A hash of everything that a plan would write."""
    found = sha256()
    for kind, target, payload in _planned(db, plan_id=plan_id):
        found.update(f"{kind}|{target}|{payload}\n".encode())
    return found.hexdigest()


@prepared
def _finish(id: Place, digest: Place, facts: Place) -> Update:
    return update(plan).where(plan.c.id == id).values(digest=digest, facts=facts)


def finish(db: Connection, plan_id: str, *, digest: str, facts: str) -> None:
    """Store a complete plan's digest and totals."""
    _finish(db, id=plan_id, digest=digest, facts=facts)


def brake(db: Connection, plan_id: str) -> None:
    """Keep a plan from being released until a person approves it."""
    db.execute(update(plan).where(plan.c.id == plan_id, plan.c.state == "open").values(state="braked"))


@prepared
def _end_plan(id: Place, state: Place) -> Update:
    return update(plan).where(plan.c.id == id, plan.c.state.in_(("open", "braked"))).values(state=state)


@prepared
def _make_ready(plan_id: Place) -> Update:
    return update(intent).where(intent.c.plan_id == plan_id, intent.c.state == "planned").values(state="ready")


def release(db: Connection, plan_id: str, *, state: str) -> int:
    """Make a plan's writes ready, once: who comes second releases nothing."""
    if not _end_plan(db, id=plan_id, state=state).rowcount:
        return 0
    return int(_make_ready(db, plan_id=plan_id).rowcount)


def drop(db: Connection, plan_id: str, kinds: Sequence[str]) -> list[Row]:
    """Give up a held plan's writes of these kinds, and let the others go; the writes that were given up.

    Of notes those go that tell of what the plan would have done.
    """
    held = (intent.c.plan_id == plan_id) & (intent.c.state == "planned")
    of_the_plan = intent.c.kind.in_(kinds) & ((intent.c.kind != "career.note") | (intent.c.settle != pack({})))
    rows = fetch(db, select(intent).where(held, of_the_plan))
    db.execute(update(intent).where(held, of_the_plan).values(state="superseded"))
    db.execute(update(intent).where(held).values(state="ready"))
    db.execute(update(plan).where(plan.c.id == plan_id, plan.c.state == "braked").values(state="dropped"))
    return rows
