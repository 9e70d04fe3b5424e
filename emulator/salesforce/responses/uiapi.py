"""The UI API's records, as Lightning components read and write them."""

import re
from collections.abc import Mapping
from hashlib import md5
from typing import Any

from emulator.http import Response, json_response
from emulator.salesforce.context import Context
from emulator.salesforce.errors import SalesforceError, no_such_column, not_found
from emulator.salesforce.fields import Field, SObject
from emulator.salesforce.ids import normal_id
from emulator.salesforce.recycling import delete
from emulator.salesforce.responses.conditional import check_change
from emulator.salesforce.responses.objectinfo import info
from emulator.salesforce.responses.rows import printed, visible
from emulator.salesforce.table import Row
from emulator.salesforce.values import parse_moment


def create(ctx: Context, _params: Mapping[str, str]) -> Response:
    """POST ui-api/records: `{"apiName": .., "fields": {..}}`; answers the record."""
    body = ctx.body()
    sobject = ctx.sobject(str(body.get("apiName")))
    try:
        with ctx.org.transaction():
            id_ = ctx.writer().insert(sobject, _fields(body))
    except SalesforceError as refused:
        return _refused(sobject, refused, "create")
    return json_response(_record(ctx, sobject, ctx.org.table(sobject.name).rows[id_]), status=201)


def read(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET ui-api/records/{id}?fields=Contact.Name,..&optionalFields=..: unknown fields are refused, optional ones left out."""
    return json_response(_asked(ctx, params["id"]))


def read_batch(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET ui-api/records/batch/{ids}: each with its own status [documentation]."""
    results: list[dict[str, Any]] = []
    for id_ in params["ids"].split(","):
        try:
            results.append({"result": _asked(ctx, id_), "statusCode": 200})
        except SalesforceError as refused:
            results.append({"result": refused.body(), "statusCode": refused.status})
    return json_response({"hasErrors": any(each["statusCode"] != 200 for each in results), "results": results})


def _asked(ctx: Context, id_: str) -> dict[str, Any]:
    sobject = _sobject(ctx, id_)
    row = visible(ctx, sobject, id_)
    asked = [ctx.request.parameter("fields"), ctx.request.parameter("optionalFields")]
    if not any(asked) and not ctx.request.parameter("layoutTypes"):
        raise SalesforceError("MISSING_ARGUMENT", "One of fields, optionalFields or layoutTypes is required")
    names = [_own(sobject, each) for each in asked[0].split(",") if each]
    optional = [_own(sobject, each) for each in asked[1].split(",") if each]
    made = _record(ctx, sobject, row, () if any(asked) else None)
    for name in [*names, *optional]:
        try:
            _add(ctx, made, sobject, row, name.split("."))
        except SalesforceError:
            if name not in optional:
                raise
    return made


def defaults(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET ui-api/record-defaults/create/{name}: a record to begin with, and what its object is [documentation]."""
    sobject = ctx.sobject(params["name"])
    whole = info(ctx, sobject)
    fields = {}
    for one in ctx.access.readable(sobject).values():
        if one.createable and ctx.access.editable(sobject, one):
            chosen = next((each["value"] for each in one["picklistValues"] if each["defaultValue"]), one["defaultValue"])
            fields[one.name] = {"displayValue": display(ctx, one, chosen), "value": chosen}
    record = {"apiName": sobject.name, "childRelationships": {}, "fields": fields, "id": None, "recordTypeInfo": None}
    return json_response({"layout": None, "objectInfos": {sobject.name: whole}, "record": record})


def update(ctx: Context, params: Mapping[str, str]) -> Response:
    """PATCH ui-api/records/{id}: `{"fields": {..}}`, If-Unmodified-Since obeyed; answers the record."""
    sobject = _sobject(ctx, params["id"])
    check_change(ctx.request, sobject, ctx.org.live(normal_id(params["id"])))
    try:
        with ctx.org.transaction():
            ctx.writer().update(sobject, params["id"], {k: v for k, v in _fields(ctx.body()).items() if k.lower() != "id"})
    except SalesforceError as refused:
        return _refused(sobject, refused, "update")
    return json_response(_record(ctx, sobject, visible(ctx, sobject, params["id"])))


def remove(ctx: Context, params: Mapping[str, str]) -> Response:
    """DELETE ui-api/records/{id}."""
    delete(ctx.writer(), _sobject(ctx, params["id"]), params["id"])
    return Response(status=204)


def _sobject(ctx: Context, id_: str) -> SObject:
    known = normal_id(id_)
    found = ctx.org.sobject_of(known) if known else None
    if found is None or ctx.org.record(known) is None:
        raise not_found()
    return ctx.sobject(found.name)


def _fields(body: dict[str, Any]) -> dict[str, Any]:
    fields = body.get("fields")
    if not isinstance(fields, dict):
        raise SalesforceError("MISSING_ARGUMENT", "fields is required")
    return fields


def _own(sobject: SObject, name: str) -> str:
    """A field given as `Contact.Name`."""
    kind, dot, rest = name.strip().partition(".")
    return rest if dot and kind.lower() == sobject.name.lower() else name.strip()


def _record(ctx: Context, sobject: SObject, row: Row, only: tuple[str, ...] | None = None) -> dict[str, Any]:
    """A record with all the fields that the user sees, or with these."""
    shown = {} if only == () else printed(ctx, sobject, row, ",".join(only or ()))
    values = {name: value for name, value in shown.items() if name != "attributes" and not isinstance(value, dict)}
    type_ = ctx.org.live(row.get("RecordTypeId"))
    changed = parse_moment(row["SystemModstamp"])
    return {
        "apiName": sobject.name,
        "childRelationships": {},
        "eTag": md5(f"{row['Id']}{row['SystemModstamp']}".encode(), usedforsecurity=False).hexdigest(),
        "fields": {name: field_value(ctx, sobject.field(name), value) for name, value in values.items()},
        "id": row["Id"],
        "lastModifiedById": row.get("LastModifiedById"),
        "lastModifiedDate": moment(row.get("LastModifiedDate")),
        "recordTypeId": row.get("RecordTypeId"),
        "recordTypeInfo": type_
        and {
            "available": True,
            "defaultRecordTypeMapping": False,
            "master": False,
            "name": type_["Name"],
            "recordTypeId": type_["Id"],
        },
        "systemModstamp": moment(row["SystemModstamp"]),
        "weakEtag": int(changed.timestamp() * 1000),
    }


def _add(ctx: Context, made: dict[str, Any], sobject: SObject, row: Row, path: list[str]) -> None:
    """Add a field to a printed record; one of a parent comes in a record of its own [documentation]."""
    if len(path) == 1:
        one = ctx.access.readable(sobject).get(path[0].lower())
        if one is None:
            raise no_such_column(path[0], sobject.name)
        value = printed(ctx, sobject, row, one.name)[one.name]
        made["fields"][one.name] = field_value(ctx, one, value)
        return
    link = sobject.by_relationship.get(path[0].lower())
    if link is None or link.name.lower() not in ctx.access.readable(sobject):
        raise no_such_column(path[0], sobject.name)
    above = ctx.org.live(row.get(link.name))
    kind = ctx.org.sobject_of(above["Id"]) if above else None
    relationship = str(link.relationship)
    if above is None or kind is None or ctx.access.hides(kind, above):
        made["fields"][relationship] = {"displayValue": None, "value": None}
        return
    known = made["fields"].get(relationship) or {"displayValue": above.get("Name"), "value": _record(ctx, kind, above, ())}
    made["fields"][relationship] = known
    _add(ctx, known["value"], kind, above, path[1:])


def field_value(ctx: Context, one: Field | None, value: object) -> dict[str, Any]:
    """A field as the UI API prints it."""
    return {"displayValue": display(ctx, one, value), "value": moment(value)}


def moment(value: Any) -> Any:  # noqa: ANN401 - any value
    """A value as the UI API prints it: moments end in Z [documentation]."""
    return value.replace("+0000", "Z") if isinstance(value, str) and _STAMP.fullmatch(value) else value


_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000")


def display(ctx: Context, one: Field | None, value: object) -> str | None:
    """Picklists show their label, references the name of their record; other display values are not emulated [guess]."""
    if one is None or value is None:
        return None
    if one.type == "picklist":
        return next((str(each["label"]) for each in one["picklistValues"] if each["value"] == value), str(value))
    if one.type == "reference":
        return (ctx.org.live(str(value)) or {}).get("Name")
    return None


def _refused(sobject: SObject, refused: SalesforceError, what: str) -> Response:
    """A refused write: what Lightning shows at the field and at the top [guess]."""
    items = [
        {
            "constituentField": None,
            "duplicateRecordError": refused.extra.get("duplicateResut"),
            "errorCode": refused.code,
            "field": name,
            "fieldLabel": one.label if name and (one := sobject.field(name)) else None,
            "message": refused.message,
        }
        for name in refused.fields or (None,)
    ]
    by_field: dict[str, list[Any]] = {}
    for item in items:
        if item["field"]:
            by_field.setdefault(str(item["field"]), []).append(item)
    body = {
        "message": f"An error occurred while trying to {what} the record. Please try again.",
        "statusCode": refused.status,
        "errorCode": refused.code,
        "enhancedErrorType": "RecordError",
        "output": {"errors": [] if by_field else items, "fieldErrors": by_field},
    }
    return json_response([body], status=refused.status)
