"""Misbehaviour on order: what the career system answers instead of, or after, what it should."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from emulator.career import errors
from emulator.http import CUT_EVERYTHING, Response, json_response


class Fault(StrEnum):
    """What goes wrong. Those up to `REDIRECT` happen before the system acts, the others after it has acted."""

    THROTTLE = "throttle"
    UNAVAILABLE = "unavailable"
    ERROR = "error"
    UNAUTHORIZED = "unauthorized"
    HTML = "html"
    EMPTY = "empty"
    LOSE_REQUEST = "lose_request"
    REDIRECT = "redirect"
    LOSE_ANSWER = "lose_answer"
    ERROR_AFTER = "error_after"
    HTML_AFTER = "html_after"
    TRUNCATE = "truncate"
    SHORT_RESULTS = "short_results"
    SWAP_RESULTS = "swap_results"
    SHORT_LIST = "short_list"
    SLOW = "slow"
    NOT_A_NUMBER = "not_a_number"
    DOUBLE_KEYS = "double_keys"
    HUGE = "huge"
    LACKING = "lacking"
    EXTENDED = "extended"


_BEFORE = frozenset(list(Fault)[: list(Fault).index(Fault.REDIRECT) + 1])
_PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Scheduled maintenance</h1></body></html>"


@dataclass(slots=True, kw_only=True)
class Order:
    """One fault for the next `count` requests whose "METHOD path?query" matches `pattern`.

    `value` is the Retry-After text, the seconds of `slow`, the bytes of `huge`, the address of `redirect`, or the field that
    no record has any more (`lacking`) or all records have now (`extended`).
    """

    fault: Fault
    pattern: re.Pattern[str]
    count: int = 1
    value: str = ""

    @property
    def before(self) -> bool:
        """Whether the system does not act at all."""
        return self.fault in _BEFORE


def instead(order: Order) -> Response:  # noqa: PLR0911 - a line for each fault
    """The answer of a system that did not act."""
    match order.fault:
        case Fault.THROTTLE:
            return errors.throttled(order.value).response()
        case Fault.UNAVAILABLE:
            return errors.unavailable(order.value).response()
        case Fault.UNAUTHORIZED:
            return errors.unauthorized().response()
        case Fault.HTML:
            return _html()
        case Fault.EMPTY:
            return json_response({"items": [], "next": None, "more": False})
        case Fault.LOSE_REQUEST:
            return Response(cut=CUT_EVERYTHING)
        case Fault.REDIRECT:
            return Response(status=302, headers={"Location": order.value or "https://login.example.net/"})
        case _:
            return errors.ApiError(500, "internal", "Something went wrong.").response()


def after(order: Order, answer: Response) -> Response:
    """What becomes of an answer when the system has acted."""
    match order.fault:
        case Fault.LOSE_ANSWER:
            return Response(cut=CUT_EVERYTHING)
        case Fault.ERROR_AFTER:
            return errors.ApiError(500, "internal", "Something went wrong.").response()
        case Fault.HTML_AFTER:
            return _html()
        case Fault.TRUNCATE:
            return Response(status=answer.status, headers=answer.headers, body=answer.body, cut=len(answer.body) // 2)
        case Fault.SLOW:
            return Response(status=answer.status, headers=answer.headers, body=answer.body, delay=float(order.value or 60))
        case _:
            return Response(status=answer.status, headers=answer.headers, body=_bent(order, answer.body))


def _html() -> Response:
    return Response(status=200, headers={"Content-Type": "text/html; charset=utf-8"}, body=_PAGE)


def _bent(order: Order, body: bytes) -> bytes:
    if not body.startswith(b"{"):
        # A token in plain text, a list: there is nothing to bend in it.
        return body
    match order.fault:
        case Fault.NOT_A_NUMBER:
            return body[:-1] + b',"load":NaN}'
        case Fault.DOUBLE_KEYS:
            first = body[: body.index(b":") + 1]
            return first + b"null," + body[1:]
        case Fault.HUGE:
            return body[:-1] + b',"filler":"' + b"x" * int(order.value or 1) + b'"}'
    return orjson.dumps(_changed(order, orjson.loads(body)))


def _changed(order: Order, data: dict[str, Any]) -> dict[str, Any]:
    match order.fault:
        case Fault.LACKING:
            _each_object(data, lambda known: known.pop(order.value, None))
        case Fault.EXTENDED:
            _each_object(data, lambda known: known.setdefault(order.value, "new"))
        case Fault.SHORT_LIST:
            name = next((name for name, value in data.items() if isinstance(value, list)), "items")
            data[name] = data.get(name, [])[:-1]
        case _:
            name = "responses" if "responses" in data else "results"
            results = data.get(name, [])
            data[name] = results[:-1] if order.fault is Fault.SHORT_RESULTS else results[::-1]
    return data


def _each_object(data: object, act: Callable[[dict[str, Any]], object]) -> None:
    """Do something to each object in JSON."""
    if isinstance(data, dict):
        act(data)
    for each in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        _each_object(each, act)
