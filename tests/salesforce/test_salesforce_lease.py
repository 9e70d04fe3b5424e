"""The lease in Bridge_Status__c: ours, another's, expired, contested; always by the server's clock."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from connector.errors import Halt, Later
from connector.ports import Claim
from tests.salesforce.orgs import ROOT, Org

STATUS = "a0BVr0000000001MAA"
SERVER = {"Date": "Mon, 02 Nov 2026 12:00:00 GMT"}
"""Three hours ahead of our clock."""


def status(holder: str | None, until: str | None, epoch: float | None = 3.0) -> dict[str, Any]:
    """The status record as found."""
    row = {"Id": STATUS, "Key__c": "alumni-bridge", "Lease_Holder__c": holder, "Lease_Until__c": until, "Lease_Epoch__c": epoch}
    return {"done": True, "records": [row]}


NOBODY: dict[str, Any] = {"done": True, "records": []}
LATER = "2026-11-02T12:05:00.000+0000"
EARLIER = "2026-11-02T11:59:59.000+0000"


def claim(org: Org) -> Claim:
    """Ask for ten minutes."""
    return org.side.claim("us", org.clock.now() + timedelta(minutes=10), {"State__c": "Running"})


def found(org: Org, body: dict[str, Any]) -> None:
    """Script the next look."""
    org.answer("GET", "/query", body, headers=SERVER)


def written(org: Org, call: int) -> dict[str, Any]:
    """The record in a write."""
    return dict(json.loads(org.sent[call].body)["records"][0])


def test_first_claim_inserts(org: Org) -> None:
    """Where there is no status yet it is inserted under its unique key, then read back; times are the server's."""
    found(org, NOBODY)
    org.answer("POST", "/composite/sobjects", [{"id": STATUS, "success": True, "errors": []}], headers=SERVER)
    found(org, status("us", LATER))
    assert claim(org) == Claim(held_by=None, found=0, count=1)
    record = written(org, 1)
    assert (record["Key__c"], record["Lease_Holder__c"], record["Lease_Epoch__c"]) == ("alumni-bridge", "us", 1)
    assert (record["Lease_Until__c"], record["State__c"]) == ("2026-11-02T12:10:00.000+0000", "Running")
    assert org.clock.slept == [2.0]


def test_renewal_is_two_calls(org: Org) -> None:
    """Our own lease is renewed without waiting; that, too, counts."""
    found(org, status("us", LATER))
    org.answer("PATCH", "/composite/sobjects", [{"id": STATUS, "success": True, "errors": []}])
    assert claim(org) == Claim(held_by=None, found=3, count=4)
    assert (written(org, 1)["Lease_Epoch__c"], org.clock.slept, len(org.sent)) == (4, [], 2)


def test_another_holder_is_named_and_nothing_written(org: Org) -> None:
    """While somebody else's lease runs we are told who it is, and write nothing."""
    found(org, status("them", LATER))
    assert claim(org) == Claim(held_by="them", found=3, count=3)
    assert len(org.sent) == 1


@pytest.mark.parametrize(("holder", "until"), [("them", EARLIER), (None, None), ("them", None), ("us", EARLIER)])
def test_free_lease_is_taken_over(holder: str | None, until: str | None, org: Org) -> None:
    """An expired or empty lease is taken, and confirmed after a pause."""
    found(org, status(holder, until))
    org.answer("PATCH", "/composite/sobjects", [{"id": STATUS, "success": True, "errors": []}])
    found(org, status("us", LATER))
    assert claim(org) == Claim(held_by=None, found=3, count=4)
    assert (written(org, 1)["Lease_Epoch__c"], org.clock.slept) == (4, [2.0])


def test_rival_who_wrote_later_wins(org: Org) -> None:
    """If another took it at the same moment and wrote after us, the reading back shows it."""
    found(org, status("old", EARLIER))
    org.answer("PATCH", "/composite/sobjects", [{"id": STATUS, "success": True, "errors": []}])
    found(org, status("them", LATER))
    assert claim(org).held_by == "them"


def test_rival_who_inserted_first(org: Org) -> None:
    """If another inserted the status between our look and our insert, we come again later."""
    found(org, NOBODY)
    org.answer("POST", "/composite/sobjects", [{"success": False, "errors": [{"statusCode": "DUPLICATE_VALUE", "message": "x"}]}])
    found(org, status("them", LATER))
    with pytest.raises(Later):
        claim(org)


def test_deleted_status_record(org: Org) -> None:
    """A status in the recycle bin still holds the key: somebody has to restore it, and is told so."""
    found(org, NOBODY)
    org.answer("POST", "/composite/sobjects", [{"success": False, "errors": [{"statusCode": "DUPLICATE_VALUE", "message": "x"}]}])
    found(org, NOBODY)
    with pytest.raises(Halt) as raised:
        claim(org)
    assert "Recycle Bin" in raised.value.remedy


def test_lost_answer(org: Org) -> None:
    """If nobody knows whether the lease was written, it is not ours yet."""
    found(org, status("us", LATER))
    org.mock.add("PATCH", f"{ROOT}/composite/sobjects", body=ConnectionResetError("reset"))
    with pytest.raises(Later):
        claim(org)


@pytest.mark.parametrize(("holder", "stands", "before"), [("us", 4.0, 3), ("us", 5.0, 5), ("them", 4.0, 4), ("us", 3.0, 3)])
def test_a_claim_of_our_own_is_nobody_elses(org: Org, holder: str, stands: float, before: int) -> None:
    """Law: that somebody else has been here is not taken from a claim of our own whose answer was lost."""
    found(org, status("us", LATER))
    org.mock.add("PATCH", f"{ROOT}/composite/sobjects", body=ConnectionResetError("reset"))
    with pytest.raises(Later):
        claim(org)
    found(org, status(holder, EARLIER, stands))
    org.answer("PATCH", "/composite/sobjects", [{"id": STATUS, "success": True, "errors": []}], headers=SERVER)
    found(org, status("us", LATER))
    assert claim(org) == Claim(held_by=None, found=before, count=int(stands) + 1)


@pytest.mark.parametrize("odd", [{"Lease_Epoch__c": "3"}, {"Lease_Epoch__c": [3]}, {"Id": None}, {"Id": "x"}])
def test_a_status_of_another_shape(odd: dict[str, Any], org: Org) -> None:
    """A status whose count is no number, or that has no id to write to, is no answer: nothing is written."""
    found(org, {"done": True, "records": [status("us", LATER)["records"][0] | odd]})
    with pytest.raises(Later, match="UNUSABLE_ANSWER"):
        claim(org)
    assert len(org.sent) == 1
