"""Contacts that were merged away or deleted: who is left, and what becomes of links, questions and requests that led to them."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import replace

from sqlalchemy import Connection

from connector.core.model import OpenSuggestion, Reading, Side
from connector.engine.context import Context, log
from connector.engine.readings import Person
from connector.ports import Feed
from connector.store import links, observations, requests
from connector.store.store import Row, stamp, unpack

_LONGEST_CHAIN = 10
"""Merges are followed this far; a longer chain or a cycle is somebody's mistake and goes to a person."""


def survivor_of(db: Connection, contact: Row) -> str | None:
    """The contact that is left of this one after merges; None if it was not merged, or nothing is left."""
    seen = {contact["id"]}
    for _ in range(_LONGEST_CHAIN):
        target = contact["merged_into"]
        if target is None or target in seen:
            return None
        found = observations.load(db, Side.CRM, Feed.CONTACT, [target]).get(target)
        if found is None or not found["deleted"]:
            # A survivor that we have not read yet is in the same feed and will come.
            return str(target)
        seen.add(target)
        contact = found
    return None


def follow_link(ctx: Context, db: Connection, link: Row, contact: Row) -> bool:
    """Whether the link goes on, with the contact that is left."""
    survivor = survivor_of(db, contact)
    if survivor is None and (link["state"] == "apart" or link["basis"] in (links.ACCOUNT_MOVED, links.ACCOUNT_DELETED)):
        # It led there no more: nothing ends by that, and nothing comes back with the contact.
        return True
    system, account, now = link["system"], link["account_id"], stamp(ctx.clock.now())
    if survivor is None:
        log.info("link.ended", system=system, account=account, reason=links.CONTACT_DELETED)
        links.change(db, system, account, state="ended", basis=links.CONTACT_DELETED, marked=True, decided_at=now)
    else:
        log.info("link.followed_merge", system=system, account=account, contact=survivor)
        links.change(db, system, account, contact_id=survivor, marked=True)
        ask_on(ctx, db, link, survivor)
    return survivor is not None


def ask_on(ctx: Context, db: Connection, link: Row, contact_id: str, *, units: Container[str] | None = None) -> None:
    """What this contact holds otherwise than when it was asked is nobody's answer: it is the one that a merge has left.

    ``units``: of these alone; they are read in another form.
    """
    system, account = link["system"], link["account_id"]
    contact = observations.load(db, Side.CRM, Feed.CONTACT, [contact_id]).get(contact_id)
    states = links.states_of(db, system, [account]).get(account, {})
    if contact is None or contact["deleted"]:
        return
    person = Person(crm=unpack(contact["fields"]), career={}, has_profile=True)
    changed = dict(states)
    for name, state in states.items():
        unit = ctx.rules(system).known(name)
        if unit is None or unit.owner.side is Side.CAREER or (units is not None and name not in units):
            continue
        mine = person.reading(unit, Side.CRM)
        if mine is None:
            continue
        suspended = state.memory.suspended if units is not None else _anew(state.memory.suspended, mine)
        memory = replace(state.memory, open=_anew(state.memory.open, mine), suspended=suspended)
        changed[name] = replace(state, memory=memory)
    links.put_states(db, system, {account: changed})


def _anew(asked: OpenSuggestion | None, mine: Reading) -> OpenSuggestion | None:
    return replace(asked, against=mine.values) if asked is not None and mine.values != asked.values else asked


def follow_requests(db: Connection, gone: Iterable[Row]) -> None:
    """Requests follow a merge whether or not a link did: Salesforce may have moved the career profile, and so the link, first."""
    gone = list(gone)
    for asked in requests.without_record(db, [contact["id"] for contact in gone]):
        # Its record may have been refused because of that.
        observations.reopen(db, Side.CAREER, "request", asked["request_id"])
    for contact in gone:
        survivor = survivor_of(db, contact) if contact["merged_into"] else None
        if survivor is not None:
            requests.move(db, contact["id"], survivor)
