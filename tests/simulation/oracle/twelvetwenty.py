"""What leaves for 12twenty, judged by its bytes: reads, notes for staff, and whole contacts with the values they were read with.

12twenty takes a contact whole. What such a write changes is what differs from the contact as that daemon had last read it, and
nothing may differ but what the mapping has. Paths and shapes are those of the emulated platform's page in docs/platforms.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import orjson

from emulator.career.models import CareerSystem
from emulator.career.twelvetwenty.shapes import CONTACT, taken
from tests.simulation.oracle.forbidden import NotAllowed
from tests.simulation.oracle.looks import Looks, understood
from tests.simulation.world import Call

_READS = re.compile(
    r"/api/(client/generateAuthenticationToken|v2/(attributes|lookups(/\d+/options)?|(contacts|students)(/\d+)?|notes))"
)
_PAGE = re.compile(r"/api/v2/contacts/(\d+)")
_NOTE = frozenset({"PrimaryEntityTypeId", "PrimaryEntityId", "Text", "Date", "VisibilityId"})
_STAFF_ALONE = 3
"""Who sees a note, as the simulated bridge was told to leave them."""


class Read:
    """The contacts as each daemon last read them, each by itself."""

    def __init__(self, system: CareerSystem) -> None:
        self._system = system
        self._looks = Looks(_PAGE, lambda read: read if "Id" in read else None)

    def writes(self, call: Call) -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
        """What one call changes: object, operation, id, and fields by the tenant's own paths.

        Raises:
            NotAllowed: the call is none that may ever leave.
        """
        method, path = call.request.method, call.request.path
        match method:
            case "GET" if _READS.fullmatch(path):
                self._looks.note(call)
            case "PUT" if found := _PAGE.fullmatch(path):
                yield "person", "update", f"c-{found[1]}", self._changed(call, orjson.loads(call.request.body))
            case "POST" if path == "/api/v2/notes":
                body = orjson.loads(call.request.body)
                if set(body) != _NOTE or body["VisibilityId"] != _STAFF_ALONE:
                    raise NotAllowed(f"a note with {sorted(body)} for {body.get('VisibilityId')}")
                yield "note", "insert", body["Text"], body
            case _:
                raise NotAllowed(f"{method} {path}")

    def _changed(self, call: Call, body: Mapping[str, Any]) -> Mapping[str, Any]:
        read = self._looks.last(call, call.request.path)
        here, there = _flat(body), _flat(read)
        if here.keys() != there.keys():
            raise NotAllowed(f"a contact with other properties: {sorted(here.keys() ^ there.keys())}")
        names = {name for name, value in here.items() if there[name] != value}
        before, after = (understood(partial(taken, self._system, CONTACT, each, whole=False)) for each in (read, body))
        fields = {path: value for path, value in after.items() if before[path] != value}
        if len(fields) != len(names):
            raise NotAllowed(f"a contact changed in {sorted(names)}, of which the tenant knows {sorted(fields)}")
        return fields


def _flat(values: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Every property by its dotted path; a chosen value is one."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        inner = isinstance(value, dict) and "AttributeId" not in value
        found |= _flat(value, f"{above}{name}.") if inner else {f"{above}{name}": value}
    return found
