"""A career system that a profile describes, as the engine's ``CareerSide``.

How it is read stands in ``connector.career.feeds``, how it is called in ``connector.career.exchange``; writes are here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connector.career import outcomes
from connector.career.exchange import Exchange, Reply
from connector.career.feeds import Reader
from connector.career.payload import POISON, at, items_of, strict_json, text_at
from connector.career.profile import Profile
from connector.career.writes import Chunk, send_all
from connector.errors import Halt, Later, Unknown
from connector.ports import (
    Acknowledgement,
    Calls,
    Capabilities,
    Clock,
    Create,
    Note,
    Outcome,
    Page,
    PersonUpdate,
    Record,
    Status,
)
from connector.secrets import Secret
from connector.wire import Answer, Wire, segment


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """Whom the system serves. ``own_key`` is the id under which our own changes appear; empty if it does not tell."""

    id: str
    name: str = ""
    environment: str = ""
    own_key: str = ""
    mails_on_create: bool = False
    mails_on_login_change: bool = False


class CareerClient:
    """One configured career system.

    Args:
        system: its name in the configuration; errors carry it.
        profile: what it is like.
        wire: the way to it, with its address and limits.
        secret: reads the key anew; asked once, and once more if the system says 401.
        clock: for waiting between attempts of a read.
        rng: numbers in [0, 1) for the jitter of these waits.
    """

    def __init__(
        self, *, system: str, profile: Profile, wire: Wire, secret: Callable[[], Secret], clock: Clock, rng: Callable[[], float]
    ) -> None:
        self._system, self._profile = system, profile
        self._exchange = Exchange(system=system, profile=profile, wire=wire, secret=secret, clock=clock, rng=rng)
        self._reader = Reader(self._exchange, own_key=lambda: self.tenant().own_key)
        self._tenant: Tenant | None = None

    @property
    def system(self) -> str:
        """Its name in the configuration."""
        return self._system

    @property
    def capabilities(self) -> Capabilities:
        """What the profile declares; once the tenant was asked, with what it says about mail added."""
        declared = self._profile.capabilities()
        if self._tenant is None:
            return declared
        return replace(
            declared,
            sends_mail_on_create=declared.sends_mail_on_create or self._tenant.mails_on_create,
            sends_mail_on_login_change=declared.sends_mail_on_login_change or self._tenant.mails_on_login_change,
        )

    @property
    def calls(self) -> Calls:
        """How many remote calls were made."""
        return Calls(made=self._exchange.wire.calls)

    def tenant_id(self) -> str:
        """The tenant's never-changing id; asked anew each time.

        Raises:
            Later: no trustworthy answer now.
            Halt: the key is not accepted, or the system speaks another version of the contract.
        """
        self._tenant = None
        return self.tenant().id

    def tenant(self) -> Tenant:
        """Everything the tenant says about itself; asked once. Errors as ``tenant_id``."""
        if self._tenant is None:
            self._tenant = self._exchange.get(self._profile.tenant.path, {}, self._understand_tenant)
        return self._tenant

    def _understand_tenant(self, reply: Reply) -> Tenant:
        names, data = self._profile.tenant, reply.data
        tenant_id = text_at(reply.answer, data, names.id)
        if names.contract and at(data, names.contract) != names.contract_is:
            raise Halt(
                subject=self._system,
                reason=f"it does not speak version {names.contract_is} of the contract",
                remedy="choose the profile of the version that it speaks, or upgrade the bridge",
            )
        return Tenant(
            id=tenant_id,
            name=str(at(data, names.name) or ""),
            environment=str(at(data, names.environment) or ""),
            own_key=str(at(data, names.own_key) or ""),
            mails_on_create=at(data, names.mails_on_create) is True,
            mails_on_login_change=at(data, names.mails_on_login_change) is True,
        )

    def read(self, cursor: str) -> Page:
        """The next page. A record appears once in a page, as it is now, with every edit since in ``edits``.

        Our own changes bring the record but no edit. What cannot be read has kind ``poison``. If the change feed no longer
        reaches back to the cursor, a full read begins.

        Raises:
            Later: as after three attempts; the cursor stays good.
            Halt: a person must act.
        """
        return self._reader.read(cursor)

    def fetch(self, kind: str, ids: Sequence[str]) -> Sequence[Record]:
        """These records now; what does not exist is not in the answer.

        Raises:
            Later: no trustworthy answer now, or one with records that were not asked for.
        """
        return self._reader.fetch(kind, ids)

    def update(self, rows: Sequence[PersonUpdate]) -> Sequence[Outcome]:
        """Change accounts; ``stale`` if the version has moved. A login that would cause a mail is refused unsent."""
        how = self._profile.update
        size, send = (1, self._update_one) if how.kind == "single" else (how.per_call, self._update_many)
        return send_all(rows, size, send, bar=lambda row: self._bar(row.fields))

    def create(self, rows: Sequence[tuple[str, Mapping[str, Any]]]) -> Sequence[Outcome]:
        """Create accounts by (key, fields), one call each; refused unsent where the system could mail the person."""
        if rows and self._profile.create is not None:
            self.tenant()  # whether it mails is its own word
        if self.capabilities.create is Create.NONE or self._profile.create is None:
            return [outcomes.cannot("NO_CREATE", "creating accounts")] * len(rows)
        if self.capabilities.sends_mail_on_create:
            return [outcomes.would_mail("creating an account")] * len(rows)
        return send_all(rows, 1, self._create_one, bar=lambda row: self._bar(row[1]))

    def note(self, rows: Sequence[Note]) -> Sequence[Outcome]:
        """Leave notes that staff alone can see; the same key never leaves a second one."""
        how = self._profile.note
        if how is None or not self.capabilities.notes:
            return [outcomes.cannot("NO_NOTES", "staff-only notes")] * len(rows)

        def one(row: Note) -> dict[str, Any]:
            about = {"person_id": row.person_id, "request_id": row.request_id}
            told = {name: value for name, value in about.items() if value is not None}
            return {"key": row.key, **told, "text": row.text, "visibility": "staff"}

        def send(chunk: Sequence[Note]) -> Chunk:
            return self._batch(how.method, how.path, [one(row) for row in chunk], "key", _noted)

        return [
            _already(outcome) for outcome in send_all(rows, how.per_call, send, bar=lambda row: outcomes.unsendable(row.text))
        ]

    def acknowledge(self, rows: Sequence[Acknowledgement]) -> Sequence[Outcome]:
        """Tell careers where their requests stand; repeating it changes nothing."""
        how = self._profile.acknowledgement
        if how is None or not self.capabilities.requests:
            return [outcomes.cannot("NO_REQUESTS", "acknowledging requests")] * len(rows)

        def one(row: Acknowledgement) -> dict[str, Any]:
            told = {"number": row.number, "understood_type": row.understood_type, "state": row.state, "message": row.message}
            return {"id": row.request_id, **told, "offered": row.offered, "asked": row.asked}

        def send(chunk: Sequence[Acknowledgement]) -> Chunk:
            return self._batch(how.method, how.path, [one(row) for row in chunk], "id", _noted)

        return send_all(rows, how.per_call, send, bar=lambda row: outcomes.unsendable(row.message))

    def _bar(self, fields: Mapping[str, Any]) -> Outcome | None:
        """Why these fields must not be sent at all; None if they may."""
        if self.capabilities.sends_mail_on_login_change and self.capabilities.login_field in fields:
            return outcomes.would_mail("changing the login")
        return outcomes.unsendable(dict(fields))

    def _update_many(self, chunk: Sequence[PersonUpdate]) -> Chunk:
        items = [{"id": row.id, "etag": row.version, "fields": dict(row.fields)} for row in chunk]
        return self._batch(self._profile.update.method, self._profile.update.path, items, "id", self._updated)

    def _update_one(self, chunk: Sequence[PersonUpdate]) -> Chunk:
        how, (row,) = self._profile.update, chunk
        path = how.path.replace("{id}", segment(row.id))
        answer = self._exchange.send(how.method, path, json=dict(row.fields), headers={"If-Match": f'"{row.version}"'})
        return Chunk(outcomes=[self._single(answer, row.id)])

    def _create_one(self, chunk: Sequence[tuple[str, Mapping[str, Any]]]) -> Chunk:
        how, ((key, fields),) = self._profile.create, chunk
        assert how is not None  # noqa: S101 - create() has looked
        answer = self._exchange.send(how.method, how.path, json={"key": key, "fields": dict(fields)})
        return Chunk(outcomes=[replace(self._single(answer, None), already_there=answer.status == 200)])

    def _single(self, answer: Answer, wanted: str | None) -> Outcome:
        """The outcome of a call about one account, which answers with the account."""
        if answer.status not in {200, 201}:
            return self._whole(answer)
        data, odd = strict_json(answer)
        record = self._reader.record("person", data, odd=odd)
        if record.kind == POISON or (wanted is not None and record.id != wanted):
            raise answer.unusable("the answer is about no account, or another one")
        return Outcome(status=Status.APPLIED, id=record.id, version=record.version, fields=record.fields)

    def _updated(self, _status: int, result: Mapping[str, Any]) -> Outcome:
        version, wanted = at(result, "etag"), str(at(result, "id"))
        if not isinstance(version, str) or not version:
            return outcomes.unknown("a result without version")
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
            data, _ = strict_json(answer)
            found = items_of(answer, data, "results")
            return Chunk(outcomes=outcomes.results([str(item[name]) for item in items], found, name=name, accept=accept))
        if answer.status in {404, 405}:
            raise self._exchange.unknown_path(answer.status)
        # a call refused whole was not carried out: somewhere in it stands the element that it was refused for
        return Chunk(outcomes=[self._whole(answer)] * len(items), split=answer.status in {400, 413, 422})

    def _whole(self, answer: Answer) -> Outcome:
        """The outcome of a call that failed as a whole; an answer that is no JSON still has its status."""
        try:
            data, _ = strict_json(answer)
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
