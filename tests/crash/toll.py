"""Many deaths on all cores: which there are, how they ended, and the account of them, script by script."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from tests.crash.deaths import Ending, compare, play
from tests.crash.scripts import SCRIPTS
from tests.simulation.farm import folder, spread

RECOVERY = 80
"""Effects that a restarted bridge needs to open its state, look at both systems and work one cycle, with some to spare."""
SMALL = 250
"""Scripts of at most so many effects are tried with every pair of deaths."""


@dataclass(frozen=True, kw_only=True)
class Death:
    """One run: in which script, at which effect, and at which one of the recovery. ``torn``: the last is a power cut."""

    script: str
    at: tuple[int, ...]
    torn: bool = False

    def __str__(self) -> str:
        numbers = ",".join(map(str, self.at))
        return f"make crash ONLY={self.script!r} AT={numbers}{' TORN=1' if self.torn else ''}"


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What came of one death: everything that differs from the run without it."""

    death: Death
    faults: Sequence[str]
    seconds: float


@lru_cache(maxsize=200)
def whole(script: str) -> Ending:
    """A script in which nobody dies."""
    return play(SCRIPTS[script], folder())


def die(death: Death) -> Fate:
    """Play a script with its deaths, in this process."""
    undisturbed = whole(death.script)
    died = play(SCRIPTS[death.script], folder(), death.at, torn=death.torn)
    return Fate(death=death, faults=compare(undisturbed, died), seconds=died.seconds)


def _at(script: str, *, lasts: bool) -> Iterator[Death]:
    return (Death(script=script, at=(each.number,)) for each in whole(script).effects if each.lasting is lasts)


def _torn(script: str) -> Iterator[Death]:
    """A power cut in the midst of each commit that writes something."""
    for effect in whole(script).effects:
        if effect.kind == "commit" and effect.lasting:
            yield Death(script=script, at=(effect.number,), torn=True)


def _pairs(script: str) -> Iterator[Death]:
    """In a small script, death and death in the recovery from it: each pair that leaves something else behind than another."""
    if len(whole(script).effects) > SMALL:
        return
    for first in lasting(whole(script)):
        after = play(SCRIPTS[script], folder(), (first,))
        for second in lasting(after, since=first, until=first + RECOVERY):
            yield Death(script=script, at=(first, second - first))


DEATHS: Final[Mapping[str, Callable[[str], Iterator[Death]]]] = {
    "lasting": lambda script: _at(script, lasts=True),
    "others": lambda script: _at(script, lasts=False),
    "torn": _torn,
    "pairs": _pairs,
}
"""Which deaths a script has. Between two effects that last all deaths are the same: of those one alone is among the lasting."""


def lasting(ending: Ending, *, since: int = 0, until: int | None = None) -> Iterator[int]:
    """The numbers of effects that change something outside memory."""
    return (each.number for each in ending.effects if each.lasting and since < each.number <= (until or each.number))


def toll(deaths: Iterable[Death], *, workers: int | None = None) -> Iterator[Fate]:
    """Die many deaths; their fates come as they are known."""
    # Neighbours are of one script: whoever takes them needs its undisturbed run once.
    return spread(die, deaths, workers=workers, chunk=16)


@dataclass(kw_only=True)
class Account:
    """What is known about one script."""

    effects: int
    deaths: int = 0
    torn: int = 0
    pairs: int = 0
    seconds: float = 0.0
    failed: list[Fate] = field(default_factory=list)

    def add(self, fate: Fate) -> None:
        """One more run."""
        self.deaths += len(fate.death.at) == 1 and not fate.death.torn
        self.torn += fate.death.torn
        self.pairs += len(fate.death.at) > 1
        self.seconds += fate.seconds
        if fate.faults:
            self.failed.append(fate)
