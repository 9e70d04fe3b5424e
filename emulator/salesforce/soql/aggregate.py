"""COUNT, SUM and their kin: queries whose answer is about groups of records."""

from collections.abc import Callable, Iterable
from typing import Any

from emulator.salesforce.fields import NUMBER_TYPES
from emulator.salesforce.soql.conditions import compare
from emulator.salesforce.soql.scope import Resolved, Scope
from emulator.salesforce.soql.tree import (
    Call,
    Combined,
    Comparison,
    Condition,
    Expression,
    Order,
    Path,
    Query,
    Selected,
)
from emulator.salesforce.table import Row

FUNCTIONS = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"})
Group = list[Row]
Reading = Callable[[Group], Any]


def is_aggregate(query: Query) -> bool:
    """Whether a statement asks about groups."""
    calls = [each.expression for each in query.select if isinstance(each, Selected)]
    return bool(query.group) or any(isinstance(each, Call) and each.name in FUNCTIONS for each in calls)


def is_plain_count(query: Query) -> bool:
    """Whether a statement is `SELECT COUNT() FROM ...`, which answers by totalSize alone."""
    first = query.select[0]
    if not isinstance(first, Selected) or not isinstance(first.expression, Call) or query.group:
        return False
    return first.expression.name == "COUNT" and not first.expression.arguments and len(query.select) == 1


def aggregate(scope: Scope, query: Query, rows: Iterable[Row]) -> list[dict[str, Any]]:
    """The AggregateResult records of a query, sorted, before LIMIT and OFFSET."""
    keys = [scope.resolve(each) for each in query.group]
    groups: dict[tuple[Any, ...], Group] = {}
    for row in rows:
        found = tuple(key.get(row) for key in keys)
        folded = tuple(each.casefold() if isinstance(each, str) else each for each in found)
        groups.setdefault(folded, []).append(row)
    if not keys and not groups:
        groups[()] = []
    columns = _columns(scope, query, keys)
    chosen = list(groups.values())
    if query.having is not None:
        keep = _having(scope, query.having)
        chosen = [group for group in chosen if keep(group)]
    for order in reversed(query.order):
        chosen = _sorted(scope, order, chosen)
    return [{"attributes": {"type": "AggregateResult"}} | {name: read(group) for name, read in columns} for group in chosen]


def _columns(scope: Scope, query: Query, keys: list[Resolved]) -> list[tuple[str, Reading]]:
    columns: list[tuple[str, Reading]] = []
    unnamed = 0
    grouped = {_written(each) for each in query.group}
    for each in query.select:
        if not isinstance(each, Selected):
            raise scope.source.invalid(query.at, "Grouped queries cannot have subqueries", "MALFORMED_QUERY")
        expression = each.expression
        if isinstance(expression, Path) and _written(expression) not in grouped:
            message = f"Field must be grouped or aggregated: {expression.text}"
            raise scope.source.invalid(expression.at, message, "MALFORMED_QUERY")
        name = each.alias
        if name is None and isinstance(expression, Call):
            name, unnamed = f"expr{unnamed}", unnamed + 1
        read = reading(scope, expression)
        columns.append((name or scope.resolve(expression).names[-1], read))
    _ = keys
    return columns


def _written(expression: Expression) -> str:
    if isinstance(expression, Path):
        return expression.text.lower()
    return f"{expression.name}({','.join(_written(each) for each in expression.arguments)})".lower()


def reading(scope: Scope, expression: Expression) -> Reading:
    """What an expression says of a group: an aggregate over it, or the value that all its records share."""
    if not isinstance(expression, Call) or expression.name not in FUNCTIONS:
        shared = scope.resolve(expression).get
        return lambda group: shared(group[0]) if group else None
    if not expression.arguments:
        return len
    argument = scope.resolve(expression.arguments[0])
    name = expression.name
    if argument.field is not None and not argument.field["aggregatable"] and not name.startswith("COUNT"):
        message = f"field {argument.names[-1]} does not support aggregate operator {name}"
        raise scope.source.invalid(expression.at, message, "MALFORMED_QUERY")
    if name in {"SUM", "AVG"} and argument.type not in NUMBER_TYPES:
        message = f"field {argument.names[-1]} does not support aggregate operator {name}"
        raise scope.source.invalid(expression.at, message, "MALFORMED_QUERY")

    def read(group: Group) -> Any:  # noqa: ANN401 - a number, text or date
        values = [value for row in group if (value := argument.get(row)) is not None]
        return _calculate(name, values)

    return read


def _calculate(name: str, values: list[Any]) -> Any:  # noqa: ANN401 - a number, text or date
    if name == "COUNT":
        return len(values)
    if name == "COUNT_DISTINCT":
        return len({value.casefold() if isinstance(value, str) else value for value in values})
    if not values:
        return None
    if name == "SUM":
        return sum(values)
    if name == "AVG":
        return sum(values) / len(values)
    return min(values) if name == "MIN" else max(values)


def _having(scope: Scope, condition: Condition) -> Callable[[Group], bool]:
    if isinstance(condition, Combined):
        parts = [_having(scope, each) for each in condition.conditions]
        if condition.operator == "not":
            return lambda group: not parts[0](group)
        decide = all if condition.operator == "and" else any
        return lambda group: decide(part(group) for part in parts)
    return _having_comparison(scope, condition)


def _having_comparison(scope: Scope, condition: Comparison) -> Callable[[Group], bool]:
    read = reading(scope, condition.left)
    if isinstance(condition.left, Call) and condition.left.name in FUNCTIONS:
        counted = condition.left.name.startswith("COUNT") or condition.left.name in {"SUM", "AVG"}
        kind = "double" if counted else scope.resolve(condition.left.arguments[0]).type
    else:
        kind = scope.resolve(condition.left).type
    left = Resolved(get=lambda row: row["value"], type=kind, names=(_written(condition.left),))
    test = compare(scope, left, condition, lambda _query: [])
    return lambda group: test.run({"value": read(group)})


def _sorted(scope: Scope, order: Order, groups: list[Group]) -> list[Group]:
    read = reading(scope, order.expression)
    return sort_by(groups, read, descending=order.descending, nulls_last=order.nulls_last)


def sort_by(items: list[Any], read: Callable[[Any], Any], *, descending: bool, nulls_last: bool) -> list[Any]:
    """Sort stably by one key; nulls come first unless asked for last [documentation]; text without regard to case."""
    nulls, rest = [], []
    for item in items:
        value = read(item)
        if value is None:
            nulls.append(item)
        else:
            rest.append((value.casefold() if isinstance(value, str) else value, item))
    rest.sort(key=lambda pair: pair[0], reverse=descending)
    ordered = [item for _, item in rest]
    return ordered + nulls if nulls_last else nulls + ordered
