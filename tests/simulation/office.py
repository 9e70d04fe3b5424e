"""A career system without an API: programs of its office meet the bridge in a folder (docs/csv-drop.md).

They run at fixed hours, whoever else is at work: they carry in what lies there, and export anew.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from emulator.career import CareerSystem
from emulator.career.csv_drop.office import export_requests, read_statuses
from emulator.career.csv_drop.tables import Manner, numbered
from tests.simulation.programs import PROGRAMS, Programs
from tests.simulation.world import TAKE, World

FOLDER = "drop"
"""The folder's name, beside the hosts of a run."""
_READY = 40.0
"""Seconds before the first cycle at which the office's programs run: what is younger than half a minute is not looked at."""


@dataclass(kw_only=True)
class FolderFault:
    """Files of the bridge whose names have a part in them do not appear: with an error number, so often."""

    code: int
    count: int
    part: str
    struck: int = 0


@dataclass(kw_only=True)
class Office:
    """The folder in which an office's programs meet the bridge, and those programs.

    ``manner`` is how they write; ``tidy``: what was carried in is taken away. ``due`` is when they run next, in seconds of the
    world. ``resting``: until when nobody starts them.
    """

    folder: Path
    world: World
    programs: Programs
    manner: Manner = field(default_factory=Manner)
    tidy: bool = False
    due: float = 0.0
    resting: float = 0.0
    faults: list[FolderFault] = field(default_factory=list)
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
        self.programs.carry_in(self.system, self.folder)
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
        return [*numbered(self.folder, self.programs.ours), *numbered(self.folder, "request-status")]

    def _export(self, manner: Manner) -> None:
        aside = self.folder.with_name(f"{FOLDER}-aside")
        aside.mkdir(exist_ok=True)
        for export in (self.programs.export, export_requests):
            made = export(self.system, aside, manner)
            there = self.folder / made.name
            # What is refused is exported anew once, and not each time before the bridge has come to look at it.
            again = self._refused(there) and self._looked_at(there)
            if not there.exists() or there.read_bytes() != made.read_bytes() or again:
                made.rename(there)
                self._stamp(there)

    def break_off(self) -> None:
        """A program that writes into place dies in the midst of the table of people."""
        there = self.folder / f"{self.programs.people}.csv"
        if not there.exists():
            return
        with there.open("r+b") as file:
            file.truncate(there.stat().st_size * 2 // 3)
        self._stamp(there)

    def waits(self) -> bool:
        """Whether a table lies there that the bridge has refused, or not looked at since it was put there."""
        return any(not self._looked_at(table) or self._refused(table) for table in self.put)

    def _looked_at(self, table: Path) -> bool:
        """Whether the bridge has looked at a table since it was put there."""
        takes = [call.number for call in self.world.calls if call.request.method == TAKE and call.request.path == table.stem]
        # What is put there in the midst of taking its predecessor has that effect's number.
        return bool(takes) and takes[-1] > self.put.get(table, -1)

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


def open_office(world: World, base: Path, kept: Path | None = None) -> Office | None:
    """The folder of a world whose careers work with files, empty or as it was ``kept``; None where they have an API."""
    if not world.platform.by_files:
        return None
    folder = base / FOLDER
    if kept is not None:
        shutil.copytree(kept, folder)
    folder.mkdir(mode=0o700, exist_ok=True)
    ways = dict(world.spec.office)
    tidy = ways.pop("tidy", False)
    programs = PROGRAMS[world.spec.platform]({name: ways.pop(name) for name in world.platform.programs if name in ways})
    due = world.time.seconds + world.spec.cycle - _READY
    return Office(folder=folder, world=world, programs=programs, manner=Manner(**ways), tidy=tidy, due=due)
