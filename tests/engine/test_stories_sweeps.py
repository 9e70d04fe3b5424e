"""Stories about sweeps: what a side turns away is owed, goes on where it stood, and finds what left no trace."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from connector.engine.owed import owe_all, owed
from connector.engine.plans import resume
from connector.engine.report import status
from emulator.career.faults import Fault
from emulator.inprocess import WireFault
from tests.engine.university import University
from tests.systems import SYSTEM

CRM = {"contacts", "profiles", "suggestions", "reviews", "requests", "tasks"}
"""What is compared in Salesforce."""


def test_a_side_that_asked_for_patience_is_compared_afterwards(uni: University) -> None:
    """Law: a sweep leaves a side alone that asked for patience, compares the other, and owes the first until it can be read."""
    uni.career_app.order(Fault.THROTTLE, "GET .*changes", value="900")
    assert "THROTTLED" in uni.run().down[SYSTEM]
    calls = sum(uni.career_app.calls.values())
    owe_all(uni.ctx)
    assert set(uni.run().compared) == CRM
    assert sum(uni.career_app.calls.values()) == calls
    assert owed(uni.ctx) == [SYSTEM]
    uni.restart()
    uni.prepare()
    assert uni.run(seconds=900).compared[SYSTEM]["read"] == 1
    assert (owed(uni.ctx), uni.run().compared) == ([], {})
    assert set(status(uni.ctx)["last_sweep"]) == CRM | {SYSTEM}


def test_a_comparison_that_breaks_off_goes_on_where_it_stood(uni: University) -> None:
    """Law: a long comparison ends also where a side breaks it off again and again, or the daemon is started anew in it."""
    for n in range(2, 8):
        uni.person(f"a{n}", last_name=f"Person{n}x")
    uni.run()
    uni.career.switches.page_limit = 2
    owe_all(uni.ctx)
    before = uni.career_app.calls["GET /people"]
    for title in ("Director", "Dean", "Provost"):
        uni.edit_contact(uni.ada, Title=title)
        uni.career_app.order(Fault.THROTTLE, "GET .*people.*after", value="60")
        assert "THROTTLED" in uni.run(seconds=120).uncompared[SYSTEM]
        assert uni.account("a1")["title"] == title, "nothing waits for a comparison"
        uni.career_app.orders.clear()
        served = uni.career_app.calls["GET /people"] - before
        uni.restart()
        uni.prepare()
    found = uni.run(seconds=120).compared[SYSTEM]
    assert (found["read"], found["lost"]) == (7, 0)
    assert served == 1, "only the first page was asked for until then, and once"


def test_what_a_person_has_accepted_as_gone_is_not_asked_about_again(pair: University) -> None:
    """Law: one `resume` accepts all that a comparison misses, and nothing that a later one will miss."""
    gone = [row["Id"] for row in pair.all("Contact")]
    for id in gone:
        pair.crm.delete_as(pair.officer, id)
    pair.crm.empty_bin()
    pair.sweep()
    assert resume(pair.ctx, "crm")
    assert pair.run().compared["contacts"]["gone"] == 2
    assert status(pair.ctx)["halted"] == []
    for n in range(3, 6):
        pair.alumna(f"a{n}", institution_id=f"U100{n}", last=f"Person{n}x", personal=f"p{n}@example.org", mobile=None)
    pair.run()
    for row in pair.all("Contact"):
        pair.crm.delete_as(pair.officer, row["Id"])
    pair.crm.empty_bin()
    pair.sweep()
    assert [row["subject"] for row in status(pair.ctx)["halted"]] == ["crm"]


def test_a_gap_in_the_feed_begins_the_comparison_anew(uni: University) -> None:
    """Law: whoever was met, then deleted in a gap of the feed, is missed: what was met before the gap no longer counts."""
    for n in range(2, 6):
        uni.person(f"a{n}", last_name=f"Person{n}x")
    uni.run()
    uni.career.switches.page_limit = 2
    owe_all(uni.ctx)
    uni.career_app.order(Fault.THROTTLE, "GET .*people.*after", value="60")
    uni.run()
    uni.call("k-pat", "DELETE", "/people/a1")
    uni.career.feed.forget(uni.clock.now() + timedelta(seconds=1))
    found = uni.run(seconds=120).compared[SYSTEM]
    assert (found["lost"], found["gone"]) == (1, 1)
    uni.run()
    assert uni.profile("a1")["Link_State__c"] == "Ended"


def test_a_task_deleted_for_good_is_missed_by_the_sweep(pair: University) -> None:
    """Law: of a Task that went without a trace careers are told once a sweep has asked for it; other Tasks go on."""
    lost, kept = pair.file(title="The lost one"), pair.file(title="The kept one", person_id="a2")
    pair.run()
    task = next(row for row in pair.all("Task") if "lost one" in row["Subject"])
    pair.crm.delete_as(pair.officer, task["Id"])
    pair.crm.empty_bin([task["Id"]])
    pair.run()
    before = pair.told(kept)
    assert (before["state"], pair.told(lost)["state"]) == ("received", "received")
    found = pair.sweep()["tasks"]
    assert (found["read"], found["lost"], found["gone"]) == (1, 1, 1)
    pair.run()
    assert (pair.told(lost)["state"], pair.told(kept)) == ("waiting", before)
    assert pair.sweep()["tasks"]["lost"] == 0


def test_tasks_that_are_all_hidden_are_not_believed_to_be_deleted(pair: University) -> None:
    """Law: where no Task at all is shown any more, Salesforce halts: a lost permission looks like that, too."""
    for account in ("a1", "a2"):
        pair.file(person_id=account)
    pair.run()
    gone = [row["Id"] for row in pair.all("Task")]
    for id in gone:
        pair.crm.delete_as(pair.officer, id)
    pair.crm.empty_bin(gone)
    pair.sweep()
    assert [row["reason"][:10] for row in status(pair.ctx)["halted"]] == ["crm: 2 of "]
    assert {row["State__c"] for row in pair.all("Career_Request__c")} == {"Queued"}
    assert resume(pair.ctx, "crm")
    assert pair.run().compared["tasks"]["gone"] == 2


def test_a_decision_that_the_feed_never_told_is_found_by_the_sweep(uni: University) -> None:
    """Law: a decision that shows later than the feed reads back (here: its stamp does not move) is taken up by the sweep."""
    uni.edit_person("a1", {"title": "Director"})
    uni.run()
    uni.run(seconds=400)
    uni.run(seconds=400)
    question = uni.one("Suggested_Change__c")["Id"]
    uni.org.record(question).update(Decision__c="Reject", Reason__c="Incorrect")  # type: ignore[union-attr]  # it exists
    uni.run(seconds=400)
    assert uni.one("Suggested_Change__c")["State__c"] == "Open"
    uni.sweep()
    assert uni.one("Suggested_Change__c")["State__c"] == "Rejected"


def test_a_question_whose_answer_was_lost_is_still_asked_once_what_was_put_back_stands(uni: University) -> None:
    """Law: a question that is met in Salesforce before its own create is settled keeps what we know of it: it stays open."""
    uni.edit_contact(uni.ada, Title="Director")
    uni.edit_person("a1", {"title": "Dean"})
    uni.crm_wire.order(WireFault.LOSE_RESPONSE, "POST .*composite/sobjects")
    uni.run()
    question = uni.one("Suggested_Change__c")
    uni.crm_wire.order(WireFault.REFUSE, "Key__c|sobjects|graph", count=50)
    uni.run(seconds=600)
    uni.crm_wire.orders.clear()
    for _ in range(3):
        uni.run(seconds=3600)
    assert uni.account("a1")["title"] == "Director"
    uni.sweep()
    assert uni.one("Suggested_Change__c", Id=question["Id"])["State__c"] == "Open"


def test_a_contact_that_was_never_read_and_is_gone_ends_its_link(uni: University) -> None:
    """Law: a link leads to a contact of which the state holds no reading and Salesforce no trace: a sweep finds that out."""
    uni.crm.delete_as(uni.officer, uni.ada)
    uni.crm.empty_bin()
    uni.clock.move(timedelta(days=40))
    with uni.ctx.store.begin() as db:
        db.execute(text("DELETE FROM observation WHERE kind = 'Contact'"))
    uni.sweep()
    uni.run()
    assert uni.profile()["Link_State__c"] == "Ended"
