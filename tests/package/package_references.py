"""Checks what one file of the package says about another, and the limits that Salesforce sets on names and texts."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.package.package_tree import Node, ObjectTree, Tree, read_tree

FOLDERS = {"layouts", "objects", "permissionsets", "queues", "quickActions", "tabs"}
STANDARD_COLUMNS = {"NAME", "OWNER.ALIAS", "CREATED_DATE", "LAST_UPDATE"}
STANDARD_FIELDS = {"Name", "OwnerId", "CreatedById", "LastModifiedById"}
STANDARD_LISTS = {"RelatedActivityList", "RelatedHistoryList"}
NEEDED = {
    "Checkbox": ("defaultValue",),
    "LongTextArea": ("length", "visibleLines"),
    "Lookup": ("referenceTo", "relationshipName", "deleteConstraint"),
    "MultiselectPicklist": ("valueSet/valueSetDefinition/value/fullName", "visibleLines"),
    "Number": ("precision", "scale"),
    "Picklist": ("valueSet/valueSetDefinition/value/fullName",),
    "Text": ("length",),
}
NOT_IN_COMPACT_LAYOUTS = {"LongTextArea", "MultiselectPicklist", "TextArea", "Html"}
NOT_IN_FILTERS = {"LongTextArea", "Html"}
MOST_TRACKED_FIELDS = 20


def check_references(root: Path) -> list[str]:
    """Findings over a well-formed source tree, as ``file: text``; empty when all is well."""
    tree = read_tree(root)
    checks = (
        check_paths, check_objects, check_fields, check_list_views, check_compact_layouts, check_rules,
        check_layouts, check_actions, check_queues, check_tabs, check_permissions,
    )  # fmt: skip
    return [finding for check in checks for finding in check(tree)]


def check_paths(tree: Tree) -> Iterator[str]:
    """Nothing that belongs to the institution: standard objects, their layouts, profiles, value sets, code, flows."""
    for path in tree.paths:
        folder, name = path.split("/")[:2]
        if folder not in FOLDERS:
            yield f"{path}: this package ships no {folder}"
        elif folder in {"objects", "layouts", "tabs"} and not re.match(r"\w+__c(-|\.|$)", name):
            yield f"{path}: belongs to a standard object"


def check_objects(tree: Tree) -> Iterator[str]:
    """Each object has its definition, one unique key, and no more tracked fields than Salesforce allows."""
    for name, own in tree.objects.items():
        if own.definition is None:
            yield f"objects/{name}: has no definition"
            continue
        key = own.fields.get("Key__c")
        if key is None or any(key.text(flag) != "true" for flag in ("externalId", "required", "unique")):
            yield f"objects/{name}: Key__c is not a required unique external id"
        tracked = [field for field, node in own.fields.items() if node.text("trackHistory") == "true"]
        if tracked and own.definition.text("enableHistory") != "true":
            yield f"objects/{name}: tracks {tracked[0]} without history"
        if len(tracked) > MOST_TRACKED_FIELDS:
            yield f"objects/{name}: tracks more than {MOST_TRACKED_FIELDS} fields"
        assigned = own.definition.text("compactLayoutAssignment")
        if assigned not in own.compactLayouts:
            yield f"objects/{name}: there is no compact layout {assigned}"
        for column in own.definition.texts("searchLayouts/searchResultsAdditionalFields"):
            if column not in own.fields:
                yield f"objects/{name}: search layout names {column}, which does not exist"


def check_fields(tree: Tree) -> Iterator[str]:
    """Each field has what its type needs, a label and a help text within the limits, and a target that exists."""
    relations: set[tuple[str, str]] = set()
    for name, own in tree.objects.items():
        for field, node in own.fields.items():
            where = f"objects/{name}/fields/{field}"
            for needed in NEEDED.get(node.text("type"), ()):
                if not node.text(needed):
                    yield f"{where}: a {node.text('type')} needs {needed}"
            if not 1 <= len(node.text("label")) <= 40:
                yield f"{where}: the label has not 1 to 40 characters"
            if not 20 <= len(node.text("inlineHelpText")) <= 510:
                yield f"{where}: the help text has not 20 to 510 characters"
            target = node.text("referenceTo")
            if target and target != "Contact" and target not in tree.objects:
                yield f"{where}: refers to {target}, which does not exist"
            relation = (target, node.text("relationshipName"))
            if target and relation in relations:
                yield f"{where}: {target} has two relationships {relation[1]}"
            relations.add(relation)


def _filter_findings(own: ObjectTree, where: str, view: Node) -> Iterator[str]:
    filters = view.all("filters")
    for condition in filters:
        field = condition.text("field")
        if field not in own.fields:
            yield f"{where}: filters by {field}, which does not exist"
            continue
        if own.fields[field].text("type") in NOT_IN_FILTERS:
            yield f"{where}: {field} cannot be filtered by"
        values = own.values(field)
        for value in condition.text("value").split(","):
            if values and value and value not in values:
                yield f"{where}: {value!r} is no value of {field}"
    numbers = {int(number) for number in re.findall(r"\d+", view.text("booleanFilter"))}
    if numbers and numbers != set(range(1, len(filters) + 1)):
        yield f"{where}: the filter logic does not name each filter"


def check_list_views(tree: Tree) -> Iterator[str]:
    """Columns, filters, picklist values and queues of list views exist; labels are short and differ."""
    for name, own in tree.objects.items():
        labels: set[str] = set()
        for view_name, view in own.listViews.items():
            where = f"objects/{name}/listViews/{view_name}"
            for column in view.texts("columns"):
                if column not in own.fields and column not in STANDARD_COLUMNS:
                    yield f"{where}: column {column} does not exist"
            yield from _filter_findings(own, where, view)
            queue = view.text("queue")
            if (view.text("filterScope") == "Queue") != bool(queue) or (queue and queue not in tree.flat["queues"]):
                yield f"{where}: queue {queue or '(none)'} does not exist"
            if len(view.text("label")) > 40 or view.text("label") in labels:
                yield f"{where}: the label is too long or used twice"
            labels.add(view.text("label"))


def check_compact_layouts(tree: Tree) -> Iterator[str]:
    """Compact layouts hold existing fields of types that they may hold."""
    for name, own in tree.objects.items():
        for layout_name, layout in own.compactLayouts.items():
            for field in layout.texts("fields"):
                where = f"objects/{name}/compactLayouts/{layout_name}"
                if field not in own.fields and field not in STANDARD_FIELDS:
                    yield f"{where}: {field} does not exist"
                elif field in own.fields and own.fields[field].text("type") in NOT_IN_COMPACT_LAYOUTS:
                    yield f"{where}: {field} cannot be in a compact layout"


def check_rules(tree: Tree) -> Iterator[str]:
    """Fields and picklist values in validation rules exist; parentheses are balanced."""
    for name, own in tree.objects.items():
        for rule_name, rule in own.validationRules.items():
            where = f"objects/{name}/validationRules/{rule_name}"
            formula = rule.text("errorConditionFormula")
            for field in {*re.findall(r"\w+__c", formula), rule.text("errorDisplayField")}:
                if field not in own.fields:
                    yield f"{where}: {field} does not exist"
            for field, value in re.findall(r'ISPICKVAL\((\w+), "([^"]*)"\)', formula):
                if value and value not in own.values(field):
                    yield f"{where}: {value!r} is no value of {field}"
            if formula.count("(") != formula.count(")"):
                yield f"{where}: the parentheses are not balanced"
            if len(rule.text("errorMessage")) > 255:
                yield f"{where}: the message is longer than 255 characters"


def check_layouts(tree: Tree) -> Iterator[str]:
    """Layouts hold existing fields once, every required one as required, and actions and related lists that exist."""
    for layout_name, layout in tree.files("layouts"):
        where = f"layouts/{layout_name}"
        name = layout_name.partition("-")[0]
        if name not in tree.objects:
            yield f"{where}: there is no object {name}"
            continue
        own = tree.objects[name]
        items = layout.all("layoutSections/layoutColumns/layoutItems")
        fields = [item.text("field") for item in items]
        for field in fields:
            if field not in own.fields and field not in STANDARD_FIELDS:
                yield f"{where}: {field} does not exist"
        if len(fields) != len(set(fields)):
            yield f"{where}: holds a field twice"
        required = {item.text("field") for item in items if item.text("behavior") == "Required"}
        if missing := own.required() - required:
            yield f"{where}: {min(missing)} must be there as required"
        yield from _layout_link_findings(tree, where, layout)


def _layout_link_findings(tree: Tree, where: str, layout: Node) -> Iterator[str]:
    for item in layout.all("platformActionList/platformActionListItems"):
        if item.text("actionType") == "QuickAction" and item.text("actionName") not in tree.flat["quickActions"]:
            yield f"{where}: there is no action {item.text('actionName')}"
    for related in layout.all("relatedLists"):
        child, _, field = related.text("relatedList").partition(".")
        if not field:
            if child not in STANDARD_LISTS:
                yield f"{where}: there is no related list {child}"
        elif child not in tree.objects or field not in tree.objects[child].fields:
            yield f"{where}: there is no related list {child}.{field}"
        else:
            for column in related.texts("fields"):
                if column != "NAME" and column not in tree.objects[child].fields:
                    yield f"{where}: related list column {column} does not exist"


def check_actions(tree: Tree) -> Iterator[str]:
    """Quick actions update the object that they are named for, with existing fields and values."""
    for action_name, action in tree.files("quickActions"):
        where = f"quickActions/{action_name}"
        target = action.text("targetObject")
        if target not in tree.objects or action_name.partition(".")[0] != target:
            yield f"{where}: target {target} is not the object of the name"
            continue
        own = tree.objects[target]
        path = "quickActionLayout/quickActionLayoutColumns/quickActionLayoutItems/field"
        for field in action.texts(path) + action.texts("fieldOverrides/field"):
            if field not in own.fields:
                yield f"{where}: {field} does not exist"
        for override in action.all("fieldOverrides"):
            values = own.values(override.text("field"))
            if values and override.text("literalValue") not in values:
                yield f"{where}: {override.text('literalValue')!r} is no value of {override.text('field')}"


def check_queues(tree: Tree) -> Iterator[str]:
    """Queues hold tasks and objects of the package."""
    for name, queue in tree.files("queues"):
        for kind in queue.texts("queueSobject/sobjectType"):
            if kind != "Task" and kind not in tree.objects:
                yield f"queues/{name}: there is no object {kind}"


def check_tabs(tree: Tree) -> Iterator[str]:
    """Tabs belong to objects of the package."""
    for name, _ in tree.files("tabs"):
        if name not in tree.objects:
            yield f"tabs/{name}: there is no object {name}"


FREE_OBJECTS = {"Account", "Contact", "Event", "Task"}


def check_permissions(tree: Tree) -> Iterator[str]:
    """What permission sets grant exists and can be granted; nobody deletes, nobody edits a contact."""
    for name, granted in tree.files("permissionsets"):
        where = f"permissionsets/{name}"
        yield from _field_permission_findings(tree, where, granted)
        for entry in granted.all("objectPermissions"):
            yield from _object_permission_findings(tree, where, entry)
        for tab in granted.texts("tabSettings/tab"):
            if tab not in tree.flat["tabs"]:
                yield f"{where}: there is no tab {tab}"
        for permission in granted.texts("userPermissions/name"):
            if permission not in {"ActivitiesAccess", "ApiEnabled", "EditTask"}:
                yield f"{where}: grants {permission}"


def _field_permission_findings(tree: Tree, where: str, granted: Node) -> Iterator[str]:
    objects = {entry.text("object"): entry for entry in granted.all("objectPermissions")}
    seen: set[str] = set()
    for entry in granted.all("fieldPermissions"):
        full = entry.text("field")
        owner, _, field = full.partition(".")
        if full in seen:
            yield f"{where}: {full} is granted twice"
        seen.add(full)
        editable = entry.text("editable") == "true"
        if owner == "Contact" and editable:
            yield f"{where}: contact field {full} is editable"
        if owner in FREE_OBJECTS:
            continue
        if owner not in tree.objects or field not in tree.objects[owner].fields:
            yield f"{where}: there is no field {full}"
        elif field in tree.objects[owner].required():
            yield f"{where}: {full} is required and cannot be granted"
        elif owner not in objects or (editable and objects[owner].text("allowEdit") != "true"):
            yield f"{where}: {full} is granted beyond its object"


def _object_permission_findings(tree: Tree, where: str, entry: Node) -> Iterator[str]:
    name = entry.text("object")
    if name not in tree.objects and name not in {"Account", "Contact"}:
        yield f"{where}: there is no object {name}"
    forbidden = {"allowDelete", "modifyAllRecords"}
    if name in {"Account", "Contact"}:
        forbidden |= {"allowCreate", "allowEdit"}
    for right in sorted(forbidden):
        if entry.text(right) != "false":
            yield f"{where}: grants {right} on {name}"
