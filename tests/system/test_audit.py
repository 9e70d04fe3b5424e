"""What the report about known vulnerabilities is taken to mean."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
_SPEC = importlib.util.spec_from_file_location("audit", ROOT / "requirements" / "audit.py")
assert _SPEC is not None
assert _SPEC.loader is not None
audit = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(audit)

CLEAN = {"name": "alembic", "version": "1.0", "vulns": []}
FLAWED = {"name": "mako", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}
UNKNOWN = {"name": "orjson", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("packages", "code", "words"),
    [
        ([CLEAN], 0, "no known vulnerability in 1 packages"),
        ([CLEAN, FLAWED], 1, "mako 1.0: PYSEC-1, fixed in 1.1"),
        ([FLAWED, UNKNOWN], 1, "PYSEC-1"),
        ([CLEAN, UNKNOWN], 0, "audit skipped for 1 of 2 packages"),
    ],
)
def test_a_report_is_judged(packages: list[dict[str, Any]], code: int, words: str) -> None:
    """Law: a known vulnerability fails the build; a package that nobody could judge is said, and never counted as good (S36)."""
    found, text = audit.verdict({"dependencies": packages})
    assert found == code
    assert words in text


def test_no_report_is_no_verdict() -> None:
    """Law: where the service cannot be reached, the step is skipped with its reason."""
    assert audit.verdict(None)[0] == 0
    assert "cannot be reached" in audit.verdict(None)[1]


def test_the_list_is_read_as_it_is_locked(tmp_path: Path) -> None:
    """Law: a list without hashes is not audited as if it were the locked one."""
    listing = tmp_path / "list.txt"
    listing.write_text("alembic==1.20.1\n")
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, str(ROOT / "requirements" / "audit.py"), str(listing)], capture_output=True, text=True, check=False
    )
    assert "no known vulnerability" not in done.stdout
    assert json.dumps("hash")[1:-1] in done.stderr
