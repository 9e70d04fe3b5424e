"""Steps of a scenario: what people do in a world, and how time passes. Their texts can be pasted into a script.

A step names people, words and records by number, and looks up what it is about when it is its turn: a step about something
that is not there (any more) does nothing. So any step can be left out, and the others still mean the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from emulator.salesforce.errors import SalesforceError
from tests.simulation import flavours, words
from tests.simulation.world import World, add_account, add_contact

if TYPE_CHECKING:
    from tests.simulation.run import Run


class Step(Protocol):
    """One thing that happens; about a field that the platform lacks, nothing does."""

    def perform(self, run: Run) -> None:
        """Let it happen."""


def tolerant(act: Callable[[], object]) -> bool:
    """People meet refusals, too, and go on; whether it was done."""
    try:
        act()
    except SalesforceError:
        return False
    return True


# --- time -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pass:
    """Time passes; daemons work when they are due, and dead ones are started again."""

    seconds: float

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        run.pass_time(self.seconds)


@dataclass(frozen=True)
class At:
    """A step happens in the midst of the daemon's work: at the crossing that is so many away.

    Whoever changes the state waits until no transaction of a daemon holds it.
    """

    after: int
    step: Step

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        boundary = run.world.boundary

        def act() -> None:
            if "commit" in boundary.crossing and getattr(self.step, "waits_for_state", False):
                boundary.book(1, act)
            else:
                run.moved.append(boundary.number)
                self.step.perform(run)

        boundary.book(self.after, act)


@dataclass(frozen=True)
class When:
    """A step happens in the midst of the daemon's work: when the next request that holds a text is on its way.

    ``kind``: ``crm>`` or ``careers>``, with the text in line or body; or, when the service has acted, ``crm<`` or ``careers<``,
    with the text in the line.
    """

    kind: str
    part: str
    step: Step

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        run.world.boundary.await_(self.kind, self.part.encode(), lambda: self.step.perform(run))


# --- contacts and accounts ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class EditContact:
    """An officer changes a field of a contact. ``choice`` None empties it; ``form`` is how they type it.

    ``late`` is after how many seconds their transaction commits; until then nobody else can change the record.
    """

    person: int
    field: str
    choice: int | None
    form: int = 0
    late: float = 0.0

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        known, person, late = run.world.contact_fields.get(self.field), self.person, self.late
        if known is None:
            return
        word = words.EMPTY if self.choice is None else words.word(self.field, person, self.choice)
        value = word.crm[self.form % len(word.crm)]
        if value is None and self.field in words.FLAGS:
            return

        def act(world: World) -> None:
            contact = world.contacts.get(person)
            if contact is None or world.org.live(contact) is None or world.locked(contact):
                return
            enter(world, contact, {known.crm: value}, late=late)

        run.world.do(repr(self), act)


def enter(world: World, contact: str, values: Mapping[str, Any], *, late: float = 0.0) -> None:
    """An officer enters values about a contact, each where it stands; ``late``: see ``EditContact``."""
    edits: dict[str, dict[str, Any]] = {}
    for path, value in values.items():
        if (found := flavours.place(world.crm, world.officer, contact, path, value)) is not None:
            edits.setdefault(found[0], {}).update(found[1])
    for record, entered in edits.items():
        if world.locked(record):
            continue
        if late:
            for held in {record, *flavours.written_along(world.org, contact)}:
                world.lock(held, late)
            tolerant(partial(world.crm.late_edit_as, world.officer, record, entered, seconds=late))
        else:
            tolerant(partial(world.crm.edit_as, world.officer, record, entered))


@dataclass(frozen=True)
class EditContacts:
    """An officer loads a file: a field of everybody's contact changes at once."""

    field: str
    choice: int | None

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        for person in range(run.world.spec.people):
            EditContact(person, self.field, self.choice).perform(run)


@dataclass(frozen=True)
class TouchContact:
    """A roll-up moves a contact's stamp and nothing else."""

    person: int

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        contact = run.world.contacts.get(self.person)
        if contact is not None and run.world.org.live(contact) is not None and not run.world.locked(contact):
            run.world.crm.touch([contact])


@dataclass(frozen=True)
class EditAccount:
    """A counsellor, or the alumna herself (``own``), changes a field of an account."""

    person: int
    field: str
    choice: int | None
    form: int = 0
    own: bool = False

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        known, person = run.world.fields.get(self.field), self.person
        if known is None:
            return
        word = words.EMPTY if self.choice is None else words.word(self.field, person, self.choice)
        value = word.career[self.form % len(word.career)]
        own = self.own and self.field not in {"interests", "industries"}

        def act(world: World) -> None:
            account = world.accounts.get(person)
            if account is not None and world.careers.values(account) is not None:
                world.careers.edit(account, {known.career: value}, own=own)

        run.world.do(repr(self), act)


@dataclass(frozen=True)
class EditProfile:
    """An administrator changes one of careers' own fields on a career profile, which nobody else may."""

    person: int
    field: str
    choice: int

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        known, world = run.world.fields.get(self.field), run.world
        profile = world.profile(self.person)
        if known is not None and known.on_profile and profile is not None:
            value = words.word(self.field, self.person, self.choice).crm[0]
            tolerant(lambda: world.crm.edit_as(world.officer, profile["Id"], {known.crm: value}))


@dataclass(frozen=True)
class Arrive:
    """A person appears: on both sides, or in one of them (``crm``, ``career``)."""

    person: int
    where: str = "both"

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        person, where = self.person, self.where

        def act(world: World) -> None:
            if where != "career" and person not in world.contacts:
                add_contact(world, person)
            if where != "crm" and person not in world.accounts:
                add_account(world, person, seen=True)

        run.world.do(repr(self), act)


@dataclass(frozen=True)
class Duplicate:
    """An officer makes a second contact for somebody, as people do who do not search first."""

    person: int

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        person = self.person

        def act(world: World) -> None:
            if person not in world.contacts or person in world.doubles:
                return
            known = {name: world.contact_fields.get(name) for name in ("first_name", "last_name", "title")}
            values = {each.crm: words.word(name, person, 0).crm[0] for name, each in known.items() if each is not None}
            world.doubles[person] = world.crm.create_as(world.officer, "Contact", values)

        run.world.do(repr(self), act)


@dataclass(frozen=True)
class Merge:
    """An officer merges a person's two contacts; ``into_double`` keeps the younger one.

    ``numbered``: where that is the poorer record, they take over the number that identifies the person.
    """

    person: int
    into_double: bool = False
    numbered: bool = True

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        person, into_double, numbered = self.person, self.into_double, self.numbered

        def act(world: World) -> None:
            old, double = world.contacts.get(person), world.doubles.get(person)
            if old is None or double is None or world.locked(old):
                return
            winner, loser = (double, old) if into_double else (old, double)
            values = {"University_ID__c": words.institution_id(person)} if numbered else {}
            if tolerant(lambda: world.crm.merge_as(world.officer, winner, [loser], values)):
                world.contacts[person] = winner
                del world.doubles[person]

        run.world.do(repr(self), act)


@dataclass(frozen=True)
class DeleteContact:
    """An officer deletes a contact."""

    person: int

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        person = self.person

        def act(world: World) -> None:
            contact = world.contacts.get(person)
            if contact is not None and not world.locked(contact):
                tolerant(lambda: world.crm.delete_as(world.officer, contact))

        run.world.do(repr(self), act)


@dataclass(frozen=True)
class UndeleteContact:
    """An officer takes a contact out of the recycle bin."""

    person: int

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        person = self.person

        def act(world: World) -> None:
            contact = world.contacts.get(person)
            if contact is not None:
                tolerant(lambda: world.crm.undelete_as(world.officer, contact))

        run.world.do(repr(self), act)


@dataclass(frozen=True)
class DeleteAccount:
    """A counsellor deletes an account."""

    person: int

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        person = self.person

        def act(world: World) -> None:
            if person in world.accounts and world.platform.deletes:
                world.careers.delete(world.accounts[person])

        run.world.do(repr(self), act)


# --- requests and Tasks ---------------------------------------------------------------------------------------------

MENU: tuple[Mapping[str, Any], ...] = (
    {"type": "MENTOR_FLASH", "title": "Talk with a student of Zyx"},
    {"type": "RESUME_REVIEW", "title": "Documents for Zyx", "named": True},
    {"type": "coffee chat", "title": "Coffee with Zyx"},
    {"type": "REC_LETTER", "title": "A letter for Zyx"},
    {"type": "PANEL_SPEAKER", "title": "Panel in Zyxton", "person_id": None, "criteria": {"school": "Physics"}},
    {"type": "BOARD_SEAT", "title": "A seat for Zyx"},
    {"type": "MENTR_FLSH", "title": "Nobody knows this type"},
    {"type": "WELFARE", "title": "Confidential zyx matter", "text": "A confidential zyx text"},
    {"type": "MOCK_INTERVIEW", "title": "Practise with Zyx"},
    {"type": "OFFER_HELP", "title": "Zyx offers an hour"},
    {"type": "PREFERENCE", "title": "No more letters to Zyx"},
    {"type": "SHADOW_VISIT", "title": "A day at the works of Zyx"},
    {"type": "MENTOR_FLASH", "title": "Whoever this Zyx is", "person_id": None, "person_hint": {"name": "Zyx from Zyxton"}},
)
"""What careers ask for. Two of them are not understood, or confidential (``variants.NEVER_WORKED``)."""
USUALLY = 8
"""So many of them, the first ones, are asked for at any time; the others in courses."""
OF_SOMEBODY = 12
"""The last of them is about somebody whom careers have no account of."""


@dataclass(frozen=True)
class File:
    """A counsellor files a request about a person, off ``MENU``."""

    person: int
    item: int = 0

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        world, asked = run.world, MENU[self.item]
        known = {"text": "Would you? Zyx", "requested_by": {"name": "Pat Zyx", "email": "pat@careers.example.edu"}}
        values = {"person_id": world.accounts.get(self.person), "named": False, **known, **asked}
        if values["person_id"] or values.keys() & {"criteria", "person_hint"}:
            world.requests.append((world.careers.file(values), self.item))


@dataclass(frozen=True)
class Change:
    """A counsellor changes a request (by its number in order of filing), or withdraws it (``title`` is empty)."""

    number: int
    title: str = ""

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        world = run.world
        if world.requests:
            id, _ = world.requests[self.number % len(world.requests)]
            _ = world.careers.change(id, {"title": self.title}) if self.title else world.careers.withdraw(id)


@dataclass(frozen=True)
class Retype:
    """A counsellor corrects the type of a request (by its number in order of filing)."""

    number: int
    type: str

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        world = run.world
        if world.requests:
            id, _ = world.requests[self.number % len(world.requests)]
            asked = world.careers.system.requests.by_id[id].data()
            if asked.get("person_id") or asked.get("person_hint"):
                # What is about nobody can be no letter: it would be refused, rightly, whatever its type says.
                world.types.setdefault(id, []).append(asked["type"])
                world.careers.change(id, {"type": self.type})


@dataclass(frozen=True)
class Leave:
    """An officer leaves, and an administrator of Salesforce freezes their user; or is there again (``back``)."""

    officer: str
    back: bool = False

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        world, user = run.world, run.world.officers[self.officer]
        tolerant(lambda: world.crm.edit_as(world.officer, user, {"IsActive": self.back}))
        world.left.add(user)


@dataclass(frozen=True)
class Work:
    """An officer works a Task, by its number: ``begin``, ``wait``, ``complete``, ``decline``, ``retitle``, ``delete``."""

    number: int
    how: str

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        world = run.world
        tasks = sorted(world.tasks(), key=lambda row: row["Id"])
        if not tasks:
            return
        task = tasks[self.number % len(tasks)]
        outcome = {"complete": "Fulfilled", "decline": "Declined"}.get(self.how)
        if outcome is not None and task.get("WhatId"):
            tolerant(lambda: world.crm.edit_as(world.officer, task["WhatId"], {"Outcome__c": outcome}))
        if self.how == "delete":
            tolerant(lambda: world.crm.delete_as(world.officer, task["Id"]))
            return
        values = _TASK_VALUES[self.how] | ({"OwnerId": world.officer} if self.how == "retitle" else {})
        if tolerant(lambda: world.crm.edit_as(world.officer, task["Id"], values)):
            world.task_edits.setdefault(task["Id"], {}).update(values)
            world.worked.add(task.get("WhatId", ""))


@dataclass(frozen=True)
class Log:
    """An officer logs on a request (by its number in order of its record) what they did about it, or will do."""

    number: int
    status: str = "Completed"

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        world = run.world
        records = sorted(row["Id"] for row in world.rows("Career_Request__c"))
        if not records:
            return
        entered = {"Subject": "A call about Zyx", "Status": self.status, "WhatId": records[self.number % len(records)]}

        def log() -> None:
            world.logged[world.crm.create_as(world.officer, "Task", entered)] = entered

        tolerant(log)


@dataclass(frozen=True)
class Name:
    """An officer finds out whom a Task that is about nobody (by its number) concerns, and names the contact on it."""

    number: int
    person: int

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        world, contact = run.world, run.world.contacts.get(self.person)
        tasks = sorted((row["Id"], row.get("WhatId", "")) for row in world.tasks() if not row.get("WhoId"))
        if not tasks or contact is None or world.org.live(contact) is None:
            return
        task, record = tasks[self.number % len(tasks)]
        if tolerant(lambda: world.crm.edit_as(world.officer, task, {"WhoId": contact})):
            world.named.setdefault(record, set()).add(contact)


_TASK_VALUES: Mapping[str, dict[str, Any]] = {
    "begin": {"Status": "In Progress"},
    "wait": {"Status": "Waiting on someone else"},
    "complete": {"Status": "Completed"},
    "decline": {"Status": "Completed"},
    "retitle": {"Subject": "An officer's own words", "Priority": "Low"},
}
