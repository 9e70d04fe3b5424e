"""COUNT, SUM and their kin: queries whose answer is about groups of records."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import combinations
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


@dataclass(slots=True, kw_only=True)
class Group:
    """Records that share what is grouped by; `rolled` are the expressions that a subtotal is not told apart by."""

    rolled: frozenset[str] = frozenset()
    rows: list[Row] = field(default_factory=list)


Reading = Callable[[Group], Any]


def is_aggregate(query: Query) -> bool:
    """Whether a statement asks about groups."""
    return bool(query.group) or any(isinstance(each, Selected) and _sums(_bare(each.expression)) for each in query.select)


def _sums(expression: Expression) -> bool:
    return isinstance(expression, Call) and expression.name in FUNCTIONS


def is_plain_count(query: Query) -> bool:
    """Whether a statement is `SELECT COUNT() FROM ...`, which answers by totalSize alone."""
    first = query.select[0]
    if not isinstance(first, Selected) or not isinstance(first.expression, Call) or query.group:
        return False
    return first.expression.name == "COUNT" and not first.expression.arguments and len(query.select) == 1


def aggregate(scope: Scope, query: Query, rows: Iterable[Row]) -> list[dict[str, Any]]:
    """The AggregateResult records of a query, sorted, before LIMIT and OFFSET."""
    keys = [_groupable(scope, each) for each in query.group]
    columns = _columns(scope, query)
    chosen = _groups(query, keys, list(rows))
    if query.having is not None:
        keep = _having(scope, query.having)
        chosen = [group for group in chosen if keep(group)]
    grouped = {_written(each) for each in query.group}
    for order in reversed(query.order):
        if isinstance(order.expression, Path) and _written(order.expression) not in grouped:
            message = f"Ordered field must be grouped or aggregated: {order.expression.text}"
            raise scope.source.invalid(order.expression.at, message, "MALFORMED_QUERY")
        chosen = _sorted(scope, order, chosen)
    return [{"attributes": {"type": "AggregateResult"}} | {name: read(group) for name, read in columns} for group in chosen]


def _groupable(scope: Scope, expression: Expression) -> Resolved:
    key = scope.resolve(expression)
    if key.field is not None and isinstance(expression, Path) and not key.field["groupable"]:
        message = f"field '{key.field.name}' can not be grouped in a query call"
        raise scope.source.invalid(expression.at, message, "MALFORMED_QUERY")
    return key


def _groups(query: Query, keys: list[Resolved], rows: list[Row]) -> list[Group]:
    """The groups of records, those of subtotals after those that they sum up."""
    if not keys:
        return [Group(rows=rows)]
    found: dict[tuple[Any, ...], Group] = {}
    for kept in _sets(query.rolled, len(keys)):
        rolled = frozenset(_written(each) for at, each in enumerate(query.group) if at not in kept)
        for row in rows:
            values = tuple(key.get(row) if at in kept else None for at, key in enumerate(keys))
            folded = (rolled, *(each.casefold() if isinstance(each, str) else each for each in values))
            found.setdefault(folded, Group(rolled=rolled)).rows.append(row)
    return list(found.values())


def _sets(rolled: str, count: int) -> list[tuple[int, ...]]:
    """Which of the grouped expressions count in each pass: all of them, then those of the subtotals."""
    if rolled == "rollup":
        return [tuple(range(kept)) for kept in range(count, -1, -1)]
    if rolled == "cube":
        return [each for kept in range(count, -1, -1) for each in combinations(range(count), kept)]
    return [tuple(range(count))]


def _columns(scope: Scope, query: Query) -> list[tuple[str, Reading]]:
    columns: list[tuple[str, Reading]] = []
    unnamed = 0
    grouped = {_written(each) for each in query.group}
    for each in query.select:
        if not isinstance(each, Selected):
            raise scope.source.invalid(query.at, "Grouped queries cannot have subqueries", "MALFORMED_QUERY")
        expression, bare = each.expression, _bare(each.expression)
        if isinstance(bare, Call) and bare.name in FUNCTIONS:
            for argument in bare.arguments:
                if isinstance(argument, Path) and _written(argument) in grouped:
                    message = f"Grouped field should not be aggregated: {argument.text}"
                    raise scope.source.invalid(expression.at, message, "MALFORMED_QUERY")
        elif not (isinstance(bare, Call) and bare.name == "GROUPING") and _written(bare) not in grouped:
            message = f"Field must be grouped or aggregated: {_written(expression)}"
            if isinstance(expression, Path):
                message = f"Field must be grouped or aggregated: {expression.text}"
            raise scope.source.invalid(expression.at, message, "MALFORMED_QUERY")
        name = each.alias
        if name is None and isinstance(expression, Call):
            name, unnamed = f"expr{unnamed}", unnamed + 1
        name = name or scope.resolve(expression).names[-1]
        if any(name.lower() == known.lower() for known, _ in columns):
            raise scope.source.invalid(expression.at, f"duplicate alias: {name}", "MALFORMED_QUERY")
        columns.append((name, reading(scope, expression)))
    return columns


def _bare(expression: Expression) -> Expression:
    """What is grouped by beneath a function that only prints it otherwise."""
    if isinstance(expression, Call) and expression.name in {"TOLABEL", "FORMAT"} and expression.arguments:
        return expression.arguments[0]
    return expression


def _written(expression: Expression) -> str:
    if isinstance(expression, Path):
        return expression.text.lower()
    return f"{expression.name}({','.join(_written(each) for each in expression.arguments)})".lower()


def reading(scope: Scope, expression: Expression) -> Reading:
    """What an expression says of a group: an aggregate over it, or the value that all its records share."""
    if isinstance(expression, Call) and expression.name == "GROUPING" and len(expression.arguments) == 1:
        asked = _written(expression.arguments[0])
        return lambda group: int(asked in group.rolled)
    if _bare(expression) is not expression and _sums(bare := _bare(expression)):
        read_bare, shown = reading(scope, bare), scope.formatted(_alone(scope, bare))
        return lambda group: shown({"value": read_bare(group)})
    if not isinstance(expression, Call) or expression.name not in FUNCTIONS:
        shared, written = scope.resolve(expression).get, _written(_bare(expression))
        return lambda group: shared(group.rows[0]) if group.rows and written not in group.rolled else None
    if not expression.arguments:
        return lambda group: len(group.rows)
    argument = scope.resolve(expression.arguments[0])
    name = expression.name
    if argument.field is not None and not argument.field["aggregatable"] and not name.startswith("COUNT"):
        message = f"field {argument.names[-1]} does not support aggregate operator {name}"
        raise scope.source.invalid(expression.at, message, "MALFORMED_QUERY")
    if name in {"SUM", "AVG"} and argument.type not in NUMBER_TYPES:
        message = f"field {argument.names[-1]} does not support aggregate operator {name}"
        raise scope.source.invalid(expression.at, message, "MALFORMED_QUERY")

    def read(group: Group) -> Any:  # noqa: ANN401 - a number, text or date
        values = [value for row in group.rows if (value := argument.get(row)) is not None]
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
    test = compare(scope, _alone(scope, condition.left), condition, lambda _query: [])
    return lambda group: test.run({"value": read(group)})


def _alone(scope: Scope, expression: Expression) -> Resolved:
    """An expression whose value stands by itself, as `value`: of a type, and of what it sums up where it is of its kind."""
    if not isinstance(expression, Call) or expression.name not in FUNCTIONS:
        known = scope.resolve(expression)
        return Resolved(get=lambda row: row["value"], type=known.type, names=(_written(expression),))
    of = scope.resolve(expression.arguments[0]) if expression.arguments else None
    if of is None or expression.name.startswith("COUNT"):
        return Resolved(get=lambda row: row["value"], type="double", names=(_written(expression),))
    kind = "double" if expression.name in {"SUM", "AVG"} and of.type not in {"currency", "percent"} else of.type
    return Resolved(get=lambda row: row["value"], type=kind, names=(_written(expression),), field=of.field)


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
