"""Serves services over sockets: plain HTTP, TLS and a CONNECT proxy for salesforce.com names; loopback only.

One asyncio loop answers everything, so the services behind it see one request at a time. uvicorn does the HTTP.
"""

import asyncio
import contextlib
import gzip
import re
import socket
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from emulator.certificates import Certificates
from emulator.http import CUT_EVERYTHING, App, Request, Response, unpacked

LOOPBACK = "127.0.0.1"
GZIP_FROM = 1_400

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class AsgiFront:
    """An ASGI application that asks `choose(host)` which service a request is for."""

    def __init__(self, choose: Callable[[str], App], *, scheme: str) -> None:
        self._choose = choose
        self._scheme = scheme

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        headers.setdefault("x-forwarded-proto", self._scheme)
        sent = await _whole_body(receive)
        if sent is None:
            return
        body = unpacked(sent, headers.get("content-encoding", ""))
        request = Request(
            method=scope["method"],
            path=scope["raw_path"].partition(b"?")[0].decode("latin-1"),
            query=scope["query_string"].decode("latin-1"),
            headers=headers,
            body=body,
        )
        answer = self._choose(headers.get("host", "").partition(":")[0]).handle(request)
        if answer.delay:
            await asyncio.sleep(answer.delay)
        await _reply(scope, send, answer, wants_gzip="gzip" in headers.get("accept-encoding", ""))


async def _whole_body(receive: Receive) -> bytes | None:
    """The body, or None if the client went away before its end: nobody acts on half a request."""
    parts, more = [], True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


async def _reply(scope: Mapping[str, Any], send: Send, answer: Response, *, wants_gzip: bool) -> None:
    body = answer.body
    headers = {name.lower(): value for name, value in answer.headers.items()}
    if wants_gzip and len(body) > GZIP_FROM and answer.cut is None and "content-encoding" not in headers:
        body = gzip.compress(body, compresslevel=1)
        headers["content-encoding"] = "gzip"
    if answer.cut == CUT_EVERYTHING or answer.failure:
        await _break(scope)
        return
    if answer.status not in {204, 304} and not answer.endless and headers.pop("transfer-encoding", "") != "chunked":
        headers["content-length"] = str(len(body))
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": pairs})
    if answer.cut is not None:
        await send({"type": "http.response.body", "body": body[: answer.cut], "more_body": True})
        await _break(scope)
        return
    if answer.pace or answer.endless:
        await _drip(scope, send, answer, body)
        return
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


async def _drip(scope: Mapping[str, Any], send: Send, answer: Response, body: bytes) -> None:
    """Send the body piece by piece, a second apart, or for ever; stop when the client has gone."""
    lost: asyncio.Event = scope["extensions"][_LOST]
    piece = max(1, int(answer.pace)) if answer.pace else len(body)
    while not lost.is_set():
        for start in range(0, len(body), piece):
            if lost.is_set():
                return
            await send({"type": "http.response.body", "body": body[start : start + piece], "more_body": True})
            await asyncio.sleep(len(body[start : start + piece]) / answer.pace if answer.pace else 0)
        if not answer.endless:
            break
    await send({"type": "http.response.body", "body": b""})


async def _break(scope: Mapping[str, Any]) -> None:
    """Close the connection under the server's feet, once what was sent is out."""
    scope["extensions"][_TRANSPORT].close()
    lost: asyncio.Event = scope["extensions"][_LOST]
    await lost.wait()


_TRANSPORT, _LOST = "emulator.transport", "emulator.lost"


class _TitledTransport:
    """A transport that writes header names as Salesforce does over HTTP/1.1: `Content-Type`, not `content-type`.

    uvicorn lowers them; clients that look them up in a plain dict would find what the real service does not show them.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def write(self, data: bytes) -> None:
        """Write, with the names of a response head in capitals."""
        if data.startswith(b"HTTP/1.1 "):
            head, separator, body = data.partition(b"\r\n\r\n")
            head = _NAME.sub(lambda name: name[0].title(), head).replace(b"\r\nEtag:", b"\r\nETag:")
            data = head + separator + body
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - everything else is the transport's own
        return getattr(self._transport, name)


_NAME = re.compile(rb"(?<=\r\n)[a-z0-9-]+(?=:)")


class _Protocol(HttpToolsProtocol):
    """uvicorn's protocol that lets the application break the connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """A client connected."""
        super().connection_made(cast("asyncio.Transport", _TitledTransport(transport)))

    def on_message_begin(self) -> None:
        """A request begins: give its scope the means to end it."""
        super().on_message_begin()
        self._lost = asyncio.Event()
        means: dict[str, Any] = {_TRANSPORT: self.transport, _LOST: self._lost}
        self.scope["extensions"] = means

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        super().connection_lost(exc)
        if hasattr(self, "_lost"):
            self._lost.set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the listeners are: port numbers on 127.0.0.1."""

    http: int
    tls: int
    proxy: int


class Listeners:
    """The three listeners of one service choice; `start` and `stop` run in an event loop."""

    def __init__(self, choose: Callable[[str], App], certificates: Certificates, *, ports: Addresses | None = None) -> None:
        wanted = ports or Addresses(http=0, tls=0, proxy=0)
        self._sockets = {"http": _bind(wanted.http), "tls": _bind(wanted.tls), "proxy": _bind(wanted.proxy)}
        numbers = {name: int(each.getsockname()[1]) for name, each in self._sockets.items()}
        self.addresses = Addresses(http=numbers["http"], tls=numbers["tls"], proxy=numbers["proxy"])
        self._servers = [
            _server(AsgiFront(choose, scheme="http")),
            _server(AsgiFront(choose, scheme="https"), certificates),
        ]
        self._tasks: list[asyncio.Task[None]] = []
        self._proxy: asyncio.Server | None = None
        self._tunnels: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to listen; returns when all three do."""
        for server, name in zip(self._servers, ("http", "tls"), strict=True):
            self._tasks.append(asyncio.create_task(server.serve(sockets=[self._sockets[name]])))
        self._proxy = await asyncio.start_server(self._accept, sock=self._sockets["proxy"])
        while not all(server.started for server in self._servers):  # noqa: ASYNC110 - uvicorn tells it by a flag only
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Stop listening and drop open connections."""
        for server in self._servers:
            server.should_exit = True
            server.force_exit = True
            for connection in list(server.server_state.connections):
                if isinstance(connection, _Protocol):
                    connection.transport.abort()
        if self._proxy is not None:
            self._proxy.close()
        for tunnel in self._tunnels:
            tunnel.cancel()
        await asyncio.gather(*self._tasks, *self._tunnels, return_exceptions=True)
        # Transports that were closed report it to their callbacks in the next turns of the loop.
        await asyncio.sleep(0.01)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tunnel = asyncio.get_running_loop().create_task(self._tunnel(reader, writer))
        self._tunnels.add(tunnel)
        tunnel.add_done_callback(self._tunnels.discard)

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """CONNECT to *.salesforce.com:443 leads to the TLS listener; everything else is refused."""
        inner_writer: asyncio.StreamWriter | None = None
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            if not _leads_inside(head):
                writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                await writer.drain()
                return
            inner_reader, inner_writer = await asyncio.open_connection(LOOPBACK, self.addresses.tls)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return
        finally:
            writer.close()
            if inner_writer is not None:
                inner_writer.close()


def _leads_inside(head: bytes) -> bool:
    method, _, rest = head.partition(b" ")
    host, _, port = rest.partition(b" ")[0].decode("latin-1").rpartition(":")
    return method == b"CONNECT" and port == "443" and host.endswith(".salesforce.com")


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()


def _bind(port: int) -> socket.socket:
    # The protocol is named so that asyncio turns Nagle's algorithm off; without it each small answer waits 40 ms.
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((LOOPBACK, port))
    return made


class _Server(uvicorn.Server):
    """uvicorn without signal handlers, for use inside another program."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:  # noqa: ANN401 - a generator, as the parent's
        """Leave signals to the program."""
        yield


def _server(front: AsgiFront, certificates: Certificates | None = None) -> _Server:
    config = uvicorn.Config(
        front,
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_level="error",
        access_log=False,
        server_header=False,
        # Each system says its own time.
        date_header=False,
        timeout_graceful_shutdown=1,
        # Clients poll jobs every five seconds on one connection; it must not be closed under them.
        timeout_keep_alive=75,
        ssl_certfile=str(certificates.chain) if certificates else None,
        ssl_keyfile=str(certificates.key) if certificates else None,
    )
    return _Server(config)
