"""The units that run it: shut in as tightly as it can bear, and in agreement with what the command does."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from connector import cli, daemon

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
SERVICE = (DEPLOY / "alumni-bridge.service").read_text(encoding="utf-8")
LIMIT = 2.0


def settings(name: str) -> list[str]:
    """Every value that the service gives to a setting."""
    return re.findall(rf"^{name}=(.*)$", SERVICE, re.MULTILINE)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_is_shut_in(unit: Path) -> None:
    """Law: systemd's own judgement of exposure is 2.0 or better (S38)."""
    command = ["systemd-analyze", "security", "--offline=true", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own words
    score = re.search(r"exposure level for .*: ([\d.]+)", done.stdout)
    assert score is not None, done.stdout
    assert float(score[1]) <= LIMIT


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_has_no_unknown_setting(unit: Path) -> None:
    """Law: systemd understands every line; only the program itself may be missing here."""
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)  # noqa: S603, S607 - our own words
    ours = [line for line in done.stderr.splitlines() if unit.name in line or "alumni-bridge" in line]
    assert [line for line in ours if "is not executable" not in line] == []


def test_the_service_keeps_to_the_exit_codes() -> None:
    """Law: what only a person can mend is not tried again; what may mend itself is."""
    assert {int(code) for code in settings("RestartPreventExitStatus")[0].split()} == {cli.WRONG, cli.HALTED}
    assert settings("Restart") == ["on-failure"]
    assert settings("StartLimitIntervalSec") == ["0"]


def test_the_service_waits_longer_than_the_daemon_needs() -> None:
    """Law: systemd kills nothing that would have ended by itself."""
    assert int(settings("TimeoutStopSec")[0]) > daemon._DRAIN_SECONDS + 10


def test_memory_dumps_and_files_show_nothing() -> None:
    """Law: no core dump, no file that others can read, no more memory than one process may need (S8, S38)."""
    assert settings("LimitCORE") == ["0"]
    assert settings("UMask") == ["0077"]
    assert settings("StateDirectoryMode") == ["0700"]
    assert settings("MemoryMax")


def test_commands_get_the_same_secrets_as_the_service(tmp_path: Path) -> None:
    """Law: the administrator's command gets the secrets and folders of the unit as its drop-ins have left it, in their order."""
    drop_in = "LoadCredential=\nLoadCredential=other:/etc/other\nReadWritePaths=/srv/careers\nSupplementaryGroups=files\n"
    (tmp_path / "unit").write_text(f"{SERVICE}\n[Service]\n{drop_in}", encoding="utf-8")
    for name, does in (("systemctl", f'cat "{tmp_path}/unit"'), ("systemd-run", 'printf "%s\\n" "$@"')):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{does}\n", encoding="utf-8")
        program.chmod(0o755)
    command = [str(DEPLOY / "alumni-bridge-admin"), "status", "--check"]
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = subprocess.run(command, env={"PATH": path}, capture_output=True, text=True, check=True)  # noqa: S603 - our own words
    told = done.stdout.splitlines()
    wanted = [f"LoadCredential={one}" for one in settings("LoadCredential")] + drop_in.splitlines()
    shared = tuple(f"--property={name}=" for name in ("LoadCredential", "ReadWritePaths", "SupplementaryGroups"))
    assert [one.removeprefix("--property=") for one in told if one.startswith(shared)] == wanted
    assert told[-3:] == ["/opt/alumni-bridge/bin/alumni-bridge", "status", "--check"]


def test_the_page_names_the_secrets_of_the_service() -> None:
    """Law: whatever the unit loads is named on its page, as config.toml names it."""
    readme = (DEPLOY / "README.md").read_text(encoding="utf-8")
    given = {one.partition(":")[0] for one in settings("LoadCredential")}
    assert given <= set(re.findall(r"credential:([a-z_]+)", readme))


def test_no_example_tells_people_by_what_its_unit_forbids() -> None:
    """Law: where nothing gains rights by being run, none of our words tells people by a program with setgid."""
    failure = (DEPLOY / "alumni-bridge-failure@.service").read_text(encoding="utf-8")
    assert settings("NoNewPrivileges") == re.findall(r"^NoNewPrivileges=(.*)$", failure, re.MULTILINE) == ["yes"]
    example = (DEPLOY.parent / "config.example.toml").read_text(encoding="utf-8")
    told_by = re.findall(r'^#\s+ExecStart=(\S+)|^# command = \["([^"]+)"', f"{failure}\n{example}", re.MULTILINE)
    assert [program for found in told_by for program in found if program] == ["/usr/bin/curl", "/usr/bin/curl"]
