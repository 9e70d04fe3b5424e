"""Stories of values that stand beside the contact: enrolments, programs and affiliations under EDA, affiliations under NPSP."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from connector.administration import notes
from connector.core.model import Side
from connector.core.rulebook import Persons, Source
from connector.errors import Halt
from connector.rules.transforms import build
from connector.salesforce.side import SalesforceSide
from tests.engine.university import University
from tests.systems import flavoured

ADA = {
    "University_ID__c": "U1001",
    "FirstName": "Ada",
    "LastName": "Lovelace",
    "MobilePhone": "+16175550123",
    "Title": "Analyst",
    "Consent_Career_Asks__c": "Yes",
    "Consent_Mentoring__c": "Yes",
    "Consent_Events__c": "Yes",
    "Consent_Surveys__c": "Yes",
}
KNOWN: dict[str, Any] = {"institution_id": "U1001", "first_name": "Ada", "last_name": "Lovelace", "phone_mobile": "+16175550123"}


class Eda(University):
    """A university on EDA: one alumna with an enrolment, an employer and an account ``a1``, linked; the bridge is live."""

    program: str = ""
    employer: str = ""
    enrolment: str = ""

    def settle(self, colleagues: int = 0) -> Eda:
        """People at work in the org, each through its triggers; then the bridge goes live. Colleagues share the employer."""
        self.program = self.make("Account", Name="BA Mathematics", RecordTypeId=self.type("Academic Program"))
        self.employer = self.make("Account", Name="Analytical Engines", RecordTypeId=self.type("Business Organization"))
        self.ada = self.make("Contact", **ADA, hed__AlternateEmail__c="ada@example.org")
        self.enrolment = self.enrol(self.program, "2005")
        self.affiliate(self.employer)
        self.person("a1", **KNOWN, email_personal="ada@example.org", class_year=2005, degree="BA Mathematics")
        for number in range(2, colleagues + 2):
            name, id, phone = f"Anne {'I' * number}", f"U200{number}", f"+1202555018{number}"
            contact = self.make("Contact", **ADA | {"University_ID__c": id, "FirstName": name, "MobilePhone": phone})
            self.make("hed__Affiliation__c", hed__Contact__c=contact, hed__Account__c=self.employer, hed__Primary__c=True)
            self.person(f"a{number}", **KNOWN | {"institution_id": id, "first_name": name, "phone_mobile": phone})
        self.go_live()
        return self

    def make(self, sobject: str, **values: Any) -> str:
        """An officer creates a record."""
        return self.crm.create_as(self.officer, sobject, values)

    def type(self, name: str) -> str:
        """A record type of accounts."""
        return str(self.one("RecordType", Name=name)["Id"])

    def enrol(self, program: str, year: str) -> str:
        """An enrolment of Ada's."""
        values = {"hed__Contact__c": self.ada, "hed__Account__c": program, "hed__Graduation_Year__c": year}
        return self.make("hed__Program_Enrollment__c", **values)

    def affiliate(self, account: str) -> str:
        """A primary affiliation of Ada's."""
        return self.make("hed__Affiliation__c", hed__Contact__c=self.ada, hed__Account__c=account, hed__Primary__c=True)

    def studies(self) -> tuple[Any, Any, Any]:
        """Class year, degree and employer as careers read them."""
        account = self.account("a1")
        return account["class_year"], account["degree"], account["employer"]


@pytest.fixture
def uni(tmp_path: Path) -> Eda:
    """See ``Eda``."""
    return Eda(state=tmp_path / "state.db", flavour="eda", rules=flavoured("eda")).settle()


def test_values_beside_the_contact_reach_careers(uni: Eda) -> None:
    """Law: what stands on an enrolment, its program or an organisation is shared like a field of the contact."""
    assert uni.studies() == (2005, "BA Mathematics", "Analytical Engines")
    assert uni.contact_writes() == 0


def test_an_enrolment_that_is_added_edited_or_deleted_is_followed(uni: Eda) -> None:
    """Law: in the next cycle careers have what the enrolment that now counts says; the contact itself was not touched."""
    stamp = uni.crm.row(uni.ada)["SystemModstamp"]
    later = uni.enrol(uni.make("Account", Name="MSc Computing"), "2010")
    uni.run()
    assert uni.studies()[:2] == (2010, "MSc Computing")
    uni.edit(later, hed__Graduation_Year__c="2011")
    uni.run()
    assert uni.studies()[:2] == (2011, "MSc Computing")
    uni.crm.delete_as(uni.officer, later)
    uni.run()
    assert uni.studies()[:2] == (2005, "BA Mathematics")
    assert uni.crm.row(uni.ada)["SystemModstamp"] == stamp


def test_the_last_enrolment_that_goes_leaves_nothing(uni: Eda) -> None:
    """Law: without an enrolment there is no class year: known to be empty, and cleared at careers as the mapping says."""
    uni.crm.delete_as(uni.officer, uni.enrolment)
    uni.run()
    assert uni.studies()[:2] == (None, None)


def test_a_parent_that_is_renamed_is_followed(uni: Eda) -> None:
    """Law: a new name of an organisation, or of a program, is read at the contact that it stands beside."""
    uni.edit(uni.employer, Name="Difference Engines")
    uni.edit(uni.program, Name="BA Applied Mathematics")
    uni.run()
    assert uni.studies() == (2005, "BA Applied Mathematics", "Difference Engines")


def test_a_primary_affiliation_that_changes_is_followed(uni: Eda) -> None:
    """Law: the trigger moves the contact, and with it the employer; without one there is none."""
    second = uni.affiliate(uni.make("Account", Name="Royal Society", RecordTypeId=uni.type("Business Organization")))
    uni.run()
    assert uni.studies()[2] == "Royal Society"
    uni.crm.delete_as(uni.officer, second)
    uni.run()
    assert uni.studies()[2] is None


def test_a_late_commit_beside_the_contact_is_not_lost(uni: Eda) -> None:
    """Law: an edit of an enrolment that commits minutes after its stamp is met, as one of a contact is."""
    uni.crm.late_edit_as(uni.officer, uni.enrolment, {"hed__Graduation_Year__c": "2006"}, seconds=600)
    for _ in range(9):
        uni.run()
    assert uni.studies()[0] == 2005
    uni.run(seconds=120)
    assert uni.studies()[0] == 2006


def test_an_edit_at_careers_becomes_a_suggestion_that_names_the_place(uni: Eda) -> None:
    """Law: staff are told on which record the value stands; once they have changed it there, the suggestion is accepted."""
    uni.edit_person("a1", {"class_year": 2007})
    uni.run()
    asked = uni.one("Suggested_Change__c")
    assert asked["Field_Label__c"] == "Class year (on: program enrolment)"
    assert json.loads(asked["Suggested_Values__c"]) == {"hed__Program_Enrollments__r.hed__Graduation_Year__c": "2007"}
    assert uni.studies()[0] == 2005
    uni.edit(uni.enrolment, hed__Graduation_Year__c="2007")
    uni.run()
    assert uni.one("Suggested_Change__c")["State__c"] == "Accepted"
    assert uni.studies()[0] == 2007


def test_a_suggestion_about_several_places_names_each(uni: Eda) -> None:
    """Law: in a group whose fields stand on different records, each line says where."""
    uni.edit_person("a1", {"employer": "Royal Society", "title": "Countess"})
    uni.run()
    asked = uni.one("Suggested_Change__c")
    assert asked["Suggested__c"].splitlines() == [
        "Employer (on: primary affiliation (business organisation)): Royal Society",
        "Job title: Countess",
    ]


def test_an_organisation_that_is_hidden_is_not_gone(uni: Eda) -> None:
    """Law: a parent that our user may not see makes no value, neither the old nor an empty one: careers keep what they have."""
    uni.crm.set_sharing("Account", "Private")
    uni.crm.grant_object("Account", "r", holder="Alumni_Bridge_Daemon")
    uni.edit_contact(uni.ada, Title="Countess")
    uni.run()
    uni.run()
    assert uni.studies()[1:] == ("BA Mathematics", "Analytical Engines")


@pytest.mark.parametrize("condition", ["exclude", "require"])
def test_who_is_eligible_by_an_organisation_that_is_hidden_is_unknown(uni: Eda, condition: str) -> None:
    """Law: a condition on a record that our user may not see is neither met nor missed: nothing goes, nothing is cleared."""
    met = condition == "require"
    there = replace(build("text", {}, side=Side.CRM), read=lambda native: (native == "Analytical Engines") is met)
    field: dict[str, Any] = {"crm": "hed__Primary_Organization__r.Name", "crm_transform": there}
    source = Source(name="member", label="Member", career=None, career_transform=there, **field)
    usual = uni.rules.persons.usual
    more: dict[str, Any] = {condition: (*getattr(usual.eligibility, condition), source)}
    persons = Persons(usual=replace(usual, eligibility=replace(usual.eligibility, **more), reads=(*usual.reads, source)))
    uni.take_into_force(persons=persons, hash="after")
    uni.edit_contact(uni.ada, MailingStreet="1 Main St", MailingCity="Boston")
    uni.run()
    assert uni.account("a1")["address"]["city"] == "Boston"
    uni.crm.set_sharing("Account", "Private")
    uni.crm.grant_object("Account", "r", holder="Alumni_Bridge_Daemon")
    uni.edit_contact(uni.ada, MailingCity="Salem")
    uni.run()
    uni.run()
    assert (uni.account("a1")["address"]["city"], uni.notes()) == ("Boston", [])


def test_a_quiet_cycle_costs_no_more(uni: Eda) -> None:
    """Law: three kinds of record are followed within the two calls that the feeds cost anyway."""
    for _ in range(4):
        uni.run()
    before = uni.crm.call_count()
    done = uni.run()
    assert done.read["crm"] == 0
    # Two for the feeds; the rest of a cycle asks nothing.
    assert uni.crm.call_count() - before == 2


def test_check_names_what_does_not_fit_beside_the_contact(uni: Eda) -> None:
    """Law: a field that is not shown, a way that leads elsewhere, and rights that are too many are each named."""
    person = uni.rules.person
    uni.crm_side.check(person.contact_fields(), person.profile_fields())
    assert uni.crm_side.writable_by_us() == []
    assert notes(uni.rules.persons) == []
    uni.clock.move(timedelta(seconds=1))
    uni.crm.grant_object("Account", "rev", holder="Alumni_Bridge_Daemon")
    uni.crm.grant_field("hed__Program_Enrollment__c.hed__Graduation_Year__c", "", holder="Alumni_Bridge_Daemon")
    assert uni.crm_side.writable_by_us() == ["Account"]
    with pytest.raises(Halt) as raised:
        uni.crm_side.check(person.contact_fields(), person.profile_fields())
    assert raised.value.subject == "hed__Program_Enrollment__c.hed__Graduation_Year__c (missing)"
    elsewhere = [replace(one, link="OwnerId", fields=(), followed=False) for one in person.related if one.below is None]
    wrong = SalesforceSide(uni.crm_side._client, uni.ctx.clock, contact_fields=[], related=elsewhere)
    with pytest.raises(Halt) as raised:
        wrong.check([], [])
    assert raised.value.subject.split(", ")[:2] == [
        "Contact.hed__Primary_Organization__r (not a relationship to Account by OwnerId)",
        "Contact.hed__Program_Enrollments__r (not a relationship to hed__Program_Enrollment__c by OwnerId)",
    ]
    unwatched = replace(person, related=tuple(replace(one, followed=False) for one in person.related))
    assert notes(Persons(usual=unwatched))[0].startswith("hed__Primary_Organization__r is read and not in watch")


@pytest.mark.parametrize("page", [2000, 2])
def test_many_contacts_of_one_organisation_are_read_page_by_page(tmp_path: Path, page: int) -> None:
    """Law: however many contacts stand beside a changed record, all are read, and none is forgotten between two pages."""
    uni = Eda(state=tmp_path / "state.db", flavour="eda", rules=flavoured("eda"), page=page).settle(colleagues=6)
    assert {uni.account(f"a{number}")["employer"] for number in range(1, 8)} == {"Analytical Engines"}
    uni.edit(uni.employer, Name="Difference Engines")
    uni.run()
    assert {uni.account(f"a{number}")["employer"] for number in range(1, 8)} == {"Difference Engines"}


class Dying(BaseException):
    """The process is gone."""


def test_a_death_between_two_pages_loses_no_contact(tmp_path: Path) -> None:
    """Law: wherever the process dies while the contacts of a changed record are read, a new one brings all of them."""
    uni = Eda(state=tmp_path / "state.db", flavour="eda", rules=flavoured("eda"), page=1).settle(colleagues=2)
    for death in count(1, 3):
        uni.clock.move(timedelta(hours=1))  # what is written more often is taken for a quarrel with another program
        name, left = f"Engines No. {death}", [death]

        def effect(left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] == 0:
                raise Dying

        uni.edit(uni.employer, Name=name)
        uni.effect = effect
        with suppress(Dying):
            uni.run()
        uni.effect = lambda: None
        uni.restart()
        uni.prepare()
        uni.run()
        uni.run()
        assert {uni.account(f"a{number}")["employer"] for number in (1, 2, 3)} == {name}, death
        if left[0] > 0:
            break  # the whole cycle has fewer effects
