"""How faults of the wire come about on sockets; several ways for each fault of ``WireFault``."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass

from emulator.certificates import Certificates
from emulator.inprocess import WireFault
from emulator.server import LOOPBACK
from tests.matrix.cells import Cell
from tests.matrix.orders import OnTheWire
from tests.matrix.sockets.listener import address, await_end, listening, reset, secured
from tests.matrix.sockets.message import chunked
from tests.matrix.sockets.proxy import Act, Passing

Door = Callable[[Mapping[str, Certificates]], AbstractContextManager[str]]
"""An address that can be asked, and leads to no service; ``certificates`` are bad ones by what is wrong with them."""
EXPIRED, ELSEWHERE, UNKNOWN = "expired", "of-elsewhere", "of-nobody-known"


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way. Either the client is led to a ``door`` instead of to the service, or the proxy does an ``act``.

    ``limits`` replace those of an exchange (seconds to connect and to read) that is to run into them; no other is judged by
    the speed of this machine. ``reused``: on a connection that has served before, else on a new one.
    """

    name: str
    fault: WireFault | None = None
    door: Door | None = None
    act: Act | None = None
    limits: tuple[float, float] | None = None
    reused: bool = False


# --- before there is a connection ---------------------------------------------------------------------------------------


@contextmanager
def _closed(_bad: Mapping[str, Certificates]) -> Iterator[str]:
    """A port that is taken, and where nobody listens."""
    with socket.socket() as bound:
        bound.bind((LOOPBACK, 0))
        yield address(bound)


@contextmanager
def _no_name(_bad: Mapping[str, Certificates]) -> Iterator[str]:
    """A name that is longer than any in the DNS: no resolver has to be asked."""
    yield ".".join(["nowhere"] * 40)


@contextmanager
def _full(_bad: Mapping[str, Certificates]) -> Iterator[str]:
    """Nobody takes what waits at this door, and no more may wait: Linux does not answer who comes then."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((LOOPBACK, 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            with suppress(BlockingIOError):
                waiting.connect(listener.getsockname())
        yield address(listener)


def _shows(what: str) -> Door:
    """A service with a certificate of which something is wrong."""

    def show(client: socket.socket, certificates: Certificates) -> None:
        with secured(client, certificates) as met:
            await_end(met)

    return lambda bad: listening(lambda client: show(client, bad[what]))


def _cut_handshake(client: socket.socket) -> None:
    client.recv(1)
    reset(client)


def _no_tls(client: socket.socket) -> None:
    client.recv(65_536)
    client.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    await_end(client)


def _handshake(act: Callable[[socket.socket], object]) -> Door:
    return lambda _bad: listening(act)


# --- when the request has come ------------------------------------------------------------------------------------------


def _reset_before(passing: Passing) -> None:
    passing.order.strike()
    reset(passing.client)


def _close_before(passing: Passing) -> None:
    passing.order.strike()


def _on_reused(act: Act) -> Act:
    def on_reused(passing: Passing) -> None:
        if passing.number > 1:
            act(passing)

    return on_reused


def _after(act: Callable[[Passing, bytes, bytes], object]) -> Act:
    """The service acts, and then that happens to the head and body of its answer."""

    def after(passing: Passing) -> None:
        head, body = passing.pass_on()
        passing.order.strike()
        act(passing, head, body)

    return after


def _reset_after(passing: Passing, _head: bytes, _body: bytes) -> None:
    reset(passing.client)


def _close_after(_passing: Passing, _head: bytes, _body: bytes) -> None:
    pass


def _garbage(passing: Passing, _head: bytes, _body: bytes) -> None:
    passing.client.sendall(bytes(range(256)) * 4)


def _silence(passing: Passing, _head: bytes, _body: bytes) -> None:
    await_end(passing.client)


def _half_head(passing: Passing, head: bytes, _body: bytes) -> None:
    passing.client.sendall(head[: len(head) // 2])


def _half_body(passing: Passing, head: bytes, body: bytes) -> None:
    passing.client.sendall(head + body[: len(body) // 2])


def _half_body_and_reset(passing: Passing, head: bytes, body: bytes) -> None:
    _half_body(passing, head, body)
    # What has been sent may be lost with a reset; the client is to meet it all the same.
    time.sleep(0.05)
    reset(passing.client)


def _half_body_and_silence(passing: Passing, head: bytes, body: bytes) -> None:
    _half_body(passing, head, body)
    await_end(passing.client)


def _half_closed(passing: Passing, head: bytes, body: bytes) -> None:
    """One direction ends in the midst of the body, the other stays open."""
    _half_body(passing, head, body)
    # An SSLSocket's own shutdown would forget its TLS: it could not wait any more.
    socket.socket.shutdown(passing.client, socket.SHUT_WR)
    await_end(passing.client)


def _broken_chunk(passing: Passing, head: bytes, body: bytes) -> None:
    passing.client.sendall(chunked(head) + b"%x\r\n" % len(body) + body + b"\r\nno number\r\n")


def _unfinished_chunk(passing: Passing, head: bytes, body: bytes) -> None:
    passing.client.sendall(chunked(head) + b"%x\r\n" % len(body) + body[: len(body) // 2])


def _drip(passing: Passing, head: bytes, body: bytes) -> None:
    passing.client.sendall(head)
    _drop_by_drop(passing, body)


def _drip_head(passing: Passing, head: bytes, body: bytes) -> None:
    """The head alone takes ten minutes."""
    status, rest = head.split(b"\r\n", 1)
    _drop_by_drop(passing, status + b"\r\nX-Filler: " + b"x" * 600 + b"\r\n" + rest + body)


def _drop_by_drop(passing: Passing, data: bytes) -> None:
    for at in range(len(data)):
        passing.client.sendall(data[at : at + 1])
        passing.second()
        time.sleep(0.005)  # the client is to read a byte before the next one comes


def _twice(passing: Passing) -> None:
    passing.pass_on()
    head, body = passing.pass_on()
    passing.order.strike()
    passing.client.sendall(head + body)


_IN_VAIN = (0.05, 0.3)
_SHORT = (10.0, 0.3)

_OWN = (Way(name="served"),)
"""The fault is the service's own."""
WAYS: Mapping[int, tuple[Way, ...]] = {
    1: (
        Way(name="no name", fault=WireFault.NAME, door=_no_name),
        Way(name="closed port", fault=WireFault.REFUSE, door=_closed),
    ),
    2: (
        Way(name="full backlog", fault=WireFault.CONNECT_TIMEOUT, door=_full, limits=_IN_VAIN),
        Way(name="silent handshake", fault=WireFault.CONNECT_TIMEOUT, door=_handshake(await_end), limits=_IN_VAIN),
    ),
    3: tuple(
        Way(name=f"certificate {what}", fault=WireFault.CERTIFICATE, door=_shows(what)) for what in (EXPIRED, ELSEWHERE, UNKNOWN)
    ),
    4: (
        Way(name="handshake cut", fault=WireFault.LOSE_REQUEST, door=_handshake(_cut_handshake)),
        Way(name="no TLS", fault=WireFault.LOSE_REQUEST, door=_handshake(_no_tls)),
        Way(name="reset before", fault=WireFault.LOSE_REQUEST, act=_reset_before),
        Way(name="closed before", fault=WireFault.LOSE_REQUEST, act=_close_before),
    ),
    5: (
        Way(name="reset after", fault=WireFault.LOSE_RESPONSE, act=_after(_reset_after)),
        Way(name="closed after", fault=WireFault.LOSE_RESPONSE, act=_after(_close_after)),
        Way(name="garbage", fault=WireFault.LOSE_RESPONSE, act=_after(_garbage)),
        Way(name="silence", fault=WireFault.TIMEOUT, act=_after(_silence), limits=_SHORT),
    ),
    6: (Way(name="served in silence", limits=(10.0, 2.0)),),
    7: (
        Way(name="drip", fault=WireFault.DRIP, act=_after(_drip)),
        Way(name="drip from the head on", fault=WireFault.DRIP, act=_after(_drip_head)),
    ),
    8: (
        Way(name="half a head", fault=WireFault.TRUNCATE, act=_after(_half_head)),
        Way(name="half a body", fault=WireFault.TRUNCATE, act=_after(_half_body)),
        Way(name="half a body then reset", fault=WireFault.TRUNCATE, act=_after(_half_body_and_reset)),
        Way(name="half a body then silence", fault=WireFault.TRUNCATE, act=_after(_half_body_and_silence), limits=_SHORT),
        Way(name="half closed", fault=WireFault.TRUNCATE, act=_after(_half_closed)),
        Way(name="broken chunk", fault=WireFault.TRUNCATE, act=_after(_broken_chunk)),
        Way(name="unfinished chunk", fault=WireFault.TRUNCATE, act=_after(_unfinished_chunk)),
    ),
    10: _OWN,
    15: (Way(name="twice", fault=WireFault.TWICE, act=_twice),),
    16: (
        Way(name="reset on reuse", fault=WireFault.LOSE_REQUEST, act=_on_reused(_reset_before), reused=True),
        Way(name="reset on reuse after", fault=WireFault.LOSE_RESPONSE, act=_on_reused(_after(_reset_after)), reused=True),
    ),
}
"""By the fault's number in the catalogue: all that lies below HTTP."""


def ways(fault: str, cell: Cell) -> Iterator[Way]:
    """How a cell of a fault (by number) is played over sockets; not at all if the fault does not lie below HTTP."""
    ordered = {order.fault if isinstance(order, OnTheWire) else None for order in cell.orders}
    known = WAYS.get(int(fault), ()) if fault.isdecimal() else ()
    yield from (way for way in known if way.fault in ordered)
