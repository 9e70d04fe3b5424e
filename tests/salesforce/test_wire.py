"""One exchange with one pinned host: what goes out, what is believed, and what a failure means."""

from __future__ import annotations

import gzip
import io
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from http.client import HTTPConnection
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse
from urllib3.exceptions import MaxRetryError, NewConnectionError

from connector.core.httpdate import read_retry_after
from connector.errors import Halt, Later, Throttled, Unknown
from connector.wire import Answer, Limits, Wire, open_session, origin, retrying, segment
from tests.salesforce.orgs import FakeClock

HOST = "https://careers.example.edu"
Script = Callable[[requests.PreparedRequest], tuple[int, dict[str, str], Any]]


class Scripted(BaseAdapter):
    """A transport that answers by a function; the body may be bytes or a file whose reading is observed."""

    def __init__(self, script: Script) -> None:
        super().__init__()
        self.script = script
        self.sent: list[requests.PreparedRequest] = []
        self.options: list[dict[str, Any]] = []

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override] # as requests
        """One exchange."""
        self.sent.append(request)
        self.options.append(options)
        status, headers, body = self.script(request)
        response = requests.Response()
        response.status_code = status
        response.headers = CaseInsensitiveDict(headers)
        stream = io.BytesIO(body) if isinstance(body, bytes) else body
        response.raw = HTTPResponse(body=stream, headers=headers, status=status, preload_content=False)
        response.request = request
        response.url = request.url or ""
        return response

    def close(self) -> None:
        """Nothing is held."""


def wire_over(script: Script, clock: FakeClock, **options: Any) -> tuple[Wire, Scripted]:
    """A wire whose exchanges are scripted."""
    adapter = Scripted(script)
    session = open_session()
    session.mount("https://", adapter)
    return Wire(session, f"{HOST}/bridge/v1", clock, side="careers", **options), adapter


def json_answer(body: bytes = b"{}", status: int = 200, headers: dict[str, str] | None = None) -> Script:
    """Always the same JSON answer."""
    return lambda _: (status, {"Content-Type": "application/json", **(headers or {})}, body)


class Drip:
    """A body that gives one byte at a time while time passes."""

    closed = False

    def __init__(self, clock: FakeClock) -> None:
        self.clock, self.given = clock, 0

    def read(self, amt: int | None = None) -> bytes:
        """Wait until ``amt`` bytes are there, as a buffered socket does."""
        return b"".join(self.read1(1) for _ in range(amt or 1))

    def read1(self, _amt: int | None = None) -> bytes:
        """One byte, one second later."""
        self.clock.advance(1)
        self.given += 1
        return b" "

    def close(self) -> None:
        """The client has seen enough."""
        self.closed = True


def test_what_goes_out(clock: FakeClock) -> None:
    """Each request has our User-Agent, goes to the pinned host, asks for no redirect and has time limits (B37, S17, S41)."""
    wire, adapter = wire_over(json_answer(), clock)
    wire.send("PATCH", "/people/" + segment("a/b?c#d e"), write=True, json={"name": "Zoë"}, headers={"If-Match": "1"})
    request = adapter.sent[0]
    assert request.url == f"{HOST}/bridge/v1/people/a%2Fb%3Fc%23d%20e"
    assert request.headers["User-Agent"].startswith("alumni-bridge/")
    assert request.headers["If-Match"] == "1"
    assert request.body == '{"name":"Zoë"}'.encode()
    assert adapter.options[0]["timeout"] == (10.0, 60.0)
    assert adapter.options[0]["verify"] is True
    assert wire.calls == 1


def put_on_a_socket(request: requests.PreparedRequest) -> tuple[int, dict[str, str], Any]:
    """What the standard library does with headers, before it has a connection."""
    connection = HTTPConnection("careers.example.edu")
    connection.putrequest("GET", "/")
    for name, value in request.headers.items():
        connection.putheader(name, value)
    return 200, {"Content-Type": "application/json"}, b"{}"


@pytest.mark.parametrize("write", [False, True])
@pytest.mark.parametrize("secret", ["\ufeffcanary", "canary\u2026", "canary\nX-More: 1", "canary\r"])
def test_a_secret_that_no_header_can_carry_stops_its_side(clock: FakeClock, secret: str, write: bool) -> None:  # noqa: FBT001 - a parameter of the table
    """Law: it is no defect of ours: the one side stops, told what to write anew; nothing was sent, and no secret is told."""
    wire, _ = wire_over(put_on_a_socket, clock)
    with pytest.raises(Halt, match="no header can carry") as caught:
        wire.send("GET", "/people", write=write, headers={"Authorization": f"Bearer {secret}"})
    assert caught.value.subject == "careers"
    assert "canary" not in "".join(traceback.format_exception(caught.value)) + caught.value.remedy
    assert wire.send("GET", "/people", write=write, headers={"Authorization": "Bearer pässword"}).status == 200


def test_session_never_retries() -> None:
    """The HTTP library repeats nothing, not even what never reached the server."""
    session = open_session()
    for scheme in ("https://", "http://"):
        adapter = session.get_adapter(scheme)
        assert isinstance(adapter, HTTPAdapter)
        retries = adapter.max_retries
        assert (retries.total, retries.read, retries.redirect) == (0, False, False)
        assert not retries.is_retry("POST", 503)


def test_nothing_comes_from_the_environment(clock: FakeClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Neither proxies of the environment nor a .netrc password get between us and the host (S18)."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine careers.example.edu login eve password stolen")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:1")
    wire, adapter = wire_over(json_answer(), clock)
    wire.send("GET", "/people", write=False, headers={"Authorization": "Bearer mine"})
    assert adapter.sent[0].headers["Authorization"] == "Bearer mine"
    assert not adapter.options[0]["proxies"]


def test_cookies_are_not_kept(clock: FakeClock) -> None:
    """A cookie that the host sets is not sent back (B59)."""
    wire, adapter = wire_over(json_answer(headers={"Set-Cookie": "a=b; Path=/"}), clock)
    wire.send("GET", "/one", write=False)
    wire.send("GET", "/two", write=False)
    assert "Cookie" not in adapter.sent[1].headers


@pytest.mark.parametrize(
    "address",
    [
        "http://careers.example.edu",
        "https://careers.example.edu:8443",
        "https://user:pw@careers.example.edu",
        "https://127.0.0.1",
        "https://localhost:9",
        "https://[::1]",
        "ftp://careers.example.edu",
        "https://",
        "",
    ],
)
def test_addresses_that_are_refused(address: str) -> None:
    """Only HTTPS on port 443, without credentials and never this machine, unless the lab says so."""
    with pytest.raises(ValueError, match=r"."):
        origin(address)


def test_lab_allows_loopback_only() -> None:
    """The lab setting opens any port of this machine and nothing else."""
    assert origin("https://127.0.0.1:8443", lab=True) == "https://127.0.0.1:8443"
    with pytest.raises(ValueError, match="port"):
        origin("https://careers.example.edu:8443", lab=True)


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/people",
        "//evil.example/people",
        "http://careers.example.edu/people",
        "https://careers.example.edu@evil.example/",
        "https://careers.example.edu.evil.example/",
        "/../../admin",
        "/a\\b",
        "/a b",
        "people",
        "",
    ],
)
def test_other_hosts_are_never_called(target: str, clock: FakeClock) -> None:
    """An address that leads elsewhere stops the side before anything is sent (S18)."""
    wire, adapter = wire_over(json_answer(), clock)
    with pytest.raises(Halt):
        wire.send("GET", target, write=False)
    assert adapter.sent == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int, clock: FakeClock) -> None:
    """A redirect to another host is an alarm; to the same host it is a failure like others; neither is followed (S18)."""
    wire, adapter = wire_over(json_answer(status=status, headers={"Location": "https://evil.example/"}), clock)
    with pytest.raises(Halt):
        wire.send("POST", "/people", write=True, headers={"Authorization": "Bearer secret"})
    wire2, adapter2 = wire_over(json_answer(status=status, headers={"Location": "/login"}), clock)
    with pytest.raises(Later):
        wire2.send("GET", "/people", write=False)
    with pytest.raises(Unknown):
        wire2.send("POST", "/people", write=True)
    assert len(adapter.sent) == 1
    assert len(adapter2.sent) == 2


def refused(request: requests.PreparedRequest) -> tuple[int, dict[str, str], Any]:
    """A refused connection, as requests reports it."""
    reason = NewConnectionError(None, "refused")  # type: ignore[arg-type] # the connection object is not looked at
    raise requests.ConnectionError(MaxRetryError(None, request.url, reason), request=request)  # type: ignore[arg-type] # as above


@pytest.mark.parametrize(
    ("failure", "certain"),
    [
        (refused, True),
        (requests.ConnectTimeout("no"), True),
        (requests.exceptions.ProxyError("no"), True),
        (requests.exceptions.SSLError("[SSL: CERTIFICATE_VERIFY_FAILED] expired"), True),
        (requests.exceptions.SSLError("unexpected end"), False),
        (requests.ConnectionError("reset"), False),
        (requests.ReadTimeout("slow"), False),
        (requests.exceptions.ChunkedEncodingError("cut"), False),
        (OSError("reset"), False),
    ],
)
def test_what_a_broken_exchange_means(failure: Any, certain: bool, clock: FakeClock) -> None:  # noqa: FBT001 - a parameter of the table
    """A read may be repeated; a write is certainly not done only if there never was a connection."""

    def script(request: requests.PreparedRequest) -> tuple[int, dict[str, str], Any]:
        if callable(failure) and not isinstance(failure, Exception):
            failure(request)
        raise failure

    wire, _ = wire_over(script, clock)
    with pytest.raises(Later):
        wire.send("GET", "/people", write=False)
    with pytest.raises(Later if certain else Unknown):
        wire.send("POST", "/people", write=True)


def test_bad_certificate_is_not_retried_fast(clock: FakeClock) -> None:
    """A certificate that is not trusted is waited out for a long time, since it is an attack or takes hours to replace."""

    def script(_: requests.PreparedRequest) -> tuple[int, dict[str, str], Any]:
        raise requests.exceptions.SSLError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate")

    wire, adapter = wire_over(script, clock)
    with pytest.raises(Later) as raised:
        retrying(lambda: wire.send("GET", "/people", write=False), clock=clock, rng=lambda: 0.0, attempts=4)
    assert (raised.value.code, len(adapter.sent), clock.slept) == ("TLS_CERTIFICATE", 1, [])


def test_deadline_beats_a_drip(clock: FakeClock) -> None:
    """A body of one byte a second is given up at the total deadline, though no single wait was long (S21, S39)."""
    drips = [Drip(clock), Drip(clock)]
    waiting = iter(drips)
    wire, _ = wire_over(lambda _: (200, {"Content-Type": "application/json"}, next(waiting)), clock, limits=Limits(total=20))
    with pytest.raises(Later, match="DEADLINE"):
        wire.send("GET", "/people", write=False)
    with pytest.raises(Unknown):
        wire.send("POST", "/people", write=True)
    assert [drip.given for drip in drips] == [21, 21]


def test_size_counts_after_decompression(clock: FakeClock) -> None:
    """A small compressed body that grows beyond the cap is given up; memory stays at the cap (S21, S39)."""
    bomb = gzip.compress(b"0" * 10_000_000)
    assert len(bomb) < 100_000
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    wire, _ = wire_over(lambda _: (200, headers, bomb), clock, limits=Limits(body=1_000_000))
    with pytest.raises(Later, match="BODY_TOO_LARGE"):
        wire.send("GET", "/people", write=False)


def test_gzip_that_is_not(clock: FakeClock) -> None:
    """A body that claims to be compressed and is not is a failed exchange (B52)."""
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    wire, _ = wire_over(lambda _: (200, headers, b'{"items": []}'), clock)
    with pytest.raises(Later):
        wire.send("GET", "/people", write=False)


def test_cut_body(clock: FakeClock) -> None:
    """A body shorter than it announced is a failed exchange, not a short answer."""
    headers = {"Content-Type": "application/json", "Content-Length": "100"}
    wire, _ = wire_over(lambda _: (200, headers, b"[1]"), clock)
    with pytest.raises(Later):
        wire.send("GET", "/people", write=False)
    with pytest.raises(Unknown):
        wire.send("POST", "/people", write=True)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/html", b"<html>maintenance</html>"),
        ("application/json", b"<html>maintenance</html>"),
        ("application/json", b""),
        ("application/json", b"NaN"),
        ("application/json", b"[1e999]"),
        ("application/json", b"9" * 5000),
        ("application/json", b"[" * 100_000 + b"]" * 100_000),
        ("application/json", b'{"a": "\xff"}'),
        ("application/json", b'{"a": 1'),
        ("text/plain", b"{}"),
        ("", b"{}"),
    ],
)
def test_what_is_no_json(kind: str, body: bytes, clock: FakeClock) -> None:
    """Anything but strict JSON is never parsed as an empty answer: a read comes again, a write is unknown (B47-B49)."""
    wire, _ = wire_over(lambda _: (200, {"Content-Type": kind}, body), clock)
    with pytest.raises(Later, match="UNUSABLE_ANSWER"):
        wire.send("GET", "/people", write=False).json()
    with pytest.raises(Unknown):
        wire.send("POST", "/people", write=True).json()


def test_byte_order_mark_is_harmless(clock: FakeClock) -> None:
    """A byte order mark before JSON is dropped (B50)."""
    wire, _ = wire_over(json_answer(b'\xef\xbb\xbf{"a": 1}'), clock)
    assert wire.send("GET", "/people", write=False).json() == {"a": 1}


def test_server_errors(clock: FakeClock) -> None:
    """A 5xx leaves a write unknown and a read for later, unless the caller wants to judge it himself; 429 did nothing."""
    wire, _ = wire_over(json_answer(status=503, headers={"Retry-After": "7"}), clock)
    with pytest.raises(Unknown):
        wire.send("POST", "/people", write=True)
    with pytest.raises(Later) as raised:
        wire.send("GET", "/people", write=False)
    assert raised.value.retry_after == 7
    assert wire.send("POST", "/people", write=True, server_errors=True).status == 503
    throttled, _ = wire_over(json_answer(status=429, headers={"Retry-After": "9"}), clock)
    with pytest.raises(Throttled) as slow:
        throttled.send("POST", "/people", write=True)
    assert slow.value.retry_after == 9


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        ("Mon, 02 Nov 2026 09:01:00 GMT", 30),
        ("Mon, 02 Nov 2026 08:00:00 GMT", 0),
        ("-5", 0),
        ("315360000", 3600),
        ("nan", None),
        ("soon", None),
        ("Mon, 99999999999999999999 Nov 2026 09:01:00 GMT", None),
        ("Mon, 02 Nov 9999 09:01:00 -1200", None),
        ("", None),
    ],
)
def test_retry_after(text: str, seconds: float | None) -> None:
    """Seconds and dates are understood and clamped to [0, an hour]; nonsense says nothing."""
    assert read_retry_after(text, datetime(2026, 11, 2, 9, 0, 30, tzinfo=UTC)) == seconds


def test_reads_are_retried_with_full_jitter(clock: FakeClock) -> None:
    """Waits double from half a second, each cut by chance; the last failure goes up."""
    calls = []

    def fail() -> None:
        calls.append(1)
        raise Later(side="careers", code="X")

    with pytest.raises(Later):
        retrying(fail, clock=clock, rng=lambda: 0.5, attempts=4)
    assert len(calls) == 4
    assert clock.slept == [0.25, 0.5, 1.0]


def test_retry_honours_what_the_side_asks(clock: FakeClock) -> None:
    """A short Retry-After is waited out; a long one goes up at once."""
    asked = [5.0, 500.0]

    def fail() -> None:
        raise Throttled(side="careers", code="X", retry_after=asked.pop(0))

    with pytest.raises(Throttled):
        retrying(fail, clock=clock, rng=lambda: 0.0, attempts=4)
    assert clock.slept == [5.0]


def test_answers_do_not_print_bodies() -> None:
    """A logged answer shows no personal data."""
    answer = Answer(status=200, headers={}, data=b"Ada Lovelace", side="careers", write=False)
    assert "Ada" not in repr(answer)
