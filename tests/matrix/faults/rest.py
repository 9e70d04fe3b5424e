"""Faults of writing and reading that need more than a word: F18, F30, F32, F33, F40, F51, F58, F59, F114, F116."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from emulator.salesforce.control import Control
from tests.crash.steps import DeleteForGood
from tests.matrix.cells import Elsewhere, Operation, Row
from tests.matrix.checks import calm, done, refused, writes_nothing
from tests.matrix.faults.reads import no_guess
from tests.matrix.faults.where import LOGIN_CHANGES_NOTHING, READS_CHANGE_NOTHING, SWEEP_READS, one, written
from tests.matrix.operations import stands
from tests.matrix.orders import GRAPH, drift, refuses, setting, step, when, wire
from tests.matrix.stage import Stage
from tests.simulation.run import Run
from tests.simulation.steps import DeleteContact, EditAccount, EditContact, Pass
from tests.simulation.troubles import Suspend
from tests.simulation.world import Spec

_DAY = 86_400.0
_ONCE = Elsewhere(test="salesforce/test_wire_sockets.py::test_stale_connection_makes_a_write_unknown")
_TYPED = Spec(tenant=(("trims", True), ("lowers_emails", True)))


def _left(run: Run) -> None:
    """The officer who would get the Task has left: her user is inactive."""

    def mark(*, active: bool) -> None:
        for officer in run.world.officers.values():
            run.world.crm.rewrite(officer, {"IsActive": active})

    mark(active=False)
    run.world.left.update(run.world.officers.values())
    run.undo(lambda: mark(active=True))
    run.happened("officers have left")


def _owned(stage: Stage) -> Iterator[str]:
    """Somebody who is there owns the Task."""
    gone = set(stage.run.world.officers.values())
    yield from ("a Task belongs to somebody who has left" for task in stage.run.world.rows("Task") if task["OwnerId"] in gone)


def _gone(stage: Stage) -> Iterator[str]:
    mine = [row["state"] for row in stage.rows("link") if row["account_id"] == stage.run.world.accounts[0]]
    if "linked" in mine:
        yield "the account is still linked"


def _loose(door: Control) -> None:
    """A picklist takes any word, and a word that we write is none of its own any more."""
    known = door.org.sobject("Career_Profile__c").by_name["mentor_availability__c"]["picklistValues"]
    kept = [each for each in known if each["value"] != "Paused"]
    door.change_field("Career_Profile__c", "Mentor_Availability__c", picklistValues=kept, restrictedPicklist=False)


def _stands_silently(stage: Stage) -> Iterator[str]:
    yield from stands(stage.run, "profile", "mentor_availability", 1)


REST: Mapping[int, Row] = {
    18: Row(
        title="An HTTP library that repeats POSTs",
        places={
            Operation.TASK: (_ONCE,),
            Operation.UPDATE: (_ONCE,),
            Operation.READ: READS_CHANGE_NOTHING,
            Operation.AUTH: (_ONCE,),
            Operation.RECONCILE: SWEEP_READS,
        },
    ),
    30: written(
        "Unrestricted picklist takes unknown words silently",
        "the words of a request are those of our own package",
        one(
            drift(_loose, "Career_Profile__c"),
            before=(step(EditAccount(0, "mentor_availability", 1)),),
            during=(done, calm, _stands_silently),
            gap="`check` names words that a picklist lacks; a daemon does not look again, and its word stands there inactive",
        ),
    ),
    32: written(
        "ENTITY_IS_DELETED, INVALID_CROSS_REFERENCE_KEY",
        one(when("crm>", "/composite/graph", DeleteContact(0)), during=(no_guess,), ends=(no_guess,), spec=Spec(people=2))
        + one(refuses("ENTITY_IS_DELETED", "Task", count=1), during=(refused("ENTITY_IS_DELETED", "was deleted"),), beats=5)
        + one(refuses("INVALID_CROSS_REFERENCE_KEY", "Task"), during=(refused("INVALID_CROSS_REFERENCE_KEY"),), beats=5),
        one(refuses("ENTITY_IS_DELETED", "Career_Profile__c"), during=(refused("ENTITY_IS_DELETED"),)),
    ),
    33: written(
        "Inactive owner, queue not allowed",
        one(_left, during=(done, calm, _owned))
        + one(refuses("INACTIVE_OWNER_OR_USER", "Task"), during=(refused("INACTIVE_OWNER_OR_USER", "active owner"),)),
        "an update changes no owner",
    ),
    40: written(
        "What a system does to what it stores: spaces, case, numbers",
        one(step(Pass(1)), during=(done, calm), spec=_TYPED),
        one(
            step(EditContact(0, "title", 1, 1), EditAccount(0, "email_personal", 0, 1)), during=(done, calm), spec=_TYPED, beats=4
        ),
        read=one(
            step(EditContact(0, "title", 0, 1), EditAccount(0, "mailing_postcode", 0, 1)),
            deeds=(),
            during=(calm, writes_nothing("careers"), writes_nothing("crm")),
            spec=_TYPED,
            ends=(),
        ),
        reconcile=one(
            step(EditContact(0, "title", 0, 1)),
            deeds=(),
            during=(calm, writes_nothing("careers"), writes_nothing("crm")),
            spec=_TYPED,
            ends=(),
        ),
    ),
    51: Row(
        title="Mass load and a storm of locks",
        places={
            operation: "the storm logs in once, and again when its session ends: F76"
            if operation is Operation.AUTH
            else (Elsewhere(test="load/test_load.py::test_a_small_storm"),)
            for operation in Operation
        },
    ),
    58: Row(
        title="Away for longer than deletions are told",
        places={
            Operation.TASK: "what is new is told for ever; deletions alone are forgotten",
            Operation.UPDATE: "what is changed is told for ever; deletions alone are forgotten",
            Operation.READ: one(
                step(DeleteContact(0), Suspend(20 * _DAY)),
                deeds=(),
                during=(calm,),
                ends=(_gone,),
                spec=Spec(people=2),
                tolerated=frozenset({"read (I20): before a sweep"}),
            ),
            Operation.AUTH: "a session of 20 days ago has ended: F76",
            Operation.RECONCILE: one(step(DeleteForGood(0)), deeds=(), during=(calm, _gone), ends=(_gone,), spec=Spec(people=2)),
        },
    ),
    59: Row(
        title="Our Task is archived",
        places={
            Operation.TASK: (
                *one(wire("crm", "lose_response", GRAPH, count=1), setting("archive_days", 0), during=(done, calm), beats=4),
                Elsewhere(test="contract/test_crm_side.py::test_archived_task_is_still_found"),
            ),
            Operation.UPDATE: "a Task that is archived is closed, and we change no closed Task",
            Operation.READ: one(setting("archive_days", 0), during=(done, calm)),
            Operation.AUTH: LOGIN_CHANGES_NOTHING,
            Operation.RECONCILE: one(setting("archive_days", 0), during=(done, calm)),
        },
    ),
    114: Row(
        title="PostgreSQL: fail-over, 40001, lost in the midst of COMMIT",
        places=dict.fromkeys(
            Operation, (Elsewhere(test="store/test_lost_connections.py::test_a_connection_that_is_lost_is_no_defect"),)
        ),
    ),
    116: Row(
        title="No file descriptor is left",
        places=dict.fromkeys(Operation, (Elsewhere(test="system/test_processes.py::test_without_a_free_descriptor_it_waits"),)),
    ),
}
