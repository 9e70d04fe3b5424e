"""Moments as others tell them: systems, records, requests."""

from __future__ import annotations

from datetime import datetime


def moment_or_none(value: object) -> datetime | None:
    """A moment in RFC 3339, in the zone in which it was told; None for what is none, or does not say in which zone it is.

    ``read_moment`` of ``salesforce.answers`` has another contract: there a moment that is none makes the whole answer unusable.
    """
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None
