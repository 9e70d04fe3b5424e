"""Texts as they come from a side, cleaned the same way everywhere."""

from __future__ import annotations

import re
import unicodedata

from connector.core.model import Native

_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Characters that turn others around: what is read would be another thing than what is meant."""
_UNWANTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_EDGES = " \t\r\n\u00a0\u200b\u2060\ufeff"
WHITE = re.compile(r"[\s\u200b\u2060\ufeff]+")


def clean(native: Native) -> str | None:
    """Text in NFC without white space at its edges; None for nothing. Refuses what is no text or would poison a store."""
    if native is None:
        return None
    if not isinstance(native, str):
        raise ValueError("not a text")  # noqa: TRY004 - the register's one kind of error
    if native.isascii() and native.isprintable():
        # Nearly every text is plain: nothing in it can be unwanted, and it is in NFC.
        return native.strip(" ") or None
    if _UNWANTED.search(native):
        raise ValueError("contains control characters or broken Unicode")
    plain = _TURNING.sub("", native.replace("\r\n", "\n").replace("\r", "\n"))
    text = unicodedata.normalize("NFC", plain).strip(_EDGES)
    return text or None


def one_line(native: Native) -> str | None:
    """The same with every run of white space as one space."""
    text = clean(native)
    if text is None or (text.isascii() and text.isprintable() and "  " not in text):
        return text
    return WHITE.sub(" ", text).strip() or None
