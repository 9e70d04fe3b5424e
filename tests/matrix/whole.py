"""All cells of the matrix, and what came of them, on as many cores as there are."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tests.matrix.cells import Cell, Operation
from tests.matrix.faults import FAULTS
from tests.matrix.orders import step
from tests.matrix.pairs import PAIRS
from tests.matrix.play import play
from tests.matrix.sockets.host import over_sockets
from tests.matrix.sockets.ways import ways
from tests.simulation.boundary import Broken
from tests.simulation.farm import folder, spread
from tests.simulation.steps import Pass


@dataclass(frozen=True, order=True)
class Name:
    """Which cell: the fault (or ``5x105`` for a pair), the operation, and its number in that place.

    ``way`` is how the fault comes about on sockets; "" in this process.
    """

    fault: str
    operation: str
    number: int
    way: str = ""

    def __str__(self) -> str:
        return f"F{self.fault} {self.operation} {self.number}" + (f" over sockets: {self.way}" if self.way else "")


def names(faults: Sequence[str] = ()) -> list[Name]:
    """Every cell that is played here, or those of some faults; in the order of the catalogue, then the pairs."""
    return [name for name in _CELLS if not faults or name.fault in faults]


def _all() -> Iterator[tuple[Name, Operation, Cell]]:
    for fault, row in FAULTS.items():
        for operation, place in row.places.items():
            cells = [] if isinstance(place, str) else [cell for cell in place if isinstance(cell, Cell)]
            yield from ((Name(str(fault), operation.name, number), operation, cell) for number, cell in enumerate(cells))
    for (first, second), pair in PAIRS.items():
        yield from (
            (Name(f"{first}x{second}", operation.name, number), operation, cell) for number, (operation, cell) in enumerate(pair)
        )


_INSIDE = {name: (operation, cell) for name, operation, cell in _all()}
_WAYS = {replace(name, way=way.name): way for name, (_, cell) in _INSIDE.items() for way in ways(name.fault, cell)}
_CELLS = [*_INSIDE, *_WAYS]


def judge(name: Name) -> tuple[Name, list[str]]:
    """Play one cell; what is not as expected, also where it could not be played."""
    operation, cell = _INSIDE[replace(name, way="")]
    connection = over_sockets(_WAYS[name], folder()) if name.way else None
    if name.way and _WAYS[name].reused:
        # The first cycle of a process opens the connections that are to be met again.
        cell = replace(cell, before=(*cell.before, step(Pass(cell.spec.cycle))))
    try:
        return name, play(cell, operation, folder(), connection)
    except (Exception, Broken) as error:  # noqa: BLE001 - one cell that cannot be played must not hide what the others show
        return name, ["".join(traceback.format_exception(error))[-1500:]]


def judge_all(wanted: Sequence[Name], *, workers: int | None = None) -> Iterator[tuple[Name, list[str]]]:
    """Play cells on all cores; they come as they are ready."""
    return spread(judge, wanted, workers=workers)
