"""Carries GraphQL out on the UI API's schema: `uiapi { query { Contact(..) } }` and `uiapi { ContactUpdate(..) }`."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from emulator.http import Response, json_response
from emulator.salesforce.context import Context
from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.graphql.groups import groups, object_infos
from emulator.salesforce.graphql.nodes import after, connection, named, node
from emulator.salesforce.graphql.parse import Selected, parse
from emulator.salesforce.graphql.statement import columns_of, first, statement
from emulator.salesforce.recycling import delete
from emulator.salesforce.soql.execute import run

_MUTATION = re.compile(r"(\w+?)(Create|Update|Delete)$")


class _FailedError(Exception):
    """One mutation failed where all have to succeed."""


def graphql(ctx: Context, _params: Mapping[str, str]) -> Response:
    """POST graphql: 200 with `data` and `errors`, also where something is refused."""
    body = ctx.body()
    given = body.get("variables") or {}
    root = _Root(ctx)
    try:
        name = str(body.get("operationName") or "")
        operation = parse(str(body.get("query", "")), given if isinstance(given, dict) else {}, name)
        if operation.kind == "mutation":
            data = named(operation.selected, "Mutation", root.mutations)
        else:
            with ctx.org.replica():
                data = named(operation.selected, "Query", root.queries)
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
            match part.name:
                case "query":
                    data[part.key] = named(part.below, "RecordQuery", self.records)
                case "aggregate":
                    data[part.key] = named(part.below, "RecordQueryAggregate", partial(groups, self.ctx))
                case "__typename":
                    data[part.key] = "UIAPI"
                case "objectInfos":
                    data[part.key] = object_infos(self.ctx, part)
                case _:
                    raise SalesforceError("INVALID_FIELD", f"Field '{part.name}' in type 'UIAPI' is undefined")
        return data

    def records(self, chosen: Selected) -> dict[str, Any]:
        ctx = self.ctx
        found = run(ctx.org, ctx.access, statement(chosen), version=ctx.version)
        start = after(chosen.arguments.get("after"))
        rows = found.rows[start : start + first(chosen.arguments)]
        return connection(ctx, chosen, [found.show(row) for row in rows], start=start, total=found.total)

    # --- mutations ------------------------------------------------------------------------------------------------

    def mutations(self, chosen: Selected) -> dict[str, Any]:
        _uiapi(chosen)
        options = chosen.arguments.get("input") or {}
        all_or_none = bool(options.get("allOrNone", True))
        try:
            with self.ctx.org.transaction():
                answers = named(chosen.below, "UIAPIMutations", partial(self.mutation, all_or_none=all_or_none))
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
                columns = list(dict.fromkeys(["Id", *columns_of(each.below)]))
                soql = f"SELECT {', '.join(columns)} FROM {sobject.name} WHERE Id = '{id_}'"  # noqa: S608 - as above
                found = run(self.ctx.org, self.ctx.access, soql, version=self.ctx.version)
                answer[each.key] = node(self.ctx, each.below, found.show(found.rows[0])) if found.rows else None
            else:
                answer[each.key] = {"success": True, "Id": id_, "__typename": f"{chosen.name}Payload"}.get(each.name)
        return answer
