"""PostgreSQL goes away: what is told, and who may go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from connector.errors import Halt, Later
from connector.store.store import Store, get_meta, open_store, set_meta


@pytest.fixture
def cut(postgresql: str) -> Iterator[Callable[[], None]]:
    """Ends every session of others with the state's database, as a restart of the server does."""
    engine = create_engine(postgresql, isolation_level="AUTOCOMMIT")

    def act() -> None:
        with engine.connect() as db:
            others = "datname = current_database() AND pid <> pg_backend_pid()"
            db.execute(text(f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE {others}"))  # noqa: S608 - no input

    yield act
    engine.dispose()


@pytest.fixture
def state(postgresql: str) -> Iterator[Store]:
    """A state on PostgreSQL."""
    store = open_store(postgresql)
    yield store
    store.close()


@pytest.mark.parametrize("writes", [0, 1], ids=["commit", "statement"])
def test_a_connection_that_is_lost_is_no_defect(state: Store, cut: Callable[[], None], writes: int) -> None:
    """Law: lost in a transaction, or at its commit, it may work later; nothing of it is kept, and the next one works."""

    def work() -> None:
        with state.begin() as db:
            set_meta(db, "first", "1")
            cut()
            for number in range(writes):
                set_meta(db, f"more {number}", "2")

    with pytest.raises(Later, match="state: NO_DATABASE"):
        work()
    with state.begin() as db:
        assert get_meta(db, "first") is None


def test_a_connection_that_was_lost_meanwhile_is_made_anew(state: Store, cut: Callable[[], None]) -> None:
    """Law: between two transactions nobody notices."""
    with state.begin() as db:
        set_meta(db, "first", "1")
    cut()
    with state.begin() as db:
        assert get_meta(db, "first") == "1"


def test_who_loses_the_connection_loses_the_lock(state: Store, postgresql: str, cut: Callable[[], None]) -> None:
    """Law: whoever came in meanwhile works alone; who was cut off does nothing more before the other one has gone."""
    other = open_store(postgresql)
    with state.alone():
        cut()
        with other.alone():
            with pytest.raises(Later, match="state: TAKEN"), state.begin():
                pass
            with other.begin() as db:
                set_meta(db, "first", "1")
        with state.begin() as db:
            assert get_meta(db, "first") == "1"
    other.close()


def test_the_lock_is_taken_again(state: Store, postgresql: str, cut: Callable[[], None]) -> None:
    """Law: cut off and back, one still works alone, until the end of the work."""
    other = open_store(postgresql)
    with state.alone():
        cut()
        with state.begin():
            pass
        with pytest.raises(Halt, match="another process"), other.alone():
            pass
    with other.alone():
        pass
    other.close()


def test_a_server_that_takes_no_writes_is_no_defect(postgresql: str) -> None:
    """Law: a standby that was failed over to, or a database that was set read-only, says nothing about what is in the state."""
    name = make_url(postgresql).database
    open_store(postgresql).close()
    admin = create_engine(postgresql, isolation_level="AUTOCOMMIT")
    with admin.connect() as db:
        db.execute(text(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'))
    store = open_store(postgresql)
    with pytest.raises(Later, match="READ_ONLY"), store.begin() as db:
        set_meta(db, "a", "b")
    store.close()
    admin.dispose()
