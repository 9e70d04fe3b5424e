"""The closed register of transforms: two-way changes of one value between a side's native form and the canonical one.

Every transform reads ``None`` and blank text as ``None`` and writes ``None`` as ``None``. ``read`` raises ``ValueError`` with a
short reason that never contains the value; ``read(write(v)) == v`` for every canonical ``v`` that ``read`` can return.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from json import dumps
from typing import Any

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from connector.core.model import Native, Side, Transform, Value
from connector.rules.countries import country_code, country_name
from connector.rules.texts import WHITE, clean, one_line
from connector.rules.webaddresses import read_linkedin, read_url

Options = Mapping[str, Any]
Words = Mapping[str, Mapping[Side, str]]
"""A picklist: canonical word to each side's word."""


def _same(value: Value) -> Native:
    return value


def _text(options: Options) -> Transform:
    return Transform(name="text", read=one_line if options.get("collapse", True) else clean, write=_same)


def _folded(name: str, fold: Callable[[str], str]) -> Transform:
    def read(native: Native) -> Value:
        text = one_line(native)
        # Folding can take a text out of NFC and NFC can make it foldable again, hence to and fro.
        return unicodedata.normalize("NFC", fold(text)) if text is not None else None

    return Transform(name=name, read=read, write=_same)


def _lower(_: Options) -> Transform:
    return _folded("lower", str.lower)


def _upper(_: Options) -> Transform:
    return _folded("upper", str.upper)


def _code(_: Options) -> Transform:
    return _folded("code", lambda text: WHITE.sub("", text).upper())


_PLAIN_LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")


def _canonical_email(text: str) -> str:
    local, at, host = text.lower().partition("@")
    # Nearly every address is plain; then only its host needs the slow judge, and hosts repeat.
    if at and text.isascii() and len(local) <= 64 and len(text) <= 254 and _PLAIN_LOCAL.fullmatch(local):
        return f"{local}@{_canonical_host(host)}"
    return judge_email(text)


@lru_cache(maxsize=8192)
def _canonical_host(host: str) -> str:
    return judge_email(f"a@{host}").removeprefix("a@")


def judge_email(text: str) -> str:
    """An e-mail address in its canonical form, by email-validator, without asking the network; ``ValueError`` if it is none."""
    try:
        return validate_email(text, check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError:
        raise ValueError("not a valid e-mail address") from None


def _email(_: Options) -> Transform:
    def read(native: Native) -> Value:
        text = clean(native)
        return _canonical_email(text) if text is not None else None

    return Transform(name="email", read=read, write=_same)


_TEN_DIGITS = re.compile(r"(\+1[ .-]?)?(?:\(([2-9]\d\d)\) ?|([2-9]\d\d)[ .-]?)(\d{3})[ .-]?(\d{4})", re.ASCII)
"""A North American number as it is usually written; neither area code nor number can be taken for a prefix."""


@lru_cache(maxsize=8192)
def _canonical_phone(text: str, region: str | None) -> str:
    found = _TEN_DIGITS.fullmatch(text)
    if found is not None and (found[1] or region in {"US", "CA"}):
        return f"+1{found[2] or found[3]}{found[4]}{found[5]}"
    return judge_phone(text, region)


def judge_phone(text: str, region: str | None) -> str:
    """A telephone number in its canonical form, by phonenumbers; ``ValueError`` if it is none, or of no known country."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        raise ValueError("not a telephone number, or its country is unknown") from None
    if not phonenumbers.is_possible_number(number):
        raise ValueError("not a possible telephone number: too short or too long")
    plain = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{plain} ext. {number.extension}" if number.extension else plain


def _phone(options: Options) -> Transform:
    region = options.get("region")

    def read(native: Native) -> Value:
        text = clean(native)
        return _canonical_phone(text, region) if text is not None else None

    return Transform(name="phone", read=read, write=_same)


_ISO_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ]00:00(?::00(?:\.0+)?)?(?:Z|\+00:?00)?)?")


def _date(_: Options) -> Transform:
    def read(native: Native) -> Value:
        text = clean(native)
        if text is None:
            return None
        # A time of day other than midnight UTC would make the date a matter of time zones, so it is refused, not cut off.
        found = _ISO_DATE.fullmatch(text)
        if found is None:
            raise ValueError("not a date of the form YYYY-MM-DD")
        try:
            return date.fromisoformat(found[1]).isoformat()
        except ValueError:
            raise ValueError("not a day that exists") from None

    return Transform(name="date", read=read, write=_same)


_DIGITS = re.compile(r"[+-]?\d{1,15}(?:\.0+)?")


def _whole(native: Native) -> int | None:
    if isinstance(native, bool):
        raise ValueError("not a number")  # noqa: TRY004 - the register's one kind of error
    if isinstance(native, int):
        number = native
    elif isinstance(native, float):
        if not native.is_integer():
            raise ValueError("not a whole number")
        number = int(native)
    else:
        text = clean(native)
        if text is None:
            return None
        if not text.isascii() or not _DIGITS.fullmatch(text):
            raise ValueError("not a whole number")
        number = int(text.partition(".")[0])
    if abs(number) >= 10**15:
        raise ValueError("a number too large to be kept exactly")
    return number


def _integer(options: Options) -> Transform:
    return Transform(name="integer", read=_whole, write=_number_writer(options))


def _number_writer(options: Options) -> Callable[[Value], Native]:
    if options.get("as") == "text":
        return lambda value: None if value is None else str(value)
    return _same


def _year(options: Options) -> Transform:
    def read(native: Native) -> Value:
        number = _whole(native)
        if number is not None and not 1000 <= number <= 2999:
            raise ValueError("not a year of four digits")
        return number

    return Transform(name="year", read=read, write=_number_writer(options))


def _boolean(options: Options) -> Transform:
    yes, no = options.get("yes"), options.get("no")
    inverted = bool(options.get("invert", False))

    def read(native: Native) -> Value:
        if isinstance(native, bool):
            return native is not inverted
        text = clean(native)
        if text is None:
            return None
        if yes is None or text.casefold() not in {yes.casefold(), str(no).casefold()}:
            raise ValueError("neither true nor false")
        return (text.casefold() == yes.casefold()) is not inverted

    def write(value: Value) -> Native:
        if value is None:
            return None
        truth = bool(value) is not inverted
        return truth if yes is None else (yes if truth else no)

    return Transform(name="boolean", read=read, write=write)


@dataclass(frozen=True, slots=True)
class _Wordlist:
    """One side's words of a picklist, both ways; reading does not mind case."""

    to_canonical: Mapping[str, str]
    to_native: Mapping[str, str]

    def canonical(self, text: str) -> str:
        try:
            return self.to_canonical[text.casefold()]
        except KeyError:
            raise ValueError("a word that the picklist does not have") from None


def _wordlist(words: Words, side: Side) -> _Wordlist:
    return _Wordlist(
        {native[side].casefold(): word for word, native in words.items()}, {word: native[side] for word, native in words.items()}
    )


def _picklist(words: Words, side: Side) -> Transform:
    known = _wordlist(words, side)

    def read(native: Native) -> Value:
        text = clean(native)
        return known.canonical(text) if text is not None else None

    return Transform(name="picklist", read=read, write=lambda value: None if value is None else known.to_native[str(value)])


def _split_choices(native: Native) -> list[Native]:
    if native is None:
        return []
    if isinstance(native, str):
        return list(native.split(";"))
    if not isinstance(native, (list, tuple)):
        raise ValueError("not a list of choices")  # noqa: TRY004 - the register's one kind of error
    return list(native)


def _multi(words: Words | None, side: Side) -> Transform:
    known = _wordlist(words, side) if words else None

    def item(native: Native) -> str | None:
        text = one_line(native)
        if text is None:
            return None
        if ";" in text:
            raise ValueError("a choice that contains a semicolon, which Salesforce would split")
        return known.canonical(text) if known else text

    def read(native: Native) -> Value:
        return tuple(sorted({text for part in _split_choices(native) if (text := item(part)) is not None})) or None

    def write(value: Value) -> Native:
        if not isinstance(value, tuple):
            return None if side is Side.CRM else []
        natives = [known.to_native[text] if known else text for text in value]
        return ";".join(natives) if side is Side.CRM else natives

    return Transform(name="multi", read=read, write=write)


def _country(options: Options) -> Transform:
    as_name = options.get("as", "name") == "name"

    def read(native: Native) -> Value:
        text = one_line(native)
        if text is None:
            return None
        code = country_code(text)
        if code is None:
            raise ValueError("not the name or ISO code of a country")
        return code

    return Transform(name="country", read=read, write=lambda code: country_name(str(code)) if as_name and code else code)


def _url(_: Options) -> Transform:
    return Transform(name="url", read=read_url, write=_same)


def _linkedin(_: Options) -> Transform:
    return Transform(name="linkedin", read=read_linkedin, write=_same)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """An entry of the register: the options it takes, the kind of canonical value it gives, and whether it takes a picklist.

    ``options`` names each option with its allowed values, or with the Python type that it must have.
    """

    gives: str
    options: Mapping[str, type | tuple[str, ...]] = field(default_factory=dict)
    picklist: str = "no"
    """``no``, ``may`` or ``must``."""


REGISTER: Mapping[str, Kind] = {
    "text": Kind(gives="text", options={"collapse": bool}),
    "lower": Kind(gives="text"),
    "upper": Kind(gives="text"),
    "code": Kind(gives="text"),
    "email": Kind(gives="text"),
    "phone": Kind(gives="text", options={"region": tuple(sorted(phonenumbers.SUPPORTED_REGIONS))}),
    "date": Kind(gives="text"),
    "integer": Kind(gives="number", options={"as": ("number", "text")}),
    "year": Kind(gives="number", options={"as": ("number", "text")}),
    "boolean": Kind(gives="truth", options={"yes": str, "no": str, "invert": bool}),
    "picklist": Kind(gives="text", picklist="must"),
    "multi": Kind(gives="choices", picklist="may"),
    "country": Kind(gives="text", options={"as": ("name", "code")}),
    "url": Kind(gives="text"),
    "linkedin": Kind(gives="text"),
}
"""Every transform that a mapping can name. Nothing else can be said in a mapping file: it is data, not code."""

_BUILD: Mapping[str, Callable[[Options], Transform]] = {
    "text": _text,
    "lower": _lower,
    "upper": _upper,
    "code": _code,
    "email": _email,
    "phone": _phone,
    "date": _date,
    "integer": _integer,
    "year": _year,
    "boolean": _boolean,
    "country": _country,
    "url": _url,
    "linkedin": _linkedin,
}


def build(name: str, options: Options, *, side: Side, words: Words | None = None) -> Transform:
    """A transform of the register for one side. The caller has checked name, options and picklist against ``REGISTER``."""
    if name == "picklist":
        made = _picklist(words or {}, side)
    elif name == "multi":
        made = _multi(words, side)
    else:
        made = _BUILD[name](options)
    told = {**options, **{word: native[side] for word, native in (words or {}).items()}}
    return replace(made, options=tuple(f"{name} = {dumps(told[name], ensure_ascii=False)}" for name in sorted(told)))
