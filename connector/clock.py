"""Real time: the one module that asks the machine what time it is."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class SystemClock:
    """``connector.ports.Clock`` on this machine."""

    def now(self) -> datetime:
        """This moment, aware, in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - this is the clock

    def monotonic(self) -> float:
        """Seconds that never step back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
