"""F19 to F41: what Salesforce does with what is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tests.matrix.cells import Cell, Place, Row
from tests.matrix.checks import asked, calm, done, halted, refused, waits
from tests.matrix.faults.where import one, written
from tests.matrix.orders import (
    CRM_READS,
    GRAPH,
    PROFILES,
    TOKEN,
    UPDATES,
    answers,
    careers,
    crm,
    distorts,
    drift,
    refuses,
    says,
    step,
    wire,
)
from tests.simulation.run import Run
from tests.simulation.steps import MENU, EditAccount, EditContact, File
from tests.simulation.world import Spec

_PAIR = Spec(people=2)
_REQUEST, _PROFILE = "Career_Request__c", "Career_Profile__c"
_TWO_ASKS = (File(0, 0), File(1, 1))
_POISONED_TITLE = str(MENU[1]["title"])
_SLOW = Spec(cycle=3600)
"""An hour between two cycles is longer than any back-off."""
_UPDATE_ONLY = "updates go out each for itself (allOrNone=false)"


def _given_up(code: str, remedy: str = "", *, creates: int = 1) -> tuple[Place, Place]:
    """A record is refused for good: it waits in the list of refusals, is tried once, and goes through when that is cured.

    A refused request is looked at once more, for it may name somebody who is gone by now. ``creates``: so often it is created
    before that is believed.
    """
    told = refused(code, remedy)
    return (
        one(refuses(code, _REQUEST), during=(told, asked("crm", GRAPH, creates, 2 * creates)), beats=8),
        one(refuses(code, _PROFILE), during=(told, asked("crm", PROFILES, 1, 1)), beats=8),
    )


def _poison(code: str) -> tuple[Place, Place]:
    """One record of a batch is refused for ever: the others are not held back by it."""

    def of_profile(run: Run) -> None:
        profile = run.world.profile(1)
        assert profile is not None
        refuses(code, record=profile["Id"])(run)

    return (
        one(refuses(code, _REQUEST, record=_POISONED_TITLE), deeds=_TWO_ASKS, during=(done,), spec=_PAIR, beats=2),
        one(of_profile, before=(step(EditAccount(1, "mentor_capacity", 1)),), during=(done,), spec=_PAIR, beats=2),
    )


def _bent(how: str) -> tuple[Place, Place]:
    """Results that do not fit: nobody knows, so it is looked at or inserted again, and done once."""
    also = (step(EditAccount(1, "mentor_capacity", 1)),)
    return (
        one(distorts(GRAPH, how), during=(done,), deeds=_TWO_ASKS, spec=_PAIR),
        one(distorts(PROFILES, how), during=(done,), before=also, spec=_PAIR),
    )


def _locked(count: int) -> tuple[Place, Place]:
    """Locked so many times: tried again, later and later, and done in the end."""
    beats = 3 if count == 1 else 16
    spec = Spec() if count == 1 else _SLOW
    return (
        one(refuses("UNABLE_TO_LOCK_ROW", "Task", count=count), during=(done, calm), spec=spec, beats=beats),
        one(refuses("UNABLE_TO_LOCK_ROW", _PROFILE, count=count), during=(done, calm), spec=spec, beats=beats),
    )


def _lasting(code: str) -> tuple[Place, Place]:
    """Not now: it waits by itself."""
    return one(refuses(code, _REQUEST), during=(waits,)), one(refuses(code, _PROFILE), during=(waits,))


def _join(*pairs: tuple[Place, Place]) -> tuple[Place, Place]:
    """Several kinds of one fault in one row; reasons in words are not joined."""
    return _cells(task for task, _ in pairs), _cells(update for _, update in pairs)


def _cells(places: Iterable[Place]) -> Place:
    return tuple(cell for place in places if not isinstance(place, str) for cell in place)


def _rule(sobject: str, formula: str) -> Any:
    return drift(lambda door: door.validation_rule(sobject, formula, "Not so."), sobject)


def _duplicate_rule(sobject: str, field: str) -> Any:
    def order(run: Run) -> None:
        run.world.crm.duplicate_rule(sobject, [field])
        run.undo(run.world.org.duplicate_rules.clear)
        run.happened("a duplicate rule")

    return order


def _flow(sobject: str, **how: Any) -> Any:
    def order(run: Run) -> None:
        values = how.get("values")
        made = {name: run.world.officer if value == "officer" else value for name, value in values.items()} if values else None
        run.world.crm.flow(sobject, **{**how, "values": made})
        run.undo(run.world.crm.clear_flows)
        run.happened("a flow")

    return order


def _as_flow_left_it(stage: Any) -> list[str]:
    """The Task is as the customer's flow left it."""
    found = {(row["Subject"], row["OwnerId"]) for row in stage.run.world.rows("Task")}
    return [] if found == {("Rewritten", stage.run.world.officer)} else [f"the Tasks are {found}"]


_TITLED = "NOT(ISBLANK(Title__c))"

WRITES: Mapping[int, Row] = {
    19: written(
        "UNABLE_TO_LOCK_ROW, once, ten times, on half a batch", *_join(_locked(1), _locked(10), _poison("UNABLE_TO_LOCK_ROW"))
    ),
    20: written("200 OK with mixed success", *_poison("FIELD_CUSTOM_VALIDATION_EXCEPTION")),
    21: written(
        "ALL_OR_NONE_OPERATION_ROLLED_BACK of siblings",
        one(refuses("STRING_TOO_LONG", "Task", skip=1, count=1), deeds=_TWO_ASKS, during=(done,), spec=_PAIR, beats=2),
        _UPDATE_ONLY,
    ),
    22: written(
        "Results shorter, longer or reordered",
        *_join(
            *map(_bent, ("shorter", "longer", "reversed")),
            (
                (),
                tuple(
                    Cell(
                        orders=(careers(how, UPDATES, count=1),),
                        before=(step(EditContact(1, "title", 1)),),
                        during=(done,),
                        spec=_PAIR,
                    )
                    for how in ("short_results", "swap_results")
                ),
            ),
        ),
    ),
    23: written(
        "success without id, with a short id, with another object's id",
        *_join(*map(_bent, ("no_id", "short_id", "other_prefix"))),
    ),
    24: written(
        "DUPLICATE_VALUE on our key, on another field, in another language",
        *_join(
            (one(wire("crm", "lose_response", GRAPH, count=1), during=(done, asked("crm", GRAPH, 2, 2))), ()),
            (
                one(
                    wire("crm", "lose_response", GRAPH, count=1),
                    crm(
                        lambda door: door.order_refusal(
                            "DUPLICATE_VALUE", sobject=_REQUEST, kinds=("insert",), skip=1, message="Doppelter Wert"
                        )
                    ),
                    during=(done, asked("crm", GRAPH, 2, 2)),
                ),
                (),
            ),
            _given_up("DUPLICATE_VALUE", "unique field other than our key", creates=3),
        ),
    ),
    25: written(
        "300 Multiple Choices: the key is not unique",
        one(says(GRAPH, 300, []), during=(halted("crm", "MULTIPLE_CHOICES"),)),
        one(says(PROFILES, 300, []), during=(halted("crm", "MULTIPLE_CHOICES"),)),
    ),
    26: written(
        "DUPLICATES_DETECTED",
        one(
            _duplicate_rule(_REQUEST, "Title__c"),
            deeds=(File(0, 0), File(1, 0)),
            during=(refused("DUPLICATES_DETECTED", "duplicate rule"),),
            spec=_PAIR,
        ),
        one(
            _duplicate_rule(_PROFILE, "Mentor_Capacity__c"),
            before=(step(EditAccount(1, "mentor_capacity", 2)),),
            during=(refused("DUPLICATES_DETECTED", "duplicate rule"),),
            spec=_PAIR,
        ),
    ),
    27: written(
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        one(
            _rule(_REQUEST, _TITLED),
            during=(refused("FIELD_CUSTOM_VALIDATION_EXCEPTION", "validation rule"), asked("crm", GRAPH, 1, 2)),
            beats=8,
        ),
        one(
            _rule(_PROFILE, "Mentor_Capacity__c > 2"),
            during=(refused("FIELD_CUSTOM_VALIDATION_EXCEPTION", "validation rule"), asked("crm", PROFILES, 1, 1)),
            beats=8,
        ),
    ),
    28: written("REQUIRED_FIELD_MISSING", *_given_up("REQUIRED_FIELD_MISSING", "demands a field")),
    29: written("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", *_given_up("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "picklist")),
    31: written("STRING_TOO_LONG", *_given_up("STRING_TOO_LONG", "parked record")),
    34: written(
        "INSUFFICIENT_ACCESS",
        *_join(
            _given_up("INSUFFICIENT_ACCESS_OR_READONLY", "permission set"),
            _given_up("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "permission set"),
        ),
    ),
    35: written(
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        *_join(
            _poison("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"), _given_up("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "flow or trigger")
        ),
    ),
    36: written("TXN_SECURITY_METERING_ERROR", *_lasting("TXN_SECURITY_METERING_ERROR")),
    37: written(
        "A flow rewrites subject and owner after the save",
        one(
            _flow("Task", values={"Subject": "Rewritten", "OwnerId": "officer"}),
            during=(done, calm, _as_flow_left_it),
            ends=(done, _as_flow_left_it),
        ),
        "what a flow does to a career profile is an echo: F125",
    ),
    38: written(
        "A flow clones our record with and without the key",
        one(_flow("Task", clone=True, leave_out=("WhatId",)), during=(done, calm))
        + one(_flow(_REQUEST, clone=True), during=(refused("DUPLICATE_VALUE"),), beats=8),
        "updates make no record",
    ),
    39: written("STORAGE_LIMIT_EXCEEDED", *_lasting("STORAGE_LIMIT_EXCEEDED")),
    41: written(
        "401 in the middle of a run",
        one(
            answers(GRAPH, "INVALID_SESSION_ID", count=1),
            during=(done, calm, asked("crm", TOKEN, 1, 1), asked("crm", GRAPH, 2, 2)),
        ),
        one(
            answers(PROFILES, "INVALID_SESSION_ID", count=1),
            during=(done, calm, asked("crm", TOKEN, 1, 1), asked("crm", PROFILES, 2, 2)),
        ),
        read=one(answers(CRM_READS, "INVALID_SESSION_ID", count=1), during=(done, calm, asked("crm", TOKEN, 1, 1))),
        auth="this is what the operation itself begins with: F76",
        reconcile=one(answers(CRM_READS, "INVALID_SESSION_ID", count=1), during=(done, calm, asked("crm", TOKEN, 1, 1))),
    ),
}
