"""Makes a failing scenario smaller by leaving steps out, as long as it still breaks the same law."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.simulation.run import simulate
from tests.simulation.scenario import Scenario
from tests.simulation.steps import Step


def shrink(scenario: Scenario, laws: frozenset[str], base: Path, *, most: int = 400) -> Scenario:
    """The smallest scenario that was found to break one of these laws, after at most so many runs."""
    steps, size, runs = list(scenario.steps), max(len(scenario.steps) // 2, 1), 0
    while size >= 1:
        at = 0
        while at < len(steps) and runs < most:
            fewer = steps[:at] + steps[at + size :]
            runs += 1
            if _breaks(scenario, fewer, laws, base):
                steps = fewer
            else:
                at += size
        size //= 2
    return replace(scenario, steps=tuple(steps))


def _breaks(scenario: Scenario, steps: Sequence[Step], laws: frozenset[str], base: Path) -> bool:
    outcome = simulate(replace(scenario, steps=tuple(steps)), base)
    return bool(laws.intersection(breach.law for breach in outcome.breaches))
