"""One pass over what changed, and over everything where that is owed. What waits goes first, then opt-outs, requests, changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection

from connector.core.model import Side
from connector.core.routing import find_officer
from connector.engine import collect, decisions, owed, patience, permission, pins, requests
from connector.engine.compare import compare
from connector.engine.context import Context, log, requests_side, sides
from connector.engine.deliver import deliver, recover
from connector.engine.desk import Worked
from connector.engine.drafts import FIELD_WRITES
from connector.engine.halting import EVERYTHING, PLAN, REQUESTS, halts, stop
from connector.engine.identity import Identified, identify
from connector.engine.planner import Planned, plan
from connector.engine.plans import route_anew
from connector.engine.relinking import relink
from connector.engine.remapped import forget_moved
from connector.engine.settling import Delivered, make_bare
from connector.engine.stage import stage
from connector.engine.usage import Meter
from connector.errors import Halt, Later, Refused
from connector.ports import Directory, Feed
from connector.store import intents, links, observations, plans
from connector.store.store import add, get_meta, next_name, pack, set_meta, stamp
from connector.store.tables import run

_ROUNDS = 6
"""Plans in one cycle: an opt-out, what follows it, a decision and its answer need no more."""


@dataclass(slots=True, kw_only=True)
class Cycle:
    """What one cycle did. ``down`` names each side that could not be worked with, and why.

    ``compared`` is what ``compare`` has found; ``uncompared`` names each side whose comparison broke off, and why.
    """

    read: dict[str, int] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    compared: dict[str, dict[str, Any]] = field(default_factory=dict)
    uncompared: dict[str, str] = field(default_factory=dict)
    identified: Identified = field(default_factory=Identified)
    plans: list[Planned] = field(default_factory=list)
    delivered: list[Delivered] = field(default_factory=list)
    routed: Worked = field(default_factory=Worked)
    down: dict[str, str] = field(default_factory=dict)
    halted: dict[str, str] = field(default_factory=dict)

    @property
    def halted_sides(self) -> list[str]:
        """The sides that stand still until a person acts."""
        return sorted(self.down.keys() & self.halted.keys())

    @property
    def writes(self) -> int:
        """Writes that a side has acknowledged, or shown."""
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
    started, since = ctx.clock.now(), ctx.clock.monotonic()
    recover(ctx)
    with _metered(ctx, lambda: done.settled) as metered:
        _read_all(metered, done)
        _work(metered, done, approve=approve)
        _compare_all(metered, done)
    done.halted = _halted(ctx)
    with ctx.store.begin() as db:
        _record(db, ctx, started, done)
    seconds = round(ctx.clock.monotonic() - since, 3)
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


def _record(db: Connection, ctx: Context, started: datetime, done: Cycle) -> None:
    ended = ctx.clock.now()
    facts = {"read": done.read, "changed": done.changed, "compared": done.compared, "writes": done.writes}
    facts |= {"down": done.down, "halted": done.halted}
    result = "halted" if done.halted else "partial" if done.down else "good"
    row = {"id": next_name(db, "cycle"), "job": "cycle", "started_at": stamp(started), "ended_at": stamp(ended)}
    add(db, run, [row | {"result": result, "facts": pack(facts)}])
    for side in sides(ctx):
        if side not in done.down:
            set_meta(db, f"last_good:{side}", stamp(ended))


def _read_all(ctx: Context, done: Cycle) -> None:
    _read(ctx, done, "crm", partial(collect.collect_crm, ctx))
    for system in ctx.careers:
        _read(ctx, done, system, partial(_collect_career, ctx, system, done))
        apart = requests_side(ctx, system)
        if apart != system and system in done.down:
            done.down[apart] = f"it is not worked with while {system} is down"
        elif apart != system:
            _read(ctx, done, apart, partial(collect.collect_requests, ctx, system))


def _collect_career(ctx: Context, system: str, done: Cycle) -> collect.Collected:
    pins.prove(ctx, system)
    done.delivered.append(Delivered())
    found = collect.collect_career(ctx, system, shown=done.delivered[-1])
    if ctx.careers[system].capabilities.requests_apart and requests_side(ctx, system) == system:
        apart = collect.collect_requests(ctx, system)
        found = collect.Collected(read=found.read + apart.read, changed=found.changed + apart.changed)
    return found


def _read(ctx: Context, done: Cycle, side: str, all_of_it: Callable[[], collect.Collected]) -> None:
    """What changed on one side; one that cannot be read is ``down``."""
    if side in done.halted:
        done.down[side] = done.halted[side]
        return
    with ctx.store.begin() as db:
        asked = patience.asked(ctx, db, side)
    if asked is not None:
        done.down[side] = f"{side}: {asked} (it asked for patience)"
        return
    try:
        found = all_of_it()
    except Later as error:
        done.down[side] = str(error)
        patience.keep(ctx, side, error)
        log.warning("side.unreachable", side=side, code=error.code)
    except (Halt, Refused) as error:
        done.down[side] = str(error)
        stop(ctx, side, error)
    else:
        done.read[side], done.changed[side] = found.read, found.changed


def _compare_all(ctx: Context, done: Cycle) -> None:
    """What is owed comes last, for it can be long, or be turned away. The next cycle judges what was found."""
    for side in owed.owed(ctx):
        if side in done.down:
            continue
        try:
            done.compared |= compare(ctx, side)
        except Later as error:
            done.uncompared[side] = str(error)
            patience.keep(ctx, side, error)
            log.warning("sweep.broke_off", side=side, code=error.code)
            with ctx.store.begin() as db:
                owed.broke_off(db, side, ctx.clock.now())
        except (Halt, Refused) as error:
            done.uncompared[side] = str(error)
            stop(ctx, side, error)


def _work(ctx: Context, done: Cycle, *, approve: bool) -> None:
    _identify(ctx, done)
    with ctx.store.begin() as db:
        live = stage(db).live
    if live:
        # Another daemon may have asked meanwhile what we are about to ask: its question is met here.
        decisions.read_decisions(ctx)
        requests.stop_waiting(ctx)
        _deliver(ctx, done, judged=False)
        if _to_plan(ctx):
            done.plans.append(plan(ctx, only_opt_outs=True))
            _deliver(ctx, done, judged=False)
        # What was answered about a question whose create had no answer until now.
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


def _identify(ctx: Context, done: Cycle) -> None:
    if "crm" not in done.down and "crm" not in done.halted:
        relink(ctx)
    done.identified = identify(ctx, broken_off=done.down)


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
    except (Halt, Refused) as error:
        stop(ctx, REQUESTS, error)


def _deliver(ctx: Context, done: Cycle, *, judged: bool) -> None:
    delivered = Delivered()
    done.delivered.append(delivered)
    deliver(ctx, without=frozenset(done.down) | frozenset(done.halted), into=delivered, judged=judged)
    done.down |= delivered.stopped


def read_only(ctx: Context) -> Cycle:
    """Read both sides, and decide who is who if the mapping is in force; nothing is planned, nothing written to either side."""
    done = Cycle(halted=_halted(ctx))
    recover(ctx)
    _read_all(ctx, done)
    with ctx.store.begin() as db:
        in_force = get_meta(db, "rules") == ctx.rules_hash
    if in_force:
        # A mapping that is only looked at links nobody: that would stay when it is dropped.
        _identify(ctx, done)
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

    ``mapping`` names what is read of a contact, and what of it is evidence; if it changed, contacts are read again.
    ``rehearsal``: nothing will be written, so the mapping need not be confirmed; a live bridge does not take it into force.

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
    stewards = stewards_of(ctx, ctx.crm.directory())
    with ctx.store.begin() as db:
        pins.doubt(ctx, db)
        collect.look_for_requests(ctx, db)
        if not rehearsal:
            permission.keep(ctx, db)
        if not rehearsal or not stage(db).live:
            # Before `go-live` a rehearsal learns, too.
            _take_into_force(ctx, db, stewards=stewards)
        if get_meta(db, "mapping") != mapping:
            observations.forget_evidence(db, Side.CRM, Feed.CONTACT)
            set_meta(db, "name_frequencies", None)
            set_meta(db, "mapping", mapping)


def stewards_of(ctx: Context, directory: Directory) -> str | None:
    """Who keeps the data right, by Salesforce id; None if nobody there is meant."""
    found = find_officer(ctx.routing.owners[ctx.routing.stewards], directory.officers)
    return found.id if found is not None else None


def _take_into_force(ctx: Context, db: Connection, *, stewards: str | None) -> None:
    """What another mapping than so far means for what is known, and for what was decided and waits."""
    forget_moved(ctx, db)
    set_meta(db, "stewards", stewards)
    rules, primary = get_meta(db, "rules"), get_meta(db, "primary")
    if rules != ctx.rules_hash or primary not in (None, ctx.primary):
        links.mark_all(db, "linked", "new", "ended")
    if rules != ctx.rules_hash:
        # What the new mapping would not send, or not there, must not go out because it was decided before.
        intents.supersede_marked(db, FIELD_WRITES)
        make_bare(db)
        intents.retry(db, ctx.clock.now(), None)
        route_anew(ctx, db)
    set_meta(db, "rules", ctx.rules_hash)
    set_meta(db, "primary", ctx.primary)


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
