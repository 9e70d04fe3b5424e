"""A tenant's account as Hivebrite shows it: a user with custom attributes, experiences and a place in mentoring programmes.

Property names are those of the vendor's specification as two connectors repeat it (C), most of them also in public code that
calls the API (B). An account's id is Hivebrite's number.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

from emulator.career.customs import CONSENTS, INTERESTS, OUTCOME, Custom, Sort, number_of, numbered
from emulator.career.errors import invalid
from emulator.career.fields import get
from emulator.career.models import CareerSystem
from emulator.career.records import Stored

PROPERTIES = (
    ("email", "login_email"),
    ("firstname", "first_name"),
    ("lastname", "last_name"),
    ("maidenname", "former_last_name"),
    ("external_id", "institution_id"),
    ("birthday", "birth_date"),
    ("headline", "title"),
    ("mobile_perso", "phone_mobile"),
    ("landline_perso", "phone_home"),
    ("landline_pro", "phone_work"),
    ("linkedin_profile_url", "linkedin_url"),
    ("deceased", "deceased"),
    ("do_not_contact", "do_not_contact"),
)
"""Property of a user and field of the tenant's account."""
_POSTAL = (
    ("address_1", "address.street"),
    ("city", "address.city"),
    ("state", "address.state"),
    ("postal_code", "address.postcode"),
    ("country", "address.country"),
)
"""The same for what stands in `postal_personal`."""
CUSTOMS = (
    Custom(label="Middle name", path="middle_name"),
    Custom(label="Preferred name", path="preferred_name"),
    Custom(label="Personal e-mail", path="email_personal"),
    Custom(label="University e-mail", path="email_university"),
    Custom(label="Work e-mail", path="email_work"),
    Custom(label="Degree", path="degree"),
    Custom(label="Major", path="major"),
    Custom(label="Class year", path="class_year", sort=Sort.NUMBER),
    *CONSENTS,
    *INTERESTS,
    *OUTCOME,
)
"""The custom attributes that this university has made for its users."""
CALLED = {path: name for name, path in (*PROPERTIES, *_POSTAL)} | {custom.path: custom.label for custom in CUSTOMS}
"""What a refusal calls each field of the tenant's account."""
_SUMMARY = ("id", "email", "name", "firstname", "lastname", "sub_network_ids", "created_at", "updated_at", "extended_updated_at")
"""All that a list shows of a user unless it is asked for full profiles."""
_TYPES = {
    Sort.TEXT: "string",
    Sort.NUMBER: "integer",
    Sort.DATE: "date",
    Sort.YES_NO: "select",
    Sort.CHOICE: "select",
    Sort.CHOICES: "select",
}
_MENTORING = frozenset({"mentor_availability", "mentor_capacity"})
_YES_NO = ("Yes", "No")


def told(system: CareerSystem, stored: Stored, *, full: bool) -> dict[str, Any]:
    """The account as a list shows it; `full`: as it shows it when asked for full profiles."""
    data = stored.data()
    item: dict[str, Any] = {
        "id": int(stored.id),
        "name": " ".join(filter(None, (data["first_name"], data["last_name"]))),
        "sub_network_ids": [1],
        "created_at": stamp(stored.created),
        "updated_at": stamp(touched(stored, own=True)),
        "extended_updated_at": stamp(stored.modified),
        "email2": None,
        "email3": None,
        "is_active": data["state"] != "disabled",
        "confirmed_at": stamp(stored.created),
        "last_visited_at": stamp(system.clock.now()),
        "sign_in_count": stored.extra.get("visits", 0),
        "photo": {"thumburl": f"https://files.example.net/{stored.id}?signed={system.clock.now().timestamp()}"},
        "resume": f"https://files.example.net/resume/{stored.id}?expires={system.clock.now().timestamp()}",
        "postal_work": None,
    }
    item |= {name: get(data, path) for name, path in PROPERTIES}
    item["postal_personal"] = {"id": int(stored.id), **{name: get(data, path) for name, path in _POSTAL}}
    item["custom_attributes"] = [_custom(system, custom, get(data, custom.path)) for custom in CUSTOMS]
    if full and system.switches.hivebrite_jobs_in_profile:
        item["experiences"] = experiences(stored)
    return item if full else {name: item[name] for name in _SUMMARY}


def touched(stored: Stored, *, own: bool = False, mentoring: bool = False) -> datetime:
    """When the user's own properties last changed (`own`), or her place in the mentoring programmes (`mentoring`)."""
    paths = {path for _, path in (*PROPERTIES, *_POSTAL)} | {"state"} if own else _MENTORING if mentoring else frozenset[str]()
    moments = [datetime.fromisoformat(version.at) for version in stored.versions if paths & version.changes.keys()]
    return max(moments, default=stored.created)


def experiences(stored: Stored) -> list[dict[str, Any]]:
    """What she has worked; the tenant knows of the present alone."""
    data = stored.data()
    if data["employer"] is None:
        return []
    company = {"id": crc32(str(data["employer"]).encode()), "name": data["employer"]}
    return [{"id": int(stored.id), "position": data["title"], "from": "2020-01-01", "to": None, "company": company}]


def stamp(moment: datetime) -> str:
    """A time as Hivebrite writes it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def attribute_name(custom: Custom) -> str:
    """The inner name of a custom attribute: eight hexadecimal digits and what it is called, as seen in production."""
    return f"_{crc32(custom.label.encode()):08x}_{custom.label.replace(' ', '_')}"


def attributes(system: CareerSystem) -> list[dict[str, Any]]:
    """All custom attributes of the network."""
    return [
        {
            "id": 9000 + number,
            "type": _TYPES[custom.sort],
            "customizable_type": "User",
            "name": attribute_name(custom),
            "display_name": custom.label,
            "multi": custom.sort is Sort.CHOICES,
            "options": _options(system, custom),
            "visibility": "admin",
            "user_editable": False,
            "required": False,
        }
        for number, custom in enumerate(CUSTOMS)
    ]


def _options(system: CareerSystem, custom: Custom) -> list[str]:
    return list(_YES_NO) if custom.sort is Sort.YES_NO else list(numbered(system, custom)) if custom.chosen else []


def _custom(system: CareerSystem, custom: Custom, value: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    shown = value
    if value is not None and custom.sort is Sort.YES_NO:
        shown = _YES_NO[0] if value else _YES_NO[1]
    elif value is not None and custom.chosen:
        shown = (
            [number_of(system, custom, one)[1] for one in value]
            if isinstance(value, list)
            else number_of(system, custom, value)[1]
        )
    number, kind = 9000 + CUSTOMS.index(custom), _TYPES[custom.sort]
    return {"id": number, "name": attribute_name(custom), "value": shown, "type": kind}


def taken(system: CareerSystem, stored: Stored | None, user: Mapping[str, Any]) -> dict[str, Any]:
    """The tenant's fields in the `user` of a body, with those that become empty because it does not name them.

    Raises:
        ApiError: the address as it already is (as seen in production), an unknown attribute or choice.
    """
    if stored is not None and user.get("email") is not None and user["email"] == stored.data()["login_email"]:
        raise invalid("email", "Email has already been taken")
    whole, fields = stored is not None and system.switches.hivebrite_put_replaces, dict[str, Any]()
    for names, holder in ((PROPERTIES, user), (_POSTAL, user.get("postal_personal"))):
        for name, path in names:
            if isinstance(holder, dict) and name in holder:
                fields[path] = holder[name]
            elif whole:
                fields[path] = None
    if whole or (system.switches.hivebrite_customs_replaced and "custom_attributes" in user):
        fields |= {custom.path: None for custom in CUSTOMS}
    by_name = {attribute_name(custom): custom for custom in CUSTOMS}
    for one in user.get("custom_attributes") or ():
        if not isinstance(one, dict) or one.get("name") not in by_name:
            raise invalid("custom_attributes", "There is no such attribute.")
        custom = by_name[one["name"]]
        fields[custom.path] = _value(system, custom, one.get("value"))
    if "is_active" in user:
        fields["state"] = "active" if user["is_active"] else "disabled"
    return {path: value for path, value in fields.items() if not (whole and path in {"login_email", "last_name"})}


def _value(system: CareerSystem, custom: Custom, shown: Any) -> Any:  # noqa: ANN401 - JSON
    if shown is None or shown == [] or not (custom.chosen or custom.sort is Sort.YES_NO):
        return shown
    known = _options(system, custom)
    for one in shown if isinstance(shown, list) else [shown]:
        if one not in known:
            raise invalid(custom.label, "is not included in the list")
    if custom.sort is Sort.YES_NO:
        return shown == _YES_NO[0]
    return [custom.word(one) for one in shown] if isinstance(shown, list) else custom.word(shown)


def mentors(system: CareerSystem) -> list[Stored]:
    """Whoever has a mentor profile."""
    return [one for one in system.people.order if not one.deleted and one.data()["mentor_availability"] is not None]


def mentor(system: CareerSystem, stored: Stored) -> dict[str, Any]:
    """A mentor profile: her place in the programme of those who take as many mentees as she does."""
    data = stored.data()
    words = {"available": system.switches.hivebrite_mentor_word, "paused": "paused", "not_available": "inactive"}
    at = touched(stored, mentoring=True)
    if system.switches.hivebrite_mentor_touched:
        at = max(at, stored.extra.get("accepted_at", at))
    return {
        "mentor_id": 500_000 + int(stored.id),
        "mentoring_program_id": 100 + (data["mentor_capacity"] or 0),
        "user_id": int(stored.id),
        "status": words[data["mentor_availability"]],
        "accepted_mentees_count": stored.extra.get("mentees", 0),
        "created_at": stamp(stored.created),
        "updated_at": stamp(at),
        "name": data["last_name"],
        "customizable_attributes": [],
    }


def programs(system: CareerSystem) -> list[dict[str, Any]]:
    """The mentoring programmes: one for each number of mentees that mentors take."""
    numbers = sorted({one.data()["mentor_capacity"] or 0 for one in mentors(system)})
    now = stamp(system.clock.now())
    return [
        {
            "id": 100 + number,
            "name": f"Mentors of {number}",
            "maximum_mentees": number or None,
            "mode": "admin_match",
            "manager_ids": [1],
            "parent_type": "Network",
            "published_at": now,
            "created_at": now,
            "updated_at": now,
        }
        for number in numbers
    ]
