"""Where a feed stopped, as text that somebody may have changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace

import pytest

from connector.salesforce.cursors import Cursor, Job, Trail, read_cursor

STAMP = "2026-11-02T09:00:00+00:00"
ID = "003000000000001AAA"
JOB = "750000000000001AAA"
BUSY = Trail(since="2026-11-01T09:00:00+00:00", mark=STAMP, keys=(ID,), after=ID)
BETWEEN = replace(BUSY, stamp=STAMP, id=ID)
CURSORS = {
    "the beginning": Cursor(),
    "in the middle of all": Cursor(phase="full", mark=STAMP, id=ID),
    "after all": Cursor(phase="delta", since=STAMP),
    "between two pages": Cursor(phase="delta", since=STAMP, mark=STAMP, stamp=STAMP, id=ID),
    "with a trail at rest": Cursor(phase="delta", since=STAMP, trails={"Cases": Trail(since=STAMP)}),
    "with a trail": Cursor(phase="delta", since=STAMP, trails={"Cases": BUSY}),
    "on a trail between two pages": Cursor(phase="delta", since=STAMP, trails={"Cases": BETWEEN}),
    "with a job": Cursor(phase="full", mark=STAMP, job=Job(id=JOB, locator="1", asked=2, left=3)),
    "with a new job": Cursor(phase="full", mark=STAMP, job=Job(id=JOB)),
}


@pytest.mark.parametrize("cursor", CURSORS.values(), ids=CURSORS)
def test_what_is_kept_is_found_again(cursor: Cursor) -> None:
    """Law: a cursor comes back from its text as it was, and the text says no more than it must."""
    assert read_cursor(cursor.dump()) == cursor
    assert not {" ", "\n"} & set(cursor.dump())
    assert json.loads(cursor.dump()).keys() <= {"v", *(name for name, value in asdict(cursor).items() if value)}


def changed(name: str, path: str, value: object) -> str:
    """The text of a cursor with something else at a path; ``GONE``: with nothing there."""
    data = json.loads(CURSORS[name].dump())
    *inner, last = path.split(".")
    place = data
    for step in inner:
        place = place[step]
    if value is GONE:
        del place[last]
    else:
        place[last] = value
    return json.dumps(data)


GONE = object()
NOW, NAIVE = "now", "2026-11-02T09:00:00"


@pytest.mark.parametrize(
    "text",
    [
        *("", "nonsense", "[]", "null", "{}", '{"v":0}', "[" * 3000, '{"v":' * 3000, '{"v":' * 900 + "1" + "}" * 900),
        CURSORS["in the middle of all"].dump().replace('"id":', '"id":"x","id":'),
    ],
)
def test_what_is_no_cursor_means_the_beginning(text: str) -> None:
    """Law: what is not ours reads everything again, which is safe."""
    assert read_cursor(text) == Cursor()


DAMAGES: tuple[tuple[str, str, Sequence[object]], ...] = (
    ("in the middle of all", "v", (0, 2, "1", GONE)),
    ("in the middle of all", "phase", ("start", "else", 5, GONE)),
    ("in the middle of all", "mark", ("", GONE, NOW, NAIVE)),
    ("in the middle of all", "id", ("' OR Id != '", "1", 5)),
    ("in the middle of all", "surprise", ("1",)),
    ("after all", "since", ("", GONE, NOW, NAIVE)),
    ("between two pages", "stamp", ("", GONE, NOW, NAIVE)),
    ("between two pages", "mark", (NOW, NAIVE)),
    ("with a trail", "trails.Cases.since", ("", GONE, NOW, NAIVE)),
    ("with a trail", "trails.Cases.mark", ("", GONE, NOW, NAIVE)),
    ("with a trail", "trails.Cases.keys", (5, ["x"], [""] * 2 + ["' OR Id != '"])),
    ("with a trail", "trails.Cases.after", ("x", 5)),
    ("with a trail", "trails.Cases", (5, None, [], {})),
    ("with a trail", "trails.Cases.surprise", ("1",)),
    ("with a trail", "trails", ([5],)),
    ("on a trail between two pages", "trails.Cases.stamp", ("", GONE, NOW, NAIVE)),
    ("on a trail between two pages", "trails.Cases.mark", ("", GONE)),
    ("on a trail between two pages", "trails.Cases.id", ("x", 5)),
    ("with a job", "job.asked", ("x", None, [])),
    ("with a job", "job.left", ("x", None, [])),
    ("with a job", "job.id", ("", "x", GONE)),
    ("with a job", "job", (None, 5, [], {})),
    ("with a job", "job.surprise", (1,)),
    ("with a job", "mark", (GONE,)),
)
"""Of a good cursor, what stands somewhere else in it."""


@pytest.mark.parametrize(("name", "path", "value"), [(name, path, value) for name, path, values in DAMAGES for value in values])
def test_what_no_feed_can_have_said_means_the_beginning(name: str, path: str, value: object) -> None:
    """Law: a place that is damaged, or that no feed can have said, reads everything again, which is safe."""
    assert read_cursor(changed(name, path, value)) == Cursor()


def test_numbers_beyond_every_measure_are_no_cursor() -> None:
    """Law: what JSON calls a number and no machine does is damage, too (B39)."""
    assert read_cursor(CURSORS["with a job"].dump().replace('"asked":2', '"asked":1e400')) == Cursor()


def test_a_trail_whose_contacts_are_read() -> None:
    """Law: its keys are done with; between two pages it stays at its place, else all is followed up to its mark."""
    assert BETWEEN.through() == replace(BETWEEN, keys=(), after="")
    assert BUSY.through() == Trail(since=STAMP)
