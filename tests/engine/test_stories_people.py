"""Stories about who is who: reviews, new contacts, merges, deletions."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest

from connector import display
from connector.engine import planner, stage
from connector.engine.report import status
from tests.engine.university import University

TWIN = {"FirstName": "Ada", "LastName": "Lovelace", "Consent_Mentoring__c": True, "Consent_Career_Asks__c": True}


@pytest.fixture
def between(new: University) -> University:
    """An account whose e-mail address stands on two contacts of the same name: nobody can tell which one it is."""
    new.ada = new.contact(**TWIN, Personal_Email__c="ada@example.org", University_ID__c="U1")
    new.grace = new.contact(**TWIN, Personal_Email__c="ada@example.org", University_ID__c="U2")
    new.person("a1", first_name="Ada", last_name="Lovelace", email_personal="ada@example.org")
    new.go_live()
    new.run()
    return new


def links(uni: University) -> dict[str, int]:
    """How many links there are in each state."""
    found: dict[str, int] = status(uni.ctx)["links"]
    return found


def test_a_person_between_two_contacts_is_a_question_to_staff(between: University) -> None:
    """Two contacts that could both be meant make one identity review with both as candidates, and nothing is written."""
    row = between.one("Identity_Review__c")
    assert {row["Candidate_1__c"], row["Candidate_2__c"]} == {between.ada, between.grace}
    assert (row["State__c"], row["Account_Id__c"]) == ("Open", "a1")
    assert between.all("Career_Profile__c") == []
    between.run()
    assert len(between.all("Identity_Review__c")) == 1


def test_staff_choose_a_candidate(between: University) -> None:
    """A chosen candidate is linked, gets the career profile, and the review is closed."""
    row = between.one("Identity_Review__c")
    number = 2 if row["Candidate_2__c"] == between.grace else 1
    between.edit(row["Id"], Decision__c=f"Candidate {number}")
    between.run()
    between.run()
    assert between.profile()["Contact__c"] == between.grace
    assert between.one("Identity_Review__c")["State__c"] == "Decided"
    assert links(between) == {"linked": 1}


def test_staff_choose_another_contact(between: University) -> None:
    """Staff may name a contact that was no candidate; theirs is the word."""
    other = between.contact(FirstName="Augusta", LastName="King")
    between.edit(between.one("Identity_Review__c")["Id"], Decision__c="Chosen contact", Chosen_Contact__c=other)
    between.run()
    between.run()
    assert between.profile()["Contact__c"] == other


def test_staff_say_nobody(between: University) -> None:
    """``Nobody``: the account stays apart for good, and is not asked about again, not even when it changes."""
    between.edit(between.one("Identity_Review__c")["Id"], Decision__c="Nobody")
    between.run()
    between.edit_person("a1", {"title": "Countess"})
    between.run()
    between.run()
    assert between.one("Identity_Review__c")["State__c"] == "Decided"
    assert between.all("Career_Profile__c") == []
    assert between.all("Suggested_Change__c") == []


def test_staff_say_new_contact(between: University) -> None:
    """``New contact``: the turned down candidates are not proposed again; staff are asked to create a contact instead."""
    between.edit(between.one("Identity_Review__c")["Id"], Decision__c="New contact")
    for _ in range(3):
        between.run()
    assert between.one("Identity_Review__c")["State__c"] == "Decided"
    assert between.one("Suggested_Change__c")["Kind__c"] == "New contact"


@pytest.fixture
def stranger(uni: University) -> University:
    """A career person whom nobody in the CRM resembles."""
    uni.person("a7", first_name="Mary", last_name="Somerville", email_personal="mary@example.net")
    uni.edit_person("a7", {"title": "Astronomer"})
    uni.run()
    return uni


def test_a_stranger_is_a_suggested_new_contact(stranger: University) -> None:
    """A career person without a contact becomes one suggestion with the values to enter; no contact is created."""
    contacts = len(stranger.all("Contact"))
    stranger.run()
    row = stranger.one("Suggested_Change__c")
    assert (row["Kind__c"], row["State__c"]) == ("New contact", "Open")
    values = orjson.loads(row["Suggested_Values__c"])
    assert (values["LastName"], values["Personal_Email__c"], values["Title"]) == ("Somerville", "mary@example.net", "Astronomer")
    assert len(stranger.all("Contact")) == contacts


def test_accepting_a_new_contact_links_it(stranger: University) -> None:
    """Staff create the contact and name it on the suggestion: the account is linked to it and gets its career profile."""
    mary = stranger.crm.create_as(stranger.officer, "Contact", {"FirstName": "M.", "LastName": "Fairfax"})
    stranger.edit(stranger.one("Suggested_Change__c")["Id"], Decision__c="Accept", Contact__c=mary)
    stranger.run()
    stranger.run()
    assert stranger.profile("a7")["Contact__c"] == mary
    assert stranger.one("Suggested_Change__c")["State__c"] == "Accepted"


def test_creating_the_contact_is_enough(stranger: University) -> None:
    """Staff who just create the contact have answered as well: it is recognised, linked, and the suggestion settles."""
    values = {"FirstName": "Mary", "LastName": "Somerville", "Personal_Email__c": "mary@example.net", "Title": "Astronomer"}
    mary = stranger.crm.create_as(stranger.officer, "Contact", values)
    for _ in range(3):
        stranger.run()
    assert stranger.profile("a7")["Contact__c"] == mary
    assert stranger.one("Suggested_Change__c")["State__c"] != "Open"


def test_a_rejected_new_contact_is_not_proposed_again(stranger: University) -> None:
    """Staff who want no such contact are not asked again."""
    stranger.edit(stranger.one("Suggested_Change__c")["Id"], Decision__c="Reject", Reason__c="Policy")
    stranger.run()
    stranger.edit_person("a7", {"title": "Mathematician"})
    stranger.run()
    stranger.run()
    assert stranger.one("Suggested_Change__c")["State__c"] == "Rejected"
    assert links(stranger) == {"linked": 1, "new": 1}


def test_a_contact_that_appears_later_is_recognised(new: University) -> None:
    """An account without a contact looks again when a contact like it is created."""
    new.contact(LastName="Somebody")
    new.person("a1", institution_id="U1001", first_name="Ada", last_name="Lovelace")
    new.go_live()
    new.ada = new.contact(FirstName="Ada", LastName="Lovelace", University_ID__c="U1001")
    new.run()
    assert new.profile()["Contact__c"] == new.ada


@pytest.fixture
def merged(uni: University) -> University:
    """The alumna's contact, with an open suggestion, an open request and its Task, is merged into another."""
    uni.edit_person("a1", {"phone_mobile": "+16175550199"})
    uni.file()
    uni.run()
    uni.run()
    consents = {"Consent_Career_Asks__c": True, "Consent_Mentoring__c": True}
    values = {"LastName": "King", "MobilePhone": "+16175550123", "University_ID__c": "U1001"}
    uni.grace = uni.contact(FirstName="Ada", **values, **consents)
    uni.run()
    uni.crm.merge_as(uni.officer, uni.grace, [uni.ada])
    for _ in range(3):
        uni.run()
    return uni


def test_everything_follows_a_merge(merged: University) -> None:
    """Link, career profile, suggestion, request and Task stand on the surviving contact; nothing is doubled or asked again."""
    assert merged.profile()["Contact__c"] == merged.grace
    assert merged.one("Suggested_Change__c", State__c="Open")["Contact__c"] == merged.grace
    assert merged.one("Career_Request__c")["Contact__c"] == merged.grace
    assert merged.one("Task")["WhoId"] == merged.grace
    assert links(merged) == {"linked": 1}
    assert merged.all("Identity_Review__c", State__c="Open") == []


def test_a_suggestion_can_be_decided_after_a_merge(merged: University) -> None:
    """The surviving contact's value answers the question that was raised about the other one."""
    merged.edit_contact(merged.grace, MobilePhone="+16175550199")
    merged.run()
    merged.run()
    assert merged.one("Suggested_Change__c", Group__c="phone_mobile")["State__c"] == "Accepted"


def test_requests_know_the_survivor(merged: University) -> None:
    """The same ask again meets the one already open about the surviving contact (B46)."""
    again = merged.file()
    merged.run()
    assert merged.told(again)["message"].startswith("Attached to request")
    assert len(merged.all("Task")) == 1


def test_a_deleted_contact_ends_the_link(uni: University) -> None:
    """With the contact the link ends: the profile says so, and careers' values are not touched."""
    before = uni.account("a1")
    uni.crm.delete_as(uni.officer, uni.ada)
    for _ in range(3):
        uni.run()
    assert links(uni) == {"ended": 1}
    assert uni.profile()["Link_State__c"] == "Ended"
    assert uni.account("a1") == before


def test_an_undeleted_contact_is_linked_again(uni: University) -> None:
    """What comes back from the recycle bin is linked as before, without first differences, reviews or doubled profiles."""
    uni.crm.delete_as(uni.officer, uni.ada)
    uni.run()
    uni.crm.undelete_as(uni.officer, uni.ada)
    uni.run()
    uni.run()
    assert links(uni) == {"linked": 1}
    assert uni.profile()["Link_State__c"] == "Linked"
    uni.edit_contact(uni.ada, Title="Countess")
    uni.run()
    assert uni.account("a1")["title"] == "Countess"


def test_a_contact_deleted_with_an_open_suggestion(uni: University) -> None:
    """A question about a contact that no longer exists withdraws itself."""
    uni.edit_person("a1", {"phone_mobile": "+16175550199"})
    uni.run()
    uni.crm.delete_as(uni.officer, uni.ada)
    for _ in range(3):
        uni.run()
    assert uni.one("Suggested_Change__c")["State__c"] == "Withdrawn"


def test_a_deleted_account_ends_the_link(uni: University) -> None:
    """With the account the link ends: the career profile stays as a record and says so; the contact is not touched."""
    assert uni.call("k-pat", "DELETE", "/people/a1")[0] == 204
    for _ in range(3):
        uni.run()
    assert links(uni) == {"ended": 1}
    assert uni.profile()["Link_State__c"] == "Ended"


def test_that_a_link_has_ended_is_told_once_though_salesforce_refuses_it(uni: University) -> None:
    """The round of restrictions writes nothing but restrictions: what else is refused is not sent again in the next (I37)."""
    refusal = uni.crm.order_refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION", sobject="Career_Profile__c", count=99)
    assert uni.call("k-pat", "DELETE", "/people/a1")[0] == 204
    for _ in range(3):
        uni.run()
    assert (refusal.struck, len(status(uni.ctx)["refused"])) == (1, 1)


def test_who_was_deleted_in_a_gap_of_the_feed_is_found(uni: University) -> None:
    """Where careers' feed no longer reaches back, everything is read and compared: who is not there any more is gone (I20)."""
    assert uni.call("k-pat", "DELETE", "/people/a1")[0] == 204
    uni.career.feed.forget(uni.clock.now() + timedelta(seconds=1))
    uni.run()
    uni.run()
    assert links(uni) == {"ended": 1}


def test_what_is_gone_is_not_tried_in_parts(uni: University) -> None:
    """An account that is deleted just before we write it is written once: each of its fields alone would do no better."""
    uni.edit_contact(uni.ada, Title="Director", MobilePhone="+16175550199")
    uni.before("people/batch", lambda: uni.career.delete("person", "a1", uni.career.keys["k-pat"]))
    uni.run()
    assert [row["code"] for row in status(uni.ctx)["refused"]] == ["not_found"]
    uni.run()
    assert links(uni) == {"ended": 1}


def test_questions_about_a_deleted_account_are_withdrawn(between: University) -> None:
    """Nobody is asked who an account belongs to that is gone, nor to create a contact for it."""
    between.person("a7", first_name="Mary", last_name="Somerville", email_personal="mary@example.net")
    between.edit_person("a7", {"title": "Astronomer"})
    between.run()
    between.run()
    assert between.one("Suggested_Change__c")["State__c"] == "Open"
    for id in ("a1", "a7"):
        between.call("k-pat", "DELETE", f"/people/{id}")
    between.run()
    between.run()
    assert between.one("Suggested_Change__c")["State__c"] == "Withdrawn"
    assert between.one("Identity_Review__c")["State__c"] == "Withdrawn"


def test_a_contact_deleted_for_good_is_found_by_the_sweep(pair: University) -> None:
    """A hard delete leaves no trace in the feed; the sweep misses the contact, asks for it by its id, and ends the link."""
    pair.crm.delete_as(pair.officer, pair.grace)
    pair.crm.empty_bin([pair.grace])
    pair.run()
    found = pair.sweep()["contacts"]
    assert (found["lost"], found["gone"]) == (1, 1)
    assert links(pair) == {"ended": 1, "linked": 1}


def test_who_has_a_double_already_is_linked_to_it_when_the_contact_is_deleted(uni: University) -> None:
    """Law: where staff delete a contact that has a double with the same number, the account goes on with the double."""
    double = uni.contact(FirstName="Ada", LastName="Lovelace", Email="ada@example.org", University_ID__c="U1001")
    uni.run()
    uni.run()
    uni.crm.delete_as(uni.officer, uni.ada)
    uni.run()
    uni.run()
    assert uni.profile("a1")["Contact__c"] == double
    assert links(uni) == {"linked": 1}


def test_whom_staff_have_deleted_is_not_proposed_as_new(uni: University) -> None:
    """Law: a deleted contact ends its link, and no new contact is proposed for the account, though a namesake is there."""
    uni.contact(FirstName="Augusta", LastName="Lovelace", University_ID__c="U9999")
    uni.run()
    uni.crm.delete_as(uni.officer, uni.ada)
    uni.run()
    uni.edit_contact(uni.all("Contact")[0]["Id"], Title="Dean")
    uni.run()
    uni.run()
    assert links(uni) == {"ended": 1}
    assert uni.all("Suggested_Change__c") == []


def test_going_live_takes_up_open_reviews(new: University) -> None:
    """Reviews that arose while the bridge only observed are asked when it goes live, once."""
    new.contact(**TWIN, Personal_Email__c="ada@example.org", University_ID__c="U1")
    new.contact(**TWIN, Personal_Email__c="ada@example.org", University_ID__c="U2")
    new.person("a1", first_name="Ada", last_name="Lovelace", email_personal="ada@example.org")
    new.prepare()
    new.run()
    assert new.all("Identity_Review__c") == []
    stage.go_live(new.ctx)
    new.run()
    new.run()
    assert len(new.all("Identity_Review__c")) == 1


def test_a_plan_tells_what_staff_will_be_asked(new: University, capsys: pytest.CaptureFixture[str]) -> None:
    """Law: whoever says yes to a plan has read how many suggestions, new contacts and reviews follow, not the fields alone."""
    new.alumna()
    new.person("a2", first_name="Grace", last_name="Hopper", email_personal="grace@example.org")
    for number in ("U1", "U2"):
        new.contact(**TWIN | {"LastName": "Byron"}, Personal_Email__c="augusta@example.org", University_ID__c=number)
    new.person("a3", first_name="Ada", last_name="Byron", email_personal="augusta@example.org")
    new.prepare()
    done = new.run()
    display.plan(planner.plan(new.ctx, dry=True, as_if_live=True), done, new.ctx, as_json=False)
    told = capsys.readouterr().out
    assert "new contacts proposed: 1\n" in told
    assert "identity reviews that staff are asked: 1\n" in told
    assert "career profiles made: 1\n" in told


def test_a_merge_answers_no_question(uni: University) -> None:
    """Law: what the contact that is left holds is nobody's answer: a question that was open stays open after a merge."""
    uni.edit_person("a1", {"phone_mobile": "+16175550199"})
    uni.run()
    consents = dict.fromkeys(("Career_Asks", "Mentoring", "Events", "Surveys"), True)
    double = uni.contact(
        FirstName="Ada", LastName="Lovelace", MobilePhone=None, University_ID__c="U1001", Personal_Email__c="ada@example.org",
        **{f"Consent_{name}__c": value for name, value in consents.items()},
    )  # fmt: skip
    uni.crm.merge_as(uni.officer, double, [uni.ada])
    for _ in range(3):
        uni.run()
    row = uni.one("Suggested_Change__c")
    assert (row["State__c"], row["Suggested__c"]) == ("Open", "+16175550199")
