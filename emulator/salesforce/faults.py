"""Ordered misbehaviour of the service: what to do to which requests or records, how often, how likely."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from emulator.http import CUT_EVERYTHING, Request, Response
from emulator.salesforce.distortions import distort
from emulator.salesforce.errors import SalesforceError


class When(StrEnum):
    """Where in the life of a request a fault strikes."""

    BEFORE = "before"
    """Instead of acting."""
    AFTER = "after"
    """The request acts and commits; only its answer is replaced or spoilt."""
    LATER = "later"
    """The answer is replaced at once; the request acts `delay` seconds afterwards (a zombie)."""
    LATE_COMMIT = "late_commit"
    """The request is answered as usual, but its writes become visible `delay` seconds later with today's stamps."""
    TWICE = "twice"
    """The request acts twice; the second answer is given."""


class Chance:
    """Draws between 0 and 1 that are the same for the same seed."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self._drawn = 0

    def strikes(self, probability: float) -> bool:
        """Whether something of this probability happens now."""
        if probability >= 1:
            return True
        self._drawn += 1
        digest = hashlib.sha256(f"{self.seed}/{self._drawn}".encode()).digest()
        return int.from_bytes(digest[:6], "big") < probability * 2**48


@dataclass(slots=True, kw_only=True)
class Spoilt:
    """How a true answer is spoilt on its way back.

    `how` names a distortion; `headers` are put in, or left out where the value is None; `cut` is after how many bytes the
    connection breaks; `pace` is bytes a second. `stale` repeats the first answer to all later requests of the order.
    """

    how: str = ""
    headers: Mapping[str, str | None] = field(default_factory=dict)
    cut: int | None = None
    pace: float = 0.0
    stale: bool = False
    first: Response | None = None

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.how or self.headers or self.cut is not None or self.pace or self.stale)

    def apply(self, response: Response) -> Response:
        """The spoilt answer."""
        if self.stale:
            self.first = response = self.first or response
        if self.how:
            response = distort(response, self.how)
        merged: dict[str, str | None] = {**response.headers, **self.headers}
        kept = {name: value for name, value in merged.items() if value is not None}
        return replace(response, headers=kept, cut=self.cut, pace=self.pace)


@dataclass(slots=True, kw_only=True)
class Order:
    """What orders about requests and about records have in common.

    `count` is how often it strikes, `skip` how many that match pass first, `probability` how likely it strikes each time
    (a draw that passes does not use up the count), `until` when it ends.
    """

    count: int = 1
    skip: int = 0
    probability: float = 1.0
    until: datetime | None = None
    struck: int = 0

    def open(self, now: datetime) -> bool:
        """Whether it may still strike."""
        return self.count > 0 and (self.until is None or now < self.until)

    def take(self, chance: Chance) -> bool:
        """Whether it strikes what it matches now; uses up its count."""
        if self.skip > 0:
            self.skip -= 1
            return False
        if not chance.strikes(self.probability):
            return False
        self.count -= 1
        self.struck += 1
        return True


@dataclass(slots=True, kw_only=True)
class Fault(Order):
    """One order about requests.

    `pattern` is searched in "METHOD path?query"; `body_pattern` in the body; `record` is an id (of 15 or 18 characters) or
    key that the address or body has to name. `response` replaces the answer; without one the true answer is `spoilt`, or
    the connection breaks.
    """

    pattern: re.Pattern[str]
    body_pattern: re.Pattern[str] | None = None
    record: str = ""
    when: When = When.BEFORE
    response: Response | None = None
    spoilt: Spoilt = field(default_factory=Spoilt)
    delay: float = 0.0

    def matches(self, request: Request) -> bool:
        """Whether this order is about that request."""
        line = f"{request.method} {request.path}" + (f"?{request.query}" if request.query else "")
        if not self.pattern.search(line):
            return False
        if self.body_pattern is None and not self.record:
            return True
        body = request.body.decode("utf-8", "replace")
        if self.body_pattern and not self.body_pattern.search(body):
            return False
        # An id may be written with 15 characters or with 18.
        short = self.record[:15] if len(self.record) == 18 else self.record
        return short in line or short in body

    def answer(self) -> Response:
        """What the client gets instead of a true answer."""
        return self.response or Response(status=500, cut=CUT_EVERYTHING)

    def answer_after(self, done: Response) -> Response:
        """What the client gets when the request has acted."""
        if self.response is not None:
            return replace(self.response, delay=self.delay)
        if self.spoilt:
            return replace(self.spoilt.apply(done), delay=self.delay)
        return replace(done, cut=None if self.when is When.TWICE else CUT_EVERYTHING, delay=self.delay)


@dataclass(slots=True, kw_only=True)
class Refusal(Order):
    """One order about records: refuses writes wherever they come from, single, in collections, in jobs.

    `kinds` are insert, update, delete; `record` is an id, or a value that the write gives to any field.
    """

    error: SalesforceError
    sobject: str = ""
    kinds: frozenset[str] = frozenset({"insert", "update", "delete"})
    record: str = ""

    def matches(self, kind: str, sobject: str, id_: str, values: Mapping[str, Any]) -> bool:
        """Whether this order is about that write."""
        if kind not in self.kinds or self.sobject.lower() not in {"", sobject.lower()}:
            return False
        return not self.record or id_[:15] == self.record[:15] != "" or self.record in map(str, values.values())


@dataclass(slots=True)
class Faults:
    """All orders, in the order in which they were given."""

    orders: list[Fault] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    chance: Chance = field(default_factory=Chance)

    def add(self, fault: Fault) -> Fault:
        """Give an order about requests."""
        self.orders.append(fault)
        return fault

    def clear(self) -> None:
        """Take all orders back."""
        self.orders.clear()
        self.refusals.clear()

    def take(self, request: Request, now: datetime) -> Fault | None:
        """The fault that this request meets; uses up one of its count."""
        for fault in self.orders:
            if fault.open(now) and fault.matches(request) and fault.take(self.chance):
                return fault
        return None

    def refuse(self, kind: str, sobject: str, id_: str, values: Mapping[str, Any], *, now: datetime) -> None:
        """Refuse a write of a record that was ordered to be.

        Raises:
            SalesforceError: as ordered.
        """
        for refusal in self.refusals:
            if refusal.open(now) and refusal.matches(kind, sobject, id_, values) and refusal.take(self.chance):
                # Raised again and again, one error would gather the frames of every request that it has ended.
                raise refusal.error.with_traceback(None)
