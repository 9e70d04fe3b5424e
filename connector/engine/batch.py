"""What one batch of links needs to be judged: readings, states, and what is on its way, each loaded once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Connection

from connector.core.model import Side
from connector.core.rulebook import Fact
from connector.engine.context import Context
from connector.engine.drafts import FIELD_WRITES, Subject
from connector.engine.readings import Person, moved_by
from connector.engine.recovered import decided_on
from connector.ports import Feed
from connector.store import intents, links, observations, suggestions
from connector.store.links import BLANK, UnitState
from connector.store.store import Row, pack, stamp, unpack

_States = dict[str, UnitState]
"""Base and memory of one account's units, by unit."""

_LATEST = timedelta(days=1)
_LATEST_BY_FILE = timedelta(days=60)
"""How long a write whose answer was lost may still take effect: a call, and a file that somebody has to carry over."""

_FOUGHT_OVER = 6
_A_WHILE = timedelta(hours=1)
"""A unit that was given the same value so often in this time is left alone until it is over: another program rewrites it."""


def overtaken(ctx: Context, system: str, kind: str) -> bool:
    """What people or programs of careers have to carry in may take weeks: a later one, carried in after it, may go out.

    Everywhere else nothing new is decided about somebody while nobody knows what became of the last write.
    """
    career = ctx.careers.get(system)
    return kind == "career.update" and career is not None and not career.capabilities.lookup


class Batch:
    """The observations and states that one batch of links needs, each loaded once.

    ``tried`` names this cycle's earlier plans. ``refused_now`` are restrictions of theirs that a side has refused, by intent.
    """

    def __init__(self, ctx: Context, db: Connection, system: str, rows: Sequence[Row], *, tried: Sequence[str] = ()) -> None:
        self.rules, self.rows = ctx.rules(system), rows
        accounts = [row["account_id"] for row in rows]
        self._people = observations.load(db, Side.CAREER, "person", accounts, system=system)
        contacts = [row["contact_id"] for row in rows if row["contact_id"]]
        self._contacts = observations.load(db, Side.CRM, Feed.CONTACT, contacts)
        profiles = [row["profile_id"] for row in rows if row["profile_id"]]
        self._profiles = observations.load(db, Side.CRM, Feed.PROFILE, profiles)
        there = [unpack(row["fields"]).get("Contact__c") for row in self._profiles.values() if not row["deleted"]]
        self._shown_at = self._contacts | observations.load(
            db, Side.CRM, Feed.CONTACT, {id for id in there if id} - {*self._contacts}
        )
        self._hidden: dict[str, set[str]] = {}
        self.states = self._as_shown(db, system, links.states_of(db, system, accounts))
        self._differences = links.differences_of(db, system, accounts)
        self._unrecorded = suggestions.unrecorded(db, system, accounts)
        career = ctx.careers.get(system)
        arrives_within = _LATEST if career is None or career.capabilities.lookup else _LATEST_BY_FILE
        self._doubtful = intents.doubtful(db, system, accounts, FIELD_WRITES, ctx.clock.now() - arrives_within)
        refused = intents.refused_first(db, system, accounts, FIELD_WRITES)
        self._refused = [(row["target"], row["id"], self._moved_by(row)) for row in refused]
        self.refused_now = {row["id"] for row in refused if row["plan_id"] in tried}
        by_hand = overtaken(ctx, system, "career.update")
        self._handed_over = intents.on_their_way(db, system, accounts, "career.update") if by_hand else {}
        self._written = intents.written_often(db, system, accounts, FIELD_WRITES, ctx.clock.now() - _A_WHILE, times=_FOUGHT_OVER)
        self._elsewhere = links.with_account_in(db, ctx.primary, contacts) if system != ctx.primary else frozenset()
        self.subjects: list[Subject] = []

    def _moved_by(self, write: Row) -> frozenset[str]:
        """The names of the units that a write moves."""
        return frozenset(unit.name for unit in moved_by(self.rules, unpack(write["settle"]), unpack(write["payload"])))

    def _as_shown(self, db: Connection, system: str, states: Mapping[str, _States]) -> dict[str, _States]:
        """With every open question as it stands in Salesforce: what its record may not show, nobody has been asked."""
        found = dict(states)
        hidden = suggestions.not_shown(db, system, states)
        records = observations.load(db, Side.CRM, Feed.SUGGESTION, [row["crm_id"] for row in hidden])
        for row in hidden:
            account, name = row["account_id"], row["unit"]
            self._hidden.setdefault(account, set()).add(name)
            state, record = found[account].get(name, BLANK), records.get(row["crm_id"])
            if state.memory.open is None or record is None:
                continue
            asked = decided_on(self.rules.known(name), unpack(record["fields"]), state.memory.open.values)
            opened = replace(state.memory.open, values=asked)
            found[account] = found[account] | {name: replace(state, memory=replace(state.memory, open=opened))}
        return found

    def subject(self, row: Row) -> Subject:
        """One link of the batch with everything that was last read about it."""
        contact = self._contacts.get(row["contact_id"])
        profile = self._profiles.get(row["profile_id"])
        account = self._people.get(row["account_id"])
        crm = dict(unpack(contact["fields"])) if contact and not contact["deleted"] else {}
        if profile and not profile["deleted"]:
            crm |= {f"{Feed.PROFILE}.{name}": value for name, value in unpack(profile["fields"]).items()}
        person = Person(
            crm=crm,
            career=unpack(account["fields"]) if account and not account["deleted"] else {},
            has_profile=row["profile_id"] is not None,
        )
        found = Subject(rules=self.rules, link=row, person=person, contact=contact, account=account, profile=profile)
        refused = [(id, units) for target, id, units in self._refused if target == row["account_id"]]
        found.refused = frozenset(name for _, units in refused for name in units)
        found.refused_now = frozenset(name for id, units in refused if id in self.refused_now for name in units)
        found.differed = frozenset(self._differences.get(row["account_id"], ()))
        found.hidden = frozenset(self._hidden.get(row["account_id"], ()))
        found.unrecorded = frozenset(self._unrecorded.get(row["account_id"], ()))
        found.fought_over = self._fought_over(row["account_id"])
        found.counts = bool(row["leading"]) and row["contact_id"] not in self._elsewhere
        shown_at = crm.get(f"{Feed.PROFILE}.Contact__c")
        led_to = self._shown_at.get(shown_at) if shown_at else None
        # What was read of it and not looked at yet may be staff who have moved it: the link follows that (``relinking``).
        looked_at = profile is not None and not profile["pending"]
        moved = shown_at not in (None, row["contact_id"]) and not (led_to is not None and led_to["deleted"])
        found.astray = looked_at and moved
        doubtful, handed_over = (known.get(row["account_id"], ()) for known in (self._doubtful, self._handed_over))
        # A table may show a part of what was handed over.
        for write in (*doubtful, *handed_over):
            found.remember_sent(unpack(write["settle"]).get("units", {}))
        for write in handed_over:
            found.on_its_way |= unpack(write["payload"])["fields"]
        self.subjects.append(found)
        return found

    def _fought_over(self, account: str) -> frozenset[str]:
        """The units to which the same value was written so often of late that somebody must be writing against us."""
        counts = Counter(
            (name, pack(settling["sent"]))
            for row in self._written.get(account, ())
            for name, settling in unpack(row["settle"]).get("units", {}).items()
        )
        return frozenset(name for (name, _), count in counts.items() if count >= _FOUGHT_OVER)

    def class_year(self, row: Row) -> object:
        """The class year of the contact behind a link; None if it is not known."""
        source = self.rules.facts.get(Fact.CLASS_YEAR)
        contact = self._contacts.get(row["contact_id"])
        return source.read(Side.CRM, unpack(contact["fields"])) if source and contact else None


def note_unreadable(ctx: Context, db: Connection, system: str, subjects: Iterable[Subject]) -> None:
    """A value that nobody can read is set aside with its reason; the person's other fields go on.

    Not so where contact or account are deleted: nobody can correct it there, and it would stand in the list for ever.
    """
    now, well = stamp(ctx.clock.now()), []
    for subject in subjects:
        account = subject.link["account_id"]
        unreadable = {} if subject.link["state"] == "ended" else subject.person.unreadable
        if not unreadable:
            well.append(account)
        reasons = "; ".join(f"{unit}: {reason}" for unit, reason in sorted(unreadable.items()))
        if reasons:
            remedy = "correct the value where it was entered, or give the field another transform"
            row = {"side": "career", "system": system, "kind": "value", "id": account, "reason": reasons}
            observations.park(db, [row | {"remedy": remedy, "since": now}])
    observations.unpark(db, Side.CAREER, "value", well, system=system)
