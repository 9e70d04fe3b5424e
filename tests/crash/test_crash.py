"""The bridge may die at any instant: a new process on the same state brings both systems to the same end.

Each script is data in the words of the simulation. ``make crash`` tries every death in every script; here a sample is tried:
deaths that are always the same, and fresh ones in every run.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from tests.crash.scripts import SCRIPTS
from tests.crash.toll import RECOVERY, Death, die, whole
from tests.simulation.dice import Dice
from tests.simulation.farm import sweep_up

BASE = int(os.environ.get("CRASH_BASE", time.time_ns() // 1_000_000_000))
"""What the fresh deaths are drawn from."""
PARTS = 4
"""How many tests the scripts are split into, so that workers share them."""


@pytest.fixture(scope="module", autouse=True)
def _folder() -> Iterator[None]:
    yield
    sweep_up()


def _sample(script: str) -> Death:
    """For three scripts of four a death that is always the same, and fresh ones for others in each run.

    Two in five come with another death in the recovery, three in ten are power cuts.
    """
    dice = Dice(BASE if Dice(BASE, f"{script} afresh").chance(0.25) else 0, script)
    first = dice.whole(1, len(whole(script).effects))
    more = (dice.whole(1, RECOVERY),) if dice.chance(0.4) else ()
    return Death(script=script, at=(first, *more), torn=dice.chance(0.3))


@pytest.mark.parametrize("part", range(PARTS))
def test_dying_anywhere_changes_nothing(part: int) -> None:
    """Law (I29, I30): death at any effect, or in the recovery from one: the same end, and every oracle content."""
    fates = [die(_sample(script)) for script in list(SCRIPTS)[part::PARTS]]
    failed = {str(fate.death): fate.faults[:3] for fate in fates if fate.faults}
    assert not failed, "\n".join(f"{death}: {faults}" for death, faults in failed.items())


def test_the_scripts_are_worth_dying_in() -> None:
    """Law: the scripts meet every kind of write and every state of everything; without a death all oracles are content."""
    endings = {script: whole(script) for script in SCRIPTS}
    assert {script: ending.breaches for script, ending in endings.items() if ending.breaches} == {}
    met = {mark for ending in endings.values() for mark in ending.marks}
    assert _STATES - met == set()


_STATES = {
    *(f"{kind} applied" for kind in ("career.acknowledge", "career.note", "career.update", "profile.create", "profile.update")),
    *(f"{kind} applied" for kind in ("proposal.create", "request.create", "request.update", "review.create", "review.update")),
    *(f"{kind} applied" for kind in ("suggestion.create", "suggestion.update", "task.update")),
    *("career.update superseded", "career.update refused", "request.create superseded", "suggestion.create superseded"),
    *(f"link {state}" for state in ("linked", "new", "apart", "ended")),
    *(f"suggestion {state}" for state in ("open", "accepted", "accepted_with_changes", "rejected", "withdrawn")),
    *(f"review {state}" for state in ("Decided", "Withdrawn")),
    *(f"request {state}" for state in ("Queued", "Triage", "Waiting", "In progress", "Done", "Not available", "Withdrawn")),
    *(f"request {state}" for state in ("Closed without outcome", "Task deleted", "Recorded only", "Refused")),
}
"""In what some step of a script has to end; the other states are passed within steps."""
