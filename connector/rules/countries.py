"""Countries: ISO 3166 codes and their names in many languages, from CLDR and a few names in daily use."""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache

from anyascii import anyascii
from babel import Locale

_DAILY = {
    "usa": "US",
    "u s a": "US",
    "u s": "US",
    "united states of america": "US",
    "america": "US",
    "uk": "GB",
    "u k": "GB",
    "great britain": "GB",
    "britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "republic of ireland": "IE",
    "holland": "NL",
    "the netherlands": "NL",
    "czechia": "CZ",
    "czech republic": "CZ",
    "korea": "KR",
    "south korea": "KR",
    "republic of korea": "KR",
    "korea republic of": "KR",
    "north korea": "KP",
    "russia": "RU",
    "russian federation": "RU",
    "viet nam": "VN",
    "uae": "AE",
    "hong kong": "HK",
    "hong kong sar": "HK",
    "macau": "MO",
    "macao": "MO",
    "taiwan": "TW",
    "taiwan province of china": "TW",
    "iran islamic republic of": "IR",
    "syrian arab republic": "SY",
    "tanzania united republic of": "TZ",
    "venezuela bolivarian republic of": "VE",
    "bolivia plurinational state of": "BO",
    "moldova republic of": "MD",
    "lao people s democratic republic": "LA",
    "brunei darussalam": "BN",
    "ivory coast": "CI",
    "cote d ivoire": "CI",
    "cape verde": "CV",
    "swaziland": "SZ",
    "eswatini": "SZ",
    "macedonia": "MK",
    "north macedonia": "MK",
    "burma": "MM",
    "myanmar": "MM",
    "east timor": "TL",
    "turkiye": "TR",
    "turkey": "TR",
    "vatican": "VA",
    "holy see": "VA",
    "palestine": "PS",
    "palestine state of": "PS",
    "peoples republic of china": "CN",
    "people s republic of china": "CN",
    "mainland china": "CN",
    "congo the democratic republic of the": "CD",
    "democratic republic of the congo": "CD",
    "republic of the congo": "CG",
}
"""What people and other systems write beside the official names; Salesforce's own country list is among it."""


def _folded(text: str) -> str:
    ascii_text = anyascii(unicodedata.normalize("NFC", text))
    return " ".join("".join(letter if letter.isalnum() else " " for letter in ascii_text.casefold()).split())


_LANGUAGES = (
    "de", "fr", "es", "it", "pt", "nl", "sv", "da", "nb", "fi", "pl", "cs", "hu", "ro", "tr", "el", "ru", "uk",
    "ar", "fa", "he", "hi", "bn", "ur", "zh", "zh_Hant", "ja", "ko", "vi", "th", "id", "ms", "sw",
)  # fmt: skip
_NO_COUNTRIES = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"})


@cache
def _names(language: str) -> dict[str, str]:
    """Country names in one language, by ISO code."""
    territories = Locale.parse(language).territories
    return {code: name for code, name in territories.items() if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRIES}


@cache
def _english() -> dict[str, str]:
    return {_folded(name): code for code, name in _names("en").items()} | _DAILY


@cache
def _foreign() -> dict[str, str]:
    names: dict[str, set[str]] = {}
    for language in _LANGUAGES:
        for code, name in _names(language).items():
            names.setdefault(_folded(name), set()).add(code)
    # A foreign name that means two countries says nothing.
    return {name: next(iter(found)) for name, found in names.items() if name and len(found) == 1}


@lru_cache(maxsize=4096)
def country_code(text: str) -> str | None:
    """The ISO 3166 alpha-2 code of a name in any of the known languages, or of a code in any case; None if unknown."""
    code = text.upper()
    if code in _names("en"):
        return code
    folded = _folded(text)
    return _english().get(folded) or _foreign().get(folded)


def country_name(code: str) -> str:
    """The English name of a country by its ISO code; the code itself where there is none."""
    return _names("en").get(code, code)
