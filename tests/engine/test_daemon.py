"""What the daemon does when a job goes wrong: nothing of it reaches the log, and nothing more is written."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest

from connector.bootstrap import Bridge
from connector.daemon import MAPPING_PROBLEM, Daemon
from connector.engine.plans import resume
from connector.engine.report import status
from connector.errors import Bug, Halt, Later
from connector.rules import load_rules
from connector.store.store import get_meta
from jobs import reminders, sweep
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
    """A broken invariant halts everything; the log and the halt name the kind of error and its place, never its text (S46)."""
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
