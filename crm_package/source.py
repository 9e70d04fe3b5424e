"""The shipped SFDX source tree, read through ``importlib.resources`` so that it works from a wheel as well."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from crm_package.markup import parse, read_text

API_VERSION = "67.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnField:
    """A field of one of our own objects, as far as permissions need to know it."""

    name: str
    """API name, for instance ``Link_State__c``."""
    type: str
    """Metadata field type, for instance ``Lookup``."""
    required: bool
    """Required by definition (or master-detail): Salesforce lets nobody lock or grant it by field-level security."""


def package_source() -> Traversable:
    """The folder ``force-app/main/default`` of the installed package."""
    return files("crm_package") / "force-app" / "main" / "default"


def walk_files(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, Traversable]]:
    """Every file below ``folder`` with its path relative to it (``/``-separated), sorted by name, hidden files left out."""
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name.startswith("."):
            continue
        path = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from walk_files(entry, f"{path}/")
        else:
            yield path, entry


def read_own_fields(source: Traversable | None = None) -> Mapping[str, tuple[OwnField, ...]]:
    """The custom fields of each object in the tree: object API name -> fields sorted by name."""
    fields: dict[str, list[OwnField]] = {}
    for path, entry in walk_files(package_source() if source is None else source):
        parts = path.split("/")
        if parts[0] != "objects" or parts[2] != "fields":
            continue
        field = parse(entry.read_bytes())
        kind = read_text(field, "type")
        fields.setdefault(parts[1], []).append(
            OwnField(
                name=read_text(field, "fullName"),
                type=kind,
                required=read_text(field, "required") == "true" or kind == "MasterDetail",
            )
        )
    return {name: tuple(sorted(own, key=lambda field: field.name)) for name, own in sorted(fields.items())}
