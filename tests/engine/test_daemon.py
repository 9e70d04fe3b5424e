"""What the daemon does when a job goes wrong: nothing of it reaches the log, and nothing more is written."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from connector.alerts import send
from connector.bootstrap import Bridge
from connector.clock import SystemClock
from connector.config import load_settings
from connector.daemon import MAPPING_PROBLEM, Daemon
from connector.engine.plans import resume
from connector.engine.report import health, status
from connector.errors import Bug, Halt, Later
from connector.rules import load_rules
from connector.store.store import get_meta, stamp
from jobs import ALL, cycle, reminders, sweep
from tests.engine.university import University

ROOT = Path(__file__).parents[2]


def daemon_of(uni: University, mappings: Path = ROOT / "mappings", command: tuple[str, ...] = ()) -> Daemon:
    """A daemon over this university; its jobs are called by hand. ``command``: what tells people."""
    alerts = SimpleNamespace(command=command, webhook=None, repeat_minutes=240)
    settings = SimpleNamespace(bridge=SimpleNamespace(mappings=mappings), alerts=alerts, career=())
    bridge = SimpleNamespace(settings=settings, rulebook=load_rules(ROOT / "mappings"), context=uni.ctx)
    return Daemon(cast("Bridge", bridge))


def job(error: BaseException | None, seen: list[str] | None = None) -> ModuleType:
    """A job that fails in this way."""
    module = ModuleType("jobs.tried")

    def work(_ctx: Any, _settings: Any) -> None:
        if seen is not None:
            seen.append("worked")
        if error is not None:
            raise error

    module.work = work  # type: ignore[attr-defined]
    return module


@pytest.mark.parametrize("error", [Bug("ada@example.org"), ValueError("ada@example.org"), KeyError("ada@example.org")])
def test_a_defect_stops_everything_and_shows_nobodys_data(
    uni: University, error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    """Law (I50, S46): a broken invariant halts everything; log and halt name the kind of error and its place, never its text."""
    daemon_of(uni).work(job(error))
    halted = status(uni.ctx)["halted"]
    assert [row["subject"] for row in halted] == ["everything"]
    told = capsys.readouterr()
    assert "ada@example.org" not in told.out + told.err + str(halted)
    assert uni.run().read == {}


def test_a_side_that_is_down_halts_nothing(uni: University) -> None:
    """What may work later is only logged; the next run tries again."""
    daemon_of(uni).work(job(Later(side="crm", code="DOWN")))
    assert status(uni.ctx)["halted"] == []


def test_a_state_that_is_held_for_too_long_halts_nothing(uni: University) -> None:
    """Law: neither a lock that lasts nor a full disk is a defect, also where it ends in time to write a halt down."""

    def held(_ctx: Any, _settings: Any) -> None:
        with uni.ctx.store.begin():
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorcode = sqlite3.SQLITE_BUSY
            raise error

    module = job(None)
    module.work = held  # type: ignore[attr-defined]
    daemon_of(uni).work(module)
    assert status(uni.ctx)["halted"] == []


def test_a_broken_mapping_keeps_the_last_good_one(uni: University, tmp_path: Path) -> None:
    """Files that cannot be used are told in status, and the job runs under the mapping that was good (S46)."""
    for name in ("person", "requests", "routing"):
        (tmp_path / f"{name}.toml").write_text("version = 1\nnonsense = true\n")
    seen: list[str] = []
    daemon_of(uni, tmp_path).work(job(None, seen))
    assert seen == ["worked"]
    with uni.ctx.store.begin() as db:
        assert "person.toml" in str(get_meta(db, MAPPING_PROBLEM))


def test_what_fell_due_while_no_daemon_was_there_is_made_up_for(uni: University) -> None:
    """Law: a weekly sweep that a dead daemon missed, or died in, is done at the next start and not a week later."""
    daemon = Daemon(uni.bridge())
    sunday = datetime(2026, 11, 8, 3, 0, tzinfo=UTC)
    assert daemon.first_run(sweep) == sunday
    uni.clock.move(sunday + timedelta(hours=30) - uni.clock.now())
    assert Daemon(uni.bridge()).first_run(sweep) == uni.clock.now()
    daemon.work(sweep)
    assert Daemon(uni.bridge()).first_run(sweep) == sunday + timedelta(days=7)


def test_a_job_that_failed_is_tried_again_at_the_next_start(uni: University) -> None:
    """Law: only a run that ended well counts as one."""
    daemon = Daemon(uni.bridge())
    due = daemon.first_run(reminders)
    uni.clock.move(due - uni.clock.now())
    failing = ModuleType(reminders.__name__)
    failing.work = job(Later(side="crm", code="DOWN")).work  # type: ignore[attr-defined]
    daemon.work(failing)
    assert Daemon(uni.bridge()).first_run(reminders) == due


def test_what_halts_again_after_a_person_resumed_it_is_told_again(uni: University, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: one halt is told once in ``repeat_minutes``; the same reason after a resume is another halt.

    Nobody is kept waiting for an alert because the last one was sent by a clock that was ahead.
    """
    told: list[str] = []

    def send(text: str, **_: Any) -> bool:
        told.append(text)
        return True

    monkeypatch.setattr("connector.daemon.send", send)
    daemon = daemon_of(uni, command=("alarm",))
    refused = job(Halt(subject="crm", reason="the login is refused", remedy="look at the login history"))
    for _ in range(2):
        daemon.work(refused)
        uni.clock.move(timedelta(minutes=10))
    assert told == ["alumni-bridge needs you\ncrm: the login is refused. look at the login history"]
    assert resume(uni.ctx, "crm")
    daemon.work(refused)
    assert (len(told), len(set(told))) == (2, 1)
    uni.clock.move(-timedelta(days=30))
    daemon.work(refused)
    assert len(told) == 3


def test_a_job_of_a_clock_that_was_ahead_is_due_by_the_right_one(uni: University) -> None:
    """Law: a machine that began ten years ahead (no time server yet) does not wait ten years for its weekly sweep."""
    decade = timedelta(days=3650)
    right = Daemon(uni.bridge()).first_run(sweep)
    uni.clock.move(decade)
    Daemon(uni.bridge()).work(sweep)
    uni.clock.move(-decade)
    for _ in range(2):
        assert Daemon(uni.bridge()).first_run(sweep) == right


def test_what_waits_for_its_turn_does_not_begin_after_the_end(uni: University, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: told to stop, it ends with the job that is under way: none begins behind it, none keeps the process from ending."""
    daemon, begun, worked = Daemon(uni.bridge()), Event(), list[str]()
    scheduled = (ModuleType("jobs.first"), ModuleType("jobs.second"), ModuleType("jobs.third"))
    for module in scheduled:

        def work(_ctx: Any, _settings: Any, name: str = module.__name__) -> None:
            worked.append(name)
            begun.set()
            time.sleep(0.5)

        module.work = work  # type: ignore[attr-defined]
        module.trigger = cycle.trigger  # type: ignore[attr-defined]
    monkeypatch.setattr("connector.daemon.ALL", scheduled)
    monkeypatch.setattr(daemon, "first_run", lambda _module: SystemClock().now())

    def end() -> None:
        begun.wait(30)
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=end).start()
    assert daemon.run()
    # They hold no thread of the process any more either.
    assert daemon._turn.acquire(timeout=30)
    assert len(worked) == 1


class Steps:
    """A clock of a machine whose wall clock is moved by some seconds between two looks, and the daemon's wait for its end."""

    def __init__(self, *moved: int) -> None:
        self.seconds, self.ahead, self.moved = 0.0, 0.0, list(moved)

    def now(self) -> datetime:
        """The wall clock."""
        return datetime(2026, 11, 2, 9, 0, tzinfo=UTC) + timedelta(seconds=self.seconds + self.ahead)

    def monotonic(self) -> float:
        """The seconds that have really passed."""
        return self.seconds

    def wait(self, seconds: float) -> bool:
        """Let time pass, until no step is left."""
        self.seconds += seconds
        if not self.moved:
            return True
        self.ahead += self.moved.pop(0)
        return False


@pytest.mark.parametrize(
    ("moved", "times"), [((0, 0, 0), 0), ((-20, 0), 0), ((7200, 0), 0), ((-3600, 0, 0), 1), ((3600, -3600, 0, -60), 2)]
)
def test_jobs_are_due_anew_when_the_clock_is_set_back(moved: tuple[int, ...], times: int) -> None:
    """Law: each step back, and only that, has every job reckoned anew: none waits until the clock is again where it was."""
    steps, due = Steps(*moved), list[str]()

    def reschedule_job(name: str, *, trigger: BaseTrigger) -> None:
        assert isinstance(trigger, BaseTrigger)
        due.append(name)

    settings = load_settings(ROOT / "config.example.toml")
    bridge = SimpleNamespace(settings=settings, context=SimpleNamespace(clock=steps))
    daemon = Daemon(cast("Bridge", bridge))
    # In place of real half minutes.
    daemon._stopped = cast("Event", steps)
    daemon._wait(cast("BackgroundScheduler", SimpleNamespace(reschedule_job=reschedule_job)))
    assert due == [module.__name__ for module in ALL] * times


def test_the_scheduler_runs_again_what_is_reckoned_anew() -> None:
    """Law: a job whose next run lies an hour ahead, as after a step back, runs after its own interval instead."""
    ran, scheduler = Event(), BackgroundScheduler(timezone="UTC")
    scheduler.add_job(ran.set, IntervalTrigger(seconds=1), id="job", next_run_time=SystemClock().now() + timedelta(hours=1))
    scheduler.start()
    try:
        scheduler.reschedule_job("job", trigger=IntervalTrigger(seconds=1))
        assert ran.wait(30)
    finally:
        scheduler.shutdown()


@pytest.mark.parametrize(
    ("minutes", "code", "reason"),
    [
        (None, 1, "crm: no good cycle yet"),
        (-55, 1, "crm: its last good cycle lies 55 minutes ahead: the clock was set back"),
        (-1, 0, None),
        (14, 0, None),
        (15, 1, "crm: no good cycle for 15 minutes"),
        (60, 2, "crm: no good cycle for 60 minutes"),
    ],
)
def test_monitoring_hears_how_long_there_was_no_good_cycle(
    uni: University, minutes: int | None, code: int, reason: str | None
) -> None:
    """Law: too long ago, never yet, and ahead of the clock are told; a cycle ahead of the clock does not count as a fresh one."""
    now = uni.clock.now()
    good = None if minutes is None else stamp(now - timedelta(minutes=minutes))
    found = status(uni.ctx) | {"last_good": {"crm": good}}
    told = health(found, uni.bridge().settings.status, now)
    assert (told.code, told.reasons) == (code, (reason,) if reason else ())


def test_a_mailer_that_goes_on_in_the_background_has_said_it(tmp_path: Path) -> None:
    """Law: an alert is out once its command has ended well; what that has left running holds up no job."""
    began = time.monotonic()
    command = ["/bin/sh", "-c", f"cat >{tmp_path / 'mail'}; sleep 20 &"]
    assert send("It stands still", command=command, webhook=None, environ={}, clock=SystemClock())
    assert (time.monotonic() - began < 15, (tmp_path / "mail").read_text()) == (True, "It stands still")
