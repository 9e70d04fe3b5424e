"""What a GraphQL connection asks for, as a SOQL statement: columns, children, conditions, order."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.graphql.parse import FRAGMENT, Selected

MAX_FIRST = 2_000
DEFAULT_FIRST = 10
VALUES = frozenset({"value", "displayValue", "label", "format", "__typename"})
"""What may be asked of a field itself."""
_OPERATORS = {"eq": "=", "ne": "!=", "like": "LIKE", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "in": "IN", "nin": "NOT IN"}
_SETS = {"includes": "INCLUDES", "excludes": "EXCLUDES"}


def statement(chosen: Selected, *, source: str = "", limit: bool = False) -> str:
    """The statement of a connection of records; `source` is its object or child relationship."""
    edges = [each for each in chosen.below if each.name == "edges"]
    nodes = [each for edge in edges for each in edge.below if each.name == "node"]
    columns = list(dict.fromkeys(["Id", *columns_of(part for node in nodes for part in node.below)]))
    soql = f"SELECT {', '.join(columns)} FROM {source or chosen.name}"  # noqa: S608 - SOQL of an emulated organisation
    arguments = chosen.arguments
    if str(arguments.get("scope", "")).upper() == "MINE":
        soql += " USING SCOPE mine"
    if arguments.get("where"):
        soql += f" WHERE {condition(arguments['where'])}"
    if arguments.get("orderBy"):
        soql += f" ORDER BY {order(arguments['orderBy'])}"
    return soql + (f" LIMIT {first(arguments)}" if limit else "")


def first(arguments: Mapping[str, Any]) -> int:
    """How many records a page has: ten unless it is said [documentation]."""
    return min(int(arguments.get("first") or DEFAULT_FIRST), MAX_FIRST)


def is_field(chosen: Selected) -> bool:
    """Whether a selection is a field with what is asked of its value, and no record or connection."""
    asked = {each.name for each in chosen.below}
    return asked <= VALUES and asked - {"__typename"} != set()


def columns_of(chosen: Iterable[Selected], prefix: str = "") -> list[str]:
    """The SOQL columns of a node: fields have `value` below them, parents have fields, children have edges."""
    columns: list[str] = []
    for each in chosen:
        if each.name == FRAGMENT:
            columns += columns_of(each.below, prefix)
        elif each.name in {"Id", "ApiName", "WeakEtag", "__typename", "LastModifiedById", "LastModifiedDate"} and not each.below:
            columns += [prefix + "Id"] if each.name == "Id" else []
        elif not each.below:
            raise SalesforceError("INVALID_FIELD", f"Subselection required for the field '{each.name}'")
        elif is_field(each):
            columns.append(prefix + each.name)
        elif any(inner.name == "edges" for inner in each.below):
            columns.append(f"({statement(each, limit=True)})")
        else:
            columns += columns_of(each.below, f"{prefix}{each.name}.")
    return columns


def condition(where: Mapping[str, Any], prefix: str = "") -> str:
    """A filter as a WHERE clause."""
    parts: list[str] = []
    for name, value in where.items():
        if name in {"and", "or"}:
            joined = f" {name.upper()} ".join(f"({condition(each, prefix)})" for each in value)
            parts.append(f"({joined})")
        elif name == "not":
            parts.append(f"(NOT ({condition(value, prefix)}))")
        elif not isinstance(value, Mapping):
            raise SalesforceError("INVALID_FIELD", f"The condition on {name} has to be an object with an operator")
        elif set(value) <= set(_OPERATORS):
            parts += [f"{prefix}{name} {_OPERATORS[key]} {_literal(each)}" for key, each in value.items()]
        elif set(value) <= set(_SETS):
            parts += [f"{prefix}{name} {_SETS[key]} {_literal(each)}" for key, each in value.items()]
        else:
            parts.append(condition(value, f"{prefix}{name}."))
    return " AND ".join(parts) or "Id != null"


_UNQUOTED = re.compile(r"\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:?\d\d))?")


def _literal(value: Any) -> str:  # noqa: ANN401 - any JSON
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list):
        return f"({', '.join(map(_literal, value))})"
    if isinstance(value, Mapping):
        return _special(value)
    text = str(value)
    if not isinstance(value, str) or _UNQUOTED.fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _special(value: Mapping[str, Any]) -> str:
    """A date by its name (`{literal: TODAY}`) or as a range (`{range: {last_n_days: 30}}`), or a value in a wrapping."""
    ranges = value.get("range")
    if isinstance(ranges, Mapping) and ranges:
        name, count = next(iter(ranges.items()))
        return f"{str(name).upper()}:{int(count)}"
    return str(value.get("literal", value.get("value")))


def order(by: Mapping[str, Any], prefix: str = "") -> str:
    """An ORDER BY clause; parents' fields are nested."""
    parts = []
    for name, how in by.items():
        if isinstance(how, Mapping) and not set(how) <= {"order", "nulls"}:
            parts.append(order(how, f"{prefix}{name}."))
        else:
            parts.append(f"{prefix}{name} {(how or {}).get('order', 'ASC')} NULLS {(how or {}).get('nulls', 'FIRST')}")
    return ", ".join(parts)
