"""Scripts about who is who: merges in each order, new contacts, reviews, deletions."""

from __future__ import annotations

from collections.abc import Mapping

from tests.crash.script import SETTLE, script
from tests.crash.steps import Unclear
from tests.simulation.decisions import Decide, Review
from tests.simulation.scenario import Scenario
from tests.simulation.steps import (
    Arrive,
    DeleteAccount,
    DeleteContact,
    Duplicate,
    EditAccount,
    EditContact,
    File,
    Merge,
    UndeleteContact,
    When,
)

MERGES: Mapping[str, Scenario] = {
    "the linked contact survives": script(Duplicate(0), SETTLE, Merge(0)),
    "the other contact survives": script(Duplicate(0), SETTLE, Merge(0, into_double=True)),
    "merged before it was ever read": script(Duplicate(0), Merge(0, into_double=True)),
    "merged twice": script(
        Duplicate(0), SETTLE, Merge(0, into_double=True), Duplicate(0), SETTLE, Merge(0, into_double=True), SETTLE
    ),
    "merged twice between two cycles": script(Duplicate(0), Merge(0, into_double=True), Duplicate(0), Merge(0, into_double=True)),
    "an open suggestion follows": script(
        EditAccount(0, "title", 1), Duplicate(0), SETTLE, Merge(0, into_double=True), SETTLE, Decide(0, "accept")
    ),
    "decided, then merged": script(
        EditAccount(0, "title", 1), Duplicate(0), SETTLE, Decide(0, "reject"), Merge(0, into_double=True)
    ),
    "merged, then edited": script(Duplicate(0), SETTLE, Merge(0, into_double=True), EditContact(0, "title", 2)),
    "a request is on its way": script(
        Duplicate(0), SETTLE, When("crm>", "/composite/graph", Merge(0, into_double=True)), File(0, 0)
    ),
    "a profile is being written": script(
        Duplicate(0), SETTLE, When("crm>", "PATCH", Merge(0, into_double=True)), EditAccount(0, "mentor_capacity", 2)
    ),
}

IDENTITY: Mapping[str, Scenario] = {
    "a new contact, accepted": script(Arrive(1, "career"), SETTLE, Decide(0, "accept"), SETTLE, EditContact(1, "title", 1)),
    "a new contact, rejected": script(Arrive(1, "career"), SETTLE, Decide(0, "reject")),
    "a new contact appears by itself": script(Arrive(1, "career"), SETTLE, Arrive(1, "crm")),
    "somebody arrives on both sides": script(Arrive(1), SETTLE, EditAccount(1, "title", 1)),
    "a review, decided": script(Unclear(1), SETTLE, Review(0, "Candidate 1"), SETTLE, EditAccount(1, "title", 1)),
    "a review, nobody": script(Unclear(1), SETTLE, Review(0, "Nobody")),
    "a review, answered by a merge": script(Unclear(1), SETTLE, Merge(1)),
    "a contact deleted and undeleted": script(DeleteContact(0), SETTLE, UndeleteContact(0), SETTLE, EditContact(0, "title", 1)),
    "a contact deleted while a question is open": script(EditAccount(0, "title", 1), SETTLE, DeleteContact(0)),
    "an account deleted": script(EditAccount(0, "title", 1), SETTLE, DeleteAccount(0)),
}
