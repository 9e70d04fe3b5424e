"""Files that are handed over: numbered, never rewritten, each whole or not there; the same line is handed over once.

Each line has a key in its last column. A line whose key stands in the newest file was handed over by a process that died before
it could say so. Numbers go on where our ledger says, also when somebody has taken all files away.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO

from connector.career.drop.folder import Folder
from connector.career.drop.sheet import Columns, Unusable, form_of, rows_of, write_rows

KEY = "key"
_LEDGER = ".alumni-bridge.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: its key, and its cells by column; a column that it does not name is empty."""

    key: str
    cells: Mapping[str, str]


def key_of(*parts: object) -> str:
    """A short key for what these say."""
    return sha256(json.dumps(parts, sort_keys=True, default=str).encode("utf-8", "backslashreplace")).hexdigest()[:20]


class Outbox:
    """The numbered files of one name, ``STEM-000001.csv`` and so on, in one folder."""

    def __init__(self, folder: Folder, stem: str) -> None:
        self._folder, self._stem = folder, stem
        self._name = re.compile(rf"{re.escape(stem)}-(\d{{6,}})\.csv", re.IGNORECASE)

    def hand_over(self, header: Sequence[str], lines: Sequence[Line]) -> str:
        """Write the lines that were not handed over before into the next file; its name, empty if there was nothing to write.

        Raises:
            Later: the file certainly did not appear.
            Unknown: it appeared, and may be gone after a power failure.
            Halt: the folder cannot be used.
        """
        with self._folder.guarded():
            number = self._newest()
            known = self._keys(number)
            fresh = [line for line in lines if line.key not in known]
            if not fresh:
                return ""
            name = self._file(number + 1)
            rows = ([*(line.cells.get(column, "") for column in header), line.key] for line in fresh)
            self._folder.put(name, lambda file: write_rows(file, [*header, KEY], rows))
            self._note(number + 1)
        return name

    def _file(self, number: int) -> str:
        return f"{self._stem}-{number:06}.csv"

    def _newest(self) -> int:
        there = [int(found[1]) for name in self._folder.entries() if (found := self._name.fullmatch(name))]
        return max([self._ledger().get(self._stem, 0), *there])

    def _keys(self, number: int) -> frozenset[str]:
        """The keys in a file; none if somebody has taken it away, or changed it."""
        columns = Columns(known=frozenset({KEY}), required=frozenset({KEY}), open=("",))
        try:
            with self._folder.open(self._file(number)) as file:
                return frozenset(row.cells[KEY] for row in rows_of(file, form_of(file, columns)) if not row.fault)
        except (FileNotFoundError, Unusable):
            return frozenset()

    def _ledger(self) -> dict[str, int]:
        try:
            with self._folder.open(_LEDGER) as file:
                data = json.loads(file.read(10_000))
        except (FileNotFoundError, ValueError):
            return {}
        return {name: number for name, number in data.items() if isinstance(number, int)} if isinstance(data, dict) else {}

    def _note(self, number: int) -> None:
        ledger = json.dumps({**self._ledger(), self._stem: number}).encode()

        def write(file: BinaryIO) -> None:
            file.write(ledger)

        self._folder.put(_LEDGER, write, again=True)
