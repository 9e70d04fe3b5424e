"""A tenant's account as Symplicity CSM shows it: a student with custom fields, choices by id, an address in one text.

Property names are those that public code reads and writes (B). An account's id is 32 hexadecimal digits.
"""

import re
from collections.abc import Mapping
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
from emulator.career.fields import get
from emulator.career.models import CareerSystem
from emulator.career.records import Stored

PROPERTIES = (
    ("schoolStudentId", "institution_id"),
    ("username", "login_email"),
    ("email", "login_email"),
    ("firstName", "first_name"),
    ("middleName", "middle_name"),
    ("lastName", "last_name"),
    ("preferredName", "preferred_name"),
    ("permanentEmail", "email_personal"),
    ("phone", "phone_home"),
    ("mobile_phone_number", "phone_mobile"),
    ("birthdate", "birth_date"),
)
"""Property of a student and field of the tenant's account."""
_CUSTOMS = (
    Custom(label="Former last name", path="former_last_name"),
    Custom(label="University e-mail", path="email_university"),
    Custom(label="Work e-mail", path="email_work"),
    Custom(label="Work phone", path="phone_work"),
    Custom(label="Street", path="address.street"),
    Custom(label="City", path="address.city"),
    Custom(label="State or province", path="address.state"),
    Custom(label="Postal code", path="address.postcode"),
    Custom(label="Country", path="address.country"),
    Custom(label="Employer", path="employer"),
    Custom(label="Job title", path="title"),
    Custom(label="LinkedIn page", path="linkedin_url"),
    Custom(label="Degree", path="degree"),
    Custom(label="Major", path="major"),
    Custom(label="Class year", path="class_year", sort=Sort.NUMBER),
    *CONSENTS,
    NO_CONTACT,
    DECEASED,
    *INTERESTS,
    *MENTORING,
    *OUTCOME,
)
"""The custom fields that this site has made for its students."""
_YES_NO = {"Yes": 1, "No": 2}
_TYPES = {"Student": 1, "Alumni": 2, "Community member": 3}
_BLOCKED = {"No": 0, "Yes": 1}


def machine_name(custom: Custom) -> str:
    """What a program calls a custom field: made of what it is called on screen, and cut after 30 characters (B)."""
    return re.sub(r"[^a-z0-9]+", "_", custom.label.lower()).strip("_")[:30]


CUSTOMS: Mapping[str, Custom] = {machine_name(custom): custom for custom in _CUSTOMS}
CALLED = {path: name for name, path in PROPERTIES} | {custom.path: name for name, custom in CUSTOMS.items()}
"""What a refusal calls each field of the tenant's account."""


def told(system: CareerSystem, stored: Stored, *, customs: bool) -> dict[str, Any]:
    """The account as lists and single reads show it; ``customs``: as it was asked for with its custom fields.

    Symplicity's own address is another field than the custom ones: as production shows it, the street and below it the rest.
    """
    data = stored.data()
    names = [data["first_name"], data["middle_name"], data["last_name"]]
    kind = stored.extra.get("type", "Alumni")
    item: dict[str, Any] = {
        "id": stored.id,
        "fullName": " ".join(filter(None, names)),
        "applicantType": [_shown(system, _TYPES[kind], kind)],
        "majors": [],
        "accountDisabled": data["state"] == "disabled",
        "accountBlocked": _shown(system, int(stored.extra.get("blocked", False)), "Yes" if stored.extra.get("blocked") else "No"),
        "address": {"label": stored.extra.get("address", "")},
    }
    item |= {name: get(data, path) or "" for name, path in PROPERTIES}
    if customs:
        item["customFields"] = {name: _custom(system, custom, get(data, custom.path)) for name, custom in CUSTOMS.items()}
    return item


def _custom(system: CareerSystem, custom: Custom, value: Any) -> Any:  # noqa: ANN401 - JSON
    if custom.sort is Sort.CHOICES:
        return [_shown(system, *number_of(system, custom, one)) for one in value or ()]
    if value is None:
        return ""
    if custom.sort is Sort.YES_NO:
        word = "Yes" if value else "No"
        return _shown(system, _YES_NO[word], word)
    if custom.sort is Sort.CHOICE:
        return _shown(system, *number_of(system, custom, value))
    return str(value)


def _shown(system: CareerSystem, number: int, name: str) -> dict[str, str]:
    """A chosen value."""
    key = system.switches.symplicity_choice_key
    return {"id": str(number), **({key: name} if key else {})}


def picklist(system: CareerSystem, field: str) -> Mapping[str, int] | None:
    """The choices of a field by what they are called; None if it has none."""
    if field in {"applicantType", "accountBlocked"}:
        return _TYPES if field == "applicantType" else _BLOCKED
    custom = CUSTOMS.get(field)
    if custom is None or not (custom.chosen or custom.sort is Sort.YES_NO):
        return None
    return _YES_NO if custom.sort is Sort.YES_NO else numbered(system, custom)


def taken(system: CareerSystem, body: Mapping[str, Any], *, whole: bool) -> dict[str, Any]:
    """The tenant's fields in a body. ``whole``: what the body does not name becomes empty. Unknown names do nothing.

    Raises:
        ApiError: an unknown choice, or a number that is none.
    """
    fields: dict[str, Any] = {path: None for _, path in PROPERTIES if path not in {"last_name", "login_email"}} if whole else {}
    fields |= {path: body[name] or None for name, path in PROPERTIES if name in body}
    nested = body.get("customFields")
    holder = (nested if isinstance(nested, dict) else {}) if system.switches.symplicity_customs_nested else body
    for name, custom in CUSTOMS.items():
        if name in holder:
            fields[custom.path] = _value(system, name, custom, holder[name])
        elif whole:
            fields[custom.path] = None
    if "accountDisabled" in body:
        fields["state"] = "disabled" if body["accountDisabled"] else "active"
    return fields


def _value(system: CareerSystem, name: str, custom: Custom, sent: Any) -> Any:  # noqa: ANN401 - JSON
    if sent in ("", None, []):
        return None
    choices = picklist(system, name)
    if choices is None:
        if custom.sort is Sort.NUMBER and not str(sent).isdecimal():
            raise invalid(name, "must be a number")
        return int(sent) if custom.sort is Sort.NUMBER else sent
    by_id = {str(number): word for word, number in choices.items()}
    chosen = sent if isinstance(sent, list) else [sent]
    if not all(one in by_id for one in chosen):
        raise invalid(name, "is not a valid choice")
    words = [by_id[one] for one in chosen]
    if custom.sort is Sort.YES_NO:
        return words[0] == "Yes"
    return [custom.word(word) for word in words] if isinstance(sent, list) else custom.word(words[0])
