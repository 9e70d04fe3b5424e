"""Facts about the organisation: versions, resources, limits, record counts, what was seen last."""

from collections.abc import Mapping

from emulator.http import Response, json_response
from emulator.salesforce.context import Context, identity_url
from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.org import Org

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
    answer = {name: f"{ctx.base}/{name}" for name in (*names, "ui-api", "graphql", "parameterizedSearch")}
    answer["identity"] = identity_url(ctx.org, ctx.request, ctx.access.user_id)
    return json_response(answer)


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
