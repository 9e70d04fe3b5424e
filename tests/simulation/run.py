"""Plays a scenario: the steps with their troubles, then the time after it, in which everything has to come to rest."""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from connector.bootstrap import Bridge
from connector.engine import patience, stage
from connector.log import configure
from connector.store import intents
from jobs import cycle, sweep
from tests.simulation.administrator import Apply
from tests.simulation.boundary import Boundary, Effect
from tests.simulation.judgement import judge
from tests.simulation.lineage import Lineage
from tests.simulation.office import FOLDER, open_office
from tests.simulation.oracle import reading
from tests.simulation.oracle.evidence import Breach, state_rows
from tests.simulation.pauses import Pauses
from tests.simulation.process import RESTART, Host, Process
from tests.simulation.scenario import Scenario
from tests.simulation.steps import Step
from tests.simulation.troubles import resume
from tests.simulation.variants import USUAL
from tests.simulation.world import Spec, World, new_world

PATIENCE = 15
"""Cycles within which a world without troubles comes to rest."""
SHOWN_WITHIN = 46 * 86_400.0
"""Seconds after which the bridge decides anew what was handed over and never shown, on every platform."""
LEAP = 3601.0
"""Seconds between two cycles while the world comes to rest: longer than any back-off. See ``Platform.slow``, too."""
_DAY = 86_401.0
"""The same where everybody is compared once a day only."""


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
    """Troubles that struck, by name."""
    kept: list[Effect] = field(default_factory=list)


class Run:
    """One scenario in one world. ``base`` is a folder for files; runs in the same folder come one after another.

    ``before`` are steps that come before the daemon's first start; ``host`` makes the machine that it runs on.
    """

    def __init__(
        self,
        scenario: Scenario,
        base: Path,
        *,
        before: Sequence[Step] = (),
        keep: bool = False,
        host: Callable[..., Host] = Host,
    ) -> None:
        self.scenario, self.base = scenario, base
        self.breaches: list[Breach] = []
        self.world, state = _begin(scenario.spec, base)
        self.world.boundary = Boundary(keep=keep)
        _clear(base)
        self.world.office = open_office(self.world, base, None if state is None else _kept_folder(state))
        self.host = host(world=self.world, name="bridge", base=base)
        if state is None:
            self.host.forget_state()
        else:
            self.host.put_state(state)
        self.log: Callable[[], str] = str
        self.troubles: Counter[str] = Counter()
        self.backup: tuple[Path, Lineage] | None = None
        self.lineage = Lineage()
        self.may_have_rival = True
        self.rival: Process | None = None
        self.pauses = Pauses()
        self.moved: list[int] = []
        self.looked_after = sys.maxsize
        self.processes: list[Process] = []
        self.restarts: list[tuple[float, Host]] = []
        self._orders: list[tuple[str, Callable[[], int]]] = []
        self._undo: list[Callable[[], object]] = []
        self._starting: Process | None = None
        for step in before:
            step.perform(self)
        self.start(self.host)

    def twin(self) -> World:
        """The world as it was at the beginning, for people alone."""
        return _begin(self.scenario.spec, self.base)[0]

    # --- what steps ask for -----------------------------------------------------------------------------------------

    def ordered(self, name: str, struck: Callable[[], int]) -> None:
        """A fault was ordered; ``struck`` tells how often it has struck."""
        self._orders.append((name, struck))

    def happened(self, name: str) -> None:
        """A trouble has come."""
        self.troubles[name] += 1

    def undo(self, act: Callable[[], object]) -> None:
        """How a lasting trouble ends, once the scenario is over."""
        self._undo.append(act)

    def skew(self, seconds: float) -> None:
        """The clock of the bridge's host is set, for the running daemon, one that is just starting, and all that follow."""
        self.world.host_skew += seconds
        for process in filter(None, (*self.processes, self._starting)):
            process.clock.skew = self.world.host_skew

    # --- time and processes -----------------------------------------------------------------------------------------

    def start(self, host: Host) -> None:
        """Start a daemon on a host; if it dies or fails on the way, the service manager will try again."""
        process = Process(host, seed=self.scenario.seed + self.world.boundary.number)
        self._starting = process
        if process.start():
            self.processes.append(process)
        else:
            self._ended(process)
        self._starting = None

    def command(self, act: Callable[[Bridge], object]) -> None:
        """The administrator stops the daemon, gives a command (again if it dies), and starts the daemon anew."""
        self.stop()
        done = False
        while not done:
            process = Process(self.host, seed=self.scenario.seed + self.world.boundary.number)
            self._starting = process
            done = process.command(act)
            self._starting = None
            if process.left != "died" and not done:
                raise AssertionError(f"the command {process.left}")
        self.start(self.host)

    @property
    def process(self) -> Process | None:
        """The daemon on the bridge's host, if it runs (or is just starting)."""
        if self._starting is not None and not self._starting.dead:
            return self._starting
        return next((one for one in self.processes if one.host is self.host), None)

    def end(self, process: Process, why: str) -> None:
        """A daemon ends between two jobs."""
        process.end(why)
        self._ended(process)

    def stop(self) -> None:
        """The administrator stops the bridge's daemon; the service manager does not start it again."""
        self.restarts.clear()
        for process in list(self.processes):
            process.end("stopped")
        self.processes.clear()

    def replace(self, ours: Process, rival: Process) -> None:
        """Another daemon goes on with its copy of the state, and ours is no more."""
        if ours.working:
            ours.dead = True
        else:
            ours.end("stopped")
        if ours in self.processes:
            self.processes.remove(ours)
        self.host = rival.host
        self.processes.append(rival)

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
        waiting += [(at, self._restart) for at, _ in self.restarts]
        if self.world.office is not None:
            waiting.append((self.world.office.due, self.world.office.work))
        return min(waiting, key=lambda one: one[0], default=None)

    def sweep(self, process: Process) -> None:
        """Let a daemon sweep now: the job asks for it, a cycle does it."""
        for job in (sweep, cycle):
            if not process.dead:
                process.run(job)
        if process.dead:
            self._ended(process)

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
        if process.host is self.host and not process.left.startswith("halted"):
            self.restarts.append((self.world.time.seconds + RESTART, process.host))

    # --- the play ---------------------------------------------------------------------------------------------------

    def play(self) -> Outcome:
        """All steps, then rest, then judgement."""
        for step in self.scenario.steps:
            self.moved.append(self.world.boundary.number)
            step.perform(self)
        self.moved.append(self.world.boundary.number)
        self._end_troubles()
        if self._come_to_rest():
            self.breaches += judge(self)
        for process in self.processes:
            process.end("stopped")
        return self._outcome()

    def _end_troubles(self) -> None:
        world = self.world
        world.boundary.clear()
        for wire in (self.host.crm_wire, self.host.career_wire):
            wire.orders.clear()
        for name, struck in self._orders:
            self.troubles[name] += struck()
        world.crm.clear_faults()
        world.careers.app.orders.clear()
        for act in reversed(self._undo):
            act()

    def _come_to_rest(self) -> bool:
        """No more trouble: the bridge works off what waits, then leaves everything as it is. Whether there is a bridge."""
        if self.troubles["mapping changed"]:
            Apply().perform(self)
        process = self._started()
        if process is None:
            self.breaches.append(Breach("liveness", "the daemon does not start"))
            return False
        if not self._live(process):
            self._judge_observing()
            self._cycle(process)
            stage.go_live(process.bridge.context)
        resume(self, process)
        self._await_rest(process)
        # Behind a replica what committed late may show only when the overlap has passed: a sweep has to find it.
        late = self.world.held_records or self.troubles["crm late_commit late_commit"]
        # Whoever the very first list left out is not known to be missing: a sweep has to find them, too.
        first = not self.world.spec.live or self.troubles.keys() & {"state lost", "state restored"}
        short = self.troubles["careers short_list"] and first
        hidden = bool((self.troubles["crm replica_lag"] and late) or short)
        # Of a field that an answer lacked nothing is known until its record changes again, or is compared.
        restarted = len({(call.process, call.life) for call in self.world.calls}) > 1
        forgotten = self.world.platform.from_memory if restarted else frozenset[str]()
        # What was deleted has left the Recycle Bin when nobody has read for so long.
        weeks = self.troubles["slept for weeks"]
        swept = bool(self.scenario.swept or hidden or self.troubles["careers lacking"] or forgotten or weeks)
        if not hidden:
            self.breaches += reading.judge(self.world, self.host.state, "before a sweep", but=forgotten)
        if swept:
            self._halts_resumed(process)
            self.sweep(process)
            self._await_rest(process)
        for number in (2, 3) if swept else (2,):
            if not self._quiet(process):
                self.breaches.append(Breach("quiet (I25)", f"cycle {number} at rest writes"))
        return True

    def _judge_observing(self) -> None:
        """A bridge that never was live has written nothing (I47)."""
        never = not self.scenario.spec.live and not self.troubles.keys() & {"state lost", "state restored", "two daemons"}
        if never and any(call.writes and b"Bridge_Status__c" not in call.request.body for call in self.world.calls):
            self.breaches.append(Breach("observing (I47)", "it wrote before anybody said that it should go live"))

    def _await_rest(self, process: Process) -> None:
        """All that is planned comes to an end (I24)."""
        calm = self._calms_down(process)
        on_their_way = [row for row in self._unknown() if row["code"] == "HANDED_OVER"]
        if not calm and on_their_way and (self.troubles["state restored"] or any(map(self._set_back, on_their_way))):
            # A table with what the older state had taken already says nothing of a file on its way, and what careers set back
            # before a table was taken never stands in one: that is given time.
            self.world.time.pass_(SHOWN_WITHIN)
            calm = self._calms_down(process)
        if not calm:
            self.breaches.append(Breach("liveness", f"it still writes after {PATIENCE} cycles"))

    def _set_back(self, update: Mapping[str, Any]) -> bool:
        """Whether what was handed over was carried in, and careers have entered something else since."""
        stored = self.world.careers.system.people.by_id.get(update["target"])
        for path, value in orjson.loads(update["payload"]).get("fields", {}).items():
            held = [version.changes[path][1] for version in stored.versions if path in version.changes] if stored else []
            if value in held[:-1] and held[-1] != value:
                return True
        return False

    def _calms_down(self, process: Process) -> bool:
        # A platform that is read by its lists may first go on with a round of reading that was broken off. A report
        # that has just been read says what was before it ran; another one is started, and read the time after.
        spec = self.scenario.spec
        reports = any(name == "report" for name, _ in spec.settings)
        wanted, calm = (1 if spec.platform == USUAL else 4 if reports else 2), 0
        for _ in range(PATIENCE):
            calm = calm + 1 if self._quiet(process) else 0
            if calm == wanted:
                return True
        return False

    def _unknown(self) -> list[dict[str, Any]]:
        return [row for row in state_rows(self.host.state, "intent") if row["state"] == "unknown"]

    def _started(self) -> Process | None:
        for _ in range(3):
            if self.process is not None:
                return self.process
            self.restarts.clear()
            self.world.time.pass_(LEAP)
            self.start(self.host)
        return self.process

    def _live(self, process: Process) -> bool:
        with process.beside(), process.bridge.context.store.begin() as db:
            return stage.stage(db).live

    def _cycle(self, process: Process) -> bool:
        """A cycle, an hour later; whether it wrote anything but its sign of life."""
        daily = ("compare", "day") in self.scenario.spec.settings
        self.world.time.pass_(_DAY if daily else LEAP * self.world.platform.slow)
        if self.world.office is not None:
            self.world.office.work()
            self.world.time.pass_(60.0)
        before = len(self.world.calls)
        process.run(cycle)
        return any(call.writes and b"Bridge_Status__c" not in call.request.body for call in self.world.calls[before:])

    def _quiet(self, process: Process) -> bool:
        """Whether a cycle writes nothing, nothing waits, no side is left alone, and nobody has to be asked."""
        wrote = self._cycle(process)
        with process.beside(), process.bridge.context.store.begin() as db:
            ctx = process.bridge.context
            waiting = intents.count_waiting(db) or any(patience.asked(ctx, db, side) for side in ("crm", *ctx.careers))
        waiting = waiting or (self.world.office is not None and self.world.office.waits())
        return not self._halts_resumed(process) and not wrote and not waiting

    def _halts_resumed(self, process: Process) -> bool:
        """An administrator looks after whatever is halted; whether anything was."""
        halted = [row for row in state_rows(self.host.state, "halt") if "a defect of" not in row["reason"]]
        if halted:
            resume(self, process)
        return bool(halted)

    def _outcome(self) -> Outcome:
        boundary, calls = self.world.boundary, self.world.calls
        return Outcome(
            seed=self.scenario.seed,
            breaches=sorted(set(self.breaches)),
            trace=boundary.trace(),
            effects=boundary.number,
            calls=len(calls),
            writes=sum(call.writes for call in calls),
            marks=Counter({*states(self.host.state), self.host.database.name, *(f"{call.side} {call.fate}" for call in calls)}),
            struck=+self.troubles,
            kept=boundary.kept,
        )


def states(state: Path) -> set[str]:
    """Which states of everything there are now, such as ``request Done``."""
    found = {
        f"{table} {row['state']}" for table in ("link", "suggestion", "review", "request") for row in state_rows(state, table)
    }
    return found | {f"{row['kind']} {row['state']}" for row in state_rows(state, "intent")}


def _clear(base: Path) -> None:
    """Nothing is left of the run before."""
    for name in ("bridge", "rival", FOLDER):
        shutil.rmtree(base / name, ignore_errors=True)


def _kept_folder(state: Path) -> Path:
    """Where the folder is kept that goes with a grown state."""
    return state.with_suffix(f".{FOLDER}")


def _begin(spec: Spec, base: Path) -> tuple[World, Path | None]:
    """The world in which a scenario begins, and the state that the bridge has of it."""
    if not spec.live:
        return new_world(spec), None
    world, state = _grown(_seedling(spec), base)
    copied = world.copy()
    copied.spec = spec
    for name, value in spec.org:
        copied.crm.settings(**{name: value})
    for name, value in spec.tenant:
        setattr(copied.careers.system.switches, name, value)
    copied.audited_before = len(state_rows(state, "audit"))
    if spec.database != "sqlite":
        # It grew with a state in a file, and so under another holder, who is gone.
        for row in copied.crm.rows("Bridge_Status__c"):
            copied.crm.edit_as(copied.systems.bridge_user, row["Id"], {"Lease_Until__c": None})
    return copied, state


def _seedling(spec: Spec) -> Spec:
    """What of a world decides how it looks when everybody is linked and at rest."""
    plain = Spec()
    late = ("database", "page", "overlap", "cycle", "latency", "favourites", "org", "tenant", "office")
    return replace(spec, live=True, **{name: getattr(plain, name) for name in late})


@cache
def _grown(spec: Spec, base: Path) -> tuple[World, Path]:
    """A world in which everybody is linked and at rest, and the bridge is live; with the state of its bridge."""
    world = new_world(spec)
    _clear(base)
    world.office = open_office(world, base)
    host = Host(world=world, name="bridge", base=base)
    host.forget_state()
    process = Process(host, seed=0)
    assert process.start(), process.left
    if world.office is not None:
        world.office.work()
        world.time.pass_(60)
    process.run(cycle)
    stage.go_live(process.bridge.context)
    for _ in range(4):
        world.time.pass_(60)
        process.run(cycle)
    process.end("stopped")
    kept = base / f"grown-{len(list(base.glob('grown-*')))}.db"
    kept.write_bytes(host.state.read_bytes())
    if world.office is not None:
        world.office.keep(_kept_folder(kept))
    return world, kept


def simulate(scenario: Scenario, base: Path, *, keep: bool = False) -> Outcome:
    """Play a scenario."""
    began = time.process_time()
    with logged() as log:
        run = Run(scenario, base, keep=keep)
        run.log = log.getvalue
        outcome = run.play()
    outcome.seconds = time.process_time() - began
    return outcome


@contextmanager
def logged() -> Iterator[io.StringIO]:
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
