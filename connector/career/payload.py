"""Answers of a career system as strict JSON, and records out of them; what cannot be trusted is set apart by record.

A page is fast to read while it is clean; only a page that shows a mark of something odd is looked at record by record.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Any, NoReturn

import orjson

from connector.errors import Later, Unknown
from connector.ports import Record
from connector.wire import Answer

POISON = "poison"
"""``Record.kind`` of what cannot be read: ``fields`` are ``reason`` and ``kind`` (what it should have been)."""

_NUL = b"\\u0000"
_NAME_ENDS = b'":'
_ID = re.compile(r"[A-Za-z0-9._~:@\-]{1,80}")


def strict_json(answer: Answer) -> tuple[Any, bool]:
    """The body of an answer, and whether it holds something that records must be checked for.

    A lone surrogate does not spoil a whole page: it is let through here and told, so that its record can be set apart.

    Raises:
        Later: for a read: no JSON, twice the same key, NaN or Infinity.
        Unknown: the same, for a write.
    """
    try:
        data = answer.json()
    except (Later, Unknown):
        return _careful(answer), True
    try:
        again, odd = orjson.dumps(data, option=orjson.OPT_STRICT_INTEGER), _NUL in answer.data
    except TypeError:  # an integer of more than 53 bits
        again, odd = orjson.dumps(data), True
    if answer.data.count(_NAME_ENDS) != again.count(_NAME_ENDS):
        # either twice the same key (the parser kept the last one), or only other spacing: the slow parser knows
        return _careful(answer), True
    return data, odd


def _careful(answer: Answer) -> Any:  # noqa: ANN401 - JSON
    """The body, read by the parser that can tell duplicates; raises what the answer's own reading raises."""
    if "json" not in answer.headers.get("Content-Type", "").lower():
        return answer.json()
    try:
        return json.loads(answer.data, object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise answer.unusable("not valid JSON, or a name twice in one object") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice in one object")
    return found


def _refuse(_word: str) -> NoReturn:
    raise ValueError("no number")


def at(data: object, path: str) -> Any:  # noqa: ANN401 - JSON
    """The value at a dotted path, or None where there is none."""
    for part in path.split("."):
        if not isinstance(data, dict):
            return None
        data = data.get(part)
    return data


def items_of(answer: Answer, data: object, name: str) -> list[Any]:
    """A list that an answer must have.

    Raises:
        Later: a read without it.
        Unknown: a write without it.
    """
    items = at(data, name)
    if not isinstance(items, list):
        raise answer.unusable(f"no list {name}")
    return items


def text_at(answer: Answer, data: object, path: str) -> str:
    """A text that an answer must have, and not empty.

    Raises:
        Later: a read without it.
        Unknown: a write without it.
    """
    value = at(data, path)
    if not isinstance(value, str) or not value:
        raise answer.unusable(f"no text {path}")
    return value


def record_of(kind: str, data: object, *, record_id: object, version: object, odd: bool) -> Record:
    """A record as read, or one of kind ``poison`` that says why it could not be. ``odd``: look into every value."""
    reason = ""
    if not isinstance(data, dict):
        reason = "is no object"
    elif not isinstance(record_id, str) or not _ID.fullmatch(record_id):
        reason = "its id is missing, or has other characters than letters, digits and . _ ~ : @ -"
    elif not isinstance(version, str) or not version:
        reason = "it has no version"
    elif odd:
        reason = fault_in(data)
    if reason:
        return Record(kind=POISON, id=_name(record_id, data), version="", fields={"reason": reason, "kind": kind})
    return Record(kind=kind, id=str(record_id), version=str(version), fields=data if isinstance(data, dict) else {})


def _name(record_id: object, data: object) -> str:
    """An id for what has none: the same thing has the same one in the next reading."""
    if isinstance(record_id, str) and _ID.fullmatch(record_id):
        return record_id
    return "unreadable-" + sha256(repr(data).encode("utf-8", "backslashreplace")).hexdigest()[:16]


def fault_in(value: object) -> str:
    """Why a value cannot be stored or passed on; empty if it can."""
    if isinstance(value, str):
        if "\0" in value:
            return "a text holds a NUL character"
        return (
            "a text holds half a character (a lone surrogate)" if any("\ud800" <= letter <= "\udfff" for letter in value) else ""
        )
    if isinstance(value, int | float) and not -(2**63) <= value < 2**63:
        return "a number is too large"
    if isinstance(value, dict):
        return _first_fault([*value.keys(), *value.values()])
    return _first_fault(value) if isinstance(value, list | tuple) else ""


def _first_fault(values: Iterable[object]) -> str:
    return next((reason for reason in map(fault_in, values) if reason), "")
