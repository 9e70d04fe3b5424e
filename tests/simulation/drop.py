"""A career system without an API: programs of its office meet the bridge in a folder (docs/csv-drop.md).

The office's programs run at fixed hours, whoever else is at work. What a daemon does in the folder crosses the boundary like a
request: Python's audit hook tells of each rename and each removal before it happens, and there it can fail, or the process die.
"""

from __future__ import annotations

import csv
import errno
import io
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from emulator.career import CareerSystem
from emulator.career.csv_drop.office import carry_in, export_people, export_requests, read_statuses
from emulator.career.csv_drop.tables import Manner, numbered
from emulator.http import Request, Response
from tests.simulation.world import HAND_OVER, TAKE, World
from tests.systems import SYSTEM

if TYPE_CHECKING:
    from tests.simulation.process import Process
    from tests.simulation.run import Run

FOLDER = "drop"
"""The folder's name, beside the hosts of a run."""
_READY = 40.0
"""Seconds before a cycle at which the office's programs run: what is younger than half a minute is not looked at."""
_OURS = re.compile(r"\.((?:updates|request-status)-\d{6}\.csv)\.part")
_TAKEN = re.compile(r"\.taking-(people|requests)-part")


@dataclass(kw_only=True)
class _Order:
    code: int
    count: int
    struck: int = 0


@dataclass(kw_only=True)
class Drop:
    """The folder, and the office's programs.

    ``manner`` is how they write; ``tidy``: what was carried in is taken away. ``due`` is when they run next, in seconds of the
    world. ``resting``: until when nobody starts them.
    """

    folder: Path
    world: World
    manner: Manner = field(default_factory=Manner)
    tidy: bool = False
    due: float = 0.0
    resting: float = 0.0
    faults: list[_Order] = field(default_factory=list)
    put: dict[Path, int] = field(default_factory=dict)
    """At which effect each table was last put there."""
    carried: set[str] = field(default_factory=set)
    """The bridge's files, by name, that were carried in and taken away."""

    @property
    def system(self) -> CareerSystem:
        """Careers' system."""
        return self.world.careers.system

    def work(self) -> None:
        """Carry in what the bridge has put there, then export; a table that says nothing new is not put there again."""
        self.due = self.world.time.seconds + self.world.spec.cycle
        if self.world.time.seconds < self.resting:
            return
        if self.tidy:
            self._take_away()
        carry_in(self.system, self.folder)
        read_statuses(self.system, self.folder)
        if self.tidy:
            self.carried |= {path.name for path in self._ours()}
            self._take_away()
        self._export(self.manner)

    def _take_away(self) -> None:
        """What was carried in once goes; a file of the same name that comes later is not looked at."""
        for path in self._ours():
            if path.name in self.carried:
                path.unlink()

    def _ours(self) -> list[Path]:
        return [*numbered(self.folder, "updates"), *numbered(self.folder, "request-status")]

    def _export(self, manner: Manner) -> None:
        aside = self.folder.with_name(f"{FOLDER}-aside")
        aside.mkdir(exist_ok=True)
        # Whoever was deleted stays in the table: it may be replaced before anybody has read it.
        self.system.extra.pop("told deleted", None)
        for export in (export_people, export_requests):
            made = export(self.system, aside, manner)
            there = self.folder / made.name
            if not there.exists() or there.read_bytes() != made.read_bytes() or self._refused(there):
                made.rename(there)
                self._stamp(there)

    def break_off(self) -> None:
        """A program that writes into place dies in the midst of the table of people."""
        there = self.folder / "people.csv"
        if not there.exists():
            return
        with there.open("r+b") as file:
            file.truncate(there.stat().st_size * 2 // 3)
        self._stamp(there)

    def waits(self) -> bool:
        """Whether a table lies there that the bridge has refused, or not looked at since it was put there."""
        looked: dict[str, int] = {}
        for call in self.world.calls:
            if call.request.method == TAKE:
                looked[call.request.path] = call.number
        return any(looked.get(table.stem, -1) < at or self._refused(table) for table, at in self.put.items())

    def _refused(self, table: Path) -> bool:
        result = table.with_suffix(".result.csv")
        return result.exists() and ",refused," in result.read_text(encoding="utf-8")

    def _stamp(self, table: Path) -> None:
        """It has just changed, by the clock of the bridge's host, whose folder it is."""
        self.put[table] = self.world.boundary.number
        now = self.world.time.now().timestamp() + self.world.host_skew
        os.utime(table, (now, now))

    def keep(self, copy: Path) -> None:
        """A copy of the folder as it is now."""
        shutil.copytree(self.folder, copy)


def open_drop(world: World, base: Path, kept: Path | None = None) -> Drop | None:
    """The folder of a world whose careers work with files, empty or as it was ``kept``; None where they have an API."""
    if not world.platform.by_files:
        return None
    folder = base / FOLDER
    if kept is not None:
        shutil.copytree(kept, folder)
    folder.mkdir(mode=0o700, exist_ok=True)
    ways = dict(world.spec.office)
    tidy = ways.pop("tidy", False)
    _listen()
    return Drop(folder=folder, world=world, manner=Manner(**ways), tidy=tidy, due=world.time.seconds + world.spec.cycle - _READY)


# --- what a daemon does there ------------------------------------------------------------------------------------------

_ACTING: list[Process] = []
"""The processes that are at work, the last one in the midst of a crossing of the others."""
_LISTENING: list[bool] = []


@contextmanager
def acting(process: Process) -> Iterator[None]:
    """Inside, whatever happens in the folder is done by a process."""
    _ACTING.append(process)
    try:
        yield
    finally:
        _ACTING.pop()


def _listen() -> None:
    """Python has audit hooks for good: there is one, and it looks for who is at work."""
    if not _LISTENING:
        _LISTENING.append(True)
        sys.addaudithook(_heard)


def _heard(event: str, told: tuple[Any, ...]) -> None:
    # The bridge alone names files by an opened folder; the office's programs name them by their paths.
    if _ACTING and event in {"os.rename", "os.remove"} and told[-1] != -1:
        _crossing(_ACTING[-1], event, *map(str, told[:2] if event == "os.rename" else (told[0], "")))


def _crossing(process: Process, event: str, source: str, target: str) -> None:
    world = process.world
    drop = world.drop
    assert drop is not None
    if not (drop.folder / source).exists():
        return
    content = (drop.folder / source).read_bytes() if target else b""
    process.cross(event, f"{source} {target} ".encode() + content, lasting=True)
    for order in drop.faults:
        if order.struck < order.count:
            order.struck += 1
            raise OSError(order.code, os.strerror(order.code))
    found = _passed(source, content) if target else None
    if found is not None:
        world.calls.append(process.call(SYSTEM, *found))


def _passed(source: str, content: bytes) -> tuple[Request, list[Response], str] | None:
    """A table that leaves, or one that comes; what else happens in the folder is the bridge's own."""
    if ours := _OURS.fullmatch(source):
        # What becomes of it, a later table shows.
        return Request(method=HAND_OVER, path=ours[1], body=content), [Response(status=200, body=b"")], "handed over"
    if theirs := _TAKEN.fullmatch(source):
        return Request(method=TAKE, path=theirs[1]), [Response(status=200, body=orjson.dumps(list(_rows(content))))], "answered"
    return None


def _rows(content: bytes) -> Iterator[Mapping[str, str]]:
    for encoding in ("utf-8-sig", "utf-16"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if text.startswith("sep="):
            text = text.partition("\n")[2]
        delimiter = max(",;\t", key=text.partition("\n")[0].count)
        yield from csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
        return


# --- steps ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OfficeWorks:
    """Somebody starts the office's programs by hand."""

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        if run.world.drop is not None:
            run.world.drop.work()


@dataclass(frozen=True)
class OfficeRests:
    """For a while nobody starts the office's programs."""

    seconds: float

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        drop = run.world.drop
        if drop is not None:
            drop.resting = run.world.time.seconds + self.seconds
            run.undo(lambda: setattr(drop, "resting", 0.0))
            run.happened("office rests")


@dataclass(frozen=True)
class BreakOffTable:
    """A table is half-written, until the programs run again."""

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        if run.world.drop is not None:
            run.world.drop.break_off()
            run.happened("table broken off")


@dataclass(frozen=True)
class FolderFails:
    """What the bridge does next in the folder fails: the name of an error number."""

    code: str
    count: int = 1

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        if run.world.drop is not None:
            order = _Order(code=getattr(errno, self.code), count=self.count)
            run.world.drop.faults.append(order)
            run.ordered(f"folder {self.code}", lambda: order.struck)
            run.undo(run.world.drop.faults.clear)
