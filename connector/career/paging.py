"""Reading a system that has only lists with page numbers: everything, then what changed since a moment, nothing lost.

The moment is the system's own (the ``Date`` of the first page of a walk), less an overlap, and is taken when a walk begins:
what changes meanwhile is met by the next walk. Lists that cannot be asked for changes are walked whole once in a while.

Page numbers count rows, so a row that moves or goes while we walk pushes another one across the boundary of two pages, unseen.
A walk that met fewer records than the list ever said to have meanwhile is therefore walked again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from connector.core.httpdate import read_date
from connector.core.strictjson import read_table
from connector.ports import Clock, Page, Record
from connector.wire import Answer

OVERLAP = timedelta(minutes=2)
COMPARE = timedelta(hours=24)
AGAIN = 3
"""So often one walk is repeated; what it still misses is left to the sweep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One page of a list. ``total``: records in the list, None where it does not tell; ``at``: the system's time, where told.

    ``met`` are the ids of all rows of the page, also of those that are passed over. ``wait``: the system is still making this
    page; it is asked for again in the next cycle (of lists that are read ``later`` only).
    """

    records: tuple[Record, ...]
    met: tuple[str, ...]
    more: bool
    total: int | None = None
    at: datetime | None = None
    wait: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One list. ``page`` answers a page by its number, from 1, and the moment since which changes are wanted.

    ``since``: it can be asked for changes. ``later``: it has nothing to say before everything has been read once (deletions).
    ``rest``: how long it is left alone after a walk; unless said otherwise not at all if it can be asked for changes, else as
    long as the reader's ``compare``.
    """

    name: str
    page: Callable[[int, datetime | None], Slice]
    since: bool
    later: bool = False
    rest: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where we are: ``page`` of the list of this number, in a walk that ``began`` then.

    ``again``: how often this walk was repeated; ``marks``: up to when each list has been read.
    """

    mode: str = "full"
    number: int = 0
    page: int = 1
    began: str = ""
    again: int = 0
    marks: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        told = {"mode": self.mode, "number": self.number, "page": self.page, "began": self.began, "again": self.again}
        return json.dumps({"v": 1, **told, "marks": dict(self.marks)}, separators=(",", ":"))

    @staticmethod
    def parse(text: str, names: Sequence[str]) -> _Place:
        """The place in a text; the beginning if it is none of ours, which is always safe."""
        try:
            data = read_table(text)
            if data.pop("v", None) != 1:
                return _Place()
            place = _Place(**data)
            for moment in (*place.marks.values(), *([place.began] if place.began else [])):
                if datetime.fromisoformat(moment).tzinfo is None:
                    return _Place()
            sound = 0 <= place.number < len(names) and place.page >= 1 and place.again >= 0
            complete = place.mode == "full" or (place.mode == "changes" and set(names) <= set(place.marks))
        except (ValueError, TypeError, AttributeError):
            return _Place()
        return place if sound and complete else _Place()


@dataclass(slots=True, kw_only=True)
class _Walk:
    """Whom a walk through one list has met: ``of`` is the list, when the walk began, and how often it was repeated."""

    of: tuple[str, str, int]
    met: set[str] = field(default_factory=set)
    most: int = 0


class PagedReader:
    """Walks the lists of one system.

    Args:
        listings: its lists, in the order in which they are walked.
        clock: when a list that knows no changes is due again; and the time of a walk where the system tells none.
        compare: how long such a list rests.
        overlap: how far before the last walk changes are asked for.
    """

    def __init__(
        self, listings: Sequence[Listing], clock: Clock, *, compare: timedelta = COMPARE, overlap: timedelta = OVERLAP
    ) -> None:
        self._listings, self._clock = tuple(listings), clock
        self._compare, self._overlap = compare, overlap
        self._names = [listing.name for listing in self._listings]
        # By mode: changes are read between two pages of a walk through everything.
        self._walks: dict[str, _Walk] = {}

    def read(self, cursor: str) -> Page:
        """The next page; the cursor of an interrupted walk leads into it again, or to its beginning."""
        place = self._next_due(_Place.parse(cursor, self._names))
        if place is None:
            return Page(records=(), cursor=cursor, more=False)
        listing = self._listings[place.number]
        walk = self._walks.get(place.mode)
        if place.page > 1 and (walk is None or walk.of != (listing.name, place.began, place.again)):
            # this walk was begun by another process, which alone knew whom it had met
            place = replace(place, page=1)
        found = listing.page(place.page, self._since(listing, place))
        if place.page == 1:
            # a system that is ahead of us, or says so once, would have us pass over what changes until then
            began = min(found.at or self._clock.now(), self._clock.now())
            place = replace(place, began=place.began or began.astimezone(UTC).isoformat())
        if place.page == 1 or walk is None:
            walk = self._walks[place.mode] = _Walk(of=(listing.name, place.began, place.again))
        walk.met.update(found.met)
        walk.most = max(walk.most, found.total or 0)
        full = place.mode == "full"
        if found.wait:
            return Page(records=found.records, cursor=place.text(), more=False, full=full)
        then = self._after(place, listing, found, walk)
        return Page(records=found.records, cursor=then.text(), more=full or self._goes_on(then), full=full)

    def _since(self, listing: Listing, place: _Place) -> datetime | None:
        if place.mode == "full" or not listing.since:
            return None
        return datetime.fromisoformat(place.marks[listing.name]) - self._overlap

    def _next_due(self, place: _Place) -> _Place | None:
        """The place if there is something to read there, else the next list that is due; None if none is."""
        if place.mode == "full" or place.page > 1:
            return place
        for number in range(place.number, len(self._listings)):
            if self._due(self._listings[number], place):
                return replace(place, number=number)
        return None

    def _due(self, listing: Listing, place: _Place) -> bool:
        if listing.since and listing.rest is None:
            return True  # by whichever clock the mark was set
        rested = self._clock.now() - datetime.fromisoformat(place.marks[listing.name])
        return rested >= (listing.rest or self._compare)

    def _after(self, place: _Place, listing: Listing, found: Slice, walk: _Walk) -> _Place:
        if found.more:
            return replace(place, page=place.page + 1)
        if (place.page > 1 or not walk.met) and len(walk.met) < walk.most and place.again < AGAIN:
            return replace(place, page=1, again=place.again + 1)
        marks = {**place.marks, listing.name: place.began}
        if place.mode == "full":
            return self._after_full(place, marks)
        following = replace(place, number=place.number + 1, page=1, began="", again=0, marks=marks)
        due = self._next_due(following) if following.number < len(self._listings) else None
        return due or replace(following, number=0)

    def _after_full(self, place: _Place, marks: Mapping[str, str]) -> _Place:
        for number in range(place.number + 1, len(self._listings)):
            if not self._listings[number].later:
                return replace(place, number=number, page=1, began="", again=0, marks=marks)
        first = min(marks.values())
        whole = {name: marks.get(name, first) for name in self._names}
        return _Place(mode="changes", marks=whole)

    def _goes_on(self, then: _Place) -> bool:
        return then.page > 1 or then.number > 0 or then.again > 0


def page_size(told: object, asked: int) -> int:
    """How many rows a page has: fewer than were ``asked`` for, where the system says so."""
    return told if isinstance(told, int) and 0 < told < asked else asked


def goes_on(number: int, rows: int, *, size: int, total: int | None) -> bool:
    """Whether there is a page behind the one of this number, which has so many rows. ``total``: of the list, where told."""
    return rows > 0 and (number * size < total if total is not None else rows == size)


def date_of(answer: Answer) -> datetime | None:
    """The system's own time when it answered."""
    return read_date(answer.headers.get("Date", ""))
