"""Steps that scripts need beside those of the simulation: the bridge works till it rests, and people's rarer deeds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from emulator.career.errors import invalid
from tests.simulation import words
from tests.simulation.oracle.evidence import Breach, state_rows
from tests.simulation.steps import tolerant
from tests.simulation.world import World, add_account, add_contact

if TYPE_CHECKING:
    from tests.simulation.run import Run

PATIENCE = 12
"""Cycles within which the bridge comes to rest between two deeds."""
_MOVING = {"ready", "sent", "unknown"}


@dataclass(frozen=True)
class Settle:
    """The bridge works until it has nothing left to do; where it dies it is started again.

    What is held or refused rests; so does a daemon that a person has to help before it can be started.
    """

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        if not any(self._rests(run) for _ in range(PATIENCE)):
            run.breaches.append(Breach("liveness", f"no rest within {PATIENCE} cycles"))

    def _rests(self, run: Run) -> bool:
        if run.process is None and not run.restarts:
            return True
        calls, process, before = run.world.calls, run.process, len(run.world.calls)
        run.pass_time(run.world.spec.cycle)
        wrote = any(call.writes and b"Bridge_Status__c" not in call.request.body for call in calls[before:])
        waits = any(row["state"] in _MOVING for row in state_rows(run.host.state, "intent"))
        waits = waits or (run.world.office is not None and run.world.office.waits())
        return process is not None and process is run.process and not (wrote or waits)


@dataclass(frozen=True)
class Restart:
    """The administrator restarts the service."""

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        run.stop()
        run.start(run.host)


@dataclass(frozen=True)
class Mend:
    """Whatever was ordered to fail fails no more."""

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        run.host.crm_wire.orders.clear()
        run.host.career_wire.orders.clear()
        run.world.crm.clear_faults()
        run.world.careers.app.orders.clear()


# --- in Salesforce --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Enter:
    """An officer enters values in the n-th living record of an object."""

    sobject: str
    values: tuple[tuple[str, Any], ...]
    number: int = 0

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        rows = sorted(run.world.rows(self.sobject), key=lambda row: row["Id"])
        if len(rows) > self.number:
            tolerant(lambda: run.world.crm.edit_as(run.world.officer, rows[self.number]["Id"], dict(self.values)))


@dataclass(frozen=True)
class Silently:
    """A field of a contact changes and no stamp moves, as with formulas and some loads."""

    person: int
    field: str
    choice: int

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        crm, value = run.world.fields[self.field].crm, words.word(self.field, self.person, self.choice).crm[0]
        run.world.do(repr(self), lambda world: world.crm.rewrite(world.contacts[self.person], {crm: value}))


@dataclass(frozen=True)
class DeleteForGood:
    """An officer deletes a contact and empties the bin."""

    person: int

    def perform(self, run: Run) -> None:
        """See ``Step``."""

        def act(world: World) -> None:
            if tolerant(lambda: world.crm.delete_as(world.officer, world.contacts[self.person])):
                world.crm.empty_bin()

        run.world.do(repr(self), act)


@dataclass(frozen=True)
class Rule:
    """Salesforce's administrator adds a validation rule to an object; it is taken away by ``NoRules`` or at the end."""

    sobject: str
    formula: str

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        run.world.crm.validation_rule(self.sobject, self.formula, "Not so.")
        run.undo(lambda: _without_rules(run.world, self.sobject))


@dataclass(frozen=True)
class NoRules:
    """The validation rules that ``Rule`` added are taken away."""

    sobject: str

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        _without_rules(run.world, self.sobject)


def _without_rules(world: World, sobject: str) -> None:
    known = world.org.sobject(sobject)
    shipped = tuple(rule for rule in known.validations if not rule.name.startswith("rule_"))
    if shipped != known.validations:
        world.org.define(replace(known, validations=shipped))


@dataclass(frozen=True)
class Unclear:
    """Somebody stands twice among the contacts, and now has an account without the institution's number."""

    person: int

    def perform(self, run: Run) -> None:
        """See ``Step``."""

        def act(world: World) -> None:
            world.doubles[self.person] = add_contact(world, self.person)
            add_contact(world, self.person)
            add_account(world, self.person, seen=True, numbered=False)
            for contact in (world.doubles[self.person], world.contacts[self.person]):
                world.crm.edit_as(world.officer, contact, {"University_ID__c": None})

        run.world.do(repr(self), act)


# --- in the career system -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lock:
    """Careers' system refuses every change of an account by programs; ``Unlock`` ends it."""

    person: int
    field: str = "title"

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        run.world.careers.system.refusals[run.world.accounts[self.person]] = invalid(self.field, "Locked.")


@dataclass(frozen=True)
class Unlock:
    """See ``Lock``."""

    person: int

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        run.world.careers.system.refusals.pop(run.world.accounts[self.person], None)


@dataclass(frozen=True)
class Correct:
    """A counsellor corrects the type of a request that was not understood."""

    number: int

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        id, _ = run.world.requests[self.number]
        run.world.careers.change(id, {"type": "RESUME_REVIEW"})
        run.world.requests[self.number] = (id, 1)


@dataclass(frozen=True)
class FiledBefore:
    """A request that was made before the bridge was to take any up."""

    person: int

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        world = run.world
        values = {"id": "old-1", "type": "RESUME_REVIEW", "title": "An old ask of Zyx", "created_at": "2026-09-01T00:00:00Z"}
        by = {"name": "Pat Zyx", "email": "pat@careers.example.edu"}
        world.careers.system.seed("request", [{**values, "person_id": world.accounts[self.person], "requested_by": by}])
        world.requests.append(("old-1", 1))
