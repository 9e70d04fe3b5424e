"""After convergence nothing is written: every write method of both sides raises, and the bridge runs on without noticing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from connector.engine import stage
from connector.engine.cycle import cycle
from connector.ports import CareerSide, CrmSide
from tests.engine.university import University

CRM_WRITES = ("create", "update", "claim")
CAREER_WRITES = ("update", "note", "acknowledge")


class Untouchable:
    """A side that may be read; whoever writes to it fails the test."""

    def __init__(self, side: CrmSide | CareerSide, writes: tuple[str, ...]) -> None:
        self._side, self._writes = side, writes

    def __getattr__(self, name: str) -> object:
        if name in self._writes:
            raise AssertionError(f"{name} was called after everything had come to rest")
        return getattr(self._side, name)


def rest(uni: University, cycles: int = 3) -> None:
    """So many cycles in which nothing may be written on either side."""
    crm = Untouchable(uni.ctx.crm, CRM_WRITES)
    careers = {name: Untouchable(side, CAREER_WRITES) for name, side in uni.ctx.careers.items()}
    untouchable = replace(uni.ctx, crm=crm, careers=careers)  # type: ignore[arg-type]
    for _ in range(cycles):
        uni.clock.move(timedelta(minutes=1))
        done = cycle(untouchable)
        assert (done.down, done.halted) == ({}, {})


def _edit(uni: University) -> None:
    uni.edit_contact(uni.ada, Title="Director", Preferred_Name__c="Addie")


def _outside_edit(uni: University) -> None:
    uni.edit_person("a1", {"phone_mobile": "+16175550199", "last_name": "King", "class_year": None})


def _request(uni: University) -> None:
    uni.file()


def _opt_out(uni: University) -> None:
    uni.edit_person("a1", {"consents.mentoring": False, "do_not_contact": True})


def _withdrawal(uni: University) -> None:
    uni.edit_contact(uni.ada, MailingCity="Boston")
    uni.run()
    uni.edit_contact(uni.ada, Consent_Career_Asks__c="No")


def _stranger(uni: University) -> None:
    uni.person("a7", first_name="Mary", last_name="Somerville", email_personal="mary@example.net")
    uni.edit_person("a7", {"title": "Astronomer"})


def _deletion(uni: University) -> None:
    uni.crm.delete_as(uni.officer, uni.ada)


def _answer(uni: University) -> None:
    uni.edit_person("a1", {"phone_mobile": "+16175550199"})
    uni.run()
    uni.edit(uni.one("Suggested_Change__c")["Id"], Decision__c="Reject", Reason__c="Incorrect")


@pytest.mark.parametrize(
    "happens",
    [_edit, _outside_edit, _request, _opt_out, _withdrawal, _stranger, _deletion, _answer],
    ids=lambda one: one.__name__,
)
def test_it_comes_to_rest(uni: University, happens: Callable[[University], None]) -> None:
    """Whatever happened, two cycles carry it out, and from then on nothing is written: our own writes are no news to us."""
    happens(uni)
    uni.run()
    uni.run()
    rest(uni)


def test_our_own_tasks_move_nothing(uni: University) -> None:
    """Creating a Task moves its contact's stamps; the cycle right after it reads that, and writes nothing."""
    uni.file()
    uni.run()
    rest(uni, 1)


def test_first_load_comes_to_rest(pair: University) -> None:
    """Right after going live there is nothing left to do."""
    rest(pair)


def test_rest_survives_a_restart(uni: University) -> None:
    """A new process on a state at rest writes nothing."""
    uni.file()
    uni.run()
    uni.run()
    uni.restart()
    uni.prepare()
    rest(uni)


def test_a_whole_read_finds_nothing_to_write(uni: University) -> None:
    """A sweep, or reading and judging everything anew, leads to no write where the sides agree."""
    uni.edit_contact(uni.ada, MailingStreet="1 Main St", MailingCountry="United States", LinkedIn_URL__c="linkedin.com/in/ada")
    uni.edit_person("a1", {"interests": ["b", "a"], "mentor_availability": "paused", "outcome_as_of": "2026-10-01"})
    uni.run()
    uni.run()
    assert uni.sweep()
    rest(uni)
    stage.go_live(uni.ctx)
    rest(uni)


def test_a_quiet_cycle_is_cheap(pair: University) -> None:
    """A cycle in which nothing has changed costs at most three calls to Salesforce and one to careers."""
    pair.run()
    pair.run(seconds=600)
    crm, careers = pair.crm.call_count(), pair.career_app.calls.total()
    pair.run(seconds=300)
    assert pair.crm.call_count() - crm <= 3
    assert pair.career_app.calls.total() - careers <= 1
