"""The emulated office that works with files: its programs obey at the control door, and differ as such programs do."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from emulator.career import Actor, CareerApp, CareerSystem, Kind
from emulator.career.csv_drop import CSV_DROP
from emulator.clock import Clock
from emulator.http import request


@pytest.fixture
def app(tmp_path: Path) -> CareerApp:
    """An office with one account and a request; its folder is empty."""
    system = CareerSystem(Clock())
    system.extra["folder"] = tmp_path
    app = CareerApp(system, face=CSV_DROP, control_token="t")
    person = {"id": "a1", "last_name": "Lee", "class_year": 2009, "interests": ["law", "energy"], "consents": {"mentoring": True}}
    order(app, "people", [person])
    system.file_request({"type": "PANEL_SPEAKER", "title": "Panel", "criteria": {"school": "Law"}}, PAT)
    return app


PAT = Actor(id="s-1", name="Pat Reyes", kind=Kind.STAFF)


def order(app: CareerApp, name: str, body: object) -> Any:
    """What the control door answers."""
    answer = app.handle(request("POST", f"/__control__/{name}", headers={"X-Control-Token": "t"}, body=body))
    return answer.status, answer.json()


def rows(path: Path, **how: Any) -> list[dict[str, str]]:
    """A table as another program reads it."""
    encoding = how.pop("encoding", "utf-8")
    with path.open(newline="", encoding=encoding) as file:
        return list(csv.DictReader(file, **how))


def put(folder: Path, name: str, text: str) -> None:
    """A file of the bridge."""
    (folder / name).write_text(text.replace("\n", "\r\n"), newline="")


def test_there_is_no_api(app: CareerApp) -> None:
    """Law: whatever is called, there is nothing."""
    assert app.handle(request("GET", "/people")).status == 404


def test_tables_of_people_and_requests(app: CareerApp, tmp_path: Path) -> None:
    """Law: an export writes both tables, with every field as the office prints it."""
    assert order(app, "export", {}) == (200, {"people": "people.csv", "requests": "requests.csv"})
    (person,) = rows(tmp_path / "people.csv")
    shown = {name: person[name] for name in ("id", "class_year", "interests", "consents.mentoring", "consents.events", "deleted")}
    assert shown == {
        "id": "a1",
        "class_year": "2009",
        "interests": "law; energy",
        "consents.mentoring": "yes",
        "consents.events": "",
        "deleted": "",
    }
    (asked,) = rows(tmp_path / "requests.csv")
    assert (asked["type"], asked["criteria.school"], asked["state"]) == ("PANEL_SPEAKER", "Law", "open")


def test_tables_are_written_as_offices_write_them(app: CareerApp, tmp_path: Path) -> None:
    """Law: encoding, delimiter and age of both tables, columns and name of the one of people are the order's."""
    order(
        app,
        "export",
        {"name": "people-x.csv", "encoding": "utf-16", "delimiter": ";", "columns": ["last_name", "id"], "older": 500},
    )
    assert rows(tmp_path / "people-x.csv", encoding="utf-16", delimiter=";") == [{"last_name": "Lee", "id": "a1"}]
    (asked,) = rows(tmp_path / "requests.csv", encoding="utf-16", delimiter=";")
    assert asked["title"] == "Panel"
    aged = app.system.clock.now().timestamp() - 500
    assert {(tmp_path / name).stat().st_mtime for name in ("people-x.csv", "requests.csv")} == {aged}


def test_a_program_that_dies_leaves_half_a_file(app: CareerApp, tmp_path: Path) -> None:
    """Law: half a file has no end of its last line."""
    order(app, "export", {"half": True})
    assert not (tmp_path / "people.csv").read_bytes().endswith(b"\n")


def test_a_deleted_account_is_told_once(app: CareerApp, tmp_path: Path) -> None:
    """Law: the first table after a deletion marks it; later ones know nothing of the account."""
    app.system.delete("person", "a1", PAT)
    order(app, "export", {})
    assert [row["deleted"] for row in rows(tmp_path / "people.csv")] == ["yes"]
    order(app, "export", {})
    assert rows(tmp_path / "people.csv") == []


UPDATES = "id,changes,title,title (was),key\na1,title,Judge,,k1\n"


def test_what_is_carried_in(app: CareerApp, tmp_path: Path) -> None:
    """Law: the columns named in changes are set, once for each key; the change is the import's."""
    put(tmp_path, "updates-000001.csv", UPDATES)
    assert order(app, "import", {})[1] == {"changed": 1, "known": 0, "refused": [], "statuses": 0}
    assert app.system.people.by_id["a1"].data()["title"] == "Judge"
    assert order(app, "import", {})[1]["known"] == 1
    assert app.system.people.by_id["a1"].versions[-1].by.id == "importer"


def test_what_is_not_carried_in(app: CareerApp, tmp_path: Path) -> None:
    """Law: an importer that compares leaves alone what has moved; one that does not sets it; unknown accounts are told."""
    app.system.change_person("a1", {"title": "Countess"}, PAT)
    put(tmp_path, "updates-000001.csv", UPDATES + "a9,title,X,,k2\n")
    refused = order(app, "import", {})[1]["refused"]
    assert [line.split(": ")[0] for line in refused] == ["updates-000001.csv a1", "updates-000001.csv a9"]
    order(app, "import", {"compares": False})
    assert app.system.people.by_id["a1"].data()["title"] == "Judge"


@pytest.mark.parametrize(("strips", "kept"), [(True, "=1"), (False, "'=1")])
def test_an_apostrophe_is_kept_or_not(app: CareerApp, tmp_path: Path, *, strips: bool, kept: str) -> None:
    """Law: whether what keeps a spreadsheet from acting is taken away depends on the importer."""
    put(tmp_path, "updates-000001.csv", UPDATES.replace("Judge", "'=1"))
    order(app, "import", {"strips": strips})
    assert app.system.people.by_id["a1"].data()["title"] == kept


def test_statuses_are_shown_to_counsellors(app: CareerApp, tmp_path: Path) -> None:
    """Law: the last line about a request is what staff see."""
    id = app.system.requests.order[0].id
    head = "id,number,understood_type,state,message,offered,asked,key\n"
    put(
        tmp_path,
        "request-status-000001.csv",
        f"{head}{id},CR-1,PANEL_SPEAKER,received,,,,k1\n{id},CR-1,PANEL_SPEAKER,offered,,1,3,k2\n",
    )
    assert order(app, "import", {})[1]["statuses"] == 2
    told = app.system.acknowledgements[id]
    assert (told["state"], told["offered"], told["asked"]) == ("offered", 1, 3)


def test_an_office_without_a_folder_says_so(app: CareerApp) -> None:
    """Law: an order that needs a folder and has none is refused."""
    del app.system.extra["folder"]
    assert order(app, "export", {})[0] == 422
