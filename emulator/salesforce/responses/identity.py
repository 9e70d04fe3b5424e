"""Who a session is: userinfo, the identity address, and what OpenID clients ask beforehand."""

from emulator.http import Request, Response, json_response, text_response
from emulator.salesforce.context import identity_url, instance_url
from emulator.salesforce.ids import normal_id
from emulator.salesforce.logins import Session
from emulator.salesforce.org import Org


def _session(org: Org, request: Request) -> Session | Response:
    """The session of a token in header, form or address; or what is answered without one [documentation; threads]."""
    kind, _, token = request.header("authorization").partition(" ")
    given = token.strip() if kind.lower() in {"bearer", "oauth"} else ""
    form = request.form() if request.body else {}
    for name in ("access_token", "oauth_token"):
        given = given or form.get(name) or request.parameter(name)
    if not given:
        return text_response("Missing_OAuth_Token", status=403)
    return org.logins.find(given) or text_response("Bad_OAuth_Token", status=403)


def userinfo(org: Org, request: Request) -> Response:
    """GET or POST /services/oauth2/userinfo."""
    session = _session(org, request)
    if isinstance(session, Response):
        return session
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


def identity(org: Org, request: Request, organization: str, user_id: str) -> Response:
    """GET /id/{organization}/{user}: of the session's own organisation and a user of it."""
    session = _session(org, request)
    if isinstance(session, Response):
        return session
    if normal_id(organization) != org.id:
        return text_response("Wrong_Org", status=403)
    if normal_id(user_id) != session.user_id:
        return text_response("Bad_Id", status=403)
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


def discovery(org: Org, request: Request) -> Response:
    """GET /.well-known/openid-configuration: where everything is; needs no login [documentation]."""
    base = instance_url(org, request)
    oauth = f"{base}/services/oauth2"
    return json_response(
        {
            "issuer": base,
            "authorization_endpoint": f"{oauth}/authorize",
            "token_endpoint": f"{oauth}/token",
            "revocation_endpoint": f"{oauth}/revoke",
            "userinfo_endpoint": f"{oauth}/userinfo",
            "introspection_endpoint": f"{oauth}/introspect",
            "scopes_supported": ["api", "web", "full", "id", "openid", "profile", "email", "refresh_token", "offline_access"],
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "code_challenge_methods_supported": ["S256"],
        }
    )
