"""Single values of our records in Salesforce, as the state keeps them. What is no such value in an org is unknown."""

from __future__ import annotations


def whole_number(value: object) -> int | None:
    """A number as Salesforce gives it, without its point."""
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


_WORD = 40
"""Letters of the state's columns for words of picklists; PostgreSQL refuses what is longer."""


def picked(value: object) -> str | None:
    """A word of a picklist as Salesforce gives it, as long as the state keeps it: an org may have longer ones of its own."""
    return str(value)[:_WORD] if value else None
