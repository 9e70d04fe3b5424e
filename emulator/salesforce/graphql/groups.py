"""`uiapi { aggregate { .. } }` and `uiapi { objectInfos(..) }`: groups of records, and what objects are."""

from typing import Any

from emulator.salesforce.context import Context
from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.graphql.nodes import after, connection, cursor, named
from emulator.salesforce.graphql.parse import Selected
from emulator.salesforce.graphql.statement import condition, first
from emulator.salesforce.responses.objectinfo import info
from emulator.salesforce.soql.execute import run

_FUNCTIONS = {
    "count": "COUNT",
    "countDistinct": "COUNT_DISTINCT",
    "sum": "SUM",
    "avg": "AVG",
    "min": "MIN",
    "max": "MAX",
    "grouping": "GROUPING",
}


def groups(ctx: Context, chosen: Selected) -> dict[str, Any]:
    """`Contact(groupBy: {Title: {group: true}}) { edges { node { aggregate { Title { value } Id { count { value } } } } } }`."""
    asked = _aggregates(chosen)
    grouped = [name for name, how in (chosen.arguments.get("groupBy") or {}).items() if (how or {}).get("group", True)]
    columns: dict[tuple[str, str], str] = {}
    for field in asked:
        for each in field.below:
            if each.name in _FUNCTIONS:
                columns[field.name, each.name] = f"{_FUNCTIONS[each.name]}({field.name}) a{len(columns)}"
            elif each.name == "value":
                columns[field.name, "value"] = f"{field.name} a{len(columns)}"
    if not columns:
        raise SalesforceError("INVALID_FIELD", "An aggregate has to ask for something")
    soql = f"SELECT {', '.join(columns.values())} FROM {chosen.name}"  # noqa: S608 - SOQL of an emulated organisation
    if chosen.arguments.get("where"):
        soql += f" WHERE {condition(chosen.arguments['where'])}"
    if grouped:
        soql += f" GROUP BY {', '.join(grouped)}"
    found = run(ctx.org, ctx.access, soql, version=ctx.version)
    start = after(chosen.arguments.get("after"))
    rows = [found.show(row) for row in found.rows][start : start + first(chosen.arguments)]
    names = {key: column.rpartition(" ")[2] for key, column in columns.items()}
    plain = Selected(name=chosen.name, key=chosen.key, below=tuple(each for each in chosen.below if each.name != "edges"))
    answer = connection(ctx, plain, rows, start=start, total=found.total)
    for each in chosen.below:
        if each.name == "edges":
            answer[each.key] = [_edge(chosen.name, each, row, names, start + at) for at, row in enumerate(rows)]
    return answer


def _aggregates(chosen: Selected) -> list[Selected]:
    found = [chosen]
    for name in ("edges", "node", "aggregate"):
        found = [each for one in found for each in one.below if each.name == name]
    return [each for one in found for each in one.below]


def _edge(name: str, chosen: Selected, row: dict[str, Any], names: dict[tuple[str, str], str], at: int) -> dict[str, Any]:
    def aggregate(part: Selected) -> dict[str, Any]:
        return named(part.below, f"{name}Aggregate", lambda field: _values(field, row, names))

    def part(each: Selected) -> Any:  # noqa: ANN401 - a node or a cursor
        return named(each.below, f"{name}Result", aggregate) if each.name == "node" else cursor(at)

    return named(chosen.below, f"{name}AggregateEdge", part)


def _values(field: Selected, row: dict[str, Any], names: dict[tuple[str, str], str]) -> dict[str, Any]:
    def one(each: Selected) -> Any:  # noqa: ANN401 - a value, or an object around it
        value = row.get(names.get((field.name, each.name), ""))
        return named(each.below, "LongValue", lambda inner: value if inner.name == "value" else None) if each.below else value

    return named(field.below, "FieldAggregate", one)


def object_infos(ctx: Context, chosen: Selected) -> list[dict[str, Any]]:
    """`objectInfos(apiNames: ["Contact"]) { ApiName label fields { ApiName dataType } }`."""
    names = chosen.arguments.get("apiNames") or []
    return [_picked(chosen, info(ctx, ctx.sobject(str(name)))) for name in names]


def _picked(chosen: Selected, given: dict[str, Any]) -> dict[str, Any]:
    by_name = {name.lower(): value for name, value in given.items()}
    made: dict[str, Any] = {}
    for each in chosen.below:
        value = by_name.get(each.name.lower())
        if isinstance(value, dict) and each.name in {"fields", "recordTypeInfos"}:
            value = list(value.values())
        if each.below and isinstance(value, list):
            value = [_picked(each, one) for one in value]
        elif each.below and isinstance(value, dict):
            value = _picked(each, value)
        made[each.key] = {"fields": "Field"}.get(chosen.name, "ObjectInfo") if each.name == "__typename" else value
    return made
