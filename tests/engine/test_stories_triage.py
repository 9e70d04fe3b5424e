"""Stories about requests about somebody whom careers have no account of: triage finds out, and who was found counts as asked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.engine.test_stories_attached import withdraw
from tests.engine.test_stories_meanwhile import DAY, go, told
from tests.engine.university import University

HINT = {"person_id": None, "person_hint": {"name": "Ada Lovelace", "email": "x@example.org"}, "named": False}
OTHER = {"type": "MOCK_INTERVIEW", "named": False}


@pytest.fixture
def hinted(pair: University) -> University:
    """Careers have asked for somebody by name, and triage has the Task."""
    pair.request = pair.file(**HINT)
    go(pair, 2)
    return pair


def name(uni: University, contact: str, **more: str) -> None:
    """Triage says on the Task whom it is about."""
    uni.edit(uni.one("Task")["Id"], WhoId=contact, **more)
    go(uni, 2)


def ask_again(uni: University, account: str) -> str:
    """What careers read when they ask for the same person, by account, something else."""
    id = uni.file(**OTHER, person_id=account)
    go(uni, 2)
    return told(uni, id)[0]


@pytest.mark.parametrize("named", ["after", "meanwhile", "before the state was lost"])
def test_who_is_found_for_what_careers_took_back_was_not_asked(hinted: University, named: str) -> None:
    """Law: what was withdrawn before anybody had begun counts as no ask, whenever triage said whom it had been about."""
    if named == "before the state was lost":
        name(hinted, hinted.ada)
    task, once = hinted.one("Task")["Id"], list[str]()

    def find() -> None:
        if not once:
            once.append(task)
            hinted.edit(task, WhoId=hinted.ada)

    withdraw(hinted, hinted.request)
    if named == "meanwhile":
        hinted.before("/requests", find)
    go(hinted, 4)
    if named == "before the state was lost":
        hinted.lose_state()
        hinted.go_live()
        go(hinted, 2)
    elif named == "after":
        name(hinted, hinted.ada)
    assert ask_again(hinted, "a1") == "received"


def test_who_was_named_wrongly_was_not_asked(hinted: University) -> None:
    """Law: triage corrects whom the Task is about: that person counts as asked, and the other one does not."""
    name(hinted, hinted.grace)
    name(hinted, hinted.ada, Status="In Progress")
    assert (ask_again(hinted, "a1"), ask_again(hinted, "a2")) == ("not available", "received")


def test_who_is_named_on_the_record_alone_is_found(hinted: University) -> None:
    """Law: staff may say it on the request's record instead of on its Task."""
    hinted.edit(hinted.one("Career_Request__c")["Id"], Contact__c=hinted.ada)
    hinted.edit(hinted.one("Task")["Id"], Status="In Progress")
    go(hinted, 2)
    assert (ask_again(hinted, "a1"), ask_again(hinted, "a2")) == ("not available", "received")


def test_a_merge_that_nobody_read_moves_whom_triage_found(hinted: University) -> None:
    """Law: the Task names the survivor: the same ask of the survivor is attached, and no second Task."""
    name(hinted, hinted.ada, Status="In Progress")
    survivor = hinted.contact(FirstName="Ada", LastName="Lovelace", University_ID__c="U1001", Title="Analyst")
    hinted.crm.merge_as(hinted.officer, survivor, [hinted.ada])
    hinted.clock.move(timedelta(days=120))
    hinted.crm.empty_bin()
    hinted.run()
    hinted.sweep()
    hinted.run()
    again = hinted.file()
    hinted.run()
    assert (len(hinted.all("Task")), told(hinted, again)[1][:19]) == (1, "Attached to request")


def test_who_is_found_late_counts_from_then(pair: University) -> None:
    """Law: an ask by a hint that triage could place after a month only is an ask of that day, not of a month ago."""
    pair.file(**HINT)
    go(pair, 2)
    pair.run(seconds=35 * DAY)
    pair.edit(pair.one("Task")["Id"], WhoId=pair.ada, Status="In Progress")
    go(pair, 2)
    second = pair.file(**OTHER, person_id="a1")
    go(pair, 2)
    assert told(pair, second)[0] == "not available"
