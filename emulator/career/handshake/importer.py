"""Handshake's Importer: analyses a file of students, processes it by itself or waits for a person, row by row.

Rules [A], pages of support.joinhandshake.com: 360051871814 (auto-run), 231450588 (automation), 223411787 (identifiers),
360008607874 (cells), 226346508 (files), 227482608 (dates).
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from emulator.career.errors import ApiError
from emulator.career.handshake.shapes import (
    CLEAR,
    DATES,
    FIELDS,
    HEADERS,
    REQUIRED,
    SCHOOL_YEARS,
    TRUTHS,
    UNIQUE,
    row_of,
)
from emulator.career.models import CareerSystem
from emulator.career.records import Actor, Kind, Stored

IMPORTER = Actor(id="importer", name="Importer", kind=Kind.API)
_LARGEST = 50 * 1024 * 1024
_DAY, _MONTH, _LATELY = timedelta(hours=24), timedelta(days=28), timedelta(days=190)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """What the vendor's pages do not agree on, or do not say."""

    fails_rows: bool = False
    warns: bool = True
    warns_blank: bool = False
    strict_month: bool = True


@dataclass(slots=True, kw_only=True)
class Job:
    """One file. ``held`` says why it was not processed; ``failed`` rows by username; ``skipped``: unchanged rows."""

    name: str
    held: list[str] = field(default_factory=list)
    changed: int = 0
    skipped: int = 0
    created: int = 0
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    cells: Mapping[str, str]
    changes: Mapping[str, str]
    stored: Stored | None


def run(system: CareerSystem, name: str, data: bytes, manner: Manner, *, by_hand: bool = False) -> Job:
    """Analyse a file and process it. ``by_hand``: a person has pressed *request run* and looked at the warnings."""
    job = Job(name=name)
    if re.search("test|sample", name, re.IGNORECASE):
        job.held.append("the name contains test or sample")
        return job
    rows = _analysed(system, data, job, manner)
    if rows is None:
        return job
    alumni = bool(rows) and all(_school_year(row) == "Alumni" for row in rows)
    job.held += [] if by_hand else _guard(system, rows, manner, alumni=alumni)
    if job.held:
        return job
    system.extra["students at"] = system.clock.now()
    if alumni:
        system.extra["alumni at"] = system.clock.now()
    emails = _too_many_emails(rows) and manner.fails_rows
    doubled = _doubled(rows)
    for row in rows:
        _process(system, row, job, doubled=doubled, emails=emails)
    return job


def _analysed(system: CareerSystem, data: bytes, job: Job, manner: Manner) -> list[_Row] | None:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        job.held.append("not UTF-8")
        return None
    if len(data) >= _LARGEST:
        job.held.append("50 MB or more")
        return None
    reader = csv.DictReader(io.StringIO(text, newline=""))
    headers = reader.fieldnames or []
    missing = [header for header in REQUIRED if header not in headers]
    unknown = [header for header in headers if header not in HEADERS]
    if missing:
        job.held.append(f"missing headers: {', '.join(missing)}")
        return None
    if unknown and manner.warns:
        job.held.append(f"unknown headers: {', '.join(unknown)}")
    return [_row(system, {name: cell for name, cell in cells.items() if name in HEADERS}) for cells in reader]


def _row(system: CareerSystem, cells: Mapping[str, str]) -> _Row:
    stored = system.people.by_id.get(cells["username"]) or next(
        (one for one in system.people.order if cells["email_address"] and row_of(one)["email_address"] == cells["email_address"]),
        None,
    )
    held = row_of(stored) if stored is not None else dict.fromkeys(HEADERS, "")
    wanted = {header: "" if cell == CLEAR else cell for header, cell in cells.items() if cell}
    return _Row(cells=cells, changes={h: v for h, v in wanted.items() if held[h] != v}, stored=stored)


def _guard(system: CareerSystem, rows: list[_Row], manner: Manner, *, alumni: bool) -> list[str]:
    """Why a file does not run by itself."""
    now, changed = system.clock.now(), [row for row in rows if row.changes]
    held = []
    if manner.warns_blank and any(not row.cells[header] for row in rows for header in REQUIRED):
        held.append("blank cells under required headers")
    if _doubled(rows):
        held.append(f"duplicates: {', '.join(sorted(name for name, _ in _doubled(rows)))}")
    errors = {why for row in rows if (why := _error(row))}
    if errors:
        held.append(f"errors: {'; '.join(sorted(errors))}")
    if _too_many_emails(rows) and not manner.fails_rows:
        held.append("10% or more of the email addresses change")
    if changed and 2 * sum(row.changes.get("disabled") == "TRUE" for row in changed) >= len(changed):
        held.append("50% or more of the changed rows are disabled")
    if now - system.extra.get("students at", datetime.min.replace(tzinfo=now.tzinfo)) < _DAY:
        held.append("a second file within 24 hours")
    if alumni and manner.strict_month:
        if now - system.extra.get("alumni at", datetime.min.replace(tzinfo=now.tzinfo)) < _MONTH:
            held.append("alumni more than once a month")
        if any(not _lately(row, now.date()) for row in rows):
            held.append("alumni who graduated more than six months ago")
    return held


def _lately(row: _Row, today: date) -> bool:
    told = row.cells.get("primary_education:end_date") or (row_of(row.stored)["primary_education:end_date"] if row.stored else "")
    return re.fullmatch(r"\d{4}-\d\d-\d\d", told) is not None and today - date.fromisoformat(told) <= _LATELY


def _school_year(row: _Row) -> str:
    return row.cells["school_year_name"] or (row_of(row.stored)["school_year_name"] if row.stored is not None else "")


def _too_many_emails(rows: list[_Row]) -> bool:
    changed = sum(row.stored is not None and "email_address" in row.changes for row in rows)
    return bool(changed) and changed * 10 >= len(rows)


def _doubled(rows: list[_Row]) -> set[tuple[str, str]]:
    counts = Counter((name, row.cells[name]) for row in rows for name in UNIQUE if row.cells.get(name))
    return {one for one, count in counts.items() if count > 1}


def _error(row: _Row) -> str:
    cells = row.cells
    if cells["school_year_name"] and cells["school_year_name"] not in SCHOOL_YEARS:
        return "school_year_name is no preset value"
    if any(cells.get(name, "") not in ("", "TRUE", "FALSE") for name in TRUTHS):
        return "a true or false field with something else"
    for name in DATES:
        if cells.get(name) and cells[name] != CLEAR and not re.fullmatch(r"\d{4}-\d\d-\d\d", cells[name]):
            return f"{name} is no date"
    return ""


def _process(system: CareerSystem, row: _Row, job: Job, *, doubled: set[tuple[str, str]], emails: bool) -> None:
    username = row.cells["username"]
    if not row.changes:
        job.skipped += 1
        return
    why = _error(row) or _row_fault(system, row, doubled=doubled, emails=emails)
    if why:
        job.failed[username] = why
        return
    stored = row.stored
    if stored is None:
        stored = system.create_person({"id": username}, IMPORTER)
        job.created += 1
    own = {header: value for header, value in row.changes.items() if header not in FIELDS and header != "username"}
    stored.extra["handshake"] = {**stored.extra.get("handshake", {}), **own}
    fields: dict[str, Any] = {FIELDS[header]: value or None for header, value in row.changes.items() if header in FIELDS}
    try:
        system.change_person(stored.id, fields, IMPORTER, silent=True)
    except ApiError as refused:
        job.failed[username] = refused.message
        return
    job.changed += 1


def _row_fault(system: CareerSystem, row: _Row, *, doubled: set[tuple[str, str]], emails: bool) -> str:
    if any((name, row.cells.get(name, "")) in doubled for name in UNIQUE):
        return "duplicate in the file"
    if row.stored is None:
        return "" if row.cells["first_name"] else "first_name is needed for a new account"
    if emails and "email_address" in row.changes:
        return "10% or more of the email addresses change"
    held = row_of(row.stored)
    start, end = (row.changes.get(name, held[name]) for name in DATES)
    if start and end and end < start:
        return "end_date must be a date on or after start_date"
    return _identifier_fault(system, row, row.stored, held)


def _identifier_fault(system: CareerSystem, row: _Row, stored: Stored, held: Mapping[str, str]) -> str:
    if held["auth_identifier"] and "auth_identifier" in row.changes:
        return f"Attempted to update auth_identifier from {held['auth_identifier']}"
    if row.cells["username"] != stored.id:
        return f"Attempted to update username from {stored.id}"
    others = [row_of(one) for one in system.people.order if one.id != stored.id]
    wanted = {name: row.changes[name] for name in ("email_address", "auth_identifier", "card_id") if row.changes.get(name)}
    return next((f"{name} has already been taken" for name, value in wanted.items() for one in others if one[name] == value), "")
