"""Conditions turned into functions of a record, with what the planner needs to find candidates by index."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from operator import ge, gt, le, lt
from typing import Any

from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.fields import NUMBER_TYPES
from emulator.salesforce.ids import normal_id
from emulator.salesforce.soql.periods import days_of
from emulator.salesforce.soql.scope import Resolved, Scope, day_range
from emulator.salesforce.soql.tree import Combined, Comparison, Condition, Query, Selected, Value
from emulator.salesforce.table import Row
from emulator.salesforce.values import parse_moment, stamp

Run = Callable[[Row], bool]
Subquery = Callable[[Query], list[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """One condition. `own` names the plain field that it compares and `values` what with, for the planner."""

    run: Run
    operator: str
    own: str | None = None
    values: tuple[Any, ...] = ()
    parts: tuple["Test", ...] = ()


MAX_SEMI_JOINS = 2


def check_semi_joins(scope: Scope, where: Condition | None, *, inside: bool) -> None:
    """The platform's rules for sub-selects in a WHERE clause; `inside` is that of a sub-select itself [issue threads].

    Raises:
        SalesforceError: one is broken.
    """
    found = list(_semi_joins(where, under_or=False))
    for comparison, inner, under_or in found:
        if inside:
            message = "Nesting of semi join sub-selects is not supported"
        elif under_or:
            message = "Semi join sub-selects are not allowed with the 'OR' operator"
        elif len(found) > MAX_SEMI_JOINS:
            message = f"Maximum {MAX_SEMI_JOINS} semi join sub-selects are allowed"
        elif inner.source.lower() == scope.sobject.name.lower():
            message = "The inner and outer selects should not be on the same object type"
        else:
            _check_ids(scope, comparison, inner)
            continue
        raise scope.source.invalid(comparison.at, message, "MALFORMED_QUERY")


def _check_ids(scope: Scope, comparison: Comparison, inner: Query) -> None:
    """Both sides are ids, of the same object."""
    left = scope.resolve(comparison.left)
    if left.field is None or left.field.type not in {"id", "reference"}:
        name = left.names[-1]
        message = f"The left operand in the where expression for outer query should be an id field, cannot use: '{name}'"
        raise scope.source.invalid(comparison.at, message, "MALFORMED_QUERY")
    below, first = Scope.of(scope.source, inner), inner.select[0]
    if not isinstance(first, Selected):
        return
    selected = below.resolve(first.expression)
    if _kinds(scope, left) & _kinds(below, selected):
        return
    message = (
        f"The selected field '{selected.names[-1]}' in the subquery and the left operand field in the where expression in the "
        f"outer query '{left.names[-1]}' should point to the same object type"
    )
    raise scope.source.invalid(comparison.at, message, "MALFORMED_QUERY")


def _kinds(scope: Scope, known: Resolved) -> set[str]:
    """The objects whose ids a field can have."""
    owners: tuple[str, ...] = (scope.sobject.name,)
    while known.parent is not None:
        link, known = known.parent
        owners = link.references
    if known.field is None or known.field.type not in {"id", "reference"}:
        return set()
    return {name.lower() for name in known.field.references or owners}


def _semi_joins(condition: Condition | None, *, under_or: bool) -> Iterator[tuple[Comparison, Query, bool]]:
    if isinstance(condition, Combined):
        for part in condition.conditions:
            yield from _semi_joins(part, under_or=under_or or condition.operator == "or")
    elif condition is not None and isinstance(condition.right, Query):
        yield condition, condition.right, under_or


def build(scope: Scope, condition: Condition, subquery: Subquery) -> Test:
    """The test of a WHERE clause. `subquery` carries out a semi-join and returns its one column."""
    if isinstance(condition, Combined):
        parts = tuple(build(scope, each, subquery) for each in condition.conditions)
        return Test(run=_combine(condition.operator, [part.run for part in parts]), operator=condition.operator, parts=parts)
    left = scope.resolve(condition.left)
    if left.field is not None and not left.field["filterable"]:
        message = f"field '{left.field.name}' can not be filtered in a query call"
        raise scope.source.invalid(condition.at, message)
    return compare(scope, left, condition, subquery)


def all_of(tests: list[Test]) -> Test | None:
    """The condition that all of these hold; None when there are none."""
    if len(tests) < 2:
        return tests[0] if tests else None
    return Test(run=_combine("and", [test.run for test in tests]), operator="and", parts=tuple(tests))


def _combine(operator: str, runs: list[Run]) -> Run:
    if operator == "not":
        inner = runs[0]
        return lambda row: not inner(row)
    if len(runs) == 2:
        first, second = runs
        if operator == "and":
            return lambda row: first(row) and second(row)
        return lambda row: first(row) or second(row)
    if operator == "and":
        return lambda row: all(run(row) for run in runs)
    return lambda row: any(run(row) for run in runs)


def compare(scope: Scope, left: Resolved, condition: Comparison, subquery: Subquery) -> Test:
    """The test of one comparison whose left side is resolved already."""
    operator, right = condition.operator, condition.right
    if isinstance(right, Query):
        values = tuple(_key(left.type, each) for each in subquery(right) if each is not None)
        return _membership(left, operator, values)
    if operator in {"includes", "excludes"}:
        return _multipicklist(left, operator, right if isinstance(right, tuple) else (right,))
    if isinstance(right, tuple):
        if any(each.kind == "period" for each in right):
            raise scope.source.invalid(condition.at, "date literals are not allowed in a list", "MALFORMED_QUERY")
        return _membership(left, operator, tuple(_value(scope, left, each) for each in right))
    if right.kind == "period":
        return _period(scope, left, operator, right)
    if operator == "like":
        return _like(scope, left, right)
    if left.type == "datetime" and right.kind == "date":
        raise scope.source.invalid(right.at, _wrong_type(left, "dateTime", quoted=False), "INVALID_FIELD")
    return _ordered(left, operator, _value(scope, left, right))


def _value(scope: Scope, left: Resolved, value: Value) -> Any:  # noqa: ANN401 - the stored form of a value
    """A literal in the form in which stored values are compared; wrong kinds are refused as the platform does."""
    if value.kind == "null":
        return None
    kind = left.type
    expected = _EXPECTED.get(kind, "string")
    if value.kind != expected and not (kind == "time" or (expected == "datetime" and value.kind == "date")):
        shown = {"datetime": "dateTime", "reference": "reference", "id": "ID"}.get(kind, kind)
        message = _wrong_type(left, shown, quoted=expected == "string")
        raise scope.source.invalid(value.at, message)
    if kind in {"id", "reference"}:
        known = normal_id(value.value)
        if known is None and value.value:
            raise SalesforceError("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {value.value}")
        return known
    if kind == "datetime":
        try:
            return stamp(parse_moment(value.value))
        except ValueError:
            raise scope.source.invalid(value.at, f"invalid dateTime: {value.value}") from None
    if kind == "date":
        try:
            return date.fromisoformat(value.value).isoformat()
        except ValueError:
            raise scope.source.invalid(value.at, f"invalid date: {value.value}") from None
    return _key(kind, value.value)


_EXPECTED = dict.fromkeys(NUMBER_TYPES, "number") | {"boolean": "boolean", "date": "date", "datetime": "datetime"}


def _wrong_type(left: Resolved, kind: str, *, quoted: bool) -> str:
    should = "should be" if quoted else "should not be"
    return f"value of filter criterion for field '{left.names[-1]}' must be of type {kind} and {should} enclosed in quotes"


def _key(kind: str, value: object) -> Any:  # noqa: ANN401 - the stored form of a value
    """What is compared: text without its case, everything else as it is stored."""
    if isinstance(value, str) and kind not in {"id", "reference", "date", "datetime"}:
        return _unslash(value).casefold() or None
    return value


def _unslash(text: str) -> str:
    return text.replace("\\_", "_").replace("\\%", "%")


def _folding(left: Resolved) -> Callable[[Row], Any]:
    get = left.get
    if left.type in {"id", "reference", "date", "datetime", "boolean"} or left.type in NUMBER_TYPES:
        return get

    def folded(row: Row) -> Any:  # noqa: ANN401 - text or null
        value = get(row)
        return value.casefold() if isinstance(value, str) else value

    return folded


def _ordered(left: Resolved, operator: str, wanted: Any) -> Test:  # noqa: ANN401 - a stored value
    get = _folding(left)
    run: Run
    if operator == "=":
        run = lambda row: get(row) == wanted  # noqa: E731 - one line per operator reads as the table it is
    elif operator == "!=":
        run = lambda row: get(row) != wanted  # noqa: E731
    elif wanted is None:
        run = lambda _row: False  # noqa: E731
    else:
        holds = {"<": lt, "<=": le, ">": gt, ">=": ge}[operator]
        run = lambda row: (value := get(row)) is not None and bool(holds(value, wanted))  # noqa: E731
    return Test(run=run, operator=operator, own=left.own, values=(wanted,))


def _membership(left: Resolved, operator: str, values: tuple[Any, ...]) -> Test:
    get, wanted = _folding(left), frozenset(values)
    if operator == "in":
        return Test(run=lambda row: get(row) in wanted, operator="in", own=left.own, values=values)
    return Test(run=lambda row: get(row) not in wanted, operator="not in", own=left.own, values=values)


def _multipicklist(left: Resolved, operator: str, values: tuple[Value, ...]) -> Test:
    wanted = [frozenset(part.casefold() for part in str(each.value).split(";")) for each in values]
    get = left.get

    def includes(row: Row) -> bool:
        chosen = {part.casefold() for part in (get(row) or "").split(";")}
        return any(each <= chosen for each in wanted)

    return Test(run=includes if operator == "includes" else lambda row: not includes(row), operator=operator)


def _like(scope: Scope, left: Resolved, value: Value) -> Test:
    if value.kind != "string":
        raise scope.source.invalid(value.at, _wrong_type(left, "string", quoted=True))
    pieces = re.split(r"(\\[%_]|[%_])", value.value)
    pattern = "".join({"%": ".*", "_": "."}.get(piece) or re.escape(_unslash(piece)) for piece in pieces)
    matcher = re.compile(pattern, re.IGNORECASE | re.DOTALL)
    get = left.get
    return Test(run=lambda row: isinstance(text := get(row), str) and matcher.fullmatch(text) is not None, operator="like")


def _period(scope: Scope, left: Resolved, operator: str, value: Value) -> Test:
    if left.type not in {"date", "datetime"}:
        raise scope.source.invalid(value.at, _wrong_type(left, left.type, quoted=True))
    name, count = value.value
    try:
        first, after = days_of(name, count, scope.source.today())
        low, high = day_range(scope.source, first, after, left.type)
    except (ValueError, OverflowError):
        # Beyond the years that there are [guess: how it is refused].
        raise scope.source.invalid(value.at, f"invalid date literal: {name}:{count}", "MALFORMED_QUERY") from None
    begun, not_over = _ordered(left, ">=", low), _ordered(left, "<", high)
    within = Test(run=_combine("and", [begun.run, not_over.run]), operator="and", parts=(begun, not_over))
    return {
        "=": within,
        "!=": Test(run=_combine("not", [within.run]), operator="not"),
        "<": _ordered(left, "<", low),
        "<=": not_over,
        ">": _ordered(left, ">=", high),
        ">=": begun,
    }[operator]
