"""Composing a mapping file: only what an overlay says changes, and what lost its other half is put right."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from connector.rules.compose import compose

MAPPINGS = Path(__file__).parents[2] / "mappings"
PERSON = (MAPPINGS / "person.toml").read_text()


def laid(overlay: str, *more: str) -> dict[str, Any]:
    """What ``person.toml`` says once these overlays lie over it."""
    return tomllib.loads(compose("person", PERSON, overlay, *more))


@pytest.mark.parametrize("name", ["person", "requests", "routing"])
def test_nothing_said_is_nothing_changed(name: Any) -> None:
    """Law: an overlay that says nothing about a file leaves it letter for letter."""
    text = (MAPPINGS / f"{name}.toml").read_text()
    assert compose(name, text) == compose(name, text, "") == text


def test_a_value_takes_the_place_of_another() -> None:
    """Law: what an overlay says counts, everything else stays, and the order of the file does too."""
    text = compose("person", PERSON, '[field.employer]\ncrm = "Firm__c"\nurgent = true\n')
    expected = tomllib.loads(PERSON)
    expected["field"]["employer"] |= {"crm": "Firm__c", "urgent": True}
    assert tomllib.loads(text) == expected
    assert list(tomllib.loads(text)["field"]) == list(expected["field"])


def test_a_later_overlay_wins() -> None:
    """Law: overlays are laid in their order."""
    first, second = '[field.employer]\ncrm = "First__c"\n', '[field.employer]\ncrm = "Second__c"\n'
    assert laid(first, second)["field"]["employer"]["crm"] == "Second__c"
    assert laid(second, first)["field"]["employer"]["crm"] == "First__c"


def test_comments_survive() -> None:
    """Law: comments of the file stay, those of an overlay stand with what they are about, its opening beside the file's own."""
    overlay = '# About the overlay.\n\n# About the employer.\n[field.employer]\n# Inside.\ncrm = "Firm__c"  # beside\n'
    text = compose("person", PERSON, overlay)
    comments = [line for line in PERSON.splitlines() if line.startswith("#")]
    assert [line for line in text.splitlines() if line.startswith("#") and line in comments] == comments
    assert '# About the employer.\n[field.employer]\n# Inside.\nlabel = "Employer"\ncrm = "Firm__c"  # beside\n' in text
    assert text.index("# About the overlay.") < text.index("version = 1")


def test_a_new_table_comes_behind_the_one_above_it() -> None:
    """Law: what an overlay adds stands where the overlay's order says; without a neighbour, behind the last of its kind."""
    text = compose("person", PERSON, '[field.title]\n\n[read.rank]\nlabel = "Rank"\ncrm = "Rank__c"\n')
    names = [line for line in text.splitlines() if line.startswith("[")]
    assert names[names.index("[field.title]") + 1] == "[read.rank]"
    alone = compose("person", PERSON, '[read.rank]\nlabel = "Rank"\ncrm = "Rank__c"\n')
    names = [line for line in alone.splitlines() if line.startswith("[")]
    assert names[names.index("[read.login_email]") + 1] == "[read.rank]"


def test_an_empty_text_takes_away() -> None:
    """Law: a key, or a whole table with all that refers to it."""
    said = laid('[field.preferred_name]\nurgent = ""\n\n[read]\nlogin_email = ""\n')
    assert "urgent" not in said["field"]["preferred_name"]
    assert set(said["read"]) == {"institution_id", "preferred_email"}
    assert "login_email" not in said["match"]["emails"]


@pytest.mark.parametrize("use", ["match", "facts", "purposes", "eligibility"])
def test_what_is_needed_is_still_read(use: str) -> None:
    """Law: a field without a place in careers becomes a reading where somebody looks at it, without what only fields have."""
    name = {"match": "phone_home", "facts": "degree", "purposes": "consent_events", "eligibility": "do_not_contact"}[use]
    said = laid(f'[field.{name}]\ncareer = ""\n')
    before = tomllib.loads(PERSON)
    assert name not in said["field"]
    kept = {"label", "crm", "transform", "crm_transform", "career_transform"}
    assert said["read"][name] == {key: value for key, value in before["field"][name].items() if key in kept}
    assert said[use] == before[use]


def test_what_is_not_needed_goes() -> None:
    """Law: a field with one place that nobody looks at goes, with its name in the suggestion of new contacts."""
    said = laid('[field.linkedin_url]\ncareer = ""\n')
    assert "linkedin_url" not in said["field"]
    assert "linkedin_url" not in said["read"]
    assert "linkedin_url" not in said["new_contact"]["units"]


def test_the_crm_must_know_what_only_the_crm_is_asked_for() -> None:
    """Law: of a field that careers alone have, nothing is left but what recognises people."""
    said = laid('[field.degree]\ncrm = ""\n\n[field.major]\ncrm = ""\n')
    assert "degree" not in said["facts"]
    assert "school" not in said["facts"]
    assert said["match"]["major"] == "major"
    assert said["read"]["major"] == {"label": "Major", "career": "major"}
    assert "degree" not in said["read"]


def test_groups_and_picklists_of_nobody_go() -> None:
    """Law: no table is left that no field names, nor the headline of a section in which nothing is left."""
    names = ("interests", "industries", "mentor_availability", "mentor_capacity", "outcome", "outcome_as_of")
    text = compose("person", PERSON, "".join(f'[field.{name}]\ncareer = ""\n\n' for name in names))
    said = tomllib.loads(text)
    assert "picklist" not in said
    assert set(said["group"]) == {"legal_name", "emails", "mailing_address", "employment"}
    assert "What Career Services own" not in text
    assert "# The career system's word" not in text


def test_each_file_gets_its_own_part() -> None:
    """Law: tables named after another file speak of that file alone."""
    overlay = "[requests.type.BOARD_SEAT]\nend_days = 7\n\n[routing.limit]\ndays = 3\n"
    assert compose("person", PERSON, overlay) == PERSON
    requests = tomllib.loads(compose("requests", (MAPPINGS / "requests.toml").read_text(), overlay))
    assert requests["type"]["BOARD_SEAT"]["end_days"] == 7
    routing = tomllib.loads(compose("routing", (MAPPINGS / "routing.toml").read_text(), overlay))
    assert routing["limit"] == {"max_asks": 1, "days": 3, "max_per_year": 3}
    assert len(routing["rule"]) == 4


def test_lists_of_tables_are_refused() -> None:
    """Law: an overlay that tries to change rules by position is a defect of ours, told when it is laid."""
    with pytest.raises(ValueError, match="no lists of tables"):
        compose("routing", "version = 1\n", '[[routing.rule]]\nname = "x"\n')
