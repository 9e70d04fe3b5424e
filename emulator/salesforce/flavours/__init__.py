"""What an organisation is built on: plain Salesforce, EDA, NPSP, Person Accounts, Education Cloud.

A flavour is a file of objects and fields, with the evidence for them, and perhaps what its triggers do. `Settings.flavour`
chooses it when an organisation is made; `Settings.email_trigger` and `Settings.packaged` switch what differs between orgs.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.salesforce.defining import define_object, install_field, make_field, make_reference, show_field
from emulator.salesforce.flavours import eda, npsp, people
from emulator.salesforce.table import Row

if TYPE_CHECKING:
    from emulator.salesforce.fields import SObject
    from emulator.salesforce.org import Org
    from emulator.salesforce.writing import Writer

FLAVOURS = ("plain", "eda", "npsp", "person_accounts", "education_cloud")


Hook = Callable[["Writer", "SObject", Row, Row | None], None]
"""What code does about a write: the writer, the object, the row, and what it was before (None: created, or deleted)."""


def _nothing(_writer: "Writer", _sobject: "SObject", _row: Row, _old: Row | None) -> None:
    """No code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Triggers:
    """A flavour's code. `before_save` changes the row that is about to be stored or refuses it; the others write what follows."""

    before_save: Hook = _nothing
    after_save: Hook = _nothing
    after_delete: Hook = _nothing


_PEOPLE = Triggers(before_save=people.before_save, after_save=people.after_save)
TRIGGERS = {
    "eda": Triggers(before_save=eda.before_save, after_save=eda.after_save, after_delete=eda.after_delete),
    "npsp": Triggers(before_save=npsp.before_save, after_save=npsp.after_save),
    "person_accounts": _PEOPLE,
    "education_cloud": _PEOPLE,
}


def install(org: "Org") -> None:
    """Put the objects, fields and record types of the organisation's flavour into it.

    Raises:
        KeyError: there is no such flavour.
    """
    if org.settings.flavour not in FLAVOURS:
        raise KeyError(f"there is no flavour {org.settings.flavour}")
    for part in _parts(org.settings.flavour, packaged=org.settings.packaged):
        for name, how in part.get("object", {}).items():
            define_object(org, name, **how)
        for sobject, fields in part.get("field", {}).items():
            for name, how in fields.items():
                _define(org, sobject, name, dict(how))
        for name in part.get("record_types", ()):
            _add_record_type(org, name)
    if TRIGGERS.get(org.settings.flavour) is _PEOPLE:
        people.prepare(org)


def _parts(flavour: str, *, packaged: bool) -> Iterator[Mapping[str, Any]]:
    if flavour == "plain":
        return
    part = _read(flavour, packaged=packaged)
    if "extends" in part:
        yield from _parts(part["extends"], packaged=packaged)
    yield part


@cache
def _read(flavour: str, *, packaged: bool) -> Mapping[str, Any]:
    text = (Path(__file__).parent / f"{flavour}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text if packaged else text.replace(eda.PREFIX, ""))


def _define(org: "Org", sobject: str, name: str, how: dict[str, Any]) -> None:
    children = how.pop("children", None)
    if "to" in how:
        # The package's prefix stands before the names of its relationships, too.
        prefix, mark = (
            (name.partition("__")[0] + "__", "__r") if name.count("__") > 1 else ("", "__r" if name.endswith("__c") else "")
        )
        properties = {"childRelationshipName": f"{prefix}{children}{mark}" if children else None}
        to, label = how.pop("to"), how.pop("label")
        made = make_reference(name, to=to, label=label, properties=properties | how)
    else:
        kinds = {key: how.pop(key) for key in ("type", "label", "length", "values") if key in how}
        made = make_field(name, **kinds, properties=how)
    install_field(org, sobject, made)
    show_field(org, sobject, name)


def _add_record_type(org: "Org", name: str) -> None:
    kind, now = org.sobject("RecordType"), org.stamp()
    row = {"Id": org.new_id(kind), "IsDeleted": False, "SystemModstamp": now, "CreatedDate": now, "LastModifiedDate": now}
    row |= {"SobjectType": "Account", "Name": name, "DeveloperName": name.replace(" ", "_"), "IsActive": True}
    org.put(kind.name, row)
