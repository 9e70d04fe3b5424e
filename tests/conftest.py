"""What every test shares: how hard the property tests search, a PostgreSQL to keep a state on, and the alarm about size."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import Phase, settings
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from tests.architecture import large_pieces
from tests.postgresql import NoServerError, address, running

settings.register_profile("pr", deadline=None, print_blob=True)
settings.register_profile("deep", deadline=None, print_blob=True, max_examples=3_000)
# Whether a mutant is seen, not by which smallest example; and the same each time.
settings.register_profile("mutants", deadline=None, derandomize=True, database=None, phases=(Phase.explicit, Phase.generate))

# Hypothesis would choose its own derandomized profile on a build server: every run should search anew there too.
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "pr"))


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a PostgreSQL server of our own; skips where none can be started."""
    with ExitStack() as stack:
        try:
            there = stack.enter_context(running(Path(stack.enter_context(tempfile.TemporaryDirectory()))))
        except NoServerError as error:
            pytest.skip(str(error))
        yield address(there).render_as_string(hide_password=False)


@pytest.fixture
def postgresql(server: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an empty PostgreSQL database."""
    name = f"state_{abs(hash(request.node.name)):x}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as db:
        db.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    with engine.connect() as db:
        db.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what has grown large, unless told to be quiet. It fails nothing: size is a reason for a second look, not a defect."""
    if terminalreporter.verbosity < 0:
        return
    for line in large_pieces(Path(__file__).parents[1]):
        terminalreporter.write_line(f"large: {line}")
