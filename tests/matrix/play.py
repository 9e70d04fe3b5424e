"""Plays one cell: people act, the fault comes, the bridge works, the fault goes, everything comes to rest and is judged."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from tests.matrix.cells import Cell, Operation
from tests.matrix.operations import DEEDS
from tests.matrix.stage import Stage
from tests.simulation.oracle.evidence import Breach
from tests.simulation.process import Host
from tests.simulation.run import Run, logged
from tests.simulation.scenario import Scenario

Connection = AbstractContextManager[Callable[..., Host]]
"""What makes the bridge's host, as long as that is connected."""


def play(cell: Cell, operation: Operation, base: Path, connection: Connection | None = None) -> list[str]:
    """Everything that is not as expected. Runs in the same folder come one after another."""
    deed = DEEDS[operation]
    with logged() as log, connection or nullcontext(Host) as host:
        run = Run(Scenario(spec=cell.spec, steps=()), base, host=host)
        run.log = log.getvalue
        for order in cell.before:
            order(run)
        for step in deed.steps if cell.deeds is None else cell.deeds:
            step.perform(run)
        stage = Stage(run=run, done=deed.done, since=len(run.world.calls), began=run.world.time.seconds)
        for order in cell.orders:
            order(run)
        deed.work(run, cell.beats)
        faults = [f"meanwhile: {fault}" for check in cell.during for fault in check(stage)]
        outcome = run.play()
        if not outcome.struck:
            faults.append("the fault never came")
        faults += [f"{one.law}: {one.what}" for one in outcome.breaches if not _tolerated(one, cell, operation)]
        ends = cell.ends if cell.ends is not None else (_done,)
        return faults + [f"at the end: {fault}" for check in ends for fault in check(stage)]


def _tolerated(breach: Breach, cell: Cell, operation: Operation) -> bool:
    """What the fault suspends; and what moved no stamp is unknown to the bridge as long as no sweep has found it."""
    silent = operation is Operation.RECONCILE and breach.what.startswith("before a sweep: ")
    return silent or f"{breach.law}: {breach.what}".startswith(tuple(cell.tolerated))


def _done(stage: Stage) -> list[str]:
    return [f"not done: {missing}" for missing in stage.done(stage.run)]
