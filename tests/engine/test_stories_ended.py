"""Stories about sharing that ends, for good or for a while, and about what cannot be seen when it does."""

from __future__ import annotations

import csv
import io
import os
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from connector.core.rulebook import Persons
from connector.engine.plans import resume, retry
from connector.engine.report import status
from connector.rules import load_rules
from connector.store.links import count_first_differences
from emulator.career.faults import Fault
from emulator.inprocess import WireFault
from tests.engine.test_stories_files import FileUniversity
from tests.engine.test_stories_meanwhile import go
from tests.engine.university import ALUMNA, FIELDS, University
from tests.systems import MAPPINGS


def asked(uni: University) -> list[tuple[str, str]]:
    """What staff are asked: kind and state."""
    return [(row["Kind__c"], row["State__c"]) for row in uni.all("Suggested_Change__c")]


def test_what_cannot_be_seen_as_a_consent_ends_is_cleared_later(uni: University) -> None:
    """Law: an answer that lacks the address in the cycle of the withdrawal does not leave it there for good."""
    uni.edit_contact(uni.ada, MailingStreet="1 Main St", MailingCity="Boston")
    go(uni)
    uni.edit_person("a1", {"consents.career_asks": False})
    uni.career_app.order(Fault.LACKING, "GET .*changes", count=1, value="address")
    go(uni)
    assert uni.account("a1")["address"]["city"] == "Boston"
    uni.edit_person("a1", {"interests": ["y"]})
    go(uni, 2)
    assert uni.account("a1")["address"]["city"] is None


@pytest.mark.parametrize("at_once", [True, False])
def test_what_was_sent_without_an_answer_is_cleared_too(uni: University, *, at_once: bool) -> None:
    """Law: that the answer to our own write was lost, and careers changed something else of it, makes it nobody else's."""
    uni.edit_contact(uni.ada, MailingStreet="1 Main St", MailingCity="Boston", Preferred_Name__c="Addie")
    uni.career_wire.order(WireFault.LOSE_RESPONSE, "PATCH|POST .*people", count=1)
    go(uni)
    uni.edit_person("a1", {"preferred_name": "Ad"})
    if at_once:
        uni.edit_contact(uni.ada, Consent_Career_Asks__c="No")
    go(uni, 2, seconds=120)
    uni.edit_contact(uni.ada, Consent_Career_Asks__c="No")
    go(uni, 4, seconds=120)
    assert uni.account("a1")["address"]["city"] is None


def test_who_is_deleted_at_careers_leaves_no_refused_write(uni: University) -> None:
    """Law: beside an account that is gone nothing can be noted: nothing waits for `retry` that could never succeed."""
    uni.edit_contact(uni.ada, Title="Director")
    uni.run()
    uni.career.delete("person", "a1", uni.career.keys["k-pat"])
    uni.run()
    uni.run()
    retry(uni.ctx)
    uni.run()
    assert status(uni.ctx)["refused"] == []


def test_what_was_emptied_before_a_short_exclusion_is_asked_about_again(uni: University) -> None:
    """Law: a death that was entered by mistake makes no gap of what the alumna has emptied."""
    uni.edit_contact(uni.ada, MobilePhone="+16175550777")
    go(uni)
    uni.edit_person("a1", {"phone_mobile": None})
    go(uni)
    uni.edit_contact(uni.ada, Deceased__c=True)
    go(uni, 2)
    uni.edit_contact(uni.ada, Deceased__c=False)
    go(uni, 3)
    assert asked(uni) == [("Clear", "Withdrawn"), ("Clear", "Open")]
    assert uni.account("a1")["phone_mobile"] is None


def test_a_first_difference_outlasts_a_short_exclusion(new: University) -> None:
    """Law: what waits for a choice waits on, and what careers empty meanwhile is not filled."""
    contact = {FIELDS[name][0]: value for name, value in (ALUMNA | {"mobile": "+16175550444"}).items()}
    new.ada = new.contact(**contact)
    new.person("a1", **{FIELDS[name][1]: value for name, value in ALUMNA.items()})
    new.go_live()
    new.edit_contact(new.ada, Deceased__c=True)
    go(new, 2)
    new.edit_person("a1", {"phone_mobile": None})
    go(new)
    new.edit_contact(new.ada, Deceased__c=False)
    go(new, 3)
    with new.ctx.store.begin() as db:
        assert count_first_differences(db) == {"phone_mobile": 1}
    assert new.account("a1")["phone_mobile"] is None


def test_a_question_about_what_was_put_back_outlasts_the_state(uni: University) -> None:
    """Law: that careers hold the owner's value again is no answer: after the loss of the state the question stays open."""
    uni.edit_person("a1", {"last_name": "King"})
    go(uni)
    uni.lose_state()
    uni.go_live()
    go(uni, 3)
    assert asked(uni) == [("Change", "Open")]
    uni.edit_contact(uni.ada, LastName="King")
    go(uni, 2)
    assert (asked(uni), uni.account("a1")["last_name"]) == ([("Change", "Accepted")], "King")


_HELD = """
[read.no_share]
label = "Not to be shared"
crm = "Degree__c"
transform = { name = "boolean", yes = "Yes", no = "No" }

# ---- Names:"""


def test_an_exclusion_that_cannot_be_read_lets_nothing_by(tmp_path: Path) -> None:
    """Law: neither excluded nor not: nothing goes and nothing is cleared, and `status` says whose value cannot be read."""
    folder = shutil.copytree(MAPPINGS, tmp_path / "mappings")
    person = folder / "person.toml"
    text = person.read_text().replace('exclude = ["deceased", "do_not_contact"]', 'exclude = ["deceased", "no_share"]')
    begin, end = text.index("[field.degree]"), text.index("[field.", text.index("[field.degree]") + 1)
    text = (text[:begin] + text[end:]).replace('"major", "degree"]', '"major"]').replace('degree = "degree"\n', "")
    person.write_text(text.replace("# ---- Names:", _HELD.lstrip("\n"), 1))
    uni = University(state=tmp_path / "state.db", rules=load_rules(folder))
    ada = uni.alumna()[0]
    uni.edit_contact(ada, Degree__c="Yes")
    uni.go_live()
    uni.edit_contact(ada, Title="Countess", Degree__c="Yes (by letter)")
    go(uni, 2)
    assert uni.account("a1")["title"] == ALUMNA["title"]
    with uni.ctx.store.begin() as db:
        reasons = [row.reason for row in db.exec_driver_sql("select reason from parked")]
    assert reasons == ["no_share: crm: neither true nor false"]


def test_a_consent_of_careers_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    """Law: a cell that says more than yes or no gives no consent: nothing new goes out until somebody has put it right."""
    folder = tmp_path / "drop"
    folder.mkdir()
    uni = FileUniversity(state=tmp_path / "state.db", folder=folder)
    ada = uni.alumna()[0]
    uni.export()
    uni.go_live()
    table = folder / "people.csv"
    lines = list(csv.DictReader(io.StringIO(table.read_text())))
    lines[0]["consents.career_asks"] = "revoked 2026-10-30"
    written = io.StringIO()
    writer = csv.DictWriter(written, lines[0].keys())
    writer.writeheader()
    writer.writerows(lines)
    table.write_text(written.getvalue())
    at = uni.clock.now().timestamp()
    os.utime(table, (at, at))
    uni.clock.move(timedelta(minutes=1))
    go(uni)
    uni.edit_contact(ada, MobilePhone="+16175550999")
    go(uni, 2)
    assert uni.files() == []


@pytest.mark.parametrize("how", ["consent", "bin"])
def test_a_rejection_counts_though_sharing_ends_at_once(uni: University, how: str) -> None:
    """Law: what staff rejected in the minute in which consent or contact went is not asked again once that is back."""
    uni.edit_person("a1", {"phone_mobile": "+16175550199"})
    uni.run()
    uni.edit(uni.one("Suggested_Change__c")["Id"], Decision__c="Reject", Reason__c="Incorrect")
    if how == "consent":
        uni.edit_contact(uni.ada, Consent_Career_Asks__c="No")
        uni.run()
        uni.edit_contact(uni.ada, Consent_Career_Asks__c="Yes")
        uni.run()
        uni.edit_person("a1", {"consents.career_asks": True})
    else:
        uni.crm.delete_as(uni.officer, uni.ada)
        uni.run()
        uni.crm.undelete_as(uni.officer, uni.ada)
    go(uni, 2)
    assert [row["State__c"] for row in uni.all("Suggested_Change__c")] == ["Rejected"]


@pytest.mark.parametrize("way", ["no contact", "bin", "both moved"])
def test_what_was_put_back_is_asked_again_after_a_short_exclusion(uni: University, way: str) -> None:
    """Law: a question that is withdrawn as sharing ends, and alone knows of what we put back, is asked again, once."""
    if way == "both moved":
        uni.edit_contact(uni.ada, LinkedIn_URL__c="https://www.linkedin.com/in/ada")
        uni.edit_person("a1", {"linkedin_url": "https://www.linkedin.com/in/lovelace"})
    else:
        uni.edit_person("a1", {"last_name": "King"})
    go(uni)
    if way == "bin":
        uni.crm.delete_as(uni.officer, uni.ada)
        go(uni)
        uni.crm.undelete_as(uni.officer, uni.ada)
    else:
        uni.edit_contact(uni.ada, Do_Not_Contact__c=True)
        go(uni)
        uni.edit_contact(uni.ada, Do_Not_Contact__c=False)
        go(uni)
        uni.edit_person("a1", {"do_not_contact": False})
    go(uni, 2)
    assert asked(uni) == [("Change", "Withdrawn"), ("Change", "Open")]
    uni.edit(uni.one("Suggested_Change__c", State__c="Open")["Id"], Decision__c="Reject", Reason__c="Incorrect")
    go(uni, 2)
    assert asked(uni) == [("Change", "Withdrawn"), ("Change", "Rejected")]


def test_what_the_owner_has_answered_meanwhile_is_not_asked_again(uni: University) -> None:
    """Law: who changes the value while nothing is shared has answered the question about it."""
    uni.edit_person("a1", {"last_name": "King"})
    go(uni)
    uni.edit_contact(uni.ada, Deceased__c=True)
    go(uni)
    uni.edit_contact(uni.ada, LastName="Byron")
    go(uni)
    uni.edit_contact(uni.ada, Deceased__c=False)
    go(uni, 2)
    assert (asked(uni), uni.account("a1")["last_name"]) == ([("Change", "Withdrawn")], "Byron")


@pytest.mark.parametrize("how", ["refused", "dropped"])
def test_what_is_asked_again_is_not_lost_with_the_question(uni: University, how: str) -> None:
    """Law: a question that is raised again after an exclusion, and refused or dropped with its plan, is raised once more."""
    uni.edit_person("a1", {"last_name": "King"})
    go(uni)
    uni.crm.delete_as(uni.officer, uni.ada)
    go(uni)
    wide = uni.ctx
    if how == "refused":
        uni.crm.order_refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION", sobject="Suggested_Change__c", count=999)
    else:
        brakes = {side: replace(known, max_changes=0) for side, known in wide.person.brakes.items()}
        uni.ctx = replace(wide, persons=Persons(usual=replace(wide.person, brakes=brakes)))
    uni.crm.undelete_as(uni.officer, uni.ada)
    go(uni, 2)
    uni.crm.clear_faults()
    uni.ctx = wide
    resume(uni.ctx, "plan")
    uni.edit_contact(uni.ada, Title="Director")
    go(uni, 3)
    assert asked(uni) == [("Change", "Withdrawn"), ("Change", "Open")]


def test_what_both_had_moved_is_asked_again_once_consent_is_back(uni: University) -> None:
    """Law: where what was shared had been cleared meanwhile, the question comes back with the value, and not by a sweep."""
    uni.edit_contact(uni.ada, MailingStreet="1 Main St", MailingCity="Boston")
    go(uni)
    uni.edit_contact(uni.ada, MailingStreet="2 Main St")
    uni.edit_person("a1", {"address.street": "9 Elm St"})
    go(uni)
    uni.edit_contact(uni.ada, Consent_Career_Asks__c="No")
    go(uni)
    uni.edit_contact(uni.ada, Consent_Career_Asks__c="Yes")
    go(uni)
    uni.edit_person("a1", {"consents.career_asks": True})
    go(uni, 4)
    assert asked(uni)[-1] == ("Change", "Open")
