"""The error tree, sorted by what happens next.

::

    BridgeError
    +-- UserError     a file or an option is wrong: list every problem, exit 2
    +-- Later         the same thing may work in a while: back off, nothing moved
    |   +-- Throttled     ... and the side said when
    +-- Refused       never as it is: park the record, name owner and remedy
    +-- Unknown       nobody knows whether it happened: look before the next step
    +-- Halt          stop this side or mapping until a person acts
    +-- Stopped       we were told to stop, between two effects: everything so far is durable
    +-- Bug           our own invariant is broken: stop, keep the evidence

What ends up before people says reason and remedy where it arises, which alone knows them; ``connector.display`` lays it out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong in a file: where it is, what it is and how to cure it.

    ``line`` and ``column`` count from 1; 0 means the whole file. ``code`` is stable (``M101``); ``source`` is the line's text.
    """

    code: str
    message: str
    cure: str
    file: str
    line: int = 0
    column: int = 0
    width: int = 1
    source: str = ""


class BridgeError(Exception):
    """The root of all errors that the bridge raises on purpose."""


class UserError(BridgeError):
    """What a person wrote is wrong; carries every problem found, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{p.file}:{p.line}: {p.code} {p.message}" for p in problems))

    @property
    def brief(self) -> str:
        """How many problems there are and where the first is, in one short line."""
        count, first = len(self.problems), self.problems[0]
        return f"{count} problem{'s' * (count > 1)}, the first: {first.file}:{first.line}"


class Later(BridgeError):
    """The side cannot do it now. ``side`` is a side's or system's name, ``code`` the platform's code, never its text."""

    def __init__(self, *, side: str, code: str, detail: str = "", retry_after: float | None = None) -> None:
        self.side, self.code, self.detail, self.retry_after = side, code, detail, retry_after
        super().__init__(f"{side}: {code} {detail}".strip())


class Throttled(Later):
    """The side asks us to slow down; ``retry_after`` is in seconds where the side told, else None."""


class Refused(BridgeError):
    """The side will never accept this as it is. ``remedy`` tells who can change what."""

    def __init__(self, *, side: str, code: str, detail: str = "", fields: Sequence[str] = (), remedy: str = "") -> None:
        self.side, self.code, self.detail, self.fields, self.remedy = side, code, detail, tuple(fields), remedy
        super().__init__(f"{side}: {code} {detail}".strip())


class Unknown(BridgeError):
    """A write left us and no trustworthy answer came back. ``retry_after`` is in seconds where the side asked for patience."""

    def __init__(self, *, side: str, detail: str, retry_after: float | None = None) -> None:
        self.side, self.detail, self.retry_after = side, detail, retry_after
        super().__init__(f"{side}: outcome unknown: {detail}")


class Halt(BridgeError):
    """Stop until a person acts. ``subject`` names what stops (a mapping, a field, a side); ``remedy`` the way out."""

    def __init__(self, *, subject: str, reason: str, remedy: str) -> None:
        self.subject, self.reason, self.remedy = subject, reason, remedy
        super().__init__(f"{subject}: {reason}")


class Stopped(BridgeError):
    """We were told to stop; raised between two effects, so that everything so far is durable."""


def place_of(error: BaseException) -> str:
    """The kind of an error and where it arose, without its text, which may hold anybody's data."""
    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    at = f" at {where.tb_frame.f_code.co_filename.rpartition('/')[2]}:{where.tb_lineno}" if where is not None else ""
    return f"{type(error).__name__}{at}"


class Bug(BridgeError):
    """An invariant of our own is broken."""
