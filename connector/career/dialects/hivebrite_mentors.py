"""What Hivebrite's users do as mentors: whether they can be asked, for how many, and how many they have.

``GET /api/admin/v3/mentoring/mentor_profiles`` and ``/programs``, without ``updated_since`` [C, from the specification]: a
profile has ``user_id``, ``mentoring_program_id``, ``status``, ``accepted_mentees_count``, ``updated_at``; a programme
``maximum_mentees``. Which words a status can be is not written anywhere: settings say what they mean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from connector.career.dialects.hivebrite_lists import all_of
from connector.career.exchange import Exchange
from connector.career.paging import Slice
from connector.career.payload import at, number_at
from connector.career.setup import Setup
from connector.ports import Record

MENTORING = "mentoring"
_API = "/api/admin/v3/mentoring"
_NOBODY: Mapping[str, Any] = {"availability": None, "capacity": None, "mentees": None}
_ONE_PROFILE = ("user_id", "mentoring_program_id", "mentor_id")
_AT_ONCE = 50
"""Users asked for in one page of changes."""


class Mentors:
    """The mentors of one community, held in memory: part of every user's record.

    ``fetch`` answers users by their ids.
    """

    def __init__(self, setup: Setup, exchange: Exchange, fetch: Callable[[Sequence[str]], Sequence[Record]]) -> None:
        self._exchange, self._fetch, self._clock = exchange, fetch, setup.clock
        self._available, self._paused = (_words(setup.setting(name)) for name in ("mentor_available", "mentor_paused"))
        self._parts: dict[int, dict[str, Any]] | None = None
        self._since: datetime | None = None
        self._owed: set[int] = set()

    def part(self, user_id: int) -> Mapping[str, Any]:
        """What a user does as a mentor; nothing known for who is none."""
        if self._parts is None:
            self._parts, _ = self._read(None)
        return self._parts.get(user_id, _NOBODY)

    def changed(self, number: int, since: datetime | None) -> Slice:
        """As ``Listing.page``: users whose mentor profile has moved since, or says something else than when we looked last."""
        if number == 1:
            before, now = self._parts, self._clock.now()
            self._parts, moved = self._read(since)
            other = {id for id in {*(before or {}), *self._parts} if (before or self._parts).get(id) != self._parts.get(id)}
            # Asked again for the same time, the last walk was not ended: what it had found is still to be told.
            self._owed, self._since = moved | other | (self._owed if since == self._since else set()), since
        else:
            now = None
        changed = [str(id) for id in sorted(self._owed)]
        ids, more = changed[(number - 1) * _AT_ONCE : number * _AT_ONCE], number * _AT_ONCE < len(changed)
        return Slice(records=tuple(self._fetch(ids)), met=(), more=more, at=now)

    def _read(self, since: datetime | None) -> tuple[dict[int, dict[str, Any]], set[int]]:
        """All mentors, and those whose profile, or a programme of theirs, has moved since."""
        programs = {str(at(one, "id")): one for one in all_of(self._exchange, f"{_API}/programs", "programs", "id")}
        by_user: dict[int, list[Any]] = {}
        for profile in all_of(self._exchange, f"{_API}/mentor_profiles", "mentor_profiles", *_ONE_PROFILE):
            if (user := number_at(profile, "user_id")) is not None:
                by_user.setdefault(user, []).append(profile)
        moved = {user for user, profiles in by_user.items() if any(_moved(one, since) for one in profiles)}
        return {user: self._part(profiles, programs) for user, profiles in by_user.items()}, moved

    def _part(self, profiles: Sequence[Any], programs: Mapping[str, Any]) -> dict[str, Any]:
        words = {str(at(one, "status") or "").casefold() for one in profiles}
        paused = "paused" if words & self._paused else "not_available"
        places = [at(programs.get(str(at(one, "mentoring_program_id"))), "maximum_mentees") for one in profiles]
        mentees = [at(one, "accepted_mentees_count") for one in profiles]
        return {
            "availability": "available" if words & self._available else paused,
            "capacity": _sum(places),
            "mentees": _sum(mentees),
        }


def _words(text: str) -> frozenset[str]:
    return frozenset(word.strip().casefold() for word in text.split(",") if word.strip())


def _sum(values: Sequence[object]) -> int | None:
    numbers = [value for value in values if isinstance(value, int) and not isinstance(value, bool)]
    return sum(numbers) if numbers else None


def _moved(profile: object, since: datetime | None) -> bool:
    """Whether a profile has moved; one whose time nobody can read may have."""
    if since is None:
        return False
    try:
        moment = datetime.fromisoformat(str(at(profile, "updated_at")))
    except ValueError:
        return True
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)) >= since
