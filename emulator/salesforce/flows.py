"""Automation of the organisation's own administrators that acts after a record is saved."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from emulator.salesforce.table import Row

if TYPE_CHECKING:
    from emulator.salesforce.fields import SObject
    from emulator.salesforce.org import Org
    from emulator.salesforce.writing import Writer


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """After a save of an object by an API user: give fields values, or make a copy of a new record.

    `kinds` are insert and update; `values` is what it sets; `clone` makes a copy, without the fields in `leave_out`.
    """

    sobject: str
    kinds: frozenset[str] = frozenset({"insert"})
    values: Mapping[str, Any] = field(default_factory=dict)
    clone: bool = False
    leave_out: frozenset[str] = frozenset()


def run_flows(org: "Org", writer: "Writer", sobject: "SObject", row: Row, kind: str) -> None:
    """Let the organisation's flows act on a saved record; what they write is refused like any write."""
    for flow in org.flows:
        if flow.sobject.lower() != sobject.name.lower() or kind not in flow.kinds:
            continue
        acting = writer.as_system()
        if flow.values:
            acting.update(sobject, row["Id"], flow.values)
        if flow.clone:
            copied = {
                one.name: row[one.name]
                for one in sobject.fields
                if one.createable and one.name in row and one.name not in flow.leave_out
            }
            acting.insert(sobject, copied)
