"""Fixtures: a fake clock, scripted answers, and a Salesforce client over them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import responses

from connector.salesforce.auth import ExistingToken, Instances
from connector.salesforce.client import Client
from connector.salesforce.side import SalesforceSide
from connector.salesforce.transport import Transport
from connector.secrets import Secret
from connector.wire import Wire, open_session
from tests.salesforce.orgs import HOST, TOKEN, FakeClock, Org


@pytest.fixture
def clock() -> FakeClock:
    """A fresh fake clock."""
    return FakeClock()


@pytest.fixture
def mock() -> Iterator[responses.RequestsMock]:
    """Answers on order; a request that nobody scripted is an error."""
    with responses.RequestsMock(assert_all_requests_are_fired=False, registry=responses.registries.OrderedRegistry) as scripted:
        yield scripted


@pytest.fixture
def org(mock: responses.RequestsMock, clock: FakeClock) -> Org:
    """A client and a side over scripted answers."""
    source = ExistingToken(Secret(TOKEN), HOST, Instances(my_domain=HOST))
    session = open_session()
    transport = Transport(source, lambda url: Wire(session, url, clock, side="Salesforce"), clock)
    client = Client(transport, clock=clock, rng=lambda: 0.5)
    side = SalesforceSide(client, clock, contact_fields=["FirstName", "LastName"], page=2)
    return Org(mock=mock, clock=clock, transport=transport, client=client, side=side)
