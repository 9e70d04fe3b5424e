"""The emulator's only clock. State asks it; tests and the control door move it."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def wall_seconds() -> float:
    """Seconds since 1970 on the machine's clock."""
    return time.time()  # noqa: TID251 - the one clock module of the emulator


class Clock:
    """A clock that runs with its source, or stands still, and can be moved.

    Without a source it stands still at `start`, which is what tests want: each step is theirs.
    """

    def __init__(
        self, source: Callable[[], float] | None = None, *, start: datetime = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
    ) -> None:
        self._source = source
        self._offset = timedelta(0)
        self._start = start

    @classmethod
    def running(cls) -> "Clock":
        """A clock that follows the machine's."""
        return cls(wall_seconds)

    def now(self) -> datetime:
        """The present moment, in UTC."""
        if self._source is None:
            return self._start + self._offset
        return datetime.fromtimestamp(self._source(), UTC) + self._offset

    def move(self, step: timedelta) -> None:
        """Move the clock by a step, forward or back."""
        self._offset += step

    def set(self, moment: datetime) -> None:
        """Make `moment` (with time zone) the present one."""
        self.move(moment.astimezone(UTC) - self.now())
