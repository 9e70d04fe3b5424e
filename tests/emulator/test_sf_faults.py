"""Ordered faults and the wire."""

from datetime import timedelta
from typing import Any

import pytest
import requests

from emulator.http import CUT_EVERYTHING, request
from emulator.inprocess import Wire, WireFault, mount
from emulator.salesforce.control import Control
from emulator.salesforce.org import Org
from emulator.salesforce.service import SalesforceApp
from tests.emulator.api import Api

BASE = "https://university.my.salesforce.com/services/data/v67.0"


def test_a_named_error_instead_of_acting(api: Api, control: Control) -> None:
    """An order "before" answers a documented error and does nothing, as often as it was ordered. [D]."""
    control.order_fault("POST .*/sobjects/Contact", answer="UNABLE_TO_LOCK_ROW", count=2)
    for _ in range(2):
        answer = api.call("POST", "sobjects/Contact", {"LastName": "A"})
        assert (answer.status, answer.json()[0]["errorCode"]) == (400, "UNABLE_TO_LOCK_ROW")  # type: ignore[index]
    api.create("Contact", LastName="A")
    assert len(control.rows("Contact")) == 1


def test_committed_but_answered_badly(api: Api, control: Control) -> None:
    """An order "after" commits and then answers something else, HTML too. [D]."""
    control.order_fault("POST", answer="SERVER_UNAVAILABLE_HTML", when="after")
    answer = api.call("POST", "sobjects/Contact", {"LastName": "A"})
    assert answer.status == 503
    assert answer.body.startswith(b"<html>")
    assert len(control.rows("Contact")) == 1


def test_a_zombie_acts_later(org: Org, api: Api, control: Control) -> None:
    """An order "later" breaks the connection now; the request acts afterwards, perhaps after a retry. [D]."""
    control.define_field("Contact", "Ext__c", externalId=True, unique=True, idLookup=True)
    control.order_fault("POST", when="later", delay=60)
    assert api.call("POST", "sobjects/Contact", {"LastName": "A", "Ext__c": "k"}).cut == CUT_EVERYTHING
    api.create("Contact", LastName="A", Ext__c="k")
    org.clock.move(timedelta(seconds=61))
    api.get("limits")
    assert len(control.rows("Contact")) == 1


def test_orders_can_skip_and_look_into_bodies(api: Api, control: Control) -> None:
    """An order may let requests pass first, and may be about certain bodies. [D]."""
    control.order_fault("POST", status=500, body="x", skip=1, body_pattern="Target")
    statuses = [api.call("POST", "sobjects/Contact", {"LastName": name}).status for name in ("Target", "Other", "Target")]
    assert statuses == [201, 201, 500]


@pytest.fixture
def session(org: Org, control: Control) -> tuple[requests.Session, Wire]:
    """A requests session whose https addresses are the organisation."""
    made = requests.Session()
    made.headers["Authorization"] = f"Bearer {control.token()}"
    return made, mount(made, SalesforceApp(org))


@pytest.mark.parametrize(
    ("fault", "error", "committed"),
    [
        (WireFault.REFUSE, requests.ConnectionError, 0),
        (WireFault.NAME, requests.ConnectionError, 0),
        (WireFault.CONNECT_TIMEOUT, requests.ConnectTimeout, 0),
        (WireFault.CERTIFICATE, requests.exceptions.SSLError, 0),
        (WireFault.LOSE_REQUEST, requests.ConnectionError, 0),
        (WireFault.LOSE_RESPONSE, requests.ConnectionError, 1),
        (WireFault.TIMEOUT, requests.ReadTimeout, 1),
        (WireFault.TRUNCATE, requests.exceptions.ChunkedEncodingError, 1),
    ],
)
def test_the_wire_loses(
    session: tuple[requests.Session, Wire], control: Control, fault: WireFault, error: type[Exception], committed: int
) -> None:
    """In-process connections fail as real ones do: before or after the service acted. [C] requests."""
    client, wire = session
    wire.order(fault, "POST")
    with pytest.raises(error):
        client.post(f"{BASE}/sobjects/Contact", json={"LastName": "A"}, timeout=5)
    assert len(control.rows("Contact")) == committed


def test_a_proxy_that_sends_twice(session: tuple[requests.Session, Wire], control: Control) -> None:
    """A request delivered twice acts twice; the client sees the second answer. [D]."""
    client, wire = session
    wire.order(WireFault.TWICE, "POST")
    assert client.post(f"{BASE}/sobjects/Contact", json={"LastName": "A"}).status_code == 201
    assert len(control.rows("Contact")) == 2


def test_requests_through_the_wire(session: tuple[requests.Session, Wire]) -> None:
    """Status, headers, text and streaming work as over a socket. [C] requests."""
    client, wire = session
    wire.keep = True
    answer = client.get(f"{BASE}/query", params={"q": "SELECT Id FROM Contact"}, stream=True)
    assert answer.raw.read() == b'{"totalSize":0,"done":true,"records":[]}'
    assert client.get(f"{BASE}/sobjects/Nope").json()[0]["errorCode"] == "NOT_FOUND"
    assert [exchange.response and exchange.response.status for exchange in wire.exchanges] == [200, 404]


def test_the_control_door_needs_its_token(org: Org) -> None:
    """Orders over HTTP need the token; without one there is no door at all. [C] own."""
    app = SalesforceApp(org, control_token="t")
    assert app.handle(request("POST", "/__control__/add_user", body={"alias": "a"})).status == 404
    assert SalesforceApp(org).handle(request("POST", "/__control__/now", headers={"X-Control-Token": ""})).status == 404
    good: Any = app.handle(request("POST", "/__control__/now", headers={"X-Control-Token": "t"})).json()
    assert good["result"].startswith("2026-11-02T09:00:00")


def test_the_control_door_does_what_control_does(org: Org, control: Control) -> None:
    """Methods of Control are addresses, their arguments a JSON object; a bad order is a 422. [C] own."""
    app = SalesforceApp(org, control_token="t")

    def order(name: str, **arguments: object) -> Any:
        return app.handle(request("POST", f"/__control__/{name}", headers={"X-Control-Token": "t"}, body=arguments))

    ids = order("seed", sobject="Contact", records=[{"LastName": "A"}]).json()["result"]
    assert control.row(ids[0])["LastName"] == "A"
    order("edit_as", user_id=org.admin_id, id_=ids[0], values={"LastName": "B"})
    writes = order("writes", sobject="Contact", via="control").json()["result"]
    assert [(write["kind"], write["fields"]) for write in writes] == [("update", ["LastName"])]
    assert order("seed", sobject="Contact", records=[{"Nope": 1}]).status == 422
    for bad in ({"pattern": "("}, {"pattern": ".", "count": None}, {"pattern": ".", "probability": "often"}, {"pattern": 5}):
        assert order("order_fault", **bad).status == 422
    assert order("move_clock", seconds=1e300).status == 422
    assert Api(org).get("limits/recordCount").status == 200
