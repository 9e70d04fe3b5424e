"""Kills the daemon again and again while people work, and judges what is left."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from subprocess import Popen

from tests.kills.ending import judge, settle
from tests.kills.place import CYCLE, PATIENCE, SPEC, Place
from tests.simulation.dice import Dice
from tests.simulation.draw import deed
from tests.simulation.oracle.evidence import Breach

_CALLS = 25
"""A start and its first cycle take about so many requests: within them the daemon is killed."""

_UNREACHABLE = 4
"""The exit code where something does not answer (docs/commands.md)."""

Trouble = Callable[[], object]
"""Something that happens to the state while the daemon works; the daemon has to survive it."""


@dataclass(kw_only=True)
class Account:
    """What came of it."""

    kills: int = 0
    calls: int = 0
    writes: int = 0
    after: Counter[str] = field(default_factory=Counter)
    """What the request was after which the daemon was killed."""
    deeds: int = 0
    gave_up: int = 0
    """How often the daemon ended by itself at its start."""
    breaches: list[Breach] = field(default_factory=list)


def kill_often(
    place: Place, dice: Dice, lives: Iterable[object], *, told: Callable[[Account], object], trouble: Trouble | None = None
) -> Account:
    """Kill the daemon in each life, at a random moment; then let it come to rest, and judge. ``told`` hears of each kill."""
    account = Account()
    for _ in lives:
        _work(place, dice, account, most=3)
        with place.daemon() as process:
            _live(place, process, dice, account, trouble)
            place.kill(process)
        account.kills += 1
        account.after[_after(place)] += 1
        if (verdict := place.state.integrity()) != "ok":
            account.breaches.append(Breach("integrity", verdict))
        told(account)
    account.breaches += settle(place)
    account.breaches += judge(place)
    account.calls, account.writes = len(place.calls), sum(call.writes for call in place.calls)
    return account


def _live(place: Place, process: Popen[bytes], dice: Dice, account: Account, trouble: Trouble | None) -> None:
    """A life: people work in its midst, the state is in trouble, and at some moment it is over: often in the midst of a write."""
    place.aim = dice.one(("", "before", "after"))
    first, second, last = sorted(dice.whole(0, _CALLS) for _ in range(3))
    before = len(place.calls)
    _await(place, process, before + 1, PATIENCE)
    began, longest = time.monotonic(), CYCLE * (0.5 + dice.unit())
    _await(place, process, before + first, longest)
    _work(place, dice, account, most=1)
    if trouble is not None:
        _await(place, process, before + second, longest + began - time.monotonic())
        trouble()
    _await(place, process, before + last, longest + began - time.monotonic())
    time.sleep(dice.unit() * 0.1)
    if process.poll() == _UNREACHABLE and trouble is not None:
        # It met the trouble while it started: the service manager starts it again.
        account.gave_up += 1
    elif process.poll() not in {None, -signal.SIGKILL}:
        account.breaches.append(Breach("survival", f"the daemon ended by itself with {process.returncode}"))


def _work(place: Place, dice: Dice, account: Account, *, most: int) -> None:
    deeds = [deed(dice, SPEC) for _ in range(dice.whole(0, most))]
    place.act(*deeds)
    account.deeds += len(deeds)


def _await(place: Place, process: Popen[bytes], calls: int, seconds: float) -> None:
    """Until so many requests have passed; in a quiet world not so many come, and the moment is any within some seconds."""
    end = time.monotonic() + seconds
    while len(place.calls) < calls and process.poll() is None and time.monotonic() < end:
        time.sleep(0.002)


def _after(place: Place) -> str:
    last: Sequence[str] = [f"{call.side} {call.request.method}" for call in place.calls if call.life == place.life][-1:]
    return last[0] if last else "before any request"
