"""Search, tooling and duplicate rules."""

# ruff: noqa: S608 - the statements go to the emulator, and nothing in them comes from outside

from urllib.parse import quote

import pytest

from emulator.salesforce.control import Control
from tests.emulator.api import Api


@pytest.fixture
def people(control: Control) -> list[str]:
    """Three contacts and an account."""
    control.seed("Account", [{"Name": "Lovelace Ltd"}])
    rows = [("Ada", "Lovelace", "ada@x.example"), ("Grace", "Hopper", "grace@x.example"), ("Adam", "Smith", "smith@love.example")]
    return control.seed("Contact", [{"FirstName": first, "LastName": last, "Email": mail} for first, last, mail in rows])


@pytest.mark.parametrize(
    ("find", "expected"),
    [
        ("FIND {lovelace} RETURNING Contact(LastName)", ["Lovelace"]),
        ("FIND {ada*} IN NAME FIELDS RETURNING Contact(LastName ORDER BY LastName)", ["Lovelace", "Smith"]),
        ("FIND {ada} IN NAME FIELDS RETURNING Contact(LastName)", ["Lovelace"]),
        ("FIND {x.example} IN EMAIL FIELDS RETURNING Contact(LastName WHERE FirstName = 'Grace')", ["Hopper"]),
        ("FIND {lovelace} RETURNING Account(Name), Contact(LastName)", ["Lovelace Ltd", "Lovelace"]),
        ("FIND {hopper OR Smith} RETURNING Contact(LastName)", ["Hopper", "Smith"]),
        ("FIND {ada* AND NOT lovelace} RETURNING Contact(LastName)", ["Smith"]),
        ("FIND {(grace OR ada*) smith} RETURNING Contact(LastName)", ["Smith"]),
        ("FIND {grace hopper or ada lovelace} RETURNING Contact(LastName)", ["Lovelace", "Hopper"]),
        ('FIND {"Ada Lovelace"} RETURNING Contact(LastName)', ["Lovelace"]),
        ('FIND {"Lovelace Ada"} RETURNING Contact(LastName)', []),
        ("FIND {grace\\@x.example} RETURNING Contact(LastName)", ["Hopper"]),
    ],
)
@pytest.mark.usefixtures("people")
def test_find(api: Api, find: str, expected: list[str]) -> None:
    """FIND looks for words in text fields and prints the fields asked for. [D] SOSL, basic forms only."""
    found = api.json("GET", f"search?q={quote(find)}")["searchRecords"]
    assert [each.get("LastName") or each.get("Name") for each in found] == expected


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("find", "code"),
    [
        ("FIND {a}", "MALFORMED_SEARCH"),
        ("FIND {ada OR}", "MALFORMED_SEARCH"),
        ("FIND {(ada}", "MALFORMED_SEARCH"),
        ("FIND {ada)}", "MALFORMED_SEARCH"),
        ("FIND {nobody} RETURNING Contact(Nothing)", "INVALID_FIELD"),
        ("FIND {nobody} RETURNING Nothing(Id)", "INVALID_TYPE"),
    ],
)
def test_searches_that_are_refused(api: Api, find: str, code: str) -> None:
    """A term of one letter, operators without terms, and what is not there are refused, whatever would be found. [I]."""
    answer = api.get(f"search?q={quote(find)}")
    assert (answer.status, answer.json()[0]["errorCode"]) == (400, code)  # type: ignore[index]


@pytest.mark.usefixtures("people")
def test_parameterized_search(api: Api) -> None:
    """The parameterized form finds the same. [D]."""
    found = api.json("GET", "parameterizedSearch?q=hopper&sobject=Contact&Contact.fields=LastName")["searchRecords"]
    assert [each["LastName"] for each in found] == ["Hopper"]


@pytest.mark.parametrize(
    ("contact", "more", "expected"),
    [
        ({"where": "LastName = 'Smith'"}, {}, ["Smith"]),
        ({"orderBy": "LastName DESC"}, {}, ["Smith", "Lovelace"]),
        ({"orderBy": "LastName", "limit": 1}, {}, ["Lovelace"]),
        ({"orderBy": "LastName", "limit": 2}, {"defaultLimit": 1}, ["Lovelace", "Smith"]),
        ({"orderBy": "LastName"}, {"defaultLimit": "1"}, ["Lovelace"]),
        ({"where": "LastName != 'no limit 1'", "orderBy": "LastName"}, {"overallLimit": 1}, ["Lovelace"]),
    ],
)
@pytest.mark.usefixtures("people")
def test_parameters_of_an_object(api: Api, contact: dict[str, object], more: dict[str, object], expected: list[str]) -> None:
    """In a search by parameters each object has a condition, order and limit of its own. [D] REST guide."""
    body = {"q": "ada*", "sobjects": [{"name": "Contact", "fields": ["LastName"], **contact}], **more}
    found = api.json("POST", "parameterizedSearch", body)["searchRecords"]
    assert [each["LastName"] for each in found] == expected


@pytest.mark.usefixtures("people")
def test_parameters_of_an_object_in_the_address(api: Api) -> None:
    """Condition and limit of an object may stand in the address; an own limit goes before the default. [D] REST guide."""
    path = "parameterizedSearch?q=ada*&sobject=Contact&Contact.fields=LastName"
    for more, count in (("&Contact.limit=1", 1), ("&defaultLimit=1", 1), ("&defaultLimit=1&Contact.limit=2", 2), ("", 2)):
        assert len(api.json("GET", path + more)["searchRecords"]) == count
    found = api.json("GET", path + "&Contact.where=" + quote("LastName = 'Smith'"))["searchRecords"]
    assert [each["LastName"] for each in found] == ["Smith"]
    for more in ("&Contact.limit=many", "&Contact.where=Nothing=1", "&Contact.limit=-1"):
        assert api.get(path + more).status == 400


def test_tooling_without_code(api: Api) -> None:
    """There is no Apex; unknown objects are INVALID_TYPE with 400. [T] sf."""
    assert api.json("GET", f"tooling/query?q={quote('SELECT Id FROM ApexClass')}")["totalSize"] == 0
    answer = api.get(f"tooling/query?q={quote('SELECT Id FROM SandboxProcess')}")
    assert (answer.status, answer.json()[0]["errorCode"]) == (400, "INVALID_TYPE")  # type: ignore[index]


def test_duplicate_rules(api: Api, control: Control, people: list[str]) -> None:
    """A duplicate is refused with duplicateResut, spelt so; allowSave gets past an alert, never past a block. [C]; [D]."""
    control.duplicate_rule("Contact", ["Email"])
    body = {"LastName": "Byron", "Email": "ADA@x.example"}
    answer = api.call("POST", "sobjects/Contact", body)
    assert answer.status == 400
    found = answer.json()[0]  # type: ignore[index]
    assert list(found) == ["duplicateResut", "errorCode", "message"]
    assert (found["errorCode"], found["duplicateResut"]["allowSave"]) == ("DUPLICATES_DETECTED", True)
    assert found["duplicateResut"]["matchResults"][0]["matchRecords"][0]["record"]["Id"] == people[0]
    header = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
    assert api.call("POST", "sobjects/Contact", body, header).status == 201
    control.duplicate_rule("Contact", ["Email"], name="Strict", blocks=True)
    assert api.call("POST", "sobjects/Contact", body, header).status == 400


def test_old_versions_have_found_records_bare(api: Api, control: Control) -> None:
    """Before version 37.0 a search answers the list of records itself. [C] nforce."""
    control.seed("Contact", [{"LastName": "Lovelace"}])
    path = "search?q=" + quote("FIND {Lovelace} RETURNING Contact(LastName)")
    new, old = api.json("GET", path), Api(api.org, version="36.0").json("GET", path)
    assert [each["LastName"] for each in new["searchRecords"]] == [each["LastName"] for each in old] == ["Lovelace"]


def test_definitions_as_records(api: Api, control: Control) -> None:
    """EntityDefinition and FieldDefinition say by query, in both APIs, what the schema is now. [D] Object Reference."""
    control.define_field("Contact", "Code__c", length=20, externalId=True)
    soql = "SELECT QualifiedApiName, DataType, EntityDefinition.QualifiedApiName FROM FieldDefinition"
    soql += " WHERE EntityDefinition.QualifiedApiName = 'Contact' AND QualifiedApiName IN ('Code__c', 'AccountId')"
    for path in ("query", "tooling/query"):
        found = api.json("GET", f"{path}?q={quote(soql)}")["records"]
        types = {each["QualifiedApiName"]: each["DataType"] for each in found}
        assert types == {"Code__c": "Text(20)", "AccountId": "Lookup(Account)"}
        assert {each["EntityDefinition"]["QualifiedApiName"] for each in found} == {"Contact"}
    control.remove_field("Contact", "Code__c")
    assert len(api.records(soql)) == 1
    soql = "SELECT KeyPrefix FROM EntityDefinition WHERE QualifiedApiName = 'Contact' AND IsQueryable = true"
    assert api.records(soql) == [{"KeyPrefix": "003"}]


def test_a_user_can_ask_what_it_may(api: Api, control: Control) -> None:
    """UserPermissionAccess has one record, of the user who asks, with a flag for each permission. [D] Object Reference."""
    user = control.add_user("bot", profile="Minimum Access - API Only Integrations")
    soql = "SELECT Id, PermissionsApiEnabled, PermissionsModifyAllData FROM UserPermissionAccess"
    expected = {"Id": "000000000000000AAA", "PermissionsApiEnabled": True}
    assert api.records(soql) == [expected | {"PermissionsModifyAllData": True}]
    assert Api(api.org, user).records(soql) == [expected | {"PermissionsModifyAllData": False}]


def test_tooling_objects_are_described(api: Api) -> None:
    """Tooling objects are listed and described, with no records; others are NOT_FOUND. [T] jsforce."""
    assert api.json("GET", "tooling")["sobjects"] == f"{api.base}/tooling/sobjects"
    assert "ApexClass" in [each["name"] for each in api.json("GET", "tooling/sobjects")["sobjects"]]
    assert api.json("GET", "tooling/sobjects/ApexClass/describe")["fields"][0]["name"] == "Id"
    assert api.get("tooling/sobjects/Nothing/describe").status == 404
