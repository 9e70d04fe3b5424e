"""What the bridge costs: remote calls, client CPU, memory, and where a first load goes.

    python -m bench.bridge [--sizes 2000,20000,100000] [--out bench/RESULTS.md]

For each size both systems are emulated in one process and served over loopback TLS; each measured bridge is a fresh process of
its own. Ratios compare processes of the same run on the same machine; nothing here is a test.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from bench.results import Measured, write_results

ROOT = Path(__file__).parents[1]
SHARE, MOST_ACCOUNTS = 0.3, 10_000
"""Careers know of 30 % of the contacts, but of 10,000 people at most, so that the largest size ends within a coffee break."""
CHANGED = 0.01
QUIET_CYCLES = 6
_TEN_MINUTES = 600
_REPEATED = 20_000
"""Larger sizes are measured once: over so many records, chance evens out."""
_PROFILED = ("collect_crm", "collect_career", "identify", "plan")

Answer = dict[str, Any]


def tell(text: str) -> None:
    """Progress, for whoever watches."""
    print(text, file=sys.stderr, flush=True)


class Process:
    """A bridge in a process of its own, which obeys orders."""

    def __init__(self, stage: Path, profile: Path | None = None) -> None:
        more = ["--profile", str(profile)] if profile else []
        command = [sys.executable, "-m", "bench.steps", "--stage", str(stage), *more]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - our own program

    def do(self, *order: str) -> Answer:
        """Give an order; what it cost.

        Raises:
            RuntimeError: the process died of it; its own words are on the standard error.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(" ".join(order).encode() + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the measured process died at {' '.join(order)}")
        answer: Answer = orjson.loads(line)
        tell(f"    {' '.join(order)}: {answer['wall']:.1f} s, CPU {answer['cpu']:.2f} s, peak {answer['peak_mb']:.0f} MB")
        return answer

    def end(self) -> None:
        """No more orders."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=120)


@contextmanager
def staged(contacts: int, accounts: int, folder: Path) -> Iterator[Path]:
    """Both systems with a university in them, until the block ends; the file that says where they are."""
    command = [sys.executable, "-m", "bench.stage", "--contacts", str(contacts), "--accounts", str(accounts)]
    command += ["--folder", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603 - our own program
        try:
            line = process.stdout.readline() if process.stdout else b""
            if not line:
                raise RuntimeError("the emulated systems did not start")
            tell(f"  {contacts:,} contacts and {accounts:,} accounts are there after {orjson.loads(line)['seconds']:.0f} s")
            yield folder / "stage.json"
        finally:
            if process.stdin:
                process.stdin.close()
            process.wait(timeout=60)


def measure(contacts: int, folder: Path, *, repeat: int, profiled: bool) -> Measured:
    """One size, from an empty state to quiet cycles."""
    found = Measured(contacts=contacts, accounts=min(round(contacts * SHARE), MOST_ACCOUNTS))
    tell(f"{contacts:,} contacts")
    found.load.append(os.getloadavg()[0])
    with staged(contacts, found.accounts, folder) as stage:
        _measure_collect(found, stage, repeat)
        if profiled:
            _measure_profile(found, stage, folder / "first-load.prof")
        _measure_story(found, stage, folder)
    found.load.append(os.getloadavg()[0])
    return found


def _measure_collect(found: Measured, stage: Path, repeat: int) -> None:
    for _ in range(repeat):
        command = [sys.executable, "-m", "bench.bare", "--stage", str(stage)]
        done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)  # noqa: S603 - our own program
        found.bare.append(orjson.loads(done.stdout))
        process = Process(stage)
        # So that login and the first handshake count for neither.
        process.do("prepare")
        found.fetch.append(process.do("fetch_contacts"))
        found.collect.append(process.do("collect_contacts"))
        process.end()


def _measure_profile(found: Measured, stage: Path, file: Path) -> None:
    process = Process(stage, file)
    for order in ("prepare", *_PROFILED):
        process.do(order)
    process.end()
    found.profile = file


def _measure_story(found: Measured, stage: Path, folder: Path) -> None:
    told = orjson.loads(stage.read_bytes())
    doors = _Doors(told)
    process = Process(stage)
    for order in ("prepare", *_PROFILED, "go_live"):
        found.steps[order] = process.do(order)
    _pass(process, doors)
    found.steps["echo"] = process.do("cycle")
    for _ in range(2):
        _pass(process, doors)
        process.do("cycle")
    found.edited_contacts, found.edited_accounts = doors.edit(told, folder)
    found.steps["changed"] = process.do("approved_cycle")
    for _ in range(2):
        _pass(process, doors)
        process.do("cycle")
    for _ in range(QUIET_CYCLES):
        _pass(process, doors, seconds=60)
        found.quiet.append(process.do("cycle"))
    found.steps["state"] = process.do("state")
    process.end()
    found.links = judge_links(folder)


def _pass(process: Process, doors: _Doors, seconds: int = _TEN_MINUTES) -> None:
    doors.org.do("move_clock", seconds=seconds)
    process.do("pass", str(seconds))


class _Doors:
    """The ways of people and of the gods into both systems."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        from demo.doors import ContractUser, OrgControl  # noqa: PLC0415 - keeps this process small until then

        authority = Path(told["authority"])
        self.org = OrgControl(told["crm"], authority, told["control"])
        self.staff = ContractUser(told["career"], authority, key="k-staff")

    def edit(self, told: Mapping[str, Any], folder: Path) -> tuple[int, int]:
        """One of a hundred contacts gets a new title, one of a hundred accounts a new preferred name; how many each.

        The contacts are those of linked people first, so that every edit has to travel.
        """
        truth = orjson.loads((folder / "truth.json").read_bytes())
        linked = [contact for account in sorted(truth) for contact in truth[account][:1]]
        wanted = max(1, round(len(told["contacts"]) * CHANGED))
        contacts = list(dict.fromkeys([*linked, *told["contacts"]]))[:wanted]
        for contact in contacts:
            self.org.do("edit_as", user_id=told["users"]["officer"], id_=contact, values={"Title": "Head of Measurement"})
        accounts = told["accounts"][-max(1, round(len(told["accounts"]) * CHANGED)) :]
        for account in accounts:
            self.staff.edit(account, {"preferred_name": "Gauge"})
        return len(contacts), len(accounts)


def judge_links(folder: Path) -> dict[str, int]:
    """How many links there are, how many of them are right, and how many could be had."""
    import sqlite3  # noqa: PLC0415 - keeps this process small until then

    truth = orjson.loads((folder / "truth.json").read_bytes())
    with sqlite3.connect(folder / "state.db") as db:
        made = db.execute("SELECT account_id, contact_id FROM link WHERE state = 'linked'").fetchall()
    right = sum(contact in truth[account] for account, contact in made)
    return {"linked": len(made), "right": right, "possible": sum(bool(whose) for whose in truth.values())}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every size and write the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.bridge", description=__doc__)
    parser.add_argument("--sizes", default="2000,20000,100000", help="numbers of contacts, separated by commas")
    parser.add_argument("--out", type=Path, default=ROOT / "bench" / "RESULTS.md")
    parser.add_argument("--repeat", type=int, default=3, help="how often the collect stage is measured; the median counts")
    parser.add_argument("--profile", type=int, default=20_000, help="the largest size up to this one is profiled")
    options = parser.parse_args(arguments)
    sizes = [int(size) for size in options.sizes.split(",")]
    profiled = max((size for size in sizes if size <= options.profile), default=min(sizes))
    found = []
    for size in sizes:
        folder = ROOT / "build" / "bench" / str(size)
        shutil.rmtree(folder, ignore_errors=True)
        repeat = options.repeat if size <= _REPEATED else 1
        found.append(measure(size, folder, repeat=repeat, profiled=size == profiled))
    command = " ".join(["python -m bench.bridge", *(sys.argv[1:] if arguments is None else arguments)])
    write_results(options.out, found, command=command)
    tell(f"written: {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
