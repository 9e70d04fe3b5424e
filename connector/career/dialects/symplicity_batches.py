"""Many changes in one call of Symplicity CSM, which works through them in its own time.

``PUT /students?batch=1`` with a list answers ``{"id", "status"}``; ``GET /batch/ID`` has in the end the status ``completed`` and
``responses`` in the order of the list, with ``errors`` where an element was refused [B]. One batch at a time [A].

What a batch that we no longer watch has done is not asked later: its elements are ``unknown``, which the journal keeps across a
restart, and each account is then looked at by itself. Only while this process lives it waits for the end of such a batch before
it sends the next one; after a restart the system itself refuses a second one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from connector.career import outcomes
from connector.career.dialects.symplicity_fields import API
from connector.career.exchange import Exchange, Reply
from connector.career.payload import at, text_at
from connector.career.writes import Chunk
from connector.errors import Halt, Later, Throttled, Unknown
from connector.ports import THROTTLED, Clock, Outcome, Status
from connector.wire import Answer

_PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between the looks at a batch."""
_PATIENCE = 60.0
_BUSY, _AT_WORK = "BULK_BUSY", "another batch is at work"
_OVER = frozenset({"completed", "failed", "cancelled", "canceled", "error"})


class Batches:
    """One site's batches, one after the other."""

    def __init__(self, exchange: Exchange, clock: Clock) -> None:
        self._exchange, self._clock = exchange, clock
        self._unwatched, self._in_it = "", frozenset[str]()

    def wait_for(self, ids: Iterable[str]) -> None:
        """What an account holds before the end of a batch it is in says nothing, and what is written to it would be overwritten.

        Raises:
            Later: the batch that we stopped watching is still at work, and has one of these students in it.
        """
        if not self._in_it.isdisjoint(ids) and self._at_work():
            raise self._busy()

    def put(self, items: Sequence[Mapping[str, Any]]) -> Chunk:
        """Change students, each named by its ``id``; what became of each."""
        try:
            if self._at_work():
                return self._all(items, outcomes.later(self._busy()))
            try:
                answer = self._exchange.send("PUT", f"{API}/students", params={"batch": "1"}, json=list(items))
            except Throttled as reason:
                if reason.code != THROTTLED:
                    raise
                return self._all(items, _perhaps_ours(reason.code, reason.retry_after))
            if answer.status not in {200, 201, 202}:
                return self._refused(items, answer)
            data, _ = answer.read_json()
            return Chunk(outcomes=self._watched(text_at(answer, data, "id"), items))
        except Later as reason:
            return self._all(items, outcomes.later(reason))
        except Unknown as reason:
            # perhaps it is at work: who looks at these accounts before it is done is told half the truth
            self._clock.sleep(sum(_PAUSES))
            return self._all(items, outcomes.unknown(reason.detail))

    def _refused(self, items: Sequence[Mapping[str, Any]], answer: Answer) -> Chunk:
        """Another batch is at work there, or one of the elements spoils them all."""
        if answer.status == 409:
            return self._all(items, _perhaps_ours(_BUSY))
        if answer.status == 404:
            raise self._exchange.unknown_path(answer.status)
        outcome = outcomes.judged(answer)
        if outcome.status is Status.UNKNOWN:
            raise Unknown(side=self._exchange.system, detail=outcome.detail)
        return Chunk(outcomes=[outcome] * len(items), split=True)

    def _watched(self, batch: str, items: Sequence[Mapping[str, Any]]) -> list[Outcome]:
        self._unwatched, self._in_it = batch, frozenset(item["id"] for item in items)
        for pause in _PAUSES:
            self._clock.sleep(pause)
            try:
                found = self._look(batch)
            except (Later, Halt):
                continue  # whatever bars us from looking, the batch was taken
            if at(found, "status") in _OVER:
                self._unwatched, self._in_it = "", frozenset()
                return _judged(found, items)
        return [outcomes.unknown("the batch was still at work when we stopped waiting")] * len(items)

    def _at_work(self) -> bool:
        """Whether the batch that we stopped watching has not ended yet."""
        if self._unwatched and at(self._look(self._unwatched), "status") in _OVER:
            self._unwatched, self._in_it = "", frozenset()
        return bool(self._unwatched)

    def _look(self, batch: str) -> Any:  # noqa: ANN401 - JSON
        def understand(reply: Reply) -> Any:  # noqa: ANN401 - JSON
            text_at(reply.answer, reply.data, "status")
            return reply.data

        return self._exchange.get(f"{API}/batch/{batch}", {}, understand)

    def _busy(self) -> Later:
        return Later(side=self._exchange.system, code=_BUSY, detail=_AT_WORK, retry_after=_PATIENCE)

    @staticmethod
    def _all(items: Sequence[Mapping[str, Any]], outcome: Outcome) -> Chunk:
        return Chunk(outcomes=[outcome] * len(items))


def _perhaps_ours(code: str, wait: float | None = None) -> Outcome:
    """Another batch is at work, and it may be this very one, which came twice on its way: each account is looked at by itself."""
    return Outcome(status=Status.UNKNOWN, code=code, detail=_AT_WORK, retry_after=max(wait or 0.0, _PATIENCE))


def _judged(found: object, items: Sequence[Mapping[str, Any]]) -> list[Outcome]:
    """An element's outcome comes from its own response only; responses that do not fit make all of them unknown."""
    status, responses = at(found, "status"), at(found, "responses")
    if status != "completed":
        return [outcomes.unknown(f"the batch ended as {status}")] * len(items)
    if not isinstance(responses, list) or len(responses) != len(items):
        return [outcomes.unknown("responses of another number than there were elements")] * len(items)
    if any(at(one, "id") not in (None, item["id"]) for one, item in zip(responses, items, strict=True)):
        return [outcomes.unknown("responses of other elements, or in another order")] * len(items)
    return [applied_or_refused(one) for one in responses]


def applied_or_refused(data: object) -> Outcome:
    """What an answer of success means, in which there may still stand ``errors``, or a message that denies it."""
    errors = at(data, "errors")
    if not errors:
        return outcomes.unknown("a success that says otherwise") if outcomes.denied(data) else Outcome(status=Status.APPLIED)
    return outcomes.judge(422, {"field": next(iter(errors))} if isinstance(errors, dict) else None)
