"""Accounts that have become somebody else's: what was agreed with the one person must not reach the other.

Careers give an account that nobody uses to somebody new, or carry a table in under wrong ids. Such an account waits to be
identified again as if it were new, and a person decides whose it is; until then nothing of its former owner is written there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from connector.core.evidence import Prepared, evidence_of, prepare
from connector.core.likeness import compare
from connector.core.match import are_two_people
from connector.core.model import Side
from connector.engine.context import Context, log
from connector.engine.drafts import NEW_CONTACT
from connector.engine.evidence import contact_evidence
from connector.engine.unasking import start_anew
from connector.ports import Feed, Record
from connector.store import links, observations, reviews, suggestions
from connector.store.store import Row, unpack


def note_moved(ctx: Context, db: Connection, system: str, changed: Sequence[Record], before: Mapping[str, Row]) -> None:
    """Of changed accounts, let those be identified again that speak of another person than before, and than their contact."""
    suspects: dict[str, Prepared] = {}
    for record in changed:
        known = before.get(record.id)
        if known is None or known["deleted"] or record.deleted:
            continue
        evidence = ctx.rules(system).match.evidence
        was, now = evidence(Side.CAREER, unpack(known["fields"])), evidence(Side.CAREER, record.fields)
        if was != now:
            there = prepare(evidence_of(record.id, now))
            if _differ(prepare(evidence_of(record.id, was)), there):
                suspects[record.id] = there
    reviews.forget_decisions(db, system, suspects)
    # What is asked about who had the account before is over; that it is another's now is another question.
    reviews.close_for(db, system, suspects, state="Withdrawn", now=ctx.clock.now())
    known_links = links.by_account(db, system, suspects)
    linked = {id: row for id, row in known_links.items() if row["state"] == "linked"}
    # A contact that is proposed, and not made yet, is that of who had the account before.
    suggestions.settle_people(db, system, known_links.keys() - linked, NEW_CONTACT, state="withdrawn", now=ctx.clock.now())
    binned = {id: row for id, row in known_links.items() if row["state"] == "ended" and row["basis"] == links.CONTACT_DELETED}
    led_to = [row["contact_id"] for row in (*linked.values(), *binned.values())]
    contacts = observations.load(db, Side.CRM, Feed.CONTACT, led_to)
    for id, row in binned.items():
        contact = contacts.get(row["contact_id"])
        if contact is None or _differ(_evidence(ctx, contact), suspects[id]):
            # Should its contact come back, it comes back without this account.
            start_anew(ctx, db, system, id)
            links.change(db, system, id, state="waiting", basis=None, contact_id=None, marked=True)
    for id, row in linked.items():
        contact = contacts.get(row["contact_id"])
        # whoever corrects a record that was wrong makes it more like its contact, not less
        if contact is None or contact["deleted"] or _differ(_evidence(ctx, contact), suspects[id]):
            log.warning("link.account_moved", system=system, account=id)
            links.change(db, system, id, state="waiting", basis=links.ACCOUNT_MOVED)


def _evidence(ctx: Context, contact: Row) -> Prepared:
    """What a contact says; made now, if it waits to be read again."""
    if contact["evidence"]:
        return Prepared.from_json(contact["evidence"])
    return contact_evidence(ctx, contact["id"], unpack(contact["fields"]))


def _differ(left: Prepared, right: Prepared) -> bool:
    return are_two_people({name: likeness.level for name, likeness in compare(left, right).items()})
