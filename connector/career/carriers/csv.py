"""Requests as files in a folder, for any system: careers put them there, and read from ours where each stands.

``requests*.csv`` are taken once and whole (``connector.career.drop``); what is said about them is handed over in
``request-status-000001.csv`` and so on. Columns are named as the contract's fields (docs/csv-drop.md).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from connector.career.careful import version_of
from connector.career.drop import cells
from connector.career.drop.inbox import Inbox
from connector.career.drop.opening import folder_of, legacy_of
from connector.career.drop.outbox import Line, Outbox, key_of
from connector.career.drop.sheet import Columns
from connector.career.drop.table import Kind
from connector.career.setup import Setup
from connector.career.writes import Chunk
from connector.core.rulebook import placed
from connector.ports import Acknowledgement, Outcome, Page, Record, Status

_TEXTS = (
    *("id", "type", "direction", "title", "text", "details", "need_by", "person_id", "state", "created_at"),
    *("requested_by.name", "requested_by.email", "requested_by.unit", "person_hint.name", "person_hint.email"),
)
COLUMNS: Mapping[str, cells.Cell] = {
    **dict.fromkeys(_TEXTS, "text"),
    **dict.fromkeys(("named", "urgent"), "truth"),
    **dict.fromkeys(("count", "effort_minutes", "person_hint.class_year"), "whole"),
}
"""The columns of a table of requests, and what stands in their cells."""
CRITERIA = "criteria."
_REQUIRED = frozenset({"id", "type", "title", "created_at"})
_STATUS = ("id", "number", "understood_type", "state", "message", "offered", "asked")
_DAY = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?))?")


class CsvRequests:
    """The requests in one folder."""

    acknowledge_size = 10_000
    elsewhere = True

    def __init__(self, setup: Setup) -> None:
        folder = folder_of(setup)
        columns = Columns(known=frozenset(COLUMNS), required=_REQUIRED, open=(CRITERIA,))
        kind = Kind(record="request", stem="requests", columns=columns, id="id", shape=_shape, version=version_of)
        self._inbox = Inbox(folder, kind, setup.clock, legacy=legacy_of(setup))
        self._outbox = Outbox(folder, "request-status", setup.clock)

    @property
    def calls(self) -> int:
        """A folder is not called."""
        return 0

    def read(self, cursor: str) -> Page:
        """See ``RequestCarrier.read``."""
        return self._inbox.read(cursor)

    def fetch_requests(self, _ids: Sequence[str]) -> Sequence[Record]:
        """A folder cannot be asked."""
        return []

    def acknowledge(self, rows: Sequence[Acknowledgement]) -> Chunk:
        """See ``RequestCarrier.acknowledge``: one file with a line for each request."""
        self._outbox.hand_over(_STATUS, [_line(row) for row in rows])
        return Chunk(outcomes=[Outcome(status=Status.APPLIED, id=row.request_id) for row in rows])


def _shape(row: Mapping[str, str]) -> dict[str, Any]:
    """A request as the contract has it; what no column tells is not known."""
    blank = dict.fromkeys(name for name in COLUMNS if "." not in name)
    groups: dict[str, Any] = {"requested_by": {}, "person_hint": None, "criteria": None}
    told = cells.nested({name: cell for name, cell in row.items() if "." not in name or cell.strip()}, COLUMNS)
    fields = {**blank, **groups, **told}
    moment = _DAY.fullmatch((row.get("created_at") or "").strip())
    if moment:
        fields["created_at"] = f"{moment[1]}T{moment[2] or '00:00'}Z"
    return placed(fields, {"state": (fields["state"] or "open").strip().casefold(), "urgent": fields["urgent"] or False})


def _line(row: Acknowledgement) -> Line:
    told = {
        "id": row.request_id,
        "number": row.number,
        "understood_type": row.understood_type,
        "state": row.state,
        "message": row.message,
        "offered": cells.write(row.offered) or "",
        "asked": cells.write(row.asked) or "",
    }
    return Line(key=key_of(row.key, told), cells=told)
