"""The brakes: limits that stop a plan, or a side that suddenly looks empty, until a person has looked."""

from __future__ import annotations

from dataclasses import dataclass

from connector.core.model import Side
from connector.core.rulebook import Brakes

_SMALL = 25
"""Below this many people a share says nothing."""


WHOLE_READ = "were not in a whole read"
"""How the reason of ``emptied`` ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a plan would do to one side: people touched and values that become empty."""

    people: int
    blanks: int
    newcomers: int = 0
    """New contacts proposed: people, but none of the linked ones."""


def pulled(side: Side, load: Load, *, last_24h: int, linked: int, brakes: Brakes) -> list[str]:
    """Which limits a plan would break on this side, in words with both numbers; none: it may go."""
    reasons = []
    records = load.people + load.newcomers
    if records > brakes.max_changes:
        reasons.append(f"{records} records would change on the {side} side; the limit is {brakes.max_changes} (max_changes)")
    if load.people > max(_SMALL, brakes.max_share * linked):
        share = load.people / max(linked, 1)
        reasons.append(
            f"{share:.0%} of linked people would change on the {side} side; the limit is {brakes.max_share:.0%} (max_share)"
        )
    if load.blanks > brakes.max_to_blank:
        reasons.append(
            f"{load.blanks} values would become empty on the {side} side; the limit is {brakes.max_to_blank} (max_to_blank)"
        )
    if records and records + last_24h > brakes.max_24h:
        reasons.append(
            f"{records + last_24h} records would have changed on the {side} side within 24 hours; "
            f"the limit is {brakes.max_24h} (max_24h)"
        )
    return reasons


def emptied(name: str, *, known: int, missing: int, share: float = 0.1) -> str | None:
    """Why a whole read must not be believed: too many known records were not in it. None if it may be."""
    if missing > max(_SMALL, share * known) or (known > 0 and missing == known and known > 1):
        return f"{missing} of {known} known records of {name} {WHOLE_READ}"
    return None
