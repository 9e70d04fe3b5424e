"""Judge every marked link and put the writes that follow on the shelf, under one plan.

A person's opt-outs are planned alone and first; the rest of that person's changes follow in the next round.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from connector.core.brakes import Load, pulled
from connector.core.merge import Row as Law
from connector.core.model import Side
from connector.engine.batch import Batch, note_unreadable, overtaken
from connector.engine.context import Context, log
from connector.engine.drafts import FIELD_WRITES, PROPOSAL, Draft
from connector.engine.halting import PLAN, give_notice, set_halt
from connector.engine.judging import Judged, judge_link
from connector.engine.remapped import forget_moved
from connector.engine.stage import EVERYBODY, stage
from connector.engine.unasking import NEW_QUESTIONS, unask
from connector.store import intents, links, plans, reviews
from connector.store.store import Row, grouped, next_name, pack, stamp

_BATCH = 500

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
    reviews: int = 0
    """Identity reviews that staff are still to be asked."""
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

    ``tried`` names the plans of this cycle: a restriction or question of theirs that was refused is not tried again in it.
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
            give_notice(ctx, db, "opt_outs", f"{count} restrictions were carried out at once")
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
            forget_moved(ctx, db)
            links.mark_all(db, *EVERYBODY)
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
    planned.reviews = reviews.count_unasked(db)
    approved = plans.approved_before(db, planned.id)
    linked = links.count_states(db).get("linked", 0)
    for side in (Side.CAREER, Side.CRM):
        kinds = [kind for kind, written in _WRITTEN_SIDE.items() if written is side]
        loads = [_less(planned.totals.get(kind), approved.get(kind)) for kind in kinds]
        newcomers = planned.totals.get(PROPOSAL, (0, 0, 0))[0] if side is Side.CRM else 0
        blanks = sum(blank for _, _, blank in loads)
        load = Load(people=sum(n for n, _, _ in loads), blanks=blanks, newcomers=newcomers)
        systems = ctx.careers if side is Side.CAREER else None
        recent = intents.count_of_the_day(db, kinds, ctx.clock.now(), systems=systems)
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
    stand = replace(stage(db), live=True) if as_if_live else stage(db)
    for system, group in grouped(rows, "system").items():
        accounts = [row["account_id"] for row in group]
        busy = intents.in_flight(db, system, accounts, [kind for kind in FIELD_WRITES if not overtaken(ctx, system, kind)])
        free = [row for row in group if row["account_id"] not in busy]
        if not only_opt_outs:
            for refused in intents.give_up(db, system, [row["account_id"] for row in free], NEW_QUESTIONS, but_of=tried):
                unask(db, refused)
        batch = Batch(ctx, db, system, free, tried=tried)
        draft = Draft(ctx=ctx, db=db, plan_id=planned.id, system=system)
        done, states, differences, decided = [], {}, {}, []
        for row in batch.rows:
            account = row["account_id"]
            subject = batch.subject(row)
            held = not stand.includes(account, batch.class_year(row))
            outcome = judge_link(ctx, draft, subject, batch.states.get(account, {}), held=held, only_opt_outs=only_opt_outs)
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


def _tally(planned: Planned, outcome: Judged) -> None:
    planned.people += 1
    planned.again += not outcome.complete
    planned.rows.update(row.value for _, row in outcome.rows)
    planned.unread.update(unit for unit, row in outcome.rows if row is Law.UNREADABLE)
    for side, unit in outcome.written:
        planned.writes[side][unit] = planned.writes[side].get(unit, 0) + 1
