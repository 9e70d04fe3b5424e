"""What the CRM side must keep to, on the emulated org with our own package deployed and people at work in it.

The side sees only HTTP; officers, merges, faults and time come through the emulator's control.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
import requests

from connector.errors import Halt, Later
from connector.ports import CrmCreate, CrmSide, CrmUpdate, Feed, Record, Status
from connector.salesforce.auth import ClientCredentials, Instances
from connector.salesforce.client import Client
from connector.salesforce.side import SalesforceSide
from connector.salesforce.transport import Transport
from connector.secrets import Secret
from connector.wire import Wire, open_session
from crm_package.archive import build_zip, permission_files
from crm_package.deploy import deploy
from emulator.clock import Clock as EmulatedClock
from emulator.http import request
from emulator.inprocess import Wire as FaultyWire
from emulator.inprocess import WireFault, mount
from emulator.salesforce.control import Control
from emulator.salesforce.org import Org
from emulator.salesforce.service import SalesforceApp

HOST = "https://university.my.salesforce.com"
CONTACT_FIELDS = ("FirstName", "LastName", "MobilePhone", "Personal_Email__c")
PROFILE_FIELDS = ("Interests__c", "Mentor_Availability__c")
START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


@dataclass
class Linked:
    """The bridge's clock, which is the org's: sleeping moves both."""

    emulated: EmulatedClock

    def now(self) -> datetime:
        """The org's time."""
        return self.emulated.now()

    def monotonic(self) -> float:
        """Seconds of the org's time."""
        return self.emulated.now().timestamp()

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.emulated.move(timedelta(seconds=seconds))


class Door:
    """An administrator's connection, as the deployment asks for it."""

    def __init__(self, app: SalesforceApp, token: str) -> None:
        self.app, self.token = app, token

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """One request."""
        sent = request(method, path, headers={**headers, "Authorization": f"Bearer {self.token}"}, body=body or b"")
        answer = self.app.handle(sent)
        return answer.status, answer.headers, answer.body


@dataclass
class World:
    """An org with our package, a bridge user and an officer."""

    org: Org
    control: Control
    clock: Linked
    side: SalesforceSide
    wire: FaultyWire
    officer: str
    again: Callable[[], SalesforceSide]

    def pass_time(self, seconds: float) -> None:
        """Let the org's time pass."""
        self.control.move_clock(seconds=seconds)

    def contacts(self, count: int, **values: Any) -> list[str]:
        """New contacts."""
        rows = [{"LastName": f"Alumna {n}", "FirstName": "Ada", **values} for n in range(count)]
        return self.control.seed("Contact", rows)


@cache
def package() -> bytes:
    """Our package with the permission sets of this mapping, built once."""
    return build_zip(extra=permission_files(CONTACT_FIELDS, PROFILE_FIELDS))


@pytest.fixture
def world() -> World:
    """A new world; its time stands still unless it is moved."""
    clock = EmulatedClock(start=START)
    org = Org(clock=clock)
    control = Control(org)
    app = SalesforceApp(org)
    control.define_field("Contact", "Personal_Email__c", type="email")
    linked = Linked(clock)
    deployed = deploy(Door(app, control.token()), package(), check_only=False, monotonic=linked.monotonic, sleep=linked.sleep)
    assert deployed.success, deployed
    profile = "Minimum Access - API Only Integrations"
    bridge = control.add_user("bridge", profile=profile, permission_sets=["Alumni_Bridge_Daemon"])
    officer = control.add_user("officer", permission_sets=["Alumni_Bridge_Staff"])
    control.connected_app("app", secret="s3cret", run_as=bridge)
    session = open_session()
    wire = mount(session, app, "https://")

    def connect() -> SalesforceSide:
        return side_over(session, linked)

    return World(org=org, control=control, clock=linked, side=connect(), wire=wire, officer=officer, again=connect)


def side_over(session: requests.Session, clock: Linked) -> SalesforceSide:
    """A side that logs in by client credentials."""

    def wire(url: str) -> Wire:
        return Wire(session, url, clock, side="Salesforce")

    source = ClientCredentials(wire(HOST), Instances(my_domain=HOST), clock, consumer_key="app", consumer_secret=Secret("s3cret"))
    client = Client(Transport(source, wire, clock), clock=clock, rng=lambda: 0.0)
    return SalesforceSide(client, clock, contact_fields=CONTACT_FIELDS, page=10)


def drain(side: CrmSide, feed: Feed, cursor: str = "") -> tuple[list[Record], str]:
    """Read a feed until it rests."""
    found: list[Record] = []
    for _ in range(100):
        page = side.read({feed: cursor})[feed]
        found += page.records
        cursor = page.cursor
        if not page.more:
            return found, cursor
    raise AssertionError("a feed that never rests")


def career_request(key: str = "k1", *, owner: str | None = None, contact: str | None = None) -> CrmCreate:
    """A request with its Task."""
    task: dict[str, Any] = {"Subject": "Panel on 3 March", "Status": "Not Started", "Priority": "Normal"}
    task |= {"OwnerId": owner} if owner else {}
    task |= {"WhoId": contact} if contact else {}
    fields = {"Title__c": "Panel", "State__c": "Received", "Type__c": "panel", "System__c": "symplicity"}
    return CrmCreate(object="Career_Request__c", key=key, fields=fields, task=task)


# -- who we are ----------------------------------------------------------------------------------------------------


def test_organization_id(world: World) -> None:
    """The org tells its 18-character id."""
    assert world.side.organization_id() == world.org.id
    assert len(world.org.id) == 18


def test_check_is_content_with_the_shipped_package(world: World) -> None:
    """With our package and permission set everything that the mapping needs is there, and contacts cannot be edited."""
    world.side.check(CONTACT_FIELDS, PROFILE_FIELDS)
    assert world.side.writable_by_us() == []


def test_check_names_everything_that_is_wrong(world: World) -> None:
    """Law (I42, B15, B18): a deleted field, a hidden field and a key that lost its uniqueness are each named."""
    world.control.remove_field("Contact", "Personal_Email__c")
    world.control.grant_field("Contact.MobilePhone", "", holder="Alumni_Bridge_Daemon")
    world.control.grant_field("Career_Profile__c.Interests__c", "r", holder="Alumni_Bridge_Daemon")
    world.control.change_field("Career_Request__c", "Key__c", unique=False)
    with pytest.raises(Halt) as raised:
        world.side.check(CONTACT_FIELDS, PROFILE_FIELDS)
    for name in (
        "Contact.Personal_Email__c",
        "Contact.MobilePhone",
        "Career_Profile__c.Interests__c",
        "Career_Request__c.Key__c",
    ):
        assert name in raised.value.subject


def test_hidden_field_never_reads_as_empty(world: World) -> None:
    """Law (I4, I42): when a mapped field is hidden while we run, the feed halts by its name; no record comes without it."""
    world.contacts(1, MobilePhone="+1 202 555 0100")
    _, cursor = drain(world.side, Feed.CONTACT)
    world.control.grant_field("Contact.MobilePhone", "", holder="Alumni_Bridge_Daemon")
    for text in ("", cursor):
        with pytest.raises(Halt) as raised:
            world.side.read({Feed.CONTACT: text})
        assert raised.value.subject == "Contact.MobilePhone"


def test_directory(world: World) -> None:
    """Users and queues who can own Tasks are told by name, with the open and closed Task statuses."""
    directory = world.side.directory()
    by_id = {officer.id: officer for officer in directory.officers}
    assert by_id[world.officer].kind == "user"
    assert by_id[world.officer].active
    assert {officer.name for officer in directory.officers if officer.kind == "queue"} >= {
        "Alumni_Relations_Triage",
        "Alumni_Relations_Data_Stewards",
    }
    assert (directory.open_status, directory.closed_statuses[0]) == ("Not Started", "Completed")


# -- feeds -----------------------------------------------------------------------------------------------------------


def test_full_read_sees_everything_once(world: World) -> None:
    """A full read gives each record once, marked as full, whatever the page size."""
    ids = world.contacts(35)
    found, cursor = drain(world.side, Feed.CONTACT)
    assert sorted(record.id for record in found) == sorted(ids)
    assert set(CONTACT_FIELDS) <= set(found[0].fields)
    assert cursor


def test_quiet_cycle_is_two_calls(world: World) -> None:
    """When nothing has changed for a while, all six feeds together cost two calls and give no record."""
    world.contacts(3)
    cursors = {feed: drain(world.side, feed)[1] for feed in Feed}
    world.pass_time(300)
    cursors = {feed: page.cursor for feed, page in world.side.read(cursors).items()}
    world.pass_time(300)
    before = world.side.calls.made
    pages = world.side.read(cursors)
    assert [page for page in pages.values() if page.records or page.more] == []
    assert world.side.calls.made - before == 2


def test_changes_come_with_a_new_version(world: World) -> None:
    """What changed since comes again, with another version; what did not change stays away."""
    ids = world.contacts(30)
    found, cursor = drain(world.side, Feed.CONTACT)
    versions = {record.id: record.version for record in found}
    world.pass_time(600)
    _, cursor = drain(world.side, Feed.CONTACT, cursor)
    world.pass_time(600)
    world.control.edit_as(world.officer, ids[7], {"MobilePhone": "+1 202 555 0100"})
    changed, _ = drain(world.side, Feed.CONTACT, cursor)
    assert [record.id for record in changed] == [ids[7]]
    assert changed[0].fields["MobilePhone"] == "+1 202 555 0100"
    assert changed[0].version != versions[ids[7]]


def test_many_changes_in_one_second(world: World) -> None:
    """Law (I21): more changes with one stamp than a page holds are all seen."""
    ids = world.contacts(35)
    _, cursor = drain(world.side, Feed.CONTACT)
    world.pass_time(600)
    for id in ids:
        world.control.edit_as(world.officer, id, {"FirstName": "Grace"})
    changed, _ = drain(world.side, Feed.CONTACT, cursor)
    assert {record.id for record in changed if record.fields["FirstName"] == "Grace"} == set(ids)


@pytest.mark.parametrize("seconds", [20, 200, 2000])
def test_late_commit_is_not_lost(seconds: float, world: World) -> None:
    """A transaction that began long before it committed, with the stamp of its beginning, is still seen."""
    ids = world.contacts(2)
    _, cursor = drain(world.side, Feed.CONTACT)
    world.pass_time(300)
    world.control.late_edit_as(world.officer, ids[0], {"FirstName": "Late"}, seconds=seconds)
    seen: list[Record] = []
    for _ in range(int(seconds // 60) + 3):
        world.pass_time(60)
        some, cursor = drain(world.side, Feed.CONTACT, cursor)
        seen += some
    assert "Late" in {record.fields["FirstName"] for record in seen if record.id == ids[0]}


def test_row_that_moves_while_paging(world: World) -> None:
    """A record that is edited between two pages of a full read is seen at least once, in its last state, soon after."""
    ids = world.contacts(25)
    page = world.side.read({Feed.CONTACT: ""})[Feed.CONTACT]
    world.pass_time(1)
    world.control.edit_as(world.officer, ids[0], {"FirstName": "Moved"})
    found, cursor = drain(world.side, Feed.CONTACT, page.cursor)
    found += drain(world.side, Feed.CONTACT, cursor)[0]
    assert [record.fields["FirstName"] for record in found if record.id == ids[0]][-1] == "Moved"


def test_deletion_merge_and_return(world: World) -> None:
    """A deleted contact comes as deleted, a merged one names its winner, an undeleted one lives again."""
    ids = world.contacts(4)
    _, cursor = drain(world.side, Feed.CONTACT)
    world.pass_time(300)
    world.control.delete_as(world.officer, ids[0])
    world.control.merge_as(world.officer, ids[1], [ids[2]])
    changed, cursor = drain(world.side, Feed.CONTACT, cursor)
    by_id = {record.id: record for record in changed}
    assert (by_id[ids[0]].deleted, by_id[ids[0]].merged_into) == (True, None)
    assert (by_id[ids[2]].deleted, by_id[ids[2]].merged_into) == (True, ids[1])
    world.pass_time(300)
    world.control.undelete_as(world.officer, ids[0])
    changed, _ = drain(world.side, Feed.CONTACT, cursor)
    assert [(record.id, record.deleted) for record in changed if record.id == ids[0]][-1] == (ids[0], False)


def test_only_our_tasks_are_read(world: World) -> None:
    """Tasks of career requests come with their state; other Tasks of the officers never leave Salesforce."""
    contact = world.contacts(1)[0]
    world.control.create_as(world.officer, "Task", {"Subject": "Private call", "WhoId": contact})
    outcome = world.side.create([career_request(owner=world.officer, contact=contact)])[0]
    found, _ = drain(world.side, Feed.TASK)
    assert outcome.fields is not None
    assert [record.id for record in found] == [outcome.fields["task_id"]]
    assert (found[0].fields["WhatId"], found[0].fields["OwnerId"]) == (outcome.id, world.officer)
    assert found[0].fields["IsClosed"] is False


def test_fetch_and_find(world: World) -> None:
    """Records are found by id and by key, deleted ones too; what does not exist is not in the answer."""
    ids = world.contacts(3)
    world.control.delete_as(world.officer, ids[1])
    found = {record.id: record for record in world.side.fetch(Feed.CONTACT, [*ids, "003000000000999AAA"])}
    assert set(found) == set(ids)
    assert found[ids[1]].deleted
    made = world.side.create([CrmCreate(object="Career_Profile__c", key="ab12", fields={"System__c": "symplicity"})])[0]
    by_key = world.side.find(Feed.PROFILE, ["ab12", "none"])
    assert {key: record.id for key, record in by_key.items()} == {"ab12": made.id}


# -- writes ----------------------------------------------------------------------------------------------------------


def test_create_is_insert_and_repeats_safely(world: World) -> None:
    """The second create of one key writes nothing and gives the record of the first, as it now is."""
    row = CrmCreate(object="Career_Profile__c", key="k1", fields={"System__c": "symplicity", "Primary__c": True})
    first = world.side.create([row])[0]
    world.control.edit_as(world.officer, str(first.id), {"System__c": "edited"})
    second = world.side.create([row])[0]
    assert (first.status, first.already_there) == (Status.APPLIED, False)
    assert (second.status, second.already_there, second.id) == (Status.APPLIED, True, first.id)
    assert second.fields is not None
    assert second.fields["System__c"] == "edited"
    assert len(world.control.rows("Career_Profile__c")) == 1


def test_create_whose_key_is_in_the_bin(world: World) -> None:
    """Where deleted records hold their keys, a create that meets one says so instead of making a second."""
    world.control.settings(unique_in_bin=True)
    row = CrmCreate(object="Career_Profile__c", key="k1", fields={})
    first = world.side.create([row])[0]
    world.control.delete_as(world.org.admin_id, str(first.id))
    second = world.side.create([row])[0]
    assert second.fields is not None
    assert (second.status, second.id, second.fields["IsDeleted"]) == (Status.APPLIED, first.id, True)


@pytest.mark.parametrize("fault", [WireFault.LOSE_RESPONSE, WireFault.TIMEOUT, WireFault.TRUNCATE, WireFault.LOSE_REQUEST])
def test_one_request_one_task_whatever_is_lost(fault: WireFault, world: World) -> None:
    """Law (I15): if the answer to a create is lost nobody knows; repeating it ends with exactly one request and one Task."""
    world.side.organization_id()
    world.wire.order(fault, r"POST .*/composite/graph")
    assert world.side.create([career_request()])[0].status is Status.UNKNOWN
    outcome = world.side.create([career_request()])[0]
    tasks = world.control.rows("Task")
    assert outcome.fields is not None
    assert (outcome.status, outcome.fields["task_id"]) == (Status.APPLIED, tasks[0]["Id"])
    assert (len(world.control.rows("Career_Request__c")), len(tasks)) == (1, 1)
    assert tasks[0]["WhatId"] == outcome.id


def test_request_delivered_twice(world: World) -> None:
    """If a proxy delivers one create twice there is one Task, and the outcome is its."""
    world.side.organization_id()
    world.wire.order(WireFault.TWICE, r"POST .*/composite/graph")
    outcome = world.side.create([career_request()])[0]
    assert (outcome.status, outcome.already_there) == (Status.APPLIED, True)
    assert len(world.control.rows("Task")) == 1


def test_request_and_task_are_all_or_nothing(world: World) -> None:
    """If the Task cannot be made there is no request either, and the other requests are not affected."""
    ghost = world.control.add_user("ghost", values={"IsActive": False})
    rows = [career_request("k1"), career_request("k2", owner=ghost), career_request("k3")]
    outcomes = world.side.create(rows)
    assert [outcome.status for outcome in outcomes] == [Status.APPLIED, Status.REFUSED, Status.APPLIED]
    assert outcomes[1].remedy
    assert sorted(row["Key__c"] for row in world.control.rows("Career_Request__c")) == ["k1", "k3"]
    assert len(world.control.rows("Task")) == 2


def test_many_failing_requests_do_not_stop_the_others(world: World) -> None:
    """Salesforce halts after 14 failed graphs; what was not tried is done by and by, never marked as refused."""
    ghost = world.control.add_user("ghost", values={"IsActive": False})
    bad = [career_request(f"bad{n}", owner=ghost) for n in range(20)]
    good = [career_request(f"good{n}") for n in range(5)]
    rows = [*bad, *good]
    applied = 0
    for _ in range(3):
        outcomes = list(zip(rows, world.side.create(rows), strict=True))
        assert {row.key[:3] for row, outcome in outcomes if outcome.status is Status.REFUSED} == {"bad"} or not outcomes
        applied += sum(outcome.status is Status.APPLIED for _, outcome in outcomes)
        rows = [row for row, outcome in outcomes if outcome.status is Status.LATER]
        if not rows:
            break
    assert applied == 5
    assert len(world.control.rows("Task")) == 5


def test_update(world: World) -> None:
    """Requests and Tasks are changed, each with its own outcome."""
    made = world.side.create([career_request()])[0]
    assert made.fields is not None
    outcomes = world.side.update(
        [
            CrmUpdate(object="Task", id=made.fields["task_id"], fields={"Status": "Completed"}),
            CrmUpdate(object="Career_Request__c", id=str(made.id), fields={"State__c": "No such state"}),
            CrmUpdate(object="Career_Request__c", id=str(made.id), fields={"State__c": "Done"}),
        ]
    )
    assert [outcome.status for outcome in outcomes] == [Status.APPLIED, Status.REFUSED, Status.APPLIED]
    assert world.control.row(made.fields["task_id"])["IsClosed"] is True
    assert world.control.row(str(made.id))["State__c"] == "Done"


def test_contacts_are_never_written(world: World) -> None:
    """After every kind of write that the port has, Salesforce's own log shows no write of a contact."""
    contact = world.contacts(1)[0]
    made = world.side.create([career_request(contact=contact)])[0]
    world.side.update([CrmUpdate(object="Career_Request__c", id=str(made.id), fields={"Contact__c": contact})])
    world.side.claim("us", world.clock.now() + timedelta(minutes=10), {"State__c": "Running"})
    assert {write.sobject for write in world.control.writes()} == {"Career_Request__c", "Task", "Bridge_Status__c"}


def test_archived_task_is_still_found(world: World) -> None:
    """A Task that Salesforce has archived is found by its id, and by repeating its create."""
    made = world.side.create([career_request()])[0]
    assert made.fields is not None
    task = made.fields["task_id"]
    world.control.edit_as(world.officer, task, {"Status": "Completed"})
    world.pass_time(400 * 86_400)
    side = world.again()
    assert [record.id for record in side.fetch(Feed.TASK, [task])] == [task]
    again = side.create([career_request()])[0]
    assert again.fields is not None
    assert again.fields["task_id"] == task


# -- trouble ---------------------------------------------------------------------------------------------------------


def test_session_that_dies_is_renewed(world: World) -> None:
    """A session that somebody ended is opened again once, without anybody noticing."""
    world.side.organization_id()
    world.control.expire_sessions()
    assert world.side.create([career_request()])[0].status is Status.APPLIED
    assert len(world.control.rows("Task")) == 1


@pytest.mark.parametrize("answer", ["REQUEST_LIMIT_EXCEEDED", "UNABLE_TO_LOCK_ROW", "TXN_SECURITY_METERING_ERROR"])
def test_trouble_that_passes(answer: str, world: World) -> None:
    """A call that Salesforce cannot serve now raises Later and did nothing; it works afterwards."""
    world.side.organization_id()
    world.control.order_fault(r"POST .*/composite/graph", answer=answer)
    with pytest.raises(Later) as raised:
        world.side.create([career_request()])
    assert raised.value.code == answer
    assert world.control.rows("Career_Request__c") == []
    assert world.side.create([career_request()])[0].status is Status.APPLIED


@pytest.mark.parametrize("answer", ["UNKNOWN_EXCEPTION", "SERVER_UNAVAILABLE_HTML", "BAD_GATEWAY", "LOGIN_PAGE"])
def test_commit_behind_a_failure(answer: str, world: World) -> None:
    """A failure that is reported after the commit is unknown, and repeating finds what was done."""
    world.side.organization_id()
    world.control.order_fault(r"POST .*/composite/graph", answer=answer, when="after")
    assert world.side.create([career_request()])[0].status is Status.UNKNOWN
    assert world.side.create([career_request()])[0].already_there
    assert len(world.control.rows("Task")) == 1


def test_zombie_create(world: World) -> None:
    """A create that the server carries out only after our retry still leaves one Task."""
    world.side.organization_id()
    world.control.order_fault(r"POST .*/composite/graph", when="later", delay=600)
    assert world.side.create([career_request()])[0].status is Status.UNKNOWN
    assert world.side.create([career_request()])[0].status is Status.APPLIED
    world.pass_time(700)
    assert (len(world.control.rows("Career_Request__c")), len(world.control.rows("Task"))) == (1, 1)


def test_web_page_is_not_an_empty_feed(world: World) -> None:
    """A login or maintenance page instead of records is never taken for "no records"."""
    world.contacts(2)
    world.side.organization_id()
    world.control.order_fault(r"/composite", answer="LOGIN_PAGE", count=4)
    with pytest.raises(Later):
        world.side.read({Feed.CONTACT: ""})
    assert len(drain(world.side, Feed.CONTACT)[0]) == 2


def test_read_only_org(world: World) -> None:
    """During maintenance reads go on and writes wait."""
    world.contacts(2)
    world.side.organization_id()
    world.control.settings(read_only=True)
    assert len(drain(world.side, Feed.CONTACT)[0]) == 2
    try:
        statuses = {outcome.status for outcome in world.side.create([career_request()])}
    except Later:
        statuses = {Status.LATER}
    assert statuses == {Status.LATER}
    world.control.settings(read_only=False)
    assert world.side.create([career_request()])[0].status is Status.APPLIED


def test_usage_is_told(world: World) -> None:
    """The org's daily allowance is known after any call."""
    world.side.organization_id()
    calls = world.side.calls
    assert calls.limit == world.org.settings.daily_limit
    assert calls.used == world.org.usage.total()


# -- the lease -------------------------------------------------------------------------------------------------------


def test_one_bridge_at_a_time(world: World) -> None:
    """The first gets the lease, the second is told who has it, and gets it when it has run out."""
    first, second = world.side, world.again()

    def until() -> datetime:
        return world.clock.now() + timedelta(minutes=10)

    assert first.claim("one", until(), {"State__c": "Running", "Waiting__c": 0}).held_by is None
    assert second.claim("two", until(), {}).held_by == "one"
    world.pass_time(300)
    assert first.claim("one", until(), {}).held_by is None
    world.pass_time(500)
    assert second.claim("two", until(), {}).held_by == "one"
    world.pass_time(200)
    assert second.claim("two", until(), {}).held_by is None
    assert first.claim("one", until(), {}).held_by == "two"
    rows = world.control.rows("Bridge_Status__c")
    assert [(row["Lease_Holder__c"], row["Lease_Epoch__c"], row["State__c"]) for row in rows] == [("two", 3, "Running")]
