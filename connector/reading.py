"""A person's file from the disk: what it is and who can change it is judged before it is parsed."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from connector.core.document import MAX_BYTES, Document, parse
from connector.errors import Problem, UserError

_CURE = "check its name, its folder and who may read it"


def read_document(path: Path, *, codes: str, missing: str = _CURE) -> Document:
    """A TOML file, parsed, with the place of everything in it. ``codes`` is the letter of its problem codes.

    ``missing`` is the cure where there is none.

    Raises:
        UserError: as of ``read_bytes``, or it is no TOML that we accept.
    """
    return parse(path.name, read_bytes(path, codes=codes, missing=missing), codes=codes)


def read_bytes(path: Path, *, codes: str, missing: str = _CURE) -> bytes:
    """What stands in a file, up to one byte more than a document may have.

    Raises:
        UserError: it cannot be opened, is no plain file, or can be changed by everybody.
    """
    try:
        # Without O_NONBLOCK a named pipe would keep us waiting for a writer.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except ValueError:
        raise _unreadable(path, codes, "file", "its name is not a file name") from None
    except OSError as error:
        cure = missing if isinstance(error, FileNotFoundError) else _CURE
        raise _unreadable(path, codes, "file", error.strerror, cure) from None
    try:
        info = os.fstat(handle)
        if not stat.S_ISREG(info.st_mode):
            raise _refusal(path, codes, "this is not a plain file", "name the file itself")
        # Whoever can write it decides what leaves the institution.
        if info.st_mode & stat.S_IWOTH:
            raise _refusal(path, codes, "every user of this machine can change the file", f"chmod o-w {path}")
        with os.fdopen(handle, "rb", closefd=False) as stream:
            return stream.read(MAX_BYTES + 1)
    finally:
        os.close(handle)


def names_in(folder: Path, *, codes: str) -> list[str]:
    """What a folder holds, in the order of the names.

    Raises:
        UserError: it cannot be read; ``Path.glob`` would find nothing in it then.
    """
    try:
        return sorted(each.name for each in folder.iterdir())
    except OSError as error:
        raise _unreadable(folder, codes, "folder", error.strerror) from None


def _unreadable(path: Path, codes: str, what: str, why: str | None, cure: str = _CURE) -> UserError:
    message = f"the {what} cannot be read: {(why or 'unknown reason').lower()}"
    return _refusal(path, codes, message, cure)


def _refusal(path: Path, codes: str, message: str, cure: str) -> UserError:
    return UserError([Problem(code=f"{codes}000", message=message, cure=cure, file=str(path))])
