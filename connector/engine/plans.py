"""What a person does about a plan that a brake holds, or about writes that were refused: approve, drop, try again."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection

from connector.core.brakes import WHOLE_READ
from connector.core.model import Side
from connector.engine import usage
from connector.engine.context import Context, Installation, log
from connector.engine.drafts import FIELD_WRITES
from connector.engine.halting import AUDIT, clear_halt, halts
from connector.engine.unasking import NEW_QUESTIONS, route_again, unask, untell
from connector.engine.usage import UNUSUAL
from connector.ports import TAKEN
from connector.store import intents, journal, links, observations, plans, requests, sending
from connector.store.store import set_meta, unpack


def approve(ctx: Installation, digest: str) -> int | None:
    """Release the held plan whose digest begins so; how many writes became ready, None if there is no such plan.

    What has been decided anew since (the mapping has changed, somebody has moved) is no part of it any more.
    """
    if not digest:
        return None
    with ctx.store.begin() as db:
        for subject, row in halts(db).items():
            held = plans.get(db, row["plan_id"]) if row["plan_id"] else None
            if held is not None and held["digest"].startswith(digest):
                clear_halt(db, subject)
                log.info("plan.approved", plan=row["plan_id"])
                return plans.release(db, row["plan_id"], state="approved")
    return None


def resume(ctx: Installation, subject: str) -> bool:
    """A person has acted; whether there was such a halt.

    A plan that was held is dropped, and everybody in it is judged anew: if what it was about has been undone, nothing
    follows. Where a side looked empty, what is missing is accepted as gone when everything is compared again.
    """
    with ctx.store.begin() as db:
        row = halts(db).get(subject)
        if row is None:
            return False
        if row["plan_id"] is not None:
            _drop(db, row["plan_id"])
        if row["reason"].endswith(WHOLE_READ):
            set_meta(db, f"accepted_missing:{subject}", "yes")
        if row["reason"].endswith(UNUSUAL):
            usage.accept(ctx, db)
        if subject == AUDIT:
            journal.accept_end(db, ctx.clock.now())
        return clear_halt(db, subject)


def _drop(db: Connection, plan_id: str) -> None:
    for row in plans.drop(db, plan_id, (*FIELD_WRITES, *NEW_QUESTIONS, "career.note", "request.create")):
        match row["kind"]:
            case kind if kind in FIELD_WRITES:
                links.mark(db, row["system"], [row["target"]])
            case kind if kind in NEW_QUESTIONS:
                unask(db, row)
                links.mark(db, row["system"], [row["target"]])
            case "career.note":
                untell(db, row)
                links.mark(db, row["system"], [row["target"]])
            case "request.create":
                intents.supersede(db, row["system"], [row["target"]], ["career.acknowledge"])
                requests.forget(db, row["system"], row["target"])
                observations.reopen(db, Side.CAREER, "request", row["target"])
            case _:
                pass
    log.info("plan.dropped", plan=plan_id)


def route_anew(ctx: Context, db: Connection) -> None:
    """Every request whose record was not made yet, or was refused, is routed by the mapping as it is now.

    Not so one whose key is taken: it may stand in Salesforce.
    """
    for row in intents.give_up_all(db, "request.create", [*ctx.careers], but_code=TAKEN):
        route_again(ctx, db, row["system"], row["target"], row["key"])
    sending.recover(db)
    for row in intents.open_writes(db, ["request.create"]):
        kind = ctx.requests.by_word(str(unpack(row["payload"])["fields"]["Type__c"]))
        if kind is not None and kind.confidential:
            # Sent again, to learn whether it stands there, it would tell everything: its record is met by reading, or not at all.
            route_again(ctx, db, row["system"], row["target"], row["key"])
            requests.reopen_strays(db)


def retry(ctx: Installation, ids: list[int] | None = None) -> int:
    """Try refused writes again, all or these; for when what the remedy asked for has been done. How many there were.

    A request that was decided before today is routed by what is known now: its deadlines, and how often somebody was asked.
    """
    now = ctx.clock.now()
    with ctx.store.begin() as db:
        old = intents.refused_before(db, "request.create", now - timedelta(days=1), ids)
        again = [row for row in old if row["system"] in ctx.careers and row["code"] != TAKEN]
        for row in again:
            route_again(ctx, db, row["system"], row["target"], row["key"])
        return len(again) + intents.retry(db, now, ids)
