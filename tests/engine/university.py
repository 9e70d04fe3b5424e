"""A small university in one process: both emulated systems, people at work in them, and the bridge between them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import event

from connector.bootstrap import Bridge, Surroundings, read_weights
from connector.career.connect import connect
from connector.career.profile import load_profile
from connector.career.setup import Setup, carrier_of
from connector.config import load_settings
from connector.core.rulebook import Persons, Rulebook
from connector.engine import permission, planner, stage
from connector.engine.collect import collect_crm
from connector.engine.context import Context
from connector.engine.cycle import Cycle, cycle, prepare
from connector.engine.owed import owe_all
from connector.salesforce.auth import ClientCredentials, Instances
from connector.salesforce.client import Client
from connector.salesforce.side import SalesforceSide
from connector.salesforce.transport import Transport
from connector.secrets import Secret
from connector.store import sending
from connector.store.store import open_store
from connector.wire import Wire, open_session
from emulator.career import Actor, CareerApp, Kind
from emulator.clock import Clock as EmulatedClock
from emulator.http import Request, Response, request
from emulator.inprocess import Wire as FaultyWire
from emulator.inprocess import mount
from emulator.salesforce.service import SalesforceApp
from tests.systems import CAREER_HOST, CRM_HOST, MAPPINGS, SYSTEM, build_systems, rulebook

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)

REGROUPED = {
    "gone": (("employer", "title"), ()),
    "one leaves": (("employer", "title"), ("title",)),
    "one comes": (("title",), ("employer", "title")),
    "another order": (("employer", "title"), ("title", "employer")),
}
"""How the fields of the group *employment* change with the mapping."""

_CONSENTS = ("Consent_Career_Asks__c", "Consent_Mentoring__c", "Consent_Events__c", "Consent_Surveys__c")


@dataclass
class SharedClock:
    """The bridge's clock, which is the emulated systems': sleeping moves all."""

    emulated: EmulatedClock

    def now(self) -> datetime:
        """The emulated time."""
        return self.emulated.now()

    def monotonic(self) -> float:
        """Seconds of the emulated time."""
        return self.emulated.now().timestamp()

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.emulated.move(timedelta(seconds=seconds))


@cache
def blank_state() -> Path:
    """A state file with the schema and nothing in it: copying it is cheaper than migrating anew."""
    path = Path(tempfile.mkdtemp()) / "blank.db"
    open_store(f"sqlite:///{path}").close()
    return path


@dataclass(frozen=True)
class _Watched:
    """A system whose every answer is two effects: before it acts, and after it acted but before the answer is used."""

    app: SalesforceApp | CareerApp
    effect: Callable[[], None]
    preludes: list[tuple[str, Callable[[], object]]]

    def handle(self, asked: Request) -> Response:
        """One exchange."""
        self.effect()
        for path, act in self.preludes:
            if path in asked.path:
                act()
        answer = self.app.handle(asked)
        self.effect()
        return answer


@dataclass
class University:
    """Both systems and the bridge. ``run`` is one cycle; ``restart`` loses the process, not the state.

    ``people`` are officers by the local part of the address under which the shipped routing knows them.
    """

    clock: EmulatedClock = field(default_factory=lambda: EmulatedClock(start=START))
    state: Path | None = None
    address: str = ""
    """Where the state is, if not in the file ``state``."""
    page: int = 2000
    flavour: str = "plain"
    people: tuple[str, ...] = ()
    rules: Rulebook = field(default_factory=rulebook)
    effect: Callable[[], None] = lambda: None
    """Called at every effect boundary: before and after each remote call, and before each commit."""
    preludes: list[tuple[str, Callable[[], object]]] = field(default_factory=list)
    ada: str = ""
    grace: str = ""
    request: str = ""

    def __post_init__(self) -> None:
        systems = build_systems(self.clock, self.clock, self.flavour)
        self.org, self.crm, self.crm_app = systems.org, systems.crm, systems.crm_app
        self.career, self.career_app = systems.career, systems.career_app
        self.bridge_user, self.officer = systems.bridge_user, systems.officer
        self.officers = {name: self._add_officer(name) for name in self.people}
        self.crm_wire: FaultyWire
        self.career_wire: FaultyWire
        self.state = self.state or Path(tempfile.mkdtemp()) / "state.db"
        shutil.copy(blank_state(), self.state)
        self.ctx: Context
        self.restart()

    def _feel(self, *_connection: object) -> None:
        # Looked up each time: tests change it while the bridge runs.
        self.effect()

    def _add_officer(self, name: str) -> str:
        address = f"{name.replace('_', '.')}@alumni.example.edu"
        return self.crm.add_user(name, values={"Email": address})

    def before(self, path: str, act: Callable[[], object]) -> None:
        """Let something happen whenever the bridge is about to send a request to an address that holds ``path``."""
        self.preludes.append((path, act))

    def restart(self) -> None:
        """A new process on the same state."""
        if hasattr(self, "ctx"):
            self.ctx.store.close()
        clock = SharedClock(self.clock)
        session, careers = open_session(), open_session()
        self.crm_wire = mount(session, _Watched(self.crm_app, self._feel, self.preludes), "https://")
        self.career_wire = mount(careers, _Watched(self.career_app, self._feel, self.preludes), "https://")

        def wire(url: str) -> Wire:
            return Wire(session, url, clock, side="crm")

        instances = Instances(my_domain=CRM_HOST)
        login = ClientCredentials(wire(CRM_HOST), instances, clock, consumer_key="app", consumer_secret=Secret("s3cret"))
        self.client = Client(Transport(login, wire, clock), clock=clock, rng=lambda: 0.0)
        fields = self.rules.person.contact_fields()
        related = self.rules.person.related
        self.crm_side = SalesforceSide(self.client, clock, contact_fields=fields, related=related, page=self.page)
        self.career_side = connect(self.career_setup(Wire(careers, f"{CAREER_HOST}/bridge/v1", clock, side=SYSTEM), clock))
        book = self.rules
        store = open_store(self.address or f"sqlite:///{self.state}")
        event.listen(store.engine, "commit", self._feel)
        self.ctx = Context(
            persons=book.persons,
            requests=book.requests,
            routing=book.routing,
            rules_hash=book.hash,
            store=store,
            crm=self.crm_side,
            careers={SYSTEM: self.career_side},
            clock=clock,
            rng=lambda: 0.0,
            weights=read_weights(),
            environment="test",
            holder="test",
            version="test",
            start_at=START - timedelta(days=30),
        )

    def career_setup(self, wire: Wire, clock: SharedClock) -> Setup:
        """The career system as configured; by the generic contract unless a kind of university has another one."""
        profile = load_profile("generic")
        carrier = carrier_of(profile, None)
        key = Secret("k-bridge")
        return Setup(system=SYSTEM, profile=profile, wire=wire, key=lambda: key, clock=clock, rng=lambda: 0.0, carrier=carrier)

    def bridge(self) -> Bridge:
        """The bridge as the command line has it; its settings are those of the example."""
        settings = load_settings(MAPPINGS.parent / "config.example.toml")
        return Bridge(
            settings=settings,
            around=Surroundings(clock=self.ctx.clock),
            rulebook=self.rules,
            context=self.ctx,
            client=self.client,
            crm=self.crm_side,
            mapping="mapping",
        )

    def lose_state(self, older: Path | None = None) -> None:
        """The state database is gone; a new process begins with an empty one, or with an ``older`` copy."""
        assert self.state is not None
        self.ctx.store.close()
        for path in self.state.parent.glob(f"{self.state.name}*"):
            path.unlink()
        shutil.copy(older or blank_state(), self.state)
        self.restart()

    def prepare(self) -> None:
        """What a process does before its first cycle."""
        prepare(self.ctx, "mapping")

    def regroup(self, name: str, fields: Sequence[str], *, unit: Mapping[str, Any] | None = None, **more: Any) -> None:
        """The mapping as shipped, but with these fields in this order, and like this, in one of its units; or without it."""
        self.remap(name, fields, unit=unit, **more)
        self.take_into_force()

    def take_into_force(self, **changed: Any) -> None:
        """A new process under the mapping as it is in the files, with these parts of it changed; a person has confirmed it."""
        self.rules = replace(self.rules, **changed)
        self.restart()
        with self.ctx.store.begin() as db:
            permission.confirm(self.ctx, db)
        self.prepare()

    def remap(self, name: str, fields: Sequence[str], *, unit: Mapping[str, Any] | None = None, **more: Any) -> None:
        """The same in the files alone: no process has read them yet."""
        units = []
        for known in rulebook().person.units:
            rules = [replace(rule, **more) for field in fields for rule in known.fields if rule.name == field]
            units.append(replace(known, fields=tuple(rules), **(unit or {})) if known.name == name else known)
        person = replace(rulebook().person, units=tuple(known for known in units if known.fields))
        self.rules = replace(self.rules, persons=Persons(usual=person), hash=f"{name}: {fields} {more}")

    def go_live(self) -> Cycle:
        """Read everything, link, go live and carry out the first plan whatever its size."""
        self.prepare()
        cycle(self.ctx)
        stage.go_live(self.ctx)
        return self.run(approve=True)

    def run(self, *, approve: bool = False, seconds: float = 60) -> Cycle:
        """Let time pass and do one cycle."""
        self.clock.move(timedelta(seconds=seconds))
        return cycle(self.ctx, approve=approve)

    def die_sending(self) -> None:
        """The bridge reads the CRM, decides on one write to careers, and dies as it is about to send it."""
        collect_crm(self.ctx)
        planner.plan(self.ctx)
        with self.ctx.store.begin() as db:
            assert len(sending.take(db, ["career.update"], SYSTEM, self.clock.now(), limit=10)) == 1

    def sweep(self) -> dict[str, Any]:
        """`alumni-bridge sweep`: everything is compared, and what was found is judged; what it found."""
        owe_all(self.ctx, anew=True)
        found = self.run().compared
        self.run()
        return found

    def contact(self, **values: Any) -> str:
        """A new contact; consents are given unless said otherwise."""
        return self.crm.seed("Contact", [contact_values(values)])[0]

    def person(self, id: str, **values: Any) -> str:
        """A new career account; nested fields by dotted names with ``__`` for the dot."""
        self.career.seed("person", [{"id": id} | {name.replace("__", "."): value for name, value in values.items()}])
        return id

    def alumna(self, id: str = "a1", **both: Any) -> tuple[str, str]:
        """One person on both sides, equal in everything: (contact id, account id)."""
        values = ALUMNA | both
        contact = self.contact(**{crm: values[name] for name, (crm, _) in FIELDS.items() if name in values})
        self.person(id, **{career: values[name] for name, (_, career) in FIELDS.items() if name in values})
        return contact, id

    def edit_contact(self, id: str, **values: Any) -> None:
        """An officer changes a contact."""
        self.crm.edit_as(self.officer, id, values)

    def edit_person(self, id: str, fields: Mapping[str, Any], *, key: str = "k-pat") -> None:
        """Somebody changes an account through the career system's own interface."""
        answer = self.call(key, "PATCH", f"/people/{id}", fields)
        assert answer[0] == 200, answer

    def call(self, key: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """One call of the career system's own interface."""
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        if method == "PATCH":
            seen = self.career_app.handle(request("GET", f"/bridge/v1{path}", headers=headers))
            headers["If-Match"] = seen.headers.get("ETag", "*")
        sent = request(method, f"/bridge/v1{path}", headers=headers, body=orjson.dumps(body) if body is not None else b"")
        answer = self.career_app.handle(sent)
        return answer.status, orjson.loads(answer.body) if answer.body else None

    def account(self, id: str) -> dict[str, Any]:
        """The account as the career system holds it."""
        status, body = self.call("k-pat", "GET", f"/people/{id}")
        assert status == 200, body
        found: dict[str, Any] = body
        return found

    def contact_writes(self) -> int:
        """Writes to Contact by the bridge, as the org logged them."""
        return len(self.crm.writes("Contact", via=None, user_id=self.bridge_user))

    def one(self, sobject: str, **values: Any) -> dict[str, Any]:
        """The only live record of an object with these values."""
        found = self.all(sobject, **values)
        assert len(found) == 1, [dict(row) for row in found]
        return found[0]

    def all(self, sobject: str, **values: Any) -> list[dict[str, Any]]:
        """Every live record of an object with these values."""
        rows = self.crm.rows(sobject)
        return [dict(row) for row in rows if all(row.get(name) == value for name, value in values.items())]

    def profile(self, account: str = "a1") -> dict[str, Any]:
        """The career profile of an account."""
        return self.one("Career_Profile__c", Account_Id__c=account)

    def edit(self, id: str, **values: Any) -> None:
        """An officer changes one of the bridge's own records, or a Task."""
        self.crm.edit_as(self.officer, id, values)

    def file(self, **fields: Any) -> str:
        """Pat files a request in the career system; its id."""
        status, body = self.call("k-pat", "POST", "/requests", ASK | fields)
        assert status == 201, body
        return str(body["id"])

    def told(self, request: str) -> dict[str, Any]:
        """What careers' staff see about a request's way through Alumni Relations."""
        status, body = self.call("k-pat", "GET", f"/requests/{request}/acknowledgement")
        assert status == 200, body
        found: dict[str, Any] = body
        return found

    def notes(self, account: str = "a1") -> list[str]:
        """The staff notes beside an account."""
        return [note["text"] for note in self.career.notes.values() if note.get("person_id") == account]

    def admit_person(self, account: str = "a1") -> str:
        """The alumna's own key: she works on her own account."""
        key = f"k-{account}"
        self.career.admit(key, Actor(id=f"p-{account}", name="The alumna", kind=Kind.PERSON, person_id=account))
        return key

    def writes_of_bridge(self) -> int:
        """Everything that the bridge ever wrote on either side, as both systems logged it."""
        careers = [write for write in self.career_app.writes if write.kind == "api"]
        return len(self.crm.writes(via=None, user_id=self.bridge_user)) + len(careers)


ASK: dict[str, Any] = {
    "type": "MENTOR_FLASH",
    "title": "Talk with a student of mathematics",
    "text": "A student would like half an hour of your time.",
    "requested_by": {"name": "Pat Reyes", "email": "pat@careers.example.edu", "unit": "Careers"},
    "person_id": "a1",
    "named": False,
}
ALUMNA: dict[str, Any] = {
    "institution_id": "U1001",
    "first": "Ada",
    "last": "Lovelace",
    "personal": "ada@example.org",
    "mobile": "+16175550123",
    "employer": "Analytical Engines",
    "title": "Analyst",
    "year": 2005,
    "asks": True,
    "mentoring": True,
    "events": True,
    "surveys": True,
    "deceased": False,
    "no_contact": False,
}
FIELDS = {
    "institution_id": ("University_ID__c", "institution_id"),
    "first": ("FirstName", "first_name"),
    "last": ("LastName", "last_name"),
    "preferred": ("Preferred_Name__c", "preferred_name"),
    "personal": ("Personal_Email__c", "email_personal"),
    "mobile": ("MobilePhone", "phone_mobile"),
    "employer": ("Employer__c", "employer"),
    "title": ("Title", "title"),
    "year": ("Class_Year__c", "class_year"),
    "asks": ("Consent_Career_Asks__c", "consents__career_asks"),
    "mentoring": ("Consent_Mentoring__c", "consents__mentoring"),
    "events": ("Consent_Events__c", "consents__events"),
    "surveys": ("Consent_Surveys__c", "consents__surveys"),
    "deceased": ("Deceased__c", "deceased"),
    "no_contact": ("Do_Not_Contact__c", "do_not_contact"),
}


def contact_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Contact values as this org keeps them: consents are texts."""
    made = dict(values)
    for name in _CONSENTS:
        if isinstance(made.get(name), bool):
            made[name] = "Yes" if made[name] else "No"
    return made
