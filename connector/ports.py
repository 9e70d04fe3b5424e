"""What the engine asks of its neighbours, and the answers they give.

Words: a *feed* is a stream of records of one kind on one side; a *cursor* is a side's opaque text that says where we
stopped in a feed; a *version* is a side's opaque token of a record's state; an *outcome* is what a side said to one write.

Errors of every method: ``Later`` (try again, nothing moved), ``Halt`` (a person must act), ``Refused`` where a whole call
can never succeed. Write methods never raise for a single element and never raise ``Unknown``: they answer one ``Outcome``
for each element, in order; when nobody knows what happened, each of these says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from connector.core.model import Edit


class Status(StrEnum):
    """What a side answered to one write."""

    APPLIED = "applied"
    STALE = "stale"
    """The record moved since we read it; read again and decide again."""
    LATER = "later"
    """Certainly not done; may work later."""
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """Nobody knows whether it was done."""


NOT_NOW = "NOT_NOW"
"""The code of an outcome that says nothing about its side: the turn of this write has not come yet."""

NO_RECORD = frozenset({"not_found", "NOT_FOUND", "ENTITY_IS_DELETED"})
"""The codes of a write to a record that is not there: no part of it would do better."""

TAKEN = "DUPLICATE_VALUE"
"""The code of a create that a unique value refuses which no record holds that we can see."""

THROTTLED = "THROTTLED"
"""The code of what a side turns away because we ask too much of it."""

NOT_SENT = "READ_BEFORE_WRITE"
"""The code of a stale outcome: the record was looked at before, had moved, and nothing was sent."""

HANDED_OVER = "HANDED_OVER"
"""The code of an unknown outcome: the write lies where people or programs of that side carry it in, and a later reading
tells what became of it."""


UNREADABLE = "UNREADABLE"
"""The code of an outcome whose record cannot be read as it is now: nothing is decided about it until it can."""

POISON = "poison"
"""The kind of a ``Record`` that cannot be read: ``fields`` are ``reason`` and ``kind`` (what it should have been)."""

NAMELESS = "unreadable-"
"""How the id begins that stands for the missing one of such a record; nothing is ever read by it that is well again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The answer to one write.

    ``id`` and ``version`` are the side's, where told; ``fields`` the record as the side says it now is, where it says so.
    ``code`` is the platform's error code; ``detail`` a short text without personal data; ``remedy`` who can change what.
    """

    status: Status
    id: str | None = None
    version: str | None = None
    fields: Mapping[str, Any] | None = None
    code: str = ""
    detail: str = ""
    remedy: str = ""
    retry_after: float | None = None
    already_there: bool = False
    """A create met its own key: the record existed before this call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One side's state of one thing, as read. ``fields`` are native; what was not readable is absent from it."""

    kind: str
    id: str
    version: str
    fields: Mapping[str, Any]
    deleted: bool = False
    merged_into: str | None = None
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A piece of a feed. ``more``: ask again with ``cursor`` at once."""

    records: tuple[Record, ...]
    cursor: str
    more: bool
    full: bool = False
    """This page belongs to a read of everything, not of changes only."""
    begun_anew: bool = False
    """The feed no longer reached back to the cursor, and this is the first page of everything: deletions since are not told."""
    well: tuple[tuple[str, str], ...] = ()
    """Kinds and ids of what was told as unreadable before, is none of these records, and is well again."""


class Feed(StrEnum):
    """The CRM's feeds; the values are Salesforce object names."""

    CONTACT = "Contact"
    PROFILE = "Career_Profile__c"
    SUGGESTION = "Suggested_Change__c"
    REVIEW = "Identity_Review__c"
    REQUEST = "Career_Request__c"
    TASK = "Task"


@dataclass(frozen=True, slots=True, kw_only=True)
class Officer:
    """A CRM user or queue who can own a Task. ``kind`` is ``user`` or ``queue``; ``name`` a login name or queue's name."""

    id: str
    kind: str
    name: str
    email: str = ""
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Who can own a Task, and which Task statuses mean closed (the first is the one we use)."""

    officers: tuple[Officer, ...]
    closed_statuses: tuple[str, ...]
    open_status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CrmCreate:
    """One record of our own objects to insert. ``key`` is our unique key. ``task`` makes a Task with it, all or nothing."""

    object: str
    key: str
    fields: Mapping[str, Any]
    task: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrmUpdate:
    """One record of our own objects, or a Task, to change."""

    object: str
    id: str
    fields: Mapping[str, Any]


class CrmSide(Protocol):
    """The Salesforce org. It can write our own objects and Tasks; it has no way to write a Contact."""

    @property
    def calls(self) -> Calls:
        """How many remote calls were made, and the org's allowance."""

    def organization_id(self) -> str:
        """The org's 18-character id."""

    def check(self, contact_fields: Sequence[str], profile_fields: Sequence[str]) -> None:
        """Compare describe with what the mapping reads and writes; ``Halt`` names each missing or unfit field."""

    def read(self, cursors: Mapping[Feed, str]) -> Mapping[Feed, Page]:
        """The next page of each feed asked for; an empty cursor starts a full read. Few calls for quiet feeds."""

    def fetch(self, feed: Feed, ids: Sequence[str]) -> Sequence[Record]:
        """These records now, deleted and archived ones included; ids that do not exist are simply not in the answer."""

    def find(self, feed: Feed, keys: Sequence[str]) -> Mapping[str, Record]:
        """Records of our own objects by unique key, deleted ones included."""

    def create(self, rows: Sequence[CrmCreate]) -> Sequence[Outcome]:
        """Insert, never upsert. Our own key already there answers ``applied`` with ``already_there``."""

    def update(self, rows: Sequence[CrmUpdate]) -> Sequence[Outcome]:
        """Change; each element has its own outcome."""

    def directory(self) -> Directory:
        """Users, queues and Task statuses."""

    def claim(self, holder: str, until: datetime, fields: Mapping[str, Any]) -> Claim:
        """Write ``Bridge_Status__c`` and take or renew the lease."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What came of asking for the lease. ``found`` and ``count``: how many claims there had been, and are with this one.

    Whoever finds another number than its own last count learns that somebody else has worked here since, or it itself on a state
    that has been lost.
    """

    held_by: str | None
    """Who holds the lease, where it is not ours."""
    found: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a career system can do, by its profile. Unknown counts as the careful answer.

    ``requests_apart``: requests are a feed of their own; ``requests_elsewhere``: at another service, which fails and waits for
    itself.
    ``lookup``: accounts can be asked for by id; where not, writes are handed over, and only a later reading tells what
    became of them. ``per_delivery``: so many changed accounts are handed over at once. ``shown_within``: a write that no
    reading shows for so many days is decided anew.
    """

    notes: bool = False
    requests: bool = False
    requests_apart: bool = False
    requests_elsewhere: bool = False
    lookup: bool = True
    per_delivery: int = 200
    shown_within: int = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonUpdate:
    """Changed native fields of one account, with the version on which the decision was made.

    ``before`` is what these fields held then, as far as it was known; ``known`` the whole account as last read, for a side that
    cannot be asked. ``key`` is the write's own: a side that is handed the same one twice carries it out once.
    """

    id: str
    version: str
    fields: Mapping[str, Any]
    before: Mapping[str, Any] = field(default_factory=dict)
    known: Mapping[str, Any] = field(default_factory=dict)
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A staff-only note beside a person or a request; ``key`` makes it exactly one."""

    key: str
    text: str
    person_id: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """What careers are told about one request: number, understood type, neutral word, plain message with the cure.

    ``key`` is the telling's own, as in ``PersonUpdate``: the same words may be true again after others were.
    """

    request_id: str
    number: str
    understood_type: str
    state: str
    message: str = ""
    offered: int | None = None
    asked: int | None = None
    key: str = ""


class CareerSide(Protocol):
    """One configured career system."""

    @property
    def system(self) -> str:
        """Its name in the configuration."""

    @property
    def calls(self) -> Calls:
        """How many remote calls were made."""

    @property
    def capabilities(self) -> Capabilities:
        """What its profile declares."""

    def tenant_id(self) -> str:
        """The tenant's never-changing id."""

    def read(self, cursor: str) -> Page:
        """The next page of people, and of requests unless these are a feed of their own; empty starts a full read.

        ``Record.kind`` is ``person`` or ``request``.
        """

    def read_requests(self, cursor: str) -> Page:
        """The next page of requests where they are a feed of their own (``Capabilities.requests_apart``); empty starts anew."""

    def fetch(self, kind: str, ids: Sequence[str]) -> Sequence[Record]:
        """These records now; ids that do not exist are not in the answer."""

    def update(self, rows: Sequence[PersonUpdate]) -> Sequence[Outcome]:
        """Change accounts; ``stale`` if the version has moved."""

    def note(self, rows: Sequence[Note]) -> Sequence[Outcome]:
        """Leave notes that staff alone can see."""

    def acknowledge(self, rows: Sequence[Acknowledgement]) -> Sequence[Outcome]:
        """Tell careers where their requests stand."""


class Clock(Protocol):
    """Time, as an argument."""

    def now(self) -> datetime:
        """This moment, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds that never step back."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """How many remote calls a side made, and the org's daily allowance where it told us."""

    made: int = 0
    used: int | None = None
    limit: int | None = None
