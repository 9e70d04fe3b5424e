"""Career profiles carry system, account and contact: links survive the loss of the state, and follow merges and moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from connector.core.model import Side
from connector.core.rulebook import Slot
from connector.engine.context import Context, log
from connector.engine.merged import ask_on, survivor_of
from connector.engine.owed import owe
from connector.engine.unasking import start_anew
from connector.ports import Feed
from connector.store import intents, links, observations, requests
from connector.store.store import Row, stamp, unpack

_BATCH = 2000


def relink(ctx: Context) -> None:
    """Look at every career profile that changed, once all of Salesforce was read: only then is a merge known for one."""
    while True:
        with ctx.store.begin() as db:
            rows = observations.pending(db, Side.CRM, Feed.PROFILE, limit=_BATCH)
            if not rows:
                return
            _relink(ctx, db, [(row["id"], unpack(row["fields"])) for row in rows if not row["deleted"]])
            observations.looked_at(db, Side.CRM, Feed.PROFILE, [row["id"] for row in rows])


def _relink(ctx: Context, db: Connection, profiles: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    by_system: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
    for id, fields in profiles:
        system = fields.get("System__c")
        if fields.get("Account_Id__c") and isinstance(system, str) and system in ctx.careers:
            by_system.setdefault(system, []).append((id, fields))
    for system, some in by_system.items():
        _relink_in(ctx, db, system, some)


def _relink_in(ctx: Context, db: Connection, system: str, profiles: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    accounts = [fields["Account_Id__c"] for _, fields in profiles]
    known, moving = links.by_account(db, system, accounts), _moving(db, system, accounts)
    found, unread = dict[str, Row](), False
    for id, fields in profiles:
        account, contact = fields["Account_Id__c"], fields.get("Contact__c")
        if account in moving:
            contact = None
        row = found.get(account, known.get(account))
        linked = row is not None and row["state"] == "linked"
        waits = row is not None and row["state"] == "waiting" and row["basis"] not in (links.ACCOUNT_MOVED, links.DECIDED)
        if not linked and not (contact and (row is None or waits)):
            continue
        if row is not None and contact and row["contact_id"] not in (None, contact):
            _move(ctx, db, row, contact)
        if row is not None and linked:
            found[account] = dict(row) | {"profile_id": id, "marked": True} | ({"contact_id": contact} if contact else {})
        else:
            log.info("link.recovered", system=system, account=account)
            found[account] = _recovered(ctx, db, id, fields)
            unread = unread or (row is None and found[account]["state"] == "linked")
    links.put(db, list(found.values()))
    if unread and ctx.careers[system].capabilities.lookup:
        # These accounts may be gone, and then no feed tells of them any more.
        owe(db, system)


def _moving(db: Connection, system: str, accounts: Sequence[str]) -> set[str]:
    """The accounts whose profiles do not know yet whom they lead to: our word of that has not arrived, or was refused."""
    waiting = intents.on_their_way(db, system, accounts, "profile.update", states=(*intents.OPEN_STATES, "refused"))
    return {account for account, rows in waiting.items() if any("Contact__c" in unpack(row["payload"])["fields"] for row in rows)}


def _move(ctx: Context, db: Connection, link: Row, contact_id: str) -> None:
    """The profile leads to another contact than its link. What was agreed is about the same person only in two cases.

    The former contact was merged into this one, or was deleted and this one has its institution's number (see ``identity``). Else
    it was another bridge, or ours before its state was put back, that gave the account to somebody else.
    """
    former, other = (observations.load(db, Side.CRM, Feed.CONTACT, [id]).get(id) for id in (link["contact_id"], contact_id))
    if former is not None and former["deleted"]:
        if survivor_of(db, former) == contact_id:
            ask_on(ctx, db, link, contact_id)
            return
        if other is not None and _number(ctx, former) is not None and _number(ctx, former) == _number(ctx, other):
            requests.move(db, former["id"], contact_id)
            return
    start_anew(ctx, db, link["system"], link["account_id"])


def _number(ctx: Context, contact: Row) -> object:
    return ctx.person.match.evidence(Side.CRM, unpack(contact["fields"])).get(Slot.INSTITUTION_ID)


def _recovered(ctx: Context, db: Connection, id: str, fields: Mapping[str, Any]) -> dict[str, object]:
    system, account_id, contact_id = fields["System__c"], fields["Account_Id__c"], fields["Contact__c"]
    return {
        "system": system,
        "account_id": account_id,
        "contact_id": contact_id,
        "profile_id": id,
        "state": "linked" if fields.get("Link_State__c") == "Linked" else "waiting",
        "basis": fields.get("Link_Basis__c") or "career profile",
        "leading": bool(fields.get("Primary__c")) or _leads(db, system, account_id, contact_id),
        "marked": True,
        "decided_at": stamp(ctx.clock.now()),
    }


def _leads(db: Connection, system: str, account_id: str, contact_id: str) -> bool:
    """Of a person's accounts in a system that is not the primary one, none counts; there the first one leads."""
    profiles = [unpack(row["fields"]) for row in observations.children(db, Feed.PROFILE, [contact_id])]
    mine = [fields for fields in profiles if fields.get("System__c") == system]
    first = min([str(fields.get("Account_Id__c")) for fields in mine], default=account_id)
    return account_id == first and not any(fields.get("Primary__c") for fields in mine)
