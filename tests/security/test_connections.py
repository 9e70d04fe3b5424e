"""The ways out that are not addresses: the database and TLS itself."""

from __future__ import annotations

import socket
import ssl
import threading
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url
from urllib3.util import create_urllib3_context

from connector.errors import Halt, Later
from connector.store.safety import demand_tls
from connector.store.store import open_store
from connector.wire import Wire, open_session
from tests.salesforce.orgs import FakeClock
from tests.salesforce.test_wire_sockets import make_certificate

PASSWORD = "canary-5f1d"


@pytest.mark.parametrize(
    ("rest", "safe"),
    [
        ("db.example.edu/bridge", False),
        ("db.example.edu/bridge?sslmode=require", False),
        ("db.example.edu/bridge?sslmode=verify-ca", False),
        ("db.example.edu/bridge?sslmode=disable", False),
        ("10.0.0.5:5432/bridge", False),
        ("/bridge?host=db.example.edu", False),
        ("/bridge?host=/run/postgresql&host=db.example.edu", False),
        ("localhost,db.example.edu/bridge", False),
        ("/bridge?hostaddr=10.0.0.5", False),
        ("localhost/bridge?hostaddr=10.0.0.5", False),
        ("/bridge?host=/run/postgresql,db.example.edu", False),
        ("localhost/bridge?hostaddr=127.0.0.1", True),
        ("db.example.edu/bridge?sslmode=verify-full", True),
        ("db.example.edu/bridge?sslmode=verify-full&sslrootcert=/etc/ca.pem", True),
        ("/bridge?host=/run/postgresql", True),
        ("localhost/bridge", True),
        ("127.0.0.1:5433/bridge", True),
        ("[::1]/bridge", True),
        ("/bridge", True),
    ],
)
def test_postgresql_over_the_network_proves_who_it_is(rest: str, safe: bool) -> None:  # noqa: FBT001 - a parameter of the table
    """Law (S14): over the network only with `sslmode=verify-full`; what is refused is not repeated, since it holds a password."""
    url = make_url(f"postgresql+psycopg://bridge:{PASSWORD}@{rest}")
    if safe:
        demand_tls(url)
        return
    with pytest.raises(Halt, match="nobody proves") as caught:
        demand_tls(url)
    assert PASSWORD not in f"{caught.value} {caught.value.remedy} {caught.value.subject}"


def test_a_database_that_is_down_shows_no_password() -> None:
    """Law (S14): where PostgreSQL does not answer, that passes by itself, and nothing of its address is told."""
    with pytest.raises(Later) as caught:
        open_store(f"postgresql+psycopg://bridge:{PASSWORD}@127.0.0.1:9/bridge?connect_timeout=2")
    assert caught.value.__suppress_context__
    assert PASSWORD not in f"{caught.value!r} {caught.value}"


@pytest.fixture
def old_server(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """A server that speaks nothing newer than TLS 1.1: its certificate and port; skips where not even a server can."""
    certificate, key = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    try:
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings(action="ignore"):
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
    except (ssl.SSLError, ValueError):
        pytest.skip("this OpenSSL has no TLS below 1.2 at all")
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                plain, _ = listener.accept()
                with plain, suppress(OSError), context.wrap_socket(plain, server_side=True) as connection:
                    connection.recv(65_536)

    threading.Thread(target=serve, daemon=True).start()
    yield certificate, listener.getsockname()[1]
    listener.close()


def test_nothing_is_sent_over_an_old_tls(old_server: tuple[str, int]) -> None:
    """Law (S20): below TLS 1.2 there is no connection, and so certainly no write."""
    certificate, port = old_server
    session = open_session(ca_file=certificate)
    with pytest.raises(Later):
        Wire(session, f"https://127.0.0.1:{port}", FakeClock(), side="careers", lab=True).send("GET", "/", write=False)
    session.close()


def test_our_own_tls_is_new_enough() -> None:
    """Law (S20): the connections that we open demand TLS 1.2, a certificate, and that it is the host's."""
    context = create_urllib3_context()
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert open_session().verify is True
