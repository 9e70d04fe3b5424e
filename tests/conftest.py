"""What every test shares: how hard the property tests search, and the alarm about size."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.architecture import large_pieces

settings.register_profile("pr", deadline=None, print_blob=True)
settings.register_profile("deep", deadline=None, print_blob=True, max_examples=3_000)

# Hypothesis would choose its own derandomized profile on a build server: every run should search anew there too.
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "pr"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what has grown large. It fails nothing: size is a reason for a second look, not a defect."""
    for line in large_pieces(Path(__file__).parents[1]):
        terminalreporter.write_line(f"large: {line}")
