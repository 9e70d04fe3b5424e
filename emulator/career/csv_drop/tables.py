"""Tables as a spreadsheet or a database writes them, and tables of the bridge as an importer reads them."""

import csv
import io
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from emulator.career.fields import FLAGS, LISTS, PERSON, empty_person, get

TRUTHS = frozenset({*FLAGS, "consents.career_asks", "consents.mentoring", "consents.events", "consents.surveys"})
WHOLE = frozenset({"class_year", "mentor_capacity", "count", "effort_minutes"})
PEOPLE = ("id", "primary_account_id", "state", *PERSON)
REQUESTS = (
    *(
        "id",
        "type",
        "direction",
        "title",
        "text",
        "details",
        "need_by",
        "person_id",
        "named",
        "count",
        "effort_minutes",
        "urgent",
    ),
    *("state", "created_at", "requested_by.name", "requested_by.email", "requested_by.unit"),
    *("person_hint.name", "person_hint.email", "person_hint.class_year"),
)
FORMULA = "=+-@\t\r\n\0＝＋－＠"  # noqa: RUF001 - full-width forms are meant
"""What a spreadsheet takes for the beginning of a formula."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How an office's program writes its tables.

    ``columns``: these alone, in this order; ``reverse``: the last row first; ``half``: it dies in the middle of writing;
    ``preface``: the line by which a spreadsheet says its delimiter; ``older``: seconds that the file is older than now.
    """

    name: str = ""
    encoding: str = "utf-8"
    delimiter: str = ","
    newline: str = "\r\n"
    columns: tuple[str, ...] = ()
    reverse: bool = False
    preface: bool = False
    half: bool = False
    older: float = 0.0


def shown(path: str, value: object) -> str:
    """A value as the office's database prints it."""
    if value is None:
        return ""
    if path in TRUTHS or isinstance(value, bool):
        return "yes" if value else "no"
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)


def understood(path: str, text: str) -> Any:  # noqa: ANN401 - JSON
    """A cell as a value of an account."""
    if path in LISTS:
        return [part.strip() for part in text.split(";") if part.strip()]
    if not text:
        return None
    if path in TRUTHS:
        return {"yes": True, "no": False}[text]
    return int(text) if path in WHOLE else text


def flat(record: Mapping[str, Any], columns: Sequence[str]) -> dict[str, str]:
    """A record as a row."""
    return {column: shown(column, get(record, column)) for column in columns}


def put_table(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, str]], manner: Manner, now: datetime) -> None:
    """Write a table aside and rename it, as careful programs do; ``half`` does neither."""
    chosen = manner.columns or tuple(columns)
    text = io.StringIO(newline="")
    if manner.preface:
        text.write(f"sep={manner.delimiter}{manner.newline}")
    writer = csv.writer(text, delimiter=manner.delimiter, lineterminator=manner.newline)
    writer.writerow(chosen)
    writer.writerows([row.get(column, "") for column in chosen] for row in (reversed(rows) if manner.reverse else rows))
    data = text.getvalue().encode(manner.encoding, "surrogatepass" if manner.encoding.startswith("utf") else "strict")
    if manner.half:
        path.write_bytes(data[: len(data) * 2 // 3].rstrip(b"\r\n"))
    else:
        part = path.with_name(path.name + ".part")
        part.write_bytes(data)
        part.rename(path)
    moment = now.timestamp() - manner.older
    os.utime(path, (moment, moment))


def numbered(folder: Path, stem: str) -> list[Path]:
    """The bridge's files of a name, in the order of their numbers."""
    found = [(int(match[1]), path) for path in folder.iterdir() if (match := re.fullmatch(rf"{stem}-(\d+)\.csv", path.name))]
    return [path for _, path in sorted(found)]


def table_of(path: Path, *, strips: bool) -> Iterator[dict[str, str]]:
    """The rows of one of the bridge's files. ``strips``: an apostrophe before what a spreadsheet would carry out goes."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, strict=True):
            yield {name: stripped(cell) if strips else cell for name, cell in row.items()}


def stripped(cell: str) -> str:
    """A cell without the apostrophe that keeps a spreadsheet from carrying it out."""
    return cell[1:] if cell.startswith("'") and cell.lstrip("'")[:1] in FORMULA and cell.lstrip("'") else cell


def empty_row() -> dict[str, str]:
    """An account of which nothing is known."""
    return flat(empty_person(), PEOPLE)
