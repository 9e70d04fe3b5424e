"""Single values of our records in Salesforce, as the state keeps them. What is no such value in an org is unknown."""

from __future__ import annotations

from datetime import datetime


def whole_number(value: object) -> int | None:
    """A number as Salesforce gives it, without its point."""
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


_WORD = 40
"""Letters of the state's columns for words of picklists; PostgreSQL refuses what is longer."""


def picked(value: object) -> str | None:
    """A word of a picklist as Salesforce gives it, as long as the state keeps it: an org may have longer ones of its own."""
    return str(value)[:_WORD] if value else None


def moment_or_none(value: object) -> datetime | None:
    """A moment as Salesforce gives it; None for what is none.

    ``read_moment`` of ``salesforce.answers`` has another contract: there a moment that is none makes the whole answer unusable.
    """
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None
