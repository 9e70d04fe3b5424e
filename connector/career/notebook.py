"""Staff-only notes of a career system, as the carrier of requests uses them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from connector.ports import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffNote:
    """A note that a counsellor wrote about an account. ``at`` is RFC 3339 in UTC."""

    id: str
    person_id: str
    text: str
    author: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotePage:
    """A piece of the notes. ``more``: ask again with ``cursor`` at once."""

    notes: tuple[StaffNote, ...]
    cursor: str
    more: bool


def as_kept(text: str) -> str:
    """A note's text in the form in which two are compared: systems change the ends of lines, and trim."""
    return "\n".join(line.rstrip() for line in text.splitlines()).strip()


class NoteBook(Protocol):
    """The notes of one system. Errors as of ``connector.career.dialect``."""

    @property
    def calls(self) -> int:
        """Remote calls made so far."""

    def read(self, cursor: str) -> NotePage:
        """The next page of notes; an empty cursor starts from the beginning."""

    def fetch(self, person_id: str, note_id: str) -> StaffNote | None:
        """One note about an account as it is now; None if there is none."""

    def ours(self, person_id: str) -> list[str]:
        """The texts of our own notes about an account, oldest first, each ``as_kept``."""

    def write(self, person_id: str, text: str, key: str) -> Outcome:
        """Leave a note about an account; the same key never leaves a second one."""
