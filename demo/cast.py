"""Who plays which part: suitable people, found by looking at the data, each in one part only."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from demo.audit import Link
from demo.people import CONSENTS, People


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A linked person: the account, the contact's Salesforce id, and both records as they came in."""

    account: str
    contact: str
    crm: Mapping[str, Any]
    career: Mapping[str, Any]


Suits = Callable[[Role], bool]


class Cast:
    """The linked people who are still without a part, in the order of their accounts."""

    def __init__(self, people: People, links: list[Link], record_of: Mapping[str, str]) -> None:
        contacts = {person.record_id: person.values for person in people.contacts}
        accounts = {person.record_id: person.values for person in people.accounts}
        taken = Counter(link.contact for link in links if link.state == "linked")
        self._free: list[Role] = []
        for link in links:
            record = record_of.get(link.contact or "")
            if link.state == "linked" and link.leading and link.contact and record and taken[link.contact] == 1:
                known = {"crm": contacts[record], "career": accounts[link.account]}
                self._free.append(Role(account=link.account, contact=link.contact, **known))

    def find(self, suits: Suits) -> Role | None:
        """The next person who suits; None if this data has nobody left for the part."""
        for at, role in enumerate(self._free):
            if suits(role):
                return self._free.pop(at)
        return None


def is_open(role: Role) -> bool:
    """Alive, reachable and agreed to everything: what Alumni Relations hold may be shared."""
    crm, career = role.crm, role.career
    blocked = crm.get("Deceased__c") or crm.get("Do_Not_Contact__c") or career.get("deceased") or career.get("do_not_contact")
    agreed = all(crm.get(field) == "Yes" and career.get(path) is not False for field, path in CONSENTS.items())
    return agreed and not blocked


def is_deceased(role: Role) -> bool:
    """Known in the CRM to have died."""
    return bool(role.crm.get("Deceased__c"))


def having(*names: str) -> Suits:
    """Open people of whom the CRM knows all of these fields."""
    return lambda role: is_open(role) and all(role.crm.get(name) for name in names)
