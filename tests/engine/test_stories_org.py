"""Stories about an org that its administrators have changed: rights taken from us, words of their own, a sweep turned away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.engine.cycle import cycle
from connector.engine.owed import owe_all
from connector.engine.report import health, status
from connector.engine.watch import guarded_cycle
from connector.errors import Refused
from emulator.inprocess import WireFault
from tests.engine.university import University

LONG = "Contradicts the official record of the registrar"


def add_word(uni: University, sobject: str, name: str, word: str) -> None:
    """An administrator adds a word to a picklist of ours."""
    there = uni.org.sobject(sobject).by_name[name.lower()].properties["picklistValues"]
    more = {"value": word, "label": word, "active": True, "defaultValue": False, "validFor": None}
    uni.crm.change_field(sobject, name, picklistValues=[*there, more])


@pytest.fixture(params=["sqlite", "postgresql"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[University]:
    """The bridge is live, and keeps its state on either."""
    address = request.getfixturevalue("postgresql") if request.param == "postgresql" else ""
    new = University(state=tmp_path / "state.db", address=address)
    new.ada = new.alumna()[0]
    new.go_live()
    yield new
    new.ctx.store.close()


def test_careers_go_on_where_the_sign_of_life_is_refused(uni: University) -> None:
    """Law: a right that was taken from us stops Salesforce's side by name; what careers say is read all the same."""
    lease = timedelta(minutes=10)
    guarded_cycle(uni.ctx, lease=lease)
    uni.crm.grant_field("Bridge_Status__c.Lease_Holder__c", "", holder="Alumni_Bridge_Daemon")
    uni.edit_person("a1", {"title": "Director"})
    for _ in range(12):
        uni.clock.move(timedelta(minutes=1))
        done = guarded_cycle(uni.ctx, lease=lease)
    assert [row["subject"] for row in status(uni.ctx)["halted"]] == ["crm"]
    assert done.read["careers"] is not None


def test_what_was_decided_goes_where_the_directory_is_refused(uni: University, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: without officers nobody can be given a request; that halts requests, and not what people are."""

    def refuse() -> Any:
        raise Refused(side="crm", code="INVALID_FIELD", detail="HTTP 400")

    monkeypatch.setattr(uni.crm_side, "directory", refuse)
    uni.edit_contact(uni.ada, Preferred_Name__c="Augusta")
    uni.file(person_id="a1")
    uni.run()
    assert [row["subject"] for row in status(uni.ctx)["halted"]] == ["requests"]
    assert uni.account("a1")["preferred_name"] == "Augusta"


def test_a_reason_of_the_orgs_own_words_is_taken(kept: University) -> None:
    """Law: a word that is longer than ours is cut, and stops nothing."""
    add_word(kept, "Suggested_Change__c", "Reason__c", LONG)
    kept.edit_person("a1", {"title": "Director"})
    kept.run()
    kept.edit(kept.one("Suggested_Change__c")["Id"], Decision__c="Reject", Reason__c=LONG)
    for _ in range(3):
        assert kept.run().halted == {}
    assert kept.one("Suggested_Change__c")["State__c"] == "Rejected"


def test_an_outcome_of_the_orgs_own_words_is_taken(kept: University) -> None:
    """Law: the same for how a request ended; of a word that we do not know nobody can tell what it means for careers."""
    add_word(kept, "Career_Request__c", "Outcome__c", LONG)
    request = kept.file(person_id="a1")
    kept.run()
    kept.edit(kept.one("Career_Request__c")["Id"], Outcome__c=LONG)
    kept.edit(kept.one("Task")["Id"], Status="Completed")
    for _ in range(3):
        assert kept.run().halted == {}
    assert kept.told(request)["state"] == "in progress"


def test_a_state_of_the_orgs_own_words_stops_no_recovery(uni: University) -> None:
    """Law: after a lost state a record that stands in a state of the org's own is worked as its Task stands."""
    add_word(uni, "Career_Request__c", "State__c", "On hold")
    request = uni.file(person_id="a1")
    uni.run()
    uni.lose_state()
    uni.edit(uni.one("Career_Request__c")["Id"], State__c="On hold")
    uni.go_live()
    for _ in range(3):
        assert uni.run().halted == {}
    assert (uni.one("Career_Request__c")["State__c"], uni.told(request)["state"]) == ("Queued", "received")


def test_monitoring_hears_of_a_sweep_that_never_ends(uni: University) -> None:
    """Law: where each try to compare a side breaks off for a day, that is a warning, until one comes to its end."""
    owe_all(uni.ctx)
    limits = uni.bridge().settings.status
    uni.career_wire.order(WireFault.LOSE_RESPONSE, "GET .*/people", count=10_000)
    for _ in range(3):
        uni.clock.move(timedelta(hours=13))
        cycle(uni.ctx)
    told = health(status(uni.ctx), limits, uni.clock.now())
    assert [reason for reason in told.reasons if "no sweep has come to its end" in reason] != []
    uni.career_wire.orders.clear()
    for _ in range(2):
        uni.run(seconds=3600)
    assert status(uni.ctx)["broken_off"] == {}
