"""Calls no faster than a career system allows: we wait a little, or say when to come again; we never run into its limits."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from connector.career.facts import Pace as Limits
from connector.career.payload import number_in
from connector.core.httpdate import read_date
from connector.errors import Throttled
from connector.ports import Clock

PATIENCE = 30.0
"""Seconds that one call may wait for its turn; for more, the whole side comes again later."""
_MINUTE = 60.0
_DAY = 86_400


class Pace:
    """Counts the calls of this process to one system; what the system says of its own count, counts more.

    ``per_second`` with ``burst`` is a leaky bucket. ``per_minute`` is one too, a tenth of it at once and the rest spread over
    the minute: so no minute has too many, whenever the system's own minutes begin, and no call waits long. ``server_errors``
    are those of the last minute. ``per_day`` ends when the system says so, else at midnight UTC.
    """

    def __init__(self, limits: Limits, clock: Clock, *, system: str) -> None:
        self._limits, self._clock, self._system = limits, clock, system
        now, at_once = clock.monotonic(), max(1, limits.per_minute // 10)
        buckets = ((limits.per_second, limits.burst), ((limits.per_minute - at_once) / _MINUTE, at_once))
        self._buckets = [_Bucket(rate, burst, now) for rate, burst in buckets if rate > 0]
        self._errors: deque[float] = deque(maxlen=limits.server_errors)
        self._left, self._ends = limits.per_day, _midnight_after(clock.now())

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
        for bucket in self._buckets:
            bucket.add(self._clock.monotonic())
        self._left -= 1

    def heard(self, status: int, headers: Mapping[str, str]) -> None:
        """Take up what an answer tells: its own count of what is left today, and server errors that will throttle us."""
        if status >= 500:
            self._errors.append(self._clock.monotonic())
        left = number_in(headers.get("X-Rate-Limit-Remaining"))
        if self._limits.per_day and left is not None:
            now = self._clock.now()
            self._left = left
            self._ends = _end_told(headers.get("X-Rate-Limit-Reset", ""), now) or _midnight_after(now)

    def _delay(self) -> float:
        now = self._clock.monotonic()
        waits = [bucket.until_free(now) for bucket in self._buckets]
        if self._limits.server_errors and len(self._errors) == self._limits.server_errors:
            waits.append(self._errors[0] + _MINUTE - now)
        if self._limits.per_day:
            waits.append(self._until_tomorrow())
        return max(waits, default=0.0)

    def _until_tomorrow(self) -> float:
        now = self._clock.now()
        if now >= self._ends:
            self._left, self._ends = self._limits.per_day, _midnight_after(now)
        return (self._ends - now).total_seconds() if self._left <= 0 else 0.0


class _Bucket:
    """``burst`` calls at once, and ``rate`` a second from then on."""

    def __init__(self, rate: float, burst: int, now: float) -> None:
        self._rate, self._burst = rate, burst
        self._level, self._at = 0.0, now

    def until_free(self, now: float) -> float:
        """Seconds until the next call fits; not above 0 if it does."""
        return (self._level_at(now) + 1 - self._burst) / self._rate

    def add(self, now: float) -> None:
        """One more call."""
        self._level, self._at = self._level_at(now) + 1, now

    def _level_at(self, now: float) -> float:
        return max(0.0, self._level - (now - self._at) * self._rate)


def _midnight_after(moment: datetime) -> datetime:
    return (moment + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


def _end_told(text: str, now: datetime) -> datetime | None:
    """When the day's count begins anew, by a header whose form nobody documents; None if it cannot be that."""
    try:
        if text.isdecimal():
            seconds = int(text)
            end: datetime | None = now + timedelta(seconds=seconds) if seconds <= _DAY else datetime.fromtimestamp(seconds, UTC)
        else:
            end = datetime.fromisoformat(text) if text[:4].isdecimal() else read_date(text)
    except (ValueError, OverflowError):
        return None
    if end is None:
        return None
    end = end if end.tzinfo is not None else end.replace(tzinfo=UTC)
    return end if now < end <= now + timedelta(seconds=_DAY + 3600) else None
