"""One virtual time for a whole world; every clock in it is a view of that time with a skew of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from emulator.clock import Clock as EmulatedClock

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
"""The moment at which every world begins: a Monday morning."""


class Time:
    """Seconds since ``START``. Nothing but ``pass_`` moves it."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds

    def pass_(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += max(seconds, 0.0)

    def now(self) -> datetime:
        """The true moment."""
        return START + timedelta(seconds=self.seconds)

    def clock(self, skew: float = 0.0) -> EmulatedClock:
        """A clock for an emulated system; ``move`` changes how wrong it goes."""
        clock = EmulatedClock(lambda: START.timestamp() + self.seconds)
        clock.move(timedelta(seconds=skew))
        return clock


@dataclass
class HostClock:
    """The clock of a host that a daemon runs on: ``connector.ports.Clock``. ``slept`` hears of each sleep before it begins."""

    time: Time
    slept: Callable[[float], None]
    skew: float = 0.0

    def now(self) -> datetime:
        """What the host believes."""
        return self.time.now() + timedelta(seconds=self.skew)

    def monotonic(self) -> float:
        """Seconds that no correction of the host's clock moves."""
        return self.time.seconds

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self.slept(seconds)
        self.time.pass_(seconds)
