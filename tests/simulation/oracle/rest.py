"""The state at rest, judged by the ownership law: every owned value stands where its owner put it, or a person is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from tests.simulation.mapping import Unit
from tests.simulation.oracle.evidence import Breach, Evidence, Tokens
from tests.simulation.words import token

OPEN = ("Open", "Waiting for the contact")
"""The states of a suggestion that waits for staff."""


def judge(found: Evidence) -> Iterator[Breach]:
    """Every person who stands on both sides, and that nothing stands still."""
    world = found.world
    for row in found.rows("halt"):
        yield Breach("defect" if "a defect of" in row["reason"] else "halted", f"{row['subject']}: {row['reason']}")
    for person, account in world.accounts.items():
        values = world.careers.values(account)
        contact = world.org.live(world.contacts.get(person))
        if values is None or contact is None:
            continue
        profiles = found.profiles.get(account, [])
        asked = [row for row in world.rows("Identity_Review__c") if row["Account_Id__c"] == account]
        if (asked and not profiles) or any(row.get("Decision__c") == "Nobody" for row in asked):
            # Staff are asked who this is, or have said that it is nobody here.
            continue
        if not profiles and not contact.get("University_ID__c"):
            # A merge has lost her number before anybody had linked her.
            continue
        if len(profiles) != 1:
            yield Breach("linked", f"person {person} has {len(profiles)} career profiles")
            continue
        yield from _judge_person(found, account, world.whole(contact), values, profiles[0])
    yield from _judge_unmapped(found)


def _judge_unmapped(found: Evidence) -> Iterator[Breach]:
    """Nobody is asked about what is not mapped any more."""
    for (account, name), asked in found.suggestions.items():
        unmapped = name not in found.rules.units and found.unit_fields(name)
        if unmapped and any(row["State__c"] in OPEN for row in asked):
            yield Breach("withdrawn", f"{account} {name}: not mapped, and yet a suggestion waits")


def _judge_person(
    found: Evidence, account: str, contact: Mapping[str, Any], values: Mapping[str, Any], profile: Mapping[str, Any]
) -> Iterator[Breach]:
    for name, unit in found.rules.units.items():
        crm = found.meaning(unit, "crm", profile if unit.careers_own else contact)
        career = found.meaning(unit, "career", values)
        where = f"{account} {name}: crm {crm}, careers {career}"
        waiting = [row for row in found.suggestions.get((account, name), ()) if row["State__c"] in OPEN]
        strange = [each for each in (*crm, *career) if each.startswith("?")]
        if strange:
            yield Breach("provenance", f"{where}: nobody has ever entered {strange}")
        if len(waiting) > 1:
            yield Breach("one question", f"{where}: {len(waiting)} suggestions wait")
        if (account, name) in found.first_differences:
            continue
        if unit.opt_out:
            yield from _judge_opt_out(unit, where, crm, career, profile)
        elif found.world.platform.never_empty & {field.name for field, here in zip(unit.fields, crm, strict=True) if not here}:
            continue  # The platform cannot be told, and says so.
        elif unit.careers_own or _shared(found, unit, contact, values, profile):
            yield from _judge_shared(unit, where, crm, career, waiting)
        elif waiting and unit.share != "never":
            # What may not go to careers may still be learnt from them.
            yield Breach("withdrawn", f"{where}: not shared, and yet a suggestion waits")


def _judge_shared(unit: Unit, where: str, crm: Tokens, career: Tokens, waiting: list[dict[str, Any]]) -> Iterator[Breach]:
    if crm == career:
        return
    if unit.null == "ignore" and not (any(crm) and any(career)):
        return
    if unit.to_career != "write" and not unit.careers_own:
        # The platform cannot be told: what Alumni Relations have changed stays different there.
        return
    if any(suggested(unit, row) == career for row in waiting):
        return
    yield Breach("at rest", f"{where}: they differ, and nobody is asked about it")


def suggested(unit: Unit, row: Mapping[str, Any]) -> Tokens:
    """What a suggestion suggests."""
    entered = orjson.loads(row.get("Suggested_Values__c") or "{}")
    return tuple(token(field.name, "crm", entered.get(field.crm)) for field in unit.fields)


def _judge_opt_out(unit: Unit, where: str, crm: Tokens, career: Tokens, profile: Mapping[str, Any]) -> Iterator[Breach]:
    (here,), (there,) = crm, career
    restricts = {f"{unit.fields[0].name}={unit.restrictive}"}
    flagged = bool(profile.get(unit.opt_out_to))
    if here in restricts and there not in restricts:
        yield Breach("opt-out", f"{where}: careers do not know of it")
    if there in restricts and here not in restricts and not flagged:
        yield Breach("opt-out", f"{where}: the career profile does not say so")


def _shared(
    found: Evidence, unit: Unit, contact: Mapping[str, Any], values: Mapping[str, Any], profile: Mapping[str, Any]
) -> bool:
    """Whether the unit's value may go to careers."""
    if unit.share == "never":
        return False
    rules = found.rules
    if unit.name in rules.exclude:
        return True
    if any(contact.get(crm) is True for crm in rules.exclude.values()):
        return False
    for restriction in (rules.units[name] for name in rules.exclude if name in rules.units):
        held = found.meaning(restriction, "career", values) == (f"{restriction.name}=True",)
        if restriction.opt_out and (held or profile.get(restriction.opt_out_to)):
            return False
    if unit.share == "always":
        return True
    consent = rules.deciding(rules.purposes[unit.purpose])
    given, kept = found.meaning(consent, "crm", contact), found.meaning(consent, "career", values)
    return given == (f"{consent.name}=True",) and kept != (f"{consent.name}=False",) and not profile.get(consent.opt_out_to)
