"""Thirty days of a seed: people's edits, requests and troubles every day, a cycle each hour, then rest and every oracle."""

from __future__ import annotations

from pathlib import Path

from tests.simulation.dice import Dice
from tests.simulation.draw import deeds, woes
from tests.simulation.run import Outcome, simulate
from tests.simulation.scenario import Scenario
from tests.simulation.steps import At, Pass, Step
from tests.simulation.world import Spec

DAYS = 30
_DAY = 86_400.0


def soak(seed: int, base: Path, *, days: int = DAYS) -> Outcome:
    """Play a seed for so many days."""
    spec = Spec(people=3, cycle=3600, favourites=("title", "last_name", "consent_mentoring"))
    schedule, what, fails = Dice(seed, "soak schedule"), Dice(seed, "soak edits"), Dice(seed, "soak faults")
    steps: list[Step] = []
    for done, failed in zip(deeds(what, spec, days), woes(fails, spec, days), strict=True):
        steps += [At(schedule.whole(1, 60), step) if schedule.chance(0.2) else step for step in done]
        steps += [*failed, Pass(_DAY)]
    return simulate(Scenario(spec=spec, steps=tuple(steps), seed=seed), base)
