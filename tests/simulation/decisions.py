"""Steps in which staff decide suggestions and identity reviews, and in which careers do not accept that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from tests.simulation import words
from tests.simulation.steps import EditAccount, enter, tolerant
from tests.simulation.world import World, add_contact

if TYPE_CHECKING:
    from tests.simulation.run import Run


@dataclass(frozen=True)
class Decide:
    """Staff decide a suggestion that waits, by its number in order of age.

    ``how``: ``accept`` (enter it, then press), ``enter`` (do not press), ``press`` (do not enter), ``adjust`` (enter something
    else), ``reject``. Of a new contact, ``accept`` makes the contact.
    """

    number: int
    how: str
    choice: int = 0

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        world = run.world
        waiting = sorted(
            (row for row in world.rows("Suggested_Change__c") if row["State__c"] == "Open"), key=lambda row: row["Id"]
        )
        if not waiting:
            return
        row = waiting[self.number % len(waiting)]
        if row["Kind__c"] == "New contact":
            self._decide_newcomer(world, row)
            return
        if self.how in {"accept", "enter", "adjust"}:
            _enter(world, row.get("Contact__c"), self._values(world, row))
        if self.how in {"accept", "press", "reject"}:
            pressed = {"Decision__c": "Reject", "Reason__c": "Incorrect"} if self.how == "reject" else {"Decision__c": "Accept"}
            if tolerant(lambda: world.crm.edit_as(world.officer, row["Id"], pressed)):
                world.decisions.append((world.time.seconds, row["Id"], self.how))

    def _values(self, world: World, row: Mapping[str, Any]) -> dict[str, Any]:
        suggested: dict[str, Any] = orjson.loads(row.get("Suggested_Values__c") or "{}")
        if self.how != "adjust":
            return suggested
        names = {field.crm: name for name, field in world.fields.items() if not field.on_profile}
        person = world.person_of(row.get("Contact__c", ""))
        return {crm: words.word(names[crm], person, self.choice).crm[0] for crm in suggested}

    def _decide_newcomer(self, world: World, row: Mapping[str, Any]) -> None:
        profile = orjson.loads(row.get("Suggested_Values__c") or "{}")
        person = world.newcomer(profile)
        if self.how == "reject":
            pressed: dict[str, Any] = {"Decision__c": "Reject", "Reason__c": "Not verified"}
        elif self.how == "accept" and person is not None:
            world.do(repr(self), lambda there: person in there.contacts or add_contact(there, person))
            pressed = {"Decision__c": "Accept", "Contact__c": world.contacts[person]}
        else:
            return
        tolerant(lambda: world.crm.edit_as(world.officer, row["Id"], pressed))


@dataclass(frozen=True)
class Insist:
    """A counsellor enters once more what staff have rejected, by the rejected suggestion's number in order of age."""

    number: int

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        world = run.world
        rejected = sorted(
            (
                row
                for row in world.rows("Suggested_Change__c")
                if row["State__c"] == "Rejected" and row["Kind__c"] != "New contact"
            ),
            key=lambda row: row["Id"],
        )
        if not rejected:
            return
        row = rejected[self.number % len(rejected)]
        person = world.person_of(row.get("Contact__c", ""))
        for crm, value in orjson.loads(row.get("Suggested_Values__c") or "{}").items():
            name = next(each.name for each in world.fields.values() if each.crm == crm and not each.on_profile)
            meant = words.token(name, "crm", value)
            choice = next((one for one in range(words.CHOICES) if words.word(name, person, one).token == meant), None)
            EditAccount(person, name, choice).perform(run)


def _enter(world: World, contact: str | None, values: Mapping[str, Any]) -> None:
    """An officer enters values on a contact."""
    if contact is None or world.locked(contact):
        return

    def act(there: World) -> None:
        if there.org.live(contact) is not None:
            enter(there, contact, values)

    world.do(f"enter {sorted(values)}", act)


@dataclass(frozen=True)
class Review:
    """Staff decide an identity review that waits, by its number: a candidate (1 to 3), or a word."""

    number: int
    decision: str = "Candidate 1"

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        world = run.world
        waiting = sorted(
            (row for row in world.rows("Identity_Review__c") if row["State__c"] == "Open"), key=lambda row: row["Id"]
        )
        if waiting:
            row = waiting[self.number % len(waiting)]
            tolerant(lambda: world.crm.edit_as(world.officer, row["Id"], {"Decision__c": self.decision}))
