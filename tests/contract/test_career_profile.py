"""Profile files are read whole and strictly; the generic one makes exactly the documented calls."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import responses
from sqlalchemy import Column, String

from connector.career.connect import connect
from connector.career.facts import Facts
from connector.career.outcomes import judge
from connector.career.payload import at, record_of
from connector.career.profile import load_profile, read_profile, shipped
from connector.career.setup import Setup, carrier_of
from connector.career.side import CareerClient
from connector.errors import Halt, Later, UserError
from connector.ports import POISON, Acknowledgement, Note, PersonUpdate, Record, Status
from connector.secrets import Secret
from connector.store.tables import intent, observation
from connector.wire import Wire

BASE = "https://careers.example.edu/bridge/v1"
GENERIC = (Path(__file__).parents[2] / "connector" / "career" / "profiles" / "generic.toml").read_text()


def changed(old: str, new: str) -> bytes:
    """The generic profile with one piece replaced."""
    assert GENERIC.count(old) == 1, old
    return GENERIC.replace(old, new).encode()


def problems(data: bytes) -> list[tuple[str, int, str]]:
    """Code, line and message of each problem."""
    with pytest.raises(UserError) as caught:
        read_profile("mine.toml", data)
    return [(problem.code, problem.line, problem.message) for problem in caught.value.problems]


def line_of(text: str, piece: str) -> int:
    """The line on which a piece stands."""
    return text[: text.index(piece)].count("\n") + 1


def test_shipped_profiles_load() -> None:
    """Every profile that we ship is one that we can read."""
    assert "generic" in shipped()
    assert [load_profile(name).name for name in shipped()] == list(shipped())


@pytest.mark.parametrize("name", shipped())
def test_an_administrator_can_decide_from_every_profile(name: str) -> None:
    """Law: docs/platforms.md says of each platform how to set it up, what to turn off there, what does not work, and why."""
    profile = load_profile(name)
    assert len(profile.setup) >= 3
    assert all((profile.turn_off, profile.limits, profile.evidence))
    assert all(one.source for one in profile.evidence if one.mark == "A"), "what a vendor's own page says can be read again"


@pytest.mark.parametrize(
    ("old", "new", "code", "message"),
    [
        ('precondition = "etag"', 'precondition = "none"', "P107", 'dialect "generic" does not speak precondition = "none"'),
        ('write = "patch"', 'write = "full"', "P107", 'dialect "generic" does not speak write = "full"'),
        ('kind = "cursor"', 'kind = "magic"', "P104", '"kind" has no such choice'),
        ("notes = true", "nots = true", "P102", 'there is no setting "nots" here'),
        ("notes = true", 'notes = "true"', "P105", '"notes": input should be a valid boolean'),
        ('path = "/changes"', 'path = "//evil.example"', "P105", '"path" has a form that is not allowed'),
        ('own_key = "you.id"', 'own_key = "you[0]"', "P105", '"own_key" has a form that is not allowed'),
        ('path = "/people/batch"', 'path = "/people/{id}"', "P107", '"{id}" belongs into the path'),
    ],
)
def test_each_mistake_is_named_with_its_line(old: str, new: str, code: str, message: str) -> None:
    """What is unknown, misspelt, of the wrong type or not built yet is refused at loading, at its place."""
    data = changed(old, new)
    ((found, line, told),) = problems(data)
    assert (found, line) == (code, line_of(data.decode(), new))
    assert told.startswith(message)


def test_all_problems_at_once() -> None:
    """A file with three mistakes has three problems."""
    data = changed('precondition = "etag"', "precondition = 1").replace(b"[note]", b"[not]").replace(b"page = 500", b"page = 0")
    assert [code for code, _, _ in problems(data)].count("P105") == 2
    assert "P102" in [code for code, _, _ in problems(data)]


def test_promises_need_their_tables() -> None:
    """A capability without the table that describes it is no capability."""
    cut = GENERIC[: GENERIC.index("[note]")].encode()
    assert [message for _, _, message in problems(cut)] == [
        "the capabilities need a table [note]",
        "the capabilities need a table [acknowledgement]",
    ]


def test_what_is_not_stated_counts_as_careful() -> None:
    """A profile that says nothing of mail and notes is taken to mail, and to have no notes."""
    silent = GENERIC
    for name in ("sends_mail_on_login_change", "notes", "requests"):
        start = silent.index(f"\n{name} = ")
        silent = silent[:start] + silent[silent.index("\n", start + 1) :]
    can = read_profile("mine.toml", silent.encode()).abilities
    assert (can.sends_mail_on_login_change, can.notes, can.requests) == (True, False, False)


def test_what_was_about_creating_accounts_has_no_effect() -> None:
    """Law: a profile of before, which says how accounts are created, is read as if it did not."""
    before = (
        GENERIC.replace("[tenant]", '[tenant]\nmails_on_create = "mails.on_create"')
        .replace("[capabilities]", '[capabilities]\ncreate = "keyed"\nsends_mail_on_create = false')
        .replace("[update]", '[create]\nmethod = "POST"\npath = "/people"\n\n[update]')
    )
    assert before.count("create") == GENERIC.count("create") + 5
    assert read_profile("mine.toml", before.encode()) == read_profile("mine.toml", GENERIC.encode())
    assert problems(before.replace("[create]", "[creates]").encode())[0][0] == "P102"


def test_names_and_files(tmp_path: Path) -> None:
    """A profile comes from the product by name or from a file by path; what is not there is told with the choice."""
    (tmp_path / "own.toml").write_text(GENERIC)
    assert load_profile(str(tmp_path / "own.toml")) == load_profile("generic")
    for name, code in (("generik", "P101"), (str(tmp_path / "missing.toml"), "P000"), (str(tmp_path) + ".toml", "P000")):
        with pytest.raises(UserError, match=code):
            load_profile(name)


def test_a_profile_of_ones_own_is_guarded_like_any_file(tmp_path: Path) -> None:
    """Law: it says where data goes, so nobody else may change it; and nothing that is no file keeps us waiting (B26, S24)."""
    own = tmp_path / "own.toml"
    own.write_text(GENERIC)
    own.chmod(0o666)
    with pytest.raises(UserError, match="P000 every user of this machine can change the file"):
        load_profile(str(own))
    own.unlink()
    os.mkfifo(own)
    with pytest.raises(UserError, match="P000 this is not a plain file"):
        load_profile(str(own))


def test_record_without_a_usable_id_is_poison() -> None:
    """Records without id or version, or with ids that do not fit in a path, are set apart under a steady name (B37)."""
    for data in (7, {}, {"id": "a/b", "etag": "1"}, {"id": "a", "etag": ""}, {"id": 5, "etag": "1"}):
        first, again = (_record(data, odd=False) for _ in range(2))
        assert first == again
        assert first.kind == POISON
        assert first.fields["reason"]


def test_what_the_columns_of_versions_and_codes_hold() -> None:
    """Law: the longest version and the longest code that are let through are as long as the columns that keep them."""
    longest, code = _length(observation.c.version), _length(intent.c.code)
    assert _record({"id": "a", "etag": "v" * longest}, odd=False).kind == "person"
    poison = _record({"id": "a", "etag": "v" * (longest + 1)}, odd=False)
    assert (poison.kind, poison.id) == (POISON, "a")
    assert f"more than {longest} characters" in poison.fields["reason"]
    assert judge(422, {"code": "c" * 300}).code == "c" * code


def _length(column: Column[Any]) -> int:
    assert isinstance(column.type, String)
    assert column.type.length is not None
    return column.type.length


def _record(data: object, *, odd: bool) -> Record:
    return record_of("person", data, record_id=at(data, "id"), version=at(data, "etag"), odd=odd)


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 1.8446744073709552e19, ["a\0"], {"x": "\udc00"}, {"a\0": 1}])
def test_values_that_no_store_takes(value: object) -> None:
    """Numbers beyond 64 bits and broken texts are found at any depth (B39)."""
    record = _record({"id": "a", "etag": "1", "x": {"y": value}}, odd=True)
    assert record.kind == POISON


class StandingClock:
    """A clock that stands still."""

    def now(self) -> datetime:
        """Always the same moment."""
        return datetime(2026, 11, 2, tzinfo=UTC)

    def monotonic(self) -> float:
        """Always zero."""
        return 0.0

    def sleep(self, seconds: float) -> None:
        """Do nothing."""


def client(profile: Facts | None = None) -> CareerClient:
    """A client of the generic contract, or of another profile."""
    clock, profile = StandingClock(), profile or load_profile("generic")
    return connect(
        Setup(
            system="careers",
            profile=profile,
            wire=Wire(requests.Session(), BASE, clock, side="careers"),
            key=lambda: Secret("k"),
            clock=clock,
            rng=lambda: 0.0,
            carrier=carrier_of(profile, None),
        )
    )


@pytest.fixture
def net() -> Iterator[responses.RequestsMock]:
    """Only the calls that a test names are answered."""
    with responses.RequestsMock(assert_all_requests_are_fired=True) as mock:
        yield mock


def sent(net: responses.RequestsMock, at: int = 0) -> tuple[str, str, Any]:
    """Method, address and body of a call."""
    call = net.calls[at].request
    return call.method or "", call.url or "", json.loads(call.body) if call.body else None


def test_wire_shape_of_reads(net: responses.RequestsMock) -> None:
    """A full read asks for the first page, then with the token; the key travels in its header alone."""
    net.get(BASE + "/people", json={"items": [], "next": "t/1", "changes": "c5"})
    page = client().read("")
    net.get(BASE + "/people", json={"items": [], "next": None, "changes": "c5"})
    client().read(page.cursor)
    assert sent(net)[:2] == ("GET", BASE + "/people?limit=500")
    assert sent(net, 1)[:2] == ("GET", BASE + "/people?limit=500&after=t%2F1")
    headers = net.calls[0].request.headers
    assert headers["Authorization"] == "Bearer k"
    assert headers["User-Agent"].startswith("alumni-bridge/")


def test_wire_shape_of_writes(net: responses.RequestsMock) -> None:
    """Each write has the documented method, path and body."""
    net.post(BASE + "/people/batch", json={"results": [{"id": "a", "status": 200, "etag": "2"}]})
    net.post(BASE + "/notes/batch", json={"results": [{"key": "n", "status": 201}]})
    net.post(BASE + "/requests/acknowledgements", json={"results": [{"id": "r", "status": 200}]})
    side = client()
    side.update([PersonUpdate(id="a", version="1", fields={"address.city": None})])
    side.note([Note(key="n", text="T", request_id="r")])
    side.acknowledge([Acknowledgement(request_id="r", number="CR-1", understood_type="X", state="received")])
    assert [sent(net, at)[2] for at in range(3)] == [
        {"items": [{"id": "a", "etag": "1", "fields": {"address.city": None}}]},
        {"items": [{"key": "n", "request_id": "r", "text": "T", "visibility": "staff"}]},
        {
            "items": [
                {
                    "id": "r",
                    "number": "CR-1",
                    "understood_type": "X",
                    "state": "received",
                    "message": "",
                    "offered": None,
                    "asked": None,
                }
            ]
        },
    ]


def test_single_updates(net: responses.RequestsMock) -> None:
    """A profile with single updates sends one PATCH each, with the version as a quoted If-Match."""
    single = changed(
        'kind = "batch"\nmethod = "POST"\npath = "/people/batch"', 'kind = "single"\nmethod = "PATCH"\npath = "/people/{id}"'
    )
    net.patch(BASE + "/people/a", json={"id": "a", "etag": "2"})
    net.patch(BASE + "/people/b", status=412, json={"error": {"code": "precondition_failed", "message": "m"}})
    rows = [PersonUpdate(id=name, version="1", fields={"title": "T"}) for name in ("a", "b")]
    outcomes = client(read_profile("mine.toml", single)).update(rows)
    assert [outcome.status for outcome in outcomes] == [Status.APPLIED, Status.STALE]
    assert (sent(net)[2], net.calls[0].request.headers["If-Match"]) == ({"title": "T"}, '"1"')


@pytest.mark.parametrize(("mails", "code"), [(True, "WOULD_MAIL_THE_PERSON"), (False, "")])
def test_a_tenant_that_says_it_mails_is_believed(net: responses.RequestsMock, code: str, *, mails: bool) -> None:
    """Law: where the tenant says that a new login makes it write to the person, none is sent, whatever the profile says."""
    silent = changed("sends_mail_on_login_change = true", "sends_mail_on_login_change = false")
    about = {"id": "t1", "version": "1", "you": {"id": "key-1"}, "mails": {"on_login_change": mails}}
    net.get(BASE + "/tenant", json=about)
    if not mails:
        net.post(BASE + "/people/batch", json={"results": [{"id": "a", "status": 200, "etag": "2"}]})
    side = client(read_profile("mine.toml", silent))
    side.tenant_id()
    (found,) = side.update([PersonUpdate(id="a", version="1", fields={"login_email": "x@example.org"})])
    assert found.code == code


@pytest.mark.parametrize("etag", [None, "", "v" * 121])
def test_a_result_without_a_usable_version_is_unknown(net: responses.RequestsMock, etag: str | None) -> None:
    """Law: a version that the state cannot hold is none; the account is looked at before anything more is written there."""
    net.post(BASE + "/people/batch", json={"results": [{"id": "a", "status": 200, "etag": etag}]})
    (found,) = client().update([PersonUpdate(id="a", version="1", fields={"title": "T"})])
    assert found.status is Status.UNKNOWN


def test_key_in_a_header_of_its_own(net: responses.RequestsMock) -> None:
    """`access = header` sends the key in the named header and in no other."""
    profile = read_profile("mine.toml", changed('kind = "bearer" ', 'kind = "header"\nheader = "X-Key" '))
    net.get(BASE + "/tenant", json={"id": "t", "version": "1"})
    assert client(profile).tenant_id() == "t"
    assert net.calls[0].request.headers["X-Key"] == "k"
    assert "Authorization" not in net.calls[0].request.headers


def test_a_call_refused_whole_is_halved(net: responses.RequestsMock) -> None:
    """One element that spoils its call is found by halving; the others are carried out."""

    def answer(asked: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        items = json.loads(asked.body or b"")["items"]
        if any(item["id"] == "bad" for item in items):
            return 422, {}, json.dumps({"error": {"code": "invalid", "message": "m", "field": "items"}})
        return 200, {}, json.dumps({"results": [{"id": item["id"], "status": 200, "etag": "2"} for item in items]})

    net.add_callback(responses.POST, BASE + "/people/batch", callback=answer, content_type="application/json")
    names = ["a", "b", "bad", "c"]
    outcomes = client().update([PersonUpdate(id=name, version="1", fields={"title": "T"}) for name in names])
    assert [outcome.status.value for outcome in outcomes] == ["applied", "applied", "refused", "applied"]


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        (503, "unavailable", "later"),
        (503, "internal", "unknown"),
        (500, "unavailable", "unknown"),
        (408, "invalid", "unknown"),
        (429, "throttled", "later"),
        (409, "key_conflict", "refused"),
        (418, "what is this", "refused"),
    ],
)
def test_statuses_of_a_whole_call(net: responses.RequestsMock, status: int, code: str, outcome: str) -> None:
    """Only what the contract promises to be undone is later; what nobody promised is unknown."""
    net.post(BASE + "/people/batch", status=status, json={"error": {"code": code, "message": "Ada Lee is not ..."}})
    (found,) = client().update([PersonUpdate(id="a", version="1", fields={"title": "T"})])
    assert found.status.value == outcome
    assert "Ada" not in found.code + found.detail


@pytest.mark.parametrize("status", [403, 404])
def test_missing_rights_and_paths_stop_the_side(net: responses.RequestsMock, status: int) -> None:
    """A right that our key lacks, or a path that is not there, is one person's work, not a thousand parked records."""
    net.post(BASE + "/notes/batch", status=status, json={"error": {"code": "x", "message": "m"}})
    with pytest.raises(Halt):
        client().note([Note(key="n", text="T", person_id="a")])


def test_another_contract_version_stops_the_side(net: responses.RequestsMock) -> None:
    """A system that has moved on to another version of the contract is not spoken to by guesswork."""
    net.get(BASE + "/tenant", json={"id": "t", "version": "2"})
    with pytest.raises(Halt, match="version 1"):
        client().tenant_id()


@pytest.mark.parametrize(
    "entry",
    [
        {"kind": "company", "id": "x"},
        {"kind": "person", "id": ""},
        {"kind": "person", "id": "a", "record": {"id": "b", "etag": "1"}},
        None,
    ],
)
def test_entry_that_hides_its_record_is_not_passed_over(net: responses.RequestsMock, entry: object) -> None:
    """If we cannot tell which record an entry is about, the cursor stays before it."""
    net.get(BASE + "/tenant", json={"id": "t", "version": "1", "you": {"id": "k1"}})
    net.get(BASE + "/changes", json={"items": [entry], "next": "c2", "more": False})
    with pytest.raises(Later):
        client().read('{"v":1,"mode":"changes","after":"c1"}')
