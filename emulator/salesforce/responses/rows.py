"""One record at a time: create, read, update, delete, upsert by external id."""

from collections.abc import Mapping
from typing import Any

from emulator.http import Response, json_response
from emulator.salesforce import seen
from emulator.salesforce.context import Context, Handler
from emulator.salesforce.errors import SalesforceError, no_such_column, no_such_key, not_found
from emulator.salesforce.fields import SObject
from emulator.salesforce.ids import normal_id
from emulator.salesforce.recycling import delete
from emulator.salesforce.responses import conditional
from emulator.salesforce.responses.query import first_page, page_size
from emulator.salesforce.soql.execute import MAX_PAGE, Found
from emulator.salesforce.soql.scope import compound_address
from emulator.salesforce.soql.tree import Query
from emulator.salesforce.table import Row
from emulator.salesforce.validation import calculate
from emulator.salesforce.writing import MultipleChoicesError

NO_CONTENT = Response(status=204)


def create(ctx: Context, params: Mapping[str, str]) -> Response:
    """POST sobjects/{name}."""
    sobject = ctx.org.sobject(params["name"])
    conditional.check_change(ctx.request, sobject, None)
    id_ = ctx.writer().insert(sobject, ctx.body())
    location = f"{ctx.base}/sobjects/{sobject.name}/{id_}"
    return json_response({"id": id_, "success": True, "errors": []}, status=201, headers={"Location": location})


def read(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET sobjects/{name}/{id}."""
    sobject = ctx.sobject(params["name"])
    row = visible(ctx, sobject, params["id"])
    headers = conditional.validators(sobject, row)
    known = headers.get("ETag", ""), conditional.modified(row)
    conditional.check_unmoved(ctx.request, *known)
    if conditional.unchanged(ctx.request, *known):
        return Response(status=304, headers=headers)
    return json_response(printed(ctx, sobject, row, ctx.request.parameter("fields")), headers=headers)


def update(ctx: Context, params: Mapping[str, str]) -> Response:
    """PATCH sobjects/{name}/{id}."""
    sobject = ctx.sobject(params["name"])
    _check_id(ctx, params["id"])
    writer = ctx.writer()
    conditional.check_change(ctx.request, sobject, ctx.org.live(normal_id(params["id"])))
    with ctx.org.transaction():
        writer.update(sobject, params["id"], ctx.body())
    return NO_CONTENT


def remove(ctx: Context, params: Mapping[str, str]) -> Response:
    """DELETE sobjects/{name}/{id}."""
    sobject = ctx.sobject(params["name"])
    _check_id(ctx, params["id"])
    delete(ctx.writer(), sobject, params["id"])
    return NO_CONTENT


def _check_id(ctx: Context, text: str) -> None:
    """An address of a record that never was, or is no more, is no address; other ways of writing say it otherwise."""
    known = normal_id(text)
    if known is None:
        raise no_such_key(text)
    if ctx.org.record(known) is None:
        raise not_found()


def read_by_key(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET sobjects/{name}/{field}/{value}: by external id, or through a relationship of a record."""
    sobject = ctx.sobject(params["name"])
    if _leads_on(sobject, params):
        return _related(ctx, sobject, params)
    return _by_key(ctx, sobject, params, read)


def upsert(ctx: Context, params: Mapping[str, str]) -> Response:
    """PATCH sobjects/{name}/{field}/{value}."""
    sobject = ctx.org.sobject(params["name"])
    if _leads_on(sobject, params):
        return update(ctx, _above(ctx, sobject, params))
    conditional.check_change(ctx.request, sobject, None)
    writer = ctx.writer()
    update_only = ctx.request.parameter("updateOnly").lower() == "true"
    if update_only and not writer.by_external_id(sobject, params["field"], params["value"]):
        raise not_found()
    body = ctx.body()
    if doubled := next((name for name in body if name.lower() == params["field"].lower()), None):
        raise SalesforceError("INVALID_FIELD", f"The {doubled} field should not be specified in the sobject data.")
    try:
        with ctx.org.transaction():
            id_, created = writer.upsert(sobject, params["field"], params["value"], body)
    except MultipleChoicesError as several:
        return json_response(several.urls, status=300)
    if float(ctx.version) < 46 and not created:
        return NO_CONTENT
    answer = {"id": id_, "success": True, "errors": [], "created": created}
    return json_response(answer, status=201 if created else 200)


def insert_by_key(ctx: Context, params: Mapping[str, str]) -> Response:
    """POST sobjects/{name}/Id: an insert written as an upsert without a key."""
    return create(ctx, params)


def remove_by_key(ctx: Context, params: Mapping[str, str]) -> Response:
    """DELETE sobjects/{name}/{field}/{value}."""
    sobject = ctx.sobject(params["name"])
    if _leads_on(sobject, params):
        return remove(ctx, _above(ctx, sobject, params))
    return _by_key(ctx, sobject, params, remove)


def _by_key(ctx: Context, sobject: SObject, params: Mapping[str, str], act: Handler) -> Response:
    """What is done with the one record that a key names; where several have it their addresses are the answer, a 300."""
    rows = ctx.writer().by_external_id(sobject, params["field"], params["value"])
    if not rows:
        raise not_found()
    if len(rows) > 1:
        return json_response([f"{ctx.base}/sobjects/{sobject.name}/{row['Id']}" for row in rows], status=300)
    return act(ctx, {"name": sobject.name, "id": rows[0]["Id"]})


# --- through a relationship -----------------------------------------------------------------------------------------


def _leads_on(sobject: SObject, params: Mapping[str, str]) -> bool:
    """Whether `{field}/{value}` of an address is the id of a record and one of its relationships [documentation]."""
    return normal_id(params["field"]) is not None and sobject.field(params["field"]) is None


def _above(ctx: Context, sobject: SObject, params: Mapping[str, str]) -> dict[str, str]:
    """The object and id of the record that a reference of another leads to."""
    row = visible(ctx, sobject, params["field"])
    link = sobject.by_relationship.get(params["value"].lower())
    above = ctx.org.live(row.get(link.name)) if link else None
    kind = ctx.org.sobject_of(above["Id"]) if above else None
    if above is None or kind is None:
        raise not_found()
    return {"name": kind.name, "id": above["Id"]}


def _related(ctx: Context, sobject: SObject, params: Mapping[str, str]) -> Response:
    row, relationship = visible(ctx, sobject, params["field"]), params["value"]
    if relationship.lower() in sobject.by_relationship:
        found = _above(ctx, sobject, params)
        kind = ctx.sobject(found["name"])
        return json_response(printed(ctx, kind, visible(ctx, kind, found["id"]), ctx.request.parameter("fields")))
    child = sobject.by_child.get(relationship.lower())
    if child is None:
        raise not_found()
    kind = ctx.sobject(child.sobject)
    fields = ctx.request.parameter("fields")
    below = ctx.org.table(kind.name).equal(child.field, [row["Id"]])
    rows = [each for each in below if not each["IsDeleted"] and not ctx.access.hides(kind, each)]
    listed = Found(
        rows=rows,
        show=lambda each: printed(ctx, kind, each, fields),
        total=len(rows),
        page=MAX_PAGE,
        query=Query(select=(), source=kind.name, source_at=0),
    )
    return json_response(first_page(ctx, listed, page_size(ctx.request.header("sforce-query-options"))))


def visible(ctx: Context, sobject: SObject, id_: str) -> Row:
    """A live record that the user may read.

    Raises:
        SalesforceError: NOT_FOUND, which is also what a soft-deleted id gives [recording].
    """
    if normal_id(id_) is None:
        raise no_such_key(id_)
    row = in_sight(ctx, sobject, id_)
    if row is None:
        raise not_found()
    return row


def in_sight(ctx: Context, sobject: SObject, id_: str) -> Row | None:
    """The live record of an object that has this id, where there is one that sharing lets the user see."""
    row = ctx.org.table(sobject.name).rows.get(normal_id(id_) or "")
    return None if row is None or row["IsDeleted"] or ctx.access.hides(sobject, row) else row


def printed(ctx: Context, sobject: SObject, row: Row, only: str = "") -> dict[str, Any]:
    """A record as a retrieve prints it: attributes, then all fields that the user sees, or those asked for."""
    readable = ctx.access.readable(sobject)
    chosen = list(readable.values())
    if only:
        chosen = []
        for name in only.split(","):
            one = readable.get(name.strip().lower())
            if one is None:
                raise no_such_column(name.strip(), sobject.name)
            chosen.append(one)
    answer: dict[str, Any] = {"attributes": {"type": sobject.name, "url": f"{ctx.base}/sobjects/{sobject.name}/{row['Id']}"}}
    for one in chosen:
        if one["calculatedFormula"]:
            answer[one.name] = calculate(ctx.org, ctx.access.user_id, sobject, one, row)
        elif one.type == "address":
            answer[one.name] = compound_address(sobject, one).get(row)
        elif one.name in seen.FIELDS:
            answer[one.name] = ctx.org.seen.at(ctx.access.user_id, row["Id"], one.name)
        elif one.name == "PhotoUrl":
            answer[one.name] = f"/services/images/photo/{row['Id']}"
        else:
            answer[one.name] = row.get(one.name, False if one.type == "boolean" else None)
    answer.setdefault("Id", row["Id"])
    return answer
