"""The pairs of faults that matter most, each run as one cell: the first in an operation, the second before it is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from tests.matrix.cells import Cell, Operation, Order
from tests.matrix.checks import done
from tests.matrix.faults.schema import told_of
from tests.matrix.operations import stands
from tests.matrix.orders import CRM_READS, GRAPH, PROFILES, answers, drift, setting, step, when, wire
from tests.matrix.stage import Stage
from tests.simulation.mapping import read_mapping
from tests.simulation.run import Run
from tests.simulation.steps import At, Duplicate, EditAccount, EditContact, Merge, Pass, Step, Work
from tests.simulation.troubles import KeepState, Kill, PutMapping, RestoreState, Rival
from tests.simulation.world import Spec

Pair = tuple[int, int]

_LOST: Mapping[int, Callable[[str], Order]] = {
    5: lambda pattern: wire("crm", "lose_response", pattern, count=1),
    6: lambda pattern: answers(pattern, "", count=1, when="later", delay=70.0),
    14: lambda pattern: answers(pattern, "UNKNOWN_EXCEPTION", count=1, when="after"),
    16: lambda pattern: wire("crm", "lose_request", pattern, count=1),
}
"""Ways not to know what became of a write."""
_UNREAD = frozenset({"read (I20): before a sweep"})


def _then(second: int, first: Order) -> Cell:
    """What comes while nobody knows."""
    match second:
        case 105:
            return Cell(orders=(first, when("crm<", "/composite", Kill())), during=(done,), beats=6)
        case 111:
            back = step(Pass(61), RestoreState(), Pass(1))
            return Cell(orders=(first, back), before=(step(KeepState()),), during=(done,), beats=6)
        case 119:
            return Cell(orders=(first, step(Pass(61), Rival(1, 5.0))), during=(done,), beats=6)
        case _:
            return Cell(orders=(first, step(Pass(60), Work(0, "complete"), Pass(1))), during=(done,), beats=6)


def _late(seconds: float, *orders: Order) -> Cell:
    deeds = (EditContact(0, "major", 1, late=seconds), EditAccount(0, "employer", 1))
    return Cell(orders=(step(Pass(1)), *orders), deeds=deeds, beats=4, tolerated=_UNREAD)


def _same_second(*orders: Order) -> Cell:
    deeds: list[Step] = [EditContact(person, "major", 1) for person in range(3)]
    deeds.append(EditAccount(0, "employer", 1))
    return Cell(
        orders=(step(Pass(1)), *orders), deeds=tuple(deeds), during=(done,), spec=Spec(people=3, page=2, latency=0.0), beats=5
    )


def _merged(*orders: Order) -> Cell:
    """Merged while the request is on its way."""
    return Cell(
        orders=(when("crm>", "/composite/graph", Duplicate(0), Merge(0, into_double=True)), *orders), during=(done,), beats=6
    )


def _hidden(field: str) -> Cell:
    """One field of the mapping cannot be read any more: it is named, nothing becomes empty, and all is well when it is back."""
    known = read_mapping("shipped").fields()[field]
    sobject = "Career_Profile__c" if known.on_profile else "Contact"
    # The parts of an address are shown or hidden as one.
    path = f"{sobject}.MailingAddress" if known.crm.startswith("Mailing") else f"{sobject}.{known.crm}"
    hide = drift(lambda door: door.grant_field(path, "", holder="Alumni_Bridge_Daemon"), sobject)
    return Cell(orders=(hide,), deeds=(EditContact(0, "degree", 1),), during=(told_of(known.crm),), ends=())


def _not_sent(stage: Stage) -> Iterator[str]:
    yield from stands(stage.run, "career", "title", 0)


def _outage_over(run: Run) -> None:
    run.host.career_wire.orders.clear()


_TIGHTENED_IN_AN_OUTAGE = Cell(
    orders=(wire("careers", "refuse"), step(Pass(3 * 3600.0), PutMapping("tight"), Pass(3 * 3600.0)), _outage_over),
    during=(_not_sent,),
    ends=(_not_sent,),
    spec=Spec(cycle=600),
)

_HIDEABLE = [name for name, known in read_mapping("shipped").fields().items() if known.crm not in {"FirstName", "LastName"}]
"""Names cannot be hidden on the platform: they are parts of Name, which is required."""
_KILLED_LATER = step(At(12, Kill()))
PAIRS: Mapping[Pair, tuple[tuple[Operation, Cell], ...]] = {
    **{
        (first, second): tuple(
            (operation, _then(second, make(pattern)))
            for operation, pattern in ((Operation.TASK, GRAPH), (Operation.UPDATE, PROFILES))
            if operation is Operation.TASK or second != 127
        )
        for first, make in _LOST.items()
        for second in (105, 111, 119, 127)
    },
    (42, 45): (
        (Operation.READ, _late(20.0, answers(CRM_READS, "INVALID_QUERY_LOCATOR", count=2))),
        (Operation.READ, _late(100.0, answers(CRM_READS, "INVALID_QUERY_LOCATOR", count=2))),
    ),
    (42, 105): ((Operation.READ, _late(20.0, _KILLED_LATER)), (Operation.READ, _late(100.0, _KILLED_LATER))),
    (43, 45): ((Operation.READ, _same_second(answers(CRM_READS, "INVALID_QUERY_LOCATOR", count=2))),),
    (43, 105): ((Operation.READ, _same_second(_KILLED_LATER)),),
    (55, 5): ((Operation.TASK, _merged(wire("crm", "lose_response", GRAPH, count=1))),),
    (55, 105): ((Operation.TASK, _merged(when("crm<", "/composite/graph", Kill()))),),
    **{(66, number): ((Operation.READ, _hidden(field)),) for number, field in enumerate(_HIDEABLE, 1001)},
    (88, 5): (
        (
            Operation.TASK,
            Cell(
                orders=(
                    wire("crm", "lose_response", GRAPH, count=1),
                    step(Pass(61)),
                    setting("read_only", value=True),
                    step(Pass(600)),
                )
            ),
        ),
    ),
    (123, 89): ((Operation.UPDATE, _TIGHTENED_IN_AN_OUTAGE),),
}
"""By the numbers of both faults. F66 goes with every field of the mapping: its partners are counted from 1001 on."""
