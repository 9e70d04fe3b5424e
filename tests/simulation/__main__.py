"""Simulates the whole daemon: ``python -m tests.simulation --seeds 1000``, or one seed again: ``--seed 17``.

Without ``--base`` the seeds are fresh ones; the base is printed, so that the very same run can be had again.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tests.simulation.database import INSTEAD
from tests.simulation.draw import draw
from tests.simulation.farm import Tally, folder, play, sow, sweep_up
from tests.simulation.run import Outcome, simulate
from tests.simulation.scenario import Scenario
from tests.simulation.shrink import shrink

ROOT = Path(__file__).parents[2]
_SHRUNK = 3
"""How many failures of a run are made smaller; each takes many runs."""


def main() -> int:
    """Obey the command line; 1 if anything failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many")
    parser.add_argument("--base", type=int, help="the first seed")
    parser.add_argument("--seed", type=int, help="play one seed again, and show its steps")
    parser.add_argument("--steps", help="with --seed: play these steps alone, by number, such as 0,3,7")
    parser.add_argument("--trace", action="store_true", help="with --seed: show every effect")
    parser.add_argument("--workers", type=int, help="processes; by default one for each core")
    options = parser.parse_args()
    try:
        if options.seed is not None:
            return _again(options.seed, options.steps, trace=options.trace)
        base = options.base if options.base is not None else time.time_ns() // 1_000_000_000 * 1_000_000
        return _many(range(base, base + options.seeds), options.workers)
    finally:
        sweep_up()


def _many(seeds: range, workers: int | None) -> int:
    print(f"simulating seeds {seeds.start} to {seeds.stop - 1}")
    began, tally, shown = time.monotonic(), Tally(), 0.0
    for outcome in sow(seeds, workers=workers):
        tally.add(outcome)
        if outcome.breaches:
            _show_failure(outcome)
        passed = time.monotonic() - began
        if passed - shown >= 10:
            shown = passed
            print(f"  {tally.seeds} of {len(seeds)}, {tally.seeds / passed:.1f} seeds/s, {len(tally.failed)} failed", flush=True)
    _sum_up(tally, time.monotonic() - began)
    for outcome in sorted(tally.failed, key=lambda one: one.seed)[:_SHRUNK]:
        _show_shrunk(outcome)
    return 1 if tally.failed else 0


def _sum_up(tally: Tally, passed: float) -> None:
    each = 1000 * tally.seconds / max(tally.seeds, 1)
    print(f"{tally.seeds} seeds in {passed:.0f} s ({tally.seeds / passed:.1f} seeds/s, {each:.0f} ms of one core each)")
    print(f"{tally.effects:,} effects, {tally.calls:,} calls, of which {tally.writes:,} ask for a change")
    for title, counts in (("faults that struck", tally.struck), ("marks that were hit", tally.marks)):
        print(f"{title}: " + ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items())))
    if tally.marks[INSTEAD]:
        print(f"no PostgreSQL server can be started here: {tally.marks[INSTEAD]} seeds that drew one were played on SQLite")
    print(f"{len(tally.failed)} failed" if tally.failed else "none failed")


def _show_failure(outcome: Outcome) -> None:
    print(f"FAILED: make simulate SEED={outcome.seed}")
    for breach in outcome.breaches[:5]:
        print(f"  {breach.law}: {breach.what}", flush=True)


def _show_shrunk(outcome: Outcome) -> None:
    whole = draw(outcome.seed)
    small = shrink(whole, frozenset(breach.law for breach in outcome.breaches), folder())
    print(f"seed {outcome.seed} needs {len(small.steps)} of its {len(whole.steps)} steps:")
    _show_steps(small)
    numbers = ",".join(str(number) for number in _numbers(whole, small))
    print(f"  python -m tests.simulation --seed {outcome.seed} --steps {numbers}")


def _numbers(whole: Scenario, small: Scenario) -> list[int]:
    """Which steps of the whole are left; equal steps are told apart by their order."""
    numbers, at = [], 0
    for step in small.steps:
        at = whole.steps.index(step, at)
        numbers.append(at)
        at += 1
    return numbers


def _show_steps(scenario: Scenario) -> None:
    print(f"  {scenario.spec}")
    for step in scenario.steps:
        print(f"  {step},")


def _again(seed: int, numbers: str | None, *, trace: bool) -> int:
    scenario = draw(seed)
    if numbers is not None:
        wanted = [int(number) for number in numbers.split(",") if number]
        scenario = Scenario(spec=scenario.spec, steps=tuple(scenario.steps[number] for number in wanted), seed=seed)
    _show_steps(scenario)
    outcome = simulate(scenario, folder(), keep=trace) if numbers is not None or trace else play(seed)
    for effect in outcome.kept:
        print(f"  {effect.number} {effect.kind} {effect.key}")
    print(f"seed {seed}: {outcome.effects} effects, trace {outcome.trace[:16]}")
    if outcome.breaches:
        _show_failure(outcome)
    return 1 if outcome.breaches else 0


if __name__ == "__main__":
    sys.exit(main())
