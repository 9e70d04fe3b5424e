"""What one platform or folder gives that nobody asked it for: each is refused, or unknown, and nothing else is held up by it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from connector.career.dialects.handshake_api import Appointments
from connector.core.rulebook import pick
from connector.ports import Note, Status
from emulator.http import Request, Response, json_text
from tests.contract.career_contract import read_all
from tests.contract.drop_world import DropWorld
from tests.contract.platform_world import bend, saying
from tests.contract.test_career_12twenty import TwelveTwentyWorld
from tests.contract.test_career_careful import System, careful, written
from tests.contract.test_career_csv_drop import TWO, drop, read, result, start
from tests.contract.test_career_handshake import HandshakeWorld
from tests.contract.test_career_symplicity import SymplicityWorld

OTHER = TWO.replace(b"Analyst", b"Judge")
STUDENTS = "username,email_address,first_name,last_name,school_year_name"
ADA = "u1,u1@example.edu,Ada,Lee,Alumni"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[DropWorld]:
    """A folder in which careers lay their tables."""
    found = DropWorld(tmp_path)
    yield found
    found.close()


@pytest.mark.parametrize(
    "data", [b'sep=,"\r\nid,last_name\r\n1,Lee\r\n', b"id,last_name,custom." + b"a" * 140_000 + b"\r\n1,Lee,x\r\n"]
)
def test_an_odd_first_line_refuses_the_file_and_no_more(world: DropWorld, data: bytes) -> None:
    """Law: whatever stands in a file, it is refused with a result, and the bridge goes on."""
    cursor = start(world)
    drop(world, "people.csv", data)
    read(world, cursor)
    assert result(world, "people") is not None


@pytest.mark.parametrize("length", [246, 255])
def test_a_file_with_a_very_long_name_holds_up_nobody(world: DropWorld, length: int) -> None:
    """Law: a name for which no result file can be made is no reason not to read the others."""
    cursor = start(world)
    drop(world, "people-" + "x" * (length - 11) + ".csv", TWO, age=120)
    drop(world, "people.csv", OTHER, age=60)
    found, cursor = read(world, cursor)
    assert found["a1"].fields["title"] == "Judge"


def test_an_older_table_does_not_come_back_behind_an_unchanged_one(world: DropWorld) -> None:
    """Law: what is older than the last table that was looked at is refused, also where that one said nothing new."""
    cursor = start(world)
    for name, data, age in (("people.csv", TWO, 3000), ("people.csv", TWO, 100)):
        drop(world, name, data, age=age)
        _, cursor = read(world, cursor)
    drop(world, "people-late.csv", OTHER, age=2000)
    found, cursor = read(world, cursor)
    assert "a1" not in found


def test_trouble_with_a_file_is_over_once_the_good_one_lies_there_again(world: DropWorld) -> None:
    """Law: a broken export between two equal ones is no trouble any more."""
    cursor = start(world)
    for data, age in ((TWO, 3000), (b"nothing\r\n", 2000)):
        drop(world, "people.csv", data, age=age)
        _, cursor = read(world, cursor)
    drop(world, "people.csv", TWO, age=100)
    page = world.client.read(cursor)
    well = [*page.well]
    while page.more:
        page = world.client.read(page.cursor)
        well += page.well
    assert ("file", "people") in well


@pytest.mark.parametrize("ended", [None, "5/15/2020", "15.05.2020"])
def test_a_year_that_is_not_told_is_not_empty(tmp_path: Path, ended: str | None) -> None:
    """Law: absent is not empty, nor is what cannot be understood, also of what is worked out from another column."""
    world = HandshakeWorld(tmp_path)
    cursor = read_all(world.client)[1]
    more = ("", "") if ended is None else (",primary_education:end_date", f",{ended}")
    drop(world, "students.csv", f"{STUDENTS}{more[0]}\r\n{ADA}{more[1]}\r\n".encode())
    found = {record.id: record for record in read_all(world.client, cursor)[0]}
    world.close()
    assert pick(found["u1"].fields, "graduation_year") != (True, None)


def test_who_is_deleted_between_write_and_look_stops_nobody_else() -> None:
    """Law: an account that is gone behind our write has not been emptied by it."""
    system = System()
    writer = careful(system)
    fetch = system.fetch
    writer._fetch = lambda account: None if system.reads == 1 else fetch(account)
    assert written(system, writer, title="Judge").status in {Status.UNKNOWN, Status.REFUSED}


def test_a_note_that_says_no_is_not_there() -> None:
    """Law: a success that says otherwise is no acknowledgement, of notes either."""
    world = TwelveTwentyWorld()
    world.people(1)
    read_all(world.client)
    bend(world.app, r"POST /api/v2/notes", saying(Success=False))
    (outcome,) = world.client.note([Note(key="k" * 16, text="Put back.", person_id=world.id(0))])
    assert outcome.status is not Status.APPLIED


def test_numbers_as_text_end_no_list() -> None:
    """Law: a smaller page than asked for is not the last one, also where its size is told as a text."""
    world = SymplicityWorld()
    world.people(5)
    answer = world.app.handle

    def capped(asked: Request) -> Response:
        if asked.method != "GET" or not asked.path.endswith("/students"):
            return answer(asked)
        told = answer(replace(asked, query=re.sub(r"perPage=\d+", "perPage=2", asked.query)))
        data: dict[str, Any] = orjson.loads(told.body)
        return replace(told, body=json_text(data | {"total": str(data["total"]), "perPage": "2"}))

    world.app.handle = capped  # type: ignore[assignment,method-assign] # a service that answers otherwise
    assert len([record for record in read_all(world.client)[0] if record.kind == "person"]) == 5


def test_a_smaller_page_of_appointments_is_not_the_last() -> None:
    """Law: whether a page is the last one is not told by a size that we only asked for."""
    rows = [{"student_id": n, "checked_in": True, "start_date_time": "2026-03-02T09:00:00Z"} for n in range(60)]

    class Capped(Appointments):
        def __init__(self) -> None:
            self._system = "careers"

        def _page(self, number: int) -> list[Any]:
            return rows[(number - 1) * 25 : number * 25]

    assert len(Capped().last_days()) == 60
