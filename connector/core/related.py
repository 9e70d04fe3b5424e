"""Records beside a contact, of which the mapping reads values: children of it, its parents, and parents of its children."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

CONTACT = "Contact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which of a contact's children counts: the latest (or earliest) by a field.

    ``only`` leaves those that have one of these words in each of these fields. One without a value in ``by`` comes last; of
    equal ones the one with the lowest id counts.
    """

    by: str
    latest: bool
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """Records of one object, reached from the contact.

    ``path`` are relationship names as in a query: ``Account``, ``Enrollments__r``, or ``Enrollments__r.Program__r`` for the
    parents of children. ``link`` is the field that joins them: a child's that names the contact, else the one (of the
    contact, or of the child) that names the parent. ``choice`` is a child's. ``fields`` are what is read of them, ``label``
    what people call one, ``followed`` whether a change there is looked for.
    """

    path: str
    object: str
    label: str
    link: str
    fields: tuple[str, ...]
    choice: Choice | None = None
    below: Related | None = None
    """The children whose parents these are; None where they hang on the contact itself."""
    followed: bool = False

    @property
    def name(self) -> str:
        """The last relationship of the path."""
        return self.path.rpartition(".")[2]

    def keys(self) -> tuple[str, ...]:
        """What is read of them, as keys of a CRM record."""
        return tuple(f"{self.path}.{name}" for name in self.fields)

    def reads(self) -> Iterator[tuple[str, str]]:
        """Every field (object, name) that must be readable for it."""
        for name in self.fields:
            yield self.object, name
        if self.choice is not None:
            for name in (self.link, self.choice.by, *self.choice.only):
                yield self.object, name
        else:
            yield self.below.object if self.below else CONTACT, self.link


def lookup_of(relationship: str) -> str:
    """The field behind the name by which a query walks up to a parent."""
    return f"{relationship.removesuffix('__r')}__c" if relationship.endswith("__r") else f"{relationship}Id"
