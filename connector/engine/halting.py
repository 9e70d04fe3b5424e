"""Halts: what stops until a person acts, why, since when, and how it ends."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, delete, select

from connector.engine.context import Installation, log
from connector.errors import Halt, Refused
from connector.store.store import Row, get_meta, metas_of, moment, pack, prepared, rows_of, set_meta, stamp, unpack
from connector.store.tables import halt

EVERYTHING = "everything"
"""The subject when an operator has stopped the bridge."""

PLAN = "plan"
"""The subject while a plan of field values waits for a person."""

REQUESTS = "requests"
"""The subject while new requests wait for a person."""

AUDIT = "audit"
"""The subject while the audit does not end as it was written; nothing is written then."""

_NOTICE = "notice:"
"""How the names of what somebody should know begin among the remembered facts."""

LEASE = "lease"
"""The subject while another daemon holds the lease in Salesforce."""


def set_halt(
    ctx: Installation, db: Connection, subject: str, reason: str, remedy: str, *, plan_id: str | None = None
) -> Row | None:
    """Stop a subject until a person resumes it; the first reason stays: the halt that there was already, if there was one."""
    known = halts(db).get(subject)
    if known is None:
        row = {"subject": subject, "reason": reason, "remedy": remedy, "since": stamp(ctx.clock.now()), "plan_id": plan_id}
        db.execute(halt.insert().values(**row))
        log.error("halted", subject=subject)
    return known


def stop(ctx: Installation, subject: str, error: Halt | Refused) -> None:
    """``set_halt`` for a side or station that cannot go on as it is; once its cause is cured, `resume` ends it."""
    cure = error.remedy or "see docs/runbook.md"
    with ctx.store.begin() as db:
        set_halt(ctx, db, subject, str(error), f"{cure}; then `alumni-bridge resume {subject}`")


@prepared
def _halts() -> Select[Any]:
    return select(halt).order_by(halt.c.subject)


def halts(db: Connection) -> dict[str, Row]:
    """What is halted, by subject."""
    return {row["subject"]: row for row in rows_of(_halts(db))}


def clear_halt(db: Connection, subject: str) -> bool:
    """A person has acted; whether there was such a halt."""
    return bool(db.execute(delete(halt).where(halt.c.subject == subject)).rowcount)


def give_notice(ctx: Installation, db: Connection, about: str, text: str, *, afresh: bool = True) -> None:
    """Somebody should know this for a day; it takes the place of what was said about the same.

    ``afresh`` False: what was said of it within the day stays, as it is the same trouble, met again and again.
    """
    now, name = ctx.clock.now(), f"{_NOTICE}{about}"
    known = get_meta(db, name)
    if afresh or known is None or not _counts(known, now):
        set_meta(db, name, pack({"at": stamp(now), "text": text}))


def notices(db: Connection, now: datetime) -> list[str]:
    """What somebody should know although nothing has stopped; each for a day."""
    return [unpack(packed)["text"] for packed in metas_of(db, _NOTICE) if _counts(packed, now)]


def _counts(packed: str, now: datetime) -> bool:
    """Whether a notice was given within the day; one that a clock which was ahead has given was not."""
    return timedelta(0) <= now - moment(unpack(packed)["at"]) < timedelta(days=1)


def stopped(db: Connection) -> bool:
    """Whether an operator has stopped everything: no new effect may begin."""
    return EVERYTHING in halts(db)
