"""Facts about the organisation: versions, resources, limits, record counts, what was seen last."""

from collections.abc import Mapping
from typing import Any

from emulator.http import Response, json_response
from emulator.salesforce.context import Context, identity_url, whole
from emulator.salesforce.errors import SalesforceError, not_found
from emulator.salesforce.ids import normal_id
from emulator.salesforce.org import Org
from emulator.salesforce.seen import KEPT

_SEASONS = ("Spring", "Summer", "Winter")


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
    more = ("ui-api", "graphql", "parameterizedSearch", "tabs", "theme", "quickActions", "compactLayouts")
    answer = {name: f"{ctx.base}/{name}" for name in (*names, *more)}
    answer["identity"] = identity_url(ctx.org, ctx.request, ctx.access.user_id)
    return json_response(answer)


def limits(ctx: Context, _params: Mapping[str, str]) -> Response:
    """GET limits: needs View Setup and Configuration [documentation]."""
    if not ctx.access.may("ViewSetup"):
        message = "You do not have the level of access necessary to perform the operation you requested. "
        raise SalesforceError("INSUFFICIENT_ACCESS", message + "Please contact the owner of the record.", status=403)
    daily = ctx.org.settings.daily_limit
    answer = {name: {"Max": most, "Remaining": most} for name, most in _LIMITS.items()}
    answer["DailyApiRequests"] = {"Max": daily, "Remaining": max(0, daily - ctx.org.usage.total())}
    if float(ctx.version) < BATCHES_FROM:
        # Old clients ask by the old name [code: pipelinewise-tap-salesforce].
        answer["DailyBulkApiRequests"] = answer.pop("DailyBulkApiBatches")
    return json_response(dict(sorted(answer.items())))


BATCHES_FROM = 49
_LIMITS = {
    "AnalyticsExternalDataSizeMB": 40_960,
    "ConcurrentAsyncGetReportInstances": 200,
    "ConcurrentEinsteinDataInsightsStoryCreation": 5,
    "ConcurrentEinsteinDiscoveryStoryCreation": 2,
    "ConcurrentSyncReportRuns": 20,
    "DailyAnalyticsDataflowJobExecutions": 60,
    "DailyAnalyticsUploadedFilesSizeMB": 51_200,
    "DailyAsyncApexExecutions": 250_000,
    "DailyAsyncApexTests": 500,
    "DailyBulkApiBatches": 15_000,
    "DailyBulkV2QueryFileStorageMB": 976_562,
    "DailyBulkV2QueryJobs": 10_000,
    "DailyDurableGenericStreamingApiEvents": 10_000,
    "DailyDurableStreamingApiEvents": 10_000,
    "DailyFunctionsApiCallLimit": 235_000,
    "DailyGenericStreamingApiEvents": 10_000,
    "DailyStandardVolumePlatformEvents": 10_000,
    "DailyStreamingApiEvents": 10_000,
    "DailyWorkflowEmails": 1_000,
    "DataStorageMB": 1_024,
    "DurableStreamingApiConcurrentClients": 20,
    "FileStorageMB": 1_024,
    "HourlyAsyncReportRuns": 1_200,
    "HourlyDashboardRefreshes": 200,
    "HourlyDashboardResults": 5_000,
    "HourlyDashboardStatuses": 999_999_999,
    "HourlyLongTermIdMapping": 100_000,
    "HourlyManagedContentPublicRequests": 50_000,
    "HourlyODataCallout": 1_000,
    "HourlyPublishedPlatformEvents": 50_000,
    "HourlyPublishedStandardVolumePlatformEvents": 1_000,
    "HourlyShortTermIdMapping": 100_000,
    "HourlySyncReportRuns": 500,
    "HourlyTimeBasedWorkflow": 1_000,
    "MassEmail": 5_000,
    "MonthlyPlatformEventsUsageEntitlement": 0,
    "Package2VersionCreates": 6,
    "Package2VersionCreatesWithoutValidation": 500,
    "PermissionSets": 1_500,
    "PrivateConnectOutboundCalloutHourlyLimitMB": 0,
    "PublishCallbackUsageInApex": 50,
    "SingleEmail": 5_000,
    "StreamingApiConcurrentClients": 20,
}
"""The most of each limit: names of the REST guide's sample [documentation], figures of an Enterprise Edition [guess]."""


def user_password(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET, POST and DELETE sobjects/User/{id}/password: look, set, and let one be made up [documentation]."""
    id_ = normal_id(params["id"])
    if id_ is None or ctx.org.live(id_) is None:
        raise not_found()
    if id_ != ctx.access.user_id and not ctx.access.may("ManageUsers"):
        raise SalesforceError("INSUFFICIENT_ACCESS", "insufficient access rights on object id", status=403)
    match ctx.request.method:
        case "POST":
            given = next((value for key, value in ctx.body().items() if key.lower() == "newpassword"), None)
            if not isinstance(given, str) or not given:
                raise SalesforceError("INVALID_NEW_PASSWORD", "Your password cannot be null")
            ctx.org.logins.passwords[id_] = given
            return Response(status=204)
        case "DELETE":
            made = ctx.org.logins.passwords[id_] = ctx.org.logins.secret(id_)[:10]
            return json_response({"NewPassword": made})
        case _:
            return json_response({"isExpired": False})


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


def recent(ctx: Context, _params: Mapping[str, str]) -> Response:
    """GET recent?limit=..: what the user looked at last, by FOR VIEW or FOR REFERENCE [documentation]."""
    return json_response(recent_items(ctx)[: whole(ctx.request.parameter("limit"), KEPT)])


def recent_items(ctx: Context, sobject: str | None = None) -> list[dict[str, Any]]:
    """The records that the user looked at and may still see, the last first; those of one object, or all."""
    items: list[dict[str, Any]] = []
    for id_ in ctx.org.seen.latest(ctx.access.user_id):
        row, kind = ctx.org.live(id_), ctx.org.sobject_of(id_)
        if row is None or kind is None or ctx.access.hides(kind, row):
            continue
        if ctx.access.to(kind).read and sobject in {None, kind.name}:
            name = kind.name_field.name if kind.name_field else "Id"
            attributes = {"type": kind.name, "url": f"{ctx.base}/sobjects/{kind.name}/{id_}"}
            items.append({"attributes": attributes, "Id": id_, name: row.get(name)})
    return items
