"""Nothing that a person entered is trampled: what the bridge overwrites is kept as a question, or the mapping says otherwise.

And nothing is made up: what the bridge writes was entered by the owner, about this very person (I4: also when it is empty).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import orjson

from tests.simulation.mapping import Field, Unit
from tests.simulation.oracle import handshake
from tests.simulation.oracle.evidence import Breach, Evidence
from tests.simulation.oracle.history import Held, account_history, agreed_last, contact_history, overwritten, tokens_between
from tests.simulation.oracle.pace import fate_of
from tests.simulation.oracle.symplicity import untold
from tests.simulation.oracle.tables import shown
from tests.simulation.words import token

_SLACK = 1.0
"""Seconds by which the systems' stamps are coarser than our clock."""

_OPEN = 200.0
"""Seconds by which the bridge may be behind what stands in the org while somebody's transaction is open there."""


def judge(found: Evidence) -> Iterator[Breach]:
    """Every field of every person."""
    world = found.world
    for person, account in world.accounts.items():
        if account not in world.careers.system.people.by_id:
            continue
        for unit in found.rules.units.values():
            for field in unit.fields:
                if unit.careers_own:
                    yield from _judge_profile(found, account, unit, field)
                else:
                    yield from _judge_field(found, person, account, unit, field)
    yield from _judge_questions(found)


def _judge_field(found: Evidence, person: int, account: str, unit: Unit, field: Field) -> Iterator[Breach]:
    world = found.world
    theirs, ours = account_history(world, account, field), contact_history(world, person, field)
    entered = {held.token for held in ours}
    for held in theirs:
        if held.by == "api" and held.token not in entered and not (held.token == "" and unit.on_withdrawn == "clear"):
            yield Breach(
                "made up (I4)", f"{account} {field.name}: the bridge wrote {held.token!r}; the CRM held {sorted(entered)}"
            )
    for before, after in overwritten(theirs):
        where = f"{account} {field.name}: {before.token!r} of {before.by or 'the beginning'} became {after.token!r}"
        if found.unguarded(account, before.since) or handshake.set_unseen(found.world, account, field, before, after):
            continue
        if unit.opt_out:
            if before.token == f"{field.name}={unit.restrictive}":
                yield Breach("opt-out trampled", where)
            continue
        if before.token == "" and _from_the_beginning(found, theirs, before, found.first_compared(person, account) + _SLACK):
            # Emptiness that stood there before anything was agreed is filled.
            continue
        if before.token == "" and _careers_own(found, person, account, unit, theirs, ours, before.since):
            # They have taken back what was theirs alone, while nothing of it was shared with them: as if it had never been.
            continue
        # As long as somebody's transaction is open, the org's feed reaches no further than its beginning.
        behind = _OPEN if found.late else _SLACK
        # Whoever enters what stood there when the bridge last read the org differs from nobody, for all that it knows.
        read = found.crm_read_before(before.since)
        agreed = tokens_between(ours, read - behind, after.since + _SLACK)
        agreed |= agreed_last(ours, theirs, after.since, seen=found.seen_between)
        agreed |= _perhaps_ours(found, account, field, before.since)
        silent = any(_silent(known, before.token) for known in found.units_with(field.name))
        if silent or before.token in agreed or before.token in _suggested(found, account, field, after.since):
            continue
        yield Breach("trampled", f"{where}, and nobody was asked")


def _from_the_beginning(found: Evidence, theirs: list[Held], empty: Held, first: float) -> bool:
    """Whether a field was empty when it was first compared, and what was entered since need not have been seen."""
    if empty.since <= first:
        return True
    between = [(held, after.since) for held, after in pairwise(theirs) if after.since > first and held.since < empty.since]
    return "" in tokens_between(theirs, first, first) and not any(
        held.token and found.seen_between(held.since, end) for held, end in between
    )


def _careers_own(found: Evidence, person: int, account: str, unit: Unit, theirs: list[Held], ours: list[Held], at: float) -> bool:
    """Whether what careers emptied at a moment was none of Alumni Relations' values, and no consent to share these stood."""
    if unit.share != "consented":
        return False
    consent = found.rules.deciding(found.rules.purposes[unit.purpose]).fields[0]
    told = account_history(found.world, account, consent) if consent.career else contact_history(found.world, person, consent)
    given = [held.token for held in told if held.since <= at]
    held_before = [held.token for held in theirs if held.since < at]
    return given[-1:] != [f"{consent.name}=True"] and held_before[-1] not in tokens_between(ours, 0.0, at)


def _perhaps_ours(found: Evidence, account: str, field: Field, until: float) -> set[str]:
    """What the bridge wrote to this account, and was not told by a moment what became of it: nobody can tell it from an edit.

    What a process had taken to send when it died may have left, for all that the next one knows.
    """
    taken = [fields[field.called] for id, fields in found.taken_up if id == account and field.called in fields]
    return {token(field.name, "career", value) for value in taken} | {
        token(field.name, "career", write.fields[field.career])
        for write in found.writes
        if write.object == "person"
        and write.id == account
        and field.career in write.fields
        and (fate_of(write) == "lost" or untold(found.world, write))
        and not shown(found.world, write, until)
    }


def _silent(unit: Unit, theirs: str) -> bool:
    """Whether the mapping says that an edit by careers is put back without a question."""
    if unit.other_office_edit in {"refuse", "ignore"}:
        return True
    return theirs == "" and unit.null != "suggest_clear"


def _suggested(found: Evidence, account: str, field: Field, until: float) -> set[str]:
    """What had been suggested for this field of this account by a moment, and not been refused."""
    meanings = set()
    units = {unit.name for unit in found.units_with(field.name)}
    for write in (write for unit in units for write in found.suggestion_writes(account, unit)):
        # What arrived twice was carried out the first time, whatever the second answer says.
        no = len(write.call.acted) == 1 and fate_of(write) in {"later", "never"} and not found.untrue
        if write.call.at > until + _SLACK or not write.call.acted or no:
            continue
        entered = orjson.loads(write.fields.get("Suggested_Values__c") or "{}")
        if field.crm in entered:
            meanings.add(token(field.name, "crm", entered[field.crm]))
    return meanings


def _judge_profile(found: Evidence, account: str, unit: Unit, field: Field) -> Iterator[Breach]:
    """What stands on the career profile was entered in that very account; what is empty there was empty."""
    entered = {held.token for held in account_history(found.world, account, field)}
    for write in found.profile_writes(account):
        if field.crm in write.fields:
            meaning = token(field.name, "crm", write.fields[field.crm])
            if meaning not in entered:
                yield Breach(
                    "made up (I4)", f"{account} {field.name}: the profile got {meaning!r}; careers held {sorted(entered)}"
                )
    for held in account_history(found.world, account, field):
        if held.by == "api":
            yield Breach("trampled", f"{account} {field.name}: the bridge wrote careers' own {unit.name}")


def _judge_questions(found: Evidence) -> Iterator[Breach]:
    """A question who an account is tells what stands in that very account, and of nobody else's."""
    people = found.world.careers.system.people.by_id
    for write in found.writes:
        account = write.fields.get("Account_Id__c")
        told = re.search(r"institution id: (\S+)", write.fields.get("Evidence__c") or "")
        if write.object == "Identity_Review__c" and told and account in people:
            held = people[account].data()["institution_id"]
            if told[1] != held:
                yield Breach("made up (I4)", f"a question about {account} says that it is {told[1]}; it holds {held}")
