"""Inputs that are a little wrong, by somebody who knows what texts are made of."""

from __future__ import annotations

import re
from collections.abc import Callable

LONGEST = 200_000
"""Bytes of one input."""

Below = Callable[[int], int]
"""Chance as an argument: a whole number from 0, below the one given."""

_TOKEN = re.compile(rb"\"(?:[^\"\\\n]|\\.)*\"|[A-Za-z0-9_.+-]+|\s+|.", re.DOTALL)

_NUMBERS = (b"null", b"true", b"false", b"0", b"-1", b"1e999", b"NaN", b"1.5", b"9" * 30, b"9" * 5000, b"18446744073709551616")
_DEEP = (b"[" * 3000, b'{"a":' * 3000, b"[" * 500 + b"]" * 500, b'{"a":' * 900 + b"1" + b"}" * 900, b"(" * 2000)
_TEXTS = (b'""', b"[]", b"{}", b'" "', b'"\\ud800"', b'"\\u0000"', b'"\\ud83d\\ude00"', b"a" * 300, b"a" * 33_000)
_BYTES = (b"\x00", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xff\xfe", b"\r", b"\n", b"\t", b"\x1b[2J", b"\x1e")
_LETTERS = ("\u202e", "\u2028", "\u0130", "\u1e9e", "\ufb01", "e" + "\u0301" * 300, "\U0001f600", "\ufffe", "\u0085", "\u200b")
_ESCAPES = (
    b"'",
    b'"',
    b"\\",
    b"`",
    b";",
    b"--",
    b"' OR '1'='1",
    b"%00",
    b"%2e%2e%2f",
    b"../",
    b"//",
    b"@",
    b"=1+1",
    b"{0}",
    b"${x}",
)
_MOMENTS = (
    *(b"2026-02-30", b"0001-01-01T00:00:00+14:00", b"9999-12-31T23:59:59-14:00", b"2026-11-02T24:00:00Z", b"0000-00-00"),
    *(b"Mon, 02 Nov 9999 09:01:00 -1200", b"2026-11-02T09:00:00", b"20261102", b"2026-W45-1"),
)
_NAMES = (b"__proto__", b"__class__", b"id", b"Id", b"003000000000001AAA", b"https://evil.example/", b"https://", b"http://[::1")
HOSTILE: tuple[bytes, ...] = (
    *(*_NUMBERS, *_DEEP, *_TEXTS, *_BYTES, *_ESCAPES, *_MOMENTS, *_NAMES),
    *(letter.encode() for letter in _LETTERS),
    *(b"/\\evil.example", b"https://careers.example.edu\t"),
)
"""Words that somebody somewhere has choked on."""


def mutated(data: bytes, below: Below) -> bytes:
    """An input that is a little wrong: words of it replaced, repeated, swapped or dropped, or made hostile.

    Words are kept whole (texts in quotation marks, numbers, names), so that what comes out is mostly well formed.
    """
    words = _TOKEN.findall(data)
    for _ in range(1 + below(4)):
        here = below(len(words) + 1)
        some = slice(here, here + 1 + (below(8) if below(4) == 0 else 0))
        match below(7):
            case 0:
                words[some] = []
            case 1 | 2:
                words[some] = [HOSTILE[below(len(HOSTILE))]]
            case 3:
                words[some] = words[some] * (2 if below(8) else 50)
            case 4 if words:
                words[some] = [words[below(len(words))]]
            case 5 if words[some]:
                word = bytearray(b"".join(words[some]))
                word[below(len(word))] = below(256)
                words[some] = [bytes(word)]
            case _:
                words[here:here] = [HOSTILE[below(len(HOSTILE))]]
    return b"".join(words)[:LONGEST]


def shortened(data: bytes, still: Callable[[bytes], bool]) -> bytes:
    """The least that is left of an input when words are taken out of it for as long as ``still`` holds."""
    words = _TOKEN.findall(data)
    size = max(1, len(words) // 2)
    while True:
        here = 0
        while here < len(words):
            fewer = words[:here] + words[here + size :]
            if still(b"".join(fewer)):
                words = fewer
            else:
                here += size
        if size == 1:
            return b"".join(words)
        size //= 2
