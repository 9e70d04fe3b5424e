"""The first station: read what changed, page by page, and keep it. Observations and cursor move in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from connector.core.model import Side
from connector.engine.context import Context, log
from connector.engine.keeping import keep, keep_feed, note_accounts, park
from connector.engine.owed import owe, owe_words
from connector.engine.settling import Delivered
from connector.engine.shown import settle_shown
from connector.ports import POISON, TAKEN, Feed, Page, Record
from connector.store import intents, observations
from connector.store.store import get_meta, set_meta

PEOPLE = "people"
"""The name in the cursor table of a career system's feed, in which requests may come as well."""
REQUESTS = "requests"
"""The name there of the feed that its requests are where they travel apart."""

_NOWHERE = "none"
"""What is remembered of a system in which requests do not travel."""


@dataclass(slots=True, kw_only=True)
class Collected:
    """What one pass read: records met, and how many of them had changed."""

    read: int = 0
    changed: int = 0


def collect_crm(ctx: Context, feeds: Sequence[Feed] = tuple(Feed)) -> Collected:
    """Read every feed of the CRM until nothing more is waiting."""
    total, waiting = Collected(), list(feeds)
    while waiting:
        with ctx.store.begin() as db:
            known = observations.cursors(db, Side.CRM)
        pages = ctx.crm.read({feed: known.get(feed, "") for feed in waiting})
        with ctx.store.begin() as db:
            for feed, page in pages.items():
                total.read += len(page.records)
                total.changed += len(keep_feed(ctx, db, feed, page.records))
            _move(ctx, db, Side.CRM, "", pages)
        waiting = [feed for feed, page in pages.items() if page.more]
        ctx.progress("reading the CRM", total.read, None)
    return total


def collect_career(ctx: Context, system: str, *, shown: Delivered | None = None) -> Collected:
    """Read one career system until nothing more is waiting. ``shown`` counts writes of ours that are settled by what is read."""
    return _collect(ctx, system, PEOPLE, ctx.careers[system].read, shown or Delivered())


def collect_requests(ctx: Context, system: str) -> Collected:
    """Read the requests of a system in which they travel apart until nothing more is waiting."""
    return _collect(ctx, system, REQUESTS, ctx.careers[system].read_requests, Delivered())


def _collect(ctx: Context, system: str, feed: str, read: Callable[[str], Page], shown: Delivered) -> Collected:
    total, more, anew = Collected(), True, False
    while more:
        with ctx.store.begin() as db:
            known = observations.cursors(db, Side.CAREER, system).get(feed, "")
        page = read(known)
        with ctx.store.begin() as db:
            total.read += len(page.records)
            total.changed += _keep_career(ctx, db, system, page, shown)
            # A place that nobody understands any more begins anew as one that is too old.
            gap = page.full and not anew and observations.read_whole(db, Side.CAREER, system, feed)
            anew = anew or gap
            if page.begun_anew or gap:
                # Who was deleted meanwhile is not told, not of whom a comparison has met already either.
                log.info("feed.had_a_gap", system=system)
                owe(db, system, anew=True)
            _move(ctx, db, Side.CAREER, system, {feed: page})
        more = page.more
        ctx.progress(f"reading {feed} of {system}", total.read, None)
    return total


def look_for_requests(ctx: Context, db: Connection) -> None:
    """Where requests come with people from now on, everything is read anew: a feed of changes tells of none from before.

    Where they do not travel careers cannot be told of them either; that follows once they do.
    """
    for system, career in ctx.careers.items():
        can, name = career.capabilities, f"requests_by:{system}"
        by, before = _NOWHERE if not can.requests else REQUESTS if can.requests_apart else PEOPLE, get_meta(db, name)
        if by == _NOWHERE:
            # Those of unknown outcome, too: what is told twice does no harm.
            intents.give_up_all(db, "career.acknowledge", [system], but_code=TAKEN, states=(*intents.OPEN_STATES, "refused"))
        elif before == _NOWHERE:
            owe_words(db)
        if by == PEOPLE and before not in (None, PEOPLE):
            observations.move_cursors(db, Side.CAREER, system, {PEOPLE: ""}, now=ctx.clock.now(), whole=False)
        set_meta(db, name, by)


def _move(ctx: Context, db: Connection, side: Side, system: str, pages: Mapping[Any, Page]) -> None:
    """Remember where each feed stopped."""
    for whole in (True, False):
        # A page of changes is only served once everything has been read.
        moved = {feed: page.cursor for feed, page in pages.items() if (not page.full or not page.more) is whole}
        observations.move_cursors(db, side, system, moved, now=ctx.clock.now(), whole=whole)


def _keep_career(ctx: Context, db: Connection, system: str, page: Page, shown: Delivered) -> int:
    by_kind: dict[str, list[Record]] = {}
    for record in page.records:
        by_kind.setdefault(record.kind, []).append(record)
    park(ctx, db, system, by_kind.pop(POISON, []))
    for kind, id in page.well:
        observations.unpark(db, Side.CAREER, kind, [id], system=system)
    changed = 0
    for kind, records in by_kind.items():
        kept = [_without_secrets(ctx, record) for record in records] if kind == "request" else records
        met = keep(ctx, db, Side.CAREER, system, kind, kept)
        observations.unpark(db, Side.CAREER, kind, [record.id for record in records], system=system)
        changed += len(met)
        if kind == "person":
            note_accounts(ctx, db, system, met)
            settle_shown(ctx, db, system, [record.id for record in met], shown)
    return changed


_OPENLY = ("id", "type", "direction", "state", "created_at", "etag", "updated_at")
"""What may be kept of a confidential request: enough to refuse it once, nothing about anybody."""


def _without_secrets(ctx: Context, record: Record) -> Record:
    word = record.fields.get("type")
    kind = ctx.requests.by_word(word) if isinstance(word, str) else None
    if kind is None or not kind.confidential:
        return record
    return replace(record, fields={name: record.fields[name] for name in _OPENLY if name in record.fields}, edits=())
