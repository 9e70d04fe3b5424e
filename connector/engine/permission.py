"""The gate before a changed mapping: what permits more than the one in force waits for a person's word (`apply`)."""

from __future__ import annotations

from sqlalchemy import Connection

from connector.core.grants import Grants, permitted, wider
from connector.engine.context import Context, log
from connector.engine.stage import stage
from connector.errors import Halt
from connector.store import journal
from connector.store.store import get_meta, pack, set_meta, unpack

_GRANTS = "grants"
"""The remembered fact that says what the mapping in force permits."""


def _now(ctx: Context) -> Grants:
    return permitted(ctx.persons, ctx.requests, ctx.careers)


def unconfirmed(ctx: Context, db: Connection) -> list[str]:
    """What this mapping permits beyond the one in force. Before going live that is nothing: `go-live` is the confirmation."""
    known = get_meta(db, _GRANTS)
    return wider(unpack(known), _now(ctx)) if known and stage(db).live else []


def demand(ctx: Context, db: Connection) -> None:
    """Go no further with a mapping that permits more.

    Raises:
        Halt: it does, and nobody has confirmed that.
    """
    more = unconfirmed(ctx, db)
    if more:
        raise Halt(
            subject="mapping",
            reason=f"it permits more than the one in force: {'; '.join(more)}",
            remedy="`alumni-bridge apply` shows it all and takes it into force once you confirm; or undo the change",
        )


def confirm(ctx: Context, db: Connection) -> None:
    """A person has looked at what is unconfirmed and wants it."""
    keep(ctx, db)
    journal.append(db, [("mapping.confirmed", {"rules": ctx.rules_hash}, None)], ctx.clock.now())


def keep(ctx: Context, db: Connection) -> None:
    """This mapping is in force from now on."""
    grants = pack(_now(ctx))
    if grants != get_meta(db, _GRANTS):
        set_meta(db, _GRANTS, grants)
        log.info("mapping.in_force", rules=ctx.rules_hash)
