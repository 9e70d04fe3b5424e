"""People from a folder: what stands in the files and nothing else; files that cannot be used are told with file and line."""

import csv
from collections.abc import Sequence
from pathlib import Path

import pytest

from demo.people import COLUMNS, People, PeopleError, load_people


def _write(folder: Path, name: str, rows: Sequence[dict[str, str]], columns: Sequence[str] = COLUMNS) -> None:
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two contacts, one without a last name, and two accounts."""
    _write(
        tmp_path,
        "crm.csv",
        [
            {"record_id": "c1", "first_name": "Zoë", "last_name": "Åkesson", "class_year": "1999", "occupation": "priest"},
            {"record_id": "c2", "first_name": "Nameless"},
        ],
    )
    _write(tmp_path, "career.csv", [{"record_id": "k1", "first_name": "Zoe", "city": "Malmö"}, {"record_id": "k2"}])
    return tmp_path


def _load(folder: Path) -> People:
    return load_people(folder)


def test_rows_are_neither_padded_nor_left_out(folder: Path) -> None:
    """A row without a last name stays one: whether the CRM takes it is for the CRM to say."""
    people = _load(folder)
    assert [one.record_id for one in people.contacts] == ["c1", "c2"]
    assert "LastName" not in people.contacts[1].values
    assert people.contacts[0].values["LastName"] == "Åkesson"
    assert people.contacts[0].values["Class_Year__c"] == 1999
    assert people.contacts[0].values["Title"] == "priest"


def test_accounts_speak_the_career_systems_language(folder: Path) -> None:
    """Columns become the contract's dotted paths; empty cells become nothing."""
    assert _load(folder).accounts[0].values == {"first_name": "Zoe", "address.city": "Malmö"}
    assert _load(folder).accounts[1].values == {}


def test_seeded_consents_are_told(folder: Path) -> None:
    """Consents are added on the CRM's side only, the same at every run, and a note says so."""
    people = _load(folder)
    assert people == _load(folder)
    assert any("seeded" in note for note in people.notes)
    assert not any(name.startswith("consents") for one in people.accounts for name in one.values)


def test_truth_is_unknown_without_its_file(folder: Path) -> None:
    """No truth.csv: nobody knows; with it, an account may have no contact, one, or several."""
    assert _load(folder).truth is None
    rows = [{"career": "k1", "crm": "c1"}, {"career": "k1", "crm": "c2"}, {"career": "k2", "crm": ""}]
    _write(folder, "truth.csv", rows, ("career", "crm"))
    assert _load(folder).truth == {"k1": frozenset({"c1", "c2"}), "k2": frozenset()}


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("crm.csv", "record_id,first_name\nx,y\n", "crm.csv:1: the column middle_name is missing"),
        ("career.csv", ",".join(COLUMNS) + "\nonly,three,cells\n", "career.csv:2: the row has not as many cells"),
        (
            "crm.csv",
            ",".join(COLUMNS) + "\n" + ("same" + "," * 13 + "\n") * 2,
            "crm.csv:3: the record_id 'same' is empty or stands twice",
        ),
    ],
)
def test_unusable_files_are_told_by_place(folder: Path, name: str, text: str, told: str) -> None:
    """A missing column, a torn row and an id that stands twice are each told with file and line."""
    (folder / name).write_text(text, encoding="utf-8")
    with pytest.raises(PeopleError, match=told.replace(".", r"\.")):
        _load(folder)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """A folder without the files is told what it needs."""
    with pytest.raises(PeopleError, match=r"crm\.csv: there is no such file"):
        _load(tmp_path)
