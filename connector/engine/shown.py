"""What was handed over, and what each reading shows of it.

A system that cannot be asked says by itself what became of a write, perhaps once only: careers may set their value again
before its next table. So what differs in a reading is looked at in the transaction that keeps it, and not when the side is next
written to.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from connector.core.model import Side
from connector.engine.context import Context
from connector.engine.doubt import look_at_reading, never_arrived
from connector.engine.settling import Delivered, settle
from connector.ports import Outcome, Status
from connector.store import intents, observations, sending
from connector.store.store import Row, unpack


def settle_shown(ctx: Context, db: Connection, system: str, accounts: Sequence[str], done: Delivered) -> None:
    """Settle what these accounts, whose reading was just kept since it differs, show to have become of what was handed over."""
    if ctx.careers[system].capabilities.lookup:
        return
    waiting = intents.on_their_way(db, system, accounts, "career.update")
    seen = observations.load(db, Side.CAREER, "person", waiting, system=system)
    pairs, outcomes = [], []
    for row in (row for rows in waiting.values() for row in rows):
        payload = unpack(row["payload"])
        outcome = look_at_reading(ctx, row, payload, seen.get(row["target"]))
        if _tells(ctx, row, outcome):
            pairs.append((row, payload))
            outcomes.append(outcome)
    if pairs:
        sending.take_these(db, [row["id"] for row, _ in pairs], ctx.clock.now())
        settle(ctx, db, pairs, outcomes, done)


def _tells(ctx: Context, row: Row, outcome: Outcome) -> bool:
    """Whether a reading says what became of a write.

    Of one that a dead process may not have handed over, what differs says nothing: it is handed over, and carried in once.
    """
    if outcome.status is Status.UNKNOWN:
        return False
    return outcome.status is Status.APPLIED or not never_arrived(ctx, row)
