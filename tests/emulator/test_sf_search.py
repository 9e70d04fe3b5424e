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
    rows = [("Ada", "Lovelace", "ada@x.org"), ("Grace", "Hopper", "grace@x.org"), ("Adam", "Smith", "smith@love.org")]
    return control.seed("Contact", [{"FirstName": first, "LastName": last, "Email": mail} for first, last, mail in rows])


@pytest.mark.parametrize(
    ("find", "expected"),
    [
        ("FIND {lovelace} RETURNING Contact(LastName)", ["Lovelace"]),
        ("FIND {ada*} IN NAME FIELDS RETURNING Contact(LastName ORDER BY LastName)", ["Lovelace", "Smith"]),
        ("FIND {ada} IN NAME FIELDS RETURNING Contact(LastName)", ["Lovelace"]),
        ("FIND {x.org} IN EMAIL FIELDS RETURNING Contact(LastName WHERE FirstName = 'Grace')", ["Hopper"]),
        ("FIND {lovelace} RETURNING Account(Name), Contact(LastName)", ["Lovelace Ltd", "Lovelace"]),
    ],
)
@pytest.mark.usefixtures("people")
def test_find(api: Api, find: str, expected: list[str]) -> None:
    """FIND looks for words in text fields and prints the fields asked for. [D] SOSL, basic forms only."""
    found = api.json("GET", f"search?q={quote(find)}")["searchRecords"]
    assert [each.get("LastName") or each.get("Name") for each in found] == expected


@pytest.mark.usefixtures("people")
def test_parameterized_search(api: Api) -> None:
    """The parameterized form finds the same. [D]."""
    found = api.json("GET", "parameterizedSearch?q=hopper&sobject=Contact&Contact.fields=LastName")["searchRecords"]
    assert [each["LastName"] for each in found] == ["Hopper"]


def test_tooling_without_code(api: Api) -> None:
    """There is no Apex; unknown objects are INVALID_TYPE with 400. [T] sf."""
    assert api.json("GET", f"tooling/query?q={quote('SELECT Id FROM ApexClass')}")["totalSize"] == 0
    answer = api.get(f"tooling/query?q={quote('SELECT Id FROM SandboxProcess')}")
    assert (answer.status, answer.json()[0]["errorCode"]) == (400, "INVALID_TYPE")  # type: ignore[index]


def test_duplicate_rules(api: Api, control: Control, people: list[str]) -> None:
    """A duplicate is refused with duplicateResut, spelt so; allowSave gets past an alert, never past a block. [C]; [D]."""
    control.duplicate_rule("Contact", ["Email"])
    body = {"LastName": "Byron", "Email": "ADA@x.org"}
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
