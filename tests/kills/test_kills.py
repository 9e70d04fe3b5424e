"""The real daemon is killed as a process; here a few times, with ``make kills`` two hundred times (and on PostgreSQL)."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from subprocess import Popen

import pytest

from tests.kills.ending import judge, settle
from tests.kills.files import FileState
from tests.kills.killing import Account, kill_often
from tests.kills.place import PATIENCE, Place, opened, with_bug
from tests.kills.postgresql import served
from tests.postgresql import NoServerError
from tests.simulation.dice import Dice
from tests.simulation.oracle.evidence import Breach
from tests.simulation.steps import File

pytestmark = pytest.mark.xdist_group("processes")


def _wait(process: Popen[bytes], what: Callable[[], object]) -> None:
    """Until something is so."""
    end = time.monotonic() + PATIENCE
    while not what() and process.poll() is None:
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def _hear(_account: Account) -> None:
    pass


def _dice() -> Dice:
    return Dice(time.time_ns(), "kills")


def test_killed_it_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    """Law (I29): SIGKILL at any moment leaves a whole file, and in the end every oracle of the simulation is content."""
    with opened(tmp_path, FileState(tmp_path / "state.db")) as place:
        assert kill_often(place, _dice(), range(2), told=_hear).breaches == []


def _shot(place: Place) -> Sequence[Breach]:
    """Killed before its request of careers was acted on, killed again after the next, and judged in the end."""
    for number, when in enumerate(("before", "after")):
        place.act(File(number, number))
        place.aim = when
        with place.daemon() as process:
            _wait(process, lambda: False)
            assert process.returncode == -signal.SIGKILL, place.log()
    return [*settle(place), *judge(place)]


def test_killed_in_the_midst_of_a_write_it_makes_one_record(tmp_path: Path) -> None:
    """Law (I29): killed when a create is on its way, and when its answer is, there is one record and one Task in the end."""
    with opened(tmp_path, FileState(tmp_path / "state.db")) as place:
        assert _shot(place) == []


def test_kills_find_a_planted_bug(tmp_path: Path) -> None:
    """Law: where what a dead process had sent is sent again with another key, the same kills leave two records."""
    with opened(tmp_path, FileState(tmp_path / "state.db"), with_bug("key with the attempt in it")) as place:
        assert {breach.law for breach in _shot(place)} >= {"doubled (I8)"}


def test_a_server_that_goes_away_costs_nothing(tmp_path: Path) -> None:
    """Law: with the state on PostgreSQL, one life outlives a lost commit and the server's death; the end is the same."""
    with ExitStack() as stack:
        try:
            state = stack.enter_context(served(tmp_path))
        except NoServerError as error:
            pytest.skip(str(error))
        place = stack.enter_context(opened(tmp_path, state))
        ended = place.log().count("cycle.ended")
        with place.daemon() as process:
            _wait(process, lambda: place.log().count("cycle.ended") > ended)
            for number, trouble in enumerate(("after", "server")):
                place.act(File(number, number))
                assert state.strike(trouble, PATIENCE), place.log()
            ended = place.log().count("cycle.ended")
            _wait(process, lambda: place.log().count("cycle.ended") > ended)
            assert process.poll() is None, place.log()
        assert [*settle(place), *judge(place)] == []
