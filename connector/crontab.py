"""Schedules as people know them from cron: five fields, and in the fifth 0 and 7 are Sunday."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""By cron's number. APScheduler counts from Monday, so that it is told names only."""
_BEFORE_WEEKDAYS, _OF_THE_MONTH = 4, 2
"""How many fields stand before the days of the week, and which of them has the days of the month."""
_FIRST = datetime(2000, 1, 1, tzinfo=UTC)
"""Whatever can be a date is one within some years from here."""


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
    each = [CronTrigger.from_crontab(" ".join(fields), timezone=ZoneInfo(time_zone)) for fields in days]
    if any(trigger.get_next_fire_time(None, _FIRST) is None for trigger in each):
        raise ValueError("it never comes")
    return each[0] if len(each) == 1 else OrTrigger(each)


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
