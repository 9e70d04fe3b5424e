"""What leaves for a career system that works with files, judged by its bytes: changes, requests' states, and answers.

Names and columns are those of docs/csv-drop.md. Each cell that says nothing is empty, so that nobody can carry in too much.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from emulator.career.csv_drop.tables import FORMULA, stripped, understood
from emulator.career.handshake.shapes import FIELDS
from emulator.career.models import CareerSystem
from tests.simulation.mapping import Field
from tests.simulation.oracle.evidence import Breach, Evidence
from tests.simulation.oracle.forbidden import NotAllowed
from tests.simulation.oracle.history import account_history
from tests.simulation.oracle.wire import NEUTRAL, Write
from tests.simulation.words import CANARY, token
from tests.simulation.world import HAND_OVER, HANDED_OVER, TAKE, Call, World

_STATUS = ("id", "number", "understood_type", "state", "message", "offered", "asked", "key")
_RESULTS = (("line", "id", "result", "why"), ("line", "username", "result", "why"))


class Read:
    """The tables of the bridge, read as an importer reads them."""

    def __init__(self, _system: CareerSystem) -> None:
        pass

    def took(self, call: Call) -> None:
        """The bridge has taken a table."""

    def changes(self, call: Call) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """What a table of changes changes: ids, and fields by their paths.

        Raises:
            NotAllowed: the table is none that may ever leave.
        """
        if not call.request.path.startswith("updates-"):
            raise NotAllowed(f"{call.request.method} {call.request.path}")
        yield from map(_change, _harmless(call))

    def writes(self, call: Call) -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
        """What one table changes: object, operation, id, and fields by their paths.

        Raises:
            NotAllowed: the table is none that may ever leave.
        """
        match call.request.method:
            case "TAKE":
                self.took(call)
            case "TELL":
                _judge_result(call)
            case "HAND OVER" if call.request.path.startswith("request-status-") and rows_of(call):
                yield from map(_status, _harmless(call))
            case "HAND OVER" if rows_of(call):
                for id, fields in self.changes(call):
                    yield "person", "update", id, fields
            case _:
                raise NotAllowed(f"{call.request.method} {call.request.path}")


def rows_of(call: Call) -> list[dict[str, str]]:
    """The lines of a table of the bridge."""
    return list(csv.DictReader(io.StringIO(call.request.body.decode(), newline=""), strict=True))


def acts(cell: str) -> bool:
    """Whether a spreadsheet would carry a cell out."""
    return bool(cell) and cell[0] in FORMULA


def _harmless(call: Call) -> list[dict[str, str]]:
    rows = rows_of(call)
    harmful = [name for row in rows for name, cell in row.items() if acts(cell)]
    if harmful:
        raise NotAllowed(f"{call.request.path}: a spreadsheet would carry out {harmful}")
    return rows


def _judge_result(call: Call) -> None:
    """An answer beside a table says which line, which id, and why; nothing of what stood there."""
    rows = _harmless(call)
    if any(tuple(row) not in _RESULTS for row in rows) or CANARY.search(call.request.body.decode()):
        raise NotAllowed(f"{call.request.path} says {rows[:3]}")


def _change(row: Mapping[str, str]) -> tuple[str, Mapping[str, Any]]:
    names = row["changes"].split("; ")
    told = {"id", "changes", "key", *names, *(f"{name} (was)" for name in names)}
    if strange := [name for name, cell in row.items() if cell and name not in told]:
        raise NotAllowed(f"a line that changes {names} says {strange}, too")
    return row["id"], {name: understood(name, stripped(row[name])) for name in names}


def _status(row: Mapping[str, str]) -> tuple[str, str, str, Mapping[str, Any]]:
    if tuple(row) != _STATUS or row["state"] not in NEUTRAL:
        raise NotAllowed(f"a state of a request with {sorted(row)}: {row['state']!r}")
    return "acknowledgement", "update", row["id"], {name: stripped(row[name]) for name in _STATUS[:-1]}


# --- all tables together -------------------------------------------------------------------------------------------------


def judge(found: Evidence) -> Iterator[Breach]:
    """Numbers only go up; a line leaves once; what it says was there before has been there."""
    handed = [call for call in found.world.calls if call.request.method == HAND_OVER]
    yield from _judge_numbers(handed)
    lines = [(call, row) for call in handed for row in rows_of(call)]
    if found.remembers:
        yield from _judge_keys([row for _, row in lines if "key" in row])
    for call, row in lines:
        if call.request.path.startswith("updates-"):
            yield from _judge_before(found, row)


def _judge_numbers(handed: Sequence[Call]) -> Iterator[Breach]:
    last: dict[str, int] = {}
    for call in handed:
        stem, _, number = call.request.path.removesuffix(".csv").rpartition("-")
        if int(number) <= last.get(stem, 0):
            yield Breach("files", f"{call.request.path} came after number {last[stem]}")
        last[stem] = max(int(number), last.get(stem, 0))


def _judge_keys(rows: Sequence[Mapping[str, str]]) -> Iterator[Breach]:
    for key, count in Counter(row["key"] for row in rows).items():
        if count > 1:
            yield Breach("files", f"the line {key} was handed over {count} times")


def _judge_before(found: Evidence, row: Mapping[str, str]) -> Iterator[Breach]:
    """The value of before is the account's own: of nobody else, and of no time that never was."""
    fields = {field.career: field for field in found.rules.fields().values()}
    for name in row["changes"].split("; "):
        was = token(fields[name].name, "career", understood(name, stripped(row[f"{name} (was)"])))
        held = {each.token for each in account_history(found.world, row["id"], fields[name])}
        if was not in held:
            yield Breach("files", f"{row['id']} {name}: {was!r} is said to have been there; it held {sorted(held)}")


def shown(world: World, write: Write, until: float) -> bool:
    """Whether a table that was taken by a moment has shown what had been handed over."""
    return write.call.fate == HANDED_OVER and any(
        all(_cell(row, name) == value for name, value in write.fields.items())
        for call in world.calls
        if write.call.at < call.at <= until
        for row in _told(call, write.id)
    )


def last_said(world: World, before: Call, id: str, field: Field) -> str:
    """What a field of an account meant in the last table that was taken before a call; "" if there was none."""
    rows = [row for call in world.calls if call.number < before.number for row in _told(call, id)]
    return token(field.name, "career", _cell(rows[-1], field.career)) if rows else ""


def _told(call: Call, id: str) -> list[Mapping[str, str]]:
    """What a table of people that was taken says of an account."""
    if call.request.method != TAKE or call.request.path not in {"people", "students"}:
        return []
    return [row for row in orjson.loads(call.acted[-1].body) if row.get("username", row["id"]) == id]


def _cell(row: Mapping[str, str], path: str) -> Any:
    """A field of an account, as the tenant has it."""
    return row[HEADERS[path]] or None if "username" in row else understood(path, row[path])


HEADERS = {path: header for header, path in FIELDS.items()}
"""Handshake's headers, by the tenant's own paths."""
