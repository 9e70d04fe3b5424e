"""The generic contract, as the emulator serves it, keeps to the laws of every career system."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
import requests

from connector.career.connect import connect
from connector.career.profile import load_profile
from connector.career.setup import Setup, carrier_of
from connector.career.side import CareerClient
from connector.core.rulebook import pick
from connector.errors import Later
from connector.ports import POISON, PersonUpdate, Record, Status
from connector.secrets import Secret
from connector.wire import Limits, Wire
from emulator.career import Actor, CareerApp, CareerSystem, Kind
from emulator.career.faults import Fault
from emulator.clock import Clock as EmulatedClock
from emulator.http import Response, request
from emulator.inprocess import mount
from tests.contract.career_contract import HOST, KEY, CareerContract, SlowClock, read_all
from tests.contract.platform_world import bend


class GenericWorld:
    """The generic contract over the in-process emulator."""

    profile = "generic"
    can = frozenset(
        (
            *("edits", "deletes", "expiry", "tenant", "field_in_error", "batch", "acknowledgement", "http", "key"),
            *("requests", "login", "notes"),
        )
    )
    writing = "POST"

    def __init__(self) -> None:
        self.emulated_clock = EmulatedClock()
        self.clock = SlowClock(self.emulated_clock)
        self.system = CareerSystem(self.emulated_clock)
        self.system.admit(KEY, Actor(id="key-1", name="alumni-bridge", kind=Kind.API))
        self.system.admit("k-staff", Actor(id="staff-7", name="Pat Reyes", kind=Kind.STAFF))
        self.app = CareerApp(self.system)
        self.secrets = [KEY]
        self.client = self.connect()

    def connect(self) -> CareerClient:
        """A client as after a start of the daemon."""
        session = requests.Session()
        mount(session, self.app, HOST)
        limits = Limits(body=1_000_000)
        profile = load_profile(self.profile)
        return connect(
            Setup(
                system="careers",
                profile=profile,
                wire=Wire(session, HOST + "/bridge/v1", self.clock, side="careers", limits=limits),
                key=lambda: Secret(self.secrets.pop(0) if len(self.secrets) > 1 else self.secrets[0]),
                clock=self.clock,
                rng=lambda: 0.5,
                carrier=carrier_of(profile, None),
            )
        )

    def id(self, number: int) -> str:
        """Accounts are called a0, a1, ..."""
        return f"a{number}"

    def native(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The contract's names are the suite's own."""
        return dict(fields)

    def value(self, record: Record, name: str) -> Any:
        """The value under the contract's name."""
        return pick(record.fields, name)[1]

    def pause(self) -> None:
        """The change feed never repeats itself."""

    def people(self, count: int) -> None:
        """People a0, a1, ... who have always been there."""
        self.system.seed("person", ({"id": f"a{n}", "last_name": f"L{n}"} for n in range(count)))

    def edit(self, person_id: str, fields: dict[str, Any], *, key: str = "k-staff") -> None:
        """A change by the counsellor Pat Reyes, or by whoever holds the key."""
        self._act("PATCH", f"/people/{person_id}", fields, key)

    def edit_herself(self, person_id: str, fields: dict[str, Any]) -> None:
        """A change by the alumna, in her own account."""
        self.system.admit("k-own", Actor(id=person_id, name="Ada Lee", kind=Kind.PERSON, person_id=person_id))
        self.edit(person_id, fields, key="k-own")

    def delete(self, person_id: str) -> None:
        """A counsellor deletes an account."""
        self._act("DELETE", f"/people/{person_id}", b"", "k-staff")

    def ask(self, fields: dict[str, Any]) -> str:
        """A counsellor files a request."""
        return str(self._act("POST", "/requests", fields, "k-staff")["id"])

    def now(self, person_id: str) -> dict[str, Any]:
        """The account as the system holds it."""
        return self.system.people.by_id[person_id].data()

    def accounts(self) -> int:
        """How many accounts there are."""
        return len(self.system.people.order)

    def mails(self) -> int:
        """How many messages would have gone to alumni."""
        return len(self.system.mails)

    def notes(self) -> list[str]:
        """The texts of our notes that staff alone see."""
        return [note["text"] for note in self.system.notes.values() if note["visibility"] == "staff"]

    def acknowledgement(self, request_id: str) -> dict[str, Any]:
        """What staff see about a request."""
        return self.system.acknowledgements[request_id]

    def wait(self, days: int) -> None:
        """Let days go by in the system."""
        self.emulated_clock.move(timedelta(days=days))

    def move_tenant(self, tenant_id: str) -> None:
        """Let the address serve another tenant."""
        self.system.tenant = replace(self.system.tenant, id=tenant_id)

    def order(self, fault: str, method: str = "", count: int = 1, value: str = "") -> None:
        """Let the next calls with this method meet a fault, named in the emulator's words."""
        self.app.order(Fault(fault), f"^{method}", count=count, value=value)

    def spoil(self, person_id: str, text: str) -> None:
        """Let an account hold text that no healthy system would send; `text` is JSON source."""
        raw = orjson.dumps({**self.now(person_id), "title": "SPOILT"}).replace(b"SPOILT", text.encode())
        self.system.spoil("person", person_id, raw)

    def writes(self) -> int:
        """How many writes by our key reached the system."""
        return sum(1 for write in self.app.writes if write.by == "key-1")

    def _act(self, method: str, path: str, body: object, key: str) -> Any:
        answer = self.app.handle(request(method, "/bridge/v1" + path, headers={"Authorization": f"Bearer {key}"}, body=body))
        assert answer.status < 300, answer.body
        return answer.json() if answer.body else None


class TestGeneric(CareerContract):
    """The generic contract, as the emulator serves it."""

    @pytest.fixture
    def world(self) -> GenericWorld:
        """A fresh tenant."""
        return GenericWorld()

    def test_declares_what_it_can(self, world: GenericWorld) -> None:
        """Notes and requests are the contract's own."""
        can = world.client.capabilities
        assert (can.notes, can.requests, can.lookup) == (True, True, True)


def changed(world: GenericWorld, entry: Callable[[dict[str, Any]], dict[str, Any]], count: int = 9) -> str:
    """Let a1 and a2 have changed, and the feed tell of a1 otherwise; the cursor before that."""
    world.people(3)
    _, cursor, _ = read_all(world.client)
    for id in ("a1", "a2"):
        world.edit(id, {"title": "T"})

    def told(answer: Response) -> Response:
        items = [entry(item) if item["id"] == "a1" else item for item in orjson.loads(answer.body)["items"]]
        return replace(answer, body=json.dumps({**orjson.loads(answer.body), "items": items}).encode())

    bend(world.app, "^GET /bridge/v1/changes", told, count=count)
    return cursor


@pytest.mark.parametrize("deleted", [True, False])
@pytest.mark.parametrize("id", ["a\ud800", "a\0", "../a1", "a" * 300])
def test_an_entry_by_whose_id_nothing_is_known_is_set_apart(id: str, *, deleted: bool) -> None:
    """Law: an id with letters that no id has never comes into our state, in a deletion neither; its neighbours come as ever."""
    world = GenericWorld()
    gone = {"id": id, "deleted": True, "record": None}
    cursor = changed(world, lambda item: item | (gone if deleted else {"id": id, "record": item["record"] | {"id": id}}))
    poison, other = read_all(world.client, cursor)[0]
    assert (poison.kind, poison.id.startswith("unreadable-"), poison.deleted) == (POISON, True, False)
    assert (other.kind, other.id) == ("person", "a2")


@pytest.mark.parametrize("kind", [["person"], {}, None, "event"])
def test_an_entry_about_nothing_that_we_know_is_no_answer(kind: object) -> None:
    """Law (B47): whatever stands for an entry's kind, it is not passed over: later, and the cursor stays."""
    world = GenericWorld()
    cursor = changed(world, lambda item: item | {"kind": kind}, count=3)
    with pytest.raises(Later):
        world.client.read(cursor)


def test_an_entry_without_its_record_is_no_deletion() -> None:
    """Law (I22): nobody is gone because an answer lacks something: it is asked for again, and the cursor stays."""
    world = GenericWorld()
    cursor = changed(world, lambda item: {name: value for name, value in item.items() if name != "record"}, count=3)
    with pytest.raises(Later):
        world.client.read(cursor)
    assert [(record.id, record.deleted) for record in read_all(world.client, cursor)[0]] == [("a1", False), ("a2", False)]


def test_an_entry_whose_record_is_null_is_a_deletion() -> None:
    """Law: a feed may say of a record that it is none any more."""
    world = GenericWorld()
    cursor = changed(world, lambda item: item | {"record": None})
    assert [(record.id, record.deleted) for record in read_all(world.client, cursor)[0]] == [("a1", True), ("a2", False)]


def test_a_page_of_who_was_asked_for_is_not_all_of_them() -> None:
    """Law: who is missing from an answer that goes on elsewhere is not gone: later."""
    world = GenericWorld()
    world.people(3)
    bend(
        world.app,
        "ids=",
        lambda answer: replace(answer, body=json.dumps(orjson.loads(answer.body) | {"next": "t1"}).encode()),
        count=3,
    )
    with pytest.raises(Later):
        world.client.fetch("person", ["a0", "a1"])
    assert len(world.client.fetch("person", ["a0", "a1"])) == 2


@pytest.mark.parametrize("etag", ["2\ud800", "2\0"])
def test_a_version_that_no_store_takes_is_none(etag: str) -> None:
    """Law: a version that cannot be kept is as good as none: the write is unknown, and is looked at."""
    world = GenericWorld()
    world.people(1)
    [record] = read_all(world.client)[0]

    def told(answer: Response) -> Response:
        [result] = orjson.loads(answer.body)["results"]
        return replace(answer, body=json.dumps({"results": [result | {"etag": etag}]}).encode())

    bend(world.app, "/people/batch", told)
    [outcome] = world.client.update([PersonUpdate(id=record.id, version=record.version, fields={"title": "Judge"})])
    assert outcome.status is Status.UNKNOWN


@pytest.mark.parametrize("token", ["t\ud800", "t\0"])
def test_a_token_that_no_store_takes_leads_nowhere(token: str) -> None:
    """Law: where a list says that it goes on behind what cannot be kept, it is no answer: later, and the cursor stays."""
    world = GenericWorld()
    world.people(1)
    bend(world.app, "GET .*/people", lambda answer: replace(answer, body=_going_on(answer.body, token)), count=3)
    with pytest.raises(Later):
        world.client.read("")


def _going_on(body: bytes, token: str) -> bytes:
    return json.dumps(orjson.loads(body) | {"next": token}).encode()
