"""The UI API: single records as Lightning components read and write them, and what they ask about objects."""

from collections.abc import Mapping
from hashlib import md5
from typing import Any

from emulator.http import Response, json_response
from emulator.salesforce.context import Context
from emulator.salesforce.errors import SalesforceError, no_such_column, not_found
from emulator.salesforce.fields import Field, SObject
from emulator.salesforce.ids import normal_id
from emulator.salesforce.recycling import delete
from emulator.salesforce.responses.rows import check_conditions, printed, visible
from emulator.salesforce.table import Row


def create(ctx: Context, _params: Mapping[str, str]) -> Response:
    """POST ui-api/records: `{"apiName": .., "fields": {..}}`; answers the record."""
    body = ctx.body()
    sobject = ctx.sobject(str(body.get("apiName")))
    try:
        with ctx.org.transaction():
            id_ = ctx.writer().insert(sobject, _fields(body))
    except SalesforceError as refused:
        return _refused(sobject, refused, "create")
    return json_response(_record(ctx, sobject, ctx.org.table(sobject.name).rows[id_], ""), status=201)


def read(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET ui-api/records/{id}?fields=Contact.Name,..&optionalFields=..: unknown fields are refused, optional ones left out."""
    sobject = _sobject(ctx, params["id"])
    row = visible(ctx, sobject, params["id"])
    asked = [ctx.request.parameter("fields"), ctx.request.parameter("optionalFields")]
    if not any(asked) and not ctx.request.parameter("layoutTypes"):
        raise SalesforceError("MISSING_ARGUMENT", "One of fields, optionalFields or layoutTypes is required")
    readable = ctx.access.readable(sobject)
    names = [_own(sobject, each) for each in asked[0].split(",") if each]
    for name in names:
        if name.lower() not in readable:
            raise no_such_column(name, sobject.name)
    optional = [_own(sobject, each) for each in asked[1].split(",") if each]
    names += [name for name in optional if name.lower() in readable]
    return json_response(_record(ctx, sobject, row, ",".join(names)))


def update(ctx: Context, params: Mapping[str, str]) -> Response:
    """PATCH ui-api/records/{id}: `{"fields": {..}}`, If-Unmodified-Since obeyed; answers the record."""
    sobject = _sobject(ctx, params["id"])
    check_conditions(ctx, sobject, normal_id(params["id"]))
    try:
        with ctx.org.transaction():
            ctx.writer().update(sobject, params["id"], {k: v for k, v in _fields(ctx.body()).items() if k.lower() != "id"})
    except SalesforceError as refused:
        return _refused(sobject, refused, "update")
    return json_response(_record(ctx, sobject, visible(ctx, sobject, params["id"]), ""))


def remove(ctx: Context, params: Mapping[str, str]) -> Response:
    """DELETE ui-api/records/{id}."""
    delete(ctx.writer(), _sobject(ctx, params["id"]), params["id"])
    return Response(status=204)


def object_info(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET ui-api/object-info/{name}: the least that components read."""
    sobject = ctx.sobject(params["name"])
    granted = ctx.access.to(sobject)
    fields = {
        one.name: {
            "apiName": one.name,
            "calculated": one["calculated"],
            "createable": one.createable and ctx.access.editable(sobject, one),
            "dataType": _DATA_TYPES.get(one.type, one.type.title()),
            "label": one.label,
            "length": one.length,
            "required": one.required,
            "updateable": one.updateable and ctx.access.editable(sobject, one),
        }
        for one in ctx.access.readable(sobject).values()
    }
    answer = {"apiName": sobject.name, "label": sobject.label, "keyPrefix": sobject.prefix, "fields": fields}
    rights = {"createable": granted.create, "updateable": granted.edit, "deletable": granted.delete, "queryable": granted.read}
    return json_response(answer | rights | {"custom": sobject.header["custom"], "defaultRecordTypeId": _MASTER})


def picklist_values(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET ui-api/object-info/{name}/picklist-values/{type}/{field}: active values; those of the record type if it restricts."""
    sobject = ctx.sobject(params["name"])
    one = ctx.access.readable(sobject).get(params["field"].lower())
    if one is None:
        raise not_found()
    allowed = ctx.org.record_type_values.get((normal_id(params["type"]) or "", one.name.lower()))
    chosen = [each for each in one["picklistValues"] if each["active"] and (allowed is None or each["value"] in allowed)]
    values = [{"attributes": None, "label": each["label"], "validFor": [], "value": each["value"]} for each in chosen]
    default = next((values[at] for at, each in enumerate(chosen) if each["defaultValue"]), None)
    return json_response({"controllerValues": {}, "defaultValue": default, "values": values})


_MASTER = "012000000000000AAA"
_DATA_TYPES = {"datetime": "DateTime", "multipicklist": "MultiPicklist", "textarea": "TextArea", "id": "String"}


def _sobject(ctx: Context, id_: str) -> SObject:
    known = normal_id(id_)
    found = ctx.org.sobject_of(known) if known else None
    if found is None:
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


def _record(ctx: Context, sobject: SObject, row: Row, only: str) -> dict[str, Any]:
    shown = printed(ctx, sobject, row, only)
    values = {name: value for name, value in shown.items() if name != "attributes" and not isinstance(value, dict)}
    return {
        "apiName": sobject.name,
        "childRelationships": {},
        "eTag": md5(f"{row['Id']}{row['SystemModstamp']}".encode(), usedforsecurity=False).hexdigest(),
        "fields": {
            name: {"displayValue": _display(ctx, sobject.field(name), value), "value": value} for name, value in values.items()
        },
        "id": row["Id"],
        "lastModifiedById": row.get("LastModifiedById"),
        "lastModifiedDate": row.get("LastModifiedDate"),
        "recordTypeId": row.get("RecordTypeId"),
        "recordTypeInfo": None,
        "systemModstamp": row["SystemModstamp"],
    }


def _display(ctx: Context, one: Field | None, value: object) -> str | None:
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
