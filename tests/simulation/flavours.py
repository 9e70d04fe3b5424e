"""An org built on EDA or NPSP, as officers at work there know it: where a value stands that is not on the contact itself.

A path is one of the mapping's: a field of the contact, or of a record beside it (``npsp__Primary_Affiliation__r.Name``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator.salesforce.control import Control
from emulator.salesforce.org import Org

Row = Mapping[str, Any]

PLAIN = ""
"""An org that is built on nothing."""


@dataclass(frozen=True, kw_only=True)
class Flavour:
    """What officers choose from: the contact's field that says which of its addresses is the preferred one, and its values."""

    preferred: str
    addresses: tuple[str, ...]


FLAVOURS: Mapping[str, Flavour] = {
    "eda": Flavour(preferred="hed__Preferred_Email__c", addresses=("University Email", "Work Email", "Alternate Email")),
    "npsp": Flavour(preferred="npe01__Preferred_Email__c", addresses=("Personal", "Work", "Alternate")),
}
"""By the names that ``init`` knows them by."""

DISCLOSURE = "hed__FERPA__c"
"""EDA's field of a contact that says that nothing of the person may be disclosed."""
_ENROLMENT, _AFFILIATION = "hed__Program_Enrollment__c", "hed__Affiliation__c"
_ENROLMENTS, _ORGANISATION = "hed__Program_Enrollments__r", "hed__Primary_Organization__r"
_CONTACT, _ACCOUNT, _YEAR, _PRIMARY = "hed__Contact__c", "hed__Account__c", "hed__Graduation_Year__c", "hed__Primary__c"
_PROGRAM, _BUSINESS, _EMPLOYER = "Academic Program", "Business Organization", "Organization"
"""Record types of accounts: EDA's two, and NPSP's."""


def at(org: Org, contact: Row, path: str) -> Any:
    """What stands at a path, seen from a contact; nothing where there is no such record beside it."""
    way, _, name = path.rpartition(".")
    found = beside(org, contact, way) if way else contact
    return found.get(name) if found else None


def beside(org: Org, contact: Row, way: str) -> Row | None:
    """The record that relationships lead to from a contact: parents, and of its enrolments the one that counts."""
    found: Row | None = contact
    for name in way.split("."):
        if found is None:
            return None
        found = next(iter(_enrolments(org, found["Id"])), None) if name == _ENROLMENTS else org.live(found.get(_lookup(name)))
    return found


def _enrolments(org: Org, contact: str) -> list[Row]:
    """The one with the latest class year first, those without one last; of equal ones the oldest first."""
    return sorted(_hanging(org, _ENROLMENT, contact), key=lambda row: row.get(_YEAR) or "", reverse=True)


def hanging(org: Org, contact: str, *, deleted: bool) -> list[Row]:
    """The enrolments and affiliations of a contact, or those in the recycle bin."""
    return [row for sobject in (_ENROLMENT, _AFFILIATION) for row in _hanging(org, sobject, contact, deleted=deleted)]


def _hanging(org: Org, sobject: str, contact: str, *, deleted: bool = False) -> list[Row]:
    rows = org.table(sobject).equal(_CONTACT, [contact])
    return sorted((row for row in rows if row["IsDeleted"] is deleted), key=lambda row: str(row["Id"]))


def written_along(org: Org, contact: str) -> set[str]:
    """The contacts that the org's own code may write when this one is written: whoever lives in the same household."""
    home = (org.live(contact) or {}).get("AccountId")
    members = org.table("Contact").equal("AccountId", [home]) if home else ()
    return {contact, *(str(row["Id"]) for row in members)}


def place(crm: Control, officer: str, contact: str, path: str, value: Any) -> tuple[str, dict[str, Any]] | None:
    """Which record an officer edits, and how, so that a value comes to stand at a path; None: there is nothing to empty.

    What it takes is made first where it is not there: an enrolment, an affiliation, the organisation or program of a name.
    """
    way, _, name = path.rpartition(".")
    if not way:
        return contact, {name: value}
    if way == _ORGANISATION:
        return _affiliation(crm, officer, contact, value)
    if not way.startswith(_ENROLMENTS):
        return contact, {_lookup(way): value and _named(crm, officer, _EMPLOYER, value)}
    enrolment = next((str(row["Id"]) for row in _enrolments(crm.org, contact)), None)
    if enrolment is None:
        if value is None:
            return None
        enrolment = crm.create_as(officer, _ENROLMENT, {_CONTACT: contact})
    if way == _ENROLMENTS:
        return enrolment, {name: f"{value:.0f}" if isinstance(value, float) else value}
    return enrolment, {_ACCOUNT: value and _named(crm, officer, _PROGRAM, value)}


def enrol(crm: Control, officer: str, contact: str, program: str, year: float) -> None:
    """Somebody studies something else as well."""
    account = _named(crm, officer, _PROGRAM, program)
    crm.create_as(officer, _ENROLMENT, {_CONTACT: contact, _ACCOUNT: account, _YEAR: f"{year:.0f}"})


def _affiliation(crm: Control, officer: str, contact: str, name: str | None) -> tuple[str, dict[str, Any]] | None:
    """The employer is the primary affiliation with a business: another one becomes that, or it ceases to be."""
    there = _hanging(crm.org, _AFFILIATION, contact)
    if name is None:
        business = [row for row in there if row.get("hed__Affiliation_Type__c") == _BUSINESS and row.get(_PRIMARY)]
        return next(((str(row["Id"]), {_PRIMARY: False}) for row in business), None)
    account = _named(crm, officer, _BUSINESS, name)
    known = next((str(row["Id"]) for row in there if row.get(_ACCOUNT) == account), None)
    return known or crm.create_as(officer, _AFFILIATION, {_CONTACT: contact, _ACCOUNT: account}), {_PRIMARY: True}


def _named(crm: Control, officer: str, kind: str, name: str) -> str:
    """The account of a name, of a record type; made if nobody has made it yet."""
    type_ = next(row["Id"] for row in crm.rows("RecordType") if row["Name"] == kind)
    known = (str(row["Id"]) for row in crm.rows("Account") if row["Name"] == name.strip() and row.get("RecordTypeId") == type_)
    return next(known, None) or crm.create_as(officer, "Account", {"Name": name, "RecordTypeId": type_})


def _lookup(relationship: str) -> str:
    return f"{relationship.removesuffix('r')}c"
