"""What there is: versions, describes, changed and deleted ids, limits, record counts."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from emulator.http import Response, json_response
from emulator.salesforce.context import Context, identity_url
from emulator.salesforce.errors import SalesforceError, not_found
from emulator.salesforce.fields import DEFAULTS, SObject
from emulator.salesforce.org import Org
from emulator.salesforce.responses.rows import http_moment
from emulator.salesforce.values import parse_moment, stamp

_SEASONS = ("Spring", "Summer", "Winter")
MAX_CHANGED = 600_000


def versions(org: Org) -> Response:
    """GET /services/data: needs no login."""
    numbers = range(org.settings.oldest_version, org.settings.newest_version + 1)
    return json_response(
        [{"label": _label(each), "url": f"/services/data/v{each}.0", "version": f"{each}.0"} for each in numbers]
    )


def _label(version: int) -> str:
    # Version 40 was Summer '17; three releases a year, Winter carries the next year's number.
    steps = version - 40 + 1
    year, season = divmod(steps, 3)
    name = _SEASONS[season]
    return f"{name} '{17 + year + (name == 'Winter'):02d}"


def resources(ctx: Context, _params: Mapping[str, str]) -> Response:
    """GET /services/data/v..: the addresses of the parts."""
    names = ("tooling", "metadata", "sobjects", "query", "queryAll", "search", "composite", "limits", "jobs", "recent")
    answer = {name: f"{ctx.base}/{name}" for name in (*names, "ui-api", "graphql", "parameterizedSearch")}
    answer["identity"] = identity_url(ctx.org, ctx.request, ctx.access.user_id)
    return json_response(answer)


def describe_global(ctx: Context, _params: Mapping[str, str]) -> Response:
    """GET sobjects."""
    if (same := _unchanged(ctx, ctx.org.id)) is not None:
        return same
    seen = [one for one in ctx.org.objects.values() if ctx.access.to(one).read]
    sobjects = [_global_entry(ctx, one) for one in sorted(seen, key=lambda one: one.name)]
    answer = {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": sobjects}
    return json_response(answer, headers=_validators(ctx, ctx.org.id))


def basic(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET sobjects/{name}."""
    sobject = ctx.sobject(params["name"])
    return json_response({"objectDescribe": _global_entry(ctx, sobject), "recentItems": []})


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
        "fields": [_field(ctx, sobject, name) for name in ctx.access.readable(sobject)],
        "namedLayoutInfos": [],
        "recordTypeInfos": _record_types(ctx, sobject),
        "urls": urls(ctx, sobject, whole=True),
    }
    return dict(sorted(header.items()))


def _field(ctx: Context, sobject: SObject, name: str) -> dict[str, Any]:
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


def _record_types(ctx: Context, sobject: SObject) -> list[dict[str, Any]]:
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
    return [
        ("compactLayouts", f"{base}/describe/compactLayouts"),
        ("rowTemplate", f"{base}/{{ID}}"),
        ("approvalLayouts", f"{base}/describe/approvalLayouts"),
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
    return {"Last-Modified": format_datetime(ctx.org.changed_schema_at.astimezone(UTC), usegmt=True), "ETag": tag}


def _unchanged(ctx: Context, what: str) -> Response | None:
    headers = _validators(ctx, what)
    known = ctx.request.header("if-none-match")
    if known and headers["ETag"] in {each.strip().removesuffix("--gzip") for each in known.split(",")}:
        return Response(status=304, headers=headers)
    since = ctx.request.header("if-modified-since")
    if since and ctx.org.changed_schema_at.replace(microsecond=0) <= http_moment(since):
        return Response(status=304, headers=headers)
    return None


# --- changed and deleted ids ----------------------------------------------------------------------------------------


def updated(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET sobjects/{name}/updated?start=..&end=..: at most 30 days back, seconds cut off [documentation]."""
    sobject = ctx.sobject(params["name"])
    start, end = _window(ctx, days=30)
    low, high = stamp(start), stamp(end)
    ids = []
    for row in ctx.org.table(sobject.name).from_stamp((low, "")):
        if row["SystemModstamp"] >= high:
            break
        if not row["IsDeleted"] and _shared(ctx, sobject, row):
            ids.append(row["Id"])
    if len(ids) > MAX_CHANGED:
        raise SalesforceError("EXCEEDED_ID_LIMIT", "The number of ids exceeds the limit")
    return json_response({"ids": ids, "latestDateCovered": stamp(ctx.org.covered(end))})


def deleted(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET sobjects/{name}/deleted?start=..&end=..: at most 15 days back [documentation]."""
    sobject = ctx.sobject(params["name"])
    start, end = _window(ctx, days=15)
    low, high = stamp(start), stamp(end)
    records = []
    for row in ctx.org.table(sobject.name).from_stamp((low, "")):
        if row["SystemModstamp"] >= high:
            break
        if row["IsDeleted"] and _shared(ctx, sobject, row):
            records.append({"deletedDate": row["SystemModstamp"], "id": row["Id"]})
    earliest = ctx.org.clock.now() - timedelta(days=ctx.org.settings.delete_log_days)
    if start < earliest - timedelta(minutes=1):
        # [documentation: earliestDateAvailable; text a guess]
        raise SalesforceError("INVALID_REPLICATION_DATE", "startDate before the earliest date that the delete log covers")
    return json_response(
        {
            "deletedRecords": records,
            "earliestDateAvailable": stamp(earliest.replace(second=0)),
            "latestDateCovered": stamp(ctx.org.covered(end)),
        }
    )


def _shared(ctx: Context, sobject: SObject, row: dict[str, Any]) -> bool:
    return sobject.sharing != "Private" or ctx.access.to(sobject).view_all or row.get("OwnerId") == ctx.access.user_id


def _window(ctx: Context, *, days: int) -> tuple[datetime, datetime]:
    moments = []
    for name in ("start", "end"):
        text = ctx.request.parameter(name).replace(" ", "+")
        try:
            moments.append(parse_moment(text).astimezone(UTC).replace(second=0, microsecond=0))
        except ValueError:
            raise SalesforceError("INVALID_FIELD", f"The required date parameter '{name}' is missing or invalid") from None
    start, end = moments
    now = ctx.org.clock.now()
    if end - start < timedelta(minutes=1):
        message = "The end date must be at least one minute after the start date"
        raise SalesforceError("INVALID_REPLICATION_DATE", message)
    if start < now - timedelta(days=days, minutes=1):
        raise SalesforceError("INVALID_REPLICATION_DATE", f"startDate before org replication window of {days} days")
    return start, end


# --- limits ---------------------------------------------------------------------------------------------------------


def limits(ctx: Context, _params: Mapping[str, str]) -> Response:
    """GET limits: needs View Setup and Configuration [documentation]."""
    if not ctx.access.may("ViewSetup"):
        message = "You do not have the level of access necessary to perform the operation you requested. "
        raise SalesforceError("INSUFFICIENT_ACCESS", message + "Please contact the owner of the record.", status=403)
    daily = ctx.org.settings.daily_limit
    return json_response(
        {
            "DailyApiRequests": {"Max": daily, "Remaining": max(0, daily - ctx.org.usage.total())},
            "DailyBulkApiBatches": {"Max": 15_000, "Remaining": 15_000},
            "DailyBulkV2QueryJobs": {"Max": 10_000, "Remaining": 10_000},
            "DailyBulkV2QueryFileStorageMB": {"Max": 976_562, "Remaining": 976_562},
            "DataStorageMB": {"Max": 1_024, "Remaining": 1_000},
            "FileStorageMB": {"Max": 1_024, "Remaining": 1_000},
            "HourlyAsyncReportRuns": {"Max": 1_200, "Remaining": 1_200},
        }
    )


def record_count(ctx: Context, _params: Mapping[str, str]) -> Response:
    """GET limits/recordCount?sObjects=A,B: approximate on the platform, exact here."""
    asked = [name for name in ctx.request.parameter("sObjects").split(",") if name]
    chosen = [one for one in ctx.org.objects.values() if not asked or one.name in asked]
    counts = [
        {"count": sum(not row["IsDeleted"] for row in ctx.org.table(one.name).rows.values()), "name": one.name}
        for one in chosen
        if ctx.access.to(one).read
    ]
    return json_response({"sObjects": counts})


def recent(_ctx: Context, _params: Mapping[str, str]) -> Response:
    """GET recent: API users have looked at nothing."""
    return json_response([])


def layouts(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET sobjects/{name}/describe/layouts: the least that clients read."""
    ctx.sobject(params["name"])
    mapping: list[dict[str, Any]] = [
        {
            "available": True,
            "defaultRecordTypeMapping": True,
            "layoutId": None,
            "master": True,
            "name": "Master",
            "picklistsForRecordType": [],
            "recordTypeId": "012000000000000AAA",
        }
    ]
    return json_response({"layouts": [], "recordTypeMappings": mapping, "recordTypeSelectorRequired": [False]})


def missing(_ctx: Context, _params: Mapping[str, str]) -> Response:
    """An address that exists on the platform and is not emulated."""
    raise not_found()
