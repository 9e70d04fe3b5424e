"""What leaves for Hivebrite, judged by its bytes: logins, reads, and users with what is to change.

A postal address goes whole: what such a write changes of it is what differs from the user as that daemon had last read her. Paths
and shapes are those of the emulated platform's page in docs/platforms.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import orjson

from emulator.career.hivebrite.shapes import taken
from emulator.career.models import CareerSystem
from tests.simulation.oracle.forbidden import NotAllowed
from tests.simulation.oracle.looks import Looks, understood
from tests.simulation.world import Call

_READS = re.compile(
    r"/api/admin/(v1/(network|settings/customizable_attributes|users(/\d+)?|versions/deleted)|v3/mentoring/(mentor_profiles|programs))"
)
_USER = re.compile(r"/api/admin/v1/users/(\d+)")


class Read:
    """The users as each daemon last read them, each by herself."""

    def __init__(self, system: CareerSystem) -> None:
        self._system = system
        self._looks = Looks(_USER, _user)

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
                self._looks.note(call)
            case "PUT" if found := _USER.fullmatch(path):
                body = orjson.loads(call.request.body)
                if set(body) != {"user"}:
                    raise NotAllowed(f"a change of a user with {sorted(body)}")
                yield "person", "update", found[1], self._changed(call, body["user"])
            case _:
                raise NotAllowed(f"{method} {path}")

    def _changed(self, call: Call, user: Mapping[str, Any]) -> Mapping[str, Any]:
        read = self._looks.last(call, call.request.path)
        named = {"custom_attributes", "postal_personal", *_own(read)}
        if strange := set(user) - named:
            raise NotAllowed(f"a user with {sorted(strange)}")
        whole = {"postal_personal": read["postal_personal"]}
        before, after = (understood(partial(taken, self._system, None, each)) for each in (whole, user))
        return {path: value for path, value in after.items() if path not in before or before[path] != value}


def _user(read: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Some communities tell of a user without her name around it."""
    user = read.get("user", read)
    return user if isinstance(user, dict) and "postal_personal" in user else None


def _own(user: Mapping[str, Any]) -> set[str]:
    """The properties of a user that are single values, but for what says whether she can log in."""
    return {name for name, value in user.items() if not isinstance(value, (dict, list))} - {"id", "email", "is_active"}
