"""What the outcome of a write changes locally: the base moves here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from connector.core.merge import Row as Law
from connector.core.merge import Verdict, acknowledge
from connector.core.model import OutsideEdit, Side
from connector.core.retry import LONGEST, next_attempt
from connector.core.rulebook import pick, placed
from connector.engine.context import Context, log
from connector.engine.doubt import given_up_at, never_arrived
from connector.engine.keeping import keep, note_accounts
from connector.engine.readings import moved_by, still_means, written
from connector.engine.unasking import ask_anew
from connector.engine.working_set import WorkingSet
from connector.ports import HANDED_OVER, NO_RECORD, NOT_NOW, TAKEN, UNREADABLE, Feed, Outcome, Record, Status
from connector.store import intents, journal, links, observations, requests, reviews, sending, suggestions
from connector.store.intents import VALUES_ASKED
from connector.store.links import BLANK, UnitState, reading_of
from connector.store.store import Row, pack, stamp, unpack

VALUES = ("career.update", "profile.update")
"""Updates of field values: looked at before they are repeated, and tried unit by unit where they are refused."""

NOT_THERE_YET = "NOT_THERE_YET"
"""The code of an update whose record has not been created yet; that says nothing about the side."""

NOT_CREATED = "NOT_CREATED"
"""The code of an update whose record could not be created: it has not left, so the audit has nothing to tell of it."""

SAYS_NOTHING = frozenset({NOT_THERE_YET, NOT_CREATED, NOT_NOW, HANDED_OVER, UNREADABLE})
"""Codes of outcomes that say nothing about the side."""

_DELETED = NO_RECORD | {"INVALID_CROSS_REFERENCE_KEY"}
"""The codes of an update of a record of ours, or a Task, that staff have deleted, or that has left the recycle bin."""

_BARE = "bare"
"""What a new profile's intent is marked with that goes without the values of which one was refused."""

_LOOKS, _LOOK_AGAIN = 3, 60.0
"""How often, and how many seconds apart, a taken value is met before it is another record's: what a lost or doubled call of ours
has made may not be shown at once. Asked anew under another key, the same question would stand there twice."""


@dataclass(slots=True, kw_only=True)
class Delivered:
    """Settled writes by kind and state, and for each side that stopped us: why."""

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    stopped: dict[str, str] = field(default_factory=dict)

    def count(self, kind: str, state: str) -> None:
        """One more."""
        states = self.counts.setdefault(kind, {})
        states[state] = states.get(state, 0) + 1

    @property
    def applied(self) -> int:
        """How many writes a side has acknowledged, or shown."""
        return sum(states.get("applied", 0) for states in self.counts.values())


def _prepare_set(db: Connection, pairs: Sequence[tuple[Row, Mapping[str, Any]]]) -> WorkingSet:
    """A working set with what the writes of this batch are going to need."""
    found = WorkingSet(db)
    pairs = [pair for pair in pairs if pair[0]["kind"] in ("career.update", "profile.create", "profile.update")]
    for system in {row["system"] for row, _ in pairs}:
        mine = [(row, payload) for row, payload in pairs if row["system"] == system]
        people = [row["target"] for row, _ in mine if row["kind"] == "career.update"]
        profiles = [payload["id"] for row, payload in mine if row["kind"] == "profile.update"]
        found.prepare(system, [row["target"] for row, _ in mine], people=people, profiles=profiles)
    return found


def settle(
    ctx: Context, db: Connection, pairs: Sequence[tuple[Row, Mapping[str, Any]]], outcomes: Sequence[Outcome], done: Delivered
) -> None:
    """Settle writes that are ``sent`` by their outcomes, and count them. Each row is as it was before that, with its payload."""
    entries, applied = [], dict[str, list[int]]()
    held, waiting = _prepare_set(db, pairs), sending.still_sent(db, [row["id"] for row, _ in pairs])
    for (row, payload), outcome in zip(pairs, outcomes, strict=True):
        if row["id"] not in waiting:
            # The person was forgotten meanwhile: that something was written is told, and nothing of what.
            entries.append(_entry(row, {}, outcome, outcome.status.value))
            continue
        if outcome.status is Status.APPLIED:
            _apply(ctx, db, held, row, payload, outcome)
            applied.setdefault(outcome.code, []).append(row["id"])
            state = "applied"
        else:
            state = _not_applied(ctx, db, row, payload, outcome)
        done.count(row["kind"], state)
        if outcome.code != NOT_CREATED and (outcome.code != row["code"] or outcome.code not in SAYS_NOTHING):
            entries.append(_entry(row, payload, outcome, state))
    held.flush()
    for code, ids in applied.items():
        sending.settle_applied(db, ids, code=code, now=ctx.clock.now())
    journal.append(db, entries, ctx.clock.now())


def _entry(row: Row, payload: Mapping[str, Any], outcome: Outcome, state: str) -> journal.Entry:
    return journal.of_write(row, state, code=outcome.code, attempt=row["attempts"] + 1, sent=payload.get("fields"))


def _not_applied(ctx: Context, db: Connection, row: Row, payload: Mapping[str, Any], outcome: Outcome) -> str:
    now = ctx.clock.now()
    if outcome.code == TAKEN and row["kind"].endswith(".create") and row["attempts"] + 1 < _LOOKS:
        outcome = replace(outcome, status=Status.LATER, retry_after=_LOOK_AGAIN)
    match outcome.status:
        case Status.STALE:
            sending.settle(db, row["id"], state="superseded", now=now, code=outcome.code or "STALE")
            links.mark(db, row["system"], [row["target"]])
            return "superseded"
        case Status.REFUSED if outcome.code in _DELETED and _told_otherwise(row, payload):
            if row["kind"] == "suggestion.update":
                # Staff have deleted the question: what careers have entered since is asked by a new one.
                ask_anew(ctx, db, row)
            sending.settle(db, row["id"], state="superseded", now=now, code=outcome.code, detail=outcome.detail)
            return "superseded"
        case Status.REFUSED:
            if outcome.code not in NO_RECORD | {TAKEN} and _split(ctx, db, row, payload):
                sending.settle(db, row["id"], state="superseded", now=now, code=outcome.code, detail=outcome.detail)
                return "split"
            facts = {"code": outcome.code, "detail": outcome.detail, "remedy": outcome.remedy}
            sending.settle(db, row["id"], state="refused", now=now, **facts)
            if row["kind"] == "request.create":
                # Perhaps it names somebody who is gone by now: it is looked at once more.
                observations.reopen(db, Side.CAREER, "request", row["target"])
                if row["state"] == "unknown":
                    # An earlier try, its answer lost, may have made it: its record is looked at once more.
                    requests.reopen_strays(db)
            log.warning("intent.refused", intent=row["id"], kind=row["kind"], code=outcome.code)
            return "refused"
        case _:
            doubt = outcome.status is Status.UNKNOWN or row["state"] == "unknown"
            state = "unknown" if doubt else "ready"
            due = _due(ctx, row, outcome)
            sending.postpone(db, row["id"], state=state, due=due, code=outcome.code, detail=outcome.detail)
            return "unknown" if state == "unknown" else "later"


def _told_otherwise(row: Row, payload: Mapping[str, Any]) -> bool:
    """Whether what an update tells a record that is gone is told by another question, or once the record is back."""
    asks = row["kind"] == "suggestion.update" and VALUES_ASKED in payload["fields"]
    return asks or row["kind"] in ("request.update", "task.update")


def _due(ctx: Context, row: Row, outcome: Outcome) -> datetime:
    """When to try a write again: its turn comes when its side says so; what was handed over waits to be shown, not for ever."""
    now = ctx.clock.now()
    if outcome.code == HANDED_OVER and row["state"] == "ready":
        return given_up_at(ctx, row, sent_at=now)
    if outcome.code == HANDED_OVER:
        # It lay there already, and what was read before that was known may have shown it.
        return now if never_arrived(ctx, row) else given_up_at(ctx, row)
    if outcome.code == NOT_NOW:
        return now + timedelta(seconds=outcome.retry_after or LONGEST)
    return next_attempt(now, attempts=row["attempts"] + 1, chance=ctx.rng(), retry_after=outcome.retry_after)


def _split(ctx: Context, db: Connection, row: Row, payload: Mapping[str, Any]) -> bool:
    """One unit that a side refuses must not hold back the person's other units: try each alone.

    A new career profile is made without what careers own; that follows, once it is there, as an update of it.
    """
    if row["kind"] not in (*VALUES, "profile.create"):
        return False
    parts = [(settling["sent"], {name: settling}) for name, settling in unpack(row["settle"]).get("units", {}).items()]
    if rest := _of_no_unit(row, payload):
        parts.append((rest, {}))
    if len(parts) < 2:
        return False
    if row["kind"] == "profile.create":
        parts = parts[-1:]
    # What was only known for the sending is looked up again for the next one.
    kept = {name: payload[name] for name in payload.keys() - {"known", "unjudged"}}
    fresh = [
        intents.row(
            plan_id=row["plan_id"],
            kind=row["kind"],
            system=row["system"],
            target=row["target"],
            key=row["key"],
            payload=kept | {"fields": fields},
            now=ctx.clock.now(),
            rules_hash=row["rules_hash"],
            settle_with={"units": settling} | ({_BARE: True} if row["kind"] == "profile.create" else {}),
            weight=row["weight"],
            changes=len(fields),
            puts_back=row["puts_back"],
        )
        | {"state": "ready"}
        for fields, settling in parts
    ]
    intents.plan_writes(db, fresh)
    return True


def _of_no_unit(row: Row, payload: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a write that belong to no unit: of a new career profile what it says of the link."""
    of_units = {name for settling in unpack(row["settle"]).get("units", {}).values() for name in settling["sent"]}
    return {name: value for name, value in payload["fields"].items() if name not in of_units}


def make_bare(db: Connection) -> None:
    """Another mapping is in force: a career profile that was perhaps made is made, if it was not, without what careers own.

    That follows by the mapping of now, once it is there.
    """
    for row in intents.open_writes(db, ["profile.create"]):
        payload = unpack(row["payload"])
        intents.rewrite(db, row["id"], payload | {"fields": _of_no_unit(row, payload)}, {"units": {}, _BARE: True})


def _apply(ctx: Context, db: Connection, held: WorkingSet, row: Row, payload: Mapping[str, Any], outcome: Outcome) -> None:
    """Take up one acknowledged write; bases and observations move when ``held`` is flushed."""
    match row["kind"]:
        case "career.update":
            news = _remember_person(ctx, held, row, payload, outcome)
            _move_bases(ctx, held, row, Side.CAREER, outcome.fields)
            _judge_again(ctx, db, held, row, payload)
            if news is not None:
                held.flush()
                note_accounts(ctx, db, row["system"], keep(ctx, db, Side.CAREER, row["system"], "person", [news]))
        case "profile.create":
            _profile_created(ctx, db, held, row, payload, outcome)
        case "profile.update":
            _remember_profile(ctx, held, payload["id"], payload["fields"])
            _move_bases(ctx, held, row, Side.CRM, None)
            _judge_again(ctx, db, held, row, payload)
        case "suggestion.create" | "proposal.create":
            _suggestion_created(db, held, row, outcome)
        case "review.create":
            reviews.tell(db, row["key"], crm_id=outcome.id)
            # Asked before our state was lost, and perhaps answered since: what was read of it is looked at once more.
            observations.reopen(db, Side.CRM, Feed.REVIEW, str(outcome.id))
        case "request.create":
            _request_created(db, row, outcome)
        case "career.acknowledge":
            told = unpack(row["settle"])["acknowledged"]
            requests.change(db, row["system"], payload["request_id"], acknowledged=told)
        case _:
            pass


def _move_bases(ctx: Context, held: WorkingSet, row: Row, side: Side, answered: Mapping[str, Any] | None) -> None:
    units = unpack(row["settle"])["units"]
    if not units:
        return
    account = row["target"]
    states = held.states(row["system"], account)
    changed: dict[str, UnitState] = {}
    for name, settling in units.items():
        unit = still_means(ctx.rules(row["system"]).known(name), settling)
        if unit is None:
            # The mapping has changed since: it says nothing about the unit as it is now. Nobody guesses.
            continue
        crm, career = (reading_of(*packed) if packed else None for packed in (settling["crm"], settling["career"]))
        try:
            now_there = written(unit, side, settling["sent"], answered)
        except ValueError:
            # The same with a transform that cannot read what went out under another one.
            continue
        verdict = Verdict(row=Law.OWNER_MOVED, write=side, forget_base=settling["forget"])
        base = acknowledge(verdict=verdict, crm=crm or now_there, career=career or now_there, written=now_there)
        state = states.get(name, BLANK)
        # An edit that was put back is over: the next one is told to its editor, too.
        noted = None if state.memory.noted == "restored" else state.memory.noted
        changed[name] = replace(state, base=base, memory=replace(state.memory, supplied=None, noted=noted))
    held.put_states(row["system"], account, changed)


def _judge_again(ctx: Context, db: Connection, held: WorkingSet, row: Row, payload: Mapping[str, Any]) -> None:
    """Whose restrictions our own write has moved is looked at once more: what may be shared is perhaps another thing now.

    So is of whom a question was withdrawn as sharing ended: both sides agree again, and it is asked anew.
    """
    moved = moved_by(ctx.rules(row["system"]), unpack(row["settle"]), payload)
    states = held.states(row["system"], row["target"])
    asks = any(states.get(unit.name, BLANK).memory.suspended is not None for unit in moved)
    if asks or any(unit.other_office_edit is OutsideEdit.OPT_OUT_WINS for unit in moved):
        links.mark(db, row["system"], [row["target"]])


def _remember_person(ctx: Context, held: WorkingSet, row: Row, payload: Mapping[str, Any], outcome: Outcome) -> Record | None:
    """What we wrote is known: it is no edit when it is read again. The answer: the account, if it holds news beside that."""
    seen = held.observation(Side.CAREER, row["system"], "person", row["target"])
    if seen is None:
        return None
    before, version = unpack(seen["fields"]), outcome.version or seen["version"]
    expected = placed(before, payload["fields"])
    there = outcome.fields if outcome.fields is not None else expected
    paths = {rule.career for unit in ctx.rules(row["system"]).units for rule in unit.fields} - payload["fields"].keys()
    news = any(pick(before, path) != pick(there, path) for path in paths)
    held.keep(dict(seen) | {"fields": pack(expected if news else there), "version": version})
    return Record(kind="person", id=row["target"], version=version, fields=there) if news else None


def _profile_created(
    ctx: Context, db: Connection, held: WorkingSet, row: Row, payload: Mapping[str, Any], outcome: Outcome
) -> None:
    account = row["target"]
    links.change(db, row["system"], account, profile_id=outcome.id)
    if outcome.already_there:
        # Somebody made it before us (we, before our state was lost): read what it holds instead of assuming.
        links.mark(db, row["system"], [account])
        if outcome.fields:
            held.flush()
            record = Record(kind=Feed.PROFILE, id=str(outcome.id), version=outcome.version or "", fields=outcome.fields)
            keep(ctx, db, Side.CRM, "", Feed.PROFILE, [record])
        return
    if unpack(row["settle"]).get(_BARE):
        links.mark(db, row["system"], [account])
    _remember_profile(ctx, held, str(outcome.id), dict(payload["fields"]))
    _move_bases(ctx, held, row, Side.CRM, None)


def _remember_profile(ctx: Context, held: WorkingSet, id: str, sent: Mapping[str, Any]) -> None:
    known = held.observation(Side.CRM, "", Feed.PROFILE, id)
    fields = dict(unpack(known["fields"])) if known else _blank_profile(ctx)
    head = {"side": "crm", "system": "", "kind": str(Feed.PROFILE), "id": id, "version": "", "edits": None}
    rest = {"evidence": None, "deleted": False, "merged_into": None, "pending": False, "sweep": None}
    seen = {"seen_at": stamp(ctx.clock.now()), "seen_before": None, "parent": sent.get("Contact__c")}
    row = dict(known) if known else head | rest | seen
    held.keep(row | {"fields": pack(fields | dict(sent))})


def _blank_profile(ctx: Context) -> dict[str, Any]:
    flags = {unit.opt_out_to for rules in ctx.persons.every() for unit in rules.units if unit.opt_out_to}
    return {name: False if name in flags else None for name in ctx.persons.profile_fields()}


def _suggestion_created(db: Connection, held: WorkingSet, row: Row, outcome: Outcome) -> None:
    known = suggestions.by_key(db, [row["key"]]).get(row["key"])
    suggestions.change(db, row["key"], crm_id=outcome.id)
    intents.ready_again(db, row["key"], NOT_CREATED)
    if known is not None and known["crm_id"] == outcome.id:
        return  # it was read, and taken up, while this create still waited
    if outcome.already_there:
        # It may have been decided while we did not know that it was there.
        observations.reopen(db, Side.CRM, Feed.SUGGESTION, str(outcome.id))
    there = (outcome.fields or {}).get("State__c", "Open")
    if not outcome.already_there or there == "Open":
        return
    # The key belongs to an older question, asked before our state was lost: ask again under the next episode.
    log.info("suggestion.key_taken", key=row["key"])
    if known is None:
        return
    suggestions.change(db, row["key"], state="withdrawn", told="withdrawn")
    account, system = row["target"], row["system"]
    state = held.states(system, account).get(known["unit"], BLANK)
    held.put_states(system, account, {known["unit"]: replace(state, memory=replace(state.memory, open=None))})
    # What was to be put back because it was asked about is not asked about yet.
    intents.supersede(db, system, [account], ["career.update"])
    links.mark(db, system, [account])


def _request_created(db: Connection, row: Row, outcome: Outcome) -> None:
    known = requests.by_key(db, [row["key"]]).get(row["key"])
    if known is not None:
        task = (outcome.fields or {}).get("task_id")
        requests.change(db, known["system"], known["request_id"], crm_id=outcome.id, task_id=task)
        if outcome.already_there:
            # Known to Salesforce before our state was lost: what stands there counts, not what we have just thought anew.
            requests.change(db, known["system"], known["request_id"], reason=requests.RECOVERED)
            intents.supersede(db, known["system"], [known["request_id"]], ["career.acknowledge"])
        # What was read about it before its id was known could not be told apart; look again.
        observations.reopen(db, Side.CRM, Feed.REQUEST, str(outcome.id))
