"""Questions that Salesforce holds and our state does not: it was lost, or restored from an older copy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from connector.core.model import Memory, OpenSuggestion, Rejection, Side, Unit, Value
from connector.core.moments import moment_or_none
from connector.core.suggestions import CRM_STATES, WAITING, show, to_enter
from connector.engine.context import Context, key_of, log
from connector.engine.readings import Person
from connector.engine.settling import NOT_CREATED
from connector.engine.unasking import forget
from connector.ports import Feed
from connector.store import intents, links, observations, suggestions
from connector.store.links import BLANK
from connector.store.store import Row, stamp, unpack

_TURNED_DOWN = CRM_STATES["rejected"]
_NOBODY = ("new", "review", "apart")
"""The states of a link that leads to no contact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A question as its record tells it. ``known`` is our row of the same name, if we have one."""

    link: Row
    unit: Unit
    values: tuple[Value, ...]
    episode: int
    key: str
    known: Row | None


def take_up(ctx: Context, db: Connection, row: Row, fields: Mapping[str, Any]) -> Row | None:
    """An open question is ours again, so that its answer still counts; what was turned down is remembered.

    Returns the open question's row; None if this is none, or none that can be taken up.
    """
    stands = fields.get("State__c")
    here = not row["deleted"] and stands in (*WAITING, _TURNED_DOWN)
    asked = _asked(ctx, db, fields) if here else None
    waits = here and stands in WAITING
    if waits and (about := _about_nothing(ctx, db, asked, fields)) is not None:
        _withdraw(ctx, db, row["id"], fields, about)
        return None
    if asked is None:
        return None
    if waits:
        return _open(ctx, db, asked, row["id"], kind=str(fields.get("Kind__c")))
    tried = asked.known is not None and asked.known["state"] == "open" and asked.known["crm_id"] is None
    if tried:
        _settle(ctx, db, asked, row["id"])
    if tried or asked.known is None or asked.known["state"] == "withdrawn":
        _turned_down(db, asked, fields)
    return None


def _about_nothing(ctx: Context, db: Connection, asked: _Asked | None, fields: Mapping[str, Any]) -> tuple[str, str] | None:
    """The system and account of a question that leads to nothing any more, however staff decide; None if it leads to something.

    While our state knew nothing, the contact was deleted, and its profile has none; or it is asked who the account belongs to. Or
    the mapping has no more what it asks about. Or it came so late that the same was asked once more meanwhile.
    """
    if asked is not None:
        link = asked.link
        nothing = asked.known is None and (link["state"] in _NOBODY or _asked_once_more(db, asked))
        return (link["system"], link["account_id"]) if nothing else None
    profile_id = fields.get("Career_Profile__c")
    profile = observations.load(db, Side.CRM, Feed.PROFILE, [profile_id]).get(profile_id) if profile_id else None
    about = unpack(profile["fields"]) if profile is not None and not profile["deleted"] else {}
    if not about or (about.get("Contact__c") and _mapped(ctx, about["System__c"], fields.get("Group__c"))):
        return None
    return str(about["System__c"]), str(about["Account_Id__c"])


def _asked_once_more(db: Connection, asked: _Asked) -> bool:
    """Whether a later question about the same waits in Salesforce, too: of the two that one is what careers hold now."""
    of_unit = suggestions.of_unit(db, asked.link["system"], asked.link["account_id"], asked.unit.name)
    return any(row["state"] == "open" and row["crm_id"] is not None and row["episode"] > asked.episode for row in of_unit)


def _mapped(ctx: Context, system: str, unit: str | None) -> bool:
    """Whether something may come of a question about this unit (a new contact has none), or nothing is known of its system."""
    return system not in ctx.careers or not unit or ctx.rules(system).known(unit) is not None


def _withdraw(ctx: Context, db: Connection, id: str, fields: Mapping[str, Any], about: tuple[str, str]) -> None:
    """It waits for nobody any more; Salesforce is told with all other questions that are settled."""
    (system, account), unit, key = about, str(fields.get("Group__c")), str(fields.get("Key__c"))
    episode = int(fields.get("Episode__c") or 1)
    if key != key_of("suggestion", system, account, unit, episode) or suggestions.by_key(db, [key]):
        return
    now, names = ctx.clock.now(), {"system": system, "account_id": account, "unit": unit}
    found = suggestions.opened(key, names, kind=str(fields.get("Kind__c")), episode=episode, now=now, crm_id=id)
    suggestions.put(db, [dict(found) | {"state": "withdrawn", "settled_at": stamp(now)}])
    log.info("suggestion.recovered", suggestion=key)


def _asked(ctx: Context, db: Connection, fields: Mapping[str, Any]) -> _Asked | None:
    profile = fields.get("Career_Profile__c")
    link = links.by_profile(db, profile) if profile else None
    if link is None:
        return None
    try:
        unit = ctx.rules(link["system"]).unit(str(fields.get("Group__c")))
        values = _entered(unit, unpack(fields.get("Suggested_Values__c") or "{}"))
    except (KeyError, ValueError):
        return None
    episode = int(fields.get("Episode__c") or 1)
    key = key_of("suggestion", link["system"], link["account_id"], unit.name, episode)
    if key != fields.get("Key__c"):
        return None
    known = suggestions.by_key(db, [key]).get(key)
    return _Asked(link=link, unit=unit, values=values, episode=episode, key=key, known=known)


def _entered(unit: Unit, shown: Mapping[str, Any]) -> tuple[Value, ...]:
    """What a question suggests, field by field, from what its record shows to enter."""
    return tuple(rule.crm_transform.read(shown.get(rule.suggest_to or rule.crm)) for rule in unit.fields)


def decided_on(unit: Unit | None, fields: Mapping[str, Any], thought: tuple[Value, ...]) -> tuple[Value, ...]:
    """The values that staff saw when they decided, as the record says; ``thought`` are those that our state believes were asked.

    They differ where a state from before was put back, or where careers' newer value has not reached the question yet.
    """
    try:
        shown = unpack(fields.get("Suggested_Values__c") or "null")
        if unit is None or len(unit.fields) != len(thought) or not isinstance(shown, dict) or shown == to_enter(unit, thought):
            return thought
        return _entered(unit, shown)
    except (KeyError, ValueError):
        # What was asked has a word that the picklist has lost since.
        return thought


def _open(ctx: Context, db: Connection, asked: _Asked, id: str, *, kind: str) -> Row | None:
    if asked.known is not None and (asked.known["crm_id"] is not None or asked.known["state"] != "open"):
        return None
    # Whether it was put back is not known: what stands at careers now is no answer, nor is what the contact holds now.
    opened = OpenSuggestion(values=asked.values, episode=asked.episode, restored=True, against=_owners(db, asked))
    _remember(db, asked, lambda memory: replace(memory, open=_as_asked(memory.open, opened)))
    log.info("suggestion.recovered", suggestion=asked.key)
    if asked.known is not None:
        # We have tried to ask since; that it was asked before, perhaps about another value, is learnt only now.
        suggestions.change(db, asked.key, crm_id=id)
        intents.ready_again(db, asked.key, NOT_CREATED)
        return dict(asked.known) | {"crm_id": id}
    names = {"system": asked.link["system"], "account_id": asked.link["account_id"], "unit": asked.unit.name}
    _give_up(db, asked)
    found = suggestions.opened(asked.key, names, kind=kind, episode=asked.episode, now=ctx.clock.now(), crm_id=id)
    suggestions.put(db, [found])
    return found


def _give_up(db: Connection, asked: _Asked) -> None:
    """What we have tried to ask about the same under another name, and could not, is not asked beside it.

    One that may stand in Salesforce, as its answer was lost, is looked for as ever, and both stay.
    """
    system, account = asked.link["system"], asked.link["account_id"]
    for row in suggestions.of_unit(db, system, account, asked.unit.name):
        if row["state"] != "open" or row["crm_id"] is not None:
            continue
        intents.end_with(db, row["key"], "suggestion.create")
        create = intents.last_with_key(db, "suggestion.create", row["key"])
        if create is None or create["state"] == "superseded":
            forget(db, row["key"])
    # What is asked there may not be what careers hold now.
    links.mark(db, system, [account])


def _as_asked(tried: OpenSuggestion | None, opened: OpenSuggestion) -> OpenSuggestion:
    """What we have tried to ask, with the values that are asked about: the owner's values then, and what we put back, stay so."""
    return opened if tried is None else replace(tried, values=opened.values, episode=opened.episode)


def _settle(ctx: Context, db: Connection, asked: _Asked, id: str) -> None:
    """What we have tried to ask since was asked before, and turned down."""
    intents.end_with(db, asked.key, "suggestion.create")
    settled = {"state": "rejected", "told": "rejected", "settled_at": stamp(ctx.clock.now())}
    suggestions.change(db, asked.key, crm_id=id, **settled)
    _remember(db, asked, lambda memory: memory if memory.episodes > asked.episode else replace(memory, open=None))
    links.mark(db, asked.link["system"], [asked.link["account_id"]])


def _owners(db: Connection, asked: _Asked) -> tuple[Value, ...] | None:
    """What the contact holds now of what is asked about; None if it cannot be read."""
    contact = observations.load(db, Side.CRM, Feed.CONTACT, [asked.link["contact_id"]]).get(asked.link["contact_id"])
    mine = Person(crm=unpack(contact["fields"]), career={}, has_profile=True).reading(asked.unit, Side.CRM) if contact else None
    return mine.values if mine else None


def _turned_down(db: Connection, asked: _Asked, fields: Mapping[str, Any]) -> None:
    """What staff have rejected is remembered, so that it is not asked again, unless the contact has moved since."""
    mine, at = _owners(db, asked), moment_or_none(fields.get("Decided_At__c"))
    if mine is None or at is None or show(asked.unit.fields, mine) != fields.get("Now__c"):
        return
    rejected = Rejection(values=asked.values, against=mine, at=at)
    _remember(db, asked, lambda memory: memory if memory.episodes > asked.episode else replace(memory, rejected=rejected))


def _remember(db: Connection, asked: _Asked, change: Callable[[Memory], Memory]) -> None:
    system, account, unit = asked.link["system"], asked.link["account_id"], asked.unit.name
    states = links.states_of(db, system, [account]).get(account, {})
    state = states.get(unit, BLANK)
    memory = replace(change(state.memory), episodes=max(asked.episode, state.memory.episodes))
    links.put_states(db, system, {account: dict(states) | {unit: replace(state, memory=memory)}})
