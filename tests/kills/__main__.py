"""Kills the real daemon, as a process between both emulators over HTTP: ``python -m tests.kills --kills 200``.

With ``--postgresql`` its state is on a server of our own; in each life a connection is lost at a commit, or the server is killed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from pathlib import Path

from tests.kills.files import FileState
from tests.kills.killing import Account, kill_often
from tests.kills.place import PROGRAM, opened, with_bug
from tests.kills.postgresql import served
from tests.simulation.dice import Dice


def main() -> int:
    """Obey the command line; 1 if anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="how often")
    parser.add_argument("--base", type=int, help="what chance begins with; printed, but real time makes each run another one")
    parser.add_argument("--postgresql", action="store_true", help="the state is not a file")
    parser.add_argument("--plant", help="a bug of tests/simulation/defects that the daemon has: something has to be found")
    parser.add_argument("--minutes", type=float, default=600.0, help="no life begins later than that")
    options = parser.parse_args()
    base = options.base if options.base is not None else time.time_ns() // 1_000_000_000
    print(f"{options.kills} kills, chance begins with {base}", flush=True)
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        folder = Path(name)
        program = with_bug(options.plant) if options.plant else (str(PROGRAM),)
        lives = _lives(options.kills, options.minutes)
        account = (_on_a_server if options.postgresql else _on_a_file)(folder, base, lives, program)
    return _sum_up(account)


def _lives(kills: int, minutes: float) -> Iterator[int]:
    end = time.monotonic() + 60 * minutes
    return takewhile(lambda _: time.monotonic() < end, range(kills))


def _on_a_file(folder: Path, base: int, lives: Iterable[object], program: Sequence[str]) -> Account:
    with opened(folder, FileState(folder / "state.db"), program) as place:
        return kill_often(place, Dice(base, "kills"), lives, told=_tell)


def _on_a_server(folder: Path, base: int, lives: Iterable[object], program: Sequence[str]) -> Account:
    dice = Dice(base, "troubles")
    with served(folder) as state, opened(folder, state, program) as place:
        account = kill_often(place, Dice(base, "kills"), lives, told=_tell, trouble=lambda: state.trouble(dice))
    lost = f"{state.struck['before']} before the server read it, {state.struck['after']} after"
    print(f"connection lost at a commit: {lost}; the server killed: {state.struck['server']}")
    return account


def _tell(account: Account) -> None:
    if account.kills % 10 == 0:
        print(f"  {account.kills} kills, {account.deeds} deeds of people, {len(account.breaches)} breaches", flush=True)


def _sum_up(account: Account) -> int:
    print(f"{account.kills} kills; {account.deeds} deeds of people")
    if account.gave_up:
        print(f"{account.gave_up} times it met the trouble while it started, and ended by itself")
    print(f"{account.calls:,} requests, of which {account.writes:,} ask for a change")
    print("killed after: " + ", ".join(f"{name} {count}" for name, count in account.after.most_common()))
    for breach in account.breaches[:20]:
        print(f"FAILED {breach.law}: {breach.what}")
    print("all oracles are content" if not account.breaches else f"{len(account.breaches)} breaches")
    return 1 if account.breaches else 0


if __name__ == "__main__":
    sys.exit(main())
