"""Sends many writes in pieces and keeps each element's own outcome, whatever happens to the calls around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from connector.career import outcomes
from connector.errors import Halt, Later, Unknown
from connector.ports import Outcome, Status

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """What one call said: an outcome for each element. ``split``: it was refused as a whole, for one of its elements."""

    outcomes: Sequence[Outcome]
    split: bool = False


def send_all(
    rows: Sequence[T], size: int, send: Callable[[Sequence[T]], Chunk], *, bar: Callable[[T], Outcome | None]
) -> list[Outcome]:
    """One outcome for each row, in order; ``send`` carries out one call for at most ``size`` rows, once.

    A row for which ``bar`` has an outcome is never sent. After a call whose end is not known, or that the system had no time
    for, nothing more is sent: the rest is ``later``. A call refused as a whole is halved until the element at fault stands alone.

    Raises:
        Halt: before anything was done; later ones turn the rest into ``later``, and the next call tells.
    """
    barred = [bar(row) for row in rows]
    sent = iter(_send_in_turn([row for row, why in zip(rows, barred, strict=True) if why is None], size, send))
    return [next(sent) if why is None else why for why in barred]


def _send_in_turn(rows: Sequence[T], size: int, send: Callable[[Sequence[T]], Chunk]) -> list[Outcome]:
    found: list[Outcome] = []
    waiting = [rows[start : start + size] for start in range(0, len(rows), size)]
    while waiting:
        chunk = waiting.pop(0)
        try:
            answer = send(chunk)
        except Halt as reason:
            if not found:
                raise
            return _held_back(found, rows, outcomes.later(Later(side=reason.subject, code="HALTED")))
        except Later as reason:
            found += [outcomes.later(reason)] * len(chunk)
            return _held_back(found, rows, found[-1])
        except Unknown as reason:
            found += [outcomes.unknown(reason.detail)] * len(chunk)
            return _held_back(found, rows, found[-1])
        if answer.split and len(chunk) > 1:
            middle = len(chunk) // 2
            waiting[:0] = [chunk[:middle], chunk[middle:]]
            continue
        found += answer.outcomes
        if answer.outcomes and all(outcome.status in {Status.LATER, Status.UNKNOWN} for outcome in answer.outcomes):
            return _held_back(found, rows, found[-1])
    return found


def _held_back(found: list[Outcome], rows: Sequence[T], last: Outcome) -> list[Outcome]:
    return found + [outcomes.not_sent(last)] * (len(rows) - len(found))
