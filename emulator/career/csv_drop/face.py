"""The face of an office that has no API: every path is unknown; its programs obey orders at the control door."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from emulator.career import errors
from emulator.career.csv_drop.office import carry_in, export_people, export_requests, read_statuses
from emulator.career.csv_drop.tables import Manner
from emulator.career.face import Face
from emulator.career.models import CareerSystem
from emulator.career.records import Actor
from emulator.http import Request


def _nobody(_system: CareerSystem, _request: Request) -> Actor:
    raise errors.not_found("path")


def export(system: CareerSystem, body: Mapping[str, Any]) -> dict[str, Any]:
    """`POST export`: put people and requests into the folder; the body has fields of `Manner`, and `ids` of people."""
    people, requests = manners({name: value for name, value in body.items() if name not in {"folder", "ids"}})
    folder = folder_of(system, body)
    table = export_people(system, folder, people, ids=tuple(body.get("ids", ())))
    return {"people": table.name, "requests": export_requests(system, folder, requests).name}


def carry(system: CareerSystem, body: Mapping[str, Any]) -> dict[str, Any]:
    """`POST import`: carry in what the bridge has put there; the body has parameters of `carry_in`."""
    folder = folder_of(system, body)
    done = carry_in(system, folder, **{name: value for name, value in body.items() if name != "folder"})
    return {"changed": done.changed, "known": done.known, "refused": done.refused, "statuses": read_statuses(system, folder)}


def manners(told: Mapping[str, Any]) -> tuple[Manner, Manner]:
    """How people and requests are exported; a name, columns and a death while writing concern the people alone."""
    people = Manner(**{**told, "columns": tuple(told.get("columns", ()))})
    return people, replace(people, name="", columns=(), half=False)


def folder_of(system: CareerSystem, body: Mapping[str, Any]) -> Path:
    """The folder that an order names, or that the office always uses."""
    named = body.get("folder") or system.extra.get("folder")
    if not named:
        _no_folder()
    return Path(str(named))


def _no_folder() -> NoReturn:
    raise errors.invalid("folder", "The office has no folder: name one, or start it with one.")


CSV_DROP = Face(name="csv_drop", base="", paths=(), authenticate=_nobody, orders={"POST export": export, "POST import": carry})
