"""Requests go to the right officer, with clearance, contact limit and clock; nobody is asked the same twice.

Judged by the mapping files as they stand and by what Salesforce had told of the contact, in what leaves the bridge: the record
of each request as it was first sent, and its Task. When it was routed is what the record says (``Received_At__c``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations, groupby, pairwise, product
from typing import Any

from tests.simulation.mapping import read_mapping
from tests.simulation.oracle.evidence import Breach, Evidence, request_of
from tests.simulation.oracle.history import filed_at
from tests.simulation.oracle.told import certainly_kept, contacts_in, records_in
from tests.simulation.oracle.wire import Write
from tests.simulation.routing import Owner, Ways, facts_of, read_routing
from tests.simulation.world import World

_ASKS = "Careers to alumni"
"""The direction of requests by which somebody is asked for something."""
_LIMIT = re.compile(r"Asked (\d+) times in the last (?:(\d+) days|year) ")
"""How the reason begins why somebody may not be asked now."""
_YEAR = 365
_FINE = 0.001
"""Seconds by which a stamp may seem later than a call of the same moment."""


@dataclass(frozen=True, kw_only=True)
class _Made:
    """A request as its record and its Task (None: it got none) were first sent: in which call and job, and when.

    ``tried``: it had been sent otherwise before that, and was refused.
    """

    number: str
    filed: float
    sent: int
    sent_at: float
    job: int
    tried: bool
    record: Mapping[str, Any]
    task: Mapping[str, Any] | None

    @property
    def received(self) -> datetime:
        """When it was routed, by the host's clock."""
        return _moment(self.record["Received_At__c"])

    @property
    def contact(self) -> str:
        """Whom it is about; "" for nobody in particular."""
        return str(self.record.get("Contact__c") or "")

    @property
    def stopped(self) -> str:
        """Why it may not be worked."""
        return str(self.record.get("Stop_Reason__c") or "")

    @property
    def asks(self) -> bool:
        """Whether somebody is to be asked for something."""
        return bool(self.task and self.contact and not self.stopped) and self.record["Direction__c"] == _ASKS


@dataclass(frozen=True, kw_only=True)
class _Told:
    """A contact as an answer told of it; ``kept``: the bridge has certainly taken that up."""

    at: float
    call: int
    contact: Mapping[str, Any]
    kept: bool


def judge(found: Evidence) -> Iterator[Breach]:
    """Every request that was ever sent to Salesforce."""
    made = list(_made(found))
    if not made:
        return
    told = _readings(found, {one.contact for one in made} - {""})
    for one in made:
        if one.task is not None:
            yield from _judge_way(found, one, one.task, told)
    yield from _judge_limit(found, made)
    yield from _judge_attached(found, made)


def _made(found: Evidence) -> Iterator[_Made]:
    """Each request once: as it was made, or first sent where nothing came of it."""
    stored, first = found.world.careers.system.requests.by_id, dict[str, tuple[Write, Write | None]]()
    made, otherwise = {row["Key__c"]: row["Received_At__c"] for row in _records(found.world)}, set[str]()
    inserts = [write for write in found.writes if write.kind == "insert"]
    for record, task in pairwise([*inserts, None]):
        if record is not None and record.object == "Career_Request__c":
            was_made = record.key in made and _moment(record.fields["Received_At__c"]) == _moment(made[record.key])
            if record.key not in first or (was_made and first[record.key][0].fields != record.fields):
                otherwise |= {record.key} & first.keys()
                first[record.key] = record, task
    for record, task in first.values():
        number = request_of(record.fields)
        if number in stored:
            yield _Made(
                number=number,
                filed=filed_at(found.world, number),
                sent=record.call.number,
                sent_at=record.call.at,
                job=record.call.job,
                tried=record.key in otherwise,
                record=record.fields,
                task=task.fields if task and (task.object, task.call.number) == ("Task", record.call.number) else None,
            )


def _records(world: World) -> list[dict[str, Any]]:
    """Every record of a request that there is or was."""
    return [*world.rows("Career_Request__c"), *world.rows("Career_Request__c", deleted=True)]


def _records_of(world: World, number: str) -> set[str]:
    """The ids of the living records of a request."""
    return {row["Id"] for row in world.rows("Career_Request__c") if request_of(row) == number}


def _moment(at: str) -> datetime:
    return datetime.fromisoformat(at)


def _readings(found: Evidence, contacts: Iterable[str]) -> Mapping[str, list[_Told]]:
    """What the bridge was told of contacts, oldest first. Before the beginning it knew them as they stood there."""
    first = found.world.seen[0] if found.world.spec.live and found.world.seen else {}
    told = {id: [_Told(at=-1.0, call=-1, contact=first[id], kept=True)] if id in first else [] for id in contacts}
    for _, job in groupby(found.world.calls, key=lambda call: (call.process, call.life, call.job)):
        calls = list(job)
        kept = certainly_kept(calls)
        for call in calls:
            for record in contacts_in(call, read_mapping(call.mapping)):
                if record["Id"] in told:
                    told[record["Id"]].append(_Told(at=call.at, call=call.number, contact=record, kept=kept))
    return told


def _known(found: Evidence, one: _Made, told: Mapping[str, list[_Told]]) -> list[Mapping[str, Any]]:
    """The contact as the bridge may have known it when it routed a request: as last told before it was filed, or since."""
    before = [each for each in told.get(one.contact, ()) if each.call < one.sent]
    last = max((each.at for each in before if each.kept and each.at < one.filed), default=-1.0)
    return [each.contact for each in before if each.at >= last or not found.remembers]


def _judge_way(found: Evidence, one: _Made, task: Mapping[str, Any], told: Mapping[str, list[_Told]]) -> Iterator[Breach]:
    """The right officer, by the clock of that office, under one of the mappings that were in force."""
    record, known = one.record, _known(found, one, told)
    if one.contact and not known:
        return
    right = [
        (owner, due, task_day)
        for mapping in found.mappings
        for ways in [read_routing(mapping)]
        if record["Type__c"] in ways.types
        for owner, office in _owners(found.world, mapping, ways, one, known)
        for due, task_day in [_due(office, ways, one)]
    ]
    is_now = (task["OwnerId"], (record.get("First_Action_Due__c"), record.get("End_Due__c")), task.get("ActivityDate"))
    if is_now not in right:
        yield Breach(
            "officer and clock",
            f"request {one.number} ({record['Type__c']}) is given {is_now}; right is {sorted(right, key=str)}",
        )
    needs = {read_routing(mapping).needs_clearance(record["Type__c"], named=record["Named_Ask__c"]) for mapping in found.mappings}
    if (record["Clearance__c"] == "Needed") not in needs:
        yield Breach("clearance", f"request {one.number} ({record['Type__c']}) has the clearance {record['Clearance__c']!r}")
    if task.get("WhoId", "") != one.contact:
        yield Breach("whom", f"request {one.number} is about {one.contact!r}, its Task about {task.get('WhoId')!r}")


def _owners(world: World, mapping: str, ways: Ways, one: _Made, known: list[Mapping[str, Any]]) -> Iterator[tuple[str, Owner]]:
    """Who may be given it, by Salesforce id, with whose calendar counts."""
    looked_at_first = bool(one.stopped or not one.contact or one.record["Clearance__c"] == "Needed")
    facts = [facts_of(mapping, contact) for contact in known]
    for owner in [ways.triage] if looked_at_first else [ways.by_rule(one.record["Type__c"], each) for each in facts]:
        id = _id_of(world, owner)
        if id is not None:
            yield id, owner
        if id is None or id in world.left:
            yield str(_id_of(world, ways.fallback)), ways.fallback


def _id_of(world: World, owner: Owner) -> str | None:
    if owner.queue:
        return next(str(row["Id"]) for row in world.rows("Group") if row["DeveloperName"] == owner.queue)
    return world.officers.get(owner.user.partition("@")[0])


def _due(owner: Owner, ways: Ways, one: _Made) -> tuple[tuple[str | None, str | None], str | None]:
    """By when it has to be begun and ended, and the day that the Task shows; nothing where nobody may be asked now."""
    kind = ways.types[one.record["Type__c"]]
    if one.stopped:
        return (None, None), None
    first = owner.office.due(one.received, kind["first_action_days"])
    end = owner.office.due(one.received, kind["end_days"]) if "end_days" in kind else None
    return (_stamp(first), _stamp(end) if end else None), first.date().isoformat()


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _judge_limit(found: Evidence, made: list[_Made]) -> Iterator[Breach]:
    """Nobody is asked oftener than the limit lets; and nobody is called asked who was not."""
    there = {request_of(row) for row in _records(found.world)}
    limits = [read_routing(mapping).limit for mapping in found.mappings]
    of_days = max(each["max_asks"] for each in limits), min(each["days"] for each in limits)
    of_year = max(each["max_per_year"] for each in limits), _YEAR
    asking = [one for one in made if one.asks and one.number in there]
    named = list(_read_named(found, made)) if found.remembers else []
    for one, (most, days) in product(asking, (of_days, of_year)):
        since = one.received - timedelta(days=days)
        asked = [*((each.contact, each) for each in asking), *((who, each) for who, each, job in named if job < one.job)]
        before = [each for who, each in asked if who == one.contact and since < each.received <= one.received and each is not one]
        standing = {each.number for each in before if _state(found, each) != "withdrawn"}
        if len(standing) >= most:
            yield Breach("contact limit", f"request {one.number} asks somebody whom {sorted(standing)} have asked in {days} days")
    for one in made:
        counted = _LIMIT.match(one.stopped)
        since = one.received - timedelta(days=int(counted[2] or _YEAR) if counted else 0)
        if counted and int(counted[1]) > (most := len(_asked_before(found, made, one, since))):
            yield Breach("contact limit", f"request {one.number} waits as {one.stopped!r}, and {most} can have asked before")


def _read_named(found: Evidence, made: list[_Made]) -> Iterator[tuple[str, _Made, int]]:
    """Whom triage has found for a request that was about nobody, as the bridge has certainly read it, and in which job."""
    world, jobs = found.world, groupby(found.world.calls, key=lambda call: (call.process, call.life, call.job))
    of = {one.number: one for one in made if one.task is not None and not one.contact and one.record["Direction__c"] == _ASKS}
    records = {row["Id"]: of[request_of(row)] for row in world.rows("Career_Request__c") if request_of(row) in of}
    for (_, _, job), some in jobs:
        calls = list(some)
        for call in calls if certainly_kept(calls) else ():
            for task in records_in(call, "Task"):
                if task.get("WhatId") in world.named.keys() & records.keys() and task.get("WhoId") and not task["IsDeleted"]:
                    yield task["WhoId"], records[task["WhatId"]], job


def _asked_before(found: Evidence, made: list[_Made], one: _Made, since: datetime) -> set[str]:
    """Requests, by number, that can have counted as asks of somebody when another was routed.

    Those that are known not to ask do not: what nobody was given, what waits itself, and what asked too long ago, untouched by
    officers.
    """
    never = {
        each.number
        for each in made
        if not each.tried and not (_can_ask(found, each, since) and _same_person(found.world, one, each))
    }
    filed = [
        number for number in found.world.careers.system.requests.by_id if filed_at(found.world, number) <= one.sent_at + _FINE
    ]
    return {number for number in filed if number != one.number and number not in never}


def _can_ask(found: Evidence, one: _Made, since: datetime) -> bool:
    """Whether somebody was asked by a request after a moment, or may have been: a state that was lost takes it for a new one."""
    return (
        (one.asks and (one.received > since or not found.remembers))
        or _worked(found, one.number)
        or bool(_named(found.world, one.number))
    )


def _worked(found: Evidence, number: str) -> bool:
    """Whether an officer has ever done something with the Task of a request."""
    return bool(_records_of(found.world, number) & found.world.worked)


def _state(found: Evidence, one: _Made) -> str:
    """How careers have a request now: open or withdrawn."""
    return str(found.world.careers.system.requests.by_id[one.number].data()["state"])


def _title(found: Evidence, number: str) -> str:
    """What careers call a request now."""
    return str(found.world.careers.system.requests.by_id[number].data()["title"])


def _judge_attached(found: Evidence, made: list[_Made]) -> Iterator[Breach]:
    """What is said to belong to another request asks the same of the same; what alumni ask twice is one Task."""
    by_name = {one.record["Request_Number__c"]: one for one in made}
    for one in made:
        message = (found.world.careers.told(one.number) or {}).get("message") or ""
        if message.startswith("Attached to request "):
            other = by_name.get(message.removeprefix("Attached to request ").rstrip("."))
            if other is None or other.record["Type__c"] != one.record["Type__c"] or not _same_person(found.world, one, other):
                yield Breach("attached", f"request {one.number} is told to belong to another: {message!r}")
    for one, other in combinations((one for one in made if one.task and one.contact), 2):
        # What careers ask may be called otherwise the next time; an alumna may need two letters.
        compared = ("Type__c", "Contact__c", *(() if one.asks else ("Title__c",)))
        # To what was stopped before it nothing is attached: nobody was asked.
        stopped = one.stopped or (other.stopped and other.sent < one.sent)
        same = not stopped and all(one.record[name] == other.record[name] for name in compared)
        # A state that was lost meanwhile knows by what title careers call them now.
        same &= one.asks or found.remembers or _title(found, one.number) == _title(found, other.number)
        if same and _open_throughout(found, one) and not _read_as_deleted(found, one, other):
            yield Breach("asked twice", f"requests {one.number} and {other.number} are the same, and both have a Task")


def _same_person(world: World, one: _Made, other: _Made) -> bool:
    about = [{each.contact} - {""} or _named(world, each.number) for each in (one, other)]
    people = [world.contacts_of(person) for person in world.contacts]
    return bool(about[0] & about[1]) or any(about[0] & contacts and about[1] & contacts for contacts in people)


def _named(world: World, number: str) -> set[str]:
    """The contacts that triage has named on the Task of a request."""
    return {contact for record in _records_of(world, number) for contact in world.named.get(record, ())}


def _read_as_deleted(found: Evidence, one: _Made, other: _Made) -> bool:
    """Whether the very cycle that made the other has read the Task of the first as deleted: it came back after that reading."""
    records = _records_of(found.world, one.number)
    jobs = {(write.call.process, write.call.job) for write in found.writes if write.call.number == other.sent}
    return any(
        write.id in records and write.fields.get("State__c") == "Task deleted" and (write.call.process, write.call.job) in jobs
        for write in found.writes
    )


def _open_throughout(found: Evidence, one: _Made) -> bool:
    """Whether nobody ever ended or changed a request: neither careers nor an officer."""
    world, title = found.world, found.world.careers.system.requests.by_id[one.number].data()["title"]
    records = _records_of(world, one.number)
    tasks = [task for task in world.tasks() if task.get("WhatId") in records]
    untouched = bool(tasks) and not any(world.task_edits.get(task["Id"]) for task in tasks)
    return untouched and title == one.record["Title__c"] and _state(found, one) == "open"
