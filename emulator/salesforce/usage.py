"""API requests of the last 24 hours, which the daily limit is about."""

from emulator.clock import Clock


class Usage:
    """Counts requests by the hour; the oldest hours fall out of the sum as time goes on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._by_hour: dict[int, int] = {}

    def add(self, count: int = 1) -> None:
        """Count requests made now."""
        hour = self._hour()
        self._by_hour[hour] = self._by_hour.get(hour, 0) + count
        if len(self._by_hour) > 25:
            self._by_hour = {each: known for each, known in self._by_hour.items() if each > hour - 24}

    def total(self) -> int:
        """Requests of the last 24 hours."""
        hour = self._hour()
        return sum(count for each, count in self._by_hour.items() if each > hour - 24)

    def _hour(self) -> int:
        return int(self._clock.now().timestamp()) // 3600

    def copy(self, clock: Clock) -> "Usage":
        """The same count, by another clock."""
        made = Usage(clock)
        made._by_hour = dict(self._by_hour)
        return made
