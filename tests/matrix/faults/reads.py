"""F42 to F62: what Salesforce says of what it holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from emulator.salesforce.control import Control
from tests.crash.steps import DeleteForGood, Silently
from tests.matrix.cells import Cell, Check, Operation, Order, Place, Row
from tests.matrix.checks import asked, calm, done, halted, waits, writes_nothing
from tests.matrix.faults.where import one
from tests.matrix.orders import CRM_READS, GRAPH, answers, crm, distorts, drift, setting, step, when, wire
from tests.matrix.stage import Stage
from tests.simulation import words
from tests.simulation.run import Run
from tests.simulation.steps import (
    DeleteContact,
    Duplicate,
    EditAccount,
    EditContact,
    Merge,
    Pass,
    TouchContact,
    UndeleteContact,
)
from tests.simulation.world import Spec, add_contact

_HOUR, _DAY = 3600.0, 86_400.0
_FEED = "nothing but a feed of changes meets it"
_UNREAD = "read (I20): before a sweep"
"""Until the sweep the bridge does not know of it."""
_TWO = Spec(people=2)
_HOURLY = Spec(cycle=3600)


def reading(title: str, read: Place, reconcile: Place, *, task: Place = _FEED, update: Place = _FEED, auth: Place = _FEED) -> Row:
    """A row of a fault that reading meets."""
    return Row(title=title, places=dict(zip(Operation, (task, update, read, auth, reconcile), strict=True)))


def _late(seconds: float) -> Cell:
    """An edit that commits behind the watermark: within the overlap (30 s) it is found at once, later by the sweep."""
    deeds = (EditContact(0, "major", 1, late=seconds), EditAccount(0, "employer", 1))
    soon = seconds <= 20
    return Cell(
        orders=(step(Pass(1)),),
        deeds=deeds,
        during=(done, calm) if soon else (calm,),
        beats=4 if seconds < _HOUR else int(seconds / 60) + 2,
        tolerated=frozenset() if soon else frozenset({_UNREAD}),
    )


def _same_second(people: int, page: int, operation: Operation) -> Cell:
    field, choice = ("major", 1) if operation is Operation.READ else ("title", 1)
    many = tuple(EditContact(person, field, choice) for person in range(people))
    silent = tuple(Silently(person, field, choice) for person in range(people))
    also = (EditAccount(0, "employer", 1),) if operation is Operation.READ else ()
    spec = Spec(people=people, page=page, latency=0.0)
    deeds = many + also if operation is Operation.READ else silent
    return Cell(orders=(step(Pass(1)),), deeds=deeds, during=(done, calm, _all_titled(people, field)), spec=spec)


def _paged(order: Order, *during: Check) -> tuple[Cell, ...]:
    """While several pages are read."""
    deeds = (EditContact(0, "major", 1), EditContact(1, "major", 1), EditAccount(0, "employer", 1))
    return one(order, during=during, deeds=deeds, spec=Spec(page=1, people=2))


def _all_titled(people: int, field: str) -> Check:
    """Everybody's edit has been read, not the first page's alone."""

    def check(stage: Stage) -> Iterator[str]:
        held = {row["id"]: row["fields"] for row in stage.rows("observation") if row["kind"] == "Contact"}
        for person in range(people):
            wanted = words.word(field, person, 1).crm[0]
            if wanted not in held[stage.run.world.contacts[person]]:
                yield f"the edit of person {person} was not read"

    return check


def _gone(stage: Stage) -> Iterator[str]:
    """The contact is known to be gone: its link has ended."""
    mine = [row["state"] for row in stage.rows("link") if row["account_id"] == stage.run.world.accounts[0]]
    if "linked" in mine:
        yield "the account is still linked"


def _linked_to_living(stage: Stage) -> Iterator[str]:
    """The account's link leads to the contact that lives, and there is one career profile."""
    world = stage.run.world
    links = [row for row in stage.rows("link") if row["account_id"] == world.accounts[0]]
    if [(row["state"], row["contact_id"]) for row in links] != [("linked", world.contacts[0])]:
        yield f"the link is {[(row['state'], row['contact_id']) for row in links]}, the contact {world.contacts[0]}"
    if len(world.rows("Career_Profile__c")) != 1:
        yield f"{len(world.rows('Career_Profile__c'))} career profiles"


def no_guess(stage: Stage) -> Iterator[str]:
    """Nobody was made a Task's contact whom nobody named: a request about somebody who is gone leads to no other contact."""
    living = {row["Id"] for row in stage.run.world.rows("Contact")}
    for row in stage.run.world.rows("Task"):
        if row.get("WhoId") not in {None, *living}:
            yield f"a Task is about {row['WhoId']}"


@dataclass(frozen=True)
class MakeAgain:
    """An officer enters a contact again that was deleted, with the same number of the institution."""

    person: int

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        run.world.do("make the contact again", lambda world: add_contact(world, self.person))


@dataclass(frozen=True)
class MergeTwice:
    """Contact A is merged into B, then B into C: a chain."""

    person: int

    def perform(self, run: Run) -> None:
        """See ``Step``."""
        for _ in range(2):
            Duplicate(self.person).perform(run)
            Merge(self.person, into_double=True).perform(run)


def _hide(door: Control) -> None:
    """Sharing becomes private, and the bridge's user loses the right to see all contacts."""
    door.set_sharing("Contact", "Private")
    door.grant_object("Contact", "r", holder="Alumni_Bridge_Daemon")


_hidden = drift(_hide, "Contact")


def _backdated(run: Run) -> None:
    run.world.crm.rewrite(run.world.contacts[0], {"LastModifiedDate": "2001-01-01T00:00:00.000+0000"})
    run.happened("backdated")


def _merge_while_sent(*more: Any) -> Order:
    """The contact of a request is merged into its double while the request is on its way to Salesforce."""
    return when("crm>", "/composite/graph", Duplicate(0), Merge(0, into_double=True), *more)


_MERGED_ENDS = (done, _linked_to_living)
_MERGED_AWAY = one(
    step(Duplicate(0), Pass(120), Merge(0, into_double=True)),
    crm(lambda door: door.empty_bin()),
    deeds=(),
    during=(calm,),
    ends=(_linked_to_living,),
)
_DELETED = Cell(orders=(step(DeleteContact(0)),), during=(_gone, calm), ends=(_gone,), spec=_TWO)

READS: Mapping[int, Row] = {
    42: reading(
        "Late commit behind the watermark",
        tuple(map(_late, (20.0, 100.0, 4 * _HOUR))),
        one(
            step(Pass(4 * _HOUR + 60)),
            deeds=(EditContact(0, "title", 1, late=4 * _HOUR),),
            during=(done, calm),
        ),
    ),
    43: reading(
        "A page or more of rows with one stamp",
        tuple(_same_second(people, page, Operation.READ) for people, page in ((2, 2), (3, 2), (10, 1))),
        tuple(_same_second(people, page, Operation.RECONCILE) for people, page in ((2, 2), (3, 2))),
    ),
    44: reading(
        "A row is modified, or moves, while pages are read",
        one(
            when("crm<", "", EditContact(0, "major", 1), TouchContact(1)),
            deeds=(EditContact(1, "major", 2), EditContact(2, "major", 2), EditAccount(0, "employer", 1)),
            during=(done, calm),
            spec=Spec(people=3, page=1),
        ),
        one(
            when("crm<", "", EditContact(0, "title", 1), TouchContact(1)),
            deeds=(EditContact(1, "major", 2),),
            during=(done, calm),
            spec=Spec(people=3, page=1),
        ),
    ),
    45: reading(
        "INVALID_QUERY_LOCATOR midway",
        one(answers(CRM_READS, "INVALID_QUERY_LOCATOR", count=1), during=(done, calm), spec=Spec(page=1, people=2)),
        one(answers(CRM_READS, "INVALID_QUERY_LOCATOR", count=1), during=(done, calm), spec=Spec(page=1, people=2)),
    ),
    46: reading(
        "QUERY_TIMEOUT",
        one(answers(CRM_READS, "QUERY_TIMEOUT", count=3), during=(done, calm))
        + one(answers(CRM_READS, "QUERY_TIMEOUT"), during=(waits,)),
        one(answers(CRM_READS, "QUERY_TIMEOUT", count=3), during=(done, calm))
        + one(answers(CRM_READS, "QUERY_TIMEOUT"), during=(waits,)),
    ),
    47: reading(
        "A next page on another host, an endless query, a wrong total",
        _paged(distorts("query", "wrong_total"), done, calm)
        + _paged(distorts("query", "stuck"), done, calm)
        + _paged(distorts("GET .*query.*Contact", "foreign_page"), done, calm),
        tuple(Cell(orders=(distorts("query", how),), during=(calm,)) for how in ("wrong_total", "stuck"))
        + one(distorts("query", "foreign_page"), during=(halted("crm", "outside the configured host"),)),
    ),
    48: reading(
        "A stamp moves and nothing else",
        one(step(TouchContact(0)), deeds=(), during=(writes_nothing("crm"), writes_nothing("careers"), calm), ends=()),
        one(step(TouchContact(0)), deeds=(), during=(writes_nothing("crm"), writes_nothing("careers"), calm), ends=()),
        task=one(
            setting("tasks_touch_contacts", value=True),
            during=(done, calm, asked("crm", "(PATCH|POST) .*/composite/(graph|sobjects)", 1, 1)),
        ),
        update="our own updates move the stamps of our own records alone",
    ),
    49: reading(
        "A value changes and no stamp moves",
        one(
            step(Silently(0, "major", 1)),
            deeds=(EditAccount(0, "employer", 1),),
            during=(calm,),
            tolerated=frozenset({_UNREAD}),
        ),
        one(step(Pass(1)), during=(done, calm)),
    ),
    50: reading(
        "LastModifiedDate is set back",
        one(_backdated, during=(done, calm)),
        one(_backdated, during=(done, calm)),
    ),
    52: reading(
        "Deleted, deleted for good, the bin emptied",
        (_DELETED,),
        (replace(_DELETED, orders=(step(DeleteForGood(0)),), deeds=()),),
        task=one(when("crm>", "/composite/graph", DeleteContact(0)), during=(no_guess,), ends=(no_guess,), spec=_TWO),
        update=one(when("careers>", "/people/batch", DeleteContact(0)), during=(_gone,), ends=(_gone,), spec=_TWO),
    ),
    53: reading(
        "Undeleted, under the same id",
        one(step(DeleteContact(0), Pass(120), UndeleteContact(0)), during=(calm, _linked_to_living), ends=_MERGED_ENDS),
        one(step(DeleteContact(0), Pass(120), UndeleteContact(0)), during=(calm, _linked_to_living), ends=_MERGED_ENDS),
        task=one(step(DeleteContact(0), Pass(120), UndeleteContact(0)), beats=4, ends=_MERGED_ENDS),
    ),
    54: reading(
        "Deleted and made again with the same number",
        one(step(DeleteContact(0), Pass(120), MakeAgain(0)), deeds=(), during=(calm,), ends=(_linked_to_living,)),
        one(step(DeleteForGood(0), MakeAgain(0)), deeds=(), during=(calm,), ends=(_linked_to_living,)),
    ),
    55: reading(
        "Merged, the survivor updated in the same second",
        one(
            step(Duplicate(0), Pass(120), Merge(0, into_double=True), EditContact(0, "major", 1)),
            deeds=(),
            during=(calm, _linked_to_living),
            ends=(_linked_to_living,),
        ),
        one(
            step(Duplicate(0), Pass(120), Merge(0, into_double=True), Silently(0, "title", 1)),
            deeds=(),
            during=(calm, _linked_to_living),
            ends=_MERGED_ENDS,
        ),
        task=one(_merge_while_sent(), during=(done,), ends=_MERGED_ENDS),
        update=one(
            when("careers>", "/people/batch", Duplicate(0), Merge(0, into_double=True)),
            during=(calm, _linked_to_living),
            ends=(_linked_to_living,),
        ),
    ),
    56: reading(
        "Merged, and the loser is gone without trace",
        _MERGED_AWAY,
        _MERGED_AWAY,
        task=one(
            when("crm>", "/composite/graph", Duplicate(0), Merge(0, into_double=True)),
            during=(no_guess,),
            ends=(no_guess, _linked_to_living),
        ),
    ),
    57: reading(
        "A chain of merges; a cycle",
        one(step(MergeTwice(0)), deeds=(), during=(calm, _linked_to_living), ends=(_linked_to_living,)),
        one(step(MergeTwice(0)), deeds=(), during=(calm, _linked_to_living), ends=(_linked_to_living,)),
        task=one(when("crm>", "/composite/graph", MergeTwice(0)), ends=_MERGED_ENDS),
    ),
    60: reading(
        "A change of sharing hides contacts; a side looks empty",
        one(_hidden, during=(writes_nothing("careers"),), spec=Spec(people=5), tolerated=frozenset({_UNREAD})),
        one(_hidden, during=(halted("crm", "known records"), writes_nothing("careers")), spec=Spec(people=5)),
    ),
    61: reading(
        "Replica lag: created, and a query at once misses it",
        one(setting("replica_lag", 20), during=(done, calm)),
        one(setting("replica_lag", 20), during=(calm,)),
        task=one(setting("replica_lag", 20), wire("crm", "lose_response", GRAPH, count=1), during=(done, calm), beats=5),
        update=one(setting("replica_lag", 20), during=(done, calm)),
    ),
    62: Row(
        title="Change Data Capture: gaps, overflow, reorder",
        places=dict.fromkeys(Operation, "the bridge polls; it reads no stream of events"),
    ),
}
