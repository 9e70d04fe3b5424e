"""Objects and fields that are not deployed: those that tests, demos and the flavours of an organisation define."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from emulator.salesforce.access import WORK
from emulator.salesforce.base_data import PROFILES
from emulator.salesforce.fields import Child, Field, SObject
from emulator.salesforce.ids import ALPHABET
from emulator.salesforce.schema.loading import header_for, standard_fields

if TYPE_CHECKING:
    from emulator.salesforce.org import Org

_SIZED = {"phone": 40, "email": 80}
_WITH_LENGTH = frozenset({"string", "textarea", "picklist", "multipicklist", "url", "phone", "email"})


def make_field(
    name: str,
    *,
    type: str = "string",
    label: str | None = None,
    length: int = 255,
    values: Iterable[str] = (),
    properties: Mapping[str, Any],
) -> Field:
    """A field as an administrator makes one; `properties` are describe properties."""
    custom = name.endswith(("__c", "__pc"))
    whole: dict[str, Any] = {
        "label": label or name.removesuffix("__c").replace("_", " "),
        "custom": custom,
        "createable": True,
        "updateable": True,
        "permissionable": True,
    }
    if type in _WITH_LENGTH:
        whole["length"] = _SIZED.get(type, length)
    if values:
        whole["picklistValues"] = list(values)
    if type == "textarea" and length > 255:
        whole |= {"filterable": False, "sortable": False, "groupable": False, "aggregatable": False}
    return Field(name=name, type=type, properties=whole | dict(properties))


def make_reference(name: str, *, to: str, label: str, properties: Mapping[str, Any]) -> Field:
    """A lookup; queries walk up it by its name with `__r` for `__c`, or without `Id`."""
    relationship = f"{name.removesuffix('__c')}__r" if name.endswith("__c") else name.removesuffix("Id")
    link = {"referenceTo": [to], "relationshipName": relationship}
    return make_field(name, type="reference", label=label, properties=link | dict(properties))


def install_field(org: "Org", sobject: str, made: Field) -> None:
    """Put a field into an object's definition, and the children that it makes into others'."""
    org.define(org.sobject(sobject).with_fields([made]))
    for target in made.references:
        known = org.objects.get(target.lower())
        if known is not None:
            relationship = made.properties.get("childRelationshipName")
            child = Child(sobject=org.sobject(sobject).name, field=made.name, relationship=relationship, on_delete="clear")
            org.define(known.with_child(child))


def show_field(org: "Org", sobject: str, name: str) -> None:
    """Let the standard profiles read and edit a field."""
    for profile in ("System Administrator", "Standard User"):
        org.grants[PROFILES[profile]].fields[sobject.lower(), name.lower()] = True
    org.touch_schema()


def next_prefix(org: "Org") -> str:
    """The first characters of the ids of the next custom object."""
    number = sum(1 for one in org.objects.values() if one.prefix.startswith("a"))
    return "a" + ALPHABET[number // 62] + ALPHABET[number % 62]


def define_object(org: "Org", name: str, *, label: str, plural: str, number: str | None = None) -> None:
    """Add an object that the standard profiles may use; `number` is the format of an automatic Name, such as PE-{0000}."""
    header = header_for(name, next_prefix(org), label, plural, custom=name.endswith("__c"), writable=True)
    org.define(SObject(name=name, header=header, fields=tuple(standard_fields(label, number=number))))
    org.grant_object(name, WORK, holder=PROFILES["Standard User"])
