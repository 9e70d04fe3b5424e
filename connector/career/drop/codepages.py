"""Which old code page a file is written with that is no Unicode: the one in which its letters stand where letters stand.

A wrong page makes signs inside words, and capitals behind small letters. Pages in which equally little is wrong make the file
undecidable, with one exception: where Western and Central European Windows tie, it is the Western one.
(charset-normalizer was tried instead: of lists of a thousand Western names it took six of twenty for something else.)
"""

from __future__ import annotations

import re
import unicodedata

PAGES = ("cp1252", "cp1250", "mac_roman", "cp850")
"""What spreadsheets of our offices write when they are not told otherwise, the likeliest first."""

_ONE_FAMILY = frozenset({"cp1252", "cp1250"})
_SIGNS = frozenset("‘’“”–—…\N{NO-BREAK SPACE}")  # noqa: RUF001 - curved quotation marks and dashes are meant
_IN_WORDS = frozenset("’\N{NO-BREAK SPACE}")  # noqa: RUF001 - the same
_NO_LETTERS_OF_NAMES = frozenset("ƒıªº")
_TOLERATED = 0.02
"""The share of odd letters in a file of the right page: people mistype."""


def page_of(sample: bytes, used: bytes) -> str | None:
    """The code page of a sample, None if nobody can tell. ``used`` are all bytes beyond English in the whole file."""
    found = []
    for place, page in enumerate(PAGES):
        try:
            letters, text = used.decode(page), sample.decode(page)
        except UnicodeDecodeError:
            continue
        found.append((_odd(text), place, page, letters))
    if not found:
        return None
    (odd, _, best, letters), *rest = sorted(found)
    rivals = {page for less, _, page, others in rest if less <= odd and others != letters}
    total = sum(byte > 127 for byte in sample)
    return best if odd <= total * _TOLERATED and (not rivals or {best, *rivals} == _ONE_FAMILY) else None


def _odd(text: str) -> int:
    """How many letters beyond English stand where they hardly can."""
    beyond = (found.start() for found in re.finditer(r"[^\x00-\x7f]", text))
    return sum(_is_odd(text[at], text[at - 1 : at], text[at + 1 : at + 2]) for at in beyond)


def _is_odd(letter: str, before: str, after: str) -> bool:
    inside = before.isalpha() and after.isalpha()
    if letter in _SIGNS:
        return inside and letter not in _IN_WORDS
    if not letter.isalpha() or unicodedata.category(letter) == "Lm" or letter in _NO_LETTERS_OF_NAMES:
        return True
    return (letter.isupper() and before.islower()) or (letter.islower() and before.isupper() and after.isupper())
