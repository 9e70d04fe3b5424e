"""Everything that must hold after a run, asked of every oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from emulator.career import CareerSystem
from tests.simulation.mapping import read_mapping
from tests.simulation.oracle import (
    alone,
    asked,
    books,
    braked,
    handshake,
    hivebrite,
    pace,
    reading,
    rest,
    routed,
    secrets,
    sharing,
    suggested,
    symplicity,
    tables,
    trampled,
    twelvetwenty,
    wire,
)
from tests.simulation.oracle.evidence import Breach, Evidence
from tests.simulation.oracle.forbidden import NotAllowed
from tests.simulation.oracle.wire import Write
from tests.simulation.world import World

if TYPE_CHECKING:
    from tests.simulation.run import Run


def judge(run: Run) -> Iterator[Breach]:
    """Everything, once the world is at rest."""
    world = run.world
    writes, forbidden = sorted_writes(world)
    yield from forbidden
    one_by_one = not world.platform.guarded
    yield from run.pauses.judge(world.calls, 1 if one_by_one else dict(world.spec.tenant).get("batch_limit", 200))
    world.look()
    numbers = run.lineage.numbers(world.calls)
    found = Evidence(
        world=world,
        state=run.host.state,
        mapping=run.host.mapping,
        mappings=frozenset({call.mapping for call in world.calls} | {run.host.mapping}),
        writes=[write for some in writes.values() for write in some],
        known=[write for number in numbers for write in writes.get(number, ())],
        known_calls=[world.calls[number] for number in numbers],
        knows_beginning=run.lineage.knows_beginning,
        log=run.log(),
        happened=frozenset(run.troubles),
        moved=tuple(run.moved),
        looked_after=run.looked_after,
    )
    yield from ask_all(found, run.twin())


def ask_all(found: Evidence, twin: World) -> Iterator[Breach]:
    """Every oracle but that of the wire, which judges request by request. ``twin`` is the world as it was at the beginning."""
    for oracle in (rest, trampled, asked, routed, suggested, books, braked, secrets, pace, sharing, tables, handshake):
        yield from oracle.judge(found)
    yield from reading.judge(found.world, found.state, "at the end")
    yield from alone.judge(found.world, twin)


def sorted_writes(world: World) -> tuple[dict[int, list[Write]], list[Breach]]:
    """The single writes of each call, by the call's place in order; and what should never have left."""
    writes, forbidden = dict[int, list[Write]](), list[Breach]()
    read = _OWN_PAGES.get(world.spec.platform)
    pages = read(world.careers.system).writes if read is not None else None
    for number, call in enumerate(world.calls):
        try:
            found = wire.writes_of(call, pages)
            for write in found:
                wire.judge(write, read_mapping(call.mapping))
            writes[number] = found
        except NotAllowed as error:
            forbidden.append(Breach("wire (I1, I2)", str(error)))
    return writes, forbidden


_OWN_PAGES: Mapping[str, Callable[[CareerSystem], twelvetwenty.Read | hivebrite.Read | symplicity.Read | tables.Read]] = {
    "12twenty": twelvetwenty.Read,
    "csv_drop": tables.Read,
    "handshake": handshake.Read,
    "hivebrite": hivebrite.Read,
    "symplicity_csm": symplicity.Read,
}
"""What reads the calls to a platform's own pages, where careers' platform is not the contract itself."""
