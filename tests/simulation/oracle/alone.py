"""The same people in a world without the bridge (I3): what they own has the very same history there."""

from __future__ import annotations

from collections.abc import Iterator

from tests.simulation.oracle.evidence import Breach
from tests.simulation.world import World


def judge(world: World, alone: World) -> Iterator[Breach]:
    """Let people do all their deeds again, at the same moments, in a world that nothing else has touched."""
    for deed in world.deeds:
        alone.time.pass_(deed.at - alone.time.seconds)
        alone.do(deed.what, deed.act)
    alone.time.pass_(world.time.seconds - alone.time.seconds)
    alone.look()
    befores = [*(deed.what for deed in world.deeds), "the end"]
    for what, with_bridge, without in zip(befores, world.seen, alone.seen, strict=True):
        if with_bridge == without:
            continue
        ids = {*with_bridge, *without}
        for id in sorted(ids):
            here, there = with_bridge.get(id), without.get(id)
            if here != there:
                fields = {name for name in {**(here or {}), **(there or {})} if (here or {}).get(name) != (there or {}).get(name)}
                yield Breach("not alone (I3)", f"{id} differs in {sorted(fields)} before {what}")
        return
