"""What leaves for Symplicity CSM, judged by its bytes: reads, runs of the saved report, and what is to change of students.

Changes go alone or as a batch, which the site works through in its own time; in both ways each student is looked at before. Paths
and shapes are those of the emulated platform's page in docs/platforms.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import orjson

from emulator.career.models import CareerSystem
from emulator.career.symplicity.shapes import CUSTOMS, PROPERTIES, taken
from tests.simulation.oracle.forbidden import NotAllowed
from tests.simulation.oracle.looks import Looks, understood
from tests.simulation.oracle.wire import Write
from tests.simulation.world import Call, World

_API = "/api/public/v1"
_ID = "[0-9a-f]{32}"
_READS = re.compile(rf"{_API}/(students(/{_ID})?|picklists/students/\w+|batch/{_ID}|reports/41/(runs|data))")
_STUDENT = re.compile(rf"{_API}/students/({_ID})")
_BATCH, _RUN = (f"{_API}/students", "batch=1"), f"{_API}/reports/41/run"
_NAMES = {name for name, _ in PROPERTIES} - {"schoolStudentId", "username", "email"} | set(CUSTOMS)
"""What may be named in a change at all: nothing that identifies a student, or lets her in."""


class Read:
    """The students as each daemon last looked at them."""

    def __init__(self, system: CareerSystem) -> None:
        self._system = system
        self._looks = Looks(_STUDENT, lambda read: read if "id" in read else None)

    def writes(self, call: Call) -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
        """What one call changes: object, operation, id, and fields by the tenant's own paths.

        Raises:
            NotAllowed: the call is none that may ever leave.
        """
        method, path, query = call.request.method, call.request.path, call.request.query
        match method:
            case "GET" if _READS.fullmatch(path):
                self._looks.note(call)
            case "PUT" if path == _RUN and not call.request.body:
                return
            case "PUT" if (found := _STUDENT.fullmatch(path)) and not query:
                yield "person", "update", found[1], self._changed(call, found[1], orjson.loads(call.request.body))
            case "PUT" if (path, query) == _BATCH:
                for item in orjson.loads(call.request.body):
                    yield "person", "update", item["id"], self._changed(call, item.pop("id"), item)
            case _:
                raise NotAllowed(f"{method} {path}?{query}")

    def _changed(self, call: Call, id: str, student: Mapping[str, Any]) -> Mapping[str, Any]:
        self._looks.last(call, f"{_API}/students/{id}")
        stored = self._system.people.by_id.get(id)
        if stored is not None and stored.extra.get("type", "Alumni") != "Alumni":
            raise NotAllowed(f"a change of {id}, who is no alumna")
        if strange := set(student) - _NAMES:
            raise NotAllowed(f"a student with {sorted(strange)}")
        return understood(partial(taken, self._system, student, whole=False))


def acts_until(world: World, write: Write) -> float:
    """When what was sent has been done at the latest, if it was done at all: a batch takes its time."""
    batch = (write.call.request.path, write.call.request.query) == _BATCH
    return write.call.at + (world.careers.system.switches.symplicity_batch_seconds if batch else 0.0)


def untold(world: World, write: Write) -> bool:
    """Whether a change went in a batch of whose end the daemon that sent it was never told."""
    call = write.call
    if (call.request.path, call.request.query) != _BATCH:
        return False
    sent = [item["id"] for item in orjson.loads(call.request.body)]
    later = (each for each in world.calls if (each.process, each.life) == (call.process, call.life) and each.number > call.number)
    return not any(_ended(each) == sent for each in later if each.request.path.startswith(f"{_API}/batch/"))


def _ended(call: Call) -> list[str] | None:
    """Of which students a batch has told at its end."""
    if call.fate != "answered":
        return None
    try:
        found = orjson.loads(call.acted[-1].body)
        return [one["id"] for one in found["responses"]] if found["status"] == "completed" else None
    except (ValueError, KeyError, TypeError):
        return None
