"""What was changed in the tables of an organisation, so that it can be taken back, become visible late, or be lost."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TypeVar

from emulator.clock import Clock
from emulator.salesforce.settings import Settings
from emulator.salesforce.table import Row, Table

T = TypeVar("T")
Entry = tuple[Table, str, Row | None]
"""A table, the id of a record in it, and the record as it was: None if it was not there."""


class Ledger:
    """The changes of one organisation: of the running transactions, and of the last seconds if the settings want them."""

    def __init__(self, clock: Clock, settings: Settings) -> None:
        self._clock = clock
        self._settings = settings
        self._open: list[Entry] | None = None
        self._history: deque[tuple[datetime, Entry]] = deque()
        self._moment: datetime | None = None
        self._held: list[dict[tuple[int, str], Entry]] = []

    @contextmanager
    def dated(self, moment: datetime) -> Iterator[None]:
        """What is changed inside took effect at a moment that has passed."""
        self._moment = moment
        try:
            yield
        finally:
            self._moment = None

    @property
    def at_rest(self) -> bool:
        """Whether no transaction runs and nothing could be lost again."""
        return self._open is None and not self._history

    def put(self, table: Table, row: Row) -> None:
        """Store a record."""
        self._note(table, row["Id"])
        table.put(row)

    def drop(self, table: Table, id_: str) -> None:
        """Forget a record."""
        self._note(table, id_)
        table.drop(id_)

    def _note(self, table: Table, id_: str) -> None:
        entry = (table, id_, table.rows.get(id_))
        keep = max(self._settings.replica_lag, self._settings.keep_history)
        if keep:
            now = self._moment or self._clock.now()
            self._history.append((now, entry))
            while self._history[0][0] < now - timedelta(seconds=keep):
                self._history.popleft()
        if self._open is not None:
            self._open.append(entry)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All changes inside take effect, or none if an exception leaves; transactions nest."""
        outer, entries = self._open, list[Entry]()
        self._open = entries
        try:
            yield
        except BaseException:
            _undo(entries)
            raise
        else:
            if outer is not None:
                outer.extend(entries)
        finally:
            self._open = outer

    def hold_back(self, run: Callable[[], T]) -> tuple[T, Callable[[], None]]:
        """Carry `run` out and take its changes back; returns its result and what makes them at last."""
        outer, entries = self._open, list[Entry]()
        self._open = entries
        try:
            result = run()
        finally:
            self._open = outer
        rows = {(id(table), id_): (table, id_, table.rows.get(id_)) for table, id_, _ in entries}
        _undo(entries)
        self._held.append(rows)

        def commit() -> None:
            self._held.remove(rows)
            for table, id_, row in rows.values():
                if row is None:
                    self.drop(table, id_)
                else:
                    self.put(table, row)

        return result, commit

    def held_back(self, table: Table) -> Iterator[Row]:
        """Records of a table that somebody's transaction has stored and not committed yet: they, too, take unique values."""
        for rows in self._held:
            yield from (row for of, _, row in rows.values() if of is table and row is not None)

    @contextmanager
    def as_before(self, seconds: float) -> Iterator[None]:
        """The records as they were so many seconds ago, for reading only."""
        since = self._clock.now() - timedelta(seconds=seconds)
        recent = [entry for moment, entry in self._history if moment > since] if seconds else []
        now = [(table, id_, table.rows.get(id_)) for table, id_, _ in recent]
        _undo(recent)
        try:
            yield
        finally:
            _undo(now)

    def lose(self, seconds: float) -> int:
        """Take back what was changed in the last seconds; returns how many changes that is."""
        since = self._clock.now() - timedelta(seconds=seconds)
        lost = [entry for moment, entry in self._history if moment > since]
        self._history = deque((moment, entry) for moment, entry in self._history if moment <= since)
        _undo(lost)
        return len(lost)


def _undo(entries: list[Entry]) -> None:
    for table, id_, old in reversed(entries):
        if old is None:
            table.drop(id_)
        else:
            table.put(old)
