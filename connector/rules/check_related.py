"""Whether the fields that are not on the contact itself can be found: children, parents, and which of them are watched."""

from __future__ import annotations

from connector.core.document import did_you_mean
from connector.rules.findings import Findings
from connector.rules.schema import PersonFile
from connector.rules.settle import crm_paths, declared


def check_related(file: PersonFile, found: Findings) -> None:
    """Every path leads through a table that says what it leads to; every child has one choice; what is watched is there."""
    known = declared(file)
    for path, value in crm_paths(file):
        beside = value.rpartition(".")[0]
        if beside and beside not in known:
            message = f'"{beside}" is not said to be a relationship of the contact'
            child, _, parent = beside.partition(".")
            table = f"[child.{child}.parent.{parent}]" if parent else f"[child.{beside}] or [parent.{beside}]"
            alike = [name for name in known if name.count(".") == beside.count(".")]
            cure = did_you_mean(beside, alike, otherwise=f"add {table}, which says what it leads to")
            found.add("M220", path, message, cure)
    for name, children in file.child.items():
        if (children.latest_by is None) == (children.earliest_by is None):
            message = f"which of several records of {name} counts?"
            found.add("M220", ("child", name), message, "give one of latest_by = ... and earliest_by = ...", key=True)
        if name in file.parent:
            message = f"{name} leads down to children or up to a parent, not both"
            found.add("M220", ("parent", name), message, "drop one of the two tables", key=True)
    for position, name in enumerate(file.watch):
        found.known(("watch", position), name, known, "relationship")
