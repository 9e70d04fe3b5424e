"""The audit: what happened cannot be changed, removed or cut off unnoticed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, func, select, update

from connector.administration import remote_checks
from connector.engine.halting import AUDIT, halts
from connector.engine.plans import resume
from connector.engine.report import beat, status
from connector.errors import Halt
from connector.store import journal
from connector.store.store import set_meta
from connector.store.tables import audit
from tests.engine.university import University

CHECK = "Salesforce: the audit holds what was written down there of it"


@pytest.fixture
def uni(tmp_path: Path) -> University:
    """A bridge that has written some things, and has said so in Salesforce."""
    uni = University(state=tmp_path / "state.db")
    uni.ada = uni.alumna()[0]
    uni.go_live()
    for name in ("Augusta", "Ada"):
        uni.edit_contact(uni.ada, Preferred_Name__c=name)
        uni.run()
    say(uni)
    return uni


def say(uni: University) -> None:
    """The sign of life in Salesforce."""
    assert beat(uni.ctx, lease=timedelta(minutes=10), force=True) is None


def _count(db: Connection) -> int:
    return int(db.execute(select(func.count()).select_from(audit)).scalar_one())


def _swap(db: Connection) -> None:
    first, second = (db.execute(select(audit).where(audit.c.seq == seq)).one()._asdict() for seq in (1, 2))
    for seq, other in ((1, second), (2, first)):
        db.execute(update(audit).where(audit.c.seq == seq).values(**{name: v for name, v in other.items() if name != "seq"}))


TAMPERED: dict[str, Callable[[Connection], object]] = {
    "changed": lambda db: db.execute(update(audit).where(audit.c.seq == 2).values(event="intent.refused")),
    "redated": lambda db: db.execute(update(audit).where(audit.c.seq == 2).values(at="2020-01-01T00:00:00.000000Z")),
    "removed": lambda db: db.execute(delete(audit).where(audit.c.seq == 2)),
    "swapped": _swap,
    "cut off": lambda db: db.execute(delete(audit).where(audit.c.seq >= _count(db))),
    "emptied": lambda db: db.execute(delete(audit)),
}


@pytest.mark.parametrize("tamper", TAMPERED.values(), ids=TAMPERED)
def test_tampering_is_seen(uni: University, tamper: Callable[[Connection], object]) -> None:
    """Law (S43): a row that is changed, removed, moved or missing at the end is told by its number."""
    with uni.ctx.store.begin() as db:
        assert journal.verify(db) is None
        tamper(db)
        assert journal.verify(db) is not None
    assert status(uni.ctx)["audit_broken_at"] is not None


def test_an_end_cut_off_with_all_traces_is_seen_from_salesforce(uni: University) -> None:
    """Law (S43): who cuts off the end and mends everything in the state is found by what was written down in Salesforce."""
    check = dict(remote_checks(uni.bridge()))[CHECK]
    check()
    with uni.ctx.store.begin() as db:
        db.execute(delete(audit).where(audit.c.seq >= _count(db)))
        set_meta(db, "audit_head", journal.head(db))
        assert journal.verify(db) is None
    with pytest.raises(Halt, match="no longer has the entry"):
        check()


def test_a_longer_audit_still_holds_what_was_told(uni: University) -> None:
    """Law (S43): what was told stays true while the audit grows."""
    uni.edit_contact(uni.ada, Preferred_Name__c="Countess")
    uni.run()
    dict(remote_checks(uni.bridge()))[CHECK]()


def test_what_cannot_be_recorded_is_not_written(uni: University) -> None:
    """Law (S46, S43): while the audit does not end as it was written nothing is written, until a person's word."""
    with uni.ctx.store.begin() as db:
        db.execute(delete(audit).where(audit.c.seq >= _count(db)))
    before = uni.writes_of_bridge()
    uni.edit_contact(uni.ada, Preferred_Name__c="Countess")
    uni.run()
    uni.run()
    assert uni.writes_of_bridge() == before
    with uni.ctx.store.begin() as db:
        assert AUDIT in halts(db)
    assert resume(uni.ctx, AUDIT)
    uni.run()
    assert uni.account("a1")["preferred_name"] == "Countess"
    with uni.ctx.store.begin() as db:
        assert journal.verify(db) is None
        assert journal.count(db, "audit.end_accepted") == 1


def test_what_a_cycle_enters_itself_hides_no_cut(uni: University) -> None:
    """Law (S43): that the end is gone is not forgotten when something is added, such as that somebody was linked."""
    with uni.ctx.store.begin() as db:
        db.execute(delete(audit).where(audit.c.seq >= _count(db)))
        linked = journal.count(db, "link.linked")
    uni.alumna("a2", institution_id="U2", last="Hopper", personal="grace@example.org", mobile="+16175550199")
    uni.edit_person("a2", {"interests": ["Compilers"]})
    uni.run()
    with uni.ctx.store.begin() as db:
        assert AUDIT in halts(db)
        assert journal.count(db, "link.linked") == linked + 1
        assert journal.verify(db) is not None
    assert resume(uni.ctx, AUDIT)
    with uni.ctx.store.begin() as db:
        assert journal.verify(db) is None


def test_a_package_of_yesterday_is_no_obstacle(tmp_path: Path) -> None:
    """Law (S43): where the deployed package has no place for the audit's head, the bridge works as before."""
    uni = University(state=tmp_path / "state.db")
    uni.crm.remove_field("Bridge_Status__c", "Audit_Head__c")
    uni.ada = uni.alumna()[0]
    uni.go_live()
    say(uni)
    assert "Audit_Head__c" not in uni.one("Bridge_Status__c")
    dict(remote_checks(uni.bridge()))[CHECK]()


def test_a_state_of_yesterday_is_no_broken_one(uni: University) -> None:
    """Law (S43): a state that never remembered its audit's end begins to with the next entry."""
    with uni.ctx.store.begin() as db:
        set_meta(db, "audit_head", None)
        assert journal.verify(db) is None
    uni.edit_contact(uni.ada, Preferred_Name__c="Countess")
    uni.run()
    with uni.ctx.store.begin() as db:
        assert journal.verify(db) is None
        db.execute(delete(audit).where(audit.c.seq >= _count(db)))
        assert journal.verify(db) is not None
