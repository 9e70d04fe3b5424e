"""What the scripted people do on the working day, each through the API of their system and with their own login."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from demo.asks import Ask, Desk
from demo.audit import Link
from demo.cast import Cast, Role, Suits, having, is_deceased, is_open
from demo.dice import Dice
from demo.stage import Stage
from demo.world import phone


@dataclass(slots=True, kw_only=True)
class Day:
    """One working day. ``seen`` collects a line for each thing that somebody did; ``missing`` what this data did not allow."""

    stage: Stage
    cast: Cast
    desk: Desk
    dice: Dice = field(default_factory=lambda: Dice("a working day"))
    seen: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    played: dict[str, Role] = field(default_factory=dict)

    # --- morning --------------------------------------------------------------------------------------------------

    def edit_contacts(self) -> None:
        """The alumni officer keeps three contacts up to date."""
        moved = {"MailingStreet": "12 Harbour Walk", "MailingCity": "Ithaca", "MailingState": "NY"}
        moved |= {"MailingPostalCode": "14850", "MailingCountry": "United States"}
        for name, values, suits in (
            ("moved house", moved, is_open),
            ("has a new work e-mail", {"Work_Email__c": "new.desk@harbour.example.com"}, is_open),
            ("was promoted", {"Title": "Vice President"}, having("Title")),
        ):
            role = self._play(name, suits, is_open)
            if role is not None:
                self.stage.flavour.edit(self.stage.officer, role.contact, values)
                self.seen.append(f"the officer notes in Salesforce that an alumnus {name}")

    def edit_accounts(self) -> None:
        """The counsellor changes what Alumni Relations own: it will come back as suggestions."""
        new_mobile = phone(self.dice, "US")
        edits: Sequence[tuple[str, Mapping[str, object], Suits]] = (
            ("phone", {"phone_mobile": new_mobile}, having("MobilePhone")),
            ("employer", {"employer": "Harbour Analytics", "title": "Head of Data"}, is_open),
            ("preferred name", {"preferred_name": "Ace"}, is_open),
            ("personal e-mail", {"email_personal": "fresh.start@example.org"}, having("Personal_Email__c")),
            ("address", {"address.street": "1 Mistaken Road"}, having("MailingStreet")),
        )
        for name, fields, suits in edits:
            role = self._play(name, suits, is_open) if self.stage.platform.holds(fields) else None
            if role is not None:
                self.stage.counsellor.edit(role.account, fields)
                self.seen.append(f"the counsellor changes an alumnus' {name} in the career system")

    def let_alumni_act(self) -> None:
        """Three alumni log in to the career system: one corrects her name, one wants no mentoring, one nothing at all.

        What the system has no place for they tell Alumni Relations.
        """
        acts: Sequence[tuple[str, Mapping[str, object], Mapping[str, object], str]] = (
            ("own name", {"last_name": "Hartwell-Moss"}, {}, "an alumna corrects her own surname"),
            ("no mentoring", {"consents.mentoring": False}, {"Consent_Mentoring__c": "No"}, "an alumnus opts out of mentoring"),
            ("no contact", {"do_not_contact": True}, {"Do_Not_Contact__c": True}, "an alumna opts out of everything"),
        )
        for name, fields, on_contact, text in acts:
            role = self._play(name, is_open)
            if role is None:
                continue
            if self.stage.platform.holds(fields):
                self.stage.alumna(role.account).edit(role.account, fields)
                self.seen.append(f"{text} in the career system")
            else:
                self.stage.flavour.edit(self.stage.officer, role.contact, on_contact)
                self.seen.append(f"{text}, which the officer notes in Salesforce")

    def record_death(self) -> None:
        """Somebody has died: known already, or noted this morning."""
        role = self.cast.find(is_deceased)
        if role is None:
            role = self.cast.find(is_open)
            if role is None:
                self.missing.append("nobody could be recorded as deceased")
                return
            self.stage.flavour.edit(self.stage.officer, role.contact, {"Deceased__c": True})
            self.seen.append("the officer records in Salesforce that an alumnus has died")
        self.played["deceased"] = role

    def merge_contacts(self, links: Iterable[Link]) -> None:
        """The officer merges two doubles; where one of the two is linked, it is the one that goes."""
        pair = self._doubles({link.contact for link in links if link.state == "linked" and link.contact})
        reviews = self._open_reviews("Duplicate contacts")
        if reviews:
            first, second = reviews[0]["Candidate_1__c"], reviews[0]["Candidate_2__c"]
            self._merge(first, second, "the officer merges two contacts that an identity review named")
        if pair is not None:
            linked, other = pair
            self._merge(other, linked, "the officer merges two contacts, of which the linked one goes")
        if not reviews and pair is None:
            self.missing.append("this data has no two contacts of one person to merge")

    def _merge(self, master: str, loser: str, text: str) -> None:
        # People merge in Salesforce's user interface; the REST API has no such call.
        user = self.stage.user_ids[self.stage.officer.username]
        self.stage.org.do("merge_as", user_id=user, master=master, losers=[loser])
        self.seen.append(text)

    def _doubles(self, linked: set[str]) -> tuple[str, str] | None:
        """A linked contact and another one of the same person: by the truth, else by both names."""
        ids = self.stage.ids
        for contacts in (self.stage.people.truth or {}).values():
            known = [ids[one] for one in sorted(contacts) if one in ids]
            if len(known) > 1 and known[0] in linked and not linked.intersection(known[1:]):
                return known[0], known[1]
        return None

    # --- the requests ---------------------------------------------------------------------------------------------

    def file_requests(self) -> None:
        """The counsellor and some alumni file requests of many kinds."""
        cast = self.cast.find
        self.desk.asks.append(
            Ask(label="made before the bridge began", fields={}, expected="received", id=self.stage.early_request)
        )
        panel = {"type": "PANEL_SPEAKER", "title": "Panel on energy", "criteria": {"school": "Law", "class": "2010 and later"}}
        self.desk.file(Ask(label="panel, by criteria", fields={**panel, "count": 3}, expected="offered", noon=("offer",)))
        self.desk.file(
            Ask(
                label="misspelt type",
                fields={"type": "MOK_INTERVEW", "title": "Mock interviews", "criteria": {"school": "Law"}},
                expected="refused",
            )
        )
        hint = {"type": "JOB_POSTING", "title": "Junior analyst", "person_hint": {"name": "A. Nobody", "class_year": 1999}}
        self.desk.file(
            Ask(
                label="job, person unknown",
                fields=hint,
                expected="not available",
                noon=("begin",),
                afternoon=("complete:No response",),
            )
        )
        for ask in (*self._asks_of_alumni(cast(is_open) for _ in range(8)), *self._stopped_asks()):
            self.desk.file(ask)
        self._file_by_alumni()

    def _asks_of_alumni(self, roles: Iterable[Role | None]) -> list[Ask]:
        parts: Sequence[tuple[str, dict[str, object], str, tuple[str, ...], tuple[str, ...]]] = (
            ("mentor ask, named", _ask("MENTOR_FLASH", named=True), "done", ("clear", "begin"), ("complete:Accepted",)),
            ("mock interview", _ask("Mock Interview"), "done", ("begin",), ("complete:Fulfilled",)),
            ("internship, withdrawn", _ask("INTERNSHIP_HOST"), "withdrawn", ("begin", "withdraw"), ()),
            ("document review, Task deleted", _ask("RESUME_REVIEW"), "waiting", ("begin",), ("delete",)),
            ("board seat, not cleared", _ask("BOARD_SEAT", named=True), "not available", ("decline",), ("complete",)),
            ("site visit, waiting", _ask("SHADOW_VISIT"), "waiting", ("wait",), ()),
            ("workshop, declined", _ask("WORKSHOP_TEACH"), "not available", ("begin",), ("complete:Declined",)),
        )
        found = []
        for (label, fields, expected, noon, afternoon), role in zip(parts, roles, strict=False):
            if role is None:
                self.missing.append(f"nobody for: {label}")
                continue
            self.played[label] = role
            whole = {**fields, "person_id": role.account}
            found.append(Ask(label=label, fields=whole, expected=expected, noon=noon, afternoon=afternoon))
        return found

    def _stopped_asks(self) -> list[Ask]:
        parts = (
            ("mentor ask, opted out", "MENTOR_PROGRAM", "no mentoring"),
            ("talk, opted out of everything", "PANEL_SPEAKER", "no contact"),
            ("job fair, deceased", "FAIR_HELP", "deceased"),
        )
        return [
            Ask(
                label=label,
                fields={**_ask(kind), "person_id": self.played[part].account},
                expected="not available",
            )
            for label, kind, part in parts
            if part in self.played
        ]

    def _file_by_alumni(self) -> None:
        parts: Sequence[tuple[str, dict[str, object], str, tuple[str, ...], tuple[str, ...]]] = (
            ("letter, closed without outcome", _ask("REC_LETTER"), "in progress", ("begin",), ("complete",)),
            ("stop the newsletters", _ask("PREFERENCE"), "done", ("begin",), ("complete:Fulfilled",)),
            ("welfare, confidential", _ask("WELFARE"), "refused", (), ()),
        )
        for label, fields, expected, noon, afternoon in parts:
            role = self._play(label, is_open)
            if role is not None:
                by = self.stage.alumna(role.account)
                whole = {**fields, "named": False, "person_id": role.account}
                self.desk.file(Ask(label=label, fields=whole, expected=expected, noon=noon, afternoon=afternoon, filed_by=by))

    def ask_again(self) -> None:
        """At noon the counsellor has forgotten that the mock interview is on its way already: it goes as the first goes."""
        role = self.played.get("mock interview")
        if role is not None:
            fields = {**_ask("MOCK_INTERVIEW"), "person_id": role.account}
            self.desk.file(Ask(label="mock interview, asked twice", fields=fields, expected="done"))

    # --- noon: decisions ------------------------------------------------------------------------------------------

    def decide_suggestions(self) -> None:
        """The officer goes through the suggestions: accepts, adjusts, rejects. Those nobody gets to stay open."""
        for part, unit in (("phone", "phone_mobile"), ("personal e-mail", "emails"), ("own name", "legal_name")):
            self._accept(part, unit)
        self._accept("employer", "employment", instead={"Title": "Chief Data Officer"})
        if self.stage.platform.holds(["do_not_contact"]):
            self._accept("no contact", "do_not_contact")
        self._reject("preferred name", "preferred_name")
        adopted = self.stage.officer.query(
            "SELECT Id, Contact__c, Suggested_Values__c, Suggested__c FROM Suggested_Change__c "  # noqa: S608 - our own names
            f"WHERE State__c = 'Open' AND Group__c = '{self.stage.platform.suggested[0]}' "
            "AND Decision__c = null ORDER BY Id LIMIT 8"
        )
        for at, row in enumerate(adopted):
            self._decide(row, accept=at % 2 == 0)
        self.seen.append(f"the officer decides {len(adopted)} suggestions from the first differences")

    def _find(self, part: str, unit: str) -> dict[str, Any] | None:
        role = self.played.get(part)
        if role is None:
            return None
        unit = self.stage.platform.unit(unit)
        found = self.stage.officer.query(
            "SELECT Id, Contact__c, Suggested_Values__c, Urgent__c, Who__c, By_The_Person__c FROM Suggested_Change__c "  # noqa: S608 - ids
            f"WHERE State__c = 'Open' AND Group__c = '{unit}' AND Contact__c = '{role.contact}'"
        )
        if not found:
            self.missing.append(f"no suggestion came about: {part}")
            return None
        return found[0]

    def _accept(self, part: str, unit: str, *, instead: Mapping[str, object] | None = None) -> None:
        row = self._find(part, unit)
        if row is not None:
            self._decide(row, accept=True, instead=instead)
            urgent = " (urgent)" if row["Urgent__c"] else ""
            by = f" by {row['Who__c']}" if row["Who__c"] else ""
            how = "accepts with changes" if instead else "accepts"
            self.seen.append(f"the officer {how} the suggestion{urgent}{by}: {part}")

    def _reject(self, part: str, unit: str) -> None:
        row = self._find(part, unit)
        if row is not None:
            self._decide(row, accept=False)
            self.seen.append(f"the officer rejects the suggestion as not verified: {part}")

    def _decide(self, row: Mapping[str, Any], *, accept: bool, instead: Mapping[str, object] | None = None) -> None:
        officer = self.stage.officer
        if accept:
            suggested = orjson.loads(row["Suggested_Values__c"])
            self.stage.flavour.edit(officer, row["Contact__c"], suggested | dict(instead or {}))
            officer.edit("Suggested_Change__c", row["Id"], {"Decision__c": "Accept"})
        else:
            officer.edit("Suggested_Change__c", row["Id"], {"Decision__c": "Reject", "Reason__c": "Not verified"})

    def take_back(self) -> None:
        """The counsellor sees that the address was a mistake and puts the old one back."""
        role = self.played.get("address")
        if role is not None:
            self.stage.counsellor.edit(role.account, {"address.street": role.crm.get("MailingStreet")})
            self.seen.append("the counsellor takes a mistaken address back")

    def decide_people(self) -> None:
        """The steward decides an identity review, and creates one of the contacts that are proposed."""
        reviews = [row for row in self._open_reviews() if row["Kind__c"] != "Duplicate contacts" and row["Candidate_1__c"]]
        for row in reviews[:2]:
            decision = self._right_candidate(row)
            self.stage.steward.edit("Identity_Review__c", row["Id"], {"Decision__c": decision})
            self.seen.append(f"the steward decides an identity review ({row['Kind__c'].lower()}): {decision.lower()}")
        if not reviews:
            self.missing.append("no identity review to decide")
        proposed = self.stage.steward.query(
            "SELECT Id, Suggested_Values__c FROM Suggested_Change__c "
            "WHERE State__c = 'Open' AND Kind__c = 'New contact' ORDER BY Id LIMIT 2"
        )
        for at, row in enumerate(proposed):
            if at == 0:
                values = {name: value for name, value in orjson.loads(row["Suggested_Values__c"]).items() if value is not None}
                contact = self.stage.flavour.create(self.stage.steward, values)
                self.stage.steward.edit("Suggested_Change__c", row["Id"], {"Contact__c": contact, "Decision__c": "Accept"})
                self.seen.append("the steward creates a proposed contact and accepts the suggestion")
            else:
                rejected = {"Decision__c": "Reject", "Reason__c": "Policy"}
                self.stage.steward.edit("Suggested_Change__c", row["Id"], rejected)
                self.seen.append("the steward rejects a proposed contact")

    def _open_reviews(self, kind: str = "") -> list[dict[str, Any]]:
        names = ", ".join(f"Candidate_{number}__c" for number in (1, 2, 3))
        query = f"SELECT Id, Kind__c, Account_Id__c, {names} FROM Identity_Review__c WHERE State__c = 'Open' ORDER BY Id"  # noqa: S608 - our names
        return [row for row in self.stage.steward.query(query) if kind in ("", row["Kind__c"])]

    def _right_candidate(self, row: Mapping[str, Any]) -> str:
        """The steward knows the people: the truth where there is one, else the likeliest."""
        truth = self.stage.people.truth
        if truth is None:
            return "Candidate 1"
        right = {self.stage.ids.get(one) for one in truth.get(row["Account_Id__c"], frozenset())}
        known = [n for n in (1, 2, 3) if row[f"Candidate_{n}__c"] and row[f"Candidate_{n}__c"] in right]
        return f"Candidate {known[0]}" if known else "Nobody"

    def _play(self, part: str, *suits: Suits) -> Role | None:
        """Give a part to somebody who suits it best: the first wish that this data can fulfil."""
        role = next((found for wish in suits if (found := self.cast.find(wish))), None)
        if role is None:
            self.missing.append(f"nobody suits the part: {part}")
        else:
            self.played[part] = role
        return role


def _ask(kind: str, *, named: bool = False) -> dict[str, object]:
    text = "Dear alumna, dear alumnus, would you help our students?"
    return {"type": kind, "title": f"{kind.replace('_', ' ').capitalize()} this autumn", "text": text, "named": named}
