"""The desk at which career requests are worked: what one pass plans, and what careers and Salesforce are told of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from connector.core.model import Side
from connector.core.progress import DECIDED, NOT_BEGUN, Neutral, RequestState, neutral_word
from connector.core.requests import Ask
from connector.core.routing import GONE, TAKEN_BACK
from connector.engine.asked import words_of
from connector.engine.context import Context, key_of
from connector.engine.halting import REQUESTS, set_halt
from connector.ports import Directory, Feed
from connector.store import intents, observations, plans, requests
from connector.store.store import Row, next_name, pack, stamp, unpack

PLANS = "requests"
"""How the names of plans of requests begin."""


@dataclass(slots=True, kw_only=True)
class Worked:
    """What one pass over the requests did."""

    received: int = 0
    tasks: int = 0
    changed: int = 0
    states: dict[str, int] = field(default_factory=dict)


class Desk:
    """One pass over the requests: the directory is asked once, each batch has its own transaction and plan.

    ``db`` is the transaction of the batch, ``rows`` are the writes that it has led to so far.
    """

    def __init__(self, ctx: Context, directory: Directory, done: Worked) -> None:
        self.ctx, self.directory, self.done = ctx, directory, done
        self.rows: list[dict[str, Any]] = []
        self.db: Connection
        self._plan_id = ""

    def begin(self, db: Connection) -> None:
        """A new batch in this transaction."""
        self.db, self.rows = db, []

    def shelve(self) -> None:
        """Put the batch's writes on the shelf, all batches of a pass under one plan."""
        if not self.rows:
            return
        self._open_plan(self.db)
        intents.plan_writes(self.db, [row | {"plan_id": self._plan_id} for row in self.rows])

    def _open_plan(self, db: Connection) -> None:
        """One plan for the pass, to which belongs what a dead process had planned."""
        if not self._plan_id:
            self._plan_id = next_name(db, PLANS)
            plan = {"id": self._plan_id, "at": stamp(self.ctx.clock.now()), "state": "open", "digest": "", "facts": "{}"}
            plans.put(db, plan | {"rules_hash": self.ctx.rules_hash})
            plans.carry_over(db, self._plan_id)

    def release(self) -> None:
        """Let the pass's writes go; too many new Tasks at once wait for a person."""
        ctx = self.ctx
        with ctx.store.begin() as db:
            if not self._plan_id and not plans.unfinished(db, PLANS):
                return
            self._open_plan(db)
            _, tasks, _ = plans.totals(db, self._plan_id).get("request.create", (0, 0, 0))
            limit = ctx.person.brakes[Side.CRM].max_changes
            recent = intents.count_of_the_day(db, ["request.create"], ctx.clock.now())
            digest = plans.digest(db, self._plan_id)
            plans.finish(db, self._plan_id, digest=digest, facts=pack({"tasks": tasks}))
            if tasks == 0 or recent + tasks <= limit:
                plans.release(db, self._plan_id, state="ready")
                return
            plans.brake(db, self._plan_id)
            reason = f"{recent + tasks} new requests within 24 hours; the limit is {limit} (brakes.to_crm.max_changes)"
            remedy = f"look at them with `alumni-bridge requests`, then `alumni-bridge resume --plan {digest[:12]}`"
            set_halt(ctx, db, REQUESTS, reason, remedy, plan_id=self._plan_id)

    def edit(self, known: Row, ask: Ask, digest: str) -> None:
        """What careers change about an ask reaches its record; the Task is the officer's and stays as it is.

        Of a kind that has become confidential since nothing more is written, and nothing taken away from what staff work on.
        """
        system, id = known["system"], known["request_id"]
        requests.change(self.db, system, id, payload_hash=digest)
        if ask.type.confidential:
            return
        self.done.changed += 1
        if known["crm_id"] and known["settled_at"] is None:
            payload = {"object": Feed.REQUEST, "id": known["crm_id"], "fields": words_of(system, ask)}
            self.plan("request.update", system, id, payload)

    def withdraw(self, known: Row) -> None:
        """Careers have taken a request back; one that is decided stays as Alumni Relations have said that it ended."""
        if known["state"] == RequestState.WITHDRAWN.value or RequestState(known["state"]) in DECIDED:
            return
        state, neutral = RequestState.WITHDRAWN, neutral_word(RequestState.WITHDRAWN)
        now_is = {"state": state.value, "neutral": neutral.value, "message": "", "settled_at": stamp(self.ctx.clock.now())}
        self.done.changed += 1
        requests.change(self.db, known["system"], known["request_id"], **now_is)
        if not self.begun(known, RequestState(known["state"])):
            requests.untouch(self.db, known["key"])
        if known["crm_id"]:
            self.tell_crm(known, state, neutral)
        self.close_task(known)
        found = requests.get(self.db, known["system"], known["request_id"]) or known
        self.acknowledge(found)
        self.part(found["number"])

    def keep_withdrawn(self, known: Row) -> None:
        """Careers have opened again what they took back: its Task is closed, and others have been told that it is over."""
        requests.change(self.db, known["system"], known["request_id"], message=TAKEN_BACK)
        self.acknowledge(requests.get(self.db, known["system"], known["request_id"]))

    def close_task(self, known: Row) -> None:
        """Nobody is to go on working for what careers do not want any more."""
        if known["task_id"] is None:
            return
        seen = observations.load(self.db, Side.CRM, Feed.TASK, [known["task_id"]]).get(known["task_id"])
        closed = self.directory.closed_statuses
        if seen is None or not (seen["deleted"] or unpack(seen["fields"]).get("Status") in closed):
            payload = {"object": Feed.TASK, "id": known["task_id"], "fields": {"Status": closed[0]}}
            self.plan_once("task.update", known, payload)

    def begun(self, known: Row, state: RequestState) -> bool:
        """Whether an officer has begun with a request that stands in a state: what its Task was last read to say counts, too."""
        seen = observations.load(self.db, Side.CRM, Feed.TASK, [known["task_id"]]) if known["task_id"] else {}
        statuses = {unpack(row["fields"]).get("Status") for row in seen.values()}
        return state not in NOT_BEGUN or not statuses <= {self.directory.open_status}

    def tell_crm(self, known: Row, state: RequestState, neutral: Neutral) -> None:
        """Say on its record where a request stands."""
        fields = {"State__c": state.value, "Neutral__c": neutral.value}
        payload = {"object": Feed.REQUEST, "id": known["crm_id"], "fields": fields}
        self.plan_once("request.update", known, payload)

    def pass_on(self, number: str, neutral: Neutral) -> None:
        """Who asks the same of the same person as the request with this number reads the same word."""
        for other in requests.attached_to(self.db, number):
            if other["neutral"] != neutral.value:
                self._tell_attached(other, neutral)

    def part(self, number: str, *, still_about: str | None = None) -> None:
        """Nobody works on it any more, or on something else: who asked the same has to ask anew.

        ``still_about``: only those whose record names this contact.
        """
        for other in requests.attached_to(self.db, number):
            if still_about in (None, self._about(other)):
                gone = GONE.format(f"Request {number}")
                self._tell_attached(other, Neutral.NOT_AVAILABLE, attached_to=None, message=gone)

    def _about(self, other: Row) -> str | None:
        """Whom a request is about, as its record was last read; as we have routed it, where it has none."""
        if other["crm_id"] is None:
            contact: str | None = other["contact_id"]
            return contact
        record = observations.load(self.db, Side.CRM, Feed.REQUEST, [other["crm_id"]]).get(other["crm_id"])
        return unpack(record["fields"]).get("Contact__c") if record is not None else None

    def _tell_attached(self, other: Row, neutral: Neutral, **columns: object) -> None:
        requests.change(self.db, other["system"], other["request_id"], neutral=neutral.value, **columns)
        if other["crm_id"]:
            self.tell_crm(other, RequestState.RECORDED_ONLY, neutral)
        self.acknowledge(requests.get(self.db, other["system"], other["request_id"]))

    def acknowledge(self, known: Row | None) -> None:
        """Tell careers where their request stands, if that is news."""
        if known is None or not self._hears(known["system"]):
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
        rows = [row for row in self.rows if (row["kind"], row["system"], row["target"]) != ("career.acknowledge", system, id)]
        if rows == self.rows and intents.is_newest(self.db, system, id, "career.acknowledge", told):
            # It goes when its turn comes again: planned anew, it would go at once.
            return
        intents.supersede(self.db, system, [id], ["career.acknowledge"])
        self.rows = rows
        # What is not known to have arrived would go once more after this, and careers read what no longer holds.
        unclear = intents.replace_unknown(self.db, system, id, ["career.acknowledge"])
        if unclear or digest != known["acknowledged"]:
            self.plan("career.acknowledge", system, id, told, settle_with={"acknowledged": digest})

    def _hears(self, system: str) -> bool:
        """Whether careers can be told of requests; where these do not travel any more, it is owed from when they do again."""
        career = self.ctx.careers.get(system)
        return career is None or career.capabilities.requests

    def plan_once(self, kind: str, known: Row, payload: Mapping[str, Any]) -> None:
        """Both its record and its Task may have moved, and each is followed, perhaps again before the write could go out."""
        if not intents.waits(self.db, known["system"], known["request_id"], kind, payload):
            self.plan(kind, known["system"], known["request_id"], payload)

    def plan(self, kind: str, system: str, target: str, payload: Mapping[str, Any], **more: Any) -> None:  # noqa: ANN401 - passed on by name
        """One more write of this batch; ``more`` are columns of ``intents.row``."""
        self.rows.append(
            intents.row(
                plan_id=self._plan_id,
                kind=kind,
                system=system,
                target=target,
                payload=payload,
                now=self.ctx.clock.now(),
                rules_hash=self.ctx.rules_hash,
                weight=2,
                **more,
            )
        )
