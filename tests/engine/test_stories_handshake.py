"""Stories with Handshake: a file a month, recent graduates alone, and an export that shows what came of it."""

from __future__ import annotations

import csv
import json
import os
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import orjson
import pytest
from sqlalchemy import text

from connector.career.profile import load_profile
from connector.career.setup import Setup
from connector.core.rulebook import Rulebook
from connector.rules import load_rules
from connector.rules.compose import compose
from connector.store import intents
from connector.wire import Wire
from emulator.career.csv_drop.office import export_requests, read_statuses
from emulator.career.handshake.face import export_students, upload
from emulator.career.handshake.importer import Job
from tests.engine.university import SharedClock, University
from tests.systems import MAPPINGS, SYSTEM


def rules_for_handshake(folder: Path) -> Rulebook:
    """The mapping as `init --platform handshake` composes it."""
    shutil.copytree(MAPPINGS, folder)
    overlay = (MAPPINGS / "platforms" / "handshake.toml").read_text(encoding="utf-8")
    for name in ("person", "requests", "routing"):
        text = compose(name, (MAPPINGS / f"{name}.toml").read_text(encoding="utf-8"), overlay)
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return load_rules(folder)


@dataclass
class HandshakeUniversity(University):
    """A university on Handshake; ``folder`` is where exports, uploads and the bridge meet."""

    folder: Path = Path()

    def career_setup(self, wire: Wire, clock: SharedClock) -> Setup:
        """The folder, for people and requests."""
        del wire
        profile = load_profile("handshake")
        return Setup(system=SYSTEM, profile=profile, clock=clock, rng=lambda: 0.0, folder=self.folder, carrier="csv")

    def graduated(self, id: str, days: int) -> None:
        """So many days ago."""
        ended = (self.clock.now() - timedelta(days=days)).date().isoformat()
        self.career.people.by_id[id].extra["handshake"] = {"primary_education:end_date": ended}

    def export(self) -> None:
        """Staff's export; a minute later it can be taken."""
        export_students(self.career, self.folder)
        export_requests(self.career, self.folder)
        self.clock.move(timedelta(minutes=1))

    def upload(self) -> list[Job]:
        """The university's program sends what it has not sent."""
        return upload(self.career, self.folder)

    def night(self) -> None:
        """A day goes by: upload, export, cycle."""
        self.clock.move(timedelta(days=1))
        self.upload()
        self.export()
        self.run()

    def files(self) -> list[list[dict[str, str]]]:
        """The files for the Importer, each as its lines without blanks."""
        found = []
        for path in sorted(self.folder.glob("handshake-alumni-*.csv")):
            with path.open(newline="", encoding="utf-8") as file:
                found.append([{name: cell for name, cell in row.items() if cell} for row in csv.DictReader(file)])
        return found

    def writes(self) -> dict[str, int]:
        """The writes to careers, by state."""
        with self.ctx.store.begin() as db:
            return intents.count(db).get("career.update", {})


@pytest.fixture
def uni(tmp_path: Path) -> HandshakeUniversity:
    """Ada (U1001) graduated two months ago, Grace (U1002) in another century; both are linked, the bridge is live."""
    folder = tmp_path / "drop"
    folder.mkdir()
    uni = HandshakeUniversity(state=tmp_path / "state.db", folder=folder, rules=rules_for_handshake(tmp_path / "mappings"))
    uni.ada = uni.alumna("U1001")[0]
    uni.grace = uni.alumna("U1002", institution_id="U1002", first="Grace", last="Hopper", personal="g@example.org")[0]
    for id, days in (("U1001", 60), ("U1002", 12_000)):
        stored = uni.career.people.by_id[id]
        stored.raw = orjson.dumps(stored.data() | {"login_email": f"{id}@example.edu"})
        uni.graduated(id, days)
    uni.export()
    uni.go_live()
    assert {profile["Link_State__c"] for profile in uni.all("Career_Profile__c")} == {"Linked"}
    assert uni.files() == []
    return uni


def test_a_month_with_handshake(uni: HandshakeUniversity) -> None:
    """Law: the first change goes out at once, the next ones wait for their day together, and exports show them."""
    uni.edit_contact(uni.ada, MobilePhone="+16175550199")
    uni.run()
    assert uni.files() == [[{"username": "U1001", "email_address": "U1001@example.edu", "mobile_number": "+16175550199"}]]
    uni.night()
    assert uni.writes() == {"applied": 1}
    uni.edit_contact(uni.ada, Preferred_Name__c="Countess")
    for _ in range(29):
        uni.night()
    assert (len(uni.files()), uni.writes()) == (1, {"applied": 1, "ready": 1})
    for _ in range(3):
        uni.night()
    assert len(uni.files()) == 2
    assert uni.files()[1] == [{"username": "U1001", "email_address": "U1001@example.edu", "preferred_name": "Countess"}]
    assert uni.writes() == {"applied": 2}
    assert uni.account("U1001")["preferred_name"] == "Countess"
    assert not uni.all("Suggested_Change__c")
    assert not uni.career.mails


def test_a_change_that_waits_is_decided_anew(uni: HandshakeUniversity) -> None:
    """Law: what waits for its day is no promise: the last word goes out."""
    uni.edit_contact(uni.ada, Preferred_Name__c="Countess")
    uni.run()
    uni.night()
    for name in ("Ada", "Augusta", None):
        uni.edit_contact(uni.ada, Preferred_Name__c=name)
        uni.run()
    for _ in range(33):
        uni.night()
    assert uni.files()[1] == [{"username": "U1001", "email_address": "U1001@example.edu", "preferred_name": "**CLEAR**"}]
    assert uni.account("U1001")["preferred_name"] is None


def test_old_alumni_are_refused_with_the_cure(uni: HandshakeUniversity) -> None:
    """Law: a change that Handshake does not want by file is no file, and status says who can enter it."""
    uni.edit_contact(uni.grace, MobilePhone="+16175550199")
    uni.run()
    assert (uni.files(), uni.writes()) == ([], {"refused": 1})
    with uni.ctx.store.begin() as db:
        (refused,) = intents.refused(db)
    assert (refused["code"], "by hand" in refused["remedy"]) == ("NOT_RECENT", True)


def test_what_staff_change_in_handshake_is_suggested(uni: HandshakeUniversity) -> None:
    """Law: an edit there becomes a suggestion, as anywhere."""
    uni.edit_person("U1001", {"phone_mobile": "+16175550111"})
    uni.night()
    assert "+16175550111" in str(uni.one("Suggested_Change__c", Group__c="phone_mobile"))


def test_who_studies_again_is_left_alone(uni: HandshakeUniversity) -> None:
    """Law: an alumna who is a student again is none of ours until she is an alumna again."""
    uni.career.people.by_id["U1001"].extra["handshake"]["school_year_name"] = "Doctorate"
    uni.night()
    uni.edit_contact(uni.ada, MobilePhone="+16175550199")
    uni.night()
    assert (uni.profile("U1001")["Link_State__c"], uni.files()) == ("Ended", [])
    uni.career.people.by_id["U1001"].extra["handshake"]["school_year_name"] = "Alumni"
    uni.night()
    uni.night()
    assert uni.profile("U1001")["Link_State__c"] == "Linked"
    assert len(uni.files()) == 1


@pytest.mark.parametrize(("year", "said"), [("Senior", "passed over"), ("Alumni", "set aside")])
def test_a_row_about_nobody_halts_nothing(uni: HandshakeUniversity, year: str, said: str) -> None:
    """Law: half a letter in the name of a row that is none of ours spoils no cycle, and everybody else is read."""
    uni.edit_person("U1001", {"phone_mobile": "+16175550111"})
    path = export_students(uni.career, uni.folder)
    with path.open(newline="", encoding="utf-8-sig") as file:
        header = next(csv.reader(file))
    told = {"username": "@", "school_year_name": year, "email_address": "e@example.edu", "last_name": "Léé"}
    row = ",".join(told.get(name, "") for name in header)
    path.write_bytes(path.read_bytes() + row.encode().replace(b"@,", b"\xe9ric,", 1) + b"\r\n")
    moment = uni.clock.now().timestamp()
    os.utime(path, (moment, moment))
    uni.clock.move(timedelta(minutes=2))
    assert not uni.run().down
    assert "+16175550111" in str(uni.one("Suggested_Change__c", Group__c="phone_mobile"))
    uni.run()
    with (uni.folder / f"{path.stem}.result.csv").open(newline="", encoding="utf-8") as file:
        *_, last = csv.reader(file)
    assert last[1:3] == ["?ric", said]


def test_requests_travel_by_files(uni: HandshakeUniversity) -> None:
    """Law: Handshake has no place for requests: they come and go as files."""
    request = uni.file(person_id="U1001")
    uni.night()
    assert len(uni.all("Task")) == 1
    read_statuses(uni.career, uni.folder)
    assert uni.told(request)["state"] == "received"


def test_a_clock_that_was_years_ahead_does_not_stop_the_files(uni: HandshakeUniversity) -> None:
    """Law: a file that was handed over by a clock that was ahead puts no other one off."""
    uni.edit_contact(uni.ada, MobilePhone="+16175550199")
    uni.run()
    ledger = uni.folder / ".handshake-alumni.json"
    told = json.loads(ledger.read_text(encoding="utf-8"))
    ahead = {name: (datetime.fromisoformat(told[name]) + timedelta(days=400)).isoformat() for name in ("at", "begun_at")}
    ledger.write_text(json.dumps(told | ahead), encoding="utf-8")
    uni.night()
    uni.edit_contact(uni.ada, Preferred_Name__c="Countess")
    for _ in range(35):
        uni.night()
    assert len(uni.files()) == 2


def test_what_puts_back_goes_into_the_file_of_the_month(uni: HandshakeUniversity) -> None:
    """Law: a file takes all changes of an account at once: what had to wait for the next one could wait for ever."""
    uni.edit_contact(uni.ada, MobilePhone="+16175550201", Preferred_Name__c="Countess")
    uni.edit_person("U1001", {"phone_mobile": "+16175550101"})
    uni.export()
    uni.run()
    with uni.ctx.store.begin() as db:
        rows = db.execute(text("SELECT state FROM intent WHERE kind = 'career.update' AND state != 'applied'")).all()
    assert {row.state for row in rows} == {"unknown"}
