"""A table in a file: which letters and which delimiter it is written with, its rows one by one, and cells that are no formulas.

A spreadsheet carries out a cell that begins with one of ``= + - @``, a tab or a line break. What we write gets an apostrophe
before such a text, and before one that begins with apostrophes and then so; reading takes that one apostrophe away.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from connector.career.drop.codepages import page_of

FORMULA = frozenset(
    "=+-@\t\r\n\0\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
)
DELIMITERS = (",", ";", "\t", "|")

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SHAPED = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
"""What is built like a letter of UTF-8, whether or not there is such a letter."""
_ASCII = bytes(range(128))
_PLAIN_NUMBER = re.compile(r"[+-]?[\d\s().,/-]+")
_CHUNK = 1 << 20
_SAMPLE = 1 << 16
_LONGEST = 131_072
"""Letters in one cell, as the csv module has it; a longer cell is a quotation mark that nobody closed."""


class Unusable(Exception):
    """A file that cannot be taken at all. ``reason`` is a sentence for whoever put it there."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The columns that a kind of file may have, and those that it must have. ``open`` is a prefix that any name may follow."""

    known: frozenset[str]
    required: frozenset[str]
    open: tuple[str, ...] = ()

    def allow(self, name: str) -> bool:
        """Whether there is such a column."""
        return name in self.known or any(name.startswith(prefix) and len(name) > len(prefix) for prefix in self.open)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How a file is written. ``skip`` are lines before its header; ``odd``: its rows may hold letters that are none."""

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    skip: int = 0
    odd: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row. ``line`` is where it begins, from 1; ``fault`` says why its cells cannot be told apart, and then it has none."""

    line: int
    cells: Mapping[str, str]
    fault: str = ""


def form_of(file: BinaryIO, columns: Columns, *, legacy: str = "") -> Form:
    """How a file is written. ``legacy``: what a file that is no Unicode is written with; empty: nobody knows.

    Raises:
        Unusable: its letters cannot be told, or its columns are not those of such a file.
    """
    codec, odd = _encoding_of(file, legacy)
    file.seek(0)
    try:
        text = _text_of(file, codec)
        first = text.readline(_LONGEST)
        skip = 1 if first.lower().startswith("sep=") else 0
        line = text.readline(_LONGEST) if skip else first
        text.detach()
    except (UnicodeError, LookupError):
        raise Unusable(f"it cannot be read as {codec}") from None
    delimiter, header = _header_of(line, columns)
    _judge_header(header, columns)
    return Form(encoding=codec, delimiter=delimiter, header=header, skip=skip, odd=odd)


def rows_of(file: BinaryIO, form: Form) -> Iterator[Row]:
    """Each row, in order; rows without any cell are passed over. What cannot be read spoils its own row.

    The file is read as the rows are asked for, however large it is.
    """
    file.seek(0)
    text = _text_of(file, form.encoding)
    try:
        yield from _rows(text, form)
    finally:
        if not file.closed:
            text.detach()  # else the file would be closed with it


def _rows(text: io.TextIOWrapper, form: Form) -> Iterator[Row]:
    reader = csv.reader(text, delimiter=form.delimiter, strict=True)
    try:
        for _ in range(form.skip + 1):
            next(reader, None)
    except csv.Error:
        raise Unusable("its first lines cannot be read: a quotation mark that nobody closed, or a name without end") from None
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as reason:
            if "field limit" in str(reason):
                # The next lines are of the same cell, written by whoever wrote that: they are no rows.
                yield Row(
                    line=line, cells={}, fault=f"a cell of more than {_LONGEST} letters: from here on the file cannot be read"
                )
                return
            yield Row(line=line, cells={}, fault=f"its quotation marks do not match, up to line {reader.line_num} ({reason})")
            continue
        except UnicodeError:
            yield Row(line=line, cells={}, fault="from here on the file cannot be read")
            return
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(form.header):
            yield Row(line=line, cells={}, fault=_miscounted(len(cells), len(form.header), line, reader.line_num))
            continue
        yield Row(
            line=line, cells=dict(zip(form.header, [told(cell) if cell[:1] == "'" else cell for cell in cells], strict=True))
        )


def _miscounted(cells: int, header: int, first: int, last: int) -> str:
    """Why a row from its first to its last line is none."""
    swallowed = f"; a quotation mark makes one cell of what stands up to line {last}" if last > first else ""
    return f"it has {cells} cells, and the header {header}{swallowed}"


def _text_of(file: BinaryIO, codec: str) -> io.TextIOWrapper:
    # a letter that cannot be read is kept as half a character, which spoils its row and no other
    errors = "surrogateescape" if codec.startswith("utf-8") else "surrogatepass" if codec.startswith("utf") else "strict"
    return io.TextIOWrapper(file, encoding=codec, errors=errors, newline="")


def _encoding_of(file: BinaryIO, legacy: str) -> tuple[str, bool]:
    """The codec, and whether its rows may hold letters that are none: halves, and NUL."""
    file.seek(0)
    start = file.read(4)
    for mark, codec in _MARKS:
        if start.startswith(mark):
            return codec, True
    if b"\0" in start:
        raise Unusable("it looks like UTF-16 without a mark of its own: save it as CSV UTF-8")
    seen = _look_through(file)
    if seen.sound:
        return "utf-8", seen.nul
    shaped = sum(map(len, _SHAPED.findall(seen.sample)))
    if shaped * 2 >= len(seen.sample.translate(None, _ASCII)):
        return "utf-8", True
    page = legacy or page_of(seen.sample, bytes(sorted(seen.used)))
    if not page:
        raise Unusable("its letters are no UTF-8, and nobody can tell what else: save it as CSV UTF-8, or name its encoding")
    return page, seen.nul


@dataclass(slots=True, kw_only=True)
class _Seen:
    """What a walk through the bytes of a file has shown. ``sound``: they are UTF-8; ``sample``: lines beyond English."""

    sound: bool = True
    nul: bool = False
    used: set[int] = field(default_factory=set)
    sample: bytes = b""


def _look_through(file: BinaryIO) -> _Seen:
    file.seek(0)
    decoder, seen = codecs.getincrementaldecoder("utf-8")("strict"), _Seen()
    while piece := file.read(_CHUNK):
        if seen.sound:
            try:
                decoder.decode(piece)
            except UnicodeDecodeError:
                seen.sound = False
        seen.nul = seen.nul or b"\0" in piece
        seen.used.update(piece.translate(None, _ASCII))
        if len(seen.sample) < _SAMPLE and not piece.isascii():
            seen.sample += b"\n".join(line for line in piece.splitlines() if not line.isascii())[:_SAMPLE]
    return seen


def _header_of(line: str, columns: Columns) -> tuple[str, tuple[str, ...]]:
    """The delimiter that makes the most of the first line, and the columns that it makes."""
    found: list[tuple[int, str, tuple[str, ...]]] = []
    for delimiter in DELIMITERS:
        try:
            cells = next(csv.reader([line], delimiter=delimiter, strict=True), [])
        except csv.Error:
            continue
        names = tuple(cell.strip().casefold() for cell in cells)
        found.append((sum(columns.allow(name) for name in names), delimiter, names))
    known, delimiter, names = max(found, key=lambda one: one[0], default=(0, "", ()))
    if not known:
        raise Unusable("its first line names none of the columns")
    return delimiter, names


def _judge_header(header: Sequence[str], columns: Columns) -> None:
    doubled = sorted({name for name in header if header.count(name) > 1})
    foreign = sorted({name for name in header if not columns.allow(name)} - set(doubled))
    missing = sorted(columns.required - set(header))
    parents = sorted({name for name in header if any(other.startswith(f"{name}.") for other in header)})
    faults = (("twice", doubled), ("unknown", foreign), ("missing", missing), ("with columns below them", parents))
    said = [f"{word}: {', '.join(name or '(no name)' for name in names)}" for word, names in faults if names]
    if said:
        raise Unusable(f"its columns are not as they should be ({'; '.join(said)[:400]})")


def neutral(text: str) -> str:
    """A text as a cell that no spreadsheet carries out."""
    return f"'{text}" if _acts(text) else text


def told(cell: str) -> str:
    """The text of a cell; the other way round of ``neutral``."""
    return cell[1:] if cell[:1] == "'" and _acts(cell) else cell


def suspicious(text: str) -> bool:
    """Whether a text from outside begins like a formula and is no plain number, which telephone numbers are."""
    return text[:1] in FORMULA and text != "" and _PLAIN_NUMBER.fullmatch(text) is None


def _acts(text: str) -> bool:
    return text.lstrip("'")[:1] in FORMULA and text.lstrip("'") != ""


def write_rows(
    file: BinaryIO, header: Sequence[str], rows: Iterable[Sequence[str]], *, cell: Callable[[str], str] = neutral
) -> None:
    """Write a table as RFC 4180 has it: UTF-8, commas, quotation marks where needed, every line ended."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(map(cell, row) for row in rows)
    text.flush()
    text.detach()
