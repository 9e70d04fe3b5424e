"""Schedules mean what they mean to cron."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

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


NEVER = ["", "weekly", "0 3 * *", "0 3 * * * *", "0 25 * * *", "0 3 31 2 *", "0 3 * * 8", "0 3 * * -1", "0 3 * * 5-1"]
NEVER += ["0 3 * * 1/2", "0 3 * * */0", "0 3 * * x", "0 3 * * ?", "0 3 * * 1,,2", "0 3 * * "]


@pytest.mark.parametrize("schedule", NEVER)
def test_what_is_no_schedule_or_never_comes_is_refused(schedule: str) -> None:
    """Law: a schedule that could not be kept is a mistake in the file, and no daemon begins with it."""
    with pytest.raises(ValueError, match=r"."):
        cron_trigger(schedule, "UTC")
