"""The mapping as the simulation reads it: straight from the TOML file, without the product's compiler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.simulation.variants import mapping_data


@dataclass(frozen=True, kw_only=True)
class Field:
    """One mapped field: where it is on both sides.

    ``crm`` is a column of the career profile if ``on_profile``, else a path from the contact. ``career`` is its path in the
    emulated tenant, whatever the platform calls it; ``called`` is what the platform does. Both are empty where careers have no
    place for it.
    """

    name: str
    crm: str
    career: str
    called: str
    on_profile: bool


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A field, or the fields of a group, with what the file says about them; words as in the file."""

    name: str
    fields: tuple[Field, ...]
    owner: str
    share: str
    purpose: str
    other_office_edit: str
    until_decided: str
    null: str
    on_withdrawn: str
    to_career: str
    to_crm: str
    restrictive: bool | None
    opt_out_to: str
    opt_out_global: bool

    @property
    def careers_own(self) -> bool:
        """Whether Career Services decide it."""
        return self.owner == "career_services"

    @property
    def opt_out(self) -> bool:
        """Whether it restricts what may be done with a person, so that whoever restricts wins."""
        return self.other_office_edit == "opt_out_wins"


@dataclass(frozen=True, kw_only=True)
class Rules:
    """A variant of the mapping. ``purposes`` names the unit that holds each consent.

    ``exclude`` is what makes ineligible, each with the contact's field that says so. ``read`` are those of both that stand in
    the contact alone: careers have no place for them.
    """

    units: Mapping[str, Unit]
    read: Mapping[str, Unit]
    purposes: Mapping[str, str]
    exclude: Mapping[str, str]

    def fields(self) -> dict[str, Field]:
        """Every field, by name."""
        return {field.name: field for unit in self.units.values() for field in unit.fields}

    def contact_fields(self) -> dict[str, Field]:
        """Every field that stands in a contact, by name."""
        read = {field.name: field for unit in self.read.values() for field in unit.fields}
        return {name: field for name, field in (self.fields() | read).items() if not field.on_profile}

    def deciding(self, name: str) -> Unit:
        """The unit of a consent or a restriction."""
        return self.units.get(name) or self.read[name]


@cache
def read_mapping(mapping: str) -> Rules:
    """A mapping, by its name."""
    data = mapping_data(mapping)
    members: dict[str, list[str]] = {}
    for name, table in data["field"].items():
        members.setdefault(table.get("group", name), []).append(name)
    units = {unit: _unit(data, unit, names) for unit, names in members.items()}
    purposes = data["purposes"]
    exclude = {name: {**data["read"], **data["field"]}[name]["crm"] for name in data["eligibility"]["exclude"]}
    known = mapping_data("shipped")["field"].keys() - units.keys()
    read = {name: _unit(data, name, [name]) for name in (*purposes.values(), *exclude) if name in known}
    return Rules(units=units, read=read, purposes=purposes, exclude=exclude)


def _unit(data: Mapping[str, Any], name: str, names: list[str]) -> Unit:
    tables = [data["field"].get(each) or data["read"][each] for each in names]
    said = {**data["defaults"], **tables[0], **data.get("group", {}).get(name, {})}
    return Unit(
        name=name,
        fields=tuple(map(_field, names, tables)),
        owner=said["owner"],
        share=said["share"],
        purpose=said.get("purpose", ""),
        other_office_edit=said["other_office_edit"],
        until_decided=said["until_decided"],
        null=said["null"],
        on_withdrawn=said["on_withdrawn"],
        to_career=said["to_career"],
        to_crm=said["to_crm"],
        restrictive=said.get("restrictive"),
        opt_out_to=said.get("opt_out_to", ""),
        opt_out_global=said.get("opt_out_global", False),
    )


def _field(name: str, table: Mapping[str, Any]) -> Field:
    on_profile = "profile" in table
    crm = table["profile"] if on_profile else table["crm"]
    called = table.get("career", "")
    career = mapping_data("shipped")["field"][name]["career"] if called else ""
    return Field(name=name, crm=crm, career=career, called=called, on_profile=on_profile)
