"""Which addresses our connections may reach, judged on the open socket before a byte is sent.

The name of a host says nothing about where it leads: whoever controls its DNS can let it point at this machine, at the network
behind our firewall, or at a cloud's metadata service, even after it was looked at. What counts is who is at the other end now.
"""

from __future__ import annotations

import socket
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from requests import Session
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Retry
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


class GuardedAdapter(HTTPAdapter):
    """Transport that never retries and closes a connection to a forbidden address; a proxy is reached as it was configured."""

    def __init__(self) -> None:
        self.reach = Reach.PUBLIC
        super().__init__(max_retries=Retry(0, read=False, redirect=False))

    def init_poolmanager(self, *settings: Any, **more: Any) -> None:  # noqa: ANN401 - as requests passes them on
        """See ``requests``: the pools that it keeps open connections guarded."""
        super().init_poolmanager(*settings, **more)
        self.poolmanager.pool_classes_by_scheme = {
            "http": self._pool(HTTPConnectionPool),
            "https": self._pool(HTTPSConnectionPool),
        }

    def _pool(self, pool: type[HTTPConnectionPool]) -> type[HTTPConnectionPool]:
        base: Any = HTTPSConnection if issubclass(pool, HTTPSConnectionPool) else HTTPConnection
        adapter = self

        class Guarded(base):  # type: ignore[misc] # one of two classes, chosen above
            def _new_conn(self) -> socket.socket:
                opened: socket.socket = super()._new_conn()
                if not reachable(opened.getpeername()[0], adapter.reach):
                    opened.close()
                    raise ForbiddenAddress(self, "its name leads to an address that we do not talk to")
                return opened

        return type("GuardedPool", (pool,), {"ConnectionCls": Guarded})


def guard(session: Session, reach: Reach) -> None:
    """From now on a session's connections may reach so far."""
    for adapter in session.adapters.values():
        if isinstance(adapter, GuardedAdapter):
            adapter.reach = reach
