"""Where each operation meets the wire, and rows that a fault of the wire fills alike on all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.matrix.cells import Cell, Check, Operation, Order, Place, Row
from tests.matrix.orders import CAREER_READS, CRM_READS, GRAPH, PROFILES, TOKEN, UPDATES

WHERE: Mapping[Operation, tuple[tuple[str, str], ...]] = {
    Operation.TASK: (("crm", GRAPH),),
    Operation.UPDATE: (("crm", PROFILES), ("careers", UPDATES)),
    Operation.READ: (("crm", CRM_READS), ("careers", CAREER_READS)),
    Operation.AUTH: (("crm", TOKEN),),
    Operation.RECONCILE: (("crm", CRM_READS), ("careers", CAREER_READS)),
}
"""The requests of an operation: the side and a pattern. Careers are shown a key with every request: nobody logs in there."""
WRITES = (Operation.TASK, Operation.UPDATE)

SWEEP_READS = "a sweep only reads: what it finds goes out as a field update"
READS_CHANGE_NOTHING = "reading changes no record"
LOGIN_CHANGES_NOTHING = "a login reads and writes no record"
"""Reasons why there is no cell."""

Make = Callable[[Operation, str, str], Cell | None]
"""Makes the cell of an operation for a side and a pattern of its requests; None where that side knows no such fault."""


def net(title: str, *makes: Make, auth: str = "") -> Row:
    """A row of a fault of the wire: it strikes each kind of request of each operation alone. ``auth`` says why it has no cell."""
    places: dict[Operation, Place] = {}
    for operation, where in WHERE.items():
        cells = [make(operation, side, pattern) for make in makes for side, pattern in where]
        places[operation] = tuple(cell for cell in cells if cell is not None) or auth
    return Row(title=title, places=places)


def written(
    title: str,
    task: Place,
    update: Place,
    *,
    read: Place = READS_CHANGE_NOTHING,
    auth: Place = LOGIN_CHANGES_NOTHING,
    reconcile: Place = SWEEP_READS,
) -> Row:
    """A row of a fault that writes meet."""
    return Row(title=title, places=dict(zip(Operation, (task, update, read, auth, reconcile), strict=True)))


def one(*orders: Order, during: tuple[Check, ...] = (), **more: Any) -> tuple[Cell, ...]:
    """A place with one cell."""
    return (Cell(orders=orders, during=during, **more),)
