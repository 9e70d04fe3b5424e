"""Feeds over scripted answers: which queries go out, how cursors move, and what is not believed."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from connector.errors import Bug, Halt, Later, Refused
from connector.ports import Feed
from connector.salesforce.cursors import read_cursor
from connector.salesforce.soql import Soql
from tests.salesforce.elements import TASK
from tests.salesforce.orgs import Org

COVERED = "2026-11-02T09:00:00.000+0000"


def contact(number: int, stamp: str = "2026-11-02T08:59:00.000+0000", **fields: Any) -> dict[str, Any]:
    """A Contact row as a query gives it."""
    return {
        "attributes": {"type": "Contact", "url": "/x"},
        "Id": f"003Vr00000000{number:02d}AAA",
        "SystemModstamp": stamp,
        "IsDeleted": False,
        "MasterRecordId": None,
        "FirstName": "Ada",
        "LastName": "Lovelace",
        **fields,
    }


def page(*records: dict[str, Any], following: str | None = None) -> dict[str, Any]:
    """A query's answer; where one more page follows, that has one more record."""
    counted = len(records) + (following is not None)
    body: dict[str, Any] = {"totalSize": counted, "done": following is None, "records": list(records)}
    return body if following is None else {**body, "nextRecordsUrl": following}


def composite(*bodies: Any) -> dict[str, Any]:
    """A composite answer whose subrequests all succeed."""
    return {
        "compositeResponse": [
            {"body": body, "httpHeaders": {}, "httpStatusCode": 200, "referenceId": f"s{n}"} for n, body in enumerate(bodies)
        ]
    }


def covered(stamp: str = COVERED) -> dict[str, Any]:
    """The answer of Get Updated."""
    return {"ids": [], "latestDateCovered": stamp}


def subqueries(org: Org, call: int) -> list[str]:
    """The addresses inside a composite call, decoded."""
    return [unquote(sub["url"]) for sub in json.loads(org.sent[call].body)["compositeRequest"]]


def soql_of(org: Org, call: int) -> str:
    """The query of a plain call."""
    return str(parse_qs(urlsplit(org.sent[call].url).query)["q"][0])


def test_full_read_then_changes(org: Org) -> None:
    """A feed is read whole by Id, then by changes from the moment that was safe before the first page, less the overlap."""
    org.answer("POST", "/composite", composite(covered(), page(contact(1), contact(2))))
    org.answer("GET", "/queryAll", page(contact(3)))
    org.answer("POST", "/composite", composite(covered("2026-11-02T09:01:00.000+0000"), page()))
    org.answer("POST", "/composite", composite(covered("2026-11-02T09:02:00.000+0000"), page()))

    first = org.side.read({Feed.CONTACT: ""})[Feed.CONTACT]
    assert (first.more, first.full, [record.id for record in first.records]) == (
        True,
        True,
        ["003Vr0000000001AAA", "003Vr0000000002AAA"],
    )
    second = org.side.read({Feed.CONTACT: first.cursor})[Feed.CONTACT]
    assert (second.more, second.full, len(second.records)) == (False, True, 1)
    org.clock.advance(60)
    third = org.side.read({Feed.CONTACT: second.cursor})[Feed.CONTACT]
    assert (third.more, third.full, third.records) == (False, False, ())
    org.clock.advance(60)
    org.side.read({Feed.CONTACT: third.cursor})

    updated, whole = subqueries(org, 0)
    assert updated == (
        "/services/data/v67.0/sobjects/Contact/updated/?start=2026-11-02T08:58:00+00:00&end=2026-11-02T09:00:00+00:00"
    )
    assert whole.endswith(
        "SELECT Id, SystemModstamp, IsDeleted, MasterRecordId, LastModifiedDate, LastModifiedById, FirstName, LastName"
        " FROM Contact ORDER BY Id LIMIT 2"
    )
    assert "/queryAll?" in whole
    assert soql_of(org, 1).endswith("WHERE Id > '003Vr0000000002AAA' ORDER BY Id LIMIT 2")
    assert subqueries(org, 2)[1].endswith("WHERE SystemModstamp >= 2026-11-02T08:59:30Z ORDER BY SystemModstamp, Id LIMIT 2")
    assert "SystemModstamp >= 2026-11-02T09:00:30Z" in subqueries(org, 3)[1]


def test_equal_stamps_are_paged_by_id(org: Org) -> None:
    """A full page of changes continues after its last (stamp, id), however many rows share the stamp, in plain calls."""
    start = '{"v":1,"phase":"delta","since":"2026-11-02T08:50:00+00:00"}'
    org.answer("POST", "/composite", composite(covered(), page(contact(1), contact(2))))
    org.answer("GET", "/queryAll", page(contact(3), contact(4)))
    org.answer("GET", "/queryAll", page())
    one = org.side.read({Feed.CONTACT: start})[Feed.CONTACT]
    two = org.side.read({Feed.CONTACT: one.cursor})[Feed.CONTACT]
    three = org.side.read({Feed.CONTACT: two.cursor})[Feed.CONTACT]
    assert [one.more, two.more, three.more] == [True, True, False]
    assert (
        "WHERE ((SystemModstamp = 2026-11-02T08:59:00Z) AND (Id > '003Vr0000000002AAA'))"
        " OR (SystemModstamp > 2026-11-02T08:59:00Z) ORDER BY SystemModstamp, Id" in soql_of(org, 1)
    )
    assert read_cursor(three.cursor).since == "2026-11-02T09:00:00+00:00"


def test_cursor_never_passes_what_is_covered(org: Org) -> None:
    """Law (I18): while a long transaction runs, latestDateCovered lags; the cursor waits with it and never goes back either."""
    cursor = '{"v":1,"phase":"delta","since":"2026-11-02T08:50:00+00:00"}'
    since = []
    for stamp in ("2026-11-02T08:55:00.000+0000", "2026-11-02T08:40:00.000+0000", "2027-01-01T00:00:00.000+0000"):
        org.answer("POST", "/composite", composite(covered(stamp), page()))
        cursor = org.side.read({Feed.CONTACT: cursor})[Feed.CONTACT].cursor
        since.append(read_cursor(cursor).since)
    assert since == ["2026-11-02T08:55:00+00:00", "2026-11-02T08:55:00+00:00", "2026-11-02T09:00:00+00:00"]


def test_clock_that_is_ahead_loses_nothing(org: Org) -> None:
    """If our clock ran ahead, so that we asked beyond the server's present, its Date header still bounds the cursor."""
    cursor = '{"v":1,"phase":"delta","since":"2026-11-02T08:00:00+00:00"}'
    date = {"Date": "Mon, 02 Nov 2026 08:30:10 GMT"}
    org.answer("POST", "/composite", composite(covered("2026-11-02T09:00:00.000+0000"), page()), headers=date)
    found = org.side.read({Feed.CONTACT: cursor})[Feed.CONTACT]
    assert read_cursor(found.cursor).since == "2026-11-02T08:30:10+00:00"


def test_quiet_poll_of_all_feeds_is_two_calls(org: Org) -> None:
    """Six resting feeds cost two calls, each with at most five queries; what is safe is asked before the rows."""
    rest = '{"v":1,"phase":"delta","since":"2026-11-02T08:50:00+00:00"}'
    marks = [covered(f"2026-11-02T08:5{minute}:00.000+0000") for minute in range(5, 10)]
    org.answer("POST", "/composite", composite(*marks, *[page()] * 5))
    org.answer("POST", "/composite", composite(covered(), page()))
    pages = org.side.read(dict.fromkeys(Feed, rest))
    assert set(pages) == set(Feed)
    assert not any(found.more or found.records for found in pages.values())
    assert org.side.calls.made == 2
    since = [read_cursor(pages[feed].cursor).since[14:16] for feed in Feed]
    assert since == ["55", "56", "57", "58", "59", "00"]
    assert [url.split("/")[5] for url in subqueries(org, 0)[:5]] == [feed.value for feed in list(Feed)[:5]]
    for call in (0, 1):
        body = json.loads(org.sent[call].body)
        kinds = ["queryAll" in sub["url"] for sub in body["compositeRequest"]]
        assert kinds == sorted(kinds)
        assert sum(kinds) <= 5
        assert (body["collateSubrequests"], body["allOrNone"]) == (False, False)


def test_task_feed_is_ours_only(org: Org) -> None:
    """Only Tasks of career requests are read, in full and in changes alike."""
    org.answer("POST", "/composite", composite(covered(), page()))
    cursor = org.side.read({Feed.TASK: ""})[Feed.TASK].cursor
    org.answer("POST", "/composite", composite(covered(), page()))
    org.side.read({Feed.TASK: cursor})
    assert "WHERE What.Type = 'Career_Request__c' ORDER BY Id" in subqueries(org, 0)[1]
    assert "WHERE (What.Type = 'Career_Request__c') AND (SystemModstamp >= " in subqueries(org, 1)[1]


def test_short_page_is_not_the_end(org: Org) -> None:
    """A page that Salesforce cut short goes on after its last row; no locator is used that could expire."""
    org.answer("POST", "/composite", composite(covered(), page(contact(1), following="/services/data/v67.0/query/01g-500")))
    found = org.side.read({Feed.CONTACT: ""})[Feed.CONTACT]
    assert found.more
    assert read_cursor(found.cursor).id == "003Vr0000000001AAA"


def test_fewer_records_than_are_counted(org: Org) -> None:
    """An answer that is said to be complete and lacks records is none: who is left out would not be read for ever."""
    org.answer("POST", "/composite", composite(covered(), page(contact(1)) | {"totalSize": 2}))
    with pytest.raises(Later):
        org.side.read({Feed.CONTACT: ""})


def test_the_last_of_several_pages_is_shorter_than_the_count(org: Org) -> None:
    """Each page counts all records of the query: only one that is the first and the last has to hold as many."""
    later = "/services/data/v67.0/query/01g-1"
    org.answer("POST", "/composite", composite(page({"Id": "005Vr0000000001AAA"}, following=later), page(), page(), page()))
    org.answer("GET", later.removeprefix("/services/data/v67.0"), page({"Id": "005Vr0000000002AAA"}) | {"totalSize": 2})
    soql = Soql(text="SELECT Id FROM User", object="User")
    assert [row["Id"][-4] for row in org.client.queries([soql] * 4)[0]] == ["1", "2"]


def test_fewer_records_in_all_pages_than_are_counted(org: Org) -> None:
    """Pages that together lack records are no answer either: a lookup by id would take those who are left out for gone."""
    org.answer("GET", "/queryAll", page(contact(1), following="/services/data/v67.0/query/01g-1") | {"totalSize": 3})
    org.answer("GET", "/query/01g-1", page(contact(2)))
    with pytest.raises(Later, match="UNUSABLE_ANSWER"):
        org.side.fetch(Feed.CONTACT, ["003Vr0000000001AAA", "003Vr0000000002AAA", "003Vr0000000003AAA"])


def test_page_that_repeats_itself(org: Org) -> None:
    """A page that ends where the last one ended is no progress, and is not read for ever."""
    org.answer("POST", "/composite", composite(covered(), page(contact(1), contact(2))))
    cursor = org.side.read({Feed.CONTACT: ""})[Feed.CONTACT].cursor
    org.answer("GET", "/queryAll", page(contact(1), contact(2)))
    with pytest.raises(Later):
        org.side.read({Feed.CONTACT: cursor})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "[]",
        "null",
        "{}",
        '{"v":2,"phase":"delta","since":"2026-11-02T08:50:00+00:00"}',
        '{"v":1,"phase":"delta"}',
        '{"v":1,"phase":"delta","since":"2026-11-02T08:50:00"}',
        '{"v":1,"phase":"full"}',
        '{"v":1,"phase":"full","mark":"2026-11-02T08:50:00+00:00","id":"x\' OR Id != \'"}',
        '{"v":1,"phase":"full","mark":"2026-11-02T08:50:00+00:00","other":"1"}',
    ],
)
def test_unreadable_cursor_starts_again(text: str) -> None:
    """A cursor of another version, or one that somebody spoilt, starts a full read; it never reaches a query."""
    assert read_cursor(text).phase == "start"


def test_deleted_and_merged(org: Org) -> None:
    """A merged contact is a deleted record that names its winner; what a row does not have is absent, not null."""
    row = contact(1, IsDeleted=True, MasterRecordId="003Vr0000000009")
    del row["FirstName"]
    org.answer("GET", "/queryAll", page(row))
    record = org.side.fetch(Feed.CONTACT, ["003Vr0000000001AAA"])[0]
    assert (record.deleted, record.merged_into, record.version) == (True, "003Vr0000000009IAA", row["SystemModstamp"])
    assert "FirstName" not in record.fields
    assert "attributes" not in record.fields


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"records": []},
        {"records": {}, "done": True},
        {"records": [], "done": False, "nextRecordsUrl": "/services/data/v67.0/query/1"},
        {"records": [contact(1)], "done": False},
        {"records": [7], "done": True},
        {"records": [{**contact(1), "attributes": {"type": "Account"}}], "done": True},
        {"records": [{**contact(1), "Id": "003"}], "done": True},
        {"records": [{**contact(1), "Id": None}], "done": True},
        {"records": [{**contact(1), "IsDeleted": None}], "done": True},
        {"records": [{"attributes": {"type": "Contact"}, "Id": "003Vr0000000001AAA"}], "done": True},
        {"records": [contact(1, "0001-01-01T00:00:00+1400")], "done": True},
        {"records": [contact(1, "9999-12-31T23:59:59-1400")], "done": True},
    ],
)
def test_rows_of_another_shape(body: Any, org: Org) -> None:
    """An answer that is no page of this object's records is never taken for an empty one (B47, B54)."""
    for _ in range(4):
        org.answer("GET", "/queryAll", body)
    with pytest.raises(Later):
        org.side.fetch(Feed.CONTACT, ["003Vr0000000001AAA"])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: body["compositeResponse"].pop(),
        lambda body: body["compositeResponse"][0].update(referenceId="s9"),
        lambda body: body["compositeResponse"].append(body["compositeResponse"][0]),
        lambda body: body["compositeResponse"][0].pop("httpStatusCode"),
        lambda body: body.update(compositeResponse=None),
        lambda body: body["compositeResponse"][0].update(body=[]),
        lambda body: body["compositeResponse"][0].update(body={"latestDateCovered": "today"}),
    ],
)
def test_composite_answers_must_fit(spoil: Any, org: Org) -> None:
    """Subrequest answers that are missing, doubled or somebody else's are not believed."""
    body = composite(covered(), page())
    spoil(body)
    for _ in range(4):
        org.answer("POST", "/composite", body)
    with pytest.raises(Later):
        org.side.read({Feed.CONTACT: ""})


def test_a_page_that_leads_to_itself(org: Org) -> None:
    """A lookup whose next page is the one that was just read is no answer, and is not read for ever."""
    again = page(contact(1), following="/services/data/v67.0/query/01g-1")
    org.answer("GET", "/queryAll", again)
    org.answer("GET", "/query/01g-1", again)
    with pytest.raises(Later, match="UNUSABLE_ANSWER"):
        org.side.fetch(Feed.CONTACT, ["003Vr0000000001AAA"])
    assert len(org.sent) == 2


def test_a_task_that_does_not_say_what_it_is_about(org: Org) -> None:
    """A Task's row without the field that was asked for is no answer: whose Task it is decides what is written."""
    org.answer("GET", "/queryAll", {"done": True, "records": [{"Id": TASK, "SystemModstamp": COVERED, "IsDeleted": False}]})
    with pytest.raises(Later, match="UNUSABLE_ANSWER"):
        org.side.fetch(Feed.TASK, [TASK])


@pytest.mark.parametrize("references", [3, "Account", {"Account": 1}])
def test_a_description_of_another_shape(references: Any, org: Org) -> None:
    """A field that refers to something else than a list of objects is no description."""
    for _ in range(4):
        org.answer("GET", "/sobjects/Contact/describe", {"fields": [{"name": "AccountId", "referenceTo": references}]})
    with pytest.raises(Later, match="UNUSABLE_ANSWER"):
        org.client.describe("Contact")


def test_next_page_on_another_host(org: Org) -> None:
    """A nextRecordsUrl that leads to another host is not followed, and stops the side."""
    org.answer("GET", "/queryAll", page(contact(1), following="https://evil.example/services/data/v67.0/query/1"))
    with pytest.raises(Halt):
        org.side.fetch(Feed.CONTACT, ["003Vr0000000001AAA"])
    assert len(org.sent) == 1


def test_following_pages_of_a_lookup(org: Org) -> None:
    """A lookup that Salesforce answers in pieces is put together."""
    org.answer("GET", "/queryAll", page(contact(1), following="/services/data/v67.0/query/01g-1"))
    org.answer("GET", "/query/01g-1", page(contact(2)))
    found = org.side.fetch(Feed.CONTACT, ["003Vr0000000001AAA", "003Vr0000000002AAA"])
    assert [record.id for record in found] == ["003Vr0000000001AAA", "003Vr0000000002AAA"]


def test_vanished_field_is_named(org: Org) -> None:
    """A mapped field that our user cannot read any more halts by its name; no row is delivered without it."""
    error = [{"message": "No such column 'LastName'", "errorCode": "INVALID_FIELD"}]
    org.answer("GET", "/queryAll", error, 400)
    visible = ["Id", "SystemModstamp", "IsDeleted", "MasterRecordId", "LastModifiedDate", "LastModifiedById", "FirstName"]
    org.answer("GET", "/sobjects/Contact/describe", {"name": "Contact", "fields": [{"name": name} for name in visible]})
    with pytest.raises(Halt) as raised:
        org.side.fetch(Feed.CONTACT, ["003Vr0000000001AAA"])
    assert raised.value.subject == "Contact.LastName"


def test_vanished_field_in_a_composite_is_named(org: Org) -> None:
    """The same where the query was a subrequest; other refusals keep their class."""
    body = composite(covered(), [{"message": "x", "errorCode": "INVALID_FIELD"}])
    body["compositeResponse"][1]["httpStatusCode"] = 400
    org.answer("POST", "/composite", body)
    org.answer("GET", "/sobjects/Contact/describe", {"name": "Contact", "fields": [{"name": "Id"}]})
    with pytest.raises(Halt, match="INVALID_FIELD"):
        org.side.read({Feed.CONTACT: ""})
    body["compositeResponse"][1]["body"] = [{"message": "x", "errorCode": "INSUFFICIENT_ACCESS"}]
    org.answer("POST", "/composite", body)
    with pytest.raises(Refused):
        org.side.read({Feed.CONTACT: ""})


def test_describe_is_asked_conditionally(org: Org) -> None:
    """The second describe asks If-Modified-Since, and a 304 means what we already know."""
    stamp = "Mon, 02 Nov 2026 08:00:00 GMT"
    org.answer(
        "GET",
        "/sobjects/Contact/describe",
        {"name": "Contact", "fields": [{"name": "Id", "type": "id"}]},
        headers={"Last-Modified": stamp, "Date": "Mon, 02 Nov 2026 09:00:00 GMT"},
    )
    org.mock.add("GET", "https://university.my.salesforce.com/services/data/v67.0/sobjects/Contact/describe", status=304)
    first = org.client.describe("Contact")
    assert org.client.describe("Contact") is first
    assert org.sent[1].headers["If-Modified-Since"] == stamp


def test_what_has_just_changed_is_described_anew(org: Org) -> None:
    """A stamp of whole seconds says nothing about changes of the same moment: until it is a minute old, all is asked for."""
    for name in ("Id", "Name"):
        org.answer(
            "GET",
            "/sobjects/Contact/describe",
            {"name": "Contact", "fields": [{"name": name, "type": "string"}]},
            headers={"Last-Modified": "Mon, 02 Nov 2026 08:59:30 GMT", "Date": "Mon, 02 Nov 2026 09:00:00 GMT"},
        )
    org.client.describe("Contact")
    assert set(org.client.describe("Contact").fields) == {"Name"}
    assert "If-Modified-Since" not in org.sent[1].headers


def test_find_is_by_key_and_prefers_the_living(org: Org) -> None:
    """Keys are found without regard to case, deleted records too, but a living one wins."""
    rows = [
        {"Id": f"a0BVr0000000001MA{letter}", "SystemModstamp": COVERED, "IsDeleted": deleted, "Key__c": key}
        for letter, deleted, key in (("A", False, "ABC"), ("B", True, "abc"), ("C", True, "def"))
    ]
    org.answer("GET", "/queryAll", {"done": True, "records": rows})
    found = org.side.find(Feed.REQUEST, ["abc", "def", "ghi"])
    assert {key: (record.id, record.deleted) for key, record in found.items()} == {
        "abc": ("a0BVr0000000001MAA", False),
        "def": ("a0BVr0000000001MAC", True),
    }
    with pytest.raises(Bug):
        org.side.find(Feed.CONTACT, ["abc"])


def test_many_ids_share_composite_calls(org: Org) -> None:
    """1,400 ids are five queries of 300 in one call; addresses stay below 16,384 bytes."""
    ids = [f"003Vr00000{number:05d}AAA" for number in range(1400)]
    org.answer("POST", "/composite", composite(*[page()] * 5))
    assert org.side.fetch(Feed.CONTACT, ids) == []
    subs = json.loads(org.sent[0].body)["compositeRequest"]
    assert len(subs) == 5
    assert max(len(sub["url"]) for sub in subs) < 16_384
    assert org.side.fetch(Feed.CONTACT, []) == []
