"""Many writes over scripted answers: how they are cut into calls, and what comes of all of them when a call fails as a whole."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connector.errors import Halt, Later
from connector.ports import CrmUpdate, Status
from tests.salesforce.elements import HALTED, REQUEST, TASK, error, failed, graph, made, profile, request, statuses
from tests.salesforce.orgs import ROOT, Org


def test_one_record_twice(org: Org) -> None:
    """Salesforce refuses one id twice in a call; the second change goes in the next call."""
    org.answer("PATCH", "/composite/sobjects", [made(REQUEST), made(TASK)])
    org.answer("PATCH", "/composite/sobjects", [made(REQUEST)])
    rows = [
        CrmUpdate(object="Career_Request__c", id=REQUEST, fields={"State__c": "Waiting"}),
        CrmUpdate(object="Career_Request__c", id=REQUEST[:15], fields={"State__c": "Done"}),
        CrmUpdate(object="Task", id=TASK, fields={"Status": "Completed"}),
    ]
    assert statuses(org.side.update(rows)) == [Status.APPLIED] * 3
    assert json.loads(org.sent[1].body)["records"][0]["State__c"] == "Done"


def test_long_ids_twice(org: Org) -> None:
    """That an id occurs twice is seen by its first 15 characters, in whichever form it comes."""
    for _ in range(3):
        org.answer("PATCH", "/composite/sobjects", [made(REQUEST)])
    assert (
        statuses(
            org.side.update([CrmUpdate(object="Career_Request__c", id=id, fields={}) for id in (REQUEST[:15], REQUEST, REQUEST)])
        )
        == [Status.APPLIED] * 3
    )


def test_updates_by_kind(org: Org) -> None:
    """One call changes the object type at most nine times; so changes of one object stand together, whatever their order was."""
    rows = [
        CrmUpdate(
            object="Task" if number % 2 else "Career_Request__c",
            id=f"{'00T' if number % 2 else 'a0B'}Vr00000{number:05d}",
            fields={},
        )
        for number in range(24)
    ]
    org.answer("PATCH", "/composite/sobjects", [made(row.id) for row in sorted(rows, key=lambda row: row.object)])
    assert statuses(org.side.update(rows)) == [Status.APPLIED] * 24
    assert len(org.sent) == 1


def test_batches(org: Org) -> None:
    """450 updates are three calls; 100 requests with Tasks are two."""
    for size in (200, 200, 50):
        org.answer("PATCH", "/composite/sobjects", [failed("UNABLE_TO_LOCK_ROW")] * size)
    rows = [CrmUpdate(object="Task", id=f"00TVr00000{number:05d}", fields={}) for number in range(450)]
    assert set(statuses(org.side.update(rows))) == {Status.LATER}
    for size in (75, 25):
        graphs = [graph(number, made(REQUEST), made(TASK), done=True) for number in range(size)]
        org.answer("POST", "/composite/graph", {"graphs": graphs})
    assert len(org.side.create([request(f"k{number}") for number in range(100)])) == 100
    assert len(org.sent) == 5


def test_lost_answer_leaves_the_rest_unsent(org: Org) -> None:
    """When an answer is lost its batch is unknown, and the batches behind it were certainly not sent."""
    org.mock.add("PATCH", f"{ROOT}/composite/sobjects", body=ConnectionResetError("reset"))
    rows = [CrmUpdate(object="Task", id=f"00TVr00000{number:05d}", fields={}) for number in range(201)]
    outcomes = org.side.update(rows)
    assert [statuses(outcomes).count(status) for status in (Status.UNKNOWN, Status.LATER)] == [200, 1]
    assert outcomes[-1].code == "NOT_SENT"


def test_failure_behind_a_success_loses_no_outcome(org: Org) -> None:
    """A call that fails as a whole raises only if nothing was settled before it."""
    limit = [{"message": "x", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
    rows = [CrmUpdate(object="Task", id=f"00TVr00000{number:05d}", fields={}) for number in range(201)]
    org.answer("PATCH", "/composite/sobjects", limit, 403)
    with pytest.raises(Later):
        org.side.update(rows)
    org.answer("PATCH", "/composite/sobjects", [made(row.id) for row in rows[:200]])
    org.answer("PATCH", "/composite/sobjects", limit, 403)
    outcomes = org.side.update(rows)
    first, last = outcomes[0], outcomes[-1]
    assert (first.status, last.status, last.code) == (
        Status.APPLIED,
        Status.LATER,
        "REQUEST_LIMIT_EXCEEDED",
    )
    org.answer("PATCH", "/composite/sobjects", [{"message": "x", "errorCode": "API_DISABLED_FOR_ORG"}], 403)
    with pytest.raises(Halt):
        org.side.update(rows)


def test_what_was_not_sent_waits_like_what_was(org: Org) -> None:
    """Where the side asks for patience, the batches that had not had their turn wait as long as the one that was sent."""
    rows = [CrmUpdate(object="Task", id=f"00TVr00000{number:05d}", fields={}) for number in range(401)]
    org.answer("PATCH", "/composite/sobjects", [made(row.id) for row in rows[:200]])
    org.answer(
        "PATCH", "/composite/sobjects", [{"message": "x", "errorCode": "REQUEST_LIMIT_EXCEEDED"}], 503, {"Retry-After": "1234"}
    )
    sent, waiting = org.side.update(rows)[399:]
    assert waiting == sent
    assert (waiting.status, waiting.code, waiting.retry_after) == (Status.LATER, "REQUEST_LIMIT_EXCEEDED", 1234.0)


@pytest.mark.parametrize(
    ("code", "elements"),
    [
        ("JSON_PARSER_ERROR", False),
        ("NEVER_SEEN", False),
        ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", True),
        ("CANNOT_EXECUTE_FLOW_TRIGGER", True),
    ],
)
def test_poison_is_isolated(org: Org, code: str, *, elements: bool) -> None:
    """A record that makes Salesforce refuse the whole call, or a trigger fail for every element, is found by halving."""
    poison = 2
    rows = [profile(f"k{number}") for number in range(4)]

    def answer(request: Any) -> tuple[int, dict[str, str], str]:
        records = json.loads(request.body)["records"]
        if not any(record["Key__c"] == f"k{poison}" for record in records):
            return 200, {}, json.dumps([made(REQUEST) for _ in records])
        if elements:
            return 200, {}, json.dumps([failed(code) for _ in records])
        return 400, {}, json.dumps([{"errorCode": code, "message": "x"}])

    for _ in range(5):
        org.mock.add_callback("POST", f"{ROOT}/composite/sobjects", callback=answer, content_type="application/json")
    outcomes = org.side.create(rows)
    assert statuses(outcomes) == [Status.APPLIED, Status.APPLIED, Status.REFUSED, Status.APPLIED]
    assert len(org.sent) == 5


def test_a_trigger_that_fails_for_one_object_leaves_what_is_done(org: Org) -> None:
    """Of a call only the elements that a trigger failed for are tried in smaller parts; the others keep their outcomes."""
    trigger = failed("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY")
    rows = [CrmUpdate(object="Task", id=TASK, fields={})]
    rows += [CrmUpdate(object="Career_Request__c", id=f"a0BVr00000{number:05d}", fields={}) for number in range(3)]
    answers = [trigger, trigger, failed("STRING_TOO_LONG"), made(TASK)], [made(rows[1].id)], [trigger]
    for answer in answers:
        org.answer("PATCH", "/composite/sobjects", list(answer))
    assert statuses(org.side.update(rows)) == [Status.APPLIED, Status.APPLIED, Status.REFUSED, Status.REFUSED]
    assert len(org.sent) == 3


def test_each_graph_fails_for_itself(org: Org) -> None:
    """A trigger that fails for several requests with Tasks has failed for each of them: nothing is tried a second time."""
    trigger = error("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY")
    graphs = [graph(number, trigger, HALTED, done=False) for number in range(2)]
    org.answer("POST", "/composite/graph", {"graphs": graphs})
    assert statuses(org.side.create([request("k0"), request("k1")])) == [Status.REFUSED] * 2
    assert len(org.sent) == 1


def test_search_for_poison_ends(org: Org) -> None:
    """After forty refusals nothing is halved any more: what is still together then waits, so that the search has a bounded cost.

    Of 200 records each of which spoils its call, forty calls find the first 18; five more meet the halves that are left.
    """
    for _ in range(400):
        org.answer("POST", "/composite/sobjects", [{"errorCode": "JSON_PARSER_ERROR", "message": "x"}], 400)
    outcomes = org.side.create([profile(f"k{number}") for number in range(200)])
    assert statuses(outcomes) == [Status.REFUSED] * 18 + [Status.LATER] * 182
    assert {outcome.code for outcome in outcomes} == {"JSON_PARSER_ERROR"}
    assert len(org.sent) == 45


def test_refusal_that_is_nobodys_fault_is_not_halved(org: Org) -> None:
    """A refusal that concerns us, not one record, costs one call."""
    org.answer("POST", "/composite/sobjects", [{"errorCode": "INSUFFICIENT_ACCESS", "message": "x"}], 403)
    outcomes = org.side.create([profile(f"k{number}") for number in range(10)])
    assert (set(statuses(outcomes)), len(org.sent)) == ({Status.REFUSED}, 1)
