"""Where our connections may lead, whatever the name of the host says."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
from structlog.testing import capture_logs

from connector import alerts, egress
from connector.egress import Reach, reachable
from connector.errors import Later
from connector.wire import Wire, open_session
from tests.salesforce.orgs import FakeClock
from tests.salesforce.test_wire_sockets import make_certificate

NOWHERE = (
    *("0.0.0.0", "169.254.169.254", "169.254.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),  # noqa: S104 - nobody binds to it
    *("::", "fe80::1", "fe80::1%eth0", "ff02::1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "", "careers.example.edu"),
)
MACHINE = ("127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::")
CAMPUS = ("10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1")
PUBLIC = ("8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8")


@pytest.mark.parametrize("reach", Reach)
def test_how_near_an_address_may_be(reach: Reach) -> None:
    """Law (S18): metadata services and nonsense never; this machine in the lab alone; one's own network if so said."""
    assert not [one for one in NOWHERE if reachable(one, reach)]
    assert {reachable(one, reach) for one in MACHINE} == {reach is Reach.MACHINE}
    assert {reachable(one, reach) for one in CAMPUS} == {reach is Reach.CAMPUS}
    assert {reachable(one, reach) for one in PUBLIC} == {True}


class Listener:
    """A TLS server on this machine that keeps what it hears."""

    def __init__(self, folder: Path) -> None:
        self.ca_file, key = make_certificate(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.ca_file, key)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.heard: list[bytes] = []
        self.letters, self.status = 0, "200 OK"
        self._context = context
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self.socket.accept()
            except OSError:
                return
            with plain:
                try:
                    first = plain.recv(1, socket.MSG_PEEK)
                    self.heard.append(first)
                    if first:
                        with self._context.wrap_socket(plain, server_side=True) as connection:
                            said = connection.recv(65_536)
                            while said.startswith(b"POST") and not said.endswith(b"}"):
                                said += connection.recv(65_536)
                            connection.sendall(f"HTTP/1.1 {self.status}\r\nX-Slowly: ".encode())
                            for _ in range(self.letters):
                                connection.sendall(b"y")
                                time.sleep(0.02)
                            connection.sendall(b"\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
                except OSError:
                    continue


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    """Somebody on this machine whom we should not talk to."""
    made = Listener(tmp_path)
    yield made
    made.socket.close()


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
    """From now on every name leads to the next of these addresses, the last of them for good."""
    asked: list[str] = list(answers)

    def resolve(_host: object, port: int, *_: Any, **__: Any) -> list[Any]:
        address = asked.pop(0) if len(asked) > 1 else asked[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


def test_a_public_name_that_leads_to_this_machine_hears_nothing(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law (S18): where DNS lets a public name lead to this machine, the connection is closed before a byte is sent."""
    resolving(monkeypatch, "127.0.0.1")
    session = open_session(ca_file=listener.ca_file)
    with pytest.raises(requests.ConnectionError, match="do not talk to"):
        session.get(f"https://careers.example.edu:{listener.port}/", headers={"Authorization": "Bearer secret"}, timeout=5)
    session.close()
    assert set(listener.heard) <= {b""}


def test_looking_first_would_not_help(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law (S18): a name that led elsewhere when it was looked up is judged by where the connection leads (DNS rebinding)."""
    resolving(monkeypatch, "8.8.8.8", "127.0.0.1")
    assert reachable(socket.getaddrinfo("careers.example.edu", 443)[0][4][0], Reach.PUBLIC)  # type: ignore[arg-type] # an address
    session = open_session(ca_file=listener.ca_file)
    with pytest.raises(requests.ConnectionError, match="do not talk to"):
        session.get(f"https://careers.example.edu:{listener.port}/", timeout=5)
    session.close()
    assert set(listener.heard) <= {b""}


def test_a_forbidden_address_is_waited_out(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law (S18): it is certainly no write, and is not tried again for long: it is an attack, or takes hours to mend."""
    resolving(monkeypatch, "127.0.0.1")
    wire = Wire(open_session(ca_file=listener.ca_file), "https://careers.example.edu", FakeClock(), side="careers")
    wire.origin = f"https://careers.example.edu:{listener.port}"
    monkeypatch.setattr(wire, "_resolve", lambda path: wire.origin + path)
    with pytest.raises(Later) as caught:
        wire.send("POST", "/people", write=True, json={})
    assert (caught.value.code, caught.value.retry_after) == ("FORBIDDEN_ADDRESS", 900.0)


def test_the_lab_reaches_this_machine(listener: Listener) -> None:
    """Law (S18): with `lab` the emulator on this machine is reached, as before."""
    session = open_session(ca_file=listener.ca_file)
    wire = Wire(session, f"https://127.0.0.1:{listener.port}", FakeClock(), side="careers", lab=True)
    assert wire.send("GET", "/", write=False).json() == {}
    session.close()


def test_an_alert_reaches_no_machine_of_ours(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law (S18): the webhook of alerts is guarded like every other connection."""
    resolving(monkeypatch, "127.0.0.1")
    environ = {"HOOK": f"https://hooks.example.com:{listener.port}/x"}
    assert not alerts.send("text", command=(), webhook="env:HOOK", environ=environ, clock=FakeClock())
    assert set(listener.heard) <= {b""}


def test_the_environment_leads_an_alert_nowhere_else(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law (S18): neither a proxy nor an authority from outside counts for the webhook."""
    monkeypatch.setattr(egress, "reachable", lambda _address, _reach: True)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")
    environ = {"HOOK": f"https://127.0.0.1:{listener.port}/x"}
    connect = partial(open_session, ca_file=listener.ca_file)
    assert alerts.send("text", command=(), webhook="env:HOOK", environ=environ, clock=FakeClock(), connect=connect)


class Hurried(FakeClock):
    """A clock by which every look at it takes a second."""

    def monotonic(self) -> float:
        """See ``connector.ports.Clock``."""
        self.sleep(1.0)
        return super().monotonic()


@pytest.mark.parametrize(("letters", "told"), [(0, True), (60, False)])
def test_an_alert_waits_for_nobody_who_never_ends(
    listener: Listener, monkeypatch: pytest.MonkeyPatch, letters: int, *, told: bool
) -> None:
    """Law: a webhook that answers letter by letter is given up: all work of the bridge waits for it."""
    monkeypatch.setattr(egress, "reachable", lambda _address, _reach: True)
    listener.letters = letters
    environ = {"HOOK": f"https://127.0.0.1:{listener.port}/x"}
    connect = partial(open_session, ca_file=listener.ca_file)
    assert alerts.send("text", command=(), webhook="env:HOOK", environ=environ, clock=Hurried(), connect=connect) is told


@pytest.mark.parametrize(
    ("status", "told"),
    [("204 No Content", True), ("301 Moved Permanently", False), ("308 Permanent Redirect", False), ("410 Gone", False)],
)
def test_an_alert_that_nobody_took_is_told_again(
    listener: Listener,
    monkeypatch: pytest.MonkeyPatch,
    status: str,
    *,
    told: bool,
) -> None:
    """Law: only a yes means that people were told; a webhook that has moved, or is gone, is written into the log."""
    monkeypatch.setattr(egress, "reachable", lambda _address, _reach: True)
    listener.status = status
    environ = {"HOOK": f"https://127.0.0.1:{listener.port}/x"}
    connect = partial(open_session, ca_file=listener.ca_file)
    with capture_logs() as log:
        assert alerts.send("text", command=(), webhook="env:HOOK", environ=environ, clock=FakeClock(), connect=connect) is told
    assert [entry["event"] for entry in log] == ([] if told else ["alert.failed"])


@pytest.mark.parametrize("address", ["https://a..b/x", f"https://{'a' * 70}.example.com/x", "https://["])
def test_a_webhook_of_no_use_does_not_undo_what_a_command_has_told(address: str) -> None:
    """Law: what one way has told is told, however little the address of the other is one."""
    assert alerts.send("text", command=["true"], webhook="env:HOOK", environ={"HOOK": address}, clock=FakeClock())


def test_a_webhook_that_is_not_known_does_not_undo_what_a_command_has_told() -> None:
    """Law: what one way has told is told; else it would be told again in every cycle."""
    assert alerts.send("text", command=["true"], webhook="env:NOT_SET", environ={}, clock=FakeClock())
    assert not alerts.send("text", command=["false"], webhook="env:NOT_SET", environ={}, clock=FakeClock())
