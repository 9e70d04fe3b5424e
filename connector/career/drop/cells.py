"""What stands in the cells of our own tables: texts, yes and no, whole numbers, lists; nested by dotted names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

Cell = Literal["text", "truth", "whole", "list"]

_YES = frozenset({"yes", "y", "true", "1"})
_NO = frozenset({"no", "n", "false", "0"})
_BETWEEN = ";"


def read(kind: Cell, cell: str) -> Any:  # noqa: ANN401 - JSON
    """The value of a cell; a blank one is known to be empty.

    A word that is none of this kind stays as it is: whoever needs it says that it cannot be understood.
    """
    text = cell.strip()
    if kind == "list":
        return [part.strip() for part in text.split(_BETWEEN) if part.strip()]
    if not text:
        return None
    if kind == "truth":
        word = text.casefold()
        return True if word in _YES else False if word in _NO else cell
    if kind == "whole":
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else cell
    return cell


def write(value: object) -> str | None:
    """A value as a cell; None if no cell can say it."""
    if isinstance(value, list | tuple):
        parts = [write(part) for part in value]
        sayable = all(part and _BETWEEN not in part for part in parts)
        return f"{_BETWEEN} ".join(map(str, parts)) if sayable else None
    if value is None or isinstance(value, bool):
        return {None: "", True: "yes", False: "no"}[value]
    return str(value) if isinstance(value, str | int | float) else None


def nested(cells: Mapping[str, str], kinds: Mapping[str, Cell]) -> dict[str, Any]:
    """The cells of a row as a record; columns without a kind are text."""
    found: dict[str, Any] = {}
    for name, cell in cells.items():
        value, here = read(kinds.get(name, "text"), cell), found
        if "." in name:
            *parents, name = name.split(".")  # noqa: PLW2901 - its last part
            for parent in parents:
                here = here.setdefault(parent, {})
        here[name] = value
    return found
