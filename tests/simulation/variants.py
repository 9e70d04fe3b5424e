"""What a world can be made with: variants of the mapping, and the platforms that a career system can be.

Register another mapping in ``MAPPINGS`` and another platform in ``PLATFORMS``; seeds draw from both by name.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from emulator.career import Actor, CareerApp, CareerSystem, Kind
from emulator.career.errors import ApiError
from emulator.career.fields import checked_person
from tests import systems

Change = tuple[str, str, str]
"""A file of ``mappings/``, a text in it, and what stands there instead."""

MAPPING_VARIANTS: Mapping[str, tuple[Change, ...]] = {
    "shipped": (),
    "restoring": (("person.toml", 'until_decided = "keep"', 'until_decided = "restore"'),),
    "refusing": (("person.toml", 'other_office_edit = "suggest"', 'other_office_edit = "refuse"'),),
    "tight": (("person.toml", 'label = "Employment"\n', 'label = "Employment"\nshare = "never"\n'),),
    "braking": tuple(
        ("person.toml", f"[brakes.{side}]\nmax_changes = 500", f"[brakes.{side}]\nmax_changes = 1")
        for side in ("to_career", "to_crm")
    ),
}


@cache
def mapping_files(variant: str) -> Mapping[str, str]:
    """The three files of a variant, by name."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in systems.MAPPINGS.glob("*.toml")}
    for name, was, now in MAPPING_VARIANTS[variant]:
        if was not in texts[name]:
            raise ValueError(f"{name} does not hold {was!r} any more: write the variant {variant!r} anew")
        texts[name] = texts[name].replace(was, now, 1)
    return texts


@cache
def mapping_data(variant: str) -> Mapping[str, Any]:
    """The person file of a variant, as TOML has it."""
    return tomllib.loads(mapping_files(variant)["person.toml"])


@dataclass(frozen=True, kw_only=True)
class Careers:
    """The people of Career Services at work in their own system. Fields are named by their paths in the mapping."""

    system: CareerSystem
    app: CareerApp

    def add(self, id: str, values: Mapping[str, Any], *, seen: bool) -> None:
        """An account that has always been there; ``seen``: one that has just appeared, and of which the system tells."""
        title = values["title"]
        self.system.seed("person", [{"id": id, **values, **({"title": None} if seen else {})}])
        if seen:
            # Its last field is filled in before everybody's eyes.
            self.edit(id, {"title": title}, own=False)

    def edit(self, id: str, values: Mapping[str, Any], *, own: bool) -> bool:
        """A counsellor, or the alumna herself (``own``), changes an account; whether the system took it."""
        alumna = Actor(id=f"p-{id}", name="The alumna", kind=Kind.PERSON, person_id=id)
        return _taken(lambda: self.system.change_person(id, checked_person(dict(values), staff=not own), alumna if own else PAT))

    def delete(self, id: str) -> bool:
        """A counsellor deletes an account."""
        return _taken(lambda: self.system.delete("person", id, PAT))

    def values(self, id: str) -> dict[str, Any] | None:
        """What an account holds now; None if it is gone."""
        stored = self.system.people.by_id.get(id)
        return None if stored is None or stored.deleted else stored.data()

    def file(self, values: Mapping[str, Any]) -> str:
        """A counsellor files a request; its id."""
        return self.app.face.desk.file(self.system, values, PAT)

    def change(self, id: str, values: Mapping[str, Any]) -> bool:
        """A counsellor changes a request."""
        return _taken(lambda: self.system.change_request(id, values, PAT))

    def withdraw(self, id: str) -> bool:
        """A counsellor withdraws a request."""
        return _taken(lambda: self.app.face.desk.withdraw(self.system, id, PAT))

    def told(self, id: str) -> Mapping[str, Any] | None:
        """What careers' staff read about a request's way through Alumni Relations."""
        return self.app.face.desk.told(self.system, id)


PAT = Actor(id="s-1", name="Pat Reyes", kind=Kind.STAFF)
"""The counsellor."""


def _taken(act: Callable[[], object]) -> bool:
    """Whether the system took it: people meet refusals, too."""
    try:
        act()
    except ApiError:
        return False
    return True


@dataclass(frozen=True, kw_only=True)
class Platform:
    """A kind of career system: the profile under which the bridge knows it, its address, and its face."""

    profile: str
    url: str
    face: str = "generic"


PLATFORMS: Mapping[str, Platform] = {
    "generic": Platform(profile="generic", url=f"{systems.CAREER_HOST}/bridge/v1"),
}
