"""Scripts about career requests: every state of the table in docs/architecture.md, and what people do in between."""

from __future__ import annotations

from collections.abc import Mapping

from tests.crash.script import SETTLE, script
from tests.crash.steps import Correct, Enter, FiledBefore, Mend, NoRules, Rule
from tests.simulation.administrator import Approve, EndHalt, GoLive, Retry
from tests.simulation.scenario import Scenario
from tests.simulation.steps import Change, Duplicate, EditContact, File, Merge, Pass, When, Work
from tests.simulation.troubles import Break, CareersAnswer, CrmAnswers, KeepState, PutMapping, RestoreState
from tests.simulation.world import Spec

_HOUR = Pass(3600)
_GRAPH = "/composite/graph"
_TWO = Spec(cycle=3600, people=2)
_BRAKE = PutMapping("braking")


def _outcome(word: str) -> Enter:
    return Enter("Career_Request__c", (("Outcome__c", word),))


def _offered(count: int) -> Enter:
    return Enter("Career_Request__c", (("Offered_Count__c", count),))


def _clearance(word: str) -> Enter:
    return Enter("Career_Request__c", (("Clearance__c", word),))


_CLOSED = Enter("Task", (("Status", "Completed"),))

REQUESTS: Mapping[str, Scenario] = {
    "queued, in progress, done": script(File(0, 0), SETTLE, Work(0, "begin"), SETTLE, Work(0, "complete")),
    "waiting, offered, done": script(
        File(0, 3), SETTLE, Work(0, "wait"), SETTLE, _offered(2), SETTLE, _outcome("Accepted"), _CLOSED
    ),
    "in triage, declined": script(File(0, 1), SETTLE, _clearance("Declined"), _CLOSED),
    "in triage, cleared": script(File(0, 5), SETTLE, _clearance("Cleared"), Work(0, "begin"), SETTLE, Work(0, "complete")),
    "not available: a hard stop": script(EditContact(0, "consent_mentoring", 1), SETTLE, File(0, 0)),
    "not available: the officer's outcome": script(File(0, 0), SETTLE, Work(0, "decline")),
    "over the limit": script(File(0, 0), SETTLE, File(0, 1), SETTLE, Work(1, "begin")),
    "closed without outcome, answered late": script(File(0, 0), SETTLE, _CLOSED, SETTLE, _outcome("Fulfilled")),
    "Task deleted, answered late": script(File(0, 0), SETTLE, Work(0, "delete"), SETTLE, _outcome("Declined")),
    "closed without outcome": script(File(0, 0), SETTLE, _CLOSED),
    "Task deleted": script(File(0, 0), SETTLE, Work(0, "delete")),
    "withdrawn": script(File(0, 0), SETTLE, Work(0, "begin"), SETTLE, Change(0)),
    "withdrawn before there is a record": script(File(0, 0), Break("crm", "refuse", 99, _GRAPH), _HOUR, Change(0), _HOUR, Mend()),
    "withdrawn after it was done": script(File(0, 0), SETTLE, Work(0, "complete"), SETTLE, Change(0)),
    "edited": script(File(0, 0), SETTLE, Change(0, "Another Zyx title")),
    "edited before there is a record": script(
        File(0, 0), Break("crm", "refuse", 99, _GRAPH), _HOUR, Change(0, "Another Zyx title"), _HOUR, Mend()
    ),
    "attached": script(File(0, 0), SETTLE, File(0, 0), SETTLE, Work(0, "begin")),
    "recorded only": script(FiledBefore(0), GoLive(), spec=Spec(cycle=3600, live=False)),
    "misunderstood, then corrected": script(File(0, 6), SETTLE, Correct(0)),
    "confidential": script(File(0, 7)),
    "by criteria": script(File(0, 4), SETTLE, Work(0, "begin")),
    "retitled by the officer": script(File(0, 0), SETTLE, Work(0, "retitle"), SETTLE, Change(0, "Another Zyx title")),
    "two at once": script(File(0, 0), File(1, 3), spec=Spec(cycle=3600, people=2)),
    "refused by Salesforce, then tried again": script(
        Rule("Career_Request__c", "NOT(ISBLANK(Title__c))"), File(0, 0), SETTLE, NoRules("Career_Request__c"), Retry()
    ),
    "refused by Salesforce, then edited": script(
        Rule("Career_Request__c", "NOT(ISBLANK(Title__c))"),
        File(0, 0),
        SETTLE,
        NoRules("Career_Request__c"),
        Change(0, "Another Zyx title"),
    ),
    "held by the brake, approved": script(_BRAKE, File(0, 4), File(0, 3), File(1, 0), SETTLE, Approve("requests"), spec=_TWO),
    "held by the brake, dropped": script(
        _BRAKE, File(0, 4), File(0, 3), File(1, 0), SETTLE, Change(0), EndHalt("requests"), SETTLE, Approve("requests"), spec=_TWO
    ),
    "the answer about the record is lost": script(Break("crm", "lose_response", 1, _GRAPH), File(0, 0)),
    "the request for the record is lost": script(Break("crm", "lose_request", 1, _GRAPH), File(0, 0)),
    "the record comes late, as a zombie": script(CrmAnswers("", _GRAPH, "later", delay=400.0), File(0, 0)),
    "the graph is answered by a page": script(CrmAnswers("MAINTENANCE_PAGE", _GRAPH, "after"), File(0, 0)),
    "the acknowledgement is lost": script(CareersAnswer("lose_answer", "acknowledgements"), File(0, 0)),
    "withdrawn while its record is being made": script(When("crm>", _GRAPH, Change(0)), File(0, 0)),
    "its contact is merged away": script(
        File(0, 0), Duplicate(0), SETTLE, Merge(0, into_double=True), SETTLE, Work(0, "complete")
    ),
    "the state is lost": script(
        File(0, 0), SETTLE, Work(0, "begin"), SETTLE, RestoreState(), GoLive(), SETTLE, Work(0, "complete")
    ),
    "an older state comes back": script(KeepState(), File(0, 0), SETTLE, Work(0, "begin"), SETTLE, RestoreState()),
}
