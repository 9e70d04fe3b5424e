"""JSON as it should be: no name twice in one object, no ``NaN``, nothing too deep; and what no store can hold is told.

The fast parser keeps the last of two equal names and says nothing, so its result is written out again and the names are counted;
only a text that does not fit goes to the slow parser, which knows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from math import isfinite
from typing import Any, NoReturn

import orjson

_NUL = b"\\u0000"
_NAME_ENDS = b'":'
_DEEPEST = 254
"""Levels of lists and objects in each other, as orjson has it when it writes."""
_HALF = re.compile("[\ud800-\udfff]")


def read_json(text: bytes) -> tuple[Any, bool]:
    """The value, and whether something in it is odd: half a character, a NUL, or a number of more than 53 bits.

    Raises:
        ValueError: it is no JSON, has a name twice in one object, ``NaN`` or ``Infinity`` or a number that is
            as large, or is nested too deeply.
    """
    try:
        data = orjson.loads(text)
    except ValueError:
        # A lone surrogate does not spoil everything around it: the slow parser lets it through, and it is told.
        return _careful(text), True
    try:
        again, odd = orjson.dumps(data, option=orjson.OPT_STRICT_INTEGER), _NUL in text
    except TypeError:
        again, odd = _again(data), True
    if text.count(_NAME_ENDS) != again.count(_NAME_ENDS):
        # Either twice the same name, or only other spacing.
        return _careful(text), True
    return data, odd


def read_table(text: str) -> dict[str, Any]:
    """The object in a text of our own, such as the place where a feed stopped; an empty text is an empty one.

    Raises:
        ValueError: as ``read_json``, and where it is no object.
    """
    value, _ = read_json(text.encode() or b"{}")
    if not isinstance(value, dict):
        raise ValueError("no object")  # noqa: TRY004 - a text is wrong, no type
    return value


def _again(data: object) -> bytes:
    try:
        return orjson.dumps(data)
    except TypeError:
        raise ValueError("nested too deeply") from None


def _careful(text: bytes) -> Any:  # noqa: ANN401 - JSON
    try:
        # Left to itself it would guess at UTF-16.
        return _shallow(json.loads(text.decode("utf-8"), object_pairs_hook=_once, parse_float=_finite, parse_constant=_refuse))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _shallow(data: Any) -> Any:  # noqa: ANN401 - JSON
    """The value, if it is no deeper than the fast parser writes: whoever walks through it must come back."""
    level = [data]
    for _ in range(_DEEPEST):
        level = [inner for one in level for inner in _inside(one) if isinstance(inner, dict | list)]
        if not level:
            return data
    raise ValueError("nested too deeply")


def _inside(value: Any) -> Iterable[Any]:  # noqa: ANN401 - JSON
    match value:
        case dict():
            return value.values()
        case list():
            return value
        case _:
            return ()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice in one object")
    return found


def _finite(digits: str) -> float:
    value = float(digits)
    return value if isfinite(value) else _refuse(digits)


def _refuse(_word: str) -> NoReturn:
    raise ValueError("no number")


def storable(value: Any) -> Any:  # noqa: ANN401 - JSON
    """The value with nothing in it that a store chokes on: half a character becomes a NUL, which every transform refuses.

    Raises:
        ValueError: a number is beyond every store's reach.
    """
    match value:
        case str():
            return value if value.isascii() else _HALF.sub("\0", value)
        case dict():
            return {storable(name): storable(inner) for name, inner in value.items()}
        case list():
            return [storable(inner) for inner in value]
        case bool() | None:
            return value
        case int() | float() if not -(2**63) <= value < 2**63:
            raise ValueError("a number that is too large")
        case _:
            return value
