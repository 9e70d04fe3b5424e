"""Steps of the administrator: commands, each a process of its own that may die, too, and is then given again.

What a command does here is what ``connector.cli`` does under its name; only what it prints is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.bootstrap import Bridge
from connector.engine import cycle, erasing, first_differences, halting, owed, permission, planner, plans, stage, watch
from connector.engine.context import Context
from tests.systems import SYSTEM

if TYPE_CHECKING:
    from tests.simulation.run import Run


def _prepared(bridge: Bridge) -> Context:
    cycle.prepare(bridge.context, bridge.mapping)
    return bridge.context


@dataclass(frozen=True)
class GoLive:
    """``go-live --yes``."""

    def perform(self, run: Run) -> None:
        """See ``Step``."""

        def act(bridge: Bridge) -> None:
            ctx = _prepared(bridge)
            cycle.read_only(ctx)
            planner.plan(ctx, dry=True, as_if_live=True)
            watch.go_live(ctx, lease=bridge.lease)

        run.command(act)


@dataclass(frozen=True)
class SweepNow:
    """``sweep``."""

    def perform(self, run: Run) -> None:
        """See ``Step``."""

        def act(bridge: Bridge) -> None:
            ctx = _prepared(bridge)
            owed.owe_all(ctx, anew=True)
            watch.guarded_cycle(ctx, lease=bridge.lease)
            watch.guarded_cycle(ctx, lease=bridge.lease)

        run.command(act)


@dataclass(frozen=True)
class Pilot:
    """``pilot --account A``, for people by their numbers; for nobody: ``pilot --off``."""

    people: tuple[int, ...] = ()

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        accounts = [run.world.accounts[person] for person in self.people]
        run.command(lambda bridge: stage.set_pilot(bridge.context, accounts=accounts, class_years=()))


@dataclass(frozen=True)
class Adopt:
    """``adopt UNIT``: ``crm_wins``, ``suggest`` or ``keep``."""

    unit: str
    choice: str

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        run.command(lambda bridge: first_differences.adopt(bridge.context, self.unit, self.choice))


@dataclass(frozen=True)
class Apply:
    """``apply --yes``."""

    def perform(self, run: Run) -> None:
        """See ``Step``."""

        def act(bridge: Bridge) -> None:
            with bridge.context.store.begin() as db:
                permission.confirm(bridge.context, db)

        run.command(act)


@dataclass(frozen=True)
class Approve:
    """``resume --plan``, of the plan that a halt names."""

    subject: str = halting.PLAN

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        run.command(self._act)

    def _act(self, bridge: Bridge) -> None:
        with bridge.context.store.begin() as db:
            row = halting.halts(db).get(self.subject)
        if row is not None:
            plans.approve(bridge.context, row["remedy"].partition("--plan ")[2][:12])


@dataclass(frozen=True)
class EndHalt:
    """``resume SUBJECT``; a held plan is dropped."""

    subject: str

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        run.command(lambda bridge: plans.resume(bridge.context, self.subject))


@dataclass(frozen=True)
class Retry:
    """``retry``."""

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        run.command(lambda bridge: plans.retry(bridge.context))


@dataclass(frozen=True)
class Erase:
    """``erase``, of a person."""

    person: int

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        world, account = run.world, run.world.accounts[self.person]
        world.forgotten |= {account, *world.about(self.person)}
        run.command(lambda bridge: erasing.erase_person(bridge.context, SYSTEM, account))
