"""Lets the bridge die at every effect of every script: ``python -m tests.crash``, and in its recovery, too: ``--deaths pairs``.

One death again: ``--only SCRIPT --at 17``, or ``--at 17,4`` for the fourth effect after the first death.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tests.crash.scripts import SCRIPTS
from tests.crash.toll import DEATHS, SMALL, Account, Death, Fate, die, toll, whole
from tests.simulation.farm import sweep_up


def main() -> int:
    """Obey the command line; 1 if anything differed."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--only", default="", help="scripts whose names hold this text")
    parser.add_argument(
        "--deaths",
        nargs="+",
        choices=DEATHS,
        default=["lasting", "torn"],
        help="at every effect that changes something outside memory, at the others (between two of the former all deaths are the "
        f"same death), as a power cut in each commit, or also in the recovery (in scripts of up to {SMALL} effects)",
    )
    parser.add_argument("--every", type=int, default=1, help="every n-th death alone")
    parser.add_argument("--at", help="this death alone: the number of its effect, and of further ones in the recovery")
    parser.add_argument("--torn", action="store_true", help="with --at: the last one is a power cut")
    parser.add_argument("--workers", type=int, help="processes; by default one for each core")
    options = parser.parse_args()
    chosen = [name for name in SCRIPTS if options.only in name]
    try:
        if options.at is not None:
            return _again(chosen[0], tuple(map(int, options.at.split(","))), torn=options.torn)
        return _all(chosen, options)
    finally:
        sweep_up()


def _all(chosen: Sequence[str], options: argparse.Namespace) -> int:
    accounts = {name: Account(effects=len(whole(name).effects)) for name in chosen}
    for name in chosen:
        for breach in whole(name).breaches:
            print(f"FAILED without any death: {name}: {breach.law}: {breach.what}")
    print(f"{len(chosen)} scripts, {sum(account.effects for account in accounts.values()):,} effects", flush=True)
    began, shown, count = time.monotonic(), 0.0, 0
    deaths = list(_deaths(accounts, options))[:: options.every]
    for count, fate in enumerate(toll(deaths, workers=options.workers), 1):
        accounts[fate.death.script].add(fate)
        if fate.faults:
            _show(fate)
        passed = time.monotonic() - began
        if passed - shown >= 10:
            shown = passed
            print(f"  {count:,} of {len(deaths):,} deaths, {count / passed:.1f}/s", flush=True)
    _table(accounts)
    failed = [fate for account in accounts.values() for fate in account.failed]
    print(f"{count:,} deaths in {time.monotonic() - began:.0f} s; " + (f"{len(failed)} FAILED" if failed else "none failed"))
    return 1 if failed else 0


def _deaths(accounts: Iterable[str], options: argparse.Namespace) -> Iterator[Death]:
    for name in accounts:
        for kind in options.deaths:
            yield from DEATHS[kind](name)


def _table(accounts: Mapping[str, Account]) -> None:
    print(f"{'script':70} effects deaths  torn  pairs seconds")
    for name, account in accounts.items():
        counts = f"{account.effects:7,} {account.deaths:6,} {account.torn:5,} {account.pairs:6,} {account.seconds:7.1f}"
        print(f"{name:70} {counts}{'  FAILED' if account.failed else ''}")


def _again(name: str, at: tuple[int, ...], *, torn: bool) -> int:
    fate = die(Death(script=name, at=at, torn=torn))
    effects = whole(name).effects[at[0] - 1 : at[0]]
    print(f"{name}: {effects[0].kind if effects else 'no such effect'}")
    _show(fate)
    return 1 if fate.faults else 0


def _show(fate: Fate) -> None:
    print(f"{'FAILED' if fate.faults else 'well'}: {fate.death}")
    for fault in fate.faults[:5]:
        print(f"  {fault}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
