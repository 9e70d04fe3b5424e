"""12twenty: students and contacts, custom attributes and picklists by id, staff notes.

Facts (marks as in the profile): a token of 24 hours from ``/api/client/generateAuthenticationToken?key=`` [A], lists by
``PageSize`` and ``PageNumber`` answering ``{Items, Total, PageSize}`` [B], ``ModifyFromDate`` on contacts and notes [B], PUT on
contacts and PATCH on students [B], times in UTC without offset [B], ``IsAdminApproved`` [B], linked enrolments [B].

An account's id is ``c-`` or ``s-`` and 12twenty's number: contacts and students count apart. Custom attributes stand under
``custom.`` by what they are called on screen (*Mentor availability* is ``custom.mentor_availability``), picklists by their names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from connector.career import outcomes
from connector.career.access import Token, not_accepted
from connector.career.careful import CarefulWriter, version_of
from connector.career.dialect import Tenant
from connector.career.dialects.twelvetwenty_attributes import Attributes
from connector.career.dialects.twelvetwenty_notes import ENTITIES, Notes
from connector.career.exchange import Missing, Reply
from connector.career.labels import Unwritable
from connector.career.paging import Listing, PagedReader, Slice, date_of, goes_on, page_size
from connector.career.payload import at, items_of, number_at, record_of
from connector.career.setup import Setup
from connector.career.writes import Chunk
from connector.errors import Later
from connector.ports import POISON, Note, Outcome, Page, PersonUpdate, Record, Status
from connector.secrets import Secret
from connector.wire import Answer

API = "/api/v2"
PAGE = 500
_CLIENT = "/api/client"
_REFUSED = frozenset({400, 401, 403})
_TOKEN_LIFE = 23 * 3600.0
_MOVED_BY_ITSELF = frozenset({"ModifyDate", "CreateDate", "HasPhoto", "CompanyHistory"})
_LISTS = {"c": "contacts", "s": "students"}
_TOKEN = re.compile(r"[!-;=-~]+")
"""What can stand in a header, and begins no web page."""

_Native = tuple[str, Mapping[str, Any]]
"""An account as 12twenty has it, after the first letter of its id: contacts and students are counted apart."""


class TwelveTwenty:
    """One site of 12twenty."""

    update_size = 1

    def __init__(self, setup: Setup) -> None:
        self._setup, self._wire = setup, setup.the_wire()
        self._exchange = setup.exchange(Token(self._ask_token, setup.clock.monotonic))
        self._attributes = Attributes(self._exchange)
        self._notes = Notes(self._exchange, setup)
        self.note_size = 1 if self._notes.visibility else 0
        students_since = setup.setting("students_modified_since") == "yes"
        listings = (
            Listing(name="contacts", page=partial(self._page, "c"), since=True),
            Listing(name="students", page=partial(self._page, "s"), since=students_since),
        )
        self._reader = PagedReader(listings, setup.clock)
        self._writer = CarefulWriter(system=setup.system, fetch=self._with_native, send=self._send, version=_version)

    @staticmethod
    def open(setup: Setup) -> TwelveTwenty:
        """As ``connector.career.connect`` opens it."""
        return TwelveTwenty(setup)

    @property
    def calls(self) -> int:
        """See ``Dialect.calls``."""
        return self._wire.calls

    def notebook(self) -> Notes:
        """The site's staff notes, as a carrier of requests."""
        return self._notes

    def tenant(self) -> Tenant:
        """See ``Dialect.tenant``: the site is its address; whether it answers us is tried."""
        self._attributes.read()
        return Tenant(id=self._wire.origin.removeprefix("https://"))

    def read(self, cursor: str) -> Page:
        """See ``Dialect.read``. Contacts that nobody has approved yet, and who is no alumnus, are passed over."""
        return self._reader.read(cursor)

    def fetch(self, ids: Sequence[str]) -> Sequence[Record]:
        """See ``Dialect.fetch``: one call each."""
        found = [self._with_native(id) for id in ids]
        return [record for record, _ in (one for one in found if one is not None)]

    def update(self, rows: Sequence[PersonUpdate]) -> Chunk:
        """See ``Dialect.update``."""
        return self._writer.update(rows[0])

    def note(self, rows: Sequence[Note]) -> Chunk:
        """See ``Dialect.note``."""
        return Chunk(outcomes=[self._notes.write(row.person_id or "", row.text, row.key) for row in rows])

    def _ask_token(self) -> tuple[Secret, float]:
        read = self._setup.the_key()
        key = read()
        answer = self._exchange_key(key)
        if answer.status in _REFUSED and (again := read()) != key:
            answer = self._exchange_key(again)
        if answer.status in _REFUSED:
            raise not_accepted(self._setup.system)
        token = answer.data.decode("ascii", "replace").strip().strip('"')
        if answer.status != 200 or not _TOKEN.fullmatch(token):
            raise Later(side=self._setup.system, code="NO_TOKEN", detail=f"HTTP {answer.status}")
        return Secret(token), _TOKEN_LIFE

    def _exchange_key(self, key: Secret) -> Answer:
        # the key stands in the address by the vendor's design: no address is ever logged or told in an error
        return self._wire.send("GET", f"{_CLIENT}/generateAuthenticationToken", write=False, params={"key": key.reveal()})

    def _page(self, prefix: str, number: int, since: datetime | None) -> Slice:
        params = {"PageSize": str(PAGE), "PageNumber": str(number)}
        if since is not None:
            params["ModifyFromDate"] = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")

        def understand(reply: Reply) -> Slice:
            items = items_of(reply.answer, reply.data, "Items")
            total, told = number_at(reply.data, "Total"), number_at(reply.data, "PageSize")
            records = [self._record(prefix, item, odd=reply.odd) for item in items]
            wanted = [record for record, item in zip(records, items, strict=True) if _belongs(prefix, item, record)]
            more = goes_on(number, len(items), size=page_size(told, PAGE), total=total)
            met = tuple(record.id for record in records)
            return Slice(records=tuple(wanted), met=met, more=more, total=total, at=date_of(reply.answer))

        return self._exchange.get(f"{API}/{_LISTS[prefix]}", params, understand)

    def _with_native(self, id: str) -> tuple[Record, _Native] | None:
        """An account as a record, and as 12twenty has it."""
        prefix, _, number = id.partition("-")
        if prefix not in _LISTS or not number.isdecimal():
            return None

        def understand(reply: Reply) -> tuple[Record, _Native]:
            record = self._record(prefix, reply.data, odd=reply.odd)
            if record.id != id or not isinstance(reply.data, dict):
                raise reply.answer.unusable("a record that was not asked for")
            return record, (prefix, reply.data)

        try:
            return self._exchange.get(f"{API}/{_LISTS[prefix]}/{number}", {}, understand, may_be_missing=True)
        except Missing:
            return None

    def _record(self, prefix: str, item: object, *, odd: bool) -> Record:
        number = at(item, "Id")
        record_id = f"{prefix}-{number}" if isinstance(number, int) and not isinstance(number, bool) else None
        fields = self._shape(prefix, item) if isinstance(item, dict) else item
        version = _version(fields) if isinstance(fields, dict) else None
        return record_of("person", fields, record_id=record_id, version=version, odd=odd)

    def _shape(self, prefix: str, item: Mapping[str, Any]) -> dict[str, Any]:
        """An account under the names that a mapping uses."""
        fields = {name: _plain(value) for name, value in item.items() if name != "CustomAttributeValues"}
        customs = item.get("CustomAttributeValues")
        # what is no table has none of them, and each counts as unreadable
        fields["custom"] = self._attributes.named(ENTITIES[prefix], customs if isinstance(customs, dict) else {})
        linked, own = item.get("MultipleEnrollmentLinkedAccountUserId"), item.get("Id")
        if prefix == "s" and isinstance(linked, int) and isinstance(own, int) and linked < own:
            # both accounts name each other; the older one is the person's
            fields["primary_account_id"] = f"s-{linked}"
        return fields

    def _send(self, found: _Native, changes: Mapping[str, Any]) -> Outcome:
        """A contact is written whole, as PUT has been seen to do; of a student only what changes."""
        prefix, native = found
        try:
            changed = self._attributes.native(ENTITIES[prefix], native, changes)
        except Unwritable as reason:
            return reason.outcome
        number = native["Id"]
        if prefix == "s":
            return self._written(number, self._exchange.send("PATCH", f"{API}/students/{number}", json=changed))
        return self._written(number, self._exchange.send("PUT", f"{API}/contacts/{number}", json={**native, **changed}))

    def _written(self, number: int, answer: Answer) -> Outcome:
        if answer.status in {200, 201}:
            data, _ = answer.read_json()  # a web page is no acknowledgement
            if outcomes.denied(data) or at(data, "Id") not in (None, number):
                return outcomes.unknown("a success that says otherwise, or is another account's")
        if answer.status in {200, 201, 204}:
            return Outcome(status=Status.APPLIED)
        return outcomes.judge(answer.status, None)


def _version(fields: Mapping[str, Any]) -> str:
    return version_of(fields, without=_MOVED_BY_ITSELF)


def _belongs(prefix: str, item: object, record: Record) -> bool:
    """Alumni only, and contacts only once an administrator has approved them; what cannot be read is told all the same."""
    if record.kind == POISON:
        return True
    return at(item, "IsAlumni") is True and (prefix == "s" or at(item, "IsAdminApproved") is not False)


def _plain(value: object) -> Any:  # noqa: ANN401 - JSON
    """A value without 12twenty's numbers for it: a picklist entry by its name."""
    if isinstance(value, dict) and "Name" in value and "Id" in value:
        return value["Name"]
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value
