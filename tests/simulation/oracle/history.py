"""Which value stood where and when: the past of contacts by people's deeds, that of accounts by the system's own versions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from tests.simulation.clocks import START
from tests.simulation.mapping import Field
from tests.simulation.words import token
from tests.simulation.world import World


@dataclass(frozen=True, kw_only=True)
class Held:
    """A field held a meaning from a moment on (seconds of the world). ``by`` is staff, person, api, or "" for "ever since"."""

    since: float
    token: str
    by: str


def contact_history(world: World, person: int, field: Field) -> list[Held]:
    """What a field of a person's contacts has held, oldest first; of all contacts that were ever theirs.

    The world looks before each deed: what it sees has held since the one before, or ever since.
    """
    ids = world.contacts_of(person)
    found: list[Held] = []
    for at, seen in zip([0.0, *(deed.at for deed in world.deeds)], world.seen, strict=True):
        for id in ids:
            if id in seen:
                meaning = token(field.name, "crm", seen[id][field.crm])
                if not found or found[-1].token != meaning or len(ids) > 1:
                    found.append(Held(since=at, token=meaning, by="staff"))
    return found


def account_history(world: World, account: str, field: Field) -> list[Held]:
    """What a field of an account has held, oldest first."""
    stored = world.careers.system.people.by_id[account]
    # What an account holds is not shown where that goes with another field, which is empty.
    paths = [field.career, *filter(None, [world.careers.only_with.get(field.career)])]
    held: dict[str, Any] = {
        path: next((version.changes[path][0] for version in stored.versions if path in version.changes), _at(stored.data(), path))
        for path in paths
    }

    def shown() -> str:
        hidden = any(held[path] is None for path in paths[1:])
        return token(field.name, "career", None if hidden else held[field.career])

    found = [Held(since=0.0, token=shown(), by="")]
    for version in stored.versions:
        if moved := [path for path in paths if path in version.changes]:
            held.update({path: version.changes[path][1] for path in moved})
            found.append(Held(since=seconds(world, version.at), token=shown(), by=version.by.kind.value))
    return found


def seconds(world: World, stamp: str) -> float:
    """A moment of the career system's clock, in seconds of the world."""
    moment = datetime.fromisoformat(stamp)
    return (moment - START).total_seconds() - world.spec.career_skew


def filed_at(world: World, request: str) -> float:
    """When a request was filed, in seconds of the world."""
    return seconds(world, world.careers.system.requests.by_id[request].created.isoformat())


def _at(values: Mapping[str, Any], path: str) -> Any:
    found: Any = values
    for part in path.split("."):
        found = found[part]
    return found


def overwritten(history: list[Held]) -> Iterator[tuple[Held, Held]]:
    """Values that people entered and the bridge replaced by others: (theirs, the bridge's).

    Who enters what stands there already, perhaps written otherwise, enters nothing.
    """
    entered = [*history[:1], *(now for last, now in pairwise(history) if last.token != now.token)]
    for before, after in pairwise(entered):
        if after.by == "api" and before.by != "api" and before.token != after.token:
            yield before, after


def agreed_last(ours: list[Held], theirs: list[Held], until: float, *, seen: Callable[[float, float], bool]) -> set[str]:
    """What both sides held at once, or the bridge brought, last before a moment; as far back as the first that it has ``seen``.

    Where it has seen none, what stood on both sides at the very beginning counts as well. Whoever puts back what was agreed last
    differs from nobody: the bridge compares states, not what was between them. What it brought was the owner's, though perhaps no
    more by then.
    """
    found: set[str] = set()
    began = sorted({held.since for held in [*ours, *theirs] if held.since < until})
    for since, end in reversed(list(pairwise([*began, until]))):
        middle = (since + end) / 2
        agreed = tokens_between(ours, middle, middle) & tokens_between(theirs, middle, middle)
        agreed |= {held.token for held in [held for held in theirs if held.since <= middle][-1:] if held.by == "api"}
        found |= agreed
        if agreed and seen(since, end):
            return found
    return found | ({ours[0].token} & {theirs[0].token})


def tokens_between(history: list[Held], since: float, until: float) -> set[str]:
    """Everything that a field held at some moment of a span."""
    found = set()
    for number, held in enumerate(history):
        ends = history[number + 1].since if number + 1 < len(history) else float("inf")
        if held.since <= until and ends >= since:
            found.add(held.token)
    return found
