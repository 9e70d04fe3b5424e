"""Which addresses our connections may reach, judged on the open socket before a byte is sent; and for how long they are heard.

The name of a host says nothing about where it leads: whoever controls its DNS can let it point at this machine, at the network
behind our firewall, or at a cloud's metadata service, even after it was looked at. What counts is who is at the other end now.

A socket's own limit is on each wait alone: whoever sends a byte now and then would be listened to for ever, headers and all.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from enum import StrEnum
from http.client import HTTPResponse
from io import BufferedReader, RawIOBase
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from requests import Session
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, ProxyManager, Retry
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError


class Reach(StrEnum):
    """How near an address may be."""

    PUBLIC = "public"
    CAMPUS = "campus"
    """Also the institution's own network."""
    MACHINE = "machine"
    """Public, and this machine: for the emulator."""


_NAT64 = ip_network("64:ff9b::/96")
_SHARED = ip_network("100.64.0.0/10")


def reachable(address: str, reach: Reach) -> bool:
    """Whether we may talk to this IP address; what is none may not be talked to."""
    try:
        found = _innermost(ip_address(address.partition("%")[0]))
    except ValueError:
        return False
    if found.is_loopback:
        return reach is Reach.MACHINE
    # Link-local addresses are where clouds keep their metadata services.
    if found.is_link_local or found.is_multicast or found.is_unspecified or found.is_reserved:
        return False
    near = found.is_private or (found.version == 4 and found in _SHARED)
    return found.is_global or (near and reach is Reach.CAMPUS)


def _innermost(found: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 address stands for, where it does."""
    if isinstance(found, IPv4Address):
        return found
    if found in _NAT64:
        return IPv4Address(int(found) & 0xFFFFFFFF)
    return found.ipv4_mapped or found.sixtofour or found


class ForbiddenAddress(NewConnectionError):
    """A connection led to an address that we may not talk to; it was closed before anything was sent."""


class OutOfTime(OSError):
    """An answer was not finished in time."""


class GuardedAdapter(HTTPAdapter):
    """Transport that never retries, closes a connection to a forbidden address, and hears nobody out of time.

    A proxy is reached as it was configured.
    """

    def __init__(self) -> None:
        self.reach = Reach.PUBLIC
        self.in_time: Callable[[], bool] = lambda: True
        super().__init__(max_retries=Retry(0, read=False, redirect=False))

    def init_poolmanager(self, *settings: Any, **more: Any) -> None:  # noqa: ANN401 - as requests passes them on
        """See ``requests``: the pools that it keeps open connections guarded."""
        super().init_poolmanager(*settings, **more)
        self.poolmanager.pool_classes_by_scheme = self._pools(lambda address: reachable(address, self.reach))

    def proxy_manager_for(self, proxy: str, **more: Any) -> ProxyManager:  # noqa: ANN401 - as requests passes them on
        """See ``requests``: the address behind a proxy is the proxy's matter."""
        known = proxy in self.proxy_manager
        manager: ProxyManager = super().proxy_manager_for(proxy, **more)
        if not known:
            manager.pool_classes_by_scheme = self._pools(lambda _address: True)
        return manager

    def _pools(self, allowed: Callable[[str], bool]) -> dict[str, type[HTTPConnectionPool]]:
        return {
            "http": self._pool(HTTPConnectionPool, HTTPConnection, allowed),
            "https": self._pool(HTTPSConnectionPool, HTTPSConnection, allowed),
        }

    def _pool(self, pool: type[HTTPConnectionPool], base: Any, allowed: Callable[[str], bool]) -> type[HTTPConnectionPool]:  # noqa: ANN401 - one of two classes
        adapter = self

        class Guarded(base):  # type: ignore[misc] # one of two classes
            def _new_conn(self) -> socket.socket:
                opened: socket.socket = super()._new_conn()
                if not allowed(opened.getpeername()[0]):
                    opened.close()
                    raise ForbiddenAddress(self, "its name leads to an address that we do not talk to")
                return opened

            def response_class(self, *what: Any, **more: Any) -> HTTPResponse:  # noqa: ANN401 - as http.client calls it
                made = HTTPResponse(*what, **more)
                made.fp = BufferedReader(_Heard(made.fp.detach(), adapter.in_time))
                return made

        return type("GuardedPool", (pool,), {"ConnectionCls": Guarded})


class _Heard(RawIOBase):
    """What comes out of a socket, for as long as there is time."""

    def __init__(self, source: RawIOBase, in_time: Callable[[], bool]) -> None:
        super().__init__()
        self._source, self._in_time = source, in_time

    def readable(self) -> bool:
        """See ``io``."""
        return True

    def readinto(self, buffer: Any, /) -> int | None:  # noqa: ANN401 - a buffer of whatever kind
        """See ``io``. Raises OutOfTime."""
        if not self._in_time():
            raise OutOfTime
        return self._source.readinto(buffer)

    def close(self) -> None:
        """See ``io``: a socket is closed only after the files made of it."""
        self._source.close()
        super().close()


def guard(session: Session, reach: Reach, in_time: Callable[[], bool] = lambda: True) -> None:
    """From now on a session's connections may reach so far, and are heard as long as ``in_time`` says so.

    What the environment says of proxies, authorities and passwords counts no more: it would lead past all of this.
    """
    session.trust_env = False
    for adapter in session.adapters.values():
        if isinstance(adapter, GuardedAdapter):
            adapter.reach, adapter.in_time = reach, in_time
