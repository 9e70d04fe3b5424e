"""What we are made of, and what is published: the locked packages and no other, and nobody's data."""

from __future__ import annotations

import re
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
_MAIL = re.compile(r"[A-Za-z0-9._%+-]+@((?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,})")
_INVENTED = re.compile(r"(?:^|\.)(?:example|example\.(?:com|net|org|edu)|invalid|test|localhost)$|(?:^|\.)example\.[a-z.]+$")
_TELEPHONE = re.compile(r"\+1[ .-]?\(?\d{3}\)?[ .-]?(\d{3})[ .-]?(\d{4})\b")


def published() -> list[Path]:
    """Every file under version control that is text."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout  # noqa: S607 - git by name
    paths = [ROOT / name for name in listing.decode().split("\0") if name]
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()[:8_000]]


def test_what_is_installed_is_what_is_locked() -> None:
    """Law (S36): each package of the locked list that this platform needs is installed in that very version."""
    text = (ROOT / "requirements" / "runtime.txt").read_text().replace("\\\n", " ")
    wanted = [Requirement(line.split(" --hash")[0].strip()) for line in text.splitlines() if "==" in line]
    wrong = []
    for one in wanted:
        if one.marker is not None and not one.marker.evaluate():
            continue
        try:
            found = version(one.name)
        except PackageNotFoundError:
            found = "nothing"
        if not one.specifier.contains(found):
            wrong.append(f"{one}: {found}")
    assert len(wanted) > 30
    assert wrong == []


def test_every_address_is_invented() -> None:
    """Law (S44): no fixture, page or example has an e-mail address that could be somebody's."""
    found = set()
    for path in published():
        for match in _MAIL.finditer(path.read_text(encoding="utf-8", errors="replace")):
            if not _INVENTED.search(match[1].lower()):
                found.add(f"{path.relative_to(ROOT)}: {match[0]}")
    assert found == set()


def test_every_telephone_is_invented() -> None:
    """Law (S44): North American numbers are those that are reserved for fiction (555-01xx), or have no real exchange."""
    found = set()
    for path in published():
        for match in _TELEPHONE.finditer(path.read_text(encoding="utf-8", errors="replace")):
            if match[1] != "555":
                found.add(f"{path.relative_to(ROOT)}: {match[0]}")
    assert found == set()


@pytest.mark.parametrize("text", ["jane.roe@" + "mail.com", "+1 212 " + "736 5000"])
def test_somebodys_data_would_be_seen(text: str) -> None:
    """Law (S44): a real address or number would be found."""
    mail, number = _MAIL.search(text), _TELEPHONE.search(text)
    assert (mail is not None and not _INVENTED.search(mail[1])) or (number is not None and number[1] != "555")
