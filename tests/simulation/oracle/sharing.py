"""What may not go to careers any more does not, and nobody is asked who must not be (I6).

Both are judged by what the bridge had read of the contact when it wrote. A consent that was withdrawn after the last reading
cannot be known; one that stands in an answer which the bridge has received can, and whatever was decided before that has to be
looked at again. A request is routed once: whom it is about must have been restricted before it was filed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

from tests.simulation.mapping import Rules, Unit, read_mapping
from tests.simulation.oracle.evidence import Breach, Evidence, request_of
from tests.simulation.oracle.history import filed_at
from tests.simulation.oracle.told import certainly_kept, contacts_in
from tests.simulation.oracle.wire import Write
from tests.simulation.variants import HUSHED, is_hushed
from tests.simulation.words import token
from tests.simulation.world import Call


@dataclass(frozen=True)
class _Read:
    """A contact as it was last read, and since when each reading has said that its person must not be asked."""

    contact: Mapping[str, Any]
    barred_since: float


def _judge_tenant(found: Evidence) -> Iterator[Breach]:
    """A daemon that starts with a key to another tenant gives that one nothing."""
    for since, until in [found.world.elsewhere] if found.world.elsewhere else []:
        for write in found.writes:
            if write.call.side != "crm" and write.call.life >= since and write.call.number < until:
                yield Breach("tenant (I46)", f"{write.kind} of a {write.object} went to another tenant")


def _judge_hushed(found: Evidence) -> Iterator[Breach]:
    """While a type of request is confidential, nothing that such a request says goes to Salesforce."""
    stored = found.world.careers.system.requests.by_id
    named = {record["Id"]: request_of(record) for record in found.world.rows("Career_Request__c")}
    for write in found.writes:
        if write.object == "Career_Request__c" and is_hushed(write.call.mapping):
            number = request_of(write.fields) if write.kind == "insert" else named.get(write.id, "")
            says = sorted(_SAYS & write.fields.keys())
            # What careers have retyped since was perhaps an ordinary ask when it was written.
            types = {stored[number].data()["type"], *found.world.types.get(number, ())} if number in stored else set()
            if types and types <= HUSHED and says:
                yield Breach("confidential", f"request {number}: {write.kind} of its record tells {says}")


_SAYS = frozenset({"Title__c", "Text_For_Alumni__c", "Details__c", "Criteria__c"})
"""Fields of a request's record that say what careers ask for."""


def judge(found: Evidence) -> Iterator[Breach]:
    """Every write of an account, and every Task, against the contact as it was last read on that host before."""
    yield from _judge_tenant(found)
    yield from _judge_hushed(found)
    people = {account: person for person, account in found.world.accounts.items()}
    filed = _filed(found)
    by_call: dict[int, list[Write]] = {}
    for write in found.writes:
        by_call.setdefault(write.call.number, []).append(write)
    for call, known in _readings(found):
        rules, writes = read_mapping(call.mapping), by_call.get(call.number, [])
        for record, task in pairwise(writes):
            if (record.object, task.object) == ("Career_Request__c", "Task") and task.kind == "insert":
                yield from _judge_task(record, known.get(record.fields.get("Contact__c", "")), filed)
        for write in writes:
            if write.object == "person" and write.id in people:
                ids = found.world.contacts_of(people[write.id])
                if len(ids) == 1 and (read := known.get(next(iter(ids)))) is not None:
                    yield from _judge_write(write, read.contact, rules)


def _readings(found: Evidence) -> Iterator[tuple[Call, Mapping[str, _Read]]]:
    """Every call, with what the bridge had read of contacts before it."""
    for _, lived in groupby(found.world.calls, key=lambda call: (call.process, call.life)):
        known: dict[str, _Read] = {}
        for _, job in groupby(lived, key=lambda call: call.job):
            calls = list(job)
            kept = certainly_kept(calls)
            for call in calls:
                for record in contacts_in(call, read_mapping(call.mapping)):
                    # Where not, it may have been kept all the same (what failed was repeated): which counts is unknown.
                    before = known.pop(record["Id"], None)
                    if kept:
                        known[record["Id"]] = _Read(record, _barred_since(record, call, before, read_mapping(call.mapping)))
                yield call, known


def _barred_since(contact: Mapping[str, Any], call: Call, before: _Read | None, rules: Rules) -> float:
    barring = [crm for name, crm in rules.exclude.items() if name in {"do_not_contact", "deceased"}]
    if not any(contact.get(crm) is True for crm in barring):
        return float("inf")
    return min(call.at, before.barred_since if before else call.at)


def _filed(found: Evidence) -> Mapping[str, float]:
    """When each request was filed, by its number."""
    return {id: filed_at(found.world, id) for id, _ in found.world.requests}


def _judge_task(record: Write, read: _Read | None, filed: Mapping[str, float]) -> Iterator[Breach]:
    number = request_of(record.fields)
    if read is None or number not in filed or record.fields.get("Direction__c") != "Careers to alumni":
        return  # what an alumna asks of us is no contact by us
    if read.barred_since < filed[number]:
        yield Breach("barred", f"request {number} got a Task, although its contact had been read as barred before it was filed")


def _judge_write(write: Write, contact: Mapping[str, Any], rules: Rules) -> Iterator[Breach]:
    excluded = any(contact.get(crm) is True for crm in rules.exclude.values())
    for unit in rules.units.values():
        given = [field.name for field in unit.fields if write.fields.get(field.career) not in (None, "", [])]
        if not given or unit.opt_out or unit.name in rules.exclude:
            continue
        if not unit.careers_own and not _stands(write, contact, unit):
            yield Breach("stale", f"{write.id} got {given}, which the contact was read not to hold any more before")
        if excluded:
            yield Breach("shared (I6)", f"{write.id} got {given}, although the contact was read as excluded before")
        elif unit.share == "consented" and _refused(rules, unit, contact):
            yield Breach("shared (I6)", f"{write.id} got {given}, although the consent was read as withdrawn before")


def _stands(write: Write, contact: Mapping[str, Any], unit: Unit) -> bool:
    """Whether what goes to careers is what the contact held when it was last read."""
    return all(
        token(field.name, "career", write.fields[field.career]) == token(field.name, "crm", contact[field.crm])
        for field in unit.fields
        if write.fields.get(field.career) not in (None, "", []) and field.crm in contact
    )


def _refused(rules: Rules, unit: Unit, contact: Mapping[str, Any]) -> bool:
    consent = rules.deciding(rules.purposes[unit.purpose]).fields[0]
    return consent.crm in contact and contact[consent.crm] != "Yes"
