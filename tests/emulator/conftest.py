"""An organisation, its control door and its administrator's session, for the emulator's own tests."""

import pytest

from emulator.salesforce.control import Control
from emulator.salesforce.org import Org
from tests.emulator.api import Api


@pytest.fixture
def org() -> Org:
    """A new organisation whose clock stands still."""
    return Org()


@pytest.fixture
def control(org: Org) -> Control:
    """God's view of the organisation."""
    return Control(org)


@pytest.fixture
def api(org: Org) -> Api:
    """The administrator's session."""
    return Api(org)
