"""What it costs to read all contacts: by pages of a query, or by a query job that is asked about so many times.

    python -m bench.whole [--sizes 2000,20000,100000] [--asked 1,3,10]

The org is emulated in this process and answers without sockets. CPU is that of both sides: compare the ways, not the
seconds. How often a real org would have to be asked is not known; a row for each number shows what it would cost.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bench.platforms import CRM, SharedClock
from bench.stage import build_org
from connector.ports import Feed
from connector.rules import load_rules
from connector.salesforce.auth import ClientCredentials, Instances
from connector.salesforce.client import Client
from connector.salesforce.side import SalesforceSide
from connector.salesforce.transport import Transport
from connector.secrets import Secret
from connector.wire import Wire, open_session
from demo.world import make_world
from emulator.clock import Clock
from emulator.inprocess import mount
from emulator.salesforce.control import Control
from emulator.salesforce.org import Org
from emulator.salesforce.service import SalesforceApp

ROOT = Path(__file__).parents[1]
_WAYS = {"JobComplete": "job, done when asked for time {}", "Aborted": "job that needs {}, given up, then pages"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What one reading of everything cost. ``waited``: seconds of pauses between asking."""

    rows: int
    calls: int
    cpu: float
    waited: float


@dataclass(slots=True)
class World:
    """An org full of contacts, and the fields that the shipped mapping reads."""

    org: Org
    clock: Clock
    fields: tuple[str, ...]

    def read(self, *, bulk: bool) -> Read:
        """Read all contacts as a new process does."""
        session, clock = open_session(), SharedClock(self.clock)
        mount(session, SalesforceApp(self.org), CRM)

        def wire(url: str) -> Wire:
            return Wire(session, url, clock, side="crm")

        login = ClientCredentials(
            wire(CRM), Instances(my_domain=CRM), clock, consumer_key="bench", consumer_secret=Secret("bench")
        )
        client = Client(Transport(login, wire, clock), clock=clock, rng=lambda: 0.0)
        side = SalesforceSide(client, clock, contact_fields=self.fields, bulk=bulk)
        control, began, cpu = Control(self.org), self.clock.now(), time.process_time()
        calls, seen = control.call_count(), set[str]()
        for ids in _pages(side):
            seen.update(ids)
        return Read(
            rows=len(seen),
            calls=control.call_count() - calls,
            cpu=time.process_time() - cpu,
            waited=(self.clock.now() - began).total_seconds(),
        )


def _pages(side: SalesforceSide) -> Iterator[list[str]]:
    cursor, more = "", True
    while more:
        page = side.read({Feed.CONTACT: cursor})[Feed.CONTACT]
        cursor, more = page.cursor, page.more
        yield [record.id for record in page.records]


def build(contacts: int) -> World:
    """An org with so many contacts."""
    clock, person = Clock(), load_rules(ROOT / "mappings").persons
    org, _ = build_org(clock, person.contact_fields(), person.profile_fields())
    Control(org).seed("Contact", [one.values for one in make_world(contacts=contacts, accounts=100).contacts])
    clock.move(timedelta(hours=1))
    return World(org=org, clock=clock, fields=person.contact_fields())


def table(sizes: Sequence[int], asked: Sequence[int]) -> Iterator[str]:
    """The figures in Markdown, line by line.

    Raises:
        RuntimeError: a way did not bring everybody.
    """
    yield "| contacts | way | calls | CPU s, both sides | pauses, s |"
    yield "| --- | --- | --- | --- | --- |"
    for size in sizes:
        world = build(size)
        # What the org printed for one reading it does not print again: the first one counts for nobody.
        world.read(bulk=False)
        ways = {"pages": world.read(bulk=False)}
        for times in asked:
            Control(world.org).settings(job_polls=times - 1)
            jobs = len(world.org.jobs)
            found = world.read(bulk=True)
            states = [str(job.info["state"]) for job in world.org.jobs.values()][jobs:]
            ways[_WAYS[states[0]].format(times) if states else "jobs allowed, pages chosen"] = found
        for way, cost in ways.items():
            if cost.rows != size:
                raise RuntimeError(f"{way}: {cost.rows} of {size} contacts")
            yield f"| {size:,} | {way} | {cost.calls} | {cost.cpu:.1f} | {cost.waited:.0f} |"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.whole", description=__doc__)
    parser.add_argument("--sizes", default="2000,20000,100000", help="numbers of contacts, separated by commas")
    parser.add_argument("--asked", default="1,3,10", help="how often a job is asked about, separated by commas")
    options = parser.parse_args()
    sizes, asked = ([int(one) for one in text.split(",")] for text in (options.sizes, options.asked))
    for line in table(sizes, asked):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
