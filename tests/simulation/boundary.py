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
    """One crossing. ``key`` is a hash of what it is about; ``lasting``: it changes something outside memory."""

    number: int
    kind: str
    key: str
    lasting: bool


@dataclass
class Boundary:
    """Counts and hashes crossings, and carries out what is booked for them. ``kept`` are all effects, if ``keep``.

    ``crossing`` are the kinds of what is crossing now, the outermost first: a daemon may work in the midst of another's crossing.
    """

    keep: bool = False
    number: int = 0
    crossing: list[str] = field(default_factory=list)
    kept: list[Effect] = field(default_factory=list)
    _booked: list[tuple[int, Callable[[], None]]] = field(default_factory=list)
    _awaited: list[tuple[str, bytes, Callable[[], None]]] = field(default_factory=list)
    _hash: hashlib._Hash = field(default_factory=hashlib.sha256)

    def cross(self, kind: str, key: bytes = b"", *, lasting: bool = False) -> None:
        """One effect is about to happen (or, for an answer, has)."""
        self.number += 1
        digest = hashlib.blake2b(key, digest_size=8).hexdigest()
        self._hash.update(f"{self.number} {kind} {digest}\n".encode())
        if self.keep:
            self.kept.append(Effect(self.number, kind, digest, lasting))
        if self._booked or self._awaited:
            self.crossing.append(kind)
            try:
                self._carry_out(kind, key)
            finally:
                self.crossing.pop()

    def book(self, after: int, act: Callable[[], None]) -> None:
        """Let something happen at the crossing that is ``after`` crossings away (1 is the next one)."""
        self._booked.append((self.number + after, act))

    def await_(self, kind: str, part: bytes, act: Callable[[], None]) -> None:
        """Let something happen once, at the next crossing of this kind whose key holds these bytes."""
        self._awaited.append((kind, part, act))

    def clear(self) -> None:
        """What was booked does not happen any more."""
        self._booked.clear()
        self._awaited.clear()

    def trace(self) -> str:
        """The hash of everything that has crossed."""
        return self._hash.hexdigest()

    def _carry_out(self, kind: str, key: bytes) -> None:
        due = [act for at, act in self._booked if at <= self.number]
        self._booked = [(at, act) for at, act in self._booked if at > self.number]
        met = [one for one in self._awaited if one[0] == kind and one[1] in key]
        self._awaited = [one for one in self._awaited if one not in met]
        due += [act for _, _, act in met]
        for act in due:
            try:
                act()
            except Exception as error:
                raise Broken from error
