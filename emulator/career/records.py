"""Who does something in a career system, and the records that it leaves: accounts, requests, their versions, the change feed.

Records are kept as JSON bytes, so that a page is put together without parsing, and so that a test can plant text that no
well-behaved program would send.
"""

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import orjson

from emulator.career import errors


class Kind(StrEnum):
    """Who is behind a key."""

    STAFF = "staff"
    PERSON = "person"
    API = "api"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The holder of a key; `person_id` is the account of an alumna who works on her own data."""

    id: str
    name: str
    kind: Kind
    person_id: str | None = None

    def told(self) -> dict[str, str]:
        """As the contract's `by`."""
        return {"id": self.id, "name": self.name, "kind": self.kind.value}


SYSTEM = Actor(id="system", name="System", kind=Kind.STAFF)
"""Who did what nobody did through a key."""
NOBODY = Actor(id="", name="", kind=Kind.API)
"""Who calls what needs no key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A message that this system would have sent to an alumnus."""

    at: str
    person_id: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One entry of the change feed."""

    seq: int
    kind: str
    id: str
    at: datetime
    by: Actor
    fields: tuple[str, ...]
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One state that an account has had: what changed on the way into it."""

    etag: str
    at: str
    by: Actor
    changes: Mapping[str, list[Any]]


@dataclass(slots=True, kw_only=True)
class Stored:
    """One account or request; `raw` is its JSON, `modified` when it last changed, `extra` what one platform alone has."""

    id: str
    etag: str
    raw: bytes
    created: datetime
    modified: datetime
    extra: dict[str, Any] = field(default_factory=dict)
    deleted: bool = False
    versions: list[Version] = field(default_factory=list)

    def data(self) -> dict[str, Any]:
        """A fresh copy as an object."""
        try:
            data = orjson.loads(self.raw)
        except orjson.JSONDecodeError:
            data = json.loads(self.raw)
        return dict(data)


class Shelf:
    """All records of one kind, in the order in which they came."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.order: list[Stored] = []
        self.by_id: dict[str, Stored] = {}

    def copy(self) -> "Shelf":
        """The same records, each a copy, since they change in place."""
        made = Shelf(self.kind)
        for stored in self.order:
            made.add(replace(stored, versions=list(stored.versions), extra=deepcopy(stored.extra)))
        return made

    def add(self, stored: Stored) -> None:
        """Put a new record at the end."""
        self.order.append(stored)
        self.by_id[stored.id] = stored

    def live(self, record_id: str) -> Stored:
        """The record, unless it is not there or deleted.

        Raises:
            ApiError: 404.
        """
        stored = self.by_id.get(record_id)
        if stored is None or stored.deleted:
            raise errors.not_found(self.kind)
        return stored


class Feed:
    """The change feed: numbered entries, forgotten after the tenant's retention."""

    def __init__(self) -> None:
        self.entries: list[Change] = []
        self.head = 0
        self._forgotten = 0

    def copy(self) -> "Feed":
        """The same entries."""
        made = Feed()
        made.entries, made.head, made._forgotten = list(self.entries), self.head, self._forgotten
        return made

    def add(self, change: Change) -> None:
        """Append; `change.seq` is one more than `head`."""
        self.entries.append(change)
        self.head = change.seq

    def forget(self, before: datetime) -> None:
        """Drop the entries that are older than a moment."""
        count = 0
        while count < len(self.entries) and self.entries[count].at < before:
            count += 1
        if count:
            self._forgotten = self.entries[count - 1].seq
            del self.entries[:count]

    def after(self, seq: int, limit: int) -> list[Change]:
        """The next entries.

        Raises:
            ApiError: 410 when entries behind `seq` are forgotten, or `seq` was never reached (another history).
        """
        if seq < self._forgotten or seq > self.head:
            raise errors.cursor_expired()
        start = seq - self._forgotten
        return self.entries[start : start + limit]


def moment(at: datetime) -> str:
    """A time as the contract writes it: RFC 3339, UTC, microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
