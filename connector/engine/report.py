"""What an operator can ask: how it stands, and why a field is as it is. And the sign of life in Salesforce itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Connection, func, select

from connector.core.explain import ROWS
from connector.core.model import Side, Unit
from connector.core.suggestions import show
from connector.engine import owed
from connector.engine.context import Context, Installation, log, sides
from connector.engine.halting import halts, notices
from connector.engine.judging import link_verdicts
from connector.engine.stage import stage
from connector.store import intents, journal, links, requests, reviews, suggestions
from connector.store.links import BLANK
from connector.store.store import Row, get_meta, get_metas, last_name, moment, set_meta, stamp, unpack
from connector.store.tables import link, parked, run

_A_DAY = timedelta(days=1)
"""A side that was away comes back by then, and is compared."""


def _to_choose(db: Connection, mapped: Collection[str] | None) -> dict[str, int]:
    """How many first differences wait for `adopt`, by unit; those of units that are not mapped now do not."""
    waiting = links.count_first_differences(db)
    return waiting if mapped is None else {unit: count for unit, count in waiting.items() if unit in mapped}


def status(ctx: Installation, *, mapped: Collection[str] | None = None, mapping_problem: str | None = None) -> dict[str, Any]:
    """How it stands, in plain values: stage, last good work per side, what waits, what is halted and parked, and why.

    ``mapped`` are the units of the mapping; where it cannot be read, every unit counts. ``mapping_problem`` is what is wrong with
    its files now; else what the daemon has remembered counts.
    """
    with ctx.store.begin() as db:
        stand = stage(db)
        compared = ["crm", *ctx.careers]
        return {
            "environment": ctx.environment,
            "version": ctx.version,
            "stage": "pilot" if stand.live and stand.pilot else "live" if stand.live else "observing",
            "pilot": {"accounts": sorted(stand.pilot_accounts), "class_years": sorted(stand.pilot_years)},
            "last_good": {side: get_meta(db, f"last_good:{side}") for side in sides(ctx)},
            "halted": [dict(row) for row in halts(db).values()],
            "down": _down(db),
            "links": links.count_states(db),
            "first_differences": _to_choose(db, mapped),
            "suggestions": suggestions.count(db),
            "reviews": reviews.count(db),
            "requests": requests.count(db),
            "requests_without_record": requests.count_without_record(db),
            "writes": intents.count(db),
            "waiting": intents.count_waiting(db),
            "refused": [_refused(row) for row in intents.refused(db)],
            "parked_total": db.execute(select(func.count()).select_from(parked)).scalar_one(),
            "parked": [dict(row._asdict()) for row in db.execute(select(parked).limit(50))],
            "last_sweep": _unpacked(get_meta(db, "last_sweep")),
            "to_compare": [side for side in compared if owed.standing(db, side) is not None],
            "broken_off": owed.broken_off(db, compared),
            "notices": notices(db, ctx.clock.now()),
            "mapping_problem": mapping_problem or get_meta(db, "mapping_problem"),
            "audit_broken_at": journal.verify(db),
        }


def _unpacked(packed: str | None) -> Any:  # noqa: ANN401 - JSON
    return unpack(packed) if packed else None


def _down(db: Connection) -> dict[str, Any]:
    # By its name: by its time, a cycle of a clock that was ahead would be the last one for as long.
    last = db.execute(select(run).where(run.c.id == last_name(db, "cycle"))).first()
    return dict(unpack(last.facts)["down"]) if last else {}


def _refused(row: Row) -> dict[str, Any]:
    names = ("id", "kind", "system", "target", "code", "detail", "remedy", "settled_at")
    return {name: row[name] for name in names}


class Limits(Protocol):
    """From when on the monitoring warns."""

    @property
    def warn_minutes(self) -> int:
        """Minutes since the last good cycle that are a warning."""

    @property
    def critical_minutes(self) -> int:
        """Minutes since the last good cycle that are critical."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """A monitoring verdict: 0 good, 1 warning, 2 critical, with its reasons."""

    code: int
    reasons: tuple[str, ...]

    @property
    def word(self) -> str:
        """The verdict as monitoring prints it."""
        return ("OK", "WARNING", "CRITICAL")[self.code]


def health(found: Mapping[str, Any], limits: Limits, now: datetime) -> Health:
    """What monitoring should say about a ``status``."""
    critical = [f"halted: {row['subject']}: {row['reason']}" for row in found["halted"]]
    if found["audit_broken_at"] is not None:
        critical.append(f"the audit chain is broken at row {found['audit_broken_at']}")
    warnings = [f"{side} is down: {reason}" for side, reason in found["down"].items()]
    warnings += found["notices"]
    if found["refused"]:
        warnings.append(f"{len(found['refused'])} writes were refused")
    if found["mapping_problem"]:
        warnings.append(f"the mapping files cannot be used, the last good ones are in force: {found['mapping_problem']}")
    for side, at in found["broken_off"].items():
        if now - moment(at) >= _A_DAY:
            warnings.append(f"{side}: since {at[:10]} no sweep has come to its end")
    for side, at in found["last_good"].items():
        minutes = (now - moment(at)).total_seconds() / 60 if at else None
        if minutes is None:
            warnings.append(f"{side}: no good cycle yet")
        elif minutes < -1:
            # More than two machines' clocks differ by: nobody could say by it for how long there was none.
            warnings.append(f"{side}: its last good cycle lies {-minutes:.0f} minutes ahead: the clock was set back")
        elif minutes >= limits.warn_minutes:
            text = f"{side}: no good cycle for {minutes:.0f} minutes"
            (critical if minutes >= limits.critical_minutes else warnings).append(text)
    return Health(code=2 if critical else 1 if warnings else 0, reasons=(*critical, *warnings))


def why(ctx: Context, id: str, field: str | None = None) -> list[dict[str, Any]]:
    """For each link of a contact or account (by either id): every unit, or one, with values, base and the law's row."""
    with ctx.store.begin() as db:
        query = select(link).where((link.c.account_id == id) | (link.c.contact_id == id))
        found = [row._asdict() for row in db.execute(query)]
        return [_explain_link(ctx, db, row, field) for row in found]


def _explain_link(ctx: Context, db: Connection, row: Row, field: str | None) -> dict[str, Any]:
    account = row["account_id"]
    states = links.states_of(db, row["system"], [account]).get(account, {})
    subject, verdicts = link_verdicts(ctx, db, row, states)
    wanted = ctx.persons.unit(field).name if field else None
    units = []
    for unit in subject.rules.units:
        if wanted not in (None, unit.name) or unit.name not in verdicts:
            continue
        crm, career = subject.readings(unit)
        state = states.get(unit.name, BLANK).about(unit)
        units.append(
            {
                "field": unit.name,
                "label": unit.label,
                "owner": unit.owner.value,
                "crm": show(unit.fields, crm.values) if crm else None,
                "career": show(unit.fields, career.values) if career else None,
                "agreed": show(unit.fields, state.base.of(unit.owner.side).values) if state.base else None,
                "row": verdicts[unit.name].row.value,
                "because": ROWS[verdicts[unit.name].row],
                "suggestion": _suggestion(db, row, unit),
                "sharing": unit.share.value if unit.owner.side is Side.CRM else "career_services",
            }
        )
    names = ("system", "account_id", "contact_id", "state", "basis")
    return {name: row[name] for name in names} | {"fields": units, "history": journal.about(db, row["system"], account, limit=10)}


def _suggestion(db: Connection, row: Row, unit: Unit) -> dict[str, Any] | None:
    found = suggestions.of_unit(db, row["system"], row["account_id"], unit.name)
    names = ("state", "episode", "raised_at", "settled_at", "reason")
    return {name: found[0][name] for name in names} if found else None


def beat(ctx: Context, *, lease: timedelta, force: bool = False) -> str | None:
    """Say in Salesforce that the bridge lives, and hold the lease; None if it is ours, else who holds it.

    Salesforce is asked only when what would be said has changed or the lease has run half of its time. That is also how we learn
    that our state is not the latest.
    """
    now = ctx.clock.now()
    with ctx.store.begin() as db:
        told = sign_of_life(ctx, db)
        # With the holder in it: another process on this same state has said nothing yet.
        digest = str([ctx.holder, *sorted((name, value) for name, value in told.items() if name not in _MOVING)])
        known = get_metas(db, ["beat", "beat_at", _COUNT])
        said, at = known.get("beat"), known.get("beat_at")
        # One that was told by a clock which was ahead is not fresh.
        fresh = at is not None and timedelta(0) <= now - moment(at) < lease / 2
    if fresh and said == digest and not force:
        return None
    claim = ctx.crm.claim(ctx.holder, now + lease, told)
    if claim.held_by is None:
        with ctx.store.begin() as db:
            if known.get(_COUNT, str(claim.found)) != str(claim.found):
                # Another daemon has worked since, or we ourselves on a state that was lost.
                log.warning("state.not_the_latest", count=claim.found)
                owed.owe_words(db)
            set_meta(db, "beat", digest)
            set_meta(db, "beat_at", stamp(now))
            set_meta(db, _COUNT, str(claim.count))
    return claim.held_by


_COUNT = "beat_count"
"""The remembered fact how many claims of the lease there were with our last one."""

_MOVING = ("Audit_Head__c", "Last_Cycle__c", "Last_Good_To_Career__c", "Last_Good_To_CRM__c")


def sign_of_life(ctx: Context, db: Connection) -> dict[str, Any]:
    """The columns of ``Bridge_Status__c``."""
    stopped = halts(db)
    first = next(iter(stopped.values()), None)
    live = stage(db).live
    known = get_metas(db, [f"last_good:{side}" for side in sides(ctx)])
    crm = known.pop("last_good:crm", None)
    return {
        "Environment__c": ctx.environment,
        "State__c": "Halted" if stopped else "Running" if live else "Observing",
        "Last_Cycle__c": _seconds(crm),
        "Last_Good_To_CRM__c": _seconds(crm),
        "Last_Good_To_Career__c": _seconds(min(known.values())) if known else None,
        "Waiting__c": intents.count_waiting(db),
        "Open_Suggestions__c": suggestions.count(db).get("open", 0),
        "Halted_Since__c": _seconds(first["since"]) if first else None,
        "Halt_Reason__c": "; ".join(row["reason"] for row in stopped.values())[:255] or None,
        "Version__c": ctx.version[:40],
        # Told elsewhere, the end of the audit cannot be cut off unnoticed.
        "Audit_Head__c": journal.head(db) or None,
    }


def _seconds(value: str | None) -> str | None:
    return f"{value[:19]}Z" if value else None
