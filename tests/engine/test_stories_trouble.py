"""Stories about trouble: brakes, halts, a side that is down, poison, refusals, stale readings, lost rows, tampering."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.core.model import Side
from connector.core.rulebook import Persons
from connector.engine.cycle import cycle
from connector.engine.erasing import erase_person
from connector.engine.halting import EVERYTHING, clear_halt, set_halt
from connector.engine.plans import approve, resume
from connector.engine.report import status
from connector.engine.watch import remind, tidy
from connector.ports import Outcome, PersonUpdate
from connector.store import journal, observations
from connector.store.store import get_meta
from connector.store.tables import audit, intent, metadata
from emulator.career.errors import invalid
from emulator.career.faults import Fault
from emulator.inprocess import WireFault
from tests.engine.university import University
from tests.input.hostile import spoil
from tests.systems import SYSTEM


def crowd(uni: University, count: int, **limits: Any) -> list[str]:
    """So many people on both sides, live, under these limits; their contact ids."""
    brakes = {side: replace(known, **limits) for side, known in uni.rules.person.brakes.items()}
    uni.rules = replace(uni.rules, persons=Persons(usual=replace(uni.rules.person, brakes=brakes)))
    uni.restart()
    made = [
        uni.alumna(f"m{n}", institution_id=f"M{n}", last=f"Person{n}x", personal=f"m{n}@example.org", mobile=f"+1617555{n:04}")[0]
        for n in range(count)
    ]
    uni.go_live()
    uni.clock.move(timedelta(days=2))
    uni.run()
    return made


def titles(uni: University) -> int:
    """How many accounts have got the new title."""
    return sum(one.data()["title"] == "Director" for one in uni.career.people.by_id.values())


@pytest.mark.parametrize(
    ("count", "limits", "values", "word"),
    [
        (6, {"max_changes": 5}, {"Title": "Director"}, "max_changes"),
        (30, {"max_share": 0.1}, {"Title": "Director"}, "max_share"),
        (4, {"max_to_blank": 3}, {"Title": None, "Employer__c": None}, "max_to_blank"),
    ],
)
def test_a_plan_that_is_too_big_waits(
    new: University, count: int, limits: dict[str, Any], values: dict[str, Any], word: str
) -> None:
    """A plan beyond a limit writes nothing at all, says which limit, and goes out once a person approves exactly that plan."""
    made = crowd(new, count, **limits)
    before = {id: one.raw for id, one in new.career.people.by_id.items()}
    for id in made:
        new.edit_contact(id, **values)
    done = new.run()
    assert {id: one.raw for id, one in new.career.people.by_id.items()} == before
    assert word in done.halted["plan"]
    for _ in range(3):
        new.run()
    assert {id: one.raw for id, one in new.career.people.by_id.items()} == before
    assert approve(new.ctx, "0" * 12) is None
    remedy = next(row["remedy"] for row in status(new.ctx)["halted"])
    digest = remedy.split("--plan ")[1].split("`")[0]
    assert approve(new.ctx, digest) == count
    assert approve(new.ctx, digest) is None
    new.run()
    assert [one.data()["title"] for one in new.career.people.by_id.values()] == [values["Title"]] * count
    assert status(new.ctx)["halted"] == []


def test_an_approved_plan_that_the_wire_lost_stays_approved(new: University) -> None:
    """What a person has approved, and what was looked for and not done, is sent again; nobody is asked a second time."""
    made = crowd(new, 6, max_changes=5)
    for id in made:
        new.edit_contact(id, Title="Director")
    new.run()
    digest = next(row["remedy"] for row in status(new.ctx)["halted"]).split("--plan ")[1].split("`")[0]
    assert approve(new.ctx, digest) == 6
    new.career_wire.order(WireFault.LOSE_REQUEST, "POST .*people/batch")
    for _ in range(4):
        new.clock.move(timedelta(minutes=10))
        assert new.run().halted == {}
    assert titles(new) == 6


def test_an_approved_plan_that_is_judged_anew_stays_approved(new: University) -> None:
    """A sweep, or news of one person, between the brake and the approval asks for no second one; only what is new is weighed."""
    made = crowd(new, 6, max_changes=5)
    for id in made:
        new.edit_contact(id, Title="Director")
    new.run()
    new.sweep()
    digest = next(row["remedy"] for row in status(new.ctx)["halted"]).split("--plan ")[1].split("`")[0]
    assert approve(new.ctx, digest) == 6
    new.edit_contact(made[0], Title="Countess")
    done = new.run()
    assert done.halted == {}
    assert titles(new) == 5
    assert new.account("m0")["title"] == "Countess"


def test_small_plans_add_up_to_a_day(new: University) -> None:
    """The last 24 hours count: many small plans are stopped like one big one, and a day later there is room again."""
    made = crowd(new, 6, max_24h=4)
    for id in made[:4]:
        new.edit_contact(id, Title="Director")
    new.run()
    assert titles(new) == 4
    new.edit_contact(made[4], Title="Director")
    assert "max_24h" in new.run().halted["plan"]
    assert titles(new) == 4


def test_a_braked_plan_does_not_hold_back_opt_outs_and_requests(new: University) -> None:
    """While a plan waits for a person, opt-outs are respected and requests are routed."""
    made = crowd(new, 6, max_changes=5)
    for id in made:
        new.edit_contact(id, Title="Director")
    new.run()
    new.edit_person("m0", {"consents.mentoring": False})
    request = new.file(person_id="m1")
    new.run()
    assert new.profile("m0")["Opt_Out_Mentoring__c"]
    assert new.told(request)["state"] == "received"
    assert titles(new) == 0


def test_a_side_that_suddenly_looks_empty_is_not_believed(new: University) -> None:
    """A sweep that misses most of what is known halts that side: nobody is deleted because a page came back empty."""
    crowd(new, 6)
    hidden, new.career.people.order = new.career.people.order, []
    assert "careers" not in new.sweep()
    assert status(new.ctx)["links"] == {"linked": 6}
    assert [(row["subject"], row["reason"][:15]) for row in status(new.ctx)["halted"]] == [("careers", "careers: 6 of 6")]
    assert new.run().down["careers"]
    new.career.people.order = hidden
    assert resume(new.ctx, "careers")
    assert new.run().compared["careers"]["read"] == 6, "what was owed is done once it can be"
    assert status(new.ctx)["links"] == {"linked": 6}


def test_an_operator_stops_everything(uni: University) -> None:
    """Law (I47, S42): a halt of everything reads and writes nothing; what happened meanwhile is carried out afterwards."""
    with uni.ctx.store.begin() as db:
        set_halt(uni.ctx, db, EVERYTHING, "asked for", "resume")
    uni.edit_contact(uni.ada, Title="Director")
    calls = uni.crm.call_count()
    uni.run()
    assert uni.crm.call_count() == calls
    with uni.ctx.store.begin() as db:
        assert clear_halt(db, EVERYTHING)
    uni.run()
    assert uni.account("a1")["title"] == "Director"


def cursors(uni: University, side: Side, system: str = "") -> dict[str, str]:
    """Where each feed of a side stands."""
    with uni.ctx.store.begin() as db:
        return observations.cursors(db, side, system)


def test_careers_down_does_not_stop_the_crm_side(uni: University) -> None:
    """Without careers, decisions are still read and the CRM's cursors move; careers' cursor stays, and nothing is lost."""
    uni.edit_person("a1", {"phone_mobile": "+16175550199"})
    uni.run()
    before = cursors(uni, Side.CAREER, "careers")
    uni.career_wire.order(WireFault.REFUSE, count=100_000)
    uni.edit(uni.one("Suggested_Change__c")["Id"], Decision__c="Accept")
    uni.edit_contact(uni.ada, Title="Director")
    done = uni.run()
    assert set(done.down) == {"careers"}
    assert uni.one("Suggested_Change__c")["State__c"] == "Waiting for the contact"
    assert cursors(uni, Side.CAREER, "careers") == before
    uni.career_wire.orders.clear()
    uni.run(seconds=7200)
    uni.run()
    assert uni.account("a1")["title"] == "Director"
    assert status(uni.ctx)["down"] == {}


def test_what_is_down_is_told_by_the_latest_cycle(uni: University) -> None:
    """A cycle of a clock that was ahead is over like any other: what it found down does not stay so in `status`."""
    assert status(uni.ctx)["down"] == {}
    uni.clock.move(timedelta(days=3650))
    uni.career_wire.order(WireFault.REFUSE, count=1_000)
    uni.run()
    assert "careers" in status(uni.ctx)["down"]
    uni.clock.move(-timedelta(days=3650))
    uni.career_wire.orders.clear()
    for _ in range(2):
        assert uni.run(seconds=7200).down == {}
    assert status(uni.ctx)["down"] == {}


def test_salesforce_down_does_not_stop_careers(uni: University) -> None:
    """Without Salesforce, careers are still read; its cursors stay; status says which side, why, and the last good cycle."""
    good = status(uni.ctx)["last_good"]["crm"]
    before = cursors(uni, Side.CRM)
    uni.crm_wire.order(WireFault.REFUSE, count=100_000)
    uni.edit_person("a1", {"interests": ["poetry"]})
    request = uni.file()
    done = uni.run()
    assert set(done.down) == {"crm"}
    assert done.read["careers"] == 2
    assert cursors(uni, Side.CRM) == before
    assert status(uni.ctx)["last_good"]["crm"] == good
    assert status(uni.ctx)["last_good"]["careers"] > good
    assert "crm" in status(uni.ctx)["down"]
    uni.crm_wire.orders.clear()
    for _ in range(2):
        uni.run(seconds=7200)
    assert uni.profile()["Interests__c"] == "poetry"
    assert uni.told(request)["state"] == "received"
    assert len(uni.all("Task")) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_side_that_asks_for_patience_is_left_alone(uni: University, method: str) -> None:
    """Until the time that a side asked for is over it hears nothing of us, after a restart too (F13, I38)."""
    uni.career_app.order(Fault.THROTTLE, method, value="900")
    uni.edit_contact(uni.ada, Title="Director")
    uni.run()
    asked = sum(uni.career_app.calls.values())
    uni.edit_contact(uni.ada, Employer__c="Analytical Engines")
    uni.restart()
    asked_at_start = sum(uni.career_app.calls.values())
    for _ in range(3):
        assert set(uni.run(seconds=250).down) == {"careers"}
    assert (asked_at_start - asked <= 1, sum(uni.career_app.calls.values())) == (True, asked_at_start)
    uni.run(seconds=250)
    assert (uni.account("a1")["title"], uni.account("a1")["employer"]) == ("Director", "Analytical Engines")


def test_a_record_that_cannot_be_read_delays_nobody(pair: University) -> None:
    """A spoilt account is set aside with reason and remedy; the others are worked, and it is taken up when it is well again."""
    well = pair.career.people.by_id["a1"].raw
    pair.career.spoil("person", "a1", well.replace(b'"last_name":"Lovelace"', b'"last_name":{"a":1}'))
    pair.edit_person("a2", {"interests": ["compilers"]})
    pair.edit_contact(pair.grace, Title="Director")
    pair.run()
    assert pair.profile("a2")["Interests__c"] == "compilers"
    assert pair.account("a2")["title"] == "Director"
    found = [row for row in status(pair.ctx)["parked"] if row["id"] == "a1"]
    assert found
    assert all(row["reason"] and row["remedy"] for row in found)
    assert pair.all("Suggested_Change__c") == []
    pair.career.spoil("person", "a1", well)
    pair.edit_contact(pair.ada, Title="Director")
    pair.run()
    pair.run()
    assert status(pair.ctx)["parked"] == []
    assert pair.account("a1")["title"] == "Director"


@pytest.mark.parametrize("gone", ["contact", "account", "erased"])
def test_a_value_that_nobody_can_correct_any_more_leaves_the_list(uni: University, gone: str) -> None:
    """Law: what was set aside is told as long as somebody could do something about it, and again if the contact comes back."""
    spoil(uni, "person", "a1", phone_mobile="call me")
    uni.run()
    assert [row["id"] for row in status(uni.ctx)["parked"]] == ["a1"]
    if gone == "contact":
        uni.crm.delete_as(uni.officer, uni.ada)
    elif gone == "account":
        uni.career.delete("person", "a1", uni.career.keys["k-pat"])
    else:
        erase_person(uni.ctx, "careers", "a1")
        assert status(uni.ctx)["parked"] == []
    uni.run()
    uni.run()
    assert status(uni.ctx)["parked"] == []
    if gone == "contact":
        uni.crm.undelete_as(uni.officer, uni.ada)
        uni.run()
        assert [row["id"] for row in status(uni.ctx)["parked"]] == ["a1"]


def test_a_refused_record_delays_nobody(pair: University) -> None:
    """An account that careers refuse to change is told by name with its code; the other person's change arrives."""
    pair.career.refusals["a1"] = invalid("title", "Locked.")
    for contact in (pair.ada, pair.grace):
        pair.edit_contact(contact, Title="Director")
    pair.run()
    assert pair.account("a2")["title"] == "Director"
    refused = status(pair.ctx)["refused"]
    assert [(row["target"], row["kind"]) for row in refused] == [("a1", "career.update")]


def test_an_update_of_a_question_that_could_not_be_created_is_refused_with_it(uni: University) -> None:
    """Law: where the contact is gone before the question reached Salesforce, what careers changed meanwhile waits no more."""
    uni.crm.order_refusal("UNABLE_TO_LOCK_ROW", sobject="Suggested_Change__c", count=1)
    uni.edit_person("a1", {"title": "Countess"})
    uni.run()
    uni.edit_person("a1", {"title": "Enchantress"})
    uni.run(seconds=0)
    uni.crm.delete_as(uni.officer, uni.ada)
    uni.run(seconds=0)
    for _ in range(3):
        uni.run(seconds=3600)
    found = status(uni.ctx)
    assert [(one["kind"], one["code"]) for one in found["refused"]] == [
        ("suggestion.update", "NOT_CREATED"),
        ("suggestion.create", "ENTITY_IS_DELETED"),
    ]
    assert found["waiting"] == 0
    assert found["audit_broken_at"] is None


def test_a_question_that_is_refused_is_asked_once_and_holds_back_nothing(uni: University) -> None:
    """Law: Salesforce that will not have a question about an opt-out is asked once in a cycle; that person's changes go on."""
    refusal = uni.crm.order_refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION", sobject="Suggested_Change__c", count=999)
    uni.edit_person("a1", {"do_not_contact": True, "interests": ["chess"]})
    for _ in range(4):
        uni.run()
    assert (refusal.struck, uni.profile()["Interests__c"]) == (1, "chess")
    uni.edit_person("a1", {"interests": ["stars"]})
    uni.run()
    assert (refusal.struck, uni.profile()["Interests__c"]) == (2, "stars")


def test_a_refused_value_does_not_hold_back_the_others(uni: University) -> None:
    """One value that careers will never take is refused alone; the same person's other values arrive."""
    uni.edit_contact(uni.ada, LinkedIn_URL__c="https://www.linkedin.com/in/ada", Former_Last_Name__c="x" * 250, Title="Director")
    uni.run()
    uni.run()
    assert uni.account("a1")["title"] == "Director"
    assert uni.account("a1")["linkedin_url"]


def test_a_refused_value_does_not_keep_the_profile_from_being_made(uni: University) -> None:
    """Law: what Salesforce will not take of a new career profile holds back neither the profile nor its other values."""
    uni.contact(FirstName="Mary", LastName="Somerville", University_ID__c="U2")
    uni.person("a7", first_name="Mary", last_name="Somerville", institution_id="U2", mentor_capacity=10**12, interests=["chess"])
    uni.edit_person("a7", {"title": "Astronomer"})
    for _ in range(3):
        uni.run()
    profile = uni.one("Career_Profile__c", Account_Id__c="a7")
    assert (profile["Interests__c"], profile.get("Mentor_Capacity__c")) == ("chess", None)
    assert [row["code"] for row in status(uni.ctx)["refused"]] == ["NUMBER_OUTSIDE_VALID_RANGE"]


def test_a_profile_that_is_refused_whatever_it_holds_is_tried_once(uni: University) -> None:
    """Law: where Salesforce refuses a new profile also without what careers own, that is one refused write, and none follow."""
    uni.crm.order_refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION", sobject="Career_Profile__c", count=100)
    uni.contact(FirstName="Mary", LastName="Somerville", University_ID__c="U2")
    uni.person("a7", first_name="Mary", last_name="Somerville", institution_id="U2", interests=["chess"])
    uni.edit_person("a7", {"title": "Astronomer"})
    writes = [uni.run().settled for _ in range(4)]
    assert (writes[1:], [row["kind"] for row in status(uni.ctx)["refused"]]) == ([0, 0, 0], ["profile.create"])


def test_an_edit_between_reading_and_writing_is_decided_anew(uni: University) -> None:
    """Careers change the account after we read it: our update is stale, the record is read again, and both changes stand."""
    uni.edit_contact(uni.ada, Title="Director")
    racing = Racing(uni)
    cycle(replace(uni.ctx, careers={"careers": racing}))  # type: ignore[dict-item]  # it answers for the side
    uni.run()
    uni.run()
    assert racing.raced
    assert (uni.account("a1")["title"], uni.account("a1")["preferred_name"]) == ("Director", "Addie")
    assert uni.one("Suggested_Change__c")["Suggested__c"] == "Addie"


class Racing:
    """The career side, in which somebody edits the account in the last moment before our first update acts."""

    def __init__(self, uni: University) -> None:
        self._uni, self._side, self.raced = uni, uni.ctx.careers["careers"], False

    def __getattr__(self, name: str) -> object:
        return getattr(self._side, name)

    def update(self, rows: Sequence[PersonUpdate]) -> Sequence[Outcome]:
        """See ``CareerSide.update``."""
        if not self.raced:
            self.raced = True
            self._uni.edit_person("a1", {"preferred_name": "Addie"})
        return self._side.update(rows)


def test_a_lost_answer_of_careers_is_looked_up(uni: University) -> None:
    """An update whose answer was lost did happen: it is recognised as ours and becomes no suggestion."""
    uni.edit_contact(uni.ada, Title="Director")
    uni.career_wire.order(WireFault.LOSE_RESPONSE, "POST .*people/batch")
    uni.run()
    for _ in range(3):
        uni.run(seconds=1200)
    assert uni.account("a1")["title"] == "Director"
    assert uni.all("Suggested_Change__c") == []
    assert status(uni.ctx)["waiting"] == 0


def test_the_sweep_finds_a_change_that_moved_no_stamp(uni: University) -> None:
    """A value that changed without a stamp (a formula, a restored backup) is found by the sweep and carried across."""
    uni.org.record(uni.ada)["Title"] = "Director"  # type: ignore[index]  # the contact exists
    uni.run()
    assert uni.account("a1")["title"] == "Analyst"
    assert uni.sweep()["contacts"]["changed"] == 1
    assert uni.account("a1")["title"] == "Director"


@pytest.mark.parametrize("named", ["SCHOOLS@Alumni.example.edu", "schools@alumni.example.edu"])
def test_stewards_may_be_a_person(tmp_path: Path, named: str) -> None:
    """Law: whoever keeps the data right is found as every owner in routing.toml: a user also by e-mail address, in any case."""
    uni = University(state=tmp_path / "state.db", people=("schools",))
    uni.alumna()
    routing = uni.rules.routing
    person = replace(routing.owners[routing.stewards], kind="user", name=named)
    uni.go_live()
    uni.take_into_force(routing=replace(routing, owners={**routing.owners, routing.stewards: person}), hash="a person")
    uni.edit_person("a1", {"phone_mobile": "+16175550199"})
    uni.run()
    for _ in range(2):
        uni.clock.move(timedelta(days=14))
        remind(uni.ctx, after=timedelta(days=7))
        uni.run()
    assert {uni.one(name)["OwnerId"] for name in ("Suggested_Change__c", "Task")} == {uni.officers["schools"]}


def test_an_undecided_suggestion_is_reminded_of(uni: University) -> None:
    """A question that waits becomes urgent, then the stewards get one Task; it never disappears, and a day has one Task."""
    uni.edit_person("a1", {"phone_mobile": "+16175550199"})
    uni.run()
    week = timedelta(days=7)
    assert remind(uni.ctx, after=week) == 0
    uni.clock.move(2 * week)
    assert remind(uni.ctx, after=week) == 1
    assert remind(uni.ctx, after=week) == 0
    uni.run()
    assert uni.one("Suggested_Change__c")["Urgent__c"]
    assert uni.all("Task") == []
    uni.clock.move(2 * week)
    remind(uni.ctx, after=week)
    uni.run()
    task = uni.one("Task")
    assert task["OwnerId"] == uni.one("Group", DeveloperName="Alumni_Relations_Data_Stewards")["Id"]
    assert uni.one("Suggested_Change__c")["State__c"] == "Open"
    for _ in range(3):
        uni.run()
    assert len(uni.all("Task")) == 1


def test_who_is_forgotten_while_a_reminder_is_made_is_not_reminded_of(uni: University) -> None:
    """Law: nobody has to wait for the state while Salesforce is asked, and what is done to it meanwhile counts."""
    uni.edit_person("a1", {"phone_mobile": "+16175550199"})
    uni.run()
    week = timedelta(days=7)
    uni.clock.move(2 * week)
    assert remind(uni.ctx, after=week) == 1
    uni.run()
    uni.clock.move(2 * week)
    uni.before("/", lambda: forget_elsewhere(uni))
    assert remind(uni.ctx, after=week) == 0
    uni.run()
    assert uni.all("Task") == []


def forget_elsewhere(uni: University) -> None:
    """Another process makes the state forget what waits, unless the state is held."""
    with closing(sqlite3.connect(str(uni.state), timeout=0.1)) as other, other:
        other.execute("DELETE FROM suggestion")


def test_every_write_is_in_the_audit(uni: University) -> None:
    """Each acknowledged write has one audit row under the mapping's version, and the chain verifies."""
    uni.edit_contact(uni.ada, Title="Director")
    uni.file()
    uni.run()
    with uni.ctx.store.begin() as db:
        rows = [row for row in db.execute(audit.select()) if row.event == "intent.applied"]
        assert all(uni.ctx.rules_hash in row.refs for row in rows)
        assert journal.verify(db) is None
    assert len(rows) == sum(states.get("applied", 0) for states in status(uni.ctx)["writes"].values())


def test_tampering_with_the_audit_is_told(uni: University) -> None:
    """A changed row of the audit shows in the status by its number."""
    with uni.ctx.store.begin() as db:
        db.execute(audit.update().where(audit.c.seq == 1).values(event="intent.refused"))
    assert status(uni.ctx)["audit_broken_at"] == 1


def test_an_erased_person_leaves_no_value(uni: University) -> None:
    """After erasing, none of the person's values from the career side stands in the state; the audit chain stays whole."""
    uni.edit_person("a1", {"interests": ["Otters-in-the-moat"]})
    uni.run()
    erase_person(uni.ctx, "careers", "a1")
    with uni.ctx.store.begin() as db:
        assert journal.verify(db) is None
        assert journal.about(db, SYSTEM, "a1") == []
        assert observations.load(db, Side.CAREER, "person", ["a1"], system="careers") == {}


def test_erasing_reaches_every_table(uni: University) -> None:
    """The person's career values stand nowhere in the state file after erasing: not in planned writes, not on the profile."""
    uni.edit_person("a1", {"interests": ["Otters-in-the-moat"]})
    uni.run()
    erase_person(uni.ctx, "careers", "a1")
    with uni.ctx.store.begin() as db:
        found = [
            name for name, table in metadata.tables.items() if "Otters-in-the-moat" in repr(db.execute(table.select()).all())
        ]
    assert found == []


def test_tidying_keeps_the_audit(uni: University) -> None:
    """Settled writes and old runs are dropped after their time; the audit stays and verifies, and no number is given twice."""
    uni.edit_contact(uni.ada, Title="Programmer")
    uni.run()
    with uni.ctx.store.begin() as db:
        kept = len(db.execute(audit.select()).all())
        newest = max(row.id for row in db.execute(intent.select()))
    assert tidy(uni.ctx, before=uni.clock.now() + timedelta(days=1)) > 0
    with uni.ctx.store.begin() as db:
        assert len(db.execute(audit.select()).all()) == kept
        assert journal.verify(db) is None
        assert get_meta(db, "live_at")
    assert status(uni.ctx)["writes"] == {"career.update": {"applied": 1}}
    uni.edit_contact(uni.ada, Title="Countess")
    uni.run()
    with uni.ctx.store.begin() as db:
        assert min(row.id for row in db.execute(intent.select()) if row.id != newest) == newest + 1
