"""The corpus of mapping files: good ones load, each bad one is refused with exactly the text beside it."""

from __future__ import annotations

import os
import re
import resource
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from connector.core.document import MAX_BYTES, render_problems
from connector.core.model import Side
from connector.core.rulebook import Fact, Rulebook
from connector.errors import UserError
from connector.rules import load_rules
from tests.systems import MAPPINGS

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
KINDS = ("person", "requests", "routing")
BAD = sorted((HERE / "bad").glob("*.toml"))

Load = Callable[..., Rulebook]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load a folder of the minimal files, with one of them replaced by a file or by bytes."""

    def run(kind: str = "", replacement: Path | bytes = b"") -> Rulebook:
        for name in KINDS:
            shutil.copyfile(HERE / "good" / f"{name}-minimal.toml", tmp_path / f"{name}.toml")
        if kind:
            data = replacement if isinstance(replacement, bytes) else replacement.read_bytes()
            (tmp_path / f"{kind}.toml").write_bytes(data)
        return load_rules(tmp_path)

    return run


def refusal(load: Load, kind: str, replacement: Path | bytes) -> UserError:
    """The error of loading with this replacement."""
    with pytest.raises(UserError) as caught:
        load(kind, replacement)
    return caught.value


@pytest.mark.parametrize("path", sorted((HERE / "good").glob("*.toml")), ids=lambda path: path.stem)
def test_good_files_load(load: Load, path: Path) -> None:
    """Law: every file of the good corpus is accepted whole."""
    assert load(path.stem.split("-")[0], path).hash


def test_shipped_mappings_load() -> None:
    """Law: what we ship is right, and has all 25 request types of the taxonomy."""
    book = load_rules(ROOT / "mappings")
    assert len(book.requests.types) == 25
    assert {"career_asks", "mentoring", "events", "surveys"} == set(book.person.purposes)


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_each_bad_file_is_refused_with_its_text(load: Load, path: Path) -> None:
    """Law: one mistake gives one problem, with file, line, source, marker and cure, letter for letter (B6, B7, B10-B14, B22)."""
    error = refusal(load, path.stem.split("-")[0], path)
    rendered = render_problems(error.problems)
    expected = path.with_name(f"{path.stem}.expected.txt")
    if os.environ.get("WRITE_EXPECTED"):
        expected.write_text(rendered)
    assert rendered == expected.read_text()
    assert len(error.problems) == 1


def test_every_problem_that_the_compiler_knows_is_in_the_corpus() -> None:
    """Law: no check is without a file that hits it: removing the check must break a test."""
    sources = [*(ROOT / "connector" / "rules").glob("check*.py"), ROOT / "connector" / "rules" / "findings.py"]
    calls = {(source.stem, message) for source in sources for message in re.findall(r'"(M2\d\d)"', source.read_text())}
    hit = {
        code for path in BAD for code in re.findall(r"error\[(M\d{3})\]", path.with_name(f"{path.stem}.expected.txt").read_text())
    }
    assert {code for _, code in calls} <= hit
    assert {"M003", "M101", "M102", "M103", "M104", "M105", "M106"} <= hit


def test_all_problems_come_at_once(load: Load, tmp_path: Path) -> None:
    """Law: mistakes in three files, and several in one, are all in one error, in the order of file and line."""
    load()
    person = (tmp_path / "person.toml").read_text().replace('transform = "year"', 'transform = "yaer"')
    (tmp_path / "person.toml").write_text(person.replace('crm = "Consent__c"', 'crm = "Deceased__c"'))
    (tmp_path / "requests.toml").write_text(
        (tmp_path / "requests.toml").read_text().replace('owner = "triage"', 'owner = "nobody"')
    )
    (tmp_path / "routing.toml").write_text((tmp_path / "routing.toml").read_text().replace('country = "US"', 'country = "XX"'))
    with pytest.raises(UserError) as caught:
        load_rules(tmp_path)
    assert [(p.file, p.code) for p in caught.value.problems] == [
        ("person.toml", "M205"),
        ("person.toml", "M209"),
        ("requests.toml", "M201"),
        ("routing.toml", "M218"),
    ]


def test_a_broken_file_does_not_cause_false_problems_in_the_others(load: Load) -> None:
    """Law: references into a file that cannot be read are not reported as unknown."""
    error = refusal(load, "routing", b"not toml")
    assert [problem.code for problem in error.problems] == ["M003"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xef\xbb\xbfversion = 1\n", "M002"),
        ("version = 1\n".encode("utf-16"), "M002"),
        ('label = "Jos\xe9"\n'.encode("latin-1"), "M002"),
        (b"a = " + b"[" * 5000 + b"]" * 5000, "M004"),
        (b"a." * 3000 + b"a = 1\n", "M101"),
        (b"a = " + b"9" * 5000 + b"\n", "M004"),
        (b'a = "x\x00y"\n', "M003"),
        (b"# " + b"x" * MAX_BYTES + b"\n", "M001"),
        (b"", "M102"),
        (b'"" = 1\n', "M101"),
        (b'" " = 1\n', "M101"),
    ],
    ids=[
        "bom",
        "utf-16",
        "latin-1",
        "deep-array",
        "deep-key",
        "long-integer",
        "nul",
        "too-large",
        "empty",
        "empty-key",
        "blank-key",
    ],
)
def test_hostile_bytes_are_problems_and_never_tracebacks(load: Load, data: bytes, code: str) -> None:
    """Law: what the parser chokes on (recursion, digit limits, encodings) is told like any other mistake (B1-B5, B9, B29)."""
    error = refusal(load, "person", data)
    assert code in {problem.code for problem in error.problems}
    assert render_problems(error.problems)


def test_windows_line_ends_are_accepted(load: Load) -> None:
    """Law: CRLF files mean the same as LF files (B29)."""
    text = (HERE / "good" / "person-minimal.toml").read_bytes()
    assert load("person", text.replace(b"\n", b"\r\n")).hash == load("person", text).hash


def test_missing_and_unsafe_files_are_refused(load: Load, tmp_path: Path) -> None:
    """Law: a missing file, a folder, a named pipe and a file that everybody can change are problems of their own (B26, S24)."""
    load()
    target = tmp_path / "person.toml"
    target.chmod(0o666)
    with pytest.raises(UserError, match="M000 every user of this machine can change the file"):
        load_rules(tmp_path)
    target.unlink()
    with pytest.raises(UserError, match="M000 the file cannot be read"):
        load_rules(tmp_path)
    target.mkdir()
    with pytest.raises(UserError, match="M000 this is not a plain file"):
        load_rules(tmp_path)
    target.rmdir()
    os.mkfifo(target)
    with pytest.raises(UserError, match="M000 this is not a plain file"):
        load_rules(tmp_path)


def test_a_folder_that_cannot_be_listed_is_not_empty(load: Load, tmp_path: Path) -> None:
    """Law: where the files of systems cannot even be looked for, that is a problem; they are not taken for missing."""
    load()
    known = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, known[1]))  # nothing can be opened any more
    try:
        with pytest.raises(UserError, match="M000 the folder cannot be read: too many open files"):
            load_rules(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, known)


def test_the_hash_follows_the_meaning_and_not_the_text(load: Load) -> None:
    """Law: comments and spelled-out defaults do not change the hash; an owner, an order or a word of a picklist does."""
    text = (HERE / "good" / "person-minimal.toml").read_bytes()
    same = load("person", text).hash
    assert load("person", b"# a remark\n" + text.replace(b'label = "Deceased"', b'label   =   "Deceased"')).hash == same
    for old, new in (
        (b'"Available"', b'"Free"'),
        (b'transform = "email"\nshare', b'null = "ignore"\ntransform = "email"\nshare'),
    ):
        assert load("person", text.replace(old, new)).hash != same


def test_a_systems_own_mapping_has_every_consent_that_is_asked_for(tmp_path: Path) -> None:
    """Law: where a system's file lacks a purpose nobody's refusal of it would be heard there: it is a mistake, with its place."""
    for name in ("person.toml", "requests.toml", "routing.toml"):
        (tmp_path / name).write_bytes((MAPPINGS / name).read_bytes())
    own = (MAPPINGS / "person.toml").read_text()
    lines = own.splitlines(keepends=True)
    (tmp_path / "person-law.toml").write_text("".join(line for line in lines if not line.startswith("mentoring = ")))
    with pytest.raises(UserError) as refused:
        load_rules(tmp_path)
    (problem,) = refused.value.problems
    assert (problem.code, problem.file, problem.source) == ("M201", "person-law.toml", "[purposes]")
    assert "mentoring" in problem.cure
    (tmp_path / "person-law.toml").write_text(own)
    assert set(load_rules(tmp_path).persons.own) == {"law"}


@pytest.mark.parametrize(("held", "code"), [("United States", "US"), ("us", "US"), ("Atlantis", None), (None, None)])
def test_a_country_that_is_kept_as_it_stands_is_known_by_its_code(load: Load, held: str | None, code: str | None) -> None:
    """Law: routing.toml names countries by codes, whatever way the contact holds them in."""
    text = (HERE / "good" / "person-minimal.toml").read_bytes()
    plain = text.replace(b'crm = "MailingCountry"\ntransform = "country"\n', b'crm = "MailingCountry"\n')
    assert plain != text
    assert load("person", plain).persons.usual.facts[Fact.COUNTRY].read(Side.CRM, {"MailingCountry": held}) == code
