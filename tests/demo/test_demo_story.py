"""The demo's account: every promised key, computed from the systems' own books, and failures that are told."""

import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import orjson
import pytest
from rich.console import Console

from demo.account import print_account
from demo.asks import Ask, Desk
from demo.audit import Judged, read_writes
from demo.bridge import Bridge
from demo.cast import Cast
from demo.people import People
from demo.staff import Day
from demo.stage import Stage
from demo.story import Story

PROMISED = {
    "links": ("automatic", "precision", "recall", "review", "proposed_new"),
    "suggestions": ("raised", "accepted", "accepted_with_changes", "rejected", "withdrawn", "open"),
    "requests": ("received", "tasks", "list"),
    "api_calls": ("crm", "career"),
}


class _Org:
    """The god's view of an org in which nothing happened but what is planted."""

    def __init__(self) -> None:
        self.writes: list[dict[str, Any]] = []
        self.records: dict[str, list[dict[str, Any]]] = {}

    def do(self, method: str, **arguments: object) -> object:
        """The planted writes or records."""
        if method == "writes":
            return self.writes
        return [] if arguments.get("deleted") else self.records.get(str(arguments.get("sobject")), [])


class _Career:
    """The god's view of a career system; the counsellor reads planted acknowledgements."""

    def __init__(self) -> None:
        self.log: list[dict[str, Any]] = []
        self.told: dict[str, dict[str, Any]] = {}
        self.changed: dict[str, int] = {}

    def get(self, order: str) -> Mapping[str, object]:
        """The planted log; no mails."""
        known: dict[str, Mapping[str, object]] = {"log": {"writes": self.log}, "changed": {"by_programs": self.changed}}
        return known.get(order, {"mails": []})

    def acknowledgement(self, id: str) -> dict[str, Any] | None:
        """What was planted for this request."""
        return self.told.get(id)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A stage on which nothing plays."""
    org, career = _Org(), _Career()
    bridge = Bridge(config=tmp_path / "config.toml", count=dict, progress=lambda _: None, log=tmp_path / "log")
    none: Any = None
    return Stage(
        folder=tmp_path,
        org=cast("Any", org),
        career=cast("Any", career),
        career_url="",
        authority=tmp_path,
        administrator=none,
        staff={},
        user_ids={},
        bridge_user="005bridge",
        counsellor=cast("Any", career),
        people=People(source="a test", contacts=(), accounts=(), truth=None),
        bridge=bridge,
    )


def _story(stage: Stage) -> tuple[Story, Day]:
    story = Story(stage=stage, progress=lambda _: None)
    story.quiet = {"writes": 0, "calls": {"crm": 3, "career": 2}, "seconds": 0.1}
    story.judged = Judged(automatic=0, review=0, proposed_new=0, waiting=0, right=None, true_pairs=None)
    return story, Day(stage=stage, cast=Cast(stage.people, [], {}), desk=Desk(stage=stage))


def test_account_has_every_promised_key(stage: Stage) -> None:
    """Every key of the JSON is there, unknown figures are null, and it can be written as JSON."""
    facts = _story(stage)[0].facts()
    assert all(name in facts[group] for group, names in PROMISED.items() for name in names)
    assert {"contact_writes", "seconds", "first_differences", "fields_written", "quiet_cycle"} <= set(facts)
    assert facts["links"]["precision"] is None
    assert facts["contact_writes"] == 0
    assert orjson.loads(orjson.dumps(facts)) == facts


def test_a_write_to_a_contact_is_counted_and_fails_the_demo(stage: Stage) -> None:
    """The figure that must be 0 comes from the org's own log, and anything else is a failure."""
    cast("_Org", stage.org).writes.append({"sobject": "Contact", "fields": ["Phone"]})
    story, day = _story(stage)
    story._hold_laws(day, read_writes(stage))
    assert story.facts()["contact_writes"] == 1
    assert story.failures == ["the bridge wrote to Contact 1 times"]


def test_a_quiet_cycle_that_writes_fails_the_demo(stage: Stage) -> None:
    """Quiet means that nothing is written."""
    story, day = _story(stage)
    story.quiet["writes"] = 2
    story._hold_laws(day, read_writes(stage))
    assert story.failures == ["a quiet cycle wrote 2 records"]


def test_a_request_without_an_answer_fails_the_demo(stage: Stage) -> None:
    """Careers must have been told something about every request, and the right word."""
    story, day = _story(stage)
    day.desk.asks += [
        Ask(label="silent", fields={}, expected="done", id="r1"),
        Ask(label="odd", fields={}, expected="done", id="r2"),
    ]
    cast("_Career", stage.career).told["r2"] = {"number": "R-2", "state": "waiting", "understood_type": "", "message": ""}
    story.requests = day.desk.lines()
    story._hold_laws(day, read_writes(stage))
    assert story.failures == [
        "request without an answer: silent",
        "request odd: careers read 'waiting', it should be 'done'",
    ]


def test_a_doubled_task_fails_the_demo(stage: Stage) -> None:
    """One request has one record and at most one Task."""
    org = cast("_Org", stage.org)
    org.records["Career_Request__c"] = [{"Id": "a01", "Request_Number__c": "R-1"}]
    org.records["Task"] = [{"WhatId": "a01"}, {"WhatId": "a01"}]
    story, day = _story(stage)
    story._hold_laws(day, read_writes(stage))
    assert story.failures == ["request R-1 has 2 Tasks"]


def test_written_values_are_counted_by_field(stage: Stage) -> None:
    """Values count by field, as the career system's own history has them; the counsellor's own writes do not."""
    career = cast("_Career", stage.career)
    career.changed = {"title": 2, "employer": 1}
    career.log += [{"kind": "api"}, {"kind": "staff"}]
    written = read_writes(stage)
    assert written.to_career == {"title": 2, "employer": 1}
    assert written.career == 1


def test_account_is_short_and_tells_failures(stage: Stage) -> None:
    """The readable account stays below a hundred lines of its own and names what failed."""
    story, _ = _story(stage)
    told = replace(stage, notes=["a note"])
    story.stage, story.failures = told, ["something"]
    console = Console(record=True, width=120, file=io.StringIO())
    print_account(console, story.facts(), story.acts)
    text = console.export_text()
    assert "FAILED: something" in text
    assert "Note: a note" in text
    assert len(text.splitlines()) < 100
