"""The mapping decides what leaves the institution: it cannot be widened in silence."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.administration import local_checks
from connector.bootstrap import Bridge
from connector.core.grants import Grants, permitted, wider
from connector.core.model import Mode, OnWithdrawn, Owner, Share, Unit
from connector.core.rulebook import Persons, Rulebook
from connector.daemon import MAPPING_PROBLEM, Daemon
from connector.engine import permission
from connector.engine.cycle import prepare
from connector.errors import Halt
from connector.rules import load_rules
from connector.store import journal
from connector.store.store import get_meta, set_meta
from tests.engine.university import University
from tests.systems import MAPPINGS, SYSTEM

SHIPPED = load_rules(MAPPINGS)


def edited(folder: Path, file: str, *pieces: str) -> Rulebook:
    """The shipped mapping with pieces of one file replaced, each old piece by the new one after it."""
    target = folder / "mappings"
    shutil.copytree(MAPPINGS, target)
    path = target / file
    text = path.read_text()
    for old, new in zip(pieces[::2], pieces[1::2], strict=True):
        assert old in text, old
        text = text.replace(old, new, 1)
    path.write_text(text)
    return load_rules(target)


def grants(rules: Rulebook, systems: tuple[str, ...] = (SYSTEM,)) -> Grants:
    """What a mapping permits."""
    return permitted(rules.persons, rules.requests, systems)


BIRTH = 'transform = "date"\nshare = "never"'
NEW = '[field.first_name]\nlabel = "First name"'
WIDER: dict[str, tuple[str, tuple[str, ...], str]] = {
    "never becomes always": (
        "person.toml",
        (BIRTH, 'transform = "date"'),
        "Birthdate as birth_date would go to careers (always)",
    ),
    "never becomes consented": (
        "person.toml",
        (BIRTH, 'transform = "date"\nshare = "consented"\npurpose = "events"'),
        "Birthdate as birth_date would go to careers (with consent for events)",
    ),
    "consent no longer needed": (
        "person.toml",
        ('share = "consented"\npurpose = "career_asks"\non_withdrawn = "clear"', ""),
        "MailingStreet as address.street would go to careers always, until now with consent for career_asks",
    ),
    "another consent": (
        "person.toml",
        ('share = "consented"\npurpose = "career_asks"\non_withdrawn', 'share = "consented"\npurpose = "events"\non_withdrawn'),
        "with consent for events, until now with consent for career_asks",
    ),
    "another field": ("person.toml", ('crm = "Title"', 'crm = "Department"'), "Department as title would go to careers"),
    "another place": ("person.toml", ('career = "title"', 'career = "headline"'), "Title as headline would go to careers"),
    "a new field": (
        "person.toml",
        (NEW, '[field.salary]\nlabel = "Salary"\ncrm = "Salary__c"\ncareer = "salary"\n\n' + NEW),
        "Salary__c as salary would go to careers",
    ),
    "kept after consent": ("person.toml", ('on_withdrawn = "clear"', 'on_withdrawn = "keep"'), "would stay with careers after"),
    "nobody excluded": ("person.toml", ('exclude = ["deceased", ', "exclude = ["), "people with Deceased__c set would no longer"),
    "an exclusion read the other way round": (
        "person.toml",
        ('career = "deceased"\ntransform = "boolean"', 'career = "deceased"\ntransform = { name = "boolean", invert = true }'),
        "Deceased__c would be read as boolean, invert = true instead of boolean",
    ),
    "a restriction that careers are not told": (
        "person.toml",
        ("opt_out_global = true", 'opt_out_global = true\nto_career = "observe"'),
        "the restriction Do_Not_Contact__c to careers would no longer be carried",
    ),
    "other words for a consent": (
        "person.toml",
        ('{ name = "boolean", yes = "Yes", no = "No" }', '{ name = "boolean", yes = "Yes", no = "Unknown" }'),
        'Consent_Career_Asks__c would be read as boolean, no = "Unknown", yes = "Yes" instead of boolean, no = "No", yes = "Yes"',
    ),
    "a restriction at careers read the other way round": (
        "person.toml",
        (
            'career = "do_not_contact"\ntransform = "boolean"',
            'career = "do_not_contact"\ncrm_transform = "boolean"\ncareer_transform = { name = "boolean", invert = true }',
        ),
        "do_not_contact at careers would be read as boolean, invert = true instead of boolean",
    ),
    "a field becomes writable": (
        "person.toml",
        (NEW, '[field.badge]\nlabel = "Badge"\nprofile = "Badge__c"\ncareer = "badge"\nowner = "career_services"\n\n' + NEW),
        "the bridge would write Badge__c on the career profile",
    ),
    "another consent for an ask": (
        "requests.toml",
        ('purpose = "mentoring"', 'purpose = "surveys"'),
        "MENTOR_PROGRAM would need surveys consent instead of mentoring consent",
    ),
    "less clearance": ("requests.toml", ('named_needs_clearance = "named"', ""), "MENTOR_PROGRAM would need less clearance"),
    "no longer confidential": ("requests.toml", ('confidential = true\npointer = "', '# "'), "would no longer be confidential"),
}


@pytest.mark.parametrize(("file", "pieces", "told"), WIDER.values(), ids=WIDER)
def test_every_widening_is_seen(tmp_path: Path, file: str, pieces: tuple[str, ...], told: str) -> None:
    """Law (S24): what shares, writes or asks more than before is named; the way back is not."""
    before, after = grants(SHIPPED), grants(edited(tmp_path, file, *pieces))
    assert any(told in line for line in wider(before, after)), wider(before, after)
    assert not any(told in line for line in wider(after, before))


def test_a_new_system_is_a_widening() -> None:
    """Law (S24): everything that is shared would go to a career system that is added, too."""
    assert wider(grants(SHIPPED), grants(SHIPPED, (SYSTEM, "second"))) == [
        "second is a new career system: everything shared would go there, too"
    ]


def test_a_systems_own_mapping_is_compared_with_what_held_for_it() -> None:
    """Law (S24): a system that gets a mapping of its own is measured by the one that held for it before, exclusions too."""
    usual = SHIPPED.person
    eligible = replace(usual.eligibility, exclude=usual.eligibility.exclude[1:])
    systems = (SYSTEM, "law")
    before = permitted(SHIPPED.persons, SHIPPED.requests, systems)
    same = permitted(Persons(usual=usual, own={"law": replace(usual)}), SHIPPED.requests, systems)
    less = permitted(Persons(usual=usual, own={"law": replace(usual, eligibility=eligible)}), SHIPPED.requests, systems)
    assert wider(before, same) == []
    assert wider(before, less) == ["people with Deceased__c set would no longer be excluded (law)"]


@pytest.mark.parametrize(
    ("file", "pieces"),
    [
        ("person.toml", ('label = "First name"', 'label = "Given name"')),
        ("person.toml", ("[field.degree]", "[field.degree]\nurgent = true")),
        ("person.toml", ('share = "consented"\npurpose = "career_asks"\non_withdrawn', 'share = "never"\non_withdrawn')),
        ("routing.toml", ("attach_within_days = 30", "attach_within_days = 10")),
        ("requests.toml", ('named_needs_clearance = "named"', 'named_needs_clearance = "always"')),
    ],
    ids=["label", "urgent", "shares less", "routing", "more clearance"],
)
def test_other_changes_need_no_word(tmp_path: Path, file: str, pieces: tuple[str, ...]) -> None:
    """Law (S24): a change that permits as much or less is taken up as it is."""
    assert wider(grants(SHIPPED), grants(edited(tmp_path, file, *pieces))) == []


@st.composite
def units(draw: st.DrawFn) -> Unit:
    """A unit of the shipped mapping under other settings."""
    unit = SHIPPED.person.unit("preferred_name")
    share = draw(st.sampled_from(Share))
    return replace(
        unit,
        owner=draw(st.sampled_from(Owner)),
        share=share,
        purpose=draw(st.sampled_from(["events", "surveys"])) if share is Share.CONSENTED else None,
        to_career=draw(st.sampled_from(Mode)),
        to_crm=draw(st.sampled_from(Mode)),
        on_withdrawn=draw(st.sampled_from(OnWithdrawn)),
    )


def bases(unit: Unit) -> set[str]:
    """Under which circumstances the value of this unit may stand in a career system because of us."""
    if unit.owner is not Owner.ALUMNI_RELATIONS or unit.to_career is not Mode.WRITE or unit.share is Share.NEVER:
        return set()
    given = {unit.purpose} if unit.share is Share.CONSENTED else {"events", "surveys", "nothing"}
    return {f"{one} given" for one in given} | (
        {f"{one} withdrawn" for one in given} if unit.on_withdrawn is OnWithdrawn.KEEP else set()
    )


@given(units(), units())
def test_silent_widening_is_impossible(old: Unit, new: Unit) -> None:
    """Law (S24): whatever two settings of a field: if the new may put its value where the old could not, that is named."""
    rules = [replace(SHIPPED.person, units=(one,)) for one in (old, new)]
    found = wider(*(permitted(Persons(usual=person), SHIPPED.requests, (SYSTEM,)) for person in rules))
    if not bases(new) <= bases(old) or old.owner is not new.owner:
        assert found
    if old == new:
        assert not found


@pytest.fixture
def uni(tmp_path: Path) -> University:
    """One alumna on both sides, linked; the bridge is live."""
    uni = University(state=tmp_path / "state.db")
    uni.ada = uni.alumna(birth="1990-01-01")[0]
    uni.edit_contact(uni.ada, Birthdate="1990-01-01")
    uni.go_live()
    return uni


def under(uni: University, rules: Rulebook) -> None:
    """A new process under another mapping."""
    uni.rules = rules
    uni.restart()


def test_a_wider_mapping_waits_for_a_word(uni: University, tmp_path: Path) -> None:
    """Law (S24): a mapping that permits more is not taken into force: nothing is read or written under it before."""
    wide = edited(tmp_path, "person.toml", BIRTH, 'transform = "date"')
    under(uni, wide)
    with pytest.raises(Halt, match="Birthdate as birth_date would go to careers") as caught:
        uni.prepare()
    assert "alumni-bridge apply" in caught.value.remedy
    check = dict(local_checks(uni.bridge()))["mapping: permits no more than was confirmed"]
    with pytest.raises(Halt):
        check()
    with uni.ctx.store.begin() as db:
        permission.confirm(uni.ctx, db)
        assert journal.count(db, "mapping.confirmed") == 1
    check()
    uni.prepare()
    uni.run()
    assert uni.account("a1")["birth_date"] == "1990-01-01"


def test_the_daemon_stays_with_the_narrower_one(uni: University, tmp_path: Path) -> None:
    """Law (S24): while it runs, the daemon goes on under the mapping in force and tells why; a confirmed one is taken up."""
    wide = edited(tmp_path, "person.toml", BIRTH, 'transform = "date"')
    daemon = Daemon(under_files(uni, tmp_path / "mappings"))
    daemon._refresh()
    with uni.ctx.store.begin() as db:
        assert "permits more" in (get_meta(db, MAPPING_PROBLEM) or "")
        assert daemon._bridge.rulebook.hash == SHIPPED.hash
        permission.confirm(replace(uni.ctx, persons=wide.persons, requests=wide.requests, rules_hash=wide.hash), db)
    daemon._refresh()
    with uni.ctx.store.begin() as db:
        assert get_meta(db, MAPPING_PROBLEM) is None
    assert daemon._bridge.rulebook.hash == wide.hash


def test_another_mapping_keeps_the_ways_to_both_sides(uni: University, tmp_path: Path) -> None:
    """Law (I36): who takes up another mapping forgets no session, no limit and no pause that a side has told of."""
    edited(tmp_path, "person.toml", 'other_office_edit = "suggest"', 'other_office_edit = "refuse"')
    daemon = Daemon(under_files(uni, tmp_path / "mappings"))
    before = daemon._bridge
    daemon._refresh()
    after = daemon._bridge
    assert after.rulebook.hash != before.rulebook.hash
    assert (after.client, after.context.careers) == (before.client, before.context.careers)


def under_files(uni: University, mappings: Path) -> Bridge:
    """The bridge as the daemon wires it, under another folder of mapping files."""
    bridge = uni.bridge()
    settings = bridge.settings
    return replace(
        bridge, settings=settings.model_copy(update={"bridge": settings.bridge.model_copy(update={"mappings": mappings})})
    )


def test_before_going_live_every_mapping_is_a_draft(tmp_path: Path) -> None:
    """Law (S24): an installation that only observes changes its mapping freely; going live is what confirms it."""
    uni = University(state=tmp_path / "state.db")
    uni.prepare()
    under(uni, edited(tmp_path, "person.toml", BIRTH, 'transform = "date"'))
    uni.prepare()
    uni.go_live()
    under(uni, SHIPPED)
    uni.prepare()
    under(uni, load_rules(tmp_path / "mappings"))
    with pytest.raises(Halt):
        uni.prepare()


def test_an_installation_of_yesterday_goes_on(uni: University) -> None:
    """Law (S24): a live state that never wrote down what its mapping permits begins with the one it finds."""
    with uni.ctx.store.begin() as db:
        set_meta(db, "grants", None)
    uni.prepare()
    with uni.ctx.store.begin() as db:
        assert get_meta(db, "grants") is not None


def test_a_rehearsal_takes_nothing_into_force(uni: University, tmp_path: Path) -> None:
    """Law (S24): `plan` shows what a wider mapping would do, and leaves the one in force in force."""
    with uni.ctx.store.begin() as db:
        known = get_meta(db, "grants")
    under(uni, edited(tmp_path, "person.toml", BIRTH, 'transform = "date"'))
    prepare(uni.ctx, "mapping", rehearsal=True)
    with uni.ctx.store.begin() as db:
        assert get_meta(db, "grants") == known
