"""How long a side asked to be left alone. It is kept in the state: neither the next cycle nor a new process forgets it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection

from connector.core.retry import LONGEST
from connector.engine.context import Context
from connector.errors import Later
from connector.ports import Outcome
from connector.store.store import get_meta, moment, set_meta, stamp


def keep(ctx: Context, side: str, reason: Later | Outcome) -> None:
    """A side has perhaps said for how long; an absurd wish is cut to what ``core.retry`` allows."""
    if reason.retry_after is not None and reason.retry_after > 0:
        until = ctx.clock.now() + timedelta(seconds=min(reason.retry_after, LONGEST))
        with ctx.store.begin() as db:
            set_meta(db, _name(side), f"{stamp(until)} {reason.code}")


def asked(ctx: Context, db: Connection, side: str) -> str | None:
    """The code with which a side asked for patience, if it is not over yet."""
    until, _, code = (get_meta(db, _name(side)) or "").partition(" ")
    if not until:
        return None
    now = ctx.clock.now()
    # A clock that was set back must not make us wait for longer than anybody can ask for.
    return code if now < moment(until) <= now + timedelta(seconds=LONGEST) else None


def _name(side: str) -> str:
    return f"patience:{side}"
