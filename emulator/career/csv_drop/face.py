"""The face of an office that has no API: every path is unknown; its programs obey orders at the control door."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from emulator.career import errors
from emulator.career.csv_drop.office import carry_in, export_people, export_requests, read_statuses
from emulator.career.csv_drop.tables import Manner
from emulator.career.face import Face
from emulator.career.models import Actor, CareerSystem
from emulator.http import Request


def _nobody(_system: CareerSystem, _request: Request) -> Actor:
    raise errors.not_found("path")


def export(system: CareerSystem, body: Mapping[str, Any]) -> dict[str, Any]:
    """`POST export`: put people and requests into the folder; the body has fields of `Manner`, and `ids` of people."""
    manner = {name: value for name, value in body.items() if name not in {"folder", "ids"}}
    manner["columns"] = tuple(manner.get("columns", ()))
    folder = folder_of(system, body)
    people = export_people(system, folder, Manner(**manner), ids=tuple(body.get("ids", ())))
    return {"people": people.name, "requests": export_requests(system, folder).name}


def carry(system: CareerSystem, body: Mapping[str, Any]) -> dict[str, Any]:
    """`POST import`: carry in what the bridge has put there; the body has parameters of `carry_in`."""
    folder = folder_of(system, body)
    done = carry_in(system, folder, **{name: value for name, value in body.items() if name != "folder"})
    return {"changed": done.changed, "known": done.known, "refused": done.refused, "statuses": read_statuses(system, folder)}


def folder_of(system: CareerSystem, body: Mapping[str, Any]) -> Path:
    """The folder that an order names, or that the office always uses."""
    named = body.get("folder") or system.extra.get("folder")
    if not named:
        _no_folder()
    return Path(str(named))


def _no_folder() -> NoReturn:
    raise errors.invalid("folder", "The office has no folder: name one, or start it with one.")


CSV_DROP = Face(name="csv_drop", base="", paths=(), authenticate=_nobody, orders={"POST export": export, "POST import": carry})
