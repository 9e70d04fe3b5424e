"""The state of one emulated career system: its keys, accounts and requests, notes, acknowledgements and mails."""

from collections.abc import Iterable, Mapping
from copy import copy, deepcopy
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from emulator.career import errors
from emulator.career.fields import LISTS, empty_person, empty_request, get, put
from emulator.career.records import SYSTEM, Actor, Change, Feed, Mail, Shelf, Stored, Version, moment
from emulator.career.switches import Switches
from emulator.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """The institution's site."""

    id: str = "tenant-0001"
    name: str = "Example University Careers"
    environment: str = "test"


class Minute:
    """Counts what happens within each minute of the clock."""

    def __init__(self) -> None:
        self._minute, self._used = 0, 0

    def add(self, now: datetime) -> tuple[int, int]:
        """Once more; how often in this minute, and how many seconds are left of it."""
        seconds = int(now.timestamp())
        self._used = self._used + 1 if self._minute == seconds // 60 else 1
        self._minute = seconds // 60
        return self._used, 60 - seconds % 60

    def count(self, now: datetime) -> int:
        """How often it happened in this minute."""
        return self._used if self._minute == int(now.timestamp()) // 60 else 0


class CareerSystem:
    """One tenant of a career system. Everything it knows is here; several may live in one process.

    `tokens` are what keys were exchanged for, with their ends; `extra` is what one platform alone keeps.
    """

    def __init__(self, clock: Clock, *, tenant: Tenant | None = None, switches: Switches | None = None) -> None:
        self.clock = clock
        self.tenant = tenant or Tenant()
        self.switches = switches or Switches()
        self.keys: dict[str, Actor] = {}
        self.people = Shelf("person")
        self.requests = Shelf("request")
        self.feed = Feed()
        self.notes: dict[str, dict[str, Any]] = {}
        self.acknowledgements: dict[str, dict[str, Any]] = {}
        self.mails: list[Mail] = []
        self.refusals: dict[str, errors.ApiError] = {}
        self.calls_of_minute = Minute()
        self.tokens: dict[str, tuple[Actor, datetime]] = {}
        self.extra: dict[str, Any] = {}
        self._revision = 0

    def copy(self, clock: Clock) -> "CareerSystem":
        """A tenant that is the same as this one now and goes its own way from here, by its own clock."""
        made = copy(self)
        made.clock, made.switches = clock, replace(self.switches)
        made.people, made.requests, made.feed = self.people.copy(), self.requests.copy(), self.feed.copy()
        for name in ("keys", "notes", "acknowledgements", "mails", "refusals", "calls_of_minute", "tokens"):
            setattr(made, name, copy(getattr(self, name)))
        made.extra = deepcopy(self.extra)
        return made

    def admit(self, key: str, actor: Actor) -> None:
        """Let a key act as somebody."""
        self.keys[key] = actor

    def shelf(self, kind: str) -> Shelf:
        """The records of `person` or `request`."""
        return self.people if kind == "person" else self.requests

    def seed(self, kind: str, rows: Iterable[Mapping[str, Any]]) -> int:
        """Put records in as if they had always been there: unchecked, no feed entry. Keys may be dotted or nested."""
        blank = orjson.dumps(empty_person() if kind == "person" else empty_request())
        now = moment(self.clock.now())
        count = 0
        for row in rows:
            data = orjson.loads(blank)
            for path, value in row.items():
                if isinstance(value, dict) and isinstance(data.get(path), dict):
                    data[path].update(value)
                else:
                    put(data, path, value)
            if kind == "request":
                data["created_at"] = data.get("created_at") or now
                data["updated_at"] = data.get("updated_at") or data["created_at"]
            self._store(kind, data)
            count += 1
        return count

    def create_person(self, fields: Mapping[str, Any], by: Actor) -> Stored:
        """A new account."""
        data = empty_person()
        for path, value in fields.items():
            put(data, path, self._normal(path, value))
        stored = self._store("person", data)
        self._announce("person", stored.id, by, tuple(fields))
        return stored

    def change_person(
        self, record_id: str, fields: Mapping[str, Any], by: Actor, *, etag: str | None = None, silent: bool = False
    ) -> Stored:
        """Change an account; values that are already there change nothing, not even the etag. ``silent``: nobody is mailed.

        Raises:
            ApiError: 404, 412, or what was ordered for this record.
        """
        stored = self.people.live(record_id)
        if record_id in self.refusals:
            raise self.refusals[record_id].with_traceback(None)
        if etag is not None and etag != stored.etag and not self.switches.etag_ignored:
            raise errors.precondition_failed()
        data = stored.data()
        moved = {path: [get(data, path), self._normal(path, value)] for path, value in fields.items()}
        moved = {path: pair for path, pair in moved.items() if pair[0] != pair[1]}
        if not moved:
            return stored
        for path, (_, after) in moved.items():
            put(data, path, after)
        self._restore("person", stored, data, by, moved)
        if "login_email" in moved and self.switches.mail_on_login_change and not silent:
            self._mail(record_id, "verification")
        return stored

    def file_request(self, fields: Mapping[str, Any], by: Actor) -> Stored:
        """A new request."""
        now = moment(self.clock.now())
        stored = self._store("request", {**empty_request(), **fields, "created_at": now, "updated_at": now})
        self._announce("request", stored.id, by, tuple(fields))
        return stored

    def change_request(self, record_id: str, fields: Mapping[str, Any], by: Actor, *, etag: str | None = None) -> Stored:
        """Change or withdraw a request.

        Raises:
            ApiError: 404 or 412.
        """
        stored = self.requests.live(record_id)
        if etag is not None and etag != stored.etag:
            raise errors.precondition_failed()
        data = stored.data()
        moved = {name: [data.get(name), value] for name, value in fields.items() if data.get(name) != value}
        if moved:
            data.update(fields)
            data["updated_at"] = moment(self.clock.now())
            self._restore("request", stored, data, by, moved)
        return stored

    def delete(self, kind: str, record_id: str, by: Actor) -> None:
        """Delete a record; the feed says so once.

        Raises:
            ApiError: 404.
        """
        self.shelf(kind).live(record_id).deleted = True
        self._announce(kind, record_id, by, (), deleted=True)

    def leave_note(self, key: str, note: Mapping[str, Any], by: Actor) -> bool:
        """Keep a staff note; False if this very note was there already.

        Raises:
            ApiError: 409 when the key names another note, 404 when what it is about does not exist.
        """
        for kind in ("person", "request"):
            if (about := note.get(f"{kind}_id")) is not None:
                self.shelf(kind).live(about)
        if (known := self.notes.get(key)) is not None:
            if any(known.get(name) != value for name, value in note.items()):
                raise errors.key_conflict("This key was used for another note.")
            return False
        self.notes[key] = {"key": key, **note, "at": moment(self.clock.now()), "by": by.told()}
        return True

    def acknowledge(self, request_id: str, told: Mapping[str, Any], by: Actor) -> dict[str, Any]:
        """Set what staff see about a request's way through the other office.

        Raises:
            ApiError: 404.
        """
        self.requests.live(request_id)
        known = self.acknowledgements.get(request_id)
        if known is None or any(known[name] != value for name, value in told.items()):
            known = {"request_id": request_id, **told, "at": moment(self.clock.now()), "by": by.told()}
            self.acknowledgements[request_id] = known
        return known

    def spoil(self, kind: str, record_id: str, raw: bytes, by: Actor = SYSTEM, fields: tuple[str, ...] = ()) -> None:
        """Replace the JSON of a record by any bytes, as a defect of the system would, and announce a change."""
        stored = self.shelf(kind).live(record_id)
        stored.raw = raw
        self._announce(kind, record_id, by, fields)

    def _store(self, kind: str, data: dict[str, Any]) -> Stored:
        shelf = self.shelf(kind)
        data["id"] = data.get("id") or f"{kind[0]}{len(shelf.order) + 1:07d}"
        if data["id"] in shelf.by_id:
            raise errors.key_conflict("There is a record with this id.")
        data["etag"], now = self._next_etag(), self.clock.now()
        stored = Stored(id=data["id"], etag=data["etag"], raw=orjson.dumps(data), created=now, modified=now)
        shelf.add(stored)
        return stored

    def _restore(self, kind: str, stored: Stored, data: dict[str, Any], by: Actor, moved: Mapping[str, list[Any]]) -> None:
        stored.etag = data["etag"] = self._next_etag()
        stored.raw = orjson.dumps(data)
        stored.modified = self.clock.now()
        at = moment(stored.modified)
        stored.versions.append(Version(etag=stored.etag, at=at, by=by, changes=moved))
        self._announce(kind, stored.id, by, tuple(moved))

    def _announce(self, kind: str, record_id: str, by: Actor, fields: tuple[str, ...], *, deleted: bool = False) -> None:
        at = self.clock.now()
        self.feed.add(Change(seq=self.feed.head + 1, kind=kind, id=record_id, at=at, by=by, fields=fields, deleted=deleted))

    def _next_etag(self) -> str:
        self._revision += 1
        return f"{self._revision:x}"

    def _normal(self, path: str, value: Any) -> Any:  # noqa: ANN401 - JSON
        if isinstance(value, str):
            if self.switches.trims:
                value = value.strip()
            if self.switches.lowers_emails and "email" in path:
                value = value.lower()
        if value is None and path in LISTS:
            return []
        return None if value == "" else value

    def _mail(self, person_id: str, kind: str) -> None:
        self.mails.append(Mail(at=moment(self.clock.now()), person_id=person_id, kind=kind))
