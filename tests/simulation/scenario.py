"""Scenarios: a world and what happens in it, as data. A seed draws one; a script writes one down."""

from __future__ import annotations

from dataclasses import dataclass

from tests.simulation.steps import Step
from tests.simulation.world import Spec


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What is simulated. ``seed`` also feeds the chance that the daemon itself takes.

    ``swept``: whether, once the world is at rest, everything is read again and compared, which must change nothing.
    """

    spec: Spec
    steps: tuple[Step, ...]
    seed: int = 0
    swept: bool = True
