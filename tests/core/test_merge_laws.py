"""The laws of the table, over every situation that a small alphabet can make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import timedelta
from itertools import product
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core import merge
from connector.core.model import (
    Base,
    Memory,
    Mode,
    NullPolicy,
    OpenSuggestion,
    OutsideEdit,
    Owner,
    Reading,
    Rejection,
    Share,
    Side,
    Unit,
    UntilDecided,
    Value,
)
from tests.core.test_merge_table import NOW, unit_of

ROUNDS = 3
"""In so many rounds every situation comes to rest: settle an old question, act on the new one, find nothing to do."""

OPEN_MODES = {"to_career": Mode.WRITE, "to_crm": Mode.WRITE, "share": Share.ALWAYS}


OWNED = [
    unit_of(
        size,
        owner=owner,
        other_office_edit=policy,
        until_decided=until,
        null=null,
        to_career=to_career,
        to_crm=to_crm,
        share=share,
    )
    for size, owner, policy, until, null, to_career, to_crm, share in product(
        (1, 2, 3),
        Owner,
        (OutsideEdit.SUGGEST, OutsideEdit.REFUSE, OutsideEdit.IGNORE),
        UntilDecided,
        NullPolicy,
        Mode,
        Mode,
        (Share.ALWAYS, Share.NEVER),
    )
]

OPT_OUTS = [
    unit_of(
        other_office_edit=OutsideEdit.OPT_OUT_WINS,
        until_decided=until,
        null=null,
        to_career=to_career,
        to_crm=to_crm,
        restrictive=restrictive,
        opt_out_global=total,
    )
    for until, null, to_career, to_crm, restrictive, total in product(
        UntilDecided, NullPolicy, Mode, Mode, (True, False), (True, False)
    )
]

UNITS = st.one_of(st.sampled_from(OWNED), st.sampled_from(OPT_OUTS))

Values = tuple[Value, ...]
FEW = 4
PLACES = st.tuples(*[st.integers(0, FEW - 1)] * 9)
FORMS = st.tuples(*[st.sampled_from(["", " "])] * 4)
AGES = st.sampled_from([0, 1, 364, 366]).map(lambda days: NOW - timedelta(days=days))
CHOICES = st.sampled_from([None, None, "crm_wins", "suggest", "keep", "replace"])
DECISIONS = st.sampled_from([None, None, "accept", "reject"])
NOTES = st.sampled_from([None, "restored", "opt_out_stands"])
SWITCHES = st.tuples(*[st.booleans()] * 8)


def pools(unit: Unit) -> st.SearchStrategy[list[Values]]:
    """A few values that a situation is made of, so that sides are often alike; empty is always among them."""
    letters: Values = (True, False) if unit.restrictive is not None else (None, "A", "B", "C")
    some = st.tuples(*[st.sampled_from(letters)] * len(unit.fields))
    return st.lists(some, min_size=FEW - 1, max_size=FEW - 1).map(lambda values: [(None,) * len(unit.fields), *values])


def formed(values: Values, form: str) -> Reading:
    """A reading in which every value is written in this form."""
    return Reading(values=values, natives=tuple(value if not form else f"{value}{form}" for value in values))


@st.composite
def situations(draw: st.DrawFn, /, **settings: Any) -> dict[str, Any]:
    """All arguments of ``judge`` but the time: any unit, readings, base and memory, also such as no history leads to."""
    unit = replace(draw(UNITS), **settings)
    pool = draw(pools(unit))
    crm, career, base_crm, base_career, suggested, against, rejected, rejected_against, sent = (
        pool[place] for place in draw(PLACES)
    )
    forms = draw(FORMS)
    known, alike, supplied, waits, restored, refused, doubt, differed = draw(SWITCHES)
    base = Base(crm=formed(base_crm, forms[2]), career=formed(base_crm if alike else base_career, forms[3]), supplied=supplied)
    opened = OpenSuggestion(values=suggested, episode=1, restored=restored, decision=draw(DECISIONS), against=against)
    return {
        "unit": unit,
        "base": base if known else None,
        "crm": formed(crm, forms[0]),
        "career": formed(career, forms[1]),
        "memory": Memory(
            open=opened if waits else None,
            rejected=Rejection(values=rejected, against=rejected_against, at=draw(AGES)) if refused else None,
            sent={unit.owner.side.other: (sent,)} if doubt else {},
            adopt=draw(CHOICES),
            differed=differed,
            episodes=1,
            noted=draw(NOTES),
        ),
    }


def step(law: ModuleType, at: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Judge, settle, write across and acknowledge: the verdict and the situation after it."""
    unit: Unit = at["unit"]
    verdict = law.permit(law.judge(**at, now=NOW), unit)
    mine = at[str(unit.owner.side)]
    base, memory = law.settle(verdict=verdict, base=at["base"], memory=at["memory"], mine=mine, now=NOW)
    after = at | {"base": base, "memory": memory}
    if verdict.write is not None:
        written = Reading(values=verdict.values, natives=tuple(f"{value}!" for value in verdict.values))
        after["base"] = law.acknowledge(verdict=verdict, crm=at["crm"], career=at["career"], written=written)
        after[str(verdict.write)] = written
        after["memory"] = replace(memory, sent={})
    return verdict, after


def converge(law: ModuleType, at: dict[str, Any]) -> None:
    """Whatever the situation, it comes to rest, and then stays there."""
    for _ in range(ROUNDS):
        verdict, after = step(law, at)
        if not verdict.acts and after == at:
            return
        at = after
    last, after = step(law, at)
    assert not last.acts, f"still at work: {last}"
    assert after["base"] == at["base"]
    assert step(law, after) == (last, after), "at rest it stays as it is"


def be_faithful(law: ModuleType, at: dict[str, Any]) -> None:
    """An owner's value never changes by us, and no opt-out is ever loosened by us."""
    unit: Unit = at["unit"]
    verdict = law.judge(**at, now=NOW)
    assert verdict.write is not unit.owner.side
    assert (verdict.write is None) == (verdict.values is None)
    if verdict.write is None:
        return
    assert verdict.values == at[str(unit.owner.side)].values, "what is written is what the owner holds"
    assert verdict.base is None, "the base waits for the acknowledgement"
    if unit.other_office_edit is OutsideEdit.OPT_OUT_WINS:
        assert at[str(verdict.write)].values != (unit.restrictive,)
    of_another_person = at["base"] is None and at["memory"].adopt == "replace"
    if unit.null is NullPolicy.IGNORE and not of_another_person:
        assert set(verdict.values) != {None}


def write_nothing_without_state(law: ModuleType, at: dict[str, Any]) -> None:
    """With the state lost, nothing that is there is replaced, except by a restriction."""
    unit: Unit = at["unit"]
    verdict = law.judge(**at | {"base": None, "memory": Memory()}, now=NOW)
    restricts = unit.restrictive is not None and verdict.values == (unit.restrictive,)
    if verdict.write is not None and not restricts:
        assert at[str(verdict.write)].empty


def conclude_nothing_unread(law: ModuleType, at: dict[str, Any]) -> None:
    """Of a side that was not readable nothing follows, not even for the memory; but careers' no is told."""
    unit: Unit = at["unit"]
    wins = unit.other_office_edit is OutsideEdit.OPT_OUT_WINS
    for unread in ("crm", "career"):
        verdict = law.judge(**at | {unread: None}, now=NOW)
        assert not verdict.acts
        left = law.settle(verdict=verdict, base=at["base"], memory=at["memory"], mine=None, now=NOW)
        chosen = at["memory"] if at["base"] is None else replace(at["memory"], adopt=None)
        assert left == (at["base"], chosen)
        refuses = wins and unread == "crm" and at["career"] is not None and at["career"].values == (unit.restrictive,)
        assert (verdict.flag, verdict.forget_base) == (refuses or None, False)


def permit_less(law: ModuleType, at: dict[str, Any]) -> None:
    """Modes only take away; what they leave, they leave as it was."""
    unit: Unit = at["unit"]
    verdict = law.judge(**at, now=NOW)
    permitted = law.permit(verdict, unit)
    for name in (one.name for one in fields(verdict)):
        assert getattr(permitted, name) in (getattr(verdict, name), None, False)
    assert law.permit(permitted, unit) == permitted
    assert permitted.write is None or {Side.CRM: unit.to_crm, Side.CAREER: unit.to_career}[permitted.write] is Mode.WRITE
    assert not (permitted.write is Side.CAREER and unit.share is Share.NEVER)
    assert not (unit.to_crm is Mode.OBSERVE and permitted.move in (law.Move.RAISE, law.Move.REFRESH))
    if permitted.write is None:
        assert (permitted.values, permitted.restored) == (None, False)


def mirror(law: ModuleType, at: dict[str, Any]) -> None:
    """Seen from the other office the law is the same."""
    unit: Unit = at["unit"]
    if unit.other_office_edit is OutsideEdit.OPT_OUT_WINS:
        return  # an opt-out is not about ownership
    sent = {side.other: values for side, values in at["memory"].sent.items()}
    base = at["base"] and Base(crm=at["base"].career, career=at["base"].crm, supplied=at["base"].supplied)
    seen = law.judge(**at, now=NOW)
    mirrored = law.judge(
        unit=replace(unit, owner=next(owner for owner in Owner if owner is not unit.owner)),
        base=base,
        crm=at["career"],
        career=at["crm"],
        memory=replace(at["memory"], sent=sent),
        now=NOW,
    )
    other = seen.write and seen.write.other
    swapped = seen.base and (seen.base.career, seen.base.crm)
    assert replace(mirrored, base=None) == replace(seen, write=other, base=None)
    assert swapped == (mirrored.base and (mirrored.base.crm, mirrored.base.career))


def reformat(law: ModuleType, at: dict[str, Any]) -> None:
    """Writing the same values otherwise is no edit: from rest it leads to no act."""
    for _ in range(ROUNDS + 1):
        verdict, at = step(law, at)
    unit: Unit = at["unit"]
    for side in ("crm", "career"):
        other = Reading(values=at[side].values, natives=tuple(f"{value} " for value in at[side].values))
        again = law.permit(law.judge(**at | {side: other}, now=NOW), unit)
        assert not again.acts
        assert again.row in (verdict.row, law.Row.AGREED)


def answer_lost_writes(law: ModuleType, at: dict[str, Any]) -> None:
    """A write of ours that arrived without our knowing is neither an edit nor an answer: no question follows from it."""
    unit: Unit = at["unit"]
    verdict = law.judge(**at, now=NOW)
    if verdict.write is None:
        return
    mine = at[str(unit.owner.side)]
    base, memory = law.settle(verdict=verdict, base=at["base"], memory=at["memory"], mine=mine, now=NOW)
    arrived = Reading(values=verdict.values, natives=tuple(f"{value}!" for value in verdict.values))
    memory = replace(memory, sent={verdict.write: (verdict.values,)})
    after = at | {"base": base, "memory": memory, str(verdict.write): arrived}
    again = law.judge(**after, now=NOW)
    assert again.write is None
    assert again.move in (None, law.Move.WITHDRAW, law.Move.REJECTED, *_accepted(law, memory, mine))
    if memory.open is not None and memory.open.restored and memory.open.decision != "reject":
        assert again.move in (None, *_accepted(law, memory, mine)), "it still waits"


def _accepted(law: ModuleType, memory: Memory, mine: Reading) -> tuple[Any, ...]:
    """The answer that an open suggestion has got by what the owner holds already, if it has."""
    if memory.open is None:
        return ()
    if memory.open.values == mine.values:
        return (law.Move.ACCEPTED,)
    return (law.Move.ADJUSTED,) if memory.open.against != mine.values else ()


LAWS: list[tuple[Callable[[ModuleType, dict[str, Any]], None], dict[str, Any]]] = [
    (converge, {}),
    (converge, OPEN_MODES),
    (be_faithful, {}),
    (write_nothing_without_state, {}),
    (conclude_nothing_unread, {}),
    (permit_less, {}),
    (mirror, {}),
    (reformat, OPEN_MODES),
    (answer_lost_writes, {}),
]


@pytest.mark.parametrize(("rule", "settings"), LAWS, ids=lambda part: getattr(part, "__name__", "open" if part else "any"))
def test_laws(rule: Callable[[ModuleType, dict[str, Any]], None], settings: dict[str, Any]) -> None:
    """Each law holds in every situation; its own docstring states it. That none of them raises makes ``judge`` total."""

    @given(at=situations(**settings))
    def holds(at: dict[str, Any]) -> None:
        rule(merge, at)

    holds()
