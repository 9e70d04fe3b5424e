"""What is released: complete, repeatable, and at work outside the source tree."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from connector.administration import mapping_page, package_bytes
from connector.rules import load_rules
from tests.system.conftest import ROOT, build

pytestmark = pytest.mark.xdist_group("wheel")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture
def settled(installed: Path, tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A folder with the shipped example as its configuration, and the environment that systemd would give."""
    examples = next(installed.parent.glob("lib/python*/site-packages/connector/examples"))
    shutil.copytree(examples / "mappings", tmp_path / "mappings")
    credentials = tmp_path / "credentials"
    credentials.mkdir(mode=0o700)
    for name in ("crm_consumer_key", "crm_consumer_secret", "career_key"):
        (credentials / name).write_text("not a real one")
    text = (examples / "config.example.toml").read_text(encoding="utf-8")
    # The example logs in with a certificate; here a login that needs no key pair stands in for it.
    text = re.sub(r"^(username|private_key) = .*$", "", text, flags=re.MULTILINE)
    text = text.replace('# login = "jwt"', 'login = "client_credentials"').replace("## consumer_secret", "consumer_secret")
    (tmp_path / "config.toml").write_text(text, encoding="utf-8")
    return tmp_path, {"PATH": os.environ["PATH"], "CREDENTIALS_DIRECTORY": str(credentials)}


def say(installed: Path, folder: Path, environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command in a folder."""
    program = str(installed / "alumni-bridge")
    return subprocess.run([program, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own program


def test_the_wheel_has_everything_that_an_installation_needs(wheel: Path) -> None:
    """Law: every file of the product and its package, and the mapping and configuration to start from."""
    names = set(zipfile.ZipFile(wheel).namelist())
    expected = {
        path.relative_to(ROOT).as_posix()
        for folder in ("connector", "jobs", "crm_package")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    mappings = [path for path in (ROOT / "mappings").rglob("*") if path.is_file()]
    expected |= {f"connector/examples/{path.relative_to(ROOT).as_posix()}" for path in mappings}
    expected |= {"connector/examples/config.example.toml"}
    assert expected - names == set()
    for part in ("migrations/versions/0001", "career/profiles/generic.toml", "core/weights/", "force-app/", "licenses/LICENSE"):
        assert any(part in name for name in names), part


def test_the_wheel_has_nothing_else(wheel: Path) -> None:
    """Law: no test, demo, figure or cache is shipped."""
    tops = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    version = PROJECT["version"]
    assert tops == {"connector", "jobs", "crm_package", "emulator", f"alumni_bridge-{version}.dist-info"}
    assert not [name for name in zipfile.ZipFile(wheel).namelist() if "__pycache__" in name or name.endswith(".pyc")]


def test_the_wheel_says_what_it_needs(wheel: Path) -> None:
    """Law: licence, Python and every dependency stand in its metadata, so that a bill of materials can be made of it."""
    archive = zipfile.ZipFile(wheel)
    told = Parser().parsestr(archive.read(next(n for n in archive.namelist() if n.endswith("METADATA"))).decode())
    assert told["License-Expression"] == "Apache-2.0"
    assert told["Requires-Python"] == PROJECT["requires-python"]
    needed = {Requirement(line).name for line in told.get_all("Requires-Dist", []) if "extra ==" not in line}
    assert needed == {Requirement(line).name for line in PROJECT["dependencies"]}


def test_the_same_source_gives_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    """Law: who builds it again gets the same bytes, and can so check a release (S36)."""
    assert build(tmp_path).read_bytes() == wheel.read_bytes()


def test_a_wrong_hash_is_refused(wheel: Path, tmp_path: Path) -> None:
    """Law: the locked installation takes no file but the one that was locked (S36)."""
    listing = tmp_path / "requirements.txt"
    listing.write_text(f"{PROJECT['name']}=={PROJECT['version']} --hash=sha256:{'0' * 64}\n")
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--find-links", str(wheel.parent)]
    command += ["--require-hashes", "--target", str(tmp_path / "target"), "-r", str(listing)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    assert done.returncode == 1
    assert "DO NOT MATCH THE HASHES" in done.stderr


def test_the_bill_of_materials_is_the_locked_list(tmp_path: Path) -> None:
    """Law: it names every locked package with its version and one of its hashes, and no other (S36)."""
    locked = ROOT / "requirements" / "runtime.txt"
    out = tmp_path / "sbom.json"
    command = [sys.executable, "-W", "ignore", "-m", "cyclonedx_py", "requirements", str(locked), "--of", "JSON", "-o", str(out)]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own words
    listed = {(part["name"], part["version"]) for part in json.loads(out.read_text())["components"]}
    assert listed == set(re.findall(r"^([^\s=]+)==([^\s;]+)", locked.read_text(), re.MULTILINE))


def test_the_installed_product_is_the_wheel(installed: Path, tmp_path: Path) -> None:
    """Law: what these tests try is what was installed, not the tree that they come from."""
    ask = "import connector, crm_package; print(connector.__file__, crm_package.__file__)"
    done = subprocess.run([installed / "python", "-c", ask], cwd=tmp_path, capture_output=True, text=True, check=True, env={})  # noqa: S603 - our own words
    assert all(path.startswith(str(installed.parent)) for path in done.stdout.split())


def test_it_explains_itself(installed: Path, tmp_path: Path) -> None:
    """Law: without a configuration, help is to be had, and exit 0."""
    done = say(installed, tmp_path, {}, "--help")
    assert done.returncode == 0, done.stderr
    assert all(word in done.stdout for word in ("go-live", "status", "package", "exit codes".capitalize()))


def test_the_shipped_example_passes_its_own_check(installed: Path, settled: tuple[Path, dict[str, str]]) -> None:
    """Law: configuration and mapping as shipped are right, and the state is made where they say, for its owner only."""
    folder, environment = settled
    done = say(installed, folder, environment, "check", "--offline")
    assert done.returncode == 0, done.stdout + done.stderr
    state = folder / "state" / "alumni-bridge.db"
    assert state.stat().st_mode & 0o777 == 0o600


def test_the_page_for_the_privacy_officer(installed: Path, settled: tuple[Path, dict[str, str]]) -> None:
    """Law: the installed product makes the same page as the source."""
    folder, environment = settled
    done = say(installed, folder, environment, "docs", "mapping")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == mapping_page(load_rules(ROOT / "mappings"))


def test_the_package_for_salesforce(installed: Path, settled: tuple[Path, dict[str, str]]) -> None:
    """Law: the installed product makes the same package as the source, byte for byte."""
    folder, environment = settled
    done = say(installed, folder, environment, "package", "zip", "package.zip")
    assert done.returncode == 0, done.stderr
    assert (folder / "package.zip").read_bytes() == package_bytes(load_rules(ROOT / "mappings"))
