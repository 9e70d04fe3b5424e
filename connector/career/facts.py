"""What one kind of career system is like: what the engine asks for, and what an administrator decides from.

A profile (a TOML file) states facts; ``dialect`` names the code in ``connector.career.dialects`` that speaks with the system.
``docs/platforms.md`` is made from the facts, so each carries its evidence.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from connector.ports import Capabilities

Dialect = Literal["generic", "12twenty", "symplicity_csm", "handshake", "hivebrite", "csv_drop"]
Carrier = Literal["rest", "notes", "csv"]
"""How career requests travel: by the contract's request calls, as tagged staff notes, as files in a folder."""
Mark = Literal["A", "B", "A+B", "C", "guess"]
"""How sure: the vendor's own page, working public code, both, a third party, nobody."""
Sentence = Annotated[str, Field(min_length=1, max_length=600)]
SettingName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class FactsTable(BaseModel):
    """A table of a profile: strict types, no unknown keys, unchangeable."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Abilities(FactsTable):
    """What the system can do. What is not stated counts as the careful answer: it mails, it has no staff-only notes.

    ``requests``: it has requests of its own, in the shape of the contract. ``lookup``: accounts can be asked for by id; if
    not, only its next reading tells what became of a write. ``deletes``: whether it tells of deletions, a sweep has to find
    them, or nobody does. ``edits``: what it tells of a change besides the record as it is now. ``tells_before``: what is handed
    over says what each value was, so that whoever carries it in can compare. ``per_delivery``: so many changed accounts are
    handed over at once. ``may_mail``: fields besides the login whose change could make it write to the
    person. ``shown_within``: days after which what was handed over and never shown is decided anew.
    """

    precondition: Literal["etag", "read_before_write", "none"]
    write: Literal["patch", "full"]
    sends_mail_on_login_change: bool = True
    login_field: Annotated[str, Field(max_length=80)] = ""
    may_mail: Annotated[tuple[Annotated[str, Field(max_length=80)], ...], Field(strict=False)] = ()
    notes: bool = False
    requests: bool = False
    lookup: bool = True
    deletes: Literal["told", "sweep", "never"] = "told"
    edits: Literal["who_and_when", "when", "unknown"] = "unknown"
    tells_before: bool = False
    per_delivery: Annotated[int, Field(ge=1, le=100_000)] = 200
    shown_within: Annotated[int, Field(ge=1, le=400)] = 14


class Pace(FactsTable):
    """How fast the system may be called; 0 where it sets no such limit. ``server_errors``: so many in a minute throttle us."""

    per_second: Annotated[float, Field(ge=0)] = 0.0
    burst: Annotated[int, Field(ge=1)] = 1
    per_minute: Annotated[int, Field(ge=0)] = 0
    per_day: Annotated[int, Field(ge=0)] = 0
    server_errors: Annotated[int, Field(ge=0)] = 0


class Needs(FactsTable):
    """What ``[[career]]`` has to say for this system; ``optional`` is what it may say besides."""

    url: bool = True
    key: bool = True
    folder: bool = False
    optional: Annotated[tuple[Literal["url", "key"], ...], Field(strict=False)] = ()


class Setting(FactsTable):
    """One setting of ``[career.settings]``. A secret one is given as a reference, never as its value.

    Its value is one of the ``choices``, or a whole number ``between`` two others, where it has any; else any text.
    """

    label: Sentence
    choices: Annotated[tuple[str, ...], Field(strict=False)] = ()
    between: Annotated[tuple[int, int] | None, Field(strict=False)] = None
    required: bool = False
    secret: bool = False
    default: str = ""

    def misfit(self, value: str) -> str:
        """What the value should be and is not; empty if it fits."""
        if self.choices and value not in self.choices:
            return " or ".join(self.choices)
        if self.between is None:
            return ""
        low, high = self.between
        fits = value.isascii() and value.isdecimal() and len(value) <= len(str(high)) and low <= int(value) <= high
        return "" if fits else f"a whole number from {low} to {high}"


FOLDER_SETTINGS = {
    "folder_owner": Setting(
        label="Login name of one more account that may put files into the folder, besides the bridge's and the folder's owner."
    ),
    "folder_group": Setting(
        label="A group of this machine whose members may read the files that the bridge writes; without it nobody else may."
    ),
    "folder_encoding": Setting(
        label="What files that are no Unicode are written with, such as cp1252 or mac_roman; without it the bridge finds out, "
        "and refuses a file where it cannot be sure."
    ),
}
"""Settings of every system that works with a folder."""


class TurnOff(FactsTable):
    """A switch of the system that has to be off, so that nobody but Alumni Relations writes to alumni."""

    what: Sentence
    where: Sentence
    why: Sentence


class Evidence(FactsTable):
    """What is known of the system, and from where."""

    about: Sentence
    says: Sentence
    mark: Mark
    source: str = ""


class Facts(FactsTable):
    """A profile: everything about one kind of system that is no code."""

    format: Literal[1]
    name: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]
    label: Sentence
    dialect: Dialect = "generic"
    abilities: Abilities = Field(alias="capabilities")
    needs: Needs = Needs()
    pace: Pace = Pace()
    carriers: Annotated[tuple[Carrier, ...], Field(strict=False)] = ("rest",)
    settings: dict[SettingName, Setting] = Field(default_factory=dict)
    turn_off: Annotated[tuple[TurnOff, ...], Field(strict=False)] = ()
    evidence: Annotated[tuple[Evidence, ...], Field(strict=False)] = ()
    setup: Annotated[tuple[Sentence, ...], Field(strict=False)] = ()
    limits: Annotated[tuple[Sentence, ...], Field(strict=False)] = ()

    @property
    def all_settings(self) -> dict[SettingName, Setting]:
        """Its own settings, and those of its folder if it may have one."""
        folder = FOLDER_SETTINGS if self.needs.folder or "csv" in self.carriers else {}
        return {**self.settings, **folder}

    def capabilities(self) -> Capabilities:
        """As the engine asks for them."""
        can = self.abilities
        return Capabilities(
            notes=can.notes,
            requests=can.requests,
            lookup=can.lookup,
            per_delivery=can.per_delivery,
            shown_within=can.shown_within,
        )
