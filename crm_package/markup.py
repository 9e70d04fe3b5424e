"""Reading and writing of Metadata API XML: one namespace, one indentation, one header."""

import xml.etree.ElementTree as ET  # the package's own files are read, never a stranger's
from collections.abc import Iterable

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
HEADER = '<?xml version="1.0" encoding="UTF-8"?>\n'


def parse(content: bytes) -> ET.Element:
    """Read one metadata file.

    Raises:
        xml.etree.ElementTree.ParseError: when the file is no well-formed XML.
    """
    return ET.fromstring(content)  # noqa: S314 - only files of this package are parsed


def render(root: ET.Element) -> bytes:
    """Write ``root`` as UTF-8 with Salesforce's header and four-space indentation; equal trees give equal bytes."""
    ET.register_namespace("", NAMESPACE)
    ET.indent(root, space="    ")
    return f"{HEADER}{ET.tostring(root, encoding='unicode')}\n".encode()


def element(tag: str) -> ET.Element:
    """An empty element in the metadata namespace."""
    return ET.Element(f"{{{NAMESPACE}}}{tag}")


def append(parent: ET.Element, tag: str, content: str | bool | None = None) -> ET.Element:  # noqa: FBT001 - a value
    """Add a child; booleans become ``true`` and ``false`` as Salesforce writes them."""
    child = ET.SubElement(parent, f"{{{NAMESPACE}}}{tag}")
    if isinstance(content, bool):
        child.text = "true" if content else "false"
    elif content is not None:
        child.text = content
    return child


def local_name(node: ET.Element) -> str:
    """The tag without its namespace."""
    return node.tag.rpartition("}")[2]


def read_text(node: ET.Element, path: str) -> str:
    """The text of the first element at ``path`` (tags joined by ``/``), or the empty string."""
    return node.findtext("/".join(f"{{{NAMESPACE}}}{part}" for part in path.split("/"))) or ""


def sort_children(children: Iterable[ET.Element]) -> list[ET.Element]:
    """Order as Salesforce retrieves it: by tag, then by full name; values of one tag without a name keep their order."""
    return sorted(children, key=lambda child: (local_name(child), read_text(child, "fullName")))
