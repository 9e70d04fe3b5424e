"""How hard the bridge knocks: one layer repeats, and after a pause; a no is a no; others' share of the calls stays (I35 to I38).

All of it is read off the wire, with the world's time; the bridge's own counters are not asked.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from typing import Any

import orjson

from tests.simulation.clocks import START
from tests.simulation.oracle.evidence import Breach, Evidence
from tests.simulation.oracle.wire import Write
from tests.simulation.world import Call

_ATTEMPTS = 8
"""So often one read may fail in a row within a job: four attempts, of two that happen to ask for the same."""
_PAUSE = 1.0
"""Seconds between two attempts of a write, at least."""
_BUDGET = 0.8
"""The used share of the org's daily calls at which we stop (docs/runbook.md)."""
_PROBE = 900.0
"""Seconds after which it is looked again whether the calls have recovered."""
_SOON = 61.0
"""Seconds between two attempts of a write that are cycles of a minute apart."""
_PATIENCE = 10
"""So often in a row a write that comes to nothing may be due again within a minute: the pauses grow to up to an hour, and chance
makes all of ten shorter than that six times in a million."""
_NEVER = frozenset(
    {
        *("FIELD_CUSTOM_VALIDATION_EXCEPTION", "REQUIRED_FIELD_MISSING", "STRING_TOO_LONG"),
        *("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "INSUFFICIENT_ACCESS_OR_READONLY", "INVALID_FIELD_FOR_INSERT_UPDATE"),
    }
)
"""Codes with which Salesforce says no for good."""
_HANGS = 180.0
"""Seconds after which an answer is no longer waited for (connector/wire.py)."""
_SLACK = 0.01
_MOMENT = timedelta(seconds=5)
"""How long it takes from reading the lease to writing it, at most."""


def judge(found: Evidence) -> Iterator[Breach]:
    """Every daemon for itself, from its start to its end: what it knew of pauses dies with it."""
    calls = found.world.calls
    for _, lived in groupby(sorted(calls, key=_daemon), key=_daemon):
        mine = list(lived)
        yield from _judge_logins(mine)
        yield from _judge_budget(mine, stuck="two daemons" in found.happened)
        yield from _judge_reads(mine)
        if "host's clock set" not in found.happened:
            # By a clock that was set back the pause would be longer than anybody can ask for, and is not believed.
            yield from _judge_waits(mine)
    yield from _judge_writes(found)
    # A replica shows who held the lease a while ago.
    if not found.late and "crm replica_lag" not in found.happened:
        yield from _judge_lease(found)


def _daemon(call: Call) -> tuple[str, int]:
    return call.process, call.life


def _judge_lease(found: Evidence) -> Iterator[Breach]:
    """While one bridge holds the lease, no other takes it (docs/architecture.md); all by the org's clock."""
    holder, until = "", START
    for write in found.writes:
        if write.object != "Bridge_Status__c" or "Lease_Holder__c" not in write.fields or not _has_acted(write):
            continue
        now = START + timedelta(seconds=write.call.at + found.world.spec.crm_skew)
        if write.call.at - _looked(found, write.call) > _MOMENT.total_seconds():
            # It was stuck between looking at the lease and writing it: no record can be compared and set at once.
            holder = ""
        if holder not in {"", write.fields["Lease_Holder__c"]} and now + _MOMENT < until:
            yield Breach("lease", f"{write.fields['Lease_Holder__c']} took it, which is {holder}'s until {until}")
        holder, until = write.fields["Lease_Holder__c"], datetime.fromisoformat(write.fields["Lease_Until__c"])


def _looked(found: Evidence, call: Call) -> float:
    """When that daemon last looked at the lease before this call."""
    mine = [each for each in found.world.calls if each.process == call.process and each.life == call.life]
    return max(
        (each.at for each in mine if each.number < call.number and "FROM+Bridge_Status__c" in each.request.query), default=0.0
    )


def _has_acted(write: Write) -> bool:
    return fate_of(write) not in {"later", "never"} and any(answer.status < 300 for answer in write.call.acted)


def _judge_logins(calls: Sequence[Call]) -> Iterator[Breach]:
    logins = [call.at for call in calls if call.request.path.endswith("/oauth2/token")]
    for first, third in zip(logins, logins[2:], strict=False):
        if third - first < 60.0 - _SLACK:
            yield Breach("pace (I36)", f"three logins within {third - first:.1f} s: the user could be locked out")


def _judge_budget(calls: Sequence[Call], *, stuck: bool) -> Iterator[Breach]:
    crm = [call for call in calls if call.side == "crm"]
    for earlier, (before, after) in zip([None, *crm], pairwise(crm), strict=False):
        if stuck and earlier is not None and earlier.job == before.job and before.at - earlier.at > _HANGS:
            # It stood still while it waited for this answer, and took it for lost, with what the answer tells of the budget.
            continue
        spent = _spent(before)
        if spent >= _BUDGET and after.at - before.at < _PROBE - 1.0 and not after.request.path.endswith("/oauth2/token"):
            yield Breach(
                "budget (I35)", f"{spent:.0%} of the org's calls are used, and {after.at - before.at:.0f} s later one more"
            )


def _spent(call: Call) -> float:
    if call.fate != "answered" or not call.acted:
        return 0.0
    told = re.search(r"api-usage=(\d+)/(\d+)", _header(call, "sforce-limit-info"))
    return int(told[1]) / int(told[2]) if told else 0.0


def _header(call: Call, name: str) -> str:
    return next((value for each, value in call.acted[-1].headers.items() if each.lower() == name), "") if call.acted else ""


def _judge_reads(calls: Sequence[Call]) -> Iterator[Breach]:
    for (_, _, what), some in groupby(
        (call for call in calls if not call.writes), key=lambda call: (call.job, call.side, _line(call))
    ):
        failed = 0
        for call in some:
            failed = failed + 1 if _failed(call) else 0
            if failed > _ATTEMPTS:
                yield Breach("pace (I36)", f"{failed} attempts in a row of {what[:120]!r}")
                return


def _line(call: Call) -> bytes:
    request = call.request
    return f"{request.method} {request.path}?{request.query} ".encode() + request.body


def _failed(call: Call) -> bool:
    return call.fate != "answered" or call.acted[-1].status >= 300


def _judge_waits(calls: Sequence[Call]) -> Iterator[Breach]:
    """What a side asked us to wait is waited before the same is asked again (I38)."""
    told: dict[tuple[str, bytes], float] = {}
    for call in calls:
        key = (call.side, _line(call))
        if call.at < told.pop(key, 0.0) - _SLACK:
            yield Breach(
                "pace (I38)", f"{call.request.method} {call.request.path} again before the time that {call.side} asked for"
            )
        after = _header(call, "retry-after")
        if call.fate == "answered" and after.isdecimal():
            told[key] = call.at + min(float(after), 3600.0)


# --- single writes --------------------------------------------------------------------------------------------------


def _judge_writes(found: Evidence) -> Iterator[Breach]:
    """A write that came to nothing is not sent again at once; one that was refused for good, not at all until something moves."""
    last: dict[tuple[Any, ...], tuple[Write, str]] = {}
    soon = Counter[tuple[Any, ...]]()
    for write in found.writes:
        if write.object == "Bridge_Status__c":
            continue
        place = (write.call.process, write.object, write.kind, write.id, _packed(write.fields))
        before = last.get(place)
        if before is not None:
            yield from _judge_again(found, *before, write)
            held_up = before[1] in {"lost", "later"} and write.call.at - before[0].call.at <= _SOON
            soon[place] = soon[place] + 1 if held_up else 0
            if soon[place] == _PATIENCE and "host's clock set" not in found.happened:
                what = f"{write.kind} of {write.object} {write.id or write.key}"
                yield Breach("pace (I36)", f"{what} came to nothing, and came again within a minute {_PATIENCE} times in a row")
        last[place] = (write, "" if found.untrue else fate_of(write))


def _died_over(found: Evidence, call: Call) -> bool:
    """Whether this was the last call of its process, and another one goes on."""
    others = [other.life for other in found.world.calls if other.number > call.number]
    return bool(others) and call.life not in others


def _judge_again(found: Evidence, before: Write, fate: str, again: Write) -> Iterator[Breach]:
    passed = again.call.at - before.call.at
    what = f"{again.kind} of {again.object} {again.id or again.key}"
    # With another state in place, a daemon that starts knows nothing of what was tried a moment ago.
    knows = before.call.life == again.call.life or found.remembers
    # A process that died over the answer has heard nothing of it.
    knows = knows and not _died_over(found, before.call)
    # By a clock that was set forward the pause is over.
    knows = knows and "host's clock set" not in found.happened
    # What was decided under another mapping is decided anew, and with it when it goes out: an administrator has come between.
    knows = knows and before.call.mapping == again.call.mapping
    if fate in {"lost", "later"} and passed < _PAUSE - _SLACK and before.call is not again.call and knows:
        yield Breach("pace (I36)", f"{what} came to nothing ({fate}) and was sent again {passed:.2f} s later")
    # Other mapping files are moved to when the next job begins, whenever they were put in place.
    same = (before.call.life, before.call.mapping) == (again.call.life, again.call.mapping)
    if fate == "never" and same and not found.moved_between(before.call, again.call):
        yield Breach("pace (I37)", f"{what} was refused for good, and sent again although nothing has moved")


def _packed(fields: Mapping[str, Any]) -> bytes:
    return orjson.dumps(dict(fields), option=orjson.OPT_SORT_KEYS)


def fate_of(write: Write) -> str:
    """What became of a single write, as far as its answer told: ``done``, ``later``, ``never``, ``lost``, or "" for unclear."""
    call = write.call
    if call.fate != "answered":
        return "lost"
    answer = call.acted[-1]
    if call.side != "crm":
        untold = answer.status >= 500 and answer.status != 503
        return "lost" if untold or write.place >= _careers_results(answer.body) else ""
    if answer.status >= 500:
        return "lost"
    results = _results(answer.body) if answer.status == 200 else None
    if results is None or write.place >= len(results) or call.request.path.endswith("/graph"):
        return ""
    result = results[write.place]
    if result.get("success"):
        return "done"
    codes = {error.get("statusCode") for error in result.get("errors", ())}
    return "never" if codes & _NEVER else "later"


def _careers_results(body: bytes) -> float:
    """Of how many writes careers' answer tells; of all, where it has no list of them."""
    try:
        found = orjson.loads(body)
    except ValueError:
        return float("inf")
    results = found.get("results") if isinstance(found, dict) else None
    return len(results) if isinstance(results, list) else float("inf")


def _results(body: bytes) -> list[dict[str, Any]] | None:
    try:
        found = orjson.loads(body)
    except ValueError:
        return None
    return found if isinstance(found, list) and all(isinstance(each, dict) for each in found) else None
