"""The listeners, with an unmodified third-party client."""

import gzip
import os
import socket
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import orjson
import pytest
import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest

from emulator.__main__ import main
from emulator.running import Running, running


@pytest.fixture(scope="module")
def emulator() -> Iterator[Running]:
    """Both emulators, served."""
    with running(control_token="t") as found:
        found.run(lambda: found.control.connected_app("client", secret="s3", run_as=found.org.admin_id))
        yield found


@pytest.fixture
def environment(emulator: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment that `python -m emulator env` prints."""
    for name, value in emulator.environment().items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("environment")
def test_simple_salesforce_unmodified(emulator: Running) -> None:
    """simple-salesforce logs in under the My Domain name and works, as its users would use it. [T]."""
    client: Any = Salesforce(consumer_key="client", consumer_secret="s3", domain="university.my", version="67.0")
    made = client.Contact.create({"LastName": "Lovelace", "Email": "ada@x.example"})
    client.Contact.update(made["id"], {"FirstName": "Ada"})
    assert client.Contact.get(made["id"])["Name"] == "Ada Lovelace"
    assert client.query_all("SELECT Id FROM Contact WHERE Email = 'ada@x.example'")["totalSize"] == 1
    assert client.api_usage["api-usage"].total == 100_000
    with pytest.raises(SalesforceMalformedRequest) as refused:
        client.Contact.create({"FirstName": "x"})
    assert cast("Any", refused.value.content)[0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    client.Contact.delete(made["id"])
    assert emulator.org.host == client.sf_instance


def test_plain_http_and_tls_answer_alike(emulator: Running) -> None:
    """The same service is behind plain HTTP and TLS; instance addresses keep the scheme that was used. [T]."""
    token = emulator.run(emulator.control.token)
    session = requests.Session()
    session.trust_env = False
    session.verify = str(emulator.authority)
    for base in (emulator.addresses()["salesforce"]["http"], emulator.salesforce_url):
        answer = session.get(f"{base}/services/oauth2/userinfo", headers={"Authorization": f"Bearer {token}"})
        assert answer.json()["urls"]["custom_domain"] == base


def test_large_answers_are_compressed(emulator: Running) -> None:
    """Answers are gzipped for clients that take it, and bodies may come gzipped. [R]."""
    token = emulator.run(emulator.control.token)
    url = f"{emulator.addresses()['salesforce']['http']}/services/data/v67.0"
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "gzip"}
    assert requests.get(f"{url}/sobjects", headers=headers, timeout=10).headers["Content-Encoding"] == "gzip"
    body = gzip.compress(orjson.dumps({"LastName": "A"}))
    sent = {**headers, "Content-Encoding": "gzip", "Content-Type": "application/json"}
    assert requests.post(f"{url}/sobjects/Contact", data=body, headers=sent, timeout=10).status_code == 201
    sent["Content-Encoding"] = "deflate"
    body = zlib.compress(orjson.dumps({"LastName": "B"}))
    assert requests.post(f"{url}/sobjects/Contact", data=body, headers=sent, timeout=10).status_code == 201
    answer = requests.post(f"{url}/sobjects/Contact", data=b"not packed", headers=sent, timeout=10)
    assert answer.json()[0]["errorCode"] == "JSON_PARSER_ERROR"


def test_header_names_have_capitals(emulator: Running) -> None:
    """Header names are written as the real service writes them; clients look them up in plain dicts. [T] airbyte."""
    with socket.create_connection(("127.0.0.1", emulator.salesforce.http)) as plain:
        plain.sendall(b"GET /services/data/v67.0/sobjects HTTP/1.1\r\nHost: localhost\r\n\r\n")
        head = plain.recv(65_536).partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0] for line in head.split(b"\r\n")[1:]]
    assert {b"Content-Type", b"Sforce-Limit-Info", b"Content-Length"} <= set(names)


@pytest.mark.parametrize(("order", "error"), [({}, requests.ConnectionError), ({"status": 200, "body": "x" * 50}, None)])
def test_connections_break_on_order(emulator: Running, order: dict[str, Any], error: type[Exception] | None) -> None:
    """An order without an answer breaks the connection before any byte; the next request works again. [D]."""
    token = emulator.run(emulator.control.token)
    emulator.run(lambda: emulator.control.order_fault("GET .*/recent", **order))
    url = f"{emulator.addresses()['salesforce']['http']}/services/data/v67.0/recent"
    headers = {"Authorization": f"Bearer {token}"}
    if error is not None:
        with pytest.raises(error):
            requests.get(url, headers=headers, timeout=10)
    else:
        assert requests.get(url, headers=headers, timeout=10).text == "x" * 50
    assert requests.get(url, headers=headers, timeout=10).json() == []


def test_the_proxy_leads_only_inside(emulator: Running) -> None:
    """The CONNECT proxy refuses everything but *.salesforce.com:443. [T]."""
    proxies = {"https": f"http://127.0.0.1:{emulator.salesforce.proxy}"}
    for host in ("example.org", "salesforce.com.example.org", "university.my.salesforce.com:8443"):
        with pytest.raises(requests.exceptions.ProxyError):
            requests.get(f"https://{host}/", proxies=proxies, timeout=10)


def test_serve_and_env(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`serve` prints its addresses as one line of JSON and stops on SIGTERM; `env` prints the clients' environment. [C]."""
    assert main(["env", "--folder", str(tmp_path)]) == 2
    command = [sys.executable, "-m", "emulator", "serve", "--folder", str(tmp_path), "--flavour", "npsp", "--control-token", "t"]
    root = Path(__file__).parents[2]
    # The command is our own.
    with subprocess.Popen(  # noqa: S603
        command, stdout=subprocess.PIPE, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}
    ) as server:
        assert server.stdout is not None
        found = orjson.loads(server.stdout.readline())
        assert requests.get(f"{found['salesforce']['http']}/services/data", timeout=10).status_code == 200
        order = {"sobject": "Contact", "records": [{"LastName": "L", "npsp__Deceased__c": True}]}
        door = f"{found['salesforce']['http']}/__control__/seed"
        assert requests.post(door, json=order, headers={"X-Control-Token": "t"}, timeout=10).status_code == 200
        capsys.readouterr()
        assert main(["env", "--folder", str(tmp_path)]) == 0
        assert f"export HTTPS_PROXY={found['salesforce']['proxy']}" in capsys.readouterr().out
        assert Path(found["ca"]).is_absolute()
        capsys.readouterr()
        assert main(["serve", "--folder", str(tmp_path)]) == 2, "it would overwrite the other's certificates"
        assert "a --folder of its own" in capsys.readouterr().err
        port = found["salesforce"]["http"].rpartition(":")[2]
        other = [sys.executable, "-m", "emulator", "serve", "--folder", str(tmp_path / "other"), "--http", port]
        taken = subprocess.run(other, capture_output=True, text=True, cwd=root, check=False)  # noqa: S603 - our own
        assert (taken.returncode, taken.stderr.count("\n")) == (2, 1)
        assert "address already in use" in taken.stderr.lower()
        server.terminate()
        assert server.wait(timeout=20) == 0
    assert not (tmp_path / "addresses.json").exists()


@pytest.mark.parametrize(
    ("order", "error"),
    [
        ({"cut": 20, "headers": {"Transfer-Encoding": "chunked"}}, requests.exceptions.ChunkedEncodingError),
        ({"cut": 20}, requests.exceptions.ChunkedEncodingError),
        ({"answer": "CONNECTION_REFUSED"}, requests.ConnectionError),
        ({"pace": 100_000}, None),
    ],
)
def test_bodies_are_spoilt_on_order(emulator: Running, order: dict[str, Any], error: type[Exception] | None) -> None:
    """Over sockets too an answer breaks off, in broken chunks or not, comes slowly, or never begins. [C] own."""
    token = emulator.run(emulator.control.token)
    emulator.run(lambda: emulator.control.order_fault("GET .*/limits", **order))
    url = f"{emulator.addresses()['salesforce']['http']}/services/data/v67.0/limits"
    headers = {"Authorization": f"Bearer {token}"}
    if error is not None:
        with pytest.raises(error):
            requests.get(url, headers=headers, timeout=10)
    assert "DailyApiRequests" in requests.get(url, headers=headers, timeout=10).json()


def test_an_endless_body_ends_with_its_client(emulator: Running) -> None:
    """An endless body is sent until the client goes away, and others are answered meanwhile. [C] own."""
    token = emulator.run(emulator.control.token)
    emulator.run(lambda: emulator.control.order_fault("GET .*/limits", answer="ENDLESS"))
    url = f"{emulator.addresses()['salesforce']['http']}/services/data"
    headers = {"Authorization": f"Bearer {token}"}
    with requests.get(f"{url}/v67.0/limits", headers=headers, timeout=10, stream=True) as endless:
        pieces = endless.iter_content(65_536)
        assert sum(len(next(pieces)) for _ in range(40)) > 2_000_000
        assert requests.get(url, timeout=10).status_code == 200
    assert requests.get(url, timeout=10).status_code == 200


def test_half_a_request_is_none(emulator: Running) -> None:
    """Law: a client that dies in the midst of its request has asked for nothing; nobody acts on the half that came. [U]."""
    token = emulator.run(emulator.control.token)
    before = emulator.run(emulator.control.call_count)
    head = f"POST /services/data/v67.0/sobjects/Contact HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n"
    for sent in ("", '{"LastName": '):
        with socket.create_connection(("127.0.0.1", emulator.salesforce.http)) as client:
            client.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{sent}".encode())
            # Its end is seen when the server has read it.
            client.shutdown(socket.SHUT_WR)
            client.recv(1)
    assert emulator.run(emulator.control.call_count) == before
