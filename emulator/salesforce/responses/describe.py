"""Describes: all objects, one object, and whether they changed since a client looked."""

from collections.abc import Mapping
from typing import Any

from emulator.http import Response, json_response
from emulator.salesforce.context import Context
from emulator.salesforce.fields import DEFAULTS, SObject
from emulator.salesforce.responses.conditional import http_date, unchanged
from emulator.salesforce.responses.facts import recent_items


def describe_global(ctx: Context, _params: Mapping[str, str]) -> Response:
    """GET sobjects."""
    if (same := _unchanged(ctx, ctx.org.id)) is not None:
        return same
    answer = {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": global_entries(ctx)}
    return json_response(answer, headers=_validators(ctx, ctx.org.id))


def global_entries(ctx: Context) -> list[dict[str, Any]]:
    """Every object that the user sees, by name."""
    seen = [one for one in ctx.org.objects.values() if ctx.access.to(one).read]
    return [_global_entry(ctx, one) for one in sorted(seen, key=lambda one: one.name)]


def basic(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET sobjects/{name}."""
    sobject = ctx.sobject(params["name"])
    return json_response({"objectDescribe": _global_entry(ctx, sobject), "recentItems": recent_items(ctx, sobject.name)})


def describe(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET sobjects/{name}/describe: fields that the user does not see are missing from it [recording]."""
    sobject = ctx.sobject(params["name"])
    if (same := _unchanged(ctx, sobject.name)) is not None:
        return same
    return json_response(whole(ctx, sobject), headers=_validators(ctx, sobject.name))


def whole(ctx: Context, sobject: SObject) -> dict[str, Any]:
    """A complete describe for the user, keys in alphabetical order as recorded."""
    granted = ctx.access.to(sobject)
    header = dict(sobject.header)
    header |= {
        "createable": header["createable"] and granted.create,
        "updateable": header["updateable"] and granted.edit,
        "deletable": header["deletable"] and granted.delete,
        "actionOverrides": [],
        "childRelationships": [
            {
                "cascadeDelete": child.on_delete == "cascade",
                "childSObject": child.sobject,
                "deprecatedAndHidden": False,
                "field": child.field,
                "junctionIdListNames": [],
                "junctionReferenceTo": [],
                "relationshipName": child.relationship,
                "restrictedDelete": child.on_delete == "restrict",
            }
            for child in sobject.children
        ],
        "fields": [described_field(ctx, sobject, name) for name in ctx.access.readable(sobject)],
        "namedLayoutInfos": [],
        "recordTypeInfos": record_types(ctx, sobject),
        "urls": urls(ctx, sobject, whole=True),
    }
    return dict(sorted(header.items()))


def described_field(ctx: Context, sobject: SObject, name: str) -> dict[str, Any]:
    """A field, by its lower-case name, as the user may use it."""
    one = sobject.by_name[name]
    described = {key: one.described[key] for key in DEFAULTS}
    if not ctx.access.editable(sobject, one):
        described |= {"createable": False, "updateable": False}
    table = {"Task.Status": "TaskStatus", "Task.Priority": "TaskPriority"}.get(f"{sobject.name}.{one.name}")
    if table:
        described["picklistValues"] = [
            {
                "active": True,
                "defaultValue": row["IsDefault"],
                "label": row["MasterLabel"],
                "validFor": None,
                "value": row["ApiName"],
            }
            for row in ctx.org.table(table).rows.values()
        ]
    return described


def record_types(ctx: Context, sobject: SObject) -> list[dict[str, Any]]:
    """The record types of an object, the master last."""
    rows = [row for row in ctx.org.table("RecordType").equal("SobjectType", [sobject.name]) if not row["IsDeleted"]]
    infos = [
        _record_type(ctx, sobject, row["Id"], row["Name"], row["DeveloperName"], first=at == 0) for at, row in enumerate(rows)
    ]
    master = _record_type(ctx, sobject, "012000000000000AAA", "Master", "Master", first=not rows)
    return [*infos, master | {"master": True}]


def _record_type(ctx: Context, sobject: SObject, id_: str, name: str, developer: str, *, first: bool) -> dict[str, Any]:
    return {
        "active": True,
        "available": True,
        "defaultRecordTypeMapping": first,
        "developerName": developer,
        "master": False,
        "name": name,
        "recordTypeId": id_,
        "urls": {"layout": f"{ctx.base}/sobjects/{sobject.name}/describe/layouts/{id_}"},
    }


_NOT_IN_GLOBAL = ("ui", "defaultValues", "eventSeriesUpdates")


def urls(ctx: Context, sobject: SObject, *, whole: bool = False) -> dict[str, str]:
    """The addresses that a describe names: as recorded where it was, else the usual ones."""
    page = f"https://{ctx.org.host}"
    found = {
        name: template.replace("{base}", ctx.base).replace("{page}", page)
        for name, template in sobject.header.get("urls") or _usual_urls(sobject)
    }
    return found if whole else {name: url for name, url in found.items() if not name.startswith(_NOT_IN_GLOBAL)}


def _usual_urls(sobject: SObject) -> list[tuple[str, str]]:
    base = f"{{base}}/sobjects/{sobject.name}"
    if not sobject.header["layoutable"]:
        return [("rowTemplate", f"{base}/{{ID}}"), ("describe", f"{base}/describe"), ("sobject", base)]
    return [
        ("compactLayouts", f"{base}/describe/compactLayouts"),
        ("rowTemplate", f"{base}/{{ID}}"),
        ("approvalLayouts", f"{base}/describe/approvalLayouts"),
        ("listviews", f"{base}/listviews"),
        ("uiDetailTemplate", "{page}/{ID}"),
        ("uiEditTemplate", "{page}/{ID}/e"),
        ("describe", f"{base}/describe"),
        ("uiNewRecord", f"{{page}}/{sobject.prefix}/e"),
        ("quickActions", f"{base}/quickActions"),
        ("layouts", f"{base}/describe/layouts"),
        ("sobject", base),
    ]


_GLOBAL_KEYS = (
    *("activateable", "associateEntityType", "associateParentEntity", "createable", "custom", "customSetting"),
    *("deepCloneable", "deletable", "deprecatedAndHidden", "feedEnabled", "hasSubtypes", "isInterface", "isSubtype"),
    *("keyPrefix", "label", "labelPlural", "layoutable", "mergeable", "mruEnabled", "name", "queryable"),
    *("replicateable", "retrieveable", "searchable", "triggerable", "undeletable", "updateable"),
)


def _global_entry(ctx: Context, sobject: SObject) -> dict[str, Any]:
    granted = ctx.access.to(sobject)
    entry = {key: sobject.header.get(key) for key in _GLOBAL_KEYS}
    entry["createable"] = bool(entry["createable"]) and granted.create
    entry["updateable"] = bool(entry["updateable"]) and granted.edit
    entry["deletable"] = bool(entry["deletable"]) and granted.delete
    return entry | {"urls": urls(ctx, sobject)}


# --- conditional describes ------------------------------------------------------------------------------------------


def _validators(ctx: Context, what: str) -> dict[str, str]:
    tag = f'"{what}-{ctx.org.version}-{ctx.access.user_id[-6:]}"'
    return {"Last-Modified": http_date(ctx.org.changed_schema_at), "ETag": tag}


def _unchanged(ctx: Context, what: str) -> Response | None:
    headers = _validators(ctx, what)
    same = unchanged(ctx.request, headers["ETag"], ctx.org.changed_schema_at.replace(microsecond=0))
    return Response(status=304, headers=headers) if same else None
