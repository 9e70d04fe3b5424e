"""What a handler knows of the request it answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from emulator.http import Request, Response
from emulator.salesforce.access import Access
from emulator.salesforce.errors import SalesforceError, not_found, parser_error
from emulator.salesforce.fields import SObject
from emulator.salesforce.org import Org
from emulator.salesforce.writing import Options, Writer


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One authenticated request. `version` is such as "67.0"; `depth` counts how deep a composite is nested.

    `dispatch` answers another request in the same session, as composite resources do. `all_or_none` says that the request
    is a part of a series that takes effect as a whole or not at all.
    """

    org: Org
    access: Access
    request: Request
    version: str
    dispatch: "Callable[[Context], Response]"
    depth: int = 0
    all_or_none: bool = False

    @property
    def base(self) -> str:
        """The path of the versioned API."""
        return f"/services/data/v{self.version}"

    @property
    def instance_url(self) -> str:
        """The address that the client reached the organisation by."""
        return instance_url(self.org, self.request)

    def writer(self) -> Writer:
        """A writer in the user's name that obeys the request's headers."""
        duplicates = self.request.header("sforce-duplicate-rule-header").replace(" ", "").lower()
        options = Options(allow_duplicates="allowsave=true" in duplicates, version=float(self.version))
        return Writer(self.org, self.access, options)

    def sobject(self, name: str) -> SObject:
        """An object that the user may see.

        Raises:
            SalesforceError: NOT_FOUND.
        """
        found = self.org.sobject(name)
        if not self.access.to(found).read:
            raise not_found()
        return found

    def body(self) -> dict[str, Any]:
        """The body, which has to be a JSON object.

        Raises:
            SalesforceError: it is not.
        """
        return json_object(self.request.body)

    def json(self) -> object:
        """The body as JSON."""
        return _json(self.request.body)

    def inner(self, request: Request) -> "Context":
        """The same session with another request."""
        return replace(self, request=request, depth=self.depth + 1)


Handler = Callable[[Context, Mapping[str, str]], Response]


def admit(org: Org) -> None:
    """Count one request of the day.

    Raises:
        SalesforceError: the day's are used up, or too many others have been running for long.
    """
    if org.usage.total() >= org.settings.daily_limit:
        raise SalesforceError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=403)
    if org.crowded():
        message = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
        raise SalesforceError("REQUEST_LIMIT_EXCEEDED", message, status=403)
    org.usage.add()


def instance_url(org: Org, request: Request) -> str:
    """Where the client should send its next requests: My Domain for salesforce.com names, else the host it used."""
    host = request.header("host")
    name = host.partition(":")[0]
    if not host or name.endswith("salesforce.com"):
        return f"https://{org.host}"
    return f"{request.header('x-forwarded-proto', 'https')}://{host}"


def identity_url(org: Org, request: Request, user_id: str) -> str:
    """The address that stands for a user: at the login host, or at the host that the client reached us by."""
    base = instance_url(org, request)
    login = "https://login.salesforce.com" if base.endswith("salesforce.com") else base
    return f"{login}/id/{org.id}/{user_id}"


def whole(text: str, default: int) -> int:
    """A whole number in text, or the default when there is none.

    Raises:
        SalesforceError: it is no number.
    """
    if not text:
        return default
    if not text.lstrip("-").isdigit():
        raise SalesforceError("INVALID_FIELD", f"invalid number: {text}")
    return int(text)


def json_object(data: bytes) -> dict[str, Any]:
    """A body, or a part of one, which has to be a JSON object.

    Raises:
        SalesforceError: it is not.
    """
    found = _json(data)
    if not isinstance(found, dict):
        raise parser_error(f"The HTTP entity body is required, but this request has a {type(found).__name__}")
    return found


def _json(data: bytes) -> object:
    if not data.strip():
        raise parser_error("No content to map to Object due to end of input")
    try:
        return orjson.loads(data)
    except ValueError as error:
        raise parser_error(f"Unexpected character in JSON: {error}") from None


def texts(body: Mapping[str, Any], name: str) -> list[str]:
    """A list of texts in a body; empty when it is not there.

    Raises:
        SalesforceError: it is something else.
    """
    found = body.get(name, [])
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise parser_error(f"Cannot deserialize instance of list of strings from {name}")
    return found
