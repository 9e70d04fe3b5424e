"""What each Salesforce error code means for what happens next: one table, read by HTTP status and code, never by text.

Codes and statuses: REST guide ``errorcodes`` and recorded traffic. Texts are the org's language and are neither read nor kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from connector.errors import BridgeError, Halt, Later, Refused, Unknown
from connector.ports import Outcome, Status

SIDE = "crm"


class Verdict(StrEnum):
    """What an error means for the one call or the one element that met it."""

    LATER = "later"
    REFUSED = "refused"
    HALT = "halt"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """A verdict, who can change what, and how many seconds to wait where a fast retry would do harm."""

    verdict: Verdict
    remedy: str = ""
    retry_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One error as Salesforce reports it: code and API names of fields; its text is dropped."""

    code: str
    fields: tuple[str, ...] = ()


def _later(remedy: str = "", retry_after: float | None = None) -> Meaning:
    return Meaning(verdict=Verdict.LATER, remedy=remedy, retry_after=retry_after)


def _refused(remedy: str) -> Meaning:
    return Meaning(verdict=Verdict.REFUSED, remedy=remedy)


def _halt(remedy: str) -> Meaning:
    return Meaning(verdict=Verdict.HALT, remedy=remedy)


_PERMISSION = "a Salesforce administrator: assign the permission set Alumni_Bridge_Daemon as shipped"
_PACKAGE = "a Salesforce administrator: deploy this version's package"
_LOOK = "an administrator of the bridge: correct or release the parked record"

CODES: Mapping[str, Meaning] = {
    # certainly not done; works later by itself
    "REQUEST_LIMIT_EXCEEDED": _later("a Salesforce administrator: the org's daily or concurrent API limit is used up", 900.0),
    "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE": _later("nobody: Salesforce is read-only for maintenance", 300.0),
    "UNABLE_TO_LOCK_ROW": _later(),
    "QUERY_TIMEOUT": _later(),
    "INVALID_QUERY_LOCATOR": _later(),
    "ALL_OR_NONE_OPERATION_ROLLED_BACK": _later(),
    "PROCESSING_HALTED": _later(),
    "TXN_SECURITY_METERING_ERROR": _later("a Salesforce administrator: a transaction security policy slows us down", 300.0),
    "STORAGE_LIMIT_EXCEEDED": _later("a Salesforce administrator: the org's data storage is full", 3600.0),
    "API_CURRENTLY_DISABLED": _later("a Salesforce administrator: the API is switched off for now", 900.0),
    "LOGIN_RATE_EXCEEDED": _later("", 900.0),
    # the whole side has to stop
    "INVALID_SESSION_ID": _halt("a Salesforce administrator: see the login history of the integration user"),
    "INVALID_AUTH_HEADER": _halt("a Salesforce administrator: see the login history of the integration user"),
    "API_DISABLED_FOR_ORG": _halt("a Salesforce administrator: give the integration user API access (edition, 'API Enabled')"),
    "UNSUPPORTED_API_VERSION": _halt("an administrator of the bridge: install a release that speaks a current API version"),
    "GONE": _halt("an administrator of the bridge: install a release that speaks a current API version"),
    "MULTIPLE_CHOICES": _halt("a Salesforce administrator: Key__c has lost its uniqueness; " + _PACKAGE),
    "MALFORMED_QUERY": _halt(
        "an administrator of the bridge: map fewer fields, or install a release whose queries Salesforce takes"
    ),
    "QUERY_TOO_COMPLICATED": _halt("an administrator of the bridge: map fewer formula fields and fewer records beside contacts"),
    # nobody knows what became of a write; a read works later
    "UNKNOWN_EXCEPTION": Meaning(verdict=Verdict.UNKNOWN),
    "SERVER_UNAVAILABLE": Meaning(verdict=Verdict.UNKNOWN),
    "REQUEST_RUNNING_TOO_LONG": Meaning(verdict=Verdict.UNKNOWN),
    # never as it is
    "INVALID_FIELD": _refused(_PERMISSION + ", or " + _PACKAGE),
    "INVALID_TYPE": _refused(_PERMISSION + ", or " + _PACKAGE),
    "INVALID_FIELD_FOR_INSERT_UPDATE": _refused(_PERMISSION),
    "INSUFFICIENT_ACCESS_OR_READONLY": _refused(_PERMISSION),
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": _refused(_PERMISSION),
    "INSUFFICIENT_ACCESS": _refused(_PERMISSION),
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": _refused("a Salesforce administrator: a flow or trigger of the org failed"),
    "CANNOT_EXECUTE_FLOW_TRIGGER": _refused("a Salesforce administrator: a flow of the org failed"),
    "OPERATION_TOO_LARGE": _refused(
        "a Salesforce administrator: too much is shared record by record for one query; let the integration user view all"
        " records of the object"
    ),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": _refused("a Salesforce administrator: a validation rule of the org refuses it"),
    "FIELD_FILTER_VALIDATION_EXCEPTION": _refused("a Salesforce administrator: a lookup filter of the org refuses it"),
    "REQUIRED_FIELD_MISSING": _refused("a Salesforce administrator: the org demands a field that the bridge does not know"),
    "DUPLICATES_DETECTED": _refused("a Salesforce administrator: a duplicate rule of the org refuses it"),
    "DUPLICATE_VALUE": _refused("a Salesforce administrator: a unique field other than our key refuses it"),
    "DUPLICATE_EXTERNAL_ID": _halt("a Salesforce administrator: Key__c has lost its uniqueness; " + _PACKAGE),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": _refused(
        "a Salesforce administrator: the value is missing from the picklist; " + _PACKAGE
    ),
    "INACTIVE_OWNER_OR_USER": _refused("an administrator of the bridge: name an active owner in routing.toml"),
    "CANNOT_REPARENT_RECORD": _refused("an administrator of the bridge: name an active owner in routing.toml"),
    "ENTITY_IS_DELETED": _refused("nobody: the record was deleted"),
    "NOT_FOUND": _refused("nobody: the record does not exist for us; if it does, " + _PERMISSION),
    "INVALID_CROSS_REFERENCE_KEY": _refused("nobody: the record referred to does not exist for us"),
    "STRING_TOO_LONG": _refused(_LOOK),
    "INVALID_EMAIL_ADDRESS": _refused(_LOOK),
    "NUMBER_OUTSIDE_VALID_RANGE": _refused(_LOOK),
    "MALFORMED_ID": _refused(_LOOK),
    "JSON_PARSER_ERROR": _refused(_LOOK),
}

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}", re.ASCII)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,160}", re.ASCII)


def classify(status: int, code: str, *, write: bool) -> Meaning:
    """What ``code`` under HTTP ``status`` means. Of unknown codes: 5xx is unknown (a read: later), the rest is refused."""
    known = CODES.get(code)
    if known is not None and not (known.verdict is Verdict.UNKNOWN and not write):
        return known
    if status >= 500 or known is not None:
        return Meaning(verdict=Verdict.UNKNOWN if write else Verdict.LATER)
    return _refused("an administrator of the bridge: Salesforce refuses this with a code that the bridge does not know")


def read_faults(value: Any) -> tuple[Fault, ...] | None:  # noqa: ANN401 - an answer's body, of any shape
    """The errors in a body: REST's array, Collections' ``statusCode``, OAuth's and Bulk's objects; None if none of these."""
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list):
        return None
    found = tuple(fault for item in value if (fault := _fault(item)) is not None)
    return found or None


def _fault(item: object) -> Fault | None:
    if not isinstance(item, dict):
        return None
    for name in ("errorCode", "statusCode", "error", "exceptionCode"):
        code = item.get(name)
        if isinstance(code, str) and _CODE.fullmatch(code):
            fields = item.get("fields")
            names = fields if isinstance(fields, list) else []
            return Fault(code=code, fields=tuple(f for f in names if isinstance(f, str) and _NAME.fullmatch(f)))
    return None


def error_of(status: int, fault: Fault, *, write: bool) -> BridgeError:
    """The exception for a whole call that met ``fault``."""
    meaning = classify(status, fault.code, write=write)
    detail = f"HTTP {status}" + (f" fields {', '.join(fault.fields)}" if fault.fields else "")
    match meaning.verdict:
        case Verdict.LATER:
            return Later(side=SIDE, code=fault.code, detail=detail, retry_after=meaning.retry_after)
        case Verdict.UNKNOWN:
            return Unknown(side=SIDE, detail=f"{fault.code} {detail}")
        case Verdict.HALT:
            return Halt(subject=SIDE, reason=f"{fault.code} ({detail})", remedy=meaning.remedy)
        case Verdict.REFUSED:
            return Refused(side=SIDE, code=fault.code, detail=detail, fields=fault.fields, remedy=meaning.remedy)


def outcome_of(status: int, fault: Fault) -> Outcome:
    """The outcome of one element of a write that met ``fault``; what would stop a side refuses the element and says why."""
    meaning = classify(status, fault.code, write=True)
    match meaning.verdict:
        case Verdict.LATER:
            answer = Status.LATER
        case Verdict.UNKNOWN:
            answer = Status.UNKNOWN
        case _:
            answer = Status.REFUSED
    return Outcome(
        status=answer,
        code=fault.code,
        detail=f"fields {', '.join(fault.fields)}" if fault.fields else "",
        remedy=meaning.remedy,
        retry_after=meaning.retry_after,
    )


def outcome_of_error(reason: BridgeError) -> Outcome:
    """The outcome of every element of a call that failed as a whole."""
    match reason:
        case Later():
            return Outcome(status=Status.LATER, code=reason.code, detail=reason.detail, retry_after=reason.retry_after)
        case Refused():
            return Outcome(status=Status.REFUSED, code=reason.code, detail=reason.detail, remedy=reason.remedy)
        case Unknown():
            return Outcome(status=Status.UNKNOWN, detail=reason.detail, retry_after=reason.retry_after)
        case _:
            # Halt and the like: what comes after in the same call was not sent; the next call will raise by itself
            return Outcome(status=Status.LATER, code="NOT_SENT")
