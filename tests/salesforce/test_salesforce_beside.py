"""What is beside a contact, over scripted answers: what is asked, what is believed, and how far it is followed."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from connector.core.related import Choice, Related
from connector.errors import Halt, Later
from connector.ports import Feed, Page
from connector.salesforce.cursors import Cursor, Trail, read_cursor
from connector.salesforce.side import SalesforceSide
from tests.salesforce.orgs import Org
from tests.salesforce.test_salesforce_feeds import composite, contact, covered, page

ENROLMENTS = Related(
    path="Enrollments__r",
    object="Enrollment__c",
    label="enrolment",
    link="Contact__c",
    fields=("Year__c",),
    choice=Choice(by="Year__c", latest=True, only={"Status__c": ("Graduated", "O'Neil")}),
    followed=True,
)
SCHOOLS = Related(
    path="Enrollments__r.School__r",
    object="Account",
    label="school",
    link="School__c",
    fields=("Name",),
    below=ENROLMENTS,
    followed=True,
)
ACCOUNT = Related(path="Account", object="Account", label="account", link="AccountId", fields=("Name", "Site"), followed=True)
ALL = (ENROLMENTS, SCHOOLS, ACCOUNT)
FIELDS = ["LastName", "Enrollments__r.Year__c", "Enrollments__r.School__r.Name", "Account.Name", "Account.Site"]
START = "2026-11-02T08:50:00+00:00"
SINCE = {one.path: Trail(since=START) for one in ALL}
ADA, GRACE = "003Vr0000000001AAA", "003Vr0000000002AAA"
ACME = "001Vr0000000001AAA"


def side(org: Org, *related: Related, page: int = 2) -> SalesforceSide:
    """A side that reads values beside contacts."""
    return SalesforceSide(org.client, org.clock, contact_fields=FIELDS, related=related or ALL, page=page)


def resting(**trails: Trail) -> str:
    """A cursor that rests, with these trails."""
    return Cursor(phase="delta", since=START, trails=SINCE | trails).dump()


def child(number: int, contact_id: str | None = ADA, stamp: str = "2026-11-02T08:59:00.000+0000") -> dict[str, Any]:
    """A changed child."""
    return {"Id": f"a00Vr00000000{number:02d}AAA", "SystemModstamp": stamp, "Contact__c": contact_id}


def changed(*rows: dict[str, Any]) -> Any:
    """The answer of a poll in which children have changed, and nothing else."""
    return composite(*[covered()] * 4, page(), page(*rows), page(), page())


def asked(org: Org, call: int) -> list[str]:
    """The queries of a call, decoded."""
    sent = org.sent[call]
    if sent.body:
        subs = [unquote(sub["url"]) for sub in json.loads(sent.body)["compositeRequest"]]
        return [sub.partition("?q=")[2] for sub in subs if "/queryAll" in sub]
    return [str(parse_qs(urlsplit(sent.url).query)["q"][0])]


def read(org: Org, cursor: str) -> Page:
    """The next page of contacts."""
    return side(org).read({Feed.CONTACT: cursor})[Feed.CONTACT]


def test_one_query_asks_for_all_of_it(org: Org) -> None:
    """Law: parents by their names beside the links that lead to them; of each kind of child the living one that counts."""
    org.answer("POST", "/composite", composite(*[covered()] * 4, page()))
    found = read(org, "")
    (query,) = asked(org, 0)
    assert query == (
        "SELECT Id, SystemModstamp, IsDeleted, MasterRecordId, LastModifiedDate, LastModifiedById, LastName, AccountId,"
        " Account.Name, Account.Site, (SELECT Id, Year__c, School__c, School__r.Name FROM Enrollments__r"
        " WHERE (IsDeleted = false) AND (Status__c IN ('Graduated','O\\'Neil'))"
        " ORDER BY Year__c DESC NULLS LAST, Id LIMIT 1) FROM Contact ORDER BY Id LIMIT 2"
    )
    # Where all contacts are read, only the moments are taken from which on the records beside them are followed.
    assert {path: trail.since for path, trail in read_cursor(found.cursor).trails.items()} == dict.fromkeys(
        (one.path for one in ALL), "2026-11-02T09:00:00+00:00"
    )


ENROLLED = {
    "totalSize": 1,
    "done": True,
    "records": [{"Id": "a00", "Year__c": "2005", "School__c": ACME, "School__r": {"Name": "BA"}}],
}


@pytest.mark.parametrize(
    ("beside", "values"),
    [
        (
            {"Enrollments__r": ENROLLED, "AccountId": ACME, "Account": {"Name": "Acme", "Site": None}},
            {
                "Enrollments__r.Year__c": "2005",
                "Enrollments__r.School__r.Name": "BA",
                "Account.Name": "Acme",
                "Account.Site": None,
            },
        ),
        (
            {"Enrollments__r": None, "AccountId": None, "Account": None},
            dict.fromkeys(("Enrollments__r.Year__c", "Enrollments__r.School__r.Name", "Account.Name", "Account.Site")),
        ),
        (
            {
                "Enrollments__r": {"records": [{"Year__c": "2005", "School__c": ACME, "School__r": None}]},
                "AccountId": ACME,
                "Account": None,
            },
            {"Enrollments__r.Year__c": "2005"},
        ),
        (
            {"Enrollments__r": {"totalSize": 0, "done": True, "records": []}, "AccountId": ACME, "Account": None},
            dict.fromkeys(("Enrollments__r.Year__c", "Enrollments__r.School__r.Name")),
        ),
        ({"Enrollments__r": {"totalSize": 0, "done": False, "records": []}, "AccountId": ACME, "Account": None}, {}),
        ({"Enrollments__r": {"totalSize": 1, "done": True, "records": []}, "AccountId": ACME, "Account": None}, {}),
        ({"Enrollments__r": {"records": []}, "AccountId": ACME, "Account": None}, {}),
    ],
    ids=["there", "not there", "hidden", "none", "not finished", "counted", "not said"],
)
def test_values_stand_under_their_paths(org: Org, beside: dict[str, Any], values: dict[str, Any]) -> None:
    """Law: what is not there is empty; a parent that cannot be seen, or a child that did not come, is absent, never empty."""
    org.answer("GET", "/queryAll", page(contact(1, **beside)))
    (record,) = side(org).fetch(Feed.CONTACT, [ADA])
    assert {name: value for name, value in record.fields.items() if "." in name} == values
    assert not {"Account", "Enrollments__r", "attributes"} & set(record.fields)


@pytest.mark.parametrize(
    "beside",
    [
        {"Enrollments__r": [], "Account": None},
        {"Enrollments__r": {"records": [{}, {}]}, "Account": None},
        {"Enrollments__r": {"records": ["x"]}, "Account": None},
        {"Enrollments__r": None, "Account": "Acme"},
    ],
)
def test_what_has_another_shape_is_not_believed(org: Org, beside: dict[str, Any]) -> None:
    """Law: an answer to a subquery that is none, or a parent that is no record, is no answer."""
    org.answer("GET", "/queryAll", page(contact(1, **beside)))
    with pytest.raises(Later):
        side(org).fetch(Feed.CONTACT, [ADA])


def test_changed_children_bring_their_contacts(org: Org) -> None:
    """Law: the contacts of changed children, deleted ones too, come with the poll; those that name nobody bring nobody."""
    odd = child(4) | {"Contact__c": [ADA]}
    org.answer("POST", "/composite", changed(child(1), child(2, ADA), child(3, None), odd))
    org.answer("GET", "/queryAll", page(contact(1, Account=None, Enrollments__r=None)))
    found = read(org, resting())
    assert [record.id for record in found.records] == [ADA]
    assert not found.more
    assert asked(org, 0)[1] == (
        "SELECT Id, SystemModstamp, Contact__c FROM Enrollment__c WHERE SystemModstamp >= 2026-11-02T08:49:30Z"
        " ORDER BY SystemModstamp, Id LIMIT 1500"
    )
    assert asked(org, 1)[0].endswith(f"FROM Contact WHERE Id IN ('{ADA}')")
    assert read_cursor(found.cursor).trails["Enrollments__r"] == Trail(since="2026-11-02T09:00:00+00:00")


@pytest.mark.parametrize(
    ("path", "condition"),
    [
        ("Account", f"AccountId IN ('{ACME}')"),
        ("Enrollments__r.School__r", f"Id IN (SELECT Contact__c FROM Enrollment__c WHERE School__c IN ('{ACME}'))"),  # noqa: S608 - what is expected
    ],
)
def test_changed_parents_bring_their_contacts_page_by_page(org: Org, path: str, condition: str) -> None:
    """Law: however many contacts a parent has, they come in pages of contacts, and the cursor remembers which parents."""
    row = {"Id": ACME, "SystemModstamp": "2026-11-02T08:59:00.000+0000"}
    bodies = {one.path: page(row) if one.path == path else page() for one in ALL}
    org.answer("POST", "/composite", composite(*[covered()] * 4, page(), *bodies.values()))
    org.answer("GET", "/queryAll", page(*(contact(number, Account=None, Enrollments__r=None) for number in (1, 2))))
    org.answer("GET", "/queryAll", page(contact(3, Account=None, Enrollments__r=None)))
    one = read(org, resting())
    assert (one.more, one.records, read_cursor(one.cursor).trails[path].keys) == (True, (), (ACME,))
    two = read(org, one.cursor)
    three = read(org, two.cursor)
    assert ([len(found.records) for found in (two, three)], two.more, three.more) == ([2, 1], True, False)
    assert asked(org, 1)[0].endswith(f"FROM Contact WHERE {condition} ORDER BY Id LIMIT 2")
    assert asked(org, 2)[0].endswith(f"FROM Contact WHERE ({condition}) AND (Id > '{GRACE}') ORDER BY Id LIMIT 2")
    assert read_cursor(three.cursor).trails[path] == Trail(since="2026-11-02T09:00:00+00:00")


def test_many_changed_children_are_paged_by_stamp_and_id(org: Org) -> None:
    """Law: a page that promises more continues behind its last (stamp, id); the mark moves only when all are through."""
    more = page(child(1), following="/services/data/v67.0/query/01g-1")
    org.answer("POST", "/composite", composite(*[covered()] * 4, page(), more, page(), page()))
    org.answer("GET", "/queryAll", page(contact(1, Account=None, Enrollments__r=None)))
    org.answer("GET", "/queryAll", page(child(2, GRACE)))
    org.answer("GET", "/queryAll", page(contact(2, Account=None, Enrollments__r=None)))
    one = read(org, resting())
    trail = read_cursor(one.cursor).trails["Enrollments__r"]
    assert (one.more, trail.since, trail.id) == (True, START, "a00Vr0000000001AAA")
    two = read(org, one.cursor)
    assert ([record.id for record in two.records], two.more) == ([GRACE], False)
    assert "(SystemModstamp = 2026-11-02T08:59:00Z) AND (Id > 'a00Vr0000000001AAA')" in asked(org, 2)[0]
    assert read_cursor(two.cursor).trails["Enrollments__r"].since == "2026-11-02T09:00:00+00:00"


def test_the_same_page_again_is_refused(org: Org) -> None:
    """Law: a server that answers the same page for ever is not asked for ever, neither for children nor for contacts."""
    trail = Trail(since=START, mark=START, stamp="2026-11-02T08:59:00+00:00", id="a00Vr0000000001AAA")
    for _ in range(4):
        org.answer("GET", "/queryAll", page(child(1), following="/services/data/v67.0/query/01g-1"))
    with pytest.raises(Later):
        read(org, resting(Enrollments__r=trail))
    trail = Trail(since=START, mark=START, keys=(ACME,), after=GRACE)
    org.mock.reset()
    for _ in range(4):
        org.answer("GET", "/queryAll", page(*(contact(number, Account=None, Enrollments__r=None) for number in (1, 2))))
    with pytest.raises(Later):
        read(org, resting(Account=trail))


def test_trails_never_pass_what_is_covered(org: Org) -> None:
    """Law: while a long transaction on a child runs, its trail waits with it, and contacts' own changes do not."""
    marks = [covered(), covered("2026-11-02T08:52:00.000+0000"), covered(), covered("2026-11-02T08:40:00.000+0000")]
    org.answer("POST", "/composite", composite(*marks, page(), page(), page(), page()))
    found = read_cursor(read(org, resting()).cursor)
    assert found.since == "2026-11-02T09:00:00+00:00"
    assert [found.trails[one.path].since[11:16] for one in ALL] == ["08:52", "09:00", "08:50"]


def test_a_trail_that_is_new_begins_now(org: Org) -> None:
    """Law: a relationship of which the cursor knows nothing is followed from the covered moment on; nothing else starts anew."""
    org.answer("POST", "/composite", composite(*[covered()] * 4, page(), page(), page()))
    cursor = Cursor(phase="delta", since=START, trails={path: SINCE[path] for path in ("Enrollments__r", "Account")}).dump()
    found = read_cursor(read(org, cursor).cursor)
    assert found.trails["Enrollments__r.School__r"].since == "2026-11-02T09:00:00+00:00"


def test_a_cursor_of_before_is_still_good(org: Org) -> None:
    """Law: what an older version kept continues where it stopped: a cursor without trails is whole."""
    org.answer("POST", "/composite", composite(*[covered()] * 4, page()))
    found = read(org, '{"v":1,"phase":"delta","since":"2026-11-02T08:50:00+00:00"}')
    assert not found.full
    assert set(read_cursor(found.cursor).trails) == {one.path for one in ALL}


@pytest.mark.parametrize(
    "trail",
    [
        {},
        {"since": "yesterday"},
        {"since": "2026-11-02T08:50:00"},
        {"since": START, "id": "a00Vr0000000001AAA", "mark": START},
        {"since": START, "keys": [ACME]},
        {"since": START, "mark": START, "keys": ["' OR Id != '"]},
        {"since": START, "mark": START, "keys": [ACME], "after": "x"},
        {"since": START, "surprise": "x"},
        "x",
    ],
)
def test_a_trail_that_makes_no_sense_starts_the_feed_anew(trail: Any) -> None:
    """Law: reading all again is always right; guessing is not."""
    cursor = {"v": 1, "phase": "delta", "since": START, "trails": {"Account": trail}}
    assert read_cursor(json.dumps(cursor)) == Cursor()


def test_a_hidden_field_beside_the_contact_is_named(org: Org) -> None:
    """Law: where a query is refused for a field, the fields that are missing are named, whichever object they are of."""
    org.answer("GET", "/queryAll", [{"errorCode": "INVALID_FIELD", "message": "No such column"}], status=400)
    described = {"Contact": ["Id", "LastName"], "Enrollment__c": ["Contact__c", "Year__c", "School__c"], "Account": ["Name"]}
    system = ["Id", "SystemModstamp", "IsDeleted", "MasterRecordId", "LastModifiedDate", "LastModifiedById", "AccountId"]
    for kind, names in described.items():
        fields = [{"name": name} for name in (*names, *system)]
        org.answer("GET", f"/sobjects/{kind}/describe", {"name": kind, "fields": fields, "keyPrefix": "a00"})
    with pytest.raises(Halt) as raised:
        side(org).fetch(Feed.CONTACT, [ADA])
    assert raised.value.subject == "Enrollment__c.Status__c, Account.Site"


def test_a_hidden_object_beside_the_contact_is_named(org: Org) -> None:
    """Law: an object that is not shown at all is named once, beside the fields that are missing of the others."""
    org.answer("GET", "/queryAll", [{"errorCode": "INVALID_FIELD", "message": "No such relation"}], status=400)
    contact_fields = ["Id", "SystemModstamp", "IsDeleted", "MasterRecordId", "LastModifiedDate", "LastModifiedById", "AccountId"]
    org.answer("GET", "/sobjects/Contact/describe", {"fields": [{"name": name} for name in contact_fields]})
    org.answer("GET", "/sobjects/Enrollment__c/describe", [{"errorCode": "NOT_FOUND", "message": "x"}], status=404)
    org.answer("GET", "/sobjects/Account/describe", {"fields": [{"name": name} for name in ("Id", "Name", "Site")]})
    with pytest.raises(Halt) as raised:
        side(org).fetch(Feed.CONTACT, [ADA])
    assert raised.value.subject.split(", ")[:2] == ["Contact.LastName", "Enrollment__c"]
    assert raised.value.subject.count("Enrollment__c") == 1
