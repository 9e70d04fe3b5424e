"""Scripts about an office that works with files: tables that come, tables that leave, and what a later table shows of them."""

from __future__ import annotations

from collections.abc import Mapping

from tests.crash.script import SETTLE, script
from tests.simulation.drop import FolderFails, OfficeRests, OfficeWorks
from tests.simulation.scenario import Scenario
from tests.simulation.steps import Change, EditAccount, EditContact, File, Pass, When, Work
from tests.simulation.world import Spec

_FILES = Spec(cycle=3600, platform="csv_drop")
_TIDY = Spec(cycle=3600, platform="csv_drop", office=(("tidy", True), ("encoding", "utf-16"), ("reverse", True)))
_TAKING = ".taking-people"

TABLES: Mapping[str, Scenario] = {
    "handed over, carried in, shown": script(EditContact(0, "title", 1), spec=_FILES),
    "handed over, and careers have changed it before it is carried in": script(
        OfficeRests(5000.0), EditContact(0, "title", 1), Pass(3600), EditAccount(0, "title", 3), SETTLE, spec=_FILES
    ),
    "two files before either is carried in": script(
        OfficeRests(9000.0), EditContact(0, "title", 1), Pass(3600), EditContact(0, "title", 2), Pass(3600), spec=_TIDY
    ),
    "the disk is full when a table is handed over": script(
        FolderFails("ENOSPC", 2, "updates-0"), EditContact(0, "title", 1), spec=_FILES
    ),
    "the disk is full when it is noted that a table was handed over": script(
        When("os.rename", ".updates-0", FolderFails("ENOSPC", 1, "updates.json")), EditContact(0, "title", 1), spec=_FILES
    ),
    "a table of careers becomes a question": script(EditAccount(0, "title", 1), spec=_TIDY),
    "a table is replaced while the one before it is taken": script(
        EditAccount(0, "mentor_capacity", 2),
        When("os.rename", _TAKING, EditAccount(0, "interests", 1)),
        When("os.rename", _TAKING, OfficeWorks()),
        spec=_FILES,
    ),
    "a request, and the words about it": script(
        File(0, 0), SETTLE, Work(0, "begin"), SETTLE, Change(0, "Another Zyx title"), SETTLE, Work(0, "complete"), spec=_TIDY
    ),
}
