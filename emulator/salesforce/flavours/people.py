"""Person Accounts: a person is an Account and a Contact in one, and is written through the Account alone.

That the contact cannot be written is documented for most fields; the code of the refusal is a guess.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.fields import Field, SObject
from emulator.salesforce.table import Row

if TYPE_CHECKING:
    from emulator.salesforce.org import Org
    from emulator.salesforce.writing import Writer

_PAIRS = {
    "FirstName": "FirstName",
    "LastName": "LastName",
    "PersonEmail": "Email",
    "PersonMobilePhone": "MobilePhone",
    "PersonTitle": "Title",
    "PersonBirthdate": "Birthdate",
    "PersonMailingStreet": "MailingStreet",
    "PersonMailingCity": "MailingCity",
    "Preferred_Name__pc": "Preferred_Name__c",
}
"""The account's name of each of the contact's fields."""


def prepare(org: "Org") -> None:
    """A person's account takes its name from the person."""
    account = org.sobject("Account")
    name = account.by_name["name"]
    filled = Field(name=name.name, type=name.type, properties={**name.properties, "defaultedOnCreate": True})
    org.define(replace(account, fields=tuple(filled if one is name else one for one in account.fields)))


def before_save(_writer: "Writer", sobject: SObject, row: Row, old: Row | None) -> None:
    """A person's account has the person's name; the contact of one is not written.

    Raises:
        SalesforceError: INVALID_PERSON_ACCOUNT_OPERATION.
    """
    if sobject.name == "Account" and row.get("LastName"):
        row["Name"] = " ".join(part for part in (row.get("FirstName"), row["LastName"]) if part)
        row["IsPersonAccount"] = True
    if sobject.name == "Contact" and old is not None and old.get("IsPersonAccount"):
        raise SalesforceError("INVALID_PERSON_ACCOUNT_OPERATION", "The contact of a person account is not written", fields=())


def after_save(writer: "Writer", sobject: SObject, row: Row, _old: Row | None) -> None:
    """The contact of a person's account follows it."""
    if sobject.name != "Account" or not row.get("IsPersonAccount"):
        return
    org, contact = writer.org, writer.org.sobject("Contact")
    values = {theirs: row[ours] for ours, theirs in _PAIRS.items() if row.get(ours) is not None and contact.field(theirs)}
    known = org.live(row.get("PersonContactId"))
    if known is None:
        made = writer.as_system().insert(contact, {**values, "AccountId": row["Id"]})
        writer.touch(contact, org.table("Contact").rows[made], IsPersonAccount=True)
        writer.touch(sobject, row, PersonContactId=made)
    else:
        kept = {name: value for name, value in known.items() if name not in _PAIRS.values()}
        writer.touch(contact, kept, **values)
