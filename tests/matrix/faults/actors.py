"""F125 to F135: other people and programs, and the administrator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.matrix.cells import Cell, Elsewhere, Operation, Row
from tests.matrix.checks import asked, calm, done, halted, writes_nothing
from tests.matrix.faults.limits import other_org, refuses_to_run
from tests.matrix.faults.local import everywhere
from tests.matrix.faults.where import one
from tests.matrix.operations import stands
from tests.matrix.orders import GRAPH, UPDATES, refuses, step, when, wire
from tests.matrix.stage import Stage
from tests.simulation.administrator import Retry, SweepNow
from tests.simulation.run import Run
from tests.simulation.steps import EditAccount, EditContact, Pass, Work
from tests.simulation.troubles import PutMapping, Resume, Stop
from tests.simulation.world import Spec

_NO_TASK = "no Task is under way"
_READS_ONLY = "nothing of ours is written in it"


def _peer(run: Run) -> None:
    """A program at careers puts back the title whenever we have written."""

    def again() -> None:
        run.happened("rewritten")
        EditAccount(0, "title", 0).perform(run)
        run.world.boundary.await_("careers<", b"/people/batch", again)

    run.world.boundary.await_("careers<", b"/people/batch", again)


def _calm_peer(stage: Stage) -> Iterator[str]:
    """An echo is answered by a question, not by a fight (I26)."""
    yield from asked("careers", UPDATES, 1, 3)(stage)


def _by_hand(run: Run) -> None:
    """An officer makes a Task like ours by hand, and the vendor's own connector writes into the contact."""
    world = run.world
    world.crm.create_as(
        world.officer, "Task", {"Subject": "Talk with a student of Zyx", "WhoId": world.contacts[0], "Status": "Not Started"}
    )
    run.happened("by hand")


def _entered(choice: int) -> Any:
    def check(stage: Stage) -> Iterator[str]:
        yield from stands(stage.run, "career", "title", choice)

    return check


def _worked(how: str) -> Cell:
    """The commit is done, its answer lost; an officer has the Task before we ask again."""
    return Cell(
        orders=(wire("crm", "lose_response", GRAPH, count=1), step(Pass(60), Work(0, how), Pass(1))), during=(done,), beats=4
    )


_PAUSED = Cell(orders=(step(Stop()), step(Pass(180)), step(Resume()), step(Pass(1))), during=(done,), beats=3)


def _paused(stage: Stage) -> Iterator[str]:
    yield from writes_nothing("crm")(stage)
    yield from writes_nothing("careers")(stage)


_RETRIED = (step(Pass(61), Retry(), Retry(), Pass(61), Retry()),)

ACTORS: Mapping[int, Row] = {
    125: Row(
        title="A peer that rewrites after each of our writes",
        places={
            Operation.TASK: "what flows do to a Task is left alone: F37",
            Operation.UPDATE: one(_peer, during=(calm, _calm_peer), beats=30, ends=()),
            Operation.READ: _READS_ONLY,
            Operation.AUTH: _READS_ONLY,
            Operation.RECONCILE: one(_peer, during=(calm, _calm_peer), beats=30, ends=()),
        },
    ),
    126: everywhere(
        "The vendor's own connector writes, too", Cell(orders=(_by_hand, step(EditContact(0, "degree", 1))), during=(done, calm))
    ),
    127: Row(
        title="Somebody edits, closes or deletes our Task before our retry",
        places={
            operation: tuple(map(_worked, ("begin", "complete", "retitle", "delete")))
            if operation is Operation.TASK
            else _NO_TASK
            for operation in Operation
        },
    ),
    128: Row(
        title="Somebody makes the same Task by hand",
        places={
            operation: one(_by_hand, during=(done, calm)) if operation is Operation.TASK else _NO_TASK for operation in Operation
        },
    ),
    129: Row(
        title="Alumni Relations edit between our reading and our write",
        places={
            Operation.TASK: one(when("crm>", "/composite/graph", EditContact(0, "title", 2)), during=(done, calm)),
            Operation.UPDATE: one(
                when("careers>", "/people/batch", EditContact(0, "title", 2)),
                during=(calm, _entered(2)),
                ends=(_entered(2),),
                beats=4,
            ),
            Operation.READ: one(when("crm<", "/composite", EditContact(0, "major", 1)), during=(done, calm), beats=4),
            Operation.AUTH: one(
                when("careers>", "/people/batch", EditContact(0, "title", 2)),
                during=(calm, _entered(2)),
                ends=(_entered(2),),
                beats=4,
            ),
            Operation.RECONCILE: one(
                when("careers>", "/people/batch", EditContact(0, "title", 2)),
                during=(calm, _entered(2)),
                ends=(_entered(2),),
                beats=4,
            ),
        },
    ),
    130: everywhere(
        "Credentials of another org",
        Cell(
            orders=(other_org,),
            during=(refuses_to_run,),
            ends=(refuses_to_run,),
            tolerated=frozenset({"liveness: the daemon does not start"}),
        ),
    ),
    131: everywhere("Everything read again on a live system", Cell(orders=(step(SweepNow(), SweepNow()),), during=(done, calm))),
    132: Row(
        title="Refused writes tried again, twice",
        places={
            Operation.TASK: one(refuses("STRING_TOO_LONG", "Career_Request__c", count=1), *_RETRIED, during=(done, calm)),
            Operation.UPDATE: one(refuses("STRING_TOO_LONG", "Career_Profile__c", count=1), *_RETRIED, during=(done, calm)),
            Operation.READ: "what cannot be read is parked and read again by itself",
            Operation.AUTH: "a login is not kept for later",
            Operation.RECONCILE: "a sweep plans nothing that could be refused",
        },
    ),
    133: everywhere(
        "Halted and resumed in every state",
        _PAUSED,
        Cell(orders=(step(Stop()), step(Pass(1))), during=(_paused,)),
        Cell(orders=(when("crm>", "", Stop()), step(Pass(180)), step(Resume()), step(Pass(1))), during=(done,), beats=4),
    ),
    134: everywhere(
        "Back to the previous release",
        Elsewhere(test="store/test_schema.py::test_a_newer_schema_is_refused"),  # type: ignore[arg-type]  # both fill a place
    ),
    135: Row(
        title="A mapping that would fill in much at once",
        places={
            Operation.TASK: "requests have a brake of their own: tests/crash/asks.py, held by the brake",
            Operation.UPDATE: one(
                step(Pass(1)),
                deeds=(EditContact(0, "title", 1), EditContact(1, "title", 1), EditAccount(0, "mentor_capacity", 2)),
                during=(halted("plan", "max_changes"), writes_nothing("careers")),
                spec=Spec(people=2, mapping="braking"),
            ),
            Operation.READ: _READS_ONLY,
            Operation.AUTH: _READS_ONLY,
            Operation.RECONCILE: one(
                step(PutMapping("braking"), EditContact(0, "title", 1), EditContact(1, "title", 1)),
                during=(halted("plan", "max_changes"), writes_nothing("careers")),
                spec=Spec(people=2),
            ),
        },
    ),
}
