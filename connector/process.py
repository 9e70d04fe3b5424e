"""What this process lets others see of it: nothing of its memory, and no file that they could change or read."""

from __future__ import annotations

import ctypes
import os
import resource

_PR_SET_DUMPABLE = 4
"""``prctl(2)``: a process that is not dumpable writes no core file, and no other process of its user may read its memory."""


def shut_in() -> None:
    """Keep secrets in memory from core dumps and from other processes; nothing that we make can be changed by others.

    Where the system has no such thing, it is left out: the unit in ``deploy/`` does the same from outside.
    """
    os.umask(os.umask(0o022) | 0o022)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def make_private() -> None:
    """From now on nobody else can read what we make: state, copies of it, temporary files."""
    os.umask(0o077)
