"""Queries within queries: children in pages, sub-selects, aliases of parents."""

# ruff: noqa: S608 - the statements go to the emulator, and nothing in them comes from outside

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from emulator.salesforce.control import Control
from tests.emulator.api import Api


@pytest.fixture
def acme(control: Control) -> str:
    """An account with two contacts and a task; returns its id."""
    account = control.seed("Account", [{"Name": "Acme", "Industry": "Banking"}])[0]
    control.seed("Contact", [{"LastName": "Lovelace", "AccountId": account}, {"LastName": "Hopper", "AccountId": account}])
    control.seed("Task", [{"Subject": "Call", "WhatId": account}])
    return account


def test_many_children_come_in_pages(api: Api, control: Control) -> None:
    """Children beyond a page have a locator of their own, in queries and at friendly addresses. [D] how many a page: [U]."""
    busy, quiet = control.seed("Account", [{"Name": "Busy"}, {"Name": "Quiet"}])
    control.seed("Contact", [{"LastName": f"C{at:04}", "AccountId": busy} for at in range(4_500)])
    control.seed("Contact", [{"LastName": "One", "AccountId": quiet}])
    soql = "SELECT Name, (SELECT LastName FROM Contacts ORDER BY LastName) FROM Account ORDER BY Name"
    for page, sizes in (({}, [2000, 2000, 500]), ({"Sforce-Query-Options": "batchSize=1500"}, [1500, 1500, 1500])):
        first, second = api.query(soql, headers=page)["records"]
        assert (second["Contacts"]["done"], len(second["Contacts"]["records"])) == (True, 1)
        friendly = api.json("GET", f"sobjects/Account/{busy}/Contacts?fields=LastName", headers=page)
        for answer in (first["Contacts"], friendly):
            found = list(pages(api, answer))
            assert [len(each) for each in found] == sizes
            assert len({row["LastName"] for each in found for row in each}) == 4_500


def pages(api: Api, answer: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """The records of each page of an answer, the first one given."""
    yield answer["records"]
    while not answer["done"]:
        assert answer["totalSize"] == 4_500
        answer = api.json("GET", answer["nextRecordsUrl"])
        yield answer["records"]


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize(
    "soql",
    [
        "SELECT c.LastName, a.Name FROM Contact c, c.Account a WHERE a.Name = 'Acme' AND c.LastName LIKE 'L%'",
        "SELECT C.LastName, Account.Name FROM Contact AS c, Contact.Account A, a.Owner o WHERE O.Name != null LIMIT 1",
    ],
)
def test_parents_have_aliases(api: Api, soql: str) -> None:
    """`FROM Contact c, c.Account a` gives a parent a name of its own; the answer does not know it. [D] SOQL guide."""
    (row,) = api.records(soql)
    assert (row["LastName"], row["Account"]["Name"]) == ("Lovelace", "Acme")


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("soql", ["FROM Account.Contacts", "FROM a.Contacts c", "FROM Contacts"])
def test_a_child_relationship_may_say_whose_it_is(api: Api, soql: str) -> None:
    """`(SELECT ... FROM Account.Contacts)` is the relationship Contacts. [D] SOQL guide."""
    (row,) = api.records(f"SELECT Account.Name, (SELECT Contact.LastName {soql} ORDER BY LastName) FROM Account a")
    assert [each["LastName"] for each in row["Contacts"]["records"]] == ["Hopper", "Lovelace"]
    described = api.json("GET", f"query?columns=true&q={quote(f'SELECT (SELECT LastName {soql}) FROM Account a')}")
    assert described["columnMetadata"][0]["columnName"] == "Contacts"


@pytest.mark.parametrize(
    ("inner", "code"),
    [
        ("SELECT Foo FROM Contacts", "INVALID_FIELD"),
        ("SELECT Account.Foo FROM Contacts", "INVALID_FIELD"),
        ("SELECT Id FROM Contacts WHERE Foo = '1'", "INVALID_FIELD"),
        ("SELECT Id FROM Contacts WHERE Birthdate = '1'", "INVALID_FIELD"),
        ("SELECT Id FROM Contacts ORDER BY Foo", "INVALID_FIELD"),
        ("SELECT Id, (SELECT Foo FROM Tasks) FROM Contacts", "INVALID_FIELD"),
        ("SELECT Phone FROM Contacts", "INVALID_FIELD"),
        ("SELECT Id FROM Cases", "INVALID_TYPE"),
        ("SELECT Id FROM ChildAccounts", "INVALID_TYPE"),
    ],
)
def test_children_are_looked_at_where_there_are_none(api: Api, control: Control, inner: str, code: str) -> None:
    """What a subquery names has to be there and in sight, whatever records there are. [D]; its relationship too. [U]."""
    fields = {"Contact.AccountId": "r", "Task.WhoId": "r"}
    control.permission_set("R", objects={"Contact": "r", "Account": "r"}, fields=fields, permissions=["EditTask"])
    reader = Api(control.org, control.add_user("r", profile="Minimum Access - API Only Integrations", permission_sets=["R"]))
    (refused,) = reader.query(f"SELECT Id, ({inner}) FROM Account")
    assert refused["errorCode"] == code
    assert reader.records("SELECT Id, (SELECT LastName FROM Contacts) FROM Account") == []
    assert api.records("SELECT Id, (SELECT Phone FROM Contacts) FROM Account") == []


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("Id IN (SELECT Id FROM Contact)", "should point to the same object type"),
        ("Id IN (SELECT OwnerId FROM Contact)", "should point to the same object type"),
        ("Id NOT IN (SELECT LastName FROM Contact)", "should point to the same object type"),
        ("Id IN (SELECT ParentId FROM Account)", "The inner and outer selects should not be on the same object type"),
        ("Name IN (SELECT LastName FROM Contact)", "should be an id field, cannot use: 'Name'"),
    ],
)
def test_sub_selects_compare_ids_of_one_object(api: Api, where: str, text: str) -> None:
    """Both sides of a sub-select are ids of the same kind, and it is about another object. [I] forums; the last text: [U]."""
    (refused,) = api.query(f"SELECT Id FROM Account WHERE {where}")
    assert refused["errorCode"] == "MALFORMED_QUERY"
    assert text in refused["message"]
    for outer, inner, count in (
        ("Account WHERE Id", "SELECT AccountId FROM Contact", 1),
        ("Account WHERE Id", "SELECT WhatId FROM Task", 1),
        ("Contact WHERE Account.Id", "SELECT WhatId FROM Task", 2),
        ("Contact WHERE OwnerId", "SELECT OwnerId FROM Account", 2),
    ):
        assert len(api.records(f"SELECT Id FROM {outer} IN ({inner})")) == count


@pytest.mark.usefixtures("acme")
def test_references_to_several_objects_lead_to_names(api: Api) -> None:
    """Of Who, What and Owner a query sees the fields of the object Name alone; TYPEOF sees the rest. [D] Object Reference."""
    (row,) = api.records("SELECT What.Name, What.Type, Owner.Name, Owner.Profile.Name, Who.FirstName FROM Task")
    assert (row["What"]["Name"], row["What"]["Type"], row["Who"]) == ("Acme", "Account", None)
    (refused,) = api.query("SELECT What.Industry FROM Task")
    assert "No such column 'Industry' on entity 'Name'." in refused["message"]
    assert api.records("SELECT TYPEOF What WHEN Account THEN Industry END FROM Task")[0]["What"]["Industry"] == "Banking"


def test_the_fields_of_a_typeof_are_looked_at(api: Api, control: Control, acme: str) -> None:
    """TYPEOF prints what the user sees, parents too, and refuses other names, whatever is found. [D] SOQL guide."""
    seen = {"Contact.AccountId": "r", "Contact.Email": "r", "Task.WhoId": "r", "Task.WhatId": "r", "Lead.Status": "r"}
    objects = {"Contact": "r", "Account": "r", "Lead": "r"}
    control.permission_set("R", objects=objects, fields=seen, permissions=["EditTask"])
    reader = Api(control.org, control.add_user("r", profile="Minimum Access - API Only Integrations", permission_sets=["R"]))
    contact = control.seed("Contact", [{"LastName": "Lovelace", "Phone": "1", "AccountId": acme}])[0]
    statement = "SELECT TYPEOF Who WHEN Contact THEN {} ELSE {} END FROM Task WHERE WhatId = null"
    for fields, otherwise, missing in (
        ("LastName, Phone", "Name", "'Phone' on entity 'Contact'"),
        ("Foo", "Name", "'Foo' on entity 'Contact'"),
        ("Account.Foo", "Name", "'Foo' on entity 'Account'"),
        ("LastName", "Foo", "'Foo' on entity 'Name'"),
    ):
        (refused,) = reader.query(statement.format(fields, otherwise))
        assert (refused["errorCode"], missing in refused["message"]) == ("INVALID_FIELD", True)
    (refused,) = reader.query("SELECT TYPEOF Foo WHEN Contact THEN LastName END FROM Task what")
    assert refused["errorCode"] == "INVALID_FIELD"
    control.seed("Task", [{"Subject": "Call", "WhoId": contact}])
    (row,) = reader.records(statement.format("LastName, Account.Name", "Name"))
    assert (row["Who"]["LastName"], row["Who"]["Account"]["Name"]) == ("Lovelace", "Acme")
    (row,) = api.records(statement.format("Phone", "Name"))
    assert row["Who"]["Phone"] == "1"
    (row,) = reader.records("SELECT TYPEOF Who WHEN Lead THEN Status ELSE Name, Email END FROM Task WHERE WhatId = null")
    assert (row["Who"]["Name"], "Status" in row["Who"]) == ("Lovelace", False)
    control.set_sharing("Contact", "Private")
    assert reader.records(statement.format("LastName", "Name"))[0]["Who"] is None


def test_all_fields_of_listed_records(api: Api, acme: str) -> None:
    """FIELDS(ALL) is for at most 200 records, by LIMIT or by a list of ids, in subqueries too. [D] SOQL guide."""
    assert api.records(f"SELECT FIELDS(ALL) FROM Account WHERE Name != null AND Id IN ('{acme}')")[0]["Name"] == "Acme"
    assert api.records("SELECT Id, (SELECT FIELDS(ALL) FROM Contacts LIMIT 200) FROM Account")[0]["Contacts"]["totalSize"] == 2
    for unbounded in (
        "SELECT FIELDS(ALL) FROM Account",
        "SELECT FIELDS(CUSTOM), Id FROM Account LIMIT 201",
        f"SELECT FIELDS(ALL) FROM Account WHERE Id IN ('{acme}') OR Name != null",
        f"SELECT FIELDS(ALL) FROM Account WHERE Id NOT IN ('{acme}')",
        "SELECT Id, (SELECT FIELDS(ALL) FROM Contacts) FROM Account",
    ):
        assert api.query(unbounded)[0]["message"] == "The SOQL FIELDS function must have a LIMIT of at most 200"
