"""F105 to F124: the bridge's own process, state, host and clock."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from sqlalchemy import event

from tests.matrix.cells import Cell, Elsewhere, Operation, Order, Place, Row
from tests.matrix.checks import calm, done, writes_nothing
from tests.matrix.operations import stands
from tests.matrix.orders import UPDATES, step, when, wire
from tests.matrix.stage import Stage
from tests.simulation.run import Run
from tests.simulation.steps import At, Pass, Step
from tests.simulation.troubles import CutPower, Jump, KeepState, Kill, PutMapping, RestoreState, Rival, Suspend
from tests.simulation.world import Spec

_DAY = 86_400.0
_NO_MAPPING = "the mapping of values has no part in it"


def everywhere(title: str, *cells: Cell, without: Mapping[Operation, Place] | None = None) -> Row:
    """The same in the midst of every operation."""
    return Row(title=title, places={operation: (without or {}).get(operation, cells) for operation in Operation})


def _elsewhere(title: str, *tests: str) -> Row:
    return everywhere(title, *(Elsewhere(test=test) for test in tests))  # type: ignore[arg-type]  # both fill a place


def _disk(code: int) -> Order:
    """Every write of the state fails with this code of SQLite's."""

    def order(run: Run) -> None:
        process = run.process
        assert process is not None
        engine = process.bridge.context.store.engine

        def fail(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            if not statement.lstrip().upper().startswith(("SELECT", "PRAGMA", "BEGIN", "WITH")):
                run.happened("disk")
                error = sqlite3.OperationalError("as SQLite says it")
                error.sqlite_errorcode = code
                raise error

        event.listen(engine, "before_cursor_execute", fail)
        run.undo(lambda: event.remove(engine, "before_cursor_execute", fail))

    return order


def _long_reader(run: Run) -> None:
    """Somebody reads the state for long, and holds their view of it."""
    reader = sqlite3.connect(f"file:{run.host.state}?mode=ro", uri=True, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM intent").fetchone()
    run.undo(reader.close)
    run.happened("a long reader")


def _nothing_done(stage: Stage) -> Iterator[str]:
    """What cannot be written down is not done: nothing left."""
    if not stage.done(stage.run):
        yield "it is done although nothing can be written down"
    yield from writes_nothing("crm")(stage)
    yield from writes_nothing("careers")(stage)


def _kills(*steps: Step) -> tuple[Cell, ...]:
    return tuple(Cell(orders=(step(At(after, each)),), during=(done, calm), beats=5) for after in (1, 4, 9, 16) for each in steps)


def _skews() -> tuple[Cell, ...]:
    jumps = tuple(Cell(orders=(step(Jump(seconds)),), during=(), beats=5) for seconds in (-3600.0, 3600.0, 365 * _DAY))
    return jumps + tuple(Cell(orders=(step(Pass(1)),), during=(done, calm), spec=Spec(crm_skew=skew)) for skew in (-600.0, 600.0))


def _not_sent(stage: Stage) -> Iterator[str]:
    """What may not go any more does not go, though it was planned before."""
    yield from stands(stage.run, "career", "title", 0)


def _careers_answer_again(run: Run) -> None:
    run.host.career_wire.orders.clear()


def _first_difference(stage: Stage) -> Iterator[str]:
    """Without memory nobody knows who has moved: nothing is written until the administrator has chosen."""
    if not stage.rows("first_difference"):
        yield "there is no first difference"
    yield from stands(stage.run, "career", "title", 0)


def _swept(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """A sweep that was begun by hand and died is not taken up again: it comes when it is due (here: at the end)."""
    return tuple(replace(cell, during=(calm,)) for cell in cells)


_FORGOTTEN = Cell(orders=(step(Pass(61), RestoreState(), Pass(1)),))
_KILLED = Cell(orders=(when("crm>", "", Kill()),), during=(done, calm), beats=5)
_REMAPPED = Cell(orders=(when("crm>", "", PutMapping("restoring")),), during=(done,), beats=5)
"""What careers edit is put back by this mapping, so that no reading of it stays."""
_TIGHTENED = (
    Cell(
        orders=(wire("careers", "refuse", UPDATES), step(Pass(61), PutMapping("tight")), _careers_answer_again),
        during=(_not_sent,),
        ends=(_not_sent,),
        beats=4,
    ),
)

LOCAL: Mapping[int, Row] = {
    105: everywhere("Killed at every effect", *_kills(Kill()), without={Operation.RECONCILE: _swept(_kills(Kill()))}),
    106: _elsewhere(
        "SIGTERM in the midst of a batch",
        "system/test_processes.py::test_sigterm_in_the_middle_ends_it_in_good_order",
        "system/test_processes.py::test_sigterm_ends_it_even_while_a_side_hangs",
    ),
    107: everywhere("SQLITE_FULL", Cell(orders=(_disk(sqlite3.SQLITE_FULL),), during=(_nothing_done, calm))),
    108: everywhere(
        "SQLITE_BUSY; a long reader",
        Cell(orders=(_disk(sqlite3.SQLITE_BUSY),), during=(_nothing_done, calm)),
        Cell(orders=(_long_reader,), during=(done, calm)),
    ),
    109: everywhere("I/O error", Cell(orders=(_disk(sqlite3.SQLITE_IOERR),), during=(_nothing_done, calm))),
    110: everywhere(
        "A corrupted page, a lost log",
        Elsewhere(test="store/test_file.py::test_a_damaged_page_is_noticed"),  # type: ignore[arg-type]  # both fill a place
        *_kills(CutPower()),
        without={Operation.RECONCILE: _swept(_kills(CutPower()))},
    ),
    111: everywhere(
        "State restored from an old backup",
        Cell(orders=(step(Pass(61), RestoreState(), Pass(1)),), before=(step(KeepState()),), during=(done,), beats=4),
        Cell(orders=(step(RestoreState(), Pass(1)),), before=(step(KeepState()),), during=(done,), beats=4),
    ),
    112: everywhere(
        "State deleted", _FORGOTTEN, without={Operation.RECONCILE: (replace(_FORGOTTEN, ends=(_first_difference,)),)}
    ),
    113: everywhere("Read-only file system", Cell(orders=(_disk(sqlite3.SQLITE_READONLY),), during=(_nothing_done, calm))),
    115: everywhere("Killed for want of memory", _KILLED, without={Operation.RECONCILE: _swept((_KILLED,))}),
    117: _elsewhere("Log cannot be written", "input/test_environment.py::test_a_closed_output_is_no_error"),
    118: everywhere("Eight hours of sleep", Cell(orders=(when("crm>", "", Suspend(8 * 3600.0)),), during=(done, calm), beats=5)),
    119: everywhere("Two instances", Cell(orders=(step(Rival(1, 5.0)),), during=(done,), beats=5)),
    120: everywhere("A stale holder of the lease wakes", Cell(orders=(step(Rival(2, 1300.0)),), during=(done,), beats=25)),
    121: _elsewhere(
        "Death in a migration; an older release",
        "store/test_schema.py::test_a_migration_that_breaks_leaves_nothing",
        "store/test_schema.py::test_a_newer_schema_is_refused",
    ),
    122: everywhere(
        "Mapping edited in the midst of a cycle",
        _REMAPPED,
        without={Operation.READ: (replace(_REMAPPED, during=(calm,), ends=()),)},
    ),
    123: everywhere(
        "Sharing tightened while writes wait",
        without={
            Operation.TASK: _NO_MAPPING,
            Operation.READ: _NO_MAPPING,
            Operation.AUTH: _NO_MAPPING,
            Operation.UPDATE: _TIGHTENED,
            Operation.RECONCILE: (Cell(orders=(step(PutMapping("tight")),), during=(_not_sent,), ends=(_not_sent,)),),
        },
    ),
    124: everywhere("Clocks set back and forth, an hour, a year, ten minutes apart", *_skews()),
}
