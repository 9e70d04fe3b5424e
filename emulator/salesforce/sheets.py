"""Records side by side as columns of JSON texts: a page of any select list is put together without a look at each record.

Printing a record costs microseconds; joining texts that are there already costs a tenth of that. The texts are made when
records are written, so the first reading of a statement is as quick as any other.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from itertools import chain, islice
from operator import indexOf, is_, itemgetter
from typing import Any

from emulator.http import json_text

Record = Mapping[str, Any]
Texts = bytes | Sequence[bytes]
"""One text that all records have, or a text for each."""

SIZE = 2_000
"""Records on a sheet, as on a page."""
FEW = 10
"""Fewer records are printed quicker one by one than put together."""
MANY = 60
"""As many that stand next to each other on a sheet are worth to be put together by themselves."""

_SHARED = frozenset({str, bool, type(None)})


class Sheet:
    """Some records in the order of their Ids, which `keys` are as bytes, and each of their fields as texts.

    `columns` has texts such as `,"LastName":"Lovelace"` by field, and nothing for a field that is null in all records.
    Stored records are never changed in place, so the texts are true of the very objects that `records` holds.
    """

    __slots__ = ("columns", "ids", "keys", "records")

    def __init__(self, records: list[Record]) -> None:
        self.records = records
        self.ids: list[str] = [record["Id"] for record in records]
        self.keys = tuple(id_.encode() for id_ in self.ids)
        self.columns: dict[str, Texts] = {}
        for name in _fields(records):
            self._write(name, dict(enumerate(records)))

    def copy(self) -> "Sheet":
        """A sheet of the same records, which from now on holds what it is told to."""
        made = copy(self)
        made.records, made.columns = list(self.records), dict(self.columns)
        return made

    def hold(self, changed: Mapping[int, Record]) -> None:
        """Hold another state of the records at some places."""
        for name in _fields((*changed.values(), self.columns)):
            moved = {at: each for at, each in changed.items() if each.get(name) is not self.records[at].get(name)}
            if moved:
                self._write(name, moved)
        for at, record in changed.items():
            self.records[at] = record

    def _write(self, name: str, changed: Mapping[int, Record]) -> None:
        null = b',"%b":null' % name.encode()
        known = self.columns.pop(name, null)
        texts = [known] * len(self.ids) if isinstance(known, bytes) else list(known)
        for at, text in zip(changed, _texts(name, changed.values()), strict=True):
            texts[at] = text
        if texts.count(texts[0]) < len(texts):
            self.columns[name] = tuple(texts)
        elif texts[0] != null:
            self.columns[name] = texts[0]

    def places(self, records: Sequence[Record], start: int) -> list[int]:
        """Where the records from `start` on stand, as far as they are those of this sheet."""
        ids, places, place = self.ids, list[int](), -1
        for at in range(start, len(records)):
            id_: str = records[at]["Id"]
            # Mostly the next one.
            place += 1
            if place >= len(ids) or ids[place] != id_:
                place = bisect_left(ids, id_)
                if place == len(ids) or ids[place] != id_:
                    break
            places.append(place)
        return places


def _fields(records: Iterable[Iterable[str]]) -> list[str]:
    """The names of fields in any of the records; what begins with _ is for the emulator's own use."""
    return [name for name in dict.fromkeys(chain.from_iterable(records)) if name != "Id" and not name.startswith("_")]


def _texts(name: str, records: Iterable[Record]) -> list[bytes]:
    head = b',"%b":' % name.encode()
    known: dict[Any, bytes] = {}
    texts: list[bytes] = []
    for record in records:
        value = record.get(name)
        text = known.get(value) if type(value) in _SHARED else None
        if text is None:
            text = head + json_text(value)
            # Not numbers: 1 and 1.0, 0.0 and -0.0 are equal and print differently.
            if type(value) in _SHARED:
                known[value] = text
        texts.append(text)
    return texts


@dataclass(frozen=True, slots=True)
class Part:
    """Some records of a sheet: `count` of them, at `places`."""

    sheet: Sheet
    places: slice | Sequence[int]
    count: int

    @property
    def keys(self) -> Sequence[bytes]:
        """Their Ids."""
        return self._pick(self.sheet.keys)

    def column(self, name: str) -> Texts | None:
        """A field's texts; None when all of the sheet are null."""
        texts = self.sheet.columns.get(name)
        return self._pick(texts) if isinstance(texts, tuple) else texts

    def _pick(self, whole: tuple[bytes, ...]) -> Sequence[bytes]:
        if isinstance(self.places, slice):
            return whole[self.places]
        picked: tuple[bytes, ...] = itemgetter(*self.places)(whole)
        return picked


class Sheets:
    """The sheets of one table, in the order of Ids."""

    __slots__ = ("_first", "_sheets", "last")

    def __init__(self) -> None:
        self._sheets: list[Sheet] = []
        self._first: list[str] = []
        self.last = ""
        """The highest Id on any sheet."""

    def copy(self) -> "Sheets":
        """The same sheets for a table of the same records."""
        made = Sheets()
        made._sheets, made._first, made.last = [sheet.copy() for sheet in self._sheets], list(self._first), self.last
        return made

    def add(self, records: list[Record]) -> None:
        """A new sheet with records beyond the last."""
        sheet = Sheet(records)
        self._sheets.append(sheet)
        self._first.append(sheet.ids[0])
        self.last = sheet.ids[-1]

    def part(self, records: Sequence[Record], start: int) -> Part | None:
        """The records from `start` on, as far as one sheet has them; None when those are few."""
        first: str = records[start]["Id"]
        at = bisect_right(self._first, first) - 1
        if at < 0 or first > self.last:
            return None
        sheet, enough = self._sheets[at], start + FEW - 1
        if enough >= len(records) or not sheet.ids[0] <= records[enough]["Id"] <= sheet.ids[-1]:
            return None
        place = bisect_left(sheet.ids, first)
        if sheet.ids[place : place + 2] == [first, records[start + 1]["Id"]]:
            count = _neighbours(sheet, place, records, start)
            if count >= MANY:
                return Part(sheet, slice(place, place + count), count)
        places = sheet.places(records, start)
        if len(places) < FEW:
            return None
        pairs = zip(places, records[start : start + len(places)], strict=True)
        sheet.hold({place: record for place, record in pairs if sheet.records[place] is not record})
        return Part(sheet, places, len(places))


def _neighbours(sheet: Sheet, place: int, records: Sequence[Record], start: int) -> int:
    """How many of the records from `start` on stand on the sheet in a row from `place` on; it holds them then."""
    most = min(len(sheet.ids) - place, len(records) - start)
    same = map(is_, islice(sheet.records, place, place + most), islice(records, start, None))
    count = indexOf(chain(same, (False,)), False)
    changed: dict[int, Record] = {}
    while count < most:
        record = records[start + count]
        if record is not sheet.records[place + count]:
            if record["Id"] != sheet.ids[place + count]:
                break
            changed[place + count] = record
        count += 1
    if changed:
        sheet.hold(changed)
    return count
