"""Bad answers of either system (B47-B60): each is judged as a whole before anything in it is believed."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest
import responses

from connector.errors import Halt, Later, Refused
from connector.ports import CrmCreate, Feed, Status
from connector.salesforce.auth import ExistingToken, Instances
from connector.salesforce.client import Client
from connector.salesforce.side import SalesforceSide
from connector.salesforce.transport import Transport
from connector.secrets import Secret
from connector.wire import Wire, open_session
from tests.salesforce.orgs import HOST, ROOT, FakeClock

JSON = "application/json;charset=UTF-8"
NEW = CrmCreate(object="Career_Request__c", key="k1", fields={"Title__c": "x"}, task={"Subject": "x"})
WHOLE = {"totalSize": 0, "done": True, "records": []}


def answering(
    body: bytes, *, status: int = 200, kind: str = JSON, headers: dict[str, str] | None = None
) -> tuple[SalesforceSide, responses.RequestsMock]:
    """A side whose every call is answered so."""
    mock = responses.RequestsMock(assert_all_requests_are_fired=False)
    for method in ("GET", "POST", "PATCH"):
        mock.add(method, re.compile(re.escape(ROOT)), body=body, status=status, headers=headers, content_type=kind)
    clock = FakeClock()
    source = ExistingToken(Secret("token"), HOST, Instances(my_domain=HOST))
    transport = Transport(source, lambda url: Wire(open_session(), url, clock, side="crm"), clock)
    return SalesforceSide(Client(transport, clock=clock, rng=lambda: 0.0), clock, contact_fields=["LastName"], page=2), mock


SHAPES: dict[str, Any] = {
    "html": b"<html>maintenance</html>",
    "empty": b"",
    "blank": b" \n",
    "null": b"null",
    "a list": b"[]",
    "a list of nothing": b"[null]",
    "a text": b'"ok"',
    "a number": b"7",
    "an object of another shape": b'{"a":1}',
    "no errors": b'[{"errors":[]}]',
    "results of another shape": b'[{"success":"true"}]',
    "oauth": b'{"error":"invalid_grant","error_description":"x"}',
    "twice": b'{"done":true,"records":[],"records":[{}],"totalSize":0}',
    "not a number": b'{"done":true,"records":[],"totalSize":NaN}',
    "infinity": b'{"done":true,"records":[],"totalSize":Infinity}',
    "deep": b"[" * 100_000,
    "deep and closed": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "many digits": b'{"done":true,"records":[],"totalSize":' + b"9" * 5_000 + b"}",
    "cut": b'{"done":true,"rec',
    "latin": '{"done":true,"records":[],"x":"\u00e9"}'.encode("latin-1"),
    "utf-16": '{"done":true,"records":[]}'.encode("utf-16"),
}


@pytest.mark.parametrize("body", SHAPES.values(), ids=SHAPES)
def test_an_answer_of_another_shape_says_nothing(body: bytes) -> None:
    """Law (B47-B49, B51): such an answer to a read is no "nothing found", and to a write nobody knows what it did (S21)."""
    side, mock = answering(body)
    with mock:
        for read in (
            lambda: side.read(dict.fromkeys(Feed, "")),
            lambda: side.fetch(Feed.CONTACT, ["003000000000001AAA"]),
            lambda: side.find(Feed.REQUEST, ["k1"]),
            side.organization_id,
            side.directory,
            lambda: side.check(["LastName"], []),
        ):
            with pytest.raises((Later, Halt)):
                read()
        calls = len(mock.calls)
        assert [one.status for one in side.create([NEW])] == [Status.UNKNOWN]
        assert len(mock.calls) == calls + 1


@pytest.mark.parametrize("body", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("status", [400, 403, 404, 500, 503])
def test_an_error_of_another_shape_is_an_error(status: int, body: bytes) -> None:
    """Law (B47, B53): an error status is an error whatever stands below it; a write that met it is refused, later or unknown."""
    side, mock = answering(body, status=status)
    with mock:
        with pytest.raises((Later, Halt, Refused)):
            side.read({Feed.CONTACT: ""})
        assert side.create([NEW])[0].status in {Status.UNKNOWN, Status.LATER, Status.REFUSED}
        assert side.create([NEW])[0].status is not Status.APPLIED


def test_a_byte_order_mark_before_an_answer_is_no_part_of_it() -> None:
    """Law (B50): an answer with a byte order mark is read as without."""
    side, mock = answering(b"\xef\xbb\xbf" + orjson.dumps(WHOLE))
    with mock:
        assert side.fetch(Feed.CONTACT, ["003000000000001AAA"]) == []


@pytest.mark.parametrize("kind", ["application/json; charset=iso-8859-1", "application/json; charset=x", "APPLICATION/JSON"])
def test_the_charset_of_a_header_is_not_believed(kind: str) -> None:
    """Law (B51): JSON is UTF-8, whatever its header says."""
    side, mock = answering(orjson.dumps(WHOLE | {"records": [_row(LastName="Zo\u00eb")], "totalSize": 1}), kind=kind)
    with mock:
        assert side.fetch(Feed.CONTACT, ["003000000000001AAA"])[0].fields["LastName"] == "Zo\u00eb"


def test_what_is_not_compressed_is_not_read_as_if_it_were() -> None:
    """Law (B52): a body that only says that it is compressed is a failed exchange."""
    side, mock = answering(orjson.dumps(WHOLE), headers={"Content-Encoding": "gzip"})
    with mock, pytest.raises(Later):
        side.fetch(Feed.CONTACT, ["003000000000001AAA"])


def _row(**values: Any) -> dict[str, Any]:
    row = {"attributes": {"type": "Contact"}, "Id": "003000000000001AAA", "SystemModstamp": "2026-11-02T09:00:00.000+0000"}
    return row | {"IsDeleted": False} | values


def test_what_nobody_asked_for_is_not_in_the_way() -> None:
    """Law (B54): fields that were not asked for, a missing type and a total that is too small change nothing."""
    row = _row(Surprise__c={"deep": [1]}, LastName="Lovelace")
    del row["attributes"]
    side, mock = answering(orjson.dumps({"totalSize": 0, "done": True, "records": [row], "surprise": True}))
    with mock:
        assert [one.fields["LastName"] for one in side.fetch(Feed.CONTACT, ["003000000000001AAA"])] == ["Lovelace"]


def test_a_total_that_is_too_large_is_no_answer() -> None:
    """Law (B54): where more is counted than came, who is missing is not taken for nobody; it is read again."""
    side, mock = answering(orjson.dumps({"totalSize": 99, "done": True, "records": [_row(LastName="Lovelace")]}))
    with mock, pytest.raises(Later, match="fewer records than it counts"):
        side.fetch(Feed.CONTACT, ["003000000000001AAA"])


@pytest.mark.parametrize(
    "values",
    [
        {"attributes": {"type": "Lead"}},
        {"Id": None},
        {"Id": "003"},
        {"Id": "003000000000001AA!"},
        {"Id": 3},
        {"SystemModstamp": None},
        {"SystemModstamp": "yesterday"},
        {"SystemModstamp": "2026-11-02T09:00:00"},
        {"IsDeleted": "false"},
        {"IsDeleted": None},
        {"MasterRecordId": "?"},
    ],
    ids=str,
)
def test_a_record_that_is_not_what_it_should_be_spoils_its_page(values: dict[str, Any]) -> None:
    """Law (B54, B55): a record of another object, or whose id, stamp or deletion mark is none, is never taken for data."""
    side, mock = answering(orjson.dumps(WHOLE | {"records": [_row(**values)]}))
    with mock, pytest.raises(Later):
        side.fetch(Feed.CONTACT, ["003000000000001AAA"])


def test_ids_are_one_whatever_their_length() -> None:
    """Law (B55): an id of 15 letters is the one of 18; letters of another case are another id."""
    side, mock = answering(orjson.dumps(WHOLE | {"records": [_row(Id="0030000000000Ab"), _row(Id="0030000000000AB")]}))
    with mock:
        found = [one.id for one in side.fetch(Feed.CONTACT, ["0030000000000Ab"])]
    assert [len(id) for id in found] == [18, 18]
    assert found[0] != found[1]


def _described(**changes: Any) -> bytes:
    fields = [{"name": f"Field_{n}__c", "type": "string"} for n in range(1_500)]
    fields += [{"name": "LastName", "type": "a type of next year"}]
    return orjson.dumps({"name": "Contact", "createable": False, "updateable": False, "fields": fields} | changes)


def test_a_description_of_any_size_is_read() -> None:
    """Law (B56): 1,500 fields, and types that we do not know, are read; what is not there is named."""
    side, mock = answering(_described())
    with mock, pytest.raises(Halt) as caught:
        side.check(["LastName", "Missing__c"], [])
    assert "Contact.Missing__c (missing)" in caught.value.subject
    assert "Contact.LastName" not in caught.value.subject


@pytest.mark.parametrize("fields", [None, {}, [None], [{}], [{"name": 7}]], ids=str)
def test_a_description_without_fields_is_none(fields: object) -> None:
    """Law (B56): a description whose fields are missing or nameless is not believed: nothing is called missing because of it."""
    side, mock = answering(_described(fields=fields))
    with mock, pytest.raises(Later):
        side.check(["LastName"], [])


@pytest.mark.parametrize(
    "info", ["", "api-usage=", "api-usage=a/b", "api-usage=1/0", "api-usage=-1/5", "x" * 60_000, "api-usage=9/" + "9" * 99]
)
def test_a_broken_allowance_says_nothing(info: str) -> None:
    """Law (B57): an allowance that cannot be read neither stops us nor lets us go on for ever."""
    side, mock = answering(orjson.dumps(WHOLE), headers={"Sforce-Limit-Info": info})
    with mock:
        assert side.fetch(Feed.CONTACT, ["003000000000001AAA"]) == []
    assert (side.calls.used, side.calls.limit) == (None, None)


@pytest.mark.parametrize(
    "date", ["", "yesterday", "Mon, 99 Nov 2026 09:00:00 GMT", "0", "Mon, 02 Nov 99999 09:00:00 GMT", "\u0661"]
)
def test_a_broken_date_moves_no_clock(date: str) -> None:
    """Law (B58): a date that cannot be read leaves our own clock in force."""
    side, mock = answering(orjson.dumps(WHOLE), headers={"Date": date.encode("utf-8").decode("latin-1")})
    with mock:
        side.fetch(Feed.CONTACT, ["003000000000001AAA"])
    transport = side._client.transport
    assert transport.server_now() == FakeClock().now()


def test_a_login_that_sends_us_elsewhere_is_refused() -> None:
    """Law (B60): only the configured My Domain is an instance for our token, by https and on its own port."""
    for url in (
        None,
        "",
        7,
        "http://university.my.salesforce.com",
        f"{HOST}.evil.example",
        f"{HOST}:8443",
        f"https://x@{HOST[8:]}",
    ):
        with pytest.raises(Halt):
            Instances(my_domain=HOST).accept(url)
    assert Instances(my_domain=HOST).accept(f"{HOST}/") == HOST
