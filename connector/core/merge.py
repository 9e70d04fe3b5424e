"""The law for one unit: what two readings, the base and the memory of a field (or group) mean.

``judge`` is total: for it nothing can fail. It answers a ``Verdict``, a value that can be printed, stored, limited and
tested; ``permit`` takes away what sharing and modes do not allow; ``settle`` says what the local state is afterwards.
The base moves only in ``settle``, and for a write only once the side has acknowledged it.

The words *mine* and *theirs* below: the reading on the field owner's side, and the one across.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeGuard

from connector.core.model import (
    Base,
    Memory,
    Mode,
    NullPolicy,
    OnWithdrawn,
    OpenSuggestion,
    OutsideEdit,
    Owner,
    Reading,
    Rejection,
    Share,
    Side,
    Unit,
    UntilDecided,
    Value,
)

REJECTION_HOLDS = timedelta(days=365)
"""How long a rejected value is not suggested again while neither side moves."""


class Row(StrEnum):
    """Which row of the law applied; ``why`` prints it, tests count it."""

    UNREADABLE = "unreadable"
    AGREED = "agreed"
    UNCHANGED = "unchanged"
    KEPT_APART = "kept_apart"
    FILL_EMPTY = "fill_empty"
    FIRST_DIFFERENCE = "first_difference"
    ADOPTED = "adopted"
    OWNER_MOVED = "owner_moved"
    OWNER_CLEARED = "owner_cleared"
    OUTSIDE_EDIT = "outside_edit"
    OUTSIDE_EDIT_REFUSED = "outside_edit_refused"
    OUTSIDE_EDIT_IGNORED = "outside_edit_ignored"
    OUTSIDE_EDIT_REJECTED_BEFORE = "outside_edit_rejected_before"
    BOTH_MOVED = "both_moved"
    ANSWERED = "answered"
    REJECTED = "rejected"
    OPT_OUT_FROM_CRM = "opt_out_from_crm"
    OPT_OUT_FROM_CAREER = "opt_out_from_career"
    OPT_OUT_HELD = "opt_out_held"
    SHARING_ENDED = "sharing_ended"
    NOT_SHARED = "not_shared"


class Move(StrEnum):
    """What happens to a suggestion."""

    RAISE = "raise"
    REFRESH = "refresh"
    WITHDRAW = "withdraw"
    ACCEPTED = "accepted"
    ADJUSTED = "accepted_with_changes"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer for one unit.

    ``write`` names the side that is to receive ``values``. ``base`` is to be set at once, without any write. ``suggested``
    are the values that ``move`` is about; ``restored`` tells that our own write takes them away from the career side.
    ``note`` is the code of a staff-only note for the editor, ``noted`` the one that stands, told before or now. ``flag`` is the
    wanted opt-out flag on the career profile.
    """

    row: Row
    write: Side | None = None
    values: tuple[Value, ...] | None = None
    base: Base | None = None
    forget_base: bool = False
    move: Move | None = None
    suggested: tuple[Value, ...] | None = None
    restored: bool = False
    note: str | None = None
    noted: str | None = None
    flag: bool | None = None

    @property
    def acts(self) -> bool:
        """Whether anything outside the local state is to change."""
        return self.write is not None or self.move is not None or self.note is not None


def judge(
    *, unit: Unit, base: Base | None, crm: Reading | None, career: Reading | None, memory: Memory, now: datetime
) -> Verdict:
    """Decide one unit. A reading of None was not readable, which is never the same as empty: nothing follows from it.

    But whoever says no to careers has said it, whatever the contact says.
    """
    if crm is None or career is None:
        refuses = (
            unit.other_office_edit is OutsideEdit.OPT_OUT_WINS and career is not None and career.values == (unit.restrictive,)
        )
        return Verdict(row=Row.UNREADABLE, noted=memory.noted, flag=refuses or None)
    law = _judge_opt_out if unit.other_office_edit is OutsideEdit.OPT_OUT_WINS else _judge_owned
    return _tell_once(_spare_values(unit, law(unit, base, crm, career, memory, now), memory), memory)


def _spare_values(unit: Unit, verdict: Verdict, memory: Memory) -> Verdict:
    """Where empty means nothing, putting back or answering with it must not erase what the other side has of this person."""
    if verdict.row is Row.ADOPTED and memory.adopt == "replace":
        return verdict
    if unit.null is NullPolicy.IGNORE and verdict.values is not None and all(value is None for value in verdict.values):
        return _without_write(verdict)
    return verdict


def _tell_once(verdict: Verdict, memory: Memory) -> Verdict:
    return replace(verdict, noted=verdict.note, note=None if verdict.note == memory.noted else verdict.note)


def _judge_owned(unit: Unit, base: Base | None, crm: Reading, career: Reading, memory: Memory, now: datetime) -> Verdict:
    mine, theirs = (crm, career) if unit.owner is Owner.ALUMNI_RELATIONS else (career, crm)
    if memory.open is not None and memory.open.decision == "reject":
        return _reject(unit, base, crm, career, memory)
    if mine.values == theirs.values:
        return _ask_again(_agree(unit, base, crm, career, memory), mine, memory)
    if base is None:
        return _judge_without_base(unit, crm, career, memory)
    return _judge_moves(unit, base, mine, theirs, memory, now)


def _judge_moves(unit: Unit, base: Base, mine: Reading, theirs: Reading, memory: Memory, now: datetime) -> Verdict:
    mine_moved = _moved(unit.owner.side, mine, base, memory)
    if mine_moved and mine.empty and unit.null is NullPolicy.IGNORE:
        mine_moved = False
    theirs_moved = _moved(unit.owner.side.other, theirs, base, memory)
    match mine_moved, theirs_moved:
        case False, False if theirs.values in memory.sent.get(unit.owner.side.other, ()):
            # An older write of ours arrived, unknown to us, and the owner has gone back since.
            return _write(unit, mine, Row.OWNER_MOVED)
        case False, False:
            row = Row.UNCHANGED if base.crm.values == base.career.values else Row.KEPT_APART
            return Verdict(row=row, move=_taken_back(memory, theirs), suggested=_open_values(memory))
        case True, False:
            row = Row.OWNER_CLEARED if mine.empty else Row.OWNER_MOVED
            move = _answer(memory.open, mine) if _answered(memory.open, mine) else _taken_back(memory, theirs)
            return replace(_write(unit, mine, row), move=move, suggested=_open_values(memory))
        case False, True:
            return _judge_outside_edit(unit, mine, theirs, memory, now)
        case _:
            return _judge_both_moved(unit, mine, theirs, memory, now)


def _moved(side: Side, reading: Reading, base: Base, memory: Memory) -> bool:
    """A side has moved if a native and its canonical value both changed and the value is not one that we sent.

    A base that holds a value but no native form never saw that form: there the value alone tells.
    """
    if reading.values in memory.sent.get(side, ()):
        return False
    was = base.of(side)
    return any(
        value != value_was and (native != native_was or (native_was is None and value_was is not None))
        for native, native_was, value, value_was in zip(reading.natives, was.natives, reading.values, was.values, strict=True)
    )


def _write(unit: Unit, mine: Reading, row: Row) -> Verdict:
    return Verdict(row=row, write=unit.owner.side.other, values=mine.values)


def _open_values(memory: Memory) -> tuple[Value, ...] | None:
    return memory.open.values if memory.open else None


def _answered(suggestion: OpenSuggestion | None, mine: Reading) -> TypeGuard[OpenSuggestion]:
    """Whether the owner, who has moved since the base, has done so since the suggestion: else it still waits.

    The base alone cannot tell, because it stays behind until a write across is acknowledged.
    """
    return suggestion is not None and mine.values != suggestion.against


def _answer(suggestion: OpenSuggestion, mine: Reading) -> Move:
    """How an open suggestion was answered by the owner's own move."""
    return Move.ACCEPTED if mine.values == suggestion.values else Move.ADJUSTED


def _taken_back(memory: Memory, theirs: Reading) -> Move | None:
    """Withdraw an open suggestion about a value that is gone, unless it was we who took it away."""
    waits = memory.open is None or memory.open.restored or theirs.values == memory.open.values
    return None if waits else Move.WITHDRAW


def _agree(unit: Unit, base: Base | None, crm: Reading, career: Reading, memory: Memory) -> Verdict:
    ours = career.values in memory.sent.get(Side.CAREER, ())
    agreed = Base(crm=crm, career=career, supplied=ours or _supplied(base, career, memory))
    move: Move | None = None
    if memory.open is not None:
        mine, theirs = (crm, career) if unit.owner is Owner.ALUMNI_RELATIONS else (career, crm)
        owner_moved = base is None or _moved(unit.owner.side, mine, base, memory)
        if mine.values == memory.open.values or (owner_moved and _answered(memory.open, mine)):
            move = _answer(memory.open, mine)
        else:
            # Careers took their edit back themselves; after a restore by us the same picture means: still waiting.
            move = _taken_back(memory, theirs)
    changed = base is None or base.crm != crm or base.career != career
    return Verdict(
        row=Row.AGREED if changed else Row.UNCHANGED,
        base=agreed if changed else None,
        move=move,
        suggested=_open_values(memory),
    )


def _ask_again(verdict: Verdict, mine: Reading, memory: Memory) -> Verdict:
    """What we had put back when sharing ended, and nobody has answered since, is asked once more."""
    asked = memory.suspended
    if asked is None or memory.open is not None or mine.values != asked.against:
        return verdict
    return replace(verdict, move=Move.RAISE, suggested=asked.values, restored=True)


def _supplied(base: Base | None, career: Reading, memory: Memory) -> bool:
    """Whether careers hold this value because we wrote it there; read in another way by now, it is no other value."""
    if base is None:
        return memory.supplied == career.values
    return base.supplied and not _moved(Side.CAREER, career, base, memory)


def _judge_without_base(unit: Unit, crm: Reading, career: Reading, memory: Memory) -> Verdict:
    mine, theirs = (crm, career) if unit.owner is Owner.ALUMNI_RELATIONS else (career, crm)
    if memory.open is None or theirs.values != memory.open.values:
        return _judge_unknown(unit, crm, career, memory)
    if _answered(memory.open, mine):
        # The question has outlived the base, and so has its answer.
        return replace(_write(unit, mine, Row.ANSWERED), move=_answer(memory.open, mine), suggested=memory.open.values)
    # What careers hold is what is asked about, and no gap.
    return _judge_unknown(unit, crm, career, replace(memory, differed=True))


def _judge_unknown(unit: Unit, crm: Reading, career: Reading, memory: Memory) -> Verdict:
    mine, theirs = (crm, career) if unit.owner is Owner.ALUMNI_RELATIONS else (career, crm)
    # What careers have entered, or cleared, since the choice nobody has chosen about.
    lapsed = memory.adopt == "crm_wins" and memory.chosen_over not in (None, theirs.values)
    gap = theirs.empty and not memory.differed and not lapsed
    if gap or theirs.values in memory.sent.get(unit.owner.side.other, ()):
        return _write(unit, mine, Row.FILL_EMPTY)
    match None if lapsed else memory.adopt:
        case "crm_wins" if not (mine.empty and unit.null is NullPolicy.IGNORE):
            return _write(unit, mine, Row.ADOPTED)
        case "keep":
            return Verdict(row=Row.ADOPTED, base=Base(crm=crm, career=career, supplied=_supplied(None, career, memory)))
        case "replace":
            return _write(unit, mine, Row.ADOPTED)
        case "suggest":
            return Verdict(row=Row.ADOPTED, base=_as_if_agreed(unit, mine))
        case _:
            return Verdict(row=Row.FIRST_DIFFERENCE)


def _as_if_agreed(unit: Unit, mine: Reading) -> Base:
    """A base on the owner's value with no native form known across: whatever differs there counts as moved."""
    across = Reading(values=mine.values, natives=(None,) * len(mine.natives))
    crm, career = (mine, across) if unit.owner is Owner.ALUMNI_RELATIONS else (across, mine)
    return Base(crm=crm, career=career)


def _judge_outside_edit(unit: Unit, mine: Reading, theirs: Reading, memory: Memory, now: datetime) -> Verdict:
    restore = _write(unit, mine, Row.OUTSIDE_EDIT_REFUSED)
    if unit.other_office_edit is OutsideEdit.IGNORE or (theirs.empty and unit.null is NullPolicy.IGNORE):
        return Verdict(row=Row.OUTSIDE_EDIT_IGNORED)
    if unit.other_office_edit is OutsideEdit.REFUSE or (theirs.empty and unit.null is NullPolicy.CLEAR):
        return replace(restore, note="restored")
    if _rejected_before(memory.rejected, mine, theirs, now):
        return replace(restore, row=Row.OUTSIDE_EDIT_REJECTED_BEFORE)
    if _decided_another(memory, theirs):
        return _asked_no_more(Row.OUTSIDE_EDIT, memory)
    restored = unit.until_decided is UntilDecided.RESTORE
    verdict = restore if restored else Verdict(row=Row.OUTSIDE_EDIT)
    move = _raise(memory, theirs, restored=restored)
    return replace(verdict, row=Row.OUTSIDE_EDIT, move=move, suggested=theirs.values, restored=restored)


def _raise(memory: Memory, theirs: Reading, *, restored: bool) -> Move | None:
    if memory.open is None:
        return Move.RAISE
    stands = memory.open.values == theirs.values and (restored or not memory.open.restored)
    return None if stands else Move.REFRESH


def _decided_another(memory: Memory, theirs: Reading) -> bool:
    """Whether staff have decided about another value already: what they pressed is not to stand beside this one."""
    return memory.open is not None and memory.open.decision is not None and memory.open.values != theirs.values


def _asked_no_more(row: Row, memory: Memory) -> Verdict:
    """The old question is over; the next judgement raises the new one."""
    return Verdict(row=row, move=Move.WITHDRAW, suggested=_open_values(memory))


def _rejected_before(rejected: Rejection | None, mine: Reading, theirs: Reading, now: datetime) -> bool:
    return (
        rejected is not None
        and rejected.values == theirs.values
        and rejected.against == mine.values
        and now - rejected.at < REJECTION_HOLDS
    )


def _judge_both_moved(unit: Unit, mine: Reading, theirs: Reading, memory: Memory, now: datetime) -> Verdict:
    write = _write(unit, mine, Row.BOTH_MOVED)
    if _answered(memory.open, mine):
        answer = replace(write, row=Row.ANSWERED, move=_answer(memory.open, mine), suggested=memory.open.values)
        if theirs.values == memory.open.values:
            return answer
        # Careers have moved on to a third value: settle the old question first, the next judgement raises the new one.
        return replace(answer, write=None, values=None)
    if unit.other_office_edit is OutsideEdit.REFUSE:
        return replace(write, note="restored")
    asked = (
        unit.other_office_edit is not OutsideEdit.IGNORE
        and not (theirs.empty and unit.null is not NullPolicy.SUGGEST_CLEAR)
        and not _rejected_before(memory.rejected, mine, theirs, now)
    )
    if not asked:
        return write
    if _decided_another(memory, theirs):
        return _asked_no_more(Row.BOTH_MOVED, memory)
    return replace(write, move=_raise(memory, theirs, restored=True), suggested=theirs.values, restored=True)


def _reject(unit: Unit, base: Base | None, crm: Reading, career: Reading, memory: Memory) -> Verdict:
    mine, theirs = (crm, career) if unit.owner is Owner.ALUMNI_RELATIONS else (career, crm)
    settled = Verdict(row=Row.REJECTED, move=Move.REJECTED, suggested=_open_values(memory))
    if mine.values == theirs.values:
        return replace(settled, base=_agree(unit, base, crm, career, memory).base)
    if theirs.values != _open_values(memory):
        return settled
    return replace(settled, write=unit.owner.side.other, values=mine.values)


def _judge_opt_out(unit: Unit, base: Base | None, crm: Reading, career: Reading, memory: Memory, now: datetime) -> Verdict:
    """Opt-out wins: the more restrictive value counts, whoever set it; only people loosen, each side its own."""
    restricted_crm, restricted_career = crm.values == (unit.restrictive,), career.values == (unit.restrictive,)
    match restricted_crm, restricted_career:
        case True, True:
            return _agree(unit, base, crm, career, memory)
        case True, False:
            lifted = base is not None and base.career.values == (unit.restrictive,)
            return Verdict(
                row=Row.OPT_OUT_FROM_CRM,
                write=Side.CAREER,
                values=crm.values,
                note="opt_out_stands" if lifted else None,
                move=Move.WITHDRAW if memory.open else None,
                suggested=_open_values(memory),
                flag=False,
            )
        case False, True:
            return _judge_career_opt_out(unit, base, crm, career, memory, now)
        case _:
            return replace(_judge_owned(unit, base, crm, career, memory, now), flag=False)


def _judge_career_opt_out(unit: Unit, base: Base | None, crm: Reading, career: Reading, memory: Memory, now: datetime) -> Verdict:
    ours = career.values in memory.sent.get(Side.CAREER, ())
    owner_loosened = ours or (
        base is not None
        and base.crm.values == (unit.restrictive,)
        and base.career.values == (unit.restrictive,)
        and crm.values != base.crm.values
    )
    if owner_loosened:
        # Careers still restrict, whoever set it first: this is to be respected until they lift it, as any opt-out of theirs.
        return Verdict(row=Row.OPT_OUT_HELD, note="crm_lifted_opt_out", flag=True)
    told = Verdict(row=Row.OPT_OUT_FROM_CAREER, flag=True)
    if not unit.opt_out_global:
        # A question of when it concerned all contact is none any more.
        return replace(told, move=Move.WITHDRAW, suggested=memory.open.values) if memory.open is not None else told
    if memory.open is not None and memory.open.values == career.values:
        decided = memory.open.decision == "reject"
        return replace(told, move=Move.REJECTED, suggested=memory.open.values) if decided else told
    if memory.open is None and _rejected_before(memory.rejected, crm, career, now):
        return told
    if _decided_another(memory, career):
        return replace(told, move=Move.WITHDRAW, suggested=_open_values(memory))
    return replace(told, move=Move.REFRESH if memory.open else Move.RAISE, suggested=career.values)


def end_sharing(*, unit: Unit, base: Base | None, crm: Reading | None, career: Reading | None, memory: Memory) -> Verdict:
    """What follows for one unit when its value may no longer go to careers (or never might).

    What stands on both sides all the same is agreed: should it be shared one day, careers' edits until then are edits.
    """
    withdrawn = Verdict(row=Row.NOT_SHARED, move=_closed(memory), suggested=_open_values(memory))
    # What we have sent is ours, also where its answer was lost.
    sent = career is not None and not career.empty and career.values in memory.sent.get(Side.CAREER, ())
    ours = career is not None and (sent or _supplied(base, career, memory))
    if base is None and not ours and crm is not None and career is not None and crm.values == career.values:
        return replace(withdrawn, base=Base(crm=crm, career=career))
    if not ours and (base is None or not base.supplied):
        return withdrawn
    ended = replace(withdrawn, row=Row.SHARING_ENDED, note="sharing_ended")
    supplied = base.career.values if base is not None else memory.supplied
    restricts = unit.other_office_edit is OutsideEdit.OPT_OUT_WINS and supplied == (unit.restrictive,)
    if unit.on_withdrawn is OnWithdrawn.KEEP or restricts or not ours:
        # What careers changed since is theirs: we take back only what we supplied, and never somebody's opt-out. What was agreed
        # is remembered: a value that cannot be seen now is cleared once it can be, and what careers have emptied is no gap.
        return _tell_once(ended, memory)
    return _tell_once(replace(ended, write=Side.CAREER, values=(None,) * len(unit.fields), forget_base=True), memory)


def _closed(memory: Memory) -> Move | None:
    """How a question ends that leads to nothing any more: what staff have turned down before that stays turned down."""
    if memory.open is None:
        return None
    return Move.REJECTED if memory.open.decision == "reject" else Move.WITHDRAW


def permit(verdict: Verdict, unit: Unit) -> Verdict:
    """Take away what the unit's modes and ``share = never`` do not allow. A value is never taken from careers unless kept."""
    may_raise = unit.to_crm is not Mode.OBSERVE
    shared = unit.share is not Share.NEVER
    limits = {Side.CAREER: shared and unit.to_career is Mode.WRITE, Side.CRM: unit.to_crm is Mode.WRITE}
    if verdict.move in (Move.RAISE, Move.REFRESH) and not may_raise:
        verdict = replace(_without_write(verdict), move=None)
    if verdict.write is not None and not limits[verdict.write]:
        verdict = _without_write(verdict)
    return verdict


def _without_write(verdict: Verdict) -> Verdict:
    """The verdict without its write, and without what is only true with it. A note that is not sent does not stand."""
    noted = verdict.noted if verdict.note is None else None
    return replace(verdict, write=None, values=None, restored=False, note=None, noted=noted, forget_base=False)


def settle(
    *, verdict: Verdict, base: Base | None, memory: Memory, mine: Reading | None, now: datetime
) -> tuple[Base | None, Memory]:
    """The local state once the verdict stands, before any write is acknowledged. ``mine`` is the owner's reading."""
    forgotten = verdict.forget_base and verdict.write is None
    new_base = None if forgotten else (verdict.base or base)
    chosen = None if new_base is not None or verdict.row is Row.FIRST_DIFFERENCE else memory.adopt
    memory = replace(memory, noted=verdict.noted, adopt=chosen, chosen_over=memory.chosen_over if chosen else None)
    if forgotten or new_base is not None:
        memory = replace(memory, supplied=None)
    # Of a contact that is gone counts what it held when the question was asked.
    against = mine.values if mine is not None else memory.open.against if memory.open is not None else None
    memory = replace(memory, suspended=_suspended(verdict, memory, against))
    match verdict.move:
        case Move.RAISE:
            episode = memory.episodes + 1
            values = verdict.suggested or ()
            opened = OpenSuggestion(values=values, episode=episode, restored=verdict.restored, against=against)
            return new_base, replace(memory, open=opened, episodes=episode)
        case Move.REFRESH if memory.open is not None:
            values = verdict.suggested or ()
            opened = replace(memory.open, values=values, restored=verdict.restored, against=against)
            return new_base, replace(memory, open=opened)
        case Move.REJECTED | Move.ADJUSTED if against is not None:
            # An answer with changes turns the suggested value down as well: until our write arrives it is still read there.
            rejected = Rejection(values=verdict.suggested or (), against=against, at=now)
            return new_base, replace(memory, open=None, rejected=rejected)
        case Move.WITHDRAW | Move.ACCEPTED | Move.ADJUSTED | Move.REJECTED:
            return new_base, replace(memory, open=None)
        case _ if verdict.restored and memory.open is not None:
            return new_base, replace(memory, open=replace(memory.open, restored=True))
        case _:
            return new_base, memory


def _suspended(verdict: Verdict, memory: Memory, against: tuple[Value, ...] | None) -> OpenSuggestion | None:
    """The question that waits for sharing to begin again; one that is asked since, or that the owner has answered, does not."""
    if verdict.move is Move.WITHDRAW and verdict.row in (Row.SHARING_ENDED, Row.NOT_SHARED):
        return memory.open if memory.open is not None and memory.open.restored else None
    asked = memory.suspended
    if asked is None:
        return None
    # What is asked again waits here all the same until it is answered: the question may be dropped, or refused.
    another = verdict.move in (Move.RAISE, Move.REFRESH) and verdict.suggested != asked.values
    answered = memory.open is not None and verdict.move in (Move.ACCEPTED, Move.ADJUSTED, Move.REJECTED, Move.WITHDRAW)
    return None if another or answered or against not in (None, asked.against) else asked


def acknowledge(*, verdict: Verdict, crm: Reading, career: Reading, written: Reading) -> Base | None:
    """The base after the side named in ``verdict.write`` acknowledged ``written`` (its values as that side now holds them)."""
    if verdict.forget_base:
        return None
    if verdict.write is Side.CAREER:
        return Base(crm=crm, career=written, supplied=True)
    return Base(crm=written, career=career)
