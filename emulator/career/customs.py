"""Fields that a university makes for itself where a platform has none of its own, and the choices of those that have some."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from emulator.career.errors import ApiError, invalid
from emulator.career.fields import checked_person
from emulator.career.models import CareerSystem
from emulator.career.records import Actor, Stored


class Sort(StrEnum):
    """What such a field holds."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    YES_NO = "yes or no"
    CHOICE = "one choice"
    CHOICES = "several choices"


@dataclass(frozen=True, slots=True, kw_only=True)
class Custom:
    """One field. `words` are its choices, in the tenant's own words; without any, whatever is in use is a choice."""

    label: str
    path: str
    sort: Sort = Sort.TEXT
    words: tuple[str, ...] = ()

    @property
    def chosen(self) -> bool:
        """Whether it has choices."""
        return self.sort in {Sort.CHOICE, Sort.CHOICES}

    def shown(self, word: object) -> str:
        """One of the tenant's words as it stands on screen."""
        return str(word).replace("_", " ").capitalize() if self.words else str(word)

    def word(self, shown: str) -> str:
        """The tenant's word for what stands on screen."""
        return {self.shown(word): word for word in self.words}.get(shown, shown)


CONSENTS = (
    Custom(label="May be asked by careers", path="consents.career_asks", sort=Sort.YES_NO),
    Custom(label="May be asked to mentor", path="consents.mentoring", sort=Sort.YES_NO),
    Custom(label="May be invited to events", path="consents.events", sort=Sort.YES_NO),
    Custom(label="May be surveyed", path="consents.surveys", sort=Sort.YES_NO),
)
NO_CONTACT = Custom(label="No contact requested", path="do_not_contact", sort=Sort.YES_NO)
DECEASED = Custom(label="Deceased", path="deceased", sort=Sort.YES_NO)
INTERESTS = (
    Custom(label="Interests", path="interests", sort=Sort.CHOICES),
    Custom(label="Industries", path="industries", sort=Sort.CHOICES),
)
MENTORING = (
    Custom(
        label="Mentor availability", path="mentor_availability", sort=Sort.CHOICE, words=("available", "paused", "not_available")
    ),
    Custom(label="Mentor capacity", path="mentor_capacity", sort=Sort.NUMBER),
)
OUTCOME = (
    Custom(label="Career outcome", path="outcome", sort=Sort.CHOICE),
    Custom(label="Career outcome as of", path="outcome_as_of", sort=Sort.DATE),
)


def numbered(system: CareerSystem, custom: Custom) -> dict[str, int]:
    """The choices of a field as they stand on screen, numbered from 1 in the order in which they came up."""
    known: dict[str, int] = system.extra.setdefault(f"choices {custom.label}", {})
    for word in custom.words:
        known.setdefault(custom.shown(word), len(known) + 1)
    return known


def number_of(system: CareerSystem, custom: Custom, value: Any) -> tuple[int, str]:  # noqa: ANN401 - JSON
    """The number of a value's choice, and how it stands on screen; a value that was not there before becomes a choice."""
    shown, known = custom.shown(value), numbered(system, custom)
    return known.setdefault(shown, len(known) + 1), shown


def rewrite(system: CareerSystem, stored: Stored, fields: Mapping[str, Any], by: Actor, *, called: Mapping[str, str]) -> Stored:
    """Change an account; ``called`` are the platform's own names of the tenant's fields.

    Raises:
        ApiError: a value that can never be accepted, by the platform's name of its field.
    """
    try:
        checked = checked_person({path: value for path, value in fields.items() if value is not None}, staff=True)
    except ApiError as refused:
        raise invalid(called.get(refused.field or "", refused.field or ""), refused.message) from None
    return system.change_person(stored.id, checked | {path: None for path, value in fields.items() if value is None}, by)
