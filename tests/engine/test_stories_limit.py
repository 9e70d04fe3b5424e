"""Stories about whom careers may ask how often, and what is the same ask: counted is who was asked, and when."""

from __future__ import annotations

import pytest

from connector.engine.erasing import erase_person
from tests.engine.university import University

MONTH = 31 * 86_400.0
LETTER = {"type": "REC_LETTER", "title": "A letter for Delft"}


def told(uni: University, request: str) -> str:
    """What careers read about a request."""
    return str(uni.told(request)["state"])


@pytest.fixture
def asked(uni: University) -> University:
    """Somebody who was asked by careers just now."""
    uni.request = uni.file()
    uni.run()
    return uni


def test_what_an_alumna_asks_twice_is_one_task(uni: University) -> None:
    """Law: what alumni ask of us under the same title, while the first is open, is attached to it; another title is not."""
    first = uni.file(**LETTER)
    uni.run()
    again, other = uni.file(**LETTER | {"title": "A Letter for  Delft!"}), uni.file(**LETTER | {"title": "A letter for Leiden"})
    uni.run()
    assert uni.told(again)["message"] == f"Attached to request {uni.told(first)['number']}."
    assert sorted(task["Subject"] for task in uni.all("Task")) == [
        "Recommendation letter: A letter for Delft",
        "Recommendation letter: A letter for Leiden",
    ]
    assert told(uni, other) == "received"


def test_what_an_alumna_asks_again_after_the_end_is_a_task_of_its_own(uni: University) -> None:
    """Law: once the first is over, the same title is another ask."""
    uni.file(**LETTER)
    uni.run()
    uni.edit(uni.one("Career_Request__c")["Id"], Outcome__c="Fulfilled")
    uni.edit(uni.one("Task")["Id"], Status="Completed")
    uni.run()
    uni.file(**LETTER)
    uni.run()
    assert len(uni.all("Task")) == 2


def test_what_was_withdrawn_before_anybody_began_counts_as_no_ask(asked: University) -> None:
    """Law: careers who take a mistake back at once may ask for what they meant."""
    asked.call("k-pat", "PATCH", f"/requests/{asked.request}", {"state": "withdrawn"})
    asked.run()
    second = asked.file(type="MOCK_INTERVIEW", title="Practise")
    asked.run()
    assert told(asked, second) == "received"


def test_what_was_withdrawn_once_an_officer_had_begun_counts(asked: University) -> None:
    """Law: whom an officer may have asked already is not asked for something else at once."""
    asked.edit(asked.one("Task")["Id"], Status="In Progress")
    asked.run()
    asked.call("k-pat", "PATCH", f"/requests/{asked.request}", {"state": "withdrawn"})
    asked.run()
    second = asked.file(type="MOCK_INTERVIEW", title="Practise")
    asked.run()
    assert told(asked, second) == "not available"


def test_what_was_withdrawn_as_an_officer_began_counts(asked: University) -> None:
    """Law: the same where both are read in the same cycle."""
    asked.edit(asked.one("Task")["Id"], Status="In Progress")
    asked.call("k-pat", "PATCH", f"/requests/{asked.request}", {"state": "withdrawn"})
    asked.run()
    second = asked.file(type="MOCK_INTERVIEW", title="Practise")
    asked.run()
    assert told(asked, second) == "not available"


def test_what_was_withdrawn_at_once_counts_as_no_ask_for_good(asked: University) -> None:
    """Law: neither a Task that lay in the bin nor the loss of the state makes it one."""
    asked.call("k-pat", "PATCH", f"/requests/{asked.request}", {"state": "withdrawn"})
    asked.run()
    task = asked.one("Task")["Id"]
    asked.crm.delete_as(asked.officer, task)
    asked.run()
    asked.crm.undelete_as(asked.officer, task)
    asked.run()
    asked.run()
    second = asked.file(type="MOCK_INTERVIEW", title="Practise")
    asked.run()
    assert told(asked, second) == "received"
    asked.call("k-pat", "PATCH", f"/requests/{second}", {"state": "withdrawn"})
    asked.run()
    asked.lose_state()
    asked.go_live()
    for _ in range(3):
        asked.run()
    third = asked.file(type="SHADOW_VISIT", title="A day at work")
    asked.run()
    assert told(asked, third) == "received"


def test_what_is_not_understood_any_more_counts_as_no_ask(uni: University) -> None:
    """Law: a request that Salesforce would not have, and that careers then make a mess of, has asked nobody."""
    uni.crm.order_refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION", sobject="Career_Request__c", count=1)
    first = uni.file()
    uni.run()
    uni.call("k-pat", "PATCH", f"/requests/{first}", {"type": "MENTOR_FLASHH"})
    uni.run()
    assert told(uni, first) == "refused"
    second = uni.file(type="MOCK_INTERVIEW", title="Practise")
    uni.run()
    assert told(uni, second) == "received"


def test_an_ask_counts_from_when_it_became_a_task(uni: University) -> None:
    """Law: what could not be understood for a month and is corrected then is an ask of that day."""
    first = uni.file(type="MENTOR_FLASHH")
    uni.run()
    uni.run(seconds=MONTH)
    uni.call("k-pat", "PATCH", f"/requests/{first}", {"type": "MENTOR_FLASH"})
    uni.run()
    assert told(uni, first) == "received"
    second = uni.file(type="MOCK_INTERVIEW", title="Practise")
    uni.run()
    assert told(uni, second) == "not available"


def test_an_ask_found_again_counts_from_when_it_was_made(asked: University) -> None:
    """Law: after the loss of the state, Salesforce says who was asked and when; a month later they may be asked again."""
    asked.run(seconds=20 * 86_400.0)
    asked.lose_state()
    asked.go_live()
    asked.run()
    early = asked.file(type="MOCK_INTERVIEW", title="Practise")
    asked.run()
    assert told(asked, early) == "not available"
    asked.run(seconds=MONTH - 20 * 86_400.0)
    late = asked.file(type="SHADOW_VISIT", title="A day at work")
    asked.run()
    assert told(asked, late) == "received"


def test_whom_salesforce_knows_as_not_asked_is_not_counted(asked: University) -> None:
    """Law: a request that waited over the limit when the state was lost waits still, and is no ask when it is found."""
    waits = asked.file(type="MOCK_INTERVIEW", title="Practise")
    asked.run()
    asked.run(seconds=MONTH)
    asked.lose_state()
    asked.go_live()
    for _ in range(3):
        asked.run()
    assert told(asked, waits) == "not available"
    third = asked.file(type="SHADOW_VISIT", title="A day at work")
    asked.run()
    assert told(asked, third) == "received"
    assert asked.one("Career_Request__c", Type__c="SHADOW_VISIT")["Contact__c"] == asked.ada


def test_an_ask_that_was_stopped_counts_no_more_for_a_person_who_was_forgotten(asked: University) -> None:
    """Law: that we forget why somebody was not asked does not make it an ask."""
    asked.run(seconds=20 * 86_400.0)
    asked.file(type="MOCK_INTERVIEW", title="Practise")
    asked.run()
    erase_person(asked.ctx, "careers", "a1")
    asked.run(seconds=15 * 86_400.0)
    asked.edit_person("a1", {"title": "Countess"})
    asked.edit_contact(asked.ada, Preferred_Name__c="Augusta")
    asked.run()
    third = asked.file(type="SHADOW_VISIT", title="A day at work")
    asked.run()
    assert told(asked, third) == "received"
    assert asked.one("Career_Request__c", Type__c="SHADOW_VISIT")["Contact__c"] == asked.ada
