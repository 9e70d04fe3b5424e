"""The bridge's own books: the audit tells of every write that left; what was taken up is in exactly one state (I10, I44)."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import orjson

from tests.simulation.oracle.evidence import Breach, Evidence
from tests.simulation.oracle.pace import fate_of
from tests.simulation.oracle.wire import Write

_OPEN = ("planned", "ready", "sent", "unknown")
_CLOSED = ("applied", "superseded", "refused")
_KINDS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("Career_Profile__c", "insert"): ("profile.create",),
    ("Career_Profile__c", "update"): ("profile.update",),
    ("Suggested_Change__c", "insert"): ("suggestion.create", "proposal.create"),
    ("Suggested_Change__c", "update"): ("suggestion.update",),
    ("Identity_Review__c", "insert"): ("review.create",),
    ("Identity_Review__c", "update"): ("review.update",),
    ("Career_Request__c", "insert"): ("request.create",),
    ("Career_Request__c", "update"): ("request.update",),
    ("Task", "update"): ("task.update",),
    ("person", "update"): ("career.update",),
}
"""Under which kinds the audit knows a write. Notes and acknowledgements carry no values in it; a Task comes with its request, and
the sign of life is no record of anybody: these are not asked for here. Nor are accounts where the platform takes them whole: what
the audit tells of is what was to change."""
_WHOLE = ("person", "update")


def judge(found: Evidence) -> Iterator[Breach]:
    """At rest."""
    for row in found.rows("intent"):
        if row["state"] in _OPEN:
            yield Breach("stuck (I10)", f"{row['kind']} of {row['target']} is still {row['state']}: {row['code']}")
        elif row["state"] not in _CLOSED:
            yield Breach("stuck (I10)", f"{row['kind']} of {row['target']} is {row['state']}")
    yield from _judge_requests(found)
    audit = sorted(found.rows("audit"), key=lambda row: row["seq"])
    yield from _judge_chain(audit)
    yield from _judge_audit(found, audit)


def _judge_requests(found: Evidence) -> Iterator[Breach]:
    known = Counter(row["request_id"] for row in found.rows("request"))
    for id, _ in found.world.requests:
        if known[id] != 1:
            yield Breach("conservation (I10)", f"request {id} is {known[id]} times in the state")


def _judge_chain(audit: list[dict[str, Any]]) -> Iterator[Breach]:
    before = "0" * 64
    for number, row in enumerate(audit, 1):
        text = f"{before}\n{row['at']}\n{row['event']}\n{row['refs']}"
        if row["seq"] != number or row["before_hash"] != before or row["hash"] != hashlib.sha256(text.encode()).hexdigest():
            yield Breach("audit (I44)", f"row {row['seq']} does not fit the chain")
            return
        before = row["hash"]


def _judge_audit(found: Evidence, audit: list[dict[str, Any]]) -> Iterator[Breach]:
    told, erased, applied = _read_audit(found, audit)
    for intent, count in applied.items():
        if count > 1:
            yield Breach("audit (I44)", f"write {intent} is told to be applied {count} times")
    kinds = {place: names for place, names in _KINDS.items() if found.world.platform.guarded or place != _WHOLE}
    yield from _judge_outcomes(found, told)
    left = {place for write in found.known if (place := _place(write, kinds)) is not None}
    for object, kind, text in left:
        if not any((name, text) in told or name in erased for name in kinds[object, kind]):
            yield Breach("audit (I44)", f"nothing tells of {kind} of {object}: {text[:200]}")
    # A line that another daemon has put into a folder is not put there again.
    others = found.writes if found.world.platform.by_files and not found.remembers else ()
    sent = (*found.known, *(write for write in others if (write.object, write.kind) == _WHOLE))
    places = {place for write in sent if (place := _place(write, kinds)) is not None}
    known = {(name, text) for object, kind, text in places for name in kinds[object, kind]}
    unasked = {name for place, names in _KINDS.items() if place not in kinds for name in names}
    for (name, text), events in told.items():
        if text != "{}" and name not in unasked and (name, text) not in known and not events <= _HELD_BACK:
            yield Breach("audit (I44)", f"it tells of {name} that never left: {text[:200]}")


def _read_audit(found: Evidence, audit: list[dict[str, Any]]) -> tuple[dict[tuple[str, str], set[str]], set[str], Counter[int]]:
    """What it tells of each (kind of write, values), of which kinds the values were erased, and what was applied how often."""
    values = {row["seq"]: orjson.loads(row["values"]) for row in found.rows("audit_value")}
    told: dict[tuple[str, str], set[str]] = {}
    erased: set[str] = set()
    applied: Counter[int] = Counter()
    for row in audit[found.world.audited_before :]:
        refs = orjson.loads(row["refs"])
        if "intent" in refs:
            applied[refs["intent"]] += row["event"] == "intent.applied"
            if row["seq"] not in values and refs["account"] in found.world.forgotten:
                erased.add(refs["kind"])
            sent = _text(values.get(row["seq"], {}).get("sent", {}))
            told.setdefault((refs["kind"], sent), set()).add(row["event"])
    return told, erased, applied


def _judge_outcomes(found: Evidence, told: Mapping[tuple[str, str], set[str]]) -> Iterator[Breach]:
    """What was answered is what the audit says, where the daemon lived on to write it down."""
    if found.untrue:
        return
    ended = {call.life: call.job for call in found.world.calls}
    for write in found.known:
        place, expected = _place(write, _KINDS), _EVENTS.get(fate_of(write))
        if place is None or expected is None or write.call.job == ended[write.call.life]:
            continue
        events = set[str]().union(*(told.get((name, place[2]), set()) for name in _KINDS[place[0], place[1]]))
        if events and not events & expected:
            said = f"of {place[1]} of {place[0]} it says {sorted(events)} instead of {sorted(expected)}"
            yield Breach("audit (I44)", f"{said}: {place[2][:160]}")


_EVENTS = {"done": {"intent.applied"}, "never": {"intent.refused", "intent.split"}}
"""What the audit says of a write whose answer said so."""

_HELD_BACK = {"intent.later", "intent.unknown", "intent.superseded"}
"""What the audit says of a write that perhaps never reached the wire."""


def _place(write: Write, kinds: Collection[tuple[str, str]]) -> tuple[str, str, str] | None:
    if (write.object, write.kind) not in kinds:
        return None
    return write.object, write.kind, _text({name: value for name, value in write.fields.items() if name != "Key__c"})


def _text(fields: Mapping[str, Any]) -> str:
    return orjson.dumps(dict(fields), option=orjson.OPT_SORT_KEYS).decode()
