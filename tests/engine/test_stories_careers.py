"""Stories about a career system that is half away: what is sure goes, who edited is remembered, and a gap is looked into."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import orjson
import pytest
from alembic import command
from sqlalchemy import text

from connector.career.setup import Setup
from connector.core.model import Side
from connector.engine.collect import collect_career
from connector.engine.halting import halts
from connector.engine.plans import resume
from connector.engine.report import status
from connector.ports import NAMELESS
from connector.secrets import Secret
from connector.store.observations import cursors, load
from connector.wire import Wire, open_session
from emulator.inprocess import WireFault, WireOrder, mount
from tests.contract.platform_world import PAT, bend
from tests.contract.platform_world import status as answered
from tests.crash.old_state import migrations
from tests.engine.university import SharedClock, University
from tests.systems import CAREER_HOST, SYSTEM

REQUESTS = f"{SYSTEM}:requests"
"""The side that requests are where they travel apart from people."""


@dataclass
class Apart(University):
    """Requests do not travel, or by a small service of their own (``apart``), or with people (``own``)."""

    apart: bool = False
    own: bool = False

    def career_setup(self, wire: Wire, clock: SharedClock) -> Setup:
        """See ``University``."""
        base = super().career_setup(wire, clock)
        if not self.apart:
            return replace(base, carrier="rest" if self.own else "")
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


@pytest.fixture
def beside(tmp_path: Path) -> Apart:
    """A live university whose requests stand in a small service beside the career system."""
    uni = Apart(state=tmp_path / "state.db", apart=True)
    uni.ada = uni.alumna()[0]
    uni.go_live()
    return uni


def test_restrictions_do_not_wait_for_the_service_of_requests(beside: Apart) -> None:
    """Law: the service by which requests travel is away: what careers must know of people goes, and people are read."""
    bend(beside.career_app, "/requests", answered(503), count=10**6)
    beside.edit_contact(beside.ada, Do_Not_Contact__c=True)
    beside.edit_person("a1", {"mentor_capacity": 3})
    assert set(beside.run().down) == {REQUESTS}
    assert beside.account("a1")["do_not_contact"] is True
    assert beside.profile()["Mentor_Capacity__c"] == 3
    found = status(beside.ctx)
    assert (set(found["down"]), set(found["last_good"])) == ({REQUESTS}, {"crm", SYSTEM, REQUESTS})
    assert found["last_good"][REQUESTS] < found["last_good"][SYSTEM]


def test_requests_arrive_once_their_service_is_back(beside: Apart) -> None:
    """Law: an ask that was filed while its service was away becomes one Task, and careers are told once they can be."""
    bend(beside.career_app, "GET .*/requests", answered(503), count=9)
    asked = beside.file()
    for _ in range(3):
        assert set(beside.run(seconds=7200).down) == {REQUESTS}
    assert beside.all("Task") == []
    bend(beside.career_app, "POST .*/acknowledgements", answered(503), count=2)
    beside.run(seconds=7200)
    assert len(beside.all("Task")) == 1
    assert status(beside.ctx)["waiting"] == 1
    beside.edit_contact(beside.ada, Title="Director")
    beside.run(seconds=7200)
    assert beside.account("a1")["title"] == "Director"
    for _ in range(3):
        beside.run(seconds=7200)
    assert (status(beside.ctx)["waiting"], beside.told(asked)["state"]) == (0, "received")
    assert len(beside.all("Task")) == 1


def test_a_service_of_requests_that_must_not_be_used_stops_itself(beside: Apart) -> None:
    """Law: its key is refused: that halts it by its own name, and nothing else; `resume` by that name ends it."""
    bend(beside.career_app, "/requests", answered(401), count=1)
    beside.run()
    with beside.ctx.store.begin() as db:
        assert set(halts(db)) == {REQUESTS}
    beside.edit_contact(beside.ada, Do_Not_Contact__c=True)
    asked = beside.file()
    assert set(beside.run().down) == {REQUESTS}
    assert beside.account("a1")["do_not_contact"] is True
    assert resume(beside.ctx, REQUESTS)
    beside.run()
    assert beside.told(asked)["state"] == "not available"


def test_nothing_is_read_of_requests_while_people_cannot_be(beside: Apart) -> None:
    """Law: whoever cannot be read is not asked of: what is known of people would be too old to decide by."""
    bend(beside.career_app, "/changes", answered(503), count=3)
    beside.file()
    assert set(beside.run().down) == {SYSTEM, REQUESTS}
    assert beside.all("Task") == []
    beside.run(seconds=7200)
    assert len(beside.all("Task")) == 1


def test_a_state_from_before_goes_on_in_both_feeds(beside: Apart) -> None:
    """Law: where both feeds stood in one text, each goes on where it stood, and nobody is read anew."""
    with beside.ctx.store.engine.begin() as db:
        command.downgrade(migrations(db), "0004")
        rows = db.execute(text("SELECT feed, value FROM cursor WHERE side = 'career'")).all()
    assert [(row.feed, set(orjson.loads(row.value))) for row in rows] == [("people", {"v", "people", "requests", "turn"})]
    beside.restart()
    with beside.ctx.store.begin() as db:
        assert set(cursors(db, Side.CAREER, SYSTEM)) == {"people", "requests"}
    beside.prepare()
    asked = list[str]()
    beside.before("/people", lambda: asked.append("people"))
    assert (beside.run().down, asked) == ({}, [])


def test_no_requests_means_none(tmp_path: Path) -> None:
    """Law: a system that could carry requests and is not to: none is taken up, and its list of them is not even asked for."""
    uni = Apart(state=tmp_path / "state.db")
    uni.alumna()
    bend(uni.career_app, "GET .*/requests", answered(403), count=10**6)
    uni.go_live()
    uni.file()
    done = uni.run()
    assert (done.down, done.halted, uni.all("Task"), uni.all("Career_Request__c")) == ({}, {}, [], [])
    assert status(uni.ctx)["refused"] == []


def test_requests_from_before_are_taken_up_once_they_come_with_people(tmp_path: Path) -> None:
    """Law: who begins with people alone and lets requests come later loses none that was filed in between."""
    uni = Apart(state=tmp_path / "state.db")
    uni.alumna()
    uni.go_live()
    uni.file()
    uni.run()
    assert uni.all("Task") == []
    uni.own = True
    uni.restart()
    uni.prepare()
    uni.run()
    assert len(uni.all("Task")) == 1
    uni.run()
    assert len(uni.all("Task")) == 1


@pytest.mark.parametrize("lost", [True, False])
def test_what_cannot_be_read_while_it_is_written_takes_the_place_of_nothing(uni: University, *, lost: bool) -> None:
    """Law: a look after a write finds the account unreadable: what was read of it before stands, and the write waits for it."""
    spoilt = list[bytes]()

    def spoil() -> None:
        if not spoilt:
            spoilt.append(uni.career.people.by_id["a1"].raw)
            uni.edit_person("a1", {"preferred_name": "Addie"})
            uni.career.spoil("person", "a1", spoilt[0].replace(b'"last_name":"Lovelace"', b'"last_name":"\\u0000"'))

    uni.edit_contact(uni.ada, Title="Director")
    uni.before("/people/batch", spoil)
    if lost:
        order = WireOrder(fault=WireFault.LOSE_REQUEST, pattern=re.compile("POST .*people/batch"), count=1)
        uni.career_wire.orders.append(order)
        uni.before("/people", spoil)
    before = _known(uni)
    uni.run()
    for _ in range(2):
        uni.run(seconds=7200)
        assert _known(uni) == before
    found = status(uni.ctx)
    assert ([row["id"] for row in found["parked"]], found["waiting"], bool(spoilt)) == (["a1"], 1, True)
    uni.career.spoil("person", "a1", spoilt[0])
    uni.edit_person("a1", {"preferred_name": "Augusta"})
    for _ in range(3):
        uni.run(seconds=7200)
    assert uni.account("a1")["title"] == "Director"
    assert uni.one("Suggested_Change__c")["Suggested__c"] == "Augusta"
    assert (status(uni.ctx)["parked"], status(uni.ctx)["waiting"]) == ([], 0)


def _known(uni: University) -> str:
    with uni.ctx.store.begin() as db:
        return str(load(db, Side.CAREER, "person", ["a1"], system=SYSTEM)["a1"]["fields"])


def test_what_was_set_aside_without_an_id_is_over_once_it_is_cured(uni: University) -> None:
    """Law: a record without an id cannot be met again under it: a comparison tells that it is there no more, or still is."""
    uni.person("a9", first_name="Mary", last_name="Somerville", institution_id="U9")
    well = uni.career.people.by_id["a9"].raw
    uni.career.spoil("person", "a9", well.replace(b'"id":"a9"', b'"id":null'))
    for _ in range(2):
        uni.sweep()
        assert [row["id"][: len(NAMELESS)] for row in status(uni.ctx)["parked"]] == ["a9", NAMELESS]
    uni.career.spoil("person", "a9", well)
    uni.sweep()
    assert status(uni.ctx)["parked"] == []
