"""The station for career requests: each becomes one record and at most one Task; what becomes of it is told to careers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from connector.core.model import Side
from connector.core.progress import Neutral, RequestState, neutral_word, progress
from connector.core.requests import Ask, Misunderstood
from connector.core.routing import PersonFacts, Routed, route
from connector.engine.asked import (
    asked_now,
    columns_of,
    find_person,
    past_of,
    read_moment,
    understood_now,
    whole_number,
    words_of,
)
from connector.engine.context import Context, key_of, log, stage
from connector.engine.halting import REQUESTS, set_halt
from connector.ports import Directory, Feed
from connector.store import intents, links, observations, plans, requests
from connector.store.store import Row, next_name, pack, stamp, unpack

_BATCH = 200
_NOISE = ("etag", "updated_at")
"""What changes about a request without changing the request."""

REDACTED_MESSAGE = "What looked like a password or key was left out; tell it, if you must, in another way."
_NEVER_STORED = (RequestState.REFUSED,)


_PLANS = "requests"
"""How the names of plans of requests begin."""


@dataclass(slots=True, kw_only=True)
class Routing:
    """What one pass over the requests did."""

    received: int = 0
    tasks: int = 0
    changed: int = 0
    states: dict[str, int] = field(default_factory=dict)


def work_requests(ctx: Context) -> Routing:
    """Take up new and changed requests, then what became of their Tasks. Nothing before the installation is live."""
    done = Routing()
    with ctx.store.begin() as db:
        live = stage(db).live
        waiting = any(observations.pending(db, Side.CAREER, "request", system=name, limit=1) for name in ctx.careers)
        moved = any(observations.pending(db, Side.CRM, feed, limit=1) for feed in (Feed.TASK, Feed.REQUEST))
        left = plans.unfinished(db, _PLANS)
    if not live or not (waiting or moved or left):
        return done
    desk = _Desk(ctx, ctx.crm.directory(), done)
    for system in ctx.careers:
        _take_up(ctx, desk, system)
    _follow(ctx, desk)
    desk.release()
    return done


def _take_up(ctx: Context, desk: _Desk, system: str) -> None:
    while True:
        with ctx.store.begin() as db:
            rows = observations.pending(db, Side.CAREER, "request", system=system, limit=_BATCH)
            if not rows:
                return
            desk.begin(db)
            taken = [row["id"] for row in rows if desk.receive(system, row)]
            observations.looked_at(db, Side.CAREER, "request", taken, system=system)
            desk.shelve()
            if len(taken) < len(rows):
                return


def _follow(ctx: Context, desk: _Desk) -> None:
    for feed in (Feed.REQUEST, Feed.TASK):
        while True:
            with ctx.store.begin() as db:
                rows = observations.pending(db, Side.CRM, feed, limit=_BATCH)
                if not rows:
                    break
                desk.begin(db)
                if feed is Feed.REQUEST:
                    _claim(db, rows)
                by_record = {row["parent"] if feed is Feed.TASK else row["id"]: row for row in rows}
                for known in requests.by_crm_id(db, [id for id in by_record if id]).values():
                    desk.follow(known)
                observations.looked_at(db, Side.CRM, feed, [row["id"] for row in rows])
                desk.shelve()


def _claim(db: Connection, rows: Sequence[Row]) -> None:
    """Records of requests that we would not write now: their type is confidential, or understood no more, and our state was lost.

    What stands in Salesforce counts: its Task is worked on, and careers are told how it ends.
    """
    claimed = requests.by_crm_id(db, [row["id"] for row in rows])
    strays = {unpack(row["fields"]).get("Key__c"): row["id"] for row in rows if row["id"] not in claimed and not row["deleted"]}
    for key, known in requests.by_key(db, [key for key in strays if key]).items():
        if known["crm_id"] is None and intents.last_with_key(db, "request.create", key) is None:
            task = next(iter(observations.children(db, Feed.TASK, [strays[key]])), None)
            found = {"crm_id": strays[key], "task_id": task["id"] if task else None, "reason": requests.RECOVERED}
            requests.change(db, known["system"], known["request_id"], **found)


class _Desk:
    """One pass over the requests: the directory is asked once, each batch has its own transaction and plan."""

    def __init__(self, ctx: Context, directory: Directory, done: Routing) -> None:
        self._ctx, self._directory, self._done = ctx, directory, done
        self._rows: list[dict[str, Any]] = []
        self._db: Connection
        self._plan_id = ""

    def begin(self, db: Connection) -> None:
        """A new batch in this transaction."""
        self._db, self._rows = db, []

    def shelve(self) -> None:
        """Put the batch's writes on the shelf, all batches of a pass under one plan."""
        if not self._rows:
            return
        self._open_plan(self._db)
        intents.plan_writes(self._db, [row | {"plan_id": self._plan_id} for row in self._rows])

    def _open_plan(self, db: Connection) -> None:
        """One plan for the pass, to which belongs what a dead process had planned."""
        if not self._plan_id:
            self._plan_id = next_name(db, _PLANS)
            plan = {"id": self._plan_id, "at": stamp(self._ctx.clock.now()), "state": "open", "digest": "", "facts": "{}"}
            plans.put(db, plan | {"rules_hash": self._ctx.rules_hash})
            plans.carry_over(db, self._plan_id)

    def release(self) -> None:
        """Let the pass's writes go; too many new Tasks at once wait for a person."""
        ctx = self._ctx
        with ctx.store.begin() as db:
            if not self._plan_id and not plans.unfinished(db, _PLANS):
                return
            self._open_plan(db)
            _, tasks, _ = plans.totals(db, self._plan_id).get("request.create", (0, 0, 0))
            limit = ctx.person.brakes[Side.CRM].max_changes
            recent = intents.applied_last_day(db, ["request.create"], ctx.clock.now())
            digest = plans.digest(db, self._plan_id)
            plans.finish(db, self._plan_id, digest=digest, facts=pack({"tasks": tasks}))
            if tasks == 0 or recent + tasks <= limit:
                plans.release(db, self._plan_id, state="ready")
                return
            plans.brake(db, self._plan_id)
            reason = f"{recent + tasks} new requests within 24 hours; the limit is {limit} (brakes.to_crm.max_changes)"
            remedy = f"look at them with `alumni-bridge requests`, then `alumni-bridge resume --plan {digest[:12]}`"
            set_halt(ctx, db, REQUESTS, reason, remedy, plan_id=self._plan_id)

    def receive(self, system: str, row: Row) -> bool:
        """A request that is new to us, or that careers have changed. False: not yet, its record is still on the way."""
        digest = sha256(pack(_asked(row)).encode()).hexdigest()
        known = requests.get(self._db, system, row["id"])
        understood = understood_now(self._ctx, row)
        unmade = self._unmade(known)
        same = known is not None and known["payload_hash"] == digest and not row["deleted"]
        if same and unmade is None:
            return True
        # What was given up when the mapping changed is routed by the one of now, as if it had just come.
        given_up = unmade is not None and unmade["state"] == "superseded"
        if known is None or known["reason"] == "misunderstood" or given_up:
            self._open(system, row["id"], understood, digest, known)
            return True
        if unmade is not None:
            self._try_again(system, row["id"], understood, digest, known, unmade)
            return True
        if known["crm_id"] is None and known["settled_at"] is None:
            return False
        if understood.withdrawn:
            self._withdraw(known)
        elif isinstance(understood, Ask):
            self._edit(known, understood, digest)
        return True

    def _unmade(self, known: Row | None) -> Row | None:
        """The write of a request's record that Salesforce would not have, or that was given up before it was made."""
        if known is None or known["crm_id"] is not None:
            return None
        create = intents.last_with_key(self._db, "request.create", known["key"])
        return create if create is not None and create["state"] in ("refused", "superseded") else None

    def _try_again(self, system: str, id: str, understood: Ask | Misunderstood, digest: str, known: Row, refused: Row) -> None:
        """Salesforce would not have it as it was: what careers have changed since, or whom it now refers to, is another try."""
        before = list(self._rows)
        self._open(system, id, understood, digest, known)
        fresh = [row for row in self._rows if row["kind"] == "request.create" and row not in before]
        if digest == known["payload_hash"] and [_references(row) for row in fresh] == [_references(refused)]:
            # The same again: only what careers are told of it is due all the same.
            self._rows = [row for row in self._rows if row not in fresh]
        else:
            intents.supersede(self._db, system, [id], ["request.create"])

    def _open(self, system: str, id: str, understood: Ask | Misunderstood, digest: str, known: Row | None) -> None:
        now = self._ctx.clock.now()
        key = key_of("request", system, id)
        number = f"R-{key[:8].upper()}"
        head: dict[str, Any] = {"key": key, "payload_hash": digest, "number": number, "received_at": stamp(now)}
        blank = {"contact_id": None, "account_id": None, "owner_id": None, "crm_id": None, "task_id": None}
        blank |= {"acknowledged": None, "offered": None, "asked": None, "outcome": None, "settled_at": None}
        if isinstance(understood, Misunderstood):
            columns = self._misunderstood(understood, now)
        else:
            columns = self._route(system, understood, key, number, now)
        self._done.received += known is None
        self._done.states[columns["state"]] = self._done.states.get(columns["state"], 0) + 1
        if known is None:
            requests.put(self._db, head | blank | columns | {"system": system, "request_id": id})
        else:
            requests.change(self._db, system, id, **(columns | {"payload_hash": digest}))
        if known is None and RequestState(columns["state"]) in _NEVER_STORED:
            requests.reopen_strays(self._db)
        self.acknowledge(requests.get(self._db, system, id))
        log.info("request.received", system=system, request=id, state=columns["state"])

    def _misunderstood(self, understood: Misunderstood, now: datetime) -> dict[str, Any]:
        return {
            "type": understood.type.code if understood.type else "",
            "state": RequestState.REFUSED.value,
            "neutral": Neutral.REFUSED.value,
            "reason": "misunderstood",
            "message": understood.message,
            "settled_at": stamp(now),
        }

    def _route(self, system: str, ask: Ask, key: str, number: str, now: datetime) -> dict[str, Any]:
        person = find_person(self._ctx, self._db, system, ask)
        contact = person.contact_id if isinstance(person, PersonFacts) else None
        routed = route(
            ask,
            person=person,
            rules=self._ctx.requests,
            routing=self._ctx.routing,
            officers=self._directory.officers,
            past=past_of(self._ctx, self._db, contact, ask, key) if contact else (),
            start_at=self._ctx.start_at,
            now=now,
        )
        if routed.state not in _NEVER_STORED:
            self._create(system, ask, routed, key, number, contact, now)
        if routed.task is not None and contact is not None and not routed.stop_reason:
            requests.put_touch(self._db, key, contact_id=contact, at=stamp(now), type=ask.type.code)
        else:
            requests.untouch(self._db, key)
        return {
            "type": ask.type.code,
            "state": routed.state.value,
            "neutral": routed.neutral.value,
            "reason": routed.stop_reason[:80] or None,
            "message": f"{routed.message} {REDACTED_MESSAGE}".strip() if ask.redacted else routed.message,
            "contact_id": contact,
            "account_id": ask.person_id,
            "owner_id": routed.owner_id,
            "asked": ask.count,
            "settled_at": stamp(now) if routed.task is None else None,
        }

    def _create(self, system: str, ask: Ask, routed: Routed, key: str, number: str, contact: str | None, now: datetime) -> None:
        fields = {
            name: value
            for name, value in columns_of(system, ask, routed, number=number, contact=contact, now=now).items()
            if value is not None
        }
        link = links.by_account(self._db, system, [ask.person_id]).get(ask.person_id) if ask.person_id else None
        fields["Career_Profile__c"] = link["profile_id"] if link and contact else None
        payload: dict[str, Any] = {"object": Feed.REQUEST, "fields": fields}
        if routed.task is not None:
            payload["task"] = dict(routed.task) | {"Status": self._directory.open_status}
            self._done.tasks += 1
        self._plan("request.create", system, ask.id, payload, key=key, changes=int(routed.task is not None))

    def _edit(self, known: Row, ask: Ask, digest: str) -> None:
        """What careers change about an ask reaches its record; the Task is the officer's and stays as it is.

        Of a kind that has become confidential since nothing more is written, and nothing taken away from what staff work on.
        """
        system, id = known["system"], known["request_id"]
        requests.change(self._db, system, id, payload_hash=digest)
        if ask.type.confidential:
            return
        self._done.changed += 1
        if known["crm_id"] and known["settled_at"] is None:
            payload = {"object": Feed.REQUEST, "id": known["crm_id"], "fields": words_of(system, ask)}
            self._plan("request.update", system, id, payload)

    def _withdraw(self, known: Row) -> None:
        if known["state"] == RequestState.WITHDRAWN.value:
            return
        now, system, id = self._ctx.clock.now(), known["system"], known["request_id"]
        state = RequestState.WITHDRAWN
        self._done.changed += 1
        requests.change(
            self._db, system, id, state=state.value, neutral=neutral_word(state).value, message="", settled_at=stamp(now)
        )
        if RequestState(known["state"]) in _NOT_BEGUN:
            requests.untouch(self._db, known["key"])
        if known["crm_id"]:
            self._tell_crm(known, state, neutral_word(state))
        self._close_task(known)
        self.acknowledge(requests.get(self._db, system, id))

    def _close_task(self, known: Row) -> None:
        if known["task_id"] is None:
            return
        seen = observations.load(self._db, Side.CRM, Feed.TASK, [known["task_id"]]).get(known["task_id"])
        closed = self._directory.closed_statuses
        if seen is None or not (seen["deleted"] or unpack(seen["fields"]).get("Status") in closed):
            payload = {"object": Feed.TASK, "id": known["task_id"], "fields": {"Status": closed[0]}}
            self._plan_once("task.update", known, payload)

    def follow(self, known: Row) -> None:
        """Its Task or its record moved in Salesforce: what does that mean for careers?"""
        record = observations.load(self._db, Side.CRM, Feed.REQUEST, [known["crm_id"]]).get(known["crm_id"])
        task = observations.load(self._db, Side.CRM, Feed.TASK, [known["task_id"]]) if known["task_id"] else {}
        seen = task.get(known["task_id"])
        if known["task_id"] is not None and seen is None:
            return
        fields = unpack(record["fields"]) if record else {}
        if known["reason"] == requests.RECOVERED and fields.get("State__c"):
            known = self._recover(known, fields)
        live = seen is not None and not seen["deleted"]
        offered = whole_number(fields.get("Offered_Count__c"))
        state, neutral = progress(
            state=_standing(known),
            status=unpack(seen["fields"]).get("Status") if live and seen else None,
            open_status=self._directory.open_status,
            closed_statuses=self._directory.closed_statuses,
            result=fields.get("Outcome__c"),
            clearance=fields.get("Clearance__c"),
            offered=offered,
            withdrawn=known["state"] == RequestState.WITHDRAWN.value,
        )
        self._moved(known, state, neutral, offered, fields)

    def _recover(self, known: Row, fields: Mapping[str, Any]) -> Row:
        """Take up what Salesforce has kept of a request while our state was lost, or while its Task lay in the bin."""
        system, id = known["system"], known["request_id"]
        stands = (fields["State__c"], fields.get("Neutral__c") or known["neutral"])
        asks = asked_now(self._ctx, self._db, known)
        if known["state"] == RequestState.WITHDRAWN.value or (asks is not None and asks.withdrawn):
            # Careers have taken it back since: that stands, whatever the record says yet, and whatever Task it has.
            stands = (RequestState.WITHDRAWN.value, Neutral.WITHDRAWN.value)
            self._close_task(known)
        # The words for careers are kept nowhere but here: those that we have just found for the same state are the same.
        message = known["message"] if stands == (known["state"], known["neutral"]) else ""
        columns = {"state": stands[0], "neutral": stands[1], "reason": (fields.get("Stop_Reason__c") or "")[:80] or None}
        columns["settled_at"] = self._settled(known, RequestState(stands[0]))
        requests.change(self._db, system, id, **columns, message=message, outcome=fields.get("Outcome__c"))
        self._recount(known, RequestState(stands[0]), fields)
        found = requests.get(self._db, system, id) or known
        self.acknowledge(found)
        self._reword(found, fields)
        return found

    def _recount(self, known: Row, stands: RequestState, fields: Mapping[str, Any]) -> None:
        """Whether and when somebody was asked is what Salesforce says: routed by what is known today it may look otherwise."""
        contact, received = fields.get("Contact__c"), read_moment(fields.get("Received_At__c"))
        withdrawn = stands is RequestState.WITHDRAWN and RequestState(fields["State__c"]) in _NOT_BEGUN
        if known["task_id"] and contact and received and not (fields.get("Stop_Reason__c") or withdrawn):
            requests.put_touch(self._db, known["key"], contact_id=contact, at=stamp(received), type=known["type"])
        else:
            requests.untouch(self._db, known["key"])

    def _settled(self, known: Row, state: RequestState) -> str | None:
        """Since when a request that is now in a state is over; None as long as it is not."""
        return (known["settled_at"] or stamp(self._ctx.clock.now())) if state in _ENDED else None

    def _reword(self, known: Row, fields: Mapping[str, Any]) -> None:
        """What careers have changed about it while its record was not followed reaches that record.

        Our state was lost then, or it was over and is under way again.
        """
        system, ask = known["system"], asked_now(self._ctx, self._db, known)
        # Salesforce has no empty texts.
        if isinstance(ask, Ask) and any((fields.get(name) or None) != (to or None) for name, to in words_of(system, ask).items()):
            self._edit(known, ask, known["payload_hash"])

    def _moved(self, known: Row, state: RequestState, neutral: Neutral, offered: int | None, fields: Mapping[str, Any]) -> None:
        outcome = fields.get("Outcome__c")
        now_is = (state.value, neutral.value, offered, outcome)
        if fields and (state.value, neutral.value) != (fields.get("State__c"), fields.get("Neutral__c")):
            self._tell_crm(known, state, neutral)
        if now_is == (known["state"], known["neutral"], known["offered"], known["outcome"]):
            return
        system, id = known["system"], known["request_id"]
        self._done.changed += 1
        requests.change(
            self._db,
            system,
            id,
            state=state.value,
            neutral=neutral.value,
            offered=offered,
            outcome=outcome,
            settled_at=self._settled(known, state),
            message="",
        )
        found = requests.get(self._db, system, id) or known
        self.acknowledge(found)
        if known["settled_at"] is not None and found["settled_at"] is None:
            self._reword(found, fields)
        log.info("request.moved", system=system, request=id, state=state.value)

    def _tell_crm(self, known: Row, state: RequestState, neutral: Neutral) -> None:
        fields = {"State__c": state.value, "Neutral__c": neutral.value}
        payload = {"object": Feed.REQUEST, "id": known["crm_id"], "fields": fields}
        self._plan_once("request.update", known, payload)

    def acknowledge(self, known: Row | None) -> None:
        """Tell careers where their request stands, if that is news."""
        if known is None:
            return
        told = {
            "request_id": known["request_id"],
            "number": known["number"],
            "understood_type": known["type"],
            "state": known["neutral"],
            "message": known["message"],
            "offered": known["offered"],
            "asked": known["asked"],
        }
        digest = key_of(pack(told))
        system, id = known["system"], known["request_id"]
        rows = [row for row in self._rows if (row["kind"], row["system"], row["target"]) != ("career.acknowledge", system, id)]
        if rows == self._rows and intents.is_newest(self._db, system, id, "career.acknowledge", told):
            # It goes when its turn comes again: planned anew, it would go at once.
            return
        intents.supersede(self._db, system, [id], ["career.acknowledge"])
        self._rows = rows
        # What is not known to have arrived would go once more after this, and careers read what no longer holds.
        unclear = intents.replace_unknown(self._db, system, id, ["career.acknowledge"])
        if unclear or digest != known["acknowledged"]:
            self._plan("career.acknowledge", system, id, told, settle_with={"acknowledged": digest})

    def _plan_once(self, kind: str, known: Row, payload: Mapping[str, Any]) -> None:
        """Both its record and its Task may have moved, and each is followed, perhaps again before the write could go out."""
        if not intents.waits(self._db, known["system"], known["request_id"], kind, payload):
            self._plan(kind, known["system"], known["request_id"], payload)

    def _plan(self, kind: str, system: str, target: str, payload: Mapping[str, Any], **more: Any) -> None:  # noqa: ANN401 - passed on by name
        self._rows.append(
            intents.row(
                plan_id=self._plan_id,
                kind=kind,
                system=system,
                target=target,
                payload=payload,
                now=self._ctx.clock.now(),
                rules_hash=self._ctx.rules_hash,
                weight=2,
                **more,
            )
        )


def _asked(row: Row) -> dict[str, Any]:
    """What careers ask for, without what changes about it for no reason of theirs."""
    return {name: value for name, value in unpack(row["fields"]).items() if name not in _NOISE}


def _references(create: Mapping[str, Any]) -> list[object]:
    """Which records a new request refers to: contact, career profile and owner."""
    payload = unpack(create["payload"])
    named = (payload["fields"], payload.get("task") or {})
    return [fields.get(name) for fields in named for name in ("Contact__c", "Career_Profile__c", "OwnerId", "WhoId")]


def _standing(known: Row) -> RequestState:
    """The state to go on from. What a Task's end made "not available" can be corrected as long as there is a Task."""
    state = RequestState(known["state"])
    return RequestState.QUEUED if state is RequestState.NOT_AVAILABLE and known["task_id"] else state


_NOT_BEGUN = (RequestState.RECEIVED, RequestState.TRIAGE, RequestState.QUEUED)
"""States in which nobody has been asked yet: what careers take back then counts as no ask."""

_ENDED = (
    RequestState.DONE,
    RequestState.NOT_AVAILABLE,
    RequestState.WITHDRAWN,
    RequestState.REFUSED,
    RequestState.CLOSED_WITHOUT_OUTCOME,
    RequestState.TASK_DELETED,
    RequestState.RECORDED_ONLY,
)
