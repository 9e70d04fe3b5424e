"""One field's value on its way in: from JSON (or CSV text) to the form in which it is kept and printed."""

import math
import re
from datetime import UTC, date, datetime
from html import escape
from typing import Any

from emulator.salesforce.errors import SalesforceError, parser_error
from emulator.salesforce.fields import Field
from emulator.salesforce.ids import normal_id

STAMP = "%Y-%m-%dT%H:%M:%S.000+0000"

# What the platform accepts is wider than RFC 5321 in places and narrower in others [guess]; "badone" is refused [R].
_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\-\u0080-\U0010ffff]+@[A-Za-z0-9\u0080-\U0010ffff\-]+(\.[A-Za-z0-9\u0080-\U0010ffff\-]+)+"
)

_TIME = r"T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?"
_DATE = re.compile(rf"(\d{{4}}-\d\d-\d\d)({_TIME}|Z|[+-]\d\d:\d\d)?", re.ASCII)
_MOMENT = re.compile(rf"\d{{4}}-\d\d-\d\d({_TIME})?", re.ASCII)
"""The forms of dates and moments [SOAP and Bulk API guides: those of XML Schema]; a moment's day does for a date [guess]."""


def stamp(moment: datetime) -> str:
    """A moment as Salesforce prints it: UTC, whole seconds, offset without a colon [recording]."""
    return moment.astimezone(UTC).strftime(STAMP)


def parse_moment(text: str) -> datetime:
    """A moment from any ISO 8601 form; without an offset it is UTC.

    Raises:
        ValueError: it is none.
    """
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def coerce(one: Field, raw: object) -> Any:  # noqa: ANN401, PLR0911 - one line per kind of field
    """The value to keep for a field, or None.

    Raises:
        SalesforceError: the value does not fit the field.
    """
    if raw is None:
        return None
    if isinstance(raw, str):
        # Text is trimmed and empty text is null [unverified in a real org].
        raw = raw.strip() if one.type != "base64" else raw
        if raw == "":
            return None
    match one.type:
        case "boolean":
            return _boolean(raw)
        case "double" | "currency" | "percent" | "int" | "long":
            return _number(one, raw)
        case "date":
            return _date(one, raw)
        case "datetime":
            return _datetime(raw)
        case "reference" | "id":
            return _reference(one, raw)
        case _:
            return _text(one, raw)


def _text(one: Field, raw: object) -> str | None:
    if isinstance(raw, dict | list):
        kind = "START_OBJECT" if isinstance(raw, dict) else "START_ARRAY"
        raise _cannot("string", kind, raw)
    text = raw if isinstance(raw, str) else str(raw).lower() if isinstance(raw, bool) else str(raw)
    if one.type == "multipicklist":
        return _multipicklist(one, text)
    if one.type == "picklist":
        return _picklist(one, text)
    # Rich text is measured as it is kept: an ampersand is five characters [secondary source].
    kept = escape(text, quote=False) if one["htmlFormatted"] else text
    if one.length and len(kept) > one.length:
        raise SalesforceError(
            "STRING_TOO_LONG",
            f"{one.label}: data value too large: {text} (max length={one.length})",
            fields=(one.name,),
        )
    if one.type == "email" and not _EMAIL.fullmatch(text):
        raise SalesforceError("INVALID_EMAIL_ADDRESS", f"{one.label}: invalid email address: {text}", fields=(one.name,))
    return text


def _picklist(one: Field, text: str) -> str:
    known = one.values.get(text.lower())
    if known is not None:
        return known
    if one["restrictedPicklist"]:
        raise SalesforceError(
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            f"{one.label}: bad value for restricted picklist field: {text}",
            fields=(one.name,),
        )
    if one.length and len(text) > one.length:
        raise SalesforceError(
            "STRING_TOO_LONG",
            f"{one.label}: data value too large: {text} (max length={one.length})",
            fields=(one.name,),
        )
    return text


def _multipicklist(one: Field, text: str) -> str | None:
    chosen: dict[str, None] = {}
    for part in text.split(";"):
        if part.strip():
            chosen[_picklist(one, part.strip())] = None
    # Values are kept in the order of the definition, unknown ones behind [guess].
    order = {value: at for at, value in enumerate(one.values.values())}
    return ";".join(sorted(chosen, key=lambda value: (order.get(value, len(order)), value))) or None


def _boolean(raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.lower() in {"true", "false", "1", "0"}:
        return raw.lower() in {"true", "1"}
    raise _cannot("boolean", "VALUE_STRING" if isinstance(raw, str) else "VALUE_NUMBER_INT", raw)


def _number(one: Field, raw: object) -> float | int:
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        raise _cannot("double", "VALUE_TRUE" if raw is True else "START_OBJECT", raw)
    try:
        number = float(raw)
    except ValueError:
        raise _cannot("double", "VALUE_STRING", raw) from None
    if not math.isfinite(number):
        raise _cannot("double", "VALUE_STRING", raw)
    if one.type in {"int", "long"}:
        return int(number)
    whole_digits = one["precision"] - one["scale"]
    if whole_digits > 0 and abs(number) >= 10**whole_digits:
        raise SalesforceError(
            "NUMBER_OUTSIDE_VALID_RANGE",
            f"{one.label}: value outside of valid range on numeric field: {raw}",
            fields=(one.name,),
        )
    return round(number, int(one["scale"]))


def _date(one: Field, raw: object) -> str:
    text = str(raw)
    form = _DATE.fullmatch(text)
    try:
        day = date.fromisoformat(form[1] if form else "")
    except ValueError:
        raise _cannot("date", "VALUE_STRING", raw) from None
    if not 1700 <= day.year <= 4000:
        raise SalesforceError(
            "NUMBER_OUTSIDE_VALID_RANGE",
            f"{one.label}: invalid date: {text}",
            fields=(one.name,),
        )
    return day.isoformat()


def _datetime(raw: object) -> str:
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        return stamp(datetime.fromtimestamp(raw / 1000, UTC))
    text = str(raw)
    try:
        return stamp(parse_moment(text if _MOMENT.fullmatch(text) else ""))
    except (ValueError, OverflowError):
        raise _cannot("datetime", "VALUE_STRING", raw) from None


def _reference(one: Field, raw: object) -> str:
    known = normal_id(raw)
    if known is None:
        raise SalesforceError("MALFORMED_ID", f"{one.label}: id value of incorrect type: {raw}", fields=(one.name,))
    return known


def _cannot(kind: str, token: str, raw: object) -> SalesforceError:
    return parser_error(
        f"Cannot deserialize instance of {kind} from {token} value {raw} or request may be missing a required field"
    )
