"""What the programs of an office that works with files do there: which tables they put into the folder, which they carry in."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from emulator.career import CareerSystem
from emulator.career.csv_drop.office import carry_in, export_people
from emulator.career.csv_drop.tables import Manner, numbered
from emulator.career.handshake.face import export_students
from emulator.career.handshake.importer import Manner as Importer
from emulator.career.handshake.importer import run


class Programs(Protocol):
    """``people`` is the name of the table of people, ``ours`` how the names of the bridge's changes begin."""

    people: str
    ours: str

    @abstractmethod
    def carry_in(self, system: CareerSystem, folder: Path) -> None:
        """Carry in the changes that lie there."""

    @abstractmethod
    def export(self, system: CareerSystem, folder: Path, manner: Manner) -> Path:
        """Put the table of people there."""


class OfCsv:
    """Programs that the office has written itself, for the columns of docs/csv-drop.md."""

    people, ours = "people", "updates"

    def carry_in(self, system: CareerSystem, folder: Path) -> None:
        """See ``Programs``."""
        carry_in(system, folder)

    def export(self, system: CareerSystem, folder: Path, manner: Manner) -> Path:
        """See ``Programs``. Whoever was deleted stays in the table: it may be replaced before anybody has read it."""
        system.extra.pop("told deleted", None)
        return export_people(system, folder, manner)


@dataclass(kw_only=True)
class OfHandshake:
    """The upload to Handshake's Importer, each file once, and staff's export.

    What the Importer holds, a person has run when the programs work again, the oldest file first.
    """

    people, ours = "students", "handshake-alumni"
    importer: Importer
    sent: set[str] = field(default_factory=set)
    held: list[tuple[str, bytes]] = field(default_factory=list)

    def carry_in(self, system: CareerSystem, folder: Path) -> None:
        """See ``Programs``."""
        for name, data in self.held:
            run(system, name, data, self.importer, by_hand=True)
        new = [(path.name, path.read_bytes()) for path in numbered(folder, self.ours) if path.name not in self.sent]
        self.sent |= {name for name, _ in new}
        self.held = [(name, data) for name, data in new if run(system, name, data, self.importer).held]

    def export(self, system: CareerSystem, folder: Path, manner: Manner) -> Path:
        """See ``Programs``. The registrar's load has told Handshake who graduated when."""
        for one in system.people.order:
            year = one.data()["class_year"]
            one.extra["handshake"] = {"primary_education:end_date": f"{year}-05-31" if year else ""}
        return export_students(system, folder, manner)


def _of_handshake(ways: Mapping[str, Any]) -> Programs:
    # Alumni who graduated long ago, and a file a day: the university has agreed on both with Handshake.
    return OfHandshake(importer=Importer(strict_month=False, **ways))


PROGRAMS: Mapping[str, Callable[[Mapping[str, Any]], Programs]] = {"csv_drop": lambda _ways: OfCsv(), "handshake": _of_handshake}
"""By platform; what they are told is how they go about it (``Platform.programs``)."""
