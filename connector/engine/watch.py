"""What keeps the bridge honest over months: the lease, reminders, tidying."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select

from connector.engine import patience, stage
from connector.engine.context import Context, key_of, log
from connector.engine.cycle import Cycle, cycle, stewards_of
from connector.engine.halting import LEASE, halts, stop
from connector.engine.report import beat
from connector.errors import Halt, Later, Refused
from connector.ports import Directory, Feed
from connector.store import intents, suggestions
from connector.store.store import get_meta, set_meta, stamp
from connector.store.tables import intent, plan, run

_REFUSED = "sign_of_life_refused"
"""The remembered fact that Salesforce refused even the sign of life, and would refuse it again."""


def guarded_cycle(ctx: Context, *, lease: timedelta, approve: bool = False) -> Cycle:
    """One cycle, if no other daemon holds the lease in Salesforce; the sign of life before and after it.

    Before `go-live` nothing at all is written, so there is no lease either.

    Raises:
        Halt: another daemon works on this org.
    """
    with ctx.store.begin() as db:
        live = stage.stage(db).live
    if live:
        _claim(ctx, lease)
    done = cycle(ctx, approve=approve)
    if live and "crm" not in done.down:
        _claim(ctx, lease)
    return done


def go_live(ctx: Context, *, lease: timedelta) -> Cycle:
    """From now on the bridge writes: the first cycle, whose plan goes whatever its size.

    Raises:
        Halt: another daemon works on this org; nothing has begun then.
    """
    _claim(ctx, lease)
    stage.go_live(ctx)
    return guarded_cycle(ctx, lease=lease, approve=True)


def _claim(ctx: Context, lease: timedelta) -> None:
    with ctx.store.begin() as db:
        refused = get_meta(db, _REFUSED) is not None
        asked = _REFUSED if refused and "crm" in halts(db) else patience.asked(ctx, db, "crm")
    if asked is not None:
        log.warning("lease.not_renewed", code=asked)
        return
    try:
        holder = beat(ctx, lease=lease)
    except Later as error:
        # Without Salesforce nothing can be written there; the careers side may still be read.
        log.warning("lease.not_renewed", code=error.code)
        patience.keep(ctx, "crm", error)
        return
    except (Halt, Refused) as error:
        # Careers go on. It is not asked again until a person resumes it: logins that are refused again and again lock a user out.
        log.warning("lease.not_renewed", code=_REFUSED)
        stop(ctx, "crm", error)
        with ctx.store.begin() as db:
            set_meta(db, _REFUSED, stamp(ctx.clock.now()))
        return
    if refused:
        with ctx.store.begin() as db:
            set_meta(db, _REFUSED, None)
    if holder is not None:
        raise Halt(
            subject=LEASE,
            reason=f"another daemon ({holder}) holds the lease in Salesforce",
            remedy="stop one of the two; a dead daemon's lease ends by itself",
        )


def remind(ctx: Context, *, after: timedelta) -> int:
    """Make suggestions urgent that wait for longer than ``after``; from the second time on the stewards get a Task."""
    now = ctx.clock.now()
    with ctx.store.begin() as db:
        known = suggestions.older_than(db, now - after)
    # Asked before the state is held: for as long as Salesforce hangs, nobody else would get at it.
    directory = ctx.crm.directory() if any(row["reminded_at"] is not None for row in known) else None
    with ctx.store.begin() as db:
        # Read again: somebody may have been forgotten meanwhile.
        waiting = suggestions.older_than(db, now - after)
        rows = [_urgent(ctx, row) for row in waiting if row["reminded_at"] is None]
        again = [row for row in waiting if row["reminded_at"] is not None]
        if again and directory is not None:
            rows.append(_steward_task(ctx, directory, len(again), now))
        intents.plan_writes(db, [row | {"state": "ready"} for row in rows])
        for row in waiting:
            suggestions.change(db, row["key"], reminded_at=stamp(now))
    return len(waiting)


def _urgent(ctx: Context, row: Any) -> dict[str, Any]:  # noqa: ANN401 - a row of the suggestion table
    return intents.row(
        plan_id="reminders",
        kind="suggestion.update",
        system=row["system"],
        target=row["account_id"],
        key=row["key"],
        payload={"object": Feed.SUGGESTION, "id": row["crm_id"], "fields": {"Urgent__c": True}},
        now=ctx.clock.now(),
        rules_hash=ctx.rules_hash,
    )


def _steward_task(ctx: Context, directory: Directory, count: int, now: datetime) -> dict[str, Any]:
    """A Task never stands alone: it comes with a record whose key makes it one a day."""
    owner = stewards_of(ctx, directory)
    title = f"{count} suggested changes wait for a decision"
    fields = {
        "System__c": "",
        "Request_Number__c": f"REMINDER-{now.date().isoformat()}",
        "Type__c": "PROFILE_UPDATE",
        "Direction__c": "Alumni to institution",
        "Title__c": title,
        # Nobody follows it, and the stewards work on its Task: it is not to stand among the open requests.
        "State__c": "Recorded only",
        "Neutral__c": "received",
        "Received_At__c": f"{stamp(now)[:19]}Z",
        "Clearance__c": "Not needed",
    }
    task = {"Subject": title, "Description": "See the list view of open suggested changes.", "Priority": "High"}
    task |= {"Status": directory.open_status} | ({"OwnerId": owner} if owner else {})
    return intents.row(
        plan_id="reminders",
        kind="request.create",
        system="",
        target="reminder",
        key=key_of("reminder", now.date().isoformat()),
        payload={"object": Feed.REQUEST, "fields": fields, "task": task},
        now=now,
        rules_hash=ctx.rules_hash,
        weight=2,
    )


def tidy(ctx: Context, *, before: datetime) -> int:
    """Drop settled writes, plans and runs older than ``before``; the audit stays. How many writes went."""
    moment = stamp(before)
    with ctx.store.begin() as db:
        settled = ("applied", "superseded")
        # The newest stays: SQLite would give its number again, and the audit tells of writes by their numbers.
        newest = select(func.max(intent.c.id)).scalar_subquery()
        # What was settled only now may still be met at careers, however long ago it was decided.
        long_ago = func.coalesce(intent.c.settled_at, intent.c.created_at) < moment
        gone = db.execute(delete(intent).where(intent.c.state.in_(settled), long_ago, intent.c.id < newest)).rowcount
        # As long as a write of an approved plan is left, it is known by its plan as approved.
        over = plan.c.state.in_(("ready", "approved", "dropped")) & plan.c.id.not_in(select(intent.c.plan_id))
        db.execute(delete(plan).where(plan.c.at < moment, over))
        db.execute(delete(run).where(run.c.started_at < moment))
    return int(gone)
