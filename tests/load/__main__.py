"""Load: ``python -m tests.load storm``, ``outage`` or ``soak``; the soak of other seeds with ``--base`` and ``--seeds``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.load.outage import outage
from tests.load.soak import DAYS, soak
from tests.load.storm import WHOLE, storm
from tests.simulation.farm import folder, sweep_up


def main() -> int:
    """Obey the command line; 1 if a law did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("what", choices=("storm", "outage", "soak"))
    parser.add_argument("--seeds", type=int, default=20, help="of the soak")
    parser.add_argument("--base", type=int, default=0, help="the first seed of the soak")
    options = parser.parse_args()
    try:
        match options.what:
            case "storm":
                told = storm(WHOLE, folder(), _progress())
                return _show(told.lines(), told.faults)
            case "outage":
                return max(_outage(side) for side in ("crm", "careers"))
            case _:
                return _soak(range(options.base, options.base + options.seeds), folder())
    finally:
        sweep_up()


def _outage(side: str) -> int:
    told = outage(side, 72, folder())
    return _show(told.lines(), told.faults)


def _progress() -> Callable[[str], object]:
    began = time.monotonic()
    return lambda text: print(f"  {time.monotonic() - began:6.0f} s: {text}", flush=True)


def _show(lines: object, faults: list[str]) -> int:
    print(*lines, sep="\n")  # type: ignore[misc]  # an iterator of texts
    print(f"FAILED: {faults[:10]}" if faults else "every law held", flush=True)
    return 1 if faults else 0


def _soak(seeds: range, base: Path) -> int:
    began, failed, calls, effects = time.monotonic(), 0, 0, 0
    for seed in seeds:
        outcome = soak(seed, base)
        calls, effects = calls + outcome.calls, effects + outcome.effects
        print(f"  {seed - seeds.start + 1} of {len(seeds)} seeds, {time.monotonic() - began:.0f} s", flush=True)
        if outcome.breaches:
            failed += 1
            print(f"FAILED: seed {seed}: {outcome.breaches[:5]}", flush=True)
    days = DAYS * len(seeds)
    print(f"{len(seeds)} seeds of {DAYS} days: {effects:,} effects, {calls:,} calls ({calls / days:.0f} a day), ", end="")
    print(f"{time.monotonic() - began:.0f} s; " + (f"{failed} FAILED" if failed else "none failed"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
