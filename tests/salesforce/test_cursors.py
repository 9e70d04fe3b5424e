"""Where a feed stopped, as text that somebody may have changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.salesforce.cursors import Cursor, Job, Trail, read_cursor

STAMP = "2026-11-02T09:00:00+00:00"
ID = "003000000000001AAA"
CURSORS = {
    "the beginning": Cursor(),
    "in the middle of all": Cursor(phase="full", mark=STAMP, id=ID),
    "after all": Cursor(phase="delta", since=STAMP),
    "between two pages": Cursor(phase="delta", since=STAMP, mark=STAMP, stamp=STAMP, id=ID),
    "with a trail": Cursor(phase="delta", since=STAMP, trails={"Cases": Trail(since=STAMP, mark=STAMP, keys=(ID,), after=ID)}),
    "with a job": Cursor(phase="full", mark=STAMP, job=Job(id="750000000000001AAA", locator="1", asked=2, left=3)),
}


@pytest.mark.parametrize("cursor", CURSORS.values(), ids=CURSORS)
def test_what_is_kept_is_found_again(cursor: Cursor) -> None:
    """Law: a cursor comes back from its text as it was."""
    assert read_cursor(cursor.dump()) == cursor


@pytest.mark.parametrize(
    "text",
    [
        *("", "nonsense", "[]", "null", "{}", '{"v":0}', "[" * 3000, '{"v":' * 3000, '{"v":' * 900 + "1" + "}" * 900),
        Cursor(phase="full", mark=STAMP, id=ID).dump().replace('"id":', '"id":"x","id":'),
        Cursor(phase="full", mark=STAMP, id=ID).dump().replace(ID, "' OR Id != '"),
        Cursor(phase="full", mark=STAMP, id=ID).dump().replace(STAMP, "now"),
        Cursor(phase="full", mark=STAMP, id=ID).dump().replace("+00:00", ""),
        replace(CURSORS["with a job"], mark="").dump(),
        CURSORS["with a job"].dump().replace('"asked":2', '"asked":1e400'),
        CURSORS["with a job"].dump().replace('"asked":2', '"asked":null'),
        CURSORS["with a job"].dump().replace('"asked":2', '"asked":[]'),
        CURSORS["with a trail"].dump().replace(f'["{ID}"]', "5"),
    ],
)
def test_what_is_no_cursor_means_the_beginning(text: str) -> None:
    """Law: another version, a damaged text or one that says what no feed can have said reads everything again, which is safe."""
    assert read_cursor(text) == Cursor()
