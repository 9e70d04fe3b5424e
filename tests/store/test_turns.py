"""Several processes on one state: what each reads holds until it has written."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Event, Thread

import pytest

from connector.errors import Later
from connector.store import journal
from connector.store.store import Store, next_name, open_store

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def work(state: Store, names: list[str], read: Event | None = None, others: Event | None = None) -> None:
    """An entry of the audit and a new name, in one transaction; ``read`` tells when, and ``others`` has its time."""
    with state.begin() as db:
        journal.append(db, [("person.erased", {"system": "careers", "account": "A-1"}, None)], NOW)
        names.append(next_name(db, "cycle"))
        if read is not None and others is not None:
            read.set()
            others.wait(0.5)


def test_a_command_beside_the_daemon_takes_its_turn(address: str) -> None:
    """Law: on either kind of database two processes give no number twice, and neither fails for the other (S43)."""
    daemon, command = open_store(address), open_store(address)
    read, done, names = Event(), Event(), list[str]()
    first = Thread(target=work, args=(daemon, names, read, done))
    first.start()
    assert read.wait(30)
    try:
        work(command, names)
    finally:
        done.set()
        first.join()
    with command.begin() as db:
        assert (names, journal.count(db, "person.erased"), journal.verify(db)) == (["cycle-1", "cycle-2"], 2, None)
    daemon.close()
    command.close()


def test_who_holds_the_state_for_long_is_no_defect(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: a process that stands still in a transaction has others try later, on either kind of database."""
    monkeypatch.setattr("connector.store.store._PATIENCE", 0.1)
    daemon, command = open_store(address), open_store(address)
    with daemon.begin(), pytest.raises(Later, match="BUSY"):
        work(command, [])
    work(command, names := list[str]())
    assert names == ["cycle-1"]
    daemon.close()
    command.close()
