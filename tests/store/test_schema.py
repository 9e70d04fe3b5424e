"""The schema: what the migrations make is what the code means, and nobody's newer state is touched."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, inspect, text

from connector.errors import Halt
from connector.store.safety import role_fault
from connector.store.store import Store, integrity, open_store, set_meta
from connector.store.tables import metadata


def test_the_migrations_make_the_tables(store: Store) -> None:
    """A migrated empty database is exactly what ``tables.py`` describes, on every database."""
    with store.begin() as db:
        assert compare_metadata(MigrationContext.configure(db), metadata) == []
        assert set(inspect(db).get_table_names()) == {*metadata.tables, "alembic_version"}


def test_opening_again_changes_nothing(address: str) -> None:
    """A state that is up to date is opened as it is, with what it holds."""
    first = open_store(address)
    with first.begin() as db:
        set_meta(db, "live_at", "then")
    first.close()
    second = open_store(address)
    with second.begin() as db:
        assert db.execute(text("SELECT value FROM meta WHERE name = 'live_at'")).scalar() == "then"
        assert integrity(db) == "ok"
    second.close()


def test_a_newer_schema_is_refused(address: str) -> None:
    """Law (I33): a state written by a newer version is not opened, not migrated and not changed (B61)."""
    store = open_store(address)
    with store.begin() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with pytest.raises(Halt, match="newer version"):
        open_store(address)


def test_a_migration_that_breaks_leaves_nothing(address: str) -> None:
    """Law (I33): a migration runs in one transaction: whoever dies in it finds the old schema, never one between."""
    store = open_store(address)
    before = _tables(store)
    with store.begin() as db:
        for name in metadata.tables:
            db.execute(text(f'DROP TABLE "{name}"'))
        db.execute(text("DELETE FROM alembic_version"))
        # A view of this name is in the way of the last table that the migration makes.
        db.execute(text("CREATE VIEW touch AS SELECT 1 AS other"))
    store.close()
    with pytest.raises(Exception, match="touch"):
        open_store(address)
    broken = Store(store.engine)
    assert _tables(broken) == {"alembic_version"}
    assert before == {*metadata.tables, "alembic_version"}
    broken.close()


def _tables(store: Store) -> set[str]:
    with store.begin() as db:
        return _names(db)


def _names(db: Connection) -> set[str]:
    return set(inspect(db).get_table_names())


def test_a_role_that_may_do_too_much_is_told(postgresql: str) -> None:
    """Law (S14): a superuser is told by `check`; a plain role, which is all that the bridge needs, is not."""
    engine = create_engine(postgresql)
    with engine.begin() as db:
        assert "plain role" in (role_fault(db) or "")
        db.execute(text("CREATE ROLE plain"))
        db.execute(text("SET ROLE plain"))
        assert role_fault(db) is None
        db.execute(text("RESET ROLE"))
        db.execute(text("DROP ROLE plain"))
    engine.dispose()
