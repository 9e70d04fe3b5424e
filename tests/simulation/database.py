"""Where a simulated daemon keeps its state: a file of SQLite, or a database on a PostgreSQL server of our own.

Copies of a state (backups, what a second daemon begins with, what the oracles read) are files of SQLite in any case.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Protocol

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, delete, func, insert, select, text
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from connector.store.store import open_store, set_meta
from connector.store.tables import metadata
from tests.postgresql import NoServerError, address, running
from tests.simulation.power import tear

SQLITE, POSTGRESQL = "state on SQLite", "state on PostgreSQL"
INSTEAD = f"{SQLITE} for want of PostgreSQL"
OURS = "ours"
"""An execution option of connections that are the simulation's own: what is done on them is no effect of a daemon."""


class Lasting(SQLiteDialect_pysqlite):
    """SQLite as it is; but what SQLAlchemy has once put into its words serves every opening of a state in this process.

    Each start of a simulated daemon would otherwise make all its statements anew, which costs as much as three cycles.
    """

    supports_statement_cache = True
    compiled: ClassVar[dict[Any, Any]] = {}

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        """See ``Dialect``."""
        engine.update_execution_options(compiled_cache=cls.compiled)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lasting)

    def __hash__(self) -> int:
        return hash(Lasting)


registry.register("sqlite", __name__, "Lasting")


class Database(Protocol):
    """The database of one host. ``name``: of which kind it is."""

    @property
    def name(self) -> str:
        """For people."""

    def settings(self) -> Mapping[str, Any]:
        """What of the section ``[state]`` is otherwise than by default."""

    def environment(self) -> Mapping[str, str]:
        """What a daemon needs beside that."""

    def file(self) -> Path:
        """What has been committed, as a file to read now."""

    def keep(self, copy: Path) -> None:
        """Make a copy of what has been committed."""

    def put(self, copy: Path) -> None:
        """Put a copy in the place of what there is; no daemon works on it."""

    def leave(self) -> None:
        """The daemon's process is gone, and whatever it held is free."""

    def wrote(self, db: Connection) -> bool:
        """Whether the transaction that is about to be committed has written anything."""

    def tear(self, db: Connection) -> Path | None:
        """A copy as a power cut leaves it in the midst of committing this transaction; None: as any death would."""


def database(kind: str, base: Path, host: str) -> Database:
    """The database of a host; on SQLite as well where PostgreSQL was wanted and there is none. ``base``: see ``Host``."""
    if kind == "sqlite":
        return _Sqlite(base / host / "state.db")
    server = _server(base)
    return _Sqlite(base / host / "state.db", INSTEAD) if server is None else _Postgresql(server, base, host)


@cache
def blank_state(base: Path) -> Path:
    """A state with the newest schema and nothing in it but the key of its audit, which is real chance otherwise."""
    path = base / "blank.db"
    store = open_store(f"sqlite:///{path}")
    with store.begin() as db:
        set_meta(db, "audit_key", "5a" * 32)
    store.close()
    return path


def pour(source: Connection, target: Connection) -> None:
    """Everything that one state holds replaces what another one of the same schema holds."""
    for table in metadata.sorted_tables:
        target.execute(delete(table))
        rows = [dict(row) for row in source.execute(select(table)).mappings()]
        if rows:
            target.execute(insert(table), rows)


@dataclass(frozen=True)
class _Sqlite:
    """See ``Database``."""

    path: Path
    name: str = SQLITE

    def settings(self) -> Mapping[str, Any]:
        return {"sqlite": self.path}

    def environment(self) -> Mapping[str, str]:
        return {}

    def file(self) -> Path:
        return self.path

    def keep(self, copy: Path) -> None:
        _copy_file(self.path, copy)

    def put(self, copy: Path) -> None:
        for path in self.path.parent.glob(f"{self.path.name}*"):
            path.unlink()
        _copy_file(copy, self.path)

    def leave(self) -> None:
        pass

    def wrote(self, db: Connection) -> bool:
        before, now = db.info.get("changes", 0), db.connection.driver_connection.total_changes  # type: ignore[union-attr]  # SQLite's
        db.info["changes"] = now
        return bool(now != before)

    def tear(self, db: Connection) -> Path:
        """What the transaction wrote is in SQLite's log but for its end."""
        copy = self.path.with_name("torn")
        self.keep(copy)
        db.connection.driver_connection.execute("COMMIT")  # type: ignore[union-attr]  # SQLite's own connection
        tear(self.path.with_name(f"{self.path.name}-wal"), copy.with_name(f"{copy.name}-wal"))
        return copy


def _copy_file(source: Path, target: Path) -> None:
    """The file of a state, and beside it what has been committed and not yet merged into it."""
    for end in ("", "-wal"):
        if source.with_name(source.name + end).exists():
            shutil.copy(source.with_name(source.name + end), target.with_name(target.name + end))


@dataclass(frozen=True)
class _Postgresql:
    """See ``Database``. Its database on the server has the host's name."""

    server: _Server
    base: Path
    host: str
    name: str = POSTGRESQL

    def settings(self) -> Mapping[str, Any]:
        return {"postgresql": "env:STATE_URL"}

    def environment(self) -> Mapping[str, str]:
        return {"STATE_URL": self._url.render_as_string(hide_password=False)}

    def file(self) -> Path:
        self.keep(self._file)
        return self._file

    def keep(self, copy: Path) -> None:
        shutil.copy(blank_state(self.base), copy)
        with _opened(self._url) as source, _opened(_of_file(copy)) as target:
            pour(source, target)

    def put(self, copy: Path) -> None:
        self.leave()
        with _opened(_of_file(copy)) as source, _opened(self._url) as target:
            # Unlike rows that are deleted, this leaves nothing that a later seed could notice.
            target.execute(text(f"TRUNCATE {', '.join(metadata.tables)} RESTART IDENTITY"))
            pour(source, target)
            for table in metadata.sorted_tables:
                if (column := table.autoincrement_column) is not None:
                    sequence = func.pg_get_serial_sequence(table.name, column.name)
                    target.execute(select(func.setval(sequence, func.coalesce(func.max(column), 0) + 1, False)))

    def leave(self) -> None:
        """A session that was closed may still be ending: its lock would keep out the next daemon."""
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        with _opened(self._url) as db:
            db.execute(text(f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE {others}"))  # noqa: S608 - no input

    def wrote(self, db: Connection) -> bool:
        query = "SELECT pg_current_xact_id_if_assigned() IS NOT NULL"
        return bool(db.connection.driver_connection.execute(query).fetchone()[0])  # type: ignore[union-attr]  # psycopg's connection

    def tear(self, db: Connection) -> None:
        """The server lives on, and takes back what was not committed."""

    @property
    def _url(self) -> URL:
        return self.server.database(self.host)

    @property
    def _file(self) -> Path:
        return self.base / self.host / "state.db"


class _Server:
    """A server without care for the loss of power, and without anything that it does by itself, at times of its own."""

    def __init__(self, folder: Path) -> None:
        self._stack = ExitStack()
        self._running = self._stack.enter_context(running(folder))
        self._made = {"blank"}
        with self._administered() as db:
            for setting in ("fsync = off", "full_page_writes = off", "autovacuum = off", "max_wal_size = '64MB'"):
                db.execute(text(f"ALTER SYSTEM SET {setting}"))
            db.execute(text("SELECT pg_reload_conf()"))
            db.execute(text("CREATE DATABASE blank"))
        open_store(address(self._running, "blank").render_as_string(hide_password=False)).close()

    def database(self, name: str) -> URL:
        """The address of a database for a state; it has the newest schema from the first."""
        if name not in self._made:
            with self._administered() as db:
                db.execute(text(f"CREATE DATABASE {name} TEMPLATE blank"))
            self._made.add(name)
        return address(self._running, name)

    def stop(self) -> None:
        """Stop it."""
        self._stack.close()

    @contextmanager
    def _administered(self) -> Iterator[Connection]:
        with _opened(address(self._running)) as db:
            yield db.execution_options(isolation_level="AUTOCOMMIT")


_SERVERS: list[_Server | None] = []
"""This process's server, once one was asked for; None if none can be started."""


def _server(base: Path) -> _Server | None:
    if not _SERVERS:
        try:
            _SERVERS.append(_Server(base / "postgresql"))
        except NoServerError:
            _SERVERS.append(None)
    return _SERVERS[0]


def stop_server() -> None:
    """Stop this process's server, if it has one."""
    while _SERVERS:
        server = _SERVERS.pop()
        if server is not None:
            server.stop()


def _of_file(path: Path) -> URL:
    return URL.create("sqlite", database=str(path))


@contextmanager
def _opened(url: URL) -> Iterator[Connection]:
    """One transaction on a session of its own."""
    with create_engine(url, poolclass=NullPool, execution_options={OURS: True}).connect() as db:
        yield db
        db.commit()
