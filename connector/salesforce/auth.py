"""Ways to get an access token: JWT bearer, client credentials, or one that already exists.

There is no password flow, no device flow and no SOAP login. The exchange itself is simple-salesforce's ``token_login``, carried
by our ``Wire`` (one pinned host, no redirects, limits); its answer is judged here before anything is believed. See
``docs/adr/0003-simple-salesforce.md``.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, cast
from urllib.parse import urlencode, urlsplit

import jwt
import requests
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from simple_salesforce.login import token_login

from connector.core.httpdate import read_date
from connector.errors import Halt, Later
from connector.ports import Clock
from connector.salesforce.codes import SIDE, read_faults
from connector.secrets import Secret
from connector.wire import Answer, Wire, origin

TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - a path, not a secret
JWT_SECONDS = 170
"""Lifetime of an assertion; Salesforce takes at most three minutes."""

_CLOCK_TOLERANCE = 120.0

_CAUSES: Mapping[str, str] = {
    "invalid_grant": "the login was refused: the user may be frozen or inactive, the app not pre-authorised for it or blocked, "
    "the certificate expired, or our address outside the allowed IP ranges",
    "invalid_client_id": "Salesforce does not know the consumer key",
    "invalid_client": "consumer key and secret do not belong together",
    "app_not_found": "the app does not accept this host: log in at My Domain",
    "inactive_user": "the user is inactive",
    "inactive_org": "the org is locked or closed",
    "rate_limit_exceeded": "too many logins",
    "unsupported_grant_type": "this way of logging in is switched off for the app",
    "invalid_app_access": "the user is not approved for the app",
    "no_client_credentials_user_enabled": "the app has no 'Run As' user for client credentials",
}
_REMEDY = "a Salesforce administrator: look at Setup > Login History for the integration user, and at the app's OAuth policies"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token, the origin of the instance that takes it, and what it says that it is good for."""

    access: Secret
    instance: str
    scopes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Instances:
    """Which instance a token reply may name: exactly My Domain."""

    my_domain: str
    lab: bool = False

    def accept(self, url: object) -> str:
        """The origin of an acceptable instance URL.

        Raises:
            Halt: the reply names none, or another host. Nothing is sent there.
        """
        try:
            found = origin(url if isinstance(url, str) else "", lab=self.lab)
        except ValueError:
            found = ""
        if found == origin(self.my_domain, lab=self.lab):
            return found
        raise Halt(
            subject=SIDE,
            reason="the login answers with an instance that is not the configured My Domain",
            remedy="compare My Domain in Salesforce Setup with config.toml; a renamed org has to be approved there by hand",
        )


class TokenSource(Protocol):
    """Where access tokens come from."""

    @property
    def renewable(self) -> bool:
        """Whether asking again can give another token."""

    def token(self) -> Token:
        """A token; asks Salesforce anew each time where it can. ``Later`` or ``Halt`` if it cannot be had."""


class ExistingToken:
    """A token that somebody else obtained (``sf org display``, a test). It cannot be renewed."""

    renewable = False

    def __init__(self, access: Secret, instance_url: str, instances: Instances) -> None:
        self._token = Token(access=access, instance=instances.accept(instance_url))

    def token(self) -> Token:
        """Always the same token."""
        return self._token


class Deferred:
    """A login that is made when the first token is asked for: who asks Salesforce nothing needs no secret for it."""

    def __init__(self, make: Callable[[], TokenSource], *, renewable: bool) -> None:
        self._make, self.renewable = make, renewable
        self._source: TokenSource | None = None

    def token(self) -> Token:
        """As of the login itself."""
        if self._source is None:
            self._source = self._make()
        return self._source.token()


class ClientCredentials:
    """OAuth client credentials: the app's own key and secret, as its 'Run As' user. Only My Domain serves it."""

    renewable = True

    def __init__(self, wire: Wire, instances: Instances, clock: Clock, *, consumer_key: str, consumer_secret: Secret) -> None:
        self._login = _Login(wire, instances, clock, consumer_key)
        self._consumer_key, self._secret = consumer_key, consumer_secret

    def token(self) -> Token:
        """A new token."""
        pair = f"{self._consumer_key}:{self._secret.reveal()}".encode()
        headers = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
        return self._login.run({"grant_type": "client_credentials"}, headers)


class JwtBearer:
    """OAuth JWT bearer: an assertion signed with the private key whose certificate the app holds.

    RS256 only, at most three minutes, My Domain as audience (external client apps refuse the generic hosts), and a ``jti``
    that makes each login's assertion its own.

    Args:
        wire: to My Domain.
        instances: what the reply may name.
        clock: for the assertion's times.
        consumer_key: of the app.
        username: of the integration user.
        private_key: in PEM form.
        unique: gives a text that it never gave before.
    """

    renewable = True

    def __init__(
        self,
        wire: Wire,
        instances: Instances,
        clock: Clock,
        *,
        consumer_key: str,
        username: str,
        private_key: Secret,
        unique: Callable[[], str],
    ) -> None:
        self._login = _Login(wire, instances, clock, consumer_key)
        self._consumer_key, self._username, self._key, self._unique = consumer_key, username, private_key, unique
        self._clock, self._audience = clock, wire.origin

    def token(self) -> Token:
        """A new token."""
        claims = {
            "iss": self._consumer_key,
            "sub": self._username,
            "aud": self._audience,
            "exp": int(self._clock.now().timestamp()) + JWT_SECONDS,
            "jti": self._unique(),
        }
        assertion = jwt.encode(claims, self._signing_key(), algorithm="RS256")
        return self._login.run({"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion})

    def _signing_key(self) -> RSAPrivateKey:
        try:
            key = load_pem_private_key(self._key.reveal().encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, RSAPrivateKey):
            raise Halt(
                subject=SIDE,
                reason="the private key cannot be used for RS256",
                remedy="give an RSA private key in PEM form, without a passphrase",
            )
        return key


class _Login:
    """One login over ``Wire`` through simple-salesforce's ``token_login``.

    It is given this object as its session, so that what it posts has our limits; what comes back is checked here first,
    because it follows redirects, waits for ever, and takes any ``instance_url`` and token type if left alone.
    """

    def __init__(self, wire: Wire, instances: Instances, clock: Clock, consumer_key: str) -> None:
        self._wire, self._instances, self._clock, self._consumer_key = wire, instances, clock, consumer_key

    def run(self, form: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Token:
        """Log in, once."""
        carrier = _Carrier(self._wire, self._judge)
        domain = (urlsplit(self._wire.origin).hostname or "").removesuffix(".salesforce.com")
        session = cast("requests.Session", carrier)
        access, _ = token_login(
            self._wire.origin + TOKEN_PATH,
            dict(form),
            domain,
            self._consumer_key,
            dict(headers or {}),
            None,
            session,
        )
        scopes = carrier.reply.get("scope")
        return Token(
            access=Secret(str(access)),
            instance=self._instances.accept(carrier.reply.get("instance_url")),
            scopes=frozenset(scopes.split() if isinstance(scopes, str) else ()),
        )

    def _judge(self, answer: Answer) -> dict[str, Any]:
        """The reply of a successful login; everything else is an error with its cause."""
        if answer.status >= 500:
            raise Later(side=SIDE, code=f"LOGIN_HTTP_{answer.status}", retry_after=self._wire.retry_after(answer))
        reply = answer.json()
        if not isinstance(reply, dict):
            raise answer.unusable("a login's reply is no object")
        if answer.status != 200:
            raise self._refusal(answer, reply)
        access = reply.get("access_token")
        kind = reply.get("token_type", "Bearer")
        if not isinstance(access, str) or not access.isascii() or not access.isprintable() or not access:
            raise answer.unusable("a login's reply without a token")
        if not isinstance(kind, str) or kind.lower() != "bearer":
            raise Halt(subject=SIDE, reason="the login gives a token that is not a bearer token", remedy=_REMEDY)
        self._instances.accept(reply.get("instance_url"))
        return reply

    def _refusal(self, answer: Answer, reply: Mapping[str, Any]) -> Halt | Later:
        # Only what looks like a code is repeated: anything else would carry their text into halts, state and logs.
        faults = read_faults({"error": reply.get("error")})
        code = faults[0].code if faults else ""
        if code == "rate_limit_exceeded":
            return Later(side=SIDE, code="LOGIN_RATE_EXCEEDED", retry_after=900.0)
        if code in {"server_error", "temporarily_unavailable", "service_unavailable", "unknown_error"}:
            return Later(side=SIDE, code="LOGIN_UNAVAILABLE", retry_after=60.0)
        cause = _CAUSES.get(code, f"the login was refused (HTTP {answer.status})")
        skew = self._skew(answer)
        if skew is not None and abs(skew) > _CLOCK_TOLERANCE:
            cause += f"; our clock differs from Salesforce's by {abs(skew):.0f} s, and that alone makes it refuse: set the clock"
        return Halt(subject=SIDE, reason=f"{code or 'login'}: {cause}", remedy=_REMEDY)

    def _skew(self, answer: Answer) -> float | None:
        moment = server_time(answer)
        return None if moment is None else (self._clock.now() - moment).total_seconds()


class _Carrier:
    """What simple-salesforce takes for a session: it can ``post`` to one address, by our wire."""

    def __init__(self, wire: Wire, judge: Callable[[Answer], dict[str, Any]]) -> None:
        self._wire, self._judge = wire, judge
        self.reply: dict[str, Any] = {}

    def post(self, url: str, data: Mapping[str, str], *, headers: Mapping[str, str] | None, proxies: object) -> _Reply:
        """Send the form. A login changes nothing that we keep, so that a lost answer counts as a failed read."""
        del proxies
        sent = {**(headers or {}), "Content-Type": "application/x-www-form-urlencoded"}
        answer = self._wire.send("POST", url, write=False, headers=sent, body=urlencode(data).encode(), server_errors=True)
        self.reply = self._judge(answer)
        return _Reply(self.reply)


class _Reply:
    """A judged reply in the form in which simple-salesforce reads it."""

    status_code = 200

    def __init__(self, reply: dict[str, Any]) -> None:
        self._reply = reply

    def json(self) -> dict[str, Any]:
        """The reply."""
        return self._reply


def server_time(answer: Answer) -> datetime | None:
    """The moment in an answer's ``Date`` header; None if there is none or it cannot be read."""
    return read_date(answer.headers.get("Date", ""))
