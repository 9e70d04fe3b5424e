"""Schedules as people know them from cron: five fields, and in the fifth 0 and 7 are Sunday."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""By cron's number. APScheduler counts from Monday, so that it is told names only."""
_FIRST = datetime(2000, 1, 1, tzinfo=UTC)
"""Whatever can be a date is one within some years from here."""


def cron_trigger(schedule: str, time_zone: str) -> CronTrigger:
    """When a schedule is due, by the clocks of a time zone.

    Raises:
        ValueError: this is no schedule, or never comes.
    """
    *times, weekdays = schedule.split()
    named = ",".join(_named(part) for part in weekdays.lower().split(","))
    trigger = CronTrigger.from_crontab(" ".join((*times, named)), timezone=ZoneInfo(time_zone))
    if trigger.get_next_fire_time(None, _FIRST) is None:
        raise ValueError("it never comes")
    return trigger


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
