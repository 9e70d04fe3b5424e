"""Hivebrite: users with their custom attributes, deletions told apart, and what they do as mentors.

Facts (marks as in the profile): ``page`` and ``per_page`` (100 at most), ``Link`` and ``x-total`` headers, ``updated_since`` in
UTC [A]; lists as ``{"users": [...]}``, whole only with ``full_profile=true``, users by ``PUT {"user": {...}}`` that names what
changes, a page behind the last one is a 404, and ``x-total`` may count everybody [B]; ``versions/deleted?deleted_since=`` [C].
The vendor's own example of a ``Link`` header leads to another host and to a wrong page: no address in it is ever followed.

An account's id is Hivebrite's number. Custom attributes stand under ``custom.`` by what they are called on screen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.career import outcomes
from connector.career.access import Token
from connector.career.careful import CarefulWriter, version_of
from connector.career.dialect import Tenant
from connector.career.dialects.hivebrite_lists import page_of
from connector.career.dialects.hivebrite_login import Login
from connector.career.dialects.hivebrite_mentors import MENTORING, Mentors
from connector.career.dialects.hivebrite_profiles import Profiles
from connector.career.exchange import Missing, Reply
from connector.career.labels import Unwritable
from connector.career.paging import Listing, PagedReader, Slice
from connector.career.payload import at, record_of
from connector.career.setup import Setup
from connector.career.writes import Chunk
from connector.ports import Note, Outcome, Page, PersonUpdate, Record, Status

_API = "/api/admin/v1"
_MENTORS_REST = timedelta(hours=1)
_COMPARE = timedelta(hours=24)


class Hivebrite:
    """One community of Hivebrite."""

    update_size = 1
    note_size = 0

    def __init__(self, setup: Setup) -> None:
        self._wire = setup.the_wire()
        self._exchange = setup.exchange(Token(Login(setup).ask, setup.clock.monotonic))
        self._profiles = Profiles(self._exchange)
        self._mentors = Mentors(setup, self._exchange, self.fetch) if setup.setting("mentoring") == "yes" else None
        listings = [
            Listing(name="users", page=self._users, since=True),
            Listing(name="deleted", page=self._deleted, since=True, later=True),
        ]
        if self._mentors is not None:
            listings.append(Listing(name="mentors", page=self._mentors.changed, since=True, later=True, rest=_MENTORS_REST))
        if setup.setting("updated_since") == "profile":
            listings.append(Listing(name="everybody", page=self._users, since=False, later=True, rest=_COMPARE))
        self._reader = PagedReader(listings, setup.clock)
        self._writer = CarefulWriter(system=setup.system, fetch=self._with_native, send=self._send, version=_version)

    @staticmethod
    def open(setup: Setup) -> Hivebrite:
        """As ``connector.career.connect`` opens it."""
        return Hivebrite(setup)

    @property
    def calls(self) -> int:
        """See ``Dialect.calls``."""
        return self._wire.calls

    def tenant(self) -> Tenant:
        """See ``Dialect.tenant``."""

        def understand(reply: Reply) -> Tenant:
            found = _inside(reply.data, "network")
            number = at(found, "id")
            if not isinstance(number, int):
                raise reply.answer.unusable("a network without id")
            return Tenant(id=str(number), name=str(at(found, "title") or ""))

        return self._exchange.get(f"{_API}/network", {}, understand)

    def read(self, cursor: str) -> Page:
        """See ``Dialect.read``. Who has asked to join and is not approved yet is no user."""
        return self._reader.read(cursor)

    def fetch(self, ids: Sequence[str]) -> Sequence[Record]:
        """See ``Dialect.fetch``: one call each."""
        found = [self._with_native(id) for id in ids]
        return [record for record, _ in (one for one in found if one is not None)]

    def update(self, rows: Sequence[PersonUpdate]) -> Chunk:
        """See ``Dialect.update``."""
        return self._writer.update(rows[0])

    def note(self, rows: Sequence[Note]) -> Chunk:
        """Never: there is no place that staff alone can see."""
        return Chunk(outcomes=[outcomes.cannot("NO_NOTES", "staff-only notes")] * len(rows))

    def _users(self, number: int, since: datetime | None) -> Slice:
        params = {"full_profile": "true", "order": "id"}
        if since is not None:
            params["updated_since"] = _told(since)
        found = page_of(self._exchange, f"{_API}/users", "users", number, params)
        records = tuple(self._record(item, odd=found.odd) for item in found.items)
        met = tuple(record.id for record in records)
        # a total that counts everybody makes no list of changes an unread one
        total = found.total if since is None or found.items else None
        return Slice(records=records, met=met, more=found.more, total=total, at=found.at)

    def _deleted(self, number: int, since: datetime | None) -> Slice:
        params = {"deleted_since": _told(since)} if since is not None else {}
        found = page_of(self._exchange, f"{_API}/versions/deleted", "versions", number, params)
        gone = {str(at(item, "item_id")) for item in found.items if at(item, "item_type") == "User"}
        records = tuple(Record(kind="person", id=id, version="", fields={}, deleted=True) for id in sorted(gone))
        return Slice(records=records, met=(), more=found.more, at=found.at)

    def _with_native(self, id: str) -> tuple[Record, dict[str, Any]] | None:
        """An account as a record, and as Hivebrite has it."""
        if not id.isdecimal():
            return None

        def understand(reply: Reply) -> tuple[Record, dict[str, Any]]:
            item = _inside(reply.data, "user")
            record = self._record(item, odd=reply.odd)
            if record.id != id:
                raise reply.answer.unusable("a user that was not asked for")
            return record, item

        try:
            return self._exchange.get(f"{_API}/users/{id}", {}, understand, may_be_missing=True)
        except Missing:
            return None

    def _record(self, item: object, *, odd: bool) -> Record:
        number = at(item, "id")
        if not isinstance(item, dict) or not isinstance(number, int) or isinstance(number, bool):
            return record_of("person", item, record_id=None, version=None, odd=odd)
        fields = self._profiles.shape(item)
        if self._mentors is not None:
            fields[MENTORING] = self._mentors.part(number)
        return record_of("person", fields, record_id=str(number), version=_version(fields), odd=odd)

    def _send(self, native: Mapping[str, Any], changes: Mapping[str, Any]) -> Outcome:
        try:
            user = self._profiles.native(native, changes)
        except Unwritable as reason:
            return reason.outcome
        answer = self._exchange.send("PUT", f"{_API}/users/{native['id']}", json={"user": user})
        if answer.status == 200:
            data, _ = answer.read_json()  # a web page is no acknowledgement
            if outcomes.denied(data) or at(_inside(data, "user"), "id") not in (None, native["id"]):
                return outcomes.unknown("a success that says otherwise, or is another user's")
        if answer.status in {200, 204}:
            return Outcome(status=Status.APPLIED)
        return outcomes.judged(answer)


def _version(fields: Mapping[str, Any]) -> str:
    return version_of(fields, without=frozenset({MENTORING}))


def _inside(data: object, name: str) -> Any:  # noqa: ANN401 - JSON
    """What stands below a name, or alone: both have been seen."""
    found = at(data, name)
    return found if isinstance(found, dict) else data


def _told(moment: datetime) -> str:
    """A moment as Hivebrite takes it: UTC, without saying so."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
