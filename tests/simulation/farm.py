"""Many seeds on all cores: plays them, keeps what failed, and adds up what was seen on the way."""

from __future__ import annotations

import gc
import multiprocessing
import os
import shutil
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from tests.simulation.boundary import Broken
from tests.simulation.composed import composed_once
from tests.simulation.database import stop_server
from tests.simulation.draw import draw
from tests.simulation.oracle.evidence import Breach
from tests.simulation.run import Outcome, scratch, simulate

_Item = TypeVar("_Item")
_Done = TypeVar("_Done")

_FOLDER: list[Path] = []
"""This process's folder, once it has one."""


def folder() -> Path:
    """The folder in which this process plays; made when first asked for."""
    if not _FOLDER:
        _FOLDER.append(scratch())
    return _FOLDER[0]


def sweep_up() -> None:
    """Remove this process's folder, and stop the server in it."""
    stop_server()
    while _FOLDER:
        shutil.rmtree(_FOLDER.pop(), ignore_errors=True)


def play(seed: int) -> Outcome:
    """One seed, in this process; where the simulation itself fails, that is the breach."""
    gc.disable()  # a run is short: what it leaves is looked for after it, instead of all the time
    try:
        return simulate(draw(seed), folder())
    except (Exception, Broken) as error:  # noqa: BLE001 - one seed that cannot be played must not hide what the others show
        breach = Breach("simulation failed", "".join(traceback.format_exception(error))[-1500:])
        return Outcome(seed=seed, breaches=[breach], trace="", effects=0, calls=0, writes=0)
    finally:
        gc.enable()


def sow(seeds: Iterable[int], *, workers: int | None = None) -> Iterator[Outcome]:
    """Play many seeds; the outcomes come as they are ready."""
    return spread(play, seeds, workers=workers)


def spread(
    work: Callable[[_Item], _Done], items: Iterable[_Item], *, workers: int | None = None, chunk: int = 4
) -> Iterator[_Done]:
    """Do some work with each item, on all cores; what it gives comes as it is ready. Folders are swept up at the end.

    ``chunk``: how many neighbours one process takes at once.
    """
    count = workers or os.cpu_count() or 1
    if count == 1:
        yield from map(work, items)
        return
    with composed_once(), multiprocessing.get_context("spawn").Pool(count, maxtasksperchild=None) as pool:
        try:
            yield from pool.imap_unordered(work, items, chunksize=chunk)
        finally:
            pool.map(_leave, range(count * 4), chunksize=1)


def _leave(_number: int) -> None:
    sweep_up()


@dataclass(kw_only=True)
class Tally:
    """What was seen in many runs."""

    seeds: int = 0
    effects: int = 0
    calls: int = 0
    writes: int = 0
    seconds: float = 0.0
    marks: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    failed: list[Outcome] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """One more run."""
        self.seeds += 1
        self.effects += outcome.effects
        self.calls += outcome.calls
        self.writes += outcome.writes
        self.seconds += outcome.seconds
        self.marks.update(outcome.marks)
        self.struck.update(outcome.struck)
        if outcome.breaches:
            self.failed.append(outcome)
