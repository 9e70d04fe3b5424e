"""Conditions: an index finds what a look at all records finds, in the order that was asked for."""

# ruff: noqa: S608 - the statements go to the emulator, and nothing in them comes from outside

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.salesforce.control import Control
from emulator.salesforce.org import Org
from emulator.salesforce.soql.execute import run

DAYS = 5

operators = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
moments = st.sampled_from(
    [f"2026-11-02T{hour:02d}:00:00Z" for hour in range(9, 14)] + ["2026-11-04T14:00:00Z", "YESTERDAY", "TODAY"]
)
by_stamp = st.builds("SystemModstamp {} {}".format, operators, moments)
comparisons = st.one_of(
    by_stamp,
    by_stamp,
    st.builds("Id {} '{{{}}}'".format, operators, st.integers(0, 9)),
    st.sampled_from(["LastName = 'n1'", "LastName IN ('N1', 'N2')", "SystemModstamp = null"]),
)
both = st.builds("({} {} {})".format, comparisons, st.sampled_from(["AND", "AND", "OR"]), comparisons)
conditions = st.one_of(by_stamp, comparisons, both, st.builds("({} {} {})".format, both, st.sampled_from(["AND", "OR"]), both))
orders = st.sampled_from(["", "Id", "SystemModstamp", "SystemModstamp, Id", "SystemModstamp DESC", "LastName"])


@settings(max_examples=200)
@given(edits=st.lists(st.tuples(st.integers(0, 9), st.integers(1, 2)), max_size=DAYS), condition=conditions, order=orders)
def test_an_index_finds_what_a_look_at_all_records_finds(edits: list[tuple[int, int]], condition: str, order: str) -> None:
    """NOT (NOT ...) says the same and can be answered by no index."""
    org = Org()
    control = Control(org)
    ids: list[str] = []
    for at in range(10):
        org.clock.move(timedelta(hours=at % 2))
        ids += control.seed("Contact", [{"LastName": f"N{at % 4}"}])
    for which, days in edits:
        org.clock.move(timedelta(days=days))
        control.edit_as(org.admin_id, ids[which], {"Title": "Dr"})
        assert control.row(ids[which])["Title"] == "Dr"
    condition, sort = condition.format(*ids), f" ORDER BY {order}" if order else ""

    def find(where: str) -> list[str]:
        found = run(org, org.access(org.admin_id), f"SELECT Id FROM Contact WHERE {where}{sort}", version="67.0")
        return [row["Id"] for row in found.rows]

    by_index, by_look = find(condition), find(f"NOT (NOT ({condition}))")
    assert sorted(by_index) == sorted(by_look)
    rows = [control.row(id_) for id_ in by_index]
    keys = {
        "Id": [row["Id"] for row in rows],
        "SystemModstamp": [row["SystemModstamp"] for row in rows],
        "SystemModstamp, Id": [(row["SystemModstamp"], row["Id"]) for row in rows],
        "LastName": [row["LastName"] for row in rows],
    }
    if order in keys:
        assert keys[order] == sorted(keys[order])
    elif order:
        assert keys["SystemModstamp"] == sorted(keys["SystemModstamp"], reverse=True)
