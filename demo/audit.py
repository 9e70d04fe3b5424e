"""What really happened, by the systems' own books: the god's view of both, and the bridge's state file, read only."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from demo.stage import Stage

_OWN_COLUMNS = frozenset(
    {"Key__c", "Contact__c", "System__c", "Account_Id__c", "Link_State__c", "Link_Basis__c", "Primary__c", "Name", "OwnerId"}
)
"""Columns of a career profile that say whose it is, and carry no value of a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One account as the bridge sees it; ``contact`` is a Salesforce id."""

    account: str
    state: str
    contact: str | None
    leading: bool


def read_links(stage: Stage) -> list[Link]:
    """Every account, from the state file. It is opened for reading only."""
    with closing(sqlite3.connect(f"file:{stage.folder / 'state.db'}?mode=ro", uri=True)) as db:
        rows = db.execute("SELECT account_id, state, contact_id, leading FROM link ORDER BY account_id")
        return [Link(account=row[0], state=row[1], contact=row[2], leading=bool(row[3])) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The automatic links against the truth; the shares are None where the truth is not known, or nothing could be shared."""

    automatic: int
    review: int
    proposed_new: int
    waiting: int
    right: int | None
    true_pairs: int | None

    @property
    def precision(self) -> float | None:
        """How many of the automatic links are right."""
        return None if self.right is None or not self.automatic else self.right / self.automatic

    @property
    def recall(self) -> float | None:
        """How many of those that should be linked are linked, and rightly."""
        return None if self.right is None or not self.true_pairs else self.right / self.true_pairs


def judge_links(links: Iterable[Link], record_of: Mapping[str, str], truth: Mapping[str, frozenset[str]] | None) -> Judged:
    """Count the links and hold them against the truth.

    Args:
        links: the accounts as the bridge sees them.
        record_of: the record id of each contact that the CRM took, by Salesforce id.
        truth: by account the record ids of the person's contacts. A pair whose contact the CRM refused is no true pair.
    """
    states: Counter[str] = Counter()
    right = 0
    for link in links:
        states[link.state] += 1
        if link.state == "linked" and truth is not None and link.contact is not None:
            right += record_of.get(link.contact) in truth.get(link.account, frozenset())
    there = set(record_of.values())
    return Judged(
        automatic=states["linked"],
        review=states["review"],
        proposed_new=states["new"],
        waiting=states["waiting"],
        right=None if truth is None else right,
        true_pairs=None if truth is None else sum(bool(contacts & there) for contacts in truth.values()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What the bridge's own user and key have written so far."""

    contacts: int
    crm: int
    """Records of its own objects and Tasks, without the sign of life in ``Bridge_Status__c``."""
    career: int
    """Requests to the career system that were no reading."""
    to_crm: Mapping[str, int]
    to_career: Mapping[str, int]


def read_writes(stage: Stage) -> Written:
    """Count the writes in both systems' logs, which hold everything that came over the wire."""
    log: Sequence[Mapping[str, Any]] = stage.org.do("writes", user_id=stage.bridge_user)
    to_crm: Counter[str] = Counter()
    for write in log:
        if write["sobject"] == "Career_Profile__c":
            to_crm.update(name for name in write["fields"] if name not in _OWN_COLUMNS)
    career = [write for write in stage.career.get("log")["writes"] if write["kind"] == "api"]
    to_career: Mapping[str, int] = stage.career.get("changed")["by_programs"]
    return Written(
        contacts=sum(write["sobject"] == "Contact" for write in log),
        crm=sum(write["sobject"] not in {"Contact", "Bridge_Status__c"} for write in log),
        career=len(career),
        to_crm=dict(to_crm),
        to_career=dict(to_career),
    )


def count_suggestions(stage: Stage) -> dict[str, int]:
    """What became of the suggested changes, as Salesforce shows them to staff."""
    states = Counter(row["State__c"] for row in stage.rows("Suggested_Change__c"))
    words = {
        "accepted": "Accepted",
        "accepted_with_changes": "Accepted with changes",
        "rejected": "Rejected",
        "withdrawn": "Withdrawn",
        "open": "Open",
        "waiting": "Waiting for the contact",
    }
    return {"raised": states.total()} | {name: states[word] for name, word in words.items()}


def find_doubles(stage: Stage) -> list[str]:
    """Requests that exist twice, or that have more than one Task, deleted ones included."""
    tasks = Counter(
        row.get("WhatId") for deleted in (False, True) for row in stage.org.do("rows", sobject="Task", deleted=deleted)
    )
    requests = stage.rows("Career_Request__c")
    numbers = Counter(row["Request_Number__c"] for row in requests)
    found = [f"request {number} exists {count} times" for number, count in numbers.items() if count > 1]
    found += [f"request {row['Request_Number__c']} has {tasks[row['Id']]} Tasks" for row in requests if tasks[row["Id"]] > 1]
    return found
