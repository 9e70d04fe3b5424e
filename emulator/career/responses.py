"""One function for each endpoint of the contract: (system, actor, request, path values) -> response.

Every function may raise `ApiError`, which is an answer too.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from emulator.career import errors
from emulator.career.face import Values
from emulator.career.fields import checked_person, checked_request, text_of
from emulator.career.models import CareerSystem
from emulator.career.records import Actor, Kind, Stored, moment
from emulator.http import Request, Response, json_response

_DIGITS = re.compile("[0-9]{1,9}")
_NOTE = ("person_id", "request_id", "text", "visibility")
_ACKNOWLEDGEMENT = ("number", "understood_type", "state", "message", "offered", "asked")


def tenant(system: CareerSystem, actor: Actor, _request: Request, _values: Values) -> Response:
    """GET /tenant."""
    told, switches = system.tenant, system.switches
    mails = {"on_login_change": switches.mail_on_login_change}
    about = {"id": told.id, "name": told.name, "environment": told.environment, "version": "1"}
    return json_response({**about, "mails": mails, "you": actor.told()})


def people(system: CareerSystem, actor: Actor, request: Request, _values: Values) -> Response:
    """GET /people."""
    _not_person(actor, "list people")
    return _list(system, "person", request)


def requests(system: CareerSystem, actor: Actor, request: Request, _values: Values) -> Response:
    """GET /requests."""
    _not_person(actor, "list requests")
    return _list(system, "request", request)


def person(system: CareerSystem, actor: Actor, _request: Request, values: Values) -> Response:
    """GET /people/{id}."""
    _own(actor, values["id"])
    return _one(system.people.live(values["id"]))


def request(system: CareerSystem, actor: Actor, _request: Request, values: Values) -> Response:
    """GET /requests/{id}."""
    stored = system.requests.live(values["id"])
    if actor.kind is Kind.PERSON and stored.data()["person_id"] != actor.person_id:
        raise errors.not_found("request")
    return _one(stored)


def versions(system: CareerSystem, actor: Actor, _request: Request, values: Values) -> Response:
    """GET /people/{id}/versions, newest first."""
    _not_person(actor, "read versions")
    known = system.people.live(values["id"]).versions
    items = [{"etag": one.etag, "at": one.at, "by": one.by.told(), "changes": one.changes} for one in reversed(known)]
    return json_response({"items": items})


def changes(system: CareerSystem, actor: Actor, request: Request, _values: Values) -> Response:
    """GET /changes; each entry shows its record as it is now."""
    _not_person(actor, "read the change feed")
    seq = _cursor(request.parameter("after"))
    limit = _limit(system, request)
    system.feed.forget(system.clock.now() - system.switches.retention)
    found = system.feed.after(seq, limit)
    items = []
    for change in found:
        stored = system.shelf(change.kind).by_id[change.id]
        entry = {"seq": change.seq, "kind": change.kind, "id": change.id, "at": moment(change.at)}
        entry |= {"deleted": change.deleted, "by": change.by.told(), "fields": list(change.fields)}
        items.append({**entry, "record": None if stored.deleted else orjson.Fragment(stored.raw)})
    reached = found[-1].seq if found else seq
    return json_response({"items": items, "next": f"c{reached}", "more": reached < system.feed.head})


def change_person(system: CareerSystem, actor: Actor, request: Request, values: Values) -> Response:
    """PATCH /people/{id}."""
    _own(actor, values["id"])
    etag = request.header("if-match").strip('"')
    return _one(_change(system, actor, values["id"], _object(request), etag or None))


def change_people(system: CareerSystem, actor: Actor, request: Request, _values: Values) -> Response:
    """POST /people/batch: every element has its own outcome."""
    _not_person(actor, "change other people")

    def one(item: Mapping[str, Any]) -> dict[str, Any]:
        stored = _change(system, actor, str(item.get("id", "")), item.get("fields"), item.get("etag") or None)
        return {"status": 200, "etag": stored.etag, "record": orjson.Fragment(stored.raw)}

    return _batch(system, request, "id", one)


def delete_person(system: CareerSystem, actor: Actor, _request: Request, values: Values) -> Response:
    """DELETE /people/{id}; staff only."""
    _only_staff(actor, "delete accounts")
    system.delete("person", values["id"], actor)
    return Response(status=204)


def file_request(system: CareerSystem, actor: Actor, request: Request, _values: Values) -> Response:
    """POST /requests: by staff, or by an alumna for herself."""
    if actor.kind is Kind.API:
        raise errors.forbidden("file requests")
    fields = checked_request(_object(request))
    if actor.kind is Kind.PERSON:
        fields["person_id"] = actor.person_id
    return _one(system.file_request(fields, actor), status=201)


def change_request(system: CareerSystem, actor: Actor, request: Request, values: Values) -> Response:
    """PATCH /requests/{id}; staff only."""
    _only_staff(actor, "change requests")
    etag = request.header("if-match").strip('"')
    return _one(system.change_request(values["id"], checked_request(_object(request)), actor, etag=etag or None))


def put_note(system: CareerSystem, actor: Actor, request: Request, values: Values) -> Response:
    """PUT /notes/{key}."""
    _not_person(actor, "write notes")
    is_new = _note(system, actor, values["key"], _object(request))
    return json_response(system.notes[values["key"]], status=201 if is_new else 200)


def put_notes(system: CareerSystem, actor: Actor, request: Request, _values: Values) -> Response:
    """POST /notes/batch."""
    _not_person(actor, "write notes")

    def one(item: Mapping[str, Any]) -> dict[str, Any]:
        rest = {name: value for name, value in item.items() if name != "key"}
        return {"status": 201 if _note(system, actor, text_of(item, "key", limit=200), rest) else 200}

    return _batch(system, request, "key", one)


def notes(system: CareerSystem, actor: Actor, request: Request, _values: Values) -> Response:
    """GET /notes?person_id=|request_id=; staff and API keys only."""
    _not_person(actor, "read staff notes")
    wanted = {name: request.parameter(name) for name in ("person_id", "request_id") if request.parameter(name)}
    items = [note for note in system.notes.values() if all(note.get(name) == value for name, value in wanted.items())]
    return json_response({"items": items})


def acknowledge(system: CareerSystem, actor: Actor, request: Request, values: Values) -> Response:
    """PUT /requests/{id}/acknowledgement."""
    _not_person(actor, "acknowledge requests")
    return json_response(system.acknowledge(values["id"], _acknowledgement(_object(request)), actor))


def acknowledge_many(system: CareerSystem, actor: Actor, request: Request, _values: Values) -> Response:
    """POST /requests/acknowledgements."""
    _not_person(actor, "acknowledge requests")

    def one(item: Mapping[str, Any]) -> dict[str, Any]:
        rest = {name: value for name, value in item.items() if name != "id"}
        system.acknowledge(text_of(item, "id", limit=200), _acknowledgement(rest), actor)
        return {"status": 200}

    return _batch(system, request, "id", one)


def acknowledgement(system: CareerSystem, actor: Actor, _request: Request, values: Values) -> Response:
    """GET /requests/{id}/acknowledgement; staff and API keys only."""
    _not_person(actor, "read acknowledgements")
    known = system.acknowledgements.get(values["id"])
    if known is None:
        raise errors.not_found("acknowledgement")
    return json_response(known)


def _list(system: CareerSystem, kind: str, request: Request) -> Response:
    shelf = system.shelf(kind)
    given = request.parameters()
    if "ids" in given:
        wanted = [one for one in given["ids"][0].split(",") if one]
        if len(wanted) > system.switches.batch_limit:
            raise errors.invalid("ids", f"At most {system.switches.batch_limit} ids.")
        found = [stored for one in wanted if (stored := shelf.by_id.get(one)) and not stored.deleted]
        return json_response({"items": [orjson.Fragment(stored.raw) for stored in found]})
    if "institution_id" in given:
        live = (stored for stored in shelf.order if not stored.deleted)
        matching = [stored for stored in live if stored.data().get("institution_id") == given["institution_id"][0]]
        return json_response({"items": [orjson.Fragment(stored.raw) for stored in matching]})
    start, seq = _token(request.parameter("after"), system.feed.head)
    end = start + _limit(system, request)
    items = [orjson.Fragment(stored.raw) for stored in shelf.order[start:end] if not stored.deleted]
    following = f"p{end}-{seq}" if end < len(shelf.order) else None
    return json_response({"items": items, "next": following, "changes": f"c{seq}"})


def _limit(system: CareerSystem, request: Request) -> int:
    given = _number(request.parameter("limit", str(system.switches.page_limit)))
    if not given:
        raise errors.invalid("limit", "Must be a whole number from 1 to 999999999.")
    return min(given, system.switches.page_limit)


def _number(text: str) -> int | None:
    return int(text) if _DIGITS.fullmatch(text) else None


def _token(text: str, head: int) -> tuple[int, int]:
    """Where a page starts, and where the change feed stood when the first page was served."""
    if not text:
        return 0, head
    start, _, seq = text.removeprefix("p").partition("-")
    numbers = (_number(start), _number(seq))
    if not text.startswith("p") or numbers[0] is None or numbers[1] is None:
        raise errors.invalid("after", "Is no token of this list.")
    return numbers[0], numbers[1]


def _cursor(text: str) -> int:
    number = _number(text.removeprefix("c"))
    if not text.startswith("c") or number is None:
        raise errors.invalid("after", "Is no cursor of the change feed.")
    return number


def _one(stored: Stored, *, status: int = 200) -> Response:
    headers = {"Content-Type": "application/json;charset=UTF-8", "ETag": f'"{stored.etag}"'}
    return Response(status=status, headers=headers, body=stored.raw)


def _change(system: CareerSystem, actor: Actor, record_id: str, fields: object, etag: str | None) -> Stored:
    if actor.kind is Kind.API and etag is None:
        raise errors.precondition_required()
    checked = checked_person(fields, staff=_staff(actor), where="fields")
    return system.change_person(record_id, checked, actor, etag=etag)


def _note(system: CareerSystem, actor: Actor, key: str, body: Mapping[str, Any]) -> bool:
    unknown = sorted(set(body) - set(_NOTE))
    if unknown:
        raise errors.invalid(unknown[0], "There is no such field.")
    text_of(body, "text")
    if body.get("visibility") != "staff":
        raise errors.invalid("visibility", "Must be: staff.")
    about = [name for name in ("person_id", "request_id") if body.get(name) is not None]
    for name in about:
        text_of(body, name, limit=200)
    if not about:
        raise errors.invalid("person_id", "A note is about a person or a request.")
    return system.leave_note(key, body, actor)


def _acknowledgement(body: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(body) - set(_ACKNOWLEDGEMENT))
    if unknown:
        raise errors.invalid(unknown[0], "There is no such field.")
    for field in ("number", "state"):
        text_of(body, field)
    return {field: body.get(field) for field in _ACKNOWLEDGEMENT}


def _batch(system: CareerSystem, request: Request, name: str, one: Callable[[Mapping[str, Any]], dict[str, Any]]) -> Response:
    items = _object(request).get("items")
    if not isinstance(items, list) or len(items) > system.switches.batch_limit:
        raise errors.invalid("items", f"Must be a list of at most {system.switches.batch_limit} elements.")
    results = []
    for item in items:
        head = {name: item.get(name) if isinstance(item, dict) else None}
        try:
            if not isinstance(item, dict):
                raise errors.invalid("items", "Each element must be an object.")
            results.append({**head, **one(item)})
        except errors.ApiError as refused:
            results.append({**head, "status": refused.status, "error": refused.body()})
    return json_response({"results": results})


def _object(request: Request) -> dict[str, Any]:
    try:
        body = request.json()
    except ValueError:
        raise errors.ApiError(400, "malformed", "The body is not JSON.") from None
    if not isinstance(body, dict):
        raise errors.ApiError(400, "malformed", "The body must be an object.")
    return body


def _staff(actor: Actor) -> bool:
    return actor.kind is Kind.STAFF


def _only_staff(actor: Actor, what: str) -> None:
    if actor.kind is not Kind.STAFF:
        raise errors.forbidden(what)


def _not_person(actor: Actor, what: str) -> None:
    if actor.kind is Kind.PERSON:
        raise errors.forbidden(what)


def _own(actor: Actor, record_id: str) -> None:
    """An alumna sees and changes her own account; of the others she cannot even tell that they exist."""
    if actor.kind is Kind.PERSON and actor.person_id != record_id:
        raise errors.not_found("person")
