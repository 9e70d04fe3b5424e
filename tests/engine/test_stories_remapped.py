"""Stories with a mapping that finds a field in another place: what was agreed about the former says nothing about the new one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connector.core.model import Mode, NullPolicy, OnWithdrawn, Owner, Share, Side
from connector.core.rulebook import Persons
from connector.engine import first_differences, planner, stage
from connector.engine.cycle import prepare, read_only
from connector.engine.report import status
from connector.rules.transforms import build
from connector.store import links
from connector.store.store import set_meta
from emulator.inprocess import WireFault
from tests.engine.university import University
from tests.systems import SYSTEM, rulebook

GIVEN = {"owner": Owner.ALUMNI_RELATIONS, "share": Share.ALWAYS, "to_career": Mode.WRITE, "null": NullPolicy.CLEAR}
"""What a unit of careers becomes when Alumni Relations take it over."""

ELSEWHERE: dict[str, tuple[str, dict[str, Any]]] = {
    "another field of the contact": ("preferred_name", {"crm": "Former_Last_Name__c"}),
    "another field at careers": ("preferred_name", {"career": "former_last_name"}),
    "of another office, on the contact": ("mentor_capacity", {"crm": "Class_Year__c", "on_profile": False, "unit": GIVEN}),
}
"""A field, and where it is found now."""


UPPER = {side: build("upper", {}, side=side) for side in Side}


@pytest.fixture
def uni(uni: University) -> University:
    """Both places of each field hold something."""
    uni.edit_contact(uni.ada, Preferred_Name__c="Countess", Former_Last_Name__c="Byron")
    uni.edit_person("a1", {"mentor_capacity": 3})
    uni.run()
    assert uni.profile()["Mentor_Capacity__c"] == 3
    return uni


def accounts(uni: University) -> tuple[Any, ...]:
    """What careers hold in these fields."""
    return tuple(uni.account("a1")[name] for name in ("preferred_name", "former_last_name", "mentor_capacity", "class_year"))


@pytest.mark.parametrize(("name", "more"), ELSEWHERE.values(), ids=ELSEWHERE)
def test_a_field_that_is_elsewhere_now_begins_anew(uni: University, name: str, more: dict[str, Any]) -> None:
    """Law: nothing is overwritten or emptied by it; where both sides differ, a person chooses, once."""
    before = accounts(uni)
    uni.regroup(name, (name,), **more)
    uni.run()
    assert accounts(uni) == before
    assert not uni.all("Suggested_Change__c")
    assert status(uni.ctx)["first_differences"] == {name: 1}
    assert first_differences.adopt(uni.ctx, name, "crm_wins") == 1
    uni.run()
    assert status(uni.ctx)["first_differences"] == {}


def test_what_both_sides_hold_in_the_new_place_is_agreed(uni: University) -> None:
    """Law: where they do not differ nobody is asked, and the owner's next move goes across."""
    uni.edit_contact(uni.ada, Former_Last_Name__c="Countess")
    uni.regroup("preferred_name", ("preferred_name",), crm="Former_Last_Name__c")
    uni.run()
    assert status(uni.ctx)["first_differences"] == {}
    uni.edit_contact(uni.ada, Former_Last_Name__c="Lady")
    uni.run()
    assert uni.account("a1")["preferred_name"] == "Lady"


def test_a_question_about_the_former_place_is_withdrawn(uni: University) -> None:
    """Law: it would be decided about a field that is not meant any more; another one gets a name of its own."""
    uni.edit_person("a1", {"preferred_name": "Lady"})
    uni.run()
    uni.regroup("preferred_name", ("preferred_name",), crm="Former_Last_Name__c")
    uni.run()
    assert [row["State__c"] for row in uni.all("Suggested_Change__c")] == ["Withdrawn"]
    first_differences.adopt(uni.ctx, "preferred_name", "crm_wins")
    uni.run()
    uni.edit_person("a1", {"preferred_name": "Ada"})
    uni.run()
    assert [row["State__c"] for row in uni.all("Suggested_Change__c")] == ["Withdrawn", "Open"]


def test_what_was_on_its_way_says_nothing_about_the_new_place(uni: University) -> None:
    """Law: a write that was decided under the former mapping moves no base of the new one."""
    uni.edit_contact(uni.ada, Preferred_Name__c="Lady")
    uni.die_sending()
    uni.edit_person("a1", {"preferred_name": "Lady"})
    uni.regroup("preferred_name", ("preferred_name",), crm="Former_Last_Name__c")
    uni.run()
    assert uni.account("a1")["preferred_name"] == "Lady"
    assert status(uni.ctx)["first_differences"] == {"preferred_name": 1}


def test_looking_at_another_mapping_forgets_nothing(uni: University) -> None:
    """Law: `plan` shows what would begin anew; with the former files back in place, nothing does."""
    uni.remap("preferred_name", ("preferred_name",), crm="Former_Last_Name__c")
    uni.restart()
    prepare(uni.ctx, "mapping", rehearsal=True)
    assert planner.plan(uni.ctx, dry=True).rows["first_difference"] == 1
    uni.regroup("preferred_name", ("preferred_name",))
    uni.run()
    assert status(uni.ctx)["first_differences"] == {}
    with uni.ctx.store.begin() as db:
        assert links.states_of(db, SYSTEM, ["a1"])["a1"]["preferred_name"].base is not None


def test_a_state_of_yesterday_begins_to_remember(uni: University) -> None:
    """Law: where it was never noted where fields are, they are where the mapping of the first start says."""
    with uni.ctx.store.begin() as db:
        set_meta(db, "places", None)
    uni.restart()
    uni.prepare()
    uni.regroup("preferred_name", ("preferred_name",), crm="Former_Last_Name__c")
    uni.run()
    assert status(uni.ctx)["first_differences"] == {"preferred_name": 1}


def rehearse(uni: University) -> None:
    """What `plan` does before going live."""
    prepare(uni.ctx, "mapping", rehearsal=True)
    read_only(uni.ctx)
    planner.plan(uni.ctx)


def test_what_was_learnt_before_going_live_is_about_its_place_too(new: University) -> None:
    """Law: neither a base nor a choice of before is held against the place that the mapping names when the bridge goes live."""
    new.ada = new.alumna(preferred="Countess")[0]
    new.edit_contact(new.ada, Preferred_Name__c="Ada", Former_Last_Name__c="Byron")
    rehearse(new)
    assert first_differences.adopt(new.ctx, "preferred_name", "crm_wins") == 1
    new.remap("preferred_name", ("preferred_name",), crm="Former_Last_Name__c")
    new.restart()
    rehearse(new)
    new.prepare()
    read_only(new.ctx)
    stage.go_live(new.ctx)
    new.run(approve=True)
    assert new.account("a1")["preferred_name"] == "Countess"
    assert status(new.ctx)["first_differences"] == {"preferred_name": 1}


def test_what_careers_have_cleared_is_not_filled_by_it(uni: University) -> None:
    """Law: emptiness that careers have made of our value is a difference, also where what was agreed is forgotten."""
    uni.edit_person("a1", {"preferred_name": None, "employer": None, "title": None})
    uni.run()
    uni.regroup("preferred_name", ("preferred_name",), crm="Former_Last_Name__c")
    uni.run()
    uni.regroup("employment", ("title", "employer"))
    uni.run()
    assert [uni.account("a1")[name] for name in ("preferred_name", "employer", "title")] == [None, None, None]
    assert {row["State__c"] for row in uni.all("Suggested_Change__c") if row["Group__c"] == "employment"} == {"Withdrawn"}


@pytest.mark.parametrize(
    "more", [{}, {"crm": "Former_Last_Name__c"}, {"crm_transform": UPPER[Side.CRM], "career_transform": UPPER[Side.CAREER]}]
)
def test_what_careers_have_from_us_is_cleared_all_the_same(uni: University, more: dict[str, Any]) -> None:
    """Law: `on_withdrawn = "clear"` holds for what we wrote under a former mapping, as long as careers hold it."""
    consented = {"share": Share.CONSENTED, "purpose": "career_asks", "on_withdrawn": OnWithdrawn.CLEAR}
    uni.regroup("preferred_name", ("preferred_name",), unit=consented)
    uni.edit_contact(uni.ada, Preferred_Name__c="Lady", Former_Last_Name__c="Lady")
    uni.run()
    uni.regroup("preferred_name", ("preferred_name",), unit=consented, **more)
    uni.run()
    assert uni.account("a1")["preferred_name"] == "Lady"
    uni.edit_contact(uni.ada, Consent_Career_Asks__c="No")
    uni.run()
    uni.run()
    assert uni.account("a1")["preferred_name"] is None


def test_an_address_in_another_order_is_cleared_all_the_same(uni: University) -> None:
    """Law: the same for a group, whose values go by the order of its fields."""
    uni.edit_contact(uni.ada, MailingStreet="1 Main St", MailingCity="Boston", MailingState="MA")
    uni.run()
    assert uni.account("a1")["address"]["city"] == "Boston"
    names = [rule.name for rule in rulebook().person.unit("mailing_address").fields]
    uni.regroup("mailing_address", names[::-1])
    uni.run()
    uni.edit_contact(uni.ada, Consent_Career_Asks__c="No")
    uni.run()
    uni.run()
    assert set(uni.account("a1")["address"].values()) == {None}


def test_a_field_that_was_in_another_unit_meanwhile_begins_anew(uni: University) -> None:
    """Law: a group that is put together again does not go on from what was agreed before it was taken apart."""
    apart(uni)
    uni.run()
    uni.edit_contact(uni.ada, Title="Director")
    uni.run()
    uni.edit_person("a1", {"title": "Analyst"})
    uni.run()
    uni.regroup("employment", ("employer", "title"))
    uni.run()
    assert uni.account("a1")["title"] == "Analyst"
    assert status(uni.ctx)["first_differences"] == {"employment": 1}


def apart(uni: University) -> None:
    """The title leaves the group of employment, and is a unit of its own."""
    group = rulebook().person.unit("employment")
    uni.regroup("employment", ("employer",))
    alone = replace(group, name="title", label="Job title", fields=group.fields[1:])
    usual = replace(uni.rules.person, units=(*uni.rules.person.units, alone))
    uni.take_into_force(persons=Persons(usual=usual), hash="apart")


def test_what_careers_have_cleared_in_a_group_is_not_filled_once_it_stands_alone(uni: University) -> None:
    """Law: what careers held of a field is known by the unit that it was in."""
    uni.edit_contact(uni.ada, Title="Director")
    uni.run()
    uni.edit_person("a1", {"title": None})
    uni.run()
    apart(uni)
    uni.run()
    assert uni.account("a1")["title"] is None
    assert status(uni.ctx)["first_differences"] == {"title": 1}


def test_what_differed_in_a_group_is_not_filled_once_it_stands_alone(new: University) -> None:
    """Law: nor is what careers clear of a first difference that nobody has chosen for yet."""
    new.ada = new.alumna()[0]
    new.edit_contact(new.ada, Title="Director", Employer__c="Works")
    new.edit_person("a1", {"title": "Analyst", "employer": "Mills"})
    new.go_live()
    assert status(new.ctx)["first_differences"]["employment"] == 1
    new.edit_person("a1", {"title": None, "employer": None})
    apart(new)
    new.run()
    assert new.account("a1")["title"] is None


def test_what_differed_is_not_filled_once_it_is_mapped_again(new: University) -> None:
    """Law: nor where the mapping has had nothing of it meanwhile; nobody has to choose about it then."""
    new.ada = new.alumna(preferred="Countess")[0]
    new.edit_contact(new.ada, Preferred_Name__c="Ada")
    new.go_live()
    assert status(new.ctx)["first_differences"] == {"preferred_name": 1}
    new.regroup("preferred_name", ())
    new.edit_person("a1", {"preferred_name": None})
    new.run()
    assert status(new.ctx, mapped=new.ctx.persons.unit_names())["first_differences"] == {}
    new.regroup("preferred_name", ("preferred_name",))
    new.run()
    assert new.account("a1")["preferred_name"] is None
    assert status(new.ctx)["first_differences"] == {"preferred_name": 1}


def test_what_careers_have_from_us_in_a_group_is_cleared_once_it_stands_alone(uni: University) -> None:
    """Law: `on_withdrawn = "clear"` holds for it, too."""
    consented = {"share": Share.CONSENTED, "purpose": "career_asks", "on_withdrawn": OnWithdrawn.CLEAR}
    uni.regroup("employment", ("employer", "title"), unit=consented)
    uni.edit_contact(uni.ada, Title="Director", Employer__c="Works")
    uni.run()
    group = uni.rules.person.unit("employment")
    alone = replace(group, name="title", label="Job title", fields=group.fields[1:])
    rest = [replace(unit, fields=unit.fields[:1]) if unit.name == "employment" else unit for unit in uni.rules.person.units]
    uni.take_into_force(persons=Persons(usual=replace(uni.rules.person, units=(*rest, alone))), hash="apart")
    uni.run()
    uni.edit_contact(uni.ada, Consent_Career_Asks__c="No")
    uni.run()
    uni.run()
    assert (uni.account("a1")["title"], uni.account("a1")["employer"]) == (None, None)


def test_what_careers_have_from_us_stays_known_over_two_changes(uni: University) -> None:
    """Law: also where nobody is judged between them."""
    names = [rule.name for rule in rulebook().person.unit("mailing_address").fields]
    uni.edit_contact(uni.ada, MailingStreet="1 Main St", MailingCity="Boston", MailingState="MA")
    uni.run()
    uni.regroup("mailing_address", names[::-1])
    uni.regroup("mailing_address", names)
    uni.edit_contact(uni.ada, Consent_Career_Asks__c="No")
    uni.run()
    uni.run()
    assert set(uni.account("a1")["address"].values()) == {None}


def test_what_is_to_be_cleared_is_cleared_although_that_was_put_off(uni: University) -> None:
    """Law: what careers have from us stays known until it is gone there."""
    consented = {"share": Share.CONSENTED, "purpose": "career_asks", "on_withdrawn": OnWithdrawn.CLEAR}
    uni.regroup("preferred_name", ("preferred_name",), unit=consented)
    uni.edit_contact(uni.ada, Preferred_Name__c="Lady", Former_Last_Name__c="Byron")
    uni.run()
    uni.regroup("preferred_name", ("preferred_name",), unit=consented, crm="Former_Last_Name__c")
    uni.edit_contact(uni.ada, Consent_Career_Asks__c="No")
    uni.career_wire.order(WireFault.REFUSE, count=1000)
    uni.run()
    uni.edit_contact(uni.ada, Former_Last_Name__c="King")
    uni.run()
    uni.career_wire.orders.clear()
    uni.run(seconds=4000)
    uni.run(seconds=4000)
    assert uni.account("a1")["preferred_name"] is None
