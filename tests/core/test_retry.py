"""When a write is tried again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connector.core.retry import LONGEST, next_attempt

NOW = datetime(2026, 11, 2, tzinfo=UTC)


@pytest.mark.parametrize(("attempts", "seconds"), [(0, 5.0), (1, 5.0), (2, 10.0), (3, 20.0), (10, 2560.0), (11, LONGEST)])
def test_each_wait_may_be_twice_as_long(attempts: int, seconds: float) -> None:
    """Law (I41): the longest wait doubles with each failure, up to an hour."""
    assert (next_attempt(NOW, attempts=attempts, chance=1.0) - NOW).total_seconds() == seconds


@pytest.mark.parametrize("attempts", [1_023, 1_100, 1_000_000])
def test_what_fails_for_weeks_is_tried_every_hour(attempts: int) -> None:
    """Law: however often something was tried in vain (a full storage, for a month), there is a next time."""
    assert (next_attempt(NOW, attempts=attempts, chance=1.0) - NOW).total_seconds() == LONGEST


@pytest.mark.parametrize(("asked", "seconds"), [(None, 1.0), (-5.0, 1.0), (0.0, 1.0), (60.0, 60.0), (1e9, LONGEST)])
def test_a_wish_for_patience_is_kept_within_limits(asked: float | None, seconds: float) -> None:
    """Law: a side is left alone for as long as it asks, an hour at most; never less than a second passes."""
    assert (next_attempt(NOW, attempts=1, chance=0.0, retry_after=asked) - NOW).total_seconds() == seconds
