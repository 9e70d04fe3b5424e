"""The station that decides who is who: links, identity reviews and proposals of new contacts. It writes only locally."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from connector.core.evidence import Prepared, evidence_of, prepare, query_keys, shortlist
from connector.core.match import Decision, Frequencies, Kind, Policy, Reason, resolve, score, triage
from connector.core.model import Side
from connector.core.rulebook import Slot
from connector.core.suggestions import answer_of
from connector.engine.context import Context, key_of
from connector.engine.drafts import NEW_CONTACT
from connector.engine.merged import follow_link, follow_requests
from connector.engine.unasking import settle_whose, start_anew
from connector.ports import Feed
from connector.store import journal, links, observations, requests, reviews, suggestions
from connector.store.observations import batches
from connector.store.store import Row, get_meta, grouped, set_meta, stamp, unpack
from connector.store.tables import observation

_BATCH = 250

_REVIEW_KINDS = {
    Reason.DUPLICATE_CONTACTS: "Duplicate contacts",
    Reason.BETWEEN_CONTACTS: "Between contacts",
    Reason.ACCOUNT_MOVED: "Account moved",
    Reason.OTHER_INSTITUTION_ID: "Account moved",
}


@dataclass(slots=True, kw_only=True)
class Identified:
    """What one pass decided."""

    linked: int = 0
    review: int = 0
    new: int = 0


def identify(ctx: Context, *, broken_off: Collection[str] = ()) -> Identified:
    """Follow merges and deletions, then decide about every account that waits.

    ``broken_off``: the sides that were not read to the end.
    """
    _follow_contacts(ctx)
    total = Identified()
    with ctx.store.begin() as db:
        ready = observations.read_whole(db, Side.CRM, "", Feed.CONTACT)
        if not ready or not links.with_state(db, ["waiting"], limit=1):
            return total
        frequencies = _frequencies(ctx, db)
        population = observations.count(db, Side.CRM, Feed.CONTACT)
    after, done = ("", ""), 0
    while True:
        with ctx.store.begin() as db:
            waiting = links.with_state(db, ["waiting"], after=after, limit=_BATCH)
            if not waiting:
                return total
            policy = ctx.weights.policy(population=population)
            _decide_batch(ctx, db, waiting, frequencies, policy, total, broken_off=broken_off)
        done += len(waiting)
        after = (waiting[-1]["system"], waiting[-1]["account_id"])
        ctx.progress("linking people", done, None)


def _follow_contacts(ctx: Context) -> None:
    """Look at every contact that changed: links follow merges, end with deletions, come back with an undelete."""
    while True:
        with ctx.store.begin() as db:
            rows = observations.pending(db, Side.CRM, Feed.CONTACT, limit=2000)
            if not rows:
                return
            gone = {row["id"]: row for row in rows if row["deleted"]}
            ended = [link for link in links.by_contact(db, gone) if not follow_link(ctx, db, link, gone[link["contact_id"]])]
            _look_for_another(ctx, db, ended)
            follow_requests(db, gone.values())
            back = [row["id"] for row in rows if not row["deleted"] and row["seen_before"]]
            for link in links.by_contact(db, back):
                if link["state"] == "ended" and link["basis"] == links.CONTACT_DELETED:
                    links.change(db, link["system"], link["account_id"], state="linked", basis="undeleted", marked=True)
            for asked in _unanswered(db, reviews.open_naming(db, gone)):
                known = links.by_account(db, asked["system"], [asked["account_id"]]).get(asked["account_id"])
                if known is not None and known["state"] == "review":
                    links.change(db, asked["system"], asked["account_id"], state="waiting")
            _wake(ctx, db, {row["id"] for row in rows if not row["deleted"]})
            observations.looked_at(db, Side.CRM, Feed.CONTACT, [row["id"] for row in rows])


def _unanswered(db: Connection, asked: Sequence[Row]) -> list[Row]:
    """Without the questions whose answer was read and is not taken up yet: staff may decide and delete the double at once."""
    records = observations.load(db, Side.CRM, Feed.REVIEW, [row["crm_id"] for row in asked if row["crm_id"]])
    answered = {id for id, row in records.items() if row["pending"] and answer_of(unpack(row["fields"]))}
    return [row for row in asked if row["crm_id"] not in answered]


def _look_for_another(ctx: Context, db: Connection, ended: Sequence[Row]) -> None:
    """Who has another contact with the same number already, a double or one that was made again, goes on with that.

    Nobody is asked about others: the contact may come out of the recycle bin again, and its link with it as it was.
    """
    if not ended:
        return
    policy = ctx.weights.policy(population=observations.count(db, Side.CRM, Feed.CONTACT))
    for system, group in grouped(ended, "system").items():
        for account, decision in _triage_all(ctx, db, system, group, _frequencies(ctx, db), policy).items():
            if decision.kind is Kind.AUTOMATIC and decision.reason is Reason.INSTITUTION_ID:
                links.change(db, system, account, state="waiting")


def _wake(ctx: Context, db: Connection, changed: set[str]) -> None:
    """Accounts without a contact look again when a contact under one of their keys has changed."""
    if not changed:
        return
    # There are far fewer such accounts than contacts can change at once, so it is their keys that are held in memory.
    waiting: dict[str, list[tuple[str, str]]] = {}
    after = ("", "")
    while every := links.with_state(db, ["new", "review", "ended"], after=after, limit=_BATCH):
        after = (every[-1]["system"], every[-1]["account_id"])
        rows = [row for row in every if row["state"] != "ended" or row["basis"] == links.CONTACT_DELETED]
        for system, group in grouped(rows, "system").items():
            for account, prepared in _prepared(ctx, db, system, group).items():
                for key in query_keys(prepared):
                    waiting.setdefault(key, []).append((system, account))
    if not waiting:
        return
    touched = {key for some in batches(changed) for key in observations.keys_of(db, some) if key in waiting}
    for system, account in sorted({link for key in touched for link in waiting[key]}):
        links.change(db, system, account, state="waiting")


def _frequencies(ctx: Context, db: Connection) -> Frequencies:
    """How common each name is among the contacts; counted again after every whole read."""
    packed = get_meta(db, "name_frequencies")
    if packed is None:
        found = Frequencies.count(_all_contacts(db))
        set_meta(db, "name_frequencies", found.to_json().decode())
        ctx.progress("counting names", 1, 1)
        return found
    return Frequencies.from_json(packed.encode())


def _all_contacts(db: Connection) -> Iterable[Prepared]:
    query = select(observation.c.evidence).where(
        observation.c.side == Side.CRM, observation.c.kind == Feed.CONTACT, observation.c.evidence.is_not(None)
    )
    # For this statement alone: set on the connection, it would hold for all that comes after.
    for (evidence,) in db.execute(query, execution_options={"yield_per": 2000}):
        yield Prepared.from_json(evidence)


def _prepared(ctx: Context, db: Connection, system: str, rows: Sequence[Row]) -> dict[str, Prepared]:
    found = observations.load(db, Side.CAREER, "person", [row["account_id"] for row in rows], system=system)
    return {
        id: prepare(evidence_of(id, ctx.rules(system).match.evidence(Side.CAREER, unpack(row["fields"]))))
        for id, row in found.items()
        if not row["deleted"]
    }


def _decide_batch(
    ctx: Context,
    db: Connection,
    rows: Sequence[Row],
    frequencies: Frequencies,
    policy: Policy,
    total: Identified,
    *,
    broken_off: Collection[str],
) -> None:
    for system, group in grouped(rows, "system").items():
        if not observations.read_whole(db, Side.CAREER, system, "people"):
            continue
        accounts = observations.load(db, Side.CAREER, "person", [row["account_id"] for row in group], system=system)
        primaries = {id: unpack(row["fields"]).get("primary_account_id") for id, row in accounts.items() if not row["deleted"]}
        by_account = {row["account_id"]: row for row in group}
        moved = {id for id, row in by_account.items() if row["basis"] == links.ACCOUNT_MOVED}
        second = {id: primary for id, primary in primaries.items() if primary not in (None, "", id) and id not in moved}
        there = observations.load(db, Side.CAREER, "person", second.values(), system=system)
        # A first account that is gone, or was never there, leads nowhere: such a one is identified by itself.
        linked_first = {id for id, row in links.by_account(db, system, second.values()).items() if row["state"] == "linked"}
        # While a reading has broken off nobody knows which they are.
        unread = {*second.values()} - there.keys() if system in broken_off else set[str]()
        known_first = {id for id, row in there.items() if not row["deleted"]} | linked_first | unread
        named = {id: unpack(row["fields"]).get("primary_account_id") for id, row in there.items()}
        # Of two that name each other one has to be the first.
        second = {id: first for id, first in second.items() if first in known_first and not (named.get(first) == id < first)}
        _follow_primaries(ctx, db, system, second, by_account)
        alone = [row for row in group if row["account_id"] not in second]
        decisions = _triage_all(ctx, db, system, alone, frequencies, policy)
        taken = _taken(db, system, decisions)
        settled = resolve(decisions, taken=taken, margin=policy.margin).items()
        changes = [_record(ctx, db, by_account[id], decision, total) for id, decision in settled]
        links.put(db, changes)
        journal.append(db, [_entry(row) for row in changes], ctx.clock.now())
        automatic = [str(row["account_id"]) for row in changes if row["state"] not in ("review", "ended")]
        reviews.close_for(db, system, automatic, state="Withdrawn", now=ctx.clock.now())
        linked = [str(row["account_id"]) for row in changes if row["state"] == "linked"]
        # where the person has accounts in other systems, another one may count now
        links.mark_contacts(db, [str(row["contact_id"]) for row in changes if row["state"] in ("linked", "ended")])
        suggestions.settle_people(db, system, linked, NEW_CONTACT, state="accepted", now=ctx.clock.now())
        for row in group:
            if row["account_id"] not in primaries:
                links.change(db, system, row["account_id"], state="ended", basis=links.ACCOUNT_DELETED)


def _follow_primaries(
    ctx: Context, db: Connection, system: str, second: Mapping[str, str], links_before: Mapping[str, Row]
) -> None:
    """A person's second account goes where the primary one goes; its career-owned values do not count."""
    primaries = links.by_account(db, system, set(second.values()))
    now = stamp(ctx.clock.now())
    for id, primary in second.items():
        found = primaries.get(primary)
        if found is not None and found["state"] == "linked":
            if links_before[id]["contact_id"] not in (None, found["contact_id"]):
                start_anew(ctx, db, system, id)
            links.change(db, system, id, contact_id=found["contact_id"], state="linked", leading=False, marked=True)
            links.change(db, system, id, basis="primary account", decided_at=now)
            settle_whose(ctx, db, system, id)


def _taken(db: Connection, system: str, decisions: Mapping[str, Decision]) -> dict[str, str]:
    contacts = [decision.contact for decision in decisions.values() if decision.contact]
    return {
        row["contact_id"]: row["account_id"]
        for row in links.by_contact(db, contacts)
        if row["system"] == system and row["state"] == "linked" and row["leading"]
    }


def _triage_all(
    ctx: Context, db: Connection, system: str, rows: Sequence[Row], frequencies: Frequencies, policy: Policy
) -> dict[str, Decision]:
    people = _prepared(ctx, db, system, rows)
    keys = {id: query_keys(prepared) for id, prepared in people.items()}
    standing = observations.contacts_by_key(db, sorted(set().union(*keys.values())) if keys else [])
    nearest = {
        id: shortlist({key: standing[key] for key in mine if key in standing}, population=policy.population)
        for id, mine in keys.items()
    }
    wanted = sorted({contact for ids in nearest.values() for contact in ids})
    contacts = {
        id: Prepared.from_json(row["evidence"])
        for id, row in observations.load(db, Side.CRM, Feed.CONTACT, wanted).items()
        if row["evidence"]
    }
    turned_down = reviews.turned_down(db, system, list(people))
    return {
        id: triage(
            [
                (contact, score(prepared, contacts[contact], ctx.weights, frequencies))
                for contact in nearest[id]
                if contact in contacts and (id, contact) not in turned_down
            ],
            policy,
        )
        for id, prepared in people.items()
    }


def _entry(link: Mapping[str, object]) -> tuple[str, dict[str, object], None]:
    refs = {"system": link["system"], "account": link["account_id"], "contact": link["contact_id"], "basis": link["basis"]}
    return f"link.{link['state']}", refs, None


def _record(ctx: Context, db: Connection, link: Row, decision: Decision, total: Identified) -> dict[str, object]:
    """The link as decided; a review is opened beside it."""
    row = dict(link) | {"basis": decision.reason.value, "decided_at": stamp(ctx.clock.now()), "marked": True}
    same = (decision.kind, decision.contact) == (Kind.AUTOMATIC, link["contact_id"])
    if link["basis"] == links.ACCOUNT_MOVED and not same and not _is_gone(db, link["contact_id"]):
        # Whose it is now is for a person to say, who may know that a name was only corrected; sharing with it has ended.
        former = [link["contact_id"]] if link["contact_id"] else []
        others = [contact for contact in decision.candidates if contact not in former]
        _ask(ctx, db, link, _REVIEW_KINDS[Reason.ACCOUNT_MOVED], (*others[:2], *former))
        total.review += 1
        return row | {"state": "ended", "basis": links.ACCOUNT_MOVED}
    if link["basis"] == links.CONTACT_DELETED and decision.kind is Kind.NEW:
        # Staff have deleted the contact: that is no reason to propose the same person as a new one.
        return dict(link) | {"state": "ended"}
    # As with a merge: it is the same person by the institution's number, so what was agreed stays agreed.
    made_again = link["basis"] == links.CONTACT_DELETED and decision.reason is Reason.INSTITUTION_ID
    if link["contact_id"] is not None and link["contact_id"] != decision.contact and not made_again:
        start_anew(ctx, db, link["system"], link["account_id"])
    if made_again and decision.contact is not None:
        requests.move(db, link["contact_id"], decision.contact)
    match decision.kind:
        case Kind.AUTOMATIC:
            total.linked += 1
            return row | {"state": "linked", "contact_id": decision.contact, "leading": True}
        case Kind.REVIEW:
            total.review += 1
            _ask(ctx, db, link, _REVIEW_KINDS.get(decision.reason, "Possible match"), decision.candidates[:3])
            # What waits about the contact that it led to before must not go out.
            return row | {"state": "review", "contact_id": None, "marked": link["marked"] or link["contact_id"] is not None}
        case Kind.NEW:
            total.new += 1
            return row | {"state": "new", "contact_id": None}


def _is_gone(db: Connection, contact_id: str | None) -> bool:
    """Whether a contact is known to be deleted: then nobody can be asked whether an account is still theirs."""
    contact = observations.load(db, Side.CRM, Feed.CONTACT, [contact_id]).get(contact_id) if contact_id else None
    return contact is not None and bool(contact["deleted"])


def _bearer(ctx: Context, db: Connection, link: Row) -> list[str]:
    """Whose an account says that it is now: the number of the institution and the name."""
    seen = observations.load(db, Side.CAREER, "person", [link["account_id"]], system=link["system"]).get(link["account_id"])
    evidence = ctx.rules(link["system"]).match.evidence(Side.CAREER, unpack(seen["fields"])) if seen else {}
    return [str(evidence.get(slot) or "") for slot in (Slot.INSTITUTION_ID, Slot.FIRST, Slot.LAST)]


def _ask(ctx: Context, db: Connection, link: Row, kind: str, candidates: Sequence[str]) -> None:
    """Ask staff whose an account is. As it is another person's it is another question each time, with another key.

    So is what was decided and arises again: its record in Salesforce still holds the decision of then.
    """
    system, account = link["system"], link["account_id"]
    decided = reviews.times_decided(db, system, account, kind, candidates)
    key = key_of("review", system, account, kind, *candidates, *_bearer(ctx, db, link), *([str(decided)] if decided else []))
    reviews.open_for(db, system, account, key=key, kind=kind, candidates=candidates, now=ctx.clock.now())
