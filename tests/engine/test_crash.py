"""The bridge may die at any instant: a new process on the same state brings everything to the same end.

One story touches every kind of write. Its effects are counted: before and after each remote call, before each commit. At a
chosen effect the process is forked: the child takes the state as it is on the disk at that moment, as after a power cut,
starts anew and plays the story to its end; both systems must then look as if nothing had happened. By default every
``STRIDE``-th effect is tried; ``CRASH=all`` tries each one (about 900), ``CRASH=/5`` every fifth, ``CRASH=17`` the seventeenth
alone.
"""

from __future__ import annotations

import os
import shutil
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from connector.engine import planner
from connector.store import intents, journal
from connector.store.store import integrity
from tests.engine.conftest import GRACE
from tests.engine.university import University

STRIDE = 71
"""How many effects lie between two deaths in an ordinary run: a prime, so that no kind of effect is always missed."""

OURS = ("Career_Profile__c", "Suggested_Change__c", "Identity_Review__c", "Career_Request__c", "Task", "Contact")
MOVING = {
    "Id", "OwnerId", "Name", "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp",
    "LastActivityDate", "Changed_At__c", "Changed_Between__c", "Decided_At__c", "Received_At__c", "First_Action_Due__c",
    "End_Due__c", "ActivityDate", "CompletedDateTime",
}  # fmt: skip
"""What may differ: ids, stamps, and what follows from the minute in which a process happened to run."""


@dataclass
class Story:
    """What people do, step by step; after each step the bridge works until it has nothing left to do."""

    uni: University
    made: dict[str, str] = field(default_factory=dict)
    position: int = 0

    def __post_init__(self) -> None:
        uni = self.uni
        self.made["ada"], self.made["grace"] = uni.alumna()[0], uni.alumna("a2", **GRACE)[0]
        for number in ("U8", "U9"):
            values = {"FirstName": "Mary", "LastName": "Somerville", "Personal_Email__c": "mary@example.net"}
            self.made[number] = uni.contact(University_ID__c=number, **values)
        uni.person("a3", first_name="Mary", last_name="Somerville", email_personal="mary@example.net")
        uni.person("a4", first_name="Emmy", last_name="Noether", email_personal="emmy@example.net")
        uni.edit_contact(self.made["ada"], LinkedIn_URL__c="https://www.linkedin.com/in/ada")
        uni.edit_person("a2", {"interests": ["compilers"], "mentor_availability": "paused"})

    @property
    def steps(self) -> list[Callable[[], None]]:
        """What people do, in order."""
        return [self.begin, self.edit, self.ask, self.decide, self.merge, self.end]

    def begin(self) -> None:
        """An administrator reads everything and goes live."""
        self.uni.run()
        planner.go_live(self.uni.ctx)

    def edit(self) -> None:
        """Everybody edits something."""
        uni = self.uni
        uni.edit_contact(self.made["ada"], Title="Director")
        uni.edit_person("a2", {"phone_mobile": "+12025550199", "class_year": None})
        uni.edit_person("a1", {"last_name": "King", "consents.events": False})

    def ask(self) -> None:
        """Careers ask twice, and change their minds about a suggestion; she opts out of everything."""
        uni = self.uni
        self.made["first"] = uni.file(type="RESUME_REVIEW", title="Documents")
        self.made["second"] = uni.file(person_id="a2", type="REC_LETTER", title="A letter")
        uni.edit_person("a2", {"phone_mobile": "+12025550222"})
        uni.edit_person("a1", {"consents.mentoring": False})

    def decide(self) -> None:
        """Staff decide everything that waits; careers withdraw a request."""
        uni = self.uni
        uni.edit(uni.one("Suggested_Change__c", Group__c="phone_mobile")["Id"], Decision__c="Reject", Reason__c="Incorrect")
        uni.edit_contact(self.made["ada"], LastName="King")
        uni.edit(uni.one("Identity_Review__c")["Id"], Decision__c="Candidate 1")
        uni.edit(self.task("RESUME_REVIEW"), Status="In Progress")
        uni.call("k-pat", "PATCH", f"/requests/{self.made['second']}", {"state": "withdrawn"})

    def merge(self) -> None:
        """Two contacts turn out to be one, and careers learn more about her."""
        uni = self.uni
        values = {"University_ID__c": "U1002", "Consent_Career_Asks__c": True, "Consent_Mentoring__c": True}
        winner = uni.contact(FirstName="Grace", LastName="Hopper", MobilePhone="+12025550188", Class_Year__c=2005, **values)
        uni.crm.merge_as(uni.officer, winner, [self.made["grace"]])
        uni.edit_person("a2", {"interests": ["compilers", "moths"]})

    def end(self) -> None:
        """The officer is done; consent for asks ends."""
        uni = self.uni
        uni.edit(uni.one("Career_Request__c", Type__c="RESUME_REVIEW")["Id"], Outcome__c="Fulfilled")
        uni.edit(self.task("RESUME_REVIEW"), Status="Completed")
        uni.edit_contact(self.made["ada"], Consent_Career_Asks__c="No")

    def task(self, type: str) -> str:
        """The Task of the request of a type."""
        record = self.uni.one("Career_Request__c", Type__c=type)["Id"]
        return str(self.uni.one("Task", WhatId=record)["Id"])

    def work(self) -> None:
        """The bridge works until it has nothing left to do."""
        for _ in range(8):
            if not self.uni.run(approve=True).writes:
                return

    def play(self) -> None:
        """Tell the story from where it stands to its end."""
        while self.position < len(self.steps):
            step = self.steps[self.position]
            self.uni.effect, effect = (lambda: None), self.uni.effect
            step()
            self.uni.effect = effect
            self.position += 1
            self.work()


def picture(uni: University) -> dict[str, Any]:
    """Both systems as people see them, without ids and stamps."""
    names = {row["Id"]: _name(row) for name in OURS for row in uni.all(name)}

    def plain(row: dict[str, Any]) -> dict[str, Any]:
        return {name: names.get(value, value) for name, value in sorted(row.items()) if name not in MOVING and value is not None}

    crm = {name: sorted((plain(row) for row in uni.all(name)), key=repr) for name in OURS}
    people = {id: {k: v for k, v in one.data().items() if k != "etag"} for id, one in uni.career.people.by_id.items()}
    told = {id: {k: v for k, v in one.items() if k != "at"} for id, one in uni.career.acknowledgements.items()}
    notes = sorted((str(note["person_id"]), note["text"]) for note in uni.career.notes.values())
    return {"crm": crm, "people": people, "told": told, "notes": notes}


def _name(row: dict[str, Any]) -> str:
    return str(row.get("Key__c") or row.get("Subject") or f"{row.get('LastName')} {row.get('University_ID__c')}")


def verify(uni: University, expected: dict[str, Any]) -> None:
    """Everything that must hold at the end, however often the bridge died."""
    found = picture(uni)
    for part, value in expected.items():
        if found[part] != value:
            raise AssertionError(_difference(value, found[part]))
    for name in OURS[:4]:
        keys = Counter(row["Key__c"] for row in uni.all(name))
        assert set(keys.values()) == {1}, name
    assert len(uni.all("Task")) + len(uni.crm.rows("Task", deleted=True)) == len(expected["crm"]["Task"])
    assert uni.contact_writes() == 0
    with uni.ctx.store.begin() as db:
        assert journal.verify(db) is None
        assert integrity(db) == "ok"
        assert intents.count_waiting(db) == 0


def _difference(wanted: Any, found: Any) -> str:
    wanted, found = orjson.loads(orjson.dumps(wanted)), orjson.loads(orjson.dumps(found))
    lines: list[str] = []
    _compare("", wanted, found, lines)
    return "\n".join(lines[:20])


def _compare(where: str, wanted: Any, found: Any, lines: list[str]) -> None:
    if isinstance(wanted, dict) and isinstance(found, dict):
        for name in sorted({*wanted, *found}):
            _compare(f"{where}/{name}", wanted.get(name), found.get(name), lines)
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for number, (one, other) in enumerate(zip(wanted, found, strict=True)):
            _compare(f"{where}/{number}", one, other, lines)
    elif wanted != found:
        lines.append(f"{where}: wanted {str(wanted)[:300]!r}, found {str(found)[:300]!r}")


@dataclass
class Deaths:
    """Counts effects, and at the chosen ones sees what becomes of a bridge that dies there."""

    story: Story
    expected: dict[str, Any]
    chosen: Callable[[int], bool]
    folder: Path
    count: int = 0
    tried: int = 0
    failures: list[str] = field(default_factory=list)

    def __call__(self) -> None:
        """One effect boundary."""
        self.count += 1
        if not self.chosen(self.count):
            return
        self.tried += 1
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            _live_again(self, writer)
        os.close(writer)
        with os.fdopen(reader) as pipe:
            said = pipe.read()
        os.waitpid(child, 0)
        if said != "well":
            self.failures.append(f"died at effect {self.count}, in step {self.story.position}:\n{said}")


_DEAD: list[Any] = []
"""What the dead process held open: closing it would touch the parent's files."""


def _live_again(deaths: Deaths, writer: int) -> None:
    """In the forked child: a new process on a copy of the state finishes the story. Never returns."""
    said = "well"
    try:
        story, uni = deaths.story, deaths.story.uni
        _DEAD.append(uni.ctx)
        del uni.ctx
        assert uni.state is not None
        copy = deaths.folder / f"{deaths.count}.db"
        for suffix in ("", "-wal"):
            source = uni.state.with_name(uni.state.name + suffix)
            if source.exists():
                shutil.copy(source, copy.with_name(copy.name + suffix))
        uni.state, uni.effect = copy, lambda: None
        uni.restart()
        uni.prepare()
        story.work()
        story.play()
        verify(uni, deaths.expected)
    except BaseException:  # noqa: BLE001 - whatever it is, the parent must hear of it
        said = traceback.format_exc(limit=-4)
    finally:
        os.write(writer, said.encode()[:60_000])
        os._exit(0)


def _chosen() -> Callable[[int], bool]:
    wanted = os.environ.get("CRASH", "")
    if wanted == "all":
        return lambda _number: True
    if wanted.isdecimal():
        return lambda number: number == int(wanted)
    stride = int(wanted.removeprefix("/") or STRIDE)
    return lambda number: number % stride == 1


@pytest.fixture
def undisturbed(tmp_path: Path) -> tuple[University, dict[str, Any]]:
    """The story told to its end by a bridge that never dies, and how both systems look then."""
    uni = University(state=tmp_path / "undisturbed.db")
    story = Story(uni)
    uni.prepare()
    story.play()
    return uni, picture(uni)


def test_the_story_touches_every_kind_of_write(undisturbed: tuple[University, dict[str, Any]]) -> None:
    """The story is worth dying in: each kind of write that the bridge knows occurs in it and is acknowledged, none is refused."""
    uni, _ = undisturbed
    with uni.ctx.store.begin() as db:
        counts = intents.count(db)
    assert {kind for kind, states in counts.items() if states.get("applied")} == {
        "career.acknowledge",
        "career.note",
        "career.update",
        "profile.create",
        "profile.update",
        "proposal.create",
        "request.create",
        "request.update",
        "review.create",
        "review.update",
        "suggestion.create",
        "suggestion.update",
        "task.update",
    }
    assert not [kind for kind, states in counts.items() if states.get("refused")]


def test_dying_anywhere_changes_nothing(undisturbed: tuple[University, dict[str, Any]], tmp_path: Path) -> None:
    """Death at any effect, then a new process: the same end, nothing doubled, no Contact written, the audit whole."""
    uni = University(state=tmp_path / "dying.db")
    story = Story(uni)
    uni.prepare()
    deaths = Deaths(story=story, expected=undisturbed[1], chosen=_chosen(), folder=tmp_path)
    uni.effect = deaths
    story.play()
    uni.effect = lambda: None
    verify(uni, undisturbed[1])
    assert deaths.tried
    assert not deaths.failures, f"{len(deaths.failures)} of {deaths.tried} deaths:\n" + "\n".join(deaths.failures[:5])


class Dying(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("what", ["edit", "request"])
def test_nothing_waits_for_the_next_change(uni: University, what: str) -> None:
    """Law: wherever a process dies, the next one finishes its work, even if nothing ever happens again on either side."""
    for death in range(1, 200):
        uni.clock.move(timedelta(hours=1))  # what is written more often is taken for a quarrel with another program
        left = [death]

        def effect(left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] == 0:
                raise Dying

        request = uni.file(type="RESUME_REVIEW", title=f"Documents {death}", named=True) if what == "request" else ""
        uni.edit_contact(uni.ada, Title=f"Director {death}")
        uni.effect = effect
        with suppress(Dying):
            uni.run()
        uni.effect = lambda: None
        uni.restart()
        uni.prepare()
        for _ in range(2):
            uni.run()
        assert uni.account("a1")["title"] == f"Director {death}", death
        assert not request or uni.told(request)["number"], death
        if left[0] > 0:
            return
    raise AssertionError("a cycle without an end")
