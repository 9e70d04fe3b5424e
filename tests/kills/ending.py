"""How it ends: the bridge works off what waits, an administrator looks after what is held, and the simulation's oracles judge."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

from tests.kills.place import Place
from tests.simulation.judgement import ask_all, sorted_writes
from tests.simulation.oracle.evidence import Breach, Evidence, state_rows
from tests.simulation.world import new_world

_CYCLES = 60
"""Within so many cycles everything has to come to rest; some wait for a pause of the bridge to end."""


def settle(place: Place) -> Iterator[Breach]:
    """Cycles without any trouble, until three in a row write nothing."""
    quiet = 0
    for _ in range(_CYCLES):
        quiet = quiet + 1 if _rests(place) else 0
        if quiet == 3:
            return
        time.sleep(1)
    yield Breach("liveness", f"no rest within {_CYCLES} cycles")


def _rests(place: Place) -> bool:
    before = len(place.calls)
    code = place.command("sync", "--once")
    wrote = any(call.writes and b"Bridge_Status__c" not in call.request.body for call in place.calls[before:])
    state = place.state.file()
    waits = any(row["state"] in {"planned", "ready", "sent", "unknown"} for row in state_rows(state, "intent"))
    halts = state_rows(state, "halt")
    for row in halts:
        if "a defect of" in row["reason"]:
            # No administrator's matter: it stays, and the oracles see it.
            continue
        digest = re.search(r"--plan ([0-9a-f]{12})", row["remedy"])
        if digest is None or place.command("resume", "--plan", digest[1]):
            place.command("resume", row["subject"])
    return code == 0 and not (wrote or waits or halts)


def judge(place: Place) -> Iterator[Breach]:
    """Everything that must hold."""
    world = place.world
    writes, forbidden = sorted_writes(world)
    yield from forbidden
    place.ask(lambda there: there.look())
    every = [write for some in writes.values() for write in some]
    found = Evidence(
        world=world,
        state=place.state.file(),
        mapping=world.spec.mapping,
        mappings=frozenset({world.spec.mapping}),
        writes=every,
        known=every,
        known_calls=world.calls,
        knows_beginning=True,
        log=place.log(),
        happened=frozenset(),
        moved=tuple(place.moved),
        looked_after=0,
    )
    yield from ask_all(found, new_world(world.spec))
