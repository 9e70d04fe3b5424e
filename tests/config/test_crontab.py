"""Schedules mean what they mean to cron."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from connector.crontab import cron_trigger

SUNDAY = datetime(2026, 11, 29, tzinfo=UTC)
NAMES = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def days_of(weekdays: str) -> list[str]:
    """The days of a week on which a schedule with these weekdays is due."""
    trigger = cron_trigger(f"0 3 * * {weekdays}", "UTC")
    each = [SUNDAY + timedelta(days=number) for number in range(7)]
    return [name for day, name in zip(each, NAMES, strict=True) if (trigger.get_next_fire_time(None, day) or day).day == day.day]


@pytest.mark.parametrize(
    ("weekdays", "days"),
    [
        ("*", "sun mon tue wed thu fri sat"),
        ("0", "sun"),
        ("7", "sun"),
        ("sun", "sun"),
        ("SUN", "sun"),
        ("6", "sat"),
        ("1-5", "mon tue wed thu fri"),
        ("mon-fri", "mon tue wed thu fri"),
        ("0-4", "sun mon tue wed thu"),
        ("5-7", "sun fri sat"),
        ("fri-sun", "sun fri sat"),
        ("sun-tue", "sun mon tue"),
        ("1,3,5", "mon wed fri"),
        ("mon,3", "mon wed"),
        ("*/2", "sun tue thu sat"),
        ("1-5/2", "mon wed fri"),
    ],
)
def test_a_weekday_is_the_one_that_cron_means(weekdays: str, days: str) -> None:
    """Law (crontab(5)): 0 and 7 are Sunday, 1 is Monday, ranges and steps count from there; names and numbers may be mixed."""
    assert days_of(weekdays) == days.split()


def test_a_day_of_the_month_and_one_of_the_week_are_either() -> None:
    """Law (crontab(5)): where both days are named the schedule is due on each of them."""
    trigger, due = cron_trigger("0 3 1,15 * sun", "UTC"), [SUNDAY]
    for _ in range(6):
        due.append(trigger.get_next_fire_time(due[-1], due[-1] + timedelta(seconds=1)) or SUNDAY)
    assert [f"{at:%d.%m.}" for at in due[1:]] == ["29.11.", "01.12.", "06.12.", "13.12.", "15.12.", "20.12."]


def test_a_field_that_begins_with_a_star_names_no_day() -> None:
    """Law (crontab(5)): every second day that is a Monday, and not every second day and every Monday."""
    at = cron_trigger("0 3 */2 * 1", "UTC").get_next_fire_time(None, SUNDAY + timedelta(days=2))
    assert at is not None
    assert (at.day % 2, at.isoweekday()) == (1, 1)


def times_of(schedule: str, zone: str, begin: str, *, count: int) -> list[str]:
    """When a schedule is due from a moment on, one after the other, by the clocks of the zone."""
    trigger, now, due, previous = cron_trigger(schedule, zone), datetime.fromisoformat(begin), list[str](), None
    for _ in range(count):
        previous = trigger.get_next_fire_time(previous, now)
        assert previous is not None
        due.append(f"{previous.astimezone(ZoneInfo(zone)):%d.%m. %H:%M %z}")
        now = previous.astimezone(UTC) + timedelta(seconds=1)
    return due


@pytest.mark.parametrize(
    ("schedule", "zone", "begin", "due"),
    [
        # the first hour of the day after the change, and of the day of it
        ("0 0 * * mon", "America/New_York", "2026-03-02T05:00:01Z", ["09.03. 00:00 -0400", "16.03. 00:00 -0400"]),
        ("30 0 * * *", "Europe/Berlin", "2026-03-28T12:00Z", ["29.03. 00:30 +0100", "30.03. 00:30 +0200", "31.03. 00:30 +0200"]),
        # an hour that is not there
        ("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00Z", ["29.03. 03:30 +0200", "30.03. 02:30 +0200"]),
        ("0 0 * * sun", "America/Santiago", "2026-09-04T12:00Z", ["06.09. 01:00 -0300", "13.09. 00:00 -0300"]),
        # an hour that comes twice
        ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00Z", ["25.10. 02:30 +0200", "26.10. 02:30 +0100"]),
        ("30 1 1 * sun", "America/New_York", "2026-10-31T12:00Z", ["01.11. 01:30 -0400", "08.11. 01:30 -0500"]),
        # begun in it, the second time
        ("30 2 * * *", "Europe/Berlin", "2026-10-25T01:10Z", ["26.10. 02:30 +0100"]),
    ],
)
def test_a_change_of_the_clocks_leaves_nothing_out_and_doubles_nothing(
    schedule: str, zone: str, begin: str, due: list[str]
) -> None:
    """Law: each time that a schedule names comes once on each of its days, also where the clocks leave it out or repeat it."""
    assert times_of(schedule, zone, begin, count=len(due)) == due


NEVER = ["", "weekly", "0 3 * *", "0 3 * * * *", "0 25 * * *", "0 3 31 2 *", "0 3 * * 8", "0 3 * * -1", "0 3 * * 5-1"]
NEVER += ["0 3 * * 1/2", "0 3 * * */0", "0 3 * * x", "0 3 * * ?", "0 3 * * 1,,2", "0 3 * * "]


@pytest.mark.parametrize("schedule", NEVER)
def test_what_is_no_schedule_or_never_comes_is_refused(schedule: str) -> None:
    """Law: a schedule that could not be kept is a mistake in the file, and no daemon begins with it."""
    with pytest.raises(ValueError, match=r"."):
        cron_trigger(schedule, "UTC")
