"""Turns published describe answers into the compact schema files of this folder.

Run by hand when the sources change: `python -m emulator.salesforce.schema.build DESCRIBE_FOLDER`. The folder holds
`full/*.json` (complete describes and describe global, recorded traffic published with SFDO-Tooling/CumulusCI, BSD-3-Clause,
(c) 2021 Salesforce.com, Inc.) and `reduced/*.json` (editor metadata of public repositories, without length, createable,
updateable and externalId, which are completed here from the nearest full relative and the object reference).
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

from emulator.salesforce.fields import DEFAULTS, TYPE_DEFAULTS

FULL = ("Account", "Contact", "Case", "Event", "Lead")
REDUCED = {"Task": "Event", "User": "Contact", "Campaign": "Case", "CampaignMember": "Case", "Group": "Case"}
REDUCED |= {"Individual": "Contact"}
KEY_PREFIXES = {
    "Task": "00T",
    "User": "005",
    "Campaign": "701",
    "CampaignMember": "00v",
    "Group": "00G",
    "Individual": "0PK",
}

_SYSTEM = frozenset(
    {
        *("Id", "IsDeleted", "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp"),
        *("LastViewedDate", "LastReferencedDate", "LastActivityDate", "MasterRecordId", "PhotoUrl", "IsArchived"),
    }
)
# Create and update flags as the pages of the Object Reference (release 262) print them.
_READ_ONLY = {
    "Task": {"AccountId", "IsClosed", "IsHighPriority", "CompletedDateTime", "RecurrenceActivityId"},
    "User": {"Name", "LastLoginDate", "LastPasswordChangeDate", "UserType", "SmallPhotoUrl", "FullPhotoUrl"},
    "CampaignMember": {"FirstRespondedDate", "HasResponded", "Name", "Type"},
    "Group": {"RelatedId", "OwnerId"},
    "Individual": {"Name"},
}
_CREATE_ONLY = {"Task": {"TaskSubtype"}, "CampaignMember": {"CampaignId", "ContactId", "LeadId"}, "Group": {"Type"}}
_LENGTHS = {
    "Task": {"Subject": 255, "Description": 32000, "CallDisposition": 255, "CallObject": 255},
    "User": {"Username": 80, "LastName": 80, "FirstName": 40, "Name": 121, "Alias": 8, "CommunityNickname": 40},
    "Group": {"Name": 40, "DeveloperName": 80},
}
# Fields that are not in the recorded Contact describe because its reader lacked the permission to see them.
_CONTACT_EXTRA = (
    ("HasOptedOutOfEmail", "Email Opt Out"),
    ("HasOptedOutOfFax", "Fax Opt Out"),
    ("DoNotCall", "Do Not Call"),
)


def main(source: Path, target: Path) -> None:
    """Write one compact file per object of `source` into `target`."""
    describes = {name: _read(source / "full" / f"{name}.json") for name in FULL}
    recorded = {one["name"]: one for one in _read(source / "full" / "Global.json")["sobjects"]}
    for name, relative in REDUCED.items():
        made = complete(_read(source / "reduced" / f"{name}.json"), describes[relative])
        # What can be done with the object stands in the recorded describe global, if the object does.
        flags = {key: value for key, value in recorded.get(name, {}).items() if isinstance(value, bool)}
        describes[name] = made | flags
    for label_of, label in _CONTACT_EXTRA:
        extra = dict.fromkeys(("createable", "updateable", "permissionable"), True)
        describes["Contact"]["fields"].append({"name": label_of, "label": label, "type": "boolean", **extra})
    for name in ("Task", "Event"):
        # Often hidden from API users, as in the sources; the Object Reference has it.
        values = [{"label": each, "value": each} for each in ("Call", "Meeting", "Other", "Email")]
        extra = dict.fromkeys(("createable", "updateable", "permissionable"), True)
        type_ = {"name": "Type", "label": "Type", "type": "picklist", "length": 40, "picklistValues": values}
        describes[name]["fields"].append(type_ | extra)
    for name, describe in describes.items():
        text = json.dumps(compact(describe), indent=None, separators=(",", ":"), ensure_ascii=False)
        # One field per line keeps differences readable.
        text = text.replace('{"name":', '\n{"name":').replace('"children":', '\n"children":')
        (target / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def complete(reduced: dict[str, Any], relative: dict[str, Any]) -> dict[str, Any]:
    """A describe with all that a reduced one lacks, from a related object and the rules above."""
    name = reduced["name"]
    known = {one["name"]: one for one in relative["fields"]}
    fields = []
    for one in reduced["fields"]:
        if one["custom"]:
            continue
        near = known.get(one["name"], {})
        extra: dict[str, Any] = {}
        if near.get("type") == one["type"]:
            for prop in ("length", "byteLength", "digits", "precision", "scale", "compoundFieldName", "idLookup"):
                extra[prop] = near[prop]
        fields.append(one | extra | _flags(name, one, near) | _width(name, one["name"]))
    header = {key: value for key, value in relative.items() if not isinstance(value, list | dict)}
    header |= {"name": name, "label": reduced["label"], "labelPlural": reduced["label"] + "s"}
    header |= {"keyPrefix": KEY_PREFIXES[name], "mergeable": False, "associateEntityType": None}
    return {
        **header,
        "fields": fields,
        "childRelationships": reduced["childRelationships"],
        "supportedScopes": relative["supportedScopes"],
    }


def _flags(name: str, one: dict[str, Any], near: dict[str, Any]) -> dict[str, Any]:
    system = one["name"] in _SYSTEM or one["name"] in _READ_ONLY.get(name, ())
    readable = one["type"] in {"id", "address"} or system
    same = near if near.get("type") == one["type"] and name == "Task" else {}
    updateable = not readable and one["name"] not in _CREATE_ONLY.get(name, ())
    return {
        "createable": same.get("createable", not readable) and not system,
        "updateable": same.get("updateable", updateable) and updateable,
        "defaultedOnCreate": same.get("defaultedOnCreate", not one["nillable"] and (system or _defaulted(one))),
        "permissionable": same.get("permissionable", not readable and one["nillable"]),
        "nameField": one["name"] == ("Subject" if name == "Task" else "Name"),
        "idLookup": one["name"] == "Id" or (name == "User" and one["name"] == "Username"),
        "polymorphicForeignKey": one["type"] == "reference" and len(one["referenceTo"]) > 1,
        "restrictedPicklist": one["type"] == "picklist" and not one["nillable"],
    }


def _defaulted(one: dict[str, Any]) -> bool:
    standard = any(value.get("defaultValue") for value in one["picklistValues"])
    return standard or one["type"] == "boolean" or one["name"] == "OwnerId"


def _width(name: str, field: str) -> dict[str, Any]:
    length = _LENGTHS.get(name, {}).get(field)
    return {"length": length, "byteLength": length * 3} if length else {}


def compact(describe: dict[str, Any]) -> dict[str, Any]:
    """The describe without everything that `DEFAULTS` and `TYPE_DEFAULTS` say already."""
    lists = {"fields", "childRelationships", "recordTypeInfos", "namedLayoutInfos", "actionOverrides", "urls"}
    header = {key: value for key, value in describe.items() if key not in lists}
    header["urls"] = [[name, _template(url)] for name, url in describe.get("urls", {}).items()]
    return {
        "object": header,
        "fields": [_compact_field(one) for one in describe["fields"]],
        "children": [
            [
                one["childSObject"],
                one["field"],
                one["relationshipName"],
                int(one["cascadeDelete"]) + 2 * int(one.get("restrictedDelete", False)),
            ]
            for one in describe["childRelationships"]
        ],
    }


def _template(url: str) -> str:
    return re.sub(r"^/services/data/v[^/]+", "{base}", url).replace("https://orgname.my.salesforce.com", "{page}")


def _compact_field(one: dict[str, Any]) -> dict[str, Any]:
    small: dict[str, Any] = {"name": one["name"], "label": one["label"], "type": one["type"]}
    for key, value in one.items():
        expected = TYPE_DEFAULTS.get(one["type"], {}).get(key, DEFAULTS.get(key))
        if key in small or value == expected:
            continue
        if key == "byteLength" and value == 3 * one.get("length", 0):
            continue
        small[key] = [_compact_value(each) for each in value] if key == "picklistValues" else value
    return small


def _compact_value(value: dict[str, Any]) -> Any:  # noqa: ANN401 - text, or the object where it says more
    plain = value["label"] == value["value"] and value.get("active", True) and not value.get("defaultValue")
    if plain and not value.get("validFor"):
        return value["value"]
    return {key: each for key, each in value.items() if each not in (None, "") or key in {"label", "value"}}


def _read(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).parent)
