"""Symplicity CSM, as the emulator serves it, keeps to the laws of every career system; and to its own traps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.errors import Halt, Later
from connector.ports import Outcome, PersonUpdate, Record, Status
from emulator.career.faults import Fault
from emulator.career.symplicity import SYMPLICITY
from tests.contract.career_contract import CareerContract, read_all, states
from tests.contract.platform_world import PAT, PlatformWorld, bend, reworded, status

LIST, BATCH, PICKLIST = "GET /students", "PUT /students", "GET /picklists/students/{field}"
NAMES = {
    "title": "custom.job_title",
    "employer": "custom.employer",
    "phone_mobile": "mobile_phone_number",
    "login_email": "username",
    "email_work": "custom.work_e_mail",
    "address.city": "custom.city",
    "address.street": "custom.street",
    "consents.mentoring": "custom.may_be_asked_to_mentor",
}
WORDS = {"consents.mentoring": {True: "Yes", False: "No"}}


class SymplicityWorld(PlatformWorld):
    """A site of Symplicity CSM whose alumni are students of the type Alumni."""

    profile = "symplicity_csm"
    face = SYMPLICITY
    path = "/api/public/v1/students"
    names = NAMES
    can = frozenset({"http", "key", "requests", "login", "acknowledgement", "request_list", "people_list"})

    def __init__(self, **settings: str) -> None:
        super().__init__(**{"alumni_field": "applicantType", "alumni_words": "Alumni"} | settings)

    def id(self, number: int) -> str:
        """32 hexadecimal digits."""
        return f"{0xA11000 + number:032x}"

    def native(self, fields: Any) -> dict[str, Any]:
        """Consents are choices there."""
        return {NAMES[name]: WORDS.get(name, {}).get(value, value) for name, value in fields.items()}

    def pause(self) -> None:
        """Until everybody is compared again."""
        self.emulated_clock.move(timedelta(hours=25))


class TestSymplicity(CareerContract):
    """A site of Symplicity CSM; requests are with the service beside it, changes go one by one."""

    @pytest.fixture
    def world(self) -> SymplicityWorld:
        """A fresh site."""
        return SymplicityWorld()


class TestSymplicityInBatches(CareerContract):
    """The same where every change goes as a batch."""

    @pytest.fixture
    def world(self, monkeypatch: pytest.MonkeyPatch) -> SymplicityWorld:
        """A fresh site."""
        monkeypatch.setattr("connector.career.dialects.symplicity_csm._FEW", 0)
        return SymplicityWorld()


def row(world: SymplicityWorld, person_id: str, **fields: object) -> PersonUpdate:
    """An update on the newest version; names as Symplicity has them, `__` for a dot."""
    (record,) = world.client.fetch("person", [person_id])
    return PersonUpdate(id=person_id, version=record.version, fields={n.replace("__", "."): v for n, v in fields.items()})


def update(world: SymplicityWorld, person_id: str, **fields: object) -> Outcome:
    """The outcome of one such update."""
    return world.client.update([row(world, person_id, **fields)])[0]


def rows(world: SymplicityWorld, numbers: Sequence[int], **fields: object) -> list[PersonUpdate]:
    """Such updates of many."""
    return [row(world, world.id(n), **fields) for n in numbers]


def spent(world: SymplicityWorld, call: str) -> int:
    """How often a call was made."""
    return world.app.calls[call]


# who and when


@pytest.mark.parametrize("key", ["label", "value", ""])
@pytest.mark.parametrize("bare", [True, False])
def test_only_alumni_are_people(key: str, bare: bool) -> None:  # noqa: FBT001 - a switch of the emulated site
    """A field and its words say who is an alumnus, however a choice is shown; a student who becomes one is met then."""
    world = SymplicityWorld(alumni_words="Alumni, Community member")
    world.system.switches.symplicity_choice_key, world.system.switches.symplicity_bare_picklists = key, bare
    world.people(3)
    for number, kind in enumerate(("Student", "Alumni", "Community member")):
        world.system.people.by_id[world.id(number)].extra["type"] = kind
    records, cursor, _ = read_all(world.client)
    assert [record.id for record in records] == [world.id(1), world.id(2)]
    assert [record.fields["applicantType"] for record in records] == [["Alumni"], ["Community member"]]
    assert [record.id for record in world.client.fetch("person", [world.id(0)])] == [world.id(0)]
    world.system.people.by_id[world.id(0)].extra["type"] = "Alumni"
    world.pause()
    assert [record.id for record in read_all(world.client, cursor)[0]] == [world.id(n) for n in range(3)]


def test_a_custom_field_can_say_who_is_an_alumnus() -> None:
    """The field may be one that the site has made."""
    world = SymplicityWorld(alumni_field="custom.class_year", alumni_words="1999")
    world.people(2)
    world.edit(world.id(1), {"class_year": 1999})
    assert [record.id for record in read_all(world.client)[0]] == [world.id(1)]


@pytest.mark.parametrize(("compare", "hours"), [("hour", 1), ("day", 24), ("week", 168)])
def test_everybody_is_compared_as_often_as_said(compare: str, hours: int) -> None:
    """Between two comparisons no list is read; what has changed is met by the next one."""
    world = SymplicityWorld(compare=compare)
    world.people(1)
    _, cursor, _ = read_all(world.client)
    world.edit(world.id(0), {"major": "Law"})
    before = spent(world, LIST)
    world.emulated_clock.move(timedelta(hours=hours, minutes=-1))
    assert read_all(world.client, cursor)[0] == []
    assert spent(world, LIST) == before
    world.emulated_clock.move(timedelta(minutes=2))
    assert [record.fields["custom"]["major"] for record in read_all(world.client, cursor)[0]] == ["Law"]


def test_a_list_may_shrink_while_we_turn_its_pages() -> None:
    """Somebody is deleted while we read: who stands behind her is met all the same."""
    world = SymplicityWorld()
    world.people(1001)
    for n in range(1001):
        world.system.change_person(world.id(n), {"institution_id": f"{n:05d}"}, PAT)
    first = world.client.read("")
    world.delete(world.id(0))
    records, _, _ = read_all(world.client, first.cursor)
    assert {record.id for record in (*first.records, *records)} == {world.id(n) for n in range(1001)}


def test_people_at_work_do_not_move_the_list() -> None:
    """The list is in an order in which no edit moves anybody: it is walked once."""
    world = SymplicityWorld()
    world.system.switches.newest_first = True
    world.people(1001)
    first = world.client.read("")
    world.edit(world.id(1000), {"title": "Judge"})
    read_all(world.client, first.cursor)
    assert spent(world, LIST) == 3


def test_another_student_than_was_asked_for_is_nobody() -> None:
    """An answer about somebody else is no answer."""
    world = SymplicityWorld()
    world.people(2)
    world.system.people.by_id[world.id(0)] = world.system.people.by_id[world.id(1)]
    with pytest.raises(Later):
        world.client.fetch("person", [world.id(0)])


def test_barred_accounts_are_people_and_stay_barred() -> None:
    """Whether an account is disabled or blocked is told; only people change it."""
    world = SymplicityWorld()
    world.people(2)
    world.edit(world.id(0), {"state": "disabled"})
    world.system.people.by_id[world.id(1)].extra["blocked"] = True
    records, _, _ = read_all(world.client)
    assert [(record.fields["accountDisabled"], record.fields["accountBlocked"]) for record in records] == [
        (True, "No"),
        (False, "Yes"),
    ]
    outcomes = [update(world, world.id(n), **{name: False}) for n, name in ((0, "accountDisabled"), (1, "accountBlocked"))]
    assert [(one.code, one.detail) for one in outcomes] == [
        ("read_only", "field accountDisabled"),
        ("read_only", "field accountBlocked"),
    ]
    assert update(world, world.id(0), custom__major="Law").status is Status.APPLIED
    assert world.now(world.id(0))["state"] == "disabled"


# values


@pytest.mark.parametrize("key", ["label", "value", ""])
@pytest.mark.parametrize("bare", [True, False])
def test_choices_travel_by_id_and_are_known_by_name(key: str, bare: bool) -> None:  # noqa: FBT001 - a switch
    """One choice or several are written by their ids; a name that the site has not is refused unsent, one that it got is not."""
    world = SymplicityWorld()
    world.system.switches.symplicity_choice_key, world.system.switches.symplicity_bare_picklists = key, bare
    world.people(2)
    world.edit(world.id(0), {"interests": ["energy"]})
    assert update(world, world.id(0), custom__may_be_surveyed="Perhaps").code == "unknown_choice"
    assert update(world, world.id(0), custom__interests=["energy", "law"]).detail == "field custom.interests"
    assert world.writes() == 0
    world.edit(world.id(1), {"interests": ["law"]})
    read_all(world.client)
    changes = {"custom__interests": ["law", "energy"], "custom__may_be_surveyed": "No", "custom__mentor_availability": "Paused"}
    assert update(world, world.id(0), **changes).status is Status.APPLIED
    now = world.now(world.id(0))
    assert (now["interests"], now["consents"]["surveys"], now["mentor_availability"]) == (["law", "energy"], False, "paused")
    (record,) = world.client.fetch("person", [world.id(0)])
    assert {name: record.fields["custom"][name.removeprefix("custom__")] for name in changes} == changes
    assert update(world, world.id(0), custom__interests=[], custom__may_be_surveyed=None).status is Status.APPLIED
    now = world.now(world.id(0))
    assert (now["interests"], now["consents"]["surveys"]) == ([], None)


def test_a_choice_that_comes_up_later_is_known_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where choices are shown by their ids alone, one that is new to us is asked for; one that has no name, only once."""
    world = SymplicityWorld()
    world.system.switches.symplicity_choice_key = ""
    world.people(2)
    world.edit(world.id(0), {"interests": ["energy"]})
    read_all(world.client)
    world.edit(world.id(0), {"interests": ["law", "energy"]})
    (record,) = world.client.fetch("person", [world.id(0)])
    assert record.fields["custom"]["interests"] == ["law", "energy"]
    monkeypatch.setattr("emulator.career.symplicity.responses.picklist", lambda _system, _field: {"moths": 7})
    world.edit(world.id(1), {"interests": ["forgotten"]})
    before = spent(world, PICKLIST)
    for _ in range(3):
        (record,) = world.client.fetch("person", [world.id(1)])
        assert record.fields["custom"]["interests"] == ["3"]
    assert spent(world, PICKLIST) - before == 1


def test_known_choices_are_not_forgotten_for_a_404() -> None:
    """Law: asking again may fail: what the choices were called before is still what they are called."""
    world = SymplicityWorld()
    world.system.switches.symplicity_choice_key = ""
    world.people(2)
    world.edit(world.id(0), {"interests": ["energy"]})
    read_all(world.client)
    world.edit(world.id(1), {"interests": ["law"]})
    bend(world.app, "^GET /api/public/v1/picklists/students/", status(404))
    assert update(world, world.id(1), custom__major="Law").status is Status.APPLIED
    (record,) = world.client.fetch("person", [world.id(0)])
    assert record.fields["custom"]["interests"] == ["energy"]
    assert update(world, world.id(0), custom__interests=["moths"]).code == "unknown_choice"


def test_numbers_come_back_as_texts() -> None:
    """A number that we wrote makes no version of its own: the next change is not held back."""
    world = SymplicityWorld()
    world.people(1)
    assert update(world, world.id(0), custom__class_year=1999, custom__major="Law").status is Status.APPLIED
    before = update(world, world.id(0), custom__class_year=2001)
    (record,) = world.client.fetch("person", [world.id(0)])
    assert (before.version, record.fields["custom"]["class_year"]) == (record.version, "2001")
    assert world.now(world.id(0))["class_year"] == 2001


def test_the_address_is_one_text_and_only_read() -> None:
    """It is shown in another form than it is taken in: nothing of it is written."""
    world = SymplicityWorld()
    world.people(1)
    world.system.people.by_id[world.id(0)].extra["address"] = "1 Elm\nIthaca, NY 14850"
    (record,) = world.client.fetch("person", [world.id(0)])
    assert record.fields["address"] == "1 Elm\nIthaca, NY 14850"
    assert update(world, world.id(0), **{"address.city": "Oslo"}).code == "read_only"
    assert update(world, world.id(0), address="Oslo").code == "read_only"
    assert world.writes() == 0


@pytest.mark.parametrize("name", ["username", "email"])
def test_no_login_is_written(name: str) -> None:
    """Neither the login nor the address to which the site writes is ever changed."""
    world = SymplicityWorld()
    world.people(1)
    outcome = update(world, world.id(0), **{name: "new@example.org"})
    assert (outcome.code, world.writes(), world.mails()) == ("WOULD_MAIL_THE_PERSON", 0, 0)


# writing


@pytest.mark.parametrize("many", [1, 20])
@pytest.mark.parametrize("nested", [True, False])
def test_a_field_that_is_not_taken_up_is_noticed(nested: bool, many: int) -> None:  # noqa: FBT001 - a switch
    """A site that takes custom fields in another place says yes and does nothing: refused, each time."""
    world = SymplicityWorld()
    world.system.switches.symplicity_customs_nested = nested
    world.people(many)
    outcomes = world.client.update(rows(world, range(many), custom__major="Law"))
    assert {one.code for one in outcomes} == ({"NOT_TAKEN_UP"} if nested else {""})
    assert states(world.client.update(rows(world, range(many), preferredName="Ace"))) == ["applied"] * many


@pytest.mark.parametrize(("switch", "many"), [("symplicity_put_replaces", 5), ("symplicity_batch_replaces", 20)])
def test_the_first_write_that_empties_others_is_the_last(switch: str, many: int) -> None:
    """A site that takes the few values for the whole student, alone or in a batch, is noticed at the first one."""
    world = SymplicityWorld()
    setattr(world.system.switches, switch, True)
    world.people(many)
    for n in range(many):
        world.edit(world.id(n), {"phone_mobile": "+16175550100", "major": "Law"})
    with pytest.raises(Halt, match="emptied"):
        world.client.update(rows(world, range(many), custom__work_e_mail="a@example.org"))
    assert world.writes() == 1
    assert [world.now(world.id(n))["major"] for n in range(1, many)] == ["Law"] * (many - 1)


@pytest.mark.parametrize("status", [422, 200])
@pytest.mark.parametrize("many", [1, 6])
def test_a_refused_value_is_refused(status: int, many: int) -> None:
    """Whichever status it comes under, an answer that names errors is no acknowledgement, and tells the field."""
    world = SymplicityWorld()
    world.system.switches.symplicity_error_status = status
    world.people(many)
    wanted = rows(world, range(many - 1), custom__work_e_mail="a@example.org")
    outcomes = world.client.update([*wanted, row(world, world.id(many - 1), custom__work_e_mail="nonsense")])
    assert states(outcomes) == ["applied"] * (many - 1) + ["refused"]
    assert outcomes[-1].detail == "field work_e_mail"


# batches


def test_many_changes_go_as_a_batch_with_each_its_own_outcome() -> None:
    """One account first, then all others in one call; stale, refused, unknown and missing ones take nothing from the rest."""
    world = SymplicityWorld()
    world.people(30)
    wanted = rows(world, range(30), custom__major="Law")
    wanted[7] = row(world, world.id(7), custom__work_e_mail="nonsense")
    wanted[9] = PersonUpdate(id=world.id(77), version="1", fields={"custom.major": "Law"})
    wanted[11] = row(world, world.id(11), custom__may_be_surveyed="Perhaps")
    world.edit(world.id(5), {"title": "Mine"})
    outcomes = world.client.update(wanted)
    others = {5: "stale", 7: "refused", 9: "refused", 11: "refused"}
    assert states(outcomes) == [others.get(n, "applied") for n in range(30)]
    sizes = [len(json.loads(write.body)) for write in world.app.writes]
    assert sizes == [1, 26]
    assert [world.now(world.id(n))["major"] for n in range(30)] == [None if n in others else "Law" for n in range(30)]
    more = world.client.update(rows(world, range(12, 30), custom__major="Art"))
    assert (states(more), len(world.app.writes)) == (["applied"] * 18, 3)
    assert spent(world, "GET /batch/{id}") == 9, "after one, three and seven seconds, and never again"


def test_few_changes_go_one_by_one() -> None:
    """A batch takes seconds and several calls: for a few accounts it is not worth it."""
    world = SymplicityWorld()
    world.people(5)
    assert states(world.client.update(rows(world, range(5), custom__major="Law"))) == ["applied"] * 5
    assert (spent(world, BATCH), spent(world, "PUT /students/{id}")) == (0, 5)


def test_a_batch_that_takes_long_is_unknown_and_waited_for() -> None:
    """We stop watching after half a minute; until its end nothing more is sent in bulk, and then each account tells its truth."""
    world = SymplicityWorld()
    world.people(8)
    assert states(world.client.update(rows(world, range(8), custom__major="Law"))) == ["applied"] * 8
    wanted = rows(world, range(8), custom__degree="BA")
    world.system.switches.symplicity_batch_seconds = 600
    before = world.emulated_clock.now()
    assert states(world.client.update(rows(world, range(8), custom__major="Art"))) == ["unknown"] * 8
    assert world.emulated_clock.now() - before < timedelta(seconds=40)
    waiting = world.client.update(wanted)
    assert {(one.status, one.code, one.retry_after) for one in waiting} == {(Status.LATER, "BULK_BUSY", 60.0)}
    assert spent(world, BATCH) == 3
    world.emulated_clock.move(timedelta(minutes=10))
    world.system.switches.symplicity_batch_seconds = 4
    assert states(world.client.update(wanted)) == ["stale"] * 8
    assert states(world.client.update(rows(world, range(8), custom__degree="BA"))) == ["applied"] * 8
    assert {(world.now(world.id(n))["major"], world.now(world.id(n))["degree"]) for n in range(8)} == {("Art", "BA")}


def test_who_is_in_a_batch_that_is_still_at_work_is_left_alone() -> None:
    """What its end brings would overwrite a newer value, and a look would tell half the truth; others are not held up."""
    world = SymplicityWorld()
    world.people(9)
    assert states(world.client.update(rows(world, range(8), custom__major="Law"))) == ["applied"] * 8
    wanted = rows(world, [0], custom__major="Zoology")
    world.system.switches.symplicity_batch_seconds = 600
    assert states(world.client.update(rows(world, range(8), custom__major="Art"))) == ["unknown"] * 8
    (held,) = world.client.update(wanted)
    assert (held.status, held.code) == (Status.LATER, "BULK_BUSY")
    with pytest.raises(Later):
        world.client.fetch("person", [world.id(0)])
    assert states(world.client.update(rows(world, [8], custom__major="Zoology"))) == ["applied"]
    world.emulated_clock.move(timedelta(minutes=10))
    (there,) = world.client.fetch("person", [world.id(0)])
    assert there.fields["custom"]["major"] == "Art"
    assert states(world.client.update(rows(world, [0], custom__major="Zoology"))) == ["applied"]


@pytest.mark.parametrize("status", [429, 409])
def test_after_a_restart_the_site_itself_holds_back_a_second_batch(status: int) -> None:
    """A new process knows nothing of the batch before; the site refuses another one, which may have come twice: look again."""
    world = SymplicityWorld()
    world.system.switches.symplicity_bulk_status = status
    world.system.switches.symplicity_batch_seconds = 600
    world.people(8)
    wanted = rows(world, range(8), custom__major="Law")
    before = spent(world, "GET /students/{id}")
    assert states(world.client.update(wanted)) == ["unknown"] + ["later"] * 7
    assert spent(world, "GET /students/{id}") == before + 1, "nobody else is looked at any more"
    world.client = world.connect()
    refused = world.client.update(rows(world, range(8), custom__degree="BA"))
    assert (states(refused), {one.retry_after for one in refused}) == (["unknown"] + ["later"] * 7, {60.0})
    world.emulated_clock.move(timedelta(minutes=10))
    world.system.switches.symplicity_batch_seconds = 4
    assert states(world.client.update(rows(world, range(8), custom__degree="BA"))) == ["applied"] * 8
    assert [world.now(world.id(n))["major"] for n in range(8)] == ["Law"] + [None] * 7


@pytest.mark.parametrize("ends", ["failed", "cancelled"])
def test_a_batch_that_ended_otherwise_is_unknown(ends: str) -> None:
    """Nobody says what it has done, though it may answer for its elements: each account is looked at."""
    world = SymplicityWorld()
    world.people(8)
    assert states(world.client.update(rows(world, range(8), custom__major="Law"))) == ["applied"] * 8
    world.system.switches.symplicity_batch_ends = ends
    assert states(world.client.update(rows(world, range(8), custom__major="Art"))) == ["unknown"] * 8
    world.system.switches.symplicity_batch_ends = "completed"
    assert states(world.client.update(rows(world, range(8), custom__major="Art"))) == ["applied"] * 8


@pytest.mark.parametrize("fault", ["short_results", "swap_results"])
def test_responses_that_do_not_fit_are_unknown(fault: str) -> None:
    """Law (I40): an element's outcome comes from its own response only; responses of wrong number or order make all unknown."""
    world = SymplicityWorld()
    world.people(8)
    assert states(world.client.update(rows(world, range(8), custom__major="Law"))) == ["applied"] * 8
    world.app.order(Fault(fault), "GET /api/public/v1/batch", count=3)
    assert states(world.client.update(rows(world, range(8), custom__major="Art"))) == ["unknown"] * 8


@pytest.mark.parametrize(("kind", "outcome"), [("error", "unknown"), ("Danger", "unknown"), ("info", "applied")])
@pytest.mark.parametrize("many", [False, True])
def test_a_success_with_a_message_of_an_error_is_unknown(kind: str, outcome: str, *, many: bool) -> None:
    """Law: an answer of 200 that tells an error in Symplicity's own form is no acknowledgement; a mere remark denies nothing."""
    world = SymplicityWorld()
    world.people(8)
    numbers = range(8 if many else 1)
    assert states(world.client.update(rows(world, numbers, custom__major="Law"))) == ["applied"] * len(numbers)
    wanted = rows(world, numbers, custom__major="Art")
    said = {"messages": [{"type": kind, "text": "Dear Ada"}]}

    def told(batch: Any) -> object:
        return batch | {"responses": [said] * len(batch["responses"])} if "responses" in batch else said

    bend(world.app, "^GET /api/public/v1/batch" if many else "^PUT ", reworded(told), count=9)
    assert states(world.client.update(wanted)) == [outcome] * len(numbers)


@pytest.mark.parametrize("id", [[], {}, 7])
def test_a_response_of_nobody_makes_all_unknown(id: object) -> None:
    """Law (B47): whatever stands where a response should name its student, nobody is told by it."""
    world = SymplicityWorld()
    world.people(8)
    assert states(world.client.update(rows(world, range(8), custom__major="Law"))) == ["applied"] * 8

    def told(batch: Any) -> object:
        return batch | {"responses": [{"id": id}, *batch["responses"][1:]]} if batch["responses"] else batch

    bend(world.app, "^GET /api/public/v1/batch", reworded(told), count=9)
    assert states(world.client.update(rows(world, range(8), custom__major="Art"))) == ["unknown"] * 8


@pytest.mark.parametrize("fault", ["html", "error", "truncate", "lose_answer"])
def test_a_look_at_a_batch_that_fails_is_repeated(fault: str) -> None:
    """That one look went wrong says nothing about the batch."""
    world = SymplicityWorld()
    world.people(8)
    world.app.order(Fault(fault), "GET /api/public/v1/batch", count=3)
    assert states(world.client.update(rows(world, range(8), custom__major="Law"))) == ["applied"] * 8


@pytest.mark.parametrize("number", [404, 403])
def test_a_batch_that_cannot_be_looked_at_is_unknown(number: int) -> None:
    """Law: a batch that was taken is at work there, whatever bars us from looking at it: nobody in it is told as unsent."""
    world = SymplicityWorld()
    world.people(8)
    assert states(world.client.update(rows(world, range(8), custom__major="Law"))) == ["applied"] * 8
    wanted = rows(world, range(8), custom__major="Art")
    bend(world.app, "^GET /api/public/v1/batch", status(number), count=99)
    assert states(world.client.update(wanted)) == ["unknown"] * 8
    assert [world.now(world.id(n))["major"] for n in range(8)] == ["Art"] * 8


# the report


def changed(world: SymplicityWorld, numbers: Sequence[int], word: str) -> None:
    """Counsellors change some accounts."""
    for n in numbers:
        world.edit(world.id(n), {"major": word})


def told(records: Sequence[Record]) -> list[str]:
    """The accounts among these records."""
    return [record.id for record in records if record.kind == "person"]


def test_a_report_says_who_has_changed() -> None:
    """It is run once an hour and looked at once in a cycle, without a wait; only who stands in it is read."""
    world = SymplicityWorld(report="41", compare="week")
    world.people(1200)
    world.wait(days=3)
    _, cursor, _ = read_all(world.client)
    changed(world, [3, 5], "Law")
    world.system.people.by_id[world.id(9)].extra["type"] = "Student"
    changed(world, [9], "Law")
    lists = spent(world, LIST)
    seen: list[list[str]] = []
    for _ in range(4):
        world.emulated_clock.move(timedelta(minutes=61 if not seen else 1))
        records, cursor, _ = read_all(world.client, cursor)
        seen.append(told(records))
    assert seen == [[], [], [world.id(3), world.id(5)], []]
    assert (spent(world, "PUT /reports/{id}/run"), spent(world, "GET /students/{id}"), spent(world, LIST)) == (1, 3, lists)
    assert world.clock.slept == []
    world.wait(days=3)
    _, cursor, _ = read_all(world.client, cursor)
    changed(world, [4], "Art")
    seen = []
    for _ in range(4):
        world.emulated_clock.move(timedelta(minutes=1))
        records, cursor, _ = read_all(world.client, cursor)
        seen.append(told(records))
    assert [ids for ids in seen if ids] == [[world.id(4)]], "the rows of the run before are no news"


def test_very_many_in_a_report_are_read_by_the_page() -> None:
    """Where the list of all has fewer pages than the report has rows, it is walked, and only who stands in the report is told."""
    world = SymplicityWorld(report="41", compare="week")
    world.people(1200)
    world.wait(days=3)
    _, cursor, _ = read_all(world.client)
    changed(world, range(0, 1200, 100), "Law")
    world.emulated_clock.move(timedelta(minutes=61))
    _, cursor, _ = read_all(world.client, cursor)
    world.emulated_clock.move(timedelta(minutes=2))
    lists = spent(world, LIST)
    records, _, _ = read_all(world.client, cursor)
    assert told(records) == [world.id(n) for n in range(0, 1200, 100)]
    assert (spent(world, LIST) - lists, spent(world, "GET /students/{id}")) == (3, 0)


def test_many_in_a_report_are_read_in_turns() -> None:
    """Where the list of all has more pages than the report has rows, each is read by her id, and nobody is left out."""
    world = SymplicityWorld(report="41", compare="week")
    world.system.switches.symplicity_per_page = 10
    world.people(600)
    world.wait(days=3)
    _, cursor, _ = read_all(world.client)
    changed(world, range(55), "Law")
    world.emulated_clock.move(timedelta(minutes=61))
    _, cursor, _ = read_all(world.client, cursor)
    world.emulated_clock.move(timedelta(minutes=2))
    assert told(read_all(world.client, cursor)[0]) == [world.id(n) for n in range(55)]
    assert spent(world, "GET /students/{id}") == 55


def test_a_report_that_a_new_process_reads_first_leaves_nobody_out() -> None:
    """How it is read is decided once: a process that has not met the list yet does not change its mind on the way."""
    world = SymplicityWorld(report="41", compare="week")
    world.system.switches.symplicity_per_page = 10
    world.people(600)
    world.wait(days=3)
    _, cursor, _ = read_all(world.client)
    changed(world, [0, 300, 599], "Law")
    world.client = world.connect()
    world.emulated_clock.move(timedelta(minutes=61))
    _, cursor, _ = read_all(world.client, cursor)
    world.emulated_clock.move(timedelta(minutes=2))
    assert told(read_all(world.client, cursor)[0]) == [world.id(0), world.id(300), world.id(599)]


@pytest.mark.parametrize("ends", ["cancelled", "failed", "stuck"])
def test_a_run_that_came_to_nothing_is_started_again_an_hour_later(ends: str) -> None:
    """Somebody stopped it, or it never ends: no rows, no hurry, and the next run brings who was missed."""
    world = SymplicityWorld(report="41", compare="week")
    world.people(400)
    world.wait(days=3)
    _, cursor, _ = read_all(world.client)
    changed(world, [3], "Law")
    world.system.switches.symplicity_report_ends = ends
    for _ in range(130):
        world.emulated_clock.move(timedelta(minutes=1))
        records, cursor, _ = read_all(world.client, cursor)
        assert told(records) == []
    assert spent(world, "PUT /reports/{id}/run") == 2 if ends != "stuck" else 1
    world.system.switches.symplicity_report_ends = "complete"
    seen: list[str] = []
    for _ in range(130):
        world.emulated_clock.move(timedelta(minutes=1))
        records, cursor, _ = read_all(world.client, cursor)
        seen += told(records)
    assert world.id(3) in seen


def test_a_restart_in_the_middle_of_a_report_runs_it_again() -> None:
    """What a process was waiting for dies with it; nobody who has changed is lost."""
    world = SymplicityWorld(report="41", compare="week")
    world.people(400)
    world.wait(days=3)
    _, cursor, _ = read_all(world.client)
    changed(world, [3], "Law")
    world.emulated_clock.move(timedelta(minutes=61))
    _, cursor, _ = read_all(world.client, cursor)
    world.client = world.connect()
    seen: list[str] = []
    for _ in range(4):
        world.emulated_clock.move(timedelta(minutes=1))
        records, cursor, _ = read_all(world.client, cursor)
        seen += told(records)
    assert (seen, spent(world, "PUT /reports/{id}/run")) == ([world.id(3)], 2)


@pytest.mark.parametrize("fault", ["lose_answer", "lose_request"])
def test_a_start_whose_answer_is_lost_stops_nothing(fault: str) -> None:
    """Whether the report runs, its newest run will tell, and never the one before; if it does not, it is started again."""
    world = SymplicityWorld(report="41", compare="week")
    world.people(400)
    world.wait(days=3)
    _, cursor, _ = read_all(world.client)

    def minutes(count: int) -> list[str]:
        nonlocal cursor
        seen: list[str] = []
        for _ in range(count):
            world.emulated_clock.move(timedelta(minutes=1))
            records, cursor, _ = read_all(world.client, cursor)
            seen += told(records)
        return seen

    changed(world, [5], "Law")
    assert set(minutes(90)) == {world.id(5)}
    world.system.switches.symplicity_report_days = 0
    changed(world, [3], "Law")
    world.app.order(Fault(fault), "PUT /api/public/v1/reports/41/run")
    assert minutes(60) == []
    world.system.switches.symplicity_report_days = 2
    assert set(minutes(180)) == {world.id(3), world.id(5)}


@pytest.mark.parametrize("fault", ["html", "error", "lose_answer", "truncate"])
def test_rows_that_cannot_be_trusted_are_asked_for_again(fault: str) -> None:
    """A web page or a cut file is no list of changes: later, with the cursor kept."""
    world = SymplicityWorld(report="41", compare="week")
    world.people(400)
    world.wait(days=3)
    _, cursor, _ = read_all(world.client)
    changed(world, [3], "Law")
    world.emulated_clock.move(timedelta(minutes=61))
    _, cursor, _ = read_all(world.client, cursor)
    world.emulated_clock.move(timedelta(minutes=2))
    world.app.order(Fault(fault), "GET /api/public/v1/reports/41/data")
    with pytest.raises(Later):
        read_all(world.client, cursor)
    seen: list[str] = []
    for _ in range(5):
        world.emulated_clock.move(timedelta(minutes=1))
        records, cursor, _ = read_all(world.client, cursor)
        seen += told(records)
    assert seen == [world.id(3)]


@pytest.mark.parametrize(("report", "why"), [("42", "no column"), ("77", "does not know a path")])
def test_a_report_that_cannot_serve_is_named(report: str, why: str) -> None:
    """A report without the students' ids, or that is not there, stops the side with its cure."""
    world = SymplicityWorld(report=report)
    world.people(2)
    _, cursor, _ = read_all(world.client)
    changed(world, [0], "Law")
    world.emulated_clock.move(timedelta(minutes=61))

    def work() -> None:
        place = cursor
        for _ in range(3):
            place = read_all(world.client, place)[1]
            world.emulated_clock.move(timedelta(minutes=2))

    with pytest.raises(Halt, match=why):
        work()


# limits


def test_no_call_is_one_too_many() -> None:
    """300 accounts one by one: a hundred at once, then ten a second, and none is refused."""
    world = SymplicityWorld()
    world.people(300)
    before = world.emulated_clock.now()
    assert len(world.client.fetch("person", [world.id(n) for n in range(300)])) == 300
    assert timedelta(seconds=19) <= world.emulated_clock.now() - before <= timedelta(seconds=25)
    assert (spent(world, "GET /students/{id}"), spent(world, "(none)")) == (300, 0)


@pytest.mark.parametrize("form", ["seconds", "epoch", "text"])
@pytest.mark.parametrize("midnight", [0, 5])
def test_the_day_ends_when_the_site_says_so(form: str, midnight: int) -> None:
    """What others have used of the day counts; then nothing is asked until its end, whenever that is and however it is told."""
    world = SymplicityWorld()
    switches = world.system.switches
    switches.symplicity_reset, switches.symplicity_midnight_hours = form, midnight
    world.emulated_clock.set(datetime(2026, 11, 2, 12, tzinfo=UTC))
    world.system.seed("person", [{"id": world.id(0), "last_name": "L"}])
    world.system.extra["calls of the day"] = ("2026-11-02", 9_990)
    for _ in range(10):
        world.client.fetch("person", [world.id(0)])
    with pytest.raises(Later) as caught:
        world.client.fetch("person", [world.id(0)])
    assert caught.value.code == "PACE"
    assert caught.value.retry_after == pytest.approx((12 + midnight) * 3600, abs=30)
    assert spent(world, "GET /students/{id}") == 10
    world.emulated_clock.move(timedelta(hours=12 + midnight, minutes=1))
    assert len(world.client.fetch("person", [world.id(0)])) == 1
