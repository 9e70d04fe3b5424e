"""JSON as it should be: no name twice in one object, no ``NaN``, nothing too deep; and what no store can hold is told.

The fast parser keeps the last of two equal names and says nothing, so its result is written out again and the names are counted;
only a text that does not fit goes to the slow parser, which knows.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

import orjson

_NUL = b"\\u0000"
_NAME_ENDS = b'":'
_HALF = re.compile("[\ud800-\udfff]")


def read_json(text: bytes) -> tuple[Any, bool]:
    """The value, and whether something in it is odd: half a character, a NUL, or a number of more than 53 bits.

    Raises:
        ValueError: it is no JSON, has a name twice in one object, ``NaN`` or ``Infinity``, or is nested too deeply.
    """
    try:
        data = orjson.loads(text)
    except ValueError:
        # A lone surrogate does not spoil everything around it: the slow parser lets it through, and it is told.
        return _careful(text), True
    try:
        again, odd = orjson.dumps(data, option=orjson.OPT_STRICT_INTEGER), _NUL in text
    except TypeError:
        again, odd = orjson.dumps(data), True
    if text.count(_NAME_ENDS) != again.count(_NAME_ENDS):
        # Either twice the same name, or only other spacing.
        return _careful(text), True
    return data, odd


def _careful(text: bytes) -> Any:  # noqa: ANN401 - JSON
    try:
        # Left to itself it would guess at UTF-16.
        return json.loads(text.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice in one object")
    return found


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
