"""F84 to F91: limits, maintenance, outages and other orgs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.matrix.cells import Cell, Operation, Order, Place, Row
from tests.matrix.checks import calm, done, paced, waits, writes_nothing
from tests.matrix.faults.where import WHERE, one
from tests.matrix.operations import DEEDS, stands
from tests.matrix.orders import MANY, answers, crm, setting, step
from tests.matrix.stage import Stage
from tests.simulation.run import Run
from tests.simulation.troubles import Burn
from tests.simulation.world import Spec

_LOGINS_ARE_FREE = "logins do not count for the limit of calls"
_API = "/services/data"
_HOURLY = Spec(cycle=3600)


def _crm_patterns(operation: Operation) -> str:
    return next(pattern for side, pattern in WHERE[operation] if side == "crm")


def _each(title: str, make: object, *, auth: Place) -> Row:
    places: dict[Operation, Place] = {}
    for operation in Operation:
        places[operation] = auth if operation is Operation.AUTH else make(operation, _crm_patterns(operation))  # type: ignore[operator]  # as made below
    return Row(title=title, places=places)


def _sparing(stage: Stage) -> Iterator[str]:
    """Nothing but a look each quarter of an hour goes to Salesforce, so that the reserve stays with others (I35)."""
    yield from paced("crm", _API, seconds=890, most=2)(stage)


def _unheaded(value: str | None) -> Order:
    return crm(lambda door: door.order_fault(_API, headers={"Sforce-Limit-Info": value}, count=MANY))


def _outage(run: Run) -> None:
    """Salesforce answers nobody for six hours."""
    run.world.crm.order_fault(".", answer="SERVER_UNAVAILABLE_HTML", count=MANY * 9, lasting=6 * 3600.0)
    run.happened("outage")


def _failed_over(operation: Operation) -> Order:
    """Salesforce answers from a copy that lacks the last seconds: what was acknowledged is gone, without a trace of deletion."""

    def order(run: Run) -> None:
        for _ in range(90):
            run.pass_time(1)
            if not DEEDS[operation].done(run):
                break
        run.happened(f"{run.world.crm.lose_commits(3)} commits lost")

    return order


def other_org(run: Run) -> None:
    """The bridge is started again, and what it is led to is another org."""
    run.world.crm.change_organization()
    run.stop()
    run.start(run.host)
    run.happened("another org")


def refuses_to_run(stage: Stage) -> Iterator[str]:
    """The daemon does not run, and nothing was written."""
    if stage.run.process is not None:
        yield "the daemon runs"
    yield from writes_nothing("crm")(stage)
    yield from writes_nothing("careers")(stage)


_KEPT = setting("keep_history", 120.0)


def _profile_again(stage: Stage) -> Iterator[str]:
    """Careers' own value stands on the career profile again."""
    yield from stands(stage.run, "profile", "mentor_capacity", 2)


LIMITS: Mapping[int, Row] = {
    84: _each(
        "Daily REQUEST_LIMIT_EXCEEDED",
        lambda _operation, _pattern: one(
            answers(_API, "REQUEST_LIMIT_EXCEEDED"), during=(waits, paced("crm", _API, seconds=890, most=2)), beats=40
        ),
        auth=_LOGINS_ARE_FREE,
    ),
    85: _each(
        "Too many long requests at once",
        lambda _operation, pattern: (
            one(answers(pattern, "CONCURRENT_LIMIT", count=1), during=(calm,), beats=20)
            + one(answers(pattern, "LONG_TXN_LIMIT"), during=(waits, paced("crm", pattern, seconds=890, most=2)), beats=20)
        ),
        auth=_LOGINS_ARE_FREE,
    ),
    86: _each(
        "Another integration uses the calls up between two of ours",
        lambda _operation, _pattern: one(setting("daily_limit", 10_000), step(Burn(0.98)), during=(waits, _sparing), beats=40),
        auth=_LOGINS_ARE_FREE,
    ),
    87: _each(
        "Sforce-Limit-Info missing or malformed",
        lambda _operation, _pattern: tuple(
            Cell(orders=(_unheaded(value),), during=(done, calm)) for value in (None, "api-usage=many/5", "api-usage=-1/0")
        ),
        auth="a login's answer has no such header",
    ),
    88: _each(
        "Read-only mode",
        lambda operation, _pattern: one(
            setting("read_only", value=True),
            during=(done, calm) if operation in {Operation.READ, Operation.RECONCILE} else (waits,),
            beats=8,
        ),
        auth=one(setting("read_only", value=True), during=(done, calm), beats=8),
    ),
    89: Row(
        title="Six hours of outage",
        places={
            operation: one(
                _outage, during=(done, calm) if operation is not Operation.RECONCILE else (calm,), spec=Spec(cycle=600), beats=48
            )
            for operation in Operation
        },
    ),
    90: Row(
        title="Fail-over that loses the last commits",
        places={
            Operation.TASK: one(
                _failed_over(Operation.TASK),
                before=(_KEPT,),
                ends=(),
                tolerated=frozenset({"lost (I9)"}),
                gap="a request that Salesforce itself has lost is not made again",
            ),
            Operation.UPDATE: one(
                _failed_over(Operation.UPDATE),
                before=(_KEPT,),
                ends=(_profile_again,),
                # The officer's edit is lost with it, and nobody but a sweep can know.
                tolerated=frozenset({"not alone (I3)", "read (I20): before a sweep"}),
            ),
            Operation.READ: "what careers or officers entered is lost with it: no reader can know of it",
            Operation.AUTH: "a session that is lost is F76",
            Operation.RECONCILE: one(
                _failed_over(Operation.UPDATE),
                deeds=DEEDS[Operation.UPDATE].steps,
                before=(_KEPT,),
                during=(_profile_again,),
                ends=(_profile_again,),
                tolerated=frozenset({"not alone (I3)"}),
            ),
        },
    ),
    91: Row(
        title="Refreshed test org: another organisation's id",
        places={
            operation: one(
                other_org,
                during=(refuses_to_run,),
                ends=(refuses_to_run,),
                tolerated=frozenset({"liveness: the daemon does not start"}),
            )
            for operation in Operation
        },
    ),
}
