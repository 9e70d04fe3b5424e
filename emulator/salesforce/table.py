"""Where records are kept: plain dicts, and indexes that are built when first asked for.

A stored record is never changed in place: a write puts a new dict, so a page that was read stays as it was and undoing
a write is putting the old dict back. Values are kept in the form in which JSON prints them; null is an absent key.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from typing import Any

Row = dict[str, Any]

_HIGHEST = "\U0010ffff"


class Table:
    """The records of one object, deleted ones included until they are purged."""

    __slots__ = ("_equal", "_ids", "_ids_dirty", "_stale", "_stamps", "_stamps_dirty", "rows")

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self._ids: list[str] = []
        self._ids_dirty = False
        # Entries of records that moved on stay in the list and are skipped: moving them would cost a search each.
        self._stamps: list[tuple[str, str]] | None = None
        self._stamps_dirty = False
        self._stale = 0
        self._equal: dict[str, dict[str, str | dict[str, None]]] = {}

    def copy(self) -> "Table":
        """A table of the same records."""
        made = Table()
        made.rows = dict(self.rows)
        made._ids = list(self.ids())
        return made

    def put(self, row: Row) -> None:
        """Store a record; one with the same Id is replaced."""
        id_ = row["Id"]
        old = self.rows.get(id_)
        self.rows[id_] = row
        if old is None:
            if self._ids and id_ < self._ids[-1]:
                self._ids_dirty = True
            self._ids.append(id_)
        if self._stamps is not None and (old is None or old["SystemModstamp"] != row["SystemModstamp"]):
            self._note_stamp(self._stamps, (row["SystemModstamp"], id_), moved=old is not None)
        for name, index in self._equal.items():
            self._reindex(index, id_, old.get(name) if old else None, row.get(name))

    def drop(self, id_: str) -> None:
        """Forget a record altogether."""
        old = self.rows.pop(id_, None)
        if old is None:
            return
        self._ids.pop(bisect_left(self.ids(), id_))
        self._stale += 1
        for name, index in self._equal.items():
            self._reindex(index, id_, old.get(name), None)

    def ids(self) -> list[str]:
        """All ids in their order. Do not change the list."""
        if self._ids_dirty:
            self._ids.sort()
            self._ids_dirty = False
        return self._ids

    def after_id(self, bound: str, *, inclusive: bool) -> Iterator[Row]:
        """Records whose Id is above (or equal to) a bound, in order."""
        ids = self.ids()
        start = bisect_left(ids, bound) if inclusive else bisect_right(ids, bound)
        for at in range(start, len(ids)):
            yield self.rows[ids[at]]

    def from_stamp(self, bound: tuple[str, str]) -> Iterator[Row]:
        """Records whose (SystemModstamp, Id) is not below a bound, in that order."""
        stamps = self._sorted_stamps()
        rows = self.rows
        for at in range(bisect_left(stamps, bound), len(stamps)):
            stamp, id_ = stamps[at]
            row = rows.get(id_)
            if row is not None and row["SystemModstamp"] == stamp:
                yield row

    def before_stamp(self, bound: str) -> Iterator[Row]:
        """Records whose SystemModstamp is not above a bound, latest first."""
        stamps = self._sorted_stamps()
        rows = self.rows
        for at in range(bisect_right(stamps, (bound, _HIGHEST)) - 1, -1, -1):
            stamp, id_ = stamps[at]
            row = rows.get(id_)
            if row is not None and row["SystemModstamp"] == stamp:
                yield row

    def equal(self, field: str, values: Iterable[object]) -> Iterator[Row]:
        """Records whose field has one of these values, compared without regard to case."""
        index = self._equal.get(field)
        if index is None:
            index = self._equal[field] = {}
            for id_, row in self.rows.items():
                self._reindex(index, id_, None, row.get(field))
        seen: set[str] = set()
        for value in values:
            bucket = index.get(index_key(value) or "", ())
            for id_ in (bucket,) if isinstance(bucket, str) else tuple(bucket):
                if id_ not in seen:
                    seen.add(id_)
                    yield self.rows[id_]

    def _sorted_stamps(self) -> list[tuple[str, str]]:
        if self._stamps is None or self._stale > len(self.rows) + 1000:
            self._stamps = [(row["SystemModstamp"], id_) for id_, row in self.rows.items()]
            self._stamps_dirty = True
            self._stale = 0
        if self._stamps_dirty:
            self._stamps.sort()
            # A record that moved away from a stamp and back again has the same entry twice.
            self._stamps = list(dict.fromkeys(self._stamps))
            self._stamps_dirty = False
        return self._stamps

    def _note_stamp(self, stamps: list[tuple[str, str]], entry: tuple[str, str], *, moved: bool) -> None:
        self._stale += moved
        if not stamps or stamps[-1] < entry:
            stamps.append(entry)
        elif self._stamps_dirty or len(stamps) - bisect_left(stamps, entry) > 5_000:
            stamps.append(entry)
            self._stamps_dirty = True
        else:
            at = bisect_left(stamps, entry)
            if stamps[at] != entry:
                insort(stamps, entry)

    @staticmethod
    def _reindex(index: dict[str, str | dict[str, None]], id_: str, old: object, new: object) -> None:
        before, after = index_key(old), index_key(new)
        if before == after:
            return
        if before is not None and (bucket := index.get(before)) is not None:
            if isinstance(bucket, str):
                del index[before]
            else:
                bucket.pop(id_, None)
        if after is not None:
            known = index.setdefault(after, id_)
            # Most values have one record: only the second makes a bucket.
            if isinstance(known, dict):
                known[id_] = None
            elif known != id_:
                index[after] = {known: None, id_: None}


def index_key(value: object) -> str | None:
    """What a value is looked up by: text without its case, numbers as text; None for null."""
    if value is None:
        return None
    return value.casefold() if isinstance(value, str) else str(float(value)) if isinstance(value, int | float) else None
