"""Where a career request goes: a pure function of the ask, the person, the rules, the officers and the time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from connector.core.calendar import OfficeCalendar, due
from connector.core.foreign import fitted
from connector.core.progress import Clearance, Neutral, RequestState, neutral_word
from connector.core.requests import Ask, ClearanceRule, Direction, RequestRules, describe
from connector.errors import Halt


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
    """An earlier request about the same contact. ``ended_at`` None: still open.

    ``touched_at`` is when it was given to somebody as a Task; None for what never was (stopped, recorded only, refused): that
    counts neither as an ask of them nor as one to attach to. Nor does what careers withdrew before anybody had begun.
    ``waits``: it has a Task all the same, which waits over the contact limit: no ask yet, but one to attach to.
    """

    number: str
    type: str
    neutral: Neutral
    title: str = ""
    touched_at: datetime | None = None
    waits: bool = False
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """What to do with an ask: the columns of its ``Career_Request__c`` and, unless ``task`` is None, its one Task.

    ``task`` holds the Task's fields (Subject, Description, OwnerId, Priority, and where known WhoId and ActivityDate) without
    WhatId and Status, which the writer adds. ``message`` goes to careers and never
    says why somebody is not available; ``stop_reason`` never leaves Salesforce.
    """

    state: RequestState
    neutral: Neutral
    owner_id: str | None
    triage: bool
    clearance: Clearance
    stop_reason: str
    message: str
    first_action_due: datetime | None
    end_due: datetime | None
    subject: str
    task: Mapping[str, object] | None
    attached_to: str | None = None
    """The number of the request that already asks this; no Task of its own."""


NOT_AVAILABLE_MESSAGE = "Not available at present."
"""The same words for every reason: what careers read may not tell one from another."""


ATTACHED = "Attached to request {}."
"""What careers read of an ask that is there already, with the number of that request."""
GONE = "{} was withdrawn or changed: file this anew if it is still needed."
"""The same, once nobody works on that any more; with what it was attached to."""
TAKEN_BACK = "It was withdrawn: file this anew if it is still needed."
"""What careers read of what they have withdrawn and open again."""


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
    """Where a new ask goes; the first of these that holds.

    Confidential (refused with a pointer, never stored, also when it was withdrawn since); withdrawn; made before ``start_at``
    (recorded only); hard stops; the same ask is already with us; else one Task. What is decided before the hard stops looks at
    the ask alone, so that it cannot tell careers anything about the person. ``past`` are earlier requests about the same contact.

    Raises:
        Halt: the fallback queue does not exist in Salesforce.
    """
    if ask.type.confidential:
        return _ended(ask, RequestState.REFUSED, message=ask.type.pointer)
    if ask.withdrawn:
        return _ended(ask, RequestState.WITHDRAWN)
    if ask.created_at < start_at:
        return _ended(
            ask,
            RequestState.RECORDED_ONLY,
            message="Recorded, not worked: it was made before the bridge began. File it anew if needed.",
        )
    if isinstance(person, PersonFacts):
        stop = hard_stop(ask, person)
        if stop:
            return _ended(ask, RequestState.NOT_AVAILABLE, message=NOT_AVAILABLE_MESSAGE, stop_reason=stop)
        same = _same_ask(ask, past, rules, routing, now)
        if same is not None:
            attached = _ended(ask, RequestState.RECORDED_ONLY, message=ATTACHED.format(same.number))
            return replace(attached, neutral=same.neutral, attached_to=same.number)
    return _Assignment(ask, person, rules, routing, officers, now).routed(_over_budget(ask, person, past, rules, routing, now))


def _ended(ask: Ask, state: RequestState, *, message: str = "", stop_reason: str = "") -> Routed:
    return Routed(
        state=state,
        neutral=neutral_word(state),
        owner_id=None,
        triage=False,
        clearance=Clearance.NOT_NEEDED,
        stop_reason=stop_reason,
        message=message,
        first_action_due=None,
        end_due=None,
        subject=_subject(ask),
        task=None,
    )


def _subject(ask: Ask) -> str:
    return fitted(f"{ask.type.label}: {ask.title}", 255) if ask.title else ask.type.label


def hard_stop(ask: Ask, person: PersonFacts) -> str:
    """Why somebody may not be asked at all; "" if they may."""
    if person.deceased:
        return "Deceased"
    # What an alumnus asks of us is no contact by us: it may not be lost because they want none.
    if ask.type.direction is Direction.ALUMNI_TO_INSTITUTION:
        return ""
    if person.do_not_contact:
        return "No contact requested"
    if ask.type.purpose in person.withdrawn:
        return f"Consent withdrawn: {ask.type.purpose}"
    return ""


def _same_ask(ask: Ask, past: Sequence[PastRequest], rules: RequestRules, routing: Routing, now: datetime) -> PastRequest | None:
    for earlier in past:
        if (
            rules.by_word(earlier.type) != ask.type
            or not (earlier.touched_at or earlier.waits)
            or earlier.neutral in {Neutral.WITHDRAWN, Neutral.REFUSED}
        ):
            continue
        if ask.type.direction is Direction.CAREERS_TO_ALUMNI:
            if earlier.ended_at is None or now - earlier.ended_at < routing.attach_within:
                return earlier
        # An alumnus may need two letters: theirs is the same ask only while it is open under the same title.
        elif earlier.ended_at is None and earlier.title and _heading(earlier.title) == _heading(ask.title):
            return earlier
    return None


def _heading(title: str) -> str:
    """A title as people read it: no case, no spacing, no full stop or quotes around it; "C++" and "C#" are two things."""
    folded = " ".join(title.casefold().split())
    return folded.strip(" .,;:!?\"'“”") or folded


def _to_alumni(earlier: PastRequest, rules: RequestRules) -> bool:
    """Whether somebody was asked for something; of a type that is not known any more that is to be assumed."""
    kind = rules.by_word(earlier.type)
    return kind is None or kind.direction is Direction.CAREERS_TO_ALUMNI


def _over_budget(
    ask: Ask,
    person: PersonFacts | Unidentified,
    past: Sequence[PastRequest],
    rules: RequestRules,
    routing: Routing,
    now: datetime,
) -> str:
    if not isinstance(person, PersonFacts) or ask.type.direction is Direction.ALUMNI_TO_INSTITUTION:
        return ""
    asked = [earlier.touched_at for earlier in past if earlier.touched_at is not None and _to_alumni(earlier, rules)]
    recent = sum(now - at < timedelta(days=routing.limit.days) for at in asked)
    in_year = sum(now - at < timedelta(days=365) for at in asked)
    if recent >= routing.limit.max_asks:
        return f"Asked {recent} times in the last {routing.limit.days} days (limit {routing.limit.max_asks})"
    if in_year >= routing.limit.max_per_year:
        return f"Asked {in_year} times in the last year (limit {routing.limit.max_per_year})"
    return ""


@dataclass(frozen=True, slots=True)
class _Assignment:
    """An ask that will be worked, on its way to an owner."""

    ask: Ask
    person: PersonFacts | Unidentified
    rules: RequestRules
    routing: Routing
    officers: Sequence[Assignee]
    now: datetime

    def routed(self, over_budget: str) -> Routed:
        """The Task and the request's columns; ``over_budget`` is the reason why the person may not be asked now."""
        clearance = Clearance.NEEDED if self._needs_clearance() else Clearance.NOT_NEEDED
        triage = bool(over_budget) or clearance is Clearance.NEEDED or not isinstance(self.person, PersonFacts)
        key = self.routing.triage if triage else self._owner_key()
        owner, officer, notes = self._resolve(key)
        state = RequestState.WAITING if over_budget else RequestState.TRIAGE if triage else RequestState.QUEUED
        calendar = self.routing.calendars[owner.calendar]
        # The clock stands still while the alumnus may not be asked.
        first = None if over_budget else due(calendar, self.now, self.ask.type.first_action_days)
        days = self.ask.type.end_days
        return Routed(
            state=state,
            neutral=Neutral.NOT_AVAILABLE if over_budget else neutral_word(state),
            owner_id=officer.id,
            triage=triage,
            clearance=clearance,
            stop_reason=over_budget,
            message=NOT_AVAILABLE_MESSAGE if over_budget else "",
            first_action_due=first,
            end_due=None if over_budget or days is None else due(calendar, self.now, days),
            subject=_subject(self.ask),
            task=self._task(officer, calendar.today(first) if first else None, [*notes, *self._reasons(clearance, over_budget)]),
        )

    def _needs_clearance(self) -> bool:
        if self.ask.type.clearance is ClearanceRule.ALWAYS:
            return True
        return self.ask.type.clearance is ClearanceRule.NAMED and self.ask.named

    def _owner_key(self) -> str:
        return next((rule.owner for rule in self.routing.rules if self._applies(rule)), self.ask.type.owner)

    def _applies(self, rule: RoutingRule) -> bool:
        if rule.types and self.ask.type.code not in rule.types:
            return False
        person = self.person
        if not isinstance(person, PersonFacts):
            return False
        if rule.class_years is not None:
            first, last = rule.class_years
            year = person.class_year
            if year is None or (first is not None and year < first) or (last is not None and year > last):
                return False
        return (
            (not rule.countries or person.country in rule.countries)
            and (not rule.states or (person.state or "").casefold() in rule.states)
            and (not rule.schools or (person.school or "").casefold() in rule.schools)
            and (not rule.degrees or (person.degree or "").casefold() in rule.degrees)
        )

    def _resolve(self, key: str) -> tuple[TaskOwner, Assignee, list[str]]:
        owner = self.routing.owners[key]
        officer = find_officer(owner, self.officers)
        if officer is not None:
            return owner, officer, []
        fallback = self.routing.owners[self.routing.fallback]
        officer = find_officer(fallback, self.officers)
        if officer is None:
            remedy = f"create the queue {fallback.name} in Salesforce, or name another as fallback in routing.toml"
            raise Halt(
                subject="requests", reason=f"the fallback queue {fallback.name} does not exist or is inactive", remedy=remedy
            )
        return fallback, officer, [f"The owner by the rules, {owner.label}, is inactive or unknown in Salesforce."]

    def _reasons(self, clearance: Clearance, over_budget: str) -> list[str]:
        reasons = [over_budget] if over_budget else []
        if clearance is Clearance.NEEDED:
            reasons.append("Named ask: needs clearance before the alumnus is contacted.")
        if self.person is Unidentified.UNKNOWN:
            reasons.append("The person could not be identified: see the hint.")
        if self.person is Unidentified.AMBIGUOUS:
            reasons.append("Several contacts could be meant: see the hint and the identity reviews.")
        return reasons

    def _task(self, officer: Assignee, on: date | None, notes: Sequence[str]) -> Mapping[str, object]:
        task: dict[str, object] = {
            "Subject": _subject(self.ask),
            "Description": describe(self.ask, notes),
            "OwnerId": officer.id,
            "Priority": "High" if self.ask.urgent or self.ask.type.urgent else "Normal",
        }
        if on is not None:
            task["ActivityDate"] = on.isoformat()
        if isinstance(self.person, PersonFacts):
            task["WhoId"] = self.person.contact_id
        return task


def find_officer(owner: TaskOwner, officers: Sequence[Assignee]) -> Assignee | None:
    """The active user or queue that an owner of routing.toml means.

    A login name is unique and wins; an e-mail address counts only if exactly one active user has it.
    """
    wanted = owner.name.casefold()
    able = [officer for officer in officers if officer.active and officer.kind == owner.kind]
    by_name = [officer for officer in able if officer.name.casefold() == wanted]
    by_email = [officer for officer in able if officer.email.casefold() == wanted]
    return by_name[0] if by_name else by_email[0] if len(by_email) == 1 else None
