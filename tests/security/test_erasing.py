"""What is left of a person after `erase`: nothing that says anything about them, anywhere."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from connector.engine.erasing import erase_person
from connector.engine.identity import _frequencies
from connector.errors import Later
from connector.store import journal, observations
from tests.engine.university import University
from tests.input.hostile import spoil

CANARY = "Featherstonehaugh"
"""Part of every text about the person."""


@pytest.fixture
def uni(tmp_path: Path) -> University:
    """A person with a canary in every text on both sides, and somebody else of whom nothing may be lost; live."""
    uni = University(state=tmp_path / "state.db")
    uni.ada = uni.alumna(last=f"{CANARY}-Last", personal=f"{CANARY.lower()}@example.org", employer=f"{CANARY} Ltd")[0]
    uni.grace = uni.alumna("a2", institution_id="U1002", first="Grace", last="Hopper", personal="g@example.org")[0]
    uni.go_live()
    return uni


def bytes_of(uni: University) -> bytes:
    """Everything that lies in the state's folder."""
    assert uni.state is not None
    return b"".join(path.read_bytes() for path in sorted(uni.state.parent.rglob("*")) if path.is_file())


def lived_through(uni: University) -> None:
    """Edits, a suggestion, a refused write, requests of all kinds with the canary in them, and what came of these."""
    uni.edit_person("a1", {"preferred_name": f"{CANARY} preferred", "interests": [f"{CANARY} rowing"]})
    asked = uni.file(title=f"{CANARY} talk", text=f"{CANARY} text", details=f"{CANARY} details", criteria={"school": CANARY})
    uni.file(title=f"{CANARY} too", person_id="a1", type="REC_LETTER")
    uni.run()
    uni.run()
    spoil(uni, "person", "a1", preferred_name=CANARY * 5_000)
    uni.run()
    uni.edit(uni.one("Task", Subject=f"One conversation or informational interview: {CANARY} talk")["Id"], Status="Completed")
    uni.run()
    uni.call("k-pat", "PATCH", f"/requests/{asked}", {"title": f"{CANARY} changed"})
    uni.run()
    with uni.ctx.store.begin() as db:
        _frequencies(uni.ctx, db)


def test_nothing_of_an_erased_person_is_left(uni: University) -> None:
    """Law (S12): after erasing, no file of the state holds a text of the person: table, free page, log or audit."""
    lived_through(uni)
    assert CANARY.encode() in bytes_of(uni)
    assert erase_person(uni.ctx, "careers", "a1") > 0
    found = bytes_of(uni).lower()
    assert CANARY.lower().encode() not in found
    assert b"hopper" in found
    with uni.ctx.store.begin() as db:
        assert journal.verify(db) is None
        assert journal.count(db, "person.erased") == 1


def test_nothing_is_left_of_the_contacts_that_were_merged_into_one(uni: University) -> None:
    """Law (S12): who once had several contacts is forgotten with all of them; what was merged into what is still known."""
    values = {"FirstName": "Ada", "LastName": f"{CANARY}-King", "University_ID__c": "U1001"}
    second, last = uni.contact(**values), uni.contact(**values)
    uni.run()
    for gone, left in ((uni.ada, second), (second, last)):
        uni.crm.merge_as(uni.officer, left, [gone])
        uni.run()
    assert erase_person(uni.ctx, "careers", "a1") > 0
    assert CANARY.lower().encode() not in bytes_of(uni).lower()
    uni.run()
    with uni.ctx.store.begin() as db:
        known = observations.load(db, "crm", "Contact", [uni.ada, second])
    assert {id: (row["deleted"], row["merged_into"]) for id, row in known.items()} == {
        uni.ada: (True, second),
        second: (True, last),
    }


def test_a_write_ahead_log_is_emptied(uni: University) -> None:
    """Law (S12): what was deleted does not stay in the log beside the file until some later checkpoint."""
    lived_through(uni)
    erase_person(uni.ctx, "careers", "a1")
    assert uni.state is not None
    log = uni.state.with_name(f"{uni.state.name}-wal")
    assert not log.exists() or log.stat().st_size == 0


def test_a_log_that_cannot_be_emptied_is_told(uni: University, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law (S12): while a backup reads the state nobody is told that all is erased; the same command later finishes it."""
    monkeypatch.setattr("connector.store.store._PATIENCE", 0.1)
    lived_through(uni)
    uni.ctx.store.close()
    assert uni.state is not None
    backup = sqlite3.connect(uni.state, isolation_level=None)
    backup.execute("BEGIN")
    backup.execute("SELECT count(*) FROM intent").fetchone()
    with pytest.raises(Later, match="state: SQLITE_BUSY"):
        erase_person(uni.ctx, "careers", "a1")
    assert CANARY.encode() in bytes_of(uni)
    backup.close()
    erase_person(uni.ctx, "careers", "a1")
    assert CANARY.lower().encode() not in bytes_of(uni).lower()


def test_the_bridge_goes_on_after_erasing(uni: University) -> None:
    """Law (S12): erasing one person stops nothing: the next cycle runs, and everybody else is worked as before."""
    lived_through(uni)
    erase_person(uni.ctx, "careers", "a1")
    uni.edit_contact(uni.grace, Preferred_Name__c="Amazing")
    uni.run()
    assert uni.account("a2")["preferred_name"] == "Amazing"
    before = uni.writes_of_bridge()
    uni.run()
    assert uni.writes_of_bridge() == before
