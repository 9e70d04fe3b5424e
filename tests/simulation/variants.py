"""What a world can be made with: variants of the mapping, and the platforms that a career system can be.

Register another mapping in ``MAPPING_VARIANTS`` and another platform in ``PLATFORMS``; seeds draw from both by name. A mapping is
called by its variant and what it is for: a platform, and perhaps a flavour (``tight@12twenty``, ``tight@generic/eda``); without
them it is for the generic contract and a plain org.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from emulator.career import Actor, CareerApp, CareerSystem, Kind
from emulator.career.csv_drop import CSV_DROP
from emulator.career.errors import ApiError
from emulator.career.face import Desk, Face
from emulator.career.fields import checked_person
from emulator.career.generic import GENERIC, REQUESTS
from emulator.career.handshake import HANDSHAKE
from emulator.career.hivebrite import HIVEBRITE
from emulator.career.symplicity import SYMPLICITY
from emulator.career.twelvetwenty import TWELVETWENTY
from tests import systems
from tests.simulation.composed import composed, texts
from tests.simulation.flavours import PLAIN

Change = tuple[str, str, str]
"""A file of ``mappings/``, a text in it, and what stands there instead."""

USUAL = "generic"
"""The platform whose mapping is the shipped one."""


def mapping_name(variant: str, platform: str, flavour: str) -> str:
    """What a variant of the mapping is called on a platform, with an org of a flavour."""
    place = f"{platform}/{flavour}" if flavour else platform
    return variant if place == USUAL else f"{variant}@{place}"


_LINKEDIN = """
[field.linkedin_url]
label = "LinkedIn page"
crm = "LinkedIn_URL__c"
career = "linkedin_url"
transform = "linkedin"
"""
_EMAIL_WORK = """
[field.email_work]
label = "Work e-mail"
crm = "Work_Email__c"
career = "email_work"
transform = "email"
group = "emails"
"""
_MENTOR_CAPACITY = """
[field.mentor_capacity]
label = "Mentor capacity"
profile = "Mentor_Capacity__c"
career = "mentor_capacity"
transform = "integer"
owner = "career_services"
null = "clear"
"""

MAPPING_VARIANTS: Mapping[str, tuple[Change, ...]] = {
    "shipped": (),
    "restoring": (("person.toml", 'until_decided = "keep"', 'until_decided = "restore"'),),
    "refusing": (("person.toml", 'other_office_edit = "suggest"', 'other_office_edit = "refuse"'),),
    "tight": (("person.toml", 'label = "Employment"\n', 'label = "Employment"\nshare = "never"\n'),),
    "braking": tuple(
        ("person.toml", f"[brakes.{side}]\nmax_changes = 500", f"[brakes.{side}]\nmax_changes = 1")
        for side in ("to_career", "to_crm")
    ),
    "fewer": (
        ("person.toml", _LINKEDIN, ""),
        ("person.toml", '"linkedin_url", ', ""),
        ("person.toml", _EMAIL_WORK, ""),
        ("person.toml", '"email_work", ', ""),
        ("person.toml", _MENTOR_CAPACITY, ""),
    ),
    "regrouped": (
        ("person.toml", 'career = "title"\ngroup = "employment"\n', 'career = "title"\n'),
        ("person.toml", 'career = "former_last_name"\n', 'career = "former_last_name"\ngroup = "legal_name"\n'),
        ("person.toml", '"preferred_name", "former_last_name", "emails"', '"preferred_name", "emails"'),
    ),
    "rerouted": (
        ("routing.toml", "max_asks = 1\n", "max_asks = 2\n"),
        ("routing.toml", "class_year_from = 2016\nowner", "class_year_from = 2002\nowner"),
        ("requests.toml", 'purpose = "mentoring"\nowner = "regional_officer"', 'purpose = "mentoring"\nowner = "class_officer"'),
        (
            "requests.toml",
            'named_needs_clearance = "named"\npurpose = "career_asks"\nowner = "class_officer"',
            'purpose = "career_asks"\nowner = "school_officer"',
        ),
    ),
    "hushed": (
        ("requests.toml", 'aliases = ["flash mentoring"', 'confidential = true\npointer = "Call."\naliases = ["flash mentoring"'),
    ),
}
"""Of these, the last four have other fields, other units, other ways for requests or another confidential type than the rest."""
NEVER_WORKED = frozenset({"MENTR_FLSH", "WELFARE"})
"""Types of requests that careers get an answer about, and nothing else comes of."""
HUSHED = frozenset({"MENTOR_FLASH", "coffee chat"})
"""The words for the type of request that is confidential where a mapping is ``hushed``."""


def is_hushed(mapping: str) -> bool:
    """Whether the types of ``HUSHED`` are confidential under a mapping, by its name."""
    return mapping.partition("@")[0] == "hushed"


_CHANGES_ON: Mapping[str, tuple[Change, ...]] = {
    "tight@12twenty": (("person.toml", 'label = "Job title"\n', 'label = "Job title"\nshare = "never"\n'),),
    "tight@handshake": (("person.toml", 'label = "Preferred name"\n', 'label = "Preferred name"\nshare = "never"\n'),),
}
"""Mappings that have to be made otherwise on a platform, because it lacks what the variant changes."""


@cache
def mapping_files(mapping: str) -> Mapping[str, str]:
    """The three files of a mapping, by name."""
    variant, _, place = mapping.partition("@")
    platform, _, flavour = (place or USUAL).partition("/")
    files = dict(texts(systems.MAPPINGS) if (platform, flavour) == (USUAL, PLAIN) else composed(platform, flavour or "plain"))
    for name, was, now in _CHANGES_ON.get(f"{variant}@{platform}", MAPPING_VARIANTS[variant]):
        if was not in files[name]:
            raise ValueError(f"{name} does not hold {was!r} any more: write the variant {mapping!r} anew")
        files[name] = files[name].replace(was, now, 1)
    return files


@cache
def mapping_data(mapping: str, file: str = "person.toml") -> Mapping[str, Any]:
    """A file of a mapping, as TOML has it."""
    return tomllib.loads(mapping_files(mapping)[file])


@dataclass(frozen=True, kw_only=True)
class Careers:
    """The people of Career Services at work in their own system. Fields are named by their paths in the mapping."""

    system: CareerSystem
    app: CareerApp
    only_with: Mapping[str, str]
    """See ``Platform``."""

    @property
    def desk(self) -> Desk:
        """Where requests are filed: in the platform itself, or with the small service beside it."""
        return (self.app.beside or (self.app.face,))[0].desk

    def add(self, id: str, values: Mapping[str, Any], *, seen: bool) -> None:
        """An account that has always been there; ``seen``: one that has just appeared, and of which the system tells."""
        last = next(name for name in ("title", "major") if name in values)
        self.system.seed("person", [{"id": id, **values, **({last: None} if seen else {})}])
        if seen:
            # Its last field is filled in before everybody's eyes.
            self.edit(id, {last: values[last]}, own=False)

    def edit(self, id: str, values: Mapping[str, Any], *, own: bool) -> bool:
        """A counsellor, or the alumna herself (``own``), changes an account; whether the system took it."""
        self.app.face.catch_up(self.system)
        alumna = Actor(id=f"p-{id}", name="The alumna", kind=Kind.PERSON, person_id=id)
        return _taken(lambda: self.system.change_person(id, checked_person(dict(values), staff=not own), alumna if own else PAT))

    def delete(self, id: str) -> bool:
        """A counsellor deletes an account."""
        self.app.face.catch_up(self.system)
        return _taken(lambda: self.system.delete("person", id, PAT))

    def values(self, id: str) -> dict[str, Any] | None:
        """What an account holds now, as far as the platform shows it; None if it is gone."""
        self.app.face.catch_up(self.system)
        stored = self.system.people.by_id.get(id)
        if stored is None or stored.deleted:
            return None
        values = stored.data()
        return values | {name: None for name, shown_by in self.only_with.items() if values[shown_by] is None}

    def file(self, values: Mapping[str, Any]) -> str:
        """A counsellor files a request; its id."""
        return self.desk.file(self.system, values, PAT)

    def change(self, id: str, values: Mapping[str, Any]) -> bool:
        """A counsellor changes a request."""
        return _taken(lambda: self.system.change_request(id, values, PAT))

    def withdraw(self, id: str) -> bool:
        """A counsellor withdraws a request."""
        return _taken(lambda: self.desk.withdraw(self.system, id, PAT))

    def told(self, id: str) -> Mapping[str, Any] | None:
        """What careers' staff read about a request's way through Alumni Relations."""
        return self.desk.told(self.system, id)


PAT = Actor(id="s-1", name="Pat Reyes", kind=Kind.STAFF)
"""The counsellor."""


def _taken(act: Callable[[], object]) -> bool:
    """Whether the system took it: people meet refusals, too."""
    try:
        act()
    except ApiError:
        return False
    return True


Settings = tuple[tuple[str, str], ...]
"""Settings of a profile, by their names."""

_KEY = 'key = "env:CAREER_KEY"\n'
_REQUESTS_BESIDE = f"""requests = "rest"
requests_url = "{systems.CAREER_HOST}/bridge/v1"
requests_key = "env:CAREER_KEY"
"""


@dataclass(frozen=True, kw_only=True)
class Platform:
    """A kind of career system: its address, its face, and what stands about it in the configuration beside key and profile.

    ``account`` is the form of its accounts' ids, ``shown`` that of an id (without its prefix) in an answer; ``beside`` are
    services at the same address. ``guarded``: it refuses a change of what has moved; else an account is read just before it is
    written. ``tells_deleted``: what was deleted is told, and not only missed by a sweep. ``only_with``: fields that it shows only
    where another one holds something. ``unknown``: switches of the emulated tenant that may be any of these ways.
    ``names_tenant``: it says whose it is; else its address has to. ``by_files``: it has no API, and no address; ``programs`` are
    what its programs may do either way. ``deletes``: its people delete accounts. ``login`` is the form of its accounts' logins,
    where it needs them. ``never_empty`` are fields that it cannot empty. ``from_memory``: fields that nothing tells who gave them
    up, so that the bridge has to remember who held them: what a restart makes it miss, a sweep finds. ``slow``: so many times
    longer everything takes there.
    ``settings`` are those of the bridge's profile; ``either`` are more of them, of which one set is taken. ``people``: the
    requests by which people are listed. ``many``: from how many people on a whole load of them goes in one call. ``stranger``:
    what the emulated tenant knows about one more account, whose person is no alumna.
    """

    url: str
    face: Face
    beside: tuple[Face, ...] = ()
    guarded: bool = True
    tells_deleted: bool = True
    account: str = "a{}"
    shown: str = '"id":"{}"'
    only_with: Mapping[str, str] = field(default_factory=dict)
    unknown: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    names_tenant: bool = True
    by_files: bool = False
    programs: tuple[str, ...] = ()
    deletes: bool = True
    login: str = ""
    never_empty: frozenset[str] = frozenset()
    from_memory: frozenset[str] = frozenset()
    slow: int = 1
    config: str = _KEY
    settings: Mapping[str, str] = field(default_factory=dict)
    either: Sequence[Settings] = ((),)
    people: str = "."
    many: int = 0
    stranger: Mapping[str, Any] = field(default_factory=dict)


PLATFORMS: Mapping[str, Platform] = {
    USUAL: Platform(url=f"{systems.CAREER_HOST}/bridge/v1", face=GENERIC),
    "12twenty": Platform(
        url=systems.CAREER_HOST,
        face=TWELVETWENTY,
        beside=(REQUESTS,),
        guarded=False,
        tells_deleted=False,
        names_tenant=False,
        account="c-100{}",
        shown='"Id":{},',
        config=_KEY + _REQUESTS_BESIDE,
        settings={"staff_visibility_id": "3"},
    ),
    "csv_drop": Platform(url="", face=CSV_DROP, by_files=True, names_tenant=False, config='folder = "drop"\n'),
    "handshake": Platform(
        url="",
        face=HANDSHAKE,
        by_files=True,
        guarded=False,
        tells_deleted=False,
        deletes=False,
        names_tenant=False,
        account="U100{}",
        shown='"username":"{}"',
        login="a{}.zyx@careers.example.org",
        programs=("fails_rows", "warns", "warns_blank"),
        never_empty=frozenset({"first_name", "last_name"}),
        slow=24,
        config='folder = "drop"\n',
        settings={"alumni_every_days": "1", "graduates_of_months": "0"},
        either=((("fill_required", "no"),), (("fill_required", "yes"),)),
    ),
    "hivebrite": Platform(
        url=systems.CAREER_HOST,
        face=HIVEBRITE,
        beside=(REQUESTS,),
        guarded=False,
        account="100{}",
        shown='"id":{},',
        # A job without an employer is none, and who is no mentor takes no mentees.
        only_with={"title": "employer", "mentor_capacity": "mentor_availability"},
        from_memory=frozenset({"mentor_availability", "mentor_capacity"}),
        unknown=dict.fromkeys(
            ("hivebrite_refresh_rotates", "hivebrite_bare_lists", "hivebrite_order_ignored", "newest_first"), (True, False)
        ),
        config=_REQUESTS_BESIDE,
        settings={
            "admin_email": "bridge@example.edu",
            "password": "env:CAREER_KEY",
            "client_id": "bridge",
            "client_secret": "env:CAREER_SECRET",
        },
    ),
    "symplicity_csm": Platform(
        url=systems.CAREER_HOST,
        face=SYMPLICITY,
        beside=(REQUESTS,),
        guarded=False,
        tells_deleted=False,
        names_tenant=False,
        account="a11{:029}",
        # What a change does to what it does not name, and where custom fields are taken up, decides whether the bridge can work
        # there at all: the contract suite tries these.
        unknown={
            "symplicity_per_page": (500, 500, 3, 2),
            "symplicity_choice_key": ("label", "value", "name", ""),
            "symplicity_bare_picklists": (True, False),
            "symplicity_error_status": (422, 200),
            "symplicity_bulk_status": (429, 409),
            "symplicity_batch_seconds": (1, 4, 20, 100),
            "symplicity_report_seconds": (5, 90, 900),
            "symplicity_reset": ("seconds", "epoch", "text"),
            "symplicity_midnight_hours": (0, 5),
        },
        config=_KEY + _REQUESTS_BESIDE,
        settings={"alumni_field": "applicantType", "alumni_words": "Alumni"},
        either=((("compare", "hour"),), (("compare", "hour"),), (("report", "41"), ("compare", "week")), (("compare", "day"),)),
        people=r"/students\?.*perPage=500|/reports/41/data",
        many=6,
        stranger={"type": "Student"},
    ),
}
"""By the names of the bridge's profiles."""
