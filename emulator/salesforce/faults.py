"""Ordered misbehaviour of the service: what to do to which requests, how often."""

import re
from dataclasses import dataclass, field
from enum import StrEnum

from emulator.http import CUT_EVERYTHING, Request, Response, json_response


class When(StrEnum):
    """Where in the life of a request a fault strikes."""

    BEFORE = "before"
    """Instead of acting."""
    AFTER = "after"
    """The request acts and commits; only its answer is replaced."""
    LATER = "later"
    """The answer is replaced at once; the request acts `delay` seconds afterwards (a zombie)."""
    LATE_COMMIT = "late_commit"
    """The request is answered as usual, but its writes become visible `delay` seconds later with today's stamps."""


@dataclass(slots=True, kw_only=True)
class Fault:
    """One order: for the next `count` requests that match.

    `pattern` is searched in "METHOD path?query"; `body_pattern` in the body. `response` replaces the answer; without
    one the connection breaks. `skip` lets that many matching requests pass first.
    """

    pattern: re.Pattern[str]
    body_pattern: re.Pattern[str] | None = None
    count: int = 1
    skip: int = 0
    when: When = When.BEFORE
    response: Response | None = None
    delay: float = 0.0
    struck: int = 0

    def matches(self, request: Request) -> bool:
        """Whether this order is about that request, and not yet used up."""
        if self.count <= 0:
            return False
        line = f"{request.method} {request.path}" + (f"?{request.query}" if request.query else "")
        if not self.pattern.search(line):
            return False
        if self.body_pattern and not self.body_pattern.search(request.body.decode("utf-8", "replace")):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        return True

    def answer(self) -> Response:
        """What the client gets."""
        return self.response or Response(status=500, cut=CUT_EVERYTHING)


@dataclass(slots=True)
class Faults:
    """All orders, in the order in which they were given."""

    orders: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> Fault:
        """Give an order."""
        self.orders.append(fault)
        return fault

    def clear(self) -> None:
        """Take all orders back."""
        self.orders.clear()

    def take(self, request: Request) -> Fault | None:
        """The fault that this request meets; uses up one of its count."""
        for fault in self.orders:
            if fault.matches(request):
                fault.count -= 1
                fault.struck += 1
                return fault
        return None


def named_response(name: str) -> Response:
    """A documented answer by the name of its error code.

    Raises:
        KeyError: there is none of that name.
    """
    status, body = _NAMED[name]
    if isinstance(body, str):
        return Response(status=status, headers={"Content-Type": "text/html;charset=UTF-8"}, body=body.encode())
    return json_response(body, status=status)


_MAINTENANCE_PAGE = "<html><head><title>Maintenance</title></head><body>We are down for maintenance.</body></html>"
_LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Login | Salesforce</title></head><body>Login</body></html>"
_NAMED: dict[str, tuple[int, list[dict[str, object]] | str]] = {
    "REQUEST_LIMIT_EXCEEDED": (
        403,
        [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}],
    ),
    "CONCURRENT_LIMIT": (
        403,
        [
            {
                "message": "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
                "errorCode": "REQUEST_LIMIT_EXCEEDED",
            }
        ],
    ),
    "INVALID_SESSION_ID": (401, [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]),
    "UNABLE_TO_LOCK_ROW": (
        400,
        [
            {
                "message": "unable to obtain exclusive access to this record or 1 records: 001000000000001AAA",
                "errorCode": "UNABLE_TO_LOCK_ROW",
                "fields": [],
            }
        ],
    ),
    "SERVER_UNAVAILABLE": (503, [{"message": "Server unavailable", "errorCode": "SERVER_UNAVAILABLE"}]),
    "SERVER_UNAVAILABLE_HTML": (503, _MAINTENANCE_PAGE),
    "LOGIN_PAGE": (200, _LOGIN_PAGE),
    "BAD_GATEWAY": (502, "<html><body><h1>502 Bad Gateway</h1></body></html>"),
    "GATEWAY_TIMEOUT": (504, "<html><body><h1>504 Gateway Time-out</h1></body></html>"),
    "UNKNOWN_EXCEPTION": (
        500,
        [{"message": "An unexpected error occurred.", "errorCode": "UNKNOWN_EXCEPTION"}],
    ),
    "QUERY_TIMEOUT": (400, [{"message": "Your query request was running for too long.", "errorCode": "QUERY_TIMEOUT"}]),
    "INVALID_QUERY_LOCATOR": (
        400,
        [{"message": "invalid query locator", "errorCode": "INVALID_QUERY_LOCATOR"}],
    ),
    "API_DISABLED_FOR_ORG": (
        403,
        [{"message": "The REST API is not enabled for this Organization.", "errorCode": "API_DISABLED_FOR_ORG"}],
    ),
    "TXN_SECURITY_METERING_ERROR": (
        403,
        [{"message": "Transaction security metering error", "errorCode": "TXN_SECURITY_METERING_ERROR"}],
    ),
}
