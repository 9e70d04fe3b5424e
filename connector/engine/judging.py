"""What the law says about one link, and the drafts that follow from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from connector.core.merge import Move, Verdict, end_sharing, judge, permit, settle
from connector.core.merge import Row as Law
from connector.core.model import Memory, OutsideEdit, Reading, Share, Side, Unit
from connector.engine.batch import Batch
from connector.engine.context import Context, key_of, log
from connector.engine.drafts import Draft, Subject
from connector.engine.halting import give_notice
from connector.engine.readings import eligible, may_share, shared_purposes, unreadable_purposes
from connector.store import suggestions
from connector.store.links import BLANK, UnitState
from connector.store.store import Row


@dataclass(slots=True, kw_only=True)
class Judged:
    """What judging one link led to. ``complete``: nothing is left for a next round."""

    states: dict[str, UnitState]
    rows: list[tuple[str, Law]] = field(default_factory=list)
    written: list[tuple[str, str]] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    complete: bool = True
    urgent: bool = False
    waits: bool = False
    """Something is left for a later cycle."""


def judge_link(
    ctx: Context, draft: Draft, subject: Subject, states: Mapping[str, UnitState], *, held: bool, only_opt_outs: bool
) -> Judged:
    """Judge a link and draft what follows. ``held``: nothing may be written yet; ``only_opt_outs``: restrictions alone."""
    judged = Judged(states=dict(states))
    if subject.link["state"] == "new":
        if not held and not only_opt_outs:
            draft.propose_contact(subject)
        judged.complete = not only_opt_outs
        return judged
    if subject.link["state"] not in ("linked", "ended"):
        # There is nobody to write about; what waits from before ends with the round of everything.
        judged.complete = not only_opt_outs
        return judged
    units = _opt_outs(subject.rules.units) if only_opt_outs else subject.rules.units
    verdicts = _beside_what_is_on_its_way(subject, _verdicts(ctx, subject, states, units))
    if held:
        verdicts = {name: _withhold(verdict) for name, verdict in verdicts.items()}
    verdicts = _leave_alone(ctx, draft.db, subject, judged, verdicts)
    urgent = {name for name, verdict in verdicts.items() if _is_urgent(subject.rules.unit(name), verdict, subject)}
    if held:
        # Where nothing may be written, nothing goes first: what both sides agree on is remembered for everybody.
        urgent = set()
    # A restriction that a side will not take as it is: tried once more whenever something moves, it holds up nothing else.
    verdicts = {name: verdict for name, verdict in verdicts.items() if name not in urgent & subject.refused_now}
    urgent -= subject.refused
    if urgent or only_opt_outs:
        judged.complete, judged.urgent = False, bool(urgent)
        verdicts = {name: verdict for name, verdict in verdicts.items() if name in urgent}
    _take_up(ctx, draft, subject, judged, verdicts)
    if held and not only_opt_outs:
        # Nothing follows before somebody lets this person be written about, and then everybody is judged anew.
        judged.complete = True
    _withdraw_unmapped(ctx, draft.db, subject, judged)
    # Where the mapping has it again some day, what careers have cleared meanwhile is no gap either.
    judged.differences += sorted(name for name in subject.differed if subject.rules.known(name) is None)
    if not held:
        draft.write(subject, judged.written, urgent=bool(urgent), profile=not only_opt_outs and not urgent)
    return judged


def _beside_what_is_on_its_way(subject: Subject, verdicts: Mapping[str, Verdict]) -> dict[str, Verdict]:
    """Without writes to careers that are on their way already: until they are shown only what else there is to say follows."""
    awaited = {name for name, verdict in verdicts.items() if subject.awaits(subject.rules.unit(name), verdict)}
    rest = {name: replace(verdicts[name], write=None, values=None, forget_base=False) for name in awaited}
    return {name: rest.get(name, verdict) for name, verdict in verdicts.items() if name not in rest or rest[name].acts}


def _leave_alone(
    ctx: Context, db: Connection, subject: Subject, judged: Judged, verdicts: Mapping[str, Verdict]
) -> dict[str, Verdict]:
    """Without what another program rewrites each time; restrictions are written all the same."""
    fought = [
        name
        for name, verdict in verdicts.items()
        if name in subject.fought_over and verdict.acts and not _restricts(subject.rules.unit(name))
    ]
    for name in fought:
        system, account = subject.link["system"], subject.link["account_id"]
        log.warning("unit.fought_over", system=system, account=account, unit=name)
        text = f"{name} of account {account} of {system} changes back each time we write it: look for another program that does"
        # One of its many accounts is named, and stays so: another one each time would be news each time.
        give_notice(ctx, db, key_of("fought_over", system, name), text, afresh=False)
    judged.waits = bool(fought)
    return {name: _withhold(verdict) if name in fought else verdict for name, verdict in verdicts.items()}


def _restricts(unit: Unit) -> bool:
    return unit.other_office_edit is OutsideEdit.OPT_OUT_WINS


def _opt_outs(units: Sequence[Unit]) -> list[Unit]:
    return [unit for unit in units if _restricts(unit)]


def _verdicts(ctx: Context, subject: Subject, states: Mapping[str, UnitState], units: Sequence[Unit]) -> dict[str, Verdict]:
    ended = subject.link["state"] == "ended"
    is_eligible = False if ended else eligible(subject.rules, subject.person)
    purposes = shared_purposes(subject.rules, subject.person) if is_eligible else frozenset()
    now = ctx.clock.now()
    found: dict[str, Verdict] = {}
    if not ended and subject.contact is None:
        # A contact that we cannot see is not a contact that is gone: nothing follows from it.
        return found
    unknown = unreadable_purposes(subject.rules, subject.person)
    if not ended:
        subject.person.unreadable.update(subject.rules.eligibility.unreadable(subject.person.crm))
    for unit in units:
        if unit.owner.side is Side.CAREER and not subject.link["leading"]:
            if states.get(unit.name, BLANK).memory.adopt == "replace" and not ended:
                found[unit.name] = permit(_vacated(subject, unit, now), unit)
            continue
        undecided = is_eligible is None and not may_share(subject.rules, unit, eligible=False, purposes=frozenset())
        if undecided or (unit.share is Share.CONSENTED and unit.purpose in unknown and not ended):
            found[unit.name] = Verdict(row=Law.UNREADABLE, noted=states.get(unit.name, BLANK).memory.noted)
            continue
        state = states.get(unit.name, BLANK).about(unit)
        sent, differed = subject.sent.get(unit.name), unit.name in subject.differed
        memory = replace(state.memory, sent=sent or {}, differed=differed) if sent or differed else state.memory
        crm, career = subject.readings(unit)
        if ended or not may_share(subject.rules, unit, eligible=bool(is_eligible), purposes=purposes):
            verdict = end_sharing(unit=unit, base=state.base, crm=crm, career=career, memory=memory)
        else:
            verdict = judge(unit=unit, base=state.base, crm=crm, career=career, memory=memory, now=now)
            if unit.name in subject.hidden and verdict.row in _ASKING and verdict.move is None and verdict.suggested is not None:
                # What waits to be shown, or may have been, is not what stands now.
                verdict = replace(verdict, move=Move.REFRESH)
        found[unit.name] = permit(verdict, unit)
    return found


def _vacated(subject: Subject, unit: Unit, now: datetime) -> Verdict:
    """What an account that does not count leaves on a profile that was another person's: nothing."""
    nothing, (crm, _) = (None,) * len(unit.fields), subject.readings(unit)
    career = Reading(values=nothing, natives=nothing)
    return replace(judge(unit=unit, base=None, crm=crm, career=career, memory=Memory(adopt="replace"), now=now), forget_base=True)


def _withhold(verdict: Verdict) -> Verdict:
    """Nothing is written and nobody is asked, before going live for one; what already agrees is still learnt.

    Not so what answers a question, for the base and its answer go together: both follow once something may be written.
    """
    learnt = verdict.move is None and verdict.row in (Law.AGREED, Law.UNCHANGED, Law.NOT_SHARED)
    base = verdict.base if learnt else None
    return Verdict(row=verdict.row, base=base, noted=verdict.noted if verdict.note is None else None)


_RESTRICTING = (Law.OPT_OUT_FROM_CRM, Law.OPT_OUT_FROM_CAREER)


def _is_urgent(unit: Unit, verdict: Verdict, subject: Subject) -> bool:
    """Whether this restricts what may be done with a person: that goes alone, first, and no brake holds it."""
    if not _restricts(unit):
        return False
    return (verdict.row in _RESTRICTING and verdict.acts) or (bool(verdict.flag) and subject.flag_differs(unit, verdict))


def _withdraw_unmapped(ctx: Context, db: Connection, subject: Subject, judged: Judged) -> None:
    """A question about a unit that the mapping has no more leads to nothing, however staff decide: it is withdrawn."""
    for name, state in judged.states.items():
        if state.memory.open is not None and subject.rules.known(name) is None:
            system, account = subject.link["system"], subject.link["account_id"]
            suggestions.settle(db, system, account, name, state="withdrawn", now=ctx.clock.now())
            judged.states[name] = replace(state, memory=replace(state.memory, open=None))


_IN_TWO_STEPS = (Law.ADOPTED, Law.ANSWERED, Law.REJECTED)
"""Rows that settle an old question first; what stands now is judged in the next round."""

_ASKING = (Law.OUTSIDE_EDIT, Law.BOTH_MOVED, Law.OPT_OUT_FROM_CAREER)
"""Rows that ask about a value; one that withdraws a question asks about it in the next round."""


_SAY_NOTHING = (Law.UNREADABLE, Law.NOT_SHARED)
"""Rows after which a first difference still waits for a choice."""


def _take_up(ctx: Context, draft: Draft, subject: Subject, judged: Judged, verdicts: Mapping[str, Verdict]) -> None:
    now = ctx.clock.now()
    for name, verdict in verdicts.items():
        unit = subject.rules.unit(name)
        state = judged.states.get(name, BLANK).about(unit)
        crm, career = subject.readings(unit)
        judged.rows.append((name, verdict.row))
        if verdict.row in _IN_TWO_STEPS and verdict.write is None and (verdict.base is not None or verdict.move is not None):
            judged.complete = False
        if verdict.row in _ASKING and verdict.move is Move.WITHDRAW:
            judged.complete = False
        if verdict.row is Law.FIRST_DIFFERENCE or (verdict.row in _SAY_NOTHING and name in subject.differed):
            judged.differences.append(name)
        if verdict.write is not None:
            judged.written.append((verdict.write.value, name))
        elif verdict.row in _IN_TWO_STEPS and state.memory.adopt != "keep":
            judged.complete = False
        mine = crm if unit.owner.side is Side.CRM else career
        new_base, memory = settle(verdict=verdict, base=state.base, memory=state.memory, mine=mine, now=now)
        draft.add(subject, unit, verdict, before=state, after=memory)
        judged.states[name] = replace(state, base=new_base, memory=memory)


def link_verdicts(ctx: Context, db: Connection, row: Row, states: Mapping[str, UnitState]) -> tuple[Subject, dict[str, Verdict]]:
    """What the law says about one link now; nothing is stored."""
    subject = Batch(ctx, db, row["system"], [row]).subject(row)
    return subject, _verdicts(ctx, subject, states, subject.rules.units)
