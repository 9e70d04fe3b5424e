"""What is asked no more: questions that never reached Salesforce or were about somebody else, requests that wait to be made."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from connector.core.model import Side
from connector.engine.context import Context, Installation
from connector.engine.drafts import NEW_CONTACT, PROPOSAL
from connector.store import intents, journal, links, observations, requests, reviews, suggestions
from connector.store.links import BLANK
from connector.store.store import Row, stamp, unpack

NEW_QUESTIONS = ("suggestion.create", PROPOSAL)
"""The kinds of write that ask staff something."""


def unask(db: Connection, row: Row) -> None:
    """A suggestion that never reached Salesforce was never made."""
    known = suggestions.by_key(db, [row["key"]]).get(row["key"])
    if known is None or known["crm_id"] is not None:
        return
    forget(db, row["key"])
    _close(db, row["system"], row["target"], known)


def untell(db: Connection, row: Row) -> None:
    """A note about what is not done was never left; where it comes true after all it is left then."""
    states = links.states_of(db, row["system"], [row["target"]]).get(row["target"], {})
    unit = unpack(row["settle"])["noted"]
    if unit in states:
        untold = replace(states[unit], memory=replace(states[unit].memory, noted=None))
        links.put_states(db, row["system"], {row["target"]: dict(states) | {unit: untold}})


def settle_whose(ctx: Context, db: Connection, system: str, account: str) -> None:
    """Whose an account is has been answered: whatever else was asked about that is over."""
    now = ctx.clock.now()
    suggestions.settle(db, system, account, NEW_CONTACT, state="withdrawn", now=now)
    reviews.close_for(db, system, [account], state="Withdrawn", now=now)


def ask_anew(ctx: Context, db: Connection, row: Row) -> None:
    """The record of a question is gone: it is over, and what it was about is judged again."""
    known = suggestions.by_key(db, [row["key"]]).get(row["key"])
    if known is None or known["state"] != "open":
        return
    now = stamp(ctx.clock.now())
    suggestions.change(db, row["key"], state="withdrawn", told="withdrawn", settled_at=now)
    _close(db, row["system"], row["target"], known)
    links.mark(db, row["system"], [row["target"]])


def _close(db: Connection, system: str, account: str, asked: Row) -> None:
    unit = asked["unit"]
    states = links.states_of(db, system, [account]).get(account, {})
    state = states.get(unit, BLANK)
    if unit and state.memory.open is not None and state.memory.open.episode == asked["episode"]:
        closed = replace(state, memory=replace(state.memory, open=None))
        links.put_states(db, system, {account: dict(states) | {unit: closed}})


def route_again(ctx: Installation, db: Connection, system: str, request_id: str, key: str) -> None:
    """A request whose record is not to be made as it was decided is routed once more, as if it had just come."""
    intents.supersede(db, system, [request_id], ["request.create", "career.acknowledge"])
    # One whose answer was lost may have been made: its record is met, by its key or as it is read. The audit tells what it said.
    unknown = intents.replace_unknown(db, system, request_id, ["request.create"])
    lost = [(row, unpack(row["payload"]).get("fields")) for row in unknown]
    entries = [journal.of_write(row, "unknown", code="", attempt=row["attempts"], sent=sent) for row, sent in lost]
    journal.append(db, entries, ctx.clock.now())
    requests.untouch(db, key)
    observations.reopen(db, Side.CAREER, "request", request_id)


def forget(db: Connection, key: str) -> None:
    """No question of this name was ever asked, and nothing that waits for it goes out."""
    suggestions.forget(db, key)
    intents.end_with(db, key, "suggestion.update")


def start_anew(ctx: Context, db: Connection, system: str, account: str) -> None:
    """A link has come to lead to somebody else: what was agreed was agreed, and what is asked is asked, about another person."""
    asked = {name: state.memory.episodes for name, state in links.states_of(db, system, [account]).get(account, {}).items()}
    links.forget_states(db, system, account, profile=ctx.rules(system).of_careers())
    # How often it was asked about stays, as keys are made of that: a question about the next person is another one.
    anew = links.states_of(db, system, [account]).get(account, {})
    for name, episodes in asked.items():
        state = anew.get(name, BLANK)
        anew[name] = replace(state, memory=replace(state.memory, episodes=episodes))
    links.put_states(db, system, {account: anew})
    suggestions.withdraw_about(db, system, account, ctx.clock.now())
