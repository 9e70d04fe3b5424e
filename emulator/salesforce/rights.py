"""UserRecordAccess and UserPermissionAccess: what a user may do, with a record and altogether, as records to query."""

from collections.abc import Iterator

from emulator.salesforce.access import Access
from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.ids import make_id, normal_id
from emulator.salesforce.org import Org
from emulator.salesforce.soql.conditions import Test
from emulator.salesforce.table import Row, Table
from emulator.salesforce.writing import Writer

NAME = "UserRecordAccess"
MOST = 200
"""So many records one query may ask for [documentation]."""


OWN = "UserPermissionAccess"
"""One record, of the very user who asks [documentation]."""


def own(org: Org, access: Access) -> Table:
    """The system permissions of the user who asks, a flag for each."""
    made = Table()
    flags = [one.name for one in org.sobject(OWN).fields if one.name.startswith("Permissions")]
    row = {name: access.may(name.removeprefix("Permissions")) for name in flags}
    made.put({"Id": "000000000000000AAA", "IsDeleted": False, "SystemModstamp": org.stamp(), **row})
    return made


def table(org: Org, where: Test | None) -> Table:
    """The rights of the one user on the records that a condition names; those that are no records have none.

    Raises:
        SalesforceError: The condition does not name one user and at most 200 records.

    """
    users, records = (list(dict.fromkeys(_named(where, field))) for field in ("UserId", "RecordId"))
    if len(users) != 1 or not records:
        message = "Can select only RecordId, a Has*Access field, and MaxAccessLevel when filtering by a UserId and RecordIds"
        raise SalesforceError("MALFORMED_QUERY", message)
    if len(records) > MOST:
        raise SalesforceError("EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {MOST} records into this call")
    made = Table()
    for number, id_ in enumerate(records, start=1):
        made.put(_rights(org, users[0], id_, make_id("0QR", number)))
    return made


def _named(test: Test | None, field: str) -> Iterator[str]:
    if test is None:
        return
    if test.operator == "and":
        for part in test.parts:
            yield from _named(part, field)
    elif test.own == field and test.operator in {"=", "in"}:
        yield from (normal_id(each) or str(each) for each in test.values)


def _rights(org: Org, user_id: str, id_: str, own_id: str) -> Row:
    access, row = org.access(user_id), org.live(id_)
    read = edit = full = False
    sobject = org.sobject_of(id_)
    if row is not None and sobject is not None:
        granted = access.to(sobject)
        read = granted.read and not access.hides(sobject, row)
        edit = read and Writer(org, access).may_change(sobject, row)
        full = edit and granted.delete and bool(sobject.header["deletable"])
    levels = [level for level, given in (("Read", read), ("Edit", edit), ("All", full)) if given]
    return {
        "Id": own_id,
        "UserId": user_id,
        "RecordId": id_,
        "HasReadAccess": read,
        "HasEditAccess": edit,
        "HasDeleteAccess": full,
        "HasTransferAccess": full,
        "HasAllAccess": full,
        "MaxAccessLevel": levels[-1] if levels else "None",
        "IsDeleted": False,
        "SystemModstamp": org.stamp(),
    }
