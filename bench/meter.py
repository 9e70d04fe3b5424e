"""What the bench measures with: calls by the port's method, the process' own CPU and peak memory."""

from __future__ import annotations

import resource
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from connector.clock import SystemClock


class MovedClock(SystemClock):
    """The machine's clock, set ahead: the bench lets ten minutes pass without waiting for them."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        """This moment, as far ahead as time was let pass."""
        return super().now() + self._ahead

    def move(self, seconds: float) -> None:
        """Let time pass; the emulated systems' clock is moved by the same step."""
        self._ahead += timedelta(seconds=seconds)

    def monotonic(self) -> float:
        """Seconds that never step back, those let pass included."""
        return super().monotonic() + self._ahead.total_seconds()


class Metered:
    """A side that counts its remote calls by the port's method that made them; everything else is the side's own."""

    def __init__(self, side: Any) -> None:  # noqa: ANN401 - CrmSide or CareerSide; both are asked by name
        self._side = side
        self.by_method: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the side has under this name
        found = getattr(self._side, name)
        if not callable(found):
            return found

        def metered(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - passed through
            before = self._side.calls.made
            try:
                return found(*args, **kwargs)
            finally:
                self.by_method[name] += self._side.calls.made - before

        return metered

    def taken(self) -> dict[str, int]:
        """The calls since the last time of asking, by method."""
        found = {name: count for name, count in self.by_method.items() if count}
        self.by_method.clear()
        return found


def peak_megabytes() -> float:
    """The most memory that this process has had since it began.

    Linux tells it of this program alone (``VmHWM``); ``ru_maxrss`` would count what the parent had when it started us.
    """
    return _status_megabytes("VmHWM")


def megabytes() -> float:
    """The memory that this process has now (its peak where the system does not tell)."""
    return _status_megabytes("VmRSS")


def _status_megabytes(name: str) -> float:
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith(name))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measured(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """What the work answered; its wall seconds, this process' CPU seconds, and the peak memory after it."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = work()
    cost = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "peak_mb": peak_megabytes()}
    return found, cost
