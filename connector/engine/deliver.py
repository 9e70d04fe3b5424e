"""Send what is ready and settle each write by its own outcome.

``sent`` is committed before the wire is touched; whatever a dead process left in that state is ``unknown``. A create is
repeated (its key is unique on the other side), an update is looked at first, a note is put again under its key. What is
handed over to people or programs of a side (files) stays ``unknown`` until a reading shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from connector.core.model import Side
from connector.core.retry import LONGEST
from connector.engine import patience
from connector.engine.context import Context, log, requests_side
from connector.engine.doubt import before, look, moved_meanwhile, never_arrived, outdated, perhaps_ours
from connector.engine.drafts import FIELD_WRITES
from connector.engine.halting import AUDIT, halts, set_halt, stop, stopped
from connector.engine.keeping import keep, park
from connector.engine.merged import survivor_of
from connector.engine.settling import NOT_CREATED, NOT_THERE_YET, SAYS_NOTHING, VALUES, Delivered, settle
from connector.errors import BridgeError, Halt, Later, Refused, Unknown
from connector.ports import (
    HANDED_OVER,
    NOT_NOW,
    POISON,
    THROTTLED,
    Acknowledgement,
    CrmCreate,
    CrmUpdate,
    Feed,
    Note,
    Outcome,
    PersonUpdate,
    Record,
    Status,
)
from connector.store import intents, journal, links, observations, sending, suggestions
from connector.store.store import Row, get_meta, unpack

_BATCH = 200
CREATES = (("profile.create",), ("suggestion.create", "proposal.create", "review.create"), ("request.create",))
UPDATES = ("profile.update", "suggestion.update", "review.update", "request.update", "task.update")
_ROUNDS = 10_000
"""More batches than any plan has: a loop that does not end is our own bug and must not run for ever."""


def recover(ctx: Context) -> int:
    """At start: what a dead process left in flight is unknown, and what a clock that was ahead has put off is due."""
    now = ctx.clock.now()
    with ctx.store.begin() as db:
        found = sending.recover(db)
        sending.hasten(db, now, latest=now + timedelta(seconds=LONGEST), patient=(HANDED_OVER, NOT_NOW))
    if found:
        log.warning("intents.recovered", count=found)
    return found


def deliver(
    ctx: Context, *, without: frozenset[str] = frozenset(), into: Delivered | None = None, judged: bool = True
) -> Delivered:
    """Send everything that is due, each side until it stops us. ``without``: sides that are down or halted.

    The answer is ``into``, if given: who holds it can see how far it is. Unless everybody is ``judged``, values of those who are
    not yet stay here: what was read of them since (a death, a withdrawn consent) may forbid what was decided before.
    """
    done = into or Delivered()
    unjudged = () if judged else FIELD_WRITES
    with ctx.store.begin() as db:
        due = sending.due(db, ctx.clock.now(), unjudged=unjudged)
        if due and not _recordable(ctx, db):
            return done
    for side, system, kinds in _in_turn(ctx):
        if side not in without and any(kind in kinds and system in (None, of) for kind, of in due):
            _drain(ctx, done, side, system, kinds, unjudged)
    return done


def _recordable(ctx: Context, db: Connection) -> bool:
    """Whether what we write can be recorded: without a whole audit nothing is written."""
    if not journal.ends_as_written(db):
        reason = "its last entry is not the one that was written last: rows were removed or changed past the bridge"
        remedy = "keep a copy of the state and compare it with a backup; `alumni-bridge resume audit` goes on from here"
        set_halt(ctx, db, AUDIT, reason, remedy)
    return AUDIT not in halts(db)


def _in_turn(ctx: Context) -> Iterator[tuple[str, str | None, Sequence[str]]]:
    """The sides, each with its career system, and what goes to each of them, in the order in which it goes."""
    for kinds in (*CREATES, UPDATES):
        yield "crm", None, kinds
    for system in ctx.careers:
        yield system, system, ("career.update",)
        yield requests_side(ctx, system), system, ("career.acknowledge",)
        yield system, system, ("career.note",)


def _drain(ctx: Context, done: Delivered, side: str, system: str | None, kinds: Sequence[str], unjudged: Sequence[str]) -> None:
    for _ in range(_ROUNDS):
        if side in done.stopped:
            return
        with ctx.store.begin() as db:
            if stopped(db):
                return
            rows = sending.take(db, kinds, system, ctx.clock.now(), limit=_at_once(ctx, system, kinds), unjudged=unjudged)
            prepared = [(row, unpack(row["payload"])) for row in rows]
            _complete_all(db, prepared)
        if not rows:
            return
        _send_and_settle(ctx, done, side, prepared)
        ctx.progress(f"writing to {side}", done.applied, None)


def _at_once(ctx: Context, system: str | None, kinds: Sequence[str]) -> int:
    """How many writes go in one batch: a system that takes files wants all changed accounts in one."""
    return ctx.careers[system].capabilities.per_delivery if system and "career.update" in kinds else _BATCH


def _complete_all(db: Connection, prepared: Sequence[tuple[Row, dict[str, Any]]]) -> None:
    """Fill in what was not known when the writes were planned: our record's id there, the newest version we read."""
    by_system: dict[str, list[str]] = {}
    for row, _ in prepared:
        if row["kind"] in ("suggestion.create", "proposal.create", "career.update"):
            by_system.setdefault(row["system"], []).append(row["target"])
    known = {
        system: _Known(
            links=links.by_account(db, system, targets),
            people=observations.load(db, Side.CAREER, "person", targets, system=system),
        )
        for system, targets in by_system.items()
    }
    for row, payload in prepared:
        _complete(db, row, payload, known.get(row["system"], _Known()))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """The links and observations of some accounts of one system, by account id."""

    links: Mapping[str, Row] = field(default_factory=dict)
    people: Mapping[str, Row] = field(default_factory=dict)


def _complete(db: Connection, row: Row, payload: dict[str, Any], known: _Known) -> None:
    link = known.links.get(row["target"])
    match row["kind"]:
        case "suggestion.create" | "proposal.create":
            payload["fields"]["Career_Profile__c"] = link["profile_id"] if link else None
            if link is not None and row["kind"] == "suggestion.create":
                _follow_merge(db, payload["fields"], link["contact_id"])
            _give_to_stewards(db, payload)
        case "review.create":
            _give_to_stewards(db, payload)
        case "suggestion.update" if "id" not in payload:
            asked = suggestions.by_key(db, [row["key"]]).get(row["key"])
            payload["id"] = asked["crm_id"] if asked else None
            create = intents.last_with_key(db, "suggestion.create", row["key"]) if payload["id"] is None else None
            payload["unmade"] = create is not None and create["state"] == "refused"
        case "career.update":
            payload["unjudged"] = link is not None and link["marked"]
            if row["target"] in known.people:
                payload["known"] = known.people[row["target"]]["fields"]
            if link is not None and not link["marked"] and row["target"] in known.people:
                # Nothing was read since the decision but our own write: its version is the one to build on.
                payload["version"] = known.people[row["target"]]["version"]
        case _:
            pass


def _follow_merge(db: Connection, fields: dict[str, Any], contact_id: str | None) -> None:
    """The contact may have been merged away while the question waited.

    A link that leads to somebody else for another reason takes no question with it.
    """
    asked_about = fields["Contact__c"]
    if contact_id is not None and contact_id != asked_about:
        contact = observations.load(db, Side.CRM, Feed.CONTACT, [asked_about]).get(asked_about)
        if contact is not None and survivor_of(db, contact) == contact_id:
            fields["Contact__c"] = contact_id


def _give_to_stewards(db: Connection, payload: dict[str, Any]) -> None:
    owner = get_meta(db, "stewards")
    if owner is not None:
        payload["fields"]["OwnerId"] = owner


def _send_and_settle(ctx: Context, done: Delivered, side: str, prepared: Sequence[tuple[Row, dict[str, Any]]]) -> None:
    doubtful: list[tuple[Row, dict[str, Any]]] = []
    sure: list[tuple[Row, dict[str, Any]]] = []
    for row, payload in prepared:
        doubt = row["state"] == "unknown" and row["kind"] in VALUES
        again = never_arrived(ctx, row) and not outdated(ctx, row, payload)
        (doubtful if doubt and not again else sure).append((row, payload))
    try:
        # First what is sure: that one account cannot be looked at holds up nobody else, least of all a restriction.
        sent = _send(ctx, sure)
    except (Later, Halt, Refused, Unknown) as error:
        outcomes = [_whole(error)] * len(prepared)
        _leave(ctx, done, side, error)
    else:
        try:
            outcomes = look(ctx, doubtful) + sent
        except (Later, Halt, Refused, Unknown) as error:
            outcomes = [_whole(error)] * len(doubtful) + sent
            _leave(ctx, done, side, error)
    pairs = [*doubtful, *sure]
    moved: Mapping[tuple[str, str], Record] | None = None
    try:
        moved = moved_meanwhile(ctx, pairs, outcomes)
    except (Later, Halt, Refused) as error:
        # What was answered is written down all the same.
        _leave(ctx, done, side, error)
    outcomes = [perhaps_ours(pair, outcome, moved) for pair, outcome in zip(pairs, outcomes, strict=True)]
    with ctx.store.begin() as db:
        settle(ctx, db, pairs, outcomes, done)
    if moved:
        with ctx.store.begin() as db:
            # A batch goes to one system.
            system = pairs[0][0]["system"]
            keep(ctx, db, Side.CAREER, system, "person", [record for record in moved.values() if record.kind != POISON])
            park(ctx, db, system, [record for record in moved.values() if record.kind == POISON])
    # What is about one record (a full storage, say) leaves the side free for others; this is about all that we ask.
    throttled = [outcome for outcome in outcomes if outcome.code == THROTTLED]
    if throttled:
        patience.keep(ctx, side, throttled[-1])
    # Where a side settles nothing of a whole batch, it is not asked again in this cycle.
    asked = [outcome for outcome in outcomes if outcome.code not in SAYS_NOTHING]
    if asked and all(outcome.status in (Status.LATER, Status.UNKNOWN) for outcome in asked):
        done.stopped.setdefault(side, asked[0].code or asked[0].detail)


def _leave(ctx: Context, done: Delivered, side: str, error: BridgeError) -> None:
    """A side that cannot go on is not asked again in this cycle."""
    done.stopped[side] = str(error)
    log.warning("side.stopped", side=side, error=type(error).__name__, code=getattr(error, "code", ""))
    if isinstance(error, Halt | Refused):
        stop(ctx, side, error)
    if isinstance(error, Later) and error.code == THROTTLED:
        patience.keep(ctx, side, error)


def _whole(error: Exception) -> Outcome:
    code = getattr(error, "code", type(error).__name__)
    status = Status.UNKNOWN if isinstance(error, Unknown) else Status.LATER
    return Outcome(status=status, code=code, detail=str(error), retry_after=getattr(error, "retry_after", None))


def _send(ctx: Context, pairs: Sequence[tuple[Row, dict[str, Any]]]) -> list[Outcome]:
    if not pairs:
        return []
    kind, system = pairs[0][0]["kind"], pairs[0][0]["system"]
    match kind:
        case "career.update":
            return list(ctx.careers[system].update([_person_update(ctx, row, sent) for row, sent in pairs]))
        case "career.note":
            return list(ctx.careers[system].note([Note(**sent) for _, sent in pairs]))
        case "career.acknowledge":
            return list(ctx.careers[system].acknowledge([Acknowledgement(**sent, key=_own_key(row)) for row, sent in pairs]))
        case _ if kind.endswith(".create"):
            if any(row["state"] == "unknown" for row, _ in pairs):
                # To insert again is safe only as long as the org refuses a key that is there already.
                ctx.crm.check(ctx.persons.contact_fields(), ctx.persons.profile_fields())
            return list(ctx.crm.create([_create(row, sent) for row, sent in pairs]))
        case _:
            return _update(ctx, pairs)


def _person_update(ctx: Context, row: Row, sent: Mapping[str, Any]) -> PersonUpdate:
    was = {name: value for name, value in before(row).items() if name in sent["fields"]}
    known = unpack(sent["known"]) if "known" in sent and not ctx.careers[row["system"]].capabilities.lookup else {}
    return PersonUpdate(
        id=row["target"], version=sent["version"], fields=sent["fields"], before=was, known=known, key=_own_key(row)
    )


def _own_key(row: Row) -> str:
    """Numbers begin anew with a lost state, or go on from an older one: a write of another moment is another write."""
    return f"{row['id']} {row['created_at']}"


def _create(row: Row, sent: Mapping[str, Any]) -> CrmCreate:
    return CrmCreate(object=sent["object"], key=row["key"], fields=sent["fields"], task=sent.get("task"))


def _update(ctx: Context, pairs: Sequence[tuple[Row, dict[str, Any]]]) -> list[Outcome]:
    """Updates of records that are not there yet wait, or are refused as their creation was; the others go in one call."""
    known = [sent for _, sent in pairs if sent.get("id")]
    rows = [CrmUpdate(object=sent["object"], id=sent["id"], fields=sent["fields"]) for sent in known]
    answers = iter(ctx.crm.update(rows) if rows else ())
    return [next(answers) if sent.get("id") else _NEVER_MADE if sent.get("unmade") else _NOT_YET for _, sent in pairs]


_NOT_YET = Outcome(status=Status.LATER, code=NOT_THERE_YET, detail="the record has not been created yet")
_NEVER_MADE = Outcome(
    status=Status.REFUSED,
    code=NOT_CREATED,
    detail="the record could not be created",
    remedy="see why its creation was refused; try both again once that is mended",
)
