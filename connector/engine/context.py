"""What every station is given: rules, store, sides, clock; and the few names that all of them use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import structlog

from connector.core.match import Weights
from connector.core.requests import RequestRules
from connector.core.routing import Routing
from connector.core.rulebook import Persons, Rules
from connector.ports import CareerSide, Clock, CrmSide
from connector.store.store import Store

log = structlog.get_logger()

Progress = Callable[[str, int, int | None], None]
"""Told as long work goes on: what, how many so far, how many in all where known."""


def no_progress(_what: str, _done: int, _total: int | None) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """One institution by its settings alone. What works on the state by that goes on while a mapping file has a mistake."""

    store: Store
    careers: Mapping[str, CareerSide]
    clock: Clock
    environment: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Context(Installation):
    """One institution, wired. ``rules_hash`` names the mapping version that every write of this cycle carries."""

    persons: Persons
    requests: RequestRules
    routing: Routing
    rules_hash: str
    crm: CrmSide
    rng: Callable[[], float]
    weights: Weights
    holder: str
    start_at: datetime
    primary: str = ""
    """The career system whose account counts where a person has accounts in several; empty where there is one system."""
    progress: Progress = no_progress

    @property
    def person(self) -> Rules:
        """The usual mapping: what holds for contacts, whatever system they are known to, and for the brakes."""
        return self.persons.usual

    def rules(self, system: str) -> Rules:
        """The mapping that holds for a career system."""
        return self.persons.of(system)


def requests_side(ctx: Installation, system: str) -> str:
    """The side that a system's requests come from and are answered at: one of its own where another service carries them.

    What stops such a side leaves people alone, and what stops a system stops its requests, too.
    """
    return f"{system}:requests" if ctx.careers[system].capabilities.requests_elsewhere else system


def sides(ctx: Installation) -> list[str]:
    """Every side that is read, in that order."""
    return list(dict.fromkeys(["crm", *(side for system in ctx.careers for side in (system, requests_side(ctx, system)))]))


def key_of(*parts: object) -> str:
    """A unique key: lower-case hex, stable under retry, restart and upgrade, without personal data in it."""
    return sha256("|".join(str(part) for part in parts).encode()).hexdigest()[:40]
