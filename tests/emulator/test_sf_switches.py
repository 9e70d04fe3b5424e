"""Switches: replica lag, crowded organisations, the recycle bin's age, slow jobs, record types."""

from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest

from emulator.clock import Clock
from emulator.salesforce.control import Control
from emulator.salesforce.org import Org
from emulator.salesforce.settings import Settings
from tests.emulator.api import Api


def test_a_replica_lags(org: Org, api: Api, control: Control) -> None:
    """Queries see what was `replica_lag` seconds ago; reading by id sees what is. [U]."""
    org.settings.replica_lag = 10
    old = api.create("Contact", LastName="Old")
    control.move_clock(seconds=11)
    new = api.create("Contact", LastName="New")
    api.call("PATCH", f"sobjects/Contact/{old}", {"LastName": "Changed"})
    assert api.records("SELECT LastName FROM Contact") == [{"LastName": "Old"}]
    assert api.json("GET", f"sobjects/Contact/{new}")["LastName"] == "New"
    control.move_clock(seconds=11)
    assert [row["LastName"] for row in api.records("SELECT LastName FROM Contact ORDER BY Id")] == ["Changed", "New"]


def test_a_lagging_replica_knows_when_a_late_commit_came(org: Org, api: Api, control: Control) -> None:
    """What was committed while nobody looked is seen `replica_lag` seconds after its commit, not after the next look. [C] own."""
    org.settings.replica_lag = 10
    id_ = api.create("Contact", LastName="Old")
    officer = control.add_user("officer")
    control.late_edit_as(officer, id_, {"LastName": "New"}, seconds=60)
    control.move_clock(seconds=100)
    assert api.records("SELECT LastName FROM Contact") == [{"LastName": "New"}]


def test_a_lagging_replica_changes_nothing(org: Org, api: Api, control: Control) -> None:
    """Reading the past leaves the present alone: deletes, keys and stamps are as they were. [C] own."""
    org.settings.replica_lag = 10
    control.define_field("Contact", "Ext__c", externalId=True, unique=True, idLookup=True)
    id_ = api.create("Contact", LastName="A", Ext__c="k")
    control.move_clock(seconds=11)
    api.call("DELETE", f"sobjects/Contact/{id_}")
    assert api.query("SELECT Id FROM Contact WHERE Ext__c = 'k'")["totalSize"] == 1
    assert api.get(f"sobjects/Contact/{id_}").status == 404
    assert api.call("PATCH", "sobjects/Contact/Ext__c/k", {"LastName": "B"}).status == 201


def test_too_many_long_requests(org: Org, api: Api, control: Control) -> None:
    """With 25 requests running for 20 seconds others get 403 REQUEST_LIMIT_EXCEEDED; with fewer they do not. [D]."""
    control.occupy(24, seconds=60)
    assert api.get("limits").status == 200
    control.occupy(1, seconds=60)
    answer = api.get("limits")
    assert answer.status == 403
    assert answer.json() == [
        {
            "message": "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
            "errorCode": "REQUEST_LIMIT_EXCEEDED",
        }
    ]
    control.move_clock(seconds=61)
    assert api.get("limits").status == 200
    assert org.running == []


def test_slow_answers_count_among_the_long_ones(org: Org, api: Api, control: Control) -> None:
    """Requests count once they run for 20 seconds; a Developer Edition has room for five. [D]."""
    org.settings.concurrent_limit = 5
    control.order_fault("GET .*/query", distort="none", delay=50, count=5)
    for _ in range(5):
        api.query("SELECT Id FROM Contact")
    assert api.get("limits").status == 200
    control.move_clock(seconds=20)
    assert api.get("limits").status == 403
    control.move_clock(seconds=31)
    assert api.get("limits").status == 200


def test_the_bin_empties_itself(api: Api, control: Control) -> None:
    """After 15 days a deleted record is gone from queryAll too; restored ones stay. [U]."""
    gone, back = api.create("Contact", LastName="Gone"), api.create("Contact", LastName="Back")
    for id_ in (gone, back):
        api.call("DELETE", f"sobjects/Contact/{id_}")
    control.undelete_as(control.org.admin_id, back)
    control.move_clock(seconds=14 * 86_400)
    api.token = control.token()
    assert len(api.records("SELECT Id FROM Contact", everything=True)) == 2
    control.move_clock(seconds=2 * 86_400)
    api.token = control.token()
    assert api.records("SELECT Id FROM Contact", everything=True) == [{"Id": back}]


def test_the_delete_log_may_be_short(org: Org, api: Api) -> None:
    """A start before earliestDateAvailable is refused. [D] getDeleted."""
    path = "sobjects/Contact/deleted?start=2026-10-25T00:00:00Z&end=2026-11-01T00:00:00Z"
    assert api.json("GET", path)["earliestDateAvailable"] == "2026-10-18T09:00:00.000+0000"
    org.settings.delete_log_days = 2
    assert api.json("GET", path)[0]["errorCode"] == "INVALID_REPLICATION_DATE"


def test_bulk_jobs_take_their_time(org: Org, api: Api) -> None:
    """With `job_polls` a job says InProgress as often, then JobComplete. [D] Bulk API 2.0."""
    org.settings.job_polls = 2
    made = api.json("POST", "jobs/ingest", {"object": "Contact", "operation": "insert", "contentType": "CSV"})
    assert api.json("GET", f"jobs/ingest/{made['id']}")["state"] == "Open"
    api.call("PUT", f"jobs/ingest/{made['id']}/batches", b"LastName\nA\n", {"Content-Type": "text/csv"})
    api.call("PATCH", f"jobs/ingest/{made['id']}", {"state": "UploadComplete"})
    states = [api.json("GET", f"jobs/ingest/{made['id']}")["state"] for _ in range(3)]
    assert states == ["InProgress", "InProgress", "JobComplete"]
    found = api.json("POST", "jobs/query", {"operation": "query", "query": "SELECT Id FROM Contact"})
    states = [api.json("GET", f"jobs/query/{found['id']}")["state"] for _ in range(3)]
    assert states == ["InProgress", "InProgress", "JobComplete"]


def test_bulk_reads_are_refused_in_maintenance(org: Org, api: Api) -> None:
    """In read-only mode bulk queries are refused while queries go on; deletes are refused too. [D]."""
    id_ = api.create("Contact", LastName="A")
    org.settings.read_only = True
    code = "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE"
    body = {"operation": "query", "query": "SELECT Id FROM Contact"}
    assert api.json("POST", "jobs/query", body)[0]["errorCode"] == code
    assert api.json("DELETE", f"sobjects/Contact/{id_}")[0]["errorCode"] == code
    assert api.query("SELECT Id FROM Contact")["totalSize"] == 1


def test_record_types_restrict_picklists(api: Api, control: Control) -> None:
    """A restricted picklist takes only the values of the record's type. [D]; without a type all of them."""
    control.define_field("Contact", "Kind__c", type="picklist", label="Kind", values=["A", "B"], restrictedPicklist=True)
    type_ = control.record_type("Contact", "Alumni", values={"Kind__c": ["A"]})
    api.create("Contact", LastName="A", RecordTypeId=type_, Kind__c="A")
    api.create("Contact", LastName="A", Kind__c="B")
    answer = api.json("POST", "sobjects/Contact", {"LastName": "A", "RecordTypeId": type_, "Kind__c": "B"})
    assert answer[0]["errorCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert answer[0]["message"] == "Kind: bad value for restricted picklist field: B"
    infos = api.json("GET", "sobjects/Contact/describe")["recordTypeInfos"]
    assert [(info["name"], info["recordTypeId"] == type_) for info in infos] == [("Alumni", True), ("Master", False)]


def test_a_record_type_of_another_object(api: Api, control: Control) -> None:
    """A record type that the object has not is INVALID_CROSS_REFERENCE_KEY with the documented text. [C]."""
    control.record_type("Contact", "Alumni")
    other = control.record_type("Case", "Question")
    answer = api.json("POST", "sobjects/Contact", {"LastName": "A", "RecordTypeId": other})
    text = f"Record Type ID: this ID value isn't valid for the user: {other}"
    assert answer == [{"message": text, "errorCode": "INVALID_CROSS_REFERENCE_KEY", "fields": ["RecordTypeId"]}]


def test_the_page_names_every_setting() -> None:
    """docs/emulator.md says what each setting changes. [C] own."""
    page = (Path(__file__).parents[2] / "docs" / "emulator.md").read_text(encoding="utf-8")
    assert [each.name for each in fields(Settings) if f'"{each.name}"' not in page] == []


def test_a_copy_goes_its_own_way(org: Org, api: Api, control: Control) -> None:
    """A copied organisation has the same records and ids to come; from then on neither sees what the other does. [C] own."""
    old = api.create("Contact", LastName="Old")
    control.define_field("Contact", "Ext__c")
    twin = org.copy(Clock(start=org.clock.now()))
    there = Api(twin)
    assert there.json("GET", f"sobjects/Contact/{old}")["LastName"] == "Old"
    there.call("PATCH", f"sobjects/Contact/{old}", {"LastName": "Changed", "Ext__c": "x"})
    Control(twin).remove_field("Contact", "Ext__c")
    twin.clock.move(timedelta(hours=1))
    assert there.create("Contact", LastName="New") == api.create("Contact", LastName="Other")
    assert api.json("GET", f"sobjects/Contact/{old}")["LastName"] == "Old"
    assert "Ext__c" in api.json("GET", f"sobjects/Contact/{old}")
    assert org.clock.now() < twin.clock.now()
    control.late_edit_as(org.admin_id, old, {"LastName": "Late"}, seconds=60)
    with pytest.raises(ValueError, match="at rest"):
        org.copy(Clock())


def test_a_key_is_taken_by_what_is_not_committed_yet(org: Org, api: Api, control: Control) -> None:
    """A unique value that an open transaction has stored is taken, before it commits and after it. [C] own: as a unique index."""
    control.define_field("Contact", "Ext__c", externalId=True, unique=True, idLookup=True)
    org.run_late(50, lambda: api.create("Contact", LastName="A", Ext__c="k"))
    for _ in range(2):
        refused = api.json("POST", "sobjects/Contact", {"LastName": "B", "Ext__c": "k"})
        assert refused[0]["errorCode"] == "DUPLICATE_VALUE"
        control.move_clock(seconds=60)
    assert [row["LastName"] for row in api.records("SELECT LastName FROM Contact")] == ["A"]
