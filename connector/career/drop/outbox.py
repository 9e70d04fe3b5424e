"""Files that are handed over: numbered, never rewritten, each whole or not there; the same line is handed over once.

Each line has a key. A line whose key belongs to the newest file was handed over by a process that died before it could say so.
Keys stand in the last column, or, where a file must have no column of ours, in our ledger; lines that say the same are one line
there. Numbers go on where the ledger says, also when somebody has taken all files away: none is used twice, and one whose process
died on the way may be missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Annotated, BinaryIO

from pydantic import AwareDatetime, Field, TypeAdapter

from connector.career.drop.folder import Folder
from connector.career.drop.sheet import Columns, Unusable, form_of, neutral, rows_of, write_rows
from connector.errors import Later, Unknown
from connector.ports import Clock

KEY = "key"
_LARGEST = 16 * 1024 * 1024
_Number = Annotated[int, Field(ge=0, lt=10**9)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: its key, and its cells by column; a column that it does not name is empty."""

    key: str
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ledger:
    """What we remember of our files: the newest one's number and moment. Others write to this folder, too.

    ``begun`` is the number of a file that may or may not have appeared, ``keys`` those of its lines, where no column has them.
    """

    number: _Number = 0
    at: AwareDatetime | None = None
    begun: _Number = 0
    begun_at: AwareDatetime | None = None
    keys: tuple[str, ...] = ()


_LEDGER = TypeAdapter(_Ledger)


def key_of(*parts: object) -> str:
    """A short key for what these say."""
    return sha256(json.dumps(parts, sort_keys=True, default=str).encode("utf-8", "backslashreplace")).hexdigest()[:20]


class Outbox:
    """The numbered files of one name, ``STEM-000001.csv`` and so on, in one folder.

    Args:
        folder: where they go.
        stem: their name.
        clock: when they went.
        keyed: whether a column has the keys; else the ledger has them.
        cell: what becomes of each text before it is written; else it is made harmless for spreadsheets.
    """

    def __init__(
        self, folder: Folder, stem: str, clock: Clock, *, keyed: bool = True, cell: Callable[[str], str] = neutral
    ) -> None:
        self._folder, self._stem, self._clock, self._keyed, self._cell = folder, stem, clock, keyed, cell
        self._name = re.compile(rf"{re.escape(stem)}-(\d{{6,9}})\.csv", re.IGNORECASE | re.ASCII)
        self._ledger_name = f".{stem}.json"

    def last_at(self) -> datetime | None:
        """When the newest file was handed over; None if none ever was."""
        with self._folder.guarded():
            ledger = self._ledger()
            appeared = ledger.begun > ledger.number and self._file(ledger.begun) in self._folder.entries()
        return ledger.begun_at if appeared else ledger.at

    def known(self, keys: Collection[str]) -> frozenset[str]:
        """Those of these keys whose lines stand in the newest file."""
        with self._folder.guarded():
            return self._keys(self._newest()) & set(keys)

    def hand_over(self, header: Sequence[str], lines: Sequence[Line]) -> str:
        """Write the lines that were not handed over before into the next file; its name, empty if there was nothing to write.

        Raises:
            Later: the file certainly did not appear.
            Unknown: it appeared, and may be gone after a power failure.
            Halt: the folder cannot be used.
        """
        with self._folder.guarded():
            newest = self._newest()
            known = self._keys(newest)
            fresh = [line for line in lines if line.key not in known]
            if not fresh:
                return ""
            now, before = self._clock.now(), self._ledger()
            # A file that was begun may have appeared, and been taken away.
            number = max(newest, before.begun) + 1
            keys = () if self._keyed else tuple(line.key for line in fresh)
            begun = replace(before, begun=number, begun_at=now, keys=keys)
            self._note(begun)
            try:
                self._write(number, header, fresh)
            except (OSError, Later):
                self._note(before)
                raise
            try:
                self._note(replace(begun, number=number, at=now))
            except (OSError, Later) as reason:
                raise Unknown(side=self._folder.system, detail="the file is there, and not noted yet") from reason
        return self._file(number)

    def _write(self, number: int, header: Sequence[str], lines: Sequence[Line]) -> None:
        columns = [*header, *([KEY] if self._keyed else [])]
        rows = [
            [line.key if column == KEY and self._keyed else line.cells.get(column, "") for column in columns] for line in lines
        ]
        if not self._keyed:
            rows = [list(row) for row in dict.fromkeys(map(tuple, rows))]
        self._folder.put(self._file(number), lambda file: write_rows(file, columns, rows, cell=self._cell))

    def _file(self, number: int) -> str:
        return f"{self._stem}-{number:06}.csv"

    def _newest(self) -> int:
        """The number of the newest file that there was for certain."""
        there = [int(found[1]) for name in self._folder.entries() if (found := self._name.fullmatch(name))]
        return max([self._ledger().number, *there])

    def _keys(self, number: int) -> frozenset[str]:
        """The keys of a file; none if somebody has taken it away, or changed it."""
        columns = Columns(known=frozenset({KEY}), required=frozenset({KEY}), open=("",))
        ledger = self._ledger()
        try:
            with self._folder.open(self._file(number)) as file:
                if not self._keyed:
                    return frozenset(ledger.keys if number == ledger.begun else ())
                return frozenset(row.cells[KEY] for row in rows_of(file, form_of(file, columns)) if not row.fault)
        except (FileNotFoundError, Unusable):
            return frozenset()

    def _ledger(self) -> _Ledger:
        try:
            with self._folder.open(self._ledger_name) as file:
                return _LEDGER.validate_json(file.read(_LARGEST))
        except (FileNotFoundError, ValueError):
            return _Ledger()

    def _note(self, ledger: _Ledger) -> None:
        text = _LEDGER.dump_json(ledger)

        def write(file: BinaryIO) -> None:
            file.write(text)

        self._folder.put(self._ledger_name, write, again=True)
