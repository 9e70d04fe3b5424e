"""The bridge as its users run it: the command ``alumni-bridge``, one process for each call."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

_PATIENCE = 1_200
ROOT = Path(__file__).parents[1]
"""The source tree, which is where the command runs."""
HALTED = 3
"""The exit code of a command after which a person must act."""


class BridgeFailedError(Exception):
    """The command ended in a way that the story cannot go on from; the message has what it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one command answered. ``calls`` are the API requests that both systems counted meanwhile, by side."""

    command: str
    code: int
    text: str
    complaint: str
    seconds: float
    calls: Mapping[str, int]

    def json(self) -> Any:  # noqa: ANN401 - the command's own JSON
        """Its output as JSON."""
        try:
            return orjson.loads(self.text)
        except orjson.JSONDecodeError as reason:
            raise BridgeFailedError(f"{self.command}: no JSON ({reason}): {self.text[:300]} {self.complaint[-2000:]}") from None


@dataclass(slots=True, kw_only=True)
class Bridge:
    """Runs commands against one configuration. ``count`` tells how many API requests each system has served so far."""

    config: Path
    count: Callable[[], Mapping[str, int]]
    progress: Callable[[str], None]
    log: Path
    history: list[Said] = field(default_factory=list)

    def run(self, *words: str, allow: tuple[int, ...] = (0,), environment: Mapping[str, str] | None = None) -> Said:
        """Run one command.

        Raises:
            BridgeFailedError: its exit code is none of the allowed ones.
        """
        shown = f"alumni-bridge {' '.join(words)}"
        self.progress(shown)
        before, began = self.count(), time.monotonic()
        done = subprocess.run(  # noqa: S603 - our own program with words of ours
            [*_program(), *words, "--config", str(self.config)],
            capture_output=True,
            check=False,
            timeout=_PATIENCE,
            cwd=ROOT,
            env=_environment() | dict(environment or {}),
        )
        calls = {side: made - before[side] for side, made in self.count().items()}
        said = Said(
            command=shown,
            code=done.returncode,
            text=done.stdout.decode("utf-8", "replace"),
            complaint=done.stderr.decode("utf-8", "replace"),
            seconds=time.monotonic() - began,
            calls=calls,
        )
        self.history.append(said)
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"$ {shown}\n{said.text}{said.complaint}[exit {said.code}, {said.seconds:.1f} s, {dict(calls)}]\n\n")
        if said.code not in allow:
            raise BridgeFailedError(f"{shown} ended with {said.code}:\n{said.text[-2000:]}\n{said.complaint[-3000:]}")
        return said


def _program() -> list[str]:
    """The installed command, or the module that it starts where the package is not installed."""
    installed = Path(sys.executable).parent / "alumni-bridge"
    return [str(installed)] if installed.exists() else [sys.executable, "-m", "connector.cli"]


def _environment() -> dict[str, str]:
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"COLUMNS": "124", "PYTHONUTF8": "1"}
