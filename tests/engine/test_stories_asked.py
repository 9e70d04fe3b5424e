"""Stories about who is asked, and when: Tasks put back, the first of several asks, lost states, and sites asking for patience."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from connector.career.profile import load_profile
from connector.career.setup import Setup
from connector.core.model import Side
from connector.engine.plans import resume
from connector.rules import load_rules
from connector.rules.compose import compose
from connector.secrets import Secret
from connector.wire import Wire, open_session
from emulator.career import CareerApp
from emulator.career.twelvetwenty import TWELVETWENTY
from emulator.http import Request, Response, request
from emulator.inprocess import WireFault, mount
from tests.contract.platform_world import bend
from tests.contract.platform_world import status as answered
from tests.engine.schools import Schools
from tests.engine.test_stories_attached import ANEW, withdraw
from tests.engine.test_stories_careers import Apart
from tests.engine.test_stories_meanwhile import BORIS, go, told
from tests.engine.university import ASK, SharedClock, University
from tests.systems import CAREER_HOST, MAPPINGS, SYSTEM

DAY = 86_400.0


def at_law(schools: Schools, **fields: Any) -> str:
    """Kim files a request at the law school."""
    headers = {"Authorization": "Bearer k-kim", "Content-Type": "application/json"}
    sent = request("POST", "/bridge/v1/requests", headers=headers, body=orjson.dumps(ASK | {"person_id": "l7"} | fields))
    return str(orjson.loads(schools.law_app.handle(sent).body)["id"])


@pytest.mark.parametrize("status", ["Deferred", "Waiting on someone else"])
@pytest.mark.parametrize("named", [False, True])
def test_a_task_that_is_put_back_is_what_it_was(uni: University, status: str, *, named: bool) -> None:
    """Law: a Task put off and then left as it came is an ask that nobody has begun, and no more cleared than before."""
    asked = uni.file(named=named)
    go(uni, 2)
    for now in (status, "Not Started"):
        uni.edit(uni.one("Task")["Id"], Status=now)
        go(uni, 2)
    assert (uni.one("Career_Request__c")["State__c"], told(uni, asked)[0]) == ("Triage" if named else "Queued", "received")


def test_over_the_limit_and_back_from_the_bin(uni: University) -> None:
    """Law: whoever waits over the contact limit waits on when the Task comes out of the recycle bin."""
    uni.file(type="RESUME_REVIEW")
    go(uni, 2)
    waits = uni.file()
    go(uni, 2)
    task = uni.one("Task", WhatId=uni.one("Career_Request__c", Type__c="MENTOR_FLASH")["Id"])["Id"]
    uni.crm.delete_as(uni.officer, task)
    go(uni, 2)
    uni.crm.undelete_as(uni.officer, task)
    go(uni, 2)
    assert told(uni, waits)[0] == "not available"


def test_the_first_is_taken_back_before_salesforce_took_it(uni: University) -> None:
    """Law: nobody works on the first ask any more: who asked the same is told to ask anew, not that they took theirs back."""
    uni.crm.order_refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION", sobject="Career_Request__c", count=1)
    first = uni.file()
    go(uni, 2)
    again = uni.file(title="Another")
    go(uni, 2)
    withdraw(uni, first)
    go(uni, 3)
    assert (told(uni, again)[0], told(uni, again)[1][-len(ANEW) :]) == ("not available", ANEW)


def test_the_first_is_taken_back_after_its_plan_was_dropped(pair: University) -> None:
    """Law: the same where the first was new again, since the plan that held it was dropped."""
    uni = pair
    uni.crm.order_refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION", sobject="Career_Request__c", count=1)
    first = uni.file()
    go(uni, 2)
    again = uni.file(title="Another")
    go(uni, 2)
    brakes = dict(uni.ctx.person.brakes)
    tight = replace(uni.rules.person, brakes=brakes | {Side.CRM: replace(brakes[Side.CRM], max_changes=1)})
    wide = uni.ctx
    uni.ctx = replace(uni.ctx, persons=replace(uni.rules.persons, usual=tight))
    uni.call("k-pat", "PATCH", f"/requests/{first}", {"title": "New"})
    uni.file(person_id="a2")
    go(uni, 2)
    uni.ctx = wide
    withdraw(uni, first)
    assert resume(uni.ctx, "requests")
    go(uni, 3)
    assert (told(uni, first)[0], told(uni, again)[0]) == ("withdrawn", "not available")


@pytest.mark.parametrize("answer", [None, "Nobody"])
def test_who_has_the_account_now_speaks_for_nobody_else(schools: Schools, answer: str | None) -> None:
    """Law: what the new bearer of an account says of himself restricts his own asks, not those of whom it led to before."""
    schools.edit_person("a1", BORIS | {"do_not_contact": True})
    go(schools, 3)
    if answer:
        schools.edit(schools.one("Identity_Review__c")["Id"], Decision__c=answer)
        go(schools, 3)
    at_law(schools)
    go(schools, 2)
    record = schools.one("Career_Request__c")
    assert (record["State__c"], record.get("Stop_Reason__c")) == ("Queued", None)


def test_a_lost_state_and_a_system_that_is_away(schools: Schools) -> None:
    """Law: what Salesforce holds of asks counts though the system that filed them is not read: nobody is asked twice."""
    schools.file()
    go(schools, 2)
    schools.edit(schools.one("Task")["Id"], Status="In Progress")
    go(schools, 2)
    schools.lose_state()
    schools.career_wire.order(WireFault.REFUSE, ".*", count=10**6)
    schools.go_live()
    at_law(schools)
    go(schools, 2)
    assert len(schools.all("Task")) == 1


@pytest.mark.parametrize("apart", [False, True])
def test_a_lost_state_and_half_of_the_requests(tmp_path: Path, *, apart: bool) -> None:
    """Law: the same where the reading of requests broke off."""
    uni = Apart(state=tmp_path / "state.db", apart=apart, own=not apart)
    uni.ada = uni.alumna()[0]
    uni.go_live()
    corrected = uni.file(type="MENTOR_FLASHH")
    made = {"type": "WELFARE", "title": "t", "created_at": uni.clock.now().isoformat()}
    uni.career.seed("request", [made | {"id": f"m{n:04}"} for n in range(700)])
    uni.file()
    go(uni, 2)
    assert len(uni.all("Task")) == 1
    uni.lose_state()
    uni.call("k-pat", "PATCH", f"/requests/{corrected}", {"type": "MENTOR_FLASH"})
    bend(uni.career_app, r"GET .*/requests\?.*after=", answered(503), count=10**6)
    uni.go_live()
    go(uni, 2, seconds=7200)
    assert len(uni.all("Task")) == 1


@dataclass
class Notes(University):
    """12twenty, whose notes carry the requests. ``busy``: it asks for patience when its notes are asked for."""

    busy: bool = False

    def __post_init__(self) -> None:
        """The site, which writes down what is asked of it."""
        self.asked = list[str]()
        super().__post_init__()

    def career_setup(self, _wire: Wire, clock: SharedClock) -> Setup:
        """See ``University``."""
        site = CareerApp(self.career, face=TWELVETWENTY)
        answer = site.handle

        def handle(asked: Request) -> Response:
            self.asked.append(asked.path)
            if self.busy and "/notes" in asked.path:
                return replace(answer(asked), status=429, headers={"Retry-After": "3600"}, body=b"{}")
            return answer(asked)

        site.handle = handle  # type: ignore[method-assign, assignment]
        session = open_session()
        mount(session, site, "https://")
        return Setup(
            system=SYSTEM,
            profile=load_profile("12twenty"),
            wire=Wire(session, CAREER_HOST, clock, side=SYSTEM),
            key=lambda: Secret("k-bridge"),
            clock=clock,
            rng=lambda: 0.0,
            settings={"staff_visibility_id": "3", "students_modified_since": "yes"},
            carrier="notes",
        )


def test_who_is_asked_for_patience_by_notes_asks_for_people_no_more(tmp_path: Path) -> None:
    """Law (I38): a site that asks for patience is left alone, whatever of it was asked: its notes are no other service."""
    shutil.copytree(MAPPINGS, tmp_path / "m")
    overlay = (MAPPINGS / "platforms" / "12twenty.toml").read_text()
    for name in ("person", "requests", "routing"):
        (tmp_path / "m" / f"{name}.toml").write_text(compose(name, (MAPPINGS / f"{name}.toml").read_text(), overlay))
    uni = Notes(state=tmp_path / "state.db", rules=load_rules(tmp_path / "m"))
    uni.go_live()
    uni.busy = True
    uni.run()
    uni.asked.clear()
    go(uni, 5)
    assert uni.asked == []


def test_the_same_ask_over_the_limit_is_attached(uni: University) -> None:
    """Law: the same ask comes before the contact limit: one Task, also while the first one waits over it."""
    uni.file(type="RESUME_REVIEW")
    go(uni, 2)
    uni.file()
    go(uni, 2)
    again = uni.file(title="Again")
    go(uni, 2)
    assert (len(uni.all("Task")), told(uni, again)[1][:8]) == (2, "Attached")


def test_put_off_over_the_limit_is_no_ask(uni: University) -> None:
    """Law: who puts off an ask over the limit has asked nobody: the limit counts from those who were asked."""
    uni.file(type="RESUME_REVIEW")
    go(uni, 2)
    uni.run(seconds=20 * DAY)
    uni.file()
    go(uni, 2)
    uni.edit(uni.one("Task", WhatId=uni.one("Career_Request__c", Type__c="MENTOR_FLASH")["Id"])["Id"], Status="Deferred")
    go(uni, 2)
    uni.run(seconds=15 * DAY)
    late = uni.file(type="SHADOW_VISIT")
    go(uni, 2)
    assert told(uni, late)[0] == "received"
