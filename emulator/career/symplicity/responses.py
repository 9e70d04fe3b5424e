"""One function for each endpoint of Symplicity CSM's public API that the bridge, or a person at work, needs."""

import secrets
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from emulator.career import errors
from emulator.career.customs import rewrite
from emulator.career.errors import ApiError
from emulator.career.face import Values
from emulator.career.fields import checked_person
from emulator.career.models import CareerSystem
from emulator.career.records import Actor, Stored
from emulator.career.symplicity import bulk
from emulator.career.symplicity.shapes import CALLED, picklist, taken, told
from emulator.http import Request, Response, json_response, printed

_USUAL = 25
_BATCH = 500


def students(system: CareerSystem, _actor: Actor, request: Request, _values: Values) -> Response:
    """GET /students: everybody, whoever has which kind of account."""
    found = [one for one in system.people.order if not one.deleted]
    if request.parameter("sort") == "schoolStudentId":
        found.sort(key=lambda one: one.data()["institution_id"] or "")
    elif system.switches.newest_first:
        found.sort(key=lambda one: one.modified, reverse=True)
    if words := request.parameter("keywords").casefold():
        found = [one for one in found if words in str(told(system, one, customs=False)).casefold()]
    customs = request.parameter("customFields") == "1"
    return _page(system, request, found, lambda piece: [printed(told(system, one, customs=customs)) for one in piece])


def student(system: CareerSystem, _actor: Actor, request: Request, values: Values) -> Response:
    """GET /students/{id}."""
    return _one(system, system.people.live(values["id"]), request)


def change_student(system: CareerSystem, actor: Actor, request: Request, values: Values) -> Response:
    """PUT /students/{id}: what it names, in one piece."""
    stored = system.people.live(values["id"])
    try:
        fields = taken(system, _object(request), whole=system.switches.symplicity_put_replaces)
        return _one(system, rewrite(system, stored, fields, actor, called=CALLED), request)
    except ApiError as refused:
        if refused.field and system.switches.symplicity_error_status == 200:
            return json_response({"errors": {refused.field: [refused.message]}})
        raise


def change_students(system: CareerSystem, actor: Actor, request: Request, _values: Values) -> Response:
    """PUT /students: creates one; with `batch=1` takes a list of changes, to be done by and by."""
    if request.parameter("batch") != "1":
        return add_student(system, actor, request, _values)
    items = _body(request)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items) or len(items) > _BATCH:
        raise ApiError(400, "malformed", f"A list of at most {_BATCH} students is needed.")
    batch = bulk.begin_batch(system, items, actor)
    return json_response({"id": batch.id, "status": batch.status})


def add_student(system: CareerSystem, actor: Actor, request: Request, _values: Values) -> Response:
    """POST and PUT /students: a new account."""
    fields = {path: value for path, value in taken(system, _object(request), whole=False).items() if value is not None}
    number = secrets.token_hex(16)
    stored = system.create_person({"id": number, **checked_person(fields, staff=True)}, actor)
    return _one(system, stored, request)


def batch(system: CareerSystem, _actor: Actor, _request: Request, values: Values) -> Response:
    """GET /batch/{id}: how far it is, and in the end what became of each."""
    found = bulk.batches(system).get(values["id"])
    if found is None:
        raise errors.not_found("batch")
    return json_response({"id": found.id, "status": found.status, "responses": found.responses})


def picklists(system: CareerSystem, _actor: Actor, _request: Request, values: Values) -> Response:
    """GET /picklists/students/{field}: its choices, each with an id."""
    found = picklist(system, values["field"])
    if found is None:
        raise errors.not_found("picklist")
    items = [{"id": str(number), "value": word} for word, number in found.items()]
    return json_response(items if system.switches.symplicity_bare_picklists else {"models": items, "total": len(items)})


def reports(system: CareerSystem, _actor: Actor, request: Request, _values: Values) -> Response:
    """GET /reports: the saved ones."""
    found = [{"id": id, "label": label} for id, label in bulk.REPORTS.items()]
    return _page(system, request, found, list)


def run_report(system: CareerSystem, _actor: Actor, _request: Request, values: Values) -> Response:
    """PUT /reports/{id}/run."""
    run = bulk.begin_run(system, _report(values))
    return json_response({"id": run.id, "label": run.label})


def report_runs(system: CareerSystem, _actor: Actor, request: Request, values: Values) -> Response:
    """GET /reports/{id}/runs, the newest first."""
    found = bulk.runs(system, _report(values))
    return _page(system, request, found, lambda piece: [{"id": run.id, "label": run.label} for run in piece])


def report_data(system: CareerSystem, _actor: Actor, request: Request, values: Values) -> Response:
    """GET /reports/{id}/data?format=csv: the rows of the newest run."""
    if request.parameter("format") != "csv":
        raise ApiError(400, "malformed", "Only csv is emulated.")
    run = bulk.newest(system, _report(values))
    return Response(headers={"Content-Type": "text/csv; charset=utf-8"}, body=bulk.csv_of(run))


def _report(values: Values) -> str:
    if values["id"] not in bulk.REPORTS:
        raise errors.not_found("report")
    return values["id"]


def _one(system: CareerSystem, stored: Stored, request: Request) -> Response:
    return json_response(printed(told(system, stored, customs=request.parameter("customFields") == "1")))


def _page(system: CareerSystem, request: Request, found: list[Any], shown: Any) -> Response:  # noqa: ANN401 - makes any sort of rows
    """`{models, total, perPage, page}`; a page behind the last one is empty."""
    page, size = (_whole(request, name, usual) for name, usual in (("page", 1), ("perPage", _USUAL)))
    size = min(size, system.switches.symplicity_per_page)
    models: Iterable[object] = shown(found[(page - 1) * size : page * size])
    return json_response({"models": list(models), "total": len(found), "perPage": size, "page": page})


def _whole(request: Request, name: str, usual: int) -> int:
    text = request.parameter(name) or str(usual)
    if not text.isdecimal() or int(text) < 1:
        raise ApiError(400, "malformed", f"{name} is invalid")
    return int(text)


def _body(request: Request) -> object:
    try:
        return request.json()
    except (ValueError, orjson.JSONDecodeError):
        raise ApiError(400, "malformed", "The body is not JSON.") from None


def _object(request: Request) -> Mapping[str, Any]:
    body = _body(request)
    if not isinstance(body, dict):
        raise ApiError(400, "malformed", "An object is needed.")
    return body
