"""A tenant's account as 12twenty shows it: a contact or a student, with custom attributes and picklists by number.

Property names are those that a university's production code reads (B). Ids are `c-` or `s-` and 12twenty's number.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from emulator.career.customs import (
    CONSENTS,
    DECEASED,
    INTERESTS,
    MENTORING,
    NO_CONTACT,
    OUTCOME,
    Custom,
    Sort,
    number_of,
    numbered,
)
from emulator.career.errors import invalid
from emulator.career.fields import get, put
from emulator.career.models import CareerSystem
from emulator.career.records import Stored

CONTACT, STUDENT = 2301, 1001
"""12twenty's numbers of the two kinds (`EntityTypeId`): 2301 from public code, 1001 from the vendor's page."""
PREFIX = {CONTACT: "c", STUDENT: "s"}

_SHARED = (
    ("FirstName", "first_name"),
    ("LastName", "last_name"),
    ("EmailAddress", "login_email"),
    ("LinkedInProfileUrl", "linkedin_url"),
)
PROPERTIES: dict[int, tuple[tuple[str, str], ...]] = {
    CONTACT: (
        *_SHARED,
        ("PreferredName", "preferred_name"),
        ("CompanyName", "employer"),
        ("JobTitle", "title"),
        ("OfficePhone", "phone_work"),
        ("CellPhone", "phone_mobile"),
        ("AlternateEmailAddress", "email_personal"),
        ("AlumniGraduationYear", "class_year"),
        ("AlumniGraduationProgramName", "degree"),
        ("Location.AddressLine1", "address.street"),
        ("Location.CityName", "address.city"),
        ("Location.ZipCode", "address.postcode"),
        ("Location.CountryName", "address.country"),
    ),
    STUDENT: (
        *_SHARED,
        ("StudentId", "institution_id"),
        ("MiddleName", "middle_name"),
        ("PreferredEmailAddress", "email_personal"),
        ("GraduationClass", "class_year"),
        ("UndergradMajor", "major"),
    ),
}
"""Property and field of the tenant's account, by kind."""


CUSTOMS = (
    Custom(label="University ID", path="institution_id"),
    Custom(label="Middle name", path="middle_name"),
    Custom(label="Former last name", path="former_last_name"),
    Custom(label="University e-mail", path="email_university"),
    Custom(label="Work e-mail", path="email_work"),
    Custom(label="State or province", path="address.state"),
    Custom(label="Major", path="major"),
    *CONSENTS,
    *(NO_CONTACT, DECEASED),
    *INTERESTS,
    *MENTORING,
    *OUTCOME,
)
"""The attributes that this university has made."""

_FIELD_TYPES = {
    Sort.TEXT: "Text Box",
    Sort.NUMBER: "Number",
    Sort.DATE: "Date",
    Sort.YES_NO: "Radio Button (Yes/No)",
    Sort.CHOICE: "Drop Down",
    Sort.CHOICES: "Multi-Select",
}


def attribute_id(entity: int, custom: Custom) -> int:
    """The number of a custom attribute: 14 digits, as seen in production."""
    return 10_888_805_112_000 + (entity % 1000) * 100 + CUSTOMS.index(custom)


def lookup_id(custom: Custom) -> int:
    """The number of a picklist."""
    return 5000 + CUSTOMS.index(custom)


def options(system: CareerSystem, custom: Custom) -> list[dict[str, Any]]:
    """A picklist's choices."""
    known = numbered(system, custom).items()
    return [{"Id": lookup_id(custom) * 100 + number, "Name": name, "Order": number} for name, number in known]


def told(system: CareerSystem, entity: int, stored: Stored) -> dict[str, Any]:
    """The account as the API shows it."""
    data = stored.data()
    number = int(stored.id.partition("-")[2])
    item: dict[str, Any] = {"Id": number}
    for name, path in PROPERTIES[entity]:
        put(item, name, get(data, path))
    moment = stamp(stored.modified)
    alumnus = data["class_year"] is None or stored.extra.get("alumnus", True)
    item |= {"IsAlumni": alumnus, "CreateDate": stamp(stored.created), "ModifyDate": moment, "HasPhoto": False}
    if entity == CONTACT:
        item |= {"IsAdminApproved": data["state"] != "pending_approval", "IsPrimary": False, "CompanyId": None}
        item |= {"Fax": None, "PrefixName": None, "AssignedAdvisorName": None, "AdditionalInformation": None}
    else:
        linked = str(data.get("primary_account_id") or stored.extra.get("linked") or "")
        other = int(linked.partition("-")[2]) if linked else None
        item |= {"IsMultipleEnrollmentLinkedAccount": other is not None, "MultipleEnrollmentLinkedAccountUserId": other}
        item |= {"IsEnrolled": not alumnus, "Program": _entry(system, "Program", data["degree"]), "RoleId": 1}
    item["CustomAttributeValues"] = {
        f"custom_attribute_{attribute_id(entity, custom)}": _custom(system, entity, custom, get(data, custom.path))
        for custom in CUSTOMS
    }
    return item


def stamp(moment: datetime) -> str:
    """A time as 12twenty writes it: UTC, without saying so."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]


def _entry(system: CareerSystem, what: str, value: object) -> dict[str, Any] | None:
    if value is None:
        return None
    known: dict[str, int] = system.extra.setdefault(what, {})
    return {"AttributeId": 1_000_100, "Id": known.setdefault(str(value), len(known) + 1), "Name": value}


def _custom(system: CareerSystem, entity: int, custom: Custom, value: Any) -> Any:  # noqa: ANN401 - JSON
    if not custom.chosen or value is None:
        return value
    if isinstance(value, list):
        return [_custom(system, entity, custom, one) for one in value]
    number, name = number_of(system, custom, value)
    return {"AttributeId": attribute_id(entity, custom), "Id": lookup_id(custom) * 100 + number, "Name": name}


def taken(system: CareerSystem, entity: int, body: Mapping[str, Any], *, whole: bool) -> dict[str, Any]:
    """The tenant's fields in a body. ``whole``: what the body does not name becomes empty.

    Raises:
        ApiError: an unknown property, attribute or choice.
    """
    fields: dict[str, Any] = {}
    for name, path in PROPERTIES[entity]:
        top, _, inner = name.partition(".")
        holder = body.get(top) if inner else body
        if isinstance(holder, dict) and (inner or top) in holder:
            fields[path] = holder[inner or top]
        elif whole:
            fields[path] = None
    customs = body.get("CustomAttributeValues")
    by_key = {f"custom_attribute_{attribute_id(entity, custom)}": custom for custom in CUSTOMS}
    if isinstance(customs, dict):
        for key, value in customs.items():
            if key not in by_key:
                raise invalid(key, "There is no such attribute.")
            fields[by_key[key].path] = _word(system, by_key[key], value)
    if whole:
        missing = [custom for key, custom in by_key.items() if key not in (customs or {})]
        fields |= {custom.path: fields.get(custom.path) for custom in missing}
    return fields


def _word(system: CareerSystem, custom: Custom, value: Any) -> Any:  # noqa: ANN401 - JSON
    """The tenant's word for a choice that came by its number."""
    if not custom.chosen or value is None:
        return value
    if isinstance(value, list):
        return [_word(system, custom, one) for one in value]
    number = value.get("Id") if isinstance(value, dict) else value
    name = next((one["Name"] for one in options(system, custom) if one["Id"] == number), None)
    if name is None:
        raise invalid(custom.label, "There is no such option.")
    return custom.word(name)


def attributes() -> list[dict[str, Any]]:
    """All attributes of the site, core and custom."""
    found: list[dict[str, Any]] = []
    for entity in (STUDENT, CONTACT):
        for name, _ in PROPERTIES[entity]:
            found.append(_attribute(1_000_000 + len(found), name, entity, "Text Box", [name], None, core=True))
        for custom in CUSTOMS:
            number = attribute_id(entity, custom)
            lookup = lookup_id(custom) if custom.chosen else None
            key = f"CustomAttributeValues.custom_attribute_{number}"
            found.append(_attribute(number, custom.label, entity, _FIELD_TYPES[custom.sort], [key], lookup, core=False))
    return found


def _attribute(
    number: int, label: str, entity: int, field_type: str, properties: list[str], lookup: int | None, *, core: bool
) -> dict[str, Any]:
    return {
        "Id": number,
        "Name": label if core else f"custom_attribute_{number}",
        "ShortDisplayName": label,
        "LongDisplayName": label,
        "EntityTypeId": entity,
        "EntityTypeName": None,
        "CustomFormId": None,
        "FieldTypeName": field_type,
        "IsCore": core,
        "IsStandard": core,
        "ValuePropertyNames": properties,
        "DisplayPropertyNames": properties,
        "LookupId": lookup,
        "LookupName": None,
    }
