"""Keeping what was read: a record's last reading, what of it is news, and what follows for links at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from connector.core.evidence import Prepared, blocking_keys
from connector.core.model import Side
from connector.core.progress import RequestState
from connector.engine.context import Context, log
from connector.engine.drafts import NEW_CONTACT, edits_of
from connector.engine.evidence import contact_evidence
from connector.engine.moved import note_moved
from connector.ports import Feed, Record
from connector.store import links, observations, requests, reviews, suggestions
from connector.store.store import Row, pack, stamp, unpack

_LOOKED_AT = frozenset({*Feed, "request"})
"""The kinds of record that a station looks at one by one; people are reached through their links."""

_PARENTS = {Feed.PROFILE: "Contact__c", Feed.TASK: "WhatId", Feed.SUGGESTION: "Contact__c", Feed.REQUEST: "Contact__c"}


def keep_feed(ctx: Context, db: Connection, feed: Feed, records: Sequence[Record], *, sweep: str | None = None) -> list[Record]:
    """``keep`` for one feed of the CRM, and what follows for links at once: who dies here must not have lost the news."""
    changed = keep(ctx, db, Side.CRM, "", feed, records, sweep=sweep)
    if feed is Feed.CONTACT:
        links.mark_contacts(db, [record.id for record in changed])
    return changed


def keep(
    ctx: Context, db: Connection, side: Side, system: str, kind: str, records: Sequence[Record], *, sweep: str | None = None
) -> list[Record]:
    """Keep these readings; the answer are those that differ from what was known."""
    latest = {record.id: record for record in records}
    known = observations.load(db, side, kind, latest, system=system)
    led_to = _led_to(db, records, known) if kind == Feed.CONTACT else set()
    changed = [record for record in latest.values() if _differs(known.get(record.id), record)]
    # Perhaps it was forgotten, with its person: that it is gone is all that has to be known.
    changed += [replace(latest[id], fields={}) for id in sorted(led_to - {record.id for record in changed})]
    changed_ids = {record.id for record in changed}
    prepared = {
        record.id: contact_evidence(ctx, record.id, record.fields)
        for record in changed
        if kind == Feed.CONTACT and not record.deleted
    }
    if side is Side.CAREER and kind == "person":
        note_moved(ctx, db, system, changed, known)
    if kind == Feed.TASK:
        _note_returned(db, changed, known)
    changed = _with_earlier_edits(db, system, changed, known) if side is Side.CAREER and kind == "person" else changed
    seen = _Seen(side=side, system=system, kind=str(kind), at=stamp(ctx.clock.now()), sweep=sweep)
    observations.put(db, [_row(seen, record, known.get(record.id), prepared.get(record.id)) for record in changed])
    if kind == Feed.CONTACT:
        _index(db, list(changed_ids), prepared)
    same = [record for record in latest.values() if record.id not in changed_ids]
    _refresh(ctx, db, same, known, sweep)
    return changed


def _with_earlier_edits(db: Connection, system: str, changed: Sequence[Record], known: Mapping[str, Row]) -> list[Record]:
    """With who edited what in the reading before, where nobody has judged that yet."""
    before = {record.id: known[record.id]["edits"] for record in changed if record.id in known and known[record.id]["edits"]}
    unjudged = {id for id, row in links.by_account(db, system, list(before)).items() if row["marked"]} if before else set()
    return [
        replace(record, edits=(*edits_of(before[record.id]), *record.edits))
        if record.id in unjudged and not record.deleted
        else record
        for record in changed
    ]


def forget(ctx: Context, db: Connection, side: Side, system: str, kind: str, ids: Sequence[str]) -> None:
    """These records are confirmed to be gone without a trace: treat each as deleted."""
    gone = [Record(kind=kind, id=id, version="", fields={}, deleted=True) for id in ids]
    keep(ctx, db, side, system, kind, gone)
    if kind == "person":
        note_accounts(ctx, db, system, gone)


def _note_returned(db: Connection, changed: Sequence[Record], before: Mapping[str, Row]) -> None:
    """Tasks that come back out of the bin: what careers have withdrawn meanwhile could not be closed there."""
    back = [record for record in changed if not record.deleted and record.id in before and before[record.id]["deleted"]]
    for known in requests.by_task_id(db, [record.id for record in back]).values():
        if known["state"] == RequestState.WITHDRAWN.value and known["reason"] != requests.RECOVERED:
            requests.change(db, known["system"], known["request_id"], reason=requests.RETURNED)


def _led_to(db: Connection, records: Sequence[Record], known: Mapping[str, Row]) -> set[str]:
    """Deleted contacts that were never read, but others were merged into them or links lead there: that they are gone is news."""
    unread = {record.id for record in records if record.deleted and record.id not in known}
    if not unread:
        return set()
    return unread & ({record.merged_into for record in records} | {row["contact_id"] for row in links.by_contact(db, unread)})


def _differs(known: Row | None, record: Record) -> bool:
    if known is None:
        # Our own Task may be deleted before we have read it once: that is news all the same.
        return not record.deleted or record.merged_into is not None or record.kind == Feed.TASK
    if record.kind == Feed.CONTACT and known["evidence"] is None and not record.deleted:
        # What counts as evidence is another thing than when it was read.
        return True
    if record.deleted != known["deleted"] or record.merged_into != known["merged_into"]:
        return True
    if record.deleted or pack(record.fields) == known["fields"]:
        return False
    return _substance(record.fields) != _substance(unpack(known["fields"]))


_NO_SUBSTANCE = frozenset(
    (
        "Id",
        "Name",
        "Key__c",
        "SystemModstamp",
        "LastModifiedDate",
        "LastModifiedById",
        "CreatedDate",
        "CreatedById",
        "IsDeleted",
        "MasterRecordId",
    )
)
"""What an org adds to a record: a touch of a stamp, or what we could not know when we wrote it, is no change."""


def _substance(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if name not in _NO_SUBSTANCE}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What the readings of one page have in common."""

    side: Side
    system: str
    kind: str
    at: str
    sweep: str | None

    def parent(self, record: Record) -> object:
        name = _PARENTS.get(Feed(self.kind)) if self.side is Side.CRM else None
        return record.fields.get(name) if name else None


def _row(seen: _Seen, record: Record, known: Row | None, prepared: Prepared | None) -> dict[str, object]:
    fields = pack(record.fields) if record.fields or known is None else known["fields"]
    edits = [[list(edit.fields), edit.by, edit.kind, edit.at] for edit in record.edits]
    return {
        "side": seen.side.value,
        "system": seen.system,
        "kind": seen.kind,
        "id": record.id,
        "version": record.version,
        "fields": fields,
        "edits": pack(edits) if edits else None,
        "evidence": prepared.to_json().decode() if prepared else None,
        "parent": known["parent"] if known and not record.fields else seen.parent(record),
        "deleted": record.deleted,
        "merged_into": record.merged_into,
        "pending": seen.kind in _LOOKED_AT,
        "seen_at": seen.at,
        "seen_before": known["seen_at"] if known else None,
        "sweep": seen.sweep or (known["sweep"] if known else None),
    }


def _index(db: Connection, ids: Sequence[str], prepared: Mapping[str, Prepared]) -> None:
    keys = [{"key": key, "contact_id": id} for id, evidence in prepared.items() for key in blocking_keys(evidence)]
    observations.index_contact(db, ids, keys)


def _refresh(ctx: Context, db: Connection, records: Sequence[Record], known: Mapping[str, Row], sweep: str | None) -> None:
    """Unchanged readings keep their content; only the version, the moment and the sweep's name move."""
    now = stamp(ctx.clock.now())
    rows = []
    for record in records:
        row = known.get(record.id)
        if row is not None and (row["version"] != record.version or sweep):
            rows.append(dict(row) | {"version": record.version, "seen_at": now, "sweep": sweep or row["sweep"]})
    observations.put(db, rows)


def note_accounts(ctx: Context, db: Connection, system: str, records: Sequence[Record]) -> None:
    """Changed accounts: linked ones are marked for the planner, deleted ones end, all others wait to be linked (again)."""
    gone = {record.id for record in records if record.deleted}
    account_ids = [record.id for record in records]
    known = links.by_account(db, system, account_ids)
    links.mark(db, system, [id for id in account_ids if id in known])
    now = stamp(ctx.clock.now())
    fresh = {"contact_id": None, "profile_id": None, "state": "waiting", "basis": None, "leading": True, "marked": True}
    new = [id for id in account_ids if id not in known and id not in gone]
    links.put(db, [fresh | {"system": system, "account_id": id, "decided_at": now} for id in new])
    suggestions.settle_people(db, system, gone, NEW_CONTACT, state="withdrawn", now=ctx.clock.now())
    reviews.close_for(db, system, gone, state="Withdrawn", now=ctx.clock.now())
    links.mark_contacts(db, [row["contact_id"] for id, row in known.items() if id in gone and row["contact_id"]])
    for id, row in known.items():
        if id in gone:
            links.change(db, system, id, state="ended", basis=links.ACCOUNT_DELETED, decided_at=now)
        elif row["state"] in ("new", "review") or row["basis"] in (links.ACCOUNT_DELETED, links.ACCOUNT_MOVED):
            links.change(db, system, id, state="waiting")


def park(ctx: Context, db: Connection, system: str, records: Sequence[Record]) -> None:
    """Set these records of a career system aside that cannot be read, with reason and remedy, until they can."""
    now = stamp(ctx.clock.now())
    remedy = "correct the record in the career system; it is read again when it changes"
    observations.park(
        db,
        [
            {
                "side": Side.CAREER.value,
                "system": system,
                "kind": str(record.fields.get("kind", "person")),
                "id": record.id,
                "reason": str(record.fields.get("reason", "unreadable")),
                "remedy": str(record.fields.get("remedy", remedy)),
                "since": now,
            }
            for record in records
        ],
    )
    for record in records:
        log.warning("record.parked", system=system, id=record.id)
