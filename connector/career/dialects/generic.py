"""The generic career contract (docs/career-api.md): people and requests in one change feed, versions, keyed writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from connector.career import outcomes
from connector.career.contract import Contract
from connector.career.dialect import Tenant
from connector.career.exchange import Exchange, Reply
from connector.career.feeds import Reader
from connector.career.payload import at, fault_in, is_version, items_of, text_at
from connector.career.writes import Chunk
from connector.errors import Halt, Later, Unknown
from connector.ports import POISON, Acknowledgement, Note, Outcome, Page, PersonUpdate, Record, Status
from connector.wire import Answer, segment


class Generic:
    """One system that speaks the contract; it carries its requests itself."""

    elsewhere = False

    def __init__(self, exchange: Exchange, profile: Contract) -> None:
        self._exchange, self._profile = exchange, profile
        self._reader = Reader(exchange, profile, own_key=self._own_key)
        self._known: Tenant | None = None
        self.update_size = 1 if profile.update.kind == "single" else profile.update.per_call
        self.note_size = profile.note.per_call if profile.note else 1
        self.acknowledge_size = profile.acknowledgement.per_call if profile.acknowledgement else 1

    @property
    def calls(self) -> int:
        """See ``Dialect.calls``."""
        return self._exchange.wire.calls

    def tenant(self) -> Tenant:
        """See ``Dialect.tenant``.

        Raises:
            Later: no trustworthy answer now.
            Halt: the key is not accepted, or the system speaks another version of the contract.
        """
        self._known = self._exchange.get(self._profile.tenant.path, {}, self._understand_tenant)
        return self._known

    def _own_key(self) -> str:
        return (self._known or self.tenant()).own_key

    def _understand_tenant(self, reply: Reply) -> Tenant:
        names, data = self._profile.tenant, reply.data
        tenant_id = text_at(reply.answer, data, names.id)
        if names.contract and at(data, names.contract) != names.contract_is:
            raise Halt(
                subject=self._exchange.system,
                reason=f"it does not speak version {names.contract_is} of the contract",
                remedy="choose the profile of the version that it speaks, or upgrade the bridge",
            )
        return Tenant(
            id=tenant_id,
            name=str(at(data, names.name) or ""),
            environment=str(at(data, names.environment) or ""),
            own_key=str(at(data, names.own_key) or ""),
            mails_on_login_change=at(data, names.mails_on_login_change) is True,
        )

    def read(self, cursor: str) -> Page:
        """See ``Dialect.read``. Our own changes bring the record but no edit; an expired cursor begins a full read."""
        return self._reader.read(cursor)

    def fetch(self, ids: Sequence[str]) -> Sequence[Record]:
        """See ``Dialect.fetch``."""
        return self._reader.fetch("person", ids)

    def fetch_requests(self, ids: Sequence[str]) -> Sequence[Record]:
        """See ``RequestCarrier.fetch_requests``."""
        return self._reader.fetch("request", ids)

    def update(self, rows: Sequence[PersonUpdate]) -> Chunk:
        """See ``Dialect.update``: each with the version on which it was decided."""
        if self._profile.update.kind == "single":
            return self._update_one(rows[0])
        items = [{"id": row.id, "etag": row.version, "fields": dict(row.fields)} for row in rows]
        return self._batch(self._profile.update.method, self._profile.update.path, items, "id", self._updated)

    def _update_one(self, row: PersonUpdate) -> Chunk:
        how = self._profile.update
        path = how.path.replace("{id}", segment(row.id))
        answer = self._exchange.send(how.method, path, json=dict(row.fields), headers={"If-Match": f'"{row.version}"'})
        return Chunk(outcomes=[self._single(answer, row.id)])

    def note(self, rows: Sequence[Note]) -> Chunk:
        """See ``Dialect.note``; the same key never leaves a second one."""
        how = self._profile.note
        if how is None:
            return Chunk(outcomes=[outcomes.cannot("NO_NOTES", "staff-only notes")] * len(rows))

        def one(row: Note) -> dict[str, Any]:
            about = {"person_id": row.person_id, "request_id": row.request_id}
            told = {name: value for name, value in about.items() if value is not None}
            return {"key": row.key, **told, "text": row.text, "visibility": "staff"}

        chunk = self._batch(how.method, how.path, [one(row) for row in rows], "key", _noted)
        return replace(chunk, outcomes=[_already(outcome) for outcome in chunk.outcomes])

    def acknowledge(self, rows: Sequence[Acknowledgement]) -> Chunk:
        """See ``RequestCarrier.acknowledge``; repeating it changes nothing."""
        how = self._profile.acknowledgement
        if how is None:
            return Chunk(outcomes=[outcomes.cannot("NO_REQUESTS", "acknowledging requests")] * len(rows))

        def one(row: Acknowledgement) -> dict[str, Any]:
            told = {"number": row.number, "understood_type": row.understood_type, "state": row.state, "message": row.message}
            return {"id": row.request_id, **told, "offered": row.offered, "asked": row.asked}

        return self._batch(how.method, how.path, [one(row) for row in rows], "id", _noted)

    def _single(self, answer: Answer, wanted: str) -> Outcome:
        """The outcome of a call about one account, which answers with the account."""
        if answer.status not in {200, 201}:
            return self._whole(answer)
        data, odd = answer.read_json()
        record = self._reader.record("person", data, odd=odd)
        if record.kind == POISON or record.id != wanted:
            raise answer.unusable("the answer is about no account, or another one")
        return Outcome(status=Status.APPLIED, id=record.id, version=record.version, fields=record.fields)

    def _updated(self, _status: int, result: Mapping[str, Any]) -> Outcome:
        version, wanted = at(result, "etag"), str(at(result, "id"))
        if not is_version(version) or fault_in(version):
            return outcomes.unknown("a result without version, or with one that cannot be kept")
        record = self._reader.record("person", at(result, "record"), odd=True)
        told = record.fields if record.kind != POISON and record.id == wanted else None
        return Outcome(status=Status.APPLIED, id=wanted, version=version, fields=told)

    def _batch(
        self,
        method: str,
        path: str,
        items: list[dict[str, Any]],
        name: str,
        accept: Callable[[int, Mapping[str, Any]], Outcome],
    ) -> Chunk:
        answer = self._exchange.send(method, path, json={"items": items})
        if answer.status == 200:
            data, _ = answer.read_json()
            found = items_of(answer, data, "results")
            return Chunk(outcomes=outcomes.results([str(item[name]) for item in items], found, name=name, accept=accept))
        if answer.status in {404, 405}:
            raise self._exchange.unknown_path(answer.status)
        # a call refused whole was not carried out: somewhere in it stands the element that it was refused for
        return Chunk(outcomes=[self._whole(answer)] * len(items), split=answer.status in {400, 413, 422})

    def _whole(self, answer: Answer) -> Outcome:
        """The outcome of a call that failed as a whole; an answer that is no JSON still has its status."""
        try:
            data, _ = answer.read_json()
        except (Later, Unknown):
            data = None
        return replace(outcomes.judge(answer.status, at(data, "error")), retry_after=self._exchange.wire.retry_after(answer))


def _noted(status: int, result: Mapping[str, Any]) -> Outcome:
    told = at(result, "id") or at(result, "key")
    return Outcome(status=Status.APPLIED, id=str(told), already_there=status == 200)


def _already(outcome: Outcome) -> Outcome:
    """A key that names another text is a note of ours from before: it is there."""
    if outcome.code == "key_conflict":
        return Outcome(status=Status.APPLIED, already_there=True)
    return outcome
