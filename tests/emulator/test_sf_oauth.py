"""Logging in."""

import hmac
import json
from base64 import b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlencode

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from emulator.http import Response, request
from emulator.salesforce.control import Control
from emulator.salesforce.org import Org
from emulator.salesforce.service import SalesforceApp

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    """The client's key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def app(org: Org, control: Control, key: rsa.RSAPrivateKey) -> SalesforceApp:
    """An organisation with one connected app."""
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    control.connected_app("client", secret="s3", run_as=org.admin_id, certificate=public.decode())
    return SalesforceApp(org)


def ask(app: SalesforceApp, host: str = "university.my.salesforce.com", **form: Any) -> Response:
    """One request at the token endpoint."""
    headers = {"Host": host, "Content-Type": "application/x-www-form-urlencoded"}
    return app.handle(request("POST", "/services/oauth2/token", headers=headers, body=urlencode(form)))


def assertion(app: SalesforceApp, key: rsa.RSAPrivateKey, **changes: Any) -> str:
    """A signed assertion for the administrator."""
    claims = {
        "iss": "client",
        "sub": "admin@university.example",
        "aud": "https://login.salesforce.com",
        "exp": int(app.org.clock.now().timestamp()) + 180,
    }
    return jwt.encode({**claims, **changes}, key, algorithm="RS256")


@pytest.mark.parametrize(
    "changes",
    [{}, {"aud": "https://login.salesforce.com/"}, {"aud": "https://university.my.salesforce.com"}],
)
def test_jwt_bearer(app: SalesforceApp, key: rsa.RSAPrivateKey, changes: dict[str, Any]) -> None:
    """A signed assertion gives a token and the My Domain address; aud may be any login host, with a slash. [T]."""
    answer: Any = ask(app, grant_type=JWT_GRANT, assertion=assertion(app, key, **changes)).json()
    assert set(answer) == {"access_token", "scope", "instance_url", "id", "token_type"}
    assert answer["instance_url"] == "https://university.my.salesforce.com"
    assert answer["access_token"].startswith(app.org.id[:15] + "!")
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    assert app.handle(request("GET", "/services/data/v67.0/sobjects", headers=headers)).status == 200


def test_exp_in_odd_forms(app: SalesforceApp, key: rsa.RSAPrivateKey) -> None:
    """Real clients send exp as text or in milliseconds; both are taken. [T] simple-salesforce, sf."""
    seconds = int(app.org.clock.now().timestamp()) + 180
    for exp in (str(seconds), seconds * 1000):
        # The signing library refuses text as exp, so the claims are signed as they are.
        claims = {"iss": "client", "sub": "admin@university.example", "aud": "https://login.salesforce.com", "exp": exp}
        token = jwt.api_jws.encode(json.dumps(claims).encode(), key, algorithm="RS256")
        assert ask(app, grant_type=JWT_GRANT, assertion=token).status == 200


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"exp": 1}, "invalid_grant"),
        ({"aud": "https://elsewhere.example"}, "invalid_grant"),
        ({"sub": "nobody@university.example"}, "invalid_grant"),
        ({"iss": "unknown"}, "invalid_client_id"),
    ],
)
def test_bad_assertions(app: SalesforceApp, key: rsa.RSAPrivateKey, changes: dict[str, Any], error: str) -> None:
    """A refused login is a 400 with an object of error and error_description. [I] restforce#303."""
    answer = ask(app, grant_type=JWT_GRANT, assertion=assertion(app, key, **changes))
    assert answer.status == 400
    body: Any = answer.json()
    assert (body["error"], set(body)) == (error, {"error", "error_description"})


def test_a_wrong_key(app: SalesforceApp) -> None:
    """An assertion signed by another key is refused. [D]."""
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert ask(app, grant_type=JWT_GRANT, assertion=assertion(app, other)).status == 400


def test_inactive_user(app: SalesforceApp, control: Control, key: rsa.RSAPrivateKey) -> None:
    """A deactivated user gets invalid_grant, inactive user. [I] restforce#303."""
    control.add_user("gone", values={"IsActive": False})
    answer = ask(app, grant_type=JWT_GRANT, assertion=assertion(app, key, sub="gone@university.example"))
    assert answer.json() == {"error": "invalid_grant", "error_description": "inactive user"}


def test_client_credentials(app: SalesforceApp) -> None:
    """Client credentials log in as the app's run-as user; a wrong secret does not. [D]."""
    assert ask(app, grant_type="client_credentials", client_id="client", client_secret="s3").status == 200
    assert ask(app, grant_type="client_credentials", client_id="client", client_secret="no").status == 400


@pytest.mark.parametrize("host", ["login.salesforce.com", "test.salesforce.com:443"])
def test_client_credentials_are_for_my_domain(app: SalesforceApp, key: rsa.RSAPrivateKey, host: str) -> None:
    """The login hosts give nothing for client credentials, but for assertions. [I] keboola docs#920, several teams' notes."""
    answer = ask(app, host, grant_type="client_credentials", client_id="client", client_secret="s3")
    body = {"error": "invalid_grant", "error_description": "request not supported on this domain"}
    assert (answer.status, answer.json()) == (400, body)
    assert ask(app, "127.0.0.1:8080", grant_type="client_credentials", client_id="client", client_secret="s3").status == 200
    assert ask(app, host, grant_type=JWT_GRANT, assertion=assertion(app, key)).status == 200


def test_password(app: SalesforceApp) -> None:
    """Old clients log in with user name and password; this flow has neither scopes nor refresh tokens. [D]."""
    given: Any = ask(app, grant_type="password", username="admin@university.example", password="pw", client_id="client").json()
    assert set(given) == {"access_token", "instance_url", "id", "token_type", "issued_at", "signature"}
    app.org.logins.passwords[app.org.admin_id] = "pw"
    for password, status in (("pwTOKEN", 200), ("other", 400)):
        form = {"grant_type": "password", "username": "admin@university.example", "password": password, "client_id": "client"}
        assert ask(app, **form).status == status


def test_the_answer_is_signed(app: SalesforceApp) -> None:
    """The signature is the HMAC of id and issued_at with the client's secret, in base64. [C] django-salesforce checks it."""
    given: Any = ask(app, grant_type="client_credentials", client_id="client", client_secret="s3").json()
    wanted = hmac.new(b"s3", f"{given['id']}{given['issued_at']}".encode(), "sha256").digest()
    assert b64decode(given["signature"]) == wanted


def authorized(app: SalesforceApp, **more: str) -> dict[str, str]:
    """What the client is sent back with after the user said yes."""
    form = {"response_type": "code", "client_id": "client", "redirect_uri": "http://localhost:1717/back", "state": "s", **more}
    answer = app.handle(request("GET", f"/services/oauth2/authorize?{urlencode(form)}"))
    assert answer.status == 302
    back, _, query = answer.headers["Location"].partition("?")
    assert back == "http://localhost:1717/back"
    return dict(parse_qsl(query))


def test_web_flow(app: SalesforceApp) -> None:
    """A code is good once, for its client, address and verifier; it brings a refresh token, which lives on. [D]."""
    challenge = urlsafe_b64encode(sha256(b"long secret").digest()).decode().rstrip("=")
    form = {"grant_type": "authorization_code", "client_id": "client", "redirect_uri": "http://localhost:1717/back"}
    for wrong in ({"code_verifier": "another"}, {"redirect_uri": "http://localhost/"}, {"client_id": "unknown"}):
        code = authorized(app, code_challenge=challenge)["code"]
        assert ask(app, **{**form, "code": code, "code_verifier": "long secret", **wrong}).status == 400
    back = authorized(app, code_challenge=challenge)
    assert back["state"] == "s"
    given: Any = ask(app, **form, code=back["code"], code_verifier="long secret").json()
    assert ask(app, **form, code=back["code"], code_verifier="long secret").json() == {
        "error": "invalid_grant",
        "error_description": "invalid authorization code",
    }
    for _ in range(2):
        renewed = ask(app, grant_type="refresh_token", refresh_token=given["refresh_token"], client_id="client")
        assert "refresh_token" not in renewed.json()  # type: ignore[operator]
    assert ask(app, grant_type="refresh_token", refresh_token="old", client_id="client").status == 400


def test_revoking_a_refresh_token(app: SalesforceApp) -> None:
    """Revoking a refresh token ends every session that it gave, and no other. [D]."""
    other = Control(app.org).token()
    refresh = Control(app.org).refresh_token()
    given: Any = ask(app, grant_type="refresh_token", refresh_token=refresh, client_id="client").json()
    assert app.handle(request("GET", f"/services/oauth2/revoke?token={refresh}")).status == 200
    for token, status in ((given["access_token"], 401), (other, 200)):
        headers = {"Authorization": f"Bearer {token}"}
        assert app.handle(request("GET", "/services/data/v67.0/limits", headers=headers)).status == status
    assert ask(app, grant_type="refresh_token", refresh_token=refresh, client_id="client").status == 400


def test_a_discoverable_organisation(app: SalesforceApp) -> None:
    """/.well-known/openid-configuration names the addresses of the flows without a login. [D]."""
    headers = {"Host": "university.my.salesforce.com"}
    found: Any = app.handle(request("GET", "/.well-known/openid-configuration", headers=headers)).json()
    assert found["issuer"] == "https://university.my.salesforce.com"
    assert found["token_endpoint"] == "https://university.my.salesforce.com/services/oauth2/token"


def test_revoked_and_expired_tokens(app: SalesforceApp) -> None:
    """A revoked token, and one whose hours are over, is no session. [D]."""
    for end in ("revoke", "expire"):
        given: Any = ask(app, grant_type="client_credentials", client_id="client", client_secret="s3").json()
        token = given["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        if end == "revoke":
            revoke = request("POST", "/services/oauth2/revoke", body=urlencode({"token": token}))
            assert app.handle(revoke).status == 200
        else:
            Control(app.org).move_clock(seconds=3 * 3600)
        assert app.handle(request("GET", "/services/data/v67.0/sobjects", headers=headers)).status == 401


def test_introspection(app: SalesforceApp, control: Control) -> None:
    """A client learns whose a token is and how long it lives; a stranger to the organisation does not. [D]."""
    token = control.token()

    def look(**form: str) -> Response:
        return app.handle(request("POST", "/services/oauth2/introspect", body=urlencode(form)))

    found: Any = look(token=token, client_id="client", client_secret="s3").json()
    assert {"active", "scope", "client_id", "username", "sub", "token_type", "exp", "iat", "nbf"} == set(found)
    assert (found["active"], found["username"], found["exp"] - found["iat"]) == (True, "admin@university.example", 12 * 3600)
    assert look(token="nothing", client_id="client", client_secret="s3").json() == {"active": False}
    for stranger in ({}, {"client_id": "other"}, {"client_id": "client", "client_secret": "wrong"}):
        assert look(token=token, **stranger).status == 401


def test_userinfo_and_identity(app: SalesforceApp, control: Control) -> None:
    """Userinfo and the identity address name user and organisation. [D]."""
    headers = {"Authorization": f"Bearer {control.token()}", "Host": "127.0.0.1:8443"}
    info: Any = app.handle(request("GET", "/services/oauth2/userinfo", headers=headers)).json()
    assert (info["user_id"], info["organization_id"]) == (app.org.admin_id, app.org.id)
    assert info["urls"]["rest"] == "https://127.0.0.1:8443/services/data/v{version}/"
    identity: Any = app.handle(request("GET", f"/id/{app.org.id}/{app.org.admin_id}", headers=headers)).json()
    assert identity["username"] == "admin@university.example"


def test_what_is_said_of_a_user(app: SalesforceApp, control: Control) -> None:
    """Both say photos, phone, address, whether active; the zone's winter offset in ms; moments in seconds with Z.

    [D] [R] Swiftly's.
    """
    control.move_clock(to="2026-07-01T00:00:00+00:00")
    told = {"TimeZoneSidKey": "Europe/Berlin", "City": "Bonn", "MobilePhone": "+49 1"}
    headers = {"Authorization": f"Bearer {control.token(control.add_user('bea', values=told))}"}
    info: Any = app.handle(request("GET", "/services/oauth2/userinfo", headers=headers)).json()
    identity: Any = app.handle(request("GET", "/id" + info["sub"].partition("/id")[2], headers=headers)).json()
    assert set(info) - set(identity) == {
        *("sub", "preferred_username", "nickname", "name", "given_name", "family_name", "zoneinfo", "profile", "picture"),
        *("phone_number", "phone_number_verified", "address", "is_salesforce_integration_user", "updated_at"),
    }
    assert set(identity) - set(info) == {
        *("id", "asserted_user", "username", "nick_name", "display_name", "first_name", "last_name", "timezone"),
        *("addr_street", "addr_city", "addr_state", "addr_country", "addr_zip", "mobile_phone", "mobile_phone_verified"),
        *("is_lightning_login_user", "status", "last_modified_date"),
    }
    assert all(info[name] == identity[name] for name in set(info) & set(identity))
    assert (info["active"], info["utcOffset"], info["address"]) == (True, 3_600_000, {"locality": "Bonn"})
    assert (identity["addr_city"], identity["addr_zip"], identity["mobile_phone"]) == ("Bonn", None, "+49 1")
    assert info["photos"] == {"picture": info["picture"], "thumbnail": info["picture"].replace("/F", "/T")}
    assert identity["last_modified_date"] == info["updated_at"] == app.org.stamp().replace(".000+0000", "Z")
    assert info["urls"]["feed_elements"].endswith("/services/data/v{version}/chatter/feed-elements")


def test_an_integration_user(app: SalesforceApp, control: Control) -> None:
    """Userinfo says who is an integration user, by the licence, and whether the client is installed. [U]."""
    someone = control.add_user("machine", profile="Minimum Access - API Only Integrations")
    for user_id, expected in ((someone, True), (app.org.admin_id, False)):
        headers = {"Authorization": f"Bearer {control.token(user_id)}"}
        info: Any = app.handle(request("GET", "/services/oauth2/userinfo", headers=headers)).json()
        assert (info["is_salesforce_integration_user"], "is_app_installed" in info) == (expected, False)
    form = urlencode({"grant_type": "client_credentials", "client_id": "client", "client_secret": "s3"})
    given: Any = app.handle(request("POST", "/services/oauth2/token", body=form)).json()
    headers = {"Authorization": f"Bearer {given['access_token']}"}
    info = app.handle(request("GET", "/services/oauth2/userinfo", headers=headers)).json()
    assert info["is_app_installed"] is True


def test_an_address_for_a_browser(app: SalesforceApp, control: Control) -> None:
    """A session gets an address that would log a browser in, once. [T] sf org open."""
    headers = {"Authorization": f"Bearer {control.token()}", "Host": "university.my.salesforce.com"}
    answer: Any = app.handle(request("GET", "/services/oauth2/singleaccess", headers=headers)).json()
    assert answer["frontdoor_uri"].startswith("https://university.my.salesforce.com/secur/frontdoor.jsp?otp=")


def test_who_is_asked_without_a_good_token(app: SalesforceApp, control: Control) -> None:
    """Identity and userinfo take the token from header, form or address, and refuse in plain words. [I] several clients."""
    token, path = control.token(), f"/id/{app.org.id}/{app.org.admin_id}"
    for target in (f"{path}?oauth_token={token}", f"/services/oauth2/userinfo?access_token={token}"):
        assert app.handle(request("GET", target)).status == 200
    assert app.handle(request("POST", "/services/oauth2/userinfo", body=f"access_token={token}")).status == 200
    wrong = {
        path: "Missing_OAuth_Token",
        f"{path}?oauth_token=old": "Bad_OAuth_Token",
        f"/id/00D000000000000AAA/{app.org.admin_id}?oauth_token={token}": "Wrong_Org",
        f"/id/{app.org.id}/005000000000000AAA?oauth_token={token}": "Bad_Id",
    }
    for target, text in wrong.items():
        answer = app.handle(request("GET", target))
        assert (answer.status, answer.body.decode()) == (403, text)


def test_a_form_in_the_address(app: SalesforceApp) -> None:
    """What the token endpoint asks for may stand in the address. [D] the samples of the flows."""
    form = urlencode({"grant_type": "client_credentials", "client_id": "client", "client_secret": "s3"})
    assert app.handle(request("POST", f"/services/oauth2/token?{form}")).status == 200
