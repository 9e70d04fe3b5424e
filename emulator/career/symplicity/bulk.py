"""What Symplicity CSM does in its own time: batches of changes, and runs of saved reports."""

import csv
import io
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from emulator.career import errors
from emulator.career.customs import rewrite
from emulator.career.errors import ApiError
from emulator.career.models import CareerSystem
from emulator.career.records import Actor
from emulator.career.symplicity.shapes import CALLED, taken

REPORTS: Mapping[str, str] = {"41": "Alumni changed lately", "42": "Nobody by their ids"}
"""The site's saved reports."""


@dataclass(slots=True, kw_only=True)
class Batch:
    """One batch; ``responses`` come in the order of its items."""

    id: str
    by: Actor
    items: list[Mapping[str, Any]]
    due: datetime
    status: str = "pending"
    responses: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Run:
    """One run of a report; ``label`` is its state."""

    id: str
    report: str
    due: datetime
    label: str = "running"
    rows: list[tuple[str, ...]] = field(default_factory=list)


def batches(system: CareerSystem) -> dict[str, Batch]:
    """All batches by their ids."""
    found: dict[str, Batch] = system.extra.setdefault("batches", {})
    return found


def runs(system: CareerSystem, report: str) -> list[Run]:
    """The runs of a report, the newest first."""
    found: list[Run] = system.extra.setdefault("runs", [])
    return [run for run in reversed(found) if run.report == report]


def begin_batch(system: CareerSystem, items: list[Mapping[str, Any]], by: Actor) -> Batch:
    """Take a batch.

    Raises:
        ApiError: another one is at work.
    """
    if any(batch.status == "pending" for batch in batches(system).values()):
        raise ApiError(system.switches.symplicity_bulk_status, "busy", "Another bulk update is in progress.")
    due = system.clock.now() + timedelta(seconds=system.switches.symplicity_batch_seconds)
    batch = Batch(id=secrets.token_hex(16), by=by, items=items, due=due)
    batches(system)[batch.id] = batch
    return batch


def begin_run(system: CareerSystem, report: str) -> Run:
    """Start a report."""
    due = system.clock.now() + timedelta(seconds=system.switches.symplicity_report_seconds)
    run = Run(id=secrets.token_hex(16), report=report, due=due)
    system.extra.setdefault("runs", []).append(run)
    return run


def catch_up(system: CareerSystem) -> None:
    """Do what is due by now."""
    now = system.clock.now()
    for batch in batches(system).values():
        if batch.status == "pending" and now >= batch.due:
            batch.status = system.switches.symplicity_batch_ends
            if batch.status == "completed":
                batch.responses = [_change(system, item, batch.by) for item in batch.items]
            elif batch.status == "cancelled":
                batch.responses = [{"id": item.get("id")} for item in batch.items]
    for run in system.extra.get("runs", []):
        if run.label == "running" and now >= run.due:
            run.label = system.switches.symplicity_report_ends
            run.rows = _rows(system, run)


def _change(system: CareerSystem, item: Mapping[str, Any], by: Actor) -> dict[str, Any]:
    try:
        stored = system.people.live(str(item.get("id")))
        fields = taken(system, item, whole=system.switches.symplicity_batch_replaces)
        rewrite(system, stored, fields, by, called=CALLED)
    except ApiError as refused:
        return {"id": item.get("id"), "errors": {refused.field or "id": [refused.message]}}
    return {"id": item.get("id")}


def _rows(system: CareerSystem, run: Run) -> list[tuple[str, ...]]:
    since = run.due - timedelta(days=system.switches.symplicity_report_days)
    found = [one for one in system.people.order if not one.deleted and one.modified >= since]
    named: list[tuple[str, ...]] = [(one.data()["institution_id"] or "", one.data()["last_name"] or "", one.id) for one in found]
    return named if run.report == "41" else [row[:2] for row in named]


def csv_of(run: Run) -> bytes:
    """The rows of a run as a file."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("Student ID", "Last Name", "Record ID") if run.report == "41" else ("Student ID", "Last Name"))
    writer.writerows(run.rows)
    return text.getvalue().encode("utf-8-sig")


def newest(system: CareerSystem, report: str) -> Run:
    """The newest run with rows.

    Raises:
        ApiError: there is none.
    """
    found = next((run for run in runs(system, report) if run.label == "complete"), None)
    if found is None:
        raise errors.not_found("run")
    return found
