"""Plays the fault matrix: ``python -m tests.matrix``; some faults alone: ``--only 5 5x105``; the page: ``--page``."""

from __future__ import annotations

import argparse
import sys
import time

from tests.matrix.cells import Operation
from tests.matrix.table import Table, write
from tests.matrix.whole import judge_all, names
from tests.simulation.farm import sweep_up


def main() -> int:
    """Obey the command line; 1 if anything was not as expected."""
    parser = argparse.ArgumentParser(prog="python -m tests.matrix", description=__doc__)
    parser.add_argument("--only", nargs="*", default=[], help="faults by number, pairs as 5x105")
    parser.add_argument("--workers", type=int, help="processes; by default one for each core")
    parser.add_argument("--page", action="store_true", help="write the table into docs/reliability-matrix.md and play nothing")
    options = parser.parse_args()
    if options.page:
        write()
        return 0
    try:
        return _play(options.only, options.workers)
    finally:
        sweep_up()


def _play(only: list[str], workers: int | None) -> int:
    wanted, began, failed = names(only), time.monotonic(), 0
    for name, faults in judge_all(wanted, workers=workers):
        if faults:
            failed += 1
            print(f"FAILED: {name}", *faults[:5], sep="\n  ", flush=True)
    if not only:
        _show()
    seconds = time.monotonic() - began
    print(f"{len(wanted)} cells in {seconds:.0f} s; " + (f"{failed} FAILED" if failed else "none failed"))
    return 1 if failed else 0


def _show() -> None:
    table = Table()
    print(f"{'':58} " + " ".join(f"{operation:>12}" for operation in Operation))
    for number, title, places in table.rows:
        print(f"F{number:<4} {title[:52]:52} " + " ".join(f"{place:>12}" for place in places))
    for reason, letters in table.notes.items():
        print(f"{letters:>4}  {reason}")
    for gap, numbers in table.gaps.items():
        print(f"   {', '.join(f'F{number}' for number in numbers)}: {gap}")


if __name__ == "__main__":
    sys.exit(main())
