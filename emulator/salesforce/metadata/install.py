"""What each kind of component does to an organisation when it is deployed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from emulator.salesforce.access import Access, Grant, ObjectGrant
from emulator.salesforce.defining import next_prefix
from emulator.salesforce.fields import Child, Field, SObject, Validation
from emulator.salesforce.formulas import FormulaError, compile_formula
from emulator.salesforce.metadata import definitions
from emulator.salesforce.metadata.archive import DeployProblem, Element
from emulator.salesforce.org import Org


class Note(Protocol):
    """Where the outcome of a part of a file is noted."""

    def __call__(
        self, sub_kind: str, sub_name: str, *, created: bool, problem: DeployProblem | None = None, warning: bool = False
    ) -> None:
        """Note one outcome."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where a component is deployed, and by whom. `kind` is the metadata type of the file."""

    org: Org
    access: Access
    note: Note
    kind: str


# --- objects --------------------------------------------------------------------------------------------------------


def custom_object(site: Site, name: str, element: Element) -> bool:
    """An .object file: a custom object, or additions to any object; `Activity` stands for Task and Event."""
    org = site.org
    if name == "Activity":
        for each in ("Task", "Event"):
            _parts(site, each, element, shown="Activity")
        return False
    known = org.objects.get(name.lower())
    created = known is None
    if known is None:
        if not name.endswith("__c"):
            raise DeployProblem(f"Cannot create a new object with the name {name}", line=element.line)
        known = definitions.custom_object(name, element, next_prefix(org))
        org.define(known)
        if known.activities:
            _join_activities(org, known)
    elif element.text("sharingModel") and name.endswith("__c"):
        org.define(replace(known, sharing=definitions.sharing(element.text("sharingModel"))))
    _parts(site, name, element, shown=name)
    return created


def _join_activities(org: Org, known: SObject) -> None:
    """Let Task.WhatId and Event.WhatId point at an object."""
    for name, relationship in (("Task", "Tasks"), ("Event", "Events")):
        activity = org.sobject(name)
        what = activity.by_name["whatid"]
        targets = [*what.references, known.name]
        changed = Field(name=what.name, type=what.type, properties={**what.properties, "referenceTo": targets})
        org.define(activity.with_fields([changed]))
        child = Child(sobject=name, field="WhatId", relationship=relationship, on_delete="cascade")
        org.define(org.sobject(known.name).with_child(child))


def _parts(site: Site, name: str, element: Element, *, shown: str) -> None:
    """The fields, rules, record types and the rest of an object file, each with its own outcome."""
    for kind, tag, action in _PARTS:
        for each in element.each(tag):
            full = f"{shown}.{each.text('fullName')}"
            try:
                created = action(site.org, site.org.sobject(name), each)
            except DeployProblem as problem:
                line = problem.line or each.line
                site.note(kind, full, created=False, problem=DeployProblem(problem.problem, line=line, column=1))
            else:
                site.org.package.components[kind, full] = each.xml()
                site.note(kind, full, created=created)


def _field(org: Org, sobject: SObject, element: Element) -> bool:
    name = element.text("fullName")
    known = sobject.field(name)
    if not name.endswith("__c"):
        if known is None:
            raise DeployProblem(f"Entity: {sobject.name} has no standard field {name}")
        return False
    made = definitions.custom_field(element)
    for target in made.references:
        if target.lower() not in org.objects:
            raise DeployProblem(f"referenceTo value of '{target}' does not resolve to a valid sObject type")
    if known is not None and known.type != made.type:
        raise DeployProblem(f"Cannot change which type of field {name} is from {known.type} to {made.type}")
    if made["calculated"]:
        _compiled(made["calculatedFormula"], sobject)
    org.define(sobject.with_fields([made]))
    for target in made.references:
        child = definitions.child_of(sobject.name, made)
        other = org.sobject(target)
        taken = other.by_child.get((child.relationship or "").lower())
        if taken is not None and (taken.sobject, taken.field) != (child.sobject, child.field):
            raise DeployProblem(f"There is already a Child Relationship named {child.relationship} on {target}.")
        org.define(other.with_child(child))
    return known is None


def _validation(org: Org, sobject: SObject, element: Element) -> bool:
    name, formula = element.text("fullName"), element.text("errorConditionFormula")
    shown = element.text("errorDisplayField")
    if shown and sobject.field(shown) is None:
        raise DeployProblem(f"Error display field {shown} does not exist")
    _compiled(formula, sobject)
    others = [rule for rule in sobject.validations if rule.name != name]
    made = Validation(name=name, formula=formula, message=element.text("errorMessage"), field=shown or None)
    active = [made] if element.flag("active") else []
    org.define(replace(sobject, validations=(*others, *active)))
    return len(others) == len(sobject.validations)


def _compiled(formula: str, sobject: SObject) -> None:
    try:
        compile_formula(formula, sobject)
    except FormulaError as error:
        raise DeployProblem(f"Error in formula: {error}") from None


def _record_type(org: Org, sobject: SObject, element: Element) -> bool:
    name = element.text("fullName")
    rows = [row for row in org.table("RecordType").equal("DeveloperName", [name]) if row["SobjectType"] == sobject.name]
    values = {
        "Name": element.text("label"),
        "DeveloperName": name,
        "SobjectType": sobject.name,
        "IsActive": element.flag("active", default=True),
    }
    _write(org, "RecordType", rows[0] if rows else None, values)
    if sobject.field("RecordTypeId") is None:
        properties = {"label": "Record Type ID", "referenceTo": ["RecordType"], "relationshipName": "RecordType"}
        flags = {"createable": True, "updateable": True, "defaultedOnCreate": True}
        org.define(sobject.with_fields([Field(name="RecordTypeId", type="reference", properties=properties | flags)]))
    return not rows


def _list_view(_org: Org, sobject: SObject, element: Element) -> bool:
    for column in element.each("columns"):
        name = (column.node.text or "").strip()
        if name.endswith("__c") and "." not in name and sobject.field(name) is None:
            raise DeployProblem(f"Could not resolve list view column: {name}", line=column.line)
    return True


def _plain(_org: Org, _sobject: SObject, _element: Element) -> bool:
    return True


_PARTS: tuple[tuple[str, str, Callable[[Org, SObject, Element], bool]], ...] = (
    ("CustomField", "fields", _field),
    ("RecordType", "recordTypes", _record_type),
    ("ValidationRule", "validationRules", _validation),
    ("ListView", "listViews", _list_view),
    ("CompactLayout", "compactLayouts", _plain),
    ("FieldSet", "fieldSets", _plain),
    ("WebLink", "webLinks", _plain),
    ("BusinessProcess", "businessProcesses", _plain),
)
PART_TAGS = {kind: tag for kind, tag, _ in _PARTS}
"""The element in an object's file for each type that is a part of one."""


def remove_field(org: Org, known: SObject, name: str) -> None:
    """Delete a field from an object."""
    org.define(replace(known, fields=tuple(one for one in known.fields if one.name.lower() != name.lower())))


def remove_object(org: Org, name: str) -> None:
    """Delete a custom object with its records."""
    known = org.objects.pop(name.lower())
    for id_ in list(org.table(known.name).rows):
        org.purge(known.name, id_)
    org.touch_schema()


# --- queues ---------------------------------------------------------------------------------------------------------


def queue(site: Site, name: str, element: Element) -> bool:
    """A .queue file: a Group of type Queue and the objects that it may own."""
    org = site.org
    groups = org.table("Group").equal("DeveloperName", [name])
    known = next((row for row in groups if row.get("Type") == "Queue" and not row["IsDeleted"]), None)
    values = {
        "Name": element.text("name"),
        "DeveloperName": name,
        "Type": "Queue",
        "DoesSendEmailToMembers": element.flag("doesSendEmailToMembers"),
        "OwnerId": org.admin_id,
    }
    id_ = _write(org, "Group", known, values)
    owned = {row["SobjectType"] for row in org.table("QueueSobject").equal("QueueId", [id_])}
    for each in element.each("queueSobject"):
        kind = each.text("sobjectType")
        if kind.lower() not in org.objects:
            raise DeployProblem(f"In field: sobjectType - no CustomObject named {kind} found", line=each.line)
        if kind not in owned:
            _write(org, "QueueSobject", None, {"QueueId": id_, "SobjectType": kind})
    return known is None


# --- permissions ----------------------------------------------------------------------------------------------------


def permission_set(site: Site, name: str, element: Element) -> bool:
    """A .permissionset file: replaces what the set gave before."""
    org = site.org
    known = next(iter(org.table("PermissionSet").equal("Name", [name])), None)
    grant = _grant(org, element)
    values = {"Name": name, "Label": element.text("label"), "Description": element.text("description") or None}
    flags = {f"Permissions{each}": True for each in grant.permissions if org.sobject("PermissionSet").field(f"Permissions{each}")}
    id_ = _write(org, "PermissionSet", known, values | flags | {"IsCustom": True, "IsOwnedByProfile": False})
    org.grants[id_] = grant
    org.touch_schema()
    return known is None


def profile(site: Site, name: str, element: Element) -> bool:
    """A .profile file: adds to what the profile gives."""
    org = site.org
    names = {"Admin": "System Administrator", "Standard": "Standard User"}
    known = next(iter(org.table("Profile").equal("Name", [names.get(name, name)])), None)
    if known is None:
        raise DeployProblem(f"In field: profile - no Profile named {name} found", line=element.line)
    added, grant = _grant(org, element), org.grants[known["Id"]]
    grant.objects |= added.objects
    grant.fields |= added.fields
    grant.permissions |= added.permissions
    org.touch_schema()
    return False


def _grant(org: Org, element: Element) -> Grant:
    grant = Grant()
    for each in element.each("userPermissions"):
        if each.flag("enabled"):
            grant.permissions.add(each.text("name"))
    for each in element.each("objectPermissions"):
        name = each.text("object")
        if name.lower() not in org.objects:
            raise DeployProblem(f"In field: field - no CustomObject named {name} found", line=each.line)
        grant.objects[name.lower()] = _object_grant(name, each)
    for each in element.each("fieldPermissions"):
        path = each.text("field")
        _check_field(org, path, each)
        sobject, _, name = path.lower().partition(".")
        if each.flag("readable") or each.flag("editable"):
            grant.fields[sobject, name] = each.flag("editable")
    return grant


def _object_grant(name: str, each: Element) -> ObjectGrant:
    read = each.flag("allowRead")
    for what in ("Create", "Edit", "Delete"):
        if each.flag(f"allow{what}") and not read:
            raise DeployProblem(f"Permission {what} {name} depends on permission(s): Read {name}", line=each.line)
    return ObjectGrant(
        create=each.flag("allowCreate"),
        read=read,
        edit=each.flag("allowEdit"),
        delete=each.flag("allowDelete"),
        view_all=each.flag("viewAllRecords"),
        modify_all=each.flag("modifyAllRecords"),
    )


def _check_field(org: Org, path: str, each: Element) -> None:
    sobject, _, name = path.partition(".")
    known = org.objects.get("task" if sobject == "Activity" else sobject.lower())
    one = known.field(name) if known else None
    if one is None:
        raise DeployProblem(f"In field: field - no CustomField named {path} found", line=each.line)
    if not one.permissionable and one["custom"]:
        raise DeployProblem(f"You cannot deploy to a required field: {path}", line=each.line)
    if one["calculated"] and each.flag("editable"):
        raise DeployProblem(f"Field {path} is not editable", line=each.line)


# --- the rest -------------------------------------------------------------------------------------------------------


def stored(site: Site, name: str, element: Element) -> bool:
    """A component that is kept as it is, once the fields and objects that it names exist."""
    target = element.text("targetObject") or (name.partition(".")[0] if site.kind == "QuickAction" else "")
    if site.kind == "Layout":
        target = name.partition("-")[0]
    known = site.org.objects.get(target.lower()) if target else None
    if target.endswith("__c") and known is None:
        raise DeployProblem(f"In field: object - no CustomObject named {target} found", line=element.line)
    if known is not None:
        for node in element.node.iter("{*}field"):
            text = (node.text or "").strip()
            if text.endswith("__c") and "." not in text and known.field(text) is None:
                raise DeployProblem(f"In field: field - no CustomField named {target}.{text} found", line=element.line)
    return (site.kind, name) not in site.org.package.components


def _write(org: Org, sobject: str, known: dict[str, Any] | None, values: dict[str, Any]) -> str:
    """Create or change a setup record, as the platform itself does."""
    now = org.stamp()
    row = dict(known) if known else {"Id": org.new_id(org.sobject(sobject)), "IsDeleted": False, "CreatedDate": now}
    row |= {key: value for key, value in values.items() if value is not None}
    row |= {"CreatedById": org.admin_id, "LastModifiedById": org.admin_id, "LastModifiedDate": now, "SystemModstamp": now}
    org.put(sobject, row)
    return str(row["Id"])
