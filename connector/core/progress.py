"""How a career request stands: for staff, and in the neutral words that careers see."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Any


class RequestState(StrEnum):
    """``Career_Request__c.State__c``: what staff see."""

    RECEIVED = "Received"
    TRIAGE = "Triage"
    QUEUED = "Queued"
    IN_PROGRESS = "In progress"
    WAITING = "Waiting"
    DONE = "Done"
    NOT_AVAILABLE = "Not available"
    WITHDRAWN = "Withdrawn"
    REFUSED = "Refused"
    CLOSED_WITHOUT_OUTCOME = "Closed without outcome"
    TASK_DELETED = "Task deleted"
    RECORDED_ONLY = "Recorded only"


NOT_BEGUN = (RequestState.RECEIVED, RequestState.TRIAGE, RequestState.QUEUED, RequestState.TASK_DELETED)
"""States that say of nobody that he was asked: what careers take back then counts as no ask, unless its Task says more."""

ENDED = (
    RequestState.DONE,
    RequestState.NOT_AVAILABLE,
    RequestState.WITHDRAWN,
    RequestState.REFUSED,
    RequestState.CLOSED_WITHOUT_OUTCOME,
    RequestState.TASK_DELETED,
    RequestState.RECORDED_ONLY,
)
"""States in which a request is over."""


DECIDED = (RequestState.DONE, RequestState.NOT_AVAILABLE)
"""States in which Alumni Relations have said how a request ended: what careers tidy away afterwards changes nothing."""


class Neutral(StrEnum):
    """``Career_Request__c.Neutral__c``: all that careers see."""

    RECEIVED = "received"
    IN_PROGRESS = "in progress"
    WAITING = "waiting"
    OFFERED = "offered"
    DONE = "done"
    NOT_AVAILABLE = "not available"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"


UNDER_WAY = (Neutral.RECEIVED, Neutral.IN_PROGRESS, Neutral.WAITING, Neutral.OFFERED)
"""Words after which another one is to come."""


class Clearance(StrEnum):
    """``Career_Request__c.Clearance__c``."""

    NOT_NEEDED = "Not needed"
    NEEDED = "Needed"
    CLEARED = "Cleared"
    DECLINED = "Declined"


class Result(StrEnum):
    """``Career_Request__c.Outcome__c``: how it ended, as officers enter it."""

    ACCEPTED = "Accepted"
    DECLINED = "Declined"
    NO_RESPONSE = "No response"
    FULFILLED = "Fulfilled"
    NOT_SUITABLE = "Not suitable"


_NEUTRAL: Mapping[RequestState, Neutral] = {
    RequestState.RECEIVED: Neutral.RECEIVED,
    RequestState.TRIAGE: Neutral.RECEIVED,
    RequestState.QUEUED: Neutral.RECEIVED,
    RequestState.IN_PROGRESS: Neutral.IN_PROGRESS,
    RequestState.WAITING: Neutral.WAITING,
    RequestState.DONE: Neutral.DONE,
    RequestState.NOT_AVAILABLE: Neutral.NOT_AVAILABLE,
    RequestState.WITHDRAWN: Neutral.WITHDRAWN,
    RequestState.REFUSED: Neutral.REFUSED,
    # Nobody said how it ended; saying "done" would be a guess, so it goes on until somebody does.
    RequestState.CLOSED_WITHOUT_OUTCOME: Neutral.IN_PROGRESS,
    RequestState.TASK_DELETED: Neutral.WAITING,
    RequestState.RECORDED_ONLY: Neutral.RECEIVED,
}

_DEFERRED = "deferred"
_WAITING_STATUSES = frozenset({"waiting on someone else", _DEFERRED})
"""Task statuses of every new org that mean: nothing is done at present."""
_TRIAGED = frozenset({RequestState.TRIAGE, RequestState.QUEUED})
_WITHOUT_TASK = frozenset({RequestState.NOT_AVAILABLE, RequestState.REFUSED, RequestState.RECORDED_ONLY, RequestState.WITHDRAWN})


def was_asked(state: RequestState, neutral: Neutral, result: str | None) -> bool:
    """Whether an officer has asked somebody, also where a request had waited over the contact limit."""
    by_task = {(RequestState.IN_PROGRESS, neutral), (RequestState.DONE, neutral), (RequestState.WAITING, Neutral.WAITING)}
    return (state, neutral) in by_task or result in _ASKED


def counts(state: RequestState, neutral: Neutral, result: str | None, *, stop_reason: str | None) -> bool:
    """Whether a request is an ask of somebody, by what its record says; of one that was taken back it does not say whether."""
    if state in (RequestState.RECORDED_ONLY, RequestState.WITHDRAWN, RequestState.REFUSED):
        return False
    return not stop_reason or was_asked(state, neutral, result)


_ASKED = frozenset({Result.ACCEPTED, Result.DECLINED, Result.NO_RESPONSE, Result.FULFILLED})
"""Outcomes that tell that somebody was asked."""


def in_our_words(fields: Mapping[str, Any]) -> bool:
    """Whether a record says where it stands by words of ours; those that an org has added say nothing to us."""
    return fields.get("State__c") in {*RequestState} and fields.get("Neutral__c") in {None, *Neutral}


def neutral_word(state: RequestState) -> Neutral:
    """What careers see for a state of which nothing else is known."""
    return _NEUTRAL[state]


def progress(
    *,
    state: RequestState,
    status: str | None,
    open_status: str,
    closed_statuses: Collection[str],
    result: str | None = None,
    clearance: str | None = None,
    offered: int | None = None,
    unbegun: RequestState = RequestState.QUEUED,
) -> tuple[RequestState, Neutral]:
    """A request's state and neutral word now.

    Args:
        state: what it was so far.
        status: the Task's status; None if the Task was deleted. Without meaning for requests that never had a Task.
        open_status: the status of a Task that nobody has begun.
        closed_statuses: the statuses that mean closed.
        result: ``Outcome__c``, if an officer entered one.
        clearance: ``Clearance__c``.
        offered: ``Offered_Count__c``.
        unbegun: what it is as long as nobody has begun: ``QUEUED``, ``TRIAGE``, or ``WAITING`` over the contact limit.
    """
    if state in _WITHOUT_TASK:
        found = state
    elif status is None:
        found = _by_result(result, RequestState.TASK_DELETED)
    elif clearance == Clearance.DECLINED:
        found = RequestState.NOT_AVAILABLE
    elif status in closed_statuses:
        found = _by_result(result, RequestState.CLOSED_WITHOUT_OUTCOME)
    else:
        if offered or result == Result.ACCEPTED:
            return RequestState.IN_PROGRESS, Neutral.OFFERED
        return _open(state, status, open_status, unbegun)
    return found, _NEUTRAL[found]


def _by_result(result: str | None, otherwise: RequestState) -> RequestState:
    if result in {Result.ACCEPTED, Result.FULFILLED}:
        return RequestState.DONE
    if result in {Result.DECLINED, Result.NO_RESPONSE, Result.NOT_SUITABLE}:
        return RequestState.NOT_AVAILABLE
    return otherwise


def _open(state: RequestState, status: str, open_status: str, unbegun: RequestState) -> tuple[RequestState, Neutral]:
    if status == open_status and state in _TRIAGED:
        return state, _NEUTRAL[state]
    if unbegun is RequestState.WAITING and (status == open_status or status.casefold() == _DEFERRED):
        # Over the contact limit careers were told "not available"; until somebody takes it up, it stays so.
        return unbegun, Neutral.NOT_AVAILABLE
    if status == open_status:
        return unbegun, _NEUTRAL[unbegun]
    if status.casefold() in _WAITING_STATUSES:
        return RequestState.WAITING, Neutral.WAITING
    return RequestState.IN_PROGRESS, Neutral.IN_PROGRESS


def made_with(record: Mapping[str, Any], tasks: Iterable[tuple[str, Mapping[str, Any]]]) -> str | None:
    """Of the Tasks (id and fields) about a request's record the one that was made with it; None: it has none.

    Calls and e-mails that staff log there are Tasks as well, and a request need not have had one. Ours is the earliest by whoever
    made the record. What an earlier release has read does not say by whom it was made (``CreatedById``), and speaks against none.
    """
    maker = record.get("CreatedById")
    by_maker = [(str(task.get("CreatedDate")), id) for id, task in tasks if maker in (None, task.get("CreatedById", maker))]
    return min(by_maker)[1] if by_maker else None
