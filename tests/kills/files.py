"""The state as a file of SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FileState:
    """See ``State``."""

    path: Path

    def configuration(self) -> str:
        """See ``State``."""
        return f'sqlite = "{self.path}"'

    def environment(self) -> Mapping[str, str]:
        """See ``State``."""
        return {}

    def file(self) -> Path:
        """See ``State``."""
        return self.path

    def integrity(self) -> str:
        """See ``State``."""
        with closing(sqlite3.connect(self.path)) as db:
            return str(db.execute("PRAGMA integrity_check").fetchone()[0])
