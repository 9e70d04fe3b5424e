"""How the records of a statement are printed: each as an object, or many at once from the columns of their sheets."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any, Protocol

from emulator.http import json_text
from emulator.salesforce.sheets import Part, Sheets, Texts
from emulator.salesforce.table import Row

Getter = Callable[[Row], Any]


class Column(Protocol):
    """One key of the printed records and its value, but for the first key with the comma before it."""

    get: Getter
    """The value in one record."""

    def texts(self, part: Part, rows: Sequence[Row]) -> Iterable[Texts]:
        """Key and value in many records, as texts that stand side by side. `rows` are the part's records."""
        ...


class Stored:
    """A field as it is kept."""

    def __init__(self, name: str, get: Getter) -> None:
        self.get = get
        self._name = name
        self._null = b',"%b":null' % name.encode()
        self._missing = b',"%b":%b' % (name.encode(), json_text(get({})))

    def texts(self, part: Part, rows: Sequence[Row]) -> Iterable[Texts]:
        """Those of the sheet."""
        del rows
        found = part.column(self._name)
        if found is None:
            return (self._missing,)
        if self._missing == self._null or isinstance(found, bytes):
            return (found,)
        return ([self._missing if text == self._null else text for text in found],)


class Framed:
    """The Id, and the same around it in all records."""

    def __init__(self, before: str, after: str, get: Getter) -> None:
        self.get = get
        self._before, self._after = before.encode(), after.encode()

    def texts(self, part: Part, rows: Sequence[Row]) -> Iterable[Texts]:
        """Ids and what is around them."""
        del rows
        return self._before, part.keys, self._after


class Compound:
    """An object of stored fields, given as their names in it and of their own; null where all of them are."""

    def __init__(self, key: str, get: Getter, parts: Sequence[tuple[str, str]]) -> None:
        self.get = get
        self._null = b',"%b":null' % key.encode()
        opening = b',"%b":{' % key.encode()
        # What stands before each value, and the field that has the value after so many bytes of its text.
        self._parts = [
            (b'%b"%b":' % (b"," if at else opening, name.encode()), field, len(b',"%b":' % field.encode()))
            for at, (name, field) in enumerate(parts)
        ]
        self._nothing = b"null".join([*(before for before, _, _ in self._parts), b"}"])

    def texts(self, part: Part, rows: Sequence[Row]) -> Iterable[Texts]:
        """The fields' texts under other names."""
        del rows
        columns = [part.column(field) for _, field, _ in self._parts]
        count = 1 if all(column is None or isinstance(column, bytes) for column in columns) else part.count
        side: list[Iterable[bytes]] = []
        for column, (before, _, cut) in zip(columns, self._parts, strict=True):
            side.append(repeat(before, count))
            if column is None or isinstance(column, bytes):
                side.append(repeat(column[cut:] if column else b"null", count))
            else:
                side.append([text[cut:] for text in column])
        joined = map(b"".join, zip(*side, repeat(b"}", count), strict=True))
        texts = [self._null if text == self._nothing else text for text in joined]
        return (texts[0] if count == 1 else texts,)


class Made:
    """A value that is worked out. `field` is the stored field that alone decides it while a request is answered, if any."""

    def __init__(self, key: str, get: Getter, field: str | None = None) -> None:
        self.get = get
        self._head = b',"%b":' % key.encode()
        self._field = field

    def texts(self, part: Part, rows: Sequence[Row]) -> Iterable[Texts]:
        """Worked out once for all records in which it has to be the same."""
        head, get, field = self._head, self.get, self._field
        if field is None:
            return ([head + json_text(get(row)) for row in rows],)
        if not isinstance(part.column(field), tuple):
            return (head + json_text(get(rows[0])),)
        known: dict[Any, bytes] = {}
        texts: list[bytes] = []
        for row in rows:
            value = row.get(field)
            text = known.get(value)
            if text is None:
                text = known[value] = head + json_text(get(row))
            texts.append(text)
        return (texts,)


_BETWEEN = b"},"
"""From one record to the next."""


class Printing:
    """The select list of a statement: its columns by key, `attributes` first.

    `names` are the fields in their order, parents' fields as `Account.Name`.
    """

    def __init__(self, columns: Mapping[str, Column], names: tuple[str, ...], sheets: Sheets) -> None:
        self.names = names
        self._pairs = tuple((key, column.get) for key, column in columns.items())
        self._columns = tuple(columns.values())
        self._sheets = sheets

    def show(self, row: Row) -> dict[str, Any]:
        """One record as an object."""
        return {key: get(row) for key, get in self._pairs}

    def text(self, rows: Sequence[Row], head: bytes, tail: bytes) -> bytes:
        """The records as JSON with commas between them, within a head and a tail."""
        texts: list[bytes] = []
        for part, start, after in self._runs(rows):
            before, behind = b"" if start else head, b"," if after < len(rows) else tail
            if part is None:
                texts += (before, json_text([self.show(row) for row in rows[start:after]])[1:-1], behind)
            else:
                texts.append(self._together(part, rows[start:after], before, behind))
        return b"".join(texts) if texts else head + tail

    def _runs(self, rows: Sequence[Row]) -> Iterator[tuple[Part | None, int, int]]:
        """The records cut where sheets can help and where they cannot: a part of a sheet or none, from where, to where."""
        start = alone = 0
        while start < len(rows):
            part = self._sheets.part(rows, start)
            if part is None:
                start += 1
                continue
            if alone < start:
                yield None, alone, start
            yield part, start, start + part.count
            start = alone = start + part.count
        if alone < start:
            yield None, alone, start

    def _together(self, part: Part, rows: Sequence[Row], before: bytes, behind: bytes) -> bytes:
        """Records side by side: each column's texts are put where they stand in every record, all at once."""
        side: list[Texts] = [_BETWEEN]
        for column in self._columns:
            for texts in column.texts(part, rows):
                # What all records have at neighbouring places becomes one text.
                if isinstance(texts, bytes) and isinstance(side[-1], bytes):
                    side[-1] += texts
                else:
                    side.append(texts)
        pieces = [texts if isinstance(texts, bytes) else b"" for texts in side] * part.count
        for at, texts in enumerate(side):
            if not isinstance(texts, bytes):
                pieces[at :: len(side)] = texts
        pieces[0] = before + pieces[0].removeprefix(_BETWEEN)
        pieces.append(b"}" + behind)
        return b"".join(pieces)
