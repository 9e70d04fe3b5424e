"""The UI API's object info and picklist values: what Lightning components ask about objects."""

from collections.abc import Mapping
from typing import Any

from emulator.http import Response, json_response
from emulator.salesforce.context import Context
from emulator.salesforce.errors import SalesforceError, not_found
from emulator.salesforce.fields import Field, SObject
from emulator.salesforce.ids import normal_id
from emulator.salesforce.responses.describe import record_types

MASTER = "012000000000000AAA"
_DATA_TYPES = {"datetime": "DateTime", "multipicklist": "MultiPicklist", "textarea": "TextArea", "id": "String"}


def directory(ctx: Context, _params: Mapping[str, str]) -> Response:
    """GET ui-api/object-info: the objects that the user sees."""
    seen = {one.name: one for one in ctx.org.objects.values() if ctx.access.to(one).read}
    objects = {
        name: {
            "apiName": name,
            "keyPrefix": one.header["keyPrefix"],
            "label": one.label,
            "labelPlural": one.header["labelPlural"],
            "nameFields": [one.name_field.name] if one.name_field else [],
            "objectInfoUrl": f"{ctx.base}/ui-api/object-info/{name}",
        }
        for name, one in sorted(seen.items())
    }
    return json_response({"objects": objects})


def object_info(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET ui-api/object-info/{name}."""
    return json_response(info(ctx, ctx.sobject(params["name"])))


def several(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET ui-api/object-info/batch/{names}: each with its own status [documentation]."""
    results: list[dict[str, Any]] = []
    for name in params["names"].split(","):
        try:
            results.append({"result": info(ctx, ctx.sobject(name)), "statusCode": 200})
        except SalesforceError as refused:
            results.append({"result": refused.body(), "statusCode": refused.status})
    return json_response({"hasErrors": any(each["statusCode"] != 200 for each in results), "results": results})


def info(ctx: Context, sobject: SObject) -> dict[str, Any]:
    """The object info of an object, as the user may use it [documentation]."""
    granted, readable = ctx.access.to(sobject), ctx.access.readable(sobject)
    types = record_types(ctx, sobject)
    return {
        "apiName": sobject.name,
        "associateEntityType": None,
        "associateParentEntity": None,
        "childRelationships": [
            {
                "childObjectApiName": child.sobject,
                "fieldName": child.field,
                "junctionIdListNames": [],
                "junctionReferenceTo": [],
                "relationshipName": child.relationship,
            }
            for child in sobject.children
            if child.relationship
        ],
        "compactLayoutable": bool(sobject.header.get("compactLayoutable")),
        "createable": granted.create,
        "custom": sobject.header["custom"],
        "defaultRecordTypeId": next(each["recordTypeId"] for each in types if each["defaultRecordTypeMapping"]),
        "deletable": granted.delete,
        "dependentFields": {},
        "feedEnabled": bool(sobject.header.get("feedEnabled")),
        "fields": {one.name: _field(ctx, sobject, one) for one in readable.values()},
        "keyPrefix": sobject.header["keyPrefix"],
        "label": sobject.label,
        "labelPlural": sobject.header["labelPlural"],
        "layoutable": bool(sobject.header.get("layoutable")),
        "mruEnabled": bool(sobject.header.get("mruEnabled")),
        "nameFields": [one.name for one in readable.values() if one["nameField"] or one["compoundFieldName"] == "Name"],
        "queryable": granted.read,
        "recordTypeInfos": {
            each["recordTypeId"]: {
                key: each[key] for key in ("available", "defaultRecordTypeMapping", "master", "name", "recordTypeId")
            }
            for each in types
        },
        "searchable": bool(sobject.header.get("searchable")),
        "themeInfo": None,
        "updateable": granted.edit,
    }


def _field(ctx: Context, sobject: SObject, one: Field) -> dict[str, Any]:
    editable = ctx.access.editable(sobject, one)
    found = {key: one[key] for key in _AS_DESCRIBED}
    found |= {
        "apiName": one.name,
        "compound": one.type == "address",
        "compoundComponentName": None,
        "controllingFields": [],
        "createable": one.createable and editable,
        "dataType": _DATA_TYPES.get(one.type, one.type.title()),
        "label": one.label,
        "length": one.length,
        "nameField": one["nameField"],
        "reference": one.type == "reference",
        "referenceToInfos": [
            {"apiName": name, "nameFields": _name_fields(ctx, name)} for name in one.references if name.lower() in ctx.org.objects
        ],
        "required": one.required,
        "updateable": one.updateable and editable,
    }
    return dict(sorted(found.items()))


_AS_DESCRIBED = (
    *("calculated", "compoundFieldName", "controllerName", "custom", "externalId", "extraTypeInfo", "filterable"),
    *("filteredLookupInfo", "highScaleNumber", "htmlFormatted", "inlineHelpText", "maskType", "polymorphicForeignKey"),
    *("precision", "referenceTargetField", "relationshipName", "scale", "searchPrefilterable", "sortable", "unique"),
)


def _name_fields(ctx: Context, name: str) -> list[str]:
    own = ctx.org.sobject(name).name_field
    return [own.name] if own else []


def picklist_values(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET ui-api/object-info/{name}/picklist-values/{type}/{field}: active values; those of the record type if it restricts."""
    sobject = ctx.sobject(params["name"])
    one = ctx.access.readable(sobject).get(params["field"].lower())
    if one is None:
        raise not_found()
    return json_response(_values(ctx, one, params["type"]))


def all_picklist_values(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET ui-api/object-info/{name}/picklist-values/{type}: those of every picklist of the object."""
    seen = ctx.access.readable(ctx.sobject(params["name"])).values()
    chosen = [one for one in seen if one.type in {"picklist", "multipicklist"}]
    return json_response({"picklistFieldValues": {one.name: _values(ctx, one, params["type"]) for one in chosen}})


def _values(ctx: Context, one: Field, type_: str) -> dict[str, Any]:
    allowed = ctx.org.record_type_values.get((normal_id(type_) or "", one.name.lower()))
    chosen = [each for each in one["picklistValues"] if each["active"] and (allowed is None or each["value"] in allowed)]
    values = [{"attributes": None, "label": each["label"], "validFor": [], "value": each["value"]} for each in chosen]
    default = next((values[at] for at, each in enumerate(chosen) if each["defaultValue"]), None)
    return {"controllerValues": {}, "defaultValue": default, "values": values}
