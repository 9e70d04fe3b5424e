"""Load, in small: a storm, half a day without a side, a week of a seed. The whole of each: ``make load``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.load.outage import outage
from tests.load.soak import soak
from tests.load.storm import SMALL, storm
from tests.simulation.farm import folder, sweep_up


@pytest.fixture(scope="module", autouse=True)
def _folder() -> Iterator[None]:
    yield
    sweep_up()


def test_a_small_storm() -> None:
    """Law (F51, I35, I48): in a mass load with locked rows every request gets its Task, and others keep their calls."""
    told = storm(SMALL, folder())
    assert told.faults == []
    assert max(told.delays) <= 15 * 60
    assert max(told.memory) < told.memory[0] + 100


@pytest.mark.parametrize("side", ["crm", "careers"])
def test_a_side_is_away_for_half_a_day(side: str) -> None:
    """Law (F89, I36, I48): it is asked at a bounded pace, and all is worked off in order soon after it is back."""
    told = outage(side, 12, folder())
    assert told.faults == []
    assert told.caught_up <= 2 * 3600


def test_a_week_of_a_seed() -> None:
    """Law: days of edits and troubles end at rest, with every oracle content."""
    assert soak(1, folder(), days=7).breaches == []
