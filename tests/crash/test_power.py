"""The power cut of the scripts does to SQLite what a real one does."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.simulation.power import tear


def _copy(path: Path, name: str) -> Path:
    copy = path.with_name(name)
    for end in ("", "-wal"):
        source = path.with_name(path.name + end)
        if source.exists():
            copy.with_name(copy.name + end).write_bytes(source.read_bytes())
    return copy


def _held(path: Path) -> tuple[list[int], str]:
    with closing(sqlite3.connect(path)) as db:
        rows = [row[0] for row in db.execute("SELECT value FROM told ORDER BY value")]
        return rows, str(db.execute("PRAGMA integrity_check").fetchone()[0])


@pytest.mark.parametrize("rounds", [0, 1])
def test_a_torn_transaction_never_was(tmp_path: Path, rounds: int) -> None:
    """Law: what was committed before stays, what was being committed is gone, and the file is whole; in each round of the log."""
    path = tmp_path / "state.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("CREATE TABLE told (value INTEGER, filler BLOB)")
        for number in range(rounds * 3):
            db.execute("INSERT INTO told VALUES (?, zeroblob(9000))", (number,))
        if rounds:
            db.execute("PRAGMA wal_checkpoint(RESTART)")
        db.execute("INSERT INTO told VALUES (100, NULL)")
        copy = _copy(path, "torn.db")
        db.execute("INSERT INTO told VALUES (101, zeroblob(9000))")
        tear(path.with_name("state.db-wal"), copy.with_name("torn.db-wal"))
        whole = _copy(path, "whole.db")
    assert _held(whole)[0][-1] == 101
    assert _held(copy) == ([*range(rounds * 3), 100], "ok")


def test_what_was_acknowledged_is_not_torn(tmp_path: Path) -> None:
    """Law: a power cut while nothing is written takes nothing."""
    path = tmp_path / "state.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("CREATE TABLE told (value INTEGER)")
        db.execute("INSERT INTO told VALUES (100)")
        copy = _copy(path, "torn.db")
        tear(path.with_name("state.db-wal"), copy.with_name("torn.db-wal"))
    assert _held(copy) == ([100], "ok")
