"""The real daemon is killed as a process; here a few times, with ``make kills`` two hundred times (and on PostgreSQL)."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.kills.files import FileState
from tests.kills.killing import Account, kill_often
from tests.kills.place import opened
from tests.simulation.dice import Dice

pytestmark = pytest.mark.xdist_group("processes")


def _hear(_account: Account) -> None:
    pass


def _dice() -> Dice:
    return Dice(time.time_ns(), "kills")


def test_killed_it_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    """Law (I29): SIGKILL at any moment leaves a whole file, and in the end every oracle of the simulation is content."""
    with opened(tmp_path, FileState(tmp_path / "state.db")) as place:
        assert kill_often(place, _dice(), range(2), told=_hear).breaches == []
