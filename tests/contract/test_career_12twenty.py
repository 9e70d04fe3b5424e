"""12twenty, as the emulator serves it, keeps to the laws of every career system; and to its own traps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connector.career.carriers.notes import understand_note
from connector.career.notebook import StaffNote
from connector.core.rulebook import pick
from connector.errors import Halt, Later
from connector.ports import Acknowledgement, Note, PersonUpdate, Status
from emulator.career.faults import Fault
from emulator.career.twelvetwenty import TWELVETWENTY
from tests.contract.career_contract import CareerContract, read_all, states
from tests.contract.platform_world import PAT, PlatformWorld, bend, reworded, saying

NAMES = {
    "title": "JobTitle",
    "employer": "CompanyName",
    "phone_mobile": "CellPhone",
    "login_email": "EmailAddress",
    "email_work": "custom.work_e_mail",
    "address.city": "Location.CityName",
    "address.street": "Location.AddressLine1",
    "consents.mentoring": "custom.may_be_asked_to_mentor",
}


class TwelveTwentyWorld(PlatformWorld):
    """A site of 12twenty whose alumni are contacts; its staff's requests are notes."""

    profile = "12twenty"
    face = TWELVETWENTY
    path = "/api/v2/(contacts|students|notes)"
    carrier = "notes"
    can = frozenset({"http", "key", "requests", "login", "notes"})
    names = NAMES

    def __init__(self, **settings: str) -> None:
        super().__init__(**{"staff_visibility_id": "3", "students_modified_since": "yes"} | settings)

    def id(self, number: int) -> str:
        """Contacts from 1000 on."""
        return f"c-{1000 + number}"

    def notes(self) -> list[str]:
        """The texts of our notes that staff alone see, without their marks."""
        notes = [note for note in self.system.extra.get("notes", {}).values() if note["CreatorName"] == "alumni-bridge"]
        return [note["Text"].partition("\n[alumni-bridge")[0] for note in notes if note["VisibilityId"] == 3]


class TestTwelveTwenty(CareerContract):
    """12twenty, with contacts as alumni and requests as notes."""

    @pytest.fixture
    def world(self) -> TwelveTwentyWorld:
        """A fresh site."""
        return TwelveTwentyWorld()


def student(world: TwelveTwentyWorld, number: int, **values: object) -> str:
    """An alumnus who is in the list of students."""
    world.system.seed("person", [{"id": f"s-{number}", "last_name": "Lee", **values}])
    return f"s-{number}"


def test_unapproved_contacts_and_students_who_study_are_nobody_yet() -> None:
    """A contact counts once an administrator has approved it, a student once an alumnus; asked for by id, both are there."""
    world = TwelveTwentyWorld()
    world.system.seed("person", [{"id": "c-1", "last_name": "A", "state": "pending_approval"}, {"id": "c-2", "last_name": "B"}])
    student(world, 3)
    world.system.people.by_id[student(world, 4)].extra["alumnus"] = False
    world.system.people.by_id["s-4"].raw = world.system.people.by_id["s-4"].raw.replace(
        b'"class_year":null', b'"class_year":2027'
    )
    world.pause()
    records, cursor, _ = read_all(world.client)
    assert [record.id for record in records] == ["c-2", "s-3"]
    world.pause()
    world.system.change_person("c-1", {"state": "active"}, PAT)
    assert [record.id for record in read_all(world.client, cursor)[0]] == ["c-1"]
    assert [record.id for record in world.client.fetch("person", ["c-1", "s-4"])] == ["c-1", "s-4"]


def test_linked_enrolments_are_one_person() -> None:
    """Of two accounts that name each other the older one is the person's, the other one follows it."""
    world = TwelveTwentyWorld()
    student(world, 7)
    student(world, 9)
    world.system.people.by_id["s-7"].extra["linked"] = "s-9"
    world.system.people.by_id["s-9"].extra["linked"] = "s-7"
    world.pause()
    records, _, _ = read_all(world.client)
    assert [record.fields.get("primary_account_id") for record in records] == [None, "s-7"]


def test_choices_travel_by_number_and_are_known_by_name() -> None:
    """A picklist's value is written with the number that this site has for its name; an unknown name is refused unsent."""
    world = TwelveTwentyWorld()
    world.people(3)
    versions = {record.id: record.version for record in world.client.fetch("person", [world.id(n) for n in range(3)])}
    values = ("Paused", "On holiday", "Paused")
    names = ("mentor_availability", "mentor_availability", "shoe_size")
    rows = [
        PersonUpdate(id=world.id(n), version=versions[world.id(n)], fields={f"custom.{name}": value})
        for n, (name, value) in enumerate(zip(names, values, strict=True))
    ]
    outcomes = world.client.update(rows)
    assert states(outcomes) == ["applied", "refused", "refused"]
    assert [(outcome.code, outcome.detail) for outcome in outcomes[1:]] == [
        ("unknown_choice", "field mentor_availability"),
        ("unknown_attribute", "field custom.shoe_size"),
    ]
    assert world.now(world.id(0))["mentor_availability"] == "paused"
    assert world.writes() == 1
    (now,) = world.client.fetch("person", [world.id(0)])
    assert now.fields["custom"]["mentor_availability"] == "Paused"


def test_a_token_is_renewed_after_its_day() -> None:
    """A token of 24 hours is replaced before it ends, and after the site has forgotten it; nobody notices."""
    world = TwelveTwentyWorld()
    world.people(1)
    for _ in range(3):
        assert len(world.client.fetch("person", [world.id(0)])) == 1
        world.wait(days=1)
    world.system.tokens.clear()
    assert len(world.client.fetch("person", [world.id(0)])) == 1
    assert world.app.calls["GET /api/client/generateAuthenticationToken"] == 4


def test_the_key_in_the_address_is_never_told() -> None:
    """12twenty wants its key in an address; no error that we raise repeats it."""
    world = TwelveTwentyWorld()
    world.secrets = ["s3cret-canary"]
    with pytest.raises(Halt) as caught:
        world.client.tenant_id()
    assert "s3cret-canary" not in f"{caught.value!s} {caught.value!r} {caught.value.remedy}"
    world.order("lose_answer", "GET", count=9)
    world.app.order(Fault.LOSE_ANSWER, "generateAuthenticationToken", count=9)
    with pytest.raises(Later) as lost:
        world.client.tenant_id()
    assert "s3cret-canary" not in f"{lost.value!s} {lost.value!r}"


def test_students_without_a_filter_are_compared_once_a_day() -> None:
    """Where the list of students knows no ModifyFromDate, it is read whole once a day and not in between."""
    world = TwelveTwentyWorld(students_modified_since="no")
    world.system.switches.students_modified_since = False
    student(world, 1)
    _, cursor, _ = read_all(world.client)
    world.pause()
    world.system.change_person("s-1", {"major": "Law"}, PAT)
    records, cursor, _ = read_all(world.client, cursor)
    assert records == []
    world.wait(days=1)
    records, cursor, _ = read_all(world.client, cursor)
    assert [record.fields["UndergradMajor"] for record in records] == ["Law"]


def test_a_row_that_moves_while_we_turn_pages_hides_nobody() -> None:
    """A list in order of change pushes rows across page boundaries as people work; everybody is met all the same."""
    world = TwelveTwentyWorld()
    world.system.switches.newest_first = True
    for n in range(1200):
        world.system.seed("person", [{"id": world.id(n), "last_name": "L"}])
        world.emulated_clock.move(timedelta(seconds=1))
    met: set[str] = set()
    page, turned = world.client.read(""), 0
    while page.more:
        met |= {record.id for record in page.records}
        if turned < 2:
            # the last rows of the list jump to its front, and everybody else back by as many
            for n in range(turned * 40, turned * 40 + 40):
                world.emulated_clock.move(timedelta(seconds=1))
                world.system.change_person(world.id(n), {"title": f"T{turned}"}, PAT)
        turned += 1
        page = world.client.read(page.cursor)
    assert met == {world.id(n) for n in range(1200)}


@pytest.mark.parametrize("replaces", [True, False])
def test_contacts_are_put_whole(replaces: bool) -> None:  # noqa: FBT001 - a switch of the emulated site
    """Whether PUT replaces the record or only what it names, the other values stand as they were."""
    world = TwelveTwentyWorld()
    world.system.switches.put_replaces = replaces
    world.people(1)
    world.edit(
        world.id(0), {"employer": "X", "address.city": "Oslo", "consents.mentoring": False, "mentor_availability": "paused"}
    )
    before = world.now(world.id(0))
    (record,) = world.client.fetch("person", [world.id(0)])
    (outcome,) = world.client.update([PersonUpdate(id=world.id(0), version=record.version, fields={"JobTitle": "Judge"})])
    assert outcome.status is Status.APPLIED
    after = world.now(world.id(0))
    assert {name for name in after if after[name] != before[name]} == {"title", "etag"}


def test_the_first_write_that_empties_others_is_the_last() -> None:
    """A site that takes our few values for the whole student is noticed at the first write, and nothing more is sent."""
    world = TwelveTwentyWorld()
    world.system.switches.patch_replaces = True
    rows = []
    for number in (1, 2):
        student(world, number, linkedin_url="https://www.linkedin.com/in/lee", major="Law")
        (record,) = world.client.fetch("person", [f"s-{number}"])
        rows.append(PersonUpdate(id=f"s-{number}", version=record.version, fields={"custom.work_e_mail": "a@example.org"}))
    with pytest.raises(Halt, match="emptied"):
        world.client.update(rows)
    assert world.writes() == 1
    assert world.now("s-2")["major"] == "Law"


def test_notes_are_left_once_and_only_where_staff_alone_see_them() -> None:
    """A note whose answer was lost is found again by its mark; without the number of the staff's visibility none is left."""
    world = TwelveTwentyWorld()
    world.people(1)
    note = Note(key="0123456789abcdef99", text="Put back.", person_id=world.id(0))
    world.order("lose_answer", "POST")
    assert states(world.client.note([note])) == ["unknown"]
    (again,) = world.client.note([note])
    assert (again.status, again.already_there) == (Status.APPLIED, True)
    assert world.notes() == ["Put back."]
    silent = TwelveTwentyWorld(staff_visibility_id="")
    silent.people(1)
    assert not silent.client.capabilities.notes
    assert states(silent.client.note([note])) == ["refused"]
    assert silent.writes() == 0


def test_a_request_in_a_note_says_what_a_request_says() -> None:
    """Type, text and everything else that staff can write in a note arrive in the contract's words; withdrawing, too."""
    world = TwelveTwentyWorld()
    world.people(2)
    asked = {"type": "Panel speaker", "title": "Energy", "text": "Dear all,\nplease come: soon.", "count": 3, "urgent": True}
    about = world.ask(asked | {"person_id": world.id(1), "named": True, "need_by": "2026-12-01", "effort_minutes": 60})
    world.ask({"type": "JOB_POSTING", "person_hint": {"name": "A. Nobody", "class_year": 1999}})
    world.ask({"type": "PANEL_SPEAKER", "criteria": {"school": "Law", "class": "2010 and later"}})
    requests = {record.id: record.fields for record in read_all(world.client)[0] if record.kind == "request"}
    first = requests[about]
    assert {name: first[name] for name in asked} == asked
    assert (first["person_id"], first["named"], first["need_by"], first["effort_minutes"], first["state"]) == (
        *(world.id(1), True, "2026-12-01", 60),
        "open",
    )
    assert first["requested_by"]["name"] == "Pat Reyes"
    assert first["created_at"].endswith("Z")
    others = [fields for id, fields in requests.items() if id != about]
    assert others[0]["person_hint"] == {"name": "A. Nobody", "class_year": 1999}
    assert others[1]["criteria"] == {"school": "Law", "class": "2010 and later"}
    assert [fields["person_id"] for fields in others] == [None, None]
    TWELVETWENTY.desk.withdraw(world.system, about, PAT)
    (again,) = world.client.fetch("request", [about])
    assert (again.fields["state"], again.fields["text"]) == ("withdrawn", asked["text"])


@pytest.mark.parametrize(
    "kept",
    [
        lambda note: note | {"Text": note["Text"].replace("\n", "\r\n")},
        lambda note: note | {"Text": f" {note['Text'].replace(chr(10), ' ' + chr(10))}" + "\n\n"},
        lambda note: note | {"Id": str(note["Id"]), "PrimaryEntityId": str(note["PrimaryEntityId"])},
    ],
    ids=["line ends", "spaces", "numbers as texts"],
)
def test_a_note_that_is_kept_in_another_form_is_known_again(kept: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Law: a site that has its own ends of lines, or shows numbers as texts, gets no note of ours a second time."""
    world = TwelveTwentyWorld()
    world.people(1)
    note = Note(key="0123456789abcdef99", text="Put back.", person_id=world.id(0))
    about = world.ask({"type": "PANEL_SPEAKER", "person_id": world.id(0)})
    told = Acknowledgement(
        request_id=about, number="R-1", understood_type="Panel", state="refused", message="The title is missing.\nWrite one."
    )
    bend(world.app, "GET .*/notes", reworded(lambda page: page | {"Items": [kept(one) for one in page["Items"]]}), count=100)
    for _ in range(2):
        assert states([*world.client.note([note]), *world.client.acknowledge([told])]) == ["applied", "applied"]
    assert len(world.notes()) == 2


def noted(*lines: str) -> dict[str, object]:
    """The request in a note of these lines behind the first one."""
    note = StaffNote(
        id="n-1", person_id="c-1", text="\n".join(["Alumni request: Panel", *lines]), author="Pat", at="2026-03-02T09:00:00Z"
    )
    return understand_note(note) or {}


@pytest.mark.parametrize(
    "lines",
    [
        ("Withdrawn: yes", "Text: We would like"),
        ("Text: We would like", "Withdrawn: yes"),
        ("Withdrawn: yes", "Text: We would like", "", "  withdrawn : YES  "),
    ],
)
def test_a_request_is_withdrawn_wherever_the_note_says_so(lines: tuple[str, ...]) -> None:
    """Law: who withdraws adds a line at the end, below the text, and nobody works on it any more."""
    found = noted(*lines)
    assert (found["state"], found["text"]) == ("withdrawn", "We would like")


def test_below_the_text_everything_else_is_text() -> None:
    """Law: only the word that withdraws is looked for in what alumni may be sent."""
    text = "Dear all,\nTitle: none\nWithdrawn: two of five"
    assert (noted(f"Text: {text}")["text"], noted(f"Text: {text}")["state"]) == (text, "open")


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("Effort: 90 minutes", "effort_minutes", 90),
        ("Effort: 2 hours", "effort_minutes", "2 hours"),
        ("Count: 3 people", "count", 3),
        ("Count: 3-5", "count", "3-5"),
        ("Count: some", "count", "some"),
        ("Urgent: yes, please", "urgent", "yes, please"),
        ("Urgent:", "urgent", False),
        ("Named: no", "named", False),
        ("Withdrawn: done", "state", "done"),
    ],
)
def test_a_word_in_a_note_is_never_guessed(line: str, name: str, value: object) -> None:
    """Law: two hours are not two minutes, and no answer is no no: what is not understood goes on as it is, to be answered."""
    assert noted(line)[name] == value


def test_nothing_that_is_wanted_is_left_out() -> None:
    """Law: an ask for whoever fits is none of the person at whom it stands, in whichever words; and no criterion is lost."""
    found = noted("Wanted: graduates in energy", "Wanted: school = Law", "Wanted: school = Business")
    assert found["person_id"] is None
    assert found["criteria"] == {"wanted": "graduates in energy", "school": ["Law", "Business"]}


def test_each_step_of_a_request_is_one_note() -> None:
    """Staff read where a request stands in the newest note; what was said before stays, and nothing is said twice."""
    world = TwelveTwentyWorld()
    world.people(1)
    about = world.ask({"type": "MOCK_INTERVIEW", "person_id": world.id(0)})
    steps = ["received", "in progress", "in progress", "waiting", "in progress"]
    for state in steps:
        row = Acknowledgement(request_id=about, number="R-1", understood_type="MOCK_INTERVIEW", state=state, offered=1, asked=3)
        assert states(world.client.acknowledge([row])) == ["applied"]
    assert len(world.notes()) == 4
    told = TWELVETWENTY.desk.told(world.system, about)
    assert told is not None
    assert (told["number"], told["state"], told["offered"]) == ("R-1", "in progress", 1)
    world.pause()
    assert [record.id for record in read_all(world.client)[0] if record.kind == "request"] == [about]


@pytest.mark.parametrize(
    ("id", "bent", "field", "write"),
    [
        ("c-1000", {"StudentId": None}, "JobTitle", "PUT /api/v2/contacts/1000"),
        ("c-1000", {"StudentId": "0042"}, "JobTitle", "PUT /api/v2/contacts/1000"),
        ("s-7", {}, "MiddleName", "PATCH /api/v2/students/7"),
    ],
)
def test_an_account_is_written_as_what_it_is(id: str, bent: dict[str, object], field: str, write: str) -> None:
    """Law: contacts and students are told apart by the list they are in, not by a property that an answer has or lacks."""
    world = TwelveTwentyWorld()
    world.people(1)
    student(world, 7)
    bend(world.app, "^GET /api/v2/(contacts|students)/", reworded(lambda told: _without(told, "StudentId") | bent), count=9)
    (record,) = world.client.fetch("person", [id])
    assert states(world.client.update([PersonUpdate(id=id, version=record.version, fields={field: "A"})])) == ["applied"]
    assert [f"{one.method} {one.path}" for one in world.app.writes] == [write]


def _without(told: dict[str, object], name: str) -> dict[str, object]:
    return {key: value for key, value in told.items() if key != name}


@pytest.mark.parametrize("said", [{"Success": False}, {"Id": 4711}, {"Id": [1]}, {"Id": {}}, {"errors": ["no"]}])
def test_a_success_that_says_otherwise_is_unknown(said: dict[str, object]) -> None:
    """Law (I14): a 200 that denies itself, or is about another account, is no acknowledgement, for a known field either."""
    world = TwelveTwentyWorld()
    world.people(1)
    for outcome in ("applied", "unknown"):
        (record,) = world.client.fetch("person", [world.id(0)])
        if outcome == "unknown":
            bend(world.app, "^PUT ", saying(**said))
        row = PersonUpdate(id=world.id(0), version=record.version, fields={"JobTitle": outcome})
        assert states(world.client.update([row])) == [outcome]


@pytest.mark.parametrize("customs", [None, [], ["x"], "x", 1, True])
def test_custom_attributes_in_another_form_are_unreadable(customs: object) -> None:
    """Law (B47): of what is no table nothing is known, and nothing is empty; the account and its neighbours are read."""
    world = TwelveTwentyWorld()
    world.people(2)

    def told(page: Any) -> object:
        return page | {"Items": [page["Items"][0] | {"CustomAttributeValues": customs}, *page["Items"][1:]]}

    bend(world.app, "GET .*/contacts", reworded(told))
    first, second = read_all(world.client)[0]
    assert (pick(first.fields, "custom.work_e_mail")[0], pick(second.fields, "custom.work_e_mail")) == (False, (True, None))


def test_a_note_about_nothing_that_is_one_is_nobodys() -> None:
    """Law (B47): a list where a number should stand is one odd note; the requests in others are read."""
    world = TwelveTwentyWorld()
    world.people(1)
    about = world.ask({"type": "PANEL_SPEAKER", "person_id": world.id(0)})
    odd = {"Id": 1, "PrimaryEntityTypeId": [2301], "PrimaryEntityId": 1000, "Text": "Alumni request: Panel"}
    bend(world.app, "GET .*/notes", reworded(lambda page: page | {"Items": [odd, *page["Items"]], "Total": 2}), count=9)
    assert about in [record.id for record in read_all(world.client)[0] if record.kind == "request"]


@pytest.mark.parametrize("token", [b"\xef\xbb\xbfTOKEN", b"TOK\xffEN", "TÖKEN".encode(), b"<html>", b"TOK EN", b""])
def test_what_is_no_token_is_never_shown(token: bytes) -> None:
    """Law: what cannot stand in a header, or is a page, is no token: later, and nothing else is called with it."""
    world = TwelveTwentyWorld()
    bend(world.app, "generateAuthenticationToken", lambda answer: replace(answer, body=token), count=9)
    with pytest.raises(Later) as caught:
        world.client.tenant_id()
    assert caught.value.code == "NO_TOKEN"
    assert not any("/v2/" in call for call in world.app.calls)


def test_shorter_pages_than_were_asked_for_are_all_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: where a site gives fewer rows a page than we ask for, and says so, people and notes are read whole all the same."""
    monkeypatch.setattr("emulator.career.twelvetwenty.responses._MOST", 100)
    world = TwelveTwentyWorld()
    world.people(250)
    about = [world.ask({"type": "PANEL_SPEAKER", "person_id": world.id(0)}) for _ in range(250)]
    records, _, _ = read_all(world.client)
    assert {record.id for record in records if record.kind == "person"} == {world.id(n) for n in range(250)}
    assert {record.id for record in records if record.kind == "request"} == set(about)


def test_an_empty_first_page_that_counts_people_is_read_again() -> None:
    """Law: a list that says how many there are, and shows none, has not been read."""
    world = TwelveTwentyWorld()
    world.people(3)
    bend(world.app, "^GET /api/v2/contacts", saying(Items=[]))
    records, _, _ = read_all(world.client)
    assert {record.id for record in records} == {world.id(n) for n in range(3)}


def test_a_note_is_not_lost_between_two_clocks() -> None:
    """Law: notes are marked by the site's own time: what is written there while our clock is ahead is met."""
    world = TwelveTwentyWorld()
    world.people(1)
    behind = timedelta(minutes=30)
    world.clock.now = lambda: world.emulated_clock.now() + behind  # type: ignore[method-assign]
    _, cursor, _ = read_all(world.client)
    _, cursor, _ = read_all(world.client, cursor)
    world.pause()
    about = world.ask({"type": "PANEL_SPEAKER", "person_id": world.id(0)})
    assert [record.id for record in read_all(world.client, cursor)[0] if record.kind == "request"] == [about]


def test_a_step_is_told_although_the_first_one_is_forgotten() -> None:
    """Law: where old answers are not looked for any more, a new one is not taken for one that is still there."""
    world = TwelveTwentyWorld()
    world.people(1)
    about = world.ask({"type": "MOCK_INTERVIEW", "person_id": world.id(0)})
    for state, days in (("received", 100), ("waiting", 100), ("in progress", 220), ("done", 0)):
        row = Acknowledgement(request_id=about, number="R-1", understood_type="MOCK_INTERVIEW", state=state)
        (outcome,) = world.client.acknowledge([row])
        assert (outcome.status, outcome.already_there) == (Status.APPLIED, False)
        world.wait(days=days)
    assert [text.rpartition(": ")[2] for text in world.notes()] == ["received", "waiting", "in progress", "done"]
