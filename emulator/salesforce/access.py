"""Who may see and change what: profiles and permission sets, added up per user."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.salesforce.fields import Field, SObject

SETUP = frozenset(
    {
        *("user", "profile", "userlicense", "userrole", "organization", "recordtype", "taskstatus", "taskpriority"),
        *("permissionset", "permissionsetassignment", "permissionsetgroup", "objectpermissions", "fieldpermissions"),
        *("group", "groupmember", "queuesobject", "entitydefinition", "fielddefinition", "userrecordaccess"),
        "userpermissionaccess",
    }
)
"""Objects that every API user may read and only who manages users may write [guess]."""

ACTIVITY = frozenset({"task", "event"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectGrant:
    """What may be done with the records of one object."""

    create: bool = False
    read: bool = False
    edit: bool = False
    delete: bool = False
    view_all: bool = False
    modify_all: bool = False

    def __or__(self, other: "ObjectGrant") -> "ObjectGrant":
        return ObjectGrant(
            create=self.create or other.create,
            read=self.read or other.read,
            edit=self.edit or other.edit,
            delete=self.delete or other.delete,
            view_all=self.view_all or other.view_all,
            modify_all=self.modify_all or other.modify_all,
        )


NOTHING = ObjectGrant()
EVERYTHING = ObjectGrant(create=True, read=True, edit=True, delete=True, view_all=True, modify_all=True)
WORK = ObjectGrant(create=True, read=True, edit=True, delete=True)


def letters(how: str) -> ObjectGrant:
    """An object grant from its letters: c r e d, v for view all, m for modify all."""
    return ObjectGrant(
        create="c" in how, read="r" in how, edit="e" in how, delete="d" in how, view_all="v" in how, modify_all="m" in how
    )


@dataclass(slots=True, kw_only=True)
class Grant:
    """What one profile or permission set gives.

    `objects` by lower-case object name; `fields` by lower-case (object, field) to may-edit; `standard` gives work with
    all standard objects and all their standard fields, as the standard profiles do.
    """

    permissions: set[str] = field(default_factory=set)
    objects: dict[str, ObjectGrant] = field(default_factory=dict)
    fields: dict[tuple[str, str], bool] = field(default_factory=dict)
    standard: bool = False

    def copy(self) -> "Grant":
        """An independent copy."""
        return Grant(
            permissions=set(self.permissions),
            objects=dict(self.objects),
            fields=dict(self.fields),
            standard=self.standard,
        )


ADMINISTRATOR = frozenset(
    {
        *("ApiEnabled", "ModifyAllData", "ViewAllData", "CustomizeApplication", "ModifyMetadata", "ViewSetup"),
        *("ManageUsers", "EditTask", "EditEvent", "ActivitiesAccess", "BulkApiHardDelete", "ViewAllUsers"),
    }
)
WORKER = frozenset({"ApiEnabled", "EditTask", "EditEvent", "ActivitiesAccess", "ViewSetup"})


class Access:
    """The sum of a user's grants. Immutable in effect: a change of grants makes a new one.

    `system` is the emulator itself acting for a user (control door): it sees and may do everything.
    """

    def __init__(self, user_id: str, grants: Iterable[Grant], *, system: bool = False) -> None:
        self.user_id = user_id
        self.system = system
        self.permissions: set[str] = set()
        self.standard = system
        self._objects: dict[str, ObjectGrant] = {}
        self._fields: dict[tuple[str, str], bool] = {}
        for grant in grants:
            self.permissions |= grant.permissions
            self.standard = self.standard or grant.standard
            for name, given in grant.objects.items():
                self._objects[name] = self._objects.get(name, NOTHING) | given
            for key, edit in grant.fields.items():
                self._fields[key] = self._fields.get(key, False) or edit
        self.modify_all = system or "ModifyAllData" in self.permissions
        self.view_all = self.modify_all or "ViewAllData" in self.permissions
        self._readable: dict[str, tuple[SObject, dict[str, Field]]] = {}

    def may(self, permission: str) -> bool:
        """Whether the user has a system permission by its API name."""
        return self.system or permission in self.permissions

    def to(self, sobject: SObject) -> ObjectGrant:
        """What the user may do with an object."""
        name = sobject.name.lower()
        if self.modify_all:
            return EVERYTHING
        if name in SETUP:
            return WORK if self.may("ManageUsers") else ObjectGrant(read=True, view_all=True)
        if name in ACTIVITY:
            return self._to_activity(name)
        given = self._objects.get(name, NOTHING)
        if self.standard and not sobject.header["custom"]:
            given = given | WORK
        if self.view_all:
            given = given | ObjectGrant(read=True, view_all=True)
        return given

    def _to_activity(self, name: str) -> ObjectGrant:
        # Activities have no object permissions: system permissions decide [documentation].
        edit = self.may("EditTask" if name == "task" else "EditEvent")
        read = edit or self.view_all or self.may("ActivitiesAccess")
        return ObjectGrant(create=edit, read=read, edit=edit, delete=edit, view_all=self.view_all)

    def hides(self, sobject: SObject, row: Mapping[str, Any]) -> bool:
        """Whether sharing keeps a record from the user: of a private object one sees one's own, or with view-all everything."""
        return sobject.sharing == "Private" and not self.to(sobject).view_all and row.get("OwnerId") != self.user_id

    def commands(self, sobject: SObject, row: Mapping[str, Any]) -> bool:
        """Whether sharing lets the user change a record: one's own, any of a ReadWrite object, or with modify-all every one."""
        return sobject.sharing == "ReadWrite" or self.to(sobject).modify_all or row.get("OwnerId") == self.user_id

    def readable(self, sobject: SObject) -> dict[str, Field]:
        """The fields that the user sees, by lower-case name; none if the object itself is out of sight."""
        known = self._readable.get(sobject.name)
        if known is not None and known[0] is sobject:
            return known[1]
        seen: dict[str, Field] = {}
        if self.to(sobject).read:
            seen = {name: one for name, one in sobject.by_name.items() if self._granted(sobject, one) is not None}
        self._readable[sobject.name] = (sobject, seen)
        return seen

    def editable(self, sobject: SObject, one: Field) -> bool:
        """Whether field-level security lets the user set this field."""
        return bool(self._granted(sobject, one))

    def _granted(self, sobject: SObject, one: Field) -> bool | None:
        if self.system or not one.permissionable:
            return True
        name = sobject.name.lower()
        if name in SETUP or (self.standard and not one["custom"]):
            return True
        # Parts of an address follow the permission of the whole [documentation].
        names = [one.name.lower()]
        if one["compoundFieldName"]:
            names.append(one["compoundFieldName"].lower())
        if name in ACTIVITY:
            # Task and Event share their field permissions [documentation].
            given = [self._fields.get((each, key)) for each in (*ACTIVITY, "activity") for key in names]
        else:
            given = [self._fields.get((name, key)) for key in names]
        found = [each for each in given if each is not None]
        return any(found) if found else None
