"""Stories of what has become old: hosts that slept, writes that waited, ends that were read late, rows that were tidied away."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connector.engine.halting import clear_halt, set_halt
from connector.engine.plans import approve, retry
from connector.engine.report import status
from connector.engine.watch import remind, tidy
from emulator.career.errors import invalid
from tests.engine.test_stories_plans import digest_of
from tests.engine.test_stories_trouble import crowd
from tests.engine.university import University

DAY = timedelta(days=1)


def fulfil(uni: University) -> None:
    """The officer has done what was asked."""
    uni.edit(uni.one("Career_Request__c")["Id"], Outcome__c="Fulfilled")
    uni.edit(uni.one("Task")["Id"], Status="Completed")


@pytest.mark.parametrize("how", ["state lost", "asleep", "halted"])
def test_what_ended_long_ago_absorbs_nothing_new(uni: University, how: str) -> None:
    """Law: the end of a request is when it ended, not when we read of it: who asks for the same months later is served."""
    uni.file()
    uni.run()
    if how == "halted":
        with uni.ctx.store.begin() as db:
            set_halt(uni.ctx, db, "crm", "by hand", "wait")
    fulfil(uni)
    if how == "state lost":
        uni.run()
    uni.clock.move(120 * DAY)
    if how == "state lost":
        uni.lose_state()
        uni.go_live()
    if how == "halted":
        with uni.ctx.store.begin() as db:
            clear_halt(db, "crm")
    uni.run()
    new = uni.file()
    uni.run()
    assert (len(uni.all("Task")), uni.told(new)["state"]) == (2, "received")


def test_a_merge_that_nobody_could_read_any_more_takes_its_requests_along(uni: University) -> None:
    """Law: where a merged contact has left the Recycle Bin, requests are about whom their records name."""
    uni.file()
    uni.run()
    other = uni.contact(
        FirstName="Ada", LastName="Lovelace", University_ID__c="U1001", Title="Analyst", MobilePhone="+16175550123"
    )
    uni.crm.merge_as(uni.officer, other, [uni.ada])
    uni.clock.move(120 * DAY)
    uni.crm.empty_bin()
    uni.run()
    uni.sweep()
    uni.run()
    again = uni.file()
    uni.run()
    assert (len(uni.all("Task")), uni.told(again)["message"][:19]) == (1, "Attached to request")


def test_what_was_refused_for_weeks_is_routed_by_what_is_known_now(new: University) -> None:
    """Law: a request that is made weeks after it came has deadlines of today, and counts as asked from today."""
    crowd(new, 2)
    new.crm.order_refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION", sobject="Career_Request__c", count=9)
    new.file(person_id="m0")
    new.run()
    new.crm.clear_faults()
    new.clock.move(31 * DAY)
    assert retry(new.ctx) == 1
    new.run()
    assert new.one("Task")["ActivityDate"] > new.clock.now().date().isoformat()
    new.clock.move(2 * DAY)
    again = new.file(person_id="m0", type="PANEL")
    new.run()
    assert new.told(again)["state"] == "not available"


def test_the_record_of_a_reminder_is_no_open_request(uni: University) -> None:
    """Law: what reminds the stewards does not stay among the open requests when its Task is done."""
    uni.edit_person("a1", {"phone_mobile": "+16175550199"})
    uni.run()
    for _ in range(2):
        uni.clock.move(20 * DAY)
        remind(uni.ctx, after=14 * DAY)
        uni.run()
    uni.edit(uni.one("Task")["Id"], Status="Completed")
    uni.run()
    assert uni.one("Career_Request__c")["State__c"] == "Recorded only"


@pytest.mark.parametrize("how", ["read", "out of the bin"])
def test_nobody_is_reminded_of_a_question_that_is_gone(uni: University, how: str) -> None:
    """Law: a question that somebody has deleted waits for nobody: no reminder, and no write that is refused for good."""
    uni.edit_person("a1", {"phone_mobile": "+16175550199"})
    uni.run()
    uni.run()
    uni.crm.delete_as(uni.officer, uni.one("Suggested_Change__c")["Id"])
    if how == "out of the bin":
        uni.clock.move(20 * DAY)
        uni.crm.empty_bin()
    uni.run()
    uni.sweep()
    for _ in range(4):
        uni.clock.move(15 * DAY)
        remind(uni.ctx, after=14 * DAY)
        uni.run()
    assert (uni.all("Task"), status(uni.ctx)["refused"]) == ([], [])


def test_what_was_approved_stays_approved(new: University) -> None:
    """Law: writes of a plan that a person has approved do not count for the brake of a day, however late they go out."""
    made = crowd(new, 8, max_24h=4)
    for id in made[:6]:
        new.edit_contact(id, Title="Director")
    assert new.run().halted
    for n in range(6):
        new.career.refusals[f"m{n}"] = invalid("title", "Locked.")
    assert approve(new.ctx, digest_of(new))
    new.run()
    new.clock.move(100 * DAY)
    new.run()
    new.career.refusals.clear()
    tidy(new.ctx, before=new.clock.now() - 90 * DAY)
    assert retry(new.ctx) == 6
    new.run()
    new.edit_contact(made[7], Title="Dean")
    assert new.run().halted == {}
