"""What became of requests in Salesforce: their records and Tasks are followed, and found again after a lost state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from connector.core.model import Side
from connector.core.moments import moment_or_none
from connector.core.progress import (
    DECIDED,
    ENDED,
    UNDER_WAY,
    Clearance,
    Neutral,
    RequestState,
    Result,
    counts,
    in_our_words,
    progress,
    was_asked,
)
from connector.core.requests import Ask, Misunderstood
from connector.core.routing import GONE, TAKEN_BACK
from connector.engine.asked import asked_now, words_of
from connector.engine.context import log
from connector.engine.crm_values import picked, whole_number
from connector.engine.desk import Desk
from connector.engine.merged import survivor_of
from connector.ports import Feed
from connector.store import intents, observations, requests
from connector.store.store import Row, stamp, unpack


def claim(db: Connection, rows: Sequence[Row]) -> None:
    """Records of requests that we would not write now, or that are not known to have come about.

    Their type is confidential, or understood no more, and our state was lost; or Salesforce refused what it had made before.

    What stands in Salesforce counts: its Task is worked on, and careers are told how it ends.
    """
    claimed = requests.by_crm_id(db, [row["id"] for row in rows])
    records = {row["id"]: unpack(row["fields"]) for row in rows if row["id"] not in claimed and not row["deleted"]}
    strays = {fields.get("Key__c"): id for id, fields in records.items()}
    for key, known in requests.by_key(db, [key for key in strays if key]).items():
        create = intents.last_with_key(db, "request.create", key)
        if known["crm_id"] is None and (create is None or create["state"] in ("refused", "superseded")):
            # Its answer may have been lost, and a later try refused: nothing is to be made any more.
            intents.supersede(db, known["system"], [known["request_id"]], ["request.create"])
            task = requests.tasks_of(db, {strays[key]: records[strays[key]]}).get(strays[key])
            found = {"crm_id": strays[key], "task_id": task["id"] if task else None, "reason": requests.RECOVERED}
            requests.change(db, known["system"], known["request_id"], **found)


def follow(desk: Desk, known: Row) -> None:
    """Its Task or its record moved in Salesforce: what does that mean for careers?"""
    record = observations.load(desk.db, Side.CRM, Feed.REQUEST, [known["crm_id"]]).get(known["crm_id"])
    task = observations.load(desk.db, Side.CRM, Feed.TASK, [known["task_id"]]) if known["task_id"] else {}
    seen = task.get(known["task_id"])
    if known["task_id"] is not None and seen is None:
        return
    if record is None and known["settled_at"] is not None:
        # Its person has been forgotten, and how it ended with that: a touch of the Task alone says nothing of it.
        return
    # Its person has been forgotten while it is under way: what was last read of its record stands until that is read again.
    fields = unpack(record["fields"]) if record else _as_known(known)
    touched = _touched(desk.ctx.clock.now(), record, seen)
    if record is not None and known["reason"] == requests.RECOVERED and in_our_words(fields):
        known = _recover(desk, known, fields, touched)
    if known["reason"] == requests.RETURNED:
        desk.close_task(known)
        requests.change(desk.db, known["system"], known["request_id"], reason=_reason(fields))
    live = seen is not None and not seen["deleted"]
    who = unpack(seen["fields"]).get("WhoId") if seen is not None and live else None
    named = fields.get("Contact__c") or who
    if known["contact_id"] is None and live:
        known = _identify(desk, known, named, touched)
    elif named not in (None, known["contact_id"]):
        known = _move(desk, known, named)
    offered = whole_number(fields.get("Offered_Count__c"))
    state, neutral = progress(
        state=_standing(known),
        status=unpack(seen["fields"]).get("Status") if live and seen else None,
        open_status=desk.directory.open_status,
        closed_statuses=desk.directory.closed_statuses,
        result=fields.get("Outcome__c"),
        clearance=fields.get("Clearance__c"),
        offered=offered,
        unbegun=_unbegun(desk, known, fields),
    )
    if state is RequestState.RECORDED_ONLY:
        # Its word is that of the request it is attached to.
        neutral = Neutral(known["neutral"])
    _moved(desk, known, state, neutral, offered, fields, touched)
    if state is not RequestState.WITHDRAWN:
        desk.pass_on(known["number"], neutral)


def _as_known(known: Row) -> dict[str, Any]:
    """What a record of which nothing is kept any more must have said. Its outcome is forgotten; "offered" stands for it."""
    outcome = Result.ACCEPTED.value if known["neutral"] == Neutral.OFFERED.value else known["outcome"]
    told = {"State__c": known["state"], "Neutral__c": known["neutral"]}
    return told | {"Offered_Count__c": known["offered"], "Outcome__c": outcome}


def _recover(desk: Desk, known: Row, fields: Mapping[str, Any], touched: datetime) -> Row:
    """Take up what Salesforce has kept of a request while our state was lost, or an answer of it."""
    system, id = known["system"], known["request_id"]
    stands = (fields["State__c"], fields.get("Neutral__c") or known["neutral"])
    asks = asked_now(desk.ctx, desk.db, known)
    taken_back = known["state"] == RequestState.WITHDRAWN.value or (asks is not None and asks.withdrawn)
    if taken_back and stands[0] not in DECIDED:
        # Careers have taken it back since: that stands, whatever the record says yet, and whatever Task it has.
        stands = (RequestState.WITHDRAWN.value, Neutral.WITHDRAWN.value)
        if fields["State__c"] != RequestState.WITHDRAWN.value:
            # Told there already, its Task was closed with that, and an officer may have opened it again.
            desk.close_task(known)
        desk.part(known["number"])
    if known["attached_to"] and stands[0] == known["state"]:
        stands = (known["state"], known["neutral"])
    # The words for careers are kept nowhere but here: those that we have just found for the same state are the same.
    message = known["message"] if stands == (known["state"], known["neutral"]) else ""
    if stands[0] == RequestState.RECORDED_ONLY.value != known["state"] and Neutral(stands[1]) in UNDER_WAY:
        # What it was attached to is gone meanwhile: routed today it is attached to nothing.
        stands, message = (stands[0], Neutral.NOT_AVAILABLE.value), GONE.format("What this was attached to")
    if stands[0] == RequestState.WITHDRAWN.value and asks is not None and not asks.withdrawn:
        message = TAKEN_BACK
    columns = {"state": stands[0], "neutral": stands[1], "reason": _reason(fields)}
    columns["settled_at"] = _settled(known, RequestState(stands[0]), touched)
    if not _about(desk.db, fields.get("Contact__c"), known["contact_id"]):
        # It was made about nobody yet, or about somebody else: whom we have just found for it is not who is worked for.
        columns["contact_id"] = fields.get("Contact__c")
        desk.part(known["number"])
    requests.change(desk.db, system, id, **columns, message=message, outcome=picked(fields.get("Outcome__c")))
    _recount(desk, known, RequestState(stands[0]), fields)
    found = requests.get(desk.db, system, id) or known
    desk.acknowledge(found)
    _reword(desk, found, asks, fields)
    return found


def _identify(desk: Desk, known: Row, who: str | None, touched: datetime) -> Row:
    """Triage has found whom it is about, and said so on its Task or record: from then on they count as asked."""
    found = _lead_to(desk, known, who)
    if found is None:
        return known
    if known["state"] == RequestState.WITHDRAWN.value:
        # Careers have taken it back before anybody was found: nobody is asked any more.
        return found
    requests.touch_once(desk.db, known["key"], contact_id=found["contact_id"], at=stamp(touched), type=known["type"])
    return found


def _move(desk: Desk, known: Row, named: str) -> Row:
    """Its record is about another contact now: they were merged, which nobody may have told us, or staff have corrected it."""
    found = _lead_to(desk, known, named)
    if found is None:
        return known
    requests.move_touch(desk.db, known["key"], named)
    # A merge moves the record of who asks the same, too; what staff correct leaves it with the other person.
    desk.part(known["number"], still_about=known["contact_id"])
    return found


def _lead_to(desk: Desk, known: Row, contact_id: str | None) -> Row | None:
    """The request, which is about this contact from now on; None where we know of no such contact."""
    contact = observations.load(desk.db, Side.CRM, Feed.CONTACT, [contact_id]).get(contact_id) if contact_id else None
    if contact is None or contact["deleted"]:
        return None
    requests.change(desk.db, known["system"], known["request_id"], contact_id=contact_id)
    return requests.get(desk.db, known["system"], known["request_id"])


def _about(db: Connection, named: str | None, contact_id: str | None) -> bool:
    """Whether the contact that a record names is this one, or was merged into it."""
    if named is None or named == contact_id:
        return named == contact_id
    contact = observations.load(db, Side.CRM, Feed.CONTACT, [named]).get(named)
    return contact is not None and survivor_of(db, contact) == contact_id


def _recount(desk: Desk, known: Row, stands: RequestState, fields: Mapping[str, Any]) -> None:
    """Whether and when somebody was asked is what Salesforce says: routed by what is known today it may look otherwise.

    Of what was taken back Salesforce does not say whether anybody had begun: there our own state is left as it is, unless it
    knows of no withdrawal, since careers have opened again what they took back.
    """
    contact, received = fields.get("Contact__c"), moment_or_none(fields.get("Received_At__c"))
    stood = RequestState(fields["State__c"])
    if stood is RequestState.WITHDRAWN:
        if stands is not RequestState(known["state"]):
            requests.untouch(desk.db, known["key"])
        return
    word, reason = Neutral(fields.get("Neutral__c") or known["neutral"]), fields.get("Stop_Reason__c")
    asked = counts(stood, word, fields.get("Outcome__c"), stop_reason=reason)
    taken_back = stands is RequestState.WITHDRAWN and not desk.begun(known, stood)
    if contact and received and asked and not taken_back:
        requests.put_touch(desk.db, known["key"], contact_id=contact, at=stamp(received), type=known["type"])
    else:
        requests.untouch(desk.db, known["key"])


def _reason(fields: Mapping[str, Any]) -> str | None:
    """Why somebody may not be asked, as a record says, as long as the state keeps it."""
    return (fields.get("Stop_Reason__c") or "")[:80] or None


def _settled(known: Row, state: RequestState, touched: datetime) -> str | None:
    """Since when a request that is now in a state is over; None as long as it is not."""
    return (known["settled_at"] or stamp(touched)) if state in ENDED else None


def _touched(now: datetime, *seen: Row | None) -> datetime:
    """When the record of a request or its Task was last touched: what is read only now may have been long ago."""
    moments = (moment_or_none(row["version"]) for row in seen if row is not None)
    return min(now, max((at for at in moments if at is not None), default=now))


def _open_again(desk: Desk, stood: RequestState, found: Row, fields: Mapping[str, Any]) -> None:
    """What was over is perhaps under way again: what careers have said meanwhile counts now."""
    ask = asked_now(desk.ctx, desk.db, found)
    if stood in DECIDED and ask is not None and ask.withdrawn:
        desk.withdraw(found)
    elif found["settled_at"] is None:
        _reword(desk, found, ask, fields)


def _reword(desk: Desk, known: Row, ask: Ask | Misunderstood | None, fields: Mapping[str, Any]) -> None:
    """What careers have changed about it (``ask`` is what they ask now) while its record was not followed reaches that record.

    Our state was lost then, or it was over and is under way again.
    """
    if not isinstance(ask, Ask):
        return
    # Salesforce has no empty texts.
    if any((fields.get(name) or None) != (to or None) for name, to in words_of(known["system"], ask).items()):
        desk.edit(known, ask, known["payload_hash"])


def _moved(
    desk: Desk,
    known: Row,
    state: RequestState,
    neutral: Neutral,
    offered: int | None,
    fields: Mapping[str, Any],
    touched: datetime,
) -> None:
    outcome = picked(fields.get("Outcome__c"))
    now_is = (state.value, neutral.value, offered, outcome)
    if fields and (state.value, neutral.value) != (fields.get("State__c"), fields.get("Neutral__c")):
        desk.tell_crm(known, state, neutral)
    if now_is == (known["state"], known["neutral"], known["offered"], known["outcome"]):
        return
    system, id = known["system"], known["request_id"]
    desk.done.changed += 1
    requests.change(
        desk.db,
        system,
        id,
        state=state.value,
        neutral=neutral.value,
        offered=offered,
        outcome=outcome,
        settled_at=_settled(known, state, touched),
        message="",
    )
    found = requests.get(desk.db, system, id) or known
    if found["contact_id"] and was_asked(state, neutral, outcome):
        # It waited over the contact limit, and an officer has asked all the same; else the day of the ask stays.
        requests.touch_once(desk.db, found["key"], contact_id=found["contact_id"], at=stamp(touched), type=found["type"])
    desk.acknowledge(found)
    if known["settled_at"] is not None:
        _open_again(desk, RequestState(known["state"]), found, fields)
    log.info("request.moved", system=system, request=id, state=state.value)


def _unbegun(desk: Desk, known: Row, fields: Mapping[str, Any]) -> RequestState:
    """What a request is as long as nobody has begun. Why it waits its record says, unless that is forgotten with its person."""
    waits = (known["state"], known["neutral"]) == (RequestState.WAITING.value, Neutral.NOT_AVAILABLE.value)
    if waits or (fields.get("Stop_Reason__c") and not requests.touched(desk.db, known["key"])):
        return RequestState.WAITING
    cleared = known["contact_id"] is not None and fields.get("Clearance__c") != Clearance.NEEDED
    return RequestState.QUEUED if cleared else RequestState.TRIAGE


def _standing(known: Row) -> RequestState:
    """The state to go on from. What a Task's end made "not available" can be corrected as long as there is a Task."""
    state = RequestState(known["state"])
    return RequestState.QUEUED if state is RequestState.NOT_AVAILABLE and known["task_id"] else state
