"""``python -m tests.fuzz --seconds 60 [TARGET ...]`` searches each target for so long, and prints what came of it."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fuzz.harness import CORPORA
from tests.fuzz.targets import TARGETS

ROOT = Path(__file__).parents[2]
FOUND = "found-"
_STATISTIC = re.compile(r"stat::(\w+):\s+(\d+)")


def search(name: str, seconds: int) -> bool:
    """Search one target in a process of its own, and print a line about it; whether it bore everything."""
    before = set((CORPORA / name).glob(f"{FOUND}*"))
    with TemporaryDirectory(prefix="fuzz-") as scratch:
        done = subprocess.run(  # noqa: S603 - ourselves
            [sys.executable, "-m", "tests.fuzz.search", name, str(seconds)],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": scratch},
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    told = {word: int(number) for word, number in _STATISTIC.findall(done.stderr)}
    findings = re.findall(r"^FOUND (.*)$", done.stderr, re.MULTILINE)
    tried, slowest, peak = (told.get(word, 0) for word in ("number_of_executed_units", "slowest_unit_time_sec", "peak_rss_mb"))
    print(f"{name:12}{tried:>12,}{tried / seconds:>10,.0f}{slowest:>10}{peak:>8}  {len(findings)}", flush=True)
    for one in findings:
        print(f"    {one}")
    if done.returncode:
        print(done.stderr[-3000:])
    return not findings and not done.returncode and set((CORPORA / name).glob(f"{FOUND}*")) == before


def main() -> None:
    """Search some targets or all of them, one after another."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=60)
    asked = parser.parse_args()
    if unknown := set(asked.targets) - set(TARGETS):
        parser.error(f"no target is called {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
    print(f"{'target':12}{'inputs':>12}{'/s':>10}{'slowest s':>10}{'MB':>8}  found", flush=True)
    borne = [search(name, asked.seconds) for name in asked.targets or TARGETS]
    sys.exit(0 if all(borne) else 1)


if __name__ == "__main__":
    main()
