"""The mapping, compiled: what the files in ``mappings/`` say, as values that the engine works with.

It lives in the core because the engine does not know the compiler (``connector.rules``), which makes these values. Those of
requests and routing stand beside what is done with them, in ``requests.py`` and ``routing.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from connector.core.model import FieldRule, Native, Side, Transform, Unit, Value
from connector.core.related import Related
from connector.core.requests import RequestRules
from connector.core.routing import Routing

PROFILE = "Career_Profile__c."
"""What a key of a CRM record begins with when the field is on the career profile and not on the Contact."""


class Slot(StrEnum):
    """A kind of evidence that two records are the same person; what ``[match]`` assigns fields to."""

    INSTITUTION_ID = "institution_id"
    FIRST = "first"
    MIDDLE = "middle"
    LAST = "last"
    FORMER_LAST = "former_last"
    PREFERRED = "preferred"
    BIRTH_DATE = "birth_date"
    EMAILS = "emails"
    PHONES = "phones"
    CITY = "city"
    POSTCODE = "postcode"
    CLASS_YEAR = "class_year"
    MAJOR = "major"
    EMPLOYER = "employer"
    OCCUPATION = "occupation"


class Fact(StrEnum):
    """What routing must know about a contact; what ``[facts]`` assigns fields to."""

    DECEASED = "deceased"
    DO_NOT_CONTACT = "do_not_contact"
    CLASS_YEAR = "class_year"
    COUNTRY = "country"
    STATE = "state"
    SCHOOL = "school"
    DEGREE = "degree"


MANY = frozenset({Slot.EMAILS, Slot.PHONES})
"""The slots that take any number of fields; their evidence is a tuple."""


def pick(fields: Mapping[str, Native], path: str) -> tuple[bool, Native]:
    """A value by dotted path, and whether it was there at all.

    A flat key that contains dots wins over nesting, as CRM records carry ``Career_Profile__c.Outcome__c``. A parent
    that is null counts as a known-empty child: a person without an address has no city.
    """
    if path in fields:
        return True, fields[path]
    here: Native = fields
    for step in path.split("."):
        if here is None:
            return True, None
        if not isinstance(here, Mapping) or step not in here:
            return False, None
        here = here[step]
    return True, here


def placed(fields: Mapping[str, Native], values: Mapping[str, Native]) -> dict[str, Any]:
    """A record with these values at their dotted paths; neither argument is touched."""
    found = dict(fields)
    for path, value in values.items():
        *parents, last = path.split(".")
        here = found
        for step in parents:
            here[step] = dict(here.get(step) or {})
            here = here[step]
        here[last] = value
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A named value that can be read from one side or both, whether or not it is kept in step.

    ``crm`` is a key of a CRM record (an API name on Contact, or ``Career_Profile__c.NAME``), ``career`` a dotted path;
    None where that side has no such field.
    """

    name: str
    label: str
    crm: str | None
    career: str | None
    crm_transform: Transform
    career_transform: Transform

    def path(self, side: Side) -> str | None:
        """Where the value is on one side."""
        return self.crm if side is Side.CRM else self.career

    def problem(self, side: Side, fields: Mapping[str, Native]) -> str:
        """Why what stands there cannot be read; "" if it can, or nothing stands there."""
        try:
            self._read(side, fields)
        except ValueError as error:
            return str(error)
        return ""

    def read(self, side: Side, fields: Mapping[str, Native]) -> Value:
        """The canonical value; None when it is empty, absent or unreadable: for evidence and facts these weigh the same."""
        try:
            return self._read(side, fields)
        except ValueError:
            return None

    def _read(self, side: Side, fields: Mapping[str, Native]) -> Value:
        path = self.path(side)
        if path is None:
            return None
        _, native = pick(fields, path)
        if native is None:
            return None  # which every transform would say
        transform = self.crm_transform if side is Side.CRM else self.career_transform
        return transform.read(native)


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchFields:
    """Which values feed identity evidence, in the order of the file."""

    slots: Mapping[Slot, tuple[Source, ...]]

    def evidence(self, side: Side, fields: Mapping[str, Native]) -> Mapping[Slot, Value]:
        """What one record says, by slot. Emails and phones are sorted tuples without repeats; other slots take the first value.

        Every slot is present; a slot without a readable value holds None, ``emails`` and ``phones`` an empty tuple.
        """
        found: dict[Slot, Value] = {}
        for slot in Slot:
            values = [value for source in self.slots.get(slot, ()) if (value := source.read(side, fields)) is not None]
            if slot in MANY:
                found[slot] = tuple(sorted({str(value) for value in values}))
            else:
                found[slot] = values[0] if values else None
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Eligibility:
    """Who may be created in, and shared with, careers. ``require`` and ``exclude`` are boolean values."""

    class_year: Source | None = None
    class_year_from: int | None = None
    require: tuple[Source, ...] = ()
    exclude: tuple[Source, ...] = ()

    def unread(self, contact: Mapping[str, Native]) -> bool:
        """Whether what decides it is not known: neither excluded nor not.

        A field was not read yet, since the mapping names it only now; it stands on a record that our user may not see; or what
        stands there is no answer.
        """
        absent = (source.crm for source in self._deciding() if source.crm is not None)
        return any(path not in contact for path in absent) or bool(self.unreadable(contact))

    def unreadable(self, contact: Mapping[str, Native]) -> dict[str, str]:
        """What cannot be read of the fields that decide it, and why, by name."""
        problems = ((source.name, source.problem(Side.CRM, contact)) for source in self._deciding())
        return {name: f"{Side.CRM}: {problem}" for name, problem in problems if problem}

    def _deciding(self) -> list[Source]:
        return [*self.exclude, *self.require, *([self.class_year] if self.class_year is not None else [])]

    def refusal(self, contact: Mapping[str, Native]) -> str | None:
        """Why this contact is not eligible, in words without values; None if it is."""
        for source in self.exclude:
            if source.read(Side.CRM, contact) is True:
                return f"{source.label} is set"
        for source in self.require:
            if source.read(Side.CRM, contact) is not True:
                return f"{source.label} is not set"
        if self.class_year is not None and self.class_year_from is not None:
            year = self.class_year.read(Side.CRM, contact)
            if not isinstance(year, int) or year < self.class_year_from:
                return f"{self.class_year.label} is before {self.class_year_from} or unknown"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Brakes:
    """How much one plan, or the last 24 hours, may change on one side before a person must look.

    ``max_share`` is a share (0 to 1] of the linked people; ``max_to_blank`` counts values that become empty.
    """

    max_changes: int = 500
    max_share: float = 0.1
    max_to_blank: int = 25
    max_24h: int = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """What a new-contact suggestion contains: units in order, and those without which there is none."""

    units: tuple[str, ...] = ()
    required: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """One mapping of persons, compiled and checked.

    ``purposes`` has for each consent purpose what holds the consent: one of ``units``, or one that only the CRM has. ``brakes``
    has an entry for each side that is written to.
    """

    units: tuple[Unit, ...]
    match: MatchFields
    eligibility: Eligibility
    purposes: Mapping[str, Unit]
    new_person: NewPerson
    brakes: Mapping[Side, Brakes]
    facts: Mapping[Fact, Source]
    reads: tuple[Source, ...] = ()
    """Values that are only read, never compared or written (``[read.NAME]``)."""
    related: tuple[Related, ...] = ()
    """The records beside the contact that fields stand on."""
    _by_name: dict[str, Unit] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._by_name.update({unit.name: unit for unit in self.units})

    def known(self, name: str) -> Unit | None:
        """The unit of this name; None if the mapping has none, or none any more."""
        return self._by_name.get(name)

    def unit(self, name: str) -> Unit:
        """The unit of this name, or of the field of this name; ``KeyError`` if there is none."""
        found = self.known(name)
        if found is not None:
            return found
        for unit in self.units:
            if any(rule.name == name for rule in unit.fields):
                return unit
        raise KeyError(name)

    def rules(self) -> Iterator[tuple[Unit, FieldRule]]:
        """Every field with its unit."""
        for unit in self.units:
            for rule in unit.fields:
                yield unit, rule

    def _sources(self) -> Iterator[Source]:
        yield from self.reads
        for sources in self.match.slots.values():
            yield from sources
        yield from self.facts.values()
        yield from self.eligibility.require
        yield from self.eligibility.exclude
        if self.eligibility.class_year is not None:
            yield self.eligibility.class_year

    def contact_fields(self) -> tuple[str, ...]:
        """Every field of a contact that is read, sorted; those on records beside it by their path.

        Targets of suggestions are among them, since staff's answer is read there.
        """
        names = {rule.crm for _, rule in self.rules() if not rule.on_profile}
        names |= {rule.suggest_to for _, rule in self.rules() if rule.suggest_to}
        names |= {source.crm for source in self._sources() if source.crm and not source.crm.startswith(PROFILE)}
        return tuple(sorted(names))

    def fields_beside(self) -> tuple[tuple[str, str], ...]:
        """Every field (object, name) that must be readable for the values beside a contact, sorted."""
        return tuple(sorted({read for one in self.related for read in one.reads()}))

    def of_careers(self) -> tuple[str, ...]:
        """The names of the units that careers own: those that the career profile holds."""
        return tuple(unit.name for unit in self.units if unit.owner.side is Side.CAREER)

    def profile_fields(self) -> tuple[str, ...]:
        """Every mapped field of Career_Profile__c, opt-out flags included, sorted; not its own columns."""
        names = {rule.crm for _, rule in self.rules() if rule.on_profile}
        names |= {unit.opt_out_to for unit in self.units if unit.opt_out_to}
        return tuple(sorted(names))

    def facts_of(self, contact: Mapping[str, Native]) -> Mapping[Fact, Value]:
        """What routing must know about a contact; a fact that the mapping does not name is None."""
        return {fact: self.facts[fact].read(Side.CRM, contact) if fact in self.facts else None for fact in Fact}


@dataclass(frozen=True, slots=True, kw_only=True)
class Persons:
    """The mapping of persons for every career system: the usual one, and those of systems that have one of their own.

    Contacts are compared with each other by the usual one; what is read of them is what any of the mappings reads.
    """

    usual: Rules
    own: Mapping[str, Rules] = field(default_factory=dict)

    def of(self, system: str) -> Rules:
        """The mapping that holds for a career system."""
        return self.own.get(system, self.usual)

    def every(self) -> tuple[Rules, ...]:
        """All of them, the usual one first."""
        return (self.usual, *self.own.values())

    def unit(self, name: str) -> Unit:
        """The unit of this name in the first mapping that has it; ``KeyError`` if none has."""
        for rules in self.every():
            try:
                return rules.unit(name)
            except KeyError:
                continue
        raise KeyError(name)

    def unit_names(self) -> tuple[str, ...]:
        """The names of the units that any of the mappings has, in the order of the files."""
        return tuple(dict.fromkeys(unit.name for rules in self.every() for unit in rules.units))

    def contact_fields(self) -> tuple[str, ...]:
        """See ``Rules.contact_fields``."""
        return tuple(sorted({name for rules in self.every() for name in rules.contact_fields()}))

    def fields_beside(self) -> tuple[tuple[str, str], ...]:
        """See ``Rules.fields_beside``."""
        return tuple(sorted({read for rules in self.every() for read in rules.fields_beside()}))

    def profile_fields(self) -> tuple[str, ...]:
        """See ``Rules.profile_fields``."""
        return tuple(sorted({name for rules in self.every() for name in rules.profile_fields()}))

    def related(self) -> tuple[Related, ...]:
        """The records beside the contact, each with the fields that any of the mappings reads of it."""
        found: dict[str, Related] = {}
        for one in (related for rules in self.every() for related in rules.related):
            known = found.get(one.path, one)
            fields = tuple(dict.fromkeys((*known.fields, *one.fields)))
            found[one.path] = replace(one, fields=fields, followed=one.followed or known.followed)
        return tuple(found.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """The whole ``mappings/`` folder, compiled. ``hash`` changes when the meaning of any file does."""

    persons: Persons
    requests: RequestRules
    routing: Routing
    hash: str

    @property
    def person(self) -> Rules:
        """The usual mapping of persons."""
        return self.persons.usual
