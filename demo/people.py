"""The people that the demo works with: both systems' records, and who is who where that is known.

``load_people`` reads them from a folder of CSV files; ``demo.world`` invents them.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo.dice import Dice

COLUMNS = (
    "record_id", "first_name", "middle_name", "last_name", "former_last_name", "birth_date", "email", "email2", "phone",
    "city", "postcode", "class_year", "major", "occupation",
)  # fmt: skip
"""The columns of ``crm.csv`` and ``career.csv``; empty means unknown."""

_CONTACT_FIELDS = {
    "first_name": "FirstName",
    "middle_name": "MiddleName__c",
    "last_name": "LastName",
    "former_last_name": "Former_Last_Name__c",
    "birth_date": "Birthdate",
    "email": "Personal_Email__c",
    "email2": "University_Email__c",
    "phone": "MobilePhone",
    "city": "MailingCity",
    "postcode": "MailingPostalCode",
    "class_year": "Class_Year__c",
    "major": "Major__c",
    "occupation": "Title",
}
_ACCOUNT_FIELDS = {
    "first_name": "first_name",
    "middle_name": "middle_name",
    "last_name": "last_name",
    "former_last_name": "former_last_name",
    "birth_date": "birth_date",
    "email": "email_personal",
    "email2": "email_university",
    "phone": "phone_mobile",
    "city": "address.city",
    "postcode": "address.postcode",
    "class_year": "class_year",
    "major": "major",
    "occupation": "title",
}

CONSENTS = {
    "Consent_Career_Asks__c": "consents.career_asks",
    "Consent_Mentoring__c": "consents.mentoring",
    "Consent_Events__c": "consents.events",
    "Consent_Surveys__c": "consents.surveys",
}
"""Each consent's field on the contact, and its path in the career system."""


class PeopleError(Exception):
    """A file of people cannot be used; the message names file, line and cure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One record of one system. ``values`` by Contact field, or by dotted path in the career system; None is left out."""

    record_id: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """A university. ``truth`` gives each account's contacts (none: not in the CRM); None where nobody knows."""

    source: str
    contacts: tuple[Person, ...]
    accounts: tuple[Person, ...]
    truth: Mapping[str, frozenset[str]] | None
    notes: tuple[str, ...] = field(default=())


def load_people(folder: Path) -> People:
    """The people of ``crm.csv``, ``career.csv`` and, if there is one, ``truth.csv``.

    Consents are in none of these files, and without them nothing may be shared: the contacts get seeded ones, which the
    notes say. Nothing else is added, and no row is left out: what a system refuses is for that system to say.

    Raises:
        PeopleError: a file or a column is missing, an id stands twice, or a row has too few or too many cells.
    """
    dice = Dice("consents")
    contacts = [
        Person(record_id=row["record_id"], values=_values(row, _CONTACT_FIELDS) | consents(dice))
        for row in _rows(folder / "crm.csv", COLUMNS)
    ]
    accounts = [
        Person(record_id=row["record_id"], values=_values(row, _ACCOUNT_FIELDS)) for row in _rows(folder / "career.csv", COLUMNS)
    ]
    for file, found in (("crm.csv", contacts), ("career.csv", accounts)):
        _refuse_doubles(folder / file, found)
    truth = _truth(folder / "truth.csv", accounts) if (folder / "truth.csv").exists() else None
    note = "The files know nothing of consents: the contacts were given seeded ones, else nothing could be shared."
    return People(source=str(folder), contacts=tuple(contacts), accounts=tuple(accounts), truth=truth, notes=(note,))


def consents(dice: Dice) -> dict[str, str]:
    """What one alumnus said about being asked: most agree, some refuse, some were never asked."""
    said = {name: dice.weighted(["Yes", "No", ""], [86, 4, 10]) for name in CONSENTS}
    return {name: word for name, word in said.items() if word}


def _rows(file: Path, columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    if not file.exists():
        raise PeopleError(f"{file}: there is no such file; PEOPLE needs crm.csv and career.csv")
    with file.open(encoding="utf-8-sig", newline="") as opened:
        reader = csv.DictReader(opened)
        missing = [name for name in columns if name not in (reader.fieldnames or ())]
        if missing:
            raise PeopleError(f"{file}:1: the column {missing[0]} is missing; it needs {', '.join(columns)}")
        for row in reader:
            if None in row or None in row.values():
                raise PeopleError(f"{file}:{reader.line_num}: the row has not as many cells as the first line")
            yield row


def _values(row: Mapping[str, str], names: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for column, name in names.items():
        text = row[column].strip()
        if text:
            # The career system takes years as numbers; a year that is none stays as it stands, for the system to refuse.
            values[name] = int(text) if column == "class_year" and text.isascii() and text.isdigit() else text
    return values


def _refuse_doubles(file: Path, people: list[Person]) -> None:
    seen: set[str] = set()
    for line, person in enumerate(people, start=2):
        if not person.record_id or person.record_id in seen:
            raise PeopleError(f"{file}:{line}: the record_id {person.record_id!r} is empty or stands twice")
        seen.add(person.record_id)


def _truth(file: Path, accounts: list[Person]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for row in _rows(file, ("career", "crm")):
        found.setdefault(row["career"], set()).update({row["crm"]} - {""})
    # An account that the file does not name is in nobody's truth: as if it were not in the CRM.
    return {person.record_id: frozenset(found.get(person.record_id, ())) for person in accounts}
