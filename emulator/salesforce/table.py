"""Where records are kept: plain dicts, and indexes that are built when first asked for.

A stored record is never changed in place: a write puts a new dict, so a page that was read stays as it was and undoing
a write is putting the old dict back. Values are kept in the form in which JSON prints them; null is an absent key.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from itertools import filterfalse
from operator import itemgetter
from typing import Any

from emulator.salesforce.sheets import SIZE, Sheets

Row = dict[str, Any]

_HIGHEST = "\U0010ffff"
_DELETED = itemgetter("IsDeleted")


class Table:
    """The records of one object, deleted ones included until they are purged.

    `sheets` are the texts of the records in the order of Ids, `sheet` records on each; the last ones do not fill one yet.
    """

    __slots__ = (
        "_arranged",
        "_deleted",
        "_equal",
        "_ids",
        "_ids_dirty",
        "_latest",
        "_loose",
        "_rising",
        "_sheet",
        "_stale",
        "_stamps",
        "_stamps_dirty",
        "rows",
        "sheets",
    )

    def __init__(self, *, sheet: int = SIZE) -> None:
        self.rows: dict[str, Row] = {}
        self.sheets = Sheets()
        self._sheet = sheet
        self._loose = 0
        self._deleted = 0
        self._ids: list[str] = []
        self._ids_dirty = False
        # Whether `rows` are in the order of Ids themselves.
        self._arranged = True
        # While every record is later than those with lower Ids, the order of Ids is the order of stamps too.
        self._rising = True
        self._latest = ""
        # Entries of records that moved on stay in the list and are skipped: moving them would cost a search each.
        self._stamps: list[tuple[str, str]] | None = None
        self._stamps_dirty = False
        self._stale = 0
        self._equal: dict[str, dict[str, str | dict[str, None]]] = {}

    def copy(self) -> "Table":
        """A table of the same records."""
        made = Table(sheet=self._sheet)
        made.rows, made._ids = dict(self.rows), list(self.ids())
        made.sheets, made._loose, made._deleted = self.sheets.copy(), self._loose, self._deleted
        made._arranged, made._rising, made._latest = self._arranged, self._rising, self._latest
        return made

    def put(self, row: Row) -> None:
        """Store a record; one with the same Id is replaced."""
        id_, stamp = row["Id"], row["SystemModstamp"]
        old = self.rows.get(id_)
        self.rows[id_] = row
        self._deleted += row["IsDeleted"] - (old is not None and old["IsDeleted"])
        if old is None:
            self._append(id_, stamp)
        elif old["SystemModstamp"] != stamp:
            self._rising = False
        if self._stamps is not None and (old is None or old["SystemModstamp"] != stamp):
            self._note_stamp(self._stamps, (stamp, id_), moved=old is not None)
        for name, index in self._equal.items():
            self._reindex(index, id_, old.get(name) if old else None, row.get(name))

    def _append(self, id_: str, stamp: str) -> None:
        if self._ids and id_ < self._ids[-1]:
            self._ids_dirty = True
            self._arranged = self._rising = False
        self._ids.append(id_)
        self._rising = self._rising and stamp >= self._latest
        self._latest = stamp
        self._loose += 1
        if self._loose >= self._sheet:
            self._fill_sheets()

    def _fill_sheets(self) -> None:
        # Records with lower Ids that come late stay on no sheet: they are printed one by one.
        ids, size = self.ids(), self._sheet
        start = bisect_right(ids, self.sheets.last)
        for at in range(start, len(ids) - size + 1, size):
            self.sheets.add([self.rows[id_] for id_ in ids[at : at + size]])
        self._loose = (len(ids) - start) % size

    def drop(self, id_: str) -> None:
        """Forget a record altogether."""
        old = self.rows.pop(id_, None)
        if old is None:
            return
        self._deleted -= old["IsDeleted"]
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

    def live(self, rows: Iterable[Row]) -> Iterable[Row]:
        """Those of the records that are not deleted."""
        return filterfalse(_DELETED, rows) if self._deleted else rows

    def after_id(self, bound: str, *, inclusive: bool) -> Iterator[Row]:
        """Records whose Id is above (or equal to) a bound, in order."""
        return self._from(bisect_left(self.ids(), bound) if inclusive else bisect_right(self.ids(), bound))

    def _from(self, place: int) -> Iterator[Row]:
        """All records from a place in the order of Ids."""
        ids, rows = self.ids(), self.rows
        if place == 0 and self._arranged:
            return iter(rows.values())
        return map(rows.__getitem__, map(ids.__getitem__, range(place, len(ids))))

    def from_stamp(self, bound: tuple[str, str]) -> Iterator[Row]:
        """Records whose (SystemModstamp, Id) is not below a bound, in that order."""
        rows = self.rows
        if self._rising:
            return self._from(bisect_left(self.ids(), bound, key=lambda id_: (rows[id_]["SystemModstamp"], id_)))
        stamps = self._sorted_stamps()
        return self._standing(stamps[at] for at in range(bisect_left(stamps, bound), len(stamps)))

    def before_stamp(self, bound: str) -> Iterator[Row]:
        """Records whose SystemModstamp is not above a bound, latest first."""
        stamps = self._sorted_stamps()
        return self._standing(stamps[at] for at in range(bisect_right(stamps, (bound, _HIGHEST)) - 1, -1, -1))

    def _standing(self, entries: Iterable[tuple[str, str]]) -> Iterator[Row]:
        """The records of those entries that have not moved on."""
        rows = self.rows
        for stamp, id_ in entries:
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
            if len(self._stamps) > len(self.rows):
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
