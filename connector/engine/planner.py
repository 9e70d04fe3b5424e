"""The second station: judge every marked link and put the writes that follow on the shelf, under one plan.

A person's opt-outs are planned alone and first; the rest of that person's changes follow in the next round.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from connector.core.brakes import Load, pulled
from connector.core.merge import Row as Law
from connector.core.merge import Verdict, end_sharing, judge, permit, settle
from connector.core.model import Memory, OutsideEdit, Reading, Share, Side, Unit
from connector.engine.batch import Batch, note_unreadable, overtaken
from connector.engine.context import Context, Stage, log, stage
from connector.engine.drafts import FIELD_WRITES, PROPOSAL, Draft, Subject
from connector.engine.halting import PLAN, set_halt
from connector.engine.readings import may_share, shared_purposes, unreadable_purposes
from connector.engine.unasking import QUESTIONS, unask
from connector.store import intents, links, plans
from connector.store.links import BLANK, UnitState
from connector.store.store import Row, get_meta, next_name, pack, set_meta, stamp, unpack

_BATCH = 500
_EVERYBODY = ("linked", "new", "ended")
"""The states of links about which there may be something to write."""

_WRITTEN_SIDE = {
    "career.update": Side.CAREER,
    "profile.create": Side.CRM,
    "profile.update": Side.CRM,
    "suggestion.create": Side.CRM,
}


@dataclass(slots=True, kw_only=True)
class Planned:
    """A plan's totals. ``rows`` counts units by the law's row, ``writes`` fields to be written by side and unit.

    ``unread`` counts by unit the people about whom nothing is decided, since one side does not show its value.
    """

    id: str
    people: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)
    writes: dict[str, dict[str, int]] = field(default_factory=lambda: {"crm": {}, "career": {}})
    totals: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    digest: str = ""
    state: str = "open"
    released: int = 0
    again: int = 0
    """Links that want another round."""


class DryRunEnded(Exception):
    """Carries the result of a dry run out of its transaction."""


def plan(
    ctx: Context,
    *,
    approve: bool = False,
    only_opt_outs: bool = False,
    as_if_live: bool = False,
    dry: bool = False,
    tried: Sequence[str] = (),
) -> Planned:
    """Judge all marked links. ``approve`` releases the plan whatever the brakes say; ``dry`` leaves nothing behind.

    ``tried`` names the plans of this cycle: a restriction of theirs that a side has refused is not tried again in it.
    """
    if dry:
        return _rehearse(ctx, as_if_live=as_if_live)
    with ctx.store.begin() as db:
        planned = Planned(id=next_name(db, "plan"))
        plans.put(db, _blank_plan(ctx, planned.id))
        if not only_opt_outs:
            # What a dead process had planned goes past the brakes with this plan; opt-outs pass none.
            plans.carry_over(db, planned.id)
    after = ("", "")
    while True:
        with ctx.store.begin() as db:
            rows = links.marked(db, after=after, limit=_BATCH)
            if not rows:
                break
            after = (rows[-1]["system"], rows[-1]["account_id"])
            _plan_batch(ctx, db, rows, planned, only_opt_outs=only_opt_outs, as_if_live=as_if_live, tried=tried)
        ctx.progress("planning", planned.people, None)
    with ctx.store.begin() as db:
        _release(ctx, db, planned, approve=approve or only_opt_outs)
        if only_opt_outs and planned.reasons:
            # Opt-outs are carried out however many they are; that there are many is for a person to know.
            count = sum(n for n, _, _ in planned.totals.values())
            log.warning("opt_outs.many", count=count)
            set_meta(db, "notice", pack({"at": stamp(ctx.clock.now()), "text": f"{count} restrictions were carried out at once"}))
    return planned


def _blank_plan(ctx: Context, id: str) -> dict[str, str]:
    return {
        "id": id,
        "at": stamp(ctx.clock.now()),
        "state": "open",
        "digest": "",
        "rules_hash": ctx.rules_hash,
        "facts": "{}",
    }


def _rehearse(ctx: Context, *, as_if_live: bool) -> Planned:
    planned = Planned(id="rehearsal")
    try:
        with ctx.store.begin() as db:
            plans.put(db, _blank_plan(ctx, planned.id))
            links.mark_all(db, *_EVERYBODY)
            after = ("", "")
            while rows := links.marked(db, after=after, limit=_BATCH):
                after = (rows[-1]["system"], rows[-1]["account_id"])
                _plan_batch(ctx, db, rows, planned, only_opt_outs=False, as_if_live=as_if_live)
            _weigh(ctx, db, planned)
            raise DryRunEnded  # noqa: TRY301 - the only way to leave a transaction without keeping it
    except DryRunEnded:
        planned.state = "rehearsed"
    return planned


def _weigh(ctx: Context, db: Connection, planned: Planned) -> None:
    planned.totals = plans.totals(db, planned.id)
    planned.digest = plans.digest(db, planned.id)
    approved = plans.approved_before(db, planned.id)
    linked = links.count_states(db).get("linked", 0)
    for side in (Side.CAREER, Side.CRM):
        kinds = [kind for kind, written in _WRITTEN_SIDE.items() if written is side]
        loads = [_less(planned.totals.get(kind), approved.get(kind)) for kind in kinds]
        newcomers = planned.totals.get(PROPOSAL, (0, 0, 0))[0] if side is Side.CRM else 0
        blanks = sum(blank for _, _, blank in loads)
        load = Load(people=sum(n for n, _, _ in loads), blanks=blanks, newcomers=newcomers)
        recent = intents.applied_last_day(db, kinds, ctx.clock.now())
        planned.reasons += pulled(side, load, last_24h=recent, linked=linked, brakes=ctx.person.brakes[side])


def _less(totals: tuple[int, int, int] | None, approved: tuple[int, int, int] | None) -> tuple[int, int, int]:
    """What the brakes weigh: a person is not asked twice about the same, because a process died on the way."""
    n, changes, blanks = totals or (0, 0, 0)
    m, known, empty = approved or (0, 0, 0)
    return n - m, changes - known, blanks - empty


def _release(ctx: Context, db: Connection, planned: Planned, *, approve: bool) -> None:
    _weigh(ctx, db, planned)
    facts = {"rows": planned.rows, "writes": planned.writes, "totals": planned.totals, "reasons": planned.reasons}
    plans.finish(db, planned.id, digest=planned.digest, facts=pack(facts))
    if planned.reasons and not approve:
        plans.brake(db, planned.id)
        planned.state = "braked"
        set_halt(ctx, db, PLAN, "; ".join(planned.reasons), _remedy(planned), plan_id=planned.id)
        return
    planned.state = "approved" if planned.reasons else "ready"
    planned.released = plans.release(db, planned.id, state=planned.state)


def _remedy(planned: Planned) -> str:
    resume = f"`alumni-bridge resume --plan {planned.digest[:12]}`"
    return f"look at it with `alumni-bridge status`, then {resume}; if it is too much, undo the change on its own side"


def _plan_batch(
    ctx: Context,
    db: Connection,
    rows: Sequence[Row],
    planned: Planned,
    *,
    only_opt_outs: bool,
    as_if_live: bool,
    tried: Sequence[str] = (),
) -> None:
    stand = Stage(live=True) if as_if_live else stage(db)
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row["system"], []).append(row)
    for system, group in groups.items():
        accounts = [row["account_id"] for row in group]
        busy = intents.in_flight(db, system, accounts, [kind for kind in FIELD_WRITES if not overtaken(ctx, system, kind)])
        free = [row for row in group if row["account_id"] not in busy]
        if not only_opt_outs:
            for refused in intents.give_up(db, system, [row["account_id"] for row in free], QUESTIONS):
                unask(db, refused)
        batch = Batch(ctx, db, system, free, tried=tried)
        draft = Draft(ctx=ctx, db=db, plan_id=planned.id, system=system)
        done, states, differences, decided = [], {}, {}, []
        for row in batch.rows:
            account = row["account_id"]
            subject = batch.subject(row)
            held = not stand.includes(account, batch.class_year(row))
            outcome = _judge_link(ctx, draft, subject, batch.states.get(account, {}), held=held, only_opt_outs=only_opt_outs)
            states[account] = outcome.states
            if outcome.complete and not outcome.waits:
                done.append(account)
            if not only_opt_outs and not outcome.urgent and row["state"] != "ended":
                differences[account] = outcome.differences
            if outcome.urgent or not only_opt_outs:
                decided.append(account)
            _tally(planned, outcome)
        draft.rows = intents.replan(db, system, decided, FIELD_WRITES, draft.rows, but=batch.refused_now)
        draft.store()
        links.put_states(db, system, states)
        links.set_first_differences(db, system, differences, ctx.clock.now())
        links.unmark(db, system, done)
        note_unreadable(ctx, db, system, batch.subjects)


def _tally(planned: Planned, outcome: _Judged) -> None:
    planned.people += 1
    planned.again += not outcome.complete
    planned.rows.update(row.value for _, row in outcome.rows)
    planned.unread.update(unit for unit, row in outcome.rows if row is Law.UNREADABLE)
    for side, unit in outcome.written:
        planned.writes[side][unit] = planned.writes[side].get(unit, 0) + 1


@dataclass(slots=True, kw_only=True)
class _Judged:
    """What judging one link led to. ``complete``: nothing is left for a next round."""

    states: dict[str, UnitState]
    rows: list[tuple[str, Law]] = field(default_factory=list)
    written: list[tuple[str, str]] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    complete: bool = True
    urgent: bool = False
    waits: bool = False
    """Something is left for a later cycle."""


def _judge_link(
    ctx: Context, draft: Draft, subject: Subject, states: Mapping[str, UnitState], *, held: bool, only_opt_outs: bool
) -> _Judged:
    judged = _Judged(states=dict(states))
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
    verdicts = _verdicts(ctx, subject, states, units)
    verdicts = {name: verdict for name, verdict in verdicts.items() if not subject.awaits(subject.rules.unit(name), verdict)}
    if held:
        verdicts = {name: _withhold(verdict) for name, verdict in verdicts.items()}
    verdicts = _leave_alone(ctx, draft.db, subject, judged, verdicts)
    urgent = {name for name, verdict in verdicts.items() if _is_urgent(subject.rules.unit(name), verdict, subject)}
    if subject.refused:
        # A side will not take the restriction as it is: tried once more whenever something moves, it holds up nothing else.
        verdicts = {name: verdict for name, verdict in verdicts.items() if not (subject.refused_now and name in urgent)}
        urgent = set()
    if urgent or only_opt_outs:
        judged.complete, judged.urgent = False, bool(urgent)
        verdicts = {name: verdict for name, verdict in verdicts.items() if name in urgent}
    _take_up(ctx, draft, subject, judged, verdicts)
    if not held:
        draft.write(subject, judged.written, urgent=bool(urgent), profile=not only_opt_outs and not urgent)
    return judged


def _leave_alone(
    ctx: Context, db: Connection, subject: Subject, judged: _Judged, verdicts: Mapping[str, Verdict]
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
        set_meta(db, "notice", pack({"at": stamp(ctx.clock.now()), "text": text}))
    judged.waits = bool(fought)
    return {name: _withhold(verdict) if name in fought else verdict for name, verdict in verdicts.items()}


def _restricts(unit: Unit) -> bool:
    return unit.other_office_edit is OutsideEdit.OPT_OUT_WINS


def _opt_outs(units: Sequence[Unit]) -> list[Unit]:
    return [unit for unit in units if _restricts(unit)]


def _verdicts(ctx: Context, subject: Subject, states: Mapping[str, UnitState], units: Sequence[Unit]) -> dict[str, Verdict]:
    ended = subject.link["state"] == "ended"
    eligible = not ended and subject.rules.eligibility.refusal(subject.person.crm) is None
    purposes = shared_purposes(subject.rules, subject.person) if eligible else frozenset()
    now = ctx.clock.now()
    found: dict[str, Verdict] = {}
    if not ended and subject.contact is None:
        # A contact that we cannot see is not a contact that is gone: nothing follows from it.
        return found
    unknown = unreadable_purposes(subject.rules, subject.person)
    for unit in units:
        if unit.owner.side is Side.CAREER and not subject.link["leading"]:
            if states.get(unit.name, BLANK).memory.adopt == "replace" and not ended:
                found[unit.name] = permit(_vacated(subject, unit, now), unit)
            continue
        if unit.share is Share.CONSENTED and unit.purpose in unknown and not ended:
            found[unit.name] = Verdict(row=Law.UNREADABLE)
            continue
        state = states.get(unit.name, BLANK).about(unit)
        sent, differed = subject.sent.get(unit.name), unit.name in subject.differed
        memory = replace(state.memory, sent=sent or {}, differed=differed) if sent or differed else state.memory
        crm, career = subject.readings(unit)
        if ended or not may_share(subject.rules, unit, eligible=eligible, purposes=purposes):
            verdict = end_sharing(unit=unit, base=state.base, career=career, memory=memory)
        else:
            verdict = judge(unit=unit, base=state.base, crm=crm, career=career, memory=memory, now=now)
        found[unit.name] = permit(verdict, unit)
    return found


def _vacated(subject: Subject, unit: Unit, now: datetime) -> Verdict:
    """What an account that does not count leaves on a profile that was another person's: nothing."""
    nothing, (crm, _) = (None,) * len(unit.fields), subject.readings(unit)
    career = Reading(values=nothing, natives=nothing)
    return replace(judge(unit=unit, base=None, crm=crm, career=career, memory=Memory(adopt="replace"), now=now), forget_base=True)


def _withhold(verdict: Verdict) -> Verdict:
    """Before going live nothing is written and nobody is asked; what already agrees is still learnt."""
    base = verdict.base if verdict.row in (Law.AGREED, Law.UNCHANGED) else None
    return Verdict(row=verdict.row, base=base)


_RESTRICTING = (Law.OPT_OUT_FROM_CRM, Law.OPT_OUT_FROM_CAREER)


def _is_urgent(unit: Unit, verdict: Verdict, subject: Subject) -> bool:
    """Whether this restricts what may be done with a person: that goes alone, first, and no brake holds it."""
    if not _restricts(unit):
        return False
    return (verdict.row in _RESTRICTING and verdict.acts) or (bool(verdict.flag) and subject.flag_differs(unit, verdict))


_IN_TWO_STEPS = (Law.ADOPTED, Law.ANSWERED, Law.REJECTED)
"""Rows that settle an old question first; what stands now is judged in the next round."""


def _take_up(ctx: Context, draft: Draft, subject: Subject, judged: _Judged, verdicts: Mapping[str, Verdict]) -> None:
    now = ctx.clock.now()
    for name, verdict in verdicts.items():
        unit = subject.rules.unit(name)
        state = judged.states.get(name, BLANK).about(unit)
        crm, career = subject.readings(unit)
        judged.rows.append((name, verdict.row))
        if verdict.row in _IN_TWO_STEPS and verdict.write is None and (verdict.base is not None or verdict.move is not None):
            judged.complete = False
        if verdict.row is Law.FIRST_DIFFERENCE:
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


def adopt(ctx: Context, unit_name: str, choice: str, *, limit: int | None = None) -> int:
    """Take up a person's choice for the first differences of one unit; how many links it concerns."""
    unit, taken = ctx.persons.unit(unit_name), 0
    with ctx.store.begin() as db:
        by_system: dict[str, list[str]] = {}
        for system, account in links.first_differences(db, unit.name):
            by_system.setdefault(system, []).append(account)
        for system, accounts in by_system.items():
            known = links.states_of(db, system, accounts)
            # A choice that was made and not carried out yet stands.
            open_ones = [id for id in accounts if known.get(id, {}).get(unit.name, BLANK).memory.adopt is None]
            open_ones = open_ones[: None if limit is None else limit - taken]
            links.put_states(db, system, {id: _chosen(known.get(id, {}), unit, choice) for id in open_ones})
            links.mark(db, system, open_ones)
            taken += len(open_ones)
    return taken


def _chosen(states: Mapping[str, UnitState], unit: Unit, choice: str) -> dict[str, UnitState]:
    state = states.get(unit.name, BLANK)
    return dict(states) | {unit.name: replace(state, memory=replace(state.memory, adopt=choice))}


def go_live(ctx: Context) -> None:
    """From now on the bridge writes; every link is looked at again."""
    with ctx.store.begin() as db:
        set_meta(db, "live_at", stamp(ctx.clock.now()))
        links.mark_all(db, *_EVERYBODY)


def set_pilot(ctx: Context, *, accounts: Sequence[str], class_years: Sequence[int], configured: bool = False) -> None:
    """Limit writing to these people; with neither, nobody is left out any more. Everybody is judged again.

    ``configured``: the configuration says so; it does not go against what the command has chosen, nor says it twice.
    """
    with ctx.store.begin() as db:
        chosen = {"accounts": list(accounts), "class_years": list(class_years), "configured": configured}
        known = get_meta(db, "pilot")
        if configured and known is not None and (unpack(known) == chosen or not unpack(known)["configured"]):
            return
        set_meta(db, "pilot", pack(chosen))
        links.mark_all(db, *_EVERYBODY)
