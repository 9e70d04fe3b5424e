"""A folder in which careers put tables of people and from which they carry our changes in (docs/csv-drop.md).

Columns are named as the fields of the generic contract; ``custom.`` and any name are fields of the university's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connector.career import outcomes
from connector.career.careful import version_of
from connector.career.dialect import Tenant
from connector.career.drop import cells
from connector.career.drop.inbox import Inbox
from connector.career.drop.opening import folder_of, legacy_of
from connector.career.drop.outbox import Line, Outbox, key_of
from connector.career.drop.sheet import Columns
from connector.career.drop.table import Kind
from connector.career.setup import Setup
from connector.career.writes import Chunk
from connector.ports import Note, Outcome, Page, PersonUpdate, Record, Status

_TEXTS = (
    *("id", "institution_id", "primary_account_id", "state", "first_name", "middle_name", "last_name", "preferred_name"),
    *("former_last_name", "birth_date", "email_personal", "email_university", "email_work", "login_email"),
    *("phone_mobile", "phone_home", "phone_work"),
    *("address.street", "address.city", "address.state", "address.postcode", "address.country"),
    *("employer", "title", "degree", "major", "linkedin_url", "mentor_availability", "outcome", "outcome_as_of"),
)
_TRUTHS = (
    *("consents.career_asks", "consents.mentoring", "consents.events", "consents.surveys"),
    *("do_not_contact", "deceased", "deleted"),
)
COLUMNS: Mapping[str, cells.Cell] = {
    **dict.fromkeys(_TEXTS, "text"),
    **dict.fromkeys(_TRUTHS, "truth"),
    **dict.fromkeys(("class_year", "mentor_capacity"), "whole"),
    **dict.fromkeys(("interests", "industries"), "list"),
}
"""The columns of a table of people, and what stands in their cells."""
CUSTOM = "custom."
_READ_ONLY = frozenset({"id", "state", "primary_account_id", "deleted"})


class CsvDrop:
    """One such folder."""

    note_size = 0

    def __init__(self, setup: Setup) -> None:
        self.update_size = setup.profile.abilities.per_delivery
        self._folder = folder_of(setup)
        self._name = setup.setting("tenant") or str(setup.the_folder())
        self._inbox = Inbox(self._folder, _people(setup.setting("must_have")), setup.clock, legacy=legacy_of(setup))
        self._outbox = Outbox(self._folder, "updates", setup.clock)

    @property
    def calls(self) -> int:
        """A folder is not called."""
        return 0

    def tenant(self) -> Tenant:
        """See ``Dialect.tenant``: the folder is known by its place, or by the name that the configuration gives it."""
        self._folder.entries()
        return Tenant(id=self._name)

    def read(self, cursor: str) -> Page:
        """See ``Dialect.read``."""
        return self._inbox.read(cursor)

    def fetch(self, _ids: Sequence[str]) -> Sequence[Record]:
        """A folder cannot be asked."""
        return []

    def update(self, rows: Sequence[PersonUpdate]) -> Chunk:
        """See ``Dialect.update``: one file with a line for each account; what became of them, a later table of people shows."""
        refusals = [_refusal(row) for row in rows]
        sent = [row for row, refusal in zip(rows, refusals, strict=True) if refusal is None]
        changed = sorted({name for row in sent for name in row.fields}, key=_place)
        header = ["id", "changes", *(column for name in changed for column in (name, f"{name} (was)"))]
        self._outbox.hand_over(header, [_line(row) for row in sent])
        return Chunk(outcomes=[refusal or outcomes.handed_over() for refusal in refusals])

    def note(self, rows: Sequence[Note]) -> Chunk:
        """Never: nobody knows who would read them."""
        return Chunk(outcomes=[outcomes.cannot("NO_NOTES", "staff-only notes")] * len(rows))


def _people(must_have: str) -> Kind:
    required = {"id", *(name.strip().casefold() for name in must_have.split(",") if name.strip())}
    columns = Columns(known=frozenset(COLUMNS), required=frozenset(required), open=(CUSTOM,))
    return Kind(record="person", stem="people", columns=columns, id="id", shape=_shape, version=version_of)


def _shape(row: Mapping[str, str]) -> dict[str, Any] | None:
    deleted = cells.read("truth", row.get("deleted", ""))
    if deleted not in (True, False, None):
        raise ValueError("nobody knows what stands under deleted: write yes or no")
    return None if deleted else cells.nested({name: cell for name, cell in row.items() if name != "deleted"}, COLUMNS)


def _place(name: str) -> tuple[int, str]:
    known = list(COLUMNS)
    return (known.index(name) if name in COLUMNS else len(known), name)


def _refusal(row: PersonUpdate) -> Outcome | None:
    for name, value in row.fields.items():
        if name in _READ_ONLY or (name not in COLUMNS and not name.startswith(CUSTOM)):
            remedy = "correct the mapping: docs/csv-drop.md has the columns"
            return Outcome(status=Status.REFUSED, code="NO_COLUMN", detail=f"field {name}", remedy=remedy)
        if cells.write(value) is None:
            remedy = "correct the value at its owner: choices of a list have no semicolon"
            return Outcome(status=Status.REFUSED, code="NO_CELL", detail=f"field {name}", remedy=remedy)
    return None


def _line(row: PersonUpdate) -> Line:
    told = {"id": row.id, "changes": "; ".join(sorted(row.fields, key=_place))}
    told |= {name: cells.write(value) or "" for name, value in row.fields.items()}
    told |= {f"{name} (was)": cells.write(value) or "" for name, value in row.before.items()}
    return Line(key=key_of(row.key, row.id, dict(row.fields), dict(row.before)), cells=told)
