"""One function for each endpoint of Hivebrite's Admin API that the bridge, or a person at work, needs."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

import orjson

from emulator.career import errors
from emulator.career.customs import rewrite
from emulator.career.errors import ApiError
from emulator.career.face import Values
from emulator.career.fields import checked_person
from emulator.career.hivebrite.shapes import (
    CALLED,
    attributes,
    experiences,
    mentor,
    mentors,
    programs,
    stamp,
    taken,
    told,
    touched,
)
from emulator.career.models import CareerSystem
from emulator.career.records import Actor, Stored
from emulator.http import Request, Response, json_response, printed

_MOST = 100
_USUAL = 25


def network(system: CareerSystem, _actor: Actor, _request: Request, _values: Values) -> Response:
    """GET /api/admin/v1/network."""
    found = {"id": crc32(system.tenant.id.encode()) % 10_000, "title": system.tenant.name, "sub_networks": [], "user_lists": []}
    return _one(system, "network", found)


def me(system: CareerSystem, actor: Actor, _request: Request, _values: Values) -> Response:
    """GET /api/admin/v1/me."""
    return _one(system, "admin", {"id": crc32(actor.id.encode()) % 10_000, "name": actor.name, "admin_type": "global"})


def customizable_attributes(system: CareerSystem, _actor: Actor, _request: Request, _values: Values) -> Response:
    """GET /api/admin/v1/settings/customizable_attributes: all of them, in one piece."""
    return _one(system, "customizable_attributes", attributes(system))


def users(system: CareerSystem, _actor: Actor, request: Request, _values: Values) -> Response:
    """GET /api/admin/v1/users: whoever is a user; who has only asked to join is not."""
    everybody = [one for one in system.people.order if not one.deleted and not _waits(one)]
    since, extended = _moment(request, "updated_since"), system.switches.hivebrite_since_extended
    found = [one for one in everybody if (one.modified if extended else touched(one, own=True)) >= since]
    if request.parameter("order") == "id" and not system.switches.hivebrite_order_ignored:
        found.sort(key=lambda one: int(one.id))
    elif system.switches.newest_first:
        found.sort(key=lambda one: one.modified, reverse=True)
    total = len(everybody) if system.switches.hivebrite_total_of_all else len(found)
    full = request.parameter("full_profile") == "true"
    page, piece = _page(system, request, found)
    items = (printed(told(system, one, full=full)) for one in piece)
    return _listed(system, "users", items, _links(request, page, len(found), total))


def user(system: CareerSystem, _actor: Actor, _request: Request, values: Values) -> Response:
    """GET /api/admin/v1/users/{id}."""
    return _user(system, _live(system, values))


def change_user(system: CareerSystem, actor: Actor, request: Request, values: Values) -> Response:
    """PUT /api/admin/v1/users/{id} with `{"user": {...}}`."""
    stored = _live(system, values)
    fields = taken(system, stored, _inside(request, "user"))
    return _user(system, rewrite(system, stored, fields, actor, called=CALLED))


def add_user(system: CareerSystem, actor: Actor, request: Request, _values: Values) -> Response:
    """POST /api/admin/v1/users."""
    inside = _inside(request, "user")
    fields = {path: value for path, value in taken(system, None, inside).items() if value is not None}
    number = str(1 + max((int(one.id) for one in system.people.order), default=1000))
    stored = system.create_person({"id": number, **checked_person(fields, staff=True)}, actor)
    return _user(system, stored, status=201)


def remove_user(system: CareerSystem, actor: Actor, _request: Request, values: Values) -> Response:
    """DELETE /api/admin/v1/users/{id}."""
    system.delete("person", _live(system, values).id, actor)
    return Response(status=204)


def user_experiences(system: CareerSystem, _actor: Actor, request: Request, values: Values) -> Response:
    """GET /api/admin/v1/users/{id}/experiences."""
    found = experiences(_live(system, values))
    page, piece = _page(system, request, found)
    return _listed(system, "experiences", piece, _links(request, page, len(found), len(found)))


def deleted(system: CareerSystem, _actor: Actor, request: Request, _values: Values) -> Response:
    """GET /api/admin/v1/versions/deleted: what was deleted, of whatever kind."""
    since = _moment(request, "deleted_since")
    found = [
        {
            "item_id": int(change.id) if change.kind == "person" else 1,
            "item_type": "User" if change.kind == "person" else "Comment",
            "event": "destroy",
            "action_by": {"id": 1, "name": change.by.name, "type": "Admin"},
            "created_at": stamp(change.at),
        }
        for change in system.feed.entries
        if change.deleted and change.at >= since
    ]
    page, piece = _page(system, request, found)
    return _listed(system, "versions", piece, _links(request, page, len(found), len(found)))


def approvals(system: CareerSystem, _actor: Actor, request: Request, _values: Values) -> Response:
    """GET /api/admin/v1/approvals: who has asked to join, and is no user yet."""
    found = [_approval(one) for one in system.people.order if not one.deleted and _waits(one)]
    page, piece = _page(system, request, found)
    return _listed(system, "approvals", piece, _links(request, page, len(found), len(found)))


def approve(system: CareerSystem, actor: Actor, _request: Request, values: Values) -> Response:
    """PUT /api/admin/v1/approvals/{id}/approve."""
    stored = system.people.live(values["id"])
    if not _waits(stored):
        raise errors.not_found("approval")
    before = stored.modified
    stored = system.change_person(stored.id, {"state": "active"}, actor)
    if not system.switches.hivebrite_approval_moves:
        stored.modified = before
        stored.versions.pop()
    return _one(system, "approval", _approval(stored))


def mentor_profiles(system: CareerSystem, _actor: Actor, request: Request, _values: Values) -> Response:
    """GET /api/admin/v3/mentoring/mentor_profiles; it takes no `updated_since`."""
    found = mentors(system)
    page, piece = _page(system, request, found)
    return _listed(
        system, "mentor_profiles", [mentor(system, one) for one in piece], _links(request, page, len(found), len(found))
    )


def mentoring_programs(system: CareerSystem, _actor: Actor, request: Request, _values: Values) -> Response:
    """GET /api/admin/v3/mentoring/programs."""
    found = programs(system)
    page, piece = _page(system, request, found)
    return _listed(system, "programs", piece, _links(request, page, len(found), len(found)))


def _waits(stored: Stored) -> bool:
    return bool(stored.data()["state"] == "pending_approval")


def _approval(stored: Stored) -> dict[str, Any]:
    data = stored.data()
    names = {"email": data["login_email"], "firstname": data["first_name"], "lastname": data["last_name"]}
    return {"id": int(stored.id), **names, "status": "pending" if _waits(stored) else "approved"}


def _live(system: CareerSystem, values: Values) -> Stored:
    stored = system.people.live(values["id"])
    if _waits(stored):
        raise errors.not_found("user")
    return stored


def _inside(request: Request, name: str) -> Mapping[str, Any]:
    try:
        body = request.json()
    except (ValueError, orjson.JSONDecodeError):
        raise ApiError(400, "malformed", "The body is not JSON.") from None
    inside = body.get(name) if isinstance(body, dict) else None
    if not isinstance(inside, dict):
        raise ApiError(400, "malformed", f"{name} is missing")
    return inside


def _moment(request: Request, name: str) -> datetime:
    """A moment of the query; without an offset it is UTC, as the vendor's page says."""
    text = request.parameter(name)
    try:
        found = datetime.fromisoformat(text) if text else datetime.min.replace(tzinfo=UTC)
    except ValueError:
        raise ApiError(400, "invalid", f"{name} is invalid") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _page(system: CareerSystem, request: Request, found: list[Any]) -> tuple[int, list[Any]]:
    """The number of the page that is wanted, and what is on it."""
    page, size = (_whole(request, name, usual) for name, usual in (("page", 1), ("per_page", _USUAL)))
    if size > _MOST:
        raise ApiError(400, "invalid", "per_page does not have a valid value")
    last = max(1, -(-len(found) // size))
    if page > last and system.switches.hivebrite_overflow_is_404:
        raise ApiError(404, "overflow", f"expected :page in 1..{last}; got {page}")
    return page, found[(page - 1) * size : page * size]


def _whole(request: Request, name: str, usual: int) -> int:
    text = request.parameter(name) or str(usual)
    if not text.isdecimal() or int(text) < 1:
        raise ApiError(400, "invalid", f"{name} is invalid")
    return int(text)


def _links(request: Request, page: int, found: int, total: int) -> dict[str, str]:
    """The headers of a list. As in the vendor's own example, the addresses are on another host and the next one is wrong."""
    size = _whole(request, "per_page", _USUAL)
    last = max(1, -(-found // size))
    base = f"https://hivebrite.com{request.path}?per_page={size}&page="
    links = {"first": 1} | ({"prev": page - 1} if page > 1 else {}) | ({"last": last, "next": size} if page < last else {})
    text = ", ".join(f'<{base}{number}>; rel="{name}"' for name, number in links.items())
    return {"Link": text, "x-total": str(total), "x-page": str(page), "x-per-page": str(size)}


def _listed(system: CareerSystem, name: str, items: Iterable[object], headers: Mapping[str, str]) -> Response:
    found = list(items)
    return json_response(found if system.switches.hivebrite_bare_lists else {name: found}, headers=headers)


def _user(system: CareerSystem, stored: Stored, *, status: int = 200) -> Response:
    return _one(system, "user", printed(told(system, stored, full=True)), status=status)


def _one(system: CareerSystem, name: str, found: object, *, status: int = 200) -> Response:
    return json_response(found if system.switches.hivebrite_bare_lists else {name: found}, status=status)
