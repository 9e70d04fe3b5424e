"""Reading: change feeds that lose nothing, records by id, and records by our own key.

A feed is first read whole, in order of Id; the moment before which everything was committed is asked of the server
(``latestDateCovered`` of Get Updated, never our clock) before the first page, and the changes are read from there on.
Changes are read from an overlap before that moment, in order of (SystemModstamp, Id), so that equal stamps cannot split a
page wrongly; the moment itself never passes ``latestDateCovered``. Rows after it are delivered at once and again next time.
Every page is found by the last row of the page before it: there is no locator that could expire.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from connector.errors import Bug, Halt, Refused
from connector.ports import Feed, Page, Record
from connector.salesforce import soql
from connector.salesforce.answers import Row, Rows, Sub, long_id, read_covered, read_moment, read_rows
from connector.salesforce.client import QUERIES, Client
from connector.salesforce.codes import SIDE
from connector.salesforce.objects import CONTACT_SYSTEM, FIELDS, KEY, OWN_FEEDS
from connector.salesforce.soql import Condition, Soql
from connector.wire import Answer

PAGE = 2_000
"""Rows in one page: what one query answer holds at most."""
OVERLAP = timedelta(seconds=30)
_WINDOW = timedelta(minutes=2)
_IDS = 300
"""Ids in one query: an address may have 16,384 bytes, an id takes 27, and the fields need their room."""
_KEYS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Where a feed stopped.

    ``phase`` is ``start``, ``full`` or ``delta``. ``since`` is the moment up to which all changes are read; ``mark`` what it
    becomes when the pages now being read are through; ``stamp`` and ``id`` the last row of the page before it. All are texts.
    """

    phase: str = "start"
    since: str = ""
    mark: str = ""
    stamp: str = ""
    id: str = ""

    @property
    def between(self) -> bool:
        """Whether we are between two pages (no new mark is needed)."""
        return self.id != ""

    def dump(self) -> str:
        """The cursor as text."""
        return json.dumps({"v": 1, **{name: value for name, value in asdict(self).items() if value}}, separators=(",", ":"))


def read_cursor(text: str) -> Cursor:
    """The cursor in a text; the start if it is empty or not one of this version, since reading all again is always right."""
    try:
        value = json.loads(text)
        if value.pop("v") != 1 or value.get("phase") not in {"full", "delta"}:
            return Cursor()
        cursor = Cursor(**{name: str(part) for name, part in value.items()})
        _check_cursor(cursor)
    except (ValueError, TypeError, KeyError, AttributeError):
        return Cursor()
    return cursor


def _check_cursor(cursor: Cursor) -> None:
    for stamp in (cursor.since, cursor.mark, cursor.stamp):
        if stamp and datetime.fromisoformat(stamp).tzinfo is None:
            raise ValueError
    complete = cursor.since and (not cursor.between or cursor.stamp) if cursor.phase == "delta" else cursor.mark
    if not complete or (cursor.id and not soql.is_id(cursor.id)):
        raise ValueError


class Feeds:
    """The readable half of the org.

    Args:
        client: the REST API.
        contact_fields: the Contact fields that the mapping reads, by API name.
        overlap: how far before the safe moment changes are read again.
        page: rows in one page.
    """

    def __init__(self, client: Client, contact_fields: Sequence[str], *, overlap: timedelta = OVERLAP, page: int = PAGE) -> None:
        self._client, self._overlap, self._page = client, overlap, page
        self._fields = {**FIELDS, Feed.CONTACT: tuple(dict.fromkeys((*CONTACT_SYSTEM, *contact_fields)))}

    def read(self, cursors: Mapping[Feed, str]) -> dict[Feed, Page]:
        """The next page of each feed. Feeds that start or rest share Composite calls, five in each."""
        places = {feed: read_cursor(text) for feed, text in cursors.items()}
        resting = [feed for feed, place in places.items() if not place.between]
        pages: dict[Feed, Page] = {}
        for start in range(0, len(resting), QUERIES):
            pages.update(self._poll({feed: places[feed] for feed in resting[start : start + QUERIES]}))
        for feed, place in places.items():
            if place.between:
                query = self._query(feed, place)
                pages[feed] = self._paged(feed, place, self._answered(feed, query), query)
        return {feed: pages[feed] for feed in cursors}

    def fetch(self, feed: Feed, ids: Sequence[str]) -> list[Record]:
        """Records by id, deleted and archived ones included, in no particular order."""
        found = dict.fromkeys(ids)
        values = [soql.record_id(value) for value in found]
        return self._select(feed, [soql.within("Id", values[n : n + _IDS]) for n in range(0, len(values), _IDS)])

    def find(self, feed: Feed, keys: Sequence[str]) -> dict[str, Record]:
        """Records of our own objects by key, deleted ones included; keys are compared without regard to case."""
        if feed not in OWN_FEEDS:
            raise Bug(f"{feed.value} has no key of ours")
        values = [soql.text(key) for key in dict.fromkeys(keys)]
        parts = [soql.within(KEY, values[n : n + _KEYS]) for n in range(0, len(values), _KEYS)]
        by_key: dict[str, Record] = {}
        for record in self._select(feed, parts):
            key = str(record.fields.get(KEY, "")).lower()
            # a living record wins over one in the recycle bin that still carries the key
            if key not in by_key or by_key[key].deleted:
                by_key[key] = record
        return {key: by_key[key.lower()] for key in keys if key.lower() in by_key}

    def tasks_of(self, request_ids: Sequence[str]) -> dict[str, str]:
        """The Task of each of these career requests: (request id, Task id); a living one where there are several."""
        values = [soql.record_id(value) for value in dict.fromkeys(request_ids)]
        parts = [soql.within("WhatId", values[n : n + _IDS]) for n in range(0, len(values), _IDS)]
        records = sorted(self._select(Feed.TASK, parts), key=lambda task: task.deleted, reverse=True)
        return {str(task.fields["WhatId"]): task.id for task in records}

    def _poll(self, places: Mapping[Feed, Cursor]) -> dict[Feed, Page]:
        """One Composite call: first up to when each object is safe, then its rows, so that no row can slip between the two."""
        end = self._client.transport.server_now().replace(second=0, microsecond=0)
        queries = {feed: self._query(feed, place) for feed, place in places.items()}
        paths = [self._client.updated_path(feed.value, end - _WINDOW, end) for feed in places]
        answers = self._client.composite([*paths, *(self._client.query_path(query) for query in queries.values())])
        marks, found = answers[: len(places)], answers[len(places) :]
        pages = {}
        for (feed, place), mark, sub in zip(places.items(), marks, found, strict=True):
            rows = self._read_sub(feed, queries[feed], sub)
            pages[feed] = self._paged(feed, self._marked(feed, place, mark, end), rows, queries[feed])
        return pages

    def _marked(self, feed: Feed, place: Cursor, mark: Sub, end: datetime) -> Cursor:
        """The place with its new mark: what the server covers, at most what we asked for, never less than what we had."""
        covered = self._read_mark(feed, mark)
        if covered is None:
            # without a guarantee the start of the window is as far as we go
            covered = end - _WINDOW
        # the answer's own Date is known by now: were our clock ahead, `end` would have been in the server's future
        stamp = min(covered, end, self._client.transport.server_now().replace(microsecond=0)).isoformat()
        if place.phase == "start":
            return Cursor(phase="full", mark=stamp)
        later = max(datetime.fromisoformat(place.since), datetime.fromisoformat(stamp)).isoformat()
        return Cursor(phase="delta", since=place.since, mark=later)

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
        return soql.select(self._fields[feed], feed.value, where=where, order=order, limit=self._page)

    def _changed(self, place: Cursor) -> Condition:
        if not place.between:
            since = datetime.fromisoformat(place.since) - self._overlap
            return soql.at_least("SystemModstamp", soql.moment(since))
        stamp = soql.moment(datetime.fromisoformat(place.stamp))
        same = soql.both(soql.equals("SystemModstamp", stamp), soql.after("Id", soql.record_id(place.id)))
        return soql.either(same, soql.after("SystemModstamp", stamp))

    def _paged(self, feed: Feed, place: Cursor, rows: Rows, query: Soql) -> Page:
        """The page with the cursor behind it. It is the last one only if Salesforce says so and it is not full."""
        records = tuple(_record(feed, row) for row in rows.records)
        full = place.phase == "full"
        if records and (rows.next is not None or len(records) >= (query.limit or 0)):
            last = records[-1]
            stamp = "" if full else read_moment(last.version).isoformat()
            self._demand_progress(place, last.id, stamp)
            after = Cursor(phase=place.phase, since=place.since, mark=place.mark, stamp=stamp, id=last.id)
            return Page(records=records, cursor=after.dump(), more=True, full=full)
        return Page(records=records, cursor=Cursor(phase="delta", since=place.mark).dump(), more=False, full=full)

    def _demand_progress(self, place: Cursor, last_id: str, stamp: str) -> None:
        """A page that ends where the last one ended would be read for ever."""
        if place.between and (stamp, last_id) == (place.stamp, place.id):
            raise Answer(status=200, headers={}, data=b"", side=SIDE, write=False).unusable("the same page again")

    def _select(self, feed: Feed, conditions: Sequence[Condition]) -> list[Record]:
        queries = [soql.select(self._fields[feed], feed.value, where=where) for where in conditions]
        if not queries:
            return []
        try:
            answers = self._client.queries(queries)
        except Refused as reason:
            raise self._explained(feed, reason) from reason
        return [_record(feed, row) for rows in answers for row in rows]

    def _answered(self, feed: Feed, query: Soql) -> Rows:
        try:
            return self._client.query(query)
        except Refused as reason:
            raise self._explained(feed, reason) from reason

    def _read_sub(self, feed: Feed, query: Soql, sub: Sub) -> Rows:
        try:
            return read_rows(sub, query.object)
        except Refused as reason:
            raise self._explained(feed, reason) from reason

    def _read_mark(self, feed: Feed, sub: Sub) -> datetime | None:
        try:
            return read_covered(sub)
        except Refused as reason:
            raise self._explained(feed, reason) from reason

    def _explained(self, feed: Feed, reason: Refused) -> Halt | Refused:
        """A refused read, with the fields that our user cannot see (any more) named from a fresh describe."""
        if reason.code not in {"INVALID_FIELD", "INVALID_TYPE", "NOT_FOUND"}:
            return reason
        subject = feed.value
        if reason.code == "INVALID_FIELD":
            visible = {field.lower() for field in self._client.describe(feed.value).fields}
            missing = [f"{feed.value}.{field}" for field in self._fields[feed] if field.lower() not in visible]
            subject = ", ".join(missing) or feed.value
        return Halt(subject=subject, reason=f"Salesforce does not show it to us ({reason.code})", remedy=reason.remedy)


def _record(feed: Feed, row: Row) -> Record:
    found, version, deleted = row.get("Id"), row.get("SystemModstamp"), row.get("IsDeleted")
    if not isinstance(found, str) or not isinstance(version, str) or not isinstance(deleted, bool):
        raise Answer(status=200, headers={}, data=b"", side=SIDE, write=False).unusable("a record without its system fields")
    read_moment(version)
    row.pop("attributes", None)
    winner = row.get("MasterRecordId")
    return Record(
        kind=feed.value,
        id=long_id(found),
        version=version,
        fields=row,
        deleted=deleted,
        merged_into=long_id(winner) if isinstance(winner, str) and winner else None,
    )
