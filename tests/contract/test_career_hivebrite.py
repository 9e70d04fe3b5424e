"""Hivebrite, as the emulator serves it, keeps to the laws of every career system; and to its own traps."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connector.career.paging import AGAIN
from connector.errors import Halt, Later, Throttled
from connector.ports import Outcome, PersonUpdate, Record, Status
from connector.secrets import Secret
from emulator.career.faults import Fault
from emulator.career.hivebrite import HIVEBRITE
from emulator.career.hivebrite.responses import approve
from emulator.http import Request, Response, request
from tests.contract.career_contract import CareerContract, read_all, states
from tests.contract.platform_world import PAT, PlatformWorld, bend, reworded

TOKEN = "/api/oauth/token"
NAMES = {
    "title": "headline",
    "employer": "experience.company",
    "phone_mobile": "mobile_perso",
    "login_email": "email",
    "email_work": "custom.work_e_mail",
    "address.city": "postal_personal.city",
    "address.street": "postal_personal.address_1",
    "consents.mentoring": "custom.may_be_asked_to_mentor",
}
WORDS = {"consents.mentoring": {True: "Yes", False: "No"}}


class HivebriteWorld(PlatformWorld):
    """A community of Hivebrite. The bridge's secrets are its administrator's password, and its client's."""

    profile = "hivebrite"
    face = HIVEBRITE
    path = "/api/admin/v1/users"
    names = NAMES
    can = frozenset({"http", "key", "requests", "login", "deletes", "acknowledgement", "request_list"})

    def shown(self) -> dict[str, Any]:
        """No key: the administrator's password and the client's secret."""
        settings = {"admin_email": "bridge@example.edu", "client_id": "c-1"} | self.settings
        secrets = {"password": self.read_secret, "client_secret": lambda: Secret("c-secret")}
        return {"settings": settings, "secrets": secrets}

    def native(self, fields: Any) -> dict[str, Any]:
        """Consents are choices there."""
        return {NAMES[name]: WORDS.get(name, {}).get(value, value) for name, value in fields.items()}


class TestHivebrite(CareerContract):
    """A community of Hivebrite; requests are with the service beside it."""

    @pytest.fixture
    def world(self) -> HivebriteWorld:
        """A fresh community."""
        return HivebriteWorld()


def update(world: HivebriteWorld, person_id: str, **fields: object) -> Outcome:
    """One update on the newest version; names as Hivebrite has them, `__` for a dot."""
    (record,) = world.client.fetch("person", [person_id])
    row = PersonUpdate(id=person_id, version=record.version, fields={n.replace("__", "."): v for n, v in fields.items()})
    return world.client.update([row])[0]


def mentoring(record: Record) -> tuple[object, ...]:
    """What a record says about its person as a mentor."""
    return tuple(record.fields["mentoring"][name] for name in ("availability", "capacity", "mentees"))


# the login


@pytest.mark.parametrize("rotates", [True, False])
def test_a_token_is_refreshed_before_it_ends(rotates: bool) -> None:  # noqa: FBT001 - a switch of the emulated tenant
    """The password is shown once; from then on each login lives from the one before, whichever way the tokens go on."""
    world = HivebriteWorld()
    world.system.switches.hivebrite_refresh_rotates = rotates
    world.people(1)
    for _ in range(4):
        assert len(world.client.fetch("person", [world.id(0)])) == 1
        world.emulated_clock.move(timedelta(hours=2))
    asked = [write.body for write in world.app.writes if write.path == TOKEN]
    assert [b"grant_type=password" in body for body in asked] == [True, False, False, False]
    assert "(none)" not in world.app.calls, "a token was shown that had ended"


@pytest.mark.parametrize("fault", ["lose_answer", "lose_request", "error"])
def test_a_lost_refresh_is_a_login_by_password(fault: str) -> None:
    """A refresh token that may have been used up is never shown again."""
    world = HivebriteWorld()
    world.people(1)
    world.client.fetch("person", [world.id(0)])
    world.emulated_clock.move(timedelta(hours=2))
    world.app.order(Fault(fault), TOKEN)
    assert len(world.client.fetch("person", [world.id(0)])) == 1
    asked = [write.body for write in world.app.writes if write.path == TOKEN]
    assert b"grant_type=password" in asked[-1]


def test_a_login_that_the_system_has_forgotten_is_made_anew() -> None:
    """Access and refresh token revoked at once: the password is shown again, and nobody notices."""
    world = HivebriteWorld()
    world.people(1)
    world.client.fetch("person", [world.id(0)])
    world.system.tokens.clear()
    world.system.extra["refresh tokens"].clear()
    assert len(world.client.fetch("person", [world.id(0)])) == 1


def test_no_secret_is_ever_told() -> None:
    """Neither the password nor the client's secret nor a token stands in an error."""
    world = HivebriteWorld()
    world.secrets = ["s3cret-canary"]
    with pytest.raises(Halt) as refused:
        world.client.tenant_id()
    world.app.order(Fault.ERROR, TOKEN, count=9)
    with pytest.raises(Later) as lost:
        world.client.tenant_id()
    for caught in (refused.value, lost.value):
        assert not any(word in f"{caught!s} {caught!r} {vars(caught)}" for word in ("s3cret-canary", "c-secret"))


# lists


@pytest.mark.parametrize("bare", [True, False])
@pytest.mark.parametrize("of_all", [True, False])
@pytest.mark.parametrize("missing", [True, False])
@pytest.mark.parametrize("count", [0, 99, 100, 200, 250])
def test_lists_are_read_whatever_they_say_of_themselves(bare: bool, of_all: bool, missing: bool, count: int) -> None:  # noqa: FBT001
    """Everybody is met once, in a full read and among changes, and no address that a list names is followed."""
    world = HivebriteWorld()
    switches = world.system.switches
    switches.hivebrite_bare_lists, switches.hivebrite_total_of_all, switches.hivebrite_overflow_is_404 = bare, of_all, missing
    world.people(count)
    records, cursor, pages = read_all(world.client)
    assert [record.id for record in records] == [world.id(n) for n in range(count)]
    assert sum(page.full for page in pages) == max(1, -(-count // 100))
    world.pause()
    half = [world.id(n) for n in range(0, count, 2)]
    for id in half:
        world.edit(id, {"title": "T"})
    assert [record.id for record in read_all(world.client, cursor)[0]] == half


@pytest.mark.parametrize("linked", [True, False])
def test_shorter_pages_than_we_ask_for_are_read_to_the_end(linked: bool) -> None:  # noqa: FBT001 - a header
    """Law: a community that gives 25 rows at once says so; nobody behind the first page is passed over.

    Where it tells which page is the last, nobody slips through between two pages either.
    """
    world = HivebriteWorld()
    world.people(60)
    answer = world.app.handle

    def short(request: Request) -> Response:
        told = answer(replace(request, query=request.query.replace("per_page=100", "per_page=25")))
        return replace(told, headers={name: text for name, text in told.headers.items() if linked or name != "Link"})

    world.app.handle = short  # type: ignore[method-assign]
    first = world.client.read("")
    assert len(first.records) == 25
    if linked:
        world.delete(world.id(3))
    everybody = {world.id(n) for n in range(60) if n != 3}
    assert everybody <= {record.id for record in [*first.records, *read_all(world.client, first.cursor)[0]]}


@pytest.mark.parametrize("customs", [None, [], ["x"], "x", 1, True, {"a": 1}])
def test_custom_attributes_in_another_form_are_unreadable(customs: object) -> None:
    """Law (B47): of what is no list nothing is known, and nothing is empty; the account and its neighbours are read."""
    world = HivebriteWorld()
    world.people(2)

    def told(page: Any) -> object:
        return page | {"users": [page["users"][0] | {"custom_attributes": customs}, *page["users"][1:]]}

    bend(world.app, "GET .*/users[?]", reworded(told))
    first, second = read_all(world.client)[0]
    assert (first.fields["custom"], second.kind) == ({}, "person")


@pytest.mark.parametrize("told", ["9" * 5000, "-1", "many", ""])
def test_a_total_that_is_none_says_nothing(told: str) -> None:
    """Law (B49): whatever stands in a header, everybody is read."""
    world = HivebriteWorld()
    world.people(3)
    bend(world.app, "^GET .*[?&]page=", lambda answer: replace(answer, headers={**answer.headers, "x-total": told}), count=100)
    assert [record.id for record in read_all(world.client)[0]] == [world.id(n) for n in range(3)]


@pytest.mark.parametrize("missing", [True, False])
def test_a_list_may_shrink_while_we_turn_its_pages(missing: bool) -> None:  # noqa: FBT001 - a switch
    """The last page is gone when we come to it: that is the list's end, be it an empty page or a 404."""
    world = HivebriteWorld()
    world.system.switches.hivebrite_overflow_is_404 = missing
    world.people(201)
    first = world.client.read("")
    second = world.client.read(first.cursor)
    world.delete(world.id(150))
    records, _, _ = read_all(world.client, second.cursor)
    assert {world.id(150)} == {record.id for record in records if record.deleted}
    assert not {record.id for record in records if record.kind == "poison"}


def test_a_row_that_moves_while_we_turn_pages_hides_nobody() -> None:
    """A list in order of change pushes rows across page boundaries as people work; everybody is met all the same."""
    world = HivebriteWorld()
    world.system.switches.hivebrite_order_ignored = world.system.switches.newest_first = True
    for n in range(450):
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
    assert met == {world.id(n) for n in range(450)}


def test_a_page_without_rows_ends_a_list() -> None:
    """Law: a list whose pages name a next one for ever is not read for ever."""
    world = HivebriteWorld()
    world.system.switches.hivebrite_overflow_is_404 = False
    world.people(3)
    link = {"Link": '<https://hivebrite.com/?page=2>; rel="next"'}
    bend(world.app, "^GET .*[?&]page=", lambda answer: replace(answer, headers={**answer.headers, **link}), count=100)
    assert [record.id for record in read_all(world.client)[0]] == [world.id(n) for n in range(3)]
    assert sum(world.app.calls.values()) < 30


def test_that_nobody_has_changed_is_asked_once() -> None:
    """Law: where an empty list of changes counts everybody, it is empty; an empty list of everybody is asked for again."""
    world = HivebriteWorld(mentoring="no")
    world.people(3)
    _, cursor, _ = read_all(world.client)
    world.pause()
    before = world.app.calls["GET /api/admin/v1/users"]
    assert read_all(world.client, cursor)[0] == []
    assert world.app.calls["GET /api/admin/v1/users"] - before == 1
    bend(world.app, "^GET /api/admin/v1/users", reworded(lambda _: {"users": []}), count=AGAIN)
    assert len(read_all(world.client)[0]) == 3


@pytest.mark.parametrize("extended", [True, False])
@pytest.mark.parametrize("told", ["everything", "profile"])
def test_changes_of_attributes_are_found(extended: bool, told: str) -> None:  # noqa: FBT001 - a switch
    """Where updated_since means the user's own properties only, attributes are compared once a day, if the settings say so."""
    world = HivebriteWorld(updated_since=told)
    world.system.switches.hivebrite_since_extended = extended
    world.people(1)
    _, cursor, _ = read_all(world.client)
    world.pause()
    world.edit(world.id(0), {"major": "Law"})
    records, cursor, _ = read_all(world.client, cursor)
    assert [record.fields["custom"]["major"] for record in records] == (["Law"] if extended else [])
    world.edit(world.id(0), {"title": "Judge"})
    records, cursor, _ = read_all(world.client, cursor)
    assert world.value(records[0], "title") == "Judge"
    world.pause()
    _, cursor, _ = read_all(world.client, cursor)
    world.pause()
    world.edit(world.id(0), {"major": "Art"})
    world.wait(days=1)
    records, _, _ = read_all(world.client, cursor)
    assert bool(records) is (extended or told == "profile")


@pytest.mark.parametrize("moves", [True, False])
def test_only_who_is_approved_is_somebody(moves: bool) -> None:  # noqa: FBT001 - a switch
    """Who has asked to join is neither listed nor found; once approved she comes as a change, else when all are compared."""
    world = HivebriteWorld(updated_since="profile")
    world.system.switches.hivebrite_approval_moves = moves
    world.system.seed("person", [{"id": "1", "last_name": "A", "state": "pending_approval"}, {"id": "2", "last_name": "B"}])
    world.pause()
    records, cursor, _ = read_all(world.client)
    assert [record.id for record in records] == ["2"]
    assert world.client.fetch("person", ["1"]) == []
    world.pause()
    approve(world.system, PAT, request("PUT", "/"), {"id": "1"})
    records, cursor, _ = read_all(world.client, cursor)
    assert [record.id for record in records] == (["1"] if moves else [])
    world.wait(days=1)
    assert [record.id for record in read_all(world.client, cursor)[0]][-2:] == ["1", "2"]


def test_what_else_was_deleted_is_nobody() -> None:
    """The list of deletions has comments, too: their numbers are no users."""
    world = HivebriteWorld()
    world.people(2)
    _, cursor, _ = read_all(world.client)
    world.pause()
    world.system.delete("request", world.ask({"type": "PANEL_SPEAKER"}), PAT)
    world.delete(world.id(1))
    records, cursor, _ = read_all(world.client, cursor)
    assert [(record.id, record.deleted) for record in records if record.kind == "person"] == [(world.id(1), True)]
    world.pause()
    _, cursor, _ = read_all(world.client, cursor)  # once more, for safety
    assert read_all(world.client, cursor)[0] == []


@pytest.mark.parametrize("told", [True, False])
def test_the_employer_is_known_where_profiles_tell_it(told: bool) -> None:  # noqa: FBT001 - a switch
    """The present job of the experiences; where a profile has none, the employer is unreadable and not empty."""
    world = HivebriteWorld()
    world.system.switches.hivebrite_jobs_in_profile = told
    world.people(2)
    world.edit(world.id(0), {"employer": "Acme", "title": "Judge"})
    found = [record.fields.get("experience") for record in world.client.fetch("person", [world.id(0), world.id(1)])]
    some, none = {"company": "Acme", "position": "Judge"}, {"company": None, "position": None}
    assert found == ([some, none] if told else [None, None])


def test_another_user_than_was_asked_for_is_nobody() -> None:
    """An answer about somebody else is no answer."""
    world = HivebriteWorld()
    world.people(2)
    world.system.people.by_id[world.id(0)] = world.system.people.by_id[world.id(1)]
    with pytest.raises(Later):
        world.client.fetch("person", [world.id(0)])


def test_what_moves_by_itself_changes_nobody() -> None:
    """Signed addresses of files, visits and counters make no new version."""
    world = HivebriteWorld()
    world.people(1)
    (before,) = world.client.fetch("person", [world.id(0)])
    world.wait(days=3)
    world.system.people.by_id[world.id(0)].extra["visits"] = 12
    (after,) = world.client.fetch("person", [world.id(0)])
    assert after.version == before.version


def test_the_network_tells_its_number() -> None:
    """The tenant is the network, not its address or its name."""
    world = HivebriteWorld()
    assert world.client.tenant_id().isdecimal()


# writing


def test_only_what_changes_is_sent() -> None:
    """An attribute goes by its inner name, an address whole, and a login that stays as it is not at all."""
    world = HivebriteWorld()
    world.people(1)
    world.edit(world.id(0), {"login_email": "ada@example.org", "address.city": "Oslo"})
    sent = {"headline": "Judge", "custom__major": "Law", "postal_personal__address_1": "Elm 1"}
    assert update(world, world.id(0), **sent).status is Status.APPLIED
    (body,) = (json.loads(write.body)["user"] for write in world.app.writes if write.method == "PUT")
    assert body["headline"] == "Judge"
    assert [one["value"] for one in body["custom_attributes"]] == ["Law"]
    assert body["postal_personal"] == {"address_1": "Elm 1", "city": "Oslo", "state": None, "postal_code": None, "country": None}
    assert set(body) == {"headline", "custom_attributes", "postal_personal"}


@pytest.mark.parametrize("switch", ["hivebrite_put_replaces", "hivebrite_customs_replaced"])
def test_the_first_write_that_empties_others_is_the_last(switch: str) -> None:
    """A community that takes the few values for the whole user is noticed at the first write, and nothing more is sent."""
    world = HivebriteWorld()
    setattr(world.system.switches, switch, True)
    world.people(2)
    rows = []
    for n in range(2):
        world.edit(world.id(n), {"linkedin_url": "https://www.linkedin.com/in/lee", "major": "Law"})
        (record,) = world.client.fetch("person", [world.id(n)])
        rows.append(PersonUpdate(id=record.id, version=record.version, fields={"custom.work_e_mail": "a@example.org"}))
    with pytest.raises(Halt, match="emptied"):
        world.client.update(rows)
    assert world.writes() == 1
    assert world.now(world.id(1))["major"] == "Law"


@pytest.mark.parametrize("name", ["email", "email2", "email3", "primary_email_choice"])
def test_no_address_is_written_to_which_hivebrite_could_write(name: str) -> None:
    """The login, and the other addresses at which it reaches a user, are never changed."""
    world = HivebriteWorld()
    world.people(1)
    outcome = update(world, world.id(0), **{name: "new@example.org"})
    assert (outcome.status, outcome.code, world.writes()) == (Status.REFUSED, "WOULD_MAIL_THE_PERSON", 0)


def test_attributes_and_choices_that_are_not_there_are_refused_unsent() -> None:
    """What the community has not made cannot be written; what it has made since we looked, can."""
    world = HivebriteWorld()
    world.people(1)
    world.edit(world.id(0), {"interests": ["energy"]})
    refusals = [
        update(world, world.id(0), custom__shoe_size="44"),
        update(world, world.id(0), custom__may_be_surveyed="Perhaps"),
        update(world, world.id(0), experience__company="Acme"),
    ]
    assert [(one.code, one.detail) for one in refusals] == [
        ("unknown_attribute", "field custom.shoe_size"),
        ("unknown_choice", "field custom.may_be_surveyed"),
        ("read_only", "field experience.company"),
    ]
    assert world.writes() == 0
    assert update(world, world.id(0), custom__interests=["energy", "law"]).code == "unknown_choice"
    world.system.seed("person", [{"id": world.id(1), "last_name": "B", "interests": ["law"]}])
    read_all(world.client)
    assert update(world, world.id(0), custom__interests=["energy", "law"]).status is Status.APPLIED
    assert world.now(world.id(0))["interests"] == ["energy", "law"]


def test_a_refused_value_names_its_field() -> None:
    """Hivebrite's answer has the names of fields and no codes."""
    world = HivebriteWorld()
    world.people(1)
    outcome = update(world, world.id(0), birthday="2090-13-45")
    assert (outcome.status, outcome.detail) == (Status.REFUSED, "field birthday")


@pytest.mark.parametrize("id", [4711, [], {}])
def test_a_success_that_is_another_users_is_unknown(id: object) -> None:
    """Law: an answer of 200 about somebody else is no acknowledgement, for a field that is known to work either."""
    world = HivebriteWorld()
    world.people(1)
    assert update(world, world.id(0), headline="Judge").status is Status.APPLIED
    bend(world.app, "^PUT ", reworded(lambda told: {"user": told["user"] | {"id": id}}))
    assert update(world, world.id(0), headline="Chef").status is Status.UNKNOWN


@pytest.mark.parametrize("said", [{"status": 422, "errors": {"headline": ["is invalid"]}}, {"error": "invalid_request"}])
def test_a_success_that_says_otherwise_is_unknown(said: dict[str, object]) -> None:
    """Law: an answer of 200 that tells an error in Hivebrite's own form is no acknowledgement."""
    world = HivebriteWorld()
    world.people(1)
    assert update(world, world.id(0), headline="Judge").status is Status.APPLIED
    bend(world.app, "^PUT ", reworded(lambda _told: said))
    assert update(world, world.id(0), headline="Chef").status is Status.UNKNOWN


# mentors


@pytest.mark.parametrize("word", ["active", "looking_for_mentees"])
def test_mentors_are_as_careers_have_them(word: str) -> None:
    """Availability, places and mentees of all programmes; which word means available, a setting says."""
    world = HivebriteWorld(mentor_available=word)
    world.system.switches.hivebrite_mentor_word = word
    world.people(3)
    world.edit(world.id(0), {"mentor_availability": "available", "mentor_capacity": 3})
    world.edit(world.id(1), {"mentor_availability": "paused", "mentor_capacity": 1})
    world.system.people.by_id[world.id(0)].extra["mentees"] = 2
    world.pause()
    records, _, _ = read_all(world.client)
    assert [mentoring(record) for record in records] == [("available", 3, 2), ("paused", 1, 0), (None, None, None)]
    silent = HivebriteWorld(mentoring="no")
    silent.people(1)
    assert "mentoring" not in read_all(silent.client)[0][0].fields
    assert not any("mentor" in call for call in silent.app.calls)


def test_mentors_are_known_by_numbers_and_by_texts() -> None:
    """Law: an id that comes as a number here and as a text there is the same one; a list in its place is nobody's (B47)."""
    world = HivebriteWorld()
    world.people(1)
    world.edit(world.id(0), {"mentor_availability": "available", "mentor_capacity": 3})
    world.pause()

    def told(page: Any) -> object:
        rows = [row | {name: str(row[name]) for name in ("user_id", "mentoring_program_id")} for row in page["mentor_profiles"]]
        return {"mentor_profiles": [*rows, {"user_id": [1], "mentoring_program_id": {}}]}

    bend(world.app, "/mentor_profiles", reworded(told))
    bend(world.app, "/programs", reworded(lambda page: {"programs": [*page["programs"], {"id": [], "maximum_mentees": 9}]}))
    assert [mentoring(record)[:2] for record in read_all(world.client)[0]] == [("available", 3)]


def test_another_word_means_not_available() -> None:
    """A status that no setting names is never taken for a yes."""
    world = HivebriteWorld()
    world.system.switches.hivebrite_mentor_word = "looking_for_mentees"
    world.people(1)
    world.edit(world.id(0), {"mentor_availability": "available"})
    assert mentoring(read_all(world.client)[0][0])[0] == "not_available"


@pytest.mark.parametrize("touched", [True, False])
@pytest.mark.parametrize("restart", [True, False])
def test_a_mentor_who_moves_is_met_within_the_hour(touched: bool, restart: bool) -> None:  # noqa: FBT001 - a switch
    """What changes in a programme changes no user: mentors are compared once an hour, after a restart by their own times."""
    world = HivebriteWorld()
    world.system.switches.hivebrite_mentor_touched = touched
    world.people(70)
    for n in range(70):
        world.edit(world.id(n), {"mentor_availability": "available", "mentor_capacity": 3})
    _, cursor, _ = read_all(world.client)
    world.emulated_clock.move(timedelta(minutes=70))
    _, cursor, _ = read_all(world.client, cursor)
    for stored in world.system.people.order[:60]:
        stored.extra |= {"mentees": 1, "accepted_at": world.emulated_clock.now()}
    if restart:
        world.client = world.connect()
    records, cursor, _ = read_all(world.client, cursor)
    assert records == []
    world.emulated_clock.move(timedelta(minutes=70))
    records, _, _ = read_all(world.client, cursor)
    met = [record.id for record in records if mentoring(record) == ("available", 3, 1)]
    assert met == ([world.id(n) for n in range(60)] if touched or not restart else [])


def test_mentoring_is_no_reason_to_hold_back_a_write() -> None:
    """The state of a mentorship is no version of the user: what careers do there makes no change of ours stale."""
    world = HivebriteWorld()
    world.people(1)
    world.edit(world.id(0), {"mentor_availability": "available", "mentor_capacity": 3})
    _, cursor, _ = read_all(world.client)
    (record,) = world.client.fetch("person", [world.id(0)])
    world.system.people.by_id[record.id].extra |= {"mentees": 2, "accepted_at": world.emulated_clock.now()}
    world.emulated_clock.move(timedelta(minutes=70))
    assert mentoring(read_all(world.client, cursor)[0][-1]) == ("available", 3, 2)
    row = PersonUpdate(id=record.id, version=record.version, fields={"headline": "Judge"})
    assert states(world.client.update([row])) == ["applied"]


def test_a_mentor_who_goes_hides_no_other() -> None:
    """Law: a profile that goes pulls another one across a page boundary: who is behind it is a mentor all the same."""
    world = mentors(150)
    _, cursor, _ = read_all(world.client)
    world.emulated_clock.move(timedelta(minutes=70))
    _, cursor, _ = read_all(world.client, cursor)
    world.emulated_clock.move(timedelta(minutes=70))

    def leaves(answer: Response) -> Response:
        world.edit(world.id(0), {"mentor_availability": None})
        return answer

    bend(world.app, "mentor_profiles.*[?&]page=1", leaves)
    told = {record.id: mentoring(record)[0] for record in read_all(world.client, cursor)[0]}
    assert told[world.id(0)] is None
    assert told.get(world.id(100), "available") == "available"
    (record,) = world.client.fetch("person", [world.id(100)])
    assert mentoring(record)[0] == "available"


def test_who_has_changed_is_told_after_a_failure() -> None:
    """Law: what the list of mentors has shown is owed until it was told: a call that fails behind it loses nobody."""
    world = mentors(3)
    world.system.switches.hivebrite_mentor_touched = False
    _, cursor, _ = read_all(world.client)
    world.emulated_clock.move(timedelta(minutes=70))
    _, cursor, _ = read_all(world.client, cursor)
    world.system.people.by_id[world.id(1)].extra["mentees"] = 1
    world.emulated_clock.move(timedelta(minutes=70))
    bend(world.app, f"^GET /api/admin/v1/users/{world.id(1)}", lambda answer: replace(answer, status=503), count=3)
    with pytest.raises(Later):
        read_all(world.client, cursor)
    records, cursor, _ = read_all(world.client, cursor)
    assert [(record.id, mentoring(record)) for record in records] == [(world.id(1), ("available", 3, 1))]
    world.emulated_clock.move(timedelta(minutes=70))
    assert read_all(world.client, cursor)[0] == [], "once it was told, it is not told again"


def mentors(count: int) -> HivebriteWorld:
    """A community of mentors."""
    world = HivebriteWorld()
    world.people(count)
    for n in range(count):
        world.edit(world.id(n), {"mentor_availability": "available", "mentor_capacity": 3})
    return world


# limits


def test_no_call_is_one_too_many() -> None:
    """700 users one by one take as long as 300 calls a minute allow, and none is refused."""
    world = HivebriteWorld()
    world.people(700)
    before = world.emulated_clock.now()
    assert len(world.client.fetch("person", [world.id(n) for n in range(700)])) == 700
    assert timedelta(minutes=2) <= world.emulated_clock.now() - before <= timedelta(minutes=3)


def test_server_errors_are_not_piled_up() -> None:
    """After 15 server errors in a minute Hivebrite would shut us out: we wait by ourselves, and then go on."""
    world = HivebriteWorld()
    world.people(1)
    world.client.fetch("person", [world.id(0)])
    world.order("error", "GET", count=99)
    codes = []
    for _ in range(6):
        with pytest.raises(Later) as caught:
            world.client.fetch("person", [world.id(0)])
        codes.append(caught.value.code)
    assert codes == ["HTTP_500"] * 5 + ["PACE"]
    assert isinstance(caught.value, Throttled)
    world.app.orders.clear()
    world.emulated_clock.move(timedelta(minutes=1))
    assert len(world.client.fetch("person", [world.id(0)])) == 1


def test_requests_have_their_own_key() -> None:
    """The service with the requests is shown its own key, never a login of Hivebrite."""
    world = HivebriteWorld()
    world.ask({"type": "PANEL_SPEAKER"})
    assert [record.fields["type"] for record in read_all(world.client)[0]] == ["PANEL_SPEAKER"]
    world.secrets = ["another"]
    assert [record.kind for record in world.client.fetch("request", ["r0000001"])] == ["request"]
