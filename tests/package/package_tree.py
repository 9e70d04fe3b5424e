"""A source tree in memory, as the cross-reference checks want it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

NAMESPACE = "{http://soap.sforce.com/2006/04/metadata}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One element, read by local names."""

    element: etree._Element

    def text(self, path: str) -> str:
        """The text at ``path`` (local names joined by ``/``), or the empty string."""
        return self.element.findtext("/".join(f"{NAMESPACE}{part}" for part in path.split("/"))) or ""

    def texts(self, path: str) -> list[str]:
        """All texts at ``path``."""
        return [node.element.text or "" for node in self.all(path)]

    def all(self, path: str) -> list["Node"]:
        """All elements at ``path``."""
        found = self.element.findall("/".join(f"{NAMESPACE}{part}" for part in path.split("/")))
        return [Node(element=element) for element in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectTree:
    """One object of the tree with its parts by name."""

    definition: Node | None
    fields: dict[str, Node] = field(default_factory=dict)
    listViews: dict[str, Node] = field(default_factory=dict)  # noqa: N815 - named like the folder
    compactLayouts: dict[str, Node] = field(default_factory=dict)  # noqa: N815 - named like the folder
    validationRules: dict[str, Node] = field(default_factory=dict)  # noqa: N815 - named like the folder

    def values(self, name: str) -> list[str]:
        """The picklist values of a field; empty for another type."""
        return self.fields[name].texts("valueSet/valueSetDefinition/value/fullName") if name in self.fields else []

    def required(self) -> set[str]:
        """Fields that are required by definition."""
        return {name for name, own in self.fields.items() if own.text("required") == "true" or own.text("type") == "MasterDetail"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The whole source tree: parsed files by folder and name, and the paths as they lie."""

    paths: list[str]
    objects: dict[str, ObjectTree]
    flat: dict[str, dict[str, Node]]

    def files(self, folder: str) -> Iterator[tuple[str, Node]]:
        """Name and content of the files in a flat folder such as ``queues``."""
        yield from sorted(self.flat.get(folder, {}).items())


def read_tree(root: Path) -> Tree:
    """Read every file below ``root``; the schema check has seen to it that they parse."""
    objects: dict[str, ObjectTree] = {}
    flat: dict[str, dict[str, Node]] = {}
    paths = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    for path in paths:
        parts = path.split("/")
        node = Node(element=etree.fromstring((root / path).read_bytes()))
        name = parts[-1].removesuffix("-meta.xml").rpartition(".")[0]
        if parts[0] != "objects":
            flat.setdefault(parts[0], {})[name] = node
        elif len(parts) == 4:
            known = objects.setdefault(parts[1], ObjectTree(definition=None))
            getattr(known, parts[2])[name] = node
    for path in paths:
        parts = path.split("/")
        if parts[0] == "objects" and len(parts) == 3:
            known = objects.get(parts[1], ObjectTree(definition=None))
            definition = Node(element=etree.fromstring((root / path).read_bytes()))
            objects[parts[1]] = ObjectTree(
                definition=definition,
                fields=known.fields,
                listViews=known.listViews,
                compactLayouts=known.compactLayouts,
                validationRules=known.validationRules,
            )
    return Tree(paths=paths, objects=objects, flat=flat)
