"""Suggestions as a history: each is raised once, decided once, and what was turned down is not asked again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from tests.simulation.oracle.evidence import Breach, Evidence


def judge(found: Evidence) -> Iterator[Breach]:
    """Every suggestion and review that ever was."""
    world = found.world
    for name in ("Suggested_Change__c", "Identity_Review__c", "Career_Profile__c", "Career_Request__c", "Bridge_Status__c"):
        rows = [*world.rows(name), *world.rows(name, deleted=True)]
        for key, count in Counter(row["Key__c"].lower() for row in rows).items():
            if count > 1:
                yield Breach("doubled (I8)", f"{count} records of {name} under one key {key}")
    living = {row["Id"]: row for row in world.rows("Suggested_Change__c")}
    for at, id, how in world.decisions:
        row = living.get(id)
        if row is not None and row["State__c"] == "Open":
            yield Breach(
                "decision lost", f"suggestion {id} ({row['Group__c']}) was decided at {at:.0f} ({how}) and is still open"
            )
    yield from _asked_again(found)


def _asked_again(found: Evidence) -> Iterator[Breach]:
    """The same value is not suggested again for a year, unless the contact has moved (or another question came between)."""
    for asked in found.suggestions.values():
        for earlier, later in pairwise(asked):
            same = earlier["Suggested_Values__c"] == later["Suggested_Values__c"] and earlier["Now__c"] == later["Now__c"]
            if same and earlier["State__c"] == "Rejected" and earlier["Kind__c"] == later["Kind__c"] != "New contact":
                yield Breach(
                    "asked again", f"{later['Group__c']}: {later['Suggested__c']!r} was rejected before, against the same value"
                )
