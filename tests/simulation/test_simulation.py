"""The whole daemon, simulated: the same seeds in every run, so that they say the same of the same code."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulation.farm import play, sweep_up
from tests.simulation.run import Run, logged
from tests.simulation.scenario import Scenario
from tests.simulation.steps import At, Pass
from tests.simulation.troubles import Jump
from tests.simulation.world import Spec

ROOT = Path(__file__).parents[2]
PARTS = 12
"""How many tests the seeds are split into, so that workers share them."""
SEEDS = 40
"""Seeds in each of them."""


@pytest.fixture(scope="module", autouse=True)
def _folder() -> Iterator[None]:
    yield
    sweep_up()


@pytest.mark.parametrize("part", range(PARTS))
def test_seeds(part: int) -> None:
    """Law: whatever people do and whatever fails, nothing is lost, doubled or trampled, and everything comes to rest."""
    seeds = range(part * SEEDS, (part + 1) * SEEDS)
    failed = {outcome.seed: outcome.breaches for outcome in map(play, seeds) if outcome.breaches}
    assert not failed, "\n".join(f"make simulate SEED={seed}: {breaches}" for seed, breaches in failed.items())


def test_a_seed_is_the_same_again(tmp_path: Path) -> None:
    """Law (I28): the same seed has the same effects, in another process and whatever order hashes give to sets."""
    program = "import sys; from tests.simulation.farm import *; print([play(n).trace for n in range(100, 106)]); sweep_up()"
    traces = set()
    for hashes in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hashes, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
        done = subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment, cwd=ROOT
        )
        traces.add(done.stdout)
    assert len(traces) == 1


def test_no_cycle_takes_less_than_no_time(tmp_path: Path) -> None:
    """Law: what the log says of a cycle's length is not moved by a correction of the host's clock."""
    with logged() as log:
        run = Run(Scenario(spec=Spec(), steps=(At(10, Jump(-3600.0)), Pass(120))), tmp_path)
        run.play()
    assert run.troubles["host's clock set"]
    assert '"cycle.ended"' in log.getvalue()
    assert '"seconds": -' not in log.getvalue()
