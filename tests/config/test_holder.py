"""What the lease in Salesforce tells of who holds it."""

from __future__ import annotations

from itertools import combinations

from sqlalchemy import make_url

from connector.bootstrap import holder_of

_LONG = "/srv/alumni-bridge/of-the-university/and-its-many-schools/state"
STATES = (
    "sqlite:////var/lib/alumni-bridge/bridge.db",
    "sqlite:////var/lib/alumni-bridge/test.db",
    f"sqlite:///{_LONG}/one-of-them.db",
    f"sqlite:///{_LONG}/another-one.db",
    "postgresql+psycopg://bridge:s3cret@db.example.edu/production",
    "postgresql+psycopg://bridge:s3cret@db.example.edu/rehearsal",
)


def test_two_states_are_two_holders() -> None:
    """Law: whatever the state, two bridges on one host do not take each other for themselves, and Salesforce takes the name."""
    told = [holder_of("host.example.edu", make_url(state)) for state in STATES]
    assert all(one != other for one, other in combinations(told, 2))
    assert max(map(len, told)) <= 80
    assert holder_of("h" * 200, make_url(STATES[-1])) != holder_of("h" * 200, make_url(STATES[-2]))


def test_the_holder_stays_the_same() -> None:
    """Law: another password, or another start, is no other holder; nor is a state that had its name before."""
    again = STATES[-1].replace("s3cret", "another")
    assert holder_of("h", make_url(again)) == holder_of("h", make_url(STATES[-1]))
    assert holder_of("h", make_url(STATES[0])) == "h:/var/lib/alumni-bridge/bridge.db"


def test_nothing_of_the_database_is_told() -> None:
    """Law: of a state on PostgreSQL neither address, user nor password stands in Salesforce."""
    told = holder_of("h", make_url(STATES[-1]))
    assert not any(word in told for word in ("s3cret", "bridge", "example", "rehearsal"))
