"""Files of one kind as a feed: each is taken once and whole, in the order of their last change, and answered by a result file.

A file waits while it may still be written. It is copied aside before it is read, so that nothing that happens to it meanwhile
makes half a file of it. A file as a whole is refused for its columns or letters; a row is set aside alone. The result file
appears once the engine comes back with the cursor behind the last row: then all rows are in its state.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import islice

from connector.career.drop.arrivals import Arrival, Arrivals, Past, has_result, result_of
from connector.career.drop.folder import Folder
from connector.career.drop.sheet import Unusable, write_rows
from connector.career.drop.table import REFUSED, SET_ASIDE, UNCHANGED, Kind, Table, Verdict
from connector.core.strictjson import read_table
from connector.ports import POISON, Clock, Page, Record

PAGE = 1000
TROUBLE = "file"
"""The kind under which the last trouble with files of a kind is told; its id is what their names begin with."""
_REMEMBERED = 300
"""So many files are known by name, date and size at least; those that nothing else tells of as dealt with, always."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taking:
    """A file that is being taken: of its rows ``row`` have been given out, ``lost`` of them unreadable; ``over``: all."""

    row: int = 0
    lost: int = 0
    over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where we are. ``full``: nothing was taken before; ``files``: what came; ``file``: what is being taken, and how far.

    ``lost``: so many rows of ``newest`` cannot be read.
    """

    full: bool = True
    files: tuple[Arrival, ...] = ()
    newest: Arrival | None = None
    file: Arrival | None = None
    lost: int = 0
    taking: _Taking = _Taking()

    def text(self) -> str:
        return json.dumps({"v": 1, **asdict(self)}, separators=(",", ":"))

    @staticmethod
    def parse(text: str) -> _Place:
        """The place in a text; the beginning if it is none of ours, which is always safe."""
        try:
            data = read_table(text)
            if data.pop("v", None) != 1:
                return _Place()
            files = tuple(Arrival(**file) for file in data.pop("files"))
            newest, file = (Arrival(**one) if one else None for one in (data.pop("newest"), data.pop("file")))
            lost = int(data.get("lost", 0))
            return _Place(
                full=bool(data["full"]), files=files, newest=newest, file=file, lost=lost, taking=_Taking(**data["taking"])
            )
        except (ValueError, TypeError, AttributeError, KeyError):
            return _Place()

    def begun(self, file: Arrival) -> _Place:
        """At the first row of a file."""
        return replace(self, file=file, taking=_Taking())

    def behind(self, file: Arrival) -> _Place:
        """Behind a file, which is not looked at again as it is."""
        files = [*(one for one in self.files if one.name != file.name), file]
        past = Past(files=files, newest=self.newest)
        old = [one for one in files[:-_REMEMBERED] if not past.may_forget(one)]
        return replace(self, files=(*old, *files[-_REMEMBERED:]), file=None, taking=_Taking())


class _Open:
    """A file that is being read in this process: the table, its walk, and how many rows it gave out."""

    def __init__(self, digest: str, table: Table, *, skip: int = 0) -> None:
        self.digest, self.table, self.row = digest, table, skip
        self.walk = table.verdicts()
        for _ in islice(self.walk, skip):
            pass


class Inbox:
    """The files of one kind in one folder.

    Args:
        folder: where they come.
        kind: what they are.
        clock: to know how old they are.
        legacy: what files that are no Unicode are written with; empty: nobody knows.
        prepare: called before the rows of a file are given out, by each process that gives out some.
    """

    def __init__(
        self, folder: Folder, kind: Kind, clock: Clock, *, legacy: str = "", prepare: Callable[[], None] = lambda: None
    ) -> None:
        self._folder, self._kind, self._legacy, self._prepare = folder, kind, legacy, prepare
        self._aside = f".taking-{kind.stem}-"
        self._arrivals = Arrivals(folder, kind.stem, clock, aside=self._aside)
        self._open: _Open | None = None

    def read(self, cursor: str) -> Page:
        """The next page: rows of the file that is being taken, or of the next one that is ready.

        Raises:
            Later: the folder is not there now, or cannot be written.
            Halt: it cannot be used.
        """
        with self._folder.guarded():
            return self._read(_Place.parse(cursor))

    def _read(self, place: _Place) -> Page:
        if place.file is not None and place.taking.over:
            self._report(place.file)
            place = replace(place.behind(place.file), newest=place.file, lost=place.taking.lost)
        if place.file is not None:
            return self._page(place, place.file)
        arrival = self._arrivals.next(Past(files=place.files, newest=place.newest))
        if arrival is None:
            return Page(records=(), cursor=replace(place, full=False).text(), more=False)
        return self._begin(place, arrival)

    def _begin(self, place: _Place, arrival: Arrival) -> Page:
        """Look through all of a file before its first row is given out."""
        if arrival.taken:
            self._folder.drop(self._aside + arrival.digest)
            self._say(arrival.name, [Verdict(line=0, id="", result=UNCHANGED, why="the same content was taken last")])
            newest = max((one for one in (place.newest, arrival) if one is not None), key=lambda one: one.modified)
            return Page(
                records=(),
                cursor=replace(place.behind(arrival), newest=newest).text(),
                more=True,
                full=place.full,
                well=() if place.lost else ((TROUBLE, self._kind.stem),),
            )
        if arrival.fault:
            return self._refused(place, arrival, arrival.fault)
        try:
            self._reopen(arrival.digest)
        except Unusable as reason:
            return self._refused(place, arrival, reason.reason)
        self._prepare()
        return self._page(place.begun(arrival), arrival)

    def _refused(self, place: _Place, arrival: Arrival, why: str) -> Page:
        self._close()
        if arrival.digest:
            self._folder.drop(self._aside + arrival.digest)
        self._say(arrival.name, [Verdict(line=0, id="", result=REFUSED, why=why)])
        trouble = self._trouble(f"{arrival.name} was refused: {why}")
        return Page(records=(trouble,), cursor=place.behind(arrival).text(), more=True, full=place.full)

    def _page(self, place: _Place, file: Arrival) -> Page:
        reading, taking = self._open, place.taking
        if reading is None or (reading.digest, reading.row) != (file.digest, taking.row):
            self._prepare()
            try:
                reading = self._reopen(file.digest, skip=taking.row)
            except (FileNotFoundError, Unusable):
                # Our copy went with what brought this state back. The file itself, if it still lies there, is a new one.
                trouble = self._trouble(f"{file.name} was taken in part only: export it anew")
                return Page(records=(trouble,), cursor=replace(place, file=None).text(), more=True, full=place.full)
        verdicts = list(islice(reading.walk, PAGE))
        reading.row += len(verdicts)
        lost = taking.lost + sum(
            verdict.result == SET_ASIDE and verdict.record is None and not verdict.id for verdict in verdicts
        )
        over = len(verdicts) < PAGE
        records = [verdict.record for verdict in verdicts if verdict.record is not None]
        if over and lost:
            records.append(self._trouble(f"{lost} rows of {file.name} cannot be read: see its result file"))
        return Page(
            records=tuple(records),
            cursor=replace(place, taking=_Taking(row=reading.row, lost=lost, over=over)).text(),
            more=True,
            full=place.full,
            well=((TROUBLE, self._kind.stem),) if over and not lost else (),
        )

    def _reopen(self, digest: str, *, skip: int = 0) -> _Open:
        self._close()
        file = self._folder.open(self._aside + digest)
        try:
            self._open = _Open(digest, Table(file, self._kind, legacy=self._legacy), skip=skip)
        except BaseException:
            file.close()
            raise
        return self._open

    def _close(self) -> None:
        if self._open is not None:
            self._open.table.close()
            self._open = None

    def _report(self, file: Arrival) -> None:
        """The result of a file whose rows are all in the engine's state; then our copy goes."""
        try:
            reading = self._reopen(file.digest)
        except (FileNotFoundError, Unusable):
            return  # said already, by a process that died before it was told so
        self._say(file.name, reading.walk)
        self._close()
        self._folder.drop(self._aside + file.digest)

    def _say(self, name: str, verdicts: Iterable[Verdict]) -> None:
        def lines() -> Iterator[tuple[str, str, str, str]]:
            for one in verdicts:
                yield str(one.line or ""), _sayable(one.id), one.result, _sayable(one.why)

        if not has_result(name):
            return  # what is wrong with it is told as the trouble with files of this kind
        header = ("line", self._kind.id, "result", "why")
        self._folder.put(result_of(name), lambda file: write_rows(file, header, lines()), again=True)

    def _trouble(self, reason: str) -> Record:
        told = {"reason": _sayable(reason), "kind": TROUBLE, "remedy": "correct the table, and put it into the folder again"}
        return Record(kind=POISON, id=self._kind.stem, version="", fields=told)


def _sayable(text: str) -> str:
    """A sentence with something from outside in it: bytes of a name that are no letters become question marks."""
    return text.encode("utf-8", "replace").decode()
