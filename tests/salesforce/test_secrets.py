"""Where secrets may come from, and that they do not show."""

from __future__ import annotations

import os
import pickle
import traceback
from pathlib import Path

import pytest

from connector.errors import UserError
from connector.secrets import Secret, read_secret

CANARY = "canary-5f1d"


def code_of(reference: str, environ: dict[str, str] | None = None) -> str:
    """The problem that reading this reference meets."""
    with pytest.raises(UserError) as raised:
        read_secret(reference, environ or {})
    assert CANARY not in "".join(traceback.format_exception(raised.value))
    return raised.value.problems[0].code


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A private key file as it should be."""
    tmp_path.chmod(0o700)
    path = tmp_path / "server.key"
    path.write_text(CANARY + "\n")
    path.chmod(0o600)
    return path


def test_secret_does_not_show() -> None:
    """No usual way of printing, formatting or storing shows a secret (S8)."""
    secret = Secret(CANARY)
    assert CANARY not in f"{secret} {secret!r} {[secret]} {secret!s:>20}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert not hasattr(secret, "__dict__")
    assert secret.reveal() == CANARY
    assert secret == Secret(CANARY)
    assert secret != Secret("other")


def test_sources(key: Path) -> None:
    """A credential, a file and an environment variable each give the text without its final line break (S7)."""
    assert read_secret(f"file:{key}", {}).reveal() == CANARY
    environ = {"CREDENTIALS_DIRECTORY": str(key.parent), "SF_KEY": CANARY}
    assert read_secret("credential:server.key", environ).reveal() == CANARY
    found = read_secret("env:SF_KEY", environ)
    assert (found.reveal(), found.origin) == (CANARY, "env")


@pytest.mark.parametrize("text", [CANARY, f"-----BEGIN {CANARY}", f"vault:{CANARY}", "env:", ":", ""])
def test_inline_secret_is_refused_without_echo(text: str) -> None:
    """A secret written into the configuration is refused, and the refusal does not repeat it (S7)."""
    assert code_of(text) == "K101"


def test_missing_places() -> None:
    """A variable, a credentials directory or a credential that is not there is named as such (B28)."""
    assert code_of("env:SF_KEY") == "K102"
    assert code_of("env:SF_KEY", {"SF_KEY": ""}) == "K102"
    assert code_of(f"env:{CANARY}") == "K102"
    assert code_of("credential:key") == "K103"
    assert code_of("credential:../key", {"CREDENTIALS_DIRECTORY": "/run"}) == "K104"


def test_links_folders_and_pipes_are_refused(key: Path) -> None:
    """Only a plain file is read: no link, no folder, no pipe (which would block), no missing file (B26)."""
    link = key.parent / "link"
    link.symlink_to(key)
    pipe = key.parent / "pipe"
    os.mkfifo(pipe, 0o600)
    for path in (link, pipe, key.parent, key.parent / "missing"):
        assert code_of(f"file:{path}") == "K105"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o777])
def test_readable_by_others_is_refused(mode: int, key: Path) -> None:
    """A key that anybody else can read is refused (S5)."""
    key.chmod(mode)
    assert code_of(f"file:{key}") == "K106"


def test_replaceable_by_others_is_refused(key: Path) -> None:
    """A key in a folder that others can write to is refused: they could put theirs in its place (S5)."""
    key.parent.chmod(0o777)
    assert code_of(f"file:{key}") == "K106"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_foreign_file_is_refused(key: Path) -> None:
    """A key that belongs to another user is refused (S5)."""
    os.chown(key, 12345, -1)
    assert code_of(f"file:{key}") == "K106"


@pytest.mark.parametrize("data", [b"", b"\n", b"\xff\xfe", b"x" * 70_000])
def test_what_is_no_secret(data: bytes, key: Path) -> None:
    """An empty, binary or huge file is refused."""
    key.write_bytes(data)
    assert code_of(f"file:{key}") == "K107"


@pytest.mark.parametrize("kind", ["env", "file", "credential"])
@pytest.mark.parametrize("text", ["\ufeff{}", "{}\u200b", "{}\x00", "{}\nsecond", "{}\r\n \t", "\u202e{}"])
def test_a_letter_that_nobody_sees_is_refused(text: str, kind: str, key: Path) -> None:
    """Law: from wherever a secret comes, a mark or control character in it is told before anything is sent, and it is not."""
    key.write_bytes(text.format(CANARY).encode())
    environ = {"CREDENTIALS_DIRECTORY": str(key.parent), "server.key": text.format(CANARY)}
    assert code_of(f"{kind}:{key if kind == 'file' else key.name}", environ) == "K107"


def test_a_variable_that_is_no_text_is_refused() -> None:
    """Law: bytes of the environment that are no UTF-8 are no secret; they could not be encoded again."""
    assert code_of("env:SF_KEY", {"SF_KEY": f"{CANARY}\udcff"}) == "K107"
    assert code_of("env:SF_KEY", {"SF_KEY": " \n"}) == "K107"


@pytest.mark.parametrize("kind", ["env", "file"])
@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"{CANARY}\r\n", CANARY),
        (f"{CANARY}-é…\n", f"{CANARY}-é…"),
        (f"{CANARY} \n", f"{CANARY} "),
        (f"\ufeffRemarks\r\n\t-----BEGIN {CANARY}\r\nMII\r\n", f"\ufeffRemarks\r\n\t-----BEGIN {CANARY}\r\nMII"),
    ],
    ids=["line break", "other letters", "space", "PEM"],
)
def test_what_a_secret_may_have(text: str, secret: str, kind: str, key: Path) -> None:
    """Law: only last line breaks are taken away; letters that can be seen stay, and so does all of a key in PEM form."""
    key.write_bytes(text.encode())
    assert read_secret(f"{kind}:{key if kind == 'file' else 'SF_KEY'}", {"SF_KEY": text}).reveal() == secret


def test_the_setting_is_told_and_never_its_value() -> None:
    """Law: of several secrets one has to know which it is about; what stands there may be the secret itself."""
    with pytest.raises(UserError) as caught:
        read_secret(f"file:/{CANARY}", {}, setting="[crm] private_key")
    problem = caught.value.problems[0]
    assert (problem.code, problem.message.partition(":")[0]) == ("K105", "[crm] private_key")
    assert CANARY not in str(caught.value)
