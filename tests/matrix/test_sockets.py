"""Faults below HTTP over real sockets: each way once here, with every operation and side by ``make matrix``."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from emulator.inprocess import WireFault
from tests.matrix.cells import Cell, Operation
from tests.matrix.checks import done
from tests.matrix.faults import FAULTS
from tests.matrix.orders import GRAPH, wire
from tests.matrix.play import play
from tests.matrix.sockets.host import over_sockets
from tests.matrix.sockets.ways import WAYS, Way, ways
from tests.matrix.whole import Name, judge, names
from tests.simulation.boundary import Broken
from tests.simulation.dice import Dice
from tests.simulation.farm import folder, sweep_up

PARTS = 3

_PLANTED = """
from tests.simulation.defects import ALL
from tests.simulation.defects.planted import plant

plant(ALL["no answer means no"])
from tests.matrix.whole import Name, judge
from tests.simulation.farm import sweep_up

print(judge(Name("4", "TASK", 0, "reset before")))
sweep_up()
"""


@pytest.fixture(scope="module", autouse=True)
def _folder() -> Iterator[None]:
    yield
    sweep_up()


def _sample() -> Sequence[Name]:
    """One cell for each way."""
    dice = Dice(1, "sockets")
    known = [(str(number), way.name) for number, some in WAYS.items() for way in some]
    return [dice.one([name for name in names([fault]) if name.way == way]) for fault, way in known]


@pytest.mark.parametrize("part", range(PARTS))
def test_faults_come_about_on_sockets(part: int) -> None:
    """Law: a fault below HTTP has over real sockets, in each way it may come about, the effects it has in this process."""
    failed = [(str(name), faults) for name in _sample()[part::PARTS] if (faults := judge(name)[1])]
    assert not failed, f"make matrix ONLY=...: {failed}"


def test_each_cell_below_http_is_played_over_sockets() -> None:
    """Law: no cell of a fault below HTTP is left out over sockets."""
    places = [(number, place) for number in WAYS for place in FAULTS[number].places.values()]
    cells = [(number, cell) for number, place in places for cell in place if isinstance(cell, Cell)]
    assert [number for number, cell in cells if not list(ways(str(number), cell))] == []


def test_what_should_strike_has_to(tmp_path: Path) -> None:
    """Law: a way that does not fit the fault, and one that never strikes, are no passed cell."""
    cell = Cell(orders=(wire("crm", "lose_response", GRAPH, count=1),), during=(done,))
    with pytest.raises(Broken) as raised:
        play(cell, Operation.TASK, folder(), over_sockets(Way(name="deaf", fault=WireFault.TIMEOUT), tmp_path))
    assert "does not come about by deaf" in str(raised.value.__cause__)
    idle = Way(name="idle", fault=WireFault.LOSE_RESPONSE, act=lambda _passing: None)
    with pytest.raises(Broken) as raised:
        play(cell, Operation.TASK, folder(), over_sockets(idle, tmp_path))
    assert "did not strike" in str(raised.value.__cause__)


def test_a_planted_bug_is_seen_over_sockets() -> None:
    """Law: where a write that a reset swallowed is taken for refused, the cell fails."""
    found = subprocess.run([sys.executable, "-c", _PLANTED], capture_output=True, text=True, check=True)  # noqa: S603 - our own text
    assert "refused: request.create: CONNECTION_LOST" in found.stdout, found.stdout
