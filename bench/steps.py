"""The measured process: one bridge, fresh, that carries out one order after the other and tells what each one cost.

    python -m bench.steps --stage build/bench/2000/stage.json

An order is a line of input, ``NAME [ARGUMENT]``; the answer a line of JSON. See ``ORDERS``.
"""

from __future__ import annotations

import argparse
import cProfile
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import orjson

from bench.meter import Metered, MovedClock, measured
from connector.bootstrap import Bridge, Surroundings, open_bridge
from connector.config import load_settings
from connector.engine import collect, cycle, planner, stage, watch
from connector.engine.context import Context
from connector.engine.identity import identify
from connector.log import configure
from connector.ports import CareerSide, CrmSide, Feed
from connector.store import intents, links, observations

Answer = dict[str, Any]


class Steps:
    """One process' work. Every order gives wall and CPU seconds, peak memory and the calls to both systems."""

    def __init__(self, bridge: Bridge, clock: MovedClock) -> None:
        self.clock, self.mapping = clock, bridge.mapping
        self.crm = Metered(bridge.crm)
        self.careers = {name: Metered(side) for name, side in bridge.context.careers.items()}
        self.lease = bridge.lease
        careers = {name: cast("CareerSide", side) for name, side in self.careers.items()}
        self.ctx: Context = replace(bridge.context, crm=cast("CrmSide", self.crm), careers=careers)

    def obey(self, order: str, argument: str) -> Answer:
        """Carry out one order."""
        work: Callable[[], Answer] = (
            getattr(self, f"do_{order}") if not argument else lambda: getattr(self, f"do_{order}")(argument)
        )
        found, cost = measured(work)
        career: dict[str, int] = {}
        for side in self.careers.values():
            career |= side.taken()
        answer: Answer = cost | {"crm_calls": self.crm.taken(), "career_calls": career} | found
        return answer

    def do_prepare(self) -> Answer:
        """What a process does before its first cycle."""
        cycle.prepare(self.ctx, self.mapping)
        return {}

    def do_pass(self, seconds: str) -> Answer:
        """Let time pass; the emulated systems' clock is moved by the parent."""
        self.clock.move(float(seconds))
        return {}

    def do_collect_crm(self) -> Answer:
        """Read the whole CRM."""
        found = collect.collect_crm(self.ctx)
        return {"records": found.read, "changed": found.changed}

    def do_collect_career(self) -> Answer:
        """Read the career systems."""
        read = [collect.collect_career(self.ctx, system).read for system in self.ctx.careers]
        return {"records": sum(read)}

    def do_identify(self) -> Answer:
        """Link people."""
        found = identify(self.ctx)
        return {"linked": found.linked, "review": found.review, "new": found.new}

    def do_plan(self) -> Answer:
        """The plan of an installation that is not live: what agrees is learnt, nothing is written."""
        found = planner.plan(self.ctx)
        return {"people": found.people, "rows": found.rows}

    def do_go_live(self) -> Answer:
        """Go live, and the first cycle after it, whose plan is approved whatever its size."""
        stage.go_live(self.ctx)
        return self._cycle(approve=True)

    def do_cycle(self) -> Answer:
        """One cycle as the daemon's job does it."""
        return self._cycle(approve=False)

    def do_approved_cycle(self) -> Answer:
        """One cycle whose plan a person approves if a brake holds it."""
        return self._cycle(approve=True)

    def _cycle(self, *, approve: bool) -> Answer:
        with self.ctx.store.begin() as db:
            before = intents.count(db)
        found = watch.guarded_cycle(self.ctx, lease=self.lease, approve=approve)
        with self.ctx.store.begin() as db:
            after = intents.count(db)
        applied = {kind: states.get("applied", 0) - before.get(kind, {}).get("applied", 0) for kind, states in after.items()}
        return {
            "read": found.read,
            "changed": found.changed,
            "written": {kind: count for kind, count in applied.items() if count},
            "plans": [planned.state for planned in found.plans],
            "down": found.down,
            "halted": found.halted,
        }

    def do_fetch_contacts(self) -> Answer:
        """Fetch and parse every contact, and keep nothing."""
        cursor, read, more = "", 0, True
        while more:
            page = self.ctx.crm.read({Feed.CONTACT: cursor})[Feed.CONTACT]
            cursor, more, read = page.cursor, page.more, read + len(page.records)
        return {"records": read}

    def do_collect_contacts(self) -> Answer:
        """The collect stage for contacts alone, into the state database."""
        found = collect.collect_crm(self.ctx, [Feed.CONTACT])
        return {"records": found.read, "changed": found.changed}

    def do_state(self) -> Answer:
        """How large the state has become."""
        with self.ctx.store.begin() as db:
            database = Path(str(self.ctx.store.engine.url.database))
            size = sum(file.stat().st_size for file in database.parent.glob(f"{database.name}*"))
            return {
                "links": links.count_states(db),
                "contacts": observations.count(db, "crm", Feed.CONTACT),
                "megabytes": size / 2**20,
            }


PROFILED = ("collect_crm", "collect_career", "identify", "plan")
"""The orders that make up a first load."""


def main() -> int:
    """Obey until the input ends."""
    parser = argparse.ArgumentParser(prog="python -m bench.steps", description=__doc__)
    parser.add_argument("--stage", type=Path, required=True)
    parser.add_argument("--profile", type=Path, help="write a cProfile of everything but `prepare` to this file")
    options = parser.parse_args()
    told = orjson.loads(options.stage.read_bytes())
    settings = load_settings(Path(told["config"]))
    for leftover in settings.state.sqlite.parent.glob(f"{settings.state.sqlite.name}*"):
        leftover.unlink()
    # Logs go to the standard error; the standard output is for answers alone.
    configure("warning", "console")
    clock = MovedClock()
    profiler = cProfile.Profile() if options.profile else None
    with open_bridge(settings, around=Surroundings(clock=clock)) as bridge:
        steps = Steps(bridge, clock)
        for line in sys.stdin:
            order, _, argument = line.strip().partition(" ")
            if profiler and order != "prepare":
                answer = profiler.runcall(steps.obey, order, argument)
            else:
                answer = steps.obey(order, argument)
            print(orjson.dumps(answer, option=orjson.OPT_NON_STR_KEYS).decode(), flush=True)
    if profiler:
        profiler.dump_stats(options.profile)
    return 0


if __name__ == "__main__":
    sys.exit(main())
