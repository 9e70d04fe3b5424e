"""What the demo says of a contact is what the bridge reads of it, whatever the org is built on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from connector.beginning import flavours
from connector.ports import Feed, Record
from demo.doors import OrgUser
from demo.flavour import FLAVOURS, Flavour
from demo.people import Person
from emulator.running import running
from emulator.salesforce.org import Org
from emulator.salesforce.settings import Settings
from tests.engine.university import University
from tests.systems import flavoured

ADA: Mapping[str, Any] = {
    "FirstName": "Ada",
    "LastName": "Lovelace",
    "Personal_Email__c": "ada@home.example.org",
    "University_Email__c": "ada@alumni.example.edu",
    "Work_Email__c": "ada@engines.example.com",
    "Phone": "617 555 0100",
    "MailingStreet": "1 Main St",
    "MailingCity": "Ithaca",
    "MailingPostalCode": "14850",
    "Employer__c": "Engines & Sons",
    "Title": "Countess",
    "Degree__c": "BA",
    "Class_Year__c": 2004,
    "Deceased__c": False,
    "Consent_Events__c": "Yes",
}
BYRON = {name: ADA[name] for name in ("MailingStreet", "MailingCity", "MailingPostalCode")} | {"LastName": "Byron"}


class Loaded:
    """An org of one flavour with Ada and Byron in it, loaded as the demo loads them; each contact's id by its record's."""

    def __init__(self, uni: University, flavour: Flavour, administrator: OrgUser, officer: OrgUser) -> None:
        self.uni, self.flavour, self.officer = uni, flavour, officer
        people = [Person(record_id="ada", values=ADA), Person(record_id="byron", values=BYRON)]
        flavour.prepare(administrator, people)
        self.ids = {one.record_id: administrator.create("Contact", flavour.new(administrator, one.values)) for one in people}
        flavour.settle(administrator, people, self.ids)

    def said(self, contact: str) -> dict[str, Any]:
        """What the bridge reads of a contact, in the words of the input; years as numbers."""
        page = self.uni.crm_side.read({Feed.CONTACT: ""})[Feed.CONTACT]
        record: Record = next(one for one in page.records if one.id == contact)
        told = {name: record.fields[self.flavour.fields.get(name, name)] for name in ADA}
        return told | {"Class_Year__c": told["Class_Year__c"] and int(str(told["Class_Year__c"]).removesuffix(".0"))}


@pytest.fixture(params=sorted(FLAVOURS))
def loaded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Loaded]:
    """See ``Loaded``; once for each flavour."""
    uni = University(state=tmp_path / "state.db", flavour=request.param, rules=flavoured(request.param))
    uni.crm.connected_app("a browser")
    with running(org=uni.org, folder=tmp_path) as found:
        names = [str(uni.crm.row(id_)["Username"]) for id_ in (uni.org.admin_id, uni.officer)]
        door, file = found.salesforce_url, found.authority
        administrator, officer = (OrgUser(door, file, username=name, password="demo") for name in names)
        yield Loaded(uni, FLAVOURS[request.param](), administrator, officer)


def test_the_demo_plays_on_every_flavour() -> None:
    """Law: whatever ``init`` composes a mapping for, the demo can be played on."""
    assert set(FLAVOURS) == set(flavours())


@pytest.mark.parametrize("name", sorted(FLAVOURS))
def test_the_org_gets_the_fields_that_its_mapping_reads(name: str) -> None:
    """Law: what the package of a flavour does not bring, the university adds; nothing is added that is kept elsewhere."""
    flavour, person = FLAVOURS[name](), flavoured(name).person
    brought = {one.name for one in Org(settings=Settings(flavour=name)).sobject("Contact").fields}
    added = set(flavour.own_fields())
    assert {one for one in person.contact_fields() if "." not in one} <= brought | added
    assert not brought & added
    assert set(flavour.fields.values()) <= set(person.contact_fields())


def test_what_is_loaded_is_what_the_bridge_reads(loaded: Loaded) -> None:
    """Law: each value of the input comes back where the mapping of this flavour looks for it."""
    assert loaded.said(loaded.ids["ada"]) == ADA


def test_what_an_officer_edits_is_what_the_bridge_reads(loaded: Loaded) -> None:
    """Law: an edit by the input's words, or by the paths that a suggestion names, reaches the right record."""
    flavour, ada = loaded.flavour, loaded.ids["ada"]
    flavour.edit(loaded.officer, ada, {"Employer__c": "Harbour Analytics", "Work_Email__c": "ada@harbour.example.com"})
    assert loaded.said(ada) == {**ADA, "Employer__c": "Harbour Analytics", "Work_Email__c": "ada@harbour.example.com"}
    suggested = {"Employer__c": "Engines & Sons", "Class_Year__c": 2005, "Degree__c": "MA", "Title": "Head of Data"}
    flavour.edit(loaded.officer, ada, {flavour.fields.get(name, name): value for name, value in suggested.items()})
    assert loaded.said(ada) == {**ADA, "Work_Email__c": "ada@harbour.example.com", **suggested}


def test_what_a_steward_enters_is_what_the_bridge_reads(loaded: Loaded) -> None:
    """Law: a proposed contact, with the values as a suggestion names them, is entered whole."""
    flavour = loaded.flavour
    entered = {flavour.fields.get(name, name): value for name, value in ADA.items()}
    assert loaded.said(flavour.create(loaded.officer, entered)) == ADA


@pytest.mark.parametrize("loaded", ["npsp"], indirect=True)
def test_under_npsp_people_of_one_address_are_a_household(loaded: Loaded) -> None:
    """Law: whoever lives where somebody lives already is in that household."""
    ada, byron = (loaded.uni.crm.row(loaded.ids[name]) for name in ("ada", "byron"))
    assert ada["AccountId"] == byron["AccountId"]
