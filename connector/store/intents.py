"""Intents: each planned write, as it was decided: put on the shelf, replaced by a newer decision, looked up. See ``sending``."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Update,
    and_,
    case,
    exists,
    func,
    select,
    update,
)

from connector.store.observations import batches
from connector.store.store import Place, Row, add, fetch, grouped, pack, prepared, rows_of, stamp, unpack
from connector.store.tables import intent, link, plan

QUESTIONS = ("suggestion.create", "suggestion.update")
"""The kinds of write that ask the field owner."""

VALUES_ASKED = "Suggested_Values__c"
"""The field of a question that holds what somebody has entered; updates without it tell what became of the question."""

OPEN_STATES = ("planned", "ready", "sent", "unknown")
"""The states of an intent whose outcome is not settled."""

_UNSENT = ("planned", "ready", "refused")
"""The states of an intent that a new decision replaces."""


def asks_values(write: FromClause) -> ColumnElement[bool]:
    """Whether an update of a question tells what somebody has entered."""
    return write.c.payload.contains(f'"{VALUES_ASKED}"', autoescape=True)


def held_by(*states: str) -> ColumnElement[bool]:
    """Whether a write that puts something back waits for a question about that person that is in one of these states.

    An update that only tells what became of a question keeps nothing from being asked.
    """
    question = intent.alias()
    same = (question.c.system == intent.c.system) & (question.c.target == intent.c.target)
    asks = question.c.kind.in_(QUESTIONS) & ((question.c.kind == "suggestion.create") | asks_values(question))
    return intent.c.puts_back & exists().where(same, asks, question.c.state.in_(states))


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
def _unknown_about(system: Place, targets: Place, kinds: Place) -> Select[Any]:
    return select(intent).where(_about(system, targets, kinds), intent.c.state == "unknown")


def replace_unknown(db: Connection, system: str, target: str, kinds: Sequence[str]) -> list[Row]:
    """A newer write replaces all that these may have done, so that it is not asked what they did; which these were."""
    rows = rows_of(_unknown_about(db, system=system, targets=[target], kinds=kinds))
    if rows:
        db.execute(update(intent).where(intent.c.id.in_([row["id"] for row in rows])).values(state="superseded"))
    return rows


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
def _refused_about(system: Place, targets: Place, kinds: Place, but_of: Place) -> Select[Any]:
    refused = (intent.c.state == "refused") & intent.c.plan_id.not_in(but_of)
    return select(intent).where(_about(system, targets, kinds), refused)


def give_up(
    db: Connection, system: str, targets: Iterable[str], kinds: Sequence[str], *, but_of: Iterable[str] = frozenset()
) -> list[Row]:
    """What a side refused about these targets is decided anew (``but_of``: of these plans it is not); the writes given up."""
    about = {"system": system, "kinds": kinds, "but_of": list(but_of)}
    rows = [row for some in batches(targets) for row in rows_of(_refused_about(db, targets=some, **about))]
    for some in batches([row["id"] for row in rows]):
        db.execute(update(intent).where(intent.c.id.in_(some)).values(state="superseded"))
    return rows


def give_up_all(
    db: Connection, kind: str, systems: Collection[str], *, but_code: str, states: Sequence[str] = _UNSENT
) -> list[Row]:
    """Give up all writes of a kind and these systems that have not been sent, or were refused (but not with this code); which."""
    other = intent.c.code.is_distinct_from(but_code)
    unsent = (intent.c.kind == kind) & intent.c.system.in_(systems) & intent.c.state.in_(states) & other
    rows = fetch(db, select(intent).where(unsent).order_by(intent.c.id))
    db.execute(update(intent).where(unsent).values(state="superseded"))
    return rows


def open_writes(db: Connection, kinds: Sequence[str]) -> list[Row]:
    """Every write of these kinds whose outcome is not settled."""
    return fetch(db, select(intent).where(intent.c.kind.in_(kinds), intent.c.state.in_(OPEN_STATES)).order_by(intent.c.id))


def resettle(db: Connection, intent_id: int, settle_with: Mapping[str, Any]) -> None:
    """What is to be settled by the outcome of a write, told anew."""
    db.execute(update(intent).where(intent.c.id == intent_id).values(settle=pack(settle_with)))


def rewrite(db: Connection, intent_id: int, payload: Mapping[str, Any], settle_with: Mapping[str, Any]) -> None:
    """What a write carries, and what is to be settled by its outcome, told anew."""
    columns = {"payload": pack(payload), "settle": pack(settle_with), "changes": len(payload["fields"])}
    db.execute(update(intent).where(intent.c.id == intent_id).values(**columns))


def supersede_marked(db: Connection, kinds: Sequence[str]) -> None:
    """Give up the unsent writes of these kinds for every target whose link the planner is to look at."""
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
    return select(intent).where(_about(system, targets, kinds), first)


def refused_first(db: Connection, system: str, targets: Iterable[str], kinds: Sequence[str]) -> list[Row]:
    """The most urgent writes about these targets (opt-outs) that a side has refused."""
    return [row for some in batches(targets) for row in rows_of(_refused_first(db, system=system, targets=some, kinds=kinds))]


LOOKED = "LOOKED"
"""The code of a write whose answer was lost and that was not found when we looked: it may still arrive."""


@prepared
def _doubtful(system: Place, targets: Place, kinds: Place, since: Place) -> Select[Any]:
    looked = (intent.c.code == LOOKED) & (intent.c.settled_at > since)
    return select(intent).where(_about(system, targets, kinds), looked).order_by(intent.c.id)


def doubtful(db: Connection, system: str, targets: Iterable[str], kinds: Sequence[str], since: datetime) -> dict[str, list[Row]]:
    """Writes by target, settled after a moment, that may still take effect although we have decided anew."""
    found: list[Row] = []
    for some in batches(targets):
        found += rows_of(_doubtful(db, system=system, targets=some, kinds=kinds, since=stamp(since)))
    return grouped(found, "target")


def written_often(
    db: Connection, system: str, targets: Iterable[str], kinds: Sequence[str], since: datetime, *, times: int
) -> dict[str, list[Row]]:
    """The writes by target that were applied after a moment, of those targets that had so many."""
    found: list[Row] = []
    for some in batches(targets):
        mine = (intent.c.system == system) & intent.c.target.in_(some) & intent.c.kind.in_(kinds)
        recent = mine & (intent.c.state == "applied") & (intent.c.settled_at > stamp(since))
        often = select(intent.c.target).where(recent).group_by(intent.c.target).having(func.count() >= times)
        found += fetch(db, select(intent).where(recent, intent.c.target.in_(often)))
    return grouped(found, "target")


def erase(db: Connection, system: str, target: str) -> int:
    """Forget what writes about one account carried, sent or not; which writes there were stays."""
    blank = {"payload": "{}", "settle": "{}", "detail": None}
    where = (intent.c.system == system) & (intent.c.target == target)
    db.execute(update(intent).where(where, intent.c.state.in_((*OPEN_STATES, "refused"))).values(state="superseded"))
    return int(db.execute(update(intent).where(where).values(**blank)).rowcount)


def _chosen(ids: Sequence[int] | None) -> ColumnElement[bool]:
    """Refused writes, all or these."""
    refused = intent.c.state == "refused"
    return refused if ids is None else refused & intent.c.id.in_(ids)


def refused_before(db: Connection, kind: str, before: datetime, ids: Sequence[int] | None) -> list[Row]:
    """Refused writes of a kind, all or these, that were decided before a moment."""
    old = (intent.c.kind == kind) & (intent.c.created_at < stamp(before))
    return fetch(db, select(intent).where(_chosen(ids), old).order_by(intent.c.id))


def retry(db: Connection, now: datetime, ids: Sequence[int] | None) -> int:
    """Make refused writes ready again, all or these."""
    return int(db.execute(update(intent).where(_chosen(ids)).values(state="ready", due_at=stamp(now), settled_at=None)).rowcount)


@prepared
def _on_their_way(system: Place, targets: Place, kinds: Place, states: Place) -> Select[Any]:
    return select(intent).where(_about(system, targets, kinds), intent.c.state.in_(states)).order_by(intent.c.id)


def on_their_way(
    db: Connection, system: str, targets: Iterable[str], kind: str, *, states: Sequence[str] = ("unknown",)
) -> dict[str, list[Row]]:
    """Writes of a kind by target, oldest first; usually those that were sent and of which nobody knows what became of them."""
    found: list[Row] = []
    for some in batches(targets):
        found += rows_of(_on_their_way(db, system=system, targets=some, kinds=[kind], states=list(states)))
    return grouped(found, "target")


def end_with(db: Connection, key: str, kind: str) -> None:
    """What waited for a record that is not to be made, or that is over, ends with it.

    An update of unknown end is not repeated either; a create may have been made, and is looked for.
    """
    states = (*_UNSENT, "unknown") if kind in _NEWEST_COUNTS else _UNSENT
    waiting = (intent.c.key == key) & (intent.c.kind == kind) & intent.c.state.in_(states)
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


def records() -> ColumnElement[int]:
    """How many records are written: what a plan does to one account goes in two parts where one of them waits for a question."""
    rest = intent.alias()
    same = and_(*(rest.c[name] == intent.c[name] for name in ("plan_id", "kind", "system", "target")))
    part = intent.c.puts_back & exists().where(same, ~rest.c.puts_back)
    return func.count(case((~part, intent.c.id)))


@prepared
def _of_the_day(kinds: Place, since: Place, systems: Place, every: Place) -> Select[Any]:
    approved = select(plan.c.id).where(plan.c.state == "approved")
    begun = func.coalesce(intent.c.sent_at, intent.c.created_at) > since
    # What was settled just now may have been sent long before: a file that was handed over.
    settled = (intent.c.state == "applied") & (intent.c.settled_at > since) & begun
    # What waits to be sent goes as soon as its side lets it: however old it is, it is part of what happens now.
    # What goes nowhere any more, or waits for a question that nobody could ask, is none.
    goes = intent.c.system.in_(systems) | (every == 1)
    waits = (intent.c.state == "ready") & goes & ~held_by("refused")
    under_way = waits | (intent.c.state.in_(("sent", "unknown")) & begun)
    return select(records()).where(intent.c.kind.in_(kinds), settled | under_way, intent.c.plan_id.not_in(approved))


def count_of_the_day(db: Connection, kinds: Sequence[str], now: datetime, *, systems: Iterable[str] | None = None) -> int:
    """How many writes of these kinds were sent within 24 hours, or are about to be; approved plans not counted.

    ``systems``: those that anything goes to; None where all of them meet in one CRM.
    """
    where = {"systems": list(systems or ()), "every": int(systems is None)}
    return int(_of_the_day(db, kinds=kinds, since=stamp(now - timedelta(days=1)), **where).scalar_one())


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
    ``puts_back``: it overwrites what somebody has typed and is asked about; it goes after every question about that person, and
    after the other changes of that record.
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
