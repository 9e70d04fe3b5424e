"""A career office that works with files, as a world of the contract suite: people at work, and programs that carry their work."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from connector.career.connect import connect
from connector.career.profile import load_profile
from connector.career.setup import Setup
from connector.career.side import CareerClient
from connector.core.rulebook import pick
from connector.ports import Page, Record
from emulator.career import Actor, CareerSystem, Kind
from emulator.career.csv_drop.office import carry_in, export_people, export_requests, read_statuses
from emulator.career.csv_drop.tables import Manner
from emulator.clock import Clock as EmulatedClock
from tests.contract.career_contract import SlowClock

PAT = Actor(id="staff-7", name="Pat Reyes", kind=Kind.STAFF)


class DropWorld:
    """An office whose programs export whenever something has changed, and carry in when they are told to."""

    profile = "csv_drop"
    can = frozenset({"requests", "deletes", "login", "handed_over"})
    writing = ""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.emulated_clock = EmulatedClock()
        self.clock = SlowClock(self.emulated_clock)
        self.system = CareerSystem(self.emulated_clock)
        self.secrets: list[str] = []
        self.settings = settings
        self.manner = Manner()
        self.changed = False
        self.clients: list[CareerClient] = []
        self.client = self.connect()

    def connect(self) -> CareerClient:
        """A client as after a start of the daemon; before it reads, the office's programs have run."""
        client = connect(self.setup())
        read = client.read
        self.clients.append(client)

        def after_export(cursor: str) -> Page:
            self.export()
            return read(cursor)

        client.read = after_export  # type: ignore[method-assign]
        return client

    def setup(self) -> Setup:
        """What a configuration comes to."""
        return Setup(
            system="careers",
            profile=load_profile(self.profile),
            clock=self.clock,
            rng=lambda: 0.5,
            folder=self.folder,
            settings=self.settings,
            carrier="csv",
        )

    def close(self) -> None:
        """Every client lets go of the file that it was reading."""
        for client in self.clients:
            for part in (client._people, client._requests):
                cast("Any", part)._inbox._close()

    def export(self) -> None:
        """What has changed since the last export comes into the folder, and lies there for a while."""
        if self.changed:
            self.export_people()
            export_requests(self.system, self.folder)
            self.changed = False
            self.pause()

    def export_people(self) -> None:
        """The table of people, as this office writes it."""
        export_people(self.system, self.folder, self.manner)

    def id(self, number: int) -> str:
        """Accounts are called a0, a1, ..."""
        return f"a{number}"

    def native(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The contract's names are the columns'."""
        return dict(fields)

    def value(self, record: Record, name: str) -> Any:
        """The value under the contract's name."""
        return pick(record.fields, name)[1]

    def pause(self) -> None:
        """So long that a file counts as finished."""
        self.emulated_clock.move(timedelta(minutes=1))

    def people(self, count: int) -> None:
        """People who have always been there."""
        self.system.seed("person", ({"id": self.id(n), "last_name": f"L{n}"} for n in range(count)))
        self.changed = True

    def edit(self, person_id: str, fields: dict[str, Any]) -> None:
        """A change by the counsellor Pat Reyes."""
        self.system.change_person(person_id, fields, PAT)
        self.changed = True

    def edit_herself(self, person_id: str, fields: dict[str, Any]) -> None:
        """A change by the alumna."""
        self.system.change_person(person_id, fields, Actor(id=person_id, name="Ada Lee", kind=Kind.PERSON, person_id=person_id))
        self.changed = True

    def delete(self, person_id: str) -> None:
        """A counsellor deletes an account."""
        self.system.delete("person", person_id, PAT)
        self.changed = True

    def ask(self, fields: dict[str, Any]) -> str:
        """A counsellor files a request."""
        self.changed = True
        return self.system.file_request({"title": "An ask", **fields}, PAT).id

    def now(self, person_id: str) -> dict[str, Any]:
        """The account as the office holds it."""
        return self.system.people.by_id[person_id].data()

    def carry_over(self) -> None:
        """The office carries in what lies there."""
        carry_in(self.system, self.folder)
        read_statuses(self.system, self.folder)
        self.changed = True

    def accounts(self) -> int:
        """How many accounts there are."""
        return len(self.system.people.order)

    def mails(self) -> int:
        """How many messages would have gone to alumni."""
        return len(self.system.mails)

    def notes(self) -> list[str]:
        """A folder carries no notes."""
        return []

    def acknowledgement(self, request_id: str) -> dict[str, Any]:
        """What staff see about a request."""
        return self.system.acknowledgements[request_id]

    def wait(self, days: int) -> None:
        """Let days go by."""
        self.emulated_clock.move(timedelta(days=days))

    def move_tenant(self, tenant_id: str) -> None:
        """A folder is its place."""
        raise NotImplementedError(tenant_id)

    def order(self, fault: str, method: str = "", count: int = 1, value: str = "") -> None:
        """A folder has no faults of a wire."""
        raise NotImplementedError(fault, method, count, value)

    def spoil(self, person_id: str, text: str) -> None:
        """Let an account hold text that no healthy system would send; `text` is JSON source."""
        stored = self.system.people.by_id[person_id]
        data = stored.data() | {"title": json.loads(f'"{text}"')}
        self.system.spoil("person", person_id, json.dumps(data).encode())
        self.changed = True

    def writes(self) -> int:
        """How many files of changes came into the folder."""
        return len(list(self.folder.glob("updates-*.csv")))
