"""HTTP/1.1 messages as the bytes that they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_PIECE = 65_536


def pieces(stream: BinaryIO) -> Iterator[bytes]:
    """The next message as it arrives: its head, then its body; nothing if the connection has ended before.

    Raises:
        EOFError: it ends in the midst of the message.
    """
    head = _head(stream)
    if not head:
        return
    yield head
    length = _LENGTH.search(head)
    if _CHUNKED.search(head):
        yield from _chunks(stream)
    elif length:
        yield from _bytes(stream, int(length[1]))


def _head(stream: BinaryIO) -> bytes:
    head = b""
    while line := stream.readline():
        head += line
        if line == b"\r\n":
            return head
    if head:
        raise EOFError
    return b""


def _bytes(stream: BinaryIO, left: int) -> Iterator[bytes]:
    while left:
        data: bytes = stream.read1(min(left, _PIECE))  # type: ignore[attr-defined]  # what makefile makes is buffered
        if not data:
            raise EOFError
        left -= len(data)
        yield data


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    size = -1
    while size:
        line = stream.readline()
        if not line:
            raise EOFError
        size = int(line, 16)
        yield line + b"".join(_bytes(stream, size + 2))


def chunked(head: bytes) -> bytes:
    """The head of a message whose body comes in chunks instead."""
    return _LENGTH.sub(b"\r\ntransfer-encoding: chunked", head)
