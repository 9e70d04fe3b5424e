"""What a power cut does to SQLite's write-ahead log: the transaction that was being written has no end.

The log is a header of 32 bytes and frames of 24 bytes and a page each. The header's two salts (bytes 16 to 24) stand again in
every frame that belongs to the present round (bytes 8 to 16 of it); what follows the last of them is left from earlier rounds.
Source: the SQLite file format, section 4, "The Write-Ahead Log".
"""

from __future__ import annotations

from pathlib import Path

_HEADER, _FRAME = 32, 24


def tear(log: Path, copy: Path) -> None:
    """Bring a copy of a log up to date, but for the second half of the last frame: anything else stands there.

    Where nothing was written since the copy was made, there is nothing to tear: what was acknowledged stays.
    """
    data = bytearray(log.read_bytes()) if log.exists() else bytearray()
    if copy.exists() and copy.read_bytes() == data:
        return
    end = _end(data)
    half = (_FRAME + _page(data)) // 2
    data[end - half : end] = bytes(255 - byte for byte in data[end - half : end])
    copy.write_bytes(data)


def _page(data: bytearray) -> int:
    return int.from_bytes(data[8:12], "big")


def _end(data: bytearray) -> int:
    """Where the last frame of the present round ends."""
    salts, at = data[16:24], _HEADER
    while at < len(data) and data[at + 8 : at + 16] == salts:
        at += _FRAME + _page(data)
    return at
