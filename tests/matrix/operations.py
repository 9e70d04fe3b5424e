"""The operations of the matrix: what people do for each, how the bridge is set to work, and when it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import orjson

from tests.crash.steps import Silently
from tests.matrix.cells import Operation
from tests.simulation import words
from tests.simulation.oracle.evidence import state_rows
from tests.simulation.run import Run
from tests.simulation.steps import EditAccount, EditContact, File, Step
from tests.simulation.troubles import Expire, Sweep
from tests.simulation.world import World


@dataclass(frozen=True, kw_only=True)
class Deed:
    """What people do before the fault comes. ``done`` tells each thing that is missing from its effect."""

    steps: tuple[Step, ...]
    done: Callable[[Run], Sequence[str]]
    work: Callable[[Run, int], None]


def _cycles(run: Run, beats: int) -> None:
    run.pass_time(run.world.spec.cycle * beats)


def _sweep(run: Run, beats: int) -> None:
    """A sweep falls due, and the cycles after it."""
    Sweep().perform(run)
    run.pass_time(run.world.spec.cycle * beats)


def _held(world: World, side: str, person: int, field: str) -> str:
    """What a field means on one side now; ``profile`` is the career profile's side."""
    known = world.fields[field]
    if side == "career":
        values = world.careers.values(world.accounts[person]) or {}
        return words.token(field, "career", _pick(values, known.career))
    row = world.profile(person) if known.on_profile else world.org.live(world.contacts[person])
    return words.token(field, "crm", (row or {}).get(known.crm))


def _pick(values: Mapping[str, object], path: str) -> object:
    found: object = values
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def stands(run: Run, side: str, field: str, choice: int) -> Iterator[str]:
    """What is wrong if a side (``crm``, ``career``, ``profile``) does not hold the first person's word for a field."""
    wanted, found = words.word(field, 0, choice).token, _held(run.world, side, 0, field)
    if wanted != found:
        yield f"{side} holds {found!r} instead of {wanted!r}"


def _task_done(run: Run) -> Sequence[str]:
    """Of the first request: one record, one Task that was ever made, and a word for careers."""
    world = run.world
    id, _ = world.requests[0]
    there = [*world.rows("Career_Request__c"), *world.rows("Career_Request__c", deleted=True)]
    records = [row["Id"] for row in there if row.get("Details__c", "").startswith(f"Request {id} in ")]
    tasks = [row for row in (*world.rows("Task"), *world.rows("Task", deleted=True)) if row.get("WhatId") in records]
    missing = [] if len(records) == 1 else [f"{len(records)} records of the request"]
    missing += [] if len(tasks) == 1 else [f"{len(tasks)} Tasks"]
    return missing + ([] if world.careers.told(id) is not None else ["careers were told nothing"])


def _update_done(run: Run) -> Sequence[str]:
    return [*stands(run, "career", "title", 1), *stands(run, "profile", "mentor_capacity", 2)]


def _read_done(run: Run) -> Sequence[str]:
    """What was edited has been observed; what is read is judged whole by the simulation's oracle."""
    seen = {(row["kind"], row["id"]): orjson.loads(row["fields"]) for row in state_rows(run.host.state, "observation")}
    world, missing = run.world, []
    for kind, id, side, field in (
        ("Contact", world.contacts[0], "crm", "major"),
        ("person", world.accounts[0], "career", "employer"),
    ):
        known = world.fields[field]
        path = known.crm if side == "crm" else known.career
        held = words.token(field, side, seen.get((kind, id), {}).get(path))
        if held != words.word(field, 0, 1).token:
            missing.append(f"{kind} was read with {held!r}")
    return missing


def _auth_done(run: Run) -> Sequence[str]:
    return [*stands(run, "career", "title", 1), *([] if run.world.org.logins.sessions else ["nobody is logged in"])]


def _reconcile_done(run: Run) -> Sequence[str]:
    return list(stands(run, "career", "title", 1))


DEEDS: Mapping[Operation, Deed] = {
    Operation.TASK: Deed(steps=(File(0, 0),), done=_task_done, work=_cycles),
    Operation.UPDATE: Deed(
        steps=(EditContact(0, "title", 1), EditAccount(0, "mentor_capacity", 2)), done=_update_done, work=_cycles
    ),
    Operation.READ: Deed(steps=(EditContact(0, "major", 1), EditAccount(0, "employer", 1)), done=_read_done, work=_cycles),
    Operation.AUTH: Deed(steps=(Expire(), EditContact(0, "title", 1)), done=_auth_done, work=_cycles),
    Operation.RECONCILE: Deed(steps=(Silently(0, "title", 1),), done=_reconcile_done, work=_sweep),
}
"""By operation. A sweep's own work is to read and to compare; what it finds goes out as a field update of the same cycle."""
