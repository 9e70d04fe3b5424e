"""A university whose bridge is live, and records in its career system that no honest system would serve."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.university import University


@pytest.fixture
def new(tmp_path: Path) -> University:
    """Both systems and the bridge, with nobody in them; nothing has been read yet."""
    return University(state=tmp_path / "state.db")


@pytest.fixture
def uni(new: University) -> University:
    """One alumna on both sides, linked; the bridge is live."""
    new.ada = new.alumna()[0]
    new.go_live()
    return new
