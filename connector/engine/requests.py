"""The station for career requests: each becomes one record and at most one Task; what becomes of it is told to careers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from connector.core.model import Side
from connector.core.progress import Neutral, RequestState
from connector.core.requests import Ask, Misunderstood
from connector.core.routing import PersonFacts, Routed, hard_stop, route
from connector.engine import owed
from connector.engine.asked import asked_now, columns_of, find_person, past_of, understood_now
from connector.engine.context import Context, key_of, log
from connector.engine.desk import PLANS, Desk, Worked
from connector.engine.following import claim, follow
from connector.engine.stage import stage
from connector.engine.unasking import route_again
from connector.ports import TAKEN, Feed
from connector.store import intents, links, observations, plans, requests
from connector.store.store import Row, pack, stamp, unpack

_BATCH = 200
_LATELY = timedelta(days=60)
"""How long ago a request may have ended of which careers are told once more."""

_NOISE = ("etag", "updated_at")
"""What changes about a request without changing the request."""

REDACTED_MESSAGE = "What looked like a password or key was left out; tell it, if you must, in another way."
_NEVER_STORED = (RequestState.REFUSED,)
_NOBODYS = (RequestState.REFUSED, RequestState.RECORDED_ONLY, RequestState.WITHDRAWN)
"""States in which nobody works on a request: who asks the same has to ask anew."""


def work_requests(ctx: Context) -> Worked:
    """Take up new and changed requests, then what became of their Tasks. Nothing before the installation is live."""
    done = Worked()
    with ctx.store.begin() as db:
        live = stage(db).live
        waiting = any(observations.pending(db, Side.CAREER, "request", system=name, limit=1) for name in ctx.careers)
        moved = any(observations.pending(db, Side.CRM, feed, limit=1) for feed in (Feed.TASK, Feed.REQUEST))
        left = plans.unfinished(db, PLANS) or owed.words_owed(db)
    if not live or not (waiting or moved or left):
        return done
    desk = Desk(ctx, ctx.crm.directory(), done)
    # What stands in Salesforce counts before anything new is routed.
    _follow(ctx, desk)
    for system in ctx.careers:
        _recover(ctx, desk, system)
    for system in ctx.careers:
        _take_up(ctx, desk, system)
    _follow(ctx, desk)
    _tell_again(ctx, desk)
    desk.release()
    return done


def stop_waiting(ctx: Context) -> None:
    """What waits to be made about somebody who may not be asked any more is not made: it is routed anew.

    Their death or their wish was read while its plan was held, or while Salesforce did not take it.
    """
    with ctx.store.begin() as db:
        for known in requests.unmade_of_marked(db, but_code=TAKEN):
            ask = asked_now(ctx, db, known)
            person = find_person(ctx, db, known["system"], ask) if isinstance(ask, Ask) else None
            if isinstance(ask, Ask) and isinstance(person, PersonFacts) and hard_stop(ask, person):
                route_again(ctx, db, known["system"], known["request_id"], known["key"])


def _recover(ctx: Context, desk: Desk, system: str) -> None:
    """Requests that are new to us and have a record in Salesforce: our state was lost, or is an older one."""
    with ctx.store.begin() as db:
        whole = observations.read_whole(db, Side.CAREER, system, "people")
        waiting = observations.pending_ids(db, Side.CAREER, "request", system=system) if whole else []
        strays = requests.strays(db) if waiting else {}
        made = {id: strays[key] for id in waiting if (key := key_of("request", system, id)) in strays}
        if not made:
            return
        desk.begin(db)
        for id, row in observations.load(db, Side.CAREER, "request", made, system=system).items():
            if requests.get(db, system, id) is None:
                _open(desk, system, id, understood_now(ctx, row), _digest(row), None, made=made[id])
                observations.looked_at(db, Side.CAREER, "request", [id], system=system)
        desk.shelve()


def _take_up(ctx: Context, desk: Desk, system: str) -> None:
    while True:
        with ctx.store.begin() as db:
            rows = observations.pending(db, Side.CAREER, "request", system=system, limit=_BATCH)
            # Until everybody there has been read once, nobody is identified, and whom an ask is about not known.
            if not rows or not observations.read_whole(db, Side.CAREER, system, "people"):
                return
            desk.begin(db)
            taken = [row["id"] for row in rows if _receive(desk, system, row)]
            observations.looked_at(db, Side.CAREER, "request", taken, system=system)
            desk.shelve()
            if len(taken) < len(rows):
                return


def _follow(ctx: Context, desk: Desk) -> None:
    for feed in (Feed.REQUEST, Feed.TASK):
        while True:
            with ctx.store.begin() as db:
                rows = observations.pending(db, Side.CRM, feed, limit=_BATCH)
                if not rows:
                    break
                desk.begin(db)
                if feed is Feed.REQUEST:
                    claim(db, rows)
                theirs = requests.by_task_id if feed is Feed.TASK else requests.by_crm_id
                for known in theirs(db, [row["id"] for row in rows]).values():
                    # Another one may have passed its word on to it just now.
                    follow(desk, requests.get(db, known["system"], known["request_id"]) or known)
                observations.looked_at(db, Side.CRM, feed, [row["id"] for row in rows])
                desk.shelve()


def _tell_again(ctx: Context, desk: Desk) -> None:
    """Where requests stand that are under way, or were of late: what careers read may be another state's word."""
    with ctx.store.begin() as db:
        if not owed.words_owed(db):
            return
        desk.begin(db)
        for known in requests.lately(db, list(ctx.careers), ctx.clock.now() - _LATELY):
            requests.change(db, known["system"], known["request_id"], acknowledged=None)
            desk.acknowledge(dict(known) | {"acknowledged": None})
        owed.words_told(db)
        desk.shelve()


def _receive(desk: Desk, system: str, row: Row) -> bool:
    """A request that is new to us, or that careers have changed. False: not yet, its record is still on the way."""
    digest = _digest(row)
    known = requests.get(desk.db, system, row["id"])
    understood = understood_now(desk.ctx, row)
    unmade = known if known is not None and known["crm_id"] is None else None
    create = intents.last_with_key(desk.db, "request.create", unmade["key"]) if unmade is not None else None
    refused = create if create is not None and create["state"] == "refused" else None
    given_up = unmade is not None and _given_up(unmade, create)
    # What was taken back and is asked again by the very same words is news.
    asks_again = known is not None and known["state"] == RequestState.WITHDRAWN.value and not understood.withdrawn
    same = known is not None and known["payload_hash"] == digest and not row["deleted"] and not asks_again
    if same and refused is None and not given_up:
        return True
    if known is None or known["reason"] == "misunderstood" or given_up or _corrected(known, understood, create):
        _open(desk, system, row["id"], understood, digest, known)
        return True
    if refused is not None:
        _try_again(desk, system, row["id"], understood, digest, known, refused)
        return True
    if known["crm_id"] is None and known["settled_at"] is None:
        return False
    if understood.withdrawn:
        desk.withdraw(known)
    elif asks_again:
        desk.keep_withdrawn(known)
    elif isinstance(understood, Ask):
        desk.edit(known, understood, digest)
    return True


def _corrected(known: Row, understood: Ask | Misunderstood, create: Row | None) -> bool:
    """Whether what was refused for what it was, and is kept nowhere, is another ask by now, perhaps after it was taken back."""
    refused = known["state"] == RequestState.REFUSED.value
    taken_back = known["state"] == RequestState.WITHDRAWN.value and create is None
    return (refused or taken_back) and known["crm_id"] is None and not understood.withdrawn


def _given_up(unmade: Row, create: Row | None) -> bool:
    """Whether the record of a request was given up before it was made (the mapping changed): it is routed as if it had just come.

    ``create`` is its last write; of one that was given up long after it was planned tidying has left nothing.
    """
    never_made = unmade["state"] in (RequestState.REFUSED.value, RequestState.WITHDRAWN.value)
    return not never_made if create is None else create["state"] == "superseded"


def _try_again(desk: Desk, system: str, id: str, understood: Ask | Misunderstood, digest: str, known: Row, refused: Row) -> None:
    """Salesforce would not have it as it was: what careers have changed since, or whom it now refers to, is another try."""
    before = list(desk.rows)
    _open(desk, system, id, understood, digest, known)
    fresh = [row for row in desk.rows if row["kind"] == "request.create" and row not in before]
    if digest == known["payload_hash"] and [_references(row) for row in fresh] == [_references(refused)]:
        # The same again: only what careers are told of it is due all the same.
        desk.rows = [row for row in desk.rows if row not in fresh]
    else:
        intents.supersede(desk.db, system, [id], ["request.create"])


def _open(
    desk: Desk, system: str, id: str, understood: Ask | Misunderstood, digest: str, known: Row | None, *, made: Row | None = None
) -> None:
    """Take up a request. ``made``: what it has in Salesforce (``crm_id``, ``task_id``), which is followed as it stands."""
    now = desk.ctx.clock.now()
    key = key_of("request", system, id)
    number = f"R-{key[:8].upper()}"
    head: dict[str, Any] = {"key": key, "payload_hash": digest, "number": number, "received_at": stamp(now)}
    blank = {"contact_id": None, "account_id": None, "owner_id": None, "crm_id": None, "task_id": None}
    blank |= {"acknowledged": None, "offered": None, "asked": None, "outcome": None, "settled_at": None}
    if isinstance(understood, Misunderstood):
        columns = _misunderstood(understood, now)
        requests.untouch(desk.db, key)
    else:
        attached_to = known["attached_to"] if known is not None else None
        columns = _route(desk, system, understood, key, number, now, attached_to=attached_to, made=made is not None)
    if made is not None:
        columns |= {**made, "reason": requests.RECOVERED}
    desk.done.received += known is None
    desk.done.states[columns["state"]] = desk.done.states.get(columns["state"], 0) + 1
    if known is None:
        requests.put(desk.db, head | blank | columns | {"system": system, "request_id": id})
    else:
        requests.change(desk.db, system, id, **(columns | {"payload_hash": digest}))
    if known is None and RequestState(columns["state"]) in _NEVER_STORED:
        requests.reopen_strays(desk.db)
    found = requests.get(desk.db, system, id)
    if made is not None and found is not None:
        follow(desk, found)
    else:
        desk.acknowledge(found)
    if found is not None and (known is not None or made is None):
        # What was dropped with a held plan is new again, and others may be attached to it still.
        same = known is None or all(known[name] == found[name] for name in ("contact_id", "type"))
        if same and RequestState(found["state"]) not in _NOBODYS:
            desk.pass_on(number, Neutral(found["neutral"]))
        else:
            desk.part(number)
    log.info("request.received", system=system, request=id, state=columns["state"])


def _misunderstood(understood: Misunderstood, now: datetime) -> dict[str, Any]:
    return {
        "type": understood.type.code if understood.type else "",
        "state": RequestState.REFUSED.value,
        "neutral": Neutral.REFUSED.value,
        "reason": "misunderstood",
        "message": understood.message,
        "settled_at": stamp(now),
        "attached_to": None,
    }


def _route(
    desk: Desk, system: str, ask: Ask, key: str, number: str, now: datetime, *, attached_to: str | None, made: bool
) -> dict[str, Any]:
    person = find_person(desk.ctx, desk.db, system, ask)
    contact = person.contact_id if isinstance(person, PersonFacts) else None
    routed = route(
        ask,
        person=person,
        rules=desk.ctx.requests,
        routing=desk.ctx.routing,
        officers=desk.directory.officers,
        past=past_of(desk.ctx, desk.db, contact, ask, key, attached_to=attached_to) if contact else (),
        start_at=desk.ctx.start_at,
        now=now,
    )
    if routed.state not in _NEVER_STORED and not made:
        _create(desk, system, ask, routed, key, number, contact, now)
    if routed.task is not None and contact is not None and not routed.stop_reason:
        requests.put_touch(desk.db, key, contact_id=contact, at=stamp(now), type=ask.type.code)
    else:
        requests.untouch(desk.db, key)
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
        "attached_to": routed.attached_to,
    }


def _create(desk: Desk, system: str, ask: Ask, routed: Routed, key: str, number: str, contact: str | None, now: datetime) -> None:
    fields = {
        name: value
        for name, value in columns_of(system, ask, routed, number=number, contact=contact, now=now).items()
        if value is not None
    }
    link = links.by_account(desk.db, system, [ask.person_id]).get(ask.person_id) if ask.person_id else None
    fields["Career_Profile__c"] = link["profile_id"] if link and contact else None
    payload: dict[str, Any] = {"object": Feed.REQUEST, "fields": fields}
    if routed.task is not None:
        payload["task"] = dict(routed.task) | {"Status": desk.directory.open_status}
        desk.done.tasks += 1
    desk.plan("request.create", system, ask.id, payload, key=key, changes=int(routed.task is not None))


def _digest(row: Row) -> str:
    """What careers ask for, without what changes about it for no reason of theirs."""
    asked = {name: value for name, value in unpack(row["fields"]).items() if name not in _NOISE}
    return sha256(pack(asked).encode()).hexdigest()


def _references(create: Mapping[str, Any]) -> list[object]:
    """Which records a new request refers to: contact, career profile and owner."""
    payload = unpack(create["payload"])
    named = (payload["fields"], payload.get("task") or {})
    return [fields.get(name) for fields in named for name in ("Contact__c", "Career_Profile__c", "OwnerId", "WhoId")]
