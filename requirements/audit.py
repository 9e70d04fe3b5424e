"""`python requirements/audit.py LIST`: whether the locked packages of a list have known vulnerabilities.

Exit codes: 0 none is known, or the service that knows could not be asked (said on standard output); 1 some are known.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def verdict(report: Mapping[str, Any] | None) -> tuple[int, str]:
    """What pip-audit's JSON report means: an exit code and the text to say. None stands for no report at all."""
    if report is None:
        return 0, "audit skipped: the vulnerability service cannot be reached from here"
    packages = report["dependencies"]
    found = [
        f"{package['name']} {package['version']}: {flaw['id']}, fixed in {', '.join(flaw['fix_versions']) or 'no version yet'}"
        for package in packages
        for flaw in package.get("vulns", ())
    ]
    if found:
        return 1, "\n".join(["known vulnerabilities; cure: make lock UPGRADE=--upgrade", *found])
    judged = sum("skip_reason" not in package for package in packages)
    if judged < len(packages):
        missed = len(packages) - judged
        return 0, f"audit skipped for {missed} of {len(packages)} packages: the service reached from here does not know them"
    return 0, f"no known vulnerability in {judged} packages"


def ask(listing: Path) -> Mapping[str, Any] | None:
    """pip-audit's report about a hash-locked list; None if it could not make one.

    pip-audit ends with 1 both for vulnerabilities and for a lost connection; only in the first case it writes a report.
    """
    command = [sys.executable, "-m", "pip_audit", "-r", str(listing), "--require-hashes", "--disable-pip"]
    # The list is complete and hashed, so that nothing has to be resolved; a service that hangs may not hold up the tests.
    command += ["--timeout", "10", "--progress-spinner", "off", "--format", "json"]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=240)  # noqa: S603 - our own words
    except subprocess.TimeoutExpired:
        return None
    if not done.stdout.strip():
        sys.stderr.write(done.stderr.decode("utf-8", "replace")[-500:])
        return None
    report: Mapping[str, Any] = json.loads(done.stdout)
    return report


def main(listing: str) -> int:
    """Ask, say and answer with the exit code."""
    code, text = verdict(ask(Path(listing)))
    print(text)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
