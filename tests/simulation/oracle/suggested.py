"""Suggestions as a history: each is raised once, decided once, and what was turned down is not asked again.

And each was typed by somebody: a value that the bridge wrote itself and met again is no edit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import orjson

from tests.simulation.mapping import Field
from tests.simulation.oracle.evidence import Breach, Evidence
from tests.simulation.oracle.history import account_history, contact_history
from tests.simulation.words import token


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
    if found.remembers:
        yield from _by_nobody(found)


def _asked_again(found: Evidence) -> Iterator[Breach]:
    """The same value is not suggested again for a year, unless the contact has moved (or another question came between)."""
    for (account, name), asked in found.suggestions.items():
        for earlier, later in pairwise(asked):
            same = earlier["Suggested_Values__c"] == later["Suggested_Values__c"] and earlier["Now__c"] == later["Now__c"]
            of_a_person = earlier["Kind__c"] == later["Kind__c"] != "New contact"
            if (
                same
                and of_a_person
                and earlier["State__c"] == "Rejected"
                and not _moved_since(found, account, name, earlier["Id"])
            ):
                yield Breach(
                    "asked again", f"{later['Group__c']}: {later['Suggested__c']!r} was rejected before, against the same value"
                )


def _moved_since(found: Evidence, account: str, name: str, question: str) -> bool:
    """Whether the contact has held anything else since that question was decided; who moves there and back has moved."""
    decided = max((at for at, id, _ in found.world.decisions if id == question), default=float("inf"))
    people = [person for person, id in found.world.accounts.items() if id == account]
    return any(
        held.since >= decided
        for person in people
        for each in found.unit_fields(name)
        for held in contact_history(found.world, person, each)
    )


def _by_nobody(found: Evidence) -> Iterator[Breach]:
    """Of what is suggested one value was entered by a person, or stood at careers before us, where the CRM had another."""
    world = found.world
    people = {account: person for person, account in world.accounts.items()}
    for (account, name), asked in found.suggestions.items():
        person, fields = people.get(account), found.unit_fields(name)
        if not fields or person is None or len(world.contacts_of(person)) > 1:
            continue
        entered = {field: _entered(found, person, account, field) for field in fields}
        for row in asked:
            values = orjson.loads(row["Suggested_Values__c"] or "{}")
            meant = {field: token(field.name, "crm", values[field.crm]) for field in fields if field.crm in values}
            if meant and not any(meaning in entered[field] for field, meaning in meant.items()):
                yield Breach("typed by nobody", f"{account} {name}: {row['Suggested__c']!r} is asked about, which nobody entered")


def _entered(found: Evidence, person: int, account: str, field: Field) -> set[str]:
    theirs, ours = account_history(found.world, account, field), contact_history(found.world, person, field)
    apart = not found.world.spec.live  # what was first read may have been moved before
    first = [held.token for held in theirs[:1] if apart or not ours or held.token != ours[0].token]
    return {held.token for held in theirs if held.by not in {"api", ""}}.union(first)
