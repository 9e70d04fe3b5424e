"""Who is asked, and what the ask looks like in Salesforce: from a request of careers to routing's facts and columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from connector.core.foreign import fitted
from connector.core.model import Side
from connector.core.moments import moment_or_none
from connector.core.progress import ENDED, Neutral, RequestState, counts, in_our_words, neutral_word
from connector.core.requests import FOREIGN_LABEL, Ask, Direction, Misunderstood
from connector.core.routing import PastRequest, PersonFacts, Routed, Unidentified
from connector.core.rulebook import PROFILE, Fact, Rules
from connector.core.understanding import title_of, understand
from connector.engine.context import Context
from connector.engine.crm_values import whole_number
from connector.engine.readings import Person, holds, withdrawn_purposes
from connector.ports import Feed
from connector.store import links, observations, requests
from connector.store.store import Row, grouped, moment, stamp, unpack


def find_person(ctx: Context, db: Connection, system: str, ask: Ask) -> PersonFacts | Unidentified:
    """The contact that an ask is about; never a guess."""
    if ask.person_id is None:
        return Unidentified.CRITERIA if ask.criteria and ask.hint is None else Unidentified.UNKNOWN
    link = links.by_account(db, system, [ask.person_id]).get(ask.person_id)
    if link is None or link["state"] in ("new", "apart", "ended"):
        return Unidentified.UNKNOWN
    if link["state"] != "linked":
        return Unidentified.AMBIGUOUS
    contact = observations.load(db, Side.CRM, Feed.CONTACT, [link["contact_id"]]).get(link["contact_id"])
    if contact is None or contact["deleted"]:
        return Unidentified.UNKNOWN
    facts = _facts(ctx.rules(system), db, system, link, contact)
    linked = [row for row in links.by_contact(db, [contact["id"]]) if row != link]
    others = [_facts(ctx.rules(row["system"]), db, row["system"], row, contact) for row in linked]
    # What was said in another account or another system of theirs is said by the same person.
    return replace(
        facts,
        deceased=any(one.deceased for one in (facts, *others)),
        do_not_contact=any(one.do_not_contact for one in (facts, *others)),
        withdrawn=facts.withdrawn.union(*(one.withdrawn for one in others)),
    )


def _facts(rules: Rules, db: Connection, system: str, link: Row, contact: Row) -> PersonFacts:
    account = link["account_id"]
    # An account that leads there no more speaks for somebody else; what its profile holds was said before.
    speaks = link["state"] == "linked" or link["basis"] == links.ACCOUNT_DELETED
    seen = observations.load(db, Side.CAREER, "person", [account] if speaks else [], system=system).get(account)
    profile = observations.load(db, Side.CRM, Feed.PROFILE, [link["profile_id"]] if link["profile_id"] else [])
    crm = dict(unpack(contact["fields"]))
    for row in profile.values():
        crm |= {PROFILE + name: value for name, value in unpack(row["fields"]).items()}
    person = Person(crm=crm, career=unpack(seen["fields"]) if seen else {}, has_profile=bool(profile))
    facts = rules.facts_of(crm)
    return PersonFacts(
        contact_id=str(link["contact_id"]),
        deceased=_holds(rules, person, Fact.DECEASED),
        do_not_contact=_holds(rules, person, Fact.DO_NOT_CONTACT),
        withdrawn=withdrawn_purposes(rules, person),
        class_year=whole_number(facts[Fact.CLASS_YEAR]),
        country=_text(facts[Fact.COUNTRY]),
        state=_text(facts[Fact.STATE]),
        school=_text(facts[Fact.SCHOOL]),
        degree=_text(facts[Fact.DEGREE]),
    )


def _holds(rules: Rules, person: Person, fact: Fact) -> bool:
    """Whether either side says so: the more restrictive one counts, whoever said it."""
    source = rules.facts.get(fact)
    return source is not None and (holds(rules, person, source) or source.read(Side.CAREER, person.career) is True)


_LOOKED_BACK = 200


def past_of(
    ctx: Context, db: Connection, contact: str, ask: Ask, key: str, *, attached_to: str | None = None
) -> list[PastRequest]:
    """Earlier requests that led to a contact with the same person, oldest first; ``key`` is that of the new one.

    The newest only, and as many as the limit could need: a flood about one person must not cost the square of its size.
    ``attached_to`` numbers the one that the ask was attached to before: it goes on to belong there, also once that has ended.
    """
    limit = ctx.routing.limit
    found = requests.newest_asks(db, contact, key, limit=max(_LOOKED_BACK, limit.max_asks, limit.max_per_year))
    rows = [dict(row) | ({"settled_at": None} if row["number"] == attached_to else {}) for row in found]
    titles = _titles(ctx, db, rows, ask) if ask.type.direction is Direction.ALUMNI_TO_INSTITUTION else {}
    past = [
        PastRequest(
            number=row["number"],
            type=row["type"],
            neutral=Neutral(row["neutral"]),
            title=titles.get((row["system"], row["request_id"]), ""),
            touched_at=moment(row["at"]) if row["at"] else None,
            waits=row["at"] is None,
            ended_at=moment(row["settled_at"]) if row["settled_at"] else None,
        )
        for row in rows
    ]
    return [*_unclaimed(db, contact, key), *past]


def _unclaimed(db: Connection, contact: str, key: str) -> Iterator[PastRequest]:
    """Requests about a contact that Salesforce alone knows of: our state was lost, and that system has not been read since."""
    records = [row for row in observations.children(db, Feed.REQUEST, [contact]) if not row["deleted"]]
    fields = {row["id"]: unpack(row["fields"]) for row in records}
    ours = requests.by_key(db, [one["Key__c"] for one in fields.values() if one.get("Key__c")])
    for row in records:
        one = fields[row["id"]]
        received = moment_or_none(one.get("Received_At__c"))
        if one.get("Key__c") in {None, key, *ours} or received is None or not in_our_words(one):
            continue
        state = RequestState(one["State__c"])
        neutral = Neutral(one.get("Neutral__c") or neutral_word(state))
        asked = counts(state, neutral, one.get("Outcome__c"), stop_reason=one.get("Stop_Reason__c"))
        yield PastRequest(
            number=str(one.get("Request_Number__c") or ""),
            type=str(one.get("Type__c") or ""),
            neutral=neutral,
            title=str(one.get("Title__c") or ""),
            touched_at=received if asked else None,
            waits=state is RequestState.WAITING,
            ended_at=(moment_or_none(row["version"]) or received) if state in ENDED else None,
        )


def _titles(ctx: Context, db: Connection, rows: Sequence[Row], ask: Ask) -> Mapping[tuple[str, str], str]:
    """What careers call those of these requests now that are of the same type and open, by system and id."""
    alike = [row for row in rows if row["settled_at"] is None and ctx.requests.by_word(row["type"]) == ask.type]
    return {
        (system, id): title_of(unpack(seen["fields"]), ctx.requests.texts)
        for system, some in grouped(alike, "system").items()
        for id, seen in observations.load(db, Side.CAREER, "request", [row["request_id"] for row in some], system=system).items()
    }


def asked_now(ctx: Context, db: Connection, known: Row) -> Ask | Misunderstood | None:
    """What careers ask by a request of ours, as it was last read; None if it has not been."""
    system, id = known["system"], known["request_id"]
    row = observations.load(db, Side.CAREER, "request", [id], system=system).get(id)
    return understood_now(ctx, row) if row else None


def understood_now(ctx: Context, row: Row) -> Ask | Misunderstood:
    """A request as the mapping in force understands it; one that is deleted at careers is taken back."""
    fields = dict(unpack(row["fields"])) | ({"state": "withdrawn"} if row["deleted"] else {})
    return understand(fields, request_id=row["id"], rules=ctx.requests)


def columns_of(system: str, ask: Ask, routed: Routed, *, number: str, contact: str | None, now: datetime) -> dict[str, Any]:
    """The columns of a new ``Career_Request__c``; None for what is not known."""
    return words_of(system, ask) | {
        "OwnerId": routed.owner_id,
        "System__c": system,
        "Request_Number__c": number,
        "Type__c": ask.type.code,
        "Direction__c": ask.type.direction.crm_word,
        "State__c": routed.state.value,
        "Neutral__c": routed.neutral.value,
        "Asked_Count__c": ask.count,
        "Contact__c": contact,
        "Account_Id__c": ask.person_id,
        "Requested_By__c": ask.requested_by,
        "Unit__c": ask.unit,
        "Received_At__c": _time(now),
        "First_Action_Due__c": _time(routed.first_action_due),
        "End_Due__c": _time(routed.end_due),
        "Effort_Minutes__c": ask.effort_minutes,
        "Criteria__c": "\n".join(f"{name}: {value}" for name, value in ask.criteria),
        "Named_Ask__c": ask.named,
        "Clearance__c": routed.clearance.value,
        "Stop_Reason__c": fitted(routed.stop_reason, 255),
    }


def words_of(system: str, ask: Ask) -> dict[str, Any]:
    """The columns of a ``Career_Request__c`` that careers may change as long as it is under way."""
    told = f"{FOREIGN_LABEL}\n{ask.details}" if ask.details else ""
    return {
        "Title__c": ask.title,
        "Text_For_Alumni__c": ask.text,
        # What careers wrote, under the number that they know their request by.
        "Details__c": f"Request {ask.id} in {system}\n{told}".strip(),
        "Need_By__c": ask.need_by.isoformat() if ask.need_by else None,
        "Urgent__c": ask.urgent or ask.type.urgent,
    }


def _time(at: datetime | None) -> str | None:
    return stamp(at)[:19] + "Z" if at else None


def _text(value: object) -> str | None:
    return str(value) if value is not None else None
