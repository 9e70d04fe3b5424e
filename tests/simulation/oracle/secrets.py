"""Secrets and personal data stay where they belong (I45): never in logs, halts, plans, the audit's chain, or notes to careers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.simulation.oracle.evidence import Breach, Evidence
from tests.simulation.words import CANARY

SECRETS = re.compile(r"s3cret|k-bridge|!AQ[0-9a-f]{20}")
"""The secrets of the simulated bridge, and what Salesforce's session tokens look like."""
_CHANCE = re.compile(r'"timestamp": "[^"]*"|\b[0-9a-f]{40,64}\b')
"""The real time of a line, our keys and keyed hashes: their digits may look like anybody's telephone."""
_WITHOUT_DATA = {
    "halt": ("reason", "remedy"),
    "parked": ("reason", "remedy"),
    "plan": ("facts",),
    "run": ("facts",),
    "audit": ("refs",),
    "intent": ("code", "detail", "remedy"),
}
"""Columns of the state that hold references, codes and counts."""


def judge(found: Evidence) -> Iterator[Breach]:
    """Log, state, and what leaves."""
    for line in found.log.splitlines():
        if _is_personal(line) or SECRETS.search(line):
            yield Breach("canary (I45)", f"logged: {line[:200]}")
    yield from _judge_state(found)
    for write in found.writes:
        if write.object in {"note", "acknowledgement"} and CANARY.search(str(write.fields)):
            yield Breach("canary (I45)", f"careers were told {dict(write.fields)}")
        if SECRETS.search(str(write.fields)):
            yield Breach("canary (I45)", f"a secret left in {write.object}")


def _is_personal(text: str) -> bool:
    return bool(CANARY.search(_CHANCE.sub("", text)))


def _judge_state(found: Evidence) -> Iterator[Breach]:
    for table, columns in _WITHOUT_DATA.items():
        for row in found.rows(table):
            held = [
                f"{table}.{column}: {row[column][:200]!r}"
                for column in columns
                if CANARY.search(_CHANCE.sub("", row[column] or ""))
            ]
            yield from (Breach("canary (I45)", each) for each in held)
    if SECRETS.search(found.state.read_bytes().decode("latin-1")):
        yield Breach("canary (I45)", "the state holds a secret")
