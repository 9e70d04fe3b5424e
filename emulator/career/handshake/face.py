"""Handshake's EDU API, and its people and programs at the control door: export, upload, request run, appointments.

The API's paths, parameters and answers are nowhere public: both addresses that third parties name are served, and `edu_api` at
the control door says whether it knows `page` and `per_page`, and whether a list stands under `data`.
"""

from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from emulator.career import errors
from emulator.career.csv_drop.face import folder_of, manners
from emulator.career.csv_drop.office import export_requests, read_statuses
from emulator.career.csv_drop.tables import Manner as Table
from emulator.career.csv_drop.tables import numbered, put_table
from emulator.career.face import Endpoint, Face, Values
from emulator.career.handshake.importer import Job, Manner, run
from emulator.career.handshake.shapes import HEADERS, OWN, row_of
from emulator.career.models import CareerSystem
from emulator.career.records import Actor
from emulator.http import Request, Response, json_response

LISTS = ("applications", "appointments", "career_fairs", "jobs", "postings", "qualifications", "meetings")
_PER_PAGE = 500


def listing(system: CareerSystem, _actor: Actor, request: Request, values: Values) -> Response:
    """GET of one list."""
    if values["list"] not in LISTS:
        raise errors.not_found("path")
    how: dict[str, bool] = system.extra.get("edu api", {})
    items: list[dict[str, Any]] = system.extra.get(values["list"], [])
    if how.get("pages", True):
        size = min(int(request.parameter("per_page") or _PER_PAGE), _PER_PAGE)
        start = (int(request.parameter("page") or 1) - 1) * size
        items = items[start : start + size]
    return json_response({"data": items} if how.get("data", True) else items)


def _authenticate(system: CareerSystem, request: Request) -> Actor:
    actor = system.keys.get(request.header("x-api-key"))
    if actor is None:
        raise errors.unauthorized()
    return actor


def export_students(system: CareerSystem, folder: Path, manner: Table | None = None, *, numbers: bool = True) -> Path:
    """Staff export their students. ``numbers``: with Handshake's own number of each."""
    manner = manner or Table()
    columns = (*(["id"] if numbers else []), *HEADERS)
    live = [(number, one) for number, one in enumerate(system.people.order, 1) if not one.deleted]
    rows = [{"id": str(9_000_000 + number), **row_of(one)} for number, one in live]
    path = folder / (manner.name or "students.csv")
    put_table(path, columns, rows, manner, system.clock.now())
    return path


def upload(system: CareerSystem, folder: Path, manner: Manner | None = None, *, again: bool = False) -> list[Job]:
    """The university's upload sends what it has not sent yet; ``again``: everything that lies there."""
    sent: list[str] = system.extra.setdefault("uploaded", [])
    waiting = [path for path in numbered(folder, "handshake-alumni") if again or path.name not in sent]
    sent += [path.name for path in waiting]
    jobs = [run(system, path.name, path.read_bytes(), manner or Manner()) for path in waiting]
    system.extra.setdefault("jobs", []).extend(jobs)
    return jobs


def _export(system: CareerSystem, body: Mapping[str, Any]) -> dict[str, str]:
    """`POST export`: students and requests into the folder."""
    folder = folder_of(system, body)
    people, requests = manners({name: value for name, value in body.items() if name not in {"folder", "numbers"}})
    students = export_students(system, folder, people, numbers=body.get("numbers", True))
    return {"people": students.name, "requests": export_requests(system, folder, requests).name}


def _import(system: CareerSystem, body: Mapping[str, Any]) -> dict[str, Any]:
    """`POST import`: upload what lies there, and show counsellors where their requests stand."""
    folder = folder_of(system, body)
    manner = Manner(**{name: value for name, value in body.items() if name in {one.name for one in fields(Manner)}})
    jobs = upload(system, folder, manner, again=body.get("again", False))
    return {"jobs": [asdict(job) for job in jobs], "statuses": read_statuses(system, folder)}


def _request_run(system: CareerSystem, body: Mapping[str, Any]) -> dict[str, Any]:
    """`POST run`: a person requests the run of a file that was held."""
    path = folder_of(system, body) / str(body["name"])
    return asdict(run(system, path.name, path.read_bytes(), Manner(), by_hand=True))


def _profile(system: CareerSystem, body: Mapping[str, Any]) -> dict[str, Any]:
    """`POST student`: what Handshake alone has of an account."""
    stored = system.people.live(body["id"])
    stored.extra["handshake"] = {**stored.extra.get("handshake", {}), **{h: v for h, v in body.items() if h in OWN}}
    return row_of(stored)


def _appointments(system: CareerSystem, body: Any) -> dict[str, int]:  # noqa: ANN401 - JSON
    """`POST appointments`: what students and counsellors did together."""
    system.extra.setdefault("appointments", []).extend(body)
    return {"appointments": len(system.extra["appointments"])}


def _edu_api(system: CareerSystem, body: Mapping[str, bool]) -> dict[str, bool]:
    """`POST edu_api`: how the API answers."""
    system.extra["edu api"] = dict(body)
    return dict(body)


_PATHS: tuple[tuple[str, str, Endpoint], ...] = (("GET", "/v1/{list}", listing), ("GET", "/edu/v1/{edu}/{list}", listing))

HANDSHAKE = Face(
    name="handshake",
    base="",
    paths=_PATHS,
    authenticate=_authenticate,
    orders={
        "POST export": _export,
        "POST import": _import,
        "POST run": _request_run,
        "POST student": _profile,
        "POST appointments": _appointments,
        "POST edu_api": _edu_api,
    },
)
