"""The records that a new organisation starts with: itself, its administrator, profiles, task statuses."""

from typing import TYPE_CHECKING, Any

from emulator.salesforce.access import ADMINISTRATOR, WORKER, Grant
from emulator.salesforce.ids import make_id

if TYPE_CHECKING:
    from emulator.salesforce.org import Org

PROFILES = {
    "System Administrator": make_id("00e", 1),
    "Standard User": make_id("00e", 2),
    "Minimum Access - Salesforce": make_id("00e", 3),
    "Minimum Access - API Only Integrations": make_id("00e", 4),
}
"""Profiles by name."""

OWNED_FROM = 1_000_000
"""The permission sets that profiles own are numbered from here, above all others."""

LICENSES = {"Salesforce": make_id("100", 1), "Salesforce Integration": make_id("100", 2)}

TASK_STATUSES = (
    ("Not Started", True, False),
    ("In Progress", False, False),
    ("Completed", False, True),
    ("Waiting on someone else", False, False),
    ("Deferred", False, False),
)
"""Label, is default, is closed: the values of a new organisation [documentation]."""

TASK_PRIORITIES = (("High", False, True), ("Normal", True, False), ("Low", False, False))


def standard_grants() -> dict[str, Grant]:
    """What the standard profiles give, by profile id."""
    return {
        PROFILES["System Administrator"]: Grant(permissions=set(ADMINISTRATOR), standard=True),
        PROFILES["Standard User"]: Grant(permissions=set(WORKER), standard=True),
        PROFILES["Minimum Access - Salesforce"]: Grant(permissions={"ApiEnabled"}),
        PROFILES["Minimum Access - API Only Integrations"]: Grant(permissions={"ApiEnabled"}),
    }


def populate(org: "Org") -> str:
    """Fill a new organisation; returns the id of its administrator."""
    admin = org.new_id(org.objects["user"])
    now = org.stamp()
    audit = {
        "IsDeleted": False,
        "CreatedDate": now,
        "CreatedById": admin,
        "LastModifiedDate": now,
        "LastModifiedById": admin,
        "SystemModstamp": now,
    }

    def add(name: str, id_: str, **values: Any) -> None:  # noqa: ANN401 - a record's values
        org.table(name).put({"Id": id_, **audit, **values})

    sandbox = org.settings.is_sandbox
    add(
        "Organization",
        org.id,
        Name=org.name.title(),
        OrganizationType="Enterprise Edition",
        InstanceName="EM1",
        IsSandbox=sandbox,
        IsReadOnly=False,
        DefaultLocaleSidKey="en_US",
        TimeZoneSidKey="America/New_York",
        LanguageLocaleKey="en_US",
        PrimaryContact="Admin User",
    )
    for label, id_ in LICENSES.items():
        add("UserLicense", id_, Name=label, MasterLabel=label, Status="Active", LicenseDefinitionKey="SFDC")
    for label, id_ in PROFILES.items():
        license_ = "Salesforce Integration" if "Integration" in label else "Salesforce"
        add("Profile", id_, Name=label, UserType="Standard", UserLicenseId=LICENSES[license_])
        owned = {"ProfileId": id_, "IsOwnedByProfile": True, "IsCustom": False, "Type": "Profile"}
        add("PermissionSet", make_id("0PS", OWNED_FROM + int(id_[12:15])), Name=f"X{id_[:15]}", Label=f"X{id_[:15]}", **owned)
    for at, (label, default, closed) in enumerate(TASK_STATUSES, start=1):
        values = {"MasterLabel": label, "ApiName": label, "SortOrder": at, "IsDefault": default, "IsClosed": closed}
        add("TaskStatus", make_id("01T", at), **values)
    for at, (label, default, high) in enumerate(TASK_PRIORITIES, start=1):
        values = {"MasterLabel": label, "ApiName": label, "SortOrder": at, "IsDefault": default}
        add("TaskPriority", make_id("01U", at), IsHighPriority=high, **values)
    add("User", admin, **user_values(org.name, "admin", "Admin", "User", profile="System Administrator"))
    return admin


def user_values(org_name: str, alias: str, first: str | None, last: str, *, profile: str) -> dict[str, Any]:
    """The values of a user record that any organisation has."""
    return {
        "Username": f"{alias}@{org_name}.example",
        "Email": f"{alias}@{org_name}.example",
        "FirstName": first,
        "LastName": last,
        "Name": f"{first} {last}" if first else last,
        "Alias": alias[:8],
        "CommunityNickname": alias,
        "IsActive": True,
        "ProfileId": PROFILES[profile],
        "UserType": "Standard",
        "TimeZoneSidKey": "America/New_York",
        "LocaleSidKey": "en_US",
        "LanguageLocaleKey": "en_US",
        "EmailEncodingKey": "UTF-8",
    }
