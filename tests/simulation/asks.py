"""Courses about requests, several about the same people, while what their way hangs on changes; and about what people share."""

from __future__ import annotations

from tests.simulation.beside import Rename
from tests.simulation.courses import Beats
from tests.simulation.dice import Dice
from tests.simulation.steps import (
    MENU,
    OF_SOMEBODY,
    At,
    Change,
    Duplicate,
    EditContact,
    File,
    Leave,
    Log,
    Merge,
    Name,
    Retype,
    Step,
    When,
    Work,
)
from tests.simulation.troubles import Break, CrmRefuses, KeepState, Kill, PutMapping, RestoreState, Suspend
from tests.simulation.variants import NEVER_WORKED, USUAL
from tests.simulation.words import CHOICES
from tests.simulation.world import OFFICERS, Spec

_FACTS = ("class_year", "class_year", "major", "mailing_country")
"""Fields by which requests are routed."""


def asks(dice: Dice, spec: Spec) -> Beats:
    """Some requests, mostly about one person; the same is asked again, or something else."""
    person = dice.whole(0, spec.people - 1)
    items = [dice.one(range(OF_SOMEBODY)) for _ in range(dice.whole(1, 3))]
    beats: list[list[Step]] = []
    for _ in range(dice.whole(2, 4)):
        about = person if dice.chance(0.8) else dice.whole(0, spec.people - 1)
        steps: list[Step] = [EditContact(about, dice.one(_FACTS), dice.whole(0, CHOICES - 1))] if dice.chance(0.6) else []
        if dice.chance(0.5):
            steps.append(_meanwhile(dice, spec, about))
        steps += [File(about, dice.one(items)) for _ in range(dice.weighted([(1, 5), (2, 2)]))]
        beats.append(steps)
    return beats


def by_hand(dice: Dice, spec: Spec) -> Beats:
    """Officers log calls on requests, and find out whom one is about that careers do not know; the same is asked again."""
    person = dice.whole(0, spec.people - 1)
    unknown = dice.one((OF_SOMEBODY, 4)) if spec.platform == USUAL else 4
    first = unknown if dice.chance(0.7) else dice.one(range(OF_SOMEBODY))
    filed = [*_uncertain(dice), File(person, first)]
    worked = [[_by_hand(dice, spec, person) for _ in range(dice.whole(1, 2))] for _ in range(dice.whole(2, 4))]
    again = File(person, dice.one((0, 0, 1, 2, 3, 8)))
    return [filed, *worked, [again], [_by_hand(dice, spec, person)], []]


def _uncertain(dice: Dice) -> list[Step]:
    """Whether a request has come about is not known."""
    return [Break("crm", dice.one(("lose_response", "timeout")), 1, "composite/graph")] if dice.chance(0.3) else []


def _by_hand(dice: Dice, spec: Spec, person: int) -> Step:
    """What officers do around a request, and what goes wrong meanwhile."""
    log = Log(dice.whole(0, 1), dice.one(("Completed", "Completed", "Not Started", "In Progress")))
    name = Name(0, person if dice.chance(0.8) else dice.whole(0, spec.people - 1))
    kinds: list[tuple[Step, float]] = [
        (log, 4),
        (When("crm<", "/composite/graph", log), 1),
        (name, 4),
        (Work(0, dice.one(("begin", "wait", "complete", "decline", "delete"))), 2),
        (Change(dice.one((0, -1)), dice.one(("", "Another Zyx title"))), 1.5),
        (KeepState(), 0.5),
        (RestoreState(), 1),
        (At(dice.whole(1, 40), Kill()), 1),
        (Duplicate(person), 0.5),
        (Merge(person, into_double=dice.chance(0.5)), 1),
    ]
    return dice.weighted(kinds)


def attached(dice: Dice, spec: Spec) -> Beats:
    """The same is asked of somebody twice; then careers take the first one back, or an officer is done with it."""
    person, item = dice.whole(0, spec.people - 1), dice.one((0, 1, 2, 3, 8))
    ends: list[tuple[Step, float]] = [(Change(-2, ""), 4), (Work(-1, dice.one(("complete", "decline", "delete"))), 1)]
    amidst: list[Step] = [_meanwhile(dice, spec, person)] if dice.chance(0.3) else []
    return [[File(person, item)], [File(person, item), *amidst], [dice.weighted(ends)], []]


def corrected(dice: Dice, spec: Spec) -> Beats:
    """Careers correct the type of a request: to one that is understood, and worked, or to one that is neither."""
    person = dice.whole(0, spec.people - 1)
    item = dice.one((0, 6, 7))
    type = dice.one(sorted(NEVER_WORKED)) if item == 0 else dice.one(("MENTOR_FLASH", "RESUME_REVIEW", "REC_LETTER"))
    correct: Step = Retype(-1, type)
    amidst = When(dice.one(("crm>", "crm<", "careers>", "careers<")), dice.one(("GET", "POST", "/composite/")), correct)
    lock = CrmRefuses("UNABLE_TO_LOCK_ROW", "Career_Request__c", dice.one((1, 3, 20)))
    first: list[Step] = [*([lock] if dice.chance(0.4) else []), File(person, item)]
    deeds: list[tuple[Step, float]] = [(correct, 4), (Retype(-1, MENU[item]["type"]), 1), (_meanwhile(dice, spec, person), 3)]
    beats = [[dice.weighted(deeds)] for _ in range(dice.whole(1, 3))]
    last: list[Step] = [Change(-1, dice.one(("", "Another Zyx title")))] if dice.chance(0.4) else []
    return [[*first, amidst] if dice.chance(0.3) else first, *beats, last, []]


def months(dice: Dice, spec: Spec) -> Beats:
    """Somebody is asked again and again, and about a month lies between: the contact limit ends, until the year's is reached."""
    person, beats = dice.whole(0, spec.people - 1), list[list[Step]]()
    for _ in range(dice.whole(2, 5)):
        asked: list[Step] = [File(person, dice.one((0, 2, 3, 8))) for _ in range(dice.weighted([(1, 4), (2, 1)]))]
        worked: list[Step] = [Work(dice.whole(0, 3), dice.one(("begin", "complete", "decline", "delete")))]
        beats += [asked, worked if dice.chance(0.6) else [], [Suspend(dice.one((29, 31, 60, 120)) * 86_400.0)]]
    return [*beats, []]


def shared(dice: Dice, spec: Spec) -> Beats:
    """Under EDA: a program that several contacts are enrolled in is renamed, and nobody touches these."""
    return [[], [Rename(dice.whole(0, spec.people - 1), "degree", dice.whole(1, CHOICES - 1))], []]


def _meanwhile(dice: Dice, spec: Spec, person: int) -> Step:
    """What else there is that a request's way hangs on."""
    leave = Leave(dice.one(OFFICERS), dice.chance(0.3))
    kinds: list[tuple[Step, float]] = [
        (PutMapping(dice.one(("rerouted", spec.mapping)), dice.chance(0.8)), 3),
        (leave, 3),
        (When("crm>", "/composite/graph", leave), 1),
        (CrmRefuses("UNABLE_TO_LOCK_ROW", "Career_Request__c", dice.one((1, 3))), 2),
        (Change(dice.one((0, -1)), dice.one(("", "Another Zyx title"))), 2),
        (Work(dice.whole(0, 2), dice.one(("begin", "complete", "decline"))), 2),
        (KeepState(), 1),
        (RestoreState(), 1),
        (When(dice.one(("crm>", "crm<")), "/composite/graph", Kill()), 1),
        (Duplicate(person), 1),
        (Merge(person, into_double=dice.chance(0.5)), 1),
    ]
    return dice.weighted(kinds)
