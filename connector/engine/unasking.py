"""What is asked no more: questions that never reached Salesforce or were about somebody else, requests that wait to be made."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from connector.core.model import Side
from connector.engine.context import Context
from connector.engine.drafts import PROPOSAL
from connector.store import intents, links, observations, requests, suggestions
from connector.store.links import BLANK
from connector.store.store import Row

QUESTIONS = ("suggestion.create", PROPOSAL)
"""The kinds of write that ask staff something."""


def unask(db: Connection, row: Row) -> None:
    """A suggestion that never reached Salesforce was never made."""
    known = suggestions.by_key(db, [row["key"]]).get(row["key"])
    if known is None or known["crm_id"] is not None:
        return
    forget(db, row["key"])
    system, account = row["system"], row["target"]
    states = links.states_of(db, system, [account]).get(account, {})
    state = states.get(known["unit"], BLANK)
    if known["unit"] and state.memory.open is not None:
        unasked = replace(state, memory=replace(state.memory, open=None))
        links.put_states(db, system, {account: dict(states) | {known["unit"]: unasked}})


def route_again(db: Connection, system: str, request_id: str, key: str) -> None:
    """A request whose record is not to be made as it was decided is routed once more, as if it had just come."""
    intents.supersede(db, system, [request_id], ["request.create", "career.acknowledge"])
    requests.untouch(db, key)
    observations.reopen(db, Side.CAREER, "request", request_id)


def forget(db: Connection, key: str) -> None:
    """No question of this name was ever asked, and nothing that waits for it goes out."""
    suggestions.forget(db, key)
    intents.end_with(db, key, "suggestion.update")


def start_anew(ctx: Context, db: Connection, system: str, account: str) -> None:
    """A link has come to lead to somebody else: what was agreed was agreed, and what is asked is asked, about another person."""
    links.forget_states(db, system, account, profile=ctx.rules(system).of_careers())
    suggestions.withdraw_about(db, system, account, ctx.clock.now())
