"""``python -m tests.fuzz.search TARGET SECONDS``: one process that looks for inputs which a target does not bear.

Atheris leads the search by what each input reaches in the product, ``mutation`` makes the inputs. A finding is shortened, kept
in the target's corpus as ``found-...``, and the search goes on; of the same trouble at the same place only one is kept.
"""

from __future__ import annotations

import random  # noqa: TID251 - made from the number that the search gives
import sys
import traceback
from hashlib import sha256
from pathlib import Path
from typing import Final

import atheris

from tests.fuzz.mutation import LONGEST, mutated, shortened

WORKING = Path("build/fuzz")
"""Inputs that reached something new, from which the next search goes on; what kills the process lies there as ``crash-...``."""
MEGABYTES: Final = 1024
SHORTENINGS: Final = 400
"""Tries to shorten one finding."""

with atheris.instrument_imports(include=["connector"]):
    from tests.fuzz.harness import CORPORA, Hang, Target, corpus
    from tests.fuzz.targets import TARGETS


class Search:
    """What one process has found of a target."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._known: set[str] = set()

    def __call__(self, data: bytes) -> None:
        """Try an input."""
        trouble = self._trouble(data)
        if not trouble or trouble in self._known:
            return
        self._known.add(trouble)
        tries = iter(range(SHORTENINGS))
        least = shortened(data, lambda fewer: next(tries, None) is not None and self._trouble(fewer) == trouble)
        path = CORPORA / self._target.name / f"found-{sha256(trouble.encode()).hexdigest()[:8]}"
        path.write_bytes(least)
        print(f"\nFOUND {path.name}: {trouble}\n", file=sys.stderr, flush=True)

    def _trouble(self, data: bytes) -> str:
        """The kind of trouble and the innermost place in the product where it is; empty if there is none."""
        try:
            self._target(data)
        except (Exception, Hang) as error:  # noqa: BLE001 - every one is a finding
            places = [
                f"{frame.filename}:{frame.lineno}"
                for frame in traceback.extract_tb(error.__traceback__)
                if "/connector/" in frame.filename or "/tests/fuzz/" in frame.filename
            ]
            # A hang is one wherever it is met.
            place = "" if isinstance(error, Hang) else str(Path(places[-1]).relative_to(Path.cwd()))
            return f"{type(error).__name__} {place}".strip()
        return ""


def mutator(data: bytes, most: int, seed: int) -> bytes:
    """Three of four inputs are made of words; the fourth by what the search has seen the product compare."""
    chance = random.Random(seed)  # noqa: S311 - a search, no secret
    return bytes(atheris.Mutate(data, len(data)) if data and seed % 4 == 0 else mutated(data, chance.randrange)[:most])


def main(name: str, seconds: int) -> None:
    """Search; the process ends with it."""
    target = TARGETS[name]
    working = WORKING / name
    working.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(corpus(target)):
        (working / f"seed-{number}").write_bytes(seed)
    options = (f"-max_total_time={seconds}", f"-max_len={LONGEST}", f"-rss_limit_mb={MEGABYTES}", "-timeout=20")
    kept = ("-len_control=0", "-reduce_inputs=0", f"-artifact_prefix={working}/crash-", "-print_final_stats=1")
    atheris.Setup([sys.argv[0], *options, *kept, str(working)], Search(target), custom_mutator=mutator)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
