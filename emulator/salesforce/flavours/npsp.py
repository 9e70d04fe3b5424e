"""What the Nonprofit Success Pack does to contacts and their households.

A contact without an account gets a household; the mailing address of a contact and the billing address of its household are one,
also for the other members, unless the contact overrides it [documentation: help.salesforce.com sfdo.npsp_add_or_update_addr;
"Override the Default Address for a Contact"]. Email is the preferred one of three addresses, and a bare Email becomes the
personal one: by workflow rules of npe01 that no public source shows, so this is a guess that `Settings.email_trigger` switches.
"""

from typing import TYPE_CHECKING

from emulator.salesforce.fields import SObject
from emulator.salesforce.table import Row

if TYPE_CHECKING:
    from emulator.salesforce.writing import Writer

PREFERENCES = {"Personal": "npe01__HomeEmail__c", "Work": "npe01__WorkEmail__c", "Alternate": "npe01__AlternateEmail__c"}
_ADDRESS = ("Street", "City", "State", "PostalCode", "Country")
_PREFERRED = "npe01__Preferred_Email__c"
_HOUSEHOLD = "Household Account"


def before_save(writer: "Writer", sobject: SObject, row: Row, old: Row | None) -> None:
    """Email is the preferred address."""
    if sobject.name != "Contact" or not writer.org.settings.email_trigger:
        return
    given = {label: row[name] for label, name in PREFERENCES.items() if row.get(name)}
    if row.get("Email") and not given and (old is None or not any(old.get(name) for name in PREFERENCES.values())):
        row["npe01__HomeEmail__c"], row[_PREFERRED] = row["Email"], "Personal"
        return
    preferred = row.get(_PREFERRED) or next(iter(given), None)
    if given:
        row[_PREFERRED] = preferred
    row["Email"] = given.get(str(preferred))


def after_save(writer: "Writer", sobject: SObject, row: Row, old: Row | None) -> None:
    """A household for who has none; one address for all of it."""
    if sobject.name == "Contact":
        if not row.get("AccountId"):
            _found_household(writer, sobject, row)
        elif old is not None and _moved(row, old, "Mailing") and not row.get("npsp__is_Address_Override__c"):
            household = writer.org.live(row["AccountId"])
            if household is not None and _is_household(household):
                _copy(writer, writer.org.sobject("Account"), household, row, "Mailing", "Billing")
                _tell_members(writer, household["Id"], row, "Mailing", but=row["Id"])
    elif sobject.name == "Account" and old is not None and _is_household(row) and _moved(row, old, "Billing"):
        _tell_members(writer, row["Id"], row, "Billing", but="")


def _found_household(writer: "Writer", contact: SObject, row: Row) -> None:
    values: Row = {"Name": f"{row['LastName']} Household", "npe01__SYSTEM_AccountType__c": _HOUSEHOLD}
    values |= {f"Billing{part}": row.get(f"Mailing{part}") for part in _ADDRESS}
    writer.touch(contact, row, AccountId=writer.as_system().insert(writer.org.sobject("Account"), values))


def _is_household(account: Row) -> bool:
    return account.get("npe01__SYSTEM_AccountType__c") == _HOUSEHOLD


def _moved(row: Row, old: Row, kind: str) -> bool:
    return any(row.get(kind + part) != old.get(kind + part) for part in _ADDRESS)


def _tell_members(writer: "Writer", household: str, source: Row, kind: str, *, but: str) -> None:
    contact = writer.org.sobject("Contact")
    for member in list(writer.org.table("Contact").equal("AccountId", [household])):
        if not member["IsDeleted"] and member["Id"] != but and not member.get("npsp__is_Address_Override__c"):
            _copy(writer, contact, member, source, kind, "Mailing")


def _copy(writer: "Writer", sobject: SObject, row: Row, source: Row, kind: str, to: str) -> None:
    values = {to + part: source.get(kind + part) for part in _ADDRESS}
    if any(row.get(name) != value for name, value in values.items()):
        kept = {name: value for name, value in row.items() if name not in values}
        writer.touch(sobject, kept, **{name: value for name, value in values.items() if value is not None})
