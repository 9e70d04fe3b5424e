"""What this state belongs to: an environment, an org, and the tenant of each career system, as the first start met them."""

from __future__ import annotations

from sqlalchemy import Connection

from connector.engine.context import Context
from connector.errors import Halt
from connector.store.store import get_meta, set_meta

_UNPROVEN = "unproven"
"""The remembered fact about a career system that this process has not yet seen whose tenant it is."""


def pin(ctx: Context, name: str, value: str) -> None:
    """Remember what the configuration leads to; it must be the same for ever.

    Raises:
        Halt: this state belongs to another one.
    """
    compare(ctx, name, value)
    with ctx.store.begin() as db:
        set_meta(db, f"pin:{name}", value)


def compare(ctx: Context, name: str, value: str) -> None:
    """``pin``, where nothing is to be remembered."""
    with ctx.store.begin() as db:
        pinned = get_meta(db, f"pin:{name}")
    if pinned is not None and pinned != value:
        raise Halt(
            subject=name,
            reason=f"this state belongs to {pinned}, but the configuration leads to {value}",
            remedy="correct config.toml and start again; after a refreshed test org or a new tenant, start with a new state file",
        )


def doubt(ctx: Context, db: Connection) -> None:
    """A process begins: no career system is read or written before it is proven."""
    for system in ctx.careers:
        set_meta(db, f"{_UNPROVEN}:{system}", "yes")


def prove(ctx: Context, system: str) -> None:
    """Before a career system is used for the first time in a process, its tenant is asked for and compared.

    Raises:
        Halt: it is another tenant than this state belongs to, or the system cannot be used as it is configured.
        Later: the system cannot be asked now.
    """
    with ctx.store.begin() as db:
        if get_meta(db, f"{_UNPROVEN}:{system}") is None:
            return
    pin(ctx, f"tenant:{system}", ctx.careers[system].tenant_id())
    with ctx.store.begin() as db:
        set_meta(db, f"{_UNPROVEN}:{system}", None)
