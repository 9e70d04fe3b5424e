"""What a daemon does in the folder that it shares with an office crosses the boundary like a request.

Python's audit hook tells of each rename and each removal before it happens: there it can fail, or the process die.
"""

from __future__ import annotations

import csv
import errno
import io
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from emulator.http import Request, Response
from tests.simulation.office import FolderFault
from tests.simulation.world import HAND_OVER, HANDED_OVER, TAKE, TELL
from tests.systems import SYSTEM

if TYPE_CHECKING:
    from tests.simulation.process import Process
    from tests.simulation.run import Run

_OURS = re.compile(r"\.((?:updates|handshake-alumni|request-status)-\d{6}\.csv)\.part")
_TAKEN = re.compile(r"\.taking-(people|students|requests)-part")
_SAID = re.compile(r"\.((?:people|students|requests)\.result\.csv)\.part")

_ACTING: list[Process] = []
"""The processes that are at work, the last one in the midst of a crossing of the others."""
_LISTENING: list[bool] = []


@contextmanager
def acting(process: Process) -> Iterator[None]:
    """Inside, whatever happens in the folder is done by a process."""
    if process.world.office is not None:
        _listen()
    _ACTING.append(process)
    try:
        yield
    finally:
        _ACTING.pop()


def let_go(clients: Iterable[Any]) -> None:
    """The files that a process was reading are closed when it is over."""
    for client in clients:
        for part in (client._people, client._requests):
            part._inbox._close()


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
    world, office = process.world, process.world.office
    if office is None or not (office.folder / source).exists():
        return
    content = (office.folder / source).read_bytes() if target else b""
    process.cross(event, f"{source} {target} ".encode() + content, lasting=True)
    for order in office.faults:
        if target and order.part in source and order.struck < order.count:
            order.struck += 1
            raise OSError(order.code, os.strerror(order.code))
    found = _passed(source, content) if target else None
    if found is not None:
        world.calls.append(process.call(SYSTEM, *found))


def _passed(source: str, content: bytes) -> tuple[Request, list[Response], str] | None:
    """A table that leaves, one that comes, or a word about that; what else happens in the folder is the bridge's own."""
    if ours := _OURS.fullmatch(source):
        return Request(method=HAND_OVER, path=ours[1], body=content), [Response(status=200, body=b"")], HANDED_OVER
    if said := _SAID.fullmatch(source):
        return Request(method=TELL, path=said[1], body=content), [Response(status=200, body=b"")], "answered"
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
        if run.world.office is not None:
            run.world.office.work()


@dataclass(frozen=True)
class OfficeRests:
    """For a while nobody starts the office's programs."""

    seconds: float

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        office = run.world.office
        if office is not None:
            office.resting = run.world.time.seconds + self.seconds
            run.undo(lambda: setattr(office, "resting", 0.0))
            run.happened("office rests")


@dataclass(frozen=True)
class BreakOffTable:
    """A table is half-written, until the programs run again."""

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        if run.world.office is not None:
            run.world.office.break_off()
            run.happened("table broken off")


@dataclass(frozen=True)
class FolderFails:
    """Files whose names have a part in them do not appear in the folder: the name of an error number, and so often.

    Braces in the part are what the names of files with changes begin with.
    """

    code: str
    count: int = 1
    part: str = ""

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        office = run.world.office
        if office is not None:
            part = self.part.format(office.programs.ours)
            order = FolderFault(code=getattr(errno, self.code), count=self.count, part=part)
            office.faults.append(order)
            run.ordered(f"folder {self.code}", lambda: order.struck)
            run.undo(office.faults.clear)
