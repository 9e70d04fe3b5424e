"""What an object and its fields are: immutable definitions, printed by describe and obeyed by every write and query."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
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
