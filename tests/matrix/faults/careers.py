"""F92 to F104: what the career system does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tests.crash.steps import Unclear
from tests.matrix.cells import Cell, Elsewhere, Operation, Place, Row
from tests.matrix.checks import calm, done, halted, writes_nothing
from tests.matrix.faults.schema import nothing_emptied
from tests.matrix.faults.where import one
from tests.matrix.orders import CAREER_READS, UPDATES, careers, step, when
from tests.matrix.stage import Stage
from tests.simulation.run import Run
from tests.simulation.steps import Arrive, Change, EditAccount, EditContact, File, Pass
from tests.simulation.troubles import ForgetChanges, LeadElsewhere
from tests.simulation.world import Spec
from tests.systems import SYSTEM

_NO_LOGIN = "a key comes with each request: nobody logs in at careers"
_ASKS_ONLY = "requests alone have this"
_POLLED = "the bridge polls; it listens to nobody"


def row(title: str, task: Place, update: Place, read: Place, reconcile: Place) -> Row:
    """A row: nobody logs in at careers."""
    return Row(title=title, places=dict(zip(Operation, (task, update, read, _NO_LOGIN, reconcile), strict=True)))


def _again(run: Run) -> None:
    """The feed tells everything a second time: a cursor that has expired leads to a full read."""
    run.pass_time(61)
    ForgetChanges().perform(run)
    run.happened("told again")


def _reused(run: Run) -> None:
    """A request's id is used for quite another ask."""
    id, _ = run.world.requests[0]
    run.world.careers.change(id, {"title": "Something else of Zyx", "type": "RESUME_REVIEW", "text": "Zyx, anew"})
    run.happened("reused")


def _one_task(stage: Stage) -> Iterator[str]:
    tasks = [*stage.run.world.rows("Task"), *stage.run.world.rows("Task", deleted=True)]
    if len(tasks) != 1:
        yield f"{len(tasks)} Tasks"


def _closed(stage: Stage) -> Iterator[str]:
    """Careers have withdrawn: the Task, if there is one, is closed, and careers read it."""
    yield from (f"a Task is {task['Status']}" for task in stage.run.world.rows("Task") if task["Status"] != "Completed")
    told = stage.run.world.careers.told(stage.run.world.requests[0][0])
    if told is None or told["state"] != "withdrawn":
        yield f"careers read {told}"


def _asks_a_person(stage: Stage) -> Iterator[str]:
    """Who somebody is, is asked in Salesforce; nothing is guessed."""
    if not stage.run.world.rows("Identity_Review__c") and not stage.run.world.rows("Suggested_Change__c"):
        yield "nobody is asked who the person is"


def _throttled(pattern: str) -> Place:
    """Turned away twice, with two minutes' patience asked for each time."""
    return one(careers("throttle", pattern, count=2, value="120"), during=(calm, done), beats=10)


_MANY_EDITS = (EditAccount(0, "employer", 2), EditAccount(0, "employer", 3), EditAccount(0, "employer", 1))

_EXTENDED = Cell(
    orders=(careers("extended", CAREER_READS, value="shoe_size"),),
    during=(done, calm),
    # It is on the wire alone: what has been read with it is not read again.
    tolerated=frozenset({"read (I20)"}),
)
_LACKING = Cell(orders=(careers("lacking", "GET .*people|GET .*changes", value="employer"),), during=(calm, nothing_emptied))
"""Nothing is decided about the group that the field is in, as long as it is not shown."""

CAREERS: Mapping[int, Row] = {
    92: row(
        "Told twice, late, out of order",
        one(_again, during=(done, calm, _one_task)),
        one(_again, during=(done, calm)),
        one(_again, deeds=(EditContact(0, "major", 1), *_MANY_EDITS), during=(done, calm)),
        one(_again, during=(done, calm)),
    ),
    93: row(
        "Request edited after the Task exists",
        one(step(Pass(120), Change(0, "Another Zyx title")), during=(done, calm, _one_task)),
        _ASKS_ONLY,
        _ASKS_ONLY,
        one(step(Pass(120), Change(0, "Another Zyx title")), deeds=(File(0, 0),), during=(calm, _one_task), ends=(_one_task,)),
    ),
    94: row(
        "Request withdrawn",
        one(step(Pass(120), Change(0)), during=(calm, _closed), ends=(_closed,))
        + one(when("crm>", "/composite/graph", Change(0)), during=(calm, _closed), ends=(_closed,))
        + one(step(Change(0)), during=(calm,), ends=()),
        _ASKS_ONLY,
        _ASKS_ONLY,
        one(step(Pass(120), Change(0)), deeds=(File(0, 0),), during=(calm, _closed), ends=(_closed,)),
    ),
    95: row(
        "Request id used again for new content",
        one(step(Pass(120)), _reused, during=(done, calm, _one_task)),
        _ASKS_ONLY,
        _ASKS_ONLY,
        one(step(Pass(120)), _reused, deeds=(File(0, 0),), during=(calm, _one_task), ends=(_one_task,)),
    ),
    96: row(
        "Reading from a stale copy",
        "a request that is not told of yet is read when it is told: a late event, F92",
        one(careers("lose_answer", UPDATES, count=1), careers("empty", CAREER_READS, count=1), during=(done, calm)),
        one(careers("empty", CAREER_READS, count=1), during=(calm,))
        + one(careers("error", CAREER_READS, count=1), during=(done, calm)),
        one(careers("empty", "GET .*/people", count=1), during=()),
    ),
    97: row(
        "Offset pages shift and skip a row",
        "the contract's feed has no offsets; paged platforms: tests/contract/test_career_paging.py",
        "the contract's feed has no offsets; paged platforms: tests/contract/test_career_paging.py",
        (Elsewhere(test="contract/test_career_paging.py::test_a_row_that_slips_through_is_met_by_another_walk"),),
        (Elsewhere(test="contract/test_career_paging.py::test_a_row_that_slips_through_is_met_by_another_walk"),),
    ),
    98: row(
        "200 with an empty list on an internal error",
        "an empty list brings no request; the next reading does: F96",
        "what is to be written is known already",
        one(careers("empty", "GET .*/people", count=1), step(ForgetChanges()), during=(calm,), spec=Spec(people=5)),
        one(careers("empty", "GET .*/people", count=1), during=(calm,), spec=Spec(people=5)),
    ),
    99: Row(title="Forged, replayed or oversized webhook", places=dict.fromkeys(Operation, _POLLED)),
    100: row(
        "A person who matches no contact, or two",
        one(step(Arrive(1, "career"), File(1, 0)), deeds=(File(0, 0),), during=(done, calm, _asks_a_person)),
        one(step(Unclear(1)), during=(done, calm, _asks_a_person)),
        one(step(Unclear(1)), during=(done, calm, _asks_a_person)),
        one(step(Unclear(1)), during=(done, calm, _asks_a_person)),
    ),
    101: row(
        "Its clock an hour wrong, naive times, summer time",
        tuple(Cell(orders=(step(Pass(1)),), during=(done, calm), spec=Spec(career_skew=skew)) for skew in (3600.0, -3600.0)),
        tuple(Cell(orders=(step(Pass(1)),), during=(done, calm), spec=Spec(career_skew=skew)) for skew in (3600.0, -3600.0)),
        tuple(Cell(orders=(step(Pass(1)),), during=(done, calm), spec=Spec(career_skew=skew)) for skew in (3600.0, -3600.0)),
        tuple(Cell(orders=(step(Pass(1)),), during=(done, calm), spec=Spec(career_skew=skew)) for skew in (3600.0, -3600.0)),
    ),
    102: Row(
        title="Another tenant's id",
        places={
            operation: _NO_LOGIN
            if operation is Operation.AUTH
            else one(step(LeadElsewhere()), during=(halted(SYSTEM, "tenant-9999"), writes_nothing("careers")))
            for operation in Operation
        },
    ),
    103: row(
        "Throttled",
        _throttled(".*"),
        _throttled(UPDATES),
        _throttled(CAREER_READS),
        one(careers("throttle", CAREER_READS, count=1, value="120"), during=(calm,), beats=8),
    ),
    104: row(
        "A field appears, a field vanishes",
        (_EXTENDED, replace(_LACKING, during=(done, calm, nothing_emptied))),
        (_EXTENDED, _LACKING),
        (_EXTENDED, _LACKING),
        (_EXTENDED, _LACKING),
    ),
}
