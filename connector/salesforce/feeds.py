"""Change feeds that lose nothing.

A feed is first read whole, in order of Id; the moment before which everything was committed is asked of the server
(``latestDateCovered`` of Get Updated, never our clock) before the first page, and the changes are read from there on.
Changes are read from an overlap before that moment, in order of (SystemModstamp, Id), so that equal stamps cannot split a
page wrongly; the moment itself never passes ``latestDateCovered``. Rows after it are delivered at once and again next time.
Every page is found by the last row of the page before it: there is no locator that could expire. Where a query job reads a
feed whole for fewer calls, it does; the moment is asked before the job is started, and a job that fails is followed by pages.

Contacts are also read again when a record beside them has changed: such records have trails of their own within the cursor
of the contacts, with moments and overlaps like those of a feed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connector.core.related import Related
from connector.errors import Halt, Later, Refused
from connector.ports import Feed, Page, Record
from connector.salesforce import soql
from connector.salesforce.answers import Row, Rows, Sub, long_id, read_covered, read_moment, unusable
from connector.salesforce.bulk import Bulk
from connector.salesforce.client import QUERIES, Client
from connector.salesforce.cursors import Cursor, Job, Trail, read_cursor
from connector.salesforce.records import IDS, Records
from connector.salesforce.soql import Condition, Soql

PAGE = 2_000
"""Rows in one page: what one query answer holds at most."""
OVERLAP = timedelta(seconds=30)
_WINDOW = timedelta(minutes=2)
_NO_RESULTS = frozenset({"UNUSABLE_ANSWER", "BODY_TOO_LARGE"})
"""How results of a job fail that may fail alike for as long as the job lives, which is seven days."""
_CHILDREN = IDS * QUERIES
"""Changed children in one page: their contacts are read in one Composite call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What is asked about one object: its changed rows, or only (None) up to when its changes are complete."""

    object: str
    query: Soql | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What the server says of it."""

    mark: str
    rows: Rows


class Feeds:
    """What changed in the org.

    Args:
        client: the REST API.
        records: what is read of each object.
        overlap: how far before the safe moment changes are read again.
        page: rows in one page.
        bulk: query jobs; without them everything is read by pages.
    """

    def __init__(
        self, client: Client, records: Records, *, overlap: timedelta = OVERLAP, page: int = PAGE, bulk: Bulk | None = None
    ) -> None:
        self._client, self._records, self._overlap, self._page, self._bulk = client, records, overlap, page, bulk
        self._followed = {one.path: one for one in records.beside.related if one.followed}

    def read(self, cursors: Mapping[Feed, str]) -> dict[Feed, Page]:
        """The next page of each feed. What starts or rests shares Composite calls, five objects in each."""
        places = {feed: read_cursor(text) for feed, text in cursors.items()}
        pages = self._poll({feed: place for feed, place in places.items() if not self._under_way(place)})
        for feed, place in places.items():
            if feed not in pages:
                pages[feed] = self._next(feed, place) if place.begun else self._follow(place)
        return {feed: pages[feed] for feed in cursors}

    def _under_way(self, place: Cursor) -> bool:
        return place.begun or self._busy(place) is not None

    def _busy(self, place: Cursor) -> str | None:
        """The first trail on which more waits; only contacts have trails."""
        return next((path for path, trail in place.trails.items() if trail.busy and path in self._followed), None)

    # -- the feeds themselves ----------------------------------------------------------------------------------------

    def _poll(self, places: Mapping[Feed, Cursor]) -> dict[Feed, Page]:
        asked = {feed.value: _Asked(object=feed.value, query=self._query(feed, place)) for feed, place in places.items()}
        contacts = places.get(Feed.CONTACT)
        beside = {} if contacts is None else {f"beside {path}": self._ask_trail(contacts, path) for path in self._followed}
        in_bulk = self._worthwhile([feed for feed, place in places.items() if place.phase == "start"])
        asked |= {feed.value: _Asked(object=feed.value, query=None) for feed in in_bulk}
        told = self._ask(asked | beside)
        pages = {}
        for feed, place in places.items():
            marked = _marked(place, told[feed.value].mark)
            if feed in in_bulk:
                # Only now that the mark is known: what changes while the job runs is read again.
                job = self._bulk.begin(self._records.select(feed), in_bulk[feed]) if self._bulk else None
                records, after, more = list[Record](), replace(marked, job=job), True
            else:
                records, after, more = self._paged(feed, marked, told[feed.value].rows)
            if feed is Feed.CONTACT:
                met, after = self._step_trails(place, after, {path: told[f"beside {path}"] for path in self._followed})
                records += met
            pages[feed] = self._page_of(records, after, more=more, full=marked.phase == "full")
        return pages

    def _next(self, feed: Feed, place: Cursor) -> Page:
        if place.job is not None and self._bulk is not None:
            return self._from_job(feed, place, place.job, self._bulk)
        records, after, more = self._paged(feed, place, self._records.page(self._query(feed, place)))
        return self._page_of(records, after, more=more, full=place.phase == "full")

    def _worthwhile(self, feeds: Sequence[Feed]) -> dict[Feed, int]:
        """Of the feeds that are to be read whole, those that a query job reads for fewer calls."""
        # That a job takes the condition on what a Task is about is not documented; ours are few.
        able = [feed for feed in feeds if self._records.columns(feed) is not None and feed is not Feed.TASK]
        return self._bulk.worthwhile(able) if self._bulk is not None and able else {}

    def _from_job(self, feed: Feed, place: Cursor, job: Job, bulk: Bulk) -> Page:
        """The next results of a job; none yet while it runs. Where it fails, the feed is read by pages from its beginning."""
        pages = replace(place, job=None, id="")
        try:
            if not job.locator:
                done = bulk.done(job)
                if done is None:
                    return self._page_of([], pages, more=True, full=True)
                if not done:
                    asked = replace(job, asked=job.asked + 1, left=job.left - 1)
                    return self._page_of([], replace(place, job=asked), more=True, full=True)
            rows, locator = bulk.rows(job, self._records.select(feed), self._records.columns(feed) or ())
            records = [self._records.record(feed, row) for row in rows]
            if locator and locator == job.locator:
                raise unusable("the same results again")
        except (Refused, Halt, Later) as reason:
            if isinstance(reason, Later) and reason.code not in _NO_RESULTS:
                raise
            return self._page_of([], pages, more=True, full=True)
        after = (
            replace(place, job=replace(job, locator=locator))
            if locator
            else Cursor(phase="delta", since=place.mark, trails=place.trails)
        )
        return self._page_of(records, after, more=bool(locator), full=True)

    def _ask(self, asked: Mapping[str, _Asked]) -> dict[str, _Told]:
        """Composite calls, each first up to when its objects are complete, then their rows: none slips between the two."""
        end = self._client.transport.server_now().replace(second=0, microsecond=0)
        told: dict[str, _Told] = {}
        names = list(asked)
        for start in range(0, len(names), QUERIES):
            some = {name: asked[name] for name in names[start : start + QUERIES]}
            queries = [one.query for one in some.values() if one.query is not None]
            paths = [self._client.updated_path(one.object, end - _WINDOW, end) for one in some.values()]
            answers = iter(self._client.composite([*paths, *map(self._client.query_path, queries)]))
            marks = {name: self._safe(one.object, next(answers), end) for name, one in some.items()}
            for name, one in some.items():
                rows = Rows(records=()) if one.query is None else self._records.page_in(one.query, next(answers))
                told[name] = _Told(mark=marks[name], rows=rows)
        return told

    def _safe(self, kind: str, mark: Sub, end: datetime) -> str:
        """Up to when the changes of an object are complete: what the server covers, at most what we asked for."""
        try:
            covered = read_covered(mark)
        except Refused as reason:
            raise self._records.explained(kind, reason) from reason
        if covered is None:
            # without a guarantee the start of the window is as far as we go
            covered = end - _WINDOW
        # the answer's own Date is known by now: were our clock ahead, `end` would have been in the server's future
        return min(covered, end, self._client.transport.server_now().replace(microsecond=0)).isoformat()

    def _query(self, feed: Feed, place: Cursor) -> Soql:
        if place.phase == "delta":
            where: Condition | None = self._changed(place)
            order: tuple[str, ...] = ("SystemModstamp", "Id")
        else:
            where = soql.after("Id", soql.record_id(place.id)) if place.between else None
            order = ("Id",)
        if feed is Feed.TASK:
            ours = soql.equals("What.Type", soql.text(Feed.REQUEST.value))
            where = ours if where is None else soql.both(ours, where)
        return self._records.select(feed, where=where, order=order, limit=self._page)

    def _changed(self, place: Cursor | Trail) -> Condition:
        if not place.between:
            since = datetime.fromisoformat(place.since) - self._overlap
            return soql.at_least("SystemModstamp", soql.moment(since))
        stamp = soql.moment(datetime.fromisoformat(place.stamp))
        same = soql.both(soql.equals("SystemModstamp", stamp), soql.after("Id", soql.record_id(place.id)))
        return soql.either(same, soql.after("SystemModstamp", stamp))

    def _paged(self, feed: Feed, place: Cursor, rows: Rows) -> tuple[list[Record], Cursor, bool]:
        """The records of a page, the place behind them, and whether this is not the end of the feed."""
        records = [self._records.record(feed, row) for row in rows.records]
        if _full(rows, self._page):
            last = records[-1]
            stamp = "" if place.phase == "full" else read_moment(last.version).isoformat()
            _demand_progress(place, last.id, stamp)
            return records, replace(place, stamp=stamp, id=last.id), True
        return records, Cursor(phase="delta", since=place.mark, trails=place.trails), False

    def _page_of(self, records: Sequence[Record], after: Cursor, *, more: bool, full: bool) -> Page:
        return Page(records=tuple(records), cursor=after.dump(), more=more or self._busy(after) is not None, full=full)

    # -- what is beside the contacts ---------------------------------------------------------------------------------

    def _ask_trail(self, contacts: Cursor, path: str) -> _Asked:
        related, trail = self._followed[path], contacts.trails.get(path)
        # Where all contacts are about to be read, only the mark is needed.
        begins = trail is None or contacts.phase == "start"
        return _Asked(object=related.object, query=None if trail is None or begins else self._changes(related, trail))

    def _changes(self, related: Related, trail: Trail) -> Soql:
        columns = ["Id", "SystemModstamp", *([related.link] if related.choice is not None else [])]
        order = ("SystemModstamp", "Id")
        return soql.select(columns, related.object, where=self._changed(trail), order=order, limit=_rows_of(related))

    def _step_trails(self, place: Cursor, after: Cursor, told: Mapping[str, _Told]) -> tuple[list[Record], Cursor]:
        """The contacts of changed children, and the trails behind them."""
        records: list[Record] = []
        trails: dict[str, Trail] = {}
        for path, related in self._followed.items():
            mark, trail = told[path].mark, place.trails.get(path)
            if trail is None or place.phase == "start":
                trails[path] = Trail(since=mark)
            else:
                met, trails[path] = self._met(related, replace(trail, mark=_later(trail.since, mark)), told[path].rows)
                records += met
        return records, replace(after, trails=trails)

    def _met(self, related: Related, trail: Trail, rows: Rows) -> tuple[list[Record], Trail]:
        """Changed records beside contacts: the contacts of children at once, those of parents from the next page on."""
        stamp = last = ""
        if _full(rows, _rows_of(related)):
            stamp, last = _end_of(rows.records[-1])
            _demand_progress(trail, last, stamp)
        keys = tuple(self._records.beside.contacts_of(related, rows.records))
        trail = replace(trail, stamp=stamp, id=last, keys=keys)
        if related.choice is None and keys:
            return [], trail
        return self._records.fetch(Feed.CONTACT, keys), trail.through()

    def _follow(self, place: Cursor) -> Page:
        """One step on the first trail on which more waits."""
        path = self._busy(place) or ""
        related, trail = self._followed[path], place.trails[path]
        if not trail.keys:
            records, trail = self._met(related, trail, self._records.page(self._changes(related, trail)))
        else:
            where = self._records.beside.condition(related, trail.keys)
            if trail.after:
                where = soql.both(where, soql.after("Id", soql.record_id(trail.after)))
            rows = self._records.page(self._records.select(Feed.CONTACT, where=where, order=("Id",), limit=self._page))
            records = [self._records.record(Feed.CONTACT, row) for row in rows.records]
            if _full(rows, self._page) and records[-1].id == trail.after:
                raise unusable("the same page again")
            trail = replace(trail, after=records[-1].id) if _full(rows, self._page) else trail.through()
        return self._page_of(records, replace(place, trails={**place.trails, path: trail}), more=False, full=False)


def _marked(place: Cursor, mark: str) -> Cursor:
    """The place with its new mark, which is never before the one that it had."""
    if place.phase == "start":
        return Cursor(phase="full", mark=mark)
    return replace(place, phase="delta", mark=_later(place.since, mark))


def _later(one: str, other: str) -> str:
    return max(datetime.fromisoformat(one), datetime.fromisoformat(other)).isoformat()


def _full(rows: Rows, limit: int) -> bool:
    """Whether more rows may follow: a page is the last one only if Salesforce says so and it is not full."""
    return bool(rows.records) and (rows.next is not None or len(rows.records) >= limit)


def _rows_of(related: Related) -> int:
    return _CHILDREN if related.choice is not None else IDS


def _end_of(row: Row) -> tuple[str, str]:
    """The (stamp, id) of a page's last row."""
    return read_moment(str(row.get("SystemModstamp"))).isoformat(), long_id(str(row.get("Id")))


def _demand_progress(place: Cursor | Trail, last_id: str, stamp: str) -> None:
    """A page that ends where the last one ended would be read for ever."""
    if place.between and (stamp, last_id) == (place.stamp, place.id):
        raise unusable("the same page again")
