"""Deploying metadata."""

import io
import zipfile
from typing import Any

import orjson
import pytest

from emulator.http import Response
from emulator.salesforce.control import Control
from emulator.salesforce.org import Org
from tests.emulator.api import Api

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<{kind} xmlns="http://soap.sforce.com/2006/04/metadata">\n{body}\n</{kind}>\n'
OBJECT = """<label>Thing</label><pluralLabel>Things</pluralLabel>
<nameField><label>Number</label><type>AutoNumber</type><displayFormat>T-{0000}</displayFormat></nameField>
<deploymentStatus>Deployed</deploymentStatus><sharingModel>ReadWrite</sharingModel><enableActivities>true</enableActivities>
<fields><fullName>Key__c</fullName><label>Key</label><type>Text</type><length>64</length><externalId>true</externalId>
<unique>true</unique><caseSensitive>false</caseSensitive><required>true</required></fields>
<fields><fullName>Contact__c</fullName><label>Contact</label><type>Lookup</type><referenceTo>Contact</referenceTo>
<relationshipName>Things</relationshipName><deleteConstraint>SetNull</deleteConstraint></fields>
<fields><fullName>State__c</fullName><label>State</label><type>Picklist</type><valueSet><restricted>true</restricted>
<valueSetDefinition><sorted>false</sorted><value><fullName>Open</fullName><default>true</default><label>Open</label></value>
<value><fullName>Done</fullName><default>false</default><label>Done</label></value></valueSetDefinition></valueSet></fields>
<fields><fullName>Title__c</fullName><label>Title</label><type>Text</type><length>80</length></fields>
<fields><fullName>Loud__c</fullName><label>Loud</label><type>Text</type><formula>UPPER(Title__c) &amp; "!"</formula></fields>
<validationRules><fullName>Key_Stays</fullName><active>true</active>
<errorConditionFormula>AND(NOT(ISNEW()), ISCHANGED(Key__c))</errorConditionFormula>
<errorDisplayField>Key__c</errorDisplayField><errorMessage>The key stays.</errorMessage></validationRules>"""
RIGHTS = """<label>Workers</label>
<objectPermissions><object>Thing__c</object><allowRead>true</allowRead><allowCreate>true</allowCreate>
<allowEdit>true</allowEdit><allowDelete>false</allowDelete></objectPermissions>
<fieldPermissions><field>Thing__c.State__c</field><readable>true</readable><editable>true</editable></fieldPermissions>
<fieldPermissions><field>Thing__c.Title__c</field><readable>true</readable><editable>false</editable></fieldPermissions>"""
QUEUE = "<name>Triage</name><queueSobject><sobjectType>Thing__c</sobjectType></queueSobject>"
FILES = {
    "objects/Thing__c.object": HEAD.format(kind="CustomObject", body=OBJECT),
    "permissionsets/Workers.permissionset": HEAD.format(kind="PermissionSet", body=RIGHTS),
    "queues/Triage.queue": HEAD.format(kind="Queue", body=QUEUE),
}
MANIFEST = HEAD.format(kind="Package", body="<version>67.0</version>")


def archive(files: dict[str, str]) -> bytes:
    """A zip in metadata format."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for name, text in {"package.xml": MANIFEST, **files}.items():
            made.writestr(name, text)
    return buffer.getvalue()


def start(api: Api, data: bytes, **options: Any) -> Response:
    """Send a deployment."""
    return send(api, data, orjson.dumps({"deployOptions": {"rollbackOnError": True, "singlePackage": True, **options}}))


def send(api: Api, data: bytes, given: bytes) -> Response:
    """Send an archive and what is said of it, whatever that is."""
    body = (
        b'--b\r\nContent-Disposition: form-data; name="json"\r\nContent-Type: application/json\r\n\r\n' + given + b"\r\n"
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="p.zip"\r\nContent-Type: application/zip\r\n\r\n'
        + data
        + b"\r\n--b--\r\n"
    )
    return api.call("POST", "metadata/deployRequest", body, {"Content-Type": 'multipart/form-data; boundary="b"'})


def deploy(api: Api, files: dict[str, str], **options: Any) -> dict[str, Any]:
    """Deploy files and return the result with details."""
    answer: Any = start(api, archive(files), **options).json()
    result: dict[str, Any] = api.json("GET", f"metadata/deployRequest/{answer['id']}?includeDetails=true")["deployResult"]
    assert result["done"] is True
    return result


@pytest.mark.parametrize("given", [b"{bad", b"[1]", b'{"deployOptions": [1]}'])
def test_options_that_cannot_be_read(api: Api, given: bytes) -> None:
    """What a deployment says of itself has to be an object, as every body has to. [U]."""
    answer = send(api, archive({}), given)
    assert (answer.status, answer.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")  # type: ignore[index]


@pytest.fixture
def worker(api: Api, control: Control) -> Api:
    """A user with the deployed permission set."""
    assert deploy(api, FILES)["success"]
    user = control.add_user("worker", profile="Minimum Access - API Only Integrations", permission_sets=["Workers"])
    return Api(control.org, user)


def test_what_is_deployed_is_there(worker: Api, control: Control) -> None:
    """After deploying, describe, defaults, auto numbers, keys and relationships follow the files. [D]."""
    contact = control.seed("Contact", [{"LastName": "A"}])[0]
    id_ = worker.create("Thing__c", Key__c="k")
    row = control.row(id_)
    assert (row["Name"], row["State__c"]) == ("T-0001", "Open")
    duplicate = worker.json("POST", "sobjects/Thing__c", {"Key__c": "K"})
    assert duplicate[0]["errorCode"] == "DUPLICATE_VALUE"
    assert worker.json("POST", "sobjects/Thing__c", {})[0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    control.edit_as(control.org.admin_id, id_, {"Contact__c": contact})
    admin = Api(control.org)
    children = admin.json("GET", "sobjects/Contact/describe")["childRelationships"]
    assert "Things__r" in {child["relationshipName"] for child in children}


def test_field_security_follows_the_file(worker: Api) -> None:
    """The permission set's file decides what its user sees and edits; required fields are always there. [D]."""
    fields = {one["name"]: one for one in worker.json("GET", "sobjects/Thing__c/describe")["fields"]}
    assert {"Key__c", "State__c", "Title__c"} <= set(fields)
    assert "Contact__c" not in fields
    assert (fields["State__c"]["updateable"], fields["Title__c"]["updateable"]) == (True, False)
    answer = worker.json("POST", "sobjects/Thing__c", {"Key__c": "k", "Title__c": "x"})
    assert (answer[0]["errorCode"], answer[0]["fields"]) == ("INVALID_FIELD_FOR_INSERT_UPDATE", ["Title__c"])


def test_a_new_field_is_hidden_until_granted(api: Api) -> None:
    """Deployed fields are visible to nobody, administrators included, until a permission set grants them. [U]."""
    assert deploy(api, {"objects/Thing__c.object": FILES["objects/Thing__c.object"]})["success"]
    names = {one["name"] for one in api.json("GET", "sobjects/Thing__c/describe")["fields"]}
    assert "Key__c" in names
    assert "Title__c" not in names


def test_validation_rules_hold(worker: Api) -> None:
    """A validation rule refuses with the administrator's text and the field it shows. [C]."""
    id_ = worker.create("Thing__c", Key__c="k")
    assert worker.json("PATCH", f"sobjects/Thing__c/{id_}", {"Key__c": "other"}) == [
        {"message": "The key stays.", "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "fields": ["Key__c"]}
    ]
    assert worker.call("PATCH", f"sobjects/Thing__c/{id_}", {"State__c": "Done"}).status == 204


def test_formula_fields_are_calculated(worker: Api, control: Control) -> None:
    """A formula field is read-only and calculated when it is read. [D]."""
    control.grant_field("Thing__c.Loud__c", "r", holder="Workers")
    id_ = worker.create("Thing__c", Key__c="k")
    control.edit_as(control.org.admin_id, id_, {"Title__c": "hey"})
    assert worker.records("SELECT Loud__c FROM Thing__c") == [{"Loud__c": "HEY!"}]
    assert worker.json("GET", f"sobjects/Thing__c/{id_}?fields=Loud__c")["Loud__c"] == "HEY!"


def test_queues_and_tasks_know_the_object(worker: Api, control: Control) -> None:
    """A deployed queue owns records of its objects; an object with activities can be a Task's What. [D]."""
    queue = control.rows("Group")[0]
    assert (queue["DeveloperName"], queue["Type"]) == ("Triage", "Queue")
    id_ = worker.create("Thing__c", Key__c="k", OwnerId=queue["Id"])
    task = Api(control.org).create("Task", WhatId=id_, Subject="Call")
    assert control.row(task)["WhatId"] == id_


def test_a_check_changes_nothing(org: Org, api: Api) -> None:
    """CheckOnly says what would happen and leaves everything as it was. [D]."""
    result = deploy(api, FILES, checkOnly=True)
    assert (result["success"], result["checkOnly"], result["numberComponentErrors"]) == (True, True, 0)
    assert "thing__c" not in org.objects
    assert api.records("SELECT Id FROM PermissionSet WHERE Name = 'Workers'") == []


def test_one_bad_file_takes_everything_back(org: Org, api: Api) -> None:
    """With rollbackOnError a failure names file, line and problem, and nothing is deployed. [D]."""
    bad = FILES["permissionsets/Workers.permissionset"].replace("Title__c", "Titel__c")
    result = deploy(api, {**FILES, "permissionsets/Workers.permissionset": bad})
    failure = result["details"]["componentFailures"][0]
    assert (result["status"], result["success"]) == ("Failed", False)
    assert failure["fileName"] == "permissionsets/Workers.permissionset"
    assert failure["lineNumber"] == 7
    assert failure["problem"] == "In field: field - no CustomField named Thing__c.Titel__c found"
    assert failure["problemType"] == "Error"
    assert "thing__c" not in org.objects


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("<length>64</length>", "", "Must specify 'length' for a CustomField of type Text"),
        ("<type>AutoNumber</type>", "<type", "Error parsing file"),
        (
            "<referenceTo>Contact<",
            "<referenceTo>Person<",
            "referenceTo value of 'Person' does not resolve to a valid sObject type",
        ),
        ("ISCHANGED(Key__c)", "ISCHANGED(Kee__c)", "Error in formula: Field Kee__c does not exist. Check spelling."),
        ("<sharingModel>ReadWrite</sharingModel>", "", "Must specify sharingModel for the CustomObject"),
    ],
)
def test_mistakes_in_an_object(api: Api, old: str, new: str, problem: str) -> None:
    """Mistakes are reported by file and problem. [U]."""
    result = deploy(api, {"objects/Thing__c.object": FILES["objects/Thing__c.object"].replace(old, new)})
    assert result["success"] is False
    assert any(problem in failure["problem"] for failure in result["details"]["componentFailures"])


def test_a_required_field_cannot_be_granted(api: Api) -> None:
    """Field-level security on a required field is refused. [U]."""
    bad = FILES["permissionsets/Workers.permissionset"].replace("Thing__c.Title__c", "Thing__c.Key__c")
    result = deploy(api, {**FILES, "permissionsets/Workers.permissionset": bad})
    assert result["details"]["componentFailures"][0]["problem"] == "You cannot deploy to a required field: Thing__c.Key__c"


def test_only_administrators_deploy(worker: Api) -> None:
    """A user without Modify Metadata cannot deploy. [D]."""
    assert start(worker, archive(FILES)).status == 403


def test_deploying_twice_changes_nothing(api: Api, control: Control) -> None:
    """The same package again succeeds, and records stay. [D]."""
    deploy(api, FILES)
    id_ = api.create("Thing__c", Key__c="k")
    assert deploy(api, FILES)["success"]
    assert control.row(id_)["Key__c"] == "k"
    assert len(control.rows("QueueSobject")) == 1


def test_destructive_changes(org: Org, api: Api) -> None:
    """destructiveChanges.xml deletes fields and objects. [D]."""
    deploy(api, FILES)
    body = "<types><members>Thing__c</members><name>CustomObject</name></types>"
    result = deploy(api, {"destructiveChanges.xml": HEAD.format(kind="Package", body=body)})
    assert result["success"]
    assert "thing__c" not in org.objects
