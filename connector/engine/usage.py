"""How much we ask of each side, day by day: far more than usual is a defect of ours or of theirs, and stops that side.

A loop without end (a feed that always promises more, a system that changes everything all the time) would otherwise use up the
allowance that others live on, as would somebody who has got hold of this installation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from sqlalchemy import Connection

from connector.engine.context import Context, Installation
from connector.errors import Halt
from connector.store.store import get_meta, pack, set_meta, unpack

UNUSUAL = "far more than usual"
"""How the reason of such a halt ends."""

_META = "calls"
_ACCEPTED = "calls_accepted"
_TIMES = 10
_FLOOR = 5_000
"""Calls a day that are never unusual."""
_DAYS = 7
_FEWEST = 3
"""Days without which nothing is known to be usual."""
_PER_WRITE = 3
"""Calls that one write may need: a look, the write, a look back. Writes have brakes of their own."""


@dataclass(slots=True, kw_only=True)
class Meter:
    """Counts one run. ``written`` tells how many writes were settled in it so far, ``before`` how often sides had been asked."""

    ctx: Context
    written: Callable[[], int]
    days: dict[str, dict[str, int]]
    accepted: str
    today: str
    before: dict[str, int] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)

    @classmethod
    def begin(cls, ctx: Context, db: Connection, written: Callable[[], int]) -> Meter:
        """A meter that goes on from what was counted until now."""
        known = get_meta(db, _META)
        today = f"{ctx.clock.now():%Y-%m-%d}"
        meter = cls(
            ctx=ctx,
            written=written,
            days=unpack(known) if known else {},
            accepted=get_meta(db, _ACCEPTED) or "",
            today=today,
        )
        meter.before = {side: meter._made(side) for side in meter._sides()}
        meter.seen = dict(meter.before)
        return meter

    def progress(self, what: str, done: int, total: int | None) -> None:
        """Told as long as work goes on; see ``Context.progress``.

        Raises:
            Halt: a side was asked far more than usual.
        """
        for side in self._sides():
            # The side that was just asked: whoever is told of the halt is at work on it.
            if self.seen.get(side) != self._made(side):
                self.seen[side] = self._made(side)
                self._demand(side)
        self.ctx.progress(what, done, total)

    def keep(self, db: Connection) -> None:
        """Write down what this run has asked."""
        counted = dict(self.days.get(self.today, {}))
        for side in self._sides():
            counted[side] = counted.get(side, 0) + self._new(side)
        # A clock that was ahead has counted days that are still to come.
        newest = sorted(day for day in {*self.days, self.today} if day <= self.today)[-_DAYS - 1 :]
        set_meta(db, _META, pack({day: counted if day == self.today else self.days[day] for day in newest}))

    def _demand(self, side: str) -> None:
        earlier = [counts[side] for day, counts in self.days.items() if day < self.today and counts.get(side)]
        if len(earlier) < _FEWEST or self.accepted == self.today:
            return
        usual = median(earlier[-_DAYS:])
        so_far = self.days.get(self.today, {}).get(side, 0) + self._new(side)
        if so_far > max(_FLOOR, _TIMES * usual):
            raise Halt(
                subject=side,
                reason=f"{so_far:,} calls today, on other days about {usual:,.0f}: {UNUSUAL}",
                remedy=f"find out why (`alumni-bridge status`, the side's own logs), then `alumni-bridge resume {side}`",
            )

    def _new(self, side: str) -> int:
        """What this run has asked beyond what its writes needed."""
        return max(0, self._made(side) - self.before[side] - _PER_WRITE * self.written())

    def _made(self, side: str) -> int:
        return self.ctx.crm.calls.made if side == "crm" else self.ctx.careers[side].calls.made

    def _sides(self) -> list[str]:
        return ["crm", *self.ctx.careers]


def accept(ctx: Installation, db: Connection) -> None:
    """A person has looked: today's calls are no reason to stop any more."""
    set_meta(db, _ACCEPTED, f"{ctx.clock.now():%Y-%m-%d}")
