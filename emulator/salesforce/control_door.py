"""The control door over HTTP: `POST /__control__/METHOD` with the arguments of a `Control` method as a JSON object.

Needs the header `X-Control-Token`; a wrong token is a 404, a bad order a 422. The answer is `{"result": ...}`.
"""

import dataclasses
import inspect
import re
from collections.abc import Callable, Mapping

import orjson

from emulator.http import Request, Response, json_response
from emulator.salesforce.control import Control
from emulator.salesforce.errors import SalesforceError, not_found
from emulator.salesforce.org import Org

PREFIX = "/__control__/"
_PLAIN = {int: (int,), float: (int, float), str: (str,), bool: (bool,)}
METHODS = frozenset(name for name, _ in inspect.getmembers(Control, inspect.isfunction) if not name.startswith("_"))


def open_door(org: Org, request: Request, token: str) -> Response:
    """Carry out one order."""
    name = request.path.removeprefix(PREFIX).strip("/")
    if not token or request.header("x-control-token") != token or name not in METHODS:
        return not_found().response()
    try:
        body = request.json() if request.body else {}
        if not isinstance(body, dict):
            raise TypeError("the body has to be a JSON object")  # noqa: TRY301 - answered like all bad orders
        order = getattr(Control(org), name)
        _check(order, body)
        result = order(**body)
    except SalesforceError as refused:
        return refused.response()
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, StopIteration, re.error) as reason:
        return json_response({"error": f"{type(reason).__name__}: {reason}"}, status=422)
    return Response(
        headers={"Content-Type": "application/json"},
        body=orjson.dumps({"result": result}, default=_shown),
    )


def _check(order: Callable[..., object], body: Mapping[str, object]) -> None:
    """Refuse plain arguments of another type now: kept in an order, they would break requests later on."""
    for name, parameter in inspect.signature(order).parameters.items():
        kinds = _PLAIN.get(parameter.annotation)
        if name in body and kinds is not None and type(body[name]) not in kinds:
            raise TypeError(f"{name} has to be of type {parameter.annotation.__name__}")


def _shown(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
    return str(value)
