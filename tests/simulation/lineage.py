"""What a state can know: a copy of it, put back or taken over, knows nothing of what was done since by another one."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field

from tests.simulation.world import Call


@dataclass
class Lineage:
    """Which calls the present state has to know of: spans of their numbers, each of the daemon on one host."""

    spans: list[list[int | None]] = field(default_factory=lambda: [[0, None]])
    hosts: list[str] = field(default_factory=lambda: ["bridge"])

    @property
    def knows_beginning(self) -> bool:
        """Whether the state goes back to before the first call."""
        return bool(self.spans) and self.spans[0][0] == 0

    def until(self, now: int) -> Lineage:
        """What a copy of the state that is made now can know."""
        found = deepcopy(self)
        if found.spans and found.spans[-1][1] is None:
            found.spans[-1][1] = now
        return found

    def go_on(self, host: str, now: int) -> None:
        """From now on the state is that of the daemon on this host."""
        self.spans.append([now, None])
        self.hosts.append(host)

    def numbers(self, calls: Sequence[Call]) -> list[int]:
        """The numbers of the calls."""
        return [
            number
            for (began, ended), host in zip(self.spans, self.hosts, strict=True)
            for number in range(began or 0, len(calls) if ended is None else ended)
            if calls[number].process == host
        ]
