"""Steps of officers in an org built on EDA or NPSP: preferred addresses, households, and the records beside contacts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.simulation import flavours, words
from tests.simulation.steps import tolerant
from tests.simulation.world import World

if TYPE_CHECKING:
    from tests.simulation.run import Run


def _with_contact(run: Run, step: object, person: int, act: Callable[[World, str], object]) -> None:
    """An officer does something about a contact, if it is there and nobody's transaction holds it."""

    def tried(world: World) -> None:
        contact = world.contacts.get(person)
        if contact is not None and world.org.live(contact) is not None and not world.locked(contact):
            tolerant(lambda: act(world, contact))

    run.world.do(repr(step), tried)


@dataclass(frozen=True)
class Prefer:
    """Another of a contact's addresses becomes the preferred one, by its number; one that is empty may be refused."""

    person: int
    address: int

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        known, address = flavours.FLAVOURS[run.world.spec.flavour], self.address

        def act(world: World, contact: str) -> None:
            world.crm.edit_as(world.officer, contact, {known.preferred: known.addresses[address % len(known.addresses)]})

        _with_contact(run, self, self.person, act)


@dataclass(frozen=True)
class Rename:
    """The organisation or program whose name is a person's employer or degree gets another name, for all who stand beside it."""

    person: int
    field: str
    choice: int

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        known, person = run.world.fields.get(self.field), self.person
        if known is None or not known.crm.endswith(".Name"):
            return
        name = words.word(self.field, person, self.choice).crm[0]

        def act(world: World, contact: str) -> None:
            row = world.org.live(contact)
            account = row and flavours.beside(world.org, row, known.crm.removesuffix(".Name"))
            if account:
                world.crm.edit_as(world.officer, account["Id"], {"Name": name})

        _with_contact(run, self, person, act)


@dataclass(frozen=True)
class Enrol:
    """A person is enrolled in a further program, with a class year (EDA)."""

    person: int
    degree: int
    year: int

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        program = words.word("degree", self.person, self.degree).crm[0]
        year = words.word("class_year", self.person, self.year).crm[0]

        def act(world: World, contact: str) -> None:
            flavours.enrol(world.crm, world.officer, contact, program, year)

        _with_contact(run, self, self.person, act)


@dataclass(frozen=True)
class Detach:
    """An enrolment or affiliation of a person is deleted, by its number, or taken ``back`` out of the recycle bin (EDA)."""

    person: int
    number: int
    back: bool = False

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        number, back = self.number, self.back

        def act(world: World, contact: str) -> None:
            there = flavours.hanging(world.org, contact, deleted=back)
            record = there[number % len(there)]["Id"] if there else None
            if record is not None and not world.locked(record):
                perform = world.crm.undelete_as if back else world.crm.delete_as
                tolerant(lambda: perform(world.officer, record))

        _with_contact(run, self, self.person, act)


@dataclass(frozen=True)
class Withhold:
    """An alumna opts out of the disclosure of her records, or in again (EDA)."""

    person: int
    out: bool

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        out = self.out

        def act(world: World, contact: str) -> None:
            world.crm.edit_as(world.officer, contact, {flavours.DISCLOSURE: out})

        _with_contact(run, self, self.person, act)


@dataclass(frozen=True)
class MoveIn:
    """A person joins the household of another, whose addresses are one from then on (NPSP)."""

    person: int
    other: int

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        other = self.other

        def act(world: World, contact: str) -> None:
            host = world.org.live(world.contacts.get(other))
            if host is not None:
                world.crm.edit_as(world.officer, contact, {"AccountId": host["AccountId"]})

        _with_contact(run, self, self.person, act)
