"""What each career platform costs in calls: 1 % of the people change on both sides, and the bridge brings it to rest.

    python -m bench.platforms [--people 20000] [--out bench/PLATFORMS.md] [NAME ...]

Both systems are emulated in this process and answer without sockets, so that only calls are counted, not time. Everybody is
known to both sides and linked; the bridge is live and at rest before anything changes.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests

from bench.stage import BRIDGE_KEY, SYSTEM, build_org, seed_people
from connector.beginning import Wanted, write_files
from connector.bootstrap import Bridge, Surroundings, open_bridge
from connector.config import load_settings
from connector.engine import first_differences, stage
from connector.engine.cycle import cycle, prepare
from connector.log import configure
from connector.rules import load_rules
from connector.store import intents
from connector.wire import open_session
from demo.people import People
from demo.platform import PLATFORMS, Platform
from demo.world import make_world
from emulator.career import Actor, CareerApp, CareerSystem, Kind
from emulator.career.generic import REQUESTS
from emulator.career.platforms import FACES
from emulator.clock import Clock
from emulator.inprocess import mount
from emulator.salesforce.control import Control
from emulator.salesforce.org import Org
from emulator.salesforce.service import SalesforceApp

CRM, CAREERS = "https://university.my.salesforce.com", "https://careers.example.edu"
CHANGED = 0.01
_SHARED = "careers"
_START = datetime(2026, 11, 2, 9, tzinfo=UTC)
_ROUNDS = 200
_MINUTE, _LATER = timedelta(minutes=1), timedelta(hours=6)
_LONG_AGO, _SETTLE = timedelta(days=3), timedelta(minutes=10)
"""Where changes are told late, the first load is news for days; the figures are those of a day like any other."""
_QUIET = 60
"""Seconds; the bridge looks at no table that was changed within the last thirty."""
PAT = Actor(id="staff-1", name="Pat Reyes", kind=Kind.STAFF)


def tell(text: str) -> None:
    """Progress, for whoever watches."""
    print(text, file=sys.stderr, flush=True)


@dataclass(slots=True)
class SharedClock:
    """The emulated time: whoever waits, waits for all."""

    emulated: Clock

    def now(self) -> datetime:
        """This moment."""
        return self.emulated.now()

    def monotonic(self) -> float:
        """Seconds of the emulated time."""
        return self.emulated.now().timestamp()

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.emulated.move(timedelta(seconds=seconds))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Calls of one stretch of work, by side; career calls by method and path, too."""

    crm: int
    career: int
    minutes: float
    by_path: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class World:
    """Both systems, and the bridge between them."""

    clock: Clock
    org: Org
    app: CareerApp
    people: People
    ids: dict[str, str]
    bridge: Bridge
    platform: Platform

    def spent(self, work: Callable[[], None]) -> Cost:
        """What some work costs."""
        control, began, paths = Control(self.org), self.clock.now(), Counter(self.app.calls)
        crm = control.call_count()
        work()
        made = Counter(self.app.calls)
        made.subtract(paths)
        minutes = (self.clock.now() - began).total_seconds() / 60
        return Cost(crm=control.call_count() - crm, career=made.total(), minutes=minutes, by_path=+made)

    def rest(self, *, approve: bool = False, wait: timedelta = timedelta(0)) -> None:
        """Cycles, a minute apart, for so long at least, until one writes nothing and the last table shows what we handed over."""
        heard = self.clock.now() + wait
        for _ in range(_ROUNDS):
            self.clock.move(_MINUTE)
            self.exchange()
            done = cycle(self.bridge.context, approve=approve)
            if done.down:
                self.clock.move(_LATER)
            elif not done.writes and not self._unknown() and self.clock.now() >= heard:
                return
        raise RuntimeError(f"the bridge does not come to rest: {done.down or done.writes}")

    def _unknown(self) -> int:
        with self.bridge.context.store.begin() as db:
            return sum(states.get("unknown", 0) for states in intents.count(db).values())

    def exchange(self) -> None:
        """Where there is no API, the office's programs carry in what the bridge left, and export everything anew."""
        if self.platform.files:
            orders, system = self.app.face.orders, self.app.system
            orders["POST import"](system, dict(self.platform.manner))
            orders["POST export"](system, {"older": _QUIET})


@contextmanager
def staged(platform: Platform, count: int, folder: Path) -> Iterator[World]:
    """A university on one platform, live and at rest."""
    clock, people = Clock(start=_START), platform.enrolled(make_world(contacts=count, accounts=count))
    shutil.rmtree(folder, ignore_errors=True)
    write_files(folder, Wanted(platform=platform.name))
    persons = load_rules(folder / "mappings").persons
    org, _ = build_org(clock, persons.contact_fields(), persons.profile_fields())
    careers = CareerSystem(clock)
    careers.admit(BRIDGE_KEY, Actor(id="key-bridge", name="alumni-bridge", kind=Kind.API))
    (folder / _SHARED).mkdir(mode=0o700)
    careers.extra["folder"] = folder / _SHARED
    app = CareerApp(careers, face=FACES[platform.name], beside=(REQUESTS,) if platform.beside else ())
    ids = seed_people(org, careers, people)
    clock.move(timedelta(hours=1))
    around = Surroundings(
        clock=SharedClock(clock), connect=lambda **_how: _session(org, app), environ={"SECRET": "bench", "KEY": BRIDGE_KEY}
    )
    with open_bridge(load_settings(_configure(folder, platform)), around=around) as bridge:
        world = World(clock, org, app, people, ids, bridge, platform)
        prepare(bridge.context, bridge.mapping)
        world.exchange()
        cycle(bridge.context)
        for unit in persons.usual.units:
            first_differences.adopt(bridge.context, unit.name, "keep")
        stage.go_live(bridge.context)
        world.rest(approve=True)
        clock.move(_LONG_AGO)
        world.rest(wait=_SETTLE)
        yield world


def _session(org: Org, app: CareerApp) -> requests.Session:
    session = open_session()
    mount(session, SalesforceApp(org), CRM)
    mount(session, app, CAREERS)
    return session


def _configure(folder: Path, platform: Platform) -> Path:
    file = folder / "config.toml"
    file.write_text(
        f"""
[bridge]
environment = "test"
log_level = "error"
[state]
sqlite = "state.db"
[crm]
my_domain = "{CRM}"
login = "client_credentials"
consumer_key = "env:SECRET"
consumer_secret = "env:SECRET"
budget = 0.95
[[career]]
system = "{SYSTEM}"
{platform.table(CAREERS, "env:KEY", folder / _SHARED)}
[requests]
start_at = 2026-01-01T00:00:00Z
""",
        encoding="utf-8",
    )
    return file


def measure(platform: Platform, count: int, folder: Path) -> dict[str, Cost]:
    """One platform: a quiet cycle, and 1 % of the people changed on each side."""
    with staged(platform, count, folder) as world:
        tell(f"  {platform.name}: {count:,} people are linked, live and at rest")
        quiet = world.spent(world.rest)
        some = max(1, round(count * CHANGED))
        control = Control(world.org)
        officer = next(row["Id"] for row in control.rows("User") if str(row["Username"]).startswith("officer"))
        for person in world.people.contacts[:some]:
            control.edit_as(officer, world.ids[person.record_id], {"MobilePhone": "+1 617 555 0100", "Title": "Director"})
        crm_side = world.spent(lambda: world.rest(approve=True))
        for person in world.people.accounts[-some:]:
            world.app.system.change_person(person.record_id, {"preferred_name": "Ace", "interests": ["chess"]}, PAT)
        career_side = world.spent(lambda: world.rest(approve=True, wait=platform.lag))
    tell(f"  {platform.name}: {crm_side.career} and {career_side.career} calls")
    return {"a quiet cycle": quiet, "1 % changed in Salesforce": crm_side, "1 % changed at careers": career_side}


def page(count: int, found: dict[str, dict[str, Cost]]) -> str:
    """The figures in Markdown."""
    lines = [
        f"# Calls by platform, 1 % of {count:,} people changed",
        "",
        f"`python -m bench.platforms --people {count}`; both systems emulated in the same process, so that only calls count.",
        "Where careers' system tells of changes late, the calls of the quiet cycles until then are among them.",
        "",
        "| platform | step | Salesforce calls | career calls | until at rest, minutes | career calls by kind |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, costs in found.items():
        for step, cost in costs.items():
            kinds = ", ".join(f"{path} {times}" for path, times in sorted(cost.by_path.items()))
            lines.append(f"| {name} | {step} | {cost.crm} | {cost.career} | {cost.minutes:.0f} | {kinds} |")
    return "\n".join([*lines, ""])


def main(arguments: list[str] | None = None) -> int:
    """Measure the named platforms, or all."""
    parser = argparse.ArgumentParser(prog="python -m bench.platforms", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(PLATFORMS)}; all by default")
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--out", type=Path, default=Path("build/PLATFORMS.md"))
    parser.add_argument("--folder", type=Path, default=Path("build/bench/platforms"))
    options = parser.parse_args(arguments)
    configure("error", "json")
    found = {}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    for name in options.names or PLATFORMS:
        found[name] = measure(PLATFORMS[name], options.people, options.folder.resolve() / name)
        options.out.write_text(page(options.people, found), encoding="utf-8")
    print(page(options.people, found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
