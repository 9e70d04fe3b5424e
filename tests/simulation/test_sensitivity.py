"""The simulation sees: planted bugs are found, and a run with one of them fails."""

from __future__ import annotations

import pytest

from tests.simulation.defects import ALL
from tests.simulation.sensitivity import search_apart, table

CANARY = "a Contact is written"


@pytest.mark.parametrize("name", ALL)
def test_planted_bugs_still_fit_the_product(name: str) -> None:
    """Law: each planted bug changes texts that are in the product as it is now, and leaves Python that compiles."""
    for path, text in ALL[name].texts().items():
        compile(text, str(path), "exec")


@pytest.mark.parametrize(("name", "most"), [(CANARY, 5), ("base lost means equal", 20)])
def test_the_simulation_sees(name: str, most: int) -> None:
    """Law: a planted bug makes one of the first seeds fail, above all the canary; if none does, the simulation is blind."""
    found = search_apart(name, most)
    assert found.seeds is not None
    assert found.law in "\n".join(table([found], most=most))
