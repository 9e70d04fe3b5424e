"""Salesforce record ids: fifteen case-sensitive characters, and three more that make them safe without case.

The checksum rule was verified against eight recorded ids [recording].
"""

import re

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHAPE = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?")
POD = "KJ0"
"""Characters 4 to 6 of every id that this emulator makes up."""


def long_id(id15: str) -> str:
    """The 18-character form of a 15-character id."""
    suffix = ""
    for start in (0, 5, 10):
        bits = 0
        for offset in range(5):
            if "A" <= id15[start + offset] <= "Z":
                bits |= 1 << offset
        suffix += _SUFFIX[bits]
    return id15 + suffix


def make_id(prefix: str, number: int) -> str:
    """The 18-character id of the n-th record of an object; ids of one object sort as their numbers do."""
    digits = ""
    while number:
        number, rest = divmod(number, 62)
        digits = ALPHABET[rest] + digits
    return long_id(prefix + POD + digits.rjust(9, "0"))


def normal_id(text: object) -> str | None:
    """The 18-character form of anything that has the shape of an id; None for everything else."""
    if not isinstance(text, str) or not _SHAPE.fullmatch(text):
        return None
    if len(text) == 15:
        return long_id(text)
    expected = long_id(text[:15])
    if text == expected:
        return text
    return _repair(text)


def _repair(text: str) -> str | None:
    """An 18-character id whose letters lost their case: the suffix says which were capital [documentation]."""
    plain = ""
    for part, letter in enumerate(text[15:].upper()):
        bits = _SUFFIX.find(letter)
        if bits < 0:
            return None
        for offset in range(5):
            char = text[part * 5 + offset]
            plain += char.upper() if bits >> offset & 1 else char.lower()
    return long_id(plain) if long_id(plain)[15:] == text[15:].upper() else None
