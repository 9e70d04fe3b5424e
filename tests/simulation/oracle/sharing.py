"""What may not go to careers any more does not: judged by what the bridge had read of the contact when it wrote (I6).

A consent that was withdrawn after the last reading cannot be known; one that stands in an answer which the bridge has received
can, and whatever was decided before that has to be looked at again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

import orjson

from tests.simulation.mapping import Rules, Unit, read_mapping
from tests.simulation.oracle.evidence import Breach, Evidence
from tests.simulation.oracle.wire import Write
from tests.simulation.world import Call


def judge(found: Evidence) -> Iterator[Breach]:
    """Every write of an account, against the contact as it was last read on that host before."""
    people = {account: person for person, account in found.world.accounts.items()}
    writes: dict[int, list[Write]] = {}
    for write in found.writes:
        if write.object == "person" and write.id in people:
            writes.setdefault(write.call.number, []).append(write)
    for _, lived in groupby(found.world.calls, key=lambda call: (call.process, call.life)):
        known: dict[str, Mapping[str, Any]] = {}
        for _, job in groupby(lived, key=lambda call: call.job):
            calls = list(job)
            # Where a read failed, the bridge may have kept nothing of this job's readings.
            kept = all(call.fate == "answered" and call.acted[-1].status < 300 for call in calls if not call.writes)
            for call in calls:
                for record in _contacts(call):
                    if kept:
                        known[record["Id"]] = record
                    else:
                        # It may have been kept all the same (what failed was repeated): which counts is unknown.
                        known.pop(record["Id"], None)
                for write in writes.get(call.number, ()):
                    ids = found.world.contacts_of(people[write.id])
                    if len(ids) == 1 and (contact := known.get(next(iter(ids)))) is not None:
                        yield from _judge_write(write, contact, read_mapping(call.mapping))


def _contacts(call: Call) -> Iterator[Mapping[str, Any]]:
    """Contacts in an answer that the daemon has received."""
    if call.side != "crm" or call.writes or call.fate != "answered" or b'"type":"Contact"' not in call.acted[-1].body:
        return
    try:
        data = orjson.loads(call.acted[-1].body)
    except ValueError:
        return
    yield from _records(data)


def _records(data: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(data, list):
        for each in data:
            yield from _records(each)
    elif isinstance(data, dict):
        if isinstance(data.get("attributes"), dict) and data["attributes"].get("type") == "Contact" and "Id" in data:
            yield data
        for value in data.values():
            yield from _records(value)


def _judge_write(write: Write, contact: Mapping[str, Any], rules: Rules) -> Iterator[Breach]:
    excluded = any(contact.get(rules.units[name].fields[0].crm) is True for name in rules.exclude)
    for unit in rules.units.values():
        given = [field.name for field in unit.fields if write.fields.get(field.career) not in (None, "", [])]
        if not given or unit.opt_out or unit.name in rules.exclude:
            continue
        if excluded:
            yield Breach("shared (I6)", f"{write.id} got {given}, although the contact was read as excluded before")
        elif unit.share == "consented" and _refused(rules, unit, contact):
            yield Breach("shared (I6)", f"{write.id} got {given}, although the consent was read as withdrawn before")


def _refused(rules: Rules, unit: Unit, contact: Mapping[str, Any]) -> bool:
    consent = rules.units[rules.purposes[unit.purpose]].fields[0]
    return consent.crm in contact and contact[consent.crm] != "Yes"
