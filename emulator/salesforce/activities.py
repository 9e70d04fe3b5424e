"""What is special about Task and Event: Who and What, statuses, owners, archive, and the contacts that they touch."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.table import Row
from emulator.salesforce.values import parse_moment

if TYPE_CHECKING:
    from emulator.salesforce.org import Org
    from emulator.salesforce.writing import Writer


def task_defaults(org: "Org", given: Mapping[str, Any]) -> dict[str, Any]:
    """Status and Priority of a new Task that says nothing: the organisation's default values [documentation]."""
    filled: dict[str, Any] = {}
    for field, table in (("Status", "TaskStatus"), ("Priority", "TaskPriority")):
        if given.get(field) is None:
            default = next((row for row in org.table(table).rows.values() if row["IsDefault"]), None)
            filled[field] = default["MasterLabel"] if default else None
    if given.get("TaskSubtype") is None:
        filled["TaskSubtype"] = "Task"
    return filled


def check(org: "Org", row: Row, changed: Mapping[str, Any], *, version: float) -> None:
    """The rules of Who, What and owner.

    Raises:
        SalesforceError: one is broken.
    """
    who, what = row.get("WhoId"), row.get("WhatId")
    if who and who.startswith("00Q") and what:
        message = "When associated with a Lead, an activity cannot be related to another object"  # [guess]
        raise SalesforceError("FIELD_INTEGRITY_EXCEPTION", message, fields=("WhatId",))
    if what and "WhatId" in changed:
        kind = org.sobject_of(what)
        if kind is None or not kind.activities:
            message = f"Related To ID: id value of incorrect type: {what}"
            raise SalesforceError("FIELD_INTEGRITY_EXCEPTION", message, fields=("WhatId",))
    owner = row.get("OwnerId") or ""
    if owner.startswith("00G") and version < 48:
        # Queues may own Tasks from API version 48.0 on [documentation].
        message = f"Assigned To ID: id value of incorrect type: {owner}"
        raise SalesforceError("MALFORMED_ID", message, fields=("OwnerId",))
    if "IsRecurrence" in changed or not row.get("IsRecurrence"):
        return
    if "Status" in changed:
        message = "Status cannot be updated on a recurring series"  # [documentation: not updateable; text a guess]
        raise SalesforceError("INVALID_FIELD_FOR_INSERT_UPDATE", message, fields=("Status",))


def derive(org: "Org", row: Row, old: Row | None) -> None:
    """Fill in the fields that follow from others: IsClosed, CompletedDateTime, IsHighPriority, AccountId."""
    row["IsClosed"] = _flag(org, "TaskStatus", row.get("Status"), "IsClosed")
    row["IsHighPriority"] = _flag(org, "TaskPriority", row.get("Priority"), "IsHighPriority")
    was_closed = bool(old and old.get("IsClosed"))
    if row["IsClosed"] and not was_closed:
        row["CompletedDateTime"] = org.stamp()
    elif not row["IsClosed"]:
        row["CompletedDateTime"] = None
    row["AccountId"] = _account(org, row.get("WhatId")) or _account(org, row.get("WhoId"))


def _flag(org: "Org", table: str, label: str | None, flag: str) -> bool:
    return any(row[flag] for row in org.table(table).equal("MasterLabel", [label])) if label else False


def _account(org: "Org", id_: str | None) -> str | None:
    row = org.live(id_)
    if row is None:
        return None
    account = row["Id"] if id_ and id_.startswith("001") else row.get("AccountId")
    return str(account) if account else None


def tell_related(writer: "Writer", row: Row, old: Row | None) -> None:
    """Move LastActivityDate of the people and records that an activity is about.

    It is the latest due date of closed Tasks and of events [documentation]; moving it moves SystemModstamp
    [documentation]. Whether an open Task moves the stamp too is an open question: `Settings.tasks_touch_contacts`.
    """
    org = writer.org
    is_event = row["Id"].startswith("00U")
    counts = is_event or bool(row.get("IsClosed"))
    day = row.get("ActivityDate") or (org.stamp()[:10] if counts else None)
    related = {row.get("WhoId"), row.get("WhatId"), row.get("AccountId")}
    if old is not None:
        related |= {old.get("WhoId"), old.get("WhatId")}
    for id_ in related:
        target = org.live(id_)
        if target is None or id_ is None:
            continue
        kind = org.sobject_of(id_)
        if kind is None or "lastactivitydate" not in kind.by_name:
            continue
        known = target.get("LastActivityDate")
        if counts and day and (known is None or known < day):
            writer.touch(kind, target, LastActivityDate=day)
        elif org.settings.tasks_touch_contacts:
            writer.touch(kind, target)


def archived(org: "Org", row: Row) -> bool:
    """Whether an activity is old enough to be hidden from `query` (not from `queryAll`).

    Closed Tasks and events whose due or completed date is more than a year ago; open ones without a due date that were
    created more than a year ago [secondary source].
    """
    if row.get("IsArchived"):
        return True
    age = timedelta(days=org.settings.archive_days)
    limit = org.now() - age
    if row["Id"].startswith("00T"):
        if row.get("IsClosed"):
            reference = row.get("ActivityDate") or row.get("CompletedDateTime") or row["CreatedDate"]
        elif row.get("ActivityDate"):
            return False
        else:
            reference = row["CreatedDate"]
    else:
        reference = row.get("EndDate") or row.get("ActivityDate") or row["CreatedDate"]
    return parse_moment(reference) < limit
