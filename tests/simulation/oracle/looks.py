"""Accounts as each daemon last looked at them, each by itself.

A write is judged by that where the platform knows no preconditions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from emulator.career.errors import ApiError
from tests.simulation.oracle.forbidden import NotAllowed
from tests.simulation.world import Call


class Looks:
    """``page`` are the paths of single accounts; ``account`` finds one in an answer, None if it holds none."""

    def __init__(self, page: re.Pattern[str], account: Callable[[Mapping[str, Any]], Mapping[str, Any] | None]) -> None:
        self._page, self._account = page, account
        self._known: dict[tuple[str, int, str], Mapping[str, Any]] = {}

    def note(self, call: Call) -> None:
        """A call that only reads."""
        if call.fate != "answered" or not self._page.fullmatch(call.request.path):
            return
        try:
            read = orjson.loads(call.acted[-1].body)
        except ValueError:
            return
        found = self._account(read) if isinstance(read, dict) else None
        if found is not None:
            self._known[call.process, call.life, call.request.path] = found

    def last(self, call: Call, path: str) -> Mapping[str, Any]:
        """The account at a path, as the daemon that makes this call last saw it.

        Raises:
            NotAllowed: it never has.
        """
        found = self._known.get((call.process, call.life, path))
        if found is None:
            raise NotAllowed(f"{path} is written without having been read")
        return found


def understood(understand: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What the emulated platform understands an account to say, in the tenant's own fields.

    Raises:
        NotAllowed: it would not take that.
    """
    try:
        return understand()
    except ApiError as error:
        raise NotAllowed(f"an account that the platform does not take: {error.message}") from error
