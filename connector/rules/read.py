"""Mapping files from the disk: bytes, checked before they are parsed."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from connector.core.document import MAX_BYTES, Document, parse
from connector.errors import Problem, UserError


def read_document(path: Path) -> Document:
    """One mapping file, parsed, with the place of everything in it.

    Raises:
        UserError: it cannot be opened, is no plain file, can be changed by everybody, or is no TOML that we accept.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise _refusal(
            path,
            f"the file cannot be read: {(error.strerror or 'unknown reason').lower()}",
            "alumni-bridge check names the folder that it reads",
        ) from None
    try:
        info = os.fstat(handle)
        if not stat.S_ISREG(info.st_mode):
            raise _refusal(path, "this is not a plain file", "name the folder that holds the mapping files")
        # Whoever can write a mapping decides what leaves the institution.
        if info.st_mode & stat.S_IWOTH:
            raise _refusal(path, "every user of this machine can change the file", f"chmod o-w {path.name}")
        with os.fdopen(os.dup(handle), "rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    finally:
        os.close(handle)
    return parse(path.name, data, codes="M")


def _refusal(path: Path, message: str, cure: str) -> UserError:
    return UserError([Problem(code="M000", message=message, cure=cure, file=path.name)])
