"""Logging in and out: the token endpoint, revoke, userinfo and identity."""

import base64
from typing import Any
from urllib.parse import unquote

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

from emulator.http import Request, Response, json_response
from emulator.salesforce.context import identity_url, instance_url
from emulator.salesforce.org import Org, Session
from emulator.salesforce.table import Row

MAX_SKEW = 180.0
MAX_LIFE = 300.0


class _OAuthError(Exception):
    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


def token(org: Org, request: Request) -> Response:
    """POST /services/oauth2/token for every grant type that clients use."""
    form = _with_basic(request)
    try:
        user, scope = _user_for(org, form)
        _check_user(org, user)
    except _OAuthError as refused:
        return json_response({"error": refused.error, "error_description": refused.description}, status=400)
    session = org.log_in(user["Id"], client=form.get("client_id", ""))
    return json_response(_granted(org, request, session, scope, form.get("grant_type", "")))


def _with_basic(request: Request) -> dict[str, str]:
    """The form, with client id and secret from the Authorization header where they are given there."""
    form = request.form()
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


def _granted(org: Org, request: Request, session: Session, scope: str, grant: str) -> dict[str, Any]:
    answer: dict[str, Any] = {"access_token": session.token}
    if grant == "password":
        refresh = f"5Aep861{session.token[-40:]}"
        org.refresh_tokens[refresh] = session.user_id
        answer["refresh_token"] = refresh
    if grant in {"password", "client_credentials", "refresh_token"}:
        answer |= {"signature": "emulated", "issued_at": str(int(org.clock.now().timestamp() * 1000))}
    return answer | {
        "scope": scope,
        "instance_url": instance_url(org, request),
        "id": identity_url(org, request, session.user_id),
        "token_type": "Bearer",
    }


def _user_for(org: Org, form: dict[str, str]) -> tuple[Row, str]:
    match form.get("grant_type"):
        case "urn:ietf:params:oauth:grant-type:jwt-bearer":
            return _by_jwt(org, form.get("assertion", "")), "api web refresh_token"
        case "client_credentials":
            return _by_client(org, form), "api"
        case "password":
            return _by_password(org, form), "api web refresh_token"
        case "refresh_token":
            user = org.live(org.refresh_tokens.get(form.get("refresh_token", "")))
            if user is None:
                raise _OAuthError("invalid_grant", "expired access/refresh token")
            return user, "api web refresh_token"
        case _:
            raise _OAuthError("unsupported_grant_type", "grant type not supported")


def _by_jwt(org: Org, assertion: str) -> Row:
    """The subject of a signed assertion.

    Lenient where real clients need it: `aud` may end with a slash, `exp` may be text or milliseconds (code of the
    clients). The signature counts only if the app has a certificate.
    """
    try:
        claims = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.PyJWTError:
        raise _OAuthError("invalid_grant", "invalid assertion") from None
    app = org.apps.get(str(claims.get("iss")))
    if app is None and org.apps:
        raise _OAuthError("invalid_client_id", "client identifier invalid")
    if app is not None and app.blocked:
        raise _OAuthError("invalid_app_access", "user is not admin approved to access this app")
    if app is not None and app.certificate is not None:
        _verify(assertion, app.certificate)
    _check_times(org, claims)
    if str(claims.get("aud", "")).rstrip("/") not in audiences(org):
        raise _OAuthError("invalid_grant", "audience is invalid")
    user = org.user_named(str(claims.get("sub") or claims.get("prn")))
    if user is None:
        raise _OAuthError("invalid_grant", "user hasn't approved this consumer")
    return user


def audiences(org: Org) -> set[str]:
    """What `aud` may be: the login hosts and My Domain."""
    return {"https://login.salesforce.com", "https://test.salesforce.com", f"https://{org.host}"}


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
    app = org.apps.get(form.get("client_id", ""))
    if app is None or app.secret != form.get("client_secret"):
        raise _OAuthError("invalid_client_id" if app is None else "invalid_client", "invalid client credentials")
    user = org.live(app.run_as)
    if app.blocked or user is None:
        raise _OAuthError("invalid_grant", "no client credentials user enabled")
    return user


def _by_password(org: Org, form: dict[str, str]) -> Row:
    user = org.user_named(form.get("username", ""))
    wanted = org.passwords.get(user["Id"]) if user else None
    if user is None or (wanted is not None and not form.get("password", "").startswith(wanted)):
        raise _OAuthError("invalid_grant", "authentication failure")
    return user


def revoke(org: Org, request: Request) -> Response:
    """POST or GET /services/oauth2/revoke?token=..."""
    given = request.form().get("token") or request.parameter("token")
    if org.sessions.pop(given, None) is None and org.refresh_tokens.pop(given, None) is None:
        return json_response({"error": "unsupported_token_type", "error_description": "token is invalid"}, status=400)
    return Response(status=200, headers={"Content-Type": "application/json;charset=UTF-8"})


def introspect(org: Org, request: Request) -> Response:
    """POST /services/oauth2/introspect."""
    session = org.session(request.form().get("token", ""))
    if session is None:
        return json_response({"active": False})
    user = org.record(session.user_id) or {}
    expires = int(session.expires.timestamp())
    return json_response({"active": True, "username": user.get("Username"), "exp": expires, "token_type": "access_token"})


def userinfo(org: Org, request: Request, session: Session) -> Response:
    """GET /services/oauth2/userinfo."""
    user = org.record(session.user_id) or {}
    base = instance_url(org, request)
    return json_response(
        {
            "sub": identity_url(org, request, session.user_id),
            "user_id": session.user_id,
            "organization_id": org.id,
            "preferred_username": user.get("Username"),
            "nickname": user.get("CommunityNickname"),
            "name": user.get("Name"),
            "email": user.get("Email"),
            "email_verified": True,
            "given_name": user.get("FirstName"),
            "family_name": user.get("LastName"),
            "zoneinfo": user.get("TimeZoneSidKey"),
            "profile": f"{base}/{session.user_id}",
            "picture": f"{base}/profilephoto/005/F",
            "user_type": "STANDARD",
            "language": user.get("LanguageLocaleKey"),
            "locale": user.get("LocaleSidKey"),
            "utcOffset": 0,
            "updated_at": user.get("LastModifiedDate"),
            "urls": addresses(org, base, session.user_id),
        }
    )


def identity(org: Org, request: Request, session: Session) -> Response:
    """GET /id/{organization}/{user}."""
    user = org.record(session.user_id) or {}
    base = instance_url(org, request)
    return json_response(
        {
            "id": identity_url(org, request, session.user_id),
            "asserted_user": True,
            "user_id": session.user_id,
            "organization_id": org.id,
            "username": user.get("Username"),
            "nick_name": user.get("CommunityNickname"),
            "display_name": user.get("Name"),
            "email": user.get("Email"),
            "first_name": user.get("FirstName"),
            "last_name": user.get("LastName"),
            "timezone": user.get("TimeZoneSidKey"),
            "active": bool(user.get("IsActive")),
            "user_type": "STANDARD",
            "language": user.get("LanguageLocaleKey"),
            "locale": user.get("LocaleSidKey"),
            "utcOffset": 0,
            "last_modified_date": user.get("LastModifiedDate"),
            "urls": addresses(org, base, session.user_id),
        }
    )


def addresses(org: Org, base: str, user_id: str) -> dict[str, str]:
    """The addresses of the APIs, with {version} to be filled in."""
    return {
        "enterprise": f"{base}/services/Soap/c/{{version}}/{org.id[:15]}",
        "metadata": f"{base}/services/Soap/m/{{version}}/{org.id[:15]}",
        "partner": f"{base}/services/Soap/u/{{version}}/{org.id[:15]}",
        "rest": f"{base}/services/data/v{{version}}/",
        "sobjects": f"{base}/services/data/v{{version}}/sobjects/",
        "search": f"{base}/services/data/v{{version}}/search/",
        "query": f"{base}/services/data/v{{version}}/query/",
        "recent": f"{base}/services/data/v{{version}}/recent/",
        "tooling_soap": f"{base}/services/Soap/T/{{version}}/{org.id[:15]}",
        "tooling_rest": f"{base}/services/data/v{{version}}/tooling/",
        "profile": f"{base}/{user_id}",
        "custom_domain": base,
    }
