"""When which daemon was halted by hand, as its state has it: the answer to whether it may write."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.simulation.oracle.evidence import Breach, state_rows
from tests.simulation.world import Call

_ACCOUNT = re.compile(r"/[0-9a-f]+$")
_TOGETHER = 200
"""How many writes the bridge takes together, at most."""


@dataclass
class Pause:
    """The daemon of a host is halted from a call on until another, by their numbers."""

    host: str
    began: int
    ended: int | None = None


@dataclass
class Pauses:
    """All pauses of a run.

    A halt stands in the state and goes with it. A copy from before it knows nothing of it, and a daemon that works on that is
    not halted; one that works on a copy from after it is.
    """

    all: list[Pause] = field(default_factory=list)

    def begin(self, host: str, now: int) -> None:
        """Everything is halted on a host."""
        self.all.append(Pause(host, now))

    def end(self, host: str, now: int) -> None:
        """Nothing is halted on a host any more."""
        for pause in self.all:
            if pause.host == host and pause.ended is None:
                pause.ended = now

    def go_on(self, host: str, now: int, state: Path) -> None:
        """A host has another state."""
        self.end(host, now)
        if any(row["subject"] == "everything" for row in state_rows(state, "halt")):
            self.begin(host, now)

    def judge(self, calls: Sequence[Call], batch: int) -> Iterator[Breach]:
        """After a halt nothing more is written than the batch that was under way (I47): its calls are of one kind.

        ``batch``: how many records careers take in one call; what we take together may have to be told one by one.
        """
        most = max(2, _TOGETHER // batch)
        for pause in self.all:
            later = [
                call
                for call in calls[pause.began : pause.ended]
                if call.process == pause.host and call.writes and b"Bridge_Status__c" not in call.request.body
            ]
            # Some platforms have a path for each account.
            if len({(call.side, _ACCOUNT.sub("/", call.request.path)) for call in later}) > 1 or len(later) > most:
                what = f"{len(later)} writes after everything was halted, such as {later[-1].request.body[:200]!r}"
                yield Breach("halted (I47)", what)
