"""What every career system must keep to, whatever its profile: one inherited suite, one world for each platform.

A world is a system with people at work in it. It is reached through the platform's own interface; the suite knows only the
port and the words of the world, which are the contract's. What a platform does not offer is skipped by name (``needs``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, Protocol, TypeVar, cast

import pytest

from connector.career.profile import load_profile
from connector.career.side import CareerClient
from connector.errors import Halt, Later
from connector.ports import HANDED_OVER, POISON, Acknowledgement, CareerSide, Note, Page, PersonUpdate, Record, Status
from emulator.clock import Clock as EmulatedClock

HOST = "https://careers.example.edu"
KEY = "k-bridge"
Test = TypeVar("Test", bound=Callable[..., None])


class SlowClock:
    """The emulated system's clock, on which sleeping takes time for both."""

    def __init__(self, emulated: EmulatedClock) -> None:
        self.emulated = emulated
        self.slept: list[float] = []

    def now(self) -> datetime:
        """The emulated time."""
        return self.emulated.now()

    def monotonic(self) -> float:
        """Seconds of the emulated time."""
        return self.emulated.now().timestamp()

    def sleep(self, seconds: float) -> None:
        """Remember it, and let it pass."""
        self.slept.append(seconds)
        self.emulated.move(timedelta(seconds=seconds))


def needs(*offers: str) -> Callable[[Test], Test]:
    """A law about something that not every system offers."""

    def mark(test: Test) -> Test:
        @wraps(test)
        def run(self: object, world: World, **parameters: object) -> None:
            missing = set(offers) - world.can
            if missing:
                pytest.skip(f"this system has no: {', '.join(sorted(missing))}")
            test(self, world, **parameters)

        return run  # type: ignore[return-value]

    return mark


def unless(*peculiarities: str) -> Callable[[Test], Test]:
    """A law that some systems are too peculiar for: ``handed_over`` (writes lie there until people carry them in)."""

    def mark(test: Test) -> Test:
        @wraps(test)
        def run(self: object, world: World, **parameters: object) -> None:
            found = set(peculiarities) & world.can
            if found:
                pytest.skip(f"in this system: {', '.join(sorted(found))}")
            test(self, world, **parameters)

        return run  # type: ignore[return-value]

    return mark


class Carried(Protocol):
    """What a world that is ``handed_over`` can do besides."""

    def carry_over(self) -> None:
        """People of the system carry in what lies there."""


class World(Protocol):
    """A career system with people at work in it, reached through its own interface."""

    profile: str
    """The name of the profile."""
    client: CareerClient
    clock: SlowClock
    secrets: list[str]
    can: frozenset[str]
    """What this system offers beyond what every one does; see ``needs``."""
    writing: str
    """The HTTP method of an update."""

    def id(self, number: int) -> str:
        """The id of an account by its number."""

    def native(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Values under the names that the system has for them."""

    def value(self, record: Record, name: str) -> Any:
        """The value of a record that the world calls so."""

    def pause(self) -> None:
        """Let so much time pass that what was read before is not read again for safety."""

    def connect(self) -> CareerClient:
        """A client as after a start of the daemon."""

    def people(self, count: int) -> None:
        """People who have always been there."""

    def edit(self, person_id: str, fields: dict[str, Any]) -> None:
        """A change by the counsellor Pat Reyes."""

    def edit_herself(self, person_id: str, fields: dict[str, Any]) -> None:
        """A change by the alumna Ada Lee, in her own account."""

    def delete(self, person_id: str) -> None:
        """A counsellor deletes an account."""

    def ask(self, fields: dict[str, Any]) -> str:
        """A counsellor files a request; its id."""

    def now(self, person_id: str) -> dict[str, Any]:
        """The account as the system holds it."""

    def accounts(self) -> int:
        """How many accounts there are."""

    def mails(self) -> int:
        """How many messages would have gone to alumni."""

    def notes(self) -> list[str]:
        """The texts of our notes that staff alone see."""

    def acknowledgement(self, request_id: str) -> dict[str, Any]:
        """What staff see about a request."""

    def wait(self, days: int) -> None:
        """Let days go by in the system."""

    def move_tenant(self, tenant_id: str) -> None:
        """Let the address serve another tenant."""

    def order(self, fault: str, method: str = "", count: int = 1, value: str = "") -> None:
        """Let the next calls with this method meet a fault, named in the emulator's words."""

    def spoil(self, person_id: str, text: str) -> None:
        """Let an account hold text that no healthy system would send; `text` is JSON source."""

    def writes(self) -> int:
        """How many writes by our key reached the system."""


class Place(str):
    """Where the feed of people stopped, and the one of requests where these are a feed of their own."""

    __slots__ = ("requests",)
    requests: str


def read_all(side: CareerSide, cursor: str = "") -> tuple[list[Record], str, list[Page]]:
    """Everything from a cursor on, until nothing more is there."""
    pages = _pages(side.read, cursor)
    place = Place(pages[-1].cursor)
    if side.capabilities.requests_apart:
        apart = _pages(side.read_requests, getattr(cursor, "requests", ""))
        place.requests = apart[-1].cursor
        pages += apart
    return [record for page in pages for record in page.records], place, pages


def _pages(read: Callable[[str], Page], cursor: str) -> list[Page]:
    pages = [read(cursor)]
    while pages[-1].more:
        assert len(pages) < 100, "the feed does not end"
        pages.append(read(pages[-1].cursor))
    return pages


def states(outcomes: Sequence[Any]) -> list[str]:
    """The outcomes' words."""
    return [outcome.status.value for outcome in outcomes]


class CareerContract:
    """The laws of `CareerSide`."""

    @pytest.fixture
    def world(self) -> World:
        """A fresh system; each platform gives its own."""
        raise NotImplementedError

    def update(self, world: World, person_id: str, **fields: Any) -> PersonUpdate:
        """An update on the newest version."""
        record = self.newest(world, person_id)
        return PersonUpdate(id=person_id, version=record.version, fields=world.native(fields), known=record.fields)

    def news(self, world: World, cursor: str, before: Sequence[Record]) -> list[Record]:
        """What is read beyond what was told before; a plain list, of requests or of people, is told whole each time."""
        records = read_all(world.client, cursor)[0]
        whole = {kind for kind, offer in (("request", "request_list"), ("person", "people_list")) if offer in world.can}
        return [record for record in records if record.kind not in whole or record not in before]

    def newest(self, world: World, person_id: str) -> Record:
        """An account as the system last told it."""
        asked = "handed_over" not in world.can
        told = world.client.fetch("person", [person_id]) if asked else read_all(world.client)[0]
        return [record for record in told if record.id == person_id][-1]

    def write(self, world: World, *rows: PersonUpdate) -> list[str]:
        """The outcomes of an update once everything is where it belongs; what was handed over counts as applied by then."""
        outcomes = world.client.update(rows)
        if "handed_over" not in world.can:
            return states(outcomes)
        cast("Carried", world).carry_over()
        handed_over = [outcome.status is Status.UNKNOWN and outcome.code == HANDED_OVER for outcome in outcomes]
        return ["applied" if well else outcome.status.value for outcome, well in zip(outcomes, handed_over, strict=True)]

    def test_the_profile_declares_what_it_does(self, world: World) -> None:
        """Law: docs/platforms.md promises what these laws are tried on, and holds back nothing; what is not there is refused."""
        can, offers = load_profile(world.profile).abilities, world.can
        declared = {
            "edits": can.edits == "who_and_when",
            "deletes": can.deletes == "told",
            "notes": can.notes,
            "login": bool(can.login_field),
            "handed_over": not can.lookup,
        }
        assert {name for name, said in declared.items() if said} == offers & declared.keys()
        assert can.lookup or can.precondition == "none", "what lies there until it is carried in is guarded by nobody"
        client = world.client
        assert can.notes or states(client.note([Note(key="n1", text="A note.", person_id=world.id(0))])) == ["refused"]
        assert world.writes() == 0

    # reading

    @needs("requests")
    def test_full_read_covers_people_then_requests(self, world: World) -> None:
        """From an empty cursor every person and every request comes once, marked full; then only changes."""
        world.people(1201)
        world.ask({"type": "PANEL_SPEAKER"})
        world.pause()
        records, cursor, pages = read_all(world.client)
        assert sorted(r.id for r in records if r.kind == "person") == sorted(world.id(n) for n in range(1201))
        assert [r.fields["type"] for r in records if r.kind == "request" and not r.edits] == ["PANEL_SPEAKER"]
        whole = [page.full for page in pages]
        assert whole == sorted(whole, reverse=True), "a full read is one piece"
        assert whole[0]
        assert not whole[-1]
        world.pause()
        assert self.news(world, cursor, records) == []

    def test_change_during_the_full_read_is_not_missed(self, world: World) -> None:
        """Whoever changes behind the pages already read comes again with the changes."""
        world.people(501)
        first = world.client.read("")
        world.edit(world.id(0), {"title": "Pilot"})
        world.pause()
        records, _, _ = read_all(world.client, first.cursor)
        met = [world.value(r, "title") for r in records if r.id == world.id(0)]
        assert met[-1:] == ["Pilot"]

    @needs("edits")
    def test_edits_tell_who_when_and_what(self, world: World) -> None:
        """Several changes of one account in a page are one record, as it now is, with each edit in order."""
        world.people(2)
        _, cursor, _ = read_all(world.client)
        world.edit(world.id(1), {"title": "Chef"})
        world.edit(world.id(0), {"employer": "X"})
        world.edit_herself(world.id(1), {"title": "Cook", "phone_mobile": "1"})
        records, _, _ = read_all(world.client, cursor)
        assert [r.id for r in records] == [world.id(0), world.id(1)]
        assert world.value(records[1], "title") == "Cook"
        told = [(edit.fields, edit.by, edit.kind) for edit in records[1].edits]
        assert told == [(("title",), "Pat Reyes", "staff"), (("title", "phone_mobile"), "Ada Lee", "person")]
        assert all(datetime.fromisoformat(edit.at).tzinfo for edit in records[1].edits)

    @needs("edits")
    def test_own_write_comes_back_without_edit(self, world: World) -> None:
        """What we wrote ourselves is nobody's edit, but its record comes, since the system may have rewritten it."""
        world.people(1)
        _, cursor, _ = read_all(world.client)
        world.client.update([self.update(world, world.id(0), title="Judge")])
        records, _, _ = read_all(world.client, cursor)
        assert [(r.id, r.edits) for r in records] == [(world.id(0), ())]

    def test_many_changes_at_one_moment(self, world: World) -> None:
        """More changes with equal stamps than a page holds are all read, and the reading ends."""
        world.people(1203)
        _, cursor, _ = read_all(world.client)
        world.pause()
        for n in range(1203):
            world.edit(world.id(n), {"title": "T"})
        records, _, _ = read_all(world.client, cursor)
        assert {r.id for r in records if world.value(r, "title") == "T"} == {world.id(n) for n in range(1203)}

    @needs("deletes")
    def test_deleted_account_is_told(self, world: World) -> None:
        """A deletion is a record marked deleted, never an absence; fetching it finds nothing."""
        world.people(2)
        _, cursor, _ = read_all(world.client)
        world.edit(world.id(0), {"title": "T"})
        world.delete(world.id(0))
        records, _, _ = read_all(world.client, cursor)
        assert (world.id(0), True) in [(r.id, r.deleted) for r in records]
        if "handed_over" not in world.can:
            assert len(records) == 1
            assert [r.id for r in world.client.fetch("person", [world.id(0), world.id(1)])] == [world.id(1)]

    @unless("handed_over")
    def test_fetch_asks_for_many_ids(self, world: World) -> None:
        """More ids than a call takes are all found, in several calls."""
        world.people(450)
        assert len(world.client.fetch("person", [world.id(n) for n in range(450)])) == 450

    @needs("expiry")
    def test_expired_cursor_begins_again(self, world: World) -> None:
        """When the feed no longer reaches back, everything is read again; nothing fails."""
        world.people(3)
        _, cursor, _ = read_all(world.client)
        world.edit(world.id(0), {"title": "T"})
        world.wait(days=40)
        world.edit(world.id(1), {"title": "T"})
        records, _, pages = read_all(world.client, cursor)
        assert pages[0].full
        assert {r.id for r in records} == {world.id(0), world.id(1), world.id(2)}

    @pytest.mark.parametrize(
        "cursor",
        [
            *("nonsense", "{}", "[]", '{"v":9}', '{"v":1,"mode":"changes"}', '{"v":1,"mode":5}'),
            *("[" * 3000, '{"v":1,"mode":' + "[" * 900 + "]" * 900 + "}"),
        ],
    )
    def test_foreign_cursor_means_everything(self, world: World, cursor: str) -> None:
        """A cursor of another version, or a damaged one, starts a full read, which is always safe."""
        world.people(2)
        page = world.client.read(cursor)
        assert page.full
        assert len(page.records) == 2

    @pytest.mark.parametrize(
        "fault", ["html", "empty", "error", "truncate", "lose_answer", "not_a_number", "double_keys", "unavailable"]
    )
    @unless("handed_over")
    def test_bad_answer_is_never_data(self, world: World, fault: str) -> None:
        """A web page, a cut, an empty or a malformed answer says nothing about people: later, with the cursor kept (B47, B48)."""
        world.people(3)
        records, cursor, _ = read_all(world.client)
        world.pause()
        world.edit(world.id(0), {"title": "T"})
        world.order(fault, "GET", count=3)
        with pytest.raises(Later):
            world.client.read(cursor)
        assert [r.id for r in self.news(world, cursor, records)] == [world.id(0)]

    @needs("http")
    def test_reads_are_tried_three_times(self, world: World) -> None:
        """Two failures in a row are slept over, with jitter; nobody else repeats."""
        world.people(1)
        world.client.read("")
        before = world.client.calls.made
        world.order("lose_answer", "GET", count=2)
        assert len(world.client.read("").records) == 1
        assert world.clock.slept == [0.25, 0.5]
        assert world.client.calls.made == before + 3

    @needs("http")
    def test_throttle_is_honoured(self, world: World) -> None:
        """A short wait that the system asks for is kept; a long one goes up with its seconds."""
        world.people(1)
        world.order("throttle", "GET", value="7")
        world.client.read("")
        assert world.clock.slept == [7.0]
        world.order("throttle", "GET", value="99999999")
        with pytest.raises(Later) as caught:
            world.client.read("")
        assert caught.value.retry_after == 3600.0

    @needs("http")
    def test_redirect_and_size_are_bounded(self, world: World) -> None:
        """A redirect to another host stops the side; a body without end is given up."""
        world.people(1)
        world.order("redirect", "GET")
        with pytest.raises(Halt):
            world.client.read("")
        world.order("huge", "GET", count=3, value="2000000")
        with pytest.raises(Later, match="BODY_TOO_LARGE"):
            world.client.read("")

    @pytest.mark.parametrize(("text", "reason"), [("a\\u0000b", "NUL"), ("a\\ud800b", "surrogate")])
    def test_poison_record_is_set_apart(self, world: World, text: str, reason: str) -> None:
        """An account that nobody could store is told as poison, with its reason; its neighbours come as ever (B32, B33)."""
        world.people(3)
        _, cursor, _ = read_all(world.client)
        world.pause()
        world.spoil(world.id(1), text)
        readings = [read_all(world.client, cursor)[0], read_all(world.client)[0]]
        if "handed_over" not in world.can:
            readings.append(list(world.client.fetch("person", [world.id(1)])))
        for records in readings:
            (poison,) = [r for r in records if r.kind == POISON][:1]
            assert (poison.id, poison.fields["kind"]) == (world.id(1), "person")
            assert reason in poison.fields["reason"]
        assert {r.id for r in read_all(world.client)[0] if r.kind == "person"} == {world.id(0), world.id(2)}

    @needs("tenant")
    def test_tenant_is_asked(self, world: World) -> None:
        """The tenant's id comes from the system itself, each time."""
        assert world.client.tenant_id() == "tenant-0001"
        world.move_tenant("other")
        assert world.client.tenant_id() == "other"

    @needs("key")
    def test_key_is_read_again_once(self, world: World) -> None:
        """A key replaced while we run is picked up; one that is simply wrong stops the side without hammering."""
        world.secrets = ["old", KEY]
        assert world.client.tenant_id()
        world.secrets = ["wrong"]
        client = world.connect()
        with pytest.raises(Halt, match="401"):
            client.tenant_id()
        assert client.calls.made == 1

    # writing

    @unless("handed_over")
    def test_update_moves_the_version(self, world: World) -> None:
        """An applied update answers the record as it now is, with the version of the next update."""
        world.people(1)
        row = self.update(world, world.id(0), **{"address.city": "Oslo", "consents.mentoring": True})
        (outcome,) = world.client.update([row])
        assert outcome.status is Status.APPLIED
        (now,) = world.client.fetch("person", [world.id(0)])
        assert outcome.fields == now.fields
        assert (world.now(world.id(0))["address"]["city"], world.now(world.id(0))["consents"]["mentoring"]) == ("Oslo", True)
        assert outcome.version == now.version != row.version

    @needs("field_in_error")
    def test_each_element_has_its_own_outcome(self, world: World) -> None:
        """Law (I40): stale, refused and missing elements take nothing from their neighbours, and keep their order."""
        world.people(4)
        rows = [
            self.update(world, world.id(0), title="A"),
            self.update(world, world.id(1), title="B"),
            self.update(world, world.id(2), email_work="nonsense"),
            PersonUpdate(id=world.id(9), version="1", fields=world.native({"title": "C"})),
            self.update(world, world.id(3), title="D"),
        ]
        world.edit(world.id(1), {"title": "Mine"})
        outcomes = world.client.update(rows)
        assert states(outcomes) == ["applied", "stale", "refused", "refused", "applied"]
        assert world.now(world.id(1))["title"] == "Mine"
        assert (outcomes[2].code, outcomes[2].detail) == ("invalid", "field email_work")
        assert outcomes[2].remedy

    @needs("batch")
    def test_more_rows_than_a_call_takes(self, world: World) -> None:
        """Outcomes come in the order of the rows, over several calls."""
        world.people(450)
        versions = {r.id: r.version for r in read_all(world.client)[0]}
        rows = [
            PersonUpdate(id=world.id(n), version=versions[world.id(n)], fields=world.native({"title": f"T{n}"}))
            for n in range(450)
        ]
        outcomes = world.client.update(rows)
        assert [outcome.id for outcome in outcomes] == [row.id for row in rows]
        assert world.writes() == 3

    def test_a_change_that_we_did_not_see_is_never_overwritten(self, world: World) -> None:
        """Law (I7): whether the system keeps versions or we read before we write, what a counsellor saved meanwhile stays."""
        world.people(2)
        rows = [self.update(world, world.id(0), title="Ours"), self.update(world, world.id(1), title="Ours")]
        world.edit(world.id(0), {"employer": "Theirs"})
        assert self.write(world, *rows) == (["applied"] * 2 if "handed_over" in world.can else ["stale", "applied"])
        # who carries in value by value, and looks at each, has nothing to refuse here
        ours = "Ours" if "handed_over" in world.can else None
        assert (world.now(world.id(0))["title"], world.now(world.id(0))["employer"]) == (ours, "Theirs")
        assert world.now(world.id(1))["title"] == "Ours"

    def test_only_what_is_sent_changes(self, world: World) -> None:
        """An update of one value leaves every other value of the account as it was."""
        world.people(1)
        world.edit(
            world.id(0), {"employer": "X", "phone_mobile": "+16175550100", "address.city": "Oslo", "interests": ["energy"]}
        )
        before = world.now(world.id(0))
        assert self.write(world, self.update(world, world.id(0), title="A", **{"address.street": "Elm 1"})) == ["applied"]
        after = world.now(world.id(0))
        assert {name for name in after if after[name] != before[name]} == {"title", "address", "etag"}
        assert after["address"] == before["address"] | {"street": "Elm 1"}

    @pytest.mark.parametrize("fault", ["lose_answer", "error_after", "html_after", "truncate", "lose_request", "error"])
    @unless("handed_over")
    def test_lost_answer_is_unknown_and_nothing_is_repeated(self, world: World, fault: str) -> None:
        """When nobody knows, each element says so, the write was sent once, and reading tells the truth."""
        world.people(1)
        row = self.update(world, world.id(0), title="A")
        world.order(fault, world.writing)
        before = world.writes()
        assert states(world.client.update([row])) == ["unknown"]
        assert world.writes() <= before + 1
        acted = fault not in {"lose_request", "error"}
        assert (world.value(world.client.fetch("person", [world.id(0)])[0], "title") == "A") is acted

    @pytest.mark.parametrize("fault", ["short_results", "swap_results", "double_keys", "not_a_number"])
    @needs("batch")
    def test_results_that_do_not_fit_are_unknown(self, world: World, fault: str) -> None:
        """An element's outcome comes from its own result only; results of wrong number or order make all unknown."""
        world.people(2)
        rows = [self.update(world, world.id(n), title="A") for n in range(2)]
        world.order(fault, world.writing)
        assert states(world.client.update(rows)) == ["unknown", "unknown"]

    @needs("batch")
    def test_after_a_failure_the_rest_is_held_back(self, world: World) -> None:
        """A throttled or lost call is followed by no other: what was not sent is later."""
        world.people(450)
        versions = {r.id: r.version for r in read_all(world.client)[0]}
        rows = [
            PersonUpdate(id=world.id(n), version=versions[world.id(n)], fields=world.native({"title": "T"})) for n in range(450)
        ]
        world.order("throttle", world.writing, value="30")
        outcomes = world.client.update(rows)
        assert {(o.status, o.retry_after) for o in outcomes} == {(Status.LATER, 30.0)}
        world.order("lose_answer", world.writing)
        assert states(world.client.update(rows)) == ["unknown"] * 200 + ["later"] * 250

    @needs("login")
    def test_login_is_never_written(self, world: World) -> None:
        """A change that makes the system write to the person is refused before it is sent."""
        world.people(2)
        rows = [self.update(world, world.id(0), login_email="x@example.org"), self.update(world, world.id(1), title="A")]
        assert world.client.update(rows[:1])[0].code == "WOULD_MAIL_THE_PERSON"
        assert self.write(world, *rows) == ["refused", "applied"]
        assert world.mails() == 0

    @pytest.mark.parametrize("value", ["a\udc00b", "a\0b", 2**63])
    def test_value_that_cannot_be_sent_harms_no_neighbour(self, world: World, value: object) -> None:
        """A value that no JSON in UTF-8 can carry is refused alone; its neighbours are written."""
        world.people(2)
        rows = [self.update(world, world.id(0), title=value), self.update(world, world.id(1), title="A")]
        assert world.client.update(rows[:1])[0].code == "UNSENDABLE"
        assert self.write(world, *rows) == ["refused", "applied"]
        assert world.now(world.id(1))["title"] == "A"

    def test_no_call_makes_an_account(self, world: World) -> None:
        """Law: no call of the bridge creates a person, not even where it writes to one whom the system does not have."""
        world.people(2)
        known, stranger = self.update(world, world.id(0), title="A"), world.id(9)
        self.write(world, known, replace(known, id=stranger, known={}))
        side: CareerSide = world.client
        side.note([Note(key="n1", text="A note.", person_id=stranger)])
        told = Acknowledgement(request_id="r9", number="CR-9", understood_type="OTHER", state="received")
        side.acknowledge([told])
        assert world.accounts() == 2

    @needs("notes")
    def test_note_is_exactly_one_and_for_staff(self, world: World) -> None:
        """A note may be sent again, even with other words; staff see the first, once."""
        world.people(1)
        note = Note(key="n1", text="Put back by Alumni Relations.", person_id=world.id(0))
        first = world.client.note([note])[0]
        again = world.client.note([note, replace(note, text="Other words."), replace(note, key="n2", person_id=world.id(9))])
        assert (first.status, first.already_there) == (Status.APPLIED, False)
        assert [(o.status, o.already_there) for o in again[:2]] == [(Status.APPLIED, True)] * 2
        assert again[2].status is Status.REFUSED
        assert world.notes() == ["Put back by Alumni Relations."]

    @needs("acknowledgement")
    def test_acknowledgement_replaces_itself(self, world: World) -> None:
        """Careers see the last word about each request; repeating it changes nothing and wakes no feed."""
        request_id = world.ask({"type": "nonsense"})
        records, cursor, _ = read_all(world.client)
        row = Acknowledgement(
            request_id=request_id, number="CR-1", understood_type="OTHER", state="received", message="Which type?", asked=3
        )
        assert states(world.client.acknowledge([row, replace(row, request_id="gone")])) == ["applied", "refused"]
        assert states(world.client.acknowledge([row])) == ["applied"]
        kept = world.acknowledgement(request_id)
        assert (kept["number"], kept["state"], kept["message"], kept["asked"]) == ("CR-1", "received", "Which type?", 3)
        assert self.news(world, cursor, records) == []

    def test_no_rows_no_call(self, world: World) -> None:
        """Nothing to write costs nothing."""
        assert [*world.client.update([]), *world.client.note([]), *world.client.acknowledge([])] == []
        assert world.client.fetch("person", []) == []
        assert world.client.calls.made == 0

    def test_is_a_career_side(self, world: World) -> None:
        """The client is what the engine asks for."""
        side: CareerSide = world.client
        assert side.system == "careers"
