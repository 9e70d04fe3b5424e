"""From SFDX source format to the zip that the Metadata API deploys.

Source format keeps one file per field, list view, rule and compact layout; the Metadata API wants them inside one
``.object`` file. The zip is a function of its inputs alone: sorted entries, one fixed date, so that two builds of one
release are equal byte by byte.
"""

import io
import zipfile
from collections.abc import Iterator, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from xml.etree.ElementTree import Element

from crm_package.markup import append, element, local_name, parse, read_text, render, sort_children
from crm_package.permissions import DAEMON_SET, STAFF_SET, daemon_permission_set, staff_permission_set
from crm_package.source import API_VERSION, package_source, walk_files

EARLIEST_DATE = (1980, 1, 1, 0, 0, 0)  # the zip format knows nothing earlier

TYPES: Mapping[str, tuple[str, str]] = {
    "layouts": ("layout", "Layout"),
    "objects": ("object", "CustomObject"),
    "permissionsets": ("permissionset", "PermissionSet"),
    "queues": ("queue", "Queue"),
    "quickActions": ("quickAction", "QuickAction"),
    "tabs": ("tab", "CustomTab"),
}
"""Folder -> (file suffix, metadata type)."""

OBJECT_PARTS: Mapping[str, tuple[str, str]] = {
    "compactLayouts": ("compactLayouts", "CompactLayout"),
    "fields": ("fields", "CustomField"),
    "listViews": ("listViews", "ListView"),
    "validationRules": ("validationRules", "ValidationRule"),
}
"""Sub-folder of an object -> (element in the ``.object`` file, metadata type)."""


def build_zip(
    source: Path | Traversable | None = None,
    extra: Mapping[str, bytes] | None = None,
) -> bytes:
    """Turn a source tree into a Metadata API zip with ``package.xml`` at its root (``singlePackage``).

    Args:
        source: a folder like ``force-app/main/default``; the shipped one when left out.
        extra: files that are added or replace one of the tree, by their path in the zip, for instance
            ``permissionsets/Alumni_Bridge_Daemon.permissionset``. ``package.xml`` lists them too.

    Raises:
        ValueError: when a file lies in a folder that this package does not know.
    """
    contents = convert(package_source() if source is None else source) | dict(extra or {})
    contents["package.xml"] = write_manifest(contents)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path, content in sorted(contents.items()):
            entry = zipfile.ZipInfo(path, EARLIEST_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            archive.writestr(entry, content)
    return buffer.getvalue()


def permission_files(
    contact_fields_read: tuple[str, ...], profile_fields: tuple[str, ...], *, beside: tuple[tuple[str, str], ...] = ()
) -> Mapping[str, bytes]:
    """Both permission sets for a mapping, by their path in the zip: what a deployment passes as ``extra``."""
    return {
        f"permissionsets/{DAEMON_SET}.permissionset": daemon_permission_set(contact_fields_read, profile_fields, beside=beside),
        f"permissionsets/{STAFF_SET}.permissionset": staff_permission_set(profile_fields),
    }


def convert(source: Path | Traversable) -> dict[str, bytes]:
    """The files of the zip without ``package.xml``: path -> content."""
    contents: dict[str, bytes] = {}
    objects: dict[str, list[tuple[str, Element]]] = {}
    for path, entry in walk_files(source):
        parts = path.split("/")
        if parts[0] not in TYPES:
            raise ValueError(f"{path}: the folder {parts[0]!r} is not part of this package")
        if parts[0] == "objects":
            objects.setdefault(parts[1], []).append((path, parse(entry.read_bytes())))
        else:
            contents[path.removesuffix("-meta.xml")] = entry.read_bytes()
    for name, pieces in objects.items():
        contents[f"objects/{name}.object"] = render(_merge_object(pieces))
    return contents


def _merge_object(pieces: list[tuple[str, Element]]) -> Element:
    """One ``CustomObject`` from its own file and the files of its parts."""
    merged: list[Element] = []
    for path, piece in pieces:
        parts = path.split("/")
        if len(parts) == 3:
            merged.extend(piece)
        elif parts[2] in OBJECT_PARTS:
            part = element(OBJECT_PARTS[parts[2]][0])
            part.extend(piece)
            merged.append(part)
        else:
            raise ValueError(f"{path}: the folder {parts[2]!r} is not part of an object in this package")
    root = element("CustomObject")
    root.extend(sort_children(merged))
    return root


def write_manifest(contents: Mapping[str, bytes]) -> bytes:
    """``package.xml`` for the given files: every component by type and name, parts of objects included."""
    members: dict[str, set[str]] = {}
    for path, content in contents.items():
        for kind, member in _list_components(path, content):
            members.setdefault(kind, set()).add(member)
    root = element("Package")
    for kind, names in sorted(members.items()):
        entry = append(root, "types")
        for name in sorted(names):
            append(entry, "members", name)
        append(entry, "name", kind)
    append(root, "version", API_VERSION)
    return render(root)


def _list_components(path: str, content: bytes) -> Iterator[tuple[str, str]]:
    folder, _, filename = path.partition("/")
    if folder not in TYPES:
        raise ValueError(f"{path}: the folder {folder!r} is not part of this package")
    suffix, kind = TYPES[folder]
    name = filename.removesuffix(f".{suffix}")
    yield kind, name
    if folder != "objects":
        return
    part_types = dict(OBJECT_PARTS.values())
    for child in parse(content):
        part = part_types.get(local_name(child))
        if part is not None:
            yield part, f"{name}.{read_text(child, 'fullName')}"
