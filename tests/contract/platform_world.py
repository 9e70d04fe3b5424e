"""A world whose career system is a vendor's platform, as the emulator serves it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

import requests

from connector.career.connect import connect
from connector.career.profile import load_profile
from connector.career.setup import Setup
from connector.career.side import CareerClient
from connector.core.rulebook import pick
from connector.ports import Record
from connector.secrets import Secret
from connector.wire import Limits, Wire
from emulator.career import Actor, CareerApp, CareerSystem, Kind
from emulator.career.face import Face
from emulator.career.faults import Fault
from emulator.career.generic import REQUESTS
from emulator.clock import Clock as EmulatedClock
from emulator.http import Request, Response, json_text
from emulator.inprocess import mount
from tests.contract.career_contract import HOST, KEY, SlowClock

PAT = Actor(id="staff-7", name="Pat Reyes", kind=Kind.STAFF)
_BODY = 1_000_000


def bend(app: CareerApp, pattern: str, change: Callable[[Response], Response], count: int = 1) -> None:
    """Let the answers to the next ``count`` calls whose "METHOD path?query" matches become what ``change`` makes of them."""
    answer, left = app.handle, [count]

    def bent(request: Request) -> Response:
        told = answer(request)
        if not left[0] or not re.search(pattern, f"{request.method} {request.path}?{request.query}"):
            return told
        left[0] -= 1
        return change(told)

    app.handle = bent  # type: ignore[method-assign]


def saying(**values: object) -> Callable[[Response], Response]:
    """An answer whose JSON says this besides, or instead."""
    return reworded(lambda told: told | values)


def reworded(change: Callable[[Any], object]) -> Callable[[Response], Response]:
    """An answer with other JSON in it."""
    return lambda answer: replace(answer, body=json_text(change(answer.json())))


def status(number: int) -> Callable[[Response], Response]:
    """An answer of that status, with nothing in it."""
    return lambda answer: replace(answer, status=number, body=b"{}")


class PlatformWorld:
    """People work in the platform's own pages, which are no API; we come through its API.

    A platform says how it is called (``profile``, ``face``, its calls about people by ``path``), which names it has for the
    suite's (``names``), and how requests travel. Those by ``rest`` are with the small service beside it.
    """

    profile: ClassVar[str]
    face: ClassVar[Face]
    path: ClassVar[str]
    names: ClassVar[Mapping[str, str]]
    carrier: ClassVar[str] = "rest"
    can: frozenset[str]
    writing = "PUT"

    def __init__(self, **settings: str) -> None:
        self.emulated_clock = EmulatedClock()
        self.clock = SlowClock(self.emulated_clock)
        self.system = CareerSystem(self.emulated_clock)
        self.system.admit(KEY, Actor(id="key-1", name="alumni-bridge", kind=Kind.API))
        self.app = CareerApp(self.system, face=self.face, beside=(REQUESTS,))
        self.secrets = [KEY]
        self.settings = settings
        self.client = self.connect()

    def connect(self) -> CareerClient:
        """A client as after a start of the daemon."""
        session = requests.Session()
        mount(session, self.app, HOST)
        beside = requests.Session()
        mount(beside, self.app, HOST)
        limits = Limits(body=_BODY)
        return connect(
            Setup(
                system="careers",
                profile=load_profile(self.profile),
                wire=Wire(session, HOST, self.clock, side="careers", limits=limits),
                clock=self.clock,
                rng=lambda: 0.5,
                carrier=self.carrier,
                requests_wire=Wire(beside, HOST + REQUESTS.base, self.clock, side="careers", limits=limits),
                requests_key=lambda: Secret(KEY),
                **self.shown(),
            )
        )

    def shown(self) -> dict[str, Any]:
        """Of a ``Setup``: the settings, and what the bridge shows to be let in."""
        return {"key": self.read_secret, "settings": self.settings}

    def read_secret(self) -> Secret:
        """The next of ``secrets``; the last one stays."""
        return Secret(self.secrets.pop(0) if len(self.secrets) > 1 else self.secrets[0])

    def id(self, number: int) -> str:
        """Accounts have numbers from 1000 on."""
        return str(1000 + number)

    def native(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Values under the platform's names."""
        return {self.names[name]: value for name, value in fields.items()}

    def value(self, record: Record, name: str) -> Any:
        """The value under the platform's name."""
        return pick(record.fields, self.names[name])[1]

    def pause(self) -> None:
        """Longer than the overlap."""
        self.emulated_clock.move(timedelta(minutes=5))

    def people(self, count: int) -> None:
        """People who have always been there."""
        self.system.seed("person", ({"id": self.id(n), "last_name": f"L{n}"} for n in range(count)))
        self.pause()

    def edit(self, person_id: str, fields: dict[str, Any]) -> None:
        """A change by the counsellor Pat Reyes."""
        self.system.change_person(person_id, fields, PAT)

    def edit_herself(self, person_id: str, fields: dict[str, Any]) -> None:
        """A change by the alumna."""
        self.system.change_person(person_id, fields, Actor(id=person_id, name="Ada Lee", kind=Kind.PERSON, person_id=person_id))

    def delete(self, person_id: str) -> None:
        """A counsellor deletes an account."""
        self.system.delete("person", person_id, PAT)

    def ask(self, fields: dict[str, Any]) -> str:
        """A counsellor files a request."""
        return self.face.desk.file(self.system, fields, PAT)

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
        return [str(note["text"]) for note in self.system.notes.values()]

    def acknowledgement(self, request_id: str) -> dict[str, Any]:
        """What staff see about a request."""
        return dict(self.face.desk.told(self.system, request_id) or {})

    def wait(self, days: int) -> None:
        """Let days go by in the system."""
        self.emulated_clock.move(timedelta(days=days))

    def move_tenant(self, tenant_id: str) -> None:
        """A site is its address."""
        raise NotImplementedError(tenant_id)

    def order(self, fault: str, method: str = "", count: int = 1, value: str = "") -> None:
        """Let the next calls about people with this method meet a fault."""
        self.app.order(Fault(fault), f"^{method} {self.path}", count=count, value=value)

    def spoil(self, person_id: str, text: str) -> None:
        """Let an account hold text that no healthy system would send; `text` is JSON source."""
        stored = self.system.people.by_id[person_id]
        data = stored.data() | {"title": json.loads(f'"{text}"')}
        self.system.spoil("person", person_id, json.dumps(data).encode())
        stored.modified = self.emulated_clock.now()

    def writes(self) -> int:
        """How many writes by our key reached the system."""
        return sum(1 for write in self.app.writes if write.by == "key-1" and not write.path.startswith(REQUESTS.base))
