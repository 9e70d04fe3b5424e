"""What a large table in a folder costs: taken alone, and into the state; then the next night's, in which some rows have changed.

    python -m bench.drop [--rows 1000000] [--out bench/DROP.md] [--folder build/bench/drop]

Each step is a process of its own, so that its peak memory is its own. Nothing is asked of Salesforce.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson

from bench.meter import measured
from bench.results import machine, table, write_page
from connector.beginning import Wanted, write_files
from connector.bootstrap import Bridge, open_bridge
from connector.career.drop.sheet import write_rows
from connector.clock import SystemClock
from connector.config import load_settings
from connector.engine.collect import collect_career
from connector.log import configure

ROOT = Path(__file__).parents[1]
SYSTEM = "careers"
CHANGED = 100
"""Of so many rows one has changed the next night."""
_COLUMNS = (
    *("id", "institution_id", "first_name", "middle_name", "last_name", "birth_date", "email_personal", "phone_mobile"),
    *("address.street", "address.city", "address.state", "address.postcode", "address.country", "employer", "title"),
    *("degree", "major", "class_year", "consents.mentoring", "interests"),
)
_FIRST = ("Ada", "Grace", "José", "Zoë", "Søren", "Mei", "Kwame", "Noor", "Łukasz", "Anne")
_LAST = ("Lovelace", "Hopper", "García", "Müller", "Kierkegård", "Chen", "Mensah", "Haddad", "Wójcik", "O'Neill")
_CONFIG = """
[bridge]
environment = "test"
log_level = "error"
[state]
sqlite = "state.db"
[crm]
my_domain = "https://university.my.salesforce.com"
login = "token"
access_token = "env:TOKEN"
[[career]]
system = "careers"
profile = "csv_drop"
folder = "drop"
[requests]
start_at = 2026-01-01T00:00:00Z
"""


def rows(count: int, *, night: int) -> Iterator[tuple[str, ...]]:
    """So many people; in a later night one of a hundred has another title."""
    for n in range(count):
        first, last = _FIRST[n % 10], _LAST[n // 10 % 10]
        title = f"Director {night}" if night and n % CHANGED == 0 else f"Analyst, level {n % 7}"
        yield (
            *(f"a{n}", f"U{n:07}", first, "", f"{last} {n // 100}", f"{1940 + n % 60}-{1 + n % 12:02}-{1 + n % 28:02}"),
            *(f"p{n}@example.org", f"+1617555{n % 10_000:04}", f"{1 + n % 90} Elm Street", "Boston", "MA", f"{n % 90_000:05}"),
            *("US", f"Works {n % 5000}", title, "BA", "Physics", str(1960 + n % 65), ("yes", "no", "")[n % 3], "energy; law"),
        )


def drop(folder: Path, count: int, *, night: int) -> float:
    """Put the table of a night into the folder, an hour ago; its size in MB."""
    path = folder / "drop" / "people.csv"
    with path.open("wb") as file:
        write_rows(file, _COLUMNS, rows(count, night=night), cell=str)
    past = SystemClock().now().timestamp() - 3600 + night
    os.utime(path, (past, past))
    return path.stat().st_size / 1e6


def _take(bridge: Bridge) -> dict[str, int]:
    """The table alone, page after page, as the engine asks for it."""
    side, cursor, read, more = bridge.context.careers[SYSTEM], "", 0, True
    while more:
        page = side.read(cursor)
        read, cursor, more = read + len(page.records), page.cursor, page.more
    return {"read": read}


def _keep(bridge: Bridge) -> dict[str, int]:
    """The table into the state."""
    done = collect_career(bridge.context, SYSTEM)
    return {"read": done.read, "changed": done.changed}


_STEPS: dict[str, Callable[[Bridge], dict[str, int]]] = {"take": _take, "keep": _keep}


def _step(name: str, folder: Path) -> None:
    """One step in this process; what it cost is said as JSON."""
    configure("error", "json")
    with open_bridge(load_settings(folder / "config.toml")) as bridge:
        told, cost = measured(lambda: _STEPS[name](bridge))
    sys.stdout.buffer.write(orjson.dumps({**told, **cost}))


def _run(name: str, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.drop", "--step", name, "--folder", str(folder)]
    environment = {**os.environ, "TOKEN": "none is needed"}
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, env=environment)  # noqa: S603 - our own program
    found: dict[str, Any] = orjson.loads(done.stdout)
    state = folder / "state.db"
    return found | {"state_mb": state.stat().st_size / 1e6 if name == "keep" else 0.0}


def measure(count: int, folder: Path) -> tuple[float, dict[str, dict[str, Any]]]:
    """The size of the table, and what each step cost."""
    shutil.rmtree(folder, ignore_errors=True)
    write_files(folder, Wanted(platform="csv_drop"))
    (folder / "config.toml").write_text(_CONFIG, encoding="utf-8")
    (folder / "drop").mkdir(mode=0o700)
    megabytes, found = drop(folder, count, night=0), {}
    for words, name in (("taken alone", "take"), ("taken into an empty state", "keep")):
        found[words] = _run(name, folder)
        print(words, found[words], file=sys.stderr, flush=True)
    drop(folder, count, night=1)
    found["the next night's, 1 % changed"] = _run("keep", folder)
    shutil.rmtree(folder)
    return megabytes, found


def page(count: int, megabytes: float, found: dict[str, dict[str, Any]], load: float) -> list[str]:
    """The figures in Markdown."""
    lines = [
        [
            *(words, f"{cost['read']:,}", f"{cost.get('changed', 0):,}" if "changed" in cost else ""),
            *(f"{cost['wall']:.0f}", f"{cost['cpu']:.0f}", f"{cost['peak_mb']:.0f}"),
            f"{cost['state_mb']:,.0f}" if cost["state_mb"] else "",
        ]
        for words, cost in found.items()
    ]
    return [
        f"# What a table of {count:,} people in a folder costs",
        machine(f"python -m bench.drop --rows {count}", packages=("SQLAlchemy",), load=f"{load:.1f} to {os.getloadavg()[0]:.1f}"),
        f"{len(_COLUMNS)} columns, {megabytes:,.0f} MB. Each step is a fresh process; the first two take the same table.",
        table(("the table is", "records read", "changed", "wall s", "CPU s", "peak memory, MB", "state, MB"), lines),
    ]


def main(arguments: list[str] | None = None) -> int:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(prog="python -m bench.drop", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--out", type=Path, default=ROOT / "bench" / "DROP.md")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench" / "drop")
    parser.add_argument("--step", choices=sorted(_STEPS), help="for the bench itself")
    options = parser.parse_args(arguments)
    folder = options.folder.resolve()
    if options.step:
        _step(options.step, folder)
        return 0
    load = os.getloadavg()[0]
    megabytes, found = measure(options.rows, folder)
    write_page(options.out, page(options.rows, megabytes, found, load))
    print(options.out.read_text(encoding="utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
