"""What the triggers of the Education Data Architecture do [code of SalesforceFoundation/EDA @e593957].

Contact.Email follows the preferred address (SRVC_Contact_PreferredEmail); a contact without an account gets an administrative one
(ACCT_IndividualAccounts_TDTM; its name is a guess); the primary affiliation of each type is on the contact
(AFFL_MultiRecordType_TDTM, AFFL_AccRecordType_TDTM); an enrolment makes its affiliation, and ends it (PREN_Affiliation_TDTM; the
statuses are the package's settings, their values guesses). Objects and fields may carry the package's prefix or not.
"""

from typing import TYPE_CHECKING

from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.fields import SObject
from emulator.salesforce.table import Row

if TYPE_CHECKING:
    from emulator.salesforce.org import Org
    from emulator.salesforce.writing import Writer

PREFIX = "hed__"
PREFERENCES = {
    "University Email": "UniversityEmail__c",
    "Work Email": "WorkEmail__c",
    "Alternate Email": "AlternateEmail__c",
}
"""The values of the preferred e-mail and the fields that they stand for, without the package's prefix."""
_PRIMARY = {"Business Organization": "Primary_Organization__c", "Household Account": "Primary_Household__c"}
"""The contact's field for the primary affiliation of each type, without the prefix (the package's Affiliation Mappings)."""


def before_save(writer: "Writer", sobject: SObject, row: Row, old: Row | None) -> None:
    """The preferred address, and the type of an affiliation."""
    org, p = writer.org, _prefix(writer.org)
    if sobject.name == "Contact" and org.settings.email_trigger:
        prefer_email(sobject, row, old)
    if sobject.name == f"{p}Affiliation__c":
        row[f"{p}Affiliation_Type__c"] = _record_type(org, row.get(f"{p}Account__c"))
    if sobject.name == f"{p}Program_Enrollment__c" and old is None and not row.get(f"{p}Affiliation__c"):
        contact, account = row.get(f"{p}Contact__c"), row.get(f"{p}Account__c")
        if contact and account:
            made = {"Contact__c": contact, "Account__c": account, "Status__c": "Current", "Role__c": "Student"}
            affiliation = org.sobject(f"{p}Affiliation__c")
            row[f"{p}Affiliation__c"] = writer.as_system().insert(affiliation, {p + name: value for name, value in made.items()})


def after_save(writer: "Writer", sobject: SObject, row: Row, old: Row | None) -> None:
    """The administrative account of a contact, and the contact's primary affiliation."""
    org, p = writer.org, _prefix(writer.org)
    if sobject.name == "Contact" and not row.get("AccountId"):
        values = {"Name": f"{row['LastName']} Administrative Account", "RecordTypeId": _type_id(org, "Administrative")}
        writer.touch(sobject, row, AccountId=writer.as_system().insert(org.sobject("Account"), values))
    if sobject.name == f"{p}Affiliation__c":
        _follow_primary(writer, row, old)


def after_delete(writer: "Writer", sobject: SObject, row: Row, _old: Row | None) -> None:
    """The contact loses the primary affiliation that is gone; an enrolment that is gone ends its affiliation."""
    org, p = writer.org, _prefix(writer.org)
    if sobject.name == f"{p}Affiliation__c" and row.get(f"{p}Primary__c"):
        _set_primary(writer, row, None)
    if sobject.name == f"{p}Program_Enrollment__c" and org.live(row.get(f"{p}Affiliation__c")):
        writer.as_system().update(org.sobject(f"{p}Affiliation__c"), row[f"{p}Affiliation__c"], {f"{p}Status__c": "Former"})


def _follow_primary(writer: "Writer", row: Row, old: Row | None) -> None:
    p = _prefix(writer.org)
    now, before = bool(row.get(f"{p}Primary__c")), bool(old and old.get(f"{p}Primary__c"))
    if now and not before:
        _uncheck_others(writer, row)
        _set_primary(writer, row, row.get(f"{p}Account__c"))
    elif before and not now:
        _set_primary(writer, row, None)


def _set_primary(writer: "Writer", affiliation: Row, account: str | None) -> None:
    """Put an account into the contact's field for this type; null only where the field still holds this affiliation's."""
    org, p = writer.org, _prefix(writer.org)
    field = _PRIMARY.get(str(affiliation.get(f"{p}Affiliation_Type__c")))
    contact = org.live(affiliation.get(f"{p}Contact__c"))
    if field is None or contact is None:
        return
    if account or contact.get(p + field) == affiliation.get(f"{p}Account__c"):
        writer.as_system().update(org.sobject("Contact"), contact["Id"], {p + field: account})


def _uncheck_others(writer: "Writer", row: Row) -> None:
    org, p = writer.org, _prefix(writer.org)
    affiliation = org.sobject(f"{p}Affiliation__c")
    for other in list(org.table(affiliation.name).equal(f"{p}Contact__c", [row.get(f"{p}Contact__c")])):
        same = other.get(f"{p}Affiliation_Type__c") == row.get(f"{p}Affiliation_Type__c")
        if same and other["Id"] != row["Id"] and other.get(f"{p}Primary__c") and not other["IsDeleted"]:
            writer.touch(affiliation, other, **{f"{p}Primary__c": False})


def _prefix(org: "Org") -> str:
    return PREFIX if org.settings.packaged else ""


def _type_id(org: "Org", name: str) -> str | None:
    return next((row["Id"] for row in org.table("RecordType").equal("Name", [name])), None)


def _record_type(org: "Org", account: str | None) -> str | None:
    kind = org.record((org.record(account) or {}).get("RecordTypeId"))
    return kind["Name"] if kind else None


def prefer_email(sobject: SObject, row: Row, old: Row | None) -> None:
    """Make Email what the preferred address says; fields may carry the package's prefix `hed__` or not.

    Raises:
        SalesforceError: the preferred address is empty, or there are several and none is preferred.
    """
    prefix = PREFIX if "hed__preferred_email__c" in sobject.by_name else ""
    key = f"{prefix}Preferred_Email__c"
    if sobject.field(key) is None:
        return
    fields = {label: prefix + name for label, name in PREFERENCES.items()}
    given = {label: row[name] for label, name in fields.items() if row.get(name)}
    preferred = row.get(key)
    if preferred in fields:
        if given.get(preferred):
            row["Email"] = given[preferred]
            return
        if given or old is None or not _any(old, fields):
            message = f"The selected Preferred Email can't be blank: {preferred}"  # [text a guess]
            raise SalesforceError("FIELD_CUSTOM_VALIDATION_EXCEPTION", message, fields=(key,))
    if len(given) > 1:
        message = "Select a Preferred Email for this contact"  # [text a guess]
        raise SalesforceError("FIELD_CUSTOM_VALIDATION_EXCEPTION", message, fields=(key,))
    if given:
        (row[key], row["Email"]) = next(iter(given.items()))
    elif old is not None and _any(old, fields):
        row["Email"] = row[key] = None
    elif row.get("Email"):
        row[fields["Alternate Email"]], row[key] = row["Email"], "Alternate Email"


def _any(row: Row, fields: dict[str, str]) -> bool:
    return any(row.get(name) for name in fields.values())
