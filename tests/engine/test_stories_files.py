"""Stories with a career office that works with files: it carries in late, twice or never, and reads what is old."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from sqlalchemy import func, select, update

from connector import display
from connector.career.profile import load_profile
from connector.career.setup import Setup
from connector.core.model import Share
from connector.engine.collect import collect_career
from connector.engine.cycle import Cycle, read_only
from connector.engine.halting import clear_halt, set_halt
from connector.engine.planner import plan
from connector.engine.report import status
from connector.engine.watch import tidy
from connector.store import intents, links
from connector.store.links import BLANK
from connector.store.store import pack, set_meta, unpack
from connector.store.tables import audit, intent
from connector.wire import Wire
from emulator.career.csv_drop.office import CarriedIn, carry_in, export_people, export_requests, read_statuses
from emulator.career.csv_drop.tables import Manner
from tests.engine.university import REGROUPED, SharedClock, University
from tests.systems import SYSTEM


@dataclass
class FileUniversity(University):
    """A university whose careers export and import tables; ``folder`` is where they meet the bridge."""

    folder: Path = Path()

    def career_setup(self, wire: Wire, clock: SharedClock) -> Setup:
        """The folder, for people and requests."""
        del wire
        profile = load_profile("csv_drop")
        return Setup(system=SYSTEM, profile=profile, clock=clock, rng=lambda: 0.0, folder=self.folder, carrier="csv")

    def export(self, **manner: object) -> None:
        """The nightly job of careers puts its tables into the folder; a minute later they can be taken."""
        export_people(self.career, self.folder, Manner(**manner))  # type: ignore[arg-type]  # named as its fields
        export_requests(self.career, self.folder)
        self.clock.move(timedelta(minutes=1))

    def carry_in(self, **how: bool) -> CarriedIn:
        """Careers carry in what lies there."""
        return carry_in(self.career, self.folder, **how)

    def files(self) -> list[str]:
        """The files of changes, in the order of their numbers."""
        return sorted(path.name for path in self.folder.glob("updates-*.csv"))

    def lines(self, number: int) -> list[dict[str, str]]:
        """The lines of one of them, what does not change left out."""
        with (self.folder / f"updates-{number:06}.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        return [{name: row[name] for name in ("id", *row["changes"].split("; "))} for row in rows]

    def trail(self) -> int:
        """How many entries the audit has."""
        with self.ctx.store.begin() as db:
            return int(db.execute(select(func.count()).select_from(audit)).scalar_one())

    def writes(self) -> dict[str, int]:
        """The writes to careers, by state."""
        with self.ctx.store.begin() as db:
            return intents.count(db).get("career.update", {})


@pytest.fixture
def uni(tmp_path: Path) -> FileUniversity:
    """One alumna, equal on both sides, linked; the bridge is live."""
    folder = tmp_path / "drop"
    folder.mkdir()
    uni = FileUniversity(state=tmp_path / "state.db", folder=folder)
    uni.ada = uni.alumna()[0]
    uni.export()
    uni.go_live()
    assert uni.profile()["Link_State__c"] == "Linked"
    assert uni.files() == []
    return uni


DIRECTOR = {"id": "a1", "employer": "Analytical Engines", "title": "Director"}
"""A line in which her title changes: employer and title are decided as one."""


def test_a_change_is_handed_over_and_counts_once_it_is_shown(uni: FileUniversity) -> None:
    """Law: the base moves when a table shows the value, not when a file was written; then all is quiet."""
    uni.edit_contact(uni.ada, Title="Director")
    uni.run()
    assert uni.lines(1) == [DIRECTOR]
    assert uni.writes() == {"unknown": 1}
    assert uni.carry_in().changed == 1
    uni.run()
    assert uni.writes() == {"unknown": 1}
    uni.export()
    uni.run()
    assert uni.writes() == {"applied": 1}
    assert uni.account("a1")["title"] == "Director"
    uni.export()
    uni.run()
    assert uni.files() == ["updates-000001.csv"]
    assert not uni.all("Suggested_Change__c"), "our own value is nobody's edit"


def test_a_table_from_before_the_carrying_in_is_no_answer(uni: FileUniversity) -> None:
    """Law: what a table still says as before says nothing about our change; nothing is handed over twice."""
    uni.edit_contact(uni.ada, Title="Director")
    uni.run()
    for _ in range(3):
        uni.edit_person("a1", {"interests": [f"i{uni.clock.now():%H%M%S}"]})
        uni.export()
        uni.run()
    assert uni.writes() == {"unknown": 1}
    uni.carry_in()
    uni.export()
    uni.run()
    assert uni.writes() == {"applied": 1}
    assert uni.files() == ["updates-000001.csv"]


def test_carrying_in_late_is_carrying_in(uni: FileUniversity) -> None:
    """Law: a week later is as good."""
    uni.edit_contact(uni.ada, Title="Director")
    uni.run()
    for _ in range(7):
        uni.clock.move(timedelta(days=1))
        uni.export()
        uni.run()
    assert uni.files() == ["updates-000001.csv"]
    uni.carry_in()
    uni.export()
    uni.run()
    assert uni.writes() == {"applied": 1}


@pytest.mark.parametrize("compares", [True, False])
def test_carrying_in_twice_changes_nothing(uni: FileUniversity, *, compares: bool) -> None:
    """Law: the same file once more sets values of ours that are there or were there: nothing that comes back is an edit."""
    uni.edit_contact(uni.ada, Title="Director")
    uni.run()
    uni.carry_in()
    uni.export()
    uni.run()
    uni.edit_contact(uni.ada, Title="President")
    uni.run()
    uni.carry_in()
    uni.export()
    uni.run()
    uni.carry_in(again=True, compares=compares)
    uni.export()
    uni.run()
    uni.run()
    uni.carry_in()
    uni.export()
    uni.run()
    assert uni.account("a1")["title"] == "President"
    assert not uni.all("Suggested_Change__c"), "an older value of ours that comes back is nobody's edit"


def test_what_is_never_carried_in_is_handed_over_again(uni: FileUniversity) -> None:
    """Law: after two weeks without a sign the person is decided anew and the change goes out in a new file; never before."""
    uni.edit_contact(uni.ada, Title="Director")
    uni.run()
    for _ in range(13):
        uni.clock.move(timedelta(days=1))
        uni.run()
    assert uni.files() == ["updates-000001.csv"]
    uni.clock.move(timedelta(days=2))
    uni.run()
    assert uni.files() == ["updates-000001.csv", "updates-000002.csv"]
    assert uni.lines(2) == uni.lines(1)
    uni.carry_in(newest=True)
    uni.export()
    uni.run()
    assert uni.writes() == {"superseded": 1, "applied": 1}


def test_an_opt_out_waits_for_no_file(uni: FileUniversity) -> None:
    """Law: while a change lies there, a restriction goes out at once, in a file of its own that comes after."""
    uni.edit_contact(uni.ada, Title="Director")
    uni.run()
    uni.edit_contact(uni.ada, Consent_Mentoring__c="No")
    uni.run()
    assert uni.lines(2) == [{"id": "a1", "consents.mentoring": "no"}]
    uni.edit_contact(uni.ada, Employer__c="Babbage & Co")
    uni.run()
    assert uni.lines(3) == [{"id": "a1", "employer": "Babbage & Co", "title": "Director"}], "employment is one thing"
    assert uni.carry_in().refused == []
    uni.export()
    uni.run()
    assert (uni.account("a1")["consents"]["mentoring"], uni.account("a1")["employer"]) == (False, "Babbage & Co")
    uni.run()
    assert set(uni.writes()) <= {"applied", "superseded"}
    uni.export()
    uni.run()
    assert len(uni.files()) == 3


def test_a_newer_value_overtakes_an_older_one(uni: FileUniversity) -> None:
    """Law: whoever changes his mind before careers have carried in sees his last word there, whatever the order was."""
    uni.edit_contact(uni.ada, Title="Director")
    uni.run()
    uni.edit_contact(uni.ada, Title="President")
    uni.run()
    assert [line["title"] for line in (*uni.lines(1), *uni.lines(2))] == ["Director", "President"]
    uni.carry_in(compares=False)
    uni.export()
    uni.run()
    uni.run()
    assert uni.account("a1")["title"] == "President"
    assert not uni.all("Suggested_Change__c")
    assert uni.writes().get("unknown", 0) == 0


def test_careers_who_change_their_mind_meanwhile_are_heard(uni: FileUniversity) -> None:
    """Law: a value that is neither the one from before nor ours is an edit of theirs: it becomes a suggestion."""
    uni.edit_contact(uni.ada, Title="Director")
    uni.run()
    uni.edit_person("a1", {"title": "Countess"})
    assert uni.carry_in().refused, "their importer compares"
    uni.export()
    uni.run()
    assert "Countess" in str(uni.one("Suggested_Change__c", Group__c="employment"))


def test_dying_before_the_file_is_there(uni: FileUniversity) -> None:
    """Law: a bridge that died between decision and file writes the file when it starts again, and not two weeks later."""
    uni.edit_contact(uni.ada, Title="Director")
    uni.die_sending()
    uni.restart()
    assert uni.files() == []
    uni.run()
    assert uni.lines(1) == [DIRECTOR]
    uni.run(seconds=7200)
    assert uni.files() == ["updates-000001.csv"]


def die_once_handed_over(uni: FileUniversity) -> None:
    """The contact changes, and the bridge dies as soon as the file of that is there."""

    class Died(BaseException):
        pass

    def die() -> None:
        if uni.files():
            raise Died

    uni.edit_contact(uni.ada, Title="Director")
    uni.effect = die
    with pytest.raises(Died):
        uni.run()
    uni.effect = lambda: None


def test_dying_after_the_file_is_there(uni: FileUniversity) -> None:
    """Law: a bridge that died between file and settlement writes no second one."""
    die_once_handed_over(uni)
    assert uni.files() == ["updates-000001.csv"]
    uni.restart()
    uni.run()
    uni.run()
    assert uni.files() == ["updates-000001.csv"]
    uni.carry_in()
    uni.export()
    uni.run()
    assert uni.writes() == {"applied": 1}


def test_what_was_shown_before_it_was_known_to_be_handed_over_counts(uni: FileUniversity) -> None:
    """Law: a bridge that died after the file was there, and starts after it was carried in and shown, needs no further table."""
    die_once_handed_over(uni)
    uni.carry_in()
    uni.export()
    uni.restart()
    for _ in range(3):
        uni.run()
    assert uni.writes() == {"applied": 1}


@pytest.mark.parametrize("known", [True, False], ids=["handed over", "died before that was known"])
def test_what_was_shown_once_counts_although_it_is_undone_before_we_go_on(uni: FileUniversity, *, known: bool) -> None:
    """Law: each table is looked at as it is read: a later one that says again what stood there before is careers' own edit."""
    if known:
        uni.edit_contact(uni.ada, Title="Director")
        uni.run()
    else:
        die_once_handed_over(uni)
    before = uni.account("a1")["title"]
    uni.carry_in()
    uni.export(name="people-1.csv")
    uni.edit_person("a1", {"title": before})
    uni.export(name="people-2.csv")
    if not known:
        uni.restart()
    uni.run()
    assert uni.writes() == {"applied": 1}
    assert before in str(uni.one("Suggested_Change__c", Group__c="employment"))


def test_a_plan_loses_nothing_that_a_table_shows(uni: FileUniversity) -> None:
    """Law: `plan` and `go-live` read, too: what they read shows what became of what a dead process had handed over."""
    die_once_handed_over(uni)
    before = uni.account("a1")["title"]
    uni.carry_in()
    uni.export(name="people-1.csv")
    uni.restart()
    assert read_only(uni.ctx).writes == 1
    uni.edit_person("a1", {"title": before})
    uni.export(name="people-2.csv")
    uni.run()
    assert uni.writes() == {"applied": 1}
    assert before in str(uni.one("Suggested_Change__c", Group__c="employment"))


def told(done: Cycle, capsys: pytest.CaptureFixture[str]) -> dict[str, int]:
    """What the summary of a cycle says about writes to careers, by state."""
    capsys.readouterr()
    display.cycle(done, {}, as_json=True)
    out = capsys.readouterr().out
    return dict(orjson.loads(out[out.index("{") :])["writes"].get("career.update", {}))


def test_what_tables_show_is_told(uni: FileUniversity, capsys: pytest.CaptureFixture[str]) -> None:
    """Law: the summary of a cycle counts writes when they are handed over, and again when a table shows or overtakes them."""
    uni.edit_contact(uni.ada, Title="Director")
    assert told(uni.run(), capsys) == {"unknown": 1}
    uni.carry_in()
    uni.export()
    assert told(uni.run(), capsys) == {"applied": 1}
    uni.edit_contact(uni.ada, Title="President")
    assert told(uni.run(), capsys) == {"unknown": 1}
    uni.edit_person("a1", {"title": "Countess"})
    uni.export()
    assert told(uni.run(), capsys)["superseded"] == 1


def test_what_was_carried_in_by_half_is_ours(uni: FileUniversity) -> None:
    """Law: a table that shows a part of what was handed over shows no edit of theirs, also when the owner has moved on."""
    uni.edit_contact(uni.ada, Title="Director", Preferred_Name__c="Countess")
    uni.run()
    uni.edit_person("a1", {"title": "Director"})
    uni.edit_contact(uni.ada, Title="President")
    uni.export()
    uni.run()
    assert not uni.all("Suggested_Change__c")
    assert uni.lines(2)[0]["title"] == "President"


@pytest.mark.parametrize(("before", "after"), REGROUPED.values(), ids=REGROUPED)
def test_a_mapping_that_changes_while_a_change_lies_there(
    uni: FileUniversity, before: Sequence[str], after: Sequence[str]
) -> None:
    """Law: a group that has other fields by now, or is none any more, takes nothing over from the write; all else goes on."""
    uni.regroup("employment", before)
    uni.run()
    uni.edit_contact(uni.ada, Title="Director", Preferred_Name__c="Countess")
    uni.run()
    assert uni.writes() == {"unknown": 1}
    uni.regroup("employment", after)
    uni.run()
    uni.carry_in()
    uni.export()
    uni.run()
    assert uni.writes() == {"applied": 1}
    uni.edit_contact(uni.ada, Preferred_Name__c="Lady")
    uni.run()
    assert uni.lines(2) == [{"id": "a1", "preferred_name": "Lady"}]
    assert not uni.all("Suggested_Change__c")


@pytest.mark.parametrize(("after", "known"), [(("employer", "title"), True), (("title",), False)], ids=["the same", "one left"])
def test_a_change_that_a_bridge_of_yesterday_handed_over(uni: FileUniversity, after: Sequence[str], *, known: bool) -> None:
    """Law: where the state does not tell where the fields of a write are, they are where the first start finds them."""
    uni.edit_contact(uni.ada, Title="Director")
    uni.run()
    with uni.ctx.store.begin() as db:
        settle = unpack(db.execute(select(intent.c.settle).where(intent.c.kind == "career.update")).scalar_one())
        del settle["units"]["employment"]["places"]
        db.execute(update(intent).where(intent.c.kind == "career.update").values(settle=pack(settle)))
        set_meta(db, "places", None)
    uni.restart()
    uni.prepare()
    uni.regroup("employment", after)
    uni.carry_in()
    uni.export()
    collect_career(uni.ctx, SYSTEM)
    assert uni.writes() == {"applied": 1}
    with uni.ctx.store.begin() as db:
        base = links.states_of(db, SYSTEM, ["a1"])["a1"].get("employment", BLANK).base
    assert (base is not None and "Director" in base.crm.values) is known


def test_a_transform_that_cannot_read_what_went_out_under_another(uni: FileUniversity) -> None:
    """Law: what was agreed under another transform is not known; the bridge goes on."""
    uni.edit_contact(uni.ada, Title="Director")
    uni.run()
    dated = uni.rules.person.unit("birth_date").fields[0].career_transform
    uni.regroup("employment", ("employer", "title"), career_transform=dated)
    uni.carry_in()
    uni.export()
    uni.run()
    assert uni.writes() == {"applied": 1}


def test_a_mapping_that_shares_less_before_the_file_is_there(uni: FileUniversity) -> None:
    """Law: what a dead process had decided and perhaps not handed over yet is decided anew under the mapping of now."""
    uni.edit_contact(uni.ada, Title="Director")
    uni.die_sending()
    uni.regroup("employment", ("employer", "title"), unit={"share": Share.NEVER})
    uni.run()
    assert uni.files() == []


def test_waiting_leaves_no_trail(uni: FileUniversity) -> None:
    """Law: looking at a change that still lies there says nothing new, however often, and the audit says nothing of it."""
    uni.edit_contact(uni.ada, Title="Director")
    uni.run()
    before = uni.trail()
    for number in range(3):
        uni.edit_person("a1", {"login_email": f"ada{number}@example.org"})
        uni.export()
        uni.run(seconds=7200)
    assert uni.writes() == {"unknown": 1}
    assert uni.trail() == before


def test_who_is_in_no_table_is_not_gone(uni: FileUniversity) -> None:
    """Law: neither a table of some people nor the weekly sweep ends anybody; the mark of a deletion does."""
    uni.alumna("a2", institution_id="U1002", first="Grace", last="Hopper", personal="grace@example.org")
    uni.export()
    uni.run()
    uni.clock.move(timedelta(days=1))
    export_people(uni.career, uni.folder, Manner(), ids=["a2"])
    uni.clock.move(timedelta(minutes=1))
    uni.run()
    uni.sweep()
    assert uni.profile("a1")["Link_State__c"] == "Linked"
    uni.career.delete("person", "a1", next(iter(uni.career.keys.values())))
    uni.clock.move(timedelta(days=1))
    uni.export()
    uni.run()
    uni.run()
    assert uni.profile("a1")["Link_State__c"] == "Ended"


def test_a_row_that_cannot_be_read_is_well_again(uni: FileUniversity) -> None:
    """Law: what was set aside is so no more once it is read as it was before; the same holds for a file that was refused."""
    good = (uni.folder / "people.csv").read_text()
    parked: list[int] = []
    for text in (good.replace("Lovelace", "Love\0lace"), good.replace("last_name", "surname"), good + "\r\n"):
        uni.clock.move(timedelta(hours=1))
        path = uni.folder / "people.csv"
        path.write_text(text)
        moment = uni.clock.now().timestamp() - 60
        os.utime(path, (moment, moment))
        uni.run()
        parked.append(status(uni.ctx)["parked_total"])
    assert parked == [1, 2, 0]


def test_a_column_that_is_not_there_is_told_before_anything_is_written(
    uni: FileUniversity, capsys: pytest.CaptureFixture[str]
) -> None:
    """Law: what a table does not show is known to nobody: nothing is decided about it and its group, and `plan` names it."""
    uni.edit_contact(uni.ada, FirstName="Augusta", Title="Director")
    uni.export(columns=("id", "first_name", "last_name", "employer", "title"))
    done = uni.run()
    assert uni.lines(1) == [DIRECTOR]
    found = plan(uni.ctx, dry=True)
    assert found.unread["legal_name"] == found.unread["phone_mobile"] == 1
    assert "employment" not in found.unread
    display.plan(found, done, uni.ctx, as_json=False)
    assert "legal_name 1, " in capsys.readouterr().out


def test_a_refused_table_says_what_to_do_with_it(uni: FileUniversity) -> None:
    """Law: the cure of a table is a table, and no record of the career system."""
    (uni.folder / "people.csv").write_text("id,surname\r\na1,Lovelace\r\n", encoding="utf-8")
    uni.run(seconds=120)
    (told,) = status(uni.ctx)["parked"]
    assert told["reason"].startswith("people.csv was refused")
    assert told["remedy"] == "correct the table, and put it into the folder again"


def test_a_request_by_file_becomes_a_task_and_comes_back(uni: FileUniversity) -> None:
    """Law: an ask in a table is worked as any other, and careers read its number and state in ours."""
    request = uni.file()
    uni.export()
    uni.run()
    task = uni.one("Task")
    assert read_statuses(uni.career, uni.folder) >= 1
    told = uni.told(request)
    assert (told["state"], told["understood_type"]) == ("received", "MENTOR_FLASH")
    record = uni.one("Career_Request__c")
    uni.edit(record["Id"], Outcome__c="Fulfilled")
    uni.edit(task["Id"], Status="Completed")
    uni.run()
    read_statuses(uni.career, uni.folder)
    assert uni.told(request)["state"] == "done"
    statuses = sorted(path.name for path in uni.folder.glob("request-status-*"))
    uni.run()
    assert sorted(path.name for path in uni.folder.glob("request-status-*")) == statuses


def test_what_was_given_up_only_now_is_not_tidied_away(uni: FileUniversity) -> None:
    """Law: what careers carry in late is known as ours, however long ago it was decided: nobody is asked about it."""
    with uni.ctx.store.begin() as db:
        set_halt(uni.ctx, db, "careers", "by hand", "wait")
    uni.edit_contact(uni.ada, Title="Director")
    uni.run()
    uni.clock.move(timedelta(days=80))
    with uni.ctx.store.begin() as db:
        clear_halt(db, "careers")
    uni.run()
    uni.edit_contact(uni.ada, Title="Analyst")
    uni.run()
    uni.clock.move(timedelta(days=15))
    uni.export()
    uni.run()
    uni.run()
    uni.edit_contact(uni.ada, MobilePhone="+16175550199")
    uni.run()
    tidy(uni.ctx, before=uni.clock.now() - timedelta(days=90))
    for path in sorted(uni.folder.glob("updates-*.csv"))[1:]:
        path.rename(path.with_suffix(".away"))
    uni.carry_in()
    uni.clock.move(timedelta(days=1))
    uni.export()
    uni.run()
    uni.run()
    assert uni.all("Suggested_Change__c") == []


def test_what_an_earlier_release_handed_over_is_given_up_in_time(uni: FileUniversity) -> None:
    """Law: a write of which no release has noted when it was sent is decided anew once its time is over."""
    uni.edit_contact(uni.ada, Title="Director")
    uni.run()
    with uni.ctx.store.begin() as db:
        db.execute(update(intent).values(sent_at=None))
    for _ in range(12):
        uni.clock.move(timedelta(days=5))
        uni.export()
        uni.run()
    assert len(uni.files()) > 1


def test_a_rejection_is_told_though_what_puts_back_lies_there_already(uni: FileUniversity) -> None:
    """Law: a question that is answered is over at once, also while what puts the value back waits to be carried in."""
    uni.edit_person("a1", {"last_name": "King"})
    uni.export()
    uni.run()
    uni.edit(uni.one("Suggested_Change__c")["Id"], Decision__c="Reject", Reason__c="Incorrect")
    uni.run()
    uni.clock.move(timedelta(days=10))
    uni.export()
    uni.run()
    assert uni.one("Suggested_Change__c")["State__c"] == "Rejected"


def test_what_was_put_back_by_file_is_asked_about_once(uni: FileUniversity) -> None:
    """Law: a value of careers over which a change of ours lies there is asked about at once, and until somebody decides."""
    uni.edit_contact(uni.ada, Title="Director")
    uni.run()
    uni.edit_person("a1", {"title": "Counsel"})
    uni.export()
    uni.run()
    assert uni.one("Suggested_Change__c")["State__c"] == "Open"
    uni.carry_in()
    uni.export()
    uni.run()
    uni.run()
    assert uni.account("a1")["title"] == "Director"
    assert uni.one("Suggested_Change__c")["State__c"] == "Open"
