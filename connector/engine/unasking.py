"""Questions that never reached Salesforce: nobody was asked, so nobody's move answers them."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from connector.engine.drafts import PROPOSAL
from connector.store import intents, links, suggestions
from connector.store.links import BLANK
from connector.store.store import Row

QUESTIONS = ("suggestion.create", PROPOSAL)
"""The kinds of write that ask staff something."""


def unask(db: Connection, row: Row) -> None:
    """A suggestion that never reached Salesforce was never made."""
    known = suggestions.by_key(db, [row["key"]]).get(row["key"])
    if known is None or known["crm_id"] is not None:
        return
    suggestions.forget(db, row["key"])
    intents.end_with(db, row["key"], "suggestion.update")
    system, account = row["system"], row["target"]
    states = links.states_of(db, system, [account]).get(account, {})
    state = states.get(known["unit"], BLANK)
    if known["unit"] and state.memory.open is not None:
        unasked = replace(state, memory=replace(state.memory, open=None))
        links.put_states(db, system, {account: dict(states) | {known["unit"]: unasked}})
