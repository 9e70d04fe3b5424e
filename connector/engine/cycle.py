"""One pass over what changed, and one pass over everything. Opt-outs go first, then decisions, requests, changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from connector.core.brakes import emptied
from connector.core.model import Side
from connector.engine import collect, decisions, patience, permission, pins, requests
from connector.engine.context import Context, log, stage
from connector.engine.deliver import Delivered, deliver, recover
from connector.engine.drafts import FIELD_WRITES
from connector.engine.halting import EVERYTHING, PLAN, REQUESTS, halts, set_halt, stop
from connector.engine.identity import Identified, identify
from connector.engine.planner import Planned, plan
from connector.engine.usage import Meter
from connector.errors import Halt, Later, Refused
from connector.ports import Feed, Page, Record
from connector.store import intents, links, observations, plans
from connector.store.store import add, get_meta, next_name, pack, set_meta, stamp
from connector.store.tables import run

_ROUNDS = 6
"""Plans in one cycle: an opt-out, what follows it, a decision and its answer need no more."""


@dataclass(slots=True, kw_only=True)
class Cycle:
    """What one cycle did. ``down`` names each side that could not be worked with, and why."""

    read: dict[str, int] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    identified: Identified = field(default_factory=Identified)
    plans: list[Planned] = field(default_factory=list)
    delivered: list[Delivered] = field(default_factory=list)
    routed: requests.Routing = field(default_factory=requests.Routing)
    down: dict[str, str] = field(default_factory=dict)
    halted: dict[str, str] = field(default_factory=dict)

    @property
    def halted_sides(self) -> list[str]:
        """The sides that stand still until a person acts."""
        return sorted(self.down.keys() & self.halted.keys())

    @property
    def writes(self) -> int:
        """Writes that a side has acknowledged."""
        return sum(done.applied for done in self.delivered)

    @property
    def settled(self) -> int:
        """Writes that a side has answered in some way."""
        return sum(count for done in self.delivered for states in done.counts.values() for count in states.values())


def cycle(ctx: Context, *, approve: bool = False) -> Cycle:
    """Read what changed on every side, decide, write. A side that is down does not hold up the others."""
    _trust_clock(ctx)
    done = Cycle(halted=_halted(ctx))
    if EVERYTHING in done.halted:
        return done
    started = ctx.clock.now()
    recover(ctx)
    with _metered(ctx, lambda: done.settled) as metered:
        _read_all(metered, done)
        _work(metered, done, approve=approve)
    done.halted = _halted(ctx)
    with ctx.store.begin() as db:
        _record(db, ctx, started, done)
    seconds = round((ctx.clock.now() - started).total_seconds(), 3)
    log.info("cycle.ended", seconds=seconds, writes=done.writes, count=sum(done.changed.values()), halted=len(done.halted))
    return done


@contextmanager
def _metered(ctx: Context, written: Callable[[], int]) -> Iterator[Context]:
    """While the block runs, what the sides are asked is counted, and a side that is asked far more than usual stops."""
    with ctx.store.begin() as db:
        meter = Meter.begin(ctx, db, written)
    try:
        yield replace(ctx, progress=meter.progress)
    finally:
        with ctx.store.begin() as db:
            meter.keep(db)


def _log_run(db: Connection, job: str, started: datetime, ended: datetime, *, result: str, facts: object) -> None:
    row = {"id": next_name(db, job), "job": job, "started_at": stamp(started), "ended_at": stamp(ended)}
    add(db, run, [row | {"result": result, "facts": pack(facts)}])


def _record(db: Connection, ctx: Context, started: datetime, done: Cycle) -> None:
    ended = ctx.clock.now()
    facts = {"read": done.read, "changed": done.changed, "writes": done.writes, "down": done.down, "halted": done.halted}
    result = "halted" if done.halted else "partial" if done.down else "good"
    _log_run(db, "cycle", started, ended, result=result, facts=facts)
    if "crm" not in done.down:
        set_meta(db, "last_good:crm", stamp(ended))
    for system in ctx.careers:
        if system not in done.down:
            set_meta(db, f"last_good:{system}", stamp(ended))


def _read_all(ctx: Context, done: Cycle) -> None:
    _guard(ctx, done, "crm", lambda: collect.collect_crm(ctx))
    for system in ctx.careers:
        _guard(ctx, done, system, lambda system=system: _read_career(ctx, system))  # type: ignore[misc]


def _read_career(ctx: Context, system: str) -> collect.Collected:
    """What changed in one career system; everything is compared where its feed had a gap."""
    pins.prove(ctx, system)
    found, gap = collect.collect_career(ctx, system), f"{collect.UNCOMPARED}:{system}"
    with ctx.store.begin() as db:
        uncompared = get_meta(db, gap) is not None
    if uncompared:
        log.info("feed.had_a_gap", system=system)
        _sweep_career(ctx, system, stamp(ctx.clock.now()))
        with ctx.store.begin() as db:
            set_meta(db, gap, None)
    return found


def _guard(ctx: Context, done: Cycle, side: str, read: Callable[[], collect.Collected]) -> None:
    if side in done.halted:
        done.down[side] = done.halted[side]
        return
    with ctx.store.begin() as db:
        asked = patience.asked(ctx, db, side)
    if asked is not None:
        done.down[side] = f"{side}: {asked} (it asked for patience)"
        return
    try:
        found = read()
    except Later as error:
        done.down[side] = str(error)
        patience.keep(ctx, side, error)
        log.warning("side.unreachable", side=side, code=error.code)
    except (Halt, Refused) as error:
        done.down[side] = str(error)
        stop(ctx, side, error)
    else:
        done.read[side], done.changed[side] = found.read, found.changed


def _work(ctx: Context, done: Cycle, *, approve: bool) -> None:
    done.identified = identify(ctx)
    with ctx.store.begin() as db:
        live = stage(db).live
    if live:
        _deliver(ctx, done, judged=False)
        if _to_plan(ctx):
            done.plans.append(plan(ctx, only_opt_outs=True))
            _deliver(ctx, done, judged=False)
        decisions.read_decisions(ctx)
        _route(ctx, done)
        _deliver(ctx, done, judged=False)
    judged = False
    for _ in range(_ROUNDS):
        if not _to_plan(ctx, left=True):
            break
        planned = plan(ctx, approve=approve, tried=[earlier.id for earlier in done.plans])
        judged = True
        done.plans.append(planned)
        if live:
            _deliver(ctx, done, judged=judged)
        if planned.state == "braked" or not (planned.released or planned.again):
            break
    if live:
        decisions.tell(ctx)
        _deliver(ctx, done, judged=judged)


def _to_plan(ctx: Context, *, left: bool = False) -> bool:
    """Whether somebody is to be judged; ``left``: or a plan of a dead process is unfinished, and planning is not halted."""
    with ctx.store.begin() as db:
        if left and PLAN in halts(db):
            return False
        return bool(links.marked(db, limit=1)) or (left and plans.unfinished(db, "plan"))


def _route(ctx: Context, done: Cycle) -> None:
    if "crm" in done.down or REQUESTS in done.halted:
        return
    try:
        done.routed = requests.work_requests(ctx)
    except Later as error:
        done.down["crm"] = str(error)
    except Halt as error:
        stop(ctx, REQUESTS, error)


def _deliver(ctx: Context, done: Cycle, *, judged: bool) -> None:
    delivered = Delivered()
    done.delivered.append(delivered)
    deliver(ctx, without=frozenset(done.down) | frozenset(done.halted), into=delivered, judged=judged)
    done.down |= delivered.stopped


def read_only(ctx: Context) -> Cycle:
    """Read both sides and decide who is who; nothing is planned and nothing is written to either side."""
    done = Cycle(halted=_halted(ctx))
    _read_all(ctx, done)
    done.identified = identify(ctx)
    done.halted = _halted(ctx)
    return done


def _halted(ctx: Context) -> dict[str, str]:
    """What stands still, and why."""
    with ctx.store.begin() as db:
        return {subject: row["reason"] for subject, row in halts(db).items()}


def prepare(ctx: Context, mapping: str, *, rehearsal: bool = False) -> None:
    """Before the first cycle of a process: pin the org, compare the mapping, look at what the org offers.

    Career systems are not asked here: one that cannot be used must not hold up the CRM or another. Each is proven before it is
    read for the first time (``pins.prove``).

    ``mapping`` names what is read of a contact; if it changed, contacts are read again, and everything is judged again.
    ``rehearsal``: nothing will be written, so the mapping need not be confirmed.

    Raises:
        Halt: another org or environment than this state belongs to; a mapped field is missing; no clock; the mapping
            permits more than the one in force, and nobody has confirmed that.
    """
    _trust_clock(ctx)
    if not rehearsal:
        with ctx.store.begin() as db:
            permission.demand(ctx, db)
    ctx.crm.check(ctx.persons.contact_fields(), ctx.persons.profile_fields())
    pins.pin(ctx, "environment", ctx.environment)
    pins.pin(ctx, "org", ctx.crm.organization_id())
    owners = {officer.name: officer.id for officer in ctx.crm.directory().officers if officer.active}
    with ctx.store.begin() as db:
        pins.doubt(ctx, db)
        if not rehearsal:
            permission.keep(ctx, db)
        set_meta(db, "stewards", owners.get(ctx.routing.owners[ctx.routing.stewards].name))
        if get_meta(db, "rules") != ctx.rules_hash:
            links.mark_all(db, "linked")
            # What the new mapping would not send, or not there, must not go out because it was decided before.
            intents.supersede_marked(db, FIELD_WRITES)
            intents.retry(db, ctx.clock.now(), None)
            set_meta(db, "rules", ctx.rules_hash)
        if get_meta(db, "mapping") != mapping:
            observations.move_cursors(db, Side.CRM, "", {Feed.CONTACT: ""}, now=ctx.clock.now(), whole=False)
            set_meta(db, "name_frequencies", None)
            set_meta(db, "mapping", mapping)


_EARLIEST = datetime(2025, 1, 1, tzinfo=UTC)
"""No release of the bridge is older: a clock that says so has lost its time."""


def _trust_clock(ctx: Context) -> None:
    """Deadlines, limits and certificates are judged by the clock; without one nothing is written."""
    if ctx.clock.now() < _EARLIEST:
        raise Halt(
            subject="clock",
            reason=f"this machine's clock says {ctx.clock.now():%Y-%m-%d}",
            remedy="set the clock (NTP); then `alumni-bridge resume clock`, if `status` shows it as halted",
        )


def sweep(ctx: Context) -> dict[str, Any]:
    """Read everything again and compare: finds what moves no stamp, hard deletes and lost rows. The completeness figure.

    Raises:
        Halt: the org no longer gives what the mapping needs, or much is missing.
        Later: a side cannot be read now.
    """
    try:
        return _sweep(ctx)
    except Later as error:
        patience.keep(ctx, error.side, error)
        raise


def _sweep(ctx: Context) -> dict[str, Any]:
    # A daemon runs for months: what was looked at when it began may have changed.
    ctx.crm.check(ctx.persons.contact_fields(), ctx.persons.profile_fields())
    started = ctx.clock.now()
    name = stamp(started)
    facts: dict[str, Any] = {"at": name}
    with _metered(ctx, lambda: 0) as metered:
        facts["contacts"] = _sweep_feed(metered, Feed.CONTACT, name)
        facts["profiles"] = _sweep_feed(metered, Feed.PROFILE, name)
        for system in ctx.careers:
            try:
                facts[system] = _sweep_career(metered, system, name)
            except (Halt, Refused) as error:
                stop(ctx, system, error)
                raise
    with ctx.store.begin() as db:
        set_meta(db, "name_frequencies", None)
        links.mark_all(db, "linked")
        set_meta(db, "last_sweep", pack(facts))
        _log_run(db, "sweep", started, ctx.clock.now(), result="good", facts=facts)
    return facts


def _sweep_feed(ctx: Context, feed: Feed, name: str) -> dict[str, int]:
    def keep(db: Connection, page: Page) -> list[Record]:
        return collect.keep_feed(ctx, db, feed, page.records, sweep=name)

    found = _Swept(ctx=ctx, name=name, side=Side.CRM, system="", kind=feed)
    return found.run(lambda cursor: ctx.crm.read({feed: cursor})[feed], keep, lambda ids: ctx.crm.fetch(feed, ids))


def _sweep_career(ctx: Context, system: str, name: str) -> dict[str, int]:
    pins.prove(ctx, system)
    career = ctx.careers[system]
    if not career.capabilities.lookup:
        # It says what it says by itself: read again it would say the same, and who is not in it is not gone.
        return {"read": 0, "changed": 0, "lost": 0, "gone": 0}

    def keep(db: Connection, page: Page) -> list[Record]:
        people = [record for record in page.records if record.kind == "person"]
        met = collect.keep(ctx, db, Side.CAREER, system, "person", people, sweep=name)
        collect.note_accounts(ctx, db, system, met)
        return met

    found = _Swept(ctx=ctx, name=name, side=Side.CAREER, system=system, kind="person")
    return found.run(career.read, keep, lambda ids: career.fetch("person", ids))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Swept:
    """One kind of record of one side, read whole and compared with what was known."""

    ctx: Context
    name: str
    side: Side
    system: str
    kind: str

    def run(
        self,
        read: Callable[[str], Page],
        keep: Callable[[Connection, Page], list[Record]],
        fetch: Callable[[list[str]], Sequence[Record]],
    ) -> dict[str, int]:
        """Read every page, keep it, ask by id for what was not met, and treat as deleted what is not there either."""
        ctx, who = self.ctx, self.system or "crm"
        met = changed = 0
        cursor, more = "", True
        while more:
            page = read(cursor)
            with ctx.store.begin() as db:
                changed += len(keep(db, page))
            met += sum(record.kind == self.kind for record in page.records)
            cursor, more = page.cursor, page.full and page.more
            ctx.progress(f"sweeping {self.system or self.kind}", met, None)
        with ctx.store.begin() as db:
            known = observations.count(db, self.side, self.kind, system=self.system)
            missing = observations.unseen(db, self.side, self.kind, system=self.system, sweep=self.name)
        gone = _confirm(ctx, who, known, missing, fetch)
        with ctx.store.begin() as db:
            collect.forget(ctx, db, self.side, self.system, self.kind, gone)
        return {"read": met, "changed": changed, "lost": len(missing), "gone": len(gone)}


def _confirm(
    ctx: Context, side: str, known: int, missing: list[str], fetch: Callable[[list[str]], Sequence[Record]]
) -> list[str]:
    """Absence from a result is never a deletion: each missing record is asked for by its id."""
    # Contacts can be hidden from us by sharing, and then cannot be asked for by id either: believe less of it.
    reason = emptied(side, known=known, missing=len(missing), share=0.01 if side == "crm" else 0.1)
    with ctx.store.begin() as db:
        accepted = get_meta(db, f"accepted_missing:{side}")
        if reason is not None:
            set_meta(db, f"accepted_missing:{side}", None)
    if reason is not None and not accepted:
        remedy = f"find out why (permissions, sharing, an import?), then `alumni-bridge resume {side}`"
        with ctx.store.begin() as db:
            set_halt(ctx, db, side, reason, remedy)
        raise Halt(subject=side, reason=reason, remedy=remedy)
    there: set[str] = set()
    for start in range(0, len(missing), 200):
        there.update(record.id for record in fetch(missing[start : start + 200]) if not record.deleted)
    return [id for id in missing if id not in there]
