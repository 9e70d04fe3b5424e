"""What tends to come together: deeds and troubles that give one another their chance; each drawn for itself, they hardly meet.

A course goes over some beats of a scenario; what else happens in it is drawn as ever, so that courses are disturbed, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tests.simulation.decisions import Decide, Insist
from tests.simulation.dice import Dice
from tests.simulation.flavours import PLAIN
from tests.simulation.steps import At, Change, Duplicate, EditAccount, EditContact, EditContacts, File, Merge, Step, When, Work
from tests.simulation.troubles import (
    WRITES,
    Break,
    CareersAnswer,
    CrmAnswers,
    CrmDistorts,
    CrmRefuses,
    Expire,
    ForgetChanges,
    Hide,
    KeepState,
    Kill,
    LeadElsewhere,
    PutMapping,
    RestoreState,
    Rival,
    Stop,
    Sweep,
)
from tests.simulation.variants import USUAL
from tests.simulation.words import CHOICES
from tests.simulation.world import Spec

Beats = Sequence[Sequence[Step]]
"""What happens in each beat; after each of them time passes."""

OWNED = ("title", "phone_mobile", "last_name", "class_year", "preferred_name", "email_personal", "mailing_city")
"""Fields of Alumni Relations, one of each kind of rule."""
_CONSENTS = ("consent_career_asks", "consent_mentoring", "consent_events")
_CROSSINGS = ("crm>", "crm<", "careers>", "careers<")
_LISTS = r"GET .*/(people|contacts|users)(\?|$)"
"""Careers' lists of people."""
_CHANGES = {"crm": "/composite/", "careers": "POST"}
"""What stands in the first line of a request that asks for a change."""


def course(dice: Dice, spec: Spec) -> Beats:
    """One course, about one of the people. Where the brakes are tight, or much goes at once, what that is for comes often."""
    known: Callable[[Dice, int, str], Beats]
    if spec.loads and dice.chance(0.5):
        known = _loaded
    elif spec.mapping == "braking" and dice.chance(0.5):
        known = _many
    else:
        known = dice.one(tuple(_COURSES.values()))
    return known(dice, dice.whole(0, spec.people - 1), dice.one(OWNED))


def seldom(dice: Dice, spec: Spec) -> Beats:
    """A course that is rarer than the others: it is drawn in a stream of its own, and takes the place of another."""
    return dice.one(_SELDOM)(dice, dice.whole(0, spec.people - 1), dice.one(OWNED))


def beside_another(dice: Dice, spec: Spec) -> Beats:
    """A course that stands beside any other, and is drawn in a stream of its own."""
    # Elsewhere the files are others: what is changed in them would have to be written anew for each.
    if (spec.platform, spec.flavour) == (USUAL, PLAIN) and dice.chance(0.7):
        return _remapped(dice, spec)
    return dice.one(_AIMED)(dice, dice.whole(0, spec.people - 1), dice.one(OWNED))


def _died_settling(dice: Dice, person: int, field: str) -> Beats:
    """The process dies in one of the commits by which it keeps what a write has led to."""
    side, part = dice.one(
        (("crm<", "/composite/sobjects"), ("crm<", "/composite/graph"), ("careers<", "POST"), ("careers<", "PUT"))
    )
    deeds: list[Step] = [EditContact(person, field, 1), EditAccount(person, "interests", 1), EditAccount(person, field, 2)]
    return [[], [*deeds, File(person, 0), When(side, part, At(dice.whole(1, 4), Kill()))], [EditContact(person, field, 2)]]


def _died_keeping(dice: Dice, person: int, field: str) -> Beats:
    """The process dies in one of the commits by which it keeps what it has read of somebody; nobody touches that again."""
    if dice.chance(0.5):
        return [[], [EditContact(person, field, 1), When("crm<", "/composite", At(dice.whole(1, 5), Kill()))], []]
    return [[], [EditAccount(person, field, 1), When("careers<", "GET", At(dice.whole(2, 3), Kill()))], []]


def _forgotten_unread(_dice: Dice, person: int, field: str) -> Beats:
    """Careers' feed of changes no longer reaches back to what we have not read, and nobody touches that again."""
    return [[], [EditAccount(person, field, 1), ForgetChanges()], []]


def _told_to_wait(dice: Dice, person: int, field: str) -> Beats:
    """Careers say how long they want to be left alone."""
    return [[CareersAnswer("throttle", dice.one(("POST", ".")), 1, "300"), EditContact(person, field, 1)], [], []]


def _withdrawn_on_its_way(dice: Dice, person: int, _field: str) -> Beats:
    """Careers take a request back while its record waits to be tried again: a few times at once, then less and less often."""
    locked = CrmRefuses("UNABLE_TO_LOCK_ROW", "Career_Request__c", 20)
    waits: Beats = [[] for _ in range(dice.whole(3, 7))]
    return [[locked, File(person, dice.whole(0, 3))], *waits, [Change(-1, "")], [], []]


def _barred_for_good(dice: Dice, person: int, _field: str) -> Beats:
    """Careers ask for somebody who has not wanted to be asked for some time."""
    flag = dice.one(("do_not_contact", "do_not_contact", *_CONSENTS))
    return [[EditContact(person, flag, 1)], [], [], [File(person, dice.whole(0, 5))]]


_AIMED = (
    _died_settling,
    _died_settling,
    _died_keeping,
    _forgotten_unread,
    _told_to_wait,
    _withdrawn_on_its_way,
    _barred_for_good,
)
"""What other courses seldom bring about, or cover up by what happens next in them."""


def _remapped(dice: Dice, spec: Spec) -> Beats:
    """Other fields, other units, or another confidential type than before; mostly the mapping comes back as it was.

    Meanwhile both offices enter what it is about, and questions about that wait, are decided or have been.
    """
    there = dice.weighted([("fewer", 3), ("regrouped", 3), ("hushed", 1)])
    changes: list[Step] = [PutMapping(there, dice.chance(0.7))]
    if dice.chance(0.7):
        changes.append(PutMapping(spec.mapping, dice.chance(0.7)))
    beats: list[list[Step]] = [[*_waiting(dice, spec, there), *(_about(dice, spec, there) for _ in range(dice.whole(0, 2)))]]
    for change in changes:
        amidst = When(dice.one(_CROSSINGS), dice.one(("GET", "POST", "/composite/")), change)
        beats.append([_about(dice, spec, there), amidst if dice.chance(0.3) else change, _about(dice, spec, there)])
        beats += [[_about(dice, spec, there)] for _ in range(dice.whole(0, 2))]
    return beats


def _waiting(dice: Dice, spec: Spec, there: str) -> list[Step]:
    """What waits when the mapping changes: a question, or a request whose record Salesforce does not take yet."""
    person = dice.whole(0, spec.people - 1)
    if there == "hushed":
        return [CrmRefuses("UNABLE_TO_LOCK_ROW", "Career_Request__c", dice.one((1, 3, 20))), File(person, 0)]
    return [EditAccount(person, dice.one(_MOVED[there][:2]), dice.whole(1, CHOICES - 1))]


def _about(dice: Dice, spec: Spec, there: str) -> Step:
    """A deed that a mapping makes a difference to."""
    person, choice = dice.whole(0, spec.people - 1), dice.whole(0, CHOICES)
    if there == "hushed":
        return _one(dice, File(person, dice.one((0, 2))), Change(-1, dice.one(("", "Another Zyx title"))), Work(0, "begin"))
    field, value = dice.one(_MOVED[there]), None if choice == CHOICES else choice
    if dice.chance(0.2):
        return Decide(0, dice.one(("reject", "accept", "press")))
    edits = EditContact(person, field, value), EditAccount(person, field, value)
    return edits[1] if field == "mentor_capacity" or dice.chance(0.6) else edits[0]


_MOVED = {
    "fewer": ("linkedin_url", "email_work", "email_personal", "mentor_capacity"),
    "regrouped": ("title", "employer", "former_last_name", "last_name"),
}
"""Fields that are mapped otherwise, or whose neighbours in a group are."""


def _one(dice: Dice, *of: Step) -> Step:
    return dice.one(of)


def _insisted(dice: Dice, person: int, field: str) -> Beats:
    """Careers suggest what was rejected once more, or something else."""
    again: Step = Insist(0) if dice.chance(0.5) else EditAccount(person, field, 2)
    return [[EditAccount(person, field, 1)], [Decide(0, "reject")], [again]]


def _moved_on(dice: Dice, person: int, field: str) -> Beats:
    """An answer is lost, and the owner moves on meanwhile, and back."""
    lost = Break("careers", dice.one(("lose_response", "timeout", "lose_request")), dice.one((1, 3)), WRITES)
    return [
        [lost, EditContact(person, field, 1)],
        [EditContact(person, field, 2)],
        [EditContact(person, field, 0)],
    ]


def _waited(dice: Dice, person: int, field: str) -> Beats:
    """A value waits for a side that does not take it, and both offices move on."""
    how, seconds = dice.one((("unavailable", ""), ("error", ""), ("throttle", ""), ("throttle", "300")))
    waits = CareersAnswer(how, dice.one(("POST", ".")), dice.one((1, 3)), seconds)
    return [
        [waits, EditContact(person, field, 1)],
        [EditContact(person, field, 2), EditAccount(person, field, 3)],
    ]


def _opposed(dice: Dice, person: int, _field: str) -> Beats:
    """Both offices touch a consent at once."""
    flag = dice.one(_CONSENTS)
    theirs = EditAccount(person, flag, dice.one((0, 1, None)), own=dice.chance(0.5))
    return [[theirs, EditContact(person, flag, 1)], [EditContact(person, flag, 0)]]


def _barred(dice: Dice, person: int, _field: str) -> Beats:
    """Careers ask for somebody who does not want to be asked."""
    flag = dice.one(("do_not_contact", "deceased", *_CONSENTS))
    return [[EditContact(person, flag, 1)], [], [File(person, dice.whole(0, 5))]]


def _withdrawn(dice: Dice, person: int, _field: str) -> Beats:
    """Careers take a request back, or change it: later, or while its record is being made, or after its answer was lost."""
    ask, change = File(person, dice.whole(0, 5)), Change(-1, dice.one(("", "Another Zyx title")))
    lost = Break("crm", "lose_response", 1, "composite/graph")
    return dice.one(([[ask], [change]], [[ask, When("crm>", "/composite/graph", change)]], [[lost, ask], [change]]))


def _worked(dice: Dice, person: int, _field: str) -> Beats:
    """An officer works on a request, which careers change."""
    work = Work(0, dice.one(("begin", "wait", "complete", "decline")))
    rest: Beats = [[], []] if dice.chance(0.5) else []
    return [[File(person, dice.whole(0, 3))], *rest, [work], [Change(-1, dice.one(("", "Another Zyx title")))]]


def _died(dice: Dice, person: int, field: str) -> Beats:
    """The process dies while something is on its way, or in one of the commits around it."""
    deed = _one(dice, EditContact(person, field, 1), EditAccount(person, field, 1), File(person, 0), Work(0, "begin"))
    kind = dice.one(_CROSSINGS)
    aimed = When(kind, _CHANGES[kind[:-1]], At(dice.whole(1, 3), Kill()) if dice.chance(0.5) else Kill())
    return [[deed, aimed if dice.chance(0.7) else At(dice.whole(1, 40), Kill())], [EditContact(person, field, 2)]]


def _died_reading(dice: Dice, person: int, field: str) -> Beats:
    """The process dies when something new has just been read."""
    side = dice.one(("crm", "careers"))
    deed: Step = EditContact(person, field, 1) if side == "crm" else EditAccount(person, field, 1)
    return [[deed, When(f"{side}<", dice.one(("GET", "POST", "/")), At(dice.whole(1, 6), Kill()))], []]


def _died_planning(dice: Dice, person: int, field: str) -> Beats:
    """The process dies between deciding and writing."""
    deed = _one(dice, EditContact(person, field, 1), EditAccount(person, "interests", 1))
    return [[deed, When("careers<", "GET", At(dice.whole(20, 32), Kill()))], []]


def _cleared(dice: Dice, person: int, field: str) -> Beats:
    """What was never agreed on differs, and careers empty theirs."""
    lost: list[Step] = [RestoreState()] if dice.chance(0.7) else []
    if dice.chance(0.5):
        # To empty this one says something, too.
        field = "preferred_name"
    return [[EditAccount(person, field, 1), *lost], [], [EditAccount(person, field, None)]]


def _asked_before(_dice: Dice, person: int, field: str) -> Beats:
    """A question stands in Salesforce of which the state that is put back knows nothing, and the contact has become another."""
    return [[KeepState(), Duplicate(person)], [EditAccount(person, field, 1)], [Merge(person, into_double=True), RestoreState()]]


def _led_elsewhere(_dice: Dice, person: int, field: str) -> Beats:
    """The key leads to another tenant."""
    return [[LeadElsewhere(), EditContact(person, field, 1)], [EditContact(person, field, 2)]]


def _restored(dice: Dice, person: int, field: str) -> Beats:
    """Yesterday's state is put back after more has happened."""
    deeds: list[Step] = [EditAccount(person, field, 1), File(person, 0), EditContact(person, field, 2)]
    kept: list[Step] = [KeepState()] if dice.chance(0.7) else []
    later: Step = Merge(person, into_double=dice.chance(0.5)) if dice.chance(0.5) else Change(-1, "")
    return [[*kept, Duplicate(person), dice.one(deeds)], [dice.one(deeds), later], [RestoreState()]]


def _mapped(dice: Dice, person: int, field: str) -> Beats:
    """The mapping is changed in the midst of a cycle that has something to decide."""
    old, new = dice.one((("tight", "shipped"), ("shipped", "tight"), ("shipped", "restoring"), ("restoring", "refusing")))
    deed = _one(dice, EditContact(person, "title", 1), EditContact(person, field, 1), EditAccount(person, field, 1))
    change = When(dice.one(("crm<", "careers<")), dice.one(("GET", "POST")), PutMapping(new))
    return [[PutMapping(old)], [deed, change], [EditContact(person, field, 2)]]


def _refused(dice: Dice, person: int, field: str) -> Beats:
    """Salesforce has no time for what is written, or says no to it."""
    code = dice.one(("UNABLE_TO_LOCK_ROW", "UNABLE_TO_LOCK_ROW", "FIELD_CUSTOM_VALIDATION_EXCEPTION", "REQUIRED_FIELD_MISSING"))
    deed = _one(dice, EditAccount(person, field, 1), EditAccount(person, "interests", 1), File(person, 1))
    return [[CrmRefuses(code, count=dice.one((1, 3))), deed], [EditAccount(person, "mentor_capacity", 2)]]


def _overtaken(dice: Dice, person: int, field: str) -> Beats:
    """Careers edit what has just been read, and is about to be written."""
    when = When("careers<", dice.one(("/changes", "GET")), EditAccount(person, field, dice.whole(1, 3), own=dice.chance(0.5)))
    return [[EditContact(person, field, 1), when], [EditContact(person, field, 2)]]


def _together(dice: Dice, _person: int, field: str) -> Beats:
    """The same happens to several people at once, and one of them is refused."""
    name = dice.one((field, "interests"))
    where = "Career_Profile__c" if name == "interests" else "Suggested_Change__c"
    no: list[Step] = [CrmRefuses("FIELD_CUSTOM_VALIDATION_EXCEPTION", where)] if dice.chance(0.5) else []
    return [
        [EditAccount(each, name, 1) for each in range(3)],
        [*no, *(EditAccount(each, name, (2 + each) % CHOICES) for each in range(3))],
    ]


def _many(_dice: Dice, _person: int, field: str) -> Beats:
    """More people change at once than a brake may let by."""
    return [[EditContact(each, field, 1) for each in range(3)], [EditContact(each, field, 2) for each in range(3)]]


def _loaded(dice: Dice, person: int, field: str) -> Beats:
    """Loads for everybody go as batches, in the midst of which somebody edits, or the process dies."""
    meanwhile = _one(dice, Kill(), EditAccount(person, field, 3), EditContact(person, field, 0), EditContacts(field, 0))
    amidst = When(dice.one(("careers>", "careers<")), dice.one(("batch=1", "/batch/")), meanwhile)
    return [[EditContacts(field, 1)], [EditContacts(field, 2), amidst], [EditContact(person, field, 3)]]


def _locked_out(dice: Dice, person: int, field: str) -> Beats:
    """Sessions at Salesforce end as soon as they have begun."""
    return [[CrmAnswers("INVALID_SESSION_ID", "/composite", count=dice.one((2, 12))), EditContact(person, field, 1)], []]


def _confused(dice: Dice, person: int, field: str) -> Beats:
    """Careers give a batch's results for others, or not all of them."""
    how = dice.one(("swap_results", "swap_results", "short_results", "double_keys"))
    meanwhile = When("careers>", "POST", EditAccount(person, field, 2))
    return [[CareersAnswer(how, "POST"), meanwhile, *(EditContact(each, field, 1) for each in {person, 0, 1, 2})], []]


def _confused_and_silent(dice: Dice, _person: int, field: str) -> Beats:
    """Careers give a batch's results for others, and then cannot be read for a while."""
    silent = When("careers<", "POST", CareersAnswer("unavailable", "GET", dice.one((6, 12))))
    return [
        [CareersAnswer("swap_results", "POST"), silent, *(EditContact(each, field, 1) for each in range(3))],
        [EditContact(each, "title", 2) for each in range(3)],
        [],
    ]


def _unmet(_dice: Dice, person: int, field: str) -> Beats:
    """Everything is read again, and a list is not whole."""
    return [[], [CareersAnswer("short_list", _LISTS), Sweep()], [EditContact(person, field, 2)]]


def _bare(dice: Dice, person: int, field: str) -> Beats:
    """Of two contacts the one without number survives, and nobody takes the number over."""
    deed = _one(dice, EditContact(person, field, 2), EditAccount(person, field, 2))
    return [[Duplicate(person)], [Merge(person, into_double=True, numbered=False)], [deed]]


def _lost_and_changed(dice: Dice, person: int, _field: str) -> Beats:
    """Careers change a request before the state is lost, and nobody has taken it up."""
    return [[File(person, dice.whole(0, 5))], [Change(-1, "Another Zyx title"), RestoreState()], []]


def _locked_for_long(dice: Dice, person: int, _field: str) -> Beats:
    """Salesforce has no time for what is written, again and again."""
    where, deed = dice.one((("Career_Profile__c", "interests"), ("Suggested_Change__c", "title")))
    return [[CrmRefuses("UNABLE_TO_LOCK_ROW", where, 20), EditAccount(person, deed, 1)], *([] for _ in range(11))]


def _forgotten(_dice: Dice, person: int, field: str) -> Beats:
    """Careers' feed of changes no longer reaches back to where we were."""
    return [[EditAccount(person, field, 1), ForgetChanges()], [EditAccount(person, field, 2)]]


def _swept(dice: Dice, person: int, field: str) -> Beats:
    """Everything is read again while answers are not true, or while a field cannot be seen."""
    trouble = _one(dice, CrmDistorts(dice.one(("shorter", "empty", "stuck")), "."), Hide("Contact.Title"), Expire())
    return [[EditAccount(person, field, 1)], [trouble, Sweep()], [EditContact(person, field, 2)]]


def _halted(dice: Dice, person: int, field: str) -> Beats:
    """Everything is halted by hand while something goes out."""
    stop = When(dice.one(("crm>", "careers>", "crm<")), dice.one(("POST", "/composite/")), At(dice.whole(1, 3), Stop()))
    return [[EditContact(person, field, 1), EditAccount(person, "interests", 1), File(person, 0), stop], []]


def _divided(dice: Dice, person: int, field: str) -> Beats:
    """A second daemon works beside ours, on a copy of its state."""
    return [
        [EditContact(person, field, 1), Rival(1, dice.one((5.0, 700.0)))],
        [EditAccount(person, field, 2)],
    ]


_COURSES: Mapping[str, Callable[[Dice, int, str], Beats]] = {
    "insisted": _insisted,
    "moved on": _moved_on,
    "waited": _waited,
    "opposed": _opposed,
    "barred": _barred,
    "withdrawn": _withdrawn,
    "worked": _worked,
    "died": _died,
    "died reading": _died_reading,
    "died planning": _died_planning,
    "cleared": _cleared,
    "asked before": _asked_before,
    "led elsewhere": _led_elsewhere,
    "restored": _restored,
    "mapped": _mapped,
    "refused": _refused,
    "overtaken": _overtaken,
    "together": _together,
    "many": _many,
    "locked out": _locked_out,
    "confused": _confused,
    "forgotten": _forgotten,
    "swept": _swept,
    "halted": _halted,
    "divided": _divided,
}
_SELDOM = (_confused_and_silent, _unmet, _bare, _lost_and_changed, _locked_for_long)
