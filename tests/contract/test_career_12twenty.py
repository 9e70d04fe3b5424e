"""12twenty, as the emulator serves it, keeps to the laws of every career system; and to its own traps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
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
from emulator.career.faults import Fault
from emulator.career.twelvetwenty import TWELVETWENTY
from emulator.clock import Clock as EmulatedClock
from emulator.inprocess import mount
from tests.contract.career_contract import HOST, KEY, CareerContract, SlowClock

PAT = Actor(id="staff-7", name="Pat Reyes", kind=Kind.STAFF)
NAMES = {
    "title": "JobTitle",
    "employer": "CompanyName",
    "phone_mobile": "CellPhone",
    "login_email": "EmailAddress",
    "email_work": "custom.work_e_mail",
    "address.city": "Location.CityName",
    "address.street": "Location.AddressLine1",
    "consents.mentoring": "custom.may_be_asked_to_mentor",
}


class TwelveTwentyWorld:
    """A site of 12twenty whose alumni are contacts."""

    can = frozenset({"http", "key", "requests", "login"})
    writing = "PUT"

    def __init__(self, **settings: str) -> None:
        self.emulated_clock = EmulatedClock()
        self.clock = SlowClock(self.emulated_clock)
        self.system = CareerSystem(self.emulated_clock)
        self.system.admit(KEY, Actor(id="key-1", name="alumni-bridge", kind=Kind.API))
        self.app = CareerApp(self.system, face=TWELVETWENTY)
        self.secrets = [KEY]
        self.settings = {"staff_visibility_id": "3", "students_modified_since": "yes"} | settings
        self.client = self.connect()

    def connect(self) -> CareerClient:
        """A client as after a start of the daemon."""
        session = requests.Session()
        mount(session, self.app, HOST)
        return connect(
            Setup(
                system="careers",
                profile=load_profile("12twenty"),
                wire=Wire(session, HOST, self.clock, side="careers", limits=Limits(body=1_000_000)),
                key=lambda: Secret(self.secrets.pop(0) if len(self.secrets) > 1 else self.secrets[0]),
                clock=self.clock,
                rng=lambda: 0.5,
                settings=self.settings,
                carrier="notes",
            )
        )

    def id(self, number: int) -> str:
        """Contacts from 1000 on."""
        return f"c-{1000 + number}"

    def native(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Values under 12twenty's names."""
        return {NAMES[name]: value for name, value in fields.items()}

    def value(self, record: Record, name: str) -> Any:
        """The value under 12twenty's name."""
        return pick(record.fields, NAMES[name])[1]

    def pause(self) -> None:
        """Longer than the overlap."""
        self.emulated_clock.move(timedelta(minutes=5))

    def people(self, count: int) -> None:
        """People who have always been there."""
        self.system.seed("person", ({"id": self.id(n), "last_name": f"L{n}"} for n in range(count)))
        self.pause()

    def edit(self, person_id: str, fields: dict[str, Any]) -> None:
        """A change by the counsellor Pat Reyes, in 12twenty's pages."""
        self.system.change_person(person_id, fields, PAT)

    def edit_herself(self, person_id: str, fields: dict[str, Any]) -> None:
        """A change by the alumna, in 12twenty's pages."""
        self.system.change_person(person_id, fields, Actor(id=person_id, name="Ada Lee", kind=Kind.PERSON, person_id=person_id))

    def delete(self, person_id: str) -> None:
        """A counsellor deletes an account."""
        self.system.delete("person", person_id, PAT)

    def ask(self, fields: dict[str, Any]) -> str:
        """A counsellor writes a request as a note."""
        lines = [f"Alumni request: {fields['type']}", *(f"{name}: {value}" for name, value in fields.items() if name != "type")]
        number = len(self.system.extra.setdefault("notes", {}))
        note = {"Id": number, "PrimaryEntityTypeId": 2301, "PrimaryEntityId": 1000, "Text": "\n".join(lines), "VisibilityId": 3}
        stamp = self.emulated_clock.now().strftime("%Y-%m-%dT%H:%M:%S.000")
        self.system.extra["notes"][str(number)] = note | {"Date": stamp, "ModifyDate": stamp, "CreatorName": "Pat Reyes"}
        return f"n-{number}:{self.id(0)}"

    def now(self, person_id: str) -> dict[str, Any]:
        """The account as the system holds it."""
        return self.system.people.by_id[person_id].data()

    def accounts(self) -> int:
        """How many accounts there are."""
        return len(self.system.people.order)

    def mails(self) -> int:
        """How many messages would have gone to alumni."""
        return len(self.system.mails)

    def mail_on_create(self) -> None:
        """Let the tenant write to everybody for whom an account is created."""
        self.system.switches.mail_on_create = True

    def notes(self) -> list[str]:
        """The texts of our notes that staff alone see, without their marks."""
        notes = [note for note in self.system.extra.get("notes", {}).values() if note["CreatorName"] == "alumni-bridge"]
        return [note["Text"].partition("\n[alumni-bridge")[0] for note in notes if note["VisibilityId"] == 3]

    def acknowledgement(self, request_id: str) -> dict[str, Any]:
        """Not used: 12twenty keeps notes instead."""
        raise NotImplementedError(request_id)

    def wait(self, days: int) -> None:
        """Let days go by in the system."""
        self.emulated_clock.move(timedelta(days=days))

    def move_tenant(self, tenant_id: str) -> None:
        """A site is its address."""
        raise NotImplementedError(tenant_id)

    def order(self, fault: str, method: str = "", count: int = 1, value: str = "") -> None:
        """Let the next calls with this method meet a fault."""
        self.app.order(Fault(fault), f"^{method} /api/v2/(contacts|students|notes)", count=count, value=value)

    def spoil(self, person_id: str, text: str) -> None:
        """Let an account hold text that no healthy system would send; `text` is JSON source."""
        stored = self.system.people.by_id[person_id]
        data = stored.data() | {"title": json.loads(f'"{text}"')}
        self.system.spoil("person", person_id, json.dumps(data).encode())
        stored.modified = self.emulated_clock.now()

    def writes(self) -> int:
        """How many writes by our key reached the system."""
        return sum(1 for write in self.app.writes if write.by == "key-1")


class TestTwelveTwenty(CareerContract):
    """12twenty, with contacts as alumni and requests as notes."""

    @pytest.fixture
    def world(self) -> TwelveTwentyWorld:
        """A fresh site."""
        return TwelveTwentyWorld()
