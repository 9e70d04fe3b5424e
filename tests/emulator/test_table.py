"""Where the emulator keeps records: every index tells what a look at all records would."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from emulator.salesforce.table import Row, Table

IDS = [f"003{letter}" for letter in "ABCDEFGH"]
STAMPS = [f"2026-01-0{day}T00:00:00.000+0000" for day in range(1, 5)]

put = st.builds(
    lambda id_, stamp, name, *, gone: {"Id": id_, "SystemModstamp": stamp, "IsDeleted": gone, "Name": name},
    st.sampled_from(IDS),
    st.sampled_from(STAMPS),
    st.sampled_from(["a", "A", "b"]),
    gone=st.booleans(),
)
LOOK, COPY = "look", "copy"
steps = st.lists(st.one_of(put, put, st.sampled_from([*IDS, *[LOOK] * len(IDS), *[COPY] * len(IDS)])), max_size=30)


def by_stamp(row: Row) -> tuple[str, str]:
    """The order in which changes are read."""
    return row["SystemModstamp"], row["Id"]


def check(table: Table, kept: dict[str, Row], bound: tuple[str, str]) -> None:
    """Ask every index, and look at all records."""
    rows = sorted(kept.values(), key=by_stamp)
    assert list(table.from_stamp(bound)) == [row for row in rows if by_stamp(row) >= bound]
    assert list(table.before_stamp(bound[0])) == [row for row in reversed(rows) if row["SystemModstamp"] <= bound[0]]
    rows.sort(key=lambda row: row["Id"])
    assert table.ids() == [row["Id"] for row in rows]
    assert list(table.after_id("", inclusive=True)) == rows
    assert list(table.after_id(bound[1], inclusive=False)) == [row for row in rows if row["Id"] > bound[1]]
    assert list(table.live(rows)) == [row for row in rows if not row["IsDeleted"]]
    assert {row["Id"] for row in table.equal("Name", ["A"])} == {row["Id"] for row in rows if row["Name"] != "b"}


@given(
    grown=st.lists(st.sampled_from(STAMPS), max_size=len(IDS)).map(sorted),
    done=steps,
    bound=st.tuples(st.sampled_from(STAMPS), st.sampled_from(["", *IDS])),
)
def test_indexes_tell_what_a_look_at_all_records_would(
    grown: list[str], done: list[dict[str, Any] | str], bound: tuple[str, str]
) -> None:
    """After records came in order, and then any writes and purges; whenever an index is first asked for; copies too."""
    table, kept = Table(sheet=3), dict[str, Row]()
    seeded = [
        {"Id": id_, "SystemModstamp": stamp, "IsDeleted": False, "Name": "a"} for id_, stamp in zip(IDS, grown, strict=False)
    ]
    left: list[tuple[Table, dict[str, Row]]] = []
    history: list[Row | str] = [*seeded, *done]
    for one in history:
        if isinstance(one, dict):
            table.put(one)
            kept[one["Id"]] = one
        elif one == LOOK:
            check(table, kept, bound)
        elif one == COPY:
            left.append((table, dict(kept)))
            table = table.copy()
        else:
            table.drop(one)
            kept.pop(one, None)
    for known, was in (*left, (table, kept)):
        check(known, was, bound)
