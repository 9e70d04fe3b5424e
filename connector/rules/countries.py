"""Countries: ISO 3166 codes and their names in many languages, from the data of phonenumbers and a few names in daily use."""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache

from anyascii import anyascii
from phonenumbers.geodata.locale import LOCALE_DATA

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


@cache
def _codes() -> dict[str, str]:
    names: dict[str, set[str]] = {}
    for code, by_language in LOCALE_DATA.items():
        for name in by_language.values():
            if not name.startswith("*"):
                names.setdefault(_folded(name), set()).add(code)
    # A foreign name that means two countries says nothing; English, daily names and codes decide over all others.
    codes = {name: next(iter(found)) for name, found in names.items() if name and len(found) == 1}
    codes |= {_folded(country_name(code)): code for code in LOCALE_DATA}
    return codes | _DAILY


@lru_cache(maxsize=4096)
def country_code(text: str) -> str | None:
    """The ISO 3166 alpha-2 code of a name in any of the known languages, or of a code in any case; None if unknown."""
    code = text.upper()
    if len(code) == 2 and code in LOCALE_DATA:
        return code
    return _codes().get(_folded(text))


def country_name(code: str) -> str:
    """The English name of a country by its ISO code; the code itself where there is none."""
    by_language = LOCALE_DATA.get(code, {})
    name = by_language.get("en", code)
    # "*aa" means: the same as in the language aa.
    return by_language.get(name[1:], code) if name.startswith("*") else name
