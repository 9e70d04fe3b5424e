"""Queries: statements, pages and locators."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import orjson

from emulator.http import Response, json_response
from emulator.salesforce.access import Access
from emulator.salesforce.context import Context
from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.org import Org
from emulator.salesforce.responses.columns import columns
from emulator.salesforce.soql.aggregate import is_aggregate
from emulator.salesforce.soql.execute import MAX_PAGE, Found, run

MIN_PAGE = 200
LOCATOR_LIFE = timedelta(days=2)
MAX_URI = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """A query whose pages are being fetched: the records as they were when it ran."""

    found: Found
    user_id: str
    size: int
    opened: datetime


def query(ctx: Context, _params: Mapping[str, str]) -> Response:
    """GET query?q=..."""
    return _first(ctx, all_rows=False)


def query_all(ctx: Context, _params: Mapping[str, str]) -> Response:
    """GET queryAll?q=...: deleted and archived records too."""
    return _first(ctx, all_rows=True)


def more(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET query/{locator}-{offset}."""
    cursor, key, offset = find_cursor(ctx.org, ctx.access, params["locator"])
    return _page(ctx, cursor.found, key, offset, cursor.size)


def _explained(ctx: Context, text: str) -> Response:
    """GET query?explain=...: one plan; here every statement without a filter on Id is a scan [figures: guess]."""
    found = run(ctx.org, ctx.access, text, version=ctx.version)
    sobject = ctx.org.sobject(found.query.source)
    count = len(ctx.org.table(sobject.name).rows)
    plan = {
        "cardinality": found.total,
        "fields": [],
        "leadingOperationType": "TableScan",
        "notes": [],
        "relativeCost": 1.0,
        "sobjectCardinality": count,
        "sobjectType": sobject.name,
    }
    return json_response({"plans": [plan], "sourceQuery": text})


def open_cursor(org: Org, access: Access, found: Found, size: int) -> str:
    """Keep an answer of several pages; returns the key of its locators, which are `{key}-{offset}`.

    Raises:
        SalesforceError: it is about groups, which have to be one page [issue threads: OrgCheck#46 and #603].
    """
    if is_aggregate(found.query):
        message = "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch"
        raise SalesforceError("EXCEEDED_ID_LIMIT", message)
    digest = hashlib.sha256(f"{org.id}/{len(org.locators)}".encode()).hexdigest()
    key = f"01g{digest[:12].upper()}AA"
    org.locators[key] = Cursor(found=found, user_id=access.user_id, size=size, opened=org.clock.now())
    return key


def find_cursor(org: Org, access: Access, locator: str) -> tuple[Cursor, str, int]:
    """The answer that a locator leads on in, its key, and where.

    Raises:
        SalesforceError: it is too old, of another user, or none at all.
    """
    key, _, offset = locator.rpartition("-")
    cursor = org.locators.get(key)
    fresh = cursor is not None and cursor.opened + LOCATOR_LIFE > org.clock.now()
    if not isinstance(cursor, Cursor) or not fresh or not offset.isdigit() or cursor.user_id != access.user_id:
        raise SalesforceError("INVALID_QUERY_LOCATOR", "invalid query locator")
    return cursor, key, int(offset)


def _first(ctx: Context, *, all_rows: bool) -> Response:
    if len(ctx.request.path) + len(ctx.request.query) > MAX_URI:
        return Response(status=414, headers={"Content-Type": "text/html"}, body=b"<h1>414 URI Too Long</h1>")
    parameters = ctx.request.parameters()
    if "explain" in parameters:
        return _explained(ctx, parameters["explain"][0])
    if "q" not in parameters:
        raise SalesforceError("MALFORMED_QUERY", "A query string has to be specified")
    asked = page_size(ctx.request.header("sforce-query-options"))
    with ctx.org.replica():
        children = partial(first_page, ctx, size=asked)
        found = run(ctx.org, ctx.access, parameters["q"][0], version=ctx.version, all_rows=all_rows, children=children)
    if parameters.get("columns", [""])[0].lower() == "true":
        return json_response(columns(ctx, found))
    size = min(asked, found.page)
    key = open_cursor(ctx.org, ctx.access, found, size) if len(found.rows) > size else ""
    return _page(ctx, found, key, 0, size)


def page_size(header: str) -> int:
    """The page that `Sforce-Query-Options: batchSize=N` asks for: 200 to 2,000 [documentation]."""
    match = re.search(r"batchSize\s*=\s*(\d+)", header, re.IGNORECASE)
    return max(MIN_PAGE, min(int(match[1]), MAX_PAGE)) if match else MAX_PAGE


def first_page(ctx: Context, found: Found, size: int) -> dict[str, Any]:
    """The first page of records that stand inside another answer; where there are more, it has a locator of its own."""
    size = min(size, found.page)
    key = open_cursor(ctx.org, ctx.access, found, size) if len(found.rows) > size else ""
    return _head(ctx, found, key, 0, size) | {"records": [*map(found.show, found.rows[:size])]}


def _head(ctx: Context, found: Found, key: str, offset: int, size: int) -> dict[str, Any]:
    last = offset + size >= len(found.rows)
    # Also the pages of queryAll say /query/ [documentation].
    following = {} if last else {"nextRecordsUrl": f"{ctx.base}/query/{key}-{offset + size}"}
    return {"totalSize": found.total, "done": last, **following}


def _page(ctx: Context, found: Found, key: str, offset: int, size: int) -> Response:
    answer = _head(ctx, found, key, offset, size)
    rows = found.rows[offset : offset + size]
    if found.printing is None:
        return json_response(answer | {"records": [*map(found.show, rows)]})
    head = orjson.dumps(answer)[:-1] + b',"records":['
    return Response(headers={"Content-Type": "application/json;charset=UTF-8"}, body=found.printing.text(rows, head, b"]}"))
