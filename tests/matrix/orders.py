"""The vocabulary of faults: each lets one come, and what lasts is undone when the cell's time of trouble is over."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from emulator.career.faults import Fault as CareerFault
from emulator.career.faults import Order as CareerOrder
from emulator.inprocess import WireFault, WireOrder
from emulator.salesforce.control import Control
from tests.matrix.cells import Order
from tests.simulation.run import Run
from tests.simulation.steps import Step

GRAPH = "POST .*/composite/graph"
PROFILES = "PATCH .*/composite/sobjects"
CRM_WRITES = f"{GRAPH}|(POST|PATCH) .*/composite/sobjects"
CRM_READS = "GET .*/services/data|POST .*/composite$"
TOKEN = "/oauth2/token"
UPDATES = "POST .*/people/batch"
CAREER_READS = "GET "
MANY = 999
"""So often that it does not end by itself."""


def crm(act: Callable[[Control], Any]) -> Order:
    """Something at the org's control door. A fault that was ordered there counts how often it strikes."""

    def order(run: Run) -> None:
        made = act(run.world.crm)
        if hasattr(made, "struck"):
            run.ordered("crm", lambda: made.struck)
        else:
            run.happened("crm")

    return order


def answers(pattern: str, answer: str, *, count: int = MANY, when: str = "before", delay: float = 0.0) -> Order:
    """Salesforce gives another answer, by a name of ``emulator.salesforce.named``; "" breaks the connection."""
    return crm(lambda door: door.order_fault(pattern, answer=answer or None, count=count, when=when, delay=delay))


def says(pattern: str, status: int, body: object = None, *, count: int = MANY, **headers: str) -> Order:
    """Salesforce answers with a status, a body (None: empty) and headers (``Retry_After="5"``)."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return crm(lambda door: door.order_fault(pattern, status=status, body=body, headers=named, count=count))


def distorts(pattern: str, how: str, *, count: int = 1) -> Order:
    """Salesforce's answer is not true: a way of ``emulator.salesforce.distortions``."""
    return crm(lambda door: door.order_fault(pattern, distort=how, count=count))


def refuses(code: str, sobject: str = "", *, count: int = MANY, **more: Any) -> Order:
    """Salesforce refuses records with a code."""
    return crm(lambda door: door.order_refusal(code, sobject=sobject, count=count, **more))


def setting(name: str, value: object) -> Order:
    """The org behaves otherwise."""

    def order(run: Run) -> None:
        settings = run.world.org.settings
        before = getattr(settings, name)
        setattr(settings, name, value)
        run.undo(lambda: setattr(settings, name, before))
        run.happened(f"crm {name}")

    return order


def drift(act: Callable[[Control], object], *objects: str) -> Order:
    """Salesforce's administrator changes definitions or rights; ``objects`` are put back as they were at the end."""

    def order(run: Run) -> None:
        org = run.world.org
        known, grants = [org.sobject(name) for name in objects], deepcopy(org.grants)
        act(run.world.crm)

        def restore() -> None:
            for one in known:
                org.define(one)
            org.grants.clear()
            org.grants.update(grants)
            org.touch_schema()

        run.undo(restore)
        run.happened("crm drift")

    return order


def careers(how: str, pattern: str = ".", *, count: int = MANY, value: str = "") -> Order:
    """Careers' system misbehaves: a name of ``emulator.career.faults.Fault``."""

    def order(run: Run) -> None:
        made = CareerOrder(fault=CareerFault(how), pattern=re.compile(pattern), count=count, value=value)
        run.world.careers.app.orders.append(made)
        run.ordered(f"careers {how}", lambda: count - made.count)

    return order


@dataclass(frozen=True, kw_only=True)
class OnTheWire:
    """The wire to a side fails."""

    side: str
    fault: WireFault
    pattern: str
    count: int

    def __call__(self, run: Run) -> None:
        """See ``Order``."""
        made = WireOrder(fault=self.fault, pattern=re.compile(self.pattern), count=self.count)
        run.host.wire(self.side).orders.append(made)
        run.ordered(f"wire {self.fault}", lambda: self.count - made.count)


def wire(side: str, how: str, pattern: str = ".", *, count: int = MANY) -> OnTheWire:
    """The wire to a side fails: a name of ``WireFault``."""
    return OnTheWire(side=side, fault=WireFault(how), pattern=pattern, count=count)


def step(*steps: Step) -> Order:
    """Steps of the simulation; some of them are troubles and say so themselves."""

    def order(run: Run) -> None:
        for each in steps:
            each.perform(run)
        run.happened("steps")

    return order


def when(kind: str, part: str, *steps: Step) -> Order:
    """Steps in the midst of the bridge's work, when a request is on its way or answered; see ``steps.When``."""

    def order(run: Run) -> None:
        def act() -> None:
            run.happened("steps")
            for each in steps:
                each.perform(run)

        run.world.boundary.await_(kind, part.encode(), act)

    return order
