"""Mappings as ``init`` makes them for a platform and a flavour: as an administrator gets them, by the command.

What judges the product does not import it, and neither does this: it is loaded before a bug is planted.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from functools import cache
from pathlib import Path

_SHARED = "SIMULATION_COMPOSED"
"""The variable that names a folder in which the processes of one run share what was made."""


@contextmanager
def composed_once() -> Iterator[None]:
    """Processes that are started in the block run ``init`` once for each platform and flavour between them."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ[_SHARED] = folder
        try:
            yield
        finally:
            del os.environ[_SHARED]


@cache
def composed(platform: str, flavour: str) -> Mapping[str, str]:
    """The files of a mapping, by name."""
    shared = os.environ.get(_SHARED)
    with nullcontext(shared) if shared else tempfile.TemporaryDirectory() as folder:
        kept = Path(folder, f"{platform}-{flavour}")
        if not kept.exists():
            fresh = f"{kept}-{os.getpid()}"
            command = [sys.executable, "-m", "connector.cli", "init", "--platform", platform, "--flavour", flavour, fresh]
            subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own command
            with suppress(OSError):  # another process was quicker
                Path(fresh).rename(kept)
        return texts(kept / "mappings")


def texts(folder: Path) -> Mapping[str, str]:
    """What stands in the files of a folder of mappings, by name."""
    return {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.toml")}
