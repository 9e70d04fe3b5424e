"""Career requests and the touches that they led to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, delete, exists, func, null, select, update

from connector.core.progress import RequestState, made_with
from connector.store.intents import OPEN_STATES
from connector.store.observations import batches, children
from connector.store.store import LISTED, Row, add, fetch, stamp, unpack, upsert
from connector.store.tables import intent, link, observation, request, touch

RECOVERED = "recovered"
"""The reason of a request whose record or Task was found in Salesforce, until what stands there has been taken up."""
RETURNED = "returned"
"""The reason of a withdrawn request whose Task has come back out of the bin, until that is closed."""


def get(db: Connection, system: str, request_id: str) -> Row | None:
    """One request."""
    query = select(request).where(request.c.system == system, request.c.request_id == request_id)
    return next(iter(fetch(db, query)), None)


def put(db: Connection, row: Row) -> None:
    """A new request."""
    add(db, request, [row])


def change(db: Connection, system: str, request_id: str, **columns: object) -> None:
    """Change columns of one request."""
    db.execute(update(request).where(request.c.system == system, request.c.request_id == request_id).values(**columns))


def by_crm_id(db: Connection, crm_ids: Iterable[str]) -> dict[str, Row]:
    """Requests by the id of their Career_Request__c."""
    return _by(db, request.c.crm_id, crm_ids)


def by_task_id(db: Connection, task_ids: Iterable[str]) -> dict[str, Row]:
    """Requests by the id of their Task, whatever an officer has related that to since."""
    return _by(db, request.c.task_id, task_ids)


def attached_to(db: Connection, number: str) -> list[Row]:
    """Requests that rest on the Task of the one with this number."""
    query = select(request).where(request.c.attached_to == number, request.c.state == RequestState.RECORDED_ONLY.value)
    return fetch(db, query)


def by_key(db: Connection, keys: Iterable[str]) -> dict[str, Row]:
    """Requests by key."""
    return _by(db, request.c.key, keys)


def _by(db: Connection, column: Column[Any], values: Iterable[str]) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for some in batches(values):
        found.update({row[column.name]: row for row in fetch(db, select(request).where(column.in_(some)))})
    return found


def reopen_strays(db: Connection) -> None:
    """Career_Request__c that no request of ours is known to have are to be looked at once more."""
    claimed = select(request.c.crm_id).where(request.c.crm_id.is_not(None))
    of_requests = (observation.c.side == "crm") & (observation.c.kind == "Career_Request__c")
    db.execute(update(observation).where(of_requests, observation.c.id.not_in(claimed)).values(pending=True))


def strays(db: Connection) -> dict[str, Row]:
    """Career_Request__c that no request of ours is known to have, and that have a Task: ``crm_id`` and ``task_id`` by key."""
    claimed = select(request.c.crm_id).where(request.c.crm_id.is_not(None))
    of_requests = (observation.c.side == "crm") & (observation.c.kind == "Career_Request__c")
    living = select(observation.c.id, observation.c.fields).where(of_requests, observation.c.deleted.is_(False))
    records = {row["id"]: unpack(row["fields"]) for row in fetch(db, living.where(observation.c.id.not_in(claimed)))}
    tasks = tasks_of(db, records)
    return {
        str(records[id].get("Key__c")): {"crm_id": id, "task_id": task["id"]} for id, task in tasks.items() if not task["deleted"]
    }


def tasks_of(db: Connection, records: Mapping[str, Mapping[str, Any]]) -> dict[str, Row]:
    """The Task of each of these Career_Request__c (id and fields), deleted or not; see ``made_with``."""
    about: dict[str, dict[str, Row]] = {}
    for row in children(db, "Task", records):
        about.setdefault(row["parent"], {})[row["id"]] = row
    found: dict[str, Row] = {}
    for id, tasks in about.items():
        ours = made_with(records[id], ((task, unpack(row["fields"])) for task, row in tasks.items()))
        if ours is not None:
            found[id] = tasks[ours]
    return found


def open_tasks(db: Connection) -> list[str]:
    """The ids of the Tasks of requests that have not ended."""
    query = select(request.c.task_id).where(request.c.task_id.is_not(None), request.c.settled_at.is_(None))
    return list(db.execute(query).scalars())


def open_records(db: Connection) -> list[str]:
    """The ids of the Career_Request__c of requests that have not ended."""
    query = select(request.c.crm_id).where(request.c.crm_id.is_not(None), request.c.settled_at.is_(None))
    return list(db.execute(query).scalars())


def newest_asks(db: Connection, contact_id: str, key: str, *, limit: int) -> list[Row]:
    """The newest requests that led to a contact with somebody but the one with this key, oldest first; ``at``: since when.

    Before them those that wait over the contact limit: they have led to none yet, and their ``at`` is None.
    """
    columns = (request.c.system, request.c.request_id, request.c.number, request.c.type, request.c.neutral, request.c.settled_at)
    touched = select(*columns, touch.c.at).join(touch, touch.c.key == request.c.key)
    touched = touched.where(touch.c.contact_id == contact_id, touch.c.key != key)
    found = fetch(db, touched.order_by(touch.c.at.desc(), request.c.request_id.desc()).limit(limit))[::-1]
    waits = (request.c.contact_id == contact_id) & (request.c.state == RequestState.WAITING.value) & (request.c.key != key)
    waiting = select(*columns, null().label("at")).where(waits, ~exists().where(touch.c.key == request.c.key))
    return [*fetch(db, waiting.order_by(request.c.received_at, request.c.request_id).limit(limit)), *found]


def of_account(db: Connection, system: str, account_id: str) -> list[Row]:
    """Every request about one account."""
    return fetch(db, select(request).where(request.c.system == system, request.c.account_id == account_id))


def without_record(db: Connection, contact_ids: Iterable[str]) -> list[Row]:
    """Requests about these contacts that have no record in Salesforce."""
    found: list[Row] = []
    for some in batches(contact_ids):
        found.extend(fetch(db, select(request).where(request.c.contact_id.in_(some), request.c.crm_id.is_(None))))
    return found


def unmade_of_marked(db: Connection, *, but_code: str) -> list[Row]:
    """Requests about somebody of whom something was read since, with a Task that is not known to be there (none with a code)."""
    create = (intent.c.kind == "request.create") & (intent.c.key == request.c.key) & (intent.c.changes > 0)
    waits = exists().where(create, intent.c.state.in_((*OPEN_STATES, "refused")), intent.c.code.is_distinct_from(but_code))
    moved = exists().where(link.c.contact_id == request.c.contact_id, link.c.marked)
    return fetch(db, select(request).where(request.c.crm_id.is_(None), waits, moved))


def listing(db: Connection) -> list[Row]:
    """Requests, newest first."""
    return fetch(db, select(request).order_by(request.c.received_at.desc(), request.c.request_id).limit(LISTED))


def lately(db: Connection, systems: Sequence[str], since: datetime) -> list[Row]:
    """Requests of these systems that have not ended, or not before a moment."""
    here = request.c.settled_at.is_(None) | (request.c.settled_at > stamp(since))
    return fetch(db, select(request).where(request.c.system.in_(systems), here).order_by(request.c.system, request.c.request_id))


def count(db: Connection) -> dict[str, int]:
    """How many requests there are in each state."""
    query = select(request.c.state, func.count().label("n")).group_by(request.c.state)
    return {row.state: row.n for row in db.execute(query)}


def count_without_record(db: Connection) -> int:
    """Requests that we took and that have neither a record in Salesforce yet nor a reason to have none."""
    query = select(func.count()).where(request.c.crm_id.is_(None), request.c.settled_at.is_(None))
    return int(db.execute(query).scalar_one())


def put_touch(db: Connection, key: str, *, contact_id: str, at: str, type: str) -> None:
    """The contact with somebody that a request leads to; the key makes each exactly one."""
    upsert(db, touch, [{"key": key, "contact_id": contact_id, "at": at, "type": type}])


def touched(db: Connection, key: str) -> bool:
    """Whether the request of this key leads to a contact with somebody."""
    return bool(fetch(db, select(touch.c.key).where(touch.c.key == key)))


def touch_once(db: Connection, key: str, *, contact_id: str, at: str, type: str) -> None:
    """The contact with somebody that a request leads to, unless that of this key is known already."""
    if not touched(db, key):
        put_touch(db, key, contact_id=contact_id, at=at, type=type)


def move_touch(db: Connection, key: str, contact_id: str) -> None:
    """The request of this key has led to a contact with somebody else."""
    db.execute(update(touch).where(touch.c.key == key).values(contact_id=contact_id))


def untouch(db: Connection, key: str) -> None:
    """The request of this key leads to no contact with anybody."""
    db.execute(delete(touch).where(touch.c.key == key))


def move(db: Connection, loser: str, winner: str) -> None:
    """Requests and touches follow a merge of contacts."""
    db.execute(update(request).where(request.c.contact_id == loser).values(contact_id=winner))
    db.execute(update(touch).where(touch.c.contact_id == loser).values(contact_id=winner))


def forget(db: Connection, system: str, request_id: str) -> None:
    """As if the request had never been received; only for one that has no record in Salesforce."""
    known = get(db, system, request_id)
    if known is not None and known["crm_id"] is None:
        db.execute(delete(touch).where(touch.c.key == known["key"]))
        db.execute(delete(request).where(request.c.system == system, request.c.request_id == request_id))
