"""Stories with a mapping that changes while something waits, is held, is open or is only looked at."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connector.core.model import Side, Transform
from connector.core.requests import RequestRules
from connector.core.rulebook import MatchFields, Persons, Slot, Source
from connector.engine import planner
from connector.engine.cycle import cycle, prepare, read_only
from connector.engine.plans import approve
from connector.engine.report import status
from connector.engine.watch import remind, tidy
from connector.errors import Later
from connector.ports import Feed
from connector.rules.transforms import build
from connector.store import links, observations
from connector.store.tables import intent
from emulator.inprocess import WireFault
from tests.engine.university import University
from tests.systems import SYSTEM, rulebook


def of_person(**changed: Any) -> Persons:
    """The mapping of persons as shipped, with these parts of it changed."""
    return Persons(usual=replace(rulebook().person, **changed))


def of_unit(name: str, **changed: Any) -> Persons:
    """The same with one unit changed."""
    units = rulebook().person.units
    return of_person(units=tuple(replace(unit, **changed) if unit.name == name else unit for unit in units))


def as_upper(uni: University) -> None:
    """The preferred name is read in capitals from now on."""
    upper = build("upper", {}, side=Side.CRM)
    [field] = rulebook().person.unit("preferred_name").fields
    fields = (replace(field, crm_transform=upper, career_transform=upper),)
    uni.take_into_force(persons=of_unit("preferred_name", fields=fields), hash="upper")


def of_requests(uni: University, **changed: Any) -> RequestRules:
    """The request types in force, with the one that is filed here changed."""
    known = uni.rules.requests
    return replace(known, types=tuple(replace(one, **changed) if one.code == "MENTOR_FLASH" else one for one in known.types))


CONFIDENTIAL = {"confidential": True, "pointer": "Turn to the counsellors."}


def records(uni: University) -> list[Any]:
    """The titles of the requests' records."""
    return [row.get("Title__c") for row in uni.all("Career_Request__c")]


def creates(uni: University) -> list[Any]:
    """The writes that make requests' records, in order."""
    with uni.ctx.store.begin() as db:
        return [row for row in db.execute(intent.select().order_by(intent.c.id)).mappings() if row["kind"] == "request.create"]


# what waits


def test_a_request_that_waits_is_routed_by_the_mapping_of_now(uni: University) -> None:
    """Law: a kind that has become confidential before its record was made gets none."""
    uni.crm.order_refusal("UNABLE_TO_LOCK_ROW", sobject="Career_Request__c", count=3)
    id = uni.file(title="Secret title")
    uni.run()
    uni.crm.clear_faults()
    uni.take_into_force(requests=of_requests(uni, **CONFIDENTIAL), hash="confidential")
    uni.run(seconds=4000)
    assert (records(uni), uni.all("Task")) == ([], [])
    assert uni.told(id)["state"] == "refused"


def test_a_request_that_was_given_up_after_months_is_not_lost(uni: University) -> None:
    """Law: what was refused for long is routed anew when the mapping changes, also where its old write was tidied away first."""
    uni.crm.order_refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION", sobject="Career_Request__c", count=9)
    ids = [uni.file(), uni.file()]  # the second one is attached to the first
    uni.run()
    assert [row["state"] for row in creates(uni)] == ["refused", "refused"]
    uni.crm.clear_faults()
    uni.take_into_force(hash="another")
    uni.file(title="Another one", type="REC_LETTER", direction="alumni_to_institution")
    assert tidy(uni.ctx, before=uni.clock.now() + timedelta(days=1)) > 0
    uni.run()
    assert len(records(uni)) == 3
    assert {uni.told(id)["state"] for id in ids} == {"received"}


@pytest.mark.parametrize("fault", [WireFault.LOSE_REQUEST, WireFault.LOSE_RESPONSE])
def test_a_profile_that_was_perhaps_made_is_made_by_the_mapping_of_now(uni: University, fault: WireFault) -> None:
    """Law: what is not mapped any more does not leave, also where a new career profile is sent once more."""
    uni.alumna("a2", institution_id="U1002", first="Grace", last="Hopper", personal="grace@example.org")
    uni.edit_person("a2", {"mentor_capacity": 3, "interests": ["compilers"]})
    uni.crm_wire.order(fault, "POST .*composite/sobjects", count=1)
    uni.run()
    units = tuple(unit for unit in rulebook().person.units if unit.name != "mentor_capacity")
    uni.take_into_force(persons=of_person(units=units), hash="without capacity")
    for _ in range(4):
        uni.run(seconds=300)
    profile = uni.one("Career_Profile__c", Account_Id__c="a2")
    assert profile.get("Mentor_Capacity__c") == (None if fault is WireFault.LOSE_REQUEST else 3)
    assert profile["Interests__c"] == "compilers"
    assert status(uni.ctx)["halted"] == []


def test_a_request_that_a_brake_holds_is_routed_by_the_mapping_of_now(uni: University) -> None:
    """Law: whoever approves the plan of before releases what is left of it."""
    brakes = {side: replace(known, max_changes=0) for side, known in rulebook().person.brakes.items()}
    uni.take_into_force(persons=of_person(brakes=brakes), hash="brake")
    uni.file(title="Secret title")
    uni.run()
    [halted] = status(uni.ctx)["halted"]
    digest = halted["remedy"].split("--plan ")[1].split("`")[0]
    uni.take_into_force(requests=of_requests(uni, **CONFIDENTIAL), hash="confidential")
    assert approve(uni.ctx, digest) == 0
    uni.run()
    assert (records(uni), uni.all("Task")) == ([], [])


def test_a_request_whose_kind_became_confidential_stays_as_staff_have_it(uni: University) -> None:
    """Law: nothing more of what careers write reaches its record, and nothing is taken from it."""
    id = uni.file(title="A title")
    uni.run()
    before = uni.one("Career_Request__c")
    uni.take_into_force(requests=of_requests(uni, **CONFIDENTIAL), hash="confidential")
    uni.call("k-pat", "PATCH", f"/requests/{id}", {"title": "Another", "need_by": "2026-12-24"})
    uni.run()
    after = uni.one("Career_Request__c")
    assert {name: after[name] for name in ("Title__c", "Text_For_Alumni__c", "Details__c")} == {
        name: before[name] for name in ("Title__c", "Text_For_Alumni__c", "Details__c")
    }


@pytest.mark.parametrize("unread", ["", "/requests"])
@pytest.mark.parametrize("known", [CONFIDENTIAL, None])
def test_a_request_that_would_get_no_record_now_is_followed_where_it_has_one(
    uni: University, known: dict[str, Any] | None, unread: str
) -> None:
    """Law: its type is confidential now, or not known any more, and the state was lost: what stands in Salesforce counts.

    Also where careers' requests cannot be read until their records have been.
    """
    id = uni.file(title="A title")
    uni.run()
    before = uni.one("Career_Request__c")
    uni.lose_state()
    types = tuple(one for one in uni.rules.requests.types if one.code != "MENTOR_FLASH")
    uni.rules = replace(uni.rules, requests=of_requests(uni, **known) if known else replace(uni.rules.requests, types=types))
    uni.restart()
    if unread:
        uni.career_wire.order(WireFault.REFUSE, unread, count=1000)
    uni.go_live()
    uni.run(approve=True)
    uni.career_wire.orders.clear()
    for _ in range(3):
        uni.run(approve=True, seconds=600)
    assert uni.one("Career_Request__c") == before
    assert uni.told(id)["state"] == "received"
    uni.edit(uni.one("Task")["Id"], Status="In Progress")
    uni.run()
    uni.run()
    assert uni.told(id)["state"] == "in progress"


def test_what_careers_took_back_while_the_state_was_lost_ends_although_it_would_get_no_record_now(uni: University) -> None:
    """Law: nobody goes on working for what careers do not want any more, also where its type has become confidential."""
    id = uni.file(title="A title")
    uni.run()
    uni.lose_state()
    uni.call("k-pat", "PATCH", f"/requests/{id}", {"state": "withdrawn"})
    uni.rules = replace(uni.rules, requests=of_requests(uni, **CONFIDENTIAL))
    uni.restart()
    uni.go_live()
    for _ in range(3):
        uni.run(approve=True, seconds=600)
    assert (uni.one("Career_Request__c")["State__c"], uni.one("Task")["Status"]) == ("Withdrawn", "Completed")
    assert uni.told(id)["state"] == "withdrawn"


def test_a_question_about_what_is_not_mapped_any_more_is_withdrawn_although_the_state_was_lost(uni: University) -> None:
    """Law: it leads to nothing, however staff have decided it meanwhile."""
    uni.edit_person("a1", {"preferred_name": "Lady"})
    uni.run()
    question = uni.one("Suggested_Change__c")["Id"]
    uni.edit(question, Decision__c="Reject", Reason__c="Incorrect")
    uni.lose_state()
    uni.remap("preferred_name", ())
    uni.restart()
    uni.go_live()
    uni.run(approve=True)
    assert uni.one("Suggested_Change__c", Id=question)["State__c"] == "Withdrawn"


@pytest.mark.parametrize("code", ["FIELD_CUSTOM_VALIDATION_EXCEPTION", "UNABLE_TO_LOCK_ROW", ""])
def test_an_older_word_does_not_come_last(uni: University, code: str) -> None:
    """Law: what was refused, put off, or got no answer, and is sent again does not overwrite what careers have said since."""
    id = uni.file(title="First")
    uni.run()
    if code:
        uni.crm.order_refusal(code, sobject="Career_Request__c", kinds=("update",), count=1)
    else:
        uni.crm_wire.order(WireFault.LOSE_REQUEST, "PATCH .*composite/sobjects")
    uni.ctx = replace(uni.ctx, rng=lambda: 0.99)
    uni.call("k-pat", "PATCH", f"/requests/{id}", {"title": "Second"})
    uni.run()
    assert records(uni) == ["First"]
    uni.crm.clear_faults()
    uni.call("k-pat", "PATCH", f"/requests/{id}", {"title": "Third"})
    uni.run(seconds=1)
    uni.take_into_force(hash="another")
    for _ in range(3):
        uni.run(seconds=3600)
    assert records(uni) == ["Third"]


def test_an_older_value_does_not_come_last_in_a_question(uni: University) -> None:
    """Law: the same for a question whose newest value was put off by a refusal of an older one."""
    for title in "ABC":
        uni.edit_person("a1", {"title": title})
        if title == "B":
            uni.crm.order_refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION", sobject="Suggested_Change__c", kinds=("update",), count=1)
        uni.run()
        uni.crm.clear_faults()
    uni.take_into_force(hash="another")
    uni.run()
    assert "Job title: C" in uni.one("Suggested_Change__c")["Suggested__c"]


# what is known


def test_other_evidence_is_made_of_contacts_that_stand_as_they_were(uni: University) -> None:
    """Law: where the mapping takes evidence from another field, contacts and accounts are compared by the same one."""
    person = rulebook().person
    [was] = person.match.slots[Slot.INSTITUTION_ID]
    slots = {**person.match.slots, Slot.INSTITUTION_ID: (replace(was, crm="MobilePhone"),)}
    uni.take_into_force(persons=of_person(match=MatchFields(slots=slots)), hash="other")
    prepare(uni.ctx, "another mapping")
    uni.run()
    with uni.ctx.store.begin() as db:
        evidence = observations.load(db, Side.CRM, Feed.CONTACT, [uni.ada])[uni.ada]["evidence"]
    assert evidence
    assert "U1001" not in evidence


class _Down:
    """A CRM that answers everything but readings."""

    def __init__(self, side: Any) -> None:
        self._side = side

    def __getattr__(self, name: str) -> Any:
        return getattr(self._side, name)

    def read(self, *_: object) -> None:
        raise Later(side="crm", code="SERVER_UNAVAILABLE")


def test_who_was_not_read_since_the_mapping_asks_more_is_not_excluded(new: University) -> None:
    """Law: a condition whose field was not read yet is neither met nor missed: nothing is cleared, and nothing more is sent."""
    mapped = [unit for unit in rulebook().person.units if unit.name != "linkedin_url"]
    new.take_into_force(persons=of_person(units=tuple(mapped)), hash="before")
    new.ada = new.alumna()[0]
    new.edit_contact(new.ada, LinkedIn_URL__c="https://www.linkedin.com/in/ada", MailingStreet="1 Main St", MailingCity="Boston")
    new.go_live()
    new.run()
    there = replace(build("text", {}, side=Side.CRM), read=bool)
    field: dict[str, Any] = {"crm": "LinkedIn_URL__c", "crm_transform": there, "career": None, "career_transform": there}
    member = Source(name="member", label="Member", **field)
    eligibility = replace(rulebook().person.eligibility, require=(member,))
    new.take_into_force(persons=of_person(eligibility=eligibility, reads=(member,), units=tuple(mapped)), hash="after")
    prepare(new.ctx, "more is read")
    working = new.ctx
    new.ctx = replace(new.ctx, crm=_Down(new.ctx.crm))  # type: ignore[arg-type]  # it passes everything else on
    new.run()
    assert (new.account("a1")["address"]["city"], new.notes()) == ("Boston", [])
    new.ctx = working
    new.run()
    assert (new.account("a1")["address"]["city"], new.notes()) == ("Boston", [])


@pytest.mark.parametrize(("aliases", "becomes"), [(("MENTOR_FLASH",), "Recorded only"), ((), "Waiting")])
def test_an_ask_of_a_type_that_has_another_name_now_counts(uni: University, aliases: tuple[str, ...], becomes: str) -> None:
    """Law: by its alias it is the same ask; of a type that nobody knows any more it still counts towards the contact limit."""
    uni.file()
    uni.run()
    uni.take_into_force(requests=of_requests(uni, code="FLASH", label="Flash", aliases=aliases), hash="renamed")
    uni.file(type="FLASH")
    uni.run()
    assert [(row["Type__c"], row["State__c"]) for row in uni.all("Career_Request__c")] == [
        ("MENTOR_FLASH", "Queued"),
        ("FLASH", becomes),
    ]


def test_who_was_too_little_for_a_new_contact_is_looked_at_again(uni: University) -> None:
    """Law: a mapping that asks less of a new contact proposes those who were passed over."""
    fresh = rulebook().person.new_person
    more = replace(fresh, required=(*fresh.required, "phone_home"), units=(*fresh.units, "phone_home"))
    uni.take_into_force(persons=of_person(new_person=more), hash="more")
    uni.person("a9", first_name="Zoe", last_name="Zed")
    uni.edit_person("a9", {"interests": ["x"]})
    uni.run()
    assert not uni.all("Suggested_Change__c")
    uni.take_into_force(persons=of_person(), hash="as shipped")
    uni.run()
    assert len(uni.all("Suggested_Change__c")) == 1


# what is open


def test_a_question_about_an_opt_out_that_concerns_less_now_is_withdrawn(uni: University) -> None:
    """Law: where it no longer concerns all contact there is nothing for staff to enter."""
    uni.edit_person("a1", {"do_not_contact": True})
    uni.run()
    assert uni.one("Suggested_Change__c")["State__c"] == "Open"
    uni.take_into_force(persons=of_unit("do_not_contact", opt_out_global=False), hash="less")
    uni.run()
    assert uni.one("Suggested_Change__c")["State__c"] == "Withdrawn"


def test_a_decision_about_a_career_system_that_is_gone_halts_nothing(uni: University) -> None:
    """Law: staff may answer what was asked before a system was taken out of the configuration."""
    uni.edit_person("a1", {"title": "Countess"})
    uni.run()
    uni.edit(uni.one("Suggested_Change__c")["Id"], Decision__c="Reject", Reason__c="Incorrect")
    uni.ctx = replace(uni.ctx, careers={})
    uni.prepare()
    cycle(uni.ctx)
    assert uni.one("Suggested_Change__c")["State__c"] == "Rejected"


# what is only looked at


def test_a_mapping_that_is_only_looked_at_links_nobody(uni: University) -> None:
    """Law: whoever puts the former files back after `plan` has what was: nobody linked, nothing sent."""
    uni.contact(University_ID__c="U1002", FirstName="Grace", LastName="Hopper", Title="Admiral")
    uni.run()
    uni.person("a9", first_name="Grace", last_name="Hopper", former_last_name="U1002", institution_id=None)
    uni.edit_person("a9", {"interests": ["x"]})
    person = rulebook().person
    [was] = person.match.slots[Slot.INSTITUTION_ID]
    slots = {**person.match.slots, Slot.INSTITUTION_ID: (replace(was, career="former_last_name"),)}
    uni.rules = replace(uni.rules, persons=of_person(match=MatchFields(slots=slots)), hash="looked at")
    uni.restart()
    prepare(uni.ctx, "mapping", rehearsal=True)
    read_only(uni.ctx)
    planner.plan(uni.ctx, dry=True, as_if_live=True)
    with uni.ctx.store.begin() as db:
        assert links.by_account(db, SYSTEM, ["a9"])["a9"]["state"] == "waiting"
    uni.take_into_force(persons=of_person(), hash="as shipped")
    uni.run()
    assert uni.account("a9")["title"] is None


# an upgrade, and what broke off


def test_nobody_is_linked_until_contacts_are_read_again(uni: University) -> None:
    """Law: while what counts as evidence is made anew, an account of a known contact waits, and is not taken for somebody new."""
    uni.contact(University_ID__c="U1002", FirstName="Grace", LastName="Hopper", Personal_Email__c="grace@example.org")
    uni.run()
    prepare(uni.ctx, "other evidence")
    working = uni.ctx
    uni.ctx = replace(uni.ctx, crm=_Down(uni.ctx.crm))  # type: ignore[arg-type]  # it passes everything else on
    uni.person("a9", first_name="Grace", last_name="Hopper", institution_id="U1002")
    uni.edit_person("a9", {"interests": ["x"]})
    uni.run()
    uni.ctx = working
    uni.run()
    with uni.ctx.store.begin() as db:
        assert links.by_account(db, SYSTEM, ["a9"])["a9"]["state"] == "linked"
    assert not uni.all("Suggested_Change__c")


def test_the_stewards_reminder_is_no_request_of_careers(uni: University) -> None:
    """Law: a reminder that Salesforce had no time for goes out, whatever the mapping is by then."""
    uni.edit_person("a1", {"title": "Countess"})
    uni.run()
    for _ in range(2):
        uni.clock.move(timedelta(days=30))
        remind(uni.ctx, after=timedelta(days=14))
    uni.crm.order_refusal("UNABLE_TO_LOCK_ROW", sobject="Task", count=1)
    uni.run()
    uni.crm.clear_faults()
    uni.take_into_force(hash="another")
    uni.run(seconds=4000)
    assert len(uni.all("Task")) == 1


def _degrees(*words: str) -> dict[str, Transform]:
    """A picklist of these words on both sides."""
    known = {word: dict.fromkeys(Side, word) for word in words}
    return {f"{side.value}_transform": build("picklist", {}, side=side, words=known) for side in Side}


@pytest.fixture
def listed(pair: University) -> University:
    """Ada's degree goes by a picklist of three words."""
    pair.edit_contact(pair.ada, Degree__c="BA")
    pair.run()
    pair.regroup("degree", ["degree"], **_degrees("BA", "BSc", "MA"), unit={"until_decided": "keep"})
    pair.run(approve=True)
    return pair


def _loses(uni: University, *words: str) -> None:
    uni.regroup("degree", ["degree"], **_degrees(*words), unit={"until_decided": "keep"})


@pytest.mark.parametrize("pressed", [False, True], ids=["refreshed", "rejected"])
def test_a_word_that_a_picklist_has_lost_while_it_was_asked_about(listed: University, pressed: bool) -> None:  # noqa: FBT001
    """Law: a word that is remembered, and that the mapping has lost since, holds up nobody."""
    listed.edit_person("a1", {"degree": "BSc"})
    listed.run()
    _loses(listed, "MA")
    listed.run()
    if pressed:
        listed.edit(listed.one("Suggested_Change__c")["Id"], Decision__c="Reject", Reason__c="Not verified")
    else:
        listed.edit_contact(listed.ada, Degree__c="MA")
        listed.edit_person("a1", {"degree": "MA"})
    listed.edit_person("a2", {"consents.career_asks": False})
    for _ in range(2):
        assert not listed.run().halted
    assert listed.profile("a2")["Opt_Out_Career_Asks__c"]


def test_a_word_that_both_sides_have_left_and_a_picklist_has_lost(listed: University) -> None:
    """Law: the same where the lost word is what both sides had agreed on before both moved."""
    listed.edit_contact(listed.ada, Degree__c="MA")
    listed.edit_person("a1", {"degree": "BSc"})
    _loses(listed, "BSc", "MA")
    for _ in range(2):
        assert not listed.run().halted
    assert listed.one("Suggested_Change__c")["Suggested__c"] == "BSc"


def test_free_text_beside_a_picklist_holds_up_nobody(pair: University) -> None:
    """Law: a text of the one side that is no word of the other side's list is set aside for this person, with its reason."""
    pair.edit_contact(pair.ada, Degree__c="BA")
    pair.run()
    forms = _degrees("BA", "MA") | {"career_transform": build("text", {}, side=Side.CAREER)}
    pair.regroup("degree", ["degree"], **forms, unit={"until_decided": "keep"})
    pair.run()
    pair.edit_person("a1", {"degree": "Bachelor of Science"})
    pair.run()
    assert pair.account("a1")["degree"] == "Bachelor of Science"
    assert "no form" in str(status(pair.ctx)["parked"])


@pytest.mark.parametrize("lost", [False, True])
def test_a_changed_transform_answers_no_question(uni: University, *, lost: bool) -> None:
    """Law: the contact's value in another form is no other value; not where the state was lost since it was asked, either."""
    uni.edit_contact(uni.ada, Preferred_Name__c="Ada")
    uni.run()
    uni.edit_person("a1", {"preferred_name": "Lady"})
    uni.run()
    if lost:
        uni.lose_state()
        uni.go_live()
    as_upper(uni)
    uni.run(approve=True)
    uni.run()
    assert (uni.account("a1")["preferred_name"], uni.one("Suggested_Change__c")["State__c"]) == ("Lady", "Open")
    uni.edit_contact(uni.ada, Preferred_Name__c="LADY")
    uni.run()
    assert uni.one("Suggested_Change__c")["State__c"] == "Accepted"


def test_a_rejected_value_is_not_asked_again_as_the_transform_changes(uni: University) -> None:
    """Law: in another form it is still the value that was turned down, against the same one."""
    uni.edit_contact(uni.ada, Preferred_Name__c="Ada")
    uni.run()
    uni.edit_person("a1", {"preferred_name": "Lady"})
    uni.run()
    uni.edit(uni.one("Suggested_Change__c")["Id"], Decision__c="Reject", Reason__c="Incorrect")
    uni.run()
    as_upper(uni)
    uni.run()
    uni.edit_person("a1", {"preferred_name": "Lady"})
    uni.run()
    uni.run()
    assert (uni.one("Suggested_Change__c")["State__c"], uni.account("a1")["preferred_name"].upper()) == ("Rejected", "ADA")
