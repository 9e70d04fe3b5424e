"""Stories about consent: whoever restricts, wins; and what was shared on a consent ends with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from connector.core.model import Side
from connector.core.rulebook import Source
from connector.engine.report import status
from connector.rules import load_rules
from connector.rules.transforms import build
from emulator.career.errors import invalid
from emulator.inprocess import WireFault
from tests.engine.test_stories_mapping_changes import of_person
from tests.engine.university import University
from tests.simulation.variants import mapping_files
from tests.systems import rulebook

PURPOSES = {
    "consents.mentoring": "Opt_Out_Mentoring__c",
    "consents.career_asks": "Opt_Out_Career_Asks__c",
    "consents.events": "Opt_Out_Events__c",
    "consents.surveys": "Opt_Out_Surveys__c",
}


@pytest.mark.parametrize(("path", "flag"), PURPOSES.items())
def test_an_opt_out_at_careers_is_kept_on_the_profile(uni: University, path: str, flag: str) -> None:
    """A careers opt-out stands on the career profile within the same cycle, for its purpose only; the contact is untouched."""
    uni.edit_person("a1", {path: False})
    uni.run()
    assert {name: uni.profile()[name] for name in PURPOSES.values()} == {name: name == flag for name in PURPOSES.values()}
    assert not uni.profile()["Opt_Out_All__c"]
    assert uni.account("a1")["consents"][path.removeprefix("consents.")] is False
    assert uni.contact_writes() == 0


def test_an_opt_out_goes_before_every_other_change(uni: University) -> None:
    """Of everything that one cycle writes about a person, the opt-out is written first."""
    uni.edit_contact(uni.ada, Title="Director")
    uni.edit_person("a1", {"consents.mentoring": False, "interests": ["poetry"], "linkedin_url": "https://linkedin.com/in/ada"})
    seen = len(uni.org.writes)
    uni.run()
    first = next(write for write in uni.org.writes[seen:] if write.user_id == uni.bridge_user)
    assert (first.sobject, set(first.fields)) == ("Career_Profile__c", {"Opt_Out_Mentoring__c"})
    assert uni.profile()["Interests__c"] == "poetry"
    assert uni.account("a1")["title"] == "Director"


def test_an_opt_out_of_somebody_without_a_profile_is_kept_at_once(new: University) -> None:
    """An opt-out that stands at careers from the beginning is on the profile when the profile first exists."""
    new.alumna(mentoring=True)
    new.career.seed("person", [])
    new.edit_person("a1", {"consents.mentoring": False})
    new.go_live()
    assert new.profile()["Opt_Out_Mentoring__c"]


def test_a_restriction_that_is_refused_is_tried_once_in_a_cycle(uni: University) -> None:
    """Refused for good, it holds up nothing else, stays among the refused, and comes again when something moves (I37)."""
    refusal = uni.crm.order_refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION", sobject="Career_Profile__c", count=99)
    uni.edit_person("a1", {"consents.mentoring": False})
    uni.edit_contact(uni.ada, Title="Director")
    uni.run()
    assert (refusal.struck, len(status(uni.ctx)["refused"])) == (1, 1)
    assert uni.account("a1")["title"] == "Director"
    uni.run()
    assert refusal.struck == 1
    uni.crm.clear_faults()
    uni.edit_contact(uni.ada, Title="Countess")
    uni.run()
    assert uni.profile()["Opt_Out_Mentoring__c"]
    assert status(uni.ctx)["refused"] == []


def test_a_new_restriction_does_not_wait_behind_a_refused_one(pair: University) -> None:
    """Law: no brake holds a restriction, also of a person of whom a side has refused another one."""
    brakes = {side: replace(known, max_changes=0) for side, known in rulebook().person.brakes.items()}
    pair.take_into_force(persons=of_person(brakes=brakes), hash="brake")
    refusal = pair.crm.order_refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION", sobject="Career_Profile__c", count=99)
    pair.edit_person("a1", {"consents.mentoring": False})
    pair.run()
    pair.edit_contact(pair.grace, Title="Director")
    pair.run()
    assert (refusal.struck, pair.account("a2")["title"]) == (1, "Admiral")
    for contact in (pair.ada, pair.grace):
        pair.edit_contact(contact, Do_Not_Contact__c=True)
    pair.run()
    assert [pair.account(id)["do_not_contact"] for id in ("a1", "a2")] == [True, True]


def test_restrictions_that_are_refused_one_after_the_other_hold_up_nothing(uni: University) -> None:
    """Law: none is tried twice in a cycle, and every other change of that person goes out in it."""
    refusal = uni.crm.order_refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION", sobject="Career_Profile__c", count=99)
    for tried, (consent, title) in enumerate(
        [("mentoring", "Director"), ("events", "President"), ("surveys", "Countess")], start=1
    ):
        uni.edit_person("a1", {f"consents.{consent}": False})
        uni.edit_contact(uni.ada, Title=title)
        before = refusal.struck
        uni.run()
        assert uni.account("a1")["title"] == title
        assert refusal.struck - before <= tried


def test_lifting_an_opt_out_clears_the_flag(uni: University) -> None:
    """Careers lift what careers set: the flag goes, and the contact's consent counts again."""
    uni.edit_person("a1", {"consents.mentoring": False})
    uni.run()
    uni.edit_person("a1", {"consents.mentoring": True})
    uni.run()
    assert not uni.profile()["Opt_Out_Mentoring__c"]


def test_a_restriction_in_the_crm_reaches_careers(uni: University) -> None:
    """A consent that Alumni Relations record as withdrawn is withdrawn at careers after the next cycle."""
    uni.edit_contact(uni.ada, Consent_Mentoring__c="No")
    uni.run()
    assert uni.account("a1")["consents"]["mentoring"] is False


def test_careers_cannot_lift_a_restriction_of_the_crm(uni: University) -> None:
    """A restriction of Alumni Relations is set again where careers lift it, and a staff note says why."""
    uni.edit_contact(uni.ada, Consent_Mentoring__c="No")
    uni.run()
    uni.edit_person("a1", {"consents.mentoring": True})
    uni.run()
    assert uni.account("a1")["consents"]["mentoring"] is False
    assert len(uni.notes()) == 1


def test_lifting_a_restriction_in_the_crm_lifts_nothing_at_careers(uni: University) -> None:
    """Each side lifts its own: when the CRM lifts, careers keep the restriction, the flag is set, and a note tells staff."""
    uni.edit_contact(uni.ada, Consent_Mentoring__c="No")
    uni.run()
    uni.edit_contact(uni.ada, Consent_Mentoring__c="Yes")
    uni.run()
    assert uni.account("a1")["consents"]["mentoring"] is False
    assert uni.profile()["Opt_Out_Mentoring__c"]
    assert len(uni.notes()) == 1


def test_a_global_opt_out_is_an_urgent_question(uni: University) -> None:
    """Do-not-contact at careers: the flag is set at once and staff are asked urgently, since only people edit contacts."""
    uni.edit_person("a1", {"do_not_contact": True})
    uni.run()
    row = uni.one("Suggested_Change__c")
    assert (row["Kind__c"], row["Urgent__c"], row["State__c"]) == ("Opt-out", True, "Open")
    assert uni.profile()["Opt_Out_All__c"]
    assert not uni.crm.row(uni.ada)["Do_Not_Contact__c"]
    uni.edit_contact(uni.ada, Do_Not_Contact__c=True)
    uni.run()
    uni.run()
    assert uni.one("Suggested_Change__c")["State__c"] == "Accepted"


def test_rejecting_a_global_opt_out_does_not_lift_it(uni: University) -> None:
    """Staff may refuse to enter a global opt-out on the contact; careers' restriction and the flag stand all the same."""
    uni.edit_person("a1", {"do_not_contact": True})
    uni.run()
    uni.edit(uni.one("Suggested_Change__c")["Id"], Decision__c="Reject", Reason__c="Not verified")
    uni.run()
    uni.run()
    assert uni.one("Suggested_Change__c")["State__c"] == "Rejected"
    assert uni.profile()["Opt_Out_All__c"]
    assert uni.account("a1")["do_not_contact"] is True


def test_death_reaches_careers(uni: University) -> None:
    """A death recorded by Alumni Relations reaches careers, and nothing else about the person is sent from then on."""
    uni.edit_contact(uni.ada, Deceased__c=True)
    uni.run()
    assert uni.account("a1")["deceased"] is True
    uni.edit_contact(uni.ada, Title="Countess")
    uni.run()
    assert uni.account("a1")["title"] == "Analyst"


def test_what_waits_is_judged_before_it_goes(uni: University) -> None:
    """A value that could not be sent stays here if what is read next forbids it (I6); what it restricts goes all the same."""
    uni.edit_contact(uni.ada, Title="Countess")
    uni.career_wire.order(WireFault.REFUSE, "POST .*people/batch", count=100)
    uni.run()
    uni.career_wire.orders.clear()
    uni.edit_contact(uni.ada, Deceased__c=True)
    uni.run(seconds=7200)
    assert (uni.account("a1")["deceased"], uni.account("a1")["title"]) == (True, "Analyst")


def test_no_contact_reaches_careers_and_ends_sharing(uni: University) -> None:
    """Do-not-contact in the CRM is told to careers although the person is no longer eligible for anything else."""
    uni.edit_contact(uni.ada, Do_Not_Contact__c=True)
    uni.run()
    uni.edit_contact(uni.ada, Title="Countess")
    uni.run()
    assert (uni.account("a1")["do_not_contact"], uni.account("a1")["title"]) == (True, "Analyst")


def test_no_contact_recorded_by_careers_ends_sharing_too(uni: University) -> None:
    """Law: whoever recorded it, also where staff would not enter it; what it held back goes once careers lift it."""
    uni.edit_person("a1", {"do_not_contact": True})
    uni.run()
    uni.edit(uni.one("Suggested_Change__c")["Id"], Decision__c="Reject", Reason__c="Not verified")
    uni.run()
    assert uni.profile()["Opt_Out_All__c"]
    uni.edit_contact(uni.ada, Personal_Email__c="ada@new.example.org", Title="Countess")
    uni.run()
    assert (uni.account("a1")["email_personal"], uni.account("a1")["title"]) == ("ada@example.org", "Analyst")
    uni.edit_person("a1", {"do_not_contact": False})
    uni.run()
    assert (uni.account("a1")["email_personal"], uni.account("a1")["title"]) == ("ada@new.example.org", "Countess")


def test_a_careers_no_counts_though_the_contacts_consent_cannot_be_read(uni: University) -> None:
    """Law: it stands on the profile and ends sharing, also where nobody can tell what the contact says."""
    uni.edit_contact(uni.ada, MailingStreet="1 Main St", MailingCity="Boston")
    uni.run()
    uni.edit_contact(uni.ada, Consent_Career_Asks__c="Ask her")
    uni.edit_person("a1", {"consents.career_asks": False})
    uni.run()
    uni.run()
    assert (uni.profile()["Opt_Out_Career_Asks__c"], uni.account("a1")["address"]["city"]) == (True, None)


def test_who_died_is_excluded_though_the_class_year_cannot_be_read(uni: University) -> None:
    """Law: what excludes is enough by itself; that something else is not known spares nothing."""
    year = {f"{side}_transform": build("year", {}, side=side) for side in Side}
    source = Source(name="major", label="Major", crm="Major__c", career=None, **year)
    eligibility = replace(rulebook().person.eligibility, class_year=source, class_year_from=2000)
    uni.edit_contact(uni.ada, Major__c="2005", MailingCity="Boston")
    uni.take_into_force(persons=of_person(eligibility=eligibility), hash="from 2000")
    uni.run()
    assert uni.account("a1")["address"]["city"] == "Boston"
    uni.edit_contact(uni.ada, Major__c="n/a", Deceased__c=True)
    uni.run()
    uni.run()
    assert uni.account("a1")["address"]["city"] is None


def test_a_restriction_that_we_lift_shares_what_it_held_back(uni: University) -> None:
    """A restriction that came from the CRM and that we take back from careers: what it held back goes in the same cycle."""
    for consent in ("No", "Yes"):
        uni.edit_contact(uni.ada, Consent_Career_Asks__c=consent)
        uni.run()
    uni.edit_contact(uni.ada, MobilePhone="+16175550199")
    uni.run()
    assert (uni.account("a1")["consents"]["career_asks"], uni.account("a1")["phone_mobile"]) == (False, "+16175550123")
    uni.edit_person("a1", {"consents.career_asks": None})
    uni.run()
    assert (uni.account("a1")["consents"]["career_asks"], uni.account("a1")["phone_mobile"]) == (True, "+16175550199")


def test_sharing_ends_with_the_consent(uni: University) -> None:
    """``on_withdrawn = clear``: the address that we supplied leaves careers when the consent that carried it does."""
    uni.edit_contact(uni.ada, MailingStreet="1 Main St", MailingCity="Boston")
    uni.run()
    assert uni.account("a1")["address"]["city"] == "Boston"
    uni.edit_contact(uni.ada, Consent_Career_Asks__c="No")
    uni.run()
    uni.run()
    assert set(uni.account("a1")["address"].values()) == {None}
    assert [note for note in uni.notes() if "Mailing address" in note]


def test_what_careers_knew_themselves_stays(uni: University) -> None:
    """When consent ends, only what we supplied is taken back: values that careers had entered stay theirs."""
    uni.edit_contact(uni.ada, Consent_Career_Asks__c="No")
    uni.run()
    uni.run()
    assert uni.account("a1")["email_personal"] == "ada@example.org"
    uni.edit_contact(uni.ada, Personal_Email__c="ada@new.example.org")
    uni.run()
    assert uni.account("a1")["email_personal"] == "ada@example.org"


def test_a_careers_opt_out_ends_sharing_too(uni: University) -> None:
    """An opt-out at careers for the purpose of a shared value ends sharing as a restriction of the CRM does."""
    uni.edit_contact(uni.ada, MailingStreet="1 Main St", MailingCity="Boston")
    uni.run()
    uni.edit_person("a1", {"consents.career_asks": False})
    uni.run()
    uni.run()
    assert set(uni.account("a1")["address"].values()) == {None}


def test_an_open_suggestion_is_withdrawn_when_sharing_ends(uni: University) -> None:
    """A question about a value that may no longer be shared is withdrawn."""
    uni.edit_person("a1", {"phone_mobile": "+16175550199"})
    uni.run()
    uni.edit_contact(uni.ada, Consent_Career_Asks__c="No")
    uni.run()
    uni.run()
    assert uni.one("Suggested_Change__c")["State__c"] == "Withdrawn"


def test_mass_opt_outs_are_applied_whatever_the_brakes_say(new: University) -> None:
    """Opt-outs respect nobody's limit: thirty at once are on their profiles within the cycle."""
    for number in range(30):
        new.alumna(f"m{number}", institution_id=f"M{number}", last=f"Person{number}x", personal=f"m{number}@example.org")
    new.go_live()
    for number in range(30):
        new.edit_person(f"m{number}", {"consents.mentoring": False})
    new.run()
    assert len(new.all("Career_Profile__c", Opt_Out_Mentoring__c=True)) == 30


@pytest.mark.parametrize("refused", [False, True])
def test_what_the_mapping_shares_no_more_is_not_sent(uni: University, tmp_path: Path, refused: bool) -> None:  # noqa: FBT001 - a case
    """A write that was decided under a wider mapping and still waits, or was refused, stays when it is tighter (I6)."""
    before = uni.account("a1")["title"]
    if refused:
        uni.career.refusals["a1"] = invalid("title", "Locked.")
    else:
        uni.career_wire.order(WireFault.REFUSE, "POST")
    uni.edit_contact(uni.ada, Title="Director")
    uni.run()
    uni.career.refusals.clear()
    for name, text in mapping_files("tight").items():
        (tmp_path / name).write_text(text)
    uni.rules = load_rules(tmp_path)
    uni.restart()
    uni.prepare()
    uni.run(seconds=7200)
    assert uni.account("a1")["title"] == before


def test_a_consent_that_cannot_be_read_for_a_while_doubles_no_note(uni: University) -> None:
    """Law: what was noted beside an account stands while the consent is unreadable, and is not noted again after it."""
    uni.edit_contact(uni.ada, MobilePhone="+16175550999")
    uni.run()
    noted = []
    for word in ("No", "Ask her", "No"):
        uni.edit_contact(uni.ada, Consent_Career_Asks__c=word)
        for _ in range(2):
            uni.run()
        noted.append(uni.notes())
    assert len(noted[0]) == 1
    assert noted[-1] == noted[0]
