"""The demo's only source of chance: seeded, so that two runs tell the same story."""

from collections.abc import Sequence
from random import Random  # noqa: TID251 - the demo's one seeded source of chance
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """Chance that can be repeated: equal seeds throw equal numbers, on every machine."""

    def __init__(self, seed: str) -> None:
        self._random = Random(seed)  # noqa: S311 - invented people, no secrets

    def chance(self, share: float) -> bool:
        """True in this share of throws."""
        return self._random.random() < share

    def number(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return self._random.randint(low, high)

    def one(self, things: Sequence[T]) -> T:
        """One of these."""
        return self._random.choice(things)

    def some(self, things: Sequence[T], count: int) -> list[T]:
        """So many different ones of these, in an order of chance."""
        return self._random.sample(things, min(count, len(things)))

    def weighted(self, things: Sequence[T], weights: Sequence[float]) -> T:
        """One of these, the heavier the likelier."""
        return self._random.choices(things, weights)[0]

    def digits(self, pattern: str) -> str:
        """The pattern with each ``#`` a digit from 1 to 9 and each ``A`` a capital letter."""
        letters = "ABDEFGHJLNPQRSTUWXYZ"
        turn = {"#": lambda: str(self.number(1, 9)), "A": lambda: self.one(letters)}
        return "".join(turn[sign]() if sign in turn else sign for sign in pattern)
