"""Permissions: objects, fields, records, users."""

import pytest

from emulator.salesforce.control import Control
from emulator.salesforce.org import Org
from tests.emulator.api import Api

INTEGRATION = "Minimum Access - API Only Integrations"


@pytest.fixture
def reader(control: Control) -> Api:
    """A user who may read contacts with their e-mail, and nothing else."""
    control.permission_set("Reader", objects={"Contact": "r"}, fields={"Contact.Email": "r", "Contact.MailingAddress": "r"})
    return Api(control.org, control.add_user("reader", profile=INTEGRATION, permission_sets=["Reader"]))


def test_describe_leaves_hidden_fields_out(reader: Api) -> None:
    """Fields without field-level security are missing from describe, not marked. [R] Contact without HasOptedOutOfEmail."""
    names = {field["name"] for field in reader.json("GET", "sobjects/Contact/describe")["fields"]}
    assert {"Id", "LastName", "Name", "Email", "MailingCity", "SystemModstamp", "OwnerId"} <= names
    assert not {"Phone", "Title", "HasOptedOutOfEmail"} & names


def test_describe_shows_what_may_be_written(reader: Api) -> None:
    """Without edit rights, objects and fields are described as not createable and not updateable. [D]."""
    described = reader.json("GET", "sobjects/Contact/describe")
    assert (described["createable"], described["updateable"], described["deletable"]) == (False, False, False)
    email = next(field for field in described["fields"] if field["name"] == "Email")
    assert (email["createable"], email["updateable"]) == (False, False)


def test_hidden_fields_cannot_be_queried(reader: Api) -> None:
    """A hidden field is INVALID_FIELD in a query, like one that does not exist. [C]."""
    assert reader.query("SELECT Phone FROM Contact")[0]["errorCode"] == "INVALID_FIELD"
    assert reader.query("SELECT Id FROM Contact WHERE Phone = '1'")[0]["errorCode"] == "INVALID_FIELD"
    assert reader.query("SELECT Id FROM Account")[0]["errorCode"] == "INVALID_TYPE"


def test_a_reader_cannot_write(reader: Api, control: Control) -> None:
    """Without object rights a create, update or delete is refused and nothing changes. [U]."""
    id_ = control.seed("Contact", [{"LastName": "A"}])[0]
    assert reader.json("POST", "sobjects/Contact", {"LastName": "B"})[0]["errorCode"] == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
    assert reader.json("PATCH", f"sobjects/Contact/{id_}", {"LastName": "B"})[0]["errorCode"] == "INSUFFICIENT_ACCESS_OR_READONLY"
    assert reader.json("DELETE", f"sobjects/Contact/{id_}")[0]["errorCode"] == "INSUFFICIENT_ACCESS_OR_READONLY"
    assert control.writes("Contact") == []
    assert control.row(id_)["LastName"] == "A"


def test_an_unseen_object_does_not_exist(reader: Api) -> None:
    """An object without read rights is NOT_FOUND. [U]."""
    assert reader.get("sobjects/Account/describe").status == 404
    assert "Account" not in {one["name"] for one in reader.json("GET", "sobjects")["sobjects"]}


def test_a_field_without_edit_rights_is_refused_by_name(control: Control) -> None:
    """With object rights but no edit on a field: INVALID_FIELD_FOR_INSERT_UPDATE naming it. [C]."""
    control.permission_set("Editor", objects={"Contact": "cre"}, fields={"Contact.Email": "r", "Contact.Phone": "rw"})
    api = Api(control.org, control.add_user("editor", profile=INTEGRATION, permission_sets=["Editor"]))
    id_ = api.create("Contact", LastName="A", Phone="1")
    answer = api.json("PATCH", f"sobjects/Contact/{id_}", {"Phone": "2", "Email": "a@x.org"})
    assert (answer[0]["errorCode"], answer[0]["fields"]) == ("INVALID_FIELD_FOR_INSERT_UPDATE", ["Email"])
    assert control.row(id_)["Phone"] == "1"


def test_permissions_change_at_once(reader: Api, control: Control) -> None:
    """Taking field-level security away hides the field from the next request on. [D]."""
    control.seed("Contact", [{"LastName": "A", "Email": "a@x.org"}])
    assert reader.records("SELECT Email FROM Contact") == [{"Email": "a@x.org"}]
    control.grant_field("Contact.Email", "", holder="Reader")
    assert reader.query("SELECT Email FROM Contact")[0]["errorCode"] == "INVALID_FIELD"
    control.unassign(reader.org.record(reader.org.logins.sessions[reader.token].user_id)["Id"], "Reader")  # type: ignore[index]
    assert reader.query("SELECT Id FROM Contact")[0]["errorCode"] == "INVALID_TYPE"


def test_activities_follow_system_permissions(control: Control) -> None:
    """Tasks have no object permissions: EditTask decides. [D]."""
    control.permission_set("Tasks", permissions=["EditTask"])
    worker = Api(control.org, control.add_user("worker", profile=INTEGRATION, permission_sets=["Tasks"]))
    nobody = Api(control.org, control.add_user("nobody", profile=INTEGRATION))
    worker.create("Task", Subject="Call")
    assert nobody.query("SELECT Id FROM Task")[0]["errorCode"] == "INVALID_TYPE"


def test_private_sharing(control: Control) -> None:
    """With a private default a user sees and edits own records only; administrators see all. [D]."""
    control.set_sharing("Contact", "Private")
    one, two = (Api(control.org, control.add_user(name)) for name in ("one", "two"))
    id_ = one.create("Contact", LastName="Mine")
    assert [row["Id"] for row in one.records("SELECT Id FROM Contact")] == [id_]
    assert two.records("SELECT Id FROM Contact") == []
    assert two.get(f"sobjects/Contact/{id_}").status == 404
    assert two.json("PATCH", f"sobjects/Contact/{id_}", {"LastName": "X"})[0]["errorCode"] == "INSUFFICIENT_ACCESS_OR_READONLY"
    assert len(Api(control.org).records("SELECT Id FROM Contact")) == 1


def test_limits_need_a_permission(reader: Api, api: Api) -> None:
    """/limits needs View Setup and Configuration. [D] resources_limits."""
    assert reader.get("limits").status == 403
    assert api.json("GET", "limits")["DailyApiRequests"]["Max"] == 100_000


def test_a_frozen_user_has_no_session(org: Org, control: Control) -> None:
    """When a user is deactivated, open sessions end. [U]."""
    user = control.add_user("one")
    api = Api(org, user)
    control.edit_as(org.admin_id, user, {"IsActive": False})
    assert api.get("sobjects").status == 401


def test_assignments_can_be_made_through_the_api(api: Api, control: Control) -> None:
    """An administrator assigns a permission set by creating PermissionSetAssignment. [D]."""
    set_id = control.permission_set("Reader", objects={"Contact": "r"})
    user = control.add_user("one", profile=INTEGRATION)
    one = Api(control.org, user)
    assert one.query("SELECT Id FROM Contact")[0]["errorCode"] == "INVALID_TYPE"
    api.create("PermissionSetAssignment", AssigneeId=user, PermissionSetId=set_id)
    assert one.records("SELECT Id FROM Contact") == []
