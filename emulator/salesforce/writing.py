"""Creating and updating records: everything that the platform checks and fills in on the way."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator.salesforce import activities, permissions
from emulator.salesforce.access import Access
from emulator.salesforce.duplicates import check_duplicates
from emulator.salesforce.errors import (
    SalesforceError,
    bad_choice,
    duplicate_value,
    entity_deleted,
    insufficient_access,
    invalid_reference,
    no_such_column,
    not_found,
    read_only,
    required_missing,
)
from emulator.salesforce.fields import Field, SObject
from emulator.salesforce.flavours import TRIGGERS
from emulator.salesforce.flows import run_flows
from emulator.salesforce.ids import normal_id
from emulator.salesforce.org import Org
from emulator.salesforce.table import Row
from emulator.salesforce.validation import validate
from emulator.salesforce.values import coerce

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a request's headers say about its writes. `version` is the API version that it came by."""

    allow_duplicates: bool = False
    version: float = 67.0


DEFAULT = Options()


class Writer:
    """Writes records of one organisation in the name of one user."""

    def __init__(self, org: Org, access: Access, options: Options = DEFAULT) -> None:
        self.org = org
        self.access = access
        self.options = options

    def insert(self, sobject: SObject, values: Values) -> str:
        """Create a record; returns its id."""
        self.guard("insert", sobject, "", values)
        granted = self.access.to(sobject)
        if not granted.read:
            raise not_found()
        if not granted.create or not sobject.header["createable"]:
            message = f"entity type cannot be inserted: {sobject.label}"
            raise SalesforceError("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message, fields=())
        given = self._prepare(sobject, values, creating=True)
        row: Row = {"Id": "", "IsDeleted": False, **self._defaults(sobject, given), **given}
        missing = [one.name for one in sobject.required_fields if row.get(one.name) is None]
        if missing:
            raise required_missing(missing)
        self._check(sobject, row, changed=given)
        validate(self.org, self.access, sobject, row, None)
        now = self.org.stamp()
        row["Id"] = self.org.new_id(sobject)
        row.setdefault("CreatedDate", now)
        row.setdefault("CreatedById", self.access.user_id)
        row |= {"LastModifiedDate": now, "LastModifiedById": self.access.user_id, "SystemModstamp": now}
        self._number(sobject, row)
        self._store(sobject, row, None)
        self.org.log(self.access, sobject.name, row["Id"], "insert", given)
        self._automate(sobject, row, "insert")
        return str(row["Id"])

    def update(self, sobject: SObject, id_: str, values: Values) -> None:
        """Change a record."""
        self.guard("update", sobject, id_, values)
        old = self.find(sobject, id_)
        if not self.may_change(sobject, old):
            raise insufficient_access()
        given = self._prepare(sobject, values, creating=False)
        row: Row = {**old, **given}
        missing = [one.name for one in map(sobject.field, given) if one and not one["nillable"] and row.get(one.name) is None]
        if missing:
            raise required_missing(missing)
        self._check(sobject, row, changed=given)
        validate(self.org, self.access, sobject, row, old)
        row |= {
            "LastModifiedDate": self.org.stamp(),
            "LastModifiedById": self.access.user_id,
            "SystemModstamp": self.org.stamp(),
        }
        self._store(sobject, row, old)
        self.org.log(self.access, sobject.name, row["Id"], "update", given)
        self._automate(sobject, row, "update")

    def upsert(self, sobject: SObject, field: str, key: object, values: Values) -> tuple[str, bool]:
        """Create or change the record that an external id names; returns its id and whether it was created."""
        found = self.by_external_id(sobject, field, key)
        one = external_field(self.access, sobject, field)
        rest = {name: value for name, value in values.items() if name.lower() != one.name.lower()}
        if len(found) > 1:
            urls = [f"/services/data/v{self.options.version}/sobjects/{sobject.name}/{row['Id']}" for row in found]
            raise MultipleChoicesError(urls)
        if found:
            self.update(sobject, found[0]["Id"], rest)
            return str(found[0]["Id"]), False
        if one.type == "id":
            raise not_found()
        return self.insert(sobject, {**rest, one.name: key}), True

    def by_external_id(self, sobject: SObject, field: str, key: object) -> list[Row]:
        """The live records that an external id (or other lookup field) names."""
        one = external_field(self.access, sobject, field)
        value = coerce(one, key)
        if one.type == "id":
            row = self.org.live(value)
            return [row] if row else []
        rows = self.org.table(sobject.name).equal(one.name, [value])
        exact = bool(one["caseSensitive"])
        return [row for row in rows if not row["IsDeleted"] and (not exact or row[one.name] == value)]

    def find(self, sobject: SObject, id_: str) -> Row:
        """The record that a write is about.

        Raises:
            SalesforceError: not there (INVALID_CROSS_REFERENCE_KEY), deleted, of another object, or out of the user's sight.
        """
        known = normal_id(id_)
        if known is None:
            raise SalesforceError("MALFORMED_ID", f"{sobject.label} ID: id value of incorrect type: {id_}", fields=("Id",))
        row = self.org.table(sobject.name).rows.get(known)
        if row is None or not self.access.to(sobject).read:
            raise not_found() if not self.access.to(sobject).read else invalid_reference()
        if row["IsDeleted"]:
            raise entity_deleted()
        return row

    def may_change(self, sobject: SObject, row: Row) -> bool:
        """Whether object permissions and sharing let the user edit a record."""
        granted = self.access.to(sobject)
        return granted.edit and bool(sobject.header["updateable"]) and self.access.commands(sobject, row)

    def touch(self, sobject: SObject, row: Row, **values: object) -> None:
        """Change a record as the platform itself does: only SystemModstamp tells of it."""
        self.org.put(sobject.name, {**row, **values, "SystemModstamp": self.org.stamp()})

    # --- what happens to the values -------------------------------------------------------------------------------

    def guard(self, kind: str, sobject: SObject, id_: str, values: Values) -> None:
        """Refuse a write in maintenance mode, or one that was ordered to be refused. The control door is never."""
        if self.access.system:
            return
        if self.org.settings.read_only:
            message = "Updates can't be made during maintenance."
            raise SalesforceError("INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE", message, fields=())
        if self.org.faults.refusals:
            self.org.faults.refuse(kind, sobject.name, id_, values, now=self.org.clock.now())

    def as_system(self) -> "Writer":
        """The same user without limits, as the platform itself acts in a user's name."""
        return Writer(self.org, self.org.access(self.access.user_id, system=True), self.options)

    def _prepare(self, sobject: SObject, values: Values, *, creating: bool) -> dict[str, Any]:
        """The given values by field name, in the form in which they are kept."""
        readable = self.access.readable(sobject)
        raw: list[tuple[Field, Any]] = []
        refused: list[str] = []
        for name, value in values.items():
            lowered = name.lower()
            if lowered in {"attributes", "type"} and lowered not in readable:
                continue
            one = readable.get(lowered)
            if one is None:
                one, value = self._by_relationship(sobject, name, value)  # noqa: PLW2901 - the pair replaces the key
            if one.type == "id":
                self._refuse_id(creating=creating)
            if self._writable(sobject, one, creating=creating):
                raw.append((one, value))
            else:
                refused.append(one.name)
        if refused:
            raise read_only(refused)
        return {one.name: coerce(one, value) for one, value in raw}

    def _writable(self, sobject: SObject, one: Field, *, creating: bool) -> bool:
        if self.access.system and not one["calculated"] and one["createable"] | one["updateable"]:
            return True
        if self.access.system and one.name in {"CreatedDate", "CreatedById", "IsArchived"}:
            return True
        return (one.createable if creating else one.updateable) and self.access.editable(sobject, one)

    def _refuse_id(self, *, creating: bool) -> None:
        if creating:
            message = "cannot specify Id in an insert call"
            raise SalesforceError("INVALID_FIELD_FOR_INSERT_UPDATE", message, fields=("Id",))
        raise SalesforceError("INVALID_FIELD", "The Id field should not be specified in the sobject data.")

    def _by_relationship(self, sobject: SObject, name: str, value: object) -> tuple[Field, str | None]:
        """A reference given as the external id of its record: `"Who": {"attributes": {..}, "Ext__c": ".."}`."""
        one = sobject.by_relationship.get(name.lower())
        if one is None or one.name.lower() not in self.access.readable(sobject):
            raise no_such_column(name, sobject.name)
        if value is None:
            return one, None
        if not isinstance(value, Mapping):
            raise no_such_column(name, sobject.name)
        attributes = value.get("attributes") or {}
        kind = str(attributes.get("type") or value.get("type") or one.references[0])
        target = self.org.sobject(kind)
        keys = [(key, each) for key, each in value.items() if key not in {"attributes", "type"}]
        if len(keys) != 1:
            raise SalesforceError("INVALID_FIELD", f"Foreign key external ID must be one field of entity {target.name}")
        key, wanted = keys[0]
        rows = self.by_external_id(target, key, wanted)
        if len(rows) != 1:
            message = f"Foreign key external ID: {wanted} not found for field {key} in entity {target.name}"
            raise SalesforceError("INVALID_FIELD", message, fields=())
        return one, str(rows[0]["Id"])

    def _defaults(self, sobject: SObject, given: Mapping[str, Any]) -> dict[str, Any]:
        filled: dict[str, Any] = {}
        for one in sobject.defaulted_fields:
            if one.name not in given:
                chosen = [each["value"] for each in one["picklistValues"] if each["defaultValue"]]
                filled[one.name] = chosen[0] if chosen else one["defaultValue"]
        if "ownerid" in sobject.by_name and given.get("OwnerId") is None:
            filled["OwnerId"] = self.access.user_id
        if sobject.name == "Task":
            filled |= activities.task_defaults(self.org, given)
        return filled

    def _number(self, sobject: SObject, row: Row) -> None:
        for one in sobject.fields:
            if one["autoNumber"]:
                row[one.name] = self.org.next_auto_number(sobject, one)

    # --- what is checked ------------------------------------------------------------------------------------------

    def _check(self, sobject: SObject, row: Row, *, changed: Mapping[str, Any]) -> None:
        for name in changed:
            one = sobject.field(name)
            if one is not None and one.type == "reference" and row.get(one.name) is not None:
                self._check_reference(one, row[one.name])
                if one.name == "RecordTypeId" and (self.org.record(row[one.name]) or {}).get("SobjectType") != sobject.name:
                    message = f"Record Type ID: this ID value isn't valid for the user: {row[one.name]}"
                    raise invalid_reference(message, one.name)
        if row.get("OwnerId") and ("OwnerId" in changed or not row["Id"]):
            self._check_owner(sobject, row["OwnerId"])
        if sobject.name in {"Task", "Event"}:
            activities.check(self.org, row, changed, version=self.options.version)
        if sobject.name == "QueueSobject":
            row["SobjectType"] = self._queued(str(row["SobjectType"]))
        self._check_unique(sobject, row, changed)
        if self.org.record_type_values:
            self._check_record_type(sobject, row, changed)
        if self.org.duplicate_rules and not self.access.system:
            check_duplicates(self.org, sobject, row, changed, allowed=self.options.allow_duplicates)

    def _check_reference(self, one: Field, id_: str) -> None:
        kind = self.org.sobject_of(id_)
        if kind is None:
            raise invalid_reference("invalid cross reference id", one.name)
        if kind.name not in one.references:
            message = f"{one.label}: id value of incorrect type: {id_}"
            raise SalesforceError("MALFORMED_ID", message, fields=(one.name,))
        target = self.org.record(id_)
        if target is None or not self.access.to(kind).read:
            message = f"insufficient access rights on cross-reference id: {id_[:15]}"
            if target is None:
                raise invalid_reference("invalid cross reference id")
            raise SalesforceError("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", message, fields=())
        if target["IsDeleted"]:
            raise SalesforceError("ENTITY_IS_DELETED", "entity is deleted", fields=())

    def _check_owner(self, sobject: SObject, id_: str) -> None:
        owner = self.org.record(id_)
        if owner is None:
            raise invalid_reference("invalid cross reference id")
        if id_.startswith("005"):
            if not owner.get("IsActive"):
                message = f"operation performed with inactive user: [{id_[:15]}]"
                raise SalesforceError("INACTIVE_OWNER_OR_USER", message, fields=())
            return
        queues = self.org.table("QueueSobject").equal("QueueId", [id_])
        if owner.get("Type") != "Queue" or all(row["SobjectType"] != sobject.name for row in queues):
            raise SalesforceError("INVALID_OPERATION", "Queue not associated with this SObject type", fields=())

    def _queued(self, name: str) -> str:
        """What a queue may hold: records that a Group may own; the picklist is restricted to their objects [documentation]."""
        kind = self.org.objects.get(name.lower())
        owner = kind.field("OwnerId") if kind else None
        if kind is None or owner is None or "Group" not in owner.references:
            raise bad_choice("sObject Type", "SobjectType", name)
        return kind.name

    def _check_record_type(self, sobject: SObject, row: Row, changed: Mapping[str, Any]) -> None:
        """A restricted picklist takes only the values of the record's type."""
        type_ = row.get("RecordTypeId")
        for name in changed if type_ else ():
            one, value = sobject.field(name), row.get(name)
            allowed = self.org.record_type_values.get((str(type_), name.lower()))
            if one is None or allowed is None or value is None or not one["restrictedPicklist"]:
                continue
            for each in str(value).split(";") if one.type == "multipicklist" else [str(value)]:
                if each not in allowed:
                    raise bad_choice(one.label, one.name, each)

    def _check_unique(self, sobject: SObject, row: Row, changed: Mapping[str, Any]) -> None:
        table = self.org.table(sobject.name)
        for one in sobject.unique_fields:
            value = row.get(one.name)
            if value is None or one.name not in changed:
                continue
            held = [other for other in self.org.ledger.held_back(table) if other.get(one.name) == value]
            for other in (*table.equal(one.name, [value]), *held):
                hidden = other["IsDeleted"] and not self.org.settings.unique_in_bin
                same = not one["caseSensitive"] or other[one.name] == value
                if other["Id"] != row["Id"] and not hidden and same:
                    raise duplicate_value(one.name, other["Id"])

    # --- what follows ---------------------------------------------------------------------------------------------

    def _automate(self, sobject: SObject, row: Row, kind: str) -> None:
        if self.org.flows and not self.access.system:
            with self.org.transaction():
                run_flows(self.org, self, sobject, row, kind)

    def _store(self, sobject: SObject, row: Row, old: Row | None) -> None:
        if "firstname" in sobject.by_name and "name" in sobject.by_name:
            parts = [row.get("FirstName"), row.get("MiddleName"), row.get("LastName"), row.get("Suffix")]
            row["Name"] = " ".join(part for part in parts if part)
        if sobject.name == "Task":
            activities.derive(self.org, row, old)
        triggers = TRIGGERS.get(self.org.settings.flavour)
        if triggers is not None:
            triggers.before_save(self, sobject, row, old)
        for name in [name for name, value in row.items() if value is None]:
            del row[name]
        self.org.put(sobject.name, row)
        if sobject.name in {"Task", "Event"}:
            activities.tell_related(self, row, old)
        if triggers is not None:
            triggers.after_save(self, sobject, row, old)
        if sobject.name in _GIVING:
            permissions.take(self.org, sobject.name, row)
        if sobject.name in _GRANTING:
            self.org.touch_schema()


_GRANTING = frozenset({"User", "PermissionSetAssignment"})
_GIVING = permissions.NAMES | {"PermissionSet"}


class MultipleChoicesError(Exception):
    """An external id names several records: HTTP 300 with their addresses."""

    def __init__(self, urls: list[str]) -> None:
        super().__init__(f"{len(urls)} records")
        self.urls = urls


def external_field(access: Access, sobject: SObject, name: str) -> Field:
    """The external id (or Id, or other lookup field) of this name.

    Raises:
        SalesforceError: there is none that the user sees.
    """
    one = access.readable(sobject).get(name.lower())
    if one is None or not (one["externalId"] or one["idLookup"]):
        raise SalesforceError("NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {name}", status=404)
    return one
