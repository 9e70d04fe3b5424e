"""An invented university: 2,000 alumni in the CRM, and what the career system knows of some of them.

Everything follows from the seed: two worlds of one seed are equal. The people are invented; e-mail domains are those that
are reserved for examples; telephone numbers are of valid form in their country.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import phonenumbers
from anyascii import anyascii
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from demo.dice import Dice
from demo.people import People, Person, consents
from demo.variation import Alumnus, invent_accounts
from demo.vocabulary import DEGREES, EMPLOYERS, MAJORS, TITLES, Country, Name, countries

CONTACTS = 2_000
ACCOUNTS = 650
ABSENT = 40
"""Of the accounts: how many are of people whom the CRM does not know."""
TWO_ACCOUNTS = 8
DOUBLES = 30
"""Contacts that exist twice in the CRM."""
_FIRST_CLASS, _LAST_CLASS = 1968, 2026


def make_world(seed: str = "alumni-bridge", *, contacts: int = CONTACTS, accounts: int = ACCOUNTS) -> People:
    """Invent a university with so many contacts (doubles among them) and accounts."""
    dice = Dice(seed)
    doubles, absent = min(DOUBLES, contacts // 20), min(ABSENT, accounts // 8)
    alumni = _alumni(dice, contacts - doubles + absent)
    known, strangers = alumni[: contacts - doubles], alumni[contacts - doubles :]
    rows = [Person(record_id=f"contact-{one.number:05d}", values=one.contact) for one in known]
    attending = dice.some(known, accounts - absent - TWO_ACCOUNTS)
    twice = dice.some(attending, doubles)
    rows += [Person(record_id=f"contact-{one.number:05d}b", values=_double(dice, one)) for one in twice]
    found, owners = invent_accounts(dice, attending, strangers, two_accounts=TWO_ACCOUNTS)
    double_ids = {one.number for one in twice}
    truth = {account: _contacts_of(number, {one.number for one in known}, double_ids) for account, number in owners.items()}
    return People(source="an invented university", contacts=tuple(rows), accounts=tuple(found), truth=truth)


def _contacts_of(number: int, known: set[int], doubles: set[int]) -> frozenset[str]:
    if number not in known:
        return frozenset()
    second = {f"contact-{number:05d}b"} if number in doubles else set()
    return frozenset({f"contact-{number:05d}"} | second)


def _alumni(dice: Dice, count: int) -> list[Alumnus]:
    found: list[Alumnus] = []
    while len(found) < count:
        number = len(found) + 1
        alumnus = _alumnus(dice, number)
        if found and dice.chance(0.04):
            alumnus = _joined(dice, alumnus, found[-1])
        found.append(alumnus)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    country: Country
    first: Name
    last: Name
    middle: str


def _named(dice: Dice) -> _Named:
    all_countries = countries()
    country = dice.weighted(all_countries, [one.share for one in all_countries])
    given = country.women if dice.chance(0.54) else country.men
    middle = dice.one(given).latin if country.code in {"US", "GB", "FR", "DE"} and dice.chance(0.5) else ""
    return _Named(country=country, first=dice.one(given), last=dice.one(country.last), middle=middle)


def _alumnus(dice: Dice, number: int) -> Alumnus:
    named = _named(dice)
    # Most of those who came from abroad live there again; some stayed.
    home = named.country if dice.chance(0.7) else countries()[0]
    class_year = dice.number(_FIRST_CLASS, _LAST_CLASS)
    first, last = _surface(dice, named)
    contact: dict[str, Any] = {
        "FirstName": first,
        "MiddleName__c": named.middle,
        "LastName": last,
        "Preferred_Name__c": named.first.familiar if dice.chance(0.3) else "",
        "Birthdate": _birthday(dice, class_year) if dice.chance(0.7) else "",
        "University_ID__c": f"{number:07d}",
        "Class_Year__c": class_year if dice.chance(0.95) else None,
        "Degree__c": dice.one(DEGREES),
        "Major__c": dice.one(MAJORS),
    }
    contact |= _emails(dice, named, number, class_year) | _phones(dice, home) | _address(dice, home)
    contact |= _work(dice, named) | _standing(dice, class_year) | consents(dice)
    kept = {name: value for name, value in contact.items() if value not in ("", None)}
    return Alumnus(number=number, country=home, first=named.first, last=named.last, contact=kept)


def _surface(dice: Dice, named: _Named) -> tuple[str, str]:
    """How the CRM writes the name: now and then in the letters of home."""
    if named.first.native and named.last.native and dice.chance(0.08):
        return named.first.native, named.last.native
    return named.first.latin, named.last.latin


def _birthday(dice: Dice, class_year: int) -> str:
    return f"{class_year - dice.number(21, 27):04d}-{dice.number(1, 12):02d}-{dice.number(1, 28):02d}"


def plain(text: str) -> str:
    """A text as it can stand in an e-mail address or a web address."""
    return "".join(sign for sign in anyascii(text).lower() if sign.isalnum())


def _emails(dice: Dice, named: _Named, number: int, class_year: int) -> dict[str, str]:
    first, last = plain(named.first.latin), plain(named.last.latin)
    domain = dice.one(["example.com", "example.net", "example.org", "mail.example.com"])
    personal = dice.one(
        [f"{first}.{last}{number}", f"{first[0]}{last}{number}", f"{last}{first[0]}{class_year % 100:02d}.{number}"]
    )
    university = f"{first[0]}{last[:12]}{number}@alumni.example.edu"
    return {
        "Personal_Email__c": f"{personal}@{domain}" if dice.chance(0.85) else "",
        "University_Email__c": university if dice.chance(0.8) else "",
    }


def _phones(dice: Dice, home: Country) -> dict[str, str]:
    return {
        "MobilePhone": phone(dice, home.code) if dice.chance(0.75) else "",
        "HomePhone": phone(dice, home.code, PhoneNumberType.FIXED_LINE) if dice.chance(0.3) else "",
        "Phone": phone(dice, home.code, PhoneNumberType.FIXED_LINE) if dice.chance(0.25) else "",
    }


@lru_cache(maxsize=256)
def _example(region: str, kind: int) -> str:
    example = phonenumbers.example_number_for_type(region, kind)
    if example is None:
        raise LookupError(f"no example of a number of kind {kind} in {region}")
    return str(example.national_number)


def phone(dice: Dice, region: str, kind: int = PhoneNumberType.MOBILE) -> str:
    """A valid number of this country, in international writing; US numbers are written as in the US."""
    stem = _example(region, kind)
    code = phonenumbers.country_code_for_region(region)
    while True:
        number = phonenumbers.parse(f"+{code}{stem[:-5]}{dice.number(0, 99_999):05d}")
        if phonenumbers.is_valid_number(number):
            form = PhoneNumberFormat.NATIONAL if region == "US" else PhoneNumberFormat.INTERNATIONAL
            return phonenumbers.format_number(number, form)


def _address(dice: Dice, home: Country) -> dict[str, str]:
    if dice.chance(0.1):
        return {}
    return address(dice, home)


def address(dice: Dice, home: Country) -> dict[str, str]:
    """A mailing address in a country, as Contact fields."""
    city, state, postcode = dice.one(home.cities)
    street = dice.digits(dice.one(home.streets).replace("A", "\0")).replace("\0", "A")
    return {
        "MailingStreet": street,
        "MailingCity": city,
        "MailingState": state,
        "MailingPostalCode": dice.digits(postcode),
        "MailingCountry": home.name,
    }


def _work(dice: Dice, named: _Named) -> dict[str, str]:
    if dice.chance(0.25):
        return {}
    employer = dice.one(EMPLOYERS)
    first, last = plain(named.first.latin), plain(named.last.latin)
    return {
        "Employer__c": employer,
        "Title": dice.one(TITLES),
        "Work_Email__c": f"{first}.{last}@{plain(employer)}.example.com" if dice.chance(0.4) else "",
        "LinkedIn_URL__c": f"https://www.linkedin.com/in/{first}-{last}-{dice.number(100, 999)}" if dice.chance(0.35) else "",
    }


def _standing(dice: Dice, class_year: int) -> dict[str, bool]:
    deceased = dice.chance(0.06 if class_year < 1985 else 0.01)
    return {"Deceased__c": deceased, "Do_Not_Contact__c": dice.chance(0.02)}


def _joined(dice: Dice, alumnus: Alumnus, partner: Alumnus) -> Alumnus:
    """Two alumni of one household: one address, one line at home, often one surname, sometimes one e-mail address."""
    shared = [name for name in partner.contact if name.startswith("Mailing") or name == "HomePhone"]
    last = partner.last if dice.chance(0.6) else alumnus.last
    contact = {name: value for name, value in alumnus.contact.items() if not name.startswith("Mailing")}
    contact |= {name: partner.contact[name] for name in shared}
    if last is partner.last:
        contact["LastName"] = partner.contact["LastName"]
        if dice.chance(0.5):
            contact["Former_Last_Name__c"] = alumnus.contact["LastName"]
    if "Personal_Email__c" in partner.contact and dice.chance(0.3):
        contact["Personal_Email__c"] = partner.contact["Personal_Email__c"]
    return Alumnus(number=alumnus.number, country=partner.country, first=alumnus.first, last=last, contact=contact)


def _double(dice: Dice, alumnus: Alumnus) -> dict[str, Any]:
    """The same person entered a second time, years ago, by somebody who knew less."""
    forgotten = {"University_ID__c", "Title", "Employer__c", "Work_Email__c", "LinkedIn_URL__c", "HomePhone"}
    forgotten |= set(dice.some(["MiddleName__c", "Birthdate", "MobilePhone", "Preferred_Name__c"], 2))
    return {name: value for name, value in alumnus.contact.items() if name not in forgotten}
