"""Token, refresh, allowance and server time; and the defects of simple-salesforce that do not reach us."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import responses

from connector.errors import Halt, Later, Unknown
from connector.salesforce import soql
from connector.salesforce.auth import Instances, Token
from connector.salesforce.transport import Transport
from connector.secrets import Secret
from connector.wire import Wire, open_session
from tests.salesforce.orgs import HOST, ROOT, TOKEN, FakeClock, Org

EXPIRED = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
ROWS = {"totalSize": 0, "done": True, "records": []}
URL = f"{ROOT}/queryAll"


@dataclass
class Tokens:
    """A token source that counts."""

    hosts: list[str]
    renewable: bool = True
    given: int = 0
    failing: Later | None = None

    def token(self) -> Token:
        """The next token."""
        self.given += 1
        if self.failing is not None:
            raise self.failing
        host = self.hosts[min(self.given, len(self.hosts)) - 1]
        return Token(access=Secret(f"token{self.given}"), instance=Instances(my_domain=host).accept(host))


def transport_of(clock: FakeClock, source: Tokens, *, reserve: float = 0.0) -> Transport:
    """A transport over the scripted wire."""
    session = open_session()
    return Transport(source, lambda url: Wire(session, url, clock, side="Salesforce"), clock, reserve=reserve)


def test_one_refresh_keeps_every_header(mock: responses.RequestsMock, clock: FakeClock) -> None:
    """After a 401 the call is made once more with a new token and all its headers and its body (defects 1, 2 and 9)."""
    mock.add("PATCH", f"{ROOT}/x", status=401, json=EXPIRED)
    mock.add("PATCH", f"{ROOT}/x", status=204)
    source = Tokens([HOST])
    transport = transport_of(clock, source)
    headers = {"Sforce-Duplicate-Rule-Header": "allowSave=false", "If-Unmodified-Since": "Mon, 02 Nov 2026 09:00:00 GMT"}
    answer = transport.send("PATCH", "/services/data/v67.0/x", write=True, headers=headers, json={"a": 1})
    first, second = (call.request for call in mock.calls)
    assert answer.status == 204
    assert (first.headers["Authorization"], second.headers["Authorization"]) == ("Bearer token1", "Bearer token2")
    for name, value in headers.items():
        assert first.headers[name] == second.headers[name] == value
    assert first.body == second.body == b'{"a":1}'


def test_refresh_may_move_to_another_approved_instance(mock: responses.RequestsMock, clock: FakeClock) -> None:
    """The call that is repeated goes to the instance that the new token names (defect 9)."""
    mock.add("GET", URL, status=401, json=EXPIRED)
    mock.add("GET", "https://moved.my.salesforce.com/services/data/v67.0/queryAll", json=ROWS)
    transport = transport_of(clock, Tokens([HOST, "https://moved.my.salesforce.com"]))
    assert transport.send("GET", "/services/data/v67.0/queryAll", write=False).status == 200
    assert transport.calls.made == 2


def test_second_refusal_stops_the_side(mock: responses.RequestsMock, clock: FakeClock) -> None:
    """A session that is refused right after it was opened stops the side with its code; there is no third try (defect 1)."""
    mock.add("GET", URL, status=401, json=EXPIRED)
    mock.add("GET", URL, status=401, json=EXPIRED)
    source = Tokens([HOST])
    with pytest.raises(Halt, match="INVALID_SESSION_ID"):
        transport_of(clock, source).send("GET", "/services/data/v67.0/queryAll", write=False)
    assert (source.given, len(mock.calls)) == (2, 2)


def test_401_without_json_is_a_401(mock: responses.RequestsMock, clock: FakeClock) -> None:
    """A 401 with a web page for a body is refreshed and reported like any other (defect 8)."""
    for _ in range(2):
        mock.add("POST", URL, status=401, body="<html>", content_type="text/html")
    with pytest.raises(Halt, match="401"):
        transport_of(clock, Tokens([HOST])).send("POST", "/services/data/v67.0/queryAll", write=True)


def test_given_token_cannot_be_renewed(org: Org) -> None:
    """With an existing token a 401 stops the side at once and says why."""
    org.answer("GET", "/queryAll", EXPIRED, 401)
    with pytest.raises(Halt, match="no longer accepted"):
        org.client.query(soql.select(["Id"], "Contact"))


def test_logins_are_rationed(mock: responses.RequestsMock, clock: FakeClock) -> None:
    """However often sessions die, there are at most two logins a minute, so that the user is not locked out."""
    for _ in range(4):
        mock.add("GET", URL, status=401, json=EXPIRED)
    mock.add("GET", URL, json=ROWS)
    source = Tokens([HOST])
    transport = transport_of(clock, source)
    with pytest.raises(Halt):
        transport.send("GET", "/services/data/v67.0/queryAll", write=False)
    with pytest.raises(Later) as raised:
        transport.send("GET", "/services/data/v67.0/queryAll", write=False)
    assert (raised.value.code, raised.value.retry_after, source.given) == ("LOGIN_PAUSE", 60.0, 2)
    clock.advance(61)
    assert transport.send("GET", "/services/data/v67.0/queryAll", write=False).status == 200
    assert source.given == 3


def test_a_login_that_failed_is_not_tried_again_within_a_minute(clock: FakeClock) -> None:
    """While nobody can log in there is one attempt a minute, whoever asks how often; each is told the same reason (F80)."""
    source = Tokens([HOST], failing=Later(side="crm", code="LOGIN_HTTP_503"))
    transport = transport_of(clock, source)
    for _ in range(3):
        with pytest.raises(Later) as raised:
            transport.send("GET", "/services/data/v67.0/queryAll", write=False)
        assert raised.value.code == "LOGIN_HTTP_503"
        clock.advance(15)
    assert (source.given, raised.value.retry_after) == (1, 30.0)
    clock.advance(15)
    with pytest.raises(Later):
        transport.send("GET", "/services/data/v67.0/queryAll", write=False)
    assert source.given == 2


@pytest.mark.parametrize(
    ("header", "used", "limit"),
    [
        ("api-usage=18/5000", 18, 5000),
        ("api-usage=18/5000; per-app-api-usage=17/250(appName=x)", 18, 5000),
        ("per-app-api-usage=17/250(appName=x); api-usage=18/5000", 18, 5000),
        ("per-app-api-usage=17/250(appName=x)", None, None),
        ("api-usage=many/5000", None, None),
        ("api-usage=-1/0", None, None),
        ("api-usage=1/0", None, None),
        ("", None, None),
    ],
)
def test_usage_is_read_and_garbage_ignored(header: str, used: int | None, limit: int | None, org: Org) -> None:
    """The allowance is read from every answer, errors included; a missing or broken header says nothing (defect 6) (B57)."""
    org.answer("GET", "/queryAll", [{"errorCode": "NOT_FOUND"}], 404, {"Sforce-Limit-Info": header} if header else {})
    org.transport.send("GET", "/services/data/v67.0/queryAll", write=False)
    assert (org.side.calls.made, org.side.calls.used, org.side.calls.limit) == (1, used, limit)


def test_reserve_is_left_to_others(mock: responses.RequestsMock, clock: FakeClock) -> None:
    """Law (I35): below the reserve nothing is sent; one call each quarter of an hour looks whether it has recovered."""
    for usage in ("4500/5000", "4600/5000", "100/5000", "101/5000"):
        mock.add("GET", URL, json=ROWS, headers={"Sforce-Limit-Info": f"api-usage={usage}"})
    transport = transport_of(clock, Tokens([HOST]), reserve=0.1)

    def send() -> int:
        return transport.send("GET", "/services/data/v67.0/queryAll", write=False).status

    assert send() == 200
    with pytest.raises(Later) as raised:
        send()
    assert (raised.value.code, raised.value.retry_after) == ("BUDGET", 900.0)
    clock.advance(901)
    assert send() == 200
    with pytest.raises(Later):
        send()
    clock.advance(901)
    assert [send(), send()] == [200, 200]


def test_server_time_follows_its_date_header(org: Org) -> None:
    """The server's clock is ours plus what its last answer told; a broken date changes nothing (B58)."""
    org.answer("GET", "/a", ROWS, headers={"Date": "Mon, 02 Nov 2026 10:00:30 GMT"})
    org.answer("GET", "/b", ROWS, headers={"Date": "yesterday"})
    org.transport.send("GET", "/services/data/v67.0/a", write=False)
    org.clock.advance(10)
    org.transport.send("GET", "/services/data/v67.0/b", write=False)
    assert org.transport.server_now().isoformat() == "2026-11-02T10:00:40+00:00"


def test_token_shows_nowhere(org: Org) -> None:
    """The token is in the header of a call, and in no repr, error or address (S8, S9)."""
    org.answer("GET", "/queryAll", [{"errorCode": "NOT_FOUND"}], 404)
    answer = org.transport.send("GET", "/services/data/v67.0/queryAll", write=False)
    assert org.sent[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in repr((answer, org.transport._token, vars(org.transport)))
    assert TOKEN not in org.sent[0].url


def test_lost_answer_to_a_write_is_not_repeated(org: Org) -> None:
    """A write whose connection breaks is unknown after one attempt; the library below retries nothing."""
    org.mock.add("POST", f"{ROOT}/composite/sobjects", body=ConnectionResetError("reset"))
    with pytest.raises(Unknown):
        org.transport.send("POST", "/services/data/v67.0/composite/sobjects", write=True, json={})
    assert len(org.sent) == 1


def test_reads_are_repeated_and_then_given_up(org: Org) -> None:
    """Law (I36): a read is tried four times with growing pauses by exactly one layer."""
    for _ in range(4):
        org.answer("GET", "/queryAll", "<html>", 503)
    with pytest.raises(Later):
        org.client.query(soql.select(["Id"], "Contact"))
    assert (len(org.sent), org.clock.slept) == (4, [0.25, 0.5, 1.0])
