"""Intents: each planned write, from the decision to its settled outcome. Transitions are guarded updates."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Update, case, exists, func, select, update

from connector.store.observations import batches
from connector.store.store import Place, Row, add, fetch, pack, prepared, rows_of, stamp, unpack
from connector.store.tables import intent, link, plan

QUESTIONS = ("suggestion.create", "suggestion.update")
"""The kinds of write that ask the field owner."""

OPEN_STATES = ("planned", "ready", "sent", "unknown")
"""The states of an intent whose outcome is not settled."""

_UNSENT = ("planned", "ready", "refused")
"""The states of an intent that a new decision replaces."""


def plan_writes(db: Connection, rows: Sequence[Row]) -> None:
    """Put planned writes on the shelf. An older update of the same record that brings nothing else goes out no more."""
    for row in rows:
        if row["kind"] in _NEWEST_COUNTS:
            _overtake(db, row)
    add(db, intent, rows)


_NEWEST_COUNTS = ("request.update", "suggestion.update")
"""Updates of which several may wait for one record: put off, refused or of unknown end, and sent again, an older one must not
come last."""


@prepared
def _overtaken(system: Place, target: Place, kind: Place) -> Select[Any]:
    same = (intent.c.system == system) & (intent.c.target == target) & (intent.c.kind == kind)
    return select(intent).where(same, intent.c.state.in_((*_UNSENT, "unknown")))


def _overtake(db: Connection, row: Row) -> None:
    brings = unpack(row["payload"])["fields"].keys()
    older = rows_of(_overtaken(db, system=row["system"], target=row["target"], kind=row["kind"]))
    done = [one["id"] for one in older if one["key"] == row["key"] and unpack(one["payload"])["fields"].keys() <= brings]
    for some in batches(done):
        db.execute(update(intent).where(intent.c.id.in_(some)).values(state="superseded"))


def _about(system: Place, targets: Place, kinds: Place) -> ColumnElement[bool]:
    return (intent.c.system == system) & intent.c.target.in_(targets) & intent.c.kind.in_(kinds)


@prepared
def _supersede(system: Place, targets: Place, kinds: Place, but: Place) -> Update:
    unsent = intent.c.state.in_(_UNSENT) & intent.c.id.not_in(but)
    return update(intent).where(_about(system, targets, kinds), unsent).values(state="superseded")


def supersede(
    db: Connection, system: str, targets: Iterable[str], kinds: Sequence[str], *, but: Iterable[int] = frozenset()
) -> None:
    """What was planned for these targets and has not been sent, or was refused, is decided anew; ``but``: by id, is not."""
    stay = list(but)
    for some in batches(targets):
        _supersede(db, system=system, targets=some, kinds=kinds, but=stay)


@prepared
def _replace_unknown(system: Place, targets: Place, kinds: Place) -> Update:
    return update(intent).where(_about(system, targets, kinds), intent.c.state == "unknown").values(state="superseded")


def replace_unknown(db: Connection, system: str, target: str, kinds: Sequence[str]) -> bool:
    """A newer write replaces all that these may have done, so that it is not asked what they did; whether there were any."""
    return bool(_replace_unknown(db, system=system, targets=[target], kinds=kinds).rowcount)


@prepared
def _waits(system: Place, target: Place, kind: Place, payload: Place) -> Select[Any]:
    same = (intent.c.system == system) & (intent.c.target == target) & (intent.c.kind == kind) & (intent.c.payload == payload)
    return select(exists().where(same, intent.c.state.in_(OPEN_STATES)))


def waits(db: Connection, system: str, target: str, kind: str, payload: Mapping[str, Any]) -> bool:
    """Whether this very write waits already to be sent, or for an answer that was lost."""
    return bool(_waits(db, system=system, target=target, kind=kind, payload=pack(payload)).scalar_one())


@prepared
def _newest_open(system: Place, target: Place, kind: Place) -> Select[Any]:
    same = (intent.c.system == system) & (intent.c.target == target) & (intent.c.kind == kind)
    return select(intent).where(same, intent.c.state.in_(OPEN_STATES)).order_by(intent.c.id.desc()).limit(1)


def is_newest(db: Connection, system: str, target: str, kind: str, payload: Mapping[str, Any]) -> bool:
    """Whether the newest write of this kind that is not over, its answer may be lost, says this already."""
    rows = rows_of(_newest_open(db, system=system, target=target, kind=kind))
    return any(row["payload"] == pack(payload) for row in rows)


@prepared
def _ready_about(system: Place, targets: Place, kinds: Place) -> Select[Any]:
    return select(intent).where(_about(system, targets, kinds), intent.c.state == "ready")


def replan(
    db: Connection, system: str, targets: Iterable[str], kinds: Sequence[str], rows: Sequence[Row], *, but: Iterable[int]
) -> list[Row]:
    """These rows instead of what waits about these targets (``but``: by id, is left alone); the rows that are new.

    What waits and comes out the very same again stays as it is: approved, if it was approved, and due when it was due.
    """
    waiting = {
        _content(row): row["id"]
        for some in batches(targets)
        for row in rows_of(_ready_about(db, system=system, targets=some, kinds=kinds))
    }
    same = {waiting[_content(row)] for row in rows if _content(row) in waiting}
    supersede(db, system, targets, kinds, but=same.union(but))
    return [row for row in rows if _content(row) not in waiting]


def _content(row: Row) -> tuple[object, ...]:
    """What a write does, and how urgently."""
    return tuple(row[name] for name in ("kind", "target", "key", "payload", "settle", "weight", "puts_back"))


@prepared
def _refused_about(system: Place, targets: Place, kinds: Place) -> Select[Any]:
    return select(intent).where(_about(system, targets, kinds), intent.c.state == "refused")


def give_up(db: Connection, system: str, targets: Iterable[str], kinds: Sequence[str]) -> list[Row]:
    """What a side refused about these targets is decided anew; the writes that were given up."""
    rows = [row for some in batches(targets) for row in rows_of(_refused_about(db, system=system, targets=some, kinds=kinds))]
    for some in batches([row["id"] for row in rows]):
        db.execute(update(intent).where(intent.c.id.in_(some)).values(state="superseded"))
    return rows


def give_up_all(db: Connection, kind: str, systems: Collection[str], *, but_code: str) -> list[Row]:
    """The same for all writes of a kind and these systems that have not been sent, or were refused (but not with this code)."""
    other = intent.c.code.is_distinct_from(but_code)
    unsent = (intent.c.kind == kind) & intent.c.system.in_(systems) & intent.c.state.in_(_UNSENT) & other
    rows = fetch(db, select(intent).where(unsent).order_by(intent.c.id))
    db.execute(update(intent).where(unsent).values(state="superseded"))
    return rows


def open_writes(db: Connection, kinds: Sequence[str]) -> list[Row]:
    """Every write of these kinds whose outcome is not settled."""
    return fetch(db, select(intent).where(intent.c.kind.in_(kinds), intent.c.state.in_(OPEN_STATES)).order_by(intent.c.id))


def resettle(db: Connection, intent_id: int, settle_with: Mapping[str, Any]) -> None:
    """What is to be settled by the outcome of a write, told anew."""
    db.execute(update(intent).where(intent.c.id == intent_id).values(settle=pack(settle_with)))


def supersede_marked(db: Connection, kinds: Sequence[str]) -> None:
    """The same for every target whose link the planner is to look at."""
    marked = exists().where(link.c.system == intent.c.system, link.c.account_id == intent.c.target, link.c.marked)
    unsent = intent.c.kind.in_(kinds) & intent.c.state.in_(_UNSENT)
    db.execute(update(intent).where(unsent, marked).values(state="superseded"))


@prepared
def _in_flight(system: Place, targets: Place, kinds: Place) -> Select[Any]:
    return select(intent.c.target).where(_about(system, targets, kinds), intent.c.state.in_(("sent", "unknown")))


def in_flight(db: Connection, system: str, targets: Iterable[str], kinds: Sequence[str]) -> set[str]:
    """Targets with a write whose outcome is open; nothing new may be decided about them."""
    found: set[str] = set()
    for some in batches(targets):
        found.update(_in_flight(db, system=system, targets=some, kinds=kinds).scalars())
    return found


@prepared
def _refused_first(system: Place, targets: Place, kinds: Place) -> Select[Any]:
    first = (intent.c.state == "refused") & (intent.c.weight == 0)
    return select(intent.c.id, intent.c.target, intent.c.plan_id).where(_about(system, targets, kinds), first)


def refused_first(db: Connection, system: str, targets: Iterable[str], kinds: Sequence[str]) -> list[Row]:
    """The most urgent writes about these targets (opt-outs) that a side has refused: id, target and plan."""
    return [row for some in batches(targets) for row in rows_of(_refused_first(db, system=system, targets=some, kinds=kinds))]


LOOKED = "LOOKED"
"""The code of a write whose answer was lost and that was not found when we looked: it may still arrive."""


@prepared
def _doubtful(system: Place, targets: Place, kinds: Place, since: Place) -> Select[Any]:
    looked = (intent.c.code == LOOKED) & (intent.c.settled_at > since)
    return select(intent).where(_about(system, targets, kinds), looked).order_by(intent.c.id)


def doubtful(db: Connection, system: str, targets: Iterable[str], kinds: Sequence[str], since: datetime) -> dict[str, list[Row]]:
    """Writes by target, settled after a moment, that may still take effect although we have decided anew."""
    found: dict[str, list[Row]] = {}
    for some in batches(targets):
        for row in rows_of(_doubtful(db, system=system, targets=some, kinds=kinds, since=stamp(since))):
            found.setdefault(row["target"], []).append(row)
    return found


def written_often(
    db: Connection, system: str, targets: Iterable[str], kinds: Sequence[str], since: datetime, *, times: int
) -> dict[str, list[Row]]:
    """The writes by target that were applied after a moment, of those targets that had so many."""
    found: dict[str, list[Row]] = {}
    for some in batches(targets):
        mine = (intent.c.system == system) & intent.c.target.in_(some) & intent.c.kind.in_(kinds)
        recent = mine & (intent.c.state == "applied") & (intent.c.settled_at > stamp(since))
        often = select(intent.c.target).where(recent).group_by(intent.c.target).having(func.count() >= times)
        for row in fetch(db, select(intent).where(recent, intent.c.target.in_(often))):
            found.setdefault(row["target"], []).append(row)
    return found


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


def _is_due(now: Place, unjudged: Place) -> ColumnElement[bool]:
    question = intent.alias()
    same = (question.c.system == intent.c.system) & (question.c.target == intent.c.target)
    unasked = question.c.kind.in_(QUESTIONS) & question.c.state.in_((*OPEN_STATES, "refused"))
    held = intent.c.puts_back & exists().where(same, unasked)
    marked = exists().where(link.c.system == intent.c.system, link.c.account_id == intent.c.target, link.c.marked)
    waits = intent.c.kind.in_(unjudged) & (intent.c.state == "ready") & (intent.c.weight > 0) & marked
    return intent.c.state.in_(("ready", "unknown")) & (intent.c.due_at <= now) & ~held & ~waits


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
def _on_their_way(system: Place, targets: Place, kinds: Place, states: Place) -> Select[Any]:
    return select(intent).where(_about(system, targets, kinds), intent.c.state.in_(states)).order_by(intent.c.id)


def on_their_way(
    db: Connection, system: str, targets: Iterable[str], kind: str, *, states: Sequence[str] = ("unknown",)
) -> dict[str, list[Row]]:
    """Writes of a kind by target, oldest first; usually those that were sent and of which nobody knows what became of them."""
    found: dict[str, list[Row]] = {}
    for some in batches(targets):
        for row in rows_of(_on_their_way(db, system=system, targets=some, kinds=[kind], states=list(states))):
            found.setdefault(row["target"], []).append(row)
    return found


@prepared
def _recover() -> Update:
    return update(intent).where(intent.c.state == "sent").values(state="unknown")


def recover(db: Connection) -> int:
    """What a dead process left in ``sent`` is ``unknown``."""
    return int(_recover(db).rowcount)


def end_with(db: Connection, key: str, kind: str) -> None:
    """What waited for a record that is not to be made ends with it."""
    waiting = (intent.c.key == key) & (intent.c.kind == kind) & intent.c.state.in_(_UNSENT)
    db.execute(update(intent).where(waiting).values(state="superseded"))


def ready_again(db: Connection, key: str, code: str) -> None:
    """What was refused with this code for want of a record of this name can go now."""
    refused = (intent.c.key == key) & (intent.c.state == "refused") & (intent.c.code == code)
    db.execute(update(intent).where(refused).values(state="ready", settled_at=None))


def last_with_key(db: Connection, kind: str, key: str) -> Row | None:
    """The latest write of this kind and key."""
    query = select(intent).where(intent.c.key == key, intent.c.kind == kind).order_by(intent.c.id.desc())
    return next(iter(fetch(db, query)), None)


def count(db: Connection) -> dict[str, dict[str, int]]:
    """How many writes there are, by kind and state."""
    found: dict[str, dict[str, int]] = {}
    query = select(intent.c.kind, intent.c.state, func.count()).group_by(intent.c.kind, intent.c.state)
    for kind, state, n in db.execute(query):
        found.setdefault(kind, {})[state] = n
    return found


@prepared
def _count_waiting() -> Select[Any]:
    return select(func.count()).where(intent.c.state.in_(OPEN_STATES))


def count_waiting(db: Connection) -> int:
    """How many writes are not settled."""
    return int(_count_waiting(db).scalar_one())


@prepared
def _applied_since(kinds: Place, since: Place) -> Select[Any]:
    approved = select(plan.c.id).where(plan.c.state == "approved")
    recent = (intent.c.state == "applied") & (intent.c.settled_at > since)
    return select(func.count()).where(intent.c.kind.in_(kinds), recent, intent.c.plan_id.not_in(approved))


def applied_last_day(db: Connection, kinds: Sequence[str], now: datetime) -> int:
    """How many writes of these kinds were settled as applied within 24 hours, approved plans not counted."""
    return int(_applied_since(db, kinds=kinds, since=stamp(now - timedelta(days=1))).scalar_one())


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
    puts_back: bool = False,
) -> dict[str, Any]:
    """One planned write. ``weight``: 0 opt-outs, 1 decisions, 2 requests, 3 changes, 4 backfill; smaller goes first.

    ``changes`` and ``blanks`` are what the brakes count: values that change, and those of them that become empty.
    ``puts_back``: it overwrites what somebody has typed and is asked about; it goes after every question about that person.
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
        "puts_back": puts_back,
    }
