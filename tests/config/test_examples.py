"""What `init` puts into a folder to begin with."""

from __future__ import annotations

import shutil
import tomllib
from itertools import product
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connector.administration import mapping_page
from connector.beginning import Wanted, composed, flavours, platforms, shipped, write_files
from connector.bootstrap import career_faults, open_bridge
from connector.career.profile import load_profile
from connector.cli import app
from connector.config import Career, load_settings
from connector.errors import UserError
from connector.rules import load_rules


@pytest.mark.parametrize("platform", platforms())
def test_eda_from_source_has_no_prefix(tmp_path: Path, platform: str) -> None:
    """Law: where EDA came without its package, no name in the mapping has the package's prefix, and the mapping is whole."""
    write_files(tmp_path / "new", Wanted(platform=platform, flavour="eda", packaged=False))
    assert "hed__" not in (tmp_path / "new" / "mappings" / "person.toml").read_text()
    person = load_rules(tmp_path / "new" / "mappings").person
    assert [one.object for one in person.related if one.choice] == ["Program_Enrollment__c"]


@pytest.mark.parametrize(("platform", "flavour"), list(product(platforms(), flavours())))
def test_every_combination_compiles(tmp_path: Path, platform: str, flavour: str) -> None:
    """Law: whatever an administrator begins with is whole, and is a plain mapping that knows of no other file."""
    written = write_files(tmp_path / "new", Wanted(platform=platform, flavour=flavour))
    assert tmp_path / "new" / "config.toml" in written
    assert load_rules(tmp_path / "new" / "mappings").person.units
    career = tomllib.loads((tmp_path / "new" / "config.toml").read_text())["career"]
    assert [system["profile"] for system in career] == [platform]


@pytest.mark.parametrize("platform", platforms())
def test_a_configuration_to_begin_with_asks_for_what_is_missing(platform: str) -> None:
    """Law: it says what the platform's profile needs and nothing that it does not use; only values are left to fill in."""
    text = composed(Wanted(platform=platform))["config.toml"]
    needed = [setting.label for setting in load_profile(platform).settings.values() if setting.required and not setting.secret]
    (table,) = tomllib.loads(text)["career"]
    told = list(career_faults(Career.model_validate(table)))
    assert [cure.partition(": ")[2] for _, _, cure in told] == needed


def test_the_example_is_the_generic_contract_on_plain_salesforce() -> None:
    """Law: without a word about platform and flavour the mapping files are those that we ship, letter for letter."""
    mappings = shipped() / "mappings"
    files = composed(Wanted())
    assert all(
        files[f"mappings/{name}.toml"] == (mappings / f"{name}.toml").read_text() for name in ("person", "requests", "routing")
    )


_MADE_UP = """
# A system that knows people by one address, and nothing of consents or mentors.

[derived]
career = []

[read]
login_email = ""

[read.institution_id]
career = "number"

[field.email_university]
career = "mail"

[field.email_personal]
career = ""

[field.email_work]
career = ""

[field.consent_career_asks]
career = ""

[field.consent_mentoring]
career = ""

[field.consent_events]
career = ""

[field.consent_surveys]
career = ""

[field.mentor_availability]
career = ""

[field.mentor_capacity]
career = ""

[field.deceased]
career = ""

[requests.type.SHADOW_VISIT]
aliases = ["visit"]
"""


@pytest.mark.parametrize("flavour", flavours())
def test_a_platform_with_less_is_composed_too(tmp_path: Path, flavour: str) -> None:
    """Law: a platform is a file in a folder, and nothing else; consents that it lacks are still obeyed as the CRM has them."""
    root = tmp_path / "shipped"
    shutil.copytree(shipped() / "mappings", root / "mappings")
    shutil.copy(shipped() / "config.example.toml", root)
    (root / "mappings" / "platforms").mkdir(exist_ok=True)
    (root / "mappings" / "platforms" / "made_up.toml").write_text(_MADE_UP)
    assert "made_up" in platforms(root)
    write_files(tmp_path / "new", Wanted(platform="made_up", flavour=flavour), root=root)
    rules = load_rules(tmp_path / "new" / "mappings")
    assert set(rules.person.purposes) == {"career_asks", "mentoring", "events", "surveys"}
    consent = rules.person.purposes["mentoring"]
    assert consent.name not in {unit.name for unit in rules.person.units}
    assert [unit.name for unit in rules.person.units if unit.purpose == "career_asks"]
    assert {source.name for source in rules.person.reads} >= {"deceased", "email_work", "consent_mentoring"}
    assert rules.requests.by_word("visit") is not None
    assert rules.requests.by_word("site visit") is None


@pytest.mark.parametrize(("platform", "flavour", "known"), [("elsewhere", "plain", "generic"), ("generic", "elsewhere", "npsp")])
def test_what_there_is_not_is_named(tmp_path: Path, platform: str, flavour: str, known: str) -> None:
    """Law: an unknown platform or flavour is refused with what there is, and nothing is written."""
    with pytest.raises(UserError) as refused:
        write_files(tmp_path / "new", Wanted(platform=platform, flavour=flavour))
    assert [problem.code for problem in refused.value.problems] == ["C302"]
    assert known in refused.value.problems[0].cure
    assert not (tmp_path / "new").exists()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """A file that is there stays as it is, and then nothing at all is written; each one is named."""
    (tmp_path / "config.toml").write_text("mine")
    with pytest.raises(UserError) as refused:
        write_files(tmp_path)
    assert [problem.file for problem in refused.value.problems] == [str(tmp_path / "config.toml")]
    assert (tmp_path / "config.toml").read_text() == "mine"
    assert not (tmp_path / "mappings").exists()


def test_a_file_where_the_folder_goes_is_told_before_anything_is_written(tmp_path: Path) -> None:
    """Law: half an installation is none; a file that is called like a folder of ours stops it before the first file."""
    (tmp_path / "mappings").write_text("mine")
    with pytest.raises(UserError) as refused:
        write_files(tmp_path)
    assert [problem.file for problem in refused.value.problems] == [str(tmp_path / "mappings")]
    assert [path.name for path in tmp_path.iterdir()] == ["mappings"]


def test_a_further_career_system_gets_a_mapping_of_its_own(tmp_path: Path) -> None:
    """Law: `init --system` adds one file to what is there, and the folder is whole with it."""
    write_files(tmp_path)
    assert write_files(tmp_path, Wanted(platform="12twenty"), system="law") == [tmp_path / "mappings" / "person-law.toml"]
    persons = load_rules(tmp_path / "mappings").persons
    assert [rule.career for _, rule in persons.of("law").rules() if rule.name == "last_name"] == ["LastName"]
    assert persons.of("careers") is persons.usual


def test_a_mapping_for_no_system_is_told(tmp_path: Path) -> None:
    """Law: the file of a misspelt system would leave the system itself to person.toml, which may share more; nothing begins."""
    write_files(tmp_path)
    write_files(tmp_path, system="careerz")
    with pytest.raises(UserError) as refused, open_bridge(load_settings(tmp_path / "config.toml")):
        pass
    assert [(problem.code, problem.file) for problem in refused.value.problems] == [("M201", "person-careerz.toml")]
    assert '"careers"' in refused.value.problems[0].cure
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("words", [("docs", "mapping"), ("package", "zip", "package.zip")])
def test_nothing_is_made_of_a_mapping_for_no_system(
    tmp_path: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law: what is signed or deployed follows from the mapping that the bridge would use; a folder is taken as it is."""
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path)
    write_files(tmp_path, system="careerz")
    made = CliRunner().invoke(app, words)
    assert isinstance(made.exception, UserError)
    assert [(problem.code, problem.file) for problem in made.exception.problems] == [("M201", "person-careerz.toml")]
    assert not (tmp_path / "package.zip").exists()
    assert "`careerz`" in CliRunner().invoke(app, ("docs", "mapping", "--mappings", "mappings")).stdout


def test_a_further_system_needs_an_installation(tmp_path: Path) -> None:
    """Law: `init --system` adds to what is there; where nothing is, a lone file would look like a beginning."""
    with pytest.raises(UserError) as refused:
        write_files(tmp_path / "nowhere", system="law")
    assert [problem.code for problem in refused.value.problems] == ["C305"]
    assert not (tmp_path / "nowhere").exists()


def test_the_page_that_is_signed_says_what_happens(tmp_path: Path) -> None:
    """Law: what only observes does not go out, on the page, either; and no label, whatever is in it, breaks its table."""
    write_files(tmp_path)
    path = tmp_path / "mappings" / "person.toml"
    text = path.read_text().replace("[field.deceased]", '[field.deceased]\nto_career = "observe"', 1)
    path.write_text(text.replace('label = "Deceased"', 'label = "Dead | gone\\nfor good"', 1))
    rows = [line for line in mapping_page(load_rules(tmp_path / "mappings")).splitlines() if line.startswith("| Dead")]
    assert len(rows) == 1
    assert rows[0].startswith(
        "| Dead \\| gone for good | Dead \\| gone for good | alumni relations | not now (to_career = observe) |"
    )


@pytest.mark.parametrize("name", ["person_law.toml", "persons-law.toml", "person-law.TOML", "Person-law.toml", "personlaw.toml"])
def test_a_misspelt_file_of_persons_is_told(tmp_path: Path, name: str) -> None:
    """Law: a file that looks like a mapping of persons is read, or it is a mistake: nobody takes one for in force that is not."""
    write_files(tmp_path)
    shutil.copy(tmp_path / "mappings" / "person.toml", tmp_path / "mappings" / name)
    with pytest.raises(UserError, match="this file is not read") as refused:
        load_rules(tmp_path / "mappings")
    assert [(problem.code, problem.file) for problem in refused.value.problems] == [("M201", name)]
    assert "person-SYSTEM.toml" in refused.value.problems[0].cure


@pytest.mark.parametrize(("system", "code"), [("Law", "C106"), ("../law", "C106"), ("7law", "C106"), ("contacts", "C203")])
def test_no_mapping_is_begun_for_what_cannot_be_a_system(tmp_path: Path, system: str, code: str) -> None:
    """Law: `init --system` takes the names that config.toml takes and no others, and writes nothing for another."""
    with pytest.raises(UserError) as refused:
        write_files(tmp_path / "new", system=system)
    assert [(problem.code, problem.file) for problem in refused.value.problems] == [(code, "--system")]
    assert not (tmp_path / "new").exists()
    assert list(tmp_path.iterdir()) == []
