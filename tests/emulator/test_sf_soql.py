"""Queries."""

# ruff: noqa: S608 - the statements go to the emulator, and nothing in them comes from outside

from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from emulator.salesforce.control import Control
from emulator.salesforce.org import Org
from tests.emulator.api import Api


@pytest.fixture
def world(control: Control) -> Control:
    """Two accounts and five contacts, one without an account, created a minute apart."""
    accounts = control.seed("Account", [{"Name": "Acme", "AnnualRevenue": 10}, {"Name": "Beta", "AnnualRevenue": 30}])
    for last, first, account, city in (
        ("Lovelace", "Ada", 0, "London"),
        ("Hopper", "Grace", 0, "New York"),
        ("Turing", "Alan", 1, "London"),
        ("Noether", "Emmy", 1, None),
        ("O'Neil", None, None, "100% Town"),
    ):
        control.org.clock.move(timedelta(minutes=1))
        link = {} if account is None else {"AccountId": accounts[account]}
        control.seed("Contact", [{"LastName": last, "FirstName": first, "MailingCity": city, **link}])
    return control


def names(api: Api, where: str, *, everything: bool = False) -> list[str]:
    """Last names of the contacts that a condition finds, in the order of their creation."""
    rows = api.records(f"SELECT LastName FROM Contact WHERE {where} ORDER BY Id", everything=everything)
    return [row["LastName"] for row in rows]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("MailingCity = 'london'", ["Lovelace", "Turing"]),
        ("MailingCity != 'London'", ["Hopper", "Noether", "O'Neil"]),
        ("MailingCity = null", ["Noether"]),
        ("MailingCity <> null AND AccountId = null", ["O'Neil"]),
        ("LastName LIKE '%o%e_'", ["Hopper", "Noether"]),
        ("LastName LIKE 'O\\'%'", ["O'Neil"]),
        ("MailingCity LIKE '100\\%%'", ["O'Neil"]),
        ("FirstName IN ('Ada', 'ALAN')", ["Lovelace", "Turing"]),
        ("FirstName NOT IN ('Ada', 'Alan')", ["Hopper", "Noether", "O'Neil"]),
        ("NOT FirstName = 'Ada'", ["Hopper", "Turing", "Noether", "O'Neil"]),
        ("(FirstName = 'Ada' OR FirstName = 'Emmy') AND MailingCity = null", ["Noether"]),
        ("Account.Name = 'acme'", ["Lovelace", "Hopper"]),
        ("Account.AnnualRevenue > 20", ["Turing", "Noether"]),
        ("Account.Owner.Name = 'Admin User'", ["Lovelace", "Hopper", "Turing", "Noether"]),
        ("LastName > 'N' AND LastName < 'P'", ["Noether", "O'Neil"]),
        ("CreatedDate >= 2026-11-02T09:04:00Z", ["Noether", "O'Neil"]),
        ("CreatedDate > 2026-11-02T10:03:00+01:00 AND CreatedDate < 2026-11-02T09:05:00.000Z", ["Noether"]),
        ("CreatedDate = TODAY", ["Lovelace", "Hopper", "Turing", "Noether", "O'Neil"]),
        ("CreatedDate < TODAY", []),
        ("CreatedDate = LAST_N_DAYS:3", ["Lovelace", "Hopper", "Turing", "Noether", "O'Neil"]),
        ("CALENDAR_YEAR(CreatedDate) = 2025", []),
        ("AccountId IN (SELECT Id FROM Account WHERE Name = 'Beta')", ["Turing", "Noether"]),
        ("AccountId NOT IN (SELECT Id FROM Account WHERE Name = 'Beta')", ["Lovelace", "Hopper", "O'Neil"]),
        ("IsDeleted = false AND FirstName = 'Ada'", ["Lovelace"]),
    ],
)
@pytest.mark.usefixtures("world")
def test_conditions(api: Api, where: str, expected: list[str]) -> None:
    """Conditions compare text without case, know null, parents, dates, wildcards and semi-joins. [D] SOQL guide."""
    assert names(api, where) == expected


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("FirstName", ["O'Neil", "Lovelace", "Turing", "Noether", "Hopper"]),
        ("FirstName DESC NULLS LAST", ["Hopper", "Noether", "Turing", "Lovelace", "O'Neil"]),
        ("Account.Name DESC NULLS LAST, LastName", ["Noether", "Turing", "Hopper", "Lovelace", "O'Neil"]),
        ("SystemModstamp DESC", ["O'Neil", "Noether", "Turing", "Hopper", "Lovelace"]),
        ("LastName LIMIT 2", ["Hopper", "Lovelace"]),
        ("LastName LIMIT 2 OFFSET 2", ["Noether", "O'Neil"]),
    ],
)
@pytest.mark.usefixtures("world")
def test_order_limit_offset(api: Api, order: str, expected: list[str]) -> None:
    """Nulls come first unless asked for last; several keys; LIMIT and OFFSET cut afterwards. [D] SOQL guide."""
    assert [row["LastName"] for row in api.records(f"SELECT LastName FROM Contact ORDER BY {order}")] == expected


@pytest.mark.usefixtures("world")
def test_parents_are_nested_objects(api: Api) -> None:
    """A parent's fields come as one nested object with attributes, or null. [R] grouparoo."""
    rows = api.query("SELECT LastName, Account.Name FROM Contact ORDER BY Id")["records"]
    assert rows[0]["Account"]["attributes"]["type"] == "Account"
    assert rows[0]["Account"]["Name"] == "Acme"
    assert rows[4]["Account"] is None


@pytest.mark.usefixtures("world")
def test_parents_of_parents_are_nested_as_well(api: Api) -> None:
    """A parent's parent is nested in it in the same way, attributes and null included. [D] SOQL guide, relationship queries."""
    soql = "SELECT Account.Owner.Name, toLabel(Account.Industry), Account.Parent.Name FROM Contact WHERE LastName = 'Lovelace'"
    account = api.query(soql)["records"][0]["Account"]
    assert list(account) == ["attributes", "Owner", "Industry", "Parent"]
    assert account["Owner"]["attributes"]["type"] == "User"
    assert account["Owner"]["attributes"]["url"].startswith("/services/data/v67.0/sobjects/User/005")
    assert account["Owner"]["Name"] == "Admin User"
    assert (account["Industry"], account["Parent"]) == (None, None)


@pytest.mark.usefixtures("world")
def test_children_are_nested_answers(api: Api) -> None:
    """A child subquery is an answer of its own inside the record, or null. [D]."""
    soql = (
        "SELECT Name, (SELECT LastName FROM Contacts WHERE MailingCity != null ORDER BY LastName DESC) FROM Account ORDER BY Name"
    )
    rows = api.records(soql)
    assert rows[0]["Contacts"]["totalSize"] == 2
    assert [each["LastName"] for each in rows[0]["Contacts"]["records"]] == ["Lovelace", "Hopper"]
    assert [each["LastName"] for each in rows[1]["Contacts"]["records"]] == ["Turing"]
    assert api.records("SELECT (SELECT Id FROM Cases) FROM Account LIMIT 1") == [{"Cases": None}]


@pytest.mark.usefixtures("world")
def test_count_answers_by_total(api: Api) -> None:
    """SELECT COUNT() has its number in totalSize and no records. [D]."""
    assert api.query("SELECT COUNT() FROM Contact WHERE AccountId != null") == {"totalSize": 4, "done": True, "records": []}


@pytest.mark.usefixtures("world")
def test_groups(api: Api) -> None:
    """Grouped answers are AggregateResults; unnamed functions are expr0, expr1. [D]."""
    soql = "SELECT Account.Name, COUNT(Id), MAX(LastName) latest FROM Contact GROUP BY Account.Name ORDER BY Account.Name"
    assert api.query(soql)["records"] == [
        {"attributes": {"type": "AggregateResult"}, "Name": None, "expr0": 1, "latest": "O'Neil"},
        {"attributes": {"type": "AggregateResult"}, "Name": "Acme", "expr0": 2, "latest": "Lovelace"},
        {"attributes": {"type": "AggregateResult"}, "Name": "Beta", "expr0": 2, "latest": "Turing"},
    ]
    having = "SELECT MailingCity, COUNT(Id) n FROM Contact GROUP BY MailingCity HAVING COUNT(Id) > 1"
    assert api.records(having) == [{"MailingCity": "London", "n": 2}]
    assert api.records("SELECT SUM(AnnualRevenue) s, AVG(AnnualRevenue) a, COUNT_DISTINCT(Name) n FROM Account") == [
        {"s": 40, "a": 20, "n": 2}
    ]


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT FROM Contact", "MALFORMED_QUERY"),
        ("SELECT Id FROM", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE Name = 'a' OR Name = 'b' AND Name = 'c'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE Name = 'a", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact LIMIT many", "MALFORMED_QUERY"),
        ("SELECT Name, COUNT(Id) FROM Contact", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact HAVING COUNT(Id) > 1", "MALFORMED_QUERY"),
        ("SELECT Id, Id FROM Contact", "INVALID_FIELD"),
        ("SELECT FIELDS(ALL) FROM Contact", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE"),
        ("SELECT Id FROM Nothing", "INVALID_TYPE"),
        ("SELECT Id, (SELECT Id FROM Nothings) FROM Account", "INVALID_TYPE"),
        ("SELECT Nope FROM Contact", "INVALID_FIELD"),
        ("SELECT Nope.Name FROM Contact", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE Description = 'x'", "INVALID_FIELD"),
        ("SELECT Id FROM Contact ORDER BY Description", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE Name = 3", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE CreatedDate > '2026-01-01T00:00:00Z'", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE Birthdate > 2026-01-01T00:00:00Z", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE Id = 'xyz'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id, FIELDS(STANDARD) FROM Contact", "INVALID_FIELD"),
        ("SELECT Id FROM Contact FOR NONSENSE", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact UPDATE NONSENSE", "MALFORMED_QUERY"),
        ("SELECT Account.Name, Owner.Name, COUNT(Id) FROM Contact GROUP BY Account.Name, Owner.Name", "MALFORMED_QUERY"),
        ("SELECT LastName, COUNT(Id) FROM Contact GROUP BY LastName ORDER BY FirstName", "MALFORMED_QUERY"),
        ("SELECT COUNT(Id) FROM Contact GROUP BY ROLLUP(LastName, FirstName, Title, Email)", "MALFORMED_QUERY"),
    ],
)
def test_what_is_refused(api: Api, soql: str, code: str) -> None:
    """Statements that mean nothing are refused with the platform's code. [D] SOQL guide, errorcodes."""
    answer = api.query(soql)
    assert isinstance(answer, list), answer
    assert answer[0]["errorCode"] == code


def test_pages_and_locators(api: Api, control: Control) -> None:
    """Pages have 2,000 records; the next is at a path on the same server, and the last says done. [R]."""
    control.seed("Contact", ({"LastName": f"N{at}"} for at in range(4100)))
    page = api.query("SELECT Id FROM Contact")
    seen = [row["Id"] for row in page["records"]]
    sizes = [len(seen)]
    assert page["totalSize"] == 4100
    while not page["done"]:
        assert page["nextRecordsUrl"].startswith("/services/data/v67.0/query/01g")
        page = api.json("GET", page["nextRecordsUrl"])
        sizes.append(len(page["records"]))
        seen += [row["Id"] for row in page["records"]]
    assert sizes == [2000, 2000, 100]
    assert len(set(seen)) == 4100


def test_page_size_is_a_hint(api: Api, control: Control) -> None:
    """BatchSize is between 200 and 2,000; two long text fields make pages of 200. [D] headers-queryoptions."""
    control.seed("Contact", ({"LastName": f"N{at}"} for at in range(500)))
    for asked, size in (("1", 200), ("300", 300), ("9999", 500)):
        page = api.query("SELECT Id FROM Contact", headers={"Sforce-Query-Options": f"batchSize={asked}"})
        assert len(page["records"]) == size
    control.define_field("Contact", "Story__c", type="textarea", length=32768)
    assert len(api.query("SELECT Id, Description, Story__c FROM Contact")["records"]) == 200


def test_a_locator_is_a_snapshot_that_ends(api: Api, control: Control, org: Org) -> None:
    """Pages are of the moment of the query [U]; after two days the locator is INVALID_QUERY_LOCATOR. [U]."""
    ids = control.seed("Contact", ({"LastName": f"N{at}"} for at in range(2001)))
    page = api.query("SELECT LastName FROM Contact ORDER BY Id")
    control.edit_as(org.admin_id, ids[-1], {"LastName": "Changed"})
    assert api.json("GET", page["nextRecordsUrl"])["records"][0]["LastName"] == "N2000"
    org.clock.move(timedelta(days=2))
    api.token = Control(org).token()
    answer: Any = api.json("GET", page["nextRecordsUrl"])
    assert answer[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_keyset_pages_over_equal_stamps(api: Api, control: Control) -> None:
    """Reading by (SystemModstamp, Id) sees every record once, however many share a second. [U]."""
    control.seed("Contact", ({"LastName": f"N{at}"} for at in range(900)))
    control.org.clock.move(timedelta(seconds=1))
    control.seed("Contact", ({"LastName": f"M{at}"} for at in range(450)))
    seen: list[str] = []
    where = ""
    while True:
        rows = api.records(f"SELECT Id, SystemModstamp FROM Contact {where} ORDER BY SystemModstamp, Id LIMIT 200")
        if not rows:
            break
        seen += [row["Id"] for row in rows]
        last = rows[-1]
        at = last["SystemModstamp"].replace("+0000", "Z")
        where = f"WHERE SystemModstamp > {at} OR (SystemModstamp = {at} AND Id > '{last['Id']}')"
    assert seen == sorted(set(seen))
    assert len(seen) == 1350


def test_an_index_sees_what_moved(api: Api, control: Control, org: Org) -> None:
    """Queries by stamp, key and reference follow every later change. [D]."""
    control.define_field("Contact", "Ext__c", externalId=True, unique=True, idLookup=True)
    ids = control.seed("Contact", ({"LastName": f"N{at}", "Ext__c": f"k{at}"} for at in range(50)))
    assert len(names(api, "SystemModstamp >= 2026-11-02T09:00:00Z")) == 50
    assert names(api, "Ext__c = 'K7'") == ["N7"]
    org.clock.move(timedelta(minutes=1))
    control.edit_as(org.admin_id, ids[7], {"LastName": "Moved", "Ext__c": "other"})
    control.delete_as(org.admin_id, ids[8])
    assert names(api, "SystemModstamp > 2026-11-02T09:00:30Z") == ["Moved"]
    assert names(api, "SystemModstamp > 2026-11-02T09:00:30Z", everything=True) == ["Moved", "N8"]
    assert names(api, "Ext__c IN ('k7', 'other', 'k8')") == ["Moved"]


def test_the_uri_has_a_limit(api: Api) -> None:
    """A GET of more than 16,384 bytes is 414. [D]."""
    ids = ",".join("'003000000000001AAA'" for _ in range(700))
    assert api.get(f"query?q={quote(f'SELECT Id FROM Contact WHERE Id IN ({ids})')}").status == 414


def test_fields_functions(api: Api, control: Control) -> None:
    """FIELDS(CUSTOM) is the custom fields, within LIMIT 200. [D]."""
    control.define_field("Contact", "Ext__c")
    control.seed("Contact", [{"LastName": "A", "Ext__c": "x"}])
    assert api.records("SELECT FIELDS(CUSTOM) FROM Contact LIMIT 200") == [{"Ext__c": "x"}]
    assert "LastName" in api.records("SELECT FIELDS(STANDARD) FROM Contact")[0]


def test_multipicklist_operators(api: Api, control: Control) -> None:
    """INCLUDES and EXCLUDES look into several choices; a semicolon means both. [D]."""
    control.define_field("Contact", "Topics__c", type="multipicklist", values=["A", "B", "C"])
    control.seed("Contact", [{"LastName": "1", "Topics__c": "A;B"}, {"LastName": "2", "Topics__c": "B"}, {"LastName": "3"}])
    assert names(api, "Topics__c INCLUDES ('A')") == ["1"]
    assert names(api, "Topics__c INCLUDES ('A;C', 'B')") == ["1", "2"]
    assert names(api, "Topics__c EXCLUDES ('B')") == ["3"]


def test_polymorphic_parents(api: Api, control: Control) -> None:
    """Who.Type tells the object; TYPEOF prints fields by it. [D]."""
    account = control.seed("Account", [{"Name": "Acme", "Phone": "1"}])[0]
    contact = control.seed("Contact", [{"LastName": "One"}])[0]
    api.create("Task", WhatId=account, WhoId=contact)
    assert api.records("SELECT Who.Type, What.Name FROM Task WHERE What.Type = 'Account'")[0]["Who"]["Type"] == "Contact"
    row = api.records("SELECT TYPEOF What WHEN Account THEN Phone ELSE Name END FROM Task")[0]
    assert row["What"]["Phone"] == "1"


@pytest.mark.parametrize(
    ("literal", "first", "last"),
    [
        ("N_FISCAL_QUARTERS_AGO:1", "2026-07-01", "2026-09-30"),
        ("n_fiscal_quarters_ago:4", "2025-10-01", "2025-12-31"),
        ("N_FISCAL_YEARS_AGO:1", "2025-01-01", "2025-12-31"),
        ("N_QUARTERS_AGO:1", "2026-07-01", "2026-09-30"),
        ("LAST_N_FISCAL_YEARS:2", "2024-01-01", "2025-12-31"),
        ("NEXT_FISCAL_QUARTER", "2027-01-01", "2027-03-31"),
    ],
)
def test_fiscal_periods(api: Api, control: Control, literal: str, first: str, last: str) -> None:
    """Every date literal of fiscal quarters and years is known; fiscal years are calendar years here. [D] SOQL guide."""
    days = [date.fromisoformat(day) for day in (first, last)]
    around = [days[0] - timedelta(1), *days, days[1] + timedelta(1)]
    control.seed("Contact", [{"LastName": "L", "Birthdate": day.isoformat()} for day in around])
    found = api.records(f"SELECT Birthdate FROM Contact WHERE Birthdate = {literal} ORDER BY Birthdate")
    assert [row["Birthdate"] for row in found] == [first, last]


@pytest.mark.parametrize("literal", ["LAST_N_YEARS:99999", "N_DAYS_AGO:9999999", "NEXT_N_MONTHS:999999", "NEXT_N_YEARS:7973"])
@pytest.mark.parametrize("field", ["Birthdate", "CreatedDate"])
def test_periods_beyond_all_years(api: Api, field: str, literal: str) -> None:
    """A date literal that leads out of the calendar is refused. [U]."""
    assert api.query(f"SELECT Id FROM Contact WHERE {field} = {literal}")[0]["errorCode"] == "MALFORMED_QUERY"


def column(name: str, **said: object) -> dict[str, object]:
    """How a column is described that has nothing special."""
    flags = ("aggregate", "booleanType", "custom", "insertable", "numberType", "textType", "updatable")
    plain = {"apexType": None, "columnName": name, "displayName": name, "foreignKeyName": None}
    return {**plain, "joinColumns": [], **dict.fromkeys(flags, False), **said}


def test_columns(api: Api) -> None:
    """columns=true describes the select list: fields, parents and children with theirs, sums. [R] tests of plugin-data."""
    text, free = {"apexType": "String", "textType": True}, {"insertable": True, "updatable": True}
    name, last = column("Name", **text), column("LastName", **text, **free)
    average = column("expr0", aggregate=True, displayName="avg(Amount)", numberType=True)
    grouped = [column("CampaignId", apexType="Id", **free), average]
    expected = {
        "SELECT Id, Name FROM Contact": [column("Id", apexType="Id"), name],
        "SELECT (SELECT LastName FROM Contacts) FROM Account": [column("Contacts", aggregate=True, joinColumns=[last])],
        "SELECT CampaignId, AVG(Amount) FROM Opportunity GROUP BY CampaignId": grouped,
        "SELECT Owner.Name FROM Contact": [column("Owner", foreignKeyName="OwnerId", joinColumns=[name])],
    }
    for soql, columns in expected.items():
        assert api.json("GET", f"query?q={quote(soql)}&columns=true")["columnMetadata"] == columns


def test_other_columns(api: Api, control: Control) -> None:
    """Aliases are columns, other types are told, FIELDS() is taken apart, parents stand within parents. [U]."""
    control.define_field("Contact", "Size__c", type="double", precision=4, scale=0)

    def ask(soql: str) -> Any:
        return api.json("GET", f"query?q={quote(soql)}&columns=true")

    answer = ask("SELECT Name n, MAX(LastName) m, COUNT(Id) FROM Contact GROUP BY Name")
    assert [(each["columnName"], each["displayName"]) for each in answer["columnMetadata"]] == [
        *(("n", "n"), ("m", "max(LastName)"), ("expr0", "count(Id)"))
    ]
    assert (answer["entityName"], answer["groupBy"], answer["idSelected"], answer["keyPrefix"]) == ("Contact", True, False, "003")
    (size,) = ask("SELECT FIELDS(CUSTOM) FROM Contact LIMIT 1")["columnMetadata"]
    assert (size["columnName"], size["custom"], size["numberType"], size["apexType"]) == ("Size__c", True, True, "Double")
    (above,) = ask("SELECT Account.Owner.IsActive FROM Contact")["columnMetadata"]
    (inner,) = above["joinColumns"][0]["joinColumns"]
    assert (above["columnName"], inner["columnName"], inner["booleanType"]) == ("Account", "IsActive", True)
    for soql in ("SELECT COUNT() FROM Contact", "SELECT TYPEOF What WHEN Account THEN Name END FROM Task"):
        assert len(ask(soql)["columnMetadata"]) == 1
    (source,) = ask("SELECT toLabel(LeadSource) FROM Contact")["columnMetadata"]
    assert (source["columnName"], source["aggregate"]) == ("LeadSource", False)


def test_wide_reads_follow_every_change(api: Api, control: Control, org: Org) -> None:
    """Records that were read before are printed as they are now, however often they were read. [D]."""
    ids = control.seed("Contact", ({"LastName": f"N{at}"} for at in range(3)))
    wide = (
        "SELECT Id, LastName, FirstName, Email, Phone, Title, Department, MailingCity, IsDeleted, IsEmailBounced "
        "FROM Contact ORDER BY Id"
    )
    readings = [api.query(wide) for _ in range(3)]
    assert readings[0] == readings[1] == readings[2]
    assert readings[0]["records"][0]["IsEmailBounced"] is False
    control.edit_as(org.admin_id, ids[1], {"LastName": "Changed"})
    for _ in range(3):
        assert [row["LastName"] for row in api.query(wide)["records"]] == ["N0", "Changed", "N2"]


def test_texts_of_refusals(api: Api) -> None:
    """What tools look for in a refusal is there: stars, bind variables, semi-joins, groups. [I] forums and issue threads."""
    semi = "AccountId IN (SELECT Id FROM Account)"
    nested = "AccountId IN (SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact))"
    refusals = {
        "SELECT * FROM Contact": "unexpected token: '*'",
        "SELECT Id FROM Contact WHERE Name = :name": "Bind variables only allowed in Apex code",
        f"SELECT Id FROM Contact WHERE {nested}": "Nesting of semi join sub-selects is not supported",
        f"SELECT Id FROM Contact WHERE {semi} OR LastName = 'x'": "Semi join sub-selects are not allowed with the 'OR' operator",
        f"SELECT Id FROM Contact WHERE {semi} AND {semi} AND {semi}": "Maximum 2 semi join sub-selects are allowed",
        "SELECT Description FROM Contact GROUP BY Description": "field 'Description' can not be grouped in a query call",
        "SELECT FirstName, COUNT(Id) FROM Contact GROUP BY LastName": "Field must be grouped or aggregated: FirstName",
        "SELECT LastName, COUNT(LastName) FROM Contact GROUP BY LastName": "Grouped field should not be aggregated: LastName",
        "SELECT Id FROM Contact WHERE CreatedDate = LAST_N_DAYS": "unexpected token: <EOF>",
        "SELECT Id FROM Contact WHERE CreatedDate = TODAY:3": "unexpected token: ':'",
        "SELECT LastName n FROM Contact": "only aggregate expressions use field aliasing",
        "SELECT Id, (SELECT COUNT(Id) FROM Contacts) FROM Account": "only root queries support aggregate expressions",
        "SELECT FIELDS(ALL) FROM Contact": "The SOQL FIELDS function must have a LIMIT of at most 200",
    }
    for soql, text in refusals.items():
        answer = api.query(soql)
        assert answer[0]["message"].endswith(text), answer


def test_a_field_twice(api: Api) -> None:
    """A field that FIELDS() brings again is refused by its name alone. [D] SOQL guide."""
    answer = api.query("SELECT Id, FIELDS(ALL) FROM User LIMIT 200")
    assert answer == [{"message": "duplicate field selected: Id", "errorCode": "INVALID_FIELD"}]


def test_labels_and_forms(api: Api, control: Control) -> None:
    """toLabel() prints a value's label; the value itself is what conditions compare. [D] SOQL guide."""
    values = [{"value": "web", "label": "From the web"}]
    control.define_field("Contact", "Via__c", type="picklist", picklistValues=values)
    control.seed("Contact", [{"LastName": "L", "Via__c": "web"}])
    assert api.records("SELECT toLabel(Via__c) FROM Contact WHERE Via__c = 'web'") == [{"Via__c": "From the web"}]
    assert api.records("SELECT toLabel(Via__c) v, COUNT(Id) n FROM Contact GROUP BY Via__c") == [{"v": "From the web", "n": 1}]


def test_format(api: Api, control: Control) -> None:
    """FORMAT() prints numbers, dates and times as the user's locale has them, in the user's zone. [U]."""
    control.seed("Account", [{"Name": "A", "AnnualRevenue": 1234567}])
    control.seed("Contact", [{"LastName": "L", "Birthdate": "1990-02-03"}])
    assert api.records("SELECT FORMAT(AnnualRevenue) f FROM Account") == [{"f": "$1,234,567"}]
    printed = api.records("SELECT FORMAT(Birthdate) b, FORMAT(CreatedDate) c FROM Contact")[0]
    assert printed["b"] == "2/3/1990"
    assert printed["c"].endswith((" AM", " PM"))


def test_a_plan(api: Api, control: Control) -> None:
    """?explain= answers plans and the statement; a statement that cannot be read is refused as ever. [D] REST guide."""
    control.seed("Contact", [{"LastName": "L"}])
    found = api.json("GET", "query?explain=SELECT+Id+FROM+Contact")
    assert (found["sourceQuery"], found["plans"][0]["sobjectType"]) == ("SELECT Id FROM Contact", "Contact")
    assert set(found["plans"][0]) == {
        *("cardinality", "fields", "leadingOperationType", "notes", "relativeCost", "sobjectCardinality", "sobjectType"),
    }
    assert api.json("GET", "query?explain=SELECT+FROM")[0]["errorCode"] == "MALFORMED_QUERY"


def test_comments_are_skipped(api: Api) -> None:
    """Comments in a statement say nothing. [C] a corpus of statements."""
    assert api.query("SELECT Id /* the key */ FROM Contact // all of them\nLIMIT 1")["totalSize"] == 0
