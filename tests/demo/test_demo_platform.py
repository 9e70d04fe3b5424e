"""What the demo makes of the same people where careers run another platform."""

from pathlib import Path

import pytest

from connector.career.profile import load_profile
from connector.career.setup import Given, carrier_of, faults
from demo.platform import PLATFORMS
from demo.world import make_world


@pytest.mark.parametrize("name", PLATFORMS)
def test_the_same_people_on_every_platform(name: str) -> None:
    """Law: each platform has every account once, of the same person; only ids and what it needs of its own differ."""
    people = make_world("a test", contacts=300, accounts=100)
    there = PLATFORMS[name].enrolled(people)
    ids = [person.record_id for person in there.accounts]
    assert len(set(ids)) == len(ids) == len(people.accounts)
    assert people.truth is not None
    assert there.truth is not None
    for old, new in zip(people.accounts, there.accounts, strict=True):
        assert old.values.keys() <= new.values.keys()
        assert all(new.values[name] == value for name, value in old.values.items() if name != "login_email")
        assert there.truth[new.record_id] == people.truth[old.record_id]


def test_a_handshake_account_is_called_by_the_universitys_id() -> None:
    """Law: a username is the university's id of the account's own person, once; somebody unknown has another one."""
    people = PLATFORMS["handshake"].enrolled(make_world("a test", contacts=300, accounts=100))
    known = {
        person.values["University_ID__c"]: person.record_id for person in people.contacts if "University_ID__c" in person.values
    }
    assert people.truth is not None
    named = [account.record_id for account in people.accounts if account.record_id in known]
    assert len(named) > 50
    assert all(known[username] in people.truth[username] for username in named)
    assert len({account.values["login_email"] for account in people.accounts}) == len(people.accounts)


@pytest.mark.parametrize("name", PLATFORMS)
def test_the_configuration_says_what_the_profile_needs(name: str) -> None:
    """Law: what the demo writes under ``[[career]]`` is complete and nothing that the profile has no use for."""
    platform = PLATFORMS[name]
    told = platform.table("https://careers.example.edu", "env:KEY", Path("/srv/careers")).splitlines()
    said = {line.partition(" = ")[0] for line in told}
    given = Given(
        url="url" in said,
        key="key" in said,
        folder="folder" in said,
        carrier=None,
        requests_url="requests_url" in said,
        requests_key="requests_key" in said,
        settings={**platform.settings, **dict.fromkeys(platform.secrets, "env:KEY")},
    )
    profile = load_profile(name)
    assert list(faults(profile, given)) == []
    assert carrier_of(profile, None) in profile.carriers
