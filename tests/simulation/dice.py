"""Chance for scenarios: one stream for each concern, so that more draws in one leave the others as they are."""

from __future__ import annotations

import hashlib
import random  # noqa: TID251 - the one place where a simulation throws dice
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """One stream of draws, the same for the same seed and name."""

    def __init__(self, seed: int, stream: str) -> None:
        digest = hashlib.sha256(f"{seed}/{stream}".encode()).digest()
        self._random = random.Random(int.from_bytes(digest[:8], "big"))  # noqa: S311 - no secret

    def unit(self) -> float:
        """A number in [0, 1)."""
        return self._random.random()

    def chance(self, probability: float) -> bool:
        """Whether something of this probability happens."""
        return self._random.random() < probability

    def whole(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included."""
        return self._random.randint(low, high)

    def one(self, of: Sequence[T]) -> T:
        """One of these."""
        return of[self._random.randrange(len(of))]

    def weighted(self, of: Sequence[tuple[T, float]]) -> T:
        """One of these, each as likely as its weight."""
        return self._random.choices([one for one, _ in of], [weight for _, weight in of])[0]

    def few(self, mean: float, most: int) -> int:
        """A small number: most often small, never above ``most``."""
        count = 0
        while count < most and self._random.random() < mean / (1 + mean):
            count += 1
        return count
