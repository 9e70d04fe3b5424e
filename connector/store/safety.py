"""What is looked at before a database is taken for the bridge's state: whose it is, who can read it, and the way there."""

from __future__ import annotations

import os
import stat
from ipaddress import ip_address
from pathlib import Path

from sqlalchemy import URL, Connection, inspect, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from connector.errors import Halt


def secure_file(path: Path, *, create: bool) -> None:
    """Make a SQLite file for its owner only, or close one that is there to everybody else.

    Raises:
        Halt: it is no plain file (a symbolic link, a folder, a device), cannot be opened, or is not there and may not be made.
    """
    try:
        if not path.exists() and not path.is_symlink():
            if not create:
                raise Halt(subject=f"state {path}", reason="there is no state yet", remedy="run `alumni-bridge check` first")
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
        # Not opened and closed once more: that would take away the locks of another connection of this process.
        mode = path.lstat().st_mode
        if not stat.S_ISREG(mode):
            what = "a symbolic link" if stat.S_ISLNK(mode) else "no plain file"
            raise Halt(subject=f"state {path}", reason=f"the state file is {what}", remedy="name the file itself")
        path.chmod(0o600)
    except OSError as error:
        remedy = "name a file in a folder that this user can write to"
        why = (error.strerror or "unknown reason").lower()
        raise Halt(subject=f"state {path}", reason=f"the state file cannot be used: {why}", remedy=remedy) from None


def address_of(url: str) -> URL:
    """The address of a state.

    Raises:
        Halt: it is none of SQLite's or PostgreSQL's.
    """
    try:
        parsed = make_url(url)
    except (SQLAlchemyError, ValueError):
        raise no_address("it is no address of a database") from None
    if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise no_address("it is neither PostgreSQL's nor a file's")
    return parsed


def no_address(reason: str) -> Halt:
    """The error for an address of no use, which itself is not repeated: it may hold a password."""
    return Halt(
        subject="state",
        reason=f"its address cannot be used: {reason}",
        remedy="write postgresql+psycopg://USER:PASSWORD@HOST/NAME, and install the driver: pip install 'psycopg[binary]'",
    )


def demand_tls(url: URL) -> None:
    """Refuse a PostgreSQL over the network whose certificate is not checked against its name.

    Raises:
        Halt: it is such a one. The address is not repeated: it holds a password.
    """
    hosts = [url.host or ""]
    for name in ("host", "hostaddr"):
        named = url.query.get(name, ())
        hosts += [one for told in ([named] if isinstance(named, str) else named) for one in told.split(",")]
    if any(host and not _local(host) for host in hosts) and url.query.get("sslmode") != "verify-full":
        raise Halt(
            subject="state",
            reason="the way to PostgreSQL leads over the network, and nobody proves whose server it is",
            remedy="add ?sslmode=verify-full&sslrootcert=/PATH/ca.pem to the address in the secret, or use a socket",
        )


def _local(host: str) -> bool:
    if host.startswith("/") or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def demand_empty(db: Connection) -> None:
    """Refuse a database that holds something else: our tables would be among somebody's data.

    Raises:
        Halt: there are tables.
    """
    if set(inspect(db).get_table_names()) - {"alembic_version"}:
        raise Halt(
            subject="state",
            reason="this database is not the bridge's: it holds other tables",
            remedy="correct [state] in config.toml; give the bridge a file, or a database, of its own",
        )


def role_fault(db: Connection) -> str | None:
    """What the role on PostgreSQL may do that the bridge never needs; None if nothing, and on SQLite."""
    if db.dialect.name != "postgresql":
        return None
    query = "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls FROM pg_roles WHERE rolname = current_user"
    if any(db.execute(text(query)).one()):
        return "its role may do more than work on its own tables: give the bridge a plain role"
    return None
