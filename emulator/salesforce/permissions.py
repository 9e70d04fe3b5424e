"""ObjectPermissions and FieldPermissions: what profiles and permission sets give, as records to read and to write.

A profile gives through a permission set that it owns, as on the platform [documentation].
"""

from collections.abc import Iterator

from emulator.salesforce.access import ACTIVITY, EVERYTHING, NOTHING, SETUP, WORK, Grant, ObjectGrant
from emulator.salesforce.errors import bad_choice
from emulator.salesforce.fields import SObject
from emulator.salesforce.org import Org
from emulator.salesforce.table import Row, Table

NAMES = frozenset({"ObjectPermissions", "FieldPermissions"})
LETTERS = {
    "PermissionsCreate": "create",
    "PermissionsRead": "read",
    "PermissionsEdit": "edit",
    "PermissionsDelete": "delete",
    "PermissionsViewAllRecords": "view_all",
    "PermissionsModifyAllRecords": "modify_all",
}


def take(org: Org, name: str, row: Row, *, gone: bool = False) -> None:
    """Let a written record of permissions take effect, or its deletion.

    Raises:
        SalesforceError: It is about no object or field that there is.

    """
    holder = _holder(org, row["ParentId"] if name in NAMES else row["Id"])
    grant = org.grants.get(holder, Grant()).copy()
    if name == "PermissionSet":
        flags = {key.removeprefix("Permissions") for key in row if key.startswith("Permissions")}
        grant.permissions = grant.permissions - flags | {each for each in flags if row[f"Permissions{each}"]}
        grant.permissions |= {"ViewAllData"} if "ModifyAllData" in grant.permissions else set()
    else:
        sobject = org.objects.get(str(row["SobjectType"]).lower())
        if sobject is None:
            raise bad_choice("SobjectType", "SobjectType", row["SobjectType"])
        if name == "ObjectPermissions":
            given = ObjectGrant(**{to: bool(row.get(key)) for key, to in LETTERS.items()})
            grant.objects[sobject.name.lower()] = NOTHING if gone else given
        else:
            _take_field(grant, sobject, row, gone=gone)
    org.grants[holder] = grant
    org.touch_schema()


def _take_field(grant: Grant, sobject: SObject, row: Row, *, gone: bool) -> None:
    named, _, field = str(row["Field"]).partition(".")
    one = sobject.field(field)
    if one is None or named.lower() != sobject.name.lower() or not one.permissionable:
        raise bad_choice("Field", "Field", row["Field"])
    key = sobject.name.lower(), one.name.lower()
    edit = bool(row.get("PermissionsEdit"))
    if gone or not (edit or row.get("PermissionsRead")):
        grant.fields.pop(key, None)
    else:
        grant.fields[key] = edit


def _holder(org: Org, permission_set: str) -> str:
    return str((org.record(permission_set) or {}).get("ProfileId") or permission_set)


def records(org: Org, name: str) -> Table:
    """The records of one of the two objects; each keeps its id for as long as its parent and its subject are the same."""
    old = {_key(name, row): row for row in org.table(name).rows.values()}
    made, kind = Table(), org.objects[name.lower()]
    for parent in org.table("PermissionSet").rows.values():
        grant = org.grants.get(_holder(org, parent["Id"]))
        if grant is None or parent["IsDeleted"]:
            continue
        for values in _objects(org, grant) if name == "ObjectPermissions" else _fields(org, grant):
            row = {"ParentId": parent["Id"], **values}
            before = old.get(_key(name, row)) or {"Id": org.new_id(kind), "IsDeleted": False, "SystemModstamp": org.stamp()}
            made.put({**before, **row})
    return made


def _key(name: str, row: Row) -> tuple[str, str]:
    return row["ParentId"], str(row["SobjectType" if name == "ObjectPermissions" else "Field"]).lower()


def _objects(org: Org, grant: Grant) -> Iterator[Row]:
    for key, sobject in org.objects.items():
        given = grant.objects.get(key, NOTHING)
        if grant.standard and not sobject.header["custom"] and sobject.header["createable"] and key not in SETUP | ACTIVITY:
            given = given | (EVERYTHING if "ModifyAllData" in grant.permissions else WORK)
        if given != NOTHING:
            yield {"SobjectType": sobject.name} | {field: getattr(given, name) for field, name in LETTERS.items()}


def _fields(org: Org, grant: Grant) -> Iterator[Row]:
    for key, sobject in org.objects.items():
        for one in sobject.fields if key not in SETUP else ():
            edit = grant.fields.get((key, one.name.lower()))
            if edit is None and grant.standard and not one["custom"] and not sobject.header["custom"]:
                edit = bool(one["updateable"])
            if edit is not None and one.permissionable:
                path = f"{sobject.name}.{one.name}"
                yield {"SobjectType": sobject.name, "Field": path, "PermissionsEdit": edit, "PermissionsRead": True}
