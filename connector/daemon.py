"""The daemon: runs the jobs on their schedules, one instance of each, until it is told to stop."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from types import FrameType, ModuleType

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from connector.alerts import send
from connector.bootstrap import Bridge, reload
from connector.engine.context import Context
from connector.engine.cycle import prepare
from connector.engine.halting import EVERYTHING, LEASE, halts, notices, set_halt
from connector.errors import BridgeError, Bug, Halt, Stopped, UserError, place_of
from connector.store.store import get_meta, moment, set_meta, stamp
from jobs import ALL, cycle

log = structlog.get_logger()
_LOOK_SECONDS = 30
"""How often the clock is looked at, and what counts as set back: a smaller step makes jobs late by as much at most."""
_DRAIN_SECONDS = 20
"""How long a job may take to its next effect boundary; a process supervisor waits for longer than that."""
MAPPING_PROBLEM = "mapping_problem"
"""The remembered fact that the files in ``mappings/`` cannot be used and the last good ones are."""


def _last_run(module: ModuleType) -> str:
    """The remembered fact that says when the last good run of a job began."""
    return f"ran:{module.__name__}"


class Daemon:
    """Holds the wired bridge; the mapping is looked at again before each job, never during one."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        # All jobs work on one state and one set of sides; they take turns.
        self._turn = threading.Lock()
        self._stopped = threading.Event()

    def run(self) -> bool:
        """Work until SIGTERM or SIGINT; a job that is under way may finish its effect, for 20 seconds at most.

        False if it had not done so by then: its thread still waits for a side, and the caller has to end the process under it.
        That loses nothing, since what was sent is written down before.
        """
        self.prepare()
        scheduler = BackgroundScheduler(
            timezone="UTC",
            executors={"default": ThreadPoolExecutor(len(ALL))},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        for module in ALL:
            trigger, first = module.trigger(self._bridge.settings), self.first_run(module)
            scheduler.add_job(self.work, trigger, args=[module], id=module.__name__, name=module.__name__, next_run_time=first)
        with _signals(self._stopped):
            scheduler.start()
            log.info("daemon.started", environment=self._bridge.settings.bridge.environment)
            self._wait(scheduler)
        log.info("daemon.stopping")
        scheduler.shutdown(wait=False)
        ended = self._turn.acquire(timeout=_DRAIN_SECONDS)
        if ended:
            # Whoever waits behind us finds that it is over; else the interpreter would wait for them for ever.
            self._turn.release()
        log.info("daemon.stopped" if ended else "daemon.stopped_in_a_call")
        return ended

    def _wait(self, scheduler: BackgroundScheduler) -> None:
        """Until it is told to stop. Jobs are due by the wall clock: when that is set back, it is reckoned anew when."""
        clock = self._bridge.context.clock
        ahead = clock.now().timestamp() - clock.monotonic()
        while not self._stopped.wait(_LOOK_SECONDS):
            was, ahead = ahead, clock.now().timestamp() - clock.monotonic()
            if ahead < was - _LOOK_SECONDS:
                log.warning("clock.set_back", seconds=round(was - ahead))
                for module in ALL:
                    scheduler.reschedule_job(module.__name__, trigger=module.trigger(self._bridge.settings))

    def prepare(self) -> None:
        """What comes before the first job. Errors as of ``connector.engine.cycle.prepare``."""
        prepare(self._bridge.context, self._bridge.mapping)

    def first_run(self, module: ModuleType) -> datetime:
        """When a job runs first: at once if it is the cycle, or fell due when no daemon was there or died in it."""
        context, now = self._bridge.context, self._bridge.context.clock.now()
        if module is cycle:
            return now
        with context.store.begin() as db:
            last = get_meta(db, _last_run(module))
            began = moment(last) if last else None
            if began is None or began > now:
                # Never, or by a clock that was ahead: from that moment on it would not be due for as long.
                began = now
                set_meta(db, _last_run(module), stamp(now))
        due: datetime = module.trigger(self._bridge.settings).get_next_fire_time(None, began)
        return max(due, now)

    def work(self, module: ModuleType) -> None:
        """One job, now, unless it is over; whatever goes wrong in it is logged or kept in the state, and nothing is raised."""
        with self._turn:
            if self._stopped.is_set():
                # It fell due behind another job; the next start makes up for it.
                log.info("job.stopped", job=module.__name__)
                return
            context, began = self._bridge.context, self._bridge.context.clock.now()
            try:
                self._refresh()
                context = replace(self._bridge.context, progress=self._between_effects)
                module.work(context, self._bridge.settings)
                if module is not cycle:
                    with context.store.begin() as db:
                        set_meta(db, _last_run(module), stamp(began))
            except Stopped:
                log.info("job.stopped", job=module.__name__)
            except Halt as error:
                if error.subject != LEASE:
                    _remember(context, error)
                log.error("job.halted", job=module.__name__, subject=error.subject)  # noqa: TRY400 - the halt is the message
            except Bug as error:
                self._stop_everything(context, module, error)
            except BridgeError as error:
                log.warning("job.failed", job=module.__name__, error=type(error).__name__, code=getattr(error, "code", ""))
            except Exception as error:  # noqa: BLE001 - a defect of ours; its text may hold a person's data and is not logged
                self._stop_everything(context, module, error)
            try:
                self._alert()
            except Exception as error:  # noqa: BLE001 - nobody told is bad, but no reason to stop
                log.error("alert.failed", error=place_of(error))  # noqa: TRY400 - its text may hold anybody's data

    def _stop_everything(self, context: Context, module: ModuleType, error: Exception) -> None:
        """Our own invariant is broken: write nothing more until a person has looked, and keep what there is."""
        log.error("job.defect", job=module.__name__, error=place_of(error))
        reason = f"a defect of alumni-bridge in {module.__name__}: {place_of(error)}"
        with context.store.begin() as db:
            set_halt(
                context,
                db,
                EVERYTHING,
                reason,
                "keep the state file and the log, report it, then `alumni-bridge resume everything`",
            )

    def _between_effects(self, _what: str, _done: int, _total: int | None) -> None:
        if self._stopped.is_set():
            raise Stopped

    def _refresh(self) -> None:
        """Take up changed mapping files; files that are wrong are reported, and the last good ones stay in force."""
        store = self._bridge.context.store
        try:
            self._bridge = reload(self._bridge)
        except UserError as error:
            log.warning("mapping.kept_last_good", count=len(error.problems))
            with store.begin() as db:
                set_meta(db, MAPPING_PROBLEM, error.brief)
        except BridgeError as error:
            # The new mapping is well written but does not fit the org, or that cannot be found out now.
            log.warning("mapping.kept_last_good", error=type(error).__name__)
            with store.begin() as db:
                set_meta(db, MAPPING_PROBLEM, str(error))
        else:
            with store.begin() as db:
                if get_meta(db, MAPPING_PROBLEM):
                    set_meta(db, MAPPING_PROBLEM, None)

    def _alert(self) -> None:
        alerts, context = self._bridge.settings.alerts, self._bridge.context
        if not alerts.command and alerts.webhook is None:
            return
        now = context.clock.now()
        with context.store.begin() as db:
            halted = halts(db).values()
            reasons = [f"{row['subject']}: {row['reason']}. {row['remedy']}" for row in halted]
            reasons += notices(db, now)
            text, at = "\n".join(reasons), get_meta(db, "alerted_at")
            said = get_meta(db, "alerted")
            # The same reason since another moment: a person has resumed it, and has to hear that it was no cure.
            news = "\n".join((text, *(row["since"] for row in halted)))
            repeat = at is not None and 0 <= (now - moment(at)).total_seconds() < alerts.repeat_minutes * 60
            if not text or (said == news and repeat):
                return
        told = f"alumni-bridge needs you\n{text}"
        if send(told, command=alerts.command, webhook=alerts.webhook, environ=os.environ, clock=context.clock):
            with context.store.begin() as db:
                set_meta(db, "alerted", news)
                set_meta(db, "alerted_at", stamp(now))


def _remember(context: Context, error: Halt) -> None:
    with context.store.begin() as db:
        set_halt(context, db, error.subject, error.reason, error.remedy)


@contextmanager
def _signals(stopped: threading.Event) -> Iterator[None]:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopped.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
