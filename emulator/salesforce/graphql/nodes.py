"""Printed records as GraphQL nodes and connections."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from emulator.salesforce.context import Context
from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.fields import SObject
from emulator.salesforce.graphql.parse import FRAGMENT, Selected
from emulator.salesforce.graphql.statement import is_field
from emulator.salesforce.responses.uiapi import display, moment


def connection(
    ctx: Context, chosen: Selected, shown: Sequence[Mapping[str, Any]], *, start: int = 0, total: int
) -> dict[str, Any]:
    """A page of records, the first of which is number `start` of `total`."""
    answer: dict[str, Any] = {}
    for each in chosen.below:
        match each.name:
            case "edges":
                answer[each.key] = [_edge(ctx, each, record, start + at) for at, record in enumerate(shown)]
            case "totalCount":
                answer[each.key] = total
            case "pageResultCount":
                answer[each.key] = len(shown)
            case "pageInfo":
                end = start + len(shown)
                page: dict[str, Any] = {"hasNextPage": end < total, "hasPreviousPage": start > 0}
                page |= {"startCursor": cursor(start) if shown else None, "endCursor": cursor(end - 1) if shown else None}
                answer[each.key] = {inner.key: page.get(inner.name) for inner in each.below}
            case "__typename":
                answer[each.key] = f"{chosen.name}Connection"
            case _:
                raise SalesforceError("INVALID_FIELD", f"Field '{each.name}' in type '{chosen.name}Connection' is undefined")
    return answer


def _edge(ctx: Context, chosen: Selected, shown: Mapping[str, Any], at: int) -> dict[str, Any]:
    return {each.key: node(ctx, each.below, shown) if each.name == "node" else cursor(at) for each in chosen.below}


def node(ctx: Context, chosen: Iterable[Selected], shown: Mapping[str, Any]) -> dict[str, Any]:
    """One record: what was asked of it."""
    sobject = ctx.org.sobject(shown["attributes"]["type"])
    by_name = {name.lower(): value for name, value in shown.items()}
    made: dict[str, Any] = {}
    for each in chosen:
        if each.name == FRAGMENT:
            made |= node(ctx, each.below, shown) if each.key in {sobject.name, ""} else {}
        else:
            made[each.key] = _part(ctx, sobject, each, by_name.get(each.name.lower()))
    return made


def _part(ctx: Context, sobject: SObject, chosen: Selected, value: Any) -> Any:  # noqa: ANN401 - any JSON
    if chosen.name in {"ApiName", "__typename"}:
        return sobject.name
    if not chosen.below:
        return value
    if is_field(chosen):
        # Texts have no display value of their own [guess].
        given = {"value": moment(value), "displayValue": display(ctx, sobject.field(chosen.name), value)}
        return {inner.key: given.get(inner.name) for inner in chosen.below}
    if any(inner.name == "edges" for inner in chosen.below):
        records = value["records"] if value else []
        return connection(ctx, chosen, records, total=len(records))
    return node(ctx, chosen.below, value) if isinstance(value, dict) and "attributes" in value else None


def cursor(at: int) -> str:
    """The cursor of the record number `at`."""
    return base64.b64encode(f"v1:{at + 1}".encode()).decode()


def after(given: object) -> int:
    """The number of the first record after a cursor.

    Raises:
        SalesforceError: it is none.
    """
    if not given:
        return 0
    try:
        return int(base64.b64decode(str(given)).decode().partition(":")[2])
    except ValueError:
        raise SalesforceError("INVALID_FIELD", "The cursor is invalid") from None
