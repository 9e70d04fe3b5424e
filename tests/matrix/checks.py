"""The vocabulary of expectations: each tells what does not hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from tests.matrix.cells import Check
from tests.matrix.stage import Stage
from tests.simulation.world import Call


def done(stage: Stage) -> Iterator[str]:
    """The operation has its effect although the fault lasts (or it has struck and is over)."""
    yield from (f"not done: {missing}" for missing in stage.done(stage.run))


def waits(stage: Stage) -> Iterator[str]:
    """The operation has no effect yet; nothing is refused and nobody has to act: it goes on by itself."""
    if not stage.done(stage.run):
        yield "it is done although it could not be"
    yield from calm(stage)


def calm(stage: Stage) -> Iterator[str]:
    """Nothing is halted, and nothing was given up."""
    yield from (f"halted: {row['subject']}: {row['reason']}" for row in stage.rows("halt"))
    yield from (f"refused: {row['kind']}: {row['code']}" for row in stage.rows("intent") if row["state"] == "refused")
    if stage.run.process is None:
        yield "the daemon does not run"


def halted(subject: str, reason: str = "") -> Check:
    """A halt stands whose subject is this (a pattern for all of it) and whose reason holds a pattern."""

    def check(stage: Stage) -> Iterator[str]:
        rows = stage.rows("halt")
        if not any(re.fullmatch(subject, row["subject"]) and re.search(reason, row["reason"]) for row in rows):
            left = [one.left for one in stage.run.processes]
            yield f"no halt of {subject} because of {reason!r}: {[(row['subject'], row['reason']) for row in rows]}, {left}"

    return check


def refused(code: str, remedy: str = "") -> Check:
    """A write was given up for now and waits in the list of refusals with its code and a remedy."""

    def check(stage: Stage) -> Iterator[str]:
        rows = [row for row in stage.rows("intent") if row["state"] == "refused"]
        if not any(row["code"] == code and re.search(remedy, row["remedy"] or "") and row["remedy"] for row in rows):
            yield f"nothing was refused as {code}: {[(row['kind'], row['code'], row['remedy']) for row in rows]}"

    return check


def asked(side: str, pattern: str, low: int, high: int) -> Check:
    """Requests that match a pattern were made so often since the fault came."""

    def check(stage: Stage) -> Iterator[str]:
        count = len(_matching(stage, side, pattern))
        if not low <= count <= high:
            yield f"{count} requests match {pattern!r} instead of {low} to {high}"

    return check


def paced(side: str, pattern: str, *, seconds: float, most: int) -> Check:
    """In no span of so many seconds more requests match than that."""

    def check(stage: Stage) -> Iterator[str]:
        times = [call.at for call in _matching(stage, side, pattern)]
        worst = max((sum(at <= other < at + seconds for other in times) for at in times), default=0)
        if worst > most:
            yield f"{worst} requests that match {pattern!r} within {seconds:g} s"

    return check


def patient(side: str, pattern: str, *, seconds: float) -> Check:
    """After the first request that matches, none does for so many seconds."""

    def check(stage: Stage) -> Iterator[str]:
        times = [call.at for call in _matching(stage, side, pattern)]
        early = [at for at in times[1:] if at < times[0] + seconds]
        if early:
            yield f"{pattern!r} was asked again after {early[0] - times[0]:.0f} s"

    return check


def writes_nothing(side: str) -> Check:
    """No change was asked of a side since the fault came."""

    def check(stage: Stage) -> Iterator[str]:
        sent = [call for call in stage.calls if (call.side == "crm") == (side == "crm") and _changes(call)]
        if sent:
            yield f"{len(sent)} writes to {side}, such as {sent[-1].request.method} {sent[-1].request.path}"

    return check


def within(seconds: float) -> Check:
    """No cycle and no sweep took longer."""

    def check(stage: Stage) -> Iterator[str]:
        for row in stage.rows("run"):
            took = (datetime.fromisoformat(row["ended_at"]) - datetime.fromisoformat(row["started_at"])).total_seconds()
            if took > seconds:
                yield f"a {row['job']} took {took:.0f} s"

    return check


def logged(event: str) -> Check:
    """The log tells of it."""

    def check(stage: Stage) -> Iterator[str]:
        if event not in stage.run.log():
            yield f"the log does not tell of {event!r}"

    return check


def _matching(stage: Stage, side: str, pattern: str) -> list[Call]:
    """The requests to a side whose method and address match; the sign of life comes on its own and is left out."""
    found = re.compile(pattern)
    calls = [call for call in stage.calls if (call.side == "crm") == (side == "crm") and not _says_alive(call)]
    return [call for call in calls if found.search(_line(call))]


def _line(call: Call) -> str:
    request = call.request
    return f"{request.method} {request.path}" + (f"?{request.query}" if request.query else "")


def _changes(call: Call) -> bool:
    return call.writes and not _says_alive(call)


def _says_alive(call: Call) -> bool:
    return b"Bridge_Status__c" in call.request.body and call.writes
