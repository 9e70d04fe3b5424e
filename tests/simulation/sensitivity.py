"""Does the simulation see bugs? Plants one after another into the product and counts the seeds until an oracle cries.

``make sensitivity`` runs all and writes the table of ``docs/reliability.md``. Each bug runs in a process of its own, with fixed
seeds; the seed that finds it is then played without the bug, and must pass.
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


def search(name: str, most: int = MOST) -> Found:
    """Plant a bug in this process, and play seeds until one of them sees it."""
    began = time.monotonic()
    plant(ALL[name])
    from tests.simulation.farm import play, sweep_up  # noqa: PLC0415 - the product may be loaded only now

    try:
        for count in range(1, most + 1):
            breaches = play(FIRST + count - 1).breaches
            if breaches:
                return Found(name=name, seeds=count, law=breaches[0].law, said=breaches[0].what, seconds=time.monotonic() - began)
    finally:
        sweep_up()
    return Found(name=name, seeds=None, seconds=time.monotonic() - began)


def search_apart(name: str, most: int = MOST) -> Found:
    """The same in a new process, since a bug once planted stays."""
    command = [sys.executable, "-m", "tests.simulation.sensitivity", "--plant", name, "--seeds", str(most)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own module
    if done.returncode != 0:
        raise RuntimeError(f"{name}: {done.stderr[-2000:]}")
    return Found(**json.loads(done.stdout.splitlines()[-1]))


def search_all(names: Sequence[str], *, most: int, workers: int) -> Iterator[Found]:
    """All of these, as they are found."""
    with ThreadPoolExecutor(workers) as pool:
        for done in as_completed([pool.submit(search_apart, name, most) for name in names]):
            yield done.result()


def main() -> int:
    """Obey the command line; 1 if a bug was not found."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.sensitivity", description=__doc__)
    parser.add_argument("--seeds", type=int, default=MOST, help="give up a bug after so many")
    parser.add_argument("--only", help="bugs whose name has this in it")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--plant", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.plant:
        print(json.dumps(asdict(search(options.plant, options.seeds))))
        return 0
    names = [name for name in ALL if not options.only or options.only in name]
    missed = []
    for found in search_all(names, most=options.seeds, workers=options.workers):
        print(
            f"{found.name}: {found.seeds or 'NOT FOUND'} seeds, {found.seconds:.0f} s; {found.law}: {found.said[:160]}",
            flush=True,
        )
        missed += [found.name] if found.seeds is None else []
    print(f"{len(names) - len(missed)} of {len(names)} planted bugs found; not found: {', '.join(missed) or 'none'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
