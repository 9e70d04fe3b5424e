"""What a `[[career]]` table lacks, or has in vain, for its profile is told before anything is called."""

from __future__ import annotations

from typing import Any

import pytest

from connector.career.profile import load_profile
from connector.career.setup import Given, faults

WHOLE: dict[str, dict[str, Any]] = {
    "hivebrite": {
        "url": True,
        "requests_url": True,
        "requests_key": True,
        "settings": {
            "admin_email": "b@example.edu",
            "client_id": "c",
            "password": "credential:password",
            "client_secret": "env:SECRET",
        },
    },
    "symplicity_csm": {
        "url": True,
        "key": True,
        "requests_url": True,
        "requests_key": True,
        "settings": {"alumni_field": "applicantType", "alumni_words": "Alumni"},
    },
    "12twenty": {"url": True, "key": True, "settings": {}},
}


def told(profile: str, **other: Any) -> list[tuple[str, str]]:
    """Key and message of each fault of a whole table in which some things are otherwise; settings by their names."""
    whole = WHOLE[profile]
    settings = {**whole["settings"], **other.pop("settings", {})}
    nothing = {"url": False, "key": False, "folder": False, "carrier": None, "requests_url": False, "requests_key": False}
    given = Given(**(nothing | whole | other | {"settings": {name: text for name, text in settings.items() if text}}))
    return [(key, message) for key, message, _ in faults(load_profile(profile), given)]


@pytest.mark.parametrize("profile", WHOLE)
def test_a_whole_table_has_no_faults(profile: str) -> None:
    """What a platform needs, and nothing else, is enough."""
    assert told(profile) == []


@pytest.mark.parametrize(
    ("profile", "other", "key", "message"),
    [
        ("hivebrite", {"url": False}, "url", 'profile "hivebrite" needs url'),
        ("hivebrite", {"key": True}, "key", 'profile "hivebrite" does not use key'),
        ("symplicity_csm", {"key": False}, "key", 'profile "symplicity_csm" needs key'),
        ("hivebrite", {"settings": {"client_id": ""}}, "settings", 'profile "hivebrite" needs the setting client_id'),
        ("12twenty", {"settings": {"colour": "red"}}, "settings", 'profile "12twenty" has no setting "colour"'),
        ("symplicity_csm", {"settings": {"compare": "minute"}}, "settings", "compare must be hour or day or week"),
        ("hivebrite", {"carrier": "notes"}, "requests", 'profile "hivebrite" carries no requests by notes'),
        ("hivebrite", {"requests_key": False}, "requests", "requests_url and requests_key belong together"),
        ("hivebrite", {"carrier": "csv"}, "requests", "requests by csv need a folder"),
    ],
)
def test_each_fault_is_named(profile: str, other: dict[str, Any], key: str, message: str) -> None:
    """Each has its place in the table and its words."""
    assert (key, message) in told(profile, **other)


def test_a_secret_that_stands_there_is_not_repeated() -> None:
    """Secrets are references; one that was written down is refused without being shown."""
    (fault,) = told("hivebrite", settings={"password": "s3cret-canary"})
    assert fault == ("settings", "password is not a reference to a secret; the value is not shown here")
