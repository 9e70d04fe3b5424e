"""pytest fixtures on the emulator, for anybody's tests: `pytest_plugins = ["emulator.pytest_plugin"]` in a conftest.py.

The in-process ones cost a fraction of a millisecond and no socket; `salesforce_server` serves both systems once for the
whole run, for clients that are no `requests` sessions or other processes.
"""

from collections.abc import Iterator

import pytest
import requests

from emulator.inprocess import Wire, mount
from emulator.running import Running, running
from emulator.salesforce.control import Control
from emulator.salesforce.org import Org
from emulator.salesforce.service import SalesforceApp


@pytest.fixture
def salesforce_org() -> Org:
    """A new, empty organisation whose clock stands still until it is moved."""
    return Org()


@pytest.fixture
def salesforce(salesforce_org: Org) -> Control:
    """God's view of `salesforce_org`: seed it, order faults, move time, see what was written."""
    return Control(salesforce_org)


@pytest.fixture
def salesforce_session(salesforce_org: Org) -> Iterator[requests.Session]:
    """A `requests` session, logged in as the administrator, whose every https address is `salesforce_org`.

    Hand it to a client, as in `simple_salesforce.Salesforce(session=..., session_id="any", instance_url=...)`.
    """
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {Control(salesforce_org).token()}"
        mount(session, SalesforceApp(salesforce_org))
        yield session


@pytest.fixture
def salesforce_wire(salesforce_session: requests.Session) -> Wire:
    """Where faults of the wire between `salesforce_session` and the organisation are ordered, and what passed by."""
    wire: Wire = salesforce_session.get_adapter("https://any").wire  # type: ignore[attr-defined]  # the one mounted above
    wire.keep = True
    return wire


@pytest.fixture
def salesforce_token(salesforce: Control) -> str:
    """An access token of the administrator."""
    return salesforce.token()


@pytest.fixture(scope="session")
def salesforce_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Both systems served over HTTP, TLS and the proxy, from a thread, for the whole run; its control token is `pytest`.

    Its records stay from test to test: use keys of your own.
    """
    with running(folder=tmp_path_factory.mktemp("emulator"), control_token="pytest") as found:  # noqa: S106 - loopback only
        yield found
