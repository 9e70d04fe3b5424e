"""The two permission sets, written from the mapping: what the bridge may do, and what staff may do.

The bridge's set is the second lock of field ownership: its user can read the mapped contact fields and edit none, so
that not even a bug can change a contact. What is read of records beside contacts is read-only as well; of such objects all
records are shown, since one that is hidden by sharing would look like one that is not there.

Field-level security is granted on the names that Salesforce knows for it:
name parts carry none, address parts share their compound field's (both as in retrieved profiles), required fields and
system fields carry none. The task and event permissions go together, because they share field-level security.
"""

from collections.abc import Iterable, Mapping

from crm_package.markup import append, element, render
from crm_package.source import OwnField, read_own_fields

DAEMON_SET = "Alumni_Bridge_Daemon"
STAFF_SET = "Alumni_Bridge_Staff"

PROFILE_OBJECT = "Career_Profile__c"

DEFAULT_CONTACT_FIELDS = (
    "FirstName", "MiddleName__c", "LastName", "Preferred_Name__c", "Former_Last_Name__c", "Birthdate",
    "Personal_Email__c", "University_Email__c", "Work_Email__c", "Email", "MobilePhone", "HomePhone", "Phone",
    "MailingStreet", "MailingCity", "MailingState", "MailingPostalCode", "MailingCountry", "Employer__c", "Title",
    "Degree__c", "Major__c", "Class_Year__c", "LinkedIn_URL__c", "University_ID__c", "Consent_Career_Asks__c",
    "Consent_Mentoring__c", "Consent_Events__c", "Consent_Surveys__c", "Do_Not_Contact__c", "Deceased__c",
)  # fmt: skip
"""The contact fields that the shipped mapping reads. The ones ending in ``__c`` are the institution's, not ours."""

DEFAULT_PROFILE_FIELDS = (
    "Interests__c", "Industries__c", "Mentor_Availability__c", "Mentor_Capacity__c", "Outcome__c", "Outcome_As_Of__c",
)  # fmt: skip
"""The career-profile fields that the shipped mapping writes."""

ALWAYS_VISIBLE = frozenset(
    {
        "Id", "Name", "Salutation", "FirstName", "MiddleName", "LastName", "Suffix", "OwnerId", "RecordTypeId",
        "CreatedById", "CreatedDate", "LastModifiedById", "LastModifiedDate", "SystemModstamp", "IsDeleted",
        "MasterRecordId", "LastActivityDate", "LastViewedDate", "LastReferencedDate", "IsEmailBounced", "PhotoUrl",
    }
)  # fmt: skip
"""Contact fields that Salesforce shows to whoever can read the contact; they cannot appear in a permission set."""

ADDRESS_PARTS = ("Street", "City", "State", "StateCode", "PostalCode", "Country", "CountryCode", "Latitude",
                 "Longitude", "GeocodeAccuracy")  # fmt: skip

TASK_FIELDS = ("ActivityDate", "Description", "Type", "WhatId", "WhoId")
EVENT_FIELDS = ("Description", "Type", "WhatId", "WhoId")
DAEMON_USER_PERMISSIONS = ("ActivitiesAccess", "ApiEnabled", "EditTask")

STAFF_EDITS: Mapping[str, frozenset[str]] = {
    "Suggested_Change__c": frozenset({"Contact__c", "Decision__c", "Decision_Note__c", "Reason__c"}),
    "Identity_Review__c": frozenset({"Chosen_Contact__c", "Decision__c", "Reason__c"}),
    "Career_Request__c": frozenset({"Clearance__c", "Offered_Count__c", "Outcome__c"}),
}
"""The decision fields: everything else on our objects is the bridge's to write."""


def secured_field(field: str) -> str | None:
    """The name under which field-level security knows a field of a contact, or of a record beside it.

    Returns:
        ``None`` for a field that carries none (name parts, system fields), ``MailingAddress`` or such for a part of that
        address, and the field itself otherwise.
    """
    if field in ALWAYS_VISIBLE:
        return None
    for address in ("Mailing", "Other", "Billing", "Shipping"):
        if field.removeprefix(address) in ADDRESS_PARTS and field.startswith(address):
            return f"{address}Address"
    return field


def daemon_permission_set(
    contact_fields_read: Iterable[str],
    profile_fields: Iterable[str],
    *,
    beside: Iterable[tuple[str, str]] = (),
    own: Mapping[str, tuple[OwnField, ...]] | None = None,
) -> bytes:
    """The permission set of the bridge's user as a ``PermissionSet`` file.

    Args:
        contact_fields_read: API names of the contact fields that the mapping reads, in any order, doubles allowed; those
            with dots are paths to records beside the contact, which ``beside`` tells of.
        profile_fields: API names of the career-profile fields that the mapping writes; the ones that the package
            ships are granted anyway, so this adds the institution's own.
        beside: fields (object, name) that are read of contacts and the records beside them for those paths.
        own: the package's objects and fields; read from the shipped tree when left out.

    Returns:
        UTF-8 XML; equal arguments (as sets) give equal bytes.
    """
    objects = read_own_fields() if own is None else own
    reads = {("Contact", name) for name in contact_fields_read if "." not in name} | set(beside)
    access = {"Account": ACCOUNT_READ, "Contact": READ_ALL} | {name: READ_ALL for name, _ in reads}
    access |= dict.fromkeys(objects, CREATE_EDIT_ALL)
    editable = _secured(objects, profile_fields) | {f"Task.{name}" for name in TASK_FIELDS}
    editable |= {f"Event.{name}" for name in EVENT_FIELDS}
    readable = {f"{kind}.{name}" for kind, field in reads if (name := secured_field(field))}
    return _write(
        label="Alumni Bridge Daemon",
        description="For the bridge's integration user only. Reads contacts and never edits them; keeps the bridge's"
        " own records and creates tasks. Written from the mapping: do not edit by hand.",
        fields=dict.fromkeys(editable, True) | dict.fromkeys(readable, False),
        access=access,
        user_permissions=DAEMON_USER_PERMISSIONS,
    )


def staff_permission_set(profile_fields: Iterable[str], *, own: Mapping[str, tuple[OwnField, ...]] | None = None) -> bytes:
    """The permission set of Alumni Relations staff: read everything of ours, edit only the decision fields.

    It says nothing about contacts and tasks: staff work these with the rights that they have already. Arguments as in
    :func:`daemon_permission_set`.
    """
    objects = read_own_fields() if own is None else own
    editable = {f"{name}.{field}" for name, fields in STAFF_EDITS.items() for field in fields}
    return _write(
        label="Alumni Bridge Staff",
        description="For Alumni Relations staff: sees what the bridge brings, decides suggestions and reviews, records"
        " outcomes. Written from the mapping: do not edit by hand.",
        fields={name: name in editable for name in _secured(objects, profile_fields)},
        access={name: EDIT_ALL if name in STAFF_EDITS else READ_ALL for name in objects},
        tabs=objects,
    )


READ_ALL = frozenset({"allowRead", "viewAllRecords"})
ACCOUNT_READ = frozenset({"allowRead"})  # Salesforce grants the reading of contacts only together with accounts
EDIT_ALL = READ_ALL | {"allowEdit"}
CREATE_EDIT_ALL = EDIT_ALL | {"allowCreate"}
OBJECT_RIGHTS = ("allowCreate", "allowDelete", "allowEdit", "allowRead", "modifyAllRecords", "viewAllRecords")


def _secured(objects: Mapping[str, tuple[OwnField, ...]], profile_fields: Iterable[str]) -> set[str]:
    """Fields of our objects that carry field-level security, with the institution's own on the career profile."""
    shipped = {f"{name}.{field.name}" for name, fields in objects.items() for field in fields if not field.required}
    required = {f"{name}.{field.name}" for name, fields in objects.items() for field in fields if field.required}
    return (shipped | {f"{PROFILE_OBJECT}.{field}" for field in profile_fields}) - required


def _write(
    *,
    label: str,
    description: str,
    fields: Mapping[str, bool],
    access: Mapping[str, frozenset[str]],
    user_permissions: Iterable[str] = (),
    tabs: Iterable[str] = (),
) -> bytes:
    root = element("PermissionSet")
    append(root, "description", description)
    for name, editable in sorted(fields.items()):
        entry = append(root, "fieldPermissions")
        append(entry, "editable", editable)
        append(entry, "field", name)
        append(entry, "readable", True)
    append(root, "hasActivationRequired", False)
    append(root, "label", label)
    for name, rights in sorted(access.items()):
        entry = append(root, "objectPermissions")
        for tag in (*OBJECT_RIGHTS[:-1], "object", OBJECT_RIGHTS[-1]):  # in the order of the alphabet
            append(entry, tag, name if tag == "object" else tag in rights)
    for name in sorted(tabs):
        entry = append(root, "tabSettings")
        append(entry, "tab", name)
        append(entry, "visibility", "Visible")
    for name in sorted(user_permissions):
        entry = append(root, "userPermissions")
        append(entry, "enabled", True)
        append(entry, "name", name)
    return render(root)
