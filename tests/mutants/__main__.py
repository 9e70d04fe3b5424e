"""``python -m tests.mutants [MODULE ...]``: change what must not change unseen, piece by piece, and see whether a test fails.

What no test sees is looked up in ``survivors.toml``: either somebody has written down why nothing can see it, or the command
fails; so it does for an entry that fits no mutant any more.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

ROOT = Path(__file__).parents[2]
SURVIVORS = Path(__file__).with_name("survivors.toml")
_SHELVES = ["tests/store/test_intents.py", "tests/store/test_shelves.py"]
MODULES: Mapping[str, Sequence[str]] = {
    "connector/core/merge.py": [f"tests/core/test_merge_{name}.py" for name in ("table", "afterwards", "laws", "history")],
    "connector/salesforce/cursors.py": ["tests/salesforce/test_cursors.py"],
    "connector/core/grants.py": ["tests/core/test_grants.py"],
    "connector/salesforce/writes.py": [f"tests/salesforce/test_salesforce_{name}.py" for name in ("writes", "batches")],
    "connector/store/intents.py": _SHELVES,
    "connector/store/sending.py": _SHELVES,
    "connector/store/plans.py": _SHELVES,
    "connector/engine/context.py": ["tests/engine/test_context.py"],
    "connector/engine/stage.py": ["tests/engine/test_stage.py"],
}
"""What must not change unseen: the law of merging, cursors, what a mapping permits, the gate of writes, intents, plans, keys.

Each with the tests that see to it.
"""

_EACH = 15
"""Seconds between two lines that say how far it is."""


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """What a mutant changes: in which function, which lines, and what stands there instead."""

    where: str
    was: str
    becomes: str


def tried(module: str) -> list[tuple[Change, str]]:
    """The verdict on each mutant of a module; how far it is goes to the standard error, now and then."""
    receive, send = os.pipe()
    environment = {**os.environ, "HYPOTHESIS_PROFILE": "mutants", "MUTANTS_OF": module, "MUTANTS_TO": str(send)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "tests.mutants.trial", "-k", "not postgresql"]
    command += MODULES[module]
    with TemporaryFile("w+") as said:
        trial = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=said, stderr=said, pass_fds=[send])  # noqa: S603 - ourselves
        os.close(send)
        with os.fdopen(receive) as told:
            found = list(_watched(module, map(json.loads, told)))
        if trial.wait() or not found:
            said.seek(0)
            sys.exit(f"{module}: {said.read()[-4000:]}")
    return [(Change(one["where"], one["was"], one["becomes"]), one["verdict"]) for one in found]


def _watched(module: str, told: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The same, with a line each quarter of a minute."""
    shown = time.monotonic()
    for done, one in enumerate(told, 1):
        if time.monotonic() - shown > _EACH:
            shown = time.monotonic()
            print(f"{module}: {done} of {one['mutants']}", file=sys.stderr, flush=True)
        yield one


def explained() -> dict[Change, str]:
    """Why some are seen by no test."""
    entries = tomllib.loads(SURVIVORS.read_text(encoding="utf-8")).get("survivor", [])
    return {Change(entry["where"], entry["was"], entry["becomes"]): entry["why"] for entry in entries}


def main() -> None:
    """Try the mutants of some modules or of all, and print what came of them."""
    reasons, unseen, asked, began = explained(), set[Change](), sys.argv[1:] or list(MODULES), time.monotonic()
    print(f"{'module':36}{'mutants':>8}{'seen':>8}{'too slow':>9}{'explained':>10}{'unseen':>8}")
    for module in asked:
        verdicts = tried(module)
        counts = Counter(verdict for _, verdict in verdicts)
        survivors = [change for change, verdict in verdicts if verdict in {"unseen", "unreached"}]
        alive, told = set(survivors), sum(change in reasons for change in survivors)
        left = alive - reasons.keys()
        figures = (len(verdicts), counts["seen"], counts["late"], told, len(survivors) - told)
        print("{:36}{:>8}{:>8}{:>9}{:>10}{:>8}".format(module, *figures), flush=True)
        stale = {change for change in reasons.keys() - alive if change.where.startswith(module)}
        for word, some in (("", left), ("no such survivor: ", stale)):
            for change in sorted(some):
                print(f"\n{word}{change.where}\n  - {change.was}\n  + {change.becomes}")
        unseen |= left | stale
    print(f"{(time.monotonic() - began) / 60:.1f} minutes")
    sys.exit(1 if unseen else 0)


if __name__ == "__main__":
    main()
