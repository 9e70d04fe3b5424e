"""Stories about career requests: each becomes one record and at most one Task, and careers hear in neutral words."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.engine import plans, report
from connector.engine.erasing import erase_person
from connector.rules import load_rules
from emulator.inprocess import WireFault
from tests.engine.university import ASK, University
from tests.systems import MAPPINGS

ALUMNA_ASKS = {"type": "JOB_SEARCH", "title": "Help with a search", "direction": None}


@pytest.fixture
def asked(uni: University) -> University:
    """A request that has become a Task."""
    uni.request = uni.file()
    uni.run()
    return uni


def state(uni: University) -> tuple[str, str]:
    """What staff and careers see of the only request."""
    uni.run()
    row = uni.one("Career_Request__c")
    told = str(uni.told(uni.request)["state"])
    assert row["Neutral__c"] == told
    return str(row["State__c"]), told


def test_a_request_becomes_one_record_and_one_task(asked: University) -> None:
    """One record with everything that was asked, one Task about it and about the contact, and a number for careers."""
    for _ in range(3):
        asked.run()
    record, task = asked.one("Career_Request__c"), asked.one("Task")
    assert (task["WhatId"], task["WhoId"]) == (record["Id"], asked.ada)
    assert (record["Contact__c"], record["Career_Profile__c"]) == (asked.ada, asked.profile()["Id"])
    assert record["Requested_By__c"] == "Pat Reyes, pat@careers.example.edu"
    assert task["Subject"] == "One conversation or informational interview: Talk with a student of mathematics"
    assert asked.told(asked.request)["number"] == record["Request_Number__c"]
    assert (record["State__c"], asked.told(asked.request)["state"]) == ("Queued", "received")


def test_progress_is_told_in_neutral_words(asked: University) -> None:
    """Every step of the Task reaches record and careers: in progress, waiting, in progress again."""
    task = asked.one("Task")["Id"]
    seen = []
    for status in ("In Progress", "Waiting on someone else", "Deferred", "In Progress", "Not Started"):
        asked.edit(task, Status=status)
        seen.append(state(asked))
    assert seen == [
        ("In progress", "in progress"),
        ("Waiting", "waiting"),
        ("Waiting", "waiting"),
        ("In progress", "in progress"),
        ("Queued", "received"),
    ]


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ("Fulfilled", ("Done", "done")),
        ("Accepted", ("Done", "done")),
        ("Declined", ("Not available", "not available")),
        ("No response", ("Not available", "not available")),
        ("Not suitable", ("Not available", "not available")),
        (None, ("Closed without outcome", "in progress")),
    ],
)
def test_the_end_is_what_the_officer_entered(asked: University, outcome: str | None, expected: tuple[str, str]) -> None:
    """A completed Task ends the request as its outcome says; careers do not learn who declined or did not answer."""
    if outcome:
        asked.edit(asked.one("Career_Request__c")["Id"], Outcome__c=outcome)
    asked.edit(asked.one("Task")["Id"], Status="Completed")
    assert state(asked) == expected


def test_an_outcome_entered_afterwards_counts(asked: University) -> None:
    """An officer who closes the Task first and enters the outcome later ends the request then."""
    asked.edit(asked.one("Task")["Id"], Status="Completed")
    assert state(asked) == ("Closed without outcome", "in progress")
    asked.edit(asked.one("Career_Request__c")["Id"], Outcome__c="Fulfilled")
    assert state(asked) == ("Done", "done")


def test_offers_are_counted_for_careers(asked: University) -> None:
    """Careers hear how many of those asked for have been offered."""
    asked.edit(asked.one("Career_Request__c")["Id"], Offered_Count__c=2)
    assert state(asked) == ("In progress", "offered")
    assert asked.told(asked.request)["offered"] == 2


def test_a_named_ask_needs_clearance(uni: University) -> None:
    """An ask of a named alumna goes to triage; a declined clearance is "not available" to careers and nothing more."""
    uni.request = uni.file(named=True)
    assert state(uni) == ("Triage", "received")
    record = uni.one("Career_Request__c")
    assert record["Clearance__c"] == "Needed"
    uni.edit(record["Id"], Clearance__c="Declined")
    assert state(uni) == ("Not available", "not available")


def test_a_deleted_task_is_not_made_again(asked: University) -> None:
    """Law (I16): a Task that a person deleted stays deleted: the record says so and careers see that it waits."""
    asked.crm.delete_as(asked.officer, asked.one("Task")["Id"])
    assert state(asked) == ("Task deleted", "waiting")
    for _ in range(3):
        asked.run()
    assert asked.all("Task") == []


def test_a_withdrawn_request_closes_its_task(asked: University) -> None:
    """What careers withdraw is closed with us: Task completed, record withdrawn, acknowledged as such."""
    assert asked.call("k-pat", "PATCH", f"/requests/{asked.request}", {"state": "withdrawn"})[0] == 200
    assert state(asked) == ("Withdrawn", "withdrawn")
    assert asked.one("Task")["Status"] == "Completed"
    for _ in range(3):
        asked.run()
    assert state(asked) == ("Withdrawn", "withdrawn")


def test_withdrawn_before_it_was_read(uni: University) -> None:
    """A request that was withdrawn before we read it gets no Task."""
    uni.request = uni.file()
    uni.call("k-pat", "PATCH", f"/requests/{uni.request}", {"state": "withdrawn"})
    assert state(uni) == ("Withdrawn", "withdrawn")
    assert uni.all("Task") == []


def test_an_edited_request_changes_its_record_and_not_its_task(asked: University) -> None:
    """Law (I17): what careers edit afterwards reaches the record; the Task is the officer's and stays as it is."""
    task = asked.one("Task")
    asked.call("k-pat", "PATCH", f"/requests/{asked.request}", {"title": "Talk with two students", "text": "Two students."})
    asked.run()
    record = asked.one("Career_Request__c")
    assert (record["Title__c"], record["Text_For_Alumni__c"]) == ("Talk with two students", "Two students.")
    assert asked.one("Task")["Subject"] == task["Subject"]
    assert asked.one("Task")["Description"] == task["Description"]


def test_what_is_urgent_by_its_type_stays_urgent_when_it_is_edited(uni: University) -> None:
    """A type that is always urgent makes the record urgent, whatever careers change about the request later."""
    uni.request = uni.file(type="PREFERENCE")
    uni.run()
    assert uni.one("Career_Request__c")["Urgent__c"]
    uni.call("k-pat", "PATCH", f"/requests/{uni.request}", {"title": "No letters, please"})
    uni.run()
    record = uni.one("Career_Request__c")
    assert (record["Title__c"], record["Urgent__c"]) == ("No letters, please", True)


def test_an_edit_before_the_state_was_lost_reaches_the_record(asked: University) -> None:
    """What careers changed and nobody had taken up when the state was lost reaches the record that is found again."""
    asked.call("k-pat", "PATCH", f"/requests/{asked.request}", {"title": "Talk with two students"})
    asked.lose_state()
    asked.go_live()
    for _ in range(3):
        asked.run()
    assert asked.one("Career_Request__c")["Title__c"] == "Talk with two students"
    assert len(asked.all("Task")) == 1


def test_a_record_that_is_found_as_careers_ask_is_not_written(asked: University) -> None:
    """Where nothing was changed while the state was lost, what an officer has since written on the record stands."""
    record = asked.one("Career_Request__c")
    asked.lose_state()
    asked.go_live()
    for _ in range(3):
        asked.run()
    assert asked.one("Career_Request__c")["LastModifiedDate"] == record["LastModifiedDate"]


def test_an_edit_before_the_record_exists_reaches_it(uni: University) -> None:
    """A request edited while Salesforce was down is created as it stands, or brought up to date afterwards."""
    uni.request = uni.file()
    uni.crm_wire.order(WireFault.REFUSE, "POST .*composite", count=1000)
    uni.run()
    uni.call("k-pat", "PATCH", f"/requests/{uni.request}", {"title": "Talk with two students"})
    uni.run()
    uni.restart()
    for _ in range(3):
        uni.run(seconds=3600)
    assert uni.one("Career_Request__c")["Title__c"] == "Talk with two students"
    assert len(uni.all("Task")) == 1


def test_a_malformed_request_is_answered_with_the_cure(uni: University) -> None:
    """What cannot be understood is acknowledged as refused with what to do; the corrected request then becomes a Task."""
    uni.request = uni.file(type="MENTOR_FLASHH", title="")
    uni.run()
    told = uni.told(uni.request)
    assert told["state"] == "refused"
    assert "MENTOR_FLASH" in told["message"]
    assert "title" in told["message"].lower()
    assert uni.all("Career_Request__c") == []
    uni.call("k-pat", "PATCH", f"/requests/{uni.request}", {"type": "MENTOR_FLASH", "title": "Talk"})
    assert state(uni) == ("Queued", "received")
    assert len(uni.all("Task")) == 1


def test_the_same_ask_attaches(asked: University) -> None:
    """The same ask of the same person while one is open makes no second Task; careers learn which request it belongs to."""
    number = asked.told(asked.request)["number"]
    again = asked.file(title="Another student of mathematics")
    asked.run()
    assert asked.told(again)["message"] == f"Attached to request {number}."
    assert len(asked.all("Task")) == 1
    assert asked.one("Career_Request__c", State__c="Recorded only")["Request_Number__c"] == asked.told(again)["number"]


def test_a_confidential_request_is_stored_nowhere(uni: University) -> None:
    """A welfare concern is refused with a pointer to the officer: no record, no Task, no word of it in our state."""
    uni.request = uni.file(type="WELFARE", title="Sgnirts", text="Otters-in-the-moat", details="Otters-in-the-moat")
    uni.run()
    uni.run()
    told = uni.told(uni.request)
    assert told["state"] == "refused"
    assert "welfare officer" in told["message"]
    assert uni.all("Career_Request__c") == []
    assert uni.all("Task") == []
    uni.ctx.store.close()
    assert uni.state is not None
    kept = b"".join(path.read_bytes() for path in uni.state.parent.glob("state.db*"))
    assert b"Otters-in-the-moat" not in kept
    assert b"Sgnirts" not in kept


STOPS: dict[str, dict[str, Any]] = {
    "deceased": {"Deceased__c": True},
    "no contact": {"Do_Not_Contact__c": True},
    "consent withdrawn": {"Consent_Mentoring__c": "No"},
}


@pytest.mark.parametrize("why", STOPS)
def test_a_stop_gives_no_reason_away(uni: University, why: str) -> None:
    """Deceased, no contact and withdrawn consent look the same to careers; the reason stays in Salesforce (B46)."""
    uni.edit_contact(uni.ada, **STOPS[why])
    uni.run()
    uni.request = uni.file()
    assert state(uni) == ("Not available", "not available")
    told = uni.told(uni.request)
    assert {name: told[name] for name in ("state", "message", "offered", "understood_type")} == {
        "state": "not available",
        "message": "Not available at present.",
        "offered": None,
        "understood_type": "MENTOR_FLASH",
    }
    assert uni.one("Career_Request__c")["Stop_Reason__c"]
    assert uni.all("Task") == []


WHOEVER_RESTRICTS = """other_office_edit = "opt_out_wins"
restrictive = false
opt_out_to = "Opt_Out_Mentoring__c"
null = "ignore"
urgent = true
"""


@pytest.mark.parametrize(
    ("crm", "careers", "told"),
    [
        ("Yes", True, "received"),
        ("No", True, "not available"),
        ("Yes", False, "not available"),
        ("No", False, "not available"),
        (None, None, "received"),
    ],
)
def test_a_no_is_a_no_in_a_plain_field_too(
    new: University,
    tmp_path: Path,
    crm: str | None,
    careers: bool | None,  # noqa: FBT001 - a case
    told: str,
) -> None:
    """Law: a consent whose field is not ``opt_out_wins`` is refused by a No on either side; a blank neither gives nor refuses."""
    for path in MAPPINGS.glob("*.toml"):
        (tmp_path / path.name).write_text(path.read_text().replace(WHOEVER_RESTRICTS, 'other_office_edit = "ignore"\n'))
    new.rules = load_rules(tmp_path)
    assert new.rules.person.purposes["mentoring"].restrictive is None
    new.restart()
    new.ada = new.alumna()[0]
    new.go_live()
    new.edit_contact(new.ada, Consent_Mentoring__c=crm)
    new.edit_person("a1", {"consents.mentoring": careers})
    new.request = new.file()
    assert state(new)[1] == told


@pytest.mark.parametrize("path", ["consents.mentoring", "do_not_contact"])
def test_an_opt_out_stops_a_request_of_the_same_cycle(uni: University, path: str) -> None:
    """An opt-out and an ask that arrive together: the opt-out counts at once (B46)."""
    uni.edit_person("a1", {path: path == "do_not_contact"})
    uni.request = uni.file()
    assert state(uni) == ("Not available", "not available")
    assert uni.all("Task") == []


def test_an_opt_out_for_another_purpose_stops_nothing(uni: University) -> None:
    """Opt-outs count purpose by purpose: who wants no events may still be asked to mentor."""
    uni.edit_person("a1", {"consents.events": False})
    uni.request = uni.file()
    assert state(uni) == ("Queued", "received")


def test_what_the_alumna_asks_is_never_stopped(uni: University) -> None:
    """No contact is a word about us, not about her: what she asks for becomes a Task all the same."""
    uni.edit_contact(uni.ada, Do_Not_Contact__c=True)
    uni.run()
    uni.request = uni.file(type="JOB_SEARCH", title="Help with a search")
    assert state(uni)[1] == "received"
    assert len(uni.all("Task")) == 1


def test_over_the_contact_limit(uni: University) -> None:
    """A second ask within the month waits in triage with a Task that says why; careers see "not available" only."""
    uni.file(type="RESUME_REVIEW", title="Documents")
    uni.run()
    second = uni.file()
    uni.run()
    record = uni.one("Career_Request__c", Type__c="MENTOR_FLASH")
    assert (record["State__c"], uni.told(second)["state"]) == ("Waiting", "not available")
    assert uni.told(second)["message"] == "Not available at present."
    assert "limit" in record["Stop_Reason__c"]


def test_a_request_older_than_the_bridge_is_recorded_only(uni: University) -> None:
    """What was asked before ``start_at`` makes a record and no Task, and careers are told to file it anew."""
    old = (uni.ctx.start_at - timedelta(days=1)).isoformat()
    uni.career.seed("request", [ASK | {"id": "r-old", "created_at": old}])
    uni.career.change_request("r-old", {"details": "again"}, uni.career.keys["k-pat"])
    uni.request = "r-old"
    assert state(uni)[0] == "Recorded only"
    assert "anew" in uni.told("r-old")["message"]
    assert uni.all("Task") == []


def test_an_ask_by_criteria_has_no_contact(uni: University) -> None:
    """An ask of nobody in particular becomes a Task without a contact, with the criteria on its record."""
    uni.request = uni.file(person_id=None, criteria={"school": "Engineering"}, count=3)
    uni.run()
    record = uni.one("Career_Request__c")
    assert (record.get("Contact__c"), record["Criteria__c"], record["Asked_Count__c"]) == (None, "school: Engineering", 3)
    assert uni.one("Task").get("WhoId") is None
    assert uni.told(uni.request)["asked"] == 3


def test_an_ask_of_somebody_unknown_goes_to_triage(uni: University) -> None:
    """An ask of a person without an account goes to triage with the hint, so that nobody is guessed at."""
    uni.request = uni.file(person_id=None, named=True, person_hint={"name": "Mary Somerville", "email": "mary@example.net"})
    assert state(uni) == ("Triage", "received")
    assert "Mary Somerville" in uni.one("Task")["Description"]


def test_the_officer_by_the_rules_works_it(tmp_path: Any) -> None:
    """The Task belongs to the officer whom the routing names, found by address; without such a user to the triage queue."""
    uni = University(state=tmp_path / "state.db", people=("regions",))
    uni.alumna()
    uni.go_live()
    uni.file()
    uni.run()
    assert uni.one("Task")["OwnerId"] == uni.officers["regions"]
    uni.file(type="REC_LETTER", title="A letter")
    uni.run()
    queue = uni.one("Group", DeveloperName="Alumni_Relations_Triage")["Id"]
    assert uni.one("Task", Subject="Recommendation letter: A letter")["OwnerId"] == queue


def test_a_lost_answer_doubles_no_task(uni: University) -> None:
    """The create happened and its answer was lost: the next cycle finds it by its key; one record, one Task."""
    uni.request = uni.file()
    uni.crm_wire.order(WireFault.LOSE_RESPONSE, "POST .*composite/graph")
    uni.run()
    for _ in range(3):
        uni.run(seconds=1200)
    assert (len(uni.all("Career_Request__c")), len(uni.all("Task"))) == (1, 1)
    assert uni.told(uni.request)["state"] == "received"
    uni.edit(uni.one("Task")["Id"], Status="In Progress")
    assert state(uni) == ("In progress", "in progress")


def test_a_lost_answer_gives_no_reason_away_and_forgets_none(uni: University) -> None:
    """A stopped request whose record was made, and nobody heard of it: careers read the same words as ever, and it is no ask."""
    uni.edit_contact(uni.ada, Consent_Mentoring__c="No")
    uni.run()
    stopped = uni.file()
    uni.crm_wire.order(WireFault.LOSE_RESPONSE, "POST .*composite/sobjects")
    for _ in range(3):
        uni.run(seconds=1200)
    assert uni.told(stopped)["message"] == "Not available at present."
    uni.file(type="RESUME_REVIEW", title="Documents")
    uni.run()
    assert uni.one("Career_Request__c", Type__c="RESUME_REVIEW")["State__c"] == "Queued"


def test_a_request_follows_a_merge_that_came_before_its_record(uni: University) -> None:
    """A contact that is merged away while a request is on the way: its record is refused, and made about the survivor instead."""
    request = uni.file(type="RESUME_REVIEW")
    winner = uni.contact(FirstName="Ada", LastName="Lovelace", University_ID__c="U1001", Consent_Career_Asks__c=True)
    seen = []

    def merge() -> None:
        # When the record is about to leave: after everything was read.
        seen.append(1)
        if len(seen) == 1:
            uni.crm.merge_as(uni.officer, winner, [uni.ada])

    uni.before("composite/graph", merge)
    uni.run()
    assert uni.all("Career_Request__c") == []
    uni.run()
    uni.run()
    record = uni.one("Career_Request__c")
    assert (record["Contact__c"], uni.one("Task")["WhatId"]) == (winner, record["Id"])
    assert uni.told(request)["state"] == "received"
    assert intents_refused(uni) == 0


def test_a_request_about_a_contact_that_is_gone_goes_to_triage(uni: University) -> None:
    """A contact that is deleted while a request about it is on the way: a person in triage gets the Task, nobody is guessed."""
    uni.file(type="RESUME_REVIEW")

    def delete() -> None:
        if uni.org.live(uni.ada) is not None:
            uni.crm.delete_as(uni.officer, uni.ada)

    uni.before("composite/graph", delete)
    uni.run()
    uni.run()
    uni.run()
    record = uni.one("Career_Request__c")
    assert (record["State__c"], record.get("Contact__c"), len(uni.all("Task"))) == ("Triage", None, 1)


def test_a_refused_request_is_not_tried_again_by_itself(uni: University) -> None:
    """Law (I37): what Salesforce refuses for another reason is sent once, until a person has done something about it."""
    refusal = uni.crm.order_refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION", sobject="Career_Request__c", count=99)
    uni.file(type="RESUME_REVIEW")
    for _ in range(4):
        uni.run()
    assert (refusal.struck, intents_refused(uni)) == (1, 1)


def test_careers_hear_of_a_refused_request_although_they_were_down(uni: University) -> None:
    """Salesforce refuses the record while careers cannot be told: they are told later, whatever became of the record."""
    uni.crm.order_refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION", sobject="Career_Request__c", count=1)
    uni.career_wire.order(WireFault.REFUSE, "POST .*acknowledgements", count=2)
    request = uni.file(type="RESUME_REVIEW")
    for _ in range(4):
        uni.run(seconds=1200)
    assert uni.told(request)["state"] == "received"


def intents_refused(uni: University) -> int:
    """How many writes Salesforce would not have."""
    return len(report.status(uni.ctx)["refused"])


def test_nothing_is_inserted_again_under_a_key_that_is_not_unique(uni: University) -> None:
    """Where the org has taken *Unique* from the key, a create of unknown outcome is not repeated: it could be doubled (F72)."""
    uni.crm_wire.order(WireFault.LOSE_RESPONSE, "composite/graph")
    uni.file()
    uni.run()
    uni.crm.change_field("Career_Request__c", "Key__c", unique=False, externalId=False)
    uni.run(seconds=3600)
    assert len(uni.all("Career_Request__c")) == len(uni.all("Task")) == 1
    assert [row["subject"] for row in report.status(uni.ctx)["halted"]] == ["crm"]
    uni.crm.change_field("Career_Request__c", "Key__c", unique=True, externalId=True)
    assert plans.resume(uni.ctx, "crm")
    uni.run(seconds=3600)
    assert len(uni.all("Career_Request__c")) == len(uni.all("Task")) == 1
    assert report.status(uni.ctx)["halted"] == []


@pytest.mark.parametrize("how", ["deleted", "withdrawn"])
def test_what_careers_tidy_away_stays_done(asked: University, how: str) -> None:
    """Law: how a request ended is for Alumni Relations to say; whatever careers do with it afterwards, that stands."""
    asked.edit(asked.one("Career_Request__c")["Id"], Outcome__c="Fulfilled")
    asked.edit(asked.one("Task")["Id"], Status="Completed")
    assert state(asked) == ("Done", "done")
    if how == "deleted":
        asked.career.delete("request", asked.request, asked.career.keys["k-pat"])
    else:
        asked.call("k-pat", "PATCH", f"/requests/{asked.request}", {"state": "withdrawn"})
    asked.run()
    asked.lose_state()
    asked.go_live()
    asked.run()
    record = asked.one("Career_Request__c")
    assert (record["State__c"], record["Neutral__c"], record["Outcome__c"]) == ("Done", "done", "Fulfilled")
    assert report.status(asked.ctx)["refused"] == []


def test_what_was_filed_under_a_confidential_type_by_mistake(uni: University) -> None:
    """Law: a request that was refused for its type is taken up once careers have given it another one."""
    uni.request = uni.file(type="WELFARE", direction=None)
    uni.run()
    assert (uni.told(uni.request)["state"], uni.all("Career_Request__c")) == ("refused", [])
    uni.call("k-pat", "PATCH", f"/requests/{uni.request}", {"type": "MENTOR_FLASH"})
    assert state(uni) == ("Queued", "received")


def test_what_was_refused_and_taken_back_may_be_filed_rightly(uni: University) -> None:
    """Law: careers take a refused request back, correct it, and open it again: that is an ask like any other."""
    uni.request = uni.file(type="WELFARE", direction=None)
    uni.run()
    uni.call("k-pat", "PATCH", f"/requests/{uni.request}", {"state": "withdrawn"})
    uni.run()
    uni.call("k-pat", "PATCH", f"/requests/{uni.request}", {"type": "MENTOR_FLASH", "state": "open"})
    assert state(uni) == ("Queued", "received")


@pytest.mark.parametrize("again", ["MOCK_INTERVIEW", "MENTOR_FLASH"])
@pytest.mark.parametrize("state_is", ["kept", "lost"])
def test_whom_triage_has_found_counts_as_asked(uni: University, again: str, state_is: str) -> None:
    """Law: who is found by triage, and named on the Task, counts for the contact limit and for the same ask."""
    uni.file(person_id=None, person_hint={"name": "Ada Lovelace", "email": "x@example.org"})
    uni.run()
    assert uni.one("Career_Request__c")["State__c"] == "Triage"
    uni.edit(uni.one("Task")["Id"], WhoId=uni.ada, Status="In Progress")
    uni.run()
    if state_is == "lost":
        uni.lose_state()
        uni.go_live()
        uni.run()
    uni.file(type=again, named=False)
    uni.run()
    states = [row["State__c"] for row in uni.all("Career_Request__c")]
    assert states == ["In progress", "Waiting" if again == "MOCK_INTERVIEW" else "Recorded only"]


def test_what_is_forgotten_of_a_request_says_nothing_of_its_end(asked: University) -> None:
    """Law: careers go on reading how it ended after its person was erased, also when somebody touches its Task."""
    asked.edit(asked.one("Career_Request__c")["Id"], Outcome__c="Fulfilled")
    asked.edit(asked.one("Task")["Id"], Status="Completed")
    assert state(asked) == ("Done", "done")
    for _ in range(2):
        asked.run(seconds=9000)
    erase_person(asked.ctx, "careers", "a1")
    asked.edit(asked.one("Task")["Id"], Subject="Tidied")
    for _ in range(2):
        asked.run()
    assert asked.told(asked.request)["state"] == "done"


@pytest.mark.parametrize("offered", [{"Offered_Count__c": 3}, {"Outcome__c": "Accepted"}])
def test_what_is_forgotten_of_a_request_that_goes_on(asked: University, offered: dict[str, Any]) -> None:
    """Law: that somebody is offered stands in the state of the request, not in what was forgotten of its person.

    Nor does a write of ours bring back what was forgotten.
    """
    asked.edit(asked.one("Career_Request__c")["Id"], **offered)
    asked.edit(asked.one("Task")["Id"], Status="In Progress")
    assert state(asked) == ("In progress", "offered")
    for _ in range(2):
        asked.run(seconds=9000)
    erase_person(asked.ctx, "careers", "a1")
    before = asked.writes_of_bridge()
    asked.edit(asked.one("Task")["Id"], Subject="Tidied")
    for _ in range(3):
        asked.run()
    assert asked.writes_of_bridge() == before
    assert (asked.told(asked.request)["state"], asked.one("Career_Request__c")["Neutral__c"]) == ("offered", "offered")


def log_call(uni: University, record: str, status: str, *, lost: bool) -> str:
    """An officer logs a call on a request's record; the state is lost after that, or not."""
    logged = uni.crm.create_as(uni.officer, "Task", {"Subject": "Call", "Status": status, "WhatId": record})
    if lost:
        uni.run()
        uni.lose_state()
        uni.go_live()
    for _ in range(3):
        uni.run(seconds=300)
    return str(logged)


@pytest.mark.parametrize("status", ["Completed", "Not Started"])
@pytest.mark.parametrize("how", ["state lost", "answer lost"])
def test_what_staff_log_on_a_request_is_not_its_task(uni: University, status: str, how: str) -> None:
    """Law: a call that is logged on a request's record is a Task about it, and not the one that we made: it stays as it is."""
    uni.request = uni.file()
    if how == "answer lost":
        uni.crm_wire.order(WireFault.LOSE_RESPONSE, "POST .*composite/graph", count=1)
    uni.run()
    ours, record = uni.one("Task")["Id"], uni.one("Career_Request__c")["Id"]
    uni.edit(ours, Status="In Progress")
    logged = log_call(uni, record, status, lost=how == "state lost")
    assert state(uni) == ("In progress", "in progress")
    uni.call("k-pat", "PATCH", f"/requests/{uni.request}", {"state": "withdrawn"})
    assert state(uni) == ("Withdrawn", "withdrawn")
    assert (uni.crm.row(ours)["Status"], uni.crm.row(logged)["Status"]) == ("Completed", status)


@pytest.mark.parametrize("how", ["state lost", "answer lost"])
def test_what_staff_log_on_a_request_without_task_is_not_its_task(uni: University, how: str) -> None:
    """Law: a request that was never anybody's work gets none by a call that staff log on its record."""
    uni.edit_contact(uni.ada, **STOPS["no contact"])
    uni.run()
    uni.request = uni.file()
    if how == "answer lost":
        uni.crm_wire.order(WireFault.LOSE_RESPONSE, "POST .*composite", count=1)
    uni.run()
    record = uni.one("Career_Request__c")
    assert (record["State__c"], uni.all("Task")) == ("Not available", [])
    logged = log_call(uni, record["Id"], "In Progress", lost=how == "state lost")
    assert state(uni) == ("Not available", "not available")
    uni.call("k-pat", "PATCH", f"/requests/{uni.request}", {"state": "withdrawn"})
    uni.run()
    assert uni.crm.row(logged)["Status"] == "In Progress"


@pytest.mark.parametrize("outcome", ["Declined", "Fulfilled"])
def test_what_is_opened_again_after_careers_took_it_back(asked: University, outcome: str) -> None:
    """Law: what stayed decided although careers took it back is withdrawn once an officer opens its Task again."""
    task = asked.one("Task")["Id"]
    asked.edit(asked.one("Career_Request__c")["Id"], Outcome__c=outcome)
    asked.edit(task, Status="Completed")
    asked.run()
    asked.call("k-pat", "PATCH", f"/requests/{asked.request}", {"state": "withdrawn"})
    assert state(asked) in {("Not available", "not available"), ("Done", "done")}
    asked.edit(asked.one("Career_Request__c")["Id"], Outcome__c=None)
    asked.edit(task, Status="In Progress")
    asked.run()
    assert state(asked) == ("Withdrawn", "withdrawn")
    assert asked.crm.row(task)["Status"] == "Completed"
