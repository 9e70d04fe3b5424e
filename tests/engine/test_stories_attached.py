"""Stories about asks that are attached to another one: where that goes they go, and nobody waits for what is not worked on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connector.engine.plans import retry
from tests.engine.test_stories_meanwhile import go, told
from tests.engine.university import University

LETTER = {"type": "REC_LETTER", "title": "A letter for Delft"}
ANEW = "file this anew if it is still needed."


def withdraw(uni: University, request: str) -> None:
    """Pat takes a request back."""
    uni.call("k-pat", "PATCH", f"/requests/{request}", {"state": "withdrawn"})


@pytest.fixture
def twice(pair: University) -> tuple[University, str, str]:
    """Careers have asked the same about the same person twice."""
    first = pair.file()
    go(pair, 2)
    again = pair.file(title="Another")
    go(pair, 2)
    return pair, first, again


@pytest.mark.parametrize("how", ["closed without outcome", "task deleted", "done, taken back, outcome removed"])
def test_what_is_attached_ends_with_what_careers_take_back(twice: tuple[University, str, str], how: str) -> None:
    """Law: whatever state the first request is withdrawn in, who asked the same reads to file it anew."""
    uni, first, again = twice
    record, task = uni.one("Career_Request__c", Request_Number__c=uni.told(first)["number"])["Id"], uni.one("Task")["Id"]
    if how == "task deleted":
        uni.crm.delete_as(uni.officer, task)
    elif how == "closed without outcome":
        uni.edit(task, Status="Completed")
    else:
        uni.edit(record, Outcome__c="Fulfilled")
        uni.edit(task, Status="Completed")
    go(uni, 3)
    withdraw(uni, first)
    go(uni, 3)
    if how.startswith("done"):
        uni.edit(record, Outcome__c=None)
        go(uni, 3)
    assert told(uni, first)[0] == "withdrawn"
    assert (told(uni, again)[0], told(uni, again)[1][-len(ANEW) :]) == ("not available", ANEW)


def test_what_is_about_somebody_else_by_now_is_not_attached_any_more(twice: tuple[University, str, str]) -> None:
    """Law: staff correct whom the first is about, and do it: who asked about the other person is not told that it is done."""
    uni, first, again = twice
    record = uni.one("Career_Request__c", Request_Number__c=uni.told(first)["number"])["Id"]
    uni.edit(record, Contact__c=uni.grace, Outcome__c="Fulfilled")
    uni.edit(uni.one("Task")["Id"], WhoId=uni.grace, Status="Completed")
    go(uni, 3)
    assert (told(uni, first)[0], told(uni, again)[0], told(uni, again)[1][-len(ANEW) :]) == ("done", "not available", ANEW)


def test_a_merge_leaves_attached_what_is_attached(twice: tuple[University, str, str]) -> None:
    """Law: where both are about the survivor of a merge, they go on to belong together, read as a merge or not."""
    uni, first, again = twice
    survivor = uni.contact(FirstName="Ada", LastName="Lovelace", University_ID__c="U1001", Title="Analyst")
    uni.crm.merge_as(uni.officer, survivor, [uni.ada])
    uni.clock.move(timedelta(days=20))
    uni.crm.empty_bin()
    go(uni, 2)
    uni.sweep()
    go(uni, 2)
    uni.edit(uni.one("Career_Request__c", Request_Number__c=uni.told(first)["number"])["Id"], Outcome__c="Fulfilled")
    uni.edit(uni.one("Task")["Id"], Status="Completed")
    go(uni, 2)
    assert (told(uni, first)[0], told(uni, again)[0]) == ("done", "done")


def test_what_was_taken_back_while_the_state_was_lost_holds_nobody(twice: tuple[University, str, str]) -> None:
    """Law: after a lost state an attached ask whose request is gone is told so, instead of waiting for ever."""
    uni, first, again = twice
    uni.edit(uni.one("Task")["Id"], Status="In Progress")
    go(uni, 2)
    withdraw(uni, first)
    uni.lose_state()
    uni.go_live()
    go(uni, 4)
    assert (told(uni, again)[0], told(uni, again)[1][-len(ANEW) :]) == ("not available", ANEW)
    assert {record["Neutral__c"] for record in uni.all("Career_Request__c")} == {"withdrawn", "not available"}


def test_a_lost_state_leaves_attached_what_is_attached(twice: tuple[University, str, str]) -> None:
    """Law: where the first one goes on, the other goes as it goes, also with a new state."""
    uni, first, again = twice
    uni.lose_state()
    uni.go_live()
    go(uni, 2)
    uni.edit(uni.one("Task")["Id"], Status="In Progress")
    go(uni, 3)
    assert (told(uni, first)[0], told(uni, again)[0]) == ("in progress", "in progress")


def test_what_belongs_to_another_ask_belongs_there_also_once_that_is_over(uni: University) -> None:
    """Law: an ask that was attached and whose record Salesforce refused gets no Task of its own when looked at once more."""
    first = uni.file(**LETTER)
    uni.run()
    uni.crm.order_refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION", sobject="Career_Request__c", count=1)
    again = uni.file(**LETTER)
    uni.run()
    uni.edit(uni.one("Career_Request__c")["Id"], Outcome__c="Fulfilled")
    uni.edit(uni.one("Task")["Id"], Status="Completed")
    uni.run()
    assert (retry(uni.ctx), told(uni, first)[0], told(uni, again)[0]) == (1, "done", "done")
    uni.clock.move(timedelta(days=2))
    uni.call("k-pat", "PATCH", f"/requests/{again}", {"text": "By Friday"})
    uni.run()
    assert (len(uni.all("Task")), told(uni, again)[0]) == (1, "done")
    assert [record["State__c"] for record in uni.all("Career_Request__c")] == ["Done", "Recorded only"]
