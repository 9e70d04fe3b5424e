"""The law for one field, as a table.

How to read a case. ``mine`` is what the field owner's side holds, ``theirs`` what the other side holds; every case is
played for both owners, since the law is the same seen from either. ``base`` is what both sides acknowledged last: one
form for both, ``mine|theirs`` where they differ, None for unknown. A form is ``value`` or ``value@native``; ``-`` is
empty on either side of the ``@``, ``?`` was not readable, fields of a group are separated by ``/``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest

from connector.core import merge
from connector.core.model import (
    Base,
    FieldRule,
    Memory,
    NullPolicy,
    OpenSuggestion,
    OutsideEdit,
    Owner,
    Reading,
    Rejection,
    Side,
    Transform,
    Unit,
    UntilDecided,
    Value,
)

NOW = datetime(2024, 5, 2, 9, 0, tzinfo=UTC)
PLAIN = Transform(name="plain", read=lambda native: native, write=lambda value: value)


def unit_of(size: int = 1, **settings: Any) -> Unit:
    """A unit of so many fields."""
    names = [f"field_{number}" for number in range(size)]
    fields = tuple(
        FieldRule(name=name, label=name, crm=name, career=name, on_profile=False, crm_transform=PLAIN, career_transform=PLAIN)
        for name in names
    )
    return Unit(**{"name": "unit", "label": "Unit", "fields": fields, "owner": Owner.ALUMNI_RELATIONS} | settings)


def reading_of(form: str) -> Reading:
    """What a side's form in the table stands for."""
    values: list[Value] = []
    natives: list[Any] = []
    for part in form.split("/"):
        value, _, native = part.partition("@")
        values.append(None if value == "-" else value)
        natives.append(None if (native or value) == "-" else native or value)
    return Reading(values=tuple(values), natives=tuple(natives))


def readable(form: str) -> Reading | None:
    """As ``reading_of``, where the form may also say that nothing was read."""
    return None if form == "?" else reading_of(form)


def base_of(form: str | None, owner: Owner) -> Base | None:
    """What a base in the table stands for."""
    if form is None:
        return None
    mine, _, theirs = form.partition("|")
    crm, career = reading_of(mine), reading_of(theirs or mine)
    return Base(crm=crm, career=career) if owner is Owner.ALUMNI_RELATIONS else Base(crm=career, career=crm)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One situation, and below it what the law says about it."""

    about: str
    base: str | None = "A"
    mine: str
    theirs: str
    policy: str = "suggest"
    until: str = "keep"
    null: str = "clear"
    open: str | None = None
    open_restored: bool = False
    against: str | None = "A"
    decision: str | None = None
    rejected: str | None = None
    rejected_against: str = "A"
    rejected_days_ago: float = 1
    sent: str | None = None
    adopt: str | None = None
    over: str | None = None
    """What careers held when that was chosen."""
    differed: bool = False
    noted: str | None = None

    row: str
    write: str | None = None
    """The values written across."""
    move: str | None = None
    suggested: str | None = None
    restored: bool = False
    note: str | None = None
    new_base: str | None = None
    """The base that is set at once; only its values count."""

    def unit(self, owner: Owner) -> Unit:
        """The unit that the case is about."""
        return unit_of(
            self.mine.count("/") + 1 if self.mine != "?" else 1,
            owner=owner,
            other_office_edit=OutsideEdit(self.policy),
            until_decided=UntilDecided(self.until),
            null=NullPolicy(self.null),
        )

    def memory(self, owner: Owner) -> Memory:
        """What is remembered in the case."""
        opened = self.open and OpenSuggestion(
            values=reading_of(self.open).values,
            episode=1,
            restored=self.open_restored,
            decision=self.decision,
            against=reading_of(self.against).values if self.against else None,
        )
        rejected = self.rejected and Rejection(
            values=reading_of(self.rejected).values,
            against=reading_of(self.rejected_against).values,
            at=NOW - timedelta(days=self.rejected_days_ago),
        )
        sent = {owner.side.other: (reading_of(self.sent).values,)} if self.sent else {}
        return Memory(
            open=opened or None,
            rejected=rejected or None,
            sent=sent,
            adopt=self.adopt,
            chosen_over=reading_of(self.over).values if self.over else None,
            differed=self.differed,
            noted=self.noted,
            episodes=1 if opened else 0,
        )


# fmt: off
# One case, one or two lines: this is a table to be read.
CASES = [
    # -- not readable
    Case(about="the owner's side was not readable", mine="?", theirs="B", row="unreadable"),
    Case(about="the other side was not readable", mine="B", theirs="?", row="unreadable"),
    Case(about="unreadable is no decision either", mine="?", theirs="B", open="B", decision="reject", row="unreadable"),
    Case(about="unreadable over an unknown base", base=None, mine="A", theirs="?", row="unreadable"),
    # -- base unknown
    Case(about="unknown base, equal", base=None, mine="A", theirs="A", row="agreed", new_base="A"),
    Case(about="unknown base, equal but written otherwise", base=None, mine="A", theirs="A@a", row="agreed", new_base="A"),
    Case(about="unknown base, both empty", base=None, mine="-", theirs="-", row="agreed", new_base="-"),
    Case(about="unknown base, the other side is empty", base=None, mine="A", theirs="-", row="fill_empty", write="A"),
    Case(about="unknown base, cleared across while a person was to choose", base=None, mine="A", theirs="-", differed=True,
         row="first_difference"),
    Case(about="unknown base, cleared across, and the owner is chosen", base=None, mine="A", theirs="-", differed=True,
         adopt="crm_wins", row="adopted", write="A"),
    Case(about="unknown base, cleared by both while a person was to choose", base=None, mine="-", theirs="-", differed=True,
         row="agreed", new_base="-"),
    Case(about="unknown base, the owner's side is empty", base=None, mine="-", theirs="B", row="first_difference"),
    Case(about="unknown base, different", base=None, mine="A", theirs="B", row="first_difference"),
    Case(about="different, refuse", base=None, mine="A", theirs="B", policy="refuse", row="first_difference"),
    Case(about="different, ignore", base=None, mine="A", theirs="B", policy="ignore", row="first_difference"),
    Case(about="different, restore", base=None, mine="A", theirs="B", until="restore", row="first_difference"),
    Case(about="group partly empty across", base=None, mine="A/B", theirs="A/-", row="first_difference"),
    Case(about="group all empty across", base=None, mine="A/B", theirs="-/-", row="fill_empty", write="A/B"),
    Case(about="unknown base over our own older write", base=None, mine="C", theirs="B", sent="B", row="fill_empty", write="C"),
    Case(about="adopt: the owner wins", base=None, mine="A", theirs="B", adopt="crm_wins", row="adopted", write="A"),
    Case(about="adopt: the owner wins over what stood there", base=None, mine="A", theirs="B", adopt="crm_wins", over="B",
         row="adopted", write="A"),
    Case(about="adopt: what was entered since the choice is not chosen about", base=None, mine="A", theirs="C",
         adopt="crm_wins", over="B", row="first_difference"),
    Case(about="adopt: what was cleared since the choice is no gap", base=None, mine="A", theirs="-", adopt="crm_wins", over="B",
         row="first_difference"),
    Case(about="adopt: our own older write is not entered since", base=None, mine="C", theirs="A", adopt="crm_wins", over="B",
         sent="A", row="fill_empty", write="C"),
    Case(about="adopt: keep", base=None, mine="A", theirs="B", adopt="keep", row="adopted", new_base="A|B"),
    Case(about="adopt: suggest", base=None, mine="A", theirs="B", adopt="suggest", row="adopted", new_base="A"),
    Case(about="adopt: empty owner wins", base=None, mine="-", theirs="B", adopt="crm_wins", row="adopted", write="-"),
    Case(about="adopt: an empty owner whose emptiness means nothing wins nothing", base=None, mine="-", theirs="B",
         null="ignore", adopt="crm_wins", row="first_difference"),
    Case(about="adopt: what stands across is another person's", base=None, mine="A", theirs="B", adopt="replace",
         row="adopted", write="A"),
    Case(about="adopt: another person's is emptied, too", base=None, mine="-", theirs="B", null="ignore", adopt="replace",
         row="adopted", write="-"),
    Case(about="adopt: what we wrote for this person is not emptied by what means nothing", base=None, mine="-", theirs="B",
         null="ignore", adopt="replace", sent="B", row="fill_empty"),
    Case(about="adopt: equal needs no choice", base=None, mine="A", theirs="A", adopt="keep", row="agreed", new_base="A"),
    Case(about="adopt: a choice says nothing to a known base", mine="A", theirs="B", adopt="crm_wins", row="outside_edit",
         move="raise", suggested="B"),
    Case(about="adopted as suggestion, next judgement", base="A@A|A@-", mine="A", theirs="B", row="outside_edit", move="raise",
         suggested="B"),
    # -- neither moved
    Case(about="nothing moved", mine="A", theirs="A", row="unchanged"),
    Case(about="nothing moved, group", base="A/B/-", mine="A/B/-", theirs="A/B/-", row="unchanged"),
    Case(about="the owner's native form changed, both mean the same", mine="A@a", theirs="A", row="agreed", new_base="A"),
    Case(about="their native form changed, both mean the same", mine="A", theirs="A@a", row="agreed", new_base="A"),
    Case(about="the mapping reads an unchanged native anew", base="A@x|A@y", mine="B@x", theirs="A@y", row="unchanged"),
    Case(about="the mapping reads theirs anew", base="A@x|A@y", mine="A@x", theirs="B@y", row="unchanged"),
    Case(about="kept apart", base="A|B", mine="A", theirs="B", row="kept_apart"),
    Case(about="kept apart, theirs reformatted", base="A|B", mine="A", theirs="B@b", row="kept_apart"),
    Case(about="kept apart, mine reformatted", base="A|B", mine="A@a", theirs="B", row="kept_apart"),
    Case(about="kept apart, they come to the owner's value", base="A|B", mine="A", theirs="A", row="agreed", new_base="A"),
    Case(about="kept apart, the owner moves", base="A|B", mine="C", theirs="B", row="owner_moved", write="C"),
    Case(about="kept apart, they move", base="A|B", mine="A", theirs="C", row="outside_edit", move="raise", suggested="C"),
    Case(about="kept apart, they take their edit back", base="A|B", mine="A", theirs="B", open="C", row="kept_apart",
         move="withdraw", suggested="C"),
    Case(about="they take their edit back", mine="A", theirs="A", open="B", row="unchanged", move="withdraw", suggested="B"),
    Case(about="we took it back: the suggestion waits", mine="A", theirs="A", open="B", open_restored=True, row="unchanged"),
    Case(about="an old rejection is no reason to do anything", mine="A", theirs="A", rejected="B", row="unchanged"),
    # -- the owner moved
    Case(about="the owner moves", mine="B", theirs="A", row="owner_moved", write="B"),
    Case(about="the owner moves, whatever the policy", mine="B", theirs="A", policy="ignore", row="owner_moved", write="B"),
    Case(about="the owner moves, refuse", mine="B", theirs="A", policy="refuse", row="owner_moved", write="B"),
    Case(about="the owner moves, theirs reformatted", mine="B", theirs="A@a", row="owner_moved", write="B"),
    Case(about="the owner moves one field of a group", base="A/B", mine="A/C", theirs="A/B", row="owner_moved", write="A/C"),
    Case(about="the owner clears", mine="-", theirs="A", row="owner_cleared", write="-"),
    Case(about="the owner clears, suggest_clear", mine="-", theirs="A", null="suggest_clear", row="owner_cleared", write="-"),
    Case(about="the owner clears, ignore", mine="-", theirs="A", null="ignore", row="unchanged"),
    Case(about="the owner clears one field of a group, ignore", base="A/B", mine="A/-", theirs="A/B", null="ignore",
         row="owner_moved", write="A/-"),
    Case(about="the owner clears a group", base="A/B", mine="-/-", theirs="A/B", row="owner_cleared", write="-/-"),
    Case(about="the owner fills", base="-", mine="A", theirs="-", row="owner_moved", write="A"),
    Case(about="the owner accepts what was restored", mine="B", theirs="A", open="B", open_restored=True, row="owner_moved",
         write="B", move="accepted", suggested="B"),
    Case(about="the owner answers what was restored with changes", mine="C", theirs="A", open="B", open_restored=True,
         row="owner_moved", write="C", move="accepted_with_changes", suggested="B"),
    Case(about="the owner's move that the suggestion was raised about is no answer to it", mine="C", theirs="A", open="B",
         open_restored=True, against="C", row="owner_moved", write="C"),
    Case(about="the same, and they took their edit back", mine="C", theirs="A", open="B", against="C", row="owner_moved",
         write="C", move="withdraw", suggested="B"),
    Case(about="our older write arrived and the owner moved on", mine="C", theirs="B", sent="B", row="owner_moved", write="C"),
    Case(about="our older write arrived and the owner went back", mine="A", theirs="B", sent="B", row="owner_moved", write="A"),
    # -- an outside edit
    Case(about="outside edit, keep", mine="A", theirs="B", row="outside_edit", move="raise", suggested="B"),
    Case(about="outside edit, restore", mine="A", theirs="B", until="restore", row="outside_edit", write="A", move="raise",
         suggested="B", restored=True),
    Case(about="outside edit, mine reformatted", mine="A@a", theirs="B", row="outside_edit", move="raise", suggested="B"),
    Case(about="outside edit of one field of a group", base="A/B/C", mine="A/B/C", theirs="A/X/C", row="outside_edit",
         move="raise", suggested="A/X/C"),
    Case(about="outside edit of a group, restore", base="A/B", mine="A/B", theirs="X/B", until="restore", row="outside_edit",
         write="A/B", move="raise", suggested="X/B", restored=True),
    Case(about="in a group form and meaning must change in the same field", base="A@x/B", mine="A@x/B", theirs="A@y/C@B",
         row="unchanged"),
    Case(about="it waits, keep", mine="A", theirs="B", open="B", row="outside_edit"),
    Case(about="it waits, staff pressed accept before they changed the contact", mine="A", theirs="B", open="B",
         decision="accept", row="outside_edit"),
    Case(about="it waits, restore: put back again", mine="A", theirs="B", until="restore", open="B", open_restored=True,
         row="outside_edit", write="A", restored=True),
    Case(about="a new value refreshes", mine="A", theirs="C", open="B", row="outside_edit", move="refresh", suggested="C"),
    Case(about="a new value refreshes, restore", mine="A", theirs="C", until="restore", open="B", open_restored=True,
         row="outside_edit", write="A", move="refresh", suggested="C", restored=True),
    Case(about="what was put back once and is entered again is kept now, and no longer counts as put back", mine="A",
         theirs="B", open="B", open_restored=True, row="outside_edit", move="refresh", suggested="B"),
    Case(about="a new value, staff pressed accept on the old one: that question is over first", mine="A", theirs="C", open="B",
         decision="accept", row="outside_edit", move="withdraw", suggested="B"),
    Case(about="the same, restore: nothing is put back before the new one is asked about", mine="A", theirs="C", until="restore",
         open="B", open_restored=True, decision="accept", row="outside_edit", move="withdraw", suggested="B"),
    Case(about="refuse", mine="A", theirs="B", policy="refuse", row="outside_edit_refused", write="A", note="restored"),
    Case(about="refuse, told already", mine="A", theirs="B", policy="refuse", noted="restored", row="outside_edit_refused",
         write="A"),
    Case(about="refuse, keep means nothing to it", mine="A", theirs="B", policy="refuse", until="restore",
         row="outside_edit_refused", write="A", note="restored"),
    Case(about="refuse a group", base="A/B", mine="A/B", theirs="A/X", policy="refuse", row="outside_edit_refused", write="A/B",
         note="restored"),
    Case(about="ignore", mine="A", theirs="B", policy="ignore", row="outside_edit_ignored"),
    Case(about="ignore, restore means nothing to it", mine="A", theirs="B", policy="ignore", until="restore",
         row="outside_edit_ignored"),
    Case(about="they clear, ignore", mine="A", theirs="-", null="ignore", row="outside_edit_ignored"),
    Case(about="they clear, ignore, restore", mine="A", theirs="-", null="ignore", until="restore", row="outside_edit_ignored"),
    Case(about="they clear, clear", mine="A", theirs="-", row="outside_edit_refused", write="A", note="restored"),
    Case(about="they clear, suggest_clear", mine="A", theirs="-", null="suggest_clear", row="outside_edit", move="raise",
         suggested="-"),
    Case(about="they clear, suggest_clear, restore", mine="A", theirs="-", null="suggest_clear", until="restore",
         row="outside_edit", write="A", move="raise", suggested="-", restored=True),
    Case(about="they clear, refuse and suggest_clear", mine="A", theirs="-", policy="refuse", null="suggest_clear",
         row="outside_edit_refused", write="A", note="restored"),
    Case(about="they clear a part of a group", base="A/B", mine="A/B", theirs="A/-", row="outside_edit", move="raise",
         suggested="A/-"),
    Case(about="they clear a part of a group that was never seen as agreed", base="A@A/B@B|A@-/B@-", mine="A/B", theirs="A/-",
         row="outside_edit", move="raise", suggested="A/-"),
    Case(about="they fill", base="-", mine="-", theirs="B", row="outside_edit", move="raise", suggested="B"),
    Case(about="they fill, restore", base="-", mine="-", theirs="B", until="restore", row="outside_edit", write="-",
         move="raise", suggested="B", restored=True),
    Case(about="they fill, restore, but empty means nothing", base="-", mine="-", theirs="B", until="restore", null="ignore",
         row="outside_edit", move="raise", suggested="B"),
    Case(about="they fill, refuse, but empty means nothing", base="-", mine="-", theirs="B", policy="refuse", null="ignore",
         row="outside_edit_refused"),
    Case(about="the owner's clear means nothing, they move", mine="-", theirs="B", null="ignore", row="outside_edit",
         move="raise", suggested="B"),
    # -- rejections
    Case(about="staff reject, keep", mine="A", theirs="B", open="B", decision="reject", row="rejected", write="A",
         move="rejected", suggested="B"),
    Case(about="staff reject what was restored", mine="A", theirs="A", open="B", open_restored=True, decision="reject",
         row="rejected", move="rejected", suggested="B"),
    Case(about="staff reject, they have moved on", mine="A", theirs="C", open="B", decision="reject", row="rejected",
         move="rejected", suggested="B"),
    Case(about="staff reject and have moved themselves", mine="C", theirs="B", open="B", decision="reject", row="rejected",
         write="C", move="rejected", suggested="B"),
    Case(about="staff reject what they hold themselves", mine="B", theirs="B", open="B", decision="reject", row="rejected",
         move="rejected", suggested="B", new_base="B"),
    Case(about="staff reject, but empty means nothing", base="-", mine="-", theirs="B", null="ignore", open="B", against="-",
         decision="reject", row="rejected", move="rejected", suggested="B"),
    Case(about="rejected before", mine="A", theirs="B", rejected="B", row="outside_edit_rejected_before", write="A"),
    Case(about="rejected before, nearly a year ago", mine="A", theirs="B", rejected="B", rejected_days_ago=364.9,
         row="outside_edit_rejected_before", write="A"),
    Case(about="rejected a year ago", mine="A", theirs="B", rejected="B", rejected_days_ago=365, row="outside_edit",
         move="raise", suggested="B"),
    Case(about="rejected against another value", mine="A", theirs="B", rejected="B", rejected_against="C", row="outside_edit",
         move="raise", suggested="B"),
    Case(about="another value was rejected", mine="A", theirs="C", rejected="B", row="outside_edit", move="raise", suggested="C"),
    Case(about="rejected before, of a group", base="A/B", mine="A/B", theirs="A/X", rejected="A/X", rejected_against="A/B",
         row="outside_edit_rejected_before", write="A/B"),
    Case(about="rejected before, refuse", mine="A", theirs="B", rejected="B", policy="refuse", row="outside_edit_refused",
         write="A", note="restored"),
    # -- both moved
    Case(about="both moved, equal", mine="B", theirs="B", row="agreed", new_base="B"),
    Case(about="both moved, equal, written otherwise", mine="B@b", theirs="B", row="agreed", new_base="B"),
    Case(about="both cleared", mine="-", theirs="-", row="agreed", new_base="-"),
    Case(about="both moved, equal: accepted", mine="B", theirs="B", open="B", row="agreed", new_base="B", move="accepted",
         suggested="B"),
    Case(about="both moved, equal, on a third value", mine="C", theirs="C", open="B", row="agreed", new_base="C",
         move="accepted_with_changes", suggested="B"),
    Case(about="our write arrived without an answer: the suggestion that it was raised with still waits", mine="C", theirs="C",
         open="B", open_restored=True, against="C", sent="C", row="agreed", new_base="C"),
    Case(about="both moved, different", mine="C", theirs="B", row="both_moved", write="C", move="raise", suggested="B",
         restored=True),
    Case(about="both moved, different, restore", mine="C", theirs="B", until="restore", row="both_moved", write="C",
         move="raise", suggested="B", restored=True),
    Case(about="both moved, different, refuse", mine="C", theirs="B", policy="refuse",
         row="both_moved", write="C", note="restored"),
    Case(about="both moved, different, ignore", mine="C", theirs="B", policy="ignore", row="both_moved", write="C"),
    Case(about="both moved in different fields of a group", base="A/B", mine="X/B", theirs="A/Y", row="both_moved", write="X/B",
         move="raise", suggested="A/Y", restored=True),
    Case(about="both moved, theirs is empty, ignore", mine="C", theirs="-", null="ignore", row="both_moved", write="C"),
    Case(about="both moved, theirs is empty, clear", mine="C", theirs="-", row="both_moved", write="C"),
    Case(about="both moved, theirs is empty, suggest_clear", mine="C", theirs="-", null="suggest_clear", row="both_moved",
         write="C", move="raise", suggested="-", restored=True),
    Case(about="both moved, the owner's is empty", mine="-", theirs="B", row="both_moved", write="-", move="raise",
         suggested="B", restored=True),
    Case(about="both moved and theirs is our own write", mine="C", theirs="B", sent="B", row="owner_moved", write="C"),
    Case(about="both moved, one open: the answer", mine="C", theirs="B", open="B", row="answered", write="C",
         move="accepted_with_changes", suggested="B"),
    Case(about="both moved, one open, refuse by now", mine="C", theirs="B", policy="refuse", open="B", row="answered",
         write="C", move="accepted_with_changes", suggested="B"),
    Case(about="both moved, one open of unknown origin: the answer", mine="C", theirs="B", open="B", against=None,
         row="answered", write="C", move="accepted_with_changes", suggested="B"),
    Case(about="both moved, one open, they moved on: settled first", mine="C", theirs="D", open="B", row="answered",
         move="accepted_with_changes", suggested="B"),
    Case(about="both moved, the owner to the suggested value, they moved on", mine="B", theirs="D", open="B", row="answered",
         move="accepted", suggested="B"),
    Case(about="answered so before: no question again while our write is on its way", mine="C", theirs="B", rejected="B",
         rejected_against="C", row="both_moved", write="C"),
    Case(about="the move that it was raised about is no answer", mine="C", theirs="B", open="B", open_restored=True,
         against="C", row="both_moved", write="C", restored=True),
    Case(about="the same, and they moved on", mine="C", theirs="D", open="B", open_restored=True, against="C", row="both_moved",
         write="C", move="refresh", suggested="D", restored=True),
    Case(about="the same, and staff pressed accept: that question is over first", mine="C", theirs="D", open="B",
         open_restored=True, against="C", decision="accept", row="both_moved", move="withdraw", suggested="B"),
]
# fmt: on


def check(law: ModuleType, case: Case, owner: Owner) -> None:
    """Play one case against a module that states the law."""
    mine, theirs = readable(case.mine), readable(case.theirs)
    crm, career = (mine, theirs) if owner is Owner.ALUMNI_RELATIONS else (theirs, mine)
    memory = case.memory(owner)
    verdict = law.judge(unit=case.unit(owner), base=base_of(case.base, owner), crm=crm, career=career, memory=memory, now=NOW)
    told = {
        "row": str(verdict.row),
        "write": verdict.write,
        "values": verdict.values,
        "move": verdict.move and str(verdict.move),
        "suggested": verdict.suggested if verdict.move else None,
        "restored": verdict.restored,
        "note": verdict.note,
        "base": verdict.base and (verdict.base.crm.values, verdict.base.career.values),
        "flag": verdict.flag,
        "forget_base": verdict.forget_base,
    }
    assert verdict.base is None or verdict.base.of(owner.side) == mine, "a base knows the owner's value as it was read"
    new_base = base_of(case.new_base, owner)
    expected: Mapping[str, object] = {
        "row": case.row,
        "write": owner.side.other if case.write else None,
        "values": reading_of(case.write).values if case.write else None,
        "move": case.move,
        "suggested": reading_of(case.suggested).values if case.suggested else None,
        "restored": case.restored,
        "note": case.note,
        "base": new_base and (new_base.crm.values, new_base.career.values),
        "flag": None,
        "forget_base": False,
    }
    assert told == expected


@pytest.mark.parametrize("owner", Owner)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.about)
def test_every_row_of_the_law(case: Case, owner: Owner) -> None:
    """Each case of the table is judged as it says, whichever office owns the field."""
    check(merge, case, owner)


def test_the_table_has_every_row() -> None:
    """The tables of this file play every row that the law can answer."""
    ended = {"sharing_ended", "not_shared"}  # answered by end_sharing, tested below
    assert {case.row for case in CASES} | {case.row for case in OPT_OUTS} | ended == {str(row) for row in merge.Row}
    assert len({case.about for case in CASES}) == len(CASES)


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOut:
    """A case of ``opt_out_wins``. T restricts, F does not, ``-`` says nothing, ``?`` was not readable.

    ``base`` is CRM's, then careers' value.
    """

    about: str
    base: str | None = "FF"
    crm: str
    career: str
    total: bool = False
    """Whether this is the opt-out of all contact, which only staff enter on the Contact."""
    open: str | None = None
    decision: str | None = None
    rejected_days_ago: float | None = None
    rejected_against: str = "F"
    sent: bool = False
    noted: str | None = None

    row: str
    write: str | None = None
    move: str | None = None
    note: str | None = None
    flag: bool | None = None


# fmt: off
# One case, one or two lines: this is a table to be read.
OPT_OUTS = [
    OptOut(about="both restrict", base=None, crm="T", career="T", row="agreed"),
    OptOut(about="both restrict and did", base="TT", crm="T", career="T", row="unchanged"),
    OptOut(about="staff entered what careers asked for", crm="T", career="T", total=True, open="T",
           row="agreed", move="accepted"),
    OptOut(about="CRM restricts", crm="T", career="F", row="opt_out_from_crm", write="T", flag=False),
    OptOut(about="CRM restricts, base unknown", base=None, crm="T", career="F", row="opt_out_from_crm", write="T", flag=False),
    OptOut(about="CRM restricts, careers say nothing", crm="T", career="-", row="opt_out_from_crm", write="T", flag=False),
    OptOut(about="careers lift what both had", base="TT", crm="T", career="F", row="opt_out_from_crm", write="T",
           note="opt_out_stands", flag=False),
    OptOut(about="careers lift what both had, told already", base="TT", crm="T", career="F", noted="opt_out_stands",
           row="opt_out_from_crm", write="T", flag=False),
    OptOut(about="CRM restricts, careers' wish for it was open", crm="T", career="F", total=True, open="T",
           row="opt_out_from_crm", write="T", move="withdraw", flag=False),
    OptOut(about="careers restrict", crm="F", career="T", row="opt_out_from_career", flag=True),
    OptOut(about="careers restrict, whatever the CRM says", crm="?", career="T", row="unreadable", flag=True),
    OptOut(about="careers do not restrict, whatever the CRM says", crm="?", career="F", row="unreadable"),
    OptOut(about="the CRM restricts, whatever careers say", crm="T", career="?", row="unreadable"),
    OptOut(about="careers restrict, base unknown", base=None, crm="F", career="T", row="opt_out_from_career", flag=True),
    OptOut(about="careers restrict, CRM says nothing", crm="-", career="T", row="opt_out_from_career", flag=True),
    OptOut(about="careers restrict, and were asked about while it was of all contact", crm="F", career="T", open="T",
           row="opt_out_from_career", move="withdraw", flag=True),
    OptOut(about="careers restrict all contact", crm="F", career="T", total=True,
           row="opt_out_from_career", move="raise", flag=True),
    OptOut(about="careers restrict all contact, base unknown", base=None, crm="F", career="T", total=True,
           row="opt_out_from_career", move="raise", flag=True),
    OptOut(about="it waits", crm="F", career="T", total=True, open="T", row="opt_out_from_career", flag=True),
    OptOut(about="another question was open", crm="F", career="T", total=True, open="-", row="opt_out_from_career",
           move="refresh", flag=True),
    OptOut(about="another question was open, and staff decided it", crm="F", career="T", total=True, open="-", decision="accept",
           row="opt_out_from_career", move="withdraw", flag=True),
    OptOut(about="staff reject: careers' opt-out still counts", crm="F", career="T", total=True, open="T", decision="reject",
           row="opt_out_from_career", move="rejected", flag=True),
    OptOut(about="rejected before", crm="F", career="T", total=True, rejected_days_ago=3, row="opt_out_from_career", flag=True),
    OptOut(about="rejected a year ago", crm="F", career="T", total=True, rejected_days_ago=365, row="opt_out_from_career",
           move="raise", flag=True),
    OptOut(about="rejected against another value", crm="F", career="T", total=True, rejected_days_ago=3, rejected_against="-",
           row="opt_out_from_career", move="raise", flag=True),
    OptOut(about="careers take it back", crm="F", career="F", total=True, open="T", row="unchanged", move="withdraw", flag=False),
    OptOut(about="CRM lifts what both had", base="TT", crm="F", career="T", row="opt_out_held",
           note="crm_lifted_opt_out", flag=True),
    OptOut(about="CRM lifts what both had, told already", base="TT", crm="F", career="T", noted="crm_lifted_opt_out",
           row="opt_out_held", flag=True),
    OptOut(about="CRM lifts what we had just carried over", crm="F", career="T", sent=True, row="opt_out_held",
           note="crm_lifted_opt_out", flag=True),
    OptOut(about="both lift", base="TT", crm="F", career="F", row="agreed", flag=False),
    OptOut(about="nothing restricts", crm="F", career="F", row="unchanged", flag=False),
    OptOut(about="nothing restricts, careers know nothing", base=None, crm="F", career="-",
           row="fill_empty", write="F", flag=False),
]
# fmt: on

TRUTHS: Mapping[str, bool | None] = {"T": True, "F": False, "-": None}


def check_opt_out(law: ModuleType, case: OptOut, restrictive: bool) -> None:  # noqa: FBT001 - parametrized by name
    """Play one opt-out against a module that states the law; ``restrictive`` False is a field of the kind *may we*."""

    def told(letter: str) -> Reading:
        truth = TRUTHS[letter]
        value = truth if truth is None or restrictive else not truth
        return Reading(values=(value,), natives=(value,))

    opened = case.open and OpenSuggestion(
        values=told(case.open).values, episode=1, decision=case.decision, against=told("F").values
    )
    rejected = case.rejected_days_ago is not None and Rejection(
        values=told("T").values, against=told(case.rejected_against).values, at=NOW - timedelta(days=case.rejected_days_ago)
    )
    verdict = law.judge(
        unit=unit_of(other_office_edit=OutsideEdit.OPT_OUT_WINS, restrictive=restrictive, opt_out_global=case.total),
        base=Base(crm=told(case.base[0]), career=told(case.base[1])) if case.base else None,
        crm=None if case.crm == "?" else told(case.crm),
        career=None if case.career == "?" else told(case.career),
        memory=Memory(
            open=opened or None,
            rejected=rejected or None,
            noted=case.noted,
            sent={Side.CAREER: (told("T").values,)} if case.sent else {},
        ),
        now=NOW,
    )
    found = (str(verdict.row), verdict.write, verdict.values, verdict.move and str(verdict.move), verdict.note, verdict.flag)
    write = (Side.CAREER, told(case.write).values) if case.write else (None, None)
    assert found == (case.row, *write, case.move, case.note, case.flag)
    if case.move is not None:
        assert verdict.suggested == (opened.values if opened and case.move != "refresh" else told(case.career).values)


@pytest.mark.parametrize("restrictive", [True, False], ids=["do_not", "may_we"])
@pytest.mark.parametrize("case", OPT_OUTS, ids=lambda case: case.about)
def test_opt_out_wins(case: OptOut, restrictive: bool) -> None:  # noqa: FBT001 - parametrized by name
    """The more restrictive value counts, whoever set it; only people loosen, each on their own side."""
    check_opt_out(merge, case, restrictive)
