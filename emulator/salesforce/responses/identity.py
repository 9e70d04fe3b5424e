"""Who a session is: userinfo, the identity address, and what OpenID clients ask beforehand."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from emulator.http import Request, Response, json_response, text_response
from emulator.salesforce.base_data import LICENSES
from emulator.salesforce.context import identity_url, instance_url
from emulator.salesforce.ids import normal_id
from emulator.salesforce.logins import Session
from emulator.salesforce.org import Org
from emulator.salesforce.table import Row
from emulator.salesforce.values import parse_moment

_OPENID_ADDRESS = {
    "street_address": "Street",
    "locality": "City",
    "region": "State",
    "postal_code": "PostalCode",
    "country": "Country",
}
"""The parts of an address under OpenID's names."""

_CHATTER = ("feeds", "groups", "users", "feed-items", "feed-elements")
"""Addresses that a client is told of; nothing is there."""


def _session(org: Org, request: Request) -> Session | Response:
    """The session of a token in header, form or address; or what is answered without one [documentation; threads]."""
    kind, _, token = request.header("authorization").partition(" ")
    given = token.strip() if kind.lower() in {"bearer", "oauth"} else ""
    form = request.form() if request.body else {}
    for name in ("access_token", "oauth_token"):
        given = given or form.get(name) or request.parameter(name)
    if not given:
        return text_response("Missing_OAuth_Token", status=403)
    return org.session(given) or text_response("Bad_OAuth_Token", status=403)


def userinfo(org: Org, request: Request) -> Response:
    """GET or POST /services/oauth2/userinfo: the names are OpenID's where it has one [documentation]."""
    session = _session(org, request)
    if isinstance(session, Response):
        return session
    user = org.record(session.user_id) or {}
    shared = _shared(org, request, session, user)
    place = {name: user.get(key) for name, key in _OPENID_ADDRESS.items()}
    phone = user.get("MobilePhone")
    licence = (org.record(str(user.get("ProfileId"))) or {}).get("UserLicenseId")
    return json_response(
        {
            "sub": identity_url(org, request, session.user_id),
            "preferred_username": user.get("Username"),
            "nickname": user.get("CommunityNickname"),
            "name": user.get("Name"),
            "given_name": user.get("FirstName"),
            "family_name": user.get("LastName"),
            "zoneinfo": user.get("TimeZoneSidKey"),
            "profile": shared["urls"]["profile"],
            "picture": shared["photos"]["picture"],
            **({"phone_number": phone, "phone_number_verified": False} if phone else {}),
            "address": {name: value for name, value in place.items() if value},
            "is_salesforce_integration_user": licence == LICENSES["Salesforce Integration"],
            "updated_at": _moment(user),
            **shared,
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
    return json_response(
        {
            "id": identity_url(org, request, session.user_id),
            "asserted_user": True,
            "username": user.get("Username"),
            "nick_name": user.get("CommunityNickname"),
            "display_name": user.get("Name"),
            "first_name": user.get("FirstName"),
            "last_name": user.get("LastName"),
            "timezone": user.get("TimeZoneSidKey"),
            "addr_street": user.get("Street"),
            "addr_city": user.get("City"),
            "addr_state": user.get("State"),
            "addr_country": user.get("Country"),
            "addr_zip": user.get("PostalCode"),
            "mobile_phone": user.get("MobilePhone"),
            "mobile_phone_verified": False,
            "is_lightning_login_user": False,
            "status": {"created_date": None, "body": None},
            "last_modified_date": _moment(user),
            **_shared(org, request, session, user),
        }
    )


def _shared(org: Org, request: Request, session: Session, user: Row) -> dict[str, Any]:
    """What both answers say. The offset is the zone's without summer time, in milliseconds [recorded in September]."""
    base = instance_url(org, request)
    now = org.now().astimezone(ZoneInfo(str(user.get("TimeZoneSidKey") or "UTC")))
    offset = (now.utcoffset() or timedelta()) - (now.dst() or timedelta())
    return {
        "user_id": session.user_id,
        "organization_id": org.id,
        "email": user.get("Email"),
        "email_verified": True,
        "photos": {"picture": f"{base}/profilephoto/005/F", "thumbnail": f"{base}/profilephoto/005/T"},
        "urls": addresses(org, base, session.user_id),
        "active": bool(user.get("IsActive")),
        "user_type": "STANDARD",
        "language": user.get("LanguageLocaleKey"),
        "locale": user.get("LocaleSidKey"),
        "utcOffset": offset // timedelta(milliseconds=1),
        **({"is_app_installed": True} if session.client else {}),
    }


def _moment(user: Row) -> str:
    """When the user was changed, as these two answers print moments [recorded]."""
    return f"{parse_moment(str(user.get('LastModifiedDate'))):%Y-%m-%dT%H:%M:%SZ}"


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
        **{each.replace("-", "_"): f"{base}/services/data/v{{version}}/chatter/{each}" for each in _CHATTER},
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
