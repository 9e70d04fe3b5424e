"""The pytest plugin, as others use it."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

OTHERS = """
import requests
from simple_salesforce import Salesforce

def test_in_process(salesforce, salesforce_session, salesforce_token, salesforce_wire):
    client = Salesforce(session=salesforce_session, session_id=salesforce_token, instance_url="university.my.salesforce.com")
    salesforce.seed("Contact", [{"LastName": "Lovelace"}])
    assert client.query("SELECT LastName FROM Contact")["records"][0]["LastName"] == "Lovelace"
    assert [each.response.status for each in salesforce_wire.exchanges] == [200]

def test_empty_again(salesforce):
    assert salesforce.rows("Contact") == []

def test_over_sockets(salesforce_server):
    answer = requests.get(salesforce_server.salesforce_url + "/services/data", verify=str(salesforce_server.authority))
    assert answer.json()[-1]["version"] == "67.0"
"""


def test_others_use_the_fixtures(pytester: pytest.Pytester) -> None:
    """Tests outside this repository get a new organisation each, a session on it, and a server for all of them. [C] own."""
    pytester.makeconftest('pytest_plugins = ["emulator.pytest_plugin"]')
    pytester.makepyfile(OTHERS)
    root = Path(__file__).parents[2]
    pytester.syspathinsert(root)
    done = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    done.assert_outcomes(passed=3)
