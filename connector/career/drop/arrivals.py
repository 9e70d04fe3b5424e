"""Which file comes next: old enough, complete, not looked at before, and not older than what was taken already.

The content that was taken last says nothing new. What was taken before that and comes again with a new date is news: somebody has
changed something back.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from connector.career.drop.folder import Entry, Folder, Unfit
from connector.ports import Clock

QUIET = 30.0
"""Seconds for which a file must not have changed before it is taken."""
GIVE_UP = 3600.0
"""Seconds after which a file without an end to its last line is refused."""
RESULT = ".result.csv"
_LONGEST_NAME = 240
"""Bytes of a name for whose result file, and the part of it that is written first, there still is a name."""
_AHEAD = 86_400.0
_PARTS = (".part", ".partial", ".tmp", ".filepart", ".crdownload")


def result_of(name: str) -> str:
    """What the result file of a file of this name is called."""
    return name[: -len(".csv")] + RESULT


def has_result(name: str) -> bool:
    """Whether a file's name is short enough for its result file to have one."""
    return len(os.fsencode(name)) <= _LONGEST_NAME


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A file that was looked at, and copied aside unless it has a ``fault``: why it is not taken.

    ``modified`` is in nanoseconds, ``digest`` names its content. ``taken``: it is what was taken last.
    """

    name: str
    modified: int
    size: int
    digest: str = ""
    taken: bool = False
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The last files that were dealt with; ``newest`` is the one of those taken that had changed last."""

    files: Sequence[Arrival] = ()
    newest: Arrival | None = None

    def may_forget(self, file: Arrival | Entry) -> bool:
        """Whether a file outside ``files`` is known as dealt with: by its result, and as older than what was taken."""
        return self.newest is not None and file.modified < self.newest.modified and has_result(file.name)


class Arrivals:
    """The files of a folder whose names begin with a stem. ``aside`` is what names of our copies begin with."""

    def __init__(self, folder: Folder, stem: str, clock: Clock, *, aside: str) -> None:
        self._folder, self._stem, self._clock, self._aside = folder, stem, clock, aside

    def next(self, past: Past) -> Arrival | None:
        """The next file about which there is something to do or to say, oldest first; None if there is none now."""
        known = {(file.name, file.modified, file.size) for file in past.files}
        names = self._folder.entries()
        answered = frozenset(names) - {result_of(file.name) for file in past.files}
        for entry in sorted(self._entries(names), key=lambda entry: (entry.modified, entry.name)):
            if (entry.name, entry.modified, entry.size) in known:
                continue
            if past.may_forget(entry) and result_of(entry.name) in answered:
                continue  # dealt with so long ago that it is not remembered any more
            try:
                found = self._look(entry, past)
            except FileNotFoundError:
                continue
            except Unfit as reason:
                found = Arrival(name=entry.name, modified=entry.modified, size=entry.size, fault=reason.reason)
            if found is not None:
                return found
        return None

    def _entries(self, names: Iterable[str]) -> list[Entry]:
        found: list[Entry] = []
        for name in filter(self._is_ours, names):
            try:
                found.append(self._folder.look(name))
            except FileNotFoundError:
                continue
        return found

    def _is_ours(self, name: str) -> bool:
        lower = name.lower()
        return lower.startswith(self._stem) and lower.endswith(".csv") and not lower.endswith((*_PARTS, RESULT))

    def _look(self, entry: Entry, past: Past) -> Arrival | None:
        if entry.fault:
            raise Unfit(entry.fault)
        if not has_result(entry.name):
            raise Unfit(f"its name has more than {_LONGEST_NAME} bytes: no result file could be named after it")
        age = self._clock.now().timestamp() - entry.modified / 1e9
        if age < -_AHEAD:
            raise Unfit("it says that it will change in the future: look at the clock of the machine that wrote it")
        if age < QUIET:
            return None
        copied = self._folder.copy(entry, self._aside, ended=age < GIVE_UP)
        if copied is None:
            return None
        found = Arrival(name=entry.name, modified=entry.modified, size=entry.size, digest=copied.digest)
        if past.newest is not None and past.newest.digest == copied.digest:
            return replace(found, taken=True)
        if not copied.ended:
            return replace(found, fault="its last line does not end: it looks half-written")
        if past.newest is not None and entry.modified < past.newest.modified:
            return replace(found, fault=f"it is older than {past.newest.name}, which was taken already: export it anew")
        return found
