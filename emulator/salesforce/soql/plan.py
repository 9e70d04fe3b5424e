"""Which records a query has to look at, and whether they come in the wanted order already."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from emulator.salesforce.soql.conditions import Test, all_of
from emulator.salesforce.table import Row, Table

STAMP = "SystemModstamp"
_HIGHEST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Candidates:
    """Records that may match, and what of the condition is still to be tested.

    `ordered` says that they come in the order that was asked for.
    """

    rows: Iterable[Row]
    where: Test | None
    ordered: bool


def candidates(table: Table, where: Test | None, order: tuple[tuple[str | None, bool], ...]) -> Candidates:
    """The cheapest way to all records that may match; `order` is (plain field, descending) per sort key."""
    conjuncts = list(_conjuncts(where))
    direct = _by_value(table, conjuncts)
    if direct is not None:
        return Candidates(direct, where, ordered=not order)
    ascending = [name for name, descending in order if not descending]
    low_id, low_stamp = _bound(where, "Id"), _stamp_bound(where)
    by_id = len(ascending) == len(order) == 1 and ascending == ["Id"]
    by_stamp = len(ascending) == len(order) and ascending in ([STAMP], [STAMP, "Id"])
    if by_stamp or (low_stamp is not None and not by_id):
        rest = [test for test in conjuncts if not _is_stamp_bound(test)]
        return Candidates(table.from_stamp(low_stamp or ("", "")), all_of(rest), ordered=by_stamp or not order)
    if order and order[0] == (STAMP, True) and len(order) == 1:
        return Candidates(table.before_stamp(_HIGHEST), where, ordered=True)
    if by_id or low_id is not None:
        return Candidates(table.after_id(low_id or "", inclusive=True), where, ordered=by_id or not order)
    return Candidates(table.rows.values(), where, ordered=not order)


def _conjuncts(test: Test | None) -> Iterator[Test]:
    if test is None:
        return
    if test.operator == "and":
        for part in test.parts:
            yield from _conjuncts(part)
    else:
        yield test


def _by_value(table: Table, conjuncts: list[Test]) -> list[Row] | None:
    """Records found through equality with few values: by Id, or by an index that is made when first needed."""
    found: Test | None = None
    for test in conjuncts:
        if test.own is None or test.operator not in {"=", "in"} or not all(isinstance(v, str) for v in test.values):
            continue
        if test.own == "Id":
            rows = [table.rows[each] for each in dict.fromkeys(test.values) if each in table.rows]
            return sorted(rows, key=_id_of)
        if test.own not in _NOT_INDEXED and (found is None or len(test.values) < len(found.values)):
            found = test
    if found is None or found.own is None:
        return None
    return sorted(table.equal(found.own, found.values), key=_id_of)


_NOT_INDEXED = frozenset({STAMP, "CreatedDate", "LastModifiedDate", "IsDeleted"})


def _id_of(row: Row) -> Any:  # noqa: ANN401 - a sort key
    return row["Id"]


def _bound(test: Test | None, own: str) -> str | None:
    """The lowest value that a field can have in a matching record, or None when there is no such bound."""
    if test is None:
        return None
    if test.operator == "and":
        bounds = [bound for part in test.parts if (bound := _bound(part, own)) is not None]
        return max(bounds) if bounds else None
    if test.operator == "or":
        lows = [_bound(part, own) for part in test.parts]
        known = [low for low in lows if low is not None]
        return min(known) if len(known) == len(lows) else None
    if test.own == own and test.operator in {">", ">=", "="} and isinstance(test.values[0], str):
        return test.values[0]
    return None


def _stamp_bound(test: Test | None) -> tuple[str, str] | None:
    """As `_bound`, for the pair (SystemModstamp, Id) by which records are read page by page."""
    if test is None:
        return None
    if test.operator == "and":
        bounds = [bound for part in test.parts if (bound := _stamp_bound(part)) is not None]
        if not bounds:
            return None
        best = max(bounds)
        fixed = any(part.own == STAMP and part.operator == "=" for part in test.parts)
        low_id = _bound(test, "Id")
        return (best[0], max(best[1], low_id)) if fixed and low_id is not None else best
    if test.operator == "or":
        lows = [_stamp_bound(part) for part in test.parts]
        known = [low for low in lows if low is not None]
        return min(known) if len(known) == len(lows) else None
    if test.own == STAMP and test.operator == "=" and isinstance(test.values[0], str):
        return (test.values[0], "")
    return (test.values[0], _HIGHEST if test.operator == ">" else "") if _is_stamp_bound(test) else None


def _is_stamp_bound(test: Test) -> bool:
    """Whether a condition says no more than from which stamp on."""
    return test.own == STAMP and test.operator in {">", ">="} and isinstance(test.values[0], str)
