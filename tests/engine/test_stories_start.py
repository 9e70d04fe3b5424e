"""Stories about beginning: first load, first differences, pilot, modes, pins, the lease, and the loss of the state."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.core.model import Mode
from connector.core.rulebook import Persons
from connector.engine import first_differences, permission, planner, stage
from connector.engine.collect import collect_crm
from connector.engine.cycle import cycle, prepare
from connector.engine.plans import resume
from connector.engine.report import status
from connector.engine.watch import go_live, guarded_cycle
from connector.errors import Halt
from emulator.career.errors import invalid
from tests.engine.conftest import GRACE
from tests.engine.university import REGROUPED, University

LEASE = timedelta(minutes=10)


def test_nothing_is_written_before_going_live(new: University) -> None:
    """An installation that is not live reads and links, and writes nothing to either side; no request is taken up."""
    new.alumna(title="Countess")
    new.person("a7", first_name="Nobody", last_name="Known", email_personal="nobody@example.org")
    new.file()
    new.prepare()
    for _ in range(3):
        new.run()
    new.edit_person("a1", {"phone_mobile": "+16175550199", "consents.mentoring": False})
    new.run()
    assert new.writes_of_bridge() == 0
    assert status(new.ctx)["stage"] == "observing"
    assert status(new.ctx)["links"] == {"linked": 1, "new": 1}


def test_the_first_load_links_and_makes_profiles(new: University) -> None:
    """Going live makes one career profile for each linked person, tells what careers lack, and then rests."""
    new.alumna()
    new.alumna("a2", **(GRACE | {"employer": "Navy"}))
    new.run()
    new.go_live()
    assert {row["Account_Id__c"] for row in new.all("Career_Profile__c", Link_State__c="Linked")} == {"a1", "a2"}
    written = new.writes_of_bridge()
    new.run()
    assert new.writes_of_bridge() == written


def test_an_empty_value_at_careers_is_filled(new: University) -> None:
    """Where careers hold nothing and Alumni Relations a value, going live fills it."""
    ada = new.contact(University_ID__c="U1", FirstName="Ada", LastName="Lovelace", Title="Countess")
    new.person("a1", institution_id="U1", first_name="Ada", last_name="Lovelace")
    new.go_live()
    assert new.account("a1")["title"] == "Countess"
    assert new.profile()["Contact__c"] == ada


@pytest.fixture
def differing(new: University) -> University:
    """The alumna's mobile telephone differs on the two sides when the bridge goes live."""
    new.ada = new.alumna()[0]
    new.crm.edit_as(new.officer, new.ada, {"MobilePhone": "+16175550888"})
    new.go_live()
    return new


def phones(uni: University) -> tuple[str, str]:
    """The mobile telephone in the CRM and at careers."""
    return str(uni.crm.row(uni.ada)["MobilePhone"]), str(uni.account("a1")["phone_mobile"])


def test_a_first_difference_is_counted_and_left_alone(differing: University) -> None:
    """Base unknown and the sides differ: nothing is written and nobody asked until an administrator has chosen."""
    for _ in range(3):
        differing.run()
    assert phones(differing) == ("+16175550888", "+16175550123")
    assert status(differing.ctx)["first_differences"] == {"phone_mobile": 1}
    assert differing.all("Suggested_Change__c") == []


def test_adopting_the_crm_values(differing: University) -> None:
    """``adopt FIELD --crm-wins``: careers receive Alumni Relations' value, and the difference is no longer counted."""
    assert first_differences.adopt(differing.ctx, "phone_mobile", "crm_wins") == 1
    differing.run()
    assert phones(differing) == ("+16175550888", "+16175550888")
    assert status(differing.ctx)["first_differences"] == {}


@pytest.mark.parametrize("since", ["+16175550777", None])
@pytest.mark.parametrize("refused", [False, True])
def test_adopting_the_crm_values_is_about_what_stood_there(differing: University, *, since: str | None, refused: bool) -> None:
    """Law: what careers enter, or clear, after the choice and before it is carried out is a first difference again."""
    if refused:
        differing.career.refusals["a1"] = invalid("phone_mobile", "Locked.")
    first_differences.adopt(differing.ctx, "phone_mobile", "crm_wins")
    if refused:
        differing.run()
        differing.career.refusals.clear()
        differing.clock.move(timedelta(days=90))
    differing.edit_person("a1", {"phone_mobile": since})
    for _ in range(2):
        differing.run()
    assert differing.account("a1")["phone_mobile"] == since
    assert status(differing.ctx)["first_differences"] == {"phone_mobile": 1}
    assert first_differences.adopt(differing.ctx, "phone_mobile", "crm_wins") == 1
    differing.run()
    assert phones(differing) == ("+16175550888", "+16175550888")


def test_adopting_by_asking(differing: University) -> None:
    """``adopt FIELD --suggest``: careers' value becomes a suggestion and stays until it is decided."""
    first_differences.adopt(differing.ctx, "phone_mobile", "suggest")
    differing.run()
    differing.run()
    assert differing.one("Suggested_Change__c")["Suggested__c"] == "+16175550123"
    assert phones(differing) == ("+16175550888", "+16175550123")
    assert status(differing.ctx)["first_differences"] == {}


def test_adopting_both_values(differing: University) -> None:
    """``adopt FIELD --keep``: both values stay as they are, and a later edit of either side is seen as one."""
    first_differences.adopt(differing.ctx, "phone_mobile", "keep")
    differing.run()
    assert phones(differing) == ("+16175550888", "+16175550123")
    assert status(differing.ctx)["first_differences"] == {}
    differing.edit_contact(differing.ada, MobilePhone="+16175550999")
    differing.run()
    assert phones(differing) == ("+16175550999", "+16175550999")


def test_adopting_goes_in_batches(new: University) -> None:
    """``adopt --limit``: only as many people as asked for are concerned; the others wait on."""
    for id, extra in (("a1", {}), ("a2", GRACE)):
        contact, _ = new.alumna(id, **extra)
        new.crm.edit_as(new.officer, contact, {"Title": "Other"})
    new.go_live()
    assert first_differences.adopt(new.ctx, "employment", "crm_wins", limit=1) == 1
    new.run()
    assert status(new.ctx)["first_differences"] == {"employment": 1}


def with_modes(uni: University, name: str, **modes: Any) -> None:
    """The same mapping with other modes for one unit, confirmed by a person."""
    units = tuple(replace(unit, **modes) if unit.name == name else unit for unit in uni.rules.person.units)
    uni.rules = replace(uni.rules, persons=Persons(usual=replace(uni.rules.person, units=units)), hash=repr(modes))
    uni.restart()
    with uni.ctx.store.begin() as db:
        permission.confirm(uni.ctx, db)
    uni.prepare()


@pytest.mark.parametrize(("before", "after"), REGROUPED.values(), ids=REGROUPED)
def test_a_mapping_that_changes_while_an_answer_is_missing(uni: University, before: Sequence[str], after: Sequence[str]) -> None:
    """Law: a group that has other fields by now, or is none any more, takes nothing over from the write; all else goes on."""
    uni.regroup("employment", before)
    uni.run()
    uni.edit_contact(uni.ada, Title="Director")
    uni.die_sending()
    uni.edit_person("a1", {"title": "Director"})
    uni.regroup("employment", after)
    uni.edit_contact(uni.ada, Preferred_Name__c="Lady")
    uni.run()
    assert (uni.account("a1")["title"], uni.account("a1")["preferred_name"]) == ("Director", "Lady")
    assert status(uni.ctx)["writes"]["career.update"] == {"applied": 2}
    assert not uni.all("Suggested_Change__c")


@pytest.mark.parametrize("decided", [False, True])
def test_a_question_about_what_is_no_longer_mapped_is_withdrawn(uni: University, *, decided: bool) -> None:
    """Law: what staff could decide about it would lead to nothing; mapped again, it is asked again if they still differ."""
    uni.edit_person("a1", {"title": "Countess"})
    uni.run()
    if decided:
        uni.crm.edit_as(uni.officer, uni.one("Suggested_Change__c")["Id"], {"Decision__c": "Accept"})
    uni.regroup("employment", ())
    uni.run()
    assert uni.one("Suggested_Change__c")["State__c"] == "Withdrawn"
    uni.regroup("employment", ("employer", "title"))
    uni.run()
    assert [row["State__c"] for row in uni.all("Suggested_Change__c")] == ["Withdrawn", "Open"]


def test_observing_a_direction_writes_nothing_there(uni: University) -> None:
    """``to_career = observe``: an edit of the CRM stays there, until the mode is ``write``: then it goes across."""
    with_modes(uni, "employment", to_career=Mode.OBSERVE)
    uni.edit_contact(uni.ada, Title="Director")
    uni.run()
    assert uni.account("a1")["title"] == "Analyst"
    with_modes(uni, "employment", to_career=Mode.WRITE)
    uni.run()
    assert uni.account("a1")["title"] == "Director"


def test_observing_suggestions_asks_nobody(uni: University) -> None:
    """``to_crm = observe``: an outside edit raises nothing; with ``suggest`` it does, and nothing of it is lost."""
    with_modes(uni, "employment", to_crm=Mode.OBSERVE)
    uni.edit_person("a1", {"title": "Director"})
    uni.run()
    assert uni.all("Suggested_Change__c") == []
    with_modes(uni, "employment", to_crm=Mode.SUGGEST)
    uni.run()
    assert uni.one("Suggested_Change__c")["Group__c"] == "employment"


def test_a_plan_before_going_live_is_the_pilots(pair: University) -> None:
    """Law: what `go-live` shows is what it carries out: of a pilot, its people alone."""
    for contact in (pair.ada, pair.grace):
        pair.edit_contact(contact, Title="Director")
    stage.set_pilot(pair.ctx, accounts=["a2"], class_years=[])
    collect_crm(pair.ctx)
    assert planner.plan(pair.ctx, dry=True, as_if_live=True).writes["career"] == {"employment": 1}


def test_a_pilot_writes_about_its_people_only(new: University) -> None:
    """During a pilot only the chosen accounts and class years count, and are written about; opening it lets the others follow."""
    new.ada = new.alumna()[0]
    new.grace = new.alumna("a2", **GRACE, year=1999)[0]
    new.prepare()
    new.run()
    stage.set_pilot(new.ctx, accounts=["a1"], class_years=[])
    assert (stage.included(new.ctx), status(new.ctx)["pilot"]) == (1, {"accounts": ["a1"], "class_years": []})
    stage.go_live(new.ctx)
    new.run(approve=True)
    new.edit_contact(new.ada, Title="Director")
    new.edit_contact(new.grace, Title="Director")
    new.run()
    assert (new.account("a1")["title"], new.account("a2")["title"]) == ("Director", "Admiral")
    assert len(new.all("Career_Profile__c")) == 1
    stage.set_pilot(new.ctx, accounts=["a7"], class_years=[])
    assert stage.included(new.ctx) == 0
    stage.set_pilot(new.ctx, accounts=[], class_years=[1999])
    assert (stage.included(new.ctx), status(new.ctx)["pilot"]) == (1, {"accounts": [], "class_years": [1999]})
    new.run()
    assert new.account("a2")["title"] == "Director"
    stage.set_pilot(new.ctx, accounts=[], class_years=[])
    assert stage.included(new.ctx) == 2
    new.edit_contact(new.ada, Title="President")
    new.run()
    assert new.account("a1")["title"] == "President"


def test_what_is_answered_outside_the_pilot_is_answered_once_it_is_over(pair: University) -> None:
    """Law: what both sides come to agree on while a person may not be written about is the answer to what was asked before."""
    pair.edit_person("a1", {"last_name": "King"})
    pair.run()
    stage.set_pilot(pair.ctx, accounts=["a2"], class_years=[])
    pair.run()
    pair.edit_contact(pair.ada, LastName="Byron")
    pair.edit_person("a1", {"last_name": "Byron"})
    pair.run()
    assert pair.one("Suggested_Change__c")["State__c"] == "Open"
    stage.set_pilot(pair.ctx, accounts=[], class_years=[])
    pair.run()
    assert pair.one("Suggested_Change__c")["State__c"] == "Accepted with changes"


def test_a_missing_field_halts_by_name(new: University) -> None:
    """A mapped field that Salesforce no longer shows stops the bridge before it reads: the halt names it, nothing is cleared."""
    new.alumna()
    new.crm.grant_field("Contact.Title", "", holder="Alumni_Bridge_Daemon")
    with pytest.raises(Halt, match=r"Contact\.Title"):
        new.prepare()
    assert new.writes_of_bridge() == 0


def test_a_field_that_vanishes_while_running_halts(uni: University) -> None:
    """A mapped field whose permission goes while the bridge runs stops the CRM side by name; careers keep its value."""
    uni.crm.grant_field("Contact.Title", "", holder="Alumni_Bridge_Daemon")
    uni.crm.grant_field("Contact.Title", "", holder="Minimum Access - API Only Integrations")
    uni.edit_contact(uni.ada, FirstName="Augusta")
    done = uni.run()
    assert uni.account("a1")["title"] == "Analyst"
    assert "crm" in done.down
    found = [row for row in status(uni.ctx)["halted"] if row["subject"] == "crm"]
    assert "Title" in found[0]["reason"]


def test_another_org_is_refused(uni: University) -> None:
    """Law (I49, B61, S44): a state of one org refuses to work on another: a refreshed test org never reaches production."""
    with pytest.raises(Halt, match="org"):
        prepare(replace(uni.ctx, crm=OtherOrg(uni.ctx.crm, "00D" + "9" * 15)), "mapping")  # type: ignore[arg-type]


class OtherOrg:
    """The same side under the id of another org."""

    def __init__(self, side: object, id: str) -> None:
        self._side, self._id = side, id

    def __getattr__(self, name: str) -> object:
        return getattr(self._side, name)

    def organization_id(self) -> str:
        """Another org's id."""
        return self._id


def test_another_environment_is_refused(uni: University) -> None:
    """A test installation's state cannot be used as production's (S44)."""
    with pytest.raises(Halt, match="production"):
        prepare(replace(uni.ctx, environment="production"), "mapping")


def test_the_lease_keeps_a_second_bridge_out(uni: University) -> None:
    """Law (I31): while one bridge holds the lease, another halts before it reads; an expired lease is taken over."""
    guarded_cycle(uni.ctx, lease=LEASE)
    uni.edit_contact(uni.ada, Title="Director")
    rival = replace(uni.ctx, holder="rival")
    with pytest.raises(Halt, match="test"):
        guarded_cycle(rival, lease=LEASE)
    assert uni.account("a1")["title"] == "Analyst"
    uni.clock.move(2 * LEASE)
    guarded_cycle(rival, lease=LEASE)
    assert uni.account("a1")["title"] == "Director"


def test_what_another_bridge_told_careers_is_told_again(uni: University) -> None:
    """Law: where somebody else has held the lease, careers are told once more, and once only, where their requests stand."""
    request = uni.file()
    guarded_cycle(uni.ctx, lease=LEASE)
    known = uni.told(request)
    for other in (False, True):
        uni.clock.move(2 * LEASE)
        if other:
            assert uni.ctx.crm.claim("rival", uni.clock.now() + LEASE, {}).held_by is None
        uni.career.acknowledgements[request]["state"] = "refused"
        uni.clock.move(2 * LEASE)
        guarded_cycle(uni.ctx, lease=LEASE)
        assert uni.told(request)["state"] == (known["state"] if other else "refused")
    uni.career.acknowledgements[request]["state"] = "refused"
    uni.clock.move(2 * LEASE)
    guarded_cycle(uni.ctx, lease=LEASE)
    assert uni.told(request)["state"] == "refused", "nobody else has been here since"


def test_going_live_needs_the_lease(new: University) -> None:
    """Law: where another bridge holds the lease, `go-live` changes nothing, so that the next cycle does not write either."""
    new.ada = new.alumna()[0]
    new.prepare()
    new.run()
    assert new.ctx.crm.claim("rival", new.clock.now() + LEASE, {}).held_by is None
    with pytest.raises(Halt, match="rival"):
        go_live(new.ctx, lease=LEASE)
    new.clock.move(2 * LEASE)
    assert (guarded_cycle(new.ctx, lease=LEASE).writes, status(new.ctx)["stage"]) == (0, "observing")
    assert go_live(new.ctx, lease=LEASE).writes > 0
    assert (status(new.ctx)["stage"], new.one("Bridge_Status__c")["Lease_Holder__c"]) == ("live", "test")


def test_a_refused_login_is_not_tried_again_and_again(uni: University) -> None:
    """Who may not log in does not try again until a person resumes it; careers are read meanwhile (F78)."""
    uni.crm.expire_sessions()
    logins = uni.crm.order_fault("/oauth2/token", answer="INACTIVE_USER", count=100)
    for _ in range(6):
        uni.clock.move(timedelta(minutes=10))
        done = guarded_cycle(uni.ctx, lease=LEASE)
        assert (set(done.down), set(done.halted), "careers" in done.read) == ({"crm"}, {"crm"}, True)
    assert logins.struck == 1
    uni.crm.clear_faults()
    assert resume(uni.ctx, "crm")
    uni.clock.move(timedelta(minutes=10))
    assert guarded_cycle(uni.ctx, lease=LEASE).down == {}
    assert uni.one("Bridge_Status__c")["State__c"] == "Running"


def test_the_bridge_says_in_salesforce_that_it_lives(uni: University) -> None:
    """One status record in Salesforce says state, environment and last good cycles; it is renewed, never doubled."""
    guarded_cycle(uni.ctx, lease=LEASE)
    uni.clock.move(LEASE)
    guarded_cycle(uni.ctx, lease=LEASE)
    row = uni.one("Bridge_Status__c")
    assert (row["State__c"], row["Environment__c"], row["Lease_Holder__c"]) == ("Running", "test", "test")
    assert row["Last_Good_To_CRM__c"]


@pytest.fixture
def busy(uni: University) -> University:
    """An open suggestion, an open request with its Task, and a difference that nobody has told us about yet."""
    uni.edit_person("a1", {"phone_mobile": "+16175550199"})
    uni.file()
    uni.run()
    uni.run()
    assert len(uni.all("Task")) == 1
    return uni


def begin_anew(uni: University, *, cycles: int = 1) -> None:
    """The state is lost; an administrator begins with an empty one, goes live, and approves what so many cycles plan."""
    uni.lose_state()
    uni.prepare()
    uni.run()
    stage.go_live(uni.ctx)
    for _ in range(cycles):
        uni.run(approve=True)


def test_losing_the_state_writes_no_value(busy: University) -> None:
    """An empty state finds its links on the career profiles; what differs is a first difference, and no value is written."""
    busy.edit_contact(busy.ada, Title="Director")
    before = dict(busy.account("a1").items())
    begin_anew(busy, cycles=3)
    assert busy.account("a1") == before
    assert status(busy.ctx)["links"] == {"linked": 1}
    assert status(busy.ctx)["first_differences"] == {"employment": 1, "phone_mobile": 1}
    assert len(busy.all("Career_Profile__c")) == 1


def test_what_careers_clear_before_the_choice_is_no_gap(busy: University) -> None:
    """A first difference that careers answer by clearing their value waits for the choice: it is not filled behind their back."""
    begin_anew(busy)
    busy.edit_person("a1", {"phone_mobile": None})
    busy.run()
    assert busy.account("a1")["phone_mobile"] is None
    assert status(busy.ctx)["first_differences"] == {"phone_mobile": 1}
    first_differences.adopt(busy.ctx, "phone_mobile", "crm_wins")
    busy.run()
    assert busy.account("a1")["phone_mobile"] is not None


def test_an_account_that_went_while_the_state_was_lost_is_missed(busy: University) -> None:
    """Law: no feed tells of it any more, its career profile does: the link ends, and what was asked about it is withdrawn."""
    busy.career.delete("person", "a1", busy.career.keys["k-pat"])
    busy.career.feed.forget(busy.clock.now())
    begin_anew(busy, cycles=2)
    assert status(busy.ctx)["links"] == {"ended": 1}
    assert busy.one("Career_Profile__c")["Link_State__c"] == "Ended"
    assert busy.one("Suggested_Change__c")["State__c"] == "Withdrawn"


def test_a_question_about_somebody_whose_contact_went_while_the_state_was_lost_is_withdrawn(busy: University) -> None:
    """Law: it waits for nobody any more, whatever staff have answered."""
    question = busy.one("Suggested_Change__c")["Id"]
    busy.edit(question, Decision__c="Reject", Reason__c="Incorrect")
    busy.crm.delete_as(busy.officer, busy.ada)
    begin_anew(busy, cycles=2)
    assert busy.one("Suggested_Change__c", Id=question)["State__c"] == "Withdrawn"


def test_whom_staff_gave_the_account_to_is_kept_while_its_profile_cannot_be_told(uni: University) -> None:
    """Law: a decision of staff stands, although its career profile is locked when it is to be told, and changed by somebody."""
    uni.run()
    other = uni.contact(University_ID__c="U1002", FirstName="Grace", LastName="Hopper", Personal_Email__c="grace@example.org")
    moved = {"institution_id": "U1002", "first_name": "Grace", "last_name": "Hopper", "email_personal": "grace@example.org"}
    uni.edit_person("a1", moved)
    uni.run()
    uni.run()
    uni.crm.order_refusal("UNABLE_TO_LOCK_ROW", sobject="Career_Profile__c", count=99)
    uni.edit(uni.one("Identity_Review__c")["Id"], Decision__c="Candidate 1")
    uni.run(approve=True)
    uni.edit(uni.profile()["Id"], Mentor_Capacity__c=2)
    uni.run(approve=True)
    uni.crm.clear_faults()
    for _ in range(3):
        uni.run(approve=True, seconds=3600)
    assert uni.profile()["Contact__c"] == other


def test_an_older_state_meets_that_staff_gave_the_account_to_somebody_else(uni: University, tmp_path: Path) -> None:
    """Law: what was agreed about one person is not agreed about another, also where an older state meets the profile's move."""
    assert uni.state is not None
    uni.run()
    other = uni.contact(University_ID__c="U1002", FirstName="Grace", LastName="Hopper", Personal_Email__c="grace@example.org")
    uni.run()
    uni.ctx.store.close()
    older = Path(shutil.copy(uni.state, tmp_path / "older.db"))
    uni.restart()
    uni.prepare()
    moved = {"institution_id": "U1002", "first_name": "Grace", "last_name": "Hopper", "email_personal": "grace@example.org"}
    uni.edit_person("a1", moved)
    uni.run()
    uni.run()
    uni.edit(uni.one("Identity_Review__c")["Id"], Decision__c="Candidate 1")
    for _ in range(3):
        uni.run(approve=True)
    assert uni.profile()["Contact__c"] == other
    before = (uni.account("a1"), status(uni.ctx)["first_differences"])
    uni.lose_state(older)
    uni.prepare()
    for _ in range(3):
        uni.run(approve=True)
    assert (uni.account("a1"), status(uni.ctx)["first_differences"]) == before


def test_losing_the_state_doubles_nothing(busy: University) -> None:
    """Law (I32): after the loss of the state a request makes no second record or Task, and no question is asked twice."""
    request = next(iter(busy.career.requests.by_id))
    said = busy.told(request)["state"]
    begin_anew(busy, cycles=3)
    assert (len(busy.all("Career_Request__c")), len(busy.all("Task"))) == (1, 1)
    assert len(busy.all("Suggested_Change__c")) == 1
    assert busy.told(request)["state"] == said
    busy.edit(busy.one("Task")["Id"], Status="In Progress")
    busy.run()
    assert busy.told(request)["state"] == "in progress"


def test_a_question_lost_with_the_state_is_asked_under_a_new_episode(busy: University) -> None:
    """An administrator who asks again after the loss of the state gets a question that staff can answer."""
    begin_anew(busy)
    first_differences.adopt(busy.ctx, "phone_mobile", "suggest")
    for _ in range(3):
        busy.run()
    rows = busy.all("Suggested_Change__c", State__c="Open")
    for row in rows:
        busy.edit(row["Id"], Decision__c="Reject", Reason__c="Incorrect")
    for _ in range(3):
        busy.run()
    assert busy.account("a1")["phone_mobile"] == "+16175550123"
    assert busy.all("Suggested_Change__c", State__c="Open") == []


def test_a_changed_mapping_reads_contacts_again(uni: University) -> None:
    """When what is read of a contact changes, contacts are read anew; nothing is written because of it."""
    written = uni.writes_of_bridge()
    prepare(uni.ctx, "another mapping")
    done = cycle(uni.ctx)
    assert done.read["crm"] >= 1
    assert uni.writes_of_bridge() == written
    with uni.ctx.store.begin() as db:
        assert stage.stage(db).live


def test_a_lost_state_leaves_what_is_asked_alone(uni: University) -> None:
    """Law: after the loss of the state, what careers have cleared and staff are asked about is no gap to be filled."""
    uni.edit_person("a1", {"phone_mobile": None})
    uni.run()
    uni.lose_state()
    uni.go_live()
    uni.run()
    assert (uni.one("Suggested_Change__c")["State__c"], uni.account("a1")["phone_mobile"]) == ("Open", None)


def test_a_lost_state_still_takes_an_answer(uni: University) -> None:
    """Law: what staff enter after the loss of the state answers the question that was open, and reaches careers."""
    uni.edit_person("a1", {"phone_mobile": "+16175550199"})
    uni.run()
    uni.lose_state()
    uni.go_live()
    uni.run()
    uni.edit_contact(uni.ada, MobilePhone="+16175550777")
    for _ in range(3):
        uni.run()
    state = uni.one("Suggested_Change__c")["State__c"]
    assert (state, uni.account("a1")["phone_mobile"]) == ("Accepted with changes", "+16175550777")
