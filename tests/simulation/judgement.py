"""Everything that must hold after a run, asked of every oracle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tests.simulation.mapping import read_mapping
from tests.simulation.oracle import alone, asked, books, pace, reading, rest, secrets, sharing, suggested, trampled, wire
from tests.simulation.oracle.evidence import Breach, Evidence
from tests.simulation.oracle.wire import NotAllowed, Write
from tests.simulation.world import Call, World

if TYPE_CHECKING:
    from tests.simulation.run import Run


def judge(run: Run) -> Iterator[Breach]:
    """Everything, once the world is at rest."""
    world = run.world
    writes, forbidden = sorted_writes(world.calls)
    yield from forbidden
    yield from _judge_pauses(run.pauses, world.calls)
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
    )
    yield from ask_all(found, run.twin())


def ask_all(found: Evidence, twin: World) -> Iterator[Breach]:
    """Every oracle but that of the wire, which judges request by request. ``twin`` is the world as it was at the beginning."""
    for oracle in (rest, trampled, asked, suggested, books, secrets, pace, sharing):
        yield from oracle.judge(found)
    yield from reading.judge(found.world, found.state, "at the end")
    yield from alone.judge(found.world, twin)


def sorted_writes(calls: Sequence[Call]) -> tuple[dict[int, list[Write]], list[Breach]]:
    """The single writes of each call, by the call's place in order; and what should never have left."""
    writes, forbidden = dict[int, list[Write]](), list[Breach]()
    for number, call in enumerate(calls):
        try:
            writes[number] = _allowed(call)
        except NotAllowed as error:
            forbidden.append(Breach("wire (I1, I2)", str(error)))
    return writes, forbidden


def _allowed(call: Call) -> list[Write]:
    found = wire.writes_of(call)
    for write in found:
        wire.judge(write, read_mapping(call.mapping))
    return found


def _judge_pauses(pauses: Sequence[tuple[int, int | None]], calls: Sequence[Call]) -> Iterator[Breach]:
    """After a halt nothing more is written than the batch that was under way (I47): its calls are of one kind."""
    for began, ended in pauses:
        later = [call for call in calls[began:ended] if call.writes and b"Bridge_Status__c" not in call.request.body]
        if len({(call.side, call.request.path) for call in later}) > 1 or len(later) > 2:
            yield Breach(
                "halted (I47)", f"{len(later)} writes after everything was halted, such as {later[-1].request.body[:200]!r}"
            )
