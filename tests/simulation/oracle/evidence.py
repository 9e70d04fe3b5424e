"""What the oracles judge by: the world as it is, everything that passed, and the bridge's own state, read as plain rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.simulation.mapping import Rules, Unit, read_mapping
from tests.simulation.oracle.wire import Write
from tests.simulation.words import token
from tests.simulation.world import World, pick


@dataclass(frozen=True, order=True)
class Breach:
    """A law that does not hold, and where."""

    law: str
    what: str


Tokens = tuple[str, ...]
"""What a unit means, field by field; see ``words``."""


@dataclass(kw_only=True)
class Evidence:
    """Everything at rest, after the last cycle. ``writes`` are all single writes that left; ``log`` what the daemons logged."""

    world: World
    state: Path
    writes: Sequence[Write]
    log: str = ""
    facts: set[str] = field(default_factory=set)
    """What happened that a law makes an exception of, by name."""

    @cached_property
    def rules(self) -> Rules:
        """The mapping in force."""
        return read_mapping(self.world.spec.mapping)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """A table of the bridge's state."""
        with closing(sqlite3.connect(f"file:{self.state}?mode=ro", uri=True)) as db:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute(f'SELECT * FROM "{table}"')]  # noqa: S608 - our own names

    @cached_property
    def first_differences(self) -> set[tuple[str, str]]:
        """(account, unit) where an administrator has to choose."""
        return {(row["account_id"], row["unit"]) for row in self.rows("first_difference")}

    @cached_property
    def profiles(self) -> Mapping[str, list[dict[str, Any]]]:
        """Living career profiles by account."""
        found: dict[str, list[dict[str, Any]]] = {}
        for row in self.world.rows("Career_Profile__c"):
            found.setdefault(row["Account_Id__c"], []).append(row)
        return found

    @cached_property
    def suggestions(self) -> Mapping[tuple[str, str], list[dict[str, Any]]]:
        """Living suggestions by (account, unit), oldest first."""
        accounts = {row["Id"]: row["Account_Id__c"] for row in self.world.rows("Career_Profile__c")}
        found: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for row in self.world.rows("Suggested_Change__c"):
            account = accounts.get(row.get("Career_Profile__c", ""), "")
            found.setdefault((account, row["Group__c"]), []).append(row)
        return found

    def meaning(self, unit: Unit, side: str, values: Mapping[str, Any]) -> Tokens:
        """What a unit means on one side; ``values`` are the record there (for careers' units in the CRM: the profile)."""
        if side == "crm":
            return tuple(token(field.name, "crm", values.get(field.crm)) for field in unit.fields)
        return tuple(token(field.name, "career", pick(values, field.career)) for field in unit.fields)
