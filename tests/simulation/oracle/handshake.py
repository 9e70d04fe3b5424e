"""What leaves for Handshake's Importer, judged by its bytes: rows about students that are there, and few columns.

Columns and rules are those of Handshake's part of docs/platforms.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import orjson

from emulator.career.handshake.shapes import CLEAR, FIELDS, REQUIRED, row_of
from emulator.career.models import CareerSystem
from emulator.career.records import Stored
from tests.simulation.mapping import Field
from tests.simulation.oracle import tables
from tests.simulation.oracle.evidence import Breach, Evidence
from tests.simulation.oracle.forbidden import NotAllowed
from tests.simulation.oracle.history import Held
from tests.simulation.words import token
from tests.simulation.world import HAND_OVER, Call, World

_KEPT = ("username", "email_address", "auth_identifier", "school_year_name")
"""Columns that the Importer asks for, and whose values are never changed."""
_NUMBER = re.compile(r"\+\d+")
_EVERY = 86_400.0 - 0.01
"""Seconds from one file to the next: ``alumni_every_days`` is 1. Our clock is finer than the bridge's."""


class Read(tables.Read):
    """Files for the Importer, each against the last export of students that was taken before it, or the students of before."""

    def __init__(self, system: CareerSystem) -> None:
        super().__init__(system)
        self._shown: dict[str, Mapping[str, str]] = {one.id: _at_first(one) for one in system.people.order}

    def took(self, call: Call) -> None:
        """See ``tables.Read``."""
        if call.request.path == "students":
            self._shown |= {row["username"]: row for row in orjson.loads(call.acted[-1].body)}

    def changes(self, call: Call) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """See ``tables.Read``."""
        rows = tables.rows_of(call)
        header = rows[0].keys()
        if not header >= set(REQUIRED) or not header <= {*_KEPT, *FIELDS}:
            raise NotAllowed(f"{call.request.path} has the columns {sorted(header)}")
        if len({row["username"] for row in rows}) < len(rows):
            raise NotAllowed(f"{call.request.path} has two rows for one student")
        for row in rows:
            yield row["username"], self._changed(row)

    def _changed(self, row: Mapping[str, str]) -> Mapping[str, Any]:
        shown = self._shown.get(row["username"])
        if shown is None:
            raise NotAllowed(f"{row['username']} is no student: the row would make an account")
        if not row["email_address"] or any(row[name] not in ("", shown[name]) for name in _KEPT):
            raise NotAllowed(f"{row['username']} would become {[row[name] for name in _KEPT]}")
        # The Importer asks for a first name, too, which need not be what changes.
        known = {"first_name"} if row["first_name"] == shown["first_name"] else set[str]()
        said = {name: cell for name, cell in row.items() if cell and name not in {*_KEPT, *known}}
        if harmful := [name for name, cell in said.items() if tables.acts(cell) and not _NUMBER.fullmatch(cell)]:
            raise NotAllowed(f"{row['username']}: a spreadsheet would carry out {harmful}")
        return {FIELDS[name]: _value(cell) for name, cell in said.items()}


def _at_first(student: Stored) -> Mapping[str, str]:
    """The row of a student before anybody changed anything."""
    row = row_of(student)
    for version in reversed(student.versions):
        row |= {header: version.changes[path][0] or "" for header, path in FIELDS.items() if path in version.changes}
    return row


def _value(cell: str) -> str | None:
    return None if cell == CLEAR else cell


def _files(world: World) -> list[Call]:
    return [call for call in world.calls if call.request.method == HAND_OVER and call.request.path.startswith("handshake-")]


def judge(found: Evidence) -> Iterator[Breach]:
    """A day lies between two files, by a clock that nobody sets."""
    if "host's clock set" not in found.happened:
        for before, after in pairwise(_files(found.world)):
            if after.at - before.at < _EVERY:
                yield Breach("files", f"{after.request.path} came {after.at - before.at:.0f} s after {before.request.path}")


def set_unseen(world: World, account: str, field: Field, before: Held, after: Held) -> bool:
    """Whether a file set what had been entered after the export that the bridge had last taken before that file.

    Nothing keeps that: the Importer sets what it is given (docs/platforms.md says so).
    """
    header = tables.HEADERS.get(field.career, "")
    setting = [
        call
        for call in _files(world)
        for row in tables.rows_of(call)
        if call.at <= after.since
        and row["username"] == account
        and row.get(header)
        and token(field.name, "career", _value(row[header])) == after.token
    ]
    return bool(setting) and tables.last_said(world, setting[-1], account, field) != before.token
