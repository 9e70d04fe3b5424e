"""What the bridge and staff may do in Salesforce, as the permission sets say it."""

from collections.abc import Mapping
from importlib.resources.abc import Traversable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from crm_package.archive import permission_files
from crm_package.permissions import (
    DEFAULT_CONTACT_FIELDS,
    DEFAULT_PROFILE_FIELDS,
    daemon_permission_set,
    secured_field,
    staff_permission_set,
)
from crm_package.source import OwnField, package_source, read_own_fields
from tests.package.package_tree import Node

OWN: Mapping[str, tuple[OwnField, ...]] = read_own_fields()
RIGHTS = ("allowCreate", "allowDelete", "allowEdit", "allowRead", "modifyAllRecords", "viewAllRecords")


def read(content: bytes) -> Node:
    """A permission set as a node."""
    return Node(element=etree.fromstring(content))


def rights(granted: Node) -> dict[str, set[str]]:
    """Object -> rights that are granted on it."""
    return {
        entry.text("object"): {right for right in RIGHTS if entry.text(right) == "true"}
        for entry in granted.all("objectPermissions")
    }


def fields(granted: Node) -> dict[str, bool]:
    """Field -> whether it is editable; every entry is readable."""
    entries = granted.all("fieldPermissions")
    assert all(entry.text("readable") == "true" for entry in entries)
    return {entry.text("field"): entry.text("editable") == "true" for entry in entries}


@pytest.fixture(scope="module")
def daemon() -> Node:
    """The bridge's permission set for the shipped mapping."""
    return read(daemon_permission_set(DEFAULT_CONTACT_FIELDS, DEFAULT_PROFILE_FIELDS))


@pytest.fixture(scope="module")
def staff() -> Node:
    """The staff's permission set for the shipped mapping."""
    return read(staff_permission_set(DEFAULT_PROFILE_FIELDS))


def test_committed_sets_are_the_generated_ones() -> None:
    """The permission sets in the tree are exactly those of the shipped mapping."""
    folder: Traversable = package_source() / "permissionsets"
    generated = permission_files(DEFAULT_CONTACT_FIELDS, DEFAULT_PROFILE_FIELDS)
    assert {Path(path).name: content for path, content in generated.items()} == {
        entry.name.removesuffix("-meta.xml"): entry.read_bytes() for entry in folder.iterdir()
    }


def test_daemon_reads_every_contact_and_changes_none(daemon: Node) -> None:
    """On contacts the bridge may read all records, and nothing else (S1, S2)."""
    assert rights(daemon)["Contact"] == {"allowRead", "viewAllRecords"}
    assert not [field for field, editable in fields(daemon).items() if field.startswith("Contact.") and editable]


def test_daemon_keeps_its_own_objects_but_deletes_nothing(daemon: Node) -> None:
    """On each of its own objects the bridge may read, create and edit, and may neither delete nor override sharing."""
    expected = {"allowCreate", "allowEdit", "allowRead", "viewAllRecords"}
    assert {name: rights(daemon)[name] for name in OWN} == dict.fromkeys(OWN, expected)


def test_daemon_touches_no_further_object(daemon: Node) -> None:
    """Beside contacts and its own objects it reads accounts only, which reading contacts needs."""
    assert set(rights(daemon)) - set(OWN) == {"Account", "Contact"}
    assert rights(daemon)["Account"] == {"allowRead"}


def test_daemon_has_no_right_over_all_data(daemon: Node) -> None:
    """Of the system permissions it holds the use of the API and of tasks only (S1)."""
    assert set(daemon.texts("userPermissions/name")) == {"ActivitiesAccess", "ApiEnabled", "EditTask"}


def test_daemon_can_fill_a_task(daemon: Node) -> None:
    """A profile with minimum access hides these task fields, without which a task cannot point to request and contact."""
    granted = fields(daemon)
    assert all(granted[f"Task.{name}"] for name in ("ActivityDate", "Description", "WhatId", "WhoId"))
    assert all(granted[f"Event.{name}"] for name in ("Description", "WhatId", "WhoId"))


def test_daemon_sees_each_own_field_that_can_be_granted(daemon: Node) -> None:
    """Every field of its own objects is editable for the bridge, except those that Salesforce grants to nobody."""
    expected = {f"{name}.{field.name}" for name, own in OWN.items() for field in own if not field.required}
    assert {name for name, editable in fields(daemon).items() if editable and "__c." in name} == expected


def test_staff_edit_decisions_only(staff: Node) -> None:
    """Staff edit what decides a suggestion, a review or a request; the career profile and the status only tell them."""
    assert {name for name, editable in fields(staff).items() if editable} == {
        "Suggested_Change__c.Contact__c",
        "Suggested_Change__c.Decision__c",
        "Suggested_Change__c.Decision_Note__c",
        "Suggested_Change__c.Reason__c",
        "Identity_Review__c.Chosen_Contact__c",
        "Identity_Review__c.Decision__c",
        "Identity_Review__c.Reason__c",
        "Career_Request__c.Clearance__c",
        "Career_Request__c.Offered_Count__c",
        "Career_Request__c.Outcome__c",
    }
    assert rights(staff)["Career_Profile__c"] == {"allowRead", "viewAllRecords"}
    assert rights(staff)["Bridge_Status__c"] == {"allowRead", "viewAllRecords"}


def test_staff_create_and_delete_nothing_of_ours(staff: Node) -> None:
    """The bridge alone creates its records, and nobody deletes them through this permission set."""
    assert not {"allowCreate", "allowDelete", "modifyAllRecords"} & set().union(*rights(staff).values())
    assert set(rights(staff)) == set(OWN)


@pytest.mark.parametrize(
    ("field", "secured"),
    [
        ("LastName", None),
        ("FirstName", None),
        ("Id", None),
        ("Email", "Email"),
        ("Birthdate", "Birthdate"),
        ("MailingStreet", "MailingAddress"),
        ("MailingCountryCode", "MailingAddress"),
        ("OtherCity", "OtherAddress"),
        ("MailingLabel__c", "MailingLabel__c"),
        ("City", "City"),
        ("MiddleName__c", "MiddleName__c"),
    ],
)
def test_contact_fields_are_secured_under_salesforces_names(field: str, secured: str | None) -> None:
    """Name and system fields carry no field-level security, address parts share their compound field's."""
    assert secured_field(field) == secured


CONTACT_FIELDS = st.lists(st.one_of(st.sampled_from(DEFAULT_CONTACT_FIELDS), st.from_regex(r"\A[A-Z][a-z]{2,8}__c\Z")))


@given(contact_fields=CONTACT_FIELDS)
def test_no_mapping_lets_the_daemon_edit_a_contact(contact_fields: list[str]) -> None:
    """Whatever the mapping reads: contact fields are granted for reading, exactly the mapped ones (S2)."""
    content = daemon_permission_set(contact_fields, DEFAULT_PROFILE_FIELDS, own=OWN)
    granted = {name: editable for name, editable in fields(read(content)).items() if name.startswith("Contact.")}
    expected = {f"Contact.{secured_field(field)}" for field in contact_fields if secured_field(field)}
    assert granted == dict.fromkeys(expected, False)
    assert content == daemon_permission_set(reversed([*contact_fields, *contact_fields]), DEFAULT_PROFILE_FIELDS, own=OWN)


def test_what_is_read_beside_contacts_is_read_only() -> None:
    """Law: objects and fields beside the contact are granted for reading, all records of them, and nothing is for writing."""
    beside = [("Enrollment__c", "Year__c"), ("Account", "Name"), ("Account", "BillingCity"), ("Contact", "AccountId")]
    node = read(daemon_permission_set(["Title", "Enrollments__r.Year__c"], (), beside=beside, own=OWN))
    granted = {
        name: editable for name, editable in fields(node).items() if name.split(".")[0] in {"Contact", "Account", "Enrollment__c"}
    }
    expected = ("Contact.Title", "Contact.AccountId", "Account.BillingAddress", "Enrollment__c.Year__c")
    assert granted == dict.fromkeys(expected, False)
    for kind in ("Account", "Contact", "Enrollment__c"):
        assert rights(node)[kind] == {"allowRead", "viewAllRecords"}


def test_the_institutions_own_profile_field_is_granted() -> None:
    """A field that the institution added to the career profile and mapped: the bridge writes it, staff see it."""
    added = "Career_Profile__c.Languages__c"
    assert fields(read(daemon_permission_set((), ["Languages__c"])))[added] is True
    assert fields(read(staff_permission_set(["Languages__c"])))[added] is False
