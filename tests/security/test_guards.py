"""Where a guard itself fails nothing is written; and the drills: keys rotated, tokens revoked, everything stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from connector.core.model import Owner
from connector.core.rulebook import Persons
from connector.engine.cycle import cycle
from connector.engine.halting import EVERYTHING, set_halt
from connector.engine.plans import resume
from connector.errors import Bug, Halt, Later
from connector.rules import load_rules
from connector.salesforce.writes import writable
from emulator.career import Actor, Kind
from tests.engine.university import University
from tests.systems import MAPPINGS


@pytest.fixture
def uni(tmp_path: Path) -> University:
    """One alumna on both sides, linked; the bridge is live."""
    uni = University(state=tmp_path / "state.db")
    uni.ada = uni.alumna()[0]
    uni.go_live()
    return uni


def edited(uni: University) -> None:
    """Something that the bridge would write."""
    uni.edit_contact(uni.ada, Preferred_Name__c="Augusta")
    uni.file()


def audit_that_fails(uni: University) -> None:
    """Nothing can be added to the audit."""
    with uni.ctx.store.begin() as db:
        db.execute(text("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'disk full'); END"))


def test_a_mapping_that_cannot_be_read_writes_nothing(tmp_path: Path) -> None:
    """Law (S46): a parser that fails leaves no mapping at all: there is nothing to write by."""
    for name in ("person", "requests", "routing"):
        (tmp_path / f"{name}.toml").write_bytes((MAPPINGS / f"{name}.toml").read_bytes())
    (tmp_path / "person.toml").write_text("version = 1\n[field.x]\nowner = ")
    with pytest.raises(Exception, match="M003"):
        load_rules(tmp_path)


@pytest.mark.parametrize("name", ["Contact", "contact", "CONTACT", "Contact ", "Account", "", "sobjects/Contact", "Task__c"])
def test_what_is_not_named_as_writable_is_not(name: str) -> None:
    """Law (S46): an object that is not one of ours by its exact name is a defect before it is a request."""
    with pytest.raises(Bug):
        writable(name)


def test_an_owner_that_nobody_knows_owns_nothing(uni: University) -> None:
    """Law (S46): a field whose owner is neither office is not written to either side."""
    units = tuple(
        replace(unit, owner="somebody") if unit.name == "preferred_name" else unit  # type: ignore[arg-type] # that is the point
        for unit in uni.rules.person.units
    )
    uni.rules = replace(uni.rules, persons=Persons(usual=replace(uni.rules.person, units=units)))
    uni.restart()
    before = uni.writes_of_bridge()
    uni.edit_contact(uni.ada, Preferred_Name__c="Augusta")
    with pytest.raises(Exception, match=r"side|owner|somebody"):
        uni.run()
    assert uni.writes_of_bridge() == before
    assert len(Owner) == 2


def test_without_a_description_nothing_begins(uni: University) -> None:
    """Law (S46): where Salesforce hides what the mapping needs, a process does not begin, and nothing is written."""
    before = uni.writes_of_bridge()
    edited(uni)
    uni.crm.grant_field("Contact.Preferred_Name__c", "", holder="Alumni_Bridge_Daemon")
    uni.restart()
    with pytest.raises(Halt, match="what the mapping needs"):
        uni.prepare()
    uni.run()
    assert uni.writes_of_bridge() == before


def test_without_a_clock_nothing_is_written(uni: University) -> None:
    """Law (S46): a clock that has lost its time stops everything."""
    before = uni.writes_of_bridge()
    edited(uni)
    uni.clock.set(datetime(2001, 1, 1, tzinfo=UTC))
    with pytest.raises(Halt, match="clock"):
        cycle(uni.ctx)
    assert uni.writes_of_bridge() == before


def test_an_audit_that_fails_stops_after_the_batch(uni: University) -> None:
    """Law (S46): where an outcome cannot be recorded, its writes count as unknown and no other batch goes out."""
    edited(uni)
    audit_that_fails(uni)
    with pytest.raises(Exception, match="disk full"):
        uni.run()
    once = uni.writes_of_bridge()
    with uni.ctx.store.begin() as db:
        states = set(db.execute(text("SELECT state FROM intent WHERE state IN ('sent', 'unknown')")).scalars())
    assert states == {"sent"}
    with pytest.raises(Exception, match="disk full"):
        uni.run()
    assert uni.writes_of_bridge() - once <= 1
    with uni.ctx.store.begin() as db:
        db.execute(text("DROP TRIGGER full"))
    uni.run()
    uni.run()
    assert uni.account("a1")["preferred_name"] == "Augusta"
    assert len(uni.all("Task")) == 1


def test_a_state_that_cannot_be_written_writes_nothing_elsewhere(uni: University) -> None:
    """Law (S46, I13): what cannot be written down before is not sent."""
    edited(uni)
    before = uni.writes_of_bridge()
    with uni.ctx.store.begin() as db:
        db.execute(text("CREATE TRIGGER full BEFORE UPDATE ON intent BEGIN SELECT RAISE(ABORT, 'disk full'); END"))
    with pytest.raises(Exception, match="disk full"):
        uni.run()
    assert uni.writes_of_bridge() == before


def _halt(uni: University) -> None:
    with uni.ctx.store.begin() as db:
        set_halt(uni.ctx, db, EVERYTHING, "drill", "resume")


STOPS: dict[str, Callable[[University], None]] = {
    "freeze the user": lambda uni: uni.crm.edit_as(uni.org.admin_id, uni.bridge_user, {"IsActive": False}),
    "block the app": lambda uni: setattr(uni.org.logins.apps["app"], "blocked", True),
    "halt": _halt,
}


@pytest.mark.parametrize("stop", STOPS.values(), ids=STOPS)
def test_every_kill_switch_stops_all_writes_to_salesforce(uni: University, stop: Callable[[University], None]) -> None:
    """Law (S42): a frozen user, a blocked app or `halt` ends every write at once, sessions that are open included."""
    edited(uni)
    stop(uni)
    uni.crm.expire_sessions()
    before = len(uni.crm.writes(via=None, user_id=uni.bridge_user))
    for _ in range(2):
        try:
            uni.run()
        except (Halt, Later):
            continue
    assert len(uni.crm.writes(via=None, user_id=uni.bridge_user)) == before


def test_a_token_that_is_revoked_in_the_middle_costs_nothing(uni: University) -> None:
    """Law (S42): a session that somebody ends while we work is opened anew; no work is lost or done twice."""
    calls = 0

    def ends_now_and_then() -> None:
        nonlocal calls
        calls += 1
        if calls % 17 == 0:
            uni.org.logins.sessions.clear()

    for number in range(5):
        uni.file(title=f"Talk {number}", person_id=None, criteria={"school": "Law"}, named=None)
    uni.effect = ends_now_and_then
    uni.run()
    uni.run(seconds=120)
    uni.effect = lambda: None
    uni.run(seconds=120)
    assert len(uni.all("Task")) == len(uni.all("Career_Request__c")) == 5


def test_keys_are_rotated_without_losing_work(uni: University) -> None:
    """Law (S42): with the old keys of both sides gone everything waits; with the new ones it is carried out, once."""
    edited(uni)
    uni.crm.connected_app("app", secret="n3w", run_as=uni.bridge_user)
    uni.crm.expire_sessions()
    uni.career.keys.clear()
    before = uni.writes_of_bridge()
    uni.run()
    assert uni.writes_of_bridge() == before
    uni.crm.connected_app("app", secret="s3cret", run_as=uni.bridge_user)
    uni.career.admit("k-bridge", Actor(id="key-1", name="alumni-bridge", kind=Kind.API))
    uni.career.admit("k-pat", Actor(id="s-1", name="Pat Reyes", kind=Kind.STAFF))
    uni.restart()
    for side in ("crm", "careers"):
        assert resume(uni.ctx, side)
    uni.run(seconds=3600)
    uni.run(seconds=3600)
    assert uni.account("a1")["preferred_name"] == "Augusta"
    assert len(uni.all("Task")) == 1
    assert uni.sweep()["contacts"]["lost"] == 0
