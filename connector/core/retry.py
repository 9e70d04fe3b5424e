"""When to try again: exponential back-off with full jitter, as a decision about values."""

from __future__ import annotations

from datetime import datetime, timedelta

FIRST = 5.0
"""Seconds before the first repetition, at most."""

LONGEST = 3600.0
"""Seconds between two attempts, at most; a side that asks for more is asked again after this."""


def next_attempt(now: datetime, *, attempts: int, chance: float, retry_after: float | None = None) -> datetime:
    """The earliest moment for the next attempt, after ``attempts`` failed ones. ``chance`` is in [0, 1).

    What the side asked for is honoured, within limits; a negative or absurd wish counts as none.
    """
    # more doublings change nothing, and after a thousand there is no such number
    ceiling = min(LONGEST, FIRST * 2 ** min(max(attempts - 1, 0), 20))
    wait = max(1.0, ceiling * chance)
    if retry_after is not None and retry_after > 0:
        wait = max(wait, min(retry_after, LONGEST))
    return now + timedelta(seconds=wait)
