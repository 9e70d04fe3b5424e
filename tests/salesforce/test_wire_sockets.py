"""The wire over real TLS sockets: connections are reused, cut bodies noticed, strangers' certificates refused."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connector.errors import Later, Unknown
from connector.wire import Limits, Wire, open_session
from tests.salesforce.orgs import FakeClock

GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"


@dataclass
class Server:
    """A server that answers the n-th request with the n-th of its answers; None closes the connection instead.

    ``drips``: its answers come byte by byte.
    """

    answers: list[bytes | None]
    ca_file: str = ""
    port: int = 0
    connections: int = 0
    drips: bool = False
    requests: list[bytes] = field(default_factory=list)

    def serve(self, listener: socket.socket) -> None:
        """Accept until the listener is closed."""
        while True:
            try:
                connection, _ = listener.accept()
            except ssl.SSLError:
                continue
            except OSError:
                return
            self.connections += 1
            with connection:
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        while request := self._read(connection):
            self.requests.append(request)
            answer = self.answers.pop(0) if self.answers else GOOD
            if answer is None:
                return
            try:
                self._send(connection, answer)
            except OSError:
                return  # the client has seen enough of it
            if answer is not GOOD and not answer.endswith(b"0\r\n\r\n"):
                return

    def _send(self, connection: socket.socket, answer: bytes) -> None:
        for at in range(0, len(answer), 1 if self.drips else len(answer)):
            connection.sendall(answer[at : at + 1] if self.drips else answer)
            time.sleep(0.002 if self.drips else 0)

    def _read(self, connection: socket.socket) -> bytes:
        data = b""
        try:
            while b"\r\n\r\n" not in data:
                piece = connection.recv(65_536)
                if not piece:
                    return b""
                data += piece
        except OSError:
            return b""
        return data


def make_certificate(folder: Path) -> tuple[str, str]:
    """A self-signed certificate for 127.0.0.1 and its key, as files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime(2020, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "ca.pem", folder / "key.pem"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return str(certificate_file), str(key_file)


@contextmanager
def serving(made: Server, listener: socket.socket) -> Iterator[Server]:
    """A server at work until the block ends."""
    made.port = listener.getsockname()[1]
    thread = threading.Thread(target=made.serve, args=(listener,), daemon=True)
    thread.start()
    yield made
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(timeout=10)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A TLS server on a free port of this machine."""
    certificate, key = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = context.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True)
    with serving(Server(answers=[], ca_file=certificate), listener) as made:
        yield made


@pytest.fixture
def wire(server: Server, clock: FakeClock) -> Iterator[Wire]:
    """A wire to the server that trusts its authority."""
    session = open_session(ca_file=server.ca_file)
    yield Wire(session, f"https://127.0.0.1:{server.port}", clock, side="careers", lab=True)
    session.close()


def test_connection_is_reused(server: Server, wire: Wire) -> None:
    """Calls follow one another on one connection, with lengths and with chunks alike."""
    server.answers = [GOOD, CHUNKED + b"2\r\n{}\r\n0\r\n\r\n", GOOD]
    assert [wire.send("GET", "/x", write=False).json() for _ in range(3)] == [{}, {}, {}]
    assert server.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{}",
        CHUNKED + b"5\r\n{}",
        CHUNKED + b"2\r\n{}\r\n",
        CHUNKED + b"zz\r\n{}\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5_000 + b"Content-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000 + b"\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 " + b"y" * 200_000 + b"\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
def test_broken_answers_over_sockets(answer: bytes | None, server: Server, wire: Wire) -> None:
    """An answer that is cut, garbled or missing fails the read and leaves the write unknown; each is sent once (B52, B59)."""
    server.answers = [answer, answer]
    with pytest.raises(Later):
        wire.send("GET", "/x", write=False).json()
    with pytest.raises(Unknown):
        wire.send("POST", "/x", write=True, json={}).json()
    assert len(server.requests) == 2


def test_stale_connection_makes_a_write_unknown(server: Server, wire: Wire) -> None:
    """If a reused connection dies as we write, the write was perhaps done: it is not quietly sent again."""
    server.answers = [GOOD, None]
    wire.send("GET", "/x", write=False)
    with pytest.raises(Unknown):
        wire.send("POST", "/x", write=True, json={})
    assert (server.connections, len(server.requests)) == (1, 2)


def test_strange_certificate_is_refused(server: Server, clock: FakeClock) -> None:
    """A certificate of an unknown authority, or for another name, is refused before anything is sent (S20)."""
    session = open_session()
    with pytest.raises(Later, match="TLS_CERTIFICATE"):
        Wire(session, f"https://127.0.0.1:{server.port}", clock, side="careers", lab=True).send("POST", "/x", write=True)
    other = open_session(ca_file=server.ca_file)
    with pytest.raises(Later, match="TLS_CERTIFICATE"):
        Wire(other, f"https://localhost:{server.port}", clock, side="careers", lab=True).send("POST", "/x", write=True)
    session.close()
    other.close()
    assert server.requests == []


def test_refused_connection_is_certain(server: Server, clock: FakeClock) -> None:
    """Where nobody listens, a write is certainly not done."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    session = open_session(ca_file=server.ca_file)
    with pytest.raises(Later, match="NO_CONNECTION"):
        Wire(session, f"https://127.0.0.1:{port}", clock, side="careers", lab=True).send("POST", "/x", write=True)
    with pytest.raises(Later, match="NO_CONNECTION"):
        Wire(session, "https://no-such-host.invalid", clock, side="careers").send("POST", "/x", write=True)
    session.close()


class Hasty(FakeClock):
    """A second passes with each look at it."""

    def monotonic(self) -> float:
        """See ``Clock``."""
        self.sleep(1)
        return super().monotonic()


DRIPPING = b"HTTP/1.1 200 OK\r\nX: " + b"y" * 500


def test_deadline_beats_headers_that_drip(server: Server) -> None:
    """An answer whose headers come byte by byte is given up at the total deadline, though no single wait was long (S21, S39)."""
    server.answers, server.drips = [DRIPPING, DRIPPING], True
    session = open_session(ca_file=server.ca_file)
    wire = Wire(session, f"https://127.0.0.1:{server.port}", Hasty(), side="careers", lab=True, limits=Limits(total=20))
    with pytest.raises(Later, match="DEADLINE"):
        wire.send("GET", "/x", write=False)
    with pytest.raises(Unknown, match="DEADLINE"):
        wire.send("POST", "/x", write=True)
    session.close()


def test_deadline_beats_a_proxy_that_drips(server: Server) -> None:
    """The same where it is the institution's own proxy that answers byte by byte (S21, S39)."""
    with serving(Server(answers=[DRIPPING], drips=True), socket.create_server(("127.0.0.1", 0))) as proxy:
        session = open_session(ca_file=server.ca_file, proxies={"https": f"http://127.0.0.1:{proxy.port}"})
        wire = Wire(session, f"https://127.0.0.1:{server.port}", Hasty(), side="careers", lab=True, limits=Limits(total=20))
        with pytest.raises(Later, match="DEADLINE"):
            wire.send("GET", "/x", write=False)
        session.close()
    assert server.requests == []
