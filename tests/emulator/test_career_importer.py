"""The emulated Importer of Handshake takes and refuses files as the vendor's pages say, and both ways where these disagree."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from emulator.career import Actor, CareerApp, CareerSystem, Kind
from emulator.career.handshake import HANDSHAKE
from emulator.career.handshake.importer import Job, Manner, run
from emulator.clock import Clock
from emulator.http import request

HEADERS = "email_address,username,auth_identifier,first_name,school_year_name"
ENDED = "2025-12-20"
"""Less than six months before the emulated clock begins."""


@pytest.fixture
def system() -> CareerSystem:
    """Twenty alumni of last winter, s0 to s19."""
    system = CareerSystem(Clock())
    people = ({"id": f"s{n}", "login_email": f"s{n}@example.edu", "first_name": f"F{n}", "last_name": f"L{n}"} for n in range(20))
    system.seed("person", people)
    ended = (system.clock.now() - timedelta(days=60)).date().isoformat()
    for one in system.people.order:
        own = {"primary_education:start_date": "2020-09-01", "primary_education:end_date": ended}
        one.extra["handshake"] = {"auth_identifier": f"sso-{one.id}", "card_id": f"c-{one.id}", **own}
    return system


def load(system: CareerSystem, rows: list[str], *more: str, name: str = "alumni.csv", manner: Manner | None = None) -> Job:
    """A file of these rows, each with the required columns and ``more``."""
    text = "\r\n".join([",".join([HEADERS, *more]), *rows, ""])
    return run(system, name, text.encode(), manner or Manner())


def row(number: int, *more: str, email: str = "", year: str = "") -> str:
    """A row of somebody that is known, who changes what ``more`` says."""
    return ",".join([email or f"s{number}@example.edu", f"s{number}", "", "", year, *more])


def value(system: CareerSystem, number: int, name: str) -> Any:
    """What the tenant has."""
    return system.people.by_id[f"s{number}"].data()[name]


def test_a_changed_row_is_processed_and_an_unchanged_one_skipped(system: CareerSystem) -> None:
    """Law: rows are compared with what is there; a blank cell leaves a value alone, **CLEAR** empties it."""
    load(system, [row(0, "Ada"), row(1, "Eve")], "preferred_name")
    system.clock.move(timedelta(days=31))
    job = load(system, [row(0, ""), row(1, "**CLEAR**"), row(2, "Lil")], "preferred_name")
    assert (job.held, job.changed, job.skipped) == ([], 2, 1)
    assert [value(system, n, "preferred_name") for n in range(3)] == ["Ada", None, "Lil"]


@pytest.mark.parametrize("name", ["Test.csv", "alumni-sample-1.csv", "latest.csv"])
def test_names_that_are_never_processed(system: CareerSystem, name: str) -> None:
    """Law: test or sample anywhere in the name, also by hand."""
    assert load(system, [row(0, "Ada")], "preferred_name", name=name).held
    assert run(system, name, b"", Manner(), by_hand=True).held


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"email_address,username,first_name,school_year_name\r\n", "missing headers: auth_identifier"),
        (HEADERS.upper().encode() + b"\r\n", "missing headers"),
        ((HEADERS + "\r\n").encode("utf-16"), "not UTF-8"),
        ((HEADERS + ",key\r\n").encode(), "unknown headers: key"),
        ((HEADERS + "\r\n").encode() + b"x" * 50 * 1024 * 1024, "50 MB"),
    ],
)
def test_files_that_are_none(system: CareerSystem, data: bytes, why: str) -> None:
    """Law: encoding, size and headers are judged before any row."""
    assert why in run(system, "alumni.csv", data, Manner()).held[0]


def test_an_unknown_header_may_be_ignored(system: CareerSystem) -> None:
    """Law: the other reading of the vendor's pages: what is not known is left out."""
    assert load(system, [row(0, "x")], "key", manner=Manner(warns=False)).held == []


@pytest.mark.parametrize(("changed", "held"), [(1, False), (2, True)])
def test_a_tenth_of_changed_addresses_holds_the_file(system: CareerSystem, changed: int, *, held: bool) -> None:
    """Law: ten per cent or more wait for a person, who may let it run."""
    rows = [row(n, email=f"new{n}@example.edu" if n < changed else "") for n in range(20)]
    job = load(system, rows)
    assert bool(job.held) is held
    text = "\r\n".join([HEADERS, *rows, ""]).encode()
    assert not held or run(system, "alumni.csv", text, Manner(), by_hand=True).changed == changed


def test_or_fails_their_rows(system: CareerSystem) -> None:
    """Law: the older page: the other rows go in."""
    rows = [row(n, "P", email=f"new{n}@example.edu" if n < 2 else "") for n in range(20)]
    job = load(system, rows, "preferred_name", manner=Manner(fails_rows=True))
    assert (job.held, job.changed, len(job.failed)) == ([], 18, 2)


@pytest.mark.parametrize(("disabled", "held"), [(4, False), (5, True)])
def test_half_of_the_changed_rows_disabled_holds_the_file(system: CareerSystem, disabled: int, *, held: bool) -> None:
    """Law: of the rows that are not skipped, half with disabled TRUE wait for a person."""
    rows = [row(n, "TRUE" if n < disabled else "", "P" if n < 10 else "") for n in range(20)]
    rows = [row(n, "TRUE" if n < disabled else "", "P") if n < 10 else row(n, "", "") for n in range(20)]
    assert bool(load(system, rows, "disabled", "preferred_name").held) is held


def test_a_second_file_within_a_day_is_held(system: CareerSystem) -> None:
    """Law: one automatic file in 24 hours."""
    load(system, [row(0, "Ada", year="Senior")], "preferred_name")
    system.clock.move(timedelta(hours=23))
    assert load(system, [row(1, "Eve", year="Senior")], "preferred_name").held == ["a second file within 24 hours"]
    system.clock.move(timedelta(hours=2))
    assert load(system, [row(1, "Eve", year="Senior")], "preferred_name").held == []


@pytest.mark.parametrize("strict", [True, False])
def test_alumni_come_once_a_month(system: CareerSystem, *, strict: bool) -> None:
    """Law: Handshake asks for no more; whether it enforces that is not known."""
    load(system, [row(0, "Ada")], "preferred_name")
    system.clock.move(timedelta(days=10))
    held = load(system, [row(1, "Eve")], "preferred_name", manner=Manner(strict_month=strict)).held
    assert held == (["alumni more than once a month"] if strict else [])


def test_alumni_of_long_ago_are_held(system: CareerSystem) -> None:
    """Law: only the last six months' graduates."""
    system.people.by_id["s0"].extra["handshake"]["primary_education:end_date"] = "2019-05-20"
    assert load(system, [row(0, "Ada")], "preferred_name").held == ["alumni who graduated more than six months ago"]


def test_duplicates_hold_the_file_and_fail_by_hand(system: CareerSystem) -> None:
    """Law: identifiers are unique in a file."""
    rows = [
        row(0, "Ada", email="same@example.edu"),
        row(1, "Eve", email="same@example.edu"),
        *(row(n, "P") for n in range(2, 20)),
    ]
    assert "duplicates: email_address" in load(system, rows, "preferred_name").held
    text = "\r\n".join([f"{HEADERS},preferred_name", *rows, ""]).encode()
    assert set(run(system, "alumni.csv", text, Manner(), by_hand=True).failed) == {"s0", "s1"}


@pytest.mark.parametrize(
    ("header", "cell", "why"),
    [
        ("auth_identifier", "other", "Attempted to update auth_identifier"),
        ("card_id", "c-s1", "card_id has already been taken"),
        ("email_address", "s1@example.edu", "email_address has already been taken"),
        ("primary_education:end_date", "2019-01-01", "end_date must be"),
    ],
)
def test_rows_that_fail(system: CareerSystem, header: str, cell: str, why: str) -> None:
    """Law: a row that touches what is not its own fails alone, when a person lets the file run."""
    names = ["email_address", "username", "auth_identifier", "first_name", "school_year_name"]
    extra = [header] if header not in names else []
    cells = {"email_address": "s0@example.edu", "username": "s0"} | {header: cell}
    text = "\r\n".join([",".join([*names, *extra]), ",".join(cells.get(name, "") for name in (*names, *extra)), ""]).encode()
    job = run(system, "alumni.csv", text, Manner(), by_hand=True)
    assert why in job.failed["s0"]
    assert job.changed == 0


@pytest.mark.parametrize(
    ("header", "cell"), [("school_year_name", "alumni"), ("disabled", "yes"), ("primary_education:end_date", "20.12.2025")]
)
def test_values_that_are_none_hold_the_file(system: CareerSystem, header: str, cell: str) -> None:
    """Law: preset values by their case, true and false in capitals, dates as yyyy-mm-dd."""
    rows = [row(0, year=cell)] if header == "school_year_name" else [row(0, cell)]
    assert "errors" in load(system, rows, *([] if header == "school_year_name" else [header])).held[0]


def test_an_unknown_username_makes_an_account(system: CareerSystem) -> None:
    """Law: a file creates or updates all students in it; with the e-mail address of another it would rename her, and fails."""
    job = load(system, ["new@example.edu,s99,sso-99,Nova,Alumni,2099-01-01"], "primary_education:end_date")
    assert (job.created, value(system, 99, "first_name")) == (1, "Nova")
    assert system.mails == [], "the Importer notifies nobody"
    system.clock.move(timedelta(days=31))
    assert "Attempted to update username" in load(system, ["s0@example.edu,s98,,F0,Senior"]).failed["s98"]


def order(app: CareerApp, name: str, body: object) -> Any:
    """What the control door answers."""
    answer = app.handle(request("POST", f"/__control__/{name}", headers={"X-Control-Token": "t"}, body=body))
    assert answer.status == 200, answer.body
    return answer.json()


def test_the_control_door_lets_people_and_programs_work(system: CareerSystem, tmp_path: Path) -> None:
    """Law: export, upload, request run, appointments and what Handshake alone has are orders; each file is uploaded once."""
    app = CareerApp(system, face=HANDSHAKE, control_token="t")
    system.extra["folder"] = tmp_path
    assert order(app, "student", {"id": "s0", "school_year_name": "Masters"})["school_year_name"] == "Masters"
    assert order(app, "export", {}) == {"people": "students.csv", "requests": "requests.csv"}
    assert (tmp_path / "students.csv").read_text().splitlines()[0].startswith("id,username,email_address,")
    line = row(1, "Eve", email="new@example.edu")
    (tmp_path / "handshake-alumni-000001.csv").write_bytes(f"{HEADERS},preferred_name\r\n{line}\r\n".encode())
    (job,) = order(app, "import", {})["jobs"]
    assert job["held"] == ["10% or more of the email addresses change"]
    assert order(app, "import", {})["jobs"] == []
    assert order(app, "run", {"name": "handshake-alumni-000001.csv"})["changed"] == 1
    assert order(app, "appointments", [{"id": 1}]) == {"appointments": 1}


def test_the_api_reads_alone(system: CareerSystem) -> None:
    """Law: a key in x-api-key reads seven lists, under both addresses; nothing about people, and nothing is written."""
    app = CareerApp(system, face=HANDSHAKE)
    system.admit("k", Actor(id="key-1", name="bridge", kind=Kind.API))
    system.extra["jobs"] = [{"id": n} for n in range(3)]

    def call(method: str, path: str, key: str = "k") -> Any:
        return app.handle(request(method, path, headers={"x-api-key": key}))

    assert call("GET", "/v1/jobs?page=2&per_page=2").json() == call("GET", "/edu/v1/77/jobs?page=2&per_page=2").json()
    assert call("GET", "/v1/jobs?page=2&per_page=2").json() == {"data": [{"id": 2}]}
    assert [call("GET", f"/v1/{name}").status for name in ("students", "appointments")] == [404, 200]
    assert call("GET", "/v1/jobs", key="x").status == 401
    assert call("POST", "/v1/jobs").status == 405
