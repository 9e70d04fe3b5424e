"""Requests: each that was accepted ends with exactly one record and at most one Task, for ever; and careers read where it stands.

A history in Jepsen's manner (I8, I9, I16, I17): every request of careers is an element that is added once. Its record and Task
are lost, doubled, or there; what an officer does with a Task is never undone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from tests.simulation.oracle.evidence import Breach, Evidence, request_of
from tests.simulation.variants import HUSHED, NEVER_WORKED
from tests.simulation.world import IN_BIN

_WITHOUT_TASK = frozenset({"Not available", "Recorded only", "Withdrawn", "Refused"})
"""States of a request that needs no Task, or needs none any more."""

_UNDER_WAY = frozenset({"Queued", "Triage", "Received", "Waiting", "In progress"})
"""States in which what careers change about a request still reaches its record."""

_CLOSED = "Completed"
_WORD_WITHOUT_TASK: Mapping[str, frozenset[str]] = {
    "Not available": frozenset({"not available"}),
    "Withdrawn": frozenset({"withdrawn"}),
    "Recorded only": frozenset({"received", "in progress", "waiting", "offered", "done", "not available"}),
    "Refused": frozenset({"refused"}),
}
_WORD: Mapping[str, frozenset[str]] = {
    "Queued": frozenset({"received"}),
    "Triage": frozenset({"received"}),
    "Received": frozenset({"received"}),
    "Waiting": frozenset({"waiting", "not available"}),
    "In progress": frozenset({"in progress", "offered"}),
    "Done": frozenset({"done"}),
    "Closed without outcome": frozenset({"in progress"}),
    "Task deleted": frozenset({"waiting"}),
    **_WORD_WITHOUT_TASK,
}
"""What careers may read for each state (docs/architecture.md, the table of requests)."""

_GOES_ON = frozenset({"received", "in progress", "waiting", "offered"})
"""Words after which careers expect another one."""
_BEFORE_THE_BEGINNING = "Recorded, not worked"
"""What careers read of a request that is older than the bridge."""
_ALIKE = ("Type__c", "Neutral__c")
"""What is the same about a request and the one that it is attached to, beside whom they are about."""

_STATE: Mapping[str, frozenset[str]] = {
    "Not Started": frozenset({"Queued", "Triage", "Received", "Waiting"}),
    "In Progress": frozenset({"In progress"}),
    "Waiting on someone else": frozenset({"Waiting"}),
    _CLOSED: frozenset({"Done", "Closed without outcome"}),
}
"""Where a request stands whose Task is there, by the Task's status (the same table)."""


def judge(found: Evidence) -> Iterator[Breach]:
    """Every request that was ever filed, and every Task that was ever made."""
    world = found.world
    records: dict[str, list[dict[str, Any]]] = {}
    for row in (*world.rows("Career_Request__c"), *world.rows("Career_Request__c", deleted=True)):
        records.setdefault(request_of(row), []).append(row)
    tasks = [*world.tasks(), *world.tasks(deleted=True)]
    per_record = Counter(task.get("WhatId") for task in tasks)
    for record, count in per_record.items():
        if count > 1:
            yield Breach("doubled (I8)", f"{count} Tasks for one request {record}")
    for id, item in world.requests:
        yield from _judge_request(found, id, item, records.get(id, []), per_record)
        for record in records.get(id, []):
            yield from _judge_state(id, record, world.tasks())
            yield from _judge_words(found, id, record)
            yield from _judge_attached(found, id, record, [one for rows in records.values() for one in rows])
        yield from _judge_message(found, id, records.get(id, []))
    yield from _judge_tasks(found, tasks)
    yield from _judge_logged(found)


def _judge_request(
    found: Evidence, id: str, item: int, records: list[dict[str, Any]], per_record: Counter[Any]
) -> Iterator[Breach]:
    world = found.world
    stored = world.careers.system.requests.by_id[id].data()
    told = world.careers.told(id)
    if len(records) > 1:
        yield Breach("doubled (I8)", f"request {id} has {len(records)} records")
    if told is None:
        yield Breach("lost (I9)", f"request {id}: careers were never told where it stands")
        return
    if not records:
        unworked = stored["type"] in NEVER_WORKED or (found.hushed and stored["type"] in HUSHED)
        allowed = {"refused", "withdrawn"} if unworked else {"withdrawn"}
        if told["state"] not in allowed:
            yield Breach("lost (I9)", f"request {id} (item {item}) has no record; careers read {told['state']!r}")
        return
    record = records[0]
    if {stored["type"], *world.types.get(id, ())} <= NEVER_WORKED:
        yield Breach("not to be stored", f"request {id} (item {item}) has a record")
    purged = record["Id"] in world.binned and world.time.seconds > IN_BIN
    if per_record[record["Id"]] == 0 and record["State__c"] not in _WITHOUT_TASK and not purged:
        yield Breach("lost (I9)", f"request {id} is {record['State__c']!r} and has no Task")
    if record["IsDeleted"]:
        return
    if told["state"] != record["Neutral__c"] or told["state"] not in _WORD[record["State__c"]]:
        said = f"careers read {told['state']!r}, the record says {record['Neutral__c']!r}"
        yield Breach("told (I9)", f"request {id} is {record['State__c']!r}: {said}")
    if stored["state"] == "withdrawn":
        yield from _judge_withdrawn(found, id, record)


def _judge_withdrawn(found: Evidence, id: str, record: dict[str, Any]) -> Iterator[Breach]:
    """Nobody goes on working for what careers do not want any more, unless an officer has opened the Task again.

    What an officer has brought to its end before stays as it ended.
    """
    done = record["State__c"] == "Done" and record.get("Outcome__c") in ("Accepted", "Fulfilled")
    if record["State__c"] not in _WITHOUT_TASK and not done:
        yield Breach("withdrawn", f"request {id} was withdrawn, its record is {record['State__c']!r}")
    edits = found.world.task_edits
    for task in found.world.tasks():
        ours = task.get("WhatId") == record["Id"] and record["State__c"] == "Withdrawn"
        if ours and task["Status"] != _CLOSED and "Status" not in edits.get(task["Id"], {}):
            yield Breach("withdrawn", f"request {id} was withdrawn, its Task {task['Id']} is {task['Status']!r}")


def _judge_state(id: str, record: dict[str, Any], tasks: list[dict[str, Any]]) -> Iterator[Breach]:
    """What an officer does with a Task shows on its request."""
    for task in tasks:
        if task.get("WhatId") == record["Id"] and record["State__c"] not in _STATE[task["Status"]] | _WITHOUT_TASK:
            yield Breach("state", f"request {id} is {record['State__c']!r}, its Task {task['Id']} is {task['Status']!r}")


def _judge_attached(found: Evidence, id: str, record: dict[str, Any], every: list[dict[str, Any]]) -> Iterator[Breach]:
    """Nobody waits for nothing: as long as careers read that a request goes on that has no Task, another one goes on like it."""
    told = found.world.careers.told(id) or {}
    waits = record["State__c"] == "Recorded only" and record["Neutral__c"] in _GOES_ON and not record["IsDeleted"]
    if not waits or told.get("message", "").startswith(_BEFORE_THE_BEGINNING):
        return
    alike = [one for one in every if one is not record and all(one.get(name) == record.get(name) for name in _ALIKE)]
    about = [one for one in alike if record.get("Contact__c") in _about(found, one)]
    if not any(one["State__c"] not in _WITHOUT_TASK or one["IsDeleted"] for one in about):
        yield Breach("waits for nothing", f"request {id} reads {record['Neutral__c']!r}, and nothing like it is worked on")


def _about(found: Evidence, record: dict[str, Any]) -> set[str | None]:
    """Whom a request is about: as its record says, or its Task, where triage has found out, also before that was deleted."""
    every = [*found.world.tasks(), *found.world.tasks(deleted=True)]
    tasks = [task for task in every if task.get("WhatId") == record["Id"]]
    return {record.get("Contact__c"), *(task.get("WhoId") for task in tasks)}


def _judge_words(found: Evidence, id: str, record: dict[str, Any]) -> Iterator[Breach]:
    """As long as a request is under way, its record says what careers ask for now."""
    asked = found.world.careers.system.requests.by_id[id].data()
    under_way = record["State__c"] in _UNDER_WAY and asked["state"] != "withdrawn" and not record["IsDeleted"]
    if asked["type"] in NEVER_WORKED or (found.hushed and asked["type"] in HUSHED):
        return
    if under_way and record["Title__c"] != asked["title"]:
        yield Breach("as asked", f"request {id} is {record['Title__c']!r}; careers ask for {asked['title']!r}")


def _judge_message(found: Evidence, id: str, records: list[dict[str, Any]]) -> Iterator[Breach]:
    """Why alumni relations will not ask is theirs to know."""
    told = found.world.careers.told(id)
    reasons = [record["Stop_Reason__c"] for record in records if record.get("Stop_Reason__c")]
    if told is not None and any(reason in (told.get("message") or "") for reason in reasons):
        yield Breach("reason told", f"request {id}: careers read why alumni relations will not ask")


def _judge_tasks(found: Evidence, tasks: list[dict[str, Any]]) -> Iterator[Breach]:
    """What officers did with a Task stands; of ours it only ever gets closed, when careers withdraw."""
    edits = found.world.task_edits
    for task in tasks:
        for name, value in edits.get(task["Id"], {}).items():
            if task.get(name) != value and not (name == "Status" and task["Status"] == _CLOSED):
                yield Breach("reverted (I16)", f"Task {task['Id']}: an officer set {name} to {value!r}, it is {task.get(name)!r}")


def _judge_logged(found: Evidence) -> Iterator[Breach]:
    """What officers have logged on requests is theirs, and stays as they entered it."""
    for row in found.world.rows("Task"):
        for name, value in found.world.logged.get(row["Id"], {}).items():
            if row.get(name) != value:
                yield Breach("logged (I16)", f"Task {row['Id']} was logged with {name} {value!r}, it is {row.get(name)!r}")
