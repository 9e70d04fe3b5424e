"""A copied file as records: what each of its rows says, decided from the file alone, so that it can be decided again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import BinaryIO

from connector.career.drop.sheet import FORMULA, Columns, Row, form_of, rows_of, suspicious
from connector.career.payload import gone_of, record_of
from connector.ports import POISON, Record

TAKEN, UNCHANGED, PASSED_OVER, SET_ASIDE, REFUSED = "taken", "unchanged", "passed over", "set aside", "refused"
"""What becomes of a row, or of a whole file."""

_BITS = 27
"""Ids are first told apart by so many bits: 16 MB, however many rows there are."""


class PassedOver(Exception):
    """A row that is none of our business, with the reason. Who was known before counts as deleted from then on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What files of one kind are.

    Their names begin with ``stem``. ``record`` is the kind of record in a row, ``id`` the column with its id. ``shape`` makes
    native fields of a row's cells; None: the row says that the record is deleted; ValueError: nobody knows what it says;
    PassedOver: it is about nobody of ours.
    """

    record: str
    stem: str
    columns: Columns
    id: str
    shape: Callable[[Mapping[str, str]], dict[str, object] | None]
    version: Callable[[Mapping[str, object]], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What becomes of a row: its record if it has one to tell, the word for it, and why. ``line`` and ``id`` say which row."""

    line: int
    id: str
    result: str
    why: str = ""
    record: Record | None = None


class Table:
    """One copied file.

    Raises:
        Unusable: it cannot be taken at all.
    """

    def __init__(self, file: BinaryIO, kind: Kind, *, legacy: str) -> None:
        self._file, self._kind = file, kind
        self._form = form_of(file, kind.columns, legacy=legacy)
        self._doubled = self._in_several_rows()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __del__(self) -> None:
        self.close()  # a file that is being taken stays open from page to page

    def verdicts(self) -> Iterator[Verdict]:
        """One for each row, in order; the file is read as they are asked for. Only one such walk at a time."""
        met: set[int] = set()
        for row in rows_of(self._file, self._form):
            if row.fault:
                yield Verdict(line=row.line, id="", result=SET_ASIDE, why=row.fault)
                continue
            id = row.cells[self._kind.id].strip()
            short = _short(id)
            again = short in met
            if short in self._doubled:
                met.add(short)
            yield self._verdict(row, id, short, again=again)

    def _verdict(self, row: Row, id: str, short: int, *, again: bool) -> Verdict:
        if short in self._doubled and self._doubled[short] is None:
            why = "the same id stands in several rows that say different things"
            return Verdict(line=row.line, id=id, result=SET_ASIDE, why=why, record=None if again else self._poison(id, why))
        if again:
            return Verdict(line=row.line, id=id, result=UNCHANGED, why="the same row stands above")
        try:
            fields = self._kind.shape(row.cells)
        except PassedOver as reason:
            return Verdict(line=row.line, id=id, result=PASSED_OVER, why=str(reason), record=self._gone(id))
        except ValueError as reason:
            return Verdict(line=row.line, id=id, result=SET_ASIDE, why=str(reason), record=self._poison(id, str(reason)))
        gone, version = fields is None, "-" if fields is None else self._kind.version(fields)
        record = record_of(self._kind.record, fields or {}, record_id=id, version=version, odd=self._form.odd)
        if record.kind == POISON:
            return Verdict(line=row.line, id=id, result=SET_ASIDE, why=str(record.fields["reason"]), record=record)
        told = self._gone(id) if gone else record
        flagged = ", ".join(name for name, cell in row.cells.items() if cell[:1] in FORMULA and suspicious(cell))
        why = "deleted" if gone else f"begins like a formula: {flagged}" if flagged else ""
        return Verdict(line=row.line, id=id, result=TAKEN, why=why, record=told)

    def _gone(self, id: str) -> Record | None:
        """That a record is gone; nothing of an id by which none can be known."""
        gone = gone_of(self._kind.record, id)
        return None if gone.kind == POISON else gone

    def _poison(self, id: str, reason: str) -> Record:
        known = record_of(self._kind.record, {}, record_id=id, version="-", odd=False)
        return Record(kind=POISON, id=known.id, version="", fields={"reason": reason, "kind": self._kind.record})

    def _in_several_rows(self) -> dict[int, bytes | None]:
        """Ids that stand in several rows, with what all these rows say; None where they do not say the same.

        A first walk finds those that may, with a map of bits; a second one looks at these alone.
        """
        bits, maybe, mask = bytearray(1 << (_BITS - 3)), set[int](), (1 << _BITS) - 1
        for row in self._readable():
            short = _short(row.cells[self._kind.id].strip())
            place, bit = (short & mask) >> 3, 1 << (short & 7)
            if bits[place] & bit:
                maybe.add(short)
            bits[place] |= bit
        if not maybe:
            return {}
        said: dict[int, tuple[int, bytes | None]] = {}
        for row in self._readable():
            short = _short(row.cells[self._kind.id].strip())
            if short in maybe:
                content = _content(row)
                count, known = said.get(short, (0, content))
                said[short] = (count + 1, known if known == content else None)
        return {short: content for short, (count, content) in said.items() if count > 1}

    def _readable(self) -> Iterator[Row]:
        return (row for row in rows_of(self._file, self._form) if not row.fault)


def _short(id: str) -> int:
    return int.from_bytes(blake2b(id.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def _content(row: Row) -> bytes:
    return blake2b(repr(row.cells).encode("utf-8", "backslashreplace"), digest_size=16).digest()
