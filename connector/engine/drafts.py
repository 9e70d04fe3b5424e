"""What a plan is made of while it is made: the writes that one batch of verdicts leads to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from connector.core.explain import note_text, rejection_text
from connector.core.merge import Move, Verdict
from connector.core.merge import Row as Law
from connector.core.model import Edit, Memory, OutsideEdit, Reading, Side, Unit, Value
from connector.core.rulebook import PROFILE, Rules, pick
from connector.core.suggestions import SETTLED, author_of, change_fields, new_contact_fields
from connector.engine.context import Context, key_of
from connector.engine.readings import Person, natives_of, places_of, still_means
from connector.ports import Feed
from connector.store import intents, suggestions
from connector.store.links import DECIDED, UnitState, values_of
from connector.store.store import Row, unpack

FIELD_WRITES = ("career.update", "profile.create", "profile.update")
"""The kinds of write that carry field values; they are decided anew whenever a side moves."""

PROPOSAL = "proposal.create"
"""The kind of write that asks staff to create a contact."""

NEW_CONTACT = ""
"""The unit name under which a proposed contact is kept among the suggestions."""


@dataclass(slots=True, kw_only=True)
class Subject:
    """One link with everything that was last read about it."""

    rules: Rules
    link: Row
    person: Person
    contact: Row | None
    account: Row | None
    profile: Row | None
    profile_fields: dict[str, Any] = field(default_factory=dict)
    settling: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {"career": {}, "crm": {}})
    backfill: bool = True
    puts_back: set[str] = field(default_factory=set)
    """Units that careers' record is to lose somebody's entry of, while what tells of it may not stand in Salesforce yet."""
    refused: frozenset[str] = frozenset()
    """Units whose last opt-out a side refused."""
    refused_now: frozenset[str] = frozenset()
    """Those of them that it refused in this very cycle."""
    fought_over: frozenset[str] = frozenset()
    """Units that another program writes against us."""
    counts: bool = True
    """Whether this is the one account that counts of all that the person has."""
    sent: dict[str, dict[Side, tuple[tuple[Value, ...], ...]]] = field(default_factory=dict)
    differed: frozenset[str] = frozenset()
    """Units whose first difference waits for a person's choice."""
    unrecorded: frozenset[str] = frozenset()
    """Units with a suggestion, be it answered by now, that is still on its way to Salesforce."""
    hidden: frozenset[str] = frozenset()
    """Units with an open suggestion whose record may come to show something else than it does."""
    astray: bool = False
    """Whether its career profile leads to another contact than the link, and not because of a merge."""
    on_its_way: dict[str, Any] = field(default_factory=dict)
    """Career fields that were handed over and are not shown yet, as they were last handed over."""
    _seen: dict[str, tuple[Reading | None, Reading | None]] = field(default_factory=dict)

    def readings(self, unit: Unit) -> tuple[Reading | None, Reading | None]:
        """The unit on both sides: CRM, career."""
        if unit.name not in self._seen:
            self._seen[unit.name] = (self.person.reading(unit, Side.CRM), self.person.reading(unit, Side.CAREER))
        return self._seen[unit.name]

    def remember_sent(self, units: Mapping[str, Any]) -> None:
        """Values of a write of ours whose answer was lost: met later, they are our own echo and nobody's edit."""
        for name, settling in units.items():
            if still_means(self.rules.known(name), settling) is None:
                continue
            side = Side(settling["side"])
            known = self.sent.setdefault(name, {})
            known[side] = (*known.get(side, ()), values_of(settling["values"]))

    def awaits(self, unit: Unit, verdict: Verdict) -> bool:
        """Whether what a verdict would write to careers is on its way already."""
        if verdict.write is not Side.CAREER or verdict.values is None or not self.on_its_way:
            return False
        wanted = natives_of(unit, Side.CAREER, verdict.values)
        return all(name in self.on_its_way and self.on_its_way[name] == value for name, value in wanted.items())

    def flag_differs(self, unit: Unit, verdict: Verdict) -> bool:
        """Whether the career profile's opt-out flag is not what the verdict wants."""
        if unit.opt_out_to is None or verdict.flag is None:
            return False
        return bool(self.person.crm.get(PROFILE + unit.opt_out_to)) != verdict.flag


@dataclass(slots=True, kw_only=True)
class Draft:
    """The writes of one batch of one career system, stored together."""

    ctx: Context
    db: Connection
    plan_id: str
    system: str
    rows: list[Row] = field(default_factory=list)
    raised: list[dict[str, Any]] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        """The moment of the plan."""
        return self.ctx.clock.now()

    def add(self, subject: Subject, unit: Unit, verdict: Verdict, *, before: UnitState, after: Memory) -> None:
        """Take up what one verdict leads to."""
        if verdict.write is not None and verdict.values is not None:
            self._note_write(subject, unit, verdict)
        if subject.flag_differs(unit, verdict) and unit.opt_out_to is not None:
            subject.profile_fields[unit.opt_out_to] = verdict.flag
        if verdict.note is not None:
            text = note_text(verdict.note, label=unit.label, owner=unit.owner.value)
            self._leave_note(subject, unit, text, why=verdict.note, once=self.plan_id, stands={"noted": unit.name})
        self._move_suggestion(subject, unit, verdict, before=before, after=after)

    def _note_write(self, subject: Subject, unit: Unit, verdict: Verdict) -> None:
        side = verdict.write or Side.CAREER
        natives = natives_of(unit, side, verdict.values or ())
        if side is Side.CRM:
            subject.profile_fields.update(natives)
        subject.backfill = subject.backfill and verdict.row is Law.FILL_EMPTY
        if verdict.restored or unit.name in subject.unrecorded:
            subject.puts_back.add(unit.name)
        crm, career = subject.readings(unit)
        subject.settling[side.value][unit.name] = {
            "crm": _pack(crm),
            "career": _pack(career),
            "places": places_of(unit),
            "sent": natives,
            "side": side.value,
            "values": verdict.values,
            "forget": verdict.forget_base,
        }

    def _leave_note(
        self, subject: Subject, unit: Unit, text: str, *, why: str, once: str, stands: Mapping[str, str] | None = None
    ) -> None:
        """A staff-only note; ``why`` and ``once`` make its key: the same note about the same thing is one note.

        Beside an account that is gone none can be left.
        ``stands`` names the unit of what is true only once the plan is carried out.
        """
        career = self.ctx.careers.get(self.system)
        there = subject.account is not None and not subject.account["deleted"]
        if there and career is not None and career.capabilities.notes:
            account = subject.link["account_id"]
            key = key_of("note", self.system, account, unit.name, why, once)
            self._plan("career.note", account, {"key": key, "text": text, "person_id": account}, key=key, settle_with=stands)

    def _tell_rejected(self, subject: Subject, unit: Unit) -> None:
        for asked in suggestions.of_unit(self.db, self.system, subject.link["account_id"], unit.name)[:1]:
            self._leave_note(subject, unit, rejection_text(unit.label, asked["reason"]), why="rejected", once=asked["key"])

    def _move_suggestion(self, subject: Subject, unit: Unit, verdict: Verdict, *, before: UnitState, after: Memory) -> None:
        account = subject.link["account_id"]
        match verdict.move:
            case Move.RAISE | Move.REFRESH if after.open is not None:
                self._ask(subject, unit, verdict, before=before, after=after)
            case Move.WITHDRAW | Move.ACCEPTED | Move.ADJUSTED | Move.REJECTED:
                state = SETTLED[verdict.move]
                if verdict.move is Move.REJECTED:
                    self._tell_rejected(subject, unit)
                suggestions.settle(self.db, self.system, account, unit.name, state=state, now=self.now)
            case _:
                pass

    def _ask(self, subject: Subject, unit: Unit, verdict: Verdict, *, before: UnitState, after: Memory) -> None:
        account, episode = subject.link["account_id"], after.episodes
        seen = subject.account or {}
        author = author_of(unit, edits_of(seen.get("edits")), seen_before=seen.get("seen_before"), seen=seen.get("seen_at", ""))
        opt_out = unit.other_office_edit is OutsideEdit.OPT_OUT_WINS and verdict.suggested == (unit.restrictive,)
        fields = change_fields(
            unit,
            before=before.base.crm if before.base else None,
            now=subject.readings(unit)[0],
            suggested=verdict.suggested or (),
            author=author,
            opt_out=opt_out,
        )
        key = key_of("suggestion", self.system, account, unit.name, episode)
        weight = 0 if opt_out else 3
        if verdict.move is Move.REFRESH:
            payload = {"object": Feed.SUGGESTION, "fields": fields}
            self._plan("suggestion.update", account, payload, key=key, weight=weight)
            return
        kind = str(fields["Kind__c"])
        self._raise(subject, unit.name, key, kind, episode, fields | {"Episode__c": episode}, weight=weight)

    def _raise(
        self, subject: Subject, unit: str, key: str, kind: str, episode: int, fields: Mapping[str, Any], *, weight: int
    ) -> None:
        link = subject.link
        names = {"system": self.system, "account_id": link["account_id"], "unit": unit}
        self.raised.append(suggestions.opened(key, names, kind=kind, episode=episode, now=self.now))
        row = {"Contact__c": link["contact_id"], "Career_Profile__c": link["profile_id"], "State__c": "Open"}
        payload = {"object": Feed.SUGGESTION, "fields": dict(fields) | row}
        write = PROPOSAL if unit == NEW_CONTACT else "suggestion.create"
        self._plan(write, link["account_id"], payload, key=key, weight=weight, changes=1)

    def propose_contact(self, subject: Subject) -> None:
        """Ask staff to create the contact of a career person whom nobody in the CRM resembles; once per person.

        Whose account got a contact by that, and has none now, is another person than then.
        """
        account = subject.link["account_id"]
        asked = suggestions.of_unit(self.db, self.system, account, NEW_CONTACT)
        if asked and asked[0]["state"] not in ("withdrawn", "accepted"):
            return
        episode = asked[0]["episode"] + 1 if asked else 1
        values: dict[str, Any] = {}
        labels: dict[str, str] = {}
        known: set[str] = set()
        for name in subject.rules.new_person.units:
            unit = subject.rules.unit(name)
            reading = subject.person.reading(unit, Side.CAREER)
            if reading is None:
                continue
            for rule, value in zip(unit.fields, reading.values, strict=True):
                labels[rule.crm] = rule.for_staff
                values[rule.crm] = rule.crm_transform.write(value)
                known |= {name, rule.name} if value is not None else set()
        if not known.issuperset(subject.rules.new_person.required):
            return
        key = key_of("new contact", self.system, account, episode)
        fields = new_contact_fields(values, labels)
        self._raise(subject, NEW_CONTACT, key, "New contact", episode, fields, weight=4)

    def write(self, subject: Subject, written: Sequence[tuple[str, str]], *, urgent: bool, profile: bool) -> None:
        """Turn what was taken up about one person into writes, one for each side; what waits for a question is another one.

        ``profile``: what the career profile says of the link itself goes, too; without, it is left to the next round.
        """
        account = subject.link["account_id"]
        weight = 0 if urgent else 4 if subject.backfill and written else 3
        career, every = self.ctx.careers.get(self.system), subject.settling["career"]
        # A file takes all changes of an account at once: what has to wait for the next one could wait for a month.
        together = career is not None and not career.capabilities.lookup and bool(subject.puts_back)
        for puts_back in (False, True):
            settling = {name: one for name, one in every.items() if (together or name in subject.puts_back) is puts_back}
            sent = {path: value for one in settling.values() for path, value in one["sent"].items()}
            if sent:
                payload = {"version": (subject.account or {}).get("version", ""), "fields": sent}
                counted = {"weight": weight, "blanks": _emptied(sent, subject.person.career), "puts_back": puts_back}
                self._plan_fields("career.update", account, payload, settling, **counted)
        fields = subject.profile_fields
        if subject.link["profile_id"] is not None:
            fields = (_profile_changes(subject) if profile else {}) | fields
            if fields:
                payload = {"object": Feed.PROFILE, "id": subject.link["profile_id"], "fields": fields}
                blanks = _emptied({PROFILE + name: value for name, value in fields.items()}, subject.person.crm)
                self._plan_fields("profile.update", account, payload, subject.settling["crm"], weight=weight, blanks=blanks)
        elif subject.link["state"] == "linked" and (profile or fields):
            key = key_of("profile", self.system, account)
            payload = {"object": Feed.PROFILE, "fields": self._profile_head(subject) | fields}
            self._plan_fields("profile.create", account, payload, subject.settling["crm"], weight=weight, key=key)

    def _profile_head(self, subject: Subject) -> dict[str, Any]:
        link = subject.link
        return {
            "Contact__c": link["contact_id"],
            "System__c": self.system,
            "Account_Id__c": link["account_id"],
            "Link_State__c": "Linked",
            "Link_Basis__c": (link["basis"] or "")[:40],
            "Primary__c": subject.counts,
        }

    def _plan_fields(
        self,
        kind: str,
        account: str,
        payload: Mapping[str, Any],
        settling: Mapping[str, Any],
        **more: Any,  # noqa: ANN401 - passed on by name
    ) -> None:
        fields = payload["fields"]
        self._plan(kind, account, payload, settle_with={"units": settling}, changes=len(fields), **more)

    def _plan(self, kind: str, target: str, payload: Mapping[str, Any], **more: Any) -> None:  # noqa: ANN401 - passed on by name
        self.rows.append(
            intents.row(
                plan_id=self.plan_id,
                kind=kind,
                system=self.system,
                target=target,
                payload=payload,
                now=self.now,
                rules_hash=self.ctx.rules_hash,
                **more,
            )
        )

    def store(self) -> None:
        """Put everything on the shelf."""
        suggestions.put(self.db, self.raised)
        intents.plan_writes(self.db, self.rows)


def _profile_changes(subject: Subject) -> dict[str, Any]:
    """Columns of the career profile itself that no longer tell the truth about the link."""
    known = unpack(subject.profile["fields"]) if subject.profile else {}
    link = subject.link
    wanted: dict[str, Any] = {
        "Link_State__c": "Linked" if link["state"] == "linked" else "Ended",
        "Primary__c": subject.counts,
    }
    # Merges are followed by Salesforce itself; where the contact was deleted, it has left the profile without one.
    if link["basis"] == DECIDED or (link["state"] == "linked" and (subject.astray or not known.get("Contact__c"))):
        wanted["Contact__c"] = link["contact_id"]
    return {name: value for name, value in wanted.items() if name in known and known[name] != value}


_EMPTY: tuple[Any, ...] = (None, "", [])


def _emptied(fields: Mapping[str, Any], held: Mapping[str, Any]) -> int:
    """How many values would become empty that are not."""
    return sum(value in _EMPTY and pick(held, name)[1] not in _EMPTY for name, value in fields.items())


def _pack(reading: Reading | None) -> list[Any] | None:
    return None if reading is None else [reading.values, reading.natives]


def edits_of(packed: str | None) -> list[Edit]:
    """Who edited what in an account, as its observation keeps it."""
    rows = unpack(packed) if packed else []
    return [Edit(fields=tuple(fields), by=by, kind=kind, at=at) for fields, by, kind, at in rows]
