"""A simulated host whose daemon reaches both systems over real sockets.

The daemon's schedule is that of the simulation, in its time; what carries an exchange is the product's own transport. Time passes
in the world where the fault says so, not by the machine's clock.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter

from connector.config import Settings
from emulator.certificates import Certificates, make_certificates
from emulator.http import App, Request, Response
from emulator.inprocess import Wire, WireFault, to_request
from emulator.running import running
from emulator.salesforce.service import SalesforceApp
from tests.matrix.sockets.proxy import Proxy
from tests.matrix.sockets.ways import ELSEWHERE, EXPIRED, UNKNOWN, Way
from tests.simulation.process import Host
from tests.systems import CAREER_HOST, CRM_HOST, SYSTEM

CRM = "crm"


class _Line(BaseAdapter):
    """Carries a session's exchanges to one system; one that meets a fault goes the way of this play."""

    def __init__(self, place: Place, side: str, real: HTTPAdapter) -> None:
        super().__init__()
        self._place, self._side, self._real = place, side, real

    def send(self, request: requests.PreparedRequest, *rest: Any, **more: Any) -> requests.Response:
        """One exchange; raises as the product's own transport does."""
        place, way, asked = self._place, self._place.way, _shown(to_request(request), self._side)
        place.fault = place.wire(self._side).take(asked)
        if place.fault is way.fault:
            # Where the service itself is the fault, any of its answers may be the one that does not come.
            more["timeout"] = way.limits or more["timeout"]
        if place.fault is None:
            return self._real.send(request, *rest, **more)
        if place.fault is not way.fault:
            raise AssertionError(f"{place.fault} does not come about by {way.name}")
        if place.fault in _NEVER_ACTS:
            place.wire(self._side).note(asked, None, place.fault)
        if way.door is not None:
            with way.door(place.bad) as there:
                request = request.copy()
                request.url = urlsplit(request.url or "")._replace(netloc=there).geturl()
                return self._real.send(request, *rest, **more)
        if not way.reused:
            self.close()
        assert way.act is not None
        with place.proxies[self._side].ordered(way.act):
            return self._real.send(request, *rest, **more)

    def close(self) -> None:
        """Close what is open; the next exchange opens it anew.

        The adapter's own ``close`` leaves it to the garbage collection.
        """
        known = self._real.poolmanager.pools
        for key in known.keys():  # noqa: SIM118 - it cannot be iterated
            known[key].close()
        known.clear()


_NEVER_ACTS = frozenset(
    {WireFault.REFUSE, WireFault.NAME, WireFault.CONNECT_TIMEOUT, WireFault.CERTIFICATE, WireFault.LOSE_REQUEST}
)


@dataclass(kw_only=True)
class Place:
    """Both systems, served, with a proxy before each by the side's name; ``bad`` are certificates with something wrong.

    ``fault`` is what the exchange under way meets.
    """

    way: Way
    bad: Mapping[str, Certificates]
    authorities: Path
    proxies: dict[str, Proxy] = field(default_factory=dict)
    lines: list[_Line] = field(default_factory=list)
    host: SocketHost | None = None
    fault: WireFault | None = None

    @property
    def bridge(self) -> SocketHost:
        """The host that is connected with it."""
        assert self.host is not None
        return self.host

    def wire(self, side: str) -> Wire:
        """Where faults are ordered, and where what passes is noted."""
        return self.bridge.wire(side)

    def served(self, app: App) -> App:
        """What is served instead of an emulator of nobody's."""
        return _Served(self, CRM if isinstance(app, SalesforceApp) else SYSTEM)

    def hang_up(self) -> None:
        """Close all that the bridge has left open."""
        for line in self.lines:
            line.close()


@dataclass(frozen=True)
class _Served:
    """What is served: a system of the world that is played now. Notes what passes under the name that the system has there."""

    place: Place
    side: str

    def handle(self, request: Request) -> Response:
        """Answer as the system does."""
        place, world = self.place, self.place.bridge.world
        app: App = world.systems.crm_app if self.side == CRM else world.careers.app
        answer = app.handle(request)
        place.wire(self.side).note(_shown(request, self.side), answer, place.fault)
        return answer


def _shown(request: Request, side: str) -> Request:
    """A request under the host's name in the world."""
    headers = {name: value for name, value in request.headers.items() if name != "x-forwarded-proto"}
    return replace(request, headers=headers | {"host": urlsplit(CRM_HOST if side == CRM else CAREER_HOST).netloc})


@dataclass(kw_only=True)
class SocketHost(Host):
    """See the module."""

    place: Place

    def __post_init__(self) -> None:
        """See ``Host``."""
        super().__post_init__()
        self.place.host = self

    def settings(self) -> Settings:
        """As an administrator configures it for services on this machine."""
        known, (career,) = super().settings(), super().settings().career
        lab = {"lab": True, "ca_file": self.place.authorities}
        there = {side: f"https://{proxy.address}" for side, proxy in self.place.proxies.items()}
        url = str(career.url).replace(CAREER_HOST, there[SYSTEM])
        crm = known.crm.model_copy(update={"my_domain": there[CRM], **lab})
        return known.model_copy(update={"crm": crm, "career": [career.model_copy(update={"url": url, **lab})]})

    def carrier(self, side: str, session: requests.Session) -> BaseAdapter:
        """The product's own transport, which is mounted for both schemes and will stay so for the other one."""
        real = session.get_adapter("http://")
        assert isinstance(real, HTTPAdapter)
        line = _Line(self.place, side, real)
        self.place.lines.append(line)
        return line


@contextmanager
def over_sockets(way: Way, folder: Path) -> Iterator[Callable[..., Host]]:
    """Serve what hosts made by the given function are connected with; faults come about in this way."""
    good, bad, authorities = _certificates(folder)
    place = Place(way=way, bad=bad, authorities=authorities)
    with ExitStack() as stack:
        systems = stack.enter_context(running(around=place.served))
        trusts = ssl.create_default_context(cafile=str(systems.authority))
        for side, port in ((CRM, systems.salesforce.tls), (SYSTEM, systems.career.tls)):
            proxy = Proxy(certificates=good, trusts=trusts, port=port, second=lambda: place.bridge.world.time.pass_(1.0))
            place.proxies[side] = proxy
            stack.enter_context(proxy.serving())
        stack.callback(place.hang_up)
        yield partial(SocketHost, place=place)


@cache
def _certificates(folder: Path) -> tuple[Certificates, Mapping[str, Certificates], Path]:
    """Good ones, bad ones, and the file of the authorities that the bridge trusts."""
    good = make_certificates(folder / "tls")
    bad = {
        EXPIRED: make_certificates(folder / "tls" / EXPIRED, days=-1),
        ELSEWHERE: make_certificates(folder / "tls" / ELSEWHERE, names=("elsewhere.example",), addresses=()),
        UNKNOWN: make_certificates(folder / "tls" / UNKNOWN),
    }
    trusted = folder / "tls" / "trusted.pem"
    trusted.write_bytes(b"".join(one.authority.read_bytes() for one in (good, bad[EXPIRED], bad[ELSEWHERE])))
    return good, bad, trusted
