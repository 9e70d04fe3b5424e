"""The matrix as a table: on the terminal and on a page of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from string import ascii_lowercase

from tests.matrix.cells import Cell, Elsewhere, Operation, Place
from tests.matrix.faults import FAULTS
from tests.matrix.pairs import PAIRS
from tests.matrix.sockets.ways import WAYS, ways

PAGE = Path(__file__).parents[2] / "docs" / "reliability-matrix.md"
_PLACE = re.compile(r"(<!-- matrix -->\n).*?(<!-- /matrix -->)", re.DOTALL)


class Table:
    """Every place in short: how many cells, ``+`` other tests, ``!`` a gap, a letter for a reason."""

    def __init__(self) -> None:
        self.notes: dict[str, str] = {}
        self.gaps: dict[str, list[int]] = {}
        self.rows = [
            (number, row.title, [self._short(number, row.places[operation]) for operation in Operation])
            for number, row in FAULTS.items()
        ]

    def _short(self, number: int, place: Place) -> str:
        if isinstance(place, str):
            return self.notes.setdefault(place, _letters(len(self.notes)))
        cells = [one for one in place if isinstance(one, Cell)]
        for gap in (one.gap for one in cells if one.gap):
            told = self.gaps.setdefault(gap, [])
            told += [] if number in told else [number]
        text = str(len(cells)) if cells else ""
        text += "!" if any(one.gap for one in cells) else ""
        return text + ("+" if any(isinstance(one, Elsewhere) for one in place) else "")

    def lines(self) -> Iterator[str]:
        """In Markdown."""
        yield f"| | fault | {' | '.join(Operation)} |"
        yield "| --- | --- |" + " --- |" * len(Operation)
        yield from (f"| F{number} | {title} | {' | '.join(places)} |" for number, title, places in self.rows)
        yield ""
        yield f"Pairs: {', '.join(_pairs())}."
        yield ""
        yield f"Over sockets: {'; '.join(_over_sockets())}."
        yield ""
        yield from (f"- **{letters}** {reason}" for reason, letters in self.notes.items())
        yield from (f"- **{', '.join(f'F{number}' for number in numbers)}** {gap}" for gap, numbers in self.gaps.items())


def _pairs() -> Iterator[str]:
    """Each pair with its count of cells; the fields that are hidden are counted together."""
    hidden = sum(len(cells) for (first, _), cells in PAIRS.items() if first == 66)
    for (first, second), cells in PAIRS.items():
        if first != 66:
            yield f"F{first} x F{second} ({len(cells)})"
    yield f"F66 x every field that can be hidden ({hidden})"


def _over_sockets() -> Iterator[str]:
    """Each fault below HTTP with its ways and the count of its cells."""
    for number, known in WAYS.items():
        cells = [one for place in FAULTS[number].places.values() for one in place if isinstance(one, Cell)]
        count = sum(len(list(ways(str(number), cell))) for cell in cells)
        yield f"F{number} {count} ({', '.join(way.name for way in known)})"


def _letters(number: int) -> str:
    """A to z, then aa, ab and so on."""
    first, last = divmod(number, 26)
    return (ascii_lowercase[first - 1] if first else "") + ascii_lowercase[last]


def page(text: str) -> str:
    """The page with its table as it is now."""
    lines = "\n".join(Table().lines())
    return _PLACE.sub(lambda place: f"{place[1]}{lines}\n{place[2]}", text)


def write() -> None:
    """Bring the page up to date."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
