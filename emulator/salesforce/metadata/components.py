"""Components one by one: what there is, its XML, and the calls that create, change or delete single ones."""

from collections.abc import Iterable
from copy import deepcopy

from lxml import etree

from emulator.salesforce.access import Access
from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.fields import Field
from emulator.salesforce.metadata.archive import NAMESPACE, Archive, Element, Manifest
from emulator.salesforce.metadata.deploy import FOLDERS, Options, destroy, install_archive
from emulator.salesforce.metadata.install import PART_TAGS
from emulator.salesforce.org import Org

KINDS = (*FOLDERS, *PART_TAGS)
"""Every metadata type that is emulated; parts of an object are types of their own."""


def names(org: Org, kind: str) -> list[str]:
    """The full names of all components of a type, sorted."""
    found = {name for known, name in org.package.components if known == kind}
    if kind == "CustomObject":
        found |= {one.name for one in org.objects.values()}
    if kind == "CustomField":
        found |= {f"{one.name}.{each.name}" for one in org.objects.values() for each in one.fields if each["custom"]}
    return sorted(found)


def source(org: Org, kind: str, name: str) -> Element | None:
    """A component as its file says it, with its full name first; None where there is none of that name."""
    if kind == "CustomObject":
        return object_source(org, name)
    content = org.package.components.get((kind, name))
    root = etree.fromstring(content) if content else _undeployed(org, kind, name)
    if root is None:
        return None
    for each in root.findall(f"{NAMESPACE}fullName"):
        root.remove(each)
    made = _root(kind)
    etree.SubElement(made, f"{NAMESPACE}fullName").text = name
    made.extend(root)
    return Element(node=made)


def _root(tag: str) -> etree._Element:
    space = {None: NAMESPACE.strip("{}")}
    return etree.Element(NAMESPACE + tag, nsmap=space)  # type: ignore[arg-type]  # None is the default namespace


def _undeployed(org: Org, kind: str, name: str) -> etree._Element | None:
    """A custom field that no file brought: the least that its file would say."""
    sobject, _, own = name.partition(".")
    known = org.objects.get(sobject.lower())
    one = known.field(own) if known is not None and kind == "CustomField" else None
    return _field_element(one) if one is not None and one["custom"] else None


_KIND_OF_FIELD = {
    "boolean": "Checkbox",
    "double": "Number",
    "datetime": "DateTime",
    "multipicklist": "MultiselectPicklist",
    "reference": "Lookup",
    "string": "Text",
    "textarea": "LongTextArea",
}


def _field_element(one: Field) -> etree._Element:
    root = etree.Element(f"{NAMESPACE}fields")
    said = {"label": one.label, "type": _KIND_OF_FIELD.get(one.type, one.type.title())}
    said |= {"length": str(one.length)} if one.type in {"string", "textarea"} else {}
    said |= {name: str(one[name]) for name in ("precision", "scale") if one.type in {"double", "currency", "percent"}}
    said |= {name: "true" for name in ("externalId", "unique", "caseSensitive") if one[name]}
    said |= {"referenceTo": one.references[0]} if one.references else {}
    for name, text in sorted(said.items()):
        etree.SubElement(root, NAMESPACE + name).text = text
    return root


def object_source(org: Org, name: str, parts: Iterable[tuple[str, str]] | None = None) -> Element | None:
    """An object's file: its own settings and all its parts, or only these (type and full name)."""
    known = org.objects.get(name.lower())
    if known is None and name != "Activity":
        return None
    shown = known.name if known is not None else name
    made = _root("CustomObject")
    etree.SubElement(made, f"{NAMESPACE}fullName").text = shown
    content = org.package.components.get(("CustomObject", shown))
    if content and parts is None:
        tags = {NAMESPACE + tag for tag in PART_TAGS.values()} | {f"{NAMESPACE}fullName"}
        made.extend(each for each in etree.fromstring(content) if each.tag not in tags)
    chosen = parts if parts is not None else [(kind, each) for kind in PART_TAGS for each in names(org, kind)]
    for kind, full in chosen:
        found = source(org, kind, full) if full.partition(".")[0] == shown else None
        if found is not None:
            found.node.tag = NAMESPACE + PART_TAGS[kind]
            found.node[0].text = full.partition(".")[2]
            made.append(found.node)
    return Element(node=made)


def create(org: Org, access: Access, kind: str, node: etree._Element) -> bool:
    """Make a new component; returns True.

    Raises:
        SalesforceError: there is one of that name, or it cannot be made.
    """
    name = _name(node)
    if name in names(org, kind):
        raise SalesforceError("DUPLICATE_DEVELOPER_NAME", f"There is already a {kind} named {name}.", fields=("fullName",))
    return _write(org, access, kind, node)


def update(org: Org, access: Access, kind: str, node: etree._Element) -> bool:
    """Change a component; returns False, since nothing was created.

    Raises:
        SalesforceError: there is none of that name, or it cannot be changed so.
    """
    name = _name(node)
    if name not in names(org, kind):
        message = f"In field: fullName - no {kind} named {name} found"
        raise SalesforceError("INVALID_CROSS_REFERENCE_KEY", message, fields=("fullName",))
    return _write(org, access, kind, node)


def upsert(org: Org, access: Access, kind: str, node: etree._Element) -> bool:
    """Make or change a component; returns whether it was made."""
    return _write(org, access, kind, node)


def delete(org: Org, kind: str, name: str) -> None:
    """Delete a component.

    Raises:
        SalesforceError: there is none of that name.
    """
    if not destroy(org, kind, name):
        raise SalesforceError("INVALID_CROSS_REFERENCE_KEY", f"no {kind} named {name} found", fields=())


def _name(node: etree._Element) -> str:
    name = Element(node=node).text("fullName")
    if not name:
        raise SalesforceError("REQUIRED_FIELD_MISSING", "Required field is missing: fullName", fields=("fullName",))
    return name


def _write(org: Org, access: Access, kind: str, node: etree._Element) -> bool:
    name = _name(node)
    created = name not in names(org, kind)
    made = install_archive(org, access, Archive(files={_path(kind, name): _file(kind, node, name)}), Manifest(), Options())
    if not made.success:
        problem = made.failures[0].problem if made.failures else made.error
        raise SalesforceError("FIELD_INTEGRITY_EXCEPTION", str(problem), fields=())
    return created


def _path(kind: str, name: str) -> str:
    if kind in PART_TAGS:
        return f"objects/{name.partition('.')[0]}.object"
    if kind not in FOLDERS:
        raise SalesforceError("INVALID_TYPE", f"{kind} is not emulated", fields=())
    folder, suffix = FOLDERS[kind]
    return f"{folder}/{name}{suffix}"


def _file(kind: str, node: etree._Element, name: str) -> bytes:
    """The file that a component of a call would stand in."""
    root = _root("CustomObject" if kind in PART_TAGS else kind)
    copy = deepcopy(node)
    if kind in PART_TAGS:
        copy.tag = NAMESPACE + PART_TAGS[kind]
        copy.attrib.clear()
        full = copy.find(f"{NAMESPACE}fullName")
        assert full is not None  # noqa: S101 - it has a name, or we would not be here
        full.text = name.partition(".")[2]
        root.append(copy)
    else:
        root.extend(each for each in copy if each.tag != f"{NAMESPACE}fullName")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")
