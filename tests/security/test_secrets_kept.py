"""Secrets: where they may come from, and that they are nowhere else."""

from __future__ import annotations

import io
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from rich.traceback import Traceback

from connector.administration import inherited
from connector.config import load_settings
from connector.errors import UserError
from connector.secrets import Secret, read_secret
from tests.engine.university import University

ROOT = Path(__file__).parents[2]
CANARY = "canary-5f1d"


def judged(path: Path) -> str:
    """The text of a key file, or the code of what is wrong with it."""
    try:
        return read_secret(f"file:{path}", {}).reveal()
    except UserError as error:
        return error.problems[0].code if CANARY not in str(error) else "echoed"


@pytest.mark.parametrize("parent", [0o700, 0o750, 0o755, 0o770, 0o757, 0o777, 0o1777], ids=oct)
@pytest.mark.parametrize("mode", [0o400, 0o600, 0o700, 0o640, 0o620, 0o610, 0o604, 0o602, 0o601, 0o666], ids=oct)
def test_every_mode_of_a_key_and_its_folder(tmp_path: Path, mode: int, parent: int) -> None:
    """Law (S5): a key is taken only if nobody else has any right on it, and nobody else can put another in its place."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    key = folder / "key"
    key.write_text(CANARY)
    key.chmod(mode)
    folder.chmod(parent)
    good = not mode & 0o077 and (not parent & 0o022 or bool(parent & stat.S_ISVTX))
    assert judged(key) == (CANARY if good else "K106")
    folder.chmod(0o700)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("owner", [1, 12345, 65534])
def test_somebody_elses_key_is_refused(tmp_path: Path, owner: int) -> None:
    """Law (S5): a key that belongs to another user is not ours, however closed it is."""
    key = tmp_path / "key"
    key.write_text(CANARY)
    key.chmod(0o600)
    os.chown(key, owner, -1)
    assert judged(key) == "K106"


@pytest.mark.parametrize("kind", ["link", "dangling", "folder", "pipe", "socket", "device"])
def test_only_a_plain_file_is_a_key(tmp_path: Path, kind: str) -> None:
    """Law (S5): links, folders, pipes, sockets and devices are refused at once; none is waited for."""
    target = tmp_path / "target"
    target.write_text(CANARY)
    target.chmod(0o600)
    path = tmp_path / "key"
    match kind:
        case "link":
            path.symlink_to(target)
        case "dangling":
            path.symlink_to(tmp_path / "nothing")
        case "folder":
            path.mkdir(mode=0o700)
        case "pipe":
            os.mkfifo(path, 0o600)
        case "socket":
            with socket.socket(socket.AF_UNIX) as made:
                made.bind(str(path))
        case _:
            path = Path("/dev/zero")
    assert judged(path) == "K105"


def test_where_a_key_leads_is_judged_after_it_was_opened(tmp_path: Path) -> None:
    """Law (S5): what is judged is the open file, so that a swap of the name in between changes nothing."""
    path = tmp_path / "key"
    path.write_text(CANARY)
    path.chmod(0o600)
    seen: list[str] = []

    def watch(event: str, details: tuple[object, ...]) -> None:
        if event == "open" and str(details[0]) == str(path):
            seen.append(str(details[0]))

    sys.addaudithook(watch)
    assert judged(path) == CANARY
    assert len(seen) == 1


def test_every_source_and_no_other(tmp_path: Path) -> None:
    """Law (S7): a credential of systemd, a file, or a variable; anything else, the secret itself above all, is refused unseen."""
    (tmp_path / "name").write_text(CANARY)
    (tmp_path / "name").chmod(0o600)
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path), "VARIABLE": CANARY}
    for reference in ("credential:name", f"file:{tmp_path / 'name'}", "env:VARIABLE"):
        assert read_secret(reference, environ).reveal() == CANARY
    for reference in (CANARY, f"vault:{CANARY}", f"https://{CANARY}", f"keyring:{CANARY}", ""):
        with pytest.raises(UserError) as caught:
            read_secret(reference, environ)
        assert CANARY not in str(caught.value)


def test_an_inherited_secret_is_told(tmp_path: Path) -> None:
    """Law (S7): `check` notes each secret that comes from an environment variable, by its place, and no other."""
    text = (ROOT / "config.example.toml").read_text()
    (tmp_path / "config.toml").write_text(text.replace('key = "credential:career_key"', 'key = "env:CAREER_KEY"'))
    told = inherited(load_settings(tmp_path / "config.toml"))
    assert [line.partition(" is in")[0] for line in told] == ["[career] key of careers"]
    (tmp_path / "config.toml").write_text(text)
    assert inherited(load_settings(tmp_path / "config.toml")) == []


PROBE = """
import ctypes, os, resource, sys
from connector.cli import main
sys.argv = ["alumni-bridge", "--help"]
try:
    main()
except SystemExit:
    pass
dumpable = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)
print(dumpable, resource.getrlimit(resource.RLIMIT_CORE)[0], oct(os.umask(0)), file=sys.stderr)
"""


def test_memory_is_nobody_elses() -> None:
    """Law (S8): once it runs, the process writes no core dump, no other process reads its memory, and its files are its own."""
    environment = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", PROBE], capture_output=True, text=True, check=True, env=environment, umask=0
    )
    assert done.stderr.strip().splitlines()[-1] == "0 0 0o22"


def test_a_secret_is_in_no_traceback() -> None:
    """Law (S8): a traceback with every local value in it shows no secret."""

    def fails() -> None:
        hidden = Secret(CANARY)
        raise ValueError(f"{hidden}")

    console = Console(record=True, file=io.StringIO(), width=200)
    try:
        fails()
    except ValueError:
        console.print(Traceback(show_locals=True))
    assert "hidden" in console.export_text(clear=False)
    assert CANARY not in console.export_text()


def test_tokens_are_in_memory_alone(tmp_path: Path) -> None:
    """Law (S9): no access token, key or consumer secret is in any file of the state, after a day of work with logins in it."""
    uni = University(state=tmp_path / "state.db")
    uni.ada = uni.alumna()[0]
    uni.go_live()
    tokens = ["s3cret", "k-bridge"]
    for _ in range(3):
        tokens += uni.org.logins.sessions
        uni.crm.expire_sessions()
        uni.edit_contact(uni.ada, Preferred_Name__c=f"Name {uni.clock.now()}")
        uni.file()
        uni.run()
    assert len(set(tokens)) > 4
    state = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert [one for one in tokens if one.encode() in state] == []
