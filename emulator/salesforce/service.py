"""The front of one organisation: sessions, limits, faults and the way to the handler."""

import re
from dataclasses import replace
from datetime import timedelta

from emulator.http import Request, Response, dated
from emulator.salesforce.bulk import classic
from emulator.salesforce.context import Context, admit
from emulator.salesforce.control_door import PREFIX, open_door
from emulator.salesforce.errors import SalesforceError, not_found
from emulator.salesforce.faults import Fault, When
from emulator.salesforce.logins import Session
from emulator.salesforce.org import Org
from emulator.salesforce.responses import facts, identity, oauth, xml
from emulator.salesforce.soap import metadata as soap_metadata
from emulator.salesforce.soap import partner
from emulator.salesforce.soap.envelope import ENTERPRISE, PARTNER
from emulator.salesforce.urls import router

_VERSION = re.compile(r"v\d+\.0", re.IGNORECASE)
_METHODS = ("HEAD", "GET", "POST", "PUT", "PATCH", "DELETE")


class SalesforceApp:
    """Answers the requests of one organisation; with a token, also those at its control door."""

    def __init__(self, org: Org, *, control_token: str = "") -> None:
        self.org = org
        self.control_token = control_token

    def handle(self, request: Request) -> Response:
        """Answer one request; ordered faults strike here."""
        with self.org.lock:
            self.org.settle()
            if request.path.startswith(PREFIX):
                return open_door(self.org, request, self.control_token)
            fault = self.org.faults.take(request, self.org.clock.now())
            answer = self._answer(request) if fault is None else self._noted(self._struck(request, fault))
            return dated(answer, self.org.clock.now())

    def _noted(self, response: Response) -> Response:
        """Count a slow answer among the requests that run."""
        if response.delay:
            now = self.org.clock.now()
            self.org.running.append((now, now + timedelta(seconds=response.delay)))
        return response

    def _struck(self, request: Request, fault: Fault) -> Response:
        match fault.when:
            case When.BEFORE:
                return fault.answer()
            case When.AFTER:
                return fault.answer_after(self._answer(request))
            case When.TWICE:
                self._answer(request)
                return fault.answer_after(self._answer(request))
            case When.LATER:
                self.org.later(fault.delay, lambda: self._answer(request))
                return fault.answer()
            case When.LATE_COMMIT:
                return self.org.run_late(fault.delay, lambda: self._answer(request))

    def _answer(self, request: Request) -> Response:
        segments = request.segments()
        override = request.parameter("_HttpMethod") if "_HttpMethod" in request.query else ""
        if override:
            request = replace(request, method=override.upper())
        try:
            return self._by_part(request, segments)
        except SalesforceError as refused:
            return self._limited(refused.response())

    def _by_part(self, request: Request, segments: list[str]) -> Response:
        match segments:
            case ["services", "data" | "data.json" | "data.xml"]:
                answer = facts.versions(self.org)
                return xml.as_xml(answer, "versions") if xml.wanted(request) else answer
            case ["services", "data", version, *rest]:
                return self._in_format(request, version, rest)
            case ["services", "oauth2", what]:
                return self._oauth(request, what)
            case ["services", "async" | "Soap", *_]:
                return self._older(request, segments[1:])
            case [".well-known", "openid-configuration"]:
                return identity.discovery(self.org, request)
            case ["id", organization, user_id]:
                return identity.identity(self.org, request, organization, user_id)
            case _:
                raise not_found()

    def _in_format(self, request: Request, version: str, rest: list[str]) -> Response:
        """The data API in JSON, or in XML for who names it."""
        if not (xml.wanted(request) or request.path.endswith(".json") or "xml" in request.header("content-type")):
            return self._data(request, version, rest)
        plain = xml.plain_request(request)
        rest = plain.segments()[3:]
        try:
            answer = self._data(plain, version, rest)
        except SalesforceError as refused:
            answer = self._limited(refused.response())
        return xml.as_xml(answer, rest[0] if rest else "") if xml.wanted(request) else answer

    def _older(self, request: Request, segments: list[str]) -> Response:
        """The APIs that are not REST."""
        match segments:
            case ["async", version, *rest]:
                return classic.handle(self.org, request, version, rest)
            case ["Soap", "m", version, *_]:
                return soap_metadata.handle(self.org, request, version)
            case ["Soap", ("u" | "c") as kind, version, *_]:
                return partner.handle(self.org, request, version, PARTNER if kind == "u" else ENTERPRISE)
            case _:
                raise not_found()

    def _oauth(self, request: Request, what: str) -> Response:
        match what:
            case "token":
                return oauth.token(self.org, request)
            case "authorize":
                return oauth.authorize(self.org, request)
            case "revoke":
                return oauth.revoke(self.org, request)
            case "singleaccess":
                return oauth.single_access(self.org, request, self._session(request))
            case "introspect":
                return oauth.introspect(self.org, request)
            case "userinfo":
                return identity.userinfo(self.org, request)
            case _:
                raise not_found()

    def _data(self, request: Request, version: str, rest: list[str]) -> Response:
        number = self._version(version)
        session = self._session(request)
        admit(self.org)
        what = "/".join(rest[:2]) if rest[:1] in (["sobjects"], ["composite"]) else "/".join(rest[:1])
        key = f"{request.method} {what}"
        self.org.calls[key] = self.org.calls.get(key, 0) + 1
        context = Context(
            org=self.org,
            access=self.org.access(session.user_id),
            request=request,
            version=number,
            dispatch=self._dispatch,
        )
        return self._limited(self._route(context, rest))

    def _version(self, text: str) -> str:
        if not _VERSION.fullmatch(text):
            raise not_found()
        number = text[1:]
        version = float(number)
        if version < self.org.settings.oldest_version:
            message = f"API version {number} has been retired"
            raise SalesforceError("UNSUPPORTED_API_VERSION", message, status=410)
        if version > self.org.settings.newest_version:
            raise not_found()
        return f"{version:.1f}"

    def _session(self, request: Request) -> Session:
        kind, _, token = request.header("authorization").partition(" ")
        session = self.org.session(token.strip()) if kind.lower() in {"bearer", "oauth"} else None
        if session is None:
            raise SalesforceError("INVALID_SESSION_ID", "Session expired or invalid", status=401)
        return session

    def _dispatch(self, context: Context) -> Response:
        """Answer a part of a composite request, in the same session; refusals are answers."""
        segments = context.request.segments()
        if segments[:2] != ["services", "data"] or len(segments) < 3:
            return not_found().response()
        try:
            version = self._version(segments[2])
            return self._route(replace(context, version=version), segments[3:])
        except SalesforceError as refused:
            return refused.response()

    def _route(self, context: Context, rest: list[str]) -> Response:
        method = context.request.method
        found = router().find("GET" if method == "HEAD" else method, rest or [""])
        if isinstance(found, frozenset):
            if not found:
                raise not_found()
            allowed = ",".join(each for each in _METHODS if each in found or (each == "HEAD" and "GET" in found))
            message = f"HTTP Method '{method}' not allowed. Allowed are {allowed}"
            raise SalesforceError("METHOD_NOT_ALLOWED", message, status=405)
        handler, params = found
        try:
            answer = handler(context, params)
        except SalesforceError as refused:
            answer = refused.response()
        # What a GET would answer, without its body [documentation].
        return replace(answer, body=b"") if method == "HEAD" else answer

    def _limited(self, response: Response) -> Response:
        """The answer with the header that every answer of the data API has, refusals included [recording]."""
        usage = f"api-usage={self.org.usage.total()}/{self.org.settings.daily_limit}"
        return replace(response, headers={**response.headers, "Sforce-Limit-Info": usage})
