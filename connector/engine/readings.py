"""From native records to what the core judges: readings of units, and what may be shared about a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connector.core.model import FieldRule, Native, OutsideEdit, Reading, Share, Side, Unit, Value
from connector.core.rulebook import PROFILE, Rules, Source, pick

Fields = Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class Person:
    """A linked person's two records, as the planner sees them. ``unreadable`` collects reasons by unit."""

    crm: Fields
    career: Fields
    has_profile: bool
    unreadable: dict[str, str] = field(default_factory=dict)
    _known: dict[tuple[str, Side], Reading | None] = field(default_factory=dict)

    def reading(self, unit: Unit, side: Side) -> Reading | None:
        """The unit's state on one side; None if any field of it is absent or cannot be understood."""
        place = (unit.name, side)
        if place not in self._known:
            self._known[place] = self._read(unit, side)
        return self._known[place]

    def _read(self, unit: Unit, side: Side) -> Reading | None:
        natives: list[Native] = []
        values: list[Value] = []
        for rule in unit.fields:
            path = path_of(rule, side)
            there, native = pick(self.crm if side is Side.CRM else self.career, path) if path else (False, None)
            if not there and not (side is Side.CRM and rule.on_profile and not self.has_profile):
                return None
            try:
                value = _transform(rule, side).read(native)
                _has_a_form(rule, side.other, value)
                values.append(value)
            except ValueError as error:
                self.unreadable[unit.name] = f"{side}: {error}"
                return None
            natives.append(native)
        return Reading(values=tuple(values), natives=tuple(natives))


def _has_a_form(rule: FieldRule, side: Side, value: Value) -> None:
    """Raise ``ValueError`` for a value that a side cannot be given: free text of one side may be no word of the other's list."""
    if rule.crm_transform.name == rule.career_transform.name or not path_of(rule, side):
        return
    try:
        _transform(rule, side).write(value)
    except (KeyError, TypeError, ValueError):
        raise ValueError(f"there is no form for it on the {side} side") from None


def path_of(rule: FieldRule, side: Side) -> str:
    """Where a field is in one side's record."""
    return rule.crm_key if side is Side.CRM else rule.career


def _transform(rule: FieldRule, side: Side) -> Any:  # noqa: ANN401 - narrowed by both callers
    return rule.crm_transform if side is Side.CRM else rule.career_transform


def names_in(unit: Unit, side: Side) -> list[str]:
    """The fields of a unit by their names on one side, in the order of its values."""
    return [rule.crm if side is Side.CRM else rule.career for rule in unit.fields]


def natives_of(unit: Unit, side: Side, values: Sequence[Value]) -> dict[str, Native]:
    """What to write on one side for these canonical values, by the field's name there."""
    natives = [_transform(rule, side).write(value) for rule, value in zip(unit.fields, values, strict=True)]
    return dict(zip(names_in(unit, side), natives, strict=True))


def places_of(unit: Unit) -> list[list[str]]:
    """Where the fields of a unit are in the records of both sides, CRM first, in the order of its values."""
    return [[path_of(rule, Side.CRM), path_of(rule, Side.CAREER)] for rule in unit.fields]


def still_means(unit: Unit | None, settling: Mapping[str, Any]) -> Unit | None:
    """The unit, if its fields are those of when a write of it was decided: what is remembered of them goes by their order.

    A write may wait for weeks, and the mapping change meanwhile.
    """
    return unit if unit is not None and settling.get("places") == places_of(unit) else None


def moved_by(rules: Rules, settling: Mapping[str, Any], payload: Mapping[str, Any]) -> list[Unit]:
    """The units that a write moves: it carries their values, or their flag on the career profile."""
    values, fields = settling.get("units", {}), payload["fields"]
    return [unit for unit in rules.units if unit.name in values or unit.opt_out_to in fields]


def written(unit: Unit, side: Side, sent: Mapping[str, Native], answered: Fields | None) -> Reading:
    """What a side holds after it applied a write: what it answered where it did, else what we sent."""
    natives: list[Native] = []
    values: list[Value] = []
    for rule in unit.fields:
        name = rule.crm if side is Side.CRM else rule.career
        there, native = pick(answered, rule.career if side is Side.CAREER else name) if answered is not None else (False, None)
        native = native if there else sent[name]
        try:
            value: Value = _transform(rule, side).read(native)
        except ValueError:
            native = sent[name]
            value = _transform(rule, side).read(native)
        natives.append(native)
        values.append(value)
    return Reading(values=tuple(values), natives=tuple(natives))


def shared_purposes(rules: Rules, person: Person) -> frozenset[str]:
    """The purposes for which this person's consent stands on every side that knows of it."""
    return frozenset(purpose for purpose, unit in rules.purposes.items() if _consents(unit, person))


def unreadable_purposes(rules: Rules, person: Person) -> frozenset[str]:
    """The purposes whose consent cannot be read: neither given nor, as far as can be read, withdrawn."""
    return frozenset(purpose for purpose, unit in rules.purposes.items() if _unreadable(unit, person))


def _unreadable(unit: Unit, person: Person) -> bool:
    garbled = person.reading(unit, Side.CAREER) is None and unit.name in person.unreadable
    unknown = garbled or person.reading(unit, Side.CRM) is None
    return unknown and not restricted(unit, person)


def withdrawn_purposes(rules: Rules, person: Person) -> frozenset[str]:
    """The purposes for which somebody holds a refusal or withdrawal: asks for them are stopped."""
    return frozenset(purpose for purpose, unit in rules.purposes.items() if restricted(unit, person))


def _consents(unit: Unit, person: Person) -> bool:
    crm = person.reading(unit, Side.CRM)
    return crm is not None and crm.values == (not unit.refused_by,) and not restricted(unit, person)


def restricted(unit: Unit, person: Person) -> bool:
    """Whether either side, or the flag on the career profile, holds the restrictive value."""
    readings = (person.reading(unit, Side.CRM), person.reading(unit, Side.CAREER))
    flagged = unit.opt_out_to is not None and bool(person.crm.get(PROFILE + unit.opt_out_to))
    return flagged or any(reading is not None and reading.values == (unit.refused_by,) for reading in readings)


def holds(rules: Rules, person: Person, source: Source) -> bool:
    """Whether the contact says so; of what restricts whoever holds it, it counts in either system."""
    unit = rules.known(source.name)
    wins = unit is not None and unit.other_office_edit is OutsideEdit.OPT_OUT_WINS and restricted(unit, person)
    return wins or source.read(Side.CRM, person.crm) is True


def eligible(rules: Rules, person: Person) -> bool | None:
    """Whether anything but what protects them may be shared about this person; None: that cannot be read.

    What excludes is enough by itself, whatever else cannot be read.
    """
    if any(holds(rules, person, source) for source in rules.eligibility.exclude):
        return False
    if rules.eligibility.unread(person.crm):
        return None
    return rules.eligibility.refusal(person.crm) is None


def may_share(rules: Rules, unit: Unit, *, eligible: bool, purposes: frozenset[str]) -> bool:
    """Whether a unit's value may go to careers. What protects the person always may: restrictions, and why they are one."""
    protects = unit.other_office_edit is OutsideEdit.OPT_OUT_WINS or unit.name in {
        source.name for source in rules.eligibility.exclude
    }
    if protects or not unit_goes_to_career(unit):
        return True
    if not eligible:
        return False
    return unit.share is not Share.CONSENTED or unit.purpose in purposes


def unit_goes_to_career(unit: Unit) -> bool:
    """Whether the unit is Alumni Relations' own, so that its value travels to careers."""
    return unit.owner.side is Side.CRM
