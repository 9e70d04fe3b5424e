"""What Salesforce has told the bridge about contacts: as they stood in the answers that reached it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from tests.simulation.mapping import Rules
from tests.simulation.world import Call


def certainly_kept(job: Sequence[Call]) -> bool:
    """Whether the bridge has taken up what it read in a job: where a read failed, it may have kept nothing of it."""
    return all(_came(call) for call in job if not call.writes)


def _came(call: Call) -> bool:
    """Whether everything that a call asked for came."""
    return call.fate == "answered" and call.acted[-1].status < 300 and b'"httpStatusCode":4' not in call.acted[-1].body


def contacts_in(call: Call, rules: Rules) -> Iterator[Mapping[str, Any]]:
    """Contacts in an answer that the daemon has received, with what came of the records beside them, by path."""
    paths = [field.crm for field in rules.fields().values() if "." in field.crm]
    for record in records_in(call, "Contact"):
        yield {**record, **{path: _told(record, path.split(".")) for path in paths}}


def records_in(call: Call, sobject: str) -> Iterator[Mapping[str, Any]]:
    """Records of an object in an answer that the daemon has received."""
    if call.side != "crm" or call.writes or call.fate != "answered" or f'"type":"{sobject}"'.encode() not in call.acted[-1].body:
        return
    try:
        data = orjson.loads(call.acted[-1].body)
    except ValueError:
        return
    yield from _records(data, sobject)


def _told(record: Any, way: list[str]) -> Any:
    """What a record in an answer says at the end of a way; of its children it has the one that counts, or none."""
    for name in way:
        if isinstance(record, dict) and "records" in record:
            record = next(iter(record["records"]), None)
        record = record.get(name) if isinstance(record, dict) else None
    return record


def _records(data: Any, sobject: str) -> Iterator[Mapping[str, Any]]:
    if isinstance(data, list):
        for each in data:
            yield from _records(each, sobject)
    elif isinstance(data, dict):
        if isinstance(data.get("attributes"), dict) and data["attributes"].get("type") == sobject and "Id" in data:
            yield data
        for value in data.values():
            yield from _records(value, sobject)
