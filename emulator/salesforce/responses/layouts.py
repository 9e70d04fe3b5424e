"""Layouts, compact layouts and tabs: generated from the fields that the user sees, in the shapes of the REST guide."""

from collections.abc import Iterable, Mapping
from typing import Any

from emulator.http import Response, json_response
from emulator.salesforce.context import Context
from emulator.salesforce.errors import not_found
from emulator.salesforce.fields import Field, SObject
from emulator.salesforce.ids import make_id, normal_id
from emulator.salesforce.responses.describe import described_field, record_types

COLUMNS = 2
_COMPACT = {"Contact": ("Name", "Title", "AccountId", "Phone", "Email"), "Account": ("Name", "Phone", "Website", "OwnerId")}


def layouts(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET sobjects/{name}/describe/layouts: one layout for all record types [what is on it: guess]."""
    return json_response(layout(ctx, ctx.sobject(params["name"])))


def layout_of_type(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET sobjects/{name}/describe/layouts/{record type}: the layout alone."""
    sobject = ctx.sobject(params["name"])
    known = normal_id(params["type"])
    if all(each["recordTypeId"] != known for each in record_types(ctx, sobject)):
        raise not_found()
    return json_response(_layout(ctx, sobject))


def layout(ctx: Context, sobject: SObject) -> dict[str, Any]:
    """The DescribeLayoutResult of an object."""
    types = record_types(ctx, sobject)
    mappings = [
        {key: each[key] for key in ("active", "available", "defaultRecordTypeMapping", "developerName")}
        | {"layoutId": _layout_id(sobject), "master": each["master"], "name": each["name"], "picklistsForRecordType": None}
        | {"recordTypeId": each["recordTypeId"], "urls": each["urls"]}
        for each in types
    ]
    return {
        "layouts": [_layout(ctx, sobject)],
        "recordTypeMappings": mappings,
        "recordTypeSelectorRequired": [len(types) > COLUMNS],
    }


def _layout_id(sobject: SObject) -> str:
    return make_id("00h", int.from_bytes(sobject.prefix.encode(), "big"))


def _layout(ctx: Context, sobject: SObject) -> dict[str, Any]:
    seen = ctx.access.readable(sobject)
    shown = [one for one in seen.values() if one.type not in {"id", "boolean"} or one.updateable]
    edited = [one for one in shown if ctx.access.editable(sobject, one) and (one.createable or one.updateable)]
    return {
        "buttonLayoutSection": {"detailButtons": []},
        "detailLayoutSections": [_section(ctx, sobject, shown)],
        "editLayoutSections": [_section(ctx, sobject, edited)],
        "feedView": None,
        "highlightsPanelLayoutSection": None,
        "id": _layout_id(sobject),
        "multirowEditLayoutSections": [],
        "offlineLinks": [],
        "quickActionList": {"quickActionListItems": []},
        "relatedContent": None,
        "relatedLists": [],
        "saveOptions": [],
    }


def _section(ctx: Context, sobject: SObject, fields: Iterable[Field]) -> dict[str, Any]:
    whole = list(fields)
    pairs = [whole[at : at + COLUMNS] for at in range(0, len(whole), COLUMNS)]
    rows = [
        {"layoutItems": [_item(ctx, sobject, one, at) for at, one in enumerate(pair)], "numItems": len(pair)} for pair in pairs
    ]
    return {
        "collapsed": False,
        "columns": COLUMNS,
        "heading": f"{sobject.label} Information",
        "layoutRows": rows,
        "layoutSectionId": None,
        "parentLayoutId": _layout_id(sobject),
        "rows": len(rows),
        "tabOrder": "TopToBottom",
        "useCollapsibleSection": False,
        "useHeading": True,
    }


def _item(ctx: Context, sobject: SObject, one: Field, at: int) -> dict[str, Any]:
    details = described_field(ctx, sobject, one.name.lower())
    component = {"details": details, "displayLines": 1, "tabOrder": at + 1, "type": "Field", "value": one.name}
    return {
        "editableForNew": details["createable"],
        "editableForUpdate": details["updateable"],
        "label": one.label,
        "layoutComponents": [component],
        "placeholder": False,
        "required": one.required,
    }


# --- compact layouts ------------------------------------------------------------------------------------------------


def compact_layouts(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET sobjects/{name}/describe/compactLayouts: the system's own, whose id is null [documentation]."""
    sobject = ctx.sobject(params["name"])
    base = f"{ctx.base}/sobjects/{sobject.name}/describe/compactLayouts"
    mappings = [
        {
            "available": True,
            "compactLayoutId": None,
            "compactLayoutName": "SYSTEM",
            "recordTypeId": each["recordTypeId"],
            "recordTypeName": each["name"],
            "urls": {"compactLayout": f"{base}/{each['recordTypeId']}"},
        }
        for each in record_types(ctx, sobject)
    ]
    answer = {"compactLayouts": [_compact(ctx, sobject)], "defaultCompactLayoutId": None}
    return json_response(answer | {"recordTypeCompactLayoutMappings": mappings, "urls": {"primary": f"{base}/primary"}})


def compact_layout(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET sobjects/{name}/describe/compactLayouts/{record type or primary}."""
    sobject = ctx.sobject(params["name"])
    types = {each["recordTypeId"] for each in record_types(ctx, sobject)}
    if params["type"].lower() != "primary" and normal_id(params["type"]) not in types:
        raise not_found()
    return json_response(_compact(ctx, sobject))


def several_compact_layouts(ctx: Context, _params: Mapping[str, str]) -> Response:
    """GET compactLayouts?q=Account,Contact: the primary one of each object."""
    names = [name.strip() for name in ctx.request.parameter("q").split(",") if name.strip()]
    return json_response({sobject.name: _compact(ctx, sobject) for sobject in map(ctx.sobject, names)})


def _compact(ctx: Context, sobject: SObject) -> dict[str, Any]:
    seen = ctx.access.readable(sobject)
    own = sobject.name_field
    names = _COMPACT.get(sobject.name) or ((own.name,) if own else ())
    return {
        "actions": [],
        "fieldItems": [_item(ctx, sobject, seen[name.lower()], 0) for name in names if name.lower() in seen],
        "id": None,
        "imageItems": [],
        "label": "System Default",
        "name": "SYSTEM",
        "objectType": sobject.name,
    }


# --- what an organisation without such things has -------------------------------------------------------------------


def approval_layouts(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET sobjects/{name}/describe/approvalLayouts: there are no approval processes."""
    ctx.sobject(params["name"])
    return json_response({"approvalLayouts": []})


def quick_actions(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET quickActions and sobjects/{name}/quickActions: there are none."""
    if "name" in params:
        ctx.sobject(params["name"])
    return json_response([])


def list_views(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET sobjects/{name}/listviews: there are none."""
    sobject = ctx.sobject(params["name"])
    return json_response({"done": True, "listviews": [], "nextRecordsUrl": None, "size": 0, "sobjectType": sobject.name})


# --- tabs -----------------------------------------------------------------------------------------------------------


def tabs(ctx: Context, _params: Mapping[str, str]) -> Response:
    """GET tabs: one for each object that people look at."""
    return json_response(tab_entries(ctx))


def tab_entries(ctx: Context) -> list[dict[str, Any]]:
    """The tabs of the user."""
    page = f"https://{ctx.org.host}"
    return [
        {
            "colors": [],
            "custom": bool(one.header["custom"]),
            "iconUrl": f"{page}/img/icon/{one.name.lower()}32.png",
            "icons": [],
            "label": one.header["labelPlural"],
            "miniIconUrl": f"{page}/img/icon/{one.name.lower()}16.png",
            "name": one.name if one.header["custom"] else f"standard-{one.name}",
            "sobjectName": one.name,
            "url": f"{page}/{one.prefix}/o",
        }
        for one in ctx.org.objects.values()
        if one.header["mruEnabled"] and one.header["keyPrefix"] and ctx.access.to(one).read
    ]


def theme(ctx: Context, _params: Mapping[str, str]) -> Response:
    """GET theme: icons and colours of objects, of which there are none here."""
    items = [{"colors": [], "icons": [], "name": each["sobjectName"]} for each in tab_entries(ctx)]
    return json_response({"themeItems": items})
