"""The same act on several records, each with its own outcome, or all of them or none."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from emulator.salesforce.errors import SalesforceError, rolled_back
from emulator.salesforce.org import Org

T = TypeVar("T")
R = TypeVar("R")


class _NotAllError(Exception):
    """Some record failed, so none may stay."""


def one_by_one(org: Org, items: Iterable[T], act: Callable[[T], R], *, all_or_none: bool = False) -> list[R | SalesforceError]:
    """The outcome of every item in its order: what `act` returned, or its refusal.

    With `all_or_none` a failure takes the others back, and they are refused as ALL_OR_NONE_OPERATION_ROLLED_BACK.
    """
    outcomes: list[R | SalesforceError] = []
    try:
        with org.transaction():
            outcomes = [_one(org, item, act) for item in items]
            if all_or_none and any(isinstance(outcome, SalesforceError) for outcome in outcomes):
                raise _NotAllError  # noqa: TRY301 - leaving by an exception is what takes the records back
    except _NotAllError:
        return [outcome if isinstance(outcome, SalesforceError) else rolled_back() for outcome in outcomes]
    return outcomes


def _one(org: Org, item: T, act: Callable[[T], R]) -> R | SalesforceError:
    try:
        with org.transaction():
            return act(item)
    except SalesforceError as refused:
        return refused
