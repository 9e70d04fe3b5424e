"""The one numbered boundary: every effect of a simulated daemon crosses it, and anything can happen there.

An effect is a request that leaves, an answer that arrives, a commit, or a sleep. Each crossing has a number that counts on over
the whole run, a kind, and a key; their hash is the run's trace. What is to happen at a crossing (a process dies, a person edits,
another daemon runs) is booked by how many crossings away it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field


class Died(BaseException):
    """The process is gone. Thrown at a boundary, and at each one after it, so that nothing of the dead does anything more."""


class Broken(BaseException):
    """The simulation itself has failed; the daemon in whose midst that happened must not take it for its own defect."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One crossing. ``key`` is a hash of what the effect is about."""

    number: int
    kind: str
    key: str


@dataclass
class Boundary:
    """Counts and hashes crossings, and carries out what is booked for them. ``kept`` are all effects, if ``keep``.

    ``kind`` is what is crossing now.
    """

    keep: bool = False
    number: int = 0
    kind: str = ""
    kept: list[Effect] = field(default_factory=list)
    _booked: list[tuple[int, Callable[[], None]]] = field(default_factory=list)
    _hash: hashlib._Hash = field(default_factory=hashlib.sha256)

    def cross(self, kind: str, key: bytes = b"") -> None:
        """One effect is about to happen (or, for an answer, has)."""
        self.number += 1
        self.kind = kind
        digest = hashlib.blake2b(key, digest_size=8).hexdigest()
        self._hash.update(f"{self.number} {kind} {digest}\n".encode())
        if self.keep:
            self.kept.append(Effect(self.number, kind, digest))
        if self._booked:
            self._carry_out()

    def book(self, after: int, act: Callable[[], None]) -> None:
        """Let something happen at the crossing that is ``after`` crossings away (1 is the next one)."""
        self._booked.append((self.number + after, act))

    def clear(self) -> None:
        """What was booked does not happen any more."""
        self._booked.clear()

    def trace(self) -> str:
        """The hash of everything that has crossed."""
        return self._hash.hexdigest()

    def _carry_out(self) -> None:
        due = [act for at, act in self._booked if at <= self.number]
        self._booked = [(at, act) for at, act in self._booked if at > self.number]
        for act in due:
            try:
                act()
            except Exception as error:
                raise Broken from error
