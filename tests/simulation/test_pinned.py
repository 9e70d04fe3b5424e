"""What the simulation once found stays mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulation.pinned import PINNED
from tests.simulation.run import simulate


@pytest.mark.parametrize("what", PINNED)
def test_what_was_found_stays_mended(what: str, tmp_path: Path) -> None:
    """Law: the scenario that showed a bug breaks no law any more."""
    assert simulate(PINNED[what], tmp_path).breaches == []
