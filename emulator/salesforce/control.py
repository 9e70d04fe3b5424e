"""The god's-view door to one organisation: seed, act as a user, move time, order faults, read what was written.

Everything here is the emulator's own, for tests, demos and benches; nothing of it exists on the platform. The same
methods are served over HTTP by `emulator.control`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from emulator.salesforce import recycling
from emulator.salesforce.access import Grant, letters
from emulator.salesforce.base_data import user_values
from emulator.salesforce.defining import install_field, make_field, show_field
from emulator.salesforce.duplicates import DuplicateRule
from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.fields import Field, SObject
from emulator.salesforce.logins import ConnectedApp
from emulator.salesforce.org import Org, Write
from emulator.salesforce.table import Row
from emulator.salesforce.troubles import Troubles
from emulator.salesforce.values import coerce
from emulator.salesforce.writing import Writer


class Control(Troubles):
    """What tests and demos may do to an organisation besides using its API."""

    def __init__(self, org: Org) -> None:
        self.org = org

    # --- people and permissions ---------------------------------------------------------------------------------

    def add_user(
        self,
        alias: str,
        *,
        last_name: str = "User",
        first_name: str | None = None,
        profile: str = "Standard User",
        permission_sets: Iterable[str] = (),
        values: Mapping[str, Any] | None = None,
    ) -> str:
        """A new user, whose login name is alias@organisation.example; returns its id."""
        org = self.org
        given = user_values(org.name, alias, first_name, last_name, profile=profile) | dict(values or {})
        id_ = self._put("User", given)
        for name in permission_sets:
            self.assign(id_, name)
        return id_

    def permission_set(
        self,
        name: str,
        *,
        objects: Mapping[str, str] | None = None,
        fields: Mapping[str, str] | None = None,
        permissions: Iterable[str] = (),
    ) -> str:
        """A new permission set; returns its id.

        `objects` maps names to letters of "create read edit delete view-all modify-all" as in `"cred"`; `fields` maps
        `Object.Field` to "r" or "rw".
        """
        id_ = self._put("PermissionSet", {"Name": name, "Label": name, "IsCustom": True, "IsOwnedByProfile": False})
        self.org.grants[id_] = Grant(
            permissions=set(permissions),
            objects={each.lower(): letters(how) for each, how in (objects or {}).items()},
            fields={_split(each): "w" in how for each, how in (fields or {}).items()},
        )
        self.org.touch_schema()
        return id_

    def assign(self, user_id: str, permission_set: str) -> None:
        """Give a user a permission set, by name."""
        found = next(iter(self.org.table("PermissionSet").equal("Name", [permission_set])), None)
        if found is None:
            raise KeyError(f"there is no permission set {permission_set}")
        self._put("PermissionSetAssignment", {"AssigneeId": user_id, "PermissionSetId": found["Id"], "IsActive": True})
        self.org.touch_schema()

    def unassign(self, user_id: str, permission_set: str) -> None:
        """Take a permission set away from a user, by name."""
        sets = {row["Id"] for row in self.org.table("PermissionSet").equal("Name", [permission_set])}
        for row in list(self.org.table("PermissionSetAssignment").equal("AssigneeId", [user_id])):
            if row["PermissionSetId"] in sets:
                self.org.purge("PermissionSetAssignment", row["Id"])
        self.org.touch_schema()

    def grant_field(self, path: str, how: str, *, holder: str) -> None:
        """Set field-level security of `Object.Field` for a profile or permission set by name: "", "r" or "rw"."""
        grant = self.org.grants[self._holder(holder)]
        if how:
            grant.fields[_split(path)] = "w" in how
        else:
            grant.fields.pop(_split(path), None)
        self.org.touch_schema()

    def connected_app(
        self, key: str, *, secret: str = "", run_as: str | None = None, certificate: bytes | str | None = None
    ) -> ConnectedApp:
        """Register a client for OAuth, with a certificate or public key in PEM; once there is one, unknown ones are refused."""
        if isinstance(certificate, str):
            certificate = certificate.encode()
        app = self.org.logins.apps[key] = ConnectedApp(key=key, secret=secret, run_as=run_as, certificate=certificate)
        return app

    def token(self, user_id: str | None = None, *, hours: float = 12) -> str:
        """An access token for a user (the administrator by default)."""
        return self.org.logins.open(self.org.id, user_id or self.org.admin_id, hours=hours).token

    def refresh_token(self, user_id: str | None = None) -> str:
        """A refresh token for a user (the administrator by default), as clients keep from an earlier login."""
        return self.org.logins.new_refresh_token(user_id or self.org.admin_id)

    def expire_sessions(self) -> None:
        """End all sessions at once."""
        self.org.logins.sessions.clear()

    # --- schema -------------------------------------------------------------------------------------------------

    def define_field(
        self,
        sobject: str,
        name: str,
        *,
        type: str = "string",
        label: str | None = None,
        length: int = 255,
        values: Iterable[str] = (),
        visible: bool = True,
        **properties: Any,  # noqa: ANN401 - describe properties
    ) -> None:
        """Add a custom field to any object; unless `visible` is false the standard profiles may read and edit it.

        `properties` are describe properties such as externalId, unique, restrictedPicklist, precision, scale,
        referenceTo, relationshipName.
        """
        made = make_field(name, type=type, label=label, length=length, values=values, properties=properties)
        install_field(self.org, sobject, made)
        if visible:
            show_field(self.org, sobject, name)

    def remove_field(self, sobject: str, name: str) -> None:
        """Delete a field from an object's definition (schema drift)."""
        known = self.org.sobject(sobject)
        kept = tuple(one for one in known.fields if one.name.lower() != name.lower())
        self.org.define(_with(known, fields=kept))

    def change_field(self, sobject: str, name: str, **properties: Any) -> None:  # noqa: ANN401 - describe properties
        """Change describe properties of a field (schema drift): `type=` changes its type."""
        known = self.org.sobject(sobject)
        one = known.by_name[name.lower()]
        kind = str(properties.pop("type", one.type))
        changed = Field(name=one.name, type=kind, properties={**one.properties, **properties})
        self.org.define(known.with_fields([changed]))

    def set_sharing(self, sobject: str, model: str) -> None:
        """The organisation-wide default of an object: ReadWrite, Read or Private."""
        self.org.define(_with(self.org.sobject(sobject), sharing=model))

    def duplicate_rule(self, sobject: str, fields: list[str], *, name: str = "", blocks: bool = False) -> None:
        """Let records whose fields all agree count as duplicates; unless it `blocks`, allowSave gets past it."""
        label = name or f"Standard_{sobject}_Duplicate_Rule"
        self.org.duplicate_rules.append(DuplicateRule(name=label, sobject=sobject, fields=tuple(fields), blocks=blocks))

    # --- records ------------------------------------------------------------------------------------------------

    def seed(self, sobject: str, records: Iterable[Mapping[str, Any]], *, owner: str | None = None) -> list[str]:
        """Create many records quickly: values are brought into form, but rules, uniqueness and the log are skipped.

        Returns their ids, in order.
        """
        org, known = self.org, self.org.sobject(sobject)
        now, by, ids = org.stamp(), owner or org.admin_id, []
        start = {"IsDeleted": False, "CreatedDate": now, "CreatedById": by, "LastModifiedDate": now}
        start |= {"LastModifiedById": by, "SystemModstamp": now}
        for one in known.defaulted_fields:
            chosen = [each["value"] for each in one["picklistValues"] if each["defaultValue"]]
            start[one.name] = chosen[0] if chosen else one["defaultValue"]
        if "ownerid" in known.by_name:
            start["OwnerId"] = by
        start = {key: value for key, value in start.items() if value is not None}
        auto = [one for one in known.fields if one["autoNumber"]]
        named = "firstname" in known.by_name and "name" in known.by_name
        for record in records:
            row: Row = {"Id": org.new_id(known), **start}
            for name, value in record.items():
                target = known.by_name.get(name.lower())
                if target is None:
                    raise KeyError(f"{known.name} has no field {name}")
                kept = coerce(target, value)
                if kept is not None:
                    row[target.name] = kept
            if named:
                row["Name"] = " ".join(part for part in (row.get("FirstName"), row.get("LastName")) if part)
            for one in auto:
                row[one.name] = org.next_auto_number(known, one)
            org.put(known.name, row)
            ids.append(row["Id"])
        if known.name in {"User", "PermissionSetAssignment"}:
            org.touch_schema()
        return ids

    def create_as(self, user_id: str, sobject: str, values: Mapping[str, Any]) -> str:
        """Create a record in a user's name; the platform's rules apply, field-level security does not."""
        with self.org.transaction():
            return self._writer(user_id).insert(self.org.sobject(sobject), values)

    def edit_as(self, user_id: str, id_: str, values: Mapping[str, Any]) -> None:
        """Edit a record in a user's name."""
        with self.org.transaction():
            self._writer(user_id).update(self._kind(id_), id_, values)

    def delete_as(self, user_id: str, id_: str) -> None:
        """Delete a record in a user's name."""
        recycling.delete(self._writer(user_id), self._kind(id_), id_)

    def undelete_as(self, user_id: str, id_: str) -> None:
        """Take a record out of the recycle bin."""
        recycling.undelete(self._writer(user_id), id_)

    def merge_as(self, user_id: str, master: str, losers: list[str], values: Mapping[str, Any] | None = None) -> None:
        """Merge one or two records into a master, which may get values on the way."""
        recycling.merge(self._writer(user_id), master, losers, values)

    def empty_bin(self, ids: list[str] | None = None) -> int:
        """Delete for good what is in the recycle bin (or these ids of it)."""
        return recycling.empty_bin(self.org, ids)

    def late_edit_as(self, user_id: str, id_: str, values: Mapping[str, Any], *, seconds: float) -> None:
        """Edit a record in a transaction that begins now and commits `seconds` later, with today's stamp."""
        self.org.run_late(seconds, lambda: self.edit_as(user_id, id_, values))

    def rows(self, sobject: str, *, deleted: bool = False) -> list[Row]:
        """All live records (or the deleted ones), as they are stored. Do not change them."""
        found = self.org.table(self.org.sobject(sobject).name).rows.values()
        return [row for row in found if bool(row["IsDeleted"]) is deleted]

    def row(self, id_: str) -> Row:
        """One record by its id, deleted or not."""
        found = self.org.record(id_)
        if found is None:
            raise KeyError(id_)
        return found

    # --- time -----------------------------------------------------------------------------------------------------

    def now(self) -> str:
        """The organisation's time, in ISO 8601."""
        return self.org.clock.now().isoformat()

    def move_clock(self, *, seconds: float = 0, to: str | None = None) -> str:
        """Set the clock to an ISO 8601 moment, move it by seconds, and carry out what was due by then."""
        if to is not None:
            self.org.clock.set(datetime.fromisoformat(to))
        self.org.clock.move(timedelta(seconds=seconds))
        self.org.settle()
        return self.now()

    # --- figures and settings ---------------------------------------------------------------------------------------

    def writes(self, sobject: str | None = None, *, via: str | None = "api", user_id: str | None = None) -> list[Write]:
        """The log of writes: those to an object, through the API (or control, or both), by a user."""
        return [
            write
            for write in self.org.writes
            if (sobject is None or write.sobject.lower() == sobject.lower())
            and (via is None or write.via == via)
            and (user_id is None or write.user_id == user_id)
        ]

    def call_count(self) -> int:
        """API requests since the beginning."""
        return sum(self.org.calls.values())

    def settings(self, **changes: object) -> None:
        """Change settings of the organisation (see `settings.Settings`)."""
        for name, value in changes.items():
            if not hasattr(self.org.settings, name):
                raise KeyError(f"there is no setting {name}")
            setattr(self.org.settings, name, value)

    # --- inside ---------------------------------------------------------------------------------------------------

    def _writer(self, user_id: str) -> Writer:
        return Writer(self.org, self.org.access(user_id, system=True))

    def _kind(self, id_: str) -> SObject:
        kind = self.org.sobject_of(id_)
        if kind is None:
            raise SalesforceError("MALFORMED_ID", f"malformed id {id_}")
        return kind

    def _put(self, sobject: str, values: Mapping[str, Any]) -> str:
        return self.seed(sobject, [values])[0]


def _split(path: str) -> tuple[str, str]:
    sobject, _, name = path.lower().partition(".")
    return sobject, name


def _with(known: SObject, **changes: Any) -> SObject:  # noqa: ANN401 - attributes of the definition
    return replace(known, **changes)
