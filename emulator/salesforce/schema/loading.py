"""Reads the schema files of this folder into definitions."""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from emulator.salesforce.fields import NUMBER_TYPES, Child, Field, SObject

SCHEMA = Path(__file__).parent


@lru_cache(maxsize=1)
def standard_objects() -> Mapping[str, SObject]:
    """Every standard object that is emulated, by lower-case name. Loaded once; never changed."""
    loaded = [_load(json.loads(path.read_text(encoding="utf-8"))) for path in sorted(SCHEMA.glob("*.json"))]
    loaded += _handmade((SCHEMA / "handmade.txt").read_text(encoding="utf-8"))
    objects = {one.name.lower(): one for one in loaded}
    for one in loaded:
        for each in one.fields:
            for target in each.references:
                known = objects.get(target.lower())
                if known and not any((c.sobject, c.field) == (one.name, each.name) for c in known.children):
                    child = Child(sobject=one.name, field=each.name, relationship=None, on_delete="clear")
                    objects[target.lower()] = known.with_child(child)
    return objects


_ON_DELETE = {0: "clear", 1: "cascade", 2: "restrict", 3: "cascade"}
_WITH_ACTIVITIES = frozenset({"Account", "Contact", "Lead", "Opportunity", "Case", "Campaign"})


def _load(data: dict[str, Any]) -> SObject:
    header = data["object"]
    name = header["name"]
    return SObject(
        name=name,
        header=header,
        fields=tuple(_field(one) for one in data["fields"]),
        children=tuple(
            Child(sobject=child, field=field_, relationship=relationship, on_delete=_ON_DELETE[mark])
            for child, field_, relationship, mark in data["children"]
        ),
        activities=name in _WITH_ACTIVITIES,
    )


def _field(data: dict[str, Any]) -> Field:
    rest = {key: value for key, value in data.items() if key not in {"name", "type"}}
    return Field(name=data["name"], type=data["type"], properties=rest)


_OBJECT_LINE = re.compile(r'object (\w+) (\w{3}) "([^"]+)" "([^"]+)" (read|write)((?: [+-]\w+)*)')
_FIELD_LINE = re.compile(
    r"(?P<name>\w+) (?P<type>\w+)(?:\((?P<size>[\d,]+)\))?(?: (?P<flags>[a-zN]+))?"
    r"(?: -> (?P<to>[\w,]+))?(?: as (?P<rel>\w+))?(?: = (?P<values>.+))?$"
)
_FLAGS = {
    "c": "createable",
    "u": "updateable",
    "d": "defaultedOnCreate",
    "i": "idLookup",
    "N": "nameField",
    "p": "permissionable",
    "x": "unique",
}


def system_fields() -> list[Field]:
    """Id and the audit fields that nearly every object has."""
    audit = {"nillable": False, "defaultedOnCreate": True}
    user = {"referenceTo": ["User"], **audit}
    return [
        Field(name="Id", type="id", properties={"label": "Record ID"}),
        Field(name="IsDeleted", type="boolean", properties={"label": "Deleted"}),
        Field(name="CreatedDate", type="datetime", properties={"label": "Created Date", **audit}),
        Field(
            name="CreatedById",
            type="reference",
            properties={"label": "Created By ID", "relationshipName": "CreatedBy", **user},
        ),
        Field(name="LastModifiedDate", type="datetime", properties={"label": "Last Modified Date", **audit}),
        Field(
            name="LastModifiedById",
            type="reference",
            properties={"label": "Last Modified By ID", "relationshipName": "LastModifiedBy", **user},
        ),
        Field(name="SystemModstamp", type="datetime", properties={"label": "System Modstamp", **audit}),
    ]


def standard_fields(label: str, *, name_label: str = "", number: str | None = None, activities: bool = False) -> list[Field]:
    """What every custom object has: Id, owner, Name and audit fields. `number` is the format of an automatic Name."""
    name: dict[str, Any] = {"label": name_label or f"{label} Name", "nameField": True, "length": 80, "idLookup": True}
    if number is not None:
        name |= {"autoNumber": True, "nillable": False, "defaultedOnCreate": True, "displayFormat": number}
    else:
        name |= {"createable": True, "updateable": True}
    owner = {
        "label": "Owner ID",
        "nillable": False,
        "defaultedOnCreate": True,
        "createable": True,
        "updateable": True,
        "referenceTo": ["Group", "User"],
        "relationshipName": "Owner",
        "polymorphicForeignKey": True,
    }
    id_, deleted, *audit = system_fields()
    fields = [
        id_,
        Field(name="OwnerId", type="reference", properties=owner),
        deleted,
        Field(name="Name", type="string", properties=name),
        *audit,
    ]
    if activities:
        fields.append(Field(name="LastActivityDate", type="date", properties={"label": "Last Activity Date"}))
    fields += [
        Field(name="LastViewedDate", type="datetime", properties={"label": "Last Viewed Date"}),
        Field(name="LastReferencedDate", type="datetime", properties={"label": "Last Referenced Date"}),
    ]
    return fields


def header_for(name: str, prefix: str, label: str, plural: str, *, custom: bool, writable: bool) -> dict[str, Any]:
    """The describe header of an object that no recorded describe exists of."""
    on = dict.fromkeys(("layoutable", "queryable", "replicateable", "retrieveable", "searchable"), True)
    written = dict.fromkeys(("createable", "deletable", "updateable", "undeletable"), writable)
    off = ("activateable", "customSetting", "deepCloneable", "deprecatedAndHidden", "feedEnabled", "hasSubtypes")
    none = ("associateEntityType", "associateParentEntity", "defaultImplementation", "extendedBy", "extendsInterfaces")
    return (
        dict.fromkeys(off, False)
        | dict.fromkeys(none)
        | {"implementedBy": None, "implementsInterfaces": None, "isInterface": False, "isSubtype": False}
        | {"compactLayoutable": True, "listviewable": None, "lookupLayoutable": None, "mergeable": False}
        | {"mruEnabled": custom, "networkScopeFieldName": None, "searchLayoutable": True, "triggerable": True}
        | {"sobjectDescribeOption": "FULL", "supportedScopes": [{"label": f"All {plural}", "name": "everything"}]}
        | on
        | written
        | {"name": name, "keyPrefix": prefix, "label": label, "labelPlural": plural, "custom": custom}
    )


def _handmade(text: str) -> list[SObject]:
    made: list[SObject] = []
    for block in re.split(r"\n(?=object )", re.sub(r"(?m)^#.*\n", "", text).strip()):
        first, *lines = [line for line in block.strip().split("\n") if line]
        match = _OBJECT_LINE.fullmatch(first)
        if match is None:
            raise ValueError(f"schema/handmade.txt: cannot read {first!r}")
        name, prefix, label, plural, mode, flags = match.groups()
        fields: list[Field] = []
        for line in lines:
            if line == "+audit":
                fields += system_fields()
            elif line == "+system":
                fields += [one for one in system_fields() if one.name in {"Id", "SystemModstamp"}]
            else:
                fields.append(_handmade_field(line))
        header = header_for(name, prefix, label, plural, custom=False, writable=mode == "write")
        header |= {flag[1:]: flag[0] == "+" for flag in flags.split()}
        made.append(SObject(name=name, header=header, fields=tuple(fields), activities=name in _WITH_ACTIVITIES))
    return made


def _handmade_field(line: str) -> Field:
    match = _FIELD_LINE.fullmatch(line)
    if match is None:
        raise ValueError(f"schema/handmade.txt: cannot read {line!r}")
    flags = match["flags"] or ""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", match["name"])
    properties: dict[str, Any] = {"label": re.sub(r" Id$", " ID", words), "nillable": "n" in flags}
    properties |= {prop: True for flag, prop in _FLAGS.items() if flag in flags}
    if match["size"]:
        first, _, second = match["size"].partition(",")
        if match["type"] in NUMBER_TYPES:
            properties |= {"precision": int(first), "scale": int(second or 0)}
        else:
            properties["length"] = int(first)
    if match["to"]:
        properties |= {"referenceTo": match["to"].split(","), "relationshipName": match["rel"]}
    if match["values"]:
        properties["picklistValues"] = [each.strip() for each in match["values"].split("|")]
    return Field(name=match["name"], type=match["type"], properties=properties)
