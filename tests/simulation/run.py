"""Plays a scenario: the steps with their troubles, then the time after it, in which everything has to come to rest."""

from __future__ import annotations

import io
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from connector.engine import planner
from connector.engine.context import stage
from connector.log import configure
from jobs import cycle, sweep
from tests.simulation.boundary import Boundary, Effect
from tests.simulation.mapping import read_mapping
from tests.simulation.oracle import rest, wire
from tests.simulation.oracle.evidence import Breach, Evidence
from tests.simulation.oracle.wire import NotAllowed, Write
from tests.simulation.process import RESTART, Host, Process
from tests.simulation.scenario import Scenario
from tests.simulation.world import Spec, World, new_world

PATIENCE = 12
"""Cycles within which a world without troubles comes to rest."""
LEAP = 3601.0
"""Seconds between two cycles while the world comes to rest: longer than any back-off."""


@dataclass(kw_only=True)
class Outcome:
    """What came of a run. ``trace`` is the hash over all its effects."""

    seed: int
    breaches: list[Breach]
    trace: str
    effects: int
    calls: int
    writes: int
    seconds: float = 0.0
    """Of one core."""
    marks: Counter[str] = field(default_factory=Counter)
    """What happened at all, by name: a mark that no seed hits is a place that is not simulated."""
    struck: Counter[str] = field(default_factory=Counter)
    """Faults that struck, by name."""
    kept: list[Effect] = field(default_factory=list)


class Run:
    """One scenario in one world. ``base`` is a folder for files; runs in the same folder come one after another."""

    def __init__(self, scenario: Scenario, base: Path, *, keep: bool = False) -> None:
        self.scenario, self.base = scenario, base
        self.breaches: list[Breach] = []
        spec = scenario.spec
        if spec.live:
            world, state = _grown(_seedling(spec), base)
            self.world = world.copy()
            self.world.spec = spec
        else:
            self.world, state = new_world(spec), None
        self.world.boundary = Boundary(keep=keep)
        self.host = Host(world=self.world, name="bridge", base=base)
        if state is None:
            self.host.forget_state()
        else:
            self.host.put_state(state)
        self.processes: list[Process] = []
        self.restarts: list[tuple[float, Host]] = []
        self.start(self.host)

    # --- time and processes ---------------------------------------------------------------------------------------

    def start(self, host: Host) -> Process:
        """Start a daemon on a host; if it dies or fails on the way, the service manager will try again."""
        process = Process(host, seed=self.scenario.seed)
        if process.start():
            self.processes.append(process)
        else:
            self._ended(process)
        return process

    @property
    def process(self) -> Process | None:
        """The daemon on the bridge's host, if it runs."""
        return next((one for one in self.processes if one.host is self.host), None)

    def pass_time(self, seconds: float) -> None:
        """Time passes; whoever is due works, and what died is started again."""
        until = self.world.time.seconds + seconds
        while (following := self._next()) is not None and following[0] <= until:
            at, act = following
            self.world.time.pass_(at - self.world.time.seconds)
            act()
        self.world.time.pass_(until - self.world.time.seconds)

    def _next(self) -> tuple[float, Callable[[], None]] | None:
        waiting: list[tuple[float, Callable[[], None]]] = []
        for process in self.processes:
            away = (process.next_due() - process.clock.now()).total_seconds()
            waiting.append((self.world.time.seconds + max(away, 0.0), lambda process=process: self._work(process)))  # type: ignore[misc]
        waiting += [(at, lambda: self._restart()) for at, _ in self.restarts]  # noqa: PLW0108 - looked up when it runs
        return min(waiting, key=lambda one: one[0], default=None)

    def _work(self, process: Process) -> None:
        process.work()
        if process.dead:
            self._ended(process)

    def _restart(self) -> None:
        now = self.world.time.seconds
        due = [host for at, host in self.restarts if at <= now]
        self.restarts = [(at, host) for at, host in self.restarts if at > now]
        for host in due:
            self.start(host)

    def _ended(self, process: Process) -> None:
        if process in self.processes:
            self.processes.remove(process)
        if not process.left.startswith("halted"):
            self.restarts.append((self.world.time.seconds + RESTART, process.host))

    # --- the play -------------------------------------------------------------------------------------------------

    def play(self) -> Outcome:
        """All steps, then rest, then judgement."""
        for step in self.scenario.steps:
            step.perform(self)
        self.come_to_rest()
        self.breaches += judge(self)
        return self._outcome()

    def come_to_rest(self) -> None:
        """No more trouble: the bridge has to work off what waits, and then to leave everything as it is."""
        self.world.boundary.clear()
        if self.process is None:
            self.restarts.clear()
            self.start(self.host)
        process = self.process
        if process is None:
            self.breaches.append(Breach("liveness", "the daemon does not start"))
            return
        if not self._live(process):
            process.run(cycle)
            planner.go_live(process.bridge.context)
        if not any(self._quiet(process) for _ in range(PATIENCE)):
            self.breaches.append(Breach("liveness", f"it still writes after {PATIENCE} cycles"))
        process.run(sweep)
        if not any(self._quiet(process) for _ in range(PATIENCE)):
            self.breaches.append(Breach("liveness", f"it still writes {PATIENCE} cycles after a sweep"))
        for number in range(3):
            if not self._quiet(process):
                self.breaches.append(Breach("quiet (I25)", f"cycle {number + 1} of three at rest still writes"))
        process.end("stopped")
        self.processes.clear()

    def _live(self, process: Process) -> bool:
        with process.bridge.context.store.begin() as db:
            return stage(db).live

    def _quiet(self, process: Process) -> bool:
        """Whether a cycle, an hour later, writes nothing but its sign of life."""
        self.world.time.pass_(LEAP)
        before = len(self.world.calls)
        process.run(cycle)
        return not [call for call in self.world.calls[before:] if call.writes and b"Bridge_Status__c" not in call.request.body]

    def _outcome(self) -> Outcome:
        boundary, calls = self.world.boundary, self.world.calls
        return Outcome(
            seed=self.scenario.seed,
            breaches=sorted(set(self.breaches)),
            trace=boundary.trace(),
            effects=boundary.number,
            calls=len(calls),
            writes=sum(call.writes for call in calls),
            kept=boundary.kept,
        )


def judge(run: Run) -> Iterator[Breach]:
    """Everything that must hold after a run."""
    rules = read_mapping(run.world.spec.mapping)
    writes: list[Write] = []
    for call in run.world.calls:
        try:
            found = wire.writes_of(call)
            for write in found:
                wire.judge(write, rules)
            writes += found
        except NotAllowed as error:
            yield Breach("wire (I1, I2)", str(error))
    found_at_rest = Evidence(world=run.world, state=run.host.state, writes=writes)
    yield from rest.judge(found_at_rest)


def _seedling(spec: Spec) -> Spec:
    """What of a world decides how it looks when everybody is linked and at rest."""
    plain = Spec()
    return replace(spec, live=True, page=plain.page, overlap=plain.overlap, cycle=plain.cycle, latency=plain.latency)


@cache
def _grown(spec: Spec, base: Path) -> tuple[World, Path]:
    """A world in which everybody is linked and at rest, and the bridge is live; with the state of its bridge."""
    world = new_world(spec)
    host = Host(world=world, name="bridge", base=base)
    host.forget_state()
    process = Process(host, seed=0)
    assert process.start(), process.left
    process.run(cycle)
    planner.go_live(process.bridge.context)
    for _ in range(4):
        world.time.pass_(60)
        process.run(cycle)
    process.end("stopped")
    kept = base / f"grown-{len(list(base.glob('grown-*')))}.db"
    kept.write_bytes(host.state.read_bytes())
    return world, kept


def simulate(scenario: Scenario, base: Path, *, keep: bool = False) -> Outcome:
    """Play a scenario."""
    began = time.process_time()
    with _logged():
        outcome = Run(scenario, base, keep=keep).play()
    outcome.seconds = time.process_time() - began
    return outcome


@contextmanager
def _logged() -> Iterator[io.StringIO]:
    """The daemons' log goes into a text instead of to the standard error."""
    kept, sys.stderr = sys.stderr, io.StringIO()
    try:
        configure("info", "json")
        yield sys.stderr
    finally:
        sys.stderr = kept


def scratch() -> Path:
    """A folder in memory where there is one: a simulated power cut needs no real disk."""
    root = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    return Path(tempfile.mkdtemp(prefix="simulation-", dir=root if os.access(root, os.W_OK) else None))
