"""Stories on composed mappings: what a platform or a CRM flavour keeps elsewhere, or not at all, changes no law."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from connector.core.rulebook import Rulebook
from connector.engine.report import status
from connector.errors import Halt
from connector.rules import load_rules
from connector.rules.compose import compose
from tests.engine.university import University
from tests.systems import MAPPINGS, flavoured


def rules_of(folder: Path, overlay: str) -> Rulebook:
    """The shipped mapping with an overlay, compiled."""
    shutil.copytree(MAPPINGS, folder)
    person = compose("person", (MAPPINGS / "person.toml").read_text(), overlay)
    (folder / "person.toml").write_text(person)
    return load_rules(folder)


@pytest.fixture
def without_consents(tmp_path: Path) -> University:
    """A university whose career system knows nothing of consents; one alumna, linked; the bridge is live."""
    names = ("career_asks", "mentoring", "events", "surveys")
    overlay = "".join(f'[field.consent_{name}]\ncareer = ""\n\n' for name in names)
    uni = University(state=tmp_path / "state.db", rules=rules_of(tmp_path / "mappings", overlay))
    uni.ada = uni.alumna()[0]
    uni.go_live()
    return uni


def test_a_consent_that_only_the_crm_knows_carries_what_is_shared(without_consents: University) -> None:
    """Law: what is shared by consent is shared while the CRM says yes, and ends when it says no; careers have no say."""
    uni = without_consents
    uni.edit_contact(uni.ada, MailingStreet="1 Main St", MailingCity="Boston")
    uni.edit_person("a1", {"consents.career_asks": False})
    uni.run()
    assert uni.account("a1")["address"]["city"] == "Boston"
    uni.edit_contact(uni.ada, Consent_Career_Asks__c="No")
    uni.run()
    uni.run()
    assert set(uni.account("a1")["address"].values()) == {None}
    assert not uni.profile().get("Opt_Out_Career_Asks__c")


@pytest.mark.parametrize(("consent", "neutral"), [("Yes", "received"), ("No", "not available")])
def test_a_consent_that_only_the_crm_knows_stops_requests(without_consents: University, consent: str, neutral: str) -> None:
    """Law: an ask for a purpose that the CRM holds as withdrawn never reaches an officer."""
    uni = without_consents
    uni.edit_contact(uni.ada, Consent_Mentoring__c=consent)
    uni.run()
    request = uni.file()
    uni.run()
    assert uni.told(request)["state"] == neutral
    assert len(uni.all("Task")) == (consent == "Yes")


def test_an_org_with_person_accounts_is_refused(new: University) -> None:
    """Law: where people may be Person Accounts nothing is read of anybody."""
    new.alumna()
    calls = new.crm.call_count()
    new.crm.define_field("Contact", "IsPersonAccount", type="boolean", permissionable=False)
    with pytest.raises(Halt) as refused:
        new.prepare()
    assert refused.value.subject == "Contact.IsPersonAccount"
    assert new.crm.call_count() - calls == 1, "the first look is the last"


def test_an_org_that_turns_on_person_accounts_is_refused(uni: University) -> None:
    """Law: a running bridge looks at each sweep whether people may be Person Accounts, and then leaves the org alone."""
    uni.crm.define_field("Contact", "IsPersonAccount", type="boolean", permissionable=False)
    uni.sweep()
    assert [(row["subject"], "IsPersonAccount" in row["reason"]) for row in status(uni.ctx)["halted"]] == [("crm", True)]
    calls = uni.crm.call_count()
    uni.run()
    assert uni.crm.call_count() == calls


@pytest.fixture
def household(tmp_path: Path) -> University:
    """A university on NPSP: Ada and Byron live together, Ada has an account ``a1``, linked; the bridge is live."""
    uni = University(state=tmp_path / "state.db", flavour="npsp", rules=flavoured("npsp"))
    consents = dict.fromkeys((f"Consent_{name}__c" for name in ("Career_Asks", "Mentoring", "Events", "Surveys")), "Yes")
    ada = {"University_ID__c": "U1001", "FirstName": "Ada", "LastName": "Lovelace", "MailingCity": "London"} | consents
    uni.ada = uni.crm.create_as(uni.officer, "Contact", ada | {"Email": "ada@example.org"})
    home = uni.crm.row(uni.ada)["AccountId"]
    uni.grace = uni.crm.create_as(uni.officer, "Contact", {"LastName": "Byron", "FirstName": "George", "AccountId": home})
    employer = uni.crm.create_as(uni.officer, "Account", {"Name": "Analytical Engines"})
    uni.edit(uni.ada, npsp__Primary_Affiliation__c=employer)
    uni.person("a1", institution_id="U1001", first_name="Ada", last_name="Lovelace", email_personal="ada@example.org")
    uni.go_live()
    return uni


def test_under_npsp_the_household_moves(household: University) -> None:
    """Law: an address that a member of the household is given reaches careers as that of everybody who lives there."""
    uni = household
    assert (uni.account("a1")["address"]["city"], uni.account("a1")["employer"]) == ("London", "Analytical Engines")
    uni.edit(uni.grace, MailingCity="Ravenna")
    uni.run()
    assert uni.account("a1")["address"]["city"] == "Ravenna"


def test_under_npsp_an_address_is_suggested_where_it_can_be_kept(household: University) -> None:
    """Law: Email is only read; an edit of the personal address is suggested for NPSP's own field, and Email follows it."""
    uni = household
    uni.edit_person("a1", {"email_personal": "ada@new.example.org"})
    uni.run()
    asked = uni.one("Suggested_Change__c")
    assert "npe01__HomeEmail__c" in asked["Field__c"]
    assert "Email" not in asked["Field__c"].split(", ")
    uni.edit(uni.ada, npe01__HomeEmail__c="ada@new.example.org")
    assert uni.crm.row(uni.ada)["Email"] == "ada@new.example.org"
    uni.run()
    assert uni.one("Suggested_Change__c")["State__c"] == "Accepted"


def test_under_eda_disclosure_is_respected(tmp_path: Path) -> None:
    """Law: of whoever has opted out of disclosure (FERPA) nothing new goes to careers, but restrictions do."""
    uni = University(state=tmp_path / "state.db", flavour="eda", rules=flavoured("eda"))
    values = {"University_ID__c": "U1001", "FirstName": "Ada", "LastName": "Lovelace", "hed__AlternateEmail__c": "a@example.org"}
    uni.ada = uni.crm.create_as(uni.officer, "Contact", values | {"Title": "Analyst"})
    uni.person("a1", institution_id="U1001", first_name="Ada", last_name="Lovelace", email_personal="a@example.org")
    uni.go_live()
    assert uni.account("a1")["title"] == "Analyst"
    uni.edit(uni.ada, hed__FERPA__c=True, Title="Countess", hed__Do_Not_Contact__c=True)
    uni.run()
    uni.run()
    assert (uni.account("a1")["title"], uni.account("a1")["do_not_contact"]) == ("Analyst", True)
