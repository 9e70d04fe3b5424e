"""What people enter: for each field of the shipped mapping some words, each in the forms that both systems may hold it in.

A word's *token* is its meaning. Two values mean the same exactly if they have the same token, so that nothing that judges the
product needs its transforms. What belongs to one person has a token with that person's number in it: a value that turns up
with somebody else is seen. Names, addresses and numbers of people contain a canary (``CANARY``), which no log may hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

Native = Any
CANARY = re.compile(r"zyx|617.{0,2}555", re.IGNORECASE)
"""What personal data of the simulated people look like."""
PEOPLE = 12
"""How many people have words of their own."""
CHOICES = 4
"""How many words of its own a person has for each field; 0 is what both sides hold at the beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One meaning with its forms in the CRM and in the career system; the first is what a careful person enters."""

    token: str
    crm: tuple[Native, ...]
    career: tuple[Native, ...]


EMPTY = Word(token="", crm=(None,), career=(None,))
"""Known to be empty."""

_FIRST = ("Ada", "Grace", "Emmy", "Mary", "Sofia", "Rosa", "Lise", "Hedy", "Maria", "Katya", "Jane", "Amalie")
_LAST = ("Lovel", "Hopp", "Noeth", "Somer", "Koval", "Frank", "Meitn", "Lamar", "Goepp", "Johns", "Good", "Curr")
_TITLES = ("Analyst", "Director", "Engineer", "Counsel")
_DEGREES = ("BSc", "MSc", "PhD", "BA")
_MAJORS = ("Mathematics", "Computer Science", "Physics", "History")
_COUNTRIES = (("United States", "US"), ("Germany", "DE"), ("Norway", "NO"), ("United Kingdom", "GB"))
_AVAILABLE = (("Available", "available"), ("Paused", "paused"), ("Not available", "not_available"))
FLAGS = frozenset({"do_not_contact", "deceased"})
"""Fields that neither system can hold empty."""
_CONSENTS = ("consent_career_asks", "consent_mentoring", "consent_events", "consent_surveys")
_NAMED = {
    "mailing_country": _COUNTRIES,
    "mentor_availability": _AVAILABLE,
    **dict.fromkeys((*_CONSENTS, *sorted(FLAGS)), (("Yes", True), ("No", False))),
}
"""Choices as platforms call them on screen, and what the tenant knows them by."""
_OUTCOMES = ("Employed Full Time", "Seeking Employment", "Continuing Education", "Not Seeking")
_INTERESTS = (("compilers", "energy"), ("moths",), ("energy", "law", "music"), ("law",))

_Maker = Callable[[int, int], tuple[tuple[Native, ...], tuple[Native, ...]]]


def _both(make: Callable[[int, int], str]) -> _Maker:
    """The same text on both sides; people also type spaces too many."""

    def forms(person: int, choice: int) -> tuple[tuple[Native, ...], tuple[Native, ...]]:
        text = make(person, choice)
        return (text, f" {text}"), (text, f"{text}  ")

    return forms


def _tag(choice: int) -> str:
    return "" if choice == 0 else "abcdefgh"[choice - 1]


def _name(names: tuple[str, ...], part: str) -> _Maker:
    return _both(lambda person, choice: f"{names[person]}{part}zyx{_tag(choice)}")


def _email(part: str) -> _Maker:
    def forms(person: int, choice: int) -> tuple[tuple[Native, ...], tuple[Native, ...]]:
        text = f"{_FIRST[person].lower()}.zyx{_tag(choice)}@{part}.example.org"
        return (text, text.capitalize()), (text, text.upper())

    return forms


def _phone(digit: int) -> _Maker:
    def forms(person: int, choice: int) -> tuple[tuple[Native, ...], tuple[Native, ...]]:
        last = f"{digit}{person:02}{choice}"
        return (f"+1617555{last}", f"(617) 555-{last}"), (f"+1617555{last}", f"617-555-{last}")

    return forms


def _pairs(pairs: tuple[tuple[str, str], ...]) -> _Maker:
    return lambda _person, choice: ((pairs[choice % len(pairs)][0],), (pairs[choice % len(pairs)][1],))


def _plain(values: tuple[Native, ...]) -> _Maker:
    return lambda _person, choice: ((values[choice % len(values)],), (values[choice % len(values)],))


def _many(values: tuple[tuple[str, ...], ...]) -> _Maker:
    return lambda _person, choice: ((";".join(values[choice]),), (list(values[choice]),))


def _consent(_person: int, choice: int) -> tuple[tuple[Native, ...], tuple[Native, ...]]:
    return (("Yes",), (True,)) if choice % 2 == 0 else (("No",), (False,))


def _linkedin(person: int, choice: int) -> tuple[tuple[Native, ...], tuple[Native, ...]]:
    page = f"{_FIRST[person].lower()}zyx{_tag(choice)}"
    whole = f"https://www.linkedin.com/in/{page}"
    return (whole, f"linkedin.com/in/{page}"), (whole, f"http://linkedin.com/in/{page}/")


_MAKERS: dict[str, _Maker] = {
    "first_name": _name(_FIRST, ""),
    "middle_name": _name(_LAST, "m"),
    "last_name": _name(_LAST, ""),
    "preferred_name": _name(_FIRST, "p"),
    "former_last_name": _name(_LAST, "f"),
    "birth_date": lambda person, choice: ((f"19{60 + person}-0{choice + 1}-15",), (f"19{60 + person}-0{choice + 1}-15",)),
    "email_personal": _email("home"),
    "email_university": _email("alum"),
    "email_work": _email("work"),
    "phone_mobile": _phone(1),
    "phone_home": _phone(2),
    "phone_work": _phone(3),
    "mailing_street": _both(lambda person, choice: f"{person + 1} Zyx{_tag(choice)} Street"),
    "mailing_city": _both(lambda person, choice: f"Zyxton{_tag(choice)} {person}"),
    "mailing_state": _plain(("MA", "NY", "CA", "TX")),
    "mailing_postcode": lambda person, choice: ((f"ZYX {person}{choice}",), (f"ZYX {person}{choice}", f"zyx {person}{choice}")),
    "mailing_country": _pairs(_COUNTRIES),
    "employer": _both(lambda person, choice: f"Zyx{_tag(choice)} Works {person}"),
    "title": _both(lambda _person, choice: _TITLES[choice]),
    "linkedin_url": _linkedin,
    "degree": _both(lambda _person, choice: _DEGREES[choice]),
    "major": _both(lambda _person, choice: _MAJORS[choice]),
    "class_year": lambda person, choice: ((2001.0 + person + 20 * (choice % 2),), (2001 + person + 20 * (choice % 2),)),
    **dict.fromkeys(_CONSENTS, _consent),
    **dict.fromkeys(("do_not_contact", "deceased"), _plain((False, True))),
    "interests": _many(_INTERESTS),
    "industries": _many(_INTERESTS),
    "mentor_availability": _pairs(_AVAILABLE),
    "mentor_capacity": _plain((1, 2, 3, 4)),
    "outcome": _plain(_OUTCOMES),
    "outcome_as_of": _plain(("2026-06-30", "2026-07-31", "2026-08-31", "2026-09-30")),
}
FIELDS = tuple(_MAKERS)
"""Every field that people edit, by its name in ``person.toml``."""


@cache
def word(field: str, person: int, choice: int) -> Word:
    """One of a person's words for a field."""
    crm, career = _MAKERS[field](person, choice)
    return Word(token=f"{field}={career[0]}", crm=crm, career=career)


def institution_id(person: int) -> str:
    """The institution's never-changing number of a person."""
    return f"U{1000 + person}"


@cache
def _tokens(field: str) -> dict[tuple[str, Native], str]:
    known: dict[tuple[str, Native], str] = {}
    for person in range(PEOPLE):
        for choice in range(CHOICES):
            one = word(field, person, choice)
            for side, forms in (("crm", one.crm), ("career", one.career)):
                known.update({(side, plain(form)): one.token for form in forms})
                # EDA keeps a class year as a text.
                known.update({(side, f"{form:.0f}"): one.token for form in forms if isinstance(form, float)})
    # Some platforms have choices by their names.
    known.update({("career", name): f"{field}={code}" for name, code in _NAMED.get(field, ())})
    # Some show numbers as texts.
    known.update(
        {("career", str(form)): one for (side, form), one in list(known.items()) if side == "career" and type(form) is int}
    )
    return known


def token(field: str, side: str, value: Native) -> str:
    """What a value means; "" for empty, and a text that begins with "?" for what nobody has entered."""
    if value in (None, "", []):
        return ""
    return _tokens(field).get((side, plain(value)), f"?{value!r}")


def plain(value: Native) -> Native:
    """A value without what neither system's people mean by it: spaces at its ends, the order of choices."""
    if isinstance(value, list):
        return ";".join(sorted(value))
    if isinstance(value, str):
        text = value.strip()
        return ";".join(sorted(text.split(";"))) if ";" in text else text
    return value


def canaries(texts: Iterable[str]) -> list[str]:
    """Which of these texts hold personal data."""
    return [text for text in texts if CANARY.search(text)]
