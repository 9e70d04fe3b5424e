"""A simulated world in real time and over real sockets, and the real command between its systems, to be killed.

People, their words and the oracles are those of the simulation; what passes is recorded where the services receive it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol, cast

from emulator.http import CUT_EVERYTHING, App, Request, Response
from emulator.running import Running, running
from emulator.salesforce.service import SalesforceApp
from tests.simulation.clocks import START, Time
from tests.simulation.oracle.wire import CAREER_HOST, CRM_HOST
from tests.simulation.process import SECRETS
from tests.simulation.steps import Step
from tests.simulation.variants import mapping_files
from tests.simulation.world import Call, Spec, World, new_world
from tests.systems import SYSTEM

if TYPE_CHECKING:
    from tests.simulation.run import Run

PROGRAM = Path(sys.executable).with_name("alumni-bridge")
PATIENCE = 300.0
"""Seconds after which a command that should end is held to hang; nothing is judged by its speed."""
CYCLE = 10
"""Seconds between two cycles: the least that may be configured."""
SPEC = Spec(people=6, live=False, cycle=CYCLE, favourites=("title", "last_name", "consent_career_asks"))


def with_bug(name: str) -> Sequence[str]:
    """The words that give the command with a planted bug."""
    return (sys.executable, "-m", "tests.kills.planted", name)


class RealTime(Time):
    """The machine's time; it passes by itself."""

    @property
    def seconds(self) -> float:
        """Seconds since the moment at which simulated worlds begin."""
        return time.time() - START.timestamp()  # noqa: TID251 - real processes live in real time

    @seconds.setter
    def seconds(self, _seconds: float) -> None:
        pass


class State(Protocol):
    """Where the command keeps its state."""

    def configuration(self) -> str:
        """The table ``[state]``."""

    def environment(self) -> Mapping[str, str]:
        """What the command needs beside that."""

    def file(self) -> Path:
        """The state as a SQLite file that can be read now."""

    def integrity(self) -> str:
        """What the database says about itself: ``ok``."""


@dataclass(kw_only=True)
class Place:
    """``life`` counts the processes; ``moved`` tells between which calls people did something, as the oracles want it.

    ``aim`` at a write: when the next one comes, the daemon is killed ``before`` the service has acted on it, or ``after``.
    """

    folder: Path
    world: World
    systems: Running
    state: State
    program: Sequence[str] = (str(PROGRAM),)
    life: int = 0
    moved: list[int] = field(default_factory=list)
    aim: str = ""
    _daemon: subprocess.Popen[bytes] | None = None

    @property
    def calls(self) -> Sequence[Call]:
        """What has passed."""
        return self.world.calls

    def act(self, *steps: Step) -> None:
        """People do something, between two requests."""
        # What people do looks at the world of a run, and at nothing else of it.
        stage = cast("Run", SimpleNamespace(world=self.world))
        for step in steps:
            self.moved.append(2 * len(self.calls) - 1)
            self.systems.run(partial(step.perform, stage))

    def ask(self, what: Callable[[World], Any]) -> Any:
        """Look at the world between two requests."""
        return self.systems.run(lambda: what(self.world))

    def command(self, *words: str) -> int:
        """Give a command, and wait for its end; its exit code."""
        self.life += 1
        with self._log() as log:
            return subprocess.run(  # noqa: S603 - our own program
                self._words(*words),
                stdout=subprocess.DEVNULL,
                stderr=log,
                check=False,
                timeout=PATIENCE,
                env=self._environment(),
            ).returncode

    @contextmanager
    def daemon(self) -> Iterator[subprocess.Popen[bytes]]:
        """The running daemon, which is killed at the end of the block at the latest."""
        self.life += 1
        with self._log() as log:
            process = subprocess.Popen(self._words("run"), stderr=log, env=self._environment())  # noqa: S603 - our own program
            self._daemon = process
            try:
                yield process
            finally:
                self.aim = ""
                self.kill(process)

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """SIGKILL. What it had asked for last may have been done without its knowing."""
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        process.wait()
        last = next((call for call in reversed(self.calls) if call.life == self.life), None)
        if last is not None and last.writes:
            last.fate = "killed"

    def shoot(self, call: Call, when: str) -> bool:
        """Kill the daemon if that was ``aim``; the service calls it for each request, before it acts and after."""
        aimed = when == self.aim and call.writes and self._daemon is not None and b"Bridge_Status__c" not in call.request.body
        if aimed:
            assert self._daemon is not None
            self.aim = ""
            self._daemon.send_signal(signal.SIGKILL)
        return aimed

    def log(self) -> str:
        """What all processes have said."""
        return (self.folder / "log").read_text(encoding="utf-8")

    def _words(self, *words: str) -> list[str]:
        return [*self.program, *words, "--config", str(self.folder / "config.toml")]

    def _log(self) -> Any:
        return (self.folder / "log").open("ab")

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], **SECRETS, **self.state.environment()}


@dataclass(frozen=True)
class _Recorder:
    """Stands before a service and keeps what passes, under the names that the service has in the world."""

    app: App
    place: Callable[[], Place]

    def handle(self, request: Request) -> Response:
        """Answer as the service does."""
        place, side = self.place(), "crm" if isinstance(self.app, SalesforceApp) else SYSTEM
        headers = {name: value for name, value in request.headers.items() if name != "x-forwarded-proto"}
        shown = replace(request, headers=headers | {"host": CRM_HOST if side == "crm" else CAREER_HOST})
        calls = place.world.calls
        call = Call(
            number=2 * len(calls),
            at=place.world.time.seconds,
            process="bridge",
            life=place.life,
            job=place.life,
            mapping=place.world.spec.mapping,
            side=side,
            request=shown,
            fate="answered",
        )
        if place.shoot(call, "before"):
            calls.append(call)
            return Response(cut=CUT_EVERYTHING)
        call.acted.append(self.app.handle(request))
        calls.append(call)
        place.shoot(call, "after")
        return call.acted[0]


@contextmanager
def opened(folder: Path, state: State, program: Sequence[str] = (str(PROGRAM),)) -> Iterator[Place]:
    """Serve a world on this machine, with the command configured for it and live. ``program`` are the words that give it."""
    world = new_world(SPEC, RealTime())
    found: list[Place] = []
    with running(org=world.org, career=world.careers.app, around=lambda app: _Recorder(app, lambda: found[0])) as systems:
        place = Place(folder=folder, world=world, systems=systems, state=state, program=program)
        found.append(place)
        _configure(place)
        if place.command("go-live", "--yes"):
            raise AssertionError(place.log())
        yield place


def _configure(place: Place) -> None:
    for name, text in mapping_files(SPEC.mapping).items():
        (place.folder / name).write_text(text, encoding="utf-8")
    systems = place.systems
    (place.folder / "config.toml").write_text(
        f"""
[bridge]
environment = "test"
mappings = "{place.folder}"

[state]
{place.state.configuration()}

[crm]
my_domain = "{systems.salesforce_url}"
login = "client_credentials"
consumer_key = "env:CRM_KEY"
consumer_secret = "env:CRM_SECRET"
ca_file = "{systems.authority}"
lab = true

[[career]]
system = "{SYSTEM}"
url = "{systems.career_url}/bridge/v1"
key = "env:CAREER_KEY"
ca_file = "{systems.authority}"
lab = true

[schedule]
cycle_seconds = {CYCLE}

[requests]
start_at = 2020-01-01T00:00:00Z
""",
        encoding="utf-8",
    )
