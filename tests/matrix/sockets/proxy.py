"""A proxy between the bridge and a served emulator: passes on what comes, and breaks one exchange when told to."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

from emulator.certificates import Certificates
from emulator.server import LOOPBACK
from tests.matrix.sockets.listener import listening, secured
from tests.matrix.sockets.message import pieces

_PATIENCE = 60.0
"""Seconds within which a request comes here on any machine."""


@dataclass
class Order:
    """A fault for one request. ``over`` is set when it has ``struck``, or is known not to."""

    act: Act
    struck: bool = False
    over: threading.Event = field(default_factory=threading.Event)

    def strike(self) -> None:
        """It has struck: what the service was to do it has done."""
        self.struck = True
        self.over.set()


@dataclass(kw_only=True)
class Passing:
    """One request on its way, with both ends. ``number`` counts the requests on the client's connection, from 1.

    ``second`` is called as often as a second is to pass in the world.
    """

    request: bytes
    number: int
    client: ssl.SSLSocket
    server: ssl.SSLSocket
    answers: BinaryIO
    second: Callable[[], object]
    order: Order

    def pass_on(self) -> tuple[bytes, bytes]:
        """Let the service act; its whole answer, head and body."""
        self.server.sendall(self.request)
        head, *body = pieces(self.answers)
        return head, b"".join(body)


Act = Callable[[Passing], object]
"""Does with a request what a fault does; then the connection is closed."""


@dataclass(kw_only=True)
class Proxy:
    """``address`` is where clients come."""

    certificates: Certificates
    trusts: ssl.SSLContext
    port: int
    second: Callable[[], object]
    address: str = ""
    _orders: list[Order] = field(default_factory=list)

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Let clients in until the block ends."""
        with listening(self._serve) as self.address:
            yield

    @contextmanager
    def ordered(self, act: Act) -> Iterator[None]:
        """The request that is made in this block meets a fault. At its end the fault has struck.

        Raises:
            AssertionError: it has not.
        """
        order = Order(act)
        self._orders.append(order)
        try:
            yield
        finally:
            order.over.wait(_PATIENCE)
            if not order.struck:
                raise AssertionError("the proxy's fault did not strike")

    def _serve(self, raw: socket.socket) -> None:
        inner = socket.create_connection((LOOPBACK, self.port))
        with (
            secured(raw, self.certificates) as client,
            self.trusts.wrap_socket(inner, server_hostname=LOOPBACK) as server,
            # Closed first: a socket stays open as long as a file that was made of it.
            client.makefile("rb") as requests,
            server.makefile("rb") as answers,
        ):
            self._pass_on(client, server, requests, answers)

    def _pass_on(self, client: ssl.SSLSocket, server: ssl.SSLSocket, requests: BinaryIO, answers: BinaryIO) -> None:
        number = 0
        while request := b"".join(pieces(requests)):
            number += 1
            if not self._orders:
                server.sendall(request)
                for piece in pieces(answers):
                    client.sendall(piece)
                continue
            order = self._orders.pop()
            try:
                order.act(
                    Passing(
                        request=request,
                        number=number,
                        client=client,
                        server=server,
                        answers=answers,
                        second=self.second,
                        order=order,
                    )
                )
            finally:
                order.over.set()
            return
