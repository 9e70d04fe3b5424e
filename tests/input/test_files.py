"""Bad mapping files and configurations (B1-B30): what the corpora of ``tests/rules`` and ``tests/config`` do not try."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from connector.administration import remote_checks
from connector.bootstrap import Surroundings, open_crm_wire
from connector.config import load_settings
from connector.core.document import MAX_BYTES, render_problems
from connector.core.rulebook import Rulebook
from connector.engine.context import key_of
from connector.errors import Halt, UserError
from connector.rules import load_rules
from connector.salesforce.auth import Instances, JwtBearer
from connector.secrets import read_secret
from connector.wire import Wire, open_session
from emulator.inprocess import mount
from tests.engine.university import University
from tests.salesforce.orgs import FakeClock
from tests.systems import CRM_HOST, MAPPINGS

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
Edit = Callable[..., Path]


@pytest.fixture
def edited(tmp_path: Path) -> Edit:
    """The shipped mapping with pieces of person.toml replaced, each old piece by the new one after it."""

    def edit(*pieces: str) -> Path:
        folder = tmp_path / "mappings"
        shutil.copytree(MAPPINGS, folder)
        path = folder / "person.toml"
        text = path.read_text()
        for old, new in zip(pieces[::2], pieces[1::2], strict=True):
            assert old in text, old
            text = text.replace(old, new, 1)
        path.write_text(text)
        return folder

    return edit


def codes(folder: Path) -> list[str]:
    """The problems of a mapping."""
    with pytest.raises(UserError) as caught:
        load_rules(folder)
    assert all(problem.cure and problem.file for problem in caught.value.problems)
    return [problem.code for problem in caught.value.problems]


def university(rules: Rulebook) -> University:
    """An org and a career system under another mapping, prepared as far as the mapping lets it."""
    return University(rules=rules)


def config(folder: Path, old: str = "", new: str = "") -> Path:
    """The example configuration with one piece replaced."""
    text = EXAMPLE.read_text()
    assert old in text, old
    path = folder / "config.toml"
    path.write_text(text.replace(old, new, 1))
    return path


@pytest.mark.parametrize("filler", ["# {}\n", "x{} = 1\n"], ids=["one long comment", "a million keys"])
def test_a_huge_file_is_refused_before_it_is_parsed(tmp_path: Path, filler: str) -> None:
    """Law (B5): a file above the cap is refused within a moment, whatever stands in it, and is never read whole."""
    path = tmp_path / "config.toml"
    piece = filler.format("y" * 100 if filler.startswith("#") else "{}")
    path.write_text("".join(piece.format(number) for number in range(2 * MAX_BYTES // len(piece))))
    begun = time.process_time()
    with pytest.raises(UserError, match="C001"):
        load_settings(path)
    assert time.process_time() - begun < 1


@pytest.mark.parametrize(
    ("new", "code"),
    [
        ("cycle_seconds = 60.0", "C103"),
        ("cycle_seconds = 1979-05-27", "C103"),
        ("cycle_seconds = 1979-05-27T07:32:00", "C103"),
        ('cycle_seconds = "0o74"', "C103"),
        ("cycle_seconds = [60]", "C103"),
    ],
)
def test_a_number_is_a_number(tmp_path: Path, new: str, code: str) -> None:
    """Law (B7, B8): nothing is taken for a number that TOML does not call a whole number."""
    with pytest.raises(UserError) as caught:
        load_settings(config(tmp_path, "# cycle_seconds = 60", new))
    assert [problem.code for problem in caught.value.problems] == [code]


@pytest.mark.parametrize("new", ["0o74", "6_0", "0x3c", "0b111100", "+60"])
def test_every_way_to_write_a_number_counts(tmp_path: Path, new: str) -> None:
    """Law (B8): what TOML knows as a whole number is that number, however it is written."""
    assert load_settings(config(tmp_path, "# cycle_seconds = 60", f"cycle_seconds = {new}")).schedule.cycle_seconds == 60


@pytest.mark.parametrize("key", ["\u0441rm", "crm\u200b", "c\u0301rm", "\uff43rm", "Crm", ""])
def test_a_key_that_only_looks_right_is_refused(edited: Edit, key: str) -> None:
    """Law (B9, B10): a key in another alphabet, with unseen letters or in capitals is unknown, not quietly another key."""
    found = codes(edited('crm = "Title"', f'"{key}" = "Title"'))
    assert found
    assert set(found) <= {"M101", "M106", "M202", "M203"}


def test_no_field_goes_round_in_circles(edited: Edit) -> None:
    """Law (B12, B16): two fields never meet in one place on either side, so that no value can come back to where it was."""
    circle = '\n[field.back]\nlabel = "Back"\nprofile = "Outcome__c"\ncareer = "title"\nowner = "career_services"\n'
    assert "M205" in codes(
        edited('[field.first_name]\nlabel = "First name"', circle + '[field.first_name]\nlabel = "First name"')
    )


def test_a_second_owner_is_a_second_key(edited: Edit) -> None:
    """Law (B13): a field with two owners cannot be written down."""
    twice = 'crm = "Title"\nowner = "alumni_relations"\nowner = "career_services"'
    assert codes(edited('crm = "Title"', twice)) == ["M003"]


@pytest.mark.parametrize("owner", ["Alumni_Relations", "alumni relations", "\u0430lumni_relations", "both", ""])
def test_a_misspelt_owner_owns_nothing(edited: Edit, owner: str) -> None:
    """Law (B13, I5): an owner that is not exactly one of the two offices is refused."""
    found = codes(edited('crm = "Title"', f'crm = "Title"\nowner = "{owner}"'))
    assert set(found) <= {"M104", "M106"}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"calculated": True, "createable": False, "updateable": False}, "not writable"),
        ({"autoNumber": True, "createable": False, "updateable": False}, "not writable"),
        ({"createable": True, "updateable": False}, "not writable"),
        ({"type": "encryptedstring"}, "encrypted"),
    ],
    ids=["formula", "auto number", "read only", "encrypted"],
)
def test_what_cannot_be_written_is_found_before_it_is_tried(uni: University, changes: dict[str, object], why: str) -> None:
    """Law (B15): a mapped column of the career profile that is computed, numbered, read-only or masked is named."""
    for name, value in changes.items():
        uni.crm.change_field("Career_Profile__c", "Interests__c", **{name: value})
    with pytest.raises(Halt) as caught:
        uni.prepare()
    assert f"Career_Profile__c.Interests__c ({why})" in caught.value.subject


def test_keys_are_made_of_references_alone(uni: University) -> None:
    """Law (B17, I11): a request's key is the same whatever it says and whenever it is read, and holds nothing of it."""
    id = uni.file(title="Jane Roe would like to meet")
    uni.run()
    first = uni.one("Career_Request__c")["Key__c"]
    uni.lose_state()
    answer = uni.call("k-pat", "PATCH", f"/requests/{id}", {"title": "Another title", "text": "Another text"})
    assert answer[0] == 200
    uni.clock.move(timedelta(days=3))
    uni.go_live()
    assert uni.one("Career_Request__c")["Key__c"] == first == key_of("request", "careers", id)
    assert re.fullmatch(r"[0-9a-f]{40}", first)


def test_a_key_that_is_not_unique_stops_us(uni: University) -> None:
    """Law (B18): where the org lets our key occur twice, nothing is written: a Task could be doubled."""
    uni.crm.change_field("Suggested_Change__c", "Key__c", unique=False, externalId=False)
    with pytest.raises(Halt, match="what the mapping needs") as caught:
        uni.prepare()
    assert "Suggested_Change__c.Key__c (not a unique external id that we can set)" in caught.value.subject


def test_words_that_the_org_does_not_have_are_named(edited: Edit) -> None:
    """Law (B19): a word of the mapping's picklist that is none of the org's active values is told by `check`, with its field."""
    uni = university(load_rules(edited('available = "Available"', 'available = "Availible"')))
    checks = dict(remote_checks(uni.bridge()))
    with pytest.raises(Halt) as caught:
        checks["Salesforce: words of the picklists"]()
    assert caught.value.subject == "Career_Profile__c.Mentor_Availability__c: Availible"
    dict(remote_checks(university(load_rules(MAPPINGS)).bridge()))["Salesforce: words of the picklists"]()


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('crm = "Title"', 'crm = "title"', "Contact.title (spelt Title)"),
        ('crm = "Title"', 'crm = "Interests__c"', "Contact.Interests__c (missing)"),
        ('crm = "Employer__c"', 'crm = "hed__Employer__c"', "Contact.hed__Employer__c (missing)"),
        ('profile = "Outcome__c"', 'profile = "outcome__C"', "Career_Profile__c.outcome__C (spelt Outcome__c)"),
    ],
    ids=["case", "other object", "namespace", "case on the profile"],
)
def test_a_field_is_found_under_its_own_name_only(edited: Edit, old: str, new: str, named: str) -> None:
    """Law (B20): a field of another object, without its namespace or in other capitals is named, and never read as empty."""
    uni = university(load_rules(edited(old, new)))
    with pytest.raises(Halt) as caught:
        uni.prepare()
    assert named in caught.value.subject


def test_offices_are_named_never_numbered(tmp_path: Path) -> None:
    """Law (B21): queues are known by name; an id, of 15 or 18 letters, of this org or another, is no name of a queue."""
    shutil.copytree(MAPPINGS, tmp_path / "mappings")
    path = tmp_path / "mappings" / "routing.toml"
    text = path.read_text()
    assert 'queue = "' in text
    name = text.partition('queue = "')[2].partition('"')[0]
    for id in ("00G5e000001AbCd", "00G5e000001AbCdEAK", "00G5e000001AbC'"):
        path.write_text(text.replace(f'queue = "{name}"', f'queue = "{id}"', 1))
        assert codes(tmp_path / "mappings") == ["M106"]


HOSTILE = (
    "__class__",
    "().__class__.__base__",
    "{0.__globals__}",
    "'{0.__globals__}'.format(x)",
    "9**9**9",
    "'a'*10**9",
    "[x for x in range(10**9)]",
    "lambda x: x",
    "(x := 1)",
    "f'{x}'",
    "\u1d5c\uff45xt",
    "text" * 200_000,
    "(a+)+$",
    "import os",
    "${jndi:ldap://x}",
    "{{ 7*7 }}",
    "`id`",
    "$(id)",
    "%s%s%s%n",
)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("place", ["transform", "region", "picklist", "purpose"])
def test_a_mapping_is_data(edited: Edit, place: str, text: str) -> None:
    """Law (B22): an expression is no word that the mapping knows, wherever it stands; nothing is evaluated (S22)."""
    lines = {
        "transform": f'transform = "{text}"',
        "region": f'transform = {{ name = "phone", region = "{text}" }}',
        "picklist": f'picklist = "{text}"',
        "purpose": f'share = "consented"\npurpose = "{text}"',
    }
    folder = edited('crm = "Title"', f'crm = "Title"\n{lines[place]}')
    begun = time.process_time()
    with pytest.raises(UserError) as caught:
        load_rules(folder)
    render_problems(caught.value.problems)
    assert time.process_time() - begun < 1


@pytest.mark.parametrize("name", ["session_id", "bulk", "_call_salesforce", "headers", "__class__", "apexecute"])
def test_a_field_named_like_our_own_parts_is_only_a_name(edited: Edit, name: str) -> None:
    """Law (B23): a field that is named like an attribute of the client is looked for in the org, and not found there."""
    folder = edited('crm = "Title"', f'crm = "{name}"')
    if name.startswith("_"):
        assert codes(folder) == ["M106"]
        return
    uni = university(load_rules(folder))
    with pytest.raises(Halt) as caught:
        uni.prepare()
    assert f"Contact.{name} (missing)" in caught.value.subject


@pytest.mark.parametrize(
    "text",
    ["Id' OR Name != '", "Id\\", "Na%e", "Na_e__", "Id\nFROM User", "Id -- x", "Id } UNION", "x" * 100_000, "{Id:literal}"],
)
def test_no_piece_of_a_query_comes_from_a_file(edited: Edit, text: str) -> None:
    """Law (B24): what is not an API name never becomes a field of a query."""
    quoted = text.replace("\\", "\\\\").replace("\n", "\\n")
    assert set(codes(edited('crm = "Title"', f'crm = "{quoted}"'))) == {"M106"}


@pytest.mark.parametrize(
    "content", [None, b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_an_authority_that_cannot_be_used_is_a_mistake(tmp_path: Path, content: bytes | None) -> None:
    """Law (B26): a file of trusted authorities that is missing or holds none is told as such."""
    if content is not None:
        (tmp_path / "ca.pem").write_bytes(content)
    settings = load_settings(config(tmp_path, '# ca_file = "ca.pem"', 'ca_file = "ca.pem"'))
    with pytest.raises(UserError) as caught:
        open_crm_wire(settings.crm, settings.crm.my_domain, Surroundings())
    assert [problem.code for problem in caught.value.problems] == ["C206"]


PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, *, passphrase: bytes = b"") -> bytes:
    lock = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)


PUBLIC = PRIVATE.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def login_with(uni: University, path: Path) -> JwtBearer:
    """A login by JWT whose private key is in this file; the org holds the certificate of ``PRIVATE``."""
    user = uni.org.record(uni.bridge_user)
    assert user is not None
    uni.crm.connected_app("jwt", certificate=PUBLIC)
    session = open_session()
    mount(session, uni.crm_app, "https://")
    clock = FakeClock(moment=uni.clock.now())
    return JwtBearer(
        Wire(session, CRM_HOST, clock, side="crm"),
        Instances(my_domain=CRM_HOST),
        clock,
        consumer_key="jwt",
        username=user["Username"],
        private_key=read_secret(f"file:{path}", {}),
        unique=lambda: "1",
    )


@pytest.mark.parametrize(
    ("data", "good"),
    [
        (_pem(PRIVATE), True),
        (_pem(PRIVATE).replace(b"\n", b"\r\n"), True),
        (_pem(PRIVATE, passphrase=b"x"), False),
        (_pem(ec.generate_private_key(ec.SECP256R1())), False),
        (PUBLIC, False),
        (b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", False),
    ],
    ids=["good", "crlf", "passphrase", "other kind", "public", "certificate"],
)
def test_a_key_that_cannot_sign_is_told_apart(uni: University, tmp_path: Path, data: bytes, good: bool) -> None:  # noqa: FBT001 - a parameter of the table
    """Law (B26): a key with a passphrase, of another kind, or a certificate stops the login with the cure; CRLF is fine."""
    path = tmp_path / "server.key"
    path.touch(mode=0o600)
    path.write_bytes(data)
    login = login_with(uni, path)
    if good:
        assert login.token().access.reveal()
        return
    with pytest.raises(Halt, match="private key") as caught:
        login.token()
    assert "RSA" in caught.value.remedy


def test_files_that_contradict_each_other_are_refused_together(tmp_path: Path) -> None:
    """Law (B30): what one mapping file names and another does not have is a problem of the first."""
    shutil.copytree(MAPPINGS, tmp_path / "mappings")
    routing = tmp_path / "mappings" / "routing.toml"
    text = routing.read_text()
    assert "[owner.triage]" in text
    routing.write_text(text.replace("[owner.triage]", "[owner.somebody]", 1))
    with pytest.raises(UserError) as caught:
        load_rules(tmp_path / "mappings")
    assert {problem.code for problem in caught.value.problems} == {"M201"}
    assert {problem.file for problem in caught.value.problems} >= {"requests.toml"}


def test_an_include_is_an_unknown_key(tmp_path: Path) -> None:
    """Law (B30): a configuration cannot draw in another one, so that none can draw in itself."""
    with pytest.raises(UserError) as caught:
        load_settings(config(tmp_path, "[bridge]", 'include = "config.toml"\n\n[bridge]'))
    assert [problem.code for problem in caught.value.problems] == ["C101"]
