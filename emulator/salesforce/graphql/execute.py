"""Carries GraphQL out on the UI API's schema: `uiapi { query { Contact(..) } }` and `uiapi { ContactUpdate(..) }`."""

import base64
import re
from collections.abc import Mapping
from typing import Any

from emulator.http import Response, json_response
from emulator.salesforce.context import Context
from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.graphql.parse import Selected, parse
from emulator.salesforce.recycling import delete
from emulator.salesforce.soql.execute import run

MAX_FIRST = 2_000
_MUTATION = re.compile(r"(\w+?)(Create|Update|Delete)$")
_OPERATORS = {"eq": "=", "ne": "!=", "like": "LIKE", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "in": "IN", "nin": "NOT IN"}


class _FailedError(Exception):
    """One mutation failed where all have to succeed."""


def graphql(ctx: Context, _params: Mapping[str, str]) -> Response:
    """POST graphql: 200 with `data` and `errors`, also where something is refused."""
    body = ctx.body()
    given = body.get("variables") or {}
    root = _Root(ctx)
    try:
        operation = parse(str(body.get("query", "")), given if isinstance(given, dict) else {})
        if operation.kind == "mutation":
            data = {each.key: root.mutations(each) for each in operation.selected}
        else:
            with ctx.org.replica():
                data = {each.key: root.queries(each) for each in operation.selected}
    except SalesforceError as refused:
        return json_response({"data": None, "errors": [_error(refused, [])]})
    except (TypeError, ValueError, AttributeError, RecursionError) as problem:
        # The schema's types are not checked beforehand: a value of another shape than expected shows up here.
        found = _error(SalesforceError("INVALID_SYNTAX", f"Validation error: {problem}"), [])
        return json_response({"data": None, "errors": [found]})
    return json_response({"data": data, "errors": root.errors})


def _error(refused: SalesforceError, path: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"message": refused.message, "locations": [], "path": path}
    kind = "ValidationError" if refused.code in {"INVALID_SYNTAX", "INVALID_FIELD", "INVALID_TYPE"} else "DataFetchingException"
    return found | {"extensions": {"ErrorType": kind, "errorCode": refused.code}}


def _uiapi(chosen: Selected) -> None:
    if chosen.name != "uiapi":
        raise SalesforceError("INVALID_FIELD", f"Field '{chosen.name}' at the root is undefined")


class _Root:
    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.errors: list[dict[str, Any]] = []

    # --- queries --------------------------------------------------------------------------------------------------

    def queries(self, chosen: Selected) -> dict[str, Any]:
        _uiapi(chosen)
        data: dict[str, Any] = {}
        for part in chosen.below:
            if part.name != "query":
                raise SalesforceError("INVALID_FIELD", f"Field '{part.name}' in type 'UIAPI' is undefined")
            data[part.key] = {each.key: self.records(each) for each in part.below}
        return data

    def records(self, chosen: Selected) -> dict[str, Any]:
        ctx, arguments = self.ctx, chosen.arguments
        edges = next((each for each in chosen.below if each.name == "edges"), None)
        node = next((each for each in edges.below if each.name == "node"), None) if edges else None
        columns = list(dict.fromkeys(["Id", *_columns(node.below if node else ())]))
        soql = f"SELECT {', '.join(columns)} FROM {chosen.name}"  # noqa: S608 - SOQL of an emulated organisation
        if arguments.get("where"):
            soql += f" WHERE {_condition(arguments['where'])}"
        if arguments.get("orderBy"):
            soql += f" ORDER BY {_order(arguments['orderBy'])}"
        found = run(ctx.org, ctx.access, soql, version=ctx.version)
        first = min(int(arguments.get("first") or 10), MAX_FIRST)
        start = _offset(arguments.get("after"))
        rows = found.rows[start : start + first]
        answer: dict[str, Any] = {}
        for each in chosen.below:
            match each.name:
                case "edges":
                    answer[each.key] = [self.edge(each, found.show(row), start + at) for at, row in enumerate(rows)]
                case "totalCount":
                    answer[each.key] = found.total
                case "pageInfo":
                    end = _cursor(start + len(rows) - 1) if rows else None
                    whole = {"hasNextPage": start + len(rows) < found.total, "hasPreviousPage": start > 0}
                    whole |= {"endCursor": end, "startCursor": _cursor(start) if rows else None}  # type: ignore[dict-item]  # text
                    answer[each.key] = {inner.key: whole.get(inner.name) for inner in each.below}
                case _:
                    raise SalesforceError("INVALID_FIELD", f"Field '{each.name}' in type '{chosen.name}Connection' is undefined")
        return answer

    def edge(self, chosen: Selected, shown: dict[str, Any], at: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for each in chosen.below:
            made[each.key] = _node(each.below, shown) if each.name == "node" else _cursor(at)
        return made

    # --- mutations ------------------------------------------------------------------------------------------------

    def mutations(self, chosen: Selected) -> dict[str, Any]:
        _uiapi(chosen)
        options = chosen.arguments.get("input") or {}
        all_or_none = bool(options.get("allOrNone", True))
        answers: dict[str, Any] = {}
        try:
            with self.ctx.org.transaction():
                for each in chosen.below:
                    answers[each.key] = self.mutation(each, all_or_none=all_or_none)
        except _FailedError:
            return dict.fromkeys((each.key for each in chosen.below), None)
        return answers

    def mutation(self, chosen: Selected, *, all_or_none: bool) -> dict[str, Any] | None:
        try:
            with self.ctx.org.transaction():
                return self.carry_out(chosen)
        except SalesforceError as refused:
            self.errors.append(_error(refused, ["uiapi", chosen.key]))
            if all_or_none:
                raise _FailedError from None
            return None

    def carry_out(self, chosen: Selected) -> dict[str, Any]:
        match = _MUTATION.match(chosen.name)
        given = chosen.arguments.get("input")
        if match is None or match[1].lower() not in self.ctx.org.objects or not isinstance(given, dict):
            raise SalesforceError("INVALID_FIELD", f"Field '{chosen.name}' in type 'UIAPIMutations' is undefined")
        sobject, kind = self.ctx.org.sobject(match[1]), match[2]
        values = given.get(match[1]) or {}
        id_ = str(given.get("Id") or "")
        if kind == "Create":
            id_ = self.ctx.writer().insert(sobject, values)
        elif kind == "Update":
            self.ctx.writer().update(sobject, id_, values)
        else:
            delete(self.ctx.writer(), sobject, id_)
        answer: dict[str, Any] = {}
        for each in chosen.below:
            if each.name == "Record" and kind != "Delete":
                columns = list(dict.fromkeys(["Id", *_columns(each.below)]))
                soql = f"SELECT {', '.join(columns)} FROM {sobject.name} WHERE Id = '{id_}'"  # noqa: S608 - as above
                found = run(self.ctx.org, self.ctx.access, soql, version=self.ctx.version)
                answer[each.key] = _node(each.below, found.show(found.rows[0])) if found.rows else None
            else:
                answer[each.key] = {"success": True, "Id": id_}.get(each.name)
        return answer


def _columns(chosen: tuple[Selected, ...], prefix: str = "") -> list[str]:
    """The SOQL columns of a node: fields have `value` below them, parents have fields."""
    columns: list[str] = []
    for each in chosen:
        if not each.below:
            if each.name in {"Id", "ApiName"}:
                columns += [prefix + "Id"] if each.name == "Id" else []
                continue
            raise SalesforceError("INVALID_FIELD", f"Subselection required for the field '{each.name}'")
        if {inner.name for inner in each.below} <= {"value", "displayValue", "label"}:
            columns.append(prefix + each.name)
        else:
            columns += _columns(each.below, f"{prefix}{each.name}.")
    return columns


def _node(chosen: tuple[Selected, ...], shown: dict[str, Any]) -> dict[str, Any]:
    by_name = {name.lower(): value for name, value in shown.items()}
    made: dict[str, Any] = {}
    for each in chosen:
        value = by_name.get(each.name.lower())
        if each.name == "ApiName":
            made[each.key] = shown["attributes"]["type"]
        elif not each.below:
            made[each.key] = value
        elif isinstance(value, dict) and "attributes" in value:
            made[each.key] = _node(each.below, value)
        elif {inner.name for inner in each.below} <= {"value", "displayValue", "label"}:
            # Texts have no display value of their own [guess]; numbers and dates would be in the user's language.
            made[each.key] = {inner.key: value if inner.name == "value" else None for inner in each.below}
        else:
            made[each.key] = None
    return made


def _condition(where: Mapping[str, Any], prefix: str = "") -> str:
    parts: list[str] = []
    for name, value in where.items():
        if name in {"and", "or"}:
            joined = f" {name.upper()} ".join(f"({_condition(each, prefix)})" for each in value)
            parts.append(f"({joined})")
        elif name == "not":
            parts.append(f"(NOT ({_condition(value, prefix)}))")
        elif not isinstance(value, Mapping):
            raise SalesforceError("INVALID_FIELD", f"The condition on {name} has to be an object with an operator")
        elif set(value) <= set(_OPERATORS):
            parts += [f"{prefix}{name} {_OPERATORS[key]} {_literal(each)}" for key, each in value.items()]
        else:
            parts.append(_condition(value, f"{prefix}{name}."))
    return " AND ".join(parts) or "Id != null"


_UNQUOTED = re.compile(r"\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:?\d\d))?")


def _literal(value: Any) -> str:  # noqa: ANN401 - any JSON
    match value:
        case None | bool():
            return {None: "null", True: "true", False: "false"}[value]
        case int() | float():
            return str(value)
        case list():
            return f"({', '.join(map(_literal, value))})"
        case {"value": inner} | {"literal": inner}:
            return str(inner)
        case str() if _UNQUOTED.fullmatch(value):
            return value
        case _:
            text = str(value).replace("\\", "\\\\").replace("'", "\\'")
            return f"'{text}'"


def _order(order: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} {(how or {}).get('order', 'ASC')} NULLS {(how or {}).get('nulls', 'FIRST')}" for name, how in order.items()
    )


def _cursor(at: int) -> str:
    return base64.b64encode(f"v1:{at + 1}".encode()).decode()


def _offset(cursor: object) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.b64decode(str(cursor)).decode().partition(":")[2])
    except ValueError:
        raise SalesforceError("INVALID_FIELD", "The cursor is invalid") from None
