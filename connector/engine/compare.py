"""Comparing: one side is read whole again and held against what is known. Finds what moves no stamp and what left no trace.

A comparison is owed (``owed``) from when it is asked for until it is done: what breaks off, since a side asks for patience or
the daemon is stopped, goes on where it stood, in the next cycle that can.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from sqlalchemy import Connection

from connector.core.brakes import emptied
from connector.core.model import Side
from connector.engine import keeping, owed
from connector.engine.context import Context, log
from connector.errors import Halt
from connector.ports import NAMELESS, POISON, Feed, Page, Record
from connector.store import links, observations, requests, reviews, suggestions
from connector.store.observations import batches
from connector.store.store import get_meta, pack, set_meta, stamp, unpack

_LAST = "last_sweep"
"""The remembered fact that tells what was found of each kind of record when it was compared last, and when that began."""
_BATCH = 200


def compare(ctx: Context, side: str) -> dict[str, dict[str, Any]]:
    """Compare this side, or go on with it. What was found of each kind of record.

    Raises:
        Halt: the org no longer gives what the mapping needs, or much is missing.
        Later: the side cannot be read now; what was compared stays so.
    """
    with ctx.store.begin() as db:
        how_far = owed.standing(db, side) or {}
    if not how_far and side == "crm":
        # A daemon runs for months: what was looked at when it began may have changed.
        ctx.crm.check(ctx.persons.contact_fields(), ctx.persons.profile_fields())
    began = how_far.get("at") or stamp(ctx.clock.now())
    under_way = _Comparison(
        ctx=ctx,
        side=side,
        at=began,
        found=how_far.get("found", {}),
        cursor=how_far.get("cursor", ""),
        changed=how_far.get("changed", 0),
        gone=how_far.get("gone", 0),
    )
    under_way.go_on()
    log.info("compared", side=side)
    return under_way.found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """One kind of record of one side, and how it is read whole, kept, and asked for by id."""

    name: str
    side: Side
    system: str
    kind: str
    read: Callable[[str], Page]
    keep: Callable[[Connection, Page, str], list[Record]]
    fetch: Callable[[list[str]], Sequence[Record]]
    unread: Callable[[Connection], list[str]] = lambda _db: []
    """What was never read, and something else of ours names: it went while our state was lost."""


@dataclass(slots=True, kw_only=True)
class _Comparison:
    """A comparison that is under way: all but ``ctx`` and ``side`` is kept in the state from step to step.

    ``at`` is when it began and its name; ``found`` holds the kinds that are done; ``cursor``, ``changed`` and ``gone`` say
    how far the kind is that is being compared: what is read next, and how many records differed or were gone so far.
    """

    ctx: Context
    side: str
    at: str
    found: dict[str, dict[str, Any]]
    cursor: str
    changed: int
    gone: int

    def go_on(self) -> None:
        """Compare what is left of it, then let everybody be judged."""
        kinds = _crm_kinds(self.ctx) if self.side == "crm" else _career_kinds(self.ctx, self.side)
        for kind in kinds:
            if kind.name not in self.found:
                self._read(kind)
                self._end(kind)
        for name, feed in _WAITING.items() if self.side == "crm" else ():
            if name not in self.found:
                self._ask(name, feed)
        with self.ctx.store.begin() as db:
            owed.done(db, self.side)
            observations.unpark_since(db, Side.CAREER, self.side, begins=NAMELESS, before=self.at)
            set_meta(db, _accepted(self.side), None)
            if self.side == "crm":
                set_meta(db, "name_frequencies", None)
            links.mark_all(db, "linked")
            known = get_meta(db, _LAST)
            ours = {*_IN_SALESFORCE, *self.ctx.careers}
            last = {name: told for name, told in (unpack(known) if known else {}).items() if name in ours}
            set_meta(db, _LAST, pack(last | self.found))

    def _read(self, kind: _Kind) -> None:
        met, more = 0, True
        while more:
            page = kind.read(self.cursor)
            met += len(page.records)
            with self.ctx.store.begin() as db:
                self.changed += len(kind.keep(db, page, self.at))
                self.cursor, more = page.cursor, page.full and page.more
                if more:
                    self._keep(db)
            self.ctx.progress(f"comparing {kind.name}", met, None)

    def _end(self, kind: _Kind) -> None:
        """Absence from a result is never a deletion: what was not met is asked for by id, and gone if it is not there either."""
        ctx = self.ctx
        with ctx.store.begin() as db:
            known = observations.count(db, kind.side, kind.kind, system=kind.system)
            missing = observations.unseen(db, kind.side, kind.kind, system=kind.system, sweep=self.at)
            unread = kind.unread(db)
            known, missing = known + len(unread), missing + unread
        self._believe(known, missing)
        read, lost = known - len(missing), len(missing) + self.gone
        for some in batches(missing, _BATCH):
            there = [record for record in kind.fetch(some) if not record.deleted]
            with ctx.store.begin() as db:
                self.changed += len(kind.keep(db, Page(records=tuple(there), cursor="", more=False), self.at))
                gone = sorted({*some} - {record.id for record in there})
                keeping.forget(ctx, db, kind.side, kind.system, kind.kind, gone)
                self.gone += len(gone)
                self._keep(db)
            ctx.progress(f"looking for {kind.name}", self.gone, lost)
        with ctx.store.begin() as db:
            self._done(db, kind.name, read=read, changed=self.changed, lost=lost, gone=self.gone)

    def _ask(self, name: str, feed: Feed) -> None:
        """What waits for staff is asked for by id: to read all that ever was has no end, and misses what is archived."""
        ctx = self.ctx
        with ctx.store.begin() as db:
            waiting = _waiting(db, feed)
        met: list[Record] = []
        for some in batches(waiting, _BATCH):
            met += ctx.crm.fetch(feed, some)
            ctx.progress(f"comparing {name}", len(met), len(waiting))
        missing = sorted({*waiting} - {record.id for record in met})
        self._believe(len(waiting), missing)
        with ctx.store.begin() as db:
            changed = keeping.keep_feed(ctx, db, feed, met, sweep=self.at)
            keeping.forget(ctx, db, Side.CRM, "", feed, missing)
            self._done(db, name, read=len(met), changed=len(changed), lost=len(missing), gone=len(missing))

    def _believe(self, known: int, missing: Sequence[str]) -> None:
        """Much that is missing at once is not believed before a person has looked.

        Raises:
            Halt: too much is missing; what that person then changes may concern what was read, so it is read again.
        """
        # Contacts can be hidden from us by sharing, and then cannot be asked for by id either: believe less of it.
        reason = emptied(self.side, known=known, missing=len(missing), share=0.01 if self.side == "crm" else 0.1)
        if reason is None:
            return
        with self.ctx.store.begin() as db:
            if get_meta(db, _accepted(self.side)) is not None:
                return
            owed.owe(db, self.side, anew=True)
        raise Halt(subject=self.side, reason=reason, remedy="find out why (permissions, sharing, an import?)")

    def _done(self, db: Connection, name: str, **counts: int) -> None:
        self.found[name] = {"at": self.at} | counts
        self.cursor, self.gone, self.changed = "", 0, 0
        self._keep(db)

    def _keep(self, db: Connection) -> None:
        how_far = {"cursor": self.cursor, "changed": self.changed, "gone": self.gone}
        owed.keep(db, self.side, {"at": self.at, "found": self.found} | how_far)


_IN_SALESFORCE = ("contacts", "profiles", "suggestions", "reviews", "requests", "tasks")
_WAITING = {"suggestions": Feed.SUGGESTION, "reviews": Feed.REVIEW, "requests": Feed.REQUEST, "tasks": Feed.TASK}


def _waiting(db: Connection, feed: Feed) -> list[str]:
    """The ids of what of ours waits for staff, but for what is known to be deleted."""
    match feed:
        case Feed.TASK:
            ids = requests.open_tasks(db)
        case Feed.REQUEST:
            ids = requests.open_records(db)
        case Feed.REVIEW:
            ids = reviews.open_records(db)
        case _:
            ids = suggestions.open_records(db)
    known = observations.load(db, Side.CRM, feed, ids)
    return [id for id in ids if id not in known or not known[id]["deleted"]]


def _accepted(side: str) -> str:
    """The remembered fact that a person has seen how much of this side is missing; it holds until everything was compared."""
    return f"accepted_missing:{side}"


def _crm_kinds(ctx: Context) -> list[_Kind]:
    contacts = replace(_feed(ctx, "contacts", Feed.CONTACT), unread=links.unread_contacts)
    return [contacts, _feed(ctx, "profiles", Feed.PROFILE)]


def _feed(ctx: Context, name: str, feed: Feed) -> _Kind:
    return _Kind(
        name=name,
        side=Side.CRM,
        system="",
        kind=feed,
        read=lambda cursor: ctx.crm.read({feed: cursor})[feed],
        keep=lambda db, page, sweep: keeping.keep_feed(ctx, db, feed, page.records, sweep=sweep),
        fetch=partial(ctx.crm.fetch, feed),
    )


def _career_kinds(ctx: Context, system: str) -> list[_Kind]:
    career = ctx.careers[system]
    if not career.capabilities.lookup:
        # It says what it says by itself: read again it would say the same, and who is not in it is not gone.
        return []

    def keep(db: Connection, page: Page, sweep: str) -> list[Record]:
        people = [record for record in page.records if record.kind == "person"]
        met = keeping.keep(ctx, db, Side.CAREER, system, "person", people, sweep=sweep)
        keeping.note_accounts(ctx, db, system, met)
        observations.unpark(db, Side.CAREER, "person", [record.id for record in people], system=system)
        keeping.park(ctx, db, system, [record for record in page.records if record.kind == POISON])
        return met

    return [
        _Kind(
            name=system,
            side=Side.CAREER,
            system=system,
            kind="person",
            read=career.read,
            keep=keep,
            fetch=partial(career.fetch, "person"),
            unread=lambda db: links.unread(db, system),
        )
    ]
