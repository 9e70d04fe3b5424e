"""The emulated generic career system keeps its documented contract."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.career import Actor, CareerApp, CareerSystem, Kind, Tenant
from emulator.career.faults import Fault
from emulator.career.fields import PERSON, REQUEST
from emulator.career.generic import GENERIC
from emulator.clock import Clock
from emulator.http import CUT_EVERYTHING, Response, request

_NAMES = [*PERSON, *REQUEST, "items", "key", "id", "etag", "fields", "person_id", "request_id", "visibility", "number", "state"]
COUNSELLOR = Actor(id="staff-7", name="Pat Reyes", kind=Kind.STAFF)
BRIDGE = Actor(id="key-1", name="alumni-bridge", kind=Kind.API)


def ask(app: CareerApp, line: str, body: object = b"", *, key: str = "api", headers: dict[str, str] | None = None) -> Response:
    """One call, such as `GET /people`."""
    method, path = line.split(" ", 1)
    return app.handle(
        request(method, "/bridge/v1" + path, headers={"Authorization": f"Bearer {key}", **(headers or {})}, body=body)
    )


def told(answer: Response, status: int = 200) -> Any:
    """The body, when the status is as expected."""
    assert answer.status == status, answer.body
    return json.loads(answer.body)


def code(answer: Response) -> tuple[int, str]:
    """Status and error code."""
    return answer.status, json.loads(answer.body)["error"]["code"]


@pytest.fixture
def system() -> CareerSystem:
    """A tenant with three people, one of whom has a key of her own."""
    system = CareerSystem(Clock())
    system.seed("person", [{"id": f"a{n}", "first_name": f"N{n}", "last_name": "Lee", "address.city": "Oslo"} for n in range(3)])
    system.admit("api", BRIDGE)
    system.admit("staff", COUNSELLOR)
    system.admit("ada", Actor(id="a0", name="Ada Lee", kind=Kind.PERSON, person_id="a0"))
    return system


@pytest.fixture
def app(system: CareerSystem) -> CareerApp:
    """The application over it."""
    return CareerApp(system, control_token="door")


def test_key_is_asked_for_on_every_path(app: CareerApp) -> None:
    """Without a known key nothing is told, not even which paths exist."""
    assert code(ask(app, "GET /people", key="nobody")) == (401, "unauthorized")
    assert code(ask(app, "GET /nowhere", key="nobody")) == (401, "unauthorized")
    assert code(ask(app, "GET /nowhere")) == (404, "not_found")
    assert code(ask(app, "DELETE /people")) == (405, "method_not_allowed")


def test_tenant_says_who_asks(app: CareerApp) -> None:
    """The tenant answers its id and the holder of the key, by which a program knows its own changes in the feed."""
    assert told(ask(app, "GET /tenant")) == {
        "id": "tenant-0001",
        "name": "Example University Careers",
        "environment": "test",
        "version": "1",
        "mails": {"on_login_change": True},
        "you": {"id": "key-1", "name": "alumni-bridge", "kind": "api"},
    }


def test_pages_cover_everybody_and_hand_over_to_the_feed(app: CareerApp) -> None:
    """What changes while pages are read is in the feed from the cursor that the first page gave."""
    first = told(ask(app, "GET /people?limit=2"))
    told(ask(app, "PATCH /people/a0", {"title": "Pilot"}, key="staff"))
    second = told(ask(app, f"GET /people?limit=2&after={first['next']}"))
    assert [p["id"] for p in first["items"] + second["items"]] == ["a0", "a1", "a2"]
    assert second["next"] is None
    assert second["changes"] == first["changes"]
    feed = told(ask(app, f"GET /changes?after={second['changes']}"))
    assert [(c["id"], c["fields"]) for c in feed["items"]] == [("a0", ["title"])]
    assert feed["items"][0]["record"]["title"] == "Pilot"
    assert not feed["more"]


def test_feed_says_who_and_what(app: CareerApp) -> None:
    """Each entry names the actor, the kind of actor and dotted field names, whoever changed the record."""
    for key, body in (("staff", {"address.city": "Bergen"}), ("ada", {"consents.mentoring": False})):
        told(ask(app, "PATCH /people/a0", body, key=key))
    etag = told(ask(app, "GET /people/a0"))["etag"]
    told(ask(app, "PATCH /people/a0", {"employer": "Equinor"}, headers={"If-Match": etag}))
    items = told(ask(app, "GET /changes?after=c0"))["items"]
    assert [(i["by"]["kind"], i["by"]["name"], i["fields"]) for i in items] == [
        ("staff", "Pat Reyes", ["address.city"]),
        ("person", "Ada Lee", ["consents.mentoring"]),
        ("api", "alumni-bridge", ["employer"]),
    ]


def test_etag_guards_an_update(app: CareerApp) -> None:
    """An update on an older version is refused and changes nothing; an API key must name a version at all."""
    old = ask(app, "GET /people/a1").headers["ETag"]
    told(ask(app, "PATCH /people/a1", {"title": "Chef"}, key="staff"))
    assert code(ask(app, "PATCH /people/a1", {"title": "Cook"}, headers={"If-Match": old})) == (412, "precondition_failed")
    assert code(ask(app, "PATCH /people/a1", {"title": "Cook"})) == (428, "precondition_required")
    assert told(ask(app, "GET /people/a1"))["title"] == "Chef"


def test_update_that_changes_nothing_leaves_no_trace(app: CareerApp, system: CareerSystem) -> None:
    """A value that is already there moves neither the etag nor the feed."""
    before = told(ask(app, "GET /people/a1"))
    after = told(ask(app, "PATCH /people/a1", {"last_name": "Lee"}, key="staff"))
    assert after == before
    assert system.feed.head == 0


def test_batch_answers_element_by_element(app: CareerApp) -> None:
    """One bad element takes nothing away from its neighbours."""
    etags = {p["id"]: p["etag"] for p in told(ask(app, "GET /people"))["items"]}
    items = [
        {"id": "a0", "etag": etags["a0"], "fields": {"title": "Judge"}},
        {"id": "a1", "etag": "old", "fields": {"title": "Judge"}},
        {"id": "a2", "etag": etags["a2"], "fields": {"email_work": "nonsense"}},
        {"id": "a9", "etag": "x", "fields": {}},
    ]
    results = told(ask(app, "POST /people/batch", {"items": items}))["results"]
    assert [(r["id"], r["status"], r.get("error", {}).get("field")) for r in results] == [
        ("a0", 200, None),
        ("a1", 412, None),
        ("a2", 422, "email_work"),
        ("a9", 404, None),
    ]
    assert results[0]["record"]["title"] == "Judge"


def test_change_of_login_mails_the_person(app: CareerApp, system: CareerSystem) -> None:
    """The trap that the bridge must never walk into is there."""
    told(ask(app, "PATCH /people/a0", {"login_email": "new@example.org"}, key="staff"))
    assert [(mail.person_id, mail.kind) for mail in system.mails] == [("a0", "verification")]


def test_cursor_expires_with_retention(app: CareerApp, system: CareerSystem) -> None:
    """A cursor older than the retention is answered 410, one from another history too; a fresh one goes on."""
    told(ask(app, "PATCH /people/a0", {"title": "A"}, key="staff"))
    system.clock.move(timedelta(days=31))
    told(ask(app, "PATCH /people/a0", {"title": "B"}, key="staff"))
    assert code(ask(app, "GET /changes?after=c0")) == (410, "cursor_expired")
    assert code(ask(app, "GET /changes?after=c9")) == (410, "cursor_expired")
    assert [c["seq"] for c in told(ask(app, "GET /changes?after=c1"))["items"]] == [2]
    assert code(ask(app, "GET /changes?after=zero")) == (422, "invalid")


def test_person_sees_and_changes_only_herself(app: CareerApp) -> None:
    """An alumna's key reads neither other people nor anything that staff alone may see."""
    assert told(ask(app, "GET /people/a0", key="ada"))["id"] == "a0"
    assert code(ask(app, "GET /people/a1", key="ada")) == (404, "not_found")
    for line in ("GET /people", "GET /changes?after=c0", "GET /notes?person_id=a0", "GET /people/a0/versions"):
        assert code(ask(app, line, key="ada")) == (403, "forbidden")


def test_requests_are_filed_edited_and_withdrawn(app: CareerApp) -> None:
    """Staff file anything, an alumna asks for herself, the API key files nothing; the feed shows each step."""
    filed = told(ask(app, "POST /requests", {"type": "no such type", "title": "Panel"}, key="staff"), 201)
    own = told(ask(app, "POST /requests", {"type": "TRANSCRIPT", "person_id": "a2"}, key="ada"), 201)
    assert own["person_id"] == "a0"
    assert code(ask(app, "POST /requests", {"type": "X"})) == (403, "forbidden")
    told(ask(app, f"PATCH /requests/{filed['id']}", {"state": "withdrawn"}, key="staff"))
    assert code(ask(app, f"PATCH /requests/{filed['id']}", {"state": "lost"}, key="staff")) == (422, "invalid")
    items = told(ask(app, "GET /changes?after=c0"))["items"]
    assert [(i["kind"], i["id"]) for i in items] == [("request", filed["id"]), ("request", own["id"]), ("request", filed["id"])]
    assert told(ask(app, f"GET /requests?ids={filed['id']}"))["items"][0]["state"] == "withdrawn"


def test_note_and_acknowledgement_are_exactly_one(app: CareerApp, system: CareerSystem) -> None:
    """Both may be repeated; staff read them, the alumna does not."""
    note = {"person_id": "a0", "text": "Restored by Alumni Relations.", "visibility": "staff"}
    assert [ask(app, "PUT /notes/n1", note).status for _ in range(2)] == [201, 200]
    assert code(ask(app, "PUT /notes/n1", {**note, "text": "Other"})) == (409, "key_conflict")
    assert code(ask(app, "PUT /notes/n2", {**note, "visibility": "person"})) == (422, "invalid")
    batch = {"items": [{"key": "n1", **note}, {"key": "n3", **note, "person_id": "a9"}, {"key": "n4", **note}]}
    assert [r["status"] for r in told(ask(app, "POST /notes/batch", batch))["results"]] == [200, 404, 201]
    assert [n["key"] for n in told(ask(app, "GET /notes?person_id=a0", key="staff"))["items"]] == ["n1", "n4"]
    filed = told(ask(app, "POST /requests", {"type": "X"}, key="staff"), 201)["id"]
    said: dict[str, Any] = {
        "number": "CR-1",
        "understood_type": "OTHER",
        "state": "received",
        "message": "",
        "offered": None,
        "asked": 2,
    }
    for _ in range(2):
        told(ask(app, f"PUT /requests/{filed}/acknowledgement", said))
    batch = {"items": [{"id": filed, **said, "state": "done"}, {"id": "r99", **said}]}
    assert [r["status"] for r in told(ask(app, "POST /requests/acknowledgements", batch))["results"]] == [200, 404]
    assert told(ask(app, f"GET /requests/{filed}/acknowledgement", key="staff"))["state"] == "done"
    assert code(ask(app, f"GET /requests/{filed}/acknowledgement", key="ada")) == (403, "forbidden")
    assert system.mails == []


def test_deleted_account_leaves_the_lists_and_is_told_once(app: CareerApp) -> None:
    """A deletion is an entry of the feed without a record; the account is in no list any more."""
    assert ask(app, "DELETE /people/a1", key="staff").status == 204
    assert [p["id"] for p in told(ask(app, "GET /people"))["items"]] == ["a0", "a2"]
    assert told(ask(app, "GET /people?ids=a0,a1"))["items"][0]["id"] == "a0"
    entry = told(ask(app, "GET /changes?after=c0"))["items"][0]
    assert (entry["id"], entry["deleted"], entry["record"]) == ("a1", True, None)


def test_versions_show_before_and_after(app: CareerApp) -> None:
    """Every state that an account has had can be read, newest first."""
    told(ask(app, "PATCH /people/a0", {"title": "A"}, key="staff"))
    told(ask(app, "PATCH /people/a0", {"title": "B"}, key="ada"))
    items = told(ask(app, "GET /people/a0/versions"))["items"]
    assert [i["changes"] for i in items] == [{"title": ["A", "B"]}, {"title": [None, "A"]}]


def test_normalising_store(app: CareerApp, system: CareerSystem) -> None:
    """A tenant may store other letters than it was sent; empty text is always stored as null, no list as an empty one."""
    system.switches.trims = system.switches.lowers_emails = True
    body = {"email_work": " Ann@Example.ORG ", "title": "", "employer": " X ", "interests": None}
    record = told(ask(app, "PATCH /people/a0", body, key="staff"))
    assert (record["email_work"], record["title"], record["employer"]) == ("ann@example.org", None, "X")
    assert record["interests"] == []


def test_throttle_counts_by_the_minute(app: CareerApp, system: CareerSystem) -> None:
    """Beyond its allowance a key waits until the next minute, and is told how long."""
    system.switches.calls_per_minute = 2
    assert [ask(app, "GET /tenant").status for _ in range(3)] == [200, 200, 429]
    assert ask(app, "GET /tenant").headers["Retry-After"] == "60"
    system.clock.move(timedelta(minutes=1))
    assert ask(app, "GET /tenant").status == 200


@pytest.mark.parametrize(
    ("fault", "acted"),
    [
        (Fault.LOSE_REQUEST, False),
        (Fault.LOSE_ANSWER, True),
        (Fault.ERROR, False),
        (Fault.ERROR_AFTER, True),
        (Fault.HTML, False),
    ],
)
def test_faults_fall_before_or_after_the_act(app: CareerApp, system: CareerSystem, fault: Fault, *, acted: bool) -> None:
    """An ordered fault leaves the system either untouched or changed, as its name says, and is used up."""
    app.order(fault, "PATCH /bridge/v1/people/a0")
    answer = ask(app, "PATCH /people/a0", {"title": "Z"}, key="staff")
    assert answer.cut == CUT_EVERYTHING or answer.status == 500 or b"<html" in answer.body
    assert (system.feed.head == 1) is acted
    assert ask(app, "PATCH /people/a0", {"title": "Y"}, key="staff").status == 200


def test_records_with_other_fields(app: CareerApp) -> None:
    """A field that all records have lost, or got, is so in answers alone: it is there, or gone, when the order is used up."""
    app.order(Fault.LACKING, "GET .*people", value="last_name")
    app.order(Fault.EXTENDED, "GET .*people", value="shoe_size")
    lacking, extended, plain = (told(ask(app, "GET /people/a0")) for _ in range(3))
    assert ("last_name" in lacking, "last_name" in plain) == (False, True)
    assert ("shoe_size" in extended, "shoe_size" in plain) == (True, False)


def test_control_door(app: CareerApp, system: CareerSystem) -> None:
    """Seeding, keys, switches, faults, clock and god's view, for holders of its token alone."""

    def turn(line: str, body: object = b"", token: str = "door") -> Any:  # noqa: S107 - made up
        method, path = line.split(" ")
        return app.handle(request(method, f"/__control__/{path}", headers={"X-Control-Token": token}, body=body))

    assert turn("GET state", token="wrong").status == 404
    assert told(turn("POST people", [{"last_name": "X", "consents": {"events": True}}, {"last_name": "Y"}])) == {"seeded": 2}
    assert told(turn("POST keys", [{"key": "k", "id": "s", "name": "Sam", "kind": "staff"}])) == {"keys": 4}
    assert told(turn("POST switches", {"retention": 60, "trims": True}))["trims"] is True
    assert turn("POST switches", {"no_such": 1}).status == 422
    told(turn("POST faults", {"fault": "throttle", "pattern": "GET .*/tenant", "value": "7"}))
    assert ask(app, "GET /tenant").headers["Retry-After"] == "7"
    assert told(turn("POST clock", {"move_seconds": 3600}))["now"] == "2026-11-02T10:00:00.000000Z"
    told(ask(app, "PATCH /people/a0", {"title": "Z"}, key="k"))
    assert told(turn("GET state"))["people"] == 5
    assert told(turn("GET mails")) == {"mails": []}
    assert told(turn("GET calls"))["calls"]["PATCH /people/{id}"] == 1
    assert told(turn("GET log"))["writes"][0]["body"] == '{"title":"Z"}'
    assert system.people.by_id["p0000004"].data()["consents"]["events"] is True


def test_systems_share_nothing() -> None:
    """Two tenants in one process know nothing of each other."""
    clock = Clock()
    one, other = CareerSystem(clock), CareerSystem(clock, tenant=Tenant(id="t2"))
    one.seed("person", [{"last_name": "A"}])
    one.switches.trims = True
    assert len(other.people.order) == 0
    assert not other.switches.trims


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["a0", "staff", "key", "1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES) | st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(
    line=st.sampled_from([f"{method} {path}" for method, path, _ in GENERIC.paths]),
    where=st.sampled_from(["a0", "n1", "%00", "..", "r0000001", "\u00e9"]),
    query=st.sampled_from(
        ["", "?after=c", "?after=p1-", "?limit=0", "?limit=99999999999999999999", "?ids=", "?ids=a0,,a0", "?%"]
    ),
    body=st.dictionaries(st.sampled_from(_NAMES), _JSON, max_size=5) | _JSON,
    key=st.sampled_from(["api", "staff", "ada"]),
)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_request_breaks_the_system(app: CareerApp, line: str, where: str, query: str, body: Any, key: str) -> None:
    """Whatever is sent, the answer is one of the contract's; never an exception, never a 500."""
    line = line.replace("{id}", quote(where, safe="%")).replace("{key}", quote(where, safe="%"))
    answer = ask(app, line + query, json.dumps(body), key=key)
    assert answer.status < 500
    if answer.status >= 400:
        assert set(json.loads(answer.body)["error"]) <= {"code", "message", "field"}


def test_a_copy_goes_its_own_way(system: CareerSystem) -> None:
    """A copied tenant has the same accounts, feed and keys; from then on neither sees what the other does."""
    told(ask(CareerApp(system), "PATCH /people/a1", {"title": "Analyst"}, key="staff"))
    twin = system.copy(Clock(start=system.clock.now()))
    here, there = CareerApp(system), CareerApp(twin)
    assert told(ask(there, "GET /people/a1")) == told(ask(here, "GET /people/a1"))
    assert told(ask(there, "GET /changes?after=c0")) == told(ask(here, "GET /changes?after=c0"))
    told(ask(there, "PATCH /people/a1", {"title": "Director"}, key="staff"))
    told(ask(there, "POST /requests", {"type": "X", "title": "T"}, key="staff"), 201)
    assert told(ask(here, "GET /people/a1"))["title"] == "Analyst"
    assert told(ask(here, "GET /requests"))["items"] == []
    assert [one.head for one in (system.feed, twin.feed)] == [1, 3]
