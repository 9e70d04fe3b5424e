"""A university whose law school has a career system of its own, on the same CRM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from connector.career.connect import connect
from connector.career.profile import load_profile
from connector.career.setup import Setup, carrier_of
from connector.secrets import Secret
from connector.wire import Wire, open_session
from emulator.career import Actor, CareerApp, CareerSystem, Kind, Tenant
from emulator.career.csv_drop.office import carry_in, export_people
from emulator.inprocess import mount
from tests.engine.university import ALUMNA, FIELDS, SharedClock, University
from tests.systems import SYSTEM

LAW = "law"
_HOST = "https://law.careers.example.edu"


@dataclass
class Schools(University):
    """``University`` with a second system, ``law``; the first one is the primary one."""

    law_path: str = "/bridge/v1"

    def __post_init__(self) -> None:
        self.law = CareerSystem(self.clock, tenant=Tenant(id="tenant-law", name="Law School Careers"))
        self.law.admit("k-bridge", Actor(id="key-1", name="alumni-bridge", kind=Kind.API))
        self.law.admit("k-kim", Actor(id="s-9", name="Kim Law", kind=Kind.STAFF))
        self.law_app = CareerApp(self.law)
        super().__post_init__()

    def restart(self) -> None:
        """A new process on the same state."""
        super().restart()
        law = connect(self.law_setup(SharedClock(self.clock)))
        self.ctx = replace(self.ctx, careers={**self.ctx.careers, LAW: law}, primary=SYSTEM)

    def law_setup(self, clock: SharedClock) -> Setup:
        """How the law school's system is reached."""
        session, profile = open_session(), load_profile("generic")
        mount(session, self.law_app, "https://")
        return Setup(
            system=LAW,
            profile=profile,
            wire=Wire(session, f"{_HOST}{self.law_path}", clock, side=LAW),
            key=lambda: Secret("k-bridge"),
            clock=clock,
            rng=lambda: 0.0,
            carrier=carrier_of(profile, None),
        )

    def at_law(self, id: str, **both: Any) -> str:
        """An account at the law school of a person who is known elsewhere, too."""
        values = ALUMNA | both
        account = {career: values[name] for name, (_, career) in FIELDS.items() if name in values}
        self.law.seed("person", [{"id": id} | account])
        return id

    def edit_at_law(self, id: str, fields: Mapping[str, Any]) -> None:
        """The law school's counsellor changes an account."""
        self.law.change_person(id, fields, self.law.keys["k-kim"])

    def law_account(self, id: str) -> dict[str, Any]:
        """The account as the law school's system holds it."""
        return self.law.people.by_id[id].data()


@dataclass
class FiledSchools(Schools):
    """``Schools`` whose law school has no API: it exchanges tables with the bridge in ``folder``."""

    folder: Path = Path()

    def law_setup(self, clock: SharedClock) -> Setup:
        """The folder, for people and requests."""
        profile = load_profile("csv_drop")
        return Setup(system=LAW, profile=profile, clock=clock, rng=lambda: 0.0, folder=self.folder, carrier="csv")

    def exchange(self) -> None:
        """The law school's program carries in what lies there and exports everything; a minute later it can be taken."""
        carry_in(self.law, self.folder)
        export_people(self.law, self.folder)
        self.clock.move(timedelta(minutes=1))
