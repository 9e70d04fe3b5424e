"""Stories about whose an account is, where several things happen to it at once: nothing of one person reaches another."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from connector.core.model import NullPolicy, Side
from connector.engine import first_differences, stage
from connector.engine.collect import collect_crm
from connector.engine.erasing import erase_person
from connector.engine.keeping import keep, note_accounts
from connector.engine.report import status
from connector.ports import Record
from emulator.inprocess import WireFault
from tests.engine.test_stories_meanwhile import go
from tests.engine.test_stories_people import TWIN, between, links, stranger  # noqa: F401 - fixtures
from tests.engine.test_stories_start import differing, with_modes  # noqa: F401 - a fixture
from tests.engine.university import University
from tests.systems import SYSTEM

GRACE = {"institution_id": "U1002", "first_name": "Grace", "last_name": "Hopper", "email_personal": "grace@example.org"}
ADA = {"institution_id": "U1001", "first_name": "Ada", "last_name": "Lovelace", "email_personal": "ada@example.org"}


def make_grace(uni: University, **more: Any) -> str:
    """Staff enter a contact for Grace."""
    consents = {f"Consent_{name}__c": True for name in ("Career_Asks", "Mentoring", "Events", "Surveys")}
    names = {"University_ID__c": "U1002", "FirstName": "Grace", "LastName": "Hopper", "Personal_Email__c": "grace@example.org"}
    return uni.contact(**names | consents | more)


def link(uni: University, account: str = "a1") -> dict[str, Any]:
    """Where an account leads to."""
    with uni.ctx.store.begin() as db:
        query = text("SELECT state, basis, contact_id FROM link WHERE account_id = :account")
        return dict(db.execute(query, {"account": account}).mappings().one())


def open_reviews(uni: University) -> list[dict[str, Any]]:
    """What staff are asked about whose accounts are."""
    return uni.all("Identity_Review__c", State__c="Open")


@pytest.fixture
def handed_on(uni: University) -> University:
    """Ada's account has become Grace's, and staff, who had no contact for her, have entered one."""
    uni.edit_contact(uni.ada, MailingStreet="1 Secret Lane", MailingCity="Boston")
    uni.edit_person("a1", GRACE)
    go(uni, 2)
    uni.edit(uni.one("Identity_Review__c")["Id"], Decision__c="New contact")
    go(uni, 3)
    uni.grace = make_grace(uni)
    for _ in range(4):
        uni.run(approve=True)
    return uni


@pytest.mark.parametrize("then", ["nothing", "staff edit the profile", "the state is lost"])
def test_the_profile_goes_with_the_account(handed_on: University, then: str) -> None:
    """Law: careers' values stand beside the contact that the account leads to now, whatever happens to the profile next."""
    if then == "staff edit the profile":
        handed_on.edit_person("a1", {"interests": ["chess"]})
        handed_on.run()
        handed_on.edit(handed_on.profile()["Id"], Mentor_Capacity__c=2)
    elif then == "the state is lost":
        handed_on.lose_state()
        handed_on.go_live()
    for _ in range(4):
        handed_on.run(approve=True)
    assert (handed_on.profile()["Contact__c"], link(handed_on)["contact_id"]) == (handed_on.grace, handed_on.grace)
    assert handed_on.account("a1")["address"]["street"] is None


def test_the_profile_of_an_account_that_comes_back_as_somebody_elses(uni: University) -> None:
    """Law: where a career system gives a deleted account's id to somebody else, the profile goes with it."""
    uni.grace = make_grace(uni)
    go(uni, 2)
    uni.career.delete("person", "a1", uni.career.keys["k-pat"])
    go(uni, 2)
    with uni.ctx.store.begin() as db:
        seen = db.execute(text("SELECT fields FROM observation WHERE side = 'career' AND id = 'a1'")).scalar_one()
        back = Record(kind="person", id="a1", version="9", fields=orjson.loads(seen) | GRACE | {"interests": ["chess"]})
        note_accounts(uni.ctx, db, SYSTEM, keep(uni.ctx, db, Side.CAREER, SYSTEM, "person", [back]))
    for _ in range(4):
        uni.run(approve=True)
    assert uni.profile()["Contact__c"] == uni.grace


def test_an_account_that_moves_while_staff_edit_its_profile(uni: University) -> None:
    """Law: an edit of the profile in the same cycle does not lead the account back: staff are asked whose it is."""
    go(uni, 2)
    uni.edit(uni.profile()["Id"], Mentor_Capacity__c=2)
    uni.edit_person("a1", GRACE)
    go(uni, 4)
    assert (link(uni)["state"], len(open_reviews(uni))) == ("ended", 1)
    assert uni.account("a1")["first_name"] == "Grace"


@pytest.mark.parametrize("before", ["staff said nobody", "it moved", "it was deleted"])
def test_what_no_longer_led_to_a_contact_does_not_come_back_with_it(uni: University, before: str) -> None:
    """Law: a contact that is deleted and restored takes back the accounts that led to it then, and no others."""
    if before == "it was deleted":
        uni.career.delete("person", "a1", uni.career.keys["k-pat"])
    else:
        uni.edit_person("a1", GRACE)
    go(uni, 2)
    if before == "staff said nobody":
        uni.edit(uni.one("Identity_Review__c")["Id"], Decision__c="Nobody")
        go(uni, 2)
    stood = link(uni)["state"]
    uni.crm.delete_as(uni.officer, uni.ada)
    go(uni, 2)
    uni.crm.undelete_as(uni.officer, uni.ada)
    go(uni, 3)
    assert link(uni)["state"] == stood == ("apart" if before == "staff said nobody" else "ended")


def test_an_account_that_moves_while_its_contact_is_deleted(uni: University) -> None:
    """Law: should the contact come back, it comes back without the account: the former person's values stay where they are."""
    uni.edit_contact(uni.ada, MailingStreet="1 Secret Lane", MailingCity="Boston")
    uni.crm.delete_as(uni.officer, uni.ada)
    go(uni, 2)
    uni.edit_person("a1", {**GRACE, "phone_mobile": "+16175550777"})
    go(uni, 2)
    uni.crm.undelete_as(uni.officer, uni.ada)
    go(uni, 3)
    assert (uni.account("a1")["address"]["street"], link(uni)["contact_id"] == uni.ada) == (None, False)


def test_an_account_that_moves_as_its_contact_is_deleted(uni: University) -> None:
    """Law: both in one cycle: the account is somebody else's, who is proposed; it does not end for good."""
    go(uni)
    uni.edit_person("a1", {**GRACE, "phone_mobile": "+16175550777"})
    uni.crm.delete_as(uni.officer, uni.ada)
    go(uni, 3)
    uni.edit_person("a1", {"title": "Admiral"})
    go(uni, 3)
    assert link(uni)["state"] == "new"


def test_an_opt_out_is_asked_of_the_contact_that_the_account_leads_to(uni: University) -> None:
    """Law: a question about the contact of before is withdrawn, and the one about the next is another question."""
    uni.grace = make_grace(uni)
    uni.edit_person("a1", {"do_not_contact": True})
    go(uni, 3)
    uni.edit(uni.profile()["Id"], Contact__c=uni.grace)
    go(uni, 4)
    assert [row["Contact__c"] for row in uni.all("Suggested_Change__c", State__c="Open")] == [uni.grace]


def test_a_review_shows_who_has_the_account_now(uni: University) -> None:
    """Law: an account in question that becomes somebody else's is asked about anew, with that person's evidence."""
    uni.person("a5", first_name="Bea", last_name="Lovelace", email_personal="ada@example.org", institution_id="U5")
    uni.edit_person("a5", {"title": "Pupil"})
    go(uni, 2)
    uni.edit_person("a5", {"first_name": "Carlos", "institution_id": "U6"})
    go(uni, 3)
    assert [row["Person__c"] for row in open_reviews(uni)] == ["Carlos Lovelace"]


def test_what_was_said_of_the_bearer_of_before_binds_nobody(uni: University) -> None:
    """Law: careers carry a table in under wrong ids and put it right: whom staff turned down then is a candidate again."""
    uni.grace = make_grace(uni)
    go(uni, 2)
    uni.edit_person("a1", GRACE)
    go(uni, 2)
    uni.edit(uni.one("Identity_Review__c")["Id"], Decision__c="Candidate 1")
    go(uni, 4)
    assert link(uni)["contact_id"] == uni.grace
    uni.edit_person("a1", ADA)
    go(uni, 3)
    assert uni.ada in {value for name, value in open_reviews(uni)[-1].items() if name.startswith("Candidate_")}


@pytest.mark.parametrize("answered", ["review", "proposal"])
def test_two_questions_about_one_account_close_each_other(stranger: University, answered: str) -> None:  # noqa: F811 - the fixture
    """Law: whose an account is is answered once, by whichever question staff take first."""
    alike = {"FirstName": "Mary", "LastName": "Somerville", "Personal_Email__c": "mary@example.net"}
    first, _ = (stranger.contact(**alike, University_ID__c=number) for number in ("U11", "U12"))
    go(stranger, 2)
    if answered == "review":
        stranger.edit(stranger.one("Identity_Review__c")["Id"], Decision__c="Candidate 1")
    else:
        stranger.edit(stranger.one("Suggested_Change__c")["Id"], Decision__c="Accept", Contact__c=first)
    go(stranger, 4)
    assert link(stranger, "a7")["state"] == "linked"
    assert (open_reviews(stranger), stranger.all("Suggested_Change__c", State__c="Open")) == ([], [])


def test_a_proposal_ends_where_the_account_is_somebodys_second(stranger: University) -> None:  # noqa: F811 - the fixture
    """Law: careers say whose second account it is: nobody is to enter a contact for it any more."""
    stranger.edit_person("a7", {"primary_account_id": "a1"})
    go(stranger, 4)
    assert stranger.one("Suggested_Change__c")["State__c"] != "Open"


def test_a_review_ends_where_the_account_is_somebodys_second(between: University) -> None:  # noqa: F811 - the fixture
    """Law: the same for the question whose it is."""
    between.contact(FirstName="Grace", LastName="Hopper", University_ID__c="U1002")
    between.person("a2", **GRACE)
    between.edit_person("a2", {"title": "Admiral"})
    for _ in range(2):
        between.run(approve=True)
    between.edit_person("a1", {"primary_account_id": "a2"})
    for _ in range(4):
        between.run(approve=True)
    assert open_reviews(between) == []


@pytest.mark.parametrize("primary", ["a9", "a404"])
def test_a_first_account_that_is_none_holds_up_nobody(uni: University, primary: str) -> None:
    """Law: an account that calls itself, or one that is not there, the person's first one is identified by itself."""
    uni.grace = make_grace(uni)
    uni.person("a9", primary_account_id=primary, **GRACE)
    uni.edit_person("a9", {"title": "Admiral"})
    go(uni, 4)
    assert link(uni, "a9")["contact_id"] == uni.grace


def test_two_accounts_that_call_each_other_the_first(uni: University) -> None:
    """Law: of two accounts that name each other one is identified by itself, and the other follows it."""
    uni.grace = make_grace(uni)
    for id, other in (("b1", "b2"), ("b2", "b1")):
        uni.person(id, primary_account_id=other, **GRACE)
        uni.edit_person(id, {"title": "Admiral"})
    go(uni, 4)
    found = [(link(uni, id)["contact_id"], link(uni, id)["basis"]) for id in ("b1", "b2")]
    assert found == [(uni.grace, "institution_id"), (uni.grace, "primary account")]


def test_a_second_account_that_led_to_somebody_else_begins_anew(uni: University) -> None:
    """Law: what was agreed with one person is agreed with nobody else, also where the account goes with another one's first."""
    uni.grace = make_grace(uni)
    uni.person("a2", **GRACE)
    uni.edit_person("a2", {"title": "Admiral"})
    go(uni, 3)
    uni.crm.delete_as(uni.officer, uni.ada)
    go(uni, 3)
    assert link(uni)["state"] == "ended"
    uni.edit_person("a1", {"primary_account_id": "a2"})
    uni.edit_contact(uni.grace, Personal_Email__c="ada@example.org")
    go(uni, 3)
    assert (link(uni)["contact_id"], link(uni)["basis"]) == (uni.grace, "primary account")
    assert uni.account("a1")["last_name"] == "Lovelace"
    assert status(uni.ctx)["first_differences"]["legal_name"] == 1


def test_a_refused_question_leaves_the_newer_one_open(uni: University) -> None:
    """Law: a question that could not be asked takes nothing from the one that was asked after it."""
    uni.crm.order_refusal("UNABLE_TO_LOCK_ROW", sobject="Suggested_Change__c", count=99)
    for number in ("+16175550199", "+16175550123", "+16175550177"):
        uni.edit_person("a1", {"phone_mobile": number})
        go(uni)
    uni.crm.clear_faults()
    uni.crm.order_refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION", sobject="Suggested_Change__c", count=1)
    go(uni, 2, seconds=3600)
    uni.edit_person("a1", {"title": "Other"})
    go(uni, 4, seconds=3600)
    assert len(uni.all("Suggested_Change__c", State__c="Open", Group__c="phone_mobile")) == 1


def test_merging_the_candidates_answers_the_review(between: University) -> None:  # noqa: F811 - the fixture
    """Law: staff merge the two contacts, as the guide says: there is nothing left to ask."""
    between.crm.merge_as(between.officer, between.ada, [between.grace])
    go(between, 4)
    assert (links(between), open_reviews(between)) == ({"linked": 1}, [])


def test_a_candidate_that_is_deleted_before_it_is_asked_about(new: University) -> None:
    """Law: a review that could not be made in time is asked as things stand, and not refused for good."""
    new.ada = new.contact(**TWIN, Personal_Email__c="ada@example.org", University_ID__c="U1")
    new.grace = new.contact(**TWIN, Personal_Email__c="ada@example.org", University_ID__c="U2")
    new.go_live()
    new.person("a1", first_name="Ada", last_name="Lovelace", email_personal="ada@example.org")
    new.edit_person("a1", {"title": "Countess"})
    new.crm.order_refusal("UNABLE_TO_LOCK_ROW", sobject="Identity_Review__c", count=99)
    go(new)
    new.crm.delete_as(new.officer, new.grace)
    new.crm.clear_faults()
    go(new, 4, seconds=3600)
    assert link(new)["contact_id"] == new.ada


def test_a_question_about_a_forgotten_person_is_withdrawn(uni: University) -> None:
    """Law: who erases a person before staff have answered leaves no question that nobody reads."""
    uni.edit_person("a1", {"phone_mobile": "+16175550199"})
    go(uni, 2)
    erase_person(uni.ctx, SYSTEM, "a1")
    go(uni, 4)
    assert uni.one("Suggested_Change__c")["State__c"] != "Open"


def test_a_choice_that_cannot_be_carried_out_may_be_replaced(differing: University) -> None:  # noqa: F811 - the fixture
    """Law: where the owner has no value to send, the difference is still there to be chosen about."""
    with_modes(differing, "phone_mobile", null=NullPolicy.IGNORE)
    differing.edit_contact(differing.ada, MobilePhone=None)
    go(differing, 2)
    assert first_differences.adopt(differing.ctx, "phone_mobile", "crm_wins") == 1
    go(differing, 2)
    assert first_differences.adopt(differing.ctx, "phone_mobile", "keep") == 1
    go(differing, 2)
    assert status(differing.ctx)["first_differences"] == {}


def test_a_choice_outside_the_pilot_is_looked_at_once(differing: University) -> None:  # noqa: F811 - the fixture
    """Law: who may not be written about yet is not planned again and again in every cycle."""
    stage.set_pilot(differing.ctx, accounts=["zz"], class_years=[])
    go(differing)
    first_differences.adopt(differing.ctx, "phone_mobile", "crm_wins")
    differing.run()
    assert len(differing.run().plans) <= 1


@pytest.mark.parametrize("decision", ["Candidate", "Nobody"])
def test_staff_decide_and_delete_the_double_at_once(between: University, decision: str) -> None:  # noqa: F811 - the fixture
    """Law: what staff have decided counts, also where the other candidate is gone in the same cycle."""
    row = between.one("Identity_Review__c")
    ada = f"Candidate {1 if row['Candidate_1__c'] == between.ada else 2}"
    between.edit(row["Id"], Decision__c=ada if decision == "Candidate" else decision)
    between.crm.delete_as(between.officer, between.grace)
    go(between, 4)
    assert link(between)["state"] == ("linked" if decision == "Candidate" else "apart")
    assert decision != "Candidate" or link(between)["basis"] == "decided by staff"


@pytest.mark.parametrize("corrected", [{"first_name": "Adah"}, {"last_name": "LOVELACE"}])
def test_a_correction_makes_no_other_question(between: University, corrected: dict[str, str]) -> None:  # noqa: F811 - the fixture
    """Law: a name that careers spell otherwise is the same person's, and staff are asked once."""
    between.edit_person("a1", corrected)
    go(between, 3)
    assert [row["State__c"] for row in between.all("Identity_Review__c")] == ["Open"]


def test_a_decision_counts_where_the_name_is_corrected_at_once(between: University) -> None:  # noqa: F811 - the fixture
    """Law: staff decide while careers correct the spelling: the decision is about that person."""
    between.edit(between.one("Identity_Review__c")["Id"], Decision__c="Nobody")
    between.edit_person("a1", {"first_name": "Adah"})
    go(between, 4)
    assert link(between)["state"] == "apart"


def test_a_review_of_yesterday_is_the_question_that_it_is(new: University, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: what was asked by a release whose keys had no bearer is neither asked anew nor is its answer lost."""
    new.ada = new.contact(**TWIN, Personal_Email__c="ada@example.org", University_ID__c="U1")
    new.grace = new.contact(**TWIN, Personal_Email__c="ada@example.org", University_ID__c="U2")
    new.person("a1", first_name="Ada", last_name="Lovelace", email_personal="ada@example.org")
    with monkeypatch.context() as yesterday:
        yesterday.setattr("connector.engine.identity._bearer", lambda *_: [])
        new.go_live()
        new.run()
    new.edit(new.one("Identity_Review__c")["Id"], Decision__c="Nobody")
    new.edit_contact(new.ada, Preferred_Name__c="Augusta", MobilePhone="+16175550199")
    go(new, 3)
    assert (len(new.all("Identity_Review__c")), link(new)["state"]) == (1, "apart")


def test_a_profile_that_staff_moved_is_not_moved_back(uni: University) -> None:
    """Law: the move was read, and Salesforce was away before the link could follow: it follows once that is back."""
    uni.grace = make_grace(uni)
    go(uni, 2)
    uni.edit(uni.profile()["Id"], Contact__c=uni.grace)
    uni.edit_person("a1", {"interests": ["chess"]})
    uni.clock.move(timedelta(minutes=1))
    collect_crm(uni.ctx)
    uni.crm_wire.order(WireFault.REFUSE, "GET|POST", count=100_000)
    go(uni)
    uni.crm_wire.orders.clear()
    go(uni, 6, seconds=3600)
    assert (uni.profile()["Contact__c"], link(uni)["contact_id"]) == (uni.grace, uni.grace)


def test_the_second_account_of_a_forgotten_first_one(uni: University) -> None:
    """Law: what was read of the first account is erased, its link stands: the second one follows it."""
    erase_person(uni.ctx, SYSTEM, "a1")
    uni.person("a3", primary_account_id="a1", **ADA)
    uni.edit_person("a3", {"title": "Admiral"})
    go(uni, 4)
    assert (open_reviews(uni), link(uni, "a3")["contact_id"]) == ([], uni.ada)


def test_a_first_account_that_is_on_a_later_page(uni: University) -> None:
    """Law: a reading that breaks off before the first account says nothing about whether there is one."""
    uni.grace = make_grace(uni)
    go(uni, 2)
    uni.person("a3", primary_account_id="a999", **GRACE)
    uni.edit_person("a3", {"title": "Admiral"})
    for number in range(1_100):
        uni.person(f"m{number:04}", first_name=f"N{number}", last_name=f"L{number}")
        uni.edit_person(f"m{number:04}", {"title": "x"})
    uni.person("a999", **GRACE)
    uni.edit_person("a999", {"title": "Admiral"})
    pages: list[int] = []

    def break_off() -> None:
        pages.append(1)
        if len(pages) == 2:
            uni.career_wire.order(WireFault.REFUSE, ".", count=1000)

    uni.before("/changes", break_off)
    assert SYSTEM in uni.run(approve=True).down
    uni.preludes.clear()
    uni.career_wire.orders.clear()
    go(uni, 4, seconds=3600)
    assert open_reviews(uni) == []
