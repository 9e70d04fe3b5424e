"""The bridge as its users run it: the command ``alumni-bridge``, one process for each call."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

_PATIENCE = 1_200
ROOT = Path(__file__).parents[1]
"""The source tree, which is where the command runs."""
_PATIENCE_DAEMON = 90
_DRAIN = 30
_REST = 2.0
_CYCLES_SEEN = 2
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
    """Runs commands against one configuration.

    ``count`` tells how many API requests each system has served so far; ``around`` is what else happens before and after each
    command.
    """

    config: Path
    count: Callable[[], Mapping[str, int]]
    progress: Callable[[str], None]
    log: Path
    around: Callable[[], None] = lambda: None
    history: list[Said] = field(default_factory=list)

    def run(
        self,
        *words: str,
        allow: tuple[int, ...] = (0,),
        environment: Mapping[str, str] | None = None,
        configured: bool = True,
    ) -> Said:
        """Run one command; ``configured``: it wants the configuration.

        Raises:
            BridgeFailedError: its exit code is none of the allowed ones.
        """
        shown = f"alumni-bridge {' '.join(words)}"
        self.progress(shown)
        self.around()
        before, began = self.count(), time.monotonic()
        done = subprocess.run(  # noqa: S603 - our own program with words of ours
            [*_program(), *words, *(["--config", str(self.config)] if configured else [])],
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
        self.around()
        self.history.append(said)
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"$ {shown}\n{said.text}{said.complaint}[exit {said.code}, {said.seconds:.1f} s, {dict(calls)}]\n\n")
        if said.code not in allow:
            raise BridgeFailedError(f"{shown} ended with {said.code}:\n{said.text[-2000:]}\n{said.complaint[-3000:]}")
        return said

    def run_daemon(self) -> tuple[Said, list[dict[str, int]]]:
        """Run the daemon until two of its cycles have been seen, stop it with SIGTERM; what it said, and its calls by cycle.

        The first cycle's calls include those of its start.

        Raises:
            BridgeFailedError: it ended by itself, did not work, or did not end when it was told to.
        """
        shown = "alumni-bridge run"
        self.progress(shown)
        self.around()
        before, began = self.count(), time.monotonic()
        with tempfile.TemporaryFile() as said_to:
            process = subprocess.Popen(  # noqa: S603 - our own program
                [*_program(), "run", "--config", str(self.config)],
                stdout=said_to,
                stderr=said_to,
                cwd=ROOT,
                env=_environment(),
            )
            try:
                bursts = self._watch(process)
                process.terminate()
                code = process.wait(timeout=_DRAIN)
            finally:
                process.kill()
            said_to.seek(0)
            complaint = said_to.read().decode("utf-8", "replace")
        calls = {side: made - before[side] for side, made in self.count().items()}
        said = Said(command=shown, code=code, text="", complaint=complaint, seconds=time.monotonic() - began, calls=calls)
        self.history.append(said)
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"$ {shown}\n{complaint}[exit {code}, {said.seconds:.1f} s, {dict(calls)}]\n\n")
        if code or len(bursts) < _CYCLES_SEEN:
            raise BridgeFailedError(f"{shown} ended with {code} after {len(bursts)} cycles:\n{complaint[-3000:]}")
        return said, bursts

    def _watch(self, process: subprocess.Popen[bytes]) -> list[dict[str, int]]:
        """Calls come in bursts, one for each cycle; a burst has ended when nothing came for two seconds."""
        bursts: list[dict[str, int]] = []
        known, began, last, open_burst = self.count(), time.monotonic(), time.monotonic(), False
        while time.monotonic() - began < _PATIENCE_DAEMON and process.poll() is None:
            time.sleep(0.25)
            made, now = self.count(), time.monotonic()
            more = {side: made[side] - known[side] for side in made}
            if any(more.values()):
                if not open_burst:
                    bursts.append(dict.fromkeys(made, 0))
                bursts[-1] = {side: bursts[-1][side] + more[side] for side in made}
                known, last, open_burst = made, now, True
            elif open_burst and now - last > _REST:
                open_burst = False
                if len(bursts) >= _CYCLES_SEEN:
                    break
        return bursts


def _program() -> list[str]:
    """The installed command, or the module that it starts where the package is not installed."""
    installed = Path(sys.executable).parent / "alumni-bridge"
    return [str(installed)] if installed.exists() else [sys.executable, "-m", "connector.cli"]


def _environment() -> dict[str, str]:
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"COLUMNS": "124", "PYTHONUTF8": "1"}
