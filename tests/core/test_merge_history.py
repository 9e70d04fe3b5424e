"""Nothing is lost: random histories of people on both sides, with writes that fail, against a model that knows no law.

The model only keeps what people did and saw: which edit across was the last one, which suggested values the owner turned
down or answered, and what both sides last knew to be the same. It shares no code with the product.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core import merge
from connector.core.model import Base, Memory, Mode, NullPolicy, OutsideEdit, Owner, Reading, Side, Unit, UntilDecided
from tests.core.test_merge_table import NOW, unit_of

Step = tuple[str, str | None]
"""What happens, and with which value or outcome."""

LETTERS = [None, "A", "B", "C"]
OUTCOMES = ["applied", "later", "lost", "unknown"]
"""``later``: certainly not done. ``lost``: nobody knows, and it was not done. ``unknown``: nobody knows, and it was done."""

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("mine"), st.sampled_from(LETTERS)),
        st.tuples(st.just("theirs"), st.sampled_from(LETTERS)),
        st.tuples(st.just("cycle"), st.sampled_from(OUTCOMES)),
        st.tuples(st.just("cycle"), st.sampled_from(OUTCOMES)),
        st.tuples(st.just("press"), st.sampled_from(["reject", "reject", "accept"])),
        st.sampled_from([("wait a year", None), ("reformat", None), ("go live", None)]),
    ),
    max_size=14,
)


def reading(value: str | None, form: int = 0) -> Reading:
    """A single value, in one of its native forms."""
    return Reading(values=(value,), natives=(value and value + " " * form,))


@dataclass(kw_only=True)
class History:
    """Both sides, our state between them, and what the people there know."""

    law: ModuleType
    unit: Unit
    mine: str | None = "A"
    theirs: str | None = "A"
    form: int = 0
    now: datetime = NOW
    base: Base | None = field(default_factory=lambda: Base(crm=reading("A"), career=reading("A")))
    memory: Memory = field(default_factory=Memory)

    edited: bool = False
    """Whether the value across is an edit that nobody has settled yet."""
    edit: str | None = None
    common: str | None = "A"
    in_doubt: set[str | None] = field(default_factory=set)
    turned_down: tuple[str | None, str | None, datetime] | None = None
    asked_when: str | None = None
    seen: str | None = "A"

    def play(self, step: Step) -> None:
        """Let one thing happen."""
        match step:
            case ("mine", value):
                self.mine = value
            case ("theirs", value) if value != self.theirs:
                self.theirs = self.edit = value
                self.edited = value != self.common and value not in self.in_doubt
            case ("press", str(button)) if self.memory.open is not None:
                self.memory = replace(self.memory, open=replace(self.memory.open, decision=button))
            case ("cycle", str(outcome)):
                self.cycle(outcome)
            case ("wait a year", _):
                self.now += timedelta(days=366)
            case ("reformat", _):
                self.form += 1
            case ("go live", _):
                self.unit = replace(self.unit, to_career=Mode.WRITE, to_crm=Mode.WRITE)

    def cycle(self, outcome: str) -> Any:
        """Read, judge, settle and try to write."""
        across = self.unit.owner.side.other
        own, other = reading(self.mine, self.form), reading(self.theirs, self.form)
        crm, career = (own, other) if across is Side.CAREER else (other, own)
        verdict = self.law.judge(unit=self.unit, base=self.base, crm=crm, career=career, memory=self.memory, now=self.now)
        verdict = self.law.permit(verdict, self.unit)
        self.watch(verdict)
        self.base, self.memory = self.law.settle(verdict=verdict, base=self.base, memory=self.memory, mine=own, now=self.now)
        if self.mine == self.theirs:
            self.know(self.theirs)
        if verdict.write is not None:
            assert verdict.write is across, "the owner's side is never written"
            assert verdict.values == (self.mine,)
            self.write(verdict, crm, career, outcome)
        self.seen = self.mine
        return verdict

    def write(self, verdict: Any, crm: Reading, career: Reading, outcome: str) -> None:
        """Try to bring the owner's value across."""
        sent = self.memory.sent.get(verdict.write, ())
        if outcome in ("applied", "unknown"):
            if self.theirs == self.edit and self.turned_down_now():
                self.edited = False  # turned down before, it is put back for good
            self.theirs = self.mine
        if outcome == "applied":
            written = reading(self.theirs, self.form)
            self.base = self.law.acknowledge(verdict=verdict, crm=crm, career=career, written=written)
            self.know(self.theirs)
        elif outcome != "later":
            self.in_doubt.add(self.mine)
            self.memory = replace(self.memory, sent={verdict.write: (*sent, verdict.values)})

    def know(self, value: str | None) -> None:
        """Both sides have been seen to hold this."""
        self.common, self.in_doubt = value, set()
        self.edited = self.edited and self.edit != value
        self.memory = replace(self.memory, sent={})

    def watch(self, verdict: Any) -> None:
        """Compare what the verdict says about suggestions with what people did."""
        opened, move = self.memory.open, verdict.move and str(verdict.move)
        if opened is not None:
            (value,) = opened.values
            assert value is None or isinstance(value, str)
            if self.mine != self.seen and self.edit == value:
                self.edited = False  # the owner acted with the question before them
            match move:
                case "accepted":
                    assert self.mine == value
                case "accepted_with_changes":
                    assert self.mine not in (value, self.asked_when), "this was not an answer"
                    self.turned_down = (value, self.mine, self.now)
                case "withdraw":
                    assert self.theirs != value
                    assert self.mine in (self.asked_when, self.theirs)
                case "rejected":
                    assert opened.decision == "reject"
                    self.turned_down = (value, self.mine, self.now)
                    self.edited = self.edited and self.edit != value
        if move in ("raise", "refresh"):
            assert (opened is None) == (move == "raise")
            assert verdict.suggested == (self.theirs,)
            assert self.mine != self.theirs
            if self.turned_down is not None:
                value, against, at = self.turned_down
                again = (value, against) == (self.theirs, self.mine) and self.now - at < timedelta(days=365)
                assert not again, "this was turned down already"
            self.asked_when = self.mine

    def turned_down_now(self) -> bool:
        """Whether the last edit is what the owner turned down, as things are."""
        return self.turned_down is not None and self.turned_down[:2] == (self.edit, self.mine)


def live(law: ModuleType, unit: Unit, steps: list[Step]) -> None:
    """Play a history, then let every write through until nothing is left to do, and look who was forgotten."""
    history = History(law=law, unit=unit)
    for step in steps:
        history.play(step)
    history.play(("go live", None))
    for _ in range(4):
        history.cycle("applied")
    assert not history.cycle("applied").acts
    opened = history.memory.open
    waits = opened is not None and opened.values == (history.theirs,)
    assert history.mine == history.theirs or waits, "apart, and nobody is asked"
    if history.edited and history.edit is not None:
        asked = opened is not None and opened.values == (history.edit,)
        assert asked or history.mine == history.edit or history.turned_down_now(), "an edit was lost"


@pytest.mark.parametrize("until", UntilDecided)
@pytest.mark.parametrize("owner", Owner)
def test_no_edit_is_lost(owner: Owner, until: UntilDecided) -> None:
    """An edit across ends agreed, as an open question, turned down or answered, whatever fails on the way."""

    @given(
        steps=STEPS,
        null=st.sampled_from([NullPolicy.CLEAR, NullPolicy.SUGGEST_CLEAR]),
        mode=st.sampled_from([Mode.WRITE, Mode.SUGGEST]),
    )
    def nothing_is_lost(steps: list[Step], null: NullPolicy, mode: Mode) -> None:
        live(merge, unit_of(owner=owner, until_decided=until, null=null, to_career=mode, to_crm=mode), steps)

    nothing_is_lost()


OPT_OUT_STEPS = st.lists(
    st.tuples(st.sampled_from(["crm", "career", "cycle"]), st.sampled_from([None, True, False])), max_size=10
)


def restrict(law: ModuleType, steps: list[tuple[str, bool | None]], *, restrictive: bool) -> None:
    """Play a history of opt-outs: we never loosen, CRM's opt-out reaches careers, careers' is flagged while it stands."""
    unit = unit_of(other_office_edit=OutsideEdit.OPT_OUT_WINS, restrictive=restrictive, opt_out_global=True)
    held: dict[str, bool | None] = {"crm": not restrictive, "career": not restrictive}
    base: Base | None = None
    memory = Memory()
    flag: bool | None = None
    raised = False

    def cycle() -> Any:
        nonlocal base, memory, flag, raised
        crm, career = (Reading(values=(held[side],), natives=(held[side],)) for side in ("crm", "career"))
        verdict = law.judge(unit=unit, base=base, crm=crm, career=career, memory=memory, now=NOW)
        base, memory = law.settle(verdict=verdict, base=base, memory=memory, mine=crm, now=NOW)
        flag = flag if verdict.flag is None else verdict.flag
        raised = raised or str(verdict.move) == "raise"
        if verdict.write is not None:
            assert verdict.write is Side.CAREER
            assert held["career"] is not restrictive
            held["career"] = verdict.values[0]
            written = Reading(values=verdict.values, natives=verdict.values)
            base = law.acknowledge(verdict=verdict, crm=crm, career=career, written=written)
        return verdict

    for who, value in [*steps, ("cycle", None), ("cycle", None), ("cycle", None)]:
        if who == "cycle":
            cycle()
        else:
            held[who] = value
    assert not cycle().acts
    if held["crm"] is restrictive:
        assert held["career"] is restrictive
    else:
        assert flag is (held["career"] is restrictive)
    if held["career"] is restrictive and held["crm"] is not restrictive:
        assert raised or ("crm", restrictive) in steps, "nobody was asked"


@given(
    steps=OPT_OUT_STEPS,
    restrictive=st.booleans(),
)
def test_no_opt_out_is_lost(steps: list[tuple[str, bool | None]], restrictive: bool) -> None:  # noqa: FBT001 - drawn
    """An opt-out is only ever lifted by the people of the side that holds it."""
    restrict(merge, steps, restrictive=restrictive)
