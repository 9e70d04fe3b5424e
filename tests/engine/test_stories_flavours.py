"""Stories on composed mappings: what a platform or a CRM flavour keeps elsewhere, or not at all, changes no law."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from connector.rules import Rulebook, load_rules
from connector.rules.compose import compose
from tests.engine.university import University
from tests.systems import MAPPINGS


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
