"""Logging in and out: the token endpoint, the web flow before it, revoke and introspection."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import unquote, urlencode

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

from emulator.http import Request, Response, json_response
from emulator.salesforce.context import identity_url, instance_url
from emulator.salesforce.logins import Code, ConnectedApp, Session
from emulator.salesforce.org import Org
from emulator.salesforce.table import Row

LOGIN_HOSTS = ("login.salesforce.com", "test.salesforce.com")
MAX_SKEW = 180.0
MAX_LIFE = 300.0
CODE_LIFE = timedelta(minutes=15)


class _OAuthError(Exception):
    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


@dataclass(frozen=True, slots=True, kw_only=True)
class _Granted:
    """Who logs in, for what, and with which refresh token, if any; `signed` answers say when they were issued."""

    user: Row
    scope: str = "api web refresh_token"
    refresh: str = ""
    new_refresh: bool = False
    signed: bool = True


def token(org: Org, request: Request) -> Response:
    """POST /services/oauth2/token for every grant type that clients use."""
    form = _with_basic(request)
    try:
        granted = _grant(org, form, request.header("host").partition(":")[0].lower())
        _check_user(org, granted.user)
    except _OAuthError as refused:
        return _refused(refused)
    refresh = org.logins.new_refresh_token(granted.user["Id"]) if granted.new_refresh else granted.refresh
    session = org.log_in(granted.user["Id"], client=form.get("client_id", ""), refresh=refresh)
    answer = _answer(org, request, session, granted)
    return json_response(answer | ({"refresh_token": refresh} if granted.new_refresh else {}))


def _refused(refused: _OAuthError) -> Response:
    return json_response({"error": refused.error, "error_description": refused.description}, status=400)


def _with_basic(request: Request) -> dict[str, str]:
    """The form, with client id and secret from the Authorization header where they are given there."""
    form = {name: values[0] for name, values in request.parameters().items()} | request.form()
    kind, _, encoded = request.header("authorization").partition(" ")
    if kind.lower() != "basic":
        return form
    try:
        key, _, secret = base64.b64decode(encoded).decode().partition(":")
    except ValueError:
        return form
    return {"client_id": unquote(key), "client_secret": unquote(secret), **form}


def _check_user(org: Org, user: Row) -> None:
    if not user.get("IsActive"):
        raise _OAuthError("invalid_grant", "inactive user")
    if "ApiEnabled" not in org.access(user["Id"]).permissions:
        raise _OAuthError("invalid_grant", "user hasn't approved this consumer")


def _answer(org: Org, request: Request, session: Session, granted: _Granted) -> dict[str, Any]:
    answer = {
        "access_token": session.token,
        **({"scope": granted.scope} if granted.scope else {}),
        "instance_url": instance_url(org, request),
        "id": identity_url(org, request, session.user_id),
        "token_type": "Bearer",
    }
    if granted.signed:
        # HMAC of identity and time with the client's secret: some clients check it [documentation; code: django-salesforce].
        issued = str(int(org.clock.now().timestamp() * 1000))
        app = org.logins.apps.get(session.client)
        signature = hmac.new((app.secret if app else "").encode(), f"{answer['id']}{issued}".encode(), "sha256").digest()
        answer |= {"issued_at": issued, "signature": base64.b64encode(signature).decode()}
    return answer


def _grant(org: Org, form: dict[str, str], host: str) -> _Granted:
    match form.get("grant_type"):
        case "urn:ietf:params:oauth:grant-type:jwt-bearer":
            subject, app = _by_jwt(org, form.get("assertion", ""))
            return _Granted(user=subject, scope=_scopes(app) or "api web refresh_token", signed=False)
        case "client_credentials" if host in LOGIN_HOSTS:
            # This flow is for My Domain alone [issue threads: keboola docs#920].
            raise _OAuthError("invalid_grant", "request not supported on this domain")
        case "client_credentials":
            return _Granted(user=_by_client(org, form), scope=_scopes(org.logins.apps.get(form.get("client_id", ""))) or "api")
        case "password":
            # This flow has neither scopes nor refresh tokens [documentation].
            return _Granted(user=_by_password(org, form), scope="")
        case "refresh_token":
            _client(org, form)
            refresh = form.get("refresh_token", "")
            user = org.live(org.logins.refresh_tokens.get(refresh))
            if user is None:
                raise _OAuthError("invalid_grant", "expired access/refresh token")
            return _Granted(user=user, refresh=refresh)
        case "authorization_code":
            return _Granted(user=_by_code(org, form), new_refresh=True)
        case _:
            raise _OAuthError("unsupported_grant_type", "grant type not supported")


# --- the web flow ---------------------------------------------------------------------------------------------------


def authorize(org: Org, request: Request) -> Response:
    """GET /services/oauth2/authorize: nobody is asked; the user (`login_hint`, else the administrator) says yes at once."""
    given = {name: values[0] for name, values in request.parameters().items()} | request.form()
    try:
        app = _client(org, given)
    except _OAuthError as refused:
        return _refused(refused)
    back = given.get("redirect_uri", "")
    user = org.user_named(given["login_hint"]) if given.get("login_hint") else org.live(org.admin_id)
    if not back or user is None or given.get("response_type") != "code":
        wrong = "response_type" if back and user else "redirect_uri" if not back else "login_hint"
        return _refused(_OAuthError("unsupported_response_type" if wrong == "response_type" else "invalid_request", wrong))
    code = f"aPrx{org.logins.secret(user['Id'])}"
    org.logins.codes[code] = Code(
        user_id=user["Id"],
        client=app.key if app else given.get("client_id", ""),
        redirect=back,
        challenge=given.get("code_challenge", ""),
        expires=org.clock.now() + CODE_LIFE,
    )
    answer = {"code": code} | ({"state": given["state"]} if "state" in given else {})
    return Response(status=302, headers={"Location": f"{back}{'&' if '?' in back else '?'}{urlencode(answer)}"})


def _by_code(org: Org, form: dict[str, str]) -> Row:
    """The user who said yes to a client [documentation: one use, 15 minutes]."""
    app = _client(org, form)
    code = org.logins.codes.pop(form.get("code", ""), None)
    if code is None or code.client != (app.key if app else form.get("client_id", "")):
        raise _OAuthError("invalid_grant", "invalid authorization code")
    if code.expires <= org.clock.now():
        raise _OAuthError("invalid_grant", "expired authorization code")
    if code.redirect != form.get("redirect_uri"):
        raise _OAuthError("redirect_uri_mismatch", "redirect_uri must match configuration")
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    if code.challenge and base64.urlsafe_b64encode(digest).decode().rstrip("=") != code.challenge.rstrip("="):
        raise _OAuthError("invalid_grant", "invalid code verifier")
    user = org.live(code.user_id)
    if user is None:
        raise _OAuthError("invalid_grant", "user hasn't approved this consumer")
    return user


def _client(org: Org, form: dict[str, str]) -> ConnectedApp | None:
    """The client that asks; as long as none is registered any will do."""
    app = org.logins.apps.get(form.get("client_id", ""))
    if app is None and org.logins.apps:
        raise _OAuthError("invalid_client_id", "client identifier invalid")
    if app is not None and app.blocked:
        raise _OAuthError("invalid_app_access", "user is not admin approved to access this app")
    if app is not None and app.secret and form.get("client_secret", app.secret) != app.secret:
        raise _OAuthError("invalid_client", "invalid client credentials")
    return app


# --- without a person -----------------------------------------------------------------------------------------------


def _scopes(app: ConnectedApp | None) -> str:
    return app.scopes if app else ""


def _by_jwt(org: Org, assertion: str) -> tuple[Row, ConnectedApp | None]:
    """The subject of a signed assertion, and whose it is.

    Lenient where real clients need it: `aud` may end with a slash, `exp` may be text or milliseconds (code of the
    clients). The signature counts only if the app has a certificate.
    """
    try:
        claims = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.PyJWTError:
        raise _OAuthError("invalid_grant", "invalid assertion") from None
    app = _client(org, {"client_id": str(claims.get("iss"))})
    if app is not None and app.certificate is not None:
        _verify(assertion, app.certificate)
    _check_times(org, claims)
    if str(claims.get("aud", "")).rstrip("/") not in audiences(org):
        raise _OAuthError("invalid_grant", "audience is invalid")
    user = org.user_named(str(claims.get("sub") or claims.get("prn")))
    if user is None:
        raise _OAuthError("invalid_grant", "user hasn't approved this consumer")
    return user, app


def audiences(org: Org) -> set[str]:
    """What `aud` may be: the login hosts and My Domain."""
    return {f"https://{host}" for host in (*LOGIN_HOSTS, org.host)}


def _verify(assertion: str, certificate: bytes) -> None:
    if b"BEGIN CERTIFICATE" in certificate:
        key: Any = load_pem_x509_certificate(certificate).public_key()
    else:
        key = load_pem_public_key(certificate)
    try:
        # Times and audience are checked leniently elsewhere.
        jwt.api_jws.decode(assertion, key, algorithms=["RS256"])
    except jwt.PyJWTError:
        raise _OAuthError("invalid_grant", "invalid assertion") from None


def _check_times(org: Org, claims: dict[str, Any]) -> None:
    try:
        expires = float(claims["exp"])
    except (KeyError, ValueError, TypeError):
        raise _OAuthError("invalid_grant", "invalid assertion") from None
    if expires > 1e11:
        expires /= 1000
    now = org.clock.now().timestamp()
    if expires < now - MAX_SKEW:
        raise _OAuthError("invalid_grant", "expired authorization code")
    if expires > now + MAX_LIFE + MAX_SKEW and org.settings.strict_tokens:
        raise _OAuthError("invalid_grant", "invalid assertion")


def _by_client(org: Org, form: dict[str, str]) -> Row:
    app = org.logins.apps.get(form.get("client_id", ""))
    if app is None or app.secret != form.get("client_secret"):
        raise _OAuthError("invalid_client_id" if app is None else "invalid_client", "invalid client credentials")
    user = org.live(app.run_as)
    if app.blocked or user is None:
        raise _OAuthError("invalid_grant", "no client credentials user enabled")
    return user


def _by_password(org: Org, form: dict[str, str]) -> Row:
    _client(org, form)
    user = org.user_named(form.get("username", ""))
    if user is None or not org.logins.accepts(user["Id"], form.get("password", "")):
        raise _OAuthError("invalid_grant", "authentication failure")
    return user


def revoke(org: Org, request: Request) -> Response:
    """POST or GET /services/oauth2/revoke?token=..."""
    given = request.form().get("token") or request.parameter("token")
    if not org.logins.end(given):
        return json_response({"error": "unsupported_token_type", "error_description": "token is invalid"}, status=400)
    return Response(status=200, headers={"Content-Type": "application/json;charset=UTF-8"})


def single_access(org: Org, request: Request, session: Session) -> Response:
    """POST /services/oauth2/singleaccess: an address that logs a browser in; there are no pages behind it here."""
    path = request.form().get("redirect_uri") or request.parameter("redirect_uri")
    code = urlencode({"otp": org.logins.secret(session.user_id), **({"startURL": path} if path else {})})
    return json_response({"frontdoor_uri": f"{instance_url(org, request)}/secur/frontdoor.jsp?{code}"})


def introspect(org: Org, request: Request) -> Response:
    """POST /services/oauth2/introspect: what a token is good for, told to a client [documentation]."""
    form = _with_basic(request)
    try:
        app = _client(org, form)
    except _OAuthError as refused:
        return json_response({"error": refused.error, "error_description": refused.description}, status=401)
    session = org.session(form.get("token", ""))
    if session is None:
        return json_response({"active": False})
    user = org.record(session.user_id) or {}
    issued = int(session.opened.timestamp())
    return json_response(
        {
            "active": True,
            "scope": _scopes(app) or "api web refresh_token",
            "client_id": session.client,
            "username": user.get("Username"),
            "sub": identity_url(org, request, session.user_id),
            "token_type": "access_token",
            "exp": int(session.expires.timestamp()),
            "iat": issued,
            "nbf": issued,
        }
    )
