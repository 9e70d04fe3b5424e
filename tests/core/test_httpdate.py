"""Moments in headers, which anybody may have written."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.httpdate import LONGEST_RETRY_AFTER, read_date, read_retry_after

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Mon, 02 Nov 2026 09:00:00 GMT", NOW),
        ("Mon, 02 Nov 2026 10:00:00 +0100", NOW),
        ("Mon, 02 Nov 2026 09:00:00", NOW),
        ("Mon, 02 Nov 2026 09:00:00 -0000", NOW),
        ("", None),
        ("soon", None),
        (",", None),
        ("Mon, 02 Nov 1815 09:00:00 GMT", None),
        ("Mon, 02 Nov 9999 23:00:00 -1200", None),
        ("Mon, 99999999999999999999 Nov 2026 09:00:00 GMT", None),
        ("Mon, 02 Nov 2026 99:00:00 GMT", None),
        ("Mon, 02 Nov 2026 09:00:00 +99999999999999", None),
    ],
)
def test_dates(text: str, moment: datetime | None) -> None:
    """Law: a date is a moment in UTC; nonsense, and a year that no clock of today can show, is none (B58)."""
    found = read_date(text)
    assert found == moment
    assert found is None or found.tzinfo is UTC


@given(st.text(max_size=60) | st.from_regex(r"Mon, [0-9]{1,30} Nov [0-9]{1,30} [0-9]{1,9}:00:[0-9]{1,9} [+-][0-9]{1,30}"))
def test_no_text_is_trouble(text: str) -> None:
    """Law: any text is a moment or none, and a wait between nothing and the longest (B58)."""
    found = read_date(text)
    assert found is None or 1999 <= found.year <= 3000
    seconds = read_retry_after(text, NOW)
    assert seconds is None or 0 <= seconds <= LONGEST_RETRY_AFTER
