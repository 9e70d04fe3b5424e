"""What the code for one kind of career system offers; ``connector.career.side`` makes a ``CareerSide`` of it.

Errors are those of ``connector.ports``: ``Later`` (nothing moved), ``Halt`` (a person must act). A chunk is one call's worth
of writes; ``Unknown`` raised for it means that nobody knows whether the call was carried out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from connector.career.writes import Chunk
from connector.ports import Acknowledgement, Note, Page, PersonUpdate, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """Whom the system serves. ``own_key`` is the id under which our own changes appear; empty if it does not tell."""

    id: str
    name: str = ""
    environment: str = ""
    own_key: str = ""
    mails_on_login_change: bool = False


class Dialect(Protocol):
    """People: reading them, and writing what Alumni Relations own. Only what the profile promises is ever called."""

    update_size: int
    """Accounts in one call of ``update``."""
    note_size: int
    """Notes in one call of ``note``; 0 where, as configured, there is no place that staff alone can see."""

    @property
    def calls(self) -> int:
        """Remote calls made so far."""

    def tenant(self) -> Tenant:
        """Whom the system serves, asked now."""

    def read(self, cursor: str) -> Page:
        """The next page of people; an empty cursor, or one that is not ours, starts a full read.

        A record appears once in a page, as it is now; what cannot be read has kind ``poison``. A full read ends with a page
        that is not ``full``.
        """

    def fetch(self, ids: Sequence[str]) -> Sequence[Record]:
        """These accounts now; ids that do not exist are not in the answer."""

    def update(self, rows: Sequence[PersonUpdate]) -> Chunk:
        """Change accounts in one call."""

    def note(self, rows: Sequence[Note]) -> Chunk:
        """Leave staff-only notes in one call."""


class RequestCarrier(Protocol):
    """Career requests: reading them, and saying where they stand."""

    acknowledge_size: int
    elsewhere: bool
    """Whether they are with another service than the people, or in a folder; not where the system's own calls carry them."""

    @property
    def calls(self) -> int:
        """Remote calls made so far."""

    def read(self, cursor: str) -> Page:
        """The next page of requests; an empty cursor starts from the beginning, as ``Dialect.read``."""

    def fetch_requests(self, ids: Sequence[str]) -> Sequence[Record]:
        """These requests now; ids that do not exist are not in the answer."""

    def acknowledge(self, rows: Sequence[Acknowledgement]) -> Chunk:
        """Tell careers in one call where their requests stand."""
