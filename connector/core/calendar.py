"""Business days: when something is due, in the calendar and time zone of the office that owes it."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

WEEKEND = frozenset({5, 6})
"""Saturday and Sunday, as ``date.weekday`` counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeCalendar:
    """An office's working time. ``holidays`` answers ``day in holidays``; ``closes`` is the local end of a working day."""

    name: str
    time_zone: ZoneInfo
    holidays: Container[date]
    closes: time = time(17)
    weekend: frozenset[int] = WEEKEND

    def works(self, day: date) -> bool:
        """Whether the office works on this day."""
        return day.weekday() not in self.weekend and day not in self.holidays

    def today(self, now: datetime) -> date:
        """The office's local date at an aware moment."""
        return now.astimezone(self.time_zone).date()


def due(calendar: OfficeCalendar, now: datetime, business_days: int) -> datetime:
    """The end (UTC) of the working day that is ``business_days`` after the one that receives what arrives ``now``.

    What arrives after closing time or on a day off is received on the next working day; 0 is that day itself.
    """
    local = now.astimezone(calendar.time_zone)
    day = local.date()
    if local.time() >= calendar.closes:
        day += timedelta(days=1)
    day = _working_day(calendar, day)
    for _ in range(business_days):
        day = _working_day(calendar, day + timedelta(days=1))
    return datetime.combine(day, calendar.closes, tzinfo=calendar.time_zone).astimezone(UTC)


def _working_day(calendar: OfficeCalendar, day: date) -> date:
    # A calendar whose every day is off is refused when routing.toml is read; the bound keeps a wrong one from hanging us.
    for _ in range(366):
        if calendar.works(day):
            return day
        day += timedelta(days=1)
    return day
