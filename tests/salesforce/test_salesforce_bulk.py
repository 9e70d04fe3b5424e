"""Reading a feed whole by a query job: chosen by cost, the same records, nothing lost, and never at any price."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from connector.errors import Later
from connector.ports import Feed, Page, Record
from connector.salesforce.auth import ClientCredentials, Instances
from connector.salesforce.bulk import RESULTS
from connector.salesforce.client import Client
from connector.salesforce.cursors import Cursor, Job, read_cursor
from connector.salesforce.side import SalesforceSide
from connector.salesforce.transport import Transport
from connector.secrets import Secret
from connector.wire import Limits, Wire, open_session
from emulator.clock import Clock
from emulator.inprocess import mount
from tests.engine.university import START, SharedClock
from tests.salesforce.orgs import Org
from tests.salesforce.test_salesforce_feeds import composite, contact, covered, page
from tests.systems import CRM_HOST, Systems, build_systems, rulebook

FIELDS = rulebook().person.contact_fields()
PEOPLE = 120


class World:
    """An org with some contacts, and a side over it. Pages are so short that a job is worthwhile."""

    def __init__(self) -> None:
        self.clock = Clock(start=START)
        self.systems: Systems = build_systems(self.clock, self.clock)
        self.crm, self.org = self.systems.crm, self.systems.org
        values = [
            {
                "LastName": f'Last "{number}", the\nsecond',
                "FirstName": "  Ada" if number % 2 else None,
                "Birthdate": "1815-12-10" if number % 3 else None,
                "Class_Year__c": 2005 + number % 9,
                "Deceased__c": number % 7 == 0,
                "MailingStreet": "1 Main St\r\nFlat, 2",
            }
            for number in range(PEOPLE)
        ]
        self.contacts = self.crm.seed("Contact", values)
        self.crm.delete_as(self.systems.officer, self.contacts[3])

    def side(self, *, bulk: bool = True, page: int = 10) -> SalesforceSide:
        """A new process."""
        session, clock = open_session(), SharedClock(self.clock)
        mount(session, self.systems.crm_app, "https://")

        def wire(url: str) -> Wire:
            return Wire(session, url, clock, side="crm")

        login = ClientCredentials(
            wire(CRM_HOST), Instances(my_domain=CRM_HOST), clock, consumer_key="app", consumer_secret=Secret("s3cret")
        )
        client = Client(Transport(login, wire, clock), clock=clock, rng=lambda: 0.0)
        return SalesforceSide(client, clock, contact_fields=FIELDS, page=page, bulk=bulk)

    def jobs(self) -> int:
        """How many jobs were ever started."""
        return int(self.org.bulk_numbers.get("job", 0))


@pytest.fixture
def world() -> World:
    """See ``World``."""
    return World()


def drain(side: SalesforceSide, between: Callable[[int], None] = lambda _n: None, cursor: str = "") -> tuple[list[Page], str]:
    """Every page of contacts until the feed rests; ``between`` happens after each of them."""
    pages: list[Page] = []
    more = True
    while more:
        found = side.read({Feed.CONTACT: cursor})[Feed.CONTACT]
        pages.append(found)
        cursor, more = found.cursor, found.more
        between(len(pages))
    return pages, cursor


def records_of(pages: list[Page]) -> dict[str, Record]:
    """The records of these pages by id."""
    return {record.id: record for found in pages for record in found.records}


def test_a_record_is_the_same_whichever_way_it_comes(world: World) -> None:
    """Law: booleans, numbers, dates, moments, empty values, line breaks and quotes of a job are those of a query."""
    by_pages, _ = drain(world.side(bulk=False))
    assert world.jobs() == 0
    in_bulk, cursor = drain(world.side())
    assert world.jobs() == 1
    assert records_of(in_bulk) == records_of(by_pages)
    assert len(records_of(in_bulk)) == PEOPLE
    assert all(found.full for found in in_bulk)
    assert (read_cursor(cursor).phase, read_cursor(cursor).job) == ("delta", None)


@pytest.mark.parametrize(("page", "jobs"), [(10, 1), (15, 0), (2000, 0)])
def test_a_job_is_chosen_by_what_it_saves(world: World, page: int, jobs: int) -> None:
    """Law: only where it saves more calls than we expect to spend on asking whether it is done."""
    before = world.crm.call_count()
    found, _ = drain(world.side(page=page))
    assert world.jobs() == jobs
    calls = world.crm.call_count() - before
    # One counts, one asks for the mark (and the first page); a job: start, describe, ask, results.
    assert calls == (2 + 4 if jobs else 2 + PEOPLE // page), calls
    assert len(records_of(found)) == PEOPLE


def test_waiting_is_bounded_by_what_is_saved(world: World) -> None:
    """Law: a job that is never done is given up once asking has cost what it saved; pages then bring everybody."""
    world.crm.settings(job_polls=1_000)
    before, began = world.crm.call_count(), world.clock.now()
    found, _ = drain(world.side())
    assert len(records_of(found)) == PEOPLE
    pages = PEOPLE // 10
    assert world.crm.call_count() - before <= 2 + 2 * pages + 1
    assert world.clock.now() - began < timedelta(minutes=2)
    assert next(iter(world.org.jobs.values())).info["state"] == "Aborted"


def test_a_job_that_takes_its_time_is_waited_for(world: World) -> None:
    """Law: pauses grow, no page is lost, and each answer leaves a cursor from which another process goes on."""
    world.crm.settings(job_polls=3)
    pages: list[Page] = []
    cursor, more = "", True
    while more:
        found = world.side().read({Feed.CONTACT: cursor})[Feed.CONTACT]
        pages.append(found)
        cursor, more = found.cursor, found.more
    assert len(records_of(pages)) == PEOPLE
    assert [len(found.records) for found in pages] == [0, 0, 0, 0, PEOPLE]
    assert world.jobs() == 1


@pytest.mark.parametrize("state", ["Failed", "Aborted", "gone"])
def test_a_job_that_fails_is_followed_by_pages(world: World, state: str) -> None:
    """Law: whatever becomes of a job, also after a process was away for eight days, the feed is read whole."""
    world.crm.settings(job_polls=1)

    def spoil(number: int) -> None:
        if number == 1:
            (job,) = world.org.jobs.values()
            job.info["state"] = state
            if state == "gone":
                world.org.jobs.clear()

    found, cursor = drain(world.side(), spoil)
    assert len(records_of(found)) == PEOPLE
    assert read_cursor(cursor).phase == "delta"


def test_an_org_without_jobs_is_read_by_pages(world: World) -> None:
    """Law: where starting a job is refused, nothing is lost but the call."""
    world.crm.order_fault(pattern="POST .*/jobs/query", answer="API_DISABLED_FOR_ORG", count=100)
    found, _ = drain(world.side())
    assert len(records_of(found)) == PEOPLE
    assert world.jobs() == 0


def test_what_changes_while_a_job_runs_is_read_again(world: World) -> None:
    """Law: the moment from which changes are read is asked before the job is started, and never passes what is covered."""
    world.crm.settings(job_polls=2)
    late = world.contacts[5]
    world.crm.late_edit_as(world.systems.officer, late, {"LastName": "Late"}, seconds=600)

    def edit(number: int) -> None:
        if number == 1:
            world.clock.move(timedelta(seconds=5))
            world.crm.edit_as(world.systems.officer, world.contacts[7], {"LastName": "King"})

    side = world.side()
    found, cursor = drain(side, edit)
    assert records_of(found)[world.contacts[7]].fields["LastName"] != "King"
    world.clock.move(timedelta(minutes=1))
    following, cursor = drain(side, cursor=cursor)
    assert records_of(following)[world.contacts[7]].fields["LastName"] == "King"
    world.clock.move(timedelta(minutes=10))
    world.org.settle()
    last, _ = drain(side, cursor=cursor)
    assert records_of(last)[late].fields["LastName"] == "Late"


# -- over scripted answers -----------------------------------------------------------------------------------------


def bulk_side(org: Org) -> SalesforceSide:
    """A side whose contacts have a last name and a flag."""
    return SalesforceSide(org.client, org.clock, contact_fields=["LastName", "Flag__c", "Year__c"], page=200, bulk=True)


HEADER = "Id,SystemModstamp,IsDeleted,MasterRecordId,LastModifiedDate,LastModifiedById,LastName,Flag__c,Year__c"
ROW = "003Vr0000000001AAA,2026-11-02T08:59:00.000Z,false,,2026-11-02T08:59:00.000Z,005Vr0000000001AAA,Ada,true,2005.0"
DESCRIBED = {
    "name": "Contact",
    "fields": [{"name": name, "type": "boolean" if name in {"IsDeleted", "Flag__c"} else "string"} for name in HEADER.split(",")]
    + [{"name": "Year__c", "type": "double"}, {"name": "SystemModstamp", "type": "datetime"}],
}
WAITING = Cursor(phase="full", mark="2026-11-02T09:00:00+00:00", job=Job(id="750Vr0000000001AAA", locator="aa")).dump()


def results(org: Org, body: str, **headers: str) -> None:
    """Script one set of results."""
    sent = {"Sforce-Locator": "null", "Sforce-NumberOfRecords": "1", "Content-Type": "text/csv"} | headers
    org.mock.add(
        "GET", f"{ROOT_OF_JOBS}/750Vr0000000001AAA/results", body=body, headers=sent, content_type=sent.pop("Content-Type")
    )


ROOT_OF_JOBS = "https://university.my.salesforce.com/services/data/v67.0/jobs/query"


def test_the_calls_of_a_job(org: Org) -> None:
    """Law: count, mark, start; then ask, results with a limit; the cursor carries the job's id and locator between them."""
    org.answer("POST", "/composite", composite({"totalSize": 20_000, "done": True, "records": []}))
    org.answer("POST", "/composite", composite(covered()))
    org.answer("POST", "/jobs/query", {"id": "750Vr0000000001AAA", "state": "UploadComplete"})
    org.answer("GET", "/jobs/query/750Vr0000000001AAA", {"id": "750Vr0000000001AAA", "state": "JobComplete"})
    results(org, f"{HEADER}\n{ROW}\n", **{"Sforce-Locator": "MTAwMDA"})
    org.answer("GET", "/sobjects/Contact/describe", DESCRIBED)
    side = bulk_side(org)
    one = side.read({Feed.CONTACT: ""})[Feed.CONTACT]
    assert read_cursor(one.cursor).job == Job(id="750Vr0000000001AAA", left=20_000 // 200 - 1 - 20_000 // RESULTS)
    two = side.read({Feed.CONTACT: one.cursor})[Feed.CONTACT]
    (record,) = two.records
    assert (record.fields["Flag__c"], record.fields["Year__c"], record.version) == (True, 2005.0, "2026-11-02T08:59:00.000+0000")
    assert (two.more, two.full, read_cursor(two.cursor).job) == (
        True,
        True,
        Job(id="750Vr0000000001AAA", locator="MTAwMDA", left=97),
    )
    assert b'"operation":"queryAll"' in org.sent[2].body
    assert b"ORDER BY" not in org.sent[2].body
    assert f"maxRecords={RESULTS}" in org.sent[4].url


def test_a_set_without_names_is_in_the_order_of_the_query(org: Org) -> None:
    """Law: whether later sets begin with the columns' names is not documented; both are understood."""
    results(org, f"{ROW}\n")
    org.answer("GET", "/sobjects/Contact/describe", DESCRIBED)
    (record,) = bulk_side(org).read({Feed.CONTACT: WAITING})[Feed.CONTACT].records
    assert (record.id, record.fields["LastName"], record.fields["MasterRecordId"]) == ("003Vr0000000001AAA", "Ada", None)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (f"{HEADER}\n{ROW}\n", {"Sforce-NumberOfRecords": "2"}),
        (f"{HEADER}\n{ROW[:-30]}", {}),
        (f"{HEADER}\n{ROW},more\n", {}),
        (HEADER.replace("Flag__c", "Flog__c") + f"\n{ROW}\n", {}),
        (f'{HEADER}\n{ROW[:-8]}"unended\n', {}),
        (f"{HEADER}\n{ROW}\n", {"Content-Type": "application/json"}),
        (f"{HEADER}\n{ROW}\n", {"Sforce-NumberOfRecords": "all"}),
        (f"{HEADER}\n{ROW}\n", {"Sforce-NumberOfRecords": "\u00b2"}),
        ("", {"Sforce-NumberOfRecords": "0"}),
    ],
    ids=["rows", "cut", "cells", "columns", "quote", "type", "number", "digit", "nothing"],
)
def test_results_that_are_not_whole_are_not_believed(org: Org, body: str, headers: dict[str, str]) -> None:
    """Law: a file that was cut, or is of another shape, is no results, nor would it be for a week: pages bring everybody."""
    for _ in range(4):
        results(org, body, **headers)
    found = bulk_side(org).read({Feed.CONTACT: WAITING})[Feed.CONTACT]
    assert (found.records, found.more, found.full) == ((), True, True)
    assert read_cursor(found.cursor) == Cursor(phase="full", mark="2026-11-02T09:00:00+00:00")


@pytest.mark.parametrize(
    ("row", "headers"),
    [
        (ROW, {"Sforce-Locator": "aa"}),
        (ROW.replace("true", "maybe"), {}),
        (ROW.replace("2005.0", "never"), {}),
        (ROW.replace("003Vr", ""), {}),
    ],
    ids=["again", "boolean", "double", "id"],
)
def test_results_that_lead_nowhere_are_not_believed(org: Org, row: str, headers: dict[str, str]) -> None:
    """Law: values that are none of their type, or the same results for ever, give way to pages too."""
    results(org, f"{HEADER}\n{row}\n", **headers)
    org.answer("GET", "/sobjects/Contact/describe", DESCRIBED)
    found = bulk_side(org).read({Feed.CONTACT: WAITING})[Feed.CONTACT]
    assert (found.records, found.more, read_cursor(found.cursor).job) == ((), True, None)


def test_results_that_are_larger_than_we_take(org: Org) -> None:
    """Law: results that no exchange of ours can carry give way to pages as well."""
    for _ in range(4):
        results(org, "x" * (Limits().body + 1))
    found = bulk_side(org).read({Feed.CONTACT: WAITING})[Feed.CONTACT]
    assert read_cursor(found.cursor).job is None


def test_results_that_cannot_be_had_now_are_waited_for(org: Org) -> None:
    """Law: a side that is down for a while does not cost the job; the cursor stays where it was."""
    for _ in range(4):
        org.answer("GET", "/jobs/query/750Vr0000000001AAA/results", [{"errorCode": "SERVER_UNAVAILABLE", "message": "x"}], 503)
    with pytest.raises(Later, match="SERVER_UNAVAILABLE"):
        bulk_side(org).read({Feed.CONTACT: WAITING})


@pytest.mark.parametrize("whole", [False, True])
def test_an_object_that_takes_too_long_to_count_is_read_by_pages(org: Org, *, whole: bool) -> None:
    """Law: counting only chooses the way; where it is not done in time, for one object or the call, the feed is read."""
    error = [{"errorCode": "QUERY_TIMEOUT", "message": "x"}]
    timeout = composite(error)
    timeout["compositeResponse"][0]["httpStatusCode"] = 400
    for _ in range(4 if whole else 1):
        org.answer("POST", "/composite", error if whole else timeout, 400 if whole else 200)
    org.answer("POST", "/composite", composite(covered(), page(contact(1))))
    found = bulk_side(org).read({Feed.CONTACT: ""})[Feed.CONTACT]
    assert ([record.id for record in found.records], found.more) == (["003Vr0000000001AAA"], False)


@pytest.mark.parametrize(
    "job", [{}, {"id": "x"}, {"id": "750Vr0000000001AAA", "left": "many"}, {"id": "750Vr0000000001AAA", "more": 1}, "x"]
)
def test_a_job_in_a_cursor_that_makes_no_sense_starts_the_feed_anew(job: Any) -> None:
    """Law: reading all again is always right."""
    text = json.dumps({"v": 1, "phase": "full", "mark": "2026-11-02T09:00:00+00:00", "job": job})
    assert read_cursor(text) == Cursor()


def test_a_page_after_a_job_begins_at_the_beginning(org: Org) -> None:
    """Law: a whole reading that has begun without a page and without a job reads the first page, and keeps its mark."""
    org.answer("GET", "/queryAll", page())
    cursor = Cursor(phase="full", mark="2026-11-02T08:00:00+00:00").dump()
    found = bulk_side(org).read({Feed.CONTACT: cursor})[Feed.CONTACT]
    assert read_cursor(found.cursor).since == "2026-11-02T08:00:00+00:00"
