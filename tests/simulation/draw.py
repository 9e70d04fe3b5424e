"""From a seed to a scenario: what is drawn in which stream, and how often.

Each seed first draws which kinds of deeds and troubles there are at all and how often (swarm testing): rare things meet each
other in some seeds instead of nearly never. Streams do not disturb each other: more edits leave schedule and faults as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from tests.simulation import beside, decisions, drop, steps, troubles
from tests.simulation.asks import asks, attached, by_hand, corrected, months, shared
from tests.simulation.courses import beside_another, course, seldom
from tests.simulation.dice import Dice
from tests.simulation.flavours import PLAIN
from tests.simulation.scenario import Scenario
from tests.simulation.steps import At, Pass, Step
from tests.simulation.variants import PLATFORMS, USUAL
from tests.simulation.words import CHOICES, FIELDS
from tests.simulation.world import Spec


def draw(seed: int) -> Scenario:
    """The scenario of a seed."""
    spec = replace(
        _on_platform(Dice(seed, "platform"), _world(Dice(seed, "world"))),
        database=Dice(seed, "database").weighted(_DATABASES),
        flavour=Dice(seed, "flavour").weighted(_FLAVOURS),
    )
    if spec.platform == "handshake":
        # What of a package stands in contacts alone is not known to the simulation there.
        spec = replace(spec, flavour=PLAIN)
    if spec.flavour == "eda":
        # Of what stands beside contacts there are more than a page sooner.
        spec = replace(spec, page=Dice(seed, "beside").one((2000, 1, 1, 2)))
    schedule = Dice(seed, "schedule")
    # Where everything takes long, it also takes longer until deeds meet what became of others.
    beats = 1 + schedule.few(2, 5) + (4 if PLATFORMS[spec.platform].slow > 1 else 0)
    edits = deeds(Dice(seed, "edits"), spec, beats)
    faults = woes(Dice(seed, "faults"), spec, beats)
    besides = _besides(Dice(seed, "besides"), spec)
    asked = _asked(Dice(seed, "asks"), spec)
    handled = _by_hand(Dice(seed, "by hand"), spec)
    planned = _course(Dice(seed, "course"), Dice(seed, "seldom"), spec)
    found: list[Step] = []
    for beat in range(beats):
        # Most deeds come between two cycles, some in the midst of one.
        found += [At(schedule.whole(1, 60), step) if schedule.chance(0.15) else step for step in edits[beat]]
        found += faults[beat]
        found += next(planned, [])
        found += next(besides, [])
        found += next(asked, [])
        found += next(handled, [])
        found.append(Pass(spec.cycle * schedule.weighted([(1, 6), (2, 1), (10, 0.3)])))
    for rest in chain(planned, besides, asked, handled):
        found += [*rest, Pass(spec.cycle)]
    return Scenario(spec=spec, steps=tuple(found), seed=seed, swept=schedule.chance(0.4))


def _on_platform(dice: Dice, spec: Spec) -> Spec:
    platform = dice.weighted(_PLATFORMS)
    known = PLATFORMS[platform]
    unknown = tuple((name, dice.weighted([(way, 1) for way in ways])) for name, ways in known.unknown.items())
    people = known.many + 2 if known.many and dice.chance(0.6) else spec.people
    spec = replace(spec, platform=platform, people=people, tenant=(*spec.tenant, *unknown))
    if known.by_files:
        ways = ((name, dice.chance(0.5)) for name in known.programs)
        spec = replace(spec, office=(("reverse", dice.chance(0.3)), ("tidy", dice.chance(0.3)), *dice.one(_TABLES), *ways))
    spec = replace(spec, settings=dice.one(known.either))
    return _on_handshake(dice, spec) if platform == "handshake" else spec


def _on_handshake(dice: Dice, spec: Spec) -> Spec:
    """A file a day makes slow cycles, and what is edited often is of the little that Handshake holds."""
    favourites = tuple(dice.one(_HELD) for _ in range(dice.whole(2, 4)))
    return replace(spec, cycle=dice.one((7200, 28_800, 28_800)), favourites=favourites)


def _course(dice: Dice, rare: Dice, spec: Spec) -> Iterator[Sequence[Step]]:
    """In every other seed what tends to come together, from some beat on."""
    if rare.chance(0.1):
        yield from seldom(rare, spec)
    elif dice.chance(0.5):
        yield from ([] for _ in range(dice.whole(0, 2)))
        yield from course(dice, spec)


def _besides(dice: Dice, spec: Spec) -> Iterator[Sequence[Step]]:
    """In one seed of five one more course, beside whatever else was drawn."""
    if dice.chance(0.2):
        yield from beside_another(dice, spec)


def _asked(dice: Dice, spec: Spec) -> Iterator[Sequence[Step]]:
    """In one seed of six several requests that have to do with one another; or, under EDA, what several contacts share."""
    if dice.chance(1 / 6):
        yield from shared(dice, spec) if spec.flavour == "eda" and dice.chance(0.5) else asks(dice, spec)


def _by_hand(dice: Dice, spec: Spec) -> Iterator[Sequence[Step]]:
    """In one seed of ten what officers do around requests, besides working their Tasks; in one of forty some months pass.

    In one of forty careers correct what they ask for; where everything else is the contract, since others name types otherwise.
    In one of fifty the same is asked twice, and the first ask comes to an end.
    """
    if dice.chance(0.1):
        yield from by_hand(dice, spec)
    elif dice.chance(0.028):
        yield from months(dice, spec)
    elif dice.chance(0.028) and spec.platform == USUAL:
        yield from corrected(dice, spec)
    elif dice.chance(0.02):
        yield from attached(dice, spec)


_PLATFORMS = (("generic", 8.5), ("handshake", 0.5), ("hivebrite", 1), ("csv_drop", 1), ("12twenty", 2), ("symplicity_csm", 1))
"""How often careers have which platform."""
_TABLES: Sequence[tuple[tuple[str, Any], ...]] = (
    (),
    (),
    (("encoding", "utf-8-sig"), ("newline", "\n")),
    (("encoding", "utf-16"), ("delimiter", "\t")),
    (("delimiter", ";"), ("preface", True)),
)
"""How an office that works with files writes them."""
_FLAVOURS = ((PLAIN, 8), ("eda", 1), ("npsp", 1))
"""How often the org is built on what."""
_DATABASES = (("postgresql", 1), ("sqlite", 39))
"""How often the state is on which database."""


def _world(dice: Dice) -> Spec:
    live = dice.chance(0.75)
    return Spec(
        people=dice.weighted([(1, 6), (2, 3), (3, 1.5), (5, 0.5)]),
        mapping=dice.weighted([("shipped", 5), ("restoring", 1), ("refusing", 1), ("tight", 1), ("braking", 0.7)]),
        live=live,
        latency=dice.one((0.0, 0.05, 1.0)),
        page=dice.weighted([(2000, 3), (1, 1), (2, 1)]),
        overlap=dice.one((30, 30, 120)),
        cycle=dice.one((60, 60, 600)),
        # A world in which all is at rest was grown under clocks that go right.
        crm_skew=0.0 if live else dice.one(_SKEWS),
        career_skew=0.0 if live else dice.one(_SKEWS),
        host_skew=0.0 if live else dice.one(_SKEWS),
        org=(("tasks_touch_contacts", dice.chance(0.3)),),
        favourites=tuple(dice.one(_COMMON if dice.chance(0.5) else FIELDS) for _ in range(dice.whole(1, 3))),
        tenant=(("page_limit", dice.one((500, 500, 1, 2))), ("batch_limit", dice.one((200, 200, 1, 2)))),
    )


_SKEWS = (0.0, 0.0, -40.0, 3.0, 7200.0)
"""Seconds by which a clock may be wrong all the time."""


_Maker = Callable[[Dice, Spec], Step]

_COMMON = ("last_name", "preferred_name", "email_personal", "phone_mobile", "title", "class_year", "consent_career_asks")
"""Fields that are edited more often than others: one of each kind of rule."""


_HELD = ("first_name", "middle_name", "last_name", "preferred_name", "phone_mobile", "consent_career_asks", "do_not_contact")
"""Fields that Handshake holds, and what decides whether they are shared."""


def _field(dice: Dice, spec: Spec) -> str:
    if dice.chance(0.5):
        return dice.one(spec.favourites)
    return dice.one(_COMMON) if dice.chance(0.4) else dice.one(FIELDS)


def _choice(dice: Dice) -> int | None:
    choice = dice.whole(0, CHOICES)
    return None if choice == CHOICES else choice


def _person(dice: Dice, spec: Spec) -> int:
    return dice.whole(0, spec.people - 1)


_DEEDS: Mapping[str, tuple[float, _Maker]] = {
    "edit contact": (
        10,
        lambda dice, spec: steps.EditContact(_person(dice, spec), _field(dice, spec), _choice(dice), dice.whole(0, 1)),
    ),
    "edit contact late": (
        2,
        lambda dice, spec: steps.EditContact(
            _person(dice, spec), _field(dice, spec), _choice(dice), 0, late=dice.one((1, 20, 100))
        ),
    ),
    "touch contact": (1, lambda dice, spec: steps.TouchContact(_person(dice, spec))),
    "edit account": (
        12,
        lambda dice, spec: steps.EditAccount(
            _person(dice, spec), _field(dice, spec), _choice(dice), dice.whole(0, 1), own=dice.chance(0.2)
        ),
    ),
    "edit profile": (
        1,
        lambda dice, spec: steps.EditProfile(_person(dice, spec), dice.one(("interests", "mentor_capacity", "outcome")), 2),
    ),
    "decide": (
        14,
        lambda dice, _spec: decisions.Decide(
            dice.whole(0, 3), dice.one(("accept", "enter", "press", "adjust", "reject", "reject")), dice.whole(0, 3)
        ),
    ),
    "insist": (4, lambda dice, _spec: decisions.Insist(dice.whole(0, 2))),
    "file": (4, lambda dice, spec: steps.File(_person(dice, spec), dice.whole(0, steps.USUALLY - 1))),
    "change": (2, lambda dice, _spec: steps.Change(dice.whole(0, 3), dice.one(("", "Another Zyx title")))),
    "work": (
        4,
        lambda dice, _spec: steps.Work(dice.whole(0, 3), dice.one(("begin", "wait", "complete", "decline", "retitle", "delete"))),
    ),
    "duplicate": (1, lambda dice, spec: steps.Duplicate(_person(dice, spec))),
    "merge": (2, lambda dice, spec: steps.Merge(_person(dice, spec), into_double=dice.chance(0.5))),
    "delete contact": (1, lambda dice, spec: steps.DeleteContact(_person(dice, spec))),
    "undelete contact": (2, lambda dice, spec: steps.UndeleteContact(_person(dice, spec))),
    "delete account": (0.5, lambda dice, spec: steps.DeleteAccount(_person(dice, spec))),
    "arrive": (1.5, lambda dice, spec: steps.Arrive(spec.people + dice.whole(0, 2), dice.one(("both", "crm", "career")))),
    "review": (1, lambda dice, _spec: decisions.Review(dice.whole(0, 2), dice.one(("Candidate 1", "Candidate 2", "Nobody")))),
}
"""What people do: how often, and how it is drawn."""
_OF_MANY: Mapping[str, tuple[float, _Maker]] = {
    "edit contacts": (30, lambda dice, spec: steps.EditContacts(_field(dice, spec), _choice(dice))),
}
"""What they do besides, where so many are there that a load of all goes in one call."""


_BESIDE: Mapping[str, tuple[float, _Maker]] = {
    "edit beside": (
        12,
        lambda dice, spec: steps.EditContact(
            _person(dice, spec), dice.one(("employer", "degree", "class_year")), _choice(dice), late=dice.one((0, 0, 0, 20, 100))
        ),
    ),
    "prefer": (3, lambda dice, spec: beside.Prefer(_person(dice, spec), dice.whole(0, 2))),
    "rename": (
        5,
        lambda dice, spec: beside.Rename(_person(dice, spec), dice.one(("employer", "degree")), dice.whole(0, CHOICES - 1)),
    ),
}
_DEEDS_IN: Mapping[str, Mapping[str, tuple[float, _Maker]]] = {
    PLAIN: {},
    "eda": {
        **_BESIDE,
        "enrol": (5, lambda dice, spec: beside.Enrol(_person(dice, spec), dice.whole(0, CHOICES - 1), dice.whole(0, 1))),
        "detach": (5, lambda dice, spec: beside.Detach(_person(dice, spec), dice.whole(0, 3), back=dice.chance(0.3))),
        "withhold": (2, lambda dice, spec: beside.Withhold(_person(dice, spec), dice.chance(0.6))),
    },
    "npsp": {**_BESIDE, "move in": (4, lambda dice, spec: beside.MoveIn(_person(dice, spec), _person(dice, spec)))},
}
"""What people do besides in an org of a flavour."""


_TRANSPORT = ("refuse", "lose_request", "lose_response", "timeout", "truncate", "twice")
_WHERE = (troubles.READS, troubles.WRITES, troubles.WRITES, ".")
_CRM_BEFORE = (
    *("REQUEST_LIMIT_EXCEEDED", "CONCURRENT_LIMIT", "INVALID_SESSION_ID", "SERVER_UNAVAILABLE", "SERVER_UNAVAILABLE_HTML"),
    *("UNKNOWN_EXCEPTION", "LOGIN_PAGE", "MAINTENANCE_PAGE", "BAD_GATEWAY", "GATEWAY_TIMEOUT", "TXN_SECURITY_METERING_ERROR"),
    *("CONNECTION_REFUSED", "DNS_FAILURE", "CONNECT_TIMEOUT", "BAD_CERTIFICATE", "UNABLE_TO_LOCK_ROW", "STORAGE_LIMIT_EXCEEDED"),
)
_CRM_AFTER = ("SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION", "LOGIN_PAGE", "BAD_GATEWAY", "GATEWAY_TIMEOUT")
_UNTRUE = (
    "shorter",
    "longer",
    "reversed",
    "no_id",
    "short_id",
    "other_prefix",
    "other_reference",
    "wrong_total",
    "stuck",
    "empty",
)
_REFUSALS = (
    *("UNABLE_TO_LOCK_ROW", "FIELD_CUSTOM_VALIDATION_EXCEPTION", "REQUIRED_FIELD_MISSING", "STRING_TOO_LONG"),
    *("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "STORAGE_LIMIT_EXCEEDED", "INSUFFICIENT_ACCESS_OR_READONLY", "UNKNOWN_EXCEPTION"),
    *("INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE", "TXN_SECURITY_METERING_ERROR"),
)
_OBJECTS = ("Career_Profile__c", "Suggested_Change__c", "Career_Request__c", "Task", "")
_CAREERS = (
    *("throttle", "unavailable", "error", "unauthorized", "html", "lose_request", "lose_answer", "error_after", "html_after"),
    *("truncate", "short_results", "swap_results", "slow", "not_a_number", "double_keys"),
)
_LACKING = ("degree", "employer", "interests", "mentor_capacity", "consents", "email_personal", "id")
"""What careers' answers may lack for a while; ``consents`` is several fields, and without an ``id`` a record is nobody's."""
_HIDDEN = ("Contact.Title", "Contact.Consent_Career_Asks__c", "Contact.MobilePhone", "Career_Profile__c.Interests__c")

_WOES: Mapping[str, tuple[float, _Maker]] = {
    "crm wire": (4, lambda dice, _spec: troubles.Break("crm", dice.one(_TRANSPORT), dice.one((1, 1, 4)), dice.one(_WHERE))),
    "careers wire": (
        3,
        lambda dice, _spec: troubles.Break("careers", dice.one(_TRANSPORT), dice.one((1, 1, 3)), dice.one(_WHERE)),
    ),
    "crm answers": (
        3,
        lambda dice, _spec: troubles.CrmAnswers(dice.one(_CRM_BEFORE), dice.one(_WHERE), count=dice.one((1, 1, 6))),
    ),
    "crm answers after": (3, lambda dice, _spec: troubles.CrmAnswers(dice.one(_CRM_AFTER), troubles.WRITES, "after")),
    "zombie": (
        2,
        lambda dice, _spec: troubles.CrmAnswers("", "/composite/(graph|sobjects)", "later", delay=dice.one((1.0, 70.0, 400.0))),
    ),
    "late commit": (
        1,
        lambda dice, _spec: troubles.CrmAnswers("", "POST .*/composite/sobjects", "late_commit", delay=dice.one((5.0, 50.0))),
    ),
    "crm untrue": (
        2,
        lambda dice, _spec: troubles.CrmDistorts(dice.one(_UNTRUE), dice.one(("/composite/(graph|sobjects)", "."))),
    ),
    "crm refuses": (3, lambda dice, _spec: troubles.CrmRefuses(dice.one(_REFUSALS), dice.one(_OBJECTS), dice.one((1, 1, 3)))),
    "careers answer": (
        4,
        lambda dice, _spec: troubles.CareersAnswer(dice.one(_CAREERS), dice.one((".", "POST")), dice.one((1, 1, 3))),
    ),
    "careers lacking": (
        1,
        lambda dice, _spec: troubles.CareersAnswer("lacking", "GET", dice.one((1, 1, 3)), dice.one(_LACKING)),
    ),
    "expire": (1, lambda _dice, _spec: troubles.Expire()),
    "hide": (0.7, lambda dice, _spec: troubles.Hide(dice.one(_HIDDEN), dice.one(("", "", "r")))),
    "revoke": (0.4, lambda _dice, _spec: troubles.Revoke()),
    "read only": (0.5, lambda _dice, _spec: troubles.CrmSetting("read_only", value=True)),
    "replica lag": (1, lambda dice, _spec: troubles.CrmSetting("replica_lag", dice.one((2, 20)))),
    "burn": (0.4, lambda dice, _spec: troubles.Burn(dice.one((0.79, 0.999)))),
    "kill": (5, lambda _dice, _spec: troubles.Kill()),
    "keep state": (1, lambda _dice, _spec: troubles.KeepState()),
    "restore state": (0.6, lambda _dice, _spec: troubles.RestoreState()),
    "rival": (1, lambda dice, _spec: troubles.Rival(dice.whole(1, 2), dice.one((5.0, 700.0, 1300.0)), stays=dice.chance(0.3))),
    "jump": (0.7, lambda dice, _spec: troubles.Jump(dice.one((-3600.0, -300.0, 300.0, 86_400.0)))),
    "suspend": (0.7, lambda dice, _spec: troubles.Suspend(dice.one((90.0, 30_000.0)))),
    "mapping": (
        0.7,
        lambda dice, _spec: troubles.PutMapping(dice.one(("shipped", "restoring", "refusing", "tight")), dice.chance(0.5)),
    ),
    "elsewhere": (0.3, lambda _dice, _spec: troubles.LeadElsewhere()),
    "stop": (0.5, lambda _dice, _spec: troubles.Stop()),
    "resume": (0.7, lambda _dice, _spec: troubles.Resume()),
    "sweep": (1, lambda _dice, _spec: troubles.Sweep()),
}
"""What fails: how often, and how it is drawn."""


_HIDDEN_IN: Mapping[str, Sequence[str]] = {
    "eda": ("hed__Program_Enrollment__c.hed__Graduation_Year__c", "Contact.hed__AlternateEmail__c"),
    "npsp": ("Contact.npe01__HomeEmail__c", "Contact.npsp__Deceased__c"),
}
_OF_A_FLAVOUR: Mapping[str, tuple[float, _Maker]] = {
    "hide what is the package's": (
        0.7,
        lambda dice, spec: troubles.Hide(dice.one(_HIDDEN_IN[spec.flavour]), dice.one(("", "r"))),
    ),
}
"""What fails besides, where the org is built on something."""
_NAMES = ("", "{}-0", "{}.json", "result", "taking")
"""Parts of the names of files that do not appear; see ``FolderFails``."""
_OF_A_FOLDER: Mapping[str, tuple[float, _Maker]] = {
    "office works": (3, lambda _dice, _spec: drop.OfficeWorks()),
    "office rests": (1, lambda dice, spec: drop.OfficeRests(dice.one((200.0, 4000.0)) * PLATFORMS[spec.platform].slow)),
    "table broken off": (1, lambda _dice, _spec: drop.BreakOffTable()),
    "folder fails": (
        4,
        lambda dice, _spec: drop.FolderFails(dice.one(("ENOSPC", "EIO", "ESTALE")), dice.one((1, 1, 4)), dice.one(_NAMES)),
    ),
}
"""What fails besides, where careers work with files."""


_AT_A_BATCH = ("batch=1", "/batch/")
"""Parts of the lines of requests: a batch is sent, and looked at."""
_OF_BATCHES: Mapping[str, tuple[float, _Maker]] = {
    "batches end": (2, lambda dice, _spec: troubles.CareersSetting("symplicity_batch_ends", dice.one(("failed", "cancelled")))),
    "reports end": (1, lambda _dice, _spec: troubles.CareersSetting("symplicity_report_ends", "cancelled")),
    "changes wire": (3, lambda dice, _spec: troubles.Break("careers", dice.one(_TRANSPORT), dice.one((1, 1, 3)), "PUT")),
    "changes answer": (
        4,
        lambda dice, _spec: troubles.CareersAnswer(
            dice.one(_CAREERS), dice.one(("PUT", "/batch/", "/report")), dice.one((1, 1, 3))
        ),
    ),
    "customs lacking": (1, lambda dice, _spec: troubles.CareersAnswer("lacking", "GET", dice.one((1, 1, 3)), "customFields")),
    "amidst a batch": (
        5,
        lambda dice, spec: steps.When(
            dice.one(("careers>", "careers<")), dice.one(_AT_A_BATCH), troubles.Kill() if dice.chance(0.4) else deed(dice, spec)
        ),
    ),
}
"""What fails besides, where careers take changes in batches and list them in reports."""


def woes(dice: Dice, spec: Spec, beats: int) -> Sequence[Sequence[Step]]:
    """Troubles; most of them come in the midst of a cycle. One seed in seven has none."""
    if dice.chance(0.15):
        return [[] for _ in range(beats)]
    known = {**_WOES, **_BESIDES.get(spec.platform, {}), **(_OF_A_FLAVOUR if spec.flavour else {})}
    kinds = _swarm(dice, {name: weight for name, (weight, _) in known.items()})
    if not any(weight for _, weight in kinds):
        return [[] for _ in range(beats)]
    mean = dice.one((0.3, 1.0, 2.0))
    found: list[list[Step]] = []
    for _ in range(beats):
        made = [known[dice.weighted(kinds)][1](dice, spec) for _ in range(dice.few(mean, 5))]
        found.append([At(dice.whole(1, 50), step) if dice.chance(0.6) else step for step in made])
    return found


_BESIDES = {"csv_drop": _OF_A_FOLDER, "handshake": _OF_A_FOLDER, "symplicity_csm": _OF_BATCHES}


def _swarm(dice: Dice, weights: Mapping[str, float]) -> list[tuple[str, float]]:
    """Which kinds there are in this seed, and how often: some not at all, some much more often than usual."""
    return [(name, weight * dice.weighted([(0.0, 2), (1.0, 4), (4.0, 1)])) for name, weight in weights.items()]


def deed(dice: Dice, spec: Spec) -> Step:
    """One thing that somebody does."""
    return dice.weighted([(make, weight) for weight, make in _DEEDS.values()])(dice, spec)


def deeds(dice: Dice, spec: Spec, beats: int) -> Sequence[Sequence[Step]]:
    """What people do, beat by beat."""
    known = {**_DEEDS, **(_OF_MANY if spec.loads else {}), **_DEEDS_IN[spec.flavour]}
    kinds = _swarm(dice, {name: weight for name, (weight, _) in known.items()})
    if not any(weight for _, weight in kinds):
        return [[] for _ in range(beats)]
    mean = dice.one((1.0, 3.0, 8.0))
    return [[known[dice.weighted(kinds)][1](dice, spec) for _ in range(dice.few(mean, 20))] for _ in range(beats)]
