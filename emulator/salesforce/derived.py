"""EntityDefinition and FieldDefinition: what objects and fields are, as records that queries can read."""

from typing import Any

from emulator.salesforce import permissions
from emulator.salesforce.access import SETUP
from emulator.salesforce.fields import Field, SObject
from emulator.salesforce.ids import make_id
from emulator.salesforce.org import Org
from emulator.salesforce.table import Row, Table

DEFINITIONS = frozenset({"EntityDefinition", "FieldDefinition"})
NAMES = DEFINITIONS | permissions.NAMES
"""The objects whose records follow from the definitions and grants."""


def table(org: Org, name: str) -> Table:
    """The records of an object; those that follow from definitions are made anew when the schema has changed."""
    known = org.table(name)
    if name not in NAMES or org.derived_at == org.version:
        return known
    org.derived_at = org.version
    for each in permissions.NAMES:
        org.tables[each] = permissions.records(org, each)
    for each in DEFINITIONS:
        org.tables[each] = Table()
    seen = [one for one in org.objects.values() if one.name not in NAMES and one.name.lower() not in SETUP - {"user"}]
    number = 0
    for at, sobject in enumerate(sorted(seen, key=lambda one: one.name), start=1):
        entity = make_id("4ie", at)
        org.tables["EntityDefinition"].put(_entity(org, sobject, entity))
        for one in sobject.fields:
            number += 1
            org.tables["FieldDefinition"].put(_field(org, sobject, one, entity, make_id("4fe", number)))
    return org.tables[name]


def _common(org: Org, id_: str, name: str, label: str, *, custom: bool) -> dict[str, Any]:
    prefix, _, rest = name.removesuffix("__c").partition("__")
    stamp = org.stamp()
    return {
        "Id": id_,
        "IsDeleted": False,
        "SystemModstamp": stamp,
        "LastModifiedDate": stamp if custom else None,
        "QualifiedApiName": name,
        "DeveloperName": rest or prefix,
        "NamespacePrefix": prefix if rest else None,
        "MasterLabel": label,
        "Label": label,
    }


def _entity(org: Org, sobject: SObject, id_: str) -> Row:
    header = sobject.header
    same = ("searchable", "replicateable", "retrieveable", "triggerable", "queryable", "feedEnabled", "mruEnabled", "layoutable")
    flags = {f"Is{name[0].upper()}{name[1:]}": bool(header.get(name)) for name in same}
    row = _common(org, id_, sobject.name, sobject.label, custom=bool(header["custom"])) | flags
    row |= {"DurableId": sobject.name, "PluralLabel": header["labelPlural"], "KeyPrefix": header["keyPrefix"]}
    row |= {"IsCustomizable": bool(header.get("layoutable")), "IsCustomSetting": bool(header.get("customSetting"))}
    row |= {"IsApexTriggerable": bool(header.get("triggerable")), "IsSearchLayoutable": bool(header.get("searchLayoutable"))}
    row |= {"IsCompactLayoutable": bool(header.get("compactLayoutable")), "IsIdEnabled": True}
    row |= {"IsDeprecatedAndHidden": bool(header.get("deprecatedAndHidden")), "IsEverCreatable": bool(header["createable"])}
    row |= {"IsEverUpdatable": bool(header["updateable"]), "IsEverDeletable": bool(header["deletable"])}
    row |= {"InternalSharingModel": sobject.sharing, "ExternalSharingModel": "Private", "DeploymentStatus": "Deployed"}
    return {key: value for key, value in row.items() if value is not None}


def _field(org: Org, sobject: SObject, one: Field, entity: str, id_: str) -> Row:
    row = _common(org, id_, one.name, one.label, custom=bool(one["custom"]))
    row |= {"DurableId": f"{sobject.name}.{one.name}", "EntityDefinitionId": entity, "DataType": _data_type(one)}
    row |= {"ValueTypeId": one["soapType"].partition(":")[2].lower(), "Length": one.length, "Precision": one["precision"]}
    row |= {"Scale": one["scale"], "IsCalculated": one["calculated"], "IsHighScaleNumber": one["highScaleNumber"]}
    row |= {"IsHtmlFormatted": one["htmlFormatted"], "IsNameField": one["nameField"], "IsNillable": one["nillable"]}
    row |= {"IsIndexed": one["idLookup"] or one["unique"] or one["externalId"], "IsApiFilterable": one["filterable"]}
    row |= {"IsApiGroupable": one["groupable"], "IsApiSortable": one["sortable"], "IsCompactLayoutable": True}
    row |= {"IsPolymorphicForeignKey": one["polymorphicForeignKey"], "RelationshipName": one.relationship}
    row |= {"ReferenceTo": ", ".join(one.references) or None, "ExtraTypeInfo": one["extraTypeInfo"]}
    row |= {"Description": one["inlineHelpText"]}
    return {key: value for key, value in row.items() if value is not None}


_TYPES = {
    "boolean": "Checkbox",
    "date": "Date",
    "datetime": "Date/Time",
    "double": "Number",
    "id": "Lookup()",
    "multipicklist": "Picklist (Multi-Select)",
    "string": "Text",
    "textarea": "Text Area",
    "url": "URL",
}


def _data_type(one: Field) -> str:
    """As Setup shows it: `Text(80)`, `Number(16, 2)`, `Lookup(Account)` [documentation; for rare types a guess]."""
    if one.references:
        return f"Lookup({','.join(one.references)})"
    name = _TYPES.get(one.type, one.type.title())
    if one.type in {"double", "currency", "percent"}:
        return f"{name}({one['precision'] - one['scale']}, {one['scale']})"
    return f"{name}({one.length})" if one.type == "string" else name
