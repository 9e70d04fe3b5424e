"""Stories about what a person does with held plans and refused writes: approve, drop, try again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from connector.core.rulebook import Persons
from connector.engine.plans import approve, resume, retry
from connector.engine.report import status
from connector.store import links
from emulator.career.errors import invalid
from emulator.inprocess import WireFault
from tests.engine.schools import Schools
from tests.engine.test_stories_trouble import crowd, titles
from tests.engine.university import University
from tests.systems import SYSTEM


def digest_of(uni: University) -> str:
    """The hash that ``status`` tells one to approve."""
    remedy = next(row["remedy"] for row in status(uni.ctx)["halted"])
    return str(remedy).split("--plan ")[1].split("`")[0]


def test_a_held_plan_whose_cause_was_undone_leaves_nothing_behind(new: University) -> None:
    """Dropping a held plan judges everybody anew: after the mistake was undone nothing is written and nothing is held."""
    made = crowd(new, 6, max_changes=5)
    for id in made:
        new.edit_contact(id, Title="Director")
    new.run()
    for id in made:
        new.edit_contact(id, Title="Analyst")
    new.run()
    assert resume(new.ctx, "plan")
    done = new.run()
    assert (titles(new), done.writes, status(new.ctx)["halted"]) == (0, 0, [])
    assert not resume(new.ctx, "plan")


def test_a_held_plan_whose_cause_stands_is_held_again(new: University) -> None:
    """Law (I23): dropping a plan is no way around a brake."""
    made = crowd(new, 6, max_changes=5)
    for id in made:
        new.edit_contact(id, Title="Director")
    new.run()
    assert resume(new.ctx, "plan")
    assert "max_changes" in new.run().halted["plan"]
    assert titles(new) == 0


def test_an_outage_does_not_let_a_day_pass_in_portions(new: University) -> None:
    """Small plans that wait for careers to come back count for the day; the one too many waits for a person, who lets it go."""
    made = crowd(new, 6, max_24h=4)
    new.career_wire.order(WireFault.REFUSE, count=1_000_000)
    for id in made[:3]:
        new.edit_contact(id, Title="Director")
    assert new.run().halted == {}
    for id in made[3:]:
        new.edit_contact(id, Title="Director")
    assert "6 records" in new.run().halted["plan"]
    assert approve(new.ctx, digest_of(new)) == 3
    new.career_wire.orders.clear()
    assert new.run(seconds=7200).halted == {}
    assert titles(new) == 6
    new.edit_contact(made[0], Title="Dean")
    assert new.run().halted == {}
    assert titles(new) == 5


def test_a_plan_of_nothing_is_not_held(new: University) -> None:
    """When the day is full, also by a limit that was lowered since, only what would write something waits for a person."""
    made = crowd(new, 6)
    for id in made[:5]:
        new.edit_contact(id, Title="Director")
    new.run()
    brakes = {side: replace(known, max_24h=4) for side, known in new.rules.person.brakes.items()}
    new.rules = replace(new.rules, persons=Persons(usual=replace(new.rules.person, brakes=brakes)))
    new.restart()
    with new.ctx.store.begin() as db:
        links.mark(db, "careers", ["m0"])
    assert new.run().halted == {}
    new.edit_contact(made[5], Title="Director")
    assert "6 records" in new.run().halted["plan"]


def test_suggestions_of_a_dropped_plan_were_never_made(new: University) -> None:
    """A mass edit by careers that they undo leaves no question in Salesforce and none in memory; the next edit is asked about."""
    crowd(new, 6, max_changes=5)
    for n in range(6):
        new.edit_person(f"m{n}", {"title": "Boss"})
    new.run()
    for n in range(6):
        new.edit_person(f"m{n}", {"title": "Analyst"})
    new.run()
    assert resume(new.ctx, "plan")
    new.run()
    assert new.all("Suggested_Change__c") == []
    new.edit_person("m0", {"title": "Head"})
    new.run()
    assert new.one("Suggested_Change__c")["State__c"] == "Open"


def test_too_many_requests_wait_and_are_released_by_their_hash(new: University) -> None:
    """A flood of requests makes no Task until a person has looked; approved, each has exactly one (B45)."""
    crowd(new, 2, max_changes=5)
    for n in range(7):
        new.file(person_id=None, named=False, title=f"Ask {n}", criteria={"class_year": str(1990 + n)})
    done = new.run()
    assert "max_changes" in done.halted["requests"]
    assert new.all("Task") == []
    assert approve(new.ctx, digest_of(new))
    new.run()
    assert len(new.all("Task")) == len(new.all("Career_Request__c")) == 7


def test_a_dropped_flood_is_judged_anew(new: University) -> None:
    """Requests of a dropped plan are not lost: those that careers have not withdrawn are routed, or held again."""
    crowd(new, 2, max_changes=5)
    filed = [new.file(person_id=None, named=False, title=f"Ask {n}", criteria={"class_year": str(1990 + n)}) for n in range(7)]
    new.run()
    for id in filed[:4]:
        assert new.call("k-pat", "PATCH", f"/requests/{id}", {"state": "withdrawn"})[0] == 200
    assert resume(new.ctx, "requests")
    new.run()
    new.run()
    assert status(new.ctx)["halted"] == []
    assert len(new.all("Task")) == 3
    assert [new.told(id)["state"] for id in filed] == ["withdrawn"] * 4 + ["received"] * 3


def test_a_refused_write_is_tried_again_when_asked(uni: University) -> None:
    """Once its cause is mended, a refused write goes out on request, and no longer stands among the refused."""
    uni.career.refusals["a1"] = invalid("title", "Locked.")
    uni.edit_contact(uni.ada, Title="Director")
    uni.run()
    del uni.career.refusals["a1"]
    uni.run()
    assert uni.account("a1")["title"] != "Director"
    assert retry(uni.ctx) == 1
    uni.run()
    assert uni.account("a1")["title"] == "Director"
    assert status(uni.ctx)["refused"] == []


def test_careers_learn_why_a_change_was_turned_down(uni: University) -> None:
    """A rejected change comes back with the coded reason, as a note for staff; the note names no value."""
    uni.edit_person("a1", {"title": "Boss"})
    uni.run()
    asked = uni.one("Suggested_Change__c")
    uni.edit(asked["Id"], Decision__c="Reject", Reason__c="Outdated")
    uni.run()
    note = next(text for text in uni.notes() if "outdated" in text)
    assert "Boss" not in note
    assert uni.account("a1")["title"] != "Boss"


def test_what_goes_nowhere_any_more_pulls_no_brake(tmp_path: Path) -> None:
    """Law: what waits for a system that was taken out of the configuration is no write of the day, however much it is."""
    schools = Schools(state=tmp_path / "state.db")
    brakes = {side: replace(known, max_24h=3) for side, known in schools.rules.person.brakes.items()}
    schools.rules = replace(schools.rules, persons=Persons(usual=replace(schools.rules.person, brakes=brakes)))
    schools.restart()
    made = []
    for n in range(6):
        both = {"institution_id": f"M{n}", "last": f"Person{n}x", "personal": f"m{n}@example.org", "mobile": f"+1617555{n:04}"}
        made.append(schools.alumna(f"m{n}", **both)[0])
        schools.at_law(f"l{n}", **both)
    schools.go_live()
    schools.clock.move(timedelta(days=2))
    schools.run()
    schools.ctx = replace(schools.ctx, careers={SYSTEM: schools.ctx.careers[SYSTEM]})
    for contact in made:
        schools.clock.move(timedelta(days=5))
        schools.edit_contact(contact, Title="Director")
        assert schools.run().halted == {}
    assert titles(schools) == len(made)


def test_what_waits_for_a_question_that_nobody_could_ask_pulls_no_brake(new: University) -> None:
    """Law: what is put back waits for its question; where Salesforce refuses that, it is no write of the day."""
    made = crowd(new, 7, max_24h=5)
    new.crm.order_refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION", sobject="Suggested_Change__c", count=10_000)
    for n in range(5):
        new.edit_person(f"m{n}", {"last_name": f"Other{n}"})
        new.clock.move(timedelta(days=2))
        new.run()
    new.clock.move(timedelta(days=10))
    new.run()
    new.edit_contact(made[6], Title="Director")
    assert (new.run().halted, titles(new)) == ({}, 1)


def test_a_dropped_plan_leaves_no_note_of_what_it_would_have_done(new: University) -> None:
    """Law: careers empty a field of many by mistake and put it right: nothing was set back, and nobody is told so."""
    made = crowd(new, 6, max_changes=5)
    for id in made:
        new.edit_contact(id, Class_Year__c=2004)
    new.run(approve=True)
    new.clock.move(timedelta(days=2))
    new.run()
    for n in range(6):
        new.edit_person(f"m{n}", {"class_year": None})
    assert "plan" in new.run().halted
    for n in range(6):
        new.edit_person(f"m{n}", {"class_year": 2004})
    new.run()
    assert resume(new.ctx, "plan")
    for _ in range(3):
        new.run()
    assert (status(new.ctx)["halted"], new.notes("m0")) == ([], [])
    new.edit_person("m0", {"class_year": None})
    new.run()
    assert [text for text in new.notes("m0") if "set back" in text] != []
