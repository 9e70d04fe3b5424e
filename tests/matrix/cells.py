"""What the fault matrix is made of: faults down, operations across, and in each place a cell or the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tests.matrix.stage import Stage
from tests.simulation.run import Run
from tests.simulation.steps import Step
from tests.simulation.world import Spec


class Operation(StrEnum):
    """What the bridge is about to do when the fault comes."""

    TASK = "Task create"
    UPDATE = "field update"
    READ = "read"
    AUTH = "auth"
    RECONCILE = "reconcile"


Order = Callable[[Run], object]
"""Lets a fault come; see ``orders``."""
Check = Callable[[Stage], Iterable[str]]
"""What has to hold; tells each thing that does not. See ``checks``."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A fault in the midst of an operation, and what is expected.

    Every cell ends with the fault gone and the administrator at hand: then everything comes to rest, every oracle of the
    simulation is content, and the operation is done (or what ``ends`` says instead). Beside that, ``during`` is what has to
    hold while the fault lasts, after so many ``beats`` of the bridge's cycle.
    """

    orders: tuple[Order, ...]
    during: tuple[Check, ...] = ()
    ends: tuple[Check, ...] | None = None
    before: tuple[Order, ...] = ()
    """What is so before people do what the operation needs."""
    deeds: tuple[Step, ...] | None = None
    """What people do instead of what the operation usually needs."""
    beats: int = 3
    spec: Spec = field(default_factory=Spec)
    tolerated: frozenset[str] = frozenset()
    """How breaches begin of laws of the simulation that this fault suspends; the reason stands beside it in the table."""

    gap: str = ""
    """What of the catalogue's expectation the bridge does not meet (docs/limits.md has it, too); the checks hold what it does."""


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """A cell that another test of this repository runs: a test's file and name, below ``tests/``."""

    test: str


Place = tuple[Cell | Elsewhere, ...] | str
"""The cells of one fault and one operation; a text says why there can be none."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One fault of the catalogue."""

    title: str
    places: Mapping[Operation, Place]
