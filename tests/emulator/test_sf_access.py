"""Permissions: objects, fields, records, users."""

from urllib.parse import urlencode

import pytest

from emulator.salesforce.control import Control
from emulator.salesforce.org import Org
from tests.emulator.api import Api
from tests.emulator.test_sf_soap import call, texts

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
    answer = api.json("PATCH", f"sobjects/Contact/{id_}", {"Phone": "2", "Email": "a@x.example"})
    assert (answer[0]["errorCode"], answer[0]["fields"]) == ("INVALID_FIELD_FOR_INSERT_UPDATE", ["Email"])
    assert control.row(id_)["Phone"] == "1"


def test_permissions_change_at_once(reader: Api, control: Control) -> None:
    """Taking field-level security away hides the field from the next request on. [D]."""
    control.seed("Contact", [{"LastName": "A", "Email": "a@x.example"}])
    assert reader.records("SELECT Email FROM Contact") == [{"Email": "a@x.example"}]
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


def test_private_records_are_hidden_wherever_records_are_read(control: Control) -> None:
    """What sharing hides is null among records by ids, and left out of a relationship and of recent items. [D]."""
    control.set_sharing("Contact", "Private")
    one, two = (Api(control.org, control.add_user(name)) for name in ("one", "two"))
    account = one.create("Account", Name="Acme")
    theirs, own = (each.create("Contact", LastName="A", AccountId=account) for each in (one, two))
    two.records("SELECT Id FROM Contact FOR VIEW")
    control.edit_as(control.org.admin_id, own, {"OwnerId": control.org.admin_id})
    assert two.json("GET", "recent") == []
    control.edit_as(control.org.admin_id, own, {"OwnerId": control.row(own)["CreatedById"]})
    ids = [theirs, own, account, "nonsense"]
    many = two.json("POST", "composite/sobjects/Contact", {"ids": ids, "fields": ["LastName"]})
    assert [row and row["Id"] for row in many] == [None, own, None, None]
    assert two.json("GET", f"composite/sobjects/Contact?ids={','.join(ids)}&fields=Id") == [
        None,
        {"attributes": {"type": "Contact", "url": f"{two.base}/sobjects/Contact/{own}"}, "Id": own},
        None,
        None,
    ]
    assert [row["Id"] for row in two.json("GET", f"sobjects/Account/{account}/Contacts")["records"]] == [own]
    task = two.create("Task", WhoId=own)
    control.edit_as(control.org.admin_id, own, {"OwnerId": control.org.admin_id})
    above = two.json("GET", f"ui-api/records/{task}?fields=Task.Subject&optionalFields=Task.Who.Name")["fields"]
    assert above.get("Who", {}).get("value") is None


def test_private_records_of_others_are_not_deleted(control: Control) -> None:
    """Whoever may not edit a record for its owner may not delete it either. [D]; undelete it, or merge it away. [U]."""
    control.set_sharing("Contact", "Private")
    one, two = (Api(control.org, control.add_user(name)) for name in ("one", "two"))
    theirs, own, third = (
        one.create("Contact", LastName="A"),
        two.create("Contact", LastName="B"),
        one.create("Contact", LastName="C"),
    )
    code = "INSUFFICIENT_ACCESS_OR_READONLY"
    assert two.json("DELETE", f"sobjects/Contact/{theirs}")[0]["errorCode"] == code
    several = two.json("DELETE", f"composite/sobjects?ids={theirs},{own}")
    assert [each["errors"][0]["statusCode"] if each["errors"] else "" for each in several] == [code, ""]
    control.undelete_as(control.org.admin_id, own)
    merge = f"<masterRecord><type>Contact</type><Id>{own}</Id></masterRecord><recordToMergeIds>{theirs}</recordToMergeIds>"
    merged = call(control.org, f"<merge><request>{merge}</request></merge>", token=two.token)
    assert texts(merged, "statusCode") == [code]
    assert one.call("DELETE", f"sobjects/Contact/{third}").status == 204
    undelete = f"<undelete><ids>{third}</ids></undelete>"
    assert texts(call(control.org, undelete, token=two.token), "statusCode") == [code]
    assert texts(call(control.org, undelete, token=one.token), "success") == ["true"]
    assert [control.row(each)["IsDeleted"] for each in (theirs, own, third)] == [False, False, False]
    control.set_sharing("Contact", "Read")
    assert two.json("DELETE", f"sobjects/Contact/{theirs}")[0]["errorCode"] == code


def test_maintenance_refuses_an_undelete_too(api: Api, control: Control) -> None:
    """In read-only mode nothing comes out of the recycle bin. [D]."""
    id_ = api.create("Contact", LastName="A")
    api.call("DELETE", f"sobjects/Contact/{id_}")
    control.settings(read_only=True)
    answer = call(control.org, f"<undelete><ids>{id_}</ids></undelete>", token=api.token)
    assert texts(answer, "statusCode") == ["INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE"]


def test_rights_on_records_can_be_queried(control: Control) -> None:
    """UserRecordAccess tells what one user may do with up to 200 records that a query names. [D] Object Reference."""
    control.set_sharing("Contact", "Private")
    users = control.add_user("one"), control.add_user("two"), control.org.admin_id
    one, two, admin = (Api(control.org, user) for user in users)
    id_ = one.create("Contact", LastName="Mine")
    found = []
    for user in users:
        soql = "SELECT RecordId, HasReadAccess, HasEditAccess, MaxAccessLevel FROM UserRecordAccess"
        rows = admin.records(f"{soql} WHERE UserId = '{user}' AND RecordId = '{id_}'")
        found += [(row["RecordId"], row["HasReadAccess"], row["HasEditAccess"], row["MaxAccessLevel"]) for row in rows]
    assert found == [(id_, True, True, "All"), (id_, False, False, "None"), (id_, True, True, "All")]
    control.set_sharing("Contact", "Read")
    several = f"'{id_}', '003000000000001AAA'"
    rights = "SELECT MaxAccessLevel FROM UserRecordAccess"
    rights += f" WHERE UserId = '{users[1]}' AND RecordId IN ({several})"
    assert two.records(f"{rights} ORDER BY RecordId") == [{"MaxAccessLevel": "None"}, {"MaxAccessLevel": "Read"}]


def test_rights_need_a_user_and_records(api: Api) -> None:
    """A query for rights that names no user and record is refused. [U]."""
    assert api.query("SELECT RecordId FROM UserRecordAccess")[0]["errorCode"] == "MALFORMED_QUERY"
    many = ", ".join(f"'003{number:015d}'" for number in range(201))
    soql = "SELECT RecordId FROM UserRecordAccess"
    soql += f" WHERE UserId = '{api.org.admin_id}' AND RecordId IN ({many})"
    assert api.query(soql)[0]["errorCode"] == "EXCEEDED_ID_LIMIT"


def test_limits_need_a_permission(reader: Api, api: Api) -> None:
    """/limits needs View Setup and Configuration. [D] resources_limits."""
    assert reader.get("limits").status == 403
    assert api.json("GET", "limits")["DailyApiRequests"]["Max"] == 100_000


def test_a_frozen_user_has_no_session(org: Org, control: Control) -> None:
    """When a user is deactivated, open sessions end, whichever API asks for them. [U]."""
    user = control.add_user("one", profile="System Administrator")
    api = Api(org, user)

    def answers() -> list[int]:
        found = [api.get(path) for path in ("sobjects", "/services/oauth2/userinfo", "/services/oauth2/singleaccess")]
        found += [call(org, "<getUserInfo/>", token=api.token), call(org, "<listMetadata/>", token=api.token, path="m/60.0")]
        return [each.status for each in found]

    def active() -> bool:
        told = api.json("POST", "/services/oauth2/introspect", urlencode({"token": api.token}))
        return bool(told["active"])

    assert (answers(), active()) == ([200] * 5, True)
    control.edit_as(org.admin_id, user, {"IsActive": False})
    assert (answers(), active()) == ([401, 403, 401, 500, 500], False)


def test_assignments_can_be_made_through_the_api(api: Api, control: Control) -> None:
    """An administrator assigns a permission set by creating PermissionSetAssignment. [D]."""
    set_id = control.permission_set("Reader", objects={"Contact": "r"})
    user = control.add_user("one", profile=INTEGRATION)
    one = Api(control.org, user)
    assert one.query("SELECT Id FROM Contact")[0]["errorCode"] == "INVALID_TYPE"
    api.create("PermissionSetAssignment", AssigneeId=user, PermissionSetId=set_id)
    assert one.records("SELECT Id FROM Contact") == []


def test_field_permissions_are_records(api: Api, control: Control) -> None:
    """FieldPermissions are read, given and taken through the permission set, also a profile's own. [T] mcp-server-salesforce."""
    control.define_field("Contact", "Code__c")
    profile = control.row(control.org.admin_id)["ProfileId"]
    owned = "SELECT Id FROM PermissionSet WHERE IsOwnedByProfile = true"
    owned += f" AND ProfileId = '{profile}'"
    (parent,) = (row["Id"] for row in api.records(owned))
    soql = "SELECT Id, PermissionsEdit FROM FieldPermissions"
    soql += f" WHERE ParentId IN ({owned}) AND Field = 'Contact.Code__c'"
    (found,) = api.records(soql)
    assert found["PermissionsEdit"] is True
    assert api.call("PATCH", f"sobjects/FieldPermissions/{found['Id']}", {"PermissionsEdit": False}).status == 204
    refused = api.json("POST", "sobjects/Contact", {"LastName": "A", "Code__c": "x"})
    assert refused[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert api.records(soql) == [{"Id": found["Id"], "PermissionsEdit": False}]
    assert api.call("DELETE", f"sobjects/FieldPermissions/{found['Id']}").status == 204
    assert api.query("SELECT Code__c FROM Contact")[0]["errorCode"] == "INVALID_FIELD"
    values = {"ParentId": parent, "SobjectType": "Contact", "Field": "Contact.Code__c", "PermissionsRead": True}
    api.create("FieldPermissions", **values, PermissionsEdit=True)
    api.create("Contact", LastName="A", Code__c="x")


def test_object_permissions_are_records(api: Api, control: Control) -> None:
    """A permission set made through the API gives what its records say, its own flags included. [D] Object Reference."""
    user = control.add_user("plain", profile="Minimum Access - Salesforce")
    reader = Api(api.org, user)
    assert reader.query("SELECT Id FROM Contact")[0]["errorCode"] == "INVALID_TYPE"
    set_id = api.create("PermissionSet", Name="Made", Label="Made", PermissionsEditTask=True)
    api.create("PermissionSetAssignment", AssigneeId=user, PermissionSetId=set_id)
    given = api.create("ObjectPermissions", ParentId=set_id, SobjectType="Contact", PermissionsRead=True)
    assert reader.records("SELECT Id FROM Contact") == []
    assert reader.json("POST", "sobjects/Task", {"Subject": "Call"})["success"]
    soql = "SELECT SobjectType, PermissionsRead, PermissionsEdit FROM ObjectPermissions"
    soql += f" WHERE ParentId = '{set_id}'"
    assert api.records(soql) == [{"SobjectType": "Contact", "PermissionsRead": True, "PermissionsEdit": False}]
    assert api.call("DELETE", f"sobjects/ObjectPermissions/{given}").status == 204
    assert reader.query("SELECT Id FROM Contact")[0]["errorCode"] == "INVALID_TYPE"


def test_permissions_that_fail_are_taken_back(api: Api) -> None:
    """Permissions are part of the transaction, and name fields that there are. [U]."""
    (parent,) = (row["Id"] for row in api.records("SELECT Id FROM PermissionSet WHERE Profile.Name = 'Standard User'"))
    attributes = {"type": "FieldPermissions"}
    good, bad = (
        {"attributes": attributes, "ParentId": parent, "SobjectType": "Contact", "Field": field, "PermissionsRead": True}
        for field in ("Contact.Title", "Contact.Nothing")
    )
    before = dict(api.org.grants)
    answer = api.json("POST", "composite/sobjects", {"allOrNone": True, "records": [good, bad]})
    codes = [each["errors"][0]["statusCode"] for each in answer]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"]
    assert api.org.grants == before
