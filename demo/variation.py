"""The career system's version of people: what alumni type themselves, and what counsellors type for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import phonenumbers
from anyascii import anyascii

from demo.dice import Dice
from demo.people import CONSENTS, Person
from demo.vocabulary import EMPLOYERS, INDUSTRIES, INTERESTS, OUTCOMES, TITLES, Country, Name, countries

_PLAIN = {
    "FirstName": "first_name",
    "LastName": "last_name",
    "Former_Last_Name__c": "former_last_name",
    "Degree__c": "degree",
    "Major__c": "major",
    "Class_Year__c": "class_year",
    "LinkedIn_URL__c": "linkedin_url",
    "Do_Not_Contact__c": "do_not_contact",
    "Deceased__c": "deceased",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alumnus:
    """One invented person. ``contact`` is the CRM's record of them, by Contact field, without empty values."""

    number: int
    country: Country
    first: Name
    last: Name
    contact: dict[str, Any]


def invent_accounts(
    dice: Dice, attending: Sequence[Alumnus], strangers: Sequence[Alumnus], *, two_accounts: int
) -> tuple[list[Person], dict[str, int]]:
    """The accounts of these alumni, some of whom have two, in an order of chance; and whose each account is (its number)."""
    made: list[tuple[Alumnus, dict[str, Any]]] = [(one, account_of(dice, one)) for one in (*attending, *strangers)]
    first_ids: dict[int, str] = {}
    people: list[Person] = []
    owners: dict[str, int] = {}
    seconds = [(one, account_of(dice, one)) for one in dice.some(attending, two_accounts)]
    for alumnus, values in [*dice.some(made, len(made)), *seconds]:
        account_id = f"account-{len(people) + 1:04d}"
        if alumnus.number in first_ids:
            # Most people tell which of their two accounts counts; the others leave it to the office to find out.
            values.update({"primary_account_id": first_ids[alumnus.number]} if dice.chance(0.6) else {})
        first_ids.setdefault(alumnus.number, account_id)
        owners[account_id] = alumnus.number
        people.append(Person(record_id=account_id, values=values))
    return people, owners


def account_of(dice: Dice, alumnus: Alumnus) -> dict[str, Any]:
    """What the career system knows of an alumnus: much the same, differently written, and some things newer or wrong."""
    contact = alumnus.contact
    values: dict[str, Any] = {name: contact[field] for field, name in _PLAIN.items() if field in contact}
    values |= _names(dice, alumnus) | _emails(dice, contact) | _phones(dice, contact) | _address(dice, alumnus)
    values |= _work(dice, contact) | _own(dice)
    if dice.chance(0.35):
        values["institution_id"] = contact["University_ID__c"]
    if "Birthdate" in contact and dice.chance(0.4):
        values["birth_date"] = contact["Birthdate"]
    if dice.chance(0.1):
        values.pop("class_year", None)
    if dice.chance(0.3):
        values.pop("linkedin_url", None)
    # Some are remembered by careers as alive or as reachable, because nobody told them.
    if dice.chance(0.5):
        values |= {"deceased": False, "do_not_contact": False}
    for field, path in CONSENTS.items():
        if field in contact and dice.chance(0.6):
            values[path] = contact[field] == "Yes"
    return {name: value for name, value in values.items() if value not in ("", None)}


def _names(dice: Dice, alumnus: Alumnus) -> dict[str, Any]:
    first, last = alumnus.first.latin, alumnus.last.latin
    contact = alumnus.contact
    found: dict[str, Any] = {"first_name": first, "last_name": last, "middle_name": contact.get("MiddleName__c", "")}
    if alumnus.first.familiar and dice.chance(0.2):
        found["preferred_name"] = alumnus.first.familiar
        if dice.chance(0.5):
            found["first_name"] = alumnus.first.familiar
    elif "Preferred_Name__c" in contact and dice.chance(0.7):
        found["preferred_name"] = contact["Preferred_Name__c"]
    if found["middle_name"] and dice.chance(0.5):
        found["middle_name"] = found["middle_name"][0] if dice.chance(0.5) else ""
    if dice.chance(0.05):
        found["former_last_name"] = last if dice.chance(0.6) else ""
        found["last_name"] = dice.one(alumnus.country.last).latin
    elif dice.chance(0.03):
        found["last_name"] = _mistyped(dice, last)
    if dice.chance(0.12):
        # Many forms on the web still swallow accents.
        found |= {name: anyascii(found[name]) for name in ("first_name", "last_name")}
    return found


def _mistyped(dice: Dice, text: str) -> str:
    at = dice.number(1, max(1, len(text) - 2))
    return text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]


def _emails(dice: Dice, contact: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    personal = contact.get("Personal_Email__c", "")
    if personal and dice.chance(0.75):
        local, _, domain = personal.partition("@")
        found["email_personal"] = f"{local}.new@{domain}" if dice.chance(0.15) else personal
    if dice.chance(0.5):
        found["email_university"] = contact.get("University_Email__c", "")
    if dice.chance(0.5):
        found["email_work"] = contact.get("Work_Email__c", "")
    known = [address for address in found.values() if address]
    return found | ({"login_email": dice.one(known)} if known else {})


def _phones(dice: Dice, contact: dict[str, Any]) -> dict[str, str]:
    mobile = contact.get("MobilePhone", "")
    if not mobile or dice.chance(0.3):
        return {}
    number = phonenumbers.parse(mobile, "US")
    form = dice.one([phonenumbers.PhoneNumberFormat.E164, phonenumbers.PhoneNumberFormat.INTERNATIONAL])
    return {"phone_mobile": phonenumbers.format_number(number, form)}


def _address(dice: Dice, alumnus: Alumnus) -> dict[str, str]:
    contact = alumnus.contact
    if dice.chance(0.3):
        return {}
    if "MailingCity" not in contact or dice.chance(0.15):
        city, state, postcode = dice.one(alumnus.country.cities)
        place = {"city": city, "state": state, "postcode": dice.digits(postcode), "country": alumnus.country.code}
    else:
        names = {"street": "MailingStreet", "city": "MailingCity", "state": "MailingState", "postcode": "MailingPostalCode"}
        place = {name: contact.get(field, "") for name, field in names.items()}
        place["country"] = next((one.code for one in countries() if one.name == contact["MailingCountry"]), "")
    return {f"address.{name}": value for name, value in place.items()}


def _work(dice: Dice, contact: dict[str, Any]) -> dict[str, str]:
    if dice.chance(0.45):
        return {"employer": contact.get("Employer__c", ""), "title": contact.get("Title", "")}
    if dice.chance(0.35):
        return {"employer": dice.one(EMPLOYERS), "title": dice.one(TITLES)}
    return {}


def _own(dice: Dice) -> dict[str, Any]:
    """What career services own."""
    found: dict[str, Any] = {}
    if dice.chance(0.6):
        found["interests"] = dice.some(INTERESTS, dice.number(1, 3))
    if dice.chance(0.5):
        found["industries"] = dice.some(INDUSTRIES, dice.number(1, 2))
    if dice.chance(0.4):
        found["mentor_availability"] = dice.weighted(["available", "paused", "not_available"], [70, 15, 15])
        found["mentor_capacity"] = dice.number(1, 4)
    if dice.chance(0.5):
        found["outcome"] = dice.weighted(OUTCOMES, [60, 8, 3, 3, 10, 8, 3, 5])
        found["outcome_as_of"] = f"202{dice.number(3, 6)}-{dice.number(1, 9):02d}-{dice.number(1, 28):02d}"
    return found
