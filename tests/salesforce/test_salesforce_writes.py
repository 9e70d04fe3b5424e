"""Writes over scripted answers: the exact bytes that go out, and one outcome for each element."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, get_args, get_type_hints

import pytest

from connector.errors import Bug
from connector.ports import CrmCreate, CrmUpdate, Outcome, Status
from connector.salesforce.answers import Row
from connector.salesforce.client import Client
from connector.salesforce.objects import Writable
from connector.salesforce.records import Records
from connector.salesforce.writes import Writes
from tests.salesforce.elements import HALTED, REQUEST, STAMP, TASK, error, failed, graph, made, profile, request, statuses
from tests.salesforce.orgs import Org


def test_insert_bytes(org: Org) -> None:
    """Creates go as inserts with their key, each for itself, never as upserts."""
    org.answer("POST", "/composite/sobjects", [made(REQUEST), made("a0BVr0000000002MAA")])
    outcomes = org.side.create([profile("k1", System__c="symplicity"), profile("k2", Primary__c=True)])
    assert json.loads(org.sent[0].body) == {
        "allOrNone": False,
        "records": [
            {"attributes": {"type": "Career_Profile__c"}, "System__c": "symplicity", "Key__c": "k1"},
            {"attributes": {"type": "Career_Profile__c"}, "Primary__c": True, "Key__c": "k2"},
        ],
    }
    assert [(outcome.status, outcome.id, outcome.already_there) for outcome in outcomes] == [
        (Status.APPLIED, REQUEST, False),
        (Status.APPLIED, "a0BVr0000000002MAA", False),
    ]


def test_request_and_task_are_one_graph(org: Org) -> None:
    """A request and its Task go as two nodes of one graph, the Task pointing at the request; both ids come back."""
    org.answer("POST", "/composite/graph", {"graphs": [graph(0, made(REQUEST), made(TASK), done=True)]})
    outcome = org.side.create([request("k1")])[0]
    assert json.loads(org.sent[0].body) == {
        "graphs": [
            {
                "graphId": "g0",
                "compositeRequest": [
                    {
                        "method": "POST",
                        "url": "/services/data/v67.0/sobjects/Career_Request__c",
                        "referenceId": "record0",
                        "body": {"Title__c": "Panel", "Key__c": "k1"},
                    },
                    {
                        "method": "POST",
                        "url": "/services/data/v67.0/sobjects/Task",
                        "referenceId": "task0",
                        "body": {"Subject": "Panel", "WhatId": "@{record0.id}"},
                    },
                ],
            }
        ]
    }
    assert (outcome.status, outcome.id, outcome.fields) == (Status.APPLIED, REQUEST, {"task_id": TASK})


def test_contact_cannot_be_written(org: Org) -> None:
    """No way leads to a write of a Contact: not by type, not by name, not by path; nothing reaches the wire (B14)."""
    assert "Contact" not in {kind.value for kind in Writable}
    for name in ("Contact", "contact", "CONTACT", "Account", "Contact/003", "Career_Profile__c/../Contact"):
        with pytest.raises(Bug, match=f"^the bridge does not write {name}$"):
            org.side.create([CrmCreate(object=name, key="k", fields={"LastName": "x"})])
        with pytest.raises(Bug, match=f"^the bridge does not write {name}$"):
            org.side.update([CrmUpdate(object=name, id="003Vr0000000001AAA", fields={"LastName": "x"})])
        with pytest.raises(ValueError, match="not a valid"):
            org.client.insert([(name, {"LastName": "x"})])  # type: ignore[list-item] # what the types forbid
        with pytest.raises(ValueError, match="not a valid"):
            org.client.update([(name, "003Vr0000000001AAA", {"LastName": "x"})])  # type: ignore[list-item] # what the types forbid
    for field in ("attributes", "Id", "id"):
        with pytest.raises(Bug):
            org.side.update([CrmUpdate(object="Task", id=TASK, fields={field: "003Vr0000000001AAA"})])
    with pytest.raises(Bug):
        org.side.update([CrmUpdate(object="Task", id="../Contact/003Vr", fields={})])
    assert org.sent == []


def test_every_write_method_takes_the_closed_enum() -> None:
    """Each method of the client that can send a write names its objects by the enum that has no Contact."""
    for method in (Client.insert, Client.update, Client.insert_graphs):
        hints = get_type_hints(method)
        assert Writable in set(walk(next(hint for name, hint in hints.items() if name in {"rows", "graphs"})))


def walk(hint: Any) -> Any:
    """The parts of a type."""
    yield hint
    for part in get_args(hint):
        yield from walk(part)


def test_task_is_never_created_alone(org: Org) -> None:
    """A Task exists only together with its request, the status only with the lease."""
    for name in ("Task", "Bridge_Status__c"):
        with pytest.raises(Bug, match=r"^a Task is created only together with its request"):
            org.side.create([CrmCreate(object=name, key="k", fields={})])
    assert org.sent == []


def test_outcomes_stay_in_order(org: Org) -> None:
    """Objects are grouped on the wire into few runs; the outcomes come back in the caller's order."""
    org.answer("POST", "/composite/sobjects", [made(f"a0BVr000000000{number}MAA") for number in range(4)])
    rows = [
        CrmCreate(object=name, key=f"k{number}", fields={})
        for number, name in enumerate(["Suggested_Change__c", "Career_Profile__c", "Suggested_Change__c", "Career_Profile__c"])
    ]
    outcomes = org.side.create(rows)
    sent = json.loads(org.sent[0].body)["records"]
    assert [record["Key__c"] for record in sent] == ["k1", "k3", "k0", "k2"]
    assert [str(outcome.id)[14] for outcome in outcomes] == ["2", "0", "3", "1"]


def test_mixed_outcomes(org: Org) -> None:
    """In one call each element has its own outcome; what is done stays done."""
    results = [made(REQUEST), failed("UNABLE_TO_LOCK_ROW"), failed("FIELD_CUSTOM_VALIDATION_EXCEPTION")]
    org.answer("POST", "/composite/sobjects", results)
    assert statuses(org.side.create([profile("a"), profile("b"), profile("c")])) == [Status.APPLIED, Status.LATER, Status.REFUSED]


@pytest.mark.parametrize("id", [None, "", "003Vr0000000001AAA", "00TVr0000000001AAA", "a0B", 7, "a0BVr0000000001IA!"])
def test_success_without_a_fitting_id(id: Any, org: Org) -> None:
    """A success that shows no id, or another object's, is unknown."""
    org.answer("POST", "/composite/sobjects", [{"success": True, "id": id, "errors": []}])
    assert statuses(org.side.create([profile("a")])) == [Status.UNKNOWN]


def test_short_id_is_lengthened(org: Org) -> None:
    """An id of 15 characters comes back in its 18-character form (B21)."""
    org.answer("POST", "/composite/sobjects", [made("a0BVr0000000001")])
    assert org.side.create([profile("a")])[0].id == REQUEST


@pytest.mark.parametrize("results", [[], [made(REQUEST)], [made(REQUEST)] * 3, {}, None, [made(REQUEST), 7]])
def test_results_that_do_not_fit(results: Any, org: Org) -> None:
    """Law (I40): if results and records do not fit one to one, every element is unknown."""
    org.answer("POST", "/composite/sobjects", results)
    assert statuses(org.side.create([profile("a"), profile("b")])) == [Status.UNKNOWN] * 2


def test_update_of_another_record(org: Org) -> None:
    """A result that names another record is unknown for ours; the id of ours comes back in its 18-character form."""
    org.answer("PATCH", "/composite/sobjects", [made("a0BVr0000000009MAA"), made(REQUEST)])
    rows = [CrmUpdate(object="Career_Request__c", id=id, fields={}) for id in ("a0BVr0000000002MAA", REQUEST[:15])]
    assert [(outcome.status, outcome.id) for outcome in org.side.update(rows)] == [
        (Status.UNKNOWN, None),
        (Status.APPLIED, REQUEST),
    ]


@pytest.mark.parametrize(
    ("errors", "status"),
    [([], Status.UNKNOWN), (None, Status.UNKNOWN), ([{"statusCode": "NEVER_SEEN_BEFORE", "message": "x"}], Status.REFUSED)],
)
def test_element_that_failed(errors: Any, status: Status, org: Org) -> None:
    """An element that failed without saying why is unknown; with a code that nobody knows it was certainly not done."""
    answer = [{"success": False, "errors": errors}]
    org.answer("POST", "/composite/sobjects", answer)
    org.answer("PATCH", "/composite/sobjects", answer)
    assert statuses(org.side.create([profile("k1")])) == [status]
    assert statuses(org.side.update([CrmUpdate(object="Task", id=TASK, fields={})])) == [status]


class Miscounting(Client):
    """A client that breaks its promise of one answer for each element."""

    def __init__(self, org: Org, *, more: int) -> None:
        super().__init__(org.transport, clock=org.clock, rng=lambda: 0.5)
        self._more = more

    def insert(self, rows: Sequence[Any]) -> list[Row]:
        """One more, or one fewer."""
        return [made(REQUEST)] * (len(rows) + self._more)

    def update(self, rows: Sequence[Any]) -> list[Row]:
        """One more, or one fewer."""
        return [made(TASK)] * (len(rows) + self._more)


@pytest.mark.parametrize("more", [1, -1])
def test_no_outcome_goes_to_another_record(more: int, org: Org) -> None:
    """Answers that were not counted stop us: an outcome that went to another record would be believed for ever."""
    writes = Writes(Miscounting(org, more=more), Records(org.client, ["LastName"]))
    with pytest.raises(ValueError, match="argument 2 is"):
        writes.create([profile("k1"), profile("k2")])
    with pytest.raises(ValueError, match="argument 2 is"):
        writes.update([CrmUpdate(object="Task", id=TASK, fields={}), CrmUpdate(object="Task", id=f"{TASK[:14]}2", fields={})])


def found(key: str, *, deleted: bool = False) -> dict[str, Any]:
    """The answer to a lookup by key."""
    row = {"Id": REQUEST, "SystemModstamp": STAMP, "IsDeleted": deleted, "Key__c": key, "Title__c": "Panel"}
    return {"done": True, "records": [row]}


EMPTY: dict[str, Any] = {"done": True, "records": []}


@pytest.mark.parametrize("deleted", [False, True])
def test_own_key_already_there(deleted: bool, org: Org) -> None:  # noqa: FBT001 - a parameter of the table
    """A duplicate of our key is looked up and counts as done, even in the recycle bin, with the record as it now is."""
    org.answer("POST", "/composite/sobjects", [failed("DUPLICATE_VALUE")])
    org.answer("GET", "/queryAll", found("k1", deleted=deleted))
    outcome = org.side.create([profile("k1")])[0]
    assert (outcome.status, outcome.id, outcome.version, outcome.already_there) == (Status.APPLIED, REQUEST, STAMP, True)
    assert outcome.fields is not None
    assert outcome.fields["IsDeleted"] is deleted


def test_duplicate_of_another_field(org: Org) -> None:
    """A duplicate whose key is not there was refused by another unique field."""
    org.answer("POST", "/composite/sobjects", [failed("DUPLICATE_VALUE")])
    org.answer("GET", "/queryAll", EMPTY)
    outcome = org.side.create([profile("k1")])[0]
    assert (outcome.status, outcome.code, outcome.already_there) == (Status.REFUSED, "DUPLICATE_VALUE", False)


def test_duplicate_that_cannot_be_looked_up(org: Org) -> None:
    """If looking fails the create waits and comes again; nothing is guessed."""
    org.answer("POST", "/composite/sobjects", [failed("DUPLICATE_VALUE")])
    for _ in range(4):
        org.answer("GET", "/queryAll", "<html>", 503)
    outcome = org.side.create([profile("k1")])[0]
    assert (outcome.status, outcome.code, outcome.detail) == (Status.LATER, "DUPLICATE_VALUE", "not looked up yet")


def duplicate_request(org: Org, tasks: dict[str, Any]) -> Outcome:
    """The outcome of repeating a request whose first answer was lost."""
    org.answer("POST", "/composite/graph", {"graphs": [graph(0, error("DUPLICATE_VALUE"), HALTED, done=False)]})
    org.answer("GET", "/queryAll", found("k1"))
    org.answer("GET", "/queryAll", tasks)
    return org.side.create([request("k1")])[0]


def test_repeated_request_reports_its_task(org: Org) -> None:
    """A request that was made before answers with the Task that was made with it."""
    task = {"Id": TASK, "SystemModstamp": STAMP, "IsDeleted": False, "WhatId": REQUEST}
    outcome = duplicate_request(org, {"done": True, "records": [{**task, "Id": "00TVr0000000009IAA", "IsDeleted": True}, task]})
    assert outcome.fields is not None
    assert (outcome.status, outcome.already_there, outcome.fields["task_id"]) == (Status.APPLIED, True, TASK)


def test_repeated_request_whose_task_is_gone(org: Org) -> None:
    """If the Task was removed for good in between, the answer says that there is none; none is made."""
    outcome = duplicate_request(org, EMPTY)
    assert outcome.fields is not None
    assert (outcome.status, outcome.fields["task_id"]) == (Status.APPLIED, None)


def test_failed_graphs(org: Org) -> None:
    """Of a failed graph the error that caused it counts; a graph halted by others' failures was not tried."""
    graphs = [
        graph(0, HALTED, error("INACTIVE_OWNER_OR_USER"), done=False),
        graph(1, HALTED, HALTED, done=False),
        graph(2, error("UNABLE_TO_LOCK_ROW"), HALTED, done=False),
        graph(3, error("ALL_OR_NONE_OPERATION_ROLLED_BACK"), error("INVALID_CROSS_REFERENCE_KEY"), done=False),
        graph(4, made(REQUEST), made(REQUEST), done=True),
        graph(5, made(REQUEST), None, done=True),
        graph(6, HALTED, error("NEVER_SEEN_BEFORE"), done=False),
    ]
    org.answer("POST", "/composite/graph", {"graphs": list(reversed(graphs))})
    outcomes = org.side.create([request(f"k{number}") for number in range(7)])
    assert [(outcome.status, outcome.code) for outcome in outcomes] == [
        (Status.REFUSED, "INACTIVE_OWNER_OR_USER"),
        (Status.LATER, "PROCESSING_HALTED"),
        (Status.LATER, "UNABLE_TO_LOCK_ROW"),
        (Status.REFUSED, "INVALID_CROSS_REFERENCE_KEY"),
        (Status.UNKNOWN, ""),
        (Status.UNKNOWN, ""),
        (Status.REFUSED, "NEVER_SEEN_BEFORE"),
    ]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"graphs": []},
        {"graphs": [graph(1, made(REQUEST), made(TASK), done=True)]},
        {"graphs": [{"graphId": "g0", "isSuccessful": True}]},
        {"graphs": [{**graph(0, made(REQUEST), made(TASK), done=True), "isSuccessful": "yes"}]},
        {"graphs": [7]},
    ],
)
def test_graph_answers_must_fit(body: Any, org: Org) -> None:
    """Answers of other graphs, or without their nodes, leave every element unknown."""
    org.answer("POST", "/composite/graph", body)
    assert statuses(org.side.create([request("k1")])) == [Status.UNKNOWN]


def test_nothing_to_do(org: Org) -> None:
    """An empty list costs no call."""
    assert org.side.create([]) == []
    assert org.side.update([]) == []
    assert org.sent == []
