"""Handshake, as the emulator shows it, keeps to the laws of every career system as far as files can; and to its own traps."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from connector.career.profile import load_profile, read_profile
from connector.career.setup import Given, Setup, faults
from connector.core.rulebook import pick
from connector.errors import Halt, Later
from connector.ports import HANDED_OVER, NOT_NOW, Outcome, PersonUpdate, Record, Status
from connector.secrets import Secret
from connector.wire import Wire
from emulator.career import Actor, CareerApp, CareerSystem, Kind
from emulator.career.faults import Fault
from emulator.career.handshake import HANDSHAKE
from emulator.career.handshake.face import export_students, upload
from emulator.career.handshake.importer import Job, Manner
from emulator.clock import Clock as EmulatedClock
from emulator.inprocess import mount
from tests.contract.career_contract import HOST, KEY, CareerContract, SlowClock, read_all, states
from tests.contract.drop_world import DropWorld

PROFILE = Path(__file__).parents[2] / "connector" / "career" / "profiles" / "handshake.toml"
WORDS = {
    "title": "preferred_name",
    "employer": "middle_name",
    "address.street": "mobile_number",
    "login_email": "email_address",
    "first_name": "first_name",
}
"""What the suite calls so, and a column of Handshake that can stand for it."""
_TENANT = {"title": "preferred_name", "employer": "middle_name"}


class HandshakeWorld(DropWorld):
    """A university on Handshake: staff export, a program uploads. All are alumni who have just graduated."""

    profile = "handshake"
    can = frozenset({"requests", "login", "handed_over"})

    def __init__(self, folder: Path, *, api: str = "", **settings: str) -> None:
        self.api, self.key = api, KEY
        system = CareerSystem(EmulatedClock())
        system.admit(KEY, Actor(id="key-1", name="alumni-bridge", kind=Kind.API))
        self.app = CareerApp(system, face=HANDSHAKE)
        self.jobs: list[Job] = []
        super().__init__(folder, **settings)
        self.system = system
        self.emulated_clock = system.clock
        self.clock = SlowClock(system.clock)
        self.clients.clear()
        self.client = self.connect()

    def setup(self) -> Setup:
        """See ``DropWorld.setup``; with the EDU API where a path to it is given."""
        setup = super().setup()
        if not self.api:
            return setup
        session = requests.Session()
        mount(session, self.app, HOST)
        return replace(setup, wire=Wire(session, HOST + self.api, self.clock, side="careers"), key=lambda: Secret(self.key))

    def export_people(self) -> None:
        """Staff's export of students."""
        export_students(self.system, self.folder, self.manner)

    def native(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Under Handshake's names."""
        return {WORDS[name]: value for name, value in fields.items()}

    def value(self, record: Record, name: str) -> Any:
        """Under Handshake's name."""
        return pick(record.fields, WORDS[name])[1]

    def people(self, count: int) -> None:
        """Alumni who graduated a month ago."""
        ended = (self.emulated_clock.now() - timedelta(days=30)).date().isoformat()
        rows = (
            {"id": self.id(n), "first_name": f"F{n}", "last_name": f"L{n}", "login_email": f"a{n}@example.edu"}
            for n in range(count)
        )
        self.system.seed("person", rows)
        for one in self.system.people.order:
            one.extra["handshake"] = {"primary_education:end_date": ended, "auth_identifier": f"sso-{one.id}"}
        self.changed = True

    def edit(self, person_id: str, fields: dict[str, Any]) -> None:
        """A change by the counsellor Pat Reyes."""
        super().edit(person_id, {_TENANT.get(name, name): value for name, value in fields.items()})

    def now(self, person_id: str) -> dict[str, Any]:
        """The account in the suite's words."""
        data = super().now(person_id)
        data |= {word: data.pop(name) for word, name in _TENANT.items()}
        return data | {"address": data["address"] | {"street": data.pop("phone_mobile")}}

    def carry_over(self) -> None:
        """The university uploads what lies there."""
        self.jobs += upload(self.system, self.folder)
        self.changed = True

    def spoil(self, person_id: str, text: str) -> None:
        """Let an account hold text that no healthy system would send."""
        stored = self.system.people.by_id[person_id]
        data = stored.data() | {"preferred_name": json.loads(f'"{text}"')}
        self.system.spoil("person", person_id, json.dumps(data).encode())
        self.changed = True

    def student(self, number: int, **own: str) -> None:
        """What Handshake alone has of an account."""
        stored = self.system.people.by_id[self.id(number)]
        stored.extra["handshake"] |= {name.replace("__", ":"): value for name, value in own.items()}
        self.changed = True

    def row(self, number: int, **fields: Any) -> PersonUpdate:
        """A change of an account as the engine asks for it."""
        known = {record.id: record for record in read_all(self.client)[0]}[self.id(number)]
        return PersonUpdate(id=known.id, version=known.version, fields=fields, known=known.fields, key=str(number))

    def files(self) -> list[str]:
        """The files for the Importer."""
        return sorted(path.name for path in self.folder.glob("handshake-alumni-*.csv"))

    def lines(self, number: int) -> list[dict[str, str]]:
        """The lines of one of them."""
        with (self.folder / f"handshake-alumni-{number:06}.csv").open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file, strict=True))


class TestHandshake(CareerContract):
    """Students by export, changes by the Importer, requests by files."""

    @pytest.fixture
    def world(self, tmp_path: Path) -> Iterator[HandshakeWorld]:
        """A fresh university."""
        world = HandshakeWorld(tmp_path)
        yield world
        world.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[HandshakeWorld]:
    """A university with twelve alumni."""
    world = HandshakeWorld(tmp_path)
    world.people(12)
    yield world
    world.close()


def test_only_alumni_are_ours(world: HandshakeWorld) -> None:
    """Law: students are passed over; who studies again is none of ours from then on, and no file calls her an alumna again."""
    world.student(0, school_year_name="Masters")
    records, cursor, _ = read_all(world.client)
    assert {record.id: record.deleted for record in records if record.id in ("a0", "a1")} == {"a0": True, "a1": False}
    world.student(1, school_year_name="Masters")
    records, _, _ = read_all(world.client, cursor)
    assert [record.id for record in records if record.deleted] == ["a0", "a1"]
    with (world.folder / "students.result.csv").open(newline="") as file:
        assert [row["result"] for row in csv.DictReader(file)][:3] == ["passed over", "passed over", "taken"]


@pytest.mark.parametrize("word", ["ALUMNI", "alumni", " Alumni "])
def test_who_is_an_alumna_is_one_in_any_case(world: HandshakeWorld, word: str) -> None:
    """Law: an export that writes the word in another case makes nobody vanish: who is passed over counts as deleted."""
    _, cursor, _ = read_all(world.client)
    world.student(1, school_year_name=word)
    assert not [record for record in read_all(world.client, cursor)[0] if record.deleted]


def test_the_file_is_one_that_runs_by_itself(world: HandshakeWorld) -> None:
    """Law: headers that the Importer knows and no other, the anchors that it needs, and nothing else of the account changes."""
    before = world.now("a0")
    rows = [world.row(0, preferred_name="Ada", mobile_number="+1 617 555 0100"), world.row(1, middle_name=None, last_name="King")]
    world.system.change_person("a1", {"middle_name": "Augusta"}, Actor(id="s", name="S", kind=Kind.STAFF))
    assert states(world.client.update(rows)) == ["unknown", "unknown"]
    assert world.files() == ["handshake-alumni-000001.csv"]
    first, second = world.lines(1)
    assert {header for header, cell in first.items() if cell} == {"username", "email_address", "preferred_name", "mobile_number"}
    assert set(first) >= {"auth_identifier", "first_name", "school_year_name"}, "headers that it needs"
    assert (first["username"], first["email_address"], first["mobile_number"]) == ("a0", "a0@example.edu", "+1 617 555 0100")
    assert (first["middle_name"], second["middle_name"], second["last_name"]) == ("", "**CLEAR**", "King")
    assert "key" not in first
    world.carry_over()
    assert [(job.held, job.changed, job.failed, job.created) for job in world.jobs] == [([], 2, {}, 0)]
    after = world.now("a0")
    assert {name for name in after if after[name] != before[name]} == {"title", "address", "etag"}
    assert (world.now("a1")["employer"], world.now("a1")["last_name"]) == (None, "King")


@pytest.mark.parametrize("warns_blank", [True, False])
def test_required_cells_are_filled_where_blanks_hold_a_file(world: HandshakeWorld, *, warns_blank: bool) -> None:
    """Law: if the analysis minds blank cells, the setting gives them what the last export had."""
    world.settings["fill_required"] = "yes"
    world.connect().update([world.row(0, preferred_name="Ada")])
    (line,) = world.lines(1)
    assert (line["first_name"], line["auth_identifier"], line["school_year_name"]) == ("F0", "sso-a0", "Alumni")
    jobs = upload(world.system, world.folder, Manner(warns_blank=warns_blank))
    assert [(job.held, job.changed) for job in jobs] == [([], 1)]


def test_a_change_of_careers_between_export_and_upload_stays(world: HandshakeWorld) -> None:
    """Law: what our file does not change is not set back to what the last export had."""
    row = world.row(0, preferred_name="Ada")
    world.system.change_person("a0", {"first_name": "Augusta"}, Actor(id="s", name="S", kind=Kind.STAFF))
    world.client.update([row])
    world.carry_over()
    assert world.now("a0")["first_name"] == "Augusta"


def test_no_file_has_a_name_that_is_never_processed(world: HandshakeWorld) -> None:
    """Law: neither test nor sample stands in it, in whatever environment."""
    world.client.update([world.row(0, preferred_name="Ada")])
    assert not [name for name in world.files() if "test" in name or "sample" in name]


def test_one_file_a_month(world: HandshakeWorld) -> None:
    """Law: before its day a change is later, with the time until then, for any process, with or without the old files."""
    world.client.update([world.row(0, preferred_name="Ada")])
    world.wait(days=10)
    (outcome,) = world.client.update([world.row(1, preferred_name="Eve")])
    assert (outcome.status, outcome.code) == (Status.LATER, NOT_NOW)
    assert outcome.retry_after == pytest.approx(21 * 86_400, abs=600)
    for path in world.folder.glob("handshake-alumni-*"):
        path.unlink()
    assert states(world.connect().update([world.row(1, preferred_name="Eve")])) == ["later"]
    assert world.files() == []
    world.wait(days=22)
    assert states(world.client.update([world.row(1, preferred_name="Eve")])) == ["unknown"]
    assert world.files() == ["handshake-alumni-000002.csv"]


@pytest.mark.parametrize("days", ["1", "7"])
def test_how_often_is_a_setting(world: HandshakeWorld, days: str) -> None:
    """Law: an institution that has agreed on more sends more often; never more than a file a day."""
    world.settings["alumni_every_days"] = days
    client = world.connect()
    client.update([world.row(0, preferred_name="Ada")])
    world.wait(days=int(days) - 1)
    assert states(client.update([world.row(1, preferred_name="Eve")])) == ["later"]
    world.wait(days=1)
    assert states(client.update([world.row(1, preferred_name="Eve")])) == ["unknown"]


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        *(("alumni_every_days", value, "a whole number from 1 to 999") for value in ("0", "a week", "-1", "1.5", "1000", "٣")),
        ("fill_required", "true", "yes or no"),
    ],
)
def test_settings_say_what_they_can_be(name: str, value: str, wanted: str) -> None:
    """Law: a period that is none, or a choice that is not offered, is a mistake of the configuration, told with its cure."""
    settings = {name: value}
    given = Given(url=False, key=False, folder=True, carrier="csv", requests_url=False, requests_key=False, settings=settings)
    told = list(faults(load_profile("handshake"), given))
    assert [(key, message) for key, message, _ in told] == [("settings", f"{name} must be {wanted}")]


@pytest.mark.parametrize(("name", "value"), [("alumni_every_days", "1"), ("alumni_every_days", "999"), ("fill_required", "no")])
def test_settings_that_fit_are_taken(name: str, value: str) -> None:
    """Law: what can be, can be said."""
    given = Given(
        url=False, key=False, folder=True, carrier="csv", requests_url=False, requests_key=False, settings={name: value}
    )
    assert list(faults(load_profile("handshake"), given)) == []


def test_address_and_key_of_the_api_belong_together() -> None:
    """Law: both or none; without them the folder is enough."""
    base = Given(url=False, key=False, folder=True, carrier="csv", requests_url=False, requests_key=False, settings={})
    profile = load_profile("handshake")
    assert list(faults(profile, base)) == list(faults(profile, replace(base, url=True, key=True))) == []
    assert [key for key, _, _ in faults(profile, replace(base, url=True))] == ["url"]


def test_a_process_that_died_hands_nothing_over_twice(world: HandshakeWorld) -> None:
    """Law: what stands in the newest file is handed over, though its day for another has not come; what does not is later."""
    rows = [world.row(0, preferred_name="Ada"), world.row(1, preferred_name="Eve")]
    world.client.update(rows)
    assert states(world.connect().update([*rows, world.row(2, preferred_name="Lil")])) == ["unknown", "unknown", "later"]
    assert world.files() == ["handshake-alumni-000001.csv"]


def test_a_process_that_died_before_the_file_was_there(world: HandshakeWorld) -> None:
    """Law: a number that was begun and a file that is not there mean that no month has begun; the number is not used again."""
    rows = [world.row(0, preferred_name="Ada")]
    world.client.update(rows)
    ledger = json.loads((world.folder / ".handshake-alumni.json").read_text())
    (world.folder / ".handshake-alumni.json").write_text(json.dumps(ledger | {"number": 0, "at": None}))
    (world.folder / "handshake-alumni-000001.csv").unlink()
    assert states(world.connect().update(rows)) == ["unknown"]
    assert world.files() == ["handshake-alumni-000002.csv"]


@pytest.mark.parametrize(
    "told",
    [
        *("", "no JSON", "[]", "null", "[" * 3000, '{"keys":' * 3000, '{"number":"1"}', '{"number":1e400}', '{"keys":[1]}'),
        *('{"number":-5}', '{"begun":1' + "0" * 30 + "}", '{"number":1' + "0" * 5000 + "}", '{"at":"soon"}'),
        *('{"at":"2026-11-02T09:00:00"}', '{"begun_at":5}', '{"surprise":1}'),
    ],
)
def test_what_somebody_wrote_into_our_ledger(world: HandshakeWorld, told: str) -> None:
    """Law: careers can write into the folder; what is no ledger of ours is none, and the files themselves say how far we are."""
    rows = [world.row(0, preferred_name="Ada")]
    world.client.update(rows)
    (world.folder / ".handshake-alumni.json").write_text(told)
    assert states(world.connect().update(rows)) == ["unknown"]
    assert all(int(name[-10:-4]) <= 2 for name in world.files())


@pytest.mark.parametrize(("ended", "sent"), [(30, True), (180, True), (200, False), (None, False)])
def test_only_those_who_graduated_lately(world: HandshakeWorld, ended: int | None, *, sent: bool) -> None:
    """Law: Handshake asks for the last six months' graduates; others are refused with who can change what."""
    day = (world.emulated_clock.now() - timedelta(days=ended)).date().isoformat() if ended is not None else ""
    world.student(0, primary_education__end_date=day)
    row = world.row(0, preferred_name="Ada")
    (outcome,) = world.client.update([row])
    assert (outcome.status is Status.UNKNOWN) is sent
    assert sent or (outcome.code == "NOT_RECENT" and "by hand" in outcome.remedy)
    world.settings["graduates_of_months"] = "0"
    assert sent or states(world.connect().update([row])) == ["unknown"]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        *((name, "x", "NO_COLUMN") for name in ("username", "auth_identifier", "card_id", "disabled", "school_year_name")),
        *(
            (name, "x", "NO_COLUMN")
            for name in ("system_label_names", "graduation_year", "last_appointment_on", "employer", "id")
        ),
        ("first_name", None, "NO_CLEAR"),
        ("primary_education.currently_attending", None, "NO_CLEAR"),
        ("preferred_name", "=1+1", "NO_CELL"),
        ("preferred_name", "@ada", "NO_CELL"),
        ("preferred_name", "**CLEAR**", "NO_CELL"),
        ("preferred_name", "a\nb", "NO_CELL"),
        ("preferred_name", 5, "NO_CELL"),
    ],
)
def test_what_the_importer_would_misunderstand_is_refused(world: HandshakeWorld, name: str, value: object, code: str) -> None:
    """Law: identifiers, accounts' states and texts that would be taken for something else go into no file; neighbours do."""
    outcomes = world.client.update([world.row(0, **{name: value}), world.row(1, preferred_name="Eve")])
    assert (outcomes[0].status, outcomes[0].code) == (Status.REFUSED, code)
    assert outcomes[0].remedy
    assert [line["username"] for line in world.lines(1)] == ["a1"]


def test_an_account_without_its_address_is_refused(world: HandshakeWorld) -> None:
    """Law: a row without the e-mail address that Handshake has would not be processed."""
    world.system.change_person("a0", {"login_email": None}, Actor(id="s", name="S", kind=Kind.STAFF))
    world.changed = True
    assert [outcome.code for outcome in world.client.update([world.row(0, preferred_name="Ada")])] == ["NO_ANCHOR"]


def test_two_rows_with_one_identifier_stop_no_file(world: HandshakeWorld) -> None:
    """Law: accounts that share what must be unique are refused, since the file with both would wait for a person."""
    world.student(0, auth_identifier="same")
    world.student(1, auth_identifier="Same")
    outcomes = world.client.update([world.row(n, preferred_name="Ada") for n in range(3)])
    assert [(outcome.status, outcome.code) for outcome in outcomes[:2]] == [(Status.REFUSED, "NOT_UNIQUE")] * 2
    world.carry_over()
    assert [(job.held, job.changed) for job in world.jobs] == [([], 1)]


def test_units_of_one_account_are_one_row(world: HandshakeWorld) -> None:
    """Law: what comes unit by unit, since a side refused one of them, is one row of the file, and nobody's double."""
    rows = [world.row(0, preferred_name="Ada"), world.row(0, mobile_number="+16175550142"), world.row(1, preferred_name="Grace")]
    outcomes = world.client.update(rows)
    assert [outcome.code for outcome in outcomes] == [HANDED_OVER] * 3
    world.carry_over()
    assert [(job.held, job.changed) for job in world.jobs] == [([], 2)]
    assert [(line["preferred_name"], line["mobile_number"]) for line in world.lines(1)] == [
        ("Ada", "+16175550142"),
        ("Grace", ""),
    ]
    assert [outcome.code for outcome in world.client.update(rows)] == [HANDED_OVER] * 3
    world.carry_over()
    assert len(world.jobs) == 1


class SilentWorld(HandshakeWorld):
    """An institution whose Handshake is said not to write to whom a file gives another address."""

    def setup(self) -> Setup:
        """With a profile of its own."""
        text = PROFILE.read_text(encoding="utf-8").replace(
            "sends_mail_on_login_change = true", "sends_mail_on_login_change = false"
        )
        return replace(super().setup(), profile=read_profile("own.toml", text.encode()))


@pytest.mark.parametrize("fails_rows", [True, False])
@pytest.mark.parametrize(("others", "emails", "sent"), [(10, 1, 1), (9, 2, 0), (11, 1, 1), (0, 2, 0), (10, 2, 1)])
def test_few_addresses_change_in_one_file(tmp_path: Path, others: int, emails: int, sent: int, *, fails_rows: bool) -> None:
    """Law: fewer than a tenth of the rows change the address, however that rule is meant; the rest waits for the next file."""
    world = SilentWorld(tmp_path)
    world.people(13)
    known = {record.id: record for record in read_all(world.client)[0]}

    def row(number: int, **fields: str) -> PersonUpdate:
        record = known[world.id(number)]
        return PersonUpdate(id=record.id, version="", fields=fields, known=record.fields, key=str(number))

    rows = [row(n, email_address=f"new{n}@example.edu") for n in range(emails)]
    rows += [row(n, preferred_name="P") for n in range(emails, emails + others)]
    outcomes: list[Outcome] = list(world.client.update(rows))
    expected = ["unknown"] * sent + ["later"] * (emails - sent) + ["unknown"] * others
    assert states(outcomes) == expected
    jobs = upload(world.system, tmp_path, Manner(fails_rows=fails_rows))
    assert [(job.held, job.failed, job.changed) for job in jobs] == ([([], {}, sent + others)] if sent + others else [])
    world.close()


APPOINTMENT = {
    "id": 1,
    "student_id": 9_000_001,
    "checked_in": True,
    "start_date_time": "2026-10-05T10:00:00Z",
    "notes": "private",
}


@pytest.mark.parametrize("base", ["/v1", "/edu/v1/77"])
@pytest.mark.parametrize("data", [True, False])
@pytest.mark.parametrize("pages", [True, False])
def test_the_api_tells_when_alumni_came(tmp_path: Path, base: str, *, data: bool, pages: bool) -> None:
    """Law: of appointments only the last day that somebody came is kept, wherever the API lives and however it pages."""
    world = HandshakeWorld(tmp_path, api=base)
    world.people(3)
    world.system.extra["edu api"] = {"data": data, "pages": pages}
    missed = APPOINTMENT | {"student_id": 9_000_002, "checked_in": False}
    earlier = [APPOINTMENT | {"id": n, "start_date_time": "2026-01-05T10:00:00Z"} for n in range(2, 1203)]
    world.system.extra["appointments"] = [*earlier, APPOINTMENT, missed]
    records = {record.id: record for record in read_all(world.client)[0]}
    assert [records[f"a{n}"].fields["last_appointment_on"] for n in range(3)] == ["2026-10-05", None, None]
    assert "private" not in str([record.fields for record in records.values()])
    world.close()


def test_without_the_api_nothing_is_said_of_appointments(world: HandshakeWorld) -> None:
    """Law: a field that nobody reads is not known, rather than empty."""
    assert all("last_appointment_on" not in record.fields for record in read_all(world.client)[0])


def test_the_api_key_is_tried_and_its_failure_holds_the_table(tmp_path: Path) -> None:
    """Law: a wrong key stops the side by name; an API that is down lets the table wait, and nothing is lost."""
    world = HandshakeWorld(tmp_path, api="/v1")
    world.people(2)
    world.key = "wrong"
    with pytest.raises(Halt, match="401"):
        world.connect().tenant_id()
    world.key = KEY
    world.export()
    world.app.order(Fault("unavailable"), "^GET", count=3)
    with pytest.raises(Later):
        world.client.read("")
    assert {record.id for record in read_all(world.client)[0]} == {"a0", "a1"}
    world.close()


def test_an_address_that_is_not_the_api_stops_the_side(tmp_path: Path) -> None:
    """Law: a base path that the API does not have is told as what it is."""
    world = HandshakeWorld(tmp_path, api="/api/v9")
    with pytest.raises(Halt, match="does not know a path"):
        world.client.tenant_id()
    world.close()


def test_the_year_of_graduation_is_worked_out(world: HandshakeWorld) -> None:
    """Law: class years are compared by the year of the end date; without one it is not known."""
    world.student(0, primary_education__end_date="2019-05-20")
    world.student(1, primary_education__end_date="")
    records = {record.id: record.fields["graduation_year"] for record in read_all(world.client)[0]}
    assert (records["a0"], records["a1"]) == (2019, None)


@pytest.mark.parametrize("username", [b"\xe9ric", b"b\0b", b"", "é".encode(), b"b" * 300, b"b c"])
def test_a_row_about_nobody_makes_no_record(world: HandshakeWorld, username: bytes) -> None:
    """Law: of a row that is passed over nothing is told by a name that no account has, not even that it is gone."""
    path = export_students(world.system, world.folder)
    header = path.read_text(encoding="utf-8-sig").splitlines()[0].split(",")
    told = {"username": username, "school_year_name": b"Senior", "email_address": b"e@example.edu", "last_name": "Léé".encode()}
    row = b",".join(told.get(name, b"") for name in header)
    path.write_bytes(path.read_bytes() + row + b"\r\n")
    moment = world.emulated_clock.now().timestamp()
    os.utime(path, (moment, moment))
    world.changed = False
    world.pause()
    records, _, _ = read_all(world.client)
    assert {(record.kind, record.id, record.deleted) for record in records} == {("person", f"a{n}", False) for n in range(12)}
    assert "passed over" in (world.folder / f"{path.stem}.result.csv").read_text(encoding="utf-8").splitlines()[-1]
