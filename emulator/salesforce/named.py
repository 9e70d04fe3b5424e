"""Documented answers and refusals by name, for ordered faults."""

import gzip

from emulator.http import Response, json_response
from emulator.salesforce.errors import SalesforceError, read_only

HUGE = 100_000_000
"""Bytes of the answers that are too large for any client."""

_MAINTENANCE_PAGE = "<html><head><title>Maintenance</title></head><body>We are down for maintenance.</body></html>"
_LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Login | Salesforce</title></head><body>Login</body></html>"
_PAGES = {
    "SERVER_UNAVAILABLE_HTML": (503, _MAINTENANCE_PAGE),
    "MAINTENANCE_PAGE": (200, _MAINTENANCE_PAGE),
    "LOGIN_PAGE": (200, _LOGIN_PAGE),
    "BAD_GATEWAY": (502, "<html><body><h1>502 Bad Gateway</h1></body></html>"),
    "GATEWAY_TIMEOUT": (504, "<html><body><h1>504 Gateway Time-out</h1></body></html>"),
}

_PLAIN: dict[str, tuple[int, str, str]] = {
    "REQUEST_LIMIT_EXCEEDED": (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    "CONCURRENT_LIMIT": (403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."),
    "LONG_TXN_LIMIT": (403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded"),
    "INVALID_SESSION_ID": (401, "INVALID_SESSION_ID", "Session expired or invalid"),
    "SERVER_UNAVAILABLE": (503, "SERVER_UNAVAILABLE", "Server unavailable"),
    "UNKNOWN_EXCEPTION": (500, "UNKNOWN_EXCEPTION", "An unexpected error occurred."),
    "QUERY_TIMEOUT": (400, "QUERY_TIMEOUT", "Your query request was running for too long."),
    "INVALID_QUERY_LOCATOR": (400, "INVALID_QUERY_LOCATOR", "invalid query locator"),
    "API_DISABLED_FOR_ORG": (403, "API_DISABLED_FOR_ORG", "The REST API is not enabled for this Organization."),
    "TXN_SECURITY_METERING_ERROR": (403, "TXN_SECURITY_METERING_ERROR", "Transaction security metering error"),
    "UNSUPPORTED_API_VERSION": (410, "UNSUPPORTED_API_VERSION", "This API version has been retired"),
}

_REFUSED: dict[str, tuple[str, tuple[str, ...]]] = {
    "UNABLE_TO_LOCK_ROW": ("unable to obtain exclusive access to this record or 1 records: {id}", ()),
    "DUPLICATE_VALUE": ("duplicate value found: {field} duplicates value on record with id: {id}", ()),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": ("Refused by a validation rule", ()),
    "REQUIRED_FIELD_MISSING": ("Required fields are missing: [{field}]", ("{field}",)),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": ("{field}: bad value for restricted picklist field: X", ("{field}",)),
    "STRING_TOO_LONG": ("{field}: data value too large: xxx (max length=80)", ("{field}",)),
    "ENTITY_IS_DELETED": ("entity is deleted", ()),
    "INVALID_CROSS_REFERENCE_KEY": ("invalid cross reference id", ()),
    "INACTIVE_OWNER_OR_USER": ("operation performed with inactive user: []", ()),
    "INSUFFICIENT_ACCESS_OR_READONLY": ("insufficient access rights on object id", ()),
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": ("insufficient access rights on cross-reference id: {id}", ()),
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": (
        "Trigger: execution of BeforeSave caused by: System.LimitException: Apex CPU time limit exceeded",
        (),
    ),
    "TXN_SECURITY_METERING_ERROR": ("Transaction security metering error", ()),
    "STORAGE_LIMIT_EXCEEDED": ("storage limit exceeded", ()),
    "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE": ("Updates can't be made during maintenance.", ()),
    "INVALID_FIELD_FOR_INSERT_UPDATE": (
        read_only(["{field}"]).message,
        ("{field}",),
    ),
    "UNKNOWN_EXCEPTION": ("An unexpected error occurred.", ()),
}

_OAUTH: dict[str, tuple[str, str]] = {
    "INACTIVE_USER": ("invalid_grant", "inactive user"),
    "AUTHENTICATION_FAILURE": ("invalid_grant", "authentication failure"),
    "IP_RESTRICTED": ("invalid_grant", "ip restricted"),
    "USER_NOT_APPROVED": ("invalid_grant", "user hasn't approved this consumer"),
    "EXPIRED_ASSERTION": ("invalid_grant", "expired authorization code"),
    "INVALID_ASSERTION": ("invalid_grant", "invalid assertion"),
    "APP_NOT_FOUND": ("invalid_client_id", "client identifier invalid"),
    "APP_BLOCKED": ("invalid_grant", "app must be installed into org"),
}

_WIRE = {
    "CONNECTION_REFUSED": "refused",
    "DNS_FAILURE": "name",
    "CONNECT_TIMEOUT": "connect_timeout",
    "BAD_CERTIFICATE": "certificate",
}


def named_response(name: str) -> Response:
    """A documented answer (or failure of the connection) by its name.

    Raises:
        KeyError: there is none of that name.
    """
    if name in _WIRE:
        return Response(status=0, failure=_WIRE[name])
    if name in _PAGES:
        status, page = _PAGES[name]
        return Response(status=status, headers={"Content-Type": "text/html;charset=UTF-8"}, body=page.encode())
    if name in _PLAIN:
        status, code, message = _PLAIN[name]
        return json_response([{"message": message, "errorCode": code}], status=status)
    if name in _OAUTH:
        error, description = _OAUTH[name]
        return json_response({"error": error, "error_description": description}, status=400)
    if name in _LARGE:
        return _LARGE[name]()
    return named_refusal(name).response()


def named_refusal(name: str, *, message: str = "", field: str = "Name", record: str = "001000000000001AAA") -> SalesforceError:
    """A documented refusal of one record by its code.

    Raises:
        KeyError: there is none of that code.
    """
    text, fields = _REFUSED[name]
    filled = (message or text).replace("{field}", field).replace("{id}", record)
    return SalesforceError(name, filled, fields=tuple(each.replace("{field}", field) for each in fields))


def names() -> list[str]:
    """Every name that an order may use."""
    return sorted({*_WIRE, *_PAGES, *_PLAIN, *_OAUTH, *_LARGE, *_REFUSED})


def _huge() -> Response:
    return Response(headers={"Content-Type": "application/json;charset=UTF-8"}, body=b'[{"x":"' + b"x" * HUGE + b'"}]')


def _bomb() -> Response:
    headers = {"Content-Type": "application/json;charset=UTF-8", "Content-Encoding": "gzip"}
    return Response(headers=headers, body=gzip.compress(b" " * HUGE, compresslevel=9))


def _endless() -> Response:
    return Response(headers={"Content-Type": "application/json;charset=UTF-8"}, body=b" " * 65_536, endless=True)


_LARGE = {"HUGE": _huge, "GZIP_BOMB": _bomb, "ENDLESS": _endless}
