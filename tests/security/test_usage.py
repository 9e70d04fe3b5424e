"""Our own use of the two systems has a limit: a runaway, or a stolen installation, is stopped long before it hurts others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from connector.engine.halting import halts
from connector.engine.plans import resume
from connector.engine.usage import UNUSUAL, Meter
from connector.errors import Halt
from connector.ports import Calls
from connector.store.store import get_meta, pack, set_meta, unpack
from emulator.http import Request, Response
from tests.engine.university import University


@pytest.fixture
def uni(tmp_path: Path) -> University:
    """One alumna on both sides, linked; the bridge is live, and a week of quiet days lies behind it."""
    uni = University(state=tmp_path / "state.db")
    uni.ada = uni.alumna()[0]
    uni.go_live()
    week = [f"{uni.clock.now() - timedelta(days=ago):%Y-%m-%d}" for ago in range(1, 8)]
    with uni.ctx.store.begin() as db:
        set_meta(db, "calls", pack({day: {"crm": 4_000, "careers": 400} for day in week} | {today(uni): {"careers": 4_980}}))
    return uni


def today(uni: University) -> str:
    """The day in the state's words."""
    return f"{uni.clock.now():%Y-%m-%d}"


@dataclass
class Endless:
    """A career system whose change feed always promises more."""

    app: Any
    pages: int = 0

    def handle(self, asked: Request) -> Response:
        """One exchange."""
        answer: Response = self.app.handle(asked)
        if not asked.path.endswith("/changes"):
            return answer
        self.pages += 1
        body = orjson.dumps({"items": [], "next": f"c{self.pages}", "more": True})
        return Response(status=200, headers={"Content-Type": "application/json"}, body=body)


def endless(uni: University) -> Endless:
    """From now on careers promise more for ever."""
    made = Endless(uni.career_app)
    uni.career_app = made  # type: ignore[assignment] # it is asked for nothing but an answer
    uni.restart()
    return made


def test_a_feed_without_end_stops_its_side_alone(uni: University) -> None:
    """Law (S40, S39): a side that is asked more than ten times what is usual halts, and the other goes on."""
    runaway = endless(uni)
    uni.edit_contact(uni.ada, Preferred_Name__c="Augusta")
    done = uni.run()
    assert 15 < runaway.pages < 25
    with uni.ctx.store.begin() as db:
        assert list(halts(db)) == ["careers"]
        assert halts(db)["careers"]["reason"].endswith(UNUSUAL)
        assert unpack(get_meta(db, "calls") or "{}")[today(uni)]["careers"] > 5_000
    assert done.read["crm"] > 0
    pages = runaway.pages
    uni.run()
    assert runaway.pages == pages


def test_a_person_may_let_it_go_on_for_the_day(uni: University) -> None:
    """Law (S40): who has looked and resumes the side is not stopped again that day; the next day counts anew."""
    with uni.ctx.store.begin() as db:
        known = unpack(get_meta(db, "calls") or "{}")
        set_meta(db, "calls", pack(known | {today(uni): {"careers": 9_000}}))
    uni.run()
    assert resume(uni.ctx, "careers")
    uni.run()
    with uni.ctx.store.begin() as db:
        assert halts(db) == {}
    uni.clock.move(timedelta(days=1))
    uni.run()
    with uni.ctx.store.begin() as db:
        assert halts(db) == {}


@dataclass
class Side:
    """A side that was asked so often."""

    calls: Calls


def metered(uni: University, days: dict[str, dict[str, int]], made: int, written: int = 0) -> None:
    """A run on top of these days, in which Salesforce was asked so often and so many writes were answered."""
    side = Side(Calls(made=0))
    ctx = type("Ctx", (), {"crm": side, "careers": {}, "clock": uni.ctx.clock, "progress": lambda *_: None})()
    with uni.ctx.store.begin() as db:
        set_meta(db, "calls", pack(days))
        meter = Meter.begin(ctx, db, lambda: written)
    side.calls = Calls(made=made)
    meter.progress("", 0, None)


def test_what_is_usual_is_learnt_first(uni: University) -> None:
    """Law (S40): without three days behind it nothing is unusual: a first load may ask what it needs."""
    metered(uni, {"2026-10-01": {"crm": 10}, "2026-10-02": {"crm": 10}}, made=1_000_000)
    with pytest.raises(Halt, match=UNUSUAL):
        metered(uni, {f"2026-10-0{day}": {"crm": 10} for day in range(1, 4)}, made=5_001)
    metered(uni, {f"2026-10-0{day}": {"crm": 10} for day in range(1, 4)}, made=5_000)


def test_ten_times_is_the_measure(uni: University) -> None:
    """Law (S40): the limit follows what is usual, and one odd day in the week does not move it."""
    days = {f"2026-10-0{day}": {"crm": 2_000} for day in range(1, 7)} | {"2026-10-07": {"crm": 500_000}}
    metered(uni, days, made=20_000)
    with pytest.raises(Halt, match="20,001 calls today, on other days about 2,000"):
        metered(uni, days, made=20_001)


def test_writes_have_brakes_of_their_own(uni: University) -> None:
    """Law (S40): calls that writes needed do not count here: a large plan that a person has approved is carried out."""
    days = {f"2026-10-0{day}": {"crm": 10} for day in range(1, 4)}
    metered(uni, days, made=300_000, written=100_000)
    with pytest.raises(Halt):
        metered(uni, days, made=306_000, written=100_000)


def test_the_count_is_kept_for_a_week(uni: University) -> None:
    """Law (S39): what is remembered of earlier days does not grow."""
    for _ in range(12):
        uni.clock.move(timedelta(days=1))
        uni.run()
    with uni.ctx.store.begin() as db:
        assert len(unpack(get_meta(db, "calls") or "{}")) == 8
