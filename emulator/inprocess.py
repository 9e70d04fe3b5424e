"""Mounts an emulated service in a `requests` session: no socket, no thread, and faults of the wire on order."""

import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError, SSLError
from urllib3.response import HTTPResponse

from emulator.http import CUT_EVERYTHING, App, Request, Response, unpacked


class WireFault(StrEnum):
    """What can happen between client and service."""

    REFUSE = "refuse"
    """The connection is refused: certainly not executed, like the next three."""
    NAME = "name"
    """The host's name leads nowhere."""
    CONNECT_TIMEOUT = "connect_timeout"
    """The connection does not come about in time."""
    CERTIFICATE = "certificate"
    """The host shows a certificate that the client does not trust."""
    LOSE_REQUEST = "lose_request"
    """The connection breaks before the service acts; to the client as unknown as the next one."""
    LOSE_RESPONSE = "lose_response"
    """The service acts, its answer never arrives."""
    TIMEOUT = "timeout"
    """The service acts, the client stops waiting."""
    TRUNCATE = "truncate"
    """The service acts, the connection breaks in the middle of the body."""
    DRIP = "drip"
    """The service acts, its answer comes at a byte a second."""
    TWICE = "twice"
    """A proxy delivers the request twice; the client sees the second answer."""


_NEVER_CAME = {
    WireFault.REFUSE: "refused",
    WireFault.NAME: "name",
    WireFault.CONNECT_TIMEOUT: "connect_timeout",
    WireFault.CERTIFICATE: "certificate",
}
"""Connections that never come about, as `Response.failure` names them."""


@dataclass(slots=True, kw_only=True)
class WireOrder:
    """One ordered fault: for the next `count` requests whose "METHOD path?query" matches `pattern`."""

    fault: WireFault
    pattern: re.Pattern[str]
    count: int = 1


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request as the service saw it, with its answer (None if it never acted) and what the wire did to them."""

    request: Request
    response: Response | None = None
    fault: WireFault | None = None


@dataclass(slots=True)
class Wire:
    """Orders for an adapter and the record of what passed through it."""

    orders: list[WireOrder] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    keep: bool = False

    def order(self, fault: WireFault, pattern: str = ".", count: int = 1) -> None:
        """Let the next `count` requests that match the regular expression meet this fault."""
        self.orders.append(WireOrder(fault=fault, pattern=re.compile(pattern), count=count))

    def take(self, request: Request) -> WireFault | None:
        """The fault that this request meets, which uses up one of its count."""
        line = f"{request.method} {request.path}" + (f"?{request.query}" if request.query else "")
        for order in self.orders:
            if order.count > 0 and order.pattern.search(line):
                order.count -= 1
                return order.fault
        return None

    def note(self, request: Request, response: Response | None, fault: WireFault | None) -> None:
        """Keep an exchange, if they are kept."""
        if self.keep:
            self.exchanges.append(Exchange(request=request, response=response, fault=fault))


class AppAdapter(BaseAdapter):
    """A transport adapter for `requests` that calls a service instead of opening a connection.

    A delayed answer does not wait: if it is later than the read timeout the client gets its timeout, otherwise `sleep`
    is told (by default nobody sleeps).
    """

    def __init__(self, app: App, *, wire: Wire | None = None, sleep: Callable[[float], object] = lambda _seconds: None) -> None:
        super().__init__()
        self.app = app
        self.wire = wire or Wire()
        self._sleep = sleep

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002, ARG002 - the signature is requests' own
        timeout: float | tuple[float | None, float | None] | None = None,
        verify: bool | str = True,  # noqa: FBT001, FBT002, ARG002 - the signature is requests' own
        cert: object = None,  # noqa: ARG002 - the signature is requests' own
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002 - the signature is requests' own
    ) -> requests.Response:
        """Carry out one exchange; raises what `requests` raises when a connection fails."""
        asked = to_request(request)
        fault = self.wire.take(asked)
        if fault in _NEVER_CAME:
            self.wire.note(asked, None, fault)
            raise _no_connection(_NEVER_CAME[fault], request)
        if fault is WireFault.LOSE_REQUEST:
            self.wire.note(asked, None, fault)
            raise requests.ConnectionError(f"emulated fault: {fault}", request=request)
        if fault is WireFault.TWICE:
            self.wire.note(asked, self.app.handle(asked), fault)
        answer = self.app.handle(asked)
        if fault is WireFault.DRIP:
            answer = replace(answer, pace=1.0)
        self.wire.note(asked, answer, fault)
        if answer.failure:
            raise _no_connection(answer.failure, request)
        if fault is WireFault.LOSE_RESPONSE or answer.cut == CUT_EVERYTHING:
            raise requests.ConnectionError("emulated fault: the answer was lost", request=request)
        limit = timeout[1] if isinstance(timeout, tuple) else timeout
        if fault is WireFault.TIMEOUT or (limit is not None and answer.delay > limit):
            raise requests.ReadTimeout("emulated fault: no answer in time", request=request)
        if answer.delay:
            self._sleep(answer.delay)
        cut = len(answer.body) // 2 if fault is WireFault.TRUNCATE else answer.cut
        return _to_response(self, request, answer, cut, _stream(answer, cut, self._sleep))

    def close(self) -> None:
        """Nothing is held."""


def _no_connection(failure: str, request: requests.PreparedRequest) -> requests.ConnectionError:
    """The error of `requests` for a connection that never came about, with the reason that urllib3 gives inside it."""
    where = urlsplit(request.url or "")
    pool, told = HTTPSConnectionPool(where.hostname or "localhost"), f"emulated fault: {failure}"
    kind: type[requests.ConnectionError] = requests.ConnectionError
    reason: Exception = NewConnectionError(HTTPSConnection(pool.host), told)
    if failure == "connect_timeout":
        kind, reason = requests.ConnectTimeout, ConnectTimeoutError(told)
    elif failure == "certificate":
        kind, reason = requests.exceptions.SSLError, SSLError(f"[SSL: CERTIFICATE_VERIFY_FAILED] {told}")
    return kind(MaxRetryError(pool, where.path, reason), request=request)


class _Slow(io.RawIOBase):
    """A body that comes in pieces of a second each, or never ends."""

    def __init__(self, answer: Response, body: bytes, sleep: Callable[[float], object]) -> None:
        super().__init__()
        self._body = body
        self._at = 0
        self._piece = max(1, int(answer.pace)) if answer.pace else len(body)
        self._pace = answer.pace
        self._endless = answer.endless
        self._sleep = sleep

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """The next piece; nothing at the end."""
        piece = self._body[self._at : self._at + (self._piece if size < 0 else min(size, self._piece))]
        self._at = (self._at + len(piece)) % len(self._body) if self._endless else self._at + len(piece)
        if self._pace:
            self._sleep(len(piece) / self._pace)
        return piece

    def read1(self, size: int = -1, /) -> bytes:
        """The next piece, as careful clients read it: whatever has arrived."""
        return self.read(size)


def _stream(answer: Response, cut: int | None, sleep: Callable[[float], object]) -> io.IOBase:
    body = answer.body if cut is None else answer.body[:cut]
    return _Slow(answer, body, sleep) if answer.pace or answer.endless else io.BytesIO(body)


def mount(session: requests.Session, app: App, prefix: str = "https://", *, wire: Wire | None = None) -> Wire:
    """Let every address of `session` under `prefix` be answered by `app`; returns where faults are ordered."""
    adapter = AppAdapter(app, wire=wire)
    session.mount(prefix, adapter)
    return adapter.wire


def to_request(prepared: requests.PreparedRequest) -> Request:
    """A request of `requests` as services see it."""
    path, _, query = prepared.path_url.partition("?")
    body = prepared.body
    if isinstance(body, str):
        body = body.encode()
    elif body is not None and not isinstance(body, bytes):
        body = body.read() if hasattr(body, "read") else b"".join(body)
    headers = {name.lower(): _text(value) for name, value in prepared.headers.items()}
    host = re.sub(r"^[a-z]+://([^/]+).*$", r"\1", prepared.url or "", flags=re.DOTALL)
    headers.setdefault("host", host)
    body = unpacked(body or b"", headers.get("content-encoding", ""))
    return Request(method=prepared.method or "GET", path=path, query=query, headers=headers, body=body)


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _to_response(
    adapter: AppAdapter, prepared: requests.PreparedRequest, answer: Response, cut: int | None, body: io.IOBase
) -> requests.Response:
    headers = {name: value for name, value in answer.headers.items() if name.lower() != "transfer-encoding"}
    if not answer.endless:
        headers.setdefault("Content-Length", str(len(answer.body)))
    response = requests.Response()
    response.status_code = answer.status
    response.headers = CaseInsensitiveDict(headers)
    response.url = prepared.url or ""
    response.request = prepared
    response.encoding = requests.utils.get_encoding_from_headers(response.headers)
    response.raw = HTTPResponse(
        body=body,
        headers=headers,
        status=answer.status,
        preload_content=False,
        enforce_content_length=cut is not None,
        request_method=prepared.method,
    )
    response.reason = response.raw.reason or ""
    response.connection = adapter  # type: ignore[assignment]  # requests itself sets whichever adapter answered
    return response
