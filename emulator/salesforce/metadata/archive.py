"""The zip of a deployment: its files, and the XML in them with line numbers."""

import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lxml import etree

NAMESPACE = "{http://soap.sforce.com/2006/04/metadata}"
MAX_FILES = 10_000


class DeployProblem(Exception):
    """Something in a file that cannot be deployed."""

    def __init__(self, problem: str, *, line: int | None = None, column: int | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """An XML element of a metadata file, read by the names of its children."""

    node: etree._Element

    @property
    def name(self) -> str:
        """Its tag without the namespace."""
        return str(self.node.tag).removeprefix(NAMESPACE)

    @property
    def line(self) -> int:
        """The line on which it begins."""
        line: object = self.node.sourceline
        return line if isinstance(line, int) else 1

    def xml(self) -> bytes:
        """The element as text."""
        return etree.tostring(self.node, with_tail=False)

    def text(self, name: str, default: str = "") -> str:
        """The text of the first child of this name."""
        found = self.node.find(NAMESPACE + name)
        return default if found is None or found.text is None else found.text.strip()

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A boolean child."""
        return self.text(name, str(default)).lower() == "true"

    def number(self, name: str, default: int = 0) -> int:
        """A whole-number child.

        Raises:
            DeployProblem: it is none.
        """
        text = self.text(name)
        if not text:
            return default
        if not text.isdigit():
            raise DeployProblem(f"Invalid value '{text}' for {name}", line=self.line)
        return int(text)

    def each(self, name: str) -> list["Element"]:
        """All children of this name."""
        return [Element(node=node) for node in self.node.findall(NAMESPACE + name)]

    def first(self, name: str) -> "Element | None":
        """The first child of this name."""
        found = self.node.find(NAMESPACE + name)
        return None if found is None else Element(node=found)

    def children(self) -> Iterator["Element"]:
        """All children that are elements."""
        for node in self.node:
            if isinstance(node.tag, str):
                yield Element(node=node)


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """The files of a deployment by their path below the package's root."""

    files: Mapping[str, bytes]
    root: str = ""

    def below(self, folder: str, suffix: str) -> Iterator[tuple[str, str, bytes]]:
        """Files of a folder: full path, full name of the component, content."""
        for path, content in self.files.items():
            if path.startswith(folder + "/") and path.endswith(suffix):
                yield path, path.removeprefix(folder + "/").removesuffix(suffix), content


@dataclass(slots=True)
class Manifest:
    """package.xml: names by type."""

    version: str = ""
    members: dict[str, list[str]] = field(default_factory=dict)


def read_archive(data: bytes) -> Archive:
    """The files of a zip; a single folder around everything is taken off.

    Raises:
        DeployProblem: it is no zip, or has no package.xml.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            names = [name for name in opened.namelist() if not name.endswith("/")]
            if len(names) > MAX_FILES:
                raise DeployProblem(f"Maximum number of files exceeded: {MAX_FILES}")
            files = {name: opened.read(name) for name in names}
    except zipfile.BadZipFile:
        raise DeployProblem("The zip file is not valid") from None
    if "package.xml" not in files:
        roots = {name.partition("/")[0] for name in files}
        if len(roots) == 1 and f"{(root := roots.pop())}/package.xml" in files:
            return Archive(files={name.removeprefix(root + "/"): text for name, text in files.items()}, root=root + "/")
        raise DeployProblem("No package.xml found")
    return Archive(files=files)


def parse(content: bytes) -> Element:
    """The root element of a file.

    Raises:
        DeployProblem: it is not well-formed.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        return Element(node=etree.fromstring(content, parser))
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise DeployProblem(f"Error parsing file: {error.msg}", line=line, column=column) from None


def read_manifest(content: bytes) -> Manifest:
    """package.xml (or destructiveChanges.xml)."""
    root = parse(content)
    found = Manifest(version=root.text("version"))
    for each in root.each("types"):
        names = [str(member.node.text or "").strip() for member in each.each("members")]
        found.members.setdefault(each.text("name"), []).extend(names)
    return found
