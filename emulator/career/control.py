"""The control door of the emulated career system: seed, keys, switches, faults, people at work, and god's view.

Not part of any platform's interface. What people do in a platform's own pages, which are no API, is done here: ``POST edit``,
``remove``, ``file`` and ``withdraw``, each with ``as`` (a person's key), and seen by ``POST person``, ``told`` and ``notes``.

Under `/__control__/`, with the header `X-Control-Token`. In-process tests use `CareerApp` and `CareerSystem` directly.
"""

import dataclasses
import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from emulator.career.errors import ApiError, invalid, not_found
from emulator.career.faults import Fault, Order
from emulator.career.fields import checked_person, checked_request
from emulator.career.models import CareerSystem
from emulator.career.records import Actor, Kind, moment
from emulator.http import Request, Response, json_response

if TYPE_CHECKING:
    from emulator.career.urls import CareerApp

PREFIX = "/__control__"


def answer(app: "CareerApp", request: Request) -> Response:
    """Answer one request at the control door; a bad order is a 422, a wrong token a 404."""
    if not app.control_token or request.header("x-control-token") != app.control_token:
        return not_found("path").response()
    name = request.path.removeprefix(PREFIX).strip("/")
    try:
        body: Any = request.json() if request.body else {}
        order = f"{request.method} {name}"
        own = app.face.orders.get(order)
        return json_response(own(app.system, body) if own is not None else _act(app, order, body))
    except ApiError as refused:
        return refused.response()
    except (ValueError, TypeError, KeyError, AttributeError) as reason:
        return invalid("body", f"{type(reason).__name__}: {reason}").response()


def _act(app: "CareerApp", order: str, body: Any) -> object:  # noqa: ANN401, PLR0911 - JSON; a line for each order
    system = app.system
    match order:
        case "POST people" | "POST requests":
            return {"seeded": system.seed("person" if order.endswith("people") else "request", body)}
        case "POST keys":
            for one in body:
                system.admit(one["key"], _actor(one))
            return {"keys": len(system.keys)}
        case "POST switches":
            return set_switches(system, body)
        case "POST faults":
            app.orders.append(_order(body))
            return {"orders": len(app.orders)}
        case "DELETE faults":
            app.orders.clear()
            return {"orders": 0}
        case "POST edit" | "POST remove" | "POST file" | "POST withdraw" | "POST person" | "POST told" | "POST notes":
            return _at_work(app, order.removeprefix("POST "), body)
        case "POST clock":
            if "set" in body:
                system.clock.set(datetime.fromisoformat(body["set"]))
            system.clock.move(timedelta(seconds=body.get("move_seconds", 0)))
            return {"now": moment(system.clock.now())}
        case _:
            return _look(app, order)


def _at_work(app: "CareerApp", act: str, body: Mapping[str, Any]) -> object:
    """What a person does or sees in the platform's pages."""
    system, desk = app.system, app.face.desk
    by = system.keys.get(str(body.get("as", "")))
    if by is None:
        raise invalid("as", "Must be the key of a person.")
    match act:
        case "edit":
            return system.change_person(body["id"], checked_person(body["fields"], staff=by.kind is Kind.STAFF), by).data()
        case "file":
            return {"id": desk.file(system, checked_request(body["fields"]), by)}
        case "remove" | "withdraw":
            system.delete("person", body["id"], by) if act == "remove" else desk.withdraw(system, body["id"], by)
            return {"done": act}
        case "person":
            return system.people.live(body["id"]).data()
        case "told":
            return desk.told(system, body["id"])
        case _:
            return {"notes": desk.notes(system, body["id"])}


def _look(app: "CareerApp", order: str) -> object:
    system = app.system
    match order:
        case "GET state":
            return {
                "people": len(system.people.order),
                "requests": len(system.requests.order),
                "notes": list(system.notes.values()),
                "acknowledgements": list(system.acknowledgements.values()),
                "feed": system.feed.head,
            }
        case "GET mails":
            return {"mails": [dataclasses.asdict(mail) for mail in system.mails]}
        case "GET calls":
            return {"calls": dict(app.calls), "total": app.calls.total()}
        case "GET changed":
            edits = [version for one in system.people.order for version in one.versions if version.by.kind is Kind.API]
            return {"by_programs": dict(Counter(path for version in edits for path in version.changes))}
        case "GET log":
            return {"writes": [{**dataclasses.asdict(one), "body": one.body.decode("utf-8", "replace")} for one in app.writes]}
        case _:
            raise not_found("path")


def set_switches(system: CareerSystem, body: Mapping[str, Any]) -> dict[str, Any]:
    """Set named switches; retention is in seconds.

    Raises:
        AttributeError: there is no such switch.
    """
    for name, value in body.items():
        getattr(system.switches, name)
        setattr(system.switches, name, timedelta(seconds=value) if name == "retention" else value)
    return {**dataclasses.asdict(system.switches), "retention": system.switches.retention.total_seconds()}


def _actor(body: Mapping[str, Any]) -> Actor:
    return Actor(id=body["id"], name=body["name"], kind=Kind(body["kind"]), person_id=body.get("person_id"))


def _order(body: Mapping[str, Any]) -> Order:
    return Order(
        fault=Fault(body["fault"]),
        pattern=re.compile(body.get("pattern", ".")),
        count=int(body.get("count", 1)),
        value=str(body.get("value", "")),
    )
