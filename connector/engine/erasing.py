"""Forgetting a person: every reading, write and memory that holds a value of theirs, also in what the database has let go of."""

from __future__ import annotations

from sqlalchemy import Connection

from connector.core.model import Side
from connector.engine.context import Installation
from connector.ports import Feed
from connector.store import intents, journal, links, observations, requests, reviews, suggestions
from connector.store.store import Row

_ABOUT_THE_REQUEST = ("misunderstood", requests.RECOVERED, requests.RETURNED)


def erase_person(ctx: Installation, system: str, account: str) -> int:
    """Forget a person: readings of their records and of those about them, evidence, base, memory, writes, audited values.

    What remains are references: the link, numbers and states of requests and suggestions, and the audit's chain.
    The answer is how many things were forgotten. On SQLite nothing of them is left in the file or beside it.

    Raises:
        Later: as of ``Store.begin``, and nothing is forgotten; or as of ``Store.scrub``, and the same again finishes it.
    """
    with ctx.store.begin() as db:
        erased = _erase_account(ctx, db, system, account)
        for asked in requests.of_account(db, system, account):
            erased += _erase_request(db, asked)
        journal.append(db, [("person.erased", {"system": system, "account": account}, None)], ctx.clock.now())
    ctx.store.scrub()
    return erased


def _erase_account(ctx: Installation, db: Connection, system: str, account: str) -> int:
    link = links.by_account(db, system, [account]).get(account)
    erased = journal.erase(db, system, account) + intents.erase(db, system, account)
    links.forget_states(db, system, account)
    suggestions.withdraw_about(db, system, account, ctx.clock.now())
    erased += observations.erase(db, Side.CAREER, system, "person", account)
    for kind in ("person", "value"):
        observations.unpark(db, Side.CAREER, kind, [account], system=system)
    theirs = [(Feed.SUGGESTION, row["crm_id"]) for row in suggestions.of_account(db, system, account)]
    theirs += [(Feed.REVIEW, row["crm_id"]) for row in reviews.of_account(db, system, account)]
    if link is not None:
        theirs += [(Feed.CONTACT, link["contact_id"]), (Feed.PROFILE, link["profile_id"])]
    if link is not None and link["contact_id"]:
        observations.index_contact(db, [link["contact_id"]], [])
        # A contact that was merged away keeps its last reading. That it is gone others may have yet to look at.
        gone = observations.merged_into(db, Side.CRM, Feed.CONTACT, link["contact_id"])
        erased += observations.empty(db, Side.CRM, Feed.CONTACT, gone)
    return erased + _erase_records(db, theirs)


def _erase_request(db: Connection, asked: Row) -> int:
    system, id = asked["system"], asked["request_id"]
    # Why somebody was not asked, and what came of it, is theirs; the words about the request itself are not.
    reason = asked["reason"] if asked["reason"] in _ABOUT_THE_REQUEST else None
    requests.change(db, system, id, reason=reason, outcome=None)
    erased = journal.erase(db, system, id) + intents.erase(db, system, id)
    erased += observations.erase(db, Side.CAREER, system, "request", id)
    observations.unpark(db, Side.CAREER, "request", [id], system=system)
    return erased + _erase_records(db, [(Feed.REQUEST, asked["crm_id"]), (Feed.TASK, asked["task_id"])])


def _erase_records(db: Connection, records: list[tuple[Feed, str | None]]) -> int:
    return sum(observations.erase(db, Side.CRM, "", feed, id) for feed, id in records if id)
