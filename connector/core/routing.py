"""Where a career request goes: a pure function of the ask, the person, the rules, the officers and the time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from connector.core.calendar import OfficeCalendar
from connector.core.requests import Ask, RequestRules


class RequestState(StrEnum):
    """``Career_Request__c.State__c``: what staff see."""

    RECEIVED = "Received"
    TRIAGE = "Triage"
    QUEUED = "Queued"
    IN_PROGRESS = "In progress"
    WAITING = "Waiting"
    DONE = "Done"
    NOT_AVAILABLE = "Not available"
    WITHDRAWN = "Withdrawn"
    REFUSED = "Refused"
    CLOSED_WITHOUT_OUTCOME = "Closed without outcome"
    TASK_DELETED = "Task deleted"
    RECORDED_ONLY = "Recorded only"


class Neutral(StrEnum):
    """``Career_Request__c.Neutral__c``: all that careers see."""

    RECEIVED = "received"
    IN_PROGRESS = "in progress"
    WAITING = "waiting"
    OFFERED = "offered"
    DONE = "done"
    NOT_AVAILABLE = "not available"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"


class Clearance(StrEnum):
    """``Career_Request__c.Clearance__c``."""

    NOT_NEEDED = "Not needed"
    NEEDED = "Needed"
    CLEARED = "Cleared"
    DECLINED = "Declined"


class Unidentified(StrEnum):
    """Why an ask has no contact."""

    CRITERIA = "criteria"
    """Nobody in particular is asked for."""
    UNKNOWN = "unknown"
    AMBIGUOUS = "ambiguous"


class Assignee(Protocol):
    """Who can own a Task; ``connector.ports.Officer`` is one."""

    @property
    def id(self) -> str:
        """The Salesforce id."""

    @property
    def kind(self) -> str:
        """``user`` or ``queue``."""

    @property
    def name(self) -> str:
        """The user's login name, or the queue's DeveloperName."""

    @property
    def email(self) -> str:
        """The user's e-mail address; empty for a queue."""

    @property
    def active(self) -> bool:
        """Whether new Tasks may be given to them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOwner:
    """An owner of routing.toml: a user by login name or e-mail address, or a queue by DeveloperName."""

    key: str
    label: str
    kind: str
    name: str
    calendar: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingRule:
    """One rule; every condition that is not empty must hold. Years are inclusive, texts compare without case."""

    name: str
    owner: str
    types: frozenset[str] = frozenset()
    class_years: tuple[int | None, int | None] | None = None
    countries: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    schools: frozenset[str] = frozenset()
    degrees: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactLimit:
    """How often one alumnus may be asked by careers."""

    max_asks: int = 1
    days: int = 30
    max_per_year: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """``mappings/routing.toml``, compiled. Rules are tried in order; none holds: the type's own owner.

    ``fallback`` takes over from inactive or missing owners, ``triage`` what a person must look at first.
    """

    owners: Mapping[str, TaskOwner]
    rules: tuple[RoutingRule, ...]
    fallback: str
    triage: str
    stewards: str
    calendars: Mapping[str, OfficeCalendar]
    limit: ContactLimit = field(default_factory=ContactLimit)
    attach_within: timedelta = timedelta(days=30)
    """How long after its end a request still absorbs the same ask of the same person."""
    hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFacts:
    """What routing must know about the identified contact. ``withdrawn`` holds the purposes whose consent was withdrawn."""

    contact_id: str
    deceased: bool = False
    do_not_contact: bool = False
    withdrawn: frozenset[str] = frozenset()
    class_year: int | None = None
    country: str | None = None
    state: str | None = None
    school: str | None = None
    degree: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRequest:
    """An earlier request about the same contact. ``ended_at`` None: still open. ``touched_at``: when it became an ask of them."""

    number: str
    type: str
    neutral: Neutral
    touched_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """What to do with an ask: the columns of its ``Career_Request__c`` and, unless ``task`` is None, its one Task.

    ``task`` holds the Task's fields without WhatId and Status, which the writer adds. ``message`` goes to careers and never
    says why somebody is not available; ``stop_reason`` never leaves Salesforce.
    """

    state: RequestState
    neutral: Neutral
    owner_id: str | None
    triage: bool
    who_id: str | None
    clearance: Clearance
    stop_reason: str
    message: str
    first_action_due: datetime | None
    end_due: datetime | None
    subject: str
    task: Mapping[str, object] | None
    attached_to: str | None = None
    """The number of the request that already asks this; no Task of its own."""


def route(
    ask: Ask,
    *,
    person: PersonFacts | Unidentified,
    rules: RequestRules,
    routing: Routing,
    officers: Sequence[Assignee],
    past: Sequence[PastRequest],
    start_at: datetime,
    now: datetime,
) -> Routed:
    """Where a new ask goes. ``past`` are earlier requests about the same contact; we work for nothing older than ``start_at``."""
    raise NotImplementedError(ask, person, rules, routing, officers, past, start_at, now)


def progress(
    *, state: RequestState, task_open: bool, task_started: bool, outcome: str | None, offered: int | None
) -> tuple[RequestState, Neutral]:
    """A request's state and neutral word from its Task and what officers entered on the request."""
    raise NotImplementedError(state, task_open, task_started, outcome, offered)
