"""Printed records as GraphQL nodes and connections."""

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from emulator.salesforce.context import Context
from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.fields import SObject
from emulator.salesforce.graphql.parse import FRAGMENT, Selected
from emulator.salesforce.graphql.statement import is_field
from emulator.salesforce.responses.uiapi import display, moment

_VALUES = {
    **{kind: f"{kind.capitalize()}Value" for kind in ("boolean", "currency", "date", "double", "int", "percent", "picklist")},
    "id": "IDValue",
    "reference": "IDValue",
    "datetime": "DateTimeValue",
    "email": "EmailAddressValue",
    "url": "UrlValue",
    "multipicklist": "MultiPicklistValue",
    "phone": "PhoneNumberValue",
    "textarea": "TextAreaValue",
}
"""The schema's types of fields, by those of describes."""


def named(chosen: Iterable[Selected], kind: str, value: Callable[[Selected], Any]) -> dict[str, Any]:
    """What was chosen of a thing of the schema's type `kind`, which clients ask for everywhere."""
    return {each.key: kind if each.name == "__typename" else value(each) for each in chosen}


def connection(
    ctx: Context, chosen: Selected, shown: Sequence[Mapping[str, Any]], *, start: int = 0, total: int
) -> dict[str, Any]:
    """A page of records, the first of which is number `start` of `total`."""
    answer: dict[str, Any] = {}
    for each in chosen.below:
        match each.name:
            case "edges":
                answer[each.key] = [_edge(ctx, chosen, each, record, start + at) for at, record in enumerate(shown)]
            case "totalCount":
                answer[each.key] = total
            case "pageResultCount":
                answer[each.key] = len(shown)
            case "pageInfo":
                end = start + len(shown)
                page: dict[str, Any] = {"__typename": "PageInfo", "hasNextPage": end < total, "hasPreviousPage": start > 0}
                page |= {"startCursor": cursor(start) if shown else None, "endCursor": cursor(end - 1) if shown else None}
                answer[each.key] = {inner.key: page.get(inner.name) for inner in each.below}
            case "__typename":
                answer[each.key] = f"{chosen.name}Connection"
            case _:
                raise SalesforceError("INVALID_FIELD", f"Field '{each.name}' in type '{chosen.name}Connection' is undefined")
    return answer


def _edge(ctx: Context, whole: Selected, chosen: Selected, shown: Mapping[str, Any], at: int) -> dict[str, Any]:
    def part(each: Selected) -> Any:  # noqa: ANN401 - a node or a cursor
        return node(ctx, each.below, shown) if each.name == "node" else cursor(at)

    return named(chosen.below, f"{whole.name}Edge", part)


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
        one = sobject.field(chosen.name)
        given = {"value": moment(value), "displayValue": display(ctx, one, value)}
        kind = _VALUES.get(one.type if one else "", "StringValue")
        return named(chosen.below, kind, lambda inner: given.get(inner.name))
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
