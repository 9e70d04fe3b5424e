"""Sockets that listen on this machine, and what becomes of each connection."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from emulator.certificates import Certificates
from emulator.server import LOOPBACK

Serve = Callable[[socket.socket], object]
"""Does with one connection what there is to do; then it is closed."""
_PATIENCE = 10.0
"""Seconds for a connection to end whose other end has gone."""


@contextmanager
def listening(serve: Serve) -> Iterator[str]:
    """Accept connections, each in a thread of its own, until the block ends; gives the address (``host:port``).

    The block ends when the clients have gone.
    """
    listener = socket.create_server((LOOPBACK, 0))
    threads: list[threading.Thread] = []
    accepting = threading.Thread(target=_accept, args=(listener, serve, threads), daemon=True)
    accepting.start()
    try:
        yield address(listener)
    finally:
        # Closing a socket does not wake a thread that waits in accept; shutting it down does.
        listener.shutdown(socket.SHUT_RDWR)
        accepting.join()
        listener.close()
        for thread in threads:
            thread.join(_PATIENCE)


def _accept(listener: socket.socket, serve: Serve, threads: list[threading.Thread]) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threads.append(threading.Thread(target=_serve, args=(client, serve), daemon=True))
            threads[-1].start()


def _serve(client: socket.socket, serve: Serve) -> None:
    # Whatever breaks here breaks the connection, which is what the client is to meet.
    with client, suppress(OSError, EOFError):
        serve(client)


def address(listener: socket.socket) -> str:
    """Where it listens."""
    host, port = listener.getsockname()
    return f"{host}:{port}"


def secured(client: socket.socket, certificates: Certificates) -> ssl.SSLSocket:
    """A connection to a client after the handshake. Raises OSError if the client does not want it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.chain, certificates.key)
    return context.wrap_socket(client, server_side=True)


def reset(client: socket.socket) -> None:
    """Break a connection at once: the other end meets a reset instead of an end."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # Not client.close(), which waits for files that were made of it.
    socket.close(client.detach())


def await_end(client: socket.socket) -> None:
    """Wait until the other end has gone away."""
    with suppress(OSError):
        while client.recv(65_536):
            pass
