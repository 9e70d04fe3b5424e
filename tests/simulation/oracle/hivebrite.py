"""What leaves for Hivebrite, judged by its bytes: logins, reads, and users with what is to change.

A postal address goes whole: what such a write changes of it is what differs from the user as that daemon had last read her. Paths
and shapes are those of the emulated platform's page in docs/platforms.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from emulator.career.errors import ApiError
from emulator.career.hivebrite.shapes import taken
from emulator.career.models import CareerSystem
from tests.simulation.oracle.forbidden import NotAllowed
from tests.simulation.world import Call

_READS = re.compile(
    r"/api/admin/(v1/(network|settings/customizable_attributes|users(/\d+)?|versions/deleted)|v3/mentoring/(mentor_profiles|programs))"
)
_USER = re.compile(r"/api/admin/v1/users/(\d+)")


class Read:
    """The users as each daemon last read them, each by herself."""

    def __init__(self, system: CareerSystem) -> None:
        self._system = system
        self._known: dict[tuple[str, int, str], Mapping[str, Any]] = {}

    def writes(self, call: Call) -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
        """What one call changes: object, operation, id, and fields by the tenant's own paths.

        Raises:
            NotAllowed: the call is none that may ever leave.
        """
        method, path = call.request.method, call.request.path
        match method:
            case "POST" if path == "/api/oauth/token":
                return
            case "GET" if _READS.fullmatch(path):
                self._note(call)
            case "PUT" if found := _USER.fullmatch(path):
                body = orjson.loads(call.request.body)
                if set(body) != {"user"}:
                    raise NotAllowed(f"a change of a user with {sorted(body)}")
                yield "person", "update", found[1], self._changed(call, body["user"])
            case _:
                raise NotAllowed(f"{method} {path}")

    def _note(self, call: Call) -> None:
        if call.fate != "answered" or not _USER.fullmatch(call.request.path):
            return
        try:
            read = orjson.loads(call.acted[-1].body)
        except ValueError:
            return
        # Some communities tell of a user without her name around it.
        user = read.get("user", read) if isinstance(read, dict) else None
        if isinstance(user, dict) and "postal_personal" in user:
            self._known[call.process, call.life, call.request.path] = user

    def _changed(self, call: Call, user: Mapping[str, Any]) -> Mapping[str, Any]:
        read = self._known.get((call.process, call.life, call.request.path))
        if read is None:
            raise NotAllowed(f"{call.request.path} is written without having been read")
        named = {"custom_attributes", "postal_personal", *_own(read)}
        if strange := set(user) - named:
            raise NotAllowed(f"a user with {sorted(strange)}")
        before, after = (self._tenants(values) for values in ({"postal_personal": read["postal_personal"]}, user))
        return {path: value for path, value in after.items() if path not in before or before[path] != value}

    def _tenants(self, user: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return taken(self._system, None, user)
        except ApiError as error:
            raise NotAllowed(f"a user whom Hivebrite does not take: {error.message}") from error


def _own(user: Mapping[str, Any]) -> set[str]:
    """The properties of a user that are single values, but for what says whether she can log in."""
    return {name for name, value in user.items() if not isinstance(value, (dict, list))} - {"id", "email", "is_active"}
