"""Everything that stands in either system has been read (I20, I21): the bridge's observations are what is there."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

import orjson

from tests.simulation.oracle.evidence import Breach, state_rows
from tests.simulation.variants import HUSHED, USUAL, is_hushed
from tests.simulation.words import token
from tests.simulation.world import World, pick

_OURS = ("Career_Profile__c", "Suggested_Change__c", "Identity_Review__c", "Career_Request__c")
_MOVES_BY_ITSELF = frozenset({"SystemModstamp", "LastModifiedDate", "LastModifiedById", "CreatedDate", "Name", "Key__c"})
"""What no decision looks at: the bridge may hold it as it was when it wrote the record."""

_Seen = dict[tuple[str, str], dict[str, Any]]
"""The bridge's observations by kind and id."""


def judge(world: World, state: Path, when: str, *, but: AbstractSet[str] = frozenset()) -> Iterator[Breach]:
    """Contacts, accounts, requests and our own records, against what the bridge has read of them.

    ``but``: fields of accounts that need not be known (on platforms with an API of their own).
    """
    seen: _Seen = {(row["kind"], row["id"]): row for row in state_rows(state, "observation")}
    unread = world.forgotten - {id for _, id in seen}
    for name in ("Contact", *_OURS):
        for row in world.rows(name):
            if row["Id"] not in unread:
                there = world.whole(row) if name == "Contact" else row
                yield from _judge_record(when, name, row["Id"], there, seen.get((name, row["Id"])))
        for row in world.rows(name, deleted=True):
            known = seen.get((name, row["Id"]))
            if known is not None and not known["deleted"]:
                yield Breach("read (I20)", f"{when}: {name} {row['Id']} is deleted, and the bridge does not know")
    yield from _judge_careers(world, seen, unread, when, but)


def _judge_careers(world: World, seen: _Seen, unread: set[str], when: str, but: AbstractSet[str]) -> Iterator[Breach]:
    platform = world.platform
    hushed = any(is_hushed(call.mapping) for call in world.calls)
    confidential = HUSHED | {"WELFARE"} if hushed else {"WELFARE"}
    for kind, shelf in (("person", world.careers.system.people), ("request", world.careers.system.requests)):
        for id, stored in shelf.by_id.items():
            known = seen.get((kind, id))
            if platform.stranger and platform.stranger.items() <= stored.extra.items():
                if known is not None:
                    yield Breach("read (I20)", f"{when}: {kind} {id} is none of the alumni, and the bridge keeps it")
            elif stored.deleted:
                if platform.tells_deleted and known is not None and not known["deleted"]:
                    yield Breach("read (I20)", f"{when}: {kind} {id} is deleted, and the bridge does not know")
            elif id not in unread and (kind == "person" or stored.data()["type"] not in confidential):
                there = stored.data() if kind == "request" else _as_read(world, known, world.careers.values(id) or {}, but)
                yield from _judge_record(when, kind, id, there, known)


def _as_read(world: World, known: dict[str, Any] | None, tenants: dict[str, Any], but: AbstractSet[str]) -> dict[str, Any]:
    """What an account holds, as the platform calls it: that which means the same as what was read, is that."""
    if known is None or world.spec.platform == USUAL:
        return tenants
    held = orjson.loads(known["fields"])
    there = dict(held)
    for field in (field for name, field in world.fields.items() if name not in but):
        meant = token(field.name, "career", pick(tenants, field.career))
        if token(field.name, "career", pick(held, field.called)) != meant:
            there[field.called.partition(".")[0]] = f"another {field.called}: {meant}"
    return there


def _judge_record(when: str, kind: str, id: str, there: dict[str, Any], known: dict[str, Any] | None) -> Iterator[Breach]:
    if known is None or known["deleted"]:
        yield Breach("read (I20)", f"{when}: {kind} {id} was never read")
        return
    held = orjson.loads(known["fields"])
    wrong = [name for name, value in held.items() if name not in _MOVES_BY_ITSELF and name in there and there[name] != value]
    wrong += [name for name, value in held.items() if name not in there and value not in (None, False, "") and name != "etag"]
    if wrong:
        told = {name: (held[name], there.get(name)) for name in wrong}
        yield Breach("read (I20)", f"{when}: {kind} {id} was read as it is not any more: {told}")
