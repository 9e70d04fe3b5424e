"""Logging in: what is sent, which replies are believed, and what each refusal is called."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
import responses
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connector.errors import Halt, Later
from connector.salesforce.auth import TOKEN_PATH, ClientCredentials, ExistingToken, Instances, JwtBearer
from connector.secrets import Secret
from connector.wire import Wire, open_session
from tests.salesforce.orgs import HOST, FakeClock

URL = HOST + TOKEN_PATH
GOOD = {"access_token": "00D!new", "instance_url": HOST, "token_type": "Bearer", "id": f"{HOST}/id/00D/005", "issued_at": "1"}


@pytest.fixture(scope="module")
def pair() -> rsa.RSAPrivateKey:
    """An RSA key, made once."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def credentials(clock: FakeClock) -> ClientCredentials:
    """A client-credentials login over the scripted wire."""
    wire = Wire(open_session(), HOST, clock, side="Salesforce")
    return ClientCredentials(wire, Instances(my_domain=HOST), clock, consumer_key="app", consumer_secret=Secret("canary"))


def test_client_credentials(mock: responses.RequestsMock, clock: FakeClock) -> None:
    """Key and secret go as basic authentication to My Domain, with our User-Agent; the reply's token is taken."""
    mock.add("POST", URL, json=GOOD)
    token = credentials(clock).token()
    request: Any = mock.calls[0].request
    assert token.access.reveal() == "00D!new"
    assert token.instance == HOST
    assert request.headers["Authorization"] == "Basic YXBwOmNhbmFyeQ=="
    assert request.headers["User-Agent"].startswith("alumni-bridge/")
    assert parse_qs(request.body.decode()) == {"grant_type": ["client_credentials"]}
    assert "canary" not in request.url


def test_jwt_bearer(mock: responses.RequestsMock, clock: FakeClock, pair: rsa.RSAPrivateKey) -> None:
    """The assertion is RS256, names My Domain as audience, lives at most three minutes and is never the same twice (S6)."""
    pem = pair.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    names = iter(["one", "two"])
    source = JwtBearer(
        Wire(open_session(), HOST, clock, side="Salesforce"),
        Instances(my_domain=HOST),
        clock,
        consumer_key="app",
        username="bridge@university.example",
        private_key=Secret(pem),
        unique=lambda: next(names),
    )
    mock.add("POST", URL, json=GOOD)
    mock.add("POST", URL, json=GOOD)
    source.token()
    source.token()
    sent: list[Any] = [parse_qs(call.request.body.decode())["assertion"][0] for call in mock.calls]  # type: ignore[union-attr] # bytes
    claims = [
        jwt.decode(text, pair.public_key(), algorithms=["RS256"], audience=HOST, options={"verify_exp": False}) for text in sent
    ]
    assert jwt.get_unverified_header(sent[0])["alg"] == "RS256"
    assert claims[0]["iss"] == "app"
    assert claims[0]["sub"] == "bridge@university.example"
    assert 0 < claims[0]["exp"] - clock.now().timestamp() <= 180
    assert sent[0] != sent[1]


def test_unusable_private_key(clock: FakeClock) -> None:
    """A key that cannot sign stops the side, and its text appears nowhere."""
    source = JwtBearer(
        Wire(open_session(), HOST, clock, side="Salesforce"),
        Instances(my_domain=HOST),
        clock,
        consumer_key="app",
        username="u",
        private_key=Secret("canary"),
        unique=lambda: "1",
    )
    with pytest.raises(Halt, match="private key") as raised:
        source.token()
    assert "canary" not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "http://university.my.salesforce.com",
        "https://evil.example",
        "https://university.my.salesforce.com.evil.example",
        "https://evil.example/university.my.salesforce.com",
        "https://127.0.0.1",
        "https://169.254.169.254",
        "https://other.my.salesforce.com",
        ["https://university.my.salesforce.com"],
    ],
)
def test_foreign_instances_are_refused(url: Any, mock: responses.RequestsMock, clock: FakeClock) -> None:
    """A reply that names any instance but the configured one stops the side; the token goes nowhere (B60, S19)."""
    mock.add("POST", URL, json={**GOOD, "instance_url": url})
    with pytest.raises(Halt, match="instance"):
        credentials(clock).token()
    with pytest.raises(Halt):
        ExistingToken(Secret("t"), url, Instances(my_domain=HOST))


@pytest.mark.parametrize(
    "reply",
    [
        {"token_type": "MAC"},
        {"token_type": 7},
    ],
)
def test_only_bearer_tokens(reply: dict[str, Any], mock: responses.RequestsMock, clock: FakeClock) -> None:
    """A token of another type is not used (B60)."""
    mock.add("POST", URL, json={**GOOD, **reply})
    with pytest.raises(Halt, match="bearer"):
        credentials(clock).token()


@pytest.mark.parametrize("body", [[], None, 7, {"access_token": ""}, {"access_token": None}, {"access_token": "a\nb"}, {}])
def test_replies_of_another_shape(body: Any, mock: responses.RequestsMock, clock: FakeClock) -> None:
    """A reply without a usable token is a failure that may pass, never a crash (B47, B60)."""
    mock.add("POST", URL, json=body)
    with pytest.raises(Later):
        credentials(clock).token()


def test_web_page_instead_of_a_reply(mock: responses.RequestsMock, clock: FakeClock) -> None:
    """A maintenance page on the token endpoint is a failure that may pass."""
    mock.add("POST", URL, body="<html>", content_type="text/html")
    mock.add("POST", URL, body="<html>", content_type="text/html", status=503, headers={"Retry-After": "30"})
    with pytest.raises(Later):
        credentials(clock).token()
    with pytest.raises(Later) as raised:
        credentials(clock).token()
    assert raised.value.retry_after == 30


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("invalid_grant", "frozen"),
        ("invalid_client_id", "consumer key"),
        ("app_not_found", "My Domain"),
        ("never_seen", "refused"),
    ],
)
def test_refusals_name_their_cause(code: str, words: str, mock: responses.RequestsMock, clock: FakeClock) -> None:
    """Each OAuth error stops the side with its own cause; Salesforce's free text is not repeated."""
    mock.add("POST", URL, status=400, json={"error": code, "error_description": "user hasn't approved this consumer"})
    with pytest.raises(Halt, match=words) as raised:
        credentials(clock).token()
    assert "hasn't" not in raised.value.reason


@pytest.mark.parametrize("error", ["user ada@example.org is frozen", "<b>x</b>", "a" * 81, "", 7, None, ["invalid_grant"]])
def test_what_is_no_code_is_not_repeated(error: Any, mock: responses.RequestsMock, clock: FakeClock) -> None:
    """What stands where a login's error code should stand reaches no halt unless it looks like one."""
    mock.add("POST", URL, status=400, json={"error": error})
    with pytest.raises(Halt) as raised:
        credentials(clock).token()
    assert raised.value.reason == "login: the login was refused (HTTP 400)"


def test_clock_that_is_wrong_is_named(mock: responses.RequestsMock, clock: FakeClock) -> None:
    """If our clock is minutes off Salesforce's, the refusal says so, since that alone spoils an assertion (S6)."""
    headers = {"Date": "Mon, 02 Nov 2026 08:55:30 GMT"}
    mock.add("POST", URL, status=400, json={"error": "invalid_grant"}, headers=headers)
    with pytest.raises(Halt, match="clock differs from Salesforce's by 300 s"):
        credentials(clock).token()


def test_redirect_is_not_followed(mock: responses.RequestsMock, clock: FakeClock) -> None:
    """Law (I46): a token endpoint that redirects does not get our secret sent elsewhere (S18)."""
    mock.add("POST", URL, status=307, headers={"Location": "https://evil.example/token"})
    with pytest.raises(Halt, match="redirect"):
        credentials(clock).token()
    assert len(mock.calls) == 1
