"""A cell as it is played: the run, the operation under way, and what was so when the fault came."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.simulation.oracle.evidence import state_rows
from tests.simulation.world import Call

if TYPE_CHECKING:
    from tests.simulation.run import Run


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What checks look at. ``done`` tells what of the operation is not done; ``since`` counts the calls made before the fault."""

    run: Run
    done: Callable[[Run], Sequence[str]]
    since: int
    began: float

    @property
    def calls(self) -> Sequence[Call]:
        """What has passed since the fault came."""
        return self.run.world.calls[self.since :]

    @property
    def seconds(self) -> float:
        """How long ago the fault came."""
        return self.run.world.time.seconds - self.began

    def rows(self, table: str) -> list[dict[str, Any]]:
        """A table of the bridge's state."""
        return state_rows(self.run.host.state, table)
