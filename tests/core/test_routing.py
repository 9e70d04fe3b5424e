"""Routing of career requests: one table of cases, and the laws that hold for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.calendar import OfficeCalendar, due
from connector.core.progress import Clearance, Neutral, RequestState, Result, made_with, neutral_word, progress
from connector.core.requests import Ask, Direction, Misunderstood, RequestRules
from connector.core.routing import (
    NOT_AVAILABLE_MESSAGE,
    PastRequest,
    PersonFacts,
    Routed,
    Routing,
    Unidentified,
    find_officer,
    route,
)
from connector.core.rulebook import Rulebook
from connector.core.understanding import TEXT_LENGTH, understand
from connector.errors import Halt
from connector.ports import Officer
from connector.rules import load_rules

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
"""A Friday, 10 o'clock in New York; the 26th is Thanksgiving."""
START = datetime(2026, 9, 1, tzinfo=UTC)
BOOK: Rulebook = load_rules(ROOT / "mappings")
RULES: RequestRules = BOOK.requests
ROUTING: Routing = BOOK.routing


def officers() -> tuple[Officer, ...]:
    """Everybody whom the shipped routing names, all active."""
    return tuple(
        Officer(id=f"id-{key}", kind=owner.kind, name=owner.name, email=f"{key}@mail.example.edu")
        for key, owner in ROUTING.owners.items()
    )


def ask(kind: str = "MOCK_INTERVIEW", **changes: Any) -> Ask:
    """An ask of a person who is not named."""
    values: dict[str, Any] = {"title": "Two interviews", "text": "Please", "details": "", "created_at": NOW, "person_id": "a-1"}
    return Ask(id="r-1", type=RULES.type(kind), **(values | changes))


PERSON = PersonFacts(contact_id="003A", class_year=1990, country="US", state="NY", school="History")
"""A contact whom nothing keeps from being asked."""


def person(**changes: Any) -> PersonFacts:
    """The same with changes."""
    return replace(PERSON, **changes)


def sent(
    one: Ask, who: PersonFacts | Unidentified | None = None, *, past: tuple[PastRequest, ...] = (), **changes: Any
) -> Routed:
    """Route an ask with the shipped mappings."""
    arguments: dict[str, Any] = {"rules": RULES, "routing": ROUTING, "officers": officers(), "start_at": START, "now": NOW}
    return route(one, person=who or person(), past=past, **(arguments | changes))


def earlier(**changes: Any) -> PastRequest:
    """A request that became a Task 100 days ago and has ended."""
    values: dict[str, Any] = {
        "number": "CR-1", "type": "PANEL_SPEAKER", "neutral": Neutral.DONE, "title": "A panel",
        "touched_at": NOW - timedelta(days=100), "ended_at": NOW - timedelta(days=90),
    }  # fmt: skip
    return PastRequest(**(values | changes))


@dataclass(frozen=True, kw_only=True)
class Case:
    """One row: what is asked, of whom, and what becomes of it."""

    why: str
    ask: Ask
    who: PersonFacts | Unidentified = PERSON
    state: RequestState = RequestState.QUEUED
    neutral: Neutral = Neutral.RECEIVED
    owner: str | None = "school_officer"
    past: tuple[PastRequest, ...] = ()
    clearance: Clearance = Clearance.NOT_NEEDED


S, N = RequestState, Neutral
NEEDED = Clearance.NEEDED
OPEN = earlier(type="MOCK_INTERVIEW", neutral=N.IN_PROGRESS, ended_at=None)
CASES = (
    Case(why="an ask of nobody in particular among the linked goes to the type's owner", ask=ask()),
    Case(why="a routing rule by school comes before the type's owner",
         ask=ask(), who=person(school="civil engineering"), owner="engineering_officer"),
    Case(why="class years are inclusive", ask=ask("MENTOR_FLASH"), who=person(class_year=2016), owner="young_alumni_officer"),
    Case(why="a year before the range does not match",
         ask=ask("MENTOR_FLASH"), who=person(class_year=2015), owner="regional_officer"),
    Case(why="an unknown class year matches no range",
         ask=ask("MENTOR_FLASH"), who=person(class_year=None), owner="regional_officer"),
    Case(why="the first rule that holds wins",
         ask=ask("MENTOR_FLASH"), who=person(class_year=2020, country="DE"), owner="young_alumni_officer"),
    Case(why="countries route to the region", ask=ask("SHADOW_VISIT"), who=person(country="DE"), owner="europe_officer"),
    Case(why="withdrawn before we saw it: nothing to do",
         ask=ask(withdrawn=True), state=S.WITHDRAWN, neutral=N.WITHDRAWN, owner=None),
    Case(why="a confidential type is refused, whoever it is about",
         ask=ask("WELFARE"), who=person(deceased=True), state=S.REFUSED, neutral=N.REFUSED, owner=None),
    Case(why="a withdrawn confidential matter is not stored either",
         ask=ask("WELFARE", withdrawn=True), state=S.REFUSED, neutral=N.REFUSED, owner=None),
    Case(why="older than our start: recorded, not worked",
         ask=ask(created_at=START - timedelta(seconds=1)), state=S.RECORDED_ONLY, neutral=N.RECEIVED, owner=None),
    Case(why="made at our start: worked", ask=ask(created_at=START)),
    Case(why="old requests tell nothing about restrictions",
         ask=ask(created_at=START - timedelta(days=1)), who=person(do_not_contact=True),
         state=S.RECORDED_ONLY, neutral=N.RECEIVED, owner=None),
    Case(why="the dead are not asked",
         ask=ask(), who=person(deceased=True), state=S.NOT_AVAILABLE, neutral=N.NOT_AVAILABLE, owner=None),
    Case(why="nor answered",
         ask=ask("REC_LETTER"), who=person(deceased=True), state=S.NOT_AVAILABLE, neutral=N.NOT_AVAILABLE, owner=None),
    Case(why="who wants no contact is not asked",
         ask=ask(), who=person(do_not_contact=True), state=S.NOT_AVAILABLE, neutral=N.NOT_AVAILABLE, owner=None),
    Case(why="but may ask us", ask=ask("PREFERENCE"), who=person(do_not_contact=True), owner="stewards"),
    Case(why="consent withdrawn for this purpose stops",
         ask=ask(), who=person(withdrawn=frozenset({"career_asks"})),
         state=S.NOT_AVAILABLE, neutral=N.NOT_AVAILABLE, owner=None),
    Case(why="consent withdrawn for another purpose does not", ask=ask(), who=person(withdrawn=frozenset({"mentoring"}))),
    Case(why="the same ask while the first is open is attached",
         ask=ask(), past=(OPEN,), state=S.RECORDED_ONLY, neutral=N.IN_PROGRESS, owner=None),
    Case(why="and shortly after its end",
         ask=ask(),
         past=(replace(OPEN, neutral=N.DONE, ended_at=NOW - timedelta(days=29)),),
         state=S.RECORDED_ONLY, neutral=N.DONE, owner=None),
    Case(why="but not long after it", ask=ask(), past=(replace(OPEN, neutral=N.DONE, ended_at=NOW - timedelta(days=30)),)),
    Case(why="nor to one that never became a Task", ask=ask(), past=(replace(OPEN, touched_at=None),)),
    Case(why="nor to a withdrawn one", ask=ask(), past=(replace(OPEN, neutral=N.WITHDRAWN),)),
    Case(why="nor to another type", ask=ask(), past=(earlier(ended_at=None),)),
    Case(why="an alumna's second letter is another ask",
         ask=ask("REC_LETTER", title="For Oslo"), past=(earlier(type="REC_LETTER", title="For Bergen", ended_at=None),)),
    Case(why="what a title says by signs it says",
         ask=ask("REC_LETTER", title="For C++"), past=(earlier(type="REC_LETTER", title="For C#", ended_at=None),)),
    Case(why="a title of nothing but signs is no other one",
         ask=ask("REC_LETTER", title="???"), past=(earlier(type="REC_LETTER", title="!!!", ended_at=None),)),
    Case(why="the same letter asked for twice is not",
         ask=ask("REC_LETTER", title="For  Oslo!"),
         past=(earlier(type="REC_LETTER", title="for oslo", ended_at=None),), state=S.RECORDED_ONLY, neutral=N.DONE, owner=None),
    Case(why="a named ask waits for clearance in triage",
         ask=ask(named=True), state=S.TRIAGE, neutral=N.RECEIVED, owner="triage", clearance=NEEDED),
    Case(why="a board seat always does",
         ask=ask("BOARD_SEAT"), state=S.TRIAGE, neutral=N.RECEIVED, owner="triage", clearance=NEEDED),
    Case(why="criteria go to triage, without a person",
         ask=ask(person_id=None, criteria=(("school", "Law"),)), who=Unidentified.CRITERIA,
         state=S.TRIAGE, neutral=N.RECEIVED, owner="triage"),
    Case(why="so do the unknown",
         ask=ask(), who=Unidentified.UNKNOWN, state=S.TRIAGE, neutral=N.RECEIVED, owner="triage"),
    Case(why="and the ambiguous",
         ask=ask("REC_LETTER"), who=Unidentified.AMBIGUOUS, state=S.TRIAGE, neutral=N.RECEIVED, owner="triage"),
    Case(why="asked within 30 days: over the limit",
         ask=ask(),
         past=(earlier(touched_at=NOW - timedelta(days=29)),), state=S.WAITING, neutral=N.NOT_AVAILABLE, owner="triage"),
    Case(why="asked 30 days ago: not", ask=ask(), past=(earlier(touched_at=NOW - timedelta(days=30)),)),
    Case(why="three times in a year: over the limit",
         ask=ask(), past=(earlier(),) * 3, state=S.WAITING, neutral=N.NOT_AVAILABLE, owner="triage"),
    Case(why="what they asked of us does not count",
         ask=ask(), past=(earlier(type="REC_LETTER", touched_at=NOW - timedelta(days=1)),)),
    Case(why="over the limit and named: clearance is still needed",
         ask=ask(named=True),
         past=(earlier(touched_at=NOW),), state=S.WAITING, neutral=N.NOT_AVAILABLE, owner="triage", clearance=NEEDED),
    Case(why="the limit does not hold up what they ask of us", ask=ask("REC_LETTER"), past=(earlier(touched_at=NOW),)),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.why)
def test_the_table(case: Case) -> None:
    """Law: each row of the table."""
    routed = sent(case.ask, case.who, past=case.past)
    assert (routed.state, routed.neutral, routed.clearance) == (case.state, case.neutral, case.clearance)
    assert routed.owner_id == (f"id-{case.owner}" if case.owner else None)
    assert (routed.task is None) == (case.owner is None)
    assert routed.triage == (case.owner == "triage")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.why)
def test_a_task_says_what_the_request_says(case: Case) -> None:
    """Law: a Task has the owner, the person and the subject of its request; without a contact it has no WhoId at all."""
    routed = sent(case.ask, case.who, past=case.past)
    if routed.task is None:
        assert routed.first_action_due is None
        assert routed.end_due is None
        return
    assert routed.task["OwnerId"] == routed.owner_id
    known = {"WhoId": case.who.contact_id} if isinstance(case.who, PersonFacts) else {}
    assert {name: value for name, value in routed.task.items() if name == "WhoId"} == known
    assert routed.task["Subject"] == routed.subject
    assert ("ActivityDate" in routed.task) == (routed.first_action_due is not None)


def test_every_reason_looks_the_same_to_careers() -> None:
    """Law: deceased, no contact, consent withdrawn and over the limit cannot be told apart by what careers are given."""
    stopped = [
        sent(ask(), person(deceased=True)),
        sent(ask(), person(do_not_contact=True)),
        sent(ask(), person(withdrawn=frozenset({"career_asks"}))),
        sent(ask(), past=(earlier(touched_at=NOW),)),
    ]
    assert {(one.neutral, one.message) for one in stopped} == {(Neutral.NOT_AVAILABLE, NOT_AVAILABLE_MESSAGE)}
    assert len({one.stop_reason for one in stopped}) == len(stopped)


@given(
    who=st.builds(
        PersonFacts,
        contact_id=st.just("003A"),
        deceased=st.booleans(),
        do_not_contact=st.booleans(),
        withdrawn=st.frozensets(st.sampled_from(["career_asks", "mentoring", "events", "surveys"])),
        class_year=st.none() | st.integers(1950, 2026),
        country=st.none() | st.sampled_from(["US", "DE"]),
    ),
    kind=st.sampled_from(RULES.types),
    named=st.booleans(),
    touched=st.lists(st.integers(0, 500), max_size=4),
)
def test_no_forbidden_ask_becomes_a_task(who: PersonFacts, kind: Any, named: bool, touched: list[int]) -> None:  # noqa: FBT001 - drawn by name
    """Law: no Task asks the dead, who wants no contact, or who withdrew the consent; no message to careers says why."""
    past = tuple(earlier(touched_at=NOW - timedelta(days=days)) for days in touched)
    routed = sent(ask(kind.code, named=named), who, past=past)
    asks_alumni = kind.direction is Direction.CAREERS_TO_ALUMNI
    forbidden = who.deceased or (asks_alumni and (who.do_not_contact or kind.purpose in who.withdrawn))
    assert not (forbidden and routed.task is not None)
    assert not (kind.confidential and routed.task is not None)
    for word in ("deceas", "consent", "contact", "clearance", "limit"):
        assert word not in routed.message.casefold() or kind.confidential


def test_an_inactive_owner_falls_back() -> None:
    """Law: inactive or missing owners give their Task to the fallback queue, and the Task says so."""
    inactive = tuple(replace(one, active=one.id != "id-school_officer") for one in officers())
    missing = tuple(one for one in officers() if one.id != "id-school_officer")
    for team in (inactive, missing):
        routed = sent(ask(), officers=team)
        assert routed.owner_id == "id-triage"
        assert not routed.triage
        assert routed.task is not None
        assert "School officer, is inactive" in str(routed.task["Description"])


def test_without_a_fallback_queue_requests_stop() -> None:
    """Law: a Task is never given to whoever happens to run the bridge; the error names queue and file."""
    with pytest.raises(Halt, match="Alumni_Relations_Triage"):
        sent(ask(), officers=())


def test_officers_are_found_by_login_name_then_by_an_unambiguous_email() -> None:
    """Law: the login name wins; an e-mail address that two users share finds nobody; a user is no queue."""
    owner = ROUTING.owners["director"]
    by_email = Officer(id="1", kind="user", name="x", email=owner.name.upper())
    by_name = Officer(id="2", kind="user", name=owner.name.upper())
    queue = Officer(id="3", kind="queue", name=owner.name)
    assert find_officer(owner, [queue]) is None
    assert find_officer(owner, [queue, by_email]) == by_email
    assert find_officer(owner, [by_email, by_name]) == by_name
    assert find_officer(owner, [by_email, replace(by_email, id="4")]) is None
    assert find_officer(owner, [replace(by_name, active=False)]) is None


def test_due_times_count_business_days_where_the_owner_works() -> None:
    """Law: three business days from Friday is Wednesday 17:00 in New York; Thanksgiving and the weekend do not count."""
    routed = sent(ask())
    assert routed.first_action_due == datetime(2026, 11, 25, 22, 0, tzinfo=UTC)
    # 15 business days: 23, 24, 25, 27 | 30 Nov - 4 Dec | 7 - 11 Dec | 14 Dec.
    assert routed.end_due == datetime(2026, 12, 14, 22, 0, tzinfo=UTC)
    assert routed.task is not None
    assert routed.task["ActivityDate"] == "2026-11-25"


def test_the_clock_stands_still_over_the_limit() -> None:
    """Law: nobody is late with what may not be done yet."""
    routed = sent(ask(), past=(earlier(touched_at=NOW),))
    assert routed.first_action_due is None
    assert routed.end_due is None


def test_the_task_tells_the_officer_everything() -> None:
    """Law: text, details, wishes and hints reach the officer; the subject fits its field."""
    one = ask(
        "REC_LETTER", title="x" * 255, details="Deadline at noon", requested_by="Sam, sam@example.edu", unit="Law", urgent=True
    )
    routed = sent(one)
    assert routed.task is not None
    assert len(str(routed.task["Subject"])) == 255
    assert routed.task["Priority"] == "High"
    for part in ("Release form first", "Please", "Deadline at noon", "Asked by: Sam, sam@example.edu, Law"):
        assert part in str(routed.task["Description"])


NEW_YORK = OfficeCalendar(name="ny", time_zone=ZoneInfo("America/New_York"), holidays=frozenset({date(2026, 11, 26)}))


@pytest.mark.parametrize(
    ("now", "days", "expected"),
    [
        (datetime(2026, 11, 20, 21, 59, tzinfo=UTC), 0, datetime(2026, 11, 20, 22, 0, tzinfo=UTC)),
        (datetime(2026, 11, 20, 22, 0, tzinfo=UTC), 0, datetime(2026, 11, 23, 22, 0, tzinfo=UTC)),
        (datetime(2026, 11, 21, 12, 0, tzinfo=UTC), 1, datetime(2026, 11, 24, 22, 0, tzinfo=UTC)),
        (datetime(2026, 11, 25, 15, 0, tzinfo=UTC), 1, datetime(2026, 11, 27, 22, 0, tzinfo=UTC)),
        (datetime(2026, 10, 30, 15, 0, tzinfo=UTC), 1, datetime(2026, 11, 2, 22, 0, tzinfo=UTC)),
        (datetime(2026, 3, 7, 4, 0, tzinfo=UTC), 0, datetime(2026, 3, 9, 21, 0, tzinfo=UTC)),
    ],
    ids=["same day", "after closing", "weekend", "holiday", "end of summer time", "start of summer time"],
)
def test_business_days(now: datetime, days: int, expected: datetime) -> None:
    """Law: what arrives outside working time is received on the next working day; due times are local closing times."""
    assert due(NEW_YORK, now, days) == expected


@given(st.integers(0, 15 * 366 * 24 * 60), st.integers(0, 60))
def test_due_is_always_a_later_closing_time(minutes: int, days: int) -> None:
    """Law: due is in the future, on a working day at closing time, and never earlier for more days."""
    now = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    moment = due(NEW_YORK, now, days)
    local = moment.astimezone(NEW_YORK.time_zone)
    assert moment > now
    assert NEW_YORK.works(local.date())
    assert local.time() == time(17)
    assert due(NEW_YORK, now, days + 1) > moment


def test_a_calendar_without_working_days_ends() -> None:
    """Law: even a calendar on which nobody ever works gives an answer."""
    never = replace(NEW_YORK, weekend=frozenset(range(7)))
    assert due(never, NOW, 3) > NOW


PROGRESS = (
    (S.QUEUED, "Not Started", None, None, None, S.QUEUED, N.RECEIVED),
    (S.TRIAGE, "Not Started", None, None, None, S.TRIAGE, N.RECEIVED),
    (S.WAITING, "Not Started", None, None, None, S.QUEUED, N.RECEIVED),
    (S.WAITING, "In Progress", None, None, None, S.IN_PROGRESS, N.IN_PROGRESS),
    (S.QUEUED, "In Progress", None, None, None, S.IN_PROGRESS, N.IN_PROGRESS),
    (S.IN_PROGRESS, "Not Started", None, None, None, S.QUEUED, N.RECEIVED),
    (S.IN_PROGRESS, "Waiting on someone else", None, None, None, S.WAITING, N.WAITING),
    (S.IN_PROGRESS, "Deferred", None, None, None, S.WAITING, N.WAITING),
    (S.IN_PROGRESS, "In Progress", None, None, 2, S.IN_PROGRESS, N.OFFERED),
    (S.IN_PROGRESS, "In Progress", "Accepted", None, None, S.IN_PROGRESS, N.OFFERED),
    (S.IN_PROGRESS, "In Progress", "Declined", None, None, S.IN_PROGRESS, N.IN_PROGRESS),
    (S.IN_PROGRESS, "Completed", "Accepted", None, None, S.DONE, N.DONE),
    (S.IN_PROGRESS, "Completed", "Fulfilled", None, None, S.DONE, N.DONE),
    (S.IN_PROGRESS, "Completed", "Declined", None, None, S.NOT_AVAILABLE, N.NOT_AVAILABLE),
    (S.IN_PROGRESS, "Completed", "No response", None, None, S.NOT_AVAILABLE, N.NOT_AVAILABLE),
    (S.IN_PROGRESS, "Completed", "Not suitable", None, None, S.NOT_AVAILABLE, N.NOT_AVAILABLE),
    (S.IN_PROGRESS, "Completed", None, None, None, S.CLOSED_WITHOUT_OUTCOME, N.IN_PROGRESS),
    (S.CLOSED_WITHOUT_OUTCOME, "Completed", "Fulfilled", None, None, S.DONE, N.DONE),
    (S.DONE, "In Progress", None, None, None, S.IN_PROGRESS, N.IN_PROGRESS),
    (S.QUEUED, None, None, None, None, S.TASK_DELETED, N.WAITING),
    (S.DONE, None, "Fulfilled", None, None, S.DONE, N.DONE),
    (S.TRIAGE, "Not Started", None, "Declined", None, S.NOT_AVAILABLE, N.NOT_AVAILABLE),
    (S.TRIAGE, "Not Started", None, "Needed", None, S.TRIAGE, N.RECEIVED),
    (S.REFUSED, None, None, None, None, S.REFUSED, N.REFUSED),
    (S.RECORDED_ONLY, None, None, None, None, S.RECORDED_ONLY, N.RECEIVED),
)


@pytest.mark.parametrize(("before", "status", "result", "clearance", "offered", "state", "neutral"), PROGRESS)
def test_progress(
    before: RequestState, status: str | None, result: str | None, clearance: str | None, offered: int | None,
    state: RequestState, neutral: Neutral,
) -> None:  # fmt: skip
    """Law: each row: what staff did to the Task and the request, and what careers see of it."""
    found = progress(
        state=before, status=status, open_status="Not Started", closed_statuses={"Completed"},
        result=result, clearance=clearance, offered=offered,
    )  # fmt: skip
    assert found == (state, neutral)


@pytest.mark.parametrize("unbegun", [S.WAITING, S.TRIAGE, S.QUEUED])
@pytest.mark.parametrize("status", ["Not Started", "Deferred", "Waiting on someone else", "In Progress"])
@pytest.mark.parametrize("before", [S.WAITING, S.IN_PROGRESS, S.TASK_DELETED])
def test_nobody_has_begun_any_more(before: RequestState, status: str, unbegun: RequestState) -> None:
    """Law: a Task that is put back as it came, or comes back so from the bin, is what it was; over the limit also put off."""
    found = progress(state=before, status=status, open_status="Not Started", closed_statuses={"Completed"}, unbegun=unbegun)
    if status == "Not Started" or (unbegun is S.WAITING and status == "Deferred"):
        assert found == (unbegun, N.NOT_AVAILABLE if unbegun is S.WAITING else N.RECEIVED)
    else:
        assert found[0] is (S.IN_PROGRESS if status == "In Progress" else S.WAITING)
        assert found[1] is (N.IN_PROGRESS if status == "In Progress" else N.WAITING)


@pytest.mark.parametrize("status", ["Not Started", "In Progress", "Completed", None])
@pytest.mark.parametrize("result", [None, *Result])
def test_a_withdrawn_request_is_withdrawn(status: str | None, result: Result | None) -> None:
    """Law: what careers have withdrawn stays so, whatever becomes of its Task."""
    found = progress(state=S.WITHDRAWN, status=status, open_status="Not Started", closed_statuses={"Completed"}, result=result)
    assert found == (S.WITHDRAWN, N.WITHDRAWN)


def test_every_state_has_a_neutral_word() -> None:
    """Law: there is no state for which careers would see nothing."""
    assert {neutral_word(state) for state in RequestState} <= set(Neutral)


GOOD: Mapping[str, Any] = {
    "type": "mock interview", "title": " Two\u202e interviews ", "text": "Hello", "person_id": "a-1", "named": True,
    "created_at": "2026-11-20T15:00:00Z", "need_by": "2026-12-01", "count": 2, "state": "open",
    "requested_by": {"name": "Sam", "email": "sam@example.edu", "unit": "Law"}, "criteria": None,
}  # fmt: skip


def test_a_good_request_is_understood() -> None:
    """Law: aliases, time zones and invisible characters are understood; nothing is lost."""
    found = understand(GOOD, request_id="r-1", rules=RULES)
    assert isinstance(found, Ask)
    assert (found.type.code, found.title, found.named, found.need_by) == (
        "MOCK_INTERVIEW",
        "Two interviews",
        True,
        date(2026, 12, 1),
    )
    assert (found.created_at, found.requested_by, found.unit, found.count) == (NOW, "Sam, sam@example.edu", "Law", 2)


@pytest.mark.parametrize(
    ("change", "problem", "cure"),
    [
        ({"type": "mock intervew"}, "type of the request is not known", "MOCK_INTERVIEW"),
        ({"type": "Jane Doe of Boston"}, "type of the request is not known", "Choose a type"),
        ({"type": None}, "type of the request is missing", "MENTOR_PROGRAM"),
        ({"type": 7}, "type of the request is missing", "MENTOR_PROGRAM"),
        ({"direction": "alumni_to_institution"}, "careers ask alumni", "direction"),
        ({"title": "\u200b "}, "title is missing", "in one line"),
        ({"title": ["a"]}, "title is not a text", "as text"),
        ({"text": "x" * (TEXT_LENGTH + 1)}, "longer than", "Shorten text"),
        ({"person_id": None, "named": None}, "who is asked for", "criteria"),
        ({"person_id": None}, "certain person", "Choose the person"),
        (
            {"type": "REC_LETTER", "person_id": None, "named": None, "criteria": {"a": "b"}},
            "which alumnus asks",
            "Choose the person",
        ),
        ({"need_by": "soon"}, "not a date", "YYYY-MM-DD"),
        ({"need_by": "2026-02-30"}, "not a date", "YYYY-MM-DD"),
        ({"need_by": "2026-12-01T00:00:00Z"}, "not a date", "YYYY-MM-DD"),
        ({"created_at": "2026-11-20T15:00:00"}, "when the request was made", "anew"),
        ({"count": 0}, "count is not a whole number", "count"),
        ({"count": True}, "count is not a whole number", "count"),
        ({"effort_minutes": "30"}, "effort_minutes", "effort_minutes"),
        ({"named": "yes"}, "neither true nor false", "named"),
        ({"criteria": "all"}, "criteria is not filled in", "criteria"),
        ({"state": "closed"}, "neither open nor withdrawn", "open"),
    ],
)
def test_a_bad_request_gets_its_cure(change: Mapping[str, Any], problem: str, cure: str) -> None:
    """Law: what is wrong is named, with what to do, and without repeating what was typed (B35, B38-B40)."""
    found = understand({**GOOD, **change}, request_id="r-1", rules=RULES)
    assert isinstance(found, Misunderstood)
    assert problem in " ".join(found.problems)
    assert cure in found.cure
    assert "Jane" not in found.message


def test_all_problems_of_a_request_come_at_once() -> None:
    """Law: careers are not sent back twice."""
    found = understand({"type": "mock", "title": "", "need_by": "soon"}, request_id="r-1", rules=RULES)
    assert isinstance(found, Misunderstood)
    assert len(found.problems) == 5


def test_nothing_of_a_confidential_request_is_kept() -> None:
    """Law: text, title and hints of a confidential ask go no further than the reading of its type."""
    found = understand(
        {**GOOD, "type": "welfare", "text": "secret", "person_hint": {"name": "Jane"}}, request_id="r-1", rules=RULES
    )
    assert isinstance(found, Ask)
    assert found == Ask(id="r-1", type=RULES.type("WELFARE"), title="", text="", details="", created_at=NOW)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from([*GOOD, "person_hint", "urgent", "direction", "details"]), JSON))
def test_understanding_is_total(fields: dict[str, Any]) -> None:
    """Law: whatever careers send, it is an ask or a misunderstanding with a cure; it is never an exception."""
    for request in (fields, {**GOOD, **fields}):
        found = understand(request, request_id="r-1", rules=RULES)
        if isinstance(found, Misunderstood):
            assert found.problems
            assert found.cure
        else:
            assert sent(found).neutral in Neutral


def test_the_task_that_was_made_with_a_request() -> None:
    """Law: of the Tasks about a request ours is the earliest by whoever made its record; staff's calls and e-mails are none."""
    record = {"Key__c": "k", "CreatedById": "005us"}
    first, later = {"CreatedDate": "2026-03-02", "CreatedById": "005us"}, {"CreatedDate": "2026-03-03", "CreatedById": "005us"}
    staff = {"CreatedDate": "2026-03-01", "CreatedById": "005staff"}
    assert made_with(record, [("t3", later), ("t1", staff), ("t2", first)]) == "t2"
    assert made_with(record, [("t1", staff)]) is None
    assert made_with(record, []) is None
    # What an earlier release has read says nothing of who made it.
    assert made_with({"Key__c": "k"}, [("t3", later), ("t1", staff)]) == "t1"
    assert made_with(record, [("t2", {"CreatedDate": "2026-03-02"}), ("t1", staff)]) == "t2"
