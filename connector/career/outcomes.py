"""What a career system's status and error words mean for one write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connector.career.payload import at, fault_in
from connector.errors import Later, Unknown
from connector.ports import HANDED_OVER, Outcome, Status
from connector.wire import Answer

_REMEDIES = {
    401: "give the bridge's key in the career system the right to do this",
    403: "give the bridge's key in the career system the right to do this",
    404: "the record is gone in the career system; if it was moved, link the person again",
    409: "the key was used for something else; look at the record in the career system",
    422: "correct the value at its owner, or the mapping of this field",
    428: "the profile has to name where a record's version stands",
}

_LONGEST_CODE = 80
"""As the state's column, which on PostgreSQL takes no more."""


_FAILURES = frozenset({"error", "danger", "failure", "fatal"})
"""Types of a message that are no mere remark."""


def judge(status: int, error: object) -> Outcome:
    """The outcome behind an unsuccessful status of the contract. ``error`` is what stands under ``error``.

    Only words and field names are taken from the answer, never its sentences: these may repeat personal data.
    """
    code = at(error, "code")
    code = code[:_LONGEST_CODE] if isinstance(code, str) and code.isidentifier() else f"HTTP_{status}"
    name = at(error, "field")
    detail = f"field {name}" if isinstance(name, str) and name.replace(".", "_").isidentifier() else ""
    if status == 412:
        return Outcome(status=Status.STALE, code=code)
    if status == 429 or (status == 503 and code == "unavailable"):
        return Outcome(status=Status.LATER, code=code)
    if 400 <= status < 500 and status != 408:
        return Outcome(status=Status.REFUSED, code=code, detail=detail, remedy=_REMEDIES.get(status, "look up the code"))
    return Outcome(status=Status.UNKNOWN, code=code, detail=f"status {status}")


def judged(answer: Answer) -> Outcome:
    """The outcome behind an unsuccessful answer of a system that names the fields at fault below ``errors``, and has no codes."""
    try:
        data, _ = answer.read_json()
    except (Later, Unknown):
        data = None
    errors = at(data, "errors")
    return judge(answer.status, {"field": next(iter(errors))} if isinstance(errors, dict) and errors else None)


def denied(data: object) -> bool:
    """Whether an answer of success says itself that nothing came of it, in one of the ways in which systems tell errors."""
    status, messages = at(data, "status"), at(data, "messages")
    kinds = {str(at(one, "type")).casefold() for one in messages} if isinstance(messages, list) else set()
    return (
        at(data, "Success") is False
        or bool(at(data, "errors") or at(data, "error"))
        or (isinstance(status, int) and status >= 400)
        or not kinds.isdisjoint(_FAILURES)
    )


def later(reason: Later) -> Outcome:
    """The outcome of every element of a call that was certainly not carried out."""
    return Outcome(status=Status.LATER, code=reason.code, detail=reason.detail, retry_after=reason.retry_after)


def unknown(detail: str) -> Outcome:
    """The outcome of every element of a call that nobody knows the end of."""
    return Outcome(status=Status.UNKNOWN, detail=detail)


def not_sent(before: Outcome) -> Outcome:
    """For elements that were held back because the call before them failed."""
    return Outcome(status=Status.LATER, code=before.code or "NOT_SENT", detail="not sent", retry_after=before.retry_after)


def handed_over() -> Outcome:
    """For what now lies where people or programs of the system carry it in; a later reading shows what became of it."""
    return Outcome(status=Status.UNKNOWN, code=HANDED_OVER, detail="handed over")


def would_mail(what: str) -> Outcome:
    """For a write that could make the system write to an alumnus."""
    return Outcome(
        status=Status.REFUSED,
        code="WOULD_MAIL_THE_PERSON",
        detail=what,
        remedy="only if the vendor confirms that no mail is sent: say so in the profile and switch it off in the tenant",
    )


def unsendable(value: object) -> Outcome | None:
    """For a write with a text or number that JSON in UTF-8 cannot carry; None if there is none."""
    reason = fault_in(value)
    if not reason:
        return None
    remedy = "correct the value at its owner: it holds what no system can store"
    return Outcome(status=Status.REFUSED, code="UNSENDABLE", detail=reason, remedy=remedy)


def gone() -> Outcome:
    """For a write to an account that the system has not (any more)."""
    return Outcome(status=Status.REFUSED, code="not_found", remedy=_REMEDIES[404])


def ignored(names: list[str]) -> Outcome:
    """For a write that the system acknowledged although it kept its values of these fields."""
    return Outcome(
        status=Status.REFUSED,
        code="NOT_TAKEN_UP",
        detail=f"fields {', '.join(sorted(names)[:5])}",
        remedy="the career system said yes and kept its value: look whether our key may change this field there",
    )


def cannot(code: str, what: str) -> Outcome:
    """For a write that the profile says the system has no place for."""
    return Outcome(status=Status.REFUSED, code=code, detail=what, remedy="the profile of this career system says so")


def results(
    asked: list[str], found: list[Any], *, name: str, accept: Callable[[int, Mapping[str, Any]], Outcome]
) -> list[Outcome]:
    """One outcome for each element that was asked for; results that do not fit make all of them unknown.

    ``name`` is the key by which a result repeats which element it answers.
    """
    if len(found) != len(asked):
        return [unknown(f"{len(found)} results for {len(asked)} elements")] * len(asked)
    if any(at(result, name) != wanted for result, wanted in zip(found, asked, strict=True)):
        return [unknown("results of other elements, or in another order")] * len(asked)
    outcomes = []
    for result in found:
        status = at(result, "status")
        if not isinstance(status, int) or isinstance(status, bool):
            outcomes.append(unknown("a result without status"))
        elif 200 <= status < 300:
            outcomes.append(accept(status, result))
        else:
            outcomes.append(judge(status, at(result, "error")))
    return outcomes
