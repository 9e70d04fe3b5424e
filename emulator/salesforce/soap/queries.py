"""Reading over SOAP: query, queryMore, search and retrieve."""

from functools import partial

from emulator.salesforce.errors import SalesforceError, no_such_column
from emulator.salesforce.ids import normal_id
from emulator.salesforce.responses.query import MIN_PAGE, find_cursor, first_page, open_cursor
from emulator.salesforce.responses.rows import in_sight, printed
from emulator.salesforce.responses.search import find
from emulator.salesforce.soap.calls import Calls
from emulator.salesforce.soap.envelope import Xml, element, nested
from emulator.salesforce.soql.execute import MAX_PAGE, Found, run

DEFAULT_PAGE = 500
MAX_RETRIEVED = 2_000


def query(calls: Calls) -> list[Xml]:
    """The calls query and queryAll: pages of 500 unless QueryOptions says otherwise, 200 to 2,000 [documentation]."""
    ctx = calls.ctx
    everything = calls.call.name == "queryAll"
    option = calls.call.option("QueryOptions", "batchSize")
    asked = max(MIN_PAGE, min(int(option), MAX_PAGE)) if option.isdigit() else DEFAULT_PAGE
    with ctx.org.replica():
        children = partial(first_page, ctx, size=asked)
        text = calls.call.text("queryString")
        found = run(ctx.org, ctx.access, text, version=ctx.version, all_rows=everything, children=children)
    size = min(asked, found.page)
    key = open_cursor(ctx.org, ctx.access, found, size) if len(found.rows) > size else ""
    return _page(calls, found, key, 0, size)


def query_more(calls: Calls) -> list[Xml]:
    """queryMore: the page that a locator leads to."""
    cursor, key, offset = find_cursor(calls.org, calls.ctx.access, calls.call.text("queryLocator"))
    return _page(calls, cursor.found, key, offset, cursor.size)


def _page(calls: Calls, found: Found, key: str, offset: int, size: int) -> list[Xml]:
    rows = found.rows[offset : offset + size]
    locator = f"{key}-{offset + size}" if offset + size < len(found.rows) else None
    return [calls.result("result", [found.show(row) for row in rows], found.total, locator=locator)]


def search(calls: Calls) -> list[Xml]:
    """search: each found record in an element of its own."""
    found = find(calls.ctx, calls.call.text("searchString"))
    records = [nested("searchRecords", [calls.record("record", each)]) for each in found]
    return [nested("result", [element("queryId", None), *records])]


def retrieve(calls: Calls) -> list[Xml]:
    """retrieve: records by id in the order of the ids, nil for those that are not there."""
    ctx, call = calls.ctx, calls.call
    sobject = ctx.org.objects.get(call.text("sObjectType").lower())
    if sobject is None or not ctx.access.to(sobject).read:
        raise SalesforceError("INVALID_TYPE", f"sObject type '{call.text('sObjectType')}' is not supported.")
    ids, names = call.texts("ids"), call.text("fieldList")
    if len(ids) > MAX_RETRIEVED:
        raise SalesforceError("EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {MAX_RETRIEVED} ids")
    for name in names.split(","):
        if name.strip().lower() not in ctx.access.readable(sobject):
            raise no_such_column(name.strip(), sobject.name)
    results: list[Xml] = []
    for text in ids:
        if normal_id(text) is None:
            raise SalesforceError("MALFORMED_ID", f"bad id {text}")
        row = in_sight(ctx, sobject, text)
        results.append(calls.record("result", printed(ctx, sobject, row, names)) if row is not None else element("result", None))
    return results
