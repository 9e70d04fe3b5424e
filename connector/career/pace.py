"""Calls no faster than a career system allows: we wait a little, or say when to come again; we never run into its limits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from connector.career.facts import Pace as Limits
from connector.errors import Throttled
from connector.ports import Clock

PATIENCE = 30.0
"""Seconds that one call may wait for its turn; for more, the whole side comes again later."""
_MINUTE = 60.0


class Pace:
    """Counts the calls of this process to one system; what the system says of its own count, counts more.

    ``per_second`` with ``burst`` is a leaky bucket; ``per_minute`` and ``server_errors`` are windows that begin with their
    first call; ``per_day`` ends at midnight UTC.
    """

    def __init__(self, limits: Limits, clock: Clock, *, system: str) -> None:
        self._limits, self._clock, self._system = limits, clock, system
        self._level, self._leaked_at = 0.0, clock.monotonic()
        self._calls, self._errors = _Window(), _Window()
        self._day, self._today = clock.now().date(), 0

    def wait(self) -> None:
        """Wait until the next call may go.

        Raises:
            Throttled: that takes longer than a call should wait; it says how long.
        """
        seconds = self._delay()
        if seconds > PATIENCE:
            raise Throttled(side=self._system, code="PACE", retry_after=seconds)
        if seconds > 0:
            self._clock.sleep(seconds)
        self._count()

    def heard(self, status: int, headers: Mapping[str, str]) -> None:
        """Take up what an answer tells: its own count of what is left today, and server errors that will throttle us."""
        if status >= 500 and self._limits.server_errors:
            self._errors.add(self._clock.monotonic())
        left = headers.get("X-Rate-Limit-Remaining", "")
        if self._limits.per_day and left.isdecimal():
            self._today = max(self._today, self._limits.per_day - int(left))

    def _delay(self) -> float:
        now, limits = self._clock.monotonic(), self._limits
        waits = [0.0]
        if limits.per_second:
            level = max(0.0, self._level - (now - self._leaked_at) * limits.per_second)
            waits.append((level + 1 - limits.burst) / limits.per_second)
        if limits.per_minute:
            waits.append(self._calls.until_free(now, limits.per_minute))
        if limits.server_errors:
            waits.append(self._errors.until_free(now, limits.server_errors))
        if limits.per_day:
            waits.append(self._until_tomorrow())
        return max(waits)

    def _until_tomorrow(self) -> float:
        moment = self._clock.now()
        if moment.date() != self._day:
            self._day, self._today = moment.date(), 0
        if self._today < self._limits.per_day:
            return 0.0
        return (_midnight_after(moment) - moment).total_seconds()

    def _count(self) -> None:
        now = self._clock.monotonic()
        if self._limits.per_second:
            self._level = max(0.0, self._level - (now - self._leaked_at) * self._limits.per_second) + 1
        self._leaked_at = now
        self._calls.add(now)
        self._today += 1


class _Window:
    """How often something happened in the minute that began with its first time."""

    def __init__(self) -> None:
        self._began, self._count = 0.0, 0

    def add(self, now: float) -> None:
        """Once more."""
        if self._count == 0 or now - self._began >= _MINUTE:
            self._began, self._count = now, 0
        self._count += 1

    def until_free(self, now: float, limit: int) -> float:
        """Seconds until it may happen again."""
        if self._count < limit or now - self._began >= _MINUTE:
            return 0.0
        return self._began + _MINUTE - now


def _midnight_after(moment: datetime) -> datetime:
    return (moment + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
