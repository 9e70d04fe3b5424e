"""What an account and a request consist of, and which values the career system accepts."""

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import date
from typing import Any

from emulator.career.errors import invalid

OUTCOMES = (
    "Employed Full Time",
    "Employed Part Time",
    "Volunteer Service",
    "Military Service",
    "Continuing Education",
    "Seeking Employment",
    "Seeking Continuing Education",
    "Not Seeking",
)
AVAILABILITY = ("available", "paused", "not_available")
STATES = ("active", "disabled", "pending_approval")
REQUEST_STATES = ("open", "withdrawn")

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_SHORT = 255
_LONG = 32_000

Check = Callable[[str, Any], None]


def _text(limit: int) -> Check:
    def check(field: str, value: object) -> None:
        if not isinstance(value, str):
            raise invalid(field, "Must be text or null.")
        if len(value) > limit:
            raise invalid(field, f"Must have at most {limit} characters.")

    return check


def _email(field: str, value: object) -> None:
    if not isinstance(value, str) or len(value) > 254 or not _EMAIL.fullmatch(value.strip()):
        raise invalid(field, "Must be an e-mail address or null.")


def _date(field: str, value: object) -> None:
    try:
        date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise invalid(field, "Must be a date (YYYY-MM-DD) or null.") from None


def _truth(field: str, value: object) -> None:
    if not isinstance(value, bool):
        raise invalid(field, "Must be true, false or null.")


def _whole(low: int, high: int) -> Check:
    def check(field: str, value: object) -> None:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise invalid(field, f"Must be a whole number from {low} to {high}, or null.")

    return check


def _one_of(words: tuple[str, ...]) -> Check:
    def check(field: str, value: object) -> None:
        if value not in words:
            raise invalid(field, f"Must be one of: {', '.join(words)}.")

    return check


def _texts(field: str, value: object) -> None:
    if not isinstance(value, list) or len(value) > 50 or not all(isinstance(one, str) and len(one) <= _SHORT for one in value):
        raise invalid(field, "Must be a list of at most 50 short texts.")


PERSON: dict[str, Check] = {
    "institution_id": _text(80),
    "first_name": _text(_SHORT),
    "middle_name": _text(_SHORT),
    "last_name": _text(_SHORT),
    "preferred_name": _text(_SHORT),
    "former_last_name": _text(_SHORT),
    "birth_date": _date,
    "email_personal": _email,
    "email_university": _email,
    "email_work": _email,
    "login_email": _email,
    "phone_mobile": _text(40),
    "phone_home": _text(40),
    "phone_work": _text(40),
    "address.street": _text(_SHORT),
    "address.city": _text(_SHORT),
    "address.state": _text(_SHORT),
    "address.postcode": _text(40),
    "address.country": _text(_SHORT),
    "employer": _text(_SHORT),
    "title": _text(_SHORT),
    "degree": _text(_SHORT),
    "major": _text(_SHORT),
    "class_year": _whole(1800, 2200),
    "linkedin_url": _text(_SHORT),
    "consents.career_asks": _truth,
    "consents.mentoring": _truth,
    "consents.events": _truth,
    "consents.surveys": _truth,
    "do_not_contact": _truth,
    "deceased": _truth,
    "interests": _texts,
    "industries": _texts,
    "mentor_availability": _one_of(AVAILABILITY),
    "mentor_capacity": _whole(0, 999),
    "outcome": _one_of(OUTCOMES),
    "outcome_as_of": _date,
}
"""Writable fields of an account, by dotted path."""

STAFF_ONLY: dict[str, Check] = {"state": _one_of(STATES), "primary_account_id": _text(80)}
"""Fields that only staff may change."""

LISTS = frozenset({"interests", "industries"})
FLAGS = frozenset({"do_not_contact", "deceased"})

REQUEST = (
    "type",
    "direction",
    "title",
    "text",
    "details",
    "need_by",
    "requested_by",
    "person_id",
    "named",
    "person_hint",
    "criteria",
    "count",
    "effort_minutes",
    "urgent",
    "state",
)
"""Fields of a request as staff file it; deliberately hardly checked, because people file nonsense."""


def empty_person() -> dict[str, Any]:
    """An account with every field empty, nested as the contract shows it."""
    record: dict[str, Any] = {"id": "", "etag": "", "primary_account_id": None, "state": "active"}
    for path in PERSON:
        put(record, path, [] if path in LISTS else False if path in FLAGS else None)
    return record


def empty_request() -> dict[str, Any]:
    """A request with every field at its default."""
    record: dict[str, Any] = dict.fromkeys(("id", "etag", *REQUEST))
    return {**record, "id": "", "etag": "", "named": False, "urgent": False, "state": "open", "text": "", "title": ""}


def get(record: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - JSON
    """The value at a dotted path."""
    value: Any = record
    for part in path.split("."):
        value = value[part]
    return value


def put(record: dict[str, Any], path: str, value: object) -> None:
    """Set the value at a dotted path."""
    *parents, last = path.split(".")
    for part in parents:
        record = record.setdefault(part, {})
    record[last] = value


def checked_person(fields: object, *, staff: bool, where: str = "") -> dict[str, Any]:
    """The given fields, each known and acceptable.

    Raises:
        ApiError: 422 that names the first field at fault.
    """
    if not isinstance(fields, dict):
        raise invalid(where or "body", "Must be an object of field: value.")
    for field, value in fields.items():
        check = PERSON.get(field) or (STAFF_ONLY.get(field) if staff else None)
        if check is None:
            raise invalid(field, "There is no such field, or this key may not write it.")
        if value is not None and value != "":
            check(field, value)
        elif field in {"last_name", "state"}:
            raise invalid(field, "Must not be empty.")
    return deepcopy(fields)


def checked_request(fields: object) -> dict[str, Any]:
    """The given fields of a request; only their names, lengths and the state word are checked.

    Raises:
        ApiError: 422.
    """
    if not isinstance(fields, dict):
        raise invalid("body", "Must be an object of field: value.")
    for field, value in fields.items():
        if field not in REQUEST:
            raise invalid(field, "There is no such field, or it cannot be written.")
        if isinstance(value, str) and len(value) > _LONG:
            raise invalid(field, f"Must have at most {_LONG} characters.")
    if fields.get("state", "open") not in REQUEST_STATES:
        raise invalid("state", f"Must be one of: {', '.join(REQUEST_STATES)}.")
    return deepcopy(fields)


def text_of(body: Mapping[str, Any], field: str, *, limit: int = _LONG) -> str:
    """A required text of a body.

    Raises:
        ApiError: 422.
    """
    value = body.get(field)
    if not isinstance(value, str) or not value or len(value) > limit:
        raise invalid(field, f"Must be text of 1 to {limit} characters.")
    return value
