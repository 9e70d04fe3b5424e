"""Both systems as people see them at the end, without ids and stamps: two runs that differ in nothing else look the same."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

import orjson

from tests.simulation.world import World

Picture = dict[str, Any]

_OBJECTS = ("Career_Profile__c", "Suggested_Change__c", "Identity_Review__c", "Career_Request__c", "Task", "Contact")
_MOVING = frozenset(
    {
        *("Id", "OwnerId", "Name", "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp"),
        *("LastActivityDate", "Changed_At__c", "Changed_Between__c", "Decided_At__c", "Received_At__c", "First_Action_Due__c"),
        *("End_Due__c", "ActivityDate", "CompletedDateTime"),
    }
)
"""What may differ: ids, stamps, and what follows from the minute in which a process happened to run."""


def picture(world: World) -> Picture:
    """What stands in both systems; records by their names, deleted ones, too."""
    rows = {name: [*world.rows(name), *world.rows(name, deleted=True)] for name in _OBJECTS}
    names = {row["Id"]: _name(row) for some in rows.values() for row in some}
    system = world.careers.system
    return {
        **{name: sorted((_plain(row, names) for row in some), key=repr) for name, some in rows.items()},
        "people": {id: _without(one.data(), "etag", "updated_at") for id, one in sorted(system.people.by_id.items())},
        "told": {id: _without(told, "at") for id, told in sorted(system.acknowledgements.items())},
        "notes": sorted((str(note["person_id"]), note["text"]) for note in system.notes.values()),
    }


def _plain(row: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    kept = {name: value for name, value in sorted(row.items()) if name not in _MOVING and value is not None}
    return {name: names.get(value, value) if isinstance(value, str) else value for name, value in kept.items()}


def _name(row: dict[str, Any]) -> str:
    return str(row.get("Key__c") or row.get("Subject") or f"{row.get('LastName')} {row.get('University_ID__c')}")


def _without(values: Any, *names: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}


def differences(wanted: Picture, found: Picture) -> Iterator[str]:
    """Where two pictures differ, a line for each place."""
    return _compare("", orjson.loads(orjson.dumps(wanted)), orjson.loads(orjson.dumps(found)))


def _compare(where: str, wanted: Any, found: Any) -> Iterator[str]:
    if isinstance(wanted, dict) and isinstance(found, dict):
        for name in sorted({*wanted, *found}):
            yield from _compare(f"{where}/{name}", wanted.get(name), found.get(name))
    elif isinstance(wanted, list) and isinstance(found, list):
        for number, (one, other) in enumerate(zip_longest(wanted, found)):
            yield from _compare(f"{where}/{number}", one, other)
    elif wanted != found and not (where.endswith("/Who__c") and wanted == "unknown"):
        # Who made a change, the change feed alone tells: a death before a record is read by its id may leave us knowing more.
        yield f"{where}: without a death {str(wanted)[:200]!r}, now {str(found)[:200]!r}"
