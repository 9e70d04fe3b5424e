"""A university whose bridge is live, and records in its career system that no honest system would serve."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.university import University


@pytest.fixture
def uni(tmp_path: Path) -> University:
    """One alumna on both sides, linked; the bridge is live."""
    uni = University(state=tmp_path / "state.db")
    uni.ada = uni.alumna()[0]
    uni.go_live()
    return uni
