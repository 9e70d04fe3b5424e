"""The databases on which the state can live."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from connector.store.store import Store, open_store
from connector.store.tables import metadata


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty state on each kind of database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state.db'}"
    found: str = request.getfixturevalue("postgresql")
    return found


@pytest.fixture(scope="session")
def shared(server: str) -> Iterator[Store]:
    """One PostgreSQL state for many tests: creating a database takes longer than emptying one."""
    opened = open_store(server)
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty state on each kind of database."""
    if request.param == "sqlite":
        opened = open_store(f"sqlite:///{tmp_path / 'state.db'}")
        yield opened
        opened.close()
        return
    opened = request.getfixturevalue("shared")
    yield opened
    with opened.begin() as db:
        db.execute(text(f"TRUNCATE {', '.join(metadata.tables)} RESTART IDENTITY"))
