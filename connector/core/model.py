"""The values that the core decides about; the words are those of ``docs/glossary.md``.

A *value* is canonical: text, number, truth, a sorted tuple of texts, or None for "known to be empty". Something that was
not read (absent, unreadable, masked) is no value at all: a reading that lacks it is ``None`` where a ``Reading`` is expected.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

Scalar = str | int | float | bool | None
Value = Scalar | tuple[str, ...]
Native = Any
"""A value in a side's own form, as its JSON gives it."""


class Side(StrEnum):
    """One of the two sides."""

    CRM = "crm"
    CAREER = "career"

    @property
    def other(self) -> Side:
        """The side across."""
        return Side.CAREER if self is Side.CRM else Side.CRM


class Owner(StrEnum):
    """The office that decides a field's value."""

    ALUMNI_RELATIONS = "alumni_relations"
    CAREER_SERVICES = "career_services"

    @property
    def side(self) -> Side:
        """The side on which this office works."""
        return Side.CRM if self is Owner.ALUMNI_RELATIONS else Side.CAREER


class Share(StrEnum):
    """Whether a value may go to careers."""

    ALWAYS = "always"
    CONSENTED = "consented"
    NEVER = "never"


class OutsideEdit(StrEnum):
    """What an edit by the office that does not own the field becomes."""

    SUGGEST = "suggest"
    REFUSE = "refuse"
    IGNORE = "ignore"
    OPT_OUT_WINS = "opt_out_wins"


class UntilDecided(StrEnum):
    """What careers see while a suggestion waits: their value, or Alumni Relations' value again."""

    KEEP = "keep"
    RESTORE = "restore"


class NullPolicy(StrEnum):
    """What an emptied value means.

    ``ignore``: nothing, in either direction. ``clear``: the owner's clear is carried across, another office's is put back.
    ``suggest_clear``: the owner's clear is carried across, another office's becomes a suggestion to clear.
    """

    IGNORE = "ignore"
    CLEAR = "clear"
    SUGGEST_CLEAR = "suggest_clear"


class Mode(StrEnum):
    """How far one direction of one field may go."""

    OBSERVE = "observe"
    SUGGEST = "suggest"
    WRITE = "write"


class OnWithdrawn(StrEnum):
    """What happens on the career side to values that we supplied, when sharing ends."""

    KEEP = "keep"
    CLEAR = "clear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transform:
    """A named two-way change of one value. ``read`` turns native into canonical, ``write`` canonical into native.

    ``read`` raises ``ValueError`` with a short reason (never the value) for what it cannot understand. ``options``: how the
    mapping has set it, each ``name = value`` as in the file; two of the same name and options are alike.
    """

    name: str
    read: Callable[[Native], Value]
    write: Callable[[Value], Native]
    options: tuple[str, ...] = ()


def at(label: str, place: str) -> str:
    """What staff read of a field: its label, and where it stands if that is not the contact."""
    return f"{label} (on: {place})" if place else label


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRule:
    """One field of an entity, compiled.

    ``crm`` is an API name on Contact, or on Career_Profile__c for what careers own (``on_profile``); ``career`` is a dotted
    path in the career system's record, empty for a consent that the CRM alone knows of. ``suggest_to`` is the Contact field
    that staff change, where ``crm`` is derived; ``place`` what people call the record on which they do, empty for the contact.
    ``crm_words`` are the words that ``crm`` takes where a picklist of the mapping lists them.
    """

    name: str
    label: str
    crm: str
    career: str
    on_profile: bool
    crm_transform: Transform
    career_transform: Transform
    suggest_to: str | None = None
    place: str = ""
    crm_words: frozenset[str] = frozenset()

    @property
    def for_staff(self) -> str:
        """The label, with the record on which staff change it where that is not the contact."""
        return at(self.label, self.place)

    @property
    def crm_key(self) -> str:
        """The key of this field in a CRM record of a linked person."""
        return f"Career_Profile__c.{self.crm}" if self.on_profile else self.crm


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What is judged, suggested, decided and written as one: a single field or a group.

    ``purpose`` is the consent that ``share = consented`` asks for. For ``opt_out_wins`` (always a single field)
    ``restrictive`` is the canonical value that restricts, ``opt_out_to`` the career profile's flag that keeps what careers
    said, and ``opt_out_global`` marks the one that concerns all contact, which staff must enter on the Contact themselves.
    """

    name: str
    label: str
    fields: tuple[FieldRule, ...]
    owner: Owner
    share: Share = Share.ALWAYS
    purpose: str | None = None
    other_office_edit: OutsideEdit = OutsideEdit.SUGGEST
    until_decided: UntilDecided = UntilDecided.KEEP
    null: NullPolicy = NullPolicy.CLEAR
    to_career: Mode = Mode.WRITE
    to_crm: Mode = Mode.WRITE
    on_withdrawn: OnWithdrawn = OnWithdrawn.KEEP
    urgent: bool = False
    restrictive: bool | None = None
    opt_out_to: str | None = None
    opt_out_global: bool = False

    @property
    def refused_by(self) -> bool:
        """The value by which consent is refused, whoever holds it; a field that says nothing of it refuses by a No."""
        return bool(self.restrictive)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A unit's state on one side: canonical and native values, one of each for every field of the unit, in its order."""

    values: tuple[Value, ...]
    natives: tuple[Native, ...]

    @property
    def empty(self) -> bool:
        """Whether every value is known to be empty."""
        return all(value is None for value in self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What both sides acknowledged last, as each side holds it. Its absence means: unknown.

    The two readings have equal values, except where an administrator chose to keep a first difference.
    """

    crm: Reading
    career: Reading
    supplied: bool = False
    """Whether the career side holds this value because we wrote it there."""

    def of(self, side: Side) -> Reading:
        """The reading that one side had when both agreed."""
        return self.crm if side is Side.CRM else self.career


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSuggestion:
    """A suggestion that waits for the field owner. ``restored``: we put the owner's value back while it waits."""

    values: tuple[Value, ...]
    episode: int
    restored: bool = False
    decision: str | None = None
    """None, ``accept`` or ``reject``: what staff pressed, if they did."""
    against: tuple[Value, ...] | None = None
    """The owner's values that the suggestion was raised or refreshed against; only a move away from them answers it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A suggested value that the owner turned down, while the owner's value was ``against``."""

    values: tuple[Value, ...]
    against: tuple[Value, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What else is known about a unit: open suggestion, last rejection, values sent whose outcome is not settled."""

    open: OpenSuggestion | None = None
    suspended: OpenSuggestion | None = None
    """A question about a value that we have put back, withdrawn as sharing ended: nothing but this knows of the value."""
    rejected: Rejection | None = None
    sent: Mapping[Side, tuple[tuple[Value, ...], ...]] = field(default_factory=dict)
    adopt: str | None = None
    """An administrator's choice for a first difference: ``crm_wins``, ``suggest`` or ``keep``.

    Or ours: ``replace``, where what stands across is another person's.
    """
    chosen_over: tuple[Value, ...] | None = None
    """What careers held as ``crm_wins`` was chosen; empty if it could not be read, None where it was not kept."""
    differed: bool = False
    """Whether a first difference waits for that choice: who clears what was seen across has left no gap to be filled."""
    supplied: tuple[Value, ...] | None = None
    """What careers held because we wrote it there, where the base that knew it is forgotten."""
    episodes: int = 0
    noted: str | None = None
    """The code of the note that was left for the editor and still stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Who changed which native fields, and when, where the platform tells. ``kind`` is staff, person or api."""

    fields: tuple[str, ...]
    by: str
    kind: str
    at: str
