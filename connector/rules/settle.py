"""What holds for each field of a mapping once defaults, group and field have spoken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connector.core.model import OutsideEdit, Owner, Side
from connector.core.positions import Path
from connector.rules.schema import SETTINGS, FieldTable, PersonFile, ReadTable, SettingsTable, TransformTable

_PLAIN = TransformTable(name="text")


def said(table: SettingsTable) -> dict[str, Any]:
    """The settings that a table really contains."""
    return {name: value for name in SETTINGS if (value := getattr(table, name)) is not None}


def settled(file: PersonFile, table: FieldTable) -> dict[str, Any]:
    """The settings of a field's unit. A group speaks for all its members; where they contradict it, the check refuses."""
    group = file.group.get(table.group) if table.group else None
    own = said(group if group is not None else table)
    merged = said(file.defaults) | own
    if merged.get("owner") == Owner.CAREER_SERVICES and "other_office_edit" not in own:
        # Careers have no inbox for suggestions: an edit of their values in Salesforce is put back and they are told.
        merged["other_office_edit"] = OutsideEdit.REFUSE
    return merged


def transform_on(table: FieldTable | ReadTable, side: Side) -> TransformTable:
    """The transform that the file names for one side."""
    own = table.crm_transform if side is Side.CRM else table.career_transform
    return own or table.transform or _PLAIN


def sides(table: FieldTable | ReadTable) -> tuple[Side, ...]:
    """The sides on which the value can be read."""
    on_crm = table.crm is not None or (isinstance(table, FieldTable) and table.profile is not None)
    return tuple(side for side, there in ((Side.CRM, on_crm), (Side.CAREER, table.career is not None)) if there)


def declared(file: PersonFile) -> tuple[str, ...]:
    """The relationships that the file has a table for, as they begin the path of a field."""
    below = [f"{child}.{parent}" for child, table in file.child.items() for parent in table.parent]
    return (*file.child, *file.parent, *below)


def crm_paths(file: PersonFile) -> Iterator[tuple[Path, str]]:
    """Every field of the contact, or of a record beside it, that the file names to be read, with the place where it does."""
    for name, table in file.field.items():
        for key, value in (("crm", table.crm), ("suggest_to", table.suggest_to)):
            if value is not None:
                yield ("field", name, key), value
    for name, read in file.read.items():
        if read.crm is not None:
            yield ("read", name, "crm"), read.crm


def units_of(file: PersonFile) -> dict[str, list[str]]:
    """Unit names with their fields, in the order in which they first appear in the file."""
    units: dict[str, list[str]] = {}
    for name, table in file.field.items():
        units.setdefault(table.group or name, []).append(name)
    return units
