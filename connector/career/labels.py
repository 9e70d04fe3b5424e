"""Fields and choices that each site makes for itself: by what they are called on screen, in the form that a mapping uses."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from connector.ports import Outcome, Status


class Unwritable(Exception):
    """A value that this site has no place or no choice for."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code)
        remedy = "create the attribute or the choice in the career system, or correct the mapping"
        self.outcome = Outcome(status=Status.REFUSED, code=code, detail=detail, remedy=remedy)


@lru_cache(maxsize=4096)
def slug(label: str) -> str:
    """*Mentor availability?* as ``mentor_availability``."""
    return re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")


def names_of(labels: Iterable[str]) -> list[str]:
    """The name of each label; empty where two share one, as neither can be told from the other."""
    slugs = [slug(label) for label in labels]
    often = Counter(slugs)
    return [name if often[name] == 1 else "" for name in slugs]
