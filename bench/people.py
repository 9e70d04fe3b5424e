"""The people sets for training and judging the matching: read, indexed and searched as the product does it.

A set is a folder with `crm.csv`, `career.csv` and `truth.csv` (columns: `docs/` of the demo's PEOPLE option).
"""

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from connector.core.evidence import Prepared, blocking_keys, evidence_of, prepare, query_keys, shortlist
from connector.core.match import Frequencies, Score, Weights, score
from connector.core.model import Value
from connector.core.rulebook import MANY, Slot

COLUMNS = {
    Slot.INSTITUTION_ID: ("institution_id",),
    Slot.FIRST: ("first_name",),
    Slot.MIDDLE: ("middle_name",),
    Slot.LAST: ("last_name",),
    Slot.FORMER_LAST: ("former_last_name",),
    Slot.PREFERRED: ("preferred_name",),
    Slot.BIRTH_DATE: ("birth_date",),
    Slot.EMAILS: ("email", "email2"),
    Slot.PHONES: ("phone",),
    Slot.CITY: ("city",),
    Slot.POSTCODE: ("postcode",),
    Slot.CLASS_YEAR: ("class_year",),
    Slot.MAJOR: ("major",),
    Slot.EMPLOYER: ("employer",),
    Slot.OCCUPATION: ("occupation",),
}
"""What ``[match]`` of a mapping says, for the columns of the sets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleSet:
    """One set, prepared and indexed. `truth` has, by career id, the contacts that are the same person (none: not in CRM)."""

    name: str
    contacts: Mapping[str, Prepared]
    careers: Mapping[str, Prepared]
    truth: Mapping[str, frozenset[str]]
    index: Mapping[str, Sequence[str]]
    frequencies: Frequencies

    def candidates(self, career: str) -> list[str]:
        """The contacts worth comparing with one career person."""
        hits = {key: self.index[key] for key in query_keys(self.careers[career]) if key in self.index}
        return shortlist(hits, population=len(self.contacts))

    def scored(self, career: str, weights: Weights) -> list[tuple[str, Score]]:
        """The candidates of one career person with their scores."""
        person = self.careers[career]
        return [(it, score(person, self.contacts[it], weights, self.frequencies)) for it in self.candidates(career)]


def read_set(folder: Path) -> PeopleSet:
    """Read and index one set."""
    contacts, careers = read_people(folder / "crm.csv"), read_people(folder / "career.csv")
    truth: dict[str, set[str]] = {career: set() for career in careers}
    with (folder / "truth.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            truth[row["career"]] |= {row["crm"]} - {""}
    index: defaultdict[str, list[str]] = defaultdict(list)
    for contact in contacts.values():
        for key in blocking_keys(contact):
            index[key].append(contact.record_id)
    return PeopleSet(
        name=folder.name,
        contacts=contacts,
        careers=careers,
        truth={career: frozenset(ids) for career, ids in truth.items()},
        index=dict(index),
        frequencies=Frequencies.count(contacts.values()),
    )


def read_people(path: Path) -> dict[str, Prepared]:
    """The prepared evidence of every row, by record id."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row["record_id"]: prepare(evidence_of(row["record_id"], slots_of(row))) for row in csv.DictReader(file)}


def slots_of(row: Mapping[str, str | None]) -> dict[Slot, Value]:
    """A row of a set as a mapping hands a record on (``MatchFields.evidence``)."""
    found: dict[Slot, Value] = {}
    for slot, columns in COLUMNS.items():
        texts = [text for column in columns if (text := (row.get(column) or "").strip())]
        found[slot] = tuple(sorted(set(texts))) if slot in MANY else next(iter(texts), None)
    return found


def is_training(career: str, *, fold: int = 0) -> bool:
    """Which half a career person belongs to: by a hash of the id, so that no person is in both. Fold 1 swaps the halves."""
    return blake2b(career.encode(), digest_size=4).digest()[0] % 2 == fold
