"""A folder with files keeps to the laws of every career system, as far as files can; and to its own traps."""

from __future__ import annotations

import csv
import grp
import io
import json
import os
import pwd
import re
import resource
import stat
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.career.carriers import csv as csv_requests
from connector.career.dialects import csv_drop
from connector.career.drop.codepages import page_of
from connector.career.drop.sheet import FORMULA, neutral, told
from connector.errors import Halt, Later
from connector.ports import POISON, Acknowledgement, PersonUpdate, Record, Status
from emulator.career.csv_drop.office import carry_in, export_requests, read_statuses
from emulator.career.csv_drop.tables import PEOPLE, Manner
from tests.contract.career_contract import CareerContract, read_all, states
from tests.contract.drop_world import PAT, DropWorld
from tests.contract.test_career_12twenty import TwelveTwentyWorld


class TestCsvDrop(CareerContract):
    """People and requests as tables in a folder."""

    @pytest.fixture
    def world(self, tmp_path: Path) -> Iterator[DropWorld]:
        """An empty folder of a fresh office."""
        world = DropWorld(tmp_path)
        yield world
        world.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[DropWorld]:
    """An empty folder of a fresh office."""
    world = DropWorld(tmp_path)
    yield world
    world.close()


def drop(world: DropWorld, name: str, data: bytes, *, age: float = 60.0) -> Path:
    """A file that somebody put into the folder so many seconds ago."""
    path = world.folder / name
    path.write_bytes(data)
    moment = world.emulated_clock.now().timestamp() - age
    os.utime(path, (moment, moment))
    return path


def result(world: DropWorld, name: str) -> list[tuple[str, str, str, str]]:
    """What the result file of a file says, without its header."""
    with (world.folder / f"{name}.result.csv").open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert header == ["line", "id", "result", "why"]
    return [(line, id, what, why) for line, id, what, why in rows]


def read(world: DropWorld, cursor: str = "") -> tuple[dict[str, Record], str]:
    """Everything from a cursor on: the last record of each id, and the next cursor."""
    records, cursor, _ = read_all(world.client, cursor)
    return {record.id: record for record in records}, cursor


def start(world: DropWorld) -> str:
    """The cursor of a bridge that has read an empty folder."""
    return read(world)[1]


TWO = b"id,last_name,title\r\na1,Lovelace,Analyst\r\na2,Hopper,Admiral\r\n"


class TestArrival:
    """When a file is taken, and when it is not."""

    def test_a_young_file_waits(self, world: DropWorld) -> None:
        """Law: a file is left alone for half a minute after its last change."""
        cursor = start(world)
        drop(world, "people.csv", TWO, age=5)
        assert read(world, cursor)[0] == {}
        world.pause()
        assert set(read(world, cursor)[0]) == {"a1", "a2"}

    def test_a_growing_file_waits_and_is_taken_whole(self, world: DropWorld) -> None:
        """Law: nobody sees half a file, also where half a file ends with a line."""
        cursor = start(world)
        drop(world, "people.csv", TWO[:44])
        _, cursor = read(world, cursor)
        assert not list(world.folder.glob("*.result.csv")), "its last line does not end"
        drop(world, "people.csv", TWO[: TWO.rindex(b"a2")], age=3)
        assert read(world, cursor)[0] == {}
        drop(world, "people.csv", TWO)
        assert set(read(world, cursor)[0]) == {"a1", "a2"}

    def test_half_a_file_is_refused_at_last(self, world: DropWorld) -> None:
        """Law: who waits in vain for the end of a file says so beside it, and takes nothing of it."""
        cursor = start(world)
        drop(world, "people.csv", TWO[:-2], age=4000)
        records, cursor = read(world, cursor)
        assert [record.kind for record in records.values()] == [POISON]
        assert result(world, "people") == [("", "", "refused", "its last line does not end: it looks half-written")]
        drop(world, "people.csv", TWO)
        assert set(read(world, cursor)[0]) == {"a1", "a2"}

    @pytest.mark.parametrize(
        "name",
        ["people.csv.part", "people.csv.tmp", ".people.csv", "~people.csv", "people.txt", "alumni.csv", "people.result.csv"],
    )
    def test_other_names_are_left_alone(self, world: DropWorld, name: str) -> None:
        """Law: parts, results and files of others are not ours to read."""
        cursor = start(world)
        drop(world, name, TWO)
        assert read(world, cursor)[0] == {}
        assert sorted(path.name for path in world.folder.iterdir()) == [name]

    @pytest.mark.parametrize("name", ["people.csv", "people-again.csv", "PEOPLE.CSV"])
    def test_the_same_content_is_taken_once(self, world: DropWorld, name: str) -> None:
        """Law: a file that comes again, under whatever name and in whatever process, changes nothing and is told so."""
        drop(world, "people.csv", TWO)
        _, cursor = read(world)
        world.wait(days=1)
        drop(world, name, TWO)
        for client in (world.client, world.connect()):
            assert read_all(client, cursor)[0] == []
        assert result(world, name[:-4]) == [("", "", "unchanged", "the same content was taken last")]

    def test_what_was_changed_back_is_news(self, world: DropWorld) -> None:
        """Law: a table that says again what an older one said is read: else a restriction that is set again would be missed."""
        drop(world, "people.csv", TWO)
        _, cursor = read(world)
        for number, text in enumerate((TWO.replace(b"Analyst", b"Clerk"), TWO)):
            world.wait(days=1)
            drop(world, f"people-{number}.csv", text)
            records, cursor = read(world, cursor)
        assert records["a1"].fields["title"] == "Analyst"

    def test_newer_files_count(self, world: DropWorld) -> None:
        """Law: files are taken in the order of their last change, whatever they are called."""
        drop(world, "people-a.csv", TWO.replace(b"Analyst", b"Newest"), age=60)
        drop(world, "people-b.csv", TWO.replace(b"Analyst", b"Older"), age=600)
        records, _ = read(world)
        assert records["a1"].fields["title"] == "Newest"

    def test_an_older_file_that_comes_late_is_refused(self, world: DropWorld) -> None:
        """Law: what was known before is never put over what is known now: yesterday's table comes too late today."""
        drop(world, "people.csv", TWO)
        _, cursor = read(world)
        drop(world, "people-old.csv", TWO.replace(b"Analyst", b"Clerk"), age=90_000)
        records, cursor = read(world, cursor)
        assert "a1" not in records
        assert "older than people.csv" in result(world, "people-old")[0][3]
        assert read(world, cursor)[0] == {}

    def test_tables_that_are_not_remembered_are_not_read_again(self, world: DropWorld, monkeypatch: pytest.MonkeyPatch) -> None:
        """Law: a folder in which nobody tidies up is read to its end; old results stand; an old table that is new is told so."""
        monkeypatch.setattr("connector.career.drop.inbox._REMEMBERED", 3)
        for n in range(8):
            drop(world, f"people-{n}.csv", TWO.replace(b"Analyst", b"T%d" % n), age=90_000 - n)
        cursor, pages = "", 0
        while (page := world.client.read(cursor)).more:
            cursor, pages = page.cursor, pages + 1
            assert pages < 50
        assert not page.records
        for n in range(8):
            assert [row[2] for row in result(world, f"people-{n}")] == ["taken", "taken"]
        drop(world, "people-6.csv", TWO, age=95_000)
        _, cursor = read(world, page.cursor)
        assert "older than people-7.csv" in result(world, "people-6")[0][3]
        drop(world, "people-new.csv", TWO.replace(b"Analyst", b"Clerk"), age=96_000)
        assert "a1" not in read(world, cursor)[0]
        assert "older than people-7.csv" in result(world, "people-new")[0][3]

    @pytest.mark.parametrize(
        ("name", "taken"), [("people-{n}.csv", False), ("people-" + "x" * 239 + "{n}.csv", True)], ids=["none taken", "no result"]
    )
    def test_refused_tables_that_stay_there_come_to_an_end(
        self, world: DropWorld, monkeypatch: pytest.MonkeyPatch, name: str, *, taken: bool
    ) -> None:
        """Law: each table is refused once, however many lie there, and whether or not something else tells that it was."""
        monkeypatch.setattr("connector.career.drop.inbox._REMEMBERED", 3)
        for n in range(8):
            drop(world, name.format(n=n), b"name;born\r\nLee;1980\r\n", age=90_000 - n)
        if taken:
            drop(world, "people.csv", TWO)
        cursor, refused = "", list[str]()
        while (page := world.client.read(cursor)).more:
            refused += [str(record.fields["reason"]).partition(" was ")[0] for record in page.records if record.kind == POISON]
            cursor = page.cursor
            assert len(refused) < 50
        assert refused == [name.format(n=n) for n in range(8)]
        assert not world.client.read(page.cursor).more

    def test_a_file_from_the_future_is_refused(self, world: DropWorld) -> None:
        """Law: a wrong clock elsewhere must not make every later file old."""
        cursor = start(world)
        drop(world, "people.csv", TWO, age=-400_000)
        _, cursor = read(world, cursor)
        assert "future" in result(world, "people")[0][3]
        drop(world, "people.csv", TWO)
        assert set(read(world, cursor)[0]) == {"a1", "a2"}

    def test_who_is_not_in_a_file_is_not_gone(self, world: DropWorld) -> None:
        """Law (I22): a deletion stands in the column of that name; absence says nothing."""
        drop(world, "people.csv", TWO)
        _, cursor = read(world)
        world.wait(days=1)
        drop(world, "people.csv", b"id,last_name,deleted\r\na1,Lovelace,yes\r\n")
        records, _ = read(world, cursor)
        assert [(record.id, record.deleted) for record in records.values()] == [("a1", True)]
        assert result(world, "people") == [("2", "a1", "taken", "deleted")]


class TestEntries:
    """What is no plain file of somebody who belongs here."""

    @pytest.mark.parametrize(
        ("make", "why"),
        [
            (lambda path, outside: path.symlink_to(outside), "symbolic link"),
            (lambda path, _outside: os.mkfifo(path), "no plain file"),
            (lambda path, _outside: path.mkdir(), "no plain file"),
            (lambda path, outside: path.write_bytes(outside.read_bytes()) and path.chmod(0o666), "every user"),
        ],
        ids=["link", "pipe", "folder", "open"],
    )
    def test_only_plain_files_of_ours_are_taken(
        self, world: DropWorld, tmp_path_factory: pytest.TempPathFactory, make: Callable[[Path, Path], object], why: str
    ) -> None:
        """Law: a link, pipe, folder or file that everybody can change is refused with its reason, once; nothing waits."""
        outside = tmp_path_factory.mktemp("elsewhere") / "secret.csv"
        outside.write_bytes(TWO)
        cursor = start(world)
        make(world.folder / "people.csv", outside)
        records, cursor = read(world, cursor)
        (trouble,) = records.values()
        assert (trouble.kind, trouble.id, trouble.fields["kind"]) == (POISON, "people", "file")
        assert why in trouble.fields["reason"]
        assert why in result(world, "people")[0][3]
        assert read(world, cursor)[0] == {}

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
    def test_files_of_strangers_are_refused(self, world: DropWorld) -> None:
        """Law: a file belongs to the bridge's user, to the folder's owner, or to the account that the configuration names."""
        path = drop(world, "people.csv", TWO)
        os.chown(path, 12345, -1)
        _, cursor = read(world)
        assert "belongs to another user" in result(world, "people")[0][3]
        nobody = pwd.getpwnam("nobody").pw_uid
        os.chown(drop(world, "people.csv", TWO + b"a3,King,\r\n"), nobody, -1)
        world.settings["folder_owner"] = "nobody"
        assert "a3" in {record.id for record in read_all(world.connect(), cursor)[0]}

    def test_a_folder_that_is_away_is_waited_for(self, world: DropWorld) -> None:
        """Law: a share that is not mounted is a side that is down, and no empty folder."""
        cursor = start(world)
        away = world.folder.rename(world.folder.with_name("away"))
        with pytest.raises(Later, match="NO_FOLDER"):
            world.client.read(cursor)
        away.rename(world.folder)
        assert read(world, cursor)[0] == {}

    def test_a_folder_of_everybody_stops_the_side(self, world: DropWorld) -> None:
        """Law: where every user could put people, nothing is read and nothing is written."""
        world.folder.chmod(0o777)
        with pytest.raises(Halt, match="every user"):
            world.client.read("")
        with pytest.raises(Halt, match="every user"):
            world.client.update([PersonUpdate(id="a1", version="1", fields={"title": "A"})])

    def test_a_link_to_a_folder_stops_the_side(self, world: DropWorld) -> None:
        """Law: the folder itself is named, not a link that others may turn elsewhere."""
        link = world.folder.with_name("link")
        link.symlink_to(world.folder)
        world.folder = link
        with pytest.raises(Halt, match="symbolic link"):
            world.connect().tenant_id()


class TestForm:
    """However a table is written, it says the same."""

    NAMES = ("José García", "Zoë Müller", "François Lefèvre", "Søren Kierkegård", "Ana Muñoz", "Beyoncé", "Renée O’Connor", "Åse")  # noqa: RUF001 - a curved apostrophe is meant

    def table(self, encoding: str, delimiter: str = ",", newline: str = "\r\n", head: str = "") -> bytes:
        """People with names beyond English."""
        rows = [["id", "last_name", "title"], *([f"a{n}", name, "x"] for n, name in enumerate(self.NAMES))]
        return (head + newline.join(delimiter.join(row) for row in rows) + newline).encode(encoding)

    @pytest.mark.parametrize("newline", ["\r\n", "\n", "\r"])
    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252", "mac_roman"])
    def test_encodings_delimiters_and_line_ends_are_found(
        self, world: DropWorld, encoding: str, delimiter: str, newline: str
    ) -> None:
        """Law: what spreadsheets of all makes write is read as it was meant."""
        drop(world, "people.csv", self.table(encoding, delimiter, newline))
        records, _ = read(world)
        assert tuple(records[f"a{n}"].fields["last_name"] for n in range(len(self.NAMES))) == self.NAMES

    def test_the_line_by_which_a_spreadsheet_names_its_delimiter(self, world: DropWorld) -> None:
        """Law: ``sep=;`` before the header is no header; lines are counted with it."""
        drop(world, "people.csv", self.table("utf-8", ";", head="sep=;\r\n"))
        records, _ = read(world)
        assert records["a7"].fields["last_name"] == "Åse"
        assert result(world, "people")[0][:2] == ("3", "a0")

    def test_letters_that_could_be_two_are_not_guessed(self, world: DropWorld) -> None:
        """Law: where two code pages make sense the file is refused with the cure; the setting decides."""
        data = "id,last_name,title\r\na1,élise,\r\n".encode("mac_roman")
        drop(world, "people.csv", data)
        records, cursor = read(world)
        assert [record.kind for record in records.values()] == [POISON]
        assert "UTF-8" in result(world, "people")[0][3]
        world.settings["folder_encoding"] = "mac_roman"
        world.wait(days=1)
        drop(world, "people.csv", data + b"a2,King,\r\n")
        told = {record.id: record for record in read_all(world.connect(), cursor)[0]}
        assert told["a1"].fields["last_name"] == "élise"

    @pytest.mark.parametrize("page", ["cp1252", "cp1250", "mac_roman", "cp850"])
    @given(data=st.data())
    def test_a_list_of_names_is_never_read_in_a_wrong_page(self, page: str, data: st.DataObject) -> None:
        """Law: of a list of different names with letters beyond English, the page is told or the file refused."""
        central = ("Dvořák", "Żółć", "Wójcik", "Łukasz", "Šťastný", "Michał", "Őry", "Věra")
        names = data.draw(st.permutations(central if page == "cp1250" else self.NAMES))
        text = "\n".join(names).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
        sample = text.encode(page)
        told = page_of(sample, bytes({byte for byte in sample if byte > 127}))
        assert told is None or sample.decode(told) == text

    def test_the_setting_does_not_spoil_unicode(self, world: DropWorld) -> None:
        """Law: the named code page is for files that are no Unicode, and for these alone."""
        world.settings["folder_encoding"] = "cp1252"
        drop(world, "people.csv", self.table("utf-8"))
        told = {record.id: record for record in read_all(world.connect())[0]}
        assert told["a0"].fields["last_name"] == "José García"

    def test_shuffled_tables_say_the_same(self, world: DropWorld) -> None:
        """Law: neither the order of columns nor of rows means anything."""
        world.people(3)
        world.edit("a1", {"title": "Chef", "address.city": "Oslo", "consents.mentoring": True})
        records, cursor = read(world)
        first = {id: (record.version, record.fields) for id, record in records.items()}
        world.manner = Manner(columns=tuple(reversed((*PEOPLE, "deleted"))), reverse=True, delimiter=";", encoding="utf-16")
        world.changed = True
        records, _ = read(world, cursor)
        assert {id: (record.version, record.fields) for id, record in records.items()} == first

    @pytest.mark.parametrize(
        ("header", "why"),
        [
            (b"id,last_name,titel", "unknown: titel"),
            (b"id,last_name,title,title", "twice: title"),
            (b"id,title", "missing: last_name"),
            (b"last_name,title", "missing: id"),
            (b"id,last_name,,title", "unknown: (no name)"),
            (b"id,last_name,custom.a,custom.a.b", "with columns below them: custom.a"),
            (b"id,custom.a.b.c,last_name,custom.a", "with columns below them: custom.a"),
            (b"\xef\xbb\xbfid,last_name,\xab", "unknown: ?"),
            (b"a1,Lovelace,Analyst", "names none of the columns"),
            (b"", "names none of the columns"),
        ],
    )
    def test_wrong_columns_refuse_the_whole_file(self, world: DropWorld, header: bytes, why: str) -> None:
        """Law: a column too many, too few, doubled or misspelt: nothing of the file is loaded, and it is said why."""
        _, cursor = read(world)
        drop(world, "people.csv", header + b"\r\na1,Lovelace,Analyst,x\r\n")
        records, cursor = read(world, cursor)
        assert [record.kind for record in records.values()] == [POISON]
        assert why in result(world, "people")[0][3]
        drop(world, "people.csv", TWO)
        page = world.client.read(cursor)
        assert {record.id for record in page.records} == {"a1", "a2"}
        assert page.well == (("file", "people"),), "the trouble is over"

    def test_a_name_that_is_no_text(self, world: DropWorld) -> None:
        """Law: a file whose name is bytes that are no letters is told like any other; that can be kept and shown (B32)."""
        _, cursor = read(world)
        name = os.fsdecode(b"people-\xab.csv")
        drop(world, name, b"id,title\r\na1,Analyst\r\n")
        (told,) = read(world, cursor)[0].values()
        assert str(told.fields["reason"]).encode().startswith(b"people-?.csv was refused")
        assert (world.folder / name.replace(".csv", ".result.csv")).exists()

    def test_fields_of_the_university_go_through(self, world: DropWorld) -> None:
        """Law: ``custom.`` and any name is a field, and may be changed."""
        drop(world, "people.csv", b"id,last_name,custom.house\r\na1,Lovelace,Ockham\r\n")
        records, _ = read(world)
        assert records["a1"].fields["custom"] == {"house": "Ockham"}
        assert states(world.client.update([PersonUpdate(id="a1", version="", fields={"custom.house": "Park"})])) == ["unknown"]


class TestRows:
    """A row that cannot be read is set aside alone."""

    @pytest.mark.parametrize(
        ("row", "why"),
        [
            (b"a2,Hopper", "2 cells"),
            (b"a2,Hopper,Admiral,no,more", "5 cells"),
            (b"a2,Hop\0per,Admiral,", "NUL"),
            (b"a2,Hop\xffper,Admiral,", "half a character"),
            (b"a2,Hop\xed\xa0\x80per,Admiral,", "half a character"),
            (b"../a2,Hopper,Admiral,", "its id"),
            (b",Hopper,Admiral,", "its id"),
            (b'a2,"Hopper"x,Admiral,', "quotation marks"),
            (b"a2,Hopper,Admiral,perhaps", "deleted"),
            (b"a\xff2,Hopper,Admiral,yes", "its id"),
            (b"a\0002,Hopper,Admiral,yes", "its id"),
            (b",Hopper,Admiral,yes", "its id"),
            (b"a" * 300 + b",Hopper,Admiral,yes", "its id"),
        ],
    )
    def test_it_takes_nobody_with_it(self, world: DropWorld, row: bytes, why: str) -> None:
        """Law: the row is told with its line and reason; its neighbours are taken."""
        lines = [b"id,last_name,title,deleted", "a1,Müller,Analyst,".encode(), row, b"a3,King,Singer,"]
        drop(world, "people.csv", b"\r\n".join(lines) + b"\r\n")
        records, _ = read(world)
        assert {record.id for record in records.values() if record.kind == "person"} == {"a1", "a3"}
        assert records["a1"].fields["last_name"] == "Müller"
        said = result(world, "people")
        assert [(line, what) for line, _, what, _ in said] == [("2", "taken"), ("3", "set aside"), ("4", "taken")]
        assert why in said[1][3]
        (poison,) = [record for record in records.values() if record.kind == POISON]
        assert why in poison.fields["reason"] or poison.fields["kind"] == "file"

    def test_an_id_with_a_byte_that_is_no_letter(self, world: DropWorld) -> None:
        """Law: it spoils its row, which is told in the result, and no more than that (B2)."""
        drop(world, "people.csv", TWO.replace(b"Hopper", b"H\xc3\xb6pper") + b"a\xff3,King,\r\n")
        records, cursor = read(world)
        assert [row[:3] for row in result(world, "people")] == [
            *(("2", "a1", "taken"), ("3", "a2", "taken"), ("4", "a?3", "set aside")),
        ]
        assert [record.id for record in records.values() if record.kind == "person"] == ["a1", "a2"]
        assert read(world, cursor)[0] == {}

    @pytest.mark.parametrize("closed", [b'a3,"King",Singer', b'a3,King,Singer"'], ids=["within a row", "at the end of one"])
    def test_a_quotation_mark_that_nobody_closes(self, world: DropWorld, closed: bytes) -> None:
        """Law: what it swallows is told by its lines, and counts as read by nobody."""
        lines = (b"id,last_name,title", b'a1,"Lovelace,Analyst', b"a2,Hopper,Admiral", closed, b"a4,Mill,", b"")
        drop(world, "people.csv", b"\r\n".join(lines))
        records, _ = read(world)
        assert {record.id for record in records.values() if record.kind == "person"} == {"a4"}
        assert "up to line 4" in result(world, "people")[0][3]

    def test_the_lines_of_a_cell_are_no_rows(self, world: DropWorld) -> None:
        """Law: what stands in a cell that is too long to be read was written by anybody: none of its lines is ever a row."""
        table = io.StringIO(newline="")
        cell = "A" * 131_073 + "\na1,Hacked,x,yes\na9,Hacked,x,\nend"
        rows = (["a1", "Lovelace", "Analyst", ""], ["a2", "Hopper", cell, ""], ["a3", "King", "Singer", ""])
        csv.writer(table).writerows([["id", "last_name", "title", "deleted"], *rows])
        drop(world, "people.csv", table.getvalue().encode())
        records, cursor = read(world)
        people = [(record.id, record.fields["last_name"]) for record in records.values() if record.kind == "person"]
        assert people == [("a1", "Lovelace")]
        assert [row[:3] for row in result(world, "people")] == [("2", "a1", "taken"), ("3", "", "set aside")]
        assert "131072 letters: from here on the file cannot be read" in result(world, "people")[1][3]
        assert [record.kind for record in records.values()] == ["person", POISON]
        assert read(world, cursor)[0] == {}

    def test_the_same_id_twice(self, world: DropWorld) -> None:
        """Law: equal rows are one; rows that contradict each other are taken by nobody."""
        rows = (b"a1,Lovelace,Analyst", b"a2,Hopper,Admiral", b"a1,Lovelace,Analyst", b"a2,Hopper,Rear admiral", b"a3,King,")
        drop(world, "people.csv", b"id,last_name,title\r\n" + b"\r\n".join(rows) + b"\r\n")
        records, _ = read(world)
        assert {record.id: record.kind for record in records.values()} == {"a1": "person", "a2": POISON, "a3": "person"}
        assert [what for _, _, what, _ in result(world, "people")] == ["taken", "set aside", "unchanged", "set aside", "taken"]

    def test_cells_are_what_their_columns_say(self, world: DropWorld) -> None:
        """Law: yes and no in every spelling, numbers, lists; blank is known to be empty; what is none of these stays a word."""
        columns = (
            "id,last_name,consents.mentoring,consents.events,do_not_contact,class_year,interests,consents.surveys,mentor_capacity"
        )
        drop(world, "people.csv", f"{columns}\r\na1, Lee ,Y,FALSE,1,2009,energy; law ;,perhaps,\r\n".encode())
        fields = read(world)[0]["a1"].fields
        assert fields["consents"] == {"mentoring": True, "events": False, "surveys": "perhaps"}
        assert (fields["do_not_contact"], fields["class_year"], fields["interests"]) == (True, 2009, ["energy", "law"])
        assert (fields["mentor_capacity"], fields["last_name"]) == (None, " Lee ")
        assert "title" not in fields, "what no column tells is not known"

    def test_what_looks_like_a_formula_is_kept_and_flagged(self, world: DropWorld) -> None:
        """Law: what people wrote is not altered; that a spreadsheet would act on it is said, telephone numbers excepted."""
        cells = ('=HYPERLINK("x")', "+1 617 555 0100", "@lee", "-x", "\N{FULLWIDTH EQUALS SIGN}1")
        table = io.StringIO(newline="")
        csv.writer(table).writerows([["id", "last_name", "title"], *([f"a{n}", "Lee", cell] for n, cell in enumerate(cells))])
        drop(world, "people.csv", table.getvalue().encode())
        records, _ = read(world)
        assert tuple(records[f"a{n}"].fields["title"] for n in range(5)) == cells
        flags = [why for _, _, _, why in result(world, "people")]
        assert flags == ["begins like a formula: title", "", *["begins like a formula: title"] * 3]


class TestTaking:
    """Once and whole, whatever happens meanwhile."""

    def many(self, count: int) -> bytes:
        """A table of several pages."""
        return b"id,last_name\r\n" + b"".join(b"a%d,L%d\r\n" % (n, n) for n in range(count))

    def test_the_result_comes_after_the_rows_are_kept(self, world: DropWorld) -> None:
        """Law: nothing is called taken before the engine comes back with the cursor behind the last row."""
        drop(world, "people.csv", self.many(1500))
        first = world.client.read("")
        second = world.client.read(first.cursor)
        assert (len(first.records), len(second.records)) == (1000, 500)
        assert not (world.folder / "people.result.csv").exists()
        third = world.client.read(second.cursor)
        assert third.records == ()
        assert len(result(world, "people")) == 1500
        assert not [path for path in world.folder.iterdir() if path.name.startswith(".taking")], "our copy is gone"

    @pytest.mark.parametrize("meanwhile", ["nothing", "removed", "replaced", "written over"])
    @pytest.mark.parametrize("pages", [1, 2, 3])
    def test_a_process_that_dies_goes_on_where_it_was(self, world: DropWorld, meanwhile: str, pages: int) -> None:
        """Law: every row is given out, by the one process or the next, whatever becomes of the file in between."""
        path = drop(world, "people.csv", self.many(2500))
        met, cursor = list[Record](), ""
        for _ in range(pages):
            page = world.client.read(cursor)
            met, cursor = [*met, *page.records], page.cursor
        match meanwhile:
            case "removed":
                path.unlink()
            case "replaced":
                path.rename(world.folder / "elsewhere.csv")
                drop(world, "people.csv", b"id,last_name\r\n", age=1)
            case "written over":
                drop(world, "people.csv", self.many(2500)[:700], age=1)
        rest, _, _ = read_all(world.connect(), cursor)
        assert [record.id for record in (*met, *rest)] == [f"a{n}" for n in range(2500)]
        assert len(result(world, "people")) == 2500

    def test_an_answer_that_was_lost_is_given_again(self, world: DropWorld) -> None:
        """Law: a page that the engine could not keep is read again from the old cursor, in the same process."""
        cursor = start(world)
        drop(world, "people.csv", TWO)
        lost = world.client.read(cursor)
        assert [record.id for record in world.client.read(cursor).records] == [record.id for record in lost.records]
        assert set(read(world, cursor)[0]) == {"a1", "a2"}

    def test_our_copy_is_gone_with_an_old_state(self, world: DropWorld) -> None:
        """Law: where a state from a backup stands in the middle of a file, it is taken anew if it is there, else that is told."""
        path = drop(world, "people.csv", self.many(1500))
        cursor = world.client.read("").cursor
        read(world, cursor)
        records, _, _ = read_all(world.connect(), cursor)
        assert {record.id for record in records if record.kind == "person"} == {f"a{n}" for n in range(1500)}
        path.unlink()
        records, _, _ = read_all(world.connect(), cursor)
        assert [(record.kind, record.fields["reason"]) for record in records] == [
            (POISON, "people.csv was taken in part only: export it anew")
        ]

    def test_memory_does_not_grow_with_the_file(self, world: DropWorld) -> None:
        """Law: a table of any length is read in flat memory (doubled ids are told apart by a map of fixed size)."""
        peaks = []
        for count in (3_000, 12_000):
            drop(world, f"people-{count}.csv", self.many(count))
            client, cursor, more = world.connect(), "", True
            tracemalloc.start()
            while more:
                page = client.read(cursor)
                cursor, more = page.cursor, page.more
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
            (world.folder / f"people-{count}.csv").unlink()
        assert peaks[1] < peaks[0] + 500_000, peaks


class TestHandingOver:
    """Files of changes: whole or not there, numbered, each line once."""

    def row(self, number: int = 1, **fields: Any) -> PersonUpdate:
        """A change of an account, decided on a value that is known."""
        return PersonUpdate(id=f"a{number}", version="v", fields=fields, before=dict.fromkeys(fields, "old"), key=f"{number}")

    def lines(self, path: Path) -> list[list[str]]:
        """A file as a spreadsheet sees it."""
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.reader(file))

    def test_a_file_says_what_changes_and_what_it_was(self, world: DropWorld) -> None:
        """Law: columns of what changes alone, a line for each account that names its changes, with the values of the decision."""
        rows = [
            self.row(1, title="Judge", interests=["law", "energy"]),
            PersonUpdate(id="a2", version="v", fields={"consents.mentoring": False}, before={"consents.mentoring": True}),
            self.row(3, title=None),
        ]
        assert states(world.client.update(rows)) == ["unknown"] * 3
        header, *lines = self.lines(world.folder / "updates-000001.csv")
        names = ("consents.mentoring", "interests", "title")
        assert set(header) == {"id", "changes", "key", *names, *(f"{name} (was)" for name in names)}
        told = [dict(zip(header, line, strict=True)) for line in lines]
        assert [(one["id"], one["changes"]) for one in told] == [
            ("a1", "title; interests"),
            ("a2", "consents.mentoring"),
            ("a3", "title"),
        ]
        assert (told[0]["title"], told[0]["interests"], told[0]["title (was)"]) == ("Judge", "law; energy", "old")
        assert (told[1]["consents.mentoring"], told[1]["consents.mentoring (was)"], told[1]["title"]) == ("no", "yes", "")
        assert len({one["key"] for one in told}) == 3

    def test_the_value_from_before_protects_what_careers_changed(self, world: DropWorld) -> None:
        """Law: an importer that compares leaves alone what has moved since the decision."""
        world.people(2)
        row = replace(self.update(world, "a0", title="Ours"), before={"title": None}, key="1")
        world.client.update([row])
        world.edit("a0", {"title": "Theirs"})
        world.carry_over()
        assert world.now("a0")["title"] == "Theirs"

    def update(self, world: DropWorld, id: str, **fields: Any) -> PersonUpdate:
        """An update on the newest version."""
        return PersonUpdate(id=id, version=read(world)[0][id].version, fields=fields)

    def test_nobody_else_can_read_it(self, world: DropWorld) -> None:
        """Law: files of ours are 0600 under any umask, or readable by the group that is named and by nobody else (S45)."""
        before = os.umask(0)
        try:
            drop(world, "people.csv", TWO)
            (world.folder / "people.csv").chmod(0o644)
            page = world.client.read("")
            copies = [path for path in world.folder.iterdir() if path.name.startswith(".taking")]
            world.client.update([self.row()])
            read(world, page.cursor)
            own = [path for path in world.folder.iterdir() if path.name != "people.csv"] + [
                path for path in copies if path.exists()
            ]
            assert len(own) == 3
            assert {stat.S_IMODE(path.stat().st_mode) for path in own} == {0o600}
            world.settings["folder_group"] = grp.getgrgid(os.getegid()).gr_name
            world.connect().update([self.row(2)])
            info = (world.folder / "updates-000002.csv").stat()
            assert (stat.S_IMODE(info.st_mode), info.st_gid) == (0o640, os.getegid())
        finally:
            os.umask(before)

    def test_a_file_is_never_rewritten(self, world: DropWorld) -> None:
        """Law: numbers only go up, also when somebody takes all files away, or lays one there himself."""
        world.client.update([self.row(1, title="A")])
        first = (world.folder / "updates-000001.csv").read_bytes()
        world.client.update([self.row(2, title="B")])
        assert (world.folder / "updates-000001.csv").read_bytes() == first
        for path in world.folder.glob("updates-*.csv"):
            path.unlink()
        world.connect().update([self.row(3, title="C")])
        drop(world, "updates-000007.csv", b"id\r\n")
        world.connect().update([self.row(4, title="D")])
        assert sorted(path.name for path in world.folder.glob("updates-*")) == [
            *("updates-000003.csv", "updates-000007.csv", "updates-000008.csv")
        ]

    def test_a_number_is_not_used_again_by_who_died_before_saying_so(self, world: DropWorld) -> None:
        """Law: the file appeared, the process died, the importer took the file away: the next file has another number."""
        world.client.update([self.row(1, title="A")])
        ledger = world.folder / ".updates.json"
        ledger.write_text(json.dumps(json.loads(ledger.read_text()) | {"number": 0, "at": None}))
        (world.folder / "updates-000001.csv").unlink()
        world.connect().update([self.row(2, title="B")])
        assert [path.name for path in world.folder.glob("updates-*")] == ["updates-000002.csv"]

    def test_the_same_line_is_handed_over_once(self, world: DropWorld) -> None:
        """Law: a process that died before it could say so has handed over all the same; what is new goes into the next file."""
        rows = [self.row(1, title="A"), self.row(2, title="B")]
        world.client.update(rows)
        assert states(world.connect().update(rows)) == ["unknown", "unknown"]
        assert states(world.connect().update([*rows, self.row(3, title="C")])) == ["unknown"] * 3
        assert [line[0] for line in self.lines(world.folder / "updates-000002.csv")[1:]] == ["a3"]

    def test_a_decision_that_is_made_again_is_handed_over_again(self, world: DropWorld) -> None:
        """Law: the same words under another key are another write."""
        world.client.update([self.row(1, title="A")])
        world.client.update([replace(self.row(1, title="A"), key="another")])
        assert world.writes() == 2

    def test_a_full_disk_leaves_nothing(self, world: DropWorld) -> None:
        """Law: a file that could not be finished is not there, and the writes are later; the same goes for reading."""
        drop(world, "people.csv", TWO)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20, hard))
        try:
            outcomes = world.client.update([self.row(title="A")])
            with pytest.raises(Later, match="FOLDER"):
                world.client.read("")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert [(outcome.status, outcome.code) for outcome in outcomes] == [(Status.LATER, "FOLDER")]
        assert world.writes() == 0
        assert states(world.client.update([self.row()])) == ["unknown"]
        assert world.writes() == 1

    @pytest.mark.parametrize("field", ["id", "deleted", "state", "nonsense", "address"])
    def test_what_has_no_column_is_refused(self, world: DropWorld, field: str) -> None:
        """Law: a field that the table has no place for, or that is not ours, is refused by name; its neighbours go out."""
        outcomes = world.client.update([self.row(1, **{field: "x"}), self.row(2, title="A")])
        assert states(outcomes) == ["refused", "unknown"]
        assert (outcomes[0].code, outcomes[0].detail) == ("NO_COLUMN", f"field {field}")
        assert [line[0] for line in self.lines(world.folder / "updates-000001.csv")[1:]] == ["a2"]

    def test_a_choice_with_a_semicolon_has_no_cell(self, world: DropWorld) -> None:
        """Law: what would be read as two choices is refused."""
        assert states(world.client.update([self.row(1, interests=["law; energy"])])) == ["refused"]

    @given(st.text(max_size=30))
    def test_no_cell_is_carried_out_and_every_text_comes_back(self, text: str) -> None:
        """Law: written cells never begin like a formula, and are read as what they were (S26)."""
        cell = neutral(text)
        assert cell[:1] not in FORMULA or cell == ""
        assert told(cell) == text

    @pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\N{FULLWIDTH EQUALS SIGN}x", "''x", "'x"])
    @pytest.mark.parametrize("strips", [True, False])
    def test_formulas_survive_the_way_there_and_back(self, world: DropWorld, value: str, *, strips: bool) -> None:
        """Law: whether the importer takes our apostrophe away or keeps it, the next table shows the value that was written."""
        world.people(1)
        _, cursor = read(world)
        world.client.update([PersonUpdate(id="a0", version="", fields={"title": value}, before={"title": None}, key="1")])
        raw = self.lines(world.folder / "updates-000001.csv")[1]
        assert all(cell[:1] not in FORMULA for cell in raw if cell)
        carry_in(world.system, world.folder, strips=strips)
        world.changed = True
        assert read(world, cursor)[0]["a0"].fields["title"] == value


class TestRequests:
    """Requests as files, and where they stand as files."""

    def test_a_request_comes_as_the_contract_has_it(self, world: DropWorld) -> None:
        """Law: what careers filed is what the bridge reads; what no column tells is not known."""
        fields = {
            "type": "PANEL_SPEAKER",
            "title": "Panel",
            "text": "We would\nlike ...",
            "need_by": "2026-12-01",
            "requested_by": {"name": "Pat Reyes", "email": "pat@example.edu", "unit": "Careers"},
            "criteria": {"school": "Law"},
            "count": 3,
        }
        id = world.ask(fields)
        records, _ = read(world)
        assert {name: records[id].fields[name] for name in fields} == fields
        assert (records[id].fields["state"], records[id].fields["person_id"], records[id].fields["urgent"]) == (
            "open",
            None,
            False,
        )

    @pytest.mark.parametrize(
        ("created", "moment"),
        [
            ("2026-11-02", "2026-11-02T00:00Z"),
            ("2026-11-02 09:30", "2026-11-02T09:30Z"),
            ("2026-11-02T09:30:05+01:00", "2026-11-02T09:30:05+01:00"),
            ("Monday", "Monday"),
        ],
    )
    def test_times_as_people_write_them(self, world: DropWorld, created: str, moment: str) -> None:
        """Law: a day, or a time without zone, is UTC; what is no time is left for the understanding of requests to say so."""
        drop(world, "requests.csv", f"id,type,title,created_at\r\nr1,PANEL_SPEAKER,Panel,{created}\r\n".encode())
        assert read(world)[0]["r1"].fields["created_at"] == moment

    def test_withdrawing_is_said_in_the_table(self, world: DropWorld) -> None:
        """Law: the column state withdraws; who is not in a later table is not withdrawn."""
        first, second = world.ask({"type": "PANEL_SPEAKER"}), world.ask({"type": "MENTOR_FLASH"})
        _, cursor = read(world)
        world.system.change_request(first, {"state": "withdrawn"}, PAT)
        world.system.delete("request", second, PAT)
        world.changed = True
        records, _ = read(world, cursor)
        assert {id: record.fields["state"] for id, record in records.items() if record.kind == "request"} == {first: "withdrawn"}

    def test_careers_read_where_their_requests_stand(self, world: DropWorld) -> None:
        """Law: each step is a line in the next file, and a line that was handed over is not handed over again."""
        id = world.ask({"type": "PANEL_SPEAKER"})
        read(world)
        row = Acknowledgement(
            request_id=id, number="CR-1", understood_type="PANEL_SPEAKER", state="offered", message="=x", offered=1, asked=3
        )
        assert states(world.client.acknowledge([row])) == ["applied"]
        assert states(world.connect().acknowledge([row])) == ["applied"]
        assert [path.name for path in world.folder.glob("request-status-*")] == ["request-status-000001.csv"]
        world.carry_over()
        told = world.acknowledgement(id)
        assert (told["number"], told["state"], told["message"], told["offered"], told["asked"]) == ("CR-1", "offered", "=x", 1, 3)

    def test_wrong_columns_of_requests_hold_no_people(self, world: DropWorld) -> None:
        """Law: each kind of file stands for itself."""
        drop(world, "requests.csv", b"id,kind\r\nr1,x\r\n")
        drop(world, "people.csv", TWO)
        records, _ = read(world)
        assert {"a1", "a2"} <= set(records)
        assert (records["requests"].kind, records["requests"].fields["kind"]) == (POISON, "file")


class FiledTwelveTwenty(TwelveTwentyWorld):
    """A site of 12twenty whose requests travel by files."""

    carrier = "csv"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__()

    def shown(self) -> dict[str, Any]:
        """See ``PlatformWorld.shown``."""
        return super().shown() | {"folder": self.folder}


def test_requests_by_files_serve_any_platform(tmp_path: Path) -> None:
    """Law: the folder carries the requests of a system whose people come another way."""
    site = FiledTwelveTwenty(tmp_path)
    site.people(1)
    office = DropWorld(tmp_path)
    id = office.ask({"type": "PANEL_SPEAKER", "person_id": site.id(0)})
    export_requests(office.system, tmp_path)
    site.emulated_clock.set(office.emulated_clock.now() + timedelta(hours=1))
    records, _, _ = read_all(site.client)
    assert {(record.kind, record.id) for record in records} == {("person", site.id(0)), ("request", id)}
    assert site.client.capabilities.requests
    row = Acknowledgement(request_id=id, number="CR-1", understood_type="PANEL_SPEAKER", state="received")
    assert states(site.client.acknowledge([row])) == ["applied"]
    assert read_statuses(office.system, tmp_path) == 1


@pytest.mark.parametrize("column", [*csv_drop.COLUMNS, *csv_requests.COLUMNS, "custom.NAME", "criteria.NAME"])
def test_every_column_is_documented(column: str) -> None:
    """Law: whoever writes the export finds each column in docs/csv-drop.md."""
    assert f"`{column}`" in (Path(__file__).parents[2] / "docs" / "csv-drop.md").read_text(encoding="utf-8")


def documented(number: int) -> str:
    """One of the tables that the page shows, as a file has it."""
    page = (Path(__file__).parents[2] / "docs" / "csv-drop.md").read_text(encoding="utf-8")
    block = page.split("```csv\n")[number].partition("```")[0]
    return "".join(f"{line.strip()}\r\n" for line in block.strip().splitlines())


def test_the_tables_that_the_page_shows(world: DropWorld) -> None:
    """Law: whoever copies the first table of docs/csv-drop.md gets the result, and later the changes, that stand there."""
    drop(world, "people.csv", documented(1).encode())
    records, _ = read(world)
    assert (world.folder / "people.result.csv").read_bytes().decode() == documented(2)
    before = {id: {name: records[id].fields[name] for name in ("phone_mobile", "employer", "title")} for id in ("17", "18")}
    changes: dict[str, dict[str, object]] = {
        "17": {"phone_mobile": "+16175550199"},
        "18": {"employer": "Eckert-Mauchly", "title": None},
    }
    rows = [
        PersonUpdate(id=id, version="v", fields=fields, before={name: before[id][name] for name in fields}, key=id)
        for id, fields in changes.items()
    ]
    world.client.update(rows)
    told = (world.folder / "updates-000001.csv").read_bytes().decode()
    assert re.sub(r",[0-9a-f]{20}\r", ",KEY\r", told) == documented(3)
