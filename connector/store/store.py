"""Opening the state: one database, SQLite by default, PostgreSQL by URL; every change inside ``Store.begin``."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import cache, lru_cache
from inspect import signature
from pathlib import Path
from typing import Any, cast

import orjson
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    BindParameter,
    Connection,
    CursorResult,
    Dialect,
    Engine,
    Executable,
    Select,
    Table,
    bindparam,
    create_engine,
    event,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DatabaseError, DBAPIError, SQLAlchemyError
from sqlalchemy.sql.compiler import SQLCompiler

from connector.errors import Halt, Later
from connector.store import tables
from connector.store.safety import address_of, demand_empty, demand_tls, no_address, secure_file
from connector.store.troubles import passing

Row = Mapping[str, Any]
LISTED = 10_000
"""Rows of a listing for people, at most."""


def stamp(moment: datetime) -> str:
    """A moment as the text that the state keeps: UTC, microseconds, fixed width."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(value: str) -> datetime:
    """The moment behind a ``stamp``."""
    return datetime.fromisoformat(value)


def pack(value: object) -> str:
    """JSON text for a column: sorted keys, so that equal values are equal texts."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS).decode()


def unpack(value: str | bytes) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """What ``pack`` packed."""
    return orjson.loads(value)


class Store:
    """The state database. Every method that changes something takes the connection of an open transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """One transaction, alone: committed at the end of the block, rolled back if it raises.

        Raises:
            Later: PostgreSQL cannot be reached, or went away in between; the state is held by others, or its disk is in the
                way. Lost while it committed, nobody knows whether it did: what is kept has to be read again, as after a death
                of this process.
        """
        try:
            with self.engine.begin() as db:
                yield db
        except _Taken:
            raise Later(side="state", code="TAKEN", detail="PostgreSQL was lost, and another process came in") from None
        except (DBAPIError, sqlite3.Error) as error:
            later = passing(error)
            if later is None:
                raise
            raise later from None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While the block runs, no other process works on this state.

        On PostgreSQL the very session that does the work holds the lock: who loses one has lost the other, too, and nothing is
        done in a new session before it holds the lock.

        Raises:
            Halt: another one does.
        """
        if self.engine.dialect.name == "sqlite":
            with _file_lock(Path(f"{self.engine.url.database}.lock")):
                yield
            return
        # What is in the pool by now has no lock.
        self.engine.dispose()
        event.listen(self.engine, "connect", _lock_session)
        try:
            try:
                with self.begin():
                    pass
            except Later as error:
                raise (_taken() if error.code == "TAKEN" else error) from None
            yield
        finally:
            event.remove(self.engine, "connect", _lock_session)
            self.engine.dispose()

    def scrub(self) -> None:
        """Leave nothing of what was deleted in SQLite's log beside the file; in the file itself ``secure_delete`` sees to that.

        PostgreSQL keeps to its own ways.

        Raises:
            Later: another process has been in the middle of something for long, or the disk is in the way: the log still has it.
        """
        if self.engine.dialect.name != "sqlite":
            return
        try:
            with closing(self.engine.raw_connection()) as connection, closing(connection.cursor()) as cursor:
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                (busy, *_) = cast("tuple[int, int, int]", cursor.fetchone())
        except (DBAPIError, sqlite3.Error) as error:
            raise passing(error) or error from None
        if busy:
            raise Later(
                side="state",
                code="SQLITE_BUSY",
                detail="what was deleted is still in the log beside the file, as another process reads it",
            )

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


_LOCK = 0x616C756D
"""The number of our advisory lock on PostgreSQL; it is held by a session and dies with it."""
_TURN = 0x7475726E
"""The number of the one that each transaction holds there until it ends."""
_PATIENCE = 30.0
"""Seconds for which a transaction waits for another one, on either kind of database."""


class _Taken(Exception):
    """Another session holds our advisory lock."""


def _lock_session(session: DBAPIConnection, _record: object) -> None:
    with closing(session.cursor()) as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,))
        (locked,) = cast("tuple[bool]", cursor.fetchone())
    session.commit()
    if not locked:
        session.close()
        raise _Taken


def _taken() -> Halt:
    return Halt(
        subject="state",
        reason="another process works on this state",
        remedy="wait for it, or stop the daemon first",
    )


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    try:
        handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise Halt(
            subject=f"state {path}",
            reason=f"its lock file cannot be used: {error.strerror}",
            remedy="make it a plain file of the bridge's user (`chown`); it may be deleted only while no daemon runs",
        ) from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _taken() from None
        yield
    finally:
        os.close(handle)


def open_store(url: str, *, create: bool = True) -> Store:
    """Open the state at ``url`` (``sqlite:///path`` or ``postgresql+psycopg://...``) and bring its schema up to date.

    A new SQLite file is made with mode 0600.

    Raises:
        Halt: the state is of a newer version, damaged, or not ours; or its address is none.
        Later: it cannot be opened now, which says nothing about the state itself.
    """
    parsed = address_of(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database and parsed.database != ":memory:":
            secure_file(Path(parsed.database), create=create)
        engine = create_engine(url, connect_args={"timeout": _PATIENCE}, hide_parameters=True)
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_immediate)
    else:
        demand_tls(parsed)
        # One session, which may hold our lock; transactions of one process take turns, and so do those of several.
        try:
            engine = create_engine(parsed, pool_pre_ping=True, pool_size=1, max_overflow=0, hide_parameters=True)
        except (ImportError, SQLAlchemyError) as error:
            raise no_address(f"no driver for it ({type(error).__name__})") from None
        event.listen(engine, "begin", _wait_for_turn)
    try:
        _migrate(engine)
    except Exception as error:
        engine.dispose()
        later = passing(error)
        if later is not None:
            raise later from None
        said = error if isinstance(error, sqlite3.DatabaseError) else error.__cause__
        if isinstance(said, sqlite3.DatabaseError):
            raise _damaged(parsed.database or "", str(said)) from error
        raise
    return Store(engine)


def _damaged(where: str, reason: str) -> Halt:
    return Halt(
        subject=f"state {where}",
        reason=f"the state cannot be opened: {reason}",
        remedy="restore it from a backup, or move it away: a new state leads to first differences, never to writes",
    )


def _configure_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # SQLAlchemy opens transactions itself (see _begin_immediate); the driver must not do it a second time.
    connection.isolation_level = None
    patience = f"busy_timeout={_PATIENCE * 1000:.0f}"
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON", patience):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(db: Connection) -> None:
    # A reader that later writes would otherwise fail with SQLITE_BUSY instead of waiting its turn.
    db.connection.driver_connection.execute("BEGIN IMMEDIATE")  # type: ignore[union-attr]  # SQLite's own connection


def _wait_for_turn(db: Connection) -> None:
    # Two that read what both then write (the end of the audit, a number that is given once) would take each other's place.
    db.exec_driver_sql(f"SET LOCAL lock_timeout = {_PATIENCE * 1000:.0f}; SELECT pg_advisory_xact_lock({_TURN})")


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


@cache
def _revisions() -> tuple[str, ...]:
    """Every schema that this version knows, the newest first."""
    return tuple(script.revision for script in ScriptDirectory.from_config(_alembic()).walk_revisions())


def _migrate(engine: Engine) -> None:
    with engine.begin() as db:
        current = MigrationContext.configure(db).get_current_revision()
        if current == _revisions()[0]:
            return
        if current is not None and current not in _revisions():
            raise Halt(
                subject="state",
                reason=f"the state was written by a newer version (schema {current})",
                remedy="install that version again, or restore the backup made before the upgrade",
            )
        if current is None:
            demand_empty(db)
        config = _alembic()
        config.attributes["connection"] = db
        command.upgrade(config, "head")


def upsert(db: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows or overwrite the named columns of those that exist; every row names the same columns."""
    _insert(db, table, rows, overwrite=True)


def _insert(db: Connection, table: Table, rows: Sequence[Row], *, overwrite: bool) -> None:
    if not rows:
        return
    statement = _insertion(table, tuple(rows[0]), _OF_DIALECT.setdefault(db.dialect.name, db.dialect), overwrite=overwrite)
    values: Any = rows
    if statement.positiontup is not None:
        values = [tuple([row[name] for name in statement.positiontup]) for row in rows]
    db.exec_driver_sql(statement.string, list(values))


_OF_DIALECT: dict[str, Dialect] = {}
"""One dialect of each name: every opening of a state brings an equal one of its own."""


@lru_cache(maxsize=256)
def _insertion(table: Table, names: tuple[str, ...], dialect: Dialect, *, overwrite: bool) -> SQLCompiler:
    """The statement in the database's own words, made once: building it for each call costs more than carrying it out.

    Our columns are texts, whole numbers and truths, which every driver takes as they are; so no value needs preparing.
    """
    statement: Any = (postgresql if dialect.name == "postgresql" else sqlite).insert(table).inline()
    if overwrite:
        keys = [column.name for column in table.primary_key]
        changed = {name: statement.excluded[name] for name in names if name not in keys}
        if changed:
            statement = statement.on_conflict_do_update(index_elements=keys, set_=changed)
        else:
            statement = statement.on_conflict_do_nothing(index_elements=keys)
    compiled = statement.compile(dialect=dialect, column_keys=list(names), for_executemany=True)
    return cast("SQLCompiler", compiled)


Place = BindParameter[Any]
"""Where a value goes in a prepared statement."""


def prepared(make: Callable[..., Executable]) -> Callable[..., CursorResult[*tuple[Any, ...]]]:
    """Make a statement once, with a place for each parameter of ``make``; what comes back carries it out with values there.

    Building a statement costs several times what carrying it out does. A place inside ``in_`` takes a list.
    """
    names = tuple(signature(make).parameters)

    @cache
    def statement() -> Executable:
        # Names of columns are taken: they are places of their own in an update.
        return make(*(bindparam(f"the_{name}") for name in names))

    def run(db: Connection, **values: object) -> CursorResult[*tuple[Any, ...]]:
        return db.execute(statement(), {f"the_{name}": value for name, value in values.items()})

    return run


@prepared
def _metas(names: Place) -> Select[Any]:
    return select(tables.meta.c.name, tables.meta.c.value).where(tables.meta.c.name.in_(names))


def get_meta(db: Connection, name: str) -> str | None:
    """A single remembered fact, or None."""
    return get_metas(db, [name]).get(name)


def get_metas(db: Connection, names: Sequence[str]) -> dict[str, str]:
    """Those of these remembered facts that there are."""
    return dict(_metas(db, names=names).all())


def metas_of(db: Connection, begins: str) -> list[str]:
    """The remembered facts whose names begin so, in the order of the names."""
    name = tables.meta.c.name
    return list(db.execute(select(tables.meta.c.value).where(name.startswith(begins, autoescape=True)).order_by(name)).scalars())


def set_meta(db: Connection, name: str, value: str | None) -> None:
    """Remember a fact; None forgets it."""
    if value is None:
        db.execute(tables.meta.delete().where(tables.meta.c.name == name))
    else:
        upsert(db, tables.meta, [{"name": name, "value": value}])


def fetch(db: Connection, query: Select[Any]) -> list[Row]:
    """All rows that a query finds, by column name."""
    return rows_of(db.execute(query))


def rows_of(found: CursorResult[*tuple[Any, ...]]) -> list[Row]:
    """All rows of a result, by column name."""
    names = tuple(found.keys())
    return [dict(zip(names, row, strict=True)) for row in found]


def grouped(rows: Iterable[Row], column: str) -> dict[str, list[Row]]:
    """Rows by what stands in a column, each group in their order."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[column], []).append(row)
    return groups


def next_name(db: Connection, kind: str) -> str:
    """A name that was never given before, in the order of giving: clocks may stand still or step back, this does not."""
    number = int(get_meta(db, f"last:{kind}") or 0) + 1
    set_meta(db, f"last:{kind}", str(number))
    return f"{kind}-{number}"


def last_name(db: Connection, kind: str) -> str:
    """The name of this kind that was given last; of a kind that has none yet, one that nothing bears."""
    return f"{kind}-{get_meta(db, f'last:{kind}') or 0}"


def integrity(db: Connection) -> str:
    """SQLite's own verdict on the file (``ok``); on PostgreSQL always ``ok``."""
    if db.dialect.name != "sqlite":
        return "ok"
    try:
        return str(db.execute(text("PRAGMA integrity_check")).scalar())
    except DatabaseError as error:
        # Some damage is such that SQLite cannot even look at it.
        return str(error.orig)


def add(db: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows that must not exist yet; every row names the same columns."""
    _insert(db, table, rows, overwrite=False)
