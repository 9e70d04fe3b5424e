"""The simulated state on PostgreSQL: what the simulation needs of a database holds there as it does for a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.store.store import open_store
from connector.store.tables import audit, metadata
from jobs import cycle
from tests.simulation.database import INSTEAD, POSTGRESQL, database
from tests.simulation.farm import folder, sweep_up
from tests.simulation.oracle.evidence import state_rows
from tests.simulation.process import Host, Process
from tests.simulation.run import Run, simulate
from tests.simulation.scenario import Scenario
from tests.simulation.steps import At, EditAccount, EditContact, Pass
from tests.simulation.troubles import CutPower, KeepState, Kill, RestoreState, Rival
from tests.simulation.world import Spec, new_world

SPEC = Spec(database="postgresql", people=2)


@pytest.fixture(scope="module")
def base() -> Iterator[Path]:
    """A folder for runs on a server; skips where none can be started."""
    if database("postgresql", folder(), "bridge").name != POSTGRESQL:
        pytest.skip("no PostgreSQL server can be started here")
    yield folder()
    sweep_up()


def _host(base: Path) -> Host:
    host = Host(world=new_world(SPEC), name="bridge", base=base)
    host.forget_state()
    return host


def test_a_scenario_is_the_same_again(base: Path) -> None:
    """Law (I28, I31): with deaths, a backup put back and a second daemon, all is well, and the same effects come again."""
    steps = (
        EditContact(0, "title", 1),
        At(30, Kill()),
        Pass(60),
        KeepState(),
        EditAccount(1, "preferred_name", 1),
        At(25, CutPower()),
        Pass(120),
        RestoreState(),
        EditContact(1, "title", 0),
        At(20, Rival(stays=True)),
        Pass(120),
    )
    outcomes = [simulate(Scenario(spec=SPEC, steps=steps, swept=True), base) for _ in range(2)]
    assert [outcome.breaches for outcome in outcomes] == [[], []]
    assert all(outcome.marks[POSTGRESQL] and outcome.struck["two daemons"] for outcome in outcomes)
    assert outcomes[0].trace == outcomes[1].trace


def test_who_is_gone_holds_nothing(base: Path) -> None:
    """Law (I29): the lock goes with the process that held it, with its session or not: the next daemon works at once."""
    host = _host(base)
    gone, following = Process(host, seed=0), Process(host, seed=0)
    assert gone.start()
    host.database.leave()
    assert following.start(), following.left
    following.end("stopped")
    gone.end("stopped")


def test_who_dies_keeps_nothing(base: Path) -> None:
    """Law (I29): what was not committed is gone with the process."""
    host = _host(base)
    process = Process(host, seed=0)
    assert process.start()
    before = {name: state_rows(host.state, name) for name in metadata.tables}
    host.world.boundary.await_("commit", b"", lambda: setattr(process, "dead", True))
    process.run(cycle)
    assert process.left == "died"
    assert {name: state_rows(host.state, name) for name in metadata.tables} == before


def test_a_copy_is_what_was_copied(base: Path) -> None:
    """Law: a state that is put in place and kept again is the same, and new rows get numbers of their own."""
    run = Run(Scenario(spec=SPEC, steps=()), base)
    run.stop()
    held = run.host.keep_state("first.db")
    run.host.forget_state()
    assert not state_rows(run.host.state, "audit")
    run.host.put_state(held)
    assert state_rows(held, "audit")
    assert all(state_rows(run.host.state, name) == state_rows(held, name) for name in metadata.tables)
    store = open_store(run.host.database.environment()["STATE_URL"])
    with store.begin() as db:
        row = {name: value for name, value in state_rows(held, "audit")[-1].items() if name != "seq"}
        db.execute(audit.insert(), row)
    store.close()
    assert len(state_rows(run.host.state, "audit")) == len(state_rows(held, "audit")) + 1


def test_without_a_server_it_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: where no server can be started the same scenario is played on SQLite, and the outcome says so."""
    monkeypatch.setattr("tests.simulation.database._SERVERS", [None])
    outcome = simulate(Scenario(spec=SPEC, steps=()), tmp_path)
    assert outcome.breaches == []
    assert outcome.marks[INSTEAD]
    assert not outcome.marks[POSTGRESQL]
