"""One function for each endpoint of 12twenty that the bridge, or a person at work, needs."""

import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import orjson

from emulator.career import errors
from emulator.career.face import Values
from emulator.career.fields import checked_person
from emulator.career.models import CareerSystem
from emulator.career.records import Actor, Kind, Stored
from emulator.career.twelvetwenty import notes as notes_kept
from emulator.career.twelvetwenty.shapes import (
    CONTACT,
    CUSTOMS,
    PREFIX,
    STUDENT,
    attributes,
    lookup_id,
    options,
    taken,
    told,
)
from emulator.http import Request, Response, json_response, printed

T = TypeVar("T")

TOKEN_LIFE = timedelta(hours=24)
_MOST = 500
_ENTITY = {"contacts": CONTACT, "students": STUDENT}


def token(system: CareerSystem, _actor: Actor, request: Request, _values: Values) -> Response:
    """GET /api/client/generateAuthenticationToken: the token as plain text, for 24 hours."""
    actor = system.keys.get(request.parameter("key"))
    if actor is None:
        raise errors.unauthorized()
    made = secrets.token_urlsafe(24)
    system.tokens[made] = (actor, system.clock.now() + TOKEN_LIFE)
    return Response(headers={"Content-Type": "text/plain; charset=utf-8"}, body=made.encode())


def people(system: CareerSystem, _actor: Actor, request: Request, values: Values) -> Response:
    """GET /api/v2/contacts and /students."""
    entity = _entity(values)
    found = [one for one in system.people.order if not one.deleted and one.id.startswith(PREFIX[entity] + "-")]
    if entity == CONTACT or system.switches.students_modified_since:
        found = [one for one in found if one.modified >= _since(request)]
    if system.switches.newest_first:
        found.sort(key=lambda one: one.modified, reverse=True)
    return _page(request, found, lambda one: printed(told(system, entity, one)))


def person(system: CareerSystem, _actor: Actor, _request: Request, values: Values) -> Response:
    """GET /api/v2/contacts/{id} and /students/{id}."""
    entity = _entity(values)
    return json_response(printed(told(system, entity, _live(system, values))))


def change(system: CareerSystem, actor: Actor, request: Request, values: Values) -> Response:
    """PUT and PATCH of one account; what PUT does to what it does not name is a switch."""
    entity, body = _entity(values), _object(request)
    stored = _live(system, values)
    whole = system.switches.put_replaces if request.method == "PUT" else system.switches.patch_replaces
    fields = taken(system, entity, body, whole=whole)
    checked = checked_person({path: value for path, value in fields.items() if value is not None}, staff=True)
    blank = {path: None for path, value in fields.items() if value is None and path != "last_name"}
    stored = system.change_person(stored.id, checked | blank, actor)
    return json_response(printed(told(system, entity, stored)))


def create(system: CareerSystem, actor: Actor, request: Request, values: Values) -> Response:
    """POST of an account."""
    entity, body = _entity(values), _object(request)
    fields = {path: value for path, value in taken(system, entity, body, whole=False).items() if value is not None}
    number = 1 + max((int(one.id.partition("-")[2]) for one in system.people.order), default=1000)
    key = f"{PREFIX[entity]}-{number}"
    stored = system.create_person({"id": key, **checked_person(fields, staff=True)}, actor)
    return json_response(printed(told(system, entity, stored)), status=201)


def attribute_list(_system: CareerSystem, _actor: Actor, _request: Request, _values: Values) -> Response:
    """GET /api/v2/attributes; read-only."""
    return json_response(attributes())


def attribute(_system: CareerSystem, _actor: Actor, _request: Request, values: Values) -> Response:
    """GET /api/v2/attributes/{id}."""
    found = next((one for one in attributes() if str(one["Id"]) == values["id"]), None)
    if found is None:
        raise errors.not_found("attribute")
    return json_response(found)


def lookups(_system: CareerSystem, _actor: Actor, _request: Request, _values: Values) -> Response:
    """GET /api/v2/lookups."""
    return json_response([{"Id": lookup_id(one), "Name": one.label} for one in CUSTOMS if one.chosen])


def lookup_options(system: CareerSystem, _actor: Actor, _request: Request, values: Values) -> Response:
    """GET /api/v2/lookups/{id}/options."""
    found = next((one for one in CUSTOMS if one.chosen and str(lookup_id(one)) == values["id"]), None)
    if found is None:
        raise errors.not_found("lookup")
    return json_response(options(system, found))


def notes(system: CareerSystem, _actor: Actor, request: Request, _values: Values) -> Response:
    """GET /api/v2/notes?EntityTypeId=: all notes about records of one kind."""
    wanted = request.parameter("EntityTypeId")
    if not wanted:
        raise errors.invalid("EntityTypeId", "Is required.")
    about = request.parameter("PrimaryEntityId")
    found = [
        one
        for one in notes_kept.all_notes(system).values()
        if str(one["PrimaryEntityTypeId"]) == wanted
        and (not about or str(one["PrimaryEntityId"]) == about)
        and _moment(one["ModifyDate"]) >= _since(request)
    ]
    return _page(request, found, lambda one: one)


def note(system: CareerSystem, _actor: Actor, _request: Request, values: Values) -> Response:
    """GET /api/v2/notes/{id}."""
    return json_response(notes_kept.note_of(system, values["id"]))


def add_note(system: CareerSystem, actor: Actor, request: Request, _values: Values) -> Response:
    """POST /api/v2/notes."""
    return json_response(notes_kept.add_note(system, actor, _object(request)), status=201)


def change_note(system: CareerSystem, actor: Actor, request: Request, values: Values) -> Response:
    """PUT /api/v2/notes/{id}; by staff."""
    if actor.kind is not Kind.STAFF:
        raise errors.forbidden("change notes")
    return json_response(notes_kept.change_note(system, values["id"], _object(request)))


def _entity(values: Values) -> int:
    if values["list"] not in _ENTITY:
        raise errors.not_found("path")
    return _ENTITY[values["list"]]


def _live(system: CareerSystem, values: Values) -> Stored:
    return system.people.live(f"{PREFIX[_entity(values)]}-{values['id']}")


def _page(request: Request, found: Sequence[T], print_one: Callable[[T], object]) -> Response:
    size = min(_number(request, "PageSize", 20), _MOST)
    start = (_number(request, "PageNumber", 1) - 1) * size
    items = [print_one(one) for one in found[start : start + size]]
    return json_response({"Items": items, "Total": len(found), "PageSize": size})


def _number(request: Request, name: str, default: int) -> int:
    text = request.parameter(name) or str(default)
    if not text.isdecimal() or int(text) < 1:
        raise errors.invalid(name, "Must be a whole number from 1.")
    return int(text)


def _since(request: Request) -> datetime:
    text = request.parameter("ModifyFromDate")
    try:
        return _moment(text) if text else datetime.min.replace(tzinfo=UTC)
    except ValueError:
        raise errors.invalid("ModifyFromDate", "Must be a date and time.") from None


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _object(request: Request) -> dict[str, Any]:
    try:
        body = request.json()
    except (ValueError, orjson.JSONDecodeError):
        raise errors.ApiError(400, "malformed", "The body is not JSON.") from None
    if not isinstance(body, dict):
        raise errors.ApiError(400, "malformed", "The body must be an object.")
    return body
