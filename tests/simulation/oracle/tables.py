"""What leaves for a career system that works with files, judged by its bytes: tables of changes, and of requests' states.

Names and columns are those of docs/csv-drop.md. Each cell that says nothing is empty, so that nobody can carry in too much.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from emulator.career.csv_drop.tables import understood
from emulator.career.models import CareerSystem
from tests.simulation.oracle.forbidden import NotAllowed
from tests.simulation.oracle.wire import NEUTRAL
from tests.simulation.world import HAND_OVER, TAKE, Call

_STATUS = ("id", "number", "understood_type", "state", "message", "offered", "asked", "key")
_FORMULA = tuple("=+-@\t\r\n\0")


class Read:
    """The tables of the bridge, read as an importer reads them."""

    def __init__(self, _system: CareerSystem) -> None:
        pass

    def writes(self, call: Call) -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
        """What one table changes: object, operation, id, and fields by their paths.

        Raises:
            NotAllowed: the table is none that may ever leave.
        """
        if call.request.method == TAKE:
            return
        rows = list(csv.DictReader(io.StringIO(call.request.body.decode(), newline=""), strict=True))
        if call.request.method != HAND_OVER or not rows:
            raise NotAllowed(f"{call.request.method} {call.request.path} of {len(rows)} rows")
        for row in rows:
            harmful = [name for name, cell in row.items() if cell.startswith(_FORMULA)]
            if harmful:
                raise NotAllowed(f"{call.request.path}: a spreadsheet would carry out {harmful}")
            yield _change(row) if call.request.path.startswith("updates-") else _status(row)


def _change(row: Mapping[str, str]) -> tuple[str, str, str, Mapping[str, Any]]:
    names = row["changes"].split("; ")
    told = {"id", "changes", "key", *names, *(f"{name} (was)" for name in names)}
    if strange := [name for name, cell in row.items() if cell and name not in told]:
        raise NotAllowed(f"a line that changes {names} says {strange}, too")
    return "person", "update", row["id"], {name: understood(name, _plain(row[name])) for name in names}


def _status(row: Mapping[str, str]) -> tuple[str, str, str, Mapping[str, Any]]:
    if tuple(row) != _STATUS or row["state"] not in NEUTRAL:
        raise NotAllowed(f"a state of a request with {sorted(row)}: {row['state']!r}")
    return "acknowledgement", "update", row["id"], {name: _plain(row[name]) for name in _STATUS[:-1]}


def _plain(cell: str) -> str:
    """A cell without the apostrophe that keeps a spreadsheet from carrying it out."""
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(_FORMULA) else cell
