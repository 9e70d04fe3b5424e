"""Stories about what changes while something waits: a death, a mapping, a clock, an answer of long ago."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from connector.core.model import OnWithdrawn
from connector.engine.erasing import erase_person
from connector.engine.halting import set_halt
from connector.engine.plans import approve, retry
from connector.engine.watch import guarded_cycle
from connector.ports import Clock
from connector.store import links
from emulator.http import Request, Response, request
from emulator.inprocess import WireFault
from tests.engine.schools import LAW, Schools
from tests.engine.test_stories_plans import digest_of
from tests.engine.test_stories_trouble import crowd
from tests.engine.university import ASK, University
from tests.systems import SYSTEM

DAY = 86_400.0
BORIS = {"first_name": "Boris", "last_name": "Strangeways", "institution_id": "U7777", "email_personal": "boris@example.net"}
"""Somebody whom no contact resembles."""


def rows(uni: University, query: str) -> list[dict[str, Any]]:
    """What the state holds."""
    with uni.ctx.store.begin() as db:
        return [dict(row) for row in db.execute(text(query)).mappings()]


def go(uni: University, times: int = 1, *, seconds: float = 60) -> None:
    """So many cycles, with as much time before each."""
    for _ in range(times):
        uni.run(seconds=seconds)


def told(uni: University, request: str) -> tuple[str, str]:
    """What careers read about a request: its word and the message."""
    seen = uni.told(request)
    return str(seen["state"]), str(seen["message"])


def test_what_was_decided_about_one_person_does_not_answer_about_the_next(uni: University) -> None:
    """Law: an account that moves a second time is asked about anew; nobody's data goes to who has it by an answer of before."""
    uni.edit_person("a1", {"first_name": "Augusta", "last_name": "King", "institution_id": "U1001X"})
    go(uni, 2)
    uni.edit(uni.one("Identity_Review__c")["Id"], Decision__c="Candidate 1")
    go(uni, 4)
    uni.clock.move(timedelta(days=200))
    uni.edit_person("a1", BORIS | {"phone_mobile": "+16175550777"})
    go(uni, 4)
    uni.edit_contact(uni.ada, MailingStreet="1 Secret Lane", MailingCity="Boston")
    go(uni, 3)
    assert uni.account("a1")["address"]["street"] is None
    assert [row["State__c"] for row in uni.all("Identity_Review__c")] == ["Decided", "Open"]


def test_a_question_about_one_person_is_none_about_the_next(uni: University) -> None:
    """Law: while nobody has decided, an account that moves on is asked about anew, and the first question is over."""
    grace = {"first_name": "Grace", "last_name": "Hopper", "institution_id": "U8", "email_personal": "grace@example.net"}
    uni.edit_person("a1", grace | {"phone_mobile": "+16175550888"})
    go(uni, 2)
    uni.edit_person("a1", BORIS | {"phone_mobile": "+16175550777"})
    go(uni, 2)
    assert [row["State__c"] for row in uni.all("Identity_Review__c")] == ["Withdrawn", "Open"]
    assert [row["Person__c"] for row in uni.all("Identity_Review__c")] == ["Grace Hopper", "Boris Strangeways"]


def test_what_is_decided_and_arises_again_is_asked_again(uni: University) -> None:
    """Law: also for the very same person, whose account has moved away and back."""
    for _ in range(2):
        uni.edit_person("a1", {"first_name": "Augusta", "last_name": "King", "institution_id": "U1001X"})
        go(uni, 2)
        review = uni.all("Identity_Review__c")[-1]
        uni.edit(review["Id"], Decision__c="Candidate 1")
        go(uni, 3)
        uni.edit_person("a1", {"first_name": "Ada", "last_name": "Lovelace", "institution_id": "U1001"})
        go(uni, 3)
    assert [row["State__c"] for row in uni.all("Identity_Review__c")] == ["Decided", "Decided"]


def test_who_has_an_account_now_is_proposed_although_another_was_before(uni: University) -> None:
    """Law: an account whose person got a contact by a proposal moves to somebody nobody resembles: that one is proposed, too."""
    mary = {"first_name": "Mary", "last_name": "Somerville", "institution_id": "U2", "email_personal": "mary@example.net"}
    uni.person("a7", **mary)
    uni.edit_person("a7", {"title": "Astronomer"})
    go(uni, 2)
    made = {"FirstName": "Mary", "LastName": "Somerville", "University_ID__c": "U2"}
    contact = uni.crm.create_as(uni.officer, "Contact", made)
    uni.edit(uni.one("Suggested_Change__c")["Id"], Decision__c="Accept", Contact__c=contact)
    go(uni, 2)
    uni.edit_person("a7", BORIS)
    go(uni, 2)
    uni.edit(uni.one("Identity_Review__c")["Id"], Decision__c="New contact")
    go(uni, 4)
    assert [row["State__c"] for row in uni.all("Suggested_Change__c")] == ["Accepted", "Open"]
    assert "Boris" in uni.all("Suggested_Change__c")[1]["Suggested__c"]


def test_a_proposal_about_one_person_is_none_about_the_next(uni: University) -> None:
    """Law: an account that moves on while a new contact is proposed is not linked to that contact when it is made."""
    uni.person("a7", first_name="Mary", last_name="Somerville", institution_id="U2", email_personal="mary@example.net")
    uni.edit_person("a7", {"title": "Astronomer"})
    go(uni, 2)
    proposal = uni.one("Suggested_Change__c")
    uni.edit_person("a7", BORIS)
    made = {"FirstName": "Mary", "LastName": "Somerville", "University_ID__c": "U2", "MailingStreet": "1 Secret Lane"}
    contact = uni.crm.create_as(uni.officer, "Contact", made)
    uni.edit(proposal["Id"], Decision__c="Accept", Contact__c=contact)
    go(uni, 3)
    assert [row["State__c"] for row in uni.all("Suggested_Change__c")] == ["Withdrawn", "Open"]
    assert uni.account("a7")["address"]["street"] is None


def test_what_careers_enter_about_a_deleted_question_is_asked_anew(uni: University) -> None:
    """Law: where staff have deleted a question, another value is another question, and nothing else waits."""
    uni.edit_contact(uni.ada, MailingStreet="1 Lane", MailingCity="Boston")
    go(uni, 2)
    uni.edit_person("a1", {"phone_mobile": "+16175550199"})
    go(uni, 2)
    uni.crm.delete_as(uni.officer, uni.one("Suggested_Change__c")["Id"])
    go(uni)
    uni.edit_person("a1", {"phone_mobile": "+16175550188"})
    go(uni, 3)
    assert [row["Suggested__c"] for row in uni.all("Suggested_Change__c")] == ["+16175550188"]
    uni.edit_person("a1", {"last_name": "King"})
    go(uni, 2)
    uni.edit_contact(uni.ada, Consent_Career_Asks__c="No")
    go(uni, 3)
    assert (uni.account("a1")["last_name"], uni.account("a1")["address"]["street"]) == ("Lovelace", None)


def test_an_end_that_is_refused_keeps_nothing_from_a_person(uni: University) -> None:
    """Law: what is told of the end of a question that staff have deleted is refused; what has to be cleared is cleared."""
    uni.edit_contact(uni.ada, MailingStreet="1 Lane", MailingCity="Boston")
    go(uni, 2)
    uni.edit_person("a1", {"phone_mobile": "+16175550199"})
    go(uni, 2)
    uni.crm.delete_as(uni.officer, uni.one("Suggested_Change__c")["Id"])
    go(uni, 2)
    uni.edit_contact(uni.ada, MobilePhone="+16175550199")
    go(uni, 2)
    uni.edit_person("a1", {"last_name": "King"})
    go(uni, 2)
    uni.edit_contact(uni.ada, Consent_Career_Asks__c="No")
    go(uni, 3)
    account = uni.account("a1")
    assert (account["last_name"], account["address"]["street"]) == ("Lovelace", None)


def test_the_same_ask_shares_the_word_of_the_one_it_is_attached_to(uni: University) -> None:
    """Law: what is attached is told as the first is, now and later; once that is taken back, it has to be filed anew."""
    first = uni.file()
    go(uni, 2)
    uni.edit(uni.one("Task")["Id"], Status="In Progress")
    go(uni, 2)
    again = uni.file(title="Another")
    attached = f"Attached to request {uni.told(first)['number']}."
    for _ in range(3):
        uni.run()
        assert told(uni, again) == ("in progress", attached)
    uni.edit(uni.one("Task")["Id"], Status="Waiting on someone else")
    go(uni, 2)
    assert told(uni, again) == ("waiting", attached)
    assert {row["Neutral__c"] for row in uni.all("Career_Request__c")} == {"waiting"}
    uni.call("k-pat", "PATCH", f"/requests/{first}", {"state": "withdrawn"})
    go(uni, 3)
    word, message = told(uni, again)
    assert (word, message.partition(":")[2]) == ("not available", " file this anew if it is still needed.")
    assert len(uni.all("Task")) == 1


def test_what_is_done_stays_done_for_who_asked_the_same(uni: University) -> None:
    """Law: that careers tidy up a request which is over is no reason to ask for the same once more."""
    first = uni.file()
    go(uni, 2)
    again = uni.file(title="Another")
    uni.edit(uni.one("Career_Request__c", Request_Number__c=uni.told(first)["number"])["Id"], Outcome__c="Fulfilled")
    uni.edit(uni.one("Task")["Id"], Status="Completed")
    go(uni, 3)
    uni.call("k-pat", "PATCH", f"/requests/{first}", {"state": "withdrawn"})
    go(uni, 3)
    assert told(uni, again)[0] == "done"


@pytest.mark.parametrize("change", [{"person_id": "a9"}, {"type": "NO_SUCH_TYPE"}])
def test_who_asked_the_same_is_told_when_that_becomes_another_ask(uni: University, change: Mapping[str, str]) -> None:
    """Law: what is attached to a request that comes to ask something else, or nothing, has to be filed anew."""
    uni.crm.order_refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION", sobject="Career_Request__c", count=1)
    first = uni.file()
    go(uni)
    again = uni.file(title="Another")
    go(uni)
    assert told(uni, again)[1].startswith("Attached")
    uni.call("k-pat", "PATCH", f"/requests/{first}", change)
    go(uni, 2)
    word, message = told(uni, again)
    assert (word, message.partition(":")[2]) == ("not available", " file this anew if it is still needed.")


def test_the_word_is_shared_after_the_loss_of_the_state(uni: University) -> None:
    """Law: who asked the same reads what became of the first, also where both are found again at once."""
    first = uni.file()
    go(uni, 2)
    again = uni.file(title="Another")
    uni.edit(uni.one("Task")["Id"], Status="In Progress")
    go(uni, 3)
    uni.lose_state()
    uni.go_live()
    go(uni, 4)
    assert told(uni, again) == ("in progress", f"Attached to request {uni.told(first)['number']}.")


@pytest.mark.parametrize("fault", [WireFault.LOSE_REQUEST, WireFault.LOSE_RESPONSE])
def test_who_died_while_nobody_knew_whether_the_task_was_made(uni: University, fault: WireFault) -> None:
    """Law: a Task that was not made is not made any more; one that was made stays, as an officer works on it."""
    uni.crm_wire.order(fault, "POST .*composite/graph", count=1)
    request = uni.file()
    go(uni)
    uni.edit_contact(uni.ada, Deceased__c=True)
    go(uni, 4, seconds=600)
    made = fault is WireFault.LOSE_RESPONSE
    assert len(uni.all("Task")) == made
    assert told(uni, request)[0] == ("received" if made else "not available")


def test_who_is_stopped_is_stopped_once(new: University) -> None:
    """Law: a record that says that somebody may not be asked, and is refused, waits for `retry` as any other."""
    crowd(new, 2, max_changes=5)
    link = rows(new, "select account_id, contact_id from link")[0]
    new.crm.order_refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION", sobject="Career_Request__c", count=100)
    new.edit_contact(link["contact_id"], Deceased__c=True)
    new.file(person_id=link["account_id"])
    go(new, 3)
    with new.ctx.store.begin() as db:
        set_halt(new.ctx, db, "plan", "looked at", "resume it")
        links.mark_all(db, "linked")
    go(new, 5)
    assert rows(new, "select state from intent where kind = 'request.create'") == [{"state": "refused"}]


@pytest.mark.parametrize("code", ["STORAGE_LIMIT_EXCEEDED", "FIELD_CUSTOM_VALIDATION_EXCEPTION"])
@pytest.mark.parametrize(("field", "value"), [("Do_Not_Contact__c", True), ("Deceased__c", True)])
def test_who_may_not_be_asked_any_more_gets_no_task(uni: University, code: str, field: str, value: object) -> None:
    """Law: a death or a wish that is read while Salesforce does not take a request stops it, also once it is tried again."""
    uni.crm.order_refusal(code, sobject="Career_Request__c", count=1)
    request = uni.file()
    uni.run()
    uni.edit_contact(uni.ada, **{field: value})
    go(uni, 2)
    retry(uni.ctx)
    go(uni, 8, seconds=1200)
    assert uni.all("Task") == []
    assert told(uni, request) == ("not available", "Not available at present.")
    assert uni.one("Career_Request__c")["Stop_Reason__c"] in ("No contact requested", "Deceased")


def test_who_died_while_a_plan_was_held_gets_no_task(new: University) -> None:
    """Law: what a person approves beyond a brake holds nothing about somebody who may not be asked by now."""
    crowd(new, 2, max_changes=5)
    link = rows(new, "select account_id, contact_id from link")[0]
    request = new.file(person_id=link["account_id"])
    for number in range(7):
        new.file(person_id=None, named=False, title=f"Ask {number}", criteria={"class_year": str(1990 + number)})
    assert "requests" in new.run().halted
    new.edit_contact(link["contact_id"], Deceased__c=True)
    go(new, 2)
    assert approve(new.ctx, digest_of(new)) is not None
    go(new, 3)
    assert [task for task in new.all("Task") if task.get("WhoId")] == []
    assert len(new.all("Task")) == 7
    assert told(new, request)[0] == "not available"


def test_a_request_that_was_made_and_then_refused_is_followed(uni: University) -> None:
    """Law: an answer is lost, and the next try refused for another reason: what stands in Salesforce counts all the same."""
    uni.crm_wire.order(WireFault.LOSE_RESPONSE, "POST .*composite/graph", count=1)
    request = uni.file()
    uni.run()
    uni.crm.order_refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION", sobject="Career_Request__c", count=1)
    go(uni, 3, seconds=600)
    uni.edit(uni.one("Career_Request__c")["Id"], Outcome__c="Fulfilled")
    uni.edit(uni.one("Task")["Id"], Status="Completed")
    go(uni, 2)
    assert told(uni, request)[0] == "done"
    assert rows(uni, "select state from intent where kind = 'request.create'") == [{"state": "superseded"}]


def test_a_decision_is_audited_once_and_by_who_took_it(uni: University) -> None:
    """Law: that we have written something on a suggestion since is no decision of ours."""
    uni.edit_person("a1", {"phone_mobile": "+16175550199"})
    go(uni, 2)
    uni.edit(uni.one("Suggested_Change__c")["Id"], Decision__c="Accept")
    go(uni, 4)
    assert uni.one("Suggested_Change__c")["State__c"] == "Waiting for the contact"
    assert [row["event"] for row in rows(uni, "select event from audit where event like 'suggestion.%'")] == ["suggestion.accept"]
    assert rows(uni, "select decided_by from suggestion") == [{"decided_by": uni.officer}]


def test_who_is_forgotten_during_a_call_is_forgotten(uni: University) -> None:
    """Law: what comes back about somebody who was erased meanwhile is audited, without their values, and remembered nowhere."""

    def forget() -> None:
        uni.career.delete("person", "a1", uni.career.keys["k-pat"])
        uni.crm.delete_as(uni.officer, uni.ada)
        erase_person(uni.ctx, SYSTEM, "a1")

    uni.edit_contact(uni.ada, MobilePhone="+16175550199", Title="Zyxwv")
    uni.before("people/batch", forget)
    go(uni, 3)
    kept = rows(uni, "select event, refs from audit where event like 'intent.%' and refs like '%career.update%'")
    assert len(kept) == 1
    for table in ("audit_value", "intent", "base", "observation"):
        assert "Zyxwv" not in str(rows(uni, f"select * from {table}"))  # noqa: S608 - names of our own


def test_asks_of_a_contact_that_was_made_again_count(uni: University) -> None:
    """Law: whose contact was deleted, and goes on with another of the same number, was asked as often as before."""
    uni.file()
    go(uni, 2)
    seen = uni.one("Contact", Id=uni.ada)
    same = {name: seen[name] for name in ("FirstName", "LastName", "University_ID__c", "Personal_Email__c", "Class_Year__c")}
    consents = {name: seen[name] for name in seen if name.startswith("Consent_")}
    other = uni.contact(**same, **consents)
    uni.run()
    uni.crm.delete_as(uni.officer, uni.ada)
    go(uni, 2)
    assert rows(uni, "select state, contact_id from link") == [{"state": "linked", "contact_id": other}]
    second = uni.file(type="MOCK_INTERVIEW", title="Practise")
    go(uni, 2)
    assert told(uni, second)[0] == "not available"


WAYS = {
    "begun": [{"Status": "In Progress"}],
    "waits for them": [{"Status": "Waiting on someone else"}],
    "declined": [{"Outcome__c": "Declined"}, {"Status": "Completed"}],
    "no response": [{"Status": "Waiting on someone else"}, {"Outcome__c": "No response"}, {"Status": "Completed"}],
    "told afterwards": [{"Status": "Completed"}, {"Outcome__c": "Fulfilled"}],
}


@pytest.mark.parametrize("way", WAYS)
def test_an_ask_over_the_limit_counts_however_it_was_taken_up(uni: University, way: str) -> None:
    """Law: what waited is no ask, and is one once an officer enters whatever tells that somebody was asked all the same."""
    uni.file()
    go(uni, 2)
    uni.edit(uni.one("Career_Request__c")["Id"], Outcome__c="Fulfilled")
    uni.edit(uni.one("Task")["Id"], Status="Completed")
    go(uni, seconds=10 * DAY)
    uni.file(type="MOCK_INTERVIEW", title="Practise")
    go(uni, 2)
    go(uni, seconds=21 * DAY)
    waiting = next(task for task in uni.all("Task") if task["Status"] != "Completed")
    for fields in WAYS[way]:
        uni.edit(waiting["WhatId"] if "Outcome__c" in fields else waiting["Id"], **fields)
        go(uni, 2)
    third = uni.file(type="SHADOW_VISIT", title="Shadow")
    go(uni, 2)
    assert told(uni, third)[0] == "not available"


@pytest.mark.parametrize("change", ["dropped", "kept"])
def test_what_waits_for_an_ended_link_is_decided_by_the_mapping_of_now(uni: University, change: str) -> None:
    """Law: a field that is mapped no more, or is to be kept, is not cleared at careers because its contact was deleted before."""
    uni.edit_contact(uni.ada, MailingStreet="1 Lane", MailingCity="Boston")
    go(uni, 2)
    uni.career_wire.order(WireFault.REFUSE, count=100_000)
    uni.crm.delete_as(uni.officer, uni.ada)
    go(uni, 2)
    names = [rule.name for rule in uni.rules.person.unit("mailing_address").fields]
    if change == "dropped":
        uni.regroup("mailing_address", [])
    else:
        uni.regroup("mailing_address", names, unit={"on_withdrawn": OnWithdrawn.KEEP})
    uni.career_wire.orders.clear()
    go(uni, 2)
    assert uni.account("a1")["address"]["street"] == "1 Lane"


@dataclass
class Skewed:
    """A clock that can be ahead of the world's."""

    base: Clock
    skew: timedelta = timedelta(0)

    def now(self) -> datetime:
        """What it says."""
        return self.base.now() + self.skew

    def monotonic(self) -> float:
        """Seconds, untouched by that."""
        return self.base.monotonic()

    def sleep(self, seconds: float) -> None:
        """Pass the time."""
        self.base.sleep(seconds)


def test_what_a_clock_that_was_ahead_has_put_off_goes_once_it_is_right(uni: University) -> None:
    """Law: an opt-out and a request do not wait until a date that only a wrong clock has named."""
    clock = Skewed(uni.ctx.clock, timedelta(days=365))
    uni.ctx = replace(uni.ctx, clock=clock)
    uni.career_wire.order(WireFault.REFUSE, "POST .*people/batch", count=100)
    uni.edit_contact(uni.ada, Do_Not_Contact__c=True)
    uni.run()
    uni.career_wire.orders.clear()
    clock.skew = timedelta(0)
    go(uni, 3, seconds=3600)
    assert uni.account("a1")["do_not_contact"] is True


def test_a_sign_of_life_that_a_clock_gave_which_was_ahead_is_given_again(uni: University) -> None:
    """Law (I43): the lease and the last cycle are told by the right time as soon as the clock is right."""
    clock = Skewed(uni.ctx.clock, timedelta(days=365))
    uni.ctx = replace(uni.ctx, clock=clock)
    guarded_cycle(uni.ctx, lease=timedelta(minutes=10))
    clock.skew = timedelta(0)
    uni.clock.move(timedelta(hours=1))
    guarded_cycle(uni.ctx, lease=timedelta(minutes=10))
    assert uni.one("Bridge_Status__c")["Lease_Until__c"] < "2026-11-03"


def test_nobody_is_asked_before_everybody_in_their_system_has_been_read(tmp_path: Path) -> None:
    """Law: while the first reading of a career system is not whole, its requests wait; then they go to whom they are about."""
    uni = Schools(state=tmp_path / "state.db")
    ada = uni.alumna()[0]
    uni.at_law("l7")
    both = uni.ctx.careers
    uni.ctx = replace(uni.ctx, careers={SYSTEM: both[SYSTEM]})
    uni.go_live()
    uni.edit_contact(ada, Deceased__c=True)
    go(uni)
    answer = uni.law_app.handle

    def turned_away(request: Request) -> Response:
        return Response(status=503, headers={}, body=b"") if "/changes" in request.path else answer(request)

    body = orjson.dumps(ASK | {"person_id": "l7"})
    headers = {"Authorization": "Bearer k-kim", "Content-Type": "application/json"}
    assert answer(request("POST", "/bridge/v1/requests", headers=headers, body=body)).status == 201
    uni.ctx = replace(uni.ctx, careers=both)
    uni.law_app.handle = turned_away  # type: ignore[method-assign]
    uni.take_into_force()
    assert LAW in uni.run().down
    assert uni.all("Career_Request__c") == []
    uni.law_app.handle = answer  # type: ignore[method-assign]
    go(uni, 2)
    assert [(row["State__c"], row["Contact__c"]) for row in uni.all("Career_Request__c")] == [("Not available", ada)]
    assert uni.all("Task") == []


def test_what_is_pressed_on_one_value_does_not_stand_beside_another(uni: University) -> None:
    """Law: who enters another value after staff have pressed *Accept* is asked about by a new question; the first one is over."""
    uni.edit_person("a1", {"phone_mobile": "+16175550199"})
    go(uni)
    uni.edit(uni.one("Suggested_Change__c")["Id"], Decision__c="Accept")
    go(uni)
    uni.edit_person("a1", {"phone_mobile": "+16175550222"})
    go(uni, 2)
    asked = [(row["State__c"], row.get("Decision__c"), row["Suggested__c"]) for row in uni.all("Suggested_Change__c")]
    assert asked == [("Withdrawn", "Accept", "+16175550199"), ("Open", None, "+16175550222")]
    uni.edit_contact(uni.ada, MobilePhone="+16175550222")
    go(uni, 2)
    assert uni.all("Suggested_Change__c")[1]["State__c"] == "Accepted"
    assert uni.account("a1")["phone_mobile"] == "+16175550222"


@pytest.mark.parametrize(("then", "state"), [("Judge", "Withdrawn"), ("Counsel", "Accepted")])
def test_a_question_that_comes_out_of_the_bin_is_told_its_end(uni: University, then: str, state: str) -> None:
    """Law: what became of a question while it lay in the recycle bin stands on its record once staff have fetched it back."""
    uni.edit_person("a1", {"title": "Counsel"})
    uni.run()
    question = uni.one("Suggested_Change__c")["Id"]
    uni.crm.delete_as(uni.officer, question)
    uni.run()
    if state == "Accepted":
        uni.edit_contact(uni.ada, Title=then)
    else:
        uni.edit_person("a1", {"title": then})
    uni.run()
    uni.crm.undelete_as(uni.officer, question)
    go(uni, 2)
    assert uni.one("Suggested_Change__c", Id=question)["State__c"] == state
    told = len(uni.crm.writes("Suggested_Change__c"))
    go(uni, 3)
    assert len(uni.crm.writes("Suggested_Change__c")) == told
