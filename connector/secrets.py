"""Secrets: where they come from, and a type that does not show them.

A configuration names a secret, it never contains one: ``credential:NAME`` (systemd credentials), ``file:PATH`` or
``env:NAME``. Files are opened without following links and judged after opening, so that nothing can be swapped in between.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import unicodedata
from collections.abc import Mapping
from hmac import compare_digest
from pathlib import Path
from typing import NoReturn

from connector.errors import Problem, UserError

_LARGEST = 65_536
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs"})
"""Unicode's categories of what nobody sees: control characters, marks such as a byte order mark, bytes that were no text."""
_PEM = "-----BEGIN "
_REFERENCE = re.compile(r"(?:credential:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|file:/[^\0]{1,1000}|env:[A-Za-z_][A-Za-z0-9_]{0,127})")


def is_reference(text: str) -> bool:
    """Whether a text of a configuration names a secret, and is not one itself."""
    return _REFERENCE.fullmatch(text) is not None


class Secret:
    """A text that ``repr``, ``str``, formatting, pickling and tracebacks with ``repr`` do not reveal.

    ``origin`` is ``credential``, ``file``, ``env`` or ``memory``; an environment variable is inherited by every child
    process, so whoever wires the product may warn about it.
    """

    __slots__ = ("_text", "origin")

    def __init__(self, text: str, *, origin: str = "memory") -> None:
        self._text = text
        self.origin = origin

    def reveal(self) -> str:
        """The text itself; call it only where it goes on the wire."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(Secret)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret cannot be pickled")


def read_secret(reference: str, environ: Mapping[str, str], *, file: str = "config.toml", setting: str = "") -> Secret:
    """The secret that a configuration refers to.

    Args:
        reference: ``credential:NAME``, ``file:PATH`` or ``env:NAME``.
        environ: the process environment (``CREDENTIALS_DIRECTORY`` is looked up in it).
        file: where the reference stands, for the error.
        setting: which setting it is, for the error: of several secrets one has to know which.

    Raises:
        UserError: one problem, K101 to K107. It never repeats the reference's value, which may be the secret itself.
    """
    place = _Place(file, setting)
    kind, colon, name = reference.partition(":")
    if not colon or not name:
        raise place.error(
            "K101",
            "this is not a reference to a secret",
            "write credential:NAME, file:PATH or env:NAME; the secret itself never belongs in this file",
        )
    if kind == "credential":
        return Secret(_read_credential(name, environ, place), origin=kind)
    if kind == "file":
        return Secret(_read_file(Path(name), place, private=True), origin=kind)
    if kind == "env":
        if environ.get(name):
            return Secret(_checked(environ[name], place), origin=kind)
        raise place.error("K102", f"the environment variable {_shown(name)} is not set", "set it, or better use credential:NAME")
    raise place.error("K101", "this is not a reference to a secret", "write credential:NAME, file:PATH or env:NAME")


class _Place:
    """Where in the configuration a problem is reported."""

    def __init__(self, file: str, setting: str) -> None:
        self.file, self.setting = file, setting

    def error(self, code: str, message: str, cure: str) -> UserError:
        told = f"{self.setting}: {message}" if self.setting else message
        return UserError([Problem(code=code, message=told, cure=cure, file=self.file)])


def _shown(name: str) -> str:
    """A name that may be shown: whoever wrote ``env:`` before a secret must not see it in a log."""
    return name if re.fullmatch(r"[A-Z][A-Z0-9_]{0,63}", name) else "(name not shown)"


def _read_credential(name: str, environ: Mapping[str, str], place: _Place) -> str:
    folder = environ.get("CREDENTIALS_DIRECTORY", "")
    if not folder:
        raise place.error(
            "K103",
            "there is no credentials directory",
            "start it by systemd with LoadCredential=, a command by hand as `alumni-bridge-admin COMMAND` (deploy/README.md); "
            "or use file:PATH instead",
        )
    if not _NAME.fullmatch(name):
        raise place.error("K104", "a credential's name has letters, digits, dot, dash and underline only", "correct the name")
    return _read_file(Path(folder) / name, place, private=False)


def _read_file(path: Path, place: _Place, *, private: bool) -> str:
    """The text of a file; ``private`` demands that nobody but us can read it or put another in its place."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as reason:
        why = "is a symbolic link" if reason.errno == errno.ELOOP else (reason.strerror or "cannot be opened").lower()
        raise place.error(
            "K105", f"the secret's file cannot be read: {why}", "name a plain file that this user can read"
        ) from None
    try:
        info = os.fstat(handle)
        if not stat.S_ISREG(info.st_mode):
            raise place.error("K105", "the secret's file is not a plain file", "name a plain file")
        if private:
            _check_privacy(path, info, place)
        data = os.read(handle, _LARGEST + 1)
    finally:
        os.close(handle)
    return _decode(data, place)


def _check_privacy(path: Path, info: os.stat_result, place: _Place) -> None:
    if info.st_mode & 0o077:
        raise place.error(
            "K106", "other users can read the secret's file", "chmod 600 it, and replace the secret if others may have read it"
        )
    if info.st_uid != os.geteuid():
        raise place.error("K106", "the secret's file belongs to another user", "chown it to the user that runs the bridge")
    folder = path.absolute().parent.stat()
    if folder.st_mode & 0o022 and not folder.st_mode & stat.S_ISVTX:
        raise place.error("K106", "others can replace the secret's file: they can write to its folder", "chmod go-w the folder")


def _decode(data: bytes, place: _Place) -> str:
    if len(data) > _LARGEST:
        raise place.error("K107", f"the secret's file is larger than {_LARGEST} bytes", "name the right file")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise place.error("K107", "the secret's file is not text", "a private key has to be in PEM form") from None
    return _checked(text, place)


def _checked(text: str, place: _Place) -> str:
    """The text without its last line break. What nobody sees in it came by a copy or an editor, and no header carries it.

    A key in PEM form has lines and may have remarks around it; who reads it judges it.
    """
    text = text.rstrip("\r\n")
    if not text.strip():
        raise place.error("K107", "the secret is empty", "put the secret into it")
    hidden = None if _PEM in text else next((one for one in text if unicodedata.category(one) in _INVISIBLE), None)
    if hidden is not None:
        raise place.error(
            "K107",
            f"the secret has a letter that nobody sees (U+{ord(hidden):04X})",
            'write it anew, as one line; a file is to be saved as UTF-8 without "BOM"',
        )
    return text
