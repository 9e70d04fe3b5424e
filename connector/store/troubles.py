"""What an error of the database means: something is in its way and passes, or our own statement, or the state, is wrong."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, OperationalError

from connector.errors import Later

_IN_THE_WAY = {
    sqlite3.SQLITE_BUSY: ("SQLITE_BUSY", "another process has been working on the state for long"),
    sqlite3.SQLITE_LOCKED: ("SQLITE_LOCKED", "another process has been working on the state for long"),
    sqlite3.SQLITE_PROTOCOL: ("SQLITE_PROTOCOL", "another process is opening the state"),
    sqlite3.SQLITE_READONLY: ("SQLITE_READONLY", "this user may not write the state's file or folder, or the disk is read-only"),
    sqlite3.SQLITE_CANTOPEN: ("SQLITE_CANTOPEN", "the state's file, or one beside it, cannot be opened by this user"),
    sqlite3.SQLITE_FULL: ("SQLITE_FULL", "the disk with the state is full: make room"),
    sqlite3.SQLITE_IOERR: ("SQLITE_IOERR", "the disk with the state cannot be read or written"),
}
"""SQLite's codes (https://www.sqlite.org/rescode.html) that speak of the machine: the file is as good as it was."""

_READ_ONLY = "25006"
"""PostgreSQL's code (read_only_sql_transaction): it was failed over to a standby, or set read-only while its disk is full."""
_BUSY = "55P03"
"""PostgreSQL's code (lock_not_available)."""


def passing(error: BaseException) -> Later | None:
    """What to raise for an error that says nothing about what is in the state; None for any other.

    The driver's own text is not repeated: it can hold an address, and with it a password.
    """
    said = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(said, sqlite3.Error):
        # the higher bits say more about the same
        found = _IN_THE_WAY.get(getattr(said, "sqlite_errorcode", 0) & 0xFF)
        return Later(side="state", code=found[0], detail=found[1]) if found else None
    if getattr(said, "sqlstate", None) == _READ_ONLY:
        return Later(side="state", code="READ_ONLY", detail="PostgreSQL takes no writes: a standby, or its disk is full")
    if getattr(said, "sqlstate", None) == _BUSY:
        return Later(side="state", code="BUSY", detail="another process has been working on the state for long")
    if isinstance(error, DBAPIError) and (error.connection_invalidated or isinstance(error, OperationalError)):
        return Later(side="state", code="NO_DATABASE", detail="PostgreSQL does not let us in, or does not answer")
    return None
