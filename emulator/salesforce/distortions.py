"""Ways in which an answer may be untrue: the request acted, and its answer is changed on the way back."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson

from emulator.http import Response

Bend = Callable[[Any, str], Any]

ELSEWHERE = "https://evil.example"
"""The host that untrue answers lead to."""


def distort(response: Response, how: str) -> Response:
    """The answer changed in a named way, `name` or `name:argument`; one that is no JSON, or has no such part, stays as it is.

    Raises:
        KeyError: there is no such way.
    """
    name, _, argument = how.partition(":")
    bend = BENDS[name]
    try:
        value = orjson.loads(response.body)
    except ValueError:
        return response
    return replace(response, body=orjson.dumps(bend(value, argument)))


def _results(value: Any, change: Callable[[list[Any]], list[Any]]) -> Any:  # noqa: ANN401 - any JSON
    """The list of results that an answer is, or has, changed."""
    if isinstance(value, list):
        return change(value)
    if isinstance(value, dict):
        for key in ("compositeResponse", "graphs", "results", "records", "ids"):
            if isinstance(value.get(key), list):
                return {**value, key: change(value[key])}
    return value


def _everywhere(value: Any, key: str, change: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - any JSON
    """Every value of a key, at any depth, changed; a change to None takes the key out."""
    if isinstance(value, list):
        return [_everywhere(each, key, change) for each in value]
    if not isinstance(value, dict):
        return value
    changed = {name: change(each) if name == key else _everywhere(each, key, change) for name, each in value.items()}
    return {name: each for name, each in changed.items() if name != key or each is not _GONE}


_GONE = object()


def _foreign_page(value: Any, argument: str) -> Any:  # noqa: ANN401 - any JSON
    if not isinstance(value, dict):
        return value
    path = value.get("nextRecordsUrl") or "/services/data/v67.0/query/01gEVIL-2000"
    return {**value, "done": False, "nextRecordsUrl": (argument or ELSEWHERE) + path}


def _stuck(value: Any, _argument: str) -> Any:  # noqa: ANN401 - any JSON
    if not isinstance(value, dict):
        return value
    return {**_results(value, lambda _found: []), "done": False, "nextRecordsUrl": "/services/data/v67.0/query/01gSTUCK-0"}


def _wrong_total(value: Any, argument: str) -> Any:  # noqa: ANN401 - any JSON
    if not isinstance(value, dict) or "totalSize" not in value:
        return value
    return {**value, "totalSize": int(argument or value["totalSize"] + 1)}


BENDS: dict[str, Bend] = {
    "none": lambda value, _: value,
    "shorter": lambda value, _: _results(value, lambda found: found[:-1]),
    "longer": lambda value, _: _results(value, lambda found: [*found, *found[-1:]]),
    "reversed": lambda value, _: _results(value, lambda found: found[::-1]),
    "empty": lambda value, _: _results(_wrong_total(value, "0"), lambda _found: []),
    "no_id": lambda value, _: _everywhere(value, "id", lambda _id: _GONE),
    "short_id": lambda value, _: _everywhere(value, "id", lambda id_: str(id_)[:15]),
    "other_prefix": lambda value, argument: _everywhere(value, "id", lambda id_: (argument or "500") + str(id_)[3:]),
    "other_reference": lambda value, _: _everywhere(value, "referenceId", lambda name: f"{name}x"),
    "foreign_page": _foreign_page,
    "stuck": _stuck,
    "wrong_total": _wrong_total,
    "masked": lambda value, argument: _everywhere(value, argument, lambda each: None if each is None else "*****"),
    "without": lambda value, argument: _everywhere(value, argument, lambda _each: _GONE),
}
"""What can be done to an answer: results shorter, longer, reversed or empty; ids missing, short or of another object;
another reference id; a next page on another host; a query that never ends; a wrong total; a field masked or left out."""
