"""Deleting, undeleting and merging records, and what happens to the records that point at them."""

from collections.abc import Iterator

from emulator.salesforce import permissions
from emulator.salesforce.errors import SalesforceError, insufficient_access, invalid_reference, not_found
from emulator.salesforce.fields import Child, SObject
from emulator.salesforce.flavours import TRIGGERS
from emulator.salesforce.ids import normal_id
from emulator.salesforce.org import Org
from emulator.salesforce.table import Row
from emulator.salesforce.writing import Values, Writer


def delete(writer: Writer, sobject: SObject, id_: str) -> None:
    """Put a record into the recycle bin, with what hangs on it; lookups that point at it are cleared."""
    writer.guard("delete", sobject, id_, {})
    row = _deletable(writer, sobject, id_)
    with writer.org.transaction():
        _delete(writer, sobject, row, root=row["Id"])


def _deletable(writer: Writer, sobject: SObject, id_: str) -> Row:
    """A record that object permissions and sharing let the user delete; what hangs on it goes without being asked for."""
    row, access = writer.find(sobject, id_), writer.access
    if not access.to(sobject).delete or not sobject.header["deletable"] or not access.commands(sobject, row):
        raise insufficient_access()
    return row


def _delete(writer: Writer, sobject: SObject, row: Row, *, root: str) -> None:
    org = writer.org
    gone = {**row, "IsDeleted": True, "_root": root, "SystemModstamp": org.stamp(), "LastModifiedDate": org.stamp()}
    org.put(sobject.name, gone)
    org.log(writer.access, sobject.name, row["Id"], "delete", {})
    for child, each in _children(org, sobject, row["Id"]):
        kind = org.sobject(child.sobject)
        if child.on_delete == "restrict":
            message = f"Your attempt to delete {row.get('Name', row['Id'])} could not be completed because it is associated"
            raise SalesforceError("DELETE_FAILED", message + " with other records.", fields=())
        if child.on_delete == "cascade":
            _delete(writer, kind, each, root=root)
        else:
            cleared = {**each, "_cleared": {**each.get("_cleared", {}), child.field: row["Id"]}}
            cleared.pop(child.field, None)
            writer.touch(kind, cleared)
    triggers = TRIGGERS.get(org.settings.flavour)
    if triggers is not None:
        triggers.after_delete(writer, sobject, row, None)
    if sobject.name in permissions.NAMES:
        permissions.take(org, sobject.name, row, gone=True)
    if sobject.name == "PermissionSetAssignment":
        org.purge(sobject.name, row["Id"])
        org.touch_schema()


def undelete(writer: Writer, id_: str) -> None:
    """Take a record out of the recycle bin, with what was deleted along with it and the lookups that were cleared.

    Who may is who may see and change the record [guess].
    """
    org = writer.org
    known = normal_id(id_)
    row = org.record(known)
    sobject = org.sobject_of(known) if known else None
    if known is None or row is None or sobject is None:
        raise not_found()
    writer.guard("undelete", sobject, known, {})
    if not writer.access.to(sobject).read or not writer.access.commands(sobject, row):
        raise insufficient_access()
    if not row["IsDeleted"] or row.get("_root", known) != known:
        # What went with a record comes back with it, and is not in the bin by itself [Salesforce Help 000386040].
        raise SalesforceError("UNDELETE_FAILED", "Entity is not in the recycle bin", fields=())
    with org.transaction():
        for name in list(org.tables):
            kind = org.objects.get(name.lower())
            for each in list(org.table(name).rows.values()) if kind else ():
                if each.get("_root") == known:
                    back = {key: value for key, value in each.items() if key not in {"_root", "MasterRecordId"}}
                    org.put(name, {**back, "IsDeleted": False, "SystemModstamp": org.stamp()})
                cleared = each.get("_cleared", {})
                if kind and known in cleared.values():
                    restored = {field: value for field, value in cleared.items() if not each.get(field)}
                    writer.touch(kind, {key: value for key, value in each.items() if key != "_cleared"}, **restored)


def empty_bin(org: Org, ids: list[str] | None = None) -> int:
    """Delete for good what is in the recycle bin: all of it, or these ids. Returns how many records went."""
    wanted = None if ids is None else {normal_id(each) for each in ids}
    gone = 0
    for name, table in org.tables.items():
        for id_ in [row["Id"] for row in table.rows.values() if row.get("IsDeleted")]:
            if wanted is None or id_ in wanted:
                org.purge(name, id_)
                gone += 1
    return gone


MERGEABLE = frozenset({"Account", "Contact", "Lead", "Case"})


def merge(writer: Writer, master_id: str, loser_ids: list[str], values: Values | None = None) -> None:
    """Merge up to two records into a third: children move, losers go to the bin with MasterRecordId [documentation].

    The losers have to be records that the user may delete, the master one that may be edited [guess].
    """
    org = writer.org
    sobject = org.sobject_of(master_id)
    if sobject is None or sobject.name not in MERGEABLE:
        raise SalesforceError("INVALID_OPERATION", "entity type cannot be merged", fields=())
    if not 1 <= len(loser_ids) <= 2:
        raise SalesforceError("INVALID_OPERATION", "a merge takes one or two records besides the master", fields=())
    master = writer.find(sobject, master_id)
    with org.transaction():
        for loser_id in loser_ids:
            loser = _deletable(writer, sobject, loser_id)
            if loser["Id"] == master["Id"]:
                raise invalid_reference("cannot merge a record with itself")
            for child, each in _children(org, sobject, loser["Id"]):
                writer.touch(org.sobject(child.sobject), each, **{child.field: master["Id"]})
            org.put(
                sobject.name,
                {
                    **loser,
                    "IsDeleted": True,
                    "MasterRecordId": master["Id"],
                    "_root": loser["Id"],
                    "SystemModstamp": org.stamp(),
                    "LastModifiedDate": org.stamp(),
                },
            )
            org.log(writer.access, sobject.name, loser["Id"], "merge", {})
        writer.update(sobject, master["Id"], values or {})


def _children(org: Org, sobject: SObject, id_: str) -> Iterator[tuple[Child, Row]]:
    """Live records that point at one, with the reference by which they do."""
    for child in sobject.children:
        table = org.tables.get(child.sobject)
        kind = org.objects.get(child.sobject.lower())
        if table is None or kind is None or kind.field(child.field) is None:
            continue
        for each in list(table.equal(child.field, [id_])):
            if not each["IsDeleted"]:
                yield child, each
