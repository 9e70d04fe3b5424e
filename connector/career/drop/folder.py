"""The folder that both offices share: what lies in it is looked at with suspicion, and nothing outside it is touched.

Files are opened by name inside the opened folder, without following links, and judged after opening, so that nothing can be
swapped in between. What we write appears whole or not at all: written aside, synced, renamed.
"""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from connector.errors import Halt, Later, Unknown

_CHUNK = 1 << 20
_GONE = frozenset({errno.ENOENT, errno.ESTALE, errno.EIO, errno.ENOTCONN, errno.ETIMEDOUT, errno.EHOSTDOWN})
"""A share that is not mounted, or does not answer: that passes."""


class Unfit(Exception):
    """An entry of the folder that is never taken. ``reason`` is a sentence for whoever put it there."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file as it lies there. ``modified`` is in nanoseconds; two looks with equal entries met the same content.

    ``fault`` says why it is never taken as it is; empty where nothing speaks against it.
    """

    name: str
    size: int
    modified: int
    node: int
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """A file's content, kept aside under ``name``: ``digest`` names it, ``ended`` says whether its last line is complete."""

    name: str
    digest: str
    ended: bool


class Folder:
    """One system's folder.

    Args:
        path: where it is.
        system: the system's name in the configuration; errors carry it.
        owner: the login name of one more account that may put files there, besides ours and the folder's owner.
        group: a group whose members may read what we write; empty for nobody but our own account.
    """

    def __init__(self, path: Path, *, system: str, owner: str = "", group: str = "") -> None:
        self.path, self.system, self._owner, self._group = path, system, owner, group

    def entries(self) -> list[str]:
        """The names in the folder, except those that begin with a dot.

        Raises:
            Later: it is not there now.
            Halt: it is no folder, or everybody can write to it.
        """
        with self._opened() as folder:
            return sorted(name for name in _names(folder) if not name.startswith("."))

    def look(self, name: str) -> Entry:
        """What lies under a name, not opened.

        Raises:
            FileNotFoundError: it is gone.
        """
        with self._opened() as folder:
            info = os.stat(name, dir_fd=folder, follow_symlinks=False)
            return replace(_entry(name, info), fault=self._fault(folder, info))

    def copy(self, entry: Entry, aside: str, *, ended: bool) -> Copied | None:
        """Copy a file's content aside, under ``aside`` and its digest; None if it changed meanwhile. Older copies go.

        ``ended``: copy it only if its last line is complete.

        Raises:
            Unfit: it is no plain file, or somebody can change it who has no business there.
            FileNotFoundError: it is gone.
        """
        with self._opened() as folder, self._file(folder, entry.name) as handle:
            complete = _complete(os.pread(handle, 4, max(0, entry.size - 4)))
            if ended and not complete:
                return None
            found, part = sha256(), f"{aside}part"
            with self._made(folder, part) as copy:
                while piece := os.read(handle, _CHUNK):
                    found.update(piece)
                    copy.write(piece)
            digest = found.hexdigest()[:20]
            if _entry(entry.name, os.fstat(handle)) != entry:
                os.unlink(part, dir_fd=folder)
                return None
            for old in _names(folder):
                if old.startswith(aside) and old != part:
                    os.unlink(old, dir_fd=folder)
            os.rename(part, aside + digest, src_dir_fd=folder, dst_dir_fd=folder)
        return Copied(name=aside + digest, digest=digest, ended=complete)

    def open(self, name: str) -> BinaryIO:
        """A file of ours, to be read.

        Raises:
            FileNotFoundError: there is none.
        """
        with self._opened() as folder:
            handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        return os.fdopen(handle, "rb")

    def put(self, name: str, write: Callable[[BinaryIO], None], *, again: bool = False) -> None:
        """Let a whole file appear under a name; ``again``: it may take the place of an older one.

        Raises:
            Later: it certainly did not appear.
            Unknown: it appeared, and may be gone after a power failure.
        """
        part = f".{name}.part"
        with self._opened() as folder:
            with self._made(folder, part) as file:
                write(file)
            if not again and name in _names(folder):
                raise Later(side=self.system, code="NAME_TAKEN", detail="a file of the next number is there already")
            os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)
            try:
                os.fsync(folder)
            except OSError as reason:
                if again:
                    raise
                raise Unknown(side=self.system, detail=f"folder not synced: {os.strerror(reason.errno or 0)}") from reason

    def drop(self, name: str) -> None:
        """Remove a file of ours, if it is there."""
        with self._opened() as folder, suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Around reading and writing: a disk that is full or a share that fails is no defect of ours, and passes."""
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as reason:
            raise Later(side=self.system, code="FOLDER", detail=os.strerror(reason.errno or 0)) from reason

    @contextmanager
    def _opened(self) -> Iterator[int]:
        try:
            handle = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as reason:
            if reason.errno in _GONE:
                raise Later(side=self.system, code="NO_FOLDER", detail="its folder is not there") from None
            why = "it is a symbolic link" if self.path.is_symlink() else (reason.strerror or "it cannot be opened").lower()
            raise self._unusable(
                why, "name the folder itself in config.toml, and let the bridge's user read and write it"
            ) from None
        try:
            if os.fstat(handle).st_mode & stat.S_IWOTH:
                raise self._unusable("every user of this machine can put files there", "chmod o-w the folder")
            with self.guarded():
                yield handle
        finally:
            os.close(handle)

    def _unusable(self, why: str, remedy: str) -> Halt:
        return Halt(subject=self.system, reason=f"its folder cannot be used: {why}", remedy=remedy)

    @contextmanager
    def _file(self, folder: int, name: str) -> Iterator[int]:
        """A file that somebody put there, opened; without O_NONBLOCK a named pipe would keep us waiting for a writer."""
        try:
            handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        except FileNotFoundError:
            raise
        except OSError as reason:
            link = reason.errno == errno.ELOOP
            raise Unfit("it is a symbolic link" if link else f"it cannot be read: {(reason.strerror or '').lower()}") from None
        try:
            if fault := self._fault(folder, os.fstat(handle)):
                raise Unfit(fault)
            yield handle
        finally:
            os.close(handle)

    def _fault(self, folder: int, info: os.stat_result) -> str:
        if stat.S_ISLNK(info.st_mode):
            return "it is a symbolic link"
        if not stat.S_ISREG(info.st_mode):
            return "it is no plain file"
        if info.st_mode & stat.S_IWOTH:
            return "every user of this machine can change it"
        if info.st_uid not in self._trusted(folder):
            return "it belongs to another user than the bridge's, the folder's, or the one named in folder_owner"
        return ""

    def _trusted(self, folder: int) -> set[int]:
        found = {os.geteuid(), os.fstat(folder).st_uid}
        if self._owner:
            try:
                found.add(pwd.getpwnam(self._owner).pw_uid)
            except KeyError:
                raise self._unusable(f'there is no user "{self._owner}"', "correct the setting folder_owner") from None
        return found

    @contextmanager
    def _made(self, folder: int, name: str) -> Iterator[BinaryIO]:
        """A new file of ours, on the disk once the block ends; an older one of this name was left by a dead process."""
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)
        mode = 0o640 if self._group else 0o600
        handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode, dir_fd=folder)
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, mode)
            if self._group:
                os.fchown(handle, -1, self._group_id())
            yield file
            file.flush()
            os.fsync(handle)

    def _group_id(self) -> int:
        try:
            return grp.getgrnam(self._group).gr_gid
        except KeyError:
            raise self._unusable(f'there is no group "{self._group}"', "correct the setting folder_group") from None


def _names(folder: int) -> list[str]:
    return os.listdir(folder)  # not by path, which would be looked up again: this is the folder that was opened


def _complete(end: bytes) -> bool:
    """Whether a file that ends so ends with a line; in UTF-16 and UTF-32 a line break is followed or led by zeros."""
    return end.rstrip(b"\0")[-1:] in {b"\n", b"\r"}


def _entry(name: str, info: os.stat_result) -> Entry:
    return Entry(name=name, size=info.st_size, modified=info.st_mtime_ns, node=info.st_ino)
