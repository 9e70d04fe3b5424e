"""Stories about a career system that is half away: what is sure goes, who edited is remembered, and a gap is looked into."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from connector.career.setup import Setup
from connector.engine.collect import collect_career
from connector.secrets import Secret
from connector.wire import Wire, open_session
from emulator.inprocess import WireFault, WireOrder, mount
from tests.contract.platform_world import PAT, bend
from tests.contract.platform_world import status as answered
from tests.engine.university import SharedClock, University
from tests.systems import CAREER_HOST, SYSTEM


@dataclass
class Apart(University):
    """Requests may travel by a small service of their own."""

    apart: bool = False

    def career_setup(self, wire: Wire, clock: SharedClock) -> Setup:
        """See ``University``."""
        base = super().career_setup(wire, clock)
        if not self.apart:
            return replace(base, carrier="")
        session = open_session()
        mount(session, self.career_app, "https://")
        of_requests = Wire(session, f"{CAREER_HOST}/bridge/v1", clock, side=SYSTEM)
        return replace(base, carrier="rest", requests_wire=of_requests, requests_key=lambda: Secret("k-bridge"))


def test_an_opt_out_does_not_wait_for_accounts_that_cannot_be_looked_at(new: University) -> None:
    """Law: nobody knows what became of some writes, and none can be looked at: restrictions of others go."""
    new.ada = new.alumna()[0]
    for number in range(30):
        both = {"institution_id": f"V{number}", "first": f"Bob{number}", "last": f"Number{number}"}
        new.alumna(f"b{number}", **both, personal=f"b{number}@example.org", mobile=f"+1617555{1000 + number}")
    new.go_live()
    new.ctx = replace(new.ctx, rng=lambda: 0.9)
    for row in new.all("Contact"):
        if row["Id"] != new.ada:
            new.edit_contact(row["Id"], Title="Director")
    new.career_wire.orders.append(WireOrder(fault=WireFault.LOSE_RESPONSE, pattern=re.compile("POST .*people/batch")))
    bend(new.career_app, r"GET .*people\?ids=b", answered(500), count=10**6)
    new.run(approve=True)
    new.edit_contact(new.ada, Do_Not_Contact__c=True)
    for _ in range(2):
        new.run()
    assert new.account("a1")["do_not_contact"] is True


def test_who_is_deleted_while_the_way_of_requests_changes(tmp_path: Path) -> None:
    """Law: a cursor that is not understood any more is a gap: who was deleted in it is looked for by a comparison."""
    apart = Apart(state=tmp_path / "state.db")
    apart.ada = apart.alumna()[0]
    apart.alumna("a2", institution_id="U2", first="Grace", last="Hopper", personal="g@example.org")
    apart.go_live()
    apart.career.delete("person", "a2", PAT)
    apart.apart = True
    apart.restart()
    apart.prepare()
    for _ in range(4):
        apart.run()
    assert apart.profile("a2")["Link_State__c"] == "Ended"


def test_who_edited_is_not_forgotten_by_the_next_reading(uni: University) -> None:
    """Law: what the alumna herself has changed is marked so, also if a counsellor changes something else before it is judged."""
    uni.edit_person("a1", {"last_name": "Byron"}, key=uni.admit_person())
    collect_career(uni.ctx, SYSTEM)
    uni.edit_person("a1", {"interests": ["chess"]})
    for _ in range(2):
        uni.run()
    assert uni.one("Suggested_Change__c")["By_The_Person__c"] is True
