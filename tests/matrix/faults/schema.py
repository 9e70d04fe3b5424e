"""F63 to F75: what Salesforce's administrators change. For all: nothing is emptied, the field is named, others go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from emulator.salesforce.control import Control
from tests.matrix.cells import Check, Operation, Order, Place, Row
from tests.matrix.checks import calm, done, halted, refused
from tests.matrix.faults.where import one
from tests.matrix.orders import GRAPH, MANY, crm, drift, says, setting, step, wire
from tests.matrix.stage import Stage
from tests.simulation.steps import EditAccount

_HOLDER = "Alumni_Bridge_Daemon"
_PLACES: Mapping[Operation, tuple[str, str]] = {
    Operation.TASK: ("Career_Request__c", "Title__c"),
    Operation.UPDATE: ("Career_Profile__c", "Mentor_Capacity__c"),
    Operation.READ: ("Contact", "Major__c"),
    Operation.RECONCILE: ("Contact", "Title"),
}
"""A field that each operation needs."""
_NO_SCHEMA = "a login meets no object and no field"
_READ_ONLY = "we only read this object"

Change = Callable[[Control, str, str], object]


def told_of(field: str) -> Check:
    """Somebody is told the field's name: by a halt, or in the list of refusals."""

    def check(stage: Stage) -> Iterator[str]:
        told = [f"{row['subject']} {row['reason']}" for row in stage.rows("halt")]
        told += [f"{row['code']} {row['detail']}" for row in stage.rows("intent") if row["state"] == "refused"]
        if not any(field in text for text in told):
            yield f"nobody is told of {field}: {told}"

    return check


def nothing_emptied(stage: Stage) -> Iterator[str]:
    """No value of a person became empty on either side, and no question suggests that."""
    world = stage.run.world
    values = world.careers.values(world.accounts[0]) or {}
    if not values.get("title") or not values.get("major"):
        yield "a value at careers became empty"
    yield from ("an empty value is suggested" for row in world.rows("Suggested_Change__c") if not row.get("Suggested_Values__c"))


def schema(title: str, change: Change, *, only: Mapping[Operation, str] | None = None, named: bool = True, **more: Any) -> Row:
    """A row: the same change to a field that each operation needs; ``only`` says where it cannot be."""
    places: dict[Operation, Place] = {Operation.AUTH: _NO_SCHEMA}
    for operation, (sobject, field) in _PLACES.items():
        order = drift(lambda door, sobject=sobject, field=field: change(door, sobject, field), sobject)  # type: ignore[misc]  # one for each
        checks = (told_of(field), nothing_emptied) if named else (nothing_emptied,)
        places[operation] = (only or {}).get(operation) or one(order, during=checks, **more)
    return Row(title=title, places={operation: places[operation] for operation in Operation})


def _rename(door: Control, sobject: str, field: str) -> None:
    door.remove_field(sobject, field)
    door.define_field(sobject, "Renamed__c")


def _record_type(door: Control) -> None:
    door.record_type("Career_Request__c", "Other")


def _not_unique(door: Control) -> None:
    door.change_field("Career_Request__c", "Key__c", unique=False, externalId=False)


def _retired(sobject: str, field: str, word: str) -> Callable[[Control], object]:
    """A word of a picklist can be chosen no more."""

    def change(door: Control) -> None:
        known = door.org.sobject(sobject).by_name[field.lower()]["picklistValues"]
        values = [{**each, "active": each["active"] and each["value"] != word} for each in known]
        door.change_field(sobject, field, picklistValues=values)

    return change


def _removed(sobject: str, field: str) -> Order:
    return drift(lambda door: door.remove_field(sobject, field), sobject)


_stale = crm(lambda door: door.order_fault("/describe", stale=True, count=MANY))

SCHEMA: Mapping[int, Row] = {
    63: schema("Field deleted", lambda door, sobject, field: door.remove_field(sobject, field)),
    64: schema("Field renamed", _rename),
    65: schema(
        "Type changed",
        lambda door, sobject, field: door.change_field(sobject, field, type="boolean"),
        named=False,
        gap="nobody is told the name of a field whose type has changed: a refused write gives its code",
    ),
    66: schema(
        "Right to read the field removed", lambda door, sobject, field: door.grant_field(f"{sobject}.{field}", "", holder=_HOLDER)
    ),
    67: schema(
        "Right to edit the field removed",
        lambda door, sobject, field: door.grant_field(f"{sobject}.{field}", "r", holder=_HOLDER),
        only=dict.fromkeys((Operation.READ, Operation.RECONCILE), _READ_ONLY),
    ),
    68: schema(
        "Field becomes a formula",
        lambda door, sobject, field: door.change_field(sobject, field, calculated=True, createable=False, updateable=False),
        only=dict.fromkeys(
            (Operation.READ, Operation.RECONCILE), "a formula is read like any field; that it moves no stamp is F49"
        ),
    ),
    69: schema(
        "A new required field",
        lambda door, sobject, _field: door.define_field(sobject, "New_Rule__c", nillable=False),
        only=dict.fromkeys((Operation.READ, Operation.RECONCILE), _READ_ONLY),
        named=False,
    ),
    71: schema(
        "Right to the object removed",
        lambda door, sobject, _field: door.grant_object(sobject, "", holder=_HOLDER),
        named=False,
    ),
    70: Row(
        title="Record type changed",
        places={
            Operation.TASK: one(drift(_record_type, "Career_Request__c"), during=(done, calm)),
            Operation.UPDATE: one(
                drift(lambda door: door.record_type("Career_Profile__c", "Other"), "Career_Profile__c"), during=(done, calm)
            ),
            Operation.READ: one(drift(lambda door: door.record_type("Contact", "Other"), "Contact"), during=(done, calm)),
            Operation.AUTH: _NO_SCHEMA,
            Operation.RECONCILE: one(drift(lambda door: door.record_type("Contact", "Other"), "Contact"), during=(done, calm)),
        },
    ),
    72: Row(
        title="Unique removed from the key",
        places={
            Operation.TASK: one(
                drift(_not_unique, "Career_Request__c"),
                wire("crm", "lose_response", GRAPH, count=1),
                during=(halted("crm", "Key__c"),),
            ),
            Operation.UPDATE: "an update names its record by id",
            Operation.READ: _READ_ONLY,
            Operation.AUTH: _NO_SCHEMA,
            Operation.RECONCILE: one(drift(_not_unique, "Career_Request__c"), during=(halted("crm", "Key__c"),)),
        },
    ),
    73: Row(
        title="Picklist value deactivated",
        places={
            Operation.TASK: one(
                drift(_retired("Career_Request__c", "State__c", "Queued"), "Career_Request__c"),
                during=(refused("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "picklist"),),
            ),
            Operation.UPDATE: one(
                drift(_retired("Career_Profile__c", "Mentor_Availability__c", "Paused"), "Career_Profile__c"),
                before=(step(EditAccount(0, "mentor_availability", 1)),),
                during=(done, refused("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "picklist")),
            ),
            Operation.READ: "a value that is there reads as before, whether it can still be chosen or not",
            Operation.AUTH: _NO_SCHEMA,
            Operation.RECONCILE: "a value that is there reads as before, whether it can still be chosen or not",
        },
    ),
    74: Row(
        title="API version retired",
        places={
            Operation.TASK: one(
                says("/services/data/v", 410, [{"errorCode": "UNSUPPORTED_API_VERSION", "message": ""}]),
                during=(halted("crm", "GONE"),),
            ),
            Operation.UPDATE: one(setting("oldest_version", 68), during=(halted("crm", "GONE|UNSUPPORTED_API_VERSION"),)),
            Operation.READ: one(setting("oldest_version", 68), during=(halted("crm", "GONE|UNSUPPORTED_API_VERSION"),)),
            Operation.AUTH: "logins have no API version",
            Operation.RECONCILE: one(setting("oldest_version", 68), during=(halted("crm", "GONE|UNSUPPORTED_API_VERSION"),)),
        },
    ),
    75: Row(
        title="Describe served stale from a cache",
        places={
            operation: one(_stale, _removed(*place), during=(told_of(place[1]), nothing_emptied))
            for operation, place in _PLACES.items()
        }
        | {Operation.AUTH: _NO_SCHEMA},
    ),
}
