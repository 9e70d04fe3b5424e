"""Stories about a career system that cannot be used when a process begins: it is halted alone, and nothing of it is lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from connector.administration import remote_checks
from connector.bootstrap import Surroundings, open_career
from connector.config import Career
from connector.engine.cycle import read_only
from connector.engine.plans import resume
from connector.engine.report import status
from connector.errors import Halt
from emulator.career import Tenant
from emulator.inprocess import WireFault
from tests.engine.schools import LAW, Schools
from tests.engine.university import University
from tests.systems import SYSTEM


def _withdraw_key(uni: University) -> Callable[[], object]:
    actor = uni.career.keys.pop("k-bridge")
    return lambda: uni.career.admit("k-bridge", actor)


def _another_tenant(uni: University) -> Callable[[], object]:
    before, uni.career.tenant = uni.career.tenant, Tenant(id="tenant-0002")
    return lambda: setattr(uni.career, "tenant", before)


def begin(uni: University) -> None:
    """A new process, as every command that works begins one."""
    uni.restart()
    uni.prepare()


def halted(uni: University) -> dict[str, tuple[str, str]]:
    """What `status` shows as halted: reason and help, by subject."""
    return {row["subject"]: (row["reason"], row["remedy"]) for row in status(uni.ctx)["halted"]}


@pytest.mark.parametrize(("spoil", "reason"), [(_withdraw_key, "does not accept our key"), (_another_tenant, "tenant-0002")])
def test_an_unusable_system_is_halted_alone(
    schools: Schools, spoil: Callable[[University], Callable[[], object]], reason: str
) -> None:
    """Law (I49): a refused key or another tenant (S44) halts that system by name; others go on, its writes wait for `resume`."""
    mend = spoil(schools)
    schools.edit_contact(schools.ada, Title="Countess")
    begin(schools)
    written = len(schools.career_app.writes)
    done = schools.run()
    assert (set(done.halted), set(done.down), set(done.read)) == ({SYSTEM}, {SYSTEM}, {"crm", LAW})
    assert reason in halted(schools)[SYSTEM][0]
    assert halted(schools)[SYSTEM][1].endswith(f"then `alumni-bridge resume {SYSTEM}`")
    assert resume(schools.ctx, SYSTEM)
    schools.run()
    assert reason in halted(schools)[SYSTEM][0]
    assert (schools.law_account("l7")["title"], len(schools.career_app.writes)) == ("Countess", written)
    mend()
    assert resume(schools.ctx, SYSTEM)
    schools.run()
    assert (schools.account("a1")["title"], halted(schools)) == ("Countess", {})


def test_an_address_that_leads_nowhere_halts_one_system(schools: Schools) -> None:
    """Law: a system that does not know its own paths (404) at the start is halted with its remedy; the others go on."""
    schools.law_path = "/bridge/v9"
    begin(schools)
    done = schools.run()
    assert (set(done.halted), set(done.read)) == ({LAW}, {"crm", SYSTEM})
    assert "check its url" in halted(schools)[LAW][1]


def test_whoever_was_away_at_the_start_is_proven_later(uni: University) -> None:
    """Law: a system that was down when the process began is read only once its tenant was compared; mail is asked for, too."""
    uni.edit_contact(uni.ada, Title="Countess")
    uni.restart()
    uni.career_wire.order(WireFault.REFUSE, count=1000)
    uni.prepare()
    assert set(uni.run().down) == {SYSTEM}
    uni.career_wire.orders.clear()
    mend = _another_tenant(uni)
    written = len(uni.career_app.writes)
    done = uni.run(seconds=3600)
    assert ("tenant-0002" in done.halted[SYSTEM], SYSTEM in done.read, len(uni.career_app.writes)) == (True, False, written)
    mend()
    resume(uni.ctx, SYSTEM)
    uni.run()
    assert uni.account("a1")["title"] == "Countess"


def test_a_secret_that_cannot_be_read_is_its_systems_trouble(uni: University) -> None:
    """Law: a career system whose secret is missing at its first use is halted with the secret's own cure, and alone (K102)."""
    around = Surroundings(clock=uni.ctx.clock, environ={})
    career = Career(system=SYSTEM, url="https://careers.example.edu", key="env:CAREER_KEY")
    uni.restart()
    uni.ctx = replace(uni.ctx, careers={SYSTEM: open_career(career, around)})
    uni.prepare()
    assert set(uni.run().halted) == {SYSTEM}
    reason, remedy = halted(uni)[SYSTEM]
    assert ("K102 key of careers: " in reason, remedy.startswith("set it, or better use")) == (True, True), (reason, remedy)


def test_neither_a_plan_nor_a_sweep_reads_another_tenant(uni: University) -> None:
    """Law: `plan` and `sweep` show the system as one that could not be worked with; both keep the halt that `resume` ends."""
    _another_tenant(uni)
    begin(uni)
    uni.career.seed("person", [{"id": "stranger", "last_name": "Other"}])
    assert "contacts" in (found := uni.sweep())
    assert SYSTEM not in found
    assert "tenant-0002" in halted(uni)[SYSTEM][0]
    assert resume(uni.ctx, SYSTEM)
    read = read_only(uni.ctx)
    assert (set(read.down), set(read.halted), SYSTEM in read.read) == ({SYSTEM}, {SYSTEM}, False)
    assert status(uni.ctx)["links"] == {"linked": 1}


def test_checks_compare_what_the_state_belongs_to(uni: University) -> None:
    """Law: `check` fails for another tenant than the pinned one, and by itself pins nothing."""
    check = dict(remote_checks(uni.bridge()))[f"{SYSTEM}: login and tenant"]
    check()
    _another_tenant(uni)
    with pytest.raises(Halt, match="tenant-0002"):
        check()


def test_an_owner_whom_nobody_can_tell_is_missing(uni: University) -> None:
    """Law: `check` finds an owner of routing.toml as the bridge does: an address that two users have means neither."""
    routing = uni.rules.routing
    stewards = replace(routing.owners[routing.stewards], kind="user", name="stewards@alumni.example.edu")
    uni.rules = replace(uni.rules, routing=replace(routing, owners={routing.stewards: stewards}))
    check = dict(remote_checks(uni.bridge()))["Salesforce: officers and queues of routing.toml"]
    uni.crm.add_user("one", values={"Email": stewards.name})
    check()
    uni.crm.add_user("two", values={"Email": stewards.name})
    with pytest.raises(Halt, match="stewards@alumni"):
        check()
