"""What the office's programs do with the folder: put people and requests there, carry changes and statuses in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulator.career.csv_drop.tables import (
    PEOPLE,
    REQUESTS,
    Manner,
    flat,
    numbered,
    put_table,
    shown,
    table_of,
    understood,
)
from emulator.career.errors import ApiError
from emulator.career.fields import checked_person, get
from emulator.career.models import CareerSystem
from emulator.career.records import Actor, Kind, Stored

IMPORTER = Actor(id="importer", name="Import", kind=Kind.API)
"""Who has changed what was carried in."""


@dataclass(slots=True, kw_only=True)
class CarriedIn:
    """What became of the lines of one import, and why a line was not carried in."""

    changed: int = 0
    known: int = 0
    refused: list[str] = field(default_factory=list)


def export_people(system: CareerSystem, folder: Path, manner: Manner | None = None, *, ids: Sequence[str] = ()) -> Path:
    """Put a table of all people, or of these, into the folder; who was deleted stands in it once, marked."""
    manner = manner or Manner()
    told: set[str] = system.extra.setdefault("told deleted", set())
    chosen = [one for one in system.people.order if not ids or one.id in ids]
    rows = [_person(one) for one in chosen if not one.deleted or one.id not in told]
    told.update(one.id for one in chosen if one.deleted)
    path = folder / (manner.name or "people.csv")
    put_table(path, (*PEOPLE, "deleted"), rows, manner, system.clock.now())
    return path


def _person(stored: Stored) -> dict[str, str]:
    return {**flat(stored.data(), PEOPLE), "deleted": "yes" if stored.deleted else ""}


def export_requests(system: CareerSystem, folder: Path, manner: Manner | None = None) -> Path:
    """Put a table of all requests into the folder."""
    manner = manner or Manner()
    requests = [one.data() for one in system.requests.order if not one.deleted]
    wanted = sorted({f"criteria.{name}" for one in requests for name in one["criteria"] or {}})
    columns = (*REQUESTS, *wanted)
    blank: dict[str, Any] = {"requested_by": {}, "person_hint": {}, "criteria": {}}
    rows = [{column: _cell(one, column) for column in columns} for one in ({**one, **_filled(one, blank)} for one in requests)]
    path = folder / (manner.name or "requests.csv")
    put_table(path, columns, rows, manner, system.clock.now())
    return path


def _filled(request: Mapping[str, Any], blank: Mapping[str, Any]) -> dict[str, Any]:
    return {name: request[name] or empty for name, empty in blank.items()}


def _cell(request: Mapping[str, Any], column: str) -> str:
    group, dot, name = column.partition(".")
    return shown(column, request[group].get(name) if dot else request[column])


def carry_in(
    system: CareerSystem, folder: Path, *, strips: bool = True, compares: bool = True, again: bool = False, newest: bool = False
) -> CarriedIn:
    """Carry the bridge's changes in, file after file by their numbers.

    ``strips``: the apostrophe before what looks like a formula is taken away; ``compares``: a line whose value is no longer what
    it was is left out; ``again``: lines that were carried in before are so once more; ``newest``: the last file alone.
    """
    done = CarriedIn()
    seen: set[str] = system.extra.setdefault("carried in", set())
    files = numbered(folder, "updates")
    for path in files[-1:] if newest else files:
        for row in table_of(path, strips=strips):
            if row["key"] in seen and not again:
                done.known += 1
                continue
            why = _change(system, row, compares=compares)
            if why:
                done.refused.append(f"{path.name} {row['id']}: {why}")
            else:
                seen.add(row["key"])
                done.changed += 1
    return done


def _change(system: CareerSystem, row: Mapping[str, str], *, compares: bool) -> str:
    """Change one account; why not, if not."""
    names = [name for name in row["changes"].split("; ") if name]
    try:
        stored = system.people.live(row["id"])
        data = stored.data()
        moved = [name for name in names if compares and shown(name, get(data, name)) not in (row[f"{name} (was)"], row[name])]
        if moved:
            return f"{', '.join(moved)} is no longer what it was"
        fields = {name: understood(name, row[name]) for name in names}
        system.change_person(stored.id, checked_person(fields, staff=False), IMPORTER)
    except ApiError as refused:
        return refused.message
    except (KeyError, ValueError) as reason:
        return f"{type(reason).__name__}: {reason}"
    return ""


def read_statuses(system: CareerSystem, folder: Path) -> int:
    """Show counsellors where their requests stand; how many lines were read."""
    count = 0
    for path in numbered(folder, "request-status"):
        for row in table_of(path, strips=True):
            told: dict[str, Any] = {name: row[name] for name in ("number", "understood_type", "state", "message")}
            told |= {name: int(row[name]) if row[name] else None for name in ("offered", "asked")}
            count += 1
            if row["id"] in system.requests.by_id:
                system.acknowledge(row["id"], told, IMPORTER)
    return count
