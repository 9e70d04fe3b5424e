"""``python -m demo.all [--people DIR]``: the working day on every career platform and every kind of org, and a table of them.

Exit codes: 0 everything that must hold held everywhere; 1 somewhere it did not.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from demo.bridge import ROOT
from demo.flavour import FLAVOURS, Flavour
from demo.platform import GENERIC, PLATFORMS

_COLUMNS = (
    *("careers run", "org", "linked", "right", "suggestions", "requests as expected", "calls to CRM, careers"),
    *("a quiet cycle", "writes to Contact", "mails", "held", "s"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One day: where it was played, its exit code, and its account (empty if it did not come so far)."""

    platform: str
    flavour: str
    code: int
    facts: Mapping[str, Any]

    def row(self) -> list[str]:
        """The day as a row of the table."""
        names = [PLATFORMS[self.platform].label, FLAVOURS[self.flavour].label]
        if not self.facts:
            return [*names, *[""] * 8, "NO ACCOUNT", ""]
        facts, links = self.facts, self.facts["links"]
        requests, calls, quiet = facts["requests"], facts["api_calls"], facts["quiet_cycle"]["calls"]
        as_expected = sum(line["careers_read"] == line["expected"] for line in requests["list"])
        return [
            *names,
            f"{links['automatic']:,}",
            "unknown" if links["precision"] is None else f"{links['precision']:.2%}",
            f"{facts['suggestions']['raised']:,}",
            f"{as_expected} of {requests['received']}",
            f"{calls['crm']:,}, {calls['career']:,}",
            f"{quiet['crm']}, {quiet['career']}",
            f"{facts['contact_writes']}",
            f"{facts['mails_to_alumni']}",
            "yes" if self.code == 0 else f"NO: {len(facts['failures'])} failures",
            f"{facts['seconds']['all']:.0f}",
        ]


def play_all(folder: Path, more: Sequence[str]) -> Iterator[Played]:
    """Each day in a process of its own, one after the other, the plain one first."""
    first = (GENERIC.name, Flavour.name)
    for platform, flavour in sorted(product(PLATFORMS, FLAVOURS), key=lambda pair: (pair != first, pair)):
        place = folder / f"{platform}-{flavour}"
        place.mkdir(parents=True, exist_ok=True)
        out = place / "demo.json"
        out.unlink(missing_ok=True)
        words = ["--platform", platform, "--flavour", flavour, "--folder", str(place), "--out", str(out), *more]
        with (place / "account.txt").open("wb") as account:
            done = subprocess.run([sys.executable, "-m", "demo", *words], cwd=ROOT, stdout=account, check=False)  # noqa: S603 - our own program
        facts = orjson.loads(out.read_bytes()) if out.exists() else {}
        yield Played(platform=platform, flavour=flavour, code=done.returncode, facts=facts)


def print_table(console: Console, days: Sequence[Played]) -> None:
    """The table, and why its rows differ."""
    table = Table(*_COLUMNS, box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for day in days:
        table.add_row(*day.row())
    console.print(table)
    for what, notes in {what: notes for day in days for what, notes in day.facts.get("differences", {}).items()}.items():
        console.print(f"Where {what}:", style="dim", markup=False)
        for note in notes:
            console.print(f"   {note}", style="dim", markup=False)


def main(arguments: Sequence[str] | None = None) -> int:
    """Play everything and print the table."""
    parser = argparse.ArgumentParser(prog="python -m demo.all", description="The demo on every platform and every kind of org.")
    parser.add_argument("--people", type=Path, help="see `python -m demo`")
    parser.add_argument("--folder", type=Path, default=Path("build/demos"), help="for everything that is written")
    options = parser.parse_args(arguments)
    more = ["--people", str(options.people.resolve())] if options.people else []
    days = list(play_all(options.folder.resolve(), more))
    print_table(Console(width=None if sys.stdout.isatty() else 170, highlight=False), days)
    return int(any(day.code for day in days))


if __name__ == "__main__":
    sys.exit(main())
