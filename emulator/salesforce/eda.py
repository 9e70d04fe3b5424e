"""What the Education Data Architecture's triggers do to a contact's e-mail addresses [code of SalesforceFoundation/EDA]."""

from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.fields import SObject
from emulator.salesforce.table import Row

PREFERENCES = {
    "University Email": "UniversityEmail__c",
    "Work Email": "WorkEmail__c",
    "Alternate Email": "AlternateEmail__c",
}
"""The values of the preferred e-mail and the fields that they stand for, without the package's prefix."""


def prefer_email(sobject: SObject, row: Row, old: Row | None) -> None:
    """Make Email what the preferred address says; fields may carry the package's prefix `hed__` or not.

    Raises:
        SalesforceError: the preferred address is empty, or there are several and none is preferred.
    """
    prefix = "hed__" if "hed__preferred_email__c" in sobject.by_name else ""
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
