"""CustomObject and CustomField files turned into definitions of objects and fields."""

from typing import Any

from emulator.salesforce.fields import Child, Field, SObject
from emulator.salesforce.metadata.archive import DeployProblem, Element
from emulator.salesforce.schema.loading import header_for, standard_fields

_SIMPLE: dict[str, tuple[str, dict[str, Any]]] = {
    "Text": ("string", {}),
    "EncryptedText": ("encryptedstring", {"encrypted": True, "filterable": False, "sortable": False}),
    "TextArea": ("textarea", {"length": 255, "extraTypeInfo": "plaintextarea"}),
    "LongTextArea": ("textarea", {"extraTypeInfo": "plaintextarea"}),
    "Html": ("textarea", {"extraTypeInfo": "richtextarea", "htmlFormatted": True}),
    "Email": ("email", {"length": 80}),
    "Phone": ("phone", {"length": 40}),
    "Url": ("url", {"length": 255}),
    "Checkbox": ("boolean", {}),
    "Number": ("double", {}),
    "Currency": ("currency", {}),
    "Percent": ("percent", {}),
    "Date": ("date", {}),
    "DateTime": ("datetime", {}),
    "Time": ("time", {}),
    "Picklist": ("picklist", {"length": 255}),
    "MultiselectPicklist": ("multipicklist", {"length": 4099}),
    "AutoNumber": ("string", {"length": 30, "autoNumber": True}),
    "Lookup": ("reference", {}),
    "MasterDetail": ("reference", {}),
}
_LONG = {"filterable": False, "sortable": False, "groupable": False, "aggregatable": False}


def custom_field(element: Element) -> Field:
    """A field from its `CustomField` or `fields` element.

    Raises:
        DeployProblem: it lacks what its type needs.
    """
    name, kind = element.text("fullName"), element.text("type")
    if kind not in _SIMPLE:
        raise DeployProblem(f"'{kind}' is not a valid value for the enum 'FieldType'", line=element.line)
    type_, fixed = _SIMPLE[kind]
    required = element.flag("required") or kind == "MasterDetail"
    formula = element.text("formula")
    writable = not formula and kind != "AutoNumber"
    properties: dict[str, Any] = {
        "label": element.text("label") or name,
        "custom": True,
        "createable": writable,
        "updateable": writable and (kind != "MasterDetail" or element.flag("reparentableMasterDetail")),
        "nillable": not required and type_ != "boolean",
        "permissionable": not required,
        "inlineHelpText": element.text("inlineHelpText") or None,
        **fixed,
    }
    if formula:
        properties |= {"calculated": True, "calculatedFormula": formula, "filterable": True}
    if element.flag("externalId"):
        properties |= {"externalId": True, "idLookup": True}
    if element.flag("unique"):
        properties |= {"unique": True, "caseSensitive": element.flag("caseSensitive")}
    _add_size(element, kind, properties, formula=bool(formula))
    _add_values(element, kind, properties)
    _add_reference(element, kind, properties)
    _add_default(element, kind, properties)
    return Field(name=name, type=type_, properties=properties)


def _add_size(element: Element, kind: str, properties: dict[str, Any], *, formula: bool) -> None:
    name = element.text("fullName")
    if kind in {"Text", "LongTextArea", "Html", "EncryptedText"}:
        length = element.number("length") or (1300 if formula else 0)
        if not length:
            raise DeployProblem(f"Must specify 'length' for a CustomField of type {kind}", line=element.line)
        properties["length"] = length
        if kind != "Text":
            properties |= _LONG
        if kind == "Text" and length > 255 and not formula:
            raise DeployProblem(f"Value too large for length of {name}: at most 255", line=element.line)
        if kind in {"LongTextArea", "Html"} and not element.text("visibleLines"):
            raise DeployProblem(f"Must specify 'visibleLines' for a CustomField of type {kind}", line=element.line)
    if kind in {"Number", "Currency", "Percent"}:
        if not element.text("precision") or not element.text("scale"):
            raise DeployProblem(f"Must specify 'precision' and 'scale' for a CustomField of type {kind}", line=element.line)
        properties |= {"precision": element.number("precision"), "scale": element.number("scale")}
    if kind == "AutoNumber":
        properties["displayFormat"] = element.text("displayFormat", "{0}")


def _add_values(element: Element, kind: str, properties: dict[str, Any]) -> None:
    if kind not in {"Picklist", "MultiselectPicklist"}:
        return
    chosen = element.first("valueSet")
    definition = chosen.first("valueSetDefinition") if chosen else None
    if chosen is None or (definition is None and not chosen.text("valueSetName")):
        raise DeployProblem(f"Must specify a valueSet for a CustomField of type {kind}", line=element.line)
    properties["restrictedPicklist"] = chosen.flag("restricted")
    if kind == "MultiselectPicklist" and not element.text("visibleLines"):
        raise DeployProblem(f"Must specify 'visibleLines' for a CustomField of type {kind}", line=element.line)
    properties["precision"] = element.number("visibleLines")
    values = definition.each("value") if definition else []
    seen: set[str] = set()
    listed = []
    for each in values:
        name = each.text("fullName")
        if name.lower() in seen:
            raise DeployProblem(f"Duplicate value: {name}", line=each.line)
        seen.add(name.lower())
        active = each.flag("isActive", default=True)
        listed.append(
            {"value": name, "label": each.text("label") or name, "defaultValue": each.flag("default"), "active": active}
        )
    properties["picklistValues"] = listed


def _add_reference(element: Element, kind: str, properties: dict[str, Any]) -> None:
    if kind not in {"Lookup", "MasterDetail"}:
        return
    target = element.text("referenceTo")
    if not target:
        raise DeployProblem(f"Must specify 'referenceTo' for a CustomField of type {kind}", line=element.line)
    name = element.text("fullName")
    constraint = element.text("deleteConstraint", "SetNull")
    if constraint == "SetNull" and kind == "Lookup" and element.flag("required"):
        raise DeployProblem("field integrity exception: must specify either cascade delete or restrict delete", line=element.line)
    properties |= {
        "referenceTo": [target],
        "relationshipName": name.removesuffix("__c") + "__r",
        "childRelationshipName": element.text("relationshipName") or None,
        "cascadeDelete": kind == "MasterDetail" or constraint == "Cascade",
        "restrictedDelete": constraint == "Restrict",
    }
    if kind == "MasterDetail":
        properties |= {"relationshipOrder": element.number("relationshipOrder"), "writeRequiresMasterRead": False}


def _add_default(element: Element, kind: str, properties: dict[str, Any]) -> None:
    default = element.text("defaultValue")
    if kind == "Checkbox":
        if default.lower() not in {"true", "false"} and not properties.get("calculated"):
            raise DeployProblem("Must specify 'defaultValue' for a CustomField of type Checkbox", line=element.line)
        properties |= {"defaultValue": default.lower() == "true", "defaultedOnCreate": not properties.get("calculated")}
    elif default:
        properties |= {"defaultValueFormula": default, "defaultedOnCreate": True}
        if default.replace(".", "", 1).isdigit():
            properties["defaultValue"] = float(default)
        elif default[:1] in {'"', "'"}:
            properties["defaultValue"] = default[1:-1]


def child_of(sobject: str, made: Field) -> Child:
    """The child relationship that a reference makes in the object it points to."""
    name = made.properties.get("childRelationshipName")
    on_delete = "cascade" if made["cascadeDelete"] else "restrict" if made["restrictedDelete"] else "clear"
    return Child(sobject=sobject, field=made.name, relationship=f"{name}__r" if name else None, on_delete=on_delete)


def custom_object(name: str, element: Element, prefix: str) -> SObject:
    """A new custom object without its own fields; `prefix` begins the ids of its records.

    Raises:
        DeployProblem: it lacks what every object needs.
    """
    label, plural, kind = element.text("label"), element.text("pluralLabel"), element.first("nameField")
    if not label or not plural or kind is None:
        missing = "label" if not label else "pluralLabel" if not plural else "nameField"
        raise DeployProblem(f"Must specify a non-empty {missing} for the CustomObject", line=element.line)
    if not element.text("deploymentStatus") or not element.text("sharingModel"):
        missing = "deploymentStatus" if not element.text("deploymentStatus") else "sharingModel"
        raise DeployProblem(f"Must specify {missing} for the CustomObject", line=element.line)
    header = header_for(name, prefix, label, plural, custom=True, writable=True)
    activities = element.flag("enableActivities")
    number = kind.text("displayFormat", "{0}") if kind.text("type") == "AutoNumber" else None
    return SObject(
        name=name,
        header=header,
        fields=tuple(standard_fields(label, name_label=kind.text("label"), number=number, activities=activities)),
        activities=activities,
        sharing=sharing(element.text("sharingModel")),
    )


def sharing(model: str) -> str:
    """The organisation-wide default: only Private and the rest matter here."""
    return {"Private": "Private", "Read": "Read"}.get(model, "ReadWrite")
