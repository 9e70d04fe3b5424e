"""How a script is written: steps in order, an hour between two cycles, and rest at the end."""

from __future__ import annotations

from tests.crash.steps import Settle
from tests.simulation.scenario import Scenario
from tests.simulation.steps import Step
from tests.simulation.world import Spec

SETTLE = Settle()
BEGINNING = Spec(cycle=3600)
"""An hour between two cycles is longer than any back-off: after each cycle all that waits is due."""


def script(*steps: Step, spec: Spec = BEGINNING) -> Scenario:
    """A scenario of these steps, after which the bridge works until it rests."""
    return Scenario(spec=spec, steps=(*steps, SETTLE))
