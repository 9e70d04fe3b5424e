"""sObject Collections: up to 200 records in one request, each with its own outcome.

allOrNone of a composite request overrides that of the collections inside [REST guide: resources_composite_allornone].
"""

from collections.abc import Callable, Mapping
from itertools import groupby
from typing import Any

from emulator.http import Response, json_response
from emulator.salesforce.context import Context, texts
from emulator.salesforce.errors import SalesforceError, no_such_column
from emulator.salesforce.ids import normal_id
from emulator.salesforce.recycling import delete
from emulator.salesforce.responses.rows import in_sight, printed
from emulator.salesforce.several import one_by_one
from emulator.salesforce.writing import MultipleChoicesError

MAX_RECORDS = 200
MAX_CHUNKS = 10
MAX_READ = 2_000


def create(ctx: Context, _params: Mapping[str, str]) -> Response:
    """POST composite/sobjects."""
    records, all_or_none = _records(ctx)

    def one(record: dict[str, Any]) -> dict[str, Any]:
        sobject = ctx.org.sobject(_type(record))
        return {"id": ctx.writer().insert(sobject, record), "success": True, "errors": []}

    return json_response(_each(ctx, records, one, all_or_none=all_or_none))


def update(ctx: Context, _params: Mapping[str, str]) -> Response:
    """PATCH composite/sobjects: every record carries its id."""
    records, all_or_none = _records(ctx)

    def one(record: dict[str, Any]) -> dict[str, Any]:
        given = next((value for key, value in record.items() if key.lower() == "id"), None)
        if given is None:
            raise SalesforceError("MISSING_ARGUMENT", "Id not specified in an update call", fields=())
        values = {key: value for key, value in record.items() if key.lower() != "id"}
        ctx.writer().update(ctx.org.sobject(_type(record)), str(given), values)
        return {"id": normal_id(given), "success": True, "errors": []}

    return json_response(_each(ctx, records, one, all_or_none=all_or_none))


def upsert(ctx: Context, params: Mapping[str, str]) -> Response:
    """PATCH composite/sobjects/{name}/{field}."""
    records, all_or_none = _records(ctx)
    sobject = ctx.org.sobject(params["name"])
    field = params["field"]

    def one(record: dict[str, Any]) -> dict[str, Any]:
        key = next((value for name, value in record.items() if name.lower() == field.lower()), None)
        values = {name: value for name, value in record.items() if name.lower() != field.lower()}
        if key in {None, ""}:
            if field.lower() != "id":
                raise SalesforceError("MISSING_ARGUMENT", f"{field} not specified", fields=())
            return {"id": ctx.writer().insert(sobject, values), "success": True, "errors": [], "created": True}
        try:
            id_, created = ctx.writer().upsert(sobject, field, key, values)
        except MultipleChoicesError as several:
            message = f"{field}: more than one record found for external id field: {[url[-18:] for url in several.urls]}"
            raise SalesforceError("DUPLICATE_EXTERNAL_ID", message, fields=()) from None
        return {"id": id_, "success": True, "errors": [], "created": created}

    return json_response(_each(ctx, records, one, all_or_none=all_or_none))


def remove(ctx: Context, _params: Mapping[str, str]) -> Response:
    """DELETE composite/sobjects?ids=a,b."""
    ids = [each for each in ctx.request.parameter("ids").split(",") if each]
    _limit(len(ids))
    all_or_none = ctx.all_or_none or ctx.request.parameter("allOrNone").lower() == "true"

    def one(record: dict[str, Any]) -> dict[str, Any]:
        known = normal_id(record["id"])
        sobject = ctx.org.sobject_of(known) if known else None
        if known is None or sobject is None:
            raise SalesforceError("MALFORMED_ID", f"malformed id {record['id']}", fields=())
        delete(ctx.writer(), sobject, known)
        return {"id": known, "success": True, "errors": []}

    return json_response(_each(ctx, [{"id": each} for each in ids], one, all_or_none=all_or_none))


def read(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET or POST composite/sobjects/{name}: records by id, null for those that are not there."""
    sobject = ctx.sobject(params["name"])
    if ctx.request.method == "POST":
        body = ctx.body()
        ids, fields = texts(body, "ids"), texts(body, "fields")
    else:
        ids = [each for each in ctx.request.parameter("ids").split(",") if each]
        fields = [each for each in ctx.request.parameter("fields").split(",") if each]
    if len(ids) > MAX_READ:
        raise SalesforceError("LIMIT_EXCEEDED", f"At most {MAX_READ} records can be retrieved")
    if not fields:
        raise SalesforceError("MISSING_ARGUMENT", "The fields parameter is required")
    readable = ctx.access.readable(sobject)
    for name in fields:
        if name.lower() not in readable:
            raise no_such_column(name, sobject.name)
    rows = [in_sight(ctx, sobject, each) for each in ids]
    return json_response([printed(ctx, sobject, row, ",".join(fields)) if row else None for row in rows])


def _each(
    ctx: Context,
    records: list[dict[str, Any]],
    one: Callable[[dict[str, Any]], dict[str, Any]],
    *,
    all_or_none: bool,
) -> list[dict[str, Any]]:
    """The outcome of every record, in their order; a failed item has no id [recording]."""
    outcomes = one_by_one(ctx.org, records, one, all_or_none=all_or_none)
    return [
        {"success": False, "errors": [outcome.item()]} if isinstance(outcome, SalesforceError) else outcome
        for outcome in outcomes
    ]


def _records(ctx: Context) -> tuple[list[dict[str, Any]], bool]:
    body = ctx.body()
    records = body.get("records")
    if not isinstance(records, list) or not all(isinstance(each, dict) for each in records):
        raise SalesforceError("INVALID_FIELD", "records is required and has to be a list of records")
    _limit(len(records))
    chunks = sum(1 for _ in groupby(_type(record, required=False).lower() for record in records))
    if chunks > MAX_CHUNKS:
        message = (
            f"Cannot have more than {MAX_CHUNKS} chunks in a single operation. Please rearrange the data to reduce chunking."
        )
        raise SalesforceError("LIMIT_EXCEEDED", message)
    return records, ctx.all_or_none or bool(body.get("allOrNone", False))


def _limit(count: int) -> None:
    if count > MAX_RECORDS:
        message = f"The number of records in the request, {count}, exceeds the limit of {MAX_RECORDS}"
        raise SalesforceError("LIMIT_EXCEEDED", message)


def _type(record: dict[str, Any], *, required: bool = True) -> str:
    attributes = record.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    if not isinstance(name, str):
        if required:
            raise SalesforceError("INVALID_FIELD", "attributes.type is required for every record", fields=())
        return ""
    return name
