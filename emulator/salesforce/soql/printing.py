"""Wide records as JSON, remembered as they were printed: large reads are repeated, and most records stay as they are."""

from collections.abc import Callable
from operator import itemgetter
from typing import Any

import orjson

from emulator.salesforce.table import Row

_ID = itemgetter("Id")


class Printing:
    """The records of one select list, as JSON texts.

    Records are never changed in place, so a record that is the same object, or has the same content, is printed the same.
    The first reading only takes note of what was read: many select lists are used once, and texts take memory.
    """

    __slots__ = ("_data", "_seen")

    def __init__(self) -> None:
        self._seen: dict[str, Row] = {}
        self._data: dict[str, bytes] = {}

    def texts(self) -> list[bytes]:
        """All that is remembered."""
        return list(self._data.values())

    def page(self, rows: list[Row], show: Callable[[Row], dict[str, Any]], *, remember: bool = False) -> list[bytes]:
        """The records, in parts to be joined by commas. With `remember` they are kept as if they had been read before."""
        ids = list(map(_ID, rows))
        if list(map(self._seen.get, ids)) != rows:
            for id_, row in zip(ids, rows, strict=True):
                if self._seen.get(id_) != row:
                    self._seen[id_] = row
                    self._data.pop(id_, None)
            if not remember:
                return [orjson.dumps([show(row) for row in rows])[1:-1]]
        parts = list(map(self._data.get, ids))
        if None in parts:
            for id_, row in zip(ids, rows, strict=True):
                if id_ not in self._data:
                    # A copy, since orjson's own result keeps a much larger buffer alive.
                    self._data[id_] = bytes(memoryview(orjson.dumps(show(row))))
        return list(map(self._data.__getitem__, ids))
