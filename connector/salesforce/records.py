"""Records as queries give them: what is asked of each object, by id and by our own key, and what an answer must look like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connector.core.progress import made_with
from connector.core.related import Related
from connector.errors import Bug, Halt, Refused
from connector.ports import Feed, Record
from connector.salesforce import soql
from connector.salesforce.answers import Row, Rows, Sub, long_id, read_moment, read_rows, unusable
from connector.salesforce.client import Client
from connector.salesforce.objects import CONTACT_SYSTEM, FIELDS, KEY, OWN_FEEDS
from connector.salesforce.related import Beside
from connector.salesforce.soql import Condition, Soql

IDS = 300
"""Ids in one query: an address may have 16,384 bytes, an id takes 27, and the fields need their room."""
_KEYS = 100


class Records:
    """The records of the feeds' objects.

    Args:
        client: the REST API.
        contact_fields: the fields that the mapping reads of a contact, those beside it by their path.
        related: what those paths lead through.
    """

    def __init__(self, client: Client, contact_fields: Sequence[str], related: Sequence[Related] = ()) -> None:
        self._client = client
        self.beside = Beside(related)
        own = [name for name in contact_fields if "." not in name]
        self._fields = {**FIELDS, Feed.CONTACT: tuple(dict.fromkeys((*CONTACT_SYSTEM, *own, *self.beside.columns())))}

    def select(self, feed: Feed, *, where: Condition | None = None, order: Sequence[str] = (), limit: int | None = None) -> Soql:
        """A query for everything that is read of this object."""
        children = self.beside.children() if feed is Feed.CONTACT else ()
        return soql.select(self._fields[feed], feed.value, children=children, where=where, order=order, limit=limit)

    def columns(self, feed: Feed) -> tuple[str, ...] | None:
        """The columns of such a query where all are fields of the object itself; None where some are not."""
        return None if feed is Feed.CONTACT and self.beside.related else self._fields[feed]

    def fetch(self, feed: Feed, ids: Sequence[str]) -> list[Record]:
        """Records by id, deleted and archived ones included, in no particular order."""
        values = [soql.record_id(value) for value in dict.fromkeys(ids)]
        return self._all(feed, [soql.within("Id", values[n : n + IDS]) for n in range(0, len(values), IDS)])

    def find(self, feed: Feed, keys: Sequence[str]) -> dict[str, Record]:
        """Records of our own objects by key, deleted ones included; keys are compared without regard to case."""
        if feed not in OWN_FEEDS:
            raise Bug(f"{feed.value} has no key of ours")
        values = [soql.text(key) for key in dict.fromkeys(keys)]
        parts = [soql.within(KEY, values[n : n + _KEYS]) for n in range(0, len(values), _KEYS)]
        by_key: dict[str, Record] = {}
        for record in self._all(feed, parts):
            key = str(record.fields.get(KEY, "")).lower()
            # a living record wins over one in the recycle bin that still carries the key
            if key not in by_key or by_key[key].deleted:
                by_key[key] = record
        return {key: by_key[key.lower()] for key in keys if key.lower() in by_key}

    def tasks_of(self, made: Sequence[Record]) -> dict[str, str]:
        """The Task of each of these career requests: (request id, Task id). See ``made_with``."""
        values = [soql.record_id(record.id) for record in made]
        parts = [soql.within("WhatId", values[n : n + IDS]) for n in range(0, len(values), IDS)]
        about: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
        for task in self._all(Feed.TASK, parts):
            about.setdefault(str(task.fields.get("WhatId")), []).append((task.id, task.fields))
        tasks = {record.id: made_with(record.fields, about.get(record.id, ())) for record in made}
        return {id: task for id, task in tasks.items() if task is not None}

    def _all(self, feed: Feed, conditions: Sequence[Condition]) -> list[Record]:
        queries = [self.select(feed, where=where) for where in conditions]
        if not queries:
            return []
        try:
            answers = self._client.queries(queries)
        except Refused as reason:
            raise self.explained(feed.value, reason) from reason
        return [self.record(feed, row) for rows in answers for row in rows]

    def page(self, query: Soql) -> Rows:
        """The first page of a query."""
        try:
            return self._client.query(query)
        except Refused as reason:
            raise self.explained(query.object, reason) from reason

    def page_in(self, query: Soql, sub: Sub) -> Rows:
        """The first page of a query that was asked as a subrequest."""
        try:
            return read_rows(sub, query.object)
        except Refused as reason:
            raise self.explained(query.object, reason) from reason

    def record(self, feed: Feed, row: Row) -> Record:
        """One row; an unusable answer without its system fields."""
        found, version, deleted = row.get("Id"), row.get("SystemModstamp"), row.get("IsDeleted")
        if not isinstance(found, str) or not isinstance(version, str) or not isinstance(deleted, bool):
            raise unusable("a record without its system fields")
        if feed is Feed.TASK and "WhatId" not in row:
            raise unusable("a Task that does not say what it is about")
        read_moment(version)
        row.pop("attributes", None)
        if feed is Feed.CONTACT:
            self.beside.flatten(row)
        winner = row.get("MasterRecordId")
        return Record(
            kind=feed.value,
            id=long_id(found),
            version=version,
            fields=row,
            deleted=deleted,
            merged_into=long_id(winner) if isinstance(winner, str) and winner else None,
        )

    def explained(self, kind: str, reason: Refused) -> Halt | Refused:
        """A refused read, with what our user cannot see (any more) named from a fresh describe: fields, or whole objects."""
        if reason.code not in {"INVALID_FIELD", "INVALID_TYPE", "NOT_FOUND"}:
            return reason
        missing = self._missing(kind) if reason.code == "INVALID_FIELD" else []
        subject = ", ".join(missing) or kind
        return Halt(subject=subject, reason=f"Salesforce does not show it to us ({reason.code})", remedy=reason.remedy)

    def _missing(self, kind: str) -> list[str]:
        feed = next((feed for feed in Feed if feed.value == kind), None)
        wanted = [(kind, name) for name in self._fields[feed] if "." not in name] if feed else []
        if feed is None or feed is Feed.CONTACT:
            wanted += [read for one in self.beside.related for read in one.reads()]
        visible = {name: self._visible(name) for name in dict.fromkeys(name for name, _ in wanted)}
        missing: list[str] = []
        for name, field in wanted:
            shown = visible[name]
            if shown is None or field.lower() not in shown:
                missing.append(name if shown is None else f"{name}.{field}")
        return list(dict.fromkeys(missing))

    def _visible(self, name: str) -> set[str] | None:
        """The fields of an object, in lower case; None where the object itself is not shown to us."""
        try:
            return {field.lower() for field in self._client.describe(name).fields}
        except Refused:
            return None
