"""Tasks and events."""

from datetime import timedelta

import pytest

from emulator.salesforce.control import Control
from emulator.salesforce.org import Org
from tests.emulator.api import Api


def test_a_task_has_defaults(api: Api, control: Control) -> None:
    """Status and Priority come from the organisation's defaults, the owner is the user. [D] Task."""
    row = control.row(api.create("Task", Subject="Call"))
    assert (row["Status"], row["Priority"], row["OwnerId"]) == ("Not Started", "Normal", api.org.admin_id)
    assert (row["IsClosed"], row["IsHighPriority"]) == (False, False)


def test_closing_and_reopening(org: Org, api: Api, control: Control) -> None:
    """IsClosed follows TaskStatus; CompletedDateTime is set and reset with it. [D] Task."""
    id_ = api.create("Task", Subject="Call")
    org.clock.move(timedelta(minutes=1))
    api.call("PATCH", f"sobjects/Task/{id_}", {"Status": "Completed"})
    assert (control.row(id_)["IsClosed"], control.row(id_)["CompletedDateTime"]) == (True, "2026-11-02T09:01:00.000+0000")
    api.call("PATCH", f"sobjects/Task/{id_}", {"Status": "In Progress"})
    assert (control.row(id_)["IsClosed"], control.row(id_).get("CompletedDateTime")) == (False, None)


def test_derived_fields_cannot_be_set(api: Api) -> None:
    """IsClosed, CompletedDateTime and AccountId are read-only. [D] Task."""
    for field, value in (("IsClosed", True), ("CompletedDateTime", "2026-01-01T00:00:00Z"), ("AccountId", None)):
        answer = api.json("POST", "sobjects/Task", {"Subject": "Call", field: value})
        assert (answer[0]["errorCode"], answer[0]["fields"]) == ("INVALID_FIELD_FOR_INSERT_UPDATE", [field])


def test_subtype_is_create_only(api: Api) -> None:
    """TaskSubtype may be set by a create, not by an update. [D] Task."""
    id_ = api.create("Task", Subject="Call", TaskSubtype="Call")
    answer = api.json("PATCH", f"sobjects/Task/{id_}", {"TaskSubtype": "Task"})
    assert answer[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_the_account_of_a_task(api: Api, control: Control) -> None:
    """AccountId is derived from the person or the record it is about. [D] Task."""
    account = api.create("Account", Name="Acme")
    contact = api.create("Contact", LastName="One", AccountId=account)
    assert control.row(api.create("Task", WhoId=contact))["AccountId"] == account


def test_what_has_to_be_able_to(api: Api, control: Control) -> None:
    """WhatId takes only objects with activities. [D] Task."""
    user = control.add_user("one")
    answer = api.json("POST", "sobjects/Task", {"WhatId": user})
    assert answer[0]["errorCode"] in {"FIELD_INTEGRITY_EXCEPTION", "MALFORMED_ID"}
    assert user in answer[0]["message"]


@pytest.mark.parametrize(("version", "good"), [("47.0", False), ("48.0", True), ("67.0", True)])
def test_queues_own_tasks_from_version_48(org: Org, control: Control, version: str, *, good: bool) -> None:
    """A queue may own a Task from API version 48.0 on. [D] Task."""
    queue = control.seed("Group", [{"Name": "Triage", "Type": "Queue", "DeveloperName": "Triage"}])[0]
    control.seed("QueueSobject", [{"QueueId": queue, "SobjectType": "Task"}])
    answer = Api(org, version=version).call("POST", "sobjects/Task", {"Subject": "Call", "OwnerId": queue})
    assert (answer.status == 201) is good


def test_a_queue_owns_only_its_objects(api: Api, control: Control) -> None:
    """A queue that is not for an object cannot own its records. [U]."""
    queue = control.seed("Group", [{"Name": "Triage", "Type": "Queue", "DeveloperName": "Triage"}])[0]
    answer = api.json("POST", "sobjects/Task", {"Subject": "Call", "OwnerId": queue})
    assert answer[0]["message"] == "Queue not associated with this SObject type"


def test_a_queue_is_made_through_the_api(api: Api) -> None:
    """A queue is a Group of that Type, which is given when it is made and stays; what it holds is made and deleted. [D]."""
    assert api.json("POST", "sobjects/Group", {"Name": "Triage"})[0]["message"] == "Required fields are missing: [Type]"
    queue = api.create("Group", Name="Triage", Type="Queue")
    refused = api.json("PATCH", f"sobjects/Group/{queue}", {"Type": "Regular"})
    assert refused[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert api.call("PATCH", f"sobjects/Group/{queue}", {"Name": "Stewards"}).status == 204
    held = api.create("QueueSobject", QueueId=queue, SobjectType="task")
    assert api.create("Task", Subject="Call", OwnerId=queue)
    assert api.call("PATCH", f"sobjects/QueueSobject/{held}", {"SobjectType": "Case"}).status == 400
    assert api.call("DELETE", f"sobjects/QueueSobject/{held}").status == 204


@pytest.mark.parametrize("name", ["Contact", "Account", "Nothing__c"])
def test_what_a_queue_may_hold(api: Api, name: str) -> None:
    """SobjectType is a restricted picklist. [D] QueueSobject; that it has what a Group may own: [U]."""
    queue = api.create("Group", Name="Triage", Type="Queue")
    refused = api.json("POST", "sobjects/QueueSobject", {"QueueId": queue, "SobjectType": name})
    assert refused[0]["errorCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert refused[0]["fields"] == ["SobjectType"]
    assert not api.json("GET", "sobjects/QueueSobject/describe")["updateable"]


def test_a_closed_task_touches_its_contact(org: Org, api: Api, control: Control) -> None:
    """Closing a Task moves LastActivityDate of its contact, and so SystemModstamp, without LastModifiedDate. [D]."""
    contact = api.create("Contact", LastName="One")
    org.clock.move(timedelta(minutes=1))
    task = api.create("Task", WhoId=contact, ActivityDate="2026-11-05")
    assert control.row(contact)["SystemModstamp"] == "2026-11-02T09:00:00.000+0000"
    api.call("PATCH", f"sobjects/Task/{task}", {"Status": "Completed"})
    row = control.row(contact)
    assert (row["LastActivityDate"], row["SystemModstamp"]) == ("2026-11-05", "2026-11-02T09:01:00.000+0000")
    assert row["LastModifiedDate"] == "2026-11-02T09:00:00.000+0000"
    assert len(control.writes("Contact")) == 1


def test_an_open_task_may_touch_its_contact(org: Org, api: Api, control: Control) -> None:
    """Whether creating a Task moves the contact's stamp is an open question: a setting decides. [U]."""
    contact = api.create("Contact", LastName="One")
    org.settings.tasks_touch_contacts = True
    org.clock.move(timedelta(minutes=1))
    api.create("Task", WhoId=contact)
    assert control.row(contact)["SystemModstamp"] == "2026-11-02T09:01:00.000+0000"


def test_old_activities_hide(org: Org, api: Api) -> None:
    """Query hides activities older than 365 days; queryAll shows them. [D] queryall; the threshold is secondary."""
    api.create("Task", Subject="Old", Status="Completed", ActivityDate="2026-11-01")
    api.create("Task", Subject="Open", ActivityDate="2026-11-01")
    org.clock.move(timedelta(days=400))
    later = Api(org)
    assert [row["Subject"] for row in later.records("SELECT Subject FROM Task")] == ["Open"]
    assert len(later.records("SELECT Subject FROM Task", everything=True)) == 2


def test_description_cannot_be_filtered(api: Api) -> None:
    """Task.Description is not filterable. [D] Task."""
    assert api.query("SELECT Id FROM Task WHERE Description LIKE 'x%'")[0]["errorCode"] == "INVALID_FIELD"


def test_task_describe_has_live_statuses(api: Api, control: Control) -> None:
    """The picklist of Status is what TaskStatus says. [D] Task."""
    control.seed("TaskStatus", [{"MasterLabel": "Offered", "ApiName": "Offered", "IsClosed": False, "IsDefault": False}])
    described = api.json("GET", "sobjects/Task/describe")
    status = next(field for field in described["fields"] if field["name"] == "Status")
    assert "Offered" in {value["value"] for value in status["picklistValues"]}
