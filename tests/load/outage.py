"""Three days without one of the sides, then catching up in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.matrix.orders import wire
from tests.simulation.oracle.history import account_history
from tests.simulation.run import Run, logged
from tests.simulation.scenario import Scenario
from tests.simulation.steps import EditAccount, EditContact, File, Pass
from tests.simulation.words import word
from tests.simulation.world import Spec

_HOUR = 3600.0
_PEOPLE, _CYCLE = 5, 600
_ATTEMPTS = 8
"""In one cycle: a reading is tried four times, and so is the sign of life. A write that fails waits, at most an hour."""


@dataclass(kw_only=True)
class Account:
    """What an outage did; seconds are of the virtual time."""

    side: str
    hours: int
    faults: list[str] = field(default_factory=list)
    asked: int = 0
    grown: int = 0
    caught_up: float = 0.0

    def lines(self) -> Iterator[str]:
        """The figures."""
        yield f"{self.side} away for {self.hours} hours, {_PEOPLE} people, an edit or request each hour, a cycle each ten minutes"
        yield f"{self.asked:,} attempts to reach it meanwhile; the state grew by {self.grown:,} kB"
        yield f"everything was worked off {self.caught_up:.0f} s after it had come back"


def outage(side: str, hours: int, base: Path) -> Account:
    """``side`` is ``crm`` or ``careers``. The simulation's oracles judge in the end."""
    told = Account(side=side, hours=hours)
    with logged() as log:
        run = Run(Scenario(spec=Spec(people=_PEOPLE, cycle=_CYCLE), steps=()), base)
        run.log = log.getvalue
        size, calls = _size(run), len(run.world.calls)
        wire(side, "refuse", count=10**9)(run)
        for hour in range(hours):
            person = hour % _PEOPLE
            EditContact(person, "title", hour // _PEOPLE % 4).perform(run)
            EditAccount(person, "mentor_capacity", hour // _PEOPLE % 4).perform(run)
            if hour % 6 == 0:
                File(person, hour // 6 % 6).perform(run)
            Pass(_HOUR).perform(run)
        told.asked = sum((call.side == "crm") == (side == "crm") for call in run.world.calls[calls:])
        told.grown = (_size(run) - size) // 1024
        (run.host.crm_wire if side == "crm" else run.host.career_wire).orders.clear()
        back = run.world.time.seconds
        while run.world.time.seconds < back + 3 * _HOUR and not _caught_up(run):
            Pass(_CYCLE).perform(run)
        told.caught_up = run.world.time.seconds - back
        if not _caught_up(run):
            told.faults.append("it has not caught up after three hours")
        told.faults += list(_in_order(run))
        if told.asked > hours * 3600 / _CYCLE * _ATTEMPTS + hours:
            told.faults.append(f"{told.asked} attempts in {hours} hours")
        told.faults += [f"{breach.law}: {breach.what}" for breach in run.play().breaches]
    return told


def _caught_up(run: Run) -> bool:
    world = run.world
    for person, account in world.accounts.items():
        contact = world.crm.row(world.contacts[person])
        values = world.careers.values(account) or {}
        profile = world.profile(person) or {}
        if values["title"].strip() != contact["Title"].strip() or profile.get("Mentor_Capacity__c") != values["mentor_capacity"]:
            return False
    return all(world.careers.told(id) is not None for id, _ in world.requests)


def _in_order(run: Run) -> Iterator[str]:
    """No account ever gets an older title after a newer one: of what was entered meanwhile, the last word goes, once."""
    field = run.world.fields["title"]
    for person, account in run.world.accounts.items():
        ours = [held.token for held in account_history(run.world, account, field) if held.by == "api"]
        last = word("title", person, _last(run, person)).token
        if ours and ours[-1] != last:
            yield f"{account} ends with {ours[-1]!r} instead of {last!r}"


def _last(run: Run, person: int) -> int:
    held = run.world.crm.row(run.world.contacts[person])["Title"].strip()
    return next(choice for choice in range(4) if word("title", person, choice).crm[0] == held)


def _size(run: Run) -> int:
    return sum(path.stat().st_size for path in run.host.folder.glob("state.db*"))
