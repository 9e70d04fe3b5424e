"""The table of all demos: every combination is played, and one that did not hold is not hidden."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from demo.all import Played, print_table

FACTS: dict[str, Any] = {
    "links": {"automatic": 575, "precision": None},
    "suggestions": {"raised": 7},
    "requests": {
        "received": 2,
        "list": [{"careers_read": "done", "expected": "done"}, {"careers_read": None, "expected": "done"}],
    },
    "api_calls": {"crm": 1, "career": 2},
    "quiet_cycle": {"calls": {"crm": 2, "career": 1}},
    "contact_writes": 0,
    "mails_to_alumni": 0,
    "failures": ["one"],
    "seconds": {"all": 3.2},
    "differences": {"Alumni Relations run EDA": ["a reason"]},
}


def test_the_table_tells_what_did_not_hold() -> None:
    """Law: a day whose laws did not hold, and one without an account, say so; what is not known is no figure."""
    days = [
        Played(platform="generic", flavour="eda", code=1, facts=FACTS),
        Played(platform="generic", flavour="plain", code=2, facts={}),
    ]
    console = Console(record=True, width=200, file=io.StringIO())
    print_table(console, days)
    text = console.export_text()
    assert "NO: 1 failures" in text
    assert "NO ACCOUNT" in text
    assert "1 of 2" in text
    assert "unknown" in text
    assert "a reason" in text
