"""Scripts about the bridge itself: first load, going live, held plans, commands, other mappings, its state, its own deaths."""

from __future__ import annotations

from collections.abc import Mapping

from tests.crash.old_state import OldState
from tests.crash.script import SETTLE, script
from tests.crash.steps import DeleteForGood, Restart, Silently, Unclear
from tests.simulation.administrator import Adopt, Apply, Approve, EndHalt, Erase, GoLive, Pilot, SweepNow
from tests.simulation.decisions import Decide, Review
from tests.simulation.scenario import Scenario
from tests.simulation.steps import (
    Arrive,
    Change,
    DeleteAccount,
    Duplicate,
    EditAccount,
    EditContact,
    File,
    Merge,
    Pass,
    When,
    Work,
)
from tests.simulation.troubles import Expire, ForgetChanges, KeepState, Kill, PutMapping, RestoreState, Resume, Stop, Suspend
from tests.simulation.world import Spec

_DAY = 86_400.0
_NEW = Spec(cycle=3600, people=3, live=False)
_NEW_BY_ONES = Spec(cycle=3600, people=3, live=False, page=1)
_TWO = Spec(cycle=3600, people=2)
_BRAKE = PutMapping("braking")
_TIGHT = Spec(cycle=3600, mapping="tight")

BEGINNING: Mapping[str, Scenario] = {
    "first load, page by page": script(SETTLE, GoLive(), spec=_NEW_BY_ONES),
    "first load, then live": script(SETTLE, GoLive(), SETTLE, EditContact(0, "title", 1), spec=_NEW),
    "live at once": script(GoLive(), spec=Spec(cycle=3600, people=2, live=False)),
    "a pilot, then everybody": script(Pilot((0,)), GoLive(), SETTLE, EditContact(1, "title", 1), SETTLE, Pilot(), spec=_NEW),
    "adopted: the CRM wins": script(
        EditContact(0, "title", 1), SETTLE, GoLive(), SETTLE, Adopt("employment", "crm_wins"), spec=_NEW
    ),
    "adopted: suggested": script(
        EditContact(0, "title", 1),
        SETTLE,
        GoLive(),
        SETTLE,
        Adopt("employment", "suggest"),
        SETTLE,
        Decide(0, "accept"),
        spec=_NEW,
    ),
    "adopted: both are kept": script(
        EditContact(0, "title", 1),
        SETTLE,
        GoLive(),
        SETTLE,
        Adopt("employment", "keep"),
        SETTLE,
        EditContact(0, "title", 2),
        spec=_NEW,
    ),
}

OPERATION: Mapping[str, Scenario] = {
    "a held plan is approved": script(
        _BRAKE, EditContact(0, "title", 1), EditContact(1, "title", 1), SETTLE, Approve(), spec=_TWO
    ),
    "a held plan is dropped": script(
        _BRAKE,
        EditContact(0, "title", 1),
        EditContact(1, "title", 1),
        SETTLE,
        EditContact(1, "title", 0),
        EndHalt("plan"),
        spec=_TWO,
    ),
    "held questions are dropped": script(
        _BRAKE,
        EditAccount(0, "title", 1),
        EditAccount(1, "title", 1),
        SETTLE,
        EditAccount(1, "title", 0),
        EndHalt("plan"),
        spec=_TWO,
    ),
    "halted and resumed": script(Stop(), EditContact(0, "title", 1), File(0, 0), SETTLE, Resume()),
    "somebody is erased": script(
        EditAccount(0, "title", 1), File(0, 0), SETTLE, Erase(0), SETTLE, EditContact(0, "major", 1), SweepNow()
    ),
    "a tighter mapping": script(EditAccount(0, "title", 1), SETTLE, PutMapping("tight"), SETTLE, EditContact(0, "title", 2)),
    "a wider mapping, confirmed": script(EditContact(0, "title", 1), SETTLE, PutMapping("shipped"), SETTLE, Apply(), spec=_TIGHT),
    "another mapping in the midst of a cycle": script(
        When("careers>", "POST", PutMapping("restoring")), EditContact(0, "title", 1), SETTLE, EditAccount(0, "title", 2)
    ),
    "a sweep finds what moved no stamp": script(Silently(0, "title", 1), SweepNow()),
    "a sweep finds who is gone without a trace": script(DeleteForGood(0), SweepNow(), spec=_TWO),
    "every cursor of careers has expired": script(EditAccount(0, "title", 1), ForgetChanges()),
    "an account was deleted in a gap of careers' feed": script(DeleteAccount(0), ForgetChanges()),
    "every session at Salesforce has expired": script(Expire(), EditContact(0, "title", 1), File(0, 0)),
    "three months later": script(EditContact(0, "title", 1), SETTLE, Suspend(100 * _DAY), SETTLE, spec=Spec(cycle=86_400)),
}

STORY: Mapping[str, Scenario] = {
    "everything in one story": script(
        EditContact(0, "linkedin_url", 1),
        EditAccount(1, "interests", 1),
        GoLive(),
        SETTLE,
        EditContact(0, "title", 1),
        EditAccount(1, "phone_mobile", 1),
        EditAccount(0, "last_name", 1),
        EditAccount(0, "consent_events", 1),
        Unclear(3),
        Arrive(4, "career"),
        SETTLE,
        File(0, 1),
        File(1, 3),
        EditAccount(1, "phone_mobile", 2),
        EditAccount(0, "consent_mentoring", 1),
        SETTLE,
        Decide(0, "accept"),
        Decide(1, "reject"),
        Review(0, "Candidate 1"),
        Work(0, "begin"),
        Change(1),
        SETTLE,
        Duplicate(1),
        Merge(1, into_double=True),
        EditAccount(1, "interests", 2),
        SETTLE,
        Work(0, "complete"),
        EditContact(0, "consent_career_asks", 1),
        spec=Spec(cycle=3600, people=3, live=False),
    ),
}

STATE: Mapping[str, Scenario] = {
    "the state is lost": script(
        EditAccount(0, "title", 1), SETTLE, RestoreState(), GoLive(), SETTLE, Decide(0, "accept"), EditContact(0, "major", 1)
    ),
    "an older state comes back": script(
        KeepState(), EditAccount(0, "title", 1), EditContact(0, "major", 1), SETTLE, RestoreState()
    ),
    "a state of the first version": script(EditAccount(0, "title", 1), File(0, 0), SETTLE, OldState("0001"), Work(0, "begin")),
    "a state of the first version, with writes on their way": script(
        When("careers>", "POST", Kill()), EditContact(0, "title", 1), Pass(3600), OldState("0001")
    ),
    "a state of the second version": script(EditAccount(0, "last_name", 1), SETTLE, OldState("0002"), Decide(0, "accept")),
    "restarted": script(EditAccount(0, "title", 1), Restart()),
}

RECOVERY: Mapping[str, Scenario] = {
    "died before careers acted": script(When("careers>", "POST", Kill()), EditContact(0, "title", 1)),
    "died after careers acted": script(When("careers<", "POST", Kill()), EditContact(0, "title", 1)),
    "died before a request's record": script(When("crm>", "/composite/graph", Kill()), File(0, 0)),
    "died with a batch of everything": script(
        EditContact(0, "title", 1),
        EditAccount(0, "major", 2),
        EditAccount(1, "mentor_capacity", 3),
        EditContact(1, "consent_events", 1),
        File(0, 0),
        When("careers>", "POST", Kill()),
        spec=_TWO,
    ),
    "died, and the contact moved meanwhile": script(
        When("careers>", "POST", Kill()), EditContact(0, "title", 1), Pass(3600), EditContact(0, "title", 2)
    ),
    "died, and careers moved meanwhile": script(
        When("careers>", "POST", Kill()), EditContact(0, "title", 1), Pass(3600), EditAccount(0, "title", 3)
    ),
    "died with a question about who somebody is": script(
        Unclear(1), When("crm>", '"Identity_Review__c"', Kill()), SETTLE, Review(0, "Candidate 2")
    ),
}
