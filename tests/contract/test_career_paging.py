"""Walks through lists with page numbers: nothing is lost when rows move, processes die, or a list needs time to be made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from connector.career.paging import AGAIN, Listing, PagedReader, Slice
from connector.ports import Page, Record
from emulator.clock import Clock as EmulatedClock
from tests.contract.career_contract import SlowClock

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Rows:
    """A list whose pages are two long; ``asked`` are the pages that were wanted, with the moments since."""

    def __init__(self, clock: SlowClock, ids: Sequence[str] = ()) -> None:
        self.clock, self.ids = clock, list(ids)
        self.asked: list[tuple[int, datetime | None]] = []
        self.unready = 0

    def page(self, number: int, since: datetime | None) -> Slice:
        """As ``Listing.page``."""
        self.asked.append((number, since))
        if self.unready:
            self.unready -= 1
            return Slice(records=(), met=(), more=False, wait=True)
        ids = self.ids[2 * number - 2 : 2 * number]
        records = tuple(Record(kind="person", id=id, version="1", fields={}) for id in ids)
        total = len(self.ids)
        return Slice(records=records, met=tuple(ids), more=2 * number < total, total=total, at=self.clock.now())


def clock() -> SlowClock:
    """A clock that stands until somebody sleeps."""
    return SlowClock(EmulatedClock(start=START))


def met(pages: Sequence[Page]) -> list[str]:
    """The ids in the order in which they came."""
    return [record.id for page in pages for record in page.records]


def walk(reader: PagedReader, cursor: str = "") -> list[Page]:
    """As the engine reads: until nothing more is there."""
    pages = [reader.read(cursor)]
    while pages[-1].more:
        assert len(pages) < 50
        pages.append(reader.read(pages[-1].cursor))
    return pages


def test_a_row_that_slips_through_is_met_by_another_walk() -> None:
    """Law: a row that moves to the end while we walk pushes its neighbour across a boundary; the walk is made again."""
    time = clock()
    rows = Rows(time, "abcde")
    reader = PagedReader([Listing(name="all", page=rows.page, since=False)], time)
    first = reader.read("")
    rows.ids = ["b", "c", "d", "e", "a"]
    assert set(met([first, *walk(reader, first.cursor)])) == set("abcde")


def test_a_row_that_goes_hides_nobody() -> None:
    """Law: somebody deleted while we walk pulls her successor across a boundary; the walk is made again."""
    time = clock()
    rows = Rows(time, "abcde")
    reader = PagedReader([Listing(name="all", page=rows.page, since=False)], time)
    first = reader.read("")
    rows.ids.remove("a")
    assert "c" in met(walk(reader, first.cursor))
    assert [number for number, _ in rows.asked] == [1, 2, 1, 2]


def test_a_walk_of_a_dead_process_begins_again() -> None:
    """Law: only who has met the first rows can tell what is missing; and changes count from where the first one began."""
    time = clock()
    rows = Rows(time, "abcde")
    first = PagedReader([Listing(name="all", page=rows.page, since=True)], time).read("")
    time.sleep(600)
    another = PagedReader([Listing(name="all", page=rows.page, since=True)], time)
    rows.asked.clear()
    assert met(walk(another, first.cursor))[:5] == list("abcde")
    assert rows.asked[:4] == [(1, None), (2, None), (3, None), (1, START - timedelta(minutes=2))]


def test_each_list_rests_as_long_as_it_says() -> None:
    """Law: a list that knows changes is always asked, one that does not once a day, and one that says so, by its own word."""
    time = clock()
    changes, whole, hourly = Rows(time, "a"), Rows(time, "b"), Rows(time, "c")
    lists = [
        Listing(name="changes", page=changes.page, since=True),
        Listing(name="whole", page=whole.page, since=False),
        Listing(name="hourly", page=hourly.page, since=True, rest=timedelta(hours=1)),
    ]
    reader = PagedReader(lists, time)
    cursor = walk(reader)[-1].cursor
    for hours in range(1, 25):
        time.sleep(3600)
        cursor = walk(reader, cursor)[-1].cursor
        cursor = walk(reader, cursor)[-1].cursor
        assert (len(changes.asked), len(hourly.asked)) == (2 + 2 * hours, 1 + hours)
        assert len(whole.asked) == (2 if hours == 24 else 1)


def test_a_system_ahead_of_us_is_asked_all_the_same() -> None:
    """Law: marks come from the system's clock; that it is ahead of ours never makes us wait."""
    time, ahead = clock(), clock()
    ahead.sleep(3600)
    rows = Rows(ahead, "a")
    reader = PagedReader([Listing(name="all", page=rows.page, since=True)], time)
    cursor = walk(reader)[-1].cursor
    walk(reader, cursor)
    assert len(rows.asked) == 3


def test_what_is_still_being_made_is_asked_for_in_the_next_cycle() -> None:
    """Law: a page that needs time ends this cycle without waiting, stays where it is, and counts from when it was begun."""
    time = clock()
    people, report = Rows(time, "a"), Rows(time, "xyz")
    lists = [
        Listing(name="people", page=people.page, since=False),
        Listing(name="report", page=report.page, since=False, later=True, rest=timedelta(hours=1)),
    ]
    reader = PagedReader(lists, time)
    cursor = walk(reader)[-1].cursor
    time.sleep(3600)
    report.unready = 2
    for _ in range(2):
        pages = walk(reader, cursor)
        assert (met(pages), len(pages), time.slept[-1]) == ([], 1, 3600)
        cursor = pages[-1].cursor
    assert met(walk(reader, cursor)) == ["x", "y", "z"]


def test_changes_that_are_read_between_do_not_begin_a_walk_anew() -> None:
    """Law: a walk through everything that broke off goes on at its page although changes have been walked meanwhile."""
    time = clock()
    rows = Rows(time, "abcdef")
    reader = PagedReader([Listing(name="all", page=rows.page, since=True)], time)
    changes = walk(reader)[-1].cursor
    whole = reader.read("")
    changes = walk(reader, changes)[-1].cursor
    rows.asked.clear()
    assert met(walk(reader, whole.cursor)[:2]) == list("cdef")
    assert [number for number, _ in rows.asked][:2] == [2, 3]


def test_a_system_ahead_of_us_does_not_move_the_mark_ahead() -> None:
    """Law (I43): a Date that is ahead of our clock, once or always, never has us pass over what changes until then."""
    time = clock()
    rows, skew = Rows(time, "a"), [timedelta(days=1)]

    def page(number: int, since: datetime | None) -> Slice:
        found = rows.page(number, since)
        return replace(found, at=time.now() + (skew.pop() if skew and since else timedelta()))

    reader = PagedReader([Listing(name="all", page=page, since=True)], time)
    cursor = ""
    for _ in range(3):
        cursor = walk(reader, cursor)[-1].cursor
        time.sleep(600)
    assert [since for _, since in rows.asked] == [
        None,
        *(START + timedelta(minutes=minutes) for minutes in (-2, -2, 8)),
    ]


def test_an_empty_first_page_that_counts_rows_is_read_again() -> None:
    """Law: a list that says how many rows it has, and shows none, has not been read; it is not asked for ever."""
    time = clock()
    rows, empty = Rows(time, "a"), [1]

    def page(number: int, since: datetime | None) -> Slice:
        found = rows.page(number, since)
        if not empty[0]:
            return found
        empty[0] -= 1
        return replace(found, records=(), met=())

    reader = PagedReader([Listing(name="all", page=page, since=False)], time)
    assert met(walk(reader)) == ["a"]
    empty[0], before = 99, len(rows.asked)
    assert met(walk(PagedReader([Listing(name="all", page=page, since=False)], time))) == []
    assert len(rows.asked) - before == 1 + AGAIN
