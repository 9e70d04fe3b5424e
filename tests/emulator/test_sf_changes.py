"""Changes over time: updated and deleted, late commits, recycle bin, merge."""

from datetime import timedelta
from urllib.parse import quote

import pytest

from emulator.salesforce.control import Control
from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.org import Org
from tests.emulator.api import Api


def window(api: Api, kind: str, start: str, end: str) -> dict[str, object]:
    """An answer of updated or deleted."""
    answer: dict[str, object] = api.json("GET", f"sobjects/Contact/{kind}?start={quote(start)}&end={quote(end)}")
    return answer


def test_updated_tells_ids_and_how_far(org: Org, api: Api, control: Control) -> None:
    """Updated answers the ids of a window and latestDateCovered. [D] resources-getupdated."""
    first, second = control.seed("Contact", [{"LastName": "A"}, {"LastName": "B"}])
    org.clock.move(timedelta(minutes=10))
    control.edit_as(org.admin_id, second, {"LastName": "C"})
    org.clock.move(timedelta(minutes=10))
    answer = window(api, "updated", "2026-11-02T09:05:00+00:00", "2026-11-02T09:15:00+00:00")
    assert answer == {"ids": [second], "latestDateCovered": "2026-11-02T09:15:00.000+0000"}
    assert window(api, "updated", "2026-11-02T08:00:00Z", "2026-11-02T09:05:00Z")["ids"] == [first]


def test_updated_cuts_seconds_off(org: Org, api: Api) -> None:
    """Seconds of start and end are truncated to the minute. [D]."""
    org.clock.move(timedelta(minutes=30))
    answer = window(api, "updated", "2026-11-02T09:05:59Z", "2026-11-02T09:15:59Z")
    assert answer["latestDateCovered"] == "2026-11-02T09:15:00.000+0000"


@pytest.mark.parametrize(
    ("kind", "start", "end"),
    [
        ("updated", "2026-11-02T09:00:00Z", "2026-11-02T09:00:30Z"),
        ("updated", "2026-10-01T09:00:00Z", "2026-11-02T09:00:00Z"),
        ("deleted", "2026-10-15T09:00:00Z", "2026-11-02T09:00:00Z"),
    ],
)
def test_windows_have_limits(api: Api, kind: str, start: str, end: str) -> None:
    """A window under a minute, or further back than 30 (updated) or 15 (deleted) days, is refused. [D]."""
    answer: object = window(api, kind, start, end)
    assert isinstance(answer, list)
    assert answer[0]["errorCode"] == "INVALID_REPLICATION_DATE"


def test_deleted_tells_when(org: Org, api: Api, control: Control) -> None:
    """Deleted answers id and deletedDate, and how far back the log goes. [D]."""
    id_ = control.seed("Contact", [{"LastName": "A"}])[0]
    org.clock.move(timedelta(minutes=5))
    control.delete_as(org.admin_id, id_)
    org.clock.move(timedelta(minutes=5))
    answer = window(api, "deleted", "2026-11-02T09:00:00Z", "2026-11-02T09:10:00Z")
    assert answer["deletedRecords"] == [{"deletedDate": "2026-11-02T09:05:00.000+0000", "id": id_}]
    assert {"earliestDateAvailable", "latestDateCovered"} <= set(answer)


def test_a_late_commit_appears_behind_the_watermark(org: Org, api: Api, control: Control) -> None:
    """Until a long transaction commits latestDateCovered stands at its start, whose stamp it will have. [D] getUpdated."""
    first, second = control.seed("Contact", [{"LastName": "A"}, {"LastName": "B"}])
    org.clock.move(timedelta(minutes=1))
    control.late_edit_as(org.admin_id, first, {"LastName": "Late"}, seconds=300)
    org.clock.move(timedelta(minutes=2))
    control.edit_as(org.admin_id, second, {"LastName": "Quick"})
    org.clock.move(timedelta(minutes=1))
    answer = window(api, "updated", "2026-11-02T08:59:00Z", "2026-11-02T09:04:00Z")
    assert answer["latestDateCovered"] == "2026-11-02T09:01:00.000+0000"
    changed = "SELECT LastName FROM Contact WHERE SystemModstamp > 2026-11-02T09:00:30Z ORDER BY SystemModstamp"
    assert [row["LastName"] for row in api.records(changed)] == ["Quick"]
    org.clock.move(timedelta(minutes=3))
    assert [row["LastName"] for row in api.records(changed)] == ["Late", "Quick"]
    answer = window(api, "updated", "2026-11-02T08:59:00Z", "2026-11-02T09:07:00Z")
    assert answer["latestDateCovered"] == "2026-11-02T09:07:00.000+0000"


def test_a_late_request_keeps_its_answer(org: Org, api: Api, control: Control) -> None:
    """A request ordered to commit late answers at once with the id that its record will have. [U]."""
    control.order_fault("POST .*/sobjects/Contact", when="late_commit", delay=60)
    id_ = api.create("Contact", LastName="Late")
    assert api.query("SELECT COUNT() FROM Contact")["totalSize"] == 0
    org.clock.move(timedelta(seconds=61))
    rows = api.records("SELECT Id, SystemModstamp FROM Contact")
    assert rows == [{"Id": id_, "SystemModstamp": "2026-11-02T09:00:00.000+0000"}]


def test_the_recycle_bin(org: Org, api: Api, control: Control) -> None:
    """Query hides deleted records, queryAll shows them with IsDeleted, an emptied bin shows nothing. [D]."""
    id_ = control.seed("Contact", [{"LastName": "A"}])[0]
    api.call("DELETE", f"sobjects/Contact/{id_}")
    soql = "SELECT Id, IsDeleted FROM Contact"
    assert api.records(soql) == []
    assert api.records(soql, everything=True) == [{"Id": id_, "IsDeleted": True}]
    control.undelete_as(org.admin_id, id_)
    assert api.records(soql) == [{"Id": id_, "IsDeleted": False}]
    control.delete_as(org.admin_id, id_)
    assert control.empty_bin() == 1
    assert api.records(soql, everything=True) == []


def test_deleting_takes_children_along_and_clears_lookups(org: Org, api: Api, control: Control) -> None:
    """Children with cascade go too and come back with an undelete; lookups are cleared and restored. [D]."""
    boss, worker = control.seed("Contact", [{"LastName": "Boss"}, {"LastName": "Worker"}])
    control.edit_as(org.admin_id, worker, {"ReportsToId": boss})
    task = api.create("Task", WhoId=boss, Subject="Call")
    org.clock.move(timedelta(minutes=1))
    control.delete_as(org.admin_id, boss)
    assert control.row(task)["IsDeleted"] is True
    assert control.row(worker).get("ReportsToId") is None
    assert control.row(worker)["SystemModstamp"] == "2026-11-02T09:01:00.000+0000"
    control.undelete_as(org.admin_id, boss)
    assert control.row(task)["IsDeleted"] is False
    assert control.row(worker)["ReportsToId"] == boss


def test_merge(org: Org, api: Api, control: Control) -> None:
    """The loser goes with MasterRecordId, its children move to the winner, whose stamp moves. [D] merge()."""
    winner, loser = control.seed("Contact", [{"LastName": "W"}, {"LastName": "L"}])
    task = api.create("Task", WhoId=loser, Subject="Call")
    org.clock.move(timedelta(minutes=1))
    control.merge_as(org.admin_id, winner, [loser], {"Title": "Dr"})
    assert api.records("SELECT Id, Title FROM Contact") == [{"Id": winner, "Title": "Dr"}]
    gone = api.records("SELECT Id, MasterRecordId FROM Contact WHERE IsDeleted = true", everything=True)
    assert gone == [{"Id": loser, "MasterRecordId": winner}]
    assert control.row(task)["WhoId"] == winner
    assert control.row(winner)["SystemModstamp"] == control.row(loser)["SystemModstamp"] == "2026-11-02T09:01:00.000+0000"


def test_only_some_objects_merge(org: Org, control: Control) -> None:
    """Merge is for Lead, Contact, Case and Account, at most three records. [D]."""
    ids = control.seed("Contact", [{"LastName": str(at)} for at in range(4)])
    with pytest.raises(SalesforceError):
        control.merge_as(org.admin_id, ids[0], ids[1:])
    campaigns = control.seed("Campaign", [{"Name": "A"}, {"Name": "B"}])
    with pytest.raises(SalesforceError):
        control.merge_as(org.admin_id, campaigns[0], [campaigns[1]])


def test_a_freed_key_may_be_used_again(org: Org, api: Api, control: Control) -> None:
    """Whether a deleted record holds its unique value is an open question: a setting decides. [U]."""
    control.define_field("Contact", "Ext__c", externalId=True, unique=True, idLookup=True)
    id_ = api.create("Contact", LastName="A", Ext__c="k")
    control.delete_as(org.admin_id, id_)
    org.settings.unique_in_bin = True
    assert api.json("POST", "sobjects/Contact", {"LastName": "B", "Ext__c": "k"})[0]["errorCode"] == "DUPLICATE_VALUE"
    org.settings.unique_in_bin = False
    api.create("Contact", LastName="B", Ext__c="k")
