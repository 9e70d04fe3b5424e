"""Several career systems on one CRM, several accounts of one person, and a vendor's own connector beside the bridge."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from connector.engine.halting import give_notice, notices
from connector.engine.report import why
from connector.rules import load_rules
from emulator.career import Actor, Kind
from emulator.career.faults import Fault
from tests.engine.conftest import GRACE
from tests.engine.schools import LAW, FiledSchools, Schools
from tests.engine.university import ALUMNA, ASK, FIELDS, University
from tests.systems import MAPPINGS, SYSTEM


def test_one_contact_has_a_career_profile_for_each_school(schools: Schools) -> None:
    """Each account keeps its own profile beside the one contact; the primary system's is the one that counts."""
    profiles = {row["System__c"]: row for row in schools.all("Career_Profile__c")}
    assert {name: (row["Account_Id__c"], row["Contact__c"], row["Primary__c"]) for name, row in profiles.items()} == {
        SYSTEM: ("a1", schools.ada, True),
        LAW: ("l7", schools.ada, False),
    }


def test_the_only_account_counts_wherever_it_is(tmp_path: Path) -> None:
    """Whoever is known to the law school alone is counted there; once careers know the person, theirs counts."""
    schools = Schools(state=tmp_path / "state.db")
    schools.ada = schools.contact(University_ID__c="U1001", FirstName="Ada", LastName="Lovelace", Class_Year__c=2005)
    schools.at_law("l7")
    schools.go_live()
    assert schools.one("Career_Profile__c", System__c=LAW)["Primary__c"]
    schools.person("a1", institution_id="U1001", first_name="Ada", last_name="Lovelace", class_year=2005)
    schools.edit_person("a1", {"interests": ["mathematics"]})
    schools.run()
    schools.run()
    assert schools.one("Career_Profile__c", System__c=SYSTEM)["Primary__c"]
    assert not schools.one("Career_Profile__c", System__c=LAW)["Primary__c"]


def test_a_change_by_alumni_relations_reaches_every_school(schools: Schools) -> None:
    """What Alumni Relations own goes to each system; and then it is quiet."""
    schools.edit_contact(schools.ada, Title="Countess")
    schools.run()
    assert (schools.account("a1")["title"], schools.law_account("l7")["title"]) == ("Countess", "Countess")
    assert schools.run().writes == 0


def test_an_edit_at_one_school_is_a_question_and_then_everybodys(schools: Schools) -> None:
    """The law school's edit is suggested under its name; undecided it moves nothing at careers, accepted it goes there, too."""
    schools.edit_at_law("l7", {"title": "Judge"})
    schools.run()
    asked = schools.one("Suggested_Change__c", State__c="Open")
    assert schools.account("a1")["title"] == "Analyst"
    schools.edit_contact(schools.ada, Title="Judge")
    schools.edit(asked["Id"], Decision__c="Accept")
    schools.run()
    assert schools.account("a1")["title"] == "Judge"
    assert schools.one("Suggested_Change__c", Id=asked["Id"])["State__c"] == "Accepted"


def test_what_a_school_owns_stays_its_own(schools: Schools) -> None:
    """Interests told at one school stand on that school's profile alone."""
    schools.edit_at_law("l7", {"interests": ["tax law"]})
    schools.edit_person("a1", {"interests": ["mathematics"]})
    schools.run()
    interests = {row["System__c"]: row["Interests__c"] for row in schools.all("Career_Profile__c")}
    assert interests == {SYSTEM: "mathematics", LAW: "tax law"}
    assert schools.account("a1")["interests"] == ["mathematics"]


def test_an_opt_out_at_one_school_stops_the_asks_of_all(schools: Schools) -> None:
    """A person who told the law school that she wants no mentoring is not asked for it by careers."""
    schools.edit_at_law("l7", {"consents.mentoring": False})
    schools.run()
    asked = schools.file(type="MENTOR_PROGRAM")
    schools.run()
    assert schools.told(asked)["state"] == "not available"
    assert schools.all("Task") == []


def test_why_tells_the_history_of_this_schools_account(schools: Schools) -> None:
    """Law: the same id in two systems may be two people: what happened to the one is not told of the other."""
    schools.law.seed("person", [{"id": "a1", "first_name": "Mary", "last_name": "Somerville"}])
    schools.edit_at_law("a1", {"interests": ["stars"]})
    schools.edit_contact(schools.ada, Title="Judge")
    for _ in range(3):
        schools.run()
    histories = {one["system"]: one["history"] for one in why(schools.ctx, "a1")}
    assert histories[SYSTEM]
    assert {entry["refs"]["system"] for entry in histories[SYSTEM]} == {SYSTEM}
    assert {entry["refs"]["system"] for entry in histories[LAW]} <= {LAW}


def test_requests_of_two_schools_are_two_requests(schools: Schools) -> None:
    """The same number in two systems names two requests; each school is told about its own."""
    ours = schools.file()
    theirs = schools.law.file_request(ASK | {"person_id": "l7", "type": "MOCK_INTERVIEW"}, schools.law.keys["k-kim"]).id
    assert ours == theirs
    schools.run()
    assert len(schools.all("Career_Request__c")) == len(schools.all("Task")) == 2
    assert {row["System__c"] for row in schools.all("Career_Request__c")} == {SYSTEM, LAW}
    assert schools.told(ours)["number"] != schools.law.acknowledgements[theirs]["number"]


def test_a_school_that_is_down_holds_up_nobody(schools: Schools) -> None:
    """Careers and the CRM stay in step while the law school's system does not answer; it catches up afterwards."""
    schools.law_app.order(Fault.UNAVAILABLE, count=1000)
    schools.edit_contact(schools.ada, Title="Countess")
    done = schools.run()
    assert (schools.account("a1")["title"], LAW in done.down) == ("Countess", True)
    schools.law_app.orders.clear()
    schools.run(seconds=4000)
    assert schools.law_account("l7")["title"] == "Countess"


def test_a_school_with_files_beside_one_with_an_api(tmp_path: Path) -> None:
    """What a table of the law school says is asked, and then careers' at once; Alumni Relations' own goes there in one file."""
    folder = tmp_path / "law"
    folder.mkdir()
    schools = FiledSchools(state=tmp_path / "state.db", folder=folder)
    schools.ada = schools.alumna()[0]
    schools.at_law("l7")
    schools.exchange()
    schools.go_live()
    schools.edit_at_law("l7", {"title": "Judge"})
    schools.exchange()
    schools.run()
    asked = schools.one("Suggested_Change__c", State__c="Open")
    assert (asked["Who__c"], schools.account("a1")["title"]) == ("unknown", "Analyst")
    schools.edit_contact(schools.ada, Title="Judge", Preferred_Name__c="Countess")
    schools.edit(asked["Id"], Decision__c="Accept")
    schools.run()
    schools.run()
    assert (schools.account("a1")["title"], schools.account("a1")["preferred_name"]) == ("Judge", "Countess")
    assert schools.law_account("l7")["preferred_name"] is None
    schools.exchange()
    schools.exchange()
    schools.run()
    assert (schools.law_account("l7")["title"], schools.law_account("l7")["preferred_name"]) == ("Judge", "Countess")
    assert schools.one("Suggested_Change__c", Id=asked["Id"])["State__c"] == "Accepted"
    assert schools.run().writes == 0
    assert "Countess" in "".join(path.read_text(encoding="utf-8") for path in folder.glob("updates-*.csv"))


def test_two_accounts_of_one_person_in_one_system(new: University) -> None:
    """A second account follows the person's primary one; the CRM's values reach both, careers' own come from the first."""
    new.ada = new.alumna()[0]
    new.person("a2", primary_account_id="a1", first_name="Ada", last_name="Lovelace", interests=["chess"])
    new.go_live()
    new.edit_contact(new.ada, Preferred_Name__c="Countess")
    new.edit_person("a2", {"interests": ["poker"]})
    new.run()
    new.run()
    assert (new.account("a1")["preferred_name"], new.account("a2")["preferred_name"]) == ("Countess", "Countess")
    profiles = {row["Account_Id__c"]: row for row in new.all("Career_Profile__c")}
    assert [profiles[id]["Primary__c"] for id in ("a1", "a2")] == [True, False]
    assert profiles["a2"].get("Interests__c") is None


def test_an_account_that_moved_to_another_person_is_a_question(pair: University) -> None:
    """When an account suddenly is somebody else's by its number, nothing of the one reaches the other; a person decides."""
    before = [dict(row) for row in pair.crm.rows("Contact")]
    _becomes_graces(pair)
    pair.edit_contact(pair.ada, Preferred_Name__c="Countess", MobilePhone="+16175550177")
    for _ in range(3):
        pair.run()
    pair.sweep()
    assert [row["FirstName"] for row in pair.crm.rows("Contact")] == [row["FirstName"] for row in before]
    account = pair.account("a1")
    assert (account["first_name"], account["preferred_name"], account["phone_mobile"]) == ("Grace", None, None)
    assert pair.profile("a1").get("Interests__c") is None, "what Grace says of herself is not said of Ada"
    assert pair.profile("a1")["Link_State__c"] == "Ended"
    assert pair.all("Suggested_Change__c") == []
    review = pair.one("Identity_Review__c", State__c="Open")
    assert (review["Kind__c"], review["Candidate_1__c"], review["Candidate_2__c"]) == ("Account moved", pair.grace, pair.ada)
    assert pair.run().writes == 0


def _becomes_graces(pair: University) -> None:
    """Careers give Ada's account to Grace Hopper, under her number; her phone and address they have emptied."""
    pair.edit_person("a1", {"institution_id": "U1002", "first_name": GRACE["first"], "last_name": GRACE["last"]})
    pair.edit_person("a1", {"title": "Admiral", "interests": ["ships"], "phone_mobile": None, "birth_date": None})


def test_a_moved_account_goes_where_a_person_says(pair: University) -> None:
    """Decided for the new person, the account and its career profile are hers, and nothing on them is the former one's.

    Grace has an account already: that one counts, so that her interests in the second one do not.
    """
    pair.edit_person("a1", {"interests": ["chess"], "mentor_availability": "available"})
    pair.run()
    assert pair.profile("a1")["Interests__c"] == "chess"
    _becomes_graces(pair)
    pair.run()
    pair.edit(pair.one("Identity_Review__c", State__c="Open")["Id"], Decision__c="Candidate 1")
    pair.edit_contact(pair.ada, Preferred_Name__c="Countess")
    pair.edit_contact(pair.grace, Preferred_Name__c="Amazing Grace")
    pair.run()
    pair.run()
    profile = pair.profile("a1")
    assert (profile["Contact__c"], profile["Link_State__c"]) == (pair.grace, "Linked")
    assert "Countess" not in str(pair.account("a1"))
    assert not profile["Primary__c"]
    assert (profile.get("Interests__c"), profile.get("Mentor_Availability__c")) == (None, None)


def test_a_moved_account_of_somebody_without_one_counts(new: University) -> None:
    """Decided for a person who has no other account, the profile that was somebody else's has hers, and only hers."""
    new.ada = new.alumna()[0]
    new.grace = new.contact(**{crm: value for name, value in (ALUMNA | GRACE).items() for crm in FIELDS[name][:1]})
    new.edit_person("a1", {"interests": ["chess"], "mentor_availability": "available", "consents.mentoring": False})
    new.go_live()
    assert new.profile("a1")["Opt_Out_Mentoring__c"]
    _becomes_graces(new)
    new.edit_person("a1", {"consents.mentoring": None})
    new.run()
    new.edit(new.one("Identity_Review__c", State__c="Open")["Id"], Decision__c="Candidate 1")
    for _ in range(3):
        new.run()
    profile = new.profile("a1")
    assert (profile["Contact__c"], profile["Primary__c"], profile["Interests__c"]) == (new.grace, True, "ships")
    assert (profile.get("Mentor_Availability__c"), profile["Opt_Out_Mentoring__c"]) == ("Available", False)


def test_a_mistake_that_careers_take_back_is_forgotten(pair: University) -> None:
    """An account that is its former owner's again before anybody has decided is linked again, and the question withdrawn."""
    _becomes_graces(pair)
    pair.run()
    pair.edit_person("a1", {"institution_id": "U1001", "first_name": "Ada", "last_name": "Lovelace"})
    pair.run()
    pair.run()
    assert pair.profile("a1")["Link_State__c"] == "Linked"
    assert [row["State__c"] for row in pair.all("Identity_Review__c")] == ["Withdrawn"]


@pytest.mark.parametrize(
    "fields",
    [
        {"institution_id": "42-U1001"},
        {"last_name": "Hartwell-Moss"},
        {"first_name": "Augusta", "preferred_name": "Ada"},
        {"institution_id": None, "first_name": None, "birth_date": None},
    ],
    ids=["ids written otherwise", "married", "called by another name", "emptied"],
)
def test_a_change_of_one_person_moves_no_account(pair: University, fields: dict[str, object]) -> None:
    """Another form of the id, another surname or nothing at all under a name is no other person."""
    pair.edit_person("a1", fields)
    pair.run()
    assert pair.profile("a1")["Link_State__c"] == "Linked"
    assert pair.all("Identity_Review__c") == []


# ---- a vendor's own connector between the same two systems -----------------------------------------------------------


def test_a_connector_that_copies_careers_values_into_contacts(uni: University) -> None:
    """Another program overwrites the contact with careers' value: we do not fight it, nothing is doubled, and it is quiet."""
    vendor = uni.crm.add_user("vendor")
    uni.edit_person("a1", {"title": "Countess"})
    uni.run()
    asked = uni.one("Suggested_Change__c", State__c="Open")
    uni.crm.edit_as(vendor, uni.ada, {"Title": "Countess"})
    uni.crm.create_as(vendor, "Task", {"Subject": "Mock interview", "WhoId": uni.ada})
    uni.run()
    uni.run()
    assert uni.one("Suggested_Change__c", Id=asked["Id"])["State__c"] == "Accepted"
    assert (uni.account("a1")["title"], uni.contact_writes()) == ("Countess", 0)
    assert [task["Subject"] for task in uni.all("Task")] == ["Mock interview"]
    assert uni.run().writes == 0


def test_a_connector_that_is_quicker_than_we_are(uni: University) -> None:
    """Another program carries the CRM's value over before us: that is agreement, and nothing is written."""
    uni.career.admit("k-vendor", Actor(id="key-9", name="vendor sync", kind=Kind.API))
    uni.edit_contact(uni.ada, Title="Countess")
    uni.edit_person("a1", {"title": "Countess"}, key="k-vendor")
    assert uni.run().writes == 0
    assert uni.all("Suggested_Change__c") == []


def test_a_connector_that_rewrites_after_us_is_not_fought_for_ever(uni: University) -> None:
    """Law (I26): where another program puts its value back after each of ours, we stop after some times and say which field."""
    uni.career.admit("k-vendor", Actor(id="key-9", name="vendor sync", kind=Kind.API))
    for _ in range(120):
        uni.edit_person("a1", {"first_name": "Ava"}, key="k-vendor")
        uni.run(seconds=30)
    ours = [write for write in uni.career_app.writes if write.by == "key-1" and b"first_name" in write.body]
    assert 3 <= len(ours) <= 12
    with uni.ctx.store.begin() as db:
        (notice,) = notices(db, uni.clock.now())
    assert "legal_name" in notice
    uni.run(seconds=7200)
    assert uni.account("a1")["first_name"] == "Ada"


def test_what_else_people_should_know_is_told_beside_a_connector_that_rewrites(uni: University) -> None:
    """Law: one trouble takes no other's place, and is told in the same words all day however many people it is about."""
    uni.alumna("a2", institution_id="U1002", first="Grace", last="Hopper", personal="g@example.org")
    uni.career.admit("k-vendor", Actor(id="key-9", name="vendor sync", kind=Kind.API))
    told = list[list[str]]()
    with uni.ctx.store.begin() as db:
        give_notice(uni.ctx, db, "opt_outs", "40 restrictions were carried out at once")
    for turn in range(60):
        uni.edit_person(("a1", "a2")[turn % 2], {"first_name": "Ava"}, key="k-vendor")
        uni.run(seconds=30)
        with uni.ctx.store.begin() as db:
            told.append(notices(db, uni.clock.now()))
    assert {text for texts in told for text in texts} == set(told[-1])
    assert [text.split(" ")[:2] for text in sorted(told[-1])] == [["40", "restrictions"], ["legal_name", "of"]]
    uni.clock.move(timedelta(days=1))
    with uni.ctx.store.begin() as db:
        assert notices(db, uni.clock.now()) == []
        give_notice(uni.ctx, db, "opt_outs", "told by a clock that was ahead")
        assert notices(db, uni.clock.now() - timedelta(days=300)) == []


# ---- a school whose system calls things otherwise ---------------------------------------------------------------------


def test_a_school_can_have_a_mapping_of_its_own(tmp_path: Path) -> None:
    """The law school's system keeps the title elsewhere and shares no telephone: each system is served by its own file."""
    folder = shutil.copytree(MAPPINGS, tmp_path / "mappings", ignore=shutil.ignore_patterns("flavours", "platforms"))
    text = (folder / "person.toml").read_text(encoding="utf-8")
    swapped = text.replace('career = "title"', 'career = "major_"').replace('career = "major"', 'career = "title"')
    own = swapped.replace('career = "major_"', 'career = "major"')
    shared = 'transform = { name = "phone", region = "US" }\nshare = "consented"\npurpose = "career_asks"\n\n[field.phone_home]'
    assert shared in own
    own = own.replace(shared, shared.replace('share = "consented"\npurpose = "career_asks"', 'share = "never"'))
    (folder / "person-law.toml").write_text(own, encoding="utf-8")
    schools = Schools(state=tmp_path / "state.db", rules=load_rules(folder))
    schools.ada = schools.alumna()[0]
    schools.at_law("l7", title=None)
    schools.law.change_person("l7", {"major": "Analyst", "phone_mobile": None}, schools.law.keys["k-kim"])
    schools.go_live()
    schools.edit_contact(schools.ada, Title="Countess", MobilePhone="+16175550199")
    schools.run()
    assert (schools.account("a1")["title"], schools.account("a1")["phone_mobile"]) == ("Countess", "+16175550199")
    assert (schools.law_account("l7")["major"], schools.law_account("l7")["phone_mobile"]) == ("Countess", None)
    assert schools.run().writes == 0
