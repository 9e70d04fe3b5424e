"""Both emulated systems of a small university: Alumni Relations' org with our package in it, and the careers' tenant."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from connector.beginning import Wanted, write_files
from connector.core.rulebook import Rulebook
from connector.rules import load_rules
from crm_package.archive import build_zip, permission_files
from crm_package.deploy import deploy
from emulator.career import Actor, CareerApp, CareerSystem, Kind
from emulator.career.face import Face
from emulator.career.generic import GENERIC
from emulator.clock import Clock
from emulator.http import request
from emulator.salesforce.control import Control
from emulator.salesforce.org import Org
from emulator.salesforce.service import SalesforceApp
from emulator.salesforce.settings import Settings

CRM_HOST = "https://university.my.salesforce.com"
CAREER_HOST = "https://careers.example.edu"
SYSTEM = "careers"
MAPPINGS = Path(__file__).parents[1] / "mappings"

_KINDS = {
    **dict.fromkeys(("Deceased__c", "Do_Not_Contact__c"), "boolean"),
    **dict.fromkeys(("Personal_Email__c", "University_Email__c", "Work_Email__c"), "email"),
    "Class_Year__c": "double",
    "LinkedIn_URL__c": "url",
}
"""The types of the university's own Contact fields that are not plain text."""


@cache
def rulebook() -> Rulebook:
    """The shipped mapping."""
    return load_rules(MAPPINGS)


@cache
def flavoured(flavour: str) -> Rulebook:
    """The mapping that `init` composes for a CRM flavour and the generic contract."""
    folder = Path(tempfile.mkdtemp())
    write_files(folder, Wanted(flavour=flavour))
    return load_rules(folder / "mappings")


@cache
def package(flavour: str = "plain") -> bytes:
    """Our package for the mapping of a flavour."""
    person = (rulebook() if flavour == "plain" else flavoured(flavour)).person
    return build_zip(extra=permission_files(person.contact_fields(), person.profile_fields(), beside=person.fields_beside()))


class _Door:
    def __init__(self, app: SalesforceApp, token: str) -> None:
        self.app, self.token = app, token

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """One request of the administrator."""
        sent = request(method, path, headers={**headers, "Authorization": f"Bearer {self.token}"}, body=body or b"")
        answer = self.app.handle(sent)
        return answer.status, answer.headers, answer.body


@dataclass(frozen=True, kw_only=True)
class Systems:
    """Both systems, and who is who in them: the bridge's user and an officer by Salesforce id."""

    org: Org
    career: CareerSystem
    crm_app: SalesforceApp
    career_app: CareerApp
    bridge_user: str
    officer: str

    def on(self, face: Face, beside: tuple[Face, ...]) -> Systems:
        """The same where careers have another platform, with services beside it."""
        return replace(self, career_app=_career_app(self.career, face, beside))

    @property
    def crm(self) -> Control:
        """God's view of the org."""
        return Control(self.org)

    def copy(self, crm_clock: Clock, career_clock: Clock) -> Systems:
        """The same systems, to go their own way by clocks of their own."""
        org, career, app = self.org.copy(crm_clock), self.career.copy(career_clock), self.career_app
        career_app = _career_app(career, app.face, app.beside)
        return replace(self, org=org, career=career, crm_app=SalesforceApp(org), career_app=career_app)


def build_systems(crm_clock: Clock, career_clock: Clock, flavour: str = "plain") -> Systems:
    """Both systems with nobody in them. Careers know the keys ``k-bridge``, and ``k-pat`` of the counsellor Pat Reyes."""
    org = Org(clock=crm_clock, settings=Settings(flavour=flavour))
    crm, app = Control(org), SalesforceApp(org)
    there = {one.name for one in org.sobject("Contact").fields}
    for name in flavoured(flavour).person.contact_fields():
        if name not in there and "." not in name:
            crm.define_field("Contact", name, type=_KINDS.get(name, "string"))
    clock = crm_clock
    done = deploy(
        _Door(app, crm.token()),
        package(flavour),
        check_only=False,
        monotonic=lambda: clock.now().timestamp(),
        sleep=lambda _seconds: None,
    )
    assert done.success, done
    profile = "Minimum Access - API Only Integrations"
    bridge_user = crm.add_user("bridge", profile=profile, permission_sets=["Alumni_Bridge_Daemon"])
    crm.connected_app("app", secret="s3cret", run_as=bridge_user)
    officer = crm.add_user("officer", permission_sets=["Alumni_Bridge_Staff"])
    career = CareerSystem(career_clock)
    career.admit("k-bridge", Actor(id="key-1", name="alumni-bridge", kind=Kind.API))
    career.admit("k-pat", Actor(id="s-1", name="Pat Reyes", kind=Kind.STAFF))
    crm_app, career_app = SalesforceApp(org), _career_app(career, GENERIC, ())
    return Systems(org=org, career=career, crm_app=crm_app, career_app=career_app, bridge_user=bridge_user, officer=officer)


def _career_app(career: CareerSystem, face: Face, beside: tuple[Face, ...]) -> CareerApp:
    return CareerApp(career, face=face, beside=beside, control_token="control")
