"""From a seed to a scenario: what is drawn in which stream, and how often."""

from __future__ import annotations

from tests.simulation.dice import Dice
from tests.simulation.scenario import Scenario
from tests.simulation.steps import EditAccount, EditContact, Pass, Step
from tests.simulation.words import CHOICES, FIELDS
from tests.simulation.world import Spec


def draw(seed: int) -> Scenario:
    """The scenario of a seed."""
    world, edits, schedule = (Dice(seed, name) for name in ("world", "edits", "schedule"))
    people = world.weighted([(1, 5), (2, 3), (3, 2), (4, 1), (5, 1)])
    spec = Spec(people=people, live=world.chance(0.7), latency=world.one((0.0, 0.05, 1.0)))
    steps: list[Step] = []
    for _ in range(1 + schedule.few(1.5, 6)):
        steps += [_edit(edits, people) for _ in range(edits.few(1.5, 6))]
        steps.append(Pass(spec.cycle * schedule.one((1, 1, 1, 2))))
    return Scenario(spec=spec, steps=tuple(steps), seed=seed)


def _edit(dice: Dice, people: int) -> Step:
    person, field, choice, form = dice.whole(0, people - 1), dice.one(FIELDS), dice.whole(0, CHOICES), dice.whole(0, 1)
    chosen = None if choice == CHOICES else choice
    return EditContact(person, field, chosen, form) if dice.chance(0.5) else EditAccount(person, field, chosen, form)
