"""The state file: nobody else may read it, and what is not ours is refused with a clear word."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from connector.errors import Halt, Later
from connector.store.store import get_meta, integrity, open_store, set_meta


@pytest.fixture
def open_umask() -> Iterator[None]:
    """The most careless umask there is."""
    before = os.umask(0o000)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
def test_the_file_and_its_companions_are_private(tmp_path: Path) -> None:
    """State, write-ahead log and shared memory are readable by their owner alone, under any umask (S13)."""
    store = open_store(f"sqlite:///{tmp_path / 'state.db'}")
    with store.begin() as db:
        set_meta(db, "name", "value")
        found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    store.close()
    assert found == {"state.db": 0o600, "state.db-wal": 0o600, "state.db-shm": 0o600}


@pytest.mark.usefixtures("open_umask")
def test_a_file_that_others_may_read_is_closed_to_them(tmp_path: Path) -> None:
    """A state file whose mode somebody has opened is made private again before anything is read from it (S13)."""
    path = tmp_path / "state.db"
    open_store(f"sqlite:///{path}").close()
    path.chmod(0o644)
    open_store(f"sqlite:///{path}").close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    """A state that is a symbolic link is not followed, and what it points to is not touched (B61, S13)."""
    target = tmp_path / "elsewhere"
    target.write_text("precious")
    (tmp_path / "state.db").symlink_to(target)
    with pytest.raises(Halt, match="symbolic link"):
        open_store(f"sqlite:///{tmp_path / 'state.db'}")
    assert target.read_text() == "precious"


def test_a_text_file_is_refused(tmp_path: Path) -> None:
    """A file that is no database is refused with a reason and a remedy, and stays as it is (B61)."""
    path = tmp_path / "state.db"
    path.write_text("this is my shopping list\n" * 200)
    with pytest.raises(Halt, match="cannot be opened") as caught:
        open_store(f"sqlite:///{path}")
    assert "backup" in caught.value.remedy
    assert path.read_text().startswith("this is my shopping list")


def test_a_missing_state_is_not_made_unasked(tmp_path: Path) -> None:
    """Who only wants to look at a state gets a clear word where there is none, and no file."""
    with pytest.raises(Halt, match="no state yet"):
        open_store(f"sqlite:///{tmp_path / 'state.db'}", create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_page_is_noticed(tmp_path: Path) -> None:
    """A state whose pages were overwritten is refused on opening, or says so itself when asked (B61)."""
    path = tmp_path / "state.db"
    store = open_store(f"sqlite:///{path}")
    with store.begin() as db:
        db.execute(text("PRAGMA user_version = 1"))
        set_meta(db, "name", "value" * 5_000)
    store.close()
    content = bytearray(path.read_bytes())
    content[8_192 : 8_192 + 60_000] = os.urandom(60_000)
    path.write_bytes(content)
    try:
        damaged = open_store(f"sqlite:///{path}")
    except Halt as halt:
        assert "cannot be opened" in halt.reason  # noqa: PT017 - either way of noticing is right
        return
    with damaged.engine.connect() as db:
        assert integrity(db) != "ok"
    damaged.close()


def test_a_full_disk_is_no_damage_and_no_defect(tmp_path: Path) -> None:
    """Law: what cannot be kept now can be kept once there is room; of the transaction nothing stays, and the state is whole."""
    store = open_store(f"sqlite:///{tmp_path / 'state.db'}")

    def fill() -> None:
        with store.begin() as db:
            set_meta(db, "small", "value")
            db.exec_driver_sql("PRAGMA max_page_count = 1")  # SQLite takes the size of the file for the least
            set_meta(db, "large", "value" * 100_000)

    with pytest.raises(Later, match=r"state: SQLITE_FULL .*make room"):
        fill()
    with store.begin() as db:
        assert (get_meta(db, "small"), integrity(db)) == (None, "ok")
    store.close()


def test_a_state_that_another_process_holds_is_no_damage_and_no_defect(tmp_path: Path) -> None:
    """Law: who waits in vain for another process's transaction tries again later."""
    store = open_store(f"sqlite:///{tmp_path / 'state.db'}")
    with store.begin() as db:
        db.exec_driver_sql("PRAGMA busy_timeout = 0")
    other = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Later, match=r"state: SQLITE_BUSY .*another process"), store.begin():
        pass
    other.execute("ROLLBACK")
    other.close()
    with store.begin() as db:
        set_meta(db, "name", "value")
    store.close()


def test_nobody_is_told_to_move_away_a_state_that_cannot_be_opened_now(tmp_path: Path) -> None:
    """Law: where the machine is what fails, the state is not called damaged, and it opens once that is cured."""
    path = tmp_path / "state.db"
    store = open_store(f"sqlite:///{path}")
    with store.begin() as db:
        set_meta(db, "name", "value")
    store.close()
    in_the_way = tmp_path / "state.db-wal"
    in_the_way.mkdir()
    with pytest.raises(Later, match="state: SQLITE_CANTOPEN"):
        open_store(f"sqlite:///{path}")
    in_the_way.rmdir()
    store = open_store(f"sqlite:///{path}")
    with store.begin() as db:
        assert get_meta(db, "name") == "value"
    store.close()


@pytest.mark.parametrize("kind", ["folder", "link"])
def test_a_lock_file_that_is_none_is_no_defect(tmp_path: Path, kind: str) -> None:
    """Law: what stands in the lock's place is named with its cure; nothing begins, and it is left alone."""
    store = open_store(f"sqlite:///{tmp_path / 'state.db'}")
    lock = tmp_path / "state.db.lock"
    if kind == "folder":
        lock.mkdir()
    else:
        lock.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Halt, match="lock file cannot be used") as raised, store.alone():
        pass
    store.close()
    assert (raised.value.subject, "chown" in raised.value.remedy) == (f"state {lock}", True)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    "url",
    [
        "a secret text",
        "postgres://ada:secret@db.example.edu/state",
        "mysql://ada:secret@db.example.edu/state",
        "postgresql+psycopg://ada:secret@db.example.edu:port/state",
        "postgresql+secret://127.0.0.1/state",
    ],
)
def test_an_address_that_is_none_is_no_defect(url: str) -> None:
    """Law: an address of no database stops with its cure, and is not repeated: it may hold a password."""
    with pytest.raises(Halt, match="its address cannot be used") as raised:
        open_store(url)
    assert "secret" not in str(raised.value)
    assert "postgresql+psycopg://" in raised.value.remedy
