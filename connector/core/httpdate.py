"""Moments in HTTP headers, from whoever sent them."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_RETRY_AFTER = 3600.0
"""Seconds; a ``Retry-After`` above this is read as this."""


def read_date(text: str) -> datetime | None:
    """The moment in a header such as ``Date``, in UTC; None for nonsense, and for a year that no clock of today can show."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if not 2000 <= moment.year < 3000:
        return None
    return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def read_retry_after(text: str, now: datetime) -> float | None:
    """Seconds from a ``Retry-After`` header (seconds or an HTTP date), clamped to [0, an hour]; None for nonsense."""
    try:
        seconds = float(text)
    except ValueError:
        moment = read_date(text)
        if moment is None:
            return None
        seconds = (moment - now).total_seconds()
    if seconds != seconds:  # noqa: PLR0124 - only "not a number" differs from itself
        return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER)
