"""What became of a write of field values whose answer was lost, or that was handed over for somebody to carry in.

A system that can be asked is asked. Of one that cannot, only what it says by itself counts, and only when it is something new.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from connector.core.model import Side
from connector.core.rulebook import pick
from connector.engine.context import Context
from connector.engine.keeping import keep, park
from connector.ports import HANDED_OVER, NOT_SENT, POISON, UNREADABLE, Feed, Outcome, Record, Status
from connector.store import intents, observations
from connector.store.store import Row, grouped, moment, unpack

_GONE = "GONE"
"""The code of a write whose record is not there any more."""

_UNREADABLE = Outcome(status=Status.LATER, code=UNREADABLE, detail="the record cannot be read as it is now")


def _by_reading(ctx: Context, row: Row) -> bool:
    """Whether only a later reading tells what became of a write."""
    return row["kind"] == "career.update" and not ctx.careers[row["system"]].capabilities.lookup


def never_arrived(ctx: Context, row: Row) -> bool:
    """A write to be handed over of which nobody said that it was: again, since the same key is carried out once."""
    return _by_reading(ctx, row) and row["code"] != HANDED_OVER


def outdated(ctx: Context, row: Row, payload: Mapping[str, Any]) -> bool:
    """Whether a write was decided under another mapping, or before what was read of the person since: it may be wrong now."""
    return bool(row["rules_hash"] != ctx.rules_hash or payload["unjudged"])


def look(ctx: Context, pairs: Sequence[tuple[Row, dict[str, Any]]]) -> list[Outcome]:
    """Did an update whose answer was lost happen? Applied if the record holds what we sent, else decide anew.

    What was handed over is looked at when it is read (``shown``); here once it is given up, or known to lie there.
    """
    by_reading = [row for row, _ in pairs if _by_reading(ctx, row)]
    seen = _last_read(ctx, by_reading) if by_reading else {}
    outcomes = []
    for row, payload in pairs:
        if never_arrived(ctx, row):
            # It is outdated, and may lie there all the same.
            outcomes.append(Outcome(status=Status.STALE, code=intents.LOOKED))
        elif _by_reading(ctx, row):
            outcomes.append(look_at_reading(ctx, row, payload, seen.get((row["system"], row["target"]))))
        else:
            outcomes.append(_look_there(ctx, row, payload))
    return outcomes


def _last_read(ctx: Context, rows: Sequence[Row]) -> dict[tuple[str, str], Row]:
    found: dict[tuple[str, str], Row] = {}
    with ctx.store.begin() as db:
        for system in {row["system"] for row in rows}:
            accounts = [row["target"] for row in rows if row["system"] == system]
            known = observations.load(db, Side.CAREER, "person", accounts, system=system)
            found |= {(system, account): row for account, row in known.items()}
    return found


def _look_there(ctx: Context, row: Row, payload: Mapping[str, Any]) -> Outcome:
    side, system, kind = Side.CRM, "", str(Feed.PROFILE)
    if row["kind"] == "career.update":
        side, system, kind = Side.CAREER, row["system"], "person"
        found = ctx.careers[system].fetch("person", [row["target"]])
    else:
        found = ctx.crm.fetch(Feed.PROFILE, [payload["id"]])
    if not found:
        return Outcome(status=Status.STALE, code=_GONE)
    if found[0].kind == POISON:
        with ctx.store.begin() as db:
            park(ctx, db, system, found)
        return _UNREADABLE
    outcome = _compare(payload, found[0])
    if outcome.status is Status.STALE:
        with ctx.store.begin() as db:
            keep(ctx, db, side, system, kind, [found[0]])
    return outcome


def look_at_reading(ctx: Context, row: Row, payload: Mapping[str, Any], seen: Row | None) -> Outcome:
    """Of a system that cannot be asked, only what it says by itself after our write tells what became of it.

    What it still says as before is no answer: the reading may be older than the carrying in. Only after a while it is one.
    """
    if seen is None or seen["deleted"]:
        return Outcome(status=Status.STALE, code=_GONE)
    fields = unpack(seen["fields"])
    if ctx.clock.now() < given_up_at(ctx, row) and _as_it_was(row, fields):
        return Outcome(status=Status.UNKNOWN, code=HANDED_OVER, detail="not shown yet")
    return _compare(payload, Record(kind="person", id=row["target"], version=seen["version"], fields=fields))


def given_up_at(ctx: Context, row: Row, *, sent_at: datetime | None = None) -> datetime:
    """From when on a write that was handed over and never shown is decided anew. ``sent_at``: when, if not as the row says."""
    # A release of before has not written down when it was sent.
    sent_at = sent_at or moment(row["sent_at"] or row["created_at"])
    return sent_at + timedelta(days=ctx.careers[row["system"]].capabilities.shown_within)


def _as_it_was(row: Row, fields: Mapping[str, Any]) -> bool:
    """Whether a record shows a part of a write not yet, and nothing that is neither from before nor from the write."""
    was = before(row)
    sent = {name: value for settling in unpack(row["settle"])["units"].values() for name, value in settling["sent"].items()}
    shown = {name for name, value in sent.items() if pick(fields, name) == (True, value)}
    waiting = {name for name in sent.keys() - shown if name in was and pick(fields, name) == (True, was[name])}
    return bool(waiting) and shown | waiting == sent.keys()


def before(row: Row) -> dict[str, Any]:
    """What the fields of a write held on the career side when it was decided, as far as that was known."""
    found: dict[str, Any] = {}
    for settling in unpack(row["settle"]).get("units", {}).values():
        if settling["career"] is not None and "places" in settling:
            found |= {career: native for (_, career), native in zip(settling["places"], settling["career"][1], strict=True)}
    return found


def _compare(payload: Mapping[str, Any], record: Record) -> Outcome:
    """Whether a record holds what a write was to bring: applied; else it is decided anew."""
    if all(pick(record.fields, name) == (True, value) for name, value in payload["fields"].items()):
        return Outcome(status=Status.APPLIED, id=record.id, version=record.version, fields=record.fields)
    return Outcome(status=Status.STALE, code=intents.LOOKED)


def moved_meanwhile(
    ctx: Context, pairs: Sequence[tuple[Row, Mapping[str, Any]]], outcomes: Sequence[Outcome]
) -> dict[tuple[str, str], Record]:
    """Records that had moved are read now, so that the next plan decides on what is there.

    Raises:
        Later, Halt, Refused: they cannot be read now.
    """
    stale = [row for (row, _), outcome in zip(pairs, outcomes, strict=True) if outcome.status is Status.STALE]
    moved = [row for row in stale if row["kind"] == "career.update"]
    return {
        (system, record.id): record
        for system, rows in grouped(moved, "system").items()
        for record in ctx.careers[system].fetch("person", [row["target"] for row in rows])
    }


def perhaps_ours(
    pair: tuple[Row, Mapping[str, Any]], outcome: Outcome, moved: Mapping[tuple[str, str], Record] | None
) -> Outcome:
    """A write that was delivered twice is refused the second time because it has moved the record itself.

    ``moved`` None: the records cannot be read now. It is decided anew, and what it carried, met later, is perhaps our own.
    """
    row, payload = pair
    if outcome.status is not Status.STALE or row["kind"] != "career.update" or outcome.code in {NOT_SENT, intents.LOOKED, _GONE}:
        return outcome
    if moved is None:
        return replace(outcome, code=intents.LOOKED)
    record = moved.get((row["system"], row["target"]))
    if record is not None and record.kind == POISON:
        return _UNREADABLE
    there = _compare(payload, record) if record is not None else outcome
    return there if there.status is Status.APPLIED else outcome
