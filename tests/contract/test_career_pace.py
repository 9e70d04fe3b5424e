"""Calls go no faster than a career system allows, whenever its own minutes and days begin."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connector.career.facts import Pace as Limits
from connector.career.pace import PATIENCE, Pace
from connector.errors import Throttled
from emulator.clock import Clock as EmulatedClock
from tests.contract.career_contract import SlowClock

START = datetime(2026, 3, 2, 9, 0, 17, tzinfo=UTC)


def pacing(**limits: float) -> tuple[Pace, SlowClock]:
    """A pace with these limits, and its clock."""
    clock = SlowClock(EmulatedClock(start=START))
    return Pace(Limits.model_validate(limits), clock, system="careers"), clock


def calls(pace: Pace, clock: SlowClock, count: int) -> list[float]:
    """When each of so many calls went, in seconds from the first wish."""
    began, found = clock.monotonic(), list[float]()
    for _ in range(count):
        pace.wait()
        found.append(clock.monotonic() - began)
    return found


def most_within(moments: list[float], seconds: float) -> int:
    """The most calls that fall into any such span of time."""
    return max(sum(start <= moment < start + seconds for moment in moments) for start in moments)


@pytest.mark.parametrize("limit", [300, 60, 7])
def test_no_minute_has_too_many_calls(limit: int) -> None:
    """Law: in whichever minute one counts, there are at most so many calls; nobody waits long, and most are used."""
    pace, clock = pacing(per_minute=limit)
    moments = calls(pace, clock, limit * 4)
    assert most_within(moments, 60.0) <= limit
    assert moments[-1] < 60 * 4 / 0.85
    assert max(clock.slept) < PATIENCE


def test_a_bucket_that_leaks() -> None:
    """Law: a burst goes at once, then calls come at the rate."""
    pace, clock = pacing(per_second=10, burst=100)
    moments = calls(pace, clock, 150)
    assert moments[99] == 0.0
    assert moments[149] == pytest.approx(5.0)


def test_many_server_errors_are_waited_out() -> None:
    """Law: once so many errors have come within a minute, nothing is asked until the first is a minute old."""
    pace, clock = pacing(server_errors=15)
    for _ in range(15):
        pace.wait()
        pace.heard(503, {})
        clock.sleep(1)
    with pytest.raises(Throttled) as caught:
        pace.wait()
    assert caught.value.retry_after == pytest.approx(45.0)
    clock.sleep(45)
    pace.wait()


def test_a_day_has_an_end() -> None:
    """Law: when the day's calls are used up we say when to come again, and the next day begins with all of them."""
    pace, clock = pacing(per_day=3)
    calls(pace, clock, 3)
    with pytest.raises(Throttled) as caught:
        pace.wait()
    assert caught.value.retry_after == pytest.approx((datetime(2026, 3, 3, tzinfo=UTC) - START).total_seconds())
    clock.sleep(caught.value.retry_after or 0)
    assert calls(pace, clock, 3)


@pytest.mark.parametrize(
    "end", ["3600", str(int((START + timedelta(hours=1)).timestamp())), "2026-03-02T10:00:17Z", "Mon, 02 Mar 2026 10:00:17 GMT"]
)
def test_the_system_s_own_count_counts_more(end: str) -> None:
    """Law: what the system says is left, and when its day ends, is believed; in whichever of the usual forms it says so."""
    pace, clock = pacing(per_day=10_000)
    pace.wait()
    pace.heard(200, {"X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": end})
    with pytest.raises(Throttled) as caught:
        pace.wait()
    assert caught.value.retry_after == pytest.approx(3600.0)
    clock.sleep(3600)
    pace.wait()


@pytest.mark.parametrize(
    "end",
    [
        *("", "soon", "-1", "99999999999999999999", "9" * 5000, "2020-01-01", "05:12:33"),
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "Mon, 02 Mar 9999 10:00:17 -1200"),
        "Mon, 99999999999999999999 Mar 2026 10:00:17 GMT",
    ],
)
def test_an_end_that_is_none_is_midnight(end: str) -> None:
    """Law: an end of the day that we do not understand, or that cannot be, is midnight UTC."""
    pace, _ = pacing(per_day=10_000)
    pace.heard(200, {"X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": end})
    with pytest.raises(Throttled) as caught:
        pace.wait()
    assert caught.value.retry_after == pytest.approx((datetime(2026, 3, 3, tzinfo=UTC) - START).total_seconds())


@pytest.mark.parametrize("told", ["9" * 5000, "9" * 300, "-3", "12.5", "12, 100", "\u00b2", "", "many"])
def test_a_count_that_is_none_says_nothing(told: str) -> None:
    """Law (B49): whatever stands in a header, the call before it is answered, and our own count goes on."""
    pace, clock = pacing(per_day=3)
    calls(pace, clock, 1)
    pace.heard(200, {"X-Rate-Limit-Remaining": told, "X-Rate-Limit-Reset": told})
    calls(pace, clock, 2)
    with pytest.raises(Throttled):
        pace.wait()
