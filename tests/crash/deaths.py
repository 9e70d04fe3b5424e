"""One run of a script in which the bridge dies at chosen effects, compared with the run in which it never does.

Runs are deterministic: a script and the numbers of the effects say everything. The second number of a pair counts on from the
first death: it is an effect of the recovery.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.crash.picture import Picture, differences, picture
from tests.simulation.boundary import Effect
from tests.simulation.judgement import judge
from tests.simulation.oracle.evidence import Breach
from tests.simulation.run import Run, logged, states
from tests.simulation.scenario import Scenario
from tests.simulation.troubles import CutPower, Kill


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a run ended: what stands in both systems, what the oracles say, and every effect up to the end of the script.

    ``marks`` are the states in which things were at the end of some step, such as ``request Done``.
    """

    picture: Picture
    breaches: Sequence[Breach]
    effects: Sequence[Effect]
    marks: AbstractSet[str]
    seconds: float = field(compare=False)
    """Of one core."""


@dataclass(frozen=True)
class Deaths:
    """Let the bridge die at an effect, at one of its recovery, and so on; at the last one the power is cut if ``torn``."""

    numbers: tuple[int, ...]
    torn: bool = False

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        first, *rest = self.numbers

        def die() -> None:
            if rest:
                replace(self, numbers=tuple(rest)).perform(run)
            (CutPower() if self.torn and not rest else Kill()).perform(run)

        run.world.boundary.book(first, die)


def play(scenario: Scenario, base: Path, deaths: Sequence[int] = (), *, torn: bool = False) -> Ending:
    """Play a script; the bridge dies at these effects. ``torn``: the last death is a power cut.

    What follows a script in the simulation, a sweep above all, is left out: it would mend what a recovery has left undone.
    """
    began = time.process_time()
    before, seen = [Deaths(tuple(deaths), torn)] if deaths else [], set[str]()
    with logged() as log:
        run = Run(scenario, base, before=before, keep=True)
        run.log = log.getvalue
        for step in scenario.steps:
            step.perform(run)
            seen |= states(run.host.state)
        run.breaches += judge(run)
        run.stop()
    return Ending(
        picture=picture(run.world),
        breaches=sorted(set(run.breaches)),
        effects=run.world.boundary.kept,
        marks=seen,
        seconds=time.process_time() - began,
    )


def compare(whole: Ending, died: Ending) -> list[str]:
    """What a death has changed; nothing, if all is well."""
    return [*(f"{breach.law}: {breach.what}" for breach in died.breaches), *differences(whole.picture, died.picture)]
