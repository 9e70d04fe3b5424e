"""Symplicity CSM: students with custom fields, changes by comparison or by a saved report, writes one by one or in batches.

Facts (marks as in the profile): ``Authorization: Token ...``, calls of a second and of a day, one batch at a time [A]; lists as
``{models, total, perPage, page}`` with ``perPage`` up to 500, ``customFields=1``, ids of 32 hexadecimal digits, partial PUT [B].
Nothing in a list says what has changed since when.

An account's id is Symplicity's. Custom fields stand under ``custom.`` by what programs call them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from connector.career import outcomes
from connector.career.access import Key
from connector.career.careful import CarefulWriter, version_of
from connector.career.dialect import Tenant
from connector.career.dialects.symplicity_batches import Batches, applied_or_refused
from connector.career.dialects.symplicity_fields import API, Fields, as_shown
from connector.career.dialects.symplicity_report import ID, Report
from connector.career.exchange import Missing, Reply
from connector.career.labels import Unwritable
from connector.career.paging import Listing, PagedReader, Slice, date_of, goes_on, page_size
from connector.career.payload import at, items_of, number_at, record_of
from connector.career.setup import Setup
from connector.career.writes import Chunk, send_all
from connector.core.rulebook import pick
from connector.ports import POISON, Note, Outcome, Page, PersonUpdate, Record, Status

PAGE = 500
_FEW = 5
"""Up to so many changes go one by one."""
_REPORT_RESTS = timedelta(hours=1)
_COMPARE = {"hour": timedelta(hours=1), "day": timedelta(hours=24), "week": timedelta(days=7)}


class SymplicityCsm:
    """One site of Symplicity CSM."""

    update_size = 50
    note_size = 0

    def __init__(self, setup: Setup) -> None:
        self._wire = setup.the_wire()
        self._exchange = setup.exchange(Key(setup.the_key(), word="Token "))
        self._fields, self._batches = Fields(self._exchange), Batches(self._exchange, setup.clock)
        self._field = setup.setting("alumni_field")
        self._words = frozenset(word.strip().casefold() for word in setup.setting("alumni_words").split(","))
        self._pages = 1
        compare = _COMPARE[setup.setting("compare")]
        listings = [Listing(name="students", page=self._students, since=False, rest=compare)]
        if name := setup.setting("report"):
            report = Report(
                name,
                self._exchange,
                setup.clock,
                fetch=lambda ids: [record for record in self._found(ids) if self._belongs(record)],
                walk=self._students,
                pages=lambda: self._pages,
            )
            listings.append(Listing(name="report", page=report.page, since=False, later=True, rest=_REPORT_RESTS))
        self._reader = PagedReader(listings, setup.clock)
        self._single, self._batched = (
            CarefulWriter(system=setup.system, fetch=self._undisturbed, send=self._send) for _ in range(2)
        )

    @staticmethod
    def open(setup: Setup) -> SymplicityCsm:
        """As ``connector.career.connect`` opens it."""
        return SymplicityCsm(setup)

    @property
    def calls(self) -> int:
        """See ``Dialect.calls``."""
        return self._wire.calls

    def tenant(self) -> Tenant:
        """See ``Dialect.tenant``: the site is its address; whether it answers us is tried."""
        self._exchange.get(
            f"{API}/students", {"page": "1", "perPage": "1"}, lambda reply: items_of(reply.answer, reply.data, "models")
        )
        return Tenant(id=self._wire.origin.removeprefix("https://"))

    def read(self, cursor: str) -> Page:
        """See ``Dialect.read``. Who is no alumnus is passed over."""
        return self._reader.read(cursor)

    def fetch(self, ids: Sequence[str]) -> Sequence[Record]:
        """See ``Dialect.fetch``: one call each. Whom a batch of ours may still change is asked for when that has ended."""
        self._batches.wait_for(ids)
        return self._found(ids)

    def update(self, rows: Sequence[PersonUpdate]) -> Chunk:
        """See ``Dialect.update``. A few go one by one, many as one batch; in both ways each account is read before."""
        shown = [replace(row, fields={name: as_shown(value) for name, value in row.fields.items()}) for row in rows]
        if len(shown) <= _FEW:
            return Chunk(outcomes=send_all(shown, 1, lambda some: self._single.update(some[0]), bar=_nothing))
        return Chunk(outcomes=self._in_bulk(shown))

    def note(self, rows: Sequence[Note]) -> Chunk:
        """Never: no place that staff alone can see is known."""
        return Chunk(outcomes=[outcomes.cannot("NO_NOTES", "staff-only notes")] * len(rows))

    def _in_bulk(self, rows: Sequence[PersonUpdate]) -> Sequence[Outcome]:
        """What a batch does to what it does not name is seen with one account; only then the others follow."""
        head = list[Outcome]()
        while not self._batched.proven and len(head) < len(rows):
            head += self._batch(rows[len(head) : len(head) + 1]).outcomes
            if head[-1].status in {Status.LATER, Status.UNKNOWN}:
                return [*head, *[outcomes.not_sent(head[-1])] * (len(rows) - len(head))]
        return [*head, *send_all(rows[len(head) :], len(rows), self._batch, bar=_nothing)]

    def _batch(self, rows: Sequence[PersonUpdate]) -> Chunk:
        """One batch of those that still are as they were."""
        found: dict[int, Outcome] = {}
        sent: dict[int, tuple[Record, dict[str, Any]]] = {}
        for number, row in enumerate(rows):
            looked = self._batched.look(row)
            try:
                if isinstance(looked, Outcome):
                    found[number] = looked
                else:
                    sent[number] = (looked[0], {"id": row.id, **self._fields.native(row.fields)})
            except Unwritable as reason:
                found[number] = reason.outcome
        chunk = self._batches.put([item for _, item in sent.values()]) if sent else Chunk(outcomes=[])
        for (number, (before, _)), outcome in zip(sent.items(), chunk.outcomes, strict=True):
            found[number] = self._batched.settle(rows[number], before, outcome)
        return Chunk(outcomes=[found[number] for number in range(len(rows))], split=chunk.split)

    def _students(self, number: int, _since: datetime | None) -> Slice:
        params = {"page": str(number), "perPage": str(PAGE), "sort": "schoolStudentId", "customFields": "1"}

        def understand(reply: Reply) -> Slice:
            items = items_of(reply.answer, reply.data, "models")
            known, told = number_at(reply.data, "total"), number_at(reply.data, "perPage")
            records = [self._record(item, odd=reply.odd) for item in items]
            size = page_size(told, PAGE)
            self._pages = max(1, -(-(known or 0) // size))
            more = goes_on(number, len(items), size=size, total=known)
            wanted = tuple(record for record in records if self._belongs(record))
            met = tuple(record.id for record in records)
            return Slice(records=wanted, met=met, more=more, total=known, at=date_of(reply.answer))

        return self._exchange.get(f"{API}/students", params, understand)

    def _belongs(self, record: Record) -> bool:
        """Alumni only; what cannot be read is told all the same."""
        _, value = pick(record.fields, self._field)
        words = value if isinstance(value, list) else [value]
        return record.kind == POISON or any(str(word).casefold() in self._words for word in words)

    def _found(self, ids: Sequence[str]) -> Sequence[Record]:
        found = [self._with_native(id) for id in ids]
        return [record for record, _ in (one for one in found if one is not None)]

    def _undisturbed(self, id: str) -> tuple[Record, str] | None:
        self._batches.wait_for([id])
        return self._with_native(id)

    def _with_native(self, id: str) -> tuple[Record, str] | None:
        """An account as a record, and the id by which it is written."""
        if not ID.fullmatch(id):
            return None

        def understand(reply: Reply) -> tuple[Record, str]:
            record = self._record(reply.data, odd=reply.odd)
            if record.id != id:
                raise reply.answer.unusable("a student that was not asked for")
            return record, id

        try:
            return self._exchange.get(f"{API}/students/{id}", {"customFields": "1"}, understand, may_be_missing=True)
        except Missing:
            return None

    def _record(self, item: object, *, odd: bool) -> Record:
        fields = self._fields.shape(item) if isinstance(item, dict) else item
        version = version_of(fields) if isinstance(fields, dict) else None
        number = at(item, "id")
        record_id = number if isinstance(number, str) and ID.fullmatch(number) else None
        return record_of("person", fields, record_id=record_id, version=version, odd=odd)

    def _send(self, id: str, changes: Mapping[str, Any]) -> Outcome:
        try:
            body = self._fields.native(changes)
        except Unwritable as reason:
            return reason.outcome
        answer = self._exchange.send("PUT", f"{API}/students/{id}", json=body)
        if answer.status in {200, 201}:
            return applied_or_refused(answer.read_json()[0])
        return Outcome(status=Status.APPLIED) if answer.status == 204 else outcomes.judged(answer)


def _nothing(_row: PersonUpdate) -> None:
    """What bars a row has been looked at before."""
