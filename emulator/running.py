"""The emulators as running servers: in a thread of this program, or for a command that waits."""

import asyncio
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulator.career import CareerApp, CareerSystem
from emulator.certificates import Certificates, make_certificates
from emulator.clock import Clock
from emulator.http import App
from emulator.salesforce.control import Control
from emulator.salesforce.org import Org
from emulator.salesforce.service import SalesforceApp
from emulator.server import LOOPBACK, Addresses, Listeners


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """Where everything is. The objects behind the services may be used directly too: through `run`, between two requests."""

    salesforce: Addresses
    career: Addresses
    authority: Path
    control_token: str
    org: Org
    career_app: CareerApp
    run: Callable[[Callable[[], Any]], Any]

    @property
    def salesforce_url(self) -> str:
        """The TLS address of the Salesforce emulator."""
        return f"https://{LOOPBACK}:{self.salesforce.tls}"

    @property
    def career_url(self) -> str:
        """The TLS address of the career emulator."""
        return f"https://{LOOPBACK}:{self.career.tls}"

    @property
    def control(self) -> Control:
        """The Salesforce organisation's control door. Call it through `run` while clients are at work."""
        return Control(self.org)

    def addresses(self) -> dict[str, Any]:
        """What `python -m emulator serve` prints."""
        return {
            "salesforce": {
                "http": f"http://{LOOPBACK}:{self.salesforce.http}",
                "https": self.salesforce_url,
                "proxy": f"http://{LOOPBACK}:{self.salesforce.proxy}",
                "my_domain": f"https://{self.org.host}",
                "organization_id": self.org.id,
                "admin": (self.org.record(self.org.admin_id) or {}).get("Username"),
            },
            "career": {"http": f"http://{LOOPBACK}:{self.career.http}", "https": self.career_url},
            "ca": str(self.authority.resolve()),
            "control_token": self.control_token,
        }

    def environment(self) -> dict[str, str]:
        """What unmodified clients need in their environment to reach the emulator under Salesforce's names."""
        return environment(self.salesforce.proxy, self.authority)


def environment(proxy: int, authority: Path) -> dict[str, str]:
    """The environment variables that lead an unmodified client to the emulator."""
    address = f"http://{LOOPBACK}:{proxy}"
    return {
        "HTTPS_PROXY": address,
        "https_proxy": address,
        "NO_PROXY": f"{LOOPBACK},localhost",
        "no_proxy": f"{LOOPBACK},localhost",
        "REQUESTS_CA_BUNDLE": str(authority),
        "SSL_CERT_FILE": str(authority),
        "NODE_EXTRA_CA_CERTS": str(authority),
    }


def _itself(app: App) -> App:
    return app


@contextmanager
def running(
    *,
    org: Org | None = None,
    career: CareerApp | None = None,
    folder: Path | None = None,
    control_token: str = "",
    ports: tuple[Addresses, Addresses] | None = None,
    around: Callable[[App], App] = _itself,
) -> Iterator[Running]:
    """Serve both emulators from a thread until the block ends. `around` may put something before each, such as a recorder.

    Without arguments both follow the machine's clock, are empty, and listen on free ports. `folder` keeps the
    certificates (a temporary one by default); without `control_token` there is no control door over HTTP.
    """
    with tempfile.TemporaryDirectory(prefix="emulator-") as temporary:
        certificates = make_certificates(folder or Path(temporary))
        org = org or Org(clock=Clock.running())
        career = career or CareerApp(CareerSystem(Clock.running()), control_token=control_token)
        thread = _Thread(
            [
                (around(SalesforceApp(org, control_token=control_token)), ports and ports[0]),
                (around(career), ports and ports[1]),
            ],
            certificates,
        )
        thread.start()
        try:
            addresses = thread.wait()
            yield Running(
                salesforce=addresses[0],
                career=addresses[1],
                authority=certificates.authority,
                control_token=control_token,
                org=org,
                career_app=career,
                run=thread.call,
            )
        finally:
            thread.stop()


class NotStartedError(RuntimeError):
    """Nothing is served: a port is taken, for instance."""


class _Thread(threading.Thread):
    """An event loop of its own with the listeners of several services."""

    def __init__(self, apps: list[tuple[App, Addresses | None]], certificates: Certificates) -> None:
        super().__init__(name="emulator", daemon=True)
        self._apps = apps
        self._certificates = certificates
        self._ready = threading.Event()
        self._ended: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._addresses: list[Addresses] = []
        self._failure: BaseException | None = None

    def run(self) -> None:
        """Serve until told to stop."""
        try:
            asyncio.run(self._serve())
        except BaseException as failure:  # noqa: BLE001 - handed to whoever waits
            self._failure = failure
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        all_listeners = [Listeners(_always(app), self._certificates, ports=ports) for app, ports in self._apps]
        for listeners in all_listeners:
            await listeners.start()
        self._addresses = [listeners.addresses for listeners in all_listeners]
        self._ready.set()
        await self._ended.wait()
        for listeners in all_listeners:
            await listeners.stop()

    def wait(self) -> list[Addresses]:
        """The addresses, once all listen."""
        self._ready.wait()
        if self._failure is not None:
            raise NotStartedError(f"the emulator did not start: {self._failure}") from self._failure
        return self._addresses

    def call(self, action: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever the action returns
        """Carry out an action between two requests and return its result."""

        async def act() -> Any:  # noqa: ANN401 - whatever the action returns
            return action()

        if self._loop is None:
            raise RuntimeError("the emulator is not running")
        return asyncio.run_coroutine_threadsafe(act(), self._loop).result()

    def stop(self) -> None:
        """Stop listening and wait until the thread is gone."""
        if self._loop is not None and self._ended is not None and self._failure is None:
            self._loop.call_soon_threadsafe(self._ended.set)
        self.join(timeout=10)


def _always(app: App) -> Callable[[str], App]:
    return lambda _host: app
