"""The fault matrix: what each fault does to each operation, cell by cell; here a sample, all of them by ``make matrix``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.matrix.cells import Cell, Elsewhere, Operation, Place
from tests.matrix.checks import done
from tests.matrix.faults import FAULTS
from tests.matrix.operations import DEEDS
from tests.matrix.orders import GRAPH, step, wire
from tests.matrix.pairs import PAIRS
from tests.matrix.play import play
from tests.matrix.table import PAGE, page
from tests.matrix.whole import Name, judge, names
from tests.simulation.dice import Dice
from tests.simulation.farm import folder, sweep_up
from tests.simulation.steps import Pass

TESTS = Path(__file__).parents[1]
PARTS, EACH = 4, 30
"""Tests that share the sample, and cells in each; the whole matrix takes some minutes of one core."""


@pytest.fixture(scope="module", autouse=True)
def _folder() -> Iterator[None]:
    yield
    sweep_up()


def test_no_place_is_empty() -> None:
    """Law: F1 to F135, each with every operation: cells, tests elsewhere that exist, or a reason in words."""
    assert list(FAULTS) == list(range(1, 136))
    empty = [
        (number, operation)
        for number, row in FAULTS.items()
        for operation in Operation
        if not _filled(row.places.get(operation, ()))
    ]
    assert empty == []


def _filled(place: Place) -> bool:
    if isinstance(place, str):
        return len(place) > 10
    return bool(place) and all(_exists(one.test) for one in place if isinstance(one, Elsewhere))


def _exists(test: str) -> bool:
    file, _, name = test.partition("::")
    path = TESTS / file
    return path.exists() and (not name or f"def {name}(" in path.read_text(encoding="utf-8"))


def test_every_pair_that_matters_is_there() -> None:
    """Law: the pairs of the catalogue are cells of their own."""
    lost = {(first, second) for first in (5, 6, 14, 16) for second in (105, 111, 119, 127)}
    wanted = lost | {(42, 45), (42, 105), (43, 45), (43, 105), (55, 5), (55, 105), (88, 5), (123, 89)}
    assert wanted <= set(PAIRS)
    assert sum(first == 66 for first, _ in PAIRS) > 30


@pytest.mark.parametrize("part", range(PARTS))
def test_cells(part: int) -> None:
    """Law: each cell of a sample, always the same one, is as its fault's row says."""
    inside = [name for name in names() if not name.way]
    dice, every = Dice(1, f"matrix {part}"), inside[part::PARTS]
    failed = [(str(name), faults) for name in {dice.one(every) for _ in range(EACH)} if (faults := judge(name)[1])]
    assert not failed, f"make matrix ONLY=...: {failed}"


@pytest.mark.parametrize("name", names(["82"]), ids=str)
def test_cells_that_found_a_bug(name: Name) -> None:
    """Law: what a cell has found, and no other test holds, is tried each time."""
    assert judge(name)[1] == []


def test_a_cell_can_fail() -> None:
    """Law: an expectation that is not met, an operation that is not done and a fault that never comes are all told."""
    lost = Cell(orders=(wire("crm", "refuse", GRAPH),), during=(done,))
    assert any("meanwhile: not done" in fault for fault in play(lost, Operation.TASK, folder()))
    never = Cell(orders=(wire("crm", "refuse", "POST .*/nowhere"),))
    assert play(never, Operation.READ, folder()) == ["the fault never came"]
    undone = Cell(orders=(step(Pass(1)),), deeds=())
    assert any("at the end: not done" in fault for fault in play(undone, Operation.UPDATE, folder()))


def test_every_operation_is_done_without_a_fault() -> None:
    """Law: where nothing fails, each operation is done within its beats, so that what is asserted of faults means something."""
    plain = Cell(orders=(step(Pass(0)),), during=(done,))
    assert {operation: play(plain, operation, folder()) for operation in DEEDS} == {operation: [] for operation in DEEDS}


def test_the_page_shows_the_matrix_as_it_is() -> None:
    """Law: docs/reliability-matrix.md has the table of today: `make docs`."""
    text = PAGE.read_text(encoding="utf-8")
    assert "<!-- matrix -->" in text
    assert page(text) == text
