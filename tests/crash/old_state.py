"""A step of a script: the state as an older version of the bridge would have left it, and an upgrade that finds it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine

import connector.store

if TYPE_CHECKING:
    from tests.simulation.run import Run

_MIGRATIONS = Path(connector.store.__file__).parent / "migrations"


@dataclass(frozen=True)
class OldState:
    """The administrator upgrades from a version whose schema had this revision; what the state held it holds."""

    revision: str

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        run.stop()
        old = run.host.folder / "old.db"
        old.write_bytes(_blank(self.revision))
        _pour(run.host.state, old)
        run.host.put_state(old)
        run.happened("upgraded")
        run.start(run.host)


@cache
def _blank(revision: str) -> bytes:
    """An empty state of that revision."""
    path = Path(mkdtemp()) / "blank.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as db:
        command.upgrade(migrations(db), revision)
    engine.dispose()
    return path.read_bytes()


def migrations(db: Connection) -> Config:
    """The product's migrations, to be carried out on this connection."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = db
    return config


def _pour(new: Path, old: Path) -> None:
    """Everything that the older schema has a place for."""
    with closing(sqlite3.connect(old)) as db:
        db.execute("ATTACH DATABASE ? AS new", (str(new),))
        for table in _tables(db):
            there = {name for (name,) in db.execute("SELECT name FROM pragma_table_info(?, 'new')", (table,))}
            shared = [name for (name,) in db.execute("SELECT name FROM pragma_table_info(?, 'main')", (table,)) if name in there]
            names = ", ".join(f'"{name}"' for name in shared)
            db.execute(f'INSERT INTO main."{table}" ({names}) SELECT {names} FROM new."{table}"')  # noqa: S608 - our own names
        db.commit()


def _tables(db: sqlite3.Connection) -> Iterator[str]:
    for (name,) in db.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'").fetchall():
        if name not in {"alembic_version", "sqlite_sequence"}:
            yield name
