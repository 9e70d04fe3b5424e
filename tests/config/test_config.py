"""The configuration: the example is complete, each mistake has its text, and no secret is ever echoed."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from connector.addresses import address_fault, my_domain_fault
from connector.bootstrap import career_faults
from connector.career.profile import load_profile
from connector.career.setup import carrier_of
from connector.config import SECRETS, Settings, load_settings
from connector.core.document import render_problems
from connector.errors import UserError

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
OPTIONAL = re.compile(r"^# (?=[a-z_]+ = )", re.MULTILINE)
INSTEAD = re.compile(r"^## ([a-z_]+) = (.*)$", re.MULTILINE)
CANARY = "s3cret-canary-0123456789"


def write(folder: Path, text: str) -> Path:
    """A configuration file with this text."""
    path = folder / "config.toml"
    path.write_text(text)
    return path


def changed(old: str, new: str, *, everything: bool = False) -> str:
    """The example with one piece replaced; with ``everything``, all optional settings are there."""
    text = EXAMPLE.read_text()
    if everything:
        text = OPTIONAL.sub("", text)
    assert old in text, old
    return text.replace(old, new, 1)


def refusal(folder: Path, text: str) -> UserError:
    """The error of loading this text."""
    with pytest.raises(UserError) as caught:
        load_settings(write(folder, text), career_faults=career_faults)
    return caught.value


def keys_of(model: type[BaseModel], prefix: str = "") -> set[str]:
    """Every setting of a model as section.key."""
    found: set[str] = set()
    for name, field in model.model_fields.items():
        inner = field.annotation
        options = [inner, *get_args(inner)]
        table = next((option for option in options if isinstance(option, type) and issubclass(option, BaseModel)), None)
        found |= keys_of(table, f"{name}.") if table else {f"{prefix}{name}"}
    return found


def keys_in(text: str) -> set[str]:
    """Every setting that stands in a text, commented or not, as section.key."""
    section, found = "", set()
    for line in text.splitlines():
        header = re.match(r"\[+([a-z]+)\]+$", line)
        setting = re.match(r"(?:#{1,2} )?([a-z_]+) = ", line)
        if header:
            section = header[1]
        elif setting:
            found.add(f"{section}.{setting[1]}")
    return found


def test_the_example_has_every_setting_and_no_other() -> None:
    """Law: a setting that is added to the code is added to the example, and none is there that does nothing."""
    assert keys_in(EXAMPLE.read_text()) == keys_of(Settings) - {"crm.api_version"}


def test_the_example_loads_as_it_is() -> None:
    """Law: the example is right, and its relative paths start from its folder."""
    settings = load_settings(EXAMPLE)
    assert settings.bridge.mappings == EXAMPLE.parent / "mappings"
    assert settings.requests.start_at == datetime(2026, 9, 1, tzinfo=UTC)
    assert settings.primary.system == "careers"


def test_the_example_loads_with_every_optional_setting(tmp_path: Path) -> None:
    """Law: each optional setting is written as it must be written."""
    text, count = OPTIONAL.subn("", EXAMPLE.read_text())
    assert count > 25
    settings = load_settings(write(tmp_path, text))
    assert settings.crm.ca_file == tmp_path / "ca.pem"
    assert settings.pilot.class_years == (2024, 2025)


def test_the_version_that_configurations_of_before_name_changes_nothing(tmp_path: Path) -> None:
    """Law: ``api_version``, which the example once had, is accepted and has no effect."""
    plain = load_settings(write(tmp_path, EXAMPLE.read_text()))
    assert load_settings(write(tmp_path, changed('# login = "jwt"', 'api_version = "67.0"'))) == plain


def test_optional_settings_show_their_defaults(tmp_path: Path) -> None:
    """Law: uncommenting what the example calls a default changes nothing."""
    examples = {"ca_file", "folder", "proxy", "command", "webhook", "accounts", "class_years", "primary"}
    text = OPTIONAL.sub("", EXAMPLE.read_text())
    shown = load_settings(write(tmp_path, text)).model_dump()
    default = load_settings(write(tmp_path, EXAMPLE.read_text())).model_dump()
    sections = {
        name: (shown[name], default[name]) for name in ("bridge", "state", "crm", "schedule", "alerts", "status", "pilot")
    }
    # How requests travel is the profile's to say where the file does not.
    first = carrier_of(load_profile("generic"), None)
    sections["career[0]"] = (shown["career"][0], default["career"][0] | {"requests": first})
    for section, (values, defaults) in sections.items():
        for key, value in values.items():
            assert key in examples or value == defaults[key], f"{section}.{key}"


@pytest.mark.parametrize(
    ("login", "drop", "add"),
    [
        ("client_credentials", ("username", "private_key"), "consumer_secret"),
        ("token", ("consumer_key", "username", "private_key"), "access_token"),
    ],
)
def test_the_alternatives_of_the_example_load(tmp_path: Path, login: str, drop: tuple[str, ...], add: str) -> None:
    """Law: what stands with ## in the example works instead of what it replaces."""
    text = INSTEAD.sub(lambda found: f"{found[1]} = {found[2]}" if found[1] == add else "", EXAMPLE.read_text())
    text = re.sub(rf"^(?:{'|'.join(drop)}) = .*\n", "", text, flags=re.MULTILINE).replace('# login = "jwt"', f'login = "{login}"')
    assert load_settings(write(tmp_path, text)).crm.login == login


def test_postgresql_instead_of_sqlite(tmp_path: Path) -> None:
    """Law: the state is in one place; both at once is a mistake."""
    text = EXAMPLE.read_text().replace("## postgresql", "postgresql")
    assert load_settings(write(tmp_path, text)).state.postgresql == "credential:state_url"
    error = refusal(tmp_path, text.replace("# sqlite", "sqlite"))
    assert [problem.code for problem in error.problems] == ["C205"]


# Types, infinities, unknown keys, intervals, addresses.
WRONG = (
    ("# lab = false", 'lab = "false"', "C103", "lab"),
    ("# budget = 0.8", "budget = 0.0", "C105", "budget"),
    ("# budget = 0.8", "budget = 1.5", "C105", "budget"),
    ("# budget = 0.8", "budget = inf", "C103", "budget"),
    ("# budget = 0.8", "budget = nan", "C103", "budget"),
    ("# overlap_seconds = 30", "overlap_seconds = 0", "C105", "overlap_seconds"),
    ("# overlap_seconds = 30", "overlap_seconds = 0.5", "C103", "overlap_seconds"),
    ("# page_size = 2000", "page_size = 2001", "C105", "page_size"),
    ("# page_size = 2000", 'page_size = "2000"', "C103", "page_size"),
    ("# cycle_seconds = 60", "cycle_seconds = -1", "C105", "cycle_seconds"),
    ("# cycle_seconds = 60", "cycle_seconds = 1_000_000_000_000", "C105", "cycle_seconds"),
    ("# cycle_seconds = 60", "cycle_seconds = true", "C103", "cycle_seconds"),
    ("# cycle_seconds = 60", "cycle_second = 60", "C101", "cycle_second"),
    ("# warn_minutes = 15", "warn_minutes = 60", "C204", "critical"),
    ("# lease_seconds = 600", "lease_seconds = 60", "C204", "lease"),
    ('# sweep = "0 3 * * sun"', 'sweep = "weekly"', "C106", "schedule"),
    ('# sweep = "0 3 * * sun"', 'sweep = "0 3 31 2 *"', "C106", "never"),
    ('# time_zone = "UTC"', 'time_zone = "Mars/Olympus"', "C106", "time zone"),
    ('environment = "test"', 'environment = "staging"', "C104", "test, production"),
    ('environment = "test"', "", "C102", "environment"),
    ('# mappings = "mappings"', 'mappings = "~/mappings"', "C106", '"~"'),
    ('# mappings = "mappings"', 'mappings = ""', "C106", "path"),
    ("start_at = 2026-09-01T00:00:00Z", "start_at = 2026-09-01T00:00:00", "C106", "zone"),
    ("start_at = 2026-09-01T00:00:00Z", 'start_at = "2026-09-01T00:00:00Z"', "C103", "date and time"),
    ("start_at = 2026-09-01T00:00:00Z", "", "C102", "start_at"),
    ('system = "careers"', 'system = "Careers Office"', "C106", "name of a system"),
    ('# login = "jwt"', 'api_version = "61.0"', "C104", "67.0"),
    ("# class_years = [2024, 2025]", 'class_years = ["2024"]', "C103", "class_years"),
    ('# login = "jwt"', 'login = "password"', "C104", "client_credentials"),
    ('username = "bridge@example.edu"\n', "", "C201", "username"),
    ('## access_token = "env:CRM_ACCESS_TOKEN"', 'access_token = "env:CRM_ACCESS_TOKEN"', "C201", "access_token"),
    ("https://careers.example.edu/bridge/v1", "http://careers.example.edu/bridge/v1", "C202", "https"),
    ("https://careers.example.edu/bridge/v1", "https://user@careers.example.edu", "C202", "user name"),
    ("https://careers.example.edu/bridge/v1", "https://169.254.169.254/latest", "C202", "public host"),
    ("https://careers.example.edu/bridge/v1", "https://2130706433/", "C202", "public host"),
    ("https://careers.example.edu/bridge/v1", "https://[::1]/", "C202", "public host"),
    ("https://careers.example.edu/bridge/v1", "https://127.0.0.1:8443/", "C202", "443"),
    ("https://careers.example.edu/bridge/v1", "https://careers.example.edu./", "C202", "public host"),
    ("https://careers.example.edu/bridge/v1", "https://c\u0430reers.example.edu/", "C202", "letters"),
    ("https://careers.example.edu/bridge/v1", "https://xn--creers-3nf.example.edu/", "C202", "look-alikes"),
    ("https://careers.example.edu/bridge/v1", "https://careers.example.edu:22/", "C202", "443"),
    ("https://careers.example.edu/bridge/v1", "file:///etc/passwd", "C202", "https"),
    ("https://careers.example.edu/bridge/v1", "https://careers.example.edu/../admin", "C202", "parts"),
    ("https://careers.example.edu/bridge/v1", "https://careers.example.edu/#x", "C202", "parts"),
    ("https://careers.example.edu/bridge/v1", "https://intranet.local/", "C202", "public host"),
    ("https://careers.example.edu/bridge/v1", "https://[bad", "C202", "not an address"),
    ("https://example.my.salesforce.com", "https://login.salesforce.com", "C202", "My Domain"),
    ("https://example.my.salesforce.com", "https://example.my.salesforce.com.evil.example", "C202", "My Domain"),
    ("https://example.my.salesforce.com", "https://example.my.salesforce.com/services", "C202", "path"),
    ('# proxy = "http://proxy.example.edu:8080"', 'proxy = "http://me:pw@proxy:1"', "C202", "proxy"),
    ('# proxy = "http://proxy.example.edu:8080"', 'proxy = "http://proxy.example.edu:80800"', "C202", "proxy"),
    ('# proxy = "http://proxy.example.edu:8080"', 'proxy = "http://proxy.example.edu:00"', "C202", "proxy"),
    ('# proxy = "http://proxy.example.edu:8080"', 'proxy = "http://proxy..example.edu:8080"', "C202", "proxy"),
    ('# proxy = "http://proxy.example.edu:8080"', 'proxy = "http://-:8080"', "C202", "proxy"),
)


@pytest.mark.parametrize(("old", "new", "code", "word"), WRONG, ids=[f"{code}-{new[:40]}" for _, new, code, _ in WRONG])
def test_each_mistake_has_its_problem(tmp_path: Path, old: str, new: str, code: str, word: str) -> None:
    """Law: one mistake is one problem, of the expected kind, saying where and what to do (B6-B8, B11, B25, B27, B28, S18)."""
    error = refusal(tmp_path, changed(old, new))
    assert [problem.code for problem in error.problems] == [code]
    assert word in render_problems(error.problems)
    assert error.problems[0].cure
    assert error.problems[0].line > 0


@pytest.mark.parametrize("key", sorted(SECRETS))
@pytest.mark.parametrize("value", [f'"{CANARY}"', f'"{CANARY}', f'["{CANARY}"]', f'{{ x = "{CANARY}" }}', f'"env:{CANARY} x"'])
def test_an_inline_secret_is_refused_and_never_echoed(tmp_path: Path, key: str, value: str) -> None:
    """Law: whatever is wrong with a secret's line, the report does not repeat it (S7, B28)."""
    text = OPTIONAL.sub("", EXAMPLE.read_text()).replace(f"## {key} = ", f"{key} = ")
    text, count = re.subn(rf"^{key} = .*$", lambda _: f"{key} = {value}", text, flags=re.MULTILINE)
    assert count == 1
    error = refusal(tmp_path, text)
    assert CANARY not in render_problems(error.problems)
    assert CANARY not in str(error)


def test_a_secret_under_a_misspelt_key_is_not_echoed(tmp_path: Path) -> None:
    """Law: an unknown key may hold a secret, so its line stays out of the report."""
    rendered = render_problems(refusal(tmp_path, changed("key = ", f'kee = "{CANARY}"\nkey = ')).problems)
    assert "unknown key" in rendered
    assert CANARY not in rendered


def test_a_password_in_an_address_is_not_echoed(tmp_path: Path) -> None:
    """Law: the line of an address with a user name stays out of the report."""
    error = refusal(tmp_path, changed("https://careers.example.edu", f"https://me:{CANARY}@careers.example.edu"))
    assert CANARY not in render_problems(error.problems)


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    """Law: the administrator is not sent back twice for mistakes of one kind."""
    text = changed('environment = "test"', 'environment = "tset"').replace("# page_size = 2000", "page_size = 1")
    error = refusal(tmp_path, text.replace('system = "careers"', 'sistem = "careers"'))
    assert sorted(problem.code for problem in error.problems) == ["C101", "C102", "C104", "C105"]


def test_lab_is_for_tests_on_this_machine_only(tmp_path: Path) -> None:
    """Law: lab opens the loopback and nothing else, and never in production."""
    text = changed("https://example.my.salesforce.com", "https://127.0.0.1:8443").replace("# lab = false", "lab = true", 1)
    assert load_settings(write(tmp_path, text)).crm.lab
    error = refusal(tmp_path, text.replace('environment = "test"', 'environment = "production"'))
    assert [problem.code for problem in error.problems] == ["C202"]
    error = refusal(tmp_path, text.replace("127.0.0.1", "10.0.0.1"))
    assert {problem.code for problem in error.problems} == {"C202"}


SECOND = '\n[[career]]\nsystem = "{}"\nurl = "https://two.example.edu"\nkey = "env:TWO"\n{}\n[schedule]'


@pytest.mark.parametrize(
    ("first", "name", "second", "codes"),
    [
        ("primary = true", "two", "", []),
        ("", "two", "primary = true", []),
        ("", "two", "", ["C203"]),
        ("primary = true", "crm", "", ["C203"]),
        ("primary = true", "tasks", "", ["C203"]),
        ("primary = true", "two", "primary = true", ["C203"]),
        ("primary = true", "careers", "", ["C203"]),
    ],
)
def test_exactly_one_system_is_primary(tmp_path: Path, first: str, name: str, second: str, codes: list[str]) -> None:
    """Law: with several systems one is primary, and no two share a name."""
    text = changed("# primary = true", first).replace("\n[schedule]", SECOND.format(name, second))
    path = write(tmp_path, text)
    if codes:
        assert [problem.code for problem in refusal(tmp_path, text).problems] == codes
    else:
        assert load_settings(path).primary.primary


def test_no_two_systems_share_a_folder(tmp_path: Path) -> None:
    """Law: each would take the other's tables for its own; one that has requests alone there is no exception."""
    shared = SECOND.format("two", 'folder = "exchange"')
    text = changed("# primary = true", "primary = true").replace('# folder = "exchange"', 'folder = "./exchange"')
    assert [problem.code for problem in refusal(tmp_path, text.replace("\n[schedule]", shared)).problems] == ["C203"]
    apart = load_settings(write(tmp_path, text.replace("\n[schedule]", shared.replace("exchange", "other"))))
    assert len({system.folder for system in apart.career}) == 2


def test_no_two_systems_are_one_site(tmp_path: Path) -> None:
    """Law: of a site that is named twice each ask would become two Tasks; another part of its people is another system."""
    text = changed("# primary = true", "primary = true")
    known = tomllib.loads(text)["career"][0]["url"]
    same = SECOND.format("two", "").replace("https://two.example.edu", f"{known.upper().replace('HTTPS', 'https')}/")
    assert [problem.code for problem in refusal(tmp_path, text.replace("\n[schedule]", same)).problems] == ["C203"]
    other = same.replace("\n[schedule]", '\n[career.settings]\nalumni_words = "JD"\n\n[schedule]')
    assert len(load_settings(write(tmp_path, text.replace("\n[schedule]", other))).career) == 2


@pytest.mark.parametrize(
    "data", [b"\xef\xbb\xbf[bridge]", b"\xff\xfe[\x00", b"a = " + b"[" * 5000, b"a = " + b"9" * 5000, b"\x00", b"\xe9"]
)
def test_hostile_bytes_are_problems(tmp_path: Path, data: bytes) -> None:
    """Law: whatever the file holds, it is a problem with a cure, never a traceback (B1-B4, B29)."""
    path = tmp_path / "config.toml"
    path.write_bytes(data)
    with pytest.raises(UserError) as caught:
        load_settings(path)
    assert {problem.code for problem in caught.value.problems} <= {"C002", "C003", "C004"}


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    """Law: no configuration is a mistake like any other, and its cure says how to name one or make one (B26)."""
    with pytest.raises(UserError, match="C000") as caught:
        load_settings(tmp_path / "config.toml")
    assert all(word in caught.value.problems[0].cure for word in ("--config", "ALUMNI_BRIDGE_CONFIG", "alumni-bridge init"))


@given(st.text() | st.text().map(lambda rest: f"https://{rest}") | st.text().map(lambda rest: f"https://example.edu{rest}"))
def test_judging_an_address_is_total(url: str) -> None:
    """Law: every text is either an address that we may talk to or one with a reason; what passes has a public host name (B25)."""
    if address_fault(url, lab=False) is None:
        assert re.match(r"https://[a-zA-Z0-9.-]+(?::443)?(?:/|$)", url)
    assert address_fault("https://example.edu:443/api", lab=False) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://uni.my.salesforce.com",
        "https://uni.my.salesforce.com/",
        "https://uni--test.sandbox.my.salesforce.com",
        "https://uni-dev-ed.develop.my.salesforce.com",
    ],
)
def test_my_domain_forms(url: str) -> None:
    """Law: production, test and developer orgs are all reached by their My Domain."""
    assert address_fault(url, lab=False) is None
    assert my_domain_fault(url) is None


def test_the_quotes_of_the_only_choice_are_shown(tmp_path: Path) -> None:
    """Law: what is to be written is shown as it is to be written: a version in quotes is not the same as a number."""
    (problem,) = refusal(tmp_path, changed('# login = "jwt"', "api_version = 67.0")).problems
    assert (problem.message, problem.cure) == ('"api_version" must be "67.0"', 'write "67.0", with the quotes')


def test_an_unknown_profile_is_told_where_it_is_named(tmp_path: Path) -> None:
    """Law: a misspelt profile is a mistake of config.toml, with its line there and the name that was probably meant."""
    (problem,) = refusal(tmp_path, changed('# profile = "generic"', 'profile = "hivebright"')).problems
    assert (problem.code, problem.file, problem.line > 0, "hivebrite" in problem.cure) == ("C207", "config.toml", True, True)


@pytest.mark.parametrize("name", [".", "missing.toml"])
def test_a_file_that_cannot_be_read_is_named_whole(tmp_path: Path, name: str) -> None:
    """Law: whoever is told that a file cannot be read is told which one, from the root or from where they are."""
    with pytest.raises(UserError) as caught:
        load_settings(tmp_path / name)
    assert [(problem.code, problem.file) for problem in caught.value.problems] == [("C000", str(tmp_path / name))]
    with pytest.raises(UserError) as caught:
        load_settings(Path())
    assert [problem.file for problem in caught.value.problems] == ["."]
