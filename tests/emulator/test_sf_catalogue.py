"""The fault catalogue: every fault of its sections A to F on order."""

import re
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests

from emulator.http import CUT_EVERYTHING, Response, request
from emulator.inprocess import AppAdapter
from emulator.salesforce.control import Control
from emulator.salesforce.distortions import BENDS, distort
from emulator.salesforce.named import names
from emulator.salesforce.org import Org
from emulator.salesforce.service import SalesforceApp
from tests.emulator.api import Api

PAGE = Path(__file__).parents[2] / "docs" / "emulator.md"
BASE = "https://university.my.salesforce.com/services/data/v67.0"
LINE = re.compile(r"^\| (F\d+(?:, F\d+)*) \|(.*)\|$", re.MULTILINE)
ORDER = re.compile(r"`(\w+) (\{.*?\})`")


def rows() -> list[tuple[str, str]]:
    """The rows of the page's table: the faults of each, and how to order them."""
    return LINE.findall(PAGE.read_text(encoding="utf-8"))


@pytest.fixture
def world(org: Org, control: Control) -> dict[str, str]:
    """An organisation with what the orders of the page are about."""
    control.define_field("Contact", "Ext__c", externalId=True, unique=True, idLookup=True)
    control.define_field("Task", "Ext__c", externalId=True, unique=True, idLookup=True)
    control.permission_set("Reader", objects={"Contact": "cre"}, fields={"Contact.Email": "rw"})
    user = control.add_user("officer", permission_sets=["Reader"])
    contact, other = control.seed("Contact", [{"LastName": "A", "Ext__c": "a"}, {"LastName": "B", "Ext__c": "b"}])
    task = control.seed("Task", [{"Subject": "T", "WhoId": contact}])[0]
    assert org.id
    return {"CONTACT": contact, "OTHER": other, "USER": user, "TASK": task, "KEY": "a"}


def test_the_page_names_every_fault() -> None:
    """Each number from 1 to 91 has its row in the table of the page. [C] own."""
    numbers = [int(number) for faults, _ in rows() for number in re.findall(r"\d+", faults)]
    assert sorted(numbers) == list(range(1, 92))


@pytest.mark.parametrize(("faults", "how"), rows(), ids=lambda text: text.split(" ")[0][:8])
def test_every_order_of_the_page_is_taken(world: dict[str, str], org: Org, faults: str, how: str) -> None:
    """The orders of the page are orders that the control door carries out. [C] own."""
    app = SalesforceApp(org, control_token="t")
    orders = ORDER.findall(how)
    assert orders or faults in {"F30", "F40", "F62", "F82"}
    if faults == "F53":
        Control(org).delete_as(org.admin_id, world["CONTACT"])
    for method, arguments in orders:
        for word, value in world.items():
            arguments = arguments.replace(f'"{word}"', f'"{value}"')  # noqa: PLW2901 - filled in step by step
        answer = app.handle(request("POST", f"/__control__/{method}", headers={"X-Control-Token": "t"}, body=arguments))
        assert answer.status == 200, (method, arguments, answer.body)


def test_every_named_answer_and_distortion_can_be_ordered(api: Api, control: Control) -> None:
    """Whatever name an order uses, the client gets an answer or a broken connection. [C] own."""
    for name in set(names()) - {"HUGE", "GZIP_BOMB"}:
        control.order_fault("GET", answer=name)
        assert api.get("sobjects").status >= 0
    for how in BENDS:
        control.order_fault("query", distort=f"{how}:1" if how == "wrong_total" else how)
        assert api.query("SELECT Id FROM User") is not None
    with pytest.raises(KeyError):
        control.order_fault(".", answer="NO_SUCH_ANSWER")
    with pytest.raises(KeyError):
        control.order_fault(".", distort="no_such_way")


@pytest.mark.parametrize("body", [b"[]", b'[{"id":"a","success":true}]', b"{}", b'{"compositeResponse":[]}', b"null", b"<html>"])
@pytest.mark.parametrize("how", sorted(BENDS))
def test_every_distortion_fits_every_answer(how: str, body: bytes) -> None:
    """Whatever an answer is made of, an order to distort it changes it or leaves it, and the emulator goes on. [C] own."""
    assert distort(Response(status=200, body=body), how).status == 200


def client(org: Org, slept: list[float]) -> requests.Session:
    """A requests session on the organisation that notes how long it would have slept."""
    made = requests.Session()
    made.headers["Authorization"] = f"Bearer {Control(org).token()}"
    made.mount("https://", AppAdapter(SalesforceApp(org), sleep=slept.append))
    return made


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("CONNECTION_REFUSED", requests.ConnectionError),
        ("DNS_FAILURE", requests.ConnectionError),
        ("CONNECT_TIMEOUT", requests.ConnectTimeout),
        ("BAD_CERTIFICATE", requests.exceptions.SSLError),
    ],
)
def test_connections_that_never_come_about(org: Org, control: Control, answer: str, error: type[Exception]) -> None:
    """F1 to F3: the connection fails as ordered, and the request never acts. [C] requests."""
    control.order_fault("POST", answer=answer)
    with pytest.raises(error):
        client(org, []).post(f"{BASE}/sobjects/Contact", json={"LastName": "A"})
    assert control.rows("Contact") == []


def test_a_slow_body(org: Org, control: Control) -> None:
    """F7: a body of one byte a second takes as many seconds as it has bytes. [C] own."""
    slept: list[float] = []
    control.order_fault("GET", pace=1)
    answer = client(org, slept).get(f"{BASE}/query", params={"q": "SELECT Id FROM Contact"})
    assert answer.json()["done"] is True
    assert sum(slept) == len(answer.content)


@pytest.mark.parametrize("headers", [{}, {"Transfer-Encoding": "chunked"}])
def test_a_body_cut_short(org: Org, control: Control, headers: dict[str, str]) -> None:
    """F8: an answer breaks off after the ordered number of bytes. [C] requests."""
    control.order_fault("GET", cut=20, headers=headers)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        client(org, []).get(f"{BASE}/query", params={"q": "SELECT Id FROM Contact"})


def test_bodies_without_measure(org: Org, control: Control) -> None:
    """F10: an endless body goes on for ever, a gzip bomb unpacks to a thousand times its size. [C] own."""
    control.order_fault("GET", answer="ENDLESS")
    answer = client(org, []).get(f"{BASE}/sobjects", stream=True)
    pieces = answer.iter_content(65_536)
    assert sum(len(next(pieces)) for _ in range(40)) > 2_000_000
    control.order_fault("GET", answer="GZIP_BOMB")
    bomb = Api(org).get("sobjects")
    assert (bomb.headers["Content-Encoding"], len(bomb.body) < 200_000) == ("gzip", True)


def test_redirects_and_odd_statuses(api: Api, control: Control) -> None:
    """F11 to F13: status and headers are as ordered. [C] own."""
    control.order_fault(".", status=307, headers={"Location": "https://evil.example/"})
    control.order_fault(".", status=420)
    control.order_fault(".", status=503, headers={"Retry-After": "-5"})
    answers = [api.get("limits") for _ in range(3)]
    assert [answer.status for answer in answers] == [307, 420, 503]
    assert answers[0].headers["Location"] == "https://evil.example/"
    assert (answers[1].body, list(answers[1].headers)) == (b"", ["Date"])
    assert answers[2].headers["Retry-After"] == "-5"


def test_each_answer_tells_the_orgs_time(api: Api, control: Control) -> None:
    """F124: an answer, also a fault's, has the Date of the org's own clock, whatever the host's says. [D] RFC 9110, 6.6.1."""
    before = parsedate_to_datetime(api.get("limits").headers["Date"])
    control.move_clock(seconds=3600)
    control.order_fault(".", status=503)
    faulty, well = api.get("limits"), api.get("limits")
    assert [faulty.status, well.status] == [503, 200]
    for answer in (faulty, well):
        assert timedelta(hours=1) <= parsedate_to_datetime(answer.headers["Date"]) - before < timedelta(hours=1, minutes=1)


def test_twice_through_the_door(api: Api, control: Control) -> None:
    """F15: a request ordered to be delivered twice acts twice and is answered once. [C] own."""
    control.order_fault("POST", when="twice")
    assert api.call("POST", "sobjects/Contact", {"LastName": "A"}).status == 201
    assert len(control.rows("Contact")) == 2


def test_the_answer_of_another_request(api: Api, control: Control) -> None:
    """F17, F75: a stale order repeats its first answer to whatever comes next. [C] own."""
    first, second = api.create("Contact", LastName="A"), api.create("Contact", LastName="B")
    control.order_fault("GET .*Contact/003", stale=True, count=2)
    assert api.json("GET", f"sobjects/Contact/{first}")["LastName"] == "A"
    assert api.json("GET", f"sobjects/Contact/{second}")["LastName"] == "A"
    assert api.json("GET", f"sobjects/Contact/{second}")["LastName"] == "B"


def collection(*names_: str, all_or_none: bool = False) -> dict[str, Any]:
    """The body of a collection of contacts."""
    records = [{"attributes": {"type": "Contact"}, "LastName": name} for name in names_]
    return {"allOrNone": all_or_none, "records": records}


def test_one_record_of_many_is_refused(api: Api, control: Control) -> None:
    """F19, F20, F35: a refusal by record strikes that record in a collection and no other. [C] own."""
    control.order_refusal("UNABLE_TO_LOCK_ROW", record="B", sobject="Contact", kinds=["insert"])
    answer = api.json("POST", "composite/sobjects", collection("A", "B", "C"))
    assert [each["success"] for each in answer] == [True, False, True]
    assert answer[1]["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"
    assert api.json("POST", "composite/sobjects", collection("B"))[0]["success"]


def test_one_refusal_takes_all_back(api: Api, control: Control) -> None:
    """F21: with allOrNone the siblings of an ordered refusal are rolled back. [C] own."""
    control.order_refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION", record="B")
    answer = api.json("POST", "composite/sobjects", collection("A", "B", all_or_none=True))
    codes = [each["errors"][0]["statusCode"] for each in answer]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "FIELD_CUSTOM_VALIDATION_EXCEPTION"]


def test_refusals_by_chance_are_the_same_for_a_seed(api: Api, control: Control) -> None:
    """Orders with a probability strike by draws of the seed: some records, and the same ones again. [C] own."""

    def outcome(seed: int) -> list[bool]:
        control.clear_faults()
        control.seed_faults(seed)
        control.order_refusal("UNABLE_TO_LOCK_ROW", count=1000, probability=0.5)
        return [each["success"] for each in api.json("POST", "composite/sobjects", collection(*"ABCDEFGHIJKLMNOPQRSTUVWXYZ"))]

    first = outcome(7)
    assert 4 < sum(first) < 22
    assert outcome(7) == first
    assert outcome(8) != first


def test_refusals_by_id_and_kind(api: Api, control: Control) -> None:
    """A refusal may be about one record's updates or deletes; reading goes on, the door itself is never refused. [C] own."""
    id_ = api.create("Contact", LastName="A")
    control.order_refusal("INSUFFICIENT_ACCESS_OR_READONLY", record=id_[:15], kinds=["update"], count=2)
    control.order_refusal("STORAGE_LIMIT_EXCEEDED", kinds=["insert"])
    assert api.call("PATCH", f"sobjects/Contact/{id_}", {"Title": "Dr"}).status == 400
    assert api.call("POST", "sobjects/Contact", {"LastName": "B"}).json()[0]["errorCode"] == "STORAGE_LIMIT_EXCEEDED"  # type: ignore[index]
    control.edit_as(control.org.admin_id, id_, {"Title": "Prof"})
    assert api.json("GET", f"sobjects/Contact/{id_}")["Title"] == "Prof"
    assert api.call("DELETE", f"sobjects/Contact/{id_}").status == 204


def test_a_fault_for_requests_that_name_a_record(api: Api, control: Control) -> None:
    """A request order may be about one record, wherever its address or body names it. [C] own."""
    one, other = api.create("Contact", LastName="A"), api.create("Contact", LastName="B")
    control.order_fault(".", record=one, answer="UNABLE_TO_LOCK_ROW", count=2)
    body = {"records": [{"attributes": {"type": "Contact"}, "Id": one, "Title": "Dr"}]}
    assert api.get(f"sobjects/Contact/{other}").status == 200
    assert api.get(f"sobjects/Contact/{one[:15]}").status == 400
    assert api.call("PATCH", "composite/sobjects", body).status == 400


def test_an_outage_ends(api: Api, control: Control) -> None:
    """F89: an order may last for a time. [C] own."""
    control.order_fault(".", answer="SERVER_UNAVAILABLE_HTML", count=1000, lasting=3600)
    assert api.get("limits").status == 503
    control.move_clock(seconds=3601)
    assert api.get("limits").status == 200


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("shorter", ["A"]),
        ("longer", ["A", "B", "B"]),
        ("reversed", ["B", "A"]),
        ("empty", []),
    ],
)
def test_untrue_results(api: Api, control: Control, how: str, expected: list[str]) -> None:
    """F22, F60: the records of an answer are fewer, more, in another order, or none. [C] own."""
    control.seed("Contact", [{"LastName": "A"}, {"LastName": "B"}])
    control.order_fault("query", distort=how)
    assert [row["LastName"] for row in api.query("SELECT LastName FROM Contact")["records"]] == expected


def test_untrue_ids_and_pages(api: Api, control: Control) -> None:
    """F17, F23, F47, F68: ids, reference ids, next pages, totals and values may be untrue. [C] own."""
    ids = []
    for how in ("no_id", "short_id", "other_prefix:500"):
        control.order_fault("POST", distort=how)
        ids.append(api.json("POST", "sobjects/Contact", {"LastName": "A", "Email": "a@x.example"}).get("id"))
    assert ids == [None, "003KJ0000000002", "500KJ0000000003YAA"]
    part = {"method": "GET", "url": f"{api.base}/limits", "referenceId": "one"}
    control.order_fault("composite", distort="other_reference")
    assert api.json("POST", "composite", {"compositeRequest": [part]})["compositeResponse"][0]["referenceId"] == "onex"
    control.order_fault("query", distort="foreign_page")
    assert api.query("SELECT Id FROM Contact")["nextRecordsUrl"].startswith("https://evil.example/")
    control.order_fault("query", distort="stuck")
    stuck = api.query("SELECT Id FROM Contact")
    assert (stuck["done"], stuck["records"]) == (False, [])
    control.order_fault("query", distort="wrong_total:5")
    assert api.query("SELECT Id FROM Contact")["totalSize"] == 5
    control.order_fault("query", distort="masked:Email")
    assert api.records("SELECT Email FROM Contact")[0] == {"Email": "*****"}


def test_two_records_with_one_key(world: dict[str, str], api: Api, control: Control) -> None:
    """F25: a key that two records have answers 300. [D]."""
    control.rewrite(world["OTHER"], {"Ext__c": "a"})
    assert api.call("PATCH", "sobjects/Contact/Ext__c/a", {"LastName": "N"}).status == 300


def test_administrators_interfere(world: dict[str, str], api: Api, control: Control) -> None:
    """F37, F38: flows rewrite what was saved; a clone with the key is blocked by uniqueness, one without is made. [C] own."""
    control.flow("Task", values={"Subject": "Rewritten"})
    assert control.row(api.create("Task", Subject="Mine", Ext__c="1"))["Subject"] == "Rewritten"
    control.clear_flows()
    control.flow("Task", clone=True)
    assert api.call("POST", "sobjects/Task", {"Subject": "Mine", "Ext__c": "2"}).json()[0]["errorCode"] == "DUPLICATE_VALUE"  # type: ignore[index]
    control.clear_flows()
    control.flow("Task", clone=True, leave_out=["Ext__c"])
    api.create("Task", Subject="Cloned", Ext__c="3")
    assert [row.get("Ext__c") for row in control.rows("Task") if row["Subject"] == "Cloned"] == ["3", None]
    assert world["TASK"] in {row["Id"] for row in control.rows("Task")}


def test_a_rule_of_the_administrators(api: Api, control: Control) -> None:
    """F27: a validation rule made at the door refuses with its text. [C] own."""
    control.validation_rule("Contact", "ISBLANK(Email)", "An address, please.", field="Email")
    answer = api.json("POST", "sobjects/Contact", {"LastName": "A"})
    expected = {"message": "An address, please.", "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "fields": ["Email"]}
    assert answer == [expected]


def test_rich_text_is_measured_as_kept(api: Api, control: Control) -> None:
    """F31: in rich text an ampersand counts as five characters. [I]."""
    control.define_field("Contact", "Bio__c", type="textarea", length=300, htmlFormatted=True)
    assert api.call("POST", "sobjects/Contact", {"LastName": "A", "Bio__c": "&" * 60}).status == 201
    assert api.call("POST", "sobjects/Contact", {"LastName": "A", "Bio__c": "&" * 61}).status == 400


def test_stamps_without_change_and_changes_without_stamp(world: dict[str, str], api: Api, control: Control) -> None:
    """F48 to F50: a stamp may move alone, and a value, or an older stamp, may be set unseen. [D]."""
    before = control.row(world["CONTACT"])
    control.move_clock(seconds=60)
    control.touch([world["CONTACT"]])
    touched = control.row(world["CONTACT"])
    assert {key for key in touched if touched[key] != before.get(key)} == {"SystemModstamp"}
    control.move_clock(seconds=60)
    control.rewrite(world["CONTACT"], {"Title": "Prof"})
    assert control.row(world["CONTACT"])["SystemModstamp"] == touched["SystemModstamp"]
    assert api.records("SELECT Title FROM Contact WHERE LastName = 'A'") == [{"Title": "Prof"}]


def test_a_renamed_field(world: dict[str, str], api: Api, control: Control) -> None:
    """F64: a renamed field is gone under its old name and has its values under the new. [D]."""
    control.rename_field("Contact", "Ext__c", "Key__c")
    assert api.query("SELECT Ext__c FROM Contact")[0]["errorCode"] == "INVALID_FIELD"
    assert [row["Key__c"] for row in api.records("SELECT Key__c FROM Contact ORDER BY Id")] == ["a", "b"]
    assert world


def test_refused_logins(org: Org, control: Control) -> None:
    """F78, F80: the token endpoint answers as ordered, in the shape of OAuth. [I] restforce#303."""
    app = SalesforceApp(org)
    control.order_fault("oauth2/token", answer="INACTIVE_USER")
    control.order_fault("oauth2/token", answer="SERVER_UNAVAILABLE")
    first = app.handle(request("POST", "/services/oauth2/token", body=b"grant_type=password"))
    assert (first.status, first.json()) == (400, {"error": "invalid_grant", "error_description": "inactive user"})
    assert app.handle(request("POST", "/services/oauth2/token")).status == 503


def test_another_domain_and_another_organisation(org: Org, control: Control) -> None:
    """F81, F91: the organisation's host and id may change while sessions live on. [D]."""
    api, before = Api(org), org.id
    assert control.rename_domain("renamed") == "renamed.my.salesforce.com"
    assert control.change_organization() == org.id != before
    assert api.records("SELECT Id FROM Organization") == [{"Id": org.id}]


def test_the_limit_header_is_odd(api: Api, control: Control) -> None:
    """F87: the limit header may be missing or garbage while the answer is true. [C] own."""
    control.order_fault(".", headers={"Sforce-Limit-Info": None})
    control.order_fault(".", headers={"Sforce-Limit-Info": "api-usage=x"})
    missing, odd = api.get("sobjects"), api.get("sobjects")
    assert "Sforce-Limit-Info" not in missing.headers
    assert (odd.headers["Sforce-Limit-Info"], odd.status) == ("api-usage=x", 200)


def test_commits_are_lost(world: dict[str, str], org: Org, api: Api, control: Control) -> None:
    """F90: a fail-over forgets what was acknowledged in the last seconds, without a trace of deletion. [C] own."""
    org.settings.keep_history = 60
    kept = api.create("Contact", LastName="Kept")
    control.move_clock(seconds=30)
    lost = api.create("Contact", LastName="Lost")
    api.call("PATCH", f"sobjects/Contact/{kept}", {"LastName": "Changed"})
    assert control.lose_commits(10) == 2
    found = [row["LastName"] for row in api.records("SELECT LastName FROM Contact ORDER BY Id", everything=True)]
    assert found == ["A", "B", "Kept"]
    assert api.get(f"sobjects/Contact/{lost}").status == 404
    assert world


def test_a_broken_connection_that_lasts(api: Api, control: Control) -> None:
    """F16: an order may spare the first request of a connection and break the next. [C] own."""
    control.order_fault("POST", skip=1, when="after")
    cuts = [api.call("POST", "sobjects/Contact", {"LastName": "A"}).cut for _ in range(2)]
    assert cuts == [None, CUT_EVERYTHING]
    assert len(control.rows("Contact")) == 2


def test_orders_tell_how_often_they_struck(org: Org, api: Api, control: Control) -> None:
    """F18: the door tells how often each order struck, so that repeated writes are seen. [C] own."""
    control.order_fault("POST", answer="SERVER_UNAVAILABLE", count=9)
    for _ in range(3):
        api.call("POST", "sobjects/Contact", {"LastName": "A"})
    app = SalesforceApp(org, control_token="t")
    answer: Any = orjson.loads(app.handle(request("POST", "/__control__/orders", headers={"X-Control-Token": "t"})).body)
    assert [(each["pattern"], each["struck"], each["count"]) for each in answer["result"]] == [("POST", 3, 6)]
