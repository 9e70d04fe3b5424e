"""What one ``[[career]]`` table of the configuration comes to: everything that a dialect or carrier may need."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from connector.career.access import Access, Key
from connector.career.exchange import Exchange
from connector.career.facts import Facts
from connector.career.pace import Pace
from connector.errors import Bug
from connector.ports import Clock
from connector.secrets import Secret, is_reference
from connector.wire import Wire

ReadSecret = Callable[[], Secret]
"""Reads a secret anew, each time it is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """One configured career system.

    ``wire``, ``key`` and ``folder`` are there where the profile needs them; ``secrets`` are the secret ones of its settings.
    ``carrier`` is how requests travel; empty: not at all. ``requests_wire`` and ``requests_key`` lead to where they stand if
    the system does not carry them itself.
    """

    system: str
    profile: Facts
    clock: Clock
    rng: Callable[[], float]
    wire: Wire | None = None
    key: ReadSecret | None = None
    folder: Path | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, ReadSecret] = field(default_factory=dict)
    carrier: str = ""
    requests_wire: Wire | None = None
    requests_key: ReadSecret | None = None

    @property
    def own_requests(self) -> bool:
        """Whether the system carries its requests itself, by the contract, in the feed of its people."""
        return self.carrier == "rest" and self.requests_wire is None

    def the_wire(self) -> Wire:
        """The way to the system; the configuration has been checked for it."""
        return _there(self.wire, "url")

    def the_key(self) -> ReadSecret:
        """The key's reader; the configuration has been checked for it."""
        return _there(self.key, "key")

    def the_folder(self) -> Path:
        """The folder for files; the configuration has been checked for it."""
        return _there(self.folder, "folder")

    def setting(self, name: str) -> str:
        """A setting, or its default."""
        return self.settings.get(name) or self.profile.all_settings[name].default

    def exchange(self, access: Access | None = None, *, rights: str = "docs/platforms.md") -> Exchange:
        """The calls to the system; the plain key in a bearer header unless told otherwise."""
        pace = Pace(self.profile.pace, self.clock, system=self.system)
        shown = access or Key(self.the_key())
        return Exchange(
            system=self.system, wire=self.the_wire(), access=shown, pace=pace, clock=self.clock, rng=self.rng, rights=rights
        )


T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a ``[[career]]`` table says, as far as its profile has a word in it. ``carrier`` None: it does not say."""

    url: bool
    key: bool
    folder: bool
    carrier: str | None
    requests_url: bool
    requests_key: bool
    settings: Mapping[str, str]


def faults(profile: Facts, given: Given) -> Iterator[tuple[str, str, str]]:
    """What is wrong with such a table: key, message and cure, each."""
    needs = profile.needs
    required = (("url", needs.url, given.url), ("key", needs.key, given.key), ("folder", needs.folder, given.folder))
    for name, needed, there in required:
        if needed and not there:
            yield name, f'profile "{profile.name}" needs {name}', f"add {name} = ..."
        if there and not needed and name != "folder" and name not in needs.optional:
            yield name, f'profile "{profile.name}" does not use {name}', "drop it"
    if needs.optional and given.url is not given.key:
        yield "url", "url and key belong together", "give both or none"
    yield from _carrier_faults(profile, given)
    known = profile.all_settings
    for name in given.settings.keys() - known.keys():
        choice = ", ".join(sorted(known)) or "none"
        yield "settings", f'profile "{profile.name}" has no setting "{name}"', f"it has: {choice}"
    for name, setting in known.items():
        value = given.settings.get(name, "")
        if setting.required and not value:
            yield "settings", f'profile "{profile.name}" needs the setting {name}', f"{name}: {setting.label}"
        if value and (wanted := setting.misfit(value)):
            yield "settings", f"{name} must be {wanted}", f"{name}: {setting.label}"
        if value and setting.secret and not is_reference(value):
            yield (
                "settings",
                f"{name} is not a reference to a secret; the value is not shown here",
                "write credential:NAME, file:/PATH or env:NAME; if a secret stood here, replace it in its system, too",
            )


def _carrier_faults(profile: Facts, given: Given) -> Iterator[tuple[str, str, str]]:
    carrier = carrier_of(profile, given.carrier)
    if carrier and carrier not in profile.carriers:
        choice = ", ".join((*profile.carriers, "none"))
        yield "requests", f'profile "{profile.name}" carries no requests by {carrier}', f"choose: {choice}"
    if given.requests_url is not given.requests_key:
        yield "requests", "requests_url and requests_key belong together", "give both or none"
    own = profile.abilities.requests
    if carrier == "rest" and not own and not (given.requests_url and given.requests_key):
        message = "requests by rest need the address and the key of the service that has them"
        yield "requests", message, "add requests_url and requests_key, or choose another way"
    if carrier == "csv" and not given.folder:
        yield "requests", "requests by csv need a folder", "add folder = ..."


def carrier_of(profile: Facts, said: str | None) -> str:
    """How requests travel: as the configuration says, else as the profile does it first; empty for not at all."""
    if said is not None:
        return "" if said == "none" else said
    return profile.carriers[0] if profile.carriers else ""


def _there(value: T | None, name: str) -> T:
    if value is None:
        raise Bug(f"the configuration was not checked for {name}")
    return value
