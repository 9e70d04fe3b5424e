"""What the oracles judge by: the world as it is, everything that passed, and the bridge's own state, read as plain rows."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from typing import Any

import orjson

from emulator.http import Request
from tests.simulation.mapping import Field, Rules, Unit, read_mapping
from tests.simulation.oracle.symplicity import acts_until
from tests.simulation.oracle.told import contacts_in
from tests.simulation.oracle.wire import Write
from tests.simulation.variants import is_hushed
from tests.simulation.words import token
from tests.simulation.world import HANDED_OVER, Call, World, pick


@dataclass(frozen=True, order=True)
class Breach:
    """A law that does not hold, and where."""

    law: str
    what: str


_SOUND = frozenset({"answered", HANDED_OVER})
"""The fates of what went without trouble."""
_REFUSED = 400
_MISSING = 404
"""Of an account that is not there: an answer like any other."""
_FINE = 0.001
"""Seconds by which stamps of accounts are coarser than our clock."""

Tokens = tuple[str, ...]
"""What a unit means, field by field; see ``words``."""


def state_rows(state: Path, table: str) -> list[dict[str, Any]]:
    """A table of a state file."""
    with closing(sqlite3.connect(f"file:{state}?mode=ro", uri=True)) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute(f'SELECT * FROM "{table}"')]  # noqa: S608 - our own names


def request_of(record: Mapping[str, Any]) -> str:
    """The number, at careers, of the request that a Career_Request__c is about."""
    named = re.match(r"Request (\S+) in ", record.get("Details__c", ""))
    return named[1] if named else str(record.get("Request_Number__c", ""))


def _lists_people(world: World, call: Call) -> bool:
    """Whether a call is one by which careers' people are listed."""
    return call.side != "crm" and bool(re.search(world.platform.people, f"{call.request.path}?{call.request.query}"))


def _by_job(calls: Sequence[Call]) -> dict[tuple[int, int], list[Call]]:
    """Calls by (life of the daemon, job)."""
    jobs: dict[tuple[int, int], list[Call]] = {}
    for call in calls:
        jobs.setdefault((call.life, call.job), []).append(call)
    return jobs


def _told(call: Call) -> bool:
    """Whether a call had the answer it was sent for."""
    return call.fate in _SOUND and all(one.status < _REFUSED for one in call.acted)


def _kept_from_reading(job: Sequence[Call]) -> bool:
    """Whether a side was asked in vain in a job before the bridge wrote anything, so that it may have compared nobody."""
    reads = list(takewhile(lambda call: not call.writes, job))
    told = {_asks(call.request) for call in reads if _told(call) or any(one.status == _MISSING for one in call.acted)}
    return any(_asks(call.request) not in told for call in reads)


def _asks(request: Request) -> tuple[str, str, str, bytes]:
    """What a request asks for, in whichever session."""
    return request.method, request.path, request.query, request.body


@dataclass(kw_only=True)
class Evidence:
    """Everything at rest, after the last cycle. ``writes`` are all single writes that left; ``log`` what the daemons logged."""

    world: World
    state: Path
    mapping: str
    """The variant of the mapping in force at the end."""
    mappings: frozenset[str]
    """Every variant that was in force at some time."""
    writes: Sequence[Write]
    known: Sequence[Write]
    """Those that the present state has to know of: it may have been lost, or be an older copy."""
    known_calls: Sequence[Call]
    """The calls that the present state has to know of."""
    knows_beginning: bool
    """Whether it knows what was before them."""
    log: str
    happened: AbstractSet[str]
    """What happened, by name: some laws make an exception of it."""
    moved: Sequence[int]
    """At which effects somebody or something else did anything."""
    looked_after: int
    """At which effect an administrator first looked after what was held or halted."""

    @cached_property
    def rules(self) -> Rules:
        """The mapping in force."""
        return read_mapping(self.mapping)

    @cached_property
    def hushed(self) -> bool:
        """Whether a type of request was confidential at some time that is none in the shipped mapping."""
        return any(map(is_hushed, self.mappings))

    def units_with(self, field: str) -> list[Unit]:
        """The unit that a field belonged to, under each mapping that was in force at some time and has it."""
        units = (unit for name in self.mappings for unit in read_mapping(name).units.values())
        return [unit for unit in units if field in {each.name for each in unit.fields}]

    def unit_fields(self, unit: str) -> set[Field]:
        """Every field that a unit had at some time."""
        return {field for name in self.mappings for field in getattr(read_mapping(name).units.get(unit), "fields", ())}

    @property
    def remembers(self) -> bool:
        """Whether the bridge has never lost its memory."""
        return not self.happened & {"state lost", "state restored", "two daemons"}

    @property
    def late(self) -> bool:
        """Whether anything that was sent may have taken effect long afterwards."""
        return bool({"crm later later", "crm late_commit late_commit"} & self.happened or self.world.held_records)

    @property
    def untrue(self) -> bool:
        """Whether answers may have told something else than what was done."""
        return any(name.startswith(("crm answer", "careers")) for name in self.happened)

    def moved_between(self, first: Call, second: Call) -> bool:
        """Whether anything else happened since the job of the first of two calls began, up to the second.

        What happens in the midst of a job is read by the next one. What was begun earlier and came late counts at any time.
        """
        return self.late or any(first.job <= at <= second.number for at in self.moved)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """A table of the bridge's state."""
        return state_rows(self.state, table)

    @cached_property
    def taken_up(self) -> list[tuple[str, Mapping[str, Any]]]:
        """Updates of accounts (id, fields) that a process had taken to send when it died, and that the next one did not find."""
        if "killed" not in self.happened:
            return []
        rows = [row for row in self.rows("intent") if (row["kind"], row["code"]) == ("career.update", "LOOKED")]
        return [(row["target"], orjson.loads(row["payload"])["fields"]) for row in rows]

    @cached_property
    def first_differences(self) -> set[tuple[str, str]]:
        """(account, unit) where an administrator has to choose."""
        return {(row["account_id"], row["unit"]) for row in self.rows("first_difference")}

    @cached_property
    def profiles(self) -> Mapping[str, list[dict[str, Any]]]:
        """Living career profiles by account."""
        found: dict[str, list[dict[str, Any]]] = {}
        for row in self.world.rows("Career_Profile__c"):
            found.setdefault(row["Account_Id__c"], []).append(row)
        return found

    @cached_property
    def suggestions(self) -> Mapping[tuple[str, str], list[dict[str, Any]]]:
        """Living suggestions by (account, unit), oldest first."""
        found: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for row in sorted(self.world.rows("Suggested_Change__c"), key=lambda row: row["Id"]):
            found.setdefault((self._account_asked_about(row), row["Group__c"]), []).append(row)
        return found

    def _account_asked_about(self, suggestion: Mapping[str, Any]) -> str:
        """The account of a suggestion. Where a brake holds the profile, what careers suggest is asked about the contact alone."""
        person = self.world.person_of(suggestion["Contact__c"]) if suggestion.get("Contact__c") else None
        known = self.world.accounts.get(person, "") if person is not None else ""
        return self.accounts_by_profile.get(suggestion.get("Career_Profile__c") or "", known)

    @cached_property
    def accounts_by_profile(self) -> Mapping[str, str]:
        """The account of each career profile that ever was."""
        rows = [*self.world.rows("Career_Profile__c"), *self.world.rows("Career_Profile__c", deleted=True)]
        return {row["Id"]: row["Account_Id__c"] for row in rows}

    def first_compared(self, person: int, account: str) -> float:
        """When the bridge, as far back as its present state knows, first had read both sides of a person's link.

        Before the beginning, if it knew them then; never, if it has not yet. A link that has come to lead to another contact of
        the person is another link; so is one that was a question meanwhile.
        """
        linked = {row["contact_id"] for row in self.rows("link") if row["account_id"] == account} - {None}
        contacts = linked or self.world.contacts_of(person)
        there = self.world.seen and contacts & self.world.seen[0].keys()
        since = max(self._last_question(account), self._stood_still())
        if there and self.world.spec.live and account in self.world.known_before and self.knows_beginning and since < 0:
            return -1.0
        shown = self.world.platform.shown.format(account.partition("-")[2] or account)
        return self._ended(max(self._first_read(shown.encode()), self._first_living(contacts), since))

    def _stood_still(self) -> float:
        """The call before which nobody was linked, as the CRM side was halted when the state began; before the first if never."""
        if "crm field hidden" not in self.happened or (self.world.spec.live and self.remembers):
            return -1.0
        return next((call.number for call in self.world.calls if call.number >= self.looked_after), float("inf"))

    def _ended(self, number: float) -> float:
        """When the first job was over that had this call or later ones, could read on, and after which the daemon lived on.

        What a daemon has read and died over may be read as something else before it is compared; so may a page whose next one, or
        whose neighbouring list, was refused.
        """
        jobs = _by_job(self.known_calls)
        last = dict(sorted(jobs))
        final = max(last, default=0)
        return min(
            (
                calls[-1].at
                for (life, job), calls in jobs.items()
                if calls[-1].number >= number and (job != last[life] or life == final) and not _kept_from_reading(calls)
            ),
            default=float("inf"),
        )

    def unguarded(self, account: str, at: float) -> bool:
        """Whether an edit at a moment came between the bridge's last look at an account and the end of its write.

        Where a platform takes whatever it is given, nothing can keep that from being overwritten (docs/platforms.md says so).
        """
        if self.world.platform.guarded:
            return False
        shown = account.partition("-")[2] or account
        looks: dict[tuple[str, int], float] = {}
        written = {write.call.number: write for write in self.writes if write.object == "person" and write.id == account}
        for call in self.world.calls:
            write, place = written.get(call.number), (call.process, call.life)
            if write is not None and looks.get(place, at + 1) - _FINE <= at <= acts_until(self.world, write) + _FINE:
                return True
            if not call.writes and call.request.path.endswith(f"/{shown}"):
                looks[place] = call.at
        return False

    def seen_between(self, since: float, until: float) -> bool:
        """Whether the bridge cannot have missed what stood on both sides all that time.

        It has been through two jobs that read both sides without any trouble, for the answers of one may be older than they are.
        As long as a brake holds a plan nobody is compared, and what careers enter and take back meanwhile is not seen.
        """
        if '"subject": "plan", "event": "halted"' in self.log:
            return False
        return sum(since <= began and ended <= until for began, ended in self._sound_jobs) > 1

    @cached_property
    def _sound_jobs(self) -> list[tuple[float, float]]:
        """When jobs began and ended in which both sides were read, every answer came, and after which the daemon lived on."""
        jobs = _by_job(self.world.calls)
        last = dict(sorted(jobs))
        return [
            (calls[0].at, calls[-1].at)
            for (life, job), calls in jobs.items()
            if job != last[life]
            and any(_lists_people(self.world, call) for call in calls)
            and any(b"/Contact/updated/" in call.request.body for call in calls)
            and all(_told(call) for call in calls)
        ]

    def crm_read_before(self, at: float) -> float:
        """When the CRM last told what had changed before a moment: what the bridge then knows of it is as old."""
        return max((told for told in self._crm_told if told <= at), default=0.0)

    @cached_property
    def _crm_told(self) -> list[float]:
        """When the CRM told what had changed."""
        asked = (call for call in self.world.calls if b"/Contact/updated/" in call.request.body)
        return [call.at for call in asked if _told(call)]

    def _first_read(self, *names: bytes) -> float:
        """The call whose answer first had any of these texts in it, and reached the daemon."""
        for call in self.known_calls:
            if call.fate == "answered" and any(name in one.body for one in call.acted for name in names):
                return call.number
        return float("inf")

    def _first_living(self, contacts: AbstractSet[str]) -> float:
        """The call whose answer first had one of these contacts in it, not deleted, and reached the daemon."""
        for call in self.known_calls:
            if call.fate == "answered" and call.side == "crm":
                told = contacts_in(call, read_mapping(call.mapping))
                if any(contact["Id"] in contacts and not contact.get("IsDeleted") for contact in told):
                    return call.number
        return float("inf")

    def _last_question(self, account: str) -> float:
        """The call by which staff were last asked whose an account is; before the first if never."""
        asked = (write for write in self.writes if write.object == "Identity_Review__c" and write.kind == "insert")
        return max((write.call.number for write in asked if write.fields.get("Account_Id__c") == account), default=-1.0)

    def suggestion_writes(self, account: str, unit: str) -> list[Write]:
        """Every write of a suggestion about one unit of one account."""
        rows = [*self.world.rows("Suggested_Change__c"), *self.world.rows("Suggested_Change__c", deleted=True)]
        mine = {row["Key__c"]: row for row in rows if self._account_asked_about(row) == account}
        ids = {row["Id"] for row in mine.values() if row["Group__c"] == unit}
        keys = {row["Key__c"] for row in mine.values() if row["Group__c"] == unit}
        return [
            write
            for write in self.writes
            if write.object == "Suggested_Change__c" and (write.id in ids if write.kind == "update" else write.key in keys)
        ]

    def profile_writes(self, account: str) -> list[Write]:
        """Every write of the career profile of an account."""
        return [
            write
            for write in self.writes
            if write.object == "Career_Profile__c"
            and (write.fields.get("Account_Id__c") or self.accounts_by_profile.get(write.id)) == account
        ]

    def meaning(self, unit: Unit, side: str, values: Mapping[str, Any]) -> Tokens:
        """What a unit means on one side; ``values`` are the record there (for careers' units in the CRM: the profile)."""
        if side == "crm":
            return tuple(token(field.name, "crm", values.get(field.crm)) for field in unit.fields)
        return tuple(token(field.name, "career", pick(values, field.career) if field.career else None) for field in unit.fields)
