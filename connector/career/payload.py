"""Records out of a career system's answers; what cannot be trusted is set apart by record.

A page is fast to read while it is clean; only a page that shows a mark of something odd is looked at record by record.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256
from typing import Any, TypeGuard

from connector.ports import NAMELESS, POISON, Record
from connector.wire import Answer

_ID = re.compile(r"(?!\.+\Z)[A-Za-z0-9._~:@\-]{1,80}")
"""Fits into one segment of a path; of dots alone it would be another path."""

_LONGEST_VERSION = 120
"""As the state's column: PostgreSQL would refuse the whole page, and everything would stop."""


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


def number_at(data: object, path: str) -> int | None:
    """A whole number that an answer may tell, as ``number_in``."""
    return number_in(at(data, path))


def number_in(value: object) -> int | None:
    """A whole number, also as the text of a header; None for anything else, and for more digits than a count of records has."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 16:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


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
    elif not is_version(version):
        reason = f"it has no version, or one of more than {_LONGEST_VERSION} characters"
    elif odd:
        reason = fault_in(data)
    if reason:
        return Record(kind=POISON, id=_name(record_id, data), version="", fields={"reason": reason, "kind": kind})
    return Record(kind=kind, id=str(record_id), version=str(version), fields=data if isinstance(data, dict) else {})


def is_version(value: object) -> TypeGuard[str]:
    """Whether an answer names a version that the state can hold."""
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_VERSION


def gone_of(kind: str, record_id: object) -> Record:
    """That a record is gone; ``poison`` if by such an id none can be known."""
    known = record_of(kind, {}, record_id=record_id, version="-", odd=False)
    return known if known.kind == POISON else replace(known, version="", deleted=True)


def _name(record_id: object, data: object) -> str:
    """An id for what has none: the same thing has the same one in the next reading."""
    if isinstance(record_id, str) and _ID.fullmatch(record_id):
        return record_id
    return NAMELESS + sha256(repr(data).encode("utf-8", "backslashreplace")).hexdigest()[:16]


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
