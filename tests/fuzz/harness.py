"""What every fuzz target has in common: its bounds and its corpus.

A target takes bytes, gives them to a part of the product that reads what others wrote, and raises ``AssertionError`` if what
comes back breaks that part's contract. Errors that the contract names are not findings; every other exception is one, and so is
an input that costs more than ``SECONDS`` of the processor or ``MEGABYTES`` of memory.
"""

from __future__ import annotations

import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CORPORA = Path(__file__).parent / "corpus"
SECONDS = 1.0
MEGABYTES = 256


class Hang(BaseException):
    """An input costs too much. No ``Exception``, so that nothing in the product takes it for trouble of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One part of the product that reads what others wrote.

    ``run`` does so with an input. ``files`` are good inputs beside the corpus: what the product itself ships.
    """

    name: str
    run: Callable[[bytes], None]
    files: Callable[[], tuple[bytes, ...]] = tuple

    def seeds(self) -> tuple[bytes, ...]:
        """Inputs to begin with: shipped files, recorded answers, and every input that ever was a finding."""
        folder = CORPORA / self.name
        return (*self.files(), *(path.read_bytes() for path in sorted(folder.glob("*"))))

    def __call__(self, data: bytes) -> None:
        """Try one input within the bounds."""
        with bounded():
            self.run(data)


@contextmanager
def bounded() -> Iterator[None]:
    """End what costs too much: time of the processor, so that a busy machine is no finding, and memory."""
    before = signal.signal(signal.SIGPROF, _late)
    _forget_peak()
    peak = _peak()
    signal.setitimer(signal.ITIMER_PROF, SECONDS, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    grown = _peak() - peak
    if grown > MEGABYTES:
        raise Hang(f"{grown} MB of memory")


def _late(_signal: int, _frame: object) -> None:
    raise Hang(f"more than {SECONDS:g} s of the processor")


def _forget_peak() -> None:
    """Whatever this process once held: from here on the peak counts anew."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak() -> int:
    """Megabytes; where the system has no /proc, those of the process's whole life."""
    with suppress(OSError):
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return int(status.partition("VmHWM:")[2].split(maxsplit=1)[0]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


@cache
def corpus(target: Target) -> tuple[bytes, ...]:
    """The seeds of a target, which has tried each of them without bounds: what is made at first use costs an input nothing."""
    seeds = target.seeds()
    for seed in seeds:
        target.run(seed)
    return seeds
