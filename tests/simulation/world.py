"""A simulated world: one time, both emulated systems with people in them, and all that passes between them and the bridge."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from emulator.http import Request, Response
from emulator.salesforce.control import Control
from emulator.salesforce.org import Org
from tests.simulation import flavours, words
from tests.simulation.boundary import Boundary
from tests.simulation.clocks import Time
from tests.simulation.mapping import Field, Rules, read_mapping
from tests.simulation.variants import PLATFORMS, Careers, Platform, mapping_name
from tests.systems import Systems, build_systems

if TYPE_CHECKING:
    from tests.simulation.office import Office

IN_BIN = 15 * 86_400.0
"""Seconds after which a deleted record leaves the Recycle Bin, and the org with it."""
HAND_OVER, TAKE, TELL = "HAND OVER", "TAKE", "TELL"
"""Instead of an HTTP method: a table that the bridge puts into a folder, one that it takes there, and what it says of that."""
HANDED_OVER = "handed over"
"""The fate of a table that the bridge has put into a folder: what becomes of it, a later table shows."""

OFFICERS = ("mentoring", "careers.liaison", "schools", "engineering", "classes", "young.alumni", "regions", "europe", "events")
"""Officers by the local part of the address under which the shipped routing knows them."""


@dataclass(frozen=True, kw_only=True)
class Spec:
    """How a world is made, and how the bridge in it is configured. Skews are seconds by which a clock is wrong."""

    people: int = 1
    mapping: str = "shipped"
    platform: str = "generic"
    flavour: str = flavours.PLAIN
    database: str = "sqlite"
    live: bool = True
    """Whether everybody is linked and at rest at the beginning, and the bridge live; else nothing has been read yet."""
    page: int = 2000
    overlap: int = 30
    cycle: int = 60
    latency: float = 0.05
    """Seconds that each exchange takes."""
    crm_skew: float = 0.0
    career_skew: float = 0.0
    host_skew: float = 0.0
    favourites: tuple[str, ...] = ()
    """Fields that people of this world change more often than others, so that edits meet."""
    org: tuple[tuple[str, Any], ...] = ()
    """Settings of the org that are otherwise than usual."""
    tenant: tuple[tuple[str, Any], ...] = ()
    """Switches of the career system that are otherwise than usual."""
    settings: tuple[tuple[str, str], ...] = ()
    """Settings of the bridge's profile besides those that the platform has to have."""
    office: tuple[tuple[str, Any], ...] = ()
    """How the programs of an office that works with files go about it; see ``Office``."""

    @property
    def loads(self) -> bool:
        """Whether there are so many people that a load for all of them goes to careers in one call."""
        return 0 < PLATFORMS[self.platform].many <= self.people


@dataclass(kw_only=True)
class Call:
    """One request of a daemon, with what became of it. ``fate`` is ``answered`` only if its whole answer reached the daemon.

    ``acted`` are the answers that the service gave (none: it never saw the request; two: it saw it twice).
    """

    number: int
    at: float
    process: str
    """The host of the daemon that made it."""
    life: int
    job: int
    """Which daemon it was, and in which of its jobs: by the effect at which that began."""
    mapping: str
    """The variant of the mapping that was in place when the daemon's job began."""
    side: str
    request: Request
    acted: list[Response] = field(default_factory=list)
    fate: str = ""

    @property
    def writes(self) -> bool:
        """Whether the request asks for a change."""
        return asks_for_change(self.request.method, self.request.path)


def asks_for_change(method: str, path: str) -> bool:
    """Whether such a request asks for a change; logins, reads by POST and runs of a saved report do not."""
    return method not in {"GET", TAKE, TELL} and not path.endswith(_READS)


_READS = ("/oauth2/token", "/oauth/token", "/composite", "/jobs/query", "/reports/41/run")


@dataclass(frozen=True, kw_only=True)
class Deed:
    """Something that a person did in one of the systems, to be done again in a world without the bridge."""

    at: float
    what: str
    act: Callable[[World], object]


@dataclass(kw_only=True)
class World:
    """``contacts`` and ``accounts`` are ids by the person's number; a merged contact's number leads to the survivor."""

    spec: Spec
    time: Time
    systems: Systems
    careers: Careers
    officers: Mapping[str, str]
    boundary: Boundary = field(default_factory=Boundary)
    office: Office | None = None
    """Where careers have no API, the folder that both sides share."""
    contacts: dict[int, str] = field(default_factory=dict)
    accounts: dict[int, str] = field(default_factory=dict)
    doubles: dict[int, str] = field(default_factory=dict)
    """Second contacts of people, not yet merged."""
    requests: list[tuple[str, int]] = field(default_factory=list)
    """Requests in order of filing, each with its number in the menu."""
    types: dict[str, list[str]] = field(default_factory=dict)
    """The types that a request had before, where careers have corrected it."""
    known_before: frozenset[str] = frozenset()
    """Accounts that were there when the scenario began."""
    host_skew: float = 0.0
    """By how many seconds the clock of the bridge's host is wrong now."""
    audited_before: int = 0
    """Rows of the bridge's audit that tell of what was before that."""
    forgotten: set[str] = field(default_factory=set)
    """Accounts and records, by id, that the bridge was told to forget."""
    decisions: list[tuple[float, str, str]] = field(default_factory=list)
    """When which suggestion was decided, and how."""
    elsewhere: list[int] = field(default_factory=list)
    """From which effect on the bridge's key led to another tenant, and from which on no more."""
    left: set[str] = field(default_factory=set)
    """Officers, by Salesforce id, who were not there for some time."""
    task_edits: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What officers have set in Tasks, by Task."""
    logged: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """What officers have logged on requests: Tasks of their own, by id, as they entered them."""
    named: dict[str, set[str]] = field(default_factory=dict)
    """Contacts that officers have named on a Task that was about nobody, by the request's record."""
    worked: set[str] = field(default_factory=set)
    """Records of requests whose Tasks officers have worked; these may be gone since."""
    binned: set[str] = field(default_factory=set)
    """Records of requests whose Tasks were seen in the Recycle Bin, which these leave after ``IN_BIN``."""
    calls: list[Call] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    seen: list[Mapping[str, Any]] = field(default_factory=list)
    """What the owners' fields held before each deed."""
    _locks: dict[str, float] = field(default_factory=dict)
    _owned: dict[int, set[str]] = field(default_factory=dict)

    @property
    def platform(self) -> Platform:
        """Careers' platform."""
        return PLATFORMS[self.spec.platform]

    @property
    def org(self) -> Org:
        """Alumni Relations' org."""
        return self.systems.org

    @property
    def crm(self) -> Control:
        """God's view of the org."""
        return self.systems.crm

    @property
    def officer(self) -> str:
        """The officer who does whatever no other one does, by Salesforce id."""
        return self.systems.officer

    @property
    def fields(self) -> Mapping[str, Field]:
        """The mapped fields, by name."""
        return self._rules.fields()

    @property
    def contact_fields(self) -> Mapping[str, Field]:
        """What people enter in a contact, by name; also what careers have no place for, and decides what may be shared."""
        return self._rules.contact_fields()

    @property
    def _rules(self) -> Rules:
        return read_mapping(mapping_name(self.spec.mapping, self.spec.platform, self.spec.flavour))

    def do(self, what: str, act: Callable[[World], object]) -> object:
        """A person acts; what they act on is what both systems hold now, late commits included."""
        self.look()
        self.deeds.append(Deed(at=self.time.seconds, what=what, act=act))
        return act(self)

    def look(self) -> None:
        """Remember what the owners' fields hold now."""
        self.org.settle()
        for person, contact in self.contacts.items():
            self._owned.setdefault(person, set()).add(contact)
        self.seen.append(owned_values(self))

    def look_into_bin(self) -> None:
        """Remember whose Tasks lie in the Recycle Bin, which they leave in time."""
        self.binned |= {row["WhatId"] for row in self.tasks(deleted=True) if row.get("WhatId")}

    def lock(self, record: str, seconds: float) -> None:
        """Somebody's transaction holds a record for a while."""
        self._locks[record] = self.time.seconds + seconds

    def locked(self, record: str) -> bool:
        """Whether somebody's transaction holds a record."""
        return self._locks.get(record, -1.0) >= self.time.seconds

    @property
    def held_records(self) -> bool:
        """Whether somebody's transaction has ever held a record."""
        return bool(self._locks)

    def contacts_of(self, person: int) -> set[str]:
        """Every contact that was ever this person's."""
        return self._owned.get(person, set()) | ({self.contacts[person]} if person in self.contacts else set())

    def person_of(self, contact: str) -> int:
        """The number of the person whose contact this is."""
        return next((person for person, id in (*self.contacts.items(), *self.doubles.items()) if id == contact), 0)

    def newcomer(self, suggested: Mapping[str, Any]) -> int | None:
        """The number of the person whom a new contact is suggested for, by the last name they first had."""
        name = suggested.get("LastName")
        known = (person for person in self.accounts if words.word("last_name", person, 0).crm[0] == name)
        return next(known, None)

    def tasks(self, *, deleted: bool = False) -> list[dict[str, Any]]:
        """The Tasks that the bridge has made."""
        return [row for row in self.rows("Task", deleted=deleted) if row["Id"] not in self.logged]

    def profile(self, person: int) -> dict[str, Any] | None:
        """A person's career profile."""
        account = self.accounts.get(person)
        return next((row for row in self.rows("Career_Profile__c") if row.get("Account_Id__c") == account), None)

    def about(self, person: int) -> set[str]:
        """Records in both systems that are about a person: contacts, the career profile, questions and requests."""
        profile = (self.profile(person) or {}).get("Id")
        rows = [*self.rows("Suggested_Change__c"), *self.rows("Career_Request__c")]
        found = {row["Id"] for row in rows if row.get("Career_Profile__c") == profile}
        asked = {id for id, one in self.careers.system.requests.by_id.items() if one.data()["person_id"] == self.accounts[person]}
        return found | self.contacts_of(person) | asked | ({profile} if profile else set())

    def rows(self, sobject: str, *, deleted: bool = False) -> list[dict[str, Any]]:
        """Records of an object, as the org holds them."""
        return [dict(row) for row in self.crm.rows(sobject, deleted=deleted)]

    def whole(self, contact: Mapping[str, Any]) -> dict[str, Any]:
        """A contact with what the mapping reads of the records beside it, by path."""
        paths = [each.crm for each in self.fields.values() if not each.on_profile]
        return {**contact, **{path: flavours.at(self.org, contact, path) for path in paths}}

    def copy(self) -> World:
        """The same world, to go its own way; nothing that has passed or was done is remembered in it."""
        time = Time(self.time.seconds)
        built = self.systems.copy(time.clock(self.spec.crm_skew), time.clock(self.spec.career_skew))
        return World(
            spec=self.spec,
            time=time,
            systems=built,
            careers=_careers(self.spec, built),
            officers=self.officers,
            contacts=dict(self.contacts),
            accounts=dict(self.accounts),
            requests=list(self.requests),
            known_before=frozenset(self.accounts.values()),
        )


def _careers(spec: Spec, built: Systems) -> Careers:
    return Careers(system=built.career, app=built.career_app, only_with=PLATFORMS[spec.platform].only_with)


def owned_values(world: World) -> dict[str, Any]:
    """What Alumni Relations' fields hold in every contact, and careers' fields in every account."""
    found: dict[str, Any] = {}
    fields, entered = world.fields.values(), [each.crm for each in world.contact_fields.values()]
    for row in world.crm.rows("Contact"):
        found[row["Id"]] = {crm: flavours.at(world.org, row, crm) for crm in entered}
    for id in world.careers.system.people.by_id:
        values = world.careers.values(id)
        if values is not None:
            found[id] = {each.career: pick(values, each.career) for each in fields if each.on_profile}
    return found


def pick(values: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path."""
    found: Any = values
    for part in path.split("."):
        found = found[part]
    return found


@cache
def _empty_systems(flavour: str) -> Systems:
    return build_systems(Time().clock(), Time().clock(), flavour or "plain")


def new_world(spec: Spec, time: Time | None = None) -> World:
    """A world in which the same people stand on both sides, equal in everything, and nothing has been read yet."""
    time = time or Time()
    known, empty = PLATFORMS[spec.platform], _empty_systems(spec.flavour)
    built = empty.on(known.face, known.beside).copy(time.clock(spec.crm_skew), time.clock(spec.career_skew))
    for name, value in spec.org:
        built.crm.settings(**{name: value})
    for name, value in spec.tenant:
        setattr(built.career.switches, name, value)
    officers = {name: built.crm.add_user(name, values={"Email": f"{name}@alumni.example.edu"}) for name in OFFICERS}
    world = World(spec=spec, time=time, systems=built, careers=_careers(spec, built), officers=officers)
    for person in range(spec.people):
        add_contact(world, person)
        add_account(world, person)
    if known.stranger:
        id = known.account.format(words.PEOPLE - 1)
        world.careers.add(id, dict(_values(world, words.PEOPLE - 1, "career")), seen=False)
        built.career.people.by_id[id].extra |= known.stranger
    return world


def _values(world: World, person: int, side: str) -> Iterator[tuple[str, Any]]:
    for each in (world.fields if side == "career" else world.contact_fields).values():
        one = words.word(each.name, person, 0)
        yield (each.career, one.career[0]) if side == "career" else (each.crm, one.crm[0])


def add_contact(world: World, person: int) -> str:
    """A person's contact, as Alumni Relations have always known it; its id."""
    values = {"University_ID__c": words.institution_id(person), **dict(_values(world, person, "crm"))}
    known = flavours.FLAVOURS.get(world.spec.flavour)
    if known is None:
        world.contacts[person] = world.crm.seed("Contact", [values])[0]
    else:
        # Through the org's own code, which makes what hangs on a contact there.
        beside = {path: values.pop(path) for path in list(values) if "." in path}
        contact = world.crm.create_as(world.officer, "Contact", {**values, known.preferred: known.addresses[0]})
        for path, value in beside.items():
            if (found := flavours.place(world.crm, world.officer, contact, path, value)) is not None:
                world.crm.edit_as(world.officer, *found)
        world.contacts[person] = contact
    return world.contacts[person]


def add_account(world: World, person: int, *, seen: bool = False, numbered: bool = True) -> None:
    """A person's account, as careers have always known it; ``seen``: the change feed tells of it.

    ``numbered``: it holds the institution's number of the person.
    """
    platform = world.platform
    id = platform.account.format(person)
    number = words.institution_id(person) if numbered else None
    login = {"login_email": platform.login.format(person)} if platform.login else {}
    values = {"institution_id": number, **login, **dict(_values(world, person, "career"))}
    world.careers.add(id, values, seen=seen)
    world.accounts[person] = id
