"""What is known about a person, in the form that matching compares, and the keys that bring likely pairs together.

*Evidence* is what a record says; *prepared* evidence is the same, normalised once, so that it can be kept beside the record
and compared thousands of times. *Blocking keys* go into an indexed column: two records that share none are never compared.

A contact is indexed under `blocking_keys`; a career person is looked up by `query_keys`, which contain the swapped names and
the neighbouring class years. `shortlist` ranks what the lookup found.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import jellyfish
import orjson
from anyascii import anyascii

from connector.core.model import Value
from connector.core.nicknames import formal_names
from connector.core.rulebook import Slot

KEYS_VERSION = "keys-1"
"""Part of every key. A stored index of another version must be built anew."""

LONGEST_LIST = 400
"""A key shared by more contacts than this says nothing: it is skipped."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TITLES = _words(
    """
    mr mrs ms miss mx dr prof professor rev reverend revd hon honourable rt sir dame lord lady baron baroness
    baronet bt earl count countess viscount viscountess duke duchess marquess prince princess bishop archbishop
    father brother sister capt captain col colonel major maj gen general lt lieutenant sgt sergeant admiral adm cmdr
    commander brigadier herr frau monsieur madame mme mlle don dona senor senora sr sra shri smt ing dipl
    """
)
_SUFFIXES = _words(
    """
    jr sr ii iii iv esq phd md mba jd bt baronet
    """
)
_PARTICLES = _words(
    """
    da de do das dos del della di du den der des van von vom zu zur la le las los el al bin ben ibn bint abu y e i
    san st
    """
)
_NOT_ALPHANUMERIC = re.compile(r"[^a-z0-9]+")
_SILENT = re.compile("['`\u2018\u2019\u02bc\u0300-\u036f]")  # apostrophes and combining marks
_NOT_DIGIT = re.compile(r"\D+")
_ORDINAL = re.compile(r"\d+(st|nd|rd|th)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What one record says about its person. Tuples hold all names ever had, the current one first; empty is unknown.

    `birth_date` is ISO text (year-month-day; wrong or partial dates are allowed), `phones` E.164 or as typed.
    """

    record_id: str
    institution_id: str | None = None
    first: tuple[str, ...] = ()
    middle: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    former_last: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    birth_date: str | None = None
    city: str | None = None
    postcode: str | None = None
    class_year: int | None = None
    major: str | None = None
    occupation: str | None = None
    employer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Evidence in comparable form: folded to lower-case ASCII, phones to their last nine digits, dates to eight digits."""

    record_id: str
    institution_id: str = ""
    given: tuple[str, ...] = ()
    middle: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    birth: str = ""
    city: str = ""
    postcode: str = ""
    class_year: int = 0
    major: str = ""
    occupation: str = ""
    employer: str = ""

    def to_json(self) -> bytes:
        """A compact array, the fields in their order."""
        return orjson.dumps([getattr(self, name) for name in _PREPARED_FIELDS])

    @classmethod
    def from_json(cls, raw: bytes | str) -> "Prepared":
        """What `to_json` wrote. Raises `ValueError` for anything else."""
        values = orjson.loads(raw)
        if not isinstance(values, list) or len(values) != len(_PREPARED_FIELDS):
            raise ValueError("not prepared evidence of this version")
        named: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in zip(_PREPARED_FIELDS, values, strict=True)
        }
        return cls(**named)


_PREPARED_FIELDS = tuple(Prepared.__dataclass_fields__)


def evidence_of(record_id: str, slots: Mapping[Slot, Value]) -> Evidence:
    """The evidence of one record, from what stands in each slot. A class year that is no number is unknown."""

    def texts(*names: Slot) -> tuple[str, ...]:
        found: list[str] = []
        for name in names:
            value = slots.get(name)
            found.extend(value if isinstance(value, tuple) else [] if value is None else [str(value)])
        return tuple(dict.fromkeys(found))

    def one(name: Slot) -> str | None:
        return next(iter(texts(name)), None)

    year = one(Slot.CLASS_YEAR)
    return Evidence(
        record_id=record_id,
        institution_id=one(Slot.INSTITUTION_ID),
        first=texts(Slot.FIRST, Slot.PREFERRED),
        middle=texts(Slot.MIDDLE),
        last=texts(Slot.LAST),
        former_last=texts(Slot.FORMER_LAST),
        emails=texts(Slot.EMAILS),
        phones=texts(Slot.PHONES),
        birth_date=one(Slot.BIRTH_DATE),
        city=one(Slot.CITY),
        postcode=one(Slot.POSTCODE),
        class_year=int(year) if year and year.isdecimal() else None,
        major=one(Slot.MAJOR),
        occupation=one(Slot.OCCUPATION),
        employer=one(Slot.EMPLOYER),
    )


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Lower-case ASCII words separated by single spaces: accents, scripts, apostrophes and punctuation are gone."""
    ascii_text = text if text.isascii() else anyascii(_SILENT.sub("", text))
    return _NOT_ALPHANUMERIC.sub(" ", _SILENT.sub("", ascii_text).lower()).strip()


def _fold_names(names: Iterable[str], dropped: frozenset[str]) -> tuple[str, ...]:
    folded = (" ".join(word for word in fold(name).split() if word not in dropped) for name in names)
    return tuple(dict.fromkeys(name for name in folded if name and not _ORDINAL.fullmatch(name)))


def prepare(evidence: Evidence) -> Prepared:
    """Normalise once. Titles are no given names, generational suffixes no surnames; a date is its eight digits."""
    birth = _NOT_DIGIT.sub("", (evidence.birth_date or "")[:10])
    return Prepared(
        record_id=evidence.record_id,
        institution_id=fold(evidence.institution_id or "").replace(" ", ""),
        given=_fold_names(evidence.first, _TITLES),
        middle=_fold_names(evidence.middle, _TITLES),
        last=_fold_names((*evidence.last, *evidence.former_last), _SUFFIXES),
        emails=tuple(dict.fromkeys(email.strip().casefold() for email in evidence.emails if "@" in email)),
        phones=tuple(dict.fromkeys(digits for phone in evidence.phones if len(digits := _digits_of(phone)) >= 7)),
        birth=birth if len(birth) == 8 else "",
        city=fold(evidence.city or ""),
        postcode=fold(evidence.postcode or "").replace(" ", ""),
        class_year=evidence.class_year or 0,
        major=fold(evidence.major or ""),
        occupation=fold(evidence.occupation or ""),
        employer=fold(evidence.employer or ""),
    )


def _digits_of(phone: str) -> str:
    # The last nine digits are the same whether the number was written with country code, trunk zero or neither.
    return _NOT_DIGIT.sub("", phone)[-9:]


def surname_words(last: Iterable[str]) -> tuple[str, ...]:
    """The words of surnames that tell people apart: particles and single letters do not."""
    words = (word for name in last for word in name.split() if len(word) > 1 and word not in _PARTICLES)
    return tuple(dict.fromkeys(words))


def blocking_keys(prepared: Prepared) -> frozenset[str]:
    """The keys that a contact is indexed under: 16 hexadecimal characters each, the same in every process."""
    return frozenset(_hash(key) for key in _plain_keys(prepared, years=_years(prepared, reach=0)))


def query_keys(prepared: Prepared) -> frozenset[str]:
    """The keys that a career person is looked up by: also with given name and surname swapped, and class year +-1."""
    keys = set(_plain_keys(prepared, years=_years(prepared, reach=1)))
    swapped = Prepared(
        record_id=prepared.record_id,
        given=prepared.last,
        last=prepared.given,
        birth=prepared.birth,
        city=prepared.city,
        postcode=prepared.postcode,
        class_year=prepared.class_year,
    )
    keys.update(_plain_keys(swapped, years=_years(swapped, reach=0)))
    return frozenset(_hash(key) for key in keys)


def _years(prepared: Prepared, *, reach: int) -> tuple[int, ...]:
    year = prepared.class_year
    return tuple(range(year - reach, year + reach + 1)) if year else ()


def _hash(key: str) -> str:
    return blake2b(f"{KEYS_VERSION}|{key}".encode(), digest_size=8).hexdigest()


def _plain_keys(prepared: Prepared, *, years: Sequence[int]) -> Iterable[str]:
    circumstances = [
        (kind, value)
        for kind, value in (("postcode", prepared.postcode), ("city", prepared.city), ("birth", prepared.birth[:4]))
        if value
    ]
    yield from _reachable_keys(prepared)
    for name in (*prepared.given, *prepared.middle):
        if len(name) > 1:
            yield from (f"first-last|{name}|{last}" for last in prepared.last)
            formals = formal_names(name) if name in prepared.given else (name,)
            yield from (f"first-{kind}|{formal}|{value}" for formal in formals for kind, value in circumstances)
    for word in surname_words(prepared.last):
        yield from _surname_keys(word, prepared, years)
    for name in prepared.given:
        yield from (f"first-middle-year|{name}|{middle}|{year}" for middle in prepared.middle for year in years)
        if prepared.major:
            yield from (f"nick-year-major|{n}|{y}|{prepared.major}" for n in formal_names(name) for y in years)


def _reachable_keys(prepared: Prepared) -> Iterable[str]:
    if prepared.institution_id:
        yield f"institution|{prepared.institution_id}"
    if prepared.birth:
        yield f"birth|{prepared.birth}"
    for email in prepared.emails:
        yield f"email|{email}"
        local = email.partition("@")[0]
        if len(local) >= 6:
            yield f"local|{local}"
    yield from (f"phone|{phone}" for phone in prepared.phones)


def _surname_keys(word: str, prepared: Prepared, years: Sequence[int]) -> Iterable[str]:
    sound = jellyfish.metaphone(word)
    initials = {name[0] for name in prepared.given}
    yield f"last|{word}"
    yield from (f"last-year|{word}|{year}" for year in years)
    if prepared.postcode:
        yield f"last-postcode|{word}|{prepared.postcode}"
        yield f"letter-postcode|{word[0]}|{prepared.postcode}"
    if prepared.city:
        yield f"last-city|{word}|{prepared.city}"
    if prepared.birth:
        yield f"last-birth|{word}|{prepared.birth[:4]}"
    for initial in initials:
        yield f"last-initial|{word}|{initial}"
        yield from (f"sound-initial-year|{sound}|{initial}|{year}" for year in years)
    for name in prepared.given:
        yield f"sounds|{jellyfish.metaphone(name)}|{sound}"


def shortlist(hits: Mapping[str, Sequence[str]], *, population: int, limit: int = 40) -> list[str]:
    """The contacts most worth scoring: `hits` gives for each query key the ids found under it.

    Keys that more than `LONGEST_LIST` contacts share are skipped; rare keys count for more. At most `limit` ids, best first,
    equal ones by id, so that the answer does not depend on the order in which a store gave its rows.
    """
    merit: defaultdict[str, float] = defaultdict(float)
    for ids in hits.values():
        if 0 < len(ids) <= LONGEST_LIST:
            rarity = math.log2(1 + population / len(ids))
            for contact in ids:
                merit[contact] += rarity
    return sorted(merit, key=lambda contact: (-merit[contact], contact))[:limit]
