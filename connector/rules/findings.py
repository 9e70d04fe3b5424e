"""The problems that a check collects from one document."""

from __future__ import annotations

from collections.abc import Iterable

from connector.core.document import Document, did_you_mean
from connector.core.positions import Path
from connector.errors import Problem


class Findings:
    """Collects problems of one document."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []

    def add(self, code: str, path: Path, message: str, cure: str, *, key: bool = False) -> None:
        """Note a problem at a path."""
        self.problems.append(self.document.problem(code, path, message, cure, key=key))

    def known(self, path: Path, name: str, known: Iterable[str], what: str, *, where: str = "") -> bool:
        """Whether a name refers to something (``where``: in which other file); if not, that is a problem."""
        choices = tuple(known)
        if name in choices:
            return True
        place = f" in {where}" if where else ""
        self.add("M201", path, f'there is no {what} "{name}"{place}', did_you_mean(name, choices))
        return False
