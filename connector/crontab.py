"""Schedules as people know them from cron: five fields, and in the fifth 0 and 7 are Sunday."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""By cron's number. APScheduler counts from Monday, so that it is told names only."""
_BEFORE_WEEKDAYS, _OF_THE_MONTH = 4, 2
"""How many fields stand before the days of the week, and which of them has the days of the month."""
_FIRST = datetime(2000, 1, 1, tzinfo=UTC)
"""Whatever can be a date is one within some years from here."""
_INSTANT = timedelta(microseconds=1)


def cron_trigger(schedule: str, time_zone: str) -> BaseTrigger:
    """When a schedule is due, by the clocks of a time zone.

    Raises:
        ValueError: this is no schedule, or never comes.
    """
    *times, weekdays = schedule.split()
    named = ",".join(_named(part) for part in weekdays.lower().split(","))
    days = [(*times, named)]
    if len(times) == _BEFORE_WEEKDAYS and not any(field.startswith("*") for field in (times[_OF_THE_MONTH], weekdays)):
        # Where both are named cron takes either day, and APScheduler what is both.
        days = [(*times, "*"), (*times[:_OF_THE_MONTH], "*", *times[_OF_THE_MONTH + 1 :], named)]
    each = [CronTrigger.from_crontab(" ".join(fields), timezone=UTC) for fields in days]
    if any(trigger.get_next_fire_time(None, _FIRST) is None for trigger in each):
        raise ValueError("it never comes")
    return _ByTheClocks(each, ZoneInfo(time_zone))


class _ByTheClocks(BaseTrigger):  # type: ignore[misc] # APScheduler has no types
    """Due whenever the clocks of a zone show what one of some schedules names, and once for each time that they show it.

    The schedules are asked as if the clocks never changed: where they do, APScheduler's own reckoning leaves out the first hour
    of the day after, and with it a whole week of a weekly schedule, and takes an hour that comes twice for two.
    """

    def __init__(self, each: Sequence[CronTrigger], zone: ZoneInfo) -> None:
        self._each, self._zone = each, zone

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """The next moment after the previous one, or from now on, in UTC; see APScheduler.

        What stands in an hour that the clocks leave out is due as long after its beginning as it stands in it.
        """
        start = now.astimezone(UTC) if previous_fire_time is None else previous_fire_time.astimezone(UTC) + _INSTANT
        shown = start.astimezone(self._zone).replace(tzinfo=UTC, fold=0)
        while True:
            found = [at for at in (trigger.get_next_fire_time(None, shown) for trigger in self._each) if at is not None]
            if not found:
                return None
            first: datetime = min(found)
            due = first.replace(tzinfo=self._zone).astimezone(UTC)
            if due >= start:
                return due
            # The clocks show it for the second time: it was due the first time.
            shown = first + _INSTANT


def _named(part: str) -> str:
    """The days of one part of the fifth field (``1-5``, ``*/2``, ``sun``), by name."""
    span, _, step = part.partition("/")
    first, dash, last = ("0", "-", "6") if span == "*" else span.partition("-")
    begin = _number(first)
    end = _number(last, after=begin) if dash else begin
    days = range(begin, end + 1)[:: int(step or 1)]
    if not days or (step and not dash):
        raise ValueError("no day of the week")
    return ",".join(_DAYS[day] for day in days)


def _number(day: str, *, after: int = 0) -> int:
    """A day's number; Sunday is 7 where it ends what began later in the week."""
    number = _DAYS.index(day) if day in _DAYS else int(day)
    if not 0 <= number < len(_DAYS):
        raise ValueError("no day of the week")
    return number + 7 if number == 0 and after > 0 else number
