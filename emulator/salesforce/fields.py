"""What an object and its fields are: immutable definitions, printed by describe and obeyed by every write and query."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

DEFAULTS: dict[str, Any] = {
    "aggregatable": True,
    "aiPredictionField": False,
    "autoNumber": False,
    "byteLength": 0,
    "calculated": False,
    "calculatedFormula": None,
    "cascadeDelete": False,
    "caseSensitive": False,
    "compoundFieldName": None,
    "controllerName": None,
    "createable": False,
    "custom": False,
    "defaultValue": None,
    "defaultValueFormula": None,
    "defaultedOnCreate": False,
    "dependentPicklist": False,
    "deprecatedAndHidden": False,
    "digits": 0,
    "displayLocationInDecimal": False,
    "encrypted": False,
    "externalId": False,
    "extraTypeInfo": None,
    "filterable": True,
    "filteredLookupInfo": None,
    "formulaTreatNullNumberAsZero": False,
    "groupable": True,
    "highScaleNumber": False,
    "htmlFormatted": False,
    "idLookup": False,
    "inlineHelpText": None,
    "label": "",
    "length": 0,
    "mask": None,
    "maskType": None,
    "name": "",
    "nameField": False,
    "namePointing": False,
    "nillable": True,
    "permissionable": False,
    "picklistValues": [],
    "polymorphicForeignKey": False,
    "precision": 0,
    "queryByDistance": False,
    "referenceTargetField": None,
    "referenceTo": [],
    "relationshipName": None,
    "relationshipOrder": None,
    "restrictedDelete": False,
    "restrictedPicklist": False,
    "scale": 0,
    "searchPrefilterable": False,
    "soapType": "xsd:string",
    "sortable": True,
    "type": "string",
    "unique": False,
    "updateable": False,
    "writeRequiresMasterRead": False,
}
"""The 57 properties that a described field has, in the order in which they are printed, with their usual values."""

_NO_GROUP = {"groupable": False}
TYPE_DEFAULTS: dict[str, dict[str, Any]] = {
    "id": {
        "soapType": "tns:ID",
        "length": 18,
        "byteLength": 18,
        "nillable": False,
        "defaultedOnCreate": True,
        "idLookup": True,
    },
    "boolean": {
        "soapType": "xsd:boolean",
        "aggregatable": False,
        "nillable": False,
        "defaultedOnCreate": True,
        "defaultValue": False,
    },
    "reference": {"soapType": "tns:ID", "length": 18, "byteLength": 18},
    "double": {"soapType": "xsd:double", "precision": 18} | _NO_GROUP,
    "currency": {"soapType": "xsd:double", "precision": 18} | _NO_GROUP,
    "percent": {"soapType": "xsd:double", "precision": 5} | _NO_GROUP,
    "int": {"soapType": "xsd:int", "digits": 8},
    "datetime": {"soapType": "xsd:dateTime"} | _NO_GROUP,
    "date": {"soapType": "xsd:date"},
    "time": {"soapType": "xsd:time"},
    "address": {
        "soapType": "urn:address",
        "aggregatable": False,
        "groupable": False,
        "sortable": False,
        "permissionable": True,
    },
    "location": {"soapType": "urn:location", "aggregatable": False, "groupable": False, "sortable": False},
    "combobox": _NO_GROUP,
    "multipicklist": {"aggregatable": False, "groupable": False, "sortable": False},
    "base64": {
        "soapType": "xsd:base64Binary",
        "aggregatable": False,
        "groupable": False,
        "sortable": False,
        "filterable": False,
    },
}
"""What differs from `DEFAULTS` for every field of a type."""

TEXT_TYPES = frozenset(
    {"string", "textarea", "phone", "url", "email", "picklist", "multipicklist", "combobox", "encryptedstring"}
)
NUMBER_TYPES = frozenset({"double", "currency", "percent", "int", "long"})


@dataclass(frozen=True, kw_only=True, eq=False)
class Field:
    """One field. `properties` holds only what `DEFAULTS` and its type do not say; `formula` is for our own use."""

    name: str
    type: str
    properties: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - properties have the types that describe gives them
        """One describe property."""
        return self.described[name]

    @cached_property
    def described(self) -> dict[str, Any]:
        """The field as describe prints it."""
        whole = DEFAULTS | TYPE_DEFAULTS.get(self.type, {}) | dict(self.properties)
        whole |= {"name": self.name, "type": self.type}
        if not whole["byteLength"] and whole["length"] and self.type in TEXT_TYPES:
            whole["byteLength"] = 3 * whole["length"]
        whole["picklistValues"] = [_whole_value(value) for value in whole["picklistValues"]]
        if self.type == "boolean" and whole["defaultValue"] is None:
            whole["defaultValue"] = False
        return whole

    # Writes and queries ask these again and again; describe properties behind plain attributes keep them quick.
    @cached_property
    def label(self) -> str:
        """The field's label, as error messages print it."""
        return str(self["label"])

    @cached_property
    def length(self) -> int:
        """Characters that the field takes; 0 where length means nothing."""
        return int(self["length"])

    @cached_property
    def createable(self) -> bool:
        """Whether a create may set it."""
        return bool(self["createable"])

    @cached_property
    def updateable(self) -> bool:
        """Whether an update may set it."""
        return bool(self["updateable"])

    @cached_property
    def required(self) -> bool:
        """Whether a create without a value is refused."""
        return self.createable and not self["nillable"] and not self["defaultedOnCreate"]

    @cached_property
    def references(self) -> tuple[str, ...]:
        """The objects that a reference may point to."""
        return tuple(self["referenceTo"])

    @cached_property
    def relationship(self) -> str | None:
        """The name by which a query walks up this reference."""
        name: str | None = self["relationshipName"]
        return name

    @cached_property
    def values(self) -> dict[str, str]:
        """Active picklist values by their lower-case form."""
        return {each["value"].lower(): each["value"] for each in self["picklistValues"] if each["active"]}

    @cached_property
    def permissionable(self) -> bool:
        """Whether field-level security can hide it."""
        return bool(self["permissionable"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A reference that points at an object, seen from that object. `on_delete` is clear, cascade or restrict."""

    sobject: str
    field: str
    relationship: str | None
    on_delete: str


@dataclass(frozen=True, kw_only=True, eq=False)
class SObject:
    """One object: describe header, fields in their order, and what points at it.

    `sharing` is the organisation-wide default (ReadWrite, Read, Private). `activities` says whether a Task's WhatId may
    point at it. `auto_number` is the format of an auto-number Name, such as CP-{00000000}.
    """

    name: str
    header: Mapping[str, Any]
    fields: tuple[Field, ...]
    children: tuple[Child, ...] = ()
    sharing: str = "ReadWrite"
    activities: bool = False
    validations: tuple["Validation", ...] = ()
    record_types: tuple[Mapping[str, Any], ...] = ()

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """Fields by lower-case name."""
        return {one.name.lower(): one for one in self.fields}

    @cached_property
    def by_relationship(self) -> dict[str, Field]:
        """Reference fields by lower-case relationship name."""
        return {one.relationship.lower(): one for one in self.fields if one.relationship and one.type == "reference"}

    @cached_property
    def by_child(self) -> dict[str, Child]:
        """Children by lower-case relationship name."""
        return {one.relationship.lower(): one for one in self.children if one.relationship}

    @cached_property
    def prefix(self) -> str:
        """The first three characters of the ids of its records."""
        return str(self.header["keyPrefix"])

    @cached_property
    def label(self) -> str:
        """The object's label."""
        return str(self.header["label"])

    @cached_property
    def unique_fields(self) -> tuple[Field, ...]:
        """Fields of which no two records may have the same value."""
        return tuple(one for one in self.fields if one["unique"])

    @cached_property
    def required_fields(self) -> tuple[Field, ...]:
        """Fields that a create must give."""
        return tuple(one for one in self.fields if one.required)

    @cached_property
    def defaulted_fields(self) -> tuple[Field, ...]:
        """Fields that a create fills when it does not give them."""
        plain = {"id", "datetime"}
        return tuple(one for one in self.fields if one.type not in plain and _has_default(one))

    @cached_property
    def name_field(self) -> Field | None:
        """The field that stands for a record's name."""
        return next((one for one in self.fields if one["nameField"]), None)

    def field(self, name: str) -> Field | None:
        """The field of this name, without regard to case."""
        return self.by_name.get(name.lower())

    def with_fields(self, changed: Iterable[Field]) -> "SObject":
        """The same object with fields added, or replaced where the name is taken."""
        merged = {one.name.lower(): one for one in self.fields}
        merged |= {one.name.lower(): one for one in changed}
        return replace(self, fields=tuple(merged.values()))

    def with_child(self, child: Child) -> "SObject":
        """The same object, pointed at by one more reference."""
        others = [one for one in self.children if (one.sobject, one.field) != (child.sobject, child.field)]
        return replace(self, children=(*others, child))


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """A validation rule: `refuses(record)` is true when the record may not be saved."""

    name: str
    formula: str
    message: str
    field: str | None


def _has_default(one: Field) -> bool:
    return one.type == "boolean" or one["defaultValue"] is not None or any(v["defaultValue"] for v in _values(one))


def _values(one: Field) -> list[dict[str, Any]]:
    values: list[dict[str, Any]] = one["picklistValues"]
    return values


def _whole_value(value: str | dict[str, Any]) -> dict[str, Any]:
    if isinstance(value, str):
        value = {"label": value, "value": value}
    standard = {"active": True, "defaultValue": False, "label": value["value"], "validFor": None}
    return {**standard, "label": value.get("label", value["value"]), "value": value["value"]} | value


# --- loading -------------------------------------------------------------------------------------------------------

SCHEMA = Path(__file__).parent / "schema"


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


_OBJECT_LINE = re.compile(r'object (\w+) (\w{3}) "([^"]+)" "([^"]+)" (read|write)')
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
        name, prefix, label, plural, mode = match.groups()
        fields: list[Field] = []
        for line in lines:
            if line == "+audit":
                fields += system_fields()
            elif line == "+system":
                fields += [one for one in system_fields() if one.name in {"Id", "SystemModstamp"}]
            else:
                fields.append(_handmade_field(line))
        header = header_for(name, prefix, label, plural, custom=False, writable=mode == "write")
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
