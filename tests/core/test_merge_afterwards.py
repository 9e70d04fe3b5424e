"""What follows a verdict: limits, the local state, acknowledged writes, the end of sharing."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType
from typing import Any

from connector.core import merge
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
)
from tests.core.test_merge_table import NOW, base_of, readable, reading_of, unit_of


def judged(law: ModuleType, unit: Unit, *, mine: str, theirs: str, memory: Memory | None = None) -> Any:
    """The verdict over base A for a field that Alumni Relations owns."""
    return law.judge(
        unit=unit,
        base=base_of("A", Owner.ALUMNI_RELATIONS),
        crm=reading_of(mine),
        career=reading_of(theirs),
        memory=memory or Memory(),
        now=NOW,
    )


def check_permit(law: ModuleType) -> None:
    """What the modes of the two directions leave of a verdict, and what becomes of a withheld note."""
    no_writes = unit_of(to_career=Mode.SUGGEST, until_decided=UntilDecided.RESTORE)
    asked = law.permit(judged(law, no_writes, mine="A", theirs="B"), no_writes)
    assert (asked.write, asked.values, asked.restored, str(asked.move)) == (None, None, False, "raise")

    silent = unit_of(to_crm=Mode.OBSERVE)
    watched = law.permit(judged(law, silent, mine="C", theirs="B"), silent)
    assert (watched.write, watched.move, watched.restored) == (None, None, False)
    assert law.permit(judged(law, silent, mine="C", theirs="A"), silent).write is Side.CAREER

    private = unit_of(share=Share.NEVER)
    assert law.permit(judged(law, private, mine="B", theirs="A"), private).write is None

    refusing = unit_of(to_career=Mode.OBSERVE, other_office_edit=OutsideEdit.REFUSE)
    first = law.permit(judged(law, refusing, mine="A", theirs="B"), refusing)
    assert (first.note, first.noted) == (None, None)
    later = law.permit(judged(law, refusing, mine="A", theirs="B", memory=Memory(noted="restored")), refusing)
    assert (later.note, later.noted) == (None, "restored")

    free = unit_of()
    everything = judged(law, free, mine="C", theirs="B")
    assert law.permit(everything, free) == everything

    of_careers = unit_of(owner=Owner.CAREER_SERVICES, to_crm=Mode.SUGGEST)
    assert law.permit(judged(law, of_careers, mine="A", theirs="B"), of_careers).write is None

    shown = Base(crm=reading_of("A"), career=reading_of("A"), supplied=True)
    ending = law.end_sharing(
        unit=unit_of(on_withdrawn=OnWithdrawn.CLEAR), base=shown, crm=None, career=shown.career, memory=Memory()
    )
    assert (ending.write, ending.forget_base) == (Side.CAREER, True)
    withheld = law.permit(ending, unit_of(to_career=Mode.OBSERVE))
    assert (withheld.write, withheld.forget_base, withheld.note) == (None, False, None), (
        "what still stands there is not forgotten"
    )


def test_permit() -> None:
    """A write needs mode write in its direction and a value that may be shared; a question needs more than observe."""
    check_permit(merge)


def check_settle(law: ModuleType) -> None:
    """What is remembered after each move."""
    base, mine = base_of("A", Owner.ALUMNI_RELATIONS), reading_of("A")
    waiting = OpenSuggestion(values=("B",), episode=4, against=("A",))
    unit = unit_of()

    def settled(verdict: Any, memory: Memory, reading: Reading = mine) -> tuple[Base | None, Memory]:
        result: tuple[Base | None, Memory] = law.settle(verdict=verdict, base=base, memory=memory, mine=reading, now=NOW)
        return result

    raised = settled(judged(law, unit, mine="A", theirs="B", memory=Memory(episodes=4)), Memory(episodes=4))
    assert raised == (base, Memory(open=OpenSuggestion(values=("B",), episode=5, against=("A",)), episodes=5))

    memory = Memory(open=waiting, episodes=4)
    assert settled(judged(law, unit, mine="A", theirs="C", memory=memory), memory)[1].open == replace(waiting, values=("C",))

    memory = Memory(open=replace(waiting, restored=True, decision="accept"), episodes=4)
    kept = settled(judged(law, unit, mine="A", theirs="B", memory=memory), memory)[1].open
    assert kept == replace(waiting, decision="accept"), "what was pressed about this very value stands"

    memory = Memory(open=replace(waiting, decision="reject"), episodes=4)
    rejected = settled(judged(law, unit, mine="A", theirs="B", memory=memory), memory)
    assert rejected == (base, Memory(rejected=Rejection(values=("B",), against=("A",), at=NOW), episodes=4))

    memory = Memory(open=waiting, episodes=4)
    answered = settled(judged(law, unit, mine="C", theirs="B", memory=memory), memory, reading_of("C"))
    assert answered == (base, Memory(rejected=Rejection(values=("B",), against=("C",), at=NOW), episodes=4))

    accepted = settled(judged(law, unit, mine="B", theirs="B", memory=memory), memory, reading_of("B"))
    assert accepted == (base_of("B", Owner.ALUMNI_RELATIONS), Memory(episodes=4))
    assert settled(judged(law, unit, mine="A", theirs="A", memory=memory), memory) == (base, Memory(episodes=4))

    restoring = unit_of(until_decided=UntilDecided.RESTORE)
    again = settled(judged(law, restoring, mine="A", theirs="B", memory=memory), memory)
    assert again[1].open == replace(waiting, restored=True)

    refusing = unit_of(other_office_edit=OutsideEdit.REFUSE)
    assert settled(judged(law, refusing, mine="A", theirs="B"), Memory())[1] == Memory(noted="restored")
    assert settled(judged(law, refusing, mine="A", theirs="A"), Memory(noted="restored"))[1] == Memory()

    unread = law.judge(unit=unit, base=base, crm=None, career=mine, memory=Memory(noted="restored"), now=NOW)
    assert settled(unread, Memory(noted="restored")) == (base, Memory(noted="restored"))

    vacated = replace(judged(law, unit, mine="A", theirs="A"), forget_base=True)
    assert settled(vacated, Memory(supplied=("A",))) == (None, Memory()), "nothing is left to write: it is forgotten at once"

    chosen = Memory(adopt="keep")
    adopted = law.judge(unit=unit, base=None, crm=mine, career=reading_of("B"), memory=chosen, now=NOW)
    kept = law.settle(verdict=adopted, base=None, memory=chosen, mine=mine, now=NOW)
    assert kept == (base_of("A|B", Owner.ALUMNI_RELATIONS), Memory())
    chosen = Memory(adopt="crm_wins", chosen_over=("B",))
    adopted = law.judge(unit=unit, base=None, crm=mine, career=reading_of("B"), memory=chosen, now=NOW)
    assert law.settle(verdict=adopted, base=None, memory=chosen, mine=mine, now=NOW) == (None, chosen)
    assert law.settle(verdict=replace(adopted, row=law.Row.FIRST_DIFFERENCE), base=None, memory=chosen, mine=mine, now=NOW) == (
        None,
        Memory(),
    )

    for supplied in ("A", "B"):
        # It began anew with a changed mapping: whether we brought what stands there is known until a base tells it.
        knows = Memory(adopt="keep", supplied=(supplied,))
        adopted = law.judge(unit=unit, base=None, crm=mine, career=reading_of("B"), memory=knows, now=NOW)
        anew = Base(crm=mine, career=reading_of("B"), supplied=supplied == "B")
        assert law.settle(verdict=adopted, base=None, memory=knows, mine=mine, now=NOW) == (anew, Memory())
        undecided = law.judge(unit=unit, base=None, crm=mine, career=reading_of("B"), memory=Memory(supplied=("B",)), now=NOW)
        assert law.settle(verdict=undecided, base=None, memory=Memory(supplied=("B",)), mine=mine, now=NOW)[1].supplied == ("B",)

    for restored in (True, False):
        asked = law.Verdict(row=law.Row.OUTSIDE_EDIT, move=law.Move.REFRESH, suggested=("C",), restored=restored)
        memory = Memory(open=replace(waiting, restored=not restored))
        told = OpenSuggestion(values=("C",), episode=4, restored=restored, against=("B",))
        assert settled(asked, memory, reading_of("B"))[1] == Memory(open=told), "it stands against what the owner has now"


def test_settle() -> None:
    """The memory follows the verdict; the base moves without a write only where both sides are known to agree or keep."""
    check_settle(merge)


def check_acknowledge(law: ModuleType) -> None:
    """The base after a write."""
    unit = unit_of()
    crm, career, written = reading_of("B"), reading_of("A"), reading_of("B@b")
    verdict = judged(law, unit, mine="B", theirs="A")
    supplied = law.acknowledge(verdict=verdict, crm=crm, career=career, written=written)
    assert supplied == Base(crm=crm, career=written, supplied=True)

    of_careers = law.judge(
        unit=unit_of(owner=Owner.CAREER_SERVICES),
        base=base_of("A", Owner.CAREER_SERVICES),
        crm=career,
        career=crm,
        memory=Memory(),
        now=NOW,
    )
    assert law.acknowledge(verdict=of_careers, crm=career, career=crm, written=written) == Base(crm=written, career=crm)

    both = {"unit": unit, "crm": crm, "career": crm, "now": NOW}
    typed = law.judge(base=Base(crm=career, career=career, supplied=True), memory=Memory(), **both)
    assert typed.base == Base(crm=crm, career=crm), "careers typed this value themselves"
    lost = law.judge(base=Base(crm=career, career=career), memory=Memory(sent={Side.CAREER: (crm.values,)}), **both)
    assert lost.base == Base(crm=crm, career=crm, supplied=True), "our write arrived, its answer did not"
    reformatted = law.judge(base=Base(crm=written, career=written, supplied=True), memory=Memory(), **both)
    assert reformatted.base == Base(crm=crm, career=crm, supplied=True)


def test_acknowledge() -> None:
    """What careers hold counts as supplied by us exactly while it is the value that we wrote."""
    check_acknowledge(merge)


def check_end_sharing(law: ModuleType) -> None:
    """What is taken back when sharing ends."""
    clearing = unit_of(2, on_withdrawn=OnWithdrawn.CLEAR)
    ours = Base(crm=reading_of("A/B"), career=reading_of("A/B"), supplied=True)
    opened = OpenSuggestion(values=("X", "B"), episode=1, against=("A", "B"))

    def ended(unit: Unit, base: Base | None, career: str, memory: Memory | None = None, crm: str = "Q/Q") -> Any:
        return law.end_sharing(unit=unit, base=base, crm=readable(crm), career=readable(career), memory=memory or Memory())

    cleared = ended(clearing, ours, "A/B", Memory(open=opened))
    assert (str(cleared.row), cleared.write, cleared.values) == ("sharing_ended", Side.CAREER, (None, None))
    assert (str(cleared.move), cleared.note, cleared.forget_base) == ("withdraw", "sharing_ended", True)
    assert ended(clearing, ours, "A/B", Memory(noted="sharing_ended")).note is None
    waits = law.settle(verdict=cleared, base=ours, memory=Memory(), mine=None, now=NOW)
    assert waits == (ours, Memory(noted="sharing_ended")), "the base is forgotten once the clear has arrived"
    assert law.acknowledge(verdict=cleared, crm=ours.crm, career=ours.career, written=reading_of("-/-")) is None

    sent = Memory(sent={Side.CAREER: (("A", "X"),)})
    assert ended(clearing, ours, "A/X", sent).write is Side.CAREER, "ours, too, though nobody has told us that it arrived"
    anew = Memory(supplied=("A", "B"))
    assert ended(clearing, None, "A/B", anew).write is Side.CAREER, (
        "it began anew with a changed mapping, and is ours all the same"
    )
    assert law.settle(verdict=ended(unit_of(2), None, "A/B", anew), base=None, memory=anew, mine=None, now=NOW) == (
        None,
        replace(anew, noted="sharing_ended"),
    )

    for unit, career in ((clearing, "A/X"), (clearing, "?"), (unit_of(2), "A/B")):
        left = ended(unit, ours, career)
        assert (left.write, left.note, left.forget_base) == (None, "sharing_ended", False)
        assert law.settle(verdict=left, base=ours, memory=Memory(), mine=None, now=NOW)[0] == ours, (
            "what cannot be seen now is cleared once it can be, and what careers have emptied is no gap"
        )
    lost = Memory(sent={Side.CAREER: (("A", "C"),)})
    assert ended(clearing, ours, "A/C", lost).write is Side.CAREER, "what we have sent is ours, also where its answer was lost"
    assert ended(clearing, None, "A/C", lost).write is Side.CAREER
    assert ended(clearing, ours, "A/D", lost).write is None
    nothing = Memory(sent={Side.CAREER: ((None, None),)})
    assert ended(clearing, None, "-/-", nothing).write is None, "what is empty is not cleared"
    assert ended(clearing, ours, "-/-", nothing).forget_base, (
        "empty since our own write, of which nobody has told us that it arrived"
    )
    for base in (None, replace(ours, supplied=False)):
        untouched = ended(clearing, base, "A/B", Memory(open=opened))
        assert (str(untouched.row), untouched.write, str(untouched.move)) == ("not_shared", None, "withdraw")
        assert law.settle(verdict=untouched, base=base, memory=Memory(), mine=None, now=NOW)[0] == base

    assert cleared.suggested == untouched.suggested == opened.values
    same = ended(clearing, None, "A/B", crm="A/B")
    assert (str(same.row), same.base, same.write) == ("not_shared", Base(crm=reading_of("A/B"), career=reading_of("A/B")), None)
    assert law.settle(verdict=same, base=None, memory=Memory(), mine=None, now=NOW)[0] == same.base, "agreed, though not shared"
    for crm, career in (("A/X", "A/B"), ("?", "A/B"), ("A/B", "?"), ("?", "?")):
        assert ended(clearing, None, career, crm=crm).base is None
    known = replace(ours, supplied=False)
    assert ended(clearing, known, "A/X", crm="A/X").base is None, "what was agreed before stays so: both may have moved since"
    assert ended(clearing, ours, "A/B", crm="A/B").base is None
    assert ended(clearing, ours, "A/B").move is ended(clearing, None, "A/B").move is None, "nothing was asked"

    truth, untrue = (Reading(values=(value,), natives=(value,)) for value in (True, False))
    opt_out = unit_of(other_office_edit=OutsideEdit.OPT_OUT_WINS, restrictive=True, on_withdrawn=OnWithdrawn.CLEAR)
    held = Base(crm=truth, career=truth, supplied=True)
    stands = law.end_sharing(unit=opt_out, base=held, crm=None, career=truth, memory=Memory())
    assert (stands.write, stands.forget_base) == (None, False)
    free = law.end_sharing(
        unit=opt_out, base=Base(crm=untrue, career=untrue, supplied=True), crm=None, career=untrue, memory=Memory()
    )
    assert free.write is Side.CAREER, "what restricts nobody is taken back like any value"
    usual = replace(opt_out, other_office_edit=OutsideEdit.SUGGEST)
    assert law.end_sharing(unit=usual, base=held, crm=None, career=truth, memory=Memory()).write is Side.CAREER, (
        "no opt-out at all"
    )


def test_end_sharing() -> None:
    """Only what we supplied and careers have not changed since is taken back, and never an opt-out."""
    check_end_sharing(merge)


def check_what_is_asked_again(law: ModuleType) -> None:
    """What becomes of a question about a value that we have put back, as sharing ends and begins again."""
    unit, base, mine = unit_of(), base_of("A", Owner.ALUMNI_RELATIONS), reading_of("A")

    def ended(memory: Memory, reading: Reading | None = mine) -> Memory:
        verdict = law.end_sharing(unit=unit, base=base, crm=reading, career=mine, memory=memory)
        after: Memory = law.settle(verdict=verdict, base=base, memory=memory, mine=reading, now=NOW)[1]
        return after

    put_back = OpenSuggestion(values=("B",), episode=1, restored=True, against=("A",))
    waits = Memory(suspended=put_back, episodes=1)
    assert ended(Memory(open=put_back, episodes=1)) == waits
    assert ended(Memory(open=replace(put_back, restored=False), episodes=1)) == Memory(episodes=1), "careers hold it themselves"
    assert ended(waits) == ended(waits, None) == waits
    assert ended(waits, reading_of("C")) == Memory(episodes=1), "the owner has answered"

    again = judged(law, unit, mine="A", theirs="A", memory=waits)
    assert (str(again.move), again.suggested, again.restored, again.write) == ("raise", ("B",), True, None)
    asked = law.settle(verdict=again, base=base, memory=waits, mine=mine, now=NOW)[1]
    assert asked == Memory(open=replace(put_back, episode=2), suspended=put_back, episodes=2), "it may be dropped, or refused"
    another = law.Verdict(row=law.Row.BOTH_MOVED, move=law.Move.RAISE, suggested=("D",))
    assert law.settle(verdict=another, base=base, memory=waits, mine=mine, now=NOW)[1].suspended is None
    assert judged(law, unit, mine="A", theirs="A", memory=replace(waits, open=put_back)).move is None, "once"
    assert judged(law, unit, mine="C", theirs="C", memory=waits).move is None
    for move in (law.Move.WITHDRAW, law.Move.ACCEPTED, law.Move.ADJUSTED, law.Move.REJECTED):
        answer = law.Verdict(row=law.Row.UNCHANGED, move=move, suggested=("B",))
        assert law.settle(verdict=answer, base=base, memory=asked, mine=mine, now=NOW)[1].suspended is None


def test_what_is_asked_again() -> None:
    """Law: a question that alone knows of what we put back waits, and is asked once more unless the owner has answered it."""
    check_what_is_asked_again(merge)


def check_questions(law: ModuleType) -> None:
    """What becomes of a question where readings changed without an edit, and what a choice about a first difference leads to."""
    opened = Memory(open=OpenSuggestion(values=("C",), episode=1, against=("A",)))
    for owner in Owner:
        unit = unit_of(owner=owner)
        crm, career = ("B@x", "B@z") if owner is Owner.ALUMNI_RELATIONS else ("B@z", "B@x")
        reread = law.judge(
            unit=unit, base=base_of("A@x|A@y", owner), crm=reading_of(crm), career=reading_of(career), memory=opened, now=NOW
        )
        assert str(reread.move) == "withdraw", "the owner's entry is as it was: nobody has answered"

    chosen, mine = Memory(adopt="suggest"), reading_of("A")
    adopted = law.judge(unit=unit_of(), base=None, crm=mine, career=reading_of("B"), memory=chosen, now=NOW)
    assert adopted.base == Base(crm=mine, career=Reading(values=("A",), natives=(None,)))
    asked = law.judge(unit=unit_of(), base=adopted.base, crm=mine, career=reading_of("B"), memory=Memory(), now=NOW)
    assert (str(asked.row), str(asked.move)) == ("outside_edit", "raise"), "careers' value is asked about like an edit"

    free = Reading(values=(False,), natives=(False,))
    emptied = law.judge(
        unit=unit_of(other_office_edit=OutsideEdit.OPT_OUT_WINS, restrictive=True, null=NullPolicy.SUGGEST_CLEAR),
        base=Base(crm=free, career=free),
        crm=free,
        career=reading_of("-"),
        memory=Memory(rejected=Rejection(values=(None,), against=(False,), at=NOW)),
        now=NOW,
    )
    assert (str(emptied.row), emptied.move) == ("outside_edit_rejected_before", None)


def test_questions() -> None:
    """Only an entry of the owner answers a question; what was chosen to be asked is asked, what was rejected is not."""
    check_questions(merge)
