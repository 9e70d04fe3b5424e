"""Stories about asks that are taken back, opened again, led elsewhere or deleted: what careers read, and what counts as asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.engine.report import status
from emulator.inprocess import WireFault
from tests.engine.test_stories_attached import ANEW, withdraw
from tests.engine.test_stories_careers import Apart
from tests.engine.test_stories_meanwhile import go, told
from tests.engine.university import University


def open_again(uni: University, request: str) -> None:
    """Pat wants a request that was taken back after all."""
    uni.call("k-pat", "PATCH", f"/requests/{request}", {"state": "open"})


@pytest.fixture
def taken_back(uni: University) -> tuple[University, str]:
    """Careers have filed a request about Ada and withdrawn it before anybody had begun."""
    asked = uni.file()
    go(uni, 2)
    withdraw(uni, asked)
    go(uni, 2)
    return uni, asked


def test_what_was_withdrawn_and_is_opened_again_is_to_be_filed_anew(taken_back: tuple[University, str]) -> None:
    """Law: it stays withdrawn, and says what to do, also after it was withdrawn and opened a second time."""
    uni, asked = taken_back
    for _ in range(2):
        open_again(uni, asked)
        go(uni, 2)
        word, message = told(uni, asked)
        assert (word, message[-len(ANEW) :]) == ("withdrawn", ANEW)
        withdraw(uni, asked)
        go(uni, 2)
    assert [row["Status"] for row in uni.all("Task")] == ["Completed"]


def test_what_is_opened_again_while_the_state_is_lost_is_to_be_filed_anew(taken_back: tuple[University, str]) -> None:
    """Law: what stands in Salesforce was taken back, whatever is known here of how it came to that; and it was no ask."""
    uni, asked = taken_back
    open_again(uni, asked)
    uni.lose_state()
    uni.go_live()
    go(uni, 2)
    word, message = told(uni, asked)
    assert (word, message[-len(ANEW) :]) == ("withdrawn", ANEW)
    anew = uni.file()
    go(uni, 2)
    assert told(uni, anew) == ("received", "")


def test_a_task_that_leads_elsewhere_is_followed(uni: University) -> None:
    """Law: an officer relates the Task to another record: its end is the request's all the same, once it is compared."""
    asked = uni.file()
    go(uni, 2)
    task = uni.one("Task")["Id"]
    uni.edit(task, WhatId=uni.crm.seed("Account", [{"Name": "Navy"}])[0])
    uni.edit(uni.one("Career_Request__c")["Id"], Outcome__c="Fulfilled")
    uni.edit(task, Status="Completed")
    go(uni, 2)
    uni.sweep()
    go(uni, 2)
    assert told(uni, asked)[0] == "done"


def test_a_task_that_leads_to_another_request_is_followed(pair: University) -> None:
    """Law: at once, since Tasks of requests are listed; and it says nothing about the request that it leads to now."""
    asked, other = pair.file(), pair.file(person_id="a2")
    go(pair, 2)
    task = pair.one("Task", WhoId=pair.ada)["Id"]
    pair.edit(pair.one("Career_Request__c", Contact__c=pair.ada)["Id"], Outcome__c="Fulfilled")
    pair.edit(task, WhatId=pair.one("Career_Request__c", Contact__c=pair.grace)["Id"], Status="Completed")
    go(pair, 2)
    assert (told(pair, asked)[0], told(pair, other)[0]) == ("done", "received")


@pytest.mark.parametrize("then", ["", "emptied", "lost"])
@pytest.mark.parametrize("begun", [False, True])
def test_a_deleted_task_was_begun_if_it_was_begun_before(uni: University, *, begun: bool, then: str) -> None:
    """Law: what careers withdraw after its Task was deleted counts as an ask only if an officer had begun, as its status said."""
    asked = uni.file()
    go(uni, 2)
    task = uni.one("Task")["Id"]
    if begun:
        uni.edit(task, Status="In Progress")
        go(uni, 2)
    uni.crm.delete_as(uni.officer, task)
    if then == "emptied":
        uni.crm.empty_bin([task])
        uni.sweep()
    go(uni, 2)
    withdraw(uni, asked)
    if then == "lost":
        uni.lose_state()
        uni.go_live()
    go(uni, 2)
    assert uni.one("Career_Request__c")["State__c"] == "Withdrawn"
    second = uni.file(type="MOCK_INTERVIEW")
    go(uni, 2)
    assert told(uni, second)[0] == ("not available" if begun else "received")


def test_a_request_whose_record_is_deleted_leaves_nothing_refused(uni: University) -> None:
    """Law: what is gone cannot be told anything, and nobody could cure that; out of the bin it says where it stands by then."""
    asked = uni.file()
    go(uni, 2)
    record, task = uni.one("Career_Request__c")["Id"], uni.one("Task")["Id"]
    uni.crm.delete_as(uni.officer, record)
    go(uni, 2)
    assert (told(uni, asked)[0], status(uni.ctx)["refused"]) == ("waiting", [])
    withdraw(uni, asked)
    go(uni, 2)
    assert (told(uni, asked)[0], status(uni.ctx)["refused"]) == ("withdrawn", [])
    uni.crm.undelete_as(uni.officer, record)
    go(uni, 2)
    assert (uni.one("Career_Request__c")["State__c"], uni.one("Task")["Id"]) == ("Withdrawn", task)
    assert (uni.one("Task")["Status"], status(uni.ctx)["refused"]) == ("Completed", [])


def test_words_wait_until_requests_travel_again(tmp_path: Path) -> None:
    """Law: while requests are switched off no word of theirs is refused, nor what waited; switched on again, careers hear it."""
    uni = Apart(state=tmp_path / "state.db", own=True)
    uni.alumna()
    uni.go_live()
    asked = uni.file()
    go(uni, 2)
    record, task = uni.one("Career_Request__c")["Id"], uni.one("Task")["Id"]
    uni.edit(task, Status="In Progress")
    uni.career_wire.order(WireFault.REFUSE, ".*acknowledge.*", count=8)
    go(uni)
    uni.career_wire.orders.clear()
    for own in (False, True):
        uni.own = own
        uni.restart()
        uni.prepare()
        go(uni, 3)
        if not own:
            uni.edit(record, Offered_Count__c=2)
            go(uni, 3)
            assert (told(uni, asked)[0], status(uni.ctx)["refused"]) == ("received", [])
    assert (told(uni, asked)[0], status(uni.ctx)["refused"]) == ("offered", [])


def test_what_an_officer_opened_again_stays_open(taken_back: tuple[University, str]) -> None:
    """Law: the Task of what was withdrawn is closed once; whoever goes on with it all the same is not stopped by a lost state."""
    uni, _ = taken_back
    uni.edit(uni.one("Task")["Id"], Status="In Progress")
    go(uni, 2)
    uni.lose_state()
    uni.go_live()
    go(uni, 2)
    assert uni.one("Task")["Status"] == "In Progress"


@pytest.mark.parametrize("told_first", [False, True])
def test_a_task_that_comes_back_is_closed_for_what_was_withdrawn(uni: University, *, told_first: bool) -> None:
    """Law: withdrawn while its Task lay in the bin, whether Salesforce has been told of that by then or not."""
    asked = uni.file()
    go(uni, 2)
    task = uni.one("Task")["Id"]
    uni.crm.delete_as(uni.officer, task)
    go(uni, 2)
    withdraw(uni, asked)
    go(uni, 2 if told_first else 0)
    uni.crm.undelete_as(uni.officer, task)
    go(uni, 3)
    assert (told(uni, asked)[0], uni.one("Task")["Status"]) == ("withdrawn", "Completed")
