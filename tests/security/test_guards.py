"""Where a guard itself fails nothing is written; and the drills: keys rotated, tokens revoked, everything stopped."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from connector.core.model import Owner
from connector.engine.cycle import cycle
from connector.engine.halting import EVERYTHING, set_halt
from connector.engine.plans import resume
from connector.errors import Bug, Halt, Later, UserError
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


def refusal(folder: Path, person: str) -> set[str]:
    """The codes with which the shipped mapping is refused, were its ``person.toml`` this text."""
    for name in ("requests", "routing"):
        (folder / f"{name}.toml").write_bytes((MAPPINGS / f"{name}.toml").read_bytes())
    (folder / "person.toml").write_text(person)
    with pytest.raises(UserError) as caught:
        load_rules(folder)
    return {problem.code for problem in caught.value.problems}


def test_of_a_mapping_that_cannot_be_read_nothing_is_loaded(tmp_path: Path) -> None:
    """Law (S46): a parser that fails leaves no mapping at all: there is nothing to write by."""
    assert refusal(tmp_path, "version = 1\n[field.x]\nowner = ") == {"M003"}


@pytest.mark.parametrize("name", ["Contact", "contact", "CONTACT", "Contact ", "Account", "", "sobjects/Contact", "Task__c"])
def test_what_is_not_named_as_writable_is_not(name: str) -> None:
    """Law (S46): an object that is not one of ours by its exact name is a defect before it is a request."""
    with pytest.raises(Bug):
        writable(name)


def test_an_owner_that_nobody_knows_owns_nothing(tmp_path: Path) -> None:
    """Law (S46): there are two owners, and a mapping with a third is refused as a whole."""
    known = (MAPPINGS / "person.toml").read_text()
    person = known.replace('owner = "alumni_relations"', 'owner = "somebody"', 1)
    assert person != known
    assert refusal(tmp_path, person) == {"M104"}
    assert set(Owner) == {Owner.ALUMNI_RELATIONS, Owner.CAREER_SERVICES}


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
