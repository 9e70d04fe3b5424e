"""A storm: a mass load in Salesforce, a wave of requests, locked rows, and other programs that took most of the calls.

The real daemon in the simulation's world and time. Laws: requests get their Tasks while the flood of values is read and held;
what others may use of the day's calls stays theirs; nothing is lost or doubled; memory does not grow with the storm.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import quantiles

from connector.engine import plans, stage
from connector.engine.halting import halts
from jobs import cycle
from tests.simulation.process import Host, Process
from tests.simulation.run import logged
from tests.simulation.world import Spec, World, new_world

MINUTES = 10
LOCKED = 0.2
LIMIT, RESERVE, LEFT = 100_000, 0.2, 0.05
"""Calls of a day; the share that stays with others; how much of the rest is left to us when the storm begins."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How many contacts change, how many of them have an account, and how many requests come."""

    contacts: int
    accounts: int
    requests: int


WHOLE = Size(contacts=100_000, accounts=10_000, requests=10_000)
SMALL = Size(contacts=1_000, accounts=200, requests=120)


@dataclass(kw_only=True)
class Account:
    """What a storm did. Seconds are of the virtual time, but for ``took``; memory in MB, both emulated systems in it."""

    size: Size
    faults: list[str] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    cycles: int = 0
    calls: int = 0
    most_used: int = 0
    memory: list[float] = field(default_factory=list)
    took: float = 0.0

    def so_far(self) -> str:
        """How far it is."""
        return f"{self.cycles} cycles, {self.most_used:,} calls used, {self.memory[-1]:,.0f} MB"

    def lines(self) -> Iterator[str]:
        """The figures."""
        size, spread = self.size, quantiles(self.delays, n=100) if len(self.delays) > 1 else [0.0] * 99
        yield f"{size.contacts:,} contacts changed in {MINUTES} minutes, {size.accounts:,} of them linked"
        yield f"{size.requests:,} requests; {LOCKED:.0%} of writes met a locked row; {LEFT:.0%} of our calls were left"
        yield f"from asking to the Task: median {spread[49]:.0f} s, 99 of 100 {spread[98]:.0f} s, all {max(self.delays):.0f} s"
        yield f"{self.calls:,} calls to Salesforce in {self.cycles} cycles; at most {self.most_used:,} of {LIMIT:,} were used"
        yield f"memory: {self.memory[0]:,.0f} MB before, {max(self.memory):,.0f} MB at most, {self.memory[-1]:,.0f} MB at the end"
        yield f"{self.took:.0f} s of this machine"


def storm(size: Size, base: Path, tell: Callable[[str], object] = str) -> Account:
    """Let it come; what is not as it must be stands in ``faults``. ``tell`` hears how far it is."""
    began, told = time.monotonic(), Account(size=size)
    with logged():
        world = _university(size)
        tell("the university is there")
        host = Host(world=world, name="bridge", base=base)
        host.forget_state()
        process = Process(host, seed=0)
        assert process.start(), process.left
        _settle(process)
        tell("everybody is linked and at rest; the storm begins")
        _others_take(world)
        told.memory.append(_memory())
        calls = world.crm.call_count()
        world.crm.order_refusal("UNABLE_TO_LOCK_ROW", count=10**9, probability=LOCKED)
        for minute in range(MINUTES):
            _minute(world, size, minute)
            _work(process, told)
            tell(told.so_far())
        while told.cycles < MINUTES * 48 and not _quiet(process):
            _approve(process)
            _work(process, told)
            tell(told.so_far())
        told.calls = world.crm.call_count() - calls
        _judge(world, told)
        process.end("stopped")
    told.took = time.monotonic() - began
    return told


def _university(size: Size) -> World:
    world = new_world(Spec(people=0, org=(("daily_limit", 10**9),)))
    contacts = [
        {"University_ID__c": f"U{n}", "FirstName": f"Ada{n}", "LastName": f"Zyx{n}", "Title": "Analyst"}
        for n in range(size.contacts)
    ]
    world.contacts = dict(enumerate(world.crm.seed("Contact", contacts)))
    accounts = [
        {"id": f"a{n}", "institution_id": f"U{n}", "first_name": f"Ada{n}", "last_name": f"Zyx{n}", "title": "Analyst"}
        for n in range(size.accounts)
    ]
    world.careers.system.seed("person", accounts)
    world.accounts = {n: f"a{n}" for n in range(size.accounts)}
    return world


def _settle(process: Process) -> None:
    """Everybody is linked and has a career profile; the bridge is live."""
    _cycle(process)
    stage.go_live(process.bridge.context)
    for _ in range(40):
        _cycle(process)
        if _quiet(process):
            return
        _approve(process)
    raise AssertionError("the university does not come to rest")


def _others_take(world: World) -> None:
    world.crm.settings(daily_limit=LIMIT)
    used = int(LIMIT * (1 - RESERVE) * (1 - LEFT))
    world.crm.burn_calls(max(0, used - world.org.usage.total()))


def _minute(world: World, size: Size, minute: int) -> None:
    """A tenth of the storm."""
    share = range(minute * size.contacts // MINUTES, (minute + 1) * size.contacts // MINUTES)
    stamp = world.org.stamp()
    for n in share:
        world.crm.rewrite(world.contacts[n], {"Title": "Director", "SystemModstamp": stamp})
    for n in range(minute * size.requests // MINUTES, (minute + 1) * size.requests // MINUTES):
        asked = {"type": "RESUME_REVIEW", "title": f"Documents {n}", "person_id": f"a{n % size.accounts}", "named": True}
        by = {"name": "Pat Zyx", "email": "pat@careers.example.edu"}
        world.requests.append((world.careers.file({**asked, "text": "", "requested_by": by}), 1))


def _work(process: Process, told: Account) -> None:
    """A cycle, and the rest of its minute."""
    world = process.world
    before = world.time.seconds
    _cycle(process)
    world.time.pass_(60 - (world.time.seconds - before))
    told.cycles += 1
    told.most_used = max(told.most_used, world.org.usage.total())
    told.memory.append(_memory())


def _cycle(process: Process) -> None:
    process.run(cycle)
    # The simulation remembers every byte; a storm is too long for that.
    process.world.calls.clear()
    for wire in (process.host.crm_wire, process.host.career_wire):
        wire.exchanges.clear()


def _quiet(process: Process) -> bool:
    """Nothing is on its way, and nobody has to be asked."""
    context = process.bridge.context
    with process.beside(), context.store.begin() as db:
        waiting = db.exec_driver_sql(
            "SELECT count(*) FROM intent WHERE state IN ('planned', 'ready', 'sent', 'unknown')"
        ).scalar()
        marked = db.exec_driver_sql("SELECT count(*) FROM link WHERE marked").scalar()
        return not waiting and not marked and not halts(db)


def _approve(process: Process) -> None:
    """The administrator looks at the held plan and lets it go; other halts are resumed."""
    context = process.bridge.context
    with process.beside():
        with context.store.begin() as db:
            held = halts(db)
        for subject, row in held.items():
            digest = row["remedy"].partition("--plan ")[2][:12]
            if not digest or not plans.approve(context, digest):
                plans.resume(context, subject)


def _judge(world: World, told: Account) -> None:
    """Every request has one Task, every linked account the new title, and the others kept their calls."""
    size = told.size
    records = {row["Id"]: row for row in world.rows("Career_Request__c")}
    tasks: dict[str, list[dict[str, object]]] = {}
    for row in world.rows("Task"):
        tasks.setdefault(str(row.get("WhatId")), []).append(row)
    if len(records) != size.requests or len({row["Key__c"] for row in records.values()}) != size.requests:
        told.faults.append(f"{len(records)} records for {size.requests} requests")
    told.faults += [
        f"{len(tasks.get(id, []))} Tasks for {row['Name']}" for id, row in records.items() if len(tasks.get(id, [])) > 1
    ]
    for id, row in records.items():
        for task in tasks.get(id, []):
            told.delays.append((_moment(task["CreatedDate"]) - _moment(row["Received_At__c"])).total_seconds())
    without = sum(row["State__c"] == "Queued" and id not in tasks for id, row in records.items())
    if without:
        told.faults.append(f"{without} requests in a queue without a Task")
    behind = sum(world.careers.values(id)["title"] != "Director" for id in world.accounts.values())  # type: ignore[index]  # nobody is deleted
    if behind:
        told.faults.append(f"{behind} accounts have the old title")
    # One call looks each quarter of an hour whether the allowance has recovered.
    if told.most_used > LIMIT * (1 - RESERVE) + told.cycles / 15 + 1:
        told.faults.append(f"{told.most_used:,} calls used: others were left less than {RESERVE:.0%}")


def _moment(text: object) -> datetime:
    return datetime.fromisoformat(str(text).replace("+0000", "+00:00"))


def _memory() -> float:
    """What this process holds now, in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20
