"""Troubles: steps in which something fails, on the wire, in either system, on the bridge's host, or in its surroundings.

What lasts (a setting, a hidden field, a revoked key) is undone when the scenario is over and the world has to come to rest.
"""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from connector.engine import halting, plans
from emulator.career.faults import Fault as CareerFault
from emulator.career.faults import Order as CareerOrder
from emulator.inprocess import WireFault, WireOrder
from jobs import cycle
from tests.simulation.administrator import Apply
from tests.simulation.lineage import Lineage
from tests.simulation.process import Host, Process
from tests.simulation.variants import PLATFORMS, USUAL
from tests.simulation.world import IN_BIN

if TYPE_CHECKING:
    from tests.simulation.run import Run

READS, WRITES = "GET|/composite$", "POST|PATCH"
"""Patterns of requests. A composite call of ours only reads, though it is a POST."""


@dataclass(frozen=True)
class Break:
    """The wire to a system (``crm`` or ``careers``) fails for the next requests that match: a name of ``WireFault``."""

    side: str
    how: str
    count: int = 1
    pattern: str = "."

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        wire = run.host.crm_wire if self.side == "crm" else run.host.career_wire
        order = WireOrder(fault=WireFault(self.how), pattern=re.compile(self.pattern), count=self.count)
        wire.orders.append(order)
        run.ordered(f"wire {self.how}", lambda: self.count - order.count)


@dataclass(frozen=True)
class CrmAnswers:
    """Salesforce answers the next requests that match otherwise: by a name of ``emulator.salesforce.named``.

    ``when``: before (it does not act), after (it does), later (it acts ``delay`` seconds afterwards), twice, late_commit.
    """

    answer: str
    pattern: str = "."
    when: str = "before"
    count: int = 1
    delay: float = 0.0

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        order = run.world.crm.order_fault(
            self.pattern, answer=self.answer or None, when=self.when, count=self.count, delay=self.delay
        )
        run.ordered(f"crm {self.answer or self.when} {self.when}", lambda: order.struck)


@dataclass(frozen=True)
class CrmDistorts:
    """Salesforce's next answer that matches is not true: a way of ``emulator.salesforce.distortions``."""

    how: str
    pattern: str = "."
    count: int = 1

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        order = run.world.crm.order_fault(self.pattern, distort=self.how, count=self.count)
        run.ordered(f"crm answer {self.how}", lambda: order.struck)


@dataclass(frozen=True)
class CrmRefuses:
    """Salesforce refuses the next writes of records of an object, with a code."""

    code: str
    sobject: str = ""
    count: int = 1

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        order = run.world.crm.order_refusal(self.code, sobject=self.sobject, count=self.count)
        run.ordered(f"crm refuses {self.code}", lambda: order.struck)


@dataclass(frozen=True)
class CrmSetting:
    """The org behaves otherwise until the scenario is over."""

    name: str
    value: Any

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        settings = run.world.org.settings
        before = getattr(settings, self.name)
        setattr(settings, self.name, self.value)
        run.undo(lambda: setattr(settings, self.name, before))
        run.happened(f"crm {self.name}")


@dataclass(frozen=True)
class Burn:
    """Other integrations use up the org's calls of the day, up to a share of the limit."""

    share: float

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        org = run.world.org
        run.world.crm.burn_calls(max(0, int(org.settings.daily_limit * self.share) - org.usage.total()))
        run.undo(lambda: setattr(org.settings, "daily_limit", 10_000_000))
        run.happened("crm calls burnt")


@dataclass(frozen=True)
class Hide:
    """An administrator takes the right to read a field away from the bridge's user (or to edit it: ``how`` is "r")."""

    path: str
    how: str = ""

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        crm, holder = run.world.crm, "Alumni_Bridge_Daemon"
        grant = run.world.org.grants[crm._holder(holder)]
        before = dict(grant.fields)
        crm.grant_field(self.path, self.how, holder=holder)

        def restore() -> None:
            grant.fields.clear()
            grant.fields.update(before)
            run.world.org.touch_schema()

        run.undo(restore)
        run.happened("crm field hidden")


@dataclass(frozen=True)
class Expire:
    """All sessions at Salesforce end."""

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        run.world.crm.expire_sessions()
        run.happened("crm sessions expired")


@dataclass(frozen=True)
class CareersAnswer:
    """Careers' system misbehaves in its next answers that match: a name of ``emulator.career.faults.Fault``."""

    how: str
    pattern: str = "."
    count: int = 1
    value: str = ""

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        order = CareerOrder(fault=CareerFault(self.how), pattern=re.compile(self.pattern), count=self.count, value=self.value)
        run.world.careers.app.orders.append(order)
        run.ordered(f"careers {self.how}", lambda: self.count - order.count)


@dataclass(frozen=True)
class CareersSetting:
    """Careers' system behaves otherwise until the scenario is over."""

    name: str
    value: Any

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        switches = run.world.careers.system.switches
        before = getattr(switches, self.name)
        setattr(switches, self.name, self.value)
        run.undo(lambda: setattr(switches, self.name, before))
        run.happened(f"tenant {self.name}")


@dataclass(frozen=True)
class Revoke:
    """Careers' administrator withdraws the bridge's key."""

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        keys = run.world.careers.system.keys
        actor = keys.pop("k-bridge", None)
        if actor is not None:
            run.undo(lambda: keys.update({"k-bridge": actor}))
            run.happened("careers key revoked")


@dataclass(frozen=True)
class ForgetChanges:
    """Careers' feed of changes forgets everything so far: who has not read it by now has to read everything again.

    Platforms with lists of their own have no such feed.
    """

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        if run.world.spec.platform != USUAL:
            return
        system = run.world.careers.system
        system.feed.forget(system.clock.now() + timedelta(seconds=1))
        run.happened("careers' changes forgotten")


@dataclass(frozen=True)
class LeadElsewhere:
    """After a mistake in its configuration the bridge's key leads to another tenant, from its next start on, which is now.

    Only an installation that has met its own tenant can tell; platforms that name no tenant cannot be told apart at all.
    """

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        world, system = run.world, run.world.careers.system
        unknown = not world.spec.live or run.troubles.keys() & {"state lost", "state restored"}
        if world.elsewhere or unknown or not PLATFORMS[world.spec.platform].names_tenant:
            return
        mine = system.tenant

        def back() -> None:
            system.tenant = mine
            world.elsewhere.append(world.boundary.number)

        system.tenant = replace(mine, id="tenant-9999")
        world.elsewhere.append(world.boundary.number)
        run.undo(back)
        run.happened("another tenant")
        Kill().perform(run)


# --- the bridge's host ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kill:
    """The daemon's process dies at once; inside ``At``, at the effect that it comes to."""

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        process = run.process
        if process is None:
            return
        run.happened("killed")
        if process.working:
            process.dead = True
        else:
            run.end(process, "died")


@dataclass(frozen=True)
class CutPower(Kill):
    """The whole machine dies; at a commit, the transaction that was being written has no end on the disk."""

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        if run.process is not None:
            run.process.power_cut = True
        super().perform(run)


@dataclass(frozen=True)
class KeepState:
    """Somebody makes a backup of the state."""

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        copy = run.host.keep_state(f"backup-{run.world.boundary.number}.db")
        run.backup = (copy, run.lineage.until(len(run.world.calls)))


@dataclass(frozen=True)
class RestoreState:
    """The state is lost, and the last backup is put in its place; without a backup there is none."""

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        if run.world.elsewhere:
            # A state that knows no tenant yet would take the other one for its own.
            return
        if run.rival is not None or (run.process is not None and run.process.working):
            return
        run.stop()
        if run.backup is None:
            run.host.forget_state()
            run.lineage = Lineage(spans=[], hosts=[])
            run.world.audited_before = 0
            run.happened("state lost")
        else:
            copy, lineage = run.backup
            run.host.put_state(copy)
            run.lineage = deepcopy(lineage)
            run.happened("state restored")
        run.lineage.go_on(run.host.name, len(run.world.calls))
        run.pauses.go_on(run.host.name, len(run.world.calls), run.host.state)
        run.start(run.host)


@dataclass(frozen=True)
class Rival:
    """A second daemon starts on a copy of the state while ours is stuck for a while, and works some cycles; then it is stopped.

    ``stuck`` is longer than a lease lasts, or shorter. ``stays``: it is ours that is stopped, and the copy goes on.
    """

    cycles: int = 1
    stuck: float = 1300.0
    stays: bool = False

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        ours = run.process
        if ours is None or run.host.name != "bridge" or not run.may_have_rival:
            return
        run.may_have_rival = False
        copied = len(run.world.calls)
        copy, known = run.host.keep_state("rival.db"), run.lineage.until(copied)
        host = Host(world=run.world, name="rival", base=run.base, mapping=run.host.mapping)
        host.put_state(copy)
        run.pauses.go_on(host.name, copied, host.state)
        run.world.time.pass_(self.stuck)
        rival = Process(host, seed=run.scenario.seed)
        run.happened("two daemons")
        run.rival = rival
        if rival.start():
            for _ in range(self.cycles):
                rival.run(cycle)
                run.world.time.pass_(run.world.spec.cycle)
        run.rival = None
        if rival.dead:
            return
        if self.stays:
            run.lineage = known
            run.lineage.go_on(host.name, copied)
            run.replace(ours, rival)
        else:
            rival.end("stopped")


@dataclass(frozen=True)
class Jump:
    """The clock of the bridge's host is set forward or back."""

    seconds: float

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        run.skew(self.seconds)
        run.happened("host's clock set")


@dataclass(frozen=True)
class Suspend:
    """The bridge's host sleeps for a while, in the midst of what it does."""

    seconds: float

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        run.world.look_into_bin()
        run.world.time.pass_(self.seconds)
        run.happened("suspended")
        if self.seconds > IN_BIN:
            run.happened("slept for weeks")


@dataclass(frozen=True)
class PutMapping:
    """The administrator puts another variant of the mapping in place; ``confirmed``: and says at once that it may permit more.

    Nobody says so in the midst of a cycle: the command waits until the daemon has stopped.
    """

    variant: str
    confirmed: bool = False

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        run.host.use_mapping(self.variant)
        run.happened("mapping changed")
        if self.confirmed and (run.process is None or not run.process.working):
            Apply().perform(run)


# --- the administrator ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stop:
    """The administrator halts everything (``alumni-bridge halt``)."""

    waits_for_state = True

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        process = run.process
        if process is None:
            return
        ctx = process.bridge.context
        with process.beside(), ctx.store.begin() as db:
            halting.set_halt(ctx, db, halting.EVERYTHING, "stopped by hand", "resume everything")
        run.pauses.begin(process.host.name, len(run.world.calls))
        run.happened("halted by hand")


@dataclass(frozen=True)
class Resume:
    """The administrator resumes everything that is halted, and tries again what was refused."""

    waits_for_state = True

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        process = run.process
        if process is not None:
            resume(run, process)


@dataclass(frozen=True)
class Sweep:
    """Everything is read again and compared, as at night."""

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        process = run.process
        if process is not None and not process.working:
            run.sweep(process)


def resume(run: Run, process: Process) -> None:
    """Approve held plans, resume all else, and try refused writes again."""
    ctx = process.bridge.context
    run.looked_after = min(run.looked_after, run.world.boundary.number)
    with process.beside():
        with ctx.store.begin() as db:
            halted = halting.halts(db)
        for subject, row in halted.items():
            digest = re.search(r"--plan ([0-9a-f]{12})", row["remedy"])
            if digest is None or not plans.approve(ctx, digest[1]):
                plans.resume(ctx, subject)
        plans.retry(ctx)
    run.pauses.end(process.host.name, len(run.world.calls))
