"""The station that takes up what staff decided in Salesforce, and tells Salesforce what became of its questions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from connector.core.foreign import fitted, visible
from connector.core.model import Side
from connector.core.rulebook import Slot
from connector.core.suggestions import CRM_STATES, NONE_OF_THEM, WAITING, answer_of
from connector.engine.context import Context, log
from connector.engine.crm_values import picked
from connector.engine.drafts import NEW_CONTACT
from connector.engine.recovered import decided_on, take_up
from connector.engine.unasking import settle_whose, start_anew
from connector.ports import Feed
from connector.store import intents, journal, links, observations, reviews, suggestions
from connector.store.links import BLANK
from connector.store.store import Row, next_name, stamp, unpack

_BATCH = 500


def read_decisions(ctx: Context) -> int:
    """Take up every decision that was read and not looked at yet; how many there were."""
    return _each(ctx, Feed.SUGGESTION, _suggestion_decided) + _each(ctx, Feed.REVIEW, _review_decided)


def _each(ctx: Context, feed: Feed, decide: Callable[[Context, Connection, Row], bool]) -> int:
    found = 0
    while True:
        with ctx.store.begin() as db:
            rows = observations.pending(db, Side.CRM, feed, limit=_BATCH)
            if not rows:
                return found
            found += sum(decide(ctx, db, row) for row in rows)
            observations.looked_at(db, Side.CRM, feed, [row["id"] for row in rows])


def _suggestion_decided(ctx: Context, db: Connection, row: Row) -> bool:
    fields = unpack(row["fields"])
    known = suggestions.by_crm_id(db, [row["id"]]).get(row["id"])
    if known is not None and known["state"] != "open" and not row["deleted"] and fields.get("State__c") in WAITING:
        # It lay in the recycle bin when it was told of its end, or its end was overwritten.
        suggestions.change(db, known["key"], told="open")
        return False
    if known is None or known["state"] == "withdrawn":
        known = take_up(ctx, db, row, fields)
    decision = fields.get("Decision__c")
    if known is None or known["state"] != "open" or decision is None or row["deleted"]:
        return False
    pressed = "accept" if decision == "Accept" else "reject"
    reason = picked(fields.get("Reason__c"))
    if (known["pressed"], known["reason"]) != (pressed, reason):
        # Met before, it is no decision: it may be we who have changed the record since.
        by = fields.get("LastModifiedById")
        suggestions.change(db, known["key"], pressed=pressed, reason=reason, decided_by=by)
        refs = {"system": known["system"], "account": known["account_id"], "suggestion": known["key"], "by": by}
        journal.append(db, [(f"suggestion.{pressed}", refs | {"reason": reason}, None)], ctx.clock.now())
        log.info("suggestion.decided", suggestion=known["key"], decision=pressed)
    if known["unit"] == NEW_CONTACT:
        _contact_decided(ctx, db, known, pressed, fields.get("Contact__c"))
        return True
    states = links.states_of(db, known["system"], [known["account_id"]]).get(known["account_id"], {})
    state = states.get(known["unit"], BLANK)
    if state.memory.open is not None:
        unit = ctx.rules(known["system"]).known(known["unit"])
        values = decided_on(unit, fields, state.memory.open.values)
        if values != state.memory.open.values:
            # What careers have entered since is another question; this one is over.
            intents.end_with(db, known["key"], "suggestion.update")
        opened = replace(state.memory.open, decision=pressed, values=values)
        changed = replace(state, memory=replace(state.memory, open=opened))
        links.put_states(db, known["system"], {known["account_id"]: dict(states) | {known["unit"]: changed}})
    links.mark(db, known["system"], [known["account_id"]])
    return True


def _contact_decided(ctx: Context, db: Connection, known: Row, pressed: str, contact_id: str | None) -> None:
    if pressed == "accept" and not contact_id:
        return
    state = "accepted" if pressed == "accept" else "rejected"
    now = ctx.clock.now()
    suggestions.settle(db, known["system"], known["account_id"], NEW_CONTACT, state=state, now=now)
    if contact_id and pressed == "accept":
        _link(ctx, db, known["system"], known["account_id"], contact_id)


def _link(ctx: Context, db: Connection, system: str, account_id: str, contact_id: str) -> None:
    others = [row for row in links.by_contact(db, [contact_id]) if row["system"] == system and row["leading"]]
    leading = not [row for row in others if row["account_id"] != account_id and row["state"] == "linked"]
    known = links.by_account(db, system, [account_id]).get(account_id)
    if known is not None and known["contact_id"] not in (None, contact_id):
        start_anew(ctx, db, system, account_id)
    now = stamp(ctx.clock.now())
    decided = {"contact_id": contact_id, "basis": links.DECIDED, "leading": leading, "marked": True, "decided_at": now}
    links.change(db, system, account_id, state="linked", **decided)
    settle_whose(ctx, db, system, account_id)
    links.mark_contacts(db, [contact_id])


def _review_decided(ctx: Context, db: Connection, row: Row) -> bool:
    fields = unpack(row["fields"])
    known = reviews.by_crm_id(db, [row["id"]]).get(row["id"])
    answer = answer_of(fields)
    if known is None or known["state"] != "Open" or answer is None or row["deleted"]:
        return False
    system, account, now = known["system"], known["account_id"], ctx.clock.now()
    contact = None if answer in NONE_OF_THEM else answer
    reviews.close_for(db, system, [account], state="Decided", now=now, decision=answer)
    refs = {"system": system, "account": account, "review": known["key"], "contact": contact}
    journal.append(db, [("review.decided", refs | {"by": fields.get("LastModifiedById")}, None)], now)
    log.info("review.decided", review=known["key"], decision=fields["Decision__c"])
    if contact is not None:
        _link(ctx, db, system, account, contact)
    else:
        state = "waiting" if answer == "New contact" else "apart"
        links.change(db, system, account, state=state, basis=links.DECIDED, decided_at=stamp(now))
        if state == "apart":
            suggestions.settle(db, system, account, NEW_CONTACT, state="withdrawn", now=now)
    return True


def tell(ctx: Context) -> int:
    """Put on the shelf what Salesforce has not been told: new reviews, and the state of settled questions."""
    with ctx.store.begin() as db:
        rows = [*_reviews_to_tell(ctx, db), *_suggestions_to_tell(ctx, db)]
        if rows:
            told = {"plan_id": next_name(db, "questions"), "state": "ready"}
            intents.plan_writes(db, [row | told for row in rows])
    return len(rows)


def _suggestions_to_tell(ctx: Context, db: Connection) -> list[dict[str, Any]]:
    rows = []
    for known in suggestions.untold(db):
        told = known["state"]
        # What its record did not show has not been decided about, and is to stand on no question that is over.
        intents.end_with(db, known["key"], "suggestion.update")
        fields = {"State__c": CRM_STATES[told], "Decided_At__c": known["settled_at"]}
        rows.append(_update(ctx, "suggestion.update", known, Feed.SUGGESTION, fields))
        suggestions.change(db, known["key"], told=told)
    for known in suggestions.untouched(db):
        if known["crm_id"]:
            fields = {"State__c": CRM_STATES["waiting"]}
            rows.append(_update(ctx, "suggestion.update", known, Feed.SUGGESTION, fields))
            suggestions.change(db, known["key"], told="waiting")
    return rows


def _reviews_to_tell(ctx: Context, db: Connection) -> list[dict[str, Any]]:
    from_key, rows = "", []
    while known_rows := reviews.untold(db, after=from_key):
        from_key = known_rows[-1]["key"]
        for known in known_rows:
            if known["state"] == "Open" and known["told"] is None:
                rows.append(_review_create(ctx, db, known))
            elif known["crm_id"]:
                fields = {"State__c": known["state"]}
                rows.append(_update(ctx, "review.update", known, Feed.REVIEW, fields))
            elif known["told"] is not None:
                # Its create is still on the way; its end is told once we know its id.
                continue
            reviews.tell(db, known["key"], told=known["state"])
    return rows


def _review_create(ctx: Context, db: Connection, known: Row) -> dict[str, Any]:
    system, account = known["system"], known["account_id"]
    seen = observations.load(db, Side.CAREER, "person", [account], system=system).get(account)
    evidence = ctx.rules(system).match.evidence(Side.CAREER, unpack(seen["fields"])) if seen else {}
    candidates = unpack(known["candidates"])
    person = " ".join(str(evidence[slot]) for slot in (Slot.FIRST, Slot.MIDDLE, Slot.LAST) if evidence.get(slot))
    lines = [f"{slot.value.replace('_', ' ')}: {_show(value)}" for slot, value in evidence.items() if value]
    fields = {
        "Kind__c": known["kind"],
        "System__c": system,
        "Account_Id__c": account,
        "Person__c": fitted(visible(person), 255),
        "Evidence__c": "\n".join(lines),
        "State__c": "Open",
    }
    fields |= {f"Candidate_{n}__c": id for n, id in enumerate(candidates, start=1)}
    payload = {"object": Feed.REVIEW, "fields": fields}
    return _row(ctx, "review.create", known, payload)


def _show(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _update(ctx: Context, kind: str, known: Row, feed: Feed, fields: Mapping[str, Any]) -> dict[str, Any]:
    return _row(ctx, kind, known, {"object": feed, "id": known["crm_id"], "fields": dict(fields)})


def _row(ctx: Context, kind: str, known: Row, payload: Mapping[str, Any]) -> dict[str, Any]:
    return intents.row(
        plan_id="",
        kind=kind,
        system=known["system"],
        target=known["account_id"],
        payload=payload,
        now=ctx.clock.now(),
        rules_hash=ctx.rules_hash,
        key=known["key"],
        weight=1,
    )
