"""Does the simulation see bugs? Plants one after another into the product and counts the seeds until an oracle cries.

``make sensitivity`` tries all and prints the table of ``docs/reliability.md``. Each bug is planted in a process of its own, and
the same seeds are played one after another until one of them fails; none of these seeds fails without a bug.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from statistics import median

from tests.simulation.composed import composed_once
from tests.simulation.defects import ALL
from tests.simulation.defects.planted import ROOT, plant

MOST = 1000
"""Seeds within which each bug has to be found."""
FIRST = 1


@dataclass(frozen=True, kw_only=True)
class Found:
    """What became of a planted bug: the seeds it took (None: not found), and the first law that was broken."""

    name: str
    seeds: int | None
    law: str = ""
    said: str = ""
    seconds: float = 0.0


def search(name: str, most: int = MOST, plays: int = MOST) -> Found:
    """Plant a bug in this process, and play seeds until one of them sees it, or until so many were played.

    Seeds in which there is nothing by which the bug could show are counted, and not played.
    """
    began, played = time.monotonic(), 0
    plant(ALL[name])
    from tests.simulation.draw import draw  # noqa: PLC0415 - the product may be loaded only now
    from tests.simulation.farm import play, sweep_up  # noqa: PLC0415

    try:
        for count in range(1, most + 1):
            drawn = str(draw(FIRST + count - 1))
            if not all(piece in drawn for piece in ALL[name].needs):
                continue
            played += 1
            if played > plays:
                break
            breaches = play(FIRST + count - 1).breaches
            if breaches:
                return Found(name=name, seeds=count, law=breaches[0].law, said=breaches[0].what, seconds=time.monotonic() - began)
    finally:
        sweep_up()
    return Found(name=name, seeds=None, seconds=time.monotonic() - began)


def search_apart(name: str, most: int = MOST, plays: int = MOST) -> Found:
    """The same in a new process, since a bug once planted stays."""
    command = [sys.executable, "-m", "tests.simulation.sensitivity", "--plant", name, "--seeds", str(most), "--plays", str(plays)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own module
    if done.returncode != 0:
        raise RuntimeError(f"{name}: {done.stderr[-2000:]}")
    return Found(**json.loads(done.stdout.splitlines()[-1]))


def search_all(names: Sequence[str], *, most: int, plays: int, workers: int) -> Iterator[Found]:
    """All of these, as they are found."""
    with composed_once(), ThreadPoolExecutor(workers) as pool:
        for done in as_completed([pool.submit(search_apart, name, most, plays) for name in names]):
            yield done.result()


def main() -> int:
    """Obey the command line; 1 if a bug was not found."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.sensitivity", description=__doc__)
    parser.add_argument("--seeds", type=int, default=MOST, help="give up a bug after so many")
    parser.add_argument("--plays", type=int, default=MOST, help="and after having played so many of them")
    parser.add_argument("--only", help="bugs whose name has this in it")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--plant", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.plant:
        print(json.dumps(asdict(search(options.plant, options.seeds, options.plays))))
        return 0
    names = [name for name in ALL if not options.only or options.only in name]
    found = []
    for one in search_all(names, most=options.seeds, plays=options.plays, workers=options.workers):
        found.append(one)
        print(f"{one.name}: {one.seeds or 'NOT FOUND'} seeds, {one.seconds:.0f} s; {one.law}: {one.said[:160]}", flush=True)
    print("\n".join(table(found, most=options.seeds)))
    return 1 if any(one.seeds is None for one in found) else 0


def table(found: Sequence[Found], *, most: int) -> Iterator[str]:
    """What came of all planted bugs, as lines of a page: those found first come first."""
    ordered = sorted(found, key=lambda one: (one.seeds or most + 1, one.name))
    seen = [one.seeds for one in ordered if one.seeds]
    middle = median(seen or [0])
    yield f"{len(seen)} of {len(found)} planted bugs were found within {most:,} seeds, in the median within {middle:.0f}."
    yield ""
    yield "| planted bug | what it does | seeds | law that broke |"
    yield "| --- | --- | --- | --- |"
    for one in ordered:
        yield f"| {one.name} | {ALL[one.name].what} | {one.seeds or f'not within {most:,}'} | {one.law} |"


if __name__ == "__main__":
    sys.exit(main())
