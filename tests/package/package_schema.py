"""Checks every metadata file against the elements, enumerations and types of the Metadata API (``metadata_types.json``)."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lxml import etree

NAMESPACE = "{http://soap.sforce.com/2006/04/metadata}"
DOCUMENT: Mapping[str, Any] = json.loads(Path(__file__).with_name("metadata_types.json").read_text(encoding="utf-8"))
TYPES: Mapping[str, Mapping[str, str]] = DOCUMENT["types"]
ENUMS: Mapping[str, list[str]] = DOCUMENT["enums"]
ROOTS = {
    "compactLayout": "CompactLayout",
    "field": "CustomField",
    "layout": "Layout",
    "listView": "ListView",
    "object": "CustomObject",
    "permissionset": "PermissionSet",
    "queue": "Queue",
    "quickAction": "QuickAction",
    "tab": "CustomTab",
    "validationRule": "ValidationRule",
}
NAMED_PARTS = {"CompactLayout", "CustomField", "ListView", "ValidationRule"}


def check_schema(root: Path) -> list[str]:
    """Findings over all files of a source tree, as ``file:line: text``; empty when all is well."""
    findings: list[str] = []
    for path in sorted(root.rglob("*")):
        if path.is_file():
            name = path.relative_to(root).as_posix()
            findings += [f"{name}:{finding}" for finding in check_file(path)]
    return findings


def check_file(path: Path) -> Iterator[str]:
    """Findings in one file, without its name in front."""
    suffix = path.name.removesuffix("-meta.xml").rpartition(".")[2]
    if not path.name.endswith("-meta.xml") or suffix not in ROOTS:
        yield "0: no metadata file of this package"
        return
    try:
        root = etree.fromstring(path.read_bytes())
    except etree.XMLSyntaxError as error:
        yield f"{error.lineno}: not well-formed: {error.msg}"
        return
    if root.tag != f"{NAMESPACE}{ROOTS[suffix]}":
        yield f"{root.sourceline}: the root is {root.tag}, not {ROOTS[suffix]}"
        return
    yield from check_element(root, ROOTS[suffix])
    stem = path.name.removesuffix(f".{suffix}-meta.xml")
    if ROOTS[suffix] in NAMED_PARTS and root.findtext(f"{NAMESPACE}fullName") != stem:
        yield f"{root.sourceline}: fullName differs from the file's name"


def check_element(node: etree._Element, kind: str) -> Iterator[str]:
    """Findings below an element of a complex type."""
    allowed = TYPES[kind]
    children = list(node.iterchildren("*"))
    counts = Counter(child.tag.removeprefix(NAMESPACE) for child in children)
    for name, declared in allowed.items():
        if declared.endswith("!") and not counts[name]:
            yield f"{node.sourceline}: {kind} lacks {name}"
        if not declared.endswith("[]") and counts[name] > 1:
            yield f"{node.sourceline}: {kind} has {name} more than once"
    for child in children:
        name = child.tag.removeprefix(NAMESPACE)
        if name not in allowed:
            yield f"{child.sourceline}: {kind} has no element {name}"
            continue
        declared = allowed[name].removesuffix("!").removesuffix("[]")
        if declared in TYPES:
            yield from check_element(child, declared)
        else:
            yield from check_value(child, name, declared)


def check_value(node: etree._Element, name: str, declared: str) -> Iterator[str]:
    """Findings in the text of an element of a simple type."""
    text = node.text or ""
    if len(node):
        yield f"{node.sourceline}: {name} has children, but is {declared}"
    elif declared in ENUMS and text not in ENUMS[declared]:
        yield f"{node.sourceline}: {name} {text!r} is no {declared}"
    elif declared == "boolean" and text not in {"true", "false"}:
        yield f"{node.sourceline}: {name} {text!r} is neither true nor false"
    elif declared == "number" and not text.isdecimal():
        yield f"{node.sourceline}: {name} {text!r} is no number"
