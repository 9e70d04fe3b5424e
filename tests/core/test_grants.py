"""What a mapping permits, and what another permits beyond it: every line, and silence where there is nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connector.core.grants import Grants, permitted, wider
from connector.core.model import FieldRule, Mode, OnWithdrawn, OutsideEdit, Owner, Share, Transform, Unit
from connector.core.related import Choice, Related
from connector.core.requests import ClearanceRule, Direction, RequestRules, RequestType
from connector.core.rulebook import Eligibility, Fact, Persons, Rules, Source
from tests.systems import rulebook

NOTHING: dict[str, Any] = {
    "shared": {},
    "written": {},
    "owner": {},
    "restriction": {},
    "excluded": {},
    "required": {},
    "class year": {"from": None},
    "consent": {},
    "refused": {},
    "heard": {},
    "stops": {},
    "read": {},
    "carried": {},
    "counting": {},
}


def grants(**kinds: Any) -> Grants:
    """What a mapping with this alone permits towards one career system; ``asks`` beside it."""
    asks = kinds.pop("asks", {})
    return {"systems": {"careers": NOTHING | {kind.replace("_", " "): value for kind, value in kinds.items()}}, "asks": asks}


def shared(consent: str = "", form: str = "text/text", *, stays: bool = False) -> dict[str, Any]:
    """How one field goes to careers."""
    return {"consent": consent, "form": form, "stays": stays}


def ask(consent: str = "", clearance: int = 0, *words: str, confidential: bool = False) -> dict[str, Any]:
    """What one kind of ask needs."""
    return {"consent": consent, "clearance": clearance, "confidential": confidential, "words": list(words)}


ALIKE: dict[str, Any] = {
    "shared": {"X as x": shared("events", stays=True)},
    "written": {"W": True},
    "owner": {"x": "alumni_relations"},
    "restriction": {"R": True},
    "excluded": {"D": True},
    "required": {"Q": True},
    "class_year": {"from": 2000, "field": "Y"},
    "consent": {"events": ["E"]},
    "refused": {"events": False},
    "heard": {"e at careers": "events"},
    "stops": {"deceased": ["D"]},
    "read": {"R": ["boolean"]},
    "counting": {"E__r": ["the latest by Y"]},
    "asks": {"ASK": ask("events", 1, confidential=True)},
}

WIDER: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    ({}, {"shared": {"X as x": shared()}}, ["X as x would go to careers (always)"]),
    ({}, {"shared": {"X as x": shared("events")}}, ["X as x would go to careers (with consent for events)"]),
    (
        {"shared": {"X as x": shared("events")}},
        {"shared": {"X as x": shared()}},
        ["X as x would go to careers always, until now with consent for events"],
    ),
    (
        {"shared": {"X as x": shared("events")}},
        {"shared": {"X as x": shared("surveys")}},
        ["X as x would go to careers with consent for surveys, until now with consent for events"],
    ),
    (
        {"shared": {"X as x": shared("events"), "Y as y": shared()}},
        {"shared": {"V as v": shared(), "X as x": shared(form="code/text", stays=True), "Y as y": shared(stays=True)}},
        [
            "V as v would go to careers (always)",
            "X as x would go to careers always, until now with consent for events",
            "X as x would go to careers in another form (code/text instead of text/text)",
            "X as x would stay with careers after consent has ended",
            "Y as y would stay with careers after consent has ended",
        ],
    ),
    ({}, {"written": {"W": True}}, ["the bridge would write W on the career profile"]),
    (
        {"owner": {"x": "alumni_relations", "y": "alumni_relations"}},
        {"owner": {"x": "career_services", "z": "career_services"}},
        ["x would be owned by career services instead of alumni relations"],
    ),
    ({"restriction": {"R": True}}, {}, ["R would no longer count as a restriction, whoever sets it"]),
    ({"restriction": {"R": True}}, {"restriction": {"R": False}}, ["R would restrict where it is false instead of true"]),
    ({"excluded": {"D": True, "E": True}}, {"excluded": {"E": True}}, ["people with D set would no longer be excluded"]),
    ({"required": {"Q": True}}, {}, ["people without Q would no longer be excluded"]),
    ({"class_year": {"from": 2000}}, {}, ["people of class years before 2000 would be included"]),
    (
        {"class_year": {"from": 2000}},
        {"class_year": {"from": 1999}},
        ["people of class years before 2000 would be included, from 1999 on"],
    ),
    (
        {"class_year": {"from": 2000, "field": "Y"}},
        {"class_year": {"from": 1999, "field": "Z"}},
        [
            "people of class years before 2000 would be included, from 1999 on",
            "class years would be read from Z instead of Y",
        ],
    ),
    ({"class_year": {"from": 2000, "field": "Y"}}, {}, ["people of class years before 2000 would be included"]),
    (
        {"consent": {"events": ["E"]}},
        {"consent": {"events": ["F", "G"]}},
        ["consent for events would be read from F, G instead of E"],
    ),
    (
        {"refused": {"events": False, "surveys": False}},
        {"refused": {"events": True, "surveys": False}},
        ["consent for events would be refused where it is true instead of false"],
    ),
    (
        {"consent": {"events": ["E"], "surveys": ["S"]}, "heard": {"e at careers": "events", "s at careers": "surveys"}},
        {"consent": {"events": ["E"]}, "heard": {"x at careers": "events"}},
        ["a refusal in e at careers would no longer count for events"],
    ),
    (
        {"consent": {"events": ["E"], "surveys": ["S"]}, "heard": {"e at careers": "events", "s at careers": "surveys"}},
        {"consent": {"events": ["E"], "surveys": ["S"]}, "heard": {"s at careers": "events", "e at careers": "surveys"}},
        [
            "a refusal in e at careers would no longer count for events",
            "a refusal in s at careers would no longer count for surveys",
        ],
    ),
    (
        {"stops": {"deceased": ["D"], "do_not_contact": ["N"]}},
        {"stops": {"deceased": ["D"], "do_not_contact": ["D"]}},
        ["asks would stop where D is set instead of N (do_not_contact)"],
    ),
    (
        {"stops": {"deceased": ["D", "d at careers"], "do_not_contact": ["N", "n at careers"]}},
        {"stops": {"deceased": ["D"], "do_not_contact": ["n at careers", "N"]}},
        ["asks would stop where D is set instead of D, d at careers (deceased)"],
    ),
    (
        {"read": {"R": ["boolean"], "S": ["picklist", "no = N", "yes = Y"], "T": ["text"]}},
        {"read": {"R": ["boolean", "invert = True"], "S": ["picklist", "no = Y", "yes = N"], "T": ["text"]}},
        [
            "R would be read as boolean, invert = True instead of boolean",
            "S would be read as picklist, no = Y, yes = N instead of picklist, no = N, yes = Y",
        ],
    ),
    (
        {"restriction": {"R": True, "S": True}, "carried": {"R to careers": "R", "r to Salesforce": "R", "S to careers": "S"}},
        {"restriction": {"R": True, "T": True}, "carried": {"r to Salesforce": "R", "T to careers": "T"}},
        ["S would no longer count as a restriction, whoever sets it", "the restriction R to careers would no longer be carried"],
    ),
    (
        {"counting": {"E__r": ["the latest by Y", "with Done in S"], "F__r": ["the earliest by Y"]}},
        {"counting": {"E__r": ["the latest by Y"], "G__r": ["the latest by Y"]}},
        ["of E__r, the latest by Y would count instead of the latest by Y, with Done in S"],
    ),
    (
        {"asks": {"ASK": ask("events", 2, confidential=True)}},
        {"asks": {"NEW": ask(), "ASK": ask("", 1)}},
        [
            "ASK would need no consent instead of events consent",
            "ASK would no longer be confidential: its texts would be stored",
            "ASK would need less clearance",
        ],
    ),
    (
        {
            "asks": {
                "WELFARE": ask("", 0, "complain", "hardship", "welfare", confidential=True),
                "GRIEF": ask("", 0, "grief", confidential=True),
            }
        },
        {"asks": {"WELFARE": ask("", 0, "welfare", confidential=True), "ASK": ask()}},
        [
            "asks called complain would no longer be confidential: their texts would be stored",
            "asks called hardship would no longer be confidential: their texts would be stored",
            "asks called grief would no longer be confidential: their texts would be stored",
        ],
    ),
    (
        {"asks": {"ASK": ask("events")}},
        {"asks": {"ASK": ask("surveys")}},
        ["ASK would need surveys consent instead of events consent"],
    ),
]

NO_WIDER: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (ALIKE, ALIKE),
    ({"shared": {"X as x": shared(stays=True)}}, {"shared": {"X as x": shared("events")}}),
    ({"shared": {"X as x": shared(stays=True)}}, {}),
    ({"written": {"W": True}}, {}),
    ({"owner": {"x": "alumni_relations"}}, {"owner": {"y": "career_services"}}),
    ({}, {"restriction": {"R": True}}),
    ({}, {"excluded": {"D": True}, "required": {"Q": True}}),
    ({}, {"class_year": {"from": 2000}}),
    ({}, {"class_year": {"from": 2000, "field": "Y"}}),
    ({"class_year": {"from": 2000}}, {"class_year": {"from": 2001, "field": "Y"}}),
    ({"consent": {"events": ["E"]}}, {"consent": {"surveys": ["E"]}}),
    ({"read": {"R": ["boolean"]}}, {"read": {"S": ["text"]}}),
    ({"asks": {"ASK": ask()}}, {"asks": {"ASK": ask("events", 1, confidential=True)}}),
    ({"asks": {"ASK": ask("events")}}, {"asks": {}}),
    (
        {"stops": {"deceased": ["D"], "do_not_contact": [None]}},
        {"stops": {"deceased": ["D", "d at careers"], "do_not_contact": ["N"]}},
    ),
    (
        {"asks": {"WELFARE": ask("", 0, "hardship", "welfare", confidential=True)}},
        {"asks": {"GRIEF": ask("", 0, "grief", "hardship", "welfare", confidential=True)}},
    ),
]


@pytest.mark.parametrize(("before", "after", "lines"), WIDER)
def test_each_widening_has_its_line(before: dict[str, Any], after: dict[str, Any], lines: list[str]) -> None:
    """Law (S24): all that the new mapping permits beyond the old is told, each in a line, and nothing besides."""
    assert wider(grants(**before), grants(**after)) == lines


@pytest.mark.parametrize(("before", "after"), NO_WIDER)
def test_what_is_no_widening_has_none(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Law (S24): a mapping that permits as much or less needs nobody's word."""
    assert wider(grants(**before), grants(**after)) == []


def test_each_system_is_measured_by_itself() -> None:
    """Law (S24): with several systems each line says of which it is; a new one is told, one that goes is not."""
    none, some = grants()["systems"]["careers"], grants(written={"W": True})["systems"]["careers"]
    asks = {"ASK": ask("events")}
    before: Grants = {"systems": {"gone": none, "a": none, "b": some}, "asks": asks}
    assert wider(before, {"systems": {"a": some}, "asks": asks}) == ["the bridge would write W on the career profile"]
    assert wider(before, {"systems": {"new": some, "a": some}, "asks": {"ASK": ask()}}) == [
        "new is a new career system: everything shared would go there, too",
        "the bridge would write W on the career profile (a)",
        "ASK would need no consent instead of events consent",
    ]


def transform(name: str) -> Transform:
    """A transform of this name that changes nothing."""
    return Transform(name=name, read=lambda native: native, write=lambda value: value)


def field(name: str) -> FieldRule:
    """A field that is ``NAME__c`` in Salesforce and ``name`` at careers."""
    here, there = transform("here"), transform("there")
    return FieldRule(
        name=name,
        label=name,
        crm=f"{name.upper()}__c",
        career=name,
        on_profile=False,
        crm_transform=here,
        career_transform=there,
    )


def unit(*names: str, owner: Owner = Owner.ALUMNI_RELATIONS, **settings: Any) -> Unit:
    """A unit of these fields."""
    return Unit(name=names[0], label=names[0], fields=tuple(map(field, names)), owner=owner, **settings)


def source(name: str) -> Source:
    """A field that is only read."""
    return Source(
        name=name,
        label=name,
        crm=f"{name.upper()}__c",
        career=None,
        crm_transform=transform("x"),
        career_transform=transform("x"),
    )


def rules(*units: Unit, **settings: Any) -> Rules:
    """A mapping of these units, everybody eligible."""
    alone: dict[str, Any] = {"eligibility": Eligibility(), "purposes": {}, "facts": {}}
    return replace(rulebook().person, units=units, **alone | settings)


def of_one(person: Rules) -> dict[str, Any]:
    """What a mapping of persons permits, without what it does not speak of."""
    found = permitted(Persons(usual=person), RequestRules(types=()), ["careers"])
    assert found["asks"] == {}
    assert found["systems"]["careers"].keys() == NOTHING.keys()
    return {kind: value for kind, value in found["systems"]["careers"].items() if value != NOTHING[kind]}


CAREER = Owner.CAREER_SERVICES
FORM = "here/there"
WAYS = {"A__c": ["here"], "a at careers": ["there"]}


@pytest.mark.parametrize(
    ("one", "permits"),
    [
        (unit("a"), {"shared": {"A__c as a": shared(form=FORM, stays=True)}}),
        (
            unit("a", "b", share=Share.CONSENTED, purpose="events", on_withdrawn=OnWithdrawn.CLEAR),
            {"shared": {"A__c as a": shared("events", FORM), "B__c as b": shared("events", FORM)}},
        ),
        (unit("a", purpose="events"), {"shared": {"A__c as a": shared(form=FORM, stays=True)}}),
        (unit("a", share=Share.NEVER), {}),
        (unit("a", to_career=Mode.SUGGEST), {}),
        (unit("a", to_career=Mode.OBSERVE), {}),
        (unit("a", owner=CAREER), {"written": {"A__c": True}}),
        (unit("a", "b", owner=CAREER, to_career=Mode.OBSERVE), {"written": {"A__c": True, "B__c": True}}),
        (unit("a", owner=CAREER, to_crm=Mode.OBSERVE), {}),
        (
            unit("a", share=Share.NEVER, other_office_edit=OutsideEdit.OPT_OUT_WINS, restrictive=True),
            {"restriction": {"A__c": True}, "read": WAYS, "carried": {"a to Salesforce": "A__c"}},
        ),
        (
            unit("a", "b", share=Share.NEVER, other_office_edit=OutsideEdit.OPT_OUT_WINS, to_career=Mode.OBSERVE),
            {
                "restriction": {"A__c": None, "B__c": None},
                "read": WAYS | {"B__c": ["here"], "b at careers": ["there"]},
                "carried": {"a to Salesforce": "A__c", "b to Salesforce": "B__c"},
            },
        ),
        (
            unit("a", other_office_edit=OutsideEdit.OPT_OUT_WINS, to_crm=Mode.SUGGEST),
            {
                "shared": {"A__c as a": shared(form=FORM, stays=True)},
                "restriction": {"A__c": None},
                "read": WAYS,
                "carried": {"A__c to careers": "A__c"},
            },
        ),
        (
            unit("a", share=Share.NEVER, other_office_edit=OutsideEdit.OPT_OUT_WINS, restrictive=False),
            {"restriction": {"A__c": False}, "read": WAYS, "carried": {"a to Salesforce": "A__c"}},
        ),
    ],
)
def test_what_a_unit_permits(one: Unit, permits: dict[str, Any]) -> None:
    """Law: a field of Alumni Relations is shared where it is written there and not kept back; one of careers is written here."""
    owners = {"owner": {rule.career: one.owner.value for rule in one.fields}}
    assert of_one(rules(one)) == owners | permits
    before = unit("z", share=Share.NEVER)
    assert of_one(rules(before, one)) == {**permits, "owner": {"z": "alumni_relations", **owners["owner"]}}


def test_whom_a_mapping_includes() -> None:
    """Law: who is left out and who is let in, and where consent stands, is part of what a mapping permits."""
    year = source("y")
    everybody = Eligibility(exclude=(source("d"), source("e")), require=(source("q"),), class_year=year, class_year_from=2000)
    assert of_one(rules(eligibility=everybody, purposes={"events": unit("c", "k")})) == {
        "excluded": {"D__c": True, "E__c": True},
        "required": {"Q__c": True},
        "class year": {"from": 2000, "field": "Y__c"},
        "consent": {"events": ["C__c", "K__c"]},
        "refused": {"events": False},
        "heard": {"c at careers": "events", "k at careers": "events"},
        "read": {
            **{f"{name}__c": ["here"] for name in "CK"},
            **{f"{name} at careers": ["there"] for name in "ck"},
            **{f"{name}__c": ["x"] for name in "DEQY"},
        },
    }
    assert of_one(rules(eligibility=Eligibility(class_year_from=2000))) == {}


def test_whom_asks_stop_for() -> None:
    """Law: what says that nobody may be asked, and how it is read, is part of what a mapping permits; other facts are not."""
    heard = replace(source("d"), career="d", career_transform=transform("y"))
    facts = {Fact.DECEASED: heard, Fact.DO_NOT_CONTACT: source("n"), Fact.COUNTRY: source("c")}
    assert of_one(rules(facts=facts)) == {
        "stops": {"deceased": ["D__c", "d at careers"], "do_not_contact": ["N__c"]},
        "read": {"D__c": ["x"], "N__c": ["x"], "d at careers": ["y"]},
    }


def test_a_condition_that_salesforce_does_not_know() -> None:
    """Law: what Salesforce has no field for lets nobody in, so that it counts, too; it has no name to be told by."""
    unknown = (replace(source("q"), crm=None),)
    read = {"read": {"": ["x"]}}
    assert of_one(rules(eligibility=Eligibility(require=unknown))) == {"required": {"": True}, **read}
    assert of_one(rules(eligibility=Eligibility(exclude=unknown))) == {"excluded": {"": True}, **read}


def test_which_record_beside_the_contact_counts() -> None:
    """Law: another record of the same person may say another thing, about a share as about an exclusion."""
    only = {"State__c": ("Done", "Left"), "Kind__c": ("PhD",)}
    latest = Related(
        path="E__r",
        object="E__c",
        label="e",
        link="Contact__c",
        fields=("Y__c",),
        choice=Choice(by="Y__c", latest=True, only=only),
    )
    first = replace(latest, path="F__r", choice=Choice(by="Y__c", latest=False))
    parent = replace(latest, path="Account", choice=None)
    counting = {
        "E__r": ["the latest by Y__c", "with PhD in Kind__c", "with Done or Left in State__c"],
        "F__r": ["the earliest by Y__c"],
    }
    assert of_one(rules(related=(latest, first, parent))) == {"counting": counting}


def test_a_consent_that_careers_do_not_know_is_read_in_one_place() -> None:
    """Law: how a consent is read is compared where it is read."""
    alone = unit("c")
    here = replace(alone, fields=tuple(replace(rule, career="") for rule in alone.fields))
    assert of_one(rules(purposes={"events": here})) == {
        "consent": {"events": ["C__c"]},
        "refused": {"events": False},
        "read": {"C__c": ["here"]},
    }


@pytest.mark.parametrize("kind", ["read", "stops", "carried", "counting"])
def test_a_release_that_did_not_write_down_all_of_it(kind: str) -> None:
    """Law: after an upgrade nothing is called wider that is as it was."""
    before = grants()
    del before["systems"]["careers"][kind]
    assert wider(before, grants(**ALIKE | {"shared": {}, "written": {}, "asks": {}})) == []


def test_what_asks_need() -> None:
    """Law: each kind of ask has its consent, whether it is confidential, and its clearance, of which more is a greater number."""
    some = [
        RequestType(
            code=f"K{number}",
            label="",
            direction=Direction.CAREERS_TO_ALUMNI,
            aliases=(),
            clearance=clearance,
            owner="desk",
            first_action_days=1,
            end_days=None,
            purpose=purpose,
            confidential=purpose is None,
        )
        for number, (clearance, purpose) in enumerate(
            [(ClearanceRule.NO, None), (ClearanceRule.NAMED, "events"), (ClearanceRule.ALWAYS, "surveys")]
        )
    ]
    assert permitted(Persons(usual=rules()), RequestRules(types=tuple(some)), []) == {
        "systems": {},
        "asks": {"K0": ask("", 0, "K0", "", confidential=True), "K1": ask("events", 1), "K2": ask("surveys", 2)},
    }


def test_each_system_has_what_its_mapping_permits() -> None:
    """Law: a system with a mapping of its own has the grants of that one."""
    persons = Persons(usual=rules(unit("a")), own={"law": rules(unit("b", share=Share.NEVER))})
    found = permitted(persons, RequestRules(types=()), ["careers", "law"])["systems"]
    assert {name: kinds["owner"] for name, kinds in found.items()} == {
        "careers": {"a": "alumni_relations"},
        "law": {"b": "alumni_relations"},
    }
