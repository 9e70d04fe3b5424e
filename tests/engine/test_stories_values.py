"""Stories about values: what each office edits, and what becomes of it on the other side."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from connector.engine.plans import retry
from connector.rules import load_rules
from connector.store.links import count_first_differences
from emulator.inprocess import WireFault
from tests.engine.university import University
from tests.systems import MAPPINGS


def suggested(row: dict[str, object]) -> object:
    """What staff are asked to enter, by Contact field."""
    return orjson.loads(str(row["Suggested_Values__c"]))


def test_an_edit_by_alumni_relations_reaches_careers(uni: University) -> None:
    """What Alumni Relations change in a field of theirs stands in the career system after the next cycle, unasked."""
    uni.edit_contact(uni.ada, Title="Director", Preferred_Name__c="Addie")
    uni.run()
    assert (uni.account("a1")["title"], uni.account("a1")["preferred_name"]) == ("Director", "Addie")
    assert uni.all("Suggested_Change__c") == []


def test_clearing_a_value_in_the_crm_clears_it_at_careers(uni: University) -> None:
    """An owner's clear is carried across where the mapping lets empty values mean something."""
    uni.edit_contact(uni.ada, MobilePhone=None)
    uni.run()
    assert uni.account("a1")["phone_mobile"] is None


def test_an_outside_edit_becomes_a_suggestion_and_is_kept_until_decided(uni: University) -> None:
    """Careers' edit of a CRM-owned field becomes one open suggestion with before, now, suggested, who and when; theirs stays."""
    uni.edit_person("a1", {"phone_mobile": "+16175550199"})
    uni.run()
    row = uni.one("Suggested_Change__c")
    assert (row["State__c"], row["Kind__c"], row["Contact__c"]) == ("Open", "Change", uni.ada)
    assert row["Career_Profile__c"] == uni.profile()["Id"]
    assert (row["Before__c"], row["Now__c"]) == ("+16175550123", "+16175550123")
    assert suggested(row) == {"MobilePhone": "+16175550199"}
    assert row["Who__c"] == "Pat Reyes"
    assert row["Changed_At__c"]
    assert not row["Urgent__c"]
    assert not row["By_The_Person__c"]
    assert uni.account("a1")["phone_mobile"] == "+16175550199"
    assert uni.crm.row(uni.ada)["MobilePhone"] == "+16175550123"
    assert uni.contact_writes() == 0


def test_a_legal_name_is_put_back_while_the_suggestion_waits(uni: University) -> None:
    """``until_decided = restore``: careers see Alumni Relations' legal name again, the suggestion stays open."""
    uni.edit_person("a1", {"last_name": "King"})
    uni.run()
    assert uni.account("a1")["last_name"] == "Lovelace"
    for _ in range(3):
        uni.run()
    row = uni.one("Suggested_Change__c")
    assert row["State__c"] == "Open"
    assert suggested(row) == {"FirstName": "Ada", "MiddleName__c": None, "LastName": "King"}


def test_a_preferred_name_is_kept_and_urgent(uni: University) -> None:
    """``until_decided = keep``: the preferred name stays as careers wrote it while its urgent suggestion waits."""
    uni.edit_person("a1", {"preferred_name": "Addie"})
    uni.run()
    assert uni.account("a1")["preferred_name"] == "Addie"
    assert uni.one("Suggested_Change__c")["Urgent__c"]


def test_accepting_is_changing_the_contact(uni: University) -> None:
    """Staff who enter the suggested value have accepted it: it settles as accepted, and nothing is sent to careers."""
    uni.edit_person("a1", {"phone_mobile": "+16175550199"})
    uni.run()
    before = uni.account("a1")["etag"]
    uni.edit_contact(uni.ada, MobilePhone="(617) 555-0199")
    uni.run()
    uni.run()
    assert uni.one("Suggested_Change__c")["State__c"] == "Accepted"
    assert uni.one("Suggested_Change__c")["Decided_At__c"]
    assert uni.account("a1")["etag"] == before


def test_accepting_a_restored_value_sends_it_to_careers(uni: University) -> None:
    """A legal name that was put back and is then entered by staff reaches careers, and the suggestion is accepted."""
    uni.edit_person("a1", {"last_name": "King"})
    uni.run()
    uni.edit_contact(uni.ada, LastName="King")
    uni.run()
    uni.run()
    assert uni.account("a1")["last_name"] == "King"
    assert uni.one("Suggested_Change__c")["State__c"] == "Accepted"


def test_pressing_accept_alone_waits_for_the_contact(uni: University) -> None:
    """Pressing Accept edits nothing: the suggestion says that it waits for the contact until staff enter the value."""
    uni.edit_person("a1", {"phone_mobile": "+16175550199"})
    uni.run()
    uni.edit(uni.one("Suggested_Change__c")["Id"], Decision__c="Accept")
    uni.run()
    assert uni.one("Suggested_Change__c")["State__c"] == "Waiting for the contact"
    assert uni.crm.row(uni.ada)["MobilePhone"] == "+16175550123"
    uni.edit_contact(uni.ada, MobilePhone="+16175550199")
    uni.run()
    uni.run()
    assert uni.one("Suggested_Change__c")["State__c"] == "Accepted"


def test_accepting_with_changes_sends_what_staff_entered(uni: University) -> None:
    """A third value entered by staff answers the suggestion: accepted with changes, and careers receive that value."""
    uni.edit_person("a1", {"phone_mobile": "+16175550199"})
    uni.run()
    uni.edit_contact(uni.ada, MobilePhone="+16175550777")
    uni.run()
    uni.run()
    assert uni.account("a1")["phone_mobile"] == "+16175550777"
    assert uni.one("Suggested_Change__c")["State__c"] == "Accepted with changes"


def test_rejecting_puts_the_value_back_and_does_not_ask_again(uni: University) -> None:
    """A rejected value is replaced by Alumni Relations' at careers; the same edit again is put back without a question."""
    uni.edit_person("a1", {"phone_mobile": "+16175550199"})
    uni.run()
    uni.edit(uni.one("Suggested_Change__c")["Id"], Decision__c="Reject", Reason__c="Outdated")
    uni.run()
    uni.run()
    assert uni.account("a1")["phone_mobile"] == "+16175550123"
    assert uni.one("Suggested_Change__c")["State__c"] == "Rejected"
    uni.edit_person("a1", {"phone_mobile": "+16175550199"})
    uni.run()
    assert uni.account("a1")["phone_mobile"] == "+16175550123"
    assert len(uni.all("Suggested_Change__c")) == 1


def test_a_rejected_value_is_suggested_again_after_a_year(uni: University) -> None:
    """The memory of a rejection ends after a year: the same edit is then a new question under the next episode."""
    uni.edit_person("a1", {"phone_mobile": "+16175550199"})
    uni.run()
    uni.edit(uni.one("Suggested_Change__c")["Id"], Decision__c="Reject", Reason__c="Incorrect")
    uni.run()
    uni.clock.move(timedelta(days=366))
    uni.restart()
    uni.edit_person("a1", {"phone_mobile": "+16175550199"})
    uni.run()
    assert uni.one("Suggested_Change__c", State__c="Open")["Episode__c"] == 2


def test_a_suggestion_withdraws_when_careers_take_the_edit_back(uni: University) -> None:
    """A question about a value that is gone withdraws itself."""
    uni.edit_person("a1", {"phone_mobile": "+16175550199"})
    uni.run()
    uni.edit_person("a1", {"phone_mobile": "+16175550123"})
    uni.run()
    uni.run()
    assert uni.one("Suggested_Change__c")["State__c"] == "Withdrawn"


def test_a_second_edit_refreshes_the_open_suggestion(uni: University) -> None:
    """Careers changing their mind refreshes the open question; there is never a second open one about the same field."""
    uni.edit_person("a1", {"phone_mobile": "+16175550199"})
    uni.run()
    uni.edit_person("a1", {"phone_mobile": "+16175550222"})
    uni.run()
    row = uni.one("Suggested_Change__c")
    assert (row["State__c"], suggested(row)) == ("Open", {"MobilePhone": "+16175550222"})


def test_both_edit_the_same_field(uni: University) -> None:
    """Both offices move to different values between two cycles: the owner's goes across, the other waits as a suggestion."""
    uni.edit_person("a1", {"phone_mobile": "+16175550199"})
    uni.edit_contact(uni.ada, MobilePhone="+16175550444")
    uni.run()
    row = uni.one("Suggested_Change__c")
    assert uni.account("a1")["phone_mobile"] == "+16175550444"
    assert (row["Before__c"], row["Now__c"], row["Suggested__c"]) == ("+16175550123", "+16175550444", "+16175550199")
    for _ in range(3):
        uni.run()
    assert uni.one("Suggested_Change__c")["State__c"] == "Open"


def test_an_answer_and_a_third_value_at_once(uni: University) -> None:
    """Staff answer a question while careers move on to a third value: the old question settles, a new one is raised."""
    uni.edit_person("a1", {"phone_mobile": "+16175550199"})
    uni.run()
    uni.edit_contact(uni.ada, MobilePhone="+16175550444")
    uni.edit_person("a1", {"phone_mobile": "+16175550222"})
    for _ in range(3):
        uni.run()
    assert uni.one("Suggested_Change__c", State__c="Accepted with changes")["Suggested__c"] == "+16175550199"
    assert uni.one("Suggested_Change__c", State__c="Open")["Suggested__c"] == "+16175550222"
    assert uni.account("a1")["phone_mobile"] == "+16175550444"


def test_a_rejection_and_a_third_value_at_once(uni: University) -> None:
    """Staff reject a value that careers have replaced: the third value is a new question, not put back unasked."""
    uni.edit_person("a1", {"phone_mobile": "+16175550199"})
    uni.run()
    uni.edit(uni.one("Suggested_Change__c")["Id"], Decision__c="Reject", Reason__c="Incorrect")
    uni.edit_person("a1", {"phone_mobile": "+16175550222"})
    for _ in range(3):
        uni.run()
    assert uni.one("Suggested_Change__c", State__c="Rejected")["Suggested__c"] == "+16175550199"
    assert uni.one("Suggested_Change__c", State__c="Open")["Suggested__c"] == "+16175550222"


def test_both_make_the_same_edit(uni: University) -> None:
    """Both offices move to the same value: agreed, nobody is asked and nothing is written."""
    uni.edit_person("a1", {"phone_mobile": "+16175550199"})
    uni.edit_contact(uni.ada, MobilePhone="617-555-0199")
    written = uni.writes_of_bridge()
    uni.run()
    assert uni.writes_of_bridge() == written


def test_what_both_agreed_on_is_what_the_next_edit_is_measured_by(uni: University) -> None:
    """After both moved to one value, careers going back to the older one is an outside edit, not an echo to be overwritten."""
    uni.edit_person("a1", {"phone_mobile": "+16175550199"})
    uni.edit_contact(uni.ada, MobilePhone="+16175550199")
    uni.run()
    uni.edit_person("a1", {"phone_mobile": "+16175550123"})
    uni.run()
    assert uni.account("a1")["phone_mobile"] == "+16175550123"
    assert uni.one("Suggested_Change__c")["Suggested__c"] == "+16175550123"


def test_reformatting_is_no_edit(uni: University) -> None:
    """Another spelling of the same number moves nothing on either side."""
    uni.edit_person("a1", {"phone_mobile": "(617) 555-0123"})
    uni.edit_contact(uni.ada, MobilePhone="617.555.0123")
    written = uni.writes_of_bridge()
    uni.run()
    assert uni.writes_of_bridge() == written


def test_an_address_is_one_question(uni: University) -> None:
    """A group is judged, suggested and decided as one: two edited lines make one suggestion that holds the whole address."""
    uni.edit_contact(uni.ada, MailingStreet="1 Main St", MailingCity="Boston", MailingState="MA", MailingPostalCode="02101")
    uni.edit_contact(uni.ada, MailingCountry="United States")
    uni.run()
    assert uni.account("a1")["address"]["country"] == "US"
    uni.edit_person("a1", {"address.street": "2 High St", "address.city": "Salem"})
    uni.run()
    row = uni.one("Suggested_Change__c")
    assert suggested(row) == {
        "MailingStreet": "2 High St",
        "MailingCity": "Salem",
        "MailingState": "MA",
        "MailingPostalCode": "02101",
        "MailingCountry": "United States",
    }
    uni.edit(row["Id"], Decision__c="Reject", Reason__c="Incorrect")
    uni.run()
    assert uni.account("a1")["address"]["street"] == "1 Main St"
    assert uni.account("a1")["address"]["city"] == "Boston"


def test_entering_half_of_an_address_is_an_answer_with_changes(uni: University) -> None:
    """Staff who take over only the city have answered the whole group; careers get the CRM's whole address."""
    uni.edit_contact(uni.ada, MailingStreet="1 Main St", MailingCity="Boston")
    uni.run()
    uni.edit_person("a1", {"address.street": "2 High St", "address.city": "Salem"})
    uni.run()
    uni.edit_contact(uni.ada, MailingCity="Salem")
    uni.run()
    uni.run()
    assert uni.one("Suggested_Change__c")["State__c"] == "Accepted with changes"
    assert (uni.account("a1")["address"]["street"], uni.account("a1")["address"]["city"]) == ("1 Main St", "Salem")


def test_email_addresses_are_one_question(uni: University) -> None:
    """Primary and alternate e-mail move together: one suggestion for both edits."""
    uni.edit_person("a1", {"email_personal": "ada@new.example.org", "email_work": "ada@work.example.org"})
    uni.run()
    assert suggested(uni.one("Suggested_Change__c")) == {
        "Personal_Email__c": "ada@new.example.org",
        "University_Email__c": None,
        "Work_Email__c": "ada@work.example.org",
    }


def test_an_edit_by_the_alumna_herself_is_urgent(uni: University) -> None:
    """What the person changed in her own account is marked so, and urgent."""
    uni.edit_person("a1", {"phone_mobile": "+16175550199"}, key=uni.admit_person())
    uni.run()
    row = uni.one("Suggested_Change__c")
    assert (row["By_The_Person__c"], row["Urgent__c"], row["Who__c"]) == (True, True, "The alumna")


def test_clearing_a_value_at_careers_is_a_question(uni: University) -> None:
    """Another office's clear becomes a suggestion to clear; the contact keeps its value."""
    uni.edit_person("a1", {"phone_mobile": None})
    uni.run()
    assert uni.one("Suggested_Change__c")["Kind__c"] == "Clear"
    assert uni.crm.row(uni.ada)["MobilePhone"] == "+16175550123"


def test_clearing_a_value_that_must_not_be_cleared_is_put_back(uni: University) -> None:
    """``null = clear``: another office's clear of the class year is put back at once, with a note to staff."""
    uni.edit_person("a1", {"class_year": None})
    uni.run()
    assert uni.account("a1")["class_year"] == 2005
    assert len(uni.notes()) == 1
    assert uni.all("Suggested_Change__c") == []


def test_every_edit_that_is_put_back_is_told(uni: University) -> None:
    """Law: who clears the class year once more, after it was put back, is told once more."""
    for _ in range(2):
        uni.edit_person("a1", {"class_year": None})
        uni.run()
        uni.run(seconds=86400)
        assert uni.account("a1")["class_year"] == 2005
    assert len(uni.notes()) == 2


def test_what_is_never_shared_never_travels(uni: University) -> None:
    """``share = never``: the birth date and home telephone of the CRM do not reach careers, whatever happens."""
    uni.edit_contact(uni.ada, Birthdate="1975-12-10", HomePhone="+16175550111")
    uni.run()
    assert (uni.account("a1")["birth_date"], uni.account("a1")["phone_home"]) == (None, None)


def test_what_careers_own_stands_on_the_career_profile(uni: University) -> None:
    """Interests, mentor availability and outcome go to the career profile beside the contact, in Salesforce's words."""
    uni.edit_person(
        "a1",
        {
            "interests": ["poetry", "engines"],
            "industries": ["Information"],
            "mentor_availability": "not_available",
            "mentor_capacity": 3,
            "outcome": "Employed Full Time",
            "outcome_as_of": "2026-10-01",
        },
    )
    uni.run()
    profile = uni.profile()
    assert profile["Contact__c"] == uni.ada
    assert profile["Mentor_Availability__c"] == "Not available"
    assert profile["Mentor_Capacity__c"] == 3
    assert (profile["Outcome__c"], profile["Outcome_As_Of__c"]) == ("Employed Full Time", "2026-10-01")
    assert set(profile["Interests__c"].replace("\n", ";").split(";")) == {"poetry", "engines"}
    uni.edit_person("a1", {"mentor_availability": None, "interests": []})
    uni.run()
    assert (uni.profile().get("Mentor_Availability__c"), uni.profile().get("Interests__c")) == (None, None)


def test_an_edit_of_the_career_profile_is_put_back(uni: University) -> None:
    """The career profile is careers' word: what an administrator changes there is restored."""
    uni.edit_person("a1", {"mentor_availability": "available"})
    uni.run()
    uni.crm.edit_as(uni.org.admin_id, uni.profile()["Id"], {"Mentor_Availability__c": "Paused"})
    uni.run()
    assert uni.profile()["Mentor_Availability__c"] == "Available"
    assert uni.account("a1")["mentor_availability"] == "available"
    assert uni.all("Suggested_Change__c") == []


def test_an_edit_of_the_career_profile_is_told_to_careers(uni: University) -> None:
    """Careers learn from a staff note that somebody edited their value in Salesforce."""
    uni.edit_person("a1", {"mentor_availability": "available"})
    uni.run()
    uni.crm.edit_as(uni.org.admin_id, uni.profile()["Id"], {"Mentor_Availability__c": "Paused"})
    uni.run()
    assert [note for note in uni.notes() if "Mentor availability" in note]


def test_two_accounts_of_one_person(uni: University) -> None:
    """The second account follows its primary to the same contact and is kept in step; only the primary's interests count."""
    uni.person("a9", primary_account_id="a1", first_name="Ada", last_name="Lovelace", interests=["gardening"])
    uni.edit_person("a9", {"interests": ["gardening", "cards"]})
    uni.run()
    uni.edit_person("a1", {"interests": ["poetry"]})
    uni.edit_contact(uni.ada, Title="Director")
    uni.run()
    second = uni.profile("a9")
    assert (second["Contact__c"], second["Primary__c"]) == (uni.ada, False)
    assert second.get("Interests__c") is None
    assert uni.profile("a1")["Interests__c"] == "poetry"
    assert uni.account("a9")["title"] == "Director"


def test_the_bridge_never_writes_a_contact(uni: University) -> None:
    """Whatever is edited, suggested, accepted or rejected, the bridge's user writes no Contact."""
    uni.edit_person("a1", {"phone_mobile": "+16175550199", "last_name": "King", "preferred_name": "A."})
    uni.run()
    for row in uni.all("Suggested_Change__c"):
        uni.edit(row["Id"], Decision__c="Accept")
    uni.run()
    uni.run()
    assert len(uni.all("Suggested_Change__c")) == 3
    assert uni.contact_writes() == 0


def test_nothing_is_put_back_before_it_is_asked_about(uni: University) -> None:
    """What careers typed is overwritten only once the question about it stands in Salesforce: else it could be lost for good."""
    uni.edit_person("a1", {"last_name": "King"})
    refusal = uni.crm.order_refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION", sobject="Suggested_Change__c", count=2)
    uni.run()
    uni.run()
    assert refusal.struck == 1
    assert uni.account("a1")["last_name"] == "King"
    uni.crm.clear_faults()
    retry(uni.ctx)
    uni.run()
    assert (uni.account("a1")["last_name"], uni.one("Suggested_Change__c")["State__c"]) == ("Lovelace", "Open")


def test_a_side_that_is_down_holds_no_other_write_back(pair: University) -> None:
    """Only what somebody else typed waits for its question: the other people's changes go to careers at once."""
    pair.edit_person("a1", {"last_name": "King"})
    pair.edit_contact(pair.grace, Title="Rear admiral")
    pair.crm.order_refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION", sobject="Suggested_Change__c", count=2)
    pair.run()
    assert (pair.account("a1")["last_name"], pair.account("a2")["title"]) == ("King", "Rear admiral")


_MIDDLE, _LAST = (
    f'[field.{name}]\nlabel = "{label}"\ncrm = "{crm}"\ncareer = "{name}"\ngroup = "legal_name"\n'
    for name, label, crm in (("middle_name", "Middle name", "MiddleName__c"), ("last_name", "Last name", "LastName"))
)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (_MIDDLE, _MIDDLE.replace('group = "legal_name"\n', "")),
        (f"{_MIDDLE}\n{_LAST}", f"{_LAST}\n{_MIDDLE}"),
    ],
    ids=["one leaves", "another order"],
)
def test_a_group_that_gets_other_fields(uni: University, tmp_path: Path, was: str, becomes: str) -> None:
    """What was agreed about other fields, or in another order, says nothing about a group: nobody guesses."""
    shutil.copytree(MAPPINGS, tmp_path / "mappings")
    person = tmp_path / "mappings" / "person.toml"
    assert was in person.read_text()
    person.write_text(person.read_text().replace(was, becomes))
    uni.rules = load_rules(tmp_path / "mappings")
    uni.restart()
    uni.prepare()
    uni.edit_person("a1", {"last_name": "Elsewhere"})
    uni.run()
    assert uni.account("a1")["last_name"] == "Elsewhere"
    assert uni.all("Suggested_Change__c") == []
    with uni.ctx.store.begin() as db:
        assert count_first_differences(db) == {"legal_name": 1}
    uni.edit_contact(uni.ada, LastName="Elsewhere")
    uni.run()
    uni.edit_contact(uni.ada, LastName="Byron")
    uni.run()
    assert uni.account("a1")["last_name"] == "Byron", "both have said the same since: this is the base of what follows"


def test_a_question_that_was_refused_was_not_asked(uni: University) -> None:
    """Where Salesforce refused a suggestion, the owner's next move does not answer it: careers' value is asked about anew."""
    uni.edit_person("a1", {"title": "Counsel"})
    uni.crm.order_refusal("ENTITY_IS_DELETED", sobject="Suggested_Change__c", count=1)
    uni.run()
    assert uni.all("Suggested_Change__c") == []
    uni.edit_contact(uni.ada, Title="Director")
    uni.run()
    assert uni.account("a1")["title"] == "Director"
    row = uni.one("Suggested_Change__c")
    assert row["State__c"] == "Open"
    assert orjson.loads(str(row["Suggested_Values__c"]))["Title"] == "Counsel"


@pytest.mark.parametrize(("entered", "state"), [("Counsel", "Accepted"), ("Director", "Accepted with changes")])
def test_what_salesforce_would_not_show_was_not_asked(uni: University, entered: str, state: str) -> None:
    """Law: a question is about what its record shows; what careers have entered since is asked anew, whatever staff enter."""
    uni.edit_person("a1", {"title": "Counsel"})
    uni.run()
    uni.edit_person("a1", {"title": "Judge"})
    uni.crm.order_refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION", sobject="Suggested_Change__c", count=1)
    uni.run()
    uni.edit_contact(uni.ada, Title=entered)
    uni.run()
    retry(uni.ctx)
    uni.run()
    asked = [(orjson.loads(str(row["Suggested_Values__c"]))["Title"], row["State__c"]) for row in uni.all("Suggested_Change__c")]
    assert asked == [("Counsel", state), ("Judge", "Open")]
    assert uni.account("a1")["title"] == entered


@pytest.mark.parametrize("entered", ["Counsel", "Director"])
@pytest.mark.parametrize("how", ["locked", "lost"])
def test_what_its_record_may_not_show_was_not_asked(uni: University, entered: str, how: str) -> None:
    """Law: the same where showing it was put off, or nobody knows whether it is shown."""
    uni.edit_person("a1", {"title": "Counsel"})
    uni.run()
    uni.edit_person("a1", {"title": "Judge"})
    if how == "locked":
        uni.crm.order_refusal("UNABLE_TO_LOCK_ROW", sobject="Suggested_Change__c", count=4)
    else:
        uni.crm_wire.order(WireFault.LOSE_REQUEST, "(PATCH|POST) .*sobjects", count=2)
    uni.run()
    uni.edit_contact(uni.ada, Title=entered)
    for seconds in (5, 5, 5, 4000, 60):
        uni.run(seconds=seconds)
    asked = [(orjson.loads(str(row["Suggested_Values__c"]))["Title"], row["State__c"]) for row in uni.all("Suggested_Change__c")]
    assert asked == [("Counsel", "Accepted" if entered == "Counsel" else "Accepted with changes"), ("Judge", "Open")]
    assert uni.account("a1")["title"] == entered


def test_what_waits_to_be_shown_goes_when_careers_take_it_back(uni: University) -> None:
    """Law: a question shows what stands at careers, also where they are back at what it shows before the newer value was."""
    uni.edit_person("a1", {"title": "Counsel"})
    uni.run()
    uni.edit_person("a1", {"title": "Judge"})
    uni.crm.order_refusal("UNABLE_TO_LOCK_ROW", sobject="Suggested_Change__c", count=2)
    uni.run()
    uni.edit_person("a1", {"title": "Counsel"})
    for seconds in (5, 4000, 60):
        uni.run(seconds=seconds)
    assert suggested(uni.one("Suggested_Change__c")) == {"Employer__c": "Analytical Engines", "Title": "Counsel"}


def test_a_question_that_is_not_shown_yet_is_not_asked_twice(uni: University) -> None:
    """A create whose key is taken by what queries do not show yet (F61) is no refusal: the same question does not come again."""
    uni.edit_person("a1", {"title": "Counsel"})
    uni.crm.settings(replica_lag=20)
    uni.crm_wire.order(WireFault.TWICE, "POST .*composite/sobjects", count=1)
    uni.run()
    uni.edit_person("a1", {"title": "General counsel"})
    uni.run(seconds=120)
    uni.run(seconds=120)
    row = uni.one("Suggested_Change__c")
    assert orjson.loads(str(row["Suggested_Values__c"]))["Title"] == "General counsel"


@pytest.mark.parametrize("refused", [True, False])
def test_what_waits_for_a_question_holds_nothing_else_back(uni: University, *, refused: bool) -> None:
    """Law: a question that Salesforce refuses keeps what it is about from being put back, and the person's other values go."""
    uni.edit_person("a1", {"last_name": "King"})
    uni.edit_contact(uni.ada, Title="Director")
    if refused:
        uni.crm.order_refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION", sobject="Suggested_Change__c", count=999)
    uni.run()
    assert (uni.account("a1")["last_name"], uni.account("a1")["title"]) == ("King" if refused else "Lovelace", "Director")
    uni.edit_contact(uni.ada, Title="President")
    uni.run()
    uni.crm.clear_faults()
    uni.edit_contact(uni.ada, Employer__c="Navy")
    uni.run()
    assert [uni.account("a1")[name] for name in ("last_name", "title", "employer")] == ["Lovelace", "President", "Navy"]
    assert uni.one("Suggested_Change__c")["State__c"] == "Open"
