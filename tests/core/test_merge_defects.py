"""The tests of the law are tested: each defect planted into it must be seen by at least one of them."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from importlib.abc import InspectLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from connector.core import merge
from connector.core.model import NullPolicy, Owner, UntilDecided
from tests.core.test_merge_afterwards import (
    check_acknowledge,
    check_end_sharing,
    check_permit,
    check_questions,
    check_settle,
    check_what_is_asked_again,
)
from tests.core.test_merge_history import OPT_OUT_STEPS, STEPS, live, restrict
from tests.core.test_merge_laws import (
    answer_lost_writes,
    be_faithful,
    conclude_nothing_unread,
    converge,
    mirror,
    permit_less,
    reformat,
    situations,
    write_nothing_without_state,
)
from tests.core.test_merge_table import CASES, OPT_OUTS, check, check_opt_out, unit_of

HISTORIES = st.fixed_dictionaries(
    {
        "steps": STEPS,
        "opt_outs": OPT_OUT_STEPS,
        "owner": st.sampled_from(Owner),
        "until": st.sampled_from(UntilDecided),
        "restrictive": st.booleans(),
    }
)


def nothing_is_lost(law: ModuleType, at: dict[str, Any]) -> None:
    """Play a history of a field that somebody owns."""
    live(law, unit_of(owner=at["owner"], until_decided=at["until"], null=NullPolicy.SUGGEST_CLEAR), at["steps"])


def no_opt_out_is_lost(law: ModuleType, at: dict[str, Any]) -> None:
    """Play a history of opt-outs."""
    restrict(law, at["opt_outs"], restrictive=at["restrictive"])


SOURCE = Path(merge.__file__).read_text(encoding="utf-8")

# fmt: off
# ruff: noqa: E501 - each line quotes the law's source as it is
DEFECTS = [
    ("a side moves when its form is as it was", "value != value_was and (native != native_was", "value == value_was and (native != native_was"),
    ("reformatting is an edit", "value != value_was and (native", "(native"),
    ("reading anew is an edit", "value != value_was and (native != native_was or", "value != value_was and (True or"),
    ("an unseen native form is an empty one", " or (native_was is None and value_was is not None)", ""),
    ("all fields of a group must move", "    return any(\n        value != value_was", "    return all(\n        value != value_was"),
    ("our own echo is an edit", "if reading.values in memory.sent.get(side, ()):", "if False:"),
    ("our older write is left across", "case False, False if theirs.values in memory.sent", "case False, False if None in memory.sent"),
    ("the unreadable is empty", "if crm is None or career is None:", "if crm is None and career is None:"),
    ("the unreadable makes us forget a note", "row=Row.UNREADABLE, noted=memory.noted", "row=Row.UNREADABLE"),
    ("careers' no is not flagged beside an unreadable contact", "flag=refuses or None", "flag=None"),
    ("a note is told again and again", "note=None if verdict.note == memory.noted else verdict.note", "note=verdict.note"),
    ("emptiness is written where it means nothing", "if unit.null is NullPolicy.IGNORE and verdict.values", "if False and verdict.values"),
    ("a first difference is written over", "            return Verdict(row=Row.FIRST_DIFFERENCE)", "            return _write(unit, mine, Row.FIRST_DIFFERENCE)"),
    ("an empty owner erases what careers have", "gap = theirs.empty and", "gap = mine.empty and"),
    ("what careers cleared is filled while a person is to choose", "gap = theirs.empty and not memory.differed", "gap = theirs.empty"),
    ("what careers cleared after a choice is filled", "not memory.differed and not lapsed", "not memory.differed"),
    ("what careers entered after a choice is written over", "match None if lapsed else memory.adopt:", "match memory.adopt:"),
    ("a choice of yesterday lapses", "memory.chosen_over not in (None, theirs.values)", "memory.chosen_over != theirs.values"),
    ("keep is forgotten", "base=Base(crm=crm, career=career, supplied=_supplied(None, career, memory)))", "base=None)"),
    ("another person's value stays", 'memory.adopt == "replace":', 'memory.adopt == "crm_wins":'),
    ("adopted suggestions are never made", "base=_as_if_agreed(unit, mine))", "base=Base(crm=crm, career=career))"),
    ("the owner's clear is carried across though ignored", "if mine_moved and mine.empty and unit.null is NullPolicy.IGNORE:", "if False:"),
    ("the owner's answer is not seen", "move = _answer(memory.open, mine) if _answered(memory.open, mine) else", "move = None if _answered(memory.open, mine) else"),
    ("the move that raised a question answers it", "suggestion is not None and mine.values != suggestion.against", "suggestion is not None"),
    ("acceptance and adjustment change places", "Move.ACCEPTED if mine.values == suggestion.values", "Move.ACCEPTED if mine.values != suggestion.values"),
    ("what we restored withdraws itself", "waits = memory.open is None or memory.open.restored or", "waits = memory.open is None or"),
    ("nothing withdraws itself", "return None if waits else Move.WITHDRAW", "return None"),
    ("agreement is not remembered", "base=agreed if changed else None,", "base=None,"),
    ("agreement makes everything supplied", "return base.supplied and not _moved(Side.CAREER, career, base, memory)", "return base.supplied"),
    ("an ignored edit is suggested", "if unit.other_office_edit is OutsideEdit.IGNORE or (theirs.empty", "if (theirs.empty"),
    ("refuse suggests", "if unit.other_office_edit is OutsideEdit.REFUSE or (theirs.empty and unit.null is NullPolicy.CLEAR):", "if theirs.empty and unit.null is NullPolicy.CLEAR:"),
    ("refuse tells nobody", '        return replace(restore, note="restored")', "        return restore"),
    ("a rejected value is suggested again", "    if _rejected_before(memory.rejected, mine, theirs, now):\n        return replace(restore", "    if False:\n        return replace(restore"),
    ("a rejection holds for ever", "        and now - rejected.at < REJECTION_HOLDS\n", ""),
    ("a rejection holds a day longer", "now - rejected.at < REJECTION_HOLDS", "now - rejected.at <= REJECTION_HOLDS"),
    ("a rejection outlives the owner's move", "        and rejected.against == mine.values\n", ""),
    ("a rejection covers every value", "        and rejected.values == theirs.values\n", ""),
    ("restore keeps", "verdict = restore if restored else Verdict(row=Row.OUTSIDE_EDIT)", "verdict = Verdict(row=Row.OUTSIDE_EDIT)"),
    ("keep restores", "verdict = restore if restored else Verdict(row=Row.OUTSIDE_EDIT)", "verdict = restore"),
    ("restored is never noted", "suggested=theirs.values, restored=restored)", "suggested=theirs.values)"),
    ("restored is never noted when both moved", "suggested=theirs.values, restored=True)\n\n\ndef _reject", "suggested=theirs.values)\n\n\ndef _reject"),
    ("a waiting suggestion is raised again", "    if memory.open is None:\n        return Move.RAISE\n", "    return Move.RAISE\n"),
    ("a changed wish is not told", "return None if stands else Move.REFRESH", "return None"),
    ("what was pressed on one value stands beside another", "    if _decided_another(memory, theirs):\n        return _asked_no_more(Row.OUTSIDE_EDIT, memory)\n", ""),
    ("the same when both moved", "    if _decided_another(memory, theirs):\n        return _asked_no_more(Row.BOTH_MOVED, memory)\n", ""),
    ("the same with an opt-out", "    if _decided_another(memory, career):\n        return replace(told, move=Move.WITHDRAW, suggested=_open_values(memory))\n", ""),
    ("what was pressed on this very value asks anew", " and memory.open.decision is not None and memory.open.values != theirs.values", " and memory.open.decision is not None"),
    ("what is kept again still counts as put back", " and (restored or not memory.open.restored)", ""),
    ("an answer raises the question again", "        if theirs.values == memory.open.values:\n            return answer\n", "        if theirs.values == memory.open.values:\n            return replace(answer, move=Move.RAISE)\n"),
    ("an answer drops what careers typed since", "        return replace(answer, write=None, values=None)\n", "        return answer\n"),
    ("both moved, and an answered question comes back", "        and not _rejected_before(memory.rejected, mine, theirs, now)\n    )", "    )"),
    ("both moved, and nobody is asked", "    if not asked:", "    if True:"),
    ("both moved, and careers win", "write = _write(unit, mine, Row.BOTH_MOVED)", "write = _write(unit, theirs, Row.BOTH_MOVED)"),
    ("the owner's side is written", "Verdict(row=row, write=unit.owner.side.other, values=mine.values)", "Verdict(row=row, write=unit.owner.side, values=mine.values)"),
    ("a rejection erases a newer edit", "    if theirs.values != _open_values(memory):\n        return settled\n", ""),
    ("a rejection restores nothing", "    return replace(settled, write=unit.owner.side.other, values=mine.values)", "    return settled"),
    ("a rejection forgets that both agree", "return replace(settled, base=_agree(unit, base, crm, career, memory).base)", "return settled"),
    ("a permissive value wins", "        case True, False:\n            lifted", "        case False, False:\n            lifted"),
    ("careers' opt-out is not flagged", "told = Verdict(row=Row.OPT_OUT_FROM_CAREER, flag=True)", "told = Verdict(row=Row.OPT_OUT_FROM_CAREER)"),
    ("a lifted opt-out is taken for careers' own wish", "    owner_loosened = ours or (\n        base is not None\n", "    owner_loosened = ours or (\n        base is None\n"),
    ("our own opt-out is taken for careers' wish", "    owner_loosened = ours or (", "    owner_loosened = ("),
    ("an opt-out held is not respected", 'note="crm_lifted_opt_out", flag=True)', 'note="crm_lifted_opt_out")'),
    ("a rejected opt-out is asked about every day", "    if memory.open is None and _rejected_before(memory.rejected, crm, career, now):", "    if False:"),
    ("an opt-out of all contact asks nobody", "    if not unit.opt_out_global:", "    if unit.opt_out_global:"),
    ("the end of sharing clears what careers typed", "restricts or not ours:", "restricts or career is None:"),
    ("the end of sharing clears an opt-out", "unit.on_withdrawn is OnWithdrawn.KEEP or restricts or", "unit.on_withdrawn is OnWithdrawn.KEEP or"),
    ("the end of sharing takes what we never gave", "    if not ours and (base is None or not base.supplied):", "    if base is None and not ours:"),
    ("modes do not hold back writes", "    if verdict.write is not None and not limits[verdict.write]:", "    if False:"),
    ("modes do not hold back questions", "    if verdict.move in (Move.RAISE, Move.REFRESH) and not may_raise:", "    if False:"),
    ("what must not be shared is", "    shared = unit.share is not Share.NEVER", "    shared = True"),
    ("a withheld note counts as told", "    noted = verdict.noted if verdict.note is None else None", "    noted = verdict.noted"),
    ("a withheld restore counts as done", "values=None, restored=False, note=None", "values=None, note=None"),
    ("the base is lost before the clear arrived", "forgotten = verdict.forget_base and verdict.write is None", "forgotten = verdict.forget_base"),
    ("a choice is forgotten before it is carried out", "noted=verdict.noted, adopt=chosen,", "noted=verdict.noted, adopt=None,"),
    ("a choice stands for ever", "noted=verdict.noted, adopt=chosen,", "noted=verdict.noted, adopt=memory.adopt,"),
    ("what was chosen about stays when the choice is over", "chosen_over=memory.chosen_over if chosen else None", "chosen_over=memory.chosen_over"),
    ("a choice that cannot be carried out stands", "new_base is not None or verdict.row is Row.FIRST_DIFFERENCE else", "new_base is not None else"),
    ("episodes are not counted", "episode = memory.episodes + 1", "episode = 1"),
    ("a rejection is not remembered", "return new_base, replace(memory, open=None, rejected=rejected)", "return new_base, replace(memory, open=None)"),
    ("what we put back is forgotten as sharing ends", "return memory.open if memory.open is not None and memory.open.restored else None", "return None"),
    ("what careers hold themselves is asked about twice", "return memory.open if memory.open is not None and memory.open.restored else None", "return memory.open"),
    ("every withdrawn question comes back", "and verdict.row in (Row.SHARING_ENDED, Row.NOT_SHARED)", ""),
    ("what is asked again is asked for ever", "return None if another or answered or against", "return None if another or against"),
    ("what is asked since is asked as it was, too", "return None if another or answered or against", "return None if answered or against"),
    ("what is dropped with its plan is lost", "another = verdict.move in (Move.RAISE, Move.REFRESH) and verdict.suggested != asked.values", "another = verdict.move is Move.RAISE"),
    ("what the owner answered is asked again", "memory.open is not None or mine.values != asked.against:", "memory.open is not None:"),
    ("the owner's answer while nothing is shared is not seen", "against not in (None, asked.against) else asked", "against in () else asked"),
    ("what cannot be read has answered", "against not in (None, asked.against) else asked", "against != asked.against else asked"),
    ("a settled suggestion stays open", "case Move.WITHDRAW | Move.ACCEPTED | Move.ADJUSTED | Move.REJECTED:", "case Move.WITHDRAW | Move.ADJUSTED | Move.REJECTED:"),
    ("a later restore is not remembered", "        case _ if verdict.restored and memory.open is not None:", "        case _ if False and memory.open is not None:"),
    ("the base of a choice is turned round", "else (across, mine)", "else (mine, across)"),
    ("the acknowledged form is not kept", "return Base(crm=crm, career=written, supplied=True)", "return Base(crm=crm, career=career, supplied=True)"),
    ("what we wrote is not called supplied", "return Base(crm=crm, career=written, supplied=True)", "return Base(crm=crm, career=written)"),
]
# fmt: on


class Planted(InspectLoader):
    """Loads the law's source with one text replaced."""

    def __init__(self, was: str, now: str) -> None:
        self.text = SOURCE.replace(was, now)

    def get_source(self, fullname: str) -> str:  # noqa: ARG002 - the loader's protocol
        """The source with its defect."""
        return self.text


def plant(was: str, now: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module that states the law with a defect."""
    spec = importlib.util.spec_from_loader("merge_with_defect", Planted(was, now))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


def judge_by_table(law: ModuleType) -> None:
    """Every case and every check of what follows."""
    for case in CASES:
        for owner in Owner:
            check(law, case, owner)
    for opt_out in OPT_OUTS:
        for restrictive in (True, False):
            check_opt_out(law, opt_out, restrictive)
    for afterwards in (
        check_permit,
        check_settle,
        check_acknowledge,
        check_end_sharing,
        check_what_is_asked_again,
        check_questions,
    ):
        afterwards(law)


def is_seen(law: ModuleType) -> bool:
    """Whether any test of the law fails for this statement of it."""
    try:
        judge_by_table(law)
    except (AssertionError, AttributeError, ValueError, TypeError):
        return True
    return False


@pytest.mark.parametrize(("was", "now"), [one[1:] for one in DEFECTS], ids=[one[0] for one in DEFECTS])
def test_a_planted_defect_is_seen(was: str, now: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table fails once this is in the law."""
    assert SOURCE.count(was) >= 1, "the law reads otherwise now: plant this defect anew"
    assert is_seen(plant(was, now, monkeypatch))


def test_an_unplanted_law_is_not_accused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading the law this way changes nothing by itself."""
    judge_by_table(plant("", "", monkeypatch))


LAW_DEFECTS = [
    ("a permissive value wins", converge),
    ("the owner's side is written", be_faithful),
    ("a first difference is written over", write_nothing_without_state),
    ("the unreadable is empty", conclude_nothing_unread),
    ("modes do not hold back writes", permit_less),
    ("the base of a choice is turned round", mirror),
    ("reformatting is an edit", reformat),
    ("the move that raised a question answers it", answer_lost_writes),
    ("keep restores", nothing_is_lost),
    ("both moved, and an answered question comes back", nothing_is_lost),
    ("what we restored withdraws itself", nothing_is_lost),
    ("a changed wish is not told", nothing_is_lost),
    ("careers' opt-out is not flagged", no_opt_out_is_lost),
    ("an opt-out held is not respected", no_opt_out_is_lost),
]

# The same search every time: chance must not decide whether a planted defect is found.
SEARCH = settings(derandomize=True, database=None, deadline=None, max_examples=2_000, phases=[Phase.generate])


@pytest.mark.parametrize(("about", "rule"), LAW_DEFECTS, ids=[one[0] for one in LAW_DEFECTS])
def test_the_laws_see_it_without_the_table(
    about: str, rule: Callable[[ModuleType, dict[str, Any]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every law fails for a defect of its kind."""
    _, was, now = next(one for one in DEFECTS if one[0] == about)
    planted = plant(was, now, monkeypatch)

    @SEARCH
    @given(at=HISTORIES if rule in (nothing_is_lost, no_opt_out_is_lost) else situations())
    def holds(at: dict[str, Any]) -> None:
        rule(planted, at)

    with pytest.raises((AssertionError, AttributeError)):
        holds()
