"""Large reads: records that are put together from sheets are printed as each of them is by itself."""

# ruff: noqa: S608 - the statements go to the emulator, and nothing in them comes from outside

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.clock import Clock
from emulator.http import json_text, request
from emulator.salesforce.control import Control
from emulator.salesforce.org import Org
from emulator.salesforce.service import SalesforceApp
from emulator.salesforce.sheets import Sheet
from emulator.salesforce.soql.execute import run
from emulator.salesforce.table import Table
from tests.emulator.api import Api

VERSION = "67.0"
SHEET = 100
PAGE = 200
COUNT = 430
"""Four sheets and a rest; pages begin and end within sheets as soon as a record is gone."""

COLUMNS = (
    *("Id", "IsDeleted", "LastName", "FirstName", "Name", "Email", "Title", "HasOptedOutOfEmail", "Birthdate", "AccountId"),
    *("MailingCity", "MailingAddress", "OtherAddress", "PhotoUrl", "CreatedDate", "SystemModstamp", "Description"),
    *("Flag__c", "Late__c", "Number__c", "Sum__c", "Owner.Name", "Account.Name", "Account.Owner.Username"),
    *("Account.Late__c", "toLabel(LeadSource)", "(SELECT Id FROM Cases)", "CreatedBy.Id"),
)
CONDITIONS = ("", "WHERE Email != null", "WHERE LastName LIKE '%7%'", "WHERE SystemModstamp >= {middle}", "WHERE Id > '{id}'")
ORDERS = ("", "ORDER BY Id", "ORDER BY SystemModstamp, Id", "ORDER BY SystemModstamp DESC", "ORDER BY LastName")
EDITS: tuple[dict[str, Any], ...] = (
    {"LastName": 'Quote " and \\ and é\u2028'},
    {"Email": None},
    {"Title": "Dr"},
    {"Flag__c": True},
    {"Number__c": 0},
    {"Number__c": -0.0},
    {"Email": None, "FirstName": None},
    {"MailingCity": None, "MailingCountry": None},
    {"OtherStreet": "1 Way\nBehind"},
    {"OtherCity": None},
    {"Late__c": False},
)


def university() -> Control:
    """An organisation whose contacts are on small sheets, seeded in two goes; one field came after the records."""
    org = Org()
    org.tables["Contact"] = Table(sheet=SHEET)
    control = Control(org)
    control.define_field("Contact", "Flag__c", type="boolean")
    control.define_field("Contact", "Number__c", type="double", precision=9, scale=2)
    control.define_field("Contact", "Sum__c", type="double", calculated=True, calculatedFormula="Number__c + 1", createable=False)
    accounts = control.seed("Account", [{"Name": "Acme"}, {"Name": "Beta"}])

    def person(at: int) -> dict[str, Any]:
        return {
            "LastName": f"Person {at % 97}",
            "FirstName": f"Given {at}" if at % 3 else None,
            "Email": f"p{at}@university.example" if at % 5 else None,
            "MailingCity": f"Town {at % 4}",
            "MailingCountry": "Canada" if at >= SHEET or at % 2 else None,
            "OtherCity": "Elsewhere" if at % 50 == 0 else None,
            "Number__c": (0.0, -0.0, 1, 2.5, None)[at % 5],
            "AccountId": accounts[at % 2] if at % 9 else None,
        }

    half = COUNT // 2
    control.seed("Contact", map(person, range(half)))
    org.clock.move(timedelta(minutes=1))
    control.seed("Contact", map(person, range(half, COUNT)))
    for sobject in ("Contact", "Account"):
        control.define_field(sobject, "Late__c", type="boolean")
    return control


def deed(control: Control, kind: str, which: int, values: dict[str, Any]) -> None:
    """Something happens to contacts; the clock goes on now and then."""
    admin, rows = control.org.admin_id, control.rows("Contact")
    which %= len(rows)
    id_ = rows[which]["Id"]
    control.org.clock.move(timedelta(seconds=which % 2))
    match kind:
        case "edit":
            for row in rows[which : which + (150 if which % 3 else 1)]:
                control.edit_as(admin, row["Id"], values)
        case "rewrite":
            # No stamp tells of it, and 0 equals the False that was there but is printed differently.
            for row in rows[which // 2 :]:
                control.rewrite(row["Id"], values if which % 2 else {"Flag__c": 0})
        case "remove":
            control.delete_as(admin, id_)
            if which % 3 == 1:
                control.empty_bin([id_])
            elif which % 3 == 2:
                control.undelete_as(admin, id_)
        case "create":
            control.org.run_late(which % 2, lambda: control.create_as(admin, "Contact", {"LastName": "New", **values}))
            control.seed("Contact", [{"LastName": "Meanwhile"}])
            control.move_clock(seconds=2)


deeds = st.lists(
    st.tuples(
        st.sampled_from(["edit", "rewrite", "remove", "create"]),
        st.integers(0, COUNT),
        st.sampled_from(EDITS),
    ),
    min_size=1,
    max_size=6,
)


scalars = st.sampled_from([None, "", "1", "é", 'a "b"', True, False, 1, 0, 1.0, 0.0, -0.0, 0.1, 2**70])


@given(values=st.lists(scalars, min_size=1, max_size=8), changes=st.dictionaries(st.integers(0, 7), scalars))
def test_a_sheet_has_each_value_as_it_is(values: list[Any], changes: dict[int, Any]) -> None:
    """Values that are equal but of another kind keep their own texts; what changes is written anew, and on this sheet alone."""

    def record(at: int, value: object) -> dict[str, Any]:
        return {"Id": f"003{at}", "Value": value} if value is not None else {"Id": f"003{at}"}

    sheet = Sheet([record(at, value) for at, value in enumerate(values)])
    other, before = sheet.copy(), dict(sheet.columns)
    for done in ({}, {at: value for at, value in changes.items() if at < len(values)}):
        sheet.hold({at: record(at, value) for at, value in done.items()})
        values = [done.get(at, value) for at, value in enumerate(values)]
        found = sheet.columns.get("Value")
        assert (found is None) == all(value is None for value in values)
        texts = [found] * len(values) if isinstance(found, bytes) else found or [b',"Value":null'] * len(values)
        assert list(texts) == [b',"Value":' + json_text(value) for value in values]
    assert other.columns == before


@settings(max_examples=80)
@given(
    columns=st.builds(lambda shuffled, count: shuffled[:count], st.permutations(COLUMNS), st.integers(1, len(COLUMNS))),
    condition=st.sampled_from(CONDITIONS),
    order=st.sampled_from(ORDERS),
    before=deeds,
    between=deeds,
)
def test_pages_say_what_each_record_says(
    columns: list[str],
    condition: str,
    order: str,
    before: list[tuple[str, int, dict[str, Any]]],
    between: list[tuple[str, int, dict[str, Any]]],
) -> None:
    """Whatever is asked for and whatever happened: pages are the records one by one, as they were when the query ran."""
    control = university()
    org = control.org
    app, headers = SalesforceApp(org), {"Authorization": f"Bearer {control.token()}"}
    headers["Sforce-Query-Options"] = f"batchSize={PAGE}"
    middle = org.stamp().replace("+0000", "Z")
    some = control.rows("Contact")[COUNT // 3]["Id"]
    soql = f"SELECT {', '.join(columns)} FROM Contact {condition.format(middle=middle, id=some)} {order}"

    def expected() -> list[bytes]:
        found = run(org, org.access(org.admin_id), soql, version=VERSION)
        return [orjson.dumps(found.show(row)) for row in found.rows]

    def page(target: str, records: list[bytes]) -> tuple[int, str]:
        answer = app.handle(request("GET", target, headers=headers))
        found = orjson.loads(answer.body)
        head = {key: found[key] for key in ("totalSize", "done", "nextRecordsUrl") if key in found}
        size = len(found["records"])
        assert answer.body == orjson.dumps(head)[:-1] + b',"records":[' + b",".join(records[:size]) + b"]}"
        return size, head.get("nextRecordsUrl", "")

    target = first = f"/services/data/v{VERSION}/query?q={quote(soql)}"
    for one in before:
        deed(control, *one)
    left = expected()
    while target:
        size, target = page(target, left)
        del left[:size]
        for one in between:
            deed(control, *one)
        page(first, expected())
    assert not left


def test_a_copy_goes_its_own_way() -> None:
    """What is written to an organisation or to its copy shows in the pages of that one alone."""
    control = university()
    other = Control(control.org.copy(Clock()))
    for each, title in ((control, "Dr"), (other, "Prof"), (control, "Dean")):
        each.seed("Contact", [{"LastName": title, "Title": title}] * (SHEET + 1))
        deed(each, "edit", 1, {"Title": title})
        for one in (control, other):
            found = run(one.org, one.org.access(one.org.admin_id), "SELECT Id, LastName, Title FROM Contact", version=VERSION)
            expected = b",".join(orjson.dumps(found.show(row)) for row in found.rows)
            assert found.printing is not None
            assert found.printing.text(found.rows, b"[", b"]") == b"[" + expected + b"]"


def test_a_large_read_agrees_with_single_reads(api: Api, control: Control) -> None:
    """What a query of thousands prints about a record is what a request for that record alone prints."""
    control.define_field("Contact", "Sum__c", type="double", calculated=True, calculatedFormula="LEN(LastName)")
    people = ({"LastName": f"N{at}", "MailingCity": f"Town {at % 7}", "MailingCountry": "Canada"} for at in range(2_500))
    ids = control.seed("Contact", people)
    control.edit_as(api.org.admin_id, ids[100], {"MailingCity": None, "MailingCountry": None, "DoNotCall": True})
    records = api.query("SELECT FIELDS(STANDARD), Sum__c FROM Contact")["records"]
    assert len(records) == 2_000
    names = ",".join(name for name in records[0] if name != "attributes")
    for at in (0, 1, 99, 100, 101, 1_999):
        assert records[at] == api.json("GET", f"sobjects/Contact/{ids[at]}?fields={names}")
