"""Where a feed stopped, as text. All of it is opaque to whoever keeps it; an unknown text means the beginning."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from connector.core.strictjson import read_table
from connector.salesforce import soql


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """How far the changes of one kind of record beside the contacts are followed.

    ``since`` is the moment up to which all are followed (empty: none yet); ``mark`` what it becomes when the rows now being
    read are through; ``stamp`` and ``id`` the last row of a full page of them. ``keys`` are changed records whose contacts
    are being read, ``after`` the last contact read for them.
    """

    since: str = ""
    mark: str = ""
    stamp: str = ""
    id: str = ""
    keys: tuple[str, ...] = ()
    after: str = ""

    @property
    def between(self) -> bool:
        """Whether we are between two pages of changed records (no new mark is needed)."""
        return self.id != ""

    @property
    def busy(self) -> bool:
        """Whether more must be read before the feed is through."""
        return self.between or bool(self.keys)

    def through(self) -> Trail:
        """The trail once the contacts of its keys are read."""
        if self.between:
            return replace(self, keys=(), after="")
        return Trail(since=self.mark)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A query job that reads a feed whole. ``asked`` counts how often we asked whether it is done, ``left`` how often we may.

    ``locator`` leads to the next set of results; it is empty before the first.
    """

    id: str
    locator: str = ""
    asked: int = 0
    left: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Where a feed stopped.

    ``phase`` is ``start``, ``full`` or ``delta``. ``since`` is the moment up to which all changes are read; ``mark`` what it
    becomes when the pages now being read are through; ``stamp`` and ``id`` the last row of the page before it. ``trails`` are
    those of the records beside contacts, by path; ``job`` reads the feed whole instead of pages in order of Id.
    """

    phase: str = "start"
    since: str = ""
    mark: str = ""
    stamp: str = ""
    id: str = ""
    trails: Mapping[str, Trail] = field(default_factory=dict)
    job: Job | None = None

    @property
    def between(self) -> bool:
        """Whether we are between two pages (no new mark is needed)."""
        return self.id != ""

    @property
    def begun(self) -> bool:
        """Whether a page is to follow for which there is a mark already."""
        return self.between or self.phase == "full"

    def dump(self) -> str:
        """The cursor as text."""
        trails = {path: _given(asdict(trail)) for path, trail in self.trails.items()}
        job = _given(asdict(self.job)) if self.job else None
        return json.dumps({"v": 1, **_given(asdict(self) | {"trails": trails, "job": job})}, separators=(",", ":"))


def _given(parts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parts.items() if value}


def read_cursor(text: str) -> Cursor:
    """The cursor in a text; the start if it is empty or not one of this version, since reading all again is always right."""
    try:
        value = read_table(text)
        if value.pop("v") != 1 or value.get("phase") not in {"full", "delta"}:
            return Cursor()
        trails = {str(path): _trail(parts) for path, parts in value.pop("trails", {}).items()}
        job = _job(value.pop("job")) if "job" in value else None
        cursor = Cursor(**{name: str(part) for name, part in value.items()}, trails=trails, job=job)
        _check_cursor(cursor)
    except (ValueError, TypeError, KeyError, AttributeError):
        return Cursor()
    return cursor


def _trail(parts: Mapping[str, Any]) -> Trail:
    keys = tuple(str(key) for key in parts.get("keys", ()))
    trail = Trail(**{name: str(part) for name, part in parts.items() if name != "keys"}, keys=keys)
    _check_stamps(trail.since, trail.mark, trail.stamp)
    ids = [key for key in (*keys, trail.id, trail.after) if key]
    if not trail.since or (trail.busy and not trail.mark) or (trail.id and not trail.stamp) or not all(map(soql.is_id, ids)):
        raise ValueError
    return trail


def _job(parts: Mapping[str, Any]) -> Job:
    job = Job(
        id=str(parts["id"]),
        locator=str(parts.get("locator", "")),
        asked=int(parts.get("asked", 0)),
        left=int(parts.get("left", 0)),
    )
    if not soql.is_id(job.id) or set(parts) - {"id", "locator", "asked", "left"}:
        raise ValueError
    return job


def _check_cursor(cursor: Cursor) -> None:
    _check_stamps(cursor.since, cursor.mark, cursor.stamp)
    complete = cursor.since and (not cursor.between or cursor.stamp) if cursor.phase == "delta" else cursor.mark
    if not complete or (cursor.id and not soql.is_id(cursor.id)):
        raise ValueError


def _check_stamps(*stamps: str) -> None:
    for stamp in stamps:
        if stamp and datetime.fromisoformat(stamp).tzinfo is None:
            raise ValueError
