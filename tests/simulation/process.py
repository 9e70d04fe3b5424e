"""One process of the real daemon in a simulated world: opened and prepared as the command does it, its jobs run when due.

What is not the product's own here: the loop of APScheduler (its triggers decide all the same), the wall clock, chance, and the
network, which is both emulated systems mounted in the sessions that the product opens.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import requests
from requests.adapters import BaseAdapter
from sqlalchemy import Connection, Engine, event

from connector.bootstrap import Bridge, Surroundings, open_bridge
from connector.config import Settings, load_settings
from connector.daemon import MAPPING_PROBLEM, Daemon
from connector.engine import stage
from connector.errors import BridgeError, Halt, UserError
from connector.wire import open_session
from emulator.http import Request, Response
from emulator.inprocess import AppAdapter, Exchange, Wire, WireFault
from jobs import ALL
from tests.simulation.boundary import Broken, Died
from tests.simulation.clocks import HostClock
from tests.simulation.database import OURS, blank_state, database
from tests.simulation.dice import Dice
from tests.simulation.drop import acting, let_go
from tests.simulation.oracle.evidence import state_rows
from tests.simulation.variants import PLATFORMS, mapping_files, mapping_name
from tests.simulation.world import Call, Spec, World, asks_for_change
from tests.systems import CRM_HOST, SYSTEM

RESTART = 60.0
"""Seconds after which the service manager starts a daemon again that died (RestartSec of the unit in deploy/)."""
SECRETS = {"CRM_KEY": "app", "CRM_SECRET": "s3cret", "CAREER_KEY": "k-bridge", "CAREER_SECRET": "c-s3cret"}
"""The environment of a daemon; what the values must never be seen in: logs, state, and any request but for its credentials."""

_CONFIG = f"""
[bridge]
environment = "test"
[crm]
my_domain = "{CRM_HOST}"
login = "client_credentials"
consumer_key = "env:CRM_KEY"
consumer_secret = "env:CRM_SECRET"
[[career]]
system = "{SYSTEM}"
profile = "PROFILE"
MORE
[requests]
start_at = 2026-10-01T00:00:00Z
"""


@cache
def _settings(platform: str, more: tuple[tuple[str, str], ...], folder: Path) -> Settings:
    """The configuration for a platform, read as the command reads it."""
    known = PLATFORMS[platform]
    path = folder / f"{platform}.toml"
    where = "" if known.by_files else f'url = "{known.url}"\n'
    settings = ", ".join(f'{name} = "{value}"' for name, value in {**known.settings, **dict(more)}.items())
    told = f"{where}{known.config}settings = {{ {settings} }}\n"
    text = _CONFIG.replace("PROFILE", platform).replace("MORE", told)
    path.write_text(text, encoding="utf-8")
    return load_settings(path)


@dataclass(kw_only=True)
class Host:
    """A machine that a daemon runs on: its folder with mapping files and state, and its wires to both systems.

    ``base`` is a folder that all hosts of a run share, for what is made once.
    """

    world: World
    name: str
    base: Path
    mapping: str = ""
    crm_wire: Wire = field(default_factory=lambda: Wire(keep=True))
    career_wire: Wire = field(default_factory=lambda: Wire(keep=True))

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.database = database(self.world.spec.database, self.base, self.name)
        self.use_mapping(self.mapping or self.world.spec.mapping)

    @property
    def folder(self) -> Path:
        """Where the host keeps its files."""
        return self.base / self.name

    @property
    def state(self) -> Path:
        """The state as a file that can be read now."""
        return self.database.file()

    def use_mapping(self, variant: str) -> None:
        """The administrator puts other mapping files in place."""
        self.mapping = mapping_name(variant.partition("@")[0], self.world.spec.platform, self.world.spec.flavour)
        for name, text in mapping_files(self.mapping).items():
            (self.folder / name).write_text(text, encoding="utf-8")

    def settings(self) -> Settings:
        """The configuration of this host."""
        spec: Spec = self.world.spec
        known = _settings(spec.platform, spec.settings, self.base)
        crm = known.crm.model_copy(update={"page_size": spec.page, "overlap_seconds": spec.overlap})
        schedule = known.schedule.model_copy(update={"cycle_seconds": spec.cycle, "lease_seconds": max(600, 2 * spec.cycle)})
        places = {
            "bridge": known.bridge.model_copy(update={"mappings": self.folder}),
            "state": known.state.model_copy(update=self.database.settings()),
        }
        return known.model_copy(update={**places, "crm": crm, "schedule": schedule})

    def wire(self, side: str) -> Wire:
        """The wire to a system."""
        return self.crm_wire if side == "crm" else self.career_wire

    def carrier(self, side: str, _session: requests.Session) -> BaseAdapter:
        """What carries a session's exchanges to a system: here, in this process."""
        app = self.world.systems.crm_app if side == "crm" else self.world.careers.app
        return AppAdapter(app, wire=self.wire(side), sleep=self.world.time.pass_)

    def forget_state(self) -> None:
        """The state is gone; what begins now begins with an empty one."""
        self.put_state(blank_state(self.base))

    def put_state(self, copy: Path) -> None:
        """Put a copy of a state in the place of this host's."""
        self.database.put(copy)

    def keep_state(self, name: str) -> Path:
        """A copy of the state as it is now."""
        copy = self.folder / name
        self.database.keep(copy)
        return copy


@dataclass(kw_only=True)
class Due:
    """A job of a daemon and when it runs next."""

    module: ModuleType
    trigger: Any
    at: datetime


class Process:
    """A daemon from its start to its end.

    ``dead`` is set by whoever kills it; the next boundary that it comes to throws. ``left`` says why it ended by itself.
    ``working`` tells whether it is in the midst of a job, ``mapping`` which variant is in force in that: the one in place when it
    began, unless the daemon says in its state that this cannot be used. ``power_cut`` makes its death that of the whole machine,
    in the midst of writing a transaction if it was about to commit one.
    """

    def __init__(self, host: Host, *, seed: int) -> None:
        self.host, self.world = host, host.world
        self.dead = False
        self.power_cut = False
        self.left = ""
        self.working = False
        self.mapping = host.mapping
        self.unwatched = 0
        self.life = self.job = self.world.boundary.number
        self.jobs: list[Due] = []
        self._first: list[tuple[ModuleType, datetime]] = []
        self.bridge: Bridge
        self.daemon: Daemon
        self.clock = HostClock(self.world.time, self._sleeping, self.world.host_skew)
        self._dice = Dice(seed, host.name)
        self._stack = ExitStack()
        self._torn: Path | None = None

    # --- its life -------------------------------------------------------------------------------------------------

    def start(self) -> bool:
        """What ``alumni-bridge run`` does before its first job; whether the daemon runs."""
        if self._attempt(self._prepare):
            self.jobs = [Due(module=module, trigger=module.trigger(self.bridge.settings), at=at) for module, at in self._first]
            return True
        return False

    def command(self, act: Callable[[Bridge], object]) -> bool:
        """Be a command of the administrator instead of the daemon, from its start to its end; whether it came to that."""

        def give() -> None:
            self._open()
            act(self.bridge)

        if self._attempt(give):
            self.end("done")
        return self.left == "done"

    def _attempt(self, what: Callable[[], object]) -> bool:
        self.working = True
        try:
            with acting(self):
                what()
        except Died:
            self.end("died")
        except (Halt, UserError) as error:
            self.end(f"halted: {error}")
        except BridgeError as error:
            self.end(f"failed: {error}")
        else:
            return True
        finally:
            self.working = False
        return False

    def _prepare(self) -> None:
        self._open()
        self.daemon.prepare()
        self._first = [(module, self.daemon.first_run(module)) for module in ALL]

    def _open(self) -> None:
        settings = self.host.settings()
        around = Surroundings(
            clock=self.clock,
            chance=self._dice.unit,
            environ=ChainMap(SECRETS, dict(self.host.database.environment())),
            host=self.host.name,
            connect=self._connect,
        )
        with self._migrating():
            self.bridge = self._stack.enter_context(open_bridge(settings, around=around))
        store = self.bridge.context.store
        event.listen(store.engine, "commit", self.committing)
        self._stack.enter_context(store.alone())
        pilot = settings.pilot
        stage.set_pilot(self.bridge.context, accounts=pilot.accounts, class_years=pilot.class_years, configured=True)
        self.daemon = Daemon(self.bridge)

    @contextmanager
    def _migrating(self) -> Iterator[None]:
        """While a state is opened, every statement that changes it is an effect, so that a migration can die in its midst."""
        _MIGRATING.append(self)
        try:
            yield
        finally:
            _MIGRATING.pop()

    def executing(self, statement: str) -> None:
        """A statement is about to be carried out while the state is opened."""
        if statement.split(maxsplit=1)[0].upper() not in {"SELECT", "PRAGMA", "BEGIN"}:
            self.cross("statement", statement.encode(), lasting=True)

    def committing(self, db: Connection) -> None:
        """A transaction is about to be committed; if the power is cut here, that may be torn."""
        try:
            self.cross("commit", lasting=self.host.database.wrote(db))
        except Died:
            if self.power_cut:
                self._torn = self.host.database.tear(db)
            raise

    def end(self, why: str) -> None:
        """The process is over; its memory is gone, its files stay."""
        self.left = why
        self.dead = True
        self.jobs = []
        if self.world.office is not None and hasattr(self, "bridge"):
            let_go(self.bridge.context.careers.values())
        self._stack.close()
        self.host.database.leave()
        if self._torn is not None:
            self.host.put_state(self._torn)

    def next_due(self) -> datetime:
        """When its next job is due, by the host's clock."""
        return min(job.at for job in self.jobs)

    def work(self) -> None:
        """Run every job that is due now, in their order; runs that were missed become one."""
        for job in list(self.jobs):
            now = self.clock.now()
            if job.at > now or self.dead:
                continue
            last = job.at
            while (following := job.trigger.get_next_fire_time(last, now)) <= now:
                last = following
            job.at = following
            self.run(job.module)

    def run(self, module: ModuleType) -> None:
        """One job, now."""
        before, first = self.mapping, len(self.world.calls)
        self.working, self.mapping, self.job = True, self.host.mapping, self.world.boundary.number
        try:
            with acting(self):
                self.daemon.work(module)
        except Died:
            self.end("died")
        finally:
            self.working = False
            if self.mapping != before and any(row["name"] == MAPPING_PROBLEM for row in state_rows(self.host.state, "meta")):
                self._go_back_to(before, self.world.calls[first:])

    def _go_back_to(self, mapping: str, calls: Sequence[Call]) -> None:
        """The changed files could not be checked against the org in this job: the last good ones were in force all the time."""
        self.mapping = mapping
        for call in calls:
            if call.job == self.job and call.process == self.host.name:
                call.mapping = mapping

    @contextmanager
    def beside(self) -> Iterator[None]:
        """What is done inside is done by another process on the same state: its commits are no effects of the daemon."""
        self.unwatched += 1
        try:
            yield
        finally:
            self.unwatched -= 1

    # --- its boundary ---------------------------------------------------------------------------------------------

    def cross(self, kind: str, key: bytes = b"", *, lasting: bool = False) -> None:
        """An effect of this process."""
        if self.unwatched:
            return
        if not self.dead:
            self.world.boundary.cross(kind, key, lasting=lasting)
        if self.dead:
            raise Died

    def call(
        self,
        side: str,
        request: Request,
        acted: list[Response],
        fate: str,
        *,
        number: int | None = None,
        at: float | None = None,
    ) -> Call:
        """Something that passed between this process and a system, at a moment and an effect; now unless they are given."""
        return Call(
            number=self.world.boundary.number if number is None else number,
            at=self.world.time.seconds if at is None else at,
            process=self.host.name,
            life=self.life,
            job=self.job,
            mapping=self.mapping,
            side=side,
            request=request,
            acted=acted,
            fate=fate,
        )

    def _sleeping(self, seconds: float) -> None:
        self.cross("sleep", f"{seconds:.6f}".encode())

    def _connect(self, **how: Any) -> requests.Session:
        session = open_session(**how)
        for prefix, side in ((self.host.settings().crm.my_domain, "crm"), ("https://", SYSTEM)):
            session.mount(prefix, _Gate(self, side, self.host.carrier(side, session)))
        return session


_CHANCE = re.compile(rb"(?<=refresh_token=)[^&]+|(?<=/batch/)[0-9a-f]+")
"""What the emulated platforms make of real chance, and the bridge sends."""

_MIGRATING: list[Process] = []
"""The processes that are opening their states, the last one in the midst of a crossing of the others.

The engine is made while a state is opened, so all engines are listened to. They are so for good: a second daemon that opens its
copy in the midst of a commit of the first must not change the listeners that are just being called.
"""


@event.listens_for(Engine, "before_cursor_execute")
def _executing(db: Connection, _cursor: object, statement: str, *_more: object) -> None:
    if _MIGRATING and not db.get_execution_options().get(OURS):
        _MIGRATING[-1].executing(statement)


@event.listens_for(Engine, "commit")
def _committing(db: Connection) -> None:
    if _MIGRATING and not db.get_execution_options().get(OURS):
        _MIGRATING[-1].committing(db)


class _Gate(BaseAdapter):
    """Where a daemon's requests cross the boundary on their way to a system, and their answers on the way back."""

    def __init__(self, process: Process, side: str, carrier: BaseAdapter) -> None:
        super().__init__()
        self._process, self._side, self._carrier = process, side, carrier

    def close(self) -> None:
        """See ``requests``."""
        self._carrier.close()

    def send(self, request: requests.PreparedRequest, *rest: Any, **more: Any) -> requests.Response:
        """One exchange, as two effects: before the service has acted, and after it, before the answer is used."""
        process, world, wire = self._process, self._process.world, self._process.host.wire(self._side)
        line = f"{request.method} {request.path_url} ".encode()
        body = request.body if isinstance(request.body, bytes) else str(request.body or "").encode()
        line = _CHANCE.sub(b"~", line)
        shown = line + _CHANCE.sub(b"~", body.replace(process.bridge.context.holder.encode(), b"~"))
        process.cross(f"{self._side}>", shown, lasting=asks_for_change(request.method or "", request.path_url))
        world.time.pass_(world.spec.latency)
        before = len(wire.exchanges)
        at, number = world.time.seconds, world.boundary.number
        fate = "answered"
        try:
            answer = self._carrier.send(request, *rest, **more)
        except requests.RequestException as error:
            fate = type(error).__name__
            if isinstance(error, requests.Timeout):
                # The read limit; a connection that was never made takes less, which makes no difference here.
                world.time.pass_(60.0)
            raise
        except Exception as error:
            raise Broken from error
        finally:
            passed = wire.exchanges[before:]  # none where the emulator itself has failed
            acted = [one.response for one in passed if one.response is not None and not one.response.failure]
            if fate == "answered" and passed and _breaks_off(passed[-1]):
                fate = "broken"
            for first in passed[:1]:
                world.calls.append(process.call(self._side, first.request, acted, fate, number=number, at=at))
                process.cross(f"{self._side}<", line + fate.encode())
        return answer


def _breaks_off(passed: Exchange) -> bool:
    """An answer that breaks off on its way, or never ends, is no answer."""
    answer = passed.response
    cut = answer is not None and (answer.cut is not None or answer.pace or answer.endless)
    return bool(cut) or passed.fault in {WireFault.TRUNCATE, WireFault.DRIP}
